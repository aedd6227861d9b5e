#include "scenarios/load.h"

#include "scenarios/match.h"
#include "sim/duration.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

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
static int check_pointer(struct loader *l, struct str s, struct pos pos,
			 unsigned width)
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
		return check_pointer(l, m->key, m->pos, m->width) |
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

/* ---- What is saved. ----------------------------------------------------- */

/* "op" or "ops[3]": with `${i}` in it, it has been filled in by now. */
static int check_variable(struct loader *l, const struct member *m)
{
	struct str rest = m->key, name;
	uint64_t index;

	if (str_find(m->key, STR("${")) >= 0)
		return diag_add(l->diag, m->pos, m->width,
				"the name of a variable: only case and loop variables "
				"can be filled in");
	if (template_path_step(&rest, &name, &index) == 0 && is_name(name) &&
	    (!rest.n || (template_path_step(&rest, &name, &index) == 0 &&
			 !name.p && !rest.n)))
		return 0;
	diag_add(l->diag, m->pos, m->width, "'%.*s' cannot name a variable",
		 STRF(m->key));
	diag_hint(l->diag, "letters, digits, _ and -, beginning with a letter; maybe [3] behind");
	return -1;
}

static int load_source(struct loader *l, const struct value *v, struct save *out)
{
	static const char *const words[] = { "status", "body", "text" };
	static const enum save_what what[] = { SAVE_STATUS, SAVE_BODY, SAVE_TEXT };
	const struct value *header = value_get(v, "header");

	if (header && v->count == 1 && header->kind == VALUE_STR) {
		out->what = SAVE_HEADER;
		out->source = header->text;
		return names_check_text(l, header);
	}
	if (v->kind != VALUE_STR)
		return load_mismatch(l, v, "a JSON pointer such as /id, {header: Name}, "
				     "status, body or text");
	for (size_t i = 0; i < 3; i++)
		if (str_is(v->text, words[i])) {
			out->what = what[i];
			return 0;
		}
	out->what = SAVE_POINTER;
	out->source = v->text;
	return check_pointer(l, v->text, v->pos, v->width) | names_check_text(l, v);
}

int load_save(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object)
{
	struct scenario_step *step = object;
	struct save *list;
	int rc = 0;

	(void)key;
	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map: {variable: /pointer}");
	list = arena_array(l->arena, v->count, sizeof(*list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		list[i].pos = v->members[i].pos;
		list[i].variable = v->members[i].key;
		rc |= check_variable(l, &v->members[i]);
		rc |= load_source(l, v->members[i].value, &list[i]);
	}
	step->request.save.list = list;
	step->request.save.count = v->count;
	return rc;
}

int load_set(struct loader *l, const struct schema_key *key,
	     const struct value *v, void *object)
{
	struct scenario_step *step = object;
	struct variable *list;
	int rc = 0;

	(void)key;
	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map: {variable: value}");
	list = arena_array(l->arena, v->count, sizeof(*list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];

		list[i] = (struct variable){ m->pos, m->key, m->value };
		rc |= check_variable(l, m) | names_check_value(l, m->value);
	}
	step->set.list = list;
	step->set.count = v->count;
	return rc;
}

/* A step's variables exist for the steps behind it; also those of a wrong
 * step, so that one error does not make more. */
static int publish_variables(struct loader *l, const struct value *step)
{
	static const char *const keys[] = { "save", "set" };
	int rc = 0;

	for (size_t k = 0; k < 2; k++) {
		const struct value *map = value_get(step, keys[k]);

		if (!map || map->kind != VALUE_MAP)
			continue;
		for (size_t i = 0; i < map->count; i++)
			rc |= names_add_variable(l, map->members[i].key,
						 map->members[i].pos,
						 map->members[i].width);
	}
	return rc;
}

/* ---- Requests. ---------------------------------------------------------- */

static const struct {
	const char *verb, *method;
} methods[] = {
	{ "get", "GET" }, { "post", "POST" }, { "put", "PUT" }, { "patch", "PATCH" },
	{ "delete", "DELETE" }, { "head", "HEAD" }, { "options", "OPTIONS" },
};

int load_verb(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object)
{
	struct scenario_step *step = object;
	struct str s = v->text;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(key->name, methods[i].verb) == 0)
			step->request.method = methods[i].method;
	step->request.url = s;
	if (v->kind != VALUE_STR)
		return load_mismatch(l, v, key->takes);
	if (!str_starts(s, STR("/")) && !str_starts(s, STR("${")) &&
	    !str_starts(s, STR("http://")) && !str_starts(s, STR("https://")))
		return load_mismatch(l, v, "a path that begins with '/', or a URL "
				     "(http:// or https://)");
	return names_check_text(l, v);
}

int load_headers(struct loader *l, const struct schema_key *key,
		 const struct value *v, void *object)
{
	struct { struct request_header *list; size_t count; } *out = FIELD(object, key);
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map");
	out->list = arena_array(l->arena, v->count, sizeof(*out->list));
	out->count = v->count;
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct member *m = &v->members[i];

		out->list[i] = (struct request_header){ m->pos, m->key, m->value };
		if (m->value->kind == VALUE_MAP || m->value->kind == VALUE_LIST)
			rc |= load_mismatch(l, m->value, "a string");
		rc |= names_check_value(l, m->value);
	}
	return rc;
}

int load_body(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object)
{
	struct scenario_request *request = &((struct scenario_step *)object)->request;
	bool json = strcmp(key->name, "json") == 0;
	bool form = strcmp(key->name, "form") == 0;

	if (request->body_kind != BODY_NONE)
		return diag_add(l->diag, v->pos, v->width,
				"a request has one body: json, body or form");
	request->body_kind = json ? BODY_JSON : form ? BODY_FORM : BODY_TEXT;
	request->body = v;
	if (form && v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map");
	if (!json && !form && (v->kind == VALUE_MAP || v->kind == VALUE_LIST)) {
		load_mismatch(l, v, "a string");
		diag_hint(l->diag, "'json:' takes maps and lists");
		return -1;
	}
	return names_check_value(l, v);
}

int load_as(struct loader *l, const struct schema_key *key,
	    const struct value *v, void *object)
{
	struct scenario_request *request = &((struct scenario_step *)object)->request;

	(void)key;
	if (v->kind == VALUE_STR && str_is(v->text, "nobody")) {
		request->as_nobody = true;
		return 0;
	}
	request->as = v->text;
	return names_check_ref(l, v, REF_USER);
}

/* Often enough to see what happens, seldom enough to cost little. */
static int64_t usual_every_ns(int64_t within_ns)
{
	int64_t ns = within_ns / 30;

	if (ns < STEP_EVERY_MIN_NS)
		return STEP_EVERY_MIN_NS;
	return ns < STEP_EVERY_MAX_NS ? ns : STEP_EVERY_MAX_NS;
}

int check_request(struct loader *l, const struct value *v, void *object)
{
	struct scenario_step *step = object;
	const struct member *until = value_member(v, STR("until"));
	static const char *const waiting[] = { "within", "every", "stable-for" };

	if (until && !value_get(v, "within"))
		return diag_add(l->diag, until->pos, until->width,
				"'until' needs 'within': how long to wait at most");
	for (size_t i = 0; !until && i < 3; i++) {
		const struct member *m = value_member(v, str_of(waiting[i]));

		if (m)
			return diag_add(l->diag, m->pos, m->width,
					"'%s' needs 'until': what to wait for",
					waiting[i]);
	}
	if (step->every_ns == 0)
		step->every_ns = usual_every_ns(step->within_ns);
	return 0;
}

/* ---- Time. -------------------------------------------------------------- */

int load_at(struct loader *l, const struct schema_key *key,
	    const struct value *v, void *object)
{
	struct scenario_step *step = object;

	if (step->when != WHEN_NOW)
		return diag_add(l->diag, v->pos, v->width,
				"a step has 'at' or 'after', not both");
	step->when = strcmp(key->name, "at") == 0 ? WHEN_AT : WHEN_AFTER;
	return load_duration(l, v, &step->when_ns);
}

int load_within(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	struct scenario_step *step = object;

	(void)key;
	step->waits = true;
	return load_duration(l, v, &step->within_ns);
}

int check_wait(struct loader *l, const struct value *v, void *object)
{
	const struct scenario_step *step = object;

	if (step->stable_ns > 0 && !step->waits)
		return diag_add(l->diag, v->pos, v->width,
				"'stable-for' needs 'within'");
	if (step->stable_ns > step->within_ns)
		return diag_add(l->diag, v->pos, v->width,
				"'stable-for' is longer than 'within'");
	return 0;
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
		rc |= check_pointer(l, pointer, m->pos, m->width) |
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

/* ---- Actions. ----------------------------------------------------------- */

int load_target(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	struct str *out = FIELD(object, key);

	*out = v->text;
	if (v->kind == VALUE_STR && v->templated)
		return names_check_text(l, v);
	return names_check_ref(l, v, REF_DEVICE | REF_FLEET);
}

int load_quirk_name(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object)
{
	struct str *out = FIELD(object, key);
	struct scenario_quirk ignored;

	*out = v->text;
	if (v->kind != VALUE_STR)
		return load_mismatch(l, v, key->takes);
	/* Known, or said to be unknown; its parameters do not matter. */
	return quirk_find(v->text) ? 0 : load_quirk(l, v, true, &ignored);
}

int load_action(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	struct scenario_action *action = FIELD(object, key);
	const struct action_form *form = action_forms;
	const struct schema_key *short_key;

	while (strcmp(form->name, key->name) != 0)
		form++;
	action->id = (enum action_id)(form - action_forms);
	action->on = true;
	if (action->id == ACTION_SET_QUIRK)
		return load_quirk(l, v, true, &action->quirk);
	if (v->kind == VALUE_MAP)
		return load_object(l, form->args, v, action);
	if (!form->short_key)
		return load_mismatch(l, v, "a map with its arguments");
	short_key = schema_find(form->args, str_of(form->short_key));
	return load_key(l, short_key, v, action);
}

/* ---- Titles. ------------------------------------------------------------ */

static void title_wait(struct buf *b, int64_t ns)
{
	buf_char(b, ' ');
	duration_print(b, ns);
}

static struct str step_title(struct loader *l, const struct value *v,
			     const struct scenario_step *step, const char *verb)
{
	const struct value *what = value_get(v, verb);
	const struct value *until = value_get(v, "until");
	struct buf b;
	struct str s;

	if (step->kind == STEP_REQUEST && !until)
		return arena_printf(l->arena, "%s %.*s", step->request.method,
				    STRF(step->request.url));
	buf_init(&b, 4096);
	buf_z(&b, step->kind == STEP_REQUEST ? step->request.method : verb);
	if (step->kind == STEP_WAIT) {
		title_wait(&b, step->wait_ns);
	} else if (what && what->kind != VALUE_MAP && what->kind != VALUE_LIST) {
		buf_char(&b, ' ');
		buf_str(&b, what->text);
	} else if (what) {
		buf_char(&b, ' ');
		match_print(&b, what);
	}
	if (until) {
		buf_z(&b, " until ");
		match_print(&b, until);
	}
	s = arena_str(l->arena, buf_view(&b));
	buf_release(&b);
	return s;
}

/* ---- Steps and loops. --------------------------------------------------- */

static struct scenario_step *new_step(struct loader *l)
{
	if (l->step_count == l->step_cap) {
		l->step_cap = l->step_cap ? 2 * l->step_cap : 16;
		l->steps = realloc(l->steps, l->step_cap * sizeof(*l->steps));
		assert(l->steps);
	}
	memset(&l->steps[l->step_count], 0, sizeof(*l->steps));
	return &l->steps[l->step_count++];
}

static const struct step_form *find_form(struct str verb)
{
	for (size_t i = 0; i < step_form_count; i++)
		if (str_is(verb, step_forms[i].verb))
			return &step_forms[i];
	return NULL;
}

static int no_verb(struct loader *l, const struct value *v)
{
	const char *names[64];
	int near = -1;
	size_t i;

	assert(step_form_count <= 64);
	for (i = 0; i < step_form_count; i++)
		names[i] = step_forms[i].verb;
	for (i = 0; i < v->count && near < 0; i++)
		near = str_nearest(v->members[i].key, names, step_form_count);
	if (near >= 0) {
		const struct member *m = &v->members[i - 1];

		diag_add(l->diag, m->pos, m->width,
			 "unknown key '%.*s': nothing here says what the step does",
			 STRF(m->key));
		diag_hint(l->diag, "did you mean '%s'?", names[near]);
		return -1;
	}
	return diag_add(l->diag, v->pos, v->width,
			"nothing here says what the step does; expected a request (get, "
			"post, ...), wait, expect-event, expect-device, set, fail, an "
			"action (power-off, ...), for or each");
}

static int load_step(struct loader *l, const struct value *v,
		     const struct loop_scope *scope)
{
	const struct step_form *form = NULL, *other;
	struct scenario_step step = { 0 };
	int rc;

	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];

		other = find_form(m->key);
		if (form && other)
			return diag_add(l->diag, m->pos, m->width,
					"a step does one thing: '%s' or '%s'",
					form->verb, other->verb);
		if (other)
			form = other;
	}
	if (!form)
		return no_verb(l, v);
	step.kind = form->kind;
	rc = load_object(l, form->schema, v, &step);
	if ((rc | publish_variables(l, v)) < 0)
		return -1;
	if (v->count)
		step.pos = v->members[0].pos;
	step.title = step_title(l, v, &step, form->verb);
	if (scope)
		step.loop = scope->text;
	if (l->step_count == STEPS_MAX)
		return diag_add(l->diag, v->pos, v->width,
				"more than %d steps, loops written out", STEPS_MAX);
	*new_step(l) = step;
	return 0;
}

static int load_list(struct loader *l, const struct value *v,
		     const struct loop_scope *scope);

/* Rounds without steps cost time as well. */
static int count_round(struct loader *l, const struct loop_spec *spec)
{
	if (++l->rounds <= 2 * STEPS_MAX)
		return 0;
	return diag_add(l->diag, spec->pos, 1, "the loops have more than %d rounds",
			2 * STEPS_MAX);
}

/* One round of a loop: `vars` filled in. */
static int load_round(struct loader *l, const struct loop_spec *spec,
		      const struct template_var *vars, struct str text,
		      const struct loop_scope *outer)
{
	struct loop_scope scope = { .outer = outer, .text = text };
	const struct value *steps;

	if (count_round(l, spec) < 0)
		return -1;
	if (outer)
		scope.text = arena_printf(l->arena, "%.*s, %.*s", STRF(outer->text),
					  STRF(text));
	scope.vars = vars;
	steps = template_substitute(spec->steps, vars, l->arena, &l->budget);
	if (l->budget == 0)
		return diag_add(l->diag, spec->pos, 1,
				"the loops make the scenario too large");
	return load_list(l, steps, &scope);
}

static bool is_taken(const struct loop_scope *scope, struct str name)
{
	for (; scope; scope = scope->outer)
		for (const struct template_var *v = scope->vars; v; v = v->outer)
			if (str_eq(v->name, name))
				return true;
	return false;
}

static int check_loop_name(struct loader *l, struct str name, struct pos pos,
			   unsigned width, const struct loop_scope *scope)
{
	if (!is_name(name)) {
		diag_add(l->diag, pos, width, "'%.*s' cannot name a loop variable",
			 STRF(name));
		diag_hint(l->diag, "letters, digits, _ and -, beginning with a letter");
		return -1;
	}
	if (is_taken(scope, name) || str_is(name, "case") || names_find(l, name))
		return diag_add(l->diag, pos, width,
				"the loop variable '%.*s' would hide another name",
				STRF(name));
	return 0;
}

/* {from: 1, to: 5, step: 2} as a list. */
static const struct value *range(struct loader *l, const struct value *v)
{
	const struct value *from = value_get(v, "from"), *to = value_get(v, "to");
	const struct value *by = value_get(v, "step"), **items;
	int64_t step = by && by->kind == VALUE_INT ? by->as.i : 1, count;
	struct value *list;

	if (v->count != (by ? 3u : 2u) || !from || from->kind != VALUE_INT || !to ||
	    to->kind != VALUE_INT || (by && by->kind != VALUE_INT) || step < 1 ||
	    from->as.i < -1000000000 || to->as.i > 1000000000 ||
	    step > 1000000000) {
		load_mismatch(l, v, "a list, or {from: 1, to: 5} (maybe with step: 2)");
		return NULL;
	}
	count = to->as.i < from->as.i ? 0 : (to->as.i - from->as.i) / step + 1;
	if (count > STEPS_MAX) {
		diag_add(l->diag, v->pos, v->width, "more than %d rounds", STEPS_MAX);
		return NULL;
	}
	list = value_new(l->arena, VALUE_LIST, v->pos);
	items = arena_array(l->arena, (size_t)count, sizeof(*items));
	list->items = items;
	list->count = (size_t)count;
	for (int64_t i = 0; i < count; i++)
		items[i] = value_int(l->arena, from->as.i + i * step);
	return list;
}

static struct str var_text(struct loader *l, struct str before, struct str name,
			   const struct value *v)
{
	struct buf b;
	struct str s;

	buf_init(&b, 256);
	if (before.n) {
		buf_str(&b, before);
		buf_z(&b, ", ");
	}
	buf_str(&b, name);
	buf_char(&b, '=');
	value_text(&b, v);
	s = arena_str(l->arena, buf_view(&b));
	buf_release(&b);
	return s;
}

/* Every combination of the variables from number `i` on. */
static int for_combinations(struct loader *l, const struct loop_spec *spec, size_t i,
			    const struct template_var *vars, struct str text,
			    const struct loop_scope *scope)
{
	const struct member *m = &spec->over->members[i];
	const struct value *list;
	int rc = 0;

	if (i == spec->over->count)
		return load_round(l, spec, vars, text, scope);
	if (count_round(l, spec) < 0)
		return -1;
	if (check_loop_name(l, m->key, m->pos, m->width, scope) < 0)
		return -1;
	list = m->value->kind == VALUE_LIST ? m->value : range(l, m->value);
	for (size_t k = 0; list && k < list->count && rc == 0; k++) {
		struct template_var var = { .name = m->key, .value = list->items[k],
					    .outer = vars };

		rc = for_combinations(l, spec, i + 1, &var,
				      var_text(l, text, m->key, list->items[k]),
				      scope);
	}
	return list ? rc : -1;
}

enum { ROW_VARS_MAX = 32 };

/* A table: each row is a map of variables. */
static int for_rows(struct loader *l, const struct loop_spec *spec,
		    const struct loop_scope *scope)
{
	struct template_var vars[ROW_VARS_MAX];
	int rc = 0;

	for (size_t r = 0; r < spec->over->count && rc == 0; r++) {
		const struct value *row = spec->over->items[r];
		struct str text = STR("");

		if (row->kind != VALUE_MAP || row->count == 0 ||
		    row->count > ROW_VARS_MAX)
			return load_mismatch(l, row, "a row: a map of at most 32 variables");
		for (size_t i = 0; i < row->count; i++) {
			const struct member *m = &row->members[i];

			if (check_loop_name(l, m->key, m->pos, m->width, scope) < 0)
				return -1;
			vars[i] = (struct template_var){
				.name = m->key, .value = m->value,
				.outer = i ? &vars[i - 1] : NULL,
			};
			text = var_text(l, text, m->key, m->value);
		}
		rc = load_round(l, spec, &vars[row->count - 1], text, scope);
	}
	return rc;
}

static int each_one(struct loader *l, const struct loop_spec *spec,
		    struct str device, uint64_t index,
		    const struct loop_scope *scope)
{
	struct template_var var = {
		.name = spec->as, .alias = device, .index = index,
	};

	return load_round(l, spec, &var,
			  arena_printf(l->arena, "%.*s=%.*s", STRF(spec->as),
				       STRF(device)), scope);
}

/* A device, or all of a fleet; *index counts them. */
static int each_of(struct loader *l, const struct loop_spec *spec,
		   const struct value *v, uint64_t *index,
		   const struct loop_scope *scope)
{
	const struct name *thing;
	const struct value *count;
	int rc = 0;

	if (names_check_ref(l, v, REF_DEVICE | REF_FLEET) < 0)
		return -1;
	thing = names_find(l, v->text);
	if (!thing || thing->object != OBJECT_FLEET)
		return each_one(l, spec, v->text, (*index)++, scope);
	count = value_get(thing->value, "count");
	if (!count || count->kind != VALUE_INT)
		return 0;	/* said where the fleet stands */
	if (count->as.i > STEPS_MAX)
		return diag_add(l->diag, v->pos, v->width, "more than %d rounds",
				STEPS_MAX);
	for (int64_t i = 0; i < count->as.i && rc == 0; i++)
		rc = each_one(l, spec,
			      arena_printf(l->arena, "%.*s[%lld]", STRF(v->text),
					   (long long)i), (*index)++, scope);
	return rc;
}

static int run_each(struct loader *l, const struct loop_spec *spec,
		    const struct loop_scope *scope)
{
	const struct value *v = spec->each;
	uint64_t index = 0;
	int rc = 0;

	if (check_loop_name(l, spec->as, v->pos, v->width, scope) < 0)
		return -1;
	if (v->kind != VALUE_LIST)
		return each_of(l, spec, v, &index, scope);
	for (size_t i = 0; i < v->count && rc == 0; i++)
		rc = each_of(l, spec, v->items[i], &index, scope);
	return rc;
}

static int load_loop(struct loader *l, const struct value *v,
		     const struct loop_scope *scope)
{
	struct loop_spec spec = { .as = STR("it") };

	if (load_object(l, &schema_loop, v, &spec) < 0)
		return -1;
	if (!spec.over == !spec.each)
		return diag_add(l->diag, v->pos, v->width,
				"a loop has 'for' or 'each', not both");
	if (spec.steps->kind != VALUE_LIST)
		return load_mismatch(l, spec.steps, "a list of steps");
	if (spec.each)
		return run_each(l, &spec, scope);
	if (spec.over->kind == VALUE_LIST)
		return for_rows(l, &spec, scope);
	if (spec.over->kind != VALUE_MAP || spec.over->count == 0)
		return load_mismatch(l, spec.over, "a map of variables, or a list of rows");
	return for_combinations(l, &spec, 0, NULL, STR(""), scope);
}

static int load_list(struct loader *l, const struct value *v,
		     const struct loop_scope *scope)
{
	int rc = 0;

	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++) {
		const struct value *item = v->items[i];

		if (item->kind != VALUE_MAP)
			rc = load_mismatch(l, item, "a step (a map)");
		else if (value_get(item, "for") || value_get(item, "each"))
			rc |= load_loop(l, item, scope);
		else
			rc |= load_step(l, item, scope);
		if (rc < 0 && l->step_count == STEPS_MAX)
			break;
	}
	return rc;
}

int load_steps(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object)
{
	(void)object;
	if (v->kind != VALUE_LIST)
		return load_mismatch(l, v, key->takes);
	if (v->count == 0)
		return diag_add(l->diag, v->pos, v->width,
				"a scenario without steps shows nothing");
	return load_list(l, v, NULL);
}
