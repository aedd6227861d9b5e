#include "scenarios/match_impl.h"

#include "sim/clock.h"

#include <assert.h>
#include <math.h>
#include <regex.h>

/* Longer texts of what came are cut. */
enum { ACTUAL_SHOWN_MAX = 2000 };

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

int match_differ(const struct value *expected, const cJSON *actual,
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
	match_differ(arg, actual, a, out, reason);
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
		return match_differ(v, actual, a, out, "not a list");
	n = (size_t)cJSON_GetArraySize(actual);
	if (n != v->count) {
		match_differ(v, actual, a, out, "");
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
		return match_differ(v, actual, a, out, "not a map");
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

const struct matcher *match_named(struct str name)
{
	for (size_t i = 0; i < matcher_count; i++)
		if (str_is(name, matchers[i].name))
			return &matchers[i];
	return NULL;
}

bool match_is_matcher(const struct value *v)
{
	if (v->kind != VALUE_MAP || v->count == 0)
		return false;
	for (size_t i = 0; i < v->count; i++)
		if (!match_named(v->members[i].key))
			return false;
	return true;
}

int match_value(const struct value *v, const cJSON *actual, struct arena *a,
		struct mismatch *out)
{
	if (match_is_matcher(v)) {
		for (size_t i = 0; i < v->count; i++) {
			const struct matcher *m = match_named(v->members[i].key);

			if (m->match(v->members[i].value, actual, a, out) < 0)
				return -1;
		}
		return 0;
	}
	if (!actual)
		return match_differ(v, actual, a, out, "");
	if (v->kind == VALUE_MAP)
		return match_subset(v, actual, a, out);
	if (v->kind == VALUE_LIST)
		return match_list(v, actual, a, out);
	return scalar_equal(v, actual) ? 0 : match_differ(v, actual, a, out, "");
}
