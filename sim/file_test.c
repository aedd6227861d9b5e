/* Goal: a file comes whole or not at all, and what is wrong is said with its name. */
#include "sim/file.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIZE = 40000 };		/* more than one block */

static void make(char path[], size_t size)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(write(fd, &"abcdefg"[i % 7], 1), 1);
	close(fd);
}

START_TEST(whole)
{
	char path[] = "/tmp/file_test.XXXXXX";
	struct err err = { 0 };
	struct buf b;

	make(path, SIZE);
	buf_init(&b, SIZE + 1);
	buf_char(&b, '!');
	ck_assert_int_eq(file_read(path, &b, &err), 0);
	ck_assert_uint_eq(b.n, SIZE + 1);
	for (size_t i = 0; i < SIZE; i++)
		ck_assert_int_eq(b.p[i + 1], "abcdefg"[i % 7]);
	buf_release(&b);
	buf_init(&b, SIZE - 1);
	ck_assert_int_eq(file_read(path, &b, &err), -1);
	ck_assert_int_eq(err.code, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert_ptr_nonnull(strstr(err.msg, "longer than 39999 bytes"));
	buf_release(&b);
	unlink(path);
}
END_TEST

START_TEST(what_cannot_be_read)
{
	static const struct { const char *path, *says; enum err_code code; } rows[] = {
		{ "/nowhere/at/all", "/nowhere/at/all: No such file or directory", ERR_IO },
		{ "/tmp", "/tmp: Is a directory", ERR_IO },
		{ "/dev/zero", "/dev/zero: longer than 100000 bytes", ERR_LIMIT },
	};
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 100000);
	ck_assert_int_eq(file_read(rows[_i].path, &b, &err), -1);
	ck_assert_int_eq(err.code, rows[_i].code);
	ck_assert_str_eq(err.msg, rows[_i].says);
	buf_release(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/file");
	TCase *tc = tcase_create("file");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, whole);
	tcase_add_loop_test(tc, what_cannot_be_read, 0, 3);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
