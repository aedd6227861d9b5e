/*
 * Goal: no secret that stands where secrets stand gets through, and what is
 * none stays as it is.
 * Method: a table of texts with what must come of them; every secret of the
 * table is the same word, which must be nowhere in what comes out; texts cut
 * at every byte, for the reader's bounds.
 */
#include "conformance/mask.h"

#include <check.h>
#include <stdlib.h>

#define S "hunter2Zq"

static const struct {
	const char *text, *masked;	/* NULL: stays as it is */
} rows[] = {
	{ "Authorization: Basic " S "==\nAccept: */*\n",
	  "Authorization: Basic ***\nAccept: */*\n" },
	{ "authorization:Bearer " S, "authorization:Bearer ***" },
	{ "AUTHORIZATION: " S " and more\r\nHost: x", "AUTHORIZATION: ***\r\nHost: x" },
	{ "curl -H 'Authorization: Basic " S "' -H 'Accept: x' https://a/b",
	  "curl -H 'Authorization: Basic ***' -H 'Accept: x' https://a/b" },
	{ "curl -H \"X-API-KEY-SECRET: " S "\" x", "curl -H \"X-API-KEY-SECRET: ***\" x" },
	{ "Set-Cookie: sid=" S "; Path=/\nDate: y", "Set-Cookie: ***\nDate: y" },
	{ "{\"authorization\":\"Basic " S "\",\"a\":1}",
	  "{\"authorization\":\"***\",\"a\":1}" },
	{ "{\"password\": \"" S "\", \"user\": \"joe\"}",
	  "{\"password\": \"***\", \"user\": \"joe\"}" },
	{ "{\"password\":\"a\\\"" S "\",\"b\":2}", "{\"password\":\"***\",\"b\":2}" },
	{ "{\\\"password\\\":\\\"" S "\\\",\\\"b\\\":2}",
	  "{\\\"password\\\":\\\"***\\\",\\\"b\\\":2}" },
	{ "password: " S "\nuser: joe", "password: ***\nuser: joe" },
	{ "wrong password: " S " it said", "wrong password: *** it said" },
	{ "a=1&Password=" S "&b=2", "a=1&Password=***&b=2" },
	{ "{\"token\":\"" S "\"}", "{\"token\":\"***\"}" },
	{ "  token: " S, "  token: ***" },
	{ "?token=" S "&x=1", "?token=***&x=1" },
	{ "{\"confirmation_code\": \"" S "\"}", "{\"confirmation_code\": \"***\"}" },
	{ "'matchingId': '" S "'", "'matchingId': '***'" },
	{ "X-Report-Token: " S, "X-Report-Token: ***" },
	{ "curl -u 'rig:" S "' https://a", "curl -u 'rig:***' https://a" },
	{ "curl -u rig:" S " https://a", "curl -u rig:*** https://a" },
	{ "curl --user \"rig:" S "\"", "curl --user \"rig:***\"" },
	{ "https://joe:" S "@host:8443/x", "https://joe:***@host:8443/x" },
	{ "LPA:1$smdp.example.com$" S, "LPA:1$smdp.example.com$***" },
	{ "{\"activation_code\":\"LPA:1$smdp.example.com$" S "\"}",
	  "{\"activation_code\":\"***\"}" },
	{ "code=1%24smdp.example.com%24" S "&a=1", "code=1%24smdp.example.com%24***&a=1" },
	{ "password=" S " and secret=" S, "password=*** and secret=***" },
	/* No secrets. */
	{ "unexpected token: ')' at 5", NULL },
	{ "unexpected token ')' at 5", NULL },
	{ "{\"activation_code\":null,\"password\":\"\"}", NULL },
	{ "/activation_code: absent", NULL },
	{ "/list/0/password: present", NULL },
	{ "http://host:8080/a@b", NULL },
	{ "https://host/a:b@c", NULL },
	{ "POST /ws/v1/esim_activation_codes/inventory", NULL },
	{ "passwords: 3", NULL },
	{ "{\"password\":\"***\"}", NULL },
	{ "the secret", NULL },
	{ "", NULL },
	{ "password", NULL },
	{ "password:", NULL },
	{ "-u ", NULL },
	{ "//", NULL },
};

START_TEST(masked)
{
	const char *want = rows[_i].masked ? rows[_i].masked : rows[_i].text;
	struct arena a = { 0 };
	struct str got = mask_secrets(str_of(rows[_i].text), &a), again;

	ck_assert_msg(str_is(got, want), "%s\nbecame %.*s\nexpected %s",
		      rows[_i].text, STRF(got), want);
	ck_assert(str_find(got, STR(S)) < 0);
	again = mask_secrets(got, &a);
	ck_assert_msg(str_eq(again, got), "masked twice: %.*s", STRF(again));
	arena_release(&a);
}
END_TEST

START_TEST(cut_anywhere)
{
	struct str s = str_of(rows[_i].text);

	for (size_t n = 0; n <= s.n; n++) {
		/* A block of that very size, so that a sanitizer sees. */
		char *copy = malloc(n + 1);
		struct arena a = { 0 };
		struct str got;

		memcpy(copy, s.p, n);
		copy[n] = 'x';
		got = mask_secrets((struct str){ copy, n }, &a);
		ck_assert(str_find(got, STR(S)) < 0);
		arena_release(&a);
		free(copy);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conformance/mask");
	TCase *tc = tcase_create("mask");
	SRunner *runner;
	int failed, count = sizeof(rows) / sizeof(rows[0]);

	tcase_add_loop_test(tc, masked, 0, count);
	tcase_add_loop_test(tc, cut_anywhere, 0, count);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
