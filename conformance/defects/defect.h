/*
 * defect.h - broken servers: what is wrong with each, in a const table.
 *
 * A defect is applied to the reference server from outside.  Rules rewrite
 * requests and answers on their way to and from a party (rewrite.h); triggers
 * put SQL into its open store.  The server knows nothing of either.  With the
 * same seed a defect does the same again.
 *
 * `breaks` names the requirements that the defect breaks: only a check that
 * covers one of them kills it.  What else fails has its reason in the row:
 * `also` names checks by globs, `because` says why they have to fail.
 */
#ifndef CONFORMANCE_DEFECTS_DEFECT_H
#define CONFORMANCE_DEFECTS_DEFECT_H

#include "scenarios/runner.h"

#include <stdbool.h>
#include <stddef.h>

struct edit;
struct world;

/* Does something to a request or an answer: see rewrite.h. */
typedef void edit_fn(struct edit *e);

/*
 * "GET /ws/v1/esim_profiles/inventory": method and path; several with commas
 * between them.  "*" is any method, {} any one segment, a last ** anything.
 * "eis:" before the path means the EIS and, in its own words, the gateway.
 */
struct defect_rule {
	const char *where;
	edit_fn *request, *answer;
	const char *arg;		/* for both: see the function */
	const char *when;		/* statuses of answers: "404 4xx"; "2xx" unless given */
};

/* "AFTER INSERT ON transactions", "NEW.action = 'download'", "DELETE ...;" */
struct defect_trigger {
	const char *event, *condition, *body;
};

enum { DEFECT_RULES = 4, DEFECT_TRIGGERS = 3 };

struct defect {
	const char *name;		/* stable: "cursor-ignored" */
	const char *text;		/* one sentence: what this server does */
	const char *breaks;		/* ids of requirements, with blanks between */
	struct defect_rule rules[DEFECT_RULES];
	struct defect_trigger triggers[DEFECT_TRIGGERS];
	const char *also;		/* globs of check ids, with blanks between */
	const char *because;
};

/* All of them, as if they stood in one list. */
size_t defect_count(void);
const struct defect *defect_at(size_t i);
/* The title of the table that it stands in. */
const char *defect_section(size_t i);
/* NULL if there is none of that name. */
const struct defect *defect_find(struct str name);

/* A defect at work, in one world after another. */
struct defect_world;
struct defect_run {
	const struct defect *defect;	/* NULL: none, the clean reference */
	/*
	 * If there is none: which defects would have had something to change, of
	 * all defect_count(); may be NULL.  Where a defect had nothing to change,
	 * the world goes on as without it.
	 */
	bool *met;
	struct defect_world *live;
};

/* What makes the runner use it; `run` must outlive all runs. */
struct run_target defect_target(struct defect_run *run);

#endif
