/*
 * One HTML file that needs nothing else.  Without scripts all of it can be
 * read; the script filters, and opens what a link leads to.
 */
#include "conformance/report_conform.h"
#include "scenarios/report.h"
#include "scenarios/report_ladder.h"
#include "scenarios/report_page.h"

enum {
	OPEN_MAX = 10,			/* failures that begin unfolded */
	ROWS_OPEN_MAX = 30,		/* rows of what changed that do */
	/* Beyond these sizes of the page, checks that passed have no diagram,
	 * then no steps, and then no check has either: browsers grow slow. */
	PASSED_LADDERS_MAX = 5 << 20,
	PASSED_MAX = 16 << 20,
	TROUBLED_MAX = 64 << 20,
	/* Of one check. */
	PASSED_EVENTS_MAX = 32 << 10,
	PASSED_TEXT_MAX = 300,		/* a request, an answer */
	EVENTS_MAX = 64 << 20,
};

static const char style[] =
	".banner{border-left:6px solid var(--v);background:var(--card);padding:10px 16px;"
	"border-radius:6px;margin:14px 0;font-size:17px;font-weight:600}"
	".banner small{display:block;font-weight:400;font-size:14px;color:var(--dim)}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:10px 0;"
	"font-size:14px}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\n"
	".sums{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));"
	"gap:20px 40px;align-items:start;margin-top:18px}.scroll{overflow-x:auto}\n"
	"table.sum th:first-child{width:40%}table.list{width:auto}"
	"table.list td:last-child{padding-right:0}td.title{width:100%}\n"
	"h2.part{font-size:17px;color:var(--ink);margin:28px 0 8px}\n"
	"h3{font-size:15px;margin:20px 0 6px}h3 small{font-weight:400;color:var(--dim)}\n"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;padding-right:8px}"
	"td.n.has{color:var(--v);font-weight:600}td.n.zero{color:var(--line)}\n"
	".tools select{font:inherit;color:inherit;background:var(--card);"
	"border:1px solid var(--line);border-radius:6px;padding:5px 8px}\n"
	".chip{display:inline-block;border:1px solid var(--line);border-radius:10px;"
	"padding:0 8px;font-size:12px;color:var(--dim);white-space:nowrap}"
	".chip.was{border-color:var(--v);color:var(--v)}\n"
	"a{color:var(--arrow);text-decoration:none}a:hover{text-decoration:underline}"
	"a.c{color:var(--v);display:inline-block;margin-right:10px;overflow-wrap:anywhere}\n"
	".req{margin:8px 0}.ev{display:grid;"
	"grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));"
	"gap:8px;margin:6px 0}.ev .box{max-height:420px;overflow:auto}"
	".box{margin:6px 0}.ev .box{margin:0}.box h4{font-size:12px;margin:0 0 4px;"
	"color:var(--dim);font-weight:600}.box.curl pre{user-select:all}\n"
	"details.ex>summary{cursor:pointer;color:var(--dim);font-size:13px}"
	"summary .id{flex:1;overflow-wrap:anywhere}summary .id small{color:var(--dim);"
	"margin-left:10px;font-size:13px}\n"
	"td.id,td.lv{white-space:nowrap;font-size:13px}td.lv{color:var(--dim)}"
	"td.ck{font-size:13px}[hidden]{display:none!important}\n"
	"details.run:target{box-shadow:0 0 0 2px var(--arrow)}"
	"details.run,tr{scroll-margin-top:70px}\n"
	"@media(max-width:700px){body{padding:14px}"
	".tools{position:static}details.run,tr{scroll-margin-top:8px}"
	"td.n,th.n{padding-right:4px}table.sum th{font-size:11px}"
	"table.list td.lv{white-space:normal}"
	"details.run>summary{gap:2px 10px}summary .verdict{width:auto}"
	"summary .id{order:9;flex-basis:100%}summary .id small{display:block;margin:0}"
	"table.rows,table.rows tbody,table.rows tr,table.rows td{display:block}"
	"table.rows tr.head{display:none}table.rows td{border:0;padding:0 0 2px}"
	"table.rows tr{border-top:1px solid var(--line);padding:6px 0}"
	"table.rows td.place{white-space:normal;overflow-wrap:anywhere}}\n";

static const char script[] =
	"const $=s=>[...document.querySelectorAll(s)],items=$('[data-v]'),\n"
	"buttons=$('.tools button'),box=$('.tools input')[0],pick=$('.tools select')[0],\n"
	"none=$('#nothing')[0],parts=$('section.group');\n"
	"function show(){const on=buttons.filter(b=>b.ariaPressed=='true').map(b=>b.value),\n"
	"words=box.value.toLowerCase().split(/\\s+/).filter(w=>w);let n=0;\n"
	"for(const r of items){const ok=(!on.length||on.includes(r.dataset.v)||"
	"on.includes(r.dataset.c))&&\n"
	"(!pick.value||!r.dataset.g||r.dataset.g==pick.value)&&\n"
	"words.every(w=>r.dataset.t.toLowerCase().includes(w));"
	"r.hidden=!ok;n+=ok&&r.matches('.run')}\n"
	"for(const p of parts)p.hidden=!p.querySelector('[data-v]:not([hidden])');\n"
	"none.hidden=n>0}\n"
	"for(const b of buttons)b.onclick=()=>{b.ariaPressed="
	"String(b.ariaPressed!='true');show()};\n"
	"box.oninput=pick.onchange=show;\n"
	"for(const a of $('a[data-group]'))a.onclick=()=>{pick.value=a.dataset.group;show()};\n"
	"function go(){const e=document.getElementById(decodeURIComponent("
	"location.hash.slice(1)));if(!e)return;\n"
	"for(let p=e;p;p=p.parentElement){if(p.hidden){pick.value=box.value='';\n"
	"for(const b of buttons)b.ariaPressed='false';show()}if(p.tagName=='DETAILS')"
	"p.open=true}\ne.scrollIntoView()}\n"
	"addEventListener('hashchange',go);if(location.hash)go();\n";

struct page {
	struct buf *out;
	const struct conformance *c;
	const struct comparison *since;
	struct arena arena;
	struct tally tally;
	struct differences differences;
};

static void put(struct page *p, struct str s)
{
	report_escape(p->out, report_conform_masked(s, &p->arena));
}

/* What a link leads to: an id without spaces. */
static void put_anchor(struct page *p, struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] == ' ' || id.p[i] == '\t' || id.p[i] == '\n')
			buf_char(p->out, '_');
		else if (strchr("%\"<>&'", id.p[i]) && id.p[i])
			buf_printf(p->out, "-%02x", (unsigned)id.p[i]);
		else
			buf_char(p->out, id.p[i]);
}

static void put_check_link(struct page *p, const struct check_result *r)
{
	buf_printf(p->out, "<a class=\"c %s\" href=\"#", verdict_class(r->verdict));
	put_anchor(p, r->check->id);
	buf_printf(p->out, "\" title=\"%s\">", verdict_name(r->verdict));
	put(p, r->check->id);
	buf_z(p->out, "</a>");
}

static void put_requirement_link(struct page *p, struct str id)
{
	buf_z(p->out, "<a class=\"mono\" href=\"#");
	put_anchor(p, id);
	buf_z(p->out, "\">");
	put(p, id);
	buf_z(p->out, "</a>");
}

/* ---- Steps and their evidence. ------------------------------------------ */

static void put_box(struct page *p, const char *name, struct str text, size_t max)
{
	struct str shown = report_conform_masked(str_trim(text), &p->arena);
	bool cut = shown.n > max;

	if (!text.n)
		return;
	buf_printf(p->out, "<div class=\"box\"><h4>%s</h4><pre>", name);
	while (cut && max > 0 && ((unsigned char)shown.p[max] & 0xC0) == 0x80)
		max--;
	shown.n = cut ? max : shown.n;
	report_escape(p->out, shown);
	buf_z(p->out, cut ? "\n[cut here]</pre></div>" : "</pre></div>");
}

static void put_exchange(struct page *p, const struct step_result *s, bool open,
			 size_t max)
{
	if (!s->request.n && !s->response.n)
		return;
	buf_printf(p->out, "<details class=\"ex\"%s><summary>request and answer"
		   "</summary><div class=\"ev\">", open ? " open" : "");
	put_box(p, "request", s->request, max);
	put_box(p, "answer", s->response, max);
	buf_z(p->out, "</div>");
	if (s->curl.n) {
		buf_z(p->out, "<div class=\"box curl\"><h4>again</h4><pre>");
		put(p, s->curl);
		buf_z(p->out, "</pre></div>");
	}
	buf_z(p->out, "</details>");
}

static void put_why(struct page *p, const struct step_result *s)
{
	buf_z(p->out, "<div class=\"why\">");
	put(p, s->message);
	report_page_sides(p->out, report_conform_masked(s->expected, &p->arena),
			  report_conform_masked(s->actual, &p->arena));
	buf_z(p->out, "</div>");
}

/* The file only if it is not that of the check: a step may be included. */
static void put_place(struct page *p, const struct step_result *s, struct str file)
{
	buf_z(p->out, "</td><td class=\"place\">");
	if (!str_eq(s->file, file)) {
		put(p, s->file);
		buf_char(p->out, ':');
	} else {
		buf_z(p->out, "line ");
	}
	buf_printf(p->out, "%u</td></tr>\n", s->line);
}

static void put_step(struct page *p, const struct step_result *s, struct str file,
		     size_t max)
{
	bool bad = s->verdict == VERDICT_FAIL || s->verdict == VERDICT_ERROR ||
		   s->verdict == VERDICT_WARN;

	buf_printf(p->out, "<tr class=\"%s\"><td class=\"verdict\">%s</td>"
		   "<td class=\"title\"><code>", verdict_class(s->verdict),
		   verdict_name(s->verdict));
	put(p, s->title);
	buf_z(p->out, "</code>");
	if (s->message.n || s->expected.n || s->actual.n)
		put_why(p, s);
	put_exchange(p, s, bad, max);
	put_place(p, s, file);
}

static void put_steps(struct page *p, const struct run_result *run, size_t max)
{
	if (!run->step_count)
		return;
	buf_z(p->out, "<h2>Steps");
	if (run->file.n) {
		buf_z(p->out, " of ");
		put(p, run->file);
	}
	buf_z(p->out, "</h2><table class=\"rows\"><tr class=\"head\"><th>Verdict<th>Step"
	      "<th>Place</tr>\n");
	for (size_t i = 0; i < run->step_count; i++)
		put_step(p, &run->steps[i], run->file, max);
	buf_z(p->out, "</table>\n");
}

/* Of one that asked, and was answered as it should be, the steps say all. */
static bool has_ladder(const struct page *p, const struct check_result *r)
{
	size_t n = r->run->events.n;

	if (report_conform_troubled(r))
		return n && n < EVENTS_MAX;
	return n && r->check->depth != DEPTH_READ && n < PASSED_EVENTS_MAX &&
	       p->out->n < PASSED_LADDERS_MAX;
}

static void put_ladder(struct page *p, const struct run_result *run, bool open)
{
	struct run_result masked = *run;
	struct arena a = { 0 };

	masked.events = report_conform_masked(run->events, &a);
	buf_printf(p->out, "<details class=\"more\"%s><summary>Ladder diagram</summary>\n",
		   open ? " open" : "");
	ladder_draw(p->out, &masked);
	buf_z(p->out, "</details>\n");
	arena_release(&a);
}

/* ---- Checks. ------------------------------------------------------------ */

static void put_requirement(struct page *p, const struct check_result *r)
{
	if (!r->main)
		return;
	buf_z(p->out, "<p class=\"req\">");
	put_requirement_link(p, r->main->id);
	buf_printf(p->out, " <span class=\"chip\">%s</span> <span class=\"chip\">%s"
		   "</span> <span class=\"dim\">", level_name(r->main->level),
		   provenance_name(r->main->provenance));
	put(p, r->main->section);
	buf_z(p->out, "</span><br>");
	put(p, r->main->text);
	buf_z(p->out, "</p>\n");
}

static void put_others_covered(struct page *p, const struct check *check)
{
	if (check->covers.count < 2)
		return;
	buf_z(p->out, "<p class=\"dim\">Covers besides:");
	for (size_t i = 1; i < check->covers.count; i++) {
		buf_char(p->out, ' ');
		put_requirement_link(p, check->covers.list[i]);
	}
	buf_z(p->out, "</p>\n");
}

static void put_reason(struct page *p, const struct check_result *r)
{
	bool told = report_conform_culprit(r) != NULL;

	if (r->in_baseline) {
		buf_z(p->out, "<p class=\"dim\">Expected to fail: ");
		put(p, r->comment.n ? r->comment : STR("it stands in the baseline"));
		buf_z(p->out, "</p>\n");
	}
	if (told || !r->why.n)
		return;
	buf_z(p->out, "<div class=\"why\">");
	put(p, r->why);
	buf_z(p->out, "</div>\n");
}

static void put_summary(struct page *p, const struct check_result *r,
			enum change change, enum verdict was)
{
	buf_printf(p->out, "<summary><span class=\"verdict\">%s</span><span class=\"id\">",
		   verdict_name(r->verdict));
	put(p, r->check->id);
	buf_z(p->out, "<small>");
	put(p, r->check->title);
	buf_z(p->out, "</small></span>");
	if (r->in_baseline)
		buf_z(p->out, "<span class=\"chip\">expected</span>");
	if (change == CHANGE_NEW)
		buf_z(p->out, "<span class=\"chip\">new</span>");
	else if (change != CHANGE_NONE)
		buf_printf(p->out, "<span class=\"chip was %s\">was %s</span>",
			   verdict_class(was), verdict_name(was));
	buf_z(p->out, "<span class=\"side mono\">");
	if (r->main)
		put(p, r->main->id);
	buf_z(p->out, "</span></summary>\n");
}

/* What a search looks at. */
static void put_words(struct page *p, const struct check_result *r)
{
	put(p, r->check->id);
	buf_char(p->out, ' ');
	put(p, r->check->title);
	for (size_t i = 0; i < r->check->covers.count; i++) {
		buf_char(p->out, ' ');
		put(p, r->check->covers.list[i]);
	}
	buf_char(p->out, ' ');
	put(p, r->why);
}

static void put_evidence(struct page *p, const struct check_result *r, bool open)
{
	bool troubled = report_conform_troubled(r);

	if (!r->run)
		return;
	if (r->run->left_behind.n)
		put_box(p, "left behind", r->run->left_behind, SIZE_MAX);
	if (p->out->n > (troubled ? TROUBLED_MAX : PASSED_MAX)) {
		buf_z(p->out, "<p class=\"dim\">No evidence here: this page is large "
		      "enough. Judge this check alone (--only) to have it.</p>\n");
		return;
	}
	if (troubled)
		put_box(p, "judge it again", r->run->reproduce, SIZE_MAX);
	put_steps(p, r->run, troubled ? SIZE_MAX : PASSED_TEXT_MAX);
	if (has_ladder(p, r))
		put_ladder(p, r->run, open);
}

static void put_check(struct page *p, const struct check_result *r, bool open)
{
	const char *class = verdict_class(r->verdict);
	enum verdict was = VERDICT_PASS;
	enum change change = p->since ? comparison_of(p->since, r, &was) : CHANGE_NONE;

	buf_printf(p->out, "<details class=\"run %s\" data-v=\"%s\" data-c=\"%s\" "
		   "data-g=\"", class, class, change_name(change));
	put(p, r->check->group);
	buf_z(p->out, "\" data-t=\"");
	put_words(p, r);
	buf_z(p->out, "\" id=\"");
	put_anchor(p, r->check->id);
	buf_printf(p->out, "\"%s>", open ? " open" : "");
	put_summary(p, r, change, was);
	buf_z(p->out, "<div class=\"body\">");
	put_requirement(p, r);
	if (r->check->description.n) {
		buf_z(p->out, "<p class=\"dim\">");
		put(p, r->check->description);
		buf_z(p->out, "</p>\n");
	}
	put_others_covered(p, r->check);
	put_reason(p, r);
	put_evidence(p, r, open);
	buf_z(p->out, "</div></details>\n");
}

static void put_groups(struct page *p)
{
	int opened = 0;

	buf_z(p->out, "<h2 class=\"part\">Checks</h2>\n");
	for (size_t g = 0; g < p->tally.group_count; g++) {
		const struct tally_row *row = &p->tally.groups[g];

		buf_z(p->out, "<section class=\"group\"><h3>");
		put(p, row->name);
		buf_z(p->out, " <small>");
		tally_words(p->out, row);
		buf_z(p->out, "</small></h3>\n");
		for (size_t i = 0; i < p->c->count; i++) {
			const struct check_result *r = &p->c->results[i];
			bool open = report_conform_fails(p->c, r) && r->run &&
				    opened < OPEN_MAX;

			if (!str_eq(r->check->group, row->name))
				continue;
			opened += open;
			put_check(p, r, open);
		}
		buf_z(p->out, "</section>\n");
	}
	buf_z(p->out, "<p id=\"nothing\" class=\"dim\" hidden>No check has those words "
	      "and verdicts.</p>\n");
}

/* ---- Sums. -------------------------------------------------------------- */

static const enum verdict columns[] = {
	VERDICT_PASS, VERDICT_FAIL, VERDICT_ERROR, VERDICT_WARN,
	VERDICT_NOT_REACHED, VERDICT_SKIP,
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void put_numbers(struct page *p, const struct tally_row *row)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		enum verdict v = columns[i];

		if (!p->tally.all.n.of[v])
			continue;
		if (row->n.of[v])
			buf_printf(p->out, "<td class=\"n has %s\">%zu</td>",
				   verdict_class(v), row->n.of[v]);
		else
			buf_z(p->out, "<td class=\"n zero\">0</td>");
	}
	buf_z(p->out, "</tr>\n");
}

static void put_table_head(struct page *p, const char *first)
{
	buf_printf(p->out, "<div class=\"scroll\"><table class=\"sum\"><tr><th>%s", first);
	for (size_t i = 0; i < COLUMNS; i++)
		if (p->tally.all.n.of[columns[i]])
			buf_printf(p->out, "<th class=\"n\">%s", verdict_word(columns[i]));
	buf_z(p->out, "</tr>\n");
}

static void put_sums(struct page *p)
{
	buf_z(p->out, "<div class=\"sums\">");
	put_table_head(p, "Requirement");
	for (size_t i = 0; i < p->tally.level_count; i++) {
		const struct tally_level *l = &p->tally.levels[i];

		buf_printf(p->out, "<tr><td>%s <span class=\"dim\">%s</span></td>",
			   level_name(l->level), provenance_name(l->provenance));
		put_numbers(p, &l->row);
	}
	buf_z(p->out, "<tr><td><b>All</b></td>");
	put_numbers(p, &p->tally.all);
	buf_z(p->out, "</table></div>\n");
	put_table_head(p, "Group");
	for (size_t i = 0; i < p->tally.group_count; i++) {
		buf_z(p->out, "<tr><td><a href=\"#checks\" data-group=\"");
		put(p, p->tally.groups[i].name);
		buf_z(p->out, "\">");
		put(p, p->tally.groups[i].name);
		buf_z(p->out, "</a></td>");
		put_numbers(p, &p->tally.groups[i]);
	}
	buf_z(p->out, "</table></div></div>\n");
}

static void put_reasons(struct page *p)
{
	if (!p->tally.reason_count)
		return;
	buf_z(p->out, "<h2 class=\"part\">Not judged</h2>\n<table class=\"list\">");
	for (size_t i = 0; i < p->tally.reason_count; i++) {
		const struct tally_row *row = &p->tally.reasons[i];
		enum verdict v = row->n.of[VERDICT_SKIP] == row->count ?
				 VERDICT_SKIP : VERDICT_NOT_REACHED;

		buf_printf(p->out, "<tr class=\"%s\"><td class=\"n\">%zu</td>"
			   "<td class=\"verdict\">%s</td><td>", verdict_class(v),
			   row->count, verdict_name(v));
		put(p, row->name);
		buf_z(p->out, "</td></tr>\n");
	}
	buf_z(p->out, "</table>\n");
}

static void put_findings(struct page *p)
{
	if (!p->c->finding_count)
		return;
	buf_z(p->out, "<h2 class=\"part\">Findings</h2>\n");
	for (size_t i = 0; i < p->c->finding_count; i++) {
		const struct finding *f = &p->c->findings[i];

		buf_printf(p->out, "<div class=\"%s\"><div class=\"why\"><b>",
			   f->fails ? "fail" : "warn");
		put(p, f->title);
		buf_z(p->out, "</b><pre>");
		put(p, f->text);
		buf_z(p->out, "</pre></div></div>\n");
	}
}

/* ---- Compared. ---------------------------------------------------------- */

static void put_difference(struct page *p, const struct difference *d)
{
	buf_printf(p->out, "<tr><td class=\"lv\">%s</td><td>", change_name(d->change));
	if (d->change == CHANGE_GONE) {
		put(p, d->id);
	} else {
		buf_z(p->out, "<a href=\"#");
		put_anchor(p, d->id);
		buf_z(p->out, "\">");
		put(p, d->id);
		buf_z(p->out, "</a>");
	}
	buf_z(p->out, "</td><td class=\"lv\">");
	if (d->change != CHANGE_NEW)
		buf_printf(p->out, "<span class=\"v %s\">%s</span>",
			   verdict_class(d->was), verdict_name(d->was));
	buf_z(p->out, " \xE2\x86\x92 ");
	if (d->change != CHANGE_GONE)
		buf_printf(p->out, "<span class=\"v %s\">%s</span>",
			   verdict_class(d->is), verdict_name(d->is));
	buf_z(p->out, "</td></tr>\n");
}

static void put_compared(struct page *p)
{
	const struct differences *d = &p->differences;

	if (!p->since)
		return;
	buf_z(p->out, "<h2 class=\"part\">Compared with ");
	put(p, p->since->name);
	buf_printf(p->out, "</h2>\n<p>%zu broken, %zu mended, %zu otherwise changed, "
		   "%zu new, %zu gone, %zu the same.</p>\n", d->of[CHANGE_BROKEN],
		   d->of[CHANGE_MENDED], d->of[CHANGE_OTHER], d->of[CHANGE_NEW],
		   d->of[CHANGE_GONE], d->of[CHANGE_NONE]);
	if (!str_eq(p->since->suite_hash, p->c->suite_hash)) {
		buf_z(p->out, "<p class=\"dim\">It was made with another suite: ");
		put(p, p->since->suite_version);
		buf_z(p->out, " (");
		put(p, p->since->suite_hash);
		buf_z(p->out, ").</p>\n");
	}
	if (!d->count)
		return;
	buf_printf(p->out, "<details class=\"more\"%s><summary>What changed</summary>"
		   "<table class=\"list\">", d->count <= ROWS_OPEN_MAX ? " open" : "");
	for (size_t i = 0; i < d->count; i++)
		put_difference(p, &d->list[i]);
	buf_z(p->out, "</table></details>\n");
}

/* ---- Requirements. ------------------------------------------------------ */

static void put_covered(struct page *p, const struct tally_requirement *t)
{
	for (size_t i = 0; i < t->count; i++)
		put_check_link(p, t->results[i]);
	if (t->count)
		return;
	buf_z(p->out, "<span class=\"dim\">");
	put(p, t->r->excluded.n ? t->r->excluded : STR("no check"));
	buf_z(p->out, "</span>");
}

static void put_row(struct page *p, const struct tally_requirement *t)
{
	const char *class = t->count ? verdict_class(t->verdict) : "skip";

	buf_printf(p->out, "<tr class=\"%s\" data-v=\"%s\" data-t=\"", class, class);
	put(p, t->r->id);
	buf_char(p->out, ' ');
	put(p, t->r->text);
	buf_z(p->out, "\" id=\"");
	put_anchor(p, t->r->id);
	buf_printf(p->out, "\"><td class=\"verdict\">%s</td><td class=\"id mono\">",
		   t->count ? verdict_name(t->verdict) : "-");
	put(p, t->r->id);
	buf_printf(p->out, "</td><td class=\"lv\">%s %s</td><td>",
		   level_name(t->r->level), provenance_name(t->r->provenance));
	put(p, t->r->text);
	buf_z(p->out, "</td><td class=\"ck\">");
	put_covered(p, t);
	buf_z(p->out, "</td></tr>\n");
}

static void put_area(struct page *p, size_t area)
{
	size_t rows = 0, checked = 0;

	for (size_t i = 0; i < p->tally.requirement_count; i++)
		if (p->tally.requirements[i].r->area == area) {
			rows++;
			checked += p->tally.requirements[i].count > 0;
		}
	if (!rows)
		return;
	buf_printf(p->out, "<section class=\"group\"><details class=\"more\"><summary>%s: "
		   "%zu requirements, %zu with checks</summary>\n"
		   "<table class=\"rows\"><tr class=\"head\"><th>Verdict<th>Id<th>Level"
		   "<th>Requirement<th>Checks</tr>\n", requirement_areas[area].title,
		   rows, checked);
	for (size_t i = 0; i < p->tally.requirement_count; i++)
		if (p->tally.requirements[i].r->area == area)
			put_row(p, &p->tally.requirements[i]);
	buf_z(p->out, "</table></details></section>\n");
}

/* ---- The page. ---------------------------------------------------------- */

static void put_fact(struct page *p, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(p->out, "<dt>%s</dt><dd>", name);
	put(p, value);
	buf_z(p->out, "</dd>");
}

static void put_head(struct page *p)
{
	const struct conformance *c = p->c;
	enum verdict v = conformance_verdict(c);
	struct buf how;

	buf_init(&how, 1000);
	report_conform_how(&how, c);
	report_page_head(p->out, "esim_profiles conformance", style);
	buf_z(p->out, "<h1>Conformance to esim_profiles <small>");
	put(p, c->target_name);
	buf_printf(p->out, "</small></h1>\n<div class=\"banner %s\">%s<small>%zu check%s: ",
		   verdict_class(v), report_conform_sentence(c), p->tally.all.count,
		   p->tally.all.count == 1 ? "" : "s");
	tally_words(p->out, &p->tally.all);
	buf_printf(p->out, "%s</small></div>\n<dl>", c->interrupted ? " (interrupted)" : "");
	put_fact(p, "Target", c->target_url.n ? c->target_url : c->target_name);
	put_fact(p, "Server", c->target_server);
	put_fact(p, "Judged", buf_view(&how));
	put_fact(p, "Options", c->options);
	put_fact(p, "Suite", arena_printf(&p->arena, "%.*s, hash %.*s",
					  STRF(c->suite_version), STRF(c->suite_hash)));
	put_fact(p, "Rig", arena_printf(&p->arena, "esimrig %.*s", STRF(c->rig_version)));
	buf_z(p->out, "</dl>\n");
	buf_release(&how);
}

static void put_button(struct page *p, const char *class, const char *value,
		       size_t n, const char *word)
{
	if (n)
		buf_printf(p->out, "<button class=\"%s v\" value=\"%s\" "
			   "aria-pressed=\"false\"><b>%zu</b> %s</button>", class, value,
			   n, word);
}

static void put_tools(struct page *p)
{
	const struct tally_row *all = &p->tally.all;

	buf_z(p->out, "<div class=\"bar\">");
	for (size_t i = VERDICTS; i-- > 0;)
		if (all->n.of[verdict_order[i]])
			buf_printf(p->out, "<i class=\"%s\" style=\"flex:%zu\"></i>",
				   verdict_class(verdict_order[i]),
				   all->n.of[verdict_order[i]]);
	buf_z(p->out, "</div>\n<div class=\"tools\" id=\"checks\">");
	for (size_t i = 0; i < VERDICTS; i++) {
		enum verdict v = verdict_order[i];

		put_button(p, verdict_class(v), verdict_class(v), all->n.of[v],
			   verdict_word(v));
	}
	put_button(p, "fail", "broken", p->differences.of[CHANGE_BROKEN], "broken");
	put_button(p, "pass", "mended", p->differences.of[CHANGE_MENDED], "mended");
	buf_z(p->out, "<select aria-label=\"Group\"><option value=\"\">all groups</option>");
	for (size_t i = 0; i < p->tally.group_count; i++) {
		buf_z(p->out, "<option>");
		put(p, p->tally.groups[i].name);
		buf_z(p->out, "</option>");
	}
	buf_z(p->out, "</select><input type=\"search\" placeholder=\"Search checks, "
	      "requirements, messages\" aria-label=\"Search\"></div>\n");
}

void report_conform_html(struct buf *out, const struct conformance *c,
			 const struct comparison *since)
{
	struct page p = { .out = out, .c = c, .since = since };

	tally_count(&p.tally, c, &p.arena);
	if (since)
		comparison_differences(since, c, &p.arena, &p.differences);
	put_head(&p);
	buf_z(out, "<main>\n");
	put_sums(&p);
	put_findings(&p);
	put_compared(&p);
	put_reasons(&p);
	put_tools(&p);
	put_groups(&p);
	buf_z(out, "<h2 class=\"part\">Requirements</h2>\n");
	for (size_t i = 0; i < AREAS; i++)
		put_area(&p, i);
	buf_z(out, "</main>\n<script>\n");
	buf_z(out, script);
	buf_z(out, "</script></body></html>\n");
	arena_release(&p.arena);
}
