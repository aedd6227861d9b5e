#include "conformance/coverage.h"

#include "conformance/capability.h"


enum { NEAR_MAX = 4096 };

/* ---- Turned round. ------------------------------------------------------ */

static struct coverage_row *row_of(struct coverage *c, struct str id)
{
	const struct requirement *r = ledger_find(c->ledger, id);

	return r ? &c->rows[r - c->ledger->list] : NULL;
}

void coverage_build(struct coverage *c, const struct ledger *ledger,
		    const struct suite *suite, struct arena *a)
{
	*c = (struct coverage){ .ledger = ledger, .suite = suite,
				.count = ledger->count };
	c->rows = arena_array(a, c->count, sizeof(*c->rows));
	/* Once to count, once to fill in. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < c->count; i++) {
			c->rows[i].r = &ledger->list[i];
			if (round == 1)
				c->rows[i].checks = arena_array(a, c->rows[i].count,
								sizeof(const struct check *));
			c->rows[i].count = round == 0 ? c->rows[i].count : 0;
		}
		for (size_t i = 0; i < suite->count; i++)
			for (size_t k = 0; k < suite->checks[i].covers.count; k++) {
				struct coverage_row *row =
					row_of(c, suite->checks[i].covers.list[k]);

				if (row && round == 1)
					row->checks[row->count] = &suite->checks[i];
				if (row)
					row->count++;
			}
	}
}

/* ---- Both directions. --------------------------------------------------- */

static int check_row(const struct coverage_row *row, struct diag *d)
{
	const struct requirement *r = row->r;
	int rc = 0;

	if (!row->count && !r->excluded.n) {
		rc = diag_add(d, r->pos, (unsigned)strlen("id"),
			      "%.*s has no check: no suite covers it", STRF(r->id));
		diag_hint(d, "write one, or say why not: excluded: ...");
	}
	if (row->count && r->excluded.n) {
		rc = diag_add(d, r->pos, (unsigned)strlen("id"),
			      "%.*s is excluded, but %.*s covers it", STRF(r->id),
			      STRF(row->checks[0]->id));
		diag_hint(d, "take out one of both");
	}
	if (r->needs.n && capability_find(r->needs) < 0)
		rc = diag_add(d, r->pos, (unsigned)strlen("id"),
			      "%.*s needs '%.*s': there is no such capability",
			      STRF(r->id), STRF(r->needs));
	return rc;
}

static void suggest_row(const struct ledger *l, struct str id, struct diag *d)
{
	const char *names[NEAR_MAX];
	size_t count = 0;

	for (; count < l->count && count < NEAR_MAX; count++)
		names[count] = arena_str(d->arena, l->list[count].id).p;
	diag_did_you_mean(d, id, names, count);
}

static void suggest_capability(struct str name, struct diag *d)
{
	const char *names[CAPABILITIES_MAX];
	size_t count = 0;

	for (; count < capability_count && count < CAPABILITIES_MAX; count++)
		names[count] = capabilities[count].name;
	diag_did_you_mean(d, name, names, count);
}

static int check_check(const struct coverage *c, const struct check *check,
		       struct diag *d)
{
	struct pos pos = check->scenario->check.pos;
	int rc = 0;

	if (!check->covers.count)
		rc = diag_add(d, pos, 1, "%.*s covers no requirement", STRF(check->id));
	for (size_t i = 0; i < check->covers.count; i++) {
		struct str id = check->covers.list[i];
		const struct requirement *r = ledger_find(c->ledger, id);

		if (r && str_eq(r->id, id))
			continue;
		rc = diag_add(d, pos, 1, "%.*s covers %.*s: there is no such requirement",
			      STRF(check->id), STRF(id));
		suggest_row(c->ledger, id, d);
	}
	for (size_t i = 0; i < check->needs.count; i++) {
		if (capability_find(check->needs.list[i]) >= 0)
			continue;
		rc = diag_add(d, pos, 1, "%.*s needs '%.*s': there is no such capability",
			      STRF(check->id), STRF(check->needs.list[i]));
		suggest_capability(check->needs.list[i], d);
	}
	return rc;
}

int coverage_check(const struct coverage *c, struct diag *d)
{
	int rc = 0;

	for (size_t i = 0; i < c->count; i++)
		rc |= check_row(&c->rows[i], d);
	for (size_t i = 0; i < c->suite->count; i++)
		rc |= check_check(c, &c->suite->checks[i], d);
	return rc;
}

/* ---- CSV. --------------------------------------------------------------- */

static void put_field(struct buf *out, struct str s, bool last)
{
	bool quote = false;

	for (size_t i = 0; i < s.n; i++)
		quote |= strchr(",\"\r\n", s.p[i]) != NULL;
	if (quote)
		buf_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_char(out, '"');
		buf_char(out, s.p[i]);
	}
	buf_z(out, quote ? "\"" : "");
	buf_z(out, last ? "\r\n" : ",");
}

static void put_pair(struct buf *out, const struct requirement *r,
		     const struct check *check)
{
	bool main = check && str_eq(check->covers.list[0], r->id);

	put_field(out, r->id, false);
	put_field(out, str_of(requirement_areas[r->area].title), false);
	put_field(out, r->section, false);
	put_field(out, str_of(level_name(r->level)), false);
	put_field(out, str_of(provenance_name(r->provenance)), false);
	put_field(out, r->since, false);
	put_field(out, r->needs, false);
	put_field(out, check ? check->id : STR(""), false);
	put_field(out, str_of(!check ? "" : main ? "main" : "besides"), false);
	put_field(out, str_of(check ? depth_name(check->depth) : ""), false);
	put_field(out, r->excluded, false);
	put_field(out, r->text, true);
}

void coverage_csv(struct buf *out, const struct coverage *c)
{
	buf_z(out, "requirement,area,section,level,provenance,since,needs,check,role,"
	      "depth,excluded,text\r\n");
	for (size_t i = 0; i < c->count; i++) {
		const struct coverage_row *row = &c->rows[i];

		for (size_t k = 0; k < row->count; k++)
			put_pair(out, row->r, row->checks[k]);
		if (!row->count)
			put_pair(out, row->r, NULL);
	}
}

/* ---- Markdown. ---------------------------------------------------------- */

/* What would be markup in a cell. */
static void put_cell(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("|*<>\\", s.p[i]) && s.p[i])
			buf_char(out, '\\');
		buf_char(out, s.p[i] == '\n' ? ' ' : s.p[i]);
	}
}

/* Cases of one file stand together: "query/operators: eq, lt". */
static void put_checks(struct buf *out, const struct coverage_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct check *check = row->checks[i];
		bool same = i && str_eq(row->checks[i - 1]->file_id, check->file_id);

		if (!same) {
			buf_z(out, i ? "<br>" : "");
			buf_printf(out, "`%.*s` (%s)", STRF(check->file_id),
				   depth_name(check->depth));
		}
		if (!check->scenario->case_name.n)
			continue;
		buf_z(out, same ? ", " : ": ");
		put_cell(out, check->scenario->case_name);
	}
}

static void put_row(struct buf *out, const struct coverage_row *row)
{
	const struct requirement *r = row->r;

	buf_printf(out, "| %.*s | %s | %s | ", STRF(r->id), level_name(r->level),
		   provenance_name(r->provenance));
	put_cell(out, r->section);
	buf_z(out, " | ");
	put_cell(out, r->text);
	if (r->needs.n)
		buf_printf(out, " Needs the capability `%.*s`.", STRF(r->needs));
	buf_z(out, " | ");
	put_checks(out, row);
	if (!row->count) {
		buf_z(out, "none: ");
		put_cell(out, r->excluded);
	}
	buf_z(out, " |\n");
}

static void put_area(struct buf *out, const struct coverage *c, size_t area)
{
	bool any = false;

	for (size_t i = 0; i < c->count; i++) {
		if (c->rows[i].r->area != area)
			continue;
		if (!any)
			buf_printf(out, "\n## %s\n\n| id | level | from | section | requirement "
				   "| checks |\n|---|---|---|---|---|---|\n",
				   requirement_areas[area].title);
		any = true;
		put_row(out, &c->rows[i]);
	}
}

struct counts {
	size_t rows, covered, excluded, checks;
};

/* Of rows of that area, level and provenance; -1: of any. */
static struct counts count(const struct coverage *c, int area, int level,
			   int provenance)
{
	struct counts n = { 0 };

	for (size_t i = 0; i < c->count; i++) {
		const struct requirement *r = c->rows[i].r;

		if ((area >= 0 && r->area != (size_t)area) ||
		    (level >= 0 && r->level != (unsigned)level) ||
		    (provenance >= 0 && r->provenance != (unsigned)provenance))
			continue;
		n.rows++;
		n.covered += c->rows[i].count > 0;
		n.excluded += c->rows[i].count == 0;
		for (size_t k = 0; k < c->rows[i].count; k++)
			n.checks += str_eq(c->rows[i].checks[k]->covers.list[0], r->id);
	}
	return n;
}

static void put_counts(struct buf *out, const char *name, const char *more,
		       struct counts n)
{
	if (n.rows)
		buf_printf(out, "| %s%s%s | %zu | %zu | %zu | %zu |\n", name,
			   *more ? " " : "", more, n.rows, n.covered, n.excluded,
			   n.checks);
}

static void put_depths(struct buf *out, const struct suite *s)
{
	size_t n[DEPTHS] = { 0 };

	for (size_t i = 0; i < s->count; i++)
		n[s->checks[i].depth]++;
	buf_printf(out, "%zu checks: ", s->count);
	for (unsigned d = 0; d < DEPTHS; d++)
		buf_printf(out, "%s%zu at depth `%s`", d ? ", " : "", n[d],
			   depth_name((enum check_depth)d));
	buf_z(out, ". A greater depth includes the lesser ones.\n");
}

void coverage_markdown(struct buf *out, const struct coverage *c)
{
	static const char head[] =
		"| | requirements | with checks | without | checks judged by them |\n"
		"|---|---|---|---|---|\n";

	buf_z(out, "# Coverage of the requirements\n\n"
	      "Generated by `esimrig conform --coverage md` from `conformance/requirements.yaml` "
	      "and the checks;\ndo not edit. A check may cover several requirements; it is judged "
	      "by the first that it names.\n`esimrig explain ID` says more of each.\n\n");
	put_depths(out, c->suite);
	buf_printf(out, "\n%s", head);
	for (int p = 0; p < PROVENANCES; p++)
		for (int l = 0; l < LEVELS; l++)
			put_counts(out, level_name((unsigned)l),
				   provenance_name((unsigned)p), count(c, -1, l, p));
	put_counts(out, "**all**", "", count(c, -1, -1, -1));
	buf_printf(out, "\n%s", head);
	for (int i = 0; i < AREAS; i++)
		put_counts(out, requirement_areas[i].title, "", count(c, i, -1, -1));
	for (size_t i = 0; i < AREAS; i++)
		put_area(out, c, i);
}
