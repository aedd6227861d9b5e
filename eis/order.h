/*
 * order.h - one order for an eUICC, from the server's request to its end.
 *
 *	queued -> delivered -> complete | failed | expired
 *	       -> cancelled | expired
 *
 * The rules are one table in order.c.  An activation code and a confirmation
 * code are kept only until the order ends; afterwards there is just enough
 * left to notice when a device's message quotes them.
 */
#ifndef EIS_ORDER_H
#define EIS_ORDER_H

#include "sim/clock.h"
#include "sim/json.h"
#include "sim/loop.h"

enum eis_order_state {
	ORDER_NONE,		/* 0: "no such transition" in the table */
	ORDER_QUEUED,
	ORDER_DELIVERED,
	ORDER_COMPLETE,
	ORDER_FAILED,
	ORDER_EXPIRED,
	ORDER_CANCELLED,
	ORDER_STATES
};

enum eis_order_event {
	ORDER_EV_DELIVER,	/* the device polls */
	ORDER_EV_SUCCEED,	/* its result */
	ORDER_EV_FAIL,
	ORDER_EV_EXPIRE,
	ORDER_EV_CANCEL,	/* the server takes it back */
	ORDER_EVENTS
};

enum eis_order_operation {
	ORDER_DOWNLOAD,
	ORDER_ENABLE,
	ORDER_DISABLE,
	ORDER_DELETE,
	ORDER_OPERATIONS
};

/* What a device said, kept in one allocation. */
struct eis_order_result {
	bool complete;
	struct str code, message, subject, reason, iccid;
	int64_t completed_ms;	/* by the device's clock; INT64_MIN: not said */
};

enum { ORDER_ID_SIZE = 33, ORDER_SECRETS = 2 };

/* A secret that was there: enough to recognise, too little to tell. */
struct eis_order_trace {
	size_t len;
	uint64_t hash;
};

struct eis;
struct eis_record;

struct eis_order {
	struct timer expiry;
	struct eis_order *next;		/* of the same eUICC, younger */
	struct eis *eis;
	struct eis_record *record;
	char id[ORDER_ID_SIZE];
	char iccid[21];			/* empty: a download that names none */
	enum eis_order_state state;
	enum eis_order_operation operation;
	unsigned deliveries;
	int64_t created_ms, updated_ms, expires_ms;
	char *reference;		/* NULL: none */
	char *activation_code, *confirmation_code;	/* NULL: none, or over */
	struct eis_order_trace traces[ORDER_SECRETS];
	struct eis_order_result *result, *late;	/* NULL: none so far */
};

const char *eis_order_state_name(enum eis_order_state state);
const char *eis_order_event_name(enum eis_order_event event);
const char *eis_order_operation_name(enum eis_order_operation operation);
/* -1 if it is the name of none. */
int eis_order_operation_find(struct str name, enum eis_order_operation *operation);

/* The state `event` leads to from `from`; ORDER_NONE if it is refused. */
enum eis_order_state eis_order_next(enum eis_order_state from, enum eis_order_event event);

static inline bool eis_order_ended(const struct eis_order *o)
{
	return o->state > ORDER_DELIVERED;
}

/* Apply `event`: 0, or -1 if it is refused and nothing changed.  An order
 * that ends forgets its secrets. */
int eis_order_apply(struct eis_order *o, enum eis_order_event event, int64_t now_ms);

/* Queued, with an id of its own; strings may be STR_NONE and are copied. */
struct eis_order *eis_order_new(const char *id, enum eis_order_operation operation,
			struct str iccid, struct str reference);
/* Not in an index, its timer not armed. */
void eis_order_free(struct eis_order *o);
/* `matching_id` is the secret part of the activation code. */
void eis_order_set_secrets(struct eis_order *o, struct str activation_code,
		       struct str matching_id, struct str confirmation_code);
/* Does the text hold a secret of this order, or did it? */
bool eis_order_is_quoted(const struct eis_order *o, struct str text);

/* A copy of `r`; free() ends it. */
struct eis_order_result *eis_order_result_copy(const struct eis_order_result *r);
bool eis_order_result_same(const struct eis_order_result *a,
		       const struct eis_order_result *b);

/* The order as the contract shows it to a server; never its secrets. */
void eis_order_write(const struct eis_order *o, struct json *j);
/* As the device gets it when it polls, secrets included. */
void eis_order_write_for_device(const struct eis_order *o, struct json *j);

#endif
