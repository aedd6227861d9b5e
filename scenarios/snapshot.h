/*
 * snapshot.h - the state of a living world as one JSON document, and a world
 * made of it: what all parties would keep if their power failed now.
 *
 *	server     its database
 *	EIS        orders
 *	SM-DP+s    profiles
 *	devices    flash
 *	the rig    what was added to the world file, codes, quirks, the time
 *
 * The one rule: it is of the same world file and seed, or it is refused.
 */
#ifndef SCENARIOS_SNAPSHOT_H
#define SCENARIOS_SNAPSHOT_H

#include "scenarios/live.h"

enum { SNAPSHOT_MAX = 64 << 20 };

void snapshot_write(const struct live *l, struct buf *out);

/*
 * Is it one that this process could go on with?  -1: no, and why; the rest of
 * it is only seen when it is restored.  `*seed` and `*at` are those of the world.
 */
int snapshot_check(const struct live *l, struct str text, uint64_t *seed,
		   struct instant *at, struct err *err);
/* The server's database in it. */
struct store *snapshot_store(struct str text, struct err *err);
/* Into a world that was just made of the same file and seed, and in which
 * nothing has happened. */
int snapshot_read(struct live *l, struct world *w, struct str text, struct err *err);
/* What the life in it has taken, this one gives back. */
void snapshot_owe(struct life *life, struct str text);

#endif
