#include "conformance/baseline.h"

#include "scenarios/load.h"
#include "scenarios/yaml.h"

#include <stddef.h>

#define AT(field) .offset = offsetof(struct baseline_entry, field)

static const struct schema_key keys[] = {
	{ "check", KEY_PROSE, .required = true, AT(check), .min = 1, .max = 500,
	  .takes = "the id of a check" },
	{ "comment", KEY_PROSE, .required = true, AT(comment), .min = 1, .max = 2000,
	  .takes = "why it is expected to fail" },
};

static const struct schema schema_entry = {
	.name = "an expected failure", .size = sizeof(struct baseline_entry),
	.pos_offset = offsetof(struct baseline_entry, pos), .keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

static int take(struct baseline *b, struct loader *l, const struct value *v)
{
	struct baseline_entry *e = &b->list[b->count];

	if (load_object(l, &schema_entry, v, e) < 0)
		return -1;
	for (size_t i = 0; i < b->count; i++)
		if (str_eq(b->list[i].check, e->check))
			return diag_add(l->diag, e->pos, 1,
					"%.*s stands in line %u already",
					STRF(e->check), b->list[i].pos.line);
	b->count++;
	return 0;
}

static int load_source(struct baseline *b, const struct source *source,
		       struct arena *a, struct diag *d)
{
	struct loader l = { .arena = a, .diag = d };
	const struct value *root = yaml_parse(source, a, d);
	int rc = 0;

	if (!root)
		return -1;
	if (root->kind != VALUE_LIST)
		return diag_add(d, root->pos, root->width,
				"expected a list of expected failures, found %s",
				value_kind_name(root->kind));
	b->list = arena_array(a, root->count, sizeof(*b->list));
	for (size_t i = 0; i < root->count && d->dropped == 0; i++)
		rc |= take(b, &l, root->items[i]);
	return rc;
}

int baseline_load(struct baseline *b, const char *path, struct arena *a,
		  struct diag *d)
{
	const struct source *source = yaml_read(path, (struct pos){ 0 }, a, d);

	*b = (struct baseline){ 0 };
	return source ? load_source(b, source, a, d) : -1;
}

int baseline_load_text(struct baseline *b, const char *name, struct str text,
		       struct arena *a, struct diag *d)
{
	struct source *source = ARENA_NEW(a, struct source);

	*b = (struct baseline){ 0 };
	source->name = arena_str(a, str_of(name));
	source->text = arena_str(a, text);
	return load_source(b, source, a, d);
}

static struct check_result *find(struct conformance *c, struct str id)
{
	for (size_t i = 0; i < c->count; i++)
		if (str_eq(c->results[i].check->id, id))
			return &c->results[i];
	return NULL;
}

/* Why it is stale, or NULL. */
static const char *apply(const struct baseline_entry *e, struct conformance *c)
{
	struct check_result *r = find(c, e->check);

	if (!r)
		return suite_find(c->suite, e->check) ? NULL : "there is no such check";
	if (r->verdict == VERDICT_PASS)
		return "it passes";
	if (r->verdict == VERDICT_FAIL) {
		r->in_baseline = true;
		r->comment = e->comment;
	}
	return NULL;
}

void baseline_apply(const struct baseline *b, struct conformance *c,
		    struct arena *a)
{
	struct finding *list = arena_array(a, c->finding_count + b->count,
					   sizeof(*list));

	if (c->finding_count)
		memcpy(list, c->findings, c->finding_count * sizeof(*list));
	c->findings = list;
	for (size_t i = 0; i < b->count; i++) {
		const struct baseline_entry *e = &b->list[i];
		const char *stale = apply(e, c);

		if (stale)
			list[c->finding_count++] = (struct finding){
				.title = arena_printf(a, "stale entry of the baseline: %.*s",
						      STRF(e->check)),
				.text = arena_printf(a, "%.*s:%u: %s",
						     STRF(e->pos.source->name),
						     e->pos.line, stale),
				.fails = true,
			};
	}
}
