/* What a scenario may expect, as a part of its JSON Schema: from the matchers. */
#include "scenarios/schema_json_impl.h"

#include "scenarios/load.h"
#include "scenarios/match.h"

static const char *matcher_takes(enum matcher_arg arg)
{
	switch (arg) {
	case MATCHER_ARG_ORDERED:
	case MATCHER_ARG_STR:
		return "{\"$ref\":\"#/$defs/text\"}";
	case MATCHER_ARG_ANY:
		return "{\"$ref\":\"#/$defs/expected\"}";
	case MATCHER_ARG_LITERAL:
		return "true";
	case MATCHER_ARG_REGEX:
	case MATCHER_ARG_ORDER:
		return "{\"type\":\"string\"}";
	case MATCHER_ARG_LENGTH:
		return "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"object\",\"allOf\":["
		       "{\"$ref\":\"#/$defs/expected\"}]}]}";
	case MATCHER_ARG_LIST:
		return "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/expected\"}}";
	case MATCHER_ARG_TRUE:
		return "{\"const\":true}";
	case MATCHER_ARG_KIND:
		return "{\"enum\":[null,\"null\",\"boolean\",\"number\",\"string\",\"list\","
		       "\"map\"]}";
	case MATCHER_ARG_TIME:
		return "{\"$ref\":\"#/$defs/time\"}";
	case MATCHER_ARG_FIELDS:
		return "{\"anyOf\":[{\"const\":true},{\"type\":\"string\"},{\"type\":\"array\","
		       "\"minItems\":1,\"items\":{\"type\":\"string\"}}]}";
	case MATCHER_ARG_SELECTION:
		return "{\"type\":\"object\",\"required\":[\"those\",\"as\"],\"properties\":"
		       "{\"those\":{\"$ref\":\"#/$defs/expected\"},\"as\":true},"
		       "\"additionalProperties\":false}";
	}
	return "true";
}

static void put_matcher(struct json *j, const struct matcher *m)
{
	json_key(j, m->name);
	json_open(j, '{');
	json_putz(j, "description", m->help);
	json_key(j, "anyOf");
	json_open(j, '[');
	/* What escapes from the names of matchers may be any map. */
	put_raw(j, strcmp(m->name, "like") == 0 ? "true" : matcher_takes(m->arg));
	put_raw(j, TEMPLATE);
	json_close(j, ']');
	json_close(j, '}');
}

/* A map is a matcher if it has the name of one; then all keys are such. */
static void put_expected(struct json *j)
{
	json_key(j, "expected");
	put_raw(j, "{\"if\":{\"type\":\"object\"},\"then\":{\"if\":{\"$ref\":\"#/$defs/has-matcher\"},"
		"\"then\":{\"$ref\":\"#/$defs/matcher\"},\"else\":{\"additionalProperties\":"
		"{\"$ref\":\"#/$defs/expected\"}}},\"else\":{\"items\":"
		"{\"$ref\":\"#/$defs/expected\"}}}");
	json_key(j, "has-matcher");
	json_open(j, '{');
	json_key(j, "anyOf");
	json_open(j, '[');
	for (size_t i = 0; i < matcher_count; i++) {
		json_open(j, '{');
		json_key(j, "required");
		json_open(j, '[');
		json_str(j, str_of(matchers[i].name));
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
	json_key(j, "matcher");
	json_open(j, '{');
	json_putz(j, "type", "object");
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < matcher_count; i++)
		put_matcher(j, &matchers[i]);
	json_close(j, '}');
	json_put_bool(j, "additionalProperties", false);
	json_close(j, '}');
}

static const char *expect_takes(enum expect_what what)
{
	switch (what) {
	case EXPECT_STATUS:
		return "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":100,\"maximum\":599},"
		       "{\"type\":\"object\",\"allOf\":[{\"$ref\":\"#/$defs/expected\"}]}]}";
	case EXPECT_FAILURE:
		return "{\"anyOf\":[{\"enum\":[\"timeout\",\"unreachable\",\"broken\"]},"
		       "{\"type\":\"object\",\"allOf\":[{\"$ref\":\"#/$defs/expected\"}]}]}";
	case EXPECT_HEADER:
		return "{\"type\":\"object\",\"additionalProperties\":"
		       "{\"$ref\":\"#/$defs/expected\"}}";
	case EXPECT_POINTER:
	case EXPECT_BODY:
	case EXPECT_TEXT:
	case EXPECT_TOOK:
		break;
	}
	return "{\"$ref\":\"#/$defs/expected\"}";
}

static void put_expect(struct json *j)
{
	json_key(j, "expect");
	json_open(j, '{');
	key_types(j, "\"object\"");
	json_put_int(j, "minProperties", 1);
	json_key(j, "properties");
	json_open(j, '{');
	key_raw(j, "", "{\"$ref\":\"#/$defs/expected\"}");
	for (size_t i = 0; i < expect_word_count; i++) {
		json_key(j, expect_words[i].name);
		json_open(j, '{');
		json_putz(j, "description", expect_words[i].help);
		json_key(j, "anyOf");
		json_open(j, '[');
		put_raw(j, expect_takes(expect_words[i].what));
		put_raw(j, TEMPLATE);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, '}');
	key_raw(j, "patternProperties", "{\"^/([^~]|~[01])*$\":{\"$ref\":\"#/$defs/expected\"},"
		"\"" HOLE "\":true}");
	json_put_bool(j, "additionalProperties", false);
	json_close(j, '}');
}

void schema_json_expectations(struct json *j)
{
	put_expected(j);
	put_expect(j);
}
