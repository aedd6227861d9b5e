/* The EIS's interface: docs/southbound.md, as handlers over eis_impl.h. */
#include "eis/eis_impl.h"
#include "proto/activation_code.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include "proto/profile.h"

#include <assert.h>

enum {
	BODY_MAX = 64 * 1024,
	TEXT_MAX = 128,			/* bytes of most members */
	MESSAGE_MAX = 512,
	REFERENCE_MAX = 64,		/* characters */
	EXPIRES_DEFAULT_S = 3600, EXPIRES_MAX_S = 86400,
};

/* ---- Answers. ---------------------------------------------------------- */

static struct json begin(struct eis *e)
{
	buf_clear(&e->out);
	return json_to(&e->out);
}

static void answer(struct eis *e, struct http_exchange *x, int status)
{
	assert(!e->out.over);	/* records and lists are bounded */
	http_respond_json(x, status, buf_view(&e->out));
}

static void answer_none(struct http_exchange *x)
{
	http_respond(x, 204, NULL, STR_NONE);
}

static void refuse(struct eis *e, struct http_exchange *x, int status,
		   const char *code, struct str message, const char *field)
{
	struct json j = begin(e);

	json_open(&j, '{');
	json_key(&j, "error");
	json_open(&j, '{');
	json_putz(&j, "code", code);
	json_put(&j, "message", message);
	if (field)
		json_putz(&j, "field", field);
	json_close(&j, '}');
	json_close(&j, '}');
	answer(e, x, status);
}

static void refuse_eid(struct eis *e, struct http_exchange *x, struct str eid)
{
	refuse(e, x, 404, "unknown-eid",
	       arena_printf(x->arena, "no eUICC with EID %.*s",
			    (int)(eid.n < 40 ? eid.n : 40), eid.p), "eid");
}

static void refuse_order(struct eis *e, struct http_exchange *x, struct str id)
{
	refuse(e, x, 404, "unknown-order",
	       arena_printf(x->arena, "no order %.*s",
			    (int)(id.n < 40 ? id.n : 40), id.p), NULL);
}

/* Takes as long whatever the text is, so that a token cannot be felt out. */
static bool same_token(const char *mine, struct str theirs)
{
	size_t n = strlen(mine);
	unsigned char differ = theirs.n != n;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)(mine[i] ^
					  (i < theirs.n ? theirs.p[i] : 0));
	return differ == 0;
}

/* Is it a server that may order?  If not, it is told so. */
static bool server_may(struct eis *e, struct http_exchange *x)
{
	struct str scheme = STR("Bearer ");
	struct str given = http_header(&x->req.headers, "Authorization");

	if (!e->token)
		return true;
	if (given.n > scheme.n &&
	    str_ieq((struct str){ given.p, scheme.n }, scheme)) {
		struct str token = { given.p + scheme.n, given.n - scheme.n };

		if (same_token(e->token, str_trim(token)))
			return true;
	}
	http_header_set(&x->resp.headers, x->arena, STR("WWW-Authenticate"),
			STR("Bearer"));
	refuse(e, x, 401, "unauthorized",
	       given.n ? STR("the bearer token is not the right one") :
			 STR("expected Authorization: Bearer <token>"), NULL);
	return false;
}

/* ---- Reading a body: the first thing that is wrong counts. ------------- */

struct form {
	struct eis *eis;
	struct http_exchange *x;
	cJSON *tree;		/* an object; given back by form_done() */
	const char *field;	/* the member that is wrong, or NULL */
	struct err err;
	bool bad;
};

static void form_bad(struct form *f, const char *field, const char *why)
{
	if (f->bad)
		return;
	f->bad = true;
	f->field = field;
	err_set(&f->err, ERR_INVALID, "%s: %s", field, why);
}

/* A member of a wrong type, or there twice: the message names it. */
static void form_wrong(struct form *f, const char *field, const struct err *err)
{
	if (f->bad)
		return;
	f->bad = true;
	f->field = field;
	f->err = *err;
}

/* -1 if there is no object to read; the caller has had its answer then. */
static int form_open(struct form *f, struct eis *e, struct http_exchange *x)
{
	struct str type = http_header(&x->req.headers, "Content-Type");
	struct str media = str_trim(str_split(&type, ';'));

	*f = (struct form){ .eis = e, .x = x };
	if (media.n && !str_ieq(media, STR("application/json"))) {
		refuse(e, x, 415, "unsupported-type",
		       STR("expected a body of type application/json"), NULL);
		return -1;
	}
	if (x->req.body.n > BODY_MAX) {
		refuse(e, x, 413, "too-large",
		       STR("expected a body of at most 64 KiB"), NULL);
		return -1;
	}
	f->tree = json_parse(x->req.body, &f->err);
	if (!f->tree) {
		refuse(e, x, 400, "bad-json", str_of(f->err.msg), NULL);
		return -1;
	}
	if (!cJSON_IsObject(f->tree)) {
		refuse(e, x, 400, "bad-json",
		       arena_printf(x->arena, "expected an object, found %s",
				    json_kind(f->tree)), NULL);
		cJSON_Delete(f->tree);
		return -1;
	}
	return 0;
}

/* Everything has been taken out: -1 if something was wrong, and then the
 * caller has had its answer. */
static int form_done(struct form *f)
{
	cJSON_Delete(f->tree);
	f->tree = NULL;
	if (!f->bad)
		return 0;
	refuse(f->eis, f->x, 400, "bad-value", str_of(f->err.msg), f->field);
	return -1;
}

/* A member of `object`, which is f->tree or lies in it. */
static struct str take_text(struct form *f, const cJSON *object,
			    const char *key, size_t size_max)
{
	struct err err;
	struct str s;

	if (json_get_str(object, key, f->x->arena, &s, &err) < 0) {
		form_wrong(f, key, &err);
		return STR_NONE;
	}
	if (s.n > size_max) {
		form_bad(f, key, "is too long");
		return STR_NONE;
	}
	return s;
}

static struct str need_text(struct form *f, const char *key, size_t size_max)
{
	struct str s = take_text(f, f->tree, key, size_max);

	if (!s.n)
		form_bad(f, key, "is required");
	return s;
}

static int64_t take_int(struct form *f, const cJSON *object, const char *key,
			int64_t lo, int64_t hi, int64_t usual)
{
	int64_t v = usual;
	struct err err;

	switch (json_get_int(object, key, &v, &err)) {
	case 0:
		return usual;
	case 1:
		if (v >= lo && v <= hi)
			return v;
		form_bad(f, key, "is out of range");
		return usual;
	}
	form_wrong(f, key, &err);
	return usual;
}

static struct str take_iccid(struct form *f, const cJSON *object,
			     const char *key, bool required)
{
	struct str s = take_text(f, object, key, TEXT_MAX);

	if (s.n ? !iccid_well_formed(s) : required)
		form_bad(f, key, "expected an ICCID of 19 or 20 digits");
	return s;
}

static struct str take_eid(struct form *f)
{
	struct str s = take_text(f, f->tree, "eid", TEXT_MAX);

	if (!eid_well_formed(s))
		form_bad(f, "eid", "expected an EID of 32 digits");
	return s;
}

/* Milliseconds since 1970, or INT64_MIN if it is not there. */
static int64_t take_time(struct form *f, const char *key)
{
	struct str s = take_text(f, f->tree, key, TEXT_MAX);
	int64_t ms = INT64_MIN;
	struct err err;

	if (s.n && clock_parse_iso(s, &ms, &err) < 0)
		form_bad(f, key, "expected a time such as 2026-01-31T23:59:59.000Z");
	return ms;
}

/* ---- Orders, from the server. ------------------------------------------ */

static size_t characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void take_code(struct form *f, struct eis_order_spec *spec)
{
	struct activation_code code;
	struct err err;

	spec->activation_code = need_text(f, "activationCode",
					  ACTIVATION_CODE_MAX);
	spec->confirmation_code = take_text(f, f->tree, "confirmationCode",
					    TEXT_MAX);
	if (!spec->activation_code.n)
		return;
	if (activation_code_parse(spec->activation_code, &code, &err) < 0)
		form_bad(f, "activationCode",
			 "expected the form LPA:1$<SM-DP+ address>$<matching id>");
	else
		spec->matching_id = code.matching_id;
}

static void take_order(struct form *f, struct eis_order_spec *spec,
		       struct str *eid)
{
	struct str operation;

	*eid = take_eid(f);
	operation = need_text(f, "operation", TEXT_MAX);
	if (operation.n && eis_order_operation_find(operation, &spec->operation) < 0)
		form_bad(f, "operation",
			 "expected download, enable, disable or delete");
	spec->iccid = take_iccid(f, f->tree, "iccid",
				 spec->operation != ORDER_DOWNLOAD);
	if (spec->operation == ORDER_DOWNLOAD)
		take_code(f, spec);
	spec->expires_in_s = take_int(f, f->tree, "expiresIn", 1, EXPIRES_MAX_S,
				      EXPIRES_DEFAULT_S);
	spec->reference = take_text(f, f->tree, "reference", REFERENCE_MAX * 4);
	if (characters(spec->reference) > REFERENCE_MAX)
		form_bad(f, "reference", "expected at most 64 characters");
}

static void answer_order(struct eis *e, struct http_exchange *x, int status,
			 const struct eis_order *o)
{
	struct json j = begin(e);

	eis_order_write(o, &j);
	answer(e, x, status);
}

static void post_order(void *ctx, struct http_exchange *x,
		       const struct str *args)
{
	struct eis *e = ctx;
	struct eis_order_spec spec = { 0 };
	struct eis_order *o;
	struct form f;
	struct err err;
	struct str eid;

	(void)args;
	if (!server_may(e, x) || form_open(&f, e, x) < 0)
		return;
	take_order(&f, &spec, &eid);
	if (form_done(&f) < 0)
		return;
	spec.record = eis_find(e, eid);
	o = spec.reference.n ? eis_find_reference(e, spec.reference) : NULL;
	if (o) {
		answer_order(e, x, 200, o);
	} else if (!spec.record) {
		refuse_eid(e, x, eid);
	} else if (!(o = eis_place(e, &spec, &err))) {
		refuse(e, x, 409, "queue-full", str_of(err.msg), NULL);
	} else {
		http_header_set(&x->resp.headers, x->arena, STR("Location"),
				arena_printf(x->arena, "/eis/v1/orders/%s", o->id));
		answer_order(e, x, 201, o);
	}
}

static void get_order(void *ctx, struct http_exchange *x,
		      const struct str *args)
{
	struct eis *e = ctx;
	const struct eis_order *o;

	if (!server_may(e, x))
		return;
	o = eis_find_order(e, args[0]);
	if (o)
		answer_order(e, x, 200, o);
	else
		refuse_order(e, x, args[0]);
}

static void delete_order(void *ctx, struct http_exchange *x,
			 const struct str *args)
{
	struct eis *e = ctx;
	struct eis_order *o;

	if (!server_may(e, x))
		return;
	o = eis_find_order(e, args[0]);
	if (!o)
		refuse_order(e, x, args[0]);
	else if (eis_cancel(e, o) < 0)
		refuse(e, x, 409, "not-queued",
		       arena_printf(x->arena, "order %s is %s: only a queued order can be taken "
		       "back",
				    o->id, eis_order_state_name(o->state)), NULL);
	else
		answer_none(x);
}

static void get_orders(void *ctx, struct http_exchange *x,
		       const struct str *args)
{
	struct eis *e = ctx;
	const struct eis_record *c;
	struct json j;

	if (!server_may(e, x))
		return;
	c = eis_find(e, args[0]);
	if (!c) {
		refuse_eid(e, x, args[0]);
		return;
	}
	j = begin(e);
	json_open(&j, '{');
	json_key(&j, "orders");
	json_open(&j, '[');
	for (const struct eis_order *o = c->first; o; o = o->next)
		eis_order_write(o, &j);
	json_close(&j, ']');
	json_close(&j, '}');
	answer(e, x, 200);
}

static void get_euicc(void *ctx, struct http_exchange *x,
		      const struct str *args)
{
	struct eis *e = ctx;
	const struct eis_record *c;
	struct json j;

	if (!server_may(e, x))
		return;
	c = eis_find(e, args[0]);
	if (!c) {
		refuse_eid(e, x, args[0]);
		return;
	}
	j = begin(e);
	eis_record_write(c, &j);
	answer(e, x, 200);
}

/* ---- What the device does. --------------------------------------------- */

static void get_next(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct eis *e = ctx;
	struct eis_record *c = eis_find(e, args[0]);
	const struct eis_order *o;
	struct json j;

	if (!c) {
		refuse_eid(e, x, args[0]);
		return;
	}
	o = eis_deliver(e, c);
	if (!o) {
		answer_none(x);
		return;
	}
	j = begin(e);
	eis_order_write_for_device(o, &j);
	answer(e, x, 200);
}

static void take_result(struct form *f, struct eis_order_result *r)
{
	struct str status = need_text(f, "status", TEXT_MAX);

	r->complete = str_is(status, "complete");
	if (!r->complete && !str_is(status, "failed"))
		form_bad(f, "status", "expected complete or failed");
	r->code = take_text(f, f->tree, "code", TEXT_MAX);
	if (!r->code.n)
		r->code = r->complete ? STR("ok") : STR("undefinedError");
	r->message = take_text(f, f->tree, "message", MESSAGE_MAX);
	r->subject = take_text(f, f->tree, "subjectCode", TEXT_MAX);
	r->reason = take_text(f, f->tree, "reasonCode", TEXT_MAX);
	r->iccid = take_iccid(f, f->tree, "iccid", false);
	r->completed_ms = take_time(f, "completed");
}

static void post_result(void *ctx, struct http_exchange *x,
			const struct str *args)
{
	struct eis *e = ctx;
	struct eis_order *o = eis_find_order(e, args[0]);
	struct eis_order_result r = { 0 };
	struct form f;
	struct str eid;

	if (form_open(&f, e, x) < 0)
		return;
	eid = take_eid(&f);
	take_result(&f, &r);
	if (form_done(&f) < 0)
		return;
	/* To name the eUICC is all that a device has to show. */
	if (!o || !str_is(eid, o->record->eid))
		refuse_order(e, x, args[0]);
	else if (eis_take_result(e, o, &r) < 0)
		refuse(e, x, 409, "not-delivered",
		       arena_printf(x->arena, "order %s has not been delivered",
				    o->id), NULL);
	else
		answer_none(x);
}

static unsigned take_rules(struct form *f, const cJSON *object)
{
	const cJSON *list, *rule;
	unsigned rules = 0;
	struct err err;

	if (json_get_list(object, "policyRules", &list, &err) < 0)
		form_wrong(f, "policyRules", &err);
	cJSON_ArrayForEach(rule, list) {
		const char *word = cJSON_IsString(rule) ? rule->valuestring : "";

		if (strcmp(word, "ppr1") == 0)
			rules |= PPR_NO_DISABLE;
		else if (strcmp(word, "ppr2") == 0)
			rules |= PPR_NO_DELETE;
		else if (strcmp(word, "pprUpdateControl") == 0)
			rules |= PPR_UPDATE_CONTROL;
		else
			form_bad(f, "policyRules",
				 "expected ppr1, ppr2 or pprUpdateControl");
	}
	return rules;
}

static void take_profile(struct form *f, const cJSON *object,
			 struct eis_profile *p)
{
	struct { const char *key; struct str *to; } texts[] = {
		{ "isdpAid", &p->isdp_aid }, { "spn", &p->spn },
		{ "profileName", &p->profile_name },
		{ "nickname", &p->nickname }, { "class", &p->class_name },
		{ "smdpAddress", &p->smdp_address }, { "mnoId", &p->mno_id },
		{ "imsi", &p->imsi }, { "msisdn", &p->msisdn },
	};
	struct str state = take_text(f, object, "state", TEXT_MAX);
	enum profile_class class = PROFILE_CLASS_OPERATIONAL;

	p->iccid = take_iccid(f, object, "iccid", true);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i].to = take_text(f, object, texts[i].key, TEXT_MAX);
	p->has_spn = p->spn.p != NULL;
	p->enabled = str_is(state, "enabled");
	if (!p->enabled && !str_is(state, "disabled"))
		form_bad(f, "state", "expected enabled or disabled");
	if (p->class_name.n && profile_class_parse(p->class_name, &class) < 0)
		form_bad(f, "class",
			 "expected operational, provisioning or test");
	p->class_name = str_of(profile_class_name(class));
	p->allocated = take_int(f, object, "allocatedMemory", 0, UINT32_MAX, -1);
	p->free = take_int(f, object, "freeMemory", 0, UINT32_MAX, -1);
	p->pol2 = take_rules(f, object);
}

static void take_sync(struct form *f, struct eis_sync *sync)
{
	const cJSON *list, *item;
	struct eis_profile *p;
	struct err err;

	sync->sequence = take_int(f, f->tree, "sequence", 0,
				  INT64_C(1) << 53, -1);
	if (sync->sequence < 0)
		form_bad(f, "sequence", "is required");
	sync->remaining = take_int(f, f->tree, "remainingMemory", 0, UINT32_MAX,
				   -1);
	switch (json_get_list(f->tree, "profiles", &list, &err)) {
	case -1:
		form_wrong(f, "profiles", &err);
		return;
	case 0:
		form_bad(f, "profiles", "is required");
		return;
	}
	p = arena_array(f->x->arena, EIS_PROFILES_MAX, sizeof(*p));
	sync->list = p;
	cJSON_ArrayForEach(item, list) {
		if (sync->count == EIS_PROFILES_MAX) {
			form_bad(f, "profiles", "expected at most 64 profiles");
			return;
		}
		if (!cJSON_IsObject(item)) {
			form_bad(f, "profiles", "expected a list of objects");
			return;
		}
		take_profile(f, item, &p[sync->count++]);
	}
}

static void put_profiles(void *ctx, struct http_exchange *x,
			 const struct str *args)
{
	struct eis *e = ctx;
	struct eis_record *c = eis_find(e, args[0]);
	struct eis_sync sync = { 0 };
	struct form f;

	if (!c) {
		refuse_eid(e, x, args[0]);
		return;
	}
	if (form_open(&f, e, x) < 0)
		return;
	take_sync(&f, &sync);
	if (form_done(&f) < 0)
		return;
	eis_sync_profiles(e, c, &sync);
	answer_none(x);
}

/* ---- Notifications, from the SM-DP+. ----------------------------------- */

static void take_notification(struct form *f, struct eis_notification *n)
{
	static const char *const operations[] = {
		"install", "enable", "disable", "delete",
	};
	struct str operation = need_text(f, "operation", TEXT_MAX);
	struct err err;

	n->operation = NULL;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (str_is(operation, operations[i]))
			n->operation = operations[i];
	if (!n->operation)
		form_bad(f, "operation",
			 "expected install, enable, disable or delete");
	n->iccid = take_iccid(f, f->tree, "iccid", true);
	n->sequence = take_int(f, f->tree, "sequenceNumber", 0,
			       INT64_C(1) << 53, 0);
	n->smdp_address = take_text(f, f->tree, "smdpAddress", TEXT_MAX);
	n->succeeded = true;
	if (json_get_bool(f->tree, "succeeded", &n->succeeded, &err) < 0)
		form_wrong(f, "succeeded", &err);
	take_time(f, "time");
}

static void post_notification(void *ctx, struct http_exchange *x,
			      const struct str *args)
{
	struct eis *e = ctx;
	struct eis_notification n;
	struct eis_record *c;
	struct form f;
	struct str eid;

	(void)args;
	if (form_open(&f, e, x) < 0)
		return;
	eid = take_eid(&f);
	take_notification(&f, &n);
	if (form_done(&f) < 0)
		return;
	c = eis_find(e, eid);
	if (!c) {
		refuse_eid(e, x, eid);
		return;
	}
	eis_take_notification(e, c, &n);
	answer_none(x);
}

/* ---- For operators. ------------------------------------------------------ */

static const cJSON *need_object(struct form *f, const cJSON *in, const char *key)
{
	const cJSON *o = cJSON_GetObjectItemCaseSensitive(in, key);

	if (!cJSON_IsObject(o))
		form_bad(f, key, "expected an object");
	return o;
}

/* A registry that also stands for the operator: it hears how downloads go (SGP.22,
 * 5.3.5) and writes that into the event log alone. */
static void post_progress(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct eis *e = ctx;
	struct str iccid, eid, status, subject = STR(""), reason = STR("");
	const cJSON *state, *codes;
	int64_t point;
	struct form f;

	(void)args;
	if (form_open(&f, e, x) < 0)
		return;
	iccid = take_iccid(&f, f.tree, "iccid", true);
	eid = take_text(&f, f.tree, "eid", TEXT_MAX);
	point = take_int(&f, f.tree, "notificationPointId", 1, 4, -1);
	if (point < 0)
		form_bad(&f, "notificationPointId", "is required");
	state = need_object(&f, f.tree, "notificationPointStatus");
	status = take_text(&f, state, "status", TEXT_MAX);
	codes = cJSON_GetObjectItemCaseSensitive(state, "statusCodeData");
	if (cJSON_IsObject(codes)) {
		subject = take_text(&f, codes, "subjectCode", TEXT_MAX);
		reason = take_text(&f, codes, "reasonCode", TEXT_MAX);
	}
	if (form_done(&f) < 0)
		return;
	EVENT(e->log, STR("eis"), "download-progress", F_STR("iccid", iccid),
	      F_STR("eid", eid), F_INT("point", point), F_STR("status", status),
	      F_STR("subject", subject), F_STR("reason", reason),
	      F_STR("from", x->from));
	answer_none(x);
}

/* Devices poll far more often than all the rest together: that comes first. */
static const struct route routes[] = {
	{ "GET", "/eis/v1/euicc/{eid}/orders/next", get_next },
	{ "POST", "/eis/v1/orders/{id}/result", post_result },
	{ "PUT", "/eis/v1/euicc/{eid}/profiles", put_profiles },
	{ "GET", "/eis/v1/orders/{id}", get_order },
	{ "POST", "/eis/v1/orders", post_order },
	{ "DELETE", "/eis/v1/orders/{id}", delete_order },
	{ "GET", "/eis/v1/euicc/{eid}/orders", get_orders },
	{ "GET", "/eis/v1/euicc/{eid}", get_euicc },
	{ "POST", "/eis/v1/notifications", post_notification },
	{ "POST", "/gsma/rsp2/es2plus/handleDownloadProgressInfo", post_progress },
	{ .method = NULL }
};

void eis_handle(struct http_handler *h, struct http_exchange *x)
{
	struct eis *e = (struct eis *)((char *)h - offsetof(struct eis, handler));
	struct str allow = STR_NONE;

	switch (route_dispatch(routes, e, x, &allow)) {
	case ROUTE_DONE:
		return;
	case ROUTE_NO_PATH:
		refuse(e, x, 404, "not-found", STR("there is nothing at this path"),
		       NULL);
		return;
	case ROUTE_NO_METHOD:
		http_header_set(&x->resp.headers, x->arena, STR("Allow"), allow);
		refuse(e, x, 405, "method-not-allowed",
		       arena_printf(x->arena, "expected one of: %.*s", STRF(allow)),
		       NULL);
		return;
	case ROUTE_BAD_PATH:
		refuse(e, x, 400, "bad-path", STR("a %-escape in the path is malformed"),
		       NULL);
		return;
	}
}
