/*
 * coverage.h - `esimrig conform --coverage`: which checks cover which
 * requirements, and what is not as it must be.
 */
#ifndef CLI_COVERAGE_H
#define CLI_COVERAGE_H

#include "cli/verb.h"
#include "conformance/check.h"
#include "conformance/ledger.h"

/*
 * The matrix to stdout; `kind` is "csv" or "md".  A requirement without check
 * or reason, or a check without requirement, is told to stderr: EXIT_FAILED.
 */
int coverage_tell(const struct verb *v, const char *kind,
		  const struct ledger *ledger, const struct suite *suite);

#endif
