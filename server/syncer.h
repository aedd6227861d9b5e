/*
 * syncer.h - fsync() beside the loop instead of in its way.
 *
 * A turn's commit is in the file once it is written, and on the disk once it is
 * synced, which takes as long as serving some twenty requests.  So the server
 * goes on meanwhile, and its answers wait: see server_reply().
 *
 * One sync at a time.  What was written before it began is on the disk when it
 * is done; for the rest there has to be another.
 */
#ifndef SERVER_SYNCER_H
#define SERVER_SYNCER_H

#include "sim/loop.h"

/* The kind that the kernel does by itself is one; a test has its own. */
struct syncer {
	/* Begin.  -1 with errno: it did not. */
	int (*start)(struct syncer *y);
	/* Wait until everything is on the disk; what was begun is done then, too,
	 * and done() is not called for it.  -1 with errno: it is not. */
	int (*wait)(struct syncer *y);
	/* Whoever works at it may need our processor: let him have it. */
	void (*give_way)(struct syncer *y);
	void (*close)(struct syncer *y);
	/* The owner's: called by the loop after each start().  `error` is 0 or an
	 * errno. */
	void (*done)(struct syncer *y, int error);
	void *owner;
};

/* Of the file `path`, by the kernel's own asynchronous I/O.  NULL: it has none
 * here (a kernel before 4.18, a sandbox), or `loop` is in virtual time. */
struct syncer *syncer_open(struct loop *loop, const char *path);

#endif
