/* Lists of steps, with loops written out. */
#include "scenarios/load.h"

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

int load_finally(struct loader *l, const struct value *v)
{
	if (v->kind != VALUE_LIST)
		return load_mismatch(l, v, "a list of steps");
	return load_list(l, v, NULL);
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
