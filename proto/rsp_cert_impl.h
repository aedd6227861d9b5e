/*
 * rsp_cert_impl.h - what those who write certificates (rsp_cert_write.c) and those who
 * read them (rsp_cert.c) know alike.
 */
#ifndef PROTO_RSP_CERT_IMPL_H
#define PROTO_RSP_CERT_IMPL_H

#include "proto/rsp_cert.h"

enum { RSP_CERT_MAX = 16 << 10 };

enum { RSP_USAGE_SIGN = 1, RSP_USAGE_CERT = 2, RSP_USAGE_CRL = 4 };

struct rsp_cert_role_row {
	const char *name;
	unsigned policy;	/* x of 2.23.146.1.2.1.x */
	unsigned usage;		/* made with these; the checks ask for the first */
	bool ca, has_oid;
};
extern const struct rsp_cert_role_row rsp_cert_roles[RSP_ROLES];

#endif
