/*
 * kill_clients_test.h - who keeps a server busy that is killed: requests of every
 * kind, of which each answer is remembered in the world of kill_world_test.h.
 */
#ifndef CLI_KILL_CLIENTS_TEST_H
#define CLI_KILL_CLIENTS_TEST_H

#include "cli/kill_world_test.h"

static inline void next_request(struct client *c);

/* An answer came, and is no error of the server's own: its status, or 0. */
static inline int finished(struct client *c, struct http_call *call)
{
	c->busy = false;
	w.open--;
	if (call->failure != HTTP_OK) {
		ck_assert_msg(w.killing || (w.workers && c->sent_ns <= w.killed_ns +
				DYING_MS * NS_PER_MS), "%s", call->err.msg);
		w.lost++;
		return 0;
	}
	ck_assert_msg(call->resp.status < 500, "%.*s: %.*s", STRF(call->req.path),
		      STRF(call->resp.body));
	if (call->resp.status < 300)
		w.answered++;
	else
		w.refused++;
	if (--w.answers_left == 0)
		loop_stop(&w.loop);
	return call->resp.status;
}

static inline void member(struct http_call *call, const char *key, char *to, size_t size)
{
	struct err err;
	cJSON *tree = json_parse(call->resp.body, &err);

	take(to, size, tree, key);
	cJSON_Delete(tree);
}

static inline void send(struct client *c, const char *method, const char *path,
			const char *type, struct str body, void (*done)(struct http_call *))
{
	struct err err;
	struct http_call *call = http_call_new(w.net, STR("client"), method, &err,
					       "http://%s%s", w.address, path);

	ck_assert_msg(call != NULL, "%s", err.msg);
	http_call_header(call, "Authorization", str_of(type));
	if (body.p)
		http_call_body(call, "application/json", body);
	/* On to another worker each time; and on a connection that was used
	 * before, libcurl would send a request again by itself. */
	if (w.workers)
		http_call_header(call, "Connection", STR("close"));
	c->sent_ns = loop_now(&w.loop).ns;
	call->owner = c;
	call->done = done;
	c->busy = true;
	w.open++;
	http_call_send(call);
}

static inline void report_done(struct http_call *call)
{
	struct client *c = call->owner;
	struct device *d = &w.devices[c->device];
	int status = finished(c, call);

	d->reporting = false;
	if (status == 0) {
		ck_assert_int_lt(d->maybes, MAYBES_MAX);
		d->maybe[d->maybes++] = c->list;
	} else {
		ck_assert_msg(status == 200 && str_is(call->resp.body, "{\"applied\":true}"),
			      "%d %.*s", status, STRF(call->resp.body));
		d->acked = c->list;
		d->maybes = 0;
	}
	next_request(c);
}

static inline void send_report(struct client *c, int device)
{
	char name[ID_SIZE], eid[ID_SIZE];
	struct device *d = &w.devices[device];
	struct buf b;

	device_name(device, name);
	eid_name(device, eid);
	c->device = device;
	c->list = d->has;
	d->reporting = true;
	buf_init(&b, 8192);
	buf_printf(&b, "{\"device_id\":\"%s\",\"eid\":\"%s\",\"sequence\":%lld,"
		   "\"complete\":true,\"profiles\":[", name, eid, (long long)++d->sequence);
	for (int i = 0; i < c->list.count; i++)
		buf_printf(&b, "%s{\"iccid\":\"%s\",\"status\":\"%s\",\"carrier\":\"C%s\"}",
			   i ? "," : "", c->list.iccid[i],
			   c->list.active[i] ? "active" : "inactive", c->list.iccid[i]);
	buf_z(&b, "]}");
	send(c, "POST", "/southbound/v1/device_reports", "Bearer report",
	     buf_view(&b), report_done);
	buf_release(&b);
}

static inline void transaction_done(struct http_call *call)
{
	struct client *c = call->owner;
	char id[ID_SIZE];

	if (finished(c, call) == 200) {
		member(call, "transaction", id, sizeof(id));
		ck_assert_uint_eq(strlen(id), 36);
		name_add(&w.transactions, str_of(id));
	}
	next_request(c);
}

static inline void send_action(struct client *c)
{
	static const char *const actions[] = { "enable", "disable", "delete" };
	char name[ID_SIZE], eid[ID_SIZE], path[80];
	struct arena a = { 0 };
	int device = draw(DEVICES);
	const struct profiles *p = &w.devices[device].acked;
	const char *iccid = p->count ? p->iccid[draw(p->count)] : "8944000000000000000";

	device_name(device, name);
	eid_name(device, eid);
	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/%s",
		 actions[p->count > ON_DEVICE_MAX / 2 ? 2 : draw(3)]);
	send(c, "POST", path, TOKEN,
	     arena_printf(&a, "{\"device_id\":\"%s\",\"eid\":\"%s\",\"iccid\":\"%s\"}",
			  name, eid, iccid), transaction_done);
	arena_release(&a);
}

static inline void code_done(struct http_call *call)
{
	struct client *c = call->owner;

	if (finished(c, call) == 201)
		name_add(&w.codes, str_of(c->text));
	next_request(c);
}

static inline void send_code(struct client *c)
{
	struct arena a = { 0 };

	snprintf(c->text, sizeof(c->text), "8944%015llu", (unsigned long long)++w.next_code);
	send(c, "POST", "/ws/v1/esim_activation_codes/inventory", TOKEN,
	     arena_printf(&a, "{\"iccid\":\"%s\",\"carrier\":\"C%s\",\"activation_code\":"
			  "\"LPA:1$smdp.example.com$%s\"}", c->text, c->text, c->text),
	     code_done);
	arena_release(&a);
}

static inline void delete_done(struct http_call *call)
{
	struct client *c = call->owner;
	int status = finished(c, call);
	struct name *n = name_find(&w.codes, str_of(c->text));

	/* Without an answer nobody knows: it may be gone. */
	if (status == 0 || status == 204)
		snprintf(n->status, sizeof(n->status), status ? "deleted" : "maybe");
	next_request(c);
}

static inline void send_delete(struct client *c)
{
	char path[100];
	const struct name *n = &w.codes.list[draw((int)w.codes.count)];

	snprintf(c->text, sizeof(c->text), "%s", n->text);
	snprintf(path, sizeof(path), "/ws/v1/esim_activation_codes/inventory/%s", n->text);
	send(c, "DELETE", path, TOKEN, STR_NONE, delete_done);
}

static inline void operation_done(struct http_call *call)
{
	struct client *c = call->owner;
	char id[ID_SIZE];

	if (finished(c, call) == 200) {
		member(call, "id", id, sizeof(id));
		name_add(&w.operations, str_of(id));
	}
	next_request(c);
}

static inline void send_operation(struct client *c)
{
	char name[ID_SIZE];
	struct arena a = { 0 };
	const struct name *n = &w.codes.list[draw((int)w.codes.count)];

	device_name(draw(DEVICES), name);
	send(c, "POST", "/ws/v1/esim_profiles/operations/inventory", TOKEN,
	     arena_printf(&a, "{\"device_id\":\"%s\",\"operation\":\"activate\",\"carrier\":"
			  "\"C%s\"}", name, n->text), operation_done);
	arena_release(&a);
}

static inline void progress_done(struct http_call *call)
{
	struct client *c = call->owner;
	char status[16];
	struct name *n;

	if (finished(c, call)) {
		ck_assert_msg(call->resp.status == 200, "%s: %.*s", c->text,
			      STRF(call->resp.body));
		member(call, "status", status, sizeof(status));
		n = name_find(&w.transactions, str_of(c->text));
		/* Who asked before another one heard of it may be told less. */
		ck_assert_msg(!n->status[0] || strcmp(n->status, status) == 0 ||
			      c->sent_ns <= n->since_ns,
			      "%s was %s, and is %s", n->text, n->status, status);
		if (!n->status[0] && strcmp(status, "in_progress") != 0) {
			snprintf(n->status, sizeof(n->status), "%s", status);
			n->since_ns = loop_now(&w.loop).ns;
		}
	}
	next_request(c);
}

static inline void send_progress(struct client *c)
{
	char path[100];
	size_t newest = w.transactions.count < 40 ? w.transactions.count : 40;
	const struct name *n = &w.transactions.list[w.transactions.count - 1 -
						    (size_t)draw((int)newest)];

	snprintf(c->text, sizeof(c->text), "%s", n->text);
	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/progress/%s", n->text);
	send(c, "GET", path, TOKEN, STR_NONE, progress_done);
}

static inline int idle_device(void)
{
	int first = draw(DEVICES);

	for (int i = 0; i < DEVICES; i++)
		if (!w.devices[(first + i) % DEVICES].reporting)
			return (first + i) % DEVICES;
	return -1;
}

static inline void next_request(struct client *c)
{
	int which = draw(100), device = idle_device();

	if (w.killing || w.settling)
		return;
	if (which < 35 && device >= 0)
		send_report(c, device);
	else if (which < 60 && w.transactions.count)
		send_progress(c);
	else if (which < 75)
		send_action(c);
	else if (which < 88 || !w.codes.count)
		send_code(c);
	else if (which < 92)
		send_delete(c);
	else
		send_operation(c);
}

#endif
