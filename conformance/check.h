/*
 * check.h - the checks: conformance/suites, loaded.
 *
 * A check is a scenario with the key `check` (docs/scenarios.md); with cases,
 * each case is a check.  Its id is the path of its file below the suites
 * without ".yaml", and " [case]": "query/operators [contains]".  Ids are
 * stable for ever: reports, baselines and journals name checks by them.
 *
 * The one rule: what is wrong with a suite is found here, before anything is
 * asked of a server.
 */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include "scenarios/scenario.h"
#include "sim/map.h"

#define CONFORMANCE_SUITES "conformance/suites"

struct check {
	struct str id;			/* "query/operators [contains]" */
	struct str file_id;		/* "query/operators" */
	struct str group;		/* "query": the folder */
	struct str title;		/* the scenario's name */
	struct str description;		/* may be empty */
	size_t index;			/* in suite.checks */
	const struct scenario *scenario;
	enum check_depth depth;		/* the least at which it can be judged */
	/* Ids of requirements; the first is the main one. */
	struct { const struct str *list; size_t count; } covers;
	/* Names of capabilities. */
	struct { const struct str *list; size_t count; } needs;
	/* What must have passed; the id of a file in `after` is all its cases. */
	struct { const struct check **list; size_t count; } after;
	unsigned level;			/* 0, or one more than the highest of `after` */
	/* With a target's own world: what this check needs of it and it has not. */
	struct str lacks;		/* empty: nothing */
};

struct suite {
	struct check *checks;		/* by folder, file, case */
	size_t count;
	struct map by_id;
	char hash[17];			/* of all files' texts, and the ledger's */
};

/*
 * Read all checks below `dir`.  `world`, if not NULL, is a map as in a
 * scenario's `world`, laid over that of every check: the things that a target
 * has.  0, with everything in `a`; or -1: `d` says what is wrong (files, what is
 * no check, unknown names in `after`, circles, what a depth does not allow).
 * suite_release() is needed in either case.
 */
int suite_load(struct suite *s, const char *dir, const struct value *world,
	       struct arena *a, struct diag *d);
void suite_release(struct suite *s);

/* NULL if there is none. */
const struct check *suite_find(const struct suite *s, struct str id);

/* "read", "actions", "world". */
const char *depth_name(enum check_depth depth);
/* -1 if it is none of them. */
int depth_parse(struct str text, enum check_depth *depth);

/* Does the id fit the pattern?  '*' stands for any characters, '?' for one;
 * a pattern without '/' is a group, one without '[' means all cases. */
bool check_id_fits(struct str id, struct str pattern);

#endif
