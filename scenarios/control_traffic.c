/* The control API: messages, flows, what stands in the server's database, and
 * requests to its API. */
#include "scenarios/control_impl.h"

#include "sim/socknet.h"

#include <stdio.h>

/* ---- Flows. ------------------------------------------------------------------ */

void control_list_flows(void *control, struct http_exchange *x, const struct str *args)
{
	struct live *l = ((struct control *)control)->live;
	struct str device = STR_NONE;
	struct control_list list;
	bool given, active;
	size_t skip, limit;

	(void)args;
	if (control_param_bool(x, "active", &given, &active) < 0 ||
	    control_param(x, "device", &device) < 0 || control_page(x, &skip, &limit) < 0)
		return;
	control_list_begin(&list);
	for (struct flow *f = flows_next(l->flows, NULL); f && list.count < limit;
	     f = flows_next(l->flows, f)) {
		if (given && f->active != active)
			continue;
		if (device.p && (f->device >= l->world->device_count ||
				 !str_eq(l->world->devices[f->device].key, device)))
			continue;
		show_flow(l, f, control_list_item(&list));
	}
	control_list_end(&list, SIZE_MAX, x);
}

/* Messages of a flow, oldest first, into an open array. */
static void put_messages(struct live *l, struct str flow, struct json *j)
{
	const struct message *m;
	struct buf one;

	buf_init(&one, 1 << 20);
	for (uint64_t id = 1; (m = tap_from(l->tap, id)); id = m->id + 1) {
		if (!str_eq(m->flow, flow))
			continue;
		buf_clear(&one);
		show_message(l, m, false, &one);
		json_raw(j, buf_view(&one));
	}
	buf_release(&one);
}

void control_get_flow(void *control, struct http_exchange *x, const struct str *args)
{
	struct live *l = ((struct control *)control)->live;
	struct flow *f = flows_find(l->flows, args[0]);
	struct buf out, part;
	struct json j;

	if (!f) {
		control_refuse(x, 404, "unknown-flow", NULL, "no flow '%.*s' is kept",
			       STRF(args[0]));
		return;
	}
	buf_init(&out, CONTROL_OUT_MAX);
	buf_init(&part, 1 << 20);
	j = json_to(&out);
	json_open(&j, '{');
	show_flow(l, f, &part);
	json_key(&j, "flow");
	json_raw(&j, buf_view(&part));
	json_key(&j, "list");
	json_open(&j, '[');
	put_messages(l, str_of(f->id), &j);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_release(&part);
	control_answer(x, 200, &out);
}

/* ---- Messages. ------------------------------------------------------------------ */

struct filter {
	size_t device;			/* SIZE_MAX: any */
	struct str flow;		/* or STR_NONE */
	uint64_t first;
};

static bool fits(const struct filter *f, const struct message *m)
{
	return (f->device == SIZE_MAX || m->device == f->device) &&
	       (!f->flow.p || str_eq(m->flow, f->flow));
}

/* Where the last `limit` of those that fit begin. */
static uint64_t begin_of_last(const struct live *l, const struct filter *f, size_t limit)
{
	const struct message *m;
	size_t n = 0;
	uint64_t id;

	for (id = f->first; (m = tap_from(l->tap, id)); id = m->id + 1)
		n += fits(f, m);
	for (id = f->first; n > limit && (m = tap_from(l->tap, id)); id = m->id + 1)
		n -= fits(f, m);
	return id;
}

void control_list_messages(void *control, struct http_exchange *x, const struct str *args)
{
	struct live *l = ((struct control *)control)->live;
	struct filter f = { .device = SIZE_MAX };
	struct str device = STR_NONE;
	const struct message *m;
	struct control_list list;
	int64_t after = 0;
	size_t skip, limit, first, count;
	struct err err;

	(void)args;
	if (control_param(x, "device", &device) < 0 || control_param(x, "flow", &f.flow) < 0 ||
	    control_param_int(x, "after", 0, INT64_MAX / 2, &after) < 0 ||
	    control_page(x, &skip, &limit) < 0)
		return;
	control_list_begin(&list);
	f.first = (uint64_t)after + 1;
	if (device.p && world_find_devices(l->world, device, &first, &count, &err) == 0)
		f.device = first;
	for (uint64_t id = begin_of_last(l, &f, limit);
	     (m = tap_from(l->tap, id)) && (!device.p || f.device != SIZE_MAX);
	     id = m->id + 1)
		if (fits(&f, m))
			show_message(l, m, false, control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

void control_get_message(void *control, struct http_exchange *x, const struct str *args)
{
	struct live *l = ((struct control *)control)->live;
	const struct message *m = NULL;
	struct buf out;
	uint64_t id;

	if (str_to_u64(args[0], INT64_MAX, &id) == 0)
		m = tap_from(l->tap, id);
	if (!m || m->id != id) {
		control_refuse(x, 404, "unknown-message", NULL, "no message '%.*s' is kept",
			       STRF(args[0]));
		return;
	}
	buf_init(&out, CONTROL_OUT_MAX);
	show_message(l, m, true, &out);
	control_answer(x, 200, &out);
}

/* ---- The server's database. -------------------------------------------------------- */

static void list_rows(struct control *c, struct http_exchange *x, bool operations)
{
	struct live *l = c->live;
	struct control_list list;
	struct flow_row *rows;
	size_t skip, limit, count;

	if (control_page(x, &skip, &limit) < 0)
		return;
	rows = arena_array(x->arena, limit, sizeof(*rows));
	count = flow_list(l->world->store, operations, skip, limit, x->arena, rows);
	control_list_begin(&list);
	for (size_t i = 0; i < count; i++)
		if (operations)
			show_operation(l, &rows[i], control_list_item(&list));
		else
			show_transaction(l, &rows[i], control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

void control_list_transactions(void *control, struct http_exchange *x,
			       const struct str *args)
{
	(void)args;
	list_rows(control, x, false);
}

void control_list_operations(void *control, struct http_exchange *x, const struct str *args)
{
	(void)args;
	list_rows(control, x, true);
}

/* ---- A request to the server's API. ------------------------------------------------- */

struct control_errand {
	struct control *control;
	struct http_exchange *x;	/* who waits for it */
	struct str curl;
	bool head;
	struct control_errand *prev, *next;
};

static void unlist(struct control_errand *e)
{
	if (e->prev)
		e->prev->next = e->next;
	else
		e->control->errands = e->next;
	if (e->next)
		e->next->prev = e->prev;
}

void control_drop_errands(void *control)
{
	struct control *c = control;

	while (c->errands) {
		struct http_exchange *x = c->errands->x;

		unlist(c->errands);
		http_header_set(&x->resp.headers, x->arena, STR("Retry-After"), STR("1"));
		control_refuse(x, 503, "not-ready", NULL, "the world was ended");
	}
}

static void quote(struct buf *out, struct str s)
{
	buf_char(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_z(out, "'\\''");
		else
			buf_char(out, s.p[i]);
	}
	buf_char(out, '\'');
}

/* As somebody else could send it; a key is better than a password. */
static struct str as_curl(struct live *l, const struct world_user *u, struct str method,
			  struct str path, struct str body, struct arena *a)
{
	const char *address = socknet_address(l->world->net, "server.rig");
	struct buf out;
	struct str text;

	buf_init(&out, 1 << 20);
	buf_z(&out, "curl -s");
	if (str_is(method, "HEAD"))
		buf_z(&out, " -I");
	else if (!str_is(method, body.n ? "POST" : "GET"))
		buf_printf(&out, " -X %.*s", STRF(method));
	if (u->api_key_id.n)
		buf_printf(&out, " -H 'X-API-KEY-ID: %.*s' -H 'X-API-KEY-SECRET: %.*s'",
			   STRF(u->api_key_id), STRF(u->api_key_secret));
	else {
		buf_z(&out, " -u ");
		quote(&out, arena_printf(a, "%.*s:%.*s", STRF(u->name), STRF(u->password)));
	}
	if (body.n) {
		buf_z(&out, " -H 'Content-Type: application/json' -d ");
		quote(&out, body);
	}
	buf_char(&out, ' ');
	quote(&out, arena_printf(a, "http://%s%.*s", address ? address : "server.rig",
				 STRF(path)));
	text = arena_str(a, buf_view(&out));
	buf_release(&out);
	return text;
}

static void put_answer(struct json *j, const struct http_call *call, bool head)
{
	const struct http_headers *h = &call->resp.headers;
	struct err err;
	cJSON *tree;

	json_put_int(j, "status", call->resp.status);
	json_key(j, "headers");
	json_open(j, '{');
	for (size_t i = 0; i < h->count; i++) {
		json_key(j, arena_str(call->arena, h->list[i].name).p);
		json_str(j, h->list[i].value);
	}
	json_close(j, '}');
	if (head || !call->resp.body.n)
		return;
	tree = json_parse(call->resp.body, &err);
	if (tree) {
		json_key(j, "body");
		json_raw(j, call->resp.body);
	} else {
		json_put(j, "text", call->resp.body);
	}
	cJSON_Delete(tree);
}

static void answered(struct http_call *call)
{
	struct control_errand *e = call->owner;
	struct loop *loop = call->net->loop;
	char took[40];
	struct buf out;
	struct json j;

	unlist(e);
	buf_init(&out, CONTROL_OUT_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_put(&j, "curl", e->curl);
	if (call->failure == HTTP_OK)
		put_answer(&j, call, e->head);
	else
		json_putz(&j, "failure", http_failure_name(call->failure));
	snprintf(took, sizeof(took), "%.6f",
		 (double)(loop_now(loop).ns - call->sent.ns) / 1e9);
	json_key(&j, "took_s");
	json_raw(&j, str_of(took));
	json_close(&j, '}');
	control_answer(e->x, 200, &out);
}

static void only_say(struct http_exchange *x, struct str curl)
{
	struct buf out;
	struct json j;

	buf_init(&out, 2 << 20);
	j = json_to(&out);
	json_open(&j, '{');
	json_put(&j, "curl", curl);
	json_close(&j, '}');
	control_answer(x, 200, &out);
}

struct wanted {
	struct str as, method, path, body;
	bool dry_run;
};

/* Methods stay as long as a call does. */
static struct str method_named(struct str name)
{
	static const struct str methods[] = {
		{ "GET", 3 }, { "HEAD", 4 }, { "POST", 4 }, { "PUT", 3 }, { "DELETE", 6 },
		{ "OPTIONS", 7 },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_eq(methods[i], name))
			return methods[i];
	return STR_NONE;
}

static int read_wanted(struct http_exchange *x, const cJSON *body, struct wanted *w)
{
	const cJSON *inner = cJSON_GetObjectItemCaseSensitive(body, "body");
	char *text;

	*w = (struct wanted){ .method = STR("GET") };
	if (control_get_str(x, body, "as", &w->as) < 0 ||
	    control_get_str(x, body, "method", &w->method) < 0 ||
	    control_get_str(x, body, "path", &w->path) < 0 ||
	    control_get_bool(x, body, "dry_run", &w->dry_run) < 0)
		return -1;
	w->method = method_named(w->method);
	if (!w->method.p) {
		control_refuse(x, 400, "bad-value", "method",
			       "\"method\": expected GET, HEAD, POST, PUT, DELETE or OPTIONS");
		return -1;
	}
	for (size_t i = 0; i < w->path.n; i++)
		if ((unsigned char)w->path.p[i] <= ' ' || w->path.p[i] == 0x7f)
			w->path.n = 0;
	if (!w->path.n || w->path.p[0] != '/' || w->path.n > 4000) {
		control_refuse(x, 400, "bad-value", "path",
			       "\"path\": expected a path such as /ws/v1/esim_profiles/inventory");
		return -1;
	}
	if (inner) {
		text = cJSON_PrintUnformatted(inner);
		w->body = arena_str(x->arena, str_of(text));
		cJSON_free(text);
	}
	return 0;
}

static void send_it(struct control *c, struct http_exchange *x, const struct wanted *w,
		    const struct world_user *u)
{
	struct control_errand *e = ARENA_NEW(x->arena, struct control_errand);
	struct http_call *call;
	struct err err;

	*e = (struct control_errand){
		.control = c, .x = x, .head = str_is(w->method, "HEAD"),
		.curl = as_curl(c->live, u, w->method, w->path, w->body, x->arena),
	};
	if (w->dry_run) {
		only_say(x, e->curl);
		return;
	}
	clock_tick(&c->live->world->loop.clock);
	call = http_call_new(c->live->world->net, STR("client"), w->method.p, &err,
			     "http://server.rig%.*s", STRF(w->path));
	if (!call) {
		control_refuse(x, 400, "bad-value", "path", "\"path\": %s", err.msg);
		return;
	}
	http_call_header(call, "Authorization", u->authorization);
	if (w->body.n)
		http_call_body(call, "application/json", w->body);
	call->done = answered;
	call->owner = e;
	e->next = c->errands;
	if (e->next)
		e->next->prev = e;
	c->errands = e;
	http_call_send(call);
}

void control_send_request(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "as method path body dry_run", false);
	const struct world_user *u;
	struct wanted w;

	(void)args;
	if (body && read_wanted(x, body, &w) == 0) {
		u = world_find_user(c->live->world, w.as);
		if (u)
			send_it(c, x, &w, u);
		else
			control_refuse(x, 404, "unknown-user", "as",
				       "no user '%.*s' in this world", STRF(w.as));
	}
	cJSON_Delete(body);
}
