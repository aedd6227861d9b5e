/* What a world may have, as a part of its JSON Schema: latencies, quirks, invariants. */
#include "scenarios/schema_json_impl.h"

#include "scenarios/load.h"
#include "scenarios/quirk.h"

#include <assert.h>

/* ---- Latency. --------------------------------------------------------------- */

#define DURATION "{\"$ref\":\"#/$defs/duration\"}"

static const char *model_takes(enum latency_kind kind)
{
	switch (kind) {
	case LATENCY_CONSTANT:
		return DURATION;
	case LATENCY_UNIFORM:
		return "{\"type\":\"array\",\"minItems\":2,\"maxItems\":2,\"items\":" DURATION "}";
	case LATENCY_NORMAL:
		return "{\"type\":\"object\",\"required\":[\"mean\",\"sd\"],\"properties\":"
		       "{\"mean\":" DURATION ",\"sd\":" DURATION "},"
		       "\"additionalProperties\":false}";
	case LATENCY_LOGNORMAL:
		return "{\"type\":\"object\",\"required\":[\"median\",\"p99\"],\"properties\":"
		       "{\"median\":" DURATION ",\"p99\":" DURATION "},"
		       "\"additionalProperties\":false}";
	case LATENCY_EXPONENTIAL:
		return "{\"type\":\"object\",\"required\":[\"mean\"],\"properties\":"
		       "{\"mean\":" DURATION "},\"additionalProperties\":false}";
	case LATENCY_PARETO:
		return "{\"type\":\"object\",\"required\":[\"min\",\"shape\"],\"properties\":"
		       "{\"min\":" DURATION ",\"shape\":{\"anyOf\":[{\"type\":\"number\"},"
		       TEMPLATE "]}},\"additionalProperties\":false}";
	case LATENCY_PERCENTILES:
		return "{\"type\":\"object\",\"minProperties\":2,\"maxProperties\":16,"
		       "\"propertyNames\":{\"pattern\":\"^[0-9.]+$|" HOLE "\"},"
		       "\"additionalProperties\":" DURATION "}";
	case LATENCY_POLLS:
		return "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000},"
		       TEMPLATE "]}";
	case LATENCY_NEVER:
	case LATENCY_KINDS:
		break;
	}
	return "true";
}

void schema_json_latencies(struct json *j)
{
	json_key(j, "latency");
	json_open(j, '{');
	json_key(j, "anyOf");
	json_open(j, '[');
	put_raw(j, DURATION);
	put_raw(j, "{\"const\":\"never\"}");
	json_open(j, '{');
	json_putz(j, "type", "object");
	json_put_int(j, "minProperties", 1);
	json_put_int(j, "maxProperties", 1);
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < latency_form_count; i++)
		key_raw(j, latency_kind_name(latency_forms[i].kind),
			model_takes(latency_forms[i].kind));
	json_close(j, '}');
	json_put_bool(j, "additionalProperties", false);
	json_close(j, '}');
	json_close(j, ']');
	json_close(j, '}');

	json_key(j, "latencies");
	json_open(j, '{');
	key_types(j, "\"object\"");
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < DELAYS; i++) {
		json_key(j, scenario_delays[i].name);
		json_open(j, '{');
		json_putz(j, "description", scenario_delays[i].help);
		json_putz(j, "$ref", "#/$defs/latency");
		json_close(j, '}');
	}
	json_close(j, '}');
	key_raw(j, "patternProperties", HOLE_KEYS);
	json_put_bool(j, "additionalProperties", false);
	json_close(j, '}');
}

/* ---- Quirks and invariants. -------------------------------------------------- */

static void put_choices(struct json *j, const char *choices)
{
	struct str rest = str_of(choices);

	json_open(j, '{');
	json_key(j, "enum");
	json_open(j, '[');
	while (rest.p)
		json_str(j, str_split(&rest, ' '));
	json_close(j, ']');
	json_close(j, '}');
}

static void put_param_value(struct json *j, const struct quirk_param *p)
{
	switch (p->kind) {
	case QUIRK_PARAM_DURATION:
		put_ref(j, "duration");
		return;
	case QUIRK_PARAM_INTEGER:
		json_open(j, '{');
		key_raw(j, "type", "[\"integer\",\"string\"]");
		json_put_int(j, "minimum", p->min);
		if (p->max < INT32_MAX)
			json_put_int(j, "maximum", p->max);
		json_close(j, '}');
		return;
	case QUIRK_PARAM_BOOLEAN:
		put_raw(j, "{\"enum\":[true,false,\"true\",\"false\"]}");
		return;
	case QUIRK_PARAM_CHOICE:
		put_choices(j, p->choices);
		return;
	case QUIRK_PARAM_TEXT:
		put_raw(j, "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}");
		return;
	case QUIRK_PARAM_DEVICE:
	case QUIRK_PARAM_CARRIER:
	case QUIRK_PARAM_SMDP:
		put_raw(j, "{\"type\":\"string\"}");
		return;
	case QUIRK_PARAM_KINDS:
		break;
	}
	assert(p->kind < QUIRK_PARAM_KINDS);
}

static bool needs_params(const struct quirk_row *row)
{
	for (size_t i = 0; i < quirk_param_count(row); i++)
		if (!quirk_param(row, i)->usual)
			return true;
	return false;
}

static void put_quirk_params(struct json *j, const struct quirk_row *row)
{
	json_key(j, row->name);
	json_open(j, '{');
	json_putz(j, "description", row->does);
	key_types(j, needs_params(row) ? "\"object\"" : "\"object\",\"null\"");
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < quirk_param_count(row); i++) {
		const struct quirk_param *p = quirk_param(row, i);

		json_key(j, p->name);
		json_open(j, '{');
		put_description(j, p->help, p->usual && *p->usual ? p->usual : NULL);
		json_key(j, "anyOf");
		json_open(j, '[');
		put_param_value(j, p);
		put_raw(j, TEMPLATE);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, '}');
	json_key(j, "required");
	json_open(j, '[');
	for (size_t i = 0; i < quirk_param_count(row); i++)
		if (!quirk_param(row, i)->usual)
			json_str(j, str_of(quirk_param(row, i)->name));
	json_close(j, ']');
	key_raw(j, "patternProperties", HOLE_KEYS);
	json_close(j, '}');
}

/* The names of quirks; `step`: that can be set while the world runs. */
static void put_quirk_names(struct json *j, bool step, bool alone)
{
	json_open(j, '[');
	for (size_t i = 0; i < quirk_count(); i++)
		if (!(step && quirk_row(i)->setup_only) &&
		    !(alone && needs_params(quirk_row(i))))
			json_str(j, str_of(quirk_row(i)->name));
	json_close(j, ']');
}

/* With `named`, {name: it, ...}, else {it: {...}}: which one it is, and its
 * parameters, which know no other key. */
static void put_quirk_form(struct json *j, const struct quirk_row *row, bool named)
{
	struct buf text;

	buf_init(&text, 1000);
	if (named)
		buf_printf(&text, "{\"if\":{\"properties\":{\"name\":{\"const\":\"%s\"}}},\"then\":"
			   "{\"$ref\":\"#/$defs/quirks-by-name/%s\",\"properties\":{\"name\":true},"
			   "\"unevaluatedProperties\":false}}", row->name, row->name);
	else
		buf_printf(&text, "{\"$ref\":\"#/$defs/quirks-by-name/%s\","
			   "\"unevaluatedProperties\":false}", row->name);
	json_raw(j, buf_view(&text));
	buf_release(&text);
}

static void put_quirk(struct json *j, const char *def, bool step)
{
	json_key(j, def);
	json_open(j, '{');
	json_key(j, "anyOf");
	json_open(j, '[');
	json_open(j, '{');
	json_key(j, "enum");
	put_quirk_names(j, step, true);
	json_close(j, '}');
	/* {name: {...}} */
	json_open(j, '{');
	json_putz(j, "type", "object");
	json_put_int(j, "minProperties", 1);
	json_put_int(j, "maxProperties", 1);
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < quirk_count(); i++) {
		if (step && quirk_row(i)->setup_only)
			continue;
		json_key(j, quirk_row(i)->name);
		put_quirk_form(j, quirk_row(i), false);
	}
	json_close(j, '}');
	key_raw(j, "patternProperties", HOLE_KEYS);
	json_put_bool(j, "additionalProperties", false);
	json_close(j, '}');
	/* {name: ..., ...} */
	json_open(j, '{');
	json_putz(j, "type", "object");
	key_raw(j, "required", "[\"name\"]");
	json_key(j, "properties");
	json_open(j, '{');
	json_key(j, "name");
	json_open(j, '{');
	json_key(j, "anyOf");
	json_open(j, '[');
	json_open(j, '{');
	json_key(j, "enum");
	put_quirk_names(j, step, false);
	json_close(j, '}');
	put_raw(j, TEMPLATE);
	json_close(j, ']');
	json_close(j, '}');
	json_close(j, '}');
	json_key(j, "allOf");
	json_open(j, '[');
	for (size_t i = 0; i < quirk_count(); i++)
		if (!(step && quirk_row(i)->setup_only))
			put_quirk_form(j, quirk_row(i), true);
	json_close(j, ']');
	json_close(j, '}');
	put_raw(j, TEMPLATE);
	json_close(j, ']');
	json_close(j, '}');
}

void schema_json_quirks(struct json *j)
{
	json_key(j, "quirks-by-name");
	json_open(j, '{');
	for (size_t i = 0; i < quirk_count(); i++)
		put_quirk_params(j, quirk_row(i));
	json_close(j, '}');
	put_quirk(j, "quirk", false);
	put_quirk(j, "quirk-step", true);
	key_raw(j, "quirks", "{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#/$defs/quirk\"},"
		"{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/quirk\"}}]}");
	json_key(j, "quirk-name");
	json_open(j, '{');
	json_key(j, "enum");
	put_quirk_names(j, false, false);
	json_close(j, '}');
}

void schema_json_invariants(struct json *j)
{
	json_key(j, "invariant");
	json_open(j, '{');
	json_key(j, "enum");
	json_open(j, '[');
	for (size_t i = 0; i < INVARIANTS; i++)
		json_str(j, str_of(scenario_invariants[i].name));
	json_close(j, ']');
	json_close(j, '}');
	key_raw(j, "always", "{\"anyOf\":[{\"$ref\":\"#/$defs/invariant\"},{\"type\":\"array\","
		"\"items\":{\"anyOf\":[{\"$ref\":\"#/$defs/invariant\"}," TEMPLATE "]}}]}");
}
