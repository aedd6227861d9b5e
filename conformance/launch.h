/*
 * launch.h - a server under test as a process: started for a world, told of
 * it by world.json, watched, and ended with it.
 *
 * What it writes to stdout and stderr is in the event log of the run (party
 * "target", event "said"), and so is its end, if it comes too early
 * ("ended").  A line on stdout that is a URL says where it answers; else that
 * is the address it was told.
 *
 * The one rule: it has a process group of its own, and nothing of that group
 * outlives the world.
 */
#ifndef CONFORMANCE_LAUNCH_H
#define CONFORMANCE_LAUNCH_H

#include "conformance/target.h"
#include "scenarios/world.h"

struct launched;

/*
 * Bring the server into the world; `url` is where it answers, in the world's
 * arena.  Runs the world's loop until it accepts a connection.  -1: it could
 * not be started, ended, or was not ready in time; `err` says which, and ends
 * with its last words.  launch_end() is needed in either case.
 */
int launch_start(const struct target *t, struct world *w, struct launched **out,
		 struct str *url, struct err *err);
void launch_end(struct launched *l);

#endif
