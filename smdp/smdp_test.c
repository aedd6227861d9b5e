/*
 * Goal: the SM-DP+ as devices see it, over HTTP, from the first message to the
 * package; and what it offers them.
 * Method: a world of one SM-DP+, an EIS that only listens, and a client that
 * answers as an eUICC would; codes are SGP.22's, as text.  What follows a
 * download is in notify_test.c, ES2+ in es2plus_test.c, and who asks too much or
 * nonsense in limits_test.c.
 */
#include "smdp/test_euicc.h"

/* ---- Downloads. --------------------------------------------------------- */

/* ReplaceSessionKeys of a package: BF26 in clear, as there is no cryptography here. */
static struct str keys_in(struct str package)
{
	struct tlv whole, t, command, keys;
	struct err err = { 0 };

	ck_assert_int_eq(tlv_whole(package, RSP_TAG_PACKAGE, &whole, &err), 0);
	if (tlv_find(whole.value, 0xA2, &t, &err) == 0)
		return STR_NONE;
	ck_assert_int_eq(tlv_whole(t.value, 0x87, &command, &err), 0);
	ck_assert_int_eq(tlv_expect(&command.value, 0xBF26, &keys, &err), 0);
	ck_assert_uint_eq(keys.value.n, 3 * (2 + 16));
	return keys.raw;
}

START_TEST(whole_download)
{
	static const struct rsp_otpk key = { .public_point = { 4 } };
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct rsp_bpp_reader r;
	struct str *segments;
	struct err err = { 0 };
	char iccid[ICCID_SIZE];
	size_t n;

	offer_plain();
	ck_assert_str_eq(state(ICCID), "released");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_ptr_null(keys_in(a.package).p);
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert(str_is(a.metadata.spn, "Mobile"));
	ck_assert(!a.cc_required);
	ck_assert_int_eq(iccid_unpack(iccid, a.metadata.iccid), 0);
	ck_assert_str_eq(iccid, ICCID);
	/* The eUICC takes the package in. */
	ck_assert_int_eq(rsp_bpp_split(a.package, &w.arena, &segments, &n, &err), 0);
	rsp_bpp_reader_init(&r, &rsp_crypto_none, &key, STR(EID), a.transaction,
			    a.smdp_certificate);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(rsp_bpp_reader_feed(&r, segments[i], &err) == 0,
			      "%s", err.msg);
	ck_assert_int_eq(r.stage, RSP_BPP_DONE);
	rsp_bpp_reader_release(&r);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 1);
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	pass(1);
	ck_assert_str_eq(w.told.p, "{\"eid\":\"" EID "\",\"iccid\":\"" ICCID "\","
		"\"operation\":\"install\",\"sequenceNumber\":1,\"succeeded\":true,"
		"\"smdpAddress\":\"smdp.example.com\","
		"\"time\":\"2026-01-01T00:00:00.000Z\"}\n");
	/* Once installed, the code is of no more use. */
	ck_assert_str_eq(download(&a), "8.2.6/3.8");
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

static const struct {
	unsigned flags;
	const char *matching_id, *eid;
	const char *code;
	unsigned sessions;	/* open afterwards */
} refusals[] = {
	{ OTHER_ADDRESS, MID, EID, "8.8.1/3.8", 0 },
	{ BAD_KEY_ID, MID, EID, "8.8.4/3.7", 0 },
	{ BAD_SIGN_ID, MID, EID, "8.8.2/3.1", 0 },
	{ BAD_SVN, MID, EID, "8.8.3/3.1", 0 },
	{ SHORT_CHALLENGE, MID, EID, "1.3.1/2.1", 0 },
	{ GARBAGE_BF38, MID, EID, "1.3.1/2.1", 0 },
	{ ERROR_BF38, MID, EID, "8.1/4.2", 0 },
	{ BAD_EUM, MID, EID, "8.1.2/6.1", 0 },
	{ BAD_CERTIFICATE, MID, EID, "8.1.3/6.1", 0 },
	{ BAD_SIGNATURE1, MID, EID, "8.1/6.1", 0 },
	{ BAD_CHALLENGE, MID, EID, "8.1/6.1", 0 },
	{ BAD_SIGNED_TID, MID, EID, "8.10.1/3.9", 0 },
	{ 0, "SECRET-MID-2", EID, "8.2.6/3.8", 0 },
	{ 0, "", EID, "8.1.1/3.8", 0 },
	{ 0, NULL, EID, "8.1.1/3.8", 0 },
	{ 0, MID, EID2, "8.1.1/3.8", 0 },
	{ NO_MEMORY, MID, EID, "8.1/4.8", 0 },
	{ FORBIDS_PPR, MID, EID, "8.2.5/4.3", 0 },
	{ GARBAGE_BF21, MID, EID, "1.3.1/2.1", 0 },
	{ ERROR_BF21, MID, EID, "8.1/4.2", 0 },
	{ BAD_SIGNATURE2, MID, EID, "8.1/6.1", 0 },
	{ BAD_SIGNED2_TID, MID, EID, "8.10.1/3.9", 0 },
	{ BAD_POINT, MID, EID, "8.2/3.7", 0 },
	{ 0, MID, EID, "ok", 1 },
};

/* Each refusal has its code, ends the session and leaves the order alone. */
START_TEST(refused)
{
	struct attempt a = { .matching_id = refusals[_i].matching_id,
			     .eid = refusals[_i].eid, .flags = refusals[_i].flags };
	bool ok = strcmp(refusals[_i].code, "ok") == 0;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.eid = STR(EID), .ppr = PPR_NO_DELETE });
	ck_assert_str_eq(download(&a), refusals[_i].code);
	ck_assert_str_eq(state(ICCID), ok ? "downloaded" : "released");
	ck_assert_uint_eq(smdp_session_count(w.smdp), refusals[_i].sessions);
	ck_assert_uint_eq(count(&w.seen, "\"es9-failed\""), ok ? 0 : 1);
}
END_TEST

START_TEST(default_smdp)
{
	struct attempt a = { .matching_id = "", .eid = EID };
	struct attempt b = { .matching_id = NULL, .eid = EID };
	struct attempt other = { .matching_id = "", .eid = EID2 };

	offer((struct smdp_profile_spec){ .eid = STR(EID) });
	offer((struct smdp_profile_spec){ .eid = STR(EID),
					  .iccid = STR("8944000000000000019") });
	ck_assert_str_eq(download(&other), "8.1.1/3.8");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_installation(a.transaction, 1, 0, false);
	/* The oldest order first, then the next. */
	ck_assert_str_eq(download(&b), "ok");
	ck_assert_str_eq(state("8944000000000000019"), "downloaded");
}
END_TEST

START_TEST(confirmation_code)
{
	struct attempt none = { .matching_id = MID, .eid = EID };
	struct attempt wrong = { .matching_id = MID, .eid = EID, .cc = "1234" };
	struct attempt right = { .matching_id = MID, .eid = EID, .cc = "4711" };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.confirmation_code = STR("4711"), .retries_max = 20 });
	ck_assert_str_eq(download(&none), "8.2.7/2.2");
	ck_assert(none.cc_required);
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	/* The right one forgives the wrong ones. */
	ck_assert_str_eq(download(&right), "ok");
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert_str_eq(download(&wrong), "8.2.7/6.4");
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(download(&right), "8.2.6/3.8");
}
END_TEST

START_TEST(retries)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct attempt other = { .matching_id = MID, .eid = EID2 };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .retries_max = 2 });
	ck_assert_str_eq(download(&a), "ok");
	/* A package that was delivered is for that eUICC alone. */
	ck_assert_str_eq(download(&other), "8.1.1/3.8");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert_str_eq(download(&a), "8.8.5/6.4");
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(download(&a), "8.8.5/6.4");
	/* A try that was refused has no result to report. */
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "error");
}
END_TEST

/* The SM-DP+'s one-time key in a package. */
static struct str own_key(struct str package)
{
	struct rsp_initialise head;
	struct tlv whole, t;
	struct err err = { 0 };

	ck_assert_int_eq(tlv_whole(package, RSP_TAG_PACKAGE, &whole, &err), 0);
	ck_assert_int_eq(tlv_expect(&whole.value, 0xBF23, &t, &err), 0);
	ck_assert_int_eq(rsp_initialise_read(t.raw, &head, &err), 0);
	return head.smdp_otpk;
}

/* What SGP.22 says of a second try (3.1.3.3, 5.6.2): the eUICC is asked for the key of
 * the first, and who has it still gets the package bound as before. */
START_TEST(one_time_keys_again)
{
	struct attempt first = { .matching_id = MID, .eid = EID, .key = 1 };
	struct attempt again = first, forgot = first, last = first;
	struct es9_message repeated;
	char point[RSP_POINT_BYTES] = { 4, 1 };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .retries_max = 9 });
	ck_assert_str_eq(download(&first), "ok");
	ck_assert_ptr_null(first.asked_key.p);
	/* The answer was lost: the same session, the same keys. */
	ck_assert_str_eq(get_package(&first, &repeated), "ok");
	ck_assert(str_eq(own_key(repeated.package), own_key(first.package)));
	/* The power was lost: another session. */
	ck_assert_str_eq(download(&again), "ok");
	ck_assert(str_eq(again.asked_key, (struct str){ point, sizeof(point) }));
	ck_assert(!str_eq(again.transaction, first.transaction));
	ck_assert(str_eq(own_key(again.package), own_key(first.package)));
	ck_assert_uint_eq(count(&w.seen, "\"keys-used-again\""), 2);
	/* The eUICC has forgotten its key: the package is bound anew. */
	forgot.key = 2;
	ck_assert_str_eq(download(&forgot), "ok");
	ck_assert(str_eq(forgot.asked_key, (struct str){ point, sizeof(point) }));
	ck_assert(!str_eq(own_key(forgot.package), own_key(first.package)));
	/* A result ends the binding. */
	report_installation(forgot.transaction, 1, ES10_LOAD_MEMORY, false);
	ck_assert_str_eq(state(ICCID), "released");
	last.key = 2;
	ck_assert_str_eq(download(&last), "ok");
	ck_assert_ptr_null(last.asked_key.p);
	ck_assert(!str_eq(own_key(last.package), own_key(forgot.package)));
	ck_assert_uint_eq(count(&w.seen, "\"keys-used-again\""), 2);
}
END_TEST

START_TEST(late_result)
{
	struct attempt a = { .matching_id = MID, .eid = EID }, again = a;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .retries_max = 1 });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(download(&again), "8.8.5/6.4");
	ck_assert_str_eq(state(ICCID), "error");
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

START_TEST(expiry)
{
	struct attempt a = { .matching_id = MID, .eid = EID };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.expires_ms = CLOCK_EPOCH_MS + 60000, .retries_max = 9 });
	a.flags = STOP_AFTER_AUTH;
	ck_assert_str_eq(download(&a), "ok");
	pass(60);
	ck_assert_str_eq(download(&a), "8.8.5/4.10");
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(download(&a), "8.8.5/4.10");
}
END_TEST

START_TEST(sessions)
{
	struct attempt a = { .matching_id = MID, .eid = EID,
			     .flags = STOP_AFTER_AUTH };
	struct es9_message initiated, out;

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	/* Out of turn: refused, and the session goes on. */
	ck_assert_str_eq(initiate(&a, &initiated), "ok");
	ck_assert_str_eq(get_package(&a, &out), "8.10.1/3.9");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 2);
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "ok");
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "8.10.1/3.9");
	ck_assert_str_eq(get_package(&a, &out), "ok");
	/* The answer was lost: once more. */
	ck_assert_str_eq(get_package(&a, &out), "ok");
	/* Forgotten after half an hour without a word. */
	pass(1799);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 2);
	pass(2);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	ck_assert_str_eq(get_package(&a, &out), "8.10.1/3.9");
	/* But its result is understood even then. */
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

/* ---- cancelSession. ------------------------------------------------------- */

static const struct {
	int reason;
	const char *state;
	const char *next;	/* code of another try */
} reasons[] = {
	{ ES10_CANCEL_END_USER, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_POSTPONED, "released", "ok" },
	{ ES10_CANCEL_TIMEOUT, "released", "ok" },
	{ ES10_CANCEL_PPR, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_METADATA, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_LOAD_ERROR, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_UNDEFINED, "error", "8.2.6/3.8" },
	{ 99, "error", "8.2.6/3.8" },
};

START_TEST(cancel_reasons)
{
	struct attempt a = { .matching_id = MID, .eid = EID,
			     .flags = STOP_AFTER_AUTH };

	/* One try only: a postponed one does not count. */
	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .retries_max = 1 });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(cancel(a.transaction, reasons[_i].reason), "ok");
	ck_assert_str_eq(state(ICCID), reasons[_i].state);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	ck_assert_str_eq(cancel(a.transaction, reasons[_i].reason), "8.10.1/3.9");
	ck_assert_str_eq(download(&a), reasons[_i].next);
}
END_TEST

START_TEST(cancel_refused)
{
	struct attempt a = { .matching_id = MID, .eid = EID,
			     .flags = STOP_AFTER_AUTH };
	struct es9_message in = { 0 }, out;

	offer_plain();
	ck_assert_str_eq(cancel(STR("0123456789ABCDEF"), 0), "8.10.1/3.9");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(cancel_with(a.transaction, a.transaction, STR("\x88\x01"),
				     0, false), "8.8/3.10");
	ck_assert_str_eq(cancel_with(a.transaction, a.transaction, STR(OID), 0,
				     true), "8.1/6.1");
	ck_assert_str_eq(cancel_with(a.transaction, STR("x"), STR(OID), 0, false),
			 "8.10.1/3.9");
	in.transaction_id = a.transaction;
	in.cancel_response = STR("\xBF\x41\x00");
	ck_assert_str_eq(es9(ES9_CANCEL_SESSION, &in, &out), "1.3.1/2.1");
	ck_assert_str_eq(state(ICCID), "released");
	/* The eUICC's own error ends the session only. */
	in.cancel_response = STR("\xBF\x41\x03\x81\x01\x05");
	ck_assert_str_eq(es9(ES9_CANCEL_SESSION, &in, &out), "ok");
	ck_assert_str_eq(state(ICCID), "released");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	/* Before the client is authenticated there is nothing to reject. */
	ck_assert_str_eq(initiate(&a, &out), "ok");
	ck_assert_str_eq(cancel(a.transaction, ES10_CANCEL_END_USER), "ok");
	ck_assert_str_eq(state(ICCID), "released");
}
END_TEST

/* ---- Keys of the package itself. ------------------------------------------- */

static void setup_own_keys(void)
{
	own_keys = true;
	setup();
}

static void teardown_own_keys(void)
{
	teardown();
	own_keys = false;
}

/* Made once for an order, whoever asks for it and however often. */
START_TEST(keys_of_the_package)
{
	struct attempt a = { .matching_id = MID, .eid = EID, .key = 1 }, b = a, c = a;
	struct str *segments;
	struct err err = { 0 };
	size_t n;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .retries_max = 9 });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_uint_gt(keys_in(a.package).n, 0);
	b.key = 2;
	ck_assert_str_eq(download(&b), "ok");
	ck_assert(!str_eq(own_key(b.package), own_key(a.package)));
	ck_assert(str_eq(keys_in(b.package), keys_in(a.package)));
	ck_assert_int_eq(rsp_bpp_split(a.package, &w.arena, &segments, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_le(segments[i].n, RSP_SEGMENT_MAX);
	report_installation(b.transaction, 1, ES10_LOAD_PE, false);
	ck_assert_str_eq(es2("cancelOrder", "\"iccid\":\"" ICCID "\","
			     "\"finalProfileStatusIndicator\":\"Available\""), "ok");
	ck_assert_str_eq(es2("downloadOrder", "\"iccid\":\"" ICCID "\""), "ok");
	ck_assert_str_eq(es2("confirmOrder", "\"iccid\":\"" ICCID "\",\"matchingId\":\"" MID
			     "\",\"releaseFlag\":true"), "ok");
	ck_assert_str_eq(download(&c), "ok");
	ck_assert(!str_eq(keys_in(c.package), keys_in(a.package)));
}
END_TEST

/* ---- Set-up. -------------------------------------------------------------- */

START_TEST(bad_profiles)
{
	struct smdp_profile_spec good = { .iccid = STR(ICCID),
					  .matching_id = STR(MID) }, bad;
	struct err err = { 0 };

	bad = good, bad.iccid = STR("12");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.class_name = STR("gold");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.eid = STR("1");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.matching_id = STR_NONE;
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.ppr = 8;
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	ck_assert_ptr_null(state(ICCID));
	ck_assert_int_eq(smdp_add_profile(w.smdp, &good, &err), 0);
	ck_assert_int_eq(smdp_add_profile(w.smdp, &good, &err), -1);
	bad = good, bad.iccid = STR("8944000000000000019");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	ck_assert_ptr_null(strstr(err.msg, MID));
}
END_TEST

START_TEST(metadata)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct str config, address;
	struct err err = { 0 };
	unsigned events;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.class_name = STR("bootstrap"), .ppr = PPR_NO_DISABLE,
		.profile_name = STR("Plan") });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_int_eq(a.metadata.profile_class, 1);
	ck_assert_uint_eq(a.metadata.ppr, PPR_NO_DISABLE);
	ck_assert(str_is(a.metadata.profile_name, "Plan"));
	config = a.metadata.notification_config;
	ck_assert_int_eq(rsp_notification_config_next(&config, &events, &address,
						      &err), 1);
	ck_assert_uint_eq(events, 15);
	ck_assert(str_is(address, "smdp.example.com"));
}
END_TEST

END_TEST

START_TEST(same_seed)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	char *first;

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 1, 0, false);
	first = strdup(w.seen.p);
	teardown();
	setup();
	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(w.seen.p, first);
	ck_assert_ptr_nonnull(strstr(first, "session-started"));
	free(first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smdp");
	TCase *tc = tcase_create("http");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, whole_download);
	tcase_add_loop_test(tc, refused, 0, COUNT(refusals));
	tcase_add_test(tc, default_smdp);
	tcase_add_test(tc, confirmation_code);
	tcase_add_test(tc, retries);
	tcase_add_test(tc, one_time_keys_again);
	tcase_add_test(tc, late_result);
	tcase_add_test(tc, expiry);
	tcase_add_test(tc, sessions);
	tcase_add_loop_test(tc, cancel_reasons, 0, COUNT(reasons));
	tcase_add_test(tc, cancel_refused);
	tcase_add_test(tc, bad_profiles);
	tcase_add_test(tc, metadata);
	tcase_add_test(tc, same_seed);
	suite_add_tcase(suite, tc);
	tc = tcase_create("keys");
	tcase_add_checked_fixture(tc, setup_own_keys, teardown_own_keys);
	tcase_add_test(tc, keys_of_the_package);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
