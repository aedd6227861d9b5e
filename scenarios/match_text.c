/* Matchers of texts: case, numbers that are written, and CSV. */
#include "scenarios/match_impl.h"

#include <assert.h>

/* ---- ignoring-case ------------------------------------------------------ */

static struct str lower(struct str s, struct arena *a)
{
	struct str out = arena_str(a, s);
	char *p = (char *)(uintptr_t)out.p;

	for (size_t i = 0; i < out.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	return out;
}

static const struct value *lower_value(const struct value *v, struct arena *a)
{
	struct value *copy;

	if (v->kind != VALUE_STR && v->kind != VALUE_LIST && v->kind != VALUE_MAP)
		return v;
	copy = ARENA_NEW(a, struct value);
	*copy = *v;
	if (v->kind == VALUE_STR) {
		copy->text = lower(v->text, a);
	} else if (v->kind == VALUE_LIST) {
		const struct value **items = arena_array(a, v->count + 1, sizeof(*items));

		for (size_t i = 0; i < v->count; i++)
			items[i] = lower_value(v->items[i], a);
		copy->items = items;
	} else {
		struct member *members = arena_array(a, v->count + 1, sizeof(*members));

		for (size_t i = 0; i < v->count; i++) {
			members[i] = v->members[i];
			members[i].value = lower_value(v->members[i].value, a);
		}
		copy->members = members;
	}
	return copy;
}

static void lower_json(cJSON *json)
{
	cJSON *item;

	for (char *p = cJSON_IsString(json) ? json->valuestring : NULL; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	cJSON_ArrayForEach(item, json)
		lower_json(item);
}

int match_ignoring_case(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	cJSON *copy = actual ? cJSON_Duplicate(actual, true) : NULL;
	int rc;

	if (copy)
		lower_json(copy);
	rc = match_value(lower_value(arg, a), copy, a, out);
	cJSON_Delete(copy);
	if (rc == 0)
		return 0;
	return match_fail("ignoring-case", arg, actual, a, out, "");
}

/* ---- as-text ------------------------------------------------------------ */

static bool same_text(const struct value *v, const cJSON *actual)
{
	const cJSON *item;
	struct buf b;
	char *text;
	bool same;

	if (v->kind == VALUE_LIST) {
		if (!cJSON_IsArray(actual) ||
		    (size_t)cJSON_GetArraySize(actual) != v->count)
			return false;
		item = actual->child;
		for (size_t i = 0; i < v->count; i++, item = item->next)
			if (!same_text(v->items[i], item))
				return false;
		return true;
	}
	if (v->kind == VALUE_MAP) {
		for (size_t i = 0; i < v->count; i++)
			if (!same_text(v->members[i].value,
				       cJSON_GetObjectItemCaseSensitive(
						actual, v->members[i].key.p)))
				return false;
		return cJSON_IsObject(actual);
	}
	if (!actual || cJSON_IsArray(actual) || cJSON_IsObject(actual))
		return false;
	text = cJSON_IsString(actual) ? NULL : cJSON_PrintUnformatted(actual);
	buf_init(&b, 1 << 22);
	value_text(&b, v);
	same = str_eq(buf_view(&b), str_of(text ? text : actual->valuestring));
	buf_release(&b);
	cJSON_free(text);
	return same;
}

int match_as_text(const struct value *arg, const cJSON *actual, struct arena *a,
		  struct mismatch *out)
{
	const cJSON *item = actual ? actual->child : NULL;

	if (same_text(arg, actual))
		return 0;
	/* Of two long lists, only what differs is worth a look. */
	if (arg->kind == VALUE_LIST && cJSON_IsArray(actual) &&
	    (size_t)cJSON_GetArraySize(actual) == arg->count)
		for (size_t i = 0; i < arg->count; i++, item = item->next)
			if (!same_text(arg->items[i], item)) {
				match_fail("as-text", arg->items[i], item, a, out, "");
				match_prepend(out, a, arena_printf(a, "%zu", i));
				return -1;
			}
	return match_fail("as-text", arg, actual, a, out, "");
}

/* ---- csv ---------------------------------------------------------------- */

struct csv_reader {
	const char *p, *end;
	size_t line;
	struct buf field;
	bool more;		/* a field follows in this record */
	const char *wrong;	/* why it cannot be read, or NULL */
};

static void read_quoted(struct csv_reader *r)
{
	for (r->p++; r->p < r->end; r->p++) {
		r->line += *r->p == '\n';
		if (*r->p != '"') {
			buf_char(&r->field, *r->p);
		} else if (r->p + 1 < r->end && r->p[1] == '"') {
			buf_char(&r->field, '"');
			r->p++;
		} else {
			r->p++;
			return;
		}
	}
	r->wrong = "a quote is not closed";
}

/* One field into r->field, and what ends it. */
static void read_field(struct csv_reader *r)
{
	buf_clear(&r->field);
	r->more = false;
	if (r->p < r->end && *r->p == '"')
		read_quoted(r);
	while (r->p < r->end && !r->wrong) {
		char c = *r->p;

		if (c == ',') {
			r->p++;
			r->more = true;
			return;
		}
		if (c == '\n' || (c == '\r' && r->p + 1 < r->end && r->p[1] == '\n')) {
			r->p += c == '\r' ? 2 : 1;
			r->line++;
			return;
		}
		if (c == '"')
			r->wrong = "a quote in a field that is not quoted";
		/* What stands behind a closing quote is part of the text. */
		buf_char(&r->field, c);
		r->p++;
	}
}

static void read_header(struct csv_reader *r, cJSON *columns)
{
	do {
		const cJSON *seen;

		read_field(r);
		cJSON_ArrayForEach(seen, columns)
			if (str_eq(match_text(seen), buf_view(&r->field)))
				r->wrong = "a column is there twice";
		cJSON_AddItemToArray(columns, cJSON_CreateString(buf_view(&r->field).p));
	} while (r->more && !r->wrong);
}

static void read_record(struct csv_reader *r, const cJSON *columns, cJSON *list)
{
	cJSON *row = cJSON_CreateObject();
	const cJSON *column = columns->child;

	do {
		read_field(r);
		if (column) {
			cJSON_AddStringToObject(row, column->valuestring,
						buf_view(&r->field).p);
			column = column->next;
		} else if (!r->wrong) {
			r->wrong = "more values than there are columns";
		}
	} while (r->more && !r->wrong);
	if (column && !r->wrong)
		r->wrong = "fewer values than there are columns";
	cJSON_AddItemToArray(list, row);
}

/* The document {columns, count, list}, or NULL with `*why`. */
static cJSON *csv_read(struct str text, struct arena *a, struct str *why)
{
	struct csv_reader r = { .p = text.p, .end = text.p + text.n, .line = 1 };
	cJSON *doc = cJSON_CreateObject();
	cJSON *columns = cJSON_AddArrayToObject(doc, "columns"), *list;
	size_t line = 1, rows = 0;

	buf_init(&r.field, 1 << 22);
	if (text.n)
		read_header(&r, columns);
	else
		r.wrong = "nothing, not even the names of columns";
	list = cJSON_CreateArray();
	while (r.p < r.end && !r.wrong) {
		line = r.line;
		read_record(&r, columns, list);
		rows++;
	}
	cJSON_AddNumberToObject(doc, "count", (double)rows);
	cJSON_AddItemToObject(doc, "list", list);
	buf_release(&r.field);
	if (!r.wrong)
		return doc;
	*why = arena_printf(a, "no CSV: line %zu: %s", line, r.wrong);
	cJSON_Delete(doc);
	return NULL;
}

int match_csv(const struct value *arg, const cJSON *actual, struct arena *a,
	      struct mismatch *out)
{
	struct str why;
	cJSON *doc;
	int rc;

	if (!cJSON_IsString(actual))
		return match_fail("csv", arg, actual, a, out, "not a string");
	doc = csv_read(match_text(actual), a, &why);
	if (!doc) {
		match_fail("csv", arg, actual, a, out, "");
		out->reason = why;
		return -1;
	}
	rc = match_value(arg, doc, a, out);
	cJSON_Delete(doc);
	return rc;
}
