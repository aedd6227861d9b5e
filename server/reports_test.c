/*
 * Goal: rows are what the devices reported, whatever else is said.
 * Method: reports as a device sends them, good ones and bad ones, and the rows
 * that must follow, by hand.
 */
#include "server/flow_test.h"

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
	{ "Bearer report-token", REPORT("1", "\"time\":\"x\",\"profiles\":[],\"time\":\"x\""), 400 },
	{ "Bearer report-token", REPORT("1", "\"cause\":\"boot\",\"profiles\":[],\"cause\":null"), 400 },
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

/* As docs/southbound.md has it: method, type and size first, in its own form. */
static const struct {
	const char *method, *type;
	size_t spaces;			/* in the body */
	int status;
	const char *code;
} forms[] = {
	{ "GET", NULL, 0, 405, "method-not-allowed" },
	{ "PUT", "application/json", 0, 405, "method-not-allowed" },
	{ "POST", "text/plain", 0, 415, "unsupported-type" },
	{ "POST", "application/json", (1 << 20) - 1, 413, "too-large" },
	{ "POST", "application/json", 5 << 20, 413, "too-large" },
	{ "POST", "application/json", (1 << 20) - 2, 400, "malformed-report" },
	{ "POST", "application/json; charset=utf-8", 0, 400, "malformed-report" },
};

START_TEST(forms_of_reports)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r.net, STR("client"), forms[_i].method, &err,
					    "http://server.rig/southbound/v1/device_reports");
	char *body = calloc(1, forms[_i].spaces + 3);

	ck_assert(c && body);
	memset(body, ' ', forms[_i].spaces);
	memcpy(body + forms[_i].spaces, "{}", 2);
	http_call_header(c, "Authorization", STR("Bearer report-token"));
	if (forms[_i].type)
		http_call_body(c, forms[_i].type, str_of(body));
	rig_send(&r, c);
	free(body);
	ck_assert_int_eq(r.status, forms[_i].status);
	ck_json(&r, "/error/code", forms[_i].code);
	ck_assert_int_eq(str_find(http_header(&r.headers, "Allow"), STR("POST")) >= 0,
			 r.status == 405);
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
	ck_assert(strstr(json_at(&r, "/error_message"), "has not reported an eSIM yet"));
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

int main(void)
{
	Suite *suite = suite_create("server/reports");
	TCase *tc = tcase_create("reports");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rows_follow_reports);
	tcase_add_test(tc, one_iccid_on_two_devices);
	tcase_add_test(tc, device_without_eid);
	LOOP(bad_reports_change_nothing, bad_reports);
	LOOP(forms_of_reports, forms);
	tcase_add_test(tc, order_of_reports);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
