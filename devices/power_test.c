/*
 * Goal: a device does each order once and tells the outcome, whatever happens
 * to its power and its link.
 * Method: the power is cut at every event that a run without a cut has, and the
 * same order is delivered until it has a result.
 */
#include "devices/device_rig_test.h"

static const struct {
	const char *operation, *iccid;
	const char *before, *after;	/* states of it */
} cuts[] = {
	{ "download", ICCID_NEW, "absent", "disabled" },
	{ "enable", ICCID_B, "disabled", "enabled" },
	{ "disable", ICCID_A, "enabled", "disabled" },
	{ "delete", ICCID_B, "disabled", "absent" },
};
enum { CUTS = sizeof(cuts) / sizeof(cuts[0]) };

/* A third profile to fall to when A is disabled. */
static const struct device_profile_spec three[] = {
	{ .iccid = { ICCID_A, 19 }, .active = true, .smdp_address = { SMDP, 16 } },
	{ .iccid = { ICCID_B, 19 }, .smdp_address = { SMDP, 16 } },
	{ .iccid = { "8944000000000000033", 19 },
	  .class_name = { "bootstrap", 9 } },
};

/* One run of an order with the power cut at event `at`; how many events. */
static unsigned run_with_cut(int which, unsigned at, bool lossy)
{
	struct device_spec spec = spec_of(three, 3);
	const char *state;
	unsigned events, results;
	bool complete;
	struct rig r;

	rig_init_with(&r, &spec);
	r.cut_at = at;
	r.peers.eis.result_fault = lossy ? 1 : 0;
	order(&r, "o1", cuts[which].operation, cuts[which].iccid);
	run_for(&r, 900);
	events = r.own_events;
	/* One result, the same that the card shows; it comes twice if the power
	 * went between its arrival and the answer. */
	results = r.peers.eis.results;
	ck_assert_msg(results == 1 || (results == 2 && at > 0),
		      "%u results, cut at %u: %s", results, at, r.words);
	for (unsigned i = 0; i < results; i++)
		check_result(&r, i, "o1", r.peers.eis.statuses[0],
			     r.peers.eis.codes[0]);
	complete = strcmp(r.peers.eis.statuses[0], "complete") == 0;
	state = state_of(&r, cuts[which].iccid);
	ck_assert_msg(strcmp(state, complete ? cuts[which].after :
			     cuts[which].before) == 0,
		      "%s but %s, cut at %u: %s", r.peers.eis.statuses[0], state,
		      at, r.words);
	if (!complete)
		ck_assert_str_eq(r.peers.eis.codes[0], "interrupted");
	ck_assert(complete || at > 0);
	ck_assert(device_online(r.device));
	ck_assert_ptr_null(r.device->lpa);
	ck_assert_ptr_null(r.device->euicc.session);
	/* Whoever was not served orders again, and is served then. */
	if (!complete) {
		order(&r, "o2", cuts[which].operation, cuts[which].iccid);
		run_for(&r, 300);
		check_result(&r, results, "o2", "complete", "ok");
	}
	ck_assert_str_eq(state_of(&r, cuts[which].iccid), cuts[which].after);
	ck_assert_uint_eq(r.device->euicc.profile_count,
			  strcmp(cuts[which].operation, "download") == 0 ? 4 :
			  strcmp(cuts[which].operation, "delete") == 0 ? 2 : 3);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	rig_release(&r);
	return events;
}

START_TEST(power_lost_at_every_event)
{
	unsigned events = run_with_cut(_i, 0, false);

	ck_assert_uint_ge(events, _i == 0 ? 20 : 5);
	for (unsigned at = 1; at <= events; at++) {
		run_with_cut(_i, at, false);
		run_with_cut(_i, at, true);
	}
}
END_TEST

/* Also while the new profile is being tried: the trial goes on. */
START_TEST(power_lost_in_a_trial)
{
	struct err err;
	struct rig r;

	rig_init(&r);
	device_set_no_network(r.device, str_of(ICCID_B), true, &err);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 100);
	device_reboot(r.device);
	run_for(&r, 100);
	ck_assert_str_eq(state_of(&r, ICCID_B), "enabled");
	run_for(&r, 100);
	ck_assert_str_eq(state_of(&r, ICCID_A), "enabled");
	check_result(&r, 0, "o1", "failed", "noNetwork");
	rig_release(&r);
}
END_TEST

START_TEST(link_lost_in_a_download)
{
	struct rig r;

	rig_init(&r);
	r.peers.smdp.faulty = ES9_GET_BOUND_PROFILE_PACKAGE;
	r.peers.smdp.fault = FAULT_SILENT;
	order(&r, "o1", "download", "");
	run_for(&r, 70);
	ck_assert_ptr_nonnull(r.device->lpa);
	device_link(r.device, false);
	run_for(&r, 100);
	ck_assert_ptr_null(r.device->lpa);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	device_link(r.device, true);
	run_for(&r, 10);
	check_result(&r, 0, "o1", "failed", "smdpUnreachable");
	rig_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/power");
	TCase *tc = tcase_create("power");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, power_lost_at_every_event, 0, CUTS);
	tcase_add_test(tc, power_lost_in_a_trial);
	tcase_add_test(tc, link_lost_in_a_download);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
