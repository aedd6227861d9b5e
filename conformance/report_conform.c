#include "conformance/report_conform.h"

#include "conformance/mask.h"
#include "scenarios/report.h"

#include <inttypes.h>
#include <stdio.h>

const struct conform_format conform_formats[CONFORM_FORMATS] = {
	{ "junit", "JUnit XML, for CI servers", false, report_conform_junit },
	{ "tap", "TAP 14, with YAML diagnostics", false, report_conform_tap },
	{ "json", "JSON, schema 1 (docs/conformance-report.md)", false,
	  report_conform_json },
	{ "html", "one page to read, with ladder diagrams", true,
	  report_conform_html },
	{ "badge", "an SVG picture for a README", false, report_conform_badge },
};

struct str report_conform_masked(struct str text, struct arena *a)
{
	return mask_secrets(text, a);
}

void report_conform_how(struct buf *out, const struct conformance *c)
{
	buf_printf(out, "depth %s", depth_name(c->depth));
	if (c->strict)
		buf_z(out, ", --strict");
	if (c->conventions)
		buf_z(out, ", --conventions");
	buf_printf(out, ", seed %" PRIu64, c->seed);
}

const struct step_result *report_conform_culprit(const struct check_result *r)
{
	if (!r->run)
		return NULL;
	for (size_t i = 0; i < r->run->step_count; i++)
		if (r->run->steps[i].message.n &&
		    r->run->steps[i].verdict != VERDICT_PASS)
			return &r->run->steps[i];
	return NULL;
}

bool report_conform_troubled(const struct check_result *r)
{
	return r->verdict == VERDICT_FAIL || r->verdict == VERDICT_ERROR ||
	       r->verdict == VERDICT_WARN;
}

bool report_conform_fails(const struct conformance *c,
			  const struct check_result *r)
{
	return r->verdict == VERDICT_ERROR ||
	       (r->verdict == VERDICT_FAIL && !r->in_baseline) ||
	       (r->verdict == VERDICT_NOT_REACHED && c->depth == DEPTH_WORLD);
}

static bool finding_fails(const struct conformance *c)
{
	for (size_t i = 0; i < c->finding_count; i++)
		if (c->findings[i].fails)
			return true;
	return false;
}

const char *report_conform_sentence(const struct conformance *c)
{
	enum verdict v = conformance_verdict(c);

	if (v == VERDICT_PASS)
		return "The target conforms, as far as it was judged.";
	if (v == VERDICT_ERROR)
		return "The rig had trouble of its own: no verdict.";
	if (conformance_new_fails(c) || finding_fails(c))
		return "The target does not conform.";
	if (c->interrupted)
		return "It was stopped before the end: no verdict.";
	return conformance_count(c, STR_NONE).of[VERDICT_NOT_REACHED] ?
	       "Not all could be judged that a world of the rig allows to be: no verdict." :
	       "Nothing was shown: no verdict.";
}

/* ---- Evidence as text. -------------------------------------------------- */

struct writer {
	struct buf *out;
	const char *indent;
	struct arena arena;
};

/* "expected:  3", or a block below its name if it has more lines. */
static void put(struct writer *w, const char *name, struct str text)
{
	char deeper[64];

	if (!text.n)
		return;
	text = str_trim(report_conform_masked(text, &w->arena));
	if (!memchr(text.p, '\n', text.n)) {
		buf_printf(w->out, "%s%-12s %.*s\n", w->indent, name, STRF(text));
		return;
	}
	buf_printf(w->out, "%s%s\n", w->indent, name);
	snprintf(deeper, sizeof(deeper), "%s    ", w->indent);
	report_indented(w->out, text, deeper);
}

static void put_requirement(struct writer *w, const struct requirement *r)
{
	struct str head;

	if (!r)
		return;
	head = arena_printf(&w->arena, "%.*s (%s, %s; %.*s): %.*s", STRF(r->id),
			    level_name(r->level), provenance_name(r->provenance),
			    STRF(r->section), STRF(r->text));
	put(w, "requirement:", head);
}

static void put_step(struct writer *w, const struct step_result *s)
{
	struct str place = arena_printf(&w->arena, "%.*s:%u:%u: %.*s", STRF(s->file),
					s->line, s->column, STRF(s->title));

	put(w, "step:", place);
	put(w, "what:", s->message);
	put(w, "expected:", s->expected);
	put(w, "actual:", s->actual);
	put(w, "request:", s->request);
	put(w, "answer:", s->response);
	put(w, "again:", s->curl);
}

void report_conform_evidence(struct buf *out, const struct check_result *r,
			     const char *indent)
{
	struct writer w = { .out = out, .indent = indent };
	const struct step_result *s = report_conform_culprit(r);

	put_requirement(&w, r->main);
	if (s)
		put_step(&w, s);
	else
		put(&w, "what:", r->why);
	if (r->in_baseline)
		put(&w, "baseline:", r->comment.n ? r->comment :
						    STR("expected to fail"));
	if (r->run) {
		put(&w, "left behind:", r->run->left_behind);
		put(&w, "judge again:", r->run->reproduce);
	}
	arena_release(&w.arena);
}
