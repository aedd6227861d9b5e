/*
 * rsp_ec.h - the elliptic-curve operations of remote SIM provisioning: ECDSA
 * with SHA-256 and ECDH, on the two curves that SGP.22 (2.6.5) names.
 *
 * Signatures are raw r and s, points uncompressed, numbers big-endian.  OpenSSL
 * does the arithmetic.  What a peer sends is checked: a point that is not on
 * its curve, or is the point at infinity, is refused.  Both curves have
 * cofactor 1, so that there are no points of small order.  Of a signature s and
 * its twin n - s both are good, as FIPS 186 has it.
 *
 * A key may be `repeatable`: then the same message has the same signature, with
 * the nonce of RFC 6979.  Simulated worlds want that.  Keys that serve third
 * parties take their nonces from OpenSSL.
 */
#ifndef PROTO_RSP_EC_H
#define PROTO_RSP_EC_H

#include "sim/buf.h"
#include "sim/err.h"

enum {
	RSP_SIGNATURE_BYTES = 64,	/* r and s, raw */
	RSP_POINT_BYTES = 65,		/* 04, x, y */
	RSP_SECRET_BYTES = 32,		/* a private key; x of a shared point */
	RSP_KEY_ID_BYTES = 20,		/* a subject key identifier */
};

enum rsp_curve { RSP_P256, RSP_BRAINPOOL, RSP_CURVES };

/* "prime256v1", "brainpoolP256r1"; the content bytes of its OID. */
const char *rsp_curve_name(enum rsp_curve curve);
struct str rsp_curve_oid(enum rsp_curve curve);

struct rsp_key;			/* a private key */
struct rsp_public_key;

/*
 * The key with that number, which is taken modulo the order of the curve; it
 * may be anything.  For keys that are derived from a seed.
 */
struct rsp_key *rsp_key_derive(enum rsp_curve curve,
			       const unsigned char number[RSP_SECRET_BYTES],
			       bool repeatable);
/* A new key from the machine's randomness. */
struct rsp_key *rsp_key_make(enum rsp_curve curve);
/* SEC 1 or PKCS #8, as PEM or DER, without a password.  NULL: `err`. */
struct rsp_key *rsp_key_read(struct str bytes, struct err *err);
/* PKCS #8 in PEM, added to `out`. */
void rsp_key_write(const struct rsp_key *k, struct buf *out);
void rsp_key_free(struct rsp_key *k);

enum rsp_curve rsp_key_curve(const struct rsp_key *k);
const unsigned char *rsp_key_point(const struct rsp_key *k);
void rsp_key_secret(const struct rsp_key *k,
		    unsigned char secret[RSP_SECRET_BYTES]);

/* A signature over the concatenation of `parts`. */
void rsp_key_sign(const struct rsp_key *k, const struct str *parts, size_t count,
		  unsigned char signature[RSP_SIGNATURE_BYTES]);

/* NULL if the point is not one of the curve. */
struct rsp_public_key *rsp_public_key_new(enum rsp_curve curve, struct str point,
					  struct err *err);
void rsp_public_key_free(struct rsp_public_key *k);
/* 0, or -1: not a signature of that key over the concatenation of `parts`. */
int rsp_public_key_verify(const struct rsp_public_key *k,
			  const struct str *parts, size_t count,
			  struct str signature, struct err *err);

/* The x coordinate of `secret` times the peer's point. */
int rsp_ecdh(enum rsp_curve curve, const unsigned char secret[RSP_SECRET_BYTES],
	     struct str peer_point, unsigned char z[RSP_SECRET_BYTES],
	     struct err *err);

/* SHA-1 of the point: the subject key identifier of RFC 5280, 4.2.1.2. */
void rsp_key_id(const unsigned char point[RSP_POINT_BYTES],
		unsigned char id[RSP_KEY_ID_BYTES]);

/* r and s as the ECDSA-Sig-Value of certificates, and back; -1 if malformed. */
void rsp_signature_to_der(const unsigned char raw[RSP_SIGNATURE_BYTES],
			  struct buf *out);

#endif
