/*
 * rsp_upp.h - the unprotected profile package: what a profile is before an
 * SM-DP+ binds it to an eUICC, and what the eUICC makes the profile of.
 *
 * A row of profile elements in the interoperable format (SAIP; its PEDefinitions
 * module, tags numbered automatically): a header that carries the ICCID, the
 * file system, codes, keys, an end.  rsp_upp_write() makes a small one;
 * rsp_upp_read() reads any, also those of others, as far as a simulated card
 * has to: it checks the form of every element, and counts memory.
 *
 * The memory of a profile is the bytes of its package, where every file counts
 * by the size that it is created with: so a small package can stand for a large
 * profile, and the number is the same at both ends.
 */
#ifndef PROTO_RSP_UPP_H
#define PROTO_RSP_UPP_H

#include "proto/iccid.h"
#include "proto/profile.h"
#include "sim/buf.h"
#include "sim/err.h"

enum { RSP_UPP_MAX = 1 << 20 };		/* bytes of a package */

/* ---- Making. ---------------------------------------------------------------- */

struct rsp_upp_spec {
	struct str iccid;
	struct str name;		/* profileType; may be empty */
	enum profile_class class;	/* a test profile has the known key */
	uint32_t memory;		/* in all; less than the package has is its size */
};

void rsp_upp_write(struct buf *out, const struct rsp_upp_spec *spec);

/* ---- Reading. ----------------------------------------------------------------- */

/* status of a PEStatus: why an element was not taken. */
enum rsp_pe_status {
	RSP_PE_OK = 0,
	RSP_PE_NOT_SUPPORTED = 1,
	RSP_PE_BAD_VALUES = 3,
	RSP_PE_FORMAT = 5,		/* invalid-request-format */
	RSP_PE_VERSION = 31,		/* unsupported-profile-version */
};

struct rsp_upp {
	char iccid[ICCID_SIZE];		/* of the header; "" if it was not reached */
	struct str name;		/* profileType, or STR_NONE; points into the bytes */
	uint32_t memory;
	unsigned elements;
	bool has_key;			/* of a network application */
	bool secret_key;		/* one of them is not a key that everybody knows */
	/* If it was refused: */
	enum rsp_pe_status status;
	int identification;		/* of the element; -1: it has none */
};

/* -1: an element was refused; `u->status` and `identification` say which and how. */
int rsp_upp_read(struct str upp, struct rsp_upp *u, struct err *err);

/* An EUICCResponse with that status of the element; for a result's simaResponse. */
void rsp_upp_response(struct buf *out, const struct rsp_upp *u);

#endif
