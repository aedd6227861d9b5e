/*
 * CSV: a list of `fields` is taken or refused in words; and a text of any
 * bytes that is written as a field is read back by a reader of RFC 4180.
 */
#include "server/csv.h"
#include "server/store.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void columns(struct str fields)
{
	for (int i = 0; i < RESOURCES; i++) {
		const struct resource *r = resource_get((enum resource_id)i);
		struct csv_columns c;
		struct err err;

		if (csv_columns_parse(r, fields, &c, &err) < 0) {
			assert(str_starts(str_of(err.msg), STR("fields: ")));
			continue;
		}
		assert(c.count > 0 && c.count <= CSV_COLUMNS_MAX);
		for (size_t k = 0; k < c.count; k++)
			assert(c.at[k] < r->count);
	}
}

/* One field from `s`, which is moved past it and the separator behind. */
static void read_field(struct str *s, struct buf *out)
{
	size_t i = 0;

	buf_clear(out);
	if (s->n && s->p[0] == '"') {
		for (i = 1;; i++) {
			assert(i < s->n);
			if (s->p[i] == '"' && (i + 1 == s->n || s->p[i + 1] != '"'))
				break;
			if (s->p[i] == '"')
				i++;
			buf_char(out, s->p[i]);
		}
		i++;
	} else {
		for (; i < s->n && s->p[i] != ',' && s->p[i] != '\r'; i++) {
			assert(s->p[i] != '"' && s->p[i] != '\n');
			buf_char(out, s->p[i]);
		}
	}
	assert(i < s->n && (s->p[i] == ',' || (s->p[i] == '\r' && s->p[i + 1] == '\n')));
	i += s->p[i] == ',' ? 1 : 2;
	*s = (struct str){ s->p + i, s->n - i };
}

static void round_trip(struct str text)
{
	const struct resource *r = resource_get(RESOURCE_PROFILES);
	struct csv_columns c;
	struct store *st;
	struct buf row, field;
	struct str rest;
	struct stmt *q;
	struct err err;

	st = store_open(NULL, &err);
	assert(st && csv_columns_parse(r, STR("carrier,type,carrier"), &c, &err) == 0);
	/* The columns of the resource, by name; only text matters here. */
	q = store_query(st, STR("SELECT ?1, 1, '', '', '', 1, '', '', ?1"));
	buf_init(&row, 1 << 24);
	buf_init(&field, 1 << 24);
	assert(stmt_row(stmt_str(q, text)));
	csv_row(r, &c, q, &row);
	stmt_end(q);
	rest = buf_view(&row);
	for (int i = 0; i < 3; i++) {
		read_field(&rest, &field);
		assert(str_eq(buf_view(&field), text));
	}
	assert(rest.n == 0);
	buf_release(&row);
	buf_release(&field);
	store_close(st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { size ? (const char *)data : "", size };

	columns(s);
	round_trip(s);
	return 0;
}
