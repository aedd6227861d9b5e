/* What must be: of answers, of events, of devices. */
#include "scenarios/load.h"

#include "scenarios/match.h"

#include <assert.h>

#define FIELD(object, key) ((void *)((char *)(object) + (key)->offset))

/* ---- Expectations. ------------------------------------------------------ */

static int check_want(struct loader *l, const struct value *want)
{
	return match_check(want, l->diag) | names_check_value(l, want);
}

static int check_status(struct loader *l, const struct value *v)
{
	bool in_range = v->kind == VALUE_INT && v->as.i >= 100 && v->as.i <= 599;

	if (in_range || v->kind == VALUE_MAP || (v->kind == VALUE_STR && v->templated))
		return check_want(l, v);
	load_mismatch(l, v, "a status from 100 to 599, or a matcher");
	if (v->kind == VALUE_LIST)
		diag_hint(l->diag, "one of several: {one-of: [...]}");
	return -1;
}

static int check_failure(struct loader *l, const struct value *v)
{
	static const char *const words[] = { "timeout", "unreachable", "broken" };

	if (v->kind == VALUE_MAP || (v->kind == VALUE_STR && v->templated))
		return check_want(l, v);
	for (size_t i = 0; i < 3; i++)
		if (v->kind == VALUE_STR && str_is(v->text, words[i]))
			return 0;
	load_mismatch(l, v, "timeout, unreachable or broken");
	if (v->kind == VALUE_STR)
		diag_did_you_mean(l->diag, v->text, words, 3);
	return -1;
}

/* RFC 6901, section 3. */
int load_pointer(struct loader *l, struct str s, struct pos pos, unsigned width)
{
	if (s.n && s.p[0] != '/') {
		diag_add(l->diag, pos, width, "'%.*s' is no JSON pointer", STRF(s));
		diag_hint(l->diag, "it begins with '/': '/%.*s'?", STRF(s));
		return -1;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '~' && (i + 1 == s.n ||
				      (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
			return diag_add(l->diag, pos, width,
					"'%.*s': in a JSON pointer, '~' is written ~0",
					STRF(s));
	return 0;
}

static int load_expect_headers(struct loader *l, const struct value *v,
			       struct expectation *out)
{
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map of headers");
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];

		out[i] = (struct expectation){ m->pos, EXPECT_HEADER, m->key, m->value };
		rc |= names_check_key(l, m) | check_want(l, m->value);
	}
	return rc;
}

static int unknown_expectation(struct loader *l, const struct member *m)
{
	const char *names[16];

	assert(expect_word_count <= 16);
	for (size_t i = 0; i < expect_word_count; i++)
		names[i] = expect_words[i].name;
	diag_add(l->diag, m->pos, m->width,
		 "unknown expectation '%.*s'; expected a JSON pointer such as /count, "
		 "or status, headers, body, text, failure, took", STRF(m->key));
	diag_did_you_mean(l->diag, m->key, names, expect_word_count);
	if (l->diag->count && !l->diag->items[l->diag->count - 1].hint.n)
		diag_hint(l->diag, "did you mean '/%.*s'?", STRF(m->key));
	return -1;
}

static const struct expect_word *find_expect_word(struct str name)
{
	for (size_t i = 0; i < expect_word_count; i++)
		if (str_is(name, expect_words[i].name))
			return &expect_words[i];
	return NULL;
}

static int load_expectation(struct loader *l, const struct member *m,
			    struct expectation *out)
{
	const struct expect_word *word = find_expect_word(m->key);

	*out = (struct expectation){ m->pos, EXPECT_POINTER, m->key, m->value };
	if (!word && (m->key.n == 0 || m->key.p[0] == '/'))
		return load_pointer(l, m->key, m->pos, m->width) |
		       names_check_key(l, m) | check_want(l, m->value);
	if (!word)
		return unknown_expectation(l, m);
	out->what = word->what;
	out->target = STR_NONE;
	if (word->what == EXPECT_STATUS)
		return check_status(l, m->value);
	if (word->what == EXPECT_FAILURE)
		return check_failure(l, m->value);
	return check_want(l, m->value);
}

int load_expect(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	struct expectations *out = FIELD(object, key);
	const struct value *headers = value_get(v, "headers");
	int rc = 0;

	if (v->kind != VALUE_MAP || v->count == 0)
		return load_mismatch(l, v, "a map of expectations");
	out->list = arena_array(l->arena, v->count + (headers ? headers->count : 0),
				sizeof(*out->list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];

		if (m->value == headers) {
			rc |= load_expect_headers(l, headers, out->list + out->count);
			out->count += headers->kind == VALUE_MAP ? headers->count : 0;
		} else {
			rc |= load_expectation(l, m, &out->list[out->count++]);
		}
	}
	return rc;
}

/* ---- Events and devices. ------------------------------------------------ */

int load_event_fields(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object)
{
	struct scenario_expect_event *event = &((struct scenario_step *)object)->event;
	int rc = 0;

	(void)key;
	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map of expectations");
	event->fields.count = v->count;
	event->fields.list = arena_array(l->arena, v->count,
					 sizeof(*event->fields.list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];

		event->fields.list[i] = (struct event_field){ m->pos, m->key, m->value };
		rc |= check_want(l, m->value);
	}
	return rc;
}

int load_event(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object)
{
	struct scenario_step *step = object;
	bool least = value_get(v, "at-least"), most = value_get(v, "at-most");

	step->event.at_least = 1;
	step->event.at_most = INT64_MAX;
	if (v->kind == VALUE_STR) {
		step->event.event = v->text;
		return names_check_text(l, v);
	}
	if (load_object(l, key->of, v, step) < 0)
		return -1;
	if (value_get(v, "count")) {
		if (least || most)
			return diag_add(l->diag, v->pos, v->width,
					"'count' says it all: no 'at-least' or 'at-most'");
		step->event.at_least = step->event.at_most;
	} else if (most && !least) {
		step->event.at_least = 0;
	}
	if (step->event.at_least > step->event.at_most)
		return diag_add(l->diag, v->pos, v->width,
				"'at-least' is more than 'at-most'");
	return 0;
}

/* Members of a device's document, with or without the pointer's '/'. */
static int load_device_state(struct loader *l, const struct value *v,
			     struct scenario_expect_device *out)
{
	struct expectation *list;
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map: {online: true, /profiles/0/status: active}");
	list = arena_array(l->arena, v->count, sizeof(*list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];
		struct str pointer = m->key;

		if (!pointer.n || pointer.p[0] != '/')
			pointer = arena_printf(l->arena, "/%.*s", STRF(m->key));
		list[i] = (struct expectation){ m->pos, EXPECT_POINTER, pointer,
						m->value };
		rc |= load_pointer(l, pointer, m->pos, m->width) |
		      names_check_key(l, m) | check_want(l, m->value);
	}
	out->expect.list = list;
	out->expect.count = v->count;
	return rc;
}

int load_expect_device(struct loader *l, const struct schema_key *key,
		       const struct value *v, void *object)
{
	struct scenario_step *step = object;
	int rc = 0;

	(void)key;
	if (v->kind != VALUE_MAP || v->count == 0)
		return load_mismatch(l, v, "a map: {router: {online: true}}");
	step->devices.count = v->count;
	step->devices.list = arena_array(l->arena, v->count,
					 sizeof(*step->devices.list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];
		struct value name = { .pos = m->pos, .width = m->width };

		step->devices.list[i].pos = m->pos;
		step->devices.list[i].device = m->key;
		rc |= names_check_ref_text(l, m->key, &name, REF_DEVICE | REF_FLEET);
		rc |= load_device_state(l, m->value, &step->devices.list[i]);
	}
	return rc;
}
