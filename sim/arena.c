#include "sim/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 2048, ALIGN = alignof(max_align_t) };

struct arena_block {
	struct arena_block *older;
	size_t size;			/* of `data` */
	alignas(max_align_t) char data[];
};

static size_t round_up(size_t n)
{
	assert(n <= SIZE_MAX - ALIGN);
	return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static void use_block(struct arena *a, struct arena_block *b)
{
	a->next = b->data;
	a->end = b->data + b->size;
}

/* Blocks double, so that a large arena has few. */
static void grow(struct arena *a, size_t need)
{
	size_t size = a->blocks ? a->blocks->size * 2 : BLOCK_SIZE;
	struct arena_block *b;

	if (size > 1 << 20)
		size = 1 << 20;
	if (size < need)
		size = need;
	b = malloc(sizeof(*b) + size);
	assert(b);
	b->older = a->blocks;
	b->size = size;
	a->blocks = b;
	use_block(a, b);
}

/* Not zeroed. */
static void *take(struct arena *a, size_t size)
{
	size_t need = round_up(size ? size : 1);
	void *p;

	if ((size_t)(a->end - a->next) < need)
		grow(a, need);
	p = a->next;
	a->next += need;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(take(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	assert(size == 0 || count <= SIZE_MAX / 2 / size);
	return arena_alloc(a, count * size);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *copy = take(a, s.n + 1);

	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return (struct str){ copy, s.n };
}

char *arena_strdup(struct arena *a, const char *z)
{
	size_t size = strlen(z) + 1;

	return memcpy(take(a, size), z, size);
}

/* Most texts fit into what is left of the block: then one pass is enough. */
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	size_t room = (size_t)(a->end - a->next);
	va_list again;
	char *text = a->next;
	int len;

	va_copy(again, ap);
	len = vsnprintf(text, room, fmt, again);
	va_end(again);
	assert(len >= 0);
	if ((size_t)len < room && round_up((size_t)len + 1) <= room) {
		a->next += round_up((size_t)len + 1);
		return (struct str){ text, (size_t)len };
	}
	text = take(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	return (struct str){ text, (size_t)len };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct str s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

/* Free all blocks but `keep`. */
static void drop(struct arena *a, const struct arena_block *keep)
{
	struct arena_block *b = a->blocks, *older;

	for (; b; b = older) {
		older = b->older;
		if (b != keep)
			free(b);
	}
}

void arena_clear(struct arena *a)
{
	struct arena_block *keep = a->blocks;

	if (!keep)
		return;
	drop(a, keep);
	keep->older = NULL;
	a->blocks = keep;
	use_block(a, keep);
}

void arena_release(struct arena *a)
{
	drop(a, NULL);
	*a = (struct arena){ 0 };
}

size_t arena_size(const struct arena *a)
{
	size_t total = 0;

	for (const struct arena_block *b = a->blocks; b; b = b->older)
		total += sizeof(*b) + b->size;
	return total;
}
