/*
 * Goal: the SM-DP+ as operators, devices and the EIS see it, over HTTP.
 * Method: a world of one SM-DP+, an EIS that only listens, and a client that
 * answers as an eUICC would.  What an eUICC sends is made with the writers of
 * proto/, whose bytes have tests of their own; codes are SGP.22's, as text.
 */
#include "smdp/test_euicc.h"

static struct str keys_in(struct str package);

/* ---- Downloads. ----------------------------------------------------------- */

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

/* ---- Notifications. ------------------------------------------------------- */

static const struct {
	int reason;
	unsigned retries_max;
	const char *state;
} failures[] = {
	{ ES10_LOAD_MEMORY, 3, "released" },
	{ ES10_LOAD_INTERRUPTED, 3, "released" },
	{ ES10_LOAD_MEMORY, 1, "error" },	/* no try is left */
	{ ES10_LOAD_ICCID_EXISTS, 3, "error" },
	{ ES10_LOAD_SECURITY, 3, "error" },
	{ ES10_LOAD_PE, 3, "error" },
	{ ES10_LOAD_UNKNOWN, 3, "error" },
};

START_TEST(failed_installations)
{
	struct attempt a = { .matching_id = MID, .eid = EID };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.retries_max = failures[_i].retries_max });
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 5, failures[_i].reason, false);
	ck_assert_str_eq(state(ICCID), failures[_i].state);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	pass(1);
	ck_assert_uint_eq(count(&w.told, "\"succeeded\":false"), 1);
	/* Said again, it changes nothing and is not passed on again. */
	report_installation(a.transaction, 5, failures[_i].reason, false);
	pass(1);
	ck_assert_str_eq(state(ICCID), failures[_i].state);
	ck_assert_uint_eq(w.eis_calls, 1);
	ck_assert_uint_eq(count(&w.seen, "\"repeated\":true"), 1);
}
END_TEST

/* A package that failed before its metadata were read has a result without an ICCID. */
START_TEST(result_without_iccid)
{
	struct attempt a = { .matching_id = MID, .eid = EID };

	offer((struct smdp_profile_spec){ .matching_id = STR("OTHER"),
					  .iccid = STR("8944000000000000019") });
	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .retries_max = 9 });
	for (int i = 0; i < 6; i++)
		ck_assert_str_eq(download(&a), "ok");
	report_result("8944000000000000019", a.transaction, 1, ES10_LOAD_SECURITY, false);
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_result("", STR("0123456789ABCDEF"), 1, ES10_LOAD_SECURITY, false);
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_result("", a.transaction, 1, ES10_LOAD_SECURITY, false);
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(state("8944000000000000019"), "released");
	pass(1);
	ck_assert_uint_eq(count(&w.told, "\"iccid\":\"" ICCID "\""), 1);
	/* In a new order the transactions of the old one mean nothing. */
	ck_assert_str_eq(es2("cancelOrder", "\"iccid\":\"" ICCID "\","
			     "\"finalProfileStatusIndicator\":\"Available\""), "ok");
	ck_assert_str_eq(es2("downloadOrder", "\"iccid\":\"" ICCID "\""), "ok");
	report_result("", a.transaction, 2, 0, false);
	ck_assert_str_eq(state(ICCID), "allocated");
}
END_TEST

START_TEST(unbelievable_results)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message in = { .notification = STR("\xBF\x37\x00") }, out;

	offer_plain();
	report_installation(STR("0123456789ABCDEF"), 1, 0, false);
	ck_assert_str_eq(state(ICCID), "released");
	ck_assert_str_eq(download(&a), "ok");
	report_installation(STR("0123456789ABCDEF"), 1, 0, false);
	report_installation(a.transaction, 1, 0, true);
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
	in.notification = STR("");
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
	report_event(NOTIFY_ENABLE, 9, true);
	pass(1);
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert_uint_eq(w.eis_calls, 0);
	ck_assert_uint_eq(count(&w.seen, "\"es9-failed\""), 6);
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

START_TEST(other_notifications)
{
	offer_plain();
	report_event(NOTIFY_ENABLE, 2, false);
	report_event(NOTIFY_DISABLE, 3, false);
	report_event(NOTIFY_ENABLE, 2, false);
	report_event(NOTIFY_DELETE, 4, false);
	pass(1);
	ck_assert_uint_eq(w.eis_calls, 3);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"enable\""), 1);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"disable\""), 1);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"delete\""), 1);
	ck_assert_uint_eq(count(&w.told, "\"eid\":\"" EID "\""), 3);
	ck_assert_str_eq(state(ICCID), "released");
}
END_TEST

/* Enabling and the like is told by the eUICC that has the profile, and by no other. */
START_TEST(notification_of_another)
{
	struct attempt a = { .matching_id = MID, .eid = EID2 };

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 1, 0, false);
	report_event(NOTIFY_ENABLE, 2, false);		/* by EID */
	pass(1);
	ck_assert_uint_eq(w.eis_calls, 1);
	ck_assert_uint_eq(count(&w.seen, "another eUICC"), 1);
}
END_TEST

START_TEST(eis_away)
{
	offer_plain();
	w.eis_status = 503;
	report_event(NOTIFY_ENABLE, 2, false);
	pass(5);
	ck_assert_uint_eq(w.eis_calls, 2);	/* at once, and after 1 s */
	w.eis_status = 204;
	pass(10);
	ck_assert_uint_eq(w.eis_calls, 3);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"enable\""), 1);
	/* For ever away: given up, and said so. */
	w.eis_status = 500;
	report_event(NOTIFY_DISABLE, 3, false);
	pass(3600);
	ck_assert_uint_eq(w.eis_calls, 3 + 5);
	ck_assert_uint_eq(count(&w.seen, "\"notification-not-forwarded\""), 1);
	/* A refusal is final. */
	w.eis_status = 404;
	report_event(NOTIFY_DISABLE, 4, false);
	pass(3600);
	ck_assert_uint_eq(w.eis_calls, 3 + 5 + 1);
	ck_assert_uint_eq(count(&w.seen, "\"why\":\"refused\""), 1);
	/* One is on its way when the world ends: see teardown(). */
	w.eis_status = 500;
	report_event(NOTIFY_DISABLE, 5, false);
	pass(5);
}
END_TEST

/* ---- Limits. --------------------------------------------------------------- */

static void setup_throttle(void)
{
	throttle = 5;
	setup();
}

static void teardown_throttle(void)
{
	teardown();
	throttle = 0;
	caller = "device/x";
}

START_TEST(one_client_asks_too_often)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message out;

	offer_plain();
	for (int i = 0; i < 5; i++)
		ck_assert_str_eq(initiate(&a, &out), "ok");
	pass(3);
	ck_assert_str_eq(initiate(&a, &out), "8.8/6.4");
	ck_assert(str_is(w.retry_after, "7"));
	ck_assert_str_eq(es2("releaseProfile", "\"iccid\":\"" ICCID "\""), "8.8/6.4");
	/* A notification is not acknowledged, so that it will come again. */
	call("POST", ES9 "handleNotification", "application/json", ES9_PROTOCOL, STR("{}"));
	ck_assert_int_eq(w.status, 429);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 5);
	ck_assert_uint_eq(count(&w.seen, "\"throttled\""), 3);
	caller = "device/y";
	ck_assert_str_eq(initiate(&a, &out), "ok");
	caller = "device/x";
	pass(7);
	for (int i = 0; i < 5; i++)
		ck_assert_str_eq(initiate(&a, &out), "ok");
	ck_assert_str_eq(initiate(&a, &out), "8.8/6.4");
}
END_TEST

/* So many clients that not all are remembered: those of before may ask anew. */
START_TEST(many_clients)
{
	char name[80];
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message out;

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "device/%d", i % 4999);
		caller = name;
		ck_assert_str_eq(initiate(&a, &out), "ok");
	}
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 5; i++)
		ck_assert_str_eq(initiate(&a, &out), "ok");
	ck_assert_str_eq(initiate(&a, &out), "8.8/6.4");
	buf_clear(&w.seen);	/* so many numbers that a secret may be among them */
}
END_TEST

START_TEST(one_session_asks_too_often)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message out;

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	for (int i = 2; i < 32; i++)
		ck_assert_str_eq(get_package(&a, &out), "ok");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 1);
	ck_assert_str_eq(get_package(&a, &out), "8.10.1/6.4");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	ck_assert_str_eq(get_package(&a, &out), "8.10.1/3.9");
	/* Its result is understood all the same. */
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

/* Whoever only begins sessions cannot take the place of a download. */
START_TEST(too_many_sessions)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct attempt first = { .matching_id = MID, .eid = EID }, other = first;
	struct es9_message out, first_out;

	offer_plain();
	a.flags = STOP_AFTER_AUTH;
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(initiate(&first, &first_out), "ok");
	for (int i = 2; i < 16384; i++)
		ck_assert_str_eq(initiate(&other, &out), "ok");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 16384);
	ck_assert_uint_eq(count(&w.seen, "\"pushed-out\""), 0);
	ck_assert_str_eq(initiate(&other, &out), "ok");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 16384);
	ck_assert_uint_eq(count(&w.seen, "\"pushed-out\""), 1);
	ck_assert_str_eq(authenticate(&first, &first_out, &out), "8.10.1/3.9");
	ck_assert_str_eq(get_package(&a, &out), "ok");
	pass(1801);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	buf_clear(&w.seen);	/* as above */
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

/* ---- What the operator hears. --------------------------------------------- */

static void setup_operator(void)
{
	operator_url = "http://op.rig";
	setup();
}

static void teardown_operator(void)
{
	teardown();
	operator_url = NULL;
}

/* "1 ok, 2 8.2.7/3.8": points and codes, in order. */
static const char *heard(void)
{
	struct str rest = buf_view(&w.progress);
	struct buf b;
	struct err err = { 0 };
	const char *text;

	buf_init(&b, 1000);
	while (rest.n) {
		cJSON *tree = json_parse(str_split(&rest, '\n'), &err);
		const cJSON *st = cJSON_GetObjectItem(tree, "notificationPointStatus");
		const cJSON *codes = cJSON_GetObjectItem(st, "statusCodeData");
		bool ok = strcmp(cJSON_GetObjectItem(st, "status")->valuestring, "Failed") != 0;

		ck_assert_str_eq(cJSON_GetObjectItem(tree, "iccid")->valuestring, ICCID);
		ck_assert_int_eq(ok, codes == NULL);
		buf_printf(&b, "%s%d ", b.n ? ", " : "",
			   cJSON_GetObjectItem(tree, "notificationPointId")->valueint);
		if (ok)
			buf_z(&b, "ok");
		else
			buf_printf(&b, "%s/%s",
				   cJSON_GetObjectItem(codes, "subjectCode")->valuestring,
				   cJSON_GetObjectItem(codes, "reasonCode")->valuestring);
		cJSON_Delete(tree);
	}
	text = arena_str(&w.arena, buf_view(&b)).p;
	buf_release(&b);
	return text ? text : "";
}

static const struct {
	const char *eid, *cc;
	unsigned flags;
	int cancel, result;	/* reasons; -1: none */
	const char *heard;
} stories[] = {
	{ EID, "4711", 0, -1, 0, "1 ok, 3 ok, 4 ok" },
	{ EID, "4711", 0, -1, ES10_LOAD_MEMORY, "1 ok, 3 ok, 4 8.1/4.8" },
	{ EID, "4711", 0, -1, ES10_LOAD_PE, "1 ok, 3 ok, 4 8.1/4.2" },
	{ EID2, "4711", 0, -1, -1, "1 8.1.1/3.8" },
	{ EID, "4711", NO_MEMORY, -1, -1, "1 8.1/4.8" },
	{ EID, "1234", 0, -1, -1, "1 ok, 2 8.2.7/3.8" },
	{ EID, NULL, 0, -1, -1, "1 ok, 2 8.2.7/2.2" },
	{ EID, "4711", BAD_POINT, -1, -1, "1 ok, 3 8.2/3.7" },
	{ EID, "4711", STOP_AFTER_AUTH, ES10_CANCEL_END_USER, -1, "1 ok, 2 8.8.5/3.8" },
	{ EID, "4711", STOP_AFTER_AUTH, ES10_CANCEL_PPR, -1, "1 ok, 2 8.2.8/1.2" },
	{ EID, "4711", STOP_AFTER_AUTH, ES10_CANCEL_POSTPONED, -1, "1 ok" },
	{ EID, "4711", 0, ES10_CANCEL_LOAD_ERROR, -1, "1 ok, 3 ok, 3 8.2.10/4.2" },
	{ EID, "4711", BAD_SIGNATURE1, -1, -1, "" },
};

START_TEST(operator_hears)
{
	struct attempt a = { .matching_id = MID, .eid = stories[_i].eid,
			     .cc = stories[_i].cc, .flags = stories[_i].flags };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .eid = STR(EID),
					  .confirmation_code = STR("4711") });
	download(&a);
	if (stories[_i].cancel >= 0)
		ck_assert_str_eq(cancel(a.transaction, stories[_i].cancel), "ok");
	if (stories[_i].result >= 0)
		report_installation(a.transaction, 7, stories[_i].result, false);
	pass(1);
	ck_assert_str_eq(heard(), stories[_i].heard);
}
END_TEST

/* The last call of a good download, word for word but for the result. */
START_TEST(operator_hears_all)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	const char *last, *result;

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 7, 0, false);
	pass(1);
	ck_assert_uint_eq(w.operator_calls, 3);
	last = strstr(w.progress.p, "\"functionCallIdentifier\":\"3\"");
	ck_assert_ptr_nonnull(last);
	result = strstr(last, ",\"resultData\":\"vz");	/* BF37 */
	ck_assert_ptr_nonnull(result);
	ck_assert_str_eq(arena_str(&w.arena, (struct str){ last, (size_t)(result - last) }).p,
		"\"functionCallIdentifier\":\"3\"},\"eid\":\"" EID "\",\"iccid\":\"" ICCID
		"\",\"profileType\":\"default\",\"timestamp\":\"2026-01-01T00:00:00Z\","
		"\"notificationPointId\":4,\"notificationPointStatus\":"
		"{\"status\":\"Executed-Success\"}");
	/* Said again by the device, it is not told again. */
	report_installation(a.transaction, 7, 0, false);
	pass(1);
	ck_assert_uint_eq(w.operator_calls, 3);
}
END_TEST

START_TEST(operator_away)
{
	struct attempt a = { .matching_id = MID, .eid = EID, .flags = STOP_AFTER_AUTH };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .retries_max = 9 });
	w.operator_status = 503;
	ck_assert_str_eq(download(&a), "ok");
	pass(5);
	ck_assert_uint_eq(w.operator_calls, 2);
	w.operator_status = 204;
	pass(10);
	ck_assert_str_eq(heard(), "1 ok");
	w.operator_status = 500;
	ck_assert_str_eq(download(&a), "ok");
	pass(3600);
	ck_assert_uint_eq(w.operator_calls, 3 + 5);
	ck_assert_uint_eq(count(&w.seen, "\"progress-not-told\""), 1);
	ck_assert_uint_eq(count(&w.seen, "\"point\":1,\"why\":\"retries-exceeded\""), 1);
	w.operator_status = 403;
	ck_assert_str_eq(download(&a), "ok");
	pass(3600);
	ck_assert_uint_eq(w.operator_calls, 3 + 5 + 1);
	ck_assert_uint_eq(count(&w.seen, "\"why\":\"refused\""), 1);
	/* One is on its way when the world ends. */
	w.operator_status = 500;
	ck_assert_str_eq(download(&a), "ok");
}
END_TEST

/* ---- Requests that are not. ----------------------------------------------- */

static const struct {
	const char *type, *protocol, *body, *code;
} malformed[] = {
	{ "application/json", NULL, "{}", "1.3.2/3.1" },
	{ "application/json", "gsma/rsp/v1.0", "{}", "1.3.2/3.1" },
	{ "application/json", "gsma/rsp/v3.0.0", "{}", "1.3.2/3.1" },
	{ "application/json", "gsma/rsp/v2.", "{}", "1.3.2/3.1" },
	{ "application/json", "gsma/rsp/v2.x", "{}", "1.3.2/3.1" },
	{ "application/json", "GSMA/RSP/v2.2.0", "{}", "1.3.2/3.1" },
	{ "application/json", " gsma/rsp/v2.2.0 ", "{}", "1.6/2.2" },
	{ "application/json", "gsma/rsp/v2.10.0", "{}", "1.6/2.2" },
	{ NULL, "gsma/rsp/v2.2.0", NULL, "1.3.1/2.1" },
	{ "", "gsma/rsp/v2.2.0", "{}", "1.3.1/2.1" },
	{ "text/plain", ES9_PROTOCOL, "{}", "1.3.1/2.1" },
	{ "application/jsonx", ES9_PROTOCOL, "{}", "1.3.1/2.1" },
	{ "APPLICATION/JSON ; charset=utf-8", "gsma/rsp/v2.6.0", "{}", "1.6/2.2" },
	{ "application/json", ES9_PROTOCOL, "{}", "1.6/2.2" },
	{ "application/json", ES9_PROTOCOL, "", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "[1]", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"a\":", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "\xFF", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"smdpAddress\":1}", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"smdpAddress\":\"smdp.example.com\","
	  "\"euiccChallenge\":\"?\",\"euiccInfo1\":\"\"}", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"smdpAddress\":\"smdp.example.com\","
	  "\"euiccChallenge\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"euiccInfo1\":\"\"}",
	  "1.3.1/2.1" },
};

START_TEST(malformed_requests)
{
	struct es9_message m;

	call("POST", ES9 "initiateAuthentication", malformed[_i].type,
	     malformed[_i].protocol, malformed[_i].body ? str_of(malformed[_i].body) : STR_NONE);
	ck_assert_str_eq(code_of(ES9_INITIATE_AUTHENTICATION, &m),
			 malformed[_i].code);
	ck_assert(str_is(w.header, ES9_PROTOCOL));
	/* A notification is acknowledged even so. */
	call("POST", ES9 "handleNotification", malformed[_i].type,
	     malformed[_i].protocol, malformed[_i].body ? str_of(malformed[_i].body) :
							  STR_NONE);
	ck_assert_int_eq(w.status, 204);
	ck_assert(str_is(w.header, ES9_PROTOCOL));
}
END_TEST

START_TEST(big_body)
{
	struct es9_message m;
	char *big = calloc(1, 70000);

	memset(big, ' ', 69999);
	call("POST", ES9 "initiateAuthentication", "application/json",
	     ES9_PROTOCOL, str_of(big));
	ck_assert_str_eq(code_of(ES9_INITIATE_AUTHENTICATION, &m), "1.3.1/2.1");
	free(big);
}
END_TEST

static const struct {
	const char *method, *path;
	int status;
	const char *codes;
} nowhere[] = {
	{ "GET", ES9 "initiateAuthentication", 405, "\"1.6\",\"reasonCode\":\"1.2\"" },
	{ "PUT", ES2 "downloadOrder", 405, "\"1.6\",\"reasonCode\":\"1.2\"" },
	{ "POST", ES9 "noSuch", 404, "\"1.6\",\"reasonCode\":\"3.9\"" },
	{ "POST", ES9, 404, "\"1.6\",\"reasonCode\":\"3.9\"" },
	{ "POST", ES9 "handleNotification/", 404, "\"1.6\",\"reasonCode\":\"3.9\"" },
	{ "POST", ES2 "noSuch", 404, "\"1.6\",\"reasonCode\":\"3.9\"" },
	{ "POST", "https://smdp.example.com/", 404, "\"1.6\",\"reasonCode\":\"3.9\"" },
};

/* A status of HTTP, and codes all the same. */
START_TEST(paths)
{
	call(nowhere[_i].method, nowhere[_i].path, "application/json", ES9_PROTOCOL, STR("{}"));
	ck_assert_int_eq(w.status, nowhere[_i].status);
	ck_assert_ptr_nonnull(strstr(w.body.p, nowhere[_i].codes));
	ck_assert(str_is(w.header, ES9_PROTOCOL));
}
END_TEST

/* ---- ES2+. ---------------------------------------------------------------- */

#define M_ICCID "\"iccid\":\"" ICCID "\""
#define M_EID "\"eid\":\"" EID "\""

/* The profile begins in stock; "state" rows look at it, others order. */
static const struct {
	const char *function, *members, *code, *state;
} orders[] = {
	{ "confirmOrder", M_ICCID, "8.2.1/3.5", "available" },
	{ "releaseProfile", M_ICCID, "8.2.1/3.5", "available" },
	{ "downloadOrder", "", "8.2.1/2.2", "available" },
	{ "downloadOrder", "\"iccid\":\"123\"", "8.2.1/2.1", "available" },
	{ "downloadOrder", "\"iccid\":\"8944000000000000019\"", "8.2.1/3.9",
	  "available" },
	{ "downloadOrder", M_ICCID ",\"eid\":\"12\"", "8.1.1/2.1", "available" },
	{ "downloadOrder", "\"profileType\":\"gold\"", "8.2.5/3.9", "available" },
	{ "downloadOrder", "\"profileType\":\"default\"", "ok", "allocated" },
	{ "downloadOrder", "\"profileType\":\"default\"", "8.2.5/3.7", "allocated" },
	{ "downloadOrder", M_ICCID, "8.2.1/3.3", "allocated" },
	{ "cancelOrder", M_ICCID, "1.6/2.2", "allocated" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Gone\"",
	  "1.3.1/2.1", "allocated" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\"",
	  "ok", "available" },
	{ "downloadOrder", M_ICCID "," M_EID, "ok", "linked" },
	{ "confirmOrder", M_ICCID ",\"eid\":\"" EID2 "\"", "8.1.1/3.10", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"a b\"", "8.2.6/2.1", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"TAKEN\"", "8.2.6/3.3", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"" MID "\"", "ok", "confirmed" },
	{ "confirmOrder", M_ICCID, "8.2.1/3.5", "confirmed" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\","
	  "\"matchingId\":\"OTHER\"", "8.2.6/3.10", "confirmed" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\","
	  "\"eid\":\"" EID2 "\"", "8.1.1/3.10", "confirmed" },
	{ "releaseProfile", M_ICCID, "ok", "released" },
	{ "releaseProfile", M_ICCID, "8.2.1/3.5", "released" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Unavailable\"",
	  "ok", "unavailable" },
	{ "downloadOrder", M_ICCID, "8.2.1/3.3", "unavailable" },
};

static void stock(void)
{
	struct smdp_profile_spec spec = { .iccid = STR(ICCID),
					  .spn = STR("Mobile") };
	struct err err = { 0 };

	ck_assert_int_eq(smdp_stock_profile(w.smdp, &spec, &err), 0);
}

START_TEST(orders_step_by_step)
{
	stock();
	offer((struct smdp_profile_spec){ .matching_id = STR("TAKEN"),
		.iccid = STR("8944000000000000100"), .profile_type = STR("x") });
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const char *code = es2(orders[i].function, orders[i].members);

		ck_assert_msg(strcmp(code, orders[i].code) == 0,
			      "%s %s: %s, expected %s", orders[i].function,
			      orders[i].members, code, orders[i].code);
		ck_assert_str_eq(state(ICCID), orders[i].state);
	}
}
END_TEST

/* An order over ES2+, then its download, then that it cannot be undone. */
START_TEST(order_and_download)
{
	struct attempt a = { .eid = EID, .cc = "4711" };
	struct err err = { 0 };
	struct str id;
	cJSON *tree;

	stock();
	ck_assert_str_eq(es2("downloadOrder", M_ICCID), "ok");
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"iccid\":\"" ICCID "\""));
	ck_assert_str_eq(es2("confirmOrder", M_ICCID "," M_EID
			     ",\"releaseFlag\":true,\"confirmationCode\":\"4711\""),
			 "ok");
	ck_assert_str_eq(state(ICCID), "released");
	tree = json_parse(w.body, &err);
	ck_assert_int_eq(json_get_str(tree, "matchingId", &w.arena, &id, &err), 1);
	cJSON_Delete(tree);
	ck_assert_uint_eq(id.n, 23);
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"smdpAddress\":\"smdp.example.com\""));
	a.matching_id = id.p;
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(es2("cancelOrder", M_ICCID
			     ",\"finalProfileStatusIndicator\":\"Available\""),
			 "8.2.1/3.3");
	/* What was made up is a secret as well. */
	ck_assert_ptr_null(strstr(w.seen.p, id.p));
}
END_TEST

START_TEST(default_order)
{
	struct attempt a = { .matching_id = "", .eid = EID };

	stock();
	ck_assert_str_eq(es2("downloadOrder", M_ICCID), "ok");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID ",\"matchingId\":\"\""),
			 "8.1.1/2.2");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID "," M_EID
			     ",\"matchingId\":\"\",\"releaseFlag\":false"), "ok");
	ck_assert_str_eq(download(&a), "8.2/1.2");
	ck_assert_str_eq(es2("releaseProfile", M_ICCID), "ok");
	ck_assert_str_eq(download(&a), "ok");
}
END_TEST

/* Three orders for one eUICC, found by its EID; one after the other is taken
 * back, from whichever place in the row, and ordered for another. */
START_TEST(default_orders_taken_back)
{
	static const char *const iccids[] = {
		"8944000000000000019", "8944000000000000100",
		"8944000000000000209",
	};
	static const int rows[][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 2, 1, 0 } };
	struct attempt a = { .matching_id = "", .eid = EID };
	struct attempt other = { .matching_id = "", .eid = EID2 };

	for (int i = 0; i < 3; i++)
		offer((struct smdp_profile_spec){ .iccid = str_of(iccids[i]),
						  .eid = STR(EID) });
	for (int i = 0; i < 3; i++) {
		struct str iccid = arena_printf(&w.arena, "\"iccid\":\"%s\"",
						iccids[rows[_i][i]]);

		ck_assert_str_eq(es2("cancelOrder", arena_printf(&w.arena,
			"%s,\"finalProfileStatusIndicator\":\"Available\"",
			iccid.p).p), "ok");
		ck_assert_str_eq(es2("downloadOrder", arena_printf(&w.arena,
			"%s,\"eid\":\"" EID2 "\"", iccid.p).p), "ok");
		ck_assert_str_eq(es2("confirmOrder", arena_printf(&w.arena,
			"%s,\"matchingId\":\"\",\"releaseFlag\":true",
			iccid.p).p), "ok");
		if (i == 2)
			break;
		ck_assert_str_eq(download(&other), "ok");
		report_result(iccids[rows[_i][i]], other.transaction, i + 1, 0,
			      false);
		ck_assert_str_eq(state(iccids[rows[_i][i]]), "installed");
		a.flags = STOP_AFTER_AUTH;
		ck_assert_str_eq(download(&a), "ok");
		ck_assert_str_eq(cancel(a.transaction, ES10_CANCEL_POSTPONED), "ok");
	}
	ck_assert_str_eq(download(&a), "8.1.1/3.8");
	ck_assert_str_eq(download(&other), "ok");
}
END_TEST

START_TEST(malformed_orders)
{
	struct es9_message m;

	stock();
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("{" M_ICCID "}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.1/2.2");
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("{\"header\":[]," M_ICCID "}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.1/2.2");
	call("POST", ES2 "downloadOrder", "application/json", NULL, STR("{}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.3.2/3.1");
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("[]"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.3.1/2.1");
	ck_assert_str_eq(es2("downloadOrder", "\"iccid\":7"), "1.3.1/2.1");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID ",\"releaseFlag\":\"yes\""),
			 "1.3.1/2.1");
	ck_assert_str_eq(state(ICCID), "available");
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

/* Thousands of profiles, a hundred sessions at once. */
START_TEST(many)
{
	struct attempt a = { .eid = EID };
	char iccid[ICCID_SIZE], id[32];

	for (unsigned i = 0; i < 3000; i++) {
		iccid_make(iccid, STR("8944"), i);
		snprintf(id, sizeof(id), "SECRET-%u", i);
		offer((struct smdp_profile_spec){ .iccid = str_of(iccid),
						  .matching_id = str_of(id) });
	}
	for (unsigned i = 0; i < 3000; i += 30) {
		snprintf(id, sizeof(id), "SECRET-%u", i);
		a.matching_id = id;
		ck_assert_str_eq(download(&a), "ok");
	}
	ck_assert_uint_eq(smdp_session_count(w.smdp), 100);
}
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

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

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
	tcase_add_loop_test(tc, failed_installations, 0, COUNT(failures));
	tcase_add_test(tc, result_without_iccid);
	tcase_add_test(tc, unbelievable_results);
	tcase_add_test(tc, other_notifications);
	tcase_add_test(tc, notification_of_another);
	tcase_add_test(tc, eis_away);
	tcase_add_loop_test(tc, malformed_requests, 0, COUNT(malformed));
	tcase_add_test(tc, big_body);
	tcase_add_loop_test(tc, paths, 0, COUNT(nowhere));
	tcase_add_test(tc, orders_step_by_step);
	tcase_add_test(tc, order_and_download);
	tcase_add_test(tc, default_order);
	tcase_add_loop_test(tc, default_orders_taken_back, 0, 3);
	tcase_add_test(tc, malformed_orders);
	tcase_add_test(tc, bad_profiles);
	tcase_add_test(tc, metadata);
	tcase_add_test(tc, many);
	tcase_add_test(tc, same_seed);
	tcase_add_test(tc, one_session_asks_too_often);
	tcase_add_test(tc, too_many_sessions);
	suite_add_tcase(suite, tc);
	tc = tcase_create("throttle");
	tcase_add_checked_fixture(tc, setup_throttle, teardown_throttle);
	tcase_add_test(tc, one_client_asks_too_often);
	tcase_add_test(tc, many_clients);
	suite_add_tcase(suite, tc);
	tc = tcase_create("keys");
	tcase_add_checked_fixture(tc, setup_own_keys, teardown_own_keys);
	tcase_add_test(tc, keys_of_the_package);
	suite_add_tcase(suite, tc);
	tc = tcase_create("operator");
	tcase_add_checked_fixture(tc, setup_operator, teardown_operator);
	tcase_add_loop_test(tc, operator_hears, 0, COUNT(stories));
	tcase_add_test(tc, operator_hears_all);
	tcase_add_test(tc, operator_away);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
