/*
 * coverage.h - which checks cover which requirements, and whether all is as
 * it must be between the two.
 *
 * The checks name the rows that they cover; this turns it round.  No row
 * without a check or a reason, no check without a row.
 */
#ifndef CONFORMANCE_COVERAGE_H
#define CONFORMANCE_COVERAGE_H

#include "conformance/check.h"
#include "conformance/ledger.h"

struct coverage_row {
	const struct requirement *r;
	const struct check **checks;	/* in the suite's order */
	size_t count;
};

struct coverage {
	const struct ledger *ledger;
	const struct suite *suite;
	struct coverage_row *rows;	/* in the ledger's order: one for each */
	size_t count;
};

/* Rows that checks name and the ledger has not are left out. */
void coverage_build(struct coverage *c, const struct ledger *ledger,
		    const struct suite *suite, struct arena *a);

/*
 * Both directions: a row without check and reason, a reason where there is a
 * check, a check of an unknown row, a capability that nobody knows.  -1: `d`
 * says what.
 */
int coverage_check(const struct coverage *c, struct diag *d);

/* A line for each pair of a requirement and a check; one for a requirement
 * without checks.  RFC 4180. */
void coverage_csv(struct buf *out, const struct coverage *c);
/* docs/coverage.md: counts, and a table for each area. */
void coverage_markdown(struct buf *out, const struct coverage *c);

#endif
