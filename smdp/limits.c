/* How often one client may ask. */
#include "smdp/internal.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CALLERS_MAX = 4096,	/* then the one whose window began first goes */
	NAME_MAX_BYTES = 63,	/* longer ones are told apart by so much */
};
#define WINDOW_NS (10 * NS_PER_S)

/* A client, and its window: ten seconds that begin with a request. */
struct smdp_caller {
	char name[NAME_MAX_BYTES + 1];
	uint64_t count;
	int64_t since_ns;
	struct smdp_caller *next;	/* whose window began later */
};

static struct str name_of(const struct smdp_caller *c)
{
	return str_of(c->name);
}

static void forget_first(struct smdp *s)
{
	struct smdp_caller *c = s->callers;

	map_take(&s->by_caller, name_of(c));
	s->callers = c->next;
	if (!s->callers)
		s->callers_tail = &s->callers;
	s->caller_count--;
	free(c);
}

static struct smdp_caller *add(struct smdp *s, struct str name, int64_t now_ns)
{
	struct smdp_caller *c = calloc(1, sizeof(*c));

	assert(c);
	memcpy(c->name, name.p, name.n);
	c->since_ns = now_ns;
	*s->callers_tail = c;
	s->callers_tail = &c->next;
	s->caller_count++;
	map_put(&s->by_caller, name_of(c), c);
	return c;
}

int smdp_take_turn(struct smdp *s, struct str from)
{
	int64_t now_ns = loop_now(s->loop).ns;
	struct smdp_caller *c;

	if (!s->throttle)
		return 0;
	if (from.n > NAME_MAX_BYTES)
		from.n = NAME_MAX_BYTES;
	while (s->callers && now_ns - s->callers->since_ns >= WINDOW_NS)
		forget_first(s);
	c = map_get(&s->by_caller, from);
	if (!c && s->caller_count == CALLERS_MAX)
		forget_first(s);
	if (!c)
		c = add(s, from, now_ns);
	if (c->count < s->throttle) {
		c->count++;
		return 0;
	}
	return (int)((c->since_ns + WINDOW_NS - now_ns + NS_PER_S - 1) / NS_PER_S);
}

void smdp_callers_free(struct smdp *s)
{
	while (s->callers)
		forget_first(s);
	map_release(&s->by_caller);
}
