#include "scenarios/flow.h"

#include "server/store.h"
#include "sim/map.h"

#include <assert.h>
#include <stdlib.h>

struct flows {
	struct store *store;
	struct flow *newest, *oldest;
	size_t count, active;
	struct map by_id;		/* also by the ids of their transactions */
	/* Transactions that were created in this turn. */
	struct arena scratch;
	struct str *fresh;
	size_t fresh_count, fresh_cap;
};

/* What comes after the end still belongs to it: the report, the last look. */
static const int64_t LINGER_NS = 120 * NS_PER_S;

struct flows *flows_new(struct store *store)
{
	struct flows *f = calloc(1, sizeof(*f));

	assert(f);
	f->store = store;
	return f;
}

static void forget(struct flows *f, struct flow *flow)
{
	if (flow->older)
		flow->older->newer = flow->newer;
	else
		f->oldest = flow->newer;
	if (flow->newer)
		flow->newer->older = flow->older;
	else
		f->newest = flow->older;
	map_take(&f->by_id, str_of(flow->id));
	for (size_t i = 0; i < flow->transaction_count; i++)
		map_take(&f->by_id, str_of(flow->transactions[i]));
	f->count--;
	f->active -= flow->active;
	free(flow);
}

void flows_free(struct flows *f)
{
	if (!f)
		return;
	while (f->newest)
		forget(f, f->newest);
	map_release(&f->by_id);
	arena_release(&f->scratch);
	free(f->fresh);
	free(f);
}

static void make_room(struct flows *f)
{
	struct flow *newer;

	for (struct flow *o = f->oldest; o && f->count >= FLOWS_MAX; o = newer) {
		newer = o->newer;
		if (!o->active)
			forget(f, o);
	}
}

static struct flow *begin(struct flows *f, struct str id, bool operation,
			  size_t device, struct instant now)
{
	struct flow *flow;

	if (id.n == 0 || id.n > FLOW_ID_MAX)
		return NULL;
	make_room(f);
	flow = calloc(1, sizeof(*flow));
	assert(flow);
	memcpy(flow->id, id.p, id.n);
	flow->operation = operation;
	flow->active = flow->dirty = true;
	flow->device = device;
	flow->began = now;
	flow->older = f->newest;
	if (f->newest)
		f->newest->newer = flow;
	else
		f->oldest = flow;
	f->newest = flow;
	f->count++;
	f->active++;
	map_put(&f->by_id, str_of(flow->id), flow);
	return flow;
}

static void end(struct flows *f, struct flow *flow, struct instant now)
{
	flow->dirty = true;
	if (!flow->active)
		return;
	flow->active = false;
	flow->ended = now;
	f->active--;
}

static void add_transaction(struct flows *f, struct flow *flow, struct str id)
{
	char *at;

	if (flow->transaction_count == FLOW_TRANSACTIONS_MAX || id.n > FLOW_ID_MAX ||
	    map_get(&f->by_id, id))
		return;
	at = flow->transactions[flow->transaction_count++];
	memcpy(at, id.p, id.n);
	map_put(&f->by_id, (struct str){ at, id.n }, flow);
	flow->dirty = true;
}

/* ---- Events. ------------------------------------------------------------------ */

static void hear_operation(struct flows *f, const struct event *e, flow_finder *device,
			   void *arg)
{
	struct str id = event_str(e, "operation"), status = event_str(e, "status");
	struct flow *flow = map_get(&f->by_id, id);

	if (!flow)
		flow = begin(f, id, true, device(arg, event_str(e, "device_id")), e->at);
	if (!flow)
		return;
	flow->dirty = true;
	if (str_is(status, "successful") || str_is(status, "failed"))
		end(f, flow, e->at);
}

static void note_fresh(struct flows *f, struct str id)
{
	if (f->fresh_count == f->fresh_cap) {
		f->fresh_cap = f->fresh_cap ? 2 * f->fresh_cap : 16;
		f->fresh = realloc(f->fresh, f->fresh_cap * sizeof(*f->fresh));
		assert(f->fresh);
	}
	f->fresh[f->fresh_count++] = arena_str(&f->scratch, id);
}

bool flows_hear(struct flows *f, const struct event *e, flow_finder *device, void *arg)
{
	struct str id;
	struct flow *flow;

	if (!str_is(e->party, "server"))
		return false;
	if (strcmp(e->name, "operation-status") == 0) {
		hear_operation(f, e, device, arg);
		return true;
	}
	id = event_str(e, "transaction");
	if (!id.n)
		return false;
	if (strcmp(e->name, "transaction-created") == 0) {
		note_fresh(f, id);
		return true;
	}
	flow = map_get(&f->by_id, id);
	if (!flow)
		return false;
	flow->dirty = true;
	if (!flow->operation && (strcmp(e->name, "transaction-complete") == 0 ||
				 strcmp(e->name, "transaction-failed") == 0 ||
				 strcmp(e->name, "transaction-unknown") == 0))
		end(f, flow, e->at);
	return true;
}

static void settle(struct flows *f, struct str id, struct instant now,
		   flow_finder *device, void *arg)
{
	struct flow_row row;
	struct flow *flow;

	if (map_get(&f->by_id, id) || !flow_read(f->store, false, id, &f->scratch, &row))
		return;
	flow = row.operation.n ? map_get(&f->by_id, row.operation) : NULL;
	if (flow) {
		add_transaction(f, flow, id);
		return;
	}
	flow = begin(f, id, false, device(arg, row.device_id), now);
	if (flow && !str_is(row.status, "in_progress"))
		end(f, flow, now);
}

void flows_settle(struct flows *f, struct instant now, flow_finder *device, void *arg)
{
	if (!f->fresh_count)
		return;
	for (size_t i = 0; i < f->fresh_count; i++)
		settle(f, f->fresh[i], now, device, arg);
	f->fresh_count = 0;
	arena_clear(&f->scratch);
}

/* ---- Looking. ------------------------------------------------------------------ */

struct flow *flows_of_device(struct flows *f, size_t device, struct instant now)
{
	struct flow *recent = NULL;

	if (device == SIZE_MAX)
		return NULL;
	for (struct flow *flow = f->newest; flow; flow = flow->older) {
		if (flow->device != device)
			continue;
		if (flow->active)
			return flow;
		if (!recent && now.ns - flow->ended.ns <= LINGER_NS)
			recent = flow;
	}
	return recent;
}

struct flow *flows_find(const struct flows *f, struct str id)
{
	return map_get(&f->by_id, id);
}

struct flow *flows_next(const struct flows *f, const struct flow *flow)
{
	return flow ? flow->older : f->newest;
}

size_t flows_active(const struct flows *f)
{
	return f->active;
}

/* ---- The database. --------------------------------------------------------------- */

#define TX_COLUMNS "SELECT t.id, t.action, t.device_id, t.eid, t.iccid, NULL, t.status," \
	" t.message_code, t.message, NULL, NULL, NULL, NULL, NULL," \
	" (SELECT o.id FROM operations o WHERE o.rid = t.operation)," \
	" t.created, t.updated, NULL FROM transactions t "
#define OP_COLUMNS "SELECT id, operation, device_id, eid, iccid, carrier, status," \
	" message_code, message, cause, cause_id, created_by, download_tx, enable_tx," \
	" NULL, created, updated, finished FROM operations "

static void take_row(struct stmt *q, struct arena *a, struct flow_row *row)
{
	struct str *const texts[] = {
		&row->id, &row->action, &row->device_id, &row->eid, &row->iccid,
		&row->carrier, &row->status, &row->message_code, &row->message,
		&row->cause, &row->cause_id, &row->created_by, &row->download,
		&row->enable, &row->operation,
	};
	int column = 0;

	for (; column < (int)(sizeof(texts) / sizeof(texts[0])); column++)
		*texts[column] = stmt_text(q, column, a);
	row->created_ms = stmt_i64(q, column);
	row->updated_ms = stmt_i64(q, column + 1);
	row->finished_ms = stmt_is_null(q, column + 2) ? INT64_MIN :
			   stmt_i64(q, column + 2);
}

bool flow_read(struct store *st, bool operation, struct str id, struct arena *a,
	       struct flow_row *row)
{
	struct stmt *q = stmt_str(store_query(st, operation ?
		STR(OP_COLUMNS "WHERE id = ?") : STR(TX_COLUMNS "WHERE t.id = ?")), id);

	if (!stmt_row(q))
		return false;
	take_row(q, a, row);
	stmt_end(q);
	return true;
}

size_t flow_list(struct store *st, bool operations, size_t skip, size_t count,
		 struct arena *a, struct flow_row *rows)
{
	struct stmt *q = store_query(st, operations ?
		STR(OP_COLUMNS "ORDER BY rid DESC LIMIT ? OFFSET ?") :
		STR(TX_COLUMNS "ORDER BY t.rid DESC LIMIT ? OFFSET ?"));
	size_t n = 0;

	stmt_int(stmt_int(q, (int64_t)count), (int64_t)skip);
	while (n < count && stmt_row(q))
		take_row(q, a, &rows[n++]);
	stmt_end(q);
	return n;
}

static void load(struct flows *f, bool operations, struct str sql, struct instant now,
		 flow_finder *device, void *arg)
{
	struct stmt *q = store_query(f->store, sql);

	while (stmt_row(q)) {
		struct str id = stmt_text(q, 0, &f->scratch);

		begin(f, id, operations, device(arg, stmt_text(q, 1, &f->scratch)), now);
	}
	arena_clear(&f->scratch);
}

void flows_load(struct flows *f, struct instant now, flow_finder *device, void *arg)
{
	load(f, true, STR("SELECT id, device_id FROM operations WHERE finished IS NULL"
			  " ORDER BY rid"), now, device, arg);
	load(f, false, STR("SELECT id, device_id FROM transactions WHERE"
			   " status = 'in_progress' AND operation IS NULL ORDER BY rid"),
	     now, device, arg);
}
