/*
 * turns.h - workers that set a world up take turns.
 *
 * A world's beginning costs processor time (a server starts, devices report),
 * and nearly all the rest of it is waiting.  So many worlds may live at the
 * same time, if few begin at the same time: on a busy machine a good server
 * would look like a slow one.
 *
 * The one rule: a turn is a courtesy.  Who has waited long enough goes on
 * without one, and a worker that dies takes none with it.
 */
#ifndef CONFORMANCE_TURNS_H
#define CONFORMANCE_TURNS_H

#include "sim/err.h"

#include <stddef.h>
#include <stdint.h>

struct turns {
	int fd;				/* shared with processes that are forked; or -1 */
	size_t at_once;
	size_t mine;			/* this process's; at_once: none */
};

#define TURNS_NONE ((struct turns){ .fd = -1 })

/* -1: no such thing can be had; taking turns then costs nothing and does nothing. */
int turns_init(struct turns *t, size_t at_once, struct err *err);
void turns_release(struct turns *t);

/* Wait for a turn, at most so long by the machine's clock.  0: had, else -1. */
int turns_take(struct turns *t, int64_t limit_ns);
/* Whoever has none gives none back. */
void turns_give(struct turns *t);

#endif
