/* A file's scenarios: one, or one for each of its cases. */
#include "scenarios/load.h"

#include "scenarios/yaml.h"

#include <stdlib.h>

static const struct value no_row = { .kind = VALUE_MAP };

/* "enabled", or "status=active, n=3". */
static struct str case_name(struct arena *a, const struct value *row)
{
	const struct value *name = value_get(row, "name");
	struct buf b;
	struct str s;

	if (name && name->kind != VALUE_MAP && name->kind != VALUE_LIST)
		return name->text;
	buf_init(&b, 200);
	for (size_t i = 0; i < row->count && !b.over; i++) {
		if (i)
			buf_z(&b, ", ");
		buf_str(&b, row->members[i].key);
		buf_char(&b, '=');
		value_text(&b, row->members[i].value);
	}
	s = arena_str(a, buf_view(&b));
	buf_release(&b);
	return s;
}

static int check_cases(const struct value *cases, struct diag *d)
{
	int rc = 0;

	if (cases->kind != VALUE_LIST)
		return diag_add(d, cases->pos, cases->width,
				"'cases': expected a list of maps, found %s",
				value_kind_name(cases->kind));
	if (cases->count == 0 || cases->count > CASES_MAX)
		return diag_add(d, cases->pos, cases->width,
				"'cases': %zu rows; expected 1 to %d", cases->count,
				CASES_MAX);
	for (size_t i = 0; i < cases->count; i++) {
		const struct value *row = cases->items[i];

		if (row->kind != VALUE_MAP || row->count == 0)
			rc = diag_add(d, row->pos, row->width,
				      "a case is a map of variables, found %s",
				      row->kind == VALUE_MAP ? "an empty one" :
				      value_kind_name(row->kind));
	}
	return rc;
}

/* The file's name without folders and ".yaml". */
static struct str stem(struct str path)
{
	struct str s = path, folder;

	while (memchr(s.p, '/', s.n))
		folder = str_split(&s, '/');
	(void)folder;
	if (str_ends(s, STR(".yaml")))
		s.n -= 5;
	else if (str_ends(s, STR(".yml")))
		s.n -= 4;
	return s;
}

static void name_scenario(struct scenario *s, const struct value *root,
			  const struct value *row, struct arena *a)
{
	const struct value *name = value_get(root, "name");

	if (!s->name.n)
		s->name = stem(s->file);
	if (!row)
		return;
	s->case_name = case_name(a, row);
	if (!name || str_find(name->text, STR("${case.")) < 0)
		s->name = arena_printf(a, "%.*s [%.*s]", STRF(s->name),
				       STRF(s->case_name));
}

/* One scenario: `row` is NULL without cases. */
static int load_case(struct loader *l, const struct value *root,
		     const struct value *row, struct scenario *s)
{
	struct template_var var = { .name = STR("case"),
				    .value = row ? row : &no_row };
	const struct value *filled = root, *finally;
	size_t first_finally;
	int rc;

	if (row)
		filled = template_substitute(root, &var, l->arena, &l->budget);
	if (l->budget == 0)
		return diag_add(l->diag, row->pos, row->width,
				"the cases make the scenario too large");
	l->world = value_get(filled, "world");
	l->has_case = row != NULL;
	l->step_count = l->rounds = 0;
	memset(&l->names, 0, sizeof(l->names));
	s->seed = 1;
	s->clock_start_ms = CLOCK_EPOCH_MS;
	s->time_limit_ns = 7 * 86400 * NS_PER_S;
	rc = names_build(l);
	rc |= load_object(l, &schema_scenario, filled, s);
	first_finally = l->step_count;
	finally = value_get(filled, "finally");
	if (finally)
		rc |= load_finally(l, finally);
	free(l->names.table);
	if (rc < 0)
		return -1;
	s->steps.list = arena_array(l->arena, l->step_count, sizeof(*s->steps.list));
	if (l->step_count)
		memcpy(s->steps.list, l->steps, l->step_count * sizeof(*l->steps));
	s->steps.count = first_finally;
	s->finally.list = s->steps.list + first_finally;
	s->finally.count = l->step_count - first_finally;
	name_scenario(s, root, row, l->arena);
	return 0;
}

/* What `cases` say must not be filled into `cases`. */
static const struct value *without_cases(const struct value *root, struct arena *a)
{
	struct value *v = ARENA_NEW(a, struct value);
	struct member *m = arena_array(a, root->count, sizeof(*m));

	*v = *root;
	v->count = 0;
	v->members = m;
	for (size_t i = 0; i < root->count; i++)
		if (!str_is(root->members[i].key, "cases"))
			m[v->count++] = root->members[i];
	return v;
}

static int load_root(const struct value *root, struct arena *arena,
		     struct scenario_file *out, struct diag *diag)
{
	struct loader l = { .arena = arena, .diag = diag,
			    .budget = BUDGET };
	const struct value *cases = value_get(root, "cases");
	int rc = 0;

	if (cases && check_cases(cases, diag) < 0)
		return -1;
	if (cases)
		root = without_cases(root, arena);
	l.cases = cases;
	out->count = cases ? cases->count : 1;
	out->list = arena_array(arena, out->count, sizeof(*out->list));
	for (size_t i = 0; i < out->count && diag->dropped == 0; i++) {
		out->list[i].file = out->path;
		out->list[i].case_index = i;
		rc |= load_case(&l, root, cases ? cases->items[i] : NULL,
				&out->list[i]);
	}
	free(l.steps);
	return rc;
}

static int load_source(const struct source *source, const struct value *world,
		       struct arena *arena, struct scenario_file *out,
		       struct diag *diag)
{
	const struct value *root = load_included(source, world, arena, diag);

	return root ? load_root(root, arena, out, diag) : -1;
}

int scenario_load(const char *path, struct arena *arena,
		  struct scenario_file *out, struct diag *diag)
{
	return scenario_load_over(path, NULL, arena, out, diag);
}

int scenario_load_over(const char *path, const struct value *world,
		       struct arena *arena, struct scenario_file *out,
		       struct diag *diag)
{
	const struct source *source;

	*out = (struct scenario_file){ .path = arena_str(arena, str_of(path)) };
	source = yaml_read(path, (struct pos){ 0 }, arena, diag);
	return source ? load_source(source, world, arena, out, diag) : -1;
}

int scenario_load_text(const char *name, struct str text, struct arena *arena,
		       struct scenario_file *out, struct diag *diag)
{
	struct source *source = ARENA_NEW(arena, struct source);

	source->name = arena_str(arena, str_of(name));
	source->text = arena_str(arena, text);
	*out = (struct scenario_file){ .path = source->name };
	return load_source(source, NULL, arena, out, diag);
}
