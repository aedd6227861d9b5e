#include "scenarios/traffic.h"

#include "sim/json.h"

#include <assert.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 32 << 20 };

struct gate {
	struct http_handler handler;	/* first: a gate is a handler */
	struct traffic *traffic;
	const char *party;
	struct http_handler *next;
	struct gate *other;
};

struct traffic {
	struct traffic_config config;
	struct gate *gates;
	struct buf line;
	struct arena arena;		/* of one line */
};

/* The request as it came: a party may change it, and its memory may go. */
struct seen {
	struct http_hook hook;		/* first */
	struct gate *gate;
	struct http_request req;
};

struct traffic *traffic_new(const struct traffic_config *config)
{
	struct traffic *t = calloc(1, sizeof(*t));

	assert(t);
	t->config = *config;
	buf_init(&t->line, LINE_MAX_BYTES);
	return t;
}

void traffic_free(struct traffic *t)
{
	struct gate *other;

	if (!t)
		return;
	for (struct gate *g = t->gates; g; g = other) {
		other = g->other;
		free(g);
	}
	buf_release(&t->line);
	arena_release(&t->arena);
	free(t);
}

static void put_headers(struct json *j, const char *key,
			const struct http_headers *h)
{
	json_key(j, key);
	json_open(j, '{');
	for (size_t i = 0; i < h->count; i++) {
		struct str name = h->list[i].name;
		char lower[64];

		if (name.n >= sizeof(lower))
			continue;
		for (size_t k = 0; k < name.n; k++)
			lower[k] = (char)(name.p[k] >= 'A' && name.p[k] <= 'Z' ?
					  name.p[k] - 'A' + 'a' : name.p[k]);
		lower[name.n] = '\0';
		json_put(j, lower, h->list[i].value);
	}
	json_close(j, '}');
}

static void put_body(struct json *j, const char *key, struct str body)
{
	if (body.n <= TRAFFIC_BODY_MAX)
		json_put(j, key, body);
}

static void write_line(struct traffic *t, const struct seen *s,
		       const struct http_response *resp)
{
	struct json j;

	buf_clear(&t->line);
	j = json_to(&t->line);
	json_open(&j, '{');
	json_putz(&j, "to", s->gate->party);
	json_put(&j, "method", s->req.method);
	json_put(&j, "path", s->req.path);
	if (s->req.query.p)
		json_put(&j, "query", s->req.query);
	put_headers(&j, "request_headers", &s->req.headers);
	put_body(&j, "request_body", s->req.body);
	json_put_int(&j, "status", resp->status);
	put_headers(&j, "response_headers", &resp->headers);
	if (!resp->stream)
		put_body(&j, "response_body", http_body_sent(s->req.method, resp));
	json_close(&j, '}');
	buf_char(&t->line, '\n');
	if (!t->line.over)
		t->config.take(t->config.arg,
			       t->config.mask(t->config.mask_arg, buf_view(&t->line),
					      &t->arena));
	arena_clear(&t->arena);
}

static void replied(struct http_hook *h, struct http_exchange *x)
{
	struct seen *s = (struct seen *)h;

	write_line(s->gate->traffic, s, &x->resp);
	http_pass(x);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct gate *g = (struct gate *)h;
	struct seen *s = ARENA_NEW(x->arena, struct seen);

	s->hook.reply = replied;
	s->gate = g;
	s->req.method = arena_str(x->arena, x->req.method);
	s->req.path = arena_str(x->arena, x->req.path);
	if (x->req.query.p)
		s->req.query = arena_str(x->arena, x->req.query);
	s->req.body = arena_str(x->arena, x->req.body);
	for (size_t i = 0; i < x->req.headers.count; i++)
		http_header_add(&s->req.headers, x->arena,
				arena_str(x->arena, x->req.headers.list[i].name),
				arena_str(x->arena, x->req.headers.list[i].value));
	http_push_hook(x, &s->hook);
	g->next->handle(g->next, x);
}

struct http_handler *traffic_gate(struct traffic *t, const char *party,
				  struct http_handler *next)
{
	struct gate *g = calloc(1, sizeof(*g));

	assert(g);
	*g = (struct gate){ { handle }, t, party, next, t->gates };
	t->gates = g;
	return &g->handler;
}

void traffic_gate_set_next(struct http_handler *gate, struct http_handler *next)
{
	((struct gate *)gate)->next = next;
}
