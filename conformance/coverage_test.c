/*
 * Goal: every requirement has a check or a reason, every check a requirement;
 * docs/coverage.md says what is so.
 * Method: the shipped ledger and checks, both ways, by a walk of the test's
 * own; the page byte for byte (UPDATE_DOCS=1 writes it anew); the CSV read
 * back by a reader of the test's own.
 */
#include "conformance/coverage.h"
#include "conformance/shipped_test.h"
#include "sim/golden_test.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE "docs/coverage.md"

static struct coverage coverage;

static void set_up_coverage(void)
{
	set_up();
	coverage_build(&coverage, &ledger, &suite, &arena);
}

/* ---- Both directions. --------------------------------------------------- */

static size_t covering(const struct requirement *r)
{
	size_t n = 0;

	for (size_t i = 0; i < suite.count; i++)
		for (size_t k = 0; k < suite.checks[i].covers.count; k++)
			n += str_eq(suite.checks[i].covers.list[k], r->id);
	return n;
}

START_TEST(no_row_without_check_or_reason)
{
	for (size_t i = 0; i < ledger.count; i++) {
		const struct requirement *r = &ledger.list[i];
		size_t n = covering(r);

		ck_assert_msg(n || r->excluded.n, "%.*s has neither check nor reason",
			      STRF(r->id));
		ck_assert_msg(!n || !r->excluded.n, "%.*s has both", STRF(r->id));
		ck_assert_uint_eq(coverage.rows[i].count, n);
		ck_assert_ptr_eq(coverage.rows[i].r, r);
	}
}
END_TEST

START_TEST(nothing_to_complain_of)
{
	must(coverage_check(&coverage, &diag));
}
END_TEST

/* What the project says of the ledger: it covers all areas and the main part
 * of it is what the specification demands. */
START_TEST(all_areas)
{
	size_t n[AREAS] = { 0 };

	for (size_t i = 0; i < ledger.count; i++)
		n[ledger.list[i].area] += coverage.rows[i].count > 0;
	for (size_t i = 0; i < AREAS; i++)
		ck_assert_msg(n[i] > 0, "%s", requirement_areas[i].title);
}
END_TEST

/* ---- The page. ---------------------------------------------------------- */

START_TEST(page_is_in_step)
{
	struct buf want;

	buf_init(&want, 16 << 20);
	coverage_markdown(&want, &coverage);
	golden_check(PAGE, buf_view(&want), "UPDATE_DOCS");
	buf_release(&want);
}
END_TEST

/* ---- CSV. --------------------------------------------------------------- */

/* One field of RFC 4180, into `out`; false at the end of a line. */
static bool read_field(struct str *rest, struct buf *out)
{
	bool quoted = rest->n && rest->p[0] == '"';
	size_t i = quoted;

	buf_clear(out);
	for (;; i++) {
		ck_assert_uint_lt(i, rest->n);
		if (quoted && rest->p[i] == '"') {
			if (i + 1 < rest->n && rest->p[i + 1] == '"') {
				i++;
			} else {
				i++;
				break;
			}
		} else if (!quoted && (rest->p[i] == ',' || rest->p[i] == '\r')) {
			break;
		}
		buf_char(out, rest->p[i]);
	}
	*rest = (struct str){ rest->p + i, rest->n - i };
	if (rest->p[0] == ',') {
		*rest = (struct str){ rest->p + 1, rest->n - 1 };
		return true;
	}
	ck_assert(rest->n >= 2 && rest->p[0] == '\r' && rest->p[1] == '\n');
	*rest = (struct str){ rest->p + 2, rest->n - 2 };
	return false;
}

START_TEST(csv_has_every_pair)
{
	size_t pairs = 0, alone = 0, lines = 0, want_pairs = 0, want_alone = 0;
	struct buf csv, field;
	struct str rest;

	for (size_t i = 0; i < ledger.count; i++) {
		want_pairs += covering(&ledger.list[i]);
		want_alone += covering(&ledger.list[i]) == 0;
	}
	buf_init(&csv, 64 << 20);
	buf_init(&field, 1 << 20);
	coverage_csv(&csv, &coverage);
	for (rest = buf_view(&csv); rest.n; lines++) {
		size_t column = 0;
		bool more, has_check = false;

		do {
			more = read_field(&rest, &field);
			if (lines && column == 0)
				ck_assert(ledger_find(&ledger, buf_view(&field)));
			if (lines && column == 7 && field.n) {
				ck_assert(suite_find(&suite, buf_view(&field)));
				has_check = true;
			}
			column++;
		} while (more);
		ck_assert_uint_eq(column, 12);
		pairs += has_check;
		alone += lines && !has_check;
	}
	ck_assert_uint_eq(pairs, want_pairs);
	ck_assert_uint_eq(alone, want_alone);
	buf_release(&csv);
	buf_release(&field);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conformance/coverage");
	TCase *tc = tcase_create("coverage");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up_coverage, tear_down);
	tcase_add_test(tc, no_row_without_check_or_reason);
	tcase_add_test(tc, nothing_to_complain_of);
	tcase_add_test(tc, all_areas);
	tcase_add_test(tc, page_is_in_step);
	tcase_add_test(tc, csv_has_every_pair);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
