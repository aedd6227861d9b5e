#include "eis/state.h"

#include "eis/eis_impl.h"

#include <stdlib.h>

/* ---- Writing. -------------------------------------------------------------- */

static void put_result(struct json *j, const char *key, const struct eis_order_result *r)
{
	if (!r)
		return;
	json_key(j, key);
	json_open(j, '{');
	json_put_bool(j, "complete", r->complete);
	json_put(j, "code", r->code);
	json_put_opt(j, "message", r->message);
	json_put_opt(j, "subject", r->subject);
	json_put_opt(j, "reason", r->reason);
	json_put_opt(j, "iccid", r->iccid);
	if (r->completed_ms != INT64_MIN)
		json_put_int(j, "completed", r->completed_ms);
	json_close(j, '}');
}

static void put_order(struct json *j, const struct eis_order *o)
{
	json_open(j, '{');
	json_putz(j, "id", o->id);
	json_putz(j, "eid", o->record->eid);
	json_putz(j, "operation", eis_order_operation_name(o->operation));
	json_put_opt(j, "iccid", str_of(o->iccid));
	json_putz(j, "state", eis_order_state_name(o->state));
	json_put_int(j, "deliveries", o->deliveries);
	json_put_int(j, "created", o->created_ms);
	json_put_int(j, "updated", o->updated_ms);
	json_put_int(j, "expires", o->expires_ms);
	json_put_opt(j, "reference", str_of(o->reference));
	json_put_opt(j, "activation_code", str_of(o->activation_code));
	json_put_opt(j, "confirmation_code", str_of(o->confirmation_code));
	put_result(j, "result", o->result);
	put_result(j, "late", o->late);
	json_close(j, '}');
}

void eis_state_write(const struct eis *e, struct json *j)
{
	json_open(j, '[');
	for (const struct eis_slab *s = e->slabs; s; s = s->next)
		for (size_t i = 0; i < s->used; i++)
			for (const struct eis_order *o = s->records[i].first; o; o = o->next)
				put_order(j, o);
	json_close(j, ']');
}

/* ---- Reading. -------------------------------------------------------------- */

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "state of the EIS: %s", what);
}

static int read_result(const cJSON *order, const char *key, struct arena *a,
		       struct eis_order_result **to, struct err *err)
{
	const cJSON *o = cJSON_GetObjectItemCaseSensitive(order, key);
	struct eis_order_result r = { .completed_ms = INT64_MIN };

	if (!o)
		return 0;
	if (json_get_bool(o, "complete", &r.complete, err) < 0 ||
	    json_get_str(o, "code", a, &r.code, err) < 0 ||
	    json_get_str(o, "message", a, &r.message, err) < 0 ||
	    json_get_str(o, "subject", a, &r.subject, err) < 0 ||
	    json_get_str(o, "reason", a, &r.reason, err) < 0 ||
	    json_get_str(o, "iccid", a, &r.iccid, err) < 0 ||
	    json_get_int(o, "completed", &r.completed_ms, err) < 0)
		return -1;
	*to = eis_order_result_copy(&r);
	return 0;
}

static int state_named(struct str name, enum eis_order_state *state)
{
	for (int i = ORDER_QUEUED; i < ORDER_STATES; i++) {
		*state = (enum eis_order_state)i;
		if (str_is(name, eis_order_state_name(*state)))
			return 0;
	}
	return -1;
}

struct saved {
	struct str id, eid, operation, iccid, state, reference, activation_code,
		confirmation_code;
	int64_t deliveries, created_ms, updated_ms, expires_ms;
};

static int read_saved(const cJSON *o, struct arena *a, struct saved *s, struct err *err)
{
	*s = (struct saved){ 0 };
	if (json_get_str(o, "id", a, &s->id, err) < 0 ||
	    json_get_str(o, "eid", a, &s->eid, err) < 0 ||
	    json_get_str(o, "operation", a, &s->operation, err) < 0 ||
	    json_get_str(o, "iccid", a, &s->iccid, err) < 0 ||
	    json_get_str(o, "state", a, &s->state, err) < 0 ||
	    json_get_str(o, "reference", a, &s->reference, err) < 0 ||
	    json_get_str(o, "activation_code", a, &s->activation_code, err) < 0 ||
	    json_get_str(o, "confirmation_code", a, &s->confirmation_code, err) < 0 ||
	    json_get_int(o, "deliveries", &s->deliveries, err) < 0 ||
	    json_get_int(o, "created", &s->created_ms, err) < 0 ||
	    json_get_int(o, "updated", &s->updated_ms, err) < 0 ||
	    json_get_int(o, "expires", &s->expires_ms, err) < 0)
		return -1;
	if (!s->id.n || s->id.n >= ORDER_ID_SIZE || s->iccid.n > 20)
		return bad(err, "an order that cannot be");
	return 0;
}

static int read_order(struct eis *e, const cJSON *item, struct arena *a, struct err *err)
{
	enum eis_order_operation operation;
	enum eis_order_state state;
	struct eis_record *c;
	struct eis_order *o;
	struct saved s;

	if (read_saved(item, a, &s, err) < 0)
		return -1;
	c = eis_find(e, s.eid);
	if (!c || eis_find_order(e, s.id) || state_named(s.state, &state) < 0 ||
	    eis_order_operation_find(s.operation, &operation) < 0)
		return bad(err, "an order that does not belong here");
	o = eis_order_new(s.id.p, operation, s.iccid, s.reference);
	if (state <= ORDER_DELIVERED)
		eis_order_set_secrets(o, s.activation_code, STR_NONE, s.confirmation_code);
	o->state = state;
	o->deliveries = (unsigned)s.deliveries;
	o->created_ms = s.created_ms;
	o->updated_ms = s.updated_ms;
	o->expires_ms = s.expires_ms;
	eis_take_up(e, c, o);
	return read_result(item, "result", a, &o->result, err) < 0 ||
	       read_result(item, "late", a, &o->late, err) < 0 ? -1 : 0;
}

int eis_state_read(struct eis *e, const cJSON *state, struct err *err)
{
	struct arena a = { 0 };
	const cJSON *item;
	int rc = 0;

	if (!cJSON_IsArray(state))
		return bad(err, "expected a list");
	cJSON_ArrayForEach(item, state)
		if (rc == 0)
			rc = read_order(e, item, &a, err);
	arena_release(&a);
	return rc;
}
