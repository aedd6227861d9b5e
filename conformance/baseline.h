/*
 * baseline.h - failures that are known: a YAML list of checks, with a comment
 * each.
 *
 *	- check: bulk/truncated
 *	  comment: ticket 4711; the header comes with release 2.3
 *
 * A FAIL in it does not fail the target.  An entry that is not needed any more
 * does: a list that nobody prunes would hide the next failure.
 */
#ifndef CONFORMANCE_BASELINE_H
#define CONFORMANCE_BASELINE_H

#include "conformance/verdicts.h"

struct baseline_entry {
	struct pos pos;
	struct str check, comment;
};

struct baseline {
	struct baseline_entry *list;
	size_t count;
};

/* Strings are in `a`.  -1: `d` says what is wrong. */
int baseline_load(struct baseline *b, const char *path, struct arena *a,
		  struct diag *d);
int baseline_load_text(struct baseline *b, const char *name, struct str text,
		       struct arena *a, struct diag *d);

/* Mark the expected failures in c->results, and add a finding for each entry
 * that is stale: its check passes, or there is no such check.  One that was
 * not judged this time is left alone.  Findings are in `a`. */
void baseline_apply(const struct baseline *b, struct conformance *c,
		    struct arena *a);

#endif
