/*
 * pool.h - many small jobs over a few worker processes, answered in order.
 *
 * Workers are forks of this process, so they know everything that it had
 * loaded; a job is a number, its outcome is bytes.  A worker that dies costs
 * its job and nothing else: another takes its place.  Outcomes come in the
 * order of the jobs whatever the number of workers, and whichever of them
 * was faster; but where jobs wait for each other (`turn`), as they fall.
 */
#ifndef SCENARIOS_POOL_H
#define SCENARIOS_POOL_H

#include "sim/buf.h"
#include "sim/err.h"

enum pool_outcome {
	POOL_DONE,	/* bytes: what `work` wrote */
	POOL_CRASHED,	/* bytes: how the worker ended, in words */
	POOL_NOT_RUN,	/* stopped before it was through */
};

/* Is it a job's turn? */
enum pool_turn {
	POOL_NOW,
	POOL_LATER,	/* not before another job is through */
	POOL_NEVER,	/* it need not be done: done() is not told of it */
};

struct pool {
	/* In a worker.  Nothing it changes is seen by others. */
	void (*work)(void *arg, size_t job, struct buf *out);
	/* In this process, once for every job, in order.  False: stop; all
	 * later jobs are NOT_RUN, even those that were through. */
	bool (*done)(void *arg, size_t job, enum pool_outcome outcome,
		     struct str bytes);
	/* In this process.  NULL: every job's turn is now.  Asked again whenever
	 * something has changed, until it is not LATER. */
	enum pool_turn (*turn)(void *arg, size_t job);
	void *arg;
	size_t jobs;
	size_t workers;	/* 0: no others, all in this process */
	int stop_fd;	/* readable: stop, but tell what is through; or -1 */
	size_t bytes_max;	/* of one outcome */
};

/* -1: no process could be started, `err` says why; all jobs were told of. */
int pool_run(const struct pool *p, struct err *err);

#endif
