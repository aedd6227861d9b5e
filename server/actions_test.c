/*
 * Goal: a transaction says what the EIS said, and nothing that it did not.
 * Method: whole flows over the network, with an EIS that obeys the test; the
 * wanted answers are written out by hand from the specification.
 */
#include "server/flow_test.h"

/* ---- Actions and progress. --------------------------------------------- */

START_TEST(enable_from_request_to_row)
{
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	ck_assert_int_eq(r.order_count, 1);
	ck_assert_str_eq(r.orders[0].operation, "enable");
	ck_assert_str_eq(r.orders[0].iccid, ICCID1);
	ck_assert_str_eq(r.orders[0].reference, tx);
	get_progress(tx);
	ck_json(&r, "/status", "in_progress");
	ck_json(&r, "/message_code", "queued");
	ck_json(&r, "/transaction", tx);
	ck_json(&r, "/action", "enable");
	ck_json(&r, "/customer_id", "1");
	ck_json(&r, "/device_id", DEVICE);
	ck_json(&r, "/eid", EID);
	ck_json(&r, "/iccid", ICCID1);
	ck_json(&r, "/created", "2026-01-01T00:00:00.000Z");
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\",\"iccid\":\"" ICCID1 "\"}");
	get_progress(tx);	/* asks the EIS */
	ck_json(&r, "/status", "complete");
	ck_json(&r, "/message_code", "complete");
	/* Complete at the EIS, but the device has not reported. */
	rig_get(&r, PROFILES "/" ICCID1);
	ck_json(&r, "/status", "inactive");
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "active") "]");
	rig_get(&r, PROFILES "/" ICCID1);
	ck_json(&r, "/status", "active");
	ck_assert(rig_logged(&r, "transaction-complete"));
	ck_assert(rig_logged(&r, "profile-row-changed"));
}
END_TEST

START_TEST(checked_without_being_asked)
{
	const char *tx;
	int calls;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "active") "]");
	tx = start("/ws/v1/esim_profiles/disable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	calls = r.eis_calls;
	rig_run(&r, 50);
	ck_assert_int_eq(r.eis_calls, calls);
	rig_order_ends(&r, 0, "failed",
		"{\"code\":\"disallowedByPolicy\",\"message\":\"ppr1\"}");
	rig_run(&r, 20);
	ck_assert_int_eq(r.eis_calls, calls + 1);
	rig_get(&r, "/ws/v1/esim_profiles/transactions/inventory");
	ck_json(&r, "/count", "1");
	ck_json(&r, "/list/0/status", "failed");
	ck_json(&r, "/list/0/message_code", "disallowed_by_policy");
	ck_json(&r, "/list/0/updated", "2026-01-01T00:01:00.000Z");
	get_progress(tx);
	ck_assert_int_eq(r.eis_calls, calls + 1);	/* nothing to ask */
}
END_TEST

/* How an order ends, and what becomes of the transaction. */
static const struct {
	const char *status, *result, *tx_status, *message_code, *in_message;
} endings[] = {
	{ "complete", "{\"code\":\"ok\"}", "complete", "complete", "" },
	{ "delivered", "", "in_progress", "delivered", "" },
	{ "expired", "", "failed", "order_expired", "" },
	{ "cancelled", "", "failed", "order_cancelled", "" },
	{ "failed", "{\"code\":\"iccidOrAidNotFound\"}", "failed", "iccid_not_found", "" },
	{ "failed", "{\"code\":\"profileNotInDisabledState\"}", "failed", "not_disabled", "" },
	{ "failed", "{\"code\":\"noNetwork\"}", "failed", "no_network", "" },
	{ "failed", "{\"code\":\"somethingNew\",\"message\":\"odd\"}", "failed",
	  "device_failed", ": odd" },
	{ "failed", "{\"code\":\"smdpRefused\",\"message\":\"no\",\"subjectCode\":\"8.2.6\","
	  "\"reasonCode\":\"3.8\"}", "failed", "smdp_refused", "(8.2.6/3.8)" },
	{ "failed", "{\"code\":\"downloadFailed\",\"message\":\"code LPA:1$h$SECRET-X bad\"}",
	  "failed", "download_failed", "LPA:1$h$***" },
	{ "failed", "{\"code\":7,\"message\":[1]}", "failed", "device_failed", "" },
	{ "failed", "", "failed", "device_failed", "" },
	{ "sleeping", "", "in_progress", "eis_bad_answer", "" },
};

START_TEST(how_orders_end)
{
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	tx = start("/ws/v1/esim_profiles/delete", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	rig_order_ends(&r, 0, endings[_i].status, endings[_i].result);
	get_progress(tx);
	ck_json(&r, "/status", endings[_i].tx_status);
	ck_json(&r, "/message_code", endings[_i].message_code);
	ck_assert_msg(str_find(str_of(json_at(&r, "/message")),
			       str_of(endings[_i].in_message)) >= 0, "%.*s",
		      STRF(r.body));
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
}
END_TEST

#define TEN_EUROS "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC" \
	"\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC"

/* What is said of a failed download whose code is SECRET-ONE, confirmed by 4711. */
static const struct {
	const char *said, *shown;
} quotes[] = {
	{ "SECRET-ONE is refused", ": *** is refused" },
	{ "matchingId=SECRET-ONE, code 4711 of 47110", ": matchingId=***, code *** of 47110" },
	{ "Bearer eis-token may not", ": Bearer *** may not" },
	{ "see LPA:1$smdp.example.com$SECRET-ONE", ": see LPA:1$smdp.example.com$***" },
	{ TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS "1234567890 SECRET-ONE",
	  TEN_EUROS "1234567890 ***" },
	{ "x" TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS TEN_EUROS,
	  TEN_EUROS "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC" },
};

/* Registered codes; and those of the request, in a refusal, and when the order fails. */
START_TEST(peers_quote_secrets)
{
	const char *how = _i ? "\"activation_code\":\"" SECRET1 "\",\"confirmation_code\":\"4711\"" :
			  "\"iccid\":\"" ICCID1 "\"";
	bool refused = _i == 1;

	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		const char *tx, *message;

		if (!_i)
			ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID1 "\",\"carrier\":\"A\","
				  "\"activation_code\":\"" SECRET1 "\",\"confirmation_code\":\"4711\"}"), 201);
		r.eis_said = refused ? quotes[i].said : NULL;
		r.eis_status = refused ? 400 : 0;
		tx = start("/ws/v1/esim_profiles/download",
			   arena_printf(&r.arena, "{" TARGET ",%s}", how).p);
		rig_run(&r, 1);
		if (!refused)
			rig_order_ends(&r, (int)i, "failed", arena_printf(&r.arena,
				"{\"code\":\"downloadFailed\",\"message\":\"%s\"}", quotes[i].said).p);
		get_progress(tx);
		ck_json(&r, "/status", "failed");
		message = json_at(&r, "/message");
		ck_assert_msg(strlen(message) >= strlen(quotes[i].shown) &&
			      strcmp(message + strlen(message) - strlen(quotes[i].shown),
				     quotes[i].shown) == 0, "%s", message);
	}
}
END_TEST

START_TEST(peers_take_secrets_for_codes)
{
	const char *tx = start("/ws/v1/esim_profiles/download", "{" TARGET ",\"activation_code\":\""
			       SECRET1 "\",\"confirmation_code\":\"4711\"}");

	rig_run(&r, 1);
	rig_order_ends(&r, 0, "failed", "{\"code\":\"smdpRefused\",\"subjectCode\":"
		       "\"SECRET-ONE\",\"reasonCode\":\"4711\"}");
	get_progress(tx);
	ck_json(&r, "/message", "The profile server refused the download (***/***)");
}
END_TEST

START_TEST(eis_forgets_the_order)
{
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	r.eis_status = 404;
	r.eis_code = "unknown-order";
	get_progress(tx);
	ck_json(&r, "/status", "unknown");
	ck_json(&r, "/message_code", "order_unknown");
	ck_assert(rig_logged(&r, "transaction-unknown"));
}
END_TEST

/* What stands before it may know no such path, for a while; and of one order
 * there is nothing to say but that it is not known. */
START_TEST(eis_is_not_where_it_was)
{
	static const char *const codes[] = { NULL, "unknown-eid", "unknown-device" };
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	r.eis_status = 404;
	r.eis_code = codes[_i];
	get_progress(tx);
	ck_json(&r, "/status", "in_progress");
	ck_json(&r, "/message_code", "eis_bad_answer");
	r.eis_status = 0;
	get_progress(tx);
	ck_json(&r, "/status", "in_progress");
	ck_json(&r, "/message_code", "queued");
}
END_TEST

static const struct {
	int status;
	const char *tx_status, *message_code;
} refusals[] = {
	{ 400, "failed", "eis_refused" },
	{ 409, "failed", "eis_refused" },
	{ 413, "failed", "eis_refused" },
	{ 415, "failed", "eis_refused" },
	{ 405, "in_progress", "eis_bad_answer" },
	{ 302, "in_progress", "eis_bad_answer" },
	{ 401, "in_progress", "eis_denied" },
	{ 404, "in_progress", "eis_bad_answer" },	/* not unknown-eid */
	{ 500, "in_progress", "eis_unreachable" },
	{ 503, "in_progress", "eis_unreachable" },
	{ 200, "in_progress", "eis_bad_answer" },
};

START_TEST(eis_refuses_to_take_it)
{
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	r.eis_status = refusals[_i].status;
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	get_progress(tx);
	ck_json(&r, "/status", refusals[_i].tx_status);
	ck_json(&r, "/message_code", refusals[_i].message_code);
	if (strcmp(refusals[_i].tx_status, "in_progress") != 0)
		return;
	r.eis_status = 0;
	rig_run(&r, 120);
	ck_assert_int_eq(r.order_count, 1);	/* it was tried again */
}
END_TEST

START_TEST(eis_cannot_be_reached)
{
	const char *tx;
	int calls;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	r.eis_down = true;
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 300);
	ck_assert_int_ge(r.eis_calls, 5);	/* 2, 4, 8, ... s, then 60 s */
	ck_assert_int_le(r.eis_calls, 12);
	get_progress(tx);
	ck_json(&r, "/status", "in_progress");
	ck_json(&r, "/message_code", "eis_unreachable");
	rig_run(&r, 3700);
	calls = r.eis_calls;
	get_progress(tx);
	ck_json(&r, "/status", "unknown");
	rig_run(&r, 600);
	ck_assert_int_eq(r.eis_calls, calls);
}
END_TEST

START_TEST(progress_does_not_wait_for_ever)
{
	struct instant before;
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	r.eis_silent = true;
	before = loop_now(&r.loop);
	get_progress(tx);
	ck_json(&r, "/status", "in_progress");
	ck_assert_int_eq((loop_now(&r.loop).ns - before.ns) / NS_PER_S, 10);
}
END_TEST

/* ---- What may be asked for. -------------------------------------------- */

static const struct {
	const char *action, *body;
	int status;
	const char *in_message;
} requests[] = {
	/* ICCID1 is inactive, ICCID3 active; ICCID2 has a registered code. */
	{ "enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}", 200, "" },
	{ "enable", "{" TARGET ",\"iccid\":\"" ICCID3 "\"}", 400, "active already" },
	{ "disable", "{" TARGET ",\"iccid\":\"" ICCID3 "\"}", 200, "" },
	{ "disable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}", 400, "not active" },
	{ "delete", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}", 200, "" },
	{ "delete", "{" TARGET ",\"iccid\":\"" ICCID3 "\"}", 200, "" },
	{ "delete", "{" TARGET ",\"iccid\":\"" ICCID2 "\"}", 404, "does not report" },
	{ "delete", "{" TARGET "}", 400, "iccid" },
	{ "delete", "{" TARGET ",\"iccid\":\"12\"}", 400, "19 or 20 digits" },
	{ "delete", "{" TARGET ",\"iccid\":12}", 400, "expected a string" },
	{ "enable", "{\"device_id\":\"" DEVICE "\",\"iccid\":\"" ICCID1 "\"}", 400, "eid" },
	{ "enable", "{\"eid\":\"" EID "\",\"iccid\":\"" ICCID1 "\"}", 400, "device_id" },
	{ "enable", "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID2 "\",\"iccid\":\""
	  ICCID1 "\"}", 400, "no eSIM with that EID" },
	{ "enable", "{\"device_id\":\"" OTHERS "\",\"eid\":\"" OTHERS_EID "\",\"iccid\":\""
	  ICCID1 "\"}", 404, "not known" },
	{ "enable", "{\"device_id\":\"router\",\"eid\":\"" EID "\",\"iccid\":\"" ICCID1 "\"}",
	  400, "four groups" },
	{ "enable", "{\"device_id\":\"00000000-00000000-0040ffff-ff8001b0\",\"eid\":\"" EID
	  "\",\"iccid\":\"" ICCID1 "\"}", 200, "" },
	{ "download", "{" TARGET ",\"iccid\":\"" ICCID2 "\"}", 200, "" },
	{ "download", "{" TARGET ",\"activation_code\":\"" SECRET3 "\"}", 200, "" },
	{ "download", "{" TARGET ",\"activation_code\":\"" SECRET2 "\"}", 200, "" },
	/* Another spelling of the code that is registered. */
	{ "download", "{" TARGET ",\"iccid\":\"" ICCID2 "\",\"activation_code\":"
	  "\" lpa:1$smdp.example.com$SECRET-TWO \"}", 200, "" },
	{ "download", "{" TARGET ",\"iccid\":\"" ICCID1 "\",\"activation_code\":"
	  "\"1$smdp.example.com$SECRET-TWO\"}", 400, "another ICCID" },
	{ "download", "{" TARGET ",\"iccid\":\"" ICCID1 "\",\"activation_code\":\"" SECRET2
	  "\"}", 400, "another ICCID" },
	{ "download", "{" TARGET ",\"iccid\":\"" ICCID1 "\",\"activation_code\":\"" SECRET3
	  "\"}", 400, "on the device already" },
	{ "download", "{" TARGET "}", 400, "activation_code" },
	{ "download", "{" TARGET ",\"iccid\":\"8944000000000000041\"}", 404, "no activation code" },
	{ "download", "{" TARGET ",\"activation_code\":\"SECRET\"}", 400, "activation_code" },
	{ "enable", "[]", 400, "" },
	{ "enable", "{", 400, "JSON" },
	{ "enable", "", 400, "JSON" },
	{ "enable", "7", 400, "an object" },
	{ "enable", "[7]", 400, "" },
};

START_TEST(what_may_be_asked_for)
{
	struct str path = arena_printf(&r.arena, "/ws/v1/esim_profiles/%s",
				       requests[_i].action);
	struct str status;

	two_profiles_and_a_code();
	ck_status(rig_post(&r, path.p, requests[_i].body), requests[_i].status);
	ck_assert_msg(str_find(r.body, str_of(requests[_i].in_message)) >= 0, "%.*s",
		      STRF(r.body));
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	if (requests[_i].status == 200) {
		ck_assert_int_eq((int)strlen(json_at(&r, "/transaction")), 36);
		/* The same again stands in its own way. */
		ck_status(rig_post(&r, path.p, requests[_i].body), 409);
		rig_run(&r, 1);
		ck_assert_int_eq(r.order_count, 1);
	} else if (requests[_i].body[0] == '{' && requests[_i].body[1]) {
		status = arena_printf(&r.arena, "%d", requests[_i].status);
		ck_json(&r, "/error_status", status.p);
		ck_assert_int_eq(r.order_count, 0);
	}
}
END_TEST

START_TEST(several_at_once)
{
	two_profiles_and_a_code();
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/delete",
		"[{" TARGET ",\"iccid\":\"" ICCID1 "\"},{" TARGET ",\"iccid\":\"" ICCID2
		"\",\"activation_code\":\"" SECRET1 "\"}]"), 207);
	ck_json(&r, "/count", "2");
	ck_assert_int_eq((int)strlen(json_at(&r, "/list/0/transaction")), 36);
	ck_json(&r, "/list/1/error_status", "404");
	ck_json(&r, "/list/1/error_context/iccid", ICCID2);
	ck_json(&r, "/list/1/error_context/activation_code", "(absent)");
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/enable",
		"[{" TARGET ",\"iccid\":\"" ICCID2 "\"}]"), 404);
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/disable",
		"[{" TARGET ",\"iccid\":\"" ICCID3 "\"}]"), 200);
}
END_TEST

START_TEST(download_by_registered_code)
{
	const char *tx;

	two_profiles_and_a_code();
	tx = start("/ws/v1/esim_profiles/download", "{" TARGET ",\"iccid\":\"" ICCID2 "\"}");
	rig_run(&r, 1);
	ck_assert_str_eq(r.orders[0].secret, SECRET2);
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "in_use");
	ck_status(rig_as(&r, "ann", "DELETE", CODES "/" ICCID2, NULL), 409);
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\",\"iccid\":\"" ICCID2 "\"}");
	get_progress(tx);
	ck_json(&r, "/status", "complete");
	ck_status(rig_get(&r, PROFILES "/" ICCID2), 404);	/* not reported */
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "used");
	ck_json(&r, "/device_id", DEVICE);
	rig_run(&r, 3590);
	ck_status(rig_get(&r, CODES "/" ICCID2), 200);
	rig_run(&r, 20);
	ck_status(rig_get(&r, CODES "/" ICCID2), 404);		/* removed */
}
END_TEST

START_TEST(code_comes_back_or_not)
{
	const char *tx;

	two_profiles_and_a_code();
	tx = start("/ws/v1/esim_profiles/download", "{" TARGET ",\"iccid\":\"" ICCID2 "\"}");
	rig_run(&r, 1);
	rig_order_ends(&r, 0, "failed", "{\"code\":\"memoryFull\"}");
	get_progress(tx);
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "available");
	tx = start("/ws/v1/esim_profiles/download", "{" TARGET ",\"iccid\":\"" ICCID2 "\"}");
	rig_run(&r, 1);
	rig_order_ends(&r, 1, "failed", "{\"code\":\"smdpRefused\",\"subjectCode\":\"8.2.6\","
		       "\"reasonCode\":\"3.8\"}");
	get_progress(tx);
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "refused");
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/download",
			   "{" TARGET ",\"iccid\":\"" ICCID2 "\"}"), 400);
	/* The profile is there all the same: then it is used. */
	rig_report(&r, "[" ONE_PROFILE(ICCID2, "Mobile", "inactive") "]");
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "used");
}
END_TEST

START_TEST(code_of_a_download_nobody_knows_the_end_of)
{
	const char *tx;

	two_profiles_and_a_code();
	tx = start("/ws/v1/esim_profiles/download", "{" TARGET ",\"iccid\":\"" ICCID2 "\"}");
	rig_run(&r, 1);
	r.eis_status = 404;
	r.eis_code = "unknown-order";
	get_progress(tx);
	ck_json(&r, "/status", "unknown");
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "in_use");
	rig_run(&r, 14 * 60);
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "in_use");
	rig_run(&r, 2 * 60);
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "available");
	ck_json(&r, "/device_id", "(absent)");
}
END_TEST

/* The code's place is another's when the download ends. */
START_TEST(code_goes_before_its_download_ends)
{
	static const char *const results[][2] = {
		{ "complete", "{\"code\":\"ok\"}" },
		{ "failed", "{\"code\":\"smdpRefused\",\"subjectCode\":\"8.2.6\","
		  "\"reasonCode\":\"3.8\"}" },
	};

	add_code(ICCID1, FREDS, SECRET1);
	start("/ws/v1/esim_profiles/download", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	ck_status(rig_as(&r, "ann", "DELETE", CODES "/" ICCID1, NULL), 204);
	add_code(ICCID2, "Another", SECRET2);
	rig_order_ends(&r, 0, results[_i][0], results[_i][1]);
	rig_run(&r, 61);
	rig_get(&r, "/ws/v1/esim_profiles/transactions/inventory");
	ck_json(&r, "/list/0/status", results[_i][0]);
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "available");
}
END_TEST

START_TEST(operation_whose_order_vanished)
{
	const char *op;

	two_profiles_and_a_code();
	op = start(OPS, OPERATION("download", FREDS));
	rig_run(&r, 1);
	r.eis_status = 404;
	r.eis_code = "unknown-order";
	rig_run(&r, 61);
	get_op(op);
	ck_json(&r, "/status", "download_verify");
	/* The device did it all the same. */
	rig_report(&r, "[" ONE_PROFILE(ICCID2, "Mobile", "inactive") "]");
	get_op(op);
	ck_json(&r, "/status", "successful");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/actions");
	TCase *tc = tcase_create("actions");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, enable_from_request_to_row);
	tcase_add_test(tc, checked_without_being_asked);
	LOOP(how_orders_end, endings);
	tcase_add_loop_test(tc, peers_quote_secrets, 0, 3);
	tcase_add_test(tc, peers_take_secrets_for_codes);
	tcase_add_test(tc, eis_forgets_the_order);
	tcase_add_loop_test(tc, eis_is_not_where_it_was, 0, 3);
	LOOP(eis_refuses_to_take_it, refusals);
	tcase_add_test(tc, eis_cannot_be_reached);
	tcase_add_test(tc, progress_does_not_wait_for_ever);
	LOOP(what_may_be_asked_for, requests);
	tcase_add_test(tc, several_at_once);
	tcase_add_test(tc, download_by_registered_code);
	tcase_add_test(tc, code_comes_back_or_not);
	tcase_add_test(tc, code_of_a_download_nobody_knows_the_end_of);
	tcase_add_loop_test(tc, code_goes_before_its_download_ends, 0, 2);
	tcase_add_test(tc, operation_whose_order_vanished);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
