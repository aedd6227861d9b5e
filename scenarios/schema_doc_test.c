/*
 * Goal: docs/scenarios.md says what the tables say.
 * Method: the part behind its marker is the generated one, byte for byte;
 * every row has words of its own.  UPDATE=1 writes it anew.
 */
#include "scenarios/schema.h"
#include "sim/golden_test.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE "docs/scenarios.md"
#define MARK "renews it. -->\n"

/* What stands before the mark is written by hand. */
START_TEST(page_is_in_step)
{
	struct buf page, want;
	ptrdiff_t mark;

	golden_read(&page, PAGE);
	mark = str_find(buf_view(&page), STR(MARK));
	ck_assert(mark > 0);
	buf_init(&want, 1 << 19);
	buf_add(&want, page.p, (size_t)mark + strlen(MARK));
	schema_write_markdown(&want);
	ck_assert(!want.over);
	golden_check(PAGE, buf_view(&want), "UPDATE");
	buf_release(&page);
	buf_release(&want);
}
END_TEST

START_TEST(every_key_is_explained)
{
	for (size_t i = 0; i < schema_count; i++) {
		const struct schema *s = schema_list[i];

		ck_assert_msg(s->help && *s->help, "%s", s->name);
		for (size_t k = 0; k < s->key_count; k++) {
			ck_assert_ptr_nonnull(s->keys[k].help);
			ck_assert_msg(*s->keys[k].help, "%s: %s", s->name, s->keys[k].name);
			ck_assert_msg(s->keys[k].kind != KEY_CUSTOM || s->keys[k].takes,
				      "%s: %s", s->name, s->keys[k].name);
			for (size_t other = 0; other < k; other++)
				ck_assert_str_ne(s->keys[k].name, s->keys[other].name);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/schema_doc");
	TCase *tc = tcase_create("doc");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, page_is_in_step);
	tcase_add_test(tc, every_key_is_explained);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
