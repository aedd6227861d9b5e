/*
 * workers.h - a process that starts others, and sees to it that they live.
 *
 * The parent answers no requests and opens no database; so nothing of that
 * crosses a fork.  It has the signals: SIGTERM and SIGINT end all workers,
 * SIGHUP has them reload, the first one before the others.  Words go over a
 * socket to each (service.h).
 *
 * The first worker starts before the others: what it makes ready is there for
 * them.  If any ends before all have begun to serve, so does everything.
 * Later one that dies is replaced; one that dies again and again, after a
 * pause.
 */
#ifndef CLI_WORKERS_H
#define CLI_WORKERS_H

#include "cli/board.h"
#include "cli/service.h"

struct workers;

struct worker {
	struct workers *all;
	int index;
	pid_t pid;			/* 0: none */
	struct watch words;		/* our end of its socket */
	struct timer restart;
	int64_t began_ns;
	unsigned short_lives;		/* in a row */
	bool serving, reloading, quiet;
};

struct workers {
	const struct verb *verb;
	struct board *board;		/* with a place for each */
	const char *ready;		/* what to say when all serve */
	int64_t grace_ns;		/* for a worker to end; then it is killed */
	/* In the new process: serve, and return its exit code. */
	int (*work)(struct workers *w, int index, int parent_fd);
	/* SIGHUP: read the settings again, for workers that start later. */
	void (*renew)(struct workers *w);
	/* Connections to the worker's sockets wait for it, or go to others. */
	void (*accepts)(struct workers *w, int index, bool does);
	/* One has died, perhaps before it told another what there is to do. */
	void (*died)(struct workers *w);
	/* No more connections to anybody. */
	void (*closes)(struct workers *w);
	/* Its own. */
	struct loop loop;
	struct watch signals;
	struct timer last_resort;
	struct worker *list;
	int alive;
	bool all_served, reload_again, all_quiet;
	int stopping;			/* how often it was told to */
	int exit_code;
};

/* Returns the exit code when all have ended. */
int workers_run(struct workers *w);

#endif
