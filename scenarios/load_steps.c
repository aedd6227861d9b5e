/* Steps, one by one: requests, time, actions, variables. */
#include "scenarios/load.h"

#include "scenarios/match.h"
#include "sim/duration.h"

#include <assert.h>
#include <stdlib.h>

#define FIELD(object, key) ((void *)((char *)(object) + (key)->offset))

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

/* [/id, /list/0/id]: the first that is there. */
static int load_pointers(struct loader *l, const struct value *v,
			 struct save *out)
{
	struct str *pointers = arena_array(l->arena, v->count, sizeof(*pointers));
	int rc = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct value *item = v->items[i];

		if (item->kind != VALUE_STR)
			return load_mismatch(l, item, "a JSON pointer such as /id");
		pointers[i] = item->text;
		rc |= load_pointer(l, item->text, item->pos, item->width) |
		      names_check_text(l, item);
	}
	out->what = SAVE_POINTER;
	out->source = pointers[0];
	out->or_else.list = pointers + 1;
	out->or_else.count = v->count - 1;
	return rc;
}

/* {first-of: /list, where: {status: active}}: `where` may be missing. */
static int load_item(struct loader *l, const struct value *v,
		     const struct value *list, struct save *out)
{
	const struct value *where = value_get(v, "where");

	if (list->kind != VALUE_STR || v->count != (where ? 2u : 1u))
		return load_mismatch(l, v, "{first-of: /list, where: ...}");
	out->source = list->text;
	out->where = where;
	return load_pointer(l, list->text, list->pos, list->width) |
	       names_check_text(l, list) |
	       (where ? match_check(where, l->diag) | names_check_value(l, where) : 0);
}

static int load_source(struct loader *l, const struct value *v, struct save *out)
{
	static const char *const words[] = { "status", "body", "text" };
	static const enum save_what what[] = { SAVE_STATUS, SAVE_BODY, SAVE_TEXT };
	const struct value *header = value_get(v, "header");
	const struct value *first = value_get(v, "first-of");
	const struct value *last = value_get(v, "last-of");

	if (first || last) {
		out->what = first ? SAVE_FIRST : SAVE_LAST;
		return load_item(l, v, first ? first : last, out);
	}
	if (header && v->count == 1 && header->kind == VALUE_STR) {
		out->what = SAVE_HEADER;
		out->source = header->text;
		return names_check_text(l, header);
	}
	if (v->kind == VALUE_LIST && v->count)
		return load_pointers(l, v, out);
	if (v->kind != VALUE_STR)
		return load_mismatch(l, v, "a JSON pointer such as /id, a list of such, "
				     "{header: Name}, status, body or text");
	for (size_t i = 0; i < 3; i++)
		if (str_is(v->text, words[i])) {
			out->what = what[i];
			return 0;
		}
	out->what = SAVE_POINTER;
	out->source = v->text;
	return load_pointer(l, v->text, v->pos, v->width) | names_check_text(l, v);
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

	if (step->request.follow && strcmp(step->request.method, "GET") != 0)
		return diag_add(l->diag, v->pos, v->width,
				"'follow' is for 'get': no other answer has pages");
	if (!until && value_get(v, "given") && value_get(v, "within"))
		until = value_member(v, STR("given"));
	else if (until && !value_get(v, "within"))
		return diag_add(l->diag, until->pos, until->width,
				"'until' needs 'within': how long to wait at most");
	for (size_t i = 0; !until && i < 3; i++) {
		const struct member *m = value_member(v, str_of(waiting[i]));

		if (m)
			return diag_add(l->diag, m->pos, m->width,
					"'%s' needs 'until' or 'given': what to wait for",
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

/* ---- Steps. ------------------------------------------------------------- */

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

int load_step(struct loader *l, const struct value *v,
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
