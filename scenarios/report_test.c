/*
 * Goal: reports say what ran, in forms that other programs read, whatever
 * the results hold.
 * Method: golden files (REPORT_TEST_WRITE=1 writes them anew: look at the
 * difference before committing it), and readers of this test's own or of a
 * library over results that are full of markup, controls and broken UTF-8.
 */
#include "scenarios/report.h"
#include "scenarios/report_ladder.h"
#include "sim/golden_test.h"
#include "sim/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- What ran. --------------------------------------------------------- */

static const char events[] =
	"{\"t\":0.000000,\"party\":\"server\",\"event\":\"started\"}\n"
	"{\"t\":0.010000,\"party\":\"server\",\"event\":\"request\",\"from\":\"client\",\"id\":1,"
	"\"method\":\"POST\",\"path\":\"/ws/v1/esim_profiles/enable\",\"sent\":0.000000}\n"
	"{\"t\":0.012000,\"party\":\"eis\",\"event\":\"request\",\"from\":\"server\",\"id\":2,"
	"\"method\":\"POST\",\"path\":\"/eis/v1/orders\",\"sent\":0.010000}\n"
	"{\"t\":0.012000,\"party\":\"eis\",\"event\":\"order-queued\",\"order\":\"5f3b\","
	"\"operation\":\"enable\"}\n"
	"{\"t\":0.014000,\"party\":\"server\",\"event\":\"response\",\"to\":\"eis\",\"id\":2,"
	"\"status\":201,\"bytes\":120,\"sent\":0.012000}\n"
	"{\"t\":0.024000,\"party\":\"client\",\"event\":\"response\",\"to\":\"server\",\"id\":1,"
	"\"status\":200,\"bytes\":30,\"sent\":0.014000}\n"
	"{\"t\":240.100000,\"party\":\"eis\",\"event\":\"request\",\"from\":\"device/router\","
	"\"id\":3,\"method\":\"GET\",\"path\":\"/eis/v1/euicc/89/orders/next\",\"sent\":240.050000}\n"
	"{\"t\":240.150000,\"party\":\"device/router\",\"event\":\"response\",\"to\":\"eis\","
	"\"id\":3,\"failure\":\"timeout\",\"sent\":240.100000}\n"
	"{\"t\":240.150000,\"party\":\"device/router\",\"event\":\"power-lost\","
	"\"why\":\"<b>quirk</b>\"}\n";

#define NASTY "a<b>&\"c'\x01\x1b[31m\xff \xc3\xa9 # ]]> \\ --> %s"

#define TEXT(z) { z, sizeof(z) - 1 }

static struct step_result steps_failed[] = {
	{ .title = TEXT("POST /ws/v1/esim_profiles/enable"), .verdict = VERDICT_PASS,
	  .file = TEXT("suites/enable.yaml"), .line = 12, .column = 5,
	  .ended = { 24 * NS_PER_MS } },
	{ .title = TEXT("GET .../progress/${tx} until {/status: complete}"),
	  .verdict = VERDICT_FAIL, .file = TEXT("suites/enable.yaml"), .line = 16,
	  .column = 5, .began = { 24 * NS_PER_MS }, .ended = { 1800 * NS_PER_S },
	  .message = TEXT("not so within 30min"),
	  .expected = TEXT("/status: complete"),
	  .actual = TEXT("/status: in progress") },
	{ .title = TEXT("GET /ws/v1/esim_profiles/inventory"),
	  .verdict = VERDICT_NOT_REACHED, .file = TEXT("suites/enable.yaml"),
	  .line = 20, .column = 5 },
};

static struct step_result steps_nasty[] = {
	{ .verdict = VERDICT_ERROR, .line = 1, .column = 1 },
};

static struct run_result runs[5];

static void set_up(void)
{
	struct str nasty = STR(NASTY);

	runs[0] = (struct run_result){
		.name = STR("Enables"), .file = STR("suites/enable.yaml"), .seed = 7,
		.verdict = VERDICT_PASS, .steps = steps_failed, .step_count = 1,
		.events = { events, sizeof(events) - 1 },
		.ended = { 31 * NS_PER_S + 270 * NS_PER_MS }, .wall_ns = 812345,
	};
	runs[1] = (struct run_result){
		.name = STR("Enables [no power]"), .file = STR("suites/enable.yaml"),
		.seed = UINT64_MAX, .verdict = VERDICT_FAIL, .steps = steps_failed,
		.step_count = 3, .events = { events, sizeof(events) - 1 },
		.last_events = STR("eis\n  240.100000 request\ndevice/router\n"
				   "  240.150000 power-lost\n"),
		.reproduce = STR("esimrig run suites/enable.yaml --seed 7"),
		.ended = { 1800 * NS_PER_S }, .wall_ns = 1 * NS_PER_MS,
	};
	runs[2] = (struct run_result){
		.name = STR("Skipped # here"), .file = STR("suites/skip.yaml"),
		.verdict = VERDICT_SKIP, .message = STR("needs TLS #5"),
	};
	runs[3] = (struct run_result){
		.name = nasty, .file = STR("suites/n<a>sty.yaml"),
		.verdict = VERDICT_ERROR, .steps = steps_nasty, .step_count = 1,
		.events = STR("{\"t\":1,\"party\":\"client\",\"event\":\"<script>\"}\n"
			      "no JSON\n{\"party\":\"client\",\"t\":1e300}\n"),
		.last_events = nasty, .reproduce = nasty,
	};
	steps_nasty[0].title = steps_nasty[0].file = steps_nasty[0].message =
		steps_nasty[0].expected = steps_nasty[0].actual = nasty;
	steps_nasty[0].actual.n -= 3;
	runs[4] = (struct run_result){
		.name = STR("Never ran"), .file = STR("suites/z.yaml"),
		.verdict = VERDICT_NOT_REACHED, .message = STR("interrupted"),
	};
}

static void write_report(struct buf *out, const struct report_format *f,
			 size_t first, size_t count)
{
	struct report r = {
		.version = "1.2.3", .clock = "virtual", .net = "memory",
		.has_seed = true, .seed = 7, .runs = runs + first,
		.run_count = count,
	};

	buf_init(out, 16 << 20);
	f->write(out, &r);
	ck_assert(!out->over);
	ck_assert(str_is_utf8(buf_view(out)));
}

/* ---- Golden files. ----------------------------------------------------- */

static const char dir[] = "scenarios/testdata/report";

START_TEST(golden)
{
	const struct report_format *f = &report_formats[_i];
	struct buf got;
	char path[100];

	write_report(&got, f, 0, 5);
	snprintf(path, sizeof(path), "%s/sample.%s", dir, f->option);
	golden_check(path, buf_view(&got), "REPORT_TEST_WRITE");
	buf_release(&got);
}
END_TEST

/* ---- Independent readers. ---------------------------------------------- */

/* Entities are those that XML knows; nothing else begins with '&'. */
static void check_text(struct str text)
{
	static const char *const entities[] = {
		"amp;", "lt;", "gt;", "quot;", "#39;", "#13;",
	};

	ck_assert_msg(!memchr(text.p, '\x01', text.n), "a control character");
	for (str_split(&text, '&'); text.p; str_split(&text, '&')) {
		bool known = false;

		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			known |= str_starts(text, str_of(entities[i]));
		ck_assert_msg(known, "&%.*s", (int)(text.n < 20 ? text.n : 20), text.p);
	}
}

static bool is_one_of(struct str name, const char *const *words)
{
	for (; *words; words++)
		if (str_is(name, *words))
			return true;
	return false;
}

/* Raw text, as in scripts: `s` moves to its end tag. */
static void skip_raw(struct str *s, struct str name)
{
	char end[20];
	ptrdiff_t at;

	snprintf(end, sizeof(end), "</%.*s>", STRF(name));
	at = str_find(*s, str_of(end));
	ck_assert(at >= 0);
	s->p += at;
	s->n -= (size_t)at;
}

/* Tags balance. */
static void check_markup(struct str s, bool html)
{
	static const char *const empty[] = { "meta", "input", "th", NULL };
	static const char *const raw[] = { "style", "script", NULL };
	struct str stack[64];
	size_t depth = 0;

	for (;;) {
		struct str tag, name;

		check_text(str_split(&s, '<'));
		if (!s.p)
			break;
		tag = str_split(&s, '>');
		if (tag.p[0] == '?' || tag.p[0] == '!' || tag.p[tag.n - 1] == '/')
			continue;
		name = str_trim(str_split(&tag, ' '));
		if (html && is_one_of(name, empty))
			continue;
		if (name.p[0] != '/') {
			ck_assert(depth < 64);
			stack[depth++] = name;
			if (html && is_one_of(name, raw))
				skip_raw(&s, name);
			continue;
		}
		name.p++;
		name.n--;
		ck_assert_msg(depth > 0 && str_eq(stack[--depth], name),
			      "</%.*s> closes nothing", STRF(name));
	}
	ck_assert_uint_eq(depth, 0);
}

START_TEST(junit_is_well_formed)
{
	struct buf out;

	write_report(&out, &report_formats[0], 0, 5);
	check_markup(buf_view(&out), false);
	ck_assert(str_find(buf_view(&out), STR("tests=\"2\" failures=\"1\" errors=\"0\" "
					       "skipped=\"0\"")) > 0);
	/* Not reached is not passed. */
	ck_assert(str_find(buf_view(&out), STR("<error type=\"NOT REACHED\" "
					       "message=\"interrupted\">")) > 0);
	buf_release(&out);
}
END_TEST

static size_t occurrences(struct str s, const char *what)
{
	size_t n = 0;

	for (ptrdiff_t at; (at = str_find(s, str_of(what))) >= 0; n++) {
		s.p += at + 1;
		s.n -= (size_t)at + 1;
	}
	return n;
}

START_TEST(html_is_well_formed)
{
	struct buf out;

	write_report(&out, &report_formats[3], 0, 5);
	check_markup(buf_view(&out), true);
	ck_assert_uint_eq(occurrences(buf_view(&out), "<details class=\"run "), 5);
	ck_assert_uint_eq(occurrences(buf_view(&out), "<script"), 1);
	ck_assert_uint_eq(occurrences(buf_view(&out), "http://"), 0);
	ck_assert_uint_eq(occurrences(buf_view(&out), "https://"), 0);
	buf_release(&out);
}
END_TEST

START_TEST(json_reads_back)
{
	static const char *const verdicts[] = {
		"PASS", "FAIL", "SKIP", "ERROR", "NOT REACHED",
	};
	const cJSON *list, *run;
	struct err err = { 0 };
	struct buf out;
	cJSON *tree;
	int i = 0;

	write_report(&out, &report_formats[2], 0, 5);
	tree = json_parse(buf_view(&out), &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	ck_assert_int_eq(cJSON_GetObjectItem(tree, "schema")->valueint, 1);
	list = cJSON_GetObjectItem(tree, "runs");
	ck_assert_int_eq(cJSON_GetArraySize(list), 5);
	cJSON_ArrayForEach(run, list)
		ck_assert_str_eq(cJSON_GetObjectItem(run, "verdict")->valuestring,
				 verdicts[i++]);
	run = cJSON_GetArrayItem(list, 1);
	ck_assert_str_eq(cJSON_GetObjectItem(run, "seed")->valuestring,
			 "18446744073709551615");
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(run, "steps")), 3);
	ck_assert_double_eq(cJSON_GetObjectItem(run, "simulated_ms")->valuedouble,
			    1800000);
	cJSON_Delete(tree);
	buf_release(&out);
}
END_TEST

START_TEST(tap_has_its_plan)
{
	struct str rest, line;
	size_t points = 0;
	struct buf out;

	write_report(&out, &report_formats[1], 0, 5);
	rest = buf_view(&out);
	ck_assert(str_is(str_split(&rest, '\n'), "TAP version 14"));
	ck_assert(str_is(str_split(&rest, '\n'), "1..5"));
	while (rest.n) {
		line = str_split(&rest, '\n');
		if (str_starts(line, STR("ok ")) || str_starts(line, STR("not ok ")))
			points++;
		else
			ck_assert_msg(str_starts(line, STR("  ")), "%.*s", STRF(line));
	}
	ck_assert_uint_eq(points, 5);
	ck_assert(str_find(buf_view(&out), STR("ok 3 - Skipped \\# here # SKIP needs "
					       "TLS \\#5\n")) > 0);
	buf_release(&out);
}
END_TEST

START_TEST(no_runs_at_all)
{
	struct buf out;

	write_report(&out, &report_formats[_i], 0, 0);
	ck_assert_uint_gt(out.n, 0);
	buf_release(&out);
}
END_TEST

/* ---- Ladders. ---------------------------------------------------------- */

static void draw(struct buf *out, struct buf *log)
{
	struct run_result run = { .events = buf_view(log) };

	buf_init(out, 64 << 20);
	ladder_draw(out, &run);
	check_markup(buf_view(out), false);
	buf_release(log);
}

static void poll(struct buf *log, int id, double at, int device)
{
	buf_printf(log, "{\"t\":%.6f,\"party\":\"eis\",\"event\":\"request\",\"from\":"
		   "\"device/d%d\",\"id\":%d,\"method\":\"GET\",\"path\":\"/next\","
		   "\"sent\":%.6f}\n", at, device, id, at);
	buf_printf(log, "{\"t\":%.6f,\"party\":\"device/d%d\",\"event\":\"response\","
		   "\"to\":\"eis\",\"id\":%d,\"status\":204,\"sent\":%.6f}\n", at,
		   device, id, at);
}

START_TEST(polls_are_folded)
{
	struct buf log, out;

	buf_init(&log, 16 << 20);
	for (int i = 0; i < 500; i++)
		poll(&log, i + 1, 240.0 * i, 1);
	draw(&out, &log);
	ck_assert(str_find(buf_view(&out),
			   STR("until here the 2 rows above, 499 times")) > 0);
	ck_assert_uint_eq(occurrences(buf_view(&out), "<path class=\"rq\""), 1);
	buf_release(&out);
}
END_TEST

START_TEST(long_identifiers_are_short)
{
	struct buf log, out;

	buf_init(&log, 1 << 20);
	buf_z(&log, "{\"t\":0,\"party\":\"eis\",\"event\":\"e\",\"eid\":"
	      "\"89049032000000000000000000000163\",\"iccid\":\"8944000000000000035\"}\n");
	draw(&out, &log);
	ck_assert(str_find(buf_view(&out), STR("> eid=8904\xE2\x80\xA6" "0163  iccid="
					       "8944000000000000035<")) > 0);
	/* The tooltip has all of it. */
	ck_assert(str_find(buf_view(&out), STR("89049032000000000000000000000163")) > 0);
	buf_release(&out);
}
END_TEST

START_TEST(gaps_are_one_row)
{
	struct buf log, out;

	buf_init(&log, 16 << 20);
	poll(&log, 1, 0, 1);
	poll(&log, 2, 0.999, 2);
	poll(&log, 3, 86400 + 3 * 3600, 1);
	draw(&out, &log);
	ck_assert_uint_eq(occurrences(buf_view(&out), "without events"), 1);
	ck_assert(str_find(buf_view(&out), STR(">1d2h without events<")) > 0);
	ck_assert(str_find(buf_view(&out), STR(">1d 3:00:00.000<")) > 0);
	buf_release(&out);
}
END_TEST

START_TEST(few_devices_of_many)
{
	struct buf log, out;

	buf_init(&log, 16 << 20);
	for (int i = 0; i < 200; i++)
		poll(&log, i + 1, i, i);
	draw(&out, &log);
	ck_assert(str_find(buf_view(&out), STR("196 more devices are left out, with "
					       "392 events")) > 0);
	ck_assert_uint_eq(occurrences(buf_view(&out), "<path class=\"lane\""), 5);
	ck_assert_uint_eq(occurrences(buf_view(&out), "<path class=\"rq\""), 4);
	buf_release(&out);
}
END_TEST

START_TEST(long_logs_are_cut)
{
	struct buf log, out;

	buf_init(&log, 16 << 20);
	for (int i = 0; i < 3000; i++)
		buf_printf(&log, "{\"t\":0.5,\"party\":\"eis\",\"event\":\"e%d\"}\n", i);
	draw(&out, &log);
	ck_assert(str_find(buf_view(&out), STR(">2600 rows are left out here<")) > 0);
	ck_assert_uint_eq(occurrences(buf_view(&out), "<circle"), LADDER_ROWS_MAX);
	ck_assert(str_find(buf_view(&out), STR(">e0<")) > 0);
	ck_assert(str_find(buf_view(&out), STR(">e2999<")) > 0);
	buf_release(&out);
}
END_TEST

START_TEST(slanted_by_latency)
{
	struct buf log, out;

	buf_init(&log, 16 << 20);
	buf_z(&log, "{\"t\":1.000000,\"party\":\"client\",\"event\":\"a\"}\n"
	      "{\"t\":1.200000,\"party\":\"eis\",\"event\":\"b\"}\n"
	      "{\"t\":1.500000,\"party\":\"eis\",\"event\":\"request\",\"from\":\"client\","
	      "\"id\":1,\"method\":\"GET\",\"path\":\"/\",\"sent\":1.000000}\n");
	draw(&out, &log);
	/* A gap of a second is above; from the client's own row, two below it. */
	ck_assert_msg(str_find(buf_view(&out), STR("d=\"M160 33L256 77\"")) > 0, "%s",
		      out.p);
	buf_release(&out);
}
END_TEST

/* ---- Small things. ----------------------------------------------------- */

static const struct {
	int64_t ns;
	const char *text;
} lengths[] = {
	{ 0, "0ms" }, { 999999, "0ms" }, { 350 * NS_PER_MS, "350ms" },
	{ NS_PER_S, "1s" }, { 12599 * NS_PER_MS, "12.5s" },
	{ 59999 * NS_PER_MS, "59.9s" }, { 60 * NS_PER_S, "1min" },
	{ 252 * NS_PER_S, "4min12s" }, { 3600 * NS_PER_S, "1h" },
	{ 3661 * NS_PER_S, "1h1min" }, { 90000 * NS_PER_S, "1d1h" },
};

START_TEST(length)
{
	struct buf out;

	buf_init(&out, 100);
	report_length(&out, lengths[_i].ns);
	ck_assert_str_eq(out.p, lengths[_i].text);
	buf_release(&out);
}
END_TEST

START_TEST(plain_keeps_terminals_safe)
{
	struct buf out;

	buf_init(&out, 100);
	report_plain(&out, STR("a\x1b[2J\t\xc2\x9b\xff\n\xc3\xa9"));
	ck_assert_str_eq(out.p, "a\xef\xbf\xbd[2J\t\xef\xbf\xbd\xef\xbf\xbd\n\xc3\xa9");
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/report");
	TCase *tc = tcase_create("reports");
	SRunner *runner;
	int failed;

	set_up();
	tcase_add_loop_test(tc, golden, 0, REPORT_FORMATS);
	tcase_add_loop_test(tc, no_runs_at_all, 0, REPORT_FORMATS);
	tcase_add_test(tc, junit_is_well_formed);
	tcase_add_test(tc, html_is_well_formed);
	tcase_add_test(tc, json_reads_back);
	tcase_add_test(tc, tap_has_its_plan);
	tcase_add_test(tc, polls_are_folded);
	tcase_add_test(tc, long_identifiers_are_short);
	tcase_add_test(tc, gaps_are_one_row);
	tcase_add_test(tc, few_devices_of_many);
	tcase_add_test(tc, long_logs_are_cut);
	tcase_add_test(tc, slanted_by_latency);
	tcase_add_loop_test(tc, length, 0, sizeof(lengths) / sizeof(lengths[0]));
	tcase_add_test(tc, plain_keeps_terminals_safe);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
