#include "sim/memnet.h"

#include <assert.h>
#include <stdlib.h>

struct host {
	char *name, *party;
	struct http_handler *handler;
	struct host *next;
};

/*
 * A call and its exchange.  It has one timer, because it is in one phase at
 * a time: travelling there, waiting for the reply until the time limit,
 * travelling back.  It is free when both sides have let go of it.
 */
enum phase { PHASE_NEW, PHASE_GOING, PHASE_WAITING, PHASE_COMING };

struct wire {
	struct http_call call;
	struct http_exchange x;
	struct arena arena;
	struct timer timer;
	enum phase phase;
	struct host *host;	/* that owes the reply */
	struct instant replied;
	bool caller;	/* still wants `done` */
	bool callee;	/* still owes a reply */
	struct wire *prev, *next;
};

struct memnet {
	struct network net;
	struct host *hosts;
	struct arena names;	/* of hosts, also of those that are gone */
	struct wire *live;	/* a list through prev and next */
	struct wire *arriving;	/* in its handler, without a reply so far */
	struct wire *spare;
};

static struct memnet *memnet_of(struct network *net)
{
	return (struct memnet *)net;
}

static struct wire *wire_of(struct http_call *c)
{
	return (struct wire *)c;
}

static struct host *find_host(struct memnet *m, struct str name)
{
	for (struct host *h = m->hosts; h; h = h->next)
		if (str_ieq(str_of(h->name), name))
			return h;
	return NULL;
}

static struct http_call *new_call(struct network *net)
{
	struct memnet *m = memnet_of(net);
	struct wire *w = m->spare;
	struct arena arena = { 0 };

	if (w) {
		m->spare = w->next;
		arena = w->arena;
	} else {
		w = malloc(sizeof(*w));
		assert(w);
	}
	*w = (struct wire){ .arena = arena, .next = m->live, .caller = true };
	if (w->next)
		w->next->prev = w;
	m->live = w;
	w->call.arena = &w->arena;
	return &w->call;
}

static void let_go(struct memnet *m, struct wire *w)
{
	if (w->caller || w->callee)
		return;
	if (m->arriving == w)
		m->arriving = NULL;
	loop_disarm(m->net.loop, &w->timer);
	loop_disarm(m->net.loop, &w->x.timer);
	http_stream_close(&w->x.resp);
	if (w->prev)
		w->prev->next = w->next;
	else
		m->live = w->next;
	if (w->next)
		w->next->prev = w->prev;
	arena_clear(&w->arena);
	w->next = m->spare;
	m->spare = w;
}

static void finish(struct wire *w)
{
	struct memnet *m = memnet_of(w->call.net);

	http_log_response(&m->net, &w->call, w->replied);
	w->call.done(&w->call);
	w->caller = false;
	let_go(m, w);
}

static void fail(struct wire *w, enum http_failure failure, const char *what)
{
	w->call.failure = failure;
	err_set(&w->call.err, failure == HTTP_TIMEOUT ? ERR_TIMEOUT : ERR_IO,
		"%.*s: %s", STRF(w->call.host), what);
	finish(w);
}

static int64_t left_ns(const struct wire *w)
{
	int64_t spent = loop_now(w->call.net->loop).ns - w->call.sent.ns;

	if (w->call.timeout_ns == INT64_MAX)
		return INT64_MAX;
	return spent < w->call.timeout_ns ? w->call.timeout_ns - spent : 0;
}

static int64_t travel_ns(const struct wire *w, enum http_leg leg)
{
	const struct network *net = w->call.net;

	return net->travel ? net->travel(net->travel_arg, &w->call, leg) : 0;
}

/* Arm for `ns`, or for the time limit if that comes first. */
static void arm(struct wire *w, int64_t ns)
{
	int64_t left = left_ns(w);

	loop_arm(w->call.net->loop, &w->timer, ns < left ? ns : left);
}

static void take_answer(struct wire *w)
{
	struct http_response *r = &w->x.resp;
	struct str body;

	switch (r->fault) {
	case HTTP_FAULT_REFUSED:
		fail(w, HTTP_UNREACHABLE, "connection refused");
		return;
	case HTTP_FAULT_RESET:
		fail(w, HTTP_BROKEN, "connection reset before the answer");
		return;
	case HTTP_FAULT_CUT:
		fail(w, HTTP_BROKEN, "connection reset in the middle of the answer");
		return;
	case HTTP_FAULT_NONE:
		break;
	}
	body = http_body_sent(w->call.req.method, r);
	if (w->call.answer_max && body.n > w->call.answer_max) {
		fail(w, HTTP_BROKEN, "the answer is too long");
		return;
	}
	w->call.resp = *r;
	w->call.resp.body = body;
	finish(w);
}

static void deliver(struct http_exchange *x)
{
	struct wire *w = (struct wire *)((char *)x - offsetof(struct wire, x));
	struct memnet *m = memnet_of(x->net);

	assert(w->callee);
	w->callee = false;
	if (m->arriving == w)
		m->arriving = NULL;
	if (!w->caller) {
		let_go(m, w);
		return;
	}
	w->phase = PHASE_COMING;
	w->replied = loop_now(m->net.loop);
	/* What the handler needs for it may be gone when the answer arrives. */
	if (http_has_body(w->call.req.method, x->resp.status))
		http_collect(x);
	else
		http_stream_close(&x->resp);
	arm(w, travel_ns(w, HTTP_LEG_ANSWER));
}

static void arrive(struct wire *w)
{
	struct memnet *m = memnet_of(w->call.net);
	struct host *h = find_host(m, w->call.host);

	w->replied = loop_now(m->net.loop);
	if (!h) {
		fail(w, HTTP_UNREACHABLE, "nobody listens there");
		return;
	}
	w->x = (struct http_exchange){
		.arena = &w->arena, .net = &m->net, .loop = m->net.loop,
		.from = w->call.from, .to = str_of(h->party), .id = w->call.id,
		.req = w->call.req, .deliver = deliver,
	};
	w->call.to = w->x.to;
	w->host = h;
	w->callee = true;
	w->phase = PHASE_WAITING;
	http_log_request(&m->net, &w->x, w->call.sent);
	/* Most handlers reply at once, and then the limit needs no timer. */
	m->arriving = w;
	h->handler->handle(h->handler, &w->x);
	if (m->arriving == w) {
		m->arriving = NULL;
		loop_arm(m->net.loop, &w->timer, left_ns(w));
	}
}

static void fire(struct timer *t)
{
	struct wire *w = (struct wire *)((char *)t - offsetof(struct wire, timer));

	if (left_ns(w) == 0) {
		w->replied = loop_now(w->call.net->loop);
		fail(w, HTTP_TIMEOUT, "no answer in time");
	} else if (w->phase == PHASE_GOING) {
		arrive(w);
	} else {
		take_answer(w);
	}
}

static void send_call(struct network *net, struct http_call *c)
{
	struct wire *w = wire_of(c);

	(void)net;
	w->timer.fire = fire;
	w->phase = PHASE_GOING;
	arm(w, travel_ns(w, HTTP_LEG_REQUEST));
}

static void cancel(struct network *net, struct http_call *c)
{
	struct wire *w = wire_of(c);

	loop_disarm(net->loop, &w->timer);
	w->caller = false;
	let_go(memnet_of(net), w);
}

static int listen_host(struct network *net, const char *name,
		       const char *party, struct http_handler *handler, struct err *err)
{
	struct memnet *m = memnet_of(net);
	struct host *h;

	if (find_host(m, str_of(name)))
		return err_set(err, ERR_STATE, "host %s: somebody listens there already",
			       name);
	h = malloc(sizeof(*h));
	assert(h);
	*h = (struct host){ arena_strdup(&m->names, name),
			    arena_strdup(&m->names, party), handler, m->hosts };
	m->hosts = h;
	return 0;
}

/* The exchange of `w` is dropped; its caller sees a broken connection. */
static void break_off(struct memnet *m, struct wire *w)
{
	loop_disarm(m->net.loop, &w->x.timer);
	w->callee = false;
	if (m->arriving == w)	/* its own handler did it */
		m->arriving = NULL;
	if (!w->caller) {
		let_go(m, w);
		return;
	}
	http_stream_close(&w->x.resp);
	w->x.resp = (struct http_response){ .fault = HTTP_FAULT_RESET };
	w->phase = PHASE_COMING;
	w->replied = loop_now(m->net.loop);
	arm(w, 0);
}

static void unlisten(struct network *net, const char *name)
{
	struct memnet *m = memnet_of(net);
	struct host **at = &m->hosts, *h;
	struct wire *next;

	while (*at && !str_ieq(str_of((*at)->name), str_of(name)))
		at = &(*at)->next;
	if (!(h = *at))
		return;
	for (struct wire *w = m->live; w; w = next) {
		next = w->next;
		if (w->callee && w->host == h)
			break_off(m, w);
	}
	*at = h->next;
	free(h);
}

static void release(struct network *net)
{
	struct memnet *m = memnet_of(net);
	struct wire *w;

	while ((w = m->live)) {
		w->caller = w->callee = false;
		let_go(m, w);
	}
	while ((w = m->spare)) {
		m->spare = w->next;
		arena_release(&w->arena);
		free(w);
	}
	while (m->hosts)
		unlisten(net, m->hosts->name);
	arena_release(&m->names);
	free(m);
}

struct network *memnet_new(struct loop *loop, struct eventlog *log)
{
	static const struct network_ops ops = {
		.new_call = new_call, .send = send_call, .cancel = cancel,
		.listen = listen_host, .unlisten = unlisten, .release = release,
	};
	struct memnet *m = calloc(1, sizeof(*m));

	assert(m);
	m->net = (struct network){ .ops = &ops, .loop = loop, .log = log };
	return &m->net;
}
