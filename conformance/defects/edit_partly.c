/* What goes wrong only now and then. */
#include "conformance/defects/edit_partly.h"

#include "conformance/defects/edits.h"

#include <stdlib.h>

enum { TEXT_MAX = 64 << 10 };

/* ---- Rows. ------------------------------------------------------------------------- */

static void set_text(struct edit *e, cJSON *row, const char *name, struct str text)
{
	row_set(row, name, cJSON_CreateString(arena_str(e->x->arena, text).p));
}

static char to_case(char c, bool upper)
{
	char first = upper ? 'a' : 'A', last = upper ? 'z' : 'Z';

	return c >= first && c <= last ? (char)(c ^ 0x20) : c;
}

static void tidy(struct edit *e, cJSON *row)
{
	struct str old = str_trim(row_str(row, e->arg));
	char *text = arena_alloc(e->x->arena, old.n + 1);
	size_t n = 0;

	if (!old.p)
		return;
	for (size_t i = 0; i < old.n; i++) {
		bool begins = n == 0 || text[n - 1] == ' ';

		if (strchr("'\"<>&%\\,=+/", old.p[i]) || (begins && n && old.p[i] == ' '))
			continue;
		text[n++] = to_case(old.p[i], begins);
	}
	set_text(e, row, e->arg, (struct str){ text, n });
}

void row_tidy(struct edit *e)
{
	each_row(e, tidy);
}

static void put_default(struct edit *e, cJSON *row)
{
	struct str value = str_of(e->arg), name = str_split(&value, '=');
	const char *key = arena_str(e->x->arena, name).p;

	if (!row_str(row, key).n)
		set_text(e, row, key, value);
}

void row_default(struct edit *e)
{
	each_row(e, put_default);
}

void count_if_sized(struct edit *e)
{
	cJSON *tree = body_json(e);
	uint64_t n = 0;

	str_to_u64(str_of(e->arg), 1 << 30, &n);
	if (param_get(e, "size").n && cJSON_IsObject(tree))
		row_set(tree, "count", cJSON_CreateNumber((double)n));
	body_put(e, tree);
}

void rows_twice_if_sorted(struct edit *e)
{
	if (param_get(e, "orderby").n)
		rows_twice(e);
}

static void verified(struct edit *e, cJSON *row)
{
	struct str key = row_key(row), status = row_str(row, "status");
	int64_t since = note_count(e, "begun", key, 0);
	uint64_t minutes = 0;

	if (!since)
		since = note_count(e, "begun", key, edit_now_ms(e));
	str_to_u64(str_of(e->arg), 1000, &minutes);
	if (str_ends(status, STR("_verify")) &&
	    edit_now_ms(e) - since > (int64_t)minutes * 60000)
		row_set(row, "status", cJSON_CreateString("successful"));
}

void verified_after(struct edit *e)
{
	each_row(e, verified);
}

static void enable_verified(struct edit *e, cJSON *row)
{
	if (str_is(row_str(row, "operation"), "enable"))
		verified(e, row);
}

void enable_verified_after(struct edit *e)
{
	each_row(e, enable_verified);
}

static void overdue(struct edit *e, cJSON *row)
{
	struct str key = row_key(row), status = row_str(row, "status");
	int64_t since = note_count(e, "begun", key, 0);
	uint64_t minutes = 0;

	if (!since)
		since = note_count(e, "begun", key, edit_now_ms(e));
	str_to_u64(str_of(e->arg), 1000, &minutes);
	if (edit_now_ms(e) - since > (int64_t)minutes * 60000 && status.n &&
	    !str_is(status, "successful"))
		note_count(e, "overdue", key, 1);
	if (note_count(e, "overdue", key, 0))
		row_set(row, "status", cJSON_CreateString("failed"));
}

void op_overdue(struct edit *e)
{
	each_row(e, overdue);
}

static void remember(struct edit *e, cJSON *row)
{
	char *text = cJSON_PrintUnformatted(row);

	if (text && row_str(row, "iccid").n)
		note_put(e, "row", row_str(row, "iccid"), str_of(text));
	free(text);
}

void rows_remembered(struct edit *e)
{
	each_row(e, remember);
}

void row_recalled(struct edit *e)
{
	struct str left = e->path, last = STR_NONE, row;

	while (left.n)
		last = str_split(&left, '/');
	row = note_get(e, "row", last);
	if (row.n)
		edit_reply(e, 200, row);
}

static void both(struct edit *e, cJSON *row)
{
	struct str tx = row_str(row, "enable_tx");

	if (tx.n && !row_str(row, "download_tx").n)
		set_text(e, row, "download_tx", tx);
}

void op_both_tx(struct edit *e)
{
	each_row(e, both);
}

static void show_code(struct edit *e, cJSON *row)
{
	const struct world *w = e->w;
	struct str iccid = row_str(row, "iccid");

	for (size_t i = 0; i < w->carrier_count; i++)
		for (size_t k = 0; k < w->carriers[i].code_count; k++)
			if (iccid.n && str_eq(w->carriers[i].codes[k].iccid, iccid))
				set_text(e, row, "code", w->carriers[i].codes[k].matching_id);
}

void op_secret(struct edit *e)
{
	each_row(e, show_code);
}

static void echo_failed(struct edit *e, cJSON *row)
{
	struct str secret = note_get(e, "sent", row_key(row));

	if (secret.n && str_is(row_str(row, "status"), "failed"))
		set_text(e, row, e->arg, secret);
}

void secret_if_failed(struct edit *e)
{
	struct err err;
	cJSON *sent, *tree;

	if (!str_is(e->req.method, "POST")) {
		each_row(e, echo_failed);
		return;
	}
	sent = json_parse(e->req.body, &err);
	tree = body_json(e);
	if (row_str(sent, e->arg).n && row_str(tree, "transaction").n)
		note_put(e, "sent", row_str(tree, "transaction"), row_str(sent, e->arg));
	cJSON_Delete(sent);
	cJSON_Delete(tree);
}

static void mute(struct edit *e, cJSON *row)
{
	if (str_is(row_str(row, "status"), "failed") &&
	    !str_is(row_str(row, "message_code"), e->arg))
		row_set(row, "message", cJSON_CreateString(""));
}

void mute_unless(struct edit *e)
{
	each_row(e, mute);
}

void rows_without_if_asked(struct edit *e)
{
	if (param_get(e, "query").n)
		rows_without(e);
}

void cursor_if_empty(struct edit *e)
{
	cJSON *tree = body_json(e), *list = rows_of(tree);

	if (list && !list->child)
		row_set(tree, "cursor", cJSON_CreateString("bm90aGluZw"));
	body_put(e, tree);
}

void cursor_of_one(struct edit *e)
{
	cJSON *tree = body_json(e);

	if (cJSON_GetArraySize(rows_of(tree)) > 1) {
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "cursor");
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "next_uri");
	}
	body_put(e, tree);
}

void foreign_if_asked(struct edit *e)
{
	const struct world_user *u = edit_user(e);

	if (param_get(e, "query").n && u && u->account != e->w->users[0].account)
		foreign_rows(e);
}

void compressed_anyway(struct edit *e)
{
	if (str_is(http_header(&e->req.headers, "Accept-Encoding"), "identity"))
		http_header_set(&e->x->resp.headers, e->x->arena,
				STR("Content-Encoding"), STR("gzip"));
}

/* Of conditions that are nothing but the argument and a text. */
void rows_within(struct edit *e)
{
	struct str text = param_get(e, "query"), start = str_of(e->arg), iccid;
	cJSON *tree, *list;

	if (!str_starts(text, start) || text.n <= start.n + 1)
		return;
	text = (struct str){ text.p + start.n, text.n - start.n - 1 };
	tree = body_json(e);
	list = rows_of(tree);
	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--) {
		iccid = row_str(cJSON_GetArrayItem(list, i), "iccid");
		if (str_starts(iccid, text) || str_ends(iccid, text))
			cJSON_DeleteItemFromArray(list, i);
	}
	count_rows(tree);
	body_put(e, tree);
}

/* ---- What else is going on. --------------------------------------------------------- */

/* Until when a device, or any, is busy; it is free when its transaction has ended. */
static void ask_while_busy(struct edit *e)
{
	struct err err;
	cJSON *sent = json_parse(e->req.body, &err), *tree = body_json(e);
	struct str device = row_str(sent, "device_id"), tx = row_key(tree);
	struct str owner = note_get(e, "owner", STR("")), busy = note_get(e, "busy", STR(""));
	bool same = str_eq(owner, device);

	if (tx.n && busy.n && same == (strcmp(e->arg, "device") == 0))
		note_count(e, "refused", tx, 1);
	if (tx.n && device.n) {
		note_put(e, "busy", STR(""), tx);
		note_put(e, "owner", STR(""), device);
	}
	cJSON_Delete(sent);
	cJSON_Delete(tree);
}

static bool is_over(struct str status)
{
	return str_is(status, "complete") || str_is(status, "failed") ||
	       str_is(status, "successful");
}

static void show_busy(struct edit *e, cJSON *row)
{
	struct str tx = row_key(row), busy = note_get(e, "busy", STR(""));

	if (note_count(e, "refused", tx, 0))
		row_set(row, "status", cJSON_CreateString("failed"));
	else if (str_eq(tx, busy) && is_over(row_str(row, "status")))
		note_put(e, "busy", STR(""), STR(""));
}

void busy_fails(struct edit *e)
{
	if (str_is(e->req.method, "POST"))
		ask_while_busy(e);
	else
		each_row(e, show_busy);
}

void refused_kept(struct edit *e)
{
	note_put(e, "kept", STR(""), e->req.body.n ? e->req.body : STR("{}"));
}

void refused_shown(struct edit *e)
{
	struct str kept = note_get(e, "kept", STR(""));
	struct err err;
	cJSON *tree = body_json(e), *list = rows_of(tree), *row;

	row = kept.n && list ? json_parse(kept, &err) : NULL;
	if (cJSON_IsObject(row)) {
		row_set(row, "transaction",
			cJSON_CreateString("6f1d0c5e-8a51-4b1e-9d3c-2b7a4e90c113"));
		row_set(row, "status", cJSON_CreateString(e->arg));
		cJSON_AddItemToArray(list, row);
		count_rows(tree);
	} else {
		cJSON_Delete(row);
	}
	body_put(e, tree);
}

/* ---- Parameters. ---------------------------------------------------------------------- */

void size_alone_400(struct edit *e)
{
	if (str_is(param_get(e, "size"), e->arg) && !param_get(e, "query").p &&
	    !param_get(e, "orderby").p && !param_get(e, "cursor").p)
		edit_error(e, 400, "size: too many");
}

void beside_size(struct edit *e)
{
	struct str value = str_trim(param_get(e, e->arg)), field = value, way;

	if (!param_get(e, "size").n || !value.n)
		return;
	if (strcmp(e->arg, "query") == 0) {
		param_set(e, e->arg, STR_NONE);
		return;
	}
	way = str_split(&field, ' ');
	param_set(e, e->arg, arena_printf(e->x->arena, "%s %.*s",
		str_ieq(way, STR("desc")) ? "asc" : "desc", STRF(field.n ? field : way)));
}

static void take_all(struct edit *e, struct http_response *r)
{
	if (r->status == 200)
		edit_take(e, r);
	edit_go_on(e);
}

void all_if_none(struct edit *e)
{
	struct str query = param_get(e, "query");
	cJSON *tree = body_json(e), *list = rows_of(tree);
	bool none = list && !list->child;

	cJSON_Delete(tree);
	if (none && query.n && str_find(query, STR(" and ")) < 0)
		edit_ask(e, &(struct ask){
			.query = query_with(e->x->arena, e->req.query, "query", STR_NONE),
		}, take_all);
}

void query_squeezed(struct edit *e)
{
	struct str query = param_get(e, "query");
	struct buf out;

	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < query.n; i++)
		if (query.p[i] != ' ' || i == 0 || query.p[i - 1] != ' ')
			buf_char(&out, query.p[i]);
	if (out.n < query.n)
		param_set(e, "query", arena_str(e->x->arena, buf_view(&out)));
	buf_release(&out);
}

static bool is_spn(const struct world *w, struct str name)
{
	for (size_t i = 0; i < w->carrier_count; i++)
		if (str_ieq(w->carriers[i].spn, name))
			return true;
	return false;
}

void query_by_contract(struct edit *e)
{
	struct str query = param_get(e, "query");

	for (size_t i = 0; i < e->w->carrier_count; i++) {
		const struct world_carrier *c = &e->w->carriers[i];
		struct buf name;

		buf_init(&name, TEXT_MAX);
		for (size_t k = 0; k < c->name.n; k++)
			buf_printf(&name, "%s%c", c->name.p[k] == '\'' ? "'" : "", c->name.p[k]);
		if (c->spn.n && !is_spn(e->w, c->name) &&
		    str_starts(query, STR("carrier = '")) &&
		    str_find(query, buf_view(&name)) == 11)
			param_set(e, "query", str_of(arena_printf(e->x->arena,
				"carrier = '%.*s'", STRF(c->spn)).p));
		buf_release(&name);
	}
}

void query_lost(struct edit *e)
{
	if (str_starts(param_get(e, "query"), str_of(e->arg)))
		param_set(e, "query", STR_NONE);
}

void cursor_if_sorted(struct edit *e)
{
	if (param_get(e, "cursor").n && !param_get(e, "orderby").n)
		param_set(e, "cursor", STR_NONE);
}

void order_refuse(struct edit *e)
{
	if (str_ends(str_trim(param_get(e, "orderby")), str_of(e->arg)))
		edit_error(e, 400, "orderby: no such field");
}

void order_turn(struct edit *e)
{
	struct str order = str_trim(param_get(e, "orderby")), list = str_of(e->arg), one;
	bool known = !order.n;

	while (next_item(&list, ' ', &one))
		known |= str_ends(order, one) && (order.n == one.n ||
						  order.p[order.n - one.n - 1] == ' ');
	if (!known)
		order_flip(e);
}

void fields_turned(struct edit *e)
{
	struct str left = param_get(e, "fields"), one, out = STR("");

	while (next_item(&left, ',', &one))
		out = str_of(arena_printf(e->x->arena, "%.*s%s%.*s", STRF(one),
					  out.n ? "," : "", STRF(out)).p);
	if (out.n)
		param_set(e, "fields", out);
}

/* ---- Bulk. ------------------------------------------------------------------------------- */

static struct str upper(struct edit *e, struct str s)
{
	char *text = arena_alloc(e->x->arena, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		text[i] = to_case(s.p[i], true);
	return (struct str){ text, s.n };
}

void csv_header_upper(struct edit *e)
{
	struct csv_table t;

	if (param_get(e, "fields").n)
		return;
	csv_read(e, &t);
	for (size_t i = 0; t.count && i < t.lines[0].count; i++)
		t.lines[0].cells[i] = upper(e, t.lines[0].cells[i]);
	csv_put(e, &t, (struct csv_style){ 0 });
}

static struct str plain(struct edit *e, struct str s)
{
	char *text = arena_alloc(e->x->arena, s.n + 1);
	size_t n = 0;

	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(",\"';\t", s.p[i]) && (unsigned char)s.p[i] < 0x80)
			text[n++] = s.p[i];
	return (struct str){ text, n };
}

void csv_tidied(struct edit *e)
{
	struct csv_table t;

	csv_read(e, &t);
	for (size_t i = 1; i < t.count; i++)
		for (size_t k = 0; k < t.lines[i].count; k++)
			t.lines[i].cells[k] = plain(e, t.lines[i].cells[k]);
	csv_put(e, &t, (struct csv_style){ 0 });
}

/* ---- Carriers. ------------------------------------------------------------------------------ */

/* Does `asked` stand in `name`, where % is anything and what is not ASCII any letter? */
static bool stands_in(struct str name, struct str asked)
{
	size_t i = 0;

	if (!asked.n || asked.p[0] == '%')
		return true;
	for (size_t from = 0; from < name.n; from++) {
		struct str rest = { name.p + from, name.n - from };
		size_t k = 0;

		for (i = 0; i < asked.n && k < rest.n; k++) {
			unsigned char c = (unsigned char)asked.p[i];

			if (c == '%')
				return true;
			if (c < 0x80 && to_case((char)c, true) != to_case(rest.p[k], true))
				break;
			i += c < 0x80 || i + 1 == asked.n ? 1 : 2;
		}
		if (i == asked.n || (asked.p[i] == '%' && k == rest.n))
			return true;
	}
	return false;
}

static const struct world_device *device_of(const struct edit *e, const cJSON *sent)
{
	struct str id = row_str(sent, "device_id");

	for (size_t i = 0; i < e->w->device_count; i++)
		if (id.n && str_ieq(e->w->devices[i].device_id, id))
			return &e->w->devices[i];
	return NULL;
}

void spn_alike(struct edit *e)
{
	cJSON *tree = body_json(e);
	struct str asked = row_str(tree, "carrier");
	const struct world_device *d = device_of(e, tree);

	for (size_t i = 0; d && asked.n && i < d->profile_count; i++) {
		struct str spn = d->profiles[i].spn;

		if (spn.n && (stands_in(spn, asked) || stands_in(asked, spn))) {
			set_text(e, tree, "carrier", spn);
			break;
		}
	}
	body_put(e, tree);
}

void spn_once(struct edit *e)
{
	cJSON *tree = body_json(e);
	struct str asked = row_str(tree, "carrier");
	const struct world_device *d = device_of(e, tree);
	size_t n = 0;

	for (size_t i = 0; d && asked.n && i < d->profile_count; i++)
		n += d->profiles[i].spn.n && str_ieq(d->profiles[i].spn, asked);
	if (n > 1)
		set_text(e, tree, "carrier", STR("more than one"));
	body_put(e, tree);
}

/* ---- Requests. ------------------------------------------------------------------------------- */

void taken_if_any(struct edit *e)
{
	struct err err;
	cJSON *sent = json_parse(e->req.body, &err);
	bool any = cJSON_IsObject(sent) && sent->child;

	cJSON_Delete(sent);
	if (any)
		edit_reply(e, 200, str_of(e->arg));
}

void body_echoed(struct edit *e)
{
	cJSON *tree = body_json(e);

	if (e->req.body.n && e->req.body.n < TEXT_MAX / 2 && cJSON_IsObject(tree))
		set_text(e, tree, "error_message",
			 arena_printf(e->x->arena, "cannot do %.*s", STRF(e->req.body)));
	body_put(e, tree);
}

void odd_accept_500(struct edit *e)
{
	static const char *const odd[] = { ";q=x", ";q=9", ";q=-" };

	for (size_t i = 0; i < e->req.headers.count; i++) {
		const struct http_header *h = &e->req.headers.list[i];

		for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
			if (str_find(h->value, str_of(odd[k])) >= 0) {
				edit_error(e, 500, "internal error");
				return;
			}
	}
}

static void waited(struct http_exchange *x, void *arg)
{
	(void)x;
	edit_go_on(arg);
}

void registry_first(struct edit *e)
{
	const struct quirk_setting *s;

	for (size_t i = 0; e->w->quirks && (s = quirk_engine_active(e->w->quirks, i)); i++) {
		if (strcmp(s->row->name, "eis.never-answers") != 0)
			continue;
		e->held = true;
		http_delay(e->x, 3600 * NS_PER_S, waited, e);
		return;
	}
}

void report_nothing_new(struct edit *e)
{
	cJSON *tree = body_json(e);

	if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(tree, "complete")))
		row_set(tree, "profiles", cJSON_CreateArray());
	body_put(e, tree);
}

/* ---- When they do nothing. ------------------------------------------------- */

static const struct {
	edit_fn *fn;
	const char *param;
} needs[] = {
	{ count_if_sized, "size" },
	{ rows_twice_if_sorted, "orderby" },
	{ size_alone_400, "size" },
	{ beside_size, "size" },
	{ all_if_none, "query" },
	{ query_squeezed, "query" },
	{ query_lost, "query" },
	{ query_by_contract, "query" },
	{ rows_within, "query" },
	{ order_turn, "orderby" },
	{ order_refuse, "orderby" },
	{ cursor_if_sorted, "cursor" },
	{ rows_without_if_asked, "query" },
	{ foreign_if_asked, "query" },
	{ fields_turned, "fields" },
};

bool partly_is_idle(edit_fn *fn, struct edit *e)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].fn == fn)
			return !param_get(e, needs[i].param).n;
	return false;
}
