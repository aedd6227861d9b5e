/* Goal: what is in is found, and nothing else, while the table grows and
 * shrinks. */
#include "eis/index.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct thing {
	struct index_node node;
	char name[16];
};

static struct str name_of(const struct index_node *n)
{
	return str_of(((const struct thing *)n)->name);
}

enum { THINGS = 5000 };

START_TEST(finds_what_is_in)
{
	struct thing *things = calloc(THINGS, sizeof(*things));
	struct index ix;

	ck_assert_ptr_nonnull(things);
	index_init(&ix, 42, name_of);
	ck_assert_ptr_null(index_find(&ix, STR("n0")));
	for (int i = 0; i < THINGS; i++) {
		snprintf(things[i].name, sizeof(things[i].name), "n%d", i);
		index_add(&ix, &things[i].node);
	}
	ck_assert_uint_eq(ix.count, THINGS);
	for (int i = 0; i < THINGS; i += 3)
		index_remove(&ix, &things[i].node);
	for (int i = 0; i < THINGS; i++)
		ck_assert_ptr_eq(index_find(&ix, str_of(things[i].name)),
				 i % 3 == 0 ? NULL : &things[i].node);
	ck_assert_ptr_null(index_find(&ix, STR("n5000")));
	ck_assert_ptr_null(index_find(&ix, STR_NONE));
	ck_assert_uint_eq(ix.count, THINGS - (THINGS + 2) / 3);
	index_release(&ix);
	free(things);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eis/index");
	TCase *tc = tcase_create("index");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, finds_what_is_in);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
