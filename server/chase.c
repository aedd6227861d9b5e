#include "server/chase.h"

#include "server/core.h"
#include "server/eis_client.h"

#include <assert.h>
#include <stdlib.h>

enum { BUCKETS_MIN = 16 };

/* Between tries to place an order: doubles up to the check interval. */
#define RETRY_NS (2 * NS_PER_S)

/* For the owner to place an order that a client of ours asks about. */
#define OWNER_PAUSE_NS (10 * NS_PER_MS)
enum { OWNER_PAUSES = 100 };

/* Calls on their way at a time, beside those that clients wait for; calls that
 * begin in a turn of the loop that has nothing else to do; and how many turns
 * that have may go by before one is taken for them all the same. */
enum { CALLS_MAX = 32, BEGUN_MAX = 4, BUSY_TURNS_MAX = 4 };
/* Words of the EIS that are worth keeping. */
enum { HEARD_MAX = 2048 };

static size_t bucket_of(const struct chases *t, int64_t rid)
{
	return ((uint64_t)rid * UINT64_C(0x9E3779B97F4A7C15) >> 32) &
	       (t->bucket_count - 1);
}

static void grow(struct chases *t)
{
	struct chases bigger = *t;

	bigger.bucket_count = t->bucket_count ? 2 * t->bucket_count : BUCKETS_MIN;
	bigger.buckets = calloc(bigger.bucket_count, sizeof(struct chase *));
	assert(bigger.buckets);
	for (size_t i = 0; i < t->bucket_count; i++) {
		struct chase *c = t->buckets[i], *next;

		for (; c; c = next) {
			struct chase **at = &bigger.buckets[bucket_of(&bigger, c->rid)];

			next = c->next;
			c->next = *at;
			*at = c;
		}
	}
	free(t->buckets);
	*t = bigger;
}

static struct chase *find(struct chases *t, int64_t rid)
{
	struct chase *c = t->count ? t->buckets[bucket_of(t, rid)] : NULL;

	while (c && c->rid != rid)
		c = c->next;
	return c;
}

static void tell_waiters(struct chase *c)
{
	struct waiter *w = c->waiters, *next;

	c->waiters = NULL;
	c->waiters_tail = &c->waiters;
	for (; w; w = next) {
		next = w->next;
		w->told(w);
	}
}

static void drop(struct chase *c)
{
	loop_disarm(c->server->loop, &c->timer);
	if (c->call)
		http_call_cancel(c->call);
	free(c->heard);
	free(c);
}

/* ---- The queue. -------------------------------------------------------- */

static void join_queue(struct chase *c)
{
	struct chases *t = &c->server->chases;

	if (!t->queue)
		t->queue_end = &t->queue;
	c->behind = NULL;
	c->place = t->queue_end;
	*c->place = c;
	t->queue_end = &c->behind;
}

static void wait_in_queue(struct chase *c)
{
	loop_disarm(c->server->loop, &c->timer);
	if (!c->place)
		join_queue(c);
}

/* May one more call begin that nobody waits for? */
static bool may_begin(struct server *s)
{
	struct chases *t = &s->chases;

	if (t->turn != s->loop->turns) {
		t->busy_turns = loop_was_busy(s->loop) && t->busy_turns < BUSY_TURNS_MAX ?
				t->busy_turns + 1 : 0;
		t->turn = s->loop->turns;
		t->begun = 0;
		turn_give_way(s);
	}
	return t->calls < CALLS_MAX && t->begun < BEGUN_MAX && t->busy_turns == 0;
}

/* No order for what a power failure could take back. */
static bool is_safe(const struct chase *c)
{
	return turn_is_safe(c->server, c->turn);
}

/* Those that may not begin in this turn may in the next one, or when a call
 * has ended, or the turn is safe in which they began. */
void chases_go_on(struct server *s)
{
	struct chases *t = &s->chases;

	if (t->queue && is_safe(t->queue) && t->calls < CALLS_MAX && !timer_armed(&t->more))
		loop_arm(s->loop, &t->more, 0);
}

static void leave_queue(struct chase *c)
{
	struct chases *t = &c->server->chases;

	if (!c->place)
		return;
	*c->place = c->behind;
	if (c->behind)
		c->behind->place = c->place;
	else
		t->queue_end = c->place;
	c->place = NULL;
}

/* ---- One try. ---------------------------------------------------------- */

static void end(struct chase *c)
{
	struct chases *t = &c->server->chases;
	struct chase **at = &t->buckets[bucket_of(t, c->rid)];

	leave_queue(c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->count--;
	tell_waiters(c);
	drop(c);
}

static int64_t pause_ns(const struct chase *c, bool is_placed)
{
	int64_t most = c->server->check_interval_ns, ns = RETRY_NS;

	if (is_placed)
		return most;
	for (unsigned i = 1; i < c->tries && ns < most; i++)
		ns *= 2;
	return ns < most ? ns : most;
}

static bool load_running(struct chase *c, struct transaction *tx)
{
	struct server *s = c->server;

	return transaction_load(s, c->rid, &s->scratch, tx) &&
	       tx->status == TRANSACTION_IN_PROGRESS;
}

/* Another worker may have heard of it, too: what it wrote is looked at in the
 * transaction that changes it.  Mostly there is no news, and nothing to change. */
static bool apply(struct chase *c, struct eis_answer *answer, struct transaction *tx)
{
	struct server *s = c->server;

	if (s->share) {
		store_refresh(s->store);
		if (!load_running(c, tx))
			return false;
		eis_compare(tx, answer);
		if (transaction_knows(s, tx, answer))
			return true;
		store_begin(s->store);
	}
	if (!load_running(c, tx))
		return false;
	eis_compare(tx, answer);
	return transaction_apply(s, tx, answer);
}

static void remember(struct chase *c, const struct transaction *tx, struct str words)
{
	struct heard *h;

	if (tx->order_id.n + words.n > HEARD_MAX)
		return;
	h = malloc(sizeof(*h) + tx->order_id.n + words.n);
	assert(h);
	h->end_ms = transaction_end_ms(c->server, tx);
	h->id_n = tx->order_id.n;
	h->words_n = words.n;
	memcpy(h->text, tx->order_id.p, h->id_n);
	memcpy(h->text + h->id_n, words.p, h->words_n);
	c->heard = h;
}

static bool is_no_news(const struct chase *c, const struct http_call *call)
{
	const struct heard *h = c->heard;

	return h && call->failure == HTTP_OK && call->resp.status == 200 &&
	       str_eq(call->resp.body, (struct str){ h->text + h->id_n, h->words_n }) &&
	       server_now_ms(c->server) < h->end_ms;
}

static void go_on(struct chase *c, bool is_placed)
{
	loop_arm(c->server->loop, &c->timer, pause_ns(c, is_placed));
	tell_waiters(c);
}

static void take_answer(struct chase *c, struct http_call *call, bool placing)
{
	struct server *s = c->server;
	struct transaction tx = { 0 };
	struct eis_answer answer;
	bool running;

	/* Between two of the same words there may be others, or none. */
	free(c->heard);
	c->heard = NULL;
	eis_read(call, placing, &answer);
	running = apply(c, &answer, &tx);
	eis_tell(s, call, answer.outcome);
	c->tries = answer.outcome == EIS_ORDER ? 0 : c->tries + 1;
	if (store_failed(s->store))
		running = true;		/* the rollback starts it all again */
	if (!running || !s->owner) {
		end(c);
		return;
	}
	/* With others in the store, their news would be missed. */
	if (answer.outcome == EIS_ORDER && tx.order_id.n && !s->share)
		remember(c, &tx, call->resp.body);
	go_on(c, tx.order_id.n > 0);
}

static void ask(struct chase *c, bool counted);

static void answered(struct chase *c, struct http_call *call, bool placing)
{
	struct server *s = c->server;

	s->chases.calls -= c->counted;
	c->counted = false;
	if (is_no_news(c, call)) {
		eis_tell(s, call, EIS_ORDER);
		c->tries = 0;
		go_on(c, true);
	} else {
		take_answer(c, call, placing);
	}
	arena_clear(&s->scratch);
	chases_go_on(s);
}

static void place_done(struct http_call *call)
{
	struct chase *c = call->owner;

	c->call = NULL;
	answered(c, call, true);
}

static void look_done(struct http_call *call)
{
	struct chase *c = call->owner;

	c->call = NULL;
	answered(c, call, false);
}

/* The owner places orders.  Who asks here waits until it has, but not for long:
 * it may itself be waiting for the EIS. */
static void wait_for_owner(struct chase *c, const struct transaction *tx)
{
	struct server *s = c->server;

	if (tx->order_id.n || c->tries == OWNER_PAUSES) {
		end(c);
		return;
	}
	if (c->tries++ == 0)
		share_ask(s->share, c->rid);
	loop_arm(s->loop, &c->timer, OWNER_PAUSE_NS);
}

static void call_eis(struct chase *c, const struct transaction *tx, bool counted)
{
	struct server *s = c->server;

	c->call = tx->order_id.n ? eis_look(s, tx) : eis_client_place(s, tx);
	c->call->done = tx->order_id.n ? look_done : place_done;
	c->call->owner = c;
	c->counted = counted;
	s->chases.calls += counted;
	s->chases.begun += counted;
	http_call_send(c->call);
}

/* Ask, unless an answer is on its way already.  `counted`: nobody waits. */
static void ask(struct chase *c, bool counted)
{
	struct server *s = c->server;
	struct transaction tx = { 0 };

	if (c->call)
		return;
	if (!is_safe(c)) {
		wait_in_queue(c);
		return;
	}
	leave_queue(c);
	loop_disarm(s->loop, &c->timer);
	if (c->heard) {
		tx.order_id = (struct str){ c->heard->text, c->heard->id_n };
		call_eis(c, &tx, counted);
		return;
	}
	store_refresh(s->store);
	if (!load_running(c, &tx))
		end(c);
	else if (!s->owner && (c->tries || !tx.order_id.n))
		wait_for_owner(c, &tx);
	else
		call_eis(c, &tx, counted);
	arena_clear(&s->scratch);
}

static void timer_fired(struct timer *t)
{
	struct chase *c = (struct chase *)((char *)t - offsetof(struct chase, timer));
	struct server *s = c->server;

	if (!s->chases.queue && is_safe(c) && may_begin(s)) {
		ask(c, true);
		return;
	}
	join_queue(c);
	chases_go_on(s);
}

static void more_fired(struct timer *t)
{
	struct server *s = (struct server *)((char *)t -
			   offsetof(struct server, chases.more));

	while (s->chases.queue && is_safe(s->chases.queue) && may_begin(s))
		ask(s->chases.queue, true);
	chases_go_on(s);
}

static struct chase *add(struct server *s, int64_t rid)
{
	struct chases *t = &s->chases;
	struct chase *c = calloc(1, sizeof(*c));

	assert(c && !find(t, rid));
	if (t->count >= t->bucket_count)
		grow(t);
	*c = (struct chase){ .server = s, .rid = rid,
			     .timer.fire = timer_fired };
	c->waiters_tail = &c->waiters;
	c->next = t->buckets[bucket_of(t, rid)];
	t->buckets[bucket_of(t, rid)] = c;
	t->count++;
	return c;
}

void chase_start(struct server *s, int64_t rid)
{
	struct chase *c;

	if (!s->owner) {
		server_tell_owner(s);
		return;
	}
	c = add(s, rid);
	c->turn = turn_number(s);
	loop_arm(s->loop, &c->timer, 0);
}

void chase_ask(struct server *s, int64_t rid, struct waiter *w)
{
	struct chase *c = find(&s->chases, rid);

	if (!c)
		c = add(s, rid);
	w->next = NULL;
	*c->waiters_tail = w;
	c->waiters_tail = &w->next;
	ask(c, false);
}

void chase_hurry(struct server *s, int64_t rid)
{
	struct chase *c = find(&s->chases, rid);

	ask(c ? c : add(s, rid), false);
}

static void take_up(struct server *s, struct stmt *q)
{
	while (stmt_row(q)) {
		int64_t rid = stmt_i64(q, 0);

		if (rid > s->chases.seen)
			s->chases.seen = rid;
		if (!find(&s->chases, rid))
			chase_start(s, rid);
	}
}

void chases_resume(struct server *s)
{
	struct stmt *q = store_sql(s->store, SQL_TX_LAST);

	if (stmt_row(q)) {
		s->chases.seen = stmt_i64(q, 0);
		stmt_end(q);
	}
	take_up(s, store_sql(s->store, SQL_TX_RUNNING));
}

void chases_init(struct server *s)
{
	s->chases.more.fire = more_fired;
}

/* Rids grow with every transaction that is committed. */
void chases_look(struct server *s)
{
	take_up(s, stmt_int(store_sql(s->store, SQL_TX_NEW), s->chases.seen));
}

static void forget(struct server *s, bool tell)
{
	struct chases old = s->chases;

	loop_disarm(s->loop, &s->chases.more);
	s->chases = (struct chases){ 0 };
	chases_init(s);
	for (size_t i = 0; i < old.bucket_count; i++) {
		struct chase *c = old.buckets[i], *next;

		for (; c; c = next) {
			next = c->next;
			if (tell)
				tell_waiters(c);
			drop(c);
		}
	}
	free(old.buckets);
}

void chases_stop(struct server *s)
{
	forget(s, true);
}

void chases_release(struct server *s)
{
	forget(s, false);
}
