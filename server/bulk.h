/*
 * bulk.h - the rows of a list as CSV, made while they are sent.
 *
 * Which rows there are, and in which order, is settled at once, so that
 * Truncated can stand in the header; that is eight bytes for each.  What is
 * in them is read when their turn comes: no statement stays open in between.
 */
#ifndef SERVER_BULK_H
#define SERVER_BULK_H

#include "server/csv.h"
#include "server/page.h"

/* `rids` is a statement of row ids, up to one more than page->size.  -1: it takes
 * too long, and there is no answer so far. */
int bulk_stream(struct request *rq, const struct page *page,
		const struct csv_columns *columns, struct stmt *rids);

#endif
