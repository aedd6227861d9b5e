/*
 * latency.h - how long something takes, as a model from which one draws.
 *
 *	constant     always `a`
 *	uniform      between `a` and `b`
 *	normal       mean `a`, standard deviation `b`, cut at 0
 *	lognormal    median `a`, 99th percentile `b`
 *	exponential  mean `a`
 *	pareto       least value `a`, shape `shape`
 *	percentiles  straight lines between given points of the distribution
 *	polls        not a time: ready when it was asked `polls` times
 *	never        does not happen
 *
 * Draws are whole microseconds, so that a log shows them exactly.
 */
#ifndef SIM_LATENCY_H
#define SIM_LATENCY_H

#include "sim/err.h"
#include "sim/rng.h"

enum latency_kind {
	LATENCY_CONSTANT,
	LATENCY_UNIFORM,
	LATENCY_NORMAL,
	LATENCY_LOGNORMAL,
	LATENCY_EXPONENTIAL,
	LATENCY_PARETO,
	LATENCY_PERCENTILES,
	LATENCY_POLLS,
	LATENCY_NEVER,
	LATENCY_KINDS
};

enum { LATENCY_POINTS_MAX = 16 };

struct latency_point {
	double share;		/* 0 to 1: 0.99 is the 99th percentile */
	int64_t ns;
};

/* Zero-initialised: constant, no delay. */
struct latency {
	enum latency_kind kind;
	int64_t a_ns, b_ns;
	double shape;
	unsigned polls;
	const struct latency_point *points;	/* owned by whoever set it */
	unsigned point_count;
};

const char *latency_kind_name(enum latency_kind kind);

/* Are the parameters possible?  -1 says which is not, and why. */
int latency_check(const struct latency *l, struct err *err);

/* One draw in ns; INT64_MAX for `never`; 0 for `polls`. */
int64_t latency_draw_ns(const struct latency *l, struct rng *rng);

/* May it happen now that it was asked `asked` times?  True unless `polls`. */
static inline bool latency_polls_done(const struct latency *l, unsigned asked)
{
	return l->kind != LATENCY_POLLS || asked >= l->polls;
}

#endif
