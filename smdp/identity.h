/*
 * identity.h - who an SM-DP+ or an SM-DS is, and what it says first.
 *
 * It has certificates under some of the CIs, and under one at least.  What follows from a
 * seed cannot be missing: it is made when a device comes, and not for each world that no
 * device downloads in.
 */
#ifndef SMDP_IDENTITY_H
#define SMDP_IDENTITY_H

#include "proto/es9.h"
#include "proto/rsp_crypto.h"
#include "proto/rsp_pki.h"
#include "proto/status_code.h"

/* What differs between the two. */
struct smdp_kind {
	const char *name;		/* "SM-DP+" */
	struct str oid;			/* the same in all its certificates; content bytes */
	enum rsp_role auth;		/* its certificate for signing what it says */
	enum rsp_role pb;		/* for binding profiles; RSP_ROLES: it binds none */
	/* Why an eUICC is refused: by its version, its CIs, or ours. */
	enum status_code bad_svn, bad_ci, no_certificate;
};

struct smdp_identity {
	struct rsp_identity auth, pb;
	enum rsp_curve curve;
};

struct smdp_identities {
	const struct smdp_kind *kind;
	const struct rsp_crypto *crypto;
	struct str address;
	struct smdp_identity list[RSP_CI_MAX];	/* by CI; without a certificate: none there */
	size_t count;
	bool later;			/* they are made when one is asked for */
	struct arena certificates;
};

/* `address`, its host name, and `kind` live as long.  -1: there is none, under no CI. */
int smdp_identities_init(struct smdp_identities *ids, const struct smdp_kind *kind,
			 const struct rsp_crypto *crypto, struct str address,
			 struct err *err);
void smdp_identities_release(struct smdp_identities *ids);
/* Under that CI; NULL: it has none there, or there is no such CI. */
const struct smdp_identity *smdp_identity_at(struct smdp_identities *ids, int ci);

/* The CIs under which both sides can be verified, and the eUICC likes most. */
struct smdp_choice {
	const struct smdp_identity *own;	/* for the eUICC to verify */
	int euicc_ci;			/* the eUICC's */
};
/* From its euiccInfo1. */
enum status_code smdp_choose(struct smdp_identities *ids, struct str euicc_info1,
			     struct smdp_choice *choice, struct err *err);

/*
 * The answer to initiateAuthentication (SGP.22, 5.6.1 and 5.8.1), in `a`, but for the
 * transaction id, which out has already; `part` is empty before and after.  `challenge`
 * is the server's, of RSP_CHALLENGE_BYTES.  -1: it cannot be signed.
 */
int smdp_greet(const struct smdp_identities *ids, const struct smdp_choice *choice,
	       struct str euicc_challenge, const char *challenge, struct arena *a,
	       struct buf *part, struct es9_message *out, struct err *err);

#endif
