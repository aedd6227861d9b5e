/*
 * Goal: quirks do what they do only where, when and as often as they are told,
 * and their table is sound.
 * Method: small parties that answer well stand behind the gates; what reaches
 * them and what comes back is compared with words.  What each row does is in
 * quirk_spn_test.c, quirk_smdp_test.c, quirk_eis_test.c and quirk_device_test.c.
 */
#include "devices/lpa.h"
#include "scenarios/quirk_rig_test.h"
#include "sim/golden_test.h"

/* ---- When, where and how often. ------------------------------------------ */

static const char *asked(int n)
{
	static char text[64];

	for (int i = 0; i < n; i++)
		text[i] = ask("POST", ES9("cancelSession"), "{}").status == 200 ?
			  '.' : 'X';
	text[n] = '\0';
	return text;
}

START_TEST(times_and_skip)
{
	set("smdp.http-500", "times=2 skip=1");
	ck_assert_str_eq(asked(5), ".XX..");
}
END_TEST

START_TEST(chance_is_drawn_from_the_seed)
{
	char first[64];
	int odd = 0;

	set("smdp.http-500", "chance=30");
	memcpy(first, asked(60), 61);
	for (int i = 0; i < 60; i++)
		odd += first[i] == 'X';
	ck_assert_int_ge(odd, 8);
	ck_assert_int_le(odd, 30);
	teardown();
	setup();
	set("smdp.http-500", "chance=30");
	ck_assert_str_eq(asked(60), first);
	quirk_engine_clear(w.engine, STR("smdp.http-500"), STR(""));
	set("smdp.http-500", "chance=0");
	ck_assert_str_eq(asked(3), "...");
}
END_TEST

START_TEST(it_ends_by_itself)
{
	set("eis.unreachable", "for=60s");
	ck_assert_int_eq(ask("GET", NEXT, NULL).failure, HTTP_UNREACHABLE);
	run_s(59);
	ck_assert_int_eq(ask("GET", NEXT, NULL).failure, HTTP_UNREACHABLE);
	run_s(1);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	ck_assert_int_eq(count_of(&w.events, "\"event\":\"quirk-over\""), 1);
}
END_TEST

START_TEST(only_the_device_that_is_meant)
{
	set("eis.http-503", "device=router");
	ck_assert_int_eq(ask_as("device/router", "GET", NEXT, NULL).status, 503);
	ck_assert_int_eq(ask_as("device/fleet[0]", "GET",
				"http://eis.rig/eis/v1/euicc/" EID2 "/orders/next",
				NULL).status, 204);
	/* Someone else asks about it: the EID tells. */
	ck_assert_int_eq(ask_as("server", "POST", ORDERS, PLACE).status, 503);
	ck_assert_int_eq(ask_as("server", "GET", ORDERS "/o9", NULL).status, 200);
	quirk_engine_clear(w.engine, STR("eis.http-503"), STR("router"));
	set("eis.http-503", "device=fleet");
	ck_assert_int_eq(ask_as("device/fleet[0]", "GET", NEXT, NULL).status, 503);
	ck_assert_int_eq(ask_as("device/router", "GET", NEXT, NULL).status, 204);
	/* An answer may be what tells. */
	set("eis.complete-early", "device=router");
	ck_assert_ptr_nonnull(strstr(ask_as("server", "GET", ORDERS "/o1", NULL).body,
				     "complete"));
}
END_TEST

START_TEST(only_the_smdp_that_is_meant)
{
	set("smdp.http-500", "smdp=other");
	ck_assert_str_eq(asked(1), ".");
	set("smdp.http-500", "smdp=smdp");
	ck_assert_str_eq(asked(1), "X");
	/* A party's quirks are for its own gates. */
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	ck_assert_int_eq(ask("POST", REPORTS, "{}").status, 200);
}
END_TEST

START_TEST(a_new_setting_replaces_the_old)
{
	set("smdp.http-500", "status=500");
	set("smdp.http-500", "status=502");
	ck_assert_int_eq(ask("POST", ES9("cancelSession"), "{}").status, 502);
	ck_assert_uint_eq(quirk_engine_clear(w.engine, STR("smdp.http-500"), STR("")),
			  1);
	ck_assert_uint_eq(quirk_engine_clear(w.engine, STR("smdp.http-500"), STR("")),
			  0);
	ck_assert_str_eq(asked(2), "..");
	/* Two functions are two settings. */
	set("smdp.http-500", "function=cancelSession");
	set("smdp.http-500", "function=authenticateClient status=502");
	ck_assert_int_eq(ask("POST", ES9("cancelSession"), "{}").status, 500);
	ck_assert_int_eq(ask("POST", ES9("authenticateClient"), "{}").status, 502);
}
END_TEST

START_TEST(quirks_combine_in_their_order)
{
	struct answer a;

	set("smdp.slow", "delay=5s");
	set("smdp.reset-mid-body", "function=cancelSession");
	set("smdp.slow", "delay=4s function=cancelSession");
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_int_eq(a.failure, HTTP_BROKEN);
	ck_assert_int_eq(a.took_ns, 9 * NS_PER_S);
}
END_TEST

START_TEST(cleared_while_exchanges_are_on_their_way)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("smdp.slow", "delay=10s");
	set("smdp.malformed-json", NULL);
	c = http_call_new(w.net, STR("device/router"), "POST", &err,
			  ES9("cancelSession"));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(5);
	quirk_engine_clear(w.engine, STR("smdp.slow"), STR(""));
	quirk_engine_clear(w.engine, STR("smdp.malformed-json"), STR(""));
	run_s(10);
	ck_assert(a.came);
	ck_assert_str_eq(a.body, "{\"header\":{},\"transactionId\":\"0A1B\"}");
}
END_TEST

/* What a quirk remembers is of no effect once it is cleared. */
START_TEST(cleared_before_the_reply)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("eis.order-vanishes", NULL);
	set("eis.slow", "delay=10s function=nextOrder");
	ask_as("server", "POST", ORDERS, PLACE);
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	c = http_call_new(w.net, STR("device/router"), "GET", &err, "%s", NEXT);
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(5);
	quirk_engine_clear(w.engine, STR("eis.order-vanishes"), STR(""));
	run_s(10);
	ck_assert(a.came);
	ck_assert_int_eq(a.status, 200);
}
END_TEST

START_TEST(the_world_may_end_in_the_middle)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("smdp.never-answers", NULL);
	set("device.report-late", "by=1h");
	set("device.report-out-of-order", NULL);
	set("device.flapping", NULL);
	set("device.loses-power", "step=store-result off=1h");
	report(1, "boot");
	happens("device/router", "download-step", "store-result", 0, NULL);
	c = http_call_new(w.net, STR("device/router"), "POST", &err,
			  ES9("cancelSession"));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(5);
	ck_assert(!a.came);
	/* teardown() asserts that nothing is armed and the leak checker that
	 * nothing is lost. */
}
END_TEST

START_TEST(what_cannot_be_set)
{
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, "device.offline", "device=nobody", &a, &err);
	ck_assert_int_eq(quirk_engine_set(w.engine, &s, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	quirk_engine_set_fleet(w.engine, NULL);
	read_setting(&s, "device.offline", NULL, &a, &err);
	ck_assert_int_eq(quirk_engine_set(w.engine, &s, &err), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	/* A set-up quirk does its work elsewhere. */
	read_setting(&s, "spn.blank", NULL, &a, &err);
	ck_assert_int_eq(quirk_engine_set(w.engine, &s, &err), 0);
	arena_release(&a);
}
END_TEST

START_TEST(a_forged_mark_opens_nothing)
{
	struct answer a = { 0 };
	struct err err;
	struct http_call *c;

	set("eis.result-late", "by=1h");
	ask("POST", RESULT, DONE);
	set("eis.http-503", NULL);
	c = http_call_new(w.net, STR("client"), "GET", &err, "%s", NEXT);
	http_call_header(c, "X-Rig-Replay", STR("1"));
	c->done = done;
	c->owner = &a;
	http_call_send(c);
	run_s(1);
	ck_assert_int_eq(a.status, 503);
}
END_TEST

START_TEST(the_party_behind_may_change)
{
	quirk_gate_set_next(w.smdp.gate, &w.server.handler);
	ck_assert_ptr_nonnull(strstr(ask("POST", ES9("cancelSession"), "{}").body,
				     "applied"));
}
END_TEST

/* ---- The table and its parameters. --------------------------------------- */

static const struct {
	const char *name, *params, *says;
} bad_settings[] = {
	{ "smdp.slow", "delay=soon", "delay: " },
	{ "smdp.slow", "delai=1s", "smdp.slow: has no parameter 'delai'; did you mean 'delay'?" },
	{ "smdp.slow", "function=all", "function: expected one of: any " },
	{ "smdp.slow", "delay=1s delay=2s", "delay: is given twice" },
	{ "smdp.http-500", "status=200", "status: expected a number from 400 to 599, found 200" },
	{ "smdp.http-500", "status=x", "status: expected a whole number, found 'x'" },
	{ "smdp.http-500", "times=0", "times: expected a number from 1 to " },
	{ "smdp.http-500", "device=", "device: expected the name of a device" },
	{ "spn.cut-16", "whole-characters=maybe", "whole-characters: expected true or false" },
	{ "spn.shared", NULL, "spn.shared: 'with' must be given" },
	{ "spn.blank", "device=router", "spn.blank: has no parameter 'device'" },
};
enum { BAD_SETTINGS = sizeof(bad_settings) / sizeof(bad_settings[0]) };

START_TEST(bad_settings_are_explained)
{
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(read_setting(&s, bad_settings[_i].name,
				      bad_settings[_i].params, &a, &err), -1);
	ck_assert_msg(strncmp(err.msg, bad_settings[_i].says,
			      strlen(bad_settings[_i].says)) == 0, "%s", err.msg);
	arena_release(&a);
}
END_TEST

START_TEST(names_are_found_and_guessed)
{
	ck_assert_str_eq(quirk_find(STR("spn.blank"))->name, "spn.blank");
	ck_assert_ptr_null(quirk_find(STR("spn.blan")));
	ck_assert_str_eq(quirk_suggest(STR("spn.blan")), "spn.blank");
	ck_assert_str_eq(quirk_suggest(STR("eis.unreachabel")), "eis.unreachable");
	ck_assert_str_eq(quirk_suggest(STR("memory-full")), "device.memory-full");
	ck_assert_ptr_null(quirk_suggest(STR("wholly different")));
}
END_TEST

START_TEST(the_table_is_sound)
{
	/* Whose rows have probes, in four programs. */
	ck_assert_int_eq(QUIRK_PARTIES, 5);
	ck_assert_uint_ge(quirk_count(), 45);
	for (size_t i = 0; i < quirk_count(); i++) {
		const struct quirk_row *row = quirk_row(i);
		const char *party = quirk_party_name(row->party);
		size_t n = strlen(row->does);
		struct quirk_setting s;

		ck_assert_ptr_eq(quirk_find(str_of(row->name)), row);
		ck_assert(strncmp(row->name, party, strlen(party)) == 0);
		ck_assert(row->name[strlen(party)] == '.');
		ck_assert_msg(n > 10 && row->does[n - 1] == '.', "%s", row->name);
		n = strlen(row->correct);
		ck_assert_msg(n > 10 && row->correct[n - 1] == '.', "%s", row->name);
		ck_assert_uint_le(quirk_param_count(row), QUIRK_PARAMS_MAX);
		quirk_setting_init(&s, row);	/* asserts that defaults are valid */
		for (size_t k = 0; k < quirk_param_count(row); k++)
			for (size_t m = 0; m < k; m++)
				ck_assert_str_ne(quirk_param(row, k)->name,
						 quirk_param(row, m)->name);
	}
}
END_TEST

/* The steps of `step:` are those that devices go through. */
START_TEST(steps_are_the_devices_steps)
{
	const struct quirk_row *row = quirk_find(STR("device.reboots"));
	struct str words = str_of(quirk_param(row, 0)->choices);

	for (size_t i = 0; i < LPA_STEPS; i++)
		ck_assert_msg(str_is(str_split(&words, ' '), lpa_step_names[i]),
			      "%s", lpa_step_names[i]);
	ck_assert(!words.p);
}
END_TEST

START_TEST(the_page_is_up_to_date)
{
	struct buf out;

	buf_init(&out, 200000);
	quirk_write_markdown(&out);
	ck_assert(!out.over);
	golden_check("docs/quirks.md", buf_view(&out), "UPDATE_DOCS");
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/quirk");
	TCase *tc = tcase_create("occasions"), *table = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, times_and_skip);
	tcase_add_test(tc, chance_is_drawn_from_the_seed);
	tcase_add_test(tc, it_ends_by_itself);
	tcase_add_test(tc, only_the_device_that_is_meant);
	tcase_add_test(tc, only_the_smdp_that_is_meant);
	tcase_add_test(tc, a_new_setting_replaces_the_old);
	tcase_add_test(tc, quirks_combine_in_their_order);
	tcase_add_test(tc, cleared_while_exchanges_are_on_their_way);
	tcase_add_test(tc, cleared_before_the_reply);
	tcase_add_test(tc, the_world_may_end_in_the_middle);
	tcase_add_test(tc, what_cannot_be_set);
	tcase_add_test(tc, a_forged_mark_opens_nothing);
	tcase_add_test(tc, the_party_behind_may_change);
	tcase_add_loop_test(table, bad_settings_are_explained, 0, BAD_SETTINGS);
	tcase_add_test(table, names_are_found_and_guessed);
	tcase_add_test(table, the_table_is_sound);
	tcase_add_test(table, steps_are_the_devices_steps);
	tcase_add_test(table, the_page_is_up_to_date);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, table);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
