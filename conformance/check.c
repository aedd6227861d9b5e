#include "conformance/check.h"

#include "scenarios/shipped.h"
#include "scenarios/yaml.h"

#include <assert.h>
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The order in which groups are told: from what all needs to what needs all. */
static const char *const groups[] = {
	"root", "inventory", "item", "query", "orderby", "paging", "bulk",
	"transactions", "progress", "download", "enable", "disable", "delete",
	"operations", "lifecycle", "asynchrony", "spn", "access", "errors",
	"robustness",
};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]), LEVELS_MAX = 64 };

static const char *const depths[DEPTHS] = { "read", "actions", "world" };

const char *depth_name(enum check_depth depth)
{
	assert(depth < DEPTHS);
	return depths[depth];
}

int depth_parse(struct str text, enum check_depth *depth)
{
	for (unsigned i = 0; i < DEPTHS; i++)
		if (str_is(text, depths[i])) {
			*depth = (enum check_depth)i;
			return 0;
		}
	return -1;
}

/* ---- Patterns. ---------------------------------------------------------- */

static bool fits(struct str s, struct str p)
{
	size_t star = SIZE_MAX, back = 0, i = 0, k = 0;

	while (i < s.n) {
		if (k < p.n && (p.p[k] == s.p[i] || p.p[k] == '?')) {
			i++;
			k++;
		} else if (k < p.n && p.p[k] == '*') {
			star = k++;
			back = i;
		} else if (star != SIZE_MAX) {
			k = star + 1;
			i = ++back;
		} else {
			return false;
		}
	}
	while (k < p.n && p.p[k] == '*')
		k++;
	return k == p.n;
}

bool check_id_fits(struct str id, struct str pattern)
{
	struct str head = id;

	if (fits(id, pattern))
		return true;
	if (str_find(pattern, STR("/")) < 0)
		return fits(str_split(&head, '/'), pattern);
	if (str_find(pattern, STR("[")) >= 0 || str_find(id, STR(" [")) < 0)
		return false;
	head.n = (size_t)str_find(id, STR(" ["));
	return fits(head, pattern);
}

/* ---- Files. -------------------------------------------------------------- */

struct paths {
	struct arena *arena;
	const char **list;
	size_t count, cap;
	uint64_t hash;
};

static size_t group_rank(const char *name)
{
	size_t i = 0;

	while (i < GROUPS && strcmp(groups[i], name) != 0)
		i++;
	return i;
}

static int compare_names(const char *a, const char *b)
{
	size_t i = group_rank(a), k = group_rank(b);

	if (i != k)
		return i < k ? -1 : 1;
	return strcmp(a, b);
}

static int by_group_and_name(const FTSENT **a, const FTSENT **b)
{
	return compare_names((*a)->fts_name, (*b)->fts_name);
}

/* FNV-1a, with the length before each text. */
static uint64_t hash_more(uint64_t h, struct str s)
{
	uint64_t n = s.n;

	for (size_t i = 0; i < sizeof(n); i++, n >>= 8)
		h = (h ^ (n & 0xFF)) * 0x100000001b3;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h;
}

static void add_path(struct paths *p, const char *path)
{
	if (p->count == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 256;
		const char **list = arena_array(p->arena, cap, sizeof(*list));

		if (p->count)
			memcpy(list, p->list, p->count * sizeof(*list));
		p->list = list;
		p->cap = cap;
	}
	p->list[p->count++] = arena_strdup(p->arena, path);
}

/* Its text counts for the hash, whoever includes it. */
static int hash_file(struct paths *p, const char *path, const char *name,
		     struct diag *d)
{
	const struct source *source = yaml_read(path, (struct pos){ 0 }, p->arena, d);

	if (!source)
		return -1;
	p->hash = hash_more(hash_more(p->hash, str_of(name)), source->text);
	return 0;
}

static int take_file(struct paths *p, const char *path, size_t skip,
		     struct diag *d)
{
	const char *slash = strrchr(path, '/');

	if (hash_file(p, path, path + skip, d) < 0)
		return -1;
	if ((slash ? slash[1] : path[0]) != '_')
		add_path(p, path);
	return 0;
}

static int visit(struct paths *p, const FTSENT *e, size_t skip, struct diag *d)
{
	if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
		return diag_add(d, (struct pos){ 0 }, 0, "%s: %s", e->fts_path,
				strerror(e->fts_errno));
	if (e->fts_info != FTS_F || !str_ends(str_of(e->fts_name), STR(".yaml")))
		return 0;
	return take_file(p, e->fts_path, skip, d);
}

/* As a walk through the tree has it: name by name. */
static int by_path(const void *x, const void *y)
{
	struct str a = str_of(*(const char *const *)x);
	struct str b = str_of(*(const char *const *)y);
	char name_a[256], name_b[256];
	int order = 0;

	while (order == 0 && a.p && b.p) {
		struct str part_a = str_split(&a, '/'), part_b = str_split(&b, '/');

		snprintf(name_a, sizeof(name_a), "%.*s", STRF(part_a));
		snprintf(name_b, sizeof(name_b), "%.*s", STRF(part_b));
		order = compare_names(name_a, name_b);
	}
	return order;
}

/* The files that the program carries, if they are below `dir`. */
static int find_shipped(struct paths *p, const char *dir, struct diag *d)
{
	struct paths all = { .arena = p->arena };
	struct str below = arena_printf(p->arena, "%s/", dir);
	struct shipped_file file;
	size_t at = 0;
	int rc = 0;

	while (shipped_next(&at, &file))
		if (str_starts(file.path, below))
			add_path(&all, arena_str(p->arena, file.path).p);
	if (all.count)
		qsort(all.list, all.count, sizeof(*all.list), by_path);
	else
		rc = diag_add(d, (struct pos){ 0 }, 0, "%s: %s", dir, strerror(ENOENT));
	for (size_t i = 0; i < all.count && rc == 0; i++)
		rc = take_file(p, all.list[i], strlen(dir), d);
	return rc;
}

static int find_files(struct paths *p, const char *dir, struct diag *d)
{
	char *root = arena_strdup(p->arena, dir), *roots[] = { root, NULL };
	FTS *tree;
	FTSENT *e;
	int rc = 0;

	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return find_shipped(p, dir, d);
	tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_group_and_name);
	if (!tree)
		return diag_add(d, (struct pos){ 0 }, 0, "%s: %s", dir, strerror(errno));
	while (rc == 0 && (e = fts_read(tree)) != NULL)
		rc = visit(p, e, strlen(dir), d);
	fts_close(tree);
	if (rc == 0 && !p->count)
		rc = diag_add(d, (struct pos){ 0 }, 0, "%s: there are no checks", dir);
	return rc;
}

/* A level changes what a verdict is. */
static int hash_ledger(struct paths *p, const char *dir, struct diag *d)
{
	const char *path = arena_printf(p->arena, "%s/../requirements.yaml", dir).p;
	struct shipped_file file;

	if (access(path, F_OK) < 0 && !shipped_find(path, &file))
		return 0;
	return hash_file(p, path, "requirements.yaml", d);
}

/* ---- What a depth allows. ------------------------------------------------ */

static bool only_asks(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	       strcmp(method, "OPTIONS") == 0;
}

static int check_step(const struct check *c, const struct scenario_step *s,
		      struct diag *d)
{
	if (s->in_world)
		return 0;
	switch (s->kind) {
	case STEP_REQUEST:
		if (c->depth == DEPTH_READ && !only_asks(s->request.method))
			return diag_add(d, s->pos, 1, "at depth read a check only asks: "
					"GET, HEAD, OPTIONS");
		return 0;
	case STEP_ACTION:
	case STEP_EXPECT_EVENT:
	case STEP_EXPECT_DEVICE:
		return diag_add(d, s->pos, 1, "at depth %s there is no world that the rig "
				"could touch or see", depth_name(c->depth));
	case STEP_WAIT:
	case STEP_SET:
	case STEP_FAIL:
		break;
	}
	return 0;
}

static int check_depth(const struct check *c, struct diag *d)
{
	const struct scenario *sc = c->scenario;
	int rc = 0;

	if (c->depth == DEPTH_WORLD)
		return 0;
	for (size_t i = 0; i < sc->steps.count; i++)
		rc |= check_step(c, &sc->steps.list[i], d);
	for (size_t i = 0; i < sc->finally.count; i++)
		rc |= check_step(c, &sc->finally.list[i], d);
	return rc;
}

/* ---- Checks. ------------------------------------------------------------- */

struct loading {
	struct suite *suite;
	const char *dir;
	const struct value *world;
	struct arena *arena;
	struct diag *diag;
	size_t cap;
};

static struct check *new_check(struct loading *l)
{
	struct suite *s = l->suite;

	if (s->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		s->checks = realloc(s->checks, l->cap * sizeof(*s->checks));
		assert(s->checks);
	}
	memset(&s->checks[s->count], 0, sizeof(*s->checks));
	s->checks[s->count].index = s->count;
	return &s->checks[s->count++];
}

static struct str file_id(const struct loading *l, const char *path)
{
	struct str id = str_of(path + strlen(l->dir));

	while (id.n && id.p[0] == '/') {
		id.p++;
		id.n--;
	}
	id.n -= strlen(".yaml");
	return id;
}

static int add_check(struct loading *l, const char *path, const struct scenario *sc,
		     struct str lacks)
{
	struct check *c;
	struct str id = file_id(l, path), group = id;

	if (!sc->check.given)
		return diag_add(l->diag, sc->pos, 1, "not a check: it has no key 'check'");
	if (!memchr(id.p, '/', id.n))
		return diag_add(l->diag, sc->pos, 1,
				"a check lies in the folder of its group");
	c = new_check(l);
	*c = (struct check){
		.id = id, .file_id = id, .group = str_split(&group, '/'),
		.title = sc->name, .description = sc->description,
		.index = c->index, .scenario = sc, .lacks = lacks,
		.depth = (enum check_depth)sc->check.depth,
		.covers = { sc->check.covers.list, sc->check.covers.count },
		.needs = { sc->check.needs.list, sc->check.needs.count },
	};
	if (sc->case_name.p)
		c->id = arena_printf(l->arena, "%.*s [%.*s]", STRF(id),
				     STRF(sc->case_name));
	return check_depth(c, l->diag);
}

/* The first thing that is wrong, in one line. */
static struct str first_error(const struct diag *d, struct arena *a)
{
	return d->count ? arena_str(a, d->items[0].message) : STR("");
}

/*
 * With a target's own world, names may be missing that a check needs: then it
 * is loaded as it is, to be told of, and says what it lacks.
 */
static int load_file(struct loading *l, const char *path)
{
	struct scenario_file file;
	struct str lacks = STR("");
	struct diag over;
	int rc = -1;

	diag_init(&over, l->arena);
	if (l->world)
		rc = scenario_load_over(path, l->world, l->arena, &file, &over);
	if (rc < 0 && scenario_load(path, l->arena, &file, l->diag) < 0)
		return -1;
	if (rc < 0 && l->world)
		lacks = first_error(&over, l->arena);
	rc = 0;
	for (size_t i = 0; i < file.count; i++)
		rc |= add_check(l, path, &file.list[i], lacks);
	return rc;
}

static int index_ids(struct suite *s, struct diag *d)
{
	int rc = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct check *c = &s->checks[i];

		if (map_get(&s->by_id, c->id))
			rc = diag_add(d, c->scenario->pos, 1,
				      "two checks are called %.*s", STRF(c->id));
		else
			map_put(&s->by_id, c->id, c);
	}
	return rc;
}

/* The checks that a name in `after` means: one, or all cases of a file. */
static size_t find_named(const struct suite *s, struct str name,
			 const struct check **out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		if (str_eq(s->checks[i].id, name) || str_eq(s->checks[i].file_id, name)) {
			if (out)
				out[n] = &s->checks[i];
			n++;
		}
	return n;
}

static int resolve_after(struct suite *s, struct check *c, struct arena *a,
			 struct diag *d)
{
	const struct scenario_check *sc = &c->scenario->check;
	size_t total = 0;
	int rc = 0;

	for (size_t i = 0; i < sc->after.count; i++) {
		size_t n = find_named(s, sc->after.list[i], NULL);

		if (!n)
			rc = diag_add(d, sc->pos, 1, "after %.*s: there is no such check",
				      STRF(sc->after.list[i]));
		total += n;
	}
	c->after.list = arena_array(a, total, sizeof(*c->after.list));
	for (size_t i = 0; i < sc->after.count; i++)
		c->after.count += find_named(s, sc->after.list[i],
					     c->after.list + c->after.count);
	return rc;
}

/* Each round lifts a check above those before it; circles never come to rest. */
static int make_levels(struct suite *s, struct diag *d)
{
	bool moved = true;

	for (int round = 0; moved && round < LEVELS_MAX; round++) {
		moved = false;
		for (size_t i = 0; i < s->count; i++) {
			struct check *c = &s->checks[i];
			unsigned level = 0;

			for (size_t k = 0; k < c->after.count; k++)
				if (c->after.list[k]->level + 1 > level)
					level = c->after.list[k]->level + 1;
			moved |= level != c->level;
			c->level = level;
		}
	}
	if (!moved)
		return 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->checks[i].level >= LEVELS_MAX - 1)
			return diag_add(d, s->checks[i].scenario->check.pos, 1,
					"after: %.*s comes after itself",
					STRF(s->checks[i].id));
	return -1;
}

/* `first` of lower depth must not wait for what is not judged there. */
static int check_after_depths(const struct suite *s, struct diag *d)
{
	int rc = 0;

	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < s->checks[i].after.count; k++) {
			const struct check *first = s->checks[i].after.list[k];

			if (first->depth > s->checks[i].depth)
				rc = diag_add(d, s->checks[i].scenario->check.pos, 1,
					      "after %.*s, which needs depth %s",
					      STRF(first->id), depth_name(first->depth));
		}
	return rc;
}

int suite_load(struct suite *s, const char *dir, const struct value *world,
	       struct arena *a, struct diag *d)
{
	struct paths paths = { .arena = a, .hash = 0xcbf29ce484222325 };
	struct loading l = { s, dir, world, a, d, 0 };
	int rc = 0;

	*s = (struct suite){ 0 };
	if (find_files(&paths, dir, d) < 0 || hash_ledger(&paths, dir, d) < 0)
		return -1;
	snprintf(s->hash, sizeof(s->hash), "%016llx", (unsigned long long)paths.hash);
	for (size_t i = 0; i < paths.count && d->dropped == 0; i++)
		rc |= load_file(&l, paths.list[i]);
	rc |= index_ids(s, d);
	for (size_t i = 0; i < s->count; i++)
		rc |= resolve_after(s, &s->checks[i], a, d);
	if (rc == 0)
		rc = make_levels(s, d);
	return rc == 0 ? check_after_depths(s, d) : rc;
}

void suite_release(struct suite *s)
{
	map_release(&s->by_id);
	free(s->checks);
	*s = (struct suite){ 0 };
}

const struct check *suite_find(const struct suite *s, struct str id)
{
	return map_get(&s->by_id, id);
}
