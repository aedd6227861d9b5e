#include "server/routes.h"

#include "proto/redact.h"
#include "server/actions.h"
#include "server/codes.h"
#include "server/core.h"
#include "server/encode.h"
#include "server/endpoints.h"
#include "server/operations.h"
#include "server/page.h"
#include "server/reports.h"
#include "server/resource.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* Whole numbers below it have a double of their own. */
#define EXACT_MAX 9007199254740992.0

enum {
	BODY_MAX = 4 << 20,
	URL_MAX_BYTES = 16 << 10,	/* path and query, escapes and all */
	HEADERS_MAX = 100,
	HEADER_BYTES_MAX = 16 << 10,	/* of all names and values */
	ENTRIES_MAX = 1000,
	MEMBERS_MAX = 64,		/* of an entry */
	NAME_SHOWN = 60,
	ITEM_USUAL = 1000,		/* bytes of one, in JSON */
};

/* ---- Forms of answers. ------------------------------------------------- */

void reply_put_json(struct http_exchange *x, int status, struct str body)
{
	x->resp.status = status;
	x->resp.body = arena_str(x->arena, body);
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
			STR("application/json"));
}

void reply_json(struct server *s, struct http_exchange *x, int status,
		struct str body)
{
	reply_put_json(x, status, body);
	server_reply(s, x);
}

/* 200, or 304 if the client has it. */
static void reply_tagged(struct server *s, struct http_exchange *x, struct str body)
{
	reply_put_json(x, 200, body);
	encode_tag(x);
	server_reply(s, x);
}

/* A message shows what stands where it should not; that may be a secret. */
static void put_message(struct json *j, struct str message)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	buf_str(&b, message);
	redact_secrets(&b);
	json_put(j, "error_message", buf_view(&b));
	buf_release(&b);
}

static void put_error(struct json *j, int status, struct str message,
		      struct str context)
{
	json_open(j, '{');
	if (context.n) {
		json_key(j, "error_context");
		json_raw(j, context);
	}
	put_message(j, message);
	json_put_int(j, "error_status", status);
	json_close(j, '}');
}

static void put_error_answer(struct http_exchange *x, int status, struct str message,
			     struct str context)
{
	struct buf b;
	struct json j;

	buf_init(&b, ANSWER_MAX);
	j = json_to(&b);
	put_error(&j, status, message, context);
	reply_put_json(x, status, buf_view(&b));
	buf_release(&b);
}

void reply_error(struct server *s, struct http_exchange *x, int status,
		 struct str message, struct str context)
{
	put_error_answer(x, status, message, context);
	server_reply(s, x);
}

int status_of(const struct err *err)
{
	switch (err->code) {
	case ERR_NONE:
	case ERR_INVALID:
	case ERR_LIMIT:
		return 400;
	case ERR_DENIED:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_STATE:
		return 409;
	case ERR_IO:
		return 503;
	case ERR_TIMEOUT:
		return 504;
	}
	return 500;
}

void reply_err(struct server *s, struct http_exchange *x,
	       const struct err *err)
{
	reply_error(s, x, status_of(err), str_of(err->msg), STR_NONE);
}

struct str request_param(const struct request *rq, const char *name)
{
	for (size_t i = 0; i < rq->param_count; i++)
		if (str_is(rq->params[i].name, name))
			return rq->params[i].value;
	return STR_NONE;
}

/* ---- Entries of a POST: one object, or a list of them. ----------------- */

typedef int entry_fn(struct request *, const cJSON *, struct json *, struct err *);

/* Does `text` speak of `word`, whatever its case and what joins its words? */
static bool names_it(const char *text, const char *word)
{
	for (; *text; text++) {
		const char *t = text, *w = word;

		while (*t && *w) {
			if ((*t >= 'A' && *t <= 'Z' ? *t + 32 : *t) == *w)
				w++;
			else if (*t != '_' && *t != '-' && *t != ' ')
				break;
			t++;
		}
		if (!*w)
			return true;
	}
	return false;
}

/* Also one that stands percent-encoded, as in a URL. */
static bool holds_secret(const char *text)
{
	return strchr(text, '$') || redact_finds(str_of(text));
}

/* Members that nobody gets to see again, wherever they stand and however they
 * are spelt: one that we do not know may be one that we do, misspelt. */
static bool is_secret(const cJSON *member)
{
	static const char *const names[] = {
		"activationcode", "confirmationcode", "matchingid", "password",
		"secret", "token",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names_it(member->string, names[i]))
			return true;
	/* An activation code in the wrong place is a secret all the same. */
	return holds_secret(member->string) ||
	       (cJSON_IsString(member) && holds_secret(member->valuestring));
}

/* As it was sent, but for digits that nobody keeps. */
static void put_number(struct json *j, const char *key, double v)
{
	char text[32];

	json_key(j, key);
	if (!isfinite(v))
		json_null(j);
	else if (v == floor(v) && fabs(v) < EXACT_MAX)
		json_int(j, (int64_t)v);
	else {
		snprintf(text, sizeof(text), "%.17g", v);
		json_raw(j, str_of(text));
	}
}

/* The entry as it was sent, without secrets and what is nested. */
static struct str context_of(const cJSON *entry, struct arena *a)
{
	const cJSON *member;
	struct str text;
	struct buf b;
	struct json j;

	if (!cJSON_IsObject(entry))
		return STR_NONE;
	buf_init(&b, BODY_MAX);
	j = json_to(&b);
	json_open(&j, '{');
	cJSON_ArrayForEach(member, entry) {
		if (is_secret(member))
			continue;
		if (cJSON_IsString(member))
			json_putz(&j, member->string, member->valuestring);
		else if (cJSON_IsNumber(member))
			put_number(&j, member->string, member->valuedouble);
		else if (cJSON_IsBool(member))
			json_put_bool(&j, member->string, cJSON_IsTrue(member));
	}
	json_close(&j, '}');
	text = b.over ? STR_NONE : arena_str(a, buf_view(&b));
	buf_release(&b);
	return text;
}

/* What is said twice has two meanings, and readers differ in which they take. */
static int check_members(const cJSON *entry, struct err *err)
{
	int count = 0;

	for (const cJSON *m = entry->child; m; m = m->next) {
		if (++count > MEMBERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d members",
				       MEMBERS_MAX);
		for (const cJSON *o = entry->child; o != m; o = o->next)
			if (strcmp(o->string, m->string) == 0)
				return err_set(err, ERR_INVALID,
					       "\"%.*s\": it is there twice",
					       NAME_SHOWN, m->string);
	}
	return 0;
}

static int try_entry(struct request *rq, const cJSON *entry, entry_fn *fn,
		     struct json *out, struct err *err)
{
	if (!cJSON_IsObject(entry))
		return err_set(err, ERR_INVALID, "expected an object, found %s",
			       json_kind(entry));
	return check_members(entry, err) < 0 ? -1 : fn(rq, entry, out, err);
}

static void answer_one(struct request *rq, const cJSON *entry, entry_fn *fn,
		       int ok_status)
{
	struct buf out;
	struct json j;
	struct err err;

	buf_init(&out, ANSWER_MAX);
	j = json_to(&out);
	if (try_entry(rq, entry, fn, &j, &err) == 0)
		reply_json(rq->s, rq->x, ok_status, buf_view(&out));
	else
		reply_error(rq->s, rq->x, status_of(&err), str_of(err.msg),
			    context_of(entry, rq->x->arena));
	buf_release(&out);
}

/* 200 or 201 if all went well, 207 if some did, else what they have in common. */
static int status_of_list(int count, int failed, int first_failure, bool alike,
			  int ok_status)
{
	if (failed == 0)
		return ok_status;
	if (failed < count)
		return 207;
	return alike ? first_failure : 400;
}

static void answer_list(struct request *rq, const cJSON *list, entry_fn *fn,
			int ok_status)
{
	int count = cJSON_GetArraySize(list), failed = 0, first = 0;
	bool alike = true;
	const cJSON *entry;
	struct buf out;
	struct json j;
	struct err err;

	buf_init(&out, ANSWER_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_put_int(&j, "count", count);
	json_key(&j, "list");
	json_open(&j, '[');
	cJSON_ArrayForEach(entry, list) {
		if (try_entry(rq, entry, fn, &j, &err) == 0)
			continue;
		if (failed++ == 0)
			first = status_of(&err);
		alike = alike && status_of(&err) == first;
		put_error(&j, status_of(&err), str_of(err.msg),
			  context_of(entry, rq->x->arena));
	}
	json_close(&j, ']');
	json_close(&j, '}');
	reply_json(rq->s, rq->x, status_of_list(count, failed, first, alike, ok_status),
		   buf_view(&out));
	buf_release(&out);
}

bool is_json_type(struct str type)
{
	struct str essence = str_trim(str_split(&type, ';'));

	return str_ieq(essence, STR("application/json")) ||
	       str_ieq(essence, STR("text/json")) ||
	       str_ends(essence, STR("+json"));
}

static bool may_write(struct request *rq)
{
	if (rq->user.role != SERVER_ROLE_READ_ONLY)
		return true;
	reply_error(rq->s, rq->x, 403,
		    STR("this user may only read"), STR_NONE);
	return false;
}

static bool is_plain_json(struct request *rq)
{
	struct http_headers *h = &rq->x->req.headers;
	struct str type = http_header(h, "Content-Type");
	struct str coding = str_trim(http_header(h, "Content-Encoding"));

	if (type.n && !is_json_type(type))
		reply_error(rq->s, rq->x, 415,
			    STR("Content-Type: expected application/json"), STR_NONE);
	else if (coding.n && !str_ieq(coding, STR("identity")))
		reply_error(rq->s, rq->x, 415,
			    STR("Content-Encoding: expected a body that is not encoded"),
			    STR_NONE);
	else
		return true;
	return false;
}

static void post_entries(struct request *rq, entry_fn *fn, int ok_status)
{
	struct http_exchange *x = rq->x;
	struct err err;
	cJSON *tree;

	if (!may_write(rq) || !is_plain_json(rq))
		return;
	tree = json_parse(x->req.body, &err);
	if (tree)
		store_begin(rq->s->store);
	if (!tree)
		reply_err(rq->s, x, &err);
	else if (cJSON_IsArray(tree) && (cJSON_GetArraySize(tree) > ENTRIES_MAX ||
					 !tree->child))
		reply_error(rq->s, x, 400, STR("expected a list of 1 to 1000 objects"),
			    STR_NONE);
	else if (cJSON_IsArray(tree))
		answer_list(rq, tree, fn, ok_status);
	else
		answer_one(rq, tree, fn, ok_status);
	cJSON_Delete(tree);
}

/* ---- Handlers. --------------------------------------------------------- */

static void item(struct request *rq, enum resource_id id, struct str key)
{
	struct buf out;
	struct json j;

	buf_init(&out, ANSWER_MAX);
	buf_reserve(&out, ITEM_USUAL);
	j = json_to(&out);
	if (!str_is_utf8(key))
		reply_error(rq->s, rq->x, 400, STR("path: not UTF-8"), STR_NONE);
	else if (resource_item(rq->s, id, rq->user.customer_id, key, rq->x->arena, &j))
		reply_tagged(rq->s, rq->x, buf_view(&out));
	else
		reply_error(rq->s, rq->x, 404,
			    arena_printf(rq->x->arena, "%s: no such item",
					 resource_get(id)->name), STR_NONE);
	buf_release(&out);
}

/* "cursor size query orderby" as a list. */
static void put_words(struct json *j, const char *words)
{
	struct str rest = str_of(words);

	json_open(j, '[');
	while (rest.n)
		json_str(j, str_split(&rest, ' '));
	json_close(j, ']');
}

static const struct endpoint {
	const char *method, *path, *description, *parameters;
} endpoints[] = {
#define X(method, path, fn, description, parameters) \
	{ method, path, description, parameters },
	ENDPOINTS(X)
#undef X
};

/* Members that the object, or each object, of a POST may have. */
static const struct {
	const char *path, *members;
} payloads[] = {
	{ "/ws/v1/esim_profiles/delete", "device_id eid iccid" },
	{ "/ws/v1/esim_profiles/disable", "device_id eid iccid" },
	{ "/ws/v1/esim_profiles/enable", "device_id eid iccid" },
	{ "/ws/v1/esim_profiles/download",
	  "device_id eid iccid activation_code confirmation_code" },
	{ "/ws/v1/esim_profiles/operations/inventory",
	  "device_id eid operation carrier iccid cause cause_id source" },
	{ "/ws/v1/esim_activation_codes/inventory",
	  "iccid carrier activation_code confirmation_code" },
};

enum { ENDPOINT_COUNT = sizeof(endpoints) / sizeof(endpoints[0]) };

static bool is_under(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (!path[n] || path[n] == '/');
}

static void put_payload(struct json *j, const struct endpoint *e)
{
	if (strcmp(e->method, "POST") != 0)
		return;
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		if (strcmp(payloads[i].path, e->path) != 0)
			continue;
		json_key(j, "payload");
		put_words(j, payloads[i].members);
	}
}

static void root(struct request *rq, const char *path)
{
	struct buf out;
	struct json j;
	int64_t count = 0;

	for (size_t i = 0; i < ENDPOINT_COUNT; i++)
		count += is_under(endpoints[i].path, path);
	buf_init(&out, ANSWER_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_put_int(&j, "count", count);
	json_key(&j, "list");
	json_open(&j, '[');
	for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
		const struct endpoint *e = &endpoints[i];

		if (!is_under(e->path, path))
			continue;
		json_open(&j, '{');
		json_putz(&j, "method", e->method);
		json_putz(&j, "uri", e->path);
		json_putz(&j, "description", e->description);
		json_key(&j, "parameters");
		put_words(&j, e->parameters);
		put_payload(&j, e);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	reply_json(rq->s, rq->x, 200, buf_view(&out));
	buf_release(&out);
}

/* A progress call that waits for the EIS. */
struct progress {
	struct waiter waiter;	/* first */
	struct request *rq;
	struct str id;
};

static void progress_told(struct waiter *w)
{
	struct progress *p = (struct progress *)w;

	item(p->rq, RESOURCE_TRANSACTIONS, p->id);
}

static void progress(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct request *rq = ctx;
	struct progress *p = ARENA_NEW(x->arena, struct progress);
	int64_t rid;

	if (!str_is_utf8(args[0])) {
		item(rq, RESOURCE_TRANSACTIONS, args[0]);	/* 400 */
		return;
	}
	*p = (struct progress){ { .told = progress_told }, rq,
				resource_letters(CASE_LOWER, args[0], x->arena) };
	rid = transaction_running(rq->s, p->id, rq->user.customer_id);
	if (rid)
		chase_ask(rq->s, rid, &p->waiter);
	else
		item(rq, RESOURCE_TRANSACTIONS, p->id);
}

static int add_code(struct request *rq, const cJSON *body, struct json *out,
		    struct err *err)
{
	int64_t customer_id = rq->user.customer_id;
	struct str iccid;

	if (code_add(rq->s, customer_id, body, rq->x->arena, &iccid, err) < 0)
		return -1;
	resource_item(rq->s, RESOURCE_CODES, customer_id, iccid, rq->x->arena, out);
	return 0;
}

static void delete_code(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct request *rq = ctx;
	int64_t customer_id = rq->user.customer_id;
	struct code code;
	struct stmt *q;

	if (!may_write(rq))
		return;
	store_begin(rq->s->store);
	if (!code_find(rq->s, customer_id, args[0], x->arena, &code)) {
		item(rq, RESOURCE_CODES, args[0]);	/* 404 */
		return;
	}
	if (code.status == CODE_IN_USE) {
		reply_error(rq->s, x, 409, STR("the activation code is in use"), STR_NONE);
		return;
	}
	q = store_sql(rq->s->store, SQL_CODE_REMOVE);
	stmt_run(stmt_str(stmt_int(q, customer_id), args[0]));
	x->resp.status = 204;
	server_reply(rq->s, x);
}

#define HANDLER(name, call) \
	static void name(void *ctx, struct http_exchange *x, const struct str *args) \
	{ \
		(void)x; \
		(void)args; \
		call; \
	}

HANDLER(profiles_root, root(ctx, "/ws/v1/esim_profiles"))
HANDLER(codes_root, root(ctx, "/ws/v1/esim_activation_codes"))
HANDLER(esims_root, root(ctx, "/ws/v1/esims"))
HANDLER(devices_root, root(ctx, "/ws/v1/devices"))
HANDLER(profiles_item, item(ctx, RESOURCE_PROFILES, args[0]))
HANDLER(operations_item, item(ctx, RESOURCE_OPERATIONS, args[0]))
HANDLER(codes_item, item(ctx, RESOURCE_CODES, args[0]))
HANDLER(esims_item, item(ctx, RESOURCE_ESIMS, args[0]))
HANDLER(devices_item, item(ctx, RESOURCE_DEVICES, args[0]))
HANDLER(profiles_list, page_answer(ctx, RESOURCE_PROFILES))
HANDLER(transactions_list, page_answer(ctx, RESOURCE_TRANSACTIONS))
HANDLER(operations_list, page_answer(ctx, RESOURCE_OPERATIONS))
HANDLER(codes_list, page_answer(ctx, RESOURCE_CODES))
HANDLER(esims_list, page_answer(ctx, RESOURCE_ESIMS))
HANDLER(devices_list, page_answer(ctx, RESOURCE_DEVICES))
HANDLER(profiles_bulk, bulk_answer(ctx, RESOURCE_PROFILES))
HANDLER(codes_bulk, bulk_answer(ctx, RESOURCE_CODES))
HANDLER(esims_bulk, bulk_answer(ctx, RESOURCE_ESIMS))
HANDLER(devices_bulk, bulk_answer(ctx, RESOURCE_DEVICES))
HANDLER(post_download, post_entries(ctx, action_download, 200))
HANDLER(post_enable, post_entries(ctx, action_enable, 200))
HANDLER(post_disable, post_entries(ctx, action_disable, 200))
HANDLER(post_delete, post_entries(ctx, action_delete, 200))
HANDLER(post_operation, post_entries(ctx, operation_create, 200))
HANDLER(post_code, post_entries(ctx, add_code, 201))

static const struct route routes[] = {
#define X(method, path, fn, description, parameters) { method, path, fn },
	ENDPOINTS(X)
#undef X
	{ NULL, NULL, NULL }
};

/* ---- Dispatch. --------------------------------------------------------- */

/* Some clients write the format behind the path. */
static void cut_suffix(struct request *rq, struct str *path)
{
	if (str_ends(*path, STR(".json"))) {
		path->n -= strlen(".json");
	} else if (str_ends(*path, STR(".csv"))) {
		path->n -= strlen(".csv");
		rq->csv = true;
	}
}

static int check_param(struct request *rq, size_t i, struct err *err)
{
	const struct http_param *p = &rq->params[i];
	int shown = (int)(p->name.n < NAME_SHOWN ? p->name.n : NAME_SHOWN);

	if (!str_is_utf8(p->name))
		return err_set(err, ERR_INVALID,
			       "query string: the name of parameter %zu is not UTF-8",
			       i + 1);
	if (!str_is_utf8(p->value))
		return err_set(err, ERR_INVALID, "%.*s: not UTF-8", shown, p->name.p);
	for (size_t k = 0; k < i; k++)
		if (str_eq(rq->params[k].name, p->name))
			return err_set(err, ERR_INVALID,
				       "%.*s: the parameter is there twice", shown,
				       p->name.p);
	return 0;
}

static bool read_params(struct request *rq)
{
	struct err err;

	if (http_params(rq->x->arena, rq->x->req.query, &rq->params,
			&rq->param_count, &err) < 0) {
		reply_err(rq->s, rq->x, &err);
		return false;
	}
	for (size_t i = 0; i < rq->param_count; i++) {
		if (check_param(rq, i, &err) == 0)
			continue;
		reply_err(rq->s, rq->x, &err);
		return false;
	}
	return true;
}

/* Says what is allowed; to OPTIONS that is the answer. */
static void refuse_method(struct server *s, struct http_exchange *x, struct str allow)
{
	http_header_set(&x->resp.headers, x->arena, STR("Allow"),
			arena_printf(x->arena, "%.*s, OPTIONS", STRF(allow)));
	if (str_is(x->req.method, "OPTIONS")) {
		x->resp.status = 204;
		server_reply(s, x);
	} else {
		reply_error(s, x, 405, arena_printf(x->arena,
			    "the path takes %.*s only", STRF(allow)), STR_NONE);
	}
}

static void dispatch(struct request *rq)
{
	struct http_exchange *x = rq->x;
	struct str allow, path = x->req.path;
	enum route_result result;

	cut_suffix(rq, &x->req.path);
	result = route_dispatch(routes, rq, x, &allow);
	/* The reply may be out already, and the exchange another's. */
	if (result == ROUTE_DONE)
		return;
	x->req.path = path;
	if (result == ROUTE_NO_METHOD) {
		refuse_method(rq->s, x, allow);
	} else if (result == ROUTE_BAD_PATH) {
		reply_error(rq->s, x, 400, STR("path: malformed %-escape"), STR_NONE);
	} else {
		reply_error(rq->s, x, 404, STR("no such path"), STR_NONE);
	}
}

/* Is `name` within its limit?  One that counts is counted. */
static bool may_pass(struct server *s, struct http_exchange *x,
		     struct throttle *t, struct str name, bool count)
{
	int wait_s = throttle_take(t, name, count);

	if (wait_s == 0)
		return true;
	http_header_set(&x->resp.headers, x->arena, STR("Retry-After"),
			arena_printf(x->arena, "%d", wait_s));
	reply_error(s, x, 429, arena_printf(x->arena,
		    "more than %u requests in %d seconds", t->limit,
		    THROTTLE_WINDOW_S), STR_NONE);
	return false;
}

static void northbound(struct server *s, struct http_exchange *x)
{
	struct request *rq = ARENA_NEW(x->arena, struct request);

	rq->s = s;
	rq->x = x;
	if (!may_pass(s, x, &s->guesses, x->from, false))
		return;
	if (auth_check(&s->auth, x, &rq->user) < 0) {
		throttle_take(&s->guesses, x->from, true);
		http_header_set(&x->resp.headers, x->arena, STR("WWW-Authenticate"),
				STR("Basic realm=\"esim_profiles\", charset=\"UTF-8\""));
		reply_error(s, x, 401, STR("user name and password, or an API key, are missing or wrong"),
			    STR_NONE);
	} else if (may_pass(s, x, &s->throttle, rq->user.name, true) && read_params(rq)) {
		dispatch(rq);
	}
}

static bool is_report(const struct http_exchange *x)
{
	return str_is(x->req.path, REPORT_PATH);
}

static bool is_too_long(struct server *s, struct http_exchange *x)
{
	const struct http_headers *h = &x->req.headers;
	size_t url = x->req.path.n + (x->req.query.p != NULL) + x->req.query.n;
	size_t bytes = 0;

	for (size_t i = 0; i < h->count; i++)
		bytes += h->list[i].name.n + h->list[i].value.n;
	if (url > URL_MAX_BYTES)
		reply_error(s, x, 414, STR("the URL is longer than 16384 bytes"), STR_NONE);
	else if (h->count > HEADERS_MAX || bytes > HEADER_BYTES_MAX)
		reply_error(s, x, 431,
			    STR("more than 100 headers, or more than 16384 bytes of them"),
			    STR_NONE);
	else if (x->req.body.n > BODY_MAX && !is_report(x))
		reply_error(s, x, 413, STR("the body is longer than 4194304 bytes"),
			    STR_NONE);
	else
		return false;
	return true;
}

void routes_too_large(struct http_exchange *x, size_t max)
{
	if (is_report(x)) {
		report_too_large(x);
		return;
	}
	put_error_answer(x, 413, arena_printf(x->arena,
			 "the body is longer than %zu bytes", max < BODY_MAX ? max : BODY_MAX),
			 STR_NONE);
}

void routes_malformed(struct http_exchange *x, int status, const char *why)
{
	if (is_report(x))
		report_malformed(x, status, why);
	else
		put_error_answer(x, status, str_of(why), STR_NONE);
}

void routes_handle(struct server *s, struct http_exchange *x)
{
	store_refresh(s->store);
	if (is_too_long(s, x))
		return;
	if (is_report(x))
		report_handle(s, x);
	else if (str_starts(x->req.path, STR("/ws/")))
		northbound(s, x);
	else
		reply_error(s, x, 404, STR("no such path"), STR_NONE);
}
