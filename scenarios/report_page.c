#include "scenarios/report_page.h"
#include "scenarios/report.h"

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

void report_page_head(struct buf *out, const char *title, const char *more_style)
{
	buf_z(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<title>");
	report_escape_z(out, title);
	buf_z(out, "</title>\n<style>\n");
	buf_z(out, style);
	if (more_style)
		buf_z(out, more_style);
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
}

/* ---- What was expected, and what came. --------------------------------- */

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

void report_page_sides(struct buf *out, struct str expected, struct str actual)
{
	size_t start = 0, same_end = 0;

	if (!expected.n && !actual.n)
		return;
	find_difference(expected, actual, &start, &same_end);
	buf_z(out, "<div class=\"both\">");
	put_side(out, "expected", expected, start, same_end);
	put_side(out, "actual", actual, start, same_end);
	buf_z(out, "</div>");
}
