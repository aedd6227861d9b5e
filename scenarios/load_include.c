/* A file under those that include it. */
#include "scenarios/load.h"

#include "scenarios/yaml.h"

struct includes {
	struct arena *arena;
	struct diag *diag;
	const char *open[INCLUDE_DEPTH_MAX + 1];	/* files that include this one */
	size_t depth, count;
};

static const struct value *read_file(struct includes *in, const char *path,
				     struct pos from);

static const struct value *merge(struct arena *a, const struct value *base,
				 const struct value *over);

/* Members of both; what both have is merged. */
static const struct value *merge_maps(struct arena *a, const struct value *base,
				      const struct value *over)
{
	struct value *v = ARENA_NEW(a, struct value);
	struct member *m = arena_array(a, base->count + over->count, sizeof(*m));

	*v = *over;
	v->members = m;
	v->count = 0;
	v->templated = base->templated || over->templated;
	for (size_t i = 0; i < base->count; i++) {
		const struct member *again = value_member(over, base->members[i].key);

		m[v->count] = again ? *again : base->members[i];
		if (again)
			m[v->count].value = merge(a, base->members[i].value,
						  again->value);
		v->count++;
	}
	for (size_t i = 0; i < over->count; i++)
		if (!value_member(base, over->members[i].key))
			m[v->count++] = over->members[i];
	value_index(v, a);
	return v;
}

static const struct value *merge(struct arena *a, const struct value *base,
				 const struct value *over)
{
	return base->kind == VALUE_MAP && over->kind == VALUE_MAP ?
	       merge_maps(a, base, over) : over;
}

/* `base` and then `over`: steps, always; for finally the other way round. */
static const struct value *join(struct arena *a, const struct value *base,
				const struct value *over)
{
	struct value *v;
	const struct value **items;

	if (base->kind != VALUE_LIST || over->kind != VALUE_LIST)
		return over;	/* the schema will say */
	v = ARENA_NEW(a, struct value);
	*v = *over;
	v->count = base->count + over->count;
	v->templated = base->templated || over->templated;
	items = arena_array(a, v->count, sizeof(*items));
	for (size_t i = 0; i < v->count; i++)
		items[i] = i < base->count ? base->items[i] :
			   over->items[i - base->count];
	v->items = items;
	return v;
}

/* A whole file under another one that includes it. */
static const struct value *merge_files(struct arena *a, const struct value *base,
				       const struct value *over)
{
	struct value *v = ARENA_NEW(a, struct value);
	struct member *m;

	*v = *merge_maps(a, base, over);
	m = arena_array(a, v->count, sizeof(*m));
	memcpy(m, v->members, v->count * sizeof(*m));
	v->members = m;
	for (size_t i = 0; i < v->count; i++) {
		const struct member *below = value_member(base, m[i].key);
		const struct member *above = value_member(over, m[i].key);

		if (below && above &&
		    (str_is(m[i].key, "steps") || str_is(m[i].key, "always")))
			m[i].value = join(a, below->value, above->value);
		else if (below && above && str_is(m[i].key, "finally"))
			m[i].value = join(a, above->value, below->value);
	}
	return v;
}

/* Beside the file that includes it, unless it is absolute. */
static const char *beside(struct arena *a, const char *file, struct str path)
{
	const char *slash = strrchr(file, '/');

	if (!slash || path.p[0] == '/')
		return arena_str(a, path).p;
	return arena_printf(a, "%.*s/%.*s", (int)(slash - file), file,
			    STRF(path)).p;
}

static const struct value *read_include(struct includes *in, const struct value *v,
					const char *file)
{
	const char *path;

	if (v->kind != VALUE_STR || v->text.n == 0 || v->templated) {
		diag_add(in->diag, v->pos, v->width, "expected a path, found %s",
			 v->templated ? "a template" : value_kind_name(v->kind));
		return NULL;
	}
	path = beside(in->arena, file, v->text);
	for (size_t i = 0; i < in->depth; i++)
		if (strcmp(in->open[i], path) == 0) {
			diag_add(in->diag, v->pos, v->width,
				 "%s includes itself", path);
			return NULL;
		}
	/* Other spellings of one path end here. */
	if (in->depth > INCLUDE_DEPTH_MAX || ++in->count > INCLUDES_MAX) {
		diag_add(in->diag, v->pos, v->width,
			 "includes are nested deeper than %d, or more than %d",
			 INCLUDE_DEPTH_MAX, INCLUDES_MAX);
		return NULL;
	}
	return read_file(in, path, v->pos);
}

/* All that `root` includes, merged below it. */
static const struct value *with_includes(struct includes *in, const char *file,
					 const struct value *root)
{
	const struct value *list = value_get(root, "include"), *all = NULL, *one;
	size_t count = !list ? 0 : list->kind == VALUE_LIST ? list->count : 1;

	for (size_t i = 0; i < count; i++) {
		one = read_include(in, list->kind == VALUE_LIST ? list->items[i] : list,
				   file);
		if (!one)
			return NULL;
		all = all ? merge_files(in->arena, all, one) : one;
	}
	return all ? merge_files(in->arena, all, root) : root;
}

static const struct value *read_source(struct includes *in,
				       const struct source *source)
{
	const struct value *root = yaml_parse(source, in->arena, in->diag);

	if (!root)
		return NULL;
	if (root->kind != VALUE_MAP) {
		diag_add(in->diag, root->pos, root->width,
			 "expected a scenario (a map with name, world, steps, ...), found %s",
			 value_kind_name(root->kind));
		return NULL;
	}
	in->open[in->depth++] = source->name.p;
	root = with_includes(in, source->name.p, root);
	in->depth--;
	return root;
}

static const struct value *read_file(struct includes *in, const char *path,
				     struct pos from)
{
	const struct source *source = yaml_read(path, from, in->arena, in->diag);

	return source ? read_source(in, source) : NULL;
}

static const struct value *with_world(struct arena *a, const struct value *root,
				      const struct value *world)
{
	struct value *over = ARENA_NEW(a, struct value);
	struct member *m = ARENA_NEW(a, struct member);

	*over = *root;
	*m = (struct member){ .key = STR("world"), .pos = world->pos, .value = world };
	over->members = m;
	over->count = 1;
	over->index = NULL;
	over->index_size = 0;
	over->templated = world->templated;
	return merge_maps(a, root, over);
}

const struct value *load_included(const struct source *source, const struct value *world,
				  struct arena *arena, struct diag *diag)
{
	struct includes in = { .arena = arena, .diag = diag };
	const struct value *root = read_source(&in, source);

	return root && world ? with_world(arena, root, world) : root;
}
