/*
 * Goal: reports say what came of judging, in forms that other programs read,
 * alike for alike verdicts, without secrets, whatever the results hold.
 * Method: golden files (REPORT_TEST_WRITE=1 writes them anew: look at the
 * difference before committing it), and readers of this test's own.  JSON, which
 * says all, has report_conform_json_test.c.
 */
#include "conformance/report_rig_test.h"

#include <ctype.h>

/* ---- Golden files. ------------------------------------------------------ */

static const char dir[] = "conformance/testdata/report";

START_TEST(golden)
{
	struct buf got;
	char path[100];

	make_older();
	write_report(&got, _i, &since);
	snprintf(path, sizeof(path), "%s/sample.%s", dir, writer_name(_i));
	golden_check(path, buf_view(&got), "REPORT_TEST_WRITE");
	buf_release(&got);
}
END_TEST

/* ---- Of every report. --------------------------------------------------- */

START_TEST(no_secret_gets_through)
{
	struct buf out;

	write_report(&out, _i, NULL);
	ck_assert_msg(str_find(buf_view(&out), STR(SECRET)) < 0, "%s holds a secret",
		      writer_name(_i));
	buf_release(&out);
}
END_TEST

/* Real time and where a result came from are not the verdict's. */
START_TEST(alike_for_alike_verdicts)
{
	struct run_result slow = run_failed;
	struct buf a, b;

	slow.wall_ns *= 3;
	write_report(&a, _i, NULL);
	results[1].run = &slow;
	results[0].resumed = true;
	write_report(&b, _i, NULL);
	ck_assert_msg(str_eq(buf_view(&a), buf_view(&b)), "%s", writer_name(_i));
	buf_release(&a);
	buf_release(&b);
}
END_TEST

START_TEST(no_control_characters)
{
	struct buf out;

	write_report(&out, _i, NULL);
	for (size_t i = 0; i < out.n; i++)
		ck_assert_msg((unsigned char)out.p[i] >= 0x20 || out.p[i] == '\n' ||
			      out.p[i] == '\t' ||
			      (_i == TERMINAL_COLOUR && out.p[i] == '\x1b'),
			      "%s holds byte %d", writer_name(_i), out.p[i]);
	buf_release(&out);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct buf out;

	conformance.count = conformance.finding_count = 0;
	write_report(&out, _i, NULL);
	ck_assert(out.n > 0);
	buf_release(&out);
}
END_TEST

/* ---- XML, with a reader that knows elements, attributes and entities. ---- */

struct xml {
	struct str rest;
	const char *open[64];		/* names of open elements */
	size_t open_n[64];
	size_t depth;
	bool html;
};

static bool is_void(const char *name, size_t n)
{
	static const char *const names[] = { "meta", "input", "br" };

	for (size_t i = 0; i < 3; i++)
		if (n == strlen(names[i]) && memcmp(name, names[i], n) == 0)
			return true;
	return false;
}

/* HTML lets them stand without an end. */
static bool needs_no_end(const char *name, size_t n)
{
	return n == 2 && memcmp(name, "th", 2) == 0;
}

static void check_entity(const char *at)
{
	static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;",
					     "&#39;", "&#13;" };

	for (size_t i = 0; i < 6; i++)
		if (strncmp(at, known[i], strlen(known[i])) == 0)
			return;
	ck_abort_msg("a bare '&': %.40s", at);
}

static const char *skip_attributes(const char *p)
{
	while (*p != '>' && *p != '/') {
		while (isspace((unsigned char)*p))
			p++;
		if (*p == '>' || *p == '/')
			break;
		while (isalnum((unsigned char)*p) || strchr("-:_", *p))
			p++;
		if (*p != '=')
			continue;	/* as in <details open> */
		ck_assert_msg(p[1] == '"', "an attribute without quotes: %.40s", p);
		for (p += 2; *p != '"'; p++) {
			ck_assert_msg(*p && *p != '<', "an attribute: %.40s", p);
			if (*p == '&')
				check_entity(p);
		}
		p++;
	}
	return p;
}

static const char *end_element(struct xml *x, const char *p)
{
	const char *name = p + 2;
	size_t n = strcspn(name, ">");

	while (x->html && x->depth &&
	       needs_no_end(x->open[x->depth - 1], x->open_n[x->depth - 1]) &&
	       !(n == x->open_n[x->depth - 1] &&
		 memcmp(name, x->open[x->depth - 1], n) == 0))
		x->depth--;
	ck_assert_msg(x->depth > 0, "nothing is open: %.40s", p);
	x->depth--;
	ck_assert_msg(n == x->open_n[x->depth] && memcmp(name, x->open[x->depth], n) == 0,
		      "<%.*s> ends as %.40s", (int)x->open_n[x->depth], x->open[x->depth], p);
	return name + n + 1;
}

static const char *begin_element(struct xml *x, const char *p)
{
	const char *name = p + 1, *end;
	size_t n = strcspn(name, " \t\n/>");

	ck_assert_msg(n > 0 && (isalpha((unsigned char)*name)), "a bare '<': %.40s", p);
	if (x->html && ((n == 5 && memcmp(name, "style", 5) == 0) ||
			(n == 6 && memcmp(name, "script", 6) == 0))) {
		end = strstr(p, n == 5 ? "</style>" : "</script>");
		ck_assert_ptr_nonnull(end);
		return strchr(end, '>') + 1;
	}
	end = skip_attributes(name + n);
	if (*end == '/')
		return end + 2;
	if (x->html && is_void(name, n))
		return end + 1;
	ck_assert_uint_lt(x->depth, 64);
	x->open[x->depth] = name;
	x->open_n[x->depth++] = n;
	return end + 1;
}

static void check_markup(const char *p, bool html)
{
	struct xml x = { .html = html };

	if (strncmp(p, "<?xml", 5) == 0 || strncmp(p, "<!DOCTYPE", 9) == 0)
		p = strchr(p, '>') + 1;
	while (*p)
		if (*p == '<') {
			p = p[1] == '/' ? end_element(&x, p) : begin_element(&x, p);
		} else {
			if (*p == '&')
				check_entity(p);
			p++;
		}
	ck_assert_uint_eq(x.depth, 0);
}

static size_t count_of(struct buf *out, const char *what)
{
	size_t n = 0;

	for (const char *at = out->p; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

START_TEST(junit_is_well_formed)
{
	struct buf out;

	write_report(&out, 0, NULL);
	check_markup(out.p, false);
	/* Two groups, and what no check says. */
	ck_assert_uint_eq(count_of(&out, "<testsuite "), 3);
	ck_assert_uint_eq(count_of(&out, "<testcase "), CHECKS + 2);
	ck_assert_uint_eq(count_of(&out, "<failure "), 1 + 1);
	ck_assert_uint_eq(count_of(&out, "<error "), 1);
	ck_assert_uint_eq(count_of(&out, "<skipped "), 4);
	ck_assert(strstr(out.p, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
	ck_assert(strstr(out.p, "tests=\"5\" failures=\"0\" errors=\"1\" skipped=\"3\""));
	ck_assert(strstr(out.p, "message=\"expected to fail: to be mended in May\""));
	buf_release(&out);
	/* Where the rig provides everything, NOT REACHED is no excuse. */
	conformance.depth = DEPTH_WORLD;
	write_report(&out, 0, NULL);
	check_markup(out.p, false);
	ck_assert(strstr(out.p, "tests=\"5\" failures=\"0\" errors=\"2\" skipped=\"2\""));
	buf_release(&out);
}
END_TEST

START_TEST(html_is_well_formed)
{
	struct buf out;

	make_older();
	write_report(&out, 3, &since);
	check_markup(out.p, true);
	ck_assert_uint_eq(count_of(&out, "<details class=\"run "), CHECKS);
	/* Nothing comes from elsewhere. */
	ck_assert_uint_eq(count_of(&out, "src="), 0);
	ck_assert_uint_eq(count_of(&out, "@import"), 0);
	ck_assert_uint_eq(count_of(&out, "url(http"), 0);
	ck_assert_uint_eq(count_of(&out, "<link"), 0);
	ck_assert_uint_eq(count_of(&out, "href=\""), count_of(&out, "href=\"#"));
	buf_release(&out);
}
END_TEST

/* Every link leads to something that is there. */
START_TEST(html_links_lead_somewhere)
{
	struct buf out;
	size_t links = 0;

	make_older();
	write_report(&out, 3, &since);
	for (const char *at = out.p; (at = strstr(at, "href=\"#")) != NULL; links++) {
		const char *id = at + 7;
		size_t n = strcspn(id, "\"");
		char target[300];

		ck_assert_uint_lt(n, 200);
		snprintf(target, sizeof(target), " id=\"%.*s\"", (int)n, id);
		ck_assert_msg(strstr(out.p, target) != NULL, "no%s", target);
		at = id;
	}
	ck_assert_uint_gt(links, CHECKS);
	buf_release(&out);
}
END_TEST

START_TEST(badge_is_well_formed)
{
	struct buf out;

	write_report(&out, 4, NULL);
	check_markup(out.p, false);
	ck_assert(strstr(out.p, "1 of 6, read"));
	ck_assert(strstr(out.p, "#8b3fb0"));	/* the rig's own trouble */
	buf_release(&out);
	results[4].verdict = VERDICT_PASS;
	write_report(&out, 4, NULL);
	ck_assert(strstr(out.p, "#c62f3b"));	/* fails */
	buf_release(&out);
	conformance.count = 1;
	conformance.finding_count = 0;
	write_report(&out, 4, NULL);
	ck_assert(strstr(out.p, "#1a7f4b"));	/* all passed */
	buf_release(&out);
}
END_TEST

/* ---- TAP. --------------------------------------------------------------- */

START_TEST(tap_is_tap)
{
	static const char *const points[] = {
		"ok 1 - inventory/answers", "not ok 2 - inventory/rows",
		"not ok 3 - inventory/known # TODO expected to fail",
		"not ok 4 - query/words [upper case] # TODO a warning",
		"not ok 5 - query/words [<b>&'\"]",
		"ok 6 - query/readings # SKIP needs depth actions; password: ***",
		"ok 7 - query/later # SKIP needs depth world",
		"ok 8 - query/unjudged # SKIP not reached: needs inventory/rows, which failed",
		"not ok 9 - The capability head is declared wrongly",
	};
	struct str rest, line;
	struct buf out;
	size_t point = 0;
	bool block = false;

	write_report(&out, 1, NULL);
	rest = buf_view(&out);
	ck_assert(str_is(str_split(&rest, '\n'), "TAP version 14"));
	ck_assert(str_is(str_split(&rest, '\n'), "1..10"));
	while (rest.n) {
		line = str_split(&rest, '\n');
		if (str_is(line, "  ---") || str_is(line, "  ...")) {
			ck_assert_int_ne(block, line.p[2] == '-');
			block = !block;
		} else if (block) {
			ck_assert_msg(str_starts(line, STR("  ")) &&
				      str_find(line, STR(": ")) > 0, "%.*s", STRF(line));
		} else if (!str_starts(line, STR("#"))) {
			if (point < 9)
				ck_assert_msg(str_is(line, points[point]), "%.*s",
					      STRF(line));
			point++;
		}
	}
	ck_assert(!block);
	ck_assert_uint_eq(point, CHECKS + 2);
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conformance/report");
	TCase *tc = tcase_create("report");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, golden, 0, WRITERS);
	tcase_add_loop_test(tc, no_secret_gets_through, 0, WRITERS);
	tcase_add_loop_test(tc, alike_for_alike_verdicts, 0, WRITERS);
	tcase_add_loop_test(tc, no_control_characters, 0, WRITERS);
	tcase_add_loop_test(tc, nothing_at_all, 0, WRITERS);
	tcase_add_test(tc, junit_is_well_formed);
	tcase_add_test(tc, html_is_well_formed);
	tcase_add_test(tc, html_links_lead_somewhere);
	tcase_add_test(tc, badge_is_well_formed);
	tcase_add_test(tc, tap_is_tap);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
