#include "server/bulk.h"

#include "server/core.h"

#include <assert.h>

enum {
	SQL_MAX = 4096,
	PIECE_ENOUGH = HTTP_PIECE_SIZE - (16 << 10),	/* room for a last row */
};

struct bulk {
	struct http_stream stream;	/* first */
	struct server *s;
	const struct resource *resource;
	int64_t customer_id;
	struct csv_columns columns;
	struct str sql;			/* of one row */
	int64_t *rids;
	size_t count, at;
	bool begun;			/* the header row is out */
};

static void put_row(struct bulk *b, int64_t rid, struct buf *out)
{
	struct stmt *q = store_query(b->s->store, b->sql);

	stmt_int(stmt_int(q, b->customer_id), rid);
	if (!stmt_row(q))
		return;		/* gone since */
	csv_row(b->resource, &b->columns, q, out);
	stmt_end(q);
}

static int next_rows(struct http_stream *st, struct buf *out)
{
	struct bulk *b = (struct bulk *)st;
	struct stmt *open = stmt_str(store_sql(b->s->store, SQL_META_GET),
				     STR("boots"));
	size_t before = out->n;
	bool more = stmt_row(open);	/* or else each row locks the file anew */

	if (!b->begun)
		csv_header(b->resource, &b->columns, out);
	b->begun = true;
	while (b->at < b->count && out->n - before < PIECE_ENOUGH)
		put_row(b, b->rids[b->at++], out);
	if (more)
		stmt_end(open);
	return store_failed(b->s->store) ? -1 : b->at < b->count;
}

/* All of it is in the exchange's arena. */
static void close_bulk(struct http_stream *st)
{
	(void)st;
}

static void take_rids(struct bulk *b, struct stmt *rids, struct arena *a)
{
	size_t cap = 0;

	stmt_limit(rids);
	while (stmt_row(rids)) {
		if (b->count == cap) {
			int64_t *old = b->rids;

			cap = cap ? 2 * cap : 64;
			b->rids = arena_array(a, cap, sizeof(*b->rids));
			if (b->count)
				memcpy(b->rids, old, b->count * sizeof(*old));
		}
		b->rids[b->count++] = stmt_i64(rids, 0);
	}
}

int bulk_stream(struct request *rq, const struct page *page,
		const struct csv_columns *columns, struct stmt *rids)
{
	struct http_exchange *x = rq->x;
	struct bulk *b = ARENA_NEW(x->arena, struct bulk);
	struct buf sql;

	*b = (struct bulk){
		.stream = { .next = next_rows, .close = close_bulk }, .s = rq->s,
		.resource = page->resource, .customer_id = page->customer_id,
		.columns = *columns,
	};
	take_rids(b, rids, x->arena);
	if (stmt_stopped(rids))
		return -1;
	if (b->count > (size_t)page->size) {
		b->count = (size_t)page->size;
		http_header_set(&x->resp.headers, x->arena, STR("Truncated"),
				STR("true"));
	}
	buf_init(&sql, SQL_MAX);
	resource_select(page->resource, "rid", &sql);
	buf_z(&sql, " AND rid = ?");
	assert(!sql.over);
	b->sql = arena_str(x->arena, buf_view(&sql));
	buf_release(&sql);
	x->resp.status = 200;
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
			STR("text/csv; charset=utf-8"));
	x->resp.stream = &b->stream;
	server_reply(rq->s, x);
	return 0;
}
