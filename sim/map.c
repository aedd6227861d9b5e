#include "sim/map.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ (h >> 32);
}

/* Eight bytes at a time; not a defence against chosen keys. */
static uint64_t hash_of(struct str key)
{
	uint64_t h = key.n, word;
	size_t i = 0;

	for (; i + sizeof(word) <= key.n; i += sizeof(word)) {
		memcpy(&word, key.p + i, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, key.p + i, key.n - i);
	return mix(h, word);
}

void map_release(struct map *m)
{
	free(m->entries);
	*m = (struct map){ 0 };
}

/* The entry of `key`, or the free one where it would go. */
static struct map_entry *seek(const struct map *m, struct str key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	for (;; i = (i + 1) & (m->cap - 1)) {
		struct map_entry *e = &m->entries[i];

		if (!e->key.p || (e->hash == hash && str_eq(e->key, key)))
			return e;
	}
}

static void grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap ? 2 * old.cap : 16;
	m->entries = calloc(m->cap, sizeof(*m->entries));
	assert(m->entries);
	for (size_t i = 0; i < old.cap; i++)
		if (old.entries[i].key.p)
			*seek(m, old.entries[i].key, old.entries[i].hash) =
				old.entries[i];
	free(old.entries);
}

void *map_get(const struct map *m, struct str key)
{
	return m->count ? seek(m, key, hash_of(key))->value : NULL;
}

void map_put(struct map *m, struct str key, void *value)
{
	uint64_t hash = hash_of(key);
	struct map_entry *e;

	assert(key.p && value);
	if (m->cap * 2 <= m->count * 3)		/* at most two thirds full */
		grow(m);
	e = seek(m, key, hash);
	if (!e->key.p) {
		*e = (struct map_entry){ key, hash, value };
		m->count++;
	}
	e->value = value;
}

void *map_take(struct map *m, struct str key)
{
	struct map_entry *e;
	void *value;
	size_t hole, i;

	if (!m->count || !(e = seek(m, key, hash_of(key)))->key.p)
		return NULL;
	value = e->value;
	m->count--;
	/* Move back what had to step over the hole, so that seek() still
	 * finds it. */
	hole = i = (size_t)(e - m->entries);
	for (;;) {
		size_t home;

		i = (i + 1) & (m->cap - 1);
		if (!m->entries[i].key.p)
			break;
		home = m->entries[i].hash & (m->cap - 1);
		if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
			m->entries[hole] = m->entries[i];
			hole = i;
		}
	}
	m->entries[hole] = (struct map_entry){ 0 };
	return value;
}
