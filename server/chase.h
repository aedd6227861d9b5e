/*
 * chase.h - looking after a running transaction at the EIS.
 *
 * Each transaction that is in progress has a chase: it places the order,
 * again and again while the EIS cannot be reached; then it asks for the
 * order every check interval, and at once when a progress call wants to
 * know.  One call at a time; whoever asks meanwhile shares its answer.
 *
 * Clients come first: of the calls that nobody waits for, only so many are on
 * their way at a time, and they begin when the loop has nothing else to do, or
 * a few now and then; the others queue.
 *
 * Of several workers on a store the owner has the chases, and it alone places
 * orders.  Another one asks the EIS by itself when a client wants to know, and
 * lets go of it with the answer.
 */
#ifndef SERVER_CHASE_H
#define SERVER_CHASE_H

#include "sim/http.h"

struct server;

/* Somebody who wants to know when the EIS has answered.  In an exchange's
 * arena; told once. */
struct waiter {
	void (*told)(struct waiter *w);
	struct waiter *next;
};

/*
 * What the EIS said last, word for word, of an order that is open, and that
 * the store knows of it.  The same words again are no news.
 */
struct heard {
	int64_t end_ms;			/* until when they mean that it is open */
	size_t id_n, words_n;
	char text[];			/* the order's id, the words */
};

struct chase {
	struct server *server;
	int64_t rid;			/* of the transaction, */
	uint64_t turn;			/* which is safe when that is (turn.h) */
	struct timer timer;		/* the next try */
	struct http_call *call;		/* on its way, or NULL */
	bool counted;			/* it is one of `calls` */
	unsigned tries;			/* that failed in a row */
	struct heard *heard;		/* NULL: ask the store */
	struct waiter *waiters, **waiters_tail;
	struct chase *next;		/* in the same bucket */
	struct chase *behind, **place;	/* in the queue; NULL: not in it */
};

/* A hash table by rid. */
struct chases {
	struct chase **buckets;
	size_t bucket_count, count;
	unsigned calls;			/* on their way that nobody waited for */
	struct chase *queue, **queue_end;	/* whose time has come */
	struct timer more;		/* fires for the queue */
	uint64_t turn;			/* of the loop, */
	unsigned begun;			/* how many calls have begun in it, */
	unsigned busy_turns;		/* and turns before it that were needed otherwise */
	int64_t seen;			/* the newest rid that the store had */
};

/* Begin to look after a transaction, as soon as it is safe. */
void chase_start(struct server *s, int64_t rid);
/* Ask the EIS now, and tell `w` when it has answered or the time is over. */
void chase_ask(struct server *s, int64_t rid, struct waiter *w);

/* Try again at once, though nobody here waits for it. */
void chase_hurry(struct server *s, int64_t rid);

/* More turns are safe. */
void chases_go_on(struct server *s);

void chases_init(struct server *s);
/* Take up every transaction that the store has in progress. */
void chases_resume(struct server *s);
/* And those that other workers have begun since. */
void chases_look(struct server *s);
/* Forget all; whoever waits is told, and finds what the store has. */
void chases_stop(struct server *s);
/* Forget all, without telling anybody. */
void chases_release(struct server *s);

#endif
