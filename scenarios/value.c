#include "scenarios/value.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *value_kind_name(enum value_kind kind)
{
	static const char *const names[VALUE_KINDS] = {
		"null", "a boolean", "a whole number", "a number", "a string",
		"a list", "a map",
	};

	assert(kind < VALUE_KINDS);
	return names[kind];
}

enum { INDEX_FROM = 16 };	/* below that, looking at each is quicker */

static uint64_t hash_key(struct str s)
{
	uint64_t h = 0xcbf29ce484222325;	/* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h ^ h >> 32;
}

/* The slot of `key`: its member's number plus one, or 0. */
static size_t find_slot(const struct value *map, struct str key)
{
	size_t i = hash_key(key) & (map->index_size - 1);

	while (map->index[i] && !str_eq(map->members[map->index[i] - 1].key, key))
		i = (i + 1) & (map->index_size - 1);
	return i;
}

const struct member *value_index(struct value *map, struct arena *a)
{
	const struct member *m = map->members, *twice = NULL;
	uint32_t *index;
	size_t slot;

	map->index = NULL;
	if (map->count < INDEX_FROM) {
		for (size_t i = 1; i < map->count; i++)
			for (size_t k = 0; k < i; k++)
				if (str_eq(m[i].key, m[k].key))
					return &m[i];
		return NULL;
	}
	for (map->index_size = 32; map->index_size < 2 * map->count;)
		map->index_size *= 2;
	index = arena_array(a, map->index_size, sizeof(*index));
	map->index = index;
	for (size_t i = 0; i < map->count; i++) {
		slot = find_slot(map, m[i].key);
		if (index[slot] && !twice)
			twice = &m[i];
		else if (!index[slot])
			index[slot] = (uint32_t)i + 1;
	}
	return twice;
}

const struct member *value_member(const struct value *map, struct str key)
{
	if (!map || map->kind != VALUE_MAP)
		return NULL;
	if (map->index) {
		uint32_t found = map->index[find_slot(map, key)];

		return found ? &map->members[found - 1] : NULL;
	}
	for (size_t i = 0; i < map->count; i++)
		if (str_eq(map->members[i].key, key))
			return &map->members[i];
	return NULL;
}

const struct value *value_get(const struct value *map, const char *key)
{
	const struct member *m = value_member(map, str_of(key));

	return m ? m->value : NULL;
}

struct value *value_new(struct arena *a, enum value_kind kind, struct pos pos)
{
	struct value *v = ARENA_NEW(a, struct value);

	v->kind = kind;
	v->pos = pos;
	v->width = 1;
	v->weight = 1;
	return v;
}

struct value *value_str(struct arena *a, struct str text)
{
	struct value *v = value_new(a, VALUE_STR, (struct pos){ 0 });

	v->text = text;
	v->quoted = true;
	v->templated = str_find(text, STR("${")) >= 0;
	return v;
}

struct value *value_int(struct arena *a, int64_t i)
{
	struct value *v = value_new(a, VALUE_INT, (struct pos){ 0 });

	v->as.i = i;
	v->text = arena_printf(a, "%" PRId64, i);
	return v;
}

struct value *value_bool(struct arena *a, bool b)
{
	struct value *v = value_new(a, VALUE_BOOL, (struct pos){ 0 });

	v->as.b = b;
	v->text = b ? STR("true") : STR("false");
	return v;
}

static struct value *value_float(struct arena *a, double f)
{
	struct value *v = value_new(a, VALUE_FLOAT, (struct pos){ 0 });

	v->as.f = f;
	v->text = arena_printf(a, "%.17g", f);
	return v;
}

static struct value *list_from_json(struct arena *a, const cJSON *json)
{
	struct value *v = value_new(a, VALUE_LIST, (struct pos){ 0 });
	const struct value **items;
	const cJSON *item;

	v->count = (size_t)cJSON_GetArraySize(json);
	items = arena_array(a, v->count, sizeof(*items));
	v->items = items;
	cJSON_ArrayForEach(item, json)
		*items++ = value_from_json(a, item);
	return v;
}

static struct value *map_from_json(struct arena *a, const cJSON *json)
{
	struct value *v = value_new(a, VALUE_MAP, (struct pos){ 0 });
	struct member *m;
	const cJSON *item;

	v->count = (size_t)cJSON_GetArraySize(json);
	m = arena_array(a, v->count, sizeof(*m));
	v->members = m;
	cJSON_ArrayForEach(item, json)
		*m++ = (struct member){
			.key = arena_str(a, str_of(item->string)),
			.value = value_from_json(a, item),
		};
	return v;
}

/* JSON does not tell 1 from 1.0: whole numbers that a double holds are ints. */
static struct value *number_from_json(struct arena *a, double n)
{
	if (n == floor(n) && fabs(n) <= 9007199254740992.0)
		return value_int(a, (int64_t)n);
	return value_float(a, n);
}

struct value *value_from_json(struct arena *a, const cJSON *json)
{
	struct value *v;

	if (cJSON_IsBool(json))
		return value_bool(a, cJSON_IsTrue(json));
	if (cJSON_IsNumber(json))
		return number_from_json(a, json->valuedouble);
	if (cJSON_IsString(json)) {
		v = value_str(a, arena_str(a, str_of(json->valuestring)));
		v->templated = false;	/* what came is not a template */
		return v;
	}
	if (cJSON_IsArray(json))
		return list_from_json(a, json);
	if (cJSON_IsObject(json))
		return map_from_json(a, json);
	v = value_new(a, VALUE_NULL, (struct pos){ 0 });
	v->text = STR("null");
	return v;
}

static void float_json(struct buf *out, double f)
{
	char text[32];

	if (!isfinite(f)) {	/* JSON has no word for it */
		buf_z(out, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, f);
		if (strtod(text, NULL) == f)
			break;
	}
	buf_z(out, text);
}

static void list_json(struct buf *out, const struct value *v)
{
	buf_char(out, '[');
	for (size_t i = 0; i < v->count; i++) {
		if (i)
			buf_char(out, ',');
		value_json(out, v->items[i]);
	}
	buf_char(out, ']');
}

static void map_json(struct buf *out, const struct value *v)
{
	buf_char(out, '{');
	for (size_t i = 0; i < v->count; i++) {
		if (i)
			buf_char(out, ',');
		json_quote(out, v->members[i].key);
		buf_char(out, ':');
		value_json(out, v->members[i].value);
	}
	buf_char(out, '}');
}

void value_json(struct buf *out, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL:
		buf_z(out, "null");
		return;
	case VALUE_BOOL:
		buf_z(out, v->as.b ? "true" : "false");
		return;
	case VALUE_INT:
		buf_printf(out, "%" PRId64, v->as.i);
		return;
	case VALUE_FLOAT:
		float_json(out, v->as.f);
		return;
	case VALUE_STR:
		json_quote(out, v->text);
		return;
	case VALUE_LIST:
		list_json(out, v);
		return;
	case VALUE_MAP:
		map_json(out, v);
		return;
	case VALUE_KINDS:
		break;
	}
	assert(v->kind < VALUE_KINDS);
}

void value_text(struct buf *out, const struct value *v)
{
	if (v->kind == VALUE_LIST || v->kind == VALUE_MAP)
		value_json(out, v);
	else
		buf_str(out, v->text);
}

struct str pos_line(struct pos pos)
{
	struct str rest, line = STR_NONE;

	if (!pos.source || pos.line == 0)
		return (struct str){ "", 0 };
	rest = pos.source->text;
	for (unsigned i = 0; i < pos.line && rest.p; i++)
		line = str_split(&rest, '\n');
	if (!line.p)
		return (struct str){ "", 0 };
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}
