/*
 * Goal: reports say what came of judging, in forms that other programs read,
 * alike for alike verdicts, without secrets, whatever the results hold.
 * Method: golden files (REPORT_TEST_WRITE=1 writes them anew: look at the
 * difference before committing it); readers of this test's own or of a
 * library over results that are full of markup, controls, broken UTF-8 and
 * secrets; the counts are counted again, from the list of what was judged.
 */
#include "conformance/report_conform.h"
#include "sim/json.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define NASTY "a<b>&\"c'\x01\x1b[31m\xff \xc3\xa9 # ]]> \\ --> %s </script>"
#define SECRET "hunter2Zq"
#define TEXT(z) { z, sizeof(z) - 1 }

/* ---- What was judged. --------------------------------------------------- */

static const char requirements[] =
	"- {id: EP-INV-001, section: Inventory, text: The inventory answers., "
	"level: MUST, provenance: documented, since: '1'}\n"
	"- {id: EP-INV-002, section: Inventory, text: Rows are \"whole\" & <plain>., "
	"level: SHOULD, provenance: documented, since: '1'}\n"
	"- {id: EP-QRY-001, section: 'conventions: Query language', text: Words in any case., "
	"level: MUST, provenance: convention, since: '1'}\n"
	"- {id: EP-QRY-002, section: Query, text: One of two readings., level: AMBIGUOUS, "
	"provenance: documented, since: '1'}\n"
	"- {id: EP-ROB-001, section: Robustness, text: Nothing breaks it., level: MUST, "
	"provenance: ours, since: '1', excluded: no check can show it}\n";

static const char events[] =
	"{\"t\":0.000000,\"party\":\"server\",\"event\":\"started\"}\n"
	"{\"t\":0.010000,\"party\":\"server\",\"event\":\"request\",\"from\":\"client\",\"id\":1,"
	"\"method\":\"GET\",\"path\":\"/ws/v1/esim_profiles/inventory?password=" SECRET "\","
	"\"sent\":0.000000}\n"
	"{\"t\":0.024000,\"party\":\"client\",\"event\":\"response\",\"to\":\"server\",\"id\":1,"
	"\"status\":500,\"bytes\":30,\"sent\":0.014000}\n";

static struct step_result steps[] = {
	{ .title = TEXT("GET /ws/v1/esim_profiles"), .verdict = VERDICT_PASS,
	  .file = TEXT("conformance/suites/inventory/rows.yaml"), .line = 10, .column = 5,
	  .request = TEXT("GET /ws/v1/esim_profiles HTTP/1.1\nHost: example.com\n"),
	  .response = TEXT("HTTP/1.1 200 OK\n\n{}") },
	{ .title = TEXT("GET /ws/v1/esim_profiles/inventory"), .verdict = VERDICT_FAIL,
	  .file = TEXT("conformance/suites/inventory/rows.yaml"), .line = 12, .column = 5,
	  .message = TEXT("/list/0/iccid is not there"),
	  .expected = TEXT("/list/0/iccid: present"), .actual = TEXT("/list/0: {\"spn\":\"X\"}"),
	  .request = TEXT("GET /ws/v1/esim_profiles/inventory HTTP/1.1\n"
			  "Authorization: Basic " SECRET "\n"),
	  .response = TEXT("HTTP/1.1 200 OK\nSet-Cookie: sid=" SECRET "\n\n"
			   "{\"list\":[{\"spn\":\"X\",\"activation_code\":\"LPA:1$a.b$" SECRET
			   "\"}]}"),
	  .curl = TEXT("curl -u 'main:" SECRET "' https://example.com/ws/v1/esim_profiles/"
		       "inventory") },
	{ .title = TEXT("GET /ws/v1/esim_profiles/bulk"), .verdict = VERDICT_NOT_REACHED,
	  .file = TEXT("conformance/suites/inventory/rows.yaml"), .line = 16, .column = 5 },
};

static struct step_result nasty_steps[] = {
	{ .title = TEXT(NASTY), .verdict = VERDICT_ERROR, .file = TEXT(NASTY),
	  .line = 1, .column = 1, .message = TEXT(NASTY), .expected = TEXT(NASTY),
	  .actual = TEXT("x" NASTY), .request = TEXT(NASTY), .response = TEXT(NASTY),
	  .curl = TEXT(NASTY) },
};

static const struct run_result run_passed = {
	.name = TEXT("Answers"), .steps = steps, .step_count = 1,
	.events = TEXT(events),
};
static const struct run_result run_failed = {
	.name = TEXT("Rows"), .file = TEXT("conformance/suites/inventory/rows.yaml"),
	.verdict = VERDICT_FAIL, .steps = steps, .step_count = 3,
	.left_behind = TEXT("a profile, password: " SECRET), .events = TEXT(events),
	.reproduce = TEXT("esimrig conform --target x --only inventory/rows"),
	.wall_ns = 123456789,
};
static const struct run_result run_nasty = {
	.name = TEXT(NASTY), .verdict = VERDICT_ERROR, .steps = nasty_steps,
	.step_count = 1, .left_behind = TEXT(NASTY),
	.events = TEXT("no JSON\n{\"party\":\"client\",\"t\":1e300,\"event\":\"<script>\"}\n"),
};

static struct str covers[][2] = {
	{ TEXT("EP-INV-001") }, { TEXT("EP-INV-002"), TEXT("EP-INV-001") },
	{ TEXT("EP-QRY-001") }, { TEXT("EP-QRY-002") },
};

enum { CHECKS = 8 };
static struct check checks[CHECKS] = {
	{ .id = TEXT("inventory/answers"), .group = TEXT("inventory"),
	  .title = TEXT("The inventory answers"),
	  .covers = { covers[0], 1 } },
	{ .id = TEXT("inventory/rows"), .group = TEXT("inventory"),
	  .title = TEXT("Rows are whole"),
	  .description = TEXT("A row without an ICCID is nobody's."),
	  .covers = { covers[1], 2 } },
	{ .id = TEXT("inventory/known"), .group = TEXT("inventory"),
	  .title = TEXT("Known to fail"), .covers = { covers[0], 1 } },
	{ .id = TEXT("query/words [upper case]"), .group = TEXT("query"),
	  .title = TEXT("Words in any case [upper case]"), .covers = { covers[2], 1 } },
	{ .id = TEXT("query/words [<b>&'\"]"), .group = TEXT("query"),
	  .title = TEXT(NASTY), .description = TEXT(NASTY), .covers = { covers[2], 1 } },
	{ .id = TEXT("query/readings"), .group = TEXT("query"),
	  .title = TEXT("One of two readings"), .covers = { covers[3], 1 },
	  .depth = DEPTH_ACTIONS },
	{ .id = TEXT("query/later"), .group = TEXT("query"), .title = TEXT("Later"),
	  .covers = { covers[3], 1 }, .depth = DEPTH_WORLD },
	{ .id = TEXT("query/unjudged"), .group = TEXT("query"), .title = TEXT("Unjudged"),
	  .covers = { covers[2], 1 } },
};

/* What each is judged: the oracle for all counts. */
static const struct {
	const char *main;
	enum verdict verdict;
	const char *why, *comment;
	const struct run_result *run;
} judged[CHECKS] = {
	{ "EP-INV-001", VERDICT_PASS, NULL, NULL, &run_passed },
	{ "EP-INV-002", VERDICT_FAIL, "/list/0/iccid is not there", NULL, &run_failed },
	{ "EP-INV-001", VERDICT_FAIL, "/list/0/iccid is not there", "to be mended in May",
	  &run_failed },
	{ "EP-QRY-001", VERDICT_WARN, "/list/0/iccid is not there", NULL, &run_failed },
	{ "EP-QRY-001", VERDICT_ERROR, NASTY, NULL, &run_nasty },
	{ "EP-QRY-002", VERDICT_SKIP, "needs depth actions; password: " SECRET, NULL, NULL },
	{ "EP-QRY-002", VERDICT_SKIP, "needs depth world", NULL, NULL },
	{ "EP-QRY-001", VERDICT_NOT_REACHED, "needs inventory/rows, which failed", NULL, NULL },
};

/* Each waits for the one named. */
static const struct check *after[][1] = {
	{ &checks[1] }, { &checks[6] }, { &checks[7] },
};

static struct finding findings[] = {
	{ TEXT("The capability head is declared wrongly"),
	  TEXT("declared: no; found: yes\ntoken: " SECRET), true },
	{ TEXT(NASTY), TEXT(NASTY), false },
};

static struct arena arena;
static struct ledger ledger;
static struct suite suite;
static struct check_result results[CHECKS];
static struct conformance conformance;
static struct comparison since;

static void set_up(void)
{
	struct diag d;

	diag_init(&d, &arena);
	ck_assert_int_eq(ledger_load_text(&ledger, "requirements.yaml", str_of(requirements),
					  &arena, &d), 0);
	checks[7].after.list = after[0];
	checks[7].after.count = 1;
	for (size_t i = 0; i < CHECKS; i++) {
		checks[i].index = i;
		results[i] = (struct check_result){
			.check = &checks[i],
			.main = ledger_find(&ledger, str_of(judged[i].main)),
			.verdict = judged[i].verdict, .why = str_of(judged[i].why),
			.in_baseline = judged[i].comment != NULL,
			.comment = str_of(judged[i].comment), .run = judged[i].run,
		};
		ck_assert_ptr_nonnull(results[i].main);
	}
	suite = (struct suite){ .checks = checks, .count = CHECKS };
	for (size_t i = 0; i < CHECKS; i++)
		map_put(&suite.by_id, checks[i].id, &checks[i]);
	conformance = (struct conformance){
		.rig_version = STR("1.2.3"), .suite_version = STR("1.2.3"),
		.suite_hash = STR("0123456789abcdef"), .target_name = STR("my <server>"),
		.target_url = STR("https://joe:" SECRET "@example.com"),
		.target_server = STR(NASTY), .depth = DEPTH_READ, .strict = true,
		.seed = UINT64_MAX, .options = STR("--strict --only 'a & b'"),
		.ledger = &ledger, .suite = &suite, .results = results, .count = CHECKS,
		.findings = findings, .finding_count = 2,
	};
}

static void tear_down(void)
{
	comparison_release(&since);
	map_release(&suite.by_id);
	ledger_release(&ledger);
	arena_release(&arena);
}

/* The formats, and the terminal, plain and in colour. */
enum { TERMINAL = CONFORM_FORMATS, TERMINAL_COLOUR, WRITERS };

static const char *writer_name(int i)
{
	return i < CONFORM_FORMATS ? conform_formats[i].option :
	       i == TERMINAL ? "txt" : "colour";
}

static void write_report(struct buf *out, int i, const struct comparison *old)
{
	struct conform_view view = { .colour = i == TERMINAL_COLOUR,
				     .verbose = i == TERMINAL_COLOUR };

	buf_init(out, 16 << 20);
	if (i < CONFORM_FORMATS)
		conform_formats[i].write(out, &conformance, old);
	else
		report_conform_terminal(out, &conformance, old, &view);
	ck_assert(!out->over);
	ck_assert_msg(str_is_utf8(buf_view(out)), "%s", writer_name(i));
}

/* An older report, in which things were otherwise. */
static void make_older(void)
{
	struct err err = { 0 };
	struct check_result now[CHECKS];
	struct check gone = checks[0];
	struct buf json;

	memcpy(now, results, sizeof(now));
	gone.id = STR("inventory/gone");
	results[0].verdict = VERDICT_FAIL;	/* mended since */
	results[1].verdict = VERDICT_PASS;	/* broken since */
	results[3].verdict = VERDICT_NOT_REACHED;	/* other */
	results[7].check = &gone;		/* new, and gone */
	conformance.suite_hash = STR("older");
	write_report(&json, 2, NULL);
	memcpy(results, now, sizeof(now));
	conformance.suite_hash = STR("0123456789abcdef");
	ck_assert_msg(comparison_read(&since, "old.json", buf_view(&json), &arena,
				      &err) == 0, "%s", err.msg);
	buf_release(&json);
}

/* ---- Golden files. ------------------------------------------------------ */

static const char dir[] = "conformance/testdata/report";

static void read_golden(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t n;

	buf_init(out, 16 << 20);
	ck_assert_msg(f != NULL, "%s: cannot be read; run from the root", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	fclose(f);
}

START_TEST(golden)
{
	struct buf got, want;
	char path[100];

	make_older();
	write_report(&got, _i, &since);
	snprintf(path, sizeof(path), "%s/sample.%s", dir, writer_name(_i));
	if (getenv("REPORT_TEST_WRITE")) {
		FILE *out = fopen(path, "wb");

		ck_assert(out && fwrite(got.p, 1, got.n, out) == got.n);
		fclose(out);
	}
	read_golden(&want, path);
	ck_assert_msg(str_eq(buf_view(&got), buf_view(&want)),
		      "%s differs; REPORT_TEST_WRITE=1 writes it anew", path);
	buf_release(&got);
	buf_release(&want);
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

/* ---- JSON. -------------------------------------------------------------- */

static const cJSON *member(const cJSON *o, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);

	ck_assert_msg(m != NULL, "no member %s", key);
	return m;
}

static int number(const cJSON *o, const char *key)
{
	ck_assert(cJSON_IsNumber(member(o, key)));
	return member(o, key)->valueint;
}

static const char *string(const cJSON *o, const char *key)
{
	ck_assert_msg(cJSON_IsString(member(o, key)), "%s", key);
	return member(o, key)->valuestring;
}

START_TEST(json_says_all)
{
	struct err err = { 0 };
	struct buf out;
	const cJSON *list, *item;
	cJSON *root;
	int i = 0;

	write_report(&out, 2, NULL);
	root = json_parse(buf_view(&out), &err);
	ck_assert_msg(root != NULL, "%s", err.msg);
	ck_assert_int_eq(number(root, "schema"), 1);
	ck_assert_str_eq(string(root, "seed"), "18446744073709551615");
	ck_assert_str_eq(string(member(root, "target"), "url"), "https://joe:***@example.com");
	ck_assert_str_eq(string(root, "verdict"), "ERROR");
	list = member(root, "checks");
	cJSON_ArrayForEach(item, list) {
		ck_assert_str_eq(string(item, "id"), checks[i].id.p);
		ck_assert_str_eq(string(item, "verdict"), verdict_name(judged[i].verdict));
		ck_assert_str_eq(string(item, "requirement"), judged[i].main);
		ck_assert_int_eq(cJSON_IsTrue(member(item, "in_baseline")),
				 judged[i].comment != NULL);
		i++;
	}
	ck_assert_int_eq(i, CHECKS);
	item = cJSON_GetArrayItem(list, 1);
	item = cJSON_GetArrayItem(member(item, "steps"), 1);
	ck_assert_str_eq(string(item, "curl"), "curl -u 'main:***' https://example.com/ws/v1/"
					       "esim_profiles/inventory");
	cJSON_Delete(root);
	buf_release(&out);
}
END_TEST

START_TEST(json_counts)
{
	static const struct {
		const char *key;
		enum verdict verdict;
	} keys[] = {
		{ "passed", VERDICT_PASS }, { "failed", VERDICT_FAIL },
		{ "errors", VERDICT_ERROR }, { "skipped", VERDICT_SKIP },
		{ "not_reached", VERDICT_NOT_REACHED }, { "warnings", VERDICT_WARN },
	};
	struct err err = { 0 };
	struct buf out;
	const cJSON *summary, *row;
	cJSON *root;

	write_report(&out, 2, NULL);
	root = json_parse(buf_view(&out), &err);
	summary = member(root, "summary");
	for (size_t k = 0; k < 6; k++) {
		int all = 0, levels = 0, groups = 0;

		for (size_t i = 0; i < CHECKS; i++)
			all += judged[i].verdict == keys[k].verdict;
		cJSON_ArrayForEach(row, member(summary, "levels"))
			levels += number(row, keys[k].key);
		cJSON_ArrayForEach(row, member(summary, "groups"))
			groups += number(row, keys[k].key);
		ck_assert_int_eq(number(summary, keys[k].key), all);
		ck_assert_int_eq(levels, all);
		ck_assert_int_eq(groups, all);
	}
	ck_assert_int_eq(cJSON_GetArraySize(member(summary, "levels")), 4);
	ck_assert_int_eq(number(summary, "in_baseline"), 1);
	cJSON_Delete(root);
	buf_release(&out);
}
END_TEST

/* Worst of the checks that cover it; none without checks. */
START_TEST(json_requirements)
{
	static const char *const verdicts[] = { "FAIL", "FAIL", "ERROR", "SKIP", NULL };
	struct err err = { 0 };
	struct buf out;
	const cJSON *row;
	cJSON *root;
	int i = 0;

	write_report(&out, 2, NULL);
	root = json_parse(buf_view(&out), &err);
	cJSON_ArrayForEach(row, member(root, "requirements")) {
		if (verdicts[i])
			ck_assert_str_eq(string(row, "verdict"), verdicts[i]);
		else
			ck_assert_str_eq(string(row, "excluded"), "no check can show it");
		i++;
	}
	ck_assert_int_eq(i, 5);
	cJSON_Delete(root);
	buf_release(&out);
}
END_TEST

/* ---- Why not: of a chain only the beginning. ---------------------------- */

static size_t reasons_like(const char *text, struct tally *t)
{
	tally_count(t, &conformance, &arena);
	for (size_t i = 0; i < t->reason_count; i++)
		if (str_is(t->reasons[i].name, text))
			return t->reasons[i].count;
	return 0;
}

START_TEST(the_reason_behind_reasons)
{
	struct tally t;

	/* query/unjudged waits for inventory/rows, which failed. */
	ck_assert_uint_eq(reasons_like("needs inventory/rows, which failed", &t), 1);
	ck_assert_uint_eq(t.reason_count, 3);
	/* query/readings waits for query/later, and that for query/unjudged. */
	results[5].verdict = results[6].verdict = VERDICT_NOT_REACHED;
	results[5].why = STR("needs query/later, which was not reached");
	results[6].why = STR("needs query/unjudged, which was not reached");
	checks[5].after.list = after[1];
	checks[6].after.list = after[2];
	checks[5].after.count = checks[6].after.count = 1;
	ck_assert_uint_eq(reasons_like("needs inventory/rows, which failed", &t), 3);
	ck_assert_uint_eq(t.reason_count, 1);
	/* What failed was left out: what is known is said. */
	results[1].verdict = VERDICT_NOT_REACHED;
	results[1].why = STR("there are no rows");
	ck_assert_uint_eq(reasons_like("needs inventory/rows, which was not reached: "
				       "there are no rows", &t), 3);
	ck_assert_uint_eq(reasons_like("there are no rows", &t), 1);
	checks[5].after.count = checks[6].after.count = 0;
}
END_TEST

/* ---- The schema, held by a validator of what it uses. ------------------- */

static const cJSON *schema_root;

static bool has_type(const cJSON *v, const char *type)
{
	return strcmp(type, "object") == 0 ? cJSON_IsObject(v) :
	       strcmp(type, "array") == 0 ? cJSON_IsArray(v) :
	       strcmp(type, "string") == 0 ? cJSON_IsString(v) :
	       strcmp(type, "boolean") == 0 ? cJSON_IsBool(v) :
	       strcmp(type, "integer") == 0 ? cJSON_IsNumber(v) &&
					      v->valuedouble == v->valueint : false;
}

static void check_object(const cJSON *schema, const cJSON *v, const char *path);

static void check_value(const cJSON *schema, const cJSON *v, const char *path)
{
	const cJSON *ref = cJSON_GetObjectItem(schema, "$ref"), *item;
	const cJSON *words = cJSON_GetObjectItem(schema, "enum");
	const cJSON *only = cJSON_GetObjectItem(schema, "const");
	const cJSON *type = cJSON_GetObjectItem(schema, "type");
	bool found = !words;

	if (ref) {
		ck_assert(strncmp(ref->valuestring, "#/$defs/", 8) == 0);
		schema = member(member(schema_root, "$defs"), ref->valuestring + 8);
		type = cJSON_GetObjectItem(schema, "type");
	}
	ck_assert_msg(type || words || only, "%s: the schema says nothing", path);
	if (type)
		ck_assert_msg(has_type(v, type->valuestring), "%s: not %s", path,
			      type->valuestring);
	cJSON_ArrayForEach(item, words)
		found |= cJSON_Compare(item, v, true);
	ck_assert_msg(found, "%s: none of the words", path);
	if (only)
		ck_assert_msg(cJSON_Compare(only, v, true), "%s", path);
	if (cJSON_IsObject(v))
		check_object(schema, v, path);
	if (cJSON_IsArray(v))
		cJSON_ArrayForEach(item, v)
			check_value(member(schema, "items"), item, path);
}

static void check_object(const cJSON *schema, const cJSON *v, const char *path)
{
	const cJSON *properties = member(schema, "properties"), *item;

	/* The schema lets others add members; of ours it has to know all. */
	cJSON_ArrayForEach(item, member(schema, "required"))
		ck_assert_msg(cJSON_HasObjectItem(v, item->valuestring), "%s: no %s",
			      path, item->valuestring);
	cJSON_ArrayForEach(item, v) {
		ck_assert_msg(cJSON_HasObjectItem(properties, item->string),
			      "%s: %s is not in the schema", path, item->string);
		check_value(member(properties, item->string), item, item->string);
	}
}

START_TEST(json_is_as_the_schema_says)
{
	struct err err = { 0 };
	struct buf out, text;
	cJSON *root, *schema;

	read_golden(&text, "docs/conformance-report.schema.json");
	schema = json_parse(buf_view(&text), &err);
	ck_assert_msg(schema != NULL, "%s", err.msg);
	schema_root = schema;
	make_older();
	write_report(&out, 2, _i ? &since : NULL);
	root = json_parse(buf_view(&out), &err);
	ck_assert_msg(root != NULL, "%s", err.msg);
	check_value(schema, root, "report");
	ck_assert_int_eq(cJSON_HasObjectItem(root, "compared"), _i);
	cJSON_Delete(root);
	cJSON_Delete(schema);
	buf_release(&out);
	buf_release(&text);
}
END_TEST

/* ---- Compared. ---------------------------------------------------------- */

START_TEST(what_has_changed)
{
	static const struct {
		enum change change;
		const char *id;
		enum verdict was, is;
	} expected[] = {
		{ CHANGE_BROKEN, "inventory/rows", VERDICT_PASS, VERDICT_FAIL },
		{ CHANGE_MENDED, "inventory/answers", VERDICT_FAIL, VERDICT_PASS },
		{ CHANGE_OTHER, "query/words [upper case]", VERDICT_NOT_REACHED, VERDICT_WARN },
		{ CHANGE_NEW, "query/unjudged", 0, VERDICT_NOT_REACHED },
		{ CHANGE_GONE, "inventory/gone", VERDICT_NOT_REACHED, 0 },
	};
	struct differences d;

	make_older();
	comparison_differences(&since, &conformance, &arena, &d);
	ck_assert_uint_eq(d.count, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(d.list[i].change, expected[i].change);
		ck_assert(str_is(d.list[i].id, expected[i].id));
		if (expected[i].change != CHANGE_NEW)
			ck_assert_int_eq(d.list[i].was, expected[i].was);
		if (expected[i].change != CHANGE_GONE)
			ck_assert_int_eq(d.list[i].is, expected[i].is);
		ck_assert_uint_eq(d.of[expected[i].change], 1);
	}
	ck_assert_uint_eq(d.of[CHANGE_NONE], 4);
	ck_assert(str_is(since.suite_hash, "older"));
	ck_assert(str_is(since.depth, "read"));
}
END_TEST

static const struct {
	const char *text, *said;
} no_reports[] = {
	{ "", "x.json: " },
	{ "[]", "x.json: expected a JSON report of esimrig conform" },
	{ "{\"schema\":1,\"tool\":\"esimrig\",\"runs\":[]}", "a JSON report of esimrig conform" },
	{ "{\"kind\":\"conformance\",\"schema\":2}", "another schema than 1" },
	{ "{\"kind\":\"conformance\",\"schema\":1}", "expected 'suite' and 'target'" },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{}}",
	  "'checks': expected a list, found nothing" },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{},\"checks\":[7]}",
	  "x.json: " },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{},"
	  "\"checks\":[{\"id\":\"a\",\"verdict\":\"GOOD\"}]}",
	  "check 1: expected an id and a verdict" },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{},"
	  "\"checks\":[{\"id\":\"a\",\"verdict\":\"PASS\"},{\"id\":\"a\",\"verdict\":\"PASS\"}]}",
	  "a stands there twice" },
};

START_TEST(what_is_no_report_is_refused)
{
	struct err err = { 0 };

	ck_assert_int_eq(comparison_read(&since, "x.json", str_of(no_reports[_i].text),
					 &arena, &err), -1);
	ck_assert_msg(strstr(err.msg, no_reports[_i].said) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct err err = { 0 };

	ck_assert_int_eq(comparison_load(&since, "/nonexistent.json", &arena, &err), -1);
	ck_assert_msg(strstr(err.msg, "/nonexistent.json: ") != NULL, "%s", err.msg);
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
	tcase_add_test(tc, json_says_all);
	tcase_add_test(tc, json_counts);
	tcase_add_test(tc, json_requirements);
	tcase_add_test(tc, the_reason_behind_reasons);
	tcase_add_loop_test(tc, json_is_as_the_schema_says, 0, 2);
	tcase_add_test(tc, what_has_changed);
	tcase_add_loop_test(tc, what_is_no_report_is_refused, 0,
			    sizeof(no_reports) / sizeof(no_reports[0]));
	tcase_add_test(tc, a_file_that_is_not_there);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
