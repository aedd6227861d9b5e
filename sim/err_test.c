/* Goal: a message is never longer than its room, and keeps its beginning. */
#include "sim/err.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(set_and_prefix)
{
	struct err err = { 0 };

	ck_assert_int_eq(err_set(&err, ERR_STATE, "%d of %s", 3, "them"), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	ck_assert_str_eq(err.msg, "3 of them");
	ck_assert_int_eq(err_prefix(&err, "file %d", 7), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	ck_assert_str_eq(err.msg, "file 7: 3 of them");
}
END_TEST

START_TEST(long_messages_are_cut)
{
	char text[1000];
	struct err err = { 0 };

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_IO, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
	err_prefix(&err, "before");
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
	ck_assert_int_eq(strncmp(err.msg, "before: xxx", 11), 0);
	err_prefix(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
	ck_assert_int_eq(err.msg[0], 'x');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/err");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, set_and_prefix);
	tcase_add_test(tc, long_messages_are_cut);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
