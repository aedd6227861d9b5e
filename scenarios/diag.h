/*
 * diag.h - what is wrong with a scenario, all of it, shown in its place.
 *
 *	suite.yaml:12:5: unknown key 'stpes'; expected name, steps, ...
 *	   12 | stpes:
 *	      | ^^^^^ did you mean 'steps'?
 *
 * Loading collects up to DIAG_MAX errors rather than stopping at the first.
 * The same error at the same place (a scenario's cases) is kept once.
 */
#ifndef SCENARIOS_DIAG_H
#define SCENARIOS_DIAG_H

#include "scenarios/value.h"

enum { DIAG_MAX = 20 };

struct diag_item {
	struct pos pos;
	unsigned width;
	struct str message;
	struct str hint;	/* behind the caret; may be empty */
};

struct diag {
	struct arena *arena;
	struct diag_item items[DIAG_MAX];
	size_t count;
	size_t dropped;		/* beyond DIAG_MAX */
};

void diag_init(struct diag *d, struct arena *arena);

/* Always -1, so that a failure is one line. */
int diag_add(struct diag *d, struct pos pos, unsigned width, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Give the last error added a hint. */
void diag_hint(struct diag *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The hint "did you mean 'x'?", if one of the names is near `word`. */
void diag_did_you_mean(struct diag *d, struct str word,
		       const char *const *names, size_t count);

/* Everything, in the order found. */
void diag_print(const struct diag *d, struct buf *out);

#endif
