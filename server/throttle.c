#include "server/throttle.h"

#include "server/robust.h"

#include <assert.h>
#include <stdlib.h>

#define STEP_NS (THROTTLE_WINDOW_S * NS_PER_S / THROTTLE_STEPS)
/* Whoever has the table has it for less than a microsecond. */
#define PATIENCE_NS (100 * NS_PER_MS)

enum { BUCKETS = 2 * THROTTLE_NAMES_MAX };

/* Requests of the last steps, in a ring; `at` is the newest one's number.
 * Other windows are named by their place, counted from 1; 0 is none. */
struct window {
	uint32_t newer, older;		/* by last use */
	uint32_t same_bucket;
	uint32_t sum;
	int64_t at;
	uint32_t name_n;
	char name[THROTTLE_NAME_MAX];
	uint32_t steps[THROTTLE_STEPS];
};

struct throttle_table {
	struct robust lock;		/* if it is shared */
	uint32_t newest, oldest;
	uint32_t count;
	uint32_t buckets[BUCKETS];
	struct window windows[THROTTLE_NAMES_MAX];
};

void throttle_init(struct throttle *t, struct loop *loop, unsigned limit)
{
	*t = (struct throttle){ .loop = loop, .limit = limit };
}

void throttle_release(struct throttle *t)
{
	if (!t->shared)
		free(t->table);
	t->table = NULL;
}

size_t throttle_table_size(void)
{
	return sizeof(struct throttle_table);
}

void throttle_table_init(struct throttle_table *table)
{
	robust_init(&table->lock);
}

void throttle_share(struct throttle *t, struct throttle_table *table)
{
	assert(!t->table && t->loop->clock.kind == CLOCK_KIND_REAL);
	t->table = table;
	t->shared = true;
}

size_t throttle_count(const struct throttle *t)
{
	return t->table ? t->table->count : 0;
}

/* ---- The table. --------------------------------------------------------- */

static struct window *at(struct throttle_table *t, uint32_t place)
{
	assert(place > 0 && place <= THROTTLE_NAMES_MAX);
	return &t->windows[place - 1];
}

static uint32_t *bucket_of(struct throttle_table *t, struct str name)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * UINT64_C(1099511628211);
	return &t->buckets[(h ^ h >> 32) % BUCKETS];
}

static void unlink_window(struct throttle_table *t, uint32_t place)
{
	struct window *w = at(t, place);

	*(w->newer ? &at(t, w->newer)->older : &t->newest) = w->older;
	*(w->older ? &at(t, w->older)->newer : &t->oldest) = w->newer;
	w->newer = w->older = 0;
}

static void link_newest(struct throttle_table *t, uint32_t place)
{
	at(t, place)->older = t->newest;
	*(t->newest ? &at(t, t->newest)->newer : &t->oldest) = place;
	t->newest = place;
}

static struct str name_of(const struct window *w)
{
	return (struct str){ w->name, w->name_n };
}

/* The place of the one that was idle longest, which loses it. */
static uint32_t evict(struct throttle_table *t)
{
	uint32_t place = t->oldest, *link = bucket_of(t, name_of(at(t, place)));

	while (*link != place)
		link = &at(t, *link)->same_bucket;
	*link = at(t, place)->same_bucket;
	unlink_window(t, place);
	return place;
}

static uint32_t find(struct throttle_table *t, struct str name)
{
	uint32_t place = *bucket_of(t, name);

	while (place && !str_eq(name_of(at(t, place)), name))
		place = at(t, place)->same_bucket;
	return place;
}

static struct window *window_of(struct throttle_table *t, struct str name, int64_t step)
{
	uint32_t place, *bucket;
	struct window *w;

	if (name.n > THROTTLE_NAME_MAX)
		name.n = THROTTLE_NAME_MAX;
	place = find(t, name);
	if (place) {
		unlink_window(t, place);
	} else {
		place = t->count < THROTTLE_NAMES_MAX ? ++t->count : evict(t);
		bucket = bucket_of(t, name);
		w = at(t, place);
		*w = (struct window){ .at = step, .name_n = (uint32_t)name.n,
				      .same_bucket = *bucket };
		memcpy(w->name, name.p, name.n);
		*bucket = place;
	}
	link_newest(t, place);
	return at(t, place);
}

/* ---- A window. ---------------------------------------------------------- */

/* Forget the steps that are too old.  Another process may be ahead of us. */
static void slide(struct window *w, int64_t step)
{
	int64_t passed = step - w->at;

	if (passed <= 0)
		return;
	if (passed > THROTTLE_STEPS)
		passed = THROTTLE_STEPS;
	for (int64_t i = 1; i <= passed; i++) {
		uint32_t *old = &w->steps[(step - passed + i) % THROTTLE_STEPS];

		w->sum -= *old;
		*old = 0;
	}
	w->at = step;
}

/* Whole seconds until the oldest ones have left, at least 1. */
static int wait_s(const struct window *w)
{
	int64_t steps = 1;

	/* The oldest step in the ring is the next one to be forgotten. */
	while (steps < THROTTLE_STEPS && !w->steps[(w->at + steps) % THROTTLE_STEPS])
		steps++;
	return (int)((steps * STEP_NS + NS_PER_S - 1) / NS_PER_S);
}

static int take(struct throttle *t, struct str name, int64_t step, bool count)
{
	struct window *w = window_of(t->table, name, step);

	slide(w, step);
	if (w->sum >= t->limit)
		return wait_s(w);
	if (count) {
		w->steps[w->at % THROTTLE_STEPS]++;
		w->sum++;
	}
	return 0;
}

/* ---- In common. --------------------------------------------------------- */

/* Whoever had it may have died in the middle of a change: begin anew. */
static void forget_all(struct throttle_table *t)
{
	t->newest = t->oldest = t->count = 0;
	memset(t->buckets, 0, sizeof(t->buckets));
}

/* Processes began at different times: the machine's time is common to all. */
static int take_shared(struct throttle *t, struct str name, bool count)
{
	int64_t ns = t->loop->clock.start_ns + loop_now(t->loop).ns;
	int wait = 0;

	switch (robust_take(&t->table->lock, PATIENCE_NS)) {
	case ROBUST_LATE:
		return 0;	/* one that is stopped must not stop the others */
	case ROBUST_INHERITED:
		forget_all(t->table);
		break;
	case ROBUST_TAKEN:
		break;
	}
	wait = take(t, name, ns / STEP_NS, count);
	robust_give(&t->table->lock);
	return wait;
}

int throttle_take(struct throttle *t, struct str name, bool count)
{
	if (!t->limit)
		return 0;
	if (t->shared)
		return take_shared(t, name, count);
	if (!t->table)
		t->table = calloc(1, sizeof(*t->table));
	assert(t->table);
	return take(t, name, loop_now(t->loop).ns / STEP_NS, count);
}
