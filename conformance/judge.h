/*
 * judge.h - does the checks of a plan at a server, and says what came of each.
 *
 * Each check has a run of its own: in a fresh world, or at the one server there
 * is.  The server under test is that of `options->target` (scenarios/runner.h);
 * NULL is the rig's own as it is.  A gallery of defects gives a target whose
 * `wrap` puts a lying handler in front of it, and calls judge_here() once for
 * each defect: it takes nothing but processor time, and nothing outlives it but
 * the verdicts.
 *
 * What a check comes after must have passed, or the check is NOT REACHED; if it
 * was left out by --only, it is taken for passed.
 *
 * The one rule: a verdict follows from the run and from the requirement's row,
 * and from nothing else; the order of the checks and the number of workers
 * change none.
 */
#ifndef CONFORMANCE_JUDGE_H
#define CONFORMANCE_JUDGE_H

#include "conformance/plan.h"
#include "conformance/verdicts.h"
#include "scenarios/runner.h"

struct journal;

struct judge {
	const struct plan *plan;
	const struct ledger *ledger;
	const struct run_options *options;
	bool strict, conventions;
	/* Why the target may read that requirement in its own way, if it is not
	 * a documented MUST; p NULL: it may not.  NULL: it never may. */
	struct str (*tolerates)(void *arg, struct str requirement);
	void *tolerates_arg;
	/* A recording: what it cannot show of a check holds up no other.  Who was
	 * held up then is not in it. */
	bool recorded;
	bool drop_runs;			/* verdicts are enough: check_result.run is NULL */
	bool keep_events;		/* in check_result.run, for ladder diagrams */
	/* Before and after the run of a check, in the process that does it; or
	 * NULL: for a recording. */
	void (*before)(void *arg, const struct check *c);
	void (*after)(void *arg, const struct check *c, struct run_result *run,
		      struct arena *a);
	void *around_arg;
	const char *again;		/* "esimrig conform --target x": for run_result.reproduce; or NULL */
};

/*
 * All of the plan, in this process and now.  `results` has plan->count rows;
 * strings are in `a`.  `each`, if not NULL, is told of every verdict as it
 * falls; if it returns false, what is left is NOT REACHED.
 */
void judge_here(const struct judge *j, struct arena *a,
		struct check_result *results,
		bool (*each)(void *arg, const struct check_result *r), void *arg);

/* The same in several processes. */
struct judge_pool {
	const struct judge *judge;
	size_t workers;			/* 0: in this process after all */
	int stop_fd;			/* readable: stop; or -1 */
	struct journal *journal;	/* what it knows is not done again; or NULL */
	/* In this process, for every verdict as it falls; may be NULL. */
	void (*each)(void *arg, const struct check_result *r, size_t done,
		     size_t of);
	void *arg;
	bool stopped;			/* out: not all was done */
};
/* -1: no process could be started, or the journal not be written. */
int judge_all(struct judge_pool *p, struct arena *a, struct check_result *results,
	      struct err *err);

/* One check by itself: the run, whose strings are in `a`... */
void judge_run(const struct judge *j, const struct check *c, struct arena *a,
	       struct run_result *run);
/* ...and what it says.  `r->check` and `r->main` are set already; `run` is kept. */
void judge_verdict(const struct judge *j, const struct run_result *run,
		   struct arena *a, struct check_result *r);

#endif
