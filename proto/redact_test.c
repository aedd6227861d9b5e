/* Goal: the secret part of an activation code is gone, whatever stands round
 * it, and nothing else is touched. */
#include "proto/redact.h"

#include <check.h>
#include <stdlib.h>

static const char *const cases[][2] = {
	{ "", "" },
	{ "costs $1$ or 1$2", "costs $1$ or 1$2" },
	{ "LPA:1$smdp.example.com$SECRET", "LPA:1$smdp.example.com$***" },
	{ "1$smdp.example.com$SECRET$$1", "1$smdp.example.com$***" },
	{ "LPA:1$smdp.example.com:8443$S", "LPA:1$smdp.example.com:8443$*" },
	{ "LPA:1$smdp.example.com$", "LPA:1$smdp.example.com$" },
	{ "{\"code\":\"LPA:1$a.b$XYZW\",\"n\":1}", "{\"code\":\"LPA:1$a.b$***\",\"n\":1}" },
	{ "1$a$XYZW and 1$b$ABCD", "1$a$*** and 1$b$***" },
	{ "query=%27LPA%3A1%24a.b%24XYZW%27&size=1", "query=%27LPA%3A1%24a.b%24***&size=1" },
	{ "code=1%24a.b%24XYZW&size=1", "code=1%24a.b%24***&size=1" },
	{ "%271%24a.b%24XYZW", "%271%24a.b%24***" },
	{ "LPA:1%24a.b$XYZW", "LPA:1%24a.b$***" },
	{ "100%24 is 1%24", "100%24 is 1%24" },
	{ "x1$a$b", "x1$a$b" },
	{ "%24", "%24" },
};

START_TEST(texts)
{
	struct buf line;

	buf_init(&line, 1000);
	buf_z(&line, cases[_i][0]);
	ck_assert_int_eq(redact_finds(buf_view(&line)),
			 strcmp(cases[_i][0], cases[_i][1]) != 0);
	redact_secrets(&line);
	ck_assert_str_eq(line.p ? line.p : "", cases[_i][1]);
	buf_release(&line);
}
END_TEST

static const char *const words[][2] = {
	{ "", "" },
	{ "S3", "**" },
	{ "S3 is not S3.", "** is not **." },
	{ "XS3 S3X S33 s3 S", "XS3 S3X S33 s3 S" },
	{ "(S3)S3-S3", "(**)**-**" },
};

START_TEST(known_words)
{
	struct buf line;

	buf_init(&line, 1000);
	buf_z(&line, words[_i][0]);
	redact_word(&line, STR("S3"));
	ck_assert_str_eq(line.p ? line.p : "", words[_i][1]);
	redact_word(&line, STR(""));
	ck_assert_str_eq(line.p ? line.p : "", words[_i][1]);
	buf_clear(&line);
	buf_z(&line, "the code is M-1$x.");
	redact_word(&line, STR("M-1$x"));
	ck_assert_str_eq(line.p, "the code is ***.");
	buf_release(&line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/redact");
	TCase *tc = tcase_create("redact");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, texts, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(tc, known_words, 0, (int)(sizeof(words) / sizeof(words[0])));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
