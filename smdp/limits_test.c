/*
 * Goal: whoever asks too much, too often or nonsense gets a code, and nobody
 * else is the worse for it.
 * Method: as in smdp_test.c, with bodies by hand.
 */
#include "smdp/test_euicc.h"

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

int main(void)
{
	Suite *suite = suite_create("smdp/limits");
	TCase *tc = tcase_create("limits");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, malformed_requests, 0, COUNT(malformed));
	tcase_add_test(tc, big_body);
	tcase_add_loop_test(tc, paths, 0, COUNT(nowhere));
	tcase_add_test(tc, many);
	tcase_add_test(tc, one_session_asks_too_often);
	tcase_add_test(tc, too_many_sessions);
	suite_add_tcase(suite, tc);
	tc = tcase_create("throttle");
	tcase_add_checked_fixture(tc, setup_throttle, teardown_throttle);
	tcase_add_test(tc, one_client_asks_too_often);
	tcase_add_test(tc, many_clients);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
