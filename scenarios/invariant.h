/*
 * invariant.h - what must be true at every event, whatever a scenario does.
 *
 * An invariant watches the event log and the devices; it never asks a party
 * for its opinion.  The first one that breaks is kept, with the reason; the
 * runner looks after every callback and ends the run.
 */
#ifndef SCENARIOS_INVARIANT_H
#define SCENARIOS_INVARIANT_H

#include "scenarios/world.h"

struct invariants;

struct invariant_break {
	const struct scenario_invariant *invariant;	/* NULL: all hold */
	struct instant at;
	struct str message;
};

/* NULL if the scenario has none.  Listens to the world's log until freed. */
struct invariants *invariants_new(struct world *w);
void invariants_free(struct invariants *inv);

/* Look at what the last callback changed, and return the first break. */
const struct invariant_break *invariants_check(struct invariants *inv);

#endif
