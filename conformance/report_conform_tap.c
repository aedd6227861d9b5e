/*
 * TAP version 14: a test point per check.  What does not hold but fails
 * nothing is "not ok # TODO", TAP's word for just that: warnings, and fails
 * that the baseline expects.  JSON strings are YAML strings.
 */
#include "conformance/report_conform.h"
#include "scenarios/report.h"
#include "sim/json.h"

struct page {
	struct buf *out;
	const struct conformance *c;
	struct arena arena;
};

/* A description ends at '#', and '\' escapes. */
static void put_description(struct page *p, struct str s)
{
	struct buf plain;

	buf_init(&plain, p->out->max);
	report_plain(&plain, report_conform_masked(s, &p->arena));
	for (size_t i = 0; i < plain.n; i++) {
		if (plain.p[i] == '#' || plain.p[i] == '\\')
			buf_char(p->out, '\\');
		buf_char(p->out, plain.p[i] == '\n' ? ' ' : plain.p[i]);
	}
	buf_release(&plain);
}

static void put_member(struct page *p, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(p->out, "  %s: ", name);
	json_quote(p->out, report_conform_masked(value, &p->arena));
	buf_char(p->out, '\n');
}

static void put_requirement(struct page *p, const struct requirement *r)
{
	put_member(p, "requirement", r->id);
	put_member(p, "level", str_of(level_name(r->level)));
	put_member(p, "provenance", str_of(provenance_name(r->provenance)));
	put_member(p, "section", r->section);
	put_member(p, "text", r->text);
}

static void put_step(struct page *p, const struct step_result *s)
{
	put_member(p, "step", s->title);
	buf_z(p->out, "  at: {file: ");
	json_quote(p->out, s->file);
	buf_printf(p->out, ", line: %u, column: %u}\n", s->line, s->column);
	put_member(p, "expected", s->expected);
	put_member(p, "actual", s->actual);
	put_member(p, "request", s->request);
	put_member(p, "answer", s->response);
	put_member(p, "again", s->curl);
}

static void put_diagnostics(struct page *p, const struct check_result *r)
{
	const struct step_result *s = report_conform_culprit(r);

	buf_z(p->out, "  ---\n");
	put_member(p, "verdict", str_of(verdict_name(r->verdict)));
	put_member(p, "message", r->why);
	if (r->main)
		put_requirement(p, r->main);
	if (s)
		put_step(p, s);
	put_member(p, "baseline", r->comment);
	if (r->run)
		put_member(p, "reproduce", r->run->reproduce);
	buf_z(p->out, "  ...\n");
}

static void put_directive(struct page *p, const struct check_result *r)
{
	switch (r->verdict) {
	case VERDICT_SKIP:
		buf_z(p->out, " # SKIP ");
		put_description(p, r->why);
		break;
	case VERDICT_NOT_REACHED:
		if (report_conform_fails(p->c, r))
			break;
		buf_z(p->out, " # SKIP not reached: ");
		put_description(p, r->why);
		break;
	case VERDICT_WARN:
		buf_z(p->out, " # TODO a warning");
		break;
	case VERDICT_FAIL:
		if (r->in_baseline)
			buf_z(p->out, " # TODO expected to fail");
		break;
	case VERDICT_PASS:
	case VERDICT_ERROR:
	case VERDICTS:
		break;
	}
}

static void put_check(struct page *p, const struct check_result *r, size_t number)
{
	bool troubled = report_conform_troubled(r) || report_conform_fails(p->c, r);

	buf_printf(p->out, "%s %zu - ", troubled ? "not ok" : "ok", number);
	put_description(p, r->check->id);
	put_directive(p, r);
	buf_char(p->out, '\n');
	if (troubled)
		put_diagnostics(p, r);
}

static void put_finding(struct page *p, const struct finding *f, size_t number)
{
	buf_printf(p->out, "not ok %zu - ", number);
	put_description(p, f->title);
	buf_z(p->out, f->fails ? "\n" : " # TODO a warning\n");
	buf_z(p->out, "  ---\n");
	put_member(p, "message", f->text);
	buf_z(p->out, "  ...\n");
}

static void put_comment(struct page *p, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(p->out, "# %s: ", name);
	put_description(p, value);
	buf_char(p->out, '\n');
}

void report_conform_tap(struct buf *out, const struct conformance *c,
			const struct comparison *since)
{
	struct page p = { .out = out, .c = c };
	struct buf how;

	(void)since;	/* TAP has no word for it */
	buf_init(&how, 1000);
	report_conform_how(&how, c);
	buf_printf(out, "TAP version 14\n1..%zu\n", c->count + c->finding_count);
	put_comment(&p, "esimrig", c->rig_version);
	put_comment(&p, "suite", arena_printf(&p.arena, "%.*s (%.*s)",
					      STRF(c->suite_version), STRF(c->suite_hash)));
	put_comment(&p, "target", c->target_name);
	put_comment(&p, "url", c->target_url);
	put_comment(&p, "server", c->target_server);
	put_comment(&p, "judged", buf_view(&how));
	for (size_t i = 0; i < c->count; i++)
		put_check(&p, &c->results[i], i + 1);
	for (size_t i = 0; i < c->finding_count; i++)
		put_finding(&p, &c->findings[i], c->count + i + 1);
	buf_release(&how);
	arena_release(&p.arena);
}
