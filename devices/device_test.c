/*
 * Goal: a device does each order once and tells the outcome, whatever its peers
 * do; it reports what changes.
 * Method: one device among small peers, which refuse, break off and say nothing.
 * When the power goes is in power_test.c.
 */
#include "devices/device_rig_test.h"

/* ---- Polling. ----------------------------------------------------------- */

START_TEST(idle_device_polls)
{
	struct rig r;

	rig_init(&r);
	run_for(&r, 3630);
	ck_assert_uint_eq(r.peers.eis.polls, 60);
	ck_assert_uint_eq(r.peers.server.reports, 0);
	ck_assert_uint_eq(r.peers.eis.puts, 1);
	ck_assert_str_eq(r.words, "");
	rig_release(&r);
}
END_TEST

START_TEST(no_network_no_poll)
{
	struct device_profile_spec dead = two[0];
	struct device_spec spec = spec_of(&dead, 1);
	struct rig r;

	dead.active = _i == 1;		/* with no profile, or a dead one */
	dead.no_network = true;
	rig_init_with(&r, &spec);
	run_for(&r, 3600);
	ck_assert_uint_eq(r.peers.eis.polls, 0);
	ck_assert_uint_eq(r.peers.eis.puts, 0);
	ck_assert(!device_online(r.device));
	rig_release(&r);
}
END_TEST

START_TEST(second_link_needs_no_profile)
{
	struct device_spec spec = spec_of(NULL, 0);
	struct rig r;

	spec.second_link = true;
	rig_init_with(&r, &spec);
	run_for(&r, 630);
	ck_assert_uint_eq(r.peers.eis.polls, 10);
	device_link(r.device, false);
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.eis.polls, 10);
	device_link(r.device, true);
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.eis.polls, 20);
	ck_assert_str_eq(r.words, "link-down link-up ");
	rig_release(&r);
}
END_TEST

static const char *const bad_orders[] = {
	"{}", "[]", "17", "{\"id\":7}", "\xFF", "{\"id\":\"\",\"operation\":\"x\"}",
	"{\"id\":\"x\",\"operation\":{}}", "{\"id\":\"x\"",
	"{\"id\":\"x\",\"operation\":\"enable\",\"iccid\":\"123456789012345678901\"}",
};

START_TEST(rubbish_from_the_eis)
{
	struct rig r;

	rig_init(&r);
	snprintf(r.peers.eis.order, sizeof(r.peers.eis.order), "%s",
		 bad_orders[_i]);
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.polls, 5);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	order(&r, "good", "enable", ICCID_B);
	run_for(&r, 120);
	check_result(&r, 0, "good", "complete", "ok");
	rig_release(&r);
}
END_TEST

/* A body has 64 KiB at most: what is longer is no order. */
START_TEST(order_without_end)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", "enable", ICCID_B);
	r.peers.eis.blanks = (64 << 10) - (int)strlen(r.peers.eis.order) + 1;
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.polls, 5);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	r.peers.eis.blanks--;
	run_for(&r, 120);
	check_result(&r, 0, "o1", "complete", "ok");
	rig_release(&r);
}
END_TEST

/* ---- Orders. ------------------------------------------------------------ */

START_TEST(enable)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 200);
	ck_assert_str_eq(r.words,
			 "order-received profile-disabled link-down "
			 "profile-enabled link-up order-result "
			 "notification-sent notification-sent "
			 "report-sent report-answered ");
	ck_assert_str_eq(state_of(&r, ICCID_A), "disabled");
	ck_assert_str_eq(state_of(&r, ICCID_B), "enabled");
	check_result(&r, 0, "o1", "complete", "ok");
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_uint_eq(r.peers.smdp.other_notes, 2);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	/* The EIS and the server have the new list. */
	ck_assert(strstr(r.peers.eis.profiles,
			 "\"iccid\":\"8944000000000000025\","
			 "\"isdpAid\":\"A0000005591010FFFFFFFF8900001100\","
			 "\"state\":\"enabled\",\"spn\":\"Mobile\","
			 "\"class\":\"operational\","
			 "\"smdpAddress\":\"smdp.example.com\""));
	ck_assert_str_eq(r.peers.server.authorization, "Bearer token");
	ck_assert_msg(strstr(r.peers.server.last,
			     "\"sequence\":1,\"time\":\"2026-01-01T00:01:30.100Z\","
			     "\"cause\":\"change\",\"complete\":true,\"profiles\":["
			     "{\"id\":1,\"iccid\":\"8944000000000000017\","
			     "\"carrier\":\"Bootstrap\",\"status\":\"inactive\","
			     "\"type\":\"bootstrap\"},"
			     "{\"id\":2,\"iccid\":\"8944000000000000025\","
			     "\"carrier\":\"Mobile\",\"status\":\"active\","
			     "\"type\":\"operational\"}]"),
		      "%s", r.peers.server.last);
	rig_release(&r);
}
END_TEST

START_TEST(enable_without_network)
{
	struct err err;
	struct rig r;

	rig_init(&r);
	if (_i)
		device_set_enable_without_network(r.device, true);
	else
		ck_assert_int_eq(device_set_no_network(r.device, str_of(ICCID_B),
						       true, &err), 0);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 150);
	ck_assert_str_eq(state_of(&r, ICCID_B), "enabled");
	ck_assert(!device_online(r.device));
	run_for(&r, 150);
	ck_assert_str_eq(state_of(&r, ICCID_A), "enabled");
	ck_assert_str_eq(state_of(&r, ICCID_B), "disabled");
	ck_assert(device_online(r.device));
	ck_assert_ptr_nonnull(strstr(r.words, "fallback "));
	check_result(&r, 0, "o1", "failed", "noNetwork");
	ck_assert_uint_eq(r.peers.eis.results, 1);
	/* It was that profile's fault, and is for ever; the flag is not. */
	device_set_no_network(r.device, str_of(ICCID_B), false, &err);
	order(&r, "o2", "enable", ICCID_B);
	run_for(&r, 300);
	check_result(&r, 1, "o2", "complete", "ok");
	rig_release(&r);
}
END_TEST

START_TEST(disable_falls_to_the_bootstrap)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 100);
	order(&r, "o2", "disable", ICCID_B);
	run_for(&r, 100);
	ck_assert_str_eq(state_of(&r, ICCID_A), "enabled");
	check_result(&r, 1, "o2", "complete", "ok");
	rig_release(&r);
}
END_TEST

START_TEST(disable_the_only_one)
{
	struct device_spec spec = spec_of(two, 1);
	struct rig r;

	spec.second_link = _i == 1;
	rig_init_with(&r, &spec);
	order(&r, "o1", "disable", ICCID_A);
	run_for(&r, 300);
	ck_assert_str_eq(state_of(&r, ICCID_A), _i ? "disabled" : "enabled");
	ck_assert(device_online(r.device));
	check_result(&r, 0, "o1", _i ? "complete" : "failed",
		     _i ? "ok" : "noNetwork");
	rig_release(&r);
}
END_TEST

static const struct {
	const char *operation, *iccid, *status, *code;
} simple[] = {
	{ "delete", ICCID_B, "complete", "ok" },
	{ "delete", ICCID_A, "failed", "profileNotInDisabledState" },
	{ "delete", ICCID_NEW, "failed", "iccidOrAidNotFound" },
	{ "enable", ICCID_A, "failed", "profileNotInDisabledState" },
	{ "enable", ICCID_NEW, "failed", "iccidOrAidNotFound" },
	{ "disable", ICCID_B, "failed", "profileNotInEnabledState" },
	{ "enable", "", "failed", "iccidOrAidNotFound" },
	{ "dance", ICCID_B, "failed", "undefinedError" },
	{ "download", "", "complete", "ok" },
};

START_TEST(each_operation)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", simple[_i].operation, simple[_i].iccid);
	run_for(&r, 110);
	check_result(&r, 0, "o1", simple[_i].status, simple[_i].code);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_uint_eq(r.device->euicc.profile_count,
			  strcmp(simple[_i].code, "ok") != 0 ? 2 :
			  strcmp(simple[_i].operation, "delete") == 0 ? 1 : 3);
	/* Nobody was told a secret. */
	ck_assert_int_eq(str_find(buf_view(&r.lines), STR("SECRET")), -1);
	rig_release(&r);
}
END_TEST

START_TEST(download_without_a_usable_code)
{
	struct device_spec spec = spec_of(two, 2);
	struct rig r;

	if (_i == 2)
		spec.default_smdp = str_of(SMDP);
	rig_init_with(&r, &spec);
	snprintf(r.peers.eis.order, sizeof(r.peers.eis.order),
		 "{\"id\":\"o1\",\"operation\":\"download\"%s}",
		 _i == 1 ? ",\"activationCode\":\"LPA:1$nonsense\"" : "");
	run_for(&r, 110);
	check_result(&r, 0, "o1", _i == 2 ? "complete" : "failed",
		     _i == 2 ? "ok" : "downloadFailed");
	rig_release(&r);
}
END_TEST

START_TEST(refusal_of_the_smdp_reaches_the_eis)
{
	struct rig r;

	rig_init(&r);
	r.peers.smdp.faulty = ES9_AUTHENTICATE_CLIENT;
	r.peers.smdp.fault = FAULT_FAILED;
	order(&r, "o1", "download", "");
	run_for(&r, 110);
	check_result(&r, 0, "o1", "failed", "smdpRefused");
	ck_assert(strstr(r.peers.eis.last_result,
			 "\"subjectCode\":\"8.2.6\",\"reasonCode\":\"3.8\""));
	ck_assert(strstr(r.words, "download-failed "));
	rig_release(&r);
}
END_TEST

START_TEST(installed_profile_is_notified)
{
	struct rig r;

	rig_init(&r);
	r.peers.smdp.note_status = 500;
	order(&r, "o1", "download", "");
	run_for(&r, 300);
	check_result(&r, 0, "o1", "complete", "ok");
	ck_assert_uint_eq(r.device->euicc.note_count, 1);
	ck_assert_uint_ge(r.peers.smdp.calls[ES9_HANDLE_NOTIFICATION], 3);
	r.peers.smdp.note_status = 204;
	run_for(&r, 600);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	ck_assert_uint_eq(r.peers.smdp.installs_ok, 1);
	rig_release(&r);
}
END_TEST

/* One SM-DP+ that is away does not stop what another is to be told. */
START_TEST(notifications_do_not_wait_for_each_other)
{
	struct device_profile_spec other[] = { two[0], two[1] };
	struct device_spec spec = spec_of(other, 2);
	struct rig r;

	other[0].smdp_address = STR("away.example.com");
	rig_init_with(&r, &spec);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 100);
	ck_assert_uint_eq(r.peers.smdp.other_notes, 1);
	ck_assert_uint_eq(r.device->euicc.note_count, 1);
	ck_assert(str_is(r.device->euicc.notes->address, "away.example.com"));
	rig_release(&r);
}
END_TEST

/* An old notification is due again and again while a download runs. */
START_TEST(no_notification_within_a_download)
{
	static struct device_latency slow;
	struct device_spec spec = spec_of(two, 2);
	const char *first, *last;
	struct rig r;

	slow = usual;
	slow.install.a_ns = 300 * NS_PER_S;
	spec.latency = &slow;
	rig_init_with(&r, &spec);
	order(&r, "o1", "enable", ICCID_B);
	r.peers.smdp.note_status = 500;
	run_for(&r, 100);
	order(&r, "o2", "download", "");
	run_for(&r, 1000);
	check_result(&r, 1, "o2", "complete", "ok");
	first = strstr(r.words, "download-step");
	last = strstr(r.words, "profile-installed");
	ck_assert(first && last && first < last);
	ck_assert_int_eq(str_find((struct str){ first, (size_t)(last - first) },
				  STR("notification-sent")), -1);
	ck_assert_ptr_nonnull(strstr(last, "notification-sent"));
	rig_release(&r);
}
END_TEST

/* Later installed ones, and the next that is enabled. */
START_TEST(profiles_without_network)
{
	struct rig r;

	rig_init(&r);
	device_set_enable_without_network(r.device, true);
	order(&r, "o1", "download", "");
	run_for(&r, 100);
	ck_assert(euicc_find(&r.device->euicc, str_of(ICCID_NEW))->no_network);
	ck_assert(!euicc_find(&r.device->euicc, str_of(ICCID_B))->no_network);
	rig_release(&r);
}
END_TEST

/* ---- Results. ----------------------------------------------------------- */

START_TEST(result_is_sent_until_taken)
{
	struct rig r;

	rig_init(&r);
	r.peers.eis.result_fault = 3;
	order(&r, "o1", "delete", ICCID_B);
	run_for(&r, 59 + 5 + 10 + 20);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	run_for(&r, 10);
	check_result(&r, 0, "o1", "complete", "ok");
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	rig_release(&r);
}
END_TEST

START_TEST(same_order_again_is_not_done_again)
{
	struct rig r;

	rig_init(&r);
	r.peers.eis.keeps = true;
	order(&r, "o1", "delete", ICCID_B);
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.results, 5);
	for (unsigned i = 0; i < 5; i++)
		check_result(&r, i, "o1", "complete", "ok");
	ck_assert_ptr_null(strstr(strstr(r.words, "order-received") + 1,
				  "order-received"));
	rig_release(&r);
}
END_TEST

START_TEST(result_that_nobody_wants)
{
	struct rig r;

	rig_init(&r);
	r.peers.eis.result_status = 404;
	order(&r, "o1", "delete", ICCID_B);
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_uint_eq(r.peers.eis.polls, 5);
	rig_release(&r);
}
END_TEST

/* ---- Reports. ----------------------------------------------------------- */

START_TEST(report_is_sent_until_answered_200)
{
	static const int statuses[] = { 503, 404, 400, 204, 401 };
	struct rig r;

	rig_init(&r);
	r.peers.server.status = statuses[_i];
	device_report_now(r.device);
	run_for(&r, 35);
	ck_assert_uint_eq(r.peers.server.reports, 3);
	ck_assert(strstr(r.peers.server.last, "\"sequence\":3,"));
	ck_assert(strstr(r.peers.server.last, "\"cause\":\"requested\""));
	r.peers.server.status = 200;
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.server.reports, 4);
	/* The pauses begin anew. */
	r.peers.server.status = statuses[_i];
	device_report_now(r.device);
	run_for(&r, 35);
	ck_assert_uint_eq(r.peers.server.reports, 7);
	rig_release(&r);
}
END_TEST

START_TEST(periodic_report)
{
	struct rig r;

	rig_init(&r);
	run_for(&r, 24 * 3600 + 1);
	ck_assert_uint_eq(r.peers.server.reports, 1);
	ck_assert(strstr(r.peers.server.last, "\"cause\":\"periodic\""));
	run_for(&r, 24 * 3600);
	ck_assert_uint_eq(r.peers.server.reports, 2);
	rig_release(&r);
}
END_TEST

START_TEST(boot_is_reported)
{
	struct rig r;

	rig_init(&r);
	device_reboot(r.device);
	ck_assert(!device_online(r.device));
	run_for(&r, 6);
	ck_assert(!device_online(r.device));
	run_for(&r, 2);
	ck_assert_str_eq(r.words, "link-down power-off power-on boot-complete "
			 "link-up report-sent report-answered ");
	ck_assert(strstr(r.peers.server.last, "\"cause\":\"boot\""));
	rig_release(&r);
}
END_TEST

START_TEST(spn_that_changes_is_reported)
{
	struct err err;
	struct rig r;

	rig_init(&r);
	ck_assert_int_eq(device_set_spn(r.device, str_of(ICCID_B), STR_NONE, &err), 0);
	run_for(&r, 31);
	ck_assert_uint_eq(r.peers.server.reports, 1);
	ck_assert(strstr(r.peers.server.last,
			 "\"iccid\":\"8944000000000000025\",\"status\""));
	ck_assert_int_eq(device_set_spn(r.device, str_of(ICCID_B), STR(""), &err), 0);
	run_for(&r, 31);
	ck_assert(strstr(r.peers.server.last, "\"carrier\":\"\",\"status\""));
	ck_assert_int_eq(device_set_spn(r.device, str_of(ICCID_NEW), STR("x"),
					&err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	rig_release(&r);
}
END_TEST

START_TEST(skewed_clock)
{
	struct rig r;

	rig_init(&r);
	device_set_clock_skew(r.device, -3600 * NS_PER_S);
	device_report_now(r.device);
	run_for(&r, 1);
	ck_assert(strstr(r.peers.server.last, "\"time\":\"2025-12-31T23:00:00.000Z\""));
	rig_release(&r);
}
END_TEST

START_TEST(silent_server_does_not_stop_orders)
{
	struct rig r;
	struct err err;

	rig_init(&r);
	network_unlisten(r.peers.net, "server.rig");
	device_report_now(r.device);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 200);
	check_result(&r, 0, "o1", "complete", "ok");
	ck_assert_int_eq(network_listen(r.peers.net, "server.rig", "server",
					&r.peers.server.handler, &err), 0);
	run_for(&r, 700);
	ck_assert_uint_eq(r.peers.server.reports, 1);
	rig_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/device");
	TCase *tc = tcase_create("device");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, idle_device_polls);
	tcase_add_loop_test(tc, no_network_no_poll, 0, 2);
	tcase_add_test(tc, second_link_needs_no_profile);
	tcase_add_loop_test(tc, rubbish_from_the_eis, 0,
			    sizeof(bad_orders) / sizeof(bad_orders[0]));
	tcase_add_test(tc, order_without_end);
	tcase_add_test(tc, enable);
	tcase_add_loop_test(tc, enable_without_network, 0, 2);
	tcase_add_test(tc, disable_falls_to_the_bootstrap);
	tcase_add_loop_test(tc, disable_the_only_one, 0, 2);
	tcase_add_loop_test(tc, each_operation, 0,
			    sizeof(simple) / sizeof(simple[0]));
	tcase_add_loop_test(tc, download_without_a_usable_code, 0, 3);
	tcase_add_test(tc, refusal_of_the_smdp_reaches_the_eis);
	tcase_add_test(tc, installed_profile_is_notified);
	tcase_add_test(tc, notifications_do_not_wait_for_each_other);
	tcase_add_test(tc, no_notification_within_a_download);
	tcase_add_test(tc, profiles_without_network);
	tcase_add_test(tc, result_is_sent_until_taken);
	tcase_add_test(tc, same_order_again_is_not_done_again);
	tcase_add_test(tc, result_that_nobody_wants);
	tcase_add_loop_test(tc, report_is_sent_until_answered_200, 0, 5);
	tcase_add_test(tc, periodic_report);
	tcase_add_test(tc, boot_is_reported);
	tcase_add_test(tc, spn_that_changes_is_reported);
	tcase_add_test(tc, skewed_clock);
	tcase_add_test(tc, silent_server_does_not_stop_orders);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
