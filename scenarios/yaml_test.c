/*
 * Goal: YAML's types, places and limits.
 * Method: scalars against a table written from YAML 1.2.2, section 10.3.2;
 * trees against their JSON; each limit from both sides.
 */
#include "scenarios/yaml_text_test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static void bad(const char *text, unsigned line, unsigned column, const char *message)
{
	ck_assert_ptr_null(parse(text));
	ck_assert_uint_eq(diag.count, 1);
	ck_assert_msg(strstr(diag.items[0].message.p, message), "\"%s\" is not in: %s",
		      message, diag.items[0].message.p);
	ck_assert_uint_eq(diag.items[0].pos.line, line);
	ck_assert_uint_eq(diag.items[0].pos.column, column);
}

static const struct {
	const char *text;
	enum value_kind kind;
	double number;
} scalars[] = {
	{ "null", VALUE_NULL, 0 }, { "~", VALUE_NULL, 0 }, { "NULL", VALUE_NULL, 0 },
	{ "Null", VALUE_NULL, 0 }, { "nULL", VALUE_STR, 0 },
	{ "true", VALUE_BOOL, 1 }, { "False", VALUE_BOOL, 0 }, { "TRUE", VALUE_BOOL, 1 },
	{ "yes", VALUE_STR, 0 }, { "no", VALUE_STR, 0 }, { "on", VALUE_STR, 0 },
	{ "off", VALUE_STR, 0 }, { "y", VALUE_STR, 0 }, { "tRUE", VALUE_STR, 0 },
	{ "0", VALUE_INT, 0 }, { "-7", VALUE_INT, -7 }, { "+12", VALUE_INT, 12 },
	{ "0123", VALUE_INT, 123 }, { "0o17", VALUE_INT, 15 }, { "0xFf", VALUE_INT, 255 },
	{ "0o18", VALUE_STR, 0 }, { "0x", VALUE_STR, 0 }, { "1_000", VALUE_STR, 0 },
	{ "9223372036854775807", VALUE_INT, 9223372036854775807.0 },
	{ "9223372036854775808", VALUE_STR, 0 },
	{ "89049032000000000000000000000012", VALUE_STR, 0 },
	{ "1.5", VALUE_FLOAT, 1.5 }, { ".5", VALUE_FLOAT, 0.5 }, { "5.", VALUE_FLOAT, 5 },
	{ "1e3", VALUE_FLOAT, 1000 }, { "-1.5E-1", VALUE_FLOAT, -0.15 },
	{ "1e", VALUE_STR, 0 }, { ".", VALUE_STR, 0 }, { "-", VALUE_STR, 0 },
	{ "1.2.3", VALUE_STR, 0 }, { "190:20:30", VALUE_STR, 0 }, { "5s", VALUE_STR, 0 },
	{ ".inf", VALUE_FLOAT, INFINITY }, { "-.Inf", VALUE_FLOAT, -INFINITY },
	{ "2026-01-01", VALUE_STR, 0 }, { "00000000-00000000-0040FFFF-FF8001B0", VALUE_STR, 0 },
};

START_TEST(core_schema)
{
	struct value v = { .text = str_of(scalars[_i].text) };

	yaml_resolve(&v);
	ck_assert_msg(v.kind == scalars[_i].kind, "%s is %s, not %s", scalars[_i].text,
		      value_kind_name(v.kind), value_kind_name(scalars[_i].kind));
	if (v.kind == VALUE_INT)
		ck_assert_msg((double)v.as.i == scalars[_i].number, "%s", scalars[_i].text);
	if (v.kind == VALUE_FLOAT)
		ck_assert_msg(v.as.f == scalars[_i].number, "%s", scalars[_i].text);
	if (v.kind == VALUE_BOOL)
		ck_assert(v.as.b == (scalars[_i].number != 0));
}
END_TEST

static const char *const trees[][2] = {
	{ "a: 1\nb: [x, 'y', \"z\\n\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"]}" },
	{ "{a: {b: {}}, c: []}", "{\"a\":{\"b\":{}},\"c\":[]}" },
	{ "a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}" },
	{ "a: >-\n  one\n  line\n", "{\"a\":\"one line\"}" },
	{ "a:\nb: ''\nc: 'null'\n", "{\"a\":null,\"b\":\"\",\"c\":\"null\"}" },
	{ "a: &x [1, 2]\nb: *x\nc: {d: *x}\n", "{\"a\":[1,2],\"b\":[1,2],\"c\":{\"d\":[1,2]}}" },
	{ "a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}" },
	{ "- !!str 5\n- ! 6\n", "[\"5\",\"6\"]" },
	{ "%YAML 1.2\n---\na: 1.50\n...\n", "{\"a\":1.5}" },
	{ "\xEF\xBB\xBF" "a: caf\xC3\xA9\n", "{\"a\":\"caf\xC3\xA9\"}" },
	{ "/list/0: 1\n\"\": 2\n? x\n: 3\n", "{\"/list/0\":1,\"\":2,\"x\":3}" },
};

START_TEST(whole_trees)
{
	struct buf json;

	buf_init(&json, 4096);
	value_json(&json, good(trees[_i][0]));
	ck_assert_str_eq(json.p, trees[_i][1]);
	buf_release(&json);
}
END_TEST

START_TEST(places)
{
	const struct value *v = good("a: 1\nb:\n  - \xC3\xA9, x: two\n  - {k: 'q'}\n");
	const struct value *list = value_get(v, "b");
	const struct member *k = value_member(list->items[1], STR("k"));

	ck_assert_uint_eq(value_get(v, "a")->pos.line, 1);
	ck_assert_uint_eq(value_get(v, "a")->pos.column, 4);
	ck_assert_uint_eq(value_member(v, STR("b"))->pos.line, 2);
	ck_assert_uint_eq(list->items[0]->members[0].pos.column, 5);
	/* Columns count characters, not bytes. */
	ck_assert_uint_eq(list->items[0]->members[0].value->pos.column, 11);
	ck_assert_uint_eq(list->items[0]->members[0].value->width, 3);
	ck_assert_uint_eq(k->pos.column, 6);
	ck_assert_uint_eq(k->value->pos.column, 9);
	ck_assert_uint_eq(k->value->width, 3);
	ck_assert(k->value->quoted);
	ck_assert(str_is(pos_line(k->pos), "  - {k: 'q'}"));
}
END_TEST

/* YAML 1.2.2, section 5.2: it is no part of the text. */
START_TEST(byte_order_mark)
{
	char path[] = "/tmp/yaml_test.XXXXXX";
	static const char text[] = "\xEF\xBB\xBF" "a: 1\nb: 2\n";
	const struct source *source;
	const struct value *v;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	diag_init(&diag, &arena);
	source = yaml_read(path, (struct pos){ 0 }, &arena, &diag);
	unlink(path);
	ck_assert_ptr_nonnull(source);
	v = yaml_parse(source, &arena, &diag);
	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(value_get(v, "a")->as.i, 1);
	ck_assert_int_eq(value_get(v, "b")->as.i, 2);
	ck_assert_uint_eq(value_get(v, "a")->pos.column, 4);
	/* Who hides secrets in what is shown goes by these. */
	ck_assert_ptr_eq(v->pos.source, source);
	ck_assert(str_is(pos_line(v->pos), "a: 1"));
}
END_TEST

START_TEST(templates_are_marked)
{
	const struct value *v = good("a: {b: ['${x}']}\nc: {'${k}': 1}\nd: {e: 1}\n");

	ck_assert(v->templated);
	ck_assert(value_get(v, "a")->templated);
	ck_assert(value_get(v, "c")->templated);
	ck_assert(!value_get(v, "d")->templated);
}
END_TEST

START_TEST(refusals)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} rows[] = {
		{ "", 1, 1, "nothing in it" },
		{ "a: 1\nb: 2\n  a: 3\n", 3, 4, "not YAML" },
		{ "a: 1\nb: {c: 1, c: 2}\n", 2, 11, "key 'c' is given twice" },
		{ "a: 1\n---\nb: 2\n", 2, 1, "a second document" },
		{ "a:\n\t- b\n", 2, 1, "a tab cannot indent" },
		{ "a: \"x\\0y\"\n", 1, 4, "NUL byte" },
		{ "a: *x\n", 1, 4, "no anchor &x" },
		{ "a: &x [*x]\n", 1, 8, "inside the value it names" },
		{ "a: !!int 5\n", 1, 4, "only !!str" },
		{ "a: !foo {}\n", 1, 4, "'!foo'" },
		{ "<<: {}\n", 1, 1, "merge keys" },
		{ "[a]: 1\n", 1, 1, "found a list" },
		{ "a: caf\xE9\n", 1, 7, "0xE9 is not UTF-8" },
		{ "\xFF\xFE" "a", 1, 1, "0xFF is not UTF-8" },
		{ "\xED\xA0\x80", 1, 1, "0xED is not UTF-8" },
	};

	bad(rows[_i].text, rows[_i].line, rows[_i].column, rows[_i].message);
}
END_TEST

/* A list in a list, `levels` times. */
static char *nested(int levels)
{
	char *text = arena_alloc(&arena, (size_t)levels * 2 + 1);

	memset(text, '[', (size_t)levels);
	memset(text + levels, ']', (size_t)levels);
	return text;
}

START_TEST(depth_has_a_limit)
{
	good(nested(YAML_DEPTH_MAX));
	bad(nested(YAML_DEPTH_MAX + 1), 1, YAML_DEPTH_MAX + 1, "deeper than 64");
}
END_TEST

/* Aliases nest as well. */
START_TEST(depth_of_aliases)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_z(&b, "a0: &a0 [x]\n");
	for (int i = 1; i < 70; i++)
		buf_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	bad(b.p, 64, 12, "deeper than 64");
	buf_release(&b);
}
END_TEST

START_TEST(nodes_have_a_limit)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_char(&b, '[');
	for (int i = 0; i < YAML_NODES_MAX - 1; i++)
		buf_z(&b, "x,\n");
	buf_char(&b, ']');
	good(b.p);
	buf_clear(&b);
	buf_char(&b, '[');
	for (int i = 0; i < YAML_NODES_MAX; i++)
		buf_z(&b, "x,\n");
	buf_char(&b, ']');
	bad(b.p, YAML_NODES_MAX, 1, "more than 100000 values");
	buf_release(&b);
}
END_TEST

START_TEST(many_keys_are_found)
{
	const struct value *v;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "key_%d: %d\n", i, i);
	v = good(b.p);
	ck_assert_int_eq(value_get(v, "key_19999")->as.i, 19999);
	ck_assert_int_eq(value_get(v, "key_0")->as.i, 0);
	ck_assert_ptr_null(value_get(v, "key_20000"));
	buf_z(&b, "key_777: again\n");
	bad(b.p, 20001, 1, "key 'key_777' is given twice");
	ck_assert(str_is(diag.items[0].hint, "first in line 778"));
	buf_release(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/yaml");
	TCase *tc = tcase_create("yaml");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, core_schema, 0, sizeof(scalars) / sizeof(scalars[0]));
	tcase_add_loop_test(tc, whole_trees, 0, sizeof(trees) / sizeof(trees[0]));
	tcase_add_test(tc, places);
	tcase_add_test(tc, byte_order_mark);
	tcase_add_test(tc, templates_are_marked);
	tcase_add_loop_test(tc, refusals, 0, 15);
	tcase_add_test(tc, depth_has_a_limit);
	tcase_add_test(tc, depth_of_aliases);
	tcase_add_test(tc, nodes_have_a_limit);
	tcase_add_test(tc, many_keys_are_found);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
