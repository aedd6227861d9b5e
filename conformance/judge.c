#include "conformance/judge.h"

#include "conformance/journal.h"
#include "scenarios/pool.h"

#include <assert.h>
#include <stdlib.h>

enum { RESULT_MAX = 256 << 20 };

/* ---- From a run to a verdict. -------------------------------------------- */

/* The step that says why a run did not pass. */
static const struct step_result *culprit(const struct run_result *run)
{
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].verdict == run->verdict && run->steps[i].message.n)
			return &run->steps[i];
	return NULL;
}

static struct str why(const struct run_result *run, struct arena *a)
{
	const struct step_result *s = culprit(run);

	if (!s)
		return arena_str(a, run->message);
	return arena_printf(a, "%.*s: %.*s", STRF(s->title), STRF(s->message));
}

/* What a run that failed means for this target. */
static void judge_fail(const struct judge *j, struct arena *a, struct check_result *r)
{
	struct str comment = STR_NONE;

	if (!r->main || requirement_fails(r->main, j->strict, j->conventions))
		return;
	r->verdict = VERDICT_WARN;
	if (j->tolerates)
		comment = j->tolerates(j->tolerates_arg, r->main->id);
	if (!comment.p)
		return;
	r->verdict = VERDICT_SKIP;
	r->why = arena_printf(a, "the target reads %.*s in its own way: %.*s",
			      STRF(r->main->id), STRF(comment));
}

void judge_verdict(const struct judge *j, const struct run_result *run,
		   struct arena *a, struct check_result *r)
{
	r->verdict = run->verdict;
	r->run = run;
	r->why = STR("");
	if (run->verdict == VERDICT_PASS)
		return;
	r->why = why(run, a);
	if (run->verdict == VERDICT_FAIL)
		judge_fail(j, a, r);
}

/* In a shell's single quotes. */
static struct str again(const struct judge *j, const struct check *c, struct arena *a)
{
	struct str s = c->id, out = arena_printf(a, "%s --only '", j->again);

	while (s.p) {
		struct str part = str_split(&s, '\'');

		out = arena_printf(a, "%.*s%.*s%s", STRF(out), STRF(part),
				   s.p ? "'\\''" : "");
	}
	return arena_printf(a, "%.*s'", STRF(out));
}

void judge_run(const struct judge *j, const struct check *c, struct arena *a,
	       struct run_result *run)
{
	if (j->before)
		j->before(j->around_arg, c);
	runner_run(c->scenario, j->options, a, run);
	if (j->after)
		j->after(j->around_arg, c, run, a);
	if (!j->keep_events)
		run->events = STR_NONE;
	if (run->verdict != VERDICT_PASS && j->again)
		run->reproduce = again(j, c, a);
}

/* ---- What comes after what. ---------------------------------------------- */

static const char *fate(enum verdict v)
{
	switch (v) {
	case VERDICT_FAIL:
		return "failed";
	case VERDICT_WARN:
		return "did not hold (WARN)";
	case VERDICT_SKIP:
		return "was skipped";
	case VERDICT_NOT_REACHED:
		return "was not reached";
	case VERDICT_ERROR:
		return "ended in an error";
	case VERDICT_PASS:
	case VERDICTS:
		break;
	}
	return "passed";
}

static void begin(const struct judge *j, size_t index, struct check_result *r)
{
	const struct planned *p = &j->plan->list[index];
	const struct check *c = p->check;

	*r = (struct check_result){ .check = c, .verdict = VERDICT_NOT_REACHED };
	if (c->covers.count)
		r->main = ledger_find(j->ledger, c->covers.list[0]);
	if (p->why_not.p) {
		r->verdict = p->verdict;
		r->why = p->why_not;
	}
}

/* Is something that `c` comes after missing?  All of that is judged by now. */
static bool held_up(const struct judge *j, const struct check *c, struct arena *a,
		    const struct check_result *results, struct check_result *r)
{
	for (size_t i = 0; i < c->after.count; i++) {
		const struct check *first = c->after.list[i];
		size_t place = j->plan->place[first->index];

		if (place == SIZE_MAX || results[place].verdict == VERDICT_PASS ||
		    (j->recorded && results[place].run &&
		     results[place].verdict == VERDICT_NOT_REACHED))
			continue;
		/* What is declared to be missing is no accident. */
		r->verdict = results[place].verdict == VERDICT_SKIP ?
			     VERDICT_SKIP : VERDICT_NOT_REACHED;
		r->why = arena_printf(a, "needs %.*s, which %s", STRF(first->id),
				      fate(results[place].verdict));
		return true;
	}
	return false;
}

/* ---- Here. ---------------------------------------------------------------- */

static void keep_run(const struct run_result *run, struct arena *a,
		     struct check_result *r)
{
	struct run_result *kept = ARENA_NEW(a, struct run_result);
	struct err err;
	struct buf bytes;
	int rc;

	buf_init(&bytes, RESULT_MAX);
	result_write(&bytes, run);
	rc = result_read(buf_view(&bytes), a, kept, &err);
	assert(rc == 0 || bytes.over);
	buf_release(&bytes);
	r->run = rc == 0 ? kept : NULL;
}

static void judge_one(const struct judge *j, const struct check *c, struct arena *a,
		      struct arena *scratch, struct check_result *r)
{
	struct run_result run;

	judge_run(j, c, scratch, &run);
	judge_verdict(j, &run, a, r);
	r->run = NULL;
	if (!j->drop_runs)
		keep_run(&run, a, r);
	arena_clear(scratch);
}

void judge_here(const struct judge *j, struct arena *a,
		struct check_result *results,
		bool (*each)(void *arg, const struct check_result *r), void *arg)
{
	struct arena scratch = { 0 };
	bool goes_on = true;

	for (size_t i = 0; i < j->plan->count; i++)
		begin(j, i, &results[i]);
	for (size_t i = 0; i < j->plan->order_count; i++) {
		struct check_result *r = &results[j->plan->order[i]];

		if (!goes_on)
			r->why = STR("the judgement ended before it");
		else if (!held_up(j, r->check, a, results, r))
			judge_one(j, r->check, a, &scratch, r);
		if (goes_on && each)
			goes_on = each(arg, r);
	}
	arena_release(&scratch);
}

/* ---- In several processes. ------------------------------------------------ */

struct judging {
	struct judge_pool *p;
	struct arena *arena;
	struct check_result *results;
	bool *decided;			/* of each place in the plan */
	size_t told;
	struct err *err;		/* of the journal */
	bool journal_failed;
};

static size_t place_of(const struct judging *g, size_t job)
{
	return g->p->judge->plan->order[job];
}

static void tell(struct judging *g, const struct check_result *r)
{
	g->told++;
	if (g->p->each)
		g->p->each(g->p->arg, r, g->told, g->p->judge->plan->order_count);
}

static void work(void *arg, size_t job, struct buf *out)
{
	struct judging *g = arg;
	const struct judge *j = g->p->judge;
	struct arena a = { 0 };
	struct run_result run;

	judge_run(j, j->plan->list[place_of(g, job)].check, &a, &run);
	result_write(out, &run);
	arena_release(&a);
}

/* -1: the bytes are no result. */
static int take_run(struct judging *g, struct check_result *r, struct str bytes)
{
	struct run_result *run = ARENA_NEW(g->arena, struct run_result);
	struct err err = { 0 };

	if (result_read(bytes, g->arena, run, &err) < 0) {
		r->verdict = VERDICT_ERROR;
		r->why = arena_printf(g->arena, "the result did not come through: %s",
				      err.msg);
		return -1;
	}
	judge_verdict(g->p->judge, run, g->arena, r);
	if (g->p->judge->drop_runs)
		r->run = NULL;
	return 0;
}

static void note(struct judging *g, const struct check_result *r, struct str bytes)
{
	if (!g->p->journal || r->verdict == VERDICT_ERROR || g->journal_failed)
		return;
	if (journal_add(g->p->journal, r->check->id, bytes, g->err) < 0)
		g->journal_failed = true;
}

static bool done(void *arg, size_t job, enum pool_outcome outcome, struct str bytes)
{
	struct judging *g = arg;
	struct check_result *r = &g->results[place_of(g, job)];

	g->decided[place_of(g, job)] = true;
	switch (outcome) {
	case POOL_DONE:
		if (take_run(g, r, bytes) == 0)
			note(g, r, bytes);
		break;
	case POOL_CRASHED:
		r->verdict = VERDICT_ERROR;
		r->why = arena_printf(g->arena, "the rig crashed with %.*s in this check",
				      STRF(bytes));
		break;
	case POOL_NOT_RUN:
		r->verdict = VERDICT_NOT_REACHED;
		r->why = STR("interrupted");
		g->p->stopped = true;
		return true;
	}
	tell(g, r);
	return !g->journal_failed;
}

static bool is_known(struct judging *g, struct check_result *r)
{
	struct str bytes = g->p->journal ?
			   journal_find(g->p->journal, r->check->id) : STR_NONE;

	if (!bytes.p || take_run(g, r, bytes) < 0)
		return false;
	r->resumed = true;
	return true;
}

/* Is all decided that it comes after? */
static bool is_due(const struct judging *g, const struct check *c)
{
	const struct plan *plan = g->p->judge->plan;

	for (size_t i = 0; i < c->after.count; i++) {
		size_t place = plan->place[c->after.list[i]->index];

		if (place != SIZE_MAX && !g->decided[place])
			return false;
	}
	return true;
}

static enum pool_turn turn(void *arg, size_t job)
{
	struct judging *g = arg;
	struct check_result *r = &g->results[place_of(g, job)];

	if (!is_due(g, r->check))
		return POOL_LATER;
	if (!held_up(g->p->judge, r->check, g->arena, g->results, r) &&
	    !is_known(g, r))
		return POOL_NOW;
	g->decided[place_of(g, job)] = true;
	tell(g, r);
	return POOL_NEVER;
}

int judge_all(struct judge_pool *p, struct arena *a, struct check_result *results,
	      struct err *err)
{
	const struct plan *plan = p->judge->plan;
	struct judging g = { .p = p, .arena = a, .results = results, .err = err };
	struct pool pool = {
		.work = work, .done = done, .turn = turn, .arg = &g,
		.jobs = plan->order_count, .workers = p->workers,
		.stop_fd = p->stop_fd, .bytes_max = RESULT_MAX,
	};
	int rc;

	p->stopped = false;
	g.decided = calloc(plan->count + 1, sizeof(*g.decided));
	assert(g.decided);
	for (size_t i = 0; i < plan->count; i++) {
		begin(p->judge, i, &results[i]);
		g.decided[i] = plan->list[i].why_not.p != NULL;
	}
	rc = pool_run(&pool, err);
	free(g.decided);
	return g.journal_failed ? -1 : rc;
}
