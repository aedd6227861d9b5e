/* Goal: a buffer holds what was added, never more than its maximum. */
#include "sim/buf.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(adding)
{
	struct buf b;

	buf_init(&b, 1000);
	ck_assert_str_eq(buf_view(&b).p, "");
	buf_z(&b, "ab");
	buf_char(&b, '\0');
	buf_str(&b, STR("cd"));
	buf_add(&b, NULL, 0);
	buf_printf(&b, "%d%s", 12, "x");
	ck_assert_uint_eq(b.n, 8);
	ck_assert_mem_eq(b.p, "ab\0cd12x", 9);
	buf_clear(&b);
	ck_assert_str_eq(b.p, "");
	ck_assert_uint_eq(buf_view(&b).n, 0);
	buf_release(&b);
	buf_z(&b, "again");
	ck_assert_str_eq(b.p, "again");
	buf_release(&b);
}
END_TEST

/* For every maximum and every size of a piece: all of it fits, or none. */
START_TEST(never_over_the_maximum)
{
	char piece[64];

	memset(piece, 'p', sizeof(piece));
	for (size_t max = 1; max < 200; max += 7)
		for (size_t size = 1; size <= sizeof(piece); size++)
			for (int printf_like = 0; printf_like < 2; printf_like++) {
				struct buf b;

				buf_init(&b, max);
				for (int i = 0; i < 300 && !b.over; i++) {
					if (printf_like)
						buf_printf(&b, "%.*s", (int)size, piece);
					else
						buf_add(&b, piece, size);
				}
				ck_assert(b.over);
				ck_assert_uint_eq(b.n, max / size * size);
				ck_assert_uint_eq(strlen(buf_view(&b).p), b.n);
				buf_char(&b, 'x');	/* a cut text stays cut */
				ck_assert_uint_eq(b.n, max / size * size);
				buf_clear(&b);
				ck_assert(!b.over);
				buf_release(&b);
			}
}
END_TEST

START_TEST(numbers)
{
	static const uint64_t v[] = { 0, 9, 10, 99, 100, 1234567890, UINT64_MAX };
	char expected[32];
	struct buf b;

	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		buf_clear(&b);
		buf_u64(&b, v[i]);
		snprintf(expected, sizeof(expected), "%" PRIu64, v[i]);
		ck_assert_str_eq(b.p, expected);
	}
	buf_release(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/buf");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, adding);
	tcase_add_test(tc, never_over_the_maximum);
	tcase_add_test(tc, numbers);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
