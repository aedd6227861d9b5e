/*
 * robust.h - a lock between processes.
 *
 * It stands in memory that they share.  Who holds it may be killed: then the
 * next one gets it at once, and is told that what it guards may be half done.
 */
#ifndef SERVER_ROBUST_H
#define SERVER_ROBUST_H

#include <pthread.h>
#include <stdint.h>

struct robust {
	pthread_mutex_t mutex;
};

enum robust_taken {
	ROBUST_LATE,		/* the patience was not enough */
	ROBUST_TAKEN,
	ROBUST_INHERITED,	/* from one who died with it */
};

/* Before the processes part. */
void robust_init(struct robust *r);
enum robust_taken robust_take(struct robust *r, int64_t patience_ns);
void robust_give(struct robust *r);

#endif
