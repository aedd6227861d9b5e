/*
 * Goal: the JSON of ES11 and ES12 is that of SGP.22, 6.5.2, from both sides.
 * Oracle: texts written by hand.
 */
#include "proto/es11.h"

#include <check.h>
#include <stdlib.h>

#define OK_HEADER "{\"header\":{\"functionExecutionStatus\":" \
	"{\"status\":\"Executed-Success\"}}"
#define FAILED "{\"header\":{\"functionExecutionStatus\":{\"status\":\"Failed\"," \
	"\"statusCodeData\":{\"subjectCode\":\"8.9.5\",\"reasonCode\":\"3.9\"}}}}"

static struct arena arena;
static struct buf out;

static void setup(void)
{
	arena = (struct arena){ 0 };
	buf_init(&out, 100000);
}

static void teardown(void)
{
	buf_release(&out);
	arena_release(&arena);
}

START_TEST(answer)
{
	static const struct es11_event two[] = {
		{ STR("ID-1"), STR("dp.example.com") },
		{ STR("a\"b"), STR("dp.example.com:8443") },
	};
	static const char text[] = OK_HEADER ",\"transactionId\":\"610A\",\"eventEntries\":["
		"{\"eventId\":\"ID-1\",\"rspServerAddress\":\"dp.example.com\"},"
		"{\"eventId\":\"a\\\"b\",\"rspServerAddress\":\"dp.example.com:8443\"}]}";
	struct es11_event *list;
	struct es9_status st;
	struct str id;
	struct err err;
	size_t count;

	es11_answer_print(&out, STR("a\n"), two, 2);
	ck_assert_str_eq(out.p, text);
	ck_assert_int_eq(es11_answer_parse(str_of(text), &arena, &id, &list, &count, &st,
					   &err), 0);
	ck_assert(!st.failed && str_is(id, "a\n"));
	ck_assert_uint_eq(count, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert(str_eq(list[i].id, two[i].id) &&
			  str_eq(list[i].address, two[i].address));
	/* None is an answer, too, and so is one without a transaction id. */
	ck_assert_int_eq(es11_answer_parse(STR(OK_HEADER ",\"eventEntries\":[]}"), &arena, &id,
					   &list, &count, &st, &err), 0);
	ck_assert(count == 0 && !id.p);
	ck_assert_int_eq(es11_answer_parse(STR(FAILED), &arena, &id, &list, &count, &st,
					   &err), 0);
	ck_assert(st.failed && str_is(st.subject_code, "8.9.5"));
}
END_TEST

/* What is no answer, and a word of the reason. */
static const struct { const char *text, *words; } bad[] = {
	{ "", "JSON" },
	{ "[]", "object" },
	{ OK_HEADER "}", "eventEntries" },
	{ OK_HEADER ",\"eventEntries\":{}}", "list" },
	{ OK_HEADER ",\"eventEntries\":[1]}", "object" },
	{ OK_HEADER ",\"eventEntries\":[{}]}", "eventId" },
	{ OK_HEADER ",\"eventEntries\":[{\"eventId\":\"x\"}]}", "rspServerAddress" },
	{ OK_HEADER ",\"eventEntries\":[{\"eventId\":\"\",\"rspServerAddress\":\"x\"}]}",
	  "eventId" },
	{ OK_HEADER ",\"eventEntries\":[{\"eventId\":7,\"rspServerAddress\":\"x\"}]}",
	  "eventId" },
	{ OK_HEADER ",\"transactionId\":\"6\",\"eventEntries\":[]}", "" },
	{ OK_HEADER ",\"transactionId\":[],\"eventEntries\":[]}", "transactionId" },
};

START_TEST(bad_answer)
{
	struct es11_event *list;
	struct es9_status st;
	struct str id;
	struct err err;
	size_t count;

	ck_assert_int_eq(es11_answer_parse(str_of(bad[_i].text), &arena, &id, &list, &count,
					   &st, &err), -1);
	ck_assert_msg(strstr(err.msg, bad[_i].words) != NULL, "%s", err.msg);
}
END_TEST

/* One more than are taken. */
START_TEST(too_many)
{
	struct es11_event *list, many[ES11_EVENTS_MAX + 1];
	struct es9_status st;
	struct str id;
	struct err err;
	size_t count;

	for (size_t i = 0; i <= ES11_EVENTS_MAX; i++)
		many[i] = (struct es11_event){ STR("x"), STR("y") };
	es11_answer_print(&out, STR("t"), many, ES11_EVENTS_MAX);
	ck_assert_int_eq(es11_answer_parse(buf_view(&out), &arena, &id, &list, &count, &st,
					   &err), 0);
	ck_assert_uint_eq(count, ES11_EVENTS_MAX);
	buf_clear(&out);
	es11_answer_print(&out, STR("t"), many, ES11_EVENTS_MAX + 1);
	ck_assert_int_eq(es11_answer_parse(buf_view(&out), &arena, &id, &list, &count, &st,
					   &err), -1);
	ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

static const struct es12_request request = {
	.requester = STR("2.999.10"), .call = STR("7"), .eid = STR("89"),
	.event_id = STR("ID-1"), .address = STR("dp.example.com"),
};

START_TEST(requests)
{
	static const char *const texts[ES12_FUNCTIONS] = {
		"{\"header\":{\"functionRequesterIdentifier\":\"2.999.10\","
		"\"functionCallIdentifier\":\"7\"},\"eid\":\"89\",\"eventId\":\"ID-1\","
		"\"rspServerAddress\":\"dp.example.com\",\"forwardingIndicator\":false}",
		"{\"header\":{\"functionRequesterIdentifier\":\"2.999.10\","
		"\"functionCallIdentifier\":\"7\"},\"eid\":\"89\",\"eventId\":\"ID-1\"}",
	};
	static const char *const names[ES12_FUNCTIONS] = { "registerEvent", "deleteEvent" };
	enum es12_function f = (enum es12_function)_i;
	struct es12_request q;
	struct err err;

	ck_assert_str_eq(es12_function_name(f), names[_i]);
	ck_assert_int_eq(es12_function_named(str_of(names[_i])), f);
	es12_request_print(&out, f, &request);
	ck_assert_str_eq(out.p, texts[_i]);
	ck_assert_int_eq(es12_request_parse(buf_view(&out), &arena, &q, &err), 0);
	ck_assert(str_eq(q.requester, request.requester) && str_eq(q.call, request.call) &&
		  str_eq(q.eid, request.eid) && str_eq(q.event_id, request.event_id));
	ck_assert(f == ES12_REGISTER_EVENT ? str_eq(q.address, request.address) : !q.address.p);
}
END_TEST

START_TEST(bad_requests)
{
	static const char *const texts[] = { "", "7", "[]", "{\"eid\":7}",
		"{\"header\":{\"functionCallIdentifier\":{}}}" };
	struct es12_request q;
	struct err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_int_eq(es12_request_parse(str_of(texts[i]), &arena, &q, &err), -1);
	ck_assert_int_eq(es12_request_parse(STR("{}"), &arena, &q, &err), 0);
	ck_assert(!q.eid.p && !q.requester.p);
	ck_assert_int_eq(es12_function_named(STR("registerEvents")), ES12_FUNCTIONS);
	es12_answer_print(&out);
	ck_assert_str_eq(out.p, OK_HEADER "}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("es11");
	TCase *tc = tcase_create("json");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answer);
	tcase_add_loop_test(tc, bad_answer, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, too_many);
	tcase_add_loop_test(tc, requests, 0, ES12_FUNCTIONS);
	tcase_add_test(tc, bad_requests);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
