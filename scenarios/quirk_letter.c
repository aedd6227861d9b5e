/* Letters: messages that a quirk holds back, or sends again. */
#include "scenarios/quirk_engine_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* With its number: it has been at the gate. */
#define REPLAY_HEADER "X-Rig-Replay"

struct quirk_letter {
	struct timer timer;
	struct quirk_active *quirk;
	struct quirk_gate *gate;
	struct arena arena;
	struct http_request req;
	struct str from;
	uint64_t number;
	bool sent;
	struct quirk_letter *prev, *next;
};

struct quirk_letter *quirk_letter_new(struct quirk_active *q,
				      const struct quirk_pass *p,
				      const char *method, struct str path)
{
	struct quirk_engine *e = q->engine;
	struct quirk_letter *l = calloc(1, sizeof(*l));

	assert(l);
	l->quirk = q;
	l->gate = p->gate;
	l->number = ++e->next_number;
	l->from = arena_str(&l->arena, p->x->from);
	l->req.method = str_of(arena_strdup(&l->arena, method));
	l->req.path = arena_str(&l->arena, path);
	for (size_t i = 0; i < p->x->req.headers.count; i++) {
		const struct http_header *h = &p->x->req.headers.list[i];

		/* The network makes these itself. */
		if (str_ieq(h->name, STR("Host")) ||
		    str_ieq(h->name, STR("Content-Length")) ||
		    str_ieq(h->name, STR("Transfer-Encoding")) ||
		    str_ieq(h->name, STR("Connection")))
			continue;
		http_header_add(&l->req.headers, &l->arena,
				arena_str(&l->arena, h->name),
				arena_str(&l->arena, h->value));
	}
	l->next = e->letters;
	if (l->next)
		l->next->prev = l;
	e->letters = l;
	return l;
}

struct quirk_letter *quirk_letter_copy(struct quirk_active *q,
				       const struct quirk_pass *p)
{
	const struct http_request *rq = &p->x->req;
	char method[16];
	struct quirk_letter *l;

	snprintf(method, sizeof(method), "%.*s", STRF(rq->method));
	l = quirk_letter_new(q, p, method, rq->path);
	if (rq->query.p)
		l->req.query = arena_str(&l->arena, rq->query);
	l->req.body = arena_str(&l->arena, rq->body);
	return l;
}

void quirk_letter_drop(struct quirk_letter *l)
{
	struct quirk_engine *e = l->quirk->engine;

	loop_disarm(e->loop, &l->timer);
	if (l->prev)
		l->prev->next = l->next;
	else
		e->letters = l->next;
	if (l->next)
		l->next->prev = l->prev;
	arena_release(&l->arena);
	free(l);
}

static void arrived(struct http_call *c)
{
	quirk_letter_drop(c->owner);
}

static void post(struct timer *t)
{
	struct quirk_letter *l = (struct quirk_letter *)t;
	struct quirk_engine *e = l->quirk->engine;
	struct http_call *c;
	struct err err;

	c = http_call_new(e->net, l->from, l->req.method.p, &err, "%s%.*s%s%.*s",
			  l->gate->url, STRF(l->req.path),
			  l->req.query.p ? "?" : "", STRF(l->req.query));
	if (!c) {	/* a peer's odd path */
		quirk_letter_drop(l);
		return;
	}
	EVENT(e->log, QUIRK_RIG, "quirk", F_Z("quirk", l->quirk->setting.row->name),
	      F_STR("sends", l->req.method), F_STR("path", l->req.path),
	      F_STR("for", l->from));
	for (size_t i = 0; i < l->req.headers.count; i++) {
		const struct http_header *h = &l->req.headers.list[i];

		http_call_header(c, arena_str(c->arena, h->name).p, h->value);
	}
	if (l->req.body.n) {
		struct str type = http_header(&l->req.headers, "Content-Type");

		http_call_body(c, type.p ? arena_str(c->arena, type).p :
					   "application/json", l->req.body);
	}
	http_call_header(c, REPLAY_HEADER,
			 arena_printf(c->arena, "%llu",
				      (unsigned long long)l->number));
	c->done = arrived;
	c->owner = l;
	l->sent = true;
	http_call_send(c);
}

void quirk_letter_send(struct quirk_letter *l, int64_t delay_ns)
{
	assert(!l->sent);
	l->timer.fire = post;
	loop_arm(l->quirk->engine->loop, &l->timer, delay_ns);
}

uint64_t quirk_letter_number(const struct quirk_letter *l)
{
	return l->number;
}

static struct quirk_letter *find_waiting(const struct quirk_engine *e,
					 uint64_t number)
{
	struct quirk_letter *l = e->letters;

	while (l && (l->number != number || !timer_armed(&l->timer)))
		l = l->next;
	return l;
}

bool quirk_letter_waits(const struct quirk_active *q, uint64_t number)
{
	return find_waiting(q->engine, number) != NULL;
}

void quirk_letter_hurry(struct quirk_active *q, uint64_t number)
{
	struct quirk_letter *l = find_waiting(q->engine, number);

	if (l)
		loop_arm(q->engine->loop, &l->timer, 0);
}

bool quirk_is_letter(struct quirk_engine *e, struct http_exchange *x)
{
	struct http_headers *h = &x->req.headers;
	struct str mark = http_header(h, REPLAY_HEADER);
	uint64_t number;

	if (!mark.p)
		return false;
	for (size_t i = 0; i < h->count; i++) {
		if (!str_ieq(h->list[i].name, STR(REPLAY_HEADER)))
			continue;
		memmove(&h->list[i], &h->list[i + 1],
			(--h->count - i) * sizeof(h->list[0]));
		break;
	}
	if (str_to_u64(mark, UINT64_MAX, &number) < 0)
		return false;
	for (const struct quirk_letter *l = e->letters; l; l = l->next)
		if (l->sent && l->number == number)
			return true;
	return false;
}
