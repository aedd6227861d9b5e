/*
 * Goal: the table says yes, no or ask as SGP.22, 2.9.2, has it, and is on the wire as
 * annex H has it.
 * Oracle: answers in words, and bytes written by hand.
 */
#include "devices/euicc_rat.h"
#include "proto/hex.h"

#include <check.h>
#include <stdlib.h>

static struct arena arena;

static void teardown(void)
{
	arena_release(&arena);
}

static const struct {
	const char *rat;
	unsigned ppr;
	const char *owner;	/* content of profileOwner in hex; NULL: none */
	enum rat_answer want;
} answers[] = {
	/* 262 01 is 62 F2 10; 310 410 is 13 00 14. */
	{ "ppr1,ppr2 for any", PPR_NO_DISABLE, "800362F210", RAT_YES },
	{ "ppr1,ppr2 for any", PPR_NO_DISABLE | PPR_NO_DELETE, "8003130014", RAT_YES },
	{ "ppr1,ppr2 for any", PPR_NO_DELETE, NULL, RAT_YES },
	{ "ppr1 for any", PPR_NO_DELETE, "800362F210", RAT_NO },
	{ "ppr1 for any", PPR_NO_DISABLE | PPR_NO_DELETE, "800362F210", RAT_NO },
	{ "ppr1 for any", PPR_UPDATE_CONTROL, "800362F210", RAT_YES },
	{ "ppr1 for any", 0, NULL, RAT_YES },
	{ "ppr1 for any", 8, "800362F210", RAT_NO },
	{ "none", PPR_NO_DISABLE, "800362F210", RAT_NO },
	{ "none", 0, "800362F210", RAT_YES },
	{ "ppr1 for 26201", PPR_NO_DISABLE, "800362F210", RAT_YES },
	{ "ppr1 for 26201", PPR_NO_DISABLE, "800362F220", RAT_NO },
	{ "ppr1 for 26201", PPR_NO_DISABLE, NULL, RAT_NO },
	{ "ppr1 for 26201", PPR_NO_DISABLE, "80026210", RAT_NO },
	{ "ppr1 for 310410 26201", PPR_NO_DISABLE, "800362F210", RAT_YES },
	{ "ppr1 for 262xx", PPR_NO_DISABLE, "800362F299", RAT_YES },
	{ "ppr1 for 262xx", PPR_NO_DISABLE, "8003620299", RAT_NO },
	{ "ppr1 for 262xxx", PPR_NO_DISABLE, "8003620299", RAT_YES },
	{ "ppr1 for 262xxx", PPR_NO_DISABLE, "8003130014", RAT_NO },
	{ "ppr1 for any with consent", PPR_NO_DISABLE, "800362F210", RAT_ASK },
	{ "ppr1 for any with consent; ppr2 for any", PPR_NO_DELETE, "800362F210", RAT_YES },
	{ "ppr1 for any with consent; ppr2 for any", 6, "800362F210", RAT_ASK },
	/* The first that fits. */
	{ "ppr1 for 26201; ppr1 for any with consent", PPR_NO_DISABLE, "800362F210", RAT_YES },
	{ "ppr1 for 26201; ppr1 for any with consent", PPR_NO_DISABLE, "8003130014", RAT_ASK },
	{ "ppr1 for any with consent; ppr1 for 26201", PPR_NO_DISABLE, "800362F210", RAT_ASK },
};

START_TEST(asked)
{
	struct euicc_rat rat;
	struct str owner = STR_NONE;
	struct err err = { 0 };

	ck_assert_msg(euicc_rat_parse(&rat, str_of(answers[_i].rat), &err) == 0, "%s", err.msg);
	if (answers[_i].owner)
		ck_assert_int_eq(hex_decode(&arena, str_of(answers[_i].owner), &owner, &err), 0);
	ck_assert_int_eq(euicc_rat_allows(&rat, answers[_i].ppr, owner), answers[_i].want);
}
END_TEST

static const struct {
	const char *rat, *hex;
	unsigned forbidden;
} wires[] = {
	{ "none", "BF4302A000", PPR_NO_DISABLE | PPR_NO_DELETE },
	{ "ppr1,ppr2 for any", "BF4314" "A012" "3010" "80020560" "A107" "3005" "8003EEEEEE"
	  "820100", 0 },
	{ "ppr2 for 26201 with consent", "BF4315" "A013" "3011" "80020520" "A107" "3005"
	  "800362F210" "82020780", PPR_NO_DISABLE },
	{ "ppr1 for 310410 262xx; ppr1 for any", "BF432D" "A02B"
	  "3017" "80020640" "A10E" "3005" "8003130014" "3005" "800362F2EE" "820100"
	  "3010" "80020640" "A107" "3005" "8003EEEEEE" "820100", PPR_NO_DELETE },
};

START_TEST(written)
{
	struct euicc_rat rat, again;
	struct err err = { 0 };
	struct buf b;

	ck_assert_int_eq(euicc_rat_parse(&rat, str_of(wires[_i].rat), &err), 0);
	ck_assert_uint_eq(euicc_rat_forbidden(&rat), wires[_i].forbidden);
	buf_init(&b, 1000);
	euicc_rat_write(&rat, &b);
	ck_assert_str_eq(hex_of(&arena, buf_view(&b)).p, wires[_i].hex);
	/* And back; cut or spoilt anywhere it is refused, or one that can be written. */
	ck_assert_int_eq(euicc_rat_read(buf_view(&b), &again, &err), 0);
	ck_assert_mem_eq(&again, &rat, sizeof(rat));
	for (size_t n = 0; n < b.n; n++)
		ck_assert_int_eq(euicc_rat_read((struct str){ b.p, n }, &again, &err), -1);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 0x21;
		if (euicc_rat_read(buf_view(&b), &again, &err) == 0)
			ck_assert_uint_le(again.count, RAT_RULES_MAX);
		b.p[i] ^= 0x21;
	}
	buf_release(&b);
}
END_TEST

START_TEST(open_one)
{
	struct buf b;

	buf_init(&b, 1000);
	euicc_rat_write(&euicc_rat_open, &b);
	ck_assert_str_eq(hex_of(&arena, buf_view(&b)).p, wires[1].hex);
	ck_assert_uint_eq(euicc_rat_forbidden(&euicc_rat_open), 0);
	buf_release(&b);
}
END_TEST

static const char *const wrong[] = {
	"", ";", "ppr3 for any", "ppr1", "ppr1 any", "ppr1 for", "ppr1 for 123",
	"ppr1 for 1234567", "ppr1 for 26a01", "for any", "ppr1 for any with", "none; ppr1 for any",
	"ppr1 for any with consent please", "ppr1 for with consent",
	("ppr1 for 26201 26201 26201 26201 26201 26201 26201 26201 26201 26201 26201 26201 26201 "
	 "26201 26201 26201 26201"),
};

START_TEST(not_understood)
{
	struct euicc_rat rat;
	struct err err = { 0 };

	ck_assert_int_eq(euicc_rat_parse(&rat, str_of(wrong[_i]), &err), -1);
	ck_assert(err.msg[0]);
}
END_TEST

#define LOOP(tc, test, table) \
	tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("euicc_rat");
	TCase *tc = tcase_create("euicc_rat");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	LOOP(tc, asked, answers);
	LOOP(tc, written, wires);
	tcase_add_test(tc, open_one);
	LOOP(tc, not_understood, wrong);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
