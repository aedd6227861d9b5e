/*
 * gateway.h - the device gateway: direct commands to devices, as an interface
 * of the fleet (docs/southbound.md).
 *
 *	queued -> delivered -> complete | failed | expired
 *	       -> cancelled | expired
 *
 * A server commands a device by its id.  The device has the command at once
 * if it has network and is at nothing else, otherwise as soon as it is: the
 * gateway is told, so nobody polls.  A device takes commands of the gateway and orders of
 * its EIS alike, one at a time.
 *
 * The one rule: what a server sends is kept only up to a limit, and a secret
 * only until the command has ended.
 */
#ifndef DEVICES_GATEWAY_H
#define DEVICES_GATEWAY_H

#include "devices/fleet.h"

struct gateway;

/* Per device: how many commands may wait, and how many ended ones are kept. */
enum { COMMANDS_WAITING_MAX = 64, COMMANDS_ENDED_MAX = 64 };

/* The token is copied. */
struct gateway_config {
	struct loop *loop;
	struct eventlog *log;
	uint64_t seed;
	struct fleet *fleet;	/* must outlive the gateway */
	const char *token;	/* what servers must send; NULL: anybody may */
};

/* A fleet has one at most. */
struct gateway *gateway_new(const struct gateway_config *config);
/* Open exchanges must be gone: call network_unlisten() first. */
void gateway_free(struct gateway *g);
struct http_handler *gateway_handler(struct gateway *g);

#endif
