#include "sim/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 64, ROUNDS_PER_TURN = 8 };

/* timer.slot: heap index + 1, or ring index + 1 with this bit set. */
static const size_t SOON = ~(SIZE_MAX >> 1);

static bool before(const struct loop_entry *a, const struct loop_entry *b)
{
	if (a->due_ns != b->due_ns)
		return a->due_ns < b->due_ns;
	return a->seq < b->seq;
}

static void place(struct loop *l, struct loop_entry e, size_t i)
{
	l->heap[i] = e;
	e.timer->slot = i + 1;
}

static void sift_up(struct loop *l, struct loop_entry e, size_t i)
{
	for (; i > 0 && before(&e, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		place(l, l->heap[(i - 1) / 2], i);
	place(l, e, i);
}

static void sift_down(struct loop *l, struct loop_entry e, size_t i)
{
	for (size_t kid; (kid = 2 * i + 1) < l->heap_len; i = kid) {
		if (kid + 1 < l->heap_len &&
		    before(&l->heap[kid + 1], &l->heap[kid]))
			kid++;
		if (!before(&l->heap[kid], &e))
			break;
		place(l, l->heap[kid], i);
	}
	place(l, e, i);
}

void loop_init(struct loop *l, enum clock_kind kind, double rate,
	       int64_t unix_epoch_ms)
{
	*l = (struct loop){ .epoll_fd = -1, .turn_limit = LOOP_TURN_LIMIT };
	l->tasks_tail = &l->tasks;
	clock_init(&l->clock, kind, rate, unix_epoch_ms);
	if (kind == CLOCK_KIND_VIRTUAL)
		return;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	assert(l->epoll_fd >= 0);
}

void loop_release(struct loop *l)
{
	assert(l->heap_len == 0);
	assert(l->soon_armed == 0);
	assert(l->watches == 0);
	assert(!l->tasks);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l->heap);
	free(l->soon);
}

static void arm_heap(struct loop *l, struct loop_entry e)
{
	if (l->heap_len == l->heap_cap) {
		l->heap_cap = l->heap_cap ? 2 * l->heap_cap : 64;
		l->heap = realloc(l->heap, l->heap_cap * sizeof(*l->heap));
		assert(l->heap);
	}
	sift_up(l, e, l->heap_len++);
}

static void grow_soon(struct loop *l)
{
	size_t cap = l->soon_cap ? 2 * l->soon_cap : 64;
	struct loop_entry *ring = malloc(cap * sizeof(*ring));

	assert(ring);
	for (size_t i = 0; i < l->soon_len; i++) {
		ring[i] = l->soon[(l->soon_head + i) & (l->soon_cap - 1)];
		if (ring[i].timer)
			ring[i].timer->slot = (i + 1) | SOON;
	}
	free(l->soon);
	l->soon = ring;
	l->soon_head = 0;
	l->soon_cap = cap;
}

static void arm_soon(struct loop *l, struct loop_entry e)
{
	size_t i;

	if (l->soon_len == l->soon_cap)
		grow_soon(l);
	i = (l->soon_head + l->soon_len++) & (l->soon_cap - 1);
	l->soon[i] = e;
	l->soon_armed++;
	e.timer->slot = (i + 1) | SOON;
}

void loop_arm(struct loop *l, struct timer *t, int64_t delay_ns)
{
	int64_t now_ns = l->clock.now.ns;

	assert(delay_ns >= 0);
	loop_disarm(l, t);
	if (delay_ns >= INT64_MAX - now_ns)
		return;
	if (delay_ns == 0)
		arm_soon(l, (struct loop_entry){ now_ns, l->next_seq++, t });
	else
		arm_heap(l, (struct loop_entry){ now_ns + delay_ns,
						 l->next_seq++, t });
}

static void disarm_heap(struct loop *l, size_t i)
{
	struct loop_entry last;

	l->heap[i].timer->slot = 0;
	last = l->heap[--l->heap_len];
	if (i == l->heap_len)
		return;
	if (i > 0 && before(&last, &l->heap[(i - 1) / 2]))
		sift_up(l, last, i);
	else
		sift_down(l, last, i);
}

void loop_disarm(struct loop *l, struct timer *t)
{
	size_t i = (t->slot & ~SOON) - 1;

	if (t->slot == 0)
		return;
	if (!(t->slot & SOON)) {
		assert(l->heap[i].timer == t);
		disarm_heap(l, i);
		return;
	}
	assert(l->soon[i].timer == t);
	l->soon[i].timer = NULL;
	l->soon_armed--;
	t->slot = 0;
}

void loop_defer(struct loop *l, struct task *t)
{
	if (t->queued)
		return;
	t->queued = true;
	t->next = NULL;
	*l->tasks_tail = t;
	l->tasks_tail = &t->next;
}

static void drop_disarmed(struct loop *l)
{
	while (l->soon_len > 0 && !l->soon[l->soon_head].timer) {
		l->soon_head = (l->soon_head + 1) & (l->soon_cap - 1);
		l->soon_len--;
	}
}

/* The next timer to fire, or NULL.  Points into the heap or the ring. */
static const struct loop_entry *next_entry(struct loop *l)
{
	const struct loop_entry *soon, *heap;

	drop_disarmed(l);
	soon = l->soon_len ? &l->soon[l->soon_head] : NULL;
	heap = l->heap_len ? l->heap : NULL;
	if (!soon || !heap)
		return soon ? soon : heap;
	return before(soon, heap) ? soon : heap;
}

static void ran_callback(struct loop *l)
{
	if (l->observer)
		l->observer(l->observer_arg);
}

static void run_due(struct loop *l)
{
	uint64_t armed_before = l->next_seq;
	const struct loop_entry *e;

	/* Timers armed during this turn wait for the next one. */
	while (!l->stopped && (e = next_entry(l)) &&
	       e->due_ns <= l->clock.now.ns && e->seq < armed_before) {
		struct timer *t = e->timer;

		loop_disarm(l, t);
		l->fired++;
		t->fire(t);
		ran_callback(l);
	}
}

void loop_undefer(struct loop *l, struct task *t)
{
	struct task **at = &l->tasks;

	if (!t->queued)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (l->tasks_tail == &t->next)
		l->tasks_tail = at;
	t->queued = false;
}

static void run_tasks(struct loop *l)
{
	struct task *t;

	while ((t = l->tasks)) {
		l->tasks = t->next;
		if (!l->tasks)
			l->tasks_tail = &l->tasks;
		t->queued = false;
		t->run(t);
		ran_callback(l);
	}
}

static void dispatch(struct loop *l, struct epoll_event *events, int n)
{
	l->ready += n > 0 ? (unsigned)n : 0;
	l->batch = events;
	l->batch_len = n;
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;

		if (!w)
			continue;
		w->ready(w, events[i].events);
		ran_callback(l);
	}
	l->batch = NULL;
	l->batch_len = 0;
}

static int poll_once(struct loop *l, struct epoll_event *events, int ms)
{
	int n = epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, ms);

	assert(n >= 0 || errno == EINTR);
	return n;
}

static void begin_turn(struct loop *l)
{
	clock_tick(&l->clock);
	l->turns++;
	l->ready_before = l->ready;
	l->ready = 0;
}

/* One turn that does not wait. */
static void run_guest(struct loop *l)
{
	struct epoll_event events[EVENTS_PER_TURN];

	begin_turn(l);
	run_due(l);
	run_tasks(l);
	dispatch(l, events, poll_once(l, events, 0));
	run_tasks(l);
}

/* How long to wait for descriptors, if `next` is the next timer. */
static int patience_ms(struct loop *l, struct instant next)
{
	int ms = clock_poll_ms(&l->clock, next), guest_ms;
	const struct loop_entry *e;

	if (!l->guest)
		return ms;
	clock_tick(&l->guest->clock);
	e = next_entry(l->guest);
	guest_ms = e ? clock_poll_ms(&l->guest->clock, (struct instant){ e->due_ns }) : -1;
	return ms < 0 || (guest_ms >= 0 && guest_ms < ms) ? guest_ms : ms;
}

/*
 * Wait for descriptors until `next`, and run those that are ready.  While
 * something waits for the end of the turn, those belong to it as well that
 * have become ready meanwhile: what is done once for a turn is done for more.
 */
static void poll_watches(struct loop *l, struct instant next)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n = poll_once(l, events, patience_ms(l, next));

	clock_tick(&l->clock);
	dispatch(l, events, n);
	for (int i = 1; i < ROUNDS_PER_TURN && n > 0 && l->tasks && !l->stopped; i++) {
		n = poll_once(l, events, 0);
		dispatch(l, events, n);
	}
	if (l->guest)
		run_guest(l->guest);
}

static int check_progress(struct loop *l, struct instant next, struct err *err)
{
	if (next.ns > l->clock.now.ns) {
		l->turns_here = 0;
		return 0;
	}
	if (++l->turns_here < l->turn_limit)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "time stands still at %.6f s for %llu turns: something "
		       "goes round without any delay",
		       (double)l->clock.now.ns / 1e9,
		       (unsigned long long)l->turns_here);
}

int loop_run(struct loop *l, struct err *err)
{
	const struct loop_entry *e;
	struct instant next;

	l->stopped = false;
	l->turns_here = 0;
	for (;;) {
		begin_turn(l);
		run_due(l);
		run_tasks(l);
		e = next_entry(l);
		if (l->stopped || (!e && l->watches == 0))
			return 0;
		next = e ? (struct instant){ e->due_ns } : INSTANT_NEVER;
		if (l->clock.kind == CLOCK_KIND_VIRTUAL) {
			if (check_progress(l, next, err) < 0)
				return -1;
			clock_idle_until(&l->clock, next);
		} else {
			poll_watches(l, next);
			run_tasks(l);
		}
	}
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

static void control(struct loop *l, int op, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	int rc;

	assert(l->epoll_fd >= 0);	/* no sockets in virtual time */
	rc = epoll_ctl(l->epoll_fd, op, w->fd, &ev);
	/* A library may have closed it first; the kernel has let go of it then. */
	assert(rc == 0 || (op == EPOLL_CTL_DEL &&
			   (errno == EBADF || errno == ENOENT)));
}

void loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	control(l, EPOLL_CTL_ADD, w, events);
	l->watches++;
}

void loop_rewatch(struct loop *l, struct watch *w, uint32_t events)
{
	control(l, EPOLL_CTL_MOD, w, events);
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	control(l, EPOLL_CTL_DEL, w, 0);
	l->watches--;
	for (int i = 0; i < l->batch_len; i++)
		if (l->batch[i].data.ptr == w)
			l->batch[i].data.ptr = NULL;
}

/* Its descriptor only wakes us; its turn comes after each of our waits. */
static void guest_ready(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
}

void loop_host(struct loop *l, struct loop *guest)
{
	if (l->guest)
		loop_unwatch(l, &l->guest_watch);
	l->guest = guest;
	if (!guest)
		return;
	assert(guest->epoll_fd >= 0);
	l->guest_watch = (struct watch){ guest->epoll_fd, guest_ready };
	loop_watch(l, &l->guest_watch, EPOLLIN);
}
