/* Goal: text with any bytes in it, none of them trusted. */
#include "sim/str.h"

#include <check.h>
#include <stdlib.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(comparing)
{
	struct str nul = STR("a\0b");

	ck_assert(str_eq(nul, (struct str){ "a\0b", 3 }));
	ck_assert(!str_eq(nul, STR("a\0c")));
	ck_assert(!str_eq(nul, STR("a")));
	ck_assert(str_eq(STR_NONE, STR("")));
	ck_assert(str_is(STR("x"), "x") && !str_is(STR("x"), "xy"));
	ck_assert(str_ieq(STR("Content-TYPE"), STR("cONTENT-type")));
	/* Only letters fold: '@' is not '`', '[' not '{'. */
	ck_assert(!str_ieq(STR("@["), STR("`{")));
	ck_assert(!str_ieq(STR("\xC4"), STR("\xE4")));
	ck_assert(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")));
	ck_assert(!str_starts(STR("ab"), STR("abc")));
	ck_assert(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
	ck_assert(str_of(NULL).p == NULL);
}
END_TEST

START_TEST(finding_and_cutting)
{
	struct str s = STR("a,,b");

	ck_assert_int_eq(str_find(STR("hello"), STR("l")), 2);
	ck_assert_int_eq(str_find(STR("hello"), STR("lo")), 3);
	ck_assert_int_eq(str_find(STR("hello"), STR("")), 0);
	ck_assert_int_eq(str_find(STR("he"), STR("hel")), -1);
	ck_assert_int_eq(str_find(STR("a\0b"), STR("\0b")), 1);
	ck_assert(str_eq(str_split(&s, ','), STR("a")));
	ck_assert(str_eq(str_split(&s, ','), STR("")));
	ck_assert(str_eq(str_split(&s, ','), STR("b")));
	ck_assert_ptr_null(s.p);
	s = STR("a,");
	str_split(&s, ',');
	ck_assert_ptr_nonnull(s.p);	/* there is one more, and it is empty */
	ck_assert_uint_eq(str_split(&s, ',').n, 0);
	ck_assert_ptr_null(s.p);
	ck_assert(str_eq(str_trim(STR(" \t\r\n x y \n")), STR("x y")));
	ck_assert_uint_eq(str_trim(STR(" \n ")).n, 0);
	ck_assert_uint_eq(str_trim(STR_NONE).n, 0);
}
END_TEST

static const struct {
	const char *text;
	uint64_t max;
	int rc;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 0, 0 }, { "1", 0, -1, 0 }, { "007", 9, 0, 7 }, { "", 9, -1, 0 },
	{ "-1", 9, -1, 0 }, { "+1", 9, -1, 0 }, { " 1", 9, -1, 0 }, { "1x", 99, -1, 0 },
	{ "10", 9, -1, 0 }, { "9", 9, 0, 9 }, { "99", 99, 0, 99 }, { "100", 99, -1, 0 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -1, 0 },
	{ "99999999999999999999999999", UINT64_MAX, -1, 0 },
	{ "9223372036854775808", INT64_MAX, -1, 0 }, { "1/", 99, -1, 0 },
	{ "1:", 99, -1, 0 }, { "5", 4, -1, 0 }, { "3", 4, 0, 3 },
};

START_TEST(decimal_numbers)
{
	uint64_t v = 12345;

	ck_assert_int_eq(str_to_u64(str_of(numbers[_i].text), numbers[_i].max, &v),
			 numbers[_i].rc);
	ck_assert_uint_eq(v, numbers[_i].rc == 0 ? numbers[_i].value : 12345);
}
END_TEST

/* RFC 3629, written again as a decoder of code points. */
static bool decodes(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t more = p[i] < 0x80 ? 0 : (p[i] & 0xE0) == 0xC0 ? 1 :
			      (p[i] & 0xF0) == 0xE0 ? 2 : (p[i] & 0xF8) == 0xF0 ? 3 : 9;
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
		uint32_t v;

		if (more == 9 || i + more >= n)
			return false;
		v = more ? p[i] & (0x3Fu >> more) : p[i];
		for (size_t k = 1; k <= more; k++) {
			if ((p[i + k] & 0xC0) != 0x80)
				return false;
			v = v << 6 | (p[i + k] & 0x3F);
		}
		if (v < least[more] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
			return false;
		i += more + 1;
	}
	return true;
}

START_TEST(utf8_by_brute_force)
{
	static const unsigned char edges[] = {
		0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
		0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
	};
	unsigned char t[4];

	for (size_t a = 0; a < LEN(edges); a++)
		for (size_t b = 0; b < LEN(edges); b++)
			for (size_t c = 0; c < LEN(edges); c++)
				for (size_t d = 0; d < LEN(edges); d++)
					for (size_t n = 1; n <= 4; n++) {
						t[0] = edges[a];
						t[1] = edges[b];
						t[2] = edges[c];
						t[3] = edges[d];
						ck_assert_msg(str_is_utf8((struct str){ (char *)t, n }) ==
							      decodes(t, n), "%02x%02x%02x%02x %zu",
							      t[0], t[1], t[2], t[3], n);
					}
	ck_assert(str_is_utf8(STR("")));
}
END_TEST

START_TEST(did_you_mean)
{
	static const char *const names[] = { "status", "carrier", "activation", "id" };

	ck_assert_int_eq(str_nearest(STR("statsu"), names, LEN(names)), 0);
	ck_assert_int_eq(str_nearest(STR("STATUS"), names, LEN(names)), 0);
	ck_assert_int_eq(str_nearest(STR("carier"), names, LEN(names)), 1);
	ck_assert_int_eq(str_nearest(STR("activate"), names, LEN(names)), 2);
	ck_assert_int_eq(str_nearest(STR("entirely-else"), names, LEN(names)), -1);
	ck_assert_int_eq(str_nearest(STR(""), names, LEN(names)), -1);
	ck_assert_int_eq(str_nearest(STR("statuscarrieractivationstatuscarrier"
					 "activationstatuscarrieractivation"),
				     names, LEN(names)), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/str");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, comparing);
	tcase_add_test(tc, finding_and_cutting);
	tcase_add_loop_test(tc, decimal_numbers, 0, LEN(numbers));
	tcase_add_test(tc, utf8_by_brute_force);
	tcase_add_test(tc, did_you_mean);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
