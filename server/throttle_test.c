/*
 * Goal: in no ten seconds do more requests pass than the limit; a wait that
 * was told is enough; names do not share, and are forgotten in time.
 * Method: random arrivals in virtual time; the oracle keeps every moment that
 * passed and counts those of the last ten seconds, for both ends of the
 * tenth of a second that the window is rounded by.
 */
#include "server/throttle.h"

#include "sim/rng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct loop loop;
static struct throttle t;

static void begin(unsigned limit)
{
	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	throttle_init(&t, &loop, limit);
}

static void end(void)
{
	throttle_release(&t);
	loop_release(&loop);
}

static void nothing(struct timer *timer)
{
	(void)timer;
}

static void pass_ns(int64_t ns)
{
	struct timer timer = { .fire = nothing };
	struct err err = { 0 };

	loop_arm(&loop, &timer, ns);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
}

enum { ARRIVALS = 5000, STEP_MS = 100, WINDOW_MS = 10000 };

START_TEST(never_more_than_the_limit)
{
	static int64_t passed[ARRIVALS];
	unsigned limit = (unsigned)(_i * _i + 1);
	struct rng rng;
	int n = 0;

	begin(limit);
	rng_init(&rng, (uint64_t)_i, STR("throttle"), STR("test"));
	for (int i = 0; i < ARRIVALS; i++) {
		int64_t now_ms = loop_now(&loop).ns / NS_PER_MS;
		unsigned lately = 0, surely = 0;
		int wait = throttle_take(&t, STR("ann"), true);

		for (int k = n; k-- > 0 && passed[k] > now_ms - WINDOW_MS - STEP_MS;) {
			lately += passed[k] > now_ms - WINDOW_MS + STEP_MS;
			surely++;
		}
		if (wait == 0) {
			ck_assert_uint_lt(lately, limit);
			passed[n++] = now_ms;
		} else {
			ck_assert_uint_ge(surely, limit);
			ck_assert_int_ge(wait, 1);
			ck_assert_int_le(wait, 10);
			if (rng_below(&rng, 3) == 0) {
				pass_ns(wait * NS_PER_S);
				ck_assert_int_eq(throttle_take(&t, STR("ann"), false), 0);
			}
		}
		pass_ns((int64_t)rng_below(&rng, 2 * 10000 / limit + 2) * NS_PER_MS);
	}
	ck_assert_int_gt(n, 100);
	end();
}
END_TEST

START_TEST(names_are_apart)
{
	begin(2);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(throttle_take(&t, STR("ann"), true), 0);
		ck_assert_int_eq(throttle_take(&t, STR("bob"), false), 0);
	}
	ck_assert_int_eq(throttle_take(&t, STR("ann"), true), 10);
	ck_assert_int_eq(throttle_take(&t, STR("bob"), true), 0);
	pass_ns(3 * NS_PER_S);
	ck_assert_int_eq(throttle_take(&t, STR("ann"), true), 7);
	pass_ns(7 * NS_PER_S);
	ck_assert_int_eq(throttle_take(&t, STR("ann"), true), 0);
	end();
}
END_TEST

START_TEST(no_limit)
{
	begin(0);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(throttle_take(&t, STR("ann"), true), 0);
	ck_assert_uint_eq(throttle_count(&t), 0);
	end();
}
END_TEST

/* Names of strangers cost a bounded room; who is busy stays known. */
START_TEST(names_are_bounded)
{
	char name[24];

	begin(1);
	for (int i = 0; i < 3 * THROTTLE_NAMES_MAX; i++) {
		int n = snprintf(name, sizeof(name), "%d", i);

		ck_assert_int_eq(throttle_take(&t, (struct str){ name, (size_t)n }, true), 0);
		ck_assert_int_eq(throttle_take(&t, STR("busy"), true) == 0, i == 0);
		ck_assert_uint_le(throttle_count(&t), THROTTLE_NAMES_MAX);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/throttle");
	TCase *tc = tcase_create("throttle");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, never_more_than_the_limit, 0, 6);
	tcase_add_test(tc, names_are_apart);
	tcase_add_test(tc, no_limit);
	tcase_add_test(tc, names_are_bounded);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
