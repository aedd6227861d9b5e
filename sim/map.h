/*
 * map.h - from a string to a pointer: identifiers to records, names to devices.
 *
 * Open addressing.  Keys are not copied: they must live, unchanged, as long
 * as their entry.  There is no walking through a map, on purpose: its order
 * would leak into the event log.  Keep a list beside it.
 */
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include "sim/str.h"

struct map_entry {
	struct str key;		/* p NULL: free */
	uint64_t hash;
	void *value;
};

/* Zero-initialised is empty and ready. */
struct map {
	struct map_entry *entries;
	size_t count, cap;
};

void map_release(struct map *m);
/* NULL if there is none. */
void *map_get(const struct map *m, struct str key);
/* Adds, or replaces the value (the old key stays).  `value` is not NULL. */
void map_put(struct map *m, struct str key, void *value);
/* Takes it out and returns its value, or NULL. */
void *map_take(struct map *m, struct str key);

#endif
