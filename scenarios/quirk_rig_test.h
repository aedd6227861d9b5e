/*
 * quirk_rig_test.h - three parties behind gates, and a fleet that writes down
 * what is done to it.
 *
 * The parties answer well, whatever they are asked; what reached them is text
 * in w.seen, what the engine said of itself in w.events.  The fleet's functions
 * stand in the place of devices/: a test program with this has no devices.
 */
#ifndef SCENARIOS_QUIRK_RIG_TEST_H
#define SCENARIOS_QUIRK_RIG_TEST_H

#include "proto/es9.h"
#include "scenarios/quirk.h"
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define EID "89049032123451234512345678901235"
#define EID2 "89049032000000000000000000000042"
#define ICCID "8944000000000000001"

#define ES9(function) "https://smdp.example.com/gsma/rsp2/es9plus/" function
#define ORDERS "http://eis.rig/eis/v1/orders"
#define RESULT ORDERS "/o1/result"
#define NEXT "http://eis.rig/eis/v1/euicc/" EID "/orders/next"
#define RECORD "http://eis.rig/eis/v1/euicc/" EID
#define REPORTS "http://server.rig/southbound/v1/device_reports"
#define PLACE "{\"eid\":\"" EID "\",\"operation\":\"enable\",\"expiresIn\":3600}"
#define DONE "{\"eid\":\"" EID "\",\"status\":\"complete\",\"code\":\"ok\"}"

/* ---- A fleet that writes down what is done to it. ----------------------- */

struct device {
	struct str name, party, eid;
	struct buf log;
	struct loop *loop;
};

struct fleet {
	struct device devices[2];
};

static inline void did(struct device *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline void did(struct device *d, const char *fmt, ...)
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
	/* The SM-DP+'s, or NULL: as little as will do. */
	void (*answer_smdp)(struct http_exchange *x, struct str last);
	int looks;		/* at the record */
	int requests;
	const struct answer *waiting;
} w;

static inline struct str last_part(struct str path)
{
	while (memchr(path.p, '/', path.n))
		str_split(&path, '/');
	return path;
}

static inline void answer_eis(struct http_exchange *x, struct str last)
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

static inline void party_handle(struct http_handler *h, struct http_exchange *x)
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
	else if (p == &w.smdp && w.answer_smdp)
		w.answer_smdp(x, last);
	else if (p == &w.server)
		http_respond_json(x, 200, STR("{\"applied\":true}"));
	else if (str_is(last, "handleNotification"))
		http_respond(x, 204, NULL, STR_NONE);
	else
		http_respond_json(x, 200, STR("{\"header\":{},\"transactionId\":\"0A1B\"}"));
}

static inline void hear(struct eventlog_listener *l, const struct event *e,
			struct str line)
{
	(void)l;
	if (!str_is(e->party, "rig"))
		return;
	buf_str(&w.events, line);
	buf_char(&w.events, '\n');
}

static inline void make_party(struct party *p, enum quirk_party kind, const char *host)
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

static inline void make_device(size_t i, const char *name, const char *party,
			       const char *eid)
{
	struct device *d = &w.fleet.devices[i];

	*d = (struct device){ str_of(name), str_of(party), str_of(eid),
			      .loop = &w.loop };
	buf_init(&d->log, 10000);
}

static inline void setup(void)
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

static inline void teardown(void)
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

static inline void turn_over(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

static inline void run_s(int64_t s)
{
	struct timer t = { .fire = turn_over };
	struct err err = { 0 };

	loop_arm(&w.loop, &t, s * NS_PER_S);
	ck_assert_msg(loop_run(&w.loop, &err) == 0, "%s", err.msg);
	loop_disarm(&w.loop, &t);
}

static inline void done(struct http_call *c)
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

static inline struct answer ask_as(const char *from, const char *method,
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

static inline struct answer ask(const char *method, const char *url, const char *body)
{
	return ask_as("device/router", method, url, body);
}

/* "smdp.slow", "delay=20s function=any"; "+" is a space in a value. */
static inline int read_setting(struct quirk_setting *s, const char *name,
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

static inline void set(const char *name, const char *params)
{
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	ck_assert_msg(read_setting(&s, name, params, &a, &err) == 0, "%s", err.msg);
	ck_assert_msg(quirk_engine_set(w.engine, &s, &err) == 0, "%s", err.msg);
	arena_release(&a);	/* the engine has copied */
}

static inline int count_of(const struct buf *in, const char *what)
{
	int n = 0;

	for (const char *at = in->p; at && (at = strstr(at, what)); at++)
		n++;
	return n;
}

static inline int acts_of(const char *name)
{
	char text[100];

	snprintf(text, sizeof(text), "\"event\":\"quirk\",\"quirk\":\"%s\"", name);
	return count_of(&w.events, text);
}

static inline void happens(const char *party, const char *name, const char *step,
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

static inline void report(int n, const char *cause)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"eid\":\"" EID "\",\"sequence\":%d,"
		 "\"cause\":\"%s\",\"complete\":true,\"profiles\":[\"list %d\"]}",
		 n, cause, n);
	ask("POST", REPORTS, body);
}

#endif
