/*
 * One HTML file that needs nothing else: what ran, why what failed failed,
 * and a ladder diagram of each run.  Without scripts all of it can be read;
 * the script only filters.
 */
#include "scenarios/report.h"
#include "scenarios/report_ladder.h"

#include <inttypes.h>

enum {
	OPEN_MAX = 10,			/* failures that begin unfolded */
	/* Beyond these sizes of the page, runs that passed, and then all
	 * others, have no diagram: browsers grow slow. */
	LADDERS_PASSED_MAX = 16 << 20,
	LADDERS_MAX = 96 << 20,
};

/* Indexed by verdict: CSS classes, and words for the buttons. */
static const char *const classes[VERDICTS] = {
	"pass", "fail", "error", "skip", "none", "warn",
};
static const char *const words[VERDICTS] = {
	"passed", "failed", "in error", "skipped", "not reached", "warned of",
};

static const char style[] =
	":root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1d2126;"
	"--dim:#69727d;--line:#dfe2e6;--soft:#f1f3f5;--pass:#1a7f4b;--fail:#c62f3b;"
	"--error:#8b3fb0;--skip:#8a6a00;--none:#69727d;--warn:#b45309;--arrow:#2566b8;"
	"--mark:#ffe3a3;--hover:#2566b812}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1b1f24;"
	"--ink:#e3e6ea;--dim:#98a2ad;--line:#31373f;--soft:#232830;--pass:#56c990;"
	"--fail:#ff7b83;--error:#cf94ee;--skip:#dcb655;--none:#98a2ad;--warn:#f0a35e;"
	"--arrow:#79b0f5;--mark:#6b5210;--hover:#79b0f51c}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:1500px;padding:24px;background:var(--bg);"
	"color:var(--ink);font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:22px;margin:0 0 4px}h1 small{font-weight:400;color:var(--dim)}\n"
	"p{margin:4px 0}.dim{color:var(--dim)}"
	"details .dim{font-size:13px}\n"
	"code,pre,.mono,.ladder text{font-family:ui-monospace,Menlo,Consolas,"
	"'DejaVu Sans Mono',monospace;font-size:13px}\n"
	"pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}\n"
	".bar{display:flex;height:8px;border-radius:4px;overflow:hidden;margin:14px 0;"
	"background:var(--soft)}.bar i{display:block;min-width:3px}\n"
	".tools{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0;position:sticky;top:0;"
	"background:var(--bg);padding:8px 0;z-index:2}\n"
	".tools button,.tools input{font:inherit;color:inherit;background:var(--card);"
	"border:1px solid var(--line);border-radius:6px;padding:5px 12px}\n"
	".tools button{cursor:pointer}.tools button b{font-weight:600;"
	"color:var(--v)}\n"
	".tools button[aria-pressed=true]{border-color:currentColor;"
	"box-shadow:inset 0 0 0 1px currentColor}\n"
	".tools input{flex:1;min-width:200px}\n"
	".pass{--v:var(--pass)}.fail{--v:var(--fail)}.error{--v:var(--error)}"
	".skip{--v:var(--skip)}.none{--v:var(--none)}.warn{--v:var(--warn)}\n"
	".v{color:var(--v)}i.pass,i.fail,i.error,i.skip,i.none,i.warn{background:var(--v)}\n"
	"details.run{background:var(--card);border:1px solid var(--line);"
	"border-left:4px solid var(--v);border-radius:6px;margin:6px 0;"
	"content-visibility:auto;contain-intrinsic-size:auto 42px}\n"
	"details.run>summary{display:flex;gap:14px;align-items:baseline;cursor:pointer;"
	"padding:8px 14px;list-style:none}summary::-webkit-details-marker{display:none}\n"
	"summary .verdict{color:var(--v);font-weight:600;font-size:12px;width:88px;"
	"flex:none}summary .name{flex:1;overflow-wrap:anywhere}\n"
	"summary .side{color:var(--dim);font-size:13px;text-align:right}\n"
	"summary .len{width:80px;flex:none}\n"
	".body{padding:4px 14px 14px;border-top:1px solid var(--line)}\n"
	"h2{font-size:13px;color:var(--dim);font-weight:600;margin:16px 0 6px}\n"
	"table{border-collapse:collapse;width:100%}\n"
	"td,th{text-align:left;vertical-align:top;padding:4px 12px 4px 0;"
	"border-top:1px solid var(--line);font-size:14px}th{color:var(--dim);"
	"font-weight:500;border:0;font-size:13px}\n"
	"td.verdict{color:var(--v);font-weight:600;font-size:12px;white-space:nowrap;"
	"padding-top:6px}td.place,td.when{white-space:nowrap;color:var(--dim);"
	"font-size:13px}td.title{overflow-wrap:anywhere}\n"
	"tr.none td.title{color:var(--dim)}\n"
	".why{margin:6px 0 2px;border-left:3px solid var(--v);padding-left:10px}\n"
	".both{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;"
	"margin-top:4px}.both span{color:var(--dim);font-size:13px}\n"
	"mark{background:var(--mark);color:inherit;border-radius:2px}\n"
	".box{background:var(--soft);border-radius:6px;padding:8px 12px;"
	"overflow-x:auto}\n"
	"details.more>summary{cursor:pointer;color:var(--dim);font-size:13px;"
	"font-weight:600;margin:16px 0 6px}\n"
	".ladder{overflow:auto;max-height:78vh;border:1px solid var(--line);"
	"border-radius:6px}.ladder svg{display:block;min-width:100%}\n"
	".ladder text{font-size:11.5px;fill:var(--ink)}\n"
	"svg.lh{position:sticky;top:0;background:var(--soft);"
	"border-bottom:1px solid var(--line)}svg.lh text{text-anchor:middle;"
	"font-weight:600}\n"
	"svg .lane{stroke:var(--line);stroke-width:1.5}\n"
	"svg .rq,svg .rs{stroke:var(--arrow);stroke-width:1.5;fill:none;"
	"marker-end:url(#head)}svg .rs{stroke-dasharray:5 3}\n"
	"svg path.bad{stroke:var(--fail);marker-end:url(#headbad)}\n"
	"svg .dot{fill:var(--skip)}svg .hit{fill:transparent;width:100%}\n"
	"svg g:hover>.hit{fill:var(--hover)}\n"
	".ladder text.t{text-anchor:end;fill:var(--dim)}"
	".ladder text.note{fill:var(--dim);font-style:italic}\n"
	".ladder tspan.msg{fill:var(--arrow);font-weight:600}"
	".ladder tspan.ev{font-weight:600}.ladder tspan.bad{fill:var(--fail);"
	"font-weight:600}\n"
	"svg .gap{fill:var(--soft)}svg .fold{fill:var(--soft);"
	"stroke:var(--line);stroke-dasharray:3 3}\n"
	"@media print{.tools{display:none}.ladder{max-height:none}}\n"
	"@media(max-width:700px){details.run>summary{flex-wrap:wrap}"
	"td.place,td.when{white-space:normal}}\n";

static const char script[] =
	"const $=s=>[...document.querySelectorAll(s)],runs=$('details.run'),\n"
	"buttons=$('.tools button'),box=$('.tools input')[0],none=$('#nothing')[0];\n"
	"function show(){const on=buttons.filter(b=>b.ariaPressed=='true')"
	".map(b=>b.value),\n"
	"words=box.value.toLowerCase().split(/\\s+/).filter(w=>w);let n=0;\n"
	"for(const r of runs){const ok=(!on.length||on.includes(r.dataset.v))&&\n"
	"words.every(w=>r.dataset.t.toLowerCase().includes(w));r.hidden=!ok;n+=ok}\n"
	"none.hidden=n>0}\n"
	"for(const b of buttons)b.onclick=()=>{b.ariaPressed="
	"String(b.ariaPressed!='true');show()};\n"
	"box.oninput=show;\n";

/* ---- Steps. ------------------------------------------------------------ */

/* Where both sides part and where they meet again. */
static void find_difference(struct str a, struct str b, size_t *start,
			    size_t *same_end)
{
	size_t n = a.n < b.n ? a.n : b.n, s = 0, e = 0;

	while (s < n && a.p[s] == b.p[s])
		s++;
	while (e < n - s && a.p[a.n - 1 - e] == b.p[b.n - 1 - e])
		e++;
	/* Not within a character. */
	while (s > 0 && s < a.n && ((unsigned char)a.p[s] & 0xC0) == 0x80)
		s--;
	while (e > 0 && ((unsigned char)a.p[a.n - e] & 0xC0) == 0x80)
		e--;
	*start = s;
	*same_end = e;
}

static void put_side(struct buf *out, const char *name, struct str text,
		     size_t start, size_t same_end)
{
	struct str rest = { (text.p ? text.p : "") + start, text.n - start };
	size_t differs = rest.n - same_end;

	buf_printf(out, "<span>%s</span><pre>", name);
	report_escape(out, (struct str){ rest.p - start, start });
	if (differs) {
		buf_z(out, "<mark>");
		report_escape(out, (struct str){ rest.p, differs });
		buf_z(out, "</mark>");
	}
	report_escape(out, (struct str){ rest.p + differs, same_end });
	buf_z(out, "</pre>");
}

static void put_why(struct buf *out, const struct step_result *s)
{
	size_t start = 0, same_end = 0;

	buf_z(out, "<div class=\"why\">");
	report_escape(out, s->message);
	if (s->expected.n || s->actual.n) {
		find_difference(s->expected, s->actual, &start, &same_end);
		buf_z(out, "<div class=\"both\">");
		put_side(out, "expected", s->expected, start, same_end);
		put_side(out, "actual", s->actual, start, same_end);
		buf_z(out, "</div>");
	}
	buf_z(out, "</div>");
}

static void put_step(struct buf *out, const struct step_result *s)
{
	buf_printf(out, "<tr class=\"%s\"><td class=\"verdict\">%s</td>"
		   "<td class=\"title\"><code>", classes[s->verdict],
		   verdict_name(s->verdict));
	report_escape(out, s->title);
	buf_z(out, "</code>");
	if (s->message.n || s->expected.n || s->actual.n)
		put_why(out, s);
	buf_z(out, "</td><td class=\"when\">");
	if (s->verdict != VERDICT_NOT_REACHED) {
		report_length(out, s->began.ns);
		if (s->ended.ns > s->began.ns) {
			buf_z(out, " \xE2\x80\x93 ");
			report_length(out, s->ended.ns);
		}
	}
	buf_z(out, "</td><td class=\"place mono\">");
	report_escape(out, s->file);
	buf_printf(out, ":%u:%u</td></tr>\n", s->line, s->column);
}

static void put_steps(struct buf *out, const struct run_result *run)
{
	if (!run->step_count)
		return;
	buf_z(out, "<h2>Steps</h2><table><tr><th>Verdict<th>Step<th>Simulated time"
	      "<th>Place</tr>\n");
	for (size_t i = 0; i < run->step_count; i++)
		put_step(out, &run->steps[i]);
	buf_z(out, "</table>\n");
}

/* ---- Runs. ------------------------------------------------------------- */

static bool is_good(const struct run_result *run)
{
	return run->verdict == VERDICT_PASS || run->verdict == VERDICT_SKIP;
}

static void put_summary(struct buf *out, const struct run_result *run)
{
	buf_printf(out, "<summary><span class=\"verdict\">%s</span>"
		   "<span class=\"name\">", verdict_name(run->verdict));
	report_escape(out, run->name);
	buf_z(out, "</span><span class=\"side mono\">");
	report_escape(out, run->file);
	buf_z(out, "</span><span class=\"side len\">");
	report_length(out, run->ended.ns);
	buf_z(out, "</span></summary>\n");
}

static void put_boxed(struct buf *out, const char *title, struct str text)
{
	if (!text.n)
		return;
	buf_printf(out, "<h2>%s</h2><div class=\"box\"><pre>", title);
	report_escape(out, text);
	buf_z(out, "</pre></div>\n");
}

static void put_ladder(struct buf *out, const struct run_result *run)
{
	size_t max = is_good(run) ? LADDERS_PASSED_MAX : LADDERS_MAX;
	size_t lines = 0;

	for (size_t i = 0; i < run->events.n; i++)
		lines += run->events.p[i] == '\n';
	if (!lines)
		return;
	if (out->n > max) {
		buf_printf(out, "<p class=\"dim\">No ladder diagram of %zu events: "
			   "this page is large enough. Run this file alone to have "
			   "it.</p>\n", lines);
		return;
	}
	buf_printf(out, "<details class=\"more\"%s><summary>Ladder diagram of %zu "
		   "events</summary>\n", is_good(run) ? "" : " open", lines);
	ladder_draw(out, run);
	buf_z(out, "</details>\n");
}

static void put_run(struct buf *out, const struct run_result *run, bool open)
{
	const char *class = classes[run->verdict];

	buf_printf(out, "<details class=\"run %s\" data-v=\"%s\" data-t=\"", class,
		   class);
	report_escape(out, run->name);
	buf_char(out, ' ');
	report_escape(out, run->file);
	buf_printf(out, "\"%s>", open ? " open" : "");
	put_summary(out, run);
	buf_printf(out, "<div class=\"body\"><p class=\"dim\">Seed %" PRIu64 "</p>\n",
		   run->seed);
	if (run->message.n) {
		buf_z(out, "<div class=\"why\">");
		report_escape(out, run->message);
		buf_z(out, "</div>\n");
	}
	put_steps(out, run);
	put_boxed(out, "Run it again", run->reproduce);
	put_boxed(out, "Last events of each party", run->last_events);
	put_ladder(out, run);
	buf_z(out, "</div></details>\n");
}

/* ---- The page. --------------------------------------------------------- */

static void put_head(struct buf *out, const struct report *r)
{
	buf_z(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<title>esimrig report</title>\n<style>\n");
	buf_z(out, style);
	buf_z(out, "</style></head><body>\n");
	/* Arrow heads, once for all diagrams. */
	buf_z(out, "<svg width=\"0\" height=\"0\" style=\"position:absolute\" "
	      "aria-hidden=\"true\"><defs>");
	buf_z(out, "<marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
	      "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\" "
	      "markerUnits=\"userSpaceOnUse\"><path d=\"M0 0L8 4L0 8z\" "
	      "style=\"fill:var(--arrow)\"/></marker>");
	buf_z(out, "<marker id=\"headbad\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
	      "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\" "
	      "markerUnits=\"userSpaceOnUse\"><path d=\"M0 0L8 4L0 8z\" "
	      "style=\"fill:var(--fail)\"/></marker></defs></svg>\n");
	buf_z(out, "<h1>esimrig report <small>version ");
	report_escape_z(out, r->version);
	buf_z(out, "</small></h1>\n");
}

static void put_overview(struct buf *out, const struct report *r)
{
	struct verdict_counts n = verdict_count(r->runs, r->run_count);
	int64_t ns = 0;

	for (size_t i = 0; i < r->run_count; i++)
		ns += r->runs[i].ended.ns;
	buf_printf(out, "<p class=\"dim\">%zu scenario%s, ", r->run_count,
		   r->run_count == 1 ? "" : "s");
	report_length(out, ns);
	buf_z(out, " of simulated time. Clock ");
	report_escape_z(out, r->clock);
	buf_z(out, ", network ");
	report_escape_z(out, r->net);
	if (r->has_seed)
		buf_printf(out, ", seed %" PRIu64, r->seed);
	buf_z(out, ".</p>\n<div class=\"bar\">");
	for (size_t v = 0; v < VERDICTS; v++)
		if (n.of[v])
			buf_printf(out, "<i class=\"%s\" style=\"flex:%zu\"></i>",
				   classes[v], n.of[v]);
	buf_z(out, "</div>\n<div class=\"tools\">");
	for (size_t v = 0; v < VERDICTS; v++)
		if (n.of[v])
			buf_printf(out, "<button class=\"%s v\" value=\"%s\" "
				   "aria-pressed=\"false\"><b>%zu</b> %s</button>",
				   classes[v], classes[v], n.of[v], words[v]);
	buf_z(out, "<input type=\"search\" placeholder=\"Search names and files\" "
	      "aria-label=\"Search\"></div>\n");
}

void report_html(struct buf *out, const struct report *r)
{
	int opened = 0;

	put_head(out, r);
	put_overview(out, r);
	buf_z(out, "<main>\n");
	for (size_t i = 0; i < r->run_count; i++) {
		bool open = !is_good(&r->runs[i]) && opened < OPEN_MAX;

		opened += open;
		put_run(out, &r->runs[i], open);
	}
	buf_z(out, "<p id=\"nothing\" class=\"dim\" hidden>Nothing here has those "
	      "words and verdicts.</p>\n</main>\n<script>\n");
	buf_z(out, script);
	buf_z(out, "</script></body></html>\n");
}
