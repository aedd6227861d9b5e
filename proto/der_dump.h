/*
 * der_dump.h - DER of SGP.22 for people: a line for each TLV, with SGP.22's name
 * where a description of the message has one (rsp.h).
 *
 *	BF38 AuthenticateServerResponse, 1043 bytes
 *	  A0 authenticateResponseOk, 1039 bytes
 *	    30 euiccSigned1, 134 bytes
 *	      80 transactionId: 0102030405060708
 */
#ifndef PROTO_DER_DUMP_H
#define PROTO_DER_DUMP_H

#include "sim/buf.h"
#include "sim/err.h"

enum { DER_DUMP_SHOWN = 32 };	/* bytes of a value that are shown, unless all are */

/*
 * Every TLV in `bytes`, added to `out`.  -1: from some place on they are none;
 * `err` says where, and what stood before is in `out`.
 */
int der_dump(struct str bytes, bool all, struct buf *out, struct err *err);

#endif
