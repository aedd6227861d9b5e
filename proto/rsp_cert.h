/*
 * rsp_cert.h - the certificates of remote SIM provisioning (SGP.22, 4.5.2; the
 * shapes of SGP.26), made and checked.
 *
 *	CI -> EUM -> eUICC		CI -> DPauth, DPpb, DP TLS, DSauth, DS TLS
 *
 * Each link is checked by itself: signature, issuer's name and key identifier,
 * dates, policy, key usage, and the name constraint by which an EUM may only
 * vouch for eUICCs with its own identification number.  A general-purpose chain
 * check does not know that rule, and refuses what SGP.26 has.
 *
 * Certificates are written byte by byte here, so that the same keys and dates
 * give the same bytes, and so that bad ones can be had for tests
 * (enum rsp_cert_fault).
 */
#ifndef PROTO_RSP_CERT_H
#define PROTO_RSP_CERT_H

#include "proto/rsp_ec.h"

enum rsp_role {
	RSP_ROLE_CI, RSP_ROLE_EUM, RSP_ROLE_EUICC,
	RSP_ROLE_DP_AUTH, RSP_ROLE_DP_PB, RSP_ROLE_DP_TLS,
	RSP_ROLE_DS_AUTH, RSP_ROLE_DS_TLS,	/* of an SM-DS */
	RSP_ROLES
};

/* "ci", "eum", "euicc", "dp-auth", "dp-pb", "dp-tls", "ds-auth", "ds-tls". */
const char *rsp_role_name(enum rsp_role role);

enum { RSP_NAME_MAX = 128, RSP_OID_MAX = 32, RSP_IIN_DIGITS = 8 };

/* ---- Making. --------------------------------------------------------------- */

/* What may be wrong with a certificate, on purpose. */
enum rsp_cert_fault {
	RSP_CERT_GOOD,
	RSP_CERT_EXPIRED,
	RSP_CERT_NOT_YET_VALID,
	RSP_CERT_WRONG_POLICY,		/* that of another role */
	RSP_CERT_WRONG_KEY_USAGE,
	RSP_CERT_WRONG_ISSUER,		/* its issuer's name is another's */
	RSP_CERT_WRONG_AUTHORITY,	/* its issuer's key identifier is another's */
	RSP_CERT_WRONG_CONSTRAINT,	/* EUM: permits another identification number */
	RSP_CERT_WRONG_SIGNATURE,
	RSP_CERT_FAULTS
};

/* "expired", "wrong-policy", ... */
const char *rsp_cert_fault_name(enum rsp_cert_fault fault);

struct rsp_cert_spec {
	enum rsp_role role;
	enum rsp_cert_fault fault;
	struct str common_name;
	struct str organization;	/* an eUICC's is its EUM's */
	struct str serial_number;	/* EUICC: the EID; EUM: the 8 digits that its EIDs begin with */
	struct str oid;			/* registered id; content bytes of an OID */
	struct str host;		/* DP_TLS, DS_TLS: its host name, or IP address */
	uint64_t serial;		/* of the certificate */
	int64_t not_before_ms, not_after_ms;	/* Unix time */
	enum rsp_curve curve;
	const unsigned char *point;	/* the public key */
};

struct rsp_cert;

/* The certificate, signed by `issuer_key`; `issuer` NULL: by itself. */
void rsp_cert_write(const struct rsp_cert_spec *spec, const struct rsp_cert *issuer,
		    const struct rsp_key *issuer_key, struct buf *out);

/* A list of revoked certificates (RFC 5280), by serial number. */
void rsp_crl_write(const struct rsp_cert *issuer, const struct rsp_key *issuer_key,
		   const uint64_t *serials, size_t count, int64_t now_ms,
		   int64_t next_ms, struct buf *out);

/* ---- Reading. --------------------------------------------------------------- */

/* What is in a certificate; texts are NUL-terminated. */
struct rsp_cert {
	struct x509_st *x509;		/* owned */
	struct rsp_public_key *key;
	enum rsp_curve curve;
	bool unknown_curve;		/* its key is on another; the only thing that is
					   there after a failure */
	unsigned char point[RSP_POINT_BYTES];
	unsigned char key_id[RSP_KEY_ID_BYTES], authority[RSP_KEY_ID_BYTES];
	bool has_key_id, has_authority;
	int64_t not_before_ms, not_after_ms;
	bool ca, certifies, signs;	/* basicConstraints; keyUsage */
	int path_length;		/* -1: no limit */
	int policy;			/* last arc of 2.23.146.1.2.1.x; -1: none of these */
	bool constrained;		/* nameConstraints with a permitted directory name */
	char organization[RSP_NAME_MAX], serial_number[RSP_NAME_MAX];
	char permitted_organization[RSP_NAME_MAX], permitted_serial[RSP_NAME_MAX];
	unsigned char oid[RSP_OID_MAX];
	size_t oid_n;			/* 0: no registered id */
};

/* `der` is exactly one certificate.  After 0, rsp_cert_release() is needed. */
int rsp_cert_read(struct rsp_cert *c, struct str der, struct err *err);
void rsp_cert_release(struct rsp_cert *c);

/* One certificate in PEM or DER as DER; added to `out`. */
int rsp_cert_to_der(struct str pem_or_der, struct buf *out, struct err *err);
void rsp_cert_to_pem(struct str der, struct buf *out);
/* The role that its policy names; -1 if it names none of these. */
int rsp_cert_role(const struct rsp_cert *c);

/* ---- Checking. --------------------------------------------------------------- */

/* Is it of the form that the role asks for? */
int rsp_cert_check_role(const struct rsp_cert *c, enum rsp_role role, struct err *err);
/* Was it issued by `issuer`, who may do so? */
int rsp_cert_check_link(const struct rsp_cert *c, const struct rsp_cert *issuer,
			struct err *err);
/* ERR_STATE in `err`: it has expired, or is not valid yet. */
int rsp_cert_check_time(const struct rsp_cert *c, int64_t unix_ms, struct err *err);

/* Lists of revoked certificates, DER, checked against their issuer when read. */
struct rsp_crl;
struct rsp_crl *rsp_crl_read(struct str der, const struct rsp_cert *issuer,
			     struct err *err);
void rsp_crl_free(struct rsp_crl *crl);
bool rsp_crl_has(const struct rsp_crl *crl, const struct rsp_cert *c);
/* Is it the list of that CI? */
bool rsp_crl_is_of(const struct rsp_crl *crl, const struct rsp_cert *ci);
/* Has it come out by then, and is the next one not due yet? */
bool rsp_crl_is_current(const struct rsp_crl *crl, int64_t unix_ms);

#endif
