#include "server/page.h"

#include "proto/base64.h"
#include "server/bulk.h"
#include "server/core.h"
#include "server/csv.h"
#include "server/digest.h"
#include "server/query.h"

#include <assert.h>

enum {
	CURSOR_VERSION = 1,
	CURSOR_MAX = 16 << 10,	/* as text */
	MAC_SIZE = 16,		/* of 32: enough against guessing */
	SQL_MAX = 128 << 10,
};

/* ---- orderby. ---------------------------------------------------------- */

static bool is_direction(struct str word, bool *descending)
{
	*descending = str_ieq(word, STR("desc"));
	return *descending || str_ieq(word, STR("asc"));
}

int page_order_parse(struct str text, struct page *page, struct err *err)
{
	struct str rest = str_trim(text), first = str_split(&rest, ' ');
	struct str second = str_trim(rest);
	bool descending = false;

	if (second.n && !is_direction(first, &descending) &&
	    is_direction(second, &descending)) {
		struct str swap = first;

		first = second;
		second = swap;
	}
	if (second.n && !is_direction(first, &descending))
		return err_set(err, ERR_INVALID,
			       "orderby: expected 'asc field' or 'desc field', found '%.*s'",
			       (int)(text.n < 80 ? text.n : 80), text.p);
	if (!second.n)
		second = first;
	page->order = resource_attribute(page->resource, second);
	page->descending = descending;
	if (!page->order)
		return err_set(err, ERR_INVALID, "orderby: %s has no field '%.*s'",
			       page->resource->name,
			       (int)(second.n < 80 ? second.n : 80), second.p);
	return 0;
}

/* ---- Cursors. ---------------------------------------------------------- */

static void put_int(struct buf *b, int64_t v)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)v >> (56 - 8 * i));
	buf_add(b, bytes, sizeof(bytes));
}

static void put_text(struct buf *b, struct str s)
{
	put_int(b, s.p ? (int64_t)s.n : -1);
	buf_str(b, s);
}

static bool take_int(struct str *in, int64_t *v)
{
	uint64_t u = 0;

	if (in->n < 8)
		return false;
	for (int i = 0; i < 8; i++)
		u = u << 8 | (unsigned char)in->p[i];
	*v = (int64_t)u;
	*in = (struct str){ in->p + 8, in->n - 8 };
	return true;
}

static bool take_text(struct str *in, struct str *s)
{
	int64_t n;

	if (!take_int(in, &n) || n < -1 || n > (int64_t)in->n)
		return false;
	*s = n < 0 ? STR_NONE : (struct str){ in->p, (size_t)n };
	if (n > 0)
		*in = (struct str){ in->p + n, in->n - (size_t)n };
	return true;
}

/* base64 with the letters that stand in a URL as they are, unpadded. */
static struct str to_url(struct buf *b, struct arena *a)
{
	struct str s = arena_str(a, buf_view(b));
	char *p = (char *)(uintptr_t)s.p;

	while (s.n && p[s.n - 1] == '=')
		s.n--;
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i]);
	return s;
}

static struct str from_url(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 4);
	size_t n = s.n;

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(s.p[i] == '-' ? '+' : s.p[i] == '_' ? '/' :
			      s.p[i] == '+' || s.p[i] == '/' ? '!' : s.p[i]);
	while (n % 4)
		p[n++] = '=';
	return (struct str){ p, n };
}

struct str cursor_make(const struct page *page, const uint8_t key[CURSOR_KEY_SIZE],
		       struct arena *a)
{
	uint8_t mac[DIGEST_SIZE];
	struct buf raw, text;
	struct str cursor;

	buf_init(&raw, CURSOR_MAX);
	buf_init(&text, 2 * CURSOR_MAX);
	put_int(&raw, CURSOR_VERSION);
	put_int(&raw, page->resource->id);
	put_int(&raw, page->customer_id);
	put_int(&raw, page->now_ms);
	put_int(&raw, page->size);
	put_text(&raw, page->query);
	put_text(&raw, page->order ? str_of(page->order->name) : STR_NONE);
	put_int(&raw, page->descending);
	put_text(&raw, page->after.text);
	put_int(&raw, page->after.number);
	put_int(&raw, page->after.rid);
	digest_hmac(key, raw.p, raw.n, mac);
	buf_add(&raw, mac, MAC_SIZE);
	assert(!raw.over);	/* the query and a row's texts have limits */
	base64_encode(&text, buf_view(&raw));
	cursor = to_url(&text, a);
	buf_release(&raw);
	buf_release(&text);
	return cursor;
}

/* The signature is right, so all of this is what we wrote ourselves; but an
 * older version may have written other things. */
static bool read_fields(struct str in, struct page *page, int64_t *resource,
			int64_t *customer_id, struct str *order)
{
	int64_t version, descending;

	if (!take_int(&in, &version) || version != CURSOR_VERSION ||
	    !take_int(&in, resource) || !take_int(&in, customer_id) ||
	    !take_int(&in, &page->now_ms) || !take_int(&in, &page->size) ||
	    !take_text(&in, &page->query) || !take_text(&in, order) ||
	    !take_int(&in, &descending) || !take_text(&in, &page->after.text) ||
	    !take_int(&in, &page->after.number) ||
	    !take_int(&in, &page->after.rid) || in.n)
		return false;
	page->descending = descending != 0;
	page->has_after = true;
	return true;
}

int cursor_read(struct str cursor, const uint8_t key[CURSOR_KEY_SIZE],
		struct arena *a, struct page *page, struct err *err)
{
	uint8_t mac[DIGEST_SIZE];
	int64_t resource, customer_id;
	struct str raw, body, order;

	if (cursor.n > 2 * CURSOR_MAX ||
	    base64_decode(a, from_url(cursor, a), &raw, err) < 0 ||
	    raw.n < MAC_SIZE)
		goto bad;
	body = (struct str){ raw.p, raw.n - MAC_SIZE };
	digest_hmac(key, body.p, body.n, mac);
	if (!digest_same(mac, raw.p + body.n, MAC_SIZE) ||
	    !read_fields(body, page, &resource, &customer_id, &order))
		goto bad;
	if (resource != page->resource->id || customer_id != page->customer_id)
		return err_set(err, ERR_INVALID,
			       "cursor: it belongs to another list");
	page->order = order.n ? resource_attribute(page->resource, order) : NULL;
	if (page->order || !order.n)
		return 0;
bad:
	return err_set(err, ERR_INVALID, "cursor: not one that this server gave out");
}

/* ---- Parameters. ------------------------------------------------------- */

/* A number of more digits than 64 bits hold is a number all the same. */
static bool is_huge(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	while (text.n && text.p[0] == '0')
		text = (struct str){ text.p + 1, text.n - 1 };
	return text.n > 19;
}

static int read_size(struct request *rq, int64_t most, int64_t *size,
		     struct err *err)
{
	struct str text = request_param(rq, "size");
	uint64_t v;

	if (!text.p)
		return 0;
	if (is_huge(text))
		v = UINT64_MAX;
	else if (str_to_u64(text, UINT64_MAX, &v) < 0 || v < 1)
		return err_set(err, ERR_INVALID,
			       "size: expected a number from 1 on, found '%.*s'",
			       (int)(text.n < 40 ? text.n : 40), text.p);
	*size = v > (uint64_t)most ? most : (int64_t)v;
	return 0;
}

/* A query of nothing but spaces is none. */
static struct str condition(struct str query)
{
	return str_trim(query).n ? query : STR_NONE;
}

/* query and orderby that stand beside a cursor must be those it was made with. */
static int check_beside(struct request *rq, const struct page *page,
			struct err *err)
{
	struct str query = request_param(rq, "query");
	struct str orderby = request_param(rq, "orderby");
	struct page other = *page;

	if (query.p && !str_eq(condition(query), page->query))
		return err_set(err, ERR_INVALID,
			       "query: not the one that the cursor was made with");
	if (!orderby.n)
		return 0;
	if (page_order_parse(orderby, &other, err) < 0)
		return -1;
	if (other.order == page->order && other.descending == page->descending)
		return 0;
	return err_set(err, ERR_INVALID,
		       "orderby: not the one that the cursor was made with");
}

static int read_page(struct request *rq, struct page *page, int64_t most,
		     struct err *err)
{
	struct str cursor = request_param(rq, "cursor");
	struct str orderby = request_param(rq, "orderby");

	page->customer_id = rq->user.customer_id;
	page->now_ms = server_now_ms(rq->s);
	page->size = most;
	if (cursor.n) {
		if (cursor_read(cursor, rq->s->page_key, rq->x->arena, page, err) < 0 ||
		    check_beside(rq, page, err) < 0)
			return -1;
	} else {
		page->query = condition(request_param(rq, "query"));
		if (orderby.n && page_order_parse(orderby, page, err) < 0)
			return -1;
	}
	return read_size(rq, most, &page->size, err);
}

/* ---- Rows. ------------------------------------------------------------- */

static bool is_text(const struct attribute *at)
{
	return at->kind == ATTRIBUTE_TEXT || at->kind == ATTRIBUTE_ENUM;
}

static void order_sql(const struct page *page, struct buf *sql)
{
	const char *way = page->descending ? " DESC" : "";
	const char *cmp = page->descending ? "<" : ">";
	const char *match = page->order ? page->order->match : NULL;

	/* Keys that are no more than the account, or the place itself, are not
	 * compared in pairs: the planner cannot see through that. */
	if (page->has_after && match && strcmp(match, "customer_id") == 0)
		buf_printf(sql, " AND customer_id = ? AND place %s ?", cmp);
	else if (page->has_after && match && strcmp(match, "place") == 0)
		buf_printf(sql, " AND place %s= ? AND place %s ?", cmp, cmp);
	else if (page->has_after && match)
		buf_printf(sql, " AND (%s, place) %s (?, ?)", match, cmp);
	else if (page->has_after)
		buf_z(sql, " AND place > ?");
	if (match && strcmp(match, "place") != 0)
		buf_printf(sql, " ORDER BY %s%s, place%s LIMIT ?", match, way, way);
	else
		buf_printf(sql, " ORDER BY place%s LIMIT ?", way);
}

/* As resource_select(), but less to read. */
static void select_ids(const struct resource *r, struct buf *sql)
{
	buf_printf(sql, "SELECT rid FROM %s WHERE customer_id = ?", r->table);
	if (r->where)
		buf_printf(sql, " AND %s", r->where);
}

/*
 * The rows of `page`, or only their ids, and one more if there is one; NULL
 * if the query is bad.
 */
static struct stmt *open_page(struct server *s, const struct page *page,
			      bool ids, struct arena *a, struct err *err)
{
	struct query query = { 0 };
	struct str extra = arena_printf(a, "rid, %s", page->order ?
					page->order->match : "0");
	struct stmt *q;
	struct buf sql;

	if (page->query.n && query_compile(page->resource, page->query,
					   page->now_ms, a, &query, err) < 0)
		return NULL;
	buf_init(&sql, SQL_MAX);
	if (ids)
		select_ids(page->resource, &sql);
	else
		resource_select(page->resource, extra.p, &sql);
	if (query.sql.n)
		buf_printf(&sql, " AND (%.*s)", STRF(query.sql));
	order_sql(page, &sql);
	assert(!sql.over);
	q = store_query(s->store, buf_view(&sql));
	buf_release(&sql);
	stmt_int(q, page->customer_id);
	query_bind(&query, q);
	if (page->has_after && page->order) {
		if (is_text(page->order))
			stmt_str(q, page->after.text);
		else
			stmt_int(q, page->after.number);
	}
	if (page->has_after)
		stmt_int(q, page->after.rid);
	return stmt_int(q, page->size + 1);
}

static void note_row(struct page *page, struct stmt *q, struct arena *a)
{
	int column = (int)page->resource->count;

	page->has_after = true;
	page->after = (struct page_row){ .rid = stmt_i64(q, column) };
	if (page->order && is_text(page->order))
		page->after.text = stmt_text(q, column + 1, a);
	else
		page->after.number = stmt_i64(q, column + 1);
}

/* ---- Answers. ---------------------------------------------------------- */

static void refuse(struct request *rq, const struct err *err)
{
	reply_err(rq->s, rq->x, err);
}

static void refuse_slow(struct request *rq)
{
	reply_error(rq->s, rq->x, 400, STR("query: so many comparisons of so many rows take "
		    "too long; ask for fewer, or by an indexed field as well"), STR_NONE);
}

static void answer_json(struct request *rq, struct page *page, struct stmt *q)
{
	struct buf list, out;
	struct json j, rows;
	struct str cursor = STR_NONE;
	int64_t count = 0;

	buf_init(&list, ANSWER_MAX);
	rows = json_to(&list);
	stmt_limit(q);
	while (stmt_row(q)) {
		if (count == page->size) {
			stmt_end(q);
			cursor = cursor_make(page, rq->s->page_key, rq->x->arena);
			break;
		}
		resource_row(page->resource, q, &rows);
		if (++count == page->size)
			note_row(page, q, rq->x->arena);
	}
	if (stmt_stopped(q)) {
		buf_release(&list);
		refuse_slow(rq);
		return;
	}
	buf_init(&out, ANSWER_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_put_int(&j, "count", count);
	json_put_int(&j, "size", page->size);
	if (cursor.n) {
		json_put(&j, "cursor", cursor);
		json_put(&j, "next_uri", arena_printf(rq->x->arena, "%s?cursor=%.*s",
			 page->resource->uri, STRF(cursor)));
	}
	json_key(&j, "list");
	json_open(&j, '[');
	if (list.n)
		json_raw(&j, buf_view(&list));
	json_close(&j, ']');
	json_close(&j, '}');
	reply_json(rq->s, rq->x, 200, buf_view(&out));
	buf_release(&list);
	buf_release(&out);
}

static void answer(struct request *rq, enum resource_id id, int64_t most, bool csv)
{
	struct page page = { .resource = resource_get(id) };
	struct csv_columns columns;
	struct stmt *q;
	struct err err;

	if (read_page(rq, &page, most, &err) < 0 ||
	    (csv && csv_columns_parse(page.resource, request_param(rq, "fields"),
				      &columns, &err) < 0) ||
	    !(q = open_page(rq->s, &page, csv, rq->x->arena, &err)))
		refuse(rq, &err);
	else if (!csv)
		answer_json(rq, &page, q);
	else if (bulk_stream(rq, &page, &columns, q) < 0)
		refuse_slow(rq);
}

void page_answer(struct request *rq, enum resource_id id)
{
	answer(rq, id, PAGE_SIZE_MAX, rq->csv);
}

void bulk_answer(struct request *rq, enum resource_id id)
{
	answer(rq, id, CSV_ROWS_MAX, true);
}
