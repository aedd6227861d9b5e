#include "server/actions.h"

#include "proto/device_id.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include "server/codes.h"
#include "server/core.h"
#include "server/profiles.h"

enum { CONFIRMATION_MAX = 64 };

/* ---- What a request is about. ------------------------------------------ */

static void to_upper(struct str s)
{
	char *p = (char *)(uintptr_t)s.p;	/* our own copy */

	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'a' && p[i] <= 'f')
			p[i] = (char)(p[i] - 32);
}

static int need(const char *key, struct str value, struct err *err)
{
	if (value.n)
		return 0;
	return err_set(err, ERR_INVALID, "\"%s\": required", key);
}

int action_check_iccid(struct str iccid, struct err *err)
{
	if (iccid_well_formed(iccid))
		return 0;
	return err_set(err, ERR_INVALID,
		       "\"iccid\": expected 19 or 20 digits, found %zu characters",
		       iccid.n);
}

int read_target(struct request *rq, const cJSON *body, bool need_eid,
		struct target *t, struct err *err)
{
	struct arena *a = rq->x->arena;
	struct str own = STR_NONE;
	struct stmt *q;

	t->customer_id = rq->user.customer_id;
	if (json_get_str(body, "device_id", a, &t->device_id, err) < 0 ||
	    json_get_str(body, "eid", a, &t->eid, err) < 0 ||
	    need("device_id", t->device_id, err) < 0 ||
	    (need_eid && need("eid", t->eid, err) < 0))
		return -1;
	if (!device_id_well_formed(t->device_id))
		return err_set(err, ERR_INVALID,
			       "\"device_id\": expected four groups of eight hex digits");
	if (t->eid.n && !eid_well_formed(t->eid))
		return err_set(err, ERR_INVALID,
			       "\"eid\": expected 32 digits, found %zu characters",
			       t->eid.n);
	to_upper(t->device_id);
	q = stmt_str(store_sql(rq->s->store, SQL_DEVICE_GET), t->device_id);
	if (!stmt_row(q))
		goto unknown;
	own = stmt_text(q, 2, a);
	if (stmt_i64(q, 1) != t->customer_id) {
		stmt_end(q);
		goto unknown;
	}
	stmt_end(q);
	if (!t->eid.n && !own.n)
		return err_set(err, ERR_INVALID,
			       "\"device_id\": device %.*s has not reported an eSIM yet",
			       STRF(t->device_id));
	if (!t->eid.n)
		t->eid = own;
	if (own.n && str_eq(t->eid, own))
		return 0;
	return err_set(err, ERR_INVALID,
		       "\"eid\": device %.*s has no eSIM with that EID",
		       STRF(t->device_id));
unknown:
	return err_set(err, ERR_NOT_FOUND, "device %.*s: not known",
		       STRF(t->device_id));
}

static int check_conflict(struct request *rq, const struct transaction *tx,
			  struct err *err)
{
	struct str other = transaction_conflict(rq->s, tx->eid, tx->iccid,
						rq->x->arena);

	if (!other.n)
		return 0;
	return err_set(err, ERR_STATE,
		       "transaction %.*s for the same profile is in progress",
		       STRF(other));
}

static int accept(struct request *rq, struct transaction *tx, struct json *out)
{
	transaction_create(rq->s, tx, rq->x->arena);
	json_open(out, '{');
	json_put(out, "transaction", tx->id);
	json_close(out, '}');
	return 0;
}

/* ---- On a profile that is there. --------------------------------------- */

static int on_profile(struct request *rq, const cJSON *body, enum action action,
		      struct json *out, struct err *err)
{
	struct transaction tx = { .action = action };
	struct target t;
	bool active;

	if (json_get_str(body, "iccid", rq->x->arena, &tx.iccid, err) < 0 ||
	    read_target(rq, body, true, &t, err) < 0 ||
	    need("iccid", tx.iccid, err) < 0 || action_check_iccid(tx.iccid, err) < 0)
		return -1;
	tx.customer_id = t.customer_id;
	tx.device_id = t.device_id;
	tx.eid = t.eid;
	if (!profile_is_there(rq->s, t.device_id, tx.iccid, &active))
		return err_set(err, ERR_NOT_FOUND,
			       "profile %.*s: device %.*s does not report it",
			       STRF(tx.iccid), STRF(t.device_id));
	if (check_conflict(rq, &tx, err) < 0)
		return -1;
	if (action == ACTION_ENABLE && active)
		return err_set(err, ERR_INVALID, "profile %.*s: active already",
			       STRF(tx.iccid));
	if (action == ACTION_DISABLE && !active)
		return err_set(err, ERR_INVALID, "profile %.*s: not active",
			       STRF(tx.iccid));
	return accept(rq, &tx, out);
}

int action_enable(struct request *rq, const cJSON *body, struct json *out,
		  struct err *err)
{
	return on_profile(rq, body, ACTION_ENABLE, out, err);
}

int action_disable(struct request *rq, const cJSON *body, struct json *out,
		   struct err *err)
{
	return on_profile(rq, body, ACTION_DISABLE, out, err);
}

int action_delete(struct request *rq, const cJSON *body, struct json *out,
		  struct err *err)
{
	/* Whether an active one may go is for the eUICC to say. */
	return on_profile(rq, body, ACTION_DELETE, out, err);
}

/* ---- Download. --------------------------------------------------------- */

/* Which registered code is meant, if any: by ICCID, or by its own text. */
static int find_code(struct request *rq, const struct transaction *tx,
		     struct code *code, bool *found, struct err *err)
{
	struct arena *a = rq->x->arena;

	*found = false;
	if (tx->activation_code.n)
		*found = code_find_secret(rq->s, tx->customer_id,
					  tx->activation_code, a, code);
	else if (code_find(rq->s, tx->customer_id, tx->iccid, a, code))
		*found = true;
	else
		return err_set(err, ERR_NOT_FOUND,
			       "\"iccid\": no activation code is registered for %.*s",
			       STRF(tx->iccid));
	return 0;
}

static int use_code(struct transaction *tx, const struct code *code,
		    struct err *err)
{
	struct str iccid = code->iccid;

	if (tx->iccid.n && !str_eq(tx->iccid, iccid))
		return err_set(err, ERR_INVALID,
			       "\"activation_code\": it is registered for another ICCID than %.*s",
			       STRF(tx->iccid));
	switch (code->status) {
	case CODE_AVAILABLE:
		break;
	case CODE_IN_USE:
		return err_set(err, ERR_STATE,
			       "activation code of ICCID %.*s: it is in use", STRF(iccid));
	case CODE_USED:
	case CODE_REFUSED:
		return err_set(err, ERR_INVALID,
			       "activation code of ICCID %.*s: %s", STRF(iccid),
			       code->status == CODE_USED ? "used up already" :
			       "refused by the profile server earlier");
	case CODE_STATUSES:
		break;
	}
	tx->code_rid = code->rid;
	tx->iccid = iccid;
	tx->activation_code = code->activation_code;
	if (!tx->confirmation_code.n)
		tx->confirmation_code = code->confirmation_code;
	return 0;
}

static int read_download(struct request *rq, const cJSON *body,
			 struct transaction *tx, struct err *err)
{
	struct arena *a = rq->x->arena;
	struct target t;

	if (json_get_str(body, "iccid", a, &tx->iccid, err) < 0 ||
	    json_get_str(body, "activation_code", a, &tx->activation_code, err) < 0 ||
	    json_get_str(body, "confirmation_code", a, &tx->confirmation_code, err) < 0 ||
	    read_target(rq, body, true, &t, err) < 0)
		return -1;
	tx->customer_id = t.customer_id;
	tx->device_id = t.device_id;
	tx->eid = t.eid;
	if (!tx->iccid.n && !tx->activation_code.n)
		return err_set(err, ERR_INVALID,
			       "\"activation_code\", or \"iccid\" of a registered one: required");
	if (tx->iccid.n && action_check_iccid(tx->iccid, err) < 0)
		return -1;
	if (tx->confirmation_code.n > CONFIRMATION_MAX)
		return err_set(err, ERR_INVALID,
			       "\"confirmation_code\": longer than %d bytes",
			       CONFIRMATION_MAX);
	return !tx->activation_code.n ? 0 :
	       code_canonical(tx->activation_code, a, &tx->activation_code, err);
}

static int check_download(struct request *rq, const struct transaction *tx,
			  struct err *err)
{
	struct arena *a = rq->x->arena;
	struct str other;
	bool active;

	if (tx->iccid.n &&
	    profile_is_there(rq->s, tx->device_id, tx->iccid, &active))
		return err_set(err, ERR_INVALID,
			       "profile %.*s: it is on the device already",
			       STRF(tx->iccid));
	if (tx->iccid.n && check_conflict(rq, tx, err) < 0)
		return -1;
	other = transaction_code_conflict(rq->s, tx->customer_id,
					  tx->activation_code, a);
	if (!other.n)
		return 0;
	return err_set(err, ERR_STATE,
		       "transaction %.*s with the same activation code is in progress",
		       STRF(other));
}

int action_download(struct request *rq, const cJSON *body, struct json *out,
		    struct err *err)
{
	struct transaction tx = { .action = ACTION_DOWNLOAD };
	struct code code;
	bool registered;

	if (read_download(rq, body, &tx, err) < 0 ||
	    find_code(rq, &tx, &code, &registered, err) < 0 ||
	    (registered && use_code(&tx, &code, err) < 0) ||
	    check_download(rq, &tx, err) < 0)
		return -1;
	if (registered)
		code_take(rq->s, code.rid, tx.device_id);
	return accept(rq, &tx, out);
}
