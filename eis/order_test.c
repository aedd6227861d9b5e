/*
 * Goal: no order can move except as the contract allows, and none keeps a
 * secret beyond its end.
 * Method: drive every state with every event against a list written again
 * from docs/southbound.md, as words.
 */
#include "eis/record.h"
#include "eis/order.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const legal[] = {
	"queued deliver delivered",	"queued expire expired",
	"queued cancel cancelled",	"delivered deliver delivered",
	"delivered succeed complete",	"delivered fail failed",
	"delivered expire expired",
};
enum { LEGAL = sizeof(legal) / sizeof(legal[0]) };

static bool is_legal(const char *move)
{
	for (size_t i = 0; i < LEGAL; i++)
		if (strcmp(legal[i], move) == 0)
			return true;
	return false;
}

static struct eis_order *make(void)
{
	struct eis_order *o = eis_order_new("0123456789abcdef0123456789abcdef",
				    ORDER_DOWNLOAD, STR_NONE, STR("ref-1"));

	eis_order_set_secrets(o, STR("LPA:1$smdp.example.com$SECRET-17"),
			  STR("SECRET-17"), STR("4711"));
	return o;
}

START_TEST(every_state_with_every_event)
{
	enum eis_order_state from = (enum eis_order_state)(1 + _i / ORDER_EVENTS);
	enum eis_order_event event = (enum eis_order_event)(_i % ORDER_EVENTS);
	struct eis_order *o = make();
	char prefix[64], move[96];

	o->state = from;
	o->updated_ms = 5;
	snprintf(prefix, sizeof(prefix), "%s %s ", eis_order_state_name(from),
		 eis_order_event_name(event));
	if (eis_order_apply(o, event, 9) == 0) {
		snprintf(move, sizeof(move), "%s%s", prefix,
			 eis_order_state_name(o->state));
		ck_assert_msg(is_legal(move), "not legal: %s", move);
		ck_assert_int_eq(o->updated_ms, 9);
	} else {
		for (size_t i = 0; i < LEGAL; i++)
			ck_assert_msg(strncmp(legal[i], prefix, strlen(prefix)) != 0,
				      "refused: %s", legal[i]);
		ck_assert_int_eq(o->state, from);
		ck_assert_int_eq(o->updated_ms, 5);
	}
	eis_order_free(o);
}
END_TEST

START_TEST(secrets_go_when_it_ends)
{
	static const enum eis_order_event ends[] = {
		ORDER_EV_SUCCEED, ORDER_EV_FAIL, ORDER_EV_EXPIRE,
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct eis_order *o = make();

		ck_assert_int_eq(eis_order_apply(o, ORDER_EV_DELIVER, 1), 0);
		ck_assert_str_eq(o->activation_code,
				 "LPA:1$smdp.example.com$SECRET-17");
		ck_assert_str_eq(o->confirmation_code, "4711");
		ck_assert_int_eq(eis_order_apply(o, ends[i], 2), 0);
		ck_assert_ptr_null(o->activation_code);
		ck_assert_ptr_null(o->confirmation_code);
		eis_order_free(o);
	}
}
END_TEST

START_TEST(quoted_secrets_are_noticed)
{
	struct eis_order *o = make();

	for (int ended = 0; ended < 2; ended++) {
		ck_assert(eis_order_is_quoted(o, STR("refused SECRET-17, sorry")));
		ck_assert(eis_order_is_quoted(o, STR("SECRET-17")));
		ck_assert(eis_order_is_quoted(o, STR("code 4711")));
		ck_assert(!eis_order_is_quoted(o, STR("refused SECRET-18")));
		ck_assert(!eis_order_is_quoted(o, STR("471")));
		ck_assert(!eis_order_is_quoted(o, STR_NONE));
		eis_order_apply(o, ORDER_EV_EXPIRE, 2);
	}
	eis_order_free(o);
}
END_TEST

START_TEST(answers_hold_no_secret)
{
	struct eis_record c = { .eid = "89049032123451234512345678901235" };
	struct eis_order *o = make();
	struct buf out;
	struct json j;

	o->record = &c;
	buf_init(&out, 4096);
	j = json_to(&out);
	eis_order_write(o, &j);
	ck_assert_ptr_null(strstr(out.p, "SECRET"));
	ck_assert_ptr_null(strstr(out.p, "4711"));
	ck_assert_ptr_nonnull(strstr(out.p, "\"reference\":\"ref-1\""));
	buf_clear(&out);
	j = json_to(&out);
	eis_order_write_for_device(o, &j);
	ck_assert_str_eq(out.p,
		"{\"id\":\"0123456789abcdef0123456789abcdef\","
		"\"operation\":\"download\","
		"\"activationCode\":\"LPA:1$smdp.example.com$SECRET-17\","
		"\"confirmationCode\":\"4711\"}");
	buf_release(&out);
	eis_order_free(o);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eis/order");
	TCase *tc = tcase_create("order");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, every_state_with_every_event, 0,
			    (ORDER_STATES - 1) * ORDER_EVENTS);
	tcase_add_test(tc, secrets_go_when_it_ends);
	tcase_add_test(tc, quoted_secrets_are_noticed);
	tcase_add_test(tc, answers_hold_no_secret);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
