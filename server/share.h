/*
 * share.h - what several servers on one store have in common besides it: the
 * workers of `esimrig server --workers N`, each a process of its own.
 *
 * It is memory, made before they part.  One of them is the owner of all that
 * happens by itself: placing orders, looks at running transactions, time
 * limits.  The others answer requests, and ring its bell when they have
 * committed something that it has to see to; what that is stands in the store.
 *
 * The one rule: any of them may be killed at any moment.  A lock goes to the
 * next, and nothing here is lost that the store does not hold.
 */
#ifndef SERVER_SHARE_H
#define SERVER_SHARE_H

#include "server/throttle.h"
#include "sim/err.h"

struct share;

struct share *share_new(struct err *err);
/* In each process; the memory goes with the last of them. */
void share_free(struct share *sh);

/* The turn to write in the store; false if it did not come in time. */
bool share_take_turn(struct share *sh, int64_t patience_ns);
void share_give_turn(struct share *sh);

/* Something was committed: whoever reads from now on sees it. */
void share_committed(struct share *sh);
uint64_t share_commits(const struct share *sh);

/* The bell: a descriptor that is readable when somebody rang it. */
int share_bell(const struct share *sh);
void share_ring(struct share *sh);
/* The owner has heard it, and is about to look. */
void share_heard(struct share *sh);

/* Tell the owner that a client waits for that transaction's order to be placed.
 * It is a hint; the bell rings, too. */
void share_ask(struct share *sh, int64_t rid);
/* For the owner: one that was asked for, or 0. */
int64_t share_asked(struct share *sh);

/* Windows of throttles. */
enum share_throttle { SHARE_REQUESTS, SHARE_GUESSES, SHARE_THROTTLES };
struct throttle_table *share_throttle(struct share *sh, enum share_throttle which);

#endif
