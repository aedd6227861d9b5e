/*
 * gallery.h - the proof that the checks can fail: all of them, at every
 * broken server of conformance/defects.
 *
 * The clean reference comes first: what it does not pass kills nothing.  Then
 * each defect has its turn, in a process of its own.  A check in whose clean
 * run a defect had nothing to change goes as it went; all others are done again.
 *
 * The one rule: a defect is killed only by a check that covers a requirement
 * that the defect breaks, and every other FAIL needs a reason in its row.
 */
#ifndef CONFORMANCE_GALLERY_H
#define CONFORMANCE_GALLERY_H

#include "conformance/defects/defect.h"
#include "conformance/ledger.h"
#include "conformance/plan.h"
#include "conformance/verdicts.h"

enum gallery_effect {
	GALLERY_NONE,		/* as without the defect */
	GALLERY_KILLS,		/* FAIL, or WARN if the requirement carries no more */
	GALLERY_EXPLAINED,	/* FAIL for a reason that the row states */
	GALLERY_STRAY,		/* FAIL without one; or ERROR */
	GALLERY_WARNS,		/* WARN, and no kill */
	GALLERY_CUT,		/* NOT REACHED */
};

/* What a check came to at a defect. */
struct gallery_cell {
	enum verdict verdict;
	enum gallery_effect effect;
	struct str why;
};

struct gallery_row {
	const struct defect *defect;
	size_t index;			/* defect_at() */
	const char *section;
	struct gallery_cell *cells;	/* in the plan's order; NULL: not done */
	size_t counts[GALLERY_CUT + 1];	/* of each effect */
	size_t done_again;		/* checks that had to be */
	struct str trouble;		/* the rig's own, or p NULL */
};

struct gallery {
	const struct suite *suite;
	const struct ledger *ledger;
	struct plan plan;
	struct check_result *clean;	/* in the plan's order */
	size_t unclean;			/* of them, not PASS */
	struct gallery_row *rows;
	size_t count;
	size_t killed, strays;		/* rows: killed; cells: FAIL without a reason */
	size_t *kills;			/* of each check: how many defects */
	size_t *fails;			/* ... and at how many it is FAIL or WARN */
	bool stopped;
};

struct gallery_config {
	const struct suite *suite;
	const struct ledger *ledger;
	const char *const *only;	/* names of defects, with * and ?; none: all */
	size_t only_count;
	size_t workers;
	int stop_fd;			/* or -1 */
	/* After each defect; may be NULL. */
	void (*each)(void *arg, const struct gallery_row *row, size_t done, size_t of);
	void *arg;
};

/* -1: no defect fits `only`, or no process could be started. */
int gallery_run(struct gallery *g, const struct gallery_config *config,
		struct arena *a, struct err *err);

/* Killed, of a hundred; 100 only if all are. */
unsigned gallery_score(const struct gallery *g);
/* All killed, nothing stray, and the reference passes everything. */
bool gallery_holds(const struct gallery *g);

/* Does the check cover something that the defect breaks? */
bool gallery_covers(const struct defect *d, const struct check *c);
/* Every id in `breaks`, or glob in `also`, that nothing has; 0 or -1. */
int gallery_lint(const struct suite *s, const struct ledger *l, struct buf *out);

/* A line for each defect, then what is wrong, then the score. */
void gallery_print(const struct gallery *g, bool verbose, struct buf *out);
/* Versioned: see docs/conformance.md. */
void gallery_json(const struct gallery *g, struct buf *out);

#endif
