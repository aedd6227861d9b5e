/*
 * Goal: the JSON report says all, as its schema has it, and is good enough to
 * tell what has changed since.
 * Method: a library reads it; the counts are counted again, from the list of
 * what was judged; a validator of what the schema uses holds it to that.
 */
#include "conformance/report_rig_test.h"
#include "sim/json.h"

/* ---- JSON. -------------------------------------------------------------- */

static const cJSON *member(const cJSON *o, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);

	ck_assert_msg(m != NULL, "no member %s", key);
	return m;
}

static int number(const cJSON *o, const char *key)
{
	ck_assert(cJSON_IsNumber(member(o, key)));
	return member(o, key)->valueint;
}

static const char *string(const cJSON *o, const char *key)
{
	ck_assert_msg(cJSON_IsString(member(o, key)), "%s", key);
	return member(o, key)->valuestring;
}

START_TEST(json_says_all)
{
	struct err err = { 0 };
	struct buf out;
	const cJSON *list, *item;
	cJSON *root;
	int i = 0;

	write_report(&out, 2, NULL);
	root = json_parse(buf_view(&out), &err);
	ck_assert_msg(root != NULL, "%s", err.msg);
	ck_assert_int_eq(number(root, "schema"), 1);
	ck_assert_str_eq(string(root, "seed"), "18446744073709551615");
	ck_assert_str_eq(string(member(root, "target"), "url"), "https://joe:***@example.com");
	ck_assert_str_eq(string(root, "verdict"), "ERROR");
	list = member(root, "checks");
	cJSON_ArrayForEach(item, list) {
		ck_assert_str_eq(string(item, "id"), checks[i].id.p);
		ck_assert_str_eq(string(item, "verdict"), verdict_name(judged[i].verdict));
		ck_assert_str_eq(string(item, "requirement"), judged[i].main);
		ck_assert_int_eq(cJSON_IsTrue(member(item, "in_baseline")),
				 judged[i].comment != NULL);
		i++;
	}
	ck_assert_int_eq(i, CHECKS);
	item = cJSON_GetArrayItem(list, 1);
	item = cJSON_GetArrayItem(member(item, "steps"), 1);
	ck_assert_str_eq(string(item, "curl"), "curl -u 'main:***' https://example.com/ws/v1/"
					       "esim_profiles/inventory");
	cJSON_Delete(root);
	buf_release(&out);
}
END_TEST

START_TEST(json_counts)
{
	static const struct {
		const char *key;
		enum verdict verdict;
	} keys[] = {
		{ "passed", VERDICT_PASS }, { "failed", VERDICT_FAIL },
		{ "errors", VERDICT_ERROR }, { "skipped", VERDICT_SKIP },
		{ "not_reached", VERDICT_NOT_REACHED }, { "warnings", VERDICT_WARN },
	};
	struct err err = { 0 };
	struct buf out;
	const cJSON *summary, *row;
	cJSON *root;

	write_report(&out, 2, NULL);
	root = json_parse(buf_view(&out), &err);
	summary = member(root, "summary");
	for (size_t k = 0; k < 6; k++) {
		int all = 0, levels = 0, groups = 0;

		for (size_t i = 0; i < CHECKS; i++)
			all += judged[i].verdict == keys[k].verdict;
		cJSON_ArrayForEach(row, member(summary, "levels"))
			levels += number(row, keys[k].key);
		cJSON_ArrayForEach(row, member(summary, "groups"))
			groups += number(row, keys[k].key);
		ck_assert_int_eq(number(summary, keys[k].key), all);
		ck_assert_int_eq(levels, all);
		ck_assert_int_eq(groups, all);
	}
	ck_assert_int_eq(cJSON_GetArraySize(member(summary, "levels")), 4);
	ck_assert_int_eq(number(summary, "in_baseline"), 1);
	cJSON_Delete(root);
	buf_release(&out);
}
END_TEST

/* Worst of the checks that cover it; none without checks. */
START_TEST(json_requirements)
{
	static const char *const verdicts[] = { "FAIL", "FAIL", "ERROR", "SKIP", NULL };
	struct err err = { 0 };
	struct buf out;
	const cJSON *row;
	cJSON *root;
	int i = 0;

	write_report(&out, 2, NULL);
	root = json_parse(buf_view(&out), &err);
	cJSON_ArrayForEach(row, member(root, "requirements")) {
		if (verdicts[i])
			ck_assert_str_eq(string(row, "verdict"), verdicts[i]);
		else
			ck_assert_str_eq(string(row, "excluded"), "no check can show it");
		i++;
	}
	ck_assert_int_eq(i, 5);
	cJSON_Delete(root);
	buf_release(&out);
}
END_TEST

/* ---- Why not: of a chain only the beginning. ---------------------------- */

static size_t reasons_like(const char *text, struct tally *t)
{
	tally_count(t, &conformance, &arena);
	for (size_t i = 0; i < t->reason_count; i++)
		if (str_is(t->reasons[i].name, text))
			return t->reasons[i].count;
	return 0;
}

START_TEST(the_reason_behind_reasons)
{
	struct tally t;

	/* query/unjudged waits for inventory/rows, which failed. */
	ck_assert_uint_eq(reasons_like("needs inventory/rows, which failed", &t), 1);
	ck_assert_uint_eq(t.reason_count, 3);
	/* query/readings waits for query/later, and that for query/unjudged. */
	results[5].verdict = results[6].verdict = VERDICT_NOT_REACHED;
	results[5].why = STR("needs query/later, which was not reached");
	results[6].why = STR("needs query/unjudged, which was not reached");
	checks[5].after.list = after[1];
	checks[6].after.list = after[2];
	checks[5].after.count = checks[6].after.count = 1;
	ck_assert_uint_eq(reasons_like("needs inventory/rows, which failed", &t), 3);
	ck_assert_uint_eq(t.reason_count, 1);
	/* What failed was left out: what is known is said. */
	results[1].verdict = VERDICT_NOT_REACHED;
	results[1].why = STR("there are no rows");
	ck_assert_uint_eq(reasons_like("needs inventory/rows, which was not reached: "
				       "there are no rows", &t), 3);
	ck_assert_uint_eq(reasons_like("there are no rows", &t), 1);
	checks[5].after.count = checks[6].after.count = 0;
}
END_TEST

/* ---- The schema, held by a validator of what it uses. ------------------- */

static const cJSON *schema_root;

static bool has_type(const cJSON *v, const char *type)
{
	return strcmp(type, "object") == 0 ? cJSON_IsObject(v) :
	       strcmp(type, "array") == 0 ? cJSON_IsArray(v) :
	       strcmp(type, "string") == 0 ? cJSON_IsString(v) :
	       strcmp(type, "boolean") == 0 ? cJSON_IsBool(v) :
	       strcmp(type, "integer") == 0 ? cJSON_IsNumber(v) &&
					      v->valuedouble == v->valueint : false;
}

static void check_object(const cJSON *schema, const cJSON *v, const char *path);

static void check_value(const cJSON *schema, const cJSON *v, const char *path)
{
	const cJSON *ref = cJSON_GetObjectItem(schema, "$ref"), *item;
	const cJSON *words = cJSON_GetObjectItem(schema, "enum");
	const cJSON *only = cJSON_GetObjectItem(schema, "const");
	const cJSON *type = cJSON_GetObjectItem(schema, "type");
	bool found = !words;

	if (ref) {
		ck_assert(strncmp(ref->valuestring, "#/$defs/", 8) == 0);
		schema = member(member(schema_root, "$defs"), ref->valuestring + 8);
		type = cJSON_GetObjectItem(schema, "type");
	}
	ck_assert_msg(type || words || only, "%s: the schema says nothing", path);
	if (type)
		ck_assert_msg(has_type(v, type->valuestring), "%s: not %s", path,
			      type->valuestring);
	cJSON_ArrayForEach(item, words)
		found |= cJSON_Compare(item, v, true);
	ck_assert_msg(found, "%s: none of the words", path);
	if (only)
		ck_assert_msg(cJSON_Compare(only, v, true), "%s", path);
	if (cJSON_IsObject(v))
		check_object(schema, v, path);
	if (cJSON_IsArray(v))
		cJSON_ArrayForEach(item, v)
			check_value(member(schema, "items"), item, path);
}

static void check_object(const cJSON *schema, const cJSON *v, const char *path)
{
	const cJSON *properties = member(schema, "properties"), *item;

	/* The schema lets others add members; of ours it has to know all. */
	cJSON_ArrayForEach(item, member(schema, "required"))
		ck_assert_msg(cJSON_HasObjectItem(v, item->valuestring), "%s: no %s",
			      path, item->valuestring);
	cJSON_ArrayForEach(item, v) {
		ck_assert_msg(cJSON_HasObjectItem(properties, item->string),
			      "%s: %s is not in the schema", path, item->string);
		check_value(member(properties, item->string), item, item->string);
	}
}

START_TEST(json_is_as_the_schema_says)
{
	struct err err = { 0 };
	struct buf out, text;
	cJSON *root, *schema;

	golden_read(&text, "docs/conformance-report.schema.json");
	schema = json_parse(buf_view(&text), &err);
	ck_assert_msg(schema != NULL, "%s", err.msg);
	schema_root = schema;
	make_older();
	write_report(&out, 2, _i ? &since : NULL);
	root = json_parse(buf_view(&out), &err);
	ck_assert_msg(root != NULL, "%s", err.msg);
	check_value(schema, root, "report");
	ck_assert_int_eq(cJSON_HasObjectItem(root, "compared"), _i);
	cJSON_Delete(root);
	cJSON_Delete(schema);
	buf_release(&out);
	buf_release(&text);
}
END_TEST

/* ---- Compared. ---------------------------------------------------------- */

START_TEST(what_has_changed)
{
	static const struct {
		enum change change;
		const char *id;
		enum verdict was, is;
	} expected[] = {
		{ CHANGE_BROKEN, "inventory/rows", VERDICT_PASS, VERDICT_FAIL },
		{ CHANGE_MENDED, "inventory/answers", VERDICT_FAIL, VERDICT_PASS },
		{ CHANGE_OTHER, "query/words [upper case]", VERDICT_NOT_REACHED, VERDICT_WARN },
		{ CHANGE_NEW, "query/unjudged", 0, VERDICT_NOT_REACHED },
		{ CHANGE_GONE, "inventory/gone", VERDICT_NOT_REACHED, 0 },
	};
	struct differences d;

	make_older();
	comparison_differences(&since, &conformance, &arena, &d);
	ck_assert_uint_eq(d.count, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(d.list[i].change, expected[i].change);
		ck_assert(str_is(d.list[i].id, expected[i].id));
		if (expected[i].change != CHANGE_NEW)
			ck_assert_int_eq(d.list[i].was, expected[i].was);
		if (expected[i].change != CHANGE_GONE)
			ck_assert_int_eq(d.list[i].is, expected[i].is);
		ck_assert_uint_eq(d.of[expected[i].change], 1);
	}
	ck_assert_uint_eq(d.of[CHANGE_NONE], 4);
	ck_assert(str_is(since.suite_hash, "older"));
	ck_assert(str_is(since.depth, "read"));
}
END_TEST

static const struct {
	const char *text, *said;
} no_reports[] = {
	{ "", "x.json: " },
	{ "[]", "x.json: expected a JSON report of esimrig conform" },
	{ "{\"schema\":1,\"tool\":\"esimrig\",\"runs\":[]}", "a JSON report of esimrig conform" },
	{ "{\"kind\":\"conformance\",\"schema\":2}", "another schema than 1" },
	{ "{\"kind\":\"conformance\",\"schema\":1}", "expected 'suite' and 'target'" },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{}}",
	  "'checks': expected a list, found nothing" },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{},\"checks\":[7]}",
	  "x.json: " },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{},"
	  "\"checks\":[{\"id\":\"a\",\"verdict\":\"GOOD\"}]}",
	  "check 1: expected an id and a verdict" },
	{ "{\"kind\":\"conformance\",\"schema\":1,\"suite\":{},\"target\":{},"
	  "\"checks\":[{\"id\":\"a\",\"verdict\":\"PASS\"},{\"id\":\"a\",\"verdict\":\"PASS\"}]}",
	  "a stands there twice" },
};

START_TEST(what_is_no_report_is_refused)
{
	struct err err = { 0 };

	ck_assert_int_eq(comparison_read(&since, "x.json", str_of(no_reports[_i].text),
					 &arena, &err), -1);
	ck_assert_msg(strstr(err.msg, no_reports[_i].said) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct err err = { 0 };

	ck_assert_int_eq(comparison_load(&since, "/nonexistent.json", &arena, &err), -1);
	ck_assert_msg(strstr(err.msg, "/nonexistent.json: ") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conformance/report json");
	TCase *tc = tcase_create("report");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, json_says_all);
	tcase_add_test(tc, json_counts);
	tcase_add_test(tc, json_requirements);
	tcase_add_test(tc, the_reason_behind_reasons);
	tcase_add_loop_test(tc, json_is_as_the_schema_says, 0, 2);
	tcase_add_test(tc, what_has_changed);
	tcase_add_loop_test(tc, what_is_no_report_is_refused, 0,
			    sizeof(no_reports) / sizeof(no_reports[0]));
	tcase_add_test(tc, a_file_that_is_not_there);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
