/* The answer of bulk. */
#include "conformance/defects/edits.h"

#include <stdlib.h>

static bool is_csv(const struct edit *e)
{
	return str_find(http_header(&e->x->resp.headers, "Content-Type"),
			STR("json")) < 0;
}

/* The column of that name, or the table's width. */
static size_t column(const struct csv_table *t, struct str name)
{
	size_t i = 0;

	if (!t->count)
		return 0;
	while (i < t->lines[0].count && !str_eq(t->lines[0].cells[i], name))
		i++;
	return i;
}

void csv_style(struct edit *e)
{
	struct csv_style style = {
		.no_header = strcmp(e->arg, "no-header") == 0,
		.no_quotes = strcmp(e->arg, "unquoted") == 0,
		.no_doubling = strcmp(e->arg, "undoubled") == 0,
		.separator = strcmp(e->arg, "semicolons") == 0 ? ';' : ',',
		.unset = strcmp(e->arg, "null") == 0 ? "null" : NULL,
	};
	struct csv_table t;

	csv_read(e, &t);
	csv_put(e, &t, style);
}

void csv_drop(struct edit *e)
{
	struct csv_table t;
	size_t at;

	csv_read(e, &t);
	at = column(&t, str_of(e->arg));
	for (size_t i = 0; i < t.count; i++) {
		struct csv_line *l = &t.lines[i];

		if (at >= l->count)
			continue;
		memmove(&l->cells[at], &l->cells[at + 1],
			(l->count - at - 1) * sizeof(*l->cells));
		l->count--;
	}
	csv_put(e, &t, (struct csv_style){ 0 });
}

void csv_rows(struct edit *e)
{
	struct csv_table t;
	uint64_t max = 0;

	csv_read(e, &t);
	str_to_u64(str_of(e->arg), 100000, &max);
	if (t.count > max + 1)
		t.count = (size_t)max + 1;
	csv_put(e, &t, (struct csv_style){ 0 });
}

/* The last of so many records once more, as it is. */
void csv_one_over(struct edit *e)
{
	struct csv_table t;
	uint64_t max = 0;

	csv_read(e, &t);
	str_to_u64(str_of(e->arg), 100000, &max);
	if (t.count == max + 1) {
		struct csv_line *lines = arena_array(e->x->arena, t.count + 1,
						     sizeof(*lines));

		memcpy(lines, t.lines, t.count * sizeof(*lines));
		lines[t.count] = t.lines[t.count - 1];
		t.lines = lines;
		t.count++;
		csv_put(e, &t, (struct csv_style){ 0 });
	}
}

void csv_404_if_empty(struct edit *e)
{
	struct csv_table t;

	csv_read(e, &t);
	if (t.count <= 1)
		edit_error(e, 404, "nothing found");
}

/* Letters of two bytes (U+0080 to U+00FF) as the one byte of ISO 8859-1. */
void csv_latin(struct edit *e)
{
	struct str s = e->x->resp.body;
	char *out = arena_alloc(e->x->arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c == 0xC2 || c == 0xC3) && i + 1 < s.n)
			c = (unsigned char)((c & 3) << 6 | (s.p[++i] & 0x3F));
		out[n++] = (char)c;
	}
	e->x->resp.body = (struct str){ out, n };
}

void csv_without(struct edit *e)
{
	struct str value = str_of(e->arg), name = str_split(&value, '=');
	struct csv_table t;
	size_t at, n = 1;

	csv_read(e, &t);
	at = column(&t, name);
	for (size_t i = 1; i < t.count; i++)
		if (at >= t.lines[i].count || !str_eq(t.lines[i].cells[at], value))
			t.lines[n++] = t.lines[i];
	if (t.count)
		t.count = n;
	csv_put(e, &t, (struct csv_style){ 0 });
}

void csv_row_map(struct edit *e)
{
	struct str map = str_of(e->arg), name = str_split(&map, ':');
	struct csv_table t;
	size_t at;

	csv_read(e, &t);
	at = column(&t, name);
	for (size_t i = 1; i < t.count; i++) {
		struct str *cell = &t.lines[i].cells[at], to;

		if (at >= t.lines[i].count)
			continue;
		to = mapped(map.p, *cell);
		if (to.p)
			*cell = to;
	}
	csv_put(e, &t, (struct csv_style){ 0 });
}

/* All columns of the rows under the header that was asked for. */
static void with_all(struct edit *e, struct http_response *r)
{
	struct str chosen = e->x->resp.body, all = r->body;
	ptrdiff_t a = str_find(chosen, STR("\r\n")), b = str_find(all, STR("\r\n"));

	if (r->status == 200 && a >= 0 && b >= 0)
		body_text(e, arena_printf(e->x->arena, "%.*s%.*s", (int)a, chosen.p,
					  (int)(all.n - (size_t)b), all.p + b));
	edit_go_on(e);
}

void csv_rows_all(struct edit *e)
{
	if (!param_get(e, "fields").n)
		return;
	edit_ask(e, &(struct ask){
		.query = query_with(e->x->arena, e->req.query, "fields", STR_NONE),
	}, with_all);
}

void csv_as_json(struct edit *e)
{
	struct csv_table t;
	struct buf out;
	struct json j;

	if (!is_csv(e))
		return;
	csv_read(e, &t);
	buf_init(&out, 64u << 20);
	j = json_to(&out);
	json_open(&j, '[');
	for (size_t i = 1; i < t.count; i++) {
		json_open(&j, '{');
		for (size_t k = 0; k < t.lines[i].count && k < t.lines[0].count; k++)
			json_put(&j, arena_str(e->x->arena, t.lines[0].cells[k]).p,
				 t.lines[i].cells[k]);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	body_text(e, buf_view(&out));
	http_header_set(&e->x->resp.headers, e->x->arena, STR("Content-Type"),
			STR("application/json"));
	buf_release(&out);
}
