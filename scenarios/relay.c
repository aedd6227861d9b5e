#include "scenarios/relay.h"

static bool is_framing(struct str name)
{
	static const char *const names[] = {
		"Host", "Content-Length", "Transfer-Encoding", "Connection",
		"Keep-Alive", "Expect",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_ieq(name, str_of(names[i])))
			return true;
	return false;
}

static enum http_fault fault_of(enum http_failure failure)
{
	switch (failure) {
	case HTTP_OK:
		return HTTP_FAULT_NONE;
	case HTTP_UNREACHABLE:
		return HTTP_FAULT_REFUSED;
	case HTTP_TIMEOUT:
	case HTTP_BROKEN:
		break;
	}
	return HTTP_FAULT_RESET;
}

static void answered(struct http_call *c)
{
	struct http_exchange *x = c->owner;
	const struct http_headers *h = &c->resp.headers;

	x->resp.fault = fault_of(c->failure);
	x->resp.status = c->failure == HTTP_OK ? c->resp.status : 502;
	for (size_t i = 0; c->failure == HTTP_OK && i < h->count; i++)
		if (!is_framing(h->list[i].name))
			http_header_add(&x->resp.headers, x->arena,
					arena_str(x->arena, h->list[i].name),
					arena_str(x->arena, h->list[i].value));
	if (c->failure == HTTP_OK)
		x->resp.body = arena_str(x->arena, c->resp.body);
	http_reply(x);
}

static void pass_on(struct http_handler *h, struct http_exchange *x)
{
	struct relay *r = (struct relay *)h;
	const struct http_request *q = &x->req;
	struct str type = http_header(&q->headers, "Content-Type");
	struct err err = { 0 };
	struct http_call *c;

	c = http_call_new(x->net, r->name, arena_strdup(x->arena, arena_str(x->arena, q->method).p),
			  &err, "%s%.*s%s%.*s", r->url, STRF(q->path),
			  q->query.p ? "?" : "", STRF(q->query));
	if (!c) {
		http_respond(x, 400, "text/plain", STR("no such URL\n"));
		return;
	}
	for (size_t i = 0; i < q->headers.count; i++) {
		struct http_header one = q->headers.list[i];

		if (!is_framing(one.name) && !str_ieq(one.name, STR("Content-Type")))
			http_call_header(c, arena_str(c->arena, one.name).p, one.value);
	}
	if (q->body.n)
		http_call_body(c, type.p ? arena_str(c->arena, type).p :
					   "application/octet-stream", q->body);
	c->done = answered;
	c->owner = x;
	http_call_send(c);
}

void relay_init(struct relay *r, struct str name, const char *url)
{
	*r = (struct relay){ .handler = { pass_on }, .name = name, .url = url };
}
