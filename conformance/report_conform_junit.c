/*
 * JUnit XML: a testsuite per group, a testcase per check, and one more for
 * what no check says.  A warning passes, and what it has to say stands in the
 * suite's system-out; a fail that was expected and, but for depth world, NOT
 * REACHED are skipped with a message, so that they are seen and break nothing.
 */
#include "conformance/report_conform.h"
#include "scenarios/report.h"

struct page {
	struct buf *out;
	const struct conformance *c;
	struct arena arena;
	struct tally tally;
};

static void attribute(struct page *p, const char *name, struct str value)
{
	buf_printf(p->out, " %s=\"", name);
	report_escape(p->out, report_conform_masked(value, &p->arena));
	buf_char(p->out, '"');
}

static void put_evidence(struct page *p, const struct check_result *r)
{
	struct buf text;

	buf_init(&text, p->out->max);
	report_conform_evidence(&text, r, "");
	report_escape(p->out, buf_view(&text));
	buf_release(&text);
}

/* NULL: it passed, or it is a warning. */
static const char *element_of(const struct page *p, const struct check_result *r)
{
	if (r->verdict == VERDICT_PASS || r->verdict == VERDICT_WARN)
		return NULL;
	if (!report_conform_fails(p->c, r))
		return "skipped";
	return r->verdict == VERDICT_FAIL ? "failure" : "error";
}

static size_t count(const struct page *p, struct str group, const char *element)
{
	size_t n = 0;

	for (size_t i = 0; i < p->c->count; i++) {
		const struct check_result *r = &p->c->results[i];
		const char *e = element_of(p, r);

		n += e && strcmp(e, element) == 0 && str_eq(r->check->group, group);
	}
	return n;
}

/* What a skipped one has to say; its verdict has no other place. */
static struct str why_skipped(struct page *p, const struct check_result *r)
{
	if (r->verdict != VERDICT_FAIL)
		return arena_printf(&p->arena, "%s: %.*s", verdict_name(r->verdict),
				    STRF(r->why));
	return arena_printf(&p->arena, "expected to fail: %.*s",
			    STRF(r->comment.n ? r->comment : r->why));
}

static void put_outcome(struct page *p, const struct check_result *r,
			const char *element)
{
	bool skipped = strcmp(element, "skipped") == 0;

	buf_printf(p->out, ">\n      <%s", element);
	if (!skipped)
		attribute(p, "type", str_of(verdict_name(r->verdict)));
	attribute(p, "message", skipped ? why_skipped(p, r) : r->why);
	buf_char(p->out, '>');
	if (report_conform_troubled(r))
		put_evidence(p, r);
	buf_printf(p->out, "</%s>\n    </testcase>\n", element);
}

static void put_case(struct page *p, const struct check_result *r)
{
	const char *element = element_of(p, r);

	buf_z(p->out, "    <testcase");
	attribute(p, "classname", r->check->group);
	attribute(p, "name", r->check->id);
	/* Real lengths differ from run to run. */
	buf_z(p->out, " time=\"0\"");
	if (element)
		put_outcome(p, r, element);
	else
		buf_z(p->out, "/>\n");
}

static void put_property(struct page *p, const char *name, struct str value)
{
	buf_z(p->out, "      <property");
	attribute(p, "name", str_of(name));
	attribute(p, "value", value);
	buf_z(p->out, "/>\n");
}

static void put_properties(struct page *p)
{
	const struct conformance *c = p->c;
	struct buf how;

	buf_init(&how, 1000);
	report_conform_how(&how, c);
	buf_z(p->out, "    <properties>\n");
	put_property(p, "esimrig.version", c->rig_version);
	put_property(p, "esimrig.suite.version", c->suite_version);
	put_property(p, "esimrig.suite.hash", c->suite_hash);
	put_property(p, "esimrig.target", c->target_name);
	put_property(p, "esimrig.target.url", c->target_url);
	put_property(p, "esimrig.target.server", c->target_server);
	put_property(p, "esimrig.judged", buf_view(&how));
	put_property(p, "esimrig.options", c->options);
	buf_z(p->out, "    </properties>\n");
	buf_release(&how);
}

static void begin_suite(struct page *p, struct str name, size_t id, size_t tests,
			size_t failures, size_t errors, size_t skipped)
{
	buf_z(p->out, "  <testsuite");
	attribute(p, "name", name);
	/* The schema wants a date, equal runs want equal reports. */
	buf_printf(p->out, " package=\"esim_profiles\" id=\"%zu\" tests=\"%zu\" "
		   "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\" "
		   "timestamp=\"2026-01-01T00:00:00\" hostname=\"localhost\">\n",
		   id, tests, failures, errors, skipped);
	put_properties(p);
}

static void put_warnings(struct page *p, struct str group)
{
	buf_z(p->out, "    <system-out>");
	for (size_t i = 0; i < p->c->count; i++) {
		const struct check_result *r = &p->c->results[i];

		if (r->verdict != VERDICT_WARN || !str_eq(r->check->group, group))
			continue;
		buf_z(p->out, "WARN ");
		report_escape(p->out, r->check->id);
		buf_char(p->out, '\n');
		put_evidence(p, r);
	}
	buf_z(p->out, "</system-out>\n    <system-err></system-err>\n");
}

static void put_group(struct page *p, const struct tally_row *g, size_t id)
{
	begin_suite(p, g->name, id, g->count, count(p, g->name, "failure"),
		    count(p, g->name, "error"), count(p, g->name, "skipped"));
	for (size_t i = 0; i < p->c->count; i++)
		if (str_eq(p->c->results[i].check->group, g->name))
			put_case(p, &p->c->results[i]);
	put_warnings(p, g->name);
	buf_z(p->out, "  </testsuite>\n");
}

static void put_finding(struct page *p, const struct finding *f)
{
	buf_z(p->out, "    <testcase classname=\"findings\"");
	attribute(p, "name", f->title);
	buf_z(p->out, " time=\"0\"");
	if (!f->fails) {
		buf_z(p->out, "/>\n");
		return;
	}
	buf_z(p->out, ">\n      <failure type=\"finding\"");
	attribute(p, "message", f->title);
	buf_char(p->out, '>');
	report_escape(p->out, report_conform_masked(f->text, &p->arena));
	buf_z(p->out, "</failure>\n    </testcase>\n");
}

static void put_findings(struct page *p)
{
	const struct conformance *c = p->c;
	size_t failures = 0;

	for (size_t i = 0; i < c->finding_count; i++)
		failures += c->findings[i].fails;
	begin_suite(p, STR("findings"), p->tally.group_count, c->finding_count,
		    failures, 0, 0);
	for (size_t i = 0; i < c->finding_count; i++)
		put_finding(p, &c->findings[i]);
	buf_z(p->out, "    <system-out>");
	for (size_t i = 0; i < c->finding_count; i++) {
		if (c->findings[i].fails)
			continue;
		report_escape(p->out, report_conform_masked(c->findings[i].title,
							    &p->arena));
		buf_char(p->out, '\n');
		report_escape(p->out, report_conform_masked(c->findings[i].text,
							    &p->arena));
		buf_char(p->out, '\n');
	}
	buf_z(p->out, "</system-out>\n    <system-err></system-err>\n  </testsuite>\n");
}

void report_conform_junit(struct buf *out, const struct conformance *c,
			  const struct comparison *since)
{
	struct page p = { .out = out, .c = c };

	(void)since;	/* JUnit has no word for it */
	tally_count(&p.tally, c, &p.arena);
	buf_z(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; i < p.tally.group_count; i++)
		put_group(&p, &p.tally.groups[i], i);
	if (c->finding_count)
		put_findings(&p);
	buf_z(out, "</testsuites>\n");
	arena_release(&p.arena);
}
