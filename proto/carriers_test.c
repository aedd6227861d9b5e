/*
 * Goal: docs/carriers.md says what the algorithm does.
 * Method: each row of its tables, a name and its form, is worked out again.
 */
#include "proto/spn.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static int check_row(struct str line, struct arena *a)
{
	struct str name, form, got;

	str_split(&line, '`');
	name = str_split(&line, '`');
	str_split(&line, '`');
	form = str_split(&line, '`');
	if (!form.p)
		return 0;
	got = spn_normalize(a, name);
	ck_assert_msg(str_eq(got, form), "'%.*s': the page says '%.*s', it is '%.*s'",
		      STRF(name), STRF(form), STRF(got));
	return 1;
}

START_TEST(page_is_true)
{
	FILE *f = fopen("docs/carriers.md", "r");
	struct arena a = { 0 };
	char line[1024];
	int rows = 0;

	ck_assert_msg(f != NULL, "docs/carriers.md: run this where it is");
	while (fgets(line, sizeof(line), f))
		if (str_starts(str_of(line), STR("| `")))
			rows += check_row(str_of(line), &a);
	fclose(f);
	ck_assert_int_ge(rows, 40);
	arena_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/carriers");
	TCase *tc = tcase_create("carriers");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, page_is_true);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
