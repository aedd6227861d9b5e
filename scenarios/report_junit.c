/*
 * JUnit XML: a testsuite per file, a testcase per run.  Keeps to what both
 * the Ant schema and that of Jenkins allow: what a failure has to say stands
 * in its text, and a suite's system-out repeats what the terminal showed.
 */
#include "scenarios/report.h"

#include <stdio.h>

static void attribute(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s=\"", name);
	report_escape(out, value);
	buf_char(out, '"');
}

static void put_seconds(struct buf *out, const struct run_result *runs,
			size_t count)
{
	int64_t ns = 0;

	for (size_t i = 0; i < count; i++)
		ns += runs[i].wall_ns;
	/* Jenkins' schema refuses more than three digits. */
	buf_printf(out, " time=\"%.3f\"", (double)ns / 1e9);
}

/* NOT REACHED is an error, for it has not passed; WARN has no element. */
static const char *element_of(enum verdict v)
{
	static const char *const elements[VERDICTS] = {
		[VERDICT_FAIL] = "failure", [VERDICT_ERROR] = "error",
		[VERDICT_SKIP] = "skipped", [VERDICT_NOT_REACHED] = "error",
	};

	return elements[v];
}

static void put_case(struct buf *out, const struct run_result *run)
{
	const char *element = element_of(run->verdict);
	const struct step_result *why = report_culprit(run);
	struct buf text;

	buf_z(out, "    <testcase");
	attribute(out, "classname", run->file);
	attribute(out, "name", run->name);
	put_seconds(out, run, 1);
	if (!element) {
		buf_z(out, "/>\n");
		return;
	}
	buf_printf(out, ">\n      <%s", element);
	if (run->verdict != VERDICT_SKIP)
		attribute(out, "type", str_of(verdict_name(run->verdict)));
	attribute(out, "message", why ? why->message : run->message);
	buf_z(out, ">");
	buf_init(&text, out->max);
	report_failure(&text, run, "");
	report_escape(out, buf_view(&text));
	buf_release(&text);
	buf_printf(out, "</%s>\n    </testcase>\n", element);
}

static void put_property(struct buf *out, const char *name, struct str value)
{
	buf_z(out, "      <property");
	attribute(out, "name", str_of(name));
	attribute(out, "value", value);
	buf_z(out, "/>\n");
}

static void put_properties(struct buf *out, const struct report *r)
{
	char seed[24];

	buf_z(out, "    <properties>\n");
	put_property(out, "esimrig.version", str_of(r->version));
	put_property(out, "esimrig.clock", str_of(r->clock));
	put_property(out, "esimrig.net", str_of(r->net));
	if (r->has_seed) {
		snprintf(seed, sizeof(seed), "%llu", (unsigned long long)r->seed);
		put_property(out, "esimrig.seed", str_of(seed));
	}
	buf_z(out, "    </properties>\n");
}

static void put_output(struct buf *out, const struct run_result *runs,
		       size_t count)
{
	buf_z(out, "    <system-out>");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%-11s  ", verdict_name(runs[i].verdict));
		report_escape(out, runs[i].name);
		buf_z(out, "  (");
		report_length(out, runs[i].ended.ns);
		buf_z(out, ")\n");
		if (runs[i].last_events.n)
			report_escape(out, runs[i].last_events);
	}
	buf_z(out, "</system-out>\n    <system-err></system-err>\n");
}

static void put_counts(struct buf *out, const struct run_result *runs,
		       size_t count)
{
	struct verdict_counts n = verdict_count(runs, count);

	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", count,
		   n.of[VERDICT_FAIL],
		   n.of[VERDICT_ERROR] + n.of[VERDICT_NOT_REACHED]);
}

static void put_suite(struct buf *out, const struct report *r, size_t first,
		      size_t count, size_t id)
{
	const struct run_result *runs = r->runs + first;
	struct verdict_counts n = verdict_count(runs, count);

	buf_z(out, "  <testsuite");
	attribute(out, "name", runs->file);
	buf_printf(out, " package=\"esimrig\" id=\"%zu\"", id);
	put_counts(out, runs, count);
	buf_printf(out, " skipped=\"%zu\"", n.of[VERDICT_SKIP]);
	put_seconds(out, runs, count);
	/* When simulated time begins: the schema wants a date, equal runs
	 * want equal reports. */
	buf_z(out, " timestamp=\"2026-01-01T00:00:00\" hostname=\"localhost\">\n");
	put_properties(out, r);
	for (size_t i = 0; i < count; i++)
		put_case(out, &runs[i]);
	put_output(out, runs, count);
	buf_z(out, "  </testsuite>\n");
}

void report_junit(struct buf *out, const struct report *r)
{
	size_t count, id = 0;

	buf_z(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; i < r->run_count; i += count) {
		count = report_same_file(r, i);
		put_suite(out, r, i, count, id++);
	}
	buf_z(out, "</testsuites>\n");
}
