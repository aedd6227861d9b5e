/*
 * Goal: with all cryptography, on both curves and under either CI, the SM-DP+'s side of
 * every message: what it signs can be verified, what it verifies must be right, and its
 * package can be read by whoever has the other key.
 * Method: the eUICC's side of test_euicc.h, with keys of a set of certificates.
 */
#include "smdp/test_euicc.h"

#include "proto/rsp_pki.h"

/* 2049, when what is made here has expired. */
#define LATER_MS INT64_C(2493072000000)

static struct rsp_pki *pki;
static struct rsp_crypto *full;

static void open_world(size_t sign, size_t verify)
{
	pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1, .repeatable = true });
	rsp_pki_make_ci(pki, RSP_P256);
	rsp_pki_make_ci(pki, RSP_BRAINPOOL);
	crypto = full = rsp_crypto_full_new(pki);
	sign_ci = sign;
	verify_ci = verify;
	setup();
}

static void close_world(void)
{
	teardown();
	rsp_crypto_full_free(full);
	rsp_pki_free(pki);
	crypto = NULL;
	sign_ci = verify_ci = 0;
}

static void usual(void)
{
	open_world(0, 0);
}

/* The package as the eUICC reads it: -1, or what it asks for. */
static int read_package(const struct attempt *a, char iccid[ICCID_SIZE])
{
	struct rsp_bpp_reader r;
	struct str *segments;
	struct rsp_upp upp;
	struct err err = { 0 };
	size_t n;
	int rc = 0;

	ck_assert_int_eq(rsp_bpp_split(a->package, &w.arena, &segments, &n, &err), 0);
	rsp_bpp_reader_init(&r, crypto, &a->otpk, str_of(a->eid), a->transaction,
			    a->smdp_certificate);
	for (size_t i = 0; i < n && rc == 0; i++) {
		ck_assert_uint_le(segments[i].n, RSP_SEGMENT_MAX);
		rc = rsp_bpp_reader_feed(&r, segments[i], &err);
	}
	if (rc == 0) {
		ck_assert_int_eq(r.stage, RSP_BPP_DONE);
		ck_assert_int_eq(rsp_upp_read(buf_view(&r.upp), &upp, &err), 0);
		memcpy(iccid, upp.iccid, ICCID_SIZE);
	}
	rsp_bpp_reader_release(&r);
	return rc;
}

/* Bit 0: under which CI the eUICC signs, bit 1: the SM-DP+, bit 2: the package has keys
 * of its own. */
START_TEST(whole_download)
{
	struct attempt a = { .matching_id = MID, .eid = EID, .cc = "4711", .key = 1 }, b;
	struct rsp_certificate auth, pb;
	struct es9_message out;
	struct err err = { 0 };
	char iccid[ICCID_SIZE];

	own_keys = _i & 4;
	open_world(_i & 1, _i >> 1 & 1);
	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .memory = 200000,
					  .confirmation_code = STR("4711") });
	ck_assert_str_eq(initiate(&a, &out), "ok");
	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_DP_AUTH,
		out.server_certificate, STR_NONE, CLOCK_EPOCH_MS, &auth, &err), 0);
	ck_assert_uint_eq((size_t)auth.ci, verify_ci);
	ck_assert(str_eq((struct str){ out.key_id.p + 2, out.key_id.n - 2 },
			 crypto->ci_key_id(crypto, sign_ci)));
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_int_eq(crypto->check_certificate(crypto, RSP_ROLE_DP_PB,
		a.smdp_certificate, STR_NONE, CLOCK_EPOCH_MS, &pb, &err), 0);
	ck_assert_uint_eq((size_t)pb.ci, verify_ci);
	ck_assert(str_eq(pb.oid, auth.oid));
	ck_assert_int_eq(read_package(&a, iccid), 0);
	ck_assert_str_eq(iccid, ICCID);
	/* Again, by the same keys; it is another package all the same. */
	b = a;
	ck_assert_str_eq(download(&b), "ok");
	ck_assert_uint_eq(count(&w.seen, "\"keys-used-again\""), 1);
	ck_assert(!str_eq(b.package, a.package));
	ck_assert_int_eq(read_package(&b, iccid), 0);
	/* One that was made for another session or eUICC cannot be read. */
	b.transaction = a.transaction;
	ck_assert_int_eq(read_package(&b, iccid), -1);
	b = a;
	b.eid = EID2;
	ck_assert_int_eq(read_package(&b, iccid), -1);
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
	close_world();
	own_keys = false;
}
END_TEST

static const struct {
	unsigned flags;
	const char *code;
} refusals[] = {
	{ BAD_SIGNATURE1, "8.1/6.1" }, { BAD_CHALLENGE, "8.1/6.1" },
	{ BAD_SIGNED_TID, "8.10.1/3.9" }, { BAD_CERTIFICATE, "8.1.3/6.1" },
	{ BAD_EUM, "8.1.2/6.1" }, { BAD_SIGNATURE2, "8.1/6.1" },
	{ BAD_SIGNED2_TID, "8.10.1/3.9" }, { BAD_POINT, "8.2/3.7" },
	{ BAD_KEY_ID, "8.8.4/3.7" }, { BAD_SIGN_ID, "8.8.2/3.1" }, { 0, "ok" },
};

START_TEST(refused)
{
	struct attempt a = { .matching_id = MID, .eid = EID, .flags = refusals[_i].flags };

	offer_plain();
	ck_assert_str_eq(download(&a), refusals[_i].code);
	ck_assert_str_eq(state(ICCID), refusals[_i].flags ? "released" : "downloaded");
	ck_assert_uint_eq(smdp_session_count(w.smdp), refusals[_i].flags ? 0 : 1);
}
END_TEST

/* The SM-DP+ chose one CI, and the eUICC signs under the other. */
START_TEST(another_ci)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message initiated, out;

	offer_plain();
	ck_assert_str_eq(initiate(&a, &initiated), "ok");
	sign_ci = 1;
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "8.11.1/3.9");
	sign_ci = 0;
}
END_TEST

/* One eUICC's key, another's name. */
START_TEST(signed_by_another)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message initiated, out;

	offer_plain();
	ck_assert_str_eq(initiate(&a, &initiated), "ok");
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "ok");
	a.eid = EID2;
	ck_assert_str_eq(get_package(&a, &out), "8.1/6.1");
	a.eid = EID;
	ck_assert_str_eq(download(&a), "ok");
	signer = EID2;
	ck_assert_str_eq(cancel(a.transaction, ES10_CANCEL_END_USER), "8.1/6.1");
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "downloaded");
	signer = EID;
	report_installation(a.transaction, 1, 0, true);
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
	/* Other notifications bring their certificates. */
	report_event(NOTIFY_ENABLE, 2, true);
	pass(1);
	ck_assert_uint_eq(w.eis_calls, 1);
	report_event(NOTIFY_ENABLE, 2, false);
	pass(1);
	ck_assert_uint_eq(w.eis_calls, 2);
}
END_TEST

/* Certificates have an end; by then not even the SM-DP+'s own are good. */
START_TEST(expired)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message initiated, out;

	offer_plain();
	pass((LATER_MS - CLOCK_EPOCH_MS) / 1000 + 366 * 86400);
	ck_assert_str_eq(initiate(&a, &initiated), "ok");
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "8.1.2/6.3");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smdp/full");
	TCase *tc = tcase_create("curves");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, whole_download, 0, 8);
	suite_add_tcase(suite, tc);
	tc = tcase_create("refusals");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, usual, close_world);
	tcase_add_loop_test(tc, refused, 0, (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tc, another_ci);
	tcase_add_test(tc, signed_by_another);
	tcase_add_test(tc, expired);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
