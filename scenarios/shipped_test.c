/*
 * Goal: the program carries the checks as they are in the tree, and reads
 * them from anywhere.
 * Method: each file in the program against the one on disk, both ways; a walk
 * over the tree by other means (find's own order does not matter: counted);
 * then from another directory, also with all that the demos include.
 */
#include "scenarios/shipped.h"
#include "scenarios/scenario.h"
#include "scenarios/yaml.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t on_disk, missing;

static int visit(const char *path, const struct stat *st, int kind)
{
	struct shipped_file file;

	(void)st;
	if (kind != FTW_F || !str_ends(str_of(path), STR(".yaml")))
		return 0;
	on_disk++;
	if (!shipped_find(path, &file)) {
		fprintf(stderr, "%s is not in the program\n", path);
		missing++;
	}
	return 0;
}

START_TEST(all_that_is_in_the_tree)
{
	on_disk = missing = 0;
	ck_assert_int_eq(ftw("conformance/suites", visit, 8), 0);
	ck_assert_uint_gt(on_disk, 0);
	ck_assert_uint_eq(missing, 0);
}
END_TEST

START_TEST(nothing_else)
{
	struct shipped_file file;
	struct str before = STR_NONE;
	size_t at = 0, count = 0;
	bool ledger = false;

	while (shipped_next(&at, &file)) {
		char path[600], *text;
		FILE *f;

		snprintf(path, sizeof(path), "%.*s", STRF(file.path));
		f = fopen(path, "rb");
		ck_assert_msg(f != NULL, "%s is in the program and not in the tree", path);
		text = malloc(file.text.n + 1);
		ck_assert_uint_eq(fread(text, 1, file.text.n + 1, f), file.text.n);
		ck_assert_msg(memcmp(text, file.text.p, file.text.n) == 0,
			      "%s differs: build again", path);
		free(text);
		fclose(f);
		ledger |= str_is(file.path, "conformance/requirements.yaml");
		if (before.p)
			ck_assert(!str_eq(before, file.path));
		before = file.path;
		count++;
	}
	ck_assert(ledger);
	ck_assert_uint_ge(count, 2);
}
END_TEST

START_TEST(paths)
{
	static const char *const same[] = {
		"conformance/requirements.yaml", "./conformance/requirements.yaml",
		"conformance//requirements.yaml", "conformance/suites/../requirements.yaml",
		"x/../conformance/./requirements.yaml",
	};
	static const char *const none[] = {
		"", "requirements.yaml", "conformance", "conformance/requirements.yam",
		"conformance/requirements.yamlx", "/conformance/requirements.yaml",
		"../conformance/requirements.yaml", "x/../../conformance/requirements.yaml",
	};
	struct shipped_file file;
	char longest[2000];

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		ck_assert_msg(shipped_find(same[i], &file), "%s", same[i]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(!shipped_find(none[i], &file), "%s", none[i]);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert(!shipped_find(longest, &file));
}
END_TEST

START_TEST(from_anywhere)
{
	struct arena a = { 0 };
	struct diag d;
	const struct source *here, *there;
	char cwd[4096];

	diag_init(&d, &a);
	here = yaml_read("conformance/requirements.yaml", (struct pos){ 0 }, &a, &d);
	ck_assert_ptr_nonnull(here);
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	ck_assert_int_eq(chdir("/"), 0);
	there = yaml_read("conformance/suites/../requirements.yaml", (struct pos){ 0 },
			  &a, &d);
	ck_assert_int_eq(chdir(cwd), 0);
	ck_assert_ptr_nonnull(there);
	ck_assert(str_eq(here->text, there->text));
	ck_assert_int_eq(there->text.p[there->text.n], '\0');
	ck_assert_ptr_null(yaml_read("conformance/nothing.yaml", (struct pos){ 0 }, &a, &d));
	arena_release(&a);
}
END_TEST

/* The name of a file from which others include is no story's: _world.yaml. */
static bool is_story(struct str path)
{
	struct str folder = STR("scenarios/demo/");

	return str_starts(path, folder) && path.p[folder.n] != '_';
}

START_TEST(stories_from_anywhere)
{
	struct arena a = { 0 };
	struct shipped_file shipped;
	struct scenario_file file;
	struct diag d;
	size_t at = 0, stories = 0;
	char cwd[4096];

	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	ck_assert_int_eq(chdir("/"), 0);
	while (shipped_next(&at, &shipped)) {
		if (!is_story(shipped.path))
			continue;
		diag_init(&d, &a);
		ck_assert_msg(scenario_load(arena_str(&a, shipped.path).p, &a, &file, &d) == 0,
			      "%.*s", STRF(shipped.path));
		stories++;
	}
	ck_assert_int_eq(chdir(cwd), 0);
	ck_assert_uint_eq(stories, 5);
	arena_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/shipped");
	TCase *tc = tcase_create("shipped");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, all_that_is_in_the_tree);
	tcase_add_test(tc, nothing_else);
	tcase_add_test(tc, paths);
	tcase_add_test(tc, from_anywhere);
	tcase_add_test(tc, stories_from_anywhere);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
