#include "server/throttle.h"

#include <assert.h>
#include <stdlib.h>

#define STEP_NS (THROTTLE_WINDOW_S * NS_PER_S / THROTTLE_STEPS)

/* Requests of the last steps, in a ring; `at` is the newest one's number. */
struct throttle_window {
	struct str name;		/* owned */
	int64_t at;
	unsigned sum;
	unsigned steps[THROTTLE_STEPS];
	struct throttle_window *newer, *older;
};

void throttle_init(struct throttle *t, struct loop *loop, unsigned limit)
{
	*t = (struct throttle){ .loop = loop, .limit = limit };
}

static void unlink_window(struct throttle *t, struct throttle_window *w)
{
	*(w->newer ? &w->newer->older : &t->newest) = w->older;
	*(w->older ? &w->older->newer : &t->oldest) = w->newer;
	w->newer = w->older = NULL;
}

static void link_newest(struct throttle *t, struct throttle_window *w)
{
	w->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = w;
	t->newest = w;
}

static void drop(struct throttle *t, struct throttle_window *w)
{
	map_take(&t->by_name, w->name);
	unlink_window(t, w);
	t->count--;
	free((char *)(uintptr_t)w->name.p);
	free(w);
}

void throttle_release(struct throttle *t)
{
	while (t->oldest)
		drop(t, t->oldest);
	map_release(&t->by_name);
}

static struct throttle_window *window_of(struct throttle *t, struct str name,
					 int64_t step)
{
	struct throttle_window *w = map_get(&t->by_name, name);
	char *copy;

	if (w) {
		unlink_window(t, w);
	} else {
		if (t->count == THROTTLE_NAMES_MAX)
			drop(t, t->oldest);
		w = calloc(1, sizeof(*w));
		copy = malloc(name.n + 1);
		assert(w && copy);
		memcpy(copy, name.p, name.n);
		w->name = (struct str){ copy, name.n };
		w->at = step;
		map_put(&t->by_name, w->name, w);
		t->count++;
	}
	link_newest(t, w);
	return w;
}

/* Forget the steps that are too old. */
static void slide(struct throttle_window *w, int64_t step)
{
	int64_t passed = step - w->at;

	if (passed > THROTTLE_STEPS)
		passed = THROTTLE_STEPS;
	for (int64_t i = 1; i <= passed; i++) {
		unsigned *old = &w->steps[(step - passed + i) % THROTTLE_STEPS];

		w->sum -= *old;
		*old = 0;
	}
	w->at = step;
}

/* Whole seconds until the oldest ones have left, at least 1. */
static int wait_s(const struct throttle_window *w)
{
	int64_t steps = 1;

	/* The oldest step in the ring is the next one to be forgotten. */
	while (steps < THROTTLE_STEPS && !w->steps[(w->at + steps) % THROTTLE_STEPS])
		steps++;
	return (int)((steps * STEP_NS + NS_PER_S - 1) / NS_PER_S);
}

int throttle_take(struct throttle *t, struct str name, bool count)
{
	int64_t step = loop_now(t->loop).ns / STEP_NS;
	struct throttle_window *w;

	if (!t->limit)
		return 0;
	w = window_of(t, name, step);
	slide(w, step);
	if (w->sum >= t->limit)
		return wait_s(w);
	if (count) {
		w->steps[step % THROTTLE_STEPS]++;
		w->sum++;
	}
	return 0;
}
