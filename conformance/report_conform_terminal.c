/*
 * For a person: a line for each check, below the name of its group; why what
 * did not pass did not; what was not reached and why; the sums.
 */
#include "conformance/report_conform.h"
#include "scenarios/report.h"

#define INDENT "              "

enum { TEXT_MAX = 64 << 20, REASONS_SHOWN = 12, GONE_SHOWN = 10 };

static const char *const colours[VERDICTS] = {
	[VERDICT_PASS] = "\x1b[32m", [VERDICT_FAIL] = "\x1b[31m",
	[VERDICT_ERROR] = "\x1b[35m", [VERDICT_SKIP] = "\x1b[2m",
	[VERDICT_NOT_REACHED] = "\x1b[2m", [VERDICT_WARN] = "\x1b[33m",
};

struct page {
	struct buf *out;
	const struct conformance *c;
	const struct conform_view *view;
	struct arena arena;
	struct tally tally;
};

static void paint(struct page *p, const char *colour)
{
	if (p->view->colour)
		buf_z(p->out, colour);
}

static void put_plain(struct page *p, struct str s)
{
	report_plain(p->out, report_conform_masked(s, &p->arena));
}

static void put_title(struct page *p, const char *title)
{
	paint(p, "\x1b[1m");
	buf_printf(p->out, "\n%s", title);
	paint(p, "\x1b[0m");
	buf_char(p->out, '\n');
}

static void put_verdict(struct page *p, enum verdict v)
{
	paint(p, colours[v]);
	buf_printf(p->out, "  %-11s", verdict_name(v));
	paint(p, "\x1b[0m");
}

/* ---- Checks. ------------------------------------------------------------ */

static void put_change(struct page *p, const struct check_result *r,
		       const struct comparison *since)
{
	enum verdict was = VERDICT_PASS;
	enum change change = since ? comparison_of(since, r, &was) : CHANGE_NONE;

	if (change == CHANGE_NEW)
		buf_z(p->out, "  (new)");
	else if (change != CHANGE_NONE)
		buf_printf(p->out, "  (was %s)", verdict_name(was));
}

static void put_evidence(struct page *p, const struct check_result *r)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	report_conform_evidence(&text, r, INDENT);
	report_plain(p->out, buf_view(&text));
	buf_release(&text);
}

static void put_check(struct page *p, const struct check_result *r,
		      const struct comparison *since)
{
	put_verdict(p, r->verdict);
	buf_char(p->out, ' ');
	report_plain(p->out, r->check->id);
	if (report_conform_troubled(r) && r->main)
		buf_printf(p->out, "  %.*s %s %s", STRF(r->main->id),
			   level_name(r->main->level),
			   provenance_name(r->main->provenance));
	if (r->in_baseline)
		buf_z(p->out, "  (expected)");
	put_change(p, r, since);
	if (r->verdict == VERDICT_NOT_REACHED ||
	    (r->verdict == VERDICT_SKIP && p->view->verbose)) {
		buf_z(p->out, ": ");
		put_plain(p, r->why);
	}
	buf_char(p->out, '\n');
	if (report_conform_troubled(r) || (p->view->verbose && r->run))
		put_evidence(p, r);
}

static void put_groups(struct page *p, const struct comparison *since)
{
	for (size_t g = 0; g < p->tally.group_count; g++) {
		const struct tally_row *row = &p->tally.groups[g];

		paint(p, "\x1b[1m");
		buf_printf(p->out, "\n%.*s", STRF(row->name));
		paint(p, "\x1b[0m");
		buf_z(p->out, ": ");
		tally_words(p->out, row);
		buf_char(p->out, '\n');
		for (size_t i = 0; i < p->c->count; i++)
			if (str_eq(p->c->results[i].check->group, row->name))
				put_check(p, &p->c->results[i], since);
	}
}

/* ---- Sums. -------------------------------------------------------------- */

/* In the order of verdict_order, but what passed first. */
static const struct {
	enum verdict verdict;
	const char *head;
} columns[] = {
	{ VERDICT_PASS, "passed" }, { VERDICT_FAIL, "failed" },
	{ VERDICT_ERROR, "error" }, { VERDICT_WARN, "warned" },
	{ VERDICT_NOT_REACHED, "not reached" }, { VERDICT_SKIP, "skipped" },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), COLUMN_WIDTH = 13 };

static void put_numbers(struct page *p, const char *name, const struct tally_row *row)
{
	buf_printf(p->out, "  %-22s", name);
	for (size_t i = 0; i < COLUMNS; i++) {
		enum verdict v = columns[i].verdict;

		if (row->n.of[v] && v != VERDICT_PASS)
			paint(p, colours[v]);
		if (row->n.of[v])
			buf_printf(p->out, "%*zu", COLUMN_WIDTH, row->n.of[v]);
		else
			buf_printf(p->out, "%*s", COLUMN_WIDTH, "-");
		if (row->n.of[v] && v != VERDICT_PASS)
			paint(p, "\x1b[0m");
	}
	buf_char(p->out, '\n');
}

static void put_levels(struct page *p)
{
	put_title(p, "By requirement");
	buf_printf(p->out, "  %-22s", "");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(p->out, "%*s", COLUMN_WIDTH, columns[i].head);
	buf_char(p->out, '\n');
	for (size_t i = 0; i < p->tally.level_count; i++) {
		const struct tally_level *l = &p->tally.levels[i];

		put_numbers(p, arena_printf(&p->arena, "%s %s", level_name(l->level),
					    provenance_name(l->provenance)).p, &l->row);
	}
	put_numbers(p, "all", &p->tally.all);
}

static void put_reasons(struct page *p)
{
	size_t shown = p->view->verbose ? p->tally.reason_count : REASONS_SHOWN;

	if (!p->tally.reason_count)
		return;
	put_title(p, "Not judged");
	for (size_t i = 0; i < p->tally.reason_count && i < shown; i++) {
		const struct tally_row *row = &p->tally.reasons[i];

		buf_printf(p->out, "  %5zu  %-11s  ", row->count,
			   row->n.of[VERDICT_SKIP] == row->count ? "SKIP" :
			   "NOT REACHED");
		put_plain(p, row->name);
		buf_char(p->out, '\n');
	}
	if (p->tally.reason_count > shown)
		buf_printf(p->out, "         and for %zu more reasons (--verbose)\n",
			   p->tally.reason_count - shown);
}

static void put_finding(struct page *p, const struct finding *f)
{
	struct buf text;

	put_verdict(p, f->fails ? VERDICT_FAIL : VERDICT_WARN);
	buf_char(p->out, ' ');
	put_plain(p, f->title);
	buf_char(p->out, '\n');
	buf_init(&text, TEXT_MAX);
	report_indented(&text, report_conform_masked(f->text, &p->arena), INDENT);
	report_plain(p->out, buf_view(&text));
	buf_release(&text);
}

static void put_findings(struct page *p)
{
	if (!p->c->finding_count)
		return;
	put_title(p, "Findings");
	for (size_t i = 0; i < p->c->finding_count; i++)
		put_finding(p, &p->c->findings[i]);
}

static void put_gone(struct page *p, const struct differences *d)
{
	size_t shown = 0, max = p->view->verbose ? SIZE_MAX : GONE_SHOWN;

	for (size_t i = 0; i < d->count; i++) {
		if (d->list[i].change != CHANGE_GONE || shown++ >= max)
			continue;
		buf_z(p->out, "  gone: ");
		put_plain(p, d->list[i].id);
		buf_printf(p->out, " (was %s)\n", verdict_name(d->list[i].was));
	}
	if (shown > max)
		buf_printf(p->out, "  and %zu more (--verbose)\n", shown - max);
}

static void put_since(struct page *p, const struct comparison *since)
{
	struct differences d;

	if (!since)
		return;
	comparison_differences(since, p->c, &p->arena, &d);
	put_title(p, "Compared");
	buf_z(p->out, "  with ");
	put_plain(p, since->name);
	if (!str_eq(since->suite_hash, p->c->suite_hash))
		buf_z(p->out, ", of another suite");
	buf_printf(p->out, ": %zu broken, %zu mended, %zu otherwise changed, %zu new, "
		   "%zu gone, %zu the same\n", d.of[CHANGE_BROKEN],
		   d.of[CHANGE_MENDED], d.of[CHANGE_OTHER], d.of[CHANGE_NEW],
		   d.of[CHANGE_GONE], d.of[CHANGE_NONE]);
	put_gone(p, &d);
}

static void put_head(struct page *p)
{
	const struct conformance *c = p->c;

	buf_printf(p->out, "esimrig %.*s, suite %.*s (%.*s), ", STRF(c->rig_version),
		   STRF(c->suite_version), STRF(c->suite_hash));
	report_conform_how(p->out, c);
	buf_z(p->out, "\ntarget: ");
	put_plain(p, c->target_name);
	if (c->target_url.n && !str_eq(c->target_url, c->target_name)) {
		buf_z(p->out, ", ");
		put_plain(p, c->target_url);
	}
	if (c->target_server.n) {
		buf_z(p->out, ", server ");
		put_plain(p, c->target_server);
	}
	buf_char(p->out, '\n');
}

static void put_verdict_of_all(struct page *p)
{
	enum verdict v = conformance_verdict(p->c);

	buf_printf(p->out, "\n%zu check%s: ", p->tally.all.count,
		   p->tally.all.count == 1 ? "" : "s");
	tally_words(p->out, &p->tally.all);
	buf_z(p->out, p->c->interrupted ? " (interrupted)\n" : "\n");
	paint(p, colours[v]);
	buf_z(p->out, report_conform_sentence(p->c));
	paint(p, "\x1b[0m");
	buf_char(p->out, '\n');
}

void report_conform_terminal(struct buf *out, const struct conformance *c,
			     const struct comparison *since,
			     const struct conform_view *view)
{
	struct page p = { .out = out, .c = c, .view = view };

	tally_count(&p.tally, c, &p.arena);
	put_head(&p);
	put_groups(&p, since);
	put_levels(&p);
	put_reasons(&p);
	put_findings(&p);
	put_since(&p, since);
	put_verdict_of_all(&p);
	arena_release(&p.arena);
}
