#include "conformance/plan.h"

static bool is_chosen(const struct plan_config *config, const struct check *c)
{
	for (size_t i = 0; i < config->only_count; i++)
		if (check_id_fits(c->id, str_of(config->only[i])))
			return true;
	return config->only_count == 0;
}

bool plan_needs(const struct plan_config *config, struct str capability)
{
	for (size_t i = 0; i < config->suite->count; i++) {
		const struct check *c = &config->suite->checks[i];

		if (c->depth > config->depth || !is_chosen(config, c))
			continue;
		for (size_t k = 0; k < c->needs.count; k++)
			if (str_eq(c->needs.list[k], capability))
				return true;
	}
	return false;
}

/* The first capability that is missing: why, or STR_NONE. */
static struct str missing(const struct plan_config *config, const struct check *c,
			  struct arena *a)
{
	for (size_t i = 0; config->lacks && i < c->needs.count; i++) {
		struct str why = config->lacks(config->arg, c->needs.list[i]);

		if (why.p)
			return arena_printf(a, "the target has no %.*s%s%.*s",
					    STRF(c->needs.list[i]),
					    why.n ? ": " : "", STRF(why));
	}
	return STR_NONE;
}

/* It waits too long, of the machine's time: why, or STR_NONE. */
static struct str too_long(const struct plan_config *config, const struct check *c,
			   struct arena *a)
{
	const struct scenario *sc = c->scenario;
	int64_t waits_ns = 0;
	double minutes;

	for (size_t i = 0; i < sc->steps.count; i++)
		if (sc->steps.list[i].kind == STEP_WAIT)
			waits_ns += sc->steps.list[i].wait_ns;
	if (config->rate <= 0 || (double)waits_ns / config->rate <= (double)config->wait_max_ns)
		return STR_NONE;
	minutes = (double)waits_ns / config->rate / 60e9;
	return arena_printf(a, "it waits, which would take %.0f minutes here", minutes);
}

static struct planned plan_one(const struct plan_config *config,
			       const struct check *c, struct arena *a)
{
	struct planned p = { c, STR_NONE, VERDICT_SKIP };

	if (c->depth > config->depth) {
		p.why_not = arena_printf(a, "needs depth %s", depth_name(c->depth));
		return p;
	}
	p.why_not = missing(config, c, a);
	if (!p.why_not.p)
		p.why_not = too_long(config, c, a);
	if (!p.why_not.p && c->lacks.n) {
		p.verdict = VERDICT_NOT_REACHED;
		p.why_not = arena_printf(a, "the target's world has not all that it needs: %.*s",
					 STRF(c->lacks));
	}
	return p;
}

/* By level, and within one as in the suite. */
static void put_in_order(struct plan *p)
{
	unsigned highest = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].check->level > highest)
			highest = p->list[i].check->level;
	for (unsigned level = 0; level <= highest; level++)
		for (size_t i = 0; i < p->count; i++)
			if (p->list[i].check->level == level && !p->list[i].why_not.p)
				p->order[p->order_count++] = i;
}

int plan_make(struct plan *p, const struct plan_config *config, struct arena *a,
	      struct err *err)
{
	const struct suite *s = config->suite;

	*p = (struct plan){ .suite = s, .depth = config->depth };
	p->list = arena_array(a, s->count, sizeof(*p->list));
	p->order = arena_array(a, s->count, sizeof(*p->order));
	p->place = arena_array(a, s->count, sizeof(*p->place));
	for (size_t i = 0; i < s->count; i++) {
		const struct check *c = &s->checks[i];

		p->place[i] = SIZE_MAX;
		if (!is_chosen(config, c))
			continue;
		p->place[i] = p->count;
		p->list[p->count++] = plan_one(config, c, a);
	}
	if (!p->count)
		return err_set(err, ERR_NOT_FOUND, "--only %s%s: none of %zu checks is meant",
			       config->only_count ? config->only[0] : "",
			       config->only_count > 1 ? " ..." : "", s->count);
	put_in_order(p);
	return 0;
}
