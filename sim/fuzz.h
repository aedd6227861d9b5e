/*
 * fuzz.h - for fuzz targets only: choices made by the input, from its front.
 * At its end everything is zero or empty.
 */
#ifndef SIM_FUZZ_H
#define SIM_FUZZ_H

#include "sim/str.h"

static inline struct str fuzz_bytes(struct str *in, size_t n)
{
	struct str s = { in->p, n < in->n ? n : in->n };

	*in = (struct str){ in->p + s.n, in->n - s.n };
	return s;
}

static inline unsigned fuzz_byte(struct str *in)
{
	struct str s = fuzz_bytes(in, 1);

	return s.n ? (unsigned char)s.p[0] : 0;
}

#endif
