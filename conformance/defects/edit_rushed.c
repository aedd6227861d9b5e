/* Slips of people in a hurry. */
#include "conformance/defects/edit_rushed.h"

#include "conformance/defects/edits.h"
#include "sim/clock.h"

#include <string.h>

enum { DOUBLE_DIGITS = 16, ICCID_DIGITS = 19, MS_PER_MIN = 60000 };

void params_decoded_twice(struct edit *e)
{
	static const char *const names[] = { "query", "orderby", "fields" };
	struct str text, once;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		once = param_get(e, names[i]);
		if (once.p && http_unescape(e->x->arena, once, true, &text) == 0 &&
		    !str_eq(once, text))
			param_set(e, names[i], text);
	}
}

static void drop_cursor_of_one(struct edit *e, struct http_response *r)
{
	struct err err;
	cJSON *next = json_parse(r->body, &err), *tree;

	if (cJSON_GetArraySize(rows_of(next)) == 1) {
		tree = body_json(e);
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "cursor");
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "next_uri");
		body_put(e, tree);
	}
	cJSON_Delete(next);
	edit_go_on(e);
}

void cursor_not_for_one(struct edit *e)
{
	cJSON *tree = body_json(e);
	struct str cursor = arena_str(e->x->arena, row_str(tree, "cursor"));
	struct str query = e->req.query.p ? e->req.query : STR("");

	cJSON_Delete(tree);
	if (!cursor.n)
		return;
	query = query_with(e->x->arena, query, "cursor", cursor);
	edit_ask(e, &(struct ask){ .query = query }, drop_cursor_of_one);
}

/* iccid = '8944000000000000010' becomes iccid startsWith '8944000000000000'. */
void query_iccid_rounded(struct edit *e)
{
	static const struct str before = { "iccid = '", 9 };
	struct str q = param_get(e, "query"), digits;
	ptrdiff_t at = str_find(q, before);

	if (at < 0)
		return;
	digits = (struct str){ q.p + at + before.n, q.n - (size_t)at - before.n };
	if (digits.n <= ICCID_DIGITS || digits.p[ICCID_DIGITS] != '\'')
		return;
	param_set(e, "query", arena_printf(e->x->arena, "%.*siccid startsWith '%.*s%.*s",
		(int)at, q.p, DOUBLE_DIGITS, digits.p,
		(int)(digits.n - ICCID_DIGITS), digits.p + ICCID_DIGITS));
}

static void add_count(struct edit *e, struct http_response *r)
{
	struct err err;
	cJSON *other = json_parse(r->body, &err), *tree = body_json(e);
	int n = cJSON_GetArraySize(rows_of(other)) + cJSON_GetArraySize(rows_of(tree));

	if (rows_of(other) && rows_of(tree))
		row_set(tree, "count", cJSON_CreateNumber(n));
	cJSON_Delete(other);
	body_put(e, tree);
	edit_go_on(e);
}

void count_of_accounts(struct edit *e)
{
	const struct world_user *stranger = edit_stranger(e);

	if (stranger)
		edit_ask(e, &(struct ask){ .as = stranger }, add_count);
}

void forgotten_after(struct edit *e)
{
	cJSON *tree = body_json(e);
	uint64_t minutes = 0;
	int64_t updated = 0;
	struct err err;
	bool old;

	str_to_u64(str_of(e->arg), 100000, &minutes);
	old = clock_parse_iso(row_str(tree, "updated"), &updated, &err) == 0 &&
	      !str_is(row_str(tree, "status"), "in_progress") &&
	      edit_now_ms(e) - updated > (int64_t)minutes * MS_PER_MIN;
	cJSON_Delete(tree);
	if (old)
		edit_error(e, 404, "no such transaction");
}

void iccid_20_404(struct edit *e)
{
	size_t n = 0;

	while (n < e->path.n && e->path.p[e->path.n - 1 - n] != '/')
		n++;
	if (n == ICCID_DIGITS + 1)
		edit_error(e, 404, "no such profile");
}

void list_first(struct edit *e)
{
	cJSON *tree = body_json(e);

	while (cJSON_IsArray(tree) && cJSON_GetArraySize(tree) > 1)
		cJSON_DeleteItemFromArray(tree, 1);
	body_put(e, tree);
}

void as_writer_suffixed(struct edit *e)
{
	if (str_ends(e->req.path, STR(".json")))
		as_writer(e);
}
