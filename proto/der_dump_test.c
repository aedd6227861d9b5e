/*
 * Goal: messages are shown with SGP.22's names, whatever else with its tags, and
 * what is no TLV is named with its place.
 * Oracle: the text written by hand.
 */
#include "proto/der_dump.h"
#include "proto/hex.h"

#include <check.h>
#include <stdlib.h>

static const struct { const char *hex, *text; } samples[] = {
	{ "BF3E035C015A", "BF3E GetEuiccData, 3 bytes\n  5C tagList: 5A\n" },
	{ "BF2D1CA01AE318" "5A0A984400000000000010F7" "9F700101" "91064D6F62696C65",
	  "BF2D ProfileInfoList, 28 bytes\n"
	  "  A0, 26 bytes\n"
	  "    E3 ProfileInfo, 24 bytes\n"
	  "      5A iccid: 984400000000000010F7  ICCID 8944000000000000017\n"
	  "      9F70 profileState: 01\n"
	  "      91 serviceProviderName: 4D6F62696C65  \"Mobile\"\n" },
	{ "BF415E" "A05C" "3017" "800D" "01020304050607080102030405" "810388370A" "820101"
	  "5F3740" "00000000000000000000000000000000" "00000000000000000000000000000000"
	  "00000000000000000000000000000000" "00000000000000000000000000000000",
	  "BF41 CancelSessionResponse, 94 bytes\n"
	  "  A0 cancelSessionResponseOk, 92 bytes\n"
	  "    30 euiccCancelSessionSigned, 23 bytes\n"
	  "      80 transactionId: 01020304050607080102030405\n"
	  "      81 smdpOid: 88370A\n"
	  "      82 reason: 01\n"
	  "    5F37 euiccCancelSessionSignature: 0000000000000000000000000000000000000000000000"
	  "000000000000000000... (64 bytes)\n" },
	{ "BF4103810105", "BF41 CancelSessionResponse, 3 bytes\n"
	  "  81 cancelSessionResponseError: 05\n" },
	{ "C1020102" "0C024142", "C1: 0102\n0C UTF8String: 4142  \"AB\"\n" },
	{ "5A1089049032000000000000000000000197",
	  "5A: 89049032000000000000000000000197  EID 89049032000000000000000000000197\n" },
	{ "", "" },
};

START_TEST(shown)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	struct str bytes;
	struct buf out;

	ck_assert_int_eq(hex_decode(&a, str_of(samples[_i].hex), &bytes, &err), 0);
	buf_init(&out, 1 << 16);
	ck_assert_msg(der_dump(bytes, false, &out, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(out.p ? out.p : "", samples[_i].text);
	buf_release(&out);
	arena_release(&a);
}
END_TEST

START_TEST(all_of_it)
{
	char bytes[42] = { 0x04, 40 };
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 1 << 16);
	ck_assert_int_eq(der_dump((struct str){ bytes, sizeof(bytes) }, true, &out, &err), 0);
	ck_assert_uint_eq(out.n, strlen("04 OCTET STRING: \n") + 80);
	buf_release(&out);
}
END_TEST

/* What stands before the trouble is shown. */
START_TEST(broken)
{
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 1 << 16);
	ck_assert_int_eq(der_dump(STR("\x0C\x02""AB\xBF\x3E\x05""A"), false, &out, &err), -1);
	ck_assert_str_eq(out.p, "0C UTF8String: 4142  \"AB\"\n");
	ck_assert_msg(strncmp(err.msg, "byte 4: ", 8) == 0, "%s", err.msg);
	/* Constructed by its tag, but not made of TLVs: as bytes. */
	buf_clear(&out);
	ck_assert_int_eq(der_dump(STR("\x30\x02\x05\x05"), false, &out, &err), 0);
	ck_assert_str_eq(out.p, "30 SEQUENCE: 0505\n");
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("der_dump");
	TCase *tc = tcase_create("der_dump");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, shown, 0, sizeof(samples) / sizeof(samples[0]));
	tcase_add_test(tc, all_of_it);
	tcase_add_test(tc, broken);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
