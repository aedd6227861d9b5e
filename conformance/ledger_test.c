/*
 * Goal: a ledger is read as it is written, everything wrong with one is said
 * in its place, and what a failing check means follows from the row alone.
 * Method: small ledgers as text; the whole of level by provenance by options
 * once more as words; every place in every message is looked for in the text.
 */
#include "conformance/ledger.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static struct ledger ledger;
static struct diag diag;

static void tear_down(void)
{
	ledger_release(&ledger);
	arena_release(&arena);
}

static int load(const char *text)
{
	diag_init(&diag, &arena);
	return ledger_load_text(&ledger, "r.yaml", str_of(text), &arena, &diag);
}

#define ROW(id, rest) \
	"- id: " id "\n  section: Inventory\n  text: Rows are shown.\n" \
	"  level: MUST\n  provenance: documented\n  since: \"1\"\n" rest

START_TEST(rows_are_read)
{
	const struct requirement *r;

	ck_assert_int_eq(load(ROW("EP-INV-007", "")
			      "- id: EP-ROB-120\n"
			      "  section: \"conventions: Errors\"\n"
			      "  text: >\n    Costs ${nothing}\n    at all.\n"
			      "  level: AMBIGUOUS\n  provenance: convention\n  since: 2.1\n"
			      "  needs: second-account\n  excluded: nobody can see it\n"),
			 0);
	ck_assert_uint_eq(ledger.count, 2);
	r = ledger_find(&ledger, STR("ep-rob-120"));
	ck_assert_ptr_eq(r, &ledger.list[1]);
	ck_assert(str_is(r->id, "EP-ROB-120"));
	ck_assert_str_eq(requirement_areas[r->area].title, "Robustness");
	ck_assert(str_is(r->section, "conventions: Errors"));
	ck_assert(str_is(r->text, "Costs ${nothing} at all."));
	ck_assert_uint_eq(r->level, LEVEL_AMBIGUOUS);
	ck_assert_uint_eq(r->provenance, PROVENANCE_CONVENTION);
	ck_assert(str_is(r->since, "2.1"));
	ck_assert(str_is(r->needs, "second-account"));
	ck_assert(str_is(r->excluded, "nobody can see it"));
	ck_assert_uint_eq(r->pos.line, 7);
	r = ledger_find(&ledger, STR("EP-INV-007"));
	ck_assert_ptr_eq(r, &ledger.list[0]);
	ck_assert(!r->needs.n && !r->excluded.n);
	ck_assert_ptr_null(ledger_find(&ledger, STR("EP-INV-008")));
	ck_assert_ptr_null(ledger_find(&ledger, STR("")));
}
END_TEST

static const struct {
	const char *text;
	const char *said[4];
} wrong[] = {
	{ "id: EP-INV-001\n", { "r.yaml:1:1: expected a list of requirements, found a map" } },
	{ "- 7\n", { "r.yaml:1:3: expected a map" } },
	{ ROW("EP-INV-07", ""), { "r.yaml:1:7: expected an id such as EP-INV-007",
				  "'EP-INV-07'" } },
	{ ROW("EP-INVV-007", ""), { "r.yaml:1:7:", "did you mean 'INV'?" } },
	{ ROW("EP-INV-007-1", ""), { "r.yaml:1:7: expected an id" } },
	{ ROW("XX-INV-007", ""), { "r.yaml:1:7: expected an id" } },
	{ ROW("7", ""), { "r.yaml:1:7: expected an id" } },
	{ ROW("EP-INV-001", "") ROW("EP-INV-001", ""),
	  { "r.yaml:7:7: EP-INV-001 stands in line 1 already", "ids are never used again",
	    "  7 | - id: EP-INV-001", "^^^^^^^^^^" } },
	{ ROW("EP-INV-001", "  levle: MUST\n"),
	  { "r.yaml:7:3: unknown key 'levle' in a requirement", "did you mean 'level'?",
	    "^^^^^" } },
	{ "- id: EP-INV-001\n  section: A\n  text: B\n  level: must\n"
	  "  provenance: documentd\n  since: \"1\"\n",
	  { "r.yaml:4:10: expected MUST, SHOULD, MAY or AMBIGUOUS",
	    "r.yaml:5:15: expected documented, convention or ours",
	    "did you mean 'documented'?" } },
	{ "- id: EP-INV-001\n  section: ''\n  level: MUST\n  provenance: ours\n",
	  { "r.yaml:2:12: 'section' must not be empty", "needs the key 'text'",
	    "needs the key 'since'" } },
	{ ROW("EP-INV-001", "  excluded: true\n"), { "r.yaml:7:13: expected a string" } },
};

START_TEST(what_is_wrong_is_said)
{
	struct buf out;

	ck_assert_int_eq(load(wrong[_i].text), -1);
	buf_init(&out, 1 << 20);
	diag_print(&diag, &out);
	for (size_t i = 0; i < 4 && wrong[_i].said[i]; i++)
		ck_assert_msg(strstr(out.p, wrong[_i].said[i]) != NULL,
			      "no '%s' in:\n%s", wrong[_i].said[i], out.p);
	buf_release(&out);
}
END_TEST

START_TEST(a_wrong_row_leaves_nothing_behind)
{
	ck_assert_int_eq(load(ROW("EP-INV-001", "  needs: x\n  bad: 1\n")
			      ROW("EP-INV-002", "")), -1);
	ck_assert_uint_eq(ledger.count, 1);
	ck_assert(str_is(ledger.list[0].id, "EP-INV-002"));
	ck_assert(!ledger.list[0].needs.n);
}
END_TEST

/* In words: what fails without options, what --strict adds, --conventions. */
static const struct {
	unsigned level, provenance;
	const char *fails;	/* d: by default, s: with --strict, c: --conventions */
} meanings[] = {
	{ LEVEL_MUST, PROVENANCE_DOCUMENTED, "d" },
	{ LEVEL_SHOULD, PROVENANCE_DOCUMENTED, "s" },
	{ LEVEL_MAY, PROVENANCE_DOCUMENTED, "" },
	{ LEVEL_AMBIGUOUS, PROVENANCE_DOCUMENTED, "" },
	{ LEVEL_MUST, PROVENANCE_CONVENTION, "c" },
	{ LEVEL_SHOULD, PROVENANCE_CONVENTION, "c" },
	{ LEVEL_MAY, PROVENANCE_CONVENTION, "" },
	{ LEVEL_AMBIGUOUS, PROVENANCE_CONVENTION, "" },
	{ LEVEL_MUST, PROVENANCE_OURS, "" },
	{ LEVEL_SHOULD, PROVENANCE_OURS, "" },
	{ LEVEL_MAY, PROVENANCE_OURS, "" },
	{ LEVEL_AMBIGUOUS, PROVENANCE_OURS, "" },
};

START_TEST(what_a_failure_means)
{
	struct requirement r = { .level = meanings[_i].level,
				 .provenance = meanings[_i].provenance };
	char when = meanings[_i].fails[0];

	for (int options = 0; options < 4; options++) {
		bool strict = options & 1, conventions = options & 2;

		ck_assert_int_eq(requirement_fails(&r, strict, conventions),
				 when == 'd' || (when == 's' && strict) ||
				 (when == 'c' && conventions));
	}
}
END_TEST

START_TEST(areas_are_distinct)
{
	size_t area = 99;

	for (size_t i = 0; i < AREAS; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(requirement_areas[i].word,
					 requirement_areas[k].word);
	ck_assert(requirement_id_well_formed(STR("EP-ROB-999"), &area));
	ck_assert_uint_eq(area, AREAS - 1);
	ck_assert(!requirement_id_well_formed(STR("EP-ROB-99x"), NULL));
	ck_assert(!requirement_id_well_formed(STR("EP-ROB"), NULL));
	ck_assert(!requirement_id_well_formed(STR("EP-"), NULL));
}
END_TEST

static const char *const paths[][2] = {
	{ "conformance/suites", "conformance/requirements.yaml" },
	{ "conformance/suites/", "conformance/requirements.yaml" },
	{ "/a/b//", "/a/requirements.yaml" },
	{ "/suites", "/requirements.yaml" },
	{ "suites", "requirements.yaml" },
	{ "./suites", "./requirements.yaml" },
	{ ".", "./../requirements.yaml" },
	{ "a/..", "a/../../requirements.yaml" },
	{ "/", "//../requirements.yaml" },
};

START_TEST(beside_the_suites)
{
	ck_assert_str_eq(ledger_path(paths[_i][0], &arena), paths[_i][1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conformance/ledger");
	TCase *tc = tcase_create("ledger");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, rows_are_read);
	tcase_add_loop_test(tc, what_is_wrong_is_said, 0,
			    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, a_wrong_row_leaves_nothing_behind);
	tcase_add_loop_test(tc, what_a_failure_means, 0,
			    sizeof(meanings) / sizeof(meanings[0]));
	tcase_add_test(tc, areas_are_distinct);
	tcase_add_loop_test(tc, beside_the_suites, 0, sizeof(paths) / sizeof(paths[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
