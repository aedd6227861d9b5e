/*
 * Goal: session keys, protected segments and certificates are those of SGP.22,
 * on both curves, and every certificate with one fault is refused.
 * Oracle: rsp_vectors.h, worked out by another library; for certificates
 * OpenSSL's reading of them, and a table that names each fault's refusal.
 */
#include "proto/eid.h"
#include "proto/hex.h"
#include "proto/openssl.h"
#include "proto/rsp_crypto.h"
#include "proto/rsp_pki.h"
#include "proto/rsp_vectors.h"
#include "proto/tlv.h"

#include <check.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EID VECTOR_EID
/* 2026-01-01. */
#define NOW_MS INT64_C(1767225600000)

static struct arena arena;
static struct rsp_pki *pki;
static struct rsp_crypto *crypto;

static struct str bytes_of(const char *hex)
{
	struct err err = { 0 };
	struct str s;

	ck_assert_int_eq(hex_decode(&arena, str_of(hex), &s, &err), 0);
	return s;
}

static const char *hexed(struct str s)
{
	return hex_of(&arena, s).p;
}

static void setup(void)
{
	arena = (struct arena){ 0 };
	pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1, .repeatable = true });
	rsp_pki_make_ci(pki, RSP_P256);
	rsp_pki_make_ci(pki, RSP_BRAINPOOL);
	crypto = rsp_crypto_full_new(pki);
}

static void teardown(void)
{
	rsp_crypto_full_free(crypto);
	rsp_pki_free(pki);
	arena_release(&arena);
}

/* ---- Keys and segments. ------------------------------------------------- */

START_TEST(session_keys)
{
	const struct vector_agreement *v = &vector_agreements[_i];
	struct rsp_otpk own = { .curve = v->curve };
	struct err err = { 0 };
	struct rsp_bsp bsp;

	memcpy(own.secret, bytes_of(v->euicc_secret).p, sizeof(own.secret));
	ck_assert_int_eq(crypto->agree(crypto, &own, bytes_of(v->smdp_point),
				       STR(VECTOR_HOST), STR(EID), &bsp, &err), 0);
	ck_assert_str_eq(arena_printf(&arena, "%s%s%s",
		hexed((struct str){ (char *)bsp.mcv, 16 }),
		hexed((struct str){ (char *)bsp.s_enc, 16 }),
		hexed((struct str){ (char *)bsp.s_mac, 16 })).p, v->keys);
	ck_assert_uint_eq(bsp.block, 1);
	ck_assert_int_eq(crypto->agree(crypto, &own, bytes_of(v->smdp_point),
		STR("more than sixteen"), STR(EID), &bsp, &err), -1);
}
END_TEST

static struct rsp_bsp vector_bsp(void)
{
	struct str keys = bytes_of(VECTOR_KEYS);
	struct rsp_bsp bsp = { .block = 1 };

	memcpy(bsp.mcv, keys.p, 16);
	memcpy(bsp.s_enc, keys.p + 16, 16);
	memcpy(bsp.s_mac, keys.p + 32, 16);
	return bsp;
}

START_TEST(segments)
{
	struct rsp_bsp there = vector_bsp(), back = vector_bsp();
	struct err err = { 0 };
	struct buf out, plain;
	struct tlv t;

	buf_init(&out, 4096);
	buf_init(&plain, 4096);
	for (size_t i = 0; i < COUNT(vector_segments); i++) {
		const struct vector_segment *v = &vector_segments[i];
		bool encrypt = v->tag != 0x88;

		buf_clear(&out);
		buf_clear(&plain);
		ck_assert_int_eq(crypto->protect(crypto, &there, v->tag, encrypt,
						 bytes_of(v->plain), &out, &err), 0);
		ck_assert_str_eq(hexed(buf_view(&out)), v->protected);
		ck_assert_int_eq(tlv_whole(buf_view(&out), v->tag, &t, &err), 0);
		ck_assert_int_eq(crypto->unprotect(crypto, &back, &t, encrypt, &plain,
						   &err), 0);
		ck_assert_str_eq(hexed(buf_view(&plain)), v->plain);
	}
	buf_release(&out);
	buf_release(&plain);
}
END_TEST

/* Each byte of a segment counts, and so does its place in the row. */
START_TEST(spoilt_segments)
{
	struct rsp_bsp there = vector_bsp(), late = vector_bsp(), back;
	struct err err = { 0 };
	struct buf out, plain;
	struct tlv t;

	buf_init(&out, 4096);
	buf_init(&plain, 4096);
	ck_assert_int_eq(crypto->protect(crypto, &there, 0x86, true, STR("some bytes"),
					 &out, &err), 0);
	ck_assert_int_eq(tlv_whole(buf_view(&out), 0x86, &t, &err), 0);
	for (size_t i = 2; i < out.n; i++) {
		back = vector_bsp();
		out.p[i] ^= 0x10;
		ck_assert_int_eq(crypto->unprotect(crypto, &back, &t, true, &plain, &err),
				 -1);
		ck_assert_int_eq(err.code, ERR_DENIED);
		out.p[i] ^= 0x10;
	}
	late.block = 2;	/* the MAC is right, but what it decrypts to is not */
	plain.n = 0;
	if (crypto->unprotect(crypto, &late, &t, true, &plain, &err) == 0)
		ck_assert(!str_is(buf_view(&plain), "some bytes"));
	late = vector_bsp();
	late.mcv[3] ^= 1;
	ck_assert_int_eq(crypto->unprotect(crypto, &late, &t, true, &plain, &err), -1);
	t.value.n = 7;
	ck_assert_int_eq(crypto->unprotect(crypto, &late, &t, true, &plain, &err), -1);
	buf_release(&out);
	buf_release(&plain);
}
END_TEST

START_TEST(confirmation_code)
{
	const struct vector_hash_cc *v = &vector_hash_cc[_i];
	unsigned char hash[RSP_HASH_BYTES];

	rsp_hash_cc(bytes_of(v->code), bytes_of(v->transaction), hash);
	ck_assert_str_eq(hexed((struct str){ (char *)hash, sizeof(hash) }), v->hash);
}
END_TEST

/* ---- Certificates. --------------------------------------------------------- */

static const struct rsp_pki_identity *get(enum rsp_role role, size_t ci, const char *name,
					  enum rsp_cert_fault fault)
{
	struct err err = { 0 };
	const struct rsp_pki_identity *id = rsp_pki_get(pki, &(struct rsp_pki_wanted){
		.role = role, .ci = ci, .name = str_of(name),
		.oid = STR("\x88\x37\x0A"), .fault = fault }, &err);

	ck_assert_msg(id, "%s", err.msg);
	return id;
}

/* What stands in each, as OpenSSL reads it. */
static const struct shape {
	enum rsp_role role;
	const char *name, *policy, *subject;
	uint32_t usage;
	bool ca;
} shapes[] = {
	{ RSP_ROLE_EUM, "89049032", "2.23.146.1.2.1.2",
	  "O = esimrig EUM, CN = esimrig EUM", KU_KEY_CERT_SIGN, true },
	{ RSP_ROLE_EUICC, EID, "2.23.146.1.2.1.1",
	  "O = esimrig EUM, serialNumber = " EID ", CN = esimrig eUICC",
	  KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DP_AUTH, "dp.example", "2.23.146.1.2.1.4",
	  "O = esimrig, CN = dp.example", KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DP_PB, "dp.example", "2.23.146.1.2.1.5",
	  "O = esimrig, CN = dp.example", KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DP_TLS, "dp.example", "2.23.146.1.2.1.3",
	  "O = esimrig, CN = dp.example", KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DP_TLS, "127.0.0.1", "2.23.146.1.2.1.3",
	  "O = esimrig, CN = 127.0.0.1", KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DP_TLS, "::1", "2.23.146.1.2.1.3",
	  "O = esimrig, CN = ::1", KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DS_TLS, "ds.example", "2.23.146.1.2.1.6",
	  "O = esimrig, CN = ds.example", KU_DIGITAL_SIGNATURE, false },
	{ RSP_ROLE_DS_AUTH, "ds.example", "2.23.146.1.2.1.7",
	  "O = esimrig, CN = ds.example", KU_DIGITAL_SIGNATURE, false },
};

/* As a client looks: for an address, or for a name. */
static bool names_host(X509 *x, const char *host)
{
	int as_address = X509_check_ip_asc(x, host, 0);		/* -2: it is none */

	return as_address != -2 ? as_address == 1 :
	       X509_check_host(x, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static const char *policy_of(X509 *x)
{
	CERTIFICATEPOLICIES *list = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	char *text = arena_alloc(&arena, 64);

	ck_assert_int_eq(sk_POLICYINFO_num(list), 1);
	OBJ_obj2txt(text, 64, sk_POLICYINFO_value(list, 0)->policyid, 1);
	CERTIFICATEPOLICIES_free(list);
	return text;
}

static const char *subject_of(X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = arena_alloc(&arena, 512);

	X509_NAME_print_ex(bio, X509_get_subject_name(x), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	BIO_read(bio, text, 511);
	BIO_free(bio);
	return text;
}

START_TEST(shape)
{
	const struct shape *s = &shapes[_i % (int)COUNT(shapes)];
	size_t ci = (size_t)_i / COUNT(shapes);
	const struct rsp_pki_identity *id = get(s->role, ci, s->name, RSP_CERT_GOOD);
	const unsigned char *p = (const unsigned char *)id->der.p;
	X509 *x = d2i_X509(NULL, &p, (long)id->der.n);
	const struct rsp_pki_identity *issuer = id->issuer;

	ck_assert_ptr_nonnull(x);
	ck_assert_str_eq(policy_of(x), s->policy);
	ck_assert_str_eq(subject_of(x), s->subject);
	ck_assert_uint_eq(X509_get_key_usage(x), s->usage);
	ck_assert_int_eq(X509_check_ca(x), s->ca);
	ck_assert_int_eq(X509_get_pathlen(x), s->role == RSP_ROLE_EUM ? 0 : -1);
	ck_assert_int_eq(X509_verify(x, X509_get0_pubkey(issuer->cert.x509)), 1);
	ck_assert_int_eq(X509_check_issued(issuer->cert.x509, x), X509_V_OK);
	ck_assert(X509_get_ext_by_NID(x, NID_certificate_policies, -1) >= 0);
	if (s->role == RSP_ROLE_DP_TLS || s->role == RSP_ROLE_DS_TLS)
		ck_assert(names_host(x, s->name));
	ck_assert_int_eq(rsp_cert_role(&id->cert), (int)s->role);
	ck_assert_int_eq(id->ci, (int)ci);
	ck_assert_int_eq(rsp_key_curve(id->key), rsp_pki_ci(pki, ci)->curve);
	X509_free(x);
}
END_TEST

static int check(const struct rsp_pki_identity *id, int64_t at_ms, struct rsp_certificate *out,
		 struct err *err)
{
	struct str issuer = id->role == RSP_ROLE_EUICC ? id->issuer->der : STR_NONE;

	return crypto->check_certificate(crypto, id->role, id->der, issuer, at_ms, out, err);
}

START_TEST(good_certificates)
{
	const struct shape *s = &shapes[_i % (int)COUNT(shapes)];
	size_t ci = (size_t)_i / COUNT(shapes);
	const struct rsp_pki_identity *id = get(s->role, ci, s->name, RSP_CERT_GOOD);
	struct rsp_certificate c;
	struct err err = { 0 };

	/* Twice: the second time it is known. */
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(check(id, NOW_MS, &c, &err) == 0, "%s", err.msg);
		ck_assert_int_eq(c.ci, (int)ci);
		ck_assert_int_eq(c.curve, rsp_pki_ci(pki, ci)->curve);
		if (s->role == RSP_ROLE_EUICC)
			ck_assert_str_eq(c.eid, EID);
		else
			ck_assert_str_eq(hexed(c.oid), "88370A");
	}
	ck_assert_int_eq(check(id, INT64_C(2524521600001), &c, &err), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	ck_assert_int_eq(check(id, INT64_C(1577836799999), &c, &err), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	/* For no other role. */
	for (int r = 0; r < RSP_ROLES; r++) {
		if (r == (int)s->role)
			continue;
		ck_assert_int_eq(crypto->check_certificate(crypto, (enum rsp_role)r, id->der,
			STR_NONE, NOW_MS, &c, &err), -1);
	}
}
END_TEST

/* One fault each, in the certificates of every role; the words of the refusal. */
static const struct { enum rsp_cert_fault fault; enum err_code code; const char *words; } faults[] = {
	{ RSP_CERT_EXPIRED, ERR_STATE, "expired" },
	{ RSP_CERT_NOT_YET_VALID, ERR_STATE, "not valid before" },
	{ RSP_CERT_WRONG_POLICY, ERR_DENIED, "policy" },
	{ RSP_CERT_WRONG_KEY_USAGE, ERR_DENIED, "" },
	{ RSP_CERT_WRONG_ISSUER, ERR_DENIED, "issuer" },
	{ RSP_CERT_WRONG_AUTHORITY, ERR_DENIED, "" },
	{ RSP_CERT_WRONG_SIGNATURE, ERR_DENIED, "signature" },
};

START_TEST(bad_certificates)
{
	const struct shape *s = &shapes[_i % (int)COUNT(shapes)];
	struct rsp_certificate c;

	for (size_t f = 0; f < COUNT(faults); f++) {
		const struct rsp_pki_identity *id = get(s->role, 0, s->name, faults[f].fault);
		struct err err = { 0 };

		ck_assert_msg(check(id, NOW_MS, &c, &err) < 0, "%s %s is taken",
			      rsp_role_name(s->role), rsp_cert_fault_name(faults[f].fault));
		ck_assert_msg(err.code == faults[f].code && strstr(err.msg, faults[f].words),
			      "%s %s: %s", rsp_role_name(s->role),
			      rsp_cert_fault_name(faults[f].fault), err.msg);
	}
}
END_TEST

/* An eUICC under an EUM that may not vouch for it, and one under a stranger. */
START_TEST(name_constraints)
{
	const struct rsp_pki_identity *card = get(RSP_ROLE_EUICC, 0, EID, RSP_CERT_GOOD);
	const struct rsp_pki_identity *other = get(RSP_ROLE_EUM, 0, "89049999", RSP_CERT_GOOD);
	struct rsp_certificate c;
	struct err err = { 0 };
	struct buf der;
	struct rsp_cert_spec spec = {
		.role = RSP_ROLE_EUICC, .common_name = STR("x"),
		.organization = STR("esimrig EUM"), .serial_number = STR(EID), .serial = 7,
		.not_before_ms = NOW_MS - 1000, .not_after_ms = NOW_MS + 1000,
		.curve = RSP_P256, .point = rsp_key_point(card->key),
	};

	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_EUICC, card->der,
		other->der, NOW_MS, &c, &err), -1);
	/* Signed by that other EUM, in all form. */
	buf_init(&der, 4096);
	rsp_cert_write(&spec, &other->cert, other->key, &der);
	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_EUICC, buf_view(&der),
		other->der, NOW_MS, &c, &err), -1);
	ck_assert_msg(strstr(err.msg, "89049999"), "%s", err.msg);
	/* With its own number it is good. */
	spec.serial_number = STR("89049999000000000000000000000163");
	buf_clear(&der);
	rsp_cert_write(&spec, &other->cert, other->key, &der);
	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_EUICC, buf_view(&der),
		other->der, NOW_MS, &c, &err), 0);
	ck_assert_str_eq(c.eid, "89049999000000000000000000000163");
	/* In another organization's name it is not. */
	spec.organization = STR("somebody else");
	buf_clear(&der);
	rsp_cert_write(&spec, &other->cert, other->key, &der);
	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_EUICC, buf_view(&der),
		other->der, NOW_MS, &c, &err), -1);
	buf_release(&der);
}
END_TEST

START_TEST(revoked)
{
	const struct rsp_pki_identity *dp = get(RSP_ROLE_DP_AUTH, 0, "dp.example", RSP_CERT_GOOD);
	const struct rsp_pki_identity *other = get(RSP_ROLE_DP_PB, 0, "dp.example", RSP_CERT_GOOD);
	struct rsp_certificate c;
	struct err err = { 0 };

	ck_assert_int_eq(check(dp, NOW_MS, &c, &err), 0);
	ck_assert_int_eq(rsp_pki_revoke(pki, &dp->cert, &err), 0);
	ck_assert_int_eq(check(dp, NOW_MS, &c, &err), -1);
	ck_assert_msg(strstr(err.msg, "revoked"), "%s", err.msg);
	ck_assert_int_eq(check(other, NOW_MS, &c, &err), 0);
}
END_TEST

/* Another world's certificates are no good here. */
START_TEST(strangers)
{
	struct rsp_pki *theirs = rsp_pki_new(&(struct rsp_pki_config){ .seed = 2, .repeatable = true });
	const struct rsp_pki_identity *id;
	struct rsp_certificate c;
	struct err err = { 0 };

	rsp_pki_make_ci(theirs, RSP_P256);
	id = rsp_pki_get(theirs, &(struct rsp_pki_wanted){ .role = RSP_ROLE_DP_AUTH,
		.name = STR("dp.example"), .oid = STR("\x88\x37\x0A") }, &err);
	ck_assert_ptr_nonnull(id);
	ck_assert_int_eq(check(id, NOW_MS, &c, &err), -1);
	ck_assert_int_eq(err.code, ERR_DENIED);
	rsp_pki_free(theirs);
}
END_TEST

/* Any byte changed, or cut off: refused, and nothing breaks. */
START_TEST(spoilt_certificates)
{
	const struct rsp_pki_identity *dp = get(RSP_ROLE_DP_AUTH, 0, "dp.example", RSP_CERT_GOOD);
	struct rsp_certificate c;
	struct err err = { 0 };
	char *copy = arena_alloc(&arena, dp->der.n + 1);

	for (size_t i = 0; i < dp->der.n; i++) {
		memcpy(copy, dp->der.p, dp->der.n);
		copy[i] ^= 0x01;
		ck_assert_msg(crypto->check_certificate(crypto, RSP_ROLE_DP_AUTH,
			(struct str){ copy, dp->der.n }, STR_NONE, NOW_MS, &c, &err) < 0,
			"byte %zu", i);
	}
	for (size_t n = 0; n < dp->der.n; n += 7)
		ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_DP_AUTH,
			(struct str){ dp->der.p, n }, STR_NONE, NOW_MS, &c, &err), -1);
	memcpy(copy, dp->der.p, dp->der.n);
	copy[dp->der.n] = 0;
	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_DP_AUTH,
		(struct str){ copy, dp->der.n + 1 }, STR_NONE, NOW_MS, &c, &err), -1);
}
END_TEST

/* The same seed, the same bytes; not so if they are to serve strangers. */
START_TEST(repeatable)
{
	struct rsp_pki *again = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1,
						.repeatable = _i == 0 });
	const struct rsp_pki_identity *a = get(RSP_ROLE_EUICC, 0, EID, RSP_CERT_GOOD), *b;
	struct err err = { 0 };

	rsp_pki_make_ci(again, RSP_P256);
	b = rsp_pki_get(again, &(struct rsp_pki_wanted){ .role = RSP_ROLE_EUICC,
		.name = STR(EID) }, &err);
	ck_assert_int_eq(str_eq(a->der, b->der), _i == 0);
	ck_assert_int_eq(str_eq(a->issuer->der, b->issuer->der), _i == 0);
	rsp_pki_free(again);
}
END_TEST

/* What was written to files and is brought back, in any order, is found. */
START_TEST(brought)
{
	const struct rsp_pki_identity *mine = get(RSP_ROLE_EUICC, 1, EID, RSP_CERT_GOOD), *id;
	const struct rsp_pki_identity *chain[] = { mine, mine->issuer, mine->issuer->issuer };
	struct rsp_pki *theirs = rsp_pki_new(&(struct rsp_pki_config){ 0 });
	struct err err = { 0 };
	struct buf pem;

	buf_init(&pem, 4096);
	rsp_key_write(mine->key, &pem);
	ck_assert_int_eq(rsp_pki_add_key(theirs, buf_view(&pem), &err), 0);
	for (size_t i = 0; i < COUNT(chain); i++)
		ck_assert_msg(rsp_pki_add_certificate(theirs, chain[i]->der, &err) == 0,
			      "%s", err.msg);
	ck_assert_int_eq(rsp_pki_add_certificate(theirs, mine->der, &err), 0);
	ck_assert_uint_eq(rsp_pki_ci_count(theirs), 1);
	id = rsp_pki_get(theirs, &(struct rsp_pki_wanted){ .role = RSP_ROLE_EUICC,
		.name = STR(EID) }, &err);
	ck_assert_ptr_nonnull(id);
	ck_assert(str_eq(id->der, mine->der) && id->key && id->issuer && id->ci == 0);
	/* Nothing can be made without the key of an issuer. */
	ck_assert_ptr_null(rsp_pki_get(theirs, &(struct rsp_pki_wanted){
		.role = RSP_ROLE_DP_AUTH, .name = STR("x") }, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(rsp_pki_add_certificate(theirs, STR("nonsense"), &err), -1);
	ck_assert_int_eq(rsp_pki_add_key(theirs, STR("nonsense"), &err), -1);
	ck_assert_int_eq(rsp_pki_add_crl(theirs, STR("nonsense"), &err), -1);
	buf_release(&pem);
	rsp_pki_free(theirs);
}
END_TEST

static void bring(struct rsp_pki *to, const struct rsp_pki_identity *id, bool with_key)
{
	struct err err = { 0 };
	struct buf pem;

	buf_init(&pem, 4096);
	ck_assert_int_eq(rsp_pki_add_certificate(to, id->der, &err), 0);
	if (with_key) {
		rsp_key_write(id->key, &pem);
		ck_assert_int_eq(rsp_pki_add_key(to, buf_view(&pem), &err), 0);
	}
	buf_release(&pem);
}

/* Of several TLS certificates the one for that host, good for longest; if there is
 * none, one is made, or any is taken where none can be. */
START_TEST(tls_by_host)
{
	for (int ci_key = 0; ci_key < 2; ci_key++) {
		struct rsp_pki *p = rsp_pki_new(&(struct rsp_pki_config){ 0 });
		const struct rsp_pki_identity *a, *b, *found;
		struct rsp_pki_wanted w = { .role = RSP_ROLE_DP_TLS, .oid = STR("\x88\x37\x0A") };
		struct err err;

		a = get(RSP_ROLE_DP_TLS, 0, "a.example", RSP_CERT_GOOD);
		b = get(RSP_ROLE_DP_TLS, 0, "127.0.0.1", RSP_CERT_GOOD);
		bring(p, a->issuer, ci_key);
		bring(p, get(RSP_ROLE_DP_TLS, 0, "a.example", RSP_CERT_EXPIRED), true);
		bring(p, a, true);
		bring(p, b, true);
		w.name = STR("A.example");
		found = rsp_pki_get(p, &w, &err);
		ck_assert(found && str_eq(found->der, a->der));
		w.name = STR("127.0.0.1");
		found = rsp_pki_get(p, &w, &err);
		ck_assert(found && str_eq(found->der, b->der));
		w.name = STR("c.example");
		found = rsp_pki_get(p, &w, &err);
		ck_assert_ptr_nonnull(found);
		ck_assert_int_eq(names_host(found->cert.x509, "c.example"), ci_key);
		rsp_pki_free(p);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rsp_crypto_full");
	TCase *tc = tcase_create("rsp_crypto_full");
	SRunner *runner;
	int failed, shape_count = (int)COUNT(shapes);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, session_keys, 0, COUNT(vector_agreements));
	tcase_add_test(tc, segments);
	tcase_add_test(tc, spoilt_segments);
	tcase_add_loop_test(tc, confirmation_code, 0, COUNT(vector_hash_cc));
	tcase_add_loop_test(tc, shape, 0, 2 * shape_count);
	tcase_add_loop_test(tc, good_certificates, 0, 2 * shape_count);
	tcase_add_loop_test(tc, bad_certificates, 0, shape_count);
	tcase_add_test(tc, name_constraints);
	tcase_add_test(tc, revoked);
	tcase_add_test(tc, strangers);
	tcase_add_test(tc, spoilt_certificates);
	tcase_add_loop_test(tc, repeatable, 0, 2);
	tcase_add_test(tc, brought);
	tcase_add_test(tc, tls_by_host);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
