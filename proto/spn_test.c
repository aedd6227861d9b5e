/*
 * Goal: names that people take for one are one, others are not, and no bytes
 * upset the algorithm.
 * Method: a table of carriers' names with the form that the rules of spn.h
 * give, worked out by hand; and properties over all of it.
 */
#include "proto/spn.h"

#include "sim/rng.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *name, *normal;
} cases[] = {
	{ "Mobile", "mobile" },
	{ "Fred's Fast Wireless Service", "freds fast wireless service" },
	{ "Fred\xE2\x80\x99s Fast Wireless Service", "freds fast wireless service" },
	{ "  AT&T ", "att" },
	{ "AT & T", "at t" },
	{ "T-Mobile", "tmobile" },
	{ "T\xE2\x80\x91Mobile", "tmobile" },		/* non-breaking hyphen */
	{ "T\xC2\xADMobile", "tmobile" },		/* soft hyphen */
	{ "Verizon  Wireless", "verizon wireless" },
	{ "VERIZON\tWIRELESS\r\n", "verizon wireless" },
	{ "Verizon\xC2\xA0Wireless", "verizon wireless" },	/* no-break space */
	{ "Sprint\xE2\x84\xA2", "sprint" },
	{ "Vodafone\xC2\xAE", "vodafone" },
	{ "O2", "o2" },
	{ "O\xE2\x82\x82", "o2" },			/* subscript two */
	{ "\xEF\xBC\xAB\xEF\xBC\xA4\xEF\xBC\xA4\xEF\xBC\xA9", "kddi" },	/* full width */
	{ "Telef\xC3\xB3nica", "telef\xC3\xB3nica" },
	{ "TELEFO\xCC\x81NICA", "telef\xC3\xB3nica" },	/* combining acute */
	{ "Telefonica", "telefonica" },
	{ "Stra\xC3\x9F" "e Mobil", "strasse mobil" },
	{ "\xCE\x9A\xCE\x9F\xCE\xA3\xCE\x9C\xCE\x9F\xCE\xA3",	/* KOSMOS in Greek */
	  "\xCE\xBA\xCE\xBF\xCF\x83\xCE\xBC\xCE\xBF\xCF\x83" },
	{ "\xD0\x91\xD0\x98\xD0\x9B\xD0\x90\xD0\x99\xD0\x9D",	/* BILAYN in Cyrillic */
	  "\xD0\xB1\xD0\xB8\xD0\xBB\xD0\xB0\xD0\xB9\xD0\xBD" },
	{ "\xE4\xB8\xAD\xE5\x9B\xBD\xE7\xA7\xBB\xE5\x8A\xA8",	/* China Mobile */
	  "\xE4\xB8\xAD\xE5\x9B\xBD\xE7\xA7\xBB\xE5\x8A\xA8" },
	{ "1&1 Drillisch", "11 drillisch" },
	{ "Three+", "three+" },
	{ "3 (Hutchison)", "3 hutchison" },
	{ "\"Quoted, Inc.\"", "quoted inc" },
	{ "Free\nMobile", "free mobile" },
	{ "Orange\xFF", "orange\xEF\xBF\xBD" },
	{ "Cut caf\xC3", "cut caf\xEF\xBF\xBD" },
	{ "a\xE2\x80\x8B" "b", "ab" },			/* zero-width space */
	{ "o-\xCC\x81", "\xC3\xB3" },			/* composes once the hyphen is gone */
	{ "", "" },
	{ " \t ", "" },
	{ "!?...", "" },
};

static void check_str(struct str got, const char *want, const char *what)
{
	ck_assert_msg(str_is(got, want), "%s: expected '%s', got '%.*s'", what,
		      want, STRF(got));
}

START_TEST(names)
{
	struct arena a = { 0 };
	struct str once = spn_normalize(&a, str_of(cases[_i].name));

	check_str(once, cases[_i].normal, cases[_i].name);
	check_str(spn_normalize(&a, once), cases[_i].normal, "again");
	arena_release(&a);
}
END_TEST

START_TEST(ascii_takes_no_other_way)
{
	/* A CJK character takes the long way and stands for itself. */
	static const char tail[] = "\xE4\xB8\xAD";
	struct arena a = { 0 };

	for (int c = 1; c < 128; c++) {
		char s[] = { 'x', (char)c, 'y', 0 };
		struct str fast = spn_normalize(&a, str_of(s));
		struct str slow = spn_normalize(&a,
				arena_printf(&a, "%s%s", s, tail));

		ck_assert_msg(str_eq(arena_printf(&a, "%.*s%s", STRF(fast), tail),
				     slow), "character %d", c);
	}
	arena_release(&a);
}
END_TEST

START_TEST(any_bytes)
{
	struct rng rng;
	char bytes[40];

	rng_init(&rng, 1, STR("test"), STR("bytes"));
	for (int i = 0; i < 3000; i++) {
		struct arena a = { 0 };
		struct str once, in = { bytes, rng_below(&rng, sizeof(bytes)) };

		rng_fill(&rng, bytes, in.n);
		once = spn_normalize(&a, in);
		ck_assert(str_is_utf8(once));
		ck_assert(str_eq(spn_normalize(&a, once), once));
		ck_assert(str_is_utf8(spn_fold(&a, in)));
		arena_release(&a);
	}
}
END_TEST

START_TEST(folding_keeps_all_but_case)
{
	struct arena a = { 0 };

	check_str(spn_fold(&a, STR("  Fred's  X-1 ")), "  fred's  x-1 ", "ascii");
	check_str(spn_fold(&a, STR("\xC3\x89t\xC3\x89!")), "\xC3\xA9t\xC3\xA9!", "latin");
	check_str(spn_fold(&a, STR("a\xFFZ")), "a\xEF\xBF\xBDz", "not UTF-8");
	arena_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/spn");
	TCase *tc = tcase_create("names");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, names, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, ascii_takes_no_other_way);
	tcase_add_test(tc, any_bytes);
	tcase_add_test(tc, folding_keeps_all_but_case);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
