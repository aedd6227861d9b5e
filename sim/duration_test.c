/* Goal: what people write is read exactly, and printed so that it reads back. */
#include "sim/clock.h"
#include "sim/duration.h"
#include "sim/rng.h"

#include <check.h>
#include <stdlib.h>

#define MIN (60 * NS_PER_S)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

static const struct {
	const char *text;
	int64_t ns;
} good[] = {
	{ "0", 0 }, { "0s", 0 }, { "1us", 1000 }, { "50ms", 50 * NS_PER_MS },
	{ "2.5s", 2500 * NS_PER_MS }, { "10min", 10 * MIN }, { "10m", 10 * MIN },
	{ "1h30min", HOUR + 30 * MIN }, { "1d", DAY }, { "2w", 14 * DAY },
	{ "1w2d3h4min5s6ms7us", 9 * DAY + 3 * HOUR + 4 * MIN + 5006007 * NS_PER_US },
	{ " 5s\n", 5 * NS_PER_S }, { "0.1s", 100 * NS_PER_MS }, { "0.001ms", 1000 },
	{ "1.5h", 90 * MIN }, { "36500d", 36500 * DAY }, { "90min", 90 * MIN },
	{ "36499d23h59min59s999ms999us", 36500 * DAY - 1000 }, { "0d1s", NS_PER_S },
	{ "0.333333333s", 333333333 }, { "00010s", 10 * NS_PER_S },
};

START_TEST(read)
{
	struct err err = { 0 };
	int64_t ns = -1;

	ck_assert_msg(duration_parse(str_of(good[_i].text), &ns, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(ns, good[_i].ns);
}
END_TEST

static const struct {
	const char *text;
	enum err_code code;
} bad[] = {
	{ "", ERR_INVALID }, { " ", ERR_INVALID }, { "5", ERR_INVALID },
	{ "s", ERR_INVALID }, { "-1s", ERR_INVALID }, { "+1s", ERR_INVALID },
	{ "1 s", ERR_INVALID }, { "1S", ERR_INVALID }, { "1sec", ERR_INVALID },
	{ "1.s", ERR_INVALID }, { ".5s", ERR_INVALID }, { "1..5s", ERR_INVALID },
	{ "1e3s", ERR_INVALID }, { "1s1s", ERR_INVALID }, { "1s1min", ERR_INVALID },
	{ "1min1m", ERR_INVALID }, { "1s,", ERR_INVALID }, { "00", ERR_INVALID },
	{ "36501d", ERR_LIMIT }, { "36500d1us", ERR_LIMIT },
	{ "99999999999999999999999999s", ERR_LIMIT }, { "9223372036854775808us", ERR_LIMIT },
	{ "5300w", ERR_LIMIT }, { "36500d0.5s", ERR_LIMIT },
};

START_TEST(refused)
{
	struct err err = { 0 };
	int64_t ns = -1;

	ck_assert_msg(duration_parse(str_of(bad[_i].text), &ns, &err) == -1, "%s: %lld",
		      bad[_i].text, (long long)ns);
	ck_assert_int_eq(err.code, bad[_i].code);
	ck_assert_int_eq(ns, -1);
}
END_TEST

START_TEST(round_trip)
{
	struct err err = { 0 };
	struct rng rng;
	struct buf b;

	rng_init(&rng, 1, STR("duration"), STR("test"));
	buf_init(&b, 200);
	for (int i = 0; i < 20000; i++) {
		/* All sizes, from microseconds to a hundred years. */
		uint64_t most = UINT64_C(3153600000000000) >> rng_below(&rng, 50);
		int64_t ns = (int64_t)rng_below(&rng, most + 1) * 1000, back = -1;

		buf_clear(&b);
		duration_print(&b, ns);
		ck_assert_msg(duration_parse(buf_view(&b), &back, &err) == 0, "%s", err.msg);
		ck_assert_int_eq(back, ns);
	}
	buf_release(&b);
}
END_TEST

static const struct {
	int64_t ns;
	const char *text;
} printed[] = {
	{ 0, "0" }, { 999, "0" }, { 1500, "1us" }, { 90 * MIN, "1h30min" },
	{ 90061 * NS_PER_S, "1d1h1min1s" }, { 60 * NS_PER_S, "1min" },
	{ 1001 * NS_PER_MS, "1s1ms" }, { 7 * DAY, "1w" },
};

START_TEST(print)
{
	struct buf b;

	buf_init(&b, 100);
	duration_print(&b, printed[_i].ns);
	ck_assert_str_eq(b.p, printed[_i].text);
	buf_release(&b);
}
END_TEST

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *suite = suite_create("sim/duration");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, read, 0, LEN(good));
	tcase_add_loop_test(tc, refused, 0, LEN(bad));
	tcase_add_test(tc, round_trip);
	tcase_add_loop_test(tc, print, 0, LEN(printed));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
