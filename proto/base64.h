/*
 * base64.h - bytes as text in JSON (RFC 4648, section 4).
 *
 * Reading is strict: the usual alphabet, padded, no white space, no stray
 * bits.  One text, one meaning.
 */
#ifndef PROTO_BASE64_H
#define PROTO_BASE64_H

#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/err.h"

void base64_encode(struct buf *out, struct str bytes);
/* Into memory of `a`; the result's p is never NULL. */
int base64_decode(struct arena *a, struct str text, struct str *bytes,
		  struct err *err);

#endif
