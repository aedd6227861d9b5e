/*
 * Goal: the one-time key of a download that has had no result is used again if its SM-DP+
 * asks for it (SGP.22, 5.7.5), and in no other case.
 * Oracle: the key in euiccSigned2.
 */
#include "devices/test_attempt.h"

static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };

static struct arena arena;
static struct euicc card;
static struct attempt t;

static void setup(void)
{
	arena = (struct arena){ 0 };
	euicc_init(&card, &shared, str_of(EID), 0, (struct rng){ 1 });
}

static void teardown(void)
{
	euicc_release(&card);
	arena_release(&arena);
}

static struct str ask(enum es10_tag tag, struct str der)
{
	struct es10_request rq = { .tag = tag, .der = der };
	struct es10_answer an;

	ck_assert_int_eq(euicc_call(&card, &rq, &arena, &an), 0);
	ck_assert_int_eq(an.code, ES10_OK);
	return an.der;
}

/* The SM-DP+ with that OID asks for that key: the one that the card gives. */
static struct str key_for(struct str asked, struct str oid)
{
	struct err err;

	attempt_init(&t, &rsp_crypto_none, 0, &arena, ICCID_NEW, "0123456789ABCDEF");
	for (int i = 0; i < 2; i++)
		rsp_crypto_none.identity(&rsp_crypto_none, i ? RSP_ROLE_DP_PB :
					 RSP_ROLE_DP_AUTH, 0, str_of(SMDP), oid, &arena,
					 i ? &t.pb : &t.auth, &err);
	t.asked_key = asked;
	t.challenge = ask(ES10_TAG_EUICC_CHALLENGE, STR(""));
	attempt_authenticated(&t, ask(ES10_TAG_AUTHENTICATE_SERVER, attempt_authenticate(&t)));
	attempt_prepared(&t, ask(ES10_TAG_PREPARE_DOWNLOAD, attempt_prepare(&t)));
	return arena_str(&arena, t.spec.euicc_otpk);
}

#define MINE STR("\x88\x37\x0A")
#define OTHER STR("\x88\x37\x0B")

START_TEST(asked_for_again)
{
	struct str first = key_for(STR_NONE, MINE);

	ck_assert_uint_eq(first.n, RSP_POINT_BYTES);
	euicc_power_off(&card);
	ck_assert(str_eq(key_for(first, MINE), first));
	/* Cancelled is no result either. */
	ask(ES10_TAG_CANCEL_SESSION, attempt_cancel(&t));
	ck_assert(str_eq(key_for(first, MINE), first));
}
END_TEST

START_TEST(not_asked_for)
{
	struct str first = key_for(STR_NONE, MINE), second = key_for(STR_NONE, MINE);

	ck_assert(!str_eq(second, first));
	/* It keeps one. */
	ck_assert(!str_eq(key_for(first, MINE), first));
}
END_TEST

/* A key that it does not have is no error: it makes one, as for a first try. */
START_TEST(unknown_key)
{
	struct str first = key_for(STR_NONE, MINE), foreign = arena_str(&arena, first), given;

	((char *)foreign.p)[RSP_POINT_BYTES - 1] ^= 1;
	given = key_for(foreign, MINE);
	ck_assert(!str_eq(given, foreign));
	ck_assert(!str_eq(given, first));
	ck_assert(str_eq(key_for(given, MINE), given));
}
END_TEST

START_TEST(another_smdp)
{
	struct str first = key_for(STR_NONE, MINE);

	ck_assert(!str_eq(key_for(first, OTHER), first));
}
END_TEST

/* With the result, good or bad, the key is gone. */
START_TEST(after_a_result)
{
	struct es10_answer an;
	struct str key = key_for(STR_NONE, MINE);

	attempt_build(&t);
	if (_i)
		((char *)(uintptr_t)t.segments[0].p)[t.segments[0].n - 1] ^= 1;
	for (size_t i = 0; i < (_i ? 1 : t.count); i++)
		euicc_call(&card, &(struct es10_request){ .tag = ES10_TAG_LOAD_PACKAGE,
			.der = t.segments[i] }, &arena, &an);
	ck_assert(an.finished);
	ck_assert_int_eq(an.code, _i ? ES10_LOAD_SIGNATURE : ES10_OK);
	ck_assert_ptr_null(card.key);
	ck_assert(!str_eq(key_for(key, MINE), key));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/euicc_key");
	TCase *tc = tcase_create("prepare");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, asked_for_again);
	tcase_add_test(tc, not_asked_for);
	tcase_add_test(tc, unknown_key);
	tcase_add_test(tc, another_smdp);
	tcase_add_loop_test(tc, after_a_result, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
