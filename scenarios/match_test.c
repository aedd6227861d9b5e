/*
 * Goal: expectations tell right from wrong, and say where and why.
 * Method: rows of (expected, actual, verdict), both sides of every matcher;
 * pointers; what is said of a mismatch; what is refused before a run.
 */
#include "scenarios/match.h"
#include "scenarios/yaml_text_test.h"

#include <stdio.h>
#include <stdlib.h>

static cJSON *json(const char *text)
{
	struct err err = { 0 };
	cJSON *j = json_parse(str_of(text), &err);

	ck_assert_msg(j != NULL, "%s: %s", text, err.msg);
	return j;
}

#define ROWS "[{\"a\":1,\"b\":1},{\"a\":2,\"b\":2},{\"a\":1,\"b\":3}"

/* `actual` NULL: nothing is there. */
static const struct {
	const char *expected, *actual;
	bool matches;
} rows[] = {
	{ "3", "3", true }, { "3", "3.0", true }, { "3.0", "3", true },
	{ "3", "4", false }, { "3", "\"3\"", false }, { "'3'", "\"3\"", true },
	{ "'3'", "3", false }, { "x", "\"x\"", true }, { "x", "\"X\"", false },
	{ "x", NULL, false }, { "null", "null", true }, { "null", NULL, false },
	{ "null", "0", false }, { "true", "true", true }, { "true", "1", false },
	{ "false", "true", false }, { "''", "\"\"", true },
	/* lists */
	{ "[]", "[]", true }, { "[]", "[1]", false }, { "[1, 2]", "[1,2]", true },
	{ "[1, 2]", "[2,1]", false }, { "[{a: 1}]", "[{\"a\":1,\"b\":2}]", true },
	{ "[1]", "{\"0\":1}", false },
	/* maps are subsets */
	{ "{}", "{\"a\":1}", true }, { "{a: 1}", "{\"a\":1,\"b\":2}", true },
	{ "{a: 1, b: 3}", "{\"a\":1,\"b\":2}", false }, { "{a: 1}", "{}", false },
	{ "{A: 1}", "{\"a\":1}", false }, { "{a: {b: {gt: 3}}}", "{\"a\":{\"b\":4}}", true },
	{ "{a: {absent: true}}", "{\"b\":4}", true }, { "{a: null}", "{\"b\":4}", false },
	{ "{}", "[]", false },
	/* order */
	{ "{gt: 3}", "3", false }, { "{gt: 3}", "3.1", true }, { "{gt: 3}", "\"4\"", false },
	{ "{ge: 3}", "3", true }, { "{ge: 3}", "2.9", false }, { "{lt: 3}", "2", true },
	{ "{lt: 3}", "3", false }, { "{le: 3}", "3", true }, { "{le: 3}", "4", false },
	{ "{gt: b}", "\"c\"", true }, { "{gt: b}", "\"b\"", false },
	{ "{lt: b}", "\"a\"", true }, { "{lt: abc}", "\"ab\"", true },
	{ "{gt: 3}", NULL, false }, { "{ge: 1, le: 3}", "2", true },
	{ "{ge: 1, le: 3}", "4", false }, { "{ge: 1, le: 3}", "0", false },
	{ "{gt: .nan}", "1", false },
	/* ne, equals, like */
	{ "{ne: 3}", "4", true }, { "{ne: 3}", "3", false }, { "{ne: 3}", NULL, false },
	{ "{ne: {a: 1}}", "{\"a\":2}", true }, { "{ne: {a: 1}}", "{\"a\":1,\"b\":1}", false },
	{ "{equals: {a: 1}}", "{\"a\":1}", true }, { "{equals: {a: 1}}", "{\"a\":1,\"b\":2}", false },
	{ "{equals: {gt: 3}}", "{\"gt\":3}", true }, { "{equals: [1, [2]]}", "[1,[2]]", true },
	{ "{equals: [1]}", "[1,2]", false }, { "{equals: [1, 2]}", "[1]", false },
	{ "{equals: {a: 1}}", NULL, false }, { "{equals: []}", NULL, false },
	{ "{like: {length: 3}}", "{\"length\":3,\"a\":1}", true },
	{ "{like: {length: 3}}", "\"abc\"", false },
	{ "{like: {length: {gt: 2}}}", "{\"length\":3}", true },
	/* strings */
	{ "{matches: '^a.c$'}", "\"abc\"", true }, { "{matches: '^a.c$'}", "\"abcd\"", false },
	{ "{matches: '[0-9]{3}'}", "\"x123\"", true }, { "{matches: x}", "5", false },
	{ "{contains: b}", "\"abc\"", true }, { "{contains: d}", "\"abc\"", false },
	{ "{contains: 2}", "[1,2]", true }, { "{contains: 3}", "[1,2]", false },
	{ "{contains: {a: 1}}", "[{\"a\":2},{\"a\":1,\"b\":1}]", true },
	{ "{contains: a}", "{\"a\":1}", false }, { "{contains: 8.2}", "\"x8.2.7\"", true },
	{ "{starts-with: ab}", "\"abc\"", true }, { "{starts-with: bc}", "\"abc\"", false },
	{ "{ends-with: bc}", "\"abc\"", true }, { "{ends-with: ab}", "\"abc\"", false },
	{ "{starts-with: 8.2}", "\"8.2.7\"", true }, { "{ends-with: 7}", "\"8.2.7\"", true },
	{ "{starts-with: a}", "5", false }, { "{ends-with: a}", NULL, false },
	/* length */
	{ "{length: 3}", "\"abc\"", true }, { "{length: 2}", "\"\xC3\xA4\xC3\xB6\"", true },
	{ "{length: 2}", "[1,2]", true }, { "{length: 2}", "{\"a\":1}", false },
	{ "{length: {ge: 1}}", "[1,2]", true }, { "{length: 0}", "[]", true },
	{ "{length: 1}", "5", false }, { "{length: 0}", "null", false },
	/* sets */
	{ "{one-of: [a, b]}", "\"b\"", true }, { "{one-of: [a, b]}", "\"c\"", false },
	{ "{one-of: [{absent: true}, 5]}", NULL, true }, { "{one-of: []}", "1", false },
	{ "{none-of: [a, b]}", "\"c\"", true }, { "{none-of: [a, b]}", "\"a\"", false },
	{ "{unordered: [1, 2]}", "[2,1]", true }, { "{unordered: [1, 2]}", "[2,2]", false },
	{ "{unordered: [1, 2]}", "[1,2,3]", false }, { "{unordered: []}", "[]", true },
	/* a greedy choice would take the 5 for the first */
	{ "{unordered: [{gt: 3}, {gt: 4}]}", "[5,4]", true },
	{ "{unordered: [{gt: 4}, {gt: 3}, {gt: 2}]}", "[3,5,4]", true },
	{ "{unordered: [{gt: 4}, {gt: 4}]}", "[5,4]", false },
	{ "{every: {a: 1}}", "[{\"a\":1},{\"a\":1}]", true },
	{ "{every: {a: 1}}", "[{\"a\":1},{\"a\":2}]", false }, { "{every: 1}", "[]", false },
	{ "{every: 1}", "1", false },
	/* unique */
	{ "{unique: a}", "[{\"a\":1},{\"a\":2},{\"a\":1.5}]", true },
	{ "{unique: a}", "[{\"a\":1},{\"a\":2},{\"a\":1}]", false },
	{ "{unique: a}", "[{\"a\":1},{\"a\":\"1\"}]", true }, { "{unique: a}", "[{},{\"a\":null}]", false },
	{ "{unique: [a, b]}", "[{\"a\":1,\"b\":1},{\"a\":1,\"b\":2}]", true },
	{ "{unique: [a, b]}", "[{\"a\":\"x\",\"b\":\"y\"},{\"a\":\"x\\ny\",\"b\":\"\"}]", true },
	{ "{unique: [a, b]}", "[{\"a\":1,\"b\":1},{},{\"a\":1,\"b\":1}]", false },
	{ "{unique: true}", "[1,2,3]", true }, { "{unique: true}", "[1,[2],3,[2]]", false },
	{ "{unique: true}", "[]", true }, { "{unique: a}", "{}", false }, { "{unique: a}", NULL, false },
	/* sorted */
	{ "{sorted: a}", "[{\"a\":9},{\"a\":9},{\"a\":10}]", true },
	{ "{sorted: a}", "[{\"a\":10},{\"a\":9}]", false },
	{ "{sorted: desc a}", "[{\"a\":10},{\"a\":9}]", true },
	{ "{sorted: desc a}", "[{\"a\":9},{\"a\":10}]", false },
	{ "{sorted: asc}", "[1,2,3]", true }, { "{sorted: desc}", "[1,2,3]", false },
	{ "{sorted: desc}", "[3,2,2]", true }, { "{sorted: asc}", "[]", true },
	{ "{sorted: asc}", "[1]", true }, { "{sorted: asc}", "5", false }, { "{sorted: asc}", NULL, false },
	{ "{sorted: asc}", "[\"B\",\"a\"]", true },	/* by code points */
	{ "{sorted: asc}", "[\"a\",\"B\"]", true },	/* without case */
	{ "{sorted: asc}", "[\"a\",\"C\",\"B\"]", false },
	{ "{sorted: asc}", "[\"a\",\"B\",\"C\",\"b\"]", false },	/* one way or another, not both */
	{ "{sorted: asc}", "[\"e\",\"\u00C9\",\"f\"]", true },	/* without accents */
	{ "{sorted: asc}", "[\"e\",\"f\",\"\u00C9\"]", true },
	{ "{sorted: asc}", "[\"e\",\"g\",\"\u00C9\",\"f\"]", false },
	{ "{sorted: asc}", "[\"ab\",\"a-c\",\"(ad)\"]", true },	/* letters only */
	{ "{sorted: asc}", "[\"ab\",\"a-d\",\"(ac)\"]", false },
	{ "{sorted: asc}", "[\"9\",\"10\"]", true }, { "{sorted: asc}", "[\"10\",\"9\"]", true },
	{ "{sorted: asc}", "[\"9\",\"10\",\"8\"]", false },
	{ "{sorted: a}", "[{},{\"a\":null},{\"a\":\"\"},{\"a\":\"x\"}]", true },
	{ "{sorted: a}", "[{\"a\":\"x\"},{\"a\":\"y\"},{}]", true },
	{ "{sorted: desc a}", "[{},{\"a\":\"y\"},{\"a\":\"x\"}]", true },
	{ "{sorted: a}", "[{\"a\":\"x\"},{},{\"a\":\"y\"}]", false },
	{ "{sorted: a}", "[{},{\"a\":\"y\"},{}]", false },
	/* selects */
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}, {a: 1, b: 3}]}}", ROWS "]", true },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 3}, {a: 1, b: 1}]}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}]}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: []}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}, {a: 2, b: 2}, {a: 1, b: 3}]}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}, {a: 1, b: 3}, {a: 1, b: 4}]}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: [{a: 1}, {a: 1}]}}", ROWS "]", false },
	{ "{selects: {those: {a: 5}, as: []}}", ROWS "]", true },
	{ "{selects: {those: {a: 1}, as: {list: [{a: 1, b: 1}], cursor: x}}}", ROWS "]", true },
	{ "{selects: {those: {a: 1}, as: {list: [{a: 1, b: 1}], cursor: ''}}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: {list: [{a: 1, b: 3}], cursor: x}}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}, {a: 1, b: 3}, {a: 1, b: 4}]}}",
	  "{\"cursor\":\"x\",\"list\":" ROWS "]}", true },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}, {a: 1, b: 4}, {a: 1, b: 5}]}}",
	  "{\"cursor\":\"x\",\"list\":" ROWS "]}", false },
	{ "{selects: {those: {a: 1}, as: [{a: 1, b: 1}]}}", "{\"cursor\":\"x\",\"list\":" ROWS "]}", false },
	{ "{selects: {those: {a: 1}, as: 5}}", ROWS "]", false },
	{ "{selects: {those: {a: 1}, as: []}}", "5", false }, { "{selects: {those: {a: 1}, as: []}}", NULL, false },
	/* ignoring-case */
	{ "{ignoring-case: aBc}", "\"AbC\"", true }, { "{ignoring-case: abc}", "\"abd\"", false },
	{ "{ignoring-case: {starts-with: AB}}", "\"abc\"", true },
	{ "{ignoring-case: {starts-with: AC}}", "\"abc\"", false },
	{ "{ignoring-case: {a: [X, {one-of: [Y]}]}}", "{\"a\":[\"x\",\"y\"]}", true },
	{ "{ignoring-case: {A: x}}", "{\"a\":\"x\"}", false }, { "{ignoring-case: 5}", "5", true },
	{ "{ignoring-case: x}", NULL, false }, { "{ignoring-case: {absent: true}}", NULL, true },
	{ "{ignoring-case: \"\u00C9\"}", "\"\u00E9\"", false },
	/* as-text */
	{ "{as-text: 3}", "\"3\"", true }, { "{as-text: '3'}", "3", true }, { "{as-text: 3}", "\"4\"", false },
	{ "{as-text: [{a: 1}, {a: x}]}", "[{\"a\":\"1\"},{\"a\":\"x\",\"b\":\"\"}]", true },
	{ "{as-text: [{a: 1}]}", "[{\"a\":\"1\"},{\"a\":\"x\"}]", false },
	{ "{as-text: [{a: 1, b: 2}]}", "[{\"a\":\"1\"}]", false }, { "{as-text: [1]}", "[\"2\"]", false },
	{ "{as-text: {a: 1}}", "[]", false }, { "{as-text: {}}", "5", false }, { "{as-text: 3}", NULL, false },
	{ "{as-text: true}", "\"true\"", true },
	/* csv */
	{ "{csv: {columns: [a, b], count: 2, list: [{a: '1', b: x}, {a: '', b: ''}]}}",
	  "\"a,b\\r\\n1,x\\r\\n,\\r\\n\"", true },
	{ "{csv: {list: [{a: 'x, \"y\"'}, {a: \"l\\nm\"}]}}",
	  "\"a\\n\\\"x, \\\"\\\"y\\\"\\\"\\\"\\n\\\"l\\nm\\\"\"", true },
	{ "{csv: {count: 0, list: []}}", "\"a,b\\n\"", true }, { "{csv: {count: 0}}", "\"a,b\"", true },
	{ "{csv: {count: 1}}", "\"a,b\\n1\\n\"", false }, { "{csv: {count: 1}}", "\"a,b\\n1,2,3\\n\"", false },
	{ "{csv: {count: 1}}", "\"a\\nx\\\"y\\n\"", false }, { "{csv: {count: 1}}", "\"a\\n\\\"y\\n\"", false },
	{ "{csv: {count: 1}}", "\"a,a\\n1,2\\n\"", false }, { "{csv: {count: 0}}", "\"\"", false },
	{ "{csv: {count: 1}}", "5", false }, { "{csv: {count: 1}}", NULL, false },
	{ "{csv: {list: {every: {a: {gt: '0'}}}}}", "\"a\\n1\\n2\\n\"", true },
	{ "{csv: {list: {every: {a: {gt: '1'}}}}}", "\"a\\n1\\n2\\n\"", false },
	/* presence and kind */
	{ "{absent: true}", NULL, true }, { "{absent: true}", "null", false },
	{ "{present: true}", "null", true }, { "{present: true}", NULL, false },
	{ "{is-a: string}", "\"\"", true }, { "{is-a: string}", "1", false },
	{ "{is-a: null}", "null", true }, { "{is-a: number}", "1.5", true },
	{ "{is-a: boolean}", "false", true }, { "{is-a: list}", "[]", true },
	{ "{is-a: map}", "{}", true }, { "{is-a: map}", "[]", false },
	{ "{is-a: 'null'}", NULL, false },
	/* times */
	{ "{before: '2026-01-01T00:00:01Z'}", "\"2026-01-01T00:00:00.999Z\"", true },
	{ "{before: '2026-01-01T00:00:01Z'}", "\"2026-01-01T00:00:01.000Z\"", false },
	{ "{after: '2026-01-01T00:00:01Z'}", "\"2026-01-01T00:00:01.001Z\"", true },
	{ "{after: '2026-01-01T00:00:01Z'}", "\"2026-01-01T02:00:01+02:00\"", false },
	{ "{after: '2026-01-01T00:00:01Z'}", "\"never\"", false },
	{ "{after: '2026-01-01T00:00:01Z'}", "5", false },
};

START_TEST(both_sides)
{
	cJSON *actual = rows[_i].actual ? json(rows[_i].actual) : NULL;
	struct mismatch m = { 0 };
	int rc = match_value(good(rows[_i].expected), actual, &arena, &m);

	ck_assert_msg((rc == 0) == rows[_i].matches, "%s with %s", rows[_i].expected,
		      rows[_i].actual ? rows[_i].actual : "nothing");
	if (rc < 0) {
		ck_assert(m.expected.n > 0);
		ck_assert(m.actual.n > 0);
		ck_assert(m.path.p != NULL);
	}
	ck_assert_int_eq(match_check(good(rows[_i].expected), &diag), 0);
	cJSON_Delete(actual);
}
END_TEST

#define DOCUMENT "{\"list\":[{\"id\":1,\"status\":\"active\"},{\"id\":2,\"status\":\"inactive\"}]," \
		 "\"a/b\":{\"c~d\":5},\"\":6,\"empty\":[],\"*\":7,\"deep\":[[1,2],[1]]}"

static const struct {
	const char *pointer, *expected;
	bool matches;
	const char *path;	/* of the mismatch */
} pointers[] = {
	{ "/list/0/id", "1", true, "" }, { "/list/1/id", "1", false, "/list/1/id" },
	{ "/list/2/id", "1", false, "/list/2/id" }, { "/list/00/id", "1", false, "/list/00/id" },
	{ "/list/-1", "1", false, "/list/-1" }, { "/a~1b/c~0d", "5", true, "" },
	{ "/", "6", true, "" }, { "", "{list: {length: 2}}", true, "" },
	{ "", "{list: {length: 3}}", false, "/list" },
	{ "/list", "[{id: 1}, {id: 3}]", false, "/list/1/id" },
	{ "/list/*/id", "{gt: 0}", true, "" }, { "/list/*/status", "active", false, "/list/1/status" },
	{ "/list/*/none", "{absent: true}", true, "" }, { "/list/*", "{id: {le: 2}}", true, "" },
	{ "/empty/*", "{absent: true}", false, "/empty" }, { "/empty/*/x", "1", false, "/empty" },
	{ "/nowhere/*", "1", false, "/nowhere/*" }, { "/a~1b/*", "5", false, "/a~1b/*" },
	{ "/*", "7", true, "" }, { "/deep/*/0", "1", true, "" },
	{ "/deep/*/*", "1", false, "/deep/0/1" }, { "/nowhere", "{absent: true}", true, "" },
	{ "/nowhere/deeper", "{absent: true}", true, "" }, { "list", "{}", false, "list" },
};

START_TEST(through_pointers)
{
	cJSON *document = json(DOCUMENT);
	struct mismatch m = { 0 };
	int rc = match_pointer(str_of(pointers[_i].pointer), good(pointers[_i].expected),
			       document, &arena, &m);

	ck_assert_msg((rc == 0) == pointers[_i].matches, "%s: %s", pointers[_i].pointer,
		      pointers[_i].expected);
	if (rc < 0)
		ck_assert_msg(str_is(m.path, pointers[_i].path), "%s: path is '%.*s'",
			      pointers[_i].pointer, STRF(m.path));
	cJSON_Delete(document);
}
END_TEST

START_TEST(find)
{
	cJSON *document = json(DOCUMENT);

	ck_assert_int_eq(match_find(document, STR("/list/1/id"))->valueint, 2);
	ck_assert_ptr_eq(match_find(document, STR("")), document);
	ck_assert_ptr_null(match_find(document, STR("/list/1/id/x")));
	ck_assert_ptr_null(match_find(document, STR("list")));
	ck_assert_ptr_null(match_find(NULL, STR("/x")));
	cJSON_Delete(document);
}
END_TEST

static const struct {
	const char *expected, *actual, *path, *says_expected, *says_actual, *reason;
} words[] = {
	{ "active", "\"inactive\"", "", "\"active\"", "\"inactive\"", "" },
	{ "{gt: 3}", "2", "", "{gt: 3}", "2", "" },
	{ "{gt: 3}", "\"x\"", "", "{gt: 3}", "\"x\"", "cannot be compared" },
	{ "{a: {b: {one-of: [x, 2]}}}", "{\"a\":{\"b\":null}}", "/a/b", "{one-of: [\"x\", 2]}",
	  "null", "" },
	{ "[1, 2]", "[1]", "", "[1, 2]", "[1]", "1 items, expected 2" },
	{ "{a/b: 1}", "{}", "/a~1b", "1", "nothing", "" },
	{ "{length: 3}", "\"ab\"", "", "{length: 3}", "\"ab\"", "its length is 2" },
	{ "{every: {a: 1}}", "[{\"a\":2}]", "/0/a", "1", "2", "" },
	{ "{unordered: [1, 2]}", "[1,3]", "", "{unordered: [1, 2]}", "[1,3]",
	  "nothing is left for 2" },
	{ "{'a b': 1}", "3", "", "{\"a b\": 1}", "3", "not a map" },
	{ "{unique: a}", "[{\"a\":1},{\"a\":2},{\"a\":1}]", "", "{unique: \"a\"}", "{\"a\":1}",
	  "items 0 and 2 are alike" },
	{ "{sorted: a}", "[{},{\"a\":1},{\"a\":3},{\"a\":2}]", "/3", "{sorted: \"a\"}", "2",
	  "item 3 must not stand behind item 2" },
	{ "{selects: {those: {a: 1}, as: [{a: 1}, {a: 2}]}}", "[{\"a\":1},{\"a\":3}]", "", "nothing",
	  "{a: 2}", "1 items match, and here is one more" },
	{ "{selects: {those: {a: 1}, as: []}}", "[{\"a\":1}]", "", "{\"a\":1}", "nothing",
	  "0 items are there, and this one is missing" },
	{ "{selects: {those: {a: 1}, as: [{a: 2}]}}", "[{\"a\":1}]", "", "{\"a\":1}", "{a: 2}",
	  "item 0 of what matches is another" },
	{ "{as-text: [1, 2, 3]}", "[\"1\",\"4\",\"3\"]", "/1", "{as-text: 2}", "\"4\"", "" },
	{ "{csv: {list: [{a: x}]}}", "\"a\\ny\\n\"", "/list/0/a", "\"x\"", "\"y\"", "" },
	{ "{csv: {count: 1}}", "\"a\\n1,2\\n\"", "", "{csv: {count: 1}}", "\"a\\n1,2\\n\"",
	  "no CSV: line 2: more values than there are columns" },
};

START_TEST(what_is_said)
{
	cJSON *actual = json(words[_i].actual);
	struct mismatch m;

	ck_assert_int_eq(match_value(good(words[_i].expected), actual, &arena, &m), -1);
	ck_assert_msg(str_is(m.path, words[_i].path), "%.*s", STRF(m.path));
	ck_assert_msg(str_is(m.expected, words[_i].says_expected), "%.*s", STRF(m.expected));
	ck_assert_msg(str_is(m.actual, words[_i].says_actual), "%.*s", STRF(m.actual));
	ck_assert_msg(str_is(m.reason, words[_i].reason), "%.*s", STRF(m.reason));
	cJSON_Delete(actual);
}
END_TEST

/* Long answers are cut between characters. */
START_TEST(long_answers_are_cut)
{
	struct mismatch m;
	struct buf b;
	cJSON *actual;

	buf_init(&b, 1 << 20);
	buf_z(&b, "\"x");
	for (int i = 0; i < 5000; i++)
		buf_z(&b, "\xC3\xA4");
	buf_char(&b, '"');
	actual = json(b.p);
	ck_assert_int_eq(match_value(good("5"), actual, &arena, &m), -1);
	ck_assert_uint_lt(m.actual.n, 2100);
	ck_assert(str_is_utf8(m.actual));
	ck_assert(str_ends(m.actual, STR("...")));
	cJSON_Delete(actual);
	buf_release(&b);
}
END_TEST

static const char *const refused[] = {
	"{gt: [1]}", "{gt: true}", "{matches: '('}", "{matches: 5}", "{starts-with: [5]}",
	"{length: many}", "{length: [1]}", "{one-of: 5}", "{one-of: [{gt: []}]}", "{absent: false}",
	"{present: 1}", "{is-a: thing}", "{before: today}", "{gt: 3, other: 4}",
	"{a: [{b: {unordered: 5}}]}", "{every: {gt: null}}", "{unique: false}", "{unique: []}",
	"{unique: [1]}", "{sorted: 5}", "{sorted: up a}", "{sorted: asc a b}", "{selects: [1]}",
	"{selects: {those: {a: 1}}}", "{selects: {those: {gt: []}, as: []}}",
	"{selects: {those: {}, as: [], with: 1}}", "{csv: {list: {gt: []}}}",
};

/* What a template stood for is known only now: it may be no list. */
START_TEST(no_list_was_saved)
{
	static const char *const names[] = { "one-of", "none-of", "unordered" };
	struct mismatch m = { 0 };
	char text[32];
	cJSON *actual = json("[]");

	snprintf(text, sizeof(text), "{%s: 5}", names[_i]);
	ck_assert_int_eq(match_value(good(text), actual, &arena, &m), -1);
	ck_assert_msg(str_is(m.reason, "takes a list"), "%.*s", STRF(m.reason));
	cJSON_Delete(actual);
}
END_TEST

START_TEST(templates_may_be_anything)
{
	ck_assert_int_eq(match_check(good("[{length: '${n}'}, {matches: '${r}('}, "
					  "{before: '${t}'}, {gt: '${n}'}, "
					  "{one-of: '${l}'}, {unordered: '${l}'}]"), &diag), 0);
}
END_TEST

START_TEST(refused_before_a_run)
{
	ck_assert_msg(match_check(good(refused[_i]), &diag) == -1, "%s", refused[_i]);
	ck_assert_uint_gt(diag.count, 0);
}
END_TEST

/* No two matchers of one name, and each is in the reference. */
START_TEST(table)
{
	for (size_t i = 0; i < matcher_count; i++) {
		ck_assert_int_gt((int)strlen(matchers[i].help), 0);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(matchers[i].name, matchers[k].name);
	}
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *suite = suite_create("scenarios/match");
	TCase *tc = tcase_create("match");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, both_sides, 0, COUNT(rows));
	tcase_add_loop_test(tc, through_pointers, 0, COUNT(pointers));
	tcase_add_test(tc, find);
	tcase_add_loop_test(tc, what_is_said, 0, COUNT(words));
	tcase_add_test(tc, long_answers_are_cut);
	tcase_add_loop_test(tc, refused_before_a_run, 0, COUNT(refused));
	tcase_add_loop_test(tc, no_list_was_saved, 0, 3);
	tcase_add_test(tc, templates_may_be_anything);
	tcase_add_test(tc, table);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
