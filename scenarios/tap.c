#include "scenarios/tap.h"

#include <assert.h>
#include <stdlib.h>

struct tap_gate {
	struct http_handler handler;	/* first: a gate is a handler */
	struct tap *tap;
	const char *party;
	struct http_handler *next;
	struct tap_latency latency;
	struct tap_gate *other;
};

struct tap {
	struct tap_config config;
	struct tap_gate *gates;
	struct message *ring[TAP_MESSAGES_MAX];	/* message i at i % max */
	uint64_t first, end;			/* ids that are kept */
	size_t bytes;
};

/* An exchange on its way, in its own arena. */
struct seen {
	struct http_hook hook;		/* first */
	struct tap_gate *gate;
	struct instant asked;
	struct http_request req;
};

#define MS(n) ((n) * NS_PER_MS)
const int64_t tap_bounds_ns[TAP_BUCKETS - 1] = {
	MS(1), MS(2), MS(5), MS(10), MS(20), MS(50), MS(100), MS(200), MS(500),
	MS(1000), MS(2000), MS(5000), MS(10000), MS(20000), MS(30000), MS(60000),
	MS(120000), MS(300000), MS(600000),
};

/* What of the headers is of interest, and no secret. */
static const char *const shown_headers[] = {
	"Content-Type", "Location", "Retry-After", "WWW-Authenticate", "Allow",
	"ETag", "Cache-Control", "X-Admin-Protocol", "User-Agent",
};

/* What a request asks for: "" segments match any. */
static const struct {
	const char *method, *path, *name;
} functions[] = {
	{ "POST", "/eis/v1/orders", "placeOrder" },
	{ "GET", "/eis/v1/orders/{}", "orderStatus" },
	{ "DELETE", "/eis/v1/orders/{}", "cancelOrder" },
	{ "POST", "/eis/v1/orders/{}/result", "result" },
	{ "GET", "/eis/v1/euicc/{}/orders/next", "nextOrder" },
	{ "GET", "/eis/v1/euicc/{}/orders", "listOrders" },
	{ "GET", "/eis/v1/euicc/{}", "record" },
	{ "PUT", "/eis/v1/euicc/{}/profiles", "profiles" },
	{ "POST", "/eis/v1/notifications", "notification" },
	{ "POST", "/gateway/v1/devices/{}/commands", "command" },
	{ "GET", "/gateway/v1/commands/{}", "commandStatus" },
	{ "POST", "/southbound/v1/device_reports", "report" },
	{ "POST", "/gsma/rsp2/es9plus/initiateAuthentication", "initiateAuthentication" },
	{ "POST", "/gsma/rsp2/es9plus/authenticateClient", "authenticateClient" },
	{ "POST", "/gsma/rsp2/es9plus/getBoundProfilePackage", "getBoundProfilePackage" },
	{ "POST", "/gsma/rsp2/es9plus/handleNotification", "handleNotification" },
	{ "POST", "/gsma/rsp2/es9plus/cancelSession", "cancelSession" },
};

static bool path_is(const char *pattern, struct str path)
{
	struct str want = str_of(pattern);

	while (want.p && path.p) {
		struct str w = str_split(&want, '/'), p = str_split(&path, '/');

		if (!str_is(w, "{}") && !str_eq(w, p))
			return false;
	}
	return !want.p && !path.p;
}

static const char *function_of(struct str method, struct str path)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (str_is(method, functions[i].method) && path_is(functions[i].path, path))
			return functions[i].name;
	return "";
}

struct tap *tap_new(const struct tap_config *config)
{
	struct tap *t = calloc(1, sizeof(*t));

	assert(t);
	t->config = *config;
	t->first = t->end = 1;
	return t;
}

static void drop_oldest(struct tap *t)
{
	struct message **at = &t->ring[t->first++ % TAP_MESSAGES_MAX], *m = *at;

	*at = NULL;
	t->bytes -= arena_size(&m->arena);
	arena_release(&m->arena);
	free(m);
}

void tap_free(struct tap *t)
{
	struct tap_gate *other;

	if (!t)
		return;
	for (struct tap_gate *g = t->gates; g; g = other) {
		other = g->other;
		free(g);
	}
	while (t->first < t->end)
		drop_oldest(t);
	free(t);
}

/* ---- One message. --------------------------------------------------------- */

static void keep_side(struct message *m, struct tap_side *side,
		      const struct http_headers *headers, struct str body)
{
	for (size_t i = 0; i < sizeof(shown_headers) / sizeof(shown_headers[0]); i++) {
		struct str value = http_header(headers, shown_headers[i]);

		if (value.p)
			http_header_add(&side->headers, &m->arena,
					str_of(shown_headers[i]),
					arena_str(&m->arena, value));
	}
	side->bytes = body.n;
	side->omitted = body.n > TAP_BODY_MAX;
	if (!side->omitted)
		side->body = arena_str(&m->arena, body);
}

static void keep(struct tap *t, struct message *m)
{
	if (t->end - t->first == TAP_MESSAGES_MAX)
		drop_oldest(t);
	t->ring[t->end++ % TAP_MESSAGES_MAX] = m;
	t->bytes += arena_size(&m->arena);
	while (t->bytes > TAP_BYTES_MAX && t->end - t->first > 1)
		drop_oldest(t);
}

static void record(struct tap *t, const struct seen *s, const struct http_exchange *x)
{
	struct message *m = calloc(1, sizeof(*m));
	struct arena *a = &m->arena;

	assert(m);
	m->id = t->end;
	m->asked = s->asked;
	m->answered = loop_now(x->loop);
	m->from = arena_str(a, x->from);
	m->to = arena_str(a, str_of(s->gate->party));
	m->method = arena_str(a, s->req.method);
	m->path = arena_str(a, s->req.path);
	if (s->req.query.p)
		m->query = arena_str(a, s->req.query);
	m->function = function_of(m->method, m->path);
	m->device = SIZE_MAX;
	m->status = x->resp.status;
	m->fault = x->resp.fault;
	keep_side(m, &m->request, &s->req.headers, s->req.body);
	keep_side(m, &m->response, &x->resp.headers,
		  http_body_sent(m->method, &x->resp));
	m->response.omitted |= x->resp.stream != NULL;
	t->config.complete(t->config.arg, m);
	keep(t, m);
}

/* ---- The gate. ------------------------------------------------------------- */

static void count(struct tap_latency *l, int64_t ns)
{
	size_t i = 0;

	while (i < TAP_BUCKETS - 1 && ns > tap_bounds_ns[i])
		i++;
	l->buckets[i]++;
	l->answered++;
	l->sum_ns += (double)ns;
	if (l->under_way)
		l->under_way--;
}

static void replied(struct http_hook *h, struct http_exchange *x)
{
	struct seen *s = (struct seen *)h;
	struct tap *t = s->gate->tap;

	count(&s->gate->latency, loop_now(x->loop).ns - s->asked.ns);
	if (x->resp.status == 204 && str_is(s->req.method, "GET") &&
	    str_ends(s->req.path, STR("/orders/next")))
		t->config.polled(t->config.arg, x->from);
	else
		record(t, s, x);
	http_pass(x);
}

/* A party may change a request, and its memory may go. */
static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct tap_gate *g = (struct tap_gate *)h;
	struct seen *s = ARENA_NEW(x->arena, struct seen);

	*s = (struct seen){ .hook.reply = replied, .gate = g,
			    .asked = loop_now(x->loop) };
	s->req.method = arena_str(x->arena, x->req.method);
	s->req.path = arena_str(x->arena, x->req.path);
	if (x->req.query.p)
		s->req.query = arena_str(x->arena, x->req.query);
	if (x->req.body.n)
		s->req.body = arena_str(x->arena, x->req.body);
	for (size_t i = 0; i < x->req.headers.count; i++)
		http_header_add(&s->req.headers, x->arena,
				arena_str(x->arena, x->req.headers.list[i].name),
				arena_str(x->arena, x->req.headers.list[i].value));
	g->latency.requests++;
	g->latency.under_way++;
	http_push_hook(x, &s->hook);
	g->next->handle(g->next, x);
}

struct http_handler *tap_gate(struct tap *t, const char *party, struct http_handler *next)
{
	struct tap_gate *g = calloc(1, sizeof(*g));

	assert(g);
	*g = (struct tap_gate){ .handler = { handle }, .tap = t, .party = party,
				.next = next, .other = t->gates };
	t->gates = g;
	return &g->handler;
}

/* ---- Looking. --------------------------------------------------------------- */

static struct tap_gate *gate_of(const struct tap *t, const char *party)
{
	struct tap_gate *g = t->gates;

	while (g && strcmp(g->party, party) != 0)
		g = g->other;
	return g;
}

const struct tap_latency *tap_latency(const struct tap *t, const char *party)
{
	const struct tap_gate *g = gate_of(t, party);

	return g ? &g->latency : NULL;
}

void tap_forget_under_way(struct tap *t, const char *party)
{
	struct tap_gate *g = gate_of(t, party);

	if (g)
		g->latency.under_way = 0;
}

int64_t tap_percentile_ns(const struct tap_latency *l, double share)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < TAP_BUCKETS - 1; i++) {
		sum += l->buckets[i];
		if (sum && (double)sum >= share * (double)l->answered)
			return tap_bounds_ns[i];
	}
	return -1;
}

uint64_t tap_count(const struct tap *t)
{
	return t->end - 1;
}

const struct message *tap_from(const struct tap *t, uint64_t id)
{
	if (id < t->first)
		id = t->first;
	return id < t->end ? t->ring[id % TAP_MESSAGES_MAX] : NULL;
}
