/*
 * Goal: what we write is JSON, and what is not JSON is refused with its place.
 * The oracle is cJSON: it reads what we wrote, and wrote what we read.
 */
#include "sim/json.h"
#include "sim/rng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

START_TEST(writer)
{
	struct buf b;
	struct json j;

	buf_init(&b, 1000);
	j = json_to(&b);
	json_open(&j, '{');
	json_putz(&j, "a", "x\"\\\n\x01\x7F");
	json_put_int(&j, "n", INT64_MIN);
	json_put_bool(&j, "t", true);
	json_put_opt(&j, "gone", STR(""));
	json_put_opt(&j, "here", STR("h"));
	json_key(&j, "list");
	json_open(&j, '[');
	json_int(&j, 0);
	json_bool(&j, false);
	json_null(&j);
	json_raw(&j, STR("[1]"));
	json_open(&j, '{');
	json_close(&j, '}');
	json_open(&j, '[');
	json_close(&j, ']');
	json_close(&j, ']');
	json_put(&j, "", STR("last"));
	json_close(&j, '}');
	ck_assert_str_eq(b.p, "{\"a\":\"x\\\"\\\\\\n\\u0001\\u007f\",\"n\":-9223372036854775808,"
			      "\"t\":true,\"here\":\"h\",\"list\":[0,false,null,[1],{},[]],"
			      "\"\":\"last\"}");
	buf_release(&b);
}
END_TEST

/* What stands for a byte in a JSON string (RFC 8259, 7). */
static void escape(int c, char out[8])
{
	static const char named[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf";
	const char *at = strchr(named, c);

	if (at)
		snprintf(out, 8, "\\%c", letters[at - named]);
	else
		snprintf(out, 8, c < 0x20 || c == 0x7F ? "\\u%04x" : "%c", c);
}

/* Wherever it stands, whatever stands beside it. */
START_TEST(any_byte_anywhere)
{
	enum { SIZE = 19 };
	char text[SIZE], expected[SIZE + 10], escaped[8];
	struct buf b;

	buf_init(&b, 1000);
	for (int c = 1; c < 0x80; c++) {
		escape(c, escaped);
		for (int at = 0; at < SIZE; at++) {
			memset(text, 'x', SIZE);
			text[at] = (char)c;
			snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"", at, text,
				 escaped, SIZE - 1 - at, text + at + 1);
			buf_clear(&b);
			json_quote(&b, (struct str){ text, SIZE });
			ck_assert_str_eq(b.p, expected);
		}
	}
	buf_release(&b);
}
END_TEST

/* Text that was cut in the middle of a character keeps the others. */
START_TEST(cut_text)
{
	static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
	static const char *const quoted[] = {
		"", "a", "a\xEF\xBF\xBD", "a\xC3\xA9", "a\xC3\xA9\xEF\xBF\xBD",
		"a\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD", "a\xC3\xA9\xE2\x82\xAC",
	};
	struct buf b;

	buf_init(&b, 1000);
	for (size_t n = 0; n < LEN(quoted); n++) {
		buf_clear(&b);
		json_quote(&b, (struct str){ text, n });
		ck_assert_uint_eq(b.n, strlen(quoted[n]) + 2);
		ck_assert_int_eq(memcmp(b.p + 1, quoted[n], b.n - 2), 0);
	}
	buf_clear(&b);
	json_quote(&b, STR("\xFF\xC3\xA9'\xE2\x82'"));
	ck_assert_str_eq(b.p, "\"\xEF\xBF\xBD\xC3\xA9'\xEF\xBF\xBD\xEF\xBF\xBD'\"");
	buf_release(&b);
}
END_TEST

/* Any bytes but NUL: cJSON reads back the same, if they were text. */
START_TEST(any_string)
{
	static const char *const pieces[] = {
		"a", "\"", "\\", "\n", "\t", "\x1F", "\x7F", "\xC3\xA9", "\xE2\x82\xAC",
		"\xF0\x9F\x98\x80", "/", "\\u0041", "\xFF", "\x80", "\xC3",
	};
	struct err err = { 0 };
	struct rng rng;

	rng_init(&rng, 1, STR("json"), STR("strings"));
	for (int i = 0; i < 5000; i++) {
		struct buf text, quoted;
		cJSON *tree;

		buf_init(&text, 1000);
		buf_init(&quoted, 10000);
		for (uint64_t n = rng_below(&rng, 12); n > 0; n--)
			buf_z(&text, pieces[rng_below(&rng, i % 2 ? LEN(pieces) : 12)]);
		json_quote(&quoted, buf_view(&text));
		ck_assert(str_is_utf8(buf_view(&quoted)));
		tree = json_parse(buf_view(&quoted), &err);
		ck_assert_msg(cJSON_IsString(tree), "%s: %s", quoted.p, err.msg);
		if (str_is_utf8(buf_view(&text)))
			ck_assert_str_eq(tree->valuestring, buf_view(&text).p);
		else
			ck_assert_ptr_nonnull(strstr(tree->valuestring, "\xEF\xBF\xBD"));
		cJSON_Delete(tree);
		buf_release(&text);
		buf_release(&quoted);
	}
}
END_TEST

static cJSON *random_tree(struct rng *rng, int depth)
{
	cJSON *t;

	switch (rng_below(rng, depth > 0 ? 7 : 5)) {
	case 0:
		return cJSON_CreateNumber((double)rng_below(rng, 1000000) - 500000);
	case 1:
		return cJSON_CreateString(rng_below(rng, 2) ? "x\"y\\\n" : "");
	case 2:
		return cJSON_CreateBool((cJSON_bool)rng_below(rng, 2));
	case 3:
		return cJSON_CreateNull();
	case 4:
		return cJSON_CreateNumber(rng_unit(rng) * 1e10);
	case 5:
		t = cJSON_CreateArray();
		for (uint64_t n = rng_below(rng, 4); n > 0; n--)
			cJSON_AddItemToArray(t, random_tree(rng, depth - 1));
		return t;
	default:
		t = cJSON_CreateObject();
		for (uint64_t n = rng_below(rng, 4); n > 0; n--)
			cJSON_AddItemToObject(t, (const char *[]){ "a", "b", "\"", "" }[n],
					      random_tree(rng, depth - 1));
		return t;
	}
}

START_TEST(round_trip)
{
	struct err err = { 0 };
	struct rng rng;

	rng_init(&rng, 2, STR("json"), STR("trees"));
	for (int i = 0; i < 2000; i++) {
		cJSON *tree = random_tree(&rng, 5), *again;
		char *text = i % 2 ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree);

		again = json_parse(str_of(text), &err);
		ck_assert_msg(again != NULL, "%s: %s", text, err.msg);
		ck_assert_msg(cJSON_Compare(tree, again, true), "%s", text);
		cJSON_Delete(tree);
		cJSON_Delete(again);
		cJSON_free(text);
	}
}
END_TEST

static const struct {
	const char *text;
	size_t n;		/* 0: up to the NUL */
	const char *says;
} bad[] = {
	{ "", 0, "found nothing" }, { " \n ", 0, "found nothing" },
	{ "{", 0, "syntax" }, { "}", 0, "syntax" }, { "{\"a\"}", 0, "syntax" },
	{ "{\"a\":}", 0, "syntax" }, { "[1,]", 0, "syntax" }, { "{a:1}", 0, "syntax" },
	{ "nul", 0, "syntax" }, { "\"abc", 0, "syntax" }, { "'a'", 0, "syntax" },
	{ "\"\\q\"", 0, "syntax" }, { "\"\\ud800\"", 0, "syntax" },
	{ "\"\\", 0, "syntax" }, { "\"\\u00", 0, "syntax" }, { "[", 0, "syntax" },
	{ "1 2", 0, "more text" }, { "{} x", 0, "more text" }, { "[]]", 0, "more text" },
	{ "\"a\0b\"", 5, "not UTF-8" }, { "{}\0", 3, "not UTF-8" },
	{ "\"\xFF\"", 0, "not UTF-8" }, { "\"\xC3\"", 0, "not UTF-8" },
	{ "\"\\u0000\"", 0, "NUL" }, { "{\"a\\u0000b\":1}", 0, "NUL" },
};

START_TEST(refused)
{
	struct err err = { 0 };
	struct str text = str_of(bad[_i].text);
	char *exact;
	cJSON *tree;

	if (bad[_i].n)
		text.n = bad[_i].n;
	/* In memory of exactly that size, for the sanitizer to see. */
	exact = malloc(text.n ? text.n : 1);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text.p, text.n);
	tree = json_parse((struct str){ exact, text.n }, &err);
	ck_assert_msg(tree == NULL, "accepted: %s", bad[_i].text);
	ck_assert_msg(strstr(err.msg, bad[_i].says) != NULL, "%s: %s", bad[_i].text, err.msg);
	free(exact);
}
END_TEST

START_TEST(depth)
{
	char text[400];

	for (int deep = 1; deep <= 150; deep++) {
		struct err err = { 0 };
		cJSON *tree;

		memset(text, '[', (size_t)deep);
		memset(text + deep, ']', (size_t)deep);
		tree = json_parse((struct str){ text, (size_t)deep * 2 }, &err);
		ck_assert_int_eq(tree != NULL, deep <= 100);
		ck_assert_int_eq(err.code, deep <= 100 ? ERR_NONE : ERR_LIMIT);
		cJSON_Delete(tree);
	}
}
END_TEST

START_TEST(brackets_in_strings_are_text)
{
	struct err err = { 0 };
	struct buf b;
	cJSON *tree;

	buf_init(&b, 1000);
	buf_z(&b, "\"\\\\\\\"");
	for (int i = 0; i < 300; i++)
		buf_char(&b, '[');
	buf_z(&b, "\\\\u0000\"");
	tree = json_parse(buf_view(&b), &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	ck_assert_ptr_nonnull(strstr(tree->valuestring, "[[\\u0000"));
	cJSON_Delete(tree);
	buf_release(&b);
}
END_TEST

START_TEST(members)
{
	struct err err = { 0 };
	cJSON *t = json_parse(STR("{\"s\":\"x\",\"n\":-5,\"f\":1.5,\"b\":true,\"z\":null,"
				  "\"big\":9007199254740993e3,\"e\":\"\",\"inf\":1e999,\"o\":{}}"), &err);
	struct arena a = { 0 };
	bool truth = false;
	struct str s;
	int64_t n = 0;

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(json_get_str(t, "s", &a, &s, &err), 1);
	ck_assert(str_is(s, "x"));
	ck_assert_int_eq(json_get_str(t, "e", &a, &s, &err), 1);
	ck_assert(s.p && s.n == 0);
	ck_assert_int_eq(json_get_str(t, "z", &a, &s, &err), 0);
	ck_assert_ptr_null(s.p);
	ck_assert_int_eq(json_get_str(t, "S", &a, &s, &err), 0);
	ck_assert_int_eq(json_get_str(t, "n", &a, &s, &err), -1);
	ck_assert_str_eq(err.msg, "\"n\": expected a string, found a number");
	ck_assert_int_eq(json_get_int(t, "n", &n, &err), 1);
	ck_assert_int_eq(n, -5);
	ck_assert_int_eq(json_get_int(t, "none", &n, &err), 0);
	ck_assert_int_eq(json_get_int(t, "f", &n, &err), -1);
	ck_assert_int_eq(json_get_int(t, "big", &n, &err), -1);
	ck_assert_int_eq(json_get_int(t, "inf", &n, &err), -1);
	ck_assert_int_eq(json_get_int(t, "s", &n, &err), -1);
	ck_assert_int_eq(json_get_bool(t, "b", &truth, &err), 1);
	ck_assert(truth);
	ck_assert_int_eq(json_get_bool(t, "z", &truth, &err), 0);
	ck_assert_int_eq(json_get_bool(t, "o", &truth, &err), -1);
	ck_assert_str_eq(err.msg, "\"o\": expected a boolean, found an object");
	cJSON_Delete(t);
	t = json_parse(STR("[1]"), &err);
	ck_assert_int_eq(json_get_str(t, "s", &a, &s, &err), 0);
	cJSON_Delete(t);
	arena_release(&a);
}
END_TEST

START_TEST(members_that_are_there_twice)
{
	struct err err = { 0 };
	cJSON *t = json_parse(STR("{\"s\":null,\"n\":1,\"s\":\"x\",\"l\":[1],\"b\":true,"
				  "\"n\":1,\"L\":[],\"b\":null,\"m\":5,\"l\":[1]}"), &err);
	struct arena a = { 0 };
	const cJSON *list;
	struct str s;
	int64_t n;
	bool b;

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(json_get_str(t, "s", &a, &s, &err), -1);
	ck_assert_str_eq(err.msg, "\"s\": it is there twice");
	ck_assert_ptr_null(s.p);
	ck_assert_int_eq(json_get_int(t, "n", &n, &err), -1);
	ck_assert_int_eq(json_get_bool(t, "b", &b, &err), -1);
	ck_assert_int_eq(json_get_list(t, "l", &list, &err), -1);
	ck_assert_ptr_null(list);
	ck_assert_int_eq(json_once(t, "b", &err), -1);
	ck_assert_str_eq(err.msg, "\"b\": it is there twice");
	ck_assert_int_eq(json_once(t, "m", &err), 0);
	ck_assert_int_eq(json_once(t, "none", &err), 0);
	/* Nobody asked for those. */
	ck_assert_int_eq(json_get_int(t, "m", &n, &err), 1);
	ck_assert_int_eq(json_get_list(t, "L", &list, &err), 1);
	ck_assert(cJSON_IsArray(list));
	ck_assert_int_eq(json_get_list(t, "none", &list, &err), 0);
	ck_assert_int_eq(json_get_list(t, "m", &list, &err), -1);
	ck_assert_str_eq(err.msg, "\"m\": expected a list, found a number");
	cJSON_Delete(t);
	arena_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/json");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, writer);
	tcase_add_test(tc, any_byte_anywhere);
	tcase_add_test(tc, cut_text);
	tcase_add_test(tc, any_string);
	tcase_add_test(tc, round_trip);
	tcase_add_loop_test(tc, refused, 0, LEN(bad));
	tcase_add_test(tc, depth);
	tcase_add_test(tc, brackets_in_strings_are_text);
	tcase_add_test(tc, members);
	tcase_add_test(tc, members_that_are_there_twice);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
