/*
 * hex.h - bytes as pairs of hexadecimal digits.  Written in upper case, read
 * in either.
 */
#ifndef PROTO_HEX_H
#define PROTO_HEX_H

#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/err.h"

void hex_encode(struct buf *out, struct str bytes);
struct str hex_of(struct arena *a, struct str bytes);
/* Into memory of `a`; the result's p is never NULL. */
int hex_decode(struct arena *a, struct str text, struct str *bytes,
	       struct err *err);

#endif
