/*
 * report_page.h - what HTML reports have in common: how they look, the arrow
 * heads of ladder diagrams, two texts beside each other.
 *
 * A page needs nothing from outside: no fetch, no font, no script but its own.
 */
#ifndef SCENARIOS_REPORT_PAGE_H
#define SCENARIOS_REPORT_PAGE_H

#include "sim/buf.h"

/* From the doctype to the beginning of the body; `more_style`: CSS behind the
 * common one, or NULL. */
void report_page_head(struct buf *out, const char *title,
		      const char *more_style);

/* Both texts, with what differs marked; nothing if there are none. */
void report_page_sides(struct buf *out, struct str expected, struct str actual);

#endif
