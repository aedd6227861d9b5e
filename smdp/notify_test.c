/*
 * Goal: what became of a download: the eUICC says it in notifications, the EIS
 * and the operator hear of it once, and late if they were away.
 * Method: as in smdp_test.c; the EIS and the operator write down what they get.
 */
#include "smdp/test_euicc.h"

/* ---- Notifications. ----------------------------------------------------- */

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

int main(void)
{
	Suite *suite = suite_create("smdp/notify");
	TCase *tc = tcase_create("notifications");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, failed_installations, 0, COUNT(failures));
	tcase_add_test(tc, result_without_iccid);
	tcase_add_test(tc, unbelievable_results);
	tcase_add_test(tc, other_notifications);
	tcase_add_test(tc, notification_of_another);
	tcase_add_test(tc, eis_away);
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
