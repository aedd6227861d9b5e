/*
 * run.h - a scenario in the middle of its run: what the files of the runner
 * and live.c share.  For these only.
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
	enum err_code code;		/* of an ERROR */
	struct pos pos;			/* where it is written; or the step's */
	struct str message, expected, actual;
};

/* The last request as it was sent, for evidence.  Strings are in `asked`. */
struct run_asked {
	struct str method, url, body;
	struct http_headers headers;	/* the values of secret ones are masked */
	bool sent;
};

struct run {
	struct world world;
	const struct scenario *sc;
	const struct run_options *options;
	struct arena *arena;		/* as long as the result */
	struct arena scratch;		/* as long as one try of a step */
	struct arena answer;		/* until the next answer */
	struct arena asked;		/* until the next request */
	bool evidence;			/* somebody will look at it */
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
	bool nameless;			/* a name could not be filled in */
	bool watching;			/* any event wakes */
	struct eventlog_listener watcher;	/* while watching */
	uint64_t events_seen;
	struct err loop_err;

	struct http_call *call;
	struct run_response response;
	struct run_asked request;
	bool to_server;			/* it goes to the server under test */
	int64_t again_ns;		/* send it again after that; -1: that was it */

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

/* Let `ns` pass, and no more than the whole run may take. */
struct outcome run_pass_time(struct run *r, int64_t ns);

/* Outcomes, as one-liners; strings are copied into the arena. */
struct outcome run_pass(void);
struct outcome run_fail(struct run *r, struct pos pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct outcome run_error(struct run *r, const struct err *err);
/* For a run_wait() that came back for another reason than was hoped. */
struct outcome run_interrupted(struct run *r, enum run_wake wake);

/* For live.c, which walks the steps in its own time. */
void run_begin(struct run *r);
struct step_result run_listed(const struct scenario *sc, const struct scenario_step *s,
			      struct arena *a);
enum verdict run_step(struct run *r, const struct scenario_step *s,
		      struct step_result *result, struct instant previous);

/* run_setup.c: activation codes and first reports; 0 or -1. */
int run_setup(struct run *r, struct err *err);

/* run_request.c: one request and its `until`, as the answer is now. */
struct outcome run_request(struct run *r, const struct scenario_step *s);
/* Send a call and wait for the answer into r->response. */
struct outcome run_send(struct run *r, struct http_call *c);
struct outcome run_exchange(struct run *r, const struct scenario_request *q);
struct outcome run_expect(struct run *r, const struct expectations *list);
struct outcome run_save(struct run *r, const struct scenario_request *q);

/* run_follow.c: asks on with the cursor of the answer until there is none;
 * r->response is all of it as one document then, or the answer that broke off. */
struct outcome run_follow(struct run *r, const struct scenario_request *q,
			  struct str url);
/* One exchange; `url` is whole. */
struct outcome run_ask(struct run *r, const struct scenario_request *q,
		       struct str url);

/* run_evidence.c */
void run_note_request(struct run *r, const struct http_call *c);
/* What a target's own hook added is nobody's business. */
void run_note_added(struct run *r, const struct http_call *c, size_t before);
void run_evidence(struct run *r, struct step_result *out);

/* run_watch.c: events and devices, as they are now. */
struct outcome run_expect_event(struct run *r, const struct scenario_step *s);
struct outcome run_expect_device(struct run *r, const struct scenario_step *s);

/* run_action.c */
/* To one device; of the action's texts, as they are by now.  -1: `err`. */
int run_action_on_device(const struct scenario_action *a, struct device *d,
			 struct str iccid, struct str spn, struct err *err);
struct outcome run_action(struct run *r, const struct scenario_action *action);

#endif
