/*
 * relay.h - passes what it is asked on to another host, and its answer back.
 *
 * A gate can only stand in front of a handler.  So what devices report to a
 * server that is not ours goes by a host of the rig: there, reports can be
 * late, lost or doubled as well.
 *
 * The one rule: apart from the headers that say how bytes are framed, neither
 * side can tell that it is there.
 */
#ifndef SCENARIOS_RELAY_H
#define SCENARIOS_RELAY_H

#include "sim/http.h"

struct relay {
	struct http_handler handler;	/* first: a relay is a handler */
	struct str name;		/* as whom it calls */
	const char *url;		/* "http://server.rig", without a path */
};

/* Strings are not copied.  It must outlive its network's exchanges. */
void relay_init(struct relay *r, struct str name, const char *url);

#endif
