/*
 * Goal: a server that was down takes up what it left, at every point, and
 * its time limits went on without it.
 * Method: the server is freed and made again on its store, at the moments
 * that matter, with an EIS whose answers can be slow; the calendar is the
 * test's own.
 */
#include "server/rig_test.h"

static struct rig r;

#define PROFILES "/ws/v1/esim_profiles"
#define OPS PROFILES "/operations/inventory"
#define CODES "/ws/v1/esim_activation_codes/inventory"
#define INACTIVE "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\",\"carrier\":\"x\"}]"
#define ACTIVE "[{\"iccid\":\"" ICCID1 "\",\"status\":\"active\",\"carrier\":\"x\"}]"

enum { EXPIRY_S = 3600, VERIFY_S = 900, CHECK_S = 60 };	/* the defaults */

static void setup(void)
{
	rig_init(&r, NULL);
}

static void teardown(void)
{
	rig_release(&r);
}

static void down_for(double seconds)
{
	network_unlisten(r.net, "server.rig");
	server_free(r.server);
	rig_run(&r, seconds);
	rig_serve(&r);
}

static const char *enable(void)
{
	ck_status(rig_report(&r, INACTIVE), 200);
	ck_status(rig_post(&r, PROFILES "/enable", "{\"device_id\":\"" DEVICE "\",\"eid\":\""
			   EID "\",\"iccid\":\"" ICCID1 "\"}"), 200);
	return json_at(&r, "/transaction");
}

static const char *activate(void)
{
	ck_status(rig_post(&r, OPS, "{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\","
			   "\"carrier\":\"x\"}"), 200);
	return json_at(&r, "/id");
}

static void ck_transaction(const char *id, const char *status, const char *code)
{
	ck_status(rig_get(&r, arena_printf(&r.arena, PROFILES "/progress/%s", id).p), 200);
	ck_json(&r, "/status", status);
	ck_json(&r, "/message_code", code);
}

static void ck_operation(const char *id, const char *status, const char *code)
{
	ck_status(rig_get(&r, arena_printf(&r.arena, OPS "/%s", id).p), 200);
	ck_json(&r, "/status", status);
	ck_json(&r, "/message_code", code);
}

static int64_t slow_answer(void *arg, const struct http_call *c, enum http_leg leg)
{
	(void)arg;
	return leg == HTTP_LEG_ANSWER && str_is(c->from, "server") ? 5 * NS_PER_S : 0;
}

/* The EIS has the order, but nobody heard it say so. */
START_TEST(order_placed_and_answer_lost)
{
	const char *tx;

	r.net->travel = slow_answer;
	tx = enable();
	rig_run(&r, 1);
	ck_assert_int_eq(r.order_count, 1);
	down_for(10);
	r.net->travel = NULL;
	rig_run(&r, 1);
	ck_assert_int_eq(r.eis_calls, 2);	/* placed again, by its reference, */
	ck_assert_int_eq(r.order_count, 1);	/* and known */
	ck_transaction(tx, "in_progress", "queued");
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	ck_transaction(tx, "complete", "complete");
}
END_TEST

/* It ended while nobody was there to ask. */
START_TEST(order_ended_meanwhile)
{
	const char *tx = enable();

	rig_run(&r, 1);
	rig_order_ends(&r, 0, "failed", "{\"code\":\"catBusy\"}");
	down_for(2 * EXPIRY_S);
	rig_run(&r, 1);
	ck_transaction(tx, "failed", "cat_busy");
}
END_TEST

/* Not even placed when the server went down; and then too late. */
START_TEST(order_never_placed)
{
	const char *tx;

	r.eis_down = true;
	tx = enable();
	rig_run(&r, 1);
	down_for(EXPIRY_S);
	rig_run(&r, 1);
	ck_transaction(tx, "unknown", "eis_unreachable");
	ck_assert_int_eq(r.order_count, 0);
}
END_TEST

/* The limit of a verification is a time of the calendar: before, after. */
START_TEST(verification_while_down)
{
	const char *op;

	ck_status(rig_report(&r, INACTIVE), 200);
	op = activate();
	rig_run(&r, 1);
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, CHECK_S);
	ck_operation(op, "enable_verify", "await_enable_report");
	down_for(VERIFY_S - 100);
	rig_run(&r, 1);
	ck_operation(op, "enable_verify", "await_enable_report");
	if (_i == 0) {
		rig_run(&r, 101);
	} else if (_i == 1) {
		down_for(101);
		rig_run(&r, 1);
	} else {
		ck_status(rig_report(&r, ACTIVE), 200);
		ck_operation(op, "successful", "successful");
		return;
	}
	ck_operation(op, "failed", "enable_not_reported");
}
END_TEST

/* The EIS calls the order open for ever: until its life is over. */
START_TEST(order_open_for_ever)
{
	static const char *const open[][2] = {
		{ "queued", "queued" }, { "delivered", "delivered" },
	};
	const char *tx = enable();

	rig_run(&r, 1);
	rig_order_ends(&r, 0, open[_i / 2][0], "");
	if (_i % 2)
		down_for(EXPIRY_S + VERIFY_S - 10);
	else
		rig_run(&r, EXPIRY_S + VERIFY_S - 10);
	ck_transaction(tx, "in_progress", open[_i / 2][1]);
	rig_run(&r, CHECK_S + 10);
	ck_transaction(tx, "unknown", "order_overdue");
	/* Nobody asks any more, and the profile is free again. */
	r.eis_calls = 0;
	rig_run(&r, 600);
	ck_assert_int_eq(r.eis_calls, 0);
	ck_status(rig_report(&r, ACTIVE), 200);
	ck_status(rig_post(&r, PROFILES "/disable", "{\"device_id\":\"" DEVICE "\",\"eid\":\""
			   EID "\",\"iccid\":\"" ICCID1 "\"}"), 200);
}
END_TEST

/* An order that was placed late lives as long as any other. */
START_TEST(placed_late)
{
	const char *tx;

	r.eis_down = true;
	tx = enable();
	rig_run(&r, EXPIRY_S - 120);
	r.eis_down = false;
	rig_run(&r, 120);
	ck_assert_int_eq(r.order_count, 1);
	rig_run(&r, EXPIRY_S + VERIFY_S - 240);
	ck_transaction(tx, "in_progress", "queued");
	down_for(120 + CHECK_S);
	rig_run(&r, CHECK_S);
	ck_transaction(tx, "unknown", "order_overdue");
}
END_TEST

/* Its operation goes by the report, or ends at its own limit. */
START_TEST(operation_of_an_overdue_order)
{
	const char *op;

	ck_status(rig_report(&r, INACTIVE), 200);
	op = activate();
	rig_run(&r, EXPIRY_S + VERIFY_S + 2 * CHECK_S);
	ck_operation(op, "enable_verify", "await_enable_report");
	if (_i) {
		ck_status(rig_report(&r, ACTIVE), 200);
		ck_operation(op, "successful", "successful");
	} else {
		rig_run(&r, VERIFY_S);
		ck_operation(op, "failed", "enable_not_reported");
	}
}
END_TEST

/* A code whose download nobody knows the end of is kept for a while, and
 * then given back: also if that time came while the server was down. */
START_TEST(code_held_while_down)
{
	const char *op;

	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID1 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET1 "\"}"), 201);
	op = activate();
	rig_run(&r, EXPIRY_S + VERIFY_S + 2 * CHECK_S);
	ck_operation(op, "download_verify", "await_download_report");
	rig_get(&r, CODES "/" ICCID1);
	ck_json(&r, "/status", "in_use");
	down_for(VERIFY_S);
	rig_run(&r, 1);
	ck_operation(op, "failed", "download_not_reported");
	rig_get(&r, CODES "/" ICCID1);
	ck_json(&r, "/status", "available");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/resume");
	TCase *tc = tcase_create("after a while");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, order_placed_and_answer_lost);
	tcase_add_test(tc, order_ended_meanwhile);
	tcase_add_test(tc, order_never_placed);
	tcase_add_loop_test(tc, verification_while_down, 0, 3);
	tcase_add_loop_test(tc, order_open_for_ever, 0, 4);
	tcase_add_test(tc, placed_late);
	tcase_add_loop_test(tc, operation_of_an_overdue_order, 0, 2);
	tcase_add_test(tc, code_held_while_down);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
