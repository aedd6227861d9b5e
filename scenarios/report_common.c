#include "scenarios/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <utf8proc.h>

const struct report_format report_formats[REPORT_FORMATS] = {
	{ "junit", "JUnit XML, for CI servers", false, report_junit },
	{ "tap", "TAP 14, with YAML diagnostics", false, report_tap },
	{ "json", "JSON, schema 1", false, report_json },
	{ "html", "one page to read, with ladder diagrams", true, report_html },
};

size_t report_same_file(const struct report *r, size_t first)
{
	size_t i = first;

	while (i < r->run_count && str_eq(r->runs[i].file, r->runs[first].file))
		i++;
	return i - first;
}

const struct step_result *report_culprit(const struct run_result *run)
{
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].verdict == run->verdict &&
		    run->verdict != VERDICT_PASS)
			return &run->steps[i];
	return NULL;
}

/* The two largest units that matter, cut rather than rounded. */
void report_length(struct buf *out, int64_t ns)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {
		{ 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" },
	};
	int64_t s = ns / NS_PER_S, ms = ns / NS_PER_MS;
	size_t i = 0;

	if (s < 1) {
		buf_printf(out, "%" PRId64 "ms", ms);
		return;
	}
	if (s < 60) {
		buf_printf(out, "%" PRId64, s);
		if (ms / 100 % 10)
			buf_printf(out, ".%" PRId64, ms / 100 % 10);
		buf_z(out, "s");
		return;
	}
	while (s < units[i].s)
		i++;
	buf_printf(out, "%" PRId64 "%s", s / units[i].s, units[i].unit);
	s = s % units[i].s / units[i + 1].s;
	if (s)
		buf_printf(out, "%" PRId64 "%s", s, units[i + 1].unit);
}

void report_indented(struct buf *out, struct str text, const char *indent)
{
	while (text.p && text.n) {
		buf_z(out, indent);
		buf_str(out, str_split(&text, '\n'));
		buf_char(out, '\n');
	}
}

/* On one line if it fits there, as a block below its name if not. */
static void put_named(struct buf *out, const char *indent, const char *name,
		      struct str text)
{
	char deeper[32];

	if (!text.n)
		return;
	if (!memchr(text.p, '\n', text.n)) {
		buf_printf(out, "%s%-10s%.*s\n", indent, name, STRF(text));
		return;
	}
	buf_printf(out, "%s%s\n", indent, name);
	snprintf(deeper, sizeof(deeper), "%s  ", indent);
	report_indented(out, text, deeper);
}

static void put_step(struct buf *out, const struct step_result *s,
		     const char *indent)
{
	buf_printf(out, "%s%.*s:%u:%u: %.*s\n", indent, STRF(s->file), s->line,
		   s->column, STRF(s->title));
	report_indented(out, s->message, indent);
	put_named(out, indent, "expected:", s->expected);
	put_named(out, indent, "actual:", s->actual);
}

void report_failure(struct buf *out, const struct run_result *run,
		    const char *indent)
{
	report_indented(out, run->message, indent);
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].message.n)
			put_step(out, &run->steps[i], indent);
	if (run->last_events.n) {
		char deeper[32];

		buf_printf(out, "%slast events:\n", indent);
		snprintf(deeper, sizeof(deeper), "%s  ", indent);
		report_indented(out, run->last_events, deeper);
	}
	if (run->reproduce.n)
		buf_printf(out, "%sagain with: %.*s\n", indent,
			   STRF(run->reproduce));
}

static const char *entity(utf8proc_int32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

/* XML 1.0, production [2]. */
static bool xml_has(utf8proc_int32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' ||
	       (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

/*
 * One character at `at`: how many bytes it has, and `*c`, which is U+FFFD if
 * `has` has no place for it.
 */
static size_t next_char(const char *at, size_t left,
			bool (*has)(utf8proc_int32_t), utf8proc_int32_t *c)
{
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)at,
					      (utf8proc_ssize_t)left, c);

	if (n <= 0 || !has(*c))
		*c = 0xFFFD;
	return n > 0 ? (size_t)n : 1;
}

#define REPLACEMENT "\xEF\xBF\xBD"

void report_escape(struct buf *out, struct str s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		utf8proc_int32_t c;

		n = next_char(s.p + i, s.n - i, xml_has, &c);
		if (c == 0xFFFD)
			buf_z(out, REPLACEMENT);
		else if (entity(c))
			buf_z(out, entity(c));
		else
			buf_add(out, s.p + i, n);
	}
}

void report_escape_z(struct buf *out, const char *z)
{
	report_escape(out, str_of(z));
}

static bool terminal_has(utf8proc_int32_t c)
{
	return c == '\t' || c == '\n' || (c >= 0x20 && c < 0x7F) || c >= 0xA0;
}

void report_plain(struct buf *out, struct str s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		utf8proc_int32_t c;

		n = next_char(s.p + i, s.n - i, terminal_has, &c);
		if (c == 0xFFFD)
			buf_z(out, REPLACEMENT);
		else
			buf_add(out, s.p + i, n);
	}
}
