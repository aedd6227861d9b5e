/*
 * rsp_pki.h - who has which key and certificate: the CIs that a world trusts,
 * and below them EUMs, eUICCs, SM-DP+s and SM-DSs.
 *
 * A set may be made here (one CI for each curve) or be brought by its user,
 * certificates and keys in any order (rsp_pki_add_...): a key belongs to the
 * certificate with its public point.  What is not there is made when somebody
 * asks for it, if the key of its issuer is there.
 *
 * With `repeatable`, everything follows from the seed: the same keys, the same
 * certificates, the same signatures.  That is for simulated worlds alone.
 */
#ifndef PROTO_RSP_PKI_H
#define PROTO_RSP_PKI_H

#include "proto/rsp_cert.h"

enum { RSP_CI_MAX = 8 };

struct rsp_pki;

struct rsp_pki_config {
	uint64_t seed;
	bool repeatable;
	int64_t not_before_ms, not_after_ms;	/* of what is made; 0: 2020 to 2049 */
};

struct rsp_pki *rsp_pki_new(const struct rsp_pki_config *config);
void rsp_pki_free(struct rsp_pki *p);
/* The machine's randomness is not used at all. */
bool rsp_pki_repeatable(const struct rsp_pki *p);

/* Make a CI on that curve. */
void rsp_pki_make_ci(struct rsp_pki *p, enum rsp_curve curve);

/* PEM or DER.  A second certificate of the same bytes is passed over. */
int rsp_pki_add_certificate(struct rsp_pki *p, struct str bytes, struct err *err);
int rsp_pki_add_key(struct rsp_pki *p, struct str bytes, struct err *err);
/* A list of revoked certificates; its CI must be there already. */
int rsp_pki_add_crl(struct rsp_pki *p, struct str bytes, struct err *err);

/* ---- CIs. ------------------------------------------------------------------- */

/* Those whose certificate is there, in the order in which they came. */
size_t rsp_pki_ci_count(const struct rsp_pki *p);
const struct rsp_cert *rsp_pki_ci(const struct rsp_pki *p, size_t ci);
/* By key identifier; -1 if it is not one of them. */
int rsp_pki_find_ci(const struct rsp_pki *p, struct str key_id);
bool rsp_pki_revoked(const struct rsp_pki *p, const struct rsp_cert *c);
/* A certificate is good only if its CI's list is there, and current: 0 or -1 with
 * ERR_NOT_FOUND (no list) or ERR_STATE (an old one).  Asked for or not, a list that is there
 * counts. */
void rsp_pki_require_crls(struct rsp_pki *p);
int rsp_pki_check_crl(const struct rsp_pki *p, size_t ci, int64_t unix_ms, struct err *err);
/* From now on that certificate is revoked by its CI, whose key must be there. */
int rsp_pki_revoke(struct rsp_pki *p, const struct rsp_cert *c, struct err *err);
/* The same; the CI's list (DER) with all that were revoked by this set is added to `list`. */
int rsp_pki_revoke_to(struct rsp_pki *p, const struct rsp_cert *c, struct buf *list,
		      struct err *err);

/* ---- Identities. -------------------------------------------------------------- */

/* A certificate with its private key; lives as long as the set. */
struct rsp_pki_identity {
	enum rsp_role role;
	int ci;				/* under which it is; -1: none of these */
	struct str der;
	struct rsp_cert cert;
	struct rsp_key *key;		/* NULL: somebody else's */
	const struct rsp_pki_identity *issuer;	/* NULL for a CI, or if it is not there */
};

struct rsp_pki_wanted {
	enum rsp_role role;
	size_t ci;
	/* EUICC: the EID; EUM: the 8 digits its EIDs begin with; DP_..., DS_...:
	 * its host name.  What a user brought fits whatever its name, but for EIDs; of TLS
	 * one for that host is sought first, and is made if it can be. */
	struct str name;
	struct str oid;			/* content bytes; for what is made */
	enum rsp_cert_fault fault;	/* not GOOD: it is made, and so */
};

/* The identity, found or made; NULL: `err` says what is missing. */
const struct rsp_pki_identity *rsp_pki_get(struct rsp_pki *p,
					   const struct rsp_pki_wanted *w,
					   struct err *err);
/* All there is, in the order in which it came: for writing it to files. */
const struct rsp_pki_identity *rsp_pki_at(const struct rsp_pki *p, size_t i);
/* Was that one made here, and not brought? */
bool rsp_pki_is_made(const struct rsp_pki *p, size_t i);

#endif
