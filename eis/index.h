/*
 * index.h - finding one of many by its name: a hash table of things that
 * embed a node.
 *
 * The table owns nothing.  It cannot be walked, so that no order of hashes
 * ever reaches an answer or a log.
 */
#ifndef EIS_INDEX_H
#define EIS_INDEX_H

#include "sim/str.h"

struct index_node {
	struct index_node *next;
	uint64_t hash;
};

struct index {
	struct index_node **slots;
	size_t size, count;	/* size is 0 or a power of two */
	uint64_t salt;
	struct str (*name)(const struct index_node *);
};

/* `salt` makes collisions hard to guess for those who choose the names. */
void index_init(struct index *ix, uint64_t salt,
		struct str (*name)(const struct index_node *));
void index_release(struct index *ix);

/* NULL if there is none. */
struct index_node *index_find(const struct index *ix, struct str name);
/* The name must not be there yet, and must not change while it is in. */
void index_add(struct index *ix, struct index_node *node);
void index_remove(struct index *ix, struct index_node *node);

#endif
