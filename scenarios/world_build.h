/*
 * world_build.h - the parts of world.h's implementation that other files of
 * it need.  For scenarios/world*.c only.
 */
#ifndef SCENARIOS_WORLD_BUILD_H
#define SCENARIOS_WORLD_BUILD_H

#include "scenarios/world.h"

/* What a key of the world's map of objects stands for. */
struct world_object {
	enum scenario_object kind;
	void *thing;		/* struct world_carrier, world_device, ... */
};

/* Accounts, users, carriers with their offers, devices: made from the
 * scenario and put into the parties. */
int world_build(struct world *w, struct err *err);

/* Make one up, of that many hex digits. */
struct str world_make_secret(struct world *w, size_t digits);

/* A device's latencies out of a table indexed by enum scenario_delay. */
void world_device_latency(const struct scenario_latency *table,
			  struct device_latency *out);

#endif
