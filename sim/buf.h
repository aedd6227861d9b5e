/*
 * buf.h - bytes that grow, up to a maximum given when the buffer is made.
 *
 * What goes over the maximum is not added and marks the buffer `over`: the
 * writer goes on, and whoever uses the result looks at `over` once.  The
 * bytes are NUL-terminated behind the last one, for C functions.
 */
#ifndef SIM_BUF_H
#define SIM_BUF_H

#include "sim/str.h"

#include <stdarg.h>

struct buf {
	char *p;	/* owned; NULL while empty and never grown */
	size_t n;
	size_t cap;
	size_t max;
	bool over;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
/* Empty it, keep the memory. */
void buf_clear(struct buf *b);

/* Make room for `n` more bytes and a NUL; false if that is over the maximum. */
bool buf_reserve(struct buf *b, size_t n);

/* These are inline because a JSON writer lives on them. */
static inline void buf_add(struct buf *b, const void *bytes, size_t n)
{
	if ((b->over || b->cap - b->n <= n || n > b->max - b->n) &&
	    !buf_reserve(b, n))
		return;
	if (n)
		memcpy(b->p + b->n, bytes, n);
	b->n += n;
	b->p[b->n] = '\0';
}

static inline void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

static inline void buf_z(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_u64(struct buf *b, uint64_t v);

static inline struct str buf_view(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

#endif
