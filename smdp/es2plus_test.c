/*
 * Goal: orders over ES2+ have the states of SGP.22 and no others, and their
 * downloads follow.
 * Method: as in smdp_test.c, with the operator's calls as rows of words.
 */
#include "smdp/test_euicc.h"

#define M_ICCID "\"iccid\":\"" ICCID "\""
#define M_EID "\"eid\":\"" EID "\""

/* The profile begins in stock; "state" rows look at it, others order. */
static const struct {
	const char *function, *members, *code, *state;
} orders[] = {
	{ "confirmOrder", M_ICCID, "8.2.1/3.5", "available" },
	{ "releaseProfile", M_ICCID, "8.2.1/3.5", "available" },
	{ "downloadOrder", "", "8.2.1/2.2", "available" },
	{ "downloadOrder", "\"iccid\":\"123\"", "8.2.1/2.1", "available" },
	{ "downloadOrder", "\"iccid\":\"8944000000000000019\"", "8.2.1/3.9",
	  "available" },
	{ "downloadOrder", M_ICCID ",\"eid\":\"12\"", "8.1.1/2.1", "available" },
	{ "downloadOrder", "\"profileType\":\"gold\"", "8.2.5/3.9", "available" },
	{ "downloadOrder", "\"profileType\":\"default\"", "ok", "allocated" },
	{ "downloadOrder", "\"profileType\":\"default\"", "8.2.5/3.7", "allocated" },
	{ "downloadOrder", M_ICCID, "8.2.1/3.3", "allocated" },
	{ "cancelOrder", M_ICCID, "1.6/2.2", "allocated" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Gone\"",
	  "1.3.1/2.1", "allocated" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\"",
	  "ok", "available" },
	{ "downloadOrder", M_ICCID "," M_EID, "ok", "linked" },
	{ "confirmOrder", M_ICCID ",\"eid\":\"" EID2 "\"", "8.1.1/3.10", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"a b\"", "8.2.6/2.1", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"TAKEN\"", "8.2.6/3.3", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"" MID "\"", "ok", "confirmed" },
	{ "confirmOrder", M_ICCID, "8.2.1/3.5", "confirmed" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\","
	  "\"matchingId\":\"OTHER\"", "8.2.6/3.10", "confirmed" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\","
	  "\"eid\":\"" EID2 "\"", "8.1.1/3.10", "confirmed" },
	{ "releaseProfile", M_ICCID, "ok", "released" },
	{ "releaseProfile", M_ICCID, "8.2.1/3.5", "released" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Unavailable\"",
	  "ok", "unavailable" },
	{ "downloadOrder", M_ICCID, "8.2.1/3.3", "unavailable" },
};

static void stock(void)
{
	struct smdp_profile_spec spec = { .iccid = STR(ICCID),
					  .spn = STR("Mobile") };
	struct err err = { 0 };

	ck_assert_int_eq(smdp_stock_profile(w.smdp, &spec, &err), 0);
}

START_TEST(orders_step_by_step)
{
	stock();
	offer((struct smdp_profile_spec){ .matching_id = STR("TAKEN"),
		.iccid = STR("8944000000000000100"), .profile_type = STR("x") });
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const char *code = es2(orders[i].function, orders[i].members);

		ck_assert_msg(strcmp(code, orders[i].code) == 0,
			      "%s %s: %s, expected %s", orders[i].function,
			      orders[i].members, code, orders[i].code);
		ck_assert_str_eq(state(ICCID), orders[i].state);
	}
}
END_TEST

/* An order over ES2+, then its download, then that it cannot be undone. */
START_TEST(order_and_download)
{
	struct attempt a = { .eid = EID, .cc = "4711" };
	struct err err = { 0 };
	struct str id;
	cJSON *tree;

	stock();
	ck_assert_str_eq(es2("downloadOrder", M_ICCID), "ok");
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"iccid\":\"" ICCID "\""));
	ck_assert_str_eq(es2("confirmOrder", M_ICCID "," M_EID
			     ",\"releaseFlag\":true,\"confirmationCode\":\"4711\""),
			 "ok");
	ck_assert_str_eq(state(ICCID), "released");
	tree = json_parse(w.body, &err);
	ck_assert_int_eq(json_get_str(tree, "matchingId", &w.arena, &id, &err), 1);
	cJSON_Delete(tree);
	ck_assert_uint_eq(id.n, 23);
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"smdpAddress\":\"smdp.example.com\""));
	a.matching_id = id.p;
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(es2("cancelOrder", M_ICCID
			     ",\"finalProfileStatusIndicator\":\"Available\""),
			 "8.2.1/3.3");
	/* What was made up is a secret as well. */
	ck_assert_ptr_null(strstr(w.seen.p, id.p));
}
END_TEST

START_TEST(default_order)
{
	struct attempt a = { .matching_id = "", .eid = EID };

	stock();
	ck_assert_str_eq(es2("downloadOrder", M_ICCID), "ok");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID ",\"matchingId\":\"\""),
			 "8.1.1/2.2");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID "," M_EID
			     ",\"matchingId\":\"\",\"releaseFlag\":false"), "ok");
	ck_assert_str_eq(download(&a), "8.2/1.2");
	ck_assert_str_eq(es2("releaseProfile", M_ICCID), "ok");
	ck_assert_str_eq(download(&a), "ok");
}
END_TEST

/* Three orders for one eUICC, found by its EID; one after the other is taken
 * back, from whichever place in the row, and ordered for another. */
START_TEST(default_orders_taken_back)
{
	static const char *const iccids[] = {
		"8944000000000000019", "8944000000000000100",
		"8944000000000000209",
	};
	static const int rows[][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 2, 1, 0 } };
	struct attempt a = { .matching_id = "", .eid = EID };
	struct attempt other = { .matching_id = "", .eid = EID2 };

	for (int i = 0; i < 3; i++)
		offer((struct smdp_profile_spec){ .iccid = str_of(iccids[i]),
						  .eid = STR(EID) });
	for (int i = 0; i < 3; i++) {
		struct str iccid = arena_printf(&w.arena, "\"iccid\":\"%s\"",
						iccids[rows[_i][i]]);

		ck_assert_str_eq(es2("cancelOrder", arena_printf(&w.arena,
			"%s,\"finalProfileStatusIndicator\":\"Available\"",
			iccid.p).p), "ok");
		ck_assert_str_eq(es2("downloadOrder", arena_printf(&w.arena,
			"%s,\"eid\":\"" EID2 "\"", iccid.p).p), "ok");
		ck_assert_str_eq(es2("confirmOrder", arena_printf(&w.arena,
			"%s,\"matchingId\":\"\",\"releaseFlag\":true",
			iccid.p).p), "ok");
		if (i == 2)
			break;
		ck_assert_str_eq(download(&other), "ok");
		report_result(iccids[rows[_i][i]], other.transaction, i + 1, 0,
			      false);
		ck_assert_str_eq(state(iccids[rows[_i][i]]), "installed");
		a.flags = STOP_AFTER_AUTH;
		ck_assert_str_eq(download(&a), "ok");
		ck_assert_str_eq(cancel(a.transaction, ES10_CANCEL_POSTPONED), "ok");
	}
	ck_assert_str_eq(download(&a), "8.1.1/3.8");
	ck_assert_str_eq(download(&other), "ok");
}
END_TEST

START_TEST(malformed_orders)
{
	struct es9_message m;

	stock();
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("{" M_ICCID "}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.1/2.2");
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("{\"header\":[]," M_ICCID "}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.1/2.2");
	call("POST", ES2 "downloadOrder", "application/json", NULL, STR("{}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.3.2/3.1");
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("[]"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.3.1/2.1");
	ck_assert_str_eq(es2("downloadOrder", "\"iccid\":7"), "1.3.1/2.1");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID ",\"releaseFlag\":\"yes\""),
			 "1.3.1/2.1");
	ck_assert_str_eq(state(ICCID), "available");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smdp/es2plus");
	TCase *tc = tcase_create("orders");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, orders_step_by_step);
	tcase_add_test(tc, order_and_download);
	tcase_add_test(tc, default_order);
	tcase_add_loop_test(tc, default_orders_taken_back, 0, 3);
	tcase_add_test(tc, malformed_orders);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
