/* Faults that any HTTP server can have. */
#include "scenarios/quirk_impl.h"

static enum quirk_move slow(struct quirk_active *q, struct quirk_pass *p)
{
	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	p->wait_ns = quirk_number(q, "delay");
	return QUIRK_WAIT;
}

static enum quirk_move never(struct quirk_active *q, struct quirk_pass *p)
{
	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	p->wait_ns = INT64_MAX;
	return QUIRK_WAIT;
}

static enum quirk_move status(struct quirk_active *q, struct quirk_pass *p)
{
	struct http_exchange *x = p->x;
	int code;

	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	code = (int)quirk_number(q, "status");
	http_respond_json(x, code, arena_printf(x->arena,
		"{\"error\":{\"code\":\"internal\",\"message\":\"status %d\"}}",
		code));
	return QUIRK_TAKEN;
}

static enum quirk_move unreachable(struct quirk_active *q, struct quirk_pass *p)
{
	if (!quirk_acts(q, p))
		return QUIRK_PASS;
	p->x->resp.fault = HTTP_FAULT_REFUSED;
	http_reply(p->x);
	return QUIRK_TAKEN;
}

static enum quirk_move reset(struct quirk_active *q, struct quirk_pass *p)
{
	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	p->x->resp.fault = HTTP_FAULT_RESET;
	http_reply(p->x);
	return QUIRK_TAKEN;
}

/* Wait for the reply, then spoil it. */
static enum quirk_move spoil(struct quirk_active *q, struct quirk_pass *p,
			     void (*fn)(struct quirk_active *,
					struct quirk_pass *))
{
	if (quirk_is_function(q, p))
		quirk_on_reply(q, p, fn);
	return QUIRK_PASS;
}

static void cut_reply(struct quirk_active *q, struct quirk_pass *p)
{
	if (quirk_acts(q, p))
		p->x->resp.fault = HTTP_FAULT_CUT;
}

static enum quirk_move cut(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, cut_reply);
}

static void lose_reply(struct quirk_active *q, struct quirk_pass *p)
{
	if (quirk_acts(q, p))
		p->x->resp.fault = HTTP_FAULT_RESET;
}

static enum quirk_move answer_lost(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, lose_reply);
}

/* An answer without a body has nothing to spoil. */
static void truncate_reply(struct quirk_active *q, struct quirk_pass *p)
{
	struct str *body = &p->x->resp.body;

	if (body->n && quirk_acts(q, p))
		body->n = (body->n + 1) / 2;
}

static enum quirk_move truncated(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, truncate_reply);
}

static void malform_reply(struct quirk_active *q, struct quirk_pass *p)
{
	struct str *body = &p->x->resp.body;

	/* "{...}" becomes "{...,]": whole, but no JSON. */
	if (body->n && quirk_acts(q, p))
		*body = arena_printf(p->x->arena, "%.*s,]",
				     (int)body->n - 1, body->p);
}

static enum quirk_move malformed(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, malform_reply);
}

static enum quirk_move html(struct quirk_active *q, struct quirk_pass *p)
{
	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	http_respond(p->x, 200, "text/html",
		     STR("<!DOCTYPE html><title>Log in</title><p>Please log in to use this "
		     "network.\n"));
	return QUIRK_TAKEN;
}

static void empty_reply(struct quirk_active *q, struct quirk_pass *p)
{
	if (p->x->resp.body.n && quirk_acts(q, p))
		p->x->resp.body = STR("");
}

static enum quirk_move empty(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, empty_reply);
}

/* ---- Headers. ------------------------------------------------------------ */

static void drop_header(struct http_headers *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!str_ieq(h->list[i].name, str_of(name)))
			h->list[n++] = h->list[i];
	h->count = n;
}

/* What a parameter `what` may ask for; no value: the header goes. */
static const struct header_fault {
	const char *what, *name, *value;
} header_faults[] = {
	{ "no-protocol", "X-Admin-Protocol", NULL },
	{ "protocol-1", "X-Admin-Protocol", "gsma/rsp/v1.1.0" },
	{ "protocol-3", "X-Admin-Protocol", "gsma/rsp/v3.0.0" },
	{ "protocol-garbage", "X-Admin-Protocol", "v2" },
	{ "no-type", "Content-Type", NULL },
	{ "text", "Content-Type", "text/plain" },
	{ "form", "Content-Type", "application/x-www-form-urlencoded" },
};

static void change_header(const struct quirk_active *q, struct quirk_pass *p,
			  struct http_headers *h)
{
	size_t count = sizeof(header_faults) / sizeof(header_faults[0]);

	for (size_t i = 0; i < count; i++) {
		const struct header_fault *f = &header_faults[i];

		if (!str_is(quirk_text(q, "what"), f->what))
			continue;
		drop_header(h, f->name);
		if (f->value)
			http_header_add(h, p->x->arena, str_of(f->name), str_of(f->value));
	}
}

static void change_answer(struct quirk_active *q, struct quirk_pass *p)
{
	if (p->x->resp.body.n && quirk_acts(q, p))
		change_header(q, p, &p->x->resp.headers);
}

static enum quirk_move answer_header(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, change_answer);
}

static enum quirk_move request_header(struct quirk_active *q, struct quirk_pass *p)
{
	if (quirk_is_function(q, p) && quirk_acts(q, p))
		change_header(q, p, &p->x->req.headers);
	return QUIRK_PASS;
}

static void say_close(struct quirk_active *q, struct quirk_pass *p)
{
	if (quirk_acts(q, p))
		http_header_set(&p->x->resp.headers, p->x->arena, STR("Connection"),
				STR("close"));
}

static enum quirk_move closes(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, say_close);
}

/* ---- A body in pieces. ----------------------------------------------------- */

struct pieces {
	struct http_stream stream;
	struct str rest;
	size_t size;
};

static int next_piece(struct http_stream *st, struct buf *out)
{
	struct pieces *s = (struct pieces *)st;
	size_t n = s->rest.n < s->size ? s->rest.n : s->size;

	buf_add(out, s->rest.p, n);
	s->rest = (struct str){ s->rest.p + n, s->rest.n - n };
	return s->rest.n != 0;
}

static void no_more(struct http_stream *st)
{
	(void)st;	/* it is in the exchange's arena */
}

static void cut_in_pieces(struct quirk_active *q, struct quirk_pass *p)
{
	struct http_response *r = &p->x->resp;
	struct pieces *s;

	if (!r->body.n || !quirk_acts(q, p))
		return;
	s = ARENA_NEW(p->x->arena, struct pieces);
	s->stream = (struct http_stream){ .next = next_piece, .close = no_more };
	s->rest = r->body;
	s->size = (size_t)quirk_number(q, "size");
	r->body = STR_NONE;
	r->stream = &s->stream;
}

static enum quirk_move chunked(struct quirk_active *q, struct quirk_pass *p)
{
	return spoil(q, p, cut_in_pieces);
}

const struct quirk_ops
	quirk_answer_header = { .request = answer_header },
	quirk_request_header = { .request = request_header },
	quirk_closes = { .request = closes },
	quirk_chunked = { .request = chunked },
	quirk_slow = { .request = slow },
	quirk_never = { .request = never },
	quirk_status = { .request = status },
	quirk_unreachable = { .request = unreachable },
	quirk_reset = { .request = reset },
	quirk_cut = { .request = cut },
	quirk_answer_lost = { .request = answer_lost },
	quirk_truncated = { .request = truncated },
	quirk_malformed = { .request = malformed },
	quirk_html = { .request = html },
	quirk_empty = { .request = empty };
