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

const struct quirk_ops
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
