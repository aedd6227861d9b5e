/* Goal: base64 and hex agree with RFC 4648 (section 10), and refuse the rest. */
#include "proto/base64.h"
#include "proto/hex.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *bytes, *base64, *hex;
} vectors[] = {
	{ "", "", "" },
	{ "f", "Zg==", "66" },
	{ "fo", "Zm8=", "666F" },
	{ "foo", "Zm9v", "666F6F" },
	{ "foob", "Zm9vYg==", "666F6F62" },
	{ "fooba", "Zm9vYmE=", "666F6F6261" },
	{ "foobar", "Zm9vYmFy", "666F6F626172" },
	{ "\xFB\xFF\xBE", "+/++", "FBFFBE" },
};

START_TEST(rfc_4648)
{
	struct str bytes = str_of(vectors[_i].bytes), back;
	struct arena a = { 0 };
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 100);
	base64_encode(&out, bytes);
	ck_assert(str_is(buf_view(&out), vectors[_i].base64));
	ck_assert_int_eq(base64_decode(&a, buf_view(&out), &back, &err), 0);
	ck_assert(back.p && str_eq(back, bytes));
	buf_clear(&out);
	hex_encode(&out, bytes);
	ck_assert(str_is(buf_view(&out), vectors[_i].hex));
	ck_assert(str_is(hex_of(&a, bytes), vectors[_i].hex));
	ck_assert_int_eq(hex_decode(&a, buf_view(&out), &back, &err), 0);
	ck_assert(back.p && str_eq(back, bytes));
	buf_release(&out);
	arena_release(&a);
}
END_TEST

static const char *const bad_base64[] = {
	"Z", "Zg", "Zg=", "Zg===", "Z===", "=", "====", "Zm9v=", "Zm 9", "Zm9v\n",
	"Zm-v", "Zm_v", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=",
};

START_TEST(refused_base64)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	struct str back;

	ck_assert_msg(base64_decode(&a, str_of(bad_base64[_i]), &back, &err) < 0,
		      "taken: %s", bad_base64[_i]);
	arena_release(&a);
}
END_TEST

START_TEST(refused_hex)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	struct str back;

	ck_assert_int_eq(hex_decode(&a, STR("666"), &back, &err), -1);
	ck_assert_int_eq(hex_decode(&a, STR("6G"), &back, &err), -1);
	ck_assert_int_eq(hex_decode(&a, STR("6 6 "), &back, &err), -1);
	ck_assert_int_eq(hex_decode(&a, STR("aBcD"), &back, &err), 0);
	ck_assert(str_is(back, "\xAB\xCD"));
	arena_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/base64");
	TCase *tc = tcase_create("text");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, rfc_4648, 0,
			    sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_loop_test(tc, refused_base64, 0,
			    sizeof(bad_base64) / sizeof(bad_base64[0]));
	tcase_add_test(tc, refused_hex);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
