/*
 * Goal: the JSON of ES9+ is that of SGP.22, 6.5.2, from both sides.
 * Oracle: texts written by hand.
 */
#include "proto/es9.h"

#include <check.h>
#include <stdlib.h>

#define OK_HEADER "{\"header\":{\"functionExecutionStatus\":" \
	"{\"status\":\"Executed-Success\"}}"

static struct arena arena;
static struct buf out;

static void setup(void)
{
	arena = (struct arena){ 0 };
	buf_init(&out, 10000);
}

static void teardown(void)
{
	buf_release(&out);
	arena_release(&arena);
}

/* With every member set to one byte, "a" (base64 YQ==, hex 61). */
static const struct {
	enum es9_function f;
	const char *name, *request, *answer;
} texts[] = {
	{ ES9_INITIATE_AUTHENTICATION, "initiateAuthentication",
	  "{\"smdpAddress\":\"a\",\"euiccChallenge\":\"YQ==\",\"euiccInfo1\":\"YQ==\"}",
	  OK_HEADER ",\"transactionId\":\"61\",\"serverSigned1\":\"YQ==\","
	  "\"serverSignature1\":\"YQ==\",\"euiccCiPKIdToBeUsed\":\"YQ==\","
	  "\"serverCertificate\":\"YQ==\"}" },
	{ ES9_AUTHENTICATE_CLIENT, "authenticateClient",
	  "{\"transactionId\":\"61\",\"authenticateServerResponse\":\"YQ==\"}",
	  OK_HEADER ",\"transactionId\":\"61\",\"profileMetadata\":\"YQ==\","
	  "\"smdpSigned2\":\"YQ==\",\"smdpSignature2\":\"YQ==\","
	  "\"smdpCertificate\":\"YQ==\"}" },
	{ ES9_GET_BOUND_PROFILE_PACKAGE, "getBoundProfilePackage",
	  "{\"transactionId\":\"61\",\"prepareDownloadResponse\":\"YQ==\"}",
	  OK_HEADER ",\"transactionId\":\"61\",\"boundProfilePackage\":\"YQ==\"}" },
	{ ES9_CANCEL_SESSION, "cancelSession",
	  "{\"transactionId\":\"61\",\"cancelSessionResponse\":\"YQ==\"}",
	  OK_HEADER "}" },
	{ ES9_HANDLE_NOTIFICATION, "handleNotification",
	  "{\"pendingNotification\":\"YQ==\"}", OK_HEADER "}" },
};

START_TEST(both_sides)
{
	enum es9_function f = texts[_i].f;
	struct es9_message all, m;
	struct es9_status st;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(all) / sizeof(struct str); i++)
		((struct str *)&all)[i] = STR("a");
	ck_assert_str_eq(es9_function_name(f), texts[_i].name);
	ck_assert_int_eq(es9_function_named(str_of(texts[_i].name)), f);
	es9_request_print(&out, f, &all);
	ck_assert_str_eq(out.p, texts[_i].request);
	ck_assert_msg(es9_request_parse(buf_view(&out), f, &arena, &m, &err) == 0,
		      "%s", err.msg);
	/* What was read is printed alike; nothing else was set. */
	buf_clear(&out);
	es9_request_print(&out, f, &m);
	ck_assert_str_eq(out.p, texts[_i].request);
	buf_clear(&out);
	es9_answer_print(&out, f, &all);
	ck_assert_str_eq(out.p, texts[_i].answer);
	ck_assert_msg(es9_answer_parse(buf_view(&out), f, &arena, &m, &st,
				       &err) == 0, "%s", err.msg);
	ck_assert(!st.failed);
	buf_clear(&out);
	es9_answer_print(&out, f, &m);
	ck_assert_str_eq(out.p, texts[_i].answer);
}
END_TEST

START_TEST(refusal)
{
	static const char golden[] =
		"{\"header\":{\"functionExecutionStatus\":{\"status\":\"Failed\","
		"\"statusCodeData\":{\"subjectCode\":\"8.2.6\",\"reasonCode\":\"3.8\","
		"\"message\":\"the matching id is refused\"}}}}";
	struct es9_message m;
	struct es9_status st;
	struct err err = { 0 };

	es9_refusal_print(&out, STATUS_MATCHING_ID_REFUSED);
	ck_assert_str_eq(out.p, golden);
	ck_assert_int_eq(es9_answer_parse(buf_view(&out), ES9_AUTHENTICATE_CLIENT,
					  &arena, &m, &st, &err), 0);
	ck_assert(st.failed);
	ck_assert(str_is(st.subject_code, "8.2.6"));
	ck_assert(str_is(st.reason_code, "3.8"));
	/* Without codes, it is a refusal still. */
	ck_assert_int_eq(es9_answer_parse(STR("{\"header\":{"
		"\"functionExecutionStatus\":{\"status\":\"Failed\"}}}"),
		ES9_AUTHENTICATE_CLIENT, &arena, &m, &st, &err), 0);
	ck_assert(st.failed && st.subject_code.n == 0);
}
END_TEST

static const struct {
	const char *text;
	enum err_code code;
} bad_requests[] = {
	{ "", ERR_INVALID },
	{ "[]", ERR_INVALID },
	{ "\"x\"", ERR_INVALID },
	{ "{\"transactionId\":\"61\"", ERR_INVALID },
	{ "{}", ERR_NOT_FOUND },
	{ "{\"transactionId\":\"61\"}", ERR_NOT_FOUND },
	{ "{\"transactionId\":null,\"authenticateServerResponse\":\"YQ==\"}",
	  ERR_NOT_FOUND },
	{ "{\"transactionId\":61,\"authenticateServerResponse\":\"YQ==\"}",
	  ERR_INVALID },
	{ "{\"transactionId\":\"6\",\"authenticateServerResponse\":\"YQ==\"}",
	  ERR_INVALID },
	{ "{\"transactionId\":\"61\",\"authenticateServerResponse\":\"YQ=\"}",
	  ERR_INVALID },
	{ "{\"transactionId\":\"61\",\"authenticateServerResponse\":[]}",
	  ERR_INVALID },
};

START_TEST(refused_requests)
{
	struct es9_message m;
	struct err err = { 0 };

	ck_assert_msg(es9_request_parse(str_of(bad_requests[_i].text),
					ES9_AUTHENTICATE_CLIENT, &arena, &m,
					&err) < 0, "taken: %s",
		      bad_requests[_i].text);
	ck_assert_int_eq(err.code, bad_requests[_i].code);
}
END_TEST

static const char *const bad_answers[] = {
	"", "{}", "[]", "{\"header\":{}}", "{\"header\":[]}",
	"{\"header\":{\"functionExecutionStatus\":\"Failed\"}}",
	"{\"header\":{\"functionExecutionStatus\":{\"status\":1}}}",
	"{\"header\":{\"functionExecutionStatus\":{\"status\":\"Perhaps\"}}}",
	OK_HEADER "}",	/* nothing of what it should bring */
	OK_HEADER ",\"transactionId\":\"61\"}",
	OK_HEADER ",\"transactionId\":\"61\",\"boundProfilePackage\":\"?\"}",
	OK_HEADER ",\"transactionId\":\"61\",\"boundProfilePackage\":\"YQ==\"",
};

START_TEST(refused_answers)
{
	struct es9_message m;
	struct es9_status st;
	struct err err = { 0 };

	ck_assert_msg(es9_answer_parse(str_of(bad_answers[_i]),
				       ES9_GET_BOUND_PROFILE_PACKAGE, &arena, &m,
				       &st, &err) < 0, "taken: %s",
		      bad_answers[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/es9");
	TCase *tc = tcase_create("json");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, both_sides, 0, ES9_FUNCTIONS);
	tcase_add_test(tc, refusal);
	tcase_add_loop_test(tc, refused_requests, 0,
			    sizeof(bad_requests) / sizeof(bad_requests[0]));
	tcase_add_loop_test(tc, refused_answers, 0,
			    sizeof(bad_answers) / sizeof(bad_answers[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
