/* Certificates and lists of revoked ones, made; also with a fault on purpose. */
#include "proto/rsp_cert_impl.h"

#include "proto/openssl.h"
#include "proto/tlv.h"
#include "sim/clock.h"

#include <arpa/inet.h>
#include <assert.h>

#define OID(bytes) ((struct str){ bytes, sizeof(bytes) - 1 })

/* Tags of X.509 that tlv.h has no name for. */
enum {
	X509_BIT_STRING = 0x03, X509_SET = 0x31, X509_UTC_TIME = 0x17,
	X509_GENERALIZED_TIME = 0x18, X509_ENUMERATED = 0x0A,
};

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
	unsigned char bits = (unsigned char)((usage & RSP_USAGE_SIGN ? 0x80 : 0) |
					     (usage & RSP_USAGE_CERT ? 0x04 : 0) |
					     (usage & RSP_USAGE_CRL ? 0x02 : 0));
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
	unsigned policy = rsp_cert_roles[s->role].policy, usage = rsp_cert_roles[s->role].usage;
	size_t outer = tlv_open(out, 0xA3), list = tlv_open(out, TLV_SEQUENCE);
	struct buf v;

	buf_init(&v, RSP_CERT_MAX);
	rsp_key_id(s->point, id);
	memcpy(other, authority ? authority : id, sizeof(other));
	if (s->fault == RSP_CERT_WRONG_AUTHORITY)
		other[0] ^= 0xFF;
	if (s->fault == RSP_CERT_WRONG_POLICY)
		policy = policy ^ 1;
	if (s->fault == RSP_CERT_WRONG_KEY_USAGE)
		usage = usage & RSP_USAGE_CERT ? RSP_USAGE_SIGN : RSP_USAGE_CERT;
	if (authority || s->fault == RSP_CERT_WRONG_AUTHORITY)
		put_authority(out, &v, other);
	tlv_put(&v, TLV_OCTETS, (struct str){ (char *)id, sizeof(id) });
	put_extension(out, OID("\x55\x1D\x0E"), false, &v);
	put_key_usage(out, &v, usage);
	put_policy(out, &v, policy);
	if (s->role == RSP_ROLE_DP_TLS || s->role == RSP_ROLE_DS_TLS)
		put_extended_usage(out, &v);
	if (rsp_cert_roles[s->role].ca)
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

	buf_init(&body, RSP_CERT_MAX);
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

	buf_init(&body, RSP_CERT_MAX + count * 64);
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
