/*
 * result.h - what came of running a scenario: the reports' only source.
 *
 * Plain data in one arena, so that a worker process can send it to the
 * process that writes the reports.
 */
#ifndef SCENARIOS_RESULT_H
#define SCENARIOS_RESULT_H

#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/clock.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,		/* what must be true is not */
	VERDICT_ERROR,		/* the rig's own trouble */
	VERDICT_SKIP,		/* not supported here, and declared so */
	VERDICT_NOT_REACHED,	/* something before it ended the run */
	VERDICT_WARN,		/* not as it should be, but that fails nothing */
	VERDICTS
};

/* "PASS", "FAIL", "ERROR", "SKIP", "NOT REACHED", "WARN". */
const char *verdict_name(enum verdict v);
/*
 * The word for a whole: PASS only if all passed, otherwise the one furthest
 * along PASS, SKIP, WARN, NOT REACHED, FAIL, ERROR.
 */
enum verdict verdict_worst(enum verdict a, enum verdict b);

/* A step, or an invariant that broke. */
struct step_result {
	struct str title;	/* "GET /ws/v1/... until {/status: successful}" */
	enum verdict verdict;
	struct str file;	/* where it is written */
	unsigned line, column;	/* from 1 */
	struct instant began, ended;
	/* For FAIL and ERROR; secrets are masked. */
	struct str message;	/* one sentence: what went wrong */
	struct str expected, actual;	/* as they would be written in YAML/JSON; may be empty */
	/* Evidence of a request, if it was asked for: cut at EVIDENCE_MAX,
	 * secrets masked. */
	struct str request, response;	/* as on the wire, or why there is none */
	struct str curl;		/* the command that asks again */
};

enum { EVIDENCE_MAX = 4096 };

struct run_result {
	struct str name;	/* the scenario's, with its case: "Deletes [enabled]" */
	struct str file;
	uint64_t seed;
	enum verdict verdict;
	struct step_result *steps;	/* in order, NOT REACHED ones included */
	size_t step_count;
	struct str message;	/* ERROR before any step, or SKIP: why */
	struct str left_behind;	/* what `finally` could not put back: lines */
	struct str events;	/* the event log: JSON lines */
	bool events_cut;	/* older lines were dropped */
	struct str last_events;	/* on failure: the last few of each party, as text */
	struct str reproduce;	/* on failure: the command */
	struct instant ended;	/* simulated length */
	int64_t wall_ns;	/* real length; never in the event log */
};

/* How many of `runs` have each verdict. */
struct verdict_counts {
	size_t of[VERDICTS];
};
struct verdict_counts verdict_count(const struct run_result *runs, size_t count);

/*
 * The result as bytes, for a process of this same program to read back.  The
 * reader trusts none of them: bytes that are not a result are refused with
 * `err`.  Strings are copied; an empty one comes back as STR_NONE.
 */
void result_write(struct buf *out, const struct run_result *r);
int result_read(struct str bytes, struct arena *a, struct run_result *r,
		struct err *err);

#endif
