#include "server/operations.h"

#include "proto/redact.h"
#include "proto/spn.h"
#include "server/actions.h"
#include "server/codes.h"
#include "server/core.h"
#include "server/profiles.h"
#include "server/resource.h"
#include "server/transactions.h"

#include <assert.h>

enum { NAME_MAX_BYTES = 256 };

#define S(x) OPERATION_##x
#define E(x) OPERATION_EV_##x

/* Every legal move.  A cell that is not written is a refusal. */
static const enum operation_status moves[OPERATION_STATUSES][OPERATION_EVENTS] = {
	[S(STARTING)]        = { [E(DOWNLOAD)] = S(DOWNLOADING),
				 [E(ENABLE)]   = S(ENABLING),
				 [E(ACTIVE)]   = S(ENABLE_VERIFY),
				 [E(FAIL)]     = S(FAILED) },
	[S(DOWNLOADING)]     = { [E(DONE)]     = S(DOWNLOAD_VERIFY),
				 [E(FAIL)]     = S(FAILED) },
	[S(DOWNLOAD_VERIFY)] = { [E(ENABLE)]   = S(ENABLING),
				 [E(ACTIVE)]   = S(ENABLE_VERIFY),
				 [E(REPORTED)] = S(SUCCESSFUL),
				 [E(FAIL)]     = S(FAILED) },
	[S(ENABLING)]        = { [E(DONE)]     = S(ENABLE_VERIFY),
				 [E(FAIL)]     = S(FAILED) },
	[S(ENABLE_VERIFY)]   = { [E(REPORTED)] = S(SUCCESSFUL),
				 [E(FAIL)]     = S(FAILED) },
};

static const char *const kind_names[OPERATION_KINDS] = {
	"activate", "download", "enable",
};

static const char *const status_names[OPERATION_STATUSES] = {
	"none", "starting", "download", "download_verify", "enable",
	"enable_verify", "failed", "successful",
};

/* What a status says of itself, unless there is more to say. */
static const enum message status_messages[OPERATION_STATUSES] = {
	[S(STARTING)] = MSG_STARTING,
	[S(DOWNLOADING)] = MSG_DOWNLOADING,
	[S(DOWNLOAD_VERIFY)] = MSG_AWAIT_DOWNLOAD_REPORT,
	[S(ENABLING)] = MSG_ENABLING,
	[S(ENABLE_VERIFY)] = MSG_AWAIT_ENABLE_REPORT,
	[S(SUCCESSFUL)] = MSG_SUCCESSFUL,
};

/* A row, and what is changed in it. */
struct operation {
	int64_t rid;
	struct str id;
	int64_t customer_id;
	struct str device_id, eid, iccid, carrier, normalized_carrier;
	enum operation_kind kind;
	enum operation_status status;
	struct str download_tx, enable_tx;
	int64_t deadline_ms;		/* STMT_NULL: none */
	bool was_active;		/* nothing had to be done */
};

const char *operation_kind_name(enum operation_kind k)
{
	assert(k < OPERATION_KINDS);
	return kind_names[k];
}

const char *operation_status_name(enum operation_status s)
{
	assert(s < OPERATION_STATUSES);
	return status_names[s];
}

enum operation_status operation_next(enum operation_status from,
				     enum operation_event event)
{
	assert(from < OPERATION_STATUSES && event < OPERATION_EVENTS);
	return moves[from][event];
}

/* The index of `word`, or `count`. */
static unsigned index_of(struct str word, const char *const *names, unsigned count)
{
	unsigned i = 0;

	while (i < count && !str_is(word, names[i]))
		i++;
	return i;
}

static bool load(struct server *s, int64_t rid, struct operation *op)
{
	struct arena *a = &s->scratch;
	struct stmt *q = stmt_int(store_sql(s->store, SQL_OP_GET), rid);

	if (!stmt_row(q))
		return false;
	*op = (struct operation){
		.rid = stmt_i64(q, 0),
		.id = stmt_text(q, 1, a),
		.customer_id = stmt_i64(q, 2),
		.device_id = stmt_text(q, 3, a),
		.eid = stmt_text(q, 4, a),
		.iccid = stmt_text(q, 5, a),
		.carrier = stmt_text(q, 6, a),
		.normalized_carrier = stmt_text(q, 7, a),
		.kind = index_of(stmt_peek(q, 8), kind_names, OPERATION_KINDS),
		.status = index_of(stmt_peek(q, 9), status_names, OPERATION_STATUSES),
		.download_tx = stmt_text(q, 10, a),
		.enable_tx = stmt_text(q, 11, a),
		.deadline_ms = stmt_is_null(q, 12) ? STMT_NULL : stmt_i64(q, 12),
	};
	stmt_end(q);
	assert(op->kind < OPERATION_KINDS && op->status < OPERATION_STATUSES);
	return true;
}

/* ---- Moving. ----------------------------------------------------------- */

static void save(struct server *s, const struct operation *op, struct str code,
		 struct str text)
{
	int64_t now = server_now_ms(s);
	bool over = op->status == OPERATION_FAILED ||
		    op->status == OPERATION_SUCCESSFUL;
	struct stmt *q = store_sql(s->store, SQL_OP_CHANGE);

	stmt_str(stmt_int(q, op->rid), str_of(operation_status_name(op->status)));
	stmt_str(stmt_str(q, code), text);
	stmt_str(stmt_str(stmt_str(q, op->iccid), op->download_tx), op->enable_tx);
	stmt_int(stmt_int(q, now), op->deadline_ms);
	stmt_int(q, over ? now : STMT_NULL);
	stmt_run(q);
	TELL(s, "operation-status", F_STR("operation", op->id),
	      F_Z("status", operation_status_name(op->status)),
	      F_STR("message_code", code), F_STR("device_id", op->device_id),
	      F_STR("iccid", op->iccid));
}

static void move_with(struct server *s, struct operation *op,
		      enum operation_event event, struct str code, struct str text)
{
	enum operation_status next = operation_next(op->status, event);

	assert(next != OPERATION_NONE);
	op->status = next;
	op->deadline_ms = STMT_NULL;
	if (next == OPERATION_DOWNLOAD_VERIFY || next == OPERATION_ENABLE_VERIFY) {
		op->deadline_ms = server_now_ms(s) + s->verify_limit_ns / NS_PER_MS;
		server_due_at(s, op->deadline_ms);
	}
	save(s, op, code, text);
}

static bool move(struct server *s, struct operation *op,
		 enum operation_event event, enum message m)
{
	move_with(s, op, event, str_of(message_code(m)), str_of(message_text(m)));
	return true;
}

/* To where `event` leads, with what that status says of itself. */
static bool go(struct server *s, struct operation *op, enum operation_event event)
{
	return move(s, op, event, status_messages[operation_next(op->status, event)]);
}

static bool fail(struct server *s, struct operation *op, enum message m)
{
	return move(s, op, OPERATION_EV_FAIL, m);
}

/* ---- The steps: true if the operation moved. --------------------------- */

static bool begin_download(struct server *s, struct operation *op,
			   const struct code *code)
{
	struct transaction tx = {
		.customer_id = op->customer_id, .device_id = op->device_id,
		.eid = op->eid, .iccid = code->iccid,
		.action = ACTION_DOWNLOAD, .code_rid = code->rid,
		.activation_code = code->activation_code,
		.confirmation_code = code->confirmation_code,
		.operation = op->rid,
	};

	if (transaction_conflict(s, op->eid, code->iccid, &s->scratch).n ||
	    transaction_code_conflict(s, op->customer_id, code->activation_code,
				      &s->scratch).n)
		return fail(s, op, MSG_CONFLICT);
	code_take(s, code->rid, op->device_id);
	transaction_create(s, &tx, &s->scratch);
	op->iccid = code->iccid;
	op->download_tx = tx.id;
	return go(s, op, OPERATION_EV_DOWNLOAD);
}

static bool begin_enable(struct server *s, struct operation *op, struct str iccid)
{
	struct transaction tx = {
		.customer_id = op->customer_id, .device_id = op->device_id,
		.eid = op->eid, .iccid = iccid, .action = ACTION_ENABLE,
		.operation = op->rid,
	};

	if (transaction_conflict(s, op->eid, iccid, &s->scratch).n)
		return fail(s, op, MSG_CONFLICT);
	transaction_create(s, &tx, &s->scratch);
	op->iccid = iccid;
	op->enable_tx = tx.id;
	return go(s, op, OPERATION_EV_ENABLE);
}

/* The profile is there: make it active, if it is not. */
static bool use_profile(struct server *s, struct operation *op,
			const struct profile_row *p)
{
	if (!profile_is_active(p))
		return begin_enable(s, op, p->iccid);
	op->iccid = p->iccid;
	op->was_active = true;
	return go(s, op, OPERATION_EV_ACTIVE);
}

/* A profile on the device that the request means: by ICCID, or by SPN. */
static bool wanted_profile(struct server *s, const struct operation *op,
			   struct profile_row *p)
{
	if (op->iccid.n)
		return profile_find(s, op->device_id, op->iccid, &s->scratch, p);
	return profile_find_carrier(s, op->device_id, op->eid,
				    op->normalized_carrier, &s->scratch, p);
}

static bool wanted_code(struct server *s, const struct operation *op,
			struct code *code)
{
	if (op->iccid.n)
		return code_find(s, op->customer_id, op->iccid, &s->scratch, code);
	return code_find_carrier(s, op->customer_id, op->normalized_carrier,
				 &s->scratch, code);
}

static bool step_starting(struct server *s, struct operation *op)
{
	struct profile_row p;
	struct code code;
	bool there = (op->kind != OPERATION_DOWNLOAD || op->iccid.n) &&
		     wanted_profile(s, op, &p);

	if (there && op->kind == OPERATION_DOWNLOAD)
		return fail(s, op, MSG_ALREADY_PRESENT);
	if (there)
		return use_profile(s, op, &p);
	if (op->kind == OPERATION_ENABLE)
		return fail(s, op, MSG_NO_PROFILE);
	if (!wanted_code(s, op, &code) || code.status == CODE_USED ||
	    code.status == CODE_REFUSED)
		return fail(s, op, op->kind == OPERATION_ACTIVATE ?
				   MSG_NO_CODE_OR_PROFILE : MSG_NO_CODE);
	if (code.status == CODE_IN_USE)
		return fail(s, op, MSG_CODE_IN_USE);
	return begin_download(s, op, &code);
}

/* A transaction that nobody knows the end of is left to the report. */
static bool step_transaction(struct server *s, struct operation *op, struct str id)
{
	struct transaction tx;

	if (!transaction_find(s, id, &s->scratch, &tx))
		return false;
	switch (tx.status) {
	case TRANSACTION_IN_PROGRESS:
		return false;
	case TRANSACTION_COMPLETE:
		if (tx.iccid.n)
			op->iccid = tx.iccid;
		return go(s, op, OPERATION_EV_DONE);
	case TRANSACTION_UNKNOWN:
		return go(s, op, OPERATION_EV_DONE);
	case TRANSACTION_FAILED:
		move_with(s, op, OPERATION_EV_FAIL, tx.message_code, tx.message);
		return true;
	case TRANSACTION_STATUSES:
		break;
	}
	return false;
}

static bool is_late(struct server *s, const struct operation *op)
{
	return op->deadline_ms != STMT_NULL && op->deadline_ms <= server_now_ms(s);
}

static bool step_download_verify(struct server *s, struct operation *op)
{
	struct profile_row p;

	if (!profile_find(s, op->device_id, op->iccid, &s->scratch, &p))
		return is_late(s, op) && fail(s, op, MSG_DOWNLOAD_NOT_REPORTED);
	if (op->kind == OPERATION_DOWNLOAD)
		return go(s, op, OPERATION_EV_REPORTED);
	return use_profile(s, op, &p);
}

static bool step_enable_verify(struct server *s, struct operation *op)
{
	struct profile_row p;
	bool there = profile_find(s, op->device_id, op->iccid, &s->scratch, &p);

	if (there && profile_is_active(&p))
		return move(s, op, OPERATION_EV_REPORTED, op->was_active &&
			    !op->download_tx.n ? MSG_ALREADY_ACTIVE : MSG_SUCCESSFUL);
	/* A list without the profile may be an older one: there is time for another. */
	return is_late(s, op) && fail(s, op, there ? MSG_ENABLE_NOT_REPORTED :
					     MSG_PROFILE_GONE);
}

/* Is the device still there, with that eSIM and in that account? */
static bool is_known(struct server *s, const struct operation *op)
{
	struct stmt *q = stmt_str(store_sql(s->store, SQL_DEVICE_GET), op->device_id);
	bool known;

	if (!stmt_row(q))
		return false;
	known = stmt_i64(q, 1) == op->customer_id && str_eq(stmt_peek(q, 2), op->eid);
	stmt_end(q);
	return known;
}

static bool step(struct server *s, struct operation *op)
{
	switch (op->status) {
	case OPERATION_STARTING:
		return is_known(s, op) ? step_starting(s, op) :
					 fail(s, op, MSG_DEVICE_REMOVED);
	case OPERATION_DOWNLOADING:
		return step_transaction(s, op, op->download_tx);
	case OPERATION_DOWNLOAD_VERIFY:
		return is_known(s, op) ? step_download_verify(s, op) :
					 fail(s, op, MSG_DEVICE_REMOVED);
	case OPERATION_ENABLING:
		return step_transaction(s, op, op->enable_tx);
	case OPERATION_ENABLE_VERIFY:
		return is_known(s, op) ? step_enable_verify(s, op) :
					 fail(s, op, MSG_DEVICE_REMOVED);
	case OPERATION_NONE:
	case OPERATION_FAILED:
	case OPERATION_SUCCESSFUL:
	case OPERATION_STATUSES:
		break;
	}
	return false;
}

void operation_step(struct server *s, int64_t rid)
{
	struct operation op;

	store_begin(s->store);
	if (!load(s, rid, &op))
		return;
	while (!store_failed(s->store) && step(s, &op))
		;
}

/* ---- Who moves them. --------------------------------------------------- */

/* The rows first: a step runs statements of its own. */
static void step_all(struct server *s, struct stmt *q)
{
	struct { int64_t *list; size_t n, cap; } rids = { 0 };

	while (stmt_row(q)) {
		if (rids.n == rids.cap) {
			int64_t *old = rids.list;

			rids.cap = rids.cap ? 2 * rids.cap : 16;
			rids.list = arena_array(&s->scratch, rids.cap, sizeof(*old));
			if (rids.n)
				memcpy(rids.list, old, rids.n * sizeof(*old));
		}
		rids.list[rids.n++] = stmt_i64(q, 0);
	}
	for (size_t i = 0; i < rids.n; i++)
		operation_step(s, rids.list[i]);
}

void operations_reported(struct server *s, struct str device_id)
{
	step_all(s, stmt_str(store_sql(s->store, SQL_OP_OF_DEVICE), device_id));
}

void operations_start(struct server *s)
{
	step_all(s, store_sql(s->store, SQL_OP_STARTING));
}

void operations_resume(struct server *s)
{
	step_all(s, store_sql(s->store, SQL_OP_RUNNING));
}

static int64_t next_deadline(struct server *s)
{
	struct stmt *q = store_sql(s->store, SQL_OP_NEXT_DUE);
	int64_t next = INT64_MAX;

	if (stmt_row(q)) {
		next = stmt_is_null(q, 0) ? INT64_MAX : stmt_i64(q, 0);
		stmt_end(q);
	}
	return next;
}

int64_t operations_due(struct server *s)
{
	int64_t now = server_now_ms(s), next = next_deadline(s);

	if (next > now)
		return next;
	step_all(s, stmt_int(store_sql(s->store, SQL_OP_DUE), now));
	return next_deadline(s);
}

/* ---- Creating. --------------------------------------------------------- */

struct new_operation {
	struct target target;
	struct str carrier, iccid, operation, cause, cause_id, source;
	struct str normalized;
};

static int one_of(const char *key, struct str value, const char *const *names,
		  unsigned count, struct err *err)
{
	struct buf list;

	if (index_of(value, names, count) < count)
		return 0;
	buf_init(&list, 200);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	err_set(err, ERR_INVALID, "\"%s\": expected one of %.*s%s", key,
		STRF(buf_view(&list)), value.n ? "" : ", found nothing");
	buf_release(&list);
	return -1;
}

/* What is shown to all who may read must not be a secret in the wrong place. */
static int check_shown(const char *key, struct str value, struct err *err)
{
	if (!redact_finds(value))
		return 0;
	return err_set(err, ERR_INVALID, "\"%s\": it holds an activation code", key);
}

static int read_new(struct request *rq, const cJSON *body,
		    struct new_operation *n, struct err *err)
{
	static const char *const causes[] = { "request", "automation", "template" };
	struct arena *a = rq->x->arena;

	if (json_get_str(body, "carrier", a, &n->carrier, err) < 0 ||
	    json_get_str(body, "iccid", a, &n->iccid, err) < 0 ||
	    json_get_str(body, "operation", a, &n->operation, err) < 0 ||
	    json_get_str(body, "cause", a, &n->cause, err) < 0 ||
	    json_get_str(body, "cause_id", a, &n->cause_id, err) < 0 ||
	    json_get_str(body, "source", a, &n->source, err) < 0)
		return -1;
	if (!n->cause.n)
		n->cause = STR("request");
	if (!n->source.n)
		n->source = STR("v1/esim_profiles/operations");
	if (one_of("operation", n->operation, kind_names, OPERATION_KINDS, err) < 0 ||
	    one_of("cause", n->cause, causes, 3, err) < 0)
		return -1;
	if (n->carrier.n > NAME_MAX_BYTES || n->cause_id.n > NAME_MAX_BYTES ||
	    n->source.n > NAME_MAX_BYTES)
		return err_set(err, ERR_INVALID,
			       "\"carrier\", \"cause_id\", \"source\": at most %d bytes",
			       NAME_MAX_BYTES);
	if (check_shown("carrier", n->carrier, err) < 0 ||
	    check_shown("cause_id", n->cause_id, err) < 0 ||
	    check_shown("source", n->source, err) < 0)
		return -1;
	n->normalized = spn_normalize(a, n->carrier);
	if (!n->iccid.n && !n->carrier.n)
		return err_set(err, ERR_INVALID, "\"carrier\" or \"iccid\": required");
	if (!n->iccid.n && !n->normalized.n)
		return err_set(err, ERR_INVALID,
			       "\"carrier\": nothing is left of it to match by");
	if (n->iccid.n && action_check_iccid(n->iccid, err) < 0)
		return -1;
	return read_target(rq, body, false, &n->target, err);
}

/* What is empty was not given. */
static struct str given(struct str s)
{
	return s.n ? s : STR_NONE;
}

static int check_conflict(struct request *rq, const struct new_operation *n,
			  struct err *err)
{
	struct stmt *q = store_sql(rq->s->store, SQL_OP_CONFLICT);
	struct str id;

	stmt_str(stmt_str(q, n->target.device_id), n->target.eid);
	stmt_str(stmt_str(q, n->normalized), given(n->iccid));
	if (!stmt_row(q))
		return 0;
	id = stmt_text(q, 0, rq->x->arena);
	stmt_end(q);
	return err_set(err, ERR_STATE,
		       "operation %.*s for the same profile on the same device is running",
		       STRF(id));
}

static void add(struct request *rq, const struct new_operation *n, struct str id)
{
	struct server *s = rq->s;
	struct stmt *q = store_sql(s->store, SQL_OP_ADD);

	stmt_int(stmt_str(q, id), n->target.customer_id);
	stmt_str(stmt_str(q, n->target.device_id), n->target.eid);
	stmt_str(stmt_str(q, given(n->iccid)), given(n->carrier));
	stmt_str(stmt_str(q, n->normalized), n->operation);
	stmt_str(q, str_of(message_code(MSG_STARTING)));
	stmt_str(q, str_of(message_text(MSG_STARTING)));
	stmt_str(stmt_str(q, n->cause), given(n->cause_id));
	stmt_str(stmt_str(q, rq->user.name), n->source);
	stmt_run(stmt_int(q, server_now_ms(s)));
}

int operation_create(struct request *rq, const cJSON *body, struct json *out,
		     struct err *err)
{
	struct new_operation n = { 0 };
	char id[RNG_UUID_SIZE];

	if (read_new(rq, body, &n, err) < 0 || check_conflict(rq, &n, err) < 0)
		return -1;
	rng_uuid(&rq->s->ids, id);
	add(rq, &n, str_of(id));
	TELL(rq->s, "operation-status", F_Z("operation", id),
	      F_Z("status", "starting"),
	      F_Z("message_code", message_code(MSG_STARTING)),
	      F_STR("device_id", n.target.device_id), F_STR("iccid", n.iccid));
	server_kick(rq->s);
	resource_item(rq->s, RESOURCE_OPERATIONS, rq->user.customer_id,
		      str_of(id), rq->x->arena, out);
	return 0;
}
