#include "proto/redact.h"

/* Characters that an address, or a code behind it, may have; '%' because it
 * may stand percent-encoded in a URL. */
static bool of_code(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':' || c == '%';
}

/* How long the '$' is that stands at `i`, percent-encoded or not; or 0. */
static size_t dollar_at(const struct buf *b, size_t i)
{
	if (i < b->n && b->p[i] == '$')
		return 1;
	return i + 3 <= b->n && memcmp(b->p + i, "%24", 3) == 0 ? 3 : 0;
}

/* May a code begin at `i`?  Not in the middle of a word; but ':' and what is
 * percent-encoded are no part of one. */
static bool begins_at(const struct buf *b, size_t i)
{
	if (i == 0 || b->p[i - 1] == ':' || !of_code(b->p[i - 1]))
		return true;
	return i >= 3 && b->p[i - 3] == '%';
}

/* Does "1$address$" begin at `i`?  Where what follows it begins, or 0. */
static size_t code_head(const struct buf *b, size_t i)
{
	size_t at, address;

	if (b->p[i] != '1' || !dollar_at(b, i + 1) || !begins_at(b, i))
		return 0;
	address = at = i + 1 + dollar_at(b, i + 1);
	while (at < b->n && !dollar_at(b, at) && of_code(b->p[at]))
		at++;
	return at > address && dollar_at(b, at) ? at + dollar_at(b, at) : 0;
}

/* What is no space, quote or bracket belongs to the code. */
static bool of_secret(char c)
{
	return c > ' ' && !strchr("\"'<>,;&\\", c);
}

bool redact_finds(struct str text)
{
	/* Only looked at. */
	const struct buf b = { .p = (char *)(uintptr_t)text.p, .n = text.n };

	for (size_t i = 0; i < b.n; i++) {
		size_t secret = code_head(&b, i);

		if (secret && secret < b.n && of_secret(b.p[secret]))
			return true;
	}
	return false;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word_at(const struct buf *b, size_t i, struct str word)
{
	return b->n - i >= word.n && memcmp(b->p + i, word.p, word.n) == 0 &&
	       (i == 0 || !is_alnum(b->p[i - 1])) &&
	       (i + word.n == b->n || !is_alnum(b->p[i + word.n]));
}

void redact_word(struct buf *line, struct str word)
{
	size_t out = 0, i = 0;

	if (!word.n || !line->n)
		return;
	while (i < line->n) {
		if (!is_word_at(line, i, word)) {
			line->p[out++] = line->p[i++];
			continue;
		}
		for (size_t k = 0; k < word.n && k < 3; k++)
			line->p[out++] = '*';
		i += word.n;
	}
	line->n = out;
	line->p[out] = '\0';
}

void redact_secrets(struct buf *line)
{
	size_t out = 0, i = 0;

	/* Nearly all text has no '$' at all. */
	if (line->n == 0 || (!memchr(line->p, '$', line->n) &&
			     !memmem(line->p, line->n, "%24", 3)))
		return;
	while (i < line->n) {
		size_t secret = code_head(line, i), end = secret;

		if (!secret) {
			line->p[out++] = line->p[i++];
			continue;
		}
		while (end < line->n && of_secret(line->p[end]))
			end++;
		memmove(line->p + out, line->p + i, secret - i);
		out += secret - i;
		for (size_t k = 0; k < end - secret && k < 3; k++)
			line->p[out++] = '*';
		i = end;
	}
	line->n = out;
	line->p[out] = '\0';
}
