/*
 * JSON, schema 1: docs/conformance-report.md and .schema.json.  Members are
 * only ever added to a schema; what changes its meaning or goes away makes it
 * the next one.
 */
#include "conformance/report_conform.h"
#include "sim/json.h"

#include <inttypes.h>
#include <stdio.h>

struct page {
	struct json j;
	const struct conformance *c;
	const struct comparison *since;
	struct arena arena;
	struct tally tally;
};

static void put(struct page *p, const char *key, struct str value)
{
	json_put(&p->j, key, report_conform_masked(value, &p->arena));
}

static void put_opt(struct page *p, const char *key, struct str value)
{
	if (value.n)
		put(p, key, value);
}

/* The next item of a list begins a line, so that a person can read it too. */
static void next_line(struct page *p)
{
	buf_z(p->j.out, p->j.comma ? ",\n" : "\n");
	p->j.comma = false;
}

static void begin(struct page *p, const char *key, char bracket)
{
	json_key(&p->j, key);
	json_open(&p->j, bracket);
}

/* ---- What was judged, and how. ------------------------------------------ */

static void put_head(struct page *p)
{
	const struct conformance *c = p->c;
	char seed[24];

	json_put_int(&p->j, "schema", 1);
	json_putz(&p->j, "kind", "conformance");
	json_putz(&p->j, "tool", "esimrig");
	put(p, "version", c->rig_version);
	begin(p, "suite", '{');
	put(p, "version", c->suite_version);
	put(p, "hash", c->suite_hash);
	json_close(&p->j, '}');
	begin(p, "target", '{');
	put(p, "name", c->target_name);
	put(p, "url", c->target_url);
	put_opt(p, "server", c->target_server);
	json_close(&p->j, '}');
	json_putz(&p->j, "depth", depth_name(c->depth));
	json_put_bool(&p->j, "strict", c->strict);
	json_put_bool(&p->j, "conventions", c->conventions);
	/* Numbers of JSON hold 53 bits in most readers: a seed has 64. */
	snprintf(seed, sizeof(seed), "%" PRIu64, c->seed);
	json_putz(&p->j, "seed", seed);
	put(p, "options", c->options);
	json_put_bool(&p->j, "interrupted", c->interrupted);
	json_putz(&p->j, "verdict", verdict_name(conformance_verdict(c)));
}

static void put_counts(struct page *p, const struct tally_row *row)
{
	static const char *const keys[VERDICTS] = {
		[VERDICT_PASS] = "passed", [VERDICT_FAIL] = "failed",
		[VERDICT_ERROR] = "errors", [VERDICT_SKIP] = "skipped",
		[VERDICT_NOT_REACHED] = "not_reached", [VERDICT_WARN] = "warnings",
	};

	json_put_int(&p->j, "checks", (int64_t)row->count);
	for (size_t v = 0; v < VERDICTS; v++)
		json_put_int(&p->j, keys[v], (int64_t)row->n.of[v]);
	json_put_int(&p->j, "in_baseline", (int64_t)row->baseline);
}

static void put_summary(struct page *p)
{
	begin(p, "summary", '{');
	put_counts(p, &p->tally.all);
	begin(p, "levels", '[');
	for (size_t i = 0; i < p->tally.level_count; i++) {
		const struct tally_level *l = &p->tally.levels[i];

		next_line(p);
		json_open(&p->j, '{');
		json_putz(&p->j, "level", level_name(l->level));
		json_putz(&p->j, "provenance", provenance_name(l->provenance));
		put_counts(p, &l->row);
		json_close(&p->j, '}');
	}
	json_close(&p->j, ']');
	begin(p, "groups", '[');
	for (size_t i = 0; i < p->tally.group_count; i++) {
		next_line(p);
		json_open(&p->j, '{');
		put(p, "group", p->tally.groups[i].name);
		put_counts(p, &p->tally.groups[i]);
		json_close(&p->j, '}');
	}
	json_close(&p->j, ']');
	json_close(&p->j, '}');
}

/* ---- Checks. ------------------------------------------------------------ */

static void put_step(struct page *p, const struct step_result *s)
{
	json_open(&p->j, '{');
	put(p, "title", s->title);
	json_putz(&p->j, "verdict", verdict_name(s->verdict));
	put(p, "file", s->file);
	json_put_int(&p->j, "line", s->line);
	json_put_int(&p->j, "column", s->column);
	put_opt(p, "message", s->message);
	put_opt(p, "expected", s->expected);
	put_opt(p, "actual", s->actual);
	put_opt(p, "request", s->request);
	put_opt(p, "response", s->response);
	put_opt(p, "curl", s->curl);
	json_close(&p->j, '}');
}

/* Steps only of what did not pass: they are most of a report. */
static void put_run(struct page *p, const struct check_result *r)
{
	if (!r->run)
		return;
	put_opt(p, "left_behind", r->run->left_behind);
	if (!report_conform_troubled(r))
		return;
	put_opt(p, "reproduce", r->run->reproduce);
	begin(p, "steps", '[');
	for (size_t i = 0; i < r->run->step_count; i++)
		put_step(p, &r->run->steps[i]);
	json_close(&p->j, ']');
}

static void put_covers(struct page *p, const struct check *check)
{
	begin(p, "covers", '[');
	for (size_t i = 0; i < check->covers.count; i++)
		json_str(&p->j, check->covers.list[i]);
	json_close(&p->j, ']');
}

static void put_check(struct page *p, const struct check_result *r)
{
	enum verdict was;

	json_open(&p->j, '{');
	put(p, "id", r->check->id);
	put(p, "group", r->check->group);
	put_opt(p, "title", r->check->title);
	json_putz(&p->j, "depth", depth_name(r->check->depth));
	if (r->main) {
		put(p, "requirement", r->main->id);
		json_putz(&p->j, "level", level_name(r->main->level));
		json_putz(&p->j, "provenance", provenance_name(r->main->provenance));
	}
	put_covers(p, r->check);
	json_putz(&p->j, "verdict", verdict_name(r->verdict));
	put_opt(p, "why", r->why);
	json_put_bool(&p->j, "in_baseline", r->in_baseline);
	put_opt(p, "comment", r->comment);
	if (p->since && comparison_of(p->since, r, &was) != CHANGE_NONE)
		json_putz(&p->j, "change",
			  change_name(comparison_of(p->since, r, &was)));
	put_run(p, r);
	json_close(&p->j, '}');
}

static void put_checks(struct page *p)
{
	begin(p, "checks", '[');
	for (size_t i = 0; i < p->c->count; i++) {
		next_line(p);
		put_check(p, &p->c->results[i]);
	}
	json_close(&p->j, ']');
}

/* ---- The rest. ---------------------------------------------------------- */

static void put_requirements(struct page *p)
{
	begin(p, "requirements", '[');
	for (size_t i = 0; i < p->tally.requirement_count; i++) {
		const struct tally_requirement *t = &p->tally.requirements[i];

		next_line(p);
		json_open(&p->j, '{');
		put(p, "id", t->r->id);
		json_putz(&p->j, "level", level_name(t->r->level));
		json_putz(&p->j, "provenance", provenance_name(t->r->provenance));
		json_put_int(&p->j, "checks", (int64_t)t->count);
		if (t->count)
			json_putz(&p->j, "verdict", verdict_name(t->verdict));
		put_opt(p, "excluded", t->r->excluded);
		json_close(&p->j, '}');
	}
	json_close(&p->j, ']');
}

static void put_findings(struct page *p)
{
	begin(p, "findings", '[');
	for (size_t i = 0; i < p->c->finding_count; i++) {
		const struct finding *f = &p->c->findings[i];

		next_line(p);
		json_open(&p->j, '{');
		put(p, "title", f->title);
		put(p, "text", f->text);
		json_put_bool(&p->j, "fails", f->fails);
		json_close(&p->j, '}');
	}
	json_close(&p->j, ']');
}

static void put_compared(struct page *p)
{
	static const char *const keys[CHANGES] = {
		"same", "broken", "mended", "changed", "new", "gone",
	};
	struct differences d;

	if (!p->since)
		return;
	comparison_differences(p->since, p->c, &p->arena, &d);
	begin(p, "compared", '{');
	put(p, "with", p->since->name);
	put(p, "suite_hash", p->since->suite_hash);
	for (size_t i = 0; i < CHANGES; i++)
		if (i != CHANGE_GONE)
			json_put_int(&p->j, keys[i], (int64_t)d.of[i]);
	begin(p, keys[CHANGE_GONE], '[');
	for (size_t i = 0; i < d.count; i++)
		if (d.list[i].change == CHANGE_GONE)
			json_str(&p->j, d.list[i].id);
	json_close(&p->j, ']');
	json_close(&p->j, '}');
}

void report_conform_json(struct buf *out, const struct conformance *c,
			 const struct comparison *since)
{
	struct page p = { .j = json_to(out), .c = c, .since = since };

	tally_count(&p.tally, c, &p.arena);
	json_open(&p.j, '{');
	put_head(&p);
	put_summary(&p);
	put_compared(&p);
	put_findings(&p);
	put_checks(&p);
	put_requirements(&p);
	json_close(&p.j, '}');
	buf_char(out, '\n');
	arena_release(&p.arena);
}
