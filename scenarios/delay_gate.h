/*
 * delay_gate.h - makes a party slow: waits before it handles a request.
 *
 * One gate stands in front of each party that has a latency in the world.  A
 * latency for one function of the party wins over the party's own.  `polls`
 * is not a time: the order queue stays empty, an order's end stays hidden,
 * and any other function is busy (503), until that was asked so often.
 */
#ifndef SCENARIOS_DELAY_GATE_H
#define SCENARIOS_DELAY_GATE_H

#include "scenarios/scenario.h"
#include "sim/http.h"

struct delay_gate;

/* NULL if no latency in `table` (indexed by enum scenario_delay) is for
 * `party`.  While `*off`, nothing is delayed.  `table` and `off` must live as
 * long as the gate. */
struct delay_gate *delay_gate_new(const char *party, uint64_t seed,
				  const struct scenario_latency *table,
				  const bool *off, struct http_handler *next);
void delay_gate_free(struct delay_gate *g);
struct http_handler *delay_gate_handler(struct delay_gate *g);
void delay_gate_set_next(struct delay_gate *g, struct http_handler *next);

#endif
