#include "server/reports.h"

#include "proto/device_id.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include "proto/spn.h"
#include "server/codes.h"
#include "server/core.h"
#include "server/operations.h"
#include "server/profiles.h"
#include "server/resource.h"

enum { PROFILES_MAX = 256, TEXT_MAX = 256 };

struct reported {
	struct profile_row row;
	const struct profile_row *old;	/* as the store has it, or NULL */
	bool removed;
};

struct report {
	struct str device_id, eid;
	int64_t sequence;
	bool complete;
	struct reported *list;
	size_t count;
	/* What the store says of the device. */
	int64_t device_rid, customer_id, last_sequence;
	struct str known_eid;
};

/* ---- Reading. ---------------------------------------------------------- */

static int read_text(const cJSON *o, const char *key, struct arena *a,
		     struct str *value, struct err *err)
{
	if (json_get_str(o, key, a, value, err) < 0)
		return -1;
	if (value->n > TEXT_MAX)
		return err_set(err, ERR_INVALID, "\"%s\": longer than %d bytes",
			       key, TEXT_MAX);
	return 0;
}

static int read_profile(const cJSON *o, struct arena *a, struct reported *p,
			struct err *err)
{
	struct profile_row *row = &p->row;

	row->number = -1;
	if (!cJSON_IsObject(o))
		return err_set(err, ERR_INVALID,
			       "\"profiles\": expected objects, found %s", json_kind(o));
	if (read_text(o, "iccid", a, &row->iccid, err) < 0 ||
	    read_text(o, "carrier", a, &row->carrier, err) < 0 ||
	    read_text(o, "status", a, &row->status, err) < 0 ||
	    read_text(o, "type", a, &row->type, err) < 0 ||
	    json_get_int(o, "id", &row->number, err) < 0 ||
	    json_get_bool(o, "removed", &p->removed, err) < 0)
		return -1;
	if (!iccid_well_formed(row->iccid))
		return err_set(err, ERR_INVALID, "\"iccid\": expected 19 or 20 digits");
	if (!p->removed && !str_is(row->status, "active") &&
	    !str_is(row->status, "inactive"))
		return err_set(err, ERR_INVALID,
			       "\"status\": expected active or inactive");
	row->normalized_carrier = spn_normalize(a, row->carrier);
	return 0;
}

static int read_profiles(const cJSON *o, struct arena *a, struct report *r,
			 struct err *err)
{
	const cJSON *list, *item;
	int there = json_get_list(o, "profiles", &list, err);

	if (there <= 0)
		return there < 0 ? -1 :
		       err_set(err, ERR_INVALID, "\"profiles\": expected a list, found none");
	if (cJSON_GetArraySize(list) > PROFILES_MAX)
		return err_set(err, ERR_INVALID,
			       "\"profiles\": more than %d", PROFILES_MAX);
	r->list = arena_array(a, (size_t)cJSON_GetArraySize(list),
			      sizeof(*r->list));
	cJSON_ArrayForEach(item, list) {
		struct reported *p = &r->list[r->count];

		if (read_profile(item, a, p, err) < 0)
			return -1;
		for (size_t i = 0; i < r->count; i++)
			if (str_eq(r->list[i].row.iccid, p->row.iccid))
				return err_set(err, ERR_INVALID,
					       "\"profiles\": ICCID %.*s is there twice",
					       STRF(p->row.iccid));
		r->count++;
	}
	return 0;
}

static int read_report(const cJSON *o, struct arena *a, struct report *r,
		       struct err *err)
{
	int has_sequence;

	if (!cJSON_IsObject(o))
		return err_set(err, ERR_INVALID, "expected an object, found %s",
			       json_kind(o));
	r->complete = true;
	has_sequence = json_get_int(o, "sequence", &r->sequence, err);
	if (has_sequence < 0 ||
	    read_text(o, "device_id", a, &r->device_id, err) < 0 ||
	    read_text(o, "eid", a, &r->eid, err) < 0 ||
	    json_get_bool(o, "complete", &r->complete, err) < 0 ||
	    json_once(o, "time", err) < 0 || json_once(o, "cause", err) < 0)
		return -1;
	if (!device_id_well_formed(r->device_id))
		return err_set(err, ERR_INVALID,
			       "\"device_id\": expected four groups of eight hex digits");
	if (!eid_well_formed(r->eid))
		return err_set(err, ERR_INVALID, "\"eid\": expected 32 digits");
	if (!has_sequence || r->sequence < 0)
		return err_set(err, ERR_INVALID,
			       "\"sequence\": expected a number from 0 on");
	return read_profiles(o, a, r, err);
}

static int parse(struct str body, struct arena *a, struct report *r,
		 struct err *err)
{
	cJSON *tree;
	int rc;

	tree = json_parse(body, err);
	if (!tree)
		return -1;
	rc = read_report(tree, a, r, err);
	cJSON_Delete(tree);
	return rc;
}

/* ---- Applying. --------------------------------------------------------- */

static void tell(struct server *s, const char *event, const struct profile_row *p)
{
	TELL(s, event, F_STR("iccid", p->iccid),
	      F_STR("device_id", p->device_id), F_STR("status", p->status));
}

static void bind_number(struct stmt *q, int64_t number)
{
	stmt_int(q, number < 0 ? STMT_NULL : number);
}

static void create(struct server *s, const struct profile_row *p)
{
	struct stmt *q = store_sql(s->store, SQL_PROFILE_ADD);

	stmt_str(stmt_str(q, p->device_id), p->iccid);
	stmt_str(stmt_int(q, p->customer_id), p->eid);
	bind_number(q, p->number);
	stmt_str(stmt_str(q, p->carrier), spn_fold(&s->scratch, p->carrier));
	stmt_str(stmt_str(q, p->normalized_carrier), p->status);
	stmt_int(stmt_str(q, p->type), server_now_ms(s));
	stmt_run(q);
	tell(s, "profile-row-created", p);
	code_seen(s, p->customer_id, p->iccid, p->device_id);
}

static bool same_or_none(struct str a, struct str b)
{
	return !a.p == !b.p && str_eq(a, b);
}

static void change(struct server *s, const struct profile_row *old,
		   const struct profile_row *p)
{
	struct stmt *q;

	if (str_eq(old->status, p->status) && old->number == p->number &&
	    same_or_none(old->carrier, p->carrier) &&
	    same_or_none(old->type, p->type) && str_eq(old->eid, p->eid))
		return;
	q = store_sql(s->store, SQL_PROFILE_CHANGE);
	stmt_str(stmt_int(q, old->rid), p->eid);
	bind_number(q, p->number);
	stmt_str(stmt_str(q, p->carrier), spn_fold(&s->scratch, p->carrier));
	stmt_str(stmt_str(q, p->normalized_carrier), p->status);
	stmt_int(stmt_str(q, p->type), server_now_ms(s));
	stmt_run(q);
	tell(s, "profile-row-changed", p);
}

static void erase(struct server *s, const struct profile_row *p)
{
	stmt_run(stmt_int(store_sql(s->store, SQL_PROFILE_REMOVE), p->rid));
	tell(s, "profile-row-deleted", p);
}

static struct reported *find(struct report *r, struct str iccid)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(r->list[i].row.iccid, iccid))
			return &r->list[i];
	return NULL;
}

/* What is gone goes; what is there is found in the report. */
static void erase_and_match(struct server *s, struct report *r)
{
	struct profile_row *rows;
	size_t n = profiles_of_device(s, r->device_id, &s->scratch, &rows);

	for (size_t i = 0; i < n; i++) {
		struct reported *p = find(r, rows[i].iccid);

		if (p ? p->removed : r->complete)
			erase(s, &rows[i]);
		else if (p)
			p->old = &rows[i];
	}
}

static void write_rows(struct server *s, struct report *r, bool active)
{
	for (size_t i = 0; i < r->count; i++) {
		struct reported *p = &r->list[i];

		if (p->removed || profile_is_active(&p->row) != active)
			continue;
		p->row.device_id = r->device_id;
		p->row.customer_id = r->customer_id;
		p->row.eid = r->eid;
		if (p->old)
			change(s, p->old, &p->row);
		else
			create(s, &p->row);
	}
}

static void apply(struct server *s, struct report *r)
{
	struct stmt *q;

	erase_and_match(s, r);
	/* In this order no two are active at any moment in between. */
	write_rows(s, r, false);
	write_rows(s, r, true);
	if (!r->known_eid.n) {
		q = store_sql(s->store, SQL_DEVICE_SET_EID);
		stmt_run(stmt_str(stmt_int(q, r->device_rid), r->eid));
	}
	q = store_sql(s->store, SQL_DEVICE_REPORTED);
	stmt_int(stmt_int(stmt_int(q, r->device_rid), r->sequence), server_now_ms(s));
	stmt_run(q);
	TELL(s, "report-applied",
	      F_STR("device_id", r->device_id), F_INT("sequence", r->sequence));
	operations_reported(s, r->device_id);
}

/* ---- Answering. -------------------------------------------------------- */

static void put_refusal(struct http_exchange *x, int status, const char *code,
			struct str message)
{
	struct buf b;
	struct json j;

	buf_init(&b, 4096);
	j = json_to(&b);
	json_open(&j, '{');
	json_key(&j, "error");
	json_open(&j, '{');
	json_putz(&j, "code", code);
	json_put(&j, "message", message);
	json_close(&j, '}');
	json_close(&j, '}');
	reply_put_json(x, status, buf_view(&b));
	buf_release(&b);
}

static void refuse(struct server *s, struct http_exchange *x, int status,
		   const char *code, struct str message)
{
	put_refusal(x, status, code, message);
	server_reply(s, x);
}

void report_too_large(struct http_exchange *x)
{
	put_refusal(x, 413, "too-large", arena_printf(x->arena,
		    "the body is longer than %d bytes", REPORT_BODY_MAX));
}

void report_malformed(struct http_exchange *x, int status, const char *why)
{
	put_refusal(x, status, "malformed-report", str_of(why));
}

static void ignored(struct server *s, struct http_exchange *x,
		    const struct report *r, struct str why)
{
	struct buf b;
	struct json j;

	TELL(s, "report-ignored",
	      F_STR("device_id", r->device_id), F_INT("sequence", r->sequence),
	      F_STR("why", why));
	buf_init(&b, 4096);
	j = json_to(&b);
	json_open(&j, '{');
	json_put_bool(&j, "applied", false);
	json_put(&j, "reason", why);
	json_close(&j, '}');
	reply_json(s, x, 200, buf_view(&b));
	buf_release(&b);
}

static bool find_device(struct server *s, struct report *r, struct arena *a)
{
	struct stmt *q;

	store_begin(s->store);
	q = store_sql(s->store, SQL_DEVICE_GET);
	r->device_id = resource_letters(CASE_UPPER, r->device_id, a);
	if (!stmt_row(stmt_str(q, r->device_id)))
		return false;
	r->device_rid = stmt_i64(q, 0);
	r->customer_id = stmt_i64(q, 1);
	r->known_eid = stmt_text(q, 2, a);
	r->last_sequence = stmt_i64(q, 3);
	stmt_end(q);
	return true;
}

/* Is the EID that of another device? */
static bool is_anothers(struct server *s, const struct report *r)
{
	struct stmt *q;

	if (r->known_eid.n)
		return !str_eq(r->known_eid, r->eid);
	q = store_sql(s->store, SQL_DEVICE_BY_EID);
	if (!stmt_row(stmt_str(q, r->eid)))
		return false;
	stmt_end(q);
	return true;
}

/* Is it a POST of JSON that is not too large? */
static bool has_form(struct server *s, struct http_exchange *x)
{
	struct str type = http_header(&x->req.headers, "Content-Type");

	if (!str_is(x->req.method, "POST")) {
		http_header_set(&x->resp.headers, x->arena, STR("Allow"), STR("POST, OPTIONS"));
		if (str_is(x->req.method, "OPTIONS")) {
			x->resp.status = 204;
			server_reply(s, x);
		} else {
			refuse(s, x, 405, "method-not-allowed", STR("the path takes POST only"));
		}
	} else if (x->req.body.n > REPORT_BODY_MAX) {
		report_too_large(x);
		server_reply(s, x);
	} else if (type.n && !is_json_type(type)) {
		refuse(s, x, 415, "unsupported-type", STR("expected application/json"));
	} else {
		return true;
	}
	return false;
}

void report_handle(struct server *s, struct http_exchange *x)
{
	struct arena *a = x->arena;
	struct report r = { 0 };
	struct err err;

	if (!has_form(s, x))
		return;
	if (!auth_bearer(x, s->report_token)) {
		http_header_set(&x->resp.headers, a, STR("WWW-Authenticate"), STR("Bearer"));
		refuse(s, x, 401, "unauthorized", STR("the token for reports is missing or wrong"));
	} else if (parse(x->req.body, a, &r, &err) < 0) {
		refuse(s, x, 400, "malformed-report", str_of(err.msg));
	} else if (!find_device(s, &r, a)) {
		refuse(s, x, 404, "unknown-device",
		       arena_printf(a, "no device %.*s", STRF(r.device_id)));
	} else if (is_anothers(s, &r)) {
		refuse(s, x, 400, "wrong-eid",
		       arena_printf(a, "EID %.*s is not that of device %.*s",
				    STRF(r.eid), STRF(r.device_id)));
	} else if (r.sequence <= r.last_sequence) {
		ignored(s, x, &r, arena_printf(a, "stale sequence %lld, last %lld",
					       (long long)r.sequence,
					       (long long)r.last_sequence));
	} else {
		apply(s, &r);
		reply_json(s, x, 200, STR("{\"applied\":true}"));
	}
	arena_clear(&s->scratch);
}
