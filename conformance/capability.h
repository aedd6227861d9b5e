/*
 * capability.h - what a server may have or lack without being wrong.
 *
 * A check that needs a capability is skipped at a target without it.  A target
 * file may declare them; a probe finds out what is true.  A probe is a small
 * scenario, run at the target like a check: it passes (the target has it),
 * fails (it has not), or cannot tell.
 *
 * The one rule: a probe changes nothing.
 */
#ifndef CONFORMANCE_CAPABILITY_H
#define CONFORMANCE_CAPABILITY_H

#include "scenarios/runner.h"

enum capability_answer { CAPABILITY_UNKNOWN, CAPABILITY_NO, CAPABILITY_YES };

struct capability {
	const char *name;		/* "path-suffixes" */
	const char *help;		/* what a server with it can do */
	const char *probe;		/* YAML: `steps`, behind a world; NULL: none */
	enum check_depth depth;		/* of the probe */
	bool usual;			/* taken for granted if nobody knows */
};

extern const struct capability capabilities[];
extern const size_t capability_count;
enum { CAPABILITIES_MAX = 32 };

/* Its index in capabilities[], or -1. */
int capability_find(struct str name);

/* What is known of one of them at a target. */
struct capability_state {
	enum capability_answer declared, probed;
	bool has;			/* what to go by: declared, else probed, else usual */
	struct str why;			/* why not, if it has not; what the probe met */
};

/*
 * Probe those of which `wanted` is true (NULL: all) with runs of `options`,
 * whose target is the seam of a target.  Fills in `probed`, `has` and `why` of
 * every state, from the `declared` that is there already.
 */
void capability_probe(const struct run_options *options, enum check_depth depth,
		      const bool *wanted, struct capability_state *states,
		      struct arena *a);

/*
 * Was it declared wrongly?  1 with a sentence, 0 if not.  Declared but not
 * there fails the target; there but declared to be missing is worth a word.
 */
int capability_finding(size_t index, const struct capability_state *state,
		       struct arena *a, struct str *text, bool *fails);

#endif
