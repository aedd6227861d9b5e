/*
 * board.h - what the workers of a server show each other: a place for each,
 * which it alone writes, and which whoever answers /metrics or /healthz reads.
 *
 * It is memory that they share, made before they part.  A place outlives its
 * worker, and its successor counts on, so that no counter ever goes back.
 * A server without workers has a board with one place.
 */
#ifndef CLI_BOARD_H
#define CLI_BOARD_H

#include "cli/access.h"
#include "sim/socknet.h"

#include <stdatomic.h>
#include <sys/types.h>

enum board_state { BOARD_DOWN, BOARD_STARTING, BOARD_SERVING };

struct board_place {
	/* The parent writes these two, too. */
	_Atomic int state;		/* enum board_state */
	_Atomic pid_t pid;
	_Atomic int64_t beat_ns;	/* machine's time of its last turn, by the second */
	struct socknet_counts net;
	struct access_counts access;
};

struct board {
	size_t size;
	int count;
	int64_t began_ns;		/* machine's time */
	_Atomic uint64_t restarts;	/* of workers that died */
	struct board_place places[];
};

/* -1: NULL.  Each process frees its own. */
struct board *board_new(int count, struct err *err);
void board_free(struct board *b);
/* The process that asks takes a place, which another may have had before. */
struct board_place *board_take(struct board *b, int index);
/* Which worker does not serve, or has not been heard of lately: -1 if all do.
 * One that is alone is there if it asks. */
int board_missing(const struct board *b);

#endif
