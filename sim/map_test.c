/* Goal: a map is what a list of pairs would be.  Method: random operations on
 * both, with few keys so that they collide, and with many. */
#include "sim/map.h"
#include "sim/rng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEYS_MAX = 3000 };

START_TEST(like_a_list)
{
	static char names[KEYS_MAX][16];
	static void *naive[KEYS_MAX];
	size_t keys = _i == 0 ? 7 : KEYS_MAX, count = 0;
	struct map m = { 0 };
	struct rng rng;

	memset(naive, 0, sizeof(naive));
	rng_init(&rng, (uint64_t)_i, STR("map"), STR("test"));
	for (size_t i = 0; i < keys; i++)
		snprintf(names[i], sizeof(names[i]), "key-%zu", i);
	for (int step = 0; step < 60000; step++) {
		size_t k = rng_below(&rng, keys);
		struct str key = str_of(names[k]);
		void *value = &names[rng_below(&rng, keys)];

		switch (rng_below(&rng, 3)) {
		case 0:
			count += naive[k] == NULL;
			naive[k] = value;
			map_put(&m, key, value);
			break;
		case 1:
			count -= naive[k] != NULL;
			ck_assert_ptr_eq(map_take(&m, key), naive[k]);
			naive[k] = NULL;
			break;
		default:
			ck_assert_ptr_eq(map_get(&m, key), naive[k]);
		}
		ck_assert_uint_eq(m.count, count);
	}
	for (size_t k = 0; k < keys; k++)
		ck_assert_ptr_eq(map_get(&m, str_of(names[k])), naive[k]);
	map_release(&m);
	ck_assert_ptr_null(map_get(&m, STR("key-1")));
	ck_assert_ptr_null(map_take(&m, STR("key-1")));
}
END_TEST

START_TEST(keys_with_any_bytes)
{
	struct map m = { 0 };
	int one, two, three;

	map_put(&m, STR("a\0b"), &one);
	map_put(&m, STR("a\0c"), &two);
	map_put(&m, STR(""), &three);
	ck_assert_ptr_eq(map_get(&m, STR("a\0b")), &one);
	ck_assert_ptr_eq(map_get(&m, STR("a\0c")), &two);
	ck_assert_ptr_eq(map_get(&m, STR("")), &three);
	ck_assert_ptr_null(map_get(&m, STR("a")));
	map_release(&m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/map");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, like_a_list, 0, 2);
	tcase_add_test(tc, keys_with_any_bytes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
