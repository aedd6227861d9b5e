/*
 * tally.h - the verdicts, counted: what all reports' sums are made of.
 *
 * Groups, levels and reasons stand in a fixed order (that of the suite, of
 * the ledger's words, of their first occurrence), so that equal verdicts are
 * told in equal words.
 */
#ifndef CONFORMANCE_TALLY_H
#define CONFORMANCE_TALLY_H

#include "conformance/verdicts.h"

struct tally_row {
	struct str name;		/* of a group; why it was not reached */
	size_t count;
	struct verdict_counts n;
	size_t baseline;		/* fails that were expected */
};

/* A level of a provenance: "MUST documented". */
struct tally_level {
	unsigned level, provenance;
	struct tally_row row;
};

/* What came of one requirement. */
struct tally_requirement {
	const struct requirement *r;
	/* The results of the checks that cover it, in the suite's order. */
	const struct check_result **results;
	size_t count;
	/* The worst of them; NOT REACHED if there are none. */
	enum verdict verdict;
};

struct tally {
	struct tally_row all;
	struct tally_row *groups;
	size_t group_count;
	struct tally_level levels[LEVELS * PROVENANCES];	/* without empty ones */
	size_t level_count;
	struct tally_row *reasons;	/* of NOT REACHED and SKIP; most of all first */
	size_t reason_count;
	struct tally_requirement *requirements;	/* all of the ledger */
	size_t requirement_count;
};

/* All of it is in `a` and points into `c`. */
void tally_count(struct tally *t, const struct conformance *c, struct arena *a);

/* "12 passed, 1 failed (1 of them expected), 2 not reached". */
void tally_words(struct buf *out, const struct tally_row *row);

/* "passed", "failed", ...; "pass", "fail", ... (CSS classes, JSON keys). */
const char *verdict_word(enum verdict v);
const char *verdict_class(enum verdict v);

/* The order in which verdicts are told: the worst first, PASS last. */
extern const enum verdict verdict_order[VERDICTS];

#endif
