#include "proto/redact.h"

/* Characters that an address, or a code behind it, may have. */
static bool of_code(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':';
}

/* Does "1$address$" begin at `i`?  Where what follows it begins, or 0. */
static size_t code_head(const struct buf *b, size_t i)
{
	size_t at = i + 2;

	if (i > 0 && b->p[i - 1] != ':' && of_code(b->p[i - 1]))
		return 0;
	while (at < b->n && of_code(b->p[at]))
		at++;
	return at > i + 2 && at < b->n && b->p[at] == '$' ? at + 1 : 0;
}

void redact_secrets(struct buf *line)
{
	size_t out = 0, i = 0;

	/* Nearly all text has no '$' at all. */
	if (line->n == 0 || !memchr(line->p, '$', line->n))
		return;
	while (i < line->n) {
		bool starts = line->p[i] == '1' && i + 1 < line->n &&
			      line->p[i + 1] == '$';
		size_t secret = starts ? code_head(line, i) : 0, end = secret;

		if (!secret) {
			line->p[out++] = line->p[i++];
			continue;
		}
		/* What is no space, quote or bracket belongs to the code. */
		while (end < line->n && line->p[end] > ' ' &&
		       !strchr("\"'<>,;\\", line->p[end]))
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
