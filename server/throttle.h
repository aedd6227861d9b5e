/*
 * throttle.h - so many requests in any ten seconds, and no more.
 *
 * One window slides for each user, and one for each address that sends wrong
 * credentials, because to look at those is expensive.  It is kept in steps of
 * a tenth of a second, so that a window is small however high the limit is;
 * a request counts until the step in which it came is ten seconds old.  What
 * is refused does not count.
 *
 * The windows are one flat table without pointers, so that several processes
 * can have it in common (share.h): then the limit is one for all of them.
 */
#ifndef SERVER_THROTTLE_H
#define SERVER_THROTTLE_H

#include "sim/loop.h"
#include "sim/str.h"

enum {
	THROTTLE_WINDOW_S = 10,
	THROTTLE_STEPS = 100,		/* in a window */
	THROTTLE_NAMES_MAX = 4096,	/* then the one that was idle longest goes */
	THROTTLE_NAME_MAX = 128,	/* longer ones are told apart by so much */
};

struct throttle_table;

struct throttle {
	struct loop *loop;
	unsigned limit;			/* 0: none */
	struct throttle_table *table;	/* NULL: nobody has come so far */
	bool shared;			/* the table is not ours */
};

void throttle_init(struct throttle *t, struct loop *loop, unsigned limit);
void throttle_release(struct throttle *t);

/* For processes that share a table: its size, in memory that is all zero. */
size_t throttle_table_size(void);
void throttle_table_init(struct throttle_table *table);
/* Of a throttle that has none; on a real clock. */
void throttle_share(struct throttle *t, struct throttle_table *table);

/*
 * May one more of `name` pass?  0: yes, and it is counted if `count`;
 * otherwise in how many seconds it may.
 */
int throttle_take(struct throttle *t, struct str name, bool count);
/* Names that have a window. */
size_t throttle_count(const struct throttle *t);

#endif
