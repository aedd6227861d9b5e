/*
 * eis_impl.h - inside the EIS: what eis.c does and routes.c asks for.
 *
 * routes.c reads requests and writes answers; eis.c changes records and
 * queues, and says so in the event log.
 */
#ifndef EIS_EIS_IMPL_H
#define EIS_EIS_IMPL_H

#include "eis/eis.h"
#include "eis/record.h"
#include "sim/map.h"

/* Per eUICC: how many orders may wait, and how many ended ones are kept. */
enum { ORDERS_WAITING_MAX = 64, ORDERS_ENDED_MAX = 64 };

enum { SLAB_RECORDS = 64 };

struct eis_slab {
	struct eis_slab *next;
	size_t used;
	struct eis_record records[SLAB_RECORDS];
};

struct eis {
	struct http_handler handler;
	struct loop *loop;
	struct eventlog *log;
	struct rng ids;
	char *token;			/* NULL: anybody may */
	struct map records, orders, references;	/* by EID, id, reference */
	struct map words;		/* texts that many records share */
	struct arena texts;
	struct eis_slab *slabs;		/* newest first */
	struct buf out;			/* for the answer that is being written */
};

struct eis_order_spec {
	struct eis_record *record;
	enum eis_order_operation operation;
	struct str iccid;
	struct str activation_code, matching_id, confirmation_code;
	struct str reference;
	int64_t expires_in_s;
};

struct eis_record *eis_find(const struct eis *e, struct str eid);
struct eis_order *eis_find_order(const struct eis *e, struct str id);
struct eis_order *eis_find_reference(const struct eis *e, struct str reference);

/* NULL with `err` if the eUICC has too many orders waiting. */
struct eis_order *eis_place(struct eis *e, const struct eis_order_spec *spec,
			struct err *err);
/* One that was placed at another time (state.h), as it is. */
void eis_take_up(struct eis *e, struct eis_record *c, struct eis_order *o);
/* The order that is due, marked as delivered; NULL if there is none. */
struct eis_order *eis_deliver(struct eis *e, struct eis_record *c);
/* -1 if the device has it already, or it has ended. */
int eis_cancel(struct eis *e, struct eis_order *o);
/* -1 if the order was never delivered.  A repeated or late result is taken
 * note of and changes nothing. */
int eis_take_result(struct eis *e, struct eis_order *o,
		    const struct eis_order_result *r);

struct eis_sync {
	int64_t sequence;
	int64_t remaining;		/* -1: not said */
	const struct eis_profile *list;
	size_t count;
};

void eis_sync_profiles(struct eis *e, struct eis_record *c,
		       const struct eis_sync *sync);

struct eis_notification {
	const char *operation;		/* "install", ... */
	struct str iccid, smdp_address;
	int64_t sequence;
	bool succeeded;
};

void eis_take_notification(struct eis *e, struct eis_record *c,
			   const struct eis_notification *n);

/* The handler (routes.c). */
void eis_handle(struct http_handler *h, struct http_exchange *x);

#endif
