/*
 * Goal: ICCIDs are told apart by form and by Luhn digit, and coded as on the
 * wire.  Oracle: digits computed by hand and with Python.
 */
#include "proto/iccid.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *text;
	bool well_formed, valid;
} cases[] = {
	{ "8944000000000000019", true, true },
	{ "8944000000001234567", true, true },
	{ "8949999999999999994", true, true },
	{ "8944000000000000018", true, false },
	{ "8944000000000000109", true, false },
	/* Of 20 digits the 8 and the first 4 count double: 7+9+8+4+2 = 30. */
	{ "89440000000000000002", true, true },
	{ "89440000000000000001", true, false },
	{ "894400000000000001", false, false },
	{ "894400000000000000190", false, false },
	{ "894400000000000001x", false, false },
	{ "", false, false },
};

START_TEST(form_and_check)
{
	struct str s = str_of(cases[_i].text);

	ck_assert_msg(iccid_well_formed(s) == cases[_i].well_formed, "%s", s.p);
	ck_assert_msg(iccid_valid(s) == cases[_i].valid, "%s", s.p);
}
END_TEST

START_TEST(made)
{
	char iccid[ICCID_SIZE];

	iccid_make(iccid, STR("8944"), 1);
	ck_assert_str_eq(iccid, "8944000000000000019");
	iccid_make(iccid, STR("894400"), 123456);
	ck_assert_str_eq(iccid, "8944000000001234567");
	iccid_make(iccid, STR("8949"), 99999999999999);
	ck_assert_str_eq(iccid, "8949999999999999994");
	for (uint64_t i = 0; i < 1000; i++) {
		iccid_make(iccid, STR("8944"), i * 104729);
		ck_assert_msg(iccid_valid(str_of(iccid)), "%s", iccid);
	}
}
END_TEST

static void round_trip(const char *text, const unsigned char want[ICCID_BYTES])
{
	unsigned char bytes[ICCID_BYTES];
	char back[ICCID_SIZE];

	iccid_pack(bytes, str_of(text));
	ck_assert_mem_eq(bytes, want, ICCID_BYTES);
	ck_assert_int_eq(iccid_unpack(back, (struct str){ (char *)bytes, 10 }), 0);
	ck_assert_str_eq(back, text);
}

START_TEST(packed)
{
	static const unsigned char of19[] = {
		0x98, 0x44, 0, 0, 0, 0, 0x21, 0x43, 0x65, 0xF7,
	};
	static const unsigned char of20[] = {
		0x98, 0x44, 0, 0, 0, 0, 0x21, 0x43, 0x65, 0x87,
	};
	unsigned char bad[ICCID_BYTES];
	char text[ICCID_SIZE];

	round_trip("8944000000001234567", of19);
	round_trip("89440000000012345678", of20);
	memcpy(bad, of19, sizeof(bad));
	bad[4] = 0xF0;		/* filler in the middle */
	ck_assert_int_eq(iccid_unpack(text, (struct str){ (char *)bad, 10 }), -1);
	ck_assert_int_eq(iccid_unpack(text, (struct str){ (char *)of19, 9 }), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/iccid");
	TCase *tc = tcase_create("iccid");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, form_and_check, 0,
			    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, made);
	tcase_add_test(tc, packed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
