/*
 * csv.h - answers as comma-separated values (RFC 4180): a header row, CRLF,
 * fields quoted where they must be, unset ones empty.
 */
#ifndef SERVER_CSV_H
#define SERVER_CSV_H

#include "server/resource.h"

enum { CSV_ROWS_MAX = 20000, CSV_COLUMNS_MAX = 64 };

/* Which fields, in which order. */
struct csv_columns {
	unsigned char at[CSV_COLUMNS_MAX];	/* index into the attributes */
	size_t count;
};

/* From "iccid,status"; all of them if `fields` is none or empty. */
int csv_columns_parse(const struct resource *r, struct str fields,
		      struct csv_columns *columns, struct err *err);

void csv_header(const struct resource *r, const struct csv_columns *columns,
		struct buf *out);
/* The row that a statement of resource_select() stands on. */
void csv_row(const struct resource *r, const struct csv_columns *columns,
	     struct stmt *q, struct buf *out);

#endif
