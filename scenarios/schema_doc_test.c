/*
 * Goal: docs/scenarios.md says what the tables say.
 * Method: the part behind its marker is the generated one, byte for byte;
 * every row has words of its own.  UPDATE=1 writes it anew.
 */
#include "scenarios/schema.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE "docs/scenarios.md"
#define MARK "renews it. -->\n"

static struct str read_page(char *text, size_t size)
{
	FILE *f = fopen(PAGE, "rb");
	size_t n;

	ck_assert_msg(f != NULL, "no %s: run from the top folder", PAGE);
	n = fread(text, 1, size, f);
	fclose(f);
	ck_assert(n < size);
	return (struct str){ text, n };
}

START_TEST(page_is_in_step)
{
	static char text[1 << 18];
	struct str page = read_page(text, sizeof(text)), found;
	ptrdiff_t mark = str_find(page, STR(MARK));
	struct buf expected;
	size_t head;

	ck_assert(mark > 0);
	head = (size_t)mark + strlen(MARK);
	buf_init(&expected, 1 << 18);
	schema_write_markdown(&expected);
	ck_assert(!expected.over);
	if (getenv("UPDATE")) {
		FILE *f = fopen(PAGE, "wb");

		ck_assert(f);
		fwrite(page.p, 1, head, f);
		fwrite(expected.p, 1, expected.n, f);
		fclose(f);
		page = (struct str){ text, head };
	} else {
		found = (struct str){ page.p + head, page.n - head };
		ck_assert_msg(str_eq(found, buf_view(&expected)),
			      "%s is not what the tables say; run this test with UPDATE=1",
			      PAGE);
	}
	buf_release(&expected);
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
