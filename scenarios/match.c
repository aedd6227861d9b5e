#include "scenarios/match_impl.h"

#include "sim/clock.h"

#include <assert.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>

/* Longer texts of what came are cut. */
enum { ACTUAL_SHOWN_MAX = 2000 };

static const char *const kind_words[] = {
	"null", "boolean", "number", "string", "list", "map",
};
enum { KIND_WORDS = sizeof(kind_words) / sizeof(kind_words[0]) };

/* ---- Words for people. -------------------------------------------------- */

static void print_items(struct buf *out, const struct value *v)
{
	buf_char(out, '[');
	for (size_t i = 0; i < v->count; i++) {
		if (i)
			buf_z(out, ", ");
		match_print(out, v->items[i]);
	}
	buf_char(out, ']');
}

static bool is_plain_key(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_-/", s.p[i]))
			return false;
	return s.n > 0;
}

void match_print(struct buf *out, const struct value *v)
{
	if (v->kind == VALUE_LIST) {
		print_items(out, v);
		return;
	}
	if (v->kind != VALUE_MAP) {
		value_json(out, v);
		return;
	}
	buf_char(out, '{');
	for (size_t i = 0; i < v->count; i++) {
		if (i)
			buf_z(out, ", ");
		if (is_plain_key(v->members[i].key))
			buf_str(out, v->members[i].key);
		else
			json_quote(out, v->members[i].key);
		buf_z(out, ": ");
		match_print(out, v->members[i].value);
	}
	buf_char(out, '}');
}

static struct str print_expected(const struct value *v, struct arena *a)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1 << 20);
	match_print(&b, v);
	s = arena_str(a, buf_view(&b));
	buf_release(&b);
	return s;
}

static struct str print_actual(const cJSON *actual, struct arena *a)
{
	char *text;
	struct str s;

	if (!actual)
		return STR("nothing");
	text = cJSON_PrintUnformatted(actual);
	assert(text);
	s = str_of(text);
	if (s.n > ACTUAL_SHOWN_MAX) {
		s.n = ACTUAL_SHOWN_MAX;
		while (s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
			s.n--;
		s = arena_printf(a, "%.*s...", STRF(s));
	} else {
		s = arena_str(a, s);
	}
	cJSON_free(text);
	return s;
}

static int differ(const struct value *expected, const cJSON *actual,
		  struct arena *a, struct mismatch *out, const char *reason)
{
	*out = (struct mismatch){
		.path = STR(""),
		.expected = print_expected(expected, a),
		.actual = print_actual(actual, a),
		.reason = str_of(reason),
	};
	return -1;
}

int match_fail(const char *name, const struct value *arg, const cJSON *actual,
	       struct arena *a, struct mismatch *out, const char *reason)
{
	differ(arg, actual, a, out, reason);
	out->expected = arena_printf(a, "{%s: %.*s}", name, STRF(out->expected));
	return -1;
}

/* ---- Literals. ---------------------------------------------------------- */

static bool value_number(const struct value *v, double *n)
{
	if (v->kind == VALUE_INT)
		*n = (double)v->as.i;
	else if (v->kind == VALUE_FLOAT)
		*n = v->as.f;
	else
		return false;
	return true;
}

struct str match_text(const cJSON *json)
{
	return cJSON_IsString(json) ? str_of(json->valuestring) : STR_NONE;
}

static bool scalar_equal(const struct value *v, const cJSON *actual)
{
	double n;

	switch (v->kind) {
	case VALUE_NULL:
		return cJSON_IsNull(actual);
	case VALUE_BOOL:
		return cJSON_IsBool(actual) && cJSON_IsTrue(actual) == v->as.b;
	case VALUE_INT:
	case VALUE_FLOAT:
		return cJSON_IsNumber(actual) && value_number(v, &n) &&
		       n == actual->valuedouble;
	case VALUE_STR:
		return cJSON_IsString(actual) && str_eq(v->text, match_text(actual));
	case VALUE_LIST:
	case VALUE_MAP:
	case VALUE_KINDS:
		break;
	}
	return false;
}

bool match_deep_equal(const struct value *v, const cJSON *actual)
{
	const cJSON *item = actual ? actual->child : NULL;

	if (v->kind == VALUE_LIST) {
		if (!cJSON_IsArray(actual))
			return false;
		for (size_t i = 0; i < v->count; i++, item = item->next)
			if (!item || !match_deep_equal(v->items[i], item))
				return false;
		return !item;
	}
	if (v->kind != VALUE_MAP)
		return scalar_equal(v, actual);
	if (!cJSON_IsObject(actual) ||
	    (size_t)cJSON_GetArraySize(actual) != v->count)
		return false;
	for (size_t i = 0; i < v->count; i++) {
		item = cJSON_GetObjectItemCaseSensitive(actual,
							v->members[i].key.p);
		if (!item || !match_deep_equal(v->members[i].value, item))
			return false;
	}
	return true;
}

void match_prepend(struct mismatch *out, struct arena *a, struct str segment)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	buf_char(&b, '/');
	for (size_t i = 0; i < segment.n; i++) {	/* RFC 6901, section 3 */
		if (segment.p[i] == '~')
			buf_z(&b, "~0");
		else if (segment.p[i] == '/')
			buf_z(&b, "~1");
		else
			buf_char(&b, segment.p[i]);
	}
	buf_str(&b, out->path);
	out->path = arena_str(a, buf_view(&b));
	buf_release(&b);
}

static int match_list(const struct value *v, const cJSON *actual,
		      struct arena *a, struct mismatch *out)
{
	const cJSON *item;
	size_t n;

	if (!cJSON_IsArray(actual))
		return differ(v, actual, a, out, "not a list");
	n = (size_t)cJSON_GetArraySize(actual);
	if (n != v->count) {
		differ(v, actual, a, out, "");
		out->reason = arena_printf(a, "%zu items, expected %zu", n, v->count);
		return -1;
	}
	item = actual->child;
	for (size_t i = 0; i < v->count; i++, item = item->next)
		if (match_value(v->items[i], item, a, out) < 0) {
			match_prepend(out, a, arena_printf(a, "%zu", i));
			return -1;
		}
	return 0;
}

static int match_subset(const struct value *v, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	const struct member *m = v->members;

	if (!cJSON_IsObject(actual))
		return differ(v, actual, a, out, "not a map");
	for (size_t i = 0; i < v->count; i++) {
		/* Keys are NUL-terminated: arena_str() made them. */
		const cJSON *item =
			cJSON_GetObjectItemCaseSensitive(actual, m[i].key.p);

		if (match_value(m[i].value, item, a, out) < 0) {
			match_prepend(out, a, m[i].key);
			return -1;
		}
	}
	return 0;
}

/* ---- Matchers. ---------------------------------------------------------- */

/* Sign of actual - arg; false if they cannot be compared. */
static bool compare(const struct value *arg, const cJSON *actual, int *sign)
{
	struct str s = match_text(actual);
	size_t common;
	double n;

	if (value_number(arg, &n)) {
		if (!cJSON_IsNumber(actual) || isnan(n))
			return false;
		*sign = (actual->valuedouble > n) - (actual->valuedouble < n);
		return true;
	}
	if (!s.p)
		return false;
	common = s.n < arg->text.n ? s.n : arg->text.n;
	*sign = memcmp(s.p, arg->text.p, common);
	if (*sign == 0)
		*sign = (s.n > arg->text.n) - (s.n < arg->text.n);
	return true;
}

#define ORDERED(fn, name, test) \
	static int fn(const struct value *arg, const cJSON *actual, \
		      struct arena *a, struct mismatch *out) \
	{ \
		int sign; \
		if (!compare(arg, actual, &sign)) \
			return match_fail(name, arg, actual, a, out, \
				    "cannot be compared"); \
		return (test) ? 0 : match_fail(name, arg, actual, a, out, ""); \
	}

ORDERED(match_gt, "gt", sign > 0)
ORDERED(match_ge, "ge", sign >= 0)
ORDERED(match_lt, "lt", sign < 0)
ORDERED(match_le, "le", sign <= 0)

static int match_ne(const struct value *arg, const cJSON *actual,
		    struct arena *a, struct mismatch *out)
{
	struct mismatch ignored;

	if (!actual)
		return match_fail("ne", arg, actual, a, out, "");
	if (match_value(arg, actual, a, &ignored) == 0)
		return match_fail("ne", arg, actual, a, out, "");
	return 0;
}

static int match_equals(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	return match_deep_equal(arg, actual) ? 0 :
	       match_fail("equals", arg, actual, a, out, "");
}

static int match_like(const struct value *arg, const cJSON *actual,
		      struct arena *a, struct mismatch *out)
{
	return arg->kind == VALUE_MAP ? match_subset(arg, actual, a, out) :
	       match_value(arg, actual, a, out);
}

static int match_regex(const struct value *arg, const cJSON *actual,
		       struct arena *a, struct mismatch *out)
{
	struct str s = match_text(actual);
	regex_t re;
	int rc;

	if (!s.p)
		return match_fail("matches", arg, actual, a, out, "not a string");
	if (regcomp(&re, arg->text.p, REG_EXTENDED | REG_NOSUB) != 0)
		return match_fail("matches", arg, actual, a, out,
			    "not a POSIX extended regular expression");
	rc = regexec(&re, s.p, 0, NULL, 0);
	regfree(&re);
	return rc == 0 ? 0 : match_fail("matches", arg, actual, a, out, "");
}

/* A number is taken as it was written where a string is wanted. */
static bool is_scalar(const struct value *v)
{
	return v->kind == VALUE_STR || v->kind == VALUE_INT ||
	       v->kind == VALUE_FLOAT || v->kind == VALUE_BOOL;
}

static int match_contains(const struct value *arg, const cJSON *actual,
			  struct arena *a, struct mismatch *out)
{
	struct mismatch ignored;
	const cJSON *item;

	if (cJSON_IsString(actual)) {
		if (is_scalar(arg) &&
		    str_find(match_text(actual), arg->text) >= 0)
			return 0;
		return match_fail("contains", arg, actual, a, out, "");
	}
	if (!cJSON_IsArray(actual))
		return match_fail("contains", arg, actual, a, out,
			    "neither a string nor a list");
	cJSON_ArrayForEach(item, actual)
		if (match_value(arg, item, a, &ignored) == 0)
			return 0;
	return match_fail("contains", arg, actual, a, out, "no item of it matches");
}

static int match_starts(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	struct str s = match_text(actual);

	return s.p && str_starts(s, arg->text) ? 0 :
	       match_fail("starts-with", arg, actual, a, out,
		    s.p ? "" : "not a string");
}

static int match_ends(const struct value *arg, const cJSON *actual,
		      struct arena *a, struct mismatch *out)
{
	struct str s = match_text(actual);

	return s.p && str_ends(s, arg->text) ? 0 :
	       match_fail("ends-with", arg, actual, a, out, s.p ? "" : "not a string");
}

static size_t characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static int match_length(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	cJSON length = { .type = cJSON_Number };
	struct mismatch inner;

	if (cJSON_IsString(actual))
		length.valuedouble = (double)characters(match_text(actual));
	else if (cJSON_IsArray(actual) || cJSON_IsObject(actual))
		length.valuedouble = cJSON_GetArraySize(actual);
	else
		return match_fail("length", arg, actual, a, out, "has no length");
	if (match_value(arg, &length, a, &inner) == 0)
		return 0;
	match_fail("length", arg, actual, a, out, "");
	out->reason = arena_printf(a, "its length is %.0f", length.valuedouble);
	return -1;
}

static int match_one_of(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	struct mismatch ignored;

	if (arg->kind != VALUE_LIST)
		return match_fail("one-of", arg, actual, a, out, "takes a list");
	for (size_t i = 0; i < arg->count; i++)
		if (match_value(arg->items[i], actual, a, &ignored) == 0)
			return 0;
	return match_fail("one-of", arg, actual, a, out, "");
}

static int match_none_of(const struct value *arg, const cJSON *actual,
			 struct arena *a, struct mismatch *out)
{
	struct mismatch ignored;

	if (arg->kind != VALUE_LIST)
		return match_fail("none-of", arg, actual, a, out, "takes a list");
	for (size_t i = 0; i < arg->count; i++)
		if (match_value(arg->items[i], actual, a, &ignored) == 0)
			return match_fail("none-of", arg, actual, a, out, "");
	return 0;
}

static int match_absent(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	return !actual ? 0 : match_fail("absent", arg, actual, a, out, "");
}

static int match_present(const struct value *arg, const cJSON *actual,
			 struct arena *a, struct mismatch *out)
{
	return actual ? 0 : match_fail("present", arg, actual, a, out, "");
}

static const char *kind_word(const cJSON *actual)
{
	if (cJSON_IsNull(actual))
		return "null";
	if (cJSON_IsBool(actual))
		return "boolean";
	if (cJSON_IsNumber(actual))
		return "number";
	if (cJSON_IsString(actual))
		return "string";
	if (cJSON_IsArray(actual))
		return "list";
	return cJSON_IsObject(actual) ? "map" : "nothing";
}

static int match_is_a(const struct value *arg, const cJSON *actual,
		      struct arena *a, struct mismatch *out)
{
	return str_is(arg->text, kind_word(actual)) ? 0 :
	       match_fail("is-a", arg, actual, a, out, "");
}

static bool times(const struct value *arg, const cJSON *actual,
		  int64_t *limit, int64_t *at)
{
	struct err err;

	return cJSON_IsString(actual) &&
	       clock_parse_iso(arg->text, limit, &err) == 0 &&
	       clock_parse_iso(match_text(actual), at, &err) == 0;
}

static int match_before(const struct value *arg, const cJSON *actual,
			struct arena *a, struct mismatch *out)
{
	int64_t limit, at;

	if (!times(arg, actual, &limit, &at))
		return match_fail("before", arg, actual, a, out, "not a time (ISO 8601)");
	return at < limit ? 0 : match_fail("before", arg, actual, a, out, "");
}

static int match_after(const struct value *arg, const cJSON *actual,
		       struct arena *a, struct mismatch *out)
{
	int64_t limit, at;

	if (!times(arg, actual, &limit, &at))
		return match_fail("after", arg, actual, a, out, "not a time (ISO 8601)");
	return at > limit ? 0 : match_fail("after", arg, actual, a, out, "");
}

static int match_every(const struct value *arg, const cJSON *actual,
		       struct arena *a, struct mismatch *out)
{
	const cJSON *item;
	int i = 0;

	if (!cJSON_IsArray(actual))
		return match_fail("every", arg, actual, a, out, "not a list");
	if (!actual->child)
		return match_fail("every", arg, actual, a, out, "the list is empty");
	cJSON_ArrayForEach(item, actual) {
		if (match_value(arg, item, a, out) < 0) {
			match_prepend(out, a, arena_printf(a, "%d", i));
			return -1;
		}
		i++;
	}
	return 0;
}

const struct matcher matchers[] = {
	{ "gt", MATCHER_ARG_ORDERED, match_gt, "greater than a number, or behind a string in byte order" },
	{ "ge", MATCHER_ARG_ORDERED, match_ge, "greater or equal" },
	{ "lt", MATCHER_ARG_ORDERED, match_lt, "less" },
	{ "le", MATCHER_ARG_ORDERED, match_le, "less or equal" },
	{ "ne", MATCHER_ARG_ANY, match_ne, "there, but does not match that" },
	{ "equals", MATCHER_ARG_LITERAL, match_equals, "exactly that: no member more in a map, "
	    "nothing in it is a matcher" },
	{ "like", MATCHER_ARG_ANY, match_like, "as without it; for a map whose keys look like matchers" },
	{ "matches", MATCHER_ARG_REGEX, match_regex, "a string in which the POSIX extended "
	    "regular expression is found" },
	{ "contains", MATCHER_ARG_ANY, match_contains, "a string with that in it, or a list "
	    "with an item that matches" },
	{ "starts-with", MATCHER_ARG_STR, match_starts, "a string that begins so" },
	{ "ends-with", MATCHER_ARG_STR, match_ends, "a string that ends so" },
	{ "length", MATCHER_ARG_LENGTH, match_length, "so many characters, items or members; "
	    "or a matcher for that number" },
	{ "one-of", MATCHER_ARG_LIST, match_one_of, "matches one of the list" },
	{ "none-of", MATCHER_ARG_LIST, match_none_of, "matches none of the list" },
	{ "absent", MATCHER_ARG_TRUE, match_absent, "is not there at all (null is there)" },
	{ "present", MATCHER_ARG_TRUE, match_present, "is there, whatever it is" },
	{ "is-a", MATCHER_ARG_KIND, match_is_a, "null, boolean, number, string, list or map" },
	{ "before", MATCHER_ARG_TIME, match_before, "an ISO 8601 time before that" },
	{ "after", MATCHER_ARG_TIME, match_after, "an ISO 8601 time after that" },
	{ "unordered", MATCHER_ARG_LIST, match_unordered, "a list with these items in any "
	    "order, and no more" },
	{ "every", MATCHER_ARG_ANY, match_every, "a list that is not empty and whose items all match" },
	{ "unique", MATCHER_ARG_FIELDS, match_unique, "a list with no two items that are alike in "
	    "that member, or in all of these members; `true`: in everything" },
	{ "sorted", MATCHER_ARG_ORDER, match_sorted, "a list in the order `asc field`, `desc field` or "
	    "`field`; text in any usual way (with or without regard to case, accents and punctuation), "
	    "items without the field at either end" },
	{ "selects", MATCHER_ARG_SELECTION, match_selects, "a page `{list, cursor}`, or a list, of which "
	    "the items that match `those` are the page or list `as`, in that order; where one of the "
	    "two has a cursor, as far as it goes" },
	{ "ignoring-case", MATCHER_ARG_ANY, match_ignoring_case, "as without it, but the letters A to Z "
	    "are as a to z on both sides" },
	{ "as-text", MATCHER_ARG_LITERAL, match_as_text, "that, numbers and texts being the same if they "
	    "are written the same; a map names members that must be there" },
	{ "csv", MATCHER_ARG_ANY, match_csv, "CSV text (RFC 4180) with a line of names, as the document "
	    "`{columns: [...], count, list: [{column: text}]}`" },
};
const size_t matcher_count = sizeof(matchers) / sizeof(matchers[0]);

static const struct matcher *find_matcher(struct str name)
{
	for (size_t i = 0; i < matcher_count; i++)
		if (str_is(name, matchers[i].name))
			return &matchers[i];
	return NULL;
}

/* A map whose keys all name matchers is one.  An empty map is not. */
static bool is_matcher(const struct value *v)
{
	if (v->kind != VALUE_MAP || v->count == 0)
		return false;
	for (size_t i = 0; i < v->count; i++)
		if (!find_matcher(v->members[i].key))
			return false;
	return true;
}

int match_value(const struct value *v, const cJSON *actual, struct arena *a,
		struct mismatch *out)
{
	if (is_matcher(v)) {
		for (size_t i = 0; i < v->count; i++) {
			const struct matcher *m = find_matcher(v->members[i].key);

			if (m->match(v->members[i].value, actual, a, out) < 0)
				return -1;
		}
		return 0;
	}
	if (!actual)
		return differ(v, actual, a, out, "");
	if (v->kind == VALUE_MAP)
		return match_subset(v, actual, a, out);
	if (v->kind == VALUE_LIST)
		return match_list(v, actual, a, out);
	return scalar_equal(v, actual) ? 0 : differ(v, actual, a, out, "");
}

/* ---- Pointers. ---------------------------------------------------------- */

/* One segment, with ~1 and ~0 undone; in `text`, or -1 if it is too long. */
static int unescape_segment(struct str s, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (n + 1 >= size)
			return -1;
		if (c == '~' && i + 1 < s.n && (s.p[i + 1] == '0' || s.p[i + 1] == '1'))
			c = s.p[++i] == '0' ? '~' : '/';
		text[n++] = c;
	}
	text[n] = '\0';
	return 0;
}

static const cJSON *step_into(const cJSON *json, struct str segment)
{
	char text[256];
	uint64_t index;

	if (cJSON_IsArray(json)) {
		if (str_to_u64(segment, INT32_MAX, &index) < 0 ||
		    (segment.n > 1 && segment.p[0] == '0'))
			return NULL;
		return cJSON_GetArrayItem(json, (int)index);
	}
	if (!cJSON_IsObject(json) ||
	    unescape_segment(segment, text, sizeof(text)) < 0)
		return NULL;
	return cJSON_GetObjectItemCaseSensitive(json, text);
}

/* Cut "/segment" off the front of `pointer`. */
static struct str next_segment(struct str *pointer)
{
	struct str rest = { pointer->p + 1, pointer->n - 1 };
	struct str segment = rest;
	const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;

	if (slash)
		segment.n = (size_t)(slash - rest.p);
	*pointer = (struct str){ rest.p + segment.n, rest.n - segment.n };
	return segment;
}

const cJSON *match_find(const cJSON *document, struct str pointer)
{
	if (pointer.n && pointer.p[0] != '/')
		return NULL;
	while (pointer.n && document)
		document = step_into(document, next_segment(&pointer));
	return document;
}

static int match_from(struct str pointer, struct str done,
		      const struct value *expected, const cJSON *json,
		      struct arena *a, struct mismatch *out)
{
	struct str rest = pointer, segment, path;
	const cJSON *item;
	int i = 0;

	while (rest.n && json) {
		segment = next_segment(&rest);
		if (!str_is(segment, "*") || cJSON_IsObject(json)) {
			json = step_into(json, segment);
			continue;
		}
		path = (struct str){ pointer.p,
				     (size_t)(segment.p - 1 - pointer.p) };
		if (!cJSON_IsArray(json) || !json->child) {
			differ(expected, json, a, out,
			       cJSON_IsArray(json) ? "the list is empty" : "not a list");
			out->path = arena_printf(a, "%.*s%.*s", STRF(done), STRF(path));
			return -1;
		}
		cJSON_ArrayForEach(item, json) {
			struct str here = arena_printf(a, "%.*s%.*s/%d", STRF(done),
						       STRF(path), i++);

			if (match_from(rest, here, expected, item, a, out) < 0)
				return -1;
		}
		return 0;
	}
	if (match_value(expected, json, a, out) == 0)
		return 0;
	out->path = arena_printf(a, "%.*s%.*s%.*s", STRF(done), STRF(pointer),
				 STRF(out->path));
	return -1;
}

int match_pointer(struct str pointer, const struct value *expected,
		  const cJSON *document, struct arena *a, struct mismatch *out)
{
	if (pointer.n && pointer.p[0] != '/') {
		differ(expected, NULL, a, out, "not a JSON pointer");
		out->path = pointer;
		return -1;
	}
	return match_from(pointer, STR(""), expected, document, a, out);
}

/* ---- Checks before running. --------------------------------------------- */

static int bad_arg(struct diag *d, const struct matcher *m,
		   const struct value *v, const char *expected)
{
	return diag_add(d, v->pos, v->width, "'%s' takes %s, not %s", m->name,
			expected, value_kind_name(v->kind));
}

static int check_regex(const struct value *v, struct diag *d)
{
	char why[200];
	regex_t re;
	int rc;

	if (v->templated)
		return 0;
	rc = regcomp(&re, v->text.p, REG_EXTENDED | REG_NOSUB);
	if (rc == 0) {
		regfree(&re);
		return 0;
	}
	regerror(rc, &re, why, sizeof(why));
	return diag_add(d, v->pos, v->width,
			"not a POSIX extended regular expression: %s", why);
}

static int check_kind_word(const struct value *v, struct diag *d)
{
	for (size_t i = 0; i < KIND_WORDS; i++)
		if (str_is(v->text, kind_words[i]))
			return 0;
	diag_add(d, v->pos, v->width, "'%.*s': expected null, boolean, number, "
		 "string, list or map", STRF(v->text));
	diag_did_you_mean(d, v->text, kind_words, KIND_WORDS);
	return -1;
}

static int check_time(const struct value *v, struct diag *d)
{
	struct err err;
	int64_t ms;

	if (v->templated || clock_parse_iso(v->text, &ms, &err) == 0)
		return 0;
	return diag_add(d, v->pos, v->width, "%s", err.msg);
}

static int check_all(const struct value *list, struct diag *d)
{
	int rc = 0;

	for (size_t i = 0; i < list->count; i++)
		rc |= match_check(list->items[i], d);
	return rc;
}

static int check_fields(const struct matcher *m, const struct value *v, struct diag *d)
{
	bool good = v->kind == VALUE_STR || (v->kind == VALUE_BOOL && v->as.b) ||
		    (v->kind == VALUE_LIST && v->count);

	for (size_t i = 0; v->kind == VALUE_LIST && i < v->count; i++)
		good &= v->items[i]->kind == VALUE_STR;
	return good ? 0 : bad_arg(d, m, v, "a name, a list of names, or true");
}

static int check_order(const struct value *v, struct diag *d)
{
	struct str field;
	bool down;

	if (v->templated || match_order(v->text, &field, &down))
		return 0;
	return diag_add(d, v->pos, v->width,
			"'%.*s': expected asc field, desc field or field", STRF(v->text));
}

static int check_selection(const struct matcher *m, const struct value *v, struct diag *d)
{
	const struct value *those = value_get(v, "those"), *as = value_get(v, "as");

	if (!those || !as || v->count != 2)
		return bad_arg(d, m, v, "{those: ..., as: a page or a list}");
	return match_check(those, d);
}

static int check_arg(const struct matcher *m, const struct value *v, struct diag *d)
{
	bool text = v->kind == VALUE_STR;
	bool number = v->kind == VALUE_INT || v->kind == VALUE_FLOAT;

	switch (m->arg) {
	case MATCHER_ARG_ORDERED:
		return text || number ? 0 : bad_arg(d, m, v, "a number or a string");
	case MATCHER_ARG_ANY:
		/* `like: {type: x}` is what escapes from matchers' names. */
		return str_is(str_of(m->name), "like") && v->kind == VALUE_MAP ?
		       0 : match_check(v, d);
	case MATCHER_ARG_LITERAL:
		return 0;
	case MATCHER_ARG_STR:
		return text || number ? 0 : bad_arg(d, m, v, "a string");
	case MATCHER_ARG_REGEX:
		return text ? check_regex(v, d) :
		       bad_arg(d, m, v, "a regular expression");
	case MATCHER_ARG_LENGTH:
		return v->kind == VALUE_INT || (text && v->templated) || is_matcher(v) ?
		       match_check(v, d) : bad_arg(d, m, v, "a whole number");
	case MATCHER_ARG_LIST:
		if (text && v->templated)	/* a list that was saved */
			return 0;
		return v->kind == VALUE_LIST ? check_all(v, d) :
		       bad_arg(d, m, v, "a list");
	case MATCHER_ARG_TRUE:
		return v->kind == VALUE_BOOL && v->as.b ? 0 :
		       diag_add(d, v->pos, v->width, "'%s' takes true", m->name);
	case MATCHER_ARG_KIND:
		return v->kind == VALUE_NULL || text ? check_kind_word(v, d) :
		       bad_arg(d, m, v, "the name of a kind");
	case MATCHER_ARG_TIME:
		return text ? check_time(v, d) : bad_arg(d, m, v, "a time");
	case MATCHER_ARG_FIELDS:
		return check_fields(m, v, d);
	case MATCHER_ARG_ORDER:
		return text ? check_order(v, d) : bad_arg(d, m, v, "a field to sort by");
	case MATCHER_ARG_SELECTION:
		return check_selection(m, v, d);
	}
	return 0;
}

static int check_map(const struct value *v, struct diag *d)
{
	const char *names[32];
	size_t known = 0;
	int rc = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct matcher *m = find_matcher(v->members[i].key);

		known += m != NULL;
		rc |= m ? check_arg(m, v->members[i].value, d) :
		      match_check(v->members[i].value, d);
	}
	if (known == 0 || known == v->count)
		return rc;
	assert(matcher_count <= 32);
	for (size_t i = 0; i < matcher_count; i++)
		names[i] = matchers[i].name;
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];

		if (find_matcher(m->key))
			continue;
		rc = diag_add(d, m->pos, m->width, "'%.*s' is not a matcher, but "
			      "others here are; {like: {...}} makes all of them "
			      "members", STRF(m->key));
		diag_did_you_mean(d, m->key, names, matcher_count);
	}
	return rc;
}

int match_check(const struct value *v, struct diag *d)
{
	if (v->kind == VALUE_LIST)
		return check_all(v, d);
	return v->kind == VALUE_MAP ? check_map(v, d) : 0;
}
