/*
 * Goal: the JSON Schema has everything that the tables have.
 * Method: it is JSON; every reference leads somewhere and nothing is left
 * over; each schema's definition has each key, with the key's own words, and
 * requires what the table requires.  Whether it takes the right files is for
 * `make schema` to say, with a validator that is not ours.
 */
#include "scenarios/match.h"
#include "scenarios/quirk.h"
#include "scenarios/schema.h"
#include "sim/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static cJSON *tree;

static void read_as(bool fragment)
{
	struct buf text;
	struct err err;

	buf_init(&text, 8 << 20);
	schema_write_json(&text, fragment);
	ck_assert(!text.over);
	tree = json_parse(buf_view(&text), &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	buf_release(&text);
}

static void read_schema(void)
{
	read_as(false);
}

static void drop_schema(void)
{
	cJSON_Delete(tree);
}

static cJSON *member(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static cJSON *find(const char *pointer)
{
	const cJSON *at = tree;

	ck_assert_msg(strncmp(pointer, "#/", 2) == 0, "%s", pointer);
	return (cJSON *)(uintptr_t)match_find(at, str_of(pointer + 1));
}

/* `used` counts how often each definition is named. */
static void follow(const cJSON *at, cJSON *used)
{
	const cJSON *ref = member(at, "$ref"), *item;

	if (cJSON_IsString(ref)) {
		const char *name = strrchr(ref->valuestring, '/') + 1;

		ck_assert_msg(find(ref->valuestring) != NULL, "%s", ref->valuestring);
		if (!member(used, name))
			cJSON_AddTrueToObject(used, name);
	}
	cJSON_ArrayForEach(item, at)
		if (cJSON_IsObject(item) || cJSON_IsArray(item))
			follow(item, used);
}

START_TEST(references_lead_somewhere)
{
	cJSON *used = cJSON_CreateObject();
	const cJSON *def;

	follow(tree, used);
	cJSON_ArrayForEach(def, member(tree, "$defs"))
		/* Each quirk of that one is named by itself. */
		ck_assert_msg(member(used, def->string) ||
			      strcmp(def->string, "quirks-by-name") == 0, "%s is not used",
			      def->string);
	cJSON_Delete(used);
}
END_TEST

static const char *without_article(const char *name)
{
	const char *space = strchr(name, ' ');

	return space && space - name <= 3 ? space + 1 : name;
}

static bool requires(const cJSON *def, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, member(def, "required"))
		if (strcmp(item->valuestring, name) == 0)
			return true;
	return false;
}

static void check_keys(const cJSON *def, const struct schema *schema)
{
	for (const struct schema *s = schema; s; s = s->base)
		for (size_t i = 0; i < s->key_count; i++) {
			const struct schema_key *key = &s->keys[i];
			const cJSON *property = member(member(def, "properties"), key->name);
			const cJSON *text = member(property, "description");

			ck_assert_msg(property != NULL, "%s: %s", schema->name, key->name);
			ck_assert_msg(!*key->help || strncmp(text->valuestring, key->help,
							     strlen(key->help)) == 0,
				      "%s: %s", schema->name, key->name);
			ck_assert_msg(requires(def, key->name) == key->required ||
				      schema == &schema_scenario, "%s: %s", schema->name,
				      key->name);
		}
}

START_TEST(has_every_key)
{
	char name[100];

	/* Without what any step may have, for each kind of step has that. */
	for (size_t i = 0; i < schema_count; i++) {
		if (strcmp(schema_list[i]->name, "a step") == 0)
			continue;
		snprintf(name, sizeof(name), "#/$defs/%s",
			 without_article(schema_list[i]->name));
		for (char *c = name; *c; c++)
			if (*c == ' ' || *c == '\'' || *c == '+')
				*c = '-';
		ck_assert_msg(find(name) != NULL, "%s", name);
		check_keys(find(name), schema_list[i]);
	}
	for (size_t i = 0; i < ACTIONS; i++) {
		snprintf(name, sizeof(name), "#/$defs/%s", action_forms[i].name);
		if (action_forms[i].args)
			check_keys(find(name), action_forms[i].args);
	}
}
END_TEST

static size_t count_of(const char *pointer)
{
	ck_assert_msg(find(pointer) != NULL, "%s", pointer);
	return (size_t)cJSON_GetArraySize(find(pointer));
}

START_TEST(has_every_word)
{
	ck_assert_uint_eq(count_of("#/$defs/quirks-by-name"), quirk_count());
	ck_assert_uint_eq(count_of("#/$defs/quirk-name/enum"), quirk_count());
	ck_assert_uint_eq(count_of("#/$defs/matcher/properties"), matcher_count);
	ck_assert_uint_eq(count_of("#/$defs/expect/properties"), expect_word_count + 1);
	ck_assert_uint_eq(count_of("#/$defs/step/properties"), step_form_count);
	ck_assert_uint_eq(count_of("#/$defs/latencies/properties"), DELAYS);
	ck_assert_uint_eq(count_of("#/$defs/invariant/enum"), INVARIANTS);
}
END_TEST

START_TEST(a_fragment_requires_nothing)
{
	ck_assert_ptr_nonnull(member(tree, "anyOf"));
	drop_schema();
	read_as(true);
	ck_assert_ptr_null(member(tree, "anyOf"));
	ck_assert_ptr_null(member(tree, "required"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/schema_json");
	TCase *tc = tcase_create("schema");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, read_schema, drop_schema);
	tcase_add_test(tc, references_lead_somewhere);
	tcase_add_test(tc, has_every_key);
	tcase_add_test(tc, has_every_word);
	tcase_add_test(tc, a_fragment_requires_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
