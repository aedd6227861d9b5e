/*
 * Goal: every message_code is documented, and none twice.
 * Method: docs/messages.md must hold the table as it is printed; rows are
 * compared with each other.
 */
#include "server/messages.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(documented)
{
	FILE *f = fopen("docs/messages.md", "r");
	struct buf want, got;
	char chunk[4096];
	size_t n;

	ck_assert_msg(f != NULL, "docs/messages.md: run this where it is");
	buf_init(&want, 1 << 20);
	buf_init(&got, 1 << 20);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&got, chunk, n);
	fclose(f);
	messages_print(&want);
	if (str_find(buf_view(&got), buf_view(&want)) < 0)
		ck_abort_msg("docs/messages.md is not up to date; its table is to be:\n%s",
			     want.p);
	buf_release(&want);
	buf_release(&got);
}
END_TEST

START_TEST(codes_are_words)
{
	for (int i = 0; i < MSG_COUNT; i++) {
		const char *code = message_code((enum message)i);

		ck_assert_int_gt((int)strlen(message_text((enum message)i)), 0);
		for (const char *p = code; *p; p++)
			ck_assert((*p >= 'a' && *p <= 'z') || *p == '_');
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(code, message_code((enum message)k));
	}
}
END_TEST

/* The words of docs/southbound.md, again. */
static const char *const results[][2] = {
	{ "iccidOrAidNotFound", "iccid_not_found" },
	{ "profileNotInDisabledState", "not_disabled" },
	{ "profileNotInEnabledState", "not_enabled" },
	{ "disallowedByPolicy", "disallowed_by_policy" },
	{ "wrongProfileReenabling", "wrong_reenabling" },
	{ "catBusy", "cat_busy" },
	{ "undefinedError", "undefined_error" },
	{ "downloadFailed", "download_failed" },
	{ "noNetwork", "no_network" },
	{ "memoryFull", "memory_full" },
	{ "duplicateIccid", "duplicate_iccid" },
	{ "interrupted", "interrupted" },
	{ "smdpUnreachable", "smdp_unreachable" },
	{ "smdpRefused", "smdp_refused" },
	{ "", "device_failed" },
	{ "MemoryFull", "device_failed" },
	{ "new one", "device_failed" },
};

START_TEST(words_of_the_device)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		ck_assert_str_eq(message_code(message_of_result(str_of(results[i][0]))),
				 results[i][1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/messages");
	TCase *tc = tcase_create("messages");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, documented);
	tcase_add_test(tc, codes_are_words);
	tcase_add_test(tc, words_of_the_device);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
