/*
 * Goal: each model draws from the distribution that it is named after.
 * Method: many draws with a fixed seed; the share below chosen points is
 * compared with the distribution's own formula, worked out here.
 */
#include "sim/clock.h"
#include "sim/latency.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))
#define MS NS_PER_MS

static const struct latency_point points[] = {
	{ 0.0, 10 * MS }, { 0.5, 20 * MS }, { 0.9, 100 * MS }, { 1.0, 1000 * MS },
};
static const struct latency_point inner[] = { { 0.5, 20 * MS }, { 0.9, 100 * MS } };

static double normal_cdf(double x)
{
	return 0.5 * erfc(-x / sqrt(2.0));
}

static double uniform(double ms)
{
	return (ms - 50) / 1950;
}

static double normal(double ms)
{
	return normal_cdf((ms - 100) / 20);
}

static double lognormal(double ms)	/* median 4, p99 10 minutes */
{
	return normal_cdf(log(ms / 240000) / (log(600000.0 / 240000) / 2.3263478740408408));
}

static double exponential(double ms)
{
	return 1 - exp(-ms / 300);
}

static double pareto(double ms)
{
	return 1 - pow(100 / ms, 2.5);
}

static double percentiles(double ms)
{
	return ms < 20 ? 0.5 * (ms - 10) / 10 : ms < 100 ? 0.5 + 0.4 * (ms - 20) / 80 :
	       0.9 + 0.1 * (ms - 100) / 900;
}

static double inner_percentiles(double ms)
{
	return 0.5 + 0.4 * (ms - 20) / 80;
}

static const struct {
	struct latency model;
	double (*share)(double ms);
	double at_ms[6];
	double min_ms, max_ms;
} models[] = {
	{ { .kind = LATENCY_UNIFORM, .a_ns = 50 * MS, .b_ns = 2000 * MS }, uniform,
	  { 51, 100, 500, 1000, 1500, 1990 }, 50, 2000 },
	{ { .kind = LATENCY_NORMAL, .a_ns = 100 * MS, .b_ns = 20 * MS }, normal,
	  { 50, 80, 100, 110, 130, 160 }, 0, 250 },
	{ { .kind = LATENCY_LOGNORMAL, .a_ns = 240000 * MS, .b_ns = 600000 * MS }, lognormal,
	  { 60000, 120000, 240000, 400000, 600000, 900000 }, 0, 1e8 },
	{ { .kind = LATENCY_EXPONENTIAL, .a_ns = 300 * MS }, exponential,
	  { 1, 50, 208, 300, 900, 2000 }, 0, 1e5 },
	{ { .kind = LATENCY_PARETO, .a_ns = 100 * MS, .shape = 2.5 }, pareto,
	  { 101, 110, 132, 200, 500, 1000 }, 100, 1e6 },
	{ { .kind = LATENCY_PERCENTILES, .points = points, .point_count = 4 }, percentiles,
	  { 11, 15, 20, 50, 100, 500 }, 10, 1000 },
	{ { .kind = LATENCY_PERCENTILES, .points = inner, .point_count = 2 },
	  inner_percentiles, { 20, 21, 40, 60, 80, 99 }, 20, 100 },
};

START_TEST(shares_below)
{
	const struct latency *l = &models[_i].model;
	enum { DRAWS = 100000, POINTS = 6 };
	double lowest = INFINITY, highest = 0;
	int below[POINTS] = { 0 }, odd = 0;
	struct err err = { 0 };
	struct rng rng;

	ck_assert_msg(latency_check(l, &err) == 0, "%s", err.msg);
	rng_init(&rng, 42, STR("latency"), STR("test"));
	for (int i = 0; i < DRAWS; i++) {
		int64_t ns = latency_draw_ns(l, &rng);
		double ms = (double)ns / 1e6;

		odd += ns % 1000 != 0;
		lowest = fmin(lowest, ms);
		highest = fmax(highest, ms);
		for (int k = 0; k < POINTS; k++)
			below[k] += ms <= models[_i].at_ms[k];
	}
	ck_assert_int_eq(odd, 0);
	ck_assert_double_ge(lowest, models[_i].min_ms);
	ck_assert_double_le(highest, models[_i].max_ms);
	for (int k = 0; k < POINTS; k++) {
		double p = models[_i].share(models[_i].at_ms[k]);

		ck_assert_msg(fabs((double)below[k] / DRAWS - p) <
			      5 * sqrt(p * (1 - p) / DRAWS) + 2e-4,
			      "%s: share below %g ms is %f, not %f",
			      latency_kind_name(l->kind), models[_i].at_ms[k],
			      (double)below[k] / DRAWS, p);
	}
}
END_TEST

START_TEST(without_chance)
{
	struct latency l = { 0 };
	struct rng rng;

	rng_init(&rng, 1, STR("a"), STR("b"));
	ck_assert_int_eq(latency_draw_ns(&l, &rng), 0);
	l.a_ns = 1234567;
	ck_assert_int_eq(latency_draw_ns(&l, &rng), 1235000);	/* whole microseconds */
	l = (struct latency){ .kind = LATENCY_NEVER };
	ck_assert_int_eq(latency_draw_ns(&l, &rng), INT64_MAX);
	l = (struct latency){ .kind = LATENCY_POLLS, .polls = 3 };
	ck_assert_int_eq(latency_draw_ns(&l, &rng), 0);
	ck_assert(!latency_polls_done(&l, 0) && !latency_polls_done(&l, 2));
	ck_assert(latency_polls_done(&l, 3) && latency_polls_done(&l, 4));
	l.kind = LATENCY_CONSTANT;
	ck_assert(latency_polls_done(&l, 0));
}
END_TEST

/* A heavy tail must not leave the range of time. */
START_TEST(bounded)
{
	struct latency l = { .kind = LATENCY_PARETO, .a_ns = NS_PER_S, .shape = 0.01 };
	struct rng rng;

	rng_init(&rng, 1, STR("a"), STR("b"));
	for (int i = 0; i < 10000; i++) {
		int64_t ns = latency_draw_ns(&l, &rng);

		ck_assert_int_ge(ns, NS_PER_S);
		ck_assert_int_le(ns, INT64_C(36500) * 86400 * NS_PER_S);
	}
}
END_TEST

static const struct latency_point falling[] = { { 0.5, 20 }, { 0.4, 30 } },
	shrinking[] = { { 0.5, 20 }, { 0.6, 10 } }, outside[] = { { 0.5, 20 }, { 1.1, 30 } },
	unordered[] = { { (double)NAN, 20 }, { (double)NAN, 30 } };

static const struct latency impossible[] = {
	{ .kind = LATENCY_CONSTANT, .a_ns = -1 },
	{ .kind = LATENCY_UNIFORM, .a_ns = 2, .b_ns = 1 },
	{ .kind = LATENCY_NORMAL, .a_ns = 1, .b_ns = -1 },
	{ .kind = LATENCY_LOGNORMAL, .a_ns = 0, .b_ns = 1 },
	{ .kind = LATENCY_LOGNORMAL, .a_ns = 2, .b_ns = 1 },
	{ .kind = LATENCY_EXPONENTIAL },
	{ .kind = LATENCY_PARETO, .a_ns = 1 },
	{ .kind = LATENCY_PARETO, .shape = 1 },
	{ .kind = LATENCY_PARETO, .a_ns = 1, .shape = 101 },
	{ .kind = LATENCY_PARETO, .a_ns = 1, .shape = (double)NAN },
	{ .kind = LATENCY_POLLS },
	{ .kind = LATENCY_PERCENTILES },
	{ .kind = LATENCY_PERCENTILES, .points = points, .point_count = 1 },
	{ .kind = LATENCY_PERCENTILES, .points = points, .point_count = 17 },
	{ .kind = LATENCY_PERCENTILES, .points = falling, .point_count = 2 },
	{ .kind = LATENCY_PERCENTILES, .points = shrinking, .point_count = 2 },
	{ .kind = LATENCY_PERCENTILES, .points = outside, .point_count = 2 },
	{ .kind = LATENCY_PERCENTILES, .points = unordered, .point_count = 2 },
};

START_TEST(refused)
{
	struct err err = { 0 };

	ck_assert_int_eq(latency_check(&impossible[_i], &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.msg, latency_kind_name(impossible[_i].kind)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/latency");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, shares_below, 0, LEN(models));
	tcase_add_test(tc, without_chance);
	tcase_add_test(tc, bounded);
	tcase_add_loop_test(tc, refused, 0, LEN(impossible));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
