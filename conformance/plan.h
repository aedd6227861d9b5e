/*
 * plan.h - which checks are done at a target, and in which order.
 *
 * A check is left out of the plan only by --only.  Any other that is not done
 * stands in it with the reason: it needs a greater depth or a capability that
 * the target has not, or lets more time pass than anybody wants to wait
 * (SKIP), or it needs something that the target's file does not name (NOT
 * REACHED).
 */
#ifndef CONFORMANCE_PLAN_H
#define CONFORMANCE_PLAN_H

#include "conformance/check.h"
#include "scenarios/result.h"

struct plan_config {
	const struct suite *suite;
	enum check_depth depth;
	const char *const *only;	/* patterns: check_id_fits(); none: all */
	size_t only_count;
	/* Why the target has not that capability; p NULL: it has.  NULL: it has
	 * all of them. */
	struct str (*lacks)(void *arg, struct str capability);
	void *arg;
	/* How fast time goes, by the machine's; 0: it jumps, and waits are free. */
	double rate;
	int64_t wait_max_ns;		/* of the machine's time, if it has a rate */
};

struct planned {
	const struct check *check;
	struct str why_not;		/* p NULL: it is done */
	enum verdict verdict;		/* if it is not: SKIP or NOT REACHED */
};

struct plan {
	const struct suite *suite;
	enum check_depth depth;
	struct planned *list;		/* in the suite's order */
	size_t count;
	size_t *order;			/* of `list`, those that are done: by level */
	size_t order_count;
	size_t *place;			/* of each check of the suite in `list`; SIZE_MAX: left out */
};

/* -1: no check fits `only`. */
int plan_make(struct plan *p, const struct plan_config *config, struct arena *a,
	      struct err *err);

/* Does a check that would be done need that capability? */
bool plan_needs(const struct plan_config *config, struct str capability);

#endif
