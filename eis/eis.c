#include "eis/eis_impl.h"
#include "proto/eid.h"

#include <assert.h>
#include <stdlib.h>

enum { ANSWER_MAX = 1 << 20 };

static const struct str PARTY = { "eis", 3 };

static int64_t now_ms(const struct eis *e)
{
	return clock_unix_ms(&e->loop->clock);
}

struct eis *eis_new(const struct eis_config *config)
{
	struct eis *e = calloc(1, sizeof(*e));

	assert(e);
	e->handler.handle = eis_handle;
	e->loop = config->loop;
	e->log = config->log;
	rng_init(&e->ids, config->seed, PARTY, STR("order-ids"));
	buf_init(&e->out, ANSWER_MAX);
	if (config->token) {
		e->token = strdup(config->token);
		assert(e->token);
	}
	return e;
}

void eis_free(struct eis *e)
{
	struct eis_slab *older;

	for (struct eis_slab *s = e->slabs; s; s = older) {
		older = s->next;
		for (size_t i = 0; i < s->used; i++) {
			for (struct eis_order *o = s->records[i].first; o; o = o->next)
				loop_disarm(e->loop, &o->expiry);
			eis_record_release(&s->records[i]);
		}
		free(s);
	}
	arena_release(&e->texts);
	map_release(&e->records);
	map_release(&e->orders);
	map_release(&e->references);
	map_release(&e->words);
	buf_release(&e->out);
	free(e->token);
	free(e);
}

struct http_handler *eis_handler(struct eis *e)
{
	return &e->handler;
}

/* The one copy of a text that many eUICCs have. */
static const char *share(struct eis *e, struct str text)
{
	const char *found = text.n ? map_get(&e->words, text) : NULL;
	struct str copy;

	if (!text.n || found)
		return found;
	copy = arena_str(&e->texts, text);
	map_put(&e->words, copy, (void *)copy.p);
	return copy.p;
}

int eis_register(struct eis *e, const struct eis_euicc_spec *spec,
		 struct err *err)
{
	struct eis_slab *s = e->slabs;
	struct eis_record *c;

	if (!eid_well_formed(spec->eid))
		return err_set(err, ERR_INVALID, "EID '%.*s': expected 32 digits",
			       (int)(spec->eid.n < 64 ? spec->eid.n : 64),
			       spec->eid.p ? spec->eid.p : "");
	if (eis_find(e, spec->eid))
		return err_set(err, ERR_STATE, "EID %.*s: is in the registry already",
			       STRF(spec->eid));
	if (!s || s->used == SLAB_RECORDS) {
		s = calloc(1, sizeof(*s));
		assert(s);
		s->next = e->slabs;
		e->slabs = s;
	}
	c = &s->records[s->used++];
	memcpy(c->eid, spec->eid.p, EID_DIGITS);
	c->eum_id = share(e, spec->eum_id);
	c->platform_type = share(e, spec->platform_type);
	c->platform_version = share(e, spec->platform_version);
	c->production_ms = spec->production_date_ms;
	c->memory = c->remaining = spec->memory;
	c->sequence = INT64_MIN;
	map_put(&e->records, (struct str){ c->eid, EID_DIGITS }, c);
	return 0;
}

struct eis_record *eis_find(const struct eis *e, struct str eid)
{
	return map_get(&e->records, eid);
}

struct eis_order *eis_find_order(const struct eis *e, struct str id)
{
	return map_get(&e->orders, id);
}

struct eis_order *eis_find_reference(const struct eis *e, struct str reference)
{
	return map_get(&e->references, reference);
}

/* What became of an order: for the audit trail and the event log. */
static void tell(struct eis *e, const struct eis_order *o, const char *event,
		 enum eis_audit_kind kind)
{
	const char *operation = eis_order_operation_name(o->operation);
	struct str iccid = str_of(o->iccid);

	if (o->result && o->result->iccid.n)
		iccid = o->result->iccid;
	eis_record_note(o->record, now_ms(e), kind, operation, iccid);
	EVENT(e->log, PARTY, event, F_Z("order", o->id),
	      F_Z("eid", o->record->eid), F_Z("operation", operation),
	      F_STR("iccid", iccid),
	      F_STR("reference", str_of(o->reference)),
	      F_STR("code", o->result ? o->result->code : STR_NONE),
	      F_STR("subject", o->result ? o->result->subject : STR_NONE),
	      F_STR("reason", o->result ? o->result->reason : STR_NONE));
}

static void drop_order(struct eis *e, struct eis_record *c, struct eis_order *o,
		       struct eis_order *older)
{
	if (older)
		older->next = o->next;
	else
		c->first = o->next;
	if (c->last == o)
		c->last = older;
	map_take(&e->orders, str_of(o->id));
	if (o->reference)
		map_take(&e->references, str_of(o->reference));
	eis_order_free(o);
	c->ended--;
}

/* `o` has just ended: it leaves the queue, and the oldest ended order may
 * have to go for good. */
static void end_order(struct eis *e, struct eis_order *o)
{
	struct eis_record *c = o->record;
	struct eis_order *older = NULL, *at;

	loop_disarm(e->loop, &o->expiry);
	c->unfinished--;
	c->ended++;
	while (c->head && eis_order_ended(c->head))
		c->head = c->head->next;
	if (c->ended <= ORDERS_ENDED_MAX)
		return;
	for (at = c->first; !eis_order_ended(at) || at == o; at = at->next)
		older = at;
	drop_order(e, c, at, older);
}

static void expire(struct timer *t)
{
	struct eis_order *o = (struct eis_order *)((char *)t -
					   offsetof(struct eis_order, expiry));
	struct eis *e = o->eis;
	int rc = eis_order_apply(o, ORDER_EV_EXPIRE, now_ms(e));

	assert(rc == 0);	/* armed only while it has not ended */
	tell(e, o, "order-expired", AUDIT_ORDER_EXPIRED);
	end_order(e, o);
}

static void enqueue(struct eis *e, struct eis_record *c, struct eis_order *o)
{
	o->eis = e;
	o->record = c;
	o->expiry.fire = expire;
	map_put(&e->orders, str_of(o->id), o);
	if (o->reference)
		map_put(&e->references, str_of(o->reference), o);
	if (c->last)
		c->last->next = o;
	else
		c->first = o;
	c->last = o;
}

void eis_take_up(struct eis *e, struct eis_record *c, struct eis_order *o)
{
	int64_t left_ms = o->expires_ms - now_ms(e);

	enqueue(e, c, o);
	if (eis_order_ended(o)) {
		c->ended++;
		return;
	}
	if (!c->head)
		c->head = o;
	c->unfinished++;
	loop_arm(e->loop, &o->expiry, left_ms > 0 ? left_ms * NS_PER_MS : 0);
}

struct eis_order *eis_place(struct eis *e, const struct eis_order_spec *spec,
			struct err *err)
{
	struct eis_record *c = spec->record;
	char id[ORDER_ID_SIZE];
	struct eis_order *o;

	if (c->unfinished >= ORDERS_WAITING_MAX) {
		err_set(err, ERR_LIMIT, "eUICC %s has %u orders waiting, which is the most",
			c->eid, c->unfinished);
		return NULL;
	}
	rng_hex(&e->ids, id, ORDER_ID_SIZE - 1);
	o = eis_order_new(id, spec->operation, spec->iccid, spec->reference);
	eis_order_set_secrets(o, spec->activation_code, spec->matching_id,
			  spec->confirmation_code);
	o->created_ms = o->updated_ms = now_ms(e);
	o->expires_ms = o->created_ms + spec->expires_in_s * 1000;
	enqueue(e, c, o);
	loop_arm(e->loop, &o->expiry, spec->expires_in_s * NS_PER_S);
	if (!c->head)
		c->head = o;
	c->unfinished++;
	tell(e, o, "order-queued", AUDIT_ORDER_QUEUED);
	return o;
}

struct eis_order *eis_deliver(struct eis *e, struct eis_record *c)
{
	struct eis_order *o = c->head;
	bool first;

	if (!o)
		return NULL;
	first = o->state == ORDER_QUEUED;
	/* Being asked for it again is no news of the order. */
	eis_order_apply(o, ORDER_EV_DELIVER, first ? now_ms(e) : o->updated_ms);
	o->deliveries++;
	if (first)
		eis_record_note(c, now_ms(e), AUDIT_ORDER_DELIVERED,
			   eis_order_operation_name(o->operation),
			   str_of(o->iccid));
	EVENT(e->log, PARTY, "order-delivered", F_Z("order", o->id),
	      F_Z("eid", c->eid),
	      F_Z("operation", eis_order_operation_name(o->operation)),
	      F_Z("iccid", o->iccid), F_INT("times", o->deliveries));
	return o;
}

int eis_cancel(struct eis *e, struct eis_order *o)
{
	if (eis_order_apply(o, ORDER_EV_CANCEL, now_ms(e)) < 0)
		return -1;
	tell(e, o, "order-cancelled", AUDIT_ORDER_CANCELLED);
	end_order(e, o);
	return 0;
}

static void ignore_result(struct eis *e, const struct eis_order *o,
			  const char *why, enum eis_audit_kind kind)
{
	eis_record_note(o->record, now_ms(e), kind,
		   eis_order_operation_name(o->operation), str_of(o->iccid));
	EVENT(e->log, PARTY, "result-ignored", F_Z("order", o->id),
	      F_Z("eid", o->record->eid), F_Z("why", why));
}

/* The order has ended: by a result, by expiry, or by the server. */
static void take_after_end(struct eis *e, struct eis_order *o,
			   const struct eis_order_result *r)
{
	const struct eis_order_result *before = o->result ? o->result : o->late;

	if (before && eis_order_result_same(before, r)) {
		ignore_result(e, o, "repeated", AUDIT_RESULT_REPEATED);
	} else if (before) {
		ignore_result(e, o, "contradicts the first",
			      AUDIT_RESULT_CONTRADICTS);
	} else if (o->state == ORDER_EXPIRED) {
		o->late = eis_order_result_copy(r);
		ignore_result(e, o, "late", AUDIT_RESULT_LATE);
	} else {
		ignore_result(e, o, "cancelled", AUDIT_RESULT_LATE);
	}
}

int eis_take_result(struct eis *e, struct eis_order *o,
		    const struct eis_order_result *r)
{
	enum eis_order_event event = r->complete ? ORDER_EV_SUCCEED : ORDER_EV_FAIL;
	struct eis_order_result mine = *r;

	if (o->state == ORDER_QUEUED) {
		ignore_result(e, o, "not delivered", AUDIT_RESULT_EARLY);
		return -1;
	}
	if (eis_order_is_quoted(o, r->message))
		mine.message = STR("(not shown: it quotes a secret of the order)");
	if (eis_order_apply(o, event, now_ms(e)) < 0) {
		take_after_end(e, o, &mine);
		return 0;
	}
	if (r->complete && !mine.iccid.n)
		mine.iccid = str_of(o->iccid);
	o->result = eis_order_result_copy(&mine);
	tell(e, o, r->complete ? "order-complete" : "order-failed",
	     r->complete ? AUDIT_ORDER_COMPLETE : AUDIT_ORDER_FAILED);
	end_order(e, o);
	return 0;
}

void eis_sync_profiles(struct eis *e, struct eis_record *c,
		       const struct eis_sync *sync)
{
	bool news = sync->sequence > c->sequence;

	eis_record_note(c, now_ms(e), news ? AUDIT_PROFILES_SYNCED :
					AUDIT_PROFILES_STALE, "", STR_NONE);
	if (!news) {
		EVENT(e->log, PARTY, "profiles-stale", F_Z("eid", c->eid),
		      F_INT("sequence", sync->sequence),
		      F_INT("last", c->sequence));
		return;
	}
	c->sequence = sync->sequence;
	c->synced = true;
	c->last_audit_ms = now_ms(e);
	if (sync->remaining >= 0)
		c->remaining = (uint32_t)sync->remaining;
	eis_record_set_profiles(c, sync->list, sync->count);
	EVENT(e->log, PARTY, "profiles-synced", F_Z("eid", c->eid),
	      F_INT("sequence", sync->sequence), F_INT("count", sync->count));
}

void eis_take_notification(struct eis *e, struct eis_record *c,
			   const struct eis_notification *n)
{
	eis_record_note(c, now_ms(e), n->succeeded ? AUDIT_NOTIFICATION :
		   AUDIT_NOTIFICATION_FAILED, n->operation, n->iccid);
	EVENT(e->log, PARTY, "notification-received", F_Z("eid", c->eid),
	      F_STR("iccid", n->iccid), F_Z("operation", n->operation),
	      F_INT("sequence", n->sequence),
	      F_BOOL("succeeded", n->succeeded),
	      F_STR("smdp", n->smdp_address));
}
