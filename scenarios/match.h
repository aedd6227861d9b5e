/*
 * match.h - is what came what was expected?
 *
 * An expected value is a literal or a matcher.  A scalar equals itself (1 is
 * 1.0, but not "1"); a list has the same length and matches item by item; a
 * map is a subset: the members it names must be there and match.  A map whose
 * keys all are names of matchers ({gt: 3}, {ge: 1, le: 5}) is one: all of
 * them must hold.  matchers[] is the list of them.
 */
#ifndef SCENARIOS_MATCH_H
#define SCENARIOS_MATCH_H

#include "scenarios/diag.h"
#include "scenarios/value.h"

/* What a matcher takes as its argument. */
enum matcher_arg {
	MATCHER_ARG_ORDERED,	/* number or string */
	MATCHER_ARG_ANY,	/* an expected value */
	MATCHER_ARG_LITERAL,	/* a value, taken as it stands */
	MATCHER_ARG_STR,
	MATCHER_ARG_REGEX,
	MATCHER_ARG_LENGTH,	/* a count, or an expected value for it */
	MATCHER_ARG_LIST,	/* of expected values */
	MATCHER_ARG_TRUE,
	MATCHER_ARG_KIND,	/* string, number, ... */
	MATCHER_ARG_TIME,	/* ISO 8601 */
	MATCHER_ARG_FIELDS,	/* a member's name, a list of them, or true */
	MATCHER_ARG_ORDER,	/* "asc field", "desc field", "field" */
	MATCHER_ARG_SELECTION,	/* {those: an expected value, as: a page or list} */
};

struct mismatch {
	struct str path;	/* JSON pointer of the place that differs */
	struct str expected;	/* "3", "{gt: 3}": as it would be written */
	struct str actual;	/* as JSON; "nothing" if there is none */
	struct str reason;	/* empty, or why: "not a number" */
};

struct matcher {
	const char *name;
	enum matcher_arg arg;
	/* 0 and nothing, or -1 and `out`; `actual` is NULL if there is none. */
	int (*match)(const struct value *arg, const cJSON *actual,
		     struct arena *a, struct mismatch *out);
	const char *help;
};

extern const struct matcher matchers[];
extern const size_t matcher_count;

/*
 * Does `actual` (NULL: there is none) match?  0, or -1 with `out`, whose
 * strings are in `a`.  Templates must have been expanded.
 */
int match_value(const struct value *expected, const cJSON *actual,
		struct arena *a, struct mismatch *out);

/*
 * The same for the place(s) in `document` that `pointer` names (RFC 6901).
 * A segment "*" stands for every item: all must match, and there must be one.
 */
int match_pointer(struct str pointer, const struct value *expected,
		  const cJSON *document, struct arena *a, struct mismatch *out);

/* What `pointer` names, or NULL.  No wildcards. */
const cJSON *match_find(const cJSON *document, struct str pointer);

/* Errors that can be seen before running: argument kinds, regex syntax. */
int match_check(const struct value *expected, struct diag *d);

/* An expected value as it would be written: "active", "{gt: 3}". */
void match_print(struct buf *out, const struct value *expected);

#endif
