/*
 * Goal: EIDs are told apart by form and by check digits, and made valid ones.
 * Oracle: numbers whose check digits were computed with Python's integers
 * (98 - n * 100 % 97), and the rule that the whole mod 97 is 1.
 */
#include "proto/eid.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *text;
	bool well_formed, valid;
} cases[] = {
	{ "89049032000000000000000000000163", true, true },
	{ "89049032000000000000012345678946", true, true },
	{ "89033023000000000000000000424256", true, true },
	{ "89049032000000000000000000000164", true, false },
	{ "89049032000000000000000000001063", true, false },
	{ "89049032123451234512345678901235", true, true },	/* SGP.02, 2.2.2 */
	{ "8904903200000000000000000000016", false, false },
	{ "890490320000000000000000000001630", false, false },
	{ "8904903200000000000000000000016A", false, false },
	{ "", false, false },
};

START_TEST(form_and_check)
{
	struct str s = str_of(cases[_i].text);

	ck_assert_msg(eid_well_formed(s) == cases[_i].well_formed, "%s", s.p);
	ck_assert_msg(eid_valid(s) == cases[_i].valid, "%s", s.p);
}
END_TEST

START_TEST(made)
{
	char eid[EID_SIZE];

	eid_make(eid, STR("89049032"), 1);
	ck_assert_str_eq(eid, "89049032000000000000000000000163");
	eid_make(eid, STR("89049032"), 123456789);
	ck_assert_str_eq(eid, "89049032000000000000012345678946");
	eid_make(eid, STR("89033023"), 4242);
	ck_assert_str_eq(eid, "89033023000000000000000000424256");
	for (uint64_t i = 0; i < 1000; i++) {
		eid_make(eid, STR("89049032"), i * i * 7919);
		ck_assert_msg(eid_valid(str_of(eid)), "%s", eid);
	}
	/* A serial that is too long loses its leading digits. */
	eid_make(eid, STR("89049032000000000000000000000"), 17);
	ck_assert_int_eq(strncmp(eid, "890490320000000000000000000007", 30), 0);
}
END_TEST

START_TEST(packed)
{
	static const unsigned char want[EID_BYTES] = {
		0x89, 0x04, 0x90, 0x32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x63,
	};
	unsigned char bytes[EID_BYTES];
	char eid[EID_SIZE];

	eid_pack(bytes, STR("89049032000000000000000000000163"));
	ck_assert_mem_eq(bytes, want, sizeof(want));
	ck_assert_int_eq(eid_unpack(eid, (struct str){ (char *)bytes, 16 }), 0);
	ck_assert_str_eq(eid, "89049032000000000000000000000163");
	bytes[3] = 0x3A;
	ck_assert_int_eq(eid_unpack(eid, (struct str){ (char *)bytes, 16 }), -1);
	ck_assert_int_eq(eid_unpack(eid, (struct str){ (char *)bytes, 15 }), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/eid");
	TCase *tc = tcase_create("eid");
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
