/*
 * throttle.h - so many requests in any ten seconds, and no more.
 *
 * One window slides for each user, and one for each address that sends wrong
 * credentials, because to look at those is expensive.  It is kept in steps of
 * a tenth of a second, so that a window is small however high the limit is;
 * a request counts until the step in which it came is ten seconds old.  What
 * is refused does not count.
 */
#ifndef SERVER_THROTTLE_H
#define SERVER_THROTTLE_H

#include "sim/loop.h"
#include "sim/map.h"

enum {
	THROTTLE_WINDOW_S = 10,
	THROTTLE_STEPS = 100,		/* in a window */
	THROTTLE_NAMES_MAX = 4096,	/* then the one that was idle longest goes */
};

struct throttle_window;

struct throttle {
	struct loop *loop;
	unsigned limit;			/* 0: none */
	struct map by_name;
	struct throttle_window *newest, *oldest;	/* by last use */
	size_t count;
};

void throttle_init(struct throttle *t, struct loop *loop, unsigned limit);
void throttle_release(struct throttle *t);

/*
 * May one more of `name` pass?  0: yes, and it is counted if `count`;
 * otherwise in how many seconds it may.
 */
int throttle_take(struct throttle *t, struct str name, bool count);

#endif
