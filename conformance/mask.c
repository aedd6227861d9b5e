#include "conformance/mask.h"

#include "proto/redact.h"

#include <ctype.h>

enum mask_kind {
	MASK_HEADER,	/* to the end of the line, or of the quotes around it */
	MASK_VALUE,	/* one value: quoted, or up to a separator */
	MASK_KEY,	/* the same, but not in prose: "unexpected token: ')'" */
};

/* Names are compared without case; '-' and '_' are the same. */
static const struct {
	const char *name;
	enum mask_kind kind;
} rows[] = {
	{ "authorization", MASK_HEADER },
	{ "proxy-authorization", MASK_HEADER },
	{ "cookie", MASK_HEADER },
	{ "set-cookie", MASK_HEADER },
	{ "x-api-key-secret", MASK_HEADER },
	{ "x-report-token", MASK_HEADER },
	{ "activation-code", MASK_VALUE },
	{ "activationcode", MASK_VALUE },
	{ "confirmation-code", MASK_VALUE },
	{ "confirmationcode", MASK_VALUE },
	{ "matching-id", MASK_VALUE },
	{ "matchingid", MASK_VALUE },
	{ "password", MASK_VALUE },
	{ "passwd", MASK_VALUE },
	{ "secret", MASK_VALUE },
	{ "client-secret", MASK_VALUE },
	{ "api-key-secret", MASK_VALUE },
	{ "token", MASK_KEY },
	{ "access-token", MASK_VALUE },
	{ "report-token", MASK_VALUE },
	{ "refresh-token", MASK_VALUE },
	{ "gateway-token", MASK_VALUE },
	{ "eis-token", MASK_VALUE },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Is the word `s` called `name`? */
static bool is_called(struct str s, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < s.n && i < n; i++) {
		char c = (char)tolower((unsigned char)s.p[i]);

		if ((c == '_' ? '-' : c) != name[i])
			return false;
	}
	return s.n == n;
}

static struct str from(struct str s, size_t at)
{
	return (struct str){ s.p + at, s.n - at };
}

/*
 * Behind a name: the quote that closes it, a ':' or '=', space.  Returns
 * where the value begins, or 0 if this is no name of a value.
 */
static size_t value_at(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == '\\' || s.p[i] == '"' || s.p[i] == '\''))
		i++;
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	if (i == s.n || (s.p[i] != ':' && s.p[i] != '='))
		return 0;
	i++;
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	return i;
}

/* "Basic " of "Basic cmlnOnJpZw==": it may stay. */
static size_t scheme(struct str s)
{
	static const char *const words[] = { "Basic ", "Bearer ", "Digest " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (s.n > strlen(words[i]) &&
		    str_ieq((struct str){ s.p, strlen(words[i]) }, str_of(words[i])))
			return strlen(words[i]);
	return 0;
}

/* `quote`: the one that stands before the header's name, or '\0'. */
static size_t header_end(struct str s, char quote)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != '\n' && s.p[i] != '\r' &&
	       !(quote && s.p[i] == quote) && !(s.p[i] == '\\' && i + 1 < s.n &&
						s.p[i + 1] == 'n'))
		i++;
	return i;
}

static bool is_nothing(struct str s)
{
	static const char *const words[] = { "null", "true", "false", "absent",
					     "present", "***" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(s, words[i]))
			return true;
	return s.n == 0;
}

/* Where the value begins and ends, without its quotes. */
static void value_span(struct str s, size_t *begin, size_t *end)
{
	size_t slashes = 0, i;
	char quote;

	while (slashes < s.n && s.p[slashes] == '\\')
		slashes++;
	quote = slashes < s.n ? s.p[slashes] : '\0';
	if (quote != '"' && quote != '\'') {
		for (i = 0; i < s.n && !strchr(" \t\r\n,;&}])<>\"'", s.p[i]);)
			i++;
		*begin = 0;
		*end = i;
		return;
	}
	/* It ends at a quote with as many backslashes before it. */
	*begin = i = slashes + 1;
	for (size_t run = 0; i < s.n && s.p[i] != '\n'; i++) {
		if (s.p[i] == quote && run <= slashes) {
			*end = i - run;
			return;
		}
		run = s.p[i] == '\\' ? run + 1 : 0;
	}
	*end = i;
}

static bool is_prose(struct str s, size_t at)
{
	return at >= 2 && s.p[at - 1] == ' ' && isalnum((unsigned char)s.p[at - 2]);
}

/*
 * The word from `at` to `word_end`: if a secret belongs to it, where that
 * begins; how long it is in `*n`.
 */
static size_t secret_of(struct str s, size_t at, size_t word_end, size_t *n)
{
	struct str word = { s.p + at, word_end - at }, rest;
	size_t value = 0, begin = 0, end = 0, i = 0;
	char before = at ? s.p[at - 1] : '\0';

	while (i < ROWS && !is_called(word, rows[i].name))
		i++;
	if (i < ROWS && (rows[i].kind != MASK_KEY || !is_prose(s, at)))
		value = value_at(s, word_end);
	if (!value)
		return 0;
	rest = from(s, value);
	if (rows[i].kind == MASK_HEADER && rest.n && rest.p[0] != '"' &&
	    rest.p[0] != '\\') {
		begin = scheme(rest);
		end = header_end(rest, before == '"' || before == '\'' ? before : '\0');
	} else {
		value_span(rest, &begin, &end);
	}
	if (is_nothing((struct str){ rest.p + begin, end - begin }))
		return 0;
	*n = end - begin;
	return value + begin;
}

static bool is_number(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)p[i]))
			return false;
	return true;
}

/* A password: behind the ':' of `-u name:...`, or of a URL's `//name:...@`. */
static size_t password_at(struct str s, size_t at, size_t *n)
{
	struct str rest = from(s, at);
	bool url = str_starts(rest, STR("//"));
	size_t i = url ? 2 : str_starts(rest, STR("-u ")) ? 3 :
		   str_starts(rest, STR("--user ")) ? 7 : 0;
	size_t colon;
	char quote = '\0';

	if (!i)
		return 0;
	if (!url && i < rest.n && (rest.p[i] == '\'' || rest.p[i] == '"'))
		quote = rest.p[i++];
	while (i < rest.n && rest.p[i] != ':' && !strchr("/@ \t\r\n\"'", rest.p[i]))
		i++;
	if (i == rest.n || rest.p[i] != ':')
		return 0;
	colon = i++;
	while (i < rest.n && (quote ? rest.p[i] != quote :
				      !strchr("/@ \t\r\n\"'", rest.p[i])))
		i++;
	*n = i - colon - 1;
	/* Without '@' it is a port, unless the text was cut before it. */
	if (url && (i < rest.n ? rest.p[i] != '@' :
				 is_number(rest.p + colon + 1, *n)))
		return 0;
	return *n ? at + colon + 1 : 0;
}

/* Is there anything to look for? */
static bool is_harmless(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(":=$%", s.p[i]))
			return false;
	return true;
}

static void put_masked(struct buf *out, struct str s)
{
	size_t i = 0, kept = 0;

	while (i < s.n) {
		size_t end = i, n = 0, secret;

		while (end < s.n && is_word(s.p[end]))
			end++;
		secret = end > i ? secret_of(s, i, end, &n) : 0;
		if (!secret && (s.p[i] == '/' || s.p[i] == '-'))
			secret = password_at(s, i, &n);
		if (secret) {
			buf_add(out, s.p + kept, secret - kept);
			buf_z(out, "***");
			i = kept = secret + n;
		} else {
			i = end > i ? end : i + 1;
		}
	}
	buf_add(out, s.p + kept, s.n - kept);
}

struct str mask_secrets(struct str text, struct arena *a)
{
	struct buf out;
	struct str masked;

	if (is_harmless(text))
		return text;
	/* Each "***" stands for at least one byte. */
	buf_init(&out, 3 * text.n + 16);
	put_masked(&out, text);
	redact_secrets(&out);
	masked = str_eq(buf_view(&out), text) ? text : arena_str(a, buf_view(&out));
	buf_release(&out);
	return masked;
}
