/*
 * conform_target.h - whom `esimrig conform` judges: the reference server, a
 * target file, a URL, or what was recorded of one of them.
 */
#ifndef CLI_CONFORM_TARGET_H
#define CLI_CONFORM_TARGET_H

#include "cli/verb.h"
#include "conformance/judge.h"
#include "conformance/link.h"
#include "conformance/recording.h"

/* As on the command line; NULL: not given. */
struct judged_options {
	const char *target;		/* "reference", a path, a URL */
	const char *depth, *clock, *net, *rsp;
	const char *record, *rejudge;
	struct target_options of_target;
	bool has_seed;
	uint64_t seed;
	size_t jobs;			/* SIZE_MAX: as many as it bears */
};

struct judged {
	struct judged_options o;
	bool is_reference;
	struct run_options run;		/* ready for the runner */
	enum check_depth depth;
	struct str name, url;
	size_t workers;
	struct target target;		/* of a file or URL */
	struct recording *recording;	/* written to, or judged again; or NULL */
	struct recording_head head;	/* of the latter */
	/* Its own. */
	struct run_target reference;
	struct link link;
	struct capability_state states[CAPABILITIES_MAX];
	bool progress;			/* tell what is waited for, on stderr */
};

/*
 * Reads what is there to be read; asks the target nothing.  Returns an exit
 * code, 0 if all is well; what is wrong was told.  Strings are in `a`;
 * judged_close() is needed in either case.
 */
int judged_open(struct judged *t, const struct judged_options *o,
		const struct verb *v, struct arena *a);
/* -1: a recording is not complete. */
int judged_close(struct judged *t, struct err *err);

/* What suite_load() found wrong in a suite laid over by the target's world. */
void judged_print_diag(const struct judged *t, const struct diag *d,
		       struct arena *a, struct buf *out);

/* A recording is made from now on; `c` says of what. */
int judged_record(struct judged *t, const struct conformance *c, struct err *err);

/*
 * Asks the target for the capabilities that the checks in `config` need, and
 * makes `config` know them.  Findings are added to `c`.
 */
void judged_probe(struct judged *t, struct plan_config *config,
		  struct conformance *c, struct arena *a);

/* All that judge.h has to know of it. */
void judged_fill(struct judged *t, struct judge *j);

/* Room for one more finding. */
struct finding *conformance_add_finding(struct conformance *c, struct arena *a);

#endif
