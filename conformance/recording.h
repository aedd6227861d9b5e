/*
 * recording.h - what passed between the rig and a target, kept in a file, and
 * a suite judged again from it without the target.
 *
 * JSON lines.  The first is the head (version, target, depth, seed, suite,
 * clock), then one line for each exchange: check, user, request, answer, how
 * long it took.  Secrets that the rig knows are "***".
 *
 * Judged again, a check's requests are answered from its exchanges, each
 * request by the next answer that was given to the same one.  What was not
 * asked then, and what looks into the rig's world, makes the check NOT REACHED.
 *
 * The one rule: a recording never makes a check pass that asked something
 * else than the recorded one.
 */
#ifndef CONFORMANCE_RECORDING_H
#define CONFORMANCE_RECORDING_H

#include "scenarios/runner.h"

struct recording;

/* What the first line says. */
struct recording_head {
	struct str target_name, target_url;
	struct str suite_version, suite_hash;
	enum check_depth depth;
	uint64_t seed;
	bool has_seed;
	int64_t clock_start_ms;
};

/* Make the file, or go on with one of the same head.  Several processes may
 * write to it: a line is one write. */
struct recording *recording_create(const char *path, const struct recording_head *head,
				   struct err *err);
/* From now on this check's. */
void recording_begin(struct recording *r, struct str check_id);
/* An answered or failed call of `user` (p NULL: nobody); text is masked by
 * the world's secrets, and by `mask`. */
void recording_add(struct recording *r, const struct world *w,
		   const struct http_call *c, struct str user);
void recording_close(struct recording *r);

/* Read a recording; `head` is in `a`.  NULL: not readable, or not one. */
struct recording *recording_open(const char *path, struct recording_head *head,
				 struct arena *a, struct err *err);
bool recording_has(const struct recording *r, struct str check_id);
/* A seam that answers from the recording, in virtual time; for run_options. */
const struct run_target *recording_seam(struct recording *r);
/* After a run, with what came of it: NOT REACHED, if the recording does not
 * have what the run asked for. */
void recording_settle(struct recording *r, struct run_result *out, struct arena *a);

#endif
