/*
 * str.h - text from outside: a pointer and a length, owned by someone else.
 *
 * Bytes that a peer, a file or a user sent may hold NULs and need not be
 * terminated, so they travel as `struct str`.  Functions that keep a string
 * copy it into their own arena.
 */
#ifndef SIM_STR_H
#define SIM_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;		/* NULL only if there is no string at all */
	size_t n;
};

#define STR(literal) ((struct str){ "" literal "", sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
/* Arguments for a "%.*s": printf("%.*s", STRF(s)). */
#define STRF(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

/* ASCII case is ignored, as in HTTP header names. */
bool str_ieq(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Where `needle` begins in `s`, or -1. */
ptrdiff_t str_find(struct str s, struct str needle);

/* Without white space (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);

/*
 * Cut `s` at the first `sep`: returns what stands before it and moves `s`
 * past it.  Without a `sep`, returns all and leaves `s` as STR_NONE.
 */
struct str str_split(struct str *s, char sep);

/* A decimal number without sign: 0, or -1 if it is none or over `max`. */
int str_to_u64(struct str s, uint64_t max, uint64_t *value);

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong)? */
bool str_is_utf8(struct str s);

/*
 * The best guess for what a person meant by `word`: the index of the
 * nearest of `count` names (edit distance at most a third of the length and
 * one), or -1 if none is near.  For "did you mean".
 */
int str_nearest(struct str word, const char *const *names, size_t count);

#endif
