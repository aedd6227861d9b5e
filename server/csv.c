#include "server/csv.h"

#include "server/store.h"
#include "sim/clock.h"

int csv_columns_parse(const struct resource *r, struct str fields,
		      struct csv_columns *columns, struct err *err)
{
	columns->count = 0;
	if (!fields.n) {
		while (columns->count < r->count) {
			columns->at[columns->count] = (unsigned char)columns->count;
			columns->count++;
		}
		return 0;
	}
	while (fields.p) {
		struct str name = str_trim(str_split(&fields, ','));
		const struct attribute *at = resource_attribute(r, name);

		if (!at)
			return err_set(err, ERR_INVALID, "fields: %s has no field '%.*s'",
				       r->name, (int)(name.n < 80 ? name.n : 80), name.p);
		if (columns->count == CSV_COLUMNS_MAX)
			return err_set(err, ERR_INVALID, "fields: more than %d",
				       CSV_COLUMNS_MAX);
		columns->at[columns->count++] = (unsigned char)(at - r->attributes);
	}
	return 0;
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\r' || s.p[i] == '\n')
			return true;
	/* A reader may trim what is not quoted. */
	return s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

static void put(struct buf *out, struct str s)
{
	if (!needs_quotes(s)) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_char(out, '"');
		buf_char(out, s.p[i]);
	}
	buf_char(out, '"');
}

void csv_header(const struct resource *r, const struct csv_columns *columns,
		struct buf *out)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (i)
			buf_char(out, ',');
		buf_z(out, r->attributes[columns->at[i]].name);
	}
	buf_z(out, "\r\n");
}

static void put_int(struct buf *out, int64_t v)
{
	if (v < 0)
		buf_char(out, '-');
	buf_u64(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void put_value(const struct attribute *at, struct stmt *q, int column,
		      struct buf *out)
{
	char time[CLOCK_ISO_SIZE];

	if (stmt_is_null(q, column))
		return;
	switch (at->kind) {
	case ATTRIBUTE_TEXT:
	case ATTRIBUTE_ENUM:
		put(out, stmt_peek(q, column));
		break;
	case ATTRIBUTE_INT:
		put_int(out, stmt_i64(q, column));
		break;
	case ATTRIBUTE_TIME:
		clock_iso_to(stmt_i64(q, column), time);
		buf_z(out, time);
		break;
	}
}

void csv_row(const struct resource *r, const struct csv_columns *columns,
	     struct stmt *q, struct buf *out)
{
	size_t before = out->n;

	for (size_t i = 0; i < columns->count; i++) {
		if (i)
			buf_char(out, ',');
		put_value(&r->attributes[columns->at[i]], q, columns->at[i], out);
	}
	/* Readers skip a line with nothing in it. */
	if (out->n == before)
		buf_z(out, "\"\"");
	buf_z(out, "\r\n");
}
