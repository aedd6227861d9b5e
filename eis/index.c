#include "eis/index.h"

#include <assert.h>
#include <stdlib.h>

enum { SIZE_FIRST = 64 };

/* FNV-1a, then one round of mixing, because the slots use the low bits. */
static uint64_t hash_of(const struct index *ix, struct str s)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325) ^ ix->salt;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001B3);
	h = (h ^ (h >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ (h >> 29);
}

void index_init(struct index *ix, uint64_t salt,
		struct str (*name)(const struct index_node *))
{
	*ix = (struct index){ .salt = salt, .name = name };
}

void index_release(struct index *ix)
{
	free(ix->slots);
	*ix = (struct index){ .salt = ix->salt, .name = ix->name };
}

struct index_node *index_find(const struct index *ix, struct str name)
{
	uint64_t hash = hash_of(ix, name);
	struct index_node *n;

	if (!ix->size)
		return NULL;
	for (n = ix->slots[hash & (ix->size - 1)]; n; n = n->next)
		if (n->hash == hash && str_eq(ix->name(n), name))
			return n;
	return NULL;
}

static void put(struct index *ix, struct index_node *node)
{
	struct index_node **slot = &ix->slots[node->hash & (ix->size - 1)];

	node->next = *slot;
	*slot = node;
}

static void grow(struct index *ix)
{
	struct index_node **old = ix->slots;
	size_t size = ix->size;

	ix->size = size ? 2 * size : SIZE_FIRST;
	ix->slots = calloc(ix->size, sizeof(struct index_node *));
	assert(ix->slots);
	for (size_t i = 0; i < size; i++) {
		struct index_node *next;

		for (struct index_node *n = old[i]; n; n = next) {
			next = n->next;
			put(ix, n);
		}
	}
	free(old);
}

void index_add(struct index *ix, struct index_node *node)
{
	assert(!index_find(ix, ix->name(node)));
	if (ix->count == ix->size)
		grow(ix);
	node->hash = hash_of(ix, ix->name(node));
	put(ix, node);
	ix->count++;
}

void index_remove(struct index *ix, struct index_node *node)
{
	struct index_node **at = &ix->slots[node->hash & (ix->size - 1)];

	while (*at != node) {
		assert(*at);	/* it is in */
		at = &(*at)->next;
	}
	*at = node->next;
	ix->count--;
}
