/*
 * Goal: virtual time moves only when idle, scaled time at its rate, and dates
 * are those of the calendar: the table was made by `date -u`.
 */
#include "sim/clock.h"
#include "sim/rng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

START_TEST(virtual_stands_still_until_idle)
{
	struct clock c;

	clock_init(&c, CLOCK_KIND_VIRTUAL, 1.0, 1000);
	clock_tick(&c);
	ck_assert_int_eq(clock_now(&c).ns, 0);
	ck_assert_int_eq(clock_poll_ms(&c, INSTANT_NEVER), 0);
	clock_idle_until(&c, (struct instant){ 7200 * NS_PER_S });
	ck_assert_int_eq(clock_now(&c).ns, 7200 * NS_PER_S);
	ck_assert_int_eq(clock_unix_ms(&c), 7200000 + 1000);
	clock_idle_until(&c, INSTANT_NEVER);
	ck_assert_int_eq(clock_now(&c).ns, 7200 * NS_PER_S);
}
END_TEST

START_TEST(scaled_waits_less)
{
	struct clock c;

	clock_init(&c, CLOCK_KIND_SCALED, 60.0, 0);
	/* A simulated minute is a real second, rounded up. */
	ck_assert_int_eq(clock_poll_ms(&c, (struct instant){ 60 * NS_PER_S }), 1001);
	ck_assert_int_eq(clock_poll_ms(&c, (struct instant){ 0 }), 0);
	ck_assert_int_eq(clock_poll_ms(&c, INSTANT_NEVER), -1);
	clock_idle_until(&c, (struct instant){ 60 * NS_PER_S });
	ck_assert_int_eq(clock_now(&c).ns, 0);	/* only the machine moves it */
}
END_TEST

START_TEST(scaled_runs_at_its_rate)
{
	int64_t before = clock_machine_ns(), real, simulated;
	struct clock slow, fast;

	clock_init(&slow, CLOCK_KIND_REAL, 1.0, 0);
	clock_init(&fast, CLOCK_KIND_SCALED, 1000.0, 0);
	while (clock_machine_ns() - before < 5 * NS_PER_MS)
		;
	clock_tick(&slow);
	clock_tick(&fast);
	real = clock_now(&slow).ns;
	simulated = clock_now(&fast).ns;
	/* Some real time lies between the two starts, and the two ticks. */
	ck_assert_int_ge(simulated, 1000 * (real - 2 * NS_PER_MS));
	ck_assert_int_le(simulated, 1000 * (clock_machine_ns() - before));
}
END_TEST

static const struct {
	const char *text;
	int rc;
	enum clock_kind kind;
	double rate;
} kinds[] = {
	{ "virtual", 0, CLOCK_KIND_VIRTUAL, 1 }, { "real", 0, CLOCK_KIND_REAL, 1 },
	{ "scaled=60", 0, CLOCK_KIND_SCALED, 60 }, { "scaled=0.5", 0, CLOCK_KIND_SCALED, 0.5 },
	{ "scaled=1e6", 0, CLOCK_KIND_SCALED, 1e6 }, { "scaled=1000001", -1, 0, 0 },
	{ "scaled=0", -1, 0, 0 }, { "scaled=-1", -1, 0, 0 }, { "scaled=nan", -1, 0, 0 },
	{ "scaled=inf", -1, 0, 0 }, { "scaled=", -1, 0, 0 }, { "scaled", -1, 0, 0 },
	{ "scaled=5x", -1, 0, 0 }, { "", -1, 0, 0 }, { "Virtual", -1, 0, 0 },
	{ "scaled=00000000000000000000000000000000000000001", -1, 0, 0 },
};

START_TEST(kinds_by_name)
{
	struct err err = { 0 };
	enum clock_kind kind;
	double rate;

	ck_assert_int_eq(clock_parse(str_of(kinds[_i].text), &kind, &rate, &err),
			 kinds[_i].rc);
	if (kinds[_i].rc < 0)
		return;
	ck_assert_int_eq(kind, kinds[_i].kind);
	ck_assert_double_eq(rate, kinds[_i].rate);
}
END_TEST

static const struct {
	int64_t unix_s;
	const char *text;
} dates[] = {
	{ INT64_C(-62135596800), "0001-01-01T00:00:00" },
	{ INT64_C(-2208988800), "1900-01-01T00:00:00" },
	{ INT64_C(-2203891200), "1900-03-01T00:00:00" },
	{ INT64_C(-1), "1969-12-31T23:59:59" },
	{ INT64_C(0), "1970-01-01T00:00:00" },
	{ INT64_C(951782399), "2000-02-28T23:59:59" },
	{ INT64_C(951782400), "2000-02-29T00:00:00" },
	{ INT64_C(951868799), "2000-02-29T23:59:59" },
	{ INT64_C(951868800), "2000-03-01T00:00:00" },
	{ INT64_C(1078012800), "2004-02-29T00:00:00" },
	{ INT64_C(1582934400), "2020-02-29T00:00:00" },
	{ INT64_C(1583020799), "2020-02-29T23:59:59" },
	{ INT64_C(1709164800), "2024-02-29T00:00:00" },
	{ INT64_C(1767225599), "2025-12-31T23:59:59" },
	{ INT64_C(1767225600), "2026-01-01T00:00:00" },
	{ INT64_C(4102444800), "2100-01-01T00:00:00" },
	{ INT64_C(4107542399), "2100-02-28T23:59:59" },
	{ INT64_C(4107542400), "2100-03-01T00:00:00" },
	{ INT64_C(253402300799), "9999-12-31T23:59:59" },
};

START_TEST(dates_both_ways)
{
	static const int millis[] = { 0, 1, 42, 999 };
	struct err err = { 0 };
	char expected[64];
	struct arena a = { 0 };
	int64_t ms;

	for (int i = 0; i < LEN(millis); i++) {
		snprintf(expected, sizeof(expected), "%s.%03dZ", dates[_i].text, millis[i]);
		ms = dates[_i].unix_s * 1000 + millis[i];
		ck_assert_str_eq(clock_iso(ms, &a).p, expected);
		ms = 0;
		ck_assert_int_eq(clock_parse_iso(str_of(expected), &ms, &err), 0);
		ck_assert_int_eq(ms, dates[_i].unix_s * 1000 + millis[i]);
	}
	arena_release(&a);
}
END_TEST

START_TEST(like_the_c_library)
{
	struct rng rng;

	rng_init(&rng, 1, STR("clock"), STR("dates"));
	for (int i = 0; i < 20000; i++) {
		int64_t s = (int64_t)rng_below(&rng, 253402300800);
		char text[CLOCK_ISO_SIZE], expected[64];
		time_t t = (time_t)s;
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		clock_iso_to(s * 1000, text);
		ck_assert_str_eq(text, expected);
	}
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;		/* -1: refused */
} forms[] = {
	{ "1970-01-01T00:00:01Z", 1000 }, { "1970-01-01T00:00:01z", 1000 },
	{ "1970-01-01T00:00:01.5Z", 1500 }, { "1970-01-01T00:00:01.123456789Z", 1123 },
	{ "1970-01-01T02:00:00+02:00", 0 }, { "1970-01-01T02:00:00+0200", 0 },
	{ "1969-12-31T19:30:00-04:30", 0 }, { "1970-01-02T00:00:00+23:59", 60000 },
	{ "1970-01-01T00:00:00.Z", -1 }, { "1970-01-01T00:00:00", -1 },
	{ "1970-01-01 00:00:00Z", -1 }, { "1970-1-1T00:00:00Z", -1 },
	{ "2023-02-29T00:00:00Z", -1 }, { "2100-02-29T00:00:00Z", -1 },
	{ "2024-04-31T00:00:00Z", -1 }, { "2024-13-01T00:00:00Z", -1 },
	{ "2024-00-01T00:00:00Z", -1 }, { "2024-01-00T00:00:00Z", -1 },
	{ "2024-01-01T24:00:00Z", -1 }, { "2024-01-01T00:60:00Z", -1 },
	{ "2024-01-01T00:00:60Z", -1 }, { "2024-01-01T00:00:00+24:00", -1 },
	{ "2024-01-01T00:00:00+01:60", -1 }, { "2024-01-01T00:00:00Zx", -1 },
	{ "2024-01-01T00:00:00+1", -1 }, { "", -1 }, { "2024", -1 }, { "+024-01-01", -1 },
	{ "2024-01-01T00:00:00.9999999999999999999999999999Z", 1704067200999 },
};

START_TEST(forms_of_dates)
{
	struct err err = { 0 };
	int64_t ms = -7;

	ck_assert_int_eq(clock_parse_iso(str_of(forms[_i].text), &ms, &err),
			 forms[_i].ms < 0 ? -1 : 0);
	ck_assert_int_eq(ms, forms[_i].ms < 0 ? -7 : forms[_i].ms);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/clock");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, virtual_stands_still_until_idle);
	tcase_add_test(tc, scaled_waits_less);
	tcase_add_test(tc, scaled_runs_at_its_rate);
	tcase_add_loop_test(tc, kinds_by_name, 0, LEN(kinds));
	tcase_add_loop_test(tc, dates_both_ways, 0, LEN(dates));
	tcase_add_test(tc, like_the_c_library);
	tcase_add_loop_test(tc, forms_of_dates, 0, LEN(forms));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
