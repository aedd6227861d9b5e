#include "server/turn.h"

#include "server/core.h"
#include "server/encode.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Answers. ---------------------------------------------------------- */

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

static void clear(struct held_list *l)
{
	*l = (struct held_list){ NULL, &l->first };
}

static void append(struct held_list *l, struct held_list *more)
{
	if (!more->first)
		return;
	*l->tail = more->first;
	l->tail = more->tail;
	clear(more);
}

static void let_go(struct held_list *l, bool safe)
{
	struct held_reply *h = l->first, *next;

	clear(l);
	for (; h; h = next) {
		next = h->next;		/* the exchange may be gone afterwards */
		if (!safe)
			make_unavailable(h->x);
		send_answer(h->x);
	}
}

void server_reply(struct server *s, struct http_exchange *x)
{
	struct turns *t = s->turns;
	struct held_list *l = store_writing(s->store) ? &t->held :
			      t->running ? &t->syncing : NULL;
	struct held_reply *h;

	if (!l) {
		send_answer(x);
		return;
	}
	h = ARENA_NEW(x->arena, struct held_reply);
	h->x = x;
	*l->tail = h;
	l->tail = &h->next;
}

/* ---- Commits, and syncs. ----------------------------------------------- */

/* All that was committed is as safe as it will be. */
static void is_safe(struct server *s, struct held_list *l)
{
	s->turns->safe = s->turns->committed;
	server_store_works(s);
	let_go(l, true);
	chases_go_on(s);
}

static void is_lost(struct server *s, struct held_list *l, const struct err *err)
{
	s->ring = false;
	server_store_broke(s, err);
	let_go(l, false);
}

static int explain(int error, struct err *err)
{
	return err_set(err, ERR_IO, "the store cannot be synced: %s: see that its disk is there,"
		       " has room and is in order", strerror(error));
}

static void sync_failed(struct server *s, struct held_list *l, int error)
{
	struct err err;

	explain(error, &err);
	is_lost(s, l, &err);
}

static void synced(struct syncer *y, int error)
{
	struct server *s = y->owner;
	struct turns *t = s->turns;
	struct held_list l;

	/* What is answered from here on may wait for the next one. */
	clear(&l);
	append(&l, &t->syncing);
	t->running = false;
	if (error)
		sync_failed(s, &l, error);
	else
		is_safe(s, &l);
	if (store_writing(s->store))
		loop_defer(s->loop, &t->task);
}

static void commit_done(struct server *s)
{
	struct turns *t = s->turns;

	t->committed++;
	if (!t->syncer) {
		is_safe(s, &t->held);
		return;
	}
	t->running = t->syncer->start(t->syncer) == 0;
	if (t->running)
		append(&t->syncing, &t->held);
	else
		sync_failed(s, &t->held, errno);
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
		is_lost(s, &t->held, &err);
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

/* ---- Life. ------------------------------------------------------------- */

void turn_init(struct server *s)
{
	struct turns *t = calloc(1, sizeof(*t));

	assert(t);
	t->task.run = end_turn;
	t->server = s;
	clear(&t->held);
	clear(&t->syncing);
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

int turn_commit(struct server *s, struct err *err)
{
	struct turns *t = s->turns;
	int error;

	if (store_commit(s->store, err) < 0)
		return -1;
	error = t->syncer && t->syncer->wait(t->syncer) < 0 ? errno : 0;
	if (t->running)
		synced(t->syncer, error);
	return error ? explain(error, err) : 0;
}

void turn_settle(struct server *s)
{
	struct turns *t = s->turns;
	struct held_list l;
	struct err err;
	int error;

	if (!store_writing(s->store))
		return;
	if (store_commit(s->store, &err) < 0) {
		is_lost(s, &t->held, &err);
		return;
	}
	ring(s);
	t->committed++;
	error = t->syncer && t->syncer->wait(t->syncer) < 0 ? errno : 0;
	clear(&l);
	append(&l, &t->syncing);
	append(&l, &t->held);
	t->running = false;
	if (error)
		sync_failed(s, &l, error);
	else
		is_safe(s, &l);
}

void turn_free(struct server *s)
{
	struct turns *t = s->turns;
	struct err err;

	turn_watch(s, false);
	store_commit(s->store, &err);
	if (t->syncer) {
		t->syncer->wait(t->syncer);
		t->syncer->close(t->syncer);
	}
	loop_undefer(s->loop, &t->task);
	free(t);
}
