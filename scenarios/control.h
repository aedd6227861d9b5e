/*
 * control.h - the control API of a living world, /control/v1/...: a handler,
 * for a network that is not the world's.
 *
 * What it answers and takes is control.openapi.yaml.  It does what live.h
 * offers and what scenarios do to devices; it has no state of the world.
 *
 * The one rule: nothing without the token, and what is wrong with a request
 * changes nothing.
 */
#ifndef SCENARIOS_CONTROL_H
#define SCENARIOS_CONTROL_H

#include "scenarios/live.h"

struct control;

enum { CONTROL_STREAMS_MAX = 32, CONTROL_BODY_MAX = 64 << 20 };

struct control_config {
	struct live *live;
	struct loop *loop;		/* the guest */
	struct network *net;		/* of that loop */
	const char *token;
	struct http_handler *page;	/* of every other path, or NULL: 404 */
};

struct control *control_new(const struct control_config *config);
/* The network has been released. */
void control_free(struct control *c);
struct http_handler *control_handler(struct control *c);

/* Open streams end, so that nobody waits for them. */
void control_end_streams(struct control *c);

#endif
