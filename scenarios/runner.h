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

struct run_options {
	enum clock_kind clock;
	double rate;		/* of a scaled clock */
	bool sockets;		/* over loopback; not in virtual time */
	bool has_seed;
	uint64_t seed;		/* instead of the scenario's */
	bool trace;		/* events to stderr as they happen */
	/* Told of every exchange of server, EIS and gateway (traffic.h), or NULL. */
	void (*traffic)(void *arg, struct str line);
	void *traffic_arg;
	bool no_events;		/* nobody reads run_result.events of a run that passes */
};

/*
 * Always fills `out`, whose strings are in `a`: trouble of the rig itself is
 * the verdict ERROR.  The event log in `out` is the same for the same
 * scenario and seed in virtual time.
 */
void runner_run(const struct scenario *sc, const struct run_options *options,
		struct arena *a, struct run_result *out);

#endif
