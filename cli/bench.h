/*
 * bench.h - figures: what something costs, against a floor of the same run.
 *
 * Machines are noisy, so a figure is a ratio to a floor that was measured in
 * the same process moments before, by the least code that does the same kind
 * of work.  Where the goal is a time or a size, the floor is shown beside it.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "sim/err.h"

#include <stdbool.h>
#include <stddef.h>

enum bench_goal {
	BENCH_RATIO_AT_MOST,	/* value / floor <= goal */
	BENCH_RATIO_AT_LEAST,	/* value / floor >= goal */
	BENCH_VALUE_AT_MOST,	/* value <= goal */
	BENCH_VALUE_AT_LEAST,	/* value >= goal */
	BENCH_SHOWN,		/* no goal */
};

struct bench_figure {
	const char *name;
	const char *unit;
	const char *floor_is;	/* what the floor does, in words; NULL: none */
	enum bench_goal kind;
	double goal;
	double value, floor;
};

/* How far it is: one call for each of a bench's steps, between two of them so
 * that it disturbs none. */
struct bench_pace;
void bench_step(struct bench_pace *pace);

/* One measurement; fills up to `max` figures, returns how many, or -1. */
struct bench {
	const char *group;	/* "world": what `esimrig bench WHAT` selects */
	const char *help;
	size_t steps;		/* about equally long */
	int (*run)(struct bench_figure *figures, int max, struct bench_pace *pace,
		   struct err *err);
};

/* Ends with group NULL. */
extern const struct bench bench_table[];

bool bench_met(const struct bench_figure *f);
double bench_ratio(const struct bench_figure *f);	/* 0 without a floor */

/* The groups' functions. */
int bench_fleet(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_activation(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_server(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_million(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_workers(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_rsp(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_rsp_https(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);
int bench_rsp_memory(struct bench_figure *figures, int max, struct bench_pace *pace,
		struct err *err);

#endif
