/*
 * runner.h - runs one scenario: builds its world, walks its steps as a
 * client, watches its invariants, and says what came of it.
 *
 * The runner is straight-line code: a step that has to wait runs the loop
 * until what it waits for has happened.  Nothing else runs the loop.
 */
#ifndef SCENARIOS_RUNNER_H
#define SCENARIOS_RUNNER_H

#include "scenarios/result.h"
#include "scenarios/scenario.h"
#include "sim/http.h"

struct world;
struct store;

/* For a world that others look at while it lives (live.h). */
struct run_front {
	/* In front of everything that listens, all quirks included: `next`, or a
	 * handler that wraps it, to be freed when the world is gone. */
	struct http_handler *(*wrap)(void *arg, const char *party,
				     struct http_handler *next);
	/* Where a host is to listen, or NULL: anywhere.  Sockets only. */
	const char *(*address)(void *arg, const char *host);
	/* The server's database, or NULL: an empty one. */
	struct store *(*open_store)(void *arg, struct err *err);
	int64_t begin_ns;	/* the instant at which its life begins */
	uint64_t salt;		/* so that ids are others than in a life before */
	void *arg;
};

struct run_options {
	enum clock_kind clock;
	double rate;		/* of a scaled clock */
	bool sockets;		/* over loopback; not in virtual time */
	bool has_rsp;
	enum scenario_rsp rsp;	/* where the scenario does not say */
	bool has_seed;
	uint64_t seed;		/* instead of the scenario's */
	bool trace;		/* events to stderr as they happen */
	/* Told of every exchange of server, EIS and gateway (traffic.h), or NULL. */
	void (*traffic)(void *arg, struct str line);
	void *traffic_arg;
	bool no_events;		/* nobody reads run_result.events of a run that passes */
	bool no_second;		/* nor of one that fails: it is not run again for them */
	bool evidence;		/* of every request; a check has it of those that did not pass */
	const struct run_front *front;	/* or NULL */
	/* Devices, while they are made: every thousand, and the last.  Or NULL. */
	void (*made)(void *arg, size_t done, size_t all);
	void *made_arg;
	/* What is judged in place of the rig's own server as it is, or NULL. */
	const struct run_target *target;
};

/*
 * A server under test, as the runner sees it.  All functions may be NULL.
 *
 * In such a run, activation codes that the world calls registered reach the
 * server as configuration: `enter` tells a foreign one, and the rig's own is
 * told without a request.
 */
struct run_target {
	/* The server is not the rig's own: the world has none, and calls to
	 * http://server.rig go where `enter` routed them (socknet_route()). */
	bool foreign;
	/* Nothing is simulated at all (depths read and actions): a world is but
	 * names.  One whose id nobody gave is not there. */
	bool no_parties;
	/* A fresh world is there, and nothing has happened in it.  Bring the
	 * server into it, and say how people reach it (for evidence; may stay
	 * empty).  -1 with `err` is a verdict about the target: NOT REACHED. */
	int (*enter)(void *arg, struct world *w, struct str *url, struct err *err);
	/* The world is about to end; called if `enter` was, whatever it said. */
	void (*leave)(void *arg, struct world *w);
	/*
	 * In front of the rig's own parties "server", "eis" and "gateway", behind
	 * all quirks and delays: `next`, or a handler that wraps it.  `unwrap`
	 * frees it; nothing listens there any more.  A server that is restarted is
	 * wrapped anew.
	 */
	struct http_handler *(*wrap)(void *arg, struct world *w, const char *party,
				     struct http_handler *next);
	void (*unwrap)(void *arg, struct world *w, const char *party,
		       struct http_handler *h);
	/*
	 * A client's request is about to leave for the server, as `user` (a key of
	 * the world; p NULL: nobody).  May add headers, change the time limit.
	 * Returns how long to hold it back, in simulated ns.  With no_parties the
	 * rig itself sends no credentials.
	 */
	int64_t (*request)(void *arg, struct http_call *c, struct str user);
	/* Its answer, or why there is none, is in `c`.  -1: take it; else send the
	 * request again after so long (429 and Retry-After). */
	int64_t (*answer)(void *arg, const struct http_call *c);
	void *arg;
};

enum { RUN_REPEATS_MAX = 20 };	/* of one request, because of `answer` */

/*
 * Always fills `out`, whose strings are in `a`: trouble of the rig itself is
 * the verdict ERROR.  The event log in `out` is the same for the same
 * scenario and seed in virtual time.
 */
void runner_run(const struct scenario *sc, const struct run_options *options,
		struct arena *a, struct run_result *out);

#endif
