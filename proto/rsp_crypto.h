/*
 * rsp_crypto.h - the cryptography of remote SIM provisioning, behind one
 * small table of functions.
 *
 * Both sides of every message go through it: signatures, certificates,
 * one-time keys, and the protection of a bound profile package (SGP.22, 2.6).
 * `rsp_crypto_none` does no cryptography and keeps every field in its place:
 * signatures are 64 zero bytes, MACs 8 zero bytes, nothing is encrypted, and
 * certificates are placeholders that carry role, identity and OID in clear.
 * rsp_crypto_full_new() does all of it, with the keys of an rsp_pki.
 *
 * hashCc is no part of this: it is a comparison of what a user typed, and is
 * computed for real always (rsp_hash_cc()).
 */
#ifndef PROTO_RSP_CRYPTO_H
#define PROTO_RSP_CRYPTO_H

#include "proto/eid.h"
#include "proto/rsp_cert.h"
#include "sim/arena.h"
#include "sim/rng.h"

enum { RSP_MAC_BYTES = 8 };

/* Why a certificate was not taken: what a message to its owner tells. */
enum rsp_problem {
	RSP_PROBLEM_NONE,
	RSP_PROBLEM_FORM,	/* no certificate at all, or not one of that role */
	RSP_PROBLEM_CURVE,	/* its key is on a curve that is not known here */
	RSP_PROBLEM_OID,	/* it has no registered id */
	RSP_PROBLEM_CI,		/* the CI that it names is not known here */
	RSP_PROBLEM_ISSUER,	/* name, key identifier, constraint or signature of it */
	RSP_PROBLEM_REVOKED,
	RSP_PROBLEM_CRL,	/* the list of revoked ones, which is required, is not there */
	RSP_PROBLEM_TIME,	/* of it, its CI or the list */
};

/* What the other side learns from a certificate.  Spans point into it. */
struct rsp_certificate {
	enum rsp_role role;
	enum rsp_problem problem;	/* set when it was refused, too */
	int ci;			/* under which it was issued; an eUICC's: its issuer's */
	enum rsp_curve curve;	/* of its key, and so of the session's one-time keys */
	char eid[EID_SIZE];	/* RSP_ROLE_EUICC */
	struct str oid;		/* registered id (content bytes of an OID): DPs, EUM */
};

/* Who signs: a certificate with its private key. */
struct rsp_identity {
	struct str certificate;	/* DER */
	struct str issuer;	/* the EUM's certificate, for an eUICC */
	struct str oid;		/* content bytes, for a DP */
	const void *key;	/* the implementation's own; NULL for none */
};

/* A one-time key pair.  Plain data: may be copied and kept in a session. */
struct rsp_otpk {
	unsigned char public_point[RSP_POINT_BYTES];
	unsigned char secret[32];
	enum rsp_curve curve;
};

/* One end of the protected channel that carries the package (BSP). */
struct rsp_bsp {
	unsigned char s_enc[16], s_mac[16], mcv[16];
	uint64_t block;		/* counts from 1 */
};

struct rsp_pki;
struct tlv;

struct rsp_crypto {
	const char *name;	/* "none", "full" */
	void *state;		/* the implementation's own */
	struct rsp_pki *pki;	/* NULL: none */

	/* A signature over the concatenation of `parts`. */
	int (*sign)(const struct rsp_crypto *c, const struct rsp_identity *id,
		    const struct str *parts, size_t part_count,
		    unsigned char signature[RSP_SIGNATURE_BYTES],
		    struct err *err);
	/* `signature` is the value of a 5F37, `certificate` the signer's. */
	int (*verify)(const struct rsp_crypto *c, struct str certificate,
		      const struct str *parts, size_t part_count,
		      struct str signature, struct err *err);

	/*
	 * Take a certificate for that role, issued by `issuer` (STR_NONE:
	 * by a CI that both sides know) and good at that time.  ERR_STATE: it is
	 * not good at that time, but would be at another.
	 */
	int (*check_certificate)(const struct rsp_crypto *c, enum rsp_role role,
				 struct str der, struct str issuer,
				 int64_t unix_ms, struct rsp_certificate *out,
				 struct err *err);
	/*
	 * Who signs as `name` (an EID, an address) under that CI: strings are in
	 * `a`, or live as long as the implementation.  `oid` is for a DP.
	 */
	int (*identity)(const struct rsp_crypto *c, enum rsp_role role, size_t ci,
			struct str name, struct str oid, struct arena *a,
			struct rsp_identity *out, struct err *err);
	/* The CIs that all trust, by key identifier. */
	size_t (*ci_count)(const struct rsp_crypto *c);
	struct str (*ci_key_id)(const struct rsp_crypto *c, size_t ci);
	enum rsp_curve (*ci_curve)(const struct rsp_crypto *c, size_t ci);

	/* Bytes that nobody can guess, for challenges and keys: from the machine, or in
	 * a simulated world from that stream. */
	void (*random)(const struct rsp_crypto *c, struct rng *rng, void *bytes, size_t n);
	int (*make_otpk)(const struct rsp_crypto *c, enum rsp_curve curve,
			 struct rng *rng, struct rsp_otpk *k, struct err *err);
	/* Key agreement (SGP.22, 2.6.4): the session keys of both ends. */
	int (*agree)(const struct rsp_crypto *c, const struct rsp_otpk *own,
		     struct str peer_point, struct str host_id, struct str eid,
		     struct rsp_bsp *bsp, struct err *err);
	/* One TLV of the package: 87 and 86 (`encrypt`), or 88. */
	int (*protect)(const struct rsp_crypto *c, struct rsp_bsp *bsp,
		       uint32_t tag, bool encrypt, struct str plain,
		       struct buf *out, struct err *err);
	/* One of them back in clear; added to `plain`. */
	int (*unprotect)(const struct rsp_crypto *c, struct rsp_bsp *bsp,
			 const struct tlv *t, bool encrypt, struct buf *plain,
			 struct err *err);
};

extern const struct rsp_crypto rsp_crypto_none;

/*
 * All of it for real, with the keys and certificates of `pki`, which must
 * outlive it.  If the set is repeatable, one-time keys come from the random
 * stream that they are asked with, otherwise from the machine.
 */
struct rsp_crypto *rsp_crypto_full_new(struct rsp_pki *pki);
void rsp_crypto_full_free(struct rsp_crypto *c);

/* Which CI has that key identifier; -1: none. */
int rsp_ci_find(const struct rsp_crypto *c, struct str key_id);

/* SHA256(SHA256(code) || transaction id): SGP.22, 4.2 and 5.7.5. */
enum { RSP_HASH_BYTES = 32 };
void rsp_hash_cc(struct str code, struct str transaction_id,
		 unsigned char hash[RSP_HASH_BYTES]);
/* From SHA256(code), which is what ES2+ confirmOrder hands over. */
void rsp_hash_cc_of_hash(const unsigned char code_hash[RSP_HASH_BYTES],
			 struct str transaction_id,
			 unsigned char hash[RSP_HASH_BYTES]);
void rsp_sha256(struct str bytes, unsigned char hash[RSP_HASH_BYTES]);
/* In time that does not depend on where they differ. */
bool rsp_bytes_equal(struct str a, struct str b);

#endif
