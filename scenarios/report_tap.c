/* TAP version 14: a test point per run; JSON strings are YAML strings. */
#include "scenarios/report.h"
#include "sim/json.h"

/* A description ends at '#', and '\' escapes. */
static void put_description(struct buf *out, struct str s)
{
	struct buf plain;

	buf_init(&plain, out->max);
	report_plain(&plain, s);
	for (size_t i = 0; i < plain.n; i++) {
		if (plain.p[i] == '#' || plain.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, plain.p[i] == '\n' ? ' ' : plain.p[i]);
	}
	buf_release(&plain);
}

static void put_member(struct buf *out, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(out, "  %s: ", name);
	json_quote(out, value);
	buf_char(out, '\n');
}

static void put_step(struct buf *out, const struct step_result *s)
{
	put_member(out, "message", s->message);
	put_member(out, "step", s->title);
	buf_z(out, "  at: {file: ");
	json_quote(out, s->file);
	buf_printf(out, ", line: %u, column: %u}\n", s->line, s->column);
	put_member(out, "expected", s->expected);
	put_member(out, "actual", s->actual);
}

static void put_diagnostics(struct buf *out, const struct run_result *run)
{
	const struct step_result *why = report_culprit(run);

	buf_z(out, "  ---\n");
	put_member(out, "verdict", str_of(verdict_name(run->verdict)));
	if (why)
		put_step(out, why);
	else
		put_member(out, "message", run->message);
	put_member(out, "file", run->file);
	buf_printf(out, "  seed: %llu\n", (unsigned long long)run->seed);
	buf_printf(out, "  simulated_s: %.6f\n", (double)run->ended.ns / 1e9);
	buf_printf(out, "  duration_ms: %.3f\n", (double)run->wall_ns / 1e6);
	put_member(out, "last_events", run->last_events);
	put_member(out, "reproduce", run->reproduce);
	buf_z(out, "  ...\n");
}

void report_tap(struct buf *out, const struct report *r)
{
	buf_printf(out, "TAP version 14\n1..%zu\n", r->run_count);
	for (size_t i = 0; i < r->run_count; i++) {
		const struct run_result *run = &r->runs[i];
		bool ok = run->verdict == VERDICT_PASS ||
			  run->verdict == VERDICT_SKIP ||
			  run->verdict == VERDICT_WARN;

		buf_printf(out, "%s %zu - ", ok ? "ok" : "not ok", i + 1);
		put_description(out, run->name);
		if (run->verdict == VERDICT_SKIP) {
			buf_z(out, " # SKIP ");
			put_description(out, run->message);
		}
		buf_char(out, '\n');
		if (!ok || run->verdict == VERDICT_WARN)
			put_diagnostics(out, run);
	}
}
