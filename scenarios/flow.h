/*
 * flow.h - operations and transactions of the server as they go through the
 * parties of a living world.
 *
 * What they are stands in the server's database; here is when they began and
 * ended, which messages belong to them, and which device they are about.  A
 * transaction of an operation belongs to the operation's flow.
 */
#ifndef SCENARIOS_FLOW_H
#define SCENARIOS_FLOW_H

#include "sim/arena.h"
#include "sim/eventlog.h"

enum { FLOWS_MAX = 500, FLOW_ID_MAX = 40, FLOW_TRANSACTIONS_MAX = 4 };

struct store;

struct flow {
	char id[FLOW_ID_MAX + 1];
	bool operation;			/* or a transaction by itself */
	bool active, dirty;
	size_t device;			/* index; SIZE_MAX: none that is known */
	struct instant began, ended;
	uint64_t messages;
	char transactions[FLOW_TRANSACTIONS_MAX][FLOW_ID_MAX + 1];
	size_t transaction_count;
	struct flow *older, *newer;
};

struct flows;

struct flows *flows_new(struct store *store);
void flows_free(struct flows *f);

/* What is unfinished in the database began before this world; `device` finds
 * a device by its device id. */
typedef size_t flow_finder(void *arg, struct str device_id);
void flows_load(struct flows *f, struct instant now, flow_finder *device, void *arg);
/* An event of the server; true if flows_settle() is to be called at the end
 * of this turn. */
bool flows_hear(struct flows *f, const struct event *e, flow_finder *device, void *arg);
/* Look into the database for what the events did not say. */
void flows_settle(struct flows *f, struct instant now, flow_finder *device, void *arg);

/* The flow that a message about that device belongs to, or NULL: the newest that is
 * under way, or one that ended a moment ago. */
struct flow *flows_of_device(struct flows *f, size_t device, struct instant now);
struct flow *flows_find(const struct flows *f, struct str id);
/* The newest first: NULL to begin with, NULL at the end. */
struct flow *flows_next(const struct flows *f, const struct flow *flow);
size_t flows_active(const struct flows *f);

/* A row of the database; texts in `a`, STR_NONE where there is none. */
struct flow_row {
	struct str id, action, device_id, eid, iccid, carrier, status, message_code,
		message, cause, cause_id, created_by, download, enable, operation;
	int64_t created_ms, updated_ms, finished_ms;	/* INT64_MIN: not yet */
};
bool flow_read(struct store *st, bool operation, struct str id, struct arena *a,
	       struct flow_row *row);
/* The newest first; at most `count`, from `skip` on.  Returns how many. */
size_t flow_list(struct store *st, bool operations, size_t skip, size_t count,
		 struct arena *a, struct flow_row *rows);

#endif
