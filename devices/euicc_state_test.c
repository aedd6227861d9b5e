/*
 * Goal: a card that was written and read again does what it did before, and
 * bytes that are no card's are refused.
 * Oracle: what the functions of ES10 say of both cards.
 */
#include "devices/euicc_download.h"
#include "devices/euicc_state.h"

#include <check.h>
#include <stdlib.h>

#define EID "89049032000000000000000000000197"

static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };

static struct arena arena;
static struct euicc card, again;
static struct buf bytes;

static void init(struct euicc *e)
{
	euicc_init(e, &shared, STR(EID), 0, (struct rng){ 1 });
}

static void install(const char *iccid, enum profile_class class, const char *spn)
{
	struct euicc_profile_spec spec = {
		.iccid = str_of(iccid), .class = class, .ppr = PPR_NO_DELETE, .ci = 1,
		.text = { [TEXT_SPN] = spn ? str_of(spn) : STR_NONE,
			  [TEXT_NAME] = STR("name"), [TEXT_NICKNAME] = STR("nick"),
			  [TEXT_SMDP] = STR("smdp.example.com"),
			  [TEXT_NOTIFY] = STR("\x30\x0D\x80\x02\x04\x70\x81\x07""a.local") },
	};

	ck_assert_int_eq(euicc_install(&card, &spec), ES10_OK);
}

static void setup(void)
{
	struct es10_request address = { .tag = ES10_TAG_SET_DEFAULT_DP,
					.text = STR("dp.example.com") };
	struct es10_answer an;
	struct euicc_rat rat;
	struct err err = { 0 };

	arena = (struct arena){ 0 };
	buf_init(&bytes, EUICC_STATE_MAX);
	init(&card);
	init(&again);
	install("8944000000000000017", PROFILE_CLASS_PROVISIONING, "Bootstrap");
	install("8944000000000000025", PROFILE_CLASS_OPERATIONAL, NULL);
	install("8944000000000000033", PROFILE_CLASS_TEST, "");
	euicc_switch(&card, &card.profiles[0]);
	euicc_switch(&card, &card.profiles[2]);
	card.profiles[1].ppr = 0;
	euicc_call(&card, &(struct es10_request){ .tag = ES10_TAG_DELETE_PROFILE,
		.iccid = STR("8944000000000000025") }, &arena, &an);
	ck_assert_int_eq(an.code, ES10_OK);
	euicc_call(&card, &address, &arena, &an);
	ck_assert_int_eq(euicc_rat_parse(&rat, STR("ppr1 for 26201 with consent"), &err), 0);
	euicc_set_rat(&card, &rat);
	card.root_smds = strdup("ds.example.com");
	euicc_keep_key(&card, &(struct rsp_otpk){ .public_point = { 4, 5, 6 },
		.secret = { 7, 8 }, .curve = RSP_BRAINPOOL }, STR("\x88\x37\x0A"));
	euicc_state_write(&card, &bytes);
}

static void teardown(void)
{
	euicc_release(&card);
	if (again.eid)
		euicc_release(&again);
	buf_release(&bytes);
	arena_release(&arena);
}

static void check_same_profiles(void)
{
	ck_assert_uint_eq(again.profile_count, card.profile_count);
	for (size_t i = 0; i < card.profile_count; i++) {
		const struct euicc_profile *a = &card.profiles[i], *b = &again.profiles[i];

		ck_assert_str_eq(a->iccid, b->iccid);
		ck_assert(a->memory == b->memory && a->number == b->number &&
			  a->class == b->class && a->ppr == b->ppr && a->ci == b->ci &&
			  a->enabled == b->enabled && a->has_spn == b->has_spn);
		for (int t = 0; t < PROFILE_TEXTS; t++)
			ck_assert(str_eq(profile_text(a, (enum profile_text)t),
					 profile_text(b, (enum profile_text)t)));
	}
}

START_TEST(round_trip)
{
	struct es10_answer an;
	struct err err = { 0 };

	ck_assert_msg(euicc_state_read(&again, buf_view(&bytes), &err) == 0, "%s", err.msg);
	check_same_profiles();
	ck_assert_uint_eq(again.note_count, card.note_count);
	for (const struct euicc_note *a = card.notes, *b = again.notes; a;
	     a = a->next, b = b->next)
		ck_assert(a->sequence == b->sequence && a->event == b->event &&
			  str_eq(a->address, b->address) && str_eq(a->der, b->der) &&
			  strcmp(a->iccid, b->iccid) == 0);
	ck_assert_str_eq(again.default_smdp, "dp.example.com");
	ck_assert_ptr_nonnull(again.rat);
	ck_assert_mem_eq(again.rat, card.rat, sizeof(*card.rat));
	ck_assert_str_eq(again.root_smds, "ds.example.com");
	ck_assert_ptr_nonnull(again.key);
	ck_assert_mem_eq(again.key, card.key, sizeof(*card.key));
	/* It remembers which profile the test profile displaced, and numbers. */
	euicc_call(&again, &(struct es10_request){ .tag = ES10_TAG_DISABLE_PROFILE,
		.iccid = STR("8944000000000000033") }, &arena, &an);
	ck_assert_int_eq(an.code, ES10_OK);
	ck_assert_uint_eq(again.notes->sequence, 1);
	/* The one that the test profile displaced has its place again. */
	ck_assert_str_eq(euicc_active(&again)->iccid, "8944000000000000017");
	ck_assert_uint_eq(again.sequence, card.sequence + 2);
	ck_assert_int_eq(euicc_install(&again, &(struct euicc_profile_spec){
		.iccid = STR("8944000000000000041"), .class = PROFILE_CLASS_OPERATIONAL }), 0);
	ck_assert_uint_eq(again.profiles[2].number, 4);
}
END_TEST

/* Cut anywhere, or a byte changed: refused, or a card that is whole. */
START_TEST(damaged)
{
	struct err err = { 0 };
	char *copy = arena_alloc(&arena, bytes.n);

	for (size_t n = 0; n < bytes.n; n++)
		ck_assert_int_eq(euicc_state_read(&again, (struct str){ bytes.p, n }, &err),
				 -1);
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned enabled = 0;

		memcpy(copy, bytes.p, bytes.n);
		copy[i] ^= 0x41;
		if (euicc_state_read(&again, (struct str){ copy, bytes.n }, &err) < 0) {
			ck_assert_uint_eq(again.profile_count, 0);
			ck_assert_ptr_null(again.notes);
			ck_assert_ptr_null(again.key);
			continue;
		}
		for (size_t p = 0; p < again.profile_count; p++)
			enabled += again.profiles[p].enabled;
		ck_assert_uint_le(enabled, 1);
		ck_assert_uint_le(euicc_memory_used(&again), again.memory);
		euicc_release(&again);
		init(&again);
	}
}
END_TEST

START_TEST(another_card)
{
	struct err err = { 0 };

	euicc_release(&again);
	euicc_init(&again, &shared, STR("89049032000000000000000000000294"), 0,
		   (struct rng){ 1 });
	ck_assert_int_eq(euicc_state_read(&again, buf_view(&bytes), &err), -1);
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(err.msg, EID));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("euicc_state");
	TCase *tc = tcase_create("euicc_state");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, another_card);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
