/*
 * schema_json_impl.h - what the pieces of the JSON Schema are written with.
 *
 * schema_json.c writes what the schemas' tables say, and the whole;
 * schema_json_expect.c and schema_json_world.c what has tables of its own.  A
 * key_...() writes a member of the object that is open, a put_...() a value.
 */
#ifndef SCENARIOS_SCHEMA_JSON_IMPL_H
#define SCENARIOS_SCHEMA_JSON_IMPL_H

#include "sim/json.h"

/*
 * Any value may be a template, which can stand for a value of any type; and
 * nobody knows a key that is one.
 */
#define HOLE "\\\\$\\\\{"
#define OR_HOLE(type) "\"type\":[" type ",\"string\"],\"pattern\":\"" HOLE "\""
#define TEMPLATE "{\"$ref\":\"#/$defs/template\"}"
#define HOLE_KEYS "{\"" HOLE "\":true}"
#define REF(def) "{\"$ref\":\"#/$defs/" def "\"}"

static inline void key_ref(struct json *j, const char *def)
{
	struct buf text;

	buf_init(&text, 200);
	buf_printf(&text, "#/$defs/%s", def);
	json_put(j, "$ref", buf_view(&text));
	buf_release(&text);
}

/* The value {"$ref": ...}. */
static inline void put_ref(struct json *j, const char *def)
{
	json_open(j, '{');
	key_ref(j, def);
	json_close(j, '}');
}

static inline void put_raw(struct json *j, const char *json)
{
	json_raw(j, str_of(json));
}

static inline void key_raw(struct json *j, const char *key, const char *json)
{
	json_key(j, key);
	put_raw(j, json);
}

/* Of one of these types, or a template. */
static inline void key_types(struct json *j, const char *types)
{
	struct buf text;

	buf_init(&text, 200);
	buf_printf(&text, "[%s,\"string\"]", types);
	json_key(j, "type");
	json_raw(j, buf_view(&text));
	key_raw(j, "pattern", "\"" HOLE "\"");
	buf_release(&text);
}

static inline void put_description(struct json *j, const char *help, const char *usual)
{
	struct buf text;

	buf_init(&text, 4000);
	buf_z(&text, help);
	if (usual)
		buf_printf(&text, "%s(default: %s)", *help ? " " : "", usual);
	json_put_opt(j, "description", buf_view(&text));
	buf_release(&text);
}

/* Members of "$defs": "expected", "matcher", "expect" and what they need. */
void schema_json_expectations(struct json *j);
/* "latency", "latencies", quirks by name and in steps, "always". */
void schema_json_latencies(struct json *j);
void schema_json_quirks(struct json *j);
void schema_json_invariants(struct json *j);

#endif
