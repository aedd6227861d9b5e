/*
 * Goal: no profile moves except as SGP.22, 3.1.6 allows.
 * Method: drive every state with every event; the oracle is a list of moves
 * written again as words.
 */
#include "smdp/profile.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const legal[] = {
	"available allocate allocated",
	"available link linked",
	"available retire unavailable",
	"allocated link linked",
	"allocated confirm confirmed",
	"allocated cancel available",
	"allocated retire unavailable",
	"linked confirm confirmed",
	"linked cancel available",
	"linked retire unavailable",
	"confirmed release released",
	"confirmed cancel available",
	"confirmed retire unavailable",
	"released deliver downloaded",
	"released install-ok installed",
	"released reject error",
	"released exhaust error",
	"released expire error",
	"released cancel available",
	"released retire unavailable",
	"downloaded deliver downloaded",
	"downloaded install-ok installed",
	"downloaded install-retry released",
	"downloaded install-fail error",
	"downloaded reject error",
	"downloaded exhaust error",
	"error install-ok installed",
	"error cancel available",
	"error retire unavailable",
};
enum { LEGAL = sizeof(legal) / sizeof(legal[0]) };

static bool is_legal(const char *move)
{
	for (size_t i = 0; i < LEGAL; i++)
		if (strcmp(legal[i], move) == 0)
			return true;
	return false;
}

START_TEST(every_state_with_every_event)
{
	enum smdp_state from = (enum smdp_state)(_i / SMDP_EVENTS);
	enum smdp_event event = (enum smdp_event)(_i % SMDP_EVENTS);
	struct smdp_profile p = { .state = from, .since = { 5 } };
	struct err err = { 0 };
	char prefix[64], move[96];

	snprintf(prefix, sizeof(prefix), "%s %s ", smdp_state_name(from),
		 smdp_event_name(event));
	if (smdp_profile_apply(&p, event, (struct instant){ 9 }, &err) == 0) {
		snprintf(move, sizeof(move), "%s%s", prefix,
			 smdp_state_name(p.state));
		ck_assert_msg(is_legal(move), "not legal: %s", move);
		ck_assert_int_eq(p.since.ns, 9);
		return;
	}
	for (size_t i = 0; i < LEGAL; i++)
		ck_assert_msg(strncmp(legal[i], prefix, strlen(prefix)) != 0,
			      "refused: %s", legal[i]);
	ck_assert_int_eq(err.code, ERR_STATE);
	ck_assert_int_eq(p.state, from);
	ck_assert_int_eq(p.since.ns, 5);
}
END_TEST

/* What is installed, or retired, stays so. */
START_TEST(ends)
{
	for (unsigned e = 0; e < SMDP_EVENTS; e++) {
		ck_assert_int_eq(smdp_state_next(SMDP_INSTALLED,
						 (enum smdp_event)e), SMDP_NONE);
		ck_assert_int_eq(smdp_state_next(SMDP_UNAVAILABLE,
						 (enum smdp_event)e), SMDP_NONE);
	}
}
END_TEST

START_TEST(rings)
{
	struct smdp_profile *p = calloc(1, sizeof(*p));
	struct smdp_notification n = { .eid = "1" };
	char id[RSP_TRANSACTION_MAX] = { 0 };
	struct str view = { id, sizeof(id) };

	ck_assert_ptr_null(smdp_profile_notification(p, "1", 0));
	for (int i = 0; i < SMDP_NOTIFICATIONS_KEPT + 3; i++) {
		n.sequence = i;
		smdp_profile_keep_notification(p, &n);
		ck_assert_ptr_nonnull(smdp_profile_notification(p, "1", i));
		ck_assert_ptr_null(smdp_profile_notification(p, "2", i));
	}
	ck_assert_ptr_null(smdp_profile_notification(p, "1", 2));
	ck_assert_ptr_nonnull(smdp_profile_notification(p, "1", 3));
	for (char i = 0; i < SMDP_TRANSACTIONS_KEPT + 1; i++) {
		id[3] = i;
		ck_assert(!smdp_profile_delivered_in(p, view));
		smdp_profile_keep_transaction(p, view);
		smdp_profile_keep_transaction(p, view);
		ck_assert(smdp_profile_delivered_in(p, view));
	}
	id[3] = 0;
	ck_assert(!smdp_profile_delivered_in(p, view));
	id[3] = 1;
	ck_assert(smdp_profile_delivered_in(p, view));
	ck_assert(smdp_profile_report(p, view));
	ck_assert(!smdp_profile_report(p, view));
	id[3] = 0;
	ck_assert(!smdp_profile_report(p, view));
	id[3] = 9;
	smdp_profile_keep_transaction(p, view);
	ck_assert(smdp_profile_report(p, view));
	smdp_profile_start_order(p);
	ck_assert(!smdp_profile_delivered_in(p, view));
	smdp_profile_free(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smdp/profile");
	TCase *tc = tcase_create("machine");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, every_state_with_every_event, 0,
			    SMDP_STATES * SMDP_EVENTS);
	tcase_add_test(tc, ends);
	tcase_add_test(tc, rings);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
