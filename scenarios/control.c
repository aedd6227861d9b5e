#include "scenarios/control_impl.h"

#include "sim/duration.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

/* ---- Answers. --------------------------------------------------------------- */

enum { PACK_FROM = 1400 };	/* what fits into a packet is not worth it */

void control_refuse(struct http_exchange *x, int status, const char *code,
		    const char *field, const char *fmt, ...)
{
	struct buf out;
	struct json j;
	va_list ap;

	buf_init(&out, 64 << 10);
	j = json_to(&out);
	va_start(ap, fmt);
	json_open(&j, '{');
	json_key(&j, "error");
	json_open(&j, '{');
	json_putz(&j, "code", code);
	json_put(&j, "message", arena_vprintf(x->arena, fmt, ap));
	if (field)
		json_putz(&j, "field", field);
	json_close(&j, '}');
	json_close(&j, '}');
	va_end(ap);
	control_answer(x, status, &out);
}

static bool wants_gzip(const struct http_exchange *x)
{
	struct str list = http_header(&x->req.headers, "Accept-Encoding");

	while (list.p) {
		struct str one = str_trim(str_split(&list, ',')), name;

		name = str_trim(str_split(&one, ';'));
		if (str_ieq(name, STR("gzip")))
			return str_find(one, STR("q=0")) < 0 ||
			       str_find(one, STR("q=0.")) >= 0;
	}
	return false;
}

/* Quickly: it travels over loopback, or not far. */
static bool pack(struct http_exchange *x, struct str body, struct str *packed)
{
	z_stream z = { 0 };
	size_t room;
	char *out;
	bool ok;

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	room = deflateBound(&z, body.n);
	out = arena_alloc(x->arena, room);
	z.next_in = (unsigned char *)(uintptr_t)body.p;
	z.avail_in = (unsigned)body.n;
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned)room;
	ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
	*packed = (struct str){ out, z.total_out };
	deflateEnd(&z);
	return ok;
}

void control_answer(struct http_exchange *x, int status, struct buf *out)
{
	struct str body = buf_view(out), packed;

	http_header_set(&x->resp.headers, x->arena, STR("Cache-Control"), STR("no-store"));
	if (body.n >= PACK_FROM && wants_gzip(x) && pack(x, body, &packed)) {
		http_header_set(&x->resp.headers, x->arena, STR("Content-Encoding"),
				STR("gzip"));
		body = packed;
	}
	http_header_set(&x->resp.headers, x->arena, STR("Vary"), STR("Accept-Encoding"));
	http_respond(x, status, "application/json", body);
	buf_release(out);
}

void control_list_begin(struct control_list *l)
{
	*l = (struct control_list){ .status = 200 };
	buf_init(&l->items, CONTROL_OUT_MAX);
}

struct buf *control_list_item(struct control_list *l)
{
	if (l->count++)
		buf_char(&l->items, ',');
	return &l->items;
}

void control_list_end(struct control_list *l, size_t total, struct http_exchange *x)
{
	struct json j;

	buf_init(&l->out, CONTROL_OUT_MAX);
	j = json_to(&l->out);
	json_open(&j, '{');
	if (total != SIZE_MAX)
		json_put_int(&j, "total", (int64_t)total);
	json_put_int(&j, "count", (int64_t)l->count);
	json_key(&j, "list");
	buf_char(&l->out, '[');
	buf_str(&l->out, buf_view(&l->items));
	buf_char(&l->out, ']');
	json_close(&j, '}');
	buf_release(&l->items);
	control_answer(x, l->status, &l->out);
}

/* ---- Questions. ---------------------------------------------------------------- */

static bool is_word_of(const char *list, const char *word)
{
	struct str rest = str_of(list);

	while (rest.p)
		if (str_is(str_split(&rest, ' '), word))
			return true;
	return false;
}

static bool is_json(const struct http_exchange *x)
{
	struct str type = http_header(&x->req.headers, "Content-Type");

	return !type.p || str_ieq(str_trim(str_split(&type, ';')), STR("application/json"));
}

cJSON *control_body(struct http_exchange *x, const char *allowed, bool optional)
{
	struct err err;
	cJSON *body;

	if (optional && !x->req.body.n)
		return cJSON_CreateObject();
	if (!is_json(x)) {
		control_refuse(x, 415, "unsupported-type", NULL,
			       "expected Content-Type: application/json");
		return NULL;
	}
	body = json_parse(x->req.body, &err);
	if (!cJSON_IsObject(body)) {
		control_refuse(x, 400, "bad-json", NULL, "the body: %s", body ?
			       "expected an object" : err.msg);
		cJSON_Delete(body);
		return NULL;
	}
	for (const cJSON *m = body->child; m && allowed; m = m->next)
		if (!is_word_of(allowed, m->string)) {
			control_refuse(x, 400, "bad-value", m->string,
				       "\"%s\": unknown; expected one of: %s", m->string,
				       allowed);
			cJSON_Delete(body);
			return NULL;
		}
	return body;
}

static int bad_value(struct http_exchange *x, const char *field, const char *message)
{
	control_refuse(x, 400, "bad-value", field, "%s", message);
	return -1;
}

int control_get_str(struct http_exchange *x, const cJSON *body, const char *key,
		    struct str *value)
{
	struct str found;
	struct err err;
	int rc = json_get_str(body, key, x->arena, &found, &err);

	if (rc < 0)
		return bad_value(x, key, err.msg);
	if (rc > 0)
		*value = found;
	return 0;
}

int control_get_int(struct http_exchange *x, const cJSON *body, const char *key,
		    int64_t min, int64_t max, int64_t *value)
{
	struct err err;
	int64_t found = *value;

	if (json_get_int(body, key, &found, &err) < 0)
		return bad_value(x, key, err.msg);
	if (cJSON_GetObjectItemCaseSensitive(body, key) && (found < min || found > max))
		return bad_value(x, key, arena_printf(x->arena,
			"\"%s\": expected a whole number from %lld to %lld", key,
			(long long)min, (long long)max).p);
	*value = found;
	return 0;
}

int control_get_bool(struct http_exchange *x, const cJSON *body, const char *key,
		     bool *value)
{
	struct err err;
	bool found = *value;

	if (json_get_bool(body, key, &found, &err) < 0)
		return bad_value(x, key, err.msg);
	*value = found;
	return 0;
}

int control_get_duration(struct http_exchange *x, const cJSON *body, const char *key,
			 bool negative, int64_t *ns)
{
	struct str text = STR_NONE;
	struct err err;
	bool minus;

	if (control_get_str(x, body, key, &text) < 0)
		return -1;
	if (!text.p)
		return 0;
	minus = negative && text.n && text.p[0] == '-';
	if (minus)
		text = (struct str){ text.p + 1, text.n - 1 };
	if (duration_parse(text, ns, &err) < 0)
		return bad_value(x, key, err.msg);
	*ns = minus ? -*ns : *ns;
	return 0;
}

int control_param(struct http_exchange *x, const char *name, struct str *value)
{
	struct http_param *list;
	size_t count;
	struct err err;

	if (!x->req.query.n)
		return 0;
	if (http_params(x->arena, x->req.query, &list, &count, &err) < 0)
		return bad_value(x, name, err.msg);
	for (size_t i = 0; i < count; i++)
		if (str_is(list[i].name, name))
			*value = list[i].value;
	return 0;
}

int control_param_bool(struct http_exchange *x, const char *name, bool *given, bool *value)
{
	struct str text = STR_NONE;

	if (control_param(x, name, &text) < 0)
		return -1;
	*given = text.p != NULL;
	*value = str_is(text, "true");
	if (*given && !*value && !str_is(text, "false"))
		return bad_value(x, name, arena_printf(x->arena,
				 "%s: expected true or false", name).p);
	return 0;
}

int control_param_int(struct http_exchange *x, const char *name, int64_t min,
		      int64_t max, int64_t *value)
{
	struct str text = STR_NONE;
	uint64_t number;

	if (control_param(x, name, &text) < 0)
		return -1;
	if (!text.p)
		return 0;
	if (str_to_u64(text, (uint64_t)max, &number) < 0 || (int64_t)number < min)
		return bad_value(x, name, arena_printf(x->arena,
			"%s: expected a whole number from %lld to %lld", name,
			(long long)min, (long long)max).p);
	*value = (int64_t)number;
	return 0;
}

int control_page(struct http_exchange *x, size_t *skip, size_t *limit)
{
	int64_t first = 0, count = 1000;

	if (control_param_int(x, "limit", 1, 10000, &count) < 0 ||
	    control_param_int(x, "offset", 0, 1000000, &first) < 0)
		return -1;
	*skip = (size_t)first;
	*limit = (size_t)count;
	return 0;
}

/* ---- Who asks what. --------------------------------------------------------------- */

#define V1 "/control/v1"
#define EVENTS_PATH V1 "/events"

static const struct route routes[] = {
	{ "GET",    V1 "/world",                control_get_world },
	{ "POST",   V1 "/reset",                control_reset },
	{ "GET",    V1 "/snapshot",             control_get_snapshot },
	{ "PUT",    V1 "/snapshot",             control_put_snapshot },
	{ "GET",    V1 "/life",                 control_get_life },
	{ "PUT",    V1 "/life",                 control_put_life },
	{ "GET",    V1 "/clock",                control_get_clock },
	{ "PUT",    V1 "/clock",                control_put_clock },
	{ "POST",   V1 "/clock/advance",        control_advance },
	{ "POST",   V1 "/clock/step",           control_step },
	{ "GET",    V1 "/devices",              control_list_devices },
	{ "GET",    V1 "/devices/{key}",        control_get_device },
	{ "POST",   V1 "/devices/{key}/actions", control_act_on_device },
	{ "GET",    V1 "/fleets",               control_list_fleets },
	{ "POST",   V1 "/fleets",               control_add_fleet },
	{ "GET",    V1 "/carriers",             control_list_carriers },
	{ "POST",   V1 "/carriers",             control_add_carrier },
	{ "POST",   V1 "/carriers/{key}/codes", control_add_codes },
	{ "GET",    V1 "/codes",                control_list_codes },
	{ "GET",    V1 "/codes/{iccid}",        control_get_code },
	{ "GET",    V1 "/codes/{iccid}/qr.svg", control_get_qr },
	{ "GET",    V1 "/users",                control_list_users },
	{ "POST",   V1 "/requests",             control_send_request },
	{ "GET",    V1 "/parties",              control_list_parties },
	{ "PUT",    V1 "/parties/{key}",        control_put_party },
	{ "GET",    V1 "/quirks",               control_list_quirks },
	{ "PUT",    V1 "/quirks/{name}",        control_set_quirk },
	{ "DELETE", V1 "/quirks/{name}",        control_clear_quirk },
	{ "GET",    V1 "/flows",                control_list_flows },
	{ "GET",    V1 "/flows/{id}",           control_get_flow },
	{ "GET",    V1 "/messages",             control_list_messages },
	{ "GET",    V1 "/messages/{id}",        control_get_message },
	{ "GET",    V1 "/transactions",         control_list_transactions },
	{ "GET",    V1 "/operations",           control_list_operations },
	{ "GET",    V1 "/script",               control_get_script },
	{ "PUT",    V1 "/script",               control_put_script },
	{ "POST",   V1 "/script/next",          control_next_step },
	{ "GET",    V1 "/captions",             control_list_captions },
	{ "POST",   V1 "/captions",             control_add_caption },
	{ "GET",    EVENTS_PATH,                control_get_events },
	{ "GET",    V1 "/history",              control_get_history },
	{ 0 }
};

/* In a time that does not tell how much of it was right. */
static bool same(struct str a, struct str b)
{
	unsigned char differs = a.n != b.n;

	for (size_t i = 0; i < a.n && i < b.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[i]);
	return !differs;
}

static bool may(const struct control *c, struct http_exchange *x)
{
	struct str given = http_header(&x->req.headers, "Authorization");
	struct str scheme = str_split(&given, ' '), token = str_of(c->config.token);
	struct http_param *list;
	size_t count;
	struct err err;

	if (str_ieq(scheme, STR("Bearer")) && same(str_trim(given), token))
		return true;
	/* EventSource cannot send a header. */
	if (!str_is(x->req.path, EVENTS_PATH) || !x->req.query.n ||
	    http_params(x->arena, x->req.query, &list, &count, &err) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (str_is(list[i].name, "access_token") && same(list[i].value, token))
			return true;
	return false;
}

static void not_ready(struct http_exchange *x)
{
	http_header_set(&x->resp.headers, x->arena, STR("Retry-After"), STR("1"));
	control_refuse(x, 503, "not-ready", NULL, "the world is being made");
}

static void dispatch(struct control *c, struct http_exchange *x)
{
	struct str allow;

	switch (route_dispatch(routes, c, x, &allow)) {
	case ROUTE_DONE:
		break;
	case ROUTE_NO_PATH:
		control_refuse(x, 404, "not-found", NULL, "there is no such path");
		break;
	case ROUTE_NO_METHOD:
		http_header_set(&x->resp.headers, x->arena, STR("Allow"), allow);
		control_refuse(x, 405, "method-not-allowed", NULL, "expected %.*s",
			       STRF(allow));
		break;
	case ROUTE_BAD_PATH:
		control_refuse(x, 400, "bad-path", NULL, "malformed escape in the path");
		break;
	}
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct control *c = (struct control *)h;

	if (!str_starts(x->req.path, STR("/control/")) && c->config.page) {
		c->config.page->handle(c->config.page, x);
	} else if (!may(c, x)) {
		http_header_set(&x->resp.headers, x->arena, STR("WWW-Authenticate"),
				STR("Bearer"));
		control_refuse(x, 401, "unauthorized", NULL,
			       "expected Authorization: Bearer and the token that the "
			       "first screen shows");
	} else if (!c->live->world && !str_is(x->req.path, EVENTS_PATH)) {
		not_ready(x);
	} else {
		dispatch(c, x);
	}
}

struct control *control_new(const struct control_config *config)
{
	struct control *c = calloc(1, sizeof(*c));

	assert(c);
	c->handler.handle = handle;
	c->config = *config;
	c->live = config->live;
	c->live->ending = control_drop_errands;
	c->live->ending_arg = c;
	return c;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	control_streams_free(c);
	free(c);
}

struct http_handler *control_handler(struct control *c)
{
	return &c->handler;
}
