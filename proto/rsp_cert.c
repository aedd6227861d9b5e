#include "proto/rsp_cert.h"

#include "proto/base64.h"
#include "proto/openssl.h"
#include "proto/tlv.h"
#include "sim/clock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CERT_MAX = 16 << 10, NAME_MAX_BYTES = 1024 };

#define OID(bytes) ((struct str){ bytes, sizeof(bytes) - 1 })

/* Tags of X.509 that tlv.h has no name for. */
enum {
	X509_BIT_STRING = 0x03, X509_SET = 0x31, X509_UTC_TIME = 0x17,
	X509_GENERALIZED_TIME = 0x18, X509_ENUMERATED = 0x0A,
};

/* ---- Roles. ------------------------------------------------------------------ */

enum { USAGE_SIGN = 1, USAGE_CERT = 2, USAGE_CRL = 4 };

/* SGP.22, 4.5.2.1: what each certificate has to say of itself. */
static const struct {
	const char *name;
	unsigned policy;	/* x of 2.23.146.1.2.1.x */
	unsigned usage;		/* made with these; the checks ask for the first */
	bool ca, has_oid;
} roles[RSP_ROLES] = {
	[RSP_ROLE_CI] = { "ci", 0, USAGE_CERT | USAGE_CRL, true, true },
	[RSP_ROLE_EUM] = { "eum", 2, USAGE_CERT, true, true },
	[RSP_ROLE_EUICC] = { "euicc", 1, USAGE_SIGN, false, false },
	[RSP_ROLE_DP_AUTH] = { "dp-auth", 4, USAGE_SIGN, false, true },
	[RSP_ROLE_DP_PB] = { "dp-pb", 5, USAGE_SIGN, false, true },
	[RSP_ROLE_DP_TLS] = { "dp-tls", 3, USAGE_SIGN, false, true },
	[RSP_ROLE_DS_AUTH] = { "ds-auth", 7, USAGE_SIGN, false, true },
	[RSP_ROLE_DS_TLS] = { "ds-tls", 6, USAGE_SIGN, false, true },
};

const char *rsp_role_name(enum rsp_role role)
{
	assert(role < RSP_ROLES);
	return roles[role].name;
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

/* ---- Names and times. -------------------------------------------------------- */

static void put_attribute(struct buf *out, struct str oid, uint32_t kind,
			  struct str text)
{
	size_t set, pair;

	if (!text.n)
		return;
	set = tlv_open(out, X509_SET);
	pair = tlv_open(out, TLV_SEQUENCE);
	tlv_put(out, TLV_OID, oid);
	tlv_put(out, kind, text);
	tlv_close(out, pair);
	tlv_close(out, set);
}

static void put_name(struct buf *out, struct str organization, struct str serial,
		     struct str common_name)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	put_attribute(out, OID("\x55\x04\x0A"), TLV_UTF8, organization);
	put_attribute(out, OID("\x55\x04\x05"), TLV_PRINTABLE, serial);
	put_attribute(out, OID("\x55\x04\x03"), TLV_UTF8, common_name);
	tlv_close(out, mark);
}

/* Two digits of the year until 2049, four from then on (RFC 5280, 4.1.2.5). */
static void put_time(struct buf *out, int64_t unix_ms)
{
	char iso[CLOCK_ISO_SIZE], text[16];
	size_t n = 0, from;

	clock_iso_to(unix_ms, iso);	/* 2026-01-01T00:00:00.000Z */
	from = strncmp(iso, "2050", 4) < 0 ? 2 : 0;
	for (const char *c = iso + from; *c && *c != '.'; c++)
		if (*c >= '0' && *c <= '9')
			text[n++] = *c;
	text[n++] = 'Z';
	tlv_put(out, from ? X509_UTC_TIME : X509_GENERALIZED_TIME,
		(struct str){ text, n });
}

/* ---- Extensions. -------------------------------------------------------------- */

/* `value` is the DER that the extension wraps. */
static void put_extension(struct buf *out, struct str oid, bool critical,
			  struct buf *value)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	tlv_put(out, TLV_OID, oid);
	if (critical)
		tlv_put(out, TLV_BOOLEAN, STR("\xFF"));
	tlv_put(out, TLV_OCTETS, buf_view(value));
	tlv_close(out, mark);
	buf_clear(value);
}

static void put_authority(struct buf *out, struct buf *v, const unsigned char *id)
{
	size_t mark = tlv_open(v, TLV_SEQUENCE);

	tlv_put(v, 0x80, (struct str){ (const char *)id, RSP_KEY_ID_BYTES });
	tlv_close(v, mark);
	put_extension(out, OID("\x55\x1D\x23"), false, v);
}

static void put_key_usage(struct buf *out, struct buf *v, unsigned usage)
{
	/* digitalSignature is bit 0, keyCertSign 5, cRLSign 6. */
	unsigned char bits = (unsigned char)((usage & USAGE_SIGN ? 0x80 : 0) |
					     (usage & USAGE_CERT ? 0x04 : 0) |
					     (usage & USAGE_CRL ? 0x02 : 0));
	unsigned char unused = 0;

	while (!(bits >> unused & 1))
		unused++;
	tlv_put(v, X509_BIT_STRING,
		(struct str){ (char[]){ (char)unused, (char)bits }, 2 });
	put_extension(out, OID("\x55\x1D\x0F"), true, v);
}

static void put_policy(struct buf *out, struct buf *v, unsigned policy)
{
	char oid[] = "\x67\x81\x12\x01\x02\x01?";
	size_t list = tlv_open(v, TLV_SEQUENCE), one = tlv_open(v, TLV_SEQUENCE);

	oid[6] = (char)policy;
	tlv_put(v, TLV_OID, (struct str){ oid, 7 });
	tlv_close(v, one);
	tlv_close(v, list);
	put_extension(out, OID("\x55\x1D\x20"), true, v);
}

static void put_constraints(struct buf *out, struct buf *v, bool below)
{
	size_t mark = tlv_open(v, TLV_SEQUENCE);

	tlv_put(v, TLV_BOOLEAN, STR("\xFF"));
	if (!below)	/* an EUM: certificates of eUICCs only */
		tlv_put_uint(v, TLV_INTEGER, 0);
	tlv_close(v, mark);
	put_extension(out, OID("\x55\x1D\x13"), true, v);
}

/* A host without a name stands there as the bytes of its address. */
static void put_host(struct buf *v, struct str host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (host.n < sizeof(text)) {
		memcpy(text, host.p, host.n);
		text[host.n] = '\0';
		if (inet_pton(AF_INET, text, bytes) == 1) {
			tlv_put(v, 0x87, (struct str){ (const char *)bytes, 4 });
			return;
		}
		if (inet_pton(AF_INET6, text, bytes) == 1) {
			tlv_put(v, 0x87, (struct str){ (const char *)bytes, 16 });
			return;
		}
	}
	tlv_put(v, 0x82, host);
}

static void put_alternative_name(struct buf *out, struct buf *v, struct str host,
				 struct str oid)
{
	size_t mark;

	if (!host.n && !oid.n)
		return;
	mark = tlv_open(v, TLV_SEQUENCE);
	if (host.n)
		put_host(v, host);
	if (oid.n)
		tlv_put(v, 0x88, oid);
	tlv_close(v, mark);
	put_extension(out, OID("\x55\x1D\x11"), false, v);
}

/* Certificates below it are for this organization and these EIDs. */
static void put_name_constraints(struct buf *out, struct buf *v,
				 struct str organization, struct str iin)
{
	size_t whole = tlv_open(v, TLV_SEQUENCE), permitted = tlv_open(v, 0xA0),
	       subtree = tlv_open(v, TLV_SEQUENCE), directory = tlv_open(v, 0xA4);

	put_name(v, organization, iin, STR_NONE);
	tlv_close(v, directory);
	tlv_close(v, subtree);
	tlv_close(v, permitted);
	tlv_close(v, whole);
	put_extension(out, OID("\x55\x1D\x1E"), true, v);
}

/* TLS: server and client. */
static void put_extended_usage(struct buf *out, struct buf *v)
{
	size_t mark = tlv_open(v, TLV_SEQUENCE);

	tlv_put(v, TLV_OID, OID("\x2B\x06\x01\x05\x05\x07\x03\x01"));
	tlv_put(v, TLV_OID, OID("\x2B\x06\x01\x05\x05\x07\x03\x02"));
	tlv_close(v, mark);
	put_extension(out, OID("\x55\x1D\x25"), true, v);
}

static void put_extensions(struct buf *out, const struct rsp_cert_spec *s,
			   const unsigned char *authority)
{
	unsigned char id[RSP_KEY_ID_BYTES], other[RSP_KEY_ID_BYTES];
	unsigned policy = roles[s->role].policy, usage = roles[s->role].usage;
	size_t outer = tlv_open(out, 0xA3), list = tlv_open(out, TLV_SEQUENCE);
	struct buf v;

	buf_init(&v, CERT_MAX);
	rsp_key_id(s->point, id);
	memcpy(other, authority ? authority : id, sizeof(other));
	if (s->fault == RSP_CERT_WRONG_AUTHORITY)
		other[0] ^= 0xFF;
	if (s->fault == RSP_CERT_WRONG_POLICY)
		policy = policy ^ 1;
	if (s->fault == RSP_CERT_WRONG_KEY_USAGE)
		usage = usage & USAGE_CERT ? USAGE_SIGN : USAGE_CERT;
	if (authority || s->fault == RSP_CERT_WRONG_AUTHORITY)
		put_authority(out, &v, other);
	tlv_put(&v, TLV_OCTETS, (struct str){ (char *)id, sizeof(id) });
	put_extension(out, OID("\x55\x1D\x0E"), false, &v);
	put_key_usage(out, &v, usage);
	put_policy(out, &v, policy);
	if (s->role == RSP_ROLE_DP_TLS || s->role == RSP_ROLE_DS_TLS)
		put_extended_usage(out, &v);
	if (roles[s->role].ca)
		put_constraints(out, &v, s->role == RSP_ROLE_CI);
	put_alternative_name(out, &v, s->host, s->oid);
	if (s->role == RSP_ROLE_EUM)
		put_name_constraints(out, &v, s->organization,
				     s->fault == RSP_CERT_WRONG_CONSTRAINT ?
				     STR("00000000") : s->serial_number);
	buf_release(&v);
	tlv_close(out, list);
	tlv_close(out, outer);
}

/* ---- Writing. ------------------------------------------------------------------ */

static void put_algorithm(struct buf *out)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	tlv_put(out, TLV_OID, OID("\x2A\x86\x48\xCE\x3D\x04\x03\x02"));
	tlv_close(out, mark);
}

static void put_bit_string(struct buf *out, struct str bytes)
{
	tlv_put_head(out, X509_BIT_STRING, bytes.n + 1);
	buf_char(out, 0);
	buf_str(out, bytes);
}

static void put_public_key(struct buf *out, enum rsp_curve curve,
			   const unsigned char *point)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE), algorithm = tlv_open(out, TLV_SEQUENCE);

	tlv_put(out, TLV_OID, OID("\x2A\x86\x48\xCE\x3D\x02\x01"));
	tlv_put(out, TLV_OID, rsp_curve_oid(curve));
	tlv_close(out, algorithm);
	put_bit_string(out, (struct str){ (const char *)point, RSP_POINT_BYTES });
	tlv_close(out, mark);
}

/* An EUM's number stands in its constraint, not in its own name. */
static void put_subject(struct buf *out, const struct rsp_cert_spec *s)
{
	put_name(out, s->organization,
		 s->role == RSP_ROLE_EUICC ? s->serial_number : STR_NONE,
		 s->common_name);
}

static void put_issuer(struct buf *out, const struct rsp_cert_spec *s,
		       const struct rsp_cert *issuer)
{
	const unsigned char *name = NULL;
	size_t n = 0;

	if (s->fault == RSP_CERT_WRONG_ISSUER) {
		put_name(out, STR("somebody else"), STR_NONE, STR("somebody else"));
		return;
	}
	if (!issuer) {
		put_subject(out, s);
		return;
	}
	X509_NAME_get0_der(X509_get_subject_name(issuer->x509), &name, &n);
	buf_add(out, name, n);
}

static void put_validity(struct buf *out, const struct rsp_cert_spec *s)
{
	const int64_t year_ms = (int64_t)365 * 24 * 3600 * 1000;
	int64_t from = s->not_before_ms, to = s->not_after_ms;
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	if (s->fault == RSP_CERT_EXPIRED) {
		to = from - 1000;
		from -= year_ms;
	} else if (s->fault == RSP_CERT_NOT_YET_VALID) {
		from = to;
		to += year_ms;
	}
	put_time(out, from);
	put_time(out, to);
	tlv_close(out, mark);
}

/* Whatever was signed, with its algorithm and signature behind it. */
static void put_signed(struct buf *out, struct str body, const struct rsp_key *key,
		       bool spoilt)
{
	unsigned char raw[RSP_SIGNATURE_BYTES];
	size_t mark = tlv_open(out, TLV_SEQUENCE);
	struct buf der;

	rsp_key_sign(key, &body, 1, raw);
	if (spoilt)
		raw[RSP_SIGNATURE_BYTES - 1] ^= 1;
	buf_init(&der, 128);
	rsp_signature_to_der(raw, &der);
	buf_str(out, body);
	put_algorithm(out);
	put_bit_string(out, buf_view(&der));
	tlv_close(out, mark);
	buf_release(&der);
}

/* A positive number of up to eight bytes. */
static void put_serial(struct buf *out, uint64_t serial)
{
	tlv_put_uint(out, TLV_INTEGER, serial);
}

void rsp_cert_write(const struct rsp_cert_spec *spec, const struct rsp_cert *issuer,
		    const struct rsp_key *issuer_key, struct buf *out)
{
	struct buf body;
	size_t mark, version;

	buf_init(&body, CERT_MAX);
	mark = tlv_open(&body, TLV_SEQUENCE);
	version = tlv_open(&body, 0xA0);
	tlv_put_uint(&body, TLV_INTEGER, 2);	/* v3 */
	tlv_close(&body, version);
	put_serial(&body, spec->serial);
	put_algorithm(&body);
	put_issuer(&body, spec, issuer);
	put_validity(&body, spec);
	put_subject(&body, spec);
	put_public_key(&body, spec->curve, spec->point);
	put_extensions(&body, spec, issuer ? issuer->key_id : NULL);
	tlv_close(&body, mark);
	assert(!body.over);
	put_signed(out, buf_view(&body), issuer_key,
		   spec->fault == RSP_CERT_WRONG_SIGNATURE);
	buf_release(&body);
}

static void put_crl_extensions(struct buf *out, const struct rsp_cert *issuer)
{
	size_t outer = tlv_open(out, 0xA0), list = tlv_open(out, TLV_SEQUENCE);
	struct buf v;

	buf_init(&v, 128);
	put_authority(out, &v, issuer->key_id);
	tlv_put_uint(&v, TLV_INTEGER, 1);
	put_extension(out, OID("\x55\x1D\x14"), false, &v);
	buf_release(&v);
	tlv_close(out, list);
	tlv_close(out, outer);
}

void rsp_crl_write(const struct rsp_cert *issuer, const struct rsp_key *issuer_key,
		   const uint64_t *serials, size_t count, int64_t now_ms,
		   int64_t next_ms, struct buf *out)
{
	const unsigned char *name = NULL;
	size_t n = 0, mark, list, one;
	struct buf body;

	buf_init(&body, CERT_MAX + count * 64);
	mark = tlv_open(&body, TLV_SEQUENCE);
	tlv_put_uint(&body, TLV_INTEGER, 1);	/* v2 */
	put_algorithm(&body);
	X509_NAME_get0_der(X509_get_subject_name(issuer->x509), &name, &n);
	buf_add(&body, name, n);
	put_time(&body, now_ms);
	put_time(&body, next_ms);
	if (count) {
		list = tlv_open(&body, TLV_SEQUENCE);
		for (size_t i = 0; i < count; i++) {
			one = tlv_open(&body, TLV_SEQUENCE);
			put_serial(&body, serials[i]);
			put_time(&body, now_ms);
			tlv_close(&body, one);
		}
		tlv_close(&body, list);
	}
	put_crl_extensions(&body, issuer);
	tlv_close(&body, mark);
	put_signed(out, buf_view(&body), issuer_key, false);
	buf_release(&body);
}

/* ---- Reading. -------------------------------------------------------------------- */

int rsp_cert_to_der(struct str bytes, struct buf *out, struct err *err)
{
	unsigned char *der = NULL;
	BIO *bio;
	X509 *x;
	int n;

	if (bytes.n > CERT_MAX)
		return err_set(err, ERR_LIMIT, "certificate: %zu bytes, at most %d",
			       bytes.n, CERT_MAX);
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

	buf_init(&text, 2 * CERT_MAX);
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
	if (der.n > CERT_MAX)
		return err_set(err, ERR_LIMIT, "certificate: %zu bytes, at most %d",
			       der.n, CERT_MAX);
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
		if (c->policy == (int)roles[r].policy)
			return r;
	return -1;
}

/* ---- Checking. --------------------------------------------------------------------- */

int rsp_cert_check_role(const struct rsp_cert *c, enum rsp_role role, struct err *err)
{
	const char *name = roles[role].name;

	if (c->policy != (int)roles[role].policy)
		return err_set(err, ERR_DENIED,
			       "%s certificate: its policy is not 2.23.146.1.2.1.%u",
			       name, roles[role].policy);
	if (roles[role].ca && (!c->ca || !c->certifies))
		return err_set(err, ERR_DENIED,
			       "%s certificate: it may not sign certificates", name);
	if (!roles[role].ca && (c->ca || !c->signs))
		return err_set(err, ERR_DENIED,
			       "%s certificate: its key usage is not digitalSignature", name);
	if (roles[role].has_oid && !c->oid_n)
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
