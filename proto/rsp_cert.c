/* Certificates and lists of revoked ones, read and checked. */
#include "proto/rsp_cert_impl.h"

#include "proto/base64.h"
#include "proto/openssl.h"
#include "sim/clock.h"

#include <assert.h>
#include <stdlib.h>

/* ---- Roles. ------------------------------------------------------------------ */

/* SGP.22, 4.5.2.1: what each certificate has to say of itself. */
const struct rsp_cert_role_row rsp_cert_roles[RSP_ROLES] = {
	[RSP_ROLE_CI] = { "ci", 0, RSP_USAGE_CERT | RSP_USAGE_CRL, true, true },
	[RSP_ROLE_EUM] = { "eum", 2, RSP_USAGE_CERT, true, true },
	[RSP_ROLE_EUICC] = { "euicc", 1, RSP_USAGE_SIGN, false, false },
	[RSP_ROLE_DP_AUTH] = { "dp-auth", 4, RSP_USAGE_SIGN, false, true },
	[RSP_ROLE_DP_PB] = { "dp-pb", 5, RSP_USAGE_SIGN, false, true },
	[RSP_ROLE_DP_TLS] = { "dp-tls", 3, RSP_USAGE_SIGN, false, true },
	[RSP_ROLE_DS_AUTH] = { "ds-auth", 7, RSP_USAGE_SIGN, false, true },
	[RSP_ROLE_DS_TLS] = { "ds-tls", 6, RSP_USAGE_SIGN, false, true },
};

const char *rsp_role_name(enum rsp_role role)
{
	assert(role < RSP_ROLES);
	return rsp_cert_roles[role].name;
}

static const char *const fault_names[RSP_CERT_FAULTS] = {
	[RSP_CERT_GOOD] = "good",
	[RSP_CERT_EXPIRED] = "expired",
	[RSP_CERT_NOT_YET_VALID] = "not-yet-valid",
	[RSP_CERT_WRONG_POLICY] = "wrong-policy",
	[RSP_CERT_WRONG_KEY_USAGE] = "wrong-key-usage",
	[RSP_CERT_WRONG_ISSUER] = "wrong-issuer",
	[RSP_CERT_WRONG_AUTHORITY] = "wrong-authority",
	[RSP_CERT_WRONG_CONSTRAINT] = "wrong-constraint",
	[RSP_CERT_WRONG_SIGNATURE] = "wrong-signature",
};

const char *rsp_cert_fault_name(enum rsp_cert_fault fault)
{
	assert(fault < RSP_CERT_FAULTS);
	return fault_names[fault];
}

/* ---- Reading. -------------------------------------------------------------------- */

int rsp_cert_to_der(struct str bytes, struct buf *out, struct err *err)
{
	unsigned char *der = NULL;
	BIO *bio;
	X509 *x;
	int n;

	if (bytes.n > RSP_CERT_MAX)
		return err_set(err, ERR_LIMIT, "certificate: %zu bytes, at most %d",
			       bytes.n, RSP_CERT_MAX);
	bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	assert(bio);
	x = bytes.n && bytes.p[0] == 0x30 ? d2i_X509_bio(bio, NULL) :
					     PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!x)
		return err_set(err, ERR_INVALID, "certificate: expected PEM or DER");
	n = i2d_X509(x, &der);
	X509_free(x);
	if (n <= 0)
		return err_set(err, ERR_INVALID, "certificate: expected PEM or DER");
	buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return 0;
}

void rsp_cert_to_pem(struct str der, struct buf *out)
{
	enum { LINE = 64 };
	struct buf text;

	buf_init(&text, 2 * RSP_CERT_MAX);
	base64_encode(&text, der);
	buf_z(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < text.n; at += LINE) {
		buf_add(out, text.p + at, text.n - at < LINE ? text.n - at : LINE);
		buf_char(out, '\n');
	}
	buf_z(out, "-----END CERTIFICATE-----\n");
	buf_release(&text);
}

/* The one attribute of that kind; "" if there is none, -1 if it is too long. */
static int read_attribute(X509_NAME *name, int nid, char text[RSP_NAME_MAX])
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1), n;
	unsigned char *utf8 = NULL;

	text[0] = '\0';
	if (at < 0)
		return 0;
	n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(
						X509_NAME_get_entry(name, at)));
	if (n < 0)
		return -1;
	if (n < RSP_NAME_MAX && !memchr(utf8, 0, (size_t)n)) {
		memcpy(text, utf8, (size_t)n);
		text[n] = '\0';
	} else {
		n = -1;
	}
	OPENSSL_free(utf8);
	return n < 0 ? -1 : 0;
}

static int read_time(const ASN1_TIME *t, int64_t *unix_ms)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds, ok;

	assert(epoch);
	ok = ASN1_TIME_diff(&days, &seconds, epoch, t);
	ASN1_TIME_free(epoch);
	if (ok != 1)
		return -1;
	*unix_ms = ((int64_t)days * 86400 + seconds) * 1000;
	return 0;
}

static bool read_key_id(const ASN1_OCTET_STRING *s, unsigned char id[RSP_KEY_ID_BYTES])
{
	if (!s || ASN1_STRING_length(s) != RSP_KEY_ID_BYTES)
		return false;
	memcpy(id, ASN1_STRING_get0_data(s), RSP_KEY_ID_BYTES);
	return true;
}

static int read_public_key(struct rsp_cert *c, struct err *err)
{
	const unsigned char *bytes = NULL;
	struct str point;
	int n = 0, nid = NID_undef, kind = 0;
	const void *value = NULL;
	X509_ALGOR *algorithm = NULL;

	X509_PUBKEY_get0_param(NULL, &bytes, &n, &algorithm, X509_get_X509_PUBKEY(c->x509));
	X509_ALGOR_get0(NULL, &kind, &value, algorithm);
	if (kind == V_ASN1_OBJECT)
		nid = OBJ_obj2nid(value);
	if (nid == NID_X9_62_prime256v1)
		c->curve = RSP_P256;
	else if (nid == NID_brainpoolP256r1)
		c->curve = RSP_BRAINPOOL;
	else
		c->unknown_curve = true;
	if (c->unknown_curve)
		return err_set(err, ERR_INVALID,
			       "certificate: expected a key on %s or %s",
			       rsp_curve_name(RSP_P256), rsp_curve_name(RSP_BRAINPOOL));
	point = (struct str){ (const char *)bytes, (size_t)n };
	c->key = rsp_public_key_new(c->curve, point, err);
	if (!c->key)
		return err_prefix(err, "certificate");
	memcpy(c->point, point.p, RSP_POINT_BYTES);
	return 0;
}

/* The last arc of 2.23.146.1.2.1.x, if there is exactly one policy. */
static int read_policy(X509 *x)
{
	static const unsigned char prefix[] = { 0x67, 0x81, 0x12, 1, 2, 1 };
	int critical = -1, found = -1;
	CERTIFICATEPOLICIES *list = X509_get_ext_d2i(x, NID_certificate_policies,
						     &critical, NULL);

	if (list && sk_POLICYINFO_num(list) == 1) {
		const ASN1_OBJECT *o = sk_POLICYINFO_value(list, 0)->policyid;

		if (OBJ_length(o) == sizeof(prefix) + 1 &&
		    memcmp(OBJ_get0_data(o), prefix, sizeof(prefix)) == 0)
			found = OBJ_get0_data(o)[sizeof(prefix)];
	}
	CERTIFICATEPOLICIES_free(list);
	return found;
}

static void read_registered_id(struct rsp_cert *c)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type != GEN_RID || c->oid_n || OBJ_length(n->d.rid) > RSP_OID_MAX)
			continue;
		c->oid_n = OBJ_length(n->d.rid);
		memcpy(c->oid, OBJ_get0_data(n->d.rid), c->oid_n);
	}
	GENERAL_NAMES_free(names);
}

static int read_name_constraints(struct rsp_cert *c)
{
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(c->x509, NID_name_constraints, NULL, NULL);
	int rc = 0;

	for (int i = 0; nc && i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++) {
		const GENERAL_NAME *base =
			sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base;

		if (base->type != GEN_DIRNAME || c->constrained)
			continue;
		c->constrained = true;
		rc |= read_attribute(base->d.directoryName, NID_organizationName,
				     c->permitted_organization);
		rc |= read_attribute(base->d.directoryName, NID_serialNumber,
				     c->permitted_serial);
	}
	NAME_CONSTRAINTS_free(nc);
	return rc;
}

static int read_fields(struct rsp_cert *c, struct err *err)
{
	X509 *x = c->x509;
	uint32_t usage, flags;
	long path;

	/* Has OpenSSL look into the extensions. */
	X509_check_purpose(x, -1, 0);
	flags = X509_get_extension_flags(x);
	if (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL))
		return err_set(err, ERR_INVALID, "certificate: %s",
			       flags & EXFLAG_CRITICAL ?
			       "an unknown extension is marked critical" :
			       "an extension is malformed");
	if (X509_get_version(x) != X509_VERSION_3)
		return err_set(err, ERR_INVALID, "certificate: expected version 3");
	if (read_time(X509_get0_notBefore(x), &c->not_before_ms) < 0 ||
	    read_time(X509_get0_notAfter(x), &c->not_after_ms) < 0)
		return err_set(err, ERR_INVALID, "certificate: its dates are malformed");
	if (read_attribute(X509_get_subject_name(x), NID_organizationName,
			   c->organization) < 0 ||
	    read_attribute(X509_get_subject_name(x), NID_serialNumber,
			   c->serial_number) < 0 ||
	    read_name_constraints(c) < 0)
		return err_set(err, ERR_INVALID,
			       "certificate: a name in it is longer than %d bytes",
			       RSP_NAME_MAX - 1);
	usage = flags & EXFLAG_KUSAGE ? X509_get_key_usage(x) : 0;
	c->signs = usage & KU_DIGITAL_SIGNATURE;
	c->certifies = usage & KU_KEY_CERT_SIGN;
	c->ca = flags & EXFLAG_BCONS && X509_check_ca(x) == 1;
	path = X509_get_pathlen(x);
	c->path_length = path < 0 || path > 100 ? -1 : (int)path;
	c->policy = read_policy(x);
	c->has_key_id = read_key_id(X509_get0_subject_key_id(x), c->key_id);
	c->has_authority = read_key_id(X509_get0_authority_key_id(x), c->authority);
	read_registered_id(c);
	return read_public_key(c, err);
}

int rsp_cert_read(struct rsp_cert *c, struct str der, struct err *err)
{
	const unsigned char *p = (const unsigned char *)der.p;

	*c = (struct rsp_cert){ 0 };
	if (der.n > RSP_CERT_MAX)
		return err_set(err, ERR_LIMIT, "certificate: %zu bytes, at most %d",
			       der.n, RSP_CERT_MAX);
	c->x509 = der.n ? d2i_X509(NULL, &p, (long)der.n) : NULL;
	if (!c->x509 || (const char *)p != der.p + der.n) {
		rsp_cert_release(c);
		return err_set(err, ERR_INVALID,
			       "certificate: expected one X.509 certificate in DER");
	}
	if (read_fields(c, err) < 0) {
		bool unknown_curve = c->unknown_curve;

		rsp_cert_release(c);
		c->unknown_curve = unknown_curve;
		return -1;
	}
	return 0;
}

void rsp_cert_release(struct rsp_cert *c)
{
	X509_free(c->x509);
	rsp_public_key_free(c->key);
	*c = (struct rsp_cert){ 0 };
}

int rsp_cert_role(const struct rsp_cert *c)
{
	for (int r = 0; r < RSP_ROLES; r++)
		if (c->policy == (int)rsp_cert_roles[r].policy)
			return r;
	return -1;
}

/* ---- Checking. --------------------------------------------------------------------- */

int rsp_cert_check_role(const struct rsp_cert *c, enum rsp_role role, struct err *err)
{
	const char *name = rsp_cert_roles[role].name;

	if (c->policy != (int)rsp_cert_roles[role].policy)
		return err_set(err, ERR_DENIED,
			       "%s certificate: its policy is not 2.23.146.1.2.1.%u",
			       name, rsp_cert_roles[role].policy);
	if (rsp_cert_roles[role].ca && (!c->ca || !c->certifies))
		return err_set(err, ERR_DENIED,
			       "%s certificate: it may not sign certificates", name);
	if (!rsp_cert_roles[role].ca && (c->ca || !c->signs))
		return err_set(err, ERR_DENIED,
			       "%s certificate: its key usage is not digitalSignature", name);
	if (rsp_cert_roles[role].has_oid && !c->oid_n)
		return err_set(err, ERR_DENIED,
			       "%s certificate: it has no registered id", name);
	if (role == RSP_ROLE_EUM && (!c->constrained || !c->permitted_organization[0] ||
				     strlen(c->permitted_serial) < RSP_IIN_DIGITS))
		return err_set(err, ERR_DENIED,
			       "%s certificate: it has no name constraint with an organization and an identification number of %d digits",
			       name, RSP_IIN_DIGITS);
	return 0;
}

/* May this issuer vouch for that name? */
static int check_constraint(const struct rsp_cert *c, const struct rsp_cert *issuer,
			    struct err *err)
{
	size_t n = strlen(issuer->permitted_serial);

	if (!issuer->constrained)
		return 0;
	if (strcmp(c->organization, issuer->permitted_organization) != 0 ||
	    strncmp(c->serial_number, issuer->permitted_serial, n) != 0)
		return err_set(err, ERR_DENIED,
			       "certificate: its issuer may only vouch for EIDs that begin with %s of '%s'",
			       issuer->permitted_serial, issuer->permitted_organization);
	return 0;
}

/* Over the very bytes that came, with the algorithm that both places name. */
static int check_signature(const struct rsp_cert *c, const struct rsp_cert *issuer,
			   struct err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer->x509);

	if (X509_get_signature_nid(c->x509) != NID_ecdsa_with_SHA256)
		return err_set(err, ERR_DENIED,
			       "certificate: expected a signature by ECDSA with SHA-256");
	if (!key || X509_verify(c->x509, key) != 1)
		return err_set(err, ERR_DENIED,
			       "certificate: its signature is not its issuer's");
	return 0;
}

int rsp_cert_check_link(const struct rsp_cert *c, const struct rsp_cert *issuer,
			struct err *err)
{
	if (!issuer->ca || !issuer->certifies)
		return err_set(err, ERR_DENIED,
			       "certificate: its issuer may not sign certificates");
	if (X509_NAME_cmp(X509_get_issuer_name(c->x509),
			  X509_get_subject_name(issuer->x509)) != 0)
		return err_set(err, ERR_DENIED,
			       "certificate: the issuer that it names is another one");
	if (!c->has_authority || !issuer->has_key_id ||
	    memcmp(c->authority, issuer->key_id, RSP_KEY_ID_BYTES) != 0)
		return err_set(err, ERR_DENIED,
			       "certificate: its authority key identifier is not its issuer's");
	if (issuer->path_length == 0 && c->ca)
		return err_set(err, ERR_DENIED,
			       "certificate: its issuer may not vouch for another issuer");
	if (check_constraint(c, issuer, err) < 0)
		return -1;
	return check_signature(c, issuer, err);
}

int rsp_cert_check_time(const struct rsp_cert *c, int64_t unix_ms, struct err *err)
{
	char at[CLOCK_ISO_SIZE];

	if (unix_ms >= c->not_before_ms && unix_ms <= c->not_after_ms)
		return 0;
	clock_iso_to(unix_ms < c->not_before_ms ? c->not_before_ms : c->not_after_ms, at);
	return err_set(err, ERR_STATE, "certificate: it %s %s",
		       unix_ms < c->not_before_ms ? "is not valid before" : "expired at", at);
}

/* ---- Revocation. --------------------------------------------------------------------- */

struct rsp_crl {
	X509_CRL *crl;
	unsigned char issuer_id[RSP_KEY_ID_BYTES];
	int64_t from_ms, until_ms;	/* thisUpdate, nextUpdate */
};

struct rsp_crl *rsp_crl_read(struct str der, const struct rsp_cert *issuer,
			     struct err *err)
{
	const unsigned char *p = (const unsigned char *)der.p;
	int64_t from_ms = 0, until_ms = 0;
	X509_CRL *read = der.n && der.n < 1 << 24 ? d2i_X509_CRL(NULL, &p, (long)der.n) : NULL;
	struct rsp_crl *crl;

	if (!read || (const char *)p != der.p + der.n) {
		err_set(err, ERR_INVALID, "CRL: expected one X.509 list in DER");
	} else if (X509_NAME_cmp(X509_CRL_get_issuer(read),
				 X509_get_subject_name(issuer->x509)) != 0 ||
		   X509_CRL_verify(read, X509_get0_pubkey(issuer->x509)) != 1) {
		err_set(err, ERR_DENIED, "CRL: it is not signed by that issuer");
	} else if (read_time(X509_CRL_get0_lastUpdate(read), &from_ms) < 0 ||
		   !X509_CRL_get0_nextUpdate(read) ||
		   read_time(X509_CRL_get0_nextUpdate(read), &until_ms) < 0) {
		err_set(err, ERR_INVALID, "CRL: it does not say when the next one is due");
	} else {
		crl = calloc(1, sizeof(*crl));
		assert(crl);
		crl->from_ms = from_ms;
		crl->until_ms = until_ms;
		crl->crl = read;
		memcpy(crl->issuer_id, issuer->key_id, sizeof(crl->issuer_id));
		return crl;
	}
	X509_CRL_free(read);
	return NULL;
}

void rsp_crl_free(struct rsp_crl *crl)
{
	if (!crl)
		return;
	X509_CRL_free(crl->crl);
	free(crl);
}

bool rsp_crl_is_of(const struct rsp_crl *crl, const struct rsp_cert *ci)
{
	return ci->has_key_id &&
	       memcmp(ci->key_id, crl->issuer_id, RSP_KEY_ID_BYTES) == 0;
}

bool rsp_crl_is_current(const struct rsp_crl *crl, int64_t unix_ms)
{
	return unix_ms >= crl->from_ms && unix_ms <= crl->until_ms;
}

bool rsp_crl_has(const struct rsp_crl *crl, const struct rsp_cert *c)
{
	X509_REVOKED *entry = NULL;

	return c->has_authority &&
	       memcmp(c->authority, crl->issuer_id, RSP_KEY_ID_BYTES) == 0 &&
	       X509_CRL_get0_by_serial(crl->crl, &entry,
				       X509_get_serialNumber(c->x509)) == 1;
}
