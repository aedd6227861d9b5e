/*
 * loop.h - one thread, one loop: timers, file descriptors, and time.
 *
 * A turn: read the clock; run the timers that are due, oldest first, ties in
 * the order they were armed; wait for descriptors until the next timer; run
 * theirs, and if a task waits for the end of the turn, those of descriptors that
 * became ready meanwhile, a few times; then the tasks.  Callbacks
 * never run from inside the call that armed them.  A timer armed during a
 * turn fires in a later turn, even with no delay.
 *
 * An object may be freed in its own callback only if nothing of it is armed
 * and its caller does not use it afterwards; otherwise put the freeing off
 * with loop_defer().
 */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

#include "sim/clock.h"

#include <sys/epoll.h>

struct loop;

/* Embedded in its owner, who may free it whenever it is not armed. */
struct timer {
	void (*fire)(struct timer *);
	size_t slot;		/* where the loop keeps it; 0 if idle */
};

struct watch {
	int fd;
	void (*ready)(struct watch *, uint32_t events);
};

/* Something to do at the end of this turn.  Embedded like a timer. */
struct task {
	void (*run)(struct task *);
	struct task *next;
	bool queued;
};

/* A timer in the loop, with its order beside it: (due, seq). */
struct loop_entry {
	int64_t due_ns;
	uint64_t seq;
	struct timer *timer;	/* NULL in `soon` if it was disarmed */
};

struct loop {
	struct clock clock;
	int epoll_fd;			/* -1 in virtual time */
	int watches;
	bool stopped;
	struct epoll_event *batch;	/* being dispatched, or NULL */
	int batch_len;
	uint64_t next_seq;
	struct loop_entry *heap;	/* timers with a delay */
	size_t heap_len, heap_cap;
	struct loop_entry *soon;	/* ring of timers without delay */
	size_t soon_head, soon_len, soon_cap;
	size_t soon_armed;		/* how many of them are not disarmed */
	struct task *tasks, **tasks_tail;
	uint64_t turns;			/* all */
	unsigned ready, ready_before;	/* descriptors of this turn, and the last */
	uint64_t fired;			/* timers that ran */
	uint64_t turns_here;		/* since virtual time last moved */
	uint64_t turn_limit;
	struct loop *guest;		/* or NULL */
	struct watch guest_watch;
	void (*observer)(void *);	/* after each callback, or NULL */
	void *observer_arg;
};

/* How many turns at one virtual instant are taken for a cycle. */
enum { LOOP_TURN_LIMIT = 100000 };

void loop_init(struct loop *l, enum clock_kind kind, double rate,
	       int64_t unix_epoch_ms);
/* Nothing may be armed or watched any more. */
void loop_release(struct loop *l);

/*
 * Run until loop_stop(), or until nothing is left that could happen: 0.
 * -1 with ERR_LIMIT if virtual time stands still for `turn_limit` turns,
 * which only a cycle of timers without delay does.
 */
int loop_run(struct loop *l, struct err *err);
void loop_stop(struct loop *l);

/*
 * Another loop, with a clock of its own, that lives in `l` from now on (NULL:
 * no longer): while `l` runs, it waits for both, and runs the guest's turns
 * between its own.  Not in virtual time.  So what controls a simulation can
 * be on the real clock, and outlive it.
 */
void loop_host(struct loop *l, struct loop *guest);

static inline struct instant loop_now(const struct loop *l)
{
	return l->clock.now;
}

/*
 * Fire `t` once, `delay_ns` from now (0: in the next turn).  Arming it again
 * moves it.  INT64_MAX, or a time that cannot be reached, is never.
 */
void loop_arm(struct loop *l, struct timer *t, int64_t delay_ns);
void loop_disarm(struct loop *l, struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->slot != 0;
}

/* When the next timer with a delay is due, or INSTANT_NEVER. */
static inline struct instant loop_next(const struct loop *l)
{
	return l->heap_len ? (struct instant){ l->heap[0].due_ns } : INSTANT_NEVER;
}

/* Run `t` at the end of this turn, behind those already put off. */
void loop_defer(struct loop *l, struct task *t);
/* It will not run, if it was put off. */
void loop_undefer(struct loop *l, struct task *t);

/* Was any descriptor ready in the turn before?  What can wait may do so. */
static inline bool loop_was_busy(const struct loop *l)
{
	return l->ready_before > 0;
}

/* Descriptors, never in virtual time: bytes in the kernel are invisible to it. */
void loop_watch(struct loop *l, struct watch *w, uint32_t events);
void loop_rewatch(struct loop *l, struct watch *w, uint32_t events);
/* `w` may be freed at once: events already fetched for it are dropped. */
void loop_unwatch(struct loop *l, struct watch *w);

#endif
