#include "scenarios/load.h"

#include "sim/duration.h"

#include <assert.h>

/* ---- Words for errors. -------------------------------------------------- */

enum { NAMES_MAX = 96 };

const char *schema_takes(const struct schema_key *key)
{
	static const char *const kinds[KEY_KINDS] = {
		[KEY_STR] = "a string",
		[KEY_PROSE] = "a string",
		[KEY_TEMPLATE] = "a string",
		[KEY_TEXT] = "a string or null",
		[KEY_BOOL] = "true or false",
		[KEY_INT] = "a whole number",
		[KEY_DURATION] = "a duration such as 90s or 10min",
		[KEY_TIME] = "a time such as 2026-03-01T12:00:00Z",
		[KEY_WORD] = "a word",
		[KEY_WORD_STR] = "a word",
		[KEY_FLAGS] = "a list of words",
		[KEY_REF] = "a name",
		[KEY_ANY] = "a value",
		[KEY_STRS] = "a string or a list of strings",
		[KEY_OBJECT] = "a map",
		[KEY_LIST] = "a list",
		[KEY_NAMED] = "a map",
	};

	if (key->takes)
		return key->takes;
	return kinds[key->kind] ? kinds[key->kind] : "a value";
}

int load_mismatch(struct loader *l, const struct value *v, const char *what)
{
	if (v->templated && v->kind == VALUE_STR) {
		if (names_check_text(l, v) < 0)
			return -1;
		diag_add(l->diag, v->pos, v->width,
			 "expected %s, found a template that is known only while running",
			 what);
		diag_hint(l->diag, "only case and loop variables can stand here");
		return -1;
	}
	if (v->kind == VALUE_LIST || v->kind == VALUE_MAP || v->kind == VALUE_NULL)
		return diag_add(l->diag, v->pos, v->width, "expected %s, found %s",
				what, value_kind_name(v->kind));
	return diag_add(l->diag, v->pos, v->width, "expected %s, found %s '%.*s'",
			what, value_kind_name(v->kind), STRF(v->text));
}

const struct schema_key *schema_find(const struct schema *schema, struct str name)
{
	for (; schema; schema = schema->base)
		for (size_t i = 0; i < schema->key_count; i++)
			if (str_is(name, schema->keys[i].name))
				return &schema->keys[i];
	return NULL;
}

/* "a, b, c", and the names for str_nearest(). */
static struct str list_keys(struct loader *l, const struct schema *schema,
			    const char **names, size_t *count)
{
	struct buf b;
	struct str s;

	buf_init(&b, 8192);
	*count = 0;
	for (; schema; schema = schema->base)
		for (size_t i = 0; i < schema->key_count; i++) {
			assert(*count < NAMES_MAX);
			if (*count)
				buf_z(&b, ", ");
			buf_z(&b, schema->keys[i].name);
			names[(*count)++] = schema->keys[i].name;
		}
	s = arena_str(l->arena, buf_view(&b));
	buf_release(&b);
	return s;
}

static int unknown_key(struct loader *l, const struct schema *schema,
		       const struct member *m)
{
	const char *names[NAMES_MAX];
	size_t count;
	struct str list = list_keys(l, schema, names, &count);

	diag_add(l->diag, m->pos, m->width, "unknown key '%.*s' in %s; expected %.*s",
		 STRF(m->key), schema->name, STRF(list));
	diag_did_you_mean(l->diag, m->key, names, count);
	return -1;
}

static int unknown_word(struct loader *l, const struct schema_word *words,
			const struct value *v)
{
	const char *names[NAMES_MAX];
	size_t count = 0;
	struct buf b;

	buf_init(&b, 4096);
	for (; words->name; words++) {
		if (count)
			buf_z(&b, words[1].name ? ", " : " or ");
		buf_z(&b, words->name);
		names[count++] = words->name;
	}
	load_mismatch(l, v, b.p);
	if (!v->templated && v->text.p)
		diag_did_you_mean(l->diag, v->text, names, count);
	buf_release(&b);
	return -1;
}

/* ---- One value. --------------------------------------------------------- */

/* A text as it was written: numbers count, for 0012 is an ICCID's way to
 * begin, but not true or null. */
static bool is_text(const struct value *v)
{
	return v->kind == VALUE_STR || v->kind == VALUE_INT || v->kind == VALUE_FLOAT;
}

/* "$${" where no template will ever be expanded. */
static struct str without_escapes(struct loader *l, struct str s)
{
	struct buf b;
	ptrdiff_t at;

	if (str_find(s, STR("$${")) < 0)
		return s;
	buf_init(&b, s.n);
	while ((at = str_find(s, STR("$${"))) >= 0) {
		buf_add(&b, s.p, (size_t)at + 1);
		s = (struct str){ s.p + at + 2, s.n - (size_t)at - 2 };
	}
	buf_str(&b, s);
	s = arena_str(l->arena, buf_view(&b));
	buf_release(&b);
	return s;
}

static int check_length(struct loader *l, const struct schema_key *key,
			const struct value *v)
{
	if ((int64_t)v->text.n < key->min)
		return diag_add(l->diag, v->pos, v->width, "'%s' must not be empty",
				key->name);
	if (key->max && (int64_t)v->text.n > key->max)
		return diag_add(l->diag, v->pos, v->width,
				"'%s' has %zu bytes; expected at most %lld", key->name,
				v->text.n, (long long)key->max);
	return 0;
}

static int read_str(struct loader *l, const struct schema_key *key,
		    const struct value *v, struct str *out)
{
	if (!is_text(v)) {
		load_mismatch(l, v, schema_takes(key));
		if (v->kind == VALUE_BOOL)
			diag_hint(l->diag, "put it in quotes to make it a string");
		return -1;
	}
	if (check_length(l, key, v) < 0)
		return -1;
	*out = v->text;
	if (key->kind == KEY_TEMPLATE || key->kind == KEY_TEXT)
		return names_check_text(l, v);
	if (!v->templated || key->kind == KEY_PROSE)
		return 0;
	*out = without_escapes(l, v->text);
	/* What is left of "${" was no escape. */
	for (size_t i = 0; i + 1 < v->text.n; i++)
		if (v->text.p[i] == '$' && v->text.p[i + 1] == '{' &&
		    (i == 0 || v->text.p[i - 1] != '$'))
			return load_mismatch(l, v, schema_takes(key));
	return 0;
}

static int read_text(struct loader *l, const struct schema_key *key,
		     const struct value *v, struct scenario_text *out)
{
	out->given = true;
	out->s = STR_NONE;
	if (v->kind == VALUE_NULL)
		return 0;
	return read_str(l, key, v, &out->s);
}

static int read_int(struct loader *l, const struct schema_key *key,
		    const struct value *v, int64_t *out)
{
	int64_t max = key->max ? key->max : INT64_MAX;

	if (v->kind != VALUE_INT)
		return load_mismatch(l, v, schema_takes(key));
	if (v->as.i < key->min || v->as.i > max) {
		if (max == INT64_MAX || max == INT32_MAX)
			return diag_add(l->diag, v->pos, v->width,
					"'%s' is %.*s; expected at least %lld",
					key->name, STRF(v->text), (long long)key->min);
		return diag_add(l->diag, v->pos, v->width,
				"'%s' is %.*s; expected %lld to %lld", key->name,
				STRF(v->text), (long long)key->min, (long long)max);
	}
	*out = v->as.i;
	return 0;
}

int load_duration(struct loader *l, const struct value *v, int64_t *ns)
{
	struct err err;

	if (v->kind == VALUE_INT || v->kind == VALUE_FLOAT) {
		if (v->kind == VALUE_INT && v->as.i == 0) {
			*ns = 0;
			return 0;
		}
		load_mismatch(l, v, "a duration such as 90s or 10min");
		diag_hint(l->diag, "a duration needs a unit: '%.*ss'?", STRF(v->text));
		return -1;
	}
	if (v->kind != VALUE_STR || v->templated)
		return load_mismatch(l, v, "a duration such as 90s or 10min");
	if (duration_parse(v->text, ns, &err) < 0)
		return diag_add(l->diag, v->pos, v->width, "%s", err.msg);
	return 0;
}

static int read_duration(struct loader *l, const struct schema_key *key,
			 const struct value *v, int64_t *out)
{
	if (load_duration(l, v, out) < 0)
		return -1;
	if (*out >= key->min && (!key->max || *out <= key->max))
		return 0;
	if (*out >= key->min)
		return diag_add(l->diag, v->pos, v->width, "'%s' must be at most %lldh",
				key->name, (long long)(key->max / (3600 * NS_PER_S)));
	return diag_add(l->diag, v->pos, v->width,
			key->min == 1 ? "'%s' must be longer than 0" :
			key->min == NS_PER_MS ? "'%s' must be at least 1ms" :
			"'%s' must be at least 1s", key->name);
}

static int read_time(struct loader *l, const struct schema_key *key,
		     const struct value *v, int64_t *out)
{
	struct err err;

	if (v->kind != VALUE_STR || v->templated)
		return load_mismatch(l, v, schema_takes(key));
	if (clock_parse_iso(v->text, out, &err) < 0)
		return diag_add(l->diag, v->pos, v->width, "%s", err.msg);
	return 0;
}

static const struct schema_word *find_word(const struct schema_word *words,
					   const struct value *v)
{
	if (v->kind == VALUE_STR)
		for (; words->name; words++)
			if (str_is(v->text, words->name))
				return words;
	return NULL;
}

static int read_flags(struct loader *l, const struct schema_key *key,
		      const struct value *v, unsigned *out)
{
	size_t count = v->kind == VALUE_LIST ? v->count : 1;
	int rc = 0;

	*out = 0;
	for (size_t i = 0; i < count; i++) {
		const struct value *item = v->kind == VALUE_LIST ? v->items[i] : v;
		const struct schema_word *word = find_word(key->words, item);

		if (word)
			*out |= word->value;
		else
			rc = unknown_word(l, key->words, item);
	}
	return rc;
}

static int read_word(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *field)
{
	const struct schema_word *word = find_word(key->words, v);

	if (!word)
		return unknown_word(l, key->words, v);
	if (key->kind == KEY_WORD)
		*(unsigned *)field = word->value;
	else
		*(struct str *)field = str_of(word->name);
	return 0;
}

/* All lists of the tree have this form. */
struct any_list {
	void *list;
	size_t count;
};

static void put_list(void *field, void *list, size_t count)
{
	struct any_list any = { list, count };

	memcpy(field, &any, sizeof(any));
}

static int read_strs(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *field)
{
	size_t count = v->kind == VALUE_LIST ? v->count : 1;
	struct str *list = arena_array(l->arena, count, sizeof(*list));
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		rc |= read_str(l, key, v->kind == VALUE_LIST ? v->items[i] : v,
			       &list[i]);
	put_list(field, list, count);
	return rc;
}

static int read_list(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *field)
{
	char *list;
	int rc = 0;

	if (v->kind != VALUE_LIST)
		return load_mismatch(l, v, schema_takes(key));
	list = arena_array(l->arena, v->count, key->of->size);
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++)
		rc |= load_object(l, key->of, v->items[i], list + i * key->of->size);
	put_list(field, list, v->count);
	return rc;
}

static int read_named(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *field)
{
	char *list;
	int rc = 0;

	if (v->kind == VALUE_NULL)
		return 0;
	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, schema_takes(key));
	list = arena_array(l->arena, v->count, key->of->size);
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];
		char *object = list + i * key->of->size;

		rc |= load_object(l, key->of, m->value, object);
		*(struct str *)(void *)object = m->key;
		*(struct pos *)(void *)(object + key->of->pos_offset) = m->pos;
	}
	put_list(field, list, v->count);
	return rc;
}

int load_key(struct loader *l, const struct schema_key *key,
	     const struct value *v, void *object)
{
	void *field = (char *)object + key->offset;

	if (key->given)
		*(bool *)((char *)object + key->given) = true;
	switch (key->kind) {
	case KEY_STR:
	case KEY_PROSE:
	case KEY_TEMPLATE:
		return read_str(l, key, v, field);
	case KEY_TEXT:
		return read_text(l, key, v, field);
	case KEY_BOOL:
		if (v->kind != VALUE_BOOL)
			return load_mismatch(l, v, schema_takes(key));
		*(bool *)field = v->as.b;
		return 0;
	case KEY_INT:
		return read_int(l, key, v, field);
	case KEY_DURATION:
		return read_duration(l, key, v, field);
	case KEY_TIME:
		return read_time(l, key, v, field);
	case KEY_WORD:
	case KEY_WORD_STR:
		return read_word(l, key, v, field);
	case KEY_FLAGS:
		return read_flags(l, key, v, field);
	case KEY_REF:
		*(struct str *)field = v->text;
		return names_check_ref(l, v, key->refs);
	case KEY_ANY:
		*(const struct value **)field = v;
		return 0;
	case KEY_STRS:
		return read_strs(l, key, v, field);
	case KEY_OBJECT:
		return load_object(l, key->of, v, field);
	case KEY_LIST:
		return read_list(l, key, v, field);
	case KEY_NAMED:
		return read_named(l, key, v, field);
	case KEY_CUSTOM:
		return key->read(l, key, v, object);
	case KEY_ELSEWHERE:
	case KEY_KINDS:
		break;
	}
	return 0;
}

static int check_required(struct loader *l, const struct schema *schema,
			  const struct value *v)
{
	int rc = 0;

	for (const struct schema *s = schema; s; s = s->base)
		for (size_t i = 0; i < s->key_count; i++)
			if (s->keys[i].required && !value_get(v, s->keys[i].name))
				rc = diag_add(l->diag, v->pos, v->width,
					      "%s needs the key '%s': %s",
					      schema->name, s->keys[i].name,
					      schema_takes(&s->keys[i]));
	return rc;
}

int load_object(struct loader *l, const struct schema *schema,
		const struct value *v, void *object)
{
	int rc = 0;

	if (schema->pos_offset != SCHEMA_NO_POS)
		*(struct pos *)(void *)((char *)object + schema->pos_offset) = v->pos;
	if (v->kind != VALUE_MAP && v->kind != VALUE_NULL) {
		load_mismatch(l, v, "a map");
		return -1;
	}
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];
		const struct schema_key *key = schema_find(schema, m->key);

		rc |= key ? load_key(l, key, m->value, object) :
		      unknown_key(l, schema, m);
	}
	rc |= check_required(l, schema, v);
	if (rc == 0 && schema->check)
		rc = schema->check(l, v, object);
	return rc;
}
