#include "conformance/tally.h"

#include <assert.h>
#include <stdlib.h>

const enum verdict verdict_order[VERDICTS] = {
	VERDICT_FAIL, VERDICT_ERROR, VERDICT_WARN, VERDICT_NOT_REACHED,
	VERDICT_SKIP, VERDICT_PASS,
};

const char *verdict_word(enum verdict v)
{
	static const char *const words[VERDICTS] = {
		[VERDICT_PASS] = "passed", [VERDICT_FAIL] = "failed",
		[VERDICT_ERROR] = "in error", [VERDICT_SKIP] = "skipped",
		[VERDICT_NOT_REACHED] = "not reached", [VERDICT_WARN] = "warned of",
	};

	assert(v < VERDICTS);
	return words[v];
}

const char *verdict_class(enum verdict v)
{
	static const char *const classes[VERDICTS] = {
		[VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail",
		[VERDICT_ERROR] = "error", [VERDICT_SKIP] = "skip",
		[VERDICT_NOT_REACHED] = "none", [VERDICT_WARN] = "warn",
	};

	assert(v < VERDICTS);
	return classes[v];
}

static void add(struct tally_row *row, const struct check_result *r)
{
	row->count++;
	row->n.of[r->verdict]++;
	row->baseline += r->verdict == VERDICT_FAIL && r->in_baseline;
}

/* The row of that name, among `count` with room for one more. */
static struct tally_row *row_of(struct tally_row *rows, size_t *count,
				struct str name)
{
	for (size_t i = *count; i-- > 0;)
		if (str_eq(rows[i].name, name))
			return &rows[i];
	rows[*count].name = name;
	return &rows[(*count)++];
}

static void count_groups(struct tally *t, const struct conformance *c,
			 struct arena *a)
{
	t->groups = arena_array(a, c->count, sizeof(*t->groups));
	for (size_t i = 0; i < c->count; i++) {
		const struct check_result *r = &c->results[i];

		add(&t->all, r);
		add(row_of(t->groups, &t->group_count, r->check->group), r);
	}
}

static void count_levels(struct tally *t, const struct conformance *c)
{
	for (unsigned p = 0; p < PROVENANCES; p++)
		for (unsigned l = 0; l < LEVELS; l++) {
			struct tally_level *row = &t->levels[t->level_count];

			*row = (struct tally_level){ .level = l, .provenance = p };
			for (size_t i = 0; i < c->count; i++)
				if (c->results[i].main &&
				    c->results[i].main->level == l &&
				    c->results[i].main->provenance == p)
					add(&row->row, &c->results[i]);
			t->level_count += row->row.count > 0;
		}
}

/* ---- Why not. ----------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
	const struct tally_row *x = *(struct tally_row *const *)a;
	const struct tally_row *y = *(struct tally_row *const *)b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x < y ? -1 : x > y;	/* the order in which they came */
}

static void sort_reasons(struct tally *t, struct arena *a)
{
	struct tally_row **order = arena_array(a, t->reason_count, sizeof(*order));
	struct tally_row *sorted = arena_array(a, t->reason_count, sizeof(*sorted));

	for (size_t i = 0; i < t->reason_count; i++)
		order[i] = &t->reasons[i];
	if (t->reason_count)
		qsort(order, t->reason_count, sizeof(*order), by_count);
	for (size_t i = 0; i < t->reason_count; i++)
		sorted[i] = *order[i];
	t->reasons = sorted;
}

/* The results by their checks' places in the suite; NULL: left out. */
static const struct check_result **by_check(const struct conformance *c,
					    struct arena *a)
{
	const struct check_result **place =
		arena_array(a, c->suite->count, sizeof(*place));

	for (size_t i = 0; i < c->count; i++)
		place[c->results[i].check->index] = &c->results[i];
	return place;
}

static bool is_unjudged(const struct check_result *r)
{
	return r->verdict == VERDICT_NOT_REACHED || r->verdict == VERDICT_SKIP;
}

/* What did not pass and comes before it, or NULL. */
static const struct check_result *held_by(const struct check_result *r,
					  const struct check_result *const *place)
{
	for (size_t i = 0; i < r->check->after.count; i++) {
		const struct check_result *first =
			place[r->check->after.list[i]->index];

		if (first && first->verdict != VERDICT_PASS)
			return first;
	}
	return NULL;
}

/*
 * The reason behind the reasons: of a chain of checks that wait for each other
 * only the first is worth a word.
 */
static struct str reason(const struct check_result *r,
			 const struct check_result *const *place, struct arena *a)
{
	static const char *const fates[VERDICTS] = {
		[VERDICT_FAIL] = "failed", [VERDICT_WARN] = "did not hold (WARN)",
		[VERDICT_ERROR] = "ended in an error",
		[VERDICT_NOT_REACHED] = "was not reached: ",
		[VERDICT_SKIP] = "was skipped: ",
	};
	const struct check_result *root = r, *before;
	struct str why;

	/* There are no circles: suite_load() refuses them. */
	while (is_unjudged(root) && (before = held_by(root, place)) != NULL)
		root = before;
	if (root == r)
		return r->why.n ? r->why : STR("no reason was given");
	why = is_unjudged(root) ? root->why : STR("");
	return arena_printf(a, "needs %.*s, which %s%.*s", STRF(root->check->id),
			    fates[root->verdict], STRF(why));
}

static void count_reasons(struct tally *t, const struct conformance *c,
			  struct arena *a)
{
	const struct check_result **place = by_check(c, a);

	t->reasons = arena_array(a, c->count, sizeof(*t->reasons));
	for (size_t i = 0; i < c->count; i++)
		if (is_unjudged(&c->results[i]))
			add(row_of(t->reasons, &t->reason_count,
				   reason(&c->results[i], place, a)), &c->results[i]);
	sort_reasons(t, a);
}

/* ---- Requirements. ------------------------------------------------------ */

/* Call `visit` for each result and each row of the ledger that it covers. */
static void each_cover(const struct conformance *c, struct tally *t,
		       void (*visit)(struct tally_requirement *,
				     const struct check_result *))
{
	for (size_t i = 0; i < c->count; i++) {
		const struct check *check = c->results[i].check;

		for (size_t k = 0; k < check->covers.count; k++) {
			const struct requirement *r =
				ledger_find(c->ledger, check->covers.list[k]);

			if (r)
				visit(&t->requirements[r - c->ledger->list],
				      &c->results[i]);
		}
	}
}

static void count_one(struct tally_requirement *r, const struct check_result *result)
{
	(void)result;
	r->count++;
}

static void put_one(struct tally_requirement *r, const struct check_result *result)
{
	r->verdict = r->count ? verdict_worst(r->verdict, result->verdict) :
				result->verdict;
	r->results[r->count++] = result;
}

static void count_requirements(struct tally *t, const struct conformance *c,
			       struct arena *a)
{
	t->requirement_count = c->ledger->count;
	t->requirements = arena_array(a, t->requirement_count,
				      sizeof(*t->requirements));
	each_cover(c, t, count_one);
	for (size_t i = 0; i < t->requirement_count; i++) {
		struct tally_requirement *r = &t->requirements[i];

		r->r = &c->ledger->list[i];
		r->verdict = VERDICT_NOT_REACHED;
		r->results = arena_array(a, r->count, sizeof(*r->results));
		r->count = 0;
	}
	each_cover(c, t, put_one);
}

void tally_count(struct tally *t, const struct conformance *c, struct arena *a)
{
	*t = (struct tally){ 0 };
	count_groups(t, c, a);
	count_levels(t, c);
	count_reasons(t, c, a);
	count_requirements(t, c, a);
}

void tally_words(struct buf *out, const struct tally_row *row)
{
	buf_printf(out, "%zu passed", row->n.of[VERDICT_PASS]);
	for (size_t i = 0; i < VERDICTS; i++) {
		enum verdict v = verdict_order[i];

		if (v == VERDICT_PASS || !row->n.of[v])
			continue;
		buf_printf(out, ", %zu %s", row->n.of[v], verdict_word(v));
		if (v == VERDICT_FAIL && row->baseline)
			buf_printf(out, " (%zu of them expected)", row->baseline);
	}
}
