#include "scenarios/load.h"

#include <assert.h>
#include <stdlib.h>

/* ---- The table. --------------------------------------------------------- */

static const struct {
	const char *section;
	enum scenario_object object;
	const char *word;
} sections[] = {
	{ "carriers", OBJECT_CARRIER, "a carrier" },
	{ "devices", OBJECT_DEVICE, "a device" },
	{ "fleets", OBJECT_FLEET, "a fleet" },
	{ "smdps", OBJECT_SMDP, "an SM-DP+" },
	{ "accounts", OBJECT_ACCOUNT, "an account" },
	{ "users", OBJECT_USER, "a user" },
};
enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

/* Names that every world has. */
static const struct {
	const char *name;
	enum scenario_object object;
} built_in[] = {
	{ "run", OBJECT_RUN }, { "server", OBJECT_SERVER }, { "eis", OBJECT_EIS },
	{ "response", OBJECT_RESPONSE },
};

static const char *object_word(enum scenario_object object)
{
	for (size_t i = 0; i < SECTIONS; i++)
		if (sections[i].object == object)
			return sections[i].word;
	return object == OBJECT_CODE ? "an activation code" :
	       object == OBJECT_PROFILE ? "a profile" :
	       object == OBJECT_VARIABLE ? "a variable" : "a part of every world";
}

static uint64_t hash_name(struct str s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h ^ h >> 32;
}

/* Where `name` is, or the free slot where it would go. */
static struct name *slot_of(const struct names *n, struct str name)
{
	size_t i = hash_name(name) & (n->size - 1);

	while (n->table[i].name.p && !str_eq(n->table[i].name, name))
		i = (i + 1) & (n->size - 1);
	return &n->table[i];
}

static void grow(struct names *n)
{
	struct names old = *n;

	n->size = old.size ? 2 * old.size : 64;
	n->table = calloc(n->size, sizeof(*n->table));
	assert(n->table);
	for (size_t i = 0; i < old.size; i++)
		if (old.table[i].name.p)
			*slot_of(n, old.table[i].name) = old.table[i];
	free(old.table);
}

static struct name *add(struct names *n, struct name name)
{
	struct name *slot;

	if (2 * (n->count + 1) > n->size)
		grow(n);
	slot = slot_of(n, name.name);
	if (!slot->name.p) {
		*slot = name;
		n->count++;
		return NULL;
	}
	return slot;
}

const struct name *names_find(const struct loader *l, struct str name)
{
	const struct name *slot;

	if (l->names.size == 0 || !name.n)
		return NULL;
	slot = slot_of(&l->names, name);
	return slot->name.p ? slot : NULL;
}

bool is_name(struct str s)
{
	struct str rest = s, name;
	uint64_t index;

	return s.n > 0 && s.n <= 64 && !(s.p[0] >= '0' && s.p[0] <= '9') &&
	       s.p[0] != '.' && s.p[0] != '[' && s.p[0] != '-' &&
	       template_path_step(&rest, &name, &index) == 0 && rest.n == 0;
}

static int add_thing(struct loader *l, const struct member *m, size_t section)
{
	struct name name = { m->key, sections[section].object, m->value, m->pos };
	const struct name *other;

	if (!is_name(m->key)) {
		diag_add(l->diag, m->pos, m->width,
			 "'%.*s' cannot name %s", STRF(m->key), sections[section].word);
		diag_hint(l->diag, "letters, digits, _ and -, beginning with a letter");
		return -1;
	}
	other = add(&l->names, name);
	if (!other)
		return 0;
	diag_add(l->diag, m->pos, m->width, "'%.*s' is the name of %s already",
		 STRF(m->key), object_word(other->object));
	if (other->pos.line)
		diag_hint(l->diag, "in line %u", other->pos.line);
	return -1;
}

int names_build(struct loader *l)
{
	const struct value *smdps = value_get(l->world, "smdps");
	int rc = 0;

	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		add(&l->names, (struct name){ str_of(built_in[i].name),
					      built_in[i].object, NULL, { 0 } });
	if (!value_get(smdps, "smdp"))
		add(&l->names, (struct name){ STR("smdp"), OBJECT_SMDP, NULL, { 0 } });
	for (size_t s = 0; s < SECTIONS; s++) {
		const struct value *v = value_get(l->world, sections[s].section);

		if (!v || v->kind != VALUE_MAP)
			continue;
		for (size_t i = 0; i < v->count; i++)
			rc |= add_thing(l, &v->members[i], s);
	}
	return rc;
}

int names_add_variable(struct loader *l, struct str name, struct pos pos,
		       unsigned width)
{
	struct str root = name;
	const char *bracket = memchr(name.p, '[', name.n);
	const struct name *other;

	if (bracket)
		root.n = (size_t)(bracket - name.p);
	other = add(&l->names, (struct name){ root, OBJECT_VARIABLE, NULL, pos });
	if (!other || other->object == OBJECT_VARIABLE)
		return 0;
	return diag_add(l->diag, pos, width, "the variable '%.*s' would hide %s",
			STRF(root), object_word(other->object));
}

/* ---- "did you mean". ---------------------------------------------------- */

enum { CANDIDATES_MAX = 400 };

static void suggest(struct loader *l, struct str word, unsigned refs)
{
	const char *candidates[CANDIDATES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < l->names.size && count < CANDIDATES_MAX; i++) {
		const struct name *n = &l->names.table[i];

		if (n->name.p && (refs >> n->object & 1))
			candidates[count++] = arena_str(l->arena, n->name).p;
	}
	if ((refs & REF_GATEWAY) && count < CANDIDATES_MAX)
		candidates[count++] = "gateway";
	diag_did_you_mean(l->diag, word, candidates, count);
}

static void suggest_attribute(struct loader *l, enum scenario_object object,
			      struct str word)
{
	const char *candidates[64] = { NULL };
	struct str list = STR("");
	size_t count = 0;

	for (size_t i = 0; i < scenario_attribute_count && count < 64; i++)
		if (scenario_attributes[i].object == object)
			candidates[count++] = scenario_attributes[i].name;
	if (str_nearest(word, candidates, count) >= 0) {
		diag_did_you_mean(l->diag, word, candidates, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		list = arena_printf(l->arena, "%.*s%s%s", STRF(list), i ? ", " : "",
				    candidates[i]);
	if (count)
		diag_hint(l->diag, "it has %.*s", STRF(list));
}

/* ---- Paths in templates. ------------------------------------------------ */

/* Where a text with paths stands. */
struct place {
	struct loader *l;
	struct str text;
	struct pos pos;
	unsigned width;
	bool quoted;
	int rc;
};

/* Does the text stand in one line as it is?  Then `pos` moves to the byte
 * `at` of it; in ASCII without escapes, bytes are columns. */
static bool point_at(const struct place *p, size_t at, struct pos *pos)
{
	struct str line = pos_line(p->pos);
	size_t column = p->pos.column + (p->quoted ? 1 : 0);

	if (column == 0 || column - 1 + p->text.n > line.n ||
	    memcmp(line.p + column - 1, p->text.p, p->text.n) != 0)
		return false;
	pos->column = (unsigned)(column + at);
	return true;
}

/* `what` has one %.*s, for `word`.  Underlines the path itself if possible. */
static int complain(struct place *p, struct str path, size_t at,
		    const char *what, struct str word)
{
	struct pos pos = p->pos;
	unsigned width = p->width;

	if (point_at(p, at, &pos))
		width = (unsigned)path.n;
	p->rc = -1;
	return diag_add(p->l->diag, pos, width, what, STRF(word));
}

static const struct scenario_attribute *find_attribute(enum scenario_object object,
						       struct str name)
{
	for (size_t i = 0; i < scenario_attribute_count; i++)
		if (scenario_attributes[i].object == object &&
		    str_is(name, scenario_attributes[i].name))
			return &scenario_attributes[i];
	return NULL;
}

/* How many there are in the world, as far as that is known. */
static uint64_t count_of(const struct value *thing, enum scenario_object of)
{
	const struct value *v = value_get(thing, of == OBJECT_CODE ? "codes" :
					  of == OBJECT_PROFILE ? "profiles" : "count");

	if (of == OBJECT_PROFILE && !v)
		v = value_get(value_get(thing, "template"), "profiles");
	if (!v)
		return 0;
	return v->kind == VALUE_LIST ? v->count :
	       v->kind == VALUE_INT && v->as.i > 0 ? (uint64_t)v->as.i : 0;
}

static void check_attributes(struct place *p, struct str path, size_t at,
			     const struct name *thing, struct str rest)
{
	enum scenario_object object = thing->object;
	const struct scenario_attribute *attribute = NULL;
	struct str name;
	uint64_t index, count;
	int rc;

	while (rest.n) {
		rc = template_path_step(&rest, &name, &index);
		assert(rc == 0);	/* template_scan() looked */
		if (name.p) {
			attribute = find_attribute(object, name);
			if (attribute && !(attribute->list &&
					   (rest.n == 0 || rest.p[0] != '[')))
				continue;
			if (attribute) {
				complain(p, path, at, "'%.*s' is a list; expected [0] behind it",
					 name);
				return;
			}
			complain(p, path, at, "${%.*s}: no such thing", path);
			suggest_attribute(p->l, object, name);
			return;
		}
		if (object != OBJECT_FLEET && !(attribute && attribute->list)) {
			complain(p, path, at, "${%.*s}: that is no list", path);
			return;
		}
		object = object == OBJECT_FLEET ? OBJECT_DEVICE : attribute->of;
		count = count_of(thing->value, object);
		attribute = NULL;
		if (index >= count) {
			complain(p, path, at, "${%.*s}: there are not so many", path);
			diag_hint(p->l->diag, "there %s %llu", count == 1 ? "is" : "are",
				  (unsigned long long)count);
			return;
		}
	}
	if (!attribute) {
		complain(p, path, at, "${%.*s} names a thing; expected an attribute of it",
			 path);
		suggest_attribute(p->l, object, STR(""));
	}
}

static void see_path(void *arg, struct str path, size_t at)
{
	struct place *p = arg;
	const struct name *thing;
	struct str rest = path, name;
	uint64_t index;

	if (template_path_step(&rest, &name, &index) < 0 || !name.p)
		return;
	thing = names_find(p->l, name);
	if (thing && thing->object == OBJECT_VARIABLE)
		return;
	if (thing) {
		check_attributes(p, path, at, thing, rest);
		return;
	}
	if (str_is(name, "case") && p->l->has_case) {
		complain(p, path, at, "${%.*s}: this case has no such variable", path);
		return;
	}
	if (str_is(name, "case")) {
		complain(p, path, at, "${%.*s}: the scenario has no cases", path);
		return;
	}
	complain(p, path, at, "unknown name '%.*s': nothing in the world, and no "
		 "earlier step saves it", name);
	suggest(p->l, name, ~0u);
}

static int check_text(struct loader *l, struct str text, struct pos pos,
		      unsigned width, bool quoted)
{
	struct place p = { l, text, pos, width, quoted, 0 };
	struct err err;
	size_t at;

	if (str_find(text, STR("${")) < 0)
		return 0;
	if (template_scan(text, see_path, &p, &at, &err) == 0)
		return p.rc;
	return diag_add(l->diag, pos, width, "%s", err.msg);
}

int names_check_text(struct loader *l, const struct value *v)
{
	return v->templated ? check_text(l, v->text, v->pos, v->width, v->quoted) : 0;
}

int names_check_key(struct loader *l, const struct member *m)
{
	return check_text(l, m->key, m->pos, m->width,
			  m->width == m->key.n + 2);
}

int names_check_value(struct loader *l, const struct value *v)
{
	int rc = 0;

	if (!v->templated)
		return 0;
	if (v->kind == VALUE_MAP)
		for (size_t i = 0; i < v->count; i++) {
			rc |= names_check_key(l, &v->members[i]);
			rc |= names_check_value(l, v->members[i].value);
		}
	else if (v->kind == VALUE_LIST)
		for (size_t i = 0; i < v->count; i++)
			rc |= names_check_value(l, v->items[i]);
	else
		rc = names_check_text(l, v);
	return rc;
}

/* ---- References. -------------------------------------------------------- */

/* "a device or a fleet". */
static const char *refs_word(struct loader *l, unsigned refs)
{
	struct str s = STR("");

	for (size_t i = 0; i < SECTIONS; i++)
		if (refs >> sections[i].object & 1)
			s = arena_printf(l->arena, "%.*s%s%s", STRF(s),
					 s.n ? " or " : "", sections[i].word);
	if (refs & REF_SERVER)
		s = arena_printf(l->arena, "%.*s%sserver", STRF(s), s.n ? " or " : "");
	if (refs & REF_EIS)
		s = arena_printf(l->arena, "%.*s or eis", STRF(s));
	if (refs & REF_GATEWAY)
		s = arena_printf(l->arena, "%.*s or gateway", STRF(s));
	if (refs & REF_ADDRESS)
		s = arena_printf(l->arena, "%.*s or a host name", STRF(s));
	return arena_str(l->arena, s).p;
}

/* "fleet[3]": 1 if it is there, -1 if the fleet is too small, 0 otherwise. */
static int is_element(struct loader *l, struct str text)
{
	struct str rest = text, name;
	const struct name *fleet;
	uint64_t index;

	if (template_path_step(&rest, &name, &index) < 0 || !name.p)
		return 0;
	fleet = names_find(l, name);
	if (!fleet || fleet->object != OBJECT_FLEET || !rest.n ||
	    template_path_step(&rest, &name, &index) < 0 || name.p || rest.n)
		return 0;
	return index < count_of(fleet->value, OBJECT_DEVICE) ? 1 : -1;
}

int names_check_ref_text(struct loader *l, struct str text,
			 const struct value *v, unsigned refs)
{
	const struct name *thing = names_find(l, text);
	int element = 0;

	if (thing && (refs >> thing->object & 1))
		return 0;
	if ((refs & REF_GATEWAY) && str_is(text, "gateway"))
		return 0;
	/* "rsp.example.com", "localhost:8443" */
	if ((refs & REF_ADDRESS) && text.n &&
	    (memchr(text.p, '.', text.n) || memchr(text.p, ':', text.n)))
		return 0;
	if (refs & REF_DEVICE)
		element = is_element(l, text);
	if (element > 0)
		return 0;
	if (element < 0)
		return diag_add(l->diag, v->pos, v->width,
				"'%.*s': the fleet has not so many devices", STRF(text));
	if (thing)
		return diag_add(l->diag, v->pos, v->width,
				"'%.*s' is %s; expected %s", STRF(text),
				object_word(thing->object), refs_word(l, refs));
	diag_add(l->diag, v->pos, v->width, "'%.*s': no such name; expected %s",
		 STRF(text), refs_word(l, refs));
	suggest(l, text, refs);
	return -1;
}

int names_check_ref(struct loader *l, const struct value *v, unsigned refs)
{
	if (v->kind != VALUE_STR || v->templated)
		return load_mismatch(l, v, refs_word(l, refs));
	return names_check_ref_text(l, v->text, v, refs);
}
