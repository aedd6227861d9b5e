/*
 * A badge: one SVG picture that needs no font and no network of its own.
 * The lengths of texts are given, so it looks alike whatever font is there.
 */
#include "conformance/report_conform.h"
#include "scenarios/report.h"

enum { HEIGHT = 20, PADDING = 6 };

/* In tenths of a pixel, at 11 px; near enough for any sans-serif. */
static int width_of(struct str s)
{
	int tenths = 0;

	for (size_t i = 0; i < s.n; i++)
		tenths += strchr("il.,'|! ", s.p[i]) ? 36 :
			  strchr("fjrt()/-", s.p[i]) ? 45 :
			  strchr("mwMW%", s.p[i]) ? 100 : 66;
	return tenths / 10 + 1;
}

static const char *colour_of(const struct tally_row *all, enum verdict v)
{
	if (v == VERDICT_ERROR)
		return "#8b3fb0";
	if (v != VERDICT_PASS)
		return "#c62f3b";
	return all->n.of[VERDICT_WARN] || all->n.of[VERDICT_NOT_REACHED] ?
	       "#8a6a00" : "#1a7f4b";
}

/* "231 of 236": of those that were to be judged. */
static void put_message(struct buf *out, const struct tally_row *all,
			const struct conformance *c)
{
	buf_printf(out, "%zu of %zu, %s", all->n.of[VERDICT_PASS],
		   all->count - all->n.of[VERDICT_SKIP], depth_name(c->depth));
}

static void put_text(struct buf *out, struct str text, int x, int width)
{
	buf_printf(out, "<text x=\"%d\" y=\"14\" textLength=\"%d\" "
		   "lengthAdjust=\"spacingAndGlyphs\">", x, width);
	report_escape(out, text);
	buf_z(out, "</text>");
}

void report_conform_badge(struct buf *out, const struct conformance *c,
			  const struct comparison *since)
{
	struct str label = STR("esim_profiles");
	struct arena a = { 0 };
	struct tally t;
	struct buf text;
	int left, right;

	(void)since;
	tally_count(&t, c, &a);
	buf_init(&text, 200);
	put_message(&text, &t.all, c);
	left = width_of(label) + 2 * PADDING;
	right = width_of(buf_view(&text)) + 2 * PADDING;
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		   "height=\"%d\" role=\"img\" aria-label=\"%.*s: %.*s\">\n<title>",
		   left + right, HEIGHT, STRF(label), STRF(buf_view(&text)));
	buf_printf(out, "%.*s: ", STRF(label));
	tally_words(out, &t.all);
	buf_printf(out, "</title>\n<clipPath id=\"r\"><rect width=\"%d\" height=\"%d\" "
		   "rx=\"3\"/></clipPath>\n<g clip-path=\"url(#r)\">"
		   "<rect width=\"%d\" height=\"%d\" fill=\"#474c52\"/>"
		   "<rect x=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/></g>\n",
		   left + right, HEIGHT, left, HEIGHT, left, right, HEIGHT,
		   colour_of(&t.all, conformance_verdict(c)));
	buf_z(out, "<g fill=\"#fff\" font-family=\"Verdana,'DejaVu Sans',sans-serif\" "
	      "font-size=\"11\">");
	put_text(out, label, PADDING, left - 2 * PADDING);
	put_text(out, buf_view(&text), left + PADDING, right - 2 * PADDING);
	buf_z(out, "</g>\n</svg>\n");
	buf_release(&text);
	arena_release(&a);
}
