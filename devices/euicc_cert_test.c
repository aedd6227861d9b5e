/*
 * Goal: a certificate of an SM-DP+ with one thing wrong is refused with the error code that
 * SGP.22, 5.7.13 and 5.7.5, have for it, on both curves, at the time of the world's clock.
 * Oracle: codes in words for each of the faults that rsp_cert.h can make, and for
 * certificates spoilt by hand; and what is signed by another, or altered afterwards.
 */
#include "devices/test_attempt.h"
#include "proto/hex.h"
#include "proto/rsp_pki.h"

#define DAY_MS INT64_C(86400000)
/* 2025-06-15 */
#define NOON_MS INT64_C(1749988800000)

static struct rsp_pki *pki, *strange;
static struct rsp_crypto *full;
static struct clock now;
static struct euicc_shared shared;
static struct arena arena;
static struct euicc card;
static struct attempt t;

static void set_time(int64_t unix_ms)
{
	clock_init(&now, CLOCK_KIND_VIRTUAL, 1.0, unix_ms);
}

static struct rsp_pki *new_pki(uint64_t seed)
{
	struct rsp_pki *p = rsp_pki_new(&(struct rsp_pki_config){ .seed = seed,
		.repeatable = true, .not_before_ms = NOON_MS - 100 * DAY_MS,
		.not_after_ms = NOON_MS + 100 * DAY_MS });

	rsp_pki_make_ci(p, RSP_P256);
	rsp_pki_make_ci(p, RSP_BRAINPOOL);
	return p;
}

static void setup_ci(size_t ci)
{
	arena = (struct arena){ 0 };
	pki = new_pki(1);
	strange = new_pki(2);
	full = rsp_crypto_full_new(pki);
	set_time(NOON_MS);
	shared = (struct euicc_shared){ .crypto = full, .clock = &now };
	euicc_init(&card, &shared, str_of(EID), 0, (struct rng){ 5 });
	attempt_init(&t, full, ci, &arena, ICCID_NEW, "0123456789ABCDEF");
}

static void teardown(void)
{
	euicc_release(&card);
	rsp_crypto_full_free(full);
	rsp_pki_free(pki);
	rsp_pki_free(strange);
	arena_release(&arena);
}

static struct es10_answer ask(enum es10_tag tag, struct str der)
{
	struct es10_request rq = { .tag = tag, .der = der };
	struct es10_answer an;

	ck_assert_int_eq(euicc_call(&card, &rq, &arena, &an), 0);
	return an;
}

static int authenticate(void)
{
	struct es10_answer an;

	t.challenge = ask(ES10_TAG_EUICC_CHALLENGE, STR("")).der;
	an = ask(ES10_TAG_AUTHENTICATE_SERVER, attempt_authenticate(&t));
	if (an.code == ES10_OK)
		attempt_authenticated(&t, an.der);
	else
		ck_assert_ptr_null(card.session);
	return an.code;
}

static int prepare(void)
{
	int code;

	ck_assert_int_eq(authenticate(), ES10_OK);
	code = ask(ES10_TAG_PREPARE_DOWNLOAD, attempt_prepare(&t)).code;
	if (code != ES10_OK)
		ck_assert_ptr_null(card.session);
	return code;
}

static void check_code(const char *what, enum es10_function f, int code, const char *want)
{
	const char *name = es10_result_name(f, code);

	ck_assert_msg(name && strcmp(name, want) == 0, "%s: %s, expected %s", what,
		      name ? name : "?", want);
}

static struct rsp_identity made(struct rsp_pki *p, const struct rsp_pki_wanted *w)
{
	const struct rsp_pki_identity *id;
	struct err err = { 0 };

	id = rsp_pki_get(p, w, &err);
	ck_assert_msg(id, "%s", err.msg);
	return (struct rsp_identity){ .certificate = id->der, .key = id->key,
				      .oid = SPAN(OID) };
}

static struct rsp_identity with_fault(enum rsp_role role, enum rsp_cert_fault fault)
{
	return made(pki, &(struct rsp_pki_wanted){ .role = role, .ci = t.ci,
		.name = str_of(SMDP), .oid = SPAN(OID), .fault = fault });
}

/* ---- The faults that can be made. ---------------------------------------------- */

static const struct {
	enum rsp_cert_fault fault;
	const char *auth, *pb;
} faults[] = {
	{ RSP_CERT_GOOD, "ok", "ok" },
	{ RSP_CERT_EXPIRED, "invalidCertOrCrlTime", "invalidCertificate" },
	{ RSP_CERT_NOT_YET_VALID, "invalidCertOrCrlTime", "invalidCertificate" },
	{ RSP_CERT_WRONG_POLICY, "invalidCertificate", "invalidCertificate" },
	{ RSP_CERT_WRONG_KEY_USAGE, "invalidCertificate", "invalidCertificate" },
	{ RSP_CERT_WRONG_ISSUER, "invalidCertificate", "invalidCertificate" },
	{ RSP_CERT_WRONG_AUTHORITY, "ciPKUnknown", "invalidCertificate" },
	{ RSP_CERT_WRONG_SIGNATURE, "invalidCertificate", "invalidCertificate" },
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

START_TEST(made_faults)
{
	enum rsp_cert_fault f = faults[_i / 2].fault;

	setup_ci((size_t)_i % 2);
	t.auth = with_fault(RSP_ROLE_DP_AUTH, f);
	check_code(rsp_cert_fault_name(f), ES10_AUTHENTICATE_SERVER, authenticate(),
		   faults[_i / 2].auth);
	t.auth = with_fault(RSP_ROLE_DP_AUTH, RSP_CERT_GOOD);
	t.pb = with_fault(RSP_ROLE_DP_PB, f);
	check_code(rsp_cert_fault_name(f), ES10_PREPARE_DOWNLOAD, prepare(),
		   faults[_i / 2].pb);
	teardown();
}
END_TEST

/* All faults but that of an EUM's name constraint are in the table. */
START_TEST(every_fault)
{
	ck_assert_int_eq(FAULTS + 1, RSP_CERT_FAULTS);
	for (int f = 0; f < RSP_CERT_FAULTS; f++) {
		int n = 0;

		for (int i = 0; i < FAULTS; i++)
			n += faults[i].fault == (enum rsp_cert_fault)f;
		ck_assert_int_eq(n, f != RSP_CERT_WRONG_CONSTRAINT);
	}
}
END_TEST

/* ---- Others' certificates, and certificates for something else. ------------------ */

static void another_role(void)
{
	t.auth = with_fault(RSP_ROLE_DP_PB, RSP_CERT_GOOD);
}

static void a_ci(void)
{
	t.auth.certificate = rsp_pki_at(pki, t.ci)->der;
}

static void an_euicc(void)
{
	t.auth = made(pki, &(struct rsp_pki_wanted){ .role = RSP_ROLE_EUICC, .ci = t.ci,
						     .name = str_of(EID) });
}

static void a_stranger(void)
{
	t.auth = made(strange, &(struct rsp_pki_wanted){ .role = RSP_ROLE_DP_AUTH,
		.ci = t.ci, .name = str_of(SMDP), .oid = SPAN(OID) });
}

static void no_oid(void)
{
	t.auth = made(pki, &(struct rsp_pki_wanted){ .role = RSP_ROLE_DP_AUTH, .ci = t.ci,
						     .name = STR("nobody.example.com") });
}

static void change(struct str from, struct str to)
{
	ptrdiff_t at = str_find(t.auth.certificate, from);

	ck_assert_int_ge(at, 0);
	ck_assert_uint_eq(from.n, to.n);
	t.auth.certificate = arena_str(&arena, t.auth.certificate);
	memcpy((char *)(uintptr_t)t.auth.certificate.p + at, to.p, to.n);
}

/* Curves of the same family whose names are as long: brainpoolP256t1, prime239v3. */
static void another_curve(void)
{
	if (t.curve == RSP_BRAINPOOL)
		change(STR("\x2B\x24\x03\x03\x02\x08\x01\x01\x07"),
		       STR("\x2B\x24\x03\x03\x02\x08\x01\x01\x08"));
	else
		change(STR("\x2A\x86\x48\xCE\x3D\x03\x01\x07"),
		       STR("\x2A\x86\x48\xCE\x3D\x03\x01\x06"));
}

/* The other of the two that are known: its point is not on that curve. */
static void point_of_another_curve(void)
{
	const struct rsp_pki_identity *id;
	struct err err;

	id = rsp_pki_get(pki, &(struct rsp_pki_wanted){ .role = RSP_ROLE_DP_AUTH,
		.ci = 1 - t.ci, .name = str_of(SMDP), .oid = SPAN(OID) }, &err);
	change((struct str){ (const char *)rsp_key_point(t.auth.key), RSP_POINT_BYTES },
	       (struct str){ (const char *)id->cert.point, RSP_POINT_BYTES });
}

static void point_at_infinity(void)
{
	static const char zeros[RSP_POINT_BYTES];

	change((struct str){ (const char *)rsp_key_point(t.auth.key), RSP_POINT_BYTES },
	       (struct str){ zeros, sizeof(zeros) });
}

static void compressed_point(void)
{
	char point[RSP_POINT_BYTES];

	memcpy(point, rsp_key_point(t.auth.key), sizeof(point));
	point[0] = 0x02;
	change((struct str){ (const char *)rsp_key_point(t.auth.key), RSP_POINT_BYTES },
	       SPAN(point));
}

static void another_name(void) { change(str_of(SMDP), STR("smdq.example.com")); }
static void rubbish(void) { t.auth.certificate = STR("\x30\x03\x02\x01\x05"); }

static void nothing(void) { t.auth.certificate = STR("\x30\x00"); }

static void revoked(void)
{
	struct rsp_cert cert;
	struct err err = { 0 };

	ck_assert_int_eq(rsp_cert_read(&cert, t.auth.certificate, &err), 0);
	ck_assert_msg(rsp_pki_revoke(pki, &cert, &err) == 0, "%s", err.msg);
	rsp_cert_release(&cert);
}

static void another_revoked(void)
{
	struct rsp_cert cert;
	struct err err = { 0 };

	ck_assert_int_eq(rsp_cert_read(&cert, t.pb.certificate, &err), 0);
	ck_assert_int_eq(rsp_pki_revoke(pki, &cert, &err), 0);
	rsp_cert_release(&cert);
}

static void list_required(void) { rsp_pki_require_crls(pki); }

static void list_required_and_there(void)
{
	rsp_pki_require_crls(pki);
	another_revoked();
}

static void list_of_another(void)
{
	rsp_pki_require_crls(pki);
	t.ci = 1 - t.ci;
	t.pb = with_fault(RSP_ROLE_DP_PB, RSP_CERT_GOOD);
	another_revoked();
	t.ci = 1 - t.ci;
}

/* A list that was due again yesterday. */
static void list_too_old(void)
{
	const struct rsp_pki_identity *ci = rsp_pki_at(pki, t.ci);
	struct buf b = peer_buf();
	struct err err = { 0 };
	uint64_t serial = 7;

	rsp_crl_write(&ci->cert, ci->key, &serial, 1, NOON_MS - 9 * DAY_MS, NOON_MS - DAY_MS,
		      &b);
	ck_assert_msg(rsp_pki_add_crl(pki, buf_view(&b), &err) == 0, "%s", err.msg);
	buf_release(&b);
	rsp_pki_require_crls(pki);
}

static void before_all(void) { set_time(NOON_MS - 101 * DAY_MS); }
static void after_all(void) { set_time(NOON_MS + 101 * DAY_MS); }
static void last_day(void) { set_time(NOON_MS + 99 * DAY_MS); }

static const struct {
	const char *what;
	void (*spoil)(void);
	const char *want;
} cases[] = {
	{ "DPpb's", another_role, "invalidCertificate" },
	{ "the CI's own", a_ci, "invalidCertificate" },
	{ "an eUICC's", an_euicc, "invalidCertificate" },
	{ "of another CI", a_stranger, "ciPKUnknown" },
	{ "no registered id", no_oid, "invalidOid" },
	{ "another curve", another_curve, "unsupportedCurve" },
	{ "point of another curve", point_of_another_curve, "invalidCertificate" },
	{ "infinity", point_at_infinity, "invalidCertificate" },
	{ "compressed point", compressed_point, "invalidCertificate" },
	{ "another name", another_name, "invalidCertificate" },
	{ "rubbish", rubbish, "invalidCertificate" },
	{ "nothing in it", nothing, "invalidCertificate" },
	{ "revoked", revoked, "revokedCert" },
	{ "another revoked", another_revoked, "ok" },
	{ "no list", list_required, "missingCrl" },
	{ "a list", list_required_and_there, "ok" },
	{ "another CI's list", list_of_another, "missingCrl" },
	{ "an old list", list_too_old, "invalidCertOrCrlTime" },
	{ "before all", before_all, "invalidCertOrCrlTime" },
	{ "after all", after_all, "invalidCertOrCrlTime" },
	{ "the last day", last_day, "ok" },
};

START_TEST(refused)
{
	setup_ci((size_t)_i % 2);
	cases[_i / 2].spoil();
	check_code(cases[_i / 2].what, ES10_AUTHENTICATE_SERVER, authenticate(),
		   cases[_i / 2].want);
	teardown();
}
END_TEST

/* ---- Good certificates, bad signatures. -------------------------------------------- */

/* Of a signature r, s the pair r, n - s is one as well.  It is taken: nothing that is kept
 * is looked up by a signature, and SGP.22 does not forbid it. */
static void other_half(unsigned char *s, enum rsp_curve curve)
{
	static const char *const orders[] = {
		[RSP_P256] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
		[RSP_BRAINPOOL] =
			"A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
	};
	struct str n;
	struct err err;
	int borrow = 0;

	ck_assert_int_eq(hex_decode(&arena, str_of(orders[curve]), &n, &err), 0);
	for (int i = 31; i >= 0; i--) {
		int d = (unsigned char)n.p[i] - s[i] - borrow;

		borrow = d < 0;
		s[i] = (unsigned char)(d & 0xFF);
	}
}

static const struct {
	const char *what;
	bool good;
} signatures[] = {
	{ "as it is", true }, { "the other half", true }, { "a bit of r", false },
	{ "a bit of s", false }, { "zeros", false }, { "r zero", false }, { "s zero", false },
	{ "all ones", false }, { "r and s swapped", false },
};

/* Where the signature is in the request: behind 5F37 40. */
static unsigned char *signature_in(struct str request)
{
	ptrdiff_t at = str_find(request, STR("\x5F\x37\x40"));

	ck_assert_int_ge(at, 0);
	return (unsigned char *)(uintptr_t)request.p + at + 3;
}

START_TEST(signed_badly)
{
	unsigned char *s, half[32];
	struct str request;
	int n = _i / 2;

	setup_ci((size_t)_i % 2);
	t.challenge = ask(ES10_TAG_EUICC_CHALLENGE, STR("")).der;
	request = attempt_authenticate(&t);
	s = signature_in(request);
	switch (n) {
	case 1: other_half(s + 32, t.curve); break;
	case 2: s[31] ^= 1; break;
	case 3: s[63] ^= 1; break;
	case 4: memset(s, 0, 64); break;
	case 5: memset(s, 0, 32); break;
	case 6: memset(s + 32, 0, 32); break;
	case 7: memset(s, 0xFF, 64); break;
	case 8:
		memcpy(half, s, 32);
		memcpy(s, s + 32, 32);
		memcpy(s + 32, half, 32);
		break;
	}
	check_code(signatures[n].what, ES10_AUTHENTICATE_SERVER,
		   ask(ES10_TAG_AUTHENTICATE_SERVER, request).code,
		   signatures[n].good ? "ok" : "invalidSignature");
	teardown();
}
END_TEST

/* The two certificates of an SM-DP+ have one registered id. */
START_TEST(two_smdps)
{
	setup_ci((size_t)_i);
	t.pb = made(pki, &(struct rsp_pki_wanted){ .role = RSP_ROLE_DP_PB, .ci = t.ci,
		.name = STR("other.example.com"), .oid = STR("\x88\x37\x63") });
	check_code("another's DPpb", ES10_PREPARE_DOWNLOAD, prepare(), "invalidCertificate");
	teardown();
}
END_TEST

#define LOOP(tc, test, n) tcase_add_loop_test(tc, test, 0, 2 * (int)(n))

int main(void)
{
	Suite *suite = suite_create("devices/euicc_cert");
	TCase *tc = tcase_create("certificates");
	SRunner *runner;
	int failures;

	LOOP(tc, made_faults, FAULTS);
	tcase_add_test(tc, every_fault);
	LOOP(tc, refused, sizeof(cases) / sizeof(cases[0]));
	LOOP(tc, signed_badly, sizeof(signatures) / sizeof(signatures[0]));
	tcase_add_loop_test(tc, two_smdps, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
