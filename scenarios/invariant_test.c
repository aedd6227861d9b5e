/*
 * Goal: every invariant can break, and none breaks without a reason.
 * Method: a quiet world; forged events (and a forged card) for each
 * invariant, right ones first and then one that must not be.
 */
#include "devices/device.h"
#include "scenarios/invariant.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char text[] =
	"name: quiet\n"
	"world:\n"
	"  carriers: {freds: {codes: 1}}\n"
	"  devices:\n"
	"    a: {profiles: [{status: active}, {status: inactive}]}\n"
	"    b: {profiles: [{status: active}]}\n"
	"steps: [{wait: 1s}]\n"
	"always: [at-most-one-active-profile, rows-follow-reports, terminal-transactions-stay,\n"
	"         operations-move-forward, no-secret-in-log, iccid-in-one-place]\n";

struct fixture {
	struct arena arena;
	struct scenario_file file;
	struct run_options options;
	struct world world;
	struct invariants *inv;
};

static struct fixture f;

static void setup(void)
{
	struct diag diag;
	struct err err = { 0 };

	f = (struct fixture){ .options = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1 } };
	diag_init(&diag, &f.arena);
	ck_assert_int_eq(scenario_load_text("test", str_of(text), &f.arena, &f.file,
					    &diag), 0);
	ck_assert_msg(world_init(&f.world, &f.file.list[0], &f.options, &f.arena,
				 &err) == 0, "%s", err.msg);
	f.inv = invariants_new(&f.world);
	ck_assert_ptr_nonnull(f.inv);
}

static void teardown(void)
{
	invariants_free(f.inv);
	world_release(&f.world);
	arena_release(&f.arena);
}

/* Which invariant is broken now, or -1. */
static int broken(void)
{
	const struct invariant_break *b = invariants_check(f.inv);

	return b->invariant ? (int)b->invariant->id : -1;
}

static void transaction(const char *event, const char *id)
{
	EVENT(&f.world.log, STR("server"), event, F_Z("transaction", id));
}

static void operation(const char *status)
{
	EVENT(&f.world.log, STR("server"), "operation-status",
	      F_STR("operation", STR("o1")), F_Z("status", status));
}

static void card(const char *party, const char *event, const char *iccid)
{
	EVENT(&f.world.log, str_of(party), event, F_Z("iccid", iccid));
}

static void row(const char *device_id)
{
	EVENT(&f.world.log, STR("server"), "profile-row-created",
	      F_STR("iccid", STR("8944")), F_Z("device_id", device_id));
}

static void report(const char *event, const char *party, int id)
{
	EVENT(&f.world.log, str_of(party), event, F_STR("from", STR("device/a")),
	      F_INT("id", id), F_STR("path", STR("/southbound/v1/device_reports")));
}

START_TEST(transactions_stay)
{
	transaction("transaction-created", "t1");
	transaction("transaction-created", "t2");
	transaction("transaction-complete", "t1");
	transaction("transaction-unknown", "t2");
	transaction("transaction-failed", "t2");
	ck_assert_int_eq(broken(), -1);
	transaction("transaction-failed", "t1");
	ck_assert_int_eq(broken(), INVARIANT_TERMINAL_TRANSACTIONS_STAY);
}
END_TEST

/* The statuses in the specification's order; then each step back. */
static const char *const forward[] = {
	"starting", "download", "download_verify", "enable", "enable_verify",
	"successful",
};
enum { FORWARD = 6 };

START_TEST(operations_move)
{
	int first = _i / FORWARD, second = _i % FORWARD;

	operation(forward[first]);
	ck_assert_int_eq(broken(), -1);
	operation(forward[second]);
	ck_assert_int_eq(broken(), second > first ? -1 :
			 (int)INVARIANT_OPERATIONS_MOVE_FORWARD);
}
END_TEST

START_TEST(operations_that_failed_stay)
{
	operation("starting");
	operation("failed");
	ck_assert_int_eq(broken(), -1);
	operation("successful");
	ck_assert_int_eq(broken(), INVARIANT_OPERATIONS_MOVE_FORWARD);
}
END_TEST

START_TEST(operation_of_no_known_status)
{
	operation("pondering");
	ck_assert_int_eq(broken(), INVARIANT_OPERATIONS_MOVE_FORWARD);
}
END_TEST

START_TEST(iccids_are_in_one_place)
{
	card("device/a", "profile-installed", "89441");
	card("device/a", "profile-deleted", "89441");
	card("device/b", "profile-installed", "89441");
	card("device/a", "profile-installed", "89442");
	ck_assert_int_eq(broken(), -1);
	card("device/a", "profile-installed", "89441");
	ck_assert_int_eq(broken(), INVARIANT_ICCID_IN_ONE_PLACE);
}
END_TEST

START_TEST(iccid_of_the_world_file_counts)
{
	card("device/b", "profile-installed", f.world.devices[0].profiles[0].iccid.p);
	ck_assert_int_eq(broken(), INVARIANT_ICCID_IN_ONE_PLACE);
}
END_TEST

START_TEST(rows_with_a_report)
{
	const char *a = f.world.devices[0].device_id.p;

	report("request", "server", 7);
	row(a);
	ck_assert_int_eq(broken(), -1);
	report("response", "device/a", 7);
	row(a);
	ck_assert_int_eq(broken(), INVARIANT_ROWS_FOLLOW_REPORTS);
}
END_TEST

START_TEST(rows_with_the_report_of_another)
{
	report("request", "server", 7);
	row(f.world.devices[1].device_id.p);
	ck_assert_int_eq(broken(), INVARIANT_ROWS_FOLLOW_REPORTS);
}
END_TEST

static void slip(struct str words)
{
	EVENT(&f.world.log, STR("server"), "slip", F_STR("x", words));
}

/* Every secret that the world has, one at a time, in the middle of a word. */
START_TEST(secrets)
{
	ck_assert_uint_ge(f.world.secret_count, 5);
	for (size_t i = 0; i < f.world.secret_count; i++) {
		struct str secret = f.world.secrets[i];

		ck_assert_uint_ge(secret.n, 8);
		slip(STR("***"));
		ck_assert_int_eq(broken(), -1);
		slip(arena_printf(&f.arena, "x=1%.*s2", STRF(secret)));
		ck_assert_int_eq(broken(), INVARIANT_NO_SECRET_IN_LOG);
		invariants_free(f.inv);
		f.inv = invariants_new(&f.world);
	}
}
END_TEST

START_TEST(short_secrets_stand_alone)
{
	f.world.secrets[0] = STR("4711");
	slip(STR("14711 47110 x4711y 471 0.4711"));
	EVENT(&f.world.log, STR("server"), "slip", F_INT("n", 4711));
	ck_assert_int_eq(broken(), -1);
	slip(STR("code=4711;"));
	ck_assert_int_eq(broken(), INVARIANT_NO_SECRET_IN_LOG);
}
END_TEST

START_TEST(one_active_profile)
{
	struct device *a = f.world.devices[0].device;

	card("device/a", "profile-enabled", "89449");
	ck_assert_int_eq(broken(), -1);
	for (unsigned i = 0; i < a->euicc.profile_count; i++)
		a->euicc.profiles[i].enabled = true;
	card("device/b", "profile-enabled", "89449");
	ck_assert_int_eq(broken(), -1);		/* it looks where something happens */
	card("device/a", "profile-enabled", "89449");
	ck_assert_int_eq(broken(), INVARIANT_AT_MOST_ONE_ACTIVE_PROFILE);
	for (unsigned i = 1; i < a->euicc.profile_count; i++)
		a->euicc.profiles[i].enabled = false;
}
END_TEST

START_TEST(the_first_break_is_kept)
{
	operation("successful");
	operation("starting");
	card("device/b", "profile-installed", f.world.devices[0].profiles[0].iccid.p);
	ck_assert_int_eq(broken(), INVARIANT_OPERATIONS_MOVE_FORWARD);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/invariant");
	TCase *tc = tcase_create("invariant");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, transactions_stay);
	tcase_add_loop_test(tc, operations_move, 0, FORWARD * FORWARD);
	tcase_add_test(tc, operations_that_failed_stay);
	tcase_add_test(tc, operation_of_no_known_status);
	tcase_add_test(tc, iccids_are_in_one_place);
	tcase_add_test(tc, iccid_of_the_world_file_counts);
	tcase_add_test(tc, rows_with_a_report);
	tcase_add_test(tc, rows_with_the_report_of_another);
	tcase_add_test(tc, secrets);
	tcase_add_test(tc, short_secrets_stand_alone);
	tcase_add_test(tc, one_active_profile);
	tcase_add_test(tc, the_first_break_is_kept);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
