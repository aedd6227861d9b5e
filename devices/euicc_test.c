/*
 * Goal: the card does what SGP.22 5.7 says, and nothing else.
 * Method: every function that changes a profile, in every state, against a
 * list of outcomes in words; then numbers, memory, notifications, texts; then
 * every function with rubbish.
 */
#include "devices/euicc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char EID[] = "89049032000000000000000000000197";
static const char TARGET[] = "8944000000000000017";
static const char OTHER[] = "8944000000000000025";

static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };

static struct euicc card;
static struct arena arena;

static void card_init(void)
{
	euicc_init(&card, &shared, str_of(EID), 10000, (struct rng){ 1 });
}

static void card_release(void)
{
	euicc_release(&card);
	arena_release(&arena);
}

static struct es10_answer call(struct es10_request rq)
{
	struct es10_answer an;

	ck_assert_int_eq(euicc_call(&card, &rq, &arena, &an), 0);
	return an;
}

static int on(enum es10_tag tag, const char *iccid)
{
	return call((struct es10_request){ .tag = tag, .iccid = str_of(iccid) }).code;
}

static int install(const char *iccid, unsigned ppr, uint32_t memory)
{
	struct buf config;
	int code;

	buf_init(&config, 1024);
	rsp_notification_config_write(&config, NOTIFY_ENABLE | NOTIFY_DISABLE |
				      NOTIFY_DELETE, STR("smdp.example.com"));
	code = euicc_install(&card, &(struct euicc_profile_spec){
		.iccid = str_of(iccid), .ppr = ppr, .memory = memory,
		.class = PROFILE_CLASS_OPERATIONAL,
		.text = { [TEXT_SPN] = STR("Mobile"), [TEXT_NAME] = STR("name"),
			  [TEXT_NOTIFY] = buf_view(&config) },
	});
	buf_release(&config);
	return code;
}

/* ---- Every function in every state. ------------------------------------- */

static const struct {
	const char *name;
	enum es10_tag tag;
	enum es10_function function;
} functions[] = {
	{ "enable", ES10_TAG_ENABLE_PROFILE, ES10_ENABLE_PROFILE },
	{ "disable", ES10_TAG_DISABLE_PROFILE, ES10_DISABLE_PROFILE },
	{ "delete", ES10_TAG_DELETE_PROFILE, ES10_DELETE_PROFILE },
};
static const char *const targets[] = {
	"absent", "disabled", "disabled+ppr2", "enabled", "enabled+ppr1",
	"enabled+ppr2",
};
static const char *const others[] = { "alone", "beside", "beside+ppr1" };
static const char *const cats[] = { "idle", "busy" };

/* function, the profile meant, whether another is enabled, the card's toolkit:
 * what comes of it.  A star is anything; exactly one line fits each case. */
static const char *const outcomes[] = {
	"enable  absent        *           *    iccidOrAidNotFound",
	"enable  disabled      alone       idle ok",
	"enable  disabled      beside      idle ok",
	"enable  disabled+ppr2 alone       idle ok",
	"enable  disabled+ppr2 beside      idle ok",
	"enable  disabled      beside+ppr1 *    disallowedByPolicy",
	"enable  disabled+ppr2 beside+ppr1 *    disallowedByPolicy",
	"enable  disabled      alone       busy catBusy",
	"enable  disabled      beside      busy catBusy",
	"enable  disabled+ppr2 alone       busy catBusy",
	"enable  disabled+ppr2 beside      busy catBusy",
	"enable  enabled       *           *    profileNotInDisabledState",
	"enable  enabled+ppr1  *           *    profileNotInDisabledState",
	"enable  enabled+ppr2  *           *    profileNotInDisabledState",
	"disable absent        *           *    iccidOrAidNotFound",
	"disable disabled      *           *    profileNotInEnabledState",
	"disable disabled+ppr2 *           *    profileNotInEnabledState",
	"disable enabled       *           idle ok",
	"disable enabled+ppr2  *           idle ok",
	"disable enabled       *           busy catBusy",
	"disable enabled+ppr2  *           busy catBusy",
	"disable enabled+ppr1  *           *    disallowedByPolicy",
	"delete  absent        *           *    iccidOrAidNotFound",
	"delete  disabled      *           *    ok",
	"delete  disabled+ppr2 *           *    disallowedByPolicy",
	"delete  enabled       *           *    profileNotInDisabledState",
	"delete  enabled+ppr1  *           *    profileNotInDisabledState",
	"delete  enabled+ppr2  *           *    profileNotInDisabledState",
};

enum { FUNCTIONS = 3, TARGETS = 6, OTHERS = 3, CATS = 2 };

static bool fits(const char *pattern, const char *word)
{
	return strcmp(pattern, "*") == 0 || strcmp(pattern, word) == 0;
}

static void find_outcome(const char *f, const char *target, const char *other,
			 const char *cat, char out[64])
{
	char w[4][32], result[64];
	int found = 0;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		ck_assert_int_eq(sscanf(outcomes[i], "%31s %31s %31s %31s %63s",
					w[0], w[1], w[2], w[3], result), 5);
		if (fits(w[0], f) && fits(w[1], target) && fits(w[2], other) &&
		    fits(w[3], cat)) {
			memcpy(out, result, sizeof(result));
			found++;
		}
	}
	ck_assert_msg(found == 1, "%d lines for %s %s %s %s", found, f, target,
		      other, cat);
}

static unsigned rules_in(const char *words)
{
	return (strstr(words, "ppr1") ? PPR_NO_DISABLE : 0u) |
	       (strstr(words, "ppr2") ? PPR_NO_DELETE : 0u);
}

/* The card as the words say. */
static void set_up(const char *target, const char *other, const char *cat)
{
	card_init();
	if (strcmp(target, "absent") != 0)
		ck_assert_int_eq(install(TARGET, rules_in(target), 100), 0);
	if (strncmp(target, "enabled", 7) == 0)
		ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, TARGET), 0);
	ck_assert_int_eq(install(OTHER, rules_in(other), 100), 0);
	if (strncmp(other, "beside", 6) == 0 && strncmp(target, "enabled", 7) != 0)
		ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, OTHER), 0);
	card.cat_busy = strcmp(cat, "busy") == 0;
}

static const char *state_of(const char *iccid)
{
	const struct euicc_profile *p = euicc_find(&card, str_of(iccid));

	return !p ? "absent" : p->enabled ? "enabled" : "disabled";
}

START_TEST(every_function_in_every_state)
{
	int i = _i;
	const char *cat = cats[i % CATS], *other = others[i / CATS % OTHERS];
	const char *target = targets[i / CATS / OTHERS % TARGETS];
	int f = i / CATS / OTHERS / TARGETS;
	char want[64], target_was[16], other_was[16];
	unsigned notes;
	int code;

	set_up(target, other, cat);
	snprintf(target_was, sizeof(target_was), "%s", state_of(TARGET));
	snprintf(other_was, sizeof(other_was), "%s", state_of(OTHER));
	notes = card.note_count;
	find_outcome(functions[f].name, target, other, cat, want);
	code = on(functions[f].tag, TARGET);
	ck_assert_msg(strcmp(es10_result_name(functions[f].function, code),
			     want) == 0,
		      "%s %s %s %s: %s, expected %s", functions[f].name, target,
		      other, cat, es10_result_name(functions[f].function, code),
		      want);
	if (code != 0) {
		ck_assert_str_eq(state_of(TARGET), target_was);
		ck_assert_str_eq(state_of(OTHER), other_was);
		ck_assert_uint_eq(card.note_count, notes);
	} else {
		ck_assert_str_eq(state_of(TARGET), f == 0 ? "enabled" :
				 f == 1 ? "disabled" : "absent");
		ck_assert_str_eq(state_of(OTHER), f == 0 ? "disabled" :
				 other_was);
		ck_assert_uint_gt(card.note_count, notes);
	}
	card_release();
}
END_TEST

/* A test profile gives the place back only to the one it took it from. */
START_TEST(test_profile_gives_its_place_back)
{
	static const char iccids[3][20] = {
		"8944000000000000017", "8944000000000000025", "8944000000000000033",
	};

	card_init();
	for (int i = 0; i < 3; i++)
		euicc_install(&card, &(struct euicc_profile_spec){
			.iccid = str_of(iccids[i]), .memory = 10,
			.class = i == 2 ? PROFILE_CLASS_TEST :
				 PROFILE_CLASS_OPERATIONAL });
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, iccids[0]), 0);
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, iccids[2]), 0);
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, iccids[1]),
			 ES10_ENABLE_WRONG_REENABLING);
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, iccids[0]), 0);
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, iccids[1]), 0);
	card_release();
}
END_TEST

/* The rule of the enabled profile gives way to a test profile, which gives its place back
 * when it is disabled. */
START_TEST(rule_and_class)
{
	static const int want[] = {
		[PROFILE_CLASS_TEST] = 0,
		[PROFILE_CLASS_PROVISIONING] = ES10_ENABLE_POLICY,
		[PROFILE_CLASS_OPERATIONAL] = ES10_ENABLE_POLICY,
	};

	card_init();
	install(TARGET, PPR_NO_DISABLE, 100);
	euicc_install(&card, &(struct euicc_profile_spec){ .iccid = str_of(OTHER),
		.class = (enum profile_class)_i, .memory = 10 });
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, TARGET), 0);
	ck_assert_int_eq(on(ES10_TAG_ENABLE_PROFILE, OTHER), want[_i]);
	ck_assert_str_eq(state_of(TARGET), want[_i] ? "enabled" : "disabled");
	if (want[_i] == 0) {
		ck_assert_int_eq(on(ES10_TAG_DISABLE_PROFILE, OTHER), 0);
		ck_assert_str_eq(state_of(OTHER), "disabled");
		ck_assert_str_eq(state_of(TARGET), "enabled");
	}
	card_release();
}
END_TEST

/* So it does when it is reset away, unless the other goes with it. */
START_TEST(test_profile_is_reset_away)
{
	struct es10_request rq = { .tag = ES10_TAG_MEMORY_RESET,
		.bits = _i == 0 ? RESET_TEST : RESET_TEST | RESET_OPERATIONAL };

	card_init();
	install(TARGET, 0, 100);
	euicc_install(&card, &(struct euicc_profile_spec){ .iccid = str_of(OTHER),
		.class = PROFILE_CLASS_TEST, .memory = 10 });
	on(ES10_TAG_ENABLE_PROFILE, TARGET);
	on(ES10_TAG_ENABLE_PROFILE, OTHER);
	ck_assert_int_eq(call(rq).code, 0);
	ck_assert_str_eq(state_of(OTHER), "absent");
	ck_assert_str_eq(state_of(TARGET), _i == 0 ? "enabled" : "absent");
	card_release();
}
END_TEST

START_TEST(by_aid_as_well)
{
	unsigned char aid[EUICC_AID_BYTES];
	struct es10_request rq = {
		.tag = ES10_TAG_ENABLE_PROFILE,
		.aid = { (char *)aid, sizeof(aid) },
	};

	card_init();
	install(TARGET, 0, 100);
	install(OTHER, 0, 100);
	profile_aid(euicc_find(&card, str_of(OTHER)), aid);
	/* A0000005591010FFFFFFFF89 and 00001100: the second of its kind. */
	ck_assert_int_eq(memcmp(aid, "\xA0\0\0\5\x59\x10\x10\xFF\xFF\xFF\xFF\x89"
				"\0\0\x11\0", 16), 0);
	ck_assert_int_eq(call(rq).code, 0);
	ck_assert_str_eq(state_of(OTHER), "enabled");
	aid[15] = 1;
	ck_assert_int_eq(call(rq).code, ES10_ENABLE_NOT_FOUND);
	card_release();
}
END_TEST

/* ---- Numbers, memory, texts. -------------------------------------------- */

static unsigned number_of(const char *iccid)
{
	return euicc_find(&card, str_of(iccid))->number;
}

START_TEST(numbers_rise_unless_reused)
{
	card_init();
	card.reuse_numbers = _i == 1;
	install(TARGET, 0, 100);
	install(OTHER, 0, 100);
	ck_assert_uint_eq(number_of(TARGET), 1);
	ck_assert_uint_eq(number_of(OTHER), 2);
	ck_assert_int_eq(on(ES10_TAG_DELETE_PROFILE, TARGET), 0);
	install(TARGET, 0, 100);
	ck_assert_uint_eq(number_of(TARGET), _i == 1 ? 1 : 3);
	/* The highest one is not reused either. */
	ck_assert_int_eq(on(ES10_TAG_DELETE_PROFILE, TARGET), 0);
	install(TARGET, 0, 100);
	ck_assert_uint_eq(number_of(TARGET), _i == 1 ? 1 : 4);
	card_release();
}
END_TEST

START_TEST(memory_is_counted)
{
	card_init();
	ck_assert_uint_eq(euicc_memory_free(&card), 10000);
	ck_assert_int_eq(install(TARGET, 0, 6000), 0);
	ck_assert_uint_eq(euicc_memory_free(&card), 4000);
	ck_assert_int_eq(install(OTHER, 0, 4001), ES10_LOAD_MEMORY);
	ck_assert_int_eq(install(OTHER, 0, 4000), 0);
	ck_assert_uint_eq(euicc_memory_free(&card), 0);
	ck_assert_int_eq(on(ES10_TAG_DELETE_PROFILE, TARGET), 0);
	ck_assert_uint_eq(euicc_memory_free(&card), 6000);
	card_release();
}
END_TEST

START_TEST(installation_is_refused)
{
	card_init();
	ck_assert_int_eq(install(TARGET, 0, 100), 0);
	ck_assert_int_eq(install(TARGET, 0, 100), ES10_LOAD_ICCID_EXISTS);
	ck_assert_int_eq(install("12345", 0, 100), ES10_LOAD_BAD_INPUT);
	ck_assert_uint_eq(card.profile_count, 1);
	card_release();
}
END_TEST

START_TEST(texts_do_not_disturb_each_other)
{
	char long_text[EUICC_TEXT_MAX + 1];
	struct euicc_profile *p;

	card_init();
	install(TARGET, 0, 100);
	p = euicc_find(&card, str_of(TARGET));
	ck_assert(str_is(profile_text(p, TEXT_SPN), "Mobile"));
	ck_assert_int_eq(profile_set_text(p, TEXT_SPN, STR("")), 0);
	ck_assert_ptr_nonnull(profile_text(p, TEXT_SPN).p);
	ck_assert_uint_eq(profile_text(p, TEXT_SPN).n, 0);
	ck_assert_int_eq(profile_set_text(p, TEXT_SPN, STR_NONE), 0);
	ck_assert_ptr_null(profile_text(p, TEXT_SPN).p);
	ck_assert_int_eq(profile_set_text(p, TEXT_NICKNAME, STR("nick")), 0);
	ck_assert_int_eq(profile_set_text(p, TEXT_SPN, STR("Other & longer")), 0);
	ck_assert(str_is(profile_text(p, TEXT_SPN), "Other & longer"));
	ck_assert(str_is(profile_text(p, TEXT_NAME), "name"));
	ck_assert(str_is(profile_text(p, TEXT_NICKNAME), "nick"));
	memset(long_text, 'x', sizeof(long_text));
	ck_assert_int_eq(profile_set_text(p, TEXT_SPN,
			 (struct str){ long_text, sizeof(long_text) }), -1);
	ck_assert(str_is(profile_text(p, TEXT_SPN), "Other & longer"));
	card_release();
}
END_TEST

START_TEST(nickname_and_default_address)
{
	struct es10_request rq = { .tag = ES10_TAG_SET_NICKNAME,
				   .iccid = str_of(TARGET), .text = STR("mine") };
	char long_name[65];

	card_init();
	ck_assert_int_eq(call(rq).code, ES10_NICKNAME_NOT_FOUND);
	install(TARGET, 0, 100);
	ck_assert_int_eq(call(rq).code, 0);
	ck_assert(str_is(profile_text(&card.profiles[0], TEXT_NICKNAME), "mine"));
	memset(long_name, 'x', sizeof(long_name));
	rq.text = (struct str){ long_name, sizeof(long_name) };
	ck_assert_int_ne(call(rq).code, 0);
	rq.text = STR("\xFF");
	ck_assert_int_ne(call(rq).code, 0);
	ck_assert(str_is(profile_text(&card.profiles[0], TEXT_NICKNAME), "mine"));

	rq = (struct es10_request){ .tag = ES10_TAG_SET_DEFAULT_DP,
				    .text = STR("dp.example.com") };
	ck_assert_int_eq(call(rq).code, 0);
	rq.tag = ES10_TAG_CONFIGURED_ADDRESSES;
	ck_assert(str_is(call(rq).text, "dp.example.com"));
	rq.tag = ES10_TAG_GET_EID;
	ck_assert(str_is(call(rq).text, EID));
	card_release();
}
END_TEST

START_TEST(memory_reset_ignores_rules)
{
	struct es10_request rq = { .tag = ES10_TAG_MEMORY_RESET };

	card_init();
	install(TARGET, PPR_NO_DISABLE | PPR_NO_DELETE, 100);
	install(OTHER, 0, 100);
	euicc_install(&card, &(struct euicc_profile_spec){
		.iccid = STR("8944000000000000033"), .memory = 10,
		.class = PROFILE_CLASS_PROVISIONING });
	on(ES10_TAG_ENABLE_PROFILE, TARGET);
	rq.bits = RESET_TEST | RESET_DEFAULT_SMDP;
	ck_assert_int_eq(call(rq).code, ES10_RESET_NOTHING);
	rq.bits = RESET_OPERATIONAL;
	card.cat_busy = true;
	ck_assert_int_eq(call(rq).code, ES10_RESET_CAT_BUSY);
	ck_assert_uint_eq(card.profile_count, 3);
	card.cat_busy = false;
	ck_assert_int_eq(call(rq).code, 0);
	ck_assert_uint_eq(card.profile_count, 1);
	ck_assert_int_eq(card.profiles[0].class, PROFILE_CLASS_PROVISIONING);
	ck_assert_ptr_null(euicc_active(&card));
	card_release();
}
END_TEST

/* ---- Notifications. ----------------------------------------------------- */

static void check_note(const struct euicc_note *n, uint32_t sequence,
		       unsigned event, const char *iccid)
{
	struct rsp_notification parsed;
	struct err err;

	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(n->sequence, sequence);
	ck_assert_uint_eq(n->event, event);
	ck_assert_str_eq(n->iccid, iccid);
	ck_assert(str_is(n->address, "smdp.example.com"));
	ck_assert_msg(rsp_notification_read(n->der, &parsed, &err) == 0, "%s",
		      err.msg);
	ck_assert(!parsed.install_result);
	ck_assert_int_eq(parsed.metadata.sequence, sequence);
	ck_assert_uint_eq(parsed.metadata.event, event);
	ck_assert_str_eq(parsed.iccid, iccid);
}

START_TEST(notifications_are_numbered)
{
	struct es10_request rq = { .tag = ES10_TAG_LIST_NOTIFICATION };
	const struct euicc_note *n;

	card_init();
	install(TARGET, 0, 100);
	install(OTHER, 0, 100);
	on(ES10_TAG_ENABLE_PROFILE, TARGET);
	on(ES10_TAG_ENABLE_PROFILE, OTHER);
	on(ES10_TAG_DELETE_PROFILE, TARGET);
	n = call(rq).notes;
	check_note(n, 1, NOTIFY_ENABLE, TARGET);
	check_note(n->next, 2, NOTIFY_DISABLE, TARGET);
	check_note(n->next->next, 3, NOTIFY_ENABLE, OTHER);
	check_note(n->next->next->next, 4, NOTIFY_DELETE, TARGET);
	ck_assert_ptr_null(n->next->next->next->next);
	rq.bits = NOTIFY_DELETE;
	ck_assert_uint_eq(call(rq).notes->sequence, 4);

	rq = (struct es10_request){ .tag = ES10_TAG_RETRIEVE_NOTIFICATIONS,
				    .sequence = 2 };
	ck_assert_uint_eq(call(rq).notes->sequence, 2);
	rq.tag = ES10_TAG_REMOVE_NOTIFICATION;
	ck_assert_int_eq(call(rq).code, 0);
	ck_assert_int_eq(call(rq).code, ES10_REMOVE_NOTHING);
	rq.tag = ES10_TAG_RETRIEVE_NOTIFICATIONS;
	ck_assert_int_eq(call(rq).code, ES10_RETRIEVE_NONE);
	/* A number once given does not come again. */
	on(ES10_TAG_DISABLE_PROFILE, OTHER);
	rq.sequence = 5;
	ck_assert_uint_eq(call(rq).notes->event, NOTIFY_DISABLE);
	card_release();
}
END_TEST

START_TEST(notifications_are_bounded)
{
	card_init();
	install(TARGET, 0, 100);
	for (int i = 0; i < EUICC_NOTES_MAX; i++) {
		on(ES10_TAG_ENABLE_PROFILE, TARGET);
		on(ES10_TAG_DISABLE_PROFILE, TARGET);
	}
	ck_assert_uint_eq(card.note_count, EUICC_NOTES_MAX);
	ck_assert_uint_eq(card.notes->sequence, EUICC_NOTES_MAX + 1);
	ck_assert_uint_eq(card.sequence, 2 * EUICC_NOTES_MAX);
	card_release();
}
END_TEST

START_TEST(going_back_ignores_rules)
{
	card_init();
	install(TARGET, PPR_NO_DISABLE, 100);
	install(OTHER, 0, 100);
	on(ES10_TAG_ENABLE_PROFILE, TARGET);
	euicc_switch(&card, euicc_find(&card, str_of(OTHER)));
	ck_assert_str_eq(state_of(TARGET), "disabled");
	ck_assert_str_eq(state_of(OTHER), "enabled");
	ck_assert_uint_eq(card.note_count, 3);
	euicc_switch(&card, NULL);
	ck_assert_ptr_null(euicc_active(&card));
	card_release();
}
END_TEST

/* ---- Rubbish. ----------------------------------------------------------- */

static const char *const rubbish[] = {
	"", "\xBF", "\xBF\x38\x7F", "\xBF\x38\x01\x30", "\xBF\x21\x02\x30\x80",
	"\xBF\x36\x84\xFF\xFF\xFF\xFF", "\xBF\x41\x03\x80\x01\x01", "hello",
};
enum { RUBBISH = 8 };

START_TEST(every_function_takes_rubbish)
{
	const struct es10_row *row = es10_table;

	card_init();
	for (; row->name; row++) {
		struct es10_request rq = {
			.tag = row->tag, .iccid = str_of(rubbish[_i]),
			.aid = str_of(rubbish[_i]), .text = str_of(rubbish[_i]),
			.der = str_of(rubbish[_i]),
		};

		install(TARGET, 0, 100);
		call((struct es10_request){ .tag = ES10_TAG_EUICC_CHALLENGE });
		call(rq);
		ck_assert_uint_eq(card.profile_count, 1);
		ck_assert_str_eq(state_of(TARGET), "disabled");
	}
	card_release();
}
END_TEST

START_TEST(one_row_for_each_tag)
{
	struct es10_request rq = { .tag = (enum es10_tag)0xBF99 };
	struct es10_answer an;

	for (const struct es10_row *a = es10_table; a->name; a++)
		for (const struct es10_row *b = a + 1; b->name; b++)
			ck_assert_int_ne(a->tag, b->tag);
	card_init();
	ck_assert_int_eq(euicc_call(&card, &rq, &arena, &an), -1);
	card_release();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/euicc");
	TCase *tc = tcase_create("card");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, every_function_in_every_state, 0,
			    FUNCTIONS * TARGETS * OTHERS * CATS);
	tcase_add_test(tc, test_profile_gives_its_place_back);
	tcase_add_loop_test(tc, rule_and_class, 0, PROFILE_CLASSES);
	tcase_add_loop_test(tc, test_profile_is_reset_away, 0, 2);
	tcase_add_test(tc, by_aid_as_well);
	tcase_add_loop_test(tc, numbers_rise_unless_reused, 0, 2);
	tcase_add_test(tc, memory_is_counted);
	tcase_add_test(tc, installation_is_refused);
	tcase_add_test(tc, texts_do_not_disturb_each_other);
	tcase_add_test(tc, nickname_and_default_address);
	tcase_add_test(tc, memory_reset_ignores_rules);
	tcase_add_test(tc, notifications_are_numbered);
	tcase_add_test(tc, notifications_are_bounded);
	tcase_add_test(tc, going_back_ignores_rules);
	tcase_add_loop_test(tc, every_function_takes_rubbish, 0, RUBBISH);
	tcase_add_test(tc, one_row_for_each_tag);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
