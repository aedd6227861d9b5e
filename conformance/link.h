/*
 * link.h - the rig's end of the line to a target: what the runner's seam
 * (struct run_target) does for a server that is not ours.
 *
 * Depths read and actions: credentials and extra headers, a gentle pace, 429
 * with Retry-After honoured.  Depth world: the server is started for each
 * world, or prepared, and ended with it (launch.h).  Both: what passes can be
 * recorded (recording.h).
 *
 * The one rule: whatever the target does, each of these ends, and what it did
 * is a verdict about the target and not an error of the rig.
 */
#ifndef CONFORMANCE_LINK_H
#define CONFORMANCE_LINK_H

#include "conformance/target.h"
#include "conformance/turns.h"

struct launched;
struct recording;

struct link {
	struct run_target seam;		/* for run_options.target */
	const struct target *target;
	enum check_depth depth;		/* that is judged at */
	/* What it is doing, for who watches: "waiting 12 s: the target asked for
	 * it (429)".  `waits_ns` of the machine, 0: none.  May be NULL. */
	void (*tell)(void *arg, struct str what, int64_t waits_ns);
	void *tell_arg;
	struct recording *recording;	/* written to, or NULL */
	struct turns turns;		/* of workers at beginning a world; or none */
	/* Its own. */
	int64_t next_ns;		/* the machine's time of the next request */
	int64_t held_ns;		/* nobody asks before: Retry-After */
	unsigned refusals;		/* 429 in a row */
	struct launched *launched;
	char server[128];		/* header Server of the last answer */
};

/* `t` must outlive it.  Clock, sockets and so on that such runs need are put
 * into `options`: real time, or that of `launch.scale`. */
void link_init(struct link *l, const struct target *t, enum check_depth depth,
	       struct run_options *options);

/* Before each run of a worker, if `turns` are taken: until it may begin a world. */
void link_await_turn(struct link *l);

#endif
