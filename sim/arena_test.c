/* Goal: memory is zeroed, aligned, apart from all other, and given back. */
#include "sim/arena.h"

#include <check.h>
#include <stdalign.h>
#include <stdlib.h>

/* Fill each allocation with its own byte; none may touch another. */
START_TEST(allocations_do_not_overlap)
{
	enum { COUNT = 300 };
	unsigned char *at[COUNT];
	struct arena a = { 0 };

	for (size_t i = 0; i < COUNT; i++) {
		size_t size = i * i % 977;

		at[i] = arena_alloc(&a, size);
		ck_assert_uint_eq((uintptr_t)at[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < size; k++)
			ck_assert_uint_eq(at[i][k], 0);
		memset(at[i], (int)(i % 251), size);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < i * i % 977; k++)
			ck_assert_uint_eq(at[i][k], i % 251);
	arena_release(&a);
	ck_assert_uint_eq(arena_size(&a), 0);
}
END_TEST

START_TEST(cleared_memory_is_zero_again)
{
	struct arena a = { 0 };
	size_t kept;
	char *p;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 50; i++) {
			p = arena_alloc(&a, 1000);
			for (int k = 0; k < 1000; k++)
				ck_assert_int_eq(p[k], 0);
			memset(p, 0xAA, 1000);
		}
		arena_clear(&a);
		kept = arena_size(&a);
		ck_assert_uint_gt(kept, 0);
	}
	arena_clear(&a);
	ck_assert_uint_eq(arena_size(&a), kept);	/* it settles */
	arena_release(&a);
	arena_clear(&a);
	arena_release(&a);
}
END_TEST

START_TEST(large_and_empty)
{
	struct arena a = { 0 };
	char *big = arena_alloc(&a, 5 << 20), *none = arena_alloc(&a, 0);

	big[0] = big[(5 << 20) - 1] = 1;
	ck_assert_ptr_ne(none, arena_alloc(&a, 0));
	ck_assert_uint_ge(arena_size(&a), 5 << 20);
	arena_release(&a);
}
END_TEST

START_TEST(strings)
{
	struct arena a = { 0 };
	struct str s = arena_str(&a, STR("a\0b"));

	ck_assert_uint_eq(s.n, 3);
	ck_assert_mem_eq(s.p, "a\0b", 4);	/* and a NUL behind */
	ck_assert_ptr_nonnull(arena_str(&a, STR_NONE).p);
	ck_assert_str_eq(arena_strdup(&a, "xyz"), "xyz");
	s = arena_printf(&a, "%d-%s-%0200d", 5, "x", 1);
	ck_assert_uint_eq(s.n, 204);
	ck_assert_uint_eq(strlen(s.p), 204);
	ck_assert_uint_eq(arena_printf(&a, "%s", "").n, 0);
	arena_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/arena");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, allocations_do_not_overlap);
	tcase_add_test(tc, cleared_memory_is_zero_again);
	tcase_add_test(tc, large_and_empty);
	tcase_add_test(tc, strings);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
