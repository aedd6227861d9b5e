/* Members of answers and of requests. */
#include "conformance/defects/edits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Rows. ------------------------------------------------------------------ */

static void each_name(struct edit *e, cJSON *row,
		      void (*fn)(struct edit *e, cJSON *row, const char *name))
{
	struct str list = str_of(e->arg), name;

	while (next_item(&list, ' ', &name))
		fn(e, row, arena_str(e->x->arena, name).p);
}

/* "name:rest" */
static const char *arg_name(const struct edit *e, char separator, const char **rest)
{
	struct str left = str_of(e->arg), name = str_split(&left, separator);

	*rest = left.p ? left.p : "";
	return arena_str(e->x->arena, name).p;
}

static cJSON *parse(const char *json)
{
	struct err err;
	cJSON *value = json_parse(str_of(json), &err);

	assert(value);	/* arguments are ours */
	return value;
}

static void put_text(cJSON *row, const char *name, struct str text)
{
	char *z = strndup(text.p ? text.p : "", text.n);

	assert(z);
	row_set(row, name, cJSON_CreateString(z));
	free(z);
}

static void drop_one(struct edit *e, cJSON *row, const char *name)
{
	(void)e;
	cJSON_DeleteItemFromObjectCaseSensitive(row, name);
}

static void drop_names(struct edit *e, cJSON *row)
{
	each_name(e, row, drop_one);
}

void row_drop(struct edit *e)
{
	each_row(e, drop_names);
}

static void null_one(struct edit *e, cJSON *row, const char *name)
{
	(void)e;
	if (!cJSON_HasObjectItem(row, name))
		cJSON_AddNullToObject(row, name);
}

static void null_names(struct edit *e, cJSON *row)
{
	each_name(e, row, null_one);
}

void row_null(struct edit *e)
{
	each_row(e, null_names);
}

static void put_one(struct edit *e, cJSON *row)
{
	const char *json, *name = arg_name(e, '=', &json);

	if (cJSON_HasObjectItem(row, name))
		row_set(row, name, parse(json));
}

void row_put(struct edit *e)
{
	each_row(e, put_one);
}

static void map_one(struct edit *e, cJSON *row)
{
	const char *map, *name = arg_name(e, ':', &map);
	struct str to = mapped(map, row_str(row, name));

	if (row_str(row, name).p && to.p)
		put_text(row, name, to);
}

void row_map(struct edit *e)
{
	each_row(e, map_one);
}

static const char *text_of(struct edit *e, struct str s)
{
	return arena_str(e->x->arena, s).p;
}

static void put_when(struct edit *e, cJSON *row)
{
	struct str put = str_of(e->arg), value = str_split(&put, ',');
	const char *name = text_of(e, str_split(&value, '='));
	const char *member = text_of(e, str_split(&put, '='));

	if (str_eq(row_str(row, name), value) && row_str(row, member).p)
		put_text(row, member, put);
}

void row_when(struct edit *e)
{
	each_row(e, put_when);
}

static void rename_one(struct edit *e, cJSON *row)
{
	const char *to, *from = arg_name(e, '=', &to);
	cJSON *m = cJSON_DetachItemFromObjectCaseSensitive(row, from);

	if (m)
		cJSON_AddItemToObject(row, to, m);
}

void row_rename(struct edit *e)
{
	each_row(e, rename_one);
}

static void copy_one(struct edit *e, cJSON *row)
{
	const char *from, *to = arg_name(e, '=', &from);
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, from);

	if (m)
		row_set(row, to, cJSON_Duplicate(m, true));
}

void row_copy(struct edit *e)
{
	each_row(e, copy_one);
}

/* ---- Rows: text. ------------------------------------------------------------ */

static char to_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char to_ascii(char c)
{
	return (unsigned char)c < 0x80 ? c : '?';
}

static void each_char(struct edit *e, cJSON *row, const char *name, char (*fn)(char))
{
	struct str old = row_str(row, name);
	char *text = arena_alloc(e->x->arena, old.n + 1);

	if (!old.p)
		return;
	for (size_t i = 0; i < old.n; i++)
		text[i] = fn(old.p[i]);
	put_text(row, name, (struct str){ text, old.n });
}

static void upper_one(struct edit *e, cJSON *row, const char *name)
{
	each_char(e, row, name, to_upper);
}

static void upper_names(struct edit *e, cJSON *row)
{
	each_name(e, row, upper_one);
}

void row_upper(struct edit *e)
{
	each_row(e, upper_names);
}

static void lower_one(struct edit *e, cJSON *row, const char *name)
{
	each_char(e, row, name, to_lower);
}

static void lower_names(struct edit *e, cJSON *row)
{
	each_name(e, row, lower_one);
}

void row_lower(struct edit *e)
{
	each_row(e, lower_names);
}

static void ascii_one(struct edit *e, cJSON *row, const char *name)
{
	each_char(e, row, name, to_ascii);
}

static void ascii_names(struct edit *e, cJSON *row)
{
	each_name(e, row, ascii_one);
}

void row_ascii(struct edit *e)
{
	each_row(e, ascii_names);
}

static void strip_one(struct edit *e, cJSON *row)
{
	const char *chars, *name = arg_name(e, ':', &chars);
	struct str old = row_str(row, name);
	char *text = arena_alloc(e->x->arena, old.n + 1);
	size_t n = 0;

	if (!old.p)
		return;
	for (size_t i = 0; i < old.n; i++)
		if (!strchr(chars, old.p[i]))
			text[n++] = old.p[i];
	put_text(row, name, (struct str){ text, n });
}

void row_strip(struct edit *e)
{
	each_row(e, strip_one);
}

static void cut_one(struct edit *e, cJSON *row)
{
	const char *text, *name = arg_name(e, ':', &text);
	struct str old = row_str(row, name);
	uint64_t max = 0;

	str_to_u64(str_of(text), 1000, &max);
	if (old.n > max)
		put_text(row, name, (struct str){ old.p, max });
}

void row_cut(struct edit *e)
{
	each_row(e, cut_one);
}

static void number_one(struct edit *e, cJSON *row, const char *name)
{
	struct str text = row_str(row, name);

	(void)e;
	if (text.n)
		row_set(row, name, cJSON_CreateRaw(text.p));
}

static void number_names(struct edit *e, cJSON *row)
{
	each_name(e, row, number_one);
}

void row_number(struct edit *e)
{
	each_row(e, number_names);
}

static void text_one(struct edit *e, cJSON *row, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, name);

	if (cJSON_IsNumber(m))
		put_text(row, name, arena_printf(e->x->arena, "%.0f", m->valuedouble));
}

static void text_names(struct edit *e, cJSON *row)
{
	each_name(e, row, text_one);
}

void row_text(struct edit *e)
{
	each_row(e, text_names);
}

/* ---- Which rows. -------------------------------------------------------------- */

void rows_without(struct edit *e)
{
	const char *value, *name = arg_name(e, '=', &value);
	cJSON *tree = body_json(e), *list = rows_of(tree);

	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
		if (str_is(row_str(cJSON_GetArrayItem(list, i), name), value))
			cJSON_DeleteItemFromArray(list, i);
	count_rows(tree);
	body_put(e, tree);
}

void rows_first(struct edit *e)
{
	cJSON *tree = body_json(e), *list = rows_of(tree);
	uint64_t max = 0;

	str_to_u64(str_of(e->arg), 1000, &max);
	while (cJSON_GetArraySize(list) > (int)max)
		cJSON_DeleteItemFromArray(list, (int)max);
	count_rows(tree);
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "cursor");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "next_uri");
	body_put(e, tree);
}

void rows_twice(struct edit *e)
{
	cJSON *tree = body_json(e), *list = rows_of(tree);
	int n = cJSON_GetArraySize(list);

	if (n > 0)
		cJSON_AddItemToArray(list,
			cJSON_Duplicate(cJSON_GetArrayItem(list, n - 1), true));
	count_rows(tree);
	body_put(e, tree);
}

/* ---- The whole. ----------------------------------------------------------------- */

void top_drop(struct edit *e)
{
	cJSON *tree = body_json(e);

	if (cJSON_IsObject(tree))
		drop_names(e, tree);
	body_put(e, tree);
}

void top_put(struct edit *e)
{
	const char *json, *name = arg_name(e, '=', &json);
	cJSON *tree = body_json(e);

	if (cJSON_IsObject(tree))
		row_set(tree, name, parse(json));
	body_put(e, tree);
}

void top_rename(struct edit *e)
{
	cJSON *tree = body_json(e);

	if (cJSON_IsObject(tree))
		rename_one(e, tree);
	body_put(e, tree);
}

void top_copy(struct edit *e)
{
	cJSON *tree = body_json(e);

	if (cJSON_IsObject(tree))
		copy_one(e, tree);
	body_put(e, tree);
}

void list_alone(struct edit *e)
{
	cJSON *tree = body_json(e);
	cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(tree, "list");

	if (!list) {
		cJSON_Delete(tree);
		return;
	}
	cJSON_Delete(tree);
	body_put(e, list);
}

void list_of_one(struct edit *e)
{
	cJSON *tree = body_json(e), *whole, *list;

	if (!cJSON_IsObject(tree) || rows_of(tree)) {
		cJSON_Delete(tree);
		return;
	}
	whole = cJSON_CreateObject();
	cJSON_AddNumberToObject(whole, "count", 1);
	list = cJSON_AddArrayToObject(whole, "list");
	cJSON_AddItemToArray(list, tree);
	body_put(e, whole);
}

static void empty_lists(cJSON *value)
{
	if (cJSON_IsArray(value))
		while (value->child)
			cJSON_DeleteItemFromArray(value, 0);
	for (cJSON *m = value ? value->child : NULL; m; m = m->next)
		empty_lists(m);
}

void lists_empty(struct edit *e)
{
	cJSON *tree = body_json(e);

	empty_lists(tree);
	count_rows(tree);
	body_put(e, tree);
}

void body_replace(struct edit *e)
{
	struct str arg = str_of(e->arg), left = e->replying ? e->x->resp.body :
						  e->x->req.body;
	ptrdiff_t middle = str_find(arg, STR("=>")), at;
	struct str old = { arg.p, (size_t)middle };
	struct str new = { arg.p + middle + 2, arg.n - (size_t)middle - 2 };
	struct buf out;

	assert(middle > 0);
	buf_init(&out, 64u << 20);
	while ((at = str_find(left, old)) >= 0) {
		buf_add(&out, left.p, (size_t)at);
		buf_str(&out, new);
		left = (struct str){ left.p + at + old.n, left.n - (size_t)at - old.n };
	}
	buf_str(&out, left);
	body_text(e, buf_view(&out));
	buf_release(&out);
}

void body_is(struct edit *e)
{
	body_text(e, str_of(e->arg));
}

void list_404_if_empty(struct edit *e)
{
	cJSON *tree = body_json(e), *list = rows_of(tree);
	bool empty = list && !list->child;

	cJSON_Delete(tree);
	if (empty)
		edit_error(e, 404, "nothing found");
}

/* ---- Times. ------------------------------------------------------------------------ */

static cJSON *reshape(struct edit *e, struct str text)
{
	struct arena *a = e->x->arena;
	struct err err;
	int64_t ms = 0;
	char iso[CLOCK_ISO_SIZE];

	if (clock_parse_iso(text, &ms, &err) < 0)
		return NULL;
	if (strcmp(e->arg, "no-zone") == 0)
		return cJSON_CreateString(arena_printf(a, "%.*s", (int)text.n - 1, text.p).p);
	if (strcmp(e->arg, "no-ms") == 0)
		return cJSON_CreateString(arena_printf(a, "%.19sZ", text.p).p);
	if (strcmp(e->arg, "epoch") == 0)
		return cJSON_CreateNumber((double)ms);
	if (strcmp(e->arg, "offset") == 0) {
		clock_iso_to(ms + 3600000, iso);
		return cJSON_CreateString(arena_printf(a, "%.23s+01:00", iso).p);
	}
	if (strcmp(e->arg, "blank") == 0)
		return cJSON_CreateString(arena_printf(a, "%.10s %.12sZ", text.p,
						       text.p + 11).p);
	clock_iso_to(ms + strtol(e->arg, NULL, 10) * 1000, iso);
	return cJSON_CreateString(iso);
}

static void move_created(struct edit *e, cJSON *row)
{
	cJSON *new = reshape(e, row_str(row, "created"));

	if (new)
		row_set(row, "created", new);
}

void created_moved(struct edit *e)
{
	each_row(e, move_created);
}

static void reshape_times(struct edit *e, cJSON *row)
{
	static const char *const names[] = { "created", "updated" };

	for (size_t i = 0; i < 2; i++) {
		cJSON *new = reshape(e, row_str(row, names[i]));

		if (new)
			row_set(row, names[i], new);
	}
}

void time_shape(struct edit *e)
{
	each_row(e, reshape_times);
}

/* ---- Requests. ------------------------------------------------------------------------ */

/* A POST has one object, or a list of them. */
static void each_object(struct edit *e, void (*fn)(struct edit *, cJSON *))
{
	cJSON *tree = body_json(e), *one;

	if (cJSON_IsObject(tree)) {
		fn(e, tree);
	} else {
		cJSON_ArrayForEach(one, tree)
			if (cJSON_IsObject(one))
				fn(e, one);
	}
	body_put(e, tree);
}

void member_map(struct edit *e)
{
	each_object(e, map_one);
}

static void require_one(struct edit *e, cJSON *object)
{
	e->own = row_str(object, e->arg).n ? e->own : e;
}

void member_required(struct edit *e)
{
	each_object(e, require_one);
	if (e->own)
		edit_error(e, 400, "a member is missing");
}

static void forbid_one(struct edit *e, cJSON *object)
{
	e->own = row_str(object, e->arg).n ? e : e->own;
}

void member_forbidden(struct edit *e)
{
	each_object(e, forbid_one);
	if (e->own)
		edit_error(e, 400, "a member is not known");
}

void member_drop(struct edit *e)
{
	each_object(e, drop_names);
}
