#include "server/turn.h"

#include "server/core.h"
#include "server/encode.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- What waits. ------------------------------------------------------- */

static void make_unavailable(struct http_exchange *x)
{
	http_stream_close(&x->resp);
	x->resp = (struct http_response){ .status = 503 };
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
			STR("application/json"));
	x->resp.body = STR("{\"error_message\":\"the store cannot be used at the moment\","
			   "\"error_status\":503}");
}

static void send_answer(struct http_exchange *x)
{
	encode_answer(x);
	http_reply(x);
}

/* Where something waits that is said now, or NULL: it need not. */
static struct batch *to_wait(struct server *s)
{
	struct turns *t = s->turns;

	return store_writing(s->store) ? t->open : t->running ? t->closed : NULL;
}

void server_reply(struct server *s, struct http_exchange *x)
{
	struct batch *b = to_wait(s);
	struct held_reply *h;

	if (!b) {
		send_answer(x);
		return;
	}
	h = ARENA_NEW(x->arena, struct held_reply);
	h->x = x;
	*b->replies_tail = h;
	b->replies_tail = &h->next;
}

void turn_tell(struct server *s, const char *name, const struct field *fields, size_t count)
{
	struct batch *b = to_wait(s);
	struct held_event *e;
	struct field *copy;

	if (!b) {
		eventlog_emit(s->log, SERVER_PARTY, name, fields, count);
		return;
	}
	e = ARENA_NEW(&b->arena, struct held_event);
	copy = arena_array(&b->arena, count, sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		copy[i] = fields[i];
		if (fields[i].s.p)
			copy[i].s = arena_str(&b->arena, fields[i].s);
	}
	*e = (struct held_event){ name, copy, count, NULL };
	*b->events_tail = e;
	b->events_tail = &e->next;
}

static void empty(struct batch *b)
{
	b->replies = NULL;
	b->replies_tail = &b->replies;
	b->events = NULL;
	b->events_tail = &b->events;
	arena_clear(&b->arena);
}

static void tell_events(struct server *s, const struct batch *b)
{
	for (const struct held_event *e = b->events; e; e = e->next)
		eventlog_emit(s->log, SERVER_PARTY, e->name, e->fields, e->count);
}

static void let_go(struct batch *b, bool safe)
{
	struct held_reply *h = b->replies, *next;

	empty(b);
	for (; h; h = next) {
		next = h->next;		/* the exchange may be gone afterwards */
		if (!safe)
			make_unavailable(h->x);
		send_answer(h->x);
	}
}

/* ---- Commits, and syncs. ----------------------------------------------- */

/* All that was committed is as safe as it will be. */
static void is_safe(struct server *s, struct batch *b)
{
	s->turns->safe = s->turns->committed;
	tell_events(s, b);
	server_store_works(s);
	let_go(b, true);
	chases_go_on(s);
}

static void is_lost(struct server *s, struct batch *b, const struct err *err)
{
	s->ring = false;
	server_store_broke(s, err);
	let_go(b, false);
}

static int explain(int error, struct err *err)
{
	return err_set(err, ERR_IO, "the store cannot be synced: %s: see that its disk is there,"
		       " has room and is in order", strerror(error));
}

static void sync_failed(struct server *s, struct batch *b, int error)
{
	struct err err;

	explain(error, &err);
	is_lost(s, b, &err);
}

static void settled(struct server *s, struct batch *b, int error)
{
	if (error)
		sync_failed(s, b, error);
	else
		is_safe(s, b);
}

static void synced(struct syncer *y, int error)
{
	struct server *s = y->owner;
	struct turns *t = s->turns;

	t->running = false;
	settled(s, t->closed, error);
	if (store_writing(s->store))
		loop_defer(s->loop, &t->task);
}

static void commit_done(struct server *s)
{
	struct turns *t = s->turns;
	struct batch *b = t->open;

	t->committed++;
	if (!t->syncer) {
		is_safe(s, b);
		return;
	}
	t->open = t->closed;
	t->closed = b;
	t->running = t->syncer->start(t->syncer) == 0;
	if (!t->running)
		sync_failed(s, b, errno);
}

/* Others are to look at what was committed. */
static void ring(struct server *s)
{
	if (s->ring)
		share_ring(s->share);
	s->ring = false;
}

static void end_turn(struct task *task)
{
	struct turns *t = (struct turns *)task;
	struct server *s = t->server;
	bool wrote = store_writing(s->store);
	struct err err;

	/* What would only wait for the next sync can share its commit, too. */
	if (t->running && wrote && !store_failed(s->store))
		return;
	if (store_commit(s->store, &err) < 0) {
		is_lost(s, t->open, &err);
		return;
	}
	ring(s);
	if (wrote)
		commit_done(s);
}

static void began(void *arg)
{
	struct server *s = arg;

	loop_defer(s->loop, &s->turns->task);
}

uint64_t turn_number(const struct server *s)
{
	return s->turns->committed + store_writing(s->store);
}

bool turn_is_safe(const struct server *s, uint64_t number)
{
	return number <= s->turns->safe;
}

void turn_give_way(struct server *s)
{
	struct turns *t = s->turns;

	if (t->running)
		t->syncer->give_way(t->syncer);
}

/* ---- Life. ------------------------------------------------------------- */

void turn_init(struct server *s)
{
	struct turns *t = calloc(1, sizeof(*t));

	assert(t);
	t->task.run = end_turn;
	t->server = s;
	t->open = &t->batches[0];
	t->closed = &t->batches[1];
	empty(t->open);
	empty(t->closed);
	s->turns = t;
}

void turn_sync_by(struct server *s, struct syncer *syncer)
{
	s->turns->syncer = syncer;
	if (!syncer)
		return;
	syncer->done = synced;
	syncer->owner = s;
}

void turn_watch(struct server *s, bool on)
{
	store_on_begin(s->store, on ? began : NULL, s);
}

/* Waits until all that was committed is as safe as it will be.  0, or an errno. */
static int sync_now(struct server *s)
{
	struct turns *t = s->turns;
	int error = t->syncer && t->syncer->wait(t->syncer) < 0 ? errno : 0;

	t->running = false;
	settled(s, t->closed, error);
	return error;
}

int turn_commit(struct server *s, struct err *err)
{
	int error;

	if (store_commit(s->store, err) < 0)
		return -1;
	error = sync_now(s);
	return error ? explain(error, err) : 0;
}

void turn_settle(struct server *s)
{
	struct turns *t = s->turns;
	struct err err;

	if (!store_writing(s->store))
		return;
	if (store_commit(s->store, &err) < 0) {
		is_lost(s, t->open, &err);
		return;
	}
	ring(s);
	t->committed++;
	settled(s, t->open, sync_now(s));
}

void turn_free(struct server *s)
{
	struct turns *t = s->turns;
	struct err err;
	bool safe;

	turn_watch(s, false);
	safe = store_commit(s->store, &err) == 0;
	if (t->syncer) {
		safe = t->syncer->wait(t->syncer) == 0 && safe;
		t->syncer->close(t->syncer);
	}
	if (safe) {
		tell_events(s, t->closed);
		tell_events(s, t->open);
	}
	loop_undefer(s->loop, &t->task);
	arena_release(&t->open->arena);
	arena_release(&t->closed->arena);
	free(t);
}
