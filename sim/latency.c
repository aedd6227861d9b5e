#include "sim/latency.h"
#include "sim/clock.h"

#include <assert.h>
#include <math.h>

/* A hundred years: what a tail may draw at most. */
static const double DRAW_MAX_NS = 3.1536e18;

/* 99th percentile of the standard normal distribution. */
static const double Z99 = 2.3263478740408408;

const char *latency_kind_name(enum latency_kind kind)
{
	static const char *const names[LATENCY_KINDS] = {
		"constant", "uniform", "normal", "lognormal", "exponential",
		"pareto", "percentiles", "polls", "never",
	};

	assert(kind < LATENCY_KINDS);
	return names[kind];
}

static int check_points(const struct latency *l, struct err *err)
{
	if (l->point_count < 2 || l->point_count > LATENCY_POINTS_MAX)
		return err_set(err, ERR_INVALID,
			       "percentiles: expected 2 to %d points, found %u",
			       LATENCY_POINTS_MAX, l->point_count);
	for (unsigned i = 0; i < l->point_count; i++) {
		const struct latency_point *p = &l->points[i];

		if (!(p->share >= 0 && p->share <= 1) || p->ns < 0)
			return err_set(err, ERR_INVALID,
				       "percentiles: point %u is outside 0 to 100 %%",
				       i + 1);
		if (i > 0 && (p->share <= p[-1].share || p->ns < p[-1].ns))
			return err_set(err, ERR_INVALID,
				       "percentiles: point %u does not rise above the one before",
				       i + 1);
	}
	return 0;
}

int latency_check(const struct latency *l, struct err *err)
{
	const char *name = latency_kind_name(l->kind);

	if (l->a_ns < 0 || l->b_ns < 0)
		return err_set(err, ERR_INVALID, "%s: a time under zero", name);
	switch (l->kind) {
	case LATENCY_CONSTANT:
	case LATENCY_NORMAL:
	case LATENCY_NEVER:
		return 0;
	case LATENCY_UNIFORM:
		if (l->b_ns < l->a_ns)
			return err_set(err, ERR_INVALID,
				       "uniform: the second time is shorter than the first");
		return 0;
	case LATENCY_LOGNORMAL:
		if (l->a_ns == 0 || l->b_ns < l->a_ns)
			return err_set(err, ERR_INVALID,
				       "lognormal: expected 0 < median <= p99");
		return 0;
	case LATENCY_EXPONENTIAL:
		if (l->a_ns == 0)
			return err_set(err, ERR_INVALID,
				       "exponential: expected a mean over 0");
		return 0;
	case LATENCY_PARETO:
		if (l->a_ns == 0 || !(l->shape > 0) || l->shape > 100)
			return err_set(err, ERR_INVALID,
				       "pareto: expected min over 0 and a shape over 0, at most 100");
		return 0;
	case LATENCY_PERCENTILES:
		return check_points(l, err);
	case LATENCY_POLLS:
		if (l->polls == 0)
			return err_set(err, ERR_INVALID,
				       "polls: expected a count of at least 1");
		return 0;
	case LATENCY_KINDS:
		break;
	}
	return err_set(err, ERR_INVALID, "unknown latency model");
}

static double draw_points(const struct latency *l, double u)
{
	const struct latency_point *p = l->points;
	const struct latency_point *end = p + l->point_count;

	if (u <= p->share)
		return (double)p->ns;
	for (p++; p < end; p++)
		if (u <= p->share)
			return (double)p[-1].ns + (double)(p->ns - p[-1].ns) *
			       (u - p[-1].share) / (p->share - p[-1].share);
	return (double)end[-1].ns;
}

static double draw(const struct latency *l, struct rng *rng)
{
	double a = (double)l->a_ns, b = (double)l->b_ns;

	switch (l->kind) {
	case LATENCY_CONSTANT:
		return a;
	case LATENCY_UNIFORM:
		return a + (b - a) * rng_unit(rng);
	case LATENCY_NORMAL:
		return a + b * rng_normal(rng);
	case LATENCY_LOGNORMAL:
		return a * exp(log(b / a) / Z99 * rng_normal(rng));
	case LATENCY_EXPONENTIAL:
		return -a * log(rng_unit(rng));
	case LATENCY_PARETO:
		return a * pow(rng_unit(rng), -1.0 / l->shape);
	case LATENCY_PERCENTILES:
		return draw_points(l, rng_unit(rng));
	case LATENCY_POLLS:
	case LATENCY_NEVER:
	case LATENCY_KINDS:
		break;
	}
	return 0;
}

int64_t latency_draw_ns(const struct latency *l, struct rng *rng)
{
	double ns;

	if (l->kind == LATENCY_NEVER)
		return INT64_MAX;
	ns = draw(l, rng);
	if (!(ns > 0))
		return 0;
	if (ns > DRAW_MAX_NS)
		ns = DRAW_MAX_NS;
	return (int64_t)(ns / 1000.0 + 0.5) * NS_PER_US;
}
