/*
 * client.h - is the eUICC that answers who it says it is, and does it speak of
 * this session?  What an SM-DP+ (SGP.22, 5.6.3) and an SM-DS (5.8.2) alike ask
 * of an AuthenticateServerResponse.
 */
#ifndef SMDP_CLIENT_H
#define SMDP_CLIENT_H

#include "proto/rsp.h"
#include "proto/status_code.h"

/* What is known of the session. */
struct smdp_client_check {
	const struct rsp_crypto *crypto;
	int64_t now_ms;			/* Unix time */
	int euicc_ci;			/* the CI under which it is to sign */
	struct str transaction_id, challenge;
	struct str address;		/* the server's own */
};

/* What the eUICC said of itself; to be believed after STATUS_OK. */
struct smdp_client {
	struct rsp_authenticate_response response;
	struct rsp_euicc_signed1 signed1;
	struct rsp_euicc_info2 info2;
	struct rsp_certificate certificate;
};

/* Certificates, signature, session.  c->response has been read, and is not `failed`. */
enum status_code smdp_client_check(const struct smdp_client_check *k,
				   struct smdp_client *c, struct err *err);

/* The same host?  Either may have ":port", since some LPAs send it. */
bool smdp_same_host(struct str a, struct str b);

#endif
