/*
 * Goal: what the server acknowledged survives kill -9 at any moment, and what
 * was interrupted goes on and ends.
 * Method: this program runs itself again as a real server on a file, over
 * sockets and in real time, and is registry, devices and clients to it.  The
 * server is killed KILLS times (200) while it starts, serves and commits.  The
 * same is done to `esimrig server` with several workers, of which one is killed
 * while the others go on, again and again, and at last all of them at once.
 * After each kill the profile rows must be those of a report that was
 * answered, or of one that was on its way; in the end every transaction,
 * operation and code that was answered must be there, as it was answered,
 * every order must belong to a transaction, and everything must have ended.
 * At no time may the registry have two open orders for one profile.
 */
#include "server/server.h"
#include "sim/json.h"
#include "sim/socknet.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	KILLS = 200,
	WORKER_KILLS = 60,		/* these take longer */
	DEVICES = 16,
	CLIENTS = 24,
	ON_DEVICE_MAX = 8,
	ID_SIZE = 40,
	MAYBES_MAX = 64,
	ANSWERS_MAX = 60,		/* between a start and its kill, */
	LOAD_US_MAX = 3000,		/* and a little more */
	PATIENCE_MS = 30000,		/* of the whole test with one step */
	WORKERS = 3,
	DEATHS_MAX = 8,			/* of workers, before all are killed */
	DYING_MS = 300,			/* more than it takes to die and be missed */
};

#define TOKEN "Basic YW5uOnB3"		/* ann:pw */

static void must(int rc, const struct err *err)
{
	ck_assert_msg(rc == 0, "%s", err->msg);
}

static void device_name(int i, char text[ID_SIZE])
{
	snprintf(text, ID_SIZE, "00000000-00000000-0040FFFF-FF80%04X", (unsigned)i);
}

static void eid_name(int i, char text[ID_SIZE])
{
	snprintf(text, ID_SIZE, "890490320000010000000000000%05d", i);
}

/* ---- The server: another process. -------------------------------------- */

static int serve_set_up(struct server *s, struct err *err)
{
	char device[ID_SIZE], eid[ID_SIZE];

	if (server_add_account(s, 1, STR("One"), err) < 0 ||
	    server_add_user(s, 1, STR("ann"), STR("pw"), SERVER_ROLE_USER, err) < 0)
		return -1;
	for (int i = 0; i < DEVICES; i++) {
		device_name(i, device);
		eid_name(i, eid);
		if (server_add_device(s, 1, str_of(device), str_of(eid), err) < 0)
			return -1;
	}
	return 0;
}

static int serve_failed(const struct err *err)
{
	fprintf(stderr, "kill_test: %s\n", err->msg);
	return 3;
}

/* `eis` is the registry's address, or "" to set the store up and leave. */
static int serve(const char *path, const char *eis)
{
	char url[100], bound[SOCKNET_ADDRESS_SIZE];
	struct eventlog log;
	struct loop loop;
	struct err err = { 0 };
	struct server_config config = {
		.loop = &loop, .log = &log, .seed = 7, .eis_url = url, .kdf_iterations = 1,
		.eis_token = "eis", .report_token = "report",
		.check_interval_ns = 20 * NS_PER_MS, .verify_limit_ns = NS_PER_S,
	};
	struct server *s;
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(url, sizeof(url), "http://%s", eis[0] ? eis : "127.0.0.1:1");
	loop_init(&loop, CLOCK_KIND_REAL, 1, clock_machine_unix_ms());
	eventlog_init(&log, &loop.clock);
	config.net = socknet_new(&loop, NULL, &err);
	if (!config.net || !(config.store = store_open(path, &err)) ||
	    !(s = server_new(&config, &err)))
		return serve_failed(&err);
	socknet_allow_outside(config.net, true);
	if (!eis[0]) {
		rc = serve_set_up(s, &err) < 0 ? serve_failed(&err) : 0;
		server_free(s);
		store_close(config.store);
		network_release(config.net);
		eventlog_release(&log);
		loop_release(&loop);
		return rc;
	}
	if (socknet_listen(config.net, "server.rig", "server", server_handler(s),
			   "127.0.0.1:0", bound, &err) < 0)
		return serve_failed(&err);
	dprintf(STDOUT_FILENO, "%s\n", bound);
	return loop_run(&loop, &err) < 0 ? serve_failed(&err) : 0;
}

/* ---- What is known. ---------------------------------------------------- */

/* Names by hash; values are never taken out. */
struct names {
	struct name {
		char text[ID_SIZE];
		char status[16];
		int64_t since_ns;	/* when we heard of the status */
	} *list;
	size_t count, cap;
	uint32_t *slots;	/* index + 1, or 0 */
	size_t slot_count;
};

static size_t slot_of(const struct names *n, struct str text)
{
	uint64_t h = UINT64_C(14695981039346656037);
	size_t at;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * UINT64_C(1099511628211);
	at = (size_t)h & (n->slot_count - 1);
	while (n->slots[at] && !str_is(text, n->list[n->slots[at] - 1].text))
		at = (at + 1) & (n->slot_count - 1);
	return at;
}

static struct name *name_find(const struct names *n, struct str text)
{
	uint32_t i = n->slot_count ? n->slots[slot_of(n, text)] : 0;

	return i ? &n->list[i - 1] : NULL;
}

static struct name *name_add(struct names *n, struct str text)
{
	ck_assert_uint_lt(text.n, ID_SIZE);
	if (2 * n->count >= n->slot_count) {
		n->slot_count = n->slot_count ? 2 * n->slot_count : 1024;
		n->cap = n->slot_count;
		free(n->slots);
		n->slots = calloc(n->slot_count, sizeof(*n->slots));
		n->list = realloc(n->list, n->cap * sizeof(*n->list));
		ck_assert(n->slots && n->list);
		for (size_t i = 0; i < n->count; i++)
			n->slots[slot_of(n, str_of(n->list[i].text))] = (uint32_t)i + 1;
	}
	n->list[n->count] = (struct name){ 0 };
	memcpy(n->list[n->count].text, text.p, text.n);
	n->slots[slot_of(n, text)] = (uint32_t)n->count + 1;
	return &n->list[n->count++];
}

static void names_release(struct names *n)
{
	free(n->list);
	free(n->slots);
	*n = (struct names){ 0 };
}

/* The profiles of a device, as text: "iccid+" if active, "iccid-", sorted. */
struct profiles {
	char iccid[ON_DEVICE_MAX][24];
	bool active[ON_DEVICE_MAX];
	int count;
};

struct device {
	struct profiles has;		/* what is on it */
	struct profiles acked;		/* of the last report that was answered */
	struct profiles maybe[MAYBES_MAX];	/* of later ones that were not */
	int maybes;
	int64_t sequence;
	bool reporting;
};

struct client {
	int device;
	int64_t sent_ns;
	char text[ID_SIZE];		/* transaction, iccid */
	struct profiles list;		/* of the report on its way */
	bool busy;
};

static struct kill_world {
	struct loop loop;
	struct network *net;
	struct http_handler eis;
	char eis_address[SOCKNET_ADDRESS_SIZE], address[SOCKNET_ADDRESS_SIZE];
	char dir[64], path[80], config[80];
	struct rng rng;
	pid_t pid;			/* of the server, or 0 */
	bool workers;			/* it is the program, with several of them */
	int64_t killed_ns;		/* when the last of those was killed */
	bool killing;			/* no more requests; they may fail */
	bool settling;			/* only reports and progress */
	int open;			/* requests on their way */
	int answers_left;		/* before the loop stops */
	struct timer alarm, watchdog;
	struct device devices[DEVICES];
	struct client clients[CLIENTS];
	struct names orders;		/* by reference; status */
	struct orders { int device; char operation[12], iccid[24], code[24]; } *order;
	struct names transactions, operations, codes;
	struct names found;		/* of the list that is being read */
	uint64_t next_code;
	unsigned long answered, refused, lost;
	struct str list;		/* answer to fetch() */
	struct arena arena;
} w;

static int draw(int bound)
{
	return (int)rng_below(&w.rng, (uint64_t)bound);
}

static bool profiles_same(const struct profiles *a, const struct profiles *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++) {
		int k = 0;

		while (k < b->count && (strcmp(a->iccid[i], b->iccid[k]) != 0 ||
					a->active[i] != b->active[k]))
			k++;
		if (k == b->count)
			return false;
	}
	return true;
}

/* ---- The registry and its devices. ------------------------------------- */

static int find_profile(const struct profiles *p, const char *iccid)
{
	for (int i = 0; i < p->count; i++)
		if (strcmp(p->iccid[i], iccid) == 0)
			return i;
	return -1;
}

/* The device does it: the result's code. */
static const char *carry_out(const struct orders *o)
{
	struct profiles *p = &w.devices[o->device].has;
	int at = find_profile(p, o->iccid);

	if (strcmp(o->operation, "download") == 0) {
		if (at >= 0)
			return "duplicateIccid";
		if (p->count == ON_DEVICE_MAX)
			return "memoryFull";
		snprintf(p->iccid[p->count], sizeof(p->iccid[0]), "%s", o->iccid);
		p->active[p->count++] = false;
		return "ok";
	}
	if (at < 0)
		return "iccidOrAidNotFound";
	if (strcmp(o->operation, "delete") == 0) {
		p->count--;
		memmove(p->iccid[at], p->iccid[p->count], sizeof(p->iccid[0]));
		p->active[at] = p->active[p->count];
		return "ok";
	}
	if (strcmp(o->operation, "enable") == 0)
		for (int i = 0; i < p->count; i++)
			p->active[i] = false;
	p->active[at] = strcmp(o->operation, "enable") == 0;
	return "ok";
}

static void take(char *to, size_t size, const cJSON *o, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);

	snprintf(to, size, "%s", cJSON_IsString(m) ? m->valuestring : "");
}

static int device_of_eid(const char *eid)
{
	char text[ID_SIZE];

	for (int i = 0; i < DEVICES; i++) {
		eid_name(i, text);
		if (strcmp(eid, text) == 0)
			return i;
	}
	ck_abort_msg("order for the unknown EID %s", eid);
}

static bool is_open(const struct name *n)
{
	return strcmp(n->status, "queued") == 0 || strcmp(n->status, "delivered") == 0;
}

/* Requests that exclude each other: the server takes one, and refuses the other. */
static void check_alone(const struct orders *o)
{
	for (size_t i = 0; i < w.orders.count; i++)
		ck_assert_msg(&w.order[i] == o || !is_open(&w.orders.list[i]) ||
			      w.order[i].device != o->device ||
			      strcmp(w.order[i].iccid, o->iccid) != 0,
			      "two open orders for profile %s of device %d: %s, %s", o->iccid,
			      o->device, w.order[i].operation, o->operation);
}

static size_t place_order(struct str body)
{
	char reference[ID_SIZE], eid[ID_SIZE], code[100];
	struct err err;
	cJSON *tree = json_parse(body, &err);
	struct orders *o;
	struct name *n;

	ck_assert_msg(tree != NULL, "%s", err.msg);
	take(reference, sizeof(reference), tree, "reference");
	n = name_find(&w.orders, str_of(reference));
	if (!n) {
		n = name_add(&w.orders, str_of(reference));
		w.order = realloc(w.order, w.orders.cap * sizeof(*w.order));
		ck_assert(w.order != NULL);
		o = &w.order[n - w.orders.list];
		take(eid, sizeof(eid), tree, "eid");
		o->device = device_of_eid(eid);
		take(o->operation, sizeof(o->operation), tree, "operation");
		take(o->iccid, sizeof(o->iccid), tree, "iccid");
		take(code, sizeof(code), tree, "activationCode");
		check_alone(o);
		snprintf(n->status, sizeof(n->status), "queued");
		o->code[0] = '\0';
	}
	cJSON_Delete(tree);
	return (size_t)(n - w.orders.list);
}

static void look_at_order(size_t i)
{
	struct name *n = &w.orders.list[i];
	struct orders *o = &w.order[i];

	if (!is_open(n) || draw(3) == 0)
		return;
	snprintf(o->code, sizeof(o->code), "%s", draw(20) ? carry_out(o) : "catBusy");
	snprintf(n->status, sizeof(n->status), "%s",
		 strcmp(o->code, "ok") == 0 ? "complete" : "failed");
}

static void eis_answer(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_reply(x);
}

static void eis_handle(struct http_handler *h, struct http_exchange *x)
{
	static const char prefix[] = "/eis/v1/orders/o";
	struct str path = x->req.path;
	uint64_t i;

	(void)h;
	if (str_is(x->req.method, "POST")) {
		i = place_order(x->req.body);
	} else {
		ck_assert(str_starts(path, str_of(prefix)));
		path = (struct str){ path.p + strlen(prefix), path.n - strlen(prefix) };
		ck_assert_int_eq(str_to_u64(path, w.orders.count - 1, &i), 0);
		look_at_order(i);
	}
	x->resp.status = 200;
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"), STR("application/json"));
	x->resp.body = arena_printf(x->arena, "{\"id\":\"o%zu\",\"status\":\"%s\","
		"\"result\":{\"code\":\"%s\",\"iccid\":\"%s\"}}", (size_t)i,
		w.orders.list[i].status, w.order[i].code, w.order[i].iccid);
	http_delay(x, draw(3) * NS_PER_MS / 2, eis_answer, NULL);
}

/* ---- The clients. ------------------------------------------------------ */

static void next_request(struct client *c);

/* An answer came, and is no error of the server's own: its status, or 0. */
static int finished(struct client *c, struct http_call *call)
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

static void member(struct http_call *call, const char *key, char *to, size_t size)
{
	struct err err;
	cJSON *tree = json_parse(call->resp.body, &err);

	take(to, size, tree, key);
	cJSON_Delete(tree);
}

static void send(struct client *c, const char *method, const char *path,
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

static void report_done(struct http_call *call)
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

static void send_report(struct client *c, int device)
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

static void transaction_done(struct http_call *call)
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

static void send_action(struct client *c)
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

static void code_done(struct http_call *call)
{
	struct client *c = call->owner;

	if (finished(c, call) == 201)
		name_add(&w.codes, str_of(c->text));
	next_request(c);
}

static void send_code(struct client *c)
{
	struct arena a = { 0 };

	snprintf(c->text, sizeof(c->text), "8944%015llu", (unsigned long long)++w.next_code);
	send(c, "POST", "/ws/v1/esim_activation_codes/inventory", TOKEN,
	     arena_printf(&a, "{\"iccid\":\"%s\",\"carrier\":\"C%s\",\"activation_code\":"
			  "\"LPA:1$smdp.example.com$%s\"}", c->text, c->text, c->text),
	     code_done);
	arena_release(&a);
}

static void delete_done(struct http_call *call)
{
	struct client *c = call->owner;
	int status = finished(c, call);
	struct name *n = name_find(&w.codes, str_of(c->text));

	/* Without an answer nobody knows: it may be gone. */
	if (status == 0 || status == 204)
		snprintf(n->status, sizeof(n->status), status ? "deleted" : "maybe");
	next_request(c);
}

static void send_delete(struct client *c)
{
	char path[100];
	const struct name *n = &w.codes.list[draw((int)w.codes.count)];

	snprintf(c->text, sizeof(c->text), "%s", n->text);
	snprintf(path, sizeof(path), "/ws/v1/esim_activation_codes/inventory/%s", n->text);
	send(c, "DELETE", path, TOKEN, STR_NONE, delete_done);
}

static void operation_done(struct http_call *call)
{
	struct client *c = call->owner;
	char id[ID_SIZE];

	if (finished(c, call) == 200) {
		member(call, "id", id, sizeof(id));
		name_add(&w.operations, str_of(id));
	}
	next_request(c);
}

static void send_operation(struct client *c)
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

static void progress_done(struct http_call *call)
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

static void send_progress(struct client *c)
{
	char path[100];
	size_t newest = w.transactions.count < 40 ? w.transactions.count : 40;
	const struct name *n = &w.transactions.list[w.transactions.count - 1 -
						    (size_t)draw((int)newest)];

	snprintf(c->text, sizeof(c->text), "%s", n->text);
	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/progress/%s", n->text);
	send(c, "GET", path, TOKEN, STR_NONE, progress_done);
}

static int idle_device(void)
{
	int first = draw(DEVICES);

	for (int i = 0; i < DEVICES; i++)
		if (!w.devices[(first + i) % DEVICES].reporting)
			return (first + i) % DEVICES;
	return -1;
}

static void next_request(struct client *c)
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

/* ---- Starting and killing. --------------------------------------------- */

static void stop_loop(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

static void too_long(struct timer *t)
{
	(void)t;
	ck_abort_msg("nothing came of it in %d ms: %d open", PATIENCE_MS, w.open);
}

static void run_us(int64_t us)
{
	struct err err = { 0 };

	loop_arm(&w.loop, &w.alarm, us * NS_PER_US);
	must(loop_run(&w.loop, &err), &err);
}

static void run_to_end_of_requests(void)
{
	loop_arm(&w.loop, &w.watchdog, PATIENCE_MS * NS_PER_MS);
	while (w.open)
		run_us(300);
	loop_disarm(&w.loop, &w.watchdog);
}

/* ann's password is hashed for good there, which takes a while. */
static void write_config(void)
{
	char device[ID_SIZE], eid[ID_SIZE];
	FILE *f = fopen(w.config, "wb");

	ck_assert(f != NULL);
	fprintf(f, "listen: 127.0.0.1:0\ndb: %s\nworkers: %d\nthrottle: 0\neis-token: eis\n"
		"report-token: report\ncheck-interval: 1s\nverify-limit: 2s\n"
		"accounts: {one: {customer-id: 1}}\n"
		"users: {ann: {account: one, password: pw}}\ndevices:\n", w.path, WORKERS);
	for (int i = 0; i < DEVICES; i++) {
		device_name(i, device);
		eid_name(i, eid);
		fprintf(f, "  - {device-id: %s, eid: '%s', account: one}\n", device, eid);
	}
	ck_assert_int_eq(fclose(f), 0);
}

/* This program again, or the one that was built beside it. */
static void become_server(const char *eis)
{
	char url[100], program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 20);
	char *self[] = { (char *)(uintptr_t)"kill_test", (char *)(uintptr_t)"--serve",
			 w.path, (char *)(uintptr_t)eis, NULL };
	char *argv[] = { program, (char *)(uintptr_t)"server",
			 (char *)(uintptr_t)"--config", w.config,
			 (char *)(uintptr_t)"--eis-url", url, NULL };

	if (!w.workers)
		execv("/proc/self/exe", self);
	snprintf(url, sizeof(url), "http://%s", eis);
	program[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2; i++)
		*strrchr(program, '/') = '\0';
	strncat(program, "/esimrig", sizeof(program) - strlen(program) - 1);
	/* Killed as one; and not left behind by a test that is killed. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen("/dev/null", "w", stderr))
		execv(program, argv);
}

/* Returns where its address can be read from. */
static int spawn(const char *eis)
{
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	w.pid = fork();
	ck_assert_int_ge(w.pid, 0);
	if (w.pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close_range(3, ~0U, 0);
		become_server(eis);
		_exit(127);
	}
	close(pipes[1]);
	return pipes[0];
}

/* Wait for its address. */
static void await_server(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char line[200], *end;
	ssize_t n;

	ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	n = read(fd, line, sizeof(line) - 1);
	ck_assert_msg(n > 0, "the server did not start");
	line[n] = '\0';
	end = strchr(line, '\n');
	ck_assert(end != NULL);
	*end = '\0';
	/* "esimrig server: listening on 127.0.0.1:8080", or only the last word */
	end = strrchr(line, ' ');
	snprintf(w.address, sizeof(w.address), "%.40s", end ? end + 1 : line);
}

/* The database is locked until the last of them has gone. */
static void await_lock(void)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", w.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	close(fd);
}

static void kill_server(void)
{
	int status;

	kill(w.workers ? -w.pid : w.pid, SIGKILL);
	ck_assert_int_eq(waitpid(w.pid, &status, 0), w.pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "the server ended by itself: %x", (unsigned)status);
	w.pid = 0;
	if (w.workers)
		await_lock();
}

/* Any that lives; not all of them may, right now. */
static void kill_worker(void)
{
	char path[64], text[200] = "", *rest = text;
	long pids[WORKERS];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)w.pid, (int)w.pid);
	f = fopen(path, "rb");
	ck_assert(f != NULL);
	ck_assert(fgets(text, sizeof(text), f) || feof(f));
	fclose(f);
	while (n < WORKERS && (pids[n] = strtol(rest, &rest, 10)) > 0)
		n++;
	if (n)
		kill((pid_t)pids[draw(n)], SIGKILL);
	w.killed_ns = clock_machine_ns() - w.loop.clock.start_ns;
}

/* ---- Looking. ---------------------------------------------------------- */

static void fetched(struct http_call *call)
{
	ck_assert_int_eq(finished(call->owner, call), 200);
	w.list = arena_str(&w.arena, call->resp.body);
	loop_stop(&w.loop);
}

static cJSON *fetch(const char *path)
{
	struct client c = { 0 };
	struct err err;
	cJSON *tree;

	arena_clear(&w.arena);
	w.list = STR_NONE;
	send(&c, "GET", path, TOKEN, STR_NONE, fetched);
	loop_arm(&w.loop, &w.watchdog, PATIENCE_MS * NS_PER_MS);
	while (!w.list.p)
		must(loop_run(&w.loop, &err), &err);
	loop_disarm(&w.loop, &w.watchdog);
	tree = json_parse(w.list, &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	return tree;
}

static void rows_of(const cJSON *list, int device, struct profiles *p)
{
	char name[ID_SIZE], id[ID_SIZE], status[16];
	const cJSON *row;

	*p = (struct profiles){ 0 };
	device_name(device, name);
	cJSON_ArrayForEach(row, list) {
		take(id, sizeof(id), row, "device_id");
		if (strcmp(id, name) != 0)
			continue;
		ck_assert_int_lt(p->count, ON_DEVICE_MAX);
		take(p->iccid[p->count], sizeof(p->iccid[0]), row, "iccid");
		take(status, sizeof(status), row, "status");
		p->active[p->count++] = strcmp(status, "active") == 0;
	}
}

/* The rows are those of a report that was answered, or of a later one. */
static void check_profiles(void)
{
	cJSON *tree = fetch("/ws/v1/esim_profiles/inventory");
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "list");

	for (int i = 0; i < DEVICES; i++) {
		struct device *d = &w.devices[i];
		struct profiles rows;
		bool known;

		rows_of(list, i, &rows);
		known = profiles_same(&rows, &d->acked);
		for (int k = 0; k < d->maybes; k++)
			known = known || profiles_same(&rows, &d->maybe[k]);
		ck_assert_msg(known, "device %d has %d rows, %d were reported, %d not answered",
			      i, rows.count, d->acked.count, d->maybes);
		d->acked = rows;
		d->maybes = 0;
	}
	cJSON_Delete(tree);
}

/* All of a list, by its cursors, into w.found. */
static void read_list(const char *path, const char *key)
{
	struct arena a = { 0 };
	struct str next = arena_printf(&a, "%s?size=1000", path);

	names_release(&w.found);
	while (next.p) {
		cJSON *tree = fetch(next.p), *row;
		char text[ID_SIZE], cursor[2000];

		cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(tree, "list")) {
			take(text, sizeof(text), row, key);
			ck_assert_msg(!name_find(&w.found, str_of(text)), "%s: twice", text);
			take(name_add(&w.found, str_of(text))->status, 16, row, "status");
		}
		take(cursor, sizeof(cursor), tree, "cursor");
		next = cursor[0] ? arena_printf(&a, "%s?cursor=%s", path, cursor) : STR_NONE;
		cJSON_Delete(tree);
	}
	arena_release(&a);
}

static int count_of(const char *path)
{
	cJSON *tree = fetch(path);
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(tree, "count");
	int n = cJSON_IsNumber(count) ? count->valueint : -1;

	cJSON_Delete(tree);
	return n;
}

/* Devices go on reporting, until nothing is running any more. */
static void settle(void)
{
	int64_t end = loop_now(&w.loop).ns + PATIENCE_MS * NS_PER_MS;
	int running = 1;

	w.settling = true;
	while (running) {
		ck_assert_msg(loop_now(&w.loop).ns < end, "%d are running still", running);
		for (int i = 0; i < DEVICES; i++)
			send_report(&w.clients[i], i);
		run_us(20000);
		run_to_end_of_requests();
		running = count_of("/ws/v1/esim_profiles/transactions/inventory"
				   "?query=status='in_progress'") +
			  count_of("/ws/v1/esim_profiles/operations/inventory?query="
				   "status<>'failed'%20and%20status<>'successful'");
	}
}

static void check_transactions(void)
{
	read_list("/ws/v1/esim_profiles/transactions/inventory", "transaction");
	for (size_t i = 0; i < w.transactions.count; i++) {
		const struct name *n = &w.transactions.list[i];
		const struct name *there = name_find(&w.found, str_of(n->text));

		ck_assert_msg(there != NULL, "transaction %s is lost", n->text);
		ck_assert_msg(!n->status[0] || strcmp(n->status, there->status) == 0,
			      "transaction %s was %s, and is %s", n->text, n->status,
			      there->status);
	}
	/* An order is placed after its transaction was committed, and both end
	 * alike. */
	for (size_t i = 0; i < w.orders.count; i++) {
		const struct name *n = &w.orders.list[i];
		const struct name *there = name_find(&w.found, str_of(n->text));

		ck_assert_msg(there != NULL, "order of an unknown transaction %s", n->text);
		ck_assert_msg(strcmp(n->status, there->status) == 0, "order %s, transaction %s",
			      n->status, there->status);
	}
	ck_assert_uint_eq(w.orders.count, w.found.count);
}

static void check_operations(void)
{
	read_list("/ws/v1/esim_profiles/operations/inventory", "id");
	for (size_t i = 0; i < w.operations.count; i++)
		ck_assert_msg(name_find(&w.found, str_of(w.operations.list[i].text)),
			      "operation %s is lost", w.operations.list[i].text);
}

static void check_codes(void)
{
	read_list("/ws/v1/esim_activation_codes/inventory", "iccid");
	for (size_t i = 0; i < w.codes.count; i++) {
		const struct name *n = &w.codes.list[i];
		bool there = name_find(&w.found, str_of(n->text)) != NULL;

		if (strcmp(n->status, "maybe") != 0)
			ck_assert_msg(there == !n->status[0], "code %s (%s): there %d",
				      n->text, n->status, there);
	}
}

/* ---- The test. --------------------------------------------------------- */

static int kills_wanted(void)
{
	const char *text = getenv("KILLS");
	uint64_t n = w.workers ? WORKER_KILLS : KILLS;

	if (text)
		ck_assert_int_eq(str_to_u64(str_of(text), 1000000, &n), 0);
	return (int)n;
}

static void set_up(void)
{
	struct err err = { 0 };
	int status;

	rng_init(&w.rng, 20260101, STR("kill_test"), STR("load"));
	snprintf(w.dir, sizeof(w.dir), "/tmp/kill_test.XXXXXX");
	ck_assert(mkdtemp(w.dir) != NULL);
	snprintf(w.path, sizeof(w.path), "%s/db", w.dir);
	snprintf(w.config, sizeof(w.config), "%s/c.yaml", w.dir);
	write_config();
	if (!w.workers) {
		close(spawn(""));
		ck_assert_int_eq(waitpid(w.pid, &status, 0), w.pid);
		ck_assert_int_eq(status, 0);
		w.pid = 0;
	}
	loop_init(&w.loop, CLOCK_KIND_REAL, 1, clock_machine_unix_ms());
	w.net = socknet_new(&w.loop, NULL, &err);
	ck_assert_msg(w.net != NULL, "%s", err.msg);
	socknet_allow_outside(w.net, true);
	w.eis.handle = eis_handle;
	must(socknet_listen(w.net, "eis.rig", "eis", &w.eis, "127.0.0.1:0",
			    w.eis_address, &err), &err);
	w.alarm.fire = stop_loop;
	w.watchdog.fire = too_long;
}

/* Two profiles on each device, which nobody knows of so far. */
static void fill_devices(void)
{
	for (int i = 0; i < DEVICES; i++) {
		struct profiles *p = &w.devices[i].has;

		for (p->count = 0; p->count < 2; p->count++)
			snprintf(p->iccid[p->count], sizeof(p->iccid[0]), "8944%015d",
				 1000000 + 2 * i + p->count);
		p->active[0] = true;
	}
}

static void tear_down(void)
{
	static const char *const files[] = { "", "-wal", "-shm", ".lock" };
	char name[100];

	network_release(w.net);
	loop_release(&w.loop);
	unlink(w.config);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", w.path, files[i]);
		unlink(name);
	}
	rmdir(w.dir);
	names_release(&w.orders);
	names_release(&w.transactions);
	names_release(&w.operations);
	names_release(&w.codes);
	names_release(&w.found);
	arena_release(&w.arena);
	free(w.order);
}

static void load_until(int answers)
{
	w.answers_left = answers;
	for (int i = 0; i < CLIENTS; i++)
		if (!w.clients[i].busy)
			next_request(&w.clients[i]);
	run_us(PATIENCE_MS * 1000);
	ck_assert_int_le(w.answers_left, 0);
	run_us(draw(LOAD_US_MAX));
}

/* A life: start, be looked at, work, be killed. */
static void live_once(void)
{
	int fd = spawn(w.eis_address);

	/* One in ten does not get as far as to serve. */
	if (draw(10) == 0) {
		run_us(draw(5 * LOAD_US_MAX));
		kill_server();
		close(fd);
		return;
	}
	await_server(fd);
	close(fd);
	check_profiles();
	load_until(1 + draw(ANSWERS_MAX));
	w.killing = true;
	kill_server();
	run_to_end_of_requests();
	w.killing = false;
}

/* A life of several workers: some of them are killed while the others answer,
 * and then all.  Returns how many kills that was. */
static int live_with_workers(void)
{
	int deaths = draw(DEATHS_MAX + 1), fd = spawn(w.eis_address);

	if (draw(10) == 0) {
		run_us(draw(100 * LOAD_US_MAX));
		kill_server();
		close(fd);
		return 1;
	}
	await_server(fd);
	close(fd);
	for (int i = 0; i < deaths; i++) {
		check_profiles();
		load_until(1 + draw(ANSWERS_MAX));
		kill_worker();
		load_until(1 + draw(ANSWERS_MAX));
		w.settling = true;
		run_to_end_of_requests();
		w.settling = false;
	}
	check_profiles();
	load_until(1 + draw(ANSWERS_MAX));
	w.killing = true;
	kill_server();
	run_to_end_of_requests();
	w.killing = false;
	return deaths + 1;
}

START_TEST(nothing_acknowledged_is_lost)
{
	int kills, fd;

	w = (struct kill_world){ .workers = _i == 1 };
	kills = kills_wanted();
	set_up();
	fill_devices();
	for (int i = 0; i < kills;) {
		if (w.workers) {
			i += live_with_workers();
		} else {
			live_once();
			i++;
		}
	}
	fd = spawn(w.eis_address);
	await_server(fd);
	close(fd);
	check_profiles();
	settle();
	check_profiles();
	check_transactions();
	check_operations();
	check_codes();
	printf("%d kills: %lu answered, %lu refused, %lu without an answer; %zu transactions,"
	       " %zu operations, %zu codes, %zu orders\n", kills, w.answered, w.refused,
	       w.lost, w.transactions.count, w.operations.count, w.codes.count, w.orders.count);
	/* Each life had its share. */
	ck_assert_uint_gt(w.transactions.count, (size_t)kills / 2);
	ck_assert_uint_gt(w.operations.count, (size_t)kills / 4);
	w.killing = true;
	kill_server();
	tear_down();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("cli/kill");
	TCase *tc = tcase_create("kill -9");
	SRunner *runner;
	int failed;

	if (argc == 4 && strcmp(argv[1], "--serve") == 0)
		return serve(argv[2], argv[3]);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, nothing_acknowledged_is_lost, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
