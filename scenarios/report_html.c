/*
 * One HTML file that needs nothing else: what ran, why what failed failed,
 * and a ladder diagram of each run.  Without scripts all of it can be read;
 * the script only filters.
 */
#include "scenarios/report.h"
#include "scenarios/report_ladder.h"
#include "scenarios/report_page.h"

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

static void put_why(struct buf *out, const struct step_result *s)
{
	buf_z(out, "<div class=\"why\">");
	report_escape(out, s->message);
	report_page_sides(out, s->expected, s->actual);
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
	report_page_head(out, "esimrig report", NULL);
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
