/*
 * comparison.h - an older JSON report, to say what has changed since.
 *
 * Checks are told by their ids, which are stable for ever.  A file of
 * another schema, or one that is no report, is refused.
 */
#ifndef CONFORMANCE_COMPARISON_H
#define CONFORMANCE_COMPARISON_H

#include "conformance/verdicts.h"

enum change {
	CHANGE_NONE,
	CHANGE_BROKEN,		/* it fails now, and did not */
	CHANGE_MENDED,		/* it failed, and passes now */
	CHANGE_OTHER,		/* any other change of verdict */
	CHANGE_NEW,		/* the older report does not know the check */
	CHANGE_GONE,		/* there is no such check any more */
	CHANGES
};

/* "broken", "mended", "other", "new", "gone"; "same". */
const char *change_name(enum change c);

struct comparison_entry {
	struct str id;
	enum verdict verdict;
};

struct comparison {
	struct str name;		/* of the file */
	struct str rig_version, suite_version, suite_hash;
	struct str target_name, target_url, depth;
	struct comparison_entry *list;	/* as in the file */
	size_t count;
	struct map by_id;
};

/* What changed, one check after the other. */
struct difference {
	enum change change;
	struct str id;
	enum verdict was, is;		/* CHANGE_NEW has no `was`, CHANGE_GONE no `is` */
};
struct differences {
	struct difference *list;	/* by kind, then in the suite's order */
	size_t count;
	size_t of[CHANGES];
};

/* Read a report.  comparison_release() is needed in either case. */
int comparison_load(struct comparison *o, const char *path, struct arena *a,
		    struct err *err);
int comparison_read(struct comparison *o, const char *name, struct str text,
		    struct arena *a, struct err *err);
void comparison_release(struct comparison *o);

/* All that changed, in `a`; CHANGE_NONE is only counted. */
void comparison_differences(const struct comparison *old,
			    const struct conformance *c, struct arena *a,
			    struct differences *out);

/* Of one check; `*was` is set unless it is new. */
enum change comparison_of(const struct comparison *old,
			  const struct check_result *r, enum verdict *was);

#endif
