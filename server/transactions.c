#include "server/transactions.h"

#include "proto/activation_code.h"
#include "proto/redact.h"
#include "server/codes.h"
#include "server/core.h"
#include "server/eis_client.h"
#include "server/operations.h"

#include <assert.h>

enum { DETAIL_MAX = 200, CODE_MAX = 15 };

static const char *const action_names[ACTIONS] = {
	"download", "enable", "disable", "delete",
};

static const char *const status_names[TRANSACTION_STATUSES] = {
	"in_progress", "complete", "failed", "unknown",
};

/* How a transaction ends, in the event log. */
static const char *const end_events[TRANSACTION_STATUSES] = {
	[TRANSACTION_COMPLETE] = "transaction-complete",
	[TRANSACTION_FAILED] = "transaction-failed",
	[TRANSACTION_UNKNOWN] = "transaction-unknown",
};

static const enum message order_messages[ORDER_STATUSES] = {
	[ORDER_QUEUED] = MSG_QUEUED,
	[ORDER_DELIVERED] = MSG_DELIVERED,
	[ORDER_COMPLETE] = MSG_COMPLETE,
	[ORDER_FAILED] = MSG_DEVICE_FAILED,
	[ORDER_EXPIRED] = MSG_ORDER_EXPIRED,
	[ORDER_CANCELLED] = MSG_ORDER_CANCELLED,
};

const char *tx_action_name(enum action a)
{
	assert(a < ACTIONS);
	return action_names[a];
}

const char *transaction_status_name(enum transaction_status s)
{
	assert(s < TRANSACTION_STATUSES);
	return status_names[s];
}

static unsigned index_of(struct str word, const char *const *names, unsigned count)
{
	unsigned i = 0;

	while (i < count && !str_is(word, names[i]))
		i++;
	assert(i < count);	/* the store holds what we wrote */
	return i;
}

/* ---- Rows. ------------------------------------------------------------- */

static bool load(struct stmt *q, struct arena *a, struct transaction *tx)
{
	if (!stmt_row(q))
		return false;
	*tx = (struct transaction){
		.rid = stmt_i64(q, 0),
		.id = stmt_text(q, 1, a),
		.customer_id = stmt_i64(q, 2),
		.device_id = stmt_text(q, 3, a),
		.eid = stmt_text(q, 4, a),
		.iccid = stmt_text(q, 5, a),
		.action = index_of(stmt_peek(q, 6), action_names, ACTIONS),
		.status = index_of(stmt_peek(q, 7), status_names,
				   TRANSACTION_STATUSES),
		.message_code = stmt_text(q, 8, a),
		.message = stmt_text(q, 9, a),
		.created_ms = stmt_i64(q, 10),
		.updated_ms = stmt_i64(q, 11),
		.order_id = stmt_text(q, 12, a),
		.code_rid = stmt_i64(q, 13),
		.activation_code = stmt_text(q, 14, a),
		.confirmation_code = stmt_text(q, 15, a),
		.operation = stmt_i64(q, 16),
		.placed_ms = stmt_i64(q, 17),
	};
	stmt_end(q);
	return true;
}

bool transaction_load(struct server *s, int64_t rid, struct arena *a,
		      struct transaction *tx)
{
	return load(stmt_int(store_sql(s->store, SQL_TX_BY_RID), rid), a, tx);
}

bool transaction_find(struct server *s, struct str id, struct arena *a,
		      struct transaction *tx)
{
	return load(stmt_str(store_sql(s->store, SQL_TX_GET), id), a, tx);
}

int64_t transaction_running(struct server *s, struct str id, int64_t customer_id)
{
	struct stmt *q = stmt_str(store_sql(s->store, SQL_TX_RUNNING_RID), id);
	int64_t rid = 0;

	if (stmt_row(stmt_int(q, customer_id))) {
		rid = stmt_i64(q, 0);
		stmt_end(q);
	}
	return rid;
}

static struct str first_text(struct stmt *q, struct arena *a)
{
	struct str s = STR_NONE;

	if (stmt_row(q)) {
		s = stmt_text(q, 0, a);
		stmt_end(q);
	}
	return s;
}

struct str transaction_conflict(struct server *s, struct str eid,
				struct str iccid, struct arena *a)
{
	struct stmt *q = store_sql(s->store, SQL_TX_CONFLICT);

	return first_text(stmt_str(stmt_str(q, eid), iccid), a);
}

struct str transaction_code_conflict(struct server *s, int64_t customer_id,
				     struct str code, struct arena *a)
{
	uint8_t hash[AUTH_HASH_SIZE];
	struct stmt *q = store_sql(s->store, SQL_TX_CODE_CONFLICT);

	auth_digest(code, hash);
	return first_text(stmt_int(stmt_blob(q, hash, sizeof(hash)), customer_id), a);
}

void transaction_create(struct server *s, struct transaction *tx, struct arena *a)
{
	uint8_t hash[AUTH_HASH_SIZE];
	char id[RNG_UUID_SIZE];
	struct stmt *q;

	rng_uuid(&s->ids, id);
	tx->id = str_of(arena_strdup(a, id));
	tx->created_ms = tx->updated_ms = tx->placed_ms = server_now_ms(s);
	q = store_sql(s->store, SQL_TX_ADD);
	stmt_int(stmt_str(q, tx->id), tx->customer_id);
	stmt_str(stmt_str(stmt_str(q, tx->device_id), tx->eid), tx->iccid);
	stmt_str(q, str_of(tx_action_name(tx->action)));
	stmt_str(q, str_of(message_code(MSG_ACCEPTED)));
	stmt_str(q, str_of(message_text(MSG_ACCEPTED)));
	stmt_int(q, tx->created_ms);
	stmt_int(q, tx->code_rid ? tx->code_rid : STMT_NULL);
	stmt_str(q, tx->activation_code);
	if (tx->activation_code.n) {
		auth_digest(tx->activation_code, hash);
		stmt_blob(q, hash, sizeof(hash));
	} else {
		stmt_int(q, STMT_NULL);
	}
	stmt_str(q, tx->confirmation_code);
	stmt_int(q, tx->operation ? tx->operation : STMT_NULL);
	if (stmt_run(q) == 0)
		return;		/* the store failed, and the answer will say so */
	tx->rid = store_new_rid(s->store);
	TELL(s, "transaction-created",
	      F_STR("transaction", tx->id),
	      F_Z("action", tx_action_name(tx->action)),
	      F_STR("device_id", tx->device_id), F_STR("eid", tx->eid),
	      F_STR("iccid", tx->iccid));
	chase_start(s, tx->rid);
}

/* ---- What the EIS says. ------------------------------------------------ */

/* Is it news? */
static bool take_message(struct server *s, struct transaction *tx, enum message m)
{
	if (str_is(tx->message_code, message_code(m)))
		return false;
	tx->message_code = str_of(message_code(m));
	tx->message = str_of(message_text(m));
	tx->updated_ms = server_now_ms(s);
	return true;
}

static void save(struct server *s, struct transaction *tx,
		 enum transaction_status status, enum message m, struct str text)
{
	struct stmt *q = store_sql(s->store, SQL_TX_CHANGE);

	tx->status = status;
	tx->message_code = str_of(message_code(m));
	tx->message = text;
	tx->updated_ms = server_now_ms(s);
	stmt_str(stmt_int(q, tx->rid), str_of(transaction_status_name(status)));
	stmt_str(stmt_str(q, tx->message_code), tx->message);
	stmt_str(stmt_int(q, tx->updated_ms), tx->iccid);
	stmt_run(q);
}

/* It goes on.  Only news is written, and only what is new: each column that a
 * statement names costs its indexes an entry. */
static bool go_on(struct server *s, struct transaction *tx, enum message m)
{
	struct stmt *q;

	if (!take_message(s, tx, m))
		return true;
	q = store_sql(s->store, SQL_TX_NEWS);
	stmt_str(stmt_str(stmt_int(q, tx->rid), tx->message_code), tx->message);
	stmt_run(stmt_int(q, tx->updated_ms));
	return true;
}

/* A result that came in time may be known late. */
int64_t transaction_end_ms(const struct server *s, const struct transaction *tx)
{
	return tx->placed_ms + s->order_expiry_s * 1000 +
	       (tx->order_id.n ? s->verify_limit_ns / NS_PER_MS : 0);
}

/* The code that a transaction took, if it is still registered. */
static bool find_code(struct server *s, const struct transaction *tx,
		      struct str *activation_code, struct str *confirmation_code)
{
	struct stmt *q = store_sql(s->store, SQL_TX_CODE);

	if (!stmt_row(stmt_int(stmt_int(q, tx->rid), tx->code_rid)))
		return false;
	*activation_code = stmt_text(q, 0, &s->scratch);
	*confirmation_code = stmt_text(q, 1, &s->scratch);
	stmt_end(q);
	return true;
}

/* A code that was used may be gone by now, and its place another's. */
static bool has_its_code(struct server *s, const struct transaction *tx)
{
	return find_code(s, tx, &(struct str){ 0 }, &(struct str){ 0 });
}

static void settle_code(struct server *s, const struct transaction *tx,
			const struct eis_answer *answer)
{
	if (!tx->code_rid || !has_its_code(s, tx))
		return;
	switch (tx->status) {
	case TRANSACTION_COMPLETE:
		code_spend(s, tx->code_rid, tx->device_id);
		break;
	case TRANSACTION_FAILED:
		code_give_back(s, tx->code_rid,
			       code_is_refused(answer->subject_code));
		break;
	case TRANSACTION_UNKNOWN:
		code_hold(s, tx->code_rid, tx->device_id);
		break;
	case TRANSACTION_IN_PROGRESS:
	case TRANSACTION_STATUSES:
		assert(false);	/* a transaction that ends has an end */
	}
}

static bool finish(struct server *s, struct transaction *tx,
		   const struct eis_answer *answer,
		   enum transaction_status status, enum message m, struct str text)
{
	save(s, tx, status, m, text);
	if (tx->action == ACTION_DOWNLOAD) {
		settle_code(s, tx, answer);
		stmt_run(stmt_int(store_sql(s->store, SQL_TX_FORGET_CODE), tx->rid));
	}
	TELL(s, end_events[status],
	      F_STR("transaction", tx->id), F_STR("message_code", tx->message_code));
	if (tx->operation)
		operation_step(s, tx->operation);
	return false;
}

/* A peer may quote a secret: one that we know, or what looks like one. */
static void hide_secrets(struct server *s, const struct transaction *tx, struct buf *text)
{
	struct str code = tx->activation_code, confirmation = tx->confirmation_code;
	const char *token = s->gateway_url ? s->gateway_token : s->eis_token;
	struct activation_code ac;
	struct err err;

	if (token)
		redact_word(text, str_of(token));
	if (!code.n && tx->code_rid)
		find_code(s, tx, &code, &confirmation);
	if (code.n && activation_code_parse(code, &ac, &err) == 0)
		redact_word(text, ac.matching_id);
	redact_word(text, confirmation);
	redact_secrets(text);
}

/* What the peer said, in whole characters. */
static void add_detail(struct server *s, const struct transaction *tx,
		       struct str message, struct buf *b)
{
	struct buf detail;

	buf_init(&detail, message.n);
	buf_str(&detail, message);
	hide_secrets(s, tx, &detail);
	if (detail.n > DETAIL_MAX) {
		detail.n = DETAIL_MAX;
		while (detail.n && ((unsigned char)detail.p[detail.n] & 0xC0) == 0x80)
			detail.n--;
	}
	buf_str(b, buf_view(&detail));
	buf_release(&detail);
}

/* Of SGP.22; but what the peer takes for codes may be anything. */
static void add_codes(struct server *s, const struct transaction *tx,
		      const struct eis_answer *answer, struct buf *b)
{
	struct str subject = answer->subject_code, reason = answer->reason_code;
	struct buf codes;

	if (!subject.n || subject.n > CODE_MAX || reason.n > CODE_MAX)
		return;
	buf_init(&codes, 4 * CODE_MAX);
	buf_printf(&codes, " (%.*s/%.*s)", STRF(subject), STRF(reason));
	hide_secrets(s, tx, &codes);
	buf_str(b, buf_view(&codes));
	buf_release(&codes);
}

/* The table's text, with what the peer added. */
static struct str explain(struct server *s, const struct transaction *tx,
			  enum message m, const struct eis_answer *answer)
{
	struct buf b;
	struct str text;

	buf_init(&b, 4 * DETAIL_MAX);
	buf_z(&b, message_text(m));
	if (answer->message.n) {
		buf_z(&b, ": ");
		add_detail(s, tx, answer->message, &b);
	}
	add_codes(s, tx, answer, &b);
	text = arena_str(&s->scratch, buf_view(&b));
	buf_release(&b);
	return text;
}

static bool is_open_order(const struct eis_answer *answer)
{
	return answer->status == ORDER_QUEUED || answer->status == ORDER_DELIVERED;
}

/* Of two workers that ask, the one that asked first may be answered last: an
 * order that was delivered is not queued again. */
static enum message open_message(const struct server *s, const struct transaction *tx,
				 const struct eis_answer *answer)
{
	if (s->share && str_is(tx->message_code, message_code(MSG_DELIVERED)))
		return MSG_DELIVERED;
	return order_messages[answer->status];
}

bool transaction_knows(struct server *s, const struct transaction *tx,
		       const struct eis_answer *answer)
{
	return answer->outcome == EIS_ORDER && tx->order_id.n && is_open_order(answer) &&
	       str_is(tx->message_code, message_code(open_message(s, tx, answer))) &&
	       server_now_ms(s) < transaction_end_ms(s, tx);
}

/* The EIS calls it open; but an order has a life of its own, and an end. */
static bool is_open(struct server *s, struct transaction *tx,
		    const struct eis_answer *answer)
{
	enum message m = MSG_ORDER_OVERDUE;

	if (server_now_ms(s) < transaction_end_ms(s, tx))
		return go_on(s, tx, open_message(s, tx, answer));
	return finish(s, tx, answer, TRANSACTION_UNKNOWN, m,
		      str_of(message_text(m)));
}

static bool apply_order(struct server *s, struct transaction *tx,
			const struct eis_answer *answer)
{
	enum message m = order_messages[answer->status];

	switch (answer->status) {
	case ORDER_QUEUED:
	case ORDER_DELIVERED:
		return is_open(s, tx, answer);
	case ORDER_COMPLETE:
		/* The device knows better than the code's registration. */
		if (tx->action == ACTION_DOWNLOAD && answer->iccid.n)
			tx->iccid = answer->iccid;
		return finish(s, tx, answer, TRANSACTION_COMPLETE, m,
			      str_of(message_text(m)));
	case ORDER_FAILED:
		m = message_of_result(answer->code);
		break;
	case ORDER_EXPIRED:
	case ORDER_CANCELLED:
		break;
	case ORDER_STATUSES:
		assert(false);	/* the last is not a status */
	}
	return finish(s, tx, answer, TRANSACTION_FAILED, m,
		      explain(s, tx, m, answer));
}

/* With what the order's status says, if that is no end. */
static void placed(struct server *s, struct transaction *tx,
		   const struct eis_answer *answer)
{
	struct stmt *q = store_sql(s->store, SQL_TX_PLACED);

	tx->order_id = answer->order_id;
	tx->placed_ms = server_now_ms(s);
	if (is_open_order(answer))
		take_message(s, tx, order_messages[answer->status]);
	stmt_int(stmt_str(stmt_int(q, tx->rid), tx->order_id), tx->placed_ms);
	stmt_str(stmt_str(q, tx->message_code), tx->message);
	stmt_run(stmt_int(q, tx->updated_ms));
	TELL(s, "order-placed",
	      F_STR("transaction", tx->id), F_STR("order", tx->order_id));
}

/* The EIS says nothing of use.  Past the order's own end nobody will know. */
static bool no_answer(struct server *s, struct transaction *tx,
		      const struct eis_answer *answer, enum message m)
{
	if (server_now_ms(s) < transaction_end_ms(s, tx))
		return go_on(s, tx, m);
	return finish(s, tx, answer, TRANSACTION_UNKNOWN, m,
		      str_of(message_text(m)));
}

bool transaction_apply(struct server *s, struct transaction *tx,
		       const struct eis_answer *answer)
{
	enum message m = MSG_EIS_REFUSED;

	switch (answer->outcome) {
	case EIS_ORDER:
		if (!tx->order_id.n)
			placed(s, tx, answer);
		return apply_order(s, tx, answer);
	case EIS_UNKNOWN_ORDER:
		m = MSG_ORDER_UNKNOWN;
		return finish(s, tx, answer, TRANSACTION_UNKNOWN, m,
			      str_of(message_text(m)));
	case EIS_UNKNOWN_EID:
		m = MSG_EIS_UNKNOWN_EID;
		break;
	case EIS_REFUSED:
		break;
	case EIS_DENIED:
		return no_answer(s, tx, answer, MSG_EIS_DENIED);
	case EIS_BAD_ANSWER:
		return no_answer(s, tx, answer, MSG_EIS_BAD_ANSWER);
	case EIS_UNREACHABLE:
		return no_answer(s, tx, answer, MSG_EIS_UNREACHABLE);
	}
	return finish(s, tx, answer, TRANSACTION_FAILED, m,
		      explain(s, tx, m, answer));
}
