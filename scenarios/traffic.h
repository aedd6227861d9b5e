/*
 * traffic.h - writes down what a party is asked and answers, for tools that
 * check it against a description of the interface.
 *
 * A gate stands right in front of the party, behind all quirks and delays: a
 * line tells what the party itself did.  It is a JSON object: to, method,
 * path, query, request_headers, request_body, status, response_headers,
 * response_body.  A body that is longer than TRAFFIC_BODY_MAX, or streamed,
 * is left out.  Secrets are masked.
 */
#ifndef SCENARIOS_TRAFFIC_H
#define SCENARIOS_TRAFFIC_H

#include "sim/http.h"

struct traffic;

enum { TRAFFIC_BODY_MAX = 1 << 20 };

struct traffic_config {
	void (*take)(void *arg, struct str line);	/* with its newline */
	void *arg;
	/* `text` without secrets, in memory of `a`. */
	struct str (*mask)(const void *mask_arg, struct str text, struct arena *a);
	const void *mask_arg;
};

struct traffic *traffic_new(const struct traffic_config *config);
/* Also frees its gates: their parties must not listen any more. */
void traffic_free(struct traffic *t);

/* In front of `next`, which listens as `party`. */
struct http_handler *traffic_gate(struct traffic *t, const char *party,
				  struct http_handler *next);
/* The party was started anew. */
void traffic_gate_set_next(struct http_handler *gate, struct http_handler *next);

#endif
