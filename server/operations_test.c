/*
 * Goal: operations go from step to step as the specification has it, and wait
 * for the EIS and for reports.
 * Method: whole flows over the network, with an EIS that obeys the test; the
 * legal moves are written out again as words.
 */
#include "server/flow_test.h"

#include "server/operations.h"
#include "server/store.h"

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

/* As if the clock of all that was done so far had been ahead, or were now set back. */
static void clock_goes_back(void)
{
	static const char *const tables[] = { "operations", "transactions", "codes" };
	struct err err;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		ck_assert_int_gt(stmt_run(store_query(r.store, arena_printf(&r.arena,
			"UPDATE %s SET created = created + 7200000,"
			" updated = created + 7200000", tables[i]))), 0);
	ck_assert_int_eq(store_commit(r.store, &err), 0);
}

static void ck_times(const char *path)
{
	const char *created;

	ck_status(rig_get(&r, path), 200);
	created = json_at(&r, "/list/0/created");
	ck_assert_msg(strcmp(json_at(&r, "/list/0/updated"), created) >= 0, "%s: %.*s",
		      path, STRF(r.body));
}

static void ck_all_times(void)
{
	ck_times(OPS);
	ck_times("/ws/v1/esim_profiles/transactions/inventory");
	ck_times(CODES);
}

START_TEST(updated_is_not_before_created)
{
	static const char *const ends[] = { "complete", "failed" };

	add_code(ICCID1, FREDS, SECRET1);
	start(OPS, OPERATION("download", FREDS));
	r.eis_down = true;
	rig_run(&r, 1);
	clock_goes_back();
	ck_all_times();
	r.eis_down = false;
	rig_run(&r, 10);	/* the order is placed */
	ck_all_times();
	rig_order_ends(&r, 0, "delivered", "");
	rig_run(&r, 61);
	ck_all_times();
	rig_order_ends(&r, 0, ends[_i], "{\"code\":\"ok\"}");
	rig_run(&r, 61);
	ck_all_times();
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	ck_all_times();
	add_code(ICCID1, FREDS, SECRET1);
	ck_all_times();
}
END_TEST

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

START_TEST(profile_goes_before_it_is_active)
{
	const char *op;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	op = start(OPS, OPERATION("enable", "Mobile"));
	rig_run(&r, 1);
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, 60);
	rig_report(&r, "[]");
	get_op(op);
	ck_json(&r, "/status", "enable_verify");
	rig_run(&r, 15 * 60);
	get_op(op);
	ck_json(&r, "/status", "failed");
	ck_json(&r, "/message_code", "profile_gone");
}
END_TEST

/* While its report is waited for, or while the profile is being enabled. */
START_TEST(device_goes_in_the_middle)
{
	const struct str left[] = { STR(DEVICE2), STR(OTHERS) };
	struct err err = { 0 };
	const char *op;

	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive") "]");
	op = start(OPS, OPERATION("enable", "Mobile"));
	rig_run(&r, 1);
	if (_i == 0) {
		rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
		rig_run(&r, 60);
		get_op(op);
		ck_json(&r, "/status", "enable_verify");
	}
	rig_ok(server_keep_only(r.server, SERVER_DEVICES, left, 2, &err), &err);
	if (_i == 1) {
		rig_run(&r, 1);
		get_op(op);
		ck_json(&r, "/status", "enable");
		rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
		rig_run(&r, 60);
	}
	rig_run(&r, 1);
	get_op(op);
	ck_json(&r, "/status", "failed");
	ck_json(&r, "/message_code", "device_removed");
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

int main(void)
{
	Suite *suite = suite_create("server/operations");
	TCase *tc = tcase_create("operations");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, activate_through_all_statuses);
	tcase_add_loop_test(tc, updated_is_not_before_created, 0, 2);
	tcase_add_test(tc, contract_name_is_not_spn);
	tcase_add_test(tc, activate_uses_what_is_there);
	LOOP(how_operations_begin, beginnings);
	LOOP(forms_of_operations, operation_forms);
	tcase_add_test(tc, verification_has_a_limit);
	tcase_add_test(tc, profile_goes_before_it_is_active);
	tcase_add_loop_test(tc, device_goes_in_the_middle, 0, 2);
	tcase_add_test(tc, transaction_fails_operation);
	tcase_add_test(tc, two_do_not_take_one_code);
	tcase_add_test(tc, code_registered_while_somebody_uses_it);
	tcase_add_loop_test(tc, restart_in_the_middle, 0, 9);
	tcase_add_test(tc, ids_differ_after_restart);
	tcase_add_test(tc, moves_of_operations);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
