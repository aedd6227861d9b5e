/* The query language: what compiles is SQL that SQLite takes, with as many
 * values as it has places; what does not says where. */
#include "server/query.h"

#include "server/store.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct store *st, const struct resource *r, const struct query *query)
{
	struct stmt *q;
	struct err err;
	struct buf sql;

	buf_init(&sql, 1 << 20);
	resource_select(r, "rid", &sql);
	buf_printf(&sql, " AND (%.*s)", STRF(query->sql));
	assert(!sql.over);
	q = store_query(st, buf_view(&sql));
	stmt_int(q, 1);
	query_bind(query, q);
	while (stmt_row(q))	/* which asserts that all is bound */
		;
	assert(!store_failed(st));
	assert(store_commit(st, &err) == 0);
	buf_release(&sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store *st;
	struct arena a = { 0 };
	struct query query;
	struct str text;
	struct err err;

	if (!st)
		st = store_open(NULL, &err);
	assert(st);
	if (size == 0)
		return 0;
	text = arena_str(&a, (struct str){ (const char *)data + 1, size - 1 });
	for (int i = 0; i < RESOURCES; i++) {
		const struct resource *r = resource_get((enum resource_id)i);

		if (data[0] % RESOURCES != i)
			continue;
		if (query_compile(r, text, CLOCK_EPOCH_MS, &a, &query, &err) == 0)
			run(st, r, &query);
		else
			assert(str_starts(str_of(err.msg), STR("query: ")));
	}
	arena_release(&a);
	return 0;
}
