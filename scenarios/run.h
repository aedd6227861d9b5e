/*
 * run.h - a scenario in the middle of its run: what the files of the runner
 * share.  For scenarios/run*.c only.
 */
#ifndef SCENARIOS_RUN_H
#define SCENARIOS_RUN_H

#include "scenarios/invariant.h"
#include "scenarios/match.h"
#include "scenarios/recorder.h"

/* The last answer, or why there was none.  Its strings are in `answer`. */
struct run_response {
	enum http_failure failure;
	struct str why;			/* in words, if it failed */
	int status;
	struct http_headers headers;
	struct str body;
	double took_s;
};

/* What a step came to. */
struct outcome {
	enum verdict verdict;
	struct pos pos;			/* where it is written; or the step's */
	struct str message, expected, actual;
};

struct run {
	struct world world;
	const struct scenario *sc;
	const struct run_options *options;
	struct arena *arena;		/* as long as the result */
	struct arena scratch;		/* as long as one try of a step */
	struct arena answer;		/* until the next answer */
	bool recording;			/* or else `recorder` stays empty */
	struct recorder recorder;
	struct invariants *invariants;	/* or NULL */
	const struct invariant_break *broken;	/* the first break, or NULL */
	struct map variables;		/* name -> const struct value */
	struct instant began;		/* when the steps begin */
	struct template_names names;

	/* Waiting. */
	struct timer alarm;
	bool alarmed;
	bool woken;			/* what was waited for has happened */
	bool watching;			/* any event wakes */
	uint64_t events_seen;
	struct err loop_err;

	struct http_call *call;
	struct run_response response;

	uint64_t step_position;		/* in the event log, where this step began */
	uint64_t previous_position;	/* and the one before */
};

/* Why run_wait() came back. */
enum run_wake {
	RUN_WOKEN,	/* `woken` was set */
	RUN_ALARM,	/* the time is over */
	RUN_BROKEN,	/* an invariant broke */
	RUN_IDLE,	/* nothing is left that could happen */
	RUN_STUCK,	/* time stands still: loop_err */
};

/* Let the world go on until `woken`, but for `for_ns` at most. */
enum run_wake run_wait(struct run *r, int64_t for_ns);
/* What may wake a run_wait(): set `woken` and stop the loop. */
void run_wake(struct run *r);

/* Outcomes, as one-liners; strings are copied into the arena. */
struct outcome run_pass(void);
struct outcome run_fail(struct run *r, struct pos pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct outcome run_error(struct run *r, const struct err *err);
/* For a run_wait() that came back for another reason than was hoped. */
struct outcome run_interrupted(struct run *r, enum run_wake wake);

/* run_setup.c: activation codes and first reports; 0 or -1. */
int run_setup(struct run *r, struct err *err);

/* run_request.c: one request and its `until`, as the answer is now. */
struct outcome run_request(struct run *r, const struct scenario_step *s);
/* Send a call and wait for the answer into r->response. */
struct outcome run_send(struct run *r, struct http_call *c);
struct outcome run_exchange(struct run *r, const struct scenario_request *q);
struct outcome run_expect(struct run *r, const struct expectations *list);
struct outcome run_save(struct run *r, const struct scenario_request *q);

/* run_watch.c: events and devices, as they are now. */
struct outcome run_expect_event(struct run *r, const struct scenario_step *s);
struct outcome run_expect_device(struct run *r, const struct scenario_step *s);

/* run_action.c */
struct outcome run_action(struct run *r, const struct scenario_action *action);

#endif
