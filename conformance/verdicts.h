/*
 * verdicts.h - what came of judging a server: the reports' only source.
 *
 * A verdict is about the target.  PASS: what was asked held.  FAIL: it did
 * not, and the requirement carries that.  WARN: it did not, but the
 * requirement is a SHOULD, a convention, ambiguous or ours.  SKIP: the target
 * does not claim to have it, or it needs a greater depth.  NOT REACHED: what
 * has to be there first was not, and nobody knows.  ERROR: the rig's own
 * trouble.
 */
#ifndef CONFORMANCE_VERDICTS_H
#define CONFORMANCE_VERDICTS_H

#include "conformance/check.h"
#include "conformance/ledger.h"
#include "scenarios/result.h"

struct check_result {
	const struct check *check;
	const struct requirement *main;	/* what it is judged by */
	enum verdict verdict;
	/* SKIP, NOT REACHED: the reason; FAIL, WARN, ERROR: what went wrong,
	 * the first failing step's message. */
	struct str why;
	bool in_baseline;		/* a FAIL that was expected */
	struct str comment;		/* of the baseline: why */
	bool resumed;			/* from the journal of an earlier run */
	const struct run_result *run;	/* steps with evidence; NULL if it did not run */
};

/* What no single check says: a capability declared wrongly, a stale entry of
 * the baseline, things left behind, an interrupt. */
struct finding {
	struct str title, text;
	bool fails;			/* the target, as a FAIL does */
};

struct conformance {
	struct str rig_version, suite_version, suite_hash;
	struct str target_name, target_url;
	struct str target_server;	/* its header Server, if any */
	enum check_depth depth;
	bool strict, conventions;
	uint64_t seed;
	struct str options;		/* as on the command line */
	const struct ledger *ledger;
	const struct suite *suite;
	struct check_result *results;	/* in the suite's order: one for each check */
	size_t count;
	struct finding *findings;
	size_t finding_count;
	bool interrupted;
};

/* How many results have each verdict; `group` STR_NONE: of all. */
struct verdict_counts conformance_count(const struct conformance *c,
					struct str group);
/* Fails that are not in the baseline. */
size_t conformance_new_fails(const struct conformance *c);

/*
 * The exit code's question.  ERROR: a result is one.  FAIL: a FAIL that is not
 * in the baseline; a finding that fails; nothing at all passed; or, at depth
 * world, where the rig provides all that is needed, a check was not reached.
 * PASS otherwise.
 */
enum verdict conformance_verdict(const struct conformance *c);

#endif
