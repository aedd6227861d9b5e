/*
 * report_rig_test.h - a small conformance run to write reports of: every verdict,
 * a reason behind reasons, a baseline, and results that are full of markup,
 * controls, broken UTF-8 and secrets.
 *
 * What was judged stands in a table of its own, from which a test counts again.
 */
#ifndef CONFORMANCE_REPORT_RIG_TEST_H
#define CONFORMANCE_REPORT_RIG_TEST_H

#include "conformance/report_conform.h"
#include "sim/golden_test.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define NASTY "a<b>&\"c'\x01\x1b[31m\xff \xc3\xa9 # ]]> \\ --> %s </script>"
#define SECRET "hunter2Zq"
#define TEXT(z) { z, sizeof(z) - 1 }

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

static inline void set_up(void)
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

static inline void tear_down(void)
{
	comparison_release(&since);
	map_release(&suite.by_id);
	ledger_release(&ledger);
	arena_release(&arena);
}

/* The formats, and the terminal, plain and in colour. */
enum { TERMINAL = CONFORM_FORMATS, TERMINAL_COLOUR, WRITERS };

static inline const char *writer_name(int i)
{
	return i < CONFORM_FORMATS ? conform_formats[i].option :
	       i == TERMINAL ? "txt" : "colour";
}

static inline void write_report(struct buf *out, int i, const struct comparison *old)
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
static inline void make_older(void)
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

#endif
