/*
 * match_impl.h - what the files of matchers share.  For scenarios/match*.c
 * only.
 *
 * A matcher returns 0 and leaves `out` alone, or -1 and fills all of it.
 */
#ifndef SCENARIOS_MATCH_IMPL_H
#define SCENARIOS_MATCH_IMPL_H

#include "scenarios/match.h"

/* -1, `expected` being the argument of the matcher `name`. */
int match_fail(const char *name, const struct value *arg, const cJSON *actual,
	       struct arena *a, struct mismatch *out, const char *reason);
/* -1, `expected` being that. */
int match_differ(const struct value *expected, const cJSON *actual,
		 struct arena *a, struct mismatch *out, const char *reason);
/* NULL: there is none. */
const struct matcher *match_named(struct str name);
/* A map whose keys all name matchers is one.  An empty map is not. */
bool match_is_matcher(const struct value *v);
/* Put "/segment" before the place that differs. */
void match_prepend(struct mismatch *out, struct arena *a, struct str segment);
/* The string of a JSON string; STR_NONE for anything else. */
struct str match_text(const cJSON *json);
/* The same value all the way down, no matchers, no subsets. */
bool match_deep_equal(const struct value *v, const cJSON *actual);

/* match_list.c: of lists. */
int match_unordered(const struct value *arg, const cJSON *actual, struct arena *a,
		    struct mismatch *out);
int match_unique(const struct value *arg, const cJSON *actual, struct arena *a,
		 struct mismatch *out);
int match_sorted(const struct value *arg, const cJSON *actual, struct arena *a,
		 struct mismatch *out);
int match_selects(const struct value *arg, const cJSON *actual, struct arena *a,
		  struct mismatch *out);
/* Is it "asc field", "desc field" or "field"?  `*field` may be empty. */
bool match_order(struct str text, struct str *field, bool *down);

/* match_text.c: of texts, and of what is written in them. */
int match_ignoring_case(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out);
int match_as_text(const struct value *arg, const cJSON *actual, struct arena *a,
		  struct mismatch *out);
int match_csv(const struct value *arg, const cJSON *actual, struct arena *a,
	      struct mismatch *out);

#endif
