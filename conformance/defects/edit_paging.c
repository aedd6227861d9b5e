/* The order of rows, and pages. */
#include "conformance/defects/edits.h"

#include <assert.h>
#include <stdlib.h>

enum { ROWS_MAX = 2000 };

/* ---- What orderby says. --------------------------------------------------------- */

struct order {
	const char *field;
	bool down, bare;
};

static bool read_order(struct edit *e, struct order *o)
{
	struct str left = str_trim(param_get(e, "orderby"));
	struct str first = str_split(&left, ' ');

	left = str_trim(left);
	*o = (struct order){ 0 };
	if (!first.n)
		return false;
	o->bare = !left.n;
	o->down = str_ieq(first, STR("desc")) || str_ieq(left, STR("desc"));
	if (left.n && (str_ieq(first, STR("asc")) || str_ieq(first, STR("desc"))))
		first = left;
	o->field = arena_str(e->x->arena, first).p;
	return true;
}

static void put_order(struct edit *e, const char *field, bool down)
{
	param_set(e, "orderby", arena_printf(e->x->arena, "%s %s",
					     down ? "desc" : "asc", field));
}

void order_flip(struct edit *e)
{
	struct order o;

	if (read_order(e, &o))
		put_order(e, o.field, !o.down);
}

void order_up(struct edit *e)
{
	struct order o;

	if (read_order(e, &o))
		put_order(e, o.field, false);
}

void order_by(struct edit *e)
{
	struct order o;

	if (read_order(e, &o))
		put_order(e, e->arg, o.down);
}

void order_bare(struct edit *e)
{
	struct order o;

	if (read_order(e, &o) && o.bare)
		edit_error(e, 400, "orderby: expected asc or desc");
}

/* ---- Sorting what is on a page. --------------------------------------------------- */

struct sorted {
	cJSON *row;
	struct str text;
	double number;
	int at;
};

enum by { BY_VALUE, BY_DIGITS, BY_CASE };

static int compare_text(struct str x, struct str y, bool letters)
{
	for (size_t i = 0; i < x.n && i < y.n; i++) {
		unsigned char a = (unsigned char)x.p[i], b = (unsigned char)y.p[i];

		if (!letters && a >= 'A' && a <= 'Z')
			a = (unsigned char)(a - 'A' + 'a');
		if (!letters && b >= 'A' && b <= 'Z')
			b = (unsigned char)(b - 'A' + 'a');
		if (a != b)
			return a < b ? -1 : 1;
	}
	return (x.n > y.n) - (x.n < y.n);
}

static int compare(const struct sorted *a, const struct sorted *b, enum by by)
{
	int c = a->text.p || b->text.p ? compare_text(a->text, b->text, by == BY_CASE) :
		(a->number > b->number) - (a->number < b->number);

	return c ? c : a->at - b->at;
}

static struct sorted sorted_row(struct edit *e, cJSON *row, int at, const char *field,
				enum by by)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, field);
	struct sorted s = { .row = row, .at = at, .number = -1 };

	if (cJSON_IsString(m))
		s.text = str_of(m->valuestring);
	if (cJSON_IsNumber(m))
		s.number = m->valuedouble;
	if (cJSON_IsNumber(m) && by == BY_DIGITS)
		s.text = arena_printf(e->x->arena, "%.0f", m->valuedouble);
	return s;
}

static void sort_rows(struct edit *e, const struct order *o, enum by by)
{
	cJSON *tree = body_json(e), *list = rows_of(tree), *row;
	int n = cJSON_GetArraySize(list), k = 0;
	struct sorted *rows = arena_array(e->x->arena, (size_t)n + 1, sizeof(*rows));

	while (list && (row = cJSON_DetachItemFromArray(list, 0)) && k < ROWS_MAX) {
		struct sorted s = sorted_row(e, row, k, o->field, by);
		int i = k++;

		for (; i > 0 && (o->down ? compare(&rows[i - 1], &s, by) < 0 :
					   compare(&rows[i - 1], &s, by) > 0); i--)
			rows[i] = rows[i - 1];
		rows[i] = s;
	}
	for (int i = 0; i < k; i++)
		cJSON_AddItemToArray(list, rows[i].row);
	body_put(e, tree);
}

void order_in_page(struct edit *e)
{
	struct order o;

	if (!read_order(e, &o))
		return;
	if (e->replying)
		sort_rows(e, &o, BY_VALUE);
	else
		param_set(e, "orderby", STR_NONE);
}

void order_digits(struct edit *e)
{
	struct order o;

	if (read_order(e, &o))
		sort_rows(e, &o, BY_DIGITS);
}

void order_case(struct edit *e)
{
	struct order o;

	if (read_order(e, &o))
		sort_rows(e, &o, BY_CASE);
}

static bool has_field(const cJSON *row, const char *field)
{
	return cJSON_HasObjectItem(row, field);
}

void order_loses(struct edit *e)
{
	cJSON *tree, *list;
	struct order o;

	if (!read_order(e, &o))
		return;
	tree = body_json(e);
	list = rows_of(tree);
	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
		if (!has_field(cJSON_GetArrayItem(list, i), o.field))
			cJSON_DeleteItemFromArray(list, i);
	count_rows(tree);
	body_put(e, tree);
}

void order_alone(struct edit *e)
{
	struct order o;

	if (read_order(e, &o))
		param_set(e, e->arg, STR_NONE);
}

/* ---- Pages. ------------------------------------------------------------------------ */

static void append_page(struct edit *e, struct http_response *r)
{
	struct err err;
	cJSON *more = r->status == 200 ? json_parse(r->body, &err) : NULL;
	cJSON *tree = body_json(e), *to = rows_of(tree), *from = rows_of(more);

	while (to && from && from->child)
		cJSON_AddItemToArray(to, cJSON_DetachItemFromArray(from, 0));
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "cursor");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "next_uri");
	count_rows(tree);
	cJSON_Delete(more);
	body_put(e, tree);
	edit_go_on(e);
}

static struct str cursor_of_answer(struct edit *e)
{
	cJSON *tree = body_json(e);
	struct str cursor = arena_str(e->x->arena, row_str(tree, "cursor"));

	cJSON_Delete(tree);
	return cursor;
}

void page_more(struct edit *e)
{
	struct str cursor = cursor_of_answer(e);
	uint64_t size;

	if (cursor.n && str_to_u64(param_get(e, "size"), 1 << 30, &size) == 0 &&
	    size > 1000)
		edit_ask(e, &(struct ask){
			.query = query_with(e->x->arena, STR(""), "cursor", cursor) },
			append_page);
}

static struct str printed(struct edit *e, const cJSON *row)
{
	char *text = cJSON_PrintUnformatted(row);
	struct str s;

	assert(text);
	s = arena_str(e->x->arena, str_of(text));
	free(text);
	return s;
}

static const cJSON *last_row(const cJSON *list)
{
	return cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
}

/* Its size is one less in the request, and the old row is put before it. */
void cursor_repeats(struct edit *e)
{
	struct arena *a = e->x->arena;
	struct str cursor = param_get(e, "cursor"), old = note_get(e, "last", cursor), next;
	int64_t size = note_count(e, "size", cursor, 0);
	struct err err;
	cJSON *tree, *list;

	if (!e->replying) {
		if (old.n && size > 1)
			param_set(e, "size", arena_printf(a, "%d", (int)size - 1));
		return;
	}
	tree = body_json(e);
	list = rows_of(tree);
	if (cursor.n && old.n && list)
		cJSON_InsertItemInArray(list, 0, json_parse(old, &err));
	next = row_str(tree, "cursor");
	if (next.n && list && list->child) {
		note_put(e, "last", next, printed(e, last_row(list)));
		note_count(e, "size", next, cursor.n && old.n ? size :
			   cJSON_GetArraySize(list) - note_count(e, "size", next, 0));
	}
	count_rows(tree);
	body_put(e, tree);
}

void cursor_skips(struct edit *e)
{
	cJSON *tree;

	if (!param_get(e, "cursor").n)
		return;
	tree = body_json(e);
	cJSON_DeleteItemFromArray(rows_of(tree), 0);
	count_rows(tree);
	body_put(e, tree);
}

static struct str value_of(struct edit *e, const cJSON *row, const char *field)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, field);

	return m ? printed(e, m) : STR("null");
}

void cursor_skips_tie(struct edit *e)
{
	struct str cursor = param_get(e, "cursor"), next;
	const char *field = cursor.n ? note_get(e, "field", cursor).p : NULL;
	cJSON *tree = body_json(e), *list = rows_of(tree);
	struct order o;

	if (!cursor.n && read_order(e, &o))
		field = o.field;
	next = row_str(tree, "cursor");
	if (field && next.n && list && list->child) {
		note_put(e, "field", next, str_of(field));
		note_put(e, "value", next, value_of(e, last_row(list), field));
	}
	while (cursor.n && field && list && list->child &&
	       str_eq(value_of(e, list->child, field), note_get(e, "value", cursor)))
		cJSON_DeleteItemFromArray(list, 0);
	count_rows(tree);
	body_put(e, tree);
}

void cursor_ignored(struct edit *e)
{
	struct str cursor = param_get(e, "cursor"), query = note_get(e, "asked", cursor);

	if (e->replying) {
		cursor = cursor_of_answer(e);
		if (cursor.n)
			note_put(e, "asked", cursor, query.p ? query :
				 e->req.query.p ? e->req.query : STR(""));
	} else if (cursor.n && query.p) {
		e->x->req.query = query.n ? query : STR_NONE;
	}
}

void cursor_default_size(struct edit *e)
{
	if (param_get(e, "cursor").n)
		param_set(e, "size", STR("1000"));
}

void page_default(struct edit *e)
{
	if (!param_get(e, "cursor").n && !param_get(e, "size").p)
		param_set(e, "size", str_of(e->arg));
}

void cursor_500(struct edit *e)
{
	if (param_get(e, "cursor").n)
		edit_error(e, 500, "internal error");
}

void cursor_once(struct edit *e)
{
	struct str cursor = param_get(e, "cursor");

	if (cursor.n && note_count(e, "used", cursor, 1) > 1)
		edit_error(e, 400, "cursor: it is used up");
}

void cursor_always(struct edit *e)
{
	static const char end[] = "d7eec0d4-557a-11e9-ab8e-d20bcc91db8a";
	cJSON *tree;

	if (!e->replying) {
		if (str_is(param_get(e, "cursor"), end))
			edit_reply(e, 200, STR("{\"count\":0,\"list\":[]}"));
		return;
	}
	tree = body_json(e);
	if (rows_of(tree) && rows_of(tree)->child && !cJSON_HasObjectItem(tree, "cursor"))
		cJSON_AddStringToObject(tree, "cursor", end);
	body_put(e, tree);
}

/* ---- A page of our own making, from all rows. ---------------------------------------- */

/* What stands behind a cursor of ours. */
static void note_page(struct edit *e, struct str cursor, struct str query, int64_t at,
		      int64_t size, struct str key)
{
	note_put(e, "query", cursor, query);
	note_put(e, "key", cursor, key);
	note_count(e, "at", cursor, at - note_count(e, "at", cursor, 0));
	note_count(e, "size", cursor, size - note_count(e, "size", cursor, 0));
}

static int start_of(struct edit *e, const cJSON *list, struct str cursor)
{
	struct str key = note_get(e, "key", cursor);
	const cJSON *row;
	int i = 0;

	if (!e->arg[0])
		return (int)note_count(e, "at", cursor, 0);
	cJSON_ArrayForEach(row, list) {
		i++;
		if (str_eq(row_key(row), key))
			return i;
	}
	return 0;
}

static void slice(struct edit *e, struct http_response *r)
{
	struct arena *a = e->x->arena;
	struct str cursor = param_get(e, "cursor"), next;
	int64_t size = note_count(e, "size", cursor, 0);
	struct err err;
	cJSON *tree = r->status == 200 ? json_parse(r->body, &err) : NULL;
	cJSON *list = rows_of(tree);
	int begin = start_of(e, list, cursor), left;

	if (!list) {
		cJSON_Delete(tree);
		edit_go_on(e);
		return;
	}
	for (int i = 0; i < begin; i++)
		cJSON_DeleteItemFromArray(list, 0);
	left = cJSON_GetArraySize(list);
	while (cJSON_GetArraySize(list) > size)
		cJSON_DeleteItemFromArray(list, (int)size);
	count_rows(tree);
	row_set(tree, "size", cJSON_CreateNumber((double)size));
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "cursor");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "next_uri");
	if (left > size) {
		next = arena_printf(a, "page-%lld",
				    (long long)note_count(e, "cursors", STR(""), 1));
		note_page(e, next, note_get(e, "query", cursor), begin + size, size,
			  row_key(last_row(list)));
		cJSON_AddStringToObject(tree, "cursor", next.p);
		cJSON_AddStringToObject(tree, "next_uri",
			arena_printf(a, "%.*s?cursor=%s", STRF(e->req.path), next.p).p);
	}
	edit_reply(e, 200, printed(e, tree));
	cJSON_Delete(tree);
}

void cursor_off(struct edit *e)
{
	struct arena *a = e->x->arena;
	struct str cursor = param_get(e, "cursor"), query;
	cJSON *tree, *list;

	if (!e->replying) {
		if (!cursor.n || !note_count(e, "size", cursor, 0))
			return;
		query = query_with(a, note_get(e, "query", cursor), "size", STR("1000"));
		if (e->arg[0])
			query = query_with(a, query, e->arg, STR_NONE);
		edit_ask(e, &(struct ask){ .query = query }, slice);
		return;
	}
	tree = body_json(e);
	list = rows_of(tree);
	if (!cursor.n && list && list->child && row_str(tree, "cursor").n)
		note_page(e, row_str(tree, "cursor"),
			  e->req.query.p ? e->req.query : STR(""),
			  cJSON_GetArraySize(list), cJSON_GetArraySize(list),
			  row_key(last_row(list)));
	cJSON_Delete(tree);
}
