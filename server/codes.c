#include "server/codes.h"

#include "proto/activation_code.h"
#include "proto/iccid.h"
#include "proto/redact.h"
#include "proto/spn.h"
#include "server/core.h"

#include <assert.h>

enum { CARRIER_MAX = 256, CONFIRMATION_MAX = 64 };

static const char *const status_names[CODE_STATUSES] = {
	"available", "in_use", "used", "refused",
};

/* Refusals that are about the code, and so will come again. */
static const char *const refusing_subjects[] = {
	"8.2",		/* profile: not in a state to be downloaded */
	"8.2.6",	/* matching id */
	"8.8.5",	/* download order: expired, or tried too often */
};

const char *code_status_name(enum code_status s)
{
	assert(s < CODE_STATUSES);
	return status_names[s];
}

int code_canonical(struct str text, struct arena *a, struct str *canonical,
		   struct err *err)
{
	struct activation_code ac;
	struct buf b;

	if (activation_code_parse(text, &ac, err) < 0)
		return err_prefix(err, "\"activation_code\"");
	buf_init(&b, 2 * ACTIVATION_CODE_MAX);
	activation_code_print(&b, &ac);
	*canonical = arena_str(a, buf_view(&b));
	buf_release(&b);
	return 0;
}

static bool load(struct stmt *q, struct arena *a, struct code *code)
{
	struct str status;
	unsigned i = 0;

	if (!stmt_row(q))
		return false;
	status = stmt_peek(q, 2);
	while (i < CODE_STATUSES && !str_is(status, status_names[i]))
		i++;
	assert(i < CODE_STATUSES);	/* the store holds what we wrote */
	*code = (struct code){
		.rid = stmt_i64(q, 0),
		.iccid = stmt_text(q, 1, a),
		.status = (enum code_status)i,
		.activation_code = stmt_text(q, 3, a),
		.confirmation_code = stmt_text(q, 4, a),
	};
	stmt_end(q);
	return true;
}

bool code_find(struct server *s, int64_t customer_id, struct str iccid,
	       struct arena *a, struct code *code)
{
	struct stmt *q = store_sql(s->store, SQL_CODE_GET);

	return load(stmt_str(stmt_int(q, customer_id), iccid), a, code);
}

bool code_find_secret(struct server *s, int64_t customer_id,
		      struct str activation_code, struct arena *a,
		      struct code *code)
{
	struct stmt *q = store_sql(s->store, SQL_CODE_BY_HASH);
	uint8_t hash[AUTH_HASH_SIZE];

	auth_digest(activation_code, hash);
	stmt_blob(stmt_int(q, customer_id), hash, sizeof(hash));
	return load(q, a, code);
}

bool code_find_carrier(struct server *s, int64_t customer_id,
		       struct str normalized, struct arena *a, struct code *code)
{
	struct stmt *q = store_sql(s->store, SQL_CODE_FOR_SPN);

	return load(stmt_str(stmt_int(q, customer_id), normalized), a, code);
}

/* ---- From hand to hand. ------------------------------------------------ */

/* What is used stays so, whatever becomes of the transaction: a device may
 * have reported the profile of a download that is said to have failed. */
static void change(struct server *s, int64_t rid, enum code_status status,
		   struct str device_id, int64_t due_ms, int64_t tries)
{
	struct stmt *q = store_sql(s->store, SQL_CODE_CHANGE);

	stmt_str(stmt_int(q, rid), str_of(code_status_name(status)));
	stmt_int(stmt_str(q, device_id), due_ms);
	stmt_int(stmt_int(q, tries), server_now_ms(s));
	stmt_run(q);
	if (due_ms != STMT_NULL)
		server_due_at(s, due_ms);
}

void code_take(struct server *s, int64_t rid, struct str device_id)
{
	change(s, rid, CODE_IN_USE, device_id, STMT_NULL, 1);
}

void code_spend(struct server *s, int64_t rid, struct str device_id)
{
	change(s, rid, CODE_USED, device_id,
	       server_now_ms(s) + s->code_keep_ns / NS_PER_MS, 0);
}

void code_give_back(struct server *s, int64_t rid, bool refused)
{
	change(s, rid, refused ? CODE_REFUSED : CODE_AVAILABLE, STR_NONE,
	       STMT_NULL, 0);
}

void code_hold(struct server *s, int64_t rid, struct str device_id)
{
	change(s, rid, CODE_IN_USE, device_id,
	       server_now_ms(s) + s->verify_limit_ns / NS_PER_MS, 0);
}

bool code_is_refused(struct str subject_code)
{
	size_t n = sizeof(refusing_subjects) / sizeof(refusing_subjects[0]);

	for (size_t i = 0; i < n; i++)
		if (str_is(subject_code, refusing_subjects[i]))
			return true;
	return false;
}

void code_seen(struct server *s, int64_t customer_id, struct str iccid,
	       struct str device_id)
{
	int64_t now = server_now_ms(s);
	int64_t due = now + s->code_keep_ns / NS_PER_MS;
	struct stmt *q = store_sql(s->store, SQL_CODE_SPENT);

	stmt_str(stmt_str(stmt_int(q, customer_id), iccid), device_id);
	stmt_int(stmt_int(q, due), now);
	if (stmt_run(q) > 0)
		server_due_at(s, due);
}

int64_t codes_due(struct server *s)
{
	int64_t now = server_now_ms(s), next = INT64_MAX;
	struct stmt *q = store_sql(s->store, SQL_CODE_NEXT_DUE);

	if (stmt_row(q)) {
		next = stmt_is_null(q, 0) ? INT64_MAX : stmt_i64(q, 0);
		stmt_end(q);
	}
	if (next > now)
		return next;
	stmt_run(stmt_int(store_sql(s->store, SQL_CODE_RELEASE_DUE), now));
	stmt_run(stmt_int(store_sql(s->store, SQL_CODE_REMOVE_DUE), now));
	q = store_sql(s->store, SQL_CODE_NEXT_DUE);
	next = INT64_MAX;
	if (stmt_row(q)) {
		next = stmt_is_null(q, 0) ? INT64_MAX : stmt_i64(q, 0);
		stmt_end(q);
	}
	return next;
}

/* ---- Registering. ------------------------------------------------------ */

static int check_new(struct new_code *n, struct arena *a, struct err *err)
{
	if (!iccid_well_formed(n->iccid))
		return err_set(err, ERR_INVALID,
			       "\"iccid\": expected 19 or 20 digits, found %zu characters",
			       n->iccid.n);
	if (n->carrier.n == 0 || n->carrier.n > CARRIER_MAX)
		return err_set(err, ERR_INVALID,
			       "\"carrier\": expected 1 to %d bytes, found %zu",
			       CARRIER_MAX, n->carrier.n);
	if (redact_finds(n->carrier))
		return err_set(err, ERR_INVALID,
			       "\"carrier\": it holds an activation code");
	if (n->confirmation_code.n > CONFIRMATION_MAX)
		return err_set(err, ERR_INVALID,
			       "\"confirmation_code\": longer than %d bytes",
			       CONFIRMATION_MAX);
	if (!n->secret.n)
		return err_set(err, ERR_INVALID, "\"activation_code\": required");
	return code_canonical(n->secret, a, &n->secret, err);
}

int code_register(struct server *s, int64_t customer_id, struct new_code n,
		  struct arena *a, struct err *err)
{
	uint8_t hash[AUTH_HASH_SIZE];
	struct code old;
	struct stmt *q;

	if (check_new(&n, a, err) < 0)
		return -1;
	if (code_find(s, customer_id, n.iccid, a, &old) &&
	    old.status == CODE_IN_USE)
		return err_set(err, ERR_STATE,
			       "activation code of ICCID %.*s: it is in use", STRF(n.iccid));
	if (code_find_secret(s, customer_id, n.secret, a, &old) &&
	    !str_eq(old.iccid, n.iccid))
		return err_set(err, ERR_STATE,
			       "activation code: it is registered for ICCID %.*s already",
			       STRF(old.iccid));
	auth_digest(n.secret, hash);
	q = store_sql(s->store, SQL_CODE_ADD);
	stmt_str(stmt_str(stmt_int(q, customer_id), n.iccid), n.carrier);
	stmt_str(q, spn_fold(a, n.carrier));
	stmt_str(q, spn_normalize(a, n.carrier));
	stmt_blob(stmt_str(q, n.secret), hash, sizeof(hash));
	stmt_int(stmt_str(q, n.confirmation_code), server_now_ms(s));
	stmt_run(q);
	return 0;
}

int code_add(struct server *s, int64_t customer_id, const cJSON *body,
	     struct arena *a, struct str *iccid, struct err *err)
{
	struct new_code n = { 0 };

	if (json_get_str(body, "iccid", a, &n.iccid, err) < 0 ||
	    json_get_str(body, "carrier", a, &n.carrier, err) < 0 ||
	    json_get_str(body, "activation_code", a, &n.secret, err) < 0 ||
	    json_get_str(body, "confirmation_code", a, &n.confirmation_code, err) < 0)
		return -1;
	*iccid = n.iccid;
	return code_register(s, customer_id, n, a, err);
}
