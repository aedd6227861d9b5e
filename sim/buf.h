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

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_char(struct buf *b, char c);
void buf_str(struct buf *b, struct str s);
void buf_z(struct buf *b, const char *z);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_u64(struct buf *b, uint64_t v);

static inline struct str buf_view(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

#endif
