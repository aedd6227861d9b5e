/* What strict, odd and careless servers make of requests, and of single rows. */
#include "conformance/defects/edit_picky.h"

#include "proto/iccid.h"

enum { TEXT_MAX = 64 << 10 };

/* ---- Order. ------------------------------------------------------------------------ */

static bool is_bare(struct str order)
{
	return order.n && str_find(str_trim(order), STR(" ")) < 0;
}

void order_down(struct edit *e)
{
	struct str order = param_get(e, "orderby");

	if (is_bare(order))
		param_set(e, "orderby", arena_printf(e->x->arena, "desc %.*s", STRF(order)));
}

void order_known(struct edit *e)
{
	struct str order = str_trim(param_get(e, "orderby")), list = str_of(e->arg), one;
	bool known = false;

	while (order.n && next_item(&list, ' ', &one))
		known |= str_ends(order, one);
	if (order.n && !known)
		param_set(e, "orderby", STR_NONE);
}

/* ---- Rows. -------------------------------------------------------------------------- */

static void keep(struct edit *e, bool (*fits)(const struct edit *e, const cJSON *row))
{
	cJSON *tree = body_json(e), *list = rows_of(tree);

	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
		if (!fits(e, cJSON_GetArrayItem(list, i)))
			cJSON_DeleteItemFromArray(list, i);
	count_rows(tree);
	body_put(e, tree);
}

static bool is_luhn(const struct edit *e, const cJSON *row)
{
	(void)e;
	return iccid_valid(row_str(row, "iccid"));
}

void rows_luhn(struct edit *e)
{
	keep(e, is_luhn);
}

static bool has_it(const struct edit *e, const cJSON *row)
{
	return row_str(row, e->arg).n > 0;
}

void rows_having(struct edit *e)
{
	keep(e, has_it);
}

/* ---- Queries. ------------------------------------------------------------------------ */

void query_strip(struct edit *e)
{
	struct str query = param_get(e, "query");
	struct buf out;

	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < query.n; i++)
		if (!strchr(e->arg, query.p[i]) || !query.p[i])
			buf_char(&out, query.p[i]);
	if (out.n < query.n)
		param_set(e, "query", arena_str(e->x->arena, buf_view(&out)));
	buf_release(&out);
}

void query_echoed(struct edit *e)
{
	struct str query = param_get(e, "query");
	cJSON *tree = body_json(e);

	if (query.n && cJSON_IsObject(tree))
		row_set(tree, "error_message", cJSON_CreateString(
			arena_printf(e->x->arena, "cannot read %.*s", STRF(query)).p));
	body_put(e, tree);
}

/* ---- API keys. ------------------------------------------------------------------------- */

static void put_key(struct edit *e, const struct world_user *u)
{
	http_header_set(&e->x->req.headers, e->x->arena, STR("X-API-KEY-ID"), u->api_key_id);
	http_header_set(&e->x->req.headers, e->x->arena, STR("X-API-KEY-SECRET"),
			u->api_key_secret);
}

/* Name and password instead of the key. */
static void put_first_user(struct edit *e)
{
	struct http_headers *h = &e->x->req.headers;
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!str_ieq(h->list[i].name, STR("X-API-KEY-ID")) &&
		    !str_ieq(h->list[i].name, STR("X-API-KEY-SECRET")))
			h->list[n++] = h->list[i];
	h->count = n;
	http_header_set(h, e->x->arena, STR("Authorization"), e->w->users[0].authorization);
}

static const struct world_user *keyed(const struct edit *e, struct str id)
{
	for (size_t i = 0; i < e->w->user_count; i++)
		if (e->w->users[i].api_key_id.n &&
		    (!id.p || str_eq(id, e->w->users[i].api_key_id)))
			return &e->w->users[i];
	return NULL;
}

void key_as_first(struct edit *e)
{
	struct str id = http_header(&e->req.headers, "X-API-KEY-ID");
	struct str secret = http_header(&e->req.headers, "X-API-KEY-SECRET");
	const struct world_user *first = keyed(e, STR_NONE), *u = id.p ? keyed(e, id) : NULL;

	if (!first)
		return;
	if (strcmp(e->arg, "unknown") == 0 && id.n && !u)
		put_key(e, first);
	else if (strcmp(e->arg, "alone") == 0 && !id.p && str_eq(secret, first->api_key_secret))
		put_key(e, first);
	else if (strcmp(e->arg, "known") == 0 && u && str_eq(secret, u->api_key_secret))
		put_first_user(e);
}

/* ---- Paths and headers. ------------------------------------------------------------------ */

void headers_500(struct edit *e)
{
	struct str list = str_of(e->arg), name;

	while (next_item(&list, ' ', &name)) {
		if (http_header(&e->req.headers, arena_str(e->x->arena, name).p).p) {
			edit_error(e, 500, "internal error");
			return;
		}
	}
}

void dots_out(struct edit *e)
{
	if (str_find(e->req.path, STR("..%2F")) >= 0)
		edit_reply(e, 200, STR("root:x:0:0:root:/root:/bin/sh\n"));
}

/* ---- When they do nothing. ---------------------------------------------------------------- */

bool picky_is_idle(edit_fn *fn, struct edit *e)
{
	struct http_headers *h = &e->req.headers;

	if (fn == order_down)
		return !is_bare(param_get(e, "orderby"));
	if (fn == order_known)
		return !param_get(e, "orderby").n;
	if (fn == query_strip || fn == query_echoed)
		return !param_get(e, "query").n;
	if (fn == key_as_first)
		return !http_header(h, "X-API-KEY-ID").p &&
		       !http_header(h, "X-API-KEY-SECRET").p;
	if (fn == dots_out)
		return str_find(e->req.path, STR("%2F")) < 0;
	return false;
}
