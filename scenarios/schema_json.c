/* The language as a JSON Schema, from the tables that drive its reading. */
#include "scenarios/schema_json_impl.h"

#include "scenarios/load.h"

#include <assert.h>

enum { NAME_MAX_BYTES = 60 };

#define DURATIONS "(0|([0-9]+(\\\\.[0-9]+)?(w|d|h|min|m|s|ms|us))+) *"

/* ---- What no row of a table says. --------------------------------------- */

static const struct {
	const char *name, *json;
} fixed[] = {
	{ "template", "{\"type\":\"string\",\"pattern\":\"" HOLE "\"}" },
	{ "text", "{\"type\":[\"string\",\"number\"]}" },
	{ "scalar", "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}" },
	{ "anything", "true" },
	{ "map", "{" OR_HOLE("\"object\"") "}" },
	{ "duration", "{\"type\":[\"string\",\"integer\"],\"minimum\":0,\"maximum\":0,"
	  "\"pattern\":\"^ *" DURATIONS "$|" HOLE "\",\"description\":"
	  "\"numbers with units: 50ms, 2.5s, 10min, 1h30min\"}" },
	{ "signed-duration", "{\"type\":[\"string\",\"integer\"],\"minimum\":0,\"maximum\":0,"
	  "\"pattern\":\"^[+-]? *" DURATIONS "$|" HOLE "\"}" },
	{ "time", "{\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}|" HOLE "\"}" },
	/* As numbers they come when nobody has put them in quotes. */
	{ "iccid", "{\"type\":[\"string\",\"number\"],\"minimum\":1e17,\"maximum\":1e20,"
	  "\"pattern\":\"^[0-9]{19,20}$|" HOLE "\"}" },
	{ "eid", "{\"type\":[\"string\",\"number\"],\"minimum\":1e30,\"maximum\":1e32,"
	  "\"pattern\":\"^[0-9]{32}$|" HOLE "\"}" },
	{ "device-id", "{\"type\":\"string\",\"pattern\":"
	  "\"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{8}){3}$|" HOLE "\"}" },
	{ "name", "{\"type\":\"string\",\"pattern\":\"^[A-Za-z_][A-Za-z0-9_-]{0,63}$|" HOLE "\"}" },
	{ "variable", "{\"type\":\"string\",\"pattern\":"
	  "\"^[A-Za-z_][A-Za-z0-9_-]*(\\\\[[0-9]+\\\\])?$|" HOLE "\"}" },
	{ "pointer", "{\"type\":\"string\",\"pattern\":\"^(/([^~]|~[01])*)?$|" HOLE "\"}" },
	{ "codes", "{\"type\":[\"integer\",\"array\",\"string\"],\"pattern\":\"" HOLE "\","
	  "\"minimum\":0,\"maximum\":100000,\"items\":" REF("activation-code") "}" },
	{ "power", "{\"anyOf\":[{\"enum\":[\"on\",\"off\",true,false]}," TEMPLATE "]}" },
	{ "verb", "{\"type\":\"string\",\"pattern\":\"^(/|" HOLE "|https?://)\"}" },
	{ "scalars", "{" OR_HOLE("\"object\"") ",\"additionalProperties\":" REF("scalar") "}" },
	{ "steps", "{" OR_HOLE("\"array\"") ",\"items\":" REF("step") "}" },
	{ "cases", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":1000,\"items\":"
	  "{\"type\":\"object\",\"minProperties\":1}}" },
	{ "include", "{\"type\":[\"string\",\"array\"],\"minLength\":1,\"items\":"
	  "{\"type\":\"string\",\"minLength\":1}}" },
	{ "save", "{" OR_HOLE("\"object\"") ",\"propertyNames\":" REF("variable") ","
	  "\"additionalProperties\":" REF("source") "}" },
	{ "source", "{\"anyOf\":[{\"enum\":[\"status\",\"body\",\"text\"]}," REF("pointer") ","
	  "{\"type\":\"array\",\"minItems\":1,\"items\":" REF("pointer") "},"
	  "{\"type\":\"object\",\"required\":[\"header\"],\"properties\":{\"header\":"
	  "{\"type\":\"string\"}},\"additionalProperties\":false},"
	  "{\"type\":\"object\",\"required\":[\"first-of\"],\"properties\":{\"first-of\":"
	  REF("pointer") ",\"where\":" REF("expected") "},\"additionalProperties\":false},"
	  "{\"type\":\"object\",\"required\":[\"last-of\"],\"properties\":{\"last-of\":"
	  REF("pointer") ",\"where\":" REF("expected") "},\"additionalProperties\":false}]}" },
	{ "variables", "{" OR_HOLE("\"object\"") ",\"propertyNames\":" REF("variable") "}" },
	{ "event", "{\"if\":{\"type\":\"string\"},\"else\":" REF("expected-event") "}" },
	{ "event-fields", "{" OR_HOLE("\"object\"") ",\"additionalProperties\":"
	  REF("expected") "}" },
	{ "devices", "{" OR_HOLE("\"object\"") ",\"minProperties\":1,\"additionalProperties\":"
	  REF("event-fields") "}" },
	{ "template-device", "{\"$ref\":\"#/$defs/device\",\"not\":{\"anyOf\":["
	  "{\"type\":\"object\",\"required\":[\"device_id\"]},"
	  "{\"type\":\"object\",\"required\":[\"eid\"]}]}}" },
	{ "rows", "{" OR_HOLE("\"array\",\"object\"") ",\"items\":{" OR_HOLE("\"object\"") ","
	  "\"minProperties\":1,\"maxProperties\":32},\"minProperties\":1,"
	  "\"additionalProperties\":" REF("range") "}" },
	{ "range", "{" OR_HOLE("\"array\",\"object\"") ",\"required\":[\"from\",\"to\"],"
	  "\"properties\":{\"from\":{" OR_HOLE("\"integer\"") "},\"to\":{" OR_HOLE("\"integer\"")
	  "},\"step\":{" OR_HOLE("\"integer\"") ",\"minimum\":1}},"
	  "\"additionalProperties\":false}" },
	{ "each", "{\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"}}" },
};

/* What a reader of load.h takes. */
static const struct {
	int (*read)(struct loader *, const struct schema_key *, const struct value *, void *);
	const char *key;		/* only this one, or NULL */
	const char *def;
} readers[] = {
	{ check_iccid, NULL, "iccid" }, { check_eid, NULL, "eid" },
	{ check_device_id, NULL, "device-id" }, { load_codes, NULL, "codes" },
	{ load_latencies, NULL, "latencies" },
	{ load_device_latencies, NULL, "device-s-latency" },
	{ load_power, NULL, "power" }, { load_skew, NULL, "signed-duration" },
	{ load_fleet_template, NULL, "template-device" }, { load_quirks, NULL, "quirks" },
	{ load_always, NULL, "always" }, { load_steps, NULL, "steps" },
	{ load_expect, NULL, "expect" }, { load_event, NULL, "event" },
	{ load_event_fields, NULL, "event-fields" }, { load_expect_device, NULL, "devices" },
	{ load_save, NULL, "save" }, { load_headers, NULL, "scalars" },
	{ load_verb, NULL, "verb" }, { load_body, "json", "anything" },
	{ load_body, "body", "scalar" }, { load_body, "form", "map" },
	{ load_as, NULL, "text" }, { load_at, NULL, "duration" },
	{ load_within, NULL, "duration" }, { load_set, NULL, "variables" },
	{ load_target, NULL, "text" }, { load_quirk_name, NULL, "quirk-name" },
	/* Handled elsewhere, or anything. */
	{ NULL, "cases", "cases" }, { NULL, "include", "include" },
	{ NULL, "finally", "steps" }, { NULL, "steps", "steps" },
	{ NULL, "for", "rows" }, { NULL, "each", "each" },
};

/* What a schema's check() refuses, as far as it can be said. */
static const struct {
	const char *def, *members;
} checks[] = {
	{ "request", "\"dependentRequired\":{\"until\":[\"within\"]},"
	  "\"dependentSchemas\":{"
	  "\"within\":{\"anyOf\":[{\"required\":[\"until\"]},{\"required\":[\"given\"]}]},"
	  "\"every\":{\"anyOf\":[{\"required\":[\"until\"]},{\"required\":[\"given\"]}]},"
	  "\"stable-for\":{\"anyOf\":[{\"required\":[\"until\"]},{\"required\":[\"given\"]}]},"
	  "\"follow\":{\"required\":[\"get\"]}},"
	  "\"not\":{\"anyOf\":[{\"required\":[\"json\",\"body\"]},"
	  "{\"required\":[\"json\",\"form\"]},{\"required\":[\"body\",\"form\"]},"
	  "{\"required\":[\"at\",\"after\"]}]}" },
	{ "expected-event", "\"not\":{\"anyOf\":[{\"required\":[\"count\",\"at-least\"]},"
	  "{\"required\":[\"count\",\"at-most\"]}]}" },
	{ "expect-device", "\"dependentRequired\":{\"stable-for\":[\"within\"]}" },
	{ "loop", "\"oneOf\":[{\"required\":[\"for\"]},{\"required\":[\"each\"]}]" },
};

/* ---- Names. -------------------------------------------------------------- */

/* "a device's latency" is #/$defs/device-s-latency. */
static const char *def_name(const char *title, char name[NAME_MAX_BYTES])
{
	static const char *const articles[] = { "a ", "an ", "the " };
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (str_starts(str_of(title), str_of(articles[i]))) {
			title += strlen(articles[i]);
			break;
		}
	for (; *title && n + 1 < NAME_MAX_BYTES; title++) {
		bool letter = (*title >= 'a' && *title <= 'z') ||
			      (*title >= 'A' && *title <= 'Z');

		name[n++] = (char)(letter ? *title : '-');
	}
	name[n] = '\0';
	return name;
}

static void put_schema_ref(struct json *j, const struct schema *s)
{
	char name[NAME_MAX_BYTES];

	put_ref(j, def_name(s->name, name));
}


/* ---- A key's value: members of its schema. --------------------------------- */

static void key_schema_ref(struct json *j, const struct schema *s)
{
	char name[NAME_MAX_BYTES];

	key_ref(j, def_name(s->name, name));
}

static void put_words(struct json *j, const struct schema_word *words)
{
	json_open(j, '{');
	json_key(j, "enum");
	json_open(j, '[');
	for (; words->name; words++)
		json_str(j, str_of(words->name));
	json_close(j, ']');
	json_close(j, '}');
}

static void key_text(struct json *j, const struct schema_key *key)
{
	key_raw(j, "type", key->kind == KEY_TEXT ? "[\"string\",\"number\",\"null\"]" :
		"[\"string\",\"number\"]");
	if (key->min)
		json_put_int(j, "minLength", key->min);
	if (key->max)
		json_put_int(j, "maxLength", key->max);
}

static void key_int(struct json *j, const struct schema_key *key)
{
	key_types(j, "\"integer\"");
	json_put_int(j, "minimum", key->min);
	if (key->max && key->max < INT32_MAX)
		json_put_int(j, "maximum", key->max);
}

/* One of the words; for flags a list of them as well. */
static void key_words(struct json *j, const struct schema_key *key)
{
	json_key(j, "anyOf");
	json_open(j, '[');
	put_words(j, key->words);
	if (key->kind == KEY_FLAGS) {
		json_open(j, '{');
		json_putz(j, "type", "array");
		json_key(j, "items");
		put_words(j, key->words);
		json_close(j, '}');
	}
	put_raw(j, TEMPLATE);
	json_close(j, ']');
}

static void key_strs(struct json *j, const struct schema_key *key)
{
	key_raw(j, "type", "[\"string\",\"number\",\"array\"]");
	json_put_int(j, "minLength", key->min);
	json_key(j, "items");
	json_open(j, '{');
	key_text(j, key);
	json_close(j, '}');
}

static void key_list(struct json *j, const struct schema_key *key)
{
	key_types(j, "\"array\"");
	json_key(j, "items");
	put_schema_ref(j, key->of);
}

static void key_named(struct json *j, const struct schema_key *key)
{
	key_types(j, "\"object\",\"null\"");
	key_raw(j, "propertyNames", REF("name"));
	json_key(j, "additionalProperties");
	put_schema_ref(j, key->of);
}

/* With its arguments, or one alone. */
static void key_action(struct json *j, const struct schema_key *key)
{
	const struct action_form *form = action_forms;

	while (strcmp(form->name, key->name) != 0)
		form++;
	if (!form->args) {
		key_ref(j, "quirk-step");
	} else if (form->short_key) {
		key_raw(j, "if", "{\"type\":\"string\"}");
		json_key(j, "else");
		put_ref(j, form->name);
	} else {
		key_ref(j, form->name);
	}
}

static void key_custom(struct json *j, const struct schema_key *key)
{
	size_t count = sizeof(readers) / sizeof(readers[0]), i = 0;

	if (key->read == load_action) {
		key_action(j, key);
		return;
	}
	while (i < count && (readers[i].read != key->read ||
			     (readers[i].key && strcmp(readers[i].key, key->name) != 0)))
		i++;
	/* A latency of a device has no reader of its own. */
	assert(i < count || key->kind == KEY_ELSEWHERE);
	key_ref(j, i < count ? readers[i].def : "latency");
}

static void key_value(struct json *j, const struct schema_key *key)
{
	switch (key->kind) {
	case KEY_STR:
	case KEY_PROSE:
	case KEY_TEMPLATE:
	case KEY_TEXT:
		key_text(j, key);
		return;
	case KEY_BOOL:
		key_types(j, "\"boolean\"");
		return;
	case KEY_INT:
		key_int(j, key);
		return;
	case KEY_DURATION:
		key_ref(j, "duration");
		return;
	case KEY_TIME:
		key_ref(j, "time");
		return;
	case KEY_WORD:
	case KEY_WORD_STR:
	case KEY_FLAGS:
		key_words(j, key);
		return;
	case KEY_REF:
		json_putz(j, "type", "string");
		return;
	case KEY_STRS:
		key_strs(j, key);
		return;
	case KEY_OBJECT:
		key_schema_ref(j, key->of);
		return;
	case KEY_LIST:
		key_list(j, key);
		return;
	case KEY_NAMED:
		key_named(j, key);
		return;
	case KEY_ANY:
	case KEY_CUSTOM:
	case KEY_ELSEWHERE:
		key_custom(j, key);
		return;
	case KEY_KINDS:
		break;
	}
	assert(key->kind < KEY_KINDS);
}

static const char *help_of(const struct schema_key *key)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (key->read == load_action && strcmp(action_forms[i].name, key->name) == 0)
			return action_forms[i].help;
	return key->help;
}

static void put_property(struct json *j, const struct schema_key *key)
{
	json_key(j, key->name);
	json_open(j, '{');
	put_description(j, help_of(key), key->usual);
	key_value(j, key);
	json_close(j, '}');
}

/* ---- Objects. ------------------------------------------------------------- */

/* A step of this kind is told by one key of these. */
static void put_verbs(struct json *j, const struct schema *s)
{
	json_open(j, '[');
	for (size_t i = 0; i < step_form_count; i++) {
		if (step_forms[i].schema != s)
			continue;
		json_open(j, '{');
		json_key(j, "required");
		json_open(j, '[');
		json_str(j, str_of(step_forms[i].verb));
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static size_t verb_count(const struct schema *s)
{
	size_t count = 0;

	for (size_t i = 0; i < step_form_count; i++)
		count += step_forms[i].schema == s;
	return count;
}

/* The first form of its kind stands for all of them. */
static bool is_first(size_t form)
{
	for (size_t i = 0; i < form; i++)
		if (step_forms[i].schema == step_forms[form].schema)
			return false;
	return true;
}

static void put_required(struct json *j, const struct schema *schema)
{
	bool any = false;

	for (const struct schema *s = schema; s; s = s->base)
		for (size_t i = 0; i < s->key_count; i++)
			any |= s->keys[i].required;
	/* Nothing at all is an empty map. */
	key_types(j, any ? "\"object\"" : "\"object\",\"null\"");
	if (!any || schema == &schema_scenario)	/* what it requires, the top says */
		return;
	json_key(j, "required");
	json_open(j, '[');
	for (const struct schema *s = schema; s; s = s->base)
		for (size_t i = 0; i < s->key_count; i++)
			if (s->keys[i].required)
				json_str(j, str_of(s->keys[i].name));
	json_close(j, ']');
}

static void put_object(struct json *j, const char *name, const struct schema *schema)
{
	json_key(j, name);
	json_open(j, '{');
	json_put_opt(j, "description", str_of(schema->help ? schema->help : ""));
	put_required(j, schema);
	json_key(j, "properties");
	json_open(j, '{');
	for (const struct schema *s = schema; s; s = s->base)
		for (size_t i = 0; i < s->key_count; i++)
			put_property(j, &s->keys[i]);
	json_close(j, '}');
	key_raw(j, "patternProperties", HOLE_KEYS);
	json_put_bool(j, "additionalProperties", false);
	if (verb_count(schema) > 1) {
		json_key(j, "allOf");
		json_open(j, '[');
		json_open(j, '{');
		json_key(j, "oneOf");
		put_verbs(j, schema);
		json_close(j, '}');
		json_close(j, ']');
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strcmp(checks[i].def, name) == 0) {
			buf_char(j->out, ',');
			buf_z(j->out, checks[i].members);
		}
	json_close(j, '}');
}

static void put_objects(struct json *j)
{
	char name[NAME_MAX_BYTES];

	/* What any step may have stands in each kind. */
	for (size_t i = 0; i < schema_count; i++)
		if (schema_list[i] != step_forms[0].schema->base && !verb_count(schema_list[i]))
			put_object(j, def_name(schema_list[i]->name, name), schema_list[i]);
	for (size_t i = 0; i < step_form_count; i++)
		if (is_first(i))
			put_object(j, def_name(step_forms[i].schema->name, name),
				   step_forms[i].schema);
	for (size_t i = 0; i < ACTIONS; i++)
		if (action_forms[i].args)
			put_object(j, action_forms[i].name, action_forms[i].args);
}

/* ---- Steps. ---------------------------------------------------------------- */

static void put_kind(struct json *j, const struct schema *s)
{
	json_open(j, '{');
	json_key(j, "if");
	json_open(j, '{');
	json_key(j, "anyOf");
	put_verbs(j, s);
	json_close(j, '}');
	json_key(j, "then");
	put_schema_ref(j, s);
	json_close(j, '}');
}

/* All verbs as properties, so that an editor can offer them. */
static void put_step(struct json *j)
{
	json_key(j, "step");
	json_open(j, '{');
	key_types(j, "\"object\"");
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < step_form_count; i++) {
		const struct schema_key *key = schema_find(step_forms[i].schema,
							   str_of(step_forms[i].verb));

		json_key(j, step_forms[i].verb);
		json_open(j, '{');
		put_description(j, help_of(key), NULL);
		json_close(j, '}');
	}
	json_close(j, '}');
	/* With a key that is a template, nobody knows what the step does. */
	key_raw(j, "if", "{\"type\":\"object\",\"propertyNames\":{\"not\":{\"pattern\":\"" HOLE
		"\"}}}");
	key_raw(j, "then", "{\"$ref\":\"#/$defs/known-step\"}");
	json_close(j, '}');

	json_key(j, "known-step");
	json_open(j, '{');
	key_raw(j, "if", "{\"anyOf\":[{\"required\":[\"for\"]},{\"required\":[\"each\"]}]}");
	key_raw(j, "then", "{\"$ref\":\"#/$defs/loop\"}");
	json_key(j, "else");
	json_open(j, '{');
	json_key(j, "allOf");
	json_open(j, '[');
	for (size_t i = 0; i < step_form_count; i++)
		if (is_first(i))
			put_kind(j, step_forms[i].schema);
	json_close(j, ']');
	json_key(j, "anyOf");
	json_open(j, '[');
	for (size_t i = 0; i < step_form_count; i++) {
		if (!is_first(i))
			continue;
		json_open(j, '{');
		json_key(j, "anyOf");
		put_verbs(j, step_forms[i].schema);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
	json_close(j, '}');
}

/* ---- The whole. ------------------------------------------------------------- */

static void put_whole(struct json *j, bool fragment)
{
	json_open(j, '{');
	json_putz(j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_putz(j, "title", fragment ? "What esimrig scenarios include" :
		  "A scenario of esimrig");
	json_putz(j, "$ref", "#/$defs/scenario");
	json_putz(j, "type", "object");
	if (!fragment)
		key_raw(j, "anyOf", "[{\"required\":[\"steps\"]},{\"required\":[\"include\"]}]");
	json_key(j, "$defs");
	json_open(j, '{');
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		key_raw(j, fixed[i].name, fixed[i].json);
	put_objects(j);
	put_step(j);
	schema_json_expectations(j);
	schema_json_latencies(j);
	schema_json_quirks(j);
	schema_json_invariants(j);
	json_close(j, '}');
	json_close(j, '}');
}

void schema_write_json(struct buf *out, bool fragment)
{
	struct json j = json_to(out);

	put_whole(&j, fragment);
	buf_char(out, '\n');
}
