#include "conformance/ledger.h"

#include "scenarios/load.h"
#include "scenarios/yaml.h"

#include <assert.h>
#include <ctype.h>

enum { ID_DIGITS = 3, TEXT_MAX = 1000, SECTION_MAX = 200 };

const struct requirement_area requirement_areas[AREAS] = {
	{ "ROOT", "Root and discovery" },
	{ "INV", "Inventory" },
	{ "ITEM", "One profile" },
	{ "BULK", "Bulk" },
	{ "QRY", "Query language" },
	{ "ORD", "Order" },
	{ "PAGE", "Paging" },
	{ "PROG", "Progress" },
	{ "TX", "Transaction inventory" },
	{ "DEL", "Delete" },
	{ "DIS", "Disable" },
	{ "DL", "Download" },
	{ "EN", "Enable" },
	{ "OP", "Operations" },
	{ "LIFE", "Life cycle of profile rows" },
	{ "ASYNC", "Asynchrony and clock" },
	{ "SPN", "Carrier names and SPN" },
	{ "ACC", "Access and isolation" },
	{ "ERR", "Errors" },
	{ "ROB", "Robustness" },
};

static const char *const levels[LEVELS] = {
	[LEVEL_MUST] = "MUST", [LEVEL_SHOULD] = "SHOULD", [LEVEL_MAY] = "MAY",
	[LEVEL_AMBIGUOUS] = "AMBIGUOUS",
};

static const char *const provenances[PROVENANCES] = {
	[PROVENANCE_DOCUMENTED] = "documented",
	[PROVENANCE_CONVENTION] = "convention",
	[PROVENANCE_OURS] = "ours",
};

const char *level_name(unsigned level)
{
	assert(level < LEVELS);
	return levels[level];
}

const char *provenance_name(unsigned provenance)
{
	assert(provenance < PROVENANCES);
	return provenances[provenance];
}

bool requirement_fails(const struct requirement *r, bool strict, bool conventions)
{
	switch ((enum provenance)r->provenance) {
	case PROVENANCE_DOCUMENTED:
		return r->level == LEVEL_MUST || (strict && r->level == LEVEL_SHOULD);
	case PROVENANCE_CONVENTION:
		return conventions &&
		       (r->level == LEVEL_MUST || r->level == LEVEL_SHOULD);
	case PROVENANCE_OURS:
	case PROVENANCES:
		break;
	}
	return false;
}

/* ---- Identifiers. ------------------------------------------------------- */

static bool is_digits(struct str s, size_t count)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	return s.n == count;
}

bool requirement_id_well_formed(struct str id, size_t *area)
{
	struct str word;

	if (!str_starts(id, STR("EP-")))
		return false;
	id = (struct str){ id.p + 3, id.n - 3 };
	word = str_split(&id, '-');
	if (!id.p || !is_digits(id, ID_DIGITS))
		return false;
	for (size_t i = 0; i < AREAS; i++)
		if (str_is(word, requirement_areas[i].word)) {
			if (area)
				*area = i;
			return true;
		}
	return false;
}

/* ---- Rows. -------------------------------------------------------------- */

/* The word of an id that has an area, but none that is known. */
static void suggest_area(struct loader *l, struct str id)
{
	const char *words[AREAS];
	struct str word;

	if (!str_starts(id, STR("EP-")))
		return;
	for (size_t i = 0; i < AREAS; i++)
		words[i] = requirement_areas[i].word;
	id = (struct str){ id.p + 3, id.n - 3 };
	word = str_split(&id, '-');
	if (id.p)
		diag_did_you_mean(l->diag, word, words, AREAS);
}

static int read_id(struct loader *l, const struct schema_key *key,
		   const struct value *v, void *object)
{
	struct requirement *r = object;

	(void)key;
	if (v->kind != VALUE_STR ||
	    !requirement_id_well_formed(v->text, &r->area)) {
		load_mismatch(l, v, "an id such as EP-INV-007");
		if (v->kind == VALUE_STR)
			suggest_area(l, v->text);
		return -1;
	}
	r->id = v->text;
	return 0;
}

#define AT(field) .offset = offsetof(struct requirement, field)

static const struct schema_word level_words[] = {
	{ "MUST", LEVEL_MUST, NULL },
	{ "SHOULD", LEVEL_SHOULD, NULL },
	{ "MAY", LEVEL_MAY, NULL },
	{ "AMBIGUOUS", LEVEL_AMBIGUOUS, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_word provenance_words[] = {
	{ "documented", PROVENANCE_DOCUMENTED, NULL },
	{ "convention", PROVENANCE_CONVENTION, NULL },
	{ "ours", PROVENANCE_OURS, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_key requirement_keys[] = {
	{ "id", KEY_CUSTOM, .required = true, AT(id), .read = read_id,
	  .takes = "an id such as EP-INV-007" },
	{ "section", KEY_PROSE, .required = true, AT(section), .min = 1,
	  .max = SECTION_MAX },
	{ "text", KEY_PROSE, .required = true, AT(text), .min = 1, .max = TEXT_MAX },
	{ "level", KEY_WORD, .required = true, AT(level), .words = level_words,
	  .takes = "MUST, SHOULD, MAY or AMBIGUOUS" },
	{ "provenance", KEY_WORD, .required = true, AT(provenance),
	  .words = provenance_words, .takes = "documented, convention or ours" },
	{ "since", KEY_PROSE, .required = true, AT(since), .min = 1, .max = 20 },
	{ "needs", KEY_PROSE, AT(needs), .min = 1, .max = 100 },
	{ "excluded", KEY_PROSE, AT(excluded), .min = 1, .max = TEXT_MAX },
};

static const struct schema schema_requirement = {
	.name = "a requirement", .size = sizeof(struct requirement),
	.pos_offset = offsetof(struct requirement, pos),
	.keys = requirement_keys,
	.key_count = sizeof(requirement_keys) / sizeof(requirement_keys[0]),
};

/* A row that no other has the id of. */
static int take(struct ledger *l, struct loader *loader, const struct value *v,
		struct requirement *r)
{
	const struct requirement *other;
	const struct value *id;

	*r = (struct requirement){ 0 };
	if (load_object(loader, &schema_requirement, v, r) < 0)
		return -1;
	r->text = str_trim(r->text);
	r->excluded = str_trim(r->excluded);
	other = map_get(&l->by_id, r->id);
	if (!other) {
		map_put(&l->by_id, r->id, r);
		return 0;
	}
	id = value_get(v, "id");
	diag_add(loader->diag, id->pos, id->width, "%.*s stands in line %u already",
		 STRF(r->id), other->pos.line);
	diag_hint(loader->diag, "ids are never used again");
	return -1;
}

static int load_source(struct ledger *l, const struct source *source,
		       struct arena *a, struct diag *d)
{
	struct loader loader = { .arena = a, .diag = d };
	const struct value *root = yaml_parse(source, a, d);
	int rc = 0;

	if (!root)
		return -1;
	if (root->kind != VALUE_LIST)
		return diag_add(d, root->pos, root->width,
				"expected a list of requirements, found %s",
				value_kind_name(root->kind));
	l->list = arena_array(a, root->count, sizeof(*l->list));
	for (size_t i = 0; i < root->count && d->dropped == 0; i++)
		if (take(l, &loader, root->items[i], &l->list[l->count]) == 0)
			l->count++;
		else
			rc = -1;
	return rc;
}

int ledger_load(struct ledger *l, const char *path, struct arena *a,
		struct diag *d)
{
	const struct source *source = yaml_read(path, (struct pos){ 0 }, a, d);

	*l = (struct ledger){ 0 };
	return source ? load_source(l, source, a, d) : -1;
}

int ledger_load_text(struct ledger *l, const char *name, struct str text,
		     struct arena *a, struct diag *d)
{
	struct source *source = ARENA_NEW(a, struct source);

	*l = (struct ledger){ 0 };
	source->name = arena_str(a, str_of(name));
	source->text = arena_str(a, text);
	return load_source(l, source, a, d);
}

void ledger_release(struct ledger *l)
{
	map_release(&l->by_id);
	*l = (struct ledger){ 0 };
}

const char *ledger_path(const char *suites, struct arena *a)
{
	struct str dir = str_of(suites), name;
	size_t parent;

	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	for (parent = dir.n; parent > 0 && dir.p[parent - 1] != '/';)
		parent--;
	name = (struct str){ dir.p + parent, dir.n - parent };
	if (!name.n || str_is(name, ".") || str_is(name, ".."))
		return arena_printf(a, "%s/../requirements.yaml", suites).p;
	return arena_printf(a, "%.*srequirements.yaml", (int)parent, dir.p).p;
}

const struct requirement *ledger_find(const struct ledger *l, struct str id)
{
	char upper[32];

	if (id.n > sizeof(upper))
		return NULL;
	for (size_t i = 0; i < id.n; i++)
		upper[i] = (char)toupper((unsigned char)id.p[i]);
	return map_get(&l->by_id, (struct str){ upper, id.n });
}
