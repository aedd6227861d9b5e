/*
 * esimrig conform: judges a server of the esim_profiles API.
 *
 * Everything is read and opened before anything is asked of the target; the
 * checks are done in worker processes (conformance/judge.h), and the reports
 * are written from their verdicts.
 */
#include "cli/conform_target.h"
#include "cli/coverage.h"
#include "cli/gallery.h"
#include "cli/output.h"
#include "cli/running.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "conformance/baseline.h"
#include "conformance/journal.h"
#include "conformance/judge.h"
#include "conformance/report_conform.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS_MAX = 256 };

/* A check that would wait for longer is left out, unless the target file says
 * otherwise. */
#define PATIENCE_NS (15 * 60 * NS_PER_S)

static const size_t REPORT_MAX = (size_t)2 << 30;

struct conform_command {
	bool help, strict, conventions, verbose, insecure, gallery;
	const char *target, *depth, *clock, *net, *rsp, *suites;
	const char *user, *api_key, *bearer, *header, *ca, *cert, *key, *rate, *timeout;
	const char *baseline, *resume, *compare, *record, *rejudge, *coverage;
	const char *reports[CONFORM_FORMATS];	/* as in conform_formats */
	struct option_number seed, jobs;
	struct option_list only;
};

#define AT(member) offsetof(struct conform_command, member)

static const struct option options[] = {
	{ "target", 't', OPTION_TEXT, AT(target), "WHAT",
	  "A target file (docs/conformance.md), the URL of a server, or reference: the rig's "
	  "own", 0 },
	{ "depth", 0, OPTION_TEXT, AT(depth), "read|actions|world",
	  "read: only ask, of whatever data is there; actions: act on devices that the "
	  "target file names; world: in a world of the rig. Default: all that the target "
	  "allows", 0 },
	{ "only", 'f', OPTION_LIST, AT(only), "PATTERN",
	  "Only checks whose id fits: a group, an id, with * and ?. May be given again", 0 },
	{ "gallery", 0, OPTION_FLAG, AT(gallery), NULL,
	  "Instead of a server, the checks: does each defect of a gallery of broken servers "
	  "make one fail? --only then names defects, and of the reports there is --json", 0 },
	{ "strict", 0, OPTION_FLAG, AT(strict), NULL,
	  "What the specification says one SHOULD do fails as well", 0 },
	{ "conventions", 0, OPTION_FLAG, AT(conventions), NULL,
	  "So do the conventions of the API's family", 0 },
	{ "baseline", 0, OPTION_TEXT, AT(baseline), "FILE",
	  "Failures that are expected, with a comment each; one that is not needed any "
	  "more fails", 0 },
	{ "resume", 0, OPTION_TEXT, AT(resume), "FILE",
	  "Keep what is done in this file, and do not do again what is in it", 0 },
	{ "jobs", 'j', OPTION_NUMBER, AT(jobs), "N",
	  "Worker processes. Default: as many as the target bears, at most one for each "
	  "processor. 0: judge in this process, for a debugger", JOBS_MAX },
	{ "clock", 0, OPTION_TEXT, AT(clock), "virtual|real|scaled=N",
	  "For the reference server, as with run", 0 },
	{ "net", 0, OPTION_TEXT, AT(net), "memory|http",
	  "For the reference server, as with run", 0 },
	{ "rsp", 0, OPTION_TEXT, AT(rsp), "full|fast",
	  "At depth world: full, downloads with all cryptography of SGP.22 (default), or "
	  "fast, with none", 0 },
	{ "seed", 's', OPTION_NUMBER, AT(seed), "N",
	  "Of all random choices, instead of each check's own", 0 },
	{ "user", 'u', OPTION_TEXT, AT(user), "NAME:PASSWORD",
	  "Of a target: credentials. Here and below, ${env:NAME} and file:PATH stand for "
	  "what is there", 0 },
	{ "api-key", 0, OPTION_TEXT, AT(api_key), "ID:SECRET", "Or an API key", 0 },
	{ "bearer", 0, OPTION_TEXT, AT(bearer), "TOKEN", "Or a token", 0 },
	{ "header", 0, OPTION_TEXT, AT(header), "HEADER",
	  "One more header of every request: 'Name: value'", 0 },
	{ "ca", 0, OPTION_TEXT, AT(ca), "FILE", "Who vouches for the target, PEM", 0 },
	{ "cert", 0, OPTION_TEXT, AT(cert), "FILE", "The rig's own certificate, PEM", 0 },
	{ "key", 0, OPTION_TEXT, AT(key), "FILE", "And its key", 0 },
	{ "insecure", 0, OPTION_FLAG, AT(insecure), NULL, "Believe any certificate", 0 },
	{ "rate", 0, OPTION_TEXT, AT(rate), "N/s", "Not more requests than that", 0 },
	{ "timeout", 0, OPTION_TEXT, AT(timeout), "TIME", "Of the target for an answer", 0 },
	{ "record", 0, OPTION_TEXT, AT(record), "FILE",
	  "Keep what passes between the rig and the target", 0 },
	{ "rejudge", 0, OPTION_TEXT, AT(rejudge), "FILE",
	  "Judge again what was recorded, in place of a target", 0 },
	{ "compare", 0, OPTION_TEXT, AT(compare), "FILE",
	  "An older JSON report: say what has changed since", 0 },
	{ "verbose", 'v', OPTION_FLAG, AT(verbose), NULL,
	  "Show evidence of what passed as well, and every reason", 0 },
	{ "junit", 0, OPTION_TEXT, AT(reports[0]), "FILE",
	  "Write JUnit XML, for CI servers", 0 },
	{ "tap", 0, OPTION_TEXT, AT(reports[1]), "FILE",
	  "Write TAP 14, with YAML diagnostics", 0 },
	{ "json", 0, OPTION_TEXT, AT(reports[2]), "FILE",
	  "Write JSON, schema 1", 0 },
	{ "html", 0, OPTION_TEXT, AT(reports[3]), "FILE",
	  "Write one page to read, with ladder diagrams", 0 },
	{ "badge", 0, OPTION_TEXT, AT(reports[4]), "FILE",
	  "Write a picture for a README, SVG", 0 },
	{ "coverage", 0, OPTION_TEXT, AT(coverage), "csv|md",
	  "Judge nothing: say which checks cover which requirements, as csv or md", 0 },
	{ "suites", 0, OPTION_TEXT, AT(suites), "DIR",
	  "The checks. Default: conformance/suites here, or those that the program carries",
	  0 },
	OPTION_HELP(struct conform_command),
	{ 0 }
};

/* A judgement. */
struct session {
	const struct verb *verb;
	struct conform_command command;
	struct judged judged;
	struct arena arena;
	struct suite suite;
	struct ledger ledger;
	struct plan plan;
	struct baseline baseline;
	struct journal journal;
	struct comparison older;
	struct conformance result;
	struct output reports[CONFORM_FORMATS];
	struct terminal terminal;
	size_t bad;			/* verdicts so far that fail */
	bool rig_failed;		/* something could not be written */
	int signal;			/* that ended it, or 0 */
};

static int fail(struct session *s, int code, const struct err *err)
{
	return verb_fail(s->verb, code, "%s", err->msg);
}

/* Everything that is wrong with files, to stderr. */
static int complain(struct session *s, const struct diag *d)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	judged_print_diag(&s->judged, d, &s->arena, &out);
	fwrite(out.p ? out.p : "", 1, out.n, stderr);
	buf_release(&out);
	return EXIT_INVALID;
}

/* ---- What was asked for. ------------------------------------------------- */

static int open_target(struct session *s)
{
	const struct conform_command *c = &s->command;
	struct judged_options o = {
		.target = c->target, .depth = c->depth, .clock = c->clock,
		.net = c->net, .rsp = c->rsp, .record = c->record, .rejudge = c->rejudge,
		.of_target = {
			.user = c->user, .api_key = c->api_key, .bearer = c->bearer,
			.header = c->header, .ca_file = c->ca, .cert_file = c->cert,
			.key_file = c->key, .insecure = c->insecure,
			.rate = c->rate, .timeout = c->timeout,
		},
		.has_seed = c->seed.given, .seed = c->seed.value,
		.jobs = c->jobs.given ? c->jobs.value : SIZE_MAX,
	};
	struct conformance *r = &s->result;
	int code = judged_open(&s->judged, &o, s->verb, &s->arena);

	r->depth = s->judged.depth;
	r->strict = c->strict;
	r->conventions = c->conventions;
	r->seed = s->judged.run.has_seed ? s->judged.run.seed : 1;
	r->target_name = s->judged.name;
	r->target_url = s->judged.url;
	return code;
}

static struct str describe_options(struct session *s)
{
	const struct conform_command *c = &s->command;
	struct buf b;
	struct str text;

	buf_init(&b, 4096);
	buf_printf(&b, "--depth %s", depth_name(s->result.depth));
	if (s->judged.is_reference)
		buf_printf(&b, " --clock %s --net %s", s->judged.o.clock,
			   s->judged.o.net);
	if (c->rsp)
		buf_printf(&b, " --rsp %s", c->rsp);
	buf_z(&b, c->strict ? " --strict" : "");
	buf_z(&b, c->conventions ? " --conventions" : "");
	for (size_t i = 0; i < c->only.count; i++)
		buf_printf(&b, " --only %s", c->only.list[i]);
	text = arena_str(&s->arena, buf_view(&b));
	buf_release(&b);
	return text;
}

/* ---- What is judged by. -------------------------------------------------- */

/* A check of which no row says how grave it is cannot be judged. */
static int check_rows(struct session *s, struct diag *d)
{
	int rc = 0;

	for (size_t i = 0; i < s->suite.count; i++) {
		const struct check *c = &s->suite.checks[i];

		for (size_t k = 0; k < c->covers.count; k++)
			if (!ledger_find(&s->ledger, c->covers.list[k]))
				rc = diag_add(d, c->scenario->check.pos, 1,
					      "%.*s covers %.*s: the ledger has no such row",
					      STRF(c->id), STRF(c->covers.list[k]));
	}
	return rc;
}

/* One that has no effect would be taken for one that has. */
static int check_tolerances(struct session *s, struct diag *d)
{
	const struct target *t = &s->judged.target;
	int rc = 0;

	for (size_t i = 0; i < t->tolerances.count; i++) {
		const struct target_tolerance *o = &t->tolerances.list[i];
		const struct requirement *row = ledger_find(&s->ledger, o->id);
		unsigned width = (unsigned)o->id.n;

		if (!row || !str_eq(row->id, o->id))
			rc = diag_add(d, o->pos, width, "there is no requirement %.*s; "
				      "esimrig explain --list shows all", STRF(o->id));
		else if (requirement_fails(row, false, false))
			rc = diag_add(d, o->pos, width, "%.*s cannot be tolerated: it is "
				      "documented, and a MUST", STRF(o->id));
	}
	return rc;
}

static int load_suite(struct session *s)
{
	const char *dir = s->command.suites ? s->command.suites : CONFORMANCE_SUITES;
	const char *ledger;
	struct diag d;

	ledger = ledger_path(dir, &s->arena);
	diag_init(&d, &s->arena);
	if (suite_load(&s->suite, dir, s->judged.target.world, &s->arena, &d) < 0 ||
	    ledger_load(&s->ledger, ledger, &s->arena, &d) < 0 ||
	    check_rows(s, &d) < 0 || check_tolerances(s, &d) < 0)
		return complain(s, &d);
	if (s->command.baseline &&
	    baseline_load(&s->baseline, s->command.baseline, &s->arena, &d) < 0)
		return complain(s, &d);
	return EXIT_PASSED;
}

static int make_plan(struct session *s, struct err *err)
{
	struct plan_config config = {
		.suite = &s->suite, .depth = s->result.depth,
		.only = s->command.only.list, .only_count = s->command.only.count,
		.rate = s->judged.run.clock == CLOCK_KIND_VIRTUAL ? 0 : s->judged.run.rate,
		.wait_max_ns = s->judged.target.launch.wait_max_ns ?
			       s->judged.target.launch.wait_max_ns : PATIENCE_NS,
	};

	judged_probe(&s->judged, &config, &s->result, &s->arena);
	return plan_make(&s->plan, &config, &s->arena, err);
}

/* ---- Where it is to go. --------------------------------------------------- */

static int open_report(struct session *s, size_t i, struct err *err)
{
	struct output *o = &s->reports[i];

	if (!s->command.reports[i])
		return 0;
	if (output_open(o, s->command.reports[i], err) < 0)
		return err_prefix(err, "--%s", conform_formats[i].option);
	for (size_t k = 0; k < i; k++)
		if (output_same(o, &s->reports[k]))
			return err_set(err, ERR_INVALID,
				       "two reports cannot both go to %s", o->path);
	return 0;
}

static int open_files(struct session *s, struct err *err)
{
	struct journal_key key = {
		str_of(s->suite.hash), s->result.target_name, s->result.options,
		s->result.seed,
	};

	for (size_t i = 0; i < CONFORM_FORMATS; i++)
		if (open_report(s, i, err) < 0)
			return -1;
	if (s->command.resume && s->command.record)
		return err_set(err, ERR_INVALID, "--record with --resume: what was done "
			       "before would be missing");
	if (s->command.compare &&
	    comparison_load(&s->older, s->command.compare, &s->arena, err) < 0)
		return -1;
	if (s->command.resume &&
	    journal_open(&s->journal, s->command.resume, &key, &s->arena, err) < 0)
		return err_prefix(err, "--resume");
	return judged_record(&s->judged, &s->result, err);
}

static bool uses_stdout(const struct session *s)
{
	for (size_t i = 0; i < CONFORM_FORMATS; i++)
		if (output_is_stdout(&s->reports[i]))
			return true;
	return false;
}

static void write_failed(struct session *s, const struct err *err)
{
	s->rig_failed = true;
	fail(s, EXIT_RIG, err);
}

static const struct comparison *older(const struct session *s)
{
	return s->command.compare ? &s->older : NULL;
}

static void write_report(struct session *s, size_t i)
{
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, REPORT_MAX);
	conform_formats[i].write(&out, &s->result, older(s));
	if (out.over) {
		err_set(&err, ERR_LIMIT, "%s: the report is too large",
			s->reports[i].path);
		write_failed(s, &err);
	} else if (output_add(&s->reports[i], buf_view(&out), &err) < 0 ||
		   output_close(&s->reports[i], &err) < 0) {
		write_failed(s, &err);
	}
	buf_release(&out);
}

static void tell_terminal(struct session *s)
{
	struct conform_view view = {
		.colour = s->terminal.colour, .verbose = s->command.verbose,
	};
	struct err err = { 0 };
	struct buf out;

	if (s->terminal.silent)
		return;
	buf_init(&out, REPORT_MAX);
	report_conform_terminal(&out, &s->result, older(s), &view);
	if (output_write(s->terminal.fd, buf_view(&out), &err) < 0 && errno != EPIPE) {
		err_prefix(&err, "standard output");
		write_failed(s, &err);
	}
	buf_release(&out);
}

/* ---- Judging. -------------------------------------------------------------- */

static void each(void *arg, const struct check_result *r, size_t done, size_t of)
{
	struct session *s = arg;

	s->bad += r->verdict == VERDICT_FAIL || r->verdict == VERDICT_ERROR;
	terminal_bar(&s->terminal, done, of, s->bad);
}

static void note_left_behind(struct session *s)
{
	struct conformance *c = &s->result;

	for (size_t i = 0; i < c->count; i++) {
		const struct check_result *r = &c->results[i];

		if (!r->run || !r->run->left_behind.n)
			continue;
		*conformance_add_finding(c, &s->arena) = (struct finding){
			.title = arena_printf(&s->arena, "left behind by %.*s",
					      STRF(r->check->id)),
			.text = str_trim(r->run->left_behind),
		};
	}
}

/*
 * As this command was given, for one check, whose name is to follow.  What may
 * be secret is left to be put in again.
 */
static const char *again(struct session *s)
{
	const struct conform_command *c = &s->command;
	const struct { const char *option, *value; } texts[] = {
		{ "target", c->target }, { "depth", depth_name(s->result.depth) },
		{ "clock", s->judged.is_reference ? s->judged.o.clock : NULL },
		{ "net", s->judged.is_reference ? s->judged.o.net : NULL },
		{ "rsp", c->rsp }, { "suites", c->suites },
		{ "user", c->user ? "***" : NULL }, { "api-key", c->api_key ? "***" : NULL },
		{ "bearer", c->bearer ? "***" : NULL }, { "header", c->header ? "***" : NULL },
		{ "ca", c->ca }, { "cert", c->cert }, { "key", c->key },
		{ "rate", c->rate }, { "timeout", c->timeout },
	};
	struct buf b;
	struct str text;

	buf_init(&b, 64 << 10);
	buf_z(&b, "esimrig conform");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!texts[i].value)
			continue;
		buf_printf(&b, " --%s ", texts[i].option);
		selection_shell_quote(&b, str_of(texts[i].value));
	}
	buf_z(&b, c->insecure ? " --insecure" : "");
	buf_z(&b, c->strict ? " --strict" : "");
	buf_z(&b, c->conventions ? " --conventions" : "");
	if (c->seed.given)
		buf_printf(&b, " --seed %" PRIu64, c->seed.value);
	text = arena_str(&s->arena, buf_view(&b));
	buf_release(&b);
	return text.p;
}

static int judge(struct session *s, struct err *err)
{
	struct conformance *c = &s->result;
	struct judge how = {
		.plan = &s->plan, .ledger = &s->ledger,
		.strict = c->strict, .conventions = c->conventions,
	};
	struct judge_pool pool = {
		.judge = &how, .workers = s->judged.workers, .stop_fd = -1,
		.journal = s->command.resume ? &s->journal : NULL,
		.each = each, .arg = s,
	};
	int rc;

	for (size_t i = 0; i < CONFORM_FORMATS; i++)
		how.keep_events |= s->reports[i].path && conform_formats[i].wants_events;
	s->judged.run.no_events = !how.keep_events;
	s->judged.run.evidence = s->command.verbose || how.keep_events;
	judged_fill(&s->judged, &how);
	if (s->command.target)
		how.again = again(s);
	c->count = s->plan.count;
	c->results = arena_array(&s->arena, c->count, sizeof(*c->results));
	if (pool.workers)
		pool.stop_fd = running_catch_signals();
	rc = judge_all(&pool, &s->arena, c->results, err);
	s->signal = running_caught(pool.stop_fd);
	c->interrupted = pool.stopped;
	note_left_behind(s);
	baseline_apply(&s->baseline, c, &s->arena);
	return rc;
}

static int exit_code(const struct session *s)
{
	enum verdict v = conformance_verdict(&s->result);

	if (s->rig_failed || v == VERDICT_ERROR)
		return EXIT_RIG;
	return v == VERDICT_PASS ? EXIT_PASSED : EXIT_FAILED;
}

static int judge_and_tell(struct session *s)
{
	struct err err = { 0 };

	terminal_init(&s->terminal, uses_stdout(s) ? STDERR_FILENO : STDOUT_FILENO,
		      s->command.verbose, true);
	terminal_progress_lines(&s->terminal);
	if (judge(s, &err) < 0 || judged_close(&s->judged, &err) < 0)
		write_failed(s, &err);
	terminal_release(&s->terminal);
	tell_terminal(s);
	for (size_t i = 0; i < CONFORM_FORMATS; i++)
		if (s->reports[i].path)
			write_report(s, i);
	if (s->signal)
		running_die_of(s->signal);
	return exit_code(s);
}

static int tell_coverage(struct session *s)
{
	int code = load_suite(s);

	return code != EXIT_PASSED ? code :
	       coverage_tell(s->verb, s->command.coverage, &s->ledger, &s->suite);
}

/* The checks are judged themselves. */
static int run_gallery(struct session *s)
{
	struct gallery_command c = {
		.verb = s->verb, .suite = &s->suite, .ledger = &s->ledger,
		.only = s->command.only.list, .only_count = s->command.only.count,
		.workers = s->command.jobs.given ? s->command.jobs.value :
						   running_processors(),
		.verbose = s->command.verbose,
	};
	struct err err = { 0 };
	int code = load_suite(s);

	if (code != EXIT_PASSED)
		return code;
	for (size_t i = 0; i < CONFORM_FORMATS; i++) {
		if (open_report(s, i, &err) < 0)
			return fail(s, EXIT_INVALID, &err);
		if (strcmp(conform_formats[i].option, "json") == 0)
			c.json = &s->reports[i];
	}
	return gallery_verb(&c);
}

static int run_session(struct session *s)
{
	struct err err = { 0 };
	int code;

	if (s->command.coverage)
		return tell_coverage(s);
	if (s->command.gallery)
		return run_gallery(s);
	code = open_target(s);
	if (code != EXIT_PASSED)
		return code;
	code = load_suite(s);
	if (code != EXIT_PASSED)
		return code;
	s->result.options = describe_options(s);
	s->result.rig_version = s->result.suite_version = STR(ESIMRIG_VERSION);
	s->result.suite_hash = str_of(s->suite.hash);
	s->result.suite = &s->suite;
	s->result.ledger = &s->ledger;
	if (open_files(s, &err) < 0 || make_plan(s, &err) < 0)
		return fail(s, EXIT_INVALID, &err);
	return judge_and_tell(s);
}

static int conform(const struct verb *v, int argc, char **argv)
{
	struct session *s = calloc(1, sizeof(*s));
	int words, code = EXIT_INVALID;

	assert(s);
	s->verb = v;
	words = verb_parse(v, argc, argv, &s->command);
	if (s->command.help && words >= 0)
		code = verb_show_help(v);
	else if (words > 0)
		code = verb_usage(v, "'%s': expected options only", argv[1]);
	else if (words == 0)
		code = run_session(s);
	judged_close(&s->judged, &(struct err){ 0 });
	journal_close(&s->journal);
	if (s->command.compare)
		comparison_release(&s->older);
	ledger_release(&s->ledger);
	suite_release(&s->suite);
	arena_release(&s->arena);
	free(s);
	return code;
}

static const char *const about[] = {
	"Does the checks of the suite at a server and says what came of each: PASS, FAIL, "
	"WARN (it does not hold, but that fails nothing), SKIP, NOT REACHED (what had to "
	"be there first was not), ERROR (the rig's own trouble). By default only what the "
	"specification says one MUST do fails a server.",
	"Exit codes: 0 nothing failed; 1 something failed, an entry of the baseline is "
	"stale, nothing at all passed, or, at depth world, something was not reached; 2 "
	"wrong usage or invalid input; 3 the rig's own trouble. After an interrupt, --resume "
	"goes on.",
	"Examples:",
	"  esimrig conform --target reference\n"
	"  esimrig conform --gallery --only 'cursor-*'\n"
	"  esimrig conform --target reference --net http --clock scaled=120 -j 4\n"
	"  esimrig conform --target reference --only 'query/*' --html report.html\n"
	"  esimrig conform --target my-server.yaml --depth read --resume done.jsonl\n"
	"  esimrig conform --target https://api.example.com --user 'me:${env:PASSWORD}'",
	NULL
};

const struct verb verb_conform = {
	.name = "conform", .arguments = "",
	.summary = "Judge a server of the esim_profiles API",
	.options = options, .about = about, .run = conform,
};
