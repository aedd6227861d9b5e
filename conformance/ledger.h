/*
 * ledger.h - the requirements: conformance/requirements.yaml.
 *
 * A row is one statement of the specification, or of the conventions beside
 * it, in our own words.  Its id stays what it is for ever; what a failing
 * check means follows from its level and its provenance and from nothing
 * else.  Which checks cover a row stands in the checks: the ledger names none.
 */
#ifndef CONFORMANCE_LEDGER_H
#define CONFORMANCE_LEDGER_H

#include "scenarios/diag.h"
#include "sim/map.h"

enum requirement_level {
	LEVEL_MUST,
	LEVEL_SHOULD,
	LEVEL_MAY,
	LEVEL_AMBIGUOUS,	/* the page can be read in more than one way */
	LEVELS
};

/* Where a statement comes from. */
enum provenance {
	PROVENANCE_DOCUMENTED,	/* the specification's page */
	PROVENANCE_CONVENTION,	/* the API family's habits */
	PROVENANCE_OURS,	/* nothing public says; the rig's choice */
	PROVENANCES
};

/* The word between "EP-" and the number; "INV". */
struct requirement_area {
	const char *word;
	const char *title;
};
enum { AREAS = 20 };
extern const struct requirement_area requirement_areas[AREAS];

struct requirement {
	struct pos pos;
	struct str id;			/* "EP-INV-007" */
	size_t area;			/* in requirement_areas */
	struct str section;		/* heading of the page, or "conventions: ..." */
	struct str text;
	unsigned level;			/* enum requirement_level */
	unsigned provenance;		/* enum provenance */
	struct str since;		/* version of the API */
	struct str needs;		/* capability; may be empty */
	struct str excluded;		/* why no check covers it; may be empty */
};

struct ledger {
	struct requirement *list;	/* in the file's order */
	size_t count;
	struct map by_id;
};

/*
 * Read and check a ledger; strings are in `a`.  -1: `d` says everything that
 * is wrong.  ledger_release() is needed in either case.
 */
int ledger_load(struct ledger *l, const char *path, struct arena *a,
		struct diag *d);
int ledger_load_text(struct ledger *l, const char *name, struct str text,
		     struct arena *a, struct diag *d);
void ledger_release(struct ledger *l);

/* Where the ledger of the checks below `suites` is: "a/requirements.yaml" for
 * "a/suites".  In `a`. */
const char *ledger_path(const char *suites, struct arena *a);

/* NULL if there is none; letters' case is ignored. */
const struct requirement *ledger_find(const struct ledger *l, struct str id);

/* Has it the form of an id?  `*area`: in requirement_areas, may be NULL. */
bool requirement_id_well_formed(struct str id, size_t *area);

/* "MUST", "documented", ... */
const char *level_name(unsigned level);
const char *provenance_name(unsigned provenance);

/* Does a failing check whose main row is `r` fail the target?  If not, it is
 * a warning. */
bool requirement_fails(const struct requirement *r, bool strict,
		       bool conventions);

#endif
