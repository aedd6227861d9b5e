/*
 * party_tls.h - how a verb serves https with a certificate of its own keys, and
 * how it knows others by them.
 */
#ifndef CLI_PARTY_TLS_H
#define CLI_PARTY_TLS_H

#include "proto/rsp_pki.h"
#include "sim/arena.h"
#include "sim/socknet.h"

struct party_tls {
	struct rsp_pki *pki;		/* NULL: none */
	enum rsp_role role;		/* RSP_ROLE_DP_TLS or _DS_TLS */
	struct str oid;			/* registered id, content bytes */
	struct str address;		/* its own name; may end in ":port" */
	struct str cert, key;		/* files brought instead, or empty; cert "none": http */
};

/* 1 with what to serve https with (in `a`), 0 for http, -1. */
int party_tls(const struct party_tls *w, struct arena *a, struct socknet_tls *tls,
	      struct err *err);

/*
 * The CIs of the keys as a file in memory, for libcurl: its descriptor, which
 * is the caller's to close, with `*path`; or -1.
 */
int party_ci_file(const struct rsp_pki *pki, struct arena *a, const char **path,
		  struct err *err);

#endif
