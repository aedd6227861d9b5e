/*
 * gateway_impl.h - inside the gateway: gateway.c has the queues and meets the
 * devices, gateway_http.c reads requests and writes answers.
 */
#ifndef DEVICES_GATEWAY_IMPL_H
#define DEVICES_GATEWAY_IMPL_H

#include "devices/device.h"
#include "devices/gateway.h"
#include "sim/map.h"

enum command_state {
	COMMAND_QUEUED,
	COMMAND_DELIVERED,
	COMMAND_COMPLETE,
	COMMAND_FAILED,
	COMMAND_EXPIRED,
	COMMAND_CANCELLED,
	COMMAND_STATES
};

enum { COMMAND_ID_SIZE = 33 };

/* What a device said, in one allocation. */
struct command_result {
	bool failed;
	struct str code, message, subject, reason, iccid;
	int64_t completed_ms;		/* by the device's clock */
};

/* Texts are "" if there is none. */
struct command {
	struct timer expiry;
	struct command *next;		/* to the same device, younger */
	struct gateway *gateway;
	struct command_queue *queue;
	char id[COMMAND_ID_SIZE];
	char iccid[ICCID_SIZE];
	const char *operation;		/* one of gateway_operations */
	enum command_state state;
	int64_t created_ms, updated_ms, expires_ms;
	char *reference;
	char *activation_code, *confirmation_code;	/* until it has ended */
	char *matching_id;				/* likewise */
	struct command_result *result, *late;		/* NULL: none so far */
};

/* Of a device that was ever commanded. */
struct command_queue {
	struct command_queue *next;
	struct device *device;
	struct command *first, *last;	/* oldest first */
	unsigned waiting, ended;
};

struct gateway {
	struct http_handler handler;	/* first: a gateway is a handler */
	struct loop *loop;
	struct eventlog *log;
	struct fleet *fleet;
	struct rng ids;
	char *token;			/* NULL: anybody may */
	struct map devices;		/* by device id, upper case ... */
	size_t known;			/* ... of the first so many of the fleet */
	struct map queues;		/* by device id */
	struct map commands, references;
	struct command_queue *all;
	struct buf out;			/* for the answer that is being written */
};

struct command_spec {
	struct device *device;
	const char *operation;
	struct str iccid, reference;
	struct str activation_code, matching_id, confirmation_code;
	int64_t expires_in_s;
};

#define GATEWAY_PARTY STR("gateway")

enum { GATEWAY_OPERATIONS = 4 };
extern const char *const gateway_operations[GATEWAY_OPERATIONS];
const char *command_state_name(enum command_state state);

/* NULL if there is none of that id, which may be of either case. */
struct device *gateway_find_device(struct gateway *g, struct str id, struct arena *a);
/* NULL if it was never commanded. */
const struct command_queue *gateway_find_queue(const struct gateway *g,
					       const struct device *d);
/* NULL if too many wait already. */
struct command *gateway_place(struct gateway *g, const struct command_spec *spec);
/* -1 if the device has it already, or it has ended. */
int gateway_cancel(struct command *c);

void gateway_handle(struct http_handler *h, struct http_exchange *x);

#endif
