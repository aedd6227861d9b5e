#include "server/eis_client.h"

#include "proto/iccid.h"
#include "server/core.h"
#include "sim/json.h"

#include <assert.h>

/* What docs/southbound.md allows a body. */
enum { ORDER_BODY_MAX = 4096, ORDER_ID_MAX = 128, ANSWER_MAX = 64 << 10 };

static const char *const status_names[ORDER_STATUSES] = {
	"queued", "delivered", "complete", "failed", "expired", "cancelled",
};

#define TELL_EVERY_NS (5 * 60 * NS_PER_S)

static struct http_call *new_call(struct server *s, const char *method,
				  struct str path)
{
	const char *url = s->gateway_url ? s->gateway_url : s->eis_url;
	const char *token = s->gateway_url ? s->gateway_token : s->eis_token;
	struct http_call *c;
	struct err err;

	c = http_call_new(s->net, SERVER_PARTY, method, &err, "%s/%.*s", url,
			  STRF(path));
	assert(c);	/* server_new() tried the URL, and ids are escaped */
	c->timeout_ns = s->eis_timeout_ns;
	c->answer_max = ANSWER_MAX;
	if (token)
		http_call_header(c, "Authorization",
				 arena_printf(c->arena, "Bearer %s", token));
	return c;
}

static struct http_call *call_at(struct server *s, const char *method,
				 const char *before, struct str id,
				 const char *behind)
{
	struct http_call *c;
	struct buf path;

	buf_init(&path, 4 * ORDER_ID_MAX);
	buf_z(&path, before);
	http_escape(&path, id);
	buf_z(&path, behind);
	c = new_call(s, method, buf_view(&path));
	buf_release(&path);
	return c;
}

struct http_call *eis_client_place(struct server *s, const struct transaction *tx)
{
	struct http_call *c;
	struct buf body;
	struct json j;

	c = s->gateway_url ?
	    call_at(s, "POST", "gateway/v1/devices/", tx->device_id, "/commands") :
	    new_call(s, "POST", STR("eis/v1/orders"));
	buf_init(&body, ORDER_BODY_MAX);
	j = json_to(&body);
	json_open(&j, '{');
	if (!s->gateway_url)
		json_put(&j, "eid", tx->eid);
	json_putz(&j, "operation", tx_action_name(tx->action));
	json_put_opt(&j, "iccid", tx->iccid);
	json_put_opt(&j, "activationCode", tx->activation_code);
	json_put_opt(&j, "confirmationCode", tx->confirmation_code);
	json_put_int(&j, "expiresIn", s->order_expiry_s);
	json_put(&j, "reference", tx->id);
	json_close(&j, '}');
	http_call_body(c, "application/json", buf_view(&body));
	buf_release(&body);
	return c;
}

struct http_call *eis_look(struct server *s, const struct transaction *tx)
{
	return call_at(s, "GET", s->gateway_url ? "gateway/v1/commands/" :
		       "eis/v1/orders/", tx->order_id, "");
}

/* A member that may be missing, or of a wrong type: then it is not there. */
static struct str member(const cJSON *object, const char *key, struct arena *a)
{
	struct str value = STR_NONE;
	struct err err;

	if (json_get_str(object, key, a, &value, &err) < 0)
		return STR_NONE;
	return value;
}

static bool read_order(const cJSON *order, struct arena *a,
		       struct eis_answer *answer)
{
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(order, "result");
	struct str status = member(order, "status", a);

	answer->order_id = member(order, "id", a);
	if (answer->order_id.n == 0 || answer->order_id.n > ORDER_ID_MAX)
		return false;
	answer->eid = member(order, "eid", a);
	answer->device_id = member(order, "deviceId", a);
	answer->reference = member(order, "reference", a);
	answer->code = member(result, "code", a);
	answer->message = member(result, "message", a);
	answer->subject_code = member(result, "subjectCode", a);
	answer->reason_code = member(result, "reasonCode", a);
	answer->iccid = member(result, "iccid", a);
	if (!iccid_well_formed(answer->iccid))
		answer->iccid = STR_NONE;
	for (int i = 0; i < ORDER_STATUSES; i++) {
		if (str_is(status, status_names[i])) {
			answer->status = (enum order_status)i;
			return true;
		}
	}
	return false;
}

static enum eis_outcome refusal(int status, bool placing, struct str code)
{
	if (status == 404 && !placing && (str_is(code, "unknown-order") ||
					  str_is(code, "unknown-command")))
		return EIS_UNKNOWN_ORDER;
	if (status == 404 && placing && (str_is(code, "unknown-eid") ||
					 str_is(code, "unknown-device")))
		return EIS_UNKNOWN_EID;
	if (status == 401 || status == 403)
		return EIS_DENIED;
	/* Busy and broken servers get another chance, as do wrong paths. */
	if (status == 400 || status == 409 || status == 413 || status == 415 ||
	    status == 422)
		return placing ? EIS_REFUSED : EIS_BAD_ANSWER;
	return status >= 500 || status == 429 ? EIS_UNREACHABLE : EIS_BAD_ANSWER;
}

void eis_read(struct http_call *c, bool placing, struct eis_answer *answer)
{
	const cJSON *error;
	cJSON *tree;
	struct err err;

	*answer = (struct eis_answer){ .outcome = EIS_UNREACHABLE };
	if (c->failure != HTTP_OK)
		return;
	tree = json_parse(c->resp.body, &err);
	if (c->resp.status == 200 || c->resp.status == 201) {
		answer->outcome = read_order(tree, c->arena, answer) ?
				  EIS_ORDER : EIS_BAD_ANSWER;
	} else {
		error = cJSON_GetObjectItemCaseSensitive(tree, "error");
		answer->code = member(error, "code", c->arena);
		answer->message = member(error, "message", c->arena);
		answer->outcome = refusal(c->resp.status, placing, answer->code);
	}
	cJSON_Delete(tree);
}

/* In words that hold no secret. */
static void describe(struct buf *b, const struct http_call *c, enum eis_outcome outcome)
{
	if (c->failure != HTTP_OK) {
		buf_z(b, c->err.msg);
		return;
	}
	buf_printf(b, "%.*s answered %d to %.*s %.*s", STRF(c->host), c->resp.status,
		   STRF(c->req.method), STRF(c->req.path));
	if (outcome == EIS_DENIED)
		buf_z(b, ": expected it to take our credentials");
	else if (outcome == EIS_BAD_ANSWER)
		buf_z(b, ": expected an order, or an error as the contract has it");
}

/* One that comes and goes, or answers some and not others, is told now and then. */
void eis_tell(struct server *s, const struct http_call *c, enum eis_outcome outcome)
{
	bool is_trouble = outcome == EIS_DENIED || outcome == EIS_BAD_ANSWER ||
			  outcome == EIS_UNREACHABLE;
	int64_t now = loop_now(s->loop).ns;
	struct buf text;

	if (!s->owner || (!is_trouble && s->eis_trouble == EIS_ORDER) ||
	    outcome == s->eis_trouble)
		return;
	if (!is_trouble) {
		s->eis_trouble = EIS_ORDER;
		EVENT(s->log, SERVER_PARTY, "eis-recovered");
		return;
	}
	if (now < s->eis_quiet_ns)
		return;
	s->eis_trouble = outcome;
	s->eis_quiet_ns = now + TELL_EVERY_NS;
	buf_init(&text, 1000);
	describe(&text, c, outcome);
	EVENT(s->log, SERVER_PARTY, "eis-failed", F_STR("message", buf_view(&text)));
	buf_release(&text);
}

void eis_compare(const struct transaction *tx, struct eis_answer *answer)
{
	const struct eis_answer *a = answer;

	if (a->outcome != EIS_ORDER)
		return;
	if ((tx->order_id.n && !str_eq(a->order_id, tx->order_id)) ||
	    (a->eid.n && !str_eq(a->eid, tx->eid)) ||
	    (a->device_id.n && !str_ieq(a->device_id, tx->device_id)) ||
	    (a->reference.n && !str_eq(a->reference, tx->id)))
		answer->outcome = EIS_BAD_ANSWER;
}
