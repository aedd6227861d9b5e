#include "scenarios/diag.h"

#include <stdarg.h>
#include <stdio.h>

/* Longer lines are cut around the place shown. */
enum { LINE_SHOWN_MAX = 160, LEAD_SHOWN = 60 };

void diag_init(struct diag *d, struct arena *arena)
{
	*d = (struct diag){ .arena = arena };
}

static bool same_pos(struct pos a, struct pos b)
{
	return a.source == b.source && a.line == b.line && a.column == b.column;
}

int diag_add(struct diag *d, struct pos pos, unsigned width, const char *fmt, ...)
{
	struct str message;
	va_list ap;

	if (d->count == DIAG_MAX) {
		d->dropped++;
		return -1;
	}
	va_start(ap, fmt);
	message = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < d->count; i++)
		if (same_pos(d->items[i].pos, pos) &&
		    str_eq(d->items[i].message, message))
			return -1;
	d->items[d->count++] = (struct diag_item){
		.pos = pos, .width = width, .message = message,
	};
	return -1;
}

void diag_hint(struct diag *d, const char *fmt, ...)
{
	va_list ap;

	if (d->count == 0 || d->dropped > 0)
		return;
	va_start(ap, fmt);
	d->items[d->count - 1].hint = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
}

void diag_did_you_mean(struct diag *d, struct str word,
		       const char *const *names, size_t count)
{
	int near = str_nearest(word, names, count);

	if (near >= 0)
		diag_hint(d, "did you mean '%s'?", names[near]);
}

/* The byte where character number `column` (from 1) begins. */
static size_t byte_of_column(struct str line, unsigned column)
{
	size_t i = 0;

	for (unsigned at = 1; i < line.n && at < column; at++)
		for (i++; i < line.n && ((unsigned char)line.p[i] & 0xC0) == 0x80;)
			i++;
	return i;
}

static unsigned columns(struct str s)
{
	unsigned count = 0;

	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xC0) != 0x80)
			count++;
	return count;
}

/* Control characters would spoil the terminal, and bytes that are no UTF-8
 * the reader. */
static void add_shown(struct buf *out, struct str s)
{
	bool good = str_is_utf8(s);

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		buf_char(out, c < 0x20 || c == 0x7F || (c >= 0x80 && !good) ?
			 (c == '\t' ? ' ' : '?') : (char)c);
	}
}

static void print_place(struct buf *out, const struct diag_item *item)
{
	struct str line = pos_line(item->pos);
	unsigned column = item->pos.column ? item->pos.column : 1;
	unsigned width = item->width ? item->width : 1, left;
	size_t at = byte_of_column(line, column), from = 0;

	if (line.n > LINE_SHOWN_MAX && at > LEAD_SHOWN) {
		from = byte_of_column(line, column > LEAD_SHOWN ?
				      column - LEAD_SHOWN : 1);
		column -= columns((struct str){ line.p, from });
		line = (struct str){ line.p + from, line.n - from };
	}
	if (line.n > LINE_SHOWN_MAX)
		line.n = byte_of_column(line, LINE_SHOWN_MAX / 2);
	left = columns(line);
	left = left >= column ? left - column + 1 : 1;
	if (width > left)
		width = left;
	buf_printf(out, "%6u | ", item->pos.line);
	add_shown(out, line);
	buf_printf(out, "\n       | %*s", (int)column - 1, "");
	for (unsigned i = 0; i < width; i++)
		buf_char(out, '^');
	if (item->hint.n)
		buf_printf(out, " %.*s", STRF(item->hint));
	buf_char(out, '\n');
}

void diag_print(const struct diag *d, struct buf *out)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct diag_item *item = &d->items[i];

		if (item->pos.source)
			buf_printf(out, "%.*s:", STRF(item->pos.source->name));
		if (item->pos.source && item->pos.line)
			buf_printf(out, "%u:%u:", item->pos.line, item->pos.column);
		if (item->pos.source)
			buf_char(out, ' ');
		buf_printf(out, "%.*s\n", STRF(item->message));
		if (item->pos.source && item->pos.line)
			print_place(out, item);
		else if (item->hint.n)
			buf_printf(out, "       %.*s\n", STRF(item->hint));
	}
	if (d->dropped)
		buf_printf(out, "and %zu more errors\n", d->dropped);
}
