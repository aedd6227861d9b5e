/*
 * recording.h - what passed between the rig and a target, kept in a file, and
 * a suite judged again from it without the target.
 *
 * JSON lines.  The first is the head (version, target, depth, seed, suite),
 * then one line for each exchange: check, user, request, answer, how long it
 * took.  Secrets that the rig knows are "***", credentials are not there.
 *
 * Judged again, a check's requests are answered from its exchanges: each by the
 * next answer that was given to the same request.  What was not asked then, and
 * what looks into the rig's world, makes the check NOT REACHED.
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
	bool has_seed;
	uint64_t seed;
};

/* Makes the file, in place of one that is there.  Several processes may then
 * write to it: a line goes out as one. */
struct recording *recording_create(const char *path, const struct recording_head *head,
				   struct err *err);
/* Reads one; `head` is in `a`.  NULL: it cannot be read, or is none. */
struct recording *recording_open(const char *path, struct recording_head *head,
				 struct arena *a, struct err *err);
/* -1: not all could be written. */
int recording_close(struct recording *r, struct err *err);

/* For both: what comes from now on is this check's. */
void recording_begin(struct recording *r, struct str check_id);

/* ---- Writing: called by link.h. ------------------------------------------- */

/* A world begins: its secrets are what is masked. */
void recording_world(struct recording *r, const struct world *w);
/* A call is about to be sent by `user` (p NULL: nobody), without what the
 * target wants besides; and here is what came of it. */
void recording_asked(struct recording *r, const struct http_call *c, struct str user);
void recording_answered(struct recording *r, const struct http_call *c);

/* ---- Judging again. --------------------------------------------------------- */

/* A seam that answers from the recording, for run_options in virtual time. */
const struct run_target *recording_seam(struct recording *r);
/* After a check's run, with what came of it: NOT REACHED, if the recording
 * does not have what was asked for. */
void recording_settle(struct recording *r, const struct scenario *sc,
		      struct run_result *run, struct arena *a);

#endif
