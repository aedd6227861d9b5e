/*
 * tap.h - the messages between the parties of a living world: kept for whoever
 * looks, with how long each party took.
 *
 * A gate stands in front of each party and in front of its quirks and delays,
 * so it sees what the caller sees.  A device's look at the EIS that gets nothing
 * is only counted.  Bodies are masked and shortened when they are shown.
 *
 * The one rule: the newest messages are kept, up to a number and a size.
 */
#ifndef SCENARIOS_TAP_H
#define SCENARIOS_TAP_H

#include "sim/http.h"

enum {
	TAP_MESSAGES_MAX = 4000,
	TAP_BYTES_MAX = 16 << 20,
	TAP_BODY_MAX = 64 << 10,	/* a longer one is not kept */
	TAP_BUCKETS = 20,
};

/* The last bucket has no bound. */
extern const int64_t tap_bounds_ns[TAP_BUCKETS - 1];

/* How long a party took, in simulated time. */
struct tap_latency {
	uint64_t requests, under_way, answered;
	uint64_t buckets[TAP_BUCKETS];
	double sum_ns;
};

struct tap_side {
	struct http_headers headers;	/* those that may be seen */
	struct str body;
	size_t bytes;			/* of the whole body */
	bool omitted;
};

struct message {
	uint64_t id;
	struct instant asked, answered;
	struct str from, to, method, path, query;
	const char *function;		/* "placeOrder", or "" */
	size_t device;			/* index in the world; SIZE_MAX: none */
	struct str flow;		/* id, or empty */
	int status;
	enum http_fault fault;
	struct tap_side request, response;
	/* The tap's own. */
	struct arena arena;
};

struct tap_config {
	/* A message is complete: say what it is about (device, flow). */
	void (*complete)(void *arg, struct message *m);
	/* A poll of that device (its party) got nothing. */
	void (*polled)(void *arg, struct str party);
	void *arg;
};

struct tap;

struct tap *tap_new(const struct tap_config *config);
/* Its gates, too: nothing may listen there any more. */
void tap_free(struct tap *t);
struct http_handler *tap_gate(struct tap *t, const char *party, struct http_handler *next);

/* Of the party of that name; NULL if it has no gate. */
const struct tap_latency *tap_latency(const struct tap *t, const char *party);
/* The party has stopped: what was under way there is gone. */
void tap_forget_under_way(struct tap *t, const char *party);
/* The bound below which that share is, or -1: there is none. */
int64_t tap_percentile_ns(const struct tap_latency *l, double share);

/* Messages ever. */
uint64_t tap_count(const struct tap *t);
/* The kept message with that id, or the first one behind it; NULL: none. */
const struct message *tap_from(const struct tap *t, uint64_t id);

#endif
