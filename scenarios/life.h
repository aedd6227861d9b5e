/*
 * life.h - what happens in a living world without anybody asking for it:
 * devices lose their network or their power for a while, automations and
 * templates begin operations, carriers hand out new codes.
 *
 * It acts as others could: on devices as scenarios do, on the server over its
 * API.  When and what is drawn from the seed.
 */
#ifndef SCENARIOS_LIFE_H
#define SCENARIOS_LIFE_H

#include "scenarios/world.h"

struct life;

#define LIFE_EVERY_NS (150 * NS_PER_S)
#define LIFE_EVERY_MIN_NS NS_PER_S

/* `every_ns`: from one occurrence to the next, on average. */
struct life *life_new(struct world *w, bool on, int64_t every_ns);
void life_free(struct life *l);

void life_set(struct life *l, bool on, int64_t every_ns);
bool life_is_on(const struct life *l);
int64_t life_every_ns(const struct life *l);

/* What it has taken and not given back: the index of a device in the world, and
 * whether it was the power, or else the network.  False: no more. */
bool life_owes(const struct life *l, size_t i, size_t *device, bool *power);
/* That was taken in a life before this one. */
void life_owe(struct life *l, size_t device, bool power);

#endif
