/*
 * query.h - the query language of `query=`, compiled to parameterised SQL.
 *
 *	query      = and { "or" and }
 *	and        = not { "and" not }
 *	not        = "not" not | "(" query ")" | comparison
 *	comparison = field operator value
 *	operator   = "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" |
 *	             "startsWith" | "endsWith" | "contains"
 *	value      = 'text, a quote doubled' | number | -<number><unit>
 *	unit       = "m" | "h" | "d" | "w"
 *
 * Keywords, field names and text compare without regard to case.  Text,
 * enumerations and absolute times are quoted; a number and a time before now
 * are not.  A field that is not set compares like empty text, -1, or 1970.
 * Nothing of the input becomes SQL: values are bound, the rest is from
 * resource.c.
 */
#ifndef SERVER_QUERY_H
#define SERVER_QUERY_H

#include "server/resource.h"

enum { QUERY_LENGTH_MAX = 4096, QUERY_DEPTH_MAX = 32, QUERY_TERMS_MAX = 100 };

struct query_value {
	bool is_text;
	struct str text;
	int64_t number;
};

struct query {
	struct str sql;			/* an expression with a ? per value */
	struct query_value *values;
	size_t count;
};

/*
 * Everything is in `a`.  Relative times count from `now_ms`.  -1 names the
 * position (from 1, in bytes), what stands there and what was expected.
 */
int query_compile(const struct resource *r, struct str text, int64_t now_ms,
		  struct arena *a, struct query *out, struct err *err);

/* Bind the values, in order. */
void query_bind(const struct query *query, struct stmt *q);

#endif
