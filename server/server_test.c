/*
 * Goal: the server keeps its word on every path: transactions say what the
 * EIS said, rows what the devices reported, operations wait for both.
 * Method: whole flows over the network, with an EIS that obeys the test; the
 * wanted answers are written out by hand from the specification.
 */
#include "server/rig_test.h"

#include "server/operations.h"

#define OPS "/ws/v1/esim_profiles/operations/inventory"
#define PROFILES "/ws/v1/esim_profiles/inventory"
#define CODES "/ws/v1/esim_activation_codes/inventory"
#define ONE_PROFILE(iccid, spn, status) \
	"{\"id\":1,\"iccid\":\"" iccid "\",\"carrier\":\"" spn "\"," \
	"\"status\":\"" status "\",\"type\":\"operational\"}"
#define BOOT "{\"id\":0,\"iccid\":\"" ICCID3 "\",\"carrier\":\"Boot\"," \
	"\"status\":\"%s\",\"type\":\"bootstrap\"}"
#define TARGET "\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\""
#define OPERATION(kind, carrier) "{\"device_id\":\"" DEVICE "\",\"operation\":\"" kind \
	"\",\"carrier\":\"" carrier "\"}"
#define FREDS "Fred's Fast Wireless Service"

static struct rig r;

static void setup(void)
{
	rig_init(&r, NULL);
}

static void teardown(void)
{
	/* Whatever happened, no secret is in the log. */
	ck_assert(!rig_logged(&r, "SECRET"));
	ck_assert(!rig_logged(&r, "token"));
	rig_release(&r);
}

static void add_code(const char *iccid, const char *carrier, const char *secret)
{
	struct str body = arena_printf(&r.arena, "{\"iccid\":\"%s\",\"carrier\":\"%s\","
		"\"activation_code\":\"%s\"}", iccid, carrier, secret);

	ck_status(rig_post(&r, CODES, body.p), 201);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
}

static const char *start(const char *path, const char *body)
{
	ck_status(rig_post(&r, path, body), 200);
	return arena_strdup(&r.arena, json_at(&r, strstr(path, "operations") ?
					      "/id" : "/transaction"));
}

static void get_op(const char *id)
{
	ck_status(rig_get(&r, arena_printf(&r.arena, OPS "/%s", id).p), 200);
}

static void get_progress(const char *id)
{
	ck_status(rig_get(&r, arena_printf(&r.arena,
		"/ws/v1/esim_profiles/progress/%s", id).p), 200);
}

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

/* What stands before it may know no such path, for a while. */
START_TEST(eis_is_not_where_it_was)
{
	const char *tx;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 1);
	r.eis_status = 404;
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

static void two_profiles_and_a_code(void)
{
	char *list = arena_strdup(&r.arena, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive")
				  "," BOOT "]");
	struct str text = arena_printf(&r.arena, list, "active");

	ck_status(rig_report(&r, text.p), 200);
	add_code(ICCID2, FREDS, SECRET2);
}

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

/* ---- Reports. ---------------------------------------------------------- */

START_TEST(rows_follow_reports)
{
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") ","
		   "{\"iccid\":\"" ICCID2 "\",\"status\":\"active\"}]");
	rig_get(&r, PROFILES);
	ck_json(&r, "/count", "2");
	rig_get(&r, PROFILES "/" ICCID1);
	ck_assert_msg(str_is(r.body, "{\"carrier\":\"Mobile\",\"customer_id\":1,"
		"\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\",\"iccid\":\"" ICCID1 "\","
		"\"id\":1,\"normalized_carrier\":\"mobile\",\"status\":\"inactive\","
		"\"type\":\"operational\"}"), "%.*s", STRF(r.body));
	rig_get(&r, PROFILES "/" ICCID2);
	ck_assert_msg(str_is(r.body, "{\"customer_id\":1,\"device_id\":\"" DEVICE "\","
		"\"eid\":\"" EID "\",\"iccid\":\"" ICCID2 "\",\"status\":\"active\"}"),
		"%.*s", STRF(r.body));
	/* What a complete list lacks is gone. */
	rig_report(&r, "[" ONE_PROFILE(ICCID2, "", "inactive") "]");
	ck_status(rig_get(&r, PROFILES "/" ICCID1), 404);
	rig_get(&r, PROFILES "/" ICCID2);
	ck_json(&r, "/carrier", "");
	ck_json(&r, "/id", "1");
	ck_assert(rig_logged(&r, "profile-row-created"));
	ck_assert(rig_logged(&r, "profile-row-deleted"));
}
END_TEST

#define REPORT(sequence, more) "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\"," \
	"\"sequence\":" sequence "," more "}"

static const struct {
	const char *token, *body;
	int status;
} bad_reports[] = {
	{ "Bearer wrong", REPORT("5", "\"profiles\":[]"), 401 },
	{ NULL, REPORT("5", "\"profiles\":[]"), 401 },
	{ "Bearer report-token", "{", 400 },
	{ "Bearer report-token", "[]", 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":{}"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":null"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[],\"profiles\":[]"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[],\"sequence\":6"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[],\"complete\":true,"
	  "\"complete\":null"), 400 },
	{ "Bearer report-token", REPORT("\"x\"", "\"profiles\":[]"), 400 },
	{ "Bearer report-token", REPORT("-1", "\"profiles\":[]"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[1]"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[{\"iccid\":\"1\"}]"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[{\"iccid\":\"" ICCID1
	  "\",\"status\":\"enabled\"}]"), 400 },
	{ "Bearer report-token", REPORT("5", "\"profiles\":[" ONE_PROFILE(ICCID1, "a", "active")
	  "," ONE_PROFILE(ICCID1, "b", "active") "]"), 400 },
	{ "Bearer report-token", "{\"device_id\":\"00000000-00000000-0040FFFF-FF8001FF\",\"eid\":\""
	  EID "\",\"sequence\":1,\"profiles\":[]}", 404 },
	{ "Bearer report-token", "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID2
	  "\",\"sequence\":1,\"profiles\":[]}", 400 },
};

START_TEST(bad_reports_change_nothing)
{
	ck_status(rig_as(&r, bad_reports[_i].token, "POST",
			 "/southbound/v1/device_reports", bad_reports[_i].body),
		  bad_reports[_i].status);
	ck_assert_str_ne(json_at(&r, "/error/code"), "(absent)");
	if (bad_reports[_i].status == 401)
		ck_assert(str_is(http_header(&r.headers, "WWW-Authenticate"), "Bearer"));
	rig_get(&r, PROFILES);
	ck_json(&r, "/count", "0");
}
END_TEST

START_TEST(order_of_reports)
{
	const char *path = "/southbound/v1/device_reports", *as = "Bearer report-token";

	rig_as(&r, as, "POST", path, REPORT("5", "\"profiles\":["
	       ONE_PROFILE(ICCID1, "Mobile", "active") "]"));
	ck_json(&r, "/applied", "true");
	ck_status(rig_as(&r, as, "POST", path, REPORT("5", "\"profiles\":[]")), 200);
	ck_json(&r, "/applied", "false");
	ck_json(&r, "/reason", "stale sequence 5, last 5");
	rig_as(&r, as, "POST", path, REPORT("4", "\"profiles\":[]"));
	ck_json(&r, "/applied", "false");
	ck_assert(rig_logged(&r, "report-ignored"));
	ck_status(rig_get(&r, PROFILES "/" ICCID1), 200);
	/* Changes only: what is not named stays. */
	rig_as(&r, as, "POST", path, REPORT("6", "\"complete\":false,\"profiles\":["
	       ONE_PROFILE(ICCID2, "Other", "inactive") "]"));
	rig_get(&r, PROFILES);
	ck_json(&r, "/count", "2");
	rig_as(&r, as, "POST", path, REPORT("7", "\"complete\":false,\"profiles\":["
	       "{\"iccid\":\"" ICCID1 "\",\"removed\":true}]"));
	rig_get(&r, PROFILES);
	ck_json(&r, "/count", "1");
	ck_json(&r, "/list/0/iccid", ICCID2);
}
END_TEST

START_TEST(one_iccid_on_two_devices)
{
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "First", "inactive") "]");
	rig_run(&r, 5);
	ck_status(rig_as(&r, "Bearer report-token", "POST", "/southbound/v1/device_reports",
		"{\"device_id\":\"" DEVICE2 "\",\"eid\":\"" EID2 "\",\"sequence\":1,"
		"\"profiles\":[" ONE_PROFILE(ICCID1, "Second", "active") "]}"), 200);
	rig_get(&r, PROFILES "?query=iccid='" ICCID1 "'");
	ck_json(&r, "/count", "2");
	rig_get(&r, PROFILES "/" ICCID1);
	ck_json(&r, "/carrier", "Second");
	rig_report(&r, "[]");
	rig_get(&r, PROFILES);
	ck_json(&r, "/count", "1");
	ck_json(&r, "/list/0/device_id", DEVICE2);
}
END_TEST

#define FRESH "00000000-00000000-0040FFFF-FF8001D0"
#define FRESH_EID "89049032000001000000000000000408"

START_TEST(device_without_eid)
{
	struct err err = { 0 };

	rig_ok(server_add_device(r.server, 1, STR(FRESH), STR(""), &err), &err);
	ck_status(rig_post(&r, OPS, "{\"device_id\":\"" FRESH "\",\"operation\":\"enable\","
			   "\"carrier\":\"x\"}"), 400);
	rig_get(&r, "/ws/v1/devices/inventory/" FRESH);
	ck_json(&r, "/eid", "(absent)");
	ck_json(&r, "/last_update", "(absent)");
#define REPORT_OF(eid) "{\"device_id\":\"" FRESH "\",\"eid\":\"" eid \
	"\",\"sequence\":1,\"profiles\":[]}"
	ck_status(rig_as(&r, "Bearer report-token", "POST", "/southbound/v1/device_reports",
			 REPORT_OF(EID)), 400);		/* another device's */
	ck_status(rig_as(&r, "Bearer report-token", "POST", "/southbound/v1/device_reports",
			 REPORT_OF(FRESH_EID)), 200);
	rig_get(&r, "/ws/v1/esims/inventory/" FRESH_EID);
	ck_json(&r, "/device_id", FRESH);
	ck_assert_int_lt(server_add_device(r.server, 1, STR("00000000-00000000-0040FFFF-FF8001D1"),
					   STR(FRESH_EID), &err), 0);
}
END_TEST

/* ---- Operations. ------------------------------------------------------- */


#define BY_ICCID(kind, iccid) "{" TARGET ",\"operation\":\"" kind \
	"\",\"iccid\":\"" iccid "\"}"

START_TEST(activate_through_all_statuses)
{
	const char *op;

	add_code(ICCID1, FREDS, SECRET1);
	op = start(OPS, OPERATION("activate", FREDS));
	ck_json(&r, "/status", "starting");
	ck_json(&r, "/cause", "request");
	ck_json(&r, "/created_by", "ann");
	ck_json(&r, "/source", "v1/esim_profiles/operations");
	ck_json(&r, "/eid", EID);
	ck_json(&r, "/job_id", "1");
	ck_json(&r, "/download_tx", "(absent)");
	get_op(op);
	ck_json(&r, "/status", "download");
	rig_run(&r, 1);
	ck_json(&r, "/iccid", ICCID1);
	ck_json(&r, "/download_tx", r.orders[0].reference);
	ck_json(&r, "/enable_tx", "(absent)");
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\",\"iccid\":\"" ICCID1 "\"}");
	rig_run(&r, 61);
	get_op(op);
	ck_json(&r, "/status", "download_verify");
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	get_op(op);
	ck_json(&r, "/status", "enable");
	rig_run(&r, 1);
	ck_assert_str_eq(r.orders[1].operation, "enable");
	ck_assert_str_eq(r.orders[1].iccid, ICCID1);
	ck_json(&r, "/enable_tx", r.orders[1].reference);
	rig_order_ends(&r, 1, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, 61);
	get_op(op);
	ck_json(&r, "/status", "enable_verify");
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "active") "]");
	get_op(op);
	ck_json(&r, "/status", "successful");
	ck_json(&r, "/message_code", "successful");
}
END_TEST

/* Let the order, the EIS and the device do their work. */
static void device_does(int order, const char *profiles)
{
	rig_run(&r, 1);
	rig_order_ends(&r, order, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, 61);
	rig_report(&r, profiles);
}

START_TEST(contract_name_is_not_spn)
{
	const char *op;

	add_code(ICCID1, FREDS, SECRET1);
	add_code(ICCID2, FREDS, SECRET2);
	op = start(OPS, OPERATION("activate", FREDS));
	device_does(0, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	device_does(1, "[" ONE_PROFILE(ICCID1, "Mobile", "active") "]");
	get_op(op);
	ck_json(&r, "/status", "successful");
	/* By SPN it is found, and is active already. */
	op = start(OPS, OPERATION("activate", "MOBILE"));
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", "successful");
	ck_json(&r, "/message_code", "already_active");
	ck_json(&r, "/iccid", ICCID1);
	ck_assert_int_eq(r.order_count, 2);
	/* By the contract's name it is not: another code is taken. */
	op = start(OPS, OPERATION("activate", FREDS));
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", "download");
	ck_json(&r, "/iccid", ICCID2);
	ck_assert_str_eq(r.orders[2].secret, SECRET2);
	device_does(2, "[" ONE_PROFILE(ICCID1, "Mobile", "active") ","
		    ONE_PROFILE(ICCID2, "Mobile", "inactive") "]");
	device_does(3, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") ","
		    ONE_PROFILE(ICCID2, "Mobile", "active") "]");
	get_op(op);
	ck_json(&r, "/status", "successful");
	op = start(OPS, OPERATION("activate", FREDS));
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", "failed");
	ck_json(&r, "/message_code", "no_code_or_profile");
}
END_TEST

START_TEST(activate_uses_what_is_there)
{
	const char *op;

	add_code(ICCID2, "Mobile", SECRET2);
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	op = start(OPS, OPERATION("activate", " mobile "));
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", "enable");
	ck_json(&r, "/download_tx", "(absent)");
	ck_assert_str_eq(r.orders[0].iccid, ICCID1);
	device_does(0, "[" ONE_PROFILE(ICCID1, "Mobile", "active") "]");
	get_op(op);
	ck_json(&r, "/status", "successful");
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "available");
}
END_TEST

/* What a request leads to at once, with ICCID1 "Mobile" inactive on the device,
 * ICCID3 "Boot" active, and a code of Fred's for ICCID2. */
static const struct {
	const char *body, *status, *message_code;
} beginnings[] = {
	{ OPERATION("activate", FREDS), "download", "downloading" },
	{ OPERATION("download", FREDS), "download", "downloading" },
	{ OPERATION("download", "Mobile"), "failed", "no_code" },
	{ OPERATION("enable", "Mobile"), "enable", "enabling" },
	{ OPERATION("enable", FREDS), "failed", "no_profile" },
	{ OPERATION("enable", "Boot"), "successful", "already_active" },
	{ OPERATION("activate", "Nobody"), "failed", "no_code_or_profile" },
	{ BY_ICCID("activate", ICCID1), "enable", "enabling" },
	{ BY_ICCID("activate", ICCID2), "download", "downloading" },
	{ BY_ICCID("download", ICCID2), "download", "downloading" },
	{ BY_ICCID("download", ICCID1), "failed", "already_present" },
	{ BY_ICCID("enable", ICCID2), "failed", "no_profile" },
};

START_TEST(how_operations_begin)
{
	const char *op;

	two_profiles_and_a_code();
	op = start(OPS, beginnings[_i].body);
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", beginnings[_i].status);
	ck_json(&r, "/message_code", beginnings[_i].message_code);
}
END_TEST

static const struct {
	const char *body;
	int status;
} operation_forms[] = {
	{ OPERATION("activate", "Mobile"), 200 },
	{ "{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"carrier\":\"x\","
	  "\"cause\":\"automation\",\"cause_id\":\"a-1\"}", 200 },
	{ OPERATION("destroy", "Mobile"), 400 },
	{ OPERATION("activate", ""), 400 },
	{ OPERATION("activate", "!!"), 400 },
	{ "{\"device_id\":\"" DEVICE "\",\"carrier\":\"x\"}", 400 },
	{ "{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"carrier\":\"x\","
	  "\"cause\":\"whim\"}", 400 },
	{ "{\"operation\":\"activate\",\"carrier\":\"x\"}", 400 },
	{ "{\"device_id\":\"" OTHERS "\",\"operation\":\"activate\",\"carrier\":\"x\"}", 404 },
	{ "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID2 "\",\"operation\":\"activate\","
	  "\"carrier\":\"x\"}", 400 },
	{ "{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"iccid\":\"1\"}", 400 },
};

START_TEST(forms_of_operations)
{
	ck_status(rig_post(&r, OPS, operation_forms[_i].body), operation_forms[_i].status);
	rig_get(&r, OPS);
	ck_json(&r, "/count", operation_forms[_i].status == 200 ? "1" : "0");
}
END_TEST

START_TEST(verification_has_a_limit)
{
	const char *op;

	add_code(ICCID1, FREDS, SECRET1);
	op = start(OPS, OPERATION("download", FREDS));
	rig_run(&r, 1);
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, 60);
	get_op(op);
	ck_json(&r, "/status", "download_verify");
	rig_run(&r, 14 * 60);
	get_op(op);
	ck_json(&r, "/status", "download_verify");
	rig_run(&r, 61);
	get_op(op);
	ck_json(&r, "/status", "failed");
	ck_json(&r, "/message_code", "download_not_reported");
	/* It comes late: the row is made, the operation stays as it is. */
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	ck_status(rig_get(&r, PROFILES "/" ICCID1), 200);
	get_op(op);
	ck_json(&r, "/status", "failed");
}
END_TEST

START_TEST(transaction_fails_operation)
{
	const char *op;

	add_code(ICCID1, FREDS, SECRET1);
	op = start(OPS, OPERATION("activate", FREDS));
	rig_run(&r, 1);
	rig_order_ends(&r, 0, "failed", "{\"code\":\"smdpRefused\",\"message\":\"no\","
		       "\"subjectCode\":\"8.1.1\",\"reasonCode\":\"3.8\"}");
	rig_run(&r, 61);
	get_op(op);
	ck_json(&r, "/status", "failed");
	ck_json(&r, "/message_code", "smdp_refused");
	ck_assert(strstr(json_at(&r, "/message"), "8.1.1/3.8"));
}
END_TEST

START_TEST(two_do_not_take_one_code)
{
	const char *first, *second;

	add_code(ICCID1, FREDS, SECRET1);
	first = start(OPS, OPERATION("activate", FREDS));
	ck_status(rig_post(&r, OPS, OPERATION("activate", "freds fast wireless service")), 409);
	second = start(OPS, "{\"device_id\":\"" DEVICE2 "\",\"operation\":\"activate\","
		       "\"carrier\":\"" FREDS "\"}");
	rig_run(&r, 1);
	get_op(first);
	ck_json(&r, "/status", "download");
	get_op(second);
	ck_json(&r, "/message_code", "no_code_or_profile");
	ck_assert_int_eq(r.order_count, 1);
}
END_TEST

START_TEST(code_registered_while_somebody_uses_it)
{
	const char *op;

	start("/ws/v1/esim_profiles/download",
	      "{" TARGET ",\"activation_code\":\"" SECRET3 "\"}");
	add_code(ICCID2, FREDS, SECRET3);
	op = start(OPS, OPERATION("activate", FREDS));
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", "failed");
	ck_json(&r, "/message_code", "conflict");
	rig_get(&r, CODES "/" ICCID2);
	ck_json(&r, "/status", "available");
	ck_assert_int_eq(r.order_count, 1);
}
END_TEST

/* Restarted at any of these moments, the operation ends the same. */
START_TEST(restart_in_the_middle)
{
	const char *op;
	int moment = 0;

#define PERHAPS() if (moment++ == _i) rig_restart(&r)
	add_code(ICCID1, FREDS, SECRET1);
	PERHAPS();
	op = start(OPS, OPERATION("activate", FREDS));
	PERHAPS();
	rig_run(&r, 1);
	PERHAPS();
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	PERHAPS();
	rig_run(&r, 61);
	PERHAPS();
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	PERHAPS();
	rig_run(&r, 1);
	PERHAPS();
	rig_order_ends(&r, 1, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, 61);
	PERHAPS();
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "active") "]");
	PERHAPS();
	get_op(op);
	ck_json(&r, "/status", "successful");
	ck_assert_int_eq(r.order_count, 2);
	rig_get(&r, CODES "/" ICCID1);
	ck_json(&r, "/status", "used");
	rig_get(&r, "/ws/v1/esim_profiles/transactions/inventory?query=status='complete'");
	ck_json(&r, "/count", "2");
}
END_TEST

START_TEST(ids_differ_after_restart)
{
	const char *a, *b;

	a = start(OPS, OPERATION("activate", "x"));
	rig_run(&r, 1);
	rig_restart(&r);
	b = start(OPS, OPERATION("activate", "x"));
	ck_assert_str_ne(a, b);
}
END_TEST

/* The legal moves again, as words. */
static const char *const legal[] = {
	"starting 0 download", "starting 1 enable", "starting 3 enable_verify",
	"starting 5 failed", "download 2 download_verify", "download 5 failed",
	"download_verify 1 enable", "download_verify 3 enable_verify",
	"download_verify 4 successful", "download_verify 5 failed",
	"enable 2 enable_verify", "enable 5 failed",
	"enable_verify 4 successful", "enable_verify 5 failed",
};

START_TEST(moves_of_operations)
{
	size_t found = 0, count = sizeof(legal) / sizeof(legal[0]);

	for (int s = 0; s < OPERATION_STATUSES; s++) {
		for (int e = 0; e < OPERATION_EVENTS; e++) {
			enum operation_status to = operation_next((enum operation_status)s,
						(enum operation_event)e);
			char move[64];
			bool is_legal = false;

			snprintf(move, sizeof(move), "%s %d %s",
				 operation_status_name((enum operation_status)s), e,
				 operation_status_name(to));
			for (size_t i = 0; i < count; i++)
				is_legal = is_legal || strcmp(move, legal[i]) == 0;
			ck_assert_msg(is_legal == (to != OPERATION_NONE), "%s", move);
			found += is_legal;
		}
	}
	ck_assert_uint_eq(found, count);
}
END_TEST

/* ---- Who may see what. ------------------------------------------------- */

START_TEST(accounts_are_apart)
{
	const char *tx, *op;
	int calls;

	two_profiles_and_a_code();
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	op = start(OPS, OPERATION("download", FREDS));
	rig_run(&r, 1);
#define HIDDEN(path, name) \
	ck_status(rig_as(&r, "bob", "GET", arena_printf(&r.arena, path, name).p, NULL), 404); \
	ck_status(rig_as(&r, "ann", "GET", arena_printf(&r.arena, path, name).p, NULL), 200)
	HIDDEN(PROFILES "/%s", ICCID1);
	calls = r.eis_calls;
	ck_status(rig_as(&r, "bob", "GET", arena_printf(&r.arena,
		"/ws/v1/esim_profiles/progress/%s", tx).p, NULL), 404);
	ck_assert_int_eq(r.eis_calls, calls);
	HIDDEN("/ws/v1/esim_profiles/progress/%s", tx);
	HIDDEN(OPS "/%s", op);
	HIDDEN(CODES "/%s", ICCID2);
	HIDDEN("/ws/v1/esims/inventory/%s", EID);
	HIDDEN("/ws/v1/devices/inventory/%s", DEVICE);
#define EMPTY(path) \
	ck_status(rig_as(&r, "bob", "GET", path, NULL), 200); \
	ck_json(&r, "/count", "0")
	EMPTY(PROFILES);
	EMPTY("/ws/v1/esim_profiles/transactions/inventory");
	EMPTY(OPS);
	EMPTY(CODES);
	EMPTY(PROFILES "?query=customer_id=1%20or%20customer_id=2");
	ck_status(rig_as(&r, "bob", "POST", "/ws/v1/esim_profiles/delete",
			 "{" TARGET ",\"iccid\":\"" ICCID1 "\"}"), 404);
	ck_status(rig_as(&r, "bob", "DELETE", CODES "/" ICCID2, NULL), 404);
	rig_as(&r, "bob", "GET", "/ws/v1/esims/inventory", NULL);
	ck_json(&r, "/count", "1");
	ck_json(&r, "/list/0/eid", OTHERS_EID);
	/* Both may have a code for one ICCID. */
	ck_status(rig_as(&r, "bob", "POST", CODES, "{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			 "\"activation_code\":\"" SECRET2 "\"}"), 201);
}
END_TEST

START_TEST(reading_is_not_writing)
{
	static const char *const paths[] = {
		"/ws/v1/esim_profiles/delete", "/ws/v1/esim_profiles/enable",
		"/ws/v1/esim_profiles/disable", "/ws/v1/esim_profiles/download", OPS, CODES,
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ck_status(rig_as(&r, "ray", "POST", paths[i], "{}"), 403);
		ck_json(&r, "/error_status", "403");
	}
	ck_status(rig_as(&r, "ray", "DELETE", CODES "/" ICCID1, NULL), 403);
	ck_status(rig_as(&r, "ray", "GET", PROFILES, NULL), 200);
}
END_TEST

static const struct {
	const char *header;
	int status;
} logins[] = {
	{ "Basic YW5uOnB3", 200 },		/* ann:pw */
	{ "basic   YW5uOnB3", 200 },
	{ "Basic YW5uOnB4", 401 },		/* ann:px */
	{ "Basic YW5uOg==", 401 },		/* ann: */
	{ "Basic YW5u", 401 },			/* ann */
	{ "Basic emVkOnB3", 401 },		/* zed:pw */
	{ "Basic !!!", 401 },
	{ "Basic", 401 },
	{ "Bearer YW5uOnB3", 401 },
	{ "", 401 },
};

START_TEST(who_is_asking)
{
	for (int again = 0; again < 2; again++) {	/* remembered or not */
		ck_status(rig_as(&r, logins[_i].header, "GET", PROFILES, NULL),
			  logins[_i].status);
		if (logins[_i].status == 401) {
			ck_json(&r, "/error_status", "401");
			ck_assert(http_header(&r.headers, "WWW-Authenticate").n > 0);
		}
	}
}
END_TEST

START_TEST(api_keys)
{
	struct str id = STR("0123456789abcdef0123456789abcdef");
	struct str secret = STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	struct str wrong = STR("1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	struct err err = { 0 };

	rig_ok(server_add_api_key(r.server, STR("ray"), id, secret, &err), &err);
	ck_assert_int_lt(server_add_api_key(r.server, STR("zed"), id, secret, &err), 0);
	ck_assert_int_lt(server_add_api_key(r.server, STR("ray"), STR("12"), secret, &err), 0);
	for (int i = 0; i < 4; i++) {
		struct http_call *c = http_call_new(r.net, STR("client"),
			i == 3 ? "POST" : "GET", &err, "http://server.rig%s", i == 3 ? OPS : PROFILES);

		http_call_header(c, "X-API-KEY-ID", id);
		http_call_header(c, "X-API-KEY-SECRET", i == 1 ? wrong : secret);
		rig_send(&r, c);
		ck_assert_int_eq(r.status, i == 1 ? 401 : i == 3 ? 403 : 200);
	}
}
END_TEST

/* ---- Paths. ------------------------------------------------------------ */

static const struct {
	const char *method, *path;
	int status;
} paths[] = {
	{ "GET", "/ws/v1/esim_profiles", 200 },
	{ "GET", "/ws/v1/esims", 200 },
	{ "GET", "/ws/v1/esim_activation_codes", 200 },
	{ "GET", "/ws/v1/devices", 200 },
	{ "GET", "/ws/v1/esim_profiles/inventory.json", 200 },
	{ "GET", "/ws/v1/esim_profiles/nothing", 404 },
	{ "GET", "/ws/v1", 404 },
	{ "GET", "/", 404 },
	{ "GET", "/ws/v1/esim_profiles/inventory/%zz", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory/%FF", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?query=%FF", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?query=%zz", 400 },
	{ "GET", "/ws/v1/esim_profiles/progress/nothing", 404 },
	{ "PUT", "/ws/v1/esim_profiles/inventory", 405 },
	{ "GET", "/ws/v1/esim_profiles/enable", 405 },
	{ "GET", "/southbound/v1/device_reports", 405 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=0", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=-1", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=ten", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=5000", 200 },
	{ "GET", "/ws/v1/esim_profiles/inventory?orderby=asc%20nothing", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?orderby=up%20iccid", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?orderby=iccid%20desc", 200 },
	{ "GET", "/ws/v1/esim_profiles/inventory?cursor=abc", 400 },
	{ "GET", "/ws/v1/esim_profiles/bulk?fields=iccid,nothing", 400 },
	{ "GET", "/ws/v1/esim_profiles/bulk?query=nonsense", 400 },
};

START_TEST(paths_and_parameters)
{
	ck_status(rig_as(&r, "ann", paths[_i].method, paths[_i].path, NULL), paths[_i].status);
	if (paths[_i].status >= 400) {
		struct str status = arena_printf(&r.arena, "%d", paths[_i].status);

		ck_json(&r, "/error_status", status.p);
	}
	if (paths[_i].status == 405)
		ck_assert(http_header(&r.headers, "Allow").n > 0);
}
END_TEST

START_TEST(summary_tells_the_truth)
{
	struct str summary;
	int count;

	rig_get(&r, "/ws/v1/esim_profiles");
	ck_json(&r, "/count", "13");
	summary = r.body;
	for (count = 0; count < 13; count++) {
		const char *method, *uri;

		r.body = summary;
		method = json_at(&r, arena_printf(&r.arena, "/list/%d/method", count).p);
		uri = json_at(&r, arena_printf(&r.arena, "/list/%d/uri", count).p);
		ck_assert_str_ne(json_at(&r, arena_printf(&r.arena,
				 "/list/%d/description", count).p), "(absent)");
		ck_assert_int_eq(strcmp(json_at(&r, arena_printf(&r.arena,
				 "/list/%d/payload", count).p), "(absent)") != 0,
				 strcmp(method, "POST") == 0);
		rig_as(&r, "ann", method, uri[strlen(uri) - 1] == '}' ?
		       "/ws/v1/esim_profiles/inventory/x" : uri, "{}");
		ck_assert_int_ne(r.status, 405);
		ck_assert_msg(str_find(r.body, STR("no such path")) < 0, "%s", uri);
	}
}
END_TEST

START_TEST(bulk_as_csv)
{
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Fred's \\\"Fast\\\", Inc", "inactive") ","
		   ONE_PROFILE(ICCID2, "two\\nlines", "active") ","
		   "{\"iccid\":\"" ICCID3 "\",\"status\":\"inactive\"}]");
	rig_get(&r, "/ws/v1/esim_profiles/bulk?fields=status,carrier,iccid&orderby=desc%20iccid");
	ck_assert(str_is(http_header(&r.headers, "Content-Type"), "text/csv; charset=utf-8"));
	ck_assert(!http_header(&r.headers, "Truncated").p);
	ck_assert_msg(str_is(r.body, "status,carrier,iccid\r\n"
		"inactive,," ICCID3 "\r\n"
		"active,\"two\nlines\"," ICCID2 "\r\n"
		"inactive,\"Fred's \"\"Fast\"\", Inc\"," ICCID1 "\r\n"), "%.*s", STRF(r.body));
	rig_get(&r, "/ws/v1/esim_profiles/bulk?size=2&query=status='inactive'%20or%20id=1");
	ck_assert(str_is(http_header(&r.headers, "Truncated"), "true"));
	rig_get(&r, "/ws/v1/esim_profiles/inventory.csv");
	ck_assert(str_starts(r.body, STR("carrier,customer_id,device_id,eid,iccid,id,"
					 "normalized_carrier,status,type\r\n")));
}
END_TEST

START_TEST(codes_are_write_only)
{
	add_code(ICCID1, FREDS, SECRET1);
	rig_get(&r, CODES "/" ICCID1);
	ck_json(&r, "/carrier", FREDS);
	ck_json(&r, "/normalized_carrier", "freds fast wireless service");
	ck_json(&r, "/status", "available");
	rig_get(&r, CODES);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	rig_get(&r, "/ws/v1/esim_activation_codes/bulk");
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	/* The same secret for another ICCID is a mistake. */
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET1 "\"}"), 409);
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"LPA:SECRET\"}"), 400);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" SECRET2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET1 "\"}"), 400);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	ck_status(rig_post(&r, CODES, "[{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET2 "\"}]"), 201);
	ck_status(rig_as(&r, "ann", "DELETE", CODES "/" ICCID1, NULL), 204);
	ck_status(rig_get(&r, CODES "/" ICCID1), 404);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server");
	TCase *tc = tcase_create("flows");
	SRunner *runner;
	int failed;

#define LOOP(test, table) \
	tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, enable_from_request_to_row);
	tcase_add_test(tc, checked_without_being_asked);
	LOOP(how_orders_end, endings);
	tcase_add_test(tc, eis_forgets_the_order);
	tcase_add_test(tc, eis_is_not_where_it_was);
	LOOP(eis_refuses_to_take_it, refusals);
	tcase_add_test(tc, eis_cannot_be_reached);
	tcase_add_test(tc, progress_does_not_wait_for_ever);
	LOOP(what_may_be_asked_for, requests);
	tcase_add_test(tc, several_at_once);
	tcase_add_test(tc, download_by_registered_code);
	tcase_add_test(tc, code_comes_back_or_not);
	tcase_add_test(tc, code_of_a_download_nobody_knows_the_end_of);
	tcase_add_test(tc, operation_whose_order_vanished);
	tcase_add_test(tc, rows_follow_reports);
	tcase_add_test(tc, one_iccid_on_two_devices);
	tcase_add_test(tc, device_without_eid);
	LOOP(bad_reports_change_nothing, bad_reports);
	tcase_add_test(tc, order_of_reports);
	tcase_add_test(tc, activate_through_all_statuses);
	tcase_add_test(tc, contract_name_is_not_spn);
	tcase_add_test(tc, activate_uses_what_is_there);
	LOOP(how_operations_begin, beginnings);
	LOOP(forms_of_operations, operation_forms);
	tcase_add_test(tc, verification_has_a_limit);
	tcase_add_test(tc, transaction_fails_operation);
	tcase_add_test(tc, two_do_not_take_one_code);
	tcase_add_test(tc, code_registered_while_somebody_uses_it);
	tcase_add_loop_test(tc, restart_in_the_middle, 0, 9);
	tcase_add_test(tc, ids_differ_after_restart);
	tcase_add_test(tc, moves_of_operations);
	tcase_add_test(tc, accounts_are_apart);
	tcase_add_test(tc, reading_is_not_writing);
	LOOP(who_is_asking, logins);
	tcase_add_test(tc, api_keys);
	LOOP(paths_and_parameters, paths);
	tcase_add_test(tc, summary_tells_the_truth);
	tcase_add_test(tc, bulk_as_csv);
	tcase_add_test(tc, codes_are_write_only);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
