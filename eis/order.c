#include "eis/order.h"
#include "eis/record.h"

#include <assert.h>
#include <stdlib.h>

#define S(x) ORDER_##x
#define E(x) ORDER_EV_##x

/* Every legal move.  A cell that is not written is a refusal. */
static const enum eis_order_state table[ORDER_STATES][ORDER_EVENTS] = {
	[S(QUEUED)]    = { [E(DELIVER)] = S(DELIVERED),
			   [E(EXPIRE)]  = S(EXPIRED),
			   [E(CANCEL)]  = S(CANCELLED) },
	/* Delivered again: the answer to the poll may have been lost. */
	[S(DELIVERED)] = { [E(DELIVER)] = S(DELIVERED),
			   [E(SUCCEED)] = S(COMPLETE),
			   [E(FAIL)]    = S(FAILED),
			   [E(EXPIRE)]  = S(EXPIRED) },
};

static const char *const state_names[ORDER_STATES] = {
	"none", "queued", "delivered", "complete", "failed", "expired",
	"cancelled",
};

static const char *const event_names[ORDER_EVENTS] = {
	"deliver", "succeed", "fail", "expire", "cancel",
};

static const char *const operation_names[ORDER_OPERATIONS] = {
	"download", "enable", "disable", "delete",
};

const char *eis_order_state_name(enum eis_order_state state)
{
	assert(state < ORDER_STATES);
	return state_names[state];
}

const char *eis_order_event_name(enum eis_order_event event)
{
	assert(event < ORDER_EVENTS);
	return event_names[event];
}

const char *eis_order_operation_name(enum eis_order_operation operation)
{
	assert(operation < ORDER_OPERATIONS);
	return operation_names[operation];
}

int eis_order_operation_find(struct str name, enum eis_order_operation *operation)
{
	for (int i = 0; i < ORDER_OPERATIONS; i++) {
		if (str_is(name, operation_names[i])) {
			*operation = (enum eis_order_operation)i;
			return 0;
		}
	}
	return -1;
}

enum eis_order_state eis_order_next(enum eis_order_state from, enum eis_order_event event)
{
	assert(from < ORDER_STATES);
	assert(event < ORDER_EVENTS);
	return table[from][event];
}

static char *copy(struct str s)
{
	char *z;

	if (!s.n)
		return NULL;
	z = malloc(s.n + 1);
	assert(z);
	memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

int eis_order_apply(struct eis_order *o, enum eis_order_event event, int64_t now_ms)
{
	enum eis_order_state next = eis_order_next(o->state, event);

	if (next == ORDER_NONE)
		return -1;
	o->state = next;
	o->updated_ms = now_ms;
	if (eis_order_ended(o)) {
		forget(&o->activation_code);
		forget(&o->confirmation_code);
	}
	return 0;
}

struct eis_order *eis_order_new(const char *id, enum eis_order_operation operation,
			struct str iccid, struct str reference)
{
	struct eis_order *o = calloc(1, sizeof(*o));

	assert(o);
	assert(strlen(id) < sizeof(o->id) && iccid.n < sizeof(o->iccid));
	memcpy(o->id, id, strlen(id));
	if (iccid.n)
		memcpy(o->iccid, iccid.p, iccid.n);
	o->operation = operation;
	o->state = ORDER_QUEUED;
	o->reference = copy(reference);
	return o;
}

void eis_order_free(struct eis_order *o)
{
	assert(!timer_armed(&o->expiry));
	forget(&o->activation_code);
	forget(&o->confirmation_code);
	free(o->reference);
	free(o->result);
	free(o->late);
	free(o);
}

static uint64_t fnv(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001B3);
	return h;
}

/* Shorter secrets stand in any text by chance. */
enum { TRACE_LEN_MIN = 4 };

static struct eis_order_trace trace_of(struct str secret)
{
	if (secret.n < TRACE_LEN_MIN)
		return (struct eis_order_trace){ 0 };
	return (struct eis_order_trace){ secret.n, fnv(secret.p, secret.n) };
}

void eis_order_set_secrets(struct eis_order *o, struct str activation_code,
		       struct str matching_id, struct str confirmation_code)
{
	assert(!o->activation_code && !o->confirmation_code);
	o->activation_code = copy(activation_code);
	o->confirmation_code = copy(confirmation_code);
	o->traces[0] = trace_of(matching_id);
	o->traces[1] = trace_of(confirmation_code);
}

bool eis_order_is_quoted(const struct eis_order *o, struct str text)
{
	for (size_t k = 0; k < ORDER_SECRETS; k++) {
		const struct eis_order_trace *t = &o->traces[k];

		for (size_t i = 0; t->len && i + t->len <= text.n; i++)
			if (fnv(text.p + i, t->len) == t->hash)
				return true;
	}
	return false;
}

static struct str pack(char **at, struct str s)
{
	struct str packed = { *at, s.n };

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return packed;
}

struct eis_order_result *eis_order_result_copy(const struct eis_order_result *r)
{
	size_t size = r->code.n + r->message.n + r->subject.n + r->reason.n +
		      r->iccid.n;
	struct eis_order_result *mine = malloc(sizeof(*mine) + size);
	char *at = (char *)(mine + 1);

	assert(mine);
	*mine = *r;
	mine->code = pack(&at, r->code);
	mine->message = pack(&at, r->message);
	mine->subject = pack(&at, r->subject);
	mine->reason = pack(&at, r->reason);
	mine->iccid = pack(&at, r->iccid);
	return mine;
}

bool eis_order_result_same(const struct eis_order_result *a,
		       const struct eis_order_result *b)
{
	return a->complete == b->complete && str_eq(a->code, b->code) &&
	       str_eq(a->subject, b->subject) &&
	       str_eq(a->reason, b->reason) && str_eq(a->iccid, b->iccid);
}

static void put_time(struct json *j, const char *key, int64_t unix_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso_to(unix_ms, text);
	json_putz(j, key, text);
}

static void put_result(struct json *j, const char *key,
		       const struct eis_order_result *r)
{
	json_key(j, key);
	json_open(j, '{');
	json_putz(j, "status", r->complete ? "complete" : "failed");
	json_put(j, "code", r->code);
	json_put_opt(j, "message", r->message);
	json_put_opt(j, "subjectCode", r->subject);
	json_put_opt(j, "reasonCode", r->reason);
	json_put_opt(j, "iccid", r->iccid);
	if (r->completed_ms != INT64_MIN)
		put_time(j, "completed", r->completed_ms);
	json_close(j, '}');
}

void eis_order_write(const struct eis_order *o, struct json *j)
{
	json_open(j, '{');
	json_putz(j, "id", o->id);
	json_putz(j, "eid", o->record->eid);
	json_putz(j, "operation", eis_order_operation_name(o->operation));
	json_put_opt(j, "iccid", str_of(o->iccid));
	json_putz(j, "status", eis_order_state_name(o->state));
	json_put_opt(j, "reference", str_of(o->reference));
	put_time(j, "created", o->created_ms);
	put_time(j, "updated", o->updated_ms);
	put_time(j, "expires", o->expires_ms);
	if (o->result)
		put_result(j, "result", o->result);
	if (o->late)
		put_result(j, "lateResult", o->late);
	json_close(j, '}');
}

void eis_order_write_for_device(const struct eis_order *o, struct json *j)
{
	json_open(j, '{');
	json_putz(j, "id", o->id);
	json_putz(j, "operation", eis_order_operation_name(o->operation));
	json_put_opt(j, "iccid", str_of(o->iccid));
	json_put_opt(j, "activationCode", str_of(o->activation_code));
	json_put_opt(j, "confirmationCode", str_of(o->confirmation_code));
	json_close(j, '}');
}
