/*
 * esimrig run: runs scenarios and reports.
 *
 * The files are loaded here and run in worker processes (pool.h), which send
 * their results back; what is printed and written comes in the order of the
 * files.
 */
#include "cli/output.h"
#include "cli/running.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "scenarios/pool.h"
#include "scenarios/report.h"
#include "scenarios/runner.h"
#include "sim/json.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS_MAX = 256, RESULT_MAX = 256 << 20 };

/* Reports grow with what ran; this much of one is a mistake. */
static const size_t REPORT_MAX = (size_t)2 << 30;

struct run_command {
	bool help, list, trace, fail_fast, verbose;
	const char *clock, *net, *rsp, *events, *traffic;
	const char *reports[REPORT_FORMATS];	/* as in report_formats */
	struct option_number seed, jobs;
	struct option_list filter;
};

#define AT(member) offsetof(struct run_command, member)

static const struct option options[] = {
	{ "clock", 0, OPTION_TEXT, AT(clock), "virtual|real|scaled=N",
	  "virtual: time jumps to the next event; real; or scaled=N: N simulated "
	  "seconds per second. Default: virtual, and scaled=60 with --net http", 0 },
	{ "net", 0, OPTION_TEXT, AT(net), "memory|http",
	  "memory: messages travel in this process; http: over sockets on loopback, "
	  "not in virtual time. Default: memory", 0 },
	{ "rsp", 0, OPTION_TEXT, AT(rsp), "full|fast",
	  "Where a scenario does not say (rsp): full, downloads with all cryptography of "
	  "SGP.22, or fast, with none and the same messages. Default: fast", 0 },
	{ "seed", 's', OPTION_NUMBER, AT(seed), "N",
	  "Of all random choices, instead of the scenario's own", 0 },
	{ "jobs", 'j', OPTION_NUMBER, AT(jobs), "N",
	  "Worker processes. Default: one for each processor. 0: run in this process, "
	  "for a debugger", JOBS_MAX },
	{ "filter", 'f', OPTION_LIST, AT(filter), "WHAT",
	  "Run only scenarios with this text in their name, or this tag. =TEXT: with "
	  "this very name; /REGEX/: by regular expression. May be given again, to run "
	  "those as well", 0 },
	{ "fail-fast", 0, OPTION_FLAG, AT(fail_fast), NULL,
	  "Stop at the first that does not pass", 0 },
	{ "list", 'l', OPTION_FLAG, AT(list), NULL,
	  "Say what would run, and end", 0 },
	{ "trace", 0, OPTION_FLAG, AT(trace), NULL,
	  "Show events on stderr as they happen; means -j 1", 0 },
	{ "verbose", 'v', OPTION_FLAG, AT(verbose), NULL,
	  "Show every step, and the time it took in all", 0 },
	{ "junit", 0, OPTION_TEXT, AT(reports[0]), "FILE",
	  "Write JUnit XML, for CI servers", 0 },
	{ "tap", 0, OPTION_TEXT, AT(reports[1]), "FILE",
	  "Write TAP 14, with YAML diagnostics", 0 },
	{ "json", 0, OPTION_TEXT, AT(reports[2]), "FILE",
	  "Write JSON, schema 1", 0 },
	{ "html", 0, OPTION_TEXT, AT(reports[3]), "FILE",
	  "Write one page to read, with ladder diagrams", 0 },
	{ "events", 0, OPTION_TEXT, AT(events), "FILE",
	  "Write the event log, as JSON lines", 0 },
	{ "traffic", 0, OPTION_TEXT, AT(traffic), "FILE",
	  "Write every exchange of server, EIS and gateway, as JSON lines; means -j 0", 0 },
	OPTION_HELP(struct run_command),
	{ 0 }
};

/* A run of the verb. */
struct session {
	const struct verb *verb;
	struct run_command command;
	struct run_options options;
	struct progress making;		/* of the devices, before it runs */
	struct selection selection;
	struct arena arena;		/* of the results */
	struct run_result *results;
	size_t done, bad;		/* of them */
	struct terminal terminal;
	struct output reports[REPORT_FORMATS], events, traffic;
	bool wants_events;
	bool rig_failed;		/* something could not be written */
	bool failed_fast;
	int signal;			/* that ended it, or 0 */
};

/* ---- What was asked for. ----------------------------------------------- */

static int read_options(struct session *s, struct err *err)
{
	struct run_command *c = &s->command;

	if (running_read_clock(&c->clock, &c->net, &s->options, err) < 0 ||
	    running_read_rsp(c->rsp, &s->options, err) < 0)
		return -1;
	if (c->trace && c->jobs.given && c->jobs.value > 1)
		return err_set(err, ERR_INVALID,
			       "--trace shows one run at a time: it means -j 1");
	if (c->traffic && c->jobs.given && c->jobs.value > 0)
		return err_set(err, ERR_INVALID,
			       "--traffic needs all runs in this process: it means -j 0");
	if (c->traffic)
		c->jobs.value = 0;
	else if (c->trace && !c->jobs.given)
		c->jobs.value = 1;
	else if (!c->jobs.given)
		c->jobs.value = running_processors();
	s->options.has_seed = c->seed.given;
	s->options.seed = c->seed.value;
	s->options.trace = c->trace;
	return 0;
}

/* ---- Where it is to go. ------------------------------------------------ */

static int open_output(struct output *o, const char *option, const char *path,
		       struct err *err)
{
	struct str p = str_of(path);

	if (!path)
		return 0;
	/* As in --junit suites/..., where a shell put a name for a '*'. */
	if (str_ends(p, STR(".yaml")) || str_ends(p, STR(".yml")))
		return err_set(err, ERR_INVALID,
			       "--%s %s: a report does not go to a scenario's file",
			       option, path);
	if (output_open(o, path, err) < 0)
		return err_prefix(err, "--%s", option);
	return 0;
}

static void write_failed(struct session *s, const struct err *err);

static void write_traffic(void *arg, struct str line)
{
	struct session *s = arg;
	struct err err = { 0 };

	if (!s->traffic.path || output_add(&s->traffic, line, &err) == 0)
		return;
	write_failed(s, &err);
	s->traffic = (struct output){ 0 };
}

static int open_outputs(struct session *s, struct err *err)
{
	const struct output *all[REPORT_FORMATS + 2];

	for (size_t i = 0; i < REPORT_FORMATS; i++) {
		all[i] = &s->reports[i];
		if (open_output(&s->reports[i], report_formats[i].option,
				s->command.reports[i], err) < 0)
			return -1;
		s->wants_events |= s->reports[i].path && report_formats[i].wants_events;
	}
	all[REPORT_FORMATS] = &s->events;
	all[REPORT_FORMATS + 1] = &s->traffic;
	if (open_output(&s->events, "events", s->command.events, err) < 0 ||
	    open_output(&s->traffic, "traffic", s->command.traffic, err) < 0)
		return -1;
	if (s->traffic.path) {
		s->options.traffic = write_traffic;
		s->options.traffic_arg = s;
	}
	for (size_t i = 0; i <= REPORT_FORMATS + 1; i++)
		for (size_t k = 0; k < i; k++)
			if (output_same(all[i], all[k]))
				return err_set(err, ERR_INVALID,
					       "two reports cannot both go to %s",
					       all[i]->path);
	s->options.no_events = !s->wants_events && !s->events.path;
	return 0;
}

static bool uses_stdout(const struct session *s)
{
	bool uses = output_is_stdout(&s->events) || output_is_stdout(&s->traffic);

	for (size_t i = 0; i < REPORT_FORMATS; i++)
		uses |= output_is_stdout(&s->reports[i]);
	return uses;
}

static void write_failed(struct session *s, const struct err *err)
{
	s->rig_failed = true;
	verb_fail(s->verb, EXIT_RIG, "%s", err->msg);
}

static void write_reports(struct session *s)
{
	struct report r = {
		.version = ESIMRIG_VERSION, .clock = s->command.clock,
		.net = s->command.net, .has_seed = s->options.has_seed,
		.seed = s->options.seed, .runs = s->results,
		.run_count = s->selection.run_count,
	};

	for (size_t i = 0; i < REPORT_FORMATS; i++) {
		struct err err = { 0 };
		struct buf out;

		if (!s->reports[i].path)
			continue;
		buf_init(&out, REPORT_MAX);
		report_formats[i].write(&out, &r);
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
}

/* A line that says whose events follow, and the events. */
static void write_events(struct session *s, const struct run_result *r)
{
	struct err err = { 0 };
	struct buf head;
	struct json j;

	if (!s->events.path)
		return;
	buf_init(&head, 1 << 20);
	j = json_to(&head);
	json_open(&j, '{');
	json_key(&j, "t");
	json_raw(&j, STR("0.000000"));
	json_putz(&j, "party", "rig");
	json_putz(&j, "event", "scenario");
	json_put(&j, "name", r->name);
	json_put(&j, "file", r->file);
	json_key(&j, "seed");
	buf_u64(&head, r->seed);
	j.comma = true;
	if (r->events_cut)
		json_put_bool(&j, "cut", true);
	json_close(&j, '}');
	buf_char(&head, '\n');
	if (output_add(&s->events, buf_view(&head), &err) < 0 ||
	    output_add(&s->events, r->events, &err) < 0) {
		write_failed(s, &err);
		s->events = (struct output){ 0 };
	}
	buf_release(&head);
}

/* ---- In a worker. ------------------------------------------------------ */

/* The command that runs this one again. */
static struct str reproduce(const struct session *s, const struct scenario *sc,
			    const struct run_result *r, struct arena *a)
{
	struct buf b;
	struct str text;

	buf_init(&b, 64 * 1024);
	buf_z(&b, "esimrig run ");
	selection_shell_quote(&b, sc->file);
	if (sc->case_name.p) {
		buf_z(&b, " --filter ");
		selection_shell_quote(&b, arena_printf(a, "=%.*s", STRF(sc->name)));
	}
	buf_printf(&b, " --seed %" PRIu64, r->seed);
	if (s->options.has_rsp)
		buf_printf(&b, " --rsp %s", s->command.rsp);
	if (s->options.sockets)
		buf_z(&b, " --net http");
	if (s->options.clock != CLOCK_KIND_VIRTUAL)
		buf_printf(&b, " --clock %s", s->command.clock);
	text = arena_str(a, buf_view(&b));
	buf_release(&b);
	return text;
}

static bool passed(const struct run_result *r)
{
	return r->verdict == VERDICT_PASS || r->verdict == VERDICT_SKIP;
}

static void work(void *arg, size_t job, struct buf *out)
{
	struct session *s = arg;
	const struct scenario *sc = s->selection.runs[job];
	struct run_result r = { 0 };
	struct arena a = { 0 };

	runner_run(sc, &s->options, &a, &r);
	if (!passed(&r))
		r.reproduce = reproduce(s, sc, &r, &a);
	if (!s->wants_events && !s->events.path)
		r.events = STR_NONE;
	result_write(out, &r);
	arena_release(&a);
}

/* ---- Results as they come in. ------------------------------------------ */

static void make_up(struct session *s, size_t job, enum verdict verdict,
		    struct str message, struct run_result *r)
{
	const struct scenario *sc = s->selection.runs[job];

	*r = (struct run_result){
		.name = sc->name, .file = sc->file, .verdict = verdict,
		.seed = s->options.has_seed ? s->options.seed : sc->seed,
		.message = message,
	};
	if (verdict == VERDICT_ERROR)
		r->reproduce = reproduce(s, sc, r, &s->arena);
}

static void read_result(struct session *s, size_t job, struct str bytes,
			struct arena *a, struct run_result *r)
{
	struct err err = { 0 };

	if (result_read(bytes, a, r, &err) == 0)
		return;
	make_up(s, job, VERDICT_ERROR,
		bytes.n >= RESULT_MAX - (1 << 20) ?
		STR("the result is larger than the rig can pass on") :
		arena_printf(&s->arena, "the result did not come through: %s", err.msg),
		r);
}

/* The event log is by far the most of a result: let go of it. */
static void keep_without_events(struct session *s, size_t job,
				struct run_result *from, struct run_result *to)
{
	struct buf bytes;

	from->events = STR_NONE;
	buf_init(&bytes, RESULT_MAX);
	result_write(&bytes, from);
	read_result(s, job, buf_view(&bytes), &s->arena, to);
	buf_release(&bytes);
}

static void take_result(struct session *s, size_t job, struct str bytes)
{
	struct run_result *r = &s->results[job], whole;
	struct arena a = { 0 };

	if (s->wants_events || !s->events.path) {
		read_result(s, job, bytes, &s->arena, r);
		write_events(s, r);
		return;
	}
	read_result(s, job, bytes, &a, &whole);
	write_events(s, &whole);
	keep_without_events(s, job, &whole, r);
	arena_release(&a);
}

static struct str why_not_run(const struct session *s)
{
	return s->failed_fast ? STR("not run: one before it did not pass, and "
				    "--fail-fast was given") :
	       terminal_gone(&s->terminal) ? STR("not run: nobody reads the output") :
	       STR("not run: interrupted");
}

static bool done(void *arg, size_t job, enum pool_outcome outcome,
		 struct str bytes)
{
	struct session *s = arg;
	struct run_result *r = &s->results[job];

	switch (outcome) {
	case POOL_DONE:
		take_result(s, job, bytes);
		break;
	case POOL_CRASHED:
		make_up(s, job, VERDICT_ERROR,
			arena_printf(&s->arena, "the rig crashed with %.*s while "
				     "running this scenario", STRF(bytes)), r);
		break;
	case POOL_NOT_RUN:
		make_up(s, job, VERDICT_NOT_REACHED, why_not_run(s), r);
		return true;
	}
	s->done++;
	s->bad += !passed(r);
	terminal_run(&s->terminal, r);
	terminal_bar(&s->terminal, s->done, s->selection.run_count, s->bad);
	s->failed_fast = s->command.fail_fast && s->bad;
	return !s->failed_fast && !terminal_gone(&s->terminal);
}

/* ---- The whole. -------------------------------------------------------- */

static int run_pool(struct session *s, struct err *err)
{
	struct pool pool = {
		.work = work, .done = done, .arg = s,
		.jobs = s->selection.run_count, .workers = s->command.jobs.value,
		.stop_fd = -1, .bytes_max = RESULT_MAX,
	};
	int rc;

	/* Without workers a running scenario is interrupted by dying. */
	if (!pool.workers)
		return pool_run(&pool, err);
	pool.stop_fd = running_catch_signals();
	rc = pool_run(&pool, err);
	s->signal = running_caught(pool.stop_fd);
	return rc;
}

static int verdict_code(const struct session *s)
{
	struct verdict_counts n = verdict_count(s->results, s->selection.run_count);

	if (s->rig_failed || n.of[VERDICT_ERROR])
		return EXIT_RIG;
	return n.of[VERDICT_FAIL] || n.of[VERDICT_NOT_REACHED] ? EXIT_FAILED :
								 EXIT_PASSED;
}

static int run_all(struct session *s)
{
	int64_t began_ns = clock_machine_ns();
	struct err err = { 0 };

	s->results = arena_array(&s->arena, s->selection.run_count, sizeof(*s->results));
	/* Of one alone, the making of its world is what there is to see. */
	if (s->selection.run_count == 1 && !s->command.trace) {
		s->making.what = "devices";
		s->options.made = progress_making;
		s->options.made_arg = &s->making;
	}
	terminal_init(&s->terminal, uses_stdout(s) ? STDERR_FILENO : STDOUT_FILENO,
		      s->command.verbose, !s->command.trace);
	if (run_pool(s, &err) < 0)
		write_failed(s, &err);
	terminal_sum(&s->terminal, s->results, s->selection.run_count,
		     s->command.verbose || s->terminal.colour ?
		     clock_machine_ns() - began_ns : 0);
	write_reports(s);
	if (s->traffic.path && output_close(&s->traffic, &err) < 0)
		write_failed(s, &err);
	if (s->events.path && output_close(&s->events, &err) < 0)
		write_failed(s, &err);
	if (s->terminal.failed_errno && !terminal_gone(&s->terminal)) {
		err_set(&err, ERR_IO, "standard output: %s",
			strerror(s->terminal.failed_errno));
		write_failed(s, &err);
	}
	terminal_release(&s->terminal);
	if (s->signal)
		running_die_of(s->signal);
	if (terminal_gone(&s->terminal))
		running_die_of(SIGPIPE);
	return verdict_code(s);
}

static int list_runs(const struct session *s)
{
	struct err err = { 0 };
	struct buf out;
	int code = EXIT_PASSED;

	buf_init(&out, 256 << 20);
	for (size_t i = 0; i < s->selection.run_count; i++) {
		const struct scenario *sc = s->selection.runs[i];

		report_plain(&out, sc->file);
		buf_printf(&out, ":%u: ", sc->pos.line);
		report_plain(&out, sc->name);
		for (size_t k = 0; k < sc->tags.count; k++) {
			buf_z(&out, k ? ", " : " [");
			report_plain(&out, sc->tags.list[k]);
		}
		buf_z(&out, sc->tags.count ? "]\n" : "\n");
	}
	if (output_write(STDOUT_FILENO, buf_view(&out), &err) < 0 && errno != EPIPE)
		code = verb_fail(s->verb, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	return code;
}

static int run_session(struct session *s, char *const *paths, int path_count)
{
	struct err err = { 0 };
	int code;

	if (read_options(s, &err) < 0)
		return verb_usage(s->verb, "%s", err.msg);
	code = selection_load(&s->selection, s->verb, paths, path_count);
	if (code != EXIT_PASSED)
		return code;
	if (selection_filter(&s->selection, &s->command.filter, &err) < 0)
		return verb_fail(s->verb, EXIT_INVALID, "%s", err.msg);
	if (s->command.list)
		return list_runs(s);
	if (open_outputs(s, &err) < 0)
		return verb_fail(s->verb, EXIT_INVALID, "%s", err.msg);
	return run_all(s);
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct session *s = calloc(1, sizeof(*s));
	int paths, code = EXIT_INVALID;

	if (!s)
		return verb_fail(v, EXIT_RIG, "no memory");
	s->verb = v;
	paths = verb_parse(v, argc, argv, &s->command);
	if (s->command.help && paths >= 0)
		code = verb_show_help(v);
	else if (paths >= 0)
		code = run_session(s, argv + 1, paths);
	selection_release(&s->selection);
	arena_release(&s->arena);
	free(s);
	return code;
}

static const char *const about[] = {
	"PATH is a scenario file, or a directory: then all *.yaml below it in the order "
	"of their names, but for those whose name begins with '_', which others "
	"include. If one of them is not valid, nothing runs.",
	"FILE may be '-' for standard output; then what is usually shown there goes to "
	"standard error. Output and reports come in the order of the files, whatever "
	"the number of workers.",
	"Exit codes: 0 all passed or were skipped, 1 something failed or was not "
	"reached, 2 wrong usage or invalid input, 3 the rig's own trouble. An interrupt "
	"stops the runs; those that are through are reported.",
	"Examples:",
	"  esimrig run scenarios/suites -j 4 --junit report.xml\n"
	"  esimrig run scenarios/suites --filter spn --html report.html\n"
	"  esimrig run my.yaml --net http --clock scaled=1000 --trace",
	NULL
};

const struct verb verb_run = {
	.name = "run", .arguments = "PATH...",
	.summary = "Run scenarios and report what came of them",
	.options = options, .about = about, .run = run,
};
