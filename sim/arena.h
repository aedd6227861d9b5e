/*
 * arena.h - memory that is given back all at once.
 *
 * For what is parsed, or lives as long as a request or a run.  Memory comes
 * zeroed and aligned for any type.  There is no failure to handle: a machine
 * without memory ends the program.
 */
#ifndef SIM_ARENA_H
#define SIM_ARENA_H

#include "sim/str.h"

#include <stdarg.h>

struct arena_block;

/* Zero-initialised is empty and ready; arena_init() is not needed. */
struct arena {
	struct arena_block *blocks;	/* newest first */
	char *next, *end;		/* free space in the newest block */
};

void *arena_alloc(struct arena *a, size_t size);
/* An array of `count` items of `size` bytes; an overflow ends the program. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* Copies, NUL-terminated behind their last byte. */
struct str arena_str(struct arena *a, struct str s);
char *arena_strdup(struct arena *a, const char *z);
struct str arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Forget all allocations; one block is kept for the next use. */
void arena_clear(struct arena *a);
/* Give everything back; the arena is empty and may be used again. */
void arena_release(struct arena *a);

/* Bytes taken from the machine, for limits and statistics. */
size_t arena_size(const struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
