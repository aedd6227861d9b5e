/*
 * rig_test.h - a world of one server for its tests: virtual time, a network
 * in memory, and an EIS that does what the test tells it.
 *
 * The client's answer is text; json_at() looks into it by JSON pointer.
 */
#ifndef SERVER_RIG_TEST_H
#define SERVER_RIG_TEST_H

#include "server/server.h"
#include "sim/json.h"
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define DEVICE "00000000-00000000-0040FFFF-FF8001B0"
#define EID "89049032000001000000000000000117"
#define DEVICE2 "00000000-00000000-0040FFFF-FF8001B1"
#define EID2 "89049032000001000000000000000214"
#define OTHERS "00000000-00000000-0040FFFF-FF8001C0"
#define OTHERS_EID "89049032000001000000000000000311"
#define ICCID1 "8944000000000000017"
#define ICCID2 "8944000000000000025"
#define ICCID3 "8944000000000000033"
#define SECRET1 "LPA:1$smdp.example.com$SECRET-ONE"
#define SECRET2 "LPA:1$smdp.example.com$SECRET-TWO"
#define SECRET3 "LPA:1$smdp.example.com$SECRET-3"

enum { ORDERS_MAX = 64 };

struct fake_order {
	char operation[16], iccid[24], reference[64], secret[128], confirmation[64];
	char status[16];
	char result[300];	/* JSON object, or "" */
};

struct rig {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct store *store;
	struct server *server;
	struct syncer *syncer;		/* that servers get from here on; owned by them */
	struct http_handler eis;
	struct fake_order orders[ORDERS_MAX];
	int order_count;
	int eis_calls;
	int eis_status;			/* answers all with it; 0: as it should */
	const char *eis_code;		/* and with that; NULL: with "oops" */
	const char *eis_said;		/* with it; NULL: "told so" */
	const char *eis_body;		/* the answer to whatever is asked */
	bool eis_silent;
	bool eis_down;
	struct arena arena;
	int status;			/* of the last answer */
	struct str body;
	struct http_headers headers;
	bool done;
	int answers;			/* that came so far */
	struct timer alarm;
	struct buf events;
	struct eventlog_listener listener;
	int64_t sequence;
};

static inline struct rig *rig_of_eis(struct http_handler *h)
{
	return (struct rig *)((char *)h - offsetof(struct rig, eis));
}

static inline unsigned rig_number(struct str digits)
{
	uint64_t v = 0;

	ck_assert_int_eq(str_to_u64(digits, 1000000, &v), 0);
	return (unsigned)v;
}

static inline void take(char *to, size_t size, const cJSON *o, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);

	snprintf(to, size, "%s", cJSON_IsString(m) ? m->valuestring : "");
}

static inline void eis_answer(struct rig *r, struct http_exchange *x, int i, int status)
{
	const struct fake_order *o = &r->orders[i];

	http_respond_json(x, status, arena_printf(x->arena,
		"{\"id\":\"o%d\",\"status\":\"%s\"%s%s}", i, o->status,
		o->result[0] ? ",\"result\":" : "", o->result));
}

static inline void eis_post(struct rig *r, struct http_exchange *x)
{
	struct err err;
	cJSON *tree = json_parse(x->req.body, &err);
	struct fake_order *o = &r->orders[r->order_count];

	ck_assert_msg(tree != NULL, "%s", err.msg);
	ck_assert_int_lt(r->order_count, ORDERS_MAX);
	take(o->operation, sizeof(o->operation), tree, "operation");
	take(o->iccid, sizeof(o->iccid), tree, "iccid");
	take(o->reference, sizeof(o->reference), tree, "reference");
	take(o->secret, sizeof(o->secret), tree, "activationCode");
	take(o->confirmation, sizeof(o->confirmation), tree, "confirmationCode");
	snprintf(o->status, sizeof(o->status), "queued");
	cJSON_Delete(tree);
	for (int i = 0; i < r->order_count; i++) {
		if (strcmp(r->orders[i].reference, o->reference) == 0) {
			memset(o, 0, sizeof(*o));
			eis_answer(r, x, i, 200);
			return;
		}
	}
	eis_answer(r, x, r->order_count++, 201);
}

static inline void eis_handle(struct http_handler *h, struct http_exchange *x)
{
	struct rig *r = rig_of_eis(h);
	struct str path = x->req.path;
	int i;

	r->eis_calls++;
	ck_assert(str_is(http_header(&x->req.headers, "Authorization"), "Bearer eis-token"));
	if (r->eis_silent)
		return;
	if (r->eis_down) {
		x->resp.fault = HTTP_FAULT_REFUSED;
		http_reply(x);
	} else if (r->eis_body) {
		http_respond_json(x, 200, str_of(r->eis_body));
	} else if (r->eis_status) {
		http_respond_json(x, r->eis_status,
			arena_printf(x->arena, "{\"error\":{\"code\":\"%s\",\"message\":"
				     "\"%s\"}}", r->eis_code ? r->eis_code : "oops",
				     r->eis_said ? r->eis_said : "told so"));
	} else if (str_is(x->req.method, "POST")) {
		eis_post(r, x);
	} else {
		ck_assert(str_starts(path, STR("/eis/v1/orders/o")));
		path = (struct str){ path.p + strlen("/eis/v1/orders/o"),
				     path.n - strlen("/eis/v1/orders/o") };
		i = (int)rig_number(path);
		ck_assert_int_lt(i, r->order_count);
		eis_answer(r, x, i, 200);
	}
}

static inline void rig_tell(struct eventlog_listener *l, const struct event *e, struct str line)
{
	struct rig *r = (struct rig *)((char *)l - offsetof(struct rig, listener));

	(void)e;
	buf_str(&r->events, line);
	buf_char(&r->events, '\n');
}

static inline void rig_ok(int rc, const struct err *err)
{
	ck_assert_msg(rc == 0, "%s", err->msg);
}

static inline void rig_serve(struct rig *r)
{
	struct err err = { 0 };
	struct server_config config = {
		.loop = &r->loop, .net = r->net, .log = &r->log, .seed = 7,
		.store = r->store, .syncer = r->syncer, .eis_url = "http://eis.rig",
		.eis_token = "eis-token", .report_token = "report-token",
		.kdf_iterations = 1,
	};

	r->server = server_new(&config, &err);
	ck_assert_msg(r->server != NULL, "%s", err.msg);
	rig_ok(network_listen(r->net, "server.rig", "server",
			      server_handler(r->server), &err), &err);
}

static inline void rig_restart(struct rig *r)
{
	network_unlisten(r->net, "server.rig");
	server_free(r->server);
	rig_serve(r);
}

static inline void rig_init(struct rig *r, const char *path)
{
	struct err err = { 0 };

	memset(r, 0, sizeof(*r));
	loop_init(&r->loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	eventlog_init(&r->log, &r->loop.clock);
	buf_init(&r->events, 8 << 20);
	r->listener = (struct eventlog_listener){ .tell = rig_tell, .wants_line = true };
	eventlog_listen(&r->log, &r->listener);
	r->net = memnet_new(&r->loop, &r->log);
	r->eis.handle = eis_handle;
	rig_ok(network_listen(r->net, "eis.rig", "eis", &r->eis, &err), &err);
	r->store = store_open(path, &err);
	ck_assert_msg(r->store != NULL, "%s", err.msg);
	rig_serve(r);
	rig_ok(server_add_account(r->server, 1, STR("One"), &err), &err);
	rig_ok(server_add_account(r->server, 2, STR("Two"), &err), &err);
	rig_ok(server_add_user(r->server, 1, STR("ann"), STR("pw"), SERVER_ROLE_USER, &err), &err);
	rig_ok(server_add_user(r->server, 1, STR("ray"), STR("pw"), SERVER_ROLE_READ_ONLY, &err), &err);
	rig_ok(server_add_user(r->server, 2, STR("bob"), STR("pw"), SERVER_ROLE_USER, &err), &err);
	rig_ok(server_add_device(r->server, 1, STR(DEVICE), STR(EID), &err), &err);
	rig_ok(server_add_device(r->server, 1, STR(DEVICE2), STR(EID2), &err), &err);
	rig_ok(server_add_device(r->server, 2, STR(OTHERS), STR(OTHERS_EID), &err), &err);
}

static inline void rig_release(struct rig *r)
{
	network_unlisten(r->net, "server.rig");
	server_free(r->server);
	store_close(r->store);
	network_release(r->net);
	eventlog_release(&r->log);
	buf_release(&r->events);
	arena_release(&r->arena);
	loop_release(&r->loop);
}

static inline void rig_alarm(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, alarm));

	loop_stop(&r->loop);
}

static inline void rig_run(struct rig *r, double seconds)
{
	struct err err = { 0 };

	r->alarm.fire = rig_alarm;
	loop_arm(&r->loop, &r->alarm, (int64_t)(seconds * 1e9));
	rig_ok(loop_run(&r->loop, &err), &err);
	loop_disarm(&r->loop, &r->alarm);
}

static inline void rig_done(struct http_call *c)
{
	struct rig *r = c->owner;

	ck_assert_msg(c->failure == HTTP_OK, "%s", c->err.msg);
	r->status = c->resp.status;
	r->body = arena_str(&r->arena, c->resp.body);
	r->headers = (struct http_headers){ 0 };
	for (size_t i = 0; i < c->resp.headers.count; i++)
		http_header_add(&r->headers, &r->arena,
				arena_str(&r->arena, c->resp.headers.list[i].name),
				arena_str(&r->arena, c->resp.headers.list[i].value));
	r->done = true;
	r->answers++;
	loop_stop(&r->loop);
}

static inline void rig_send(struct rig *r, struct http_call *c)
{
	struct err err = { 0 };

	c->done = rig_done;
	c->owner = r;
	r->done = false;
	http_call_send(c);
	rig_ok(loop_run(&r->loop, &err), &err);
	ck_assert(r->done);
}

/* "ann:pw", "bob:pw", "ray:pw" in base64. */
static inline const char *rig_user(const char *name)
{
	return !name ? NULL : strcmp(name, "ann") == 0 ? "Basic YW5uOnB3" :
	       strcmp(name, "bob") == 0 ? "Basic Ym9iOnB3" :
	       strcmp(name, "ray") == 0 ? "Basic cmF5OnB3" : name;
}

static inline int rig_as(struct rig *r, const char *user, const char *method,
		  const char *path, const char *body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r->net, STR("client"), method, &err,
					    "http://server.rig%s", path);

	ck_assert_msg(c != NULL, "%s", err.msg);
	if (user)
		http_call_header(c, "Authorization", str_of(rig_user(user)));
	if (body)
		http_call_body(c, "application/json", str_of(body));
	rig_send(r, c);
	return r->status;
}

static inline int rig_get(struct rig *r, const char *path)
{
	return rig_as(r, "ann", "GET", path, NULL);
}

static inline int rig_post(struct rig *r, const char *path, const char *body)
{
	return rig_as(r, "ann", "POST", path, body);
}

/* A report of DEVICE with its next sequence; `profiles` is a JSON list. */
static inline int rig_report(struct rig *r, const char *profiles)
{
	struct str body = arena_printf(&r->arena, "{\"device_id\":\"" DEVICE
		"\",\"eid\":\"" EID "\",\"sequence\":%lld,\"cause\":\"change\","
		"\"complete\":true,\"profiles\":%s}", (long long)++r->sequence, profiles);

	return rig_as(r, "Bearer report-token", "POST",
		      "/southbound/v1/device_reports", body.p);
}

/* The value at a JSON pointer in the last answer: text as it is, else JSON. */
static inline const char *json_at(struct rig *r, const char *pointer)
{
	struct err err;
	cJSON *tree = json_parse(r->body, &err), *at = tree;
	struct str rest = str_of(pointer);
	const char *text = "(absent)";
	char *printed;

	ck_assert_msg(tree != NULL, "%s: %.*s", err.msg, STRF(r->body));
	str_split(&rest, '/');
	while (at && rest.p) {
		struct str step = str_split(&rest, '/');
		char *z = arena_str(&r->arena, step).n ?
			  strndup(step.p, step.n) : strdup("");

		at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, (int)rig_number(step)) :
		     cJSON_GetObjectItemCaseSensitive(at, z);
		free(z);
	}
	if (cJSON_IsString(at)) {
		text = arena_strdup(&r->arena, at->valuestring);
	} else if (at) {
		printed = cJSON_PrintUnformatted(at);
		text = arena_strdup(&r->arena, printed);
		free(printed);
	}
	cJSON_Delete(tree);
	return text;
}

#define ck_json(r, pointer, want) \
	do { \
		const char *got_ = json_at(r, pointer); \
		ck_assert_msg(strcmp(got_, want) == 0, "%s: expected %s, got %s in %.*s", \
			      pointer, want, got_, STRF((r)->body)); \
	} while (0)

#define ck_status(call, want) \
	do { \
		int got_status_ = (call); \
		ck_assert_msg(got_status_ == (want), "%s: expected %d, got %d: %.*s", \
			      #call, want, got_status_, STRF(r.body)); \
	} while (0)

/* The device does order `i`, and the EIS says so. */
static inline void rig_order_ends(struct rig *r, int i, const char *status,
				  const char *result)
{
	ck_assert_int_lt(i, r->order_count);
	snprintf(r->orders[i].status, sizeof(r->orders[i].status), "%s", status);
	snprintf(r->orders[i].result, sizeof(r->orders[i].result), "%s", result);
}

static inline bool rig_logged(struct rig *r, const char *text)
{
	return str_find(buf_view(&r->events), str_of(text)) >= 0;
}

/* A test for each row of a table, in `tc`. */
#define LOOP(test, table) \
	tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

#endif
