/*
 * Goal: a verdict follows from the run and the requirement's row: levels and
 * options, what comes after what, what depth and target lack, the baseline;
 * the same in one process, in several, and from a journal.
 * Method: a small suite of checks that pass or fail by what they ask of the
 * reference server, written into a folder of its own; verdicts as words.
 */
#include "conformance/baseline.h"
#include "conformance/journal.h"
#include "conformance/judge.h"

#include <assert.h>
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/esimrig-judge-test-XXXXXX";
static struct arena arena;
static struct suite suite;
static struct ledger ledger;
static struct plan plan;
static struct diag diag;
static struct check_result results[32];

#define ROW(id, level, provenance) \
	"- {id: " id ", section: s, text: t, level: " level ", provenance: " provenance \
	", since: \"1\"}\n"
static const char rows[] =
	ROW("EP-INV-001", "MUST", "documented") ROW("EP-INV-002", "SHOULD", "documented")
	ROW("EP-INV-003", "MAY", "documented") ROW("EP-INV-004", "AMBIGUOUS", "documented")
	ROW("EP-INV-005", "MUST", "convention") ROW("EP-INV-006", "SHOULD", "convention")
	ROW("EP-INV-007", "MUST", "ours");

#define CHECK(id, more) "check: {covers: [EP-INV-" id "], depth: " more "}\n"
#define ASK(status) "steps: [{get: /ws/v1/esim_profiles, expect: {status: " status "}}]\n"

static const struct { const char *path, *text; } files[] = {
	{ "root/_common.yaml", "world: {users: {main: {}}}\n" },
	{ "root/good.yaml", CHECK("001", "read") ASK("200") },
	{ "root/levels.yaml",
	  "check: {covers: [\"${case.row}\"], depth: read}\n"
	  "cases: [{name: must, row: EP-INV-001}, {name: should, row: EP-INV-002},"
	  " {name: may, row: EP-INV-003}, {name: open, row: EP-INV-004},"
	  " {name: c-must, row: EP-INV-005}, {name: c-should, row: EP-INV-006},"
	  " {name: ours, row: EP-INV-007}]\n" ASK("299") },
	{ "inventory/after-good.yaml",
	  CHECK("001", "read, after: [root/good, inventory/first]") ASK("200") },
	{ "inventory/first.yaml", CHECK("001", "read") ASK("200") },
	{ "inventory/after-bad.yaml",
	  CHECK("001", "read, after: [root/levels]") ASK("200") },
	{ "inventory/after-that.yaml",
	  CHECK("001", "read, after: [inventory/after-bad]") ASK("200") },
	{ "inventory/given.yaml", CHECK("001", "read")
	  "steps: [{get: /ws/v1/esim_profiles/inventory, given: {/count: 9}, expect: {status: 200}}]\n" },
	{ "item/deep.yaml", CHECK("001", "world") "world: {devices: {d: {}}}\n"
	  "steps: [{wait: 20min}, {expect-device: {d: {online: true}}}]\n" },
	{ "inventory/after-given.yaml", CHECK("001", "read, after: [inventory/given]") ASK("200") },
	{ "item/needy.yaml", CHECK("001", "read, needs: [wings]") ASK("200") },
	{ "item/after-needy.yaml", CHECK("001", "read, after: [item/needy]") ASK("200") },
	{ "item/skipped.yaml", "skip: not yet\n" CHECK("001", "read") ASK("200") },
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	assert(f);
	fputs(text, f);
	fclose(f);
}

static void make_folder(void)
{
	static const char *const groups[] = { "", "/suites", "/suites/root",
					      "/suites/inventory", "/suites/item" };
	char path[300];

	if (!mkdtemp(folder))
		abort();
	for (size_t i = 1; i < sizeof(groups) / sizeof(groups[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", folder, groups[i]);
		if (mkdir(path, 0700) < 0)
			abort();
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/suites/%s", folder, files[i].path);
		write_file(path, files[i].text);
	}
	snprintf(path, sizeof(path), "%s/requirements.yaml", folder);
	write_file(path, rows);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static const char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name).p;
}

static void must_load(int rc)
{
	struct buf out;

	if (rc == 0)
		return;
	buf_init(&out, 1 << 16);
	diag_print(&diag, &out);
	ck_abort_msg("%s", out.p);
}

static void set_up(void)
{
	arena = (struct arena){ 0 };
	diag_init(&diag, &arena);
	must_load(suite_load(&suite, path_of("suites"), NULL, &arena, &diag));
	must_load(ledger_load(&ledger, path_of("requirements.yaml"), &arena, &diag));
}

static void tear_down(void)
{
	suite_release(&suite);
	ledger_release(&ledger);
	arena_release(&arena);
}

static struct str no_wings(void *arg, struct str capability)
{
	(void)arg;
	return str_is(capability, "wings") ? STR("it says so") : STR_NONE;
}

static void make_plan(enum check_depth depth, const char *only)
{
	struct plan_config config = { .suite = &suite, .depth = depth, .lacks = no_wings };
	struct err err = { 0 };

	if (only) {
		config.only = &only;
		config.only_count = 1;
	}
	ck_assert_msg(plan_make(&plan, &config, &arena, &err) == 0, "%s", err.msg);
	ck_assert_uint_le(plan.count, sizeof(results) / sizeof(results[0]));
}

static const struct run_target plain;
static const struct run_options virtual = {
	.clock = CLOCK_KIND_VIRTUAL, .rate = 1, .no_events = true, .target = &plain,
};

static struct judge a_judge(void)
{
	return (struct judge){ .plan = &plan, .ledger = &ledger, .options = &virtual };
}

static const struct check_result *result_of(const char *id)
{
	for (size_t i = 0; i < plan.count; i++)
		if (str_is(results[i].check->id, id))
			return &results[i];
	ck_abort_msg("no result of %s", id);
}

static void expect(const char *id, const char *verdict, const char *why)
{
	const struct check_result *r = result_of(id);

	ck_assert_msg(strcmp(verdict_name(r->verdict), verdict) == 0, "%s: %s, not %s: %.*s",
		      id, verdict_name(r->verdict), verdict, STRF(r->why));
	ck_assert_msg(str_find(r->why, str_of(why)) >= 0, "%s: '%.*s' has no '%s'", id,
		      STRF(r->why), why);
}

/* All verdicts, as text. */
static struct str verdicts(void)
{
	struct str s = STR("");

	for (size_t i = 0; i < plan.count; i++)
		s = arena_printf(&arena, "%.*s%.*s %s %.*s\n", STRF(s),
				 STRF(results[i].check->id),
				 verdict_name(results[i].verdict), STRF(results[i].why));
	return s;
}

/* ---- The suite. ----------------------------------------------------------- */

START_TEST(ids_and_levels)
{
	const struct check *c = suite_find(&suite, STR("root/levels [c-must]"));

	ck_assert_uint_eq(suite.count, 18);
	ck_assert_ptr_nonnull(c);
	ck_assert(str_is(c->file_id, "root/levels"));
	ck_assert(str_is(c->group, "root"));
	ck_assert(str_is(c->covers.list[0], "EP-INV-005"));
	ck_assert(str_is(suite.checks[0].id, "root/good"));
	ck_assert_uint_eq(suite_find(&suite, STR("inventory/after-that"))->level, 2);
	ck_assert_uint_eq(suite_find(&suite, STR("inventory/after-bad"))->after.count, 7);
	ck_assert_uint_eq(strlen(suite.hash), 16);
	ck_assert_ptr_null(suite_find(&suite, STR("root/_common")));
}
END_TEST

static const struct { const char *id, *pattern; bool fits; } patterns[] = {
	{ "query/operators [contains]", "query", true },
	{ "query/operators [contains]", "query/*", true },
	{ "query/operators [contains]", "query/operators", true },
	{ "query/operators [contains]", "query/operators [contains]", true },
	{ "query/operators [contains]", "*contains*", true },
	{ "query/operators [contains]", "query/op?rators", true },
	{ "query/operators [contains]", "query/operators [ends]", false },
	{ "query/operators [contains]", "query/operator", false },
	{ "query/operators [contains]", "quer", false },
	{ "query/operators [contains]", "item/*", false },
	{ "item/a", "item/a*", true },
	{ "item/a", "", false },
};

START_TEST(patterns_fit)
{
	ck_assert_int_eq(check_id_fits(str_of(patterns[_i].id), str_of(patterns[_i].pattern)),
			 patterns[_i].fits);
}
END_TEST

/* One more file, and what is said of it. */
static void is_refused(const char *path, const char *text, const char *message)
{
	struct suite other;
	struct buf out;

	write_file(path_of(path), text);
	buf_init(&out, 1 << 16);
	ck_assert_int_eq(suite_load(&other, path_of("suites"), NULL, &arena, &diag), -1);
	diag_print(&diag, &out);
	ck_assert_msg(strstr(out.p, message), "no '%s' in %s", message, out.p);
	suite_release(&other);
	buf_release(&out);
	remove(path_of(path));
}

static const struct { const char *path, *text, *message; } wrong[] = {
	{ "suites/root/x.yaml", ASK("200"), "it has no key 'check'" },
	{ "suites/x.yaml", CHECK("001", "read") ASK("200"), "in the folder of its group" },
	{ "suites/root/x.yaml", CHECK("001", "read, after: [root/none]") ASK("200"),
	  "root/none: there is no such check" },
	{ "suites/root/x.yaml", CHECK("001", "read, after: [root/x]") ASK("200"),
	  "root/x comes after itself" },
	{ "suites/root/x.yaml", CHECK("001", "read, after: [item/deep]") ASK("200"),
	  "item/deep, which needs depth world" },
	{ "suites/root/x.yaml", CHECK("001", "read") "steps: [{post: /x}]\n",
	  "a check only asks" },
	{ "suites/root/x.yaml", CHECK("001", "actions") "world: {devices: {d: {}}}\n"
	  "steps: [{wait: 1s}]\nfinally: [{power-off: d}]\n", "no world that the rig could touch" },
	{ "suites/root/x.yaml", CHECK("001", "read") "cases: [{name: a}, {name: a}]\n" ASK("200"),
	  "two checks are called root/x [a]" },
};

START_TEST(what_is_wrong_is_refused)
{
	is_refused(wrong[_i].path, wrong[_i].text, wrong[_i].message);
}
END_TEST

START_TEST(the_hash_sees_all)
{
	struct suite other;

	write_file(path_of("suites/root/_common.yaml"), "world: {users: {main: {}, b: {}}}\n");
	must_load(suite_load(&other, path_of("suites"), NULL, &arena, &diag));
	ck_assert_str_ne(other.hash, suite.hash);
	suite_release(&other);
	write_file(path_of("suites/root/_common.yaml"), files[0].text);
	must_load(suite_load(&other, path_of("suites"), NULL, &arena, &diag));
	ck_assert_str_eq(other.hash, suite.hash);
	suite_release(&other);
}
END_TEST

/* ---- Verdicts. ------------------------------------------------------------- */

static void expect_all(bool strict, bool conventions)
{
	expect("root/good", "PASS", "");
	expect("root/levels [must]", "FAIL", "status: expected 299, found 200");
	expect("root/levels [should]", strict ? "FAIL" : "WARN", "status: expected 299");
	expect("root/levels [may]", "WARN", "");
	expect("root/levels [open]", "WARN", "");
	expect("root/levels [c-must]", conventions ? "FAIL" : "WARN", "");
	expect("root/levels [c-should]", conventions ? "FAIL" : "WARN", "");
	expect("root/levels [ours]", "WARN", "");
	expect("inventory/after-good", "PASS", "");
	expect("inventory/after-bad", "NOT REACHED", "needs root/levels [must], which failed");
	expect("inventory/after-that", "NOT REACHED",
	       "needs inventory/after-bad, which was not reached");
	expect("inventory/given", "NOT REACHED", "/count: expected 9, found 0");
	expect("inventory/after-given", "NOT REACHED", "needs inventory/given, which was not reached");
	expect("item/needy", "SKIP", "the target has no wings: it says so");
	expect("item/after-needy", "SKIP", "needs item/needy, which was skipped");
	expect("item/skipped", "SKIP", "not yet");
}

START_TEST(levels_and_options)
{
	struct judge j = a_judge();

	make_plan(DEPTH_READ, NULL);
	j.strict = _i & 1;
	j.conventions = _i & 2;
	judge_here(&j, &arena, results, NULL, NULL);
	expect_all(j.strict, j.conventions);
	expect("item/deep", "SKIP", "needs depth world");
	ck_assert_ptr_nonnull(result_of("root/good")->run);
	ck_assert_ptr_null(result_of("item/deep")->run);
	make_plan(DEPTH_WORLD, NULL);
	judge_here(&j, &arena, results, NULL, NULL);
	expect_all(j.strict, j.conventions);
	expect("item/deep", "FAIL", "/online: expected true, found false");
}
END_TEST

/* What a recording cannot show again holds up nothing; what failed does. */
START_TEST(of_a_recording)
{
	struct judge j = a_judge();

	make_plan(DEPTH_READ, NULL);
	j.recorded = true;
	judge_here(&j, &arena, results, NULL, NULL);
	expect("inventory/given", "NOT REACHED", "/count: expected 9, found 0");
	expect("inventory/after-given", "PASS", "");
	expect("inventory/after-bad", "NOT REACHED", "needs root/levels [must], which failed");
	expect("inventory/after-that", "NOT REACHED",
	       "needs inventory/after-bad, which was not reached");
}
END_TEST

START_TEST(only_some)
{
	struct judge j = a_judge();

	make_plan(DEPTH_READ, "inventory/after-bad");
	ck_assert_uint_eq(plan.count, 1);
	judge_here(&j, &arena, results, NULL, NULL);
	/* What was left out is taken for passed. */
	expect("inventory/after-bad", "PASS", "");
}
END_TEST

static struct str tolerant(void *arg, struct str id)
{
	(void)arg;
	return str_is(id, "EP-INV-004") || str_is(id, "EP-INV-001") ?
	       STR("we read it so") : STR_NONE;
}

/* Why item/deep, which waits for 20 minutes, is not done where time goes so fast. */
static struct str why_not_deep(double rate)
{
	const char *only = "item/deep";
	struct plan_config config = { .suite = &suite, .depth = DEPTH_WORLD, .only = &only,
				      .only_count = 1, .rate = rate,
				      .wait_max_ns = 15 * 60 * NS_PER_S };
	struct err err = { 0 };

	ck_assert_int_eq(plan_make(&plan, &config, &arena, &err), 0);
	ck_assert_int_eq(plan.list[0].verdict, VERDICT_SKIP);
	return plan.list[0].why_not;
}

START_TEST(waits_have_a_limit)
{
	ck_assert(str_is(why_not_deep(1), "it waits, which would take 20 minutes here"));
	ck_assert(!why_not_deep(1.34).p);	/* 14 min 56 s */
	ck_assert(why_not_deep(1.33).p);	/* 15 min 2 s */
	ck_assert(!why_not_deep(0).p);
}
END_TEST

START_TEST(tolerances)
{
	struct judge j = a_judge();

	make_plan(DEPTH_READ, NULL);
	j.tolerates = tolerant;
	judge_here(&j, &arena, results, NULL, NULL);
	expect("root/levels [open]", "SKIP", "in its own way: we read it so");
	/* A documented MUST is nobody's to read. */
	expect("root/levels [must]", "FAIL", "");
}
END_TEST

static bool two_are_enough(void *arg, const struct check_result *r)
{
	(void)r;
	return ++*(int *)arg < 2;
}

START_TEST(ends_when_told)
{
	struct judge j = a_judge();
	int seen = 0;

	make_plan(DEPTH_READ, "root");
	j.drop_runs = true;
	judge_here(&j, &arena, results, two_are_enough, &seen);
	ck_assert_int_eq(seen, 2);
	expect("root/good", "PASS", "");
	expect("root/levels [must]", "FAIL", "");
	expect("root/levels [should]", "NOT REACHED", "the judgement ended before it");
	ck_assert_ptr_null(result_of("root/good")->run);
}
END_TEST

START_TEST(in_several_processes)
{
	struct judge j = a_judge();
	struct judge_pool pool = { .judge = &j, .workers = (size_t)_i, .stop_fd = -1 };
	struct err err = { 0 };
	struct str here, there;

	make_plan(DEPTH_WORLD, NULL);
	judge_here(&j, &arena, results, NULL, NULL);
	here = verdicts();
	memset(results, 0, sizeof(results));
	ck_assert_msg(judge_all(&pool, &arena, results, &err) == 0, "%s", err.msg);
	there = verdicts();
	ck_assert_msg(str_eq(here, there), "%.*s---\n%.*s", STRF(here), STRF(there));
	ck_assert(!pool.stopped);
}
END_TEST

/* ---- The journal. ------------------------------------------------------------ */

struct counted { size_t resumed, done; int fd; size_t stop_at; };

static void count(void *arg, const struct check_result *r, size_t done, size_t of)
{
	struct counted *c = arg;

	ck_assert_uint_le(done, of);
	c->resumed += r->resumed;
	c->done++;
	if (c->done == c->stop_at)
		ck_assert_int_eq(write(c->fd, "x", 1), 1);
}

START_TEST(goes_on_after_an_interrupt)
{
	struct journal_key key = { str_of(suite.hash), STR("reference"), STR("--x"), 7 };
	const char *path = path_of("journal");
	struct counted counted = { .stop_at = 4 };
	struct journal journal;
	struct judge j = a_judge();
	struct judge_pool pool = { .judge = &j, .workers = 1, .journal = &journal,
				   .each = count, .arg = &counted };
	struct err err = { 0 };
	struct str whole;
	struct stat st;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	make_plan(DEPTH_WORLD, NULL);
	judge_here(&j, &arena, results, NULL, NULL);
	whole = verdicts();
	counted.fd = pipes[1];
	pool.stop_fd = pipes[0];
	ck_assert_int_eq(journal_open(&journal, path, &key, &arena, &err), 0);
	ck_assert_int_eq(judge_all(&pool, &arena, results, &err), 0);
	journal_close(&journal);
	ck_assert(pool.stopped);
	ck_assert(!str_eq(verdicts(), whole));
	ck_assert(str_find(verdicts(), STR("NOT REACHED interrupted")) >= 0);
	/* A line that was cut off in the middle. */
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size - 3), 0);
	pool.stop_fd = -1;
	counted = (struct counted){ .fd = -1 };
	ck_assert_int_eq(journal_open(&journal, path, &key, &arena, &err), 0);
	ck_assert_uint_ge(journal.count, 2);
	ck_assert_int_eq(judge_all(&pool, &arena, results, &err), 0);
	journal_close(&journal);
	ck_assert_uint_ge(counted.resumed, 2);
	ck_assert(str_eq(verdicts(), whole));
	/* And a third time there is nothing left to do. */
	counted = (struct counted){ .fd = -1 };
	ck_assert_int_eq(journal_open(&journal, path, &key, &arena, &err), 0);
	ck_assert_int_eq(judge_all(&pool, &arena, results, &err), 0);
	journal_close(&journal);
	ck_assert(str_eq(verdicts(), whole));
	ck_assert_uint_eq(counted.resumed, 13);
	remove(path);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(another_journal_is_refused)
{
	struct journal_key key = { STR("a"), STR("b"), STR("c"), 7 }, other = key;
	const char *path = path_of("journal2");
	static const char *const words[] = { "another suite", "another target",
					     "another options", "another seed" };
	struct journal journal;
	struct err err = { 0 };

	ck_assert_int_eq(journal_open(&journal, path, &key, &arena, &err), 0);
	journal_close(&journal);
	for (size_t i = 0; i < 4; i++) {
		other = key;
		*(i == 0 ? &other.suite_hash : i == 1 ? &other.target : &other.options) =
			i < 3 ? STR("z") : key.options;
		other.seed = i == 3 ? 8 : 7;
		ck_assert_int_eq(journal_open(&journal, path, &other, &arena, &err), -1);
		ck_assert_msg(strstr(err.msg, words[i]), "%s", err.msg);
		journal_close(&journal);
	}
	write_file(path, "- check: x\n");
	ck_assert_int_eq(journal_open(&journal, path, &key, &arena, &err), -1);
	ck_assert(strstr(err.msg, "no journal"));
	journal_close(&journal);
	remove(path);
}
END_TEST

/* ---- The baseline, and the whole. ---------------------------------------------- */

static struct conformance whole_of(size_t depth)
{
	return (struct conformance){
		.depth = (enum check_depth)depth, .ledger = &ledger, .suite = &suite,
		.results = results, .count = plan.count,
	};
}

START_TEST(expected_failures)
{
	struct judge j = a_judge();
	struct baseline b;
	struct conformance c;

	make_plan(DEPTH_READ, "root");
	judge_here(&j, &arena, results, NULL, NULL);
	c = whole_of(DEPTH_READ);
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_FAIL);
	must_load(baseline_load_text(&b, "b.yaml", STR(
		"- {check: \"root/levels [must]\", comment: ticket 1}\n"
		"- {check: \"root/levels [may]\", comment: ticket 2}\n"
		"- {check: item/needy, comment: not asked today}\n"), &arena, &diag));
	baseline_apply(&b, &c, &arena);
	ck_assert(result_of("root/levels [must]")->in_baseline);
	ck_assert(str_is(result_of("root/levels [must]")->comment, "ticket 1"));
	ck_assert_uint_eq(conformance_new_fails(&c), 0);
	ck_assert_uint_eq(c.finding_count, 0);
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_PASS);
	must_load(baseline_load_text(&b, "b.yaml", STR(
		"- {check: root/good, comment: mended}\n"
		"- {check: root/gone, comment: renamed}\n"), &arena, &diag));
	baseline_apply(&b, &c, &arena);
	ck_assert_uint_eq(c.finding_count, 2);
	ck_assert(str_is(c.findings[0].title, "stale entry of the baseline: root/good"));
	ck_assert(str_is(c.findings[0].text, "b.yaml:1: it passes"));
	ck_assert(str_is(c.findings[1].text, "b.yaml:2: there is no such check"));
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_FAIL);
}
END_TEST

START_TEST(a_baseline_explains_itself)
{
	struct baseline b;

	ck_assert_int_eq(baseline_load_text(&b, "b.yaml", STR("- {check: root/good}\n"),
					    &arena, &diag), -1);
	ck_assert_int_eq(baseline_load_text(&b, "b.yaml",
		STR("- {check: a, comment: b}\n- {check: a, comment: c}\n"),
		&arena, &diag), -1);
	ck_assert_int_eq(baseline_load_text(&b, "b.yaml", STR("check: a\n"),
					    &arena, &diag), -1);
	ck_assert_uint_eq(diag.count, 3);
}
END_TEST

START_TEST(the_whole)
{
	struct judge j = a_judge();
	struct conformance c;

	make_plan(DEPTH_READ, "inventory/given");
	judge_here(&j, &arena, results, NULL, NULL);
	c = whole_of(DEPTH_READ);
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_FAIL);	/* nothing was shown */
	make_plan(DEPTH_READ, "inventory/*i*");		/* first, given */
	judge_here(&j, &arena, results, NULL, NULL);
	c = whole_of(DEPTH_READ);
	c.count = plan.count;
	results[0].verdict = VERDICT_PASS;
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_PASS);
	c.depth = DEPTH_WORLD;				/* there it could have been shown */
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_FAIL);
	c.depth = DEPTH_READ;
	results[0].verdict = VERDICT_ERROR;
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_ERROR);
	results[0].verdict = VERDICT_PASS;
	c.interrupted = true;
	ck_assert_int_eq(conformance_verdict(&c), VERDICT_FAIL);
	ck_assert_uint_eq(conformance_count(&c, STR("root")).of[VERDICT_PASS], 0);
	ck_assert_uint_eq(conformance_count(&c, STR("inventory")).of[VERDICT_NOT_REACHED] +
			  conformance_count(&c, STR("inventory")).of[VERDICT_PASS], plan.count);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conformance/judge");
	TCase *tc = tcase_create("judge");
	SRunner *runner;
	int failed;

	make_folder();
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, ids_and_levels);
	tcase_add_loop_test(tc, patterns_fit, 0, (int)(sizeof(patterns) / sizeof(patterns[0])));
	tcase_add_loop_test(tc, what_is_wrong_is_refused, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, the_hash_sees_all);
	tcase_add_loop_test(tc, levels_and_options, 0, 4);
	tcase_add_test(tc, of_a_recording);
	tcase_add_test(tc, only_some);
	tcase_add_test(tc, waits_have_a_limit);
	tcase_add_test(tc, tolerances);
	tcase_add_test(tc, ends_when_told);
	tcase_add_loop_test(tc, in_several_processes, 0, 4);
	tcase_add_test(tc, goes_on_after_an_interrupt);
	tcase_add_test(tc, another_journal_is_refused);
	tcase_add_test(tc, expected_failures);
	tcase_add_test(tc, a_baseline_explains_itself);
	tcase_add_test(tc, the_whole);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
