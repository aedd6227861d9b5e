#include "proto/spn.h"

#include <assert.h>
#include <stdlib.h>
#include <utf8proc.h>

/* A writer over memory that is surely large enough. */
struct text {
	char *p;
	size_t n;
};

static void put(struct text *out, utf8proc_int32_t c)
{
	out->n += (size_t)utf8proc_encode_char(c,
				(utf8proc_uint8_t *)out->p + out->n);
}

/* The next code point of `s`, which it shortens; U+FFFD for a bad byte. */
static utf8proc_int32_t next_point(struct str *s)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t step;

	step = utf8proc_iterate((const utf8proc_uint8_t *)s->p,
				(utf8proc_ssize_t)s->n, &c);
	if (step <= 0) {
		step = 1;
		c = 0xFFFD;
	}
	*s = (struct str){ s->p + step, s->n - (size_t)step };
	return c;
}

static bool is_mark_of_trade(utf8proc_int32_t c)
{
	return c == 0xAE || c == 0xA9 || c == 0x2122 || c == 0x2120;
}

/* Valid UTF-8: a byte becomes three at most. */
static struct str sanitize(struct arena *a, struct str s, bool drop_marks)
{
	struct text out = { arena_alloc(a, s.n * 3 + 1), 0 };

	while (s.n) {
		utf8proc_int32_t c = next_point(&s);

		if (!drop_marks || !is_mark_of_trade(c))
			put(&out, c);
	}
	return (struct str){ out.p, out.n };
}

static struct str map(struct arena *a, struct str s, unsigned options)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n;
	struct str copy;

	n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n,
			 &mapped, (utf8proc_option_t)options);
	assert(n >= 0);		/* the text is valid, and memory does not fail */
	copy = arena_str(a, (struct str){ (char *)mapped, (size_t)n });
	free(mapped);
	return copy;
}

enum kind { KIND_KEEP, KIND_SPACE, KIND_DROP };

static enum kind kind_of(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO)
		return KIND_DROP;
	if ((category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP) ||
	    category == UTF8PROC_CATEGORY_CC)
		return KIND_SPACE;
	return KIND_KEEP;
}

/* Steps 4 and 5, in a copy. */
static struct str squeeze(struct arena *a, struct str s)
{
	struct text out = { arena_alloc(a, s.n + 1), 0 };
	bool space = false;

	while (s.n) {
		utf8proc_int32_t c = next_point(&s);
		enum kind kind = kind_of(c);

		if (kind == KIND_KEEP) {
			if (space && out.n)
				out.p[out.n++] = ' ';
			space = false;
			put(&out, c);
		} else if (kind == KIND_SPACE) {
			space = true;
		}
	}
	return (struct str){ out.p, out.n };
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static struct str lower_ascii(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	return (struct str){ p, s.n };
}

struct str spn_normalize(struct arena *a, struct str name)
{
	struct str s;

	if (is_ascii(name))
		return squeeze(a, lower_ascii(a, name));
	s = sanitize(a, name, true);
	s = map(a, s, UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
		      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
	s = squeeze(a, s);
	/* What stood between two characters is gone: they may compose now. */
	return map(a, s, UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE);
}

struct str spn_fold(struct arena *a, struct str text)
{
	if (is_ascii(text))
		return lower_ascii(a, text);
	return map(a, sanitize(a, text, false),
		   UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}
