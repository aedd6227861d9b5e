/* Whole requests and answers: statuses, headers, credentials, the connection. */
#include "conformance/defects/edits.h"

#include "proto/base64.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct http_headers *headers(struct edit *e)
{
	return e->replying ? &e->x->resp.headers : &e->x->req.headers;
}

void status_is(struct edit *e)
{
	struct arena *a = e->x->arena;
	int status = e->x->resp.status;
	struct str to = mapped(e->arg, arena_printf(a, "%d", status));
	uint64_t n;

	if (!to.p)
		to = mapped(e->arg, arena_printf(a, "%dxx", status / 100));
	if (to.p && str_to_u64(to, 999, &n) == 0)
		e->x->resp.status = (int)n;
}

void header_put(struct edit *e)
{
	struct str value = str_of(e->arg), name = str_split(&value, ':');

	http_header_set(headers(e), e->x->arena, name, str_trim(value));
}

void header_drop(struct edit *e)
{
	struct http_headers *h = headers(e);
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!str_ieq(h->list[i].name, str_of(e->arg)))
			h->list[n++] = h->list[i];
	h->count = n;
}

void type_is(struct edit *e)
{
	if (e->x->resp.body.n)
		http_header_set(headers(e), e->x->arena, STR("Content-Type"),
				str_of(e->arg));
}

/* "404 {...}" */
static int status_of_arg(const struct edit *e, struct str *body)
{
	struct str status;
	uint64_t n = 500;

	*body = str_of(e->arg);
	status = str_split(body, ' ');
	str_to_u64(status, 999, &n);
	return (int)n;
}

void answer_with(struct edit *e)
{
	struct str body;
	int status = status_of_arg(e, &body);

	edit_reply(e, status, body.p ? body : STR(""));
}

static void take(struct edit *e, const char *answer)
{
	ptrdiff_t at = str_find(str_of(answer), STR("{uuid}"));
	struct str text = str_of(answer);
	char uuid[RNG_UUID_SIZE];

	if (at >= 0) {
		rng_uuid(edit_rng(e), uuid);
		text = arena_printf(e->x->arena, "%.*s%s%s", (int)at, answer, uuid,
				    answer + at + 6);
	}
	edit_reply(e, 200, text);
}

void become_ok(struct edit *e)
{
	take(e, e->arg);
}

/* How many of the members that the argument names a request's object has;
 * -1 if it is no object, or an empty one and that is of no use. */
static int has_of(struct edit *e, bool empty_too, int *named)
{
	struct str left = str_of(e->arg), name;
	struct err err;
	cJSON *sent = json_parse(e->req.body, &err);
	int n = cJSON_IsObject(sent) && (empty_too || sent->child) ? 0 : -1;

	*named = 0;
	while (next_item(&left, ' ', &name)) {
		++*named;
		if (n >= 0 && cJSON_HasObjectItem(sent, arena_str(e->x->arena, name).p))
			n++;
	}
	cJSON_Delete(sent);
	return n;
}

static const char new_transaction[] = "{\"transaction\":\"{uuid}\"}";

void taken_without(struct edit *e)
{
	int named;

	if (has_of(e, true, &named) == 0)
		take(e, new_transaction);
}

void taken_with(struct edit *e)
{
	int named;

	if (has_of(e, false, &named) == named)
		take(e, new_transaction);
}

void taken_partly(struct edit *e)
{
	int named, n = has_of(e, false, &named);

	if (n >= 0 && n < named)
		take(e, new_transaction);
}

void params_500(struct edit *e)
{
	if (e->req.query.n)
		edit_error(e, 500, "internal error");
}

void member_500(struct edit *e)
{
	int named;

	if (has_of(e, true, &named) > 0)
		edit_error(e, 500, "internal error");
}

void error_shape(struct edit *e)
{
	ptrdiff_t at = str_find(str_of(e->arg), STR("%d"));

	if (at < 0)
		body_text(e, str_of(e->arg));
	else
		body_text(e, arena_printf(e->x->arena, "%.*s%d%s", (int)at, e->arg,
					  e->x->resp.status, e->arg + at + 2));
}

void connection(struct edit *e)
{
	e->x->resp.fault = strcmp(e->arg, "cut") == 0 ? HTTP_FAULT_CUT :
			   strcmp(e->arg, "refused") == 0 ? HTTP_FAULT_REFUSED :
			   HTTP_FAULT_RESET;
}

void body_half(struct edit *e)
{
	e->x->resp.body.n /= 2;
}

static void waited(struct http_exchange *x, void *arg)
{
	(void)x;
	edit_go_on(arg);
}

void wait_s(struct edit *e)
{
	uint64_t s = 0;

	str_to_u64(str_of(e->arg), 100000, &s);
	e->held = true;
	http_delay(e->x, (int64_t)s * NS_PER_S, waited, e);
}

void one_in(struct edit *e)
{
	uint64_t n = 1;

	str_to_u64(str_of(e->arg), 1000, &n);
	if (rng_below(edit_rng(e), n) == 0)
		edit_error(e, 500, "something went wrong");
}

void canned(struct edit *e)
{
	struct str kept = note_get(e, "canned", e->path);

	if (e->replying && !kept.p)
		note_put(e, "canned", e->path, e->x->resp.body);
	else if (!e->replying && kept.p)
		edit_reply(e, 200, kept);
}

/* ---- Secrets. ------------------------------------------------------------------ */

static void echo_row(struct edit *e, cJSON *row)
{
	struct str secret = note_get(e, "secret", row_key(row));

	if (secret.n)
		row_set(row, e->arg, cJSON_CreateString(secret.p));
}

void secret_echo(struct edit *e)
{
	struct err err;
	cJSON *sent, *tree;
	struct str secret, tx;

	if (!str_is(e->req.method, "POST")) {
		each_row(e, echo_row);
		return;
	}
	sent = json_parse(e->req.body, &err);
	tree = body_json(e);
	secret = row_str(cJSON_IsArray(sent) ? sent->child : sent, e->arg);
	tx = row_str(tree, "transaction");
	if (secret.n && tx.n)
		note_put(e, "secret", tx, secret);
	else if (secret.n && cJSON_IsObject(tree))
		row_set(tree, e->arg, cJSON_CreateString(secret.p));
	cJSON_Delete(sent);
	body_put(e, tree);
}

void secret_answer(struct edit *e)
{
	struct err err;
	cJSON *sent = json_parse(e->req.body, &err), *tree = body_json(e), *context;
	struct str secret = row_str(cJSON_IsArray(sent) ? sent->child : sent, e->arg);

	if (secret.n && cJSON_IsObject(tree)) {
		context = cJSON_GetObjectItemCaseSensitive(tree, "error_context");
		row_set(context ? context : tree, e->arg, cJSON_CreateString(secret.p));
	}
	cJSON_Delete(sent);
	body_put(e, tree);
}

/* ---- What it cannot bear. ---------------------------------------------------------- */

static bool is_escape(struct str s, size_t i)
{
	return i + 2 < s.n && strchr("0123456789abcdefABCDEF", s.p[i + 1]) &&
	       strchr("0123456789abcdefABCDEF", s.p[i + 2]);
}

static bool has_broken_escape(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '%' && !is_escape(s, i))
			return true;
	return false;
}

/* A parameter that is there twice, or one that no endpoint has. */
static bool has_odd_param(const struct edit *e, bool twice)
{
	struct http_param *list;
	struct err err;
	size_t n;

	if (!e->req.query.p ||
	    http_params(e->x->arena, e->req.query, &list, &n, &err) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!twice && str_find(STR(" cursor fields orderby query size "),
				       arena_printf(e->x->arena, " %.*s ",
						    STRF(list[i].name))) < 0)
			return true;
		for (size_t k = 0; twice && k < i; k++)
			if (str_eq(list[k].name, list[i].name))
				return true;
	}
	return false;
}

/* How long the number in `size` is. */
static size_t size_digits(const struct edit *e)
{
	ptrdiff_t at = e->req.query.p ? str_find(e->req.query, STR("size=")) : -1;
	size_t i = at >= 0 ? (size_t)at + 5 : 0, n = 0;

	for (; at >= 0 && i < e->req.query.n && e->req.query.p[i] >= '0' &&
	       e->req.query.p[i] <= '9'; i++)
		n++;
	return n;
}

static bool has_many(struct str s, struct str what, unsigned max)
{
	unsigned n = 0;
	ptrdiff_t at;

	for (; n <= max && (at = str_find(s, what)) >= 0; n++)
		s = (struct str){ s.p + at + what.n, s.n - (size_t)at - what.n };
	return n > max;
}

bool edit_is_bad(const struct edit *e)
{
	const struct http_request *q = &e->req;
	struct str query = q->query.p ? q->query : STR("");
	struct str text;

	if (strcmp(e->arg, "long") == 0)
		return query.n > 4000 || q->path.n > 4000;
	if (strcmp(e->arg, "nul") == 0)
		return str_find(query, STR("%00")) >= 0 || str_find(q->path, STR("%00")) >= 0;
	if (strcmp(e->arg, "sql") == 0) {
		query = query_with(e->x->arena, query, "cursor", STR_NONE);
		return str_find(query, STR("--")) >= 0 || str_find(query, STR("%3B")) >= 0 ||
		       str_find(query, STR(";")) >= 0;
	}
	if (strcmp(e->arg, "utf8") == 0)
		return http_unescape(e->x->arena, query, true, &text) == 0 &&
		       !str_is_utf8(text);
	if (strcmp(e->arg, "deep") == 0)
		return q->body.n > 2000 && str_find((struct str){ q->body.p, 2000 },
						    STR("[[[[[[[[[[[[[[[[")) >= 0;
	if (strcmp(e->arg, "escape") == 0)
		return has_broken_escape(query) || has_broken_escape(q->path);
	if (strcmp(e->arg, "twice") == 0 || strcmp(e->arg, "unknown") == 0)
		return has_odd_param(e, e->arg[0] == 't');
	if (strcmp(e->arg, "huge") == 0)
		return size_digits(e) > 9;
	if (strcmp(e->arg, "above") == 0)
		return size_digits(e) > 3 && str_find(query, STR("size=1000")) < 0;
	if (strcmp(e->arg, "quote") == 0)
		return str_find(q->path, STR("%27")) >= 0;
	if (strcmp(e->arg, "many") == 0)
		return has_many(query, STR("%20or%20"), 40);
	if (strcmp(e->arg, "headers") == 0)
		return q->headers.count > 50;
	if (strcmp(e->arg, "percent") == 0)
		return str_find(q->path, STR("%")) >= 0 &&
		       (str_find(q->path, STR("%25")) >= 0 || has_broken_escape(q->path));
	if (strcmp(e->arg, "ampersands") == 0)
		return str_find(query, STR("&&")) >= 0;
	if (strcmp(e->arg, "empty") == 0)
		return str_is(query, "query=") || str_is(query, "query=%20%20");
	return q->body.n > 1 << 20;	/* "big" */
}

void server_error_if(struct edit *e)
{
	if (edit_is_bad(e))
		edit_error(e, 500, "internal error");
}

void drops_if(struct edit *e)
{
	if (!edit_is_bad(e))
		return;
	e->x->resp.fault = HTTP_FAULT_RESET;
	e->answered = true;
	http_reply(e->x);
}

void waits_if(struct edit *e)
{
	if (!edit_is_bad(e))
		return;
	e->held = true;
	http_delay(e->x, 3600 * NS_PER_S, waited, e);
}

/* ---- Where to. ------------------------------------------------------------------ */

void path_is(struct edit *e)
{
	e->x->req.path = str_of(e->arg);
}

void version_1(struct edit *e)
{
	struct str left = e->x->req.path, version;

	str_split(&left, '/');
	str_split(&left, '/');
	version = str_split(&left, '/');
	if (str_starts(version, STR("v")) && left.p)
		e->x->req.path = arena_printf(e->x->arena, "/ws/v1/%.*s", STRF(left));
}

void method_is(struct edit *e)
{
	e->x->req.method = str_of(e->arg);
}

void suffix_404(struct edit *e)
{
	if (str_ends(e->req.path, str_of(e->arg)))
		edit_error(e, 404, "not found");
}

/* ---- Credentials. ---------------------------------------------------------------- */

static void take_if_better(struct edit *e, struct http_response *r)
{
	if (r->status < 300)
		edit_take(e, r);
	edit_go_on(e);
}

static void ask_as(struct edit *e, const struct world_user *user)
{
	if (user)
		edit_ask(e, &(struct ask){ .as = user }, take_if_better);
}

void as_foreign(struct edit *e)
{
	ask_as(e, edit_stranger(e));
}

void as_writer(struct edit *e)
{
	const struct world_user *self = edit_user(e);

	for (size_t i = 0; self && i < e->w->user_count; i++) {
		const struct world_user *u = &e->w->users[i];

		if (u->account == self->account && u->role != SERVER_ROLE_READ_ONLY) {
			ask_as(e, u);
			return;
		}
	}
}

void as_anybody(struct edit *e)
{
	bool named = http_header(&e->req.headers, "Authorization").p;

	if (e->w->user_count && named == (e->arg[0] != '\0'))
		ask_as(e, &e->w->users[0]);
}

void as_key(struct edit *e)
{
	struct str id = http_header(&e->req.headers, "X-API-KEY-ID");

	for (size_t i = 0; id.n && i < e->w->user_count; i++)
		if (str_eq(id, e->w->users[i].api_key_id))
			http_header_set(headers(e), e->x->arena, STR("X-API-KEY-SECRET"),
					e->w->users[i].api_key_secret);
}

static void take_body(struct edit *e, struct http_response *r)
{
	if (r->status < 300)
		e->x->resp.body = r->body;
	edit_go_on(e);
}

void denied_shows(struct edit *e)
{
	if (e->w->user_count && str_is(e->req.method, "GET"))
		edit_ask(e, &(struct ask){ .as = &e->w->users[0] }, take_body);
}

void unreadable_500(struct edit *e)
{
	struct str value = http_header(&e->req.headers, "Authorization"), text;
	struct err err;

	if (!value.p)
		return;
	if (str_starts(value, STR("Basic ")) &&
	    base64_decode(e->x->arena, str_trim((struct str){ value.p + 6, value.n - 6 }),
			  &text, &err) == 0 && str_find(text, STR(":")) >= 0)
		return;
	edit_error(e, 500, "internal error");
}

void throttled_for_ever(struct edit *e)
{
	struct str who = http_header(&e->req.headers, "Authorization");

	if (e->replying)
		note_count(e, "throttled", who, 1);
	else if (who.n && note_count(e, "throttled", who, 0))
		edit_error(e, 429, "too many requests");
}

/* A reader of the account asks, and may not. */
void readers_not(struct edit *e)
{
	const struct world_user *self = edit_user(e);

	if (self && self->role == SERVER_ROLE_READ_ONLY)
		edit_error(e, 403, "not allowed");
}

void keys_not(struct edit *e)
{
	if (http_header(&e->req.headers, "X-API-KEY-ID").p)
		edit_error(e, 401, "no credentials");
}

void as_named(struct edit *e)
{
	struct str value = http_header(&e->req.headers, "Authorization"), text;
	struct err err;

	if (!str_starts(value, STR("Basic ")))
		return;
	value = str_trim((struct str){ value.p + 6, value.n - 6 });
	if (base64_decode(e->x->arena, value, &text, &err) < 0)
		return;
	text = str_split(&text, ':');
	for (size_t i = 0; i < e->w->user_count; i++) {
		if (str_eq(text, e->w->users[i].name)) {
			ask_as(e, &e->w->users[i]);
			return;
		}
	}
}

static void add_rows(struct edit *e, struct http_response *r)
{
	struct err err;
	cJSON *other = r->status == 200 ? json_parse(r->body, &err) : NULL;
	cJSON *tree = body_json(e), *to = rows_of(tree), *from = rows_of(other);

	while (to && from && from->child)
		cJSON_AddItemToArray(to, cJSON_DetachItemFromArray(from, 0));
	count_rows(tree);
	cJSON_Delete(other);
	body_put(e, tree);
	edit_go_on(e);
}

void foreign_rows(struct edit *e)
{
	const struct world_user *stranger = edit_stranger(e);
	cJSON *tree = body_json(e);
	bool more = cJSON_HasObjectItem(tree, "cursor") ||
		    (e->arg[0] && str_find(param_get(e, "query"), str_of(e->arg)) < 0);

	cJSON_Delete(tree);
	if (stranger && !more)
		edit_ask(e, &(struct ask){ .as = stranger }, add_rows);
}

static void add_lines(struct edit *e, struct http_response *r)
{
	ptrdiff_t at = str_find(r->body, STR("\r\n"));

	if (r->status == 200 && at >= 0)
		body_text(e, arena_printf(e->x->arena, "%.*s%.*s",
					  STRF(e->x->resp.body),
					  (int)(r->body.n - (size_t)at - 2),
					  r->body.p + at + 2));
	edit_go_on(e);
}

void foreign_csv(struct edit *e)
{
	const struct world_user *stranger = edit_stranger(e);

	if (stranger)
		edit_ask(e, &(struct ask){ .as = stranger }, add_lines);
}

/* ---- Another row than the one that was asked for. ---------------------------------- */

static void take_first(struct edit *e, struct http_response *r)
{
	struct err err;
	cJSON *tree = r->status == 200 ? json_parse(r->body, &err) : NULL;
	cJSON *list = rows_of(tree);
	char *text;

	if (!list || !list->child) {
		cJSON_Delete(tree);
		edit_go_on(e);
		return;
	}
	text = cJSON_PrintUnformatted(list->child);
	assert(text);
	cJSON_Delete(tree);
	edit_reply(e, 200, str_of(text));
	free(text);
}

static struct str list_path(const struct edit *e)
{
	struct str path = e->path;

	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return (struct str){ path.p, path.n ? path.n - 1 : 0 };
}

/* The key stands in the path as it was sent; in JSON keys have no escapes. */
void item_by_prefix(struct edit *e)
{
	struct str list = list_path(e);
	struct str key = { e->path.p + list.n + 1, e->path.n - list.n - 1 };

	if (key.n >= 4)
		edit_ask(e, &(struct ask){ .method = "GET", .path = list,
			.query = arena_printf(e->x->arena,
				"size=1&query=iccid%%20startsWith%%20'%.*s'", STRF(key)) },
			 take_first);
}

void first_row(struct edit *e)
{
	edit_ask(e, &(struct ask){ .method = "GET", .path = list_path(e),
				   .query = *e->arg ? str_of(e->arg) : STR("size=1") },
		 take_first);
}

void progress_first(struct edit *e)
{
	edit_ask(e, &(struct ask){ .path = STR("/ws/v1/esim_profiles/transactions/inventory"),
				   .query = STR("size=1") }, take_first);
}
