/*
 * Goal: each row of the table does what its sentence says, and does it only
 * where, when and as often as it is told.
 * Method: small parties that answer well stand behind the gates, and a fleet
 * that only writes down what is done to it.  Probes say in words what must be
 * seen with the quirk; the same exchange without it must be seen to be well.
 * A row without a probe fails.
 */
#include "scenarios/quirk.h"

#include "devices/lpa.h"
#include "proto/base64.h"
#include "proto/es9.h"
#include "proto/profile.h"
#include "proto/rsp_bpp.h"
#include "sim/json.h"
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define EID "89049032123451234512345678901235"
#define EID2 "89049032000000000000000000000042"
#define ICCID "8944000000000000001"

/* ---- A fleet that writes down what is done to it. ----------------------- */

struct device {
	struct str name, party, eid;
	struct buf log;
	struct loop *loop;
};

struct fleet {
	struct device devices[2];
};

static void did(struct device *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void did(struct device *d, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(&d->log, "%s%llds %s", d->log.n ? "; " : "",
		   (long long)(loop_now(d->loop).ns / NS_PER_S), text);
}

size_t fleet_count(const struct fleet *f)
{
	(void)f;
	return 2;
}

struct device *fleet_device(struct fleet *f, size_t index)
{
	return &f->devices[index];
}

struct device *fleet_find(struct fleet *f, struct str name)
{
	for (size_t i = 0; i < 2; i++)
		if (str_eq(f->devices[i].name, name))
			return &f->devices[i];
	return NULL;
}

struct str device_name(const struct device *d)
{
	return d->name;
}

struct str device_eid(const struct device *d)
{
	return d->eid;
}

void device_power(struct device *d, bool on)
{
	did(d, "power %s", on ? "on" : "off");
}

void device_reboot(struct device *d)
{
	did(d, "reboot");
}

void device_link(struct device *d, bool up)
{
	did(d, "link %s", up ? "up" : "down");
}

void device_set_clock_skew(struct device *d, int64_t skew_ns)
{
	did(d, "skew %llds", (long long)(skew_ns / NS_PER_S));
}

void device_set_memory(struct device *d, uint32_t free_bytes)
{
	did(d, "memory %u", free_bytes);
}

int device_set_spn(struct device *d, struct str iccid, struct str spn,
		   struct err *err)
{
	(void)err;
	did(d, "spn of %.*s is %.*s", STRF(iccid), STRF(spn));
	return 0;
}

void device_set_enable_without_network(struct device *d, bool on)
{
	did(d, "enable-without-network %s", on ? "on" : "off");
}

size_t device_profile_count(const struct device *d)
{
	(void)d;
	return 2;
}

void device_profile(const struct device *d, size_t index,
		    struct device_profile_view *view)
{
	(void)d;
	*view = (struct device_profile_view){
		.iccid = index ? STR(ICCID) : STR("8944000000000000099"),
		.active = index == 1,
	};
}

/* ---- The world: three parties behind gates. ----------------------------- */

struct party {
	struct http_handler handler;
	const char *host;
	struct http_handler *gate;
};

struct answer {
	enum http_failure failure;
	int status;
	char body[12000], type[64], protocol[64], connection[64];
	int64_t took_ns;
	bool came;
};

static struct world {
	struct loop loop;
	struct eventlog log;
	struct eventlog_listener listener;
	struct network *net;
	struct quirk_engine *engine;
	struct fleet fleet;
	struct party smdp, eis, server;
	struct buf seen;	/* by the parties: "time method path body\n" */
	struct buf headers;	/* the same: "X-Admin-Protocol Content-Type\n" */
	struct buf events;	/* of party rig */
	const char *order;	/* what the EIS gives out, or NULL */
	const char *status;	/* of the order */
	bool speaks_rsp;	/* the SM-DP+ answers with all members */
	int looks;		/* at the record */
	int requests;
	const struct answer *waiting;
} w;

static struct str last_part(struct str path)
{
	while (memchr(path.p, '/', path.n))
		str_split(&path, '/');
	return path;
}

static void answer_eis(struct http_exchange *x, struct str last)
{
	if (str_is(last, "next")) {
		if (w.order)
			http_respond_json(x, 200, str_of(w.order));
		else
			http_respond(x, 204, NULL, STR_NONE);
	} else if (str_is(x->req.path, "/eis/v1/orders")) {
		http_respond_json(x, 201, STR("{\"id\":\"o1\",\"eid\":\"" EID
					      "\",\"status\":\"queued\"}"));
	} else if (str_is(x->req.method, "DELETE") ||
		   !str_is(x->req.method, "GET")) {
		http_respond(x, 204, NULL, STR_NONE);
	} else if (str_is(last, "orders")) {
		http_respond_json(x, 200, STR("{\"orders\":[{\"id\":\"o1\"},"
					      "{\"id\":\"o2\"}]}"));
	} else if (str_is(last, "o1")) {
		http_respond_json(x, 200, arena_printf(x->arena,
			"{\"id\":\"o1\",\"eid\":\"" EID "\",\"status\":\"%s\","
			"\"iccid\":\"" ICCID "\"}", w.status));
	} else {
		http_respond_json(x, 200, arena_printf(x->arena,
			"{\"eid\":\"" EID "\",\"looks\":%d}", ++w.looks));
	}
}

static const char zeros[200];
#define ZEROS(n) ((struct str){ zeros, n })

static struct str signature_of_zeros(void)
{
	static char text[67] = "\x5F\x37\x40";

	return (struct str){ text, sizeof(text) };
}

static struct str kept(struct arena *a, struct buf *b)
{
	struct str s = arena_str(a, buf_view(b));

	buf_clear(b);
	return s;
}

static struct str make_metadata(struct arena *a, struct buf *b)
{
	rsp_metadata_write(b, &(struct rsp_metadata){ .iccid = STR("\x98\x44\0\0\0\0\0\0\0\xF7"),
		.spn = STR("Mobile"), .profile_name = STR("Name"), .profile_class = 2 });
	return kept(a, b);
}

/* A package with replaced keys and three segments. */
static struct str make_package(struct arena *a, struct buf *b)
{
	static const struct rsp_bsp ppk = { .block = 1 };
	struct rsp_otpk own = { .public_point = { 4 } };
	struct rsp_identity id = { 0 };
	struct rsp_bpp_spec spec = {
		.transaction_id = STR("0123456789ABCDEF"), .host_id = STR("host"),
		.eid = STR(EID), .euicc_otpk = { "\x04", 1 }, .otpk = &own, .signer = &id,
		.metadata = make_metadata(a, b), .ppk = &ppk,
	};
	char point[RSP_POINT_BYTES] = { 4 }, upp[2500];
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(upp); i++)
		upp[i] = (char)(i / 1007);
	own.public_point[1] = (unsigned char)w.requests;
	spec.euicc_otpk = (struct str){ point, sizeof(point) };
	spec.upp = (struct str){ upp, sizeof(upp) };
	ck_assert_msg(rsp_bpp_build(&rsp_crypto_none, &spec, b, &err) == 0, "%s", err.msg);
	return kept(a, b);
}

static void fill_answer(struct arena *a, struct buf *b, struct es9_message *m)
{
	rsp_server_signed1_write(b, &(struct rsp_server_signed1){
		.transaction_id = STR("0123456789ABCDEF"), .euicc_challenge = ZEROS(16),
		.server_address = STR("smdp.example.com"), .server_challenge = ZEROS(16) });
	m->server_signed1 = kept(a, b);
	rsp_smdp_signed2_write(b, &(struct rsp_smdp_signed2){
		.transaction_id = STR("0123456789ABCDEF") });
	m->smdp_signed2 = kept(a, b);
	tlv_put(b, TLV_OCTETS, ZEROS(20));
	m->key_id = kept(a, b);
	m->metadata = make_metadata(a, b);
	m->package = make_package(a, b);
}

static void answer_rsp(struct http_exchange *x, struct str last)
{
	struct str signature = signature_of_zeros(), cert = STR("\x30\x00");
	struct es9_message m = {
		.transaction_id = STR("0123456789ABCDEF"),
		.server_signature1 = signature, .smdp_signature2 = signature,
		.server_certificate = cert, .smdp_certificate = cert,
	};
	struct buf b;

	buf_init(&b, 100000);
	fill_answer(x->arena, &b, &m);
	es9_answer_print(&b, es9_function_named(last), &m);
	http_header_set(&x->resp.headers, x->arena, STR("X-Admin-Protocol"),
			STR(ES9_PROTOCOL));
	http_respond_json(x, 200, buf_view(&b));
	buf_release(&b);
}

static void party_handle(struct http_handler *h, struct http_exchange *x)
{
	struct party *p = (struct party *)h;
	struct str last = last_part(x->req.path);

	w.requests++;
	ck_assert(!http_header(&x->req.headers, "X-Rig-Replay").p);
	buf_printf(&w.seen, "%llds %.*s %.*s %.*s\n",
		   (long long)(loop_now(&w.loop).ns / NS_PER_S),
		   STRF(x->req.method), STRF(last), STRF(x->req.body));
	buf_printf(&w.headers, "%.*s %.*s\n",
		   STRF(http_header(&x->req.headers, "X-Admin-Protocol")),
		   STRF(http_header(&x->req.headers, "Content-Type")));
	if (p == &w.eis)
		answer_eis(x, last);
	else if (p == &w.smdp && w.speaks_rsp)
		answer_rsp(x, last);
	else if (p == &w.server)
		http_respond_json(x, 200, STR("{\"applied\":true}"));
	else if (str_is(last, "handleNotification"))
		http_respond(x, 204, NULL, STR_NONE);
	else
		http_respond_json(x, 200, STR("{\"header\":{},\"transactionId\":\"0A1B\"}"));
}

static void hear(struct eventlog_listener *l, const struct event *e,
		 struct str line)
{
	(void)l;
	if (!str_is(e->party, "rig"))
		return;
	buf_str(&w.events, line);
	buf_char(&w.events, '\n');
}

static void make_party(struct party *p, enum quirk_party kind, const char *host)
{
	char url[100];
	struct err err;

	p->handler.handle = party_handle;
	p->host = host;
	snprintf(url, sizeof(url), "http://%s", host);
	p->gate = quirk_engine_gate(w.engine, kind, quirk_party_name(kind), url,
				    &p->handler);
	ck_assert_int_eq(network_listen(w.net, host, quirk_party_name(kind),
					p->gate, &err), 0);
}

static void make_device(size_t i, const char *name, const char *party,
			const char *eid)
{
	struct device *d = &w.fleet.devices[i];

	*d = (struct device){ str_of(name), str_of(party), str_of(eid),
			      .loop = &w.loop };
	buf_init(&d->log, 10000);
}

static void setup(void)
{
	struct quirk_engine_config config = { .seed = 7 };

	w = (struct world){ .status = "queued" };
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	buf_init(&w.seen, 1 << 20);
	buf_init(&w.headers, 10000);
	buf_init(&w.events, 1 << 20);
	w.listener = (struct eventlog_listener){ .tell = hear, .wants_line = true };
	eventlog_listen(&w.log, &w.listener);
	w.net = memnet_new(&w.loop, &w.log);
	config.loop = &w.loop;
	config.net = w.net;
	config.log = &w.log;
	w.engine = quirk_engine_new(&config);
	make_device(0, "router", "device/router", EID);
	make_device(1, "fleet[0]", "device/fleet[0]", EID2);
	quirk_engine_set_fleet(w.engine, &w.fleet);
	make_party(&w.smdp, QUIRK_PARTY_SMDP, "smdp.example.com");
	make_party(&w.eis, QUIRK_PARTY_EIS, "eis.rig");
	make_party(&w.server, QUIRK_PARTY_SERVER, "server.rig");
}

static void teardown(void)
{
	quirk_engine_set_fleet(w.engine, NULL);
	network_release(w.net);
	quirk_engine_free(w.engine);
	eventlog_release(&w.log);
	loop_release(&w.loop);
	for (size_t i = 0; i < 2; i++)
		buf_release(&w.fleet.devices[i].log);
	buf_release(&w.seen);
	buf_release(&w.headers);
	buf_release(&w.events);
}

static void turn_over(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

static void run_s(int64_t s)
{
	struct timer t = { .fire = turn_over };
	struct err err = { 0 };

	loop_arm(&w.loop, &t, s * NS_PER_S);
	ck_assert_msg(loop_run(&w.loop, &err) == 0, "%s", err.msg);
	loop_disarm(&w.loop, &t);
}

static void done(struct http_call *c)
{
	struct answer *a = c->owner;
	struct str type = http_header(&c->resp.headers, "Content-Type");

	a->came = true;
	if (w.waiting == a)
		loop_stop(&w.loop);
	a->failure = c->failure;
	a->took_ns = loop_now(&w.loop).ns - c->sent.ns;
	if (c->failure != HTTP_OK)
		return;
	a->status = c->resp.status;
	snprintf(a->body, sizeof(a->body), "%.*s", STRF(c->resp.body));
	snprintf(a->type, sizeof(a->type), "%.*s", STRF(type));
	snprintf(a->protocol, sizeof(a->protocol), "%.*s",
		 STRF(http_header(&c->resp.headers, "X-Admin-Protocol")));
	snprintf(a->connection, sizeof(a->connection), "%.*s",
		 STRF(http_header(&c->resp.headers, "Connection")));
}

static struct answer ask_as(const char *from, const char *method,
			    const char *url, const char *body)
{
	struct answer a = { 0 };
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, str_of(from), method, &err,
					    "%s", url);

	ck_assert_msg(c != NULL, "%s", err.msg);
	http_call_header(c, "Authorization", STR("Bearer t"));
	http_call_header(c, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	if (body)
		http_call_body(c, "application/json", str_of(body));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	w.waiting = &a;
	run_s(1000);
	w.waiting = NULL;
	ck_assert(a.came);
	return a;
}

static struct answer ask(const char *method, const char *url, const char *body)
{
	return ask_as("device/router", method, url, body);
}

/* "smdp.slow", "delay=20s function=any"; "+" is a space in a value. */
static int read_setting(struct quirk_setting *s, const char *name,
			const char *params, struct arena *a, struct err *err)
{
	const struct quirk_row *row = quirk_find(str_of(name));
	struct str rest = params ? str_of(params) : STR_NONE;

	ck_assert_msg(row != NULL, "no row %s", name);
	quirk_setting_init(s, row);
	while (rest.p) {
		struct str value = str_split(&rest, ' ');
		struct str key = str_split(&value, '=');
		struct str copy = arena_str(a, value);

		for (size_t i = 0; i < copy.n; i++)
			if (copy.p[i] == '+')
				((char *)copy.p)[i] = ' ';
		if (quirk_setting_put(s, key, copy, err) < 0)
			return -1;
	}
	return quirk_setting_check(s, err);
}

static void set(const char *name, const char *params)
{
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	ck_assert_msg(read_setting(&s, name, params, &a, &err) == 0, "%s", err.msg);
	ck_assert_msg(quirk_engine_set(w.engine, &s, &err) == 0, "%s", err.msg);
	arena_release(&a);	/* the engine has copied */
}

static int count_of(const struct buf *in, const char *what)
{
	int n = 0;

	for (const char *at = in->p; at && (at = strstr(at, what)); at++)
		n++;
	return n;
}

static int acts_of(const char *name)
{
	char text[100];

	snprintf(text, sizeof(text), "\"event\":\"quirk\",\"quirk\":\"%s\"", name);
	return count_of(&w.events, text);
}

static void happens(const char *party, const char *name, const char *step,
		    int n, const char *iccid)
{
	struct field fields[3];
	size_t count = 0;

	if (step)
		fields[count++] = (struct field)F_Z("step", step);
	if (iccid)
		fields[count++] = (struct field)F_Z("iccid", iccid);
	if (n)
		fields[count++] = (struct field)F_INT("n", n);
	eventlog_emit(&w.log, str_of(party), name, fields, count);
}

/* ---- Probes. ------------------------------------------------------------ */

#define ES9(function) "https://smdp.example.com/gsma/rsp2/es9plus/" function
#define ORDERS "http://eis.rig/eis/v1/orders"
#define RESULT ORDERS "/o1/result"
#define NEXT "http://eis.rig/eis/v1/euicc/" EID "/orders/next"
#define RECORD "http://eis.rig/eis/v1/euicc/" EID
#define REPORTS "http://server.rig/southbound/v1/device_reports"

struct probe {
	const char *name;	/* of the row */
	const char *params;
	void (*run)(const struct probe *p);
	const char *a, *b, *c;	/* the probe's own: what to do and to expect */
};

/* "answered 200 in 20s, party asked 1", with what is odd about the body. */
static const char *outcome(const struct answer *a, int requests)
{
	static char text[200];
	char body[64] = "";
	struct err err;
	cJSON *tree = a->body[0] ? json_parse(str_of(a->body), &err) : NULL;

	if (a->failure == HTTP_OK)
		snprintf(body, sizeof(body), " %d%s", a->status,
			 a->body[0] && !tree ? " no JSON" :
			 a->status == 200 && !a->body[0] ? " empty" : "");
	cJSON_Delete(tree);
	snprintf(text, sizeof(text), "%s%s in %llds, party asked %d",
		 http_failure_name(a->failure), body,
		 (long long)(a->took_ns / NS_PER_S), requests);
	return text;
}

/* a: "METHOD url", b: the outcome with the quirk, c: text in the answer. */
static void one_exchange(const struct probe *p)
{
	struct str rest = str_of(p->a);
	struct str method = str_split(&rest, ' ');
	char verb[8];
	struct answer a;
	bool get;

	snprintf(verb, sizeof(verb), "%.*s", STRF(method));
	get = strcmp(verb, "GET") == 0;
	for (int round = 0; round < 3; round++) {
		bool odd = round == 1;
		const char *found;

		if (odd)
			set(p->name, p->params);
		else
			quirk_engine_clear(w.engine, str_of(p->name), STR(""));
		w.requests = 0;
		a = ask(verb, rest.p, get ? NULL : "{\"eid\":\"" EID "\",\"cause\":\"boot\"}");
		found = outcome(&a, w.requests);
		if (odd) {
			ck_assert_str_eq(found, p->b);
			ck_assert_msg(!p->c || strstr(a.body, p->c), "%s", a.body);
			ck_assert_int_eq(acts_of(p->name), 1);
		} else {
			ck_assert_int_eq(a.failure, HTTP_OK);
			ck_assert_int_eq(a.took_ns, 0);
			ck_assert_int_eq(w.requests, 1);
			ck_assert_int_eq(a.status / 100, 2);
			ck_assert(strstr(found, "JSON") == NULL);
		}
	}
}

/* a: the codes; the function that is refused is b. */
static void refused(const struct probe *p)
{
	struct str codes = str_of(p->a), subject = str_split(&codes, '/');
	char url[200], want[100];
	struct answer a;

	snprintf(url, sizeof(url), ES9("%s"), p->b);
	set(p->name, p->params);
	a = ask("POST", url, "{}");
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.type, "application/json");
	ck_assert_ptr_nonnull(strstr(a.body, "\"status\":\"Failed\""));
	snprintf(want, sizeof(want), "\"subjectCode\":\"%.*s\"", STRF(subject));
	ck_assert_msg(strstr(a.body, want) != NULL, "%s", a.body);
	snprintf(want, sizeof(want), "\"reasonCode\":\"%.*s\"", STRF(codes));
	ck_assert_msg(strstr(a.body, want) != NULL, "%s", a.body);
	ck_assert_int_eq(w.requests, 0);
	ck_assert_int_eq(acts_of(p->name), 1);
	/* Another function is not refused. */
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_ptr_null(strstr(a.body, "Failed"));
	ck_assert_int_eq(w.requests, 1);
}

/* Three messages 10 s apart, from two devices: a is what the party must have
 * seen within the hour: "0s 1, 10s 2, 20s 3".  b: the messages' URL. */
static void messages(const struct probe *p)
{
	struct buf found;
	struct answer a;

	set(p->name, p->params);
	for (int i = 1; i <= 3; i++) {
		char body[300];

		snprintf(body, sizeof(body), "{\"eid\":\"" EID "\",\"sequence\":%d,"
			 "\"cause\":\"change\",\"complete\":true,"
			 "\"profiles\":[\"list %d\"]}", i, i);
		a = ask("POST", p->b, body);
		ck_assert_int_eq(a.failure, HTTP_OK);
		ck_assert_int_eq(a.status / 100, 2);
		ck_assert_int_eq(a.took_ns, 0);
		ck_assert(a.status != 200 || strstr(a.body, "\"applied\":true"));
		run_s(10);
	}
	run_s(3600);
	buf_init(&found, 10000);
	for (const char *at = w.seen.p; at && *at; at = strchr(at, '\n') + 1) {
		const char *n = strstr(at, "\"sequence\":");

		buf_printf(&found, "%s%.*s %c", found.n ? ", " : "",
			   (int)strcspn(at, " "), at, n ? n[11] : '?');
	}
	ck_assert_str_eq(found.p ? found.p : "", p->a);
	buf_release(&found);
	ck_assert_int_gt(acts_of(p->name), 0);
}

static void report(int n, const char *cause)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"eid\":\"" EID "\",\"sequence\":%d,"
		 "\"cause\":\"%s\",\"complete\":true,\"profiles\":[\"list %d\"]}",
		 n, cause, n);
	ask("POST", REPORTS, body);
}

static void stale_reports(const struct probe *p)
{
	set(p->name, p->params);
	report(1, "boot");
	report(2, "boot");
	report(3, "change");
	ck_assert_int_eq(count_of(&w.seen, "\"sequence\":3"), 1);
	ck_assert_int_eq(count_of(&w.seen, "list 1"), 2);
	ck_assert_int_eq(count_of(&w.seen, "list 2"), 1);
	ck_assert_int_eq(count_of(&w.seen, "list 3"), 0);
	ck_assert_int_eq(count_of(&w.seen, "\"complete\":true"), 3);
	ck_assert_int_eq(acts_of(p->name), 1);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	report(4, "change");
	ck_assert_int_eq(count_of(&w.seen, "list 4"), 1);
}

static void cut_reports(const struct probe *p)
{
	set(p->name, p->params);
	report(1, "boot");
	ck_assert_int_eq(w.requests, 1);
	ck_assert_int_eq(count_of(&w.seen, "\"eid\""), 1);
	ck_assert_int_eq(count_of(&w.seen, "list 1"), 0);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* ---- The EIS. ------------------------------------------------------------ */

static void stale_answers(const struct probe *p)
{
	const char *url = p->a;
	struct answer first, later;

	set(p->name, p->params);
	first = ask("GET", url, NULL);
	w.status = "complete";
	later = ask("GET", url, NULL);
	ck_assert_str_eq(later.body, first.body);
	ck_assert_int_eq(acts_of(p->name), 1);
	ck_assert_int_eq(w.requests, 2);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	later = ask("GET", url, NULL);
	ck_assert_str_ne(later.body, first.body);
}

/* a: the status that the EIS has, b: the one that is told. */
static void untrue_status(const struct probe *p)
{
	char want[64];
	struct answer a;

	w.status = p->a;
	set(p->name, p->params);
	a = ask("GET", ORDERS "/o1", NULL);
	snprintf(want, sizeof(want), "\"status\":\"%s\"", p->b);
	ck_assert_msg(strstr(a.body, want) != NULL, "%s", a.body);
	ck_assert_msg(strstr(a.body, p->c) != NULL, "%s", a.body);
	ck_assert_ptr_nonnull(strstr(a.body, "\"id\":\"o1\""));
	ck_assert_int_eq(acts_of(p->name), 1);
	w.status = "expired";
	a = ask("GET", ORDERS "/o1", NULL);
	ck_assert_ptr_nonnull(strstr(a.body, "\"status\":\"expired\""));
	ck_assert_int_eq(acts_of(p->name), 1);
}

#define PLACE "{\"eid\":\"" EID "\",\"operation\":\"enable\",\"expiresIn\":3600}"

static void order_vanishes(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = ask_as("server", "POST", ORDERS, PLACE);
	ck_assert_int_eq(a.status, 201);
	run_s(1);
	ck_assert_int_eq(count_of(&w.seen, "DELETE o1"), 1);
	a = ask_as("server", "GET", ORDERS "/o1", NULL);
	ck_assert_int_eq(a.status, 404);
	ck_assert_ptr_nonnull(strstr(a.body, "unknown-order"));
	a = ask_as("server", "GET", "http://eis.rig/eis/v1/euicc/" EID "/orders",
		   NULL);
	ck_assert_str_eq(a.body, "{\"orders\":[{\"id\":\"o2\"}]}");
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 204);
	w.order = "{\"id\":\"o2\",\"operation\":\"enable\"}";
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_ge(acts_of(p->name), 1);
}

static void order_expires(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = ask_as("server", "POST", ORDERS, PLACE);
	ck_assert_int_eq(a.status, 201);
	ck_assert_int_eq(count_of(&w.seen, "\"expiresIn\":7}"), 1);
	ck_assert_int_eq(count_of(&w.seen, "3600"), 0);
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 204);
	ck_assert_int_eq(w.requests, 1);
	run_s(6);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	run_s(2);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 200);
	ck_assert_int_eq(acts_of(p->name), 1);
}

#define DONE "{\"eid\":\"" EID "\",\"status\":\"complete\",\"code\":\"ok\"}"

static void order_again(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 200);
	w.order = NULL;
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	ck_assert_int_eq(acts_of(p->name), 0);
	ask("POST", RESULT, DONE);
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.body, "{\"id\":\"o1\",\"operation\":\"enable\"}");
	ck_assert_int_eq(acts_of(p->name), 1);
	ask("POST", RESULT, DONE);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
}

/* a: the operation; b, c: the status sent and the status that arrives. */
static void untrue_result(const struct probe *p)
{
	char order[100], body[200], want[100];

	set(p->name, p->params);
	snprintf(order, sizeof(order), "{\"id\":\"o1\",\"operation\":\"%s\"}", p->a);
	w.order = order;
	ask("GET", NEXT, NULL);
	snprintf(body, sizeof(body), "{\"eid\":\"" EID "\",\"status\":\"%s\","
		 "\"code\":\"x\",\"iccid\":\"" ICCID "\"}", p->b);
	ask("POST", RESULT, body);
	snprintf(want, sizeof(want), "\"status\":\"%s\"", p->c);
	ck_assert_int_eq(count_of(&w.seen, want), 1);
	ck_assert_int_eq(acts_of(p->name), strcmp(p->b, p->c) != 0);
}

/* ---- The SM-DP+. --------------------------------------------------------- */

static void other_transaction(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = ask("POST", ES9("initiateAuthentication"), "{}");
	ck_assert_str_eq(a.body, "{\"header\":{},\"transactionId\":\"0A10\"}");
	ck_assert_int_eq(acts_of(p->name), 1);
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_ptr_nonnull(strstr(a.body, "0A1B"));
}

/* An authenticateClient request with that matching id. */
static void authenticate(struct buf *out, const char *matching_id,
			 const char *transaction)
{
	char zero[64] = "";
	struct rsp_euicc_signed1 s1 = {
		.transaction_id = { zero, 8 }, .server_address = STR("s"),
		.server_challenge = { zero, 16 },
		.euicc_info2 = STR("\xBF\x22\x00"),
		.context = { .present = true, .matching_id = str_of(matching_id),
			     .device = true, .tac = { zero, 4 } },
	};
	struct rsp_authenticate_response r = { .ok = true, .error_code = -1 };
	struct buf signed1, whole, signature;

	buf_init(&signed1, 10000);
	buf_init(&whole, 10000);
	buf_init(&signature, 100);
	rsp_euicc_signed1_write(&signed1, &s1);
	tlv_put(&signature, RSP_TAG_SIGNATURE, (struct str){ zero, 64 });
	r.euicc_signed1 = buf_view(&signed1);
	r.euicc_signature1 = buf_view(&signature);
	r.euicc_certificate = r.eum_certificate = STR("\x30\x00");
	rsp_authenticate_response_write(&whole, &r);
	buf_printf(out, "{\"transactionId\":\"%s\",\"authenticateServerResponse\":\"",
		   transaction);
	base64_encode(out, buf_view(&whole));
	buf_z(out, "\"}");
	buf_release(&signed1);
	buf_release(&whole);
	buf_release(&signature);
}

static struct answer authenticate_with(const char *matching_id,
				       const char *transaction)
{
	struct answer a;
	struct buf out;

	buf_init(&out, 10000);
	authenticate(&out, matching_id, transaction);
	a = ask("POST", ES9("authenticateClient"), out.p);
	buf_release(&out);
	return a;
}

static void code_consumed(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = authenticate_with("CODE-1", "0A01");
	ck_assert_ptr_null(strstr(a.body, "Failed"));
	a = ask("POST", ES9("getBoundProfilePackage"), "{\"transactionId\":\"0A01\"}");
	ck_assert_int_eq(a.failure, HTTP_BROKEN);
	ck_assert_int_eq(w.requests, 2);
	/* Asking for the package again does not help. */
	a = ask("POST", ES9("getBoundProfilePackage"), "{\"transactionId\":\"0A01\"}");
	ck_assert_int_eq(a.failure, HTTP_BROKEN);
	ck_assert_int_eq(w.requests, 2);
	a = authenticate_with("CODE-1", "0A02");
	ck_assert_ptr_nonnull(strstr(a.body, "\"subjectCode\":\"8.2.6\""));
	ck_assert_ptr_nonnull(strstr(a.body, "\"reasonCode\":\"3.8\""));
	a = authenticate_with("CODE-2", "0A03");
	ck_assert_ptr_null(strstr(a.body, "Failed"));
	ck_assert_int_eq(acts_of(p->name), 1);
	ck_assert_ptr_null(strstr(w.events.p, "CODE-1"));
}

/* ---- What the SM-DP+ says in the terms of SGP.22. ------------------------- */

/* Where two DER texts differ: "30.81" for a value, "A1>A5" for a tag, "-A3" and "+86"
 * for what is gone or new; "!" where a text is no DER. */
static void diff(struct buf *out, const char *at, struct str good, struct str odd)
{
	struct tlv a, b;
	struct err err;

	for (;;) {
		int more = tlv_next(&good, &a, &err), there = tlv_next(&odd, &b, &err);
		char name[64];

		if (there < 0)
			buf_printf(out, "%s!", out->n ? " " : "");
		if (more <= 0 || there <= 0) {
			if (more > 0 && there == 0)
				buf_printf(out, "%s-%s%X", out->n ? " " : "", at, a.tag);
			if (there > 0)
				buf_printf(out, "%s+%s%X", out->n ? " " : "", at, b.tag);
			return;
		}
		snprintf(name, sizeof(name), "%s%X.", at, a.tag);
		if (a.tag != b.tag)
			buf_printf(out, "%s%s%X>%X", out->n ? " " : "", at, a.tag, b.tag);
		else if (tlv_is_constructed(a.tag))
			diff(out, name, a.value, b.value);
		else if (!str_eq(a.raw, b.raw))
			buf_printf(out, "%s%s%X%s", out->n ? " " : "", at, a.tag,
				   b.raw.n > 1020 ? "(long)" : "");
	}
}

static struct str decoded(struct arena *a, const char *json, const char *key)
{
	struct str text = STR_NONE, bytes = STR_NONE;
	struct err err;
	cJSON *tree = json_parse(str_of(json), &err);

	ck_assert_ptr_nonnull(tree);
	if (json_get_str(tree, key, a, &text, &err) > 0)
		ck_assert_int_eq(base64_decode(a, text, &bytes, &err), 0);
	cJSON_Delete(tree);
	return bytes;
}

/* What an eUICC signs at the end, with as much in it as a fault needs. */
static struct answer ask_signed(const char *function)
{
	bool cancel = strcmp(function, "cancelSession") == 0;
	struct str inner = STR("\x30\x03\x80\x01\x07"), data = STR("\xBF\x27\x00");
	struct answer a;
	struct buf b, json;
	size_t outer, choice = 0;
	char url[100];

	buf_init(&b, 1000);
	buf_init(&json, 1000);
	outer = tlv_open(&b, cancel ? RSP_TAG_CANCEL : RSP_TAG_INSTALL_RESULT);
	if (cancel)
		choice = tlv_open(&b, 0xA0);
	buf_str(&b, cancel ? inner : data);
	buf_str(&b, signature_of_zeros());
	if (cancel)
		tlv_close(&b, choice);
	tlv_close(&b, outer);
	buf_printf(&json, "{\"%s\":\"", cancel ? "cancelSessionResponse" :
						 "pendingNotification");
	base64_encode(&json, buf_view(&b));
	buf_z(&json, "\"}");
	snprintf(url, sizeof(url), ES9("%s"), function);
	a = ask("POST", url, json.p);
	buf_release(&b);
	buf_release(&json);
	return a;
}

/* Requests of the functions, with what a fault may need of them. */
static struct answer ask_rsp(const char *function)
{
	struct rsp_euicc_signed2 s2 = { .transaction_id = STR("0123456789ABCDEF"),
					.euicc_otpk = ZEROS(RSP_POINT_BYTES) };
	struct rsp_prepare_response r = { .ok = true, .error_code = -1,
					  .euicc_signature2 = signature_of_zeros() };
	struct answer a;
	struct buf b, json;
	struct arena arena = { 0 };
	char url[100];

	if (strcmp(function, "authenticateClient") == 0)
		return authenticate_with("CODE", "0A01");
	if (strcmp(function, "cancelSession") == 0 ||
	    strcmp(function, "handleNotification") == 0)
		return ask_signed(function);
	snprintf(url, sizeof(url), ES9("%s"), function);
	buf_init(&b, 10000);
	buf_init(&json, 10000);
	rsp_euicc_signed2_write(&b, &s2);
	r.euicc_signed2 = kept(&arena, &b);
	rsp_prepare_response_write(&b, &r);
	buf_z(&json, "{\"prepareDownloadResponse\":\"");
	base64_encode(&json, buf_view(&b));
	buf_z(&json, "\"}");
	a = ask("POST", url, json.p);
	buf_release(&b);
	buf_release(&json);
	arena_release(&arena);
	return a;
}

/* a: the function, b: the member that is changed, c: where, as diff() says. */
static void rsp_changed(const struct probe *p)
{
	struct answer good, odd, other;
	struct arena a = { 0 };
	struct buf found;

	w.speaks_rsp = true;
	good = ask_rsp(p->a);
	set(p->name, p->params);
	w.requests = 0;		/* they make the one-time key of the package */
	odd = ask_rsp(p->a);
	buf_init(&found, 10000);
	diff(&found, "", decoded(&a, good.body, p->b), decoded(&a, odd.body, p->b));
	ck_assert_str_eq(found.p ? found.p : "", p->c);
	ck_assert_int_eq(acts_of(p->name), 1);
	/* Another function's answer is what it was. */
	other = ask_rsp("handleNotification");
	ck_assert_int_eq(acts_of(p->name), 1);
	ck_assert_int_eq(other.status, 200);
	buf_release(&found);
	arena_release(&a);
}

/* The same for a request, as it reaches the SM-DP+. */
static void request_changed(const struct probe *p)
{
	struct arena a = { 0 };
	struct buf found;
	struct str seen[2];

	for (int odd = 0; odd < 2; odd++) {
		if (odd)
			set(p->name, p->params);
		buf_clear(&w.seen);
		ask_rsp(p->a);
		seen[odd] = arena_str(&a, buf_view(&w.seen));
		seen[odd].n--;		/* the end of the line */
		seen[odd] = arena_str(&a, seen[odd]);
	}
	buf_init(&found, 10000);
	diff(&found, "", decoded(&a, strchr(seen[0].p, '{'), p->b),
	     decoded(&a, strchr(seen[1].p, '{'), p->b));
	ck_assert_str_eq(found.p ? found.p : "", p->c);
	ck_assert_int_eq(acts_of(p->name), 1);
	ask_rsp("initiateAuthentication");
	ck_assert_int_eq(acts_of(p->name), 1);
	buf_release(&found);
	arena_release(&a);
}

static void replayed(const struct probe *p)
{
	struct answer first, second, third;

	w.speaks_rsp = true;
	set(p->name, p->params);
	first = ask_rsp("getBoundProfilePackage");
	ck_assert_int_eq(acts_of(p->name), 0);
	second = ask_rsp("getBoundProfilePackage");
	ck_assert_str_eq(second.body, first.body);
	ck_assert_int_eq(acts_of(p->name), 1);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	third = ask_rsp("getBoundProfilePackage");
	ck_assert_str_ne(third.body, first.body);
}

/* a: the X-Admin-Protocol of the answer, b: its Content-Type. */
static void answer_header(const struct probe *p)
{
	struct answer a;

	w.speaks_rsp = true;
	set(p->name, p->params);
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(a.protocol, p->a);
	ck_assert_str_eq(a.type, p->b);
	ck_assert_int_eq(acts_of(p->name), 1);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(a.protocol, ES9_PROTOCOL);
	ck_assert_str_eq(a.type, "application/json");
}

/* a: both headers as they arrive. */
static void request_header(const struct probe *p)
{
	ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(w.headers.p, ES9_PROTOCOL " application/json\n");
	buf_clear(&w.headers);
	set(p->name, p->params);
	ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(w.headers.p, p->a);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* The same answer; in memory nobody sees how many pieces it came in. */
static void same_answer(const struct probe *p)
{
	struct answer good = ask("POST", ES9("cancelSession"), "{}"), odd;

	ck_assert_str_eq(good.connection, "");
	set(p->name, p->params);
	odd = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(odd.body, good.body);
	ck_assert_str_eq(odd.connection, p->a);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* ---- Devices. ------------------------------------------------------------ */

/* a: what is done to the router within 100 s when it is set at 0 s; b: what
 * clearing it adds. */
static void done_to_device(const struct probe *p)
{
	struct device *router = &w.fleet.devices[0];

	set(p->name, p->params);
	run_s(100);
	ck_assert_str_eq(router->log.p, p->a);
	ck_assert_uint_eq(w.fleet.devices[1].log.n, 0);
	ck_assert_int_ge(acts_of(p->name), 1);
	buf_clear(&router->log);
	quirk_engine_clear(w.engine, str_of(p->name), STR("router"));
	run_s(100);
	ck_assert_str_eq(router->log.p, p->b);
}

/* What a device goes through; a: what is done to it, the whole time. */
static void done_on_event(const struct probe *p)
{
	static const struct {
		const char *name, *step;
		int n;
	} events[] = {
		{ "power-on", NULL, 0 }, { "boot-complete", NULL, 0 },
		{ "order-received", NULL, 0 },
		{ "download-step", "get-euicc-challenge", 0 },
		{ "download-step", "initiate-authentication", 0 },
		{ "download-step", "authenticate-client", 0 },
		{ "download-step", "load-segment", 1 },
		{ "download-step", "load-segment", 2 },
		{ "download-step", "store-result", 0 },
		{ "profile-installed", NULL, 0 }, { "profile-enabled", NULL, 0 },
		{ "report-sent", NULL, 0 },
	};
	struct device *router = &w.fleet.devices[0];

	set(p->name, p->params);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		size_t before = router->log.n;

		/* The other device is not meant. */
		happens("device/fleet[0]", events[i].name, events[i].step,
			events[i].n, ICCID);
		happens("device/router", events[i].name, events[i].step,
			events[i].n, ICCID);
		/* Nothing happens from within the event. */
		ck_assert_uint_eq(router->log.n, before);
		run_s(10);
	}
	run_s(100);
	ck_assert_str_eq(router->log.p, p->a);
	ck_assert_uint_eq(w.fleet.devices[1].log.n, 0);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* ---- Set-up. ------------------------------------------------------------- */

/* a: the SPN before, b: after; c: "absent" if there is none, "refused". */
static void spn_at_setup(const struct probe *p)
{
	struct quirk_carrier list[] = {
		{ STR("acme"), STR("Acme"), STR("Acme SPN") },
		{ STR("freds"), STR("Fred's Fast Wireless Service"), str_of(p->a) },
	};
	char params[100];
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };
	int rc;

	snprintf(params, sizeof(params), "carrier=freds%s%s", p->params ? " " : "",
		 p->params ? p->params : "");
	ck_assert_msg(read_setting(&s, p->name, params, &a, &err) == 0, "%s", err.msg);
	ck_assert(s.row->setup_only);
	rc = quirk_apply_carriers(&s, list, 2, &a, &err);
	if (p->c && strcmp(p->c, "refused") == 0) {
		ck_assert_int_eq(rc, -1);
		ck_assert_int_eq(err.code, ERR_STATE);
	} else {
		ck_assert_msg(rc == 0, "%s", err.msg);
		ck_assert_msg(str_is(list[1].spn, p->b), "'%.*s', expected '%s'",
			      STRF(list[1].spn), p->b);
		ck_assert_int_eq(list[1].spn.p == NULL, p->c != NULL);
		ck_assert_uint_le(list[1].spn.n, 32);
	}
	ck_assert(str_is(list[1].name, "Fred's Fast Wireless Service"));
	/* Without `carrier` it is all of them, with it the others stay. */
	ck_assert(str_is(list[0].spn, "Acme SPN"));
	arena_release(&a);
}

/* a: the rule's name in the specification. */
static void rule_at_setup(const struct probe *p)
{
	unsigned rule = strcmp(p->a, "ppr1") == 0 ? 2 : 4;
	struct device_profile_spec profiles[] = { { .ppr = 1 }, { .ppr = 0 } };
	struct device_spec spec = { .name = STR("router"), .profiles = profiles,
				    .profile_count = 2 };
	struct smdp_profile_spec mine = { 0 }, other = { 0 };
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "carrier=freds", &a, &err);
	quirk_apply_offer(&s, STR("freds"), &mine, &a, &err);
	quirk_apply_offer(&s, STR("acme"), &other, &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert_uint_eq(mine.ppr, rule);
	ck_assert_uint_eq(other.ppr, 0);
	ck_assert_uint_eq(spec.profiles[0].ppr, 1);
	mine.ppr = 0;
	read_setting(&s, p->name, "device=router", &a, &err);
	quirk_apply_offer(&s, STR("freds"), &mine, &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert_uint_eq(mine.ppr, 0);
	ck_assert_uint_eq(spec.profiles[0].ppr, 1 | rule);
	ck_assert_uint_eq(spec.profiles[1].ppr, rule);
	ck_assert_uint_eq(profiles[0].ppr, 1);	/* the scenario's own stay */
	arena_release(&a);
}

static void duplicate_at_setup(const struct probe *p)
{
	struct device_profile_spec one = { .iccid = STR("8944000000000000099"),
					   .active = true };
	struct device_spec spec = { .name = STR("fleet[3]"), .profiles = &one,
				    .profile_count = 1 };
	struct quirk_offer offers[] = {
		{ STR("acme"), STR("8944000000000000005"), STR("A") },
		{ STR("freds"), STR(ICCID), STR("Mobile") },
	};
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "device=flee carrier=freds", &a, &err);
	ck_assert_int_eq(quirk_apply_device(&s, &spec, offers, 2, &a, &err), 0);
	ck_assert_uint_eq(spec.profile_count, 1);
	read_setting(&s, p->name, "device=fleet carrier=freds", &a, &err);
	ck_assert_int_eq(quirk_apply_device(&s, &spec, offers, 2, &a, &err), 0);
	ck_assert_uint_eq(spec.profile_count, 2);
	ck_assert(spec.profiles[0].active);
	ck_assert(str_is(spec.profiles[1].iccid, ICCID));
	ck_assert(str_is(spec.profiles[1].spn, "Duplicate"));
	ck_assert(!spec.profiles[1].active);
	ck_assert_int_eq(quirk_apply_device(&s, &spec, offers, 1, &a, &err), -1);
	arena_release(&a);
}

static void numbers_at_setup(const struct probe *p)
{
	struct device_spec spec = { .name = STR("router") };
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "device=other", &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert(!spec.reuse_numbers);
	read_setting(&s, p->name, NULL, &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert(spec.reuse_numbers);
	arena_release(&a);
}

static void shared_at_setup(const struct probe *p)
{
	struct quirk_carrier list[] = {
		{ STR("acme"), STR("Acme"), STR("Mobile") },
		{ STR("freds"), STR("Fred's"), STR("Fred's") },
		{ STR("zoe"), STR("Zoe"), STR("Zoe") },
	};
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "carrier=freds with=acme", &a, &err);
	ck_assert_int_eq(quirk_apply_carriers(&s, list, 3, &a, &err), 0);
	ck_assert(str_is(list[1].spn, "Mobile"));
	ck_assert(str_is(list[0].spn, "Mobile"));
	ck_assert(str_is(list[2].spn, "Zoe"));
	read_setting(&s, p->name, "carrier=freds with=nobody", &a, &err);
	ck_assert_int_eq(quirk_apply_carriers(&s, list, 3, &a, &err), -1);
	arena_release(&a);
}

/* ---- Every row. ---------------------------------------------------------- */

#define INITIATE "initiateAuthentication"
#define AUTHENTICATE "authenticateClient"
#define GET_PACKAGE "getBoundProfilePackage", "boundProfilePackage"
#define A200(s, n) "answered 200 in " s ", party asked " n
#define POST_(url) "POST " url
#define GET_(url) "GET " url

static const struct probe probes[] = {
	{ "spn.differs", NULL, spn_at_setup, "Fred's", "Mobile", NULL },
	{ "spn.differs", "spn=Fred's+Fast+Wireless+Service", spn_at_setup, "x", "",
	  "refused" },
	{ "spn.blank", NULL, spn_at_setup, "Fred's", "", NULL },
	{ "spn.absent", NULL, spn_at_setup, "Fred's", "", "absent" },
	{ "spn.other-case", NULL, spn_at_setup, "Fred's m", "FRED'S M", NULL },
	{ "spn.other-case", "form=lower", spn_at_setup, "Fred's M", "fred's m", NULL },
	{ "spn.other-case", "form=swapped", spn_at_setup, "Fred's M", "fRED'S m", NULL },
	{ "spn.leading-spaces", NULL, spn_at_setup, "Mobile", " Mobile", NULL },
	{ "spn.leading-spaces", "count=8", spn_at_setup, "Mobile", "        Mobile", NULL },
	{ "spn.trailing-spaces", NULL, spn_at_setup, "Mobile", "Mobile ", NULL },
	{ "spn.trailing-spaces", "count=3", spn_at_setup,
	  "A name that is rather long, of more than 32", "A name that is rather long, o   ",
	  NULL },
	{ "spn.doubled-spaces", NULL, spn_at_setup, "Fred Mobile", "Fred  Mobile", NULL },
	{ "spn.doubled-spaces", NULL, spn_at_setup, "Mobile", "Mob  ile", NULL },
	{ "spn.accents", NULL, spn_at_setup, "Mobile", "Möbílé", NULL },
	{ "spn.accents", "form=decomposed", spn_at_setup, "Mobile",
	  "Mo\xCC\x88" "bi\xCC\x81le\xCC\x81", NULL },
	{ "spn.accents", NULL, spn_at_setup, "BBB", "", "refused" },
	{ "spn.non-latin", NULL, spn_at_setup, "Mobile", "Мобильный", NULL },
	{ "spn.non-latin", "script=greek", spn_at_setup, "Mobile", "Κινητή", NULL },
	{ "spn.non-latin", "script=arabic", spn_at_setup, "Mobile", "الجوال", NULL },
	{ "spn.non-latin", "script=hebrew", spn_at_setup, "Mobile", "סלולר", NULL },
	{ "spn.non-latin", "script=chinese", spn_at_setup, "Mobile", "移动通信", NULL },
	{ "spn.non-latin", "script=japanese", spn_at_setup, "Mobile", "モバイル", NULL },
	{ "spn.non-latin", "script=thai", spn_at_setup, "Mobile", "มือถือ", NULL },
	{ "spn.look-alike", NULL, spn_at_setup, "Mobile", "Mоbіlе", NULL },
	{ "spn.cut-16", NULL, spn_at_setup, "Fred's Fast Wireless Service",
	  "Fred's Fast Wire", NULL },
	{ "spn.cut-16", NULL, spn_at_setup, "123456789012345é", "123456789012345", NULL },
	{ "spn.cut-16", "whole-characters=false", spn_at_setup, "123456789012345é",
	  "123456789012345\xC3", NULL },
	{ "spn.cut-16", NULL, spn_at_setup, "Mobile", "", "refused" },
	{ "spn.cut-20", NULL, spn_at_setup, "Fred's Fast Wireless Service",
	  "Fred's Fast Wireless", NULL },
	{ "spn.shared", NULL, shared_at_setup, NULL, NULL, NULL },
	{ "spn.quotes", NULL, spn_at_setup, "Mobile", "\"Mobile\"'s", NULL },
	{ "spn.comma", NULL, spn_at_setup, "Mobile", "Mobile, Inc.", NULL },
	{ "spn.newline", NULL, spn_at_setup, "Fred Mobile", "Fred\nMobile", NULL },
	{ "spn.tab", NULL, spn_at_setup, "Mobile", "Mob\tile", NULL },
	{ "spn.formula", NULL, spn_at_setup, "Mobile", "=Mobile", NULL },
	{ "spn.wildcards", NULL, spn_at_setup, "Mobile", "Mobile 100%_", NULL },
	{ "spn.emoji", NULL, spn_at_setup, "Mobile", "Mobile 📶", NULL },
	{ "spn.changes-after-enable", "device=router spn=New+name", done_on_event,
	  "100s spn of " ICCID " is New name", NULL, NULL },
	{ "spn.changes-after-refresh", "device=router", done_on_event,
	  "10s spn of " ICCID " is Mobile", NULL, NULL },

	{ "smdp.slow", NULL, one_exchange, POST_(ES9("authenticateClient")),
	  A200("20s", "1"), NULL },
	{ "smdp.slow", "function=cancelSession delay=3s", one_exchange,
	  POST_(ES9("cancelSession")), A200("3s", "1"), NULL },
	{ "smdp.never-answers", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "timeout in 30s, party asked 0", NULL },
	{ "smdp.http-500", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 500 in 0s, party asked 0", NULL },
	{ "smdp.http-500", "status=404", one_exchange, POST_(ES9("cancelSession")),
	  "answered 404 in 0s, party asked 0", NULL },
	{ "smdp.unreachable", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "unreachable in 0s, party asked 0", NULL },
	{ "smdp.reset", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "broken in 0s, party asked 0", NULL },
	{ "smdp.answer-lost", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "broken in 0s, party asked 1", NULL },
	{ "smdp.reset-mid-body", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "broken in 0s, party asked 1", NULL },
	{ "smdp.truncated-json", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 no JSON in 0s, party asked 1", "{\"header\":{}" },
	{ "smdp.malformed-json", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 no JSON in 0s, party asked 1", "\"0A1B\",]" },
	{ "smdp.html-page", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 no JSON in 0s, party asked 0", "<title>" },
	{ "smdp.empty-answer", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 empty in 0s, party asked 1", NULL },
	{ "smdp.refuses", "subject=8.9 reason=1.1 function=authenticateClient", refused,
	  "8.9/1.1", "authenticateClient", NULL },
	{ "smdp.address-refused", NULL, refused, "8.8.1/3.8", "initiateAuthentication", NULL },
	{ "smdp.security-unsupported", NULL, refused, "8.8.2/3.1",
	  "initiateAuthentication", NULL },
	{ "smdp.version-unsupported", NULL, refused, "8.8.3/3.1",
	  "initiateAuthentication", NULL },
	{ "smdp.certificate-expired", NULL, refused, "8.1.3/6.3", "authenticateClient", NULL },
	{ "smdp.signature-invalid", NULL, refused, "8.1/6.1", "authenticateClient", NULL },
	{ "smdp.memory-insufficient", NULL, refused, "8.1/4.8", "authenticateClient", NULL },
	{ "smdp.matching-id-refused", NULL, refused, "8.2.6/3.8", "authenticateClient", NULL },
	{ "smdp.eid-refused", NULL, refused, "8.1.1/3.8", "authenticateClient", NULL },
	{ "smdp.no-eligible-profile", NULL, refused, "8.2.5/4.3", "authenticateClient", NULL },
	{ "smdp.profile-not-released", NULL, refused, "8.2/1.2", "authenticateClient", NULL },
	{ "smdp.download-order-expired", NULL, refused, "8.8.5/4.10",
	  "authenticateClient", NULL },
	{ "smdp.retries-exceeded", NULL, refused, "8.8.5/6.4", "authenticateClient", NULL },
	{ "smdp.transaction-unknown", NULL, refused, "8.10.1/3.9", "authenticateClient", NULL },
	{ "smdp.confirmation-code-missing", NULL, refused, "8.2.7/2.2",
	  "getBoundProfilePackage", NULL },
	{ "smdp.confirmation-code-refused", NULL, refused, "8.2.7/3.8",
	  "getBoundProfilePackage", NULL },
	{ "smdp.confirmation-code-retries", NULL, refused, "8.2.7/6.4",
	  "getBoundProfilePackage", NULL },
	{ "smdp.package-unavailable", NULL, refused, "8.2/3.7",
	  "getBoundProfilePackage", NULL },
	{ "smdp.wrong-transaction-id", "function=initiateAuthentication", other_transaction,
	  NULL, NULL, NULL },
	{ "smdp.code-consumed", NULL, code_consumed, NULL, NULL, NULL },
	{ "smdp.bad-signature", "what=server-signature1", rsp_changed, INITIATE,
	  "serverSignature1", "5F37" },
	{ "smdp.bad-signature", "what=smdp-signature2", rsp_changed, AUTHENTICATE,
	  "smdpSignature2", "5F37" },
	{ "smdp.bad-signature", "what=package", rsp_changed, GET_PACKAGE,
	  "BF36.BF23.5F37" },
	{ "smdp.bad-certificate", "what=auth", rsp_changed, INITIATE, "serverCertificate",
	  "+30.13" },
	{ "smdp.bad-certificate", "what=auth fault=garbage", rsp_changed, INITIATE,
	  "serverCertificate", "+30.2" },
	{ "smdp.bad-certificate", "what=pb fault=other-server", rsp_changed, AUTHENTICATE,
	  "smdpCertificate", "+30.13" },
	{ "smdp.bad-challenge", "what=euicc", rsp_changed, INITIATE, "serverSigned1", "30.81" },
	{ "smdp.bad-challenge", "what=server", rsp_changed, INITIATE, "serverSigned1", "30.84" },
	{ "smdp.bad-transaction-id", "what=server-signed1", rsp_changed, INITIATE,
	  "serverSigned1", "30.80" },
	{ "smdp.bad-transaction-id", "what=smdp-signed2", rsp_changed, AUTHENTICATE,
	  "smdpSigned2", "30.80" },
	{ "smdp.bad-transaction-id", "what=package", rsp_changed, GET_PACKAGE,
	  "BF36.BF23.80" },
	{ "smdp.bad-address", NULL, rsp_changed, INITIATE, "serverSigned1", "30.83" },
	{ "smdp.unknown-ci", NULL, rsp_changed, INITIATE, "euiccCiPKIdToBeUsed", "4" },
	{ "smdp.bad-metadata", "what=garbage", rsp_changed, AUTHENTICATE, "profileMetadata",
	  "!" },
	{ "smdp.bad-metadata", "what=other-profile", rsp_changed, AUTHENTICATE,
	  "profileMetadata", "BF25.5A" },
	{ "smdp.bad-metadata", "what=other-name", rsp_changed, AUTHENTICATE,
	  "profileMetadata", "BF25.91" },
	{ "smdp.bad-head", "what=operation", rsp_changed, GET_PACKAGE, "BF36.BF23.82" },
	{ "smdp.bad-head", "what=key-type", rsp_changed, GET_PACKAGE, "BF36.BF23.A6.80" },
	{ "smdp.bad-head", "what=key-length", rsp_changed, GET_PACKAGE, "BF36.BF23.A6.81" },
	{ "smdp.bad-head", "what=host-id", rsp_changed, GET_PACKAGE, "BF36.BF23.A6.84" },
	{ "smdp.bad-head", "what=one-time-key", rsp_changed, GET_PACKAGE, "BF36.BF23.5F49" },
	{ "smdp.bad-mac", "what=configure", rsp_changed, GET_PACKAGE, "BF36.A0.87" },
	{ "smdp.bad-mac", "what=metadata", rsp_changed, GET_PACKAGE, "BF36.A1.88" },
	{ "smdp.bad-mac", "what=keys", rsp_changed, GET_PACKAGE, "BF36.A2.87" },
	{ "smdp.bad-mac", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86" },
	{ "smdp.bad-text", "what=configure", rsp_changed, GET_PACKAGE, "BF36.A0.87" },
	{ "smdp.bad-text", "what=metadata", rsp_changed, GET_PACKAGE, "BF36.A1.88" },
	{ "smdp.bad-text", "what=keys", rsp_changed, GET_PACKAGE, "BF36.A2.87" },
	{ "smdp.bad-text", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86" },
	{ "smdp.bad-counter", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86 BF36.A3.86" },
	{ "smdp.bad-counter", "what=repeated", rsp_changed, GET_PACKAGE,
	  "BF36.A3.86 BF36.A3.86 +BF36.A3.86" },
	{ "smdp.bad-counter", "what=missing", rsp_changed, GET_PACKAGE,
	  "BF36.A3.86 BF36.A3.86 -BF36.A3.86" },
	{ "smdp.bad-package", "what=cut", rsp_changed, GET_PACKAGE, "!" },
	{ "smdp.bad-package", "what=no-configure", rsp_changed, GET_PACKAGE,
	  "BF36.A0>A1 BF36.A1>A2 BF36.A2>A3 -BF36.A3" },
	{ "smdp.bad-package", "what=no-metadata", rsp_changed, GET_PACKAGE,
	  "BF36.A1>A2 BF36.A2>A3 -BF36.A3" },
	{ "smdp.bad-package", "what=no-elements", rsp_changed, GET_PACKAGE, "-BF36.A3" },
	{ "smdp.bad-package", "what=out-of-order", rsp_changed, GET_PACKAGE,
	  "BF36.A0>A1 BF36.A1>A0" },
	{ "smdp.bad-package", "what=unknown-part", rsp_changed, GET_PACKAGE, "BF36.A1>A5" },
	{ "smdp.bad-package", "what=wrong-tag", rsp_changed, GET_PACKAGE, "BF36.A3.86>87" },
	{ "smdp.long-segment", "what=metadata", rsp_changed, GET_PACKAGE, "BF36.A1.88(long)" },
	{ "smdp.long-segment", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86(long)" },
	{ "smdp.package-replayed", NULL, replayed, NULL, NULL, NULL },
	{ "smdp.answer-header", "what=no-protocol", answer_header, "", "application/json",
	  NULL },
	{ "smdp.answer-header", "what=protocol-1", answer_header, "gsma/rsp/v1.1.0",
	  "application/json", NULL },
	{ "smdp.answer-header", "what=no-type", answer_header, ES9_PROTOCOL, "", NULL },
	{ "smdp.answer-header", "what=text function=cancelSession", answer_header,
	  ES9_PROTOCOL, "text/plain", NULL },
	{ "smdp.request-header", "what=no-protocol", request_header, " application/json\n",
	  NULL, NULL },
	{ "smdp.request-header", "what=protocol-3", request_header,
	  "gsma/rsp/v3.0.0 application/json\n", NULL, NULL },
	{ "smdp.request-header", "what=protocol-garbage", request_header,
	  "v2 application/json\n", NULL, NULL },
	{ "smdp.request-header", "what=form", request_header,
	  ES9_PROTOCOL " application/x-www-form-urlencoded\n", NULL, NULL },
	{ "smdp.chunked", "size=3", same_answer, "", NULL, NULL },
	{ "smdp.closes-connection", NULL, same_answer, "close", NULL, NULL },
	{ "smdp.notification-refused", NULL, one_exchange, POST_(ES9("handleNotification")),
	  "answered 500 in 0s, party asked 0", NULL },
	{ "smdp.notification-lost", NULL, one_exchange, POST_(ES9("handleNotification")),
	  "answered 204 in 0s, party asked 0", NULL },

	{ "eis.stale-record", NULL, stale_answers, RECORD, NULL, NULL },
	{ "eis.stale-status", NULL, stale_answers, ORDERS "/o1", NULL, NULL },
	{ "eis.complete-early", NULL, untrue_status, "queued", "complete",
	  "\"code\":\"ok\"" },
	{ "eis.complete-early", NULL, untrue_status, "delivered", "complete", ICCID },
	{ "eis.failed-though-done", NULL, untrue_status, "complete", "failed",
	  "\"code\":\"undefinedError\"" },
	{ "eis.result-late", "by=100s", messages, "100s 1, 110s 2, 120s 3", RESULT, NULL },
	{ "eis.result-twice", "gap=3s", messages, "0s 1, 3s 1, 10s 2, 13s 2, 20s 3, 23s 3",
	  RESULT, NULL },
	{ "eis.result-out-of-order", NULL, messages, "10s 2, 10s 1, 620s 3", RESULT, NULL },
	{ "eis.result-out-of-order", "within=4s", messages, "4s 1, 14s 2, 24s 3", RESULT,
	  NULL },
	{ "eis.result-lost", "times=1", messages, "10s 2, 20s 3", RESULT, NULL },
	{ "eis.order-vanishes", NULL, order_vanishes, NULL, NULL, NULL },
	{ "eis.order-expires", "after=7s", order_expires, NULL, NULL, NULL },
	{ "eis.order-again", NULL, order_again, NULL, NULL, NULL },
	{ "eis.profiles-lost", NULL, one_exchange,
	  "PUT http://eis.rig/eis/v1/euicc/" EID "/profiles",
	  "answered 204 in 0s, party asked 0", NULL },
	{ "eis.notification-lost", NULL, one_exchange,
	  POST_("http://eis.rig/eis/v1/notifications"),
	  "answered 204 in 0s, party asked 0", NULL },
	{ "eis.unreachable", NULL, one_exchange, GET_(NEXT),
	  "unreachable in 0s, party asked 0", NULL },
	{ "eis.http-503", "function=nextOrder", one_exchange, GET_(NEXT),
	  "answered 503 in 0s, party asked 0", NULL },
	{ "eis.slow", "function=record", one_exchange, GET_(RECORD), A200("20s", "1"), NULL },
	{ "eis.never-answers", "function=orderStatus", one_exchange, GET_(ORDERS "/o1"),
	  "timeout in 30s, party asked 0", NULL },
	{ "eis.malformed-json", NULL, one_exchange, GET_(RECORD),
	  "answered 200 no JSON in 0s, party asked 1", NULL },

	{ "device.offline", "device=router", done_to_device, "0s link down",
	  "100s link up", NULL },
	{ "device.offline", "device=router for=30s", done_to_device,
	  "0s link down; 30s link up", "", NULL },
	{ "device.powered-off", "device=router", done_to_device, "0s power off",
	  "100s power on", NULL },
	{ "device.flapping", "device=router up=40s down=20s", done_to_device,
	  "0s link down; 20s link up; 60s link down; 80s link up", "100s link up", NULL },
	{ "device.reboots", "device=router times=1", done_on_event, "60s reboot", NULL, NULL },
	{ "device.reboots", "device=router times=1 segment=2", done_on_event, "70s reboot",
	  NULL, NULL },
	{ "device.reboots", "device=router step=authenticate-client", done_on_event,
	  "50s reboot", NULL, NULL },
	{ "device.loses-power", "device=router step=store-result off=5s", done_on_event,
	  "80s power off; 85s power on", NULL, NULL },
	{ "device.reboots-after", "device=router", done_on_event, "100s reboot", NULL, NULL },
	{ "device.reboots-after", "device=router event=profile-installed", done_on_event,
	  "90s reboot", NULL, NULL },
	{ "device.memory-full", "device=router", done_to_device, "0s memory 0", "", NULL },
	{ "device.memory-full", "device=router free=77", done_to_device, "0s memory 77", "",
	  NULL },
	{ "device.forbids-disable", NULL, rule_at_setup, "ppr1", NULL, NULL },
	{ "device.forbids-delete", NULL, rule_at_setup, "ppr2", NULL, NULL },
	{ "device.duplicate-iccid", NULL, duplicate_at_setup, NULL, NULL, NULL },
	{ "device.numbers-reused", NULL, numbers_at_setup, NULL, NULL, NULL },
	{ "device.report-missing", "skip=1 times=1", messages, "0s 1, 20s 3", REPORTS, NULL },
	{ "device.report-late", "by=15s cause=change", messages, "15s 1, 25s 2, 35s 3",
	  REPORTS, NULL },
	{ "device.report-stale", "cause=change", stale_reports, NULL, NULL, NULL },
	{ "device.report-twice", NULL, messages, "0s 1, 0s 1, 10s 2, 10s 2, 20s 3, 20s 3",
	  REPORTS, NULL },
	{ "device.report-out-of-order", NULL, messages, "10s 2, 10s 1, 620s 3", REPORTS,
	  NULL },
	{ "device.report-replayed", "gap=2s", messages, "0s 1, 10s 2, 12s 1, 20s 3, 22s 2",
	  REPORTS, NULL },
	{ "device.report-truncated", NULL, cut_reports, NULL, NULL, NULL },
	{ "device.bad-signature", "what=client", request_changed, AUTHENTICATE,
	  "authenticateServerResponse", "BF38.A0.5F37" },
	{ "device.bad-signature", "what=prepared device=router", request_changed,
	  "getBoundProfilePackage", "prepareDownloadResponse", "BF21.A0.5F37" },
	{ "device.bad-signature", "what=cancel", request_changed, "cancelSession",
	  "cancelSessionResponse", "BF41.A0.5F37" },
	{ "device.bad-signature", "what=result", request_changed, "handleNotification",
	  "pendingNotification", "BF37.5F37" },
	{ "device.bad-challenge", NULL, request_changed, AUTHENTICATE,
	  "authenticateServerResponse", "BF38.A0.30.84" },
	{ "device.bad-transaction-id", "what=client", request_changed, AUTHENTICATE,
	  "authenticateServerResponse", "BF38.A0.30.80" },
	{ "device.bad-transaction-id", "what=prepared", request_changed,
	  "getBoundProfilePackage", "prepareDownloadResponse", "BF21.A0.30.80" },
	{ "device.clock-skew", "device=router", done_to_device, "0s skew 3600s",
	  "100s skew 0s", NULL },
	{ "device.clock-skew", "device=router by=90s direction=behind", done_to_device,
	  "0s skew -90s", "100s skew 0s", NULL },
	{ "device.enable-no-network", "device=router", done_to_device,
	  "0s enable-without-network on", "100s enable-without-network off", NULL },
	{ "device.failure-though-installed", NULL, untrue_result, "download", "complete",
	  "failed" },
	{ "device.failure-though-installed", NULL, untrue_result, "enable", "complete",
	  "complete" },
	{ "device.success-though-failed", NULL, untrue_result, "enable", "failed", "complete" },

	{ "server.unreachable", NULL, one_exchange, GET_("http://server.rig/ws/v1/x"),
	  "unreachable in 0s, party asked 0", NULL },
	{ "server.reports-refused", NULL, one_exchange, POST_(REPORTS),
	  "answered 503 in 0s, party asked 0", NULL },
	{ "server.report-answer-lost", NULL, one_exchange, POST_(REPORTS),
	  "broken in 0s, party asked 1", NULL },
	{ "server.slow", "function=api delay=9s", one_exchange,
	  GET_("http://server.rig/ws/v1/x"), A200("9s", "1"), NULL },
	{ "server.http-500", "function=api", one_exchange, GET_("http://server.rig/ws/v1/x"),
	  "answered 500 in 0s, party asked 0", NULL },
};
enum { PROBES = sizeof(probes) / sizeof(probes[0]) };

START_TEST(every_probe)
{
	probes[_i].run(&probes[_i]);
}
END_TEST

START_TEST(every_row_has_a_probe)
{
	ck_assert_uint_ge(quirk_count(), 45);
	for (size_t i = 0; i < quirk_count(); i++) {
		bool found = false;

		for (size_t k = 0; k < PROBES; k++)
			found |= strcmp(probes[k].name, quirk_row(i)->name) == 0;
		ck_assert_msg(found, "no probe for %s", quirk_row(i)->name);
	}
}
END_TEST

/* ---- When, where and how often. ------------------------------------------ */

static const char *asked(int n)
{
	static char text[64];

	for (int i = 0; i < n; i++)
		text[i] = ask("POST", ES9("cancelSession"), "{}").status == 200 ?
			  '.' : 'X';
	text[n] = '\0';
	return text;
}

START_TEST(times_and_skip)
{
	set("smdp.http-500", "times=2 skip=1");
	ck_assert_str_eq(asked(5), ".XX..");
}
END_TEST

START_TEST(chance_is_drawn_from_the_seed)
{
	char first[64];
	int odd = 0;

	set("smdp.http-500", "chance=30");
	memcpy(first, asked(60), 61);
	for (int i = 0; i < 60; i++)
		odd += first[i] == 'X';
	ck_assert_int_ge(odd, 8);
	ck_assert_int_le(odd, 30);
	teardown();
	setup();
	set("smdp.http-500", "chance=30");
	ck_assert_str_eq(asked(60), first);
	quirk_engine_clear(w.engine, STR("smdp.http-500"), STR(""));
	set("smdp.http-500", "chance=0");
	ck_assert_str_eq(asked(3), "...");
}
END_TEST

START_TEST(it_ends_by_itself)
{
	set("eis.unreachable", "for=60s");
	ck_assert_int_eq(ask("GET", NEXT, NULL).failure, HTTP_UNREACHABLE);
	run_s(59);
	ck_assert_int_eq(ask("GET", NEXT, NULL).failure, HTTP_UNREACHABLE);
	run_s(1);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	ck_assert_int_eq(count_of(&w.events, "\"event\":\"quirk-over\""), 1);
}
END_TEST

START_TEST(only_the_device_that_is_meant)
{
	set("eis.http-503", "device=router");
	ck_assert_int_eq(ask_as("device/router", "GET", NEXT, NULL).status, 503);
	ck_assert_int_eq(ask_as("device/fleet[0]", "GET",
				"http://eis.rig/eis/v1/euicc/" EID2 "/orders/next",
				NULL).status, 204);
	/* Someone else asks about it: the EID tells. */
	ck_assert_int_eq(ask_as("server", "POST", ORDERS, PLACE).status, 503);
	ck_assert_int_eq(ask_as("server", "GET", ORDERS "/o9", NULL).status, 200);
	quirk_engine_clear(w.engine, STR("eis.http-503"), STR("router"));
	set("eis.http-503", "device=fleet");
	ck_assert_int_eq(ask_as("device/fleet[0]", "GET", NEXT, NULL).status, 503);
	ck_assert_int_eq(ask_as("device/router", "GET", NEXT, NULL).status, 204);
	/* An answer may be what tells. */
	set("eis.complete-early", "device=router");
	ck_assert_ptr_nonnull(strstr(ask_as("server", "GET", ORDERS "/o1", NULL).body,
				     "complete"));
}
END_TEST

START_TEST(only_the_smdp_that_is_meant)
{
	set("smdp.http-500", "smdp=other");
	ck_assert_str_eq(asked(1), ".");
	set("smdp.http-500", "smdp=smdp");
	ck_assert_str_eq(asked(1), "X");
	/* A party's quirks are for its own gates. */
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	ck_assert_int_eq(ask("POST", REPORTS, "{}").status, 200);
}
END_TEST

START_TEST(a_new_setting_replaces_the_old)
{
	set("smdp.http-500", "status=500");
	set("smdp.http-500", "status=502");
	ck_assert_int_eq(ask("POST", ES9("cancelSession"), "{}").status, 502);
	ck_assert_uint_eq(quirk_engine_clear(w.engine, STR("smdp.http-500"), STR("")),
			  1);
	ck_assert_uint_eq(quirk_engine_clear(w.engine, STR("smdp.http-500"), STR("")),
			  0);
	ck_assert_str_eq(asked(2), "..");
	/* Two functions are two settings. */
	set("smdp.http-500", "function=cancelSession");
	set("smdp.http-500", "function=authenticateClient status=502");
	ck_assert_int_eq(ask("POST", ES9("cancelSession"), "{}").status, 500);
	ck_assert_int_eq(ask("POST", ES9("authenticateClient"), "{}").status, 502);
}
END_TEST

START_TEST(quirks_combine_in_their_order)
{
	struct answer a;

	set("smdp.slow", "delay=5s");
	set("smdp.reset-mid-body", "function=cancelSession");
	set("smdp.slow", "delay=4s function=cancelSession");
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_int_eq(a.failure, HTTP_BROKEN);
	ck_assert_int_eq(a.took_ns, 9 * NS_PER_S);
}
END_TEST

START_TEST(cleared_while_exchanges_are_on_their_way)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("smdp.slow", "delay=10s");
	set("smdp.malformed-json", NULL);
	c = http_call_new(w.net, STR("device/router"), "POST", &err,
			  ES9("cancelSession"));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(5);
	quirk_engine_clear(w.engine, STR("smdp.slow"), STR(""));
	quirk_engine_clear(w.engine, STR("smdp.malformed-json"), STR(""));
	run_s(10);
	ck_assert(a.came);
	ck_assert_str_eq(a.body, "{\"header\":{},\"transactionId\":\"0A1B\"}");
}
END_TEST

/* What a quirk remembers is of no effect once it is cleared. */
START_TEST(cleared_before_the_reply)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("eis.order-vanishes", NULL);
	set("eis.slow", "delay=10s function=nextOrder");
	ask_as("server", "POST", ORDERS, PLACE);
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	c = http_call_new(w.net, STR("device/router"), "GET", &err, "%s", NEXT);
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(5);
	quirk_engine_clear(w.engine, STR("eis.order-vanishes"), STR(""));
	run_s(10);
	ck_assert(a.came);
	ck_assert_int_eq(a.status, 200);
}
END_TEST

START_TEST(the_world_may_end_in_the_middle)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("smdp.never-answers", NULL);
	set("device.report-late", "by=1h");
	set("device.report-out-of-order", NULL);
	set("device.flapping", NULL);
	set("device.loses-power", "step=store-result off=1h");
	report(1, "boot");
	happens("device/router", "download-step", "store-result", 0, NULL);
	c = http_call_new(w.net, STR("device/router"), "POST", &err,
			  ES9("cancelSession"));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(5);
	ck_assert(!a.came);
	/* teardown() asserts that nothing is armed and the leak checker that
	 * nothing is lost. */
}
END_TEST

START_TEST(what_cannot_be_set)
{
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, "device.offline", "device=nobody", &a, &err);
	ck_assert_int_eq(quirk_engine_set(w.engine, &s, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	quirk_engine_set_fleet(w.engine, NULL);
	read_setting(&s, "device.offline", NULL, &a, &err);
	ck_assert_int_eq(quirk_engine_set(w.engine, &s, &err), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	/* A set-up quirk does its work elsewhere. */
	read_setting(&s, "spn.blank", NULL, &a, &err);
	ck_assert_int_eq(quirk_engine_set(w.engine, &s, &err), 0);
	arena_release(&a);
}
END_TEST

START_TEST(a_forged_mark_opens_nothing)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("eis.result-late", "by=1h");
	ask("POST", RESULT, DONE);
	set("eis.http-503", NULL);
	c = http_call_new(w.net, STR("client"), "GET", &err, "%s", NEXT);
	http_call_header(c, "X-Rig-Replay", STR("1"));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(1);
	ck_assert_int_eq(a.status, 503);
}
END_TEST

START_TEST(the_party_behind_may_change)
{
	quirk_gate_set_next(w.smdp.gate, &w.server.handler);
	ck_assert_ptr_nonnull(strstr(ask("POST", ES9("cancelSession"), "{}").body,
				     "applied"));
}
END_TEST

/* ---- The table and its parameters. --------------------------------------- */

static const struct {
	const char *name, *params, *says;
} bad_settings[] = {
	{ "smdp.slow", "delay=soon", "delay: " },
	{ "smdp.slow", "delai=1s", "smdp.slow: has no parameter 'delai'; did you mean 'delay'?" },
	{ "smdp.slow", "function=all", "function: expected one of: any " },
	{ "smdp.slow", "delay=1s delay=2s", "delay: is given twice" },
	{ "smdp.http-500", "status=200", "status: expected a number from 400 to 599, found 200" },
	{ "smdp.http-500", "status=x", "status: expected a whole number, found 'x'" },
	{ "smdp.http-500", "times=0", "times: expected a number from 1 to " },
	{ "smdp.http-500", "device=", "device: expected the name of a device" },
	{ "spn.cut-16", "whole-characters=maybe", "whole-characters: expected true or false" },
	{ "spn.shared", NULL, "spn.shared: 'with' must be given" },
	{ "spn.blank", "device=router", "spn.blank: has no parameter 'device'" },
};
enum { BAD_SETTINGS = sizeof(bad_settings) / sizeof(bad_settings[0]) };

START_TEST(bad_settings_are_explained)
{
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(read_setting(&s, bad_settings[_i].name,
				      bad_settings[_i].params, &a, &err), -1);
	ck_assert_msg(strncmp(err.msg, bad_settings[_i].says,
			      strlen(bad_settings[_i].says)) == 0, "%s", err.msg);
	arena_release(&a);
}
END_TEST

START_TEST(names_are_found_and_guessed)
{
	ck_assert_str_eq(quirk_find(STR("spn.blank"))->name, "spn.blank");
	ck_assert_ptr_null(quirk_find(STR("spn.blan")));
	ck_assert_str_eq(quirk_suggest(STR("spn.blan")), "spn.blank");
	ck_assert_str_eq(quirk_suggest(STR("eis.unreachabel")), "eis.unreachable");
	ck_assert_str_eq(quirk_suggest(STR("memory-full")), "device.memory-full");
	ck_assert_ptr_null(quirk_suggest(STR("wholly different")));
}
END_TEST

START_TEST(the_table_is_sound)
{
	for (size_t i = 0; i < quirk_count(); i++) {
		const struct quirk_row *row = quirk_row(i);
		const char *party = quirk_party_name(row->party);
		size_t n = strlen(row->does);
		struct quirk_setting s;

		ck_assert_ptr_eq(quirk_find(str_of(row->name)), row);
		ck_assert(strncmp(row->name, party, strlen(party)) == 0);
		ck_assert(row->name[strlen(party)] == '.');
		ck_assert_msg(n > 10 && row->does[n - 1] == '.', "%s", row->name);
		n = strlen(row->correct);
		ck_assert_msg(n > 10 && row->correct[n - 1] == '.', "%s", row->name);
		ck_assert_uint_le(quirk_param_count(row), QUIRK_PARAMS_MAX);
		quirk_setting_init(&s, row);	/* asserts that defaults are valid */
		for (size_t k = 0; k < quirk_param_count(row); k++)
			for (size_t m = 0; m < k; m++)
				ck_assert_str_ne(quirk_param(row, k)->name,
						 quirk_param(row, m)->name);
	}
}
END_TEST

/* The steps of `step:` are those that devices go through. */
START_TEST(steps_are_the_devices_steps)
{
	const struct quirk_row *row = quirk_find(STR("device.reboots"));
	struct str words = str_of(quirk_param(row, 0)->choices);

	for (size_t i = 0; i < LPA_STEPS; i++)
		ck_assert_msg(str_is(str_split(&words, ' '), lpa_step_names[i]),
			      "%s", lpa_step_names[i]);
	ck_assert(!words.p);
}
END_TEST

START_TEST(the_page_is_up_to_date)
{
	static char page[200000];
	FILE *f = fopen("docs/quirks.md", "r");
	struct buf out;
	size_t n;

	ck_assert_msg(f != NULL, "run from the root of the repository");
	n = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	page[n] = '\0';
	buf_init(&out, sizeof(page));
	quirk_write_markdown(&out);
	ck_assert(!out.over);
	if (getenv("UPDATE_DOCS") && (f = fopen("docs/quirks.md", "w"))) {
		fwrite(out.p, 1, out.n, f);
		fclose(f);
	} else {
		ck_assert_msg(strcmp(page, out.p) == 0,
			      "docs/quirks.md is not what the table says: "
			      "run this test with UPDATE_DOCS=1");
	}
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/quirk");
	TCase *tc = tcase_create("probes"), *table = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, every_probe, 0, PROBES);
	tcase_add_test(tc, times_and_skip);
	tcase_add_test(tc, chance_is_drawn_from_the_seed);
	tcase_add_test(tc, it_ends_by_itself);
	tcase_add_test(tc, only_the_device_that_is_meant);
	tcase_add_test(tc, only_the_smdp_that_is_meant);
	tcase_add_test(tc, a_new_setting_replaces_the_old);
	tcase_add_test(tc, quirks_combine_in_their_order);
	tcase_add_test(tc, cleared_while_exchanges_are_on_their_way);
	tcase_add_test(tc, cleared_before_the_reply);
	tcase_add_test(tc, the_world_may_end_in_the_middle);
	tcase_add_test(tc, what_cannot_be_set);
	tcase_add_test(tc, a_forged_mark_opens_nothing);
	tcase_add_test(tc, the_party_behind_may_change);
	tcase_add_test(table, every_row_has_a_probe);
	tcase_add_loop_test(table, bad_settings_are_explained, 0, BAD_SETTINGS);
	tcase_add_test(table, names_are_found_and_guessed);
	tcase_add_test(table, the_table_is_sound);
	tcase_add_test(table, steps_are_the_devices_steps);
	tcase_add_test(table, the_page_is_up_to_date);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, table);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
