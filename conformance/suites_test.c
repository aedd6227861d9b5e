/*
 * Goal: the shipped checks are what they must be: every one loads, can be told
 * by its id, asks only for what its depth allows, says what it shows, and the
 * reference server passes them all.
 * Method: the suite itself; names in checks of depth read are sought in their
 * text, against the things of the check's world.
 */
#include "conformance/judge.h"
#include "conformance/shipped_test.h"

#include <check.h>
#include <stdlib.h>

/* What the project promises. */
enum { CHECKS_MIN = 220 };

START_TEST(enough_of_them)
{
	ck_assert_uint_ge(suite.count, CHECKS_MIN);
}
END_TEST

/* Every row that a check names is there, and its main row carries it. */
START_TEST(rows_are_there)
{
	for (size_t i = 0; i < suite.count; i++)
		for (size_t k = 0; k < suite.checks[i].covers.count; k++) {
			const struct requirement *r =
				ledger_find(&ledger, suite.checks[i].covers.list[k]);

			ck_assert_msg(r != NULL, "%.*s: no row %.*s",
				      STRF(suite.checks[i].id),
				      STRF(suite.checks[i].covers.list[k]));
			ck_assert_msg(!r->excluded.n, "%.*s covers %.*s, which is excluded",
				      STRF(suite.checks[i].id), STRF(r->id));
		}
}
END_TEST

/* ---- Depth read: no names but users. -------------------------------------- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Things of the rig's world, which a live account has not. */
static bool is_thing(const struct scenario_world *w, struct str name)
{
	for (size_t i = 0; i < w->devices.count; i++)
		if (str_eq(w->devices.list[i].key, name))
			return true;
	for (size_t i = 0; i < w->carriers.count; i++)
		if (str_eq(w->carriers.list[i].key, name))
			return true;
	for (size_t i = 0; i < w->fleets.count; i++)
		if (str_eq(w->fleets.list[i].key, name))
			return true;
	for (size_t i = 0; i < w->smdps.count; i++)
		if (str_eq(w->smdps.list[i].key, name))
			return true;
	for (size_t i = 0; i < w->accounts.count; i++)
		if (str_eq(w->accounts.list[i].key, name))
			return true;
	return str_is(name, "eis") || str_is(name, "smdp");
}

static void look_through(const struct check *c, struct str text)
{
	ptrdiff_t at;

	while ((at = str_find(text, STR("${"))) >= 0) {
		struct str name = { text.p + at + 2, 0 };

		while (name.p + name.n < text.p + text.n && is_word(name.p[name.n]))
			name.n++;
		ck_assert_msg(!is_thing(&c->scenario->world, name),
			      "%.*s has depth %s and names ${%.*s...}", STRF(c->id),
			      depth_name(c->depth), STRF(name));
		text = (struct str){ name.p, (size_t)(text.p + text.n - name.p) };
	}
}

static void look_value(const struct check *c, const struct value *v)
{
	for (size_t i = 0; v && i < v->count; i++) {
		if (v->kind == VALUE_MAP)
			look_through(c, v->members[i].key);
		look_value(c, v->kind == VALUE_MAP ? v->members[i].value : v->items[i]);
	}
	if (v && v->text.p)
		look_through(c, v->text);
}

static void look_expectations(const struct check *c, const struct expectations *list)
{
	for (size_t i = 0; i < list->count; i++) {
		look_through(c, list->list[i].target);
		look_value(c, list->list[i].want);
	}
}

static void look_request(const struct check *c, const struct scenario_request *q)
{
	look_through(c, q->url);
	look_value(c, q->body);
	for (size_t i = 0; i < q->headers.count; i++)
		look_value(c, q->headers.list[i].value);
	for (size_t i = 0; i < q->query.count; i++)
		look_value(c, q->query.list[i].value);
	look_expectations(c, &q->expect);
	look_expectations(c, &q->until);
	look_expectations(c, &q->given);
}

/* Steps that are passed over at somebody else's devices may name the rig's. */
START_TEST(read_names_nothing)
{
	for (size_t i = 0; i < suite.count; i++) {
		const struct check *c = &suite.checks[i];
		const struct scenario *sc = c->scenario;

		for (size_t k = 0; c->depth == DEPTH_READ && k < sc->steps.count; k++) {
			const struct scenario_step *s = &sc->steps.list[k];

			if (s->in_world)
				continue;
			if (s->kind == STEP_REQUEST)
				look_request(c, &s->request);
			for (size_t n = 0; s->kind == STEP_SET && n < s->set.count; n++)
				look_value(c, s->set.list[n].value);
		}
	}
}
END_TEST

/* At depth world what is in the log is not the server's: another one has none. */
START_TEST(nobody_asks_the_servers_log)
{
	for (size_t i = 0; i < suite.count; i++) {
		const struct scenario *sc = suite.checks[i].scenario;

		for (size_t k = 0; k < sc->steps.count; k++)
			ck_assert_msg(sc->steps.list[k].kind != STEP_EXPECT_EVENT ||
				      (sc->steps.list[k].event.party.p &&
				       !str_is(sc->steps.list[k].event.party, "server")),
				      "%.*s:%u: expect-event needs a party, but not the server",
				      STRF(sc->file), sc->steps.list[k].pos.line);
	}
}
END_TEST

/* ---- The reference server. -------------------------------------------------- */

/* Lesser depths leave checks out and change nothing else: `make conform` has
 * them all. */
START_TEST(reference_passes)
{
	static const struct run_target plain;
	struct run_options options = {
		.clock = CLOCK_KIND_VIRTUAL, .rate = 1, .no_events = true,
		.no_second = true, .target = &plain,
	};
	struct plan_config config = { .suite = &suite, .depth = DEPTH_WORLD };
	struct judge j = { .ledger = &ledger, .options = &options, .strict = true,
			   .conventions = true };
	struct check_result *results = arena_array(&arena, suite.count, sizeof(*results));
	struct plan plan;
	struct err err = { 0 };

	j.plan = &plan;
	ck_assert_int_eq(plan_make(&plan, &config, &arena, &err), 0);
	judge_here(&j, &arena, results, NULL, NULL);
	for (size_t i = 0; i < plan.count; i++) {
		const struct check_result *r = &results[i];

		ck_assert_msg(r->verdict == VERDICT_PASS, "%.*s: %s: %.*s",
			      STRF(r->check->id), verdict_name(r->verdict), STRF(r->why));
		ck_assert_msg(!r->run->left_behind.n, "%.*s leaves behind: %.*s",
			      STRF(r->check->id), STRF(r->run->left_behind));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conformance/suites");
	TCase *tc = tcase_create("suites");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, enough_of_them);
	tcase_add_test(tc, rows_are_there);
	tcase_add_test(tc, read_names_nothing);
	tcase_add_test(tc, nobody_asks_the_servers_log);
	tcase_add_test(tc, reference_passes);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
