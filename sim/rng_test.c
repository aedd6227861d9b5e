/*
 * Goal: the numbers of a stream never change, and streams know nothing of
 * each other.  Golden values come from an implementation of SplitMix64 and of
 * the naming of streams in another language.
 */
#include "sim/rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static const struct {
	uint64_t seed;
	const char *actor, *purpose;
	uint64_t values[3];
} golden[] = {
	{ UINT64_C(0), "", "",
	  { UINT64_C(0x1A2A69903431E5B4), UINT64_C(0x4381E1E32B6F2047),
	    UINT64_C(0xC70830A758D51D25) } },
	{ UINT64_C(7), "device/router", "poll",
	  { UINT64_C(0x420A0FC3DD19C318), UINT64_C(0xBDA1B998F0A9DBB3),
	    UINT64_C(0xAAB01B77E602206A) } },
	{ UINT64_C(7), "device/router", "polm",
	  { UINT64_C(0xD06797F71F37B0B2), UINT64_C(0x73B82C4579C3658E),
	    UINT64_C(0x039E2479D5D08D4D) } },
	{ UINT64_MAX, "a", "bc",
	  { UINT64_C(0xC89EB7F5BB91F10D), UINT64_C(0x3697C1B6D27C689C),
	    UINT64_C(0xB8C1BAB9DD6D0AB5) } },
	{ UINT64_MAX, "ab", "c",
	  { UINT64_C(0x9C321FC58853B6F0), UINT64_C(0x7F114E77AAC97D1B),
	    UINT64_C(0x3384B02EC0872DA5) } },
};
enum { GOLDEN = sizeof(golden) / sizeof(golden[0]) };

START_TEST(golden_values)
{
	struct rng r;

	rng_init(&r, golden[_i].seed, str_of(golden[_i].actor),
		 str_of(golden[_i].purpose));
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(rng_u64(&r), golden[_i].values[i]);
}
END_TEST

/* Chi-square of `bins` counts against equal shares: about bins - 1, with a
 * standard deviation of sqrt(2 (bins - 1)); five of them are never seen. */
static void check_even(const unsigned *count, unsigned bins, unsigned draws)
{
	double expected = (double)draws / bins, chi2 = 0;

	for (unsigned i = 0; i < bins; i++)
		chi2 += (count[i] - expected) * (count[i] - expected) / expected;
	ck_assert_msg(fabs(chi2 - (bins - 1)) < 5 * sqrt(2.0 * (bins - 1)),
		      "chi-square %.1f of %u bins", chi2, bins);
}

START_TEST(even_shares)
{
	unsigned high[256] = { 0 }, low[256] = { 0 }, below[100] = { 0 }, pair[256] = { 0 };
	enum { DRAWS = 200000 };
	uint64_t last = 0, v;
	struct rng r;

	rng_init(&r, (uint64_t)_i, STR("test"), STR("chi"));
	for (int i = 0; i < DRAWS; i++) {
		v = rng_u64(&r);
		high[v >> 56]++;
		low[v & 0xFF]++;
		pair[(v >> 60) << 4 | last >> 60]++;	/* with the one before */
		last = v;
		below[rng_below(&r, 100)]++;
	}
	check_even(high, 256, DRAWS);
	check_even(low, 256, DRAWS);
	check_even(pair, 256, DRAWS);
	check_even(below, 100, DRAWS);
}
END_TEST

/* Streams whose names or seeds are neighbours: no bit of one tells another. */
START_TEST(streams_are_independent)
{
	static const struct {
		uint64_t seed;
		const char *actor, *purpose;
	} near[] = {
		{ 1, "device/1", "poll" }, { 2, "device/1", "poll" },
		{ 1, "device/2", "poll" }, { 1, "device/1", "pole" },
		{ 1, "device/1p", "oll" }, { 1, "device/", "1poll" },
		{ 1, "", "device/1poll" }, { 3, "device/1", "poll" },
	};
	enum { N = sizeof(near) / sizeof(near[0]), DRAWS = 4000 };

	for (int a = 0; a < N; a++)
		for (int b = a + 1; b < N; b++) {
			struct rng x, y;
			int same = 0;

			rng_init(&x, near[a].seed, str_of(near[a].actor),
				 str_of(near[a].purpose));
			rng_init(&y, near[b].seed, str_of(near[b].actor),
				 str_of(near[b].purpose));
			for (int i = 0; i < DRAWS; i++)
				same += 64 - __builtin_popcountll(rng_u64(&x) ^ rng_u64(&y));
			/* Half of the bits; the deviation is sqrt(n)/2. */
			ck_assert_msg(abs(same - 32 * DRAWS) < 5 * sqrt(64.0 * DRAWS) / 2,
				      "%d and %d agree in %d bits", a, b, same);
		}
}
END_TEST

START_TEST(below_stays_below)
{
	static const uint64_t bounds[] = { 1, 2, 3, 1000, UINT64_C(1) << 63,
					   (UINT64_C(1) << 63) + 1, UINT64_MAX };
	struct rng r;

	rng_init(&r, 1, STR("a"), STR("b"));
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		for (int k = 0; k < 1000; k++)
			ck_assert_uint_lt(rng_below(&r, bounds[i]), bounds[i]);
}
END_TEST

START_TEST(unit_and_normal)
{
	double sum = 0, squares = 0, cubes = 0, fourths = 0, unit = 0;
	enum { DRAWS = 200000 };
	int inside = 0;
	struct rng r;

	rng_init(&r, 5, STR("test"), STR("normal"));
	for (int i = 0; i < DRAWS; i++) {
		double u = rng_unit(&r), v = rng_normal(&r);

		ck_assert(u > 0 && u < 1);
		unit += u;
		sum += v;
		squares += v * v;
		cubes += v * v * v;
		fourths += v * v * v * v;
		inside += fabs(v) < 1;
	}
	ck_assert_double_eq_tol(unit / DRAWS, 0.5, 5 * 0.2887 / sqrt(DRAWS));
	ck_assert_double_eq_tol(sum / DRAWS, 0, 5 / sqrt(DRAWS));
	ck_assert_double_eq_tol(squares / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
	ck_assert_double_eq_tol(cubes / DRAWS, 0, 5 * sqrt(15.0 / DRAWS));
	ck_assert_double_eq_tol(fourths / DRAWS, 3, 5 * sqrt(96.0 / DRAWS));
	ck_assert_double_eq_tol((double)inside / DRAWS, 0.6827, 5 * 0.466 / sqrt(DRAWS));
}
END_TEST

START_TEST(texts)
{
	char hex[33], uuid[RNG_UUID_SIZE];
	unsigned char bytes[64] = { 0 };
	int zeros = 0;
	struct rng r;

	rng_init(&r, 1, STR("a"), STR("b"));
	for (int i = 0; i < 200; i++) {
		rng_hex(&r, hex, 32);
		ck_assert_uint_eq(strlen(hex), 32);
		ck_assert_uint_eq(strspn(hex, "0123456789abcdef"), 32);
		rng_uuid(&r, uuid);
		ck_assert_uint_eq(strlen(uuid), 36);
		ck_assert_uint_eq(strspn(uuid, "0123456789abcdef-"), 36);
		ck_assert(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' &&
			  uuid[23] == '-');
		ck_assert_int_eq(uuid[14], '4');
		ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
	}
	rng_fill(&r, bytes, 63);
	for (int i = 0; i < 63; i++)
		zeros += bytes[i] == 0;
	ck_assert_int_lt(zeros, 5);
	ck_assert_uint_eq(bytes[63], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/rng");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, golden_values, 0, GOLDEN);
	tcase_add_loop_test(tc, even_shares, 0, 3);
	tcase_add_test(tc, streams_are_independent);
	tcase_add_test(tc, below_stays_below);
	tcase_add_test(tc, unit_and_normal);
	tcase_add_test(tc, texts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
