/*
 * report_conform.h - what came of judging a server, for a person or a
 * program.
 *
 * A report is a function of the verdicts (and of the older report that they
 * are compared with): no clock, no environment, no length of real time, so
 * that equal verdicts give equal reports.  Secrets are masked before anything
 * is written, whatever the evidence holds.
 *
 *	report_conform_terminal.c  for a terminal, or a pipe
 *	report_conform_....c       a file for each format
 *	tally.h  comparison.h      what they count
 */
#ifndef CONFORMANCE_REPORT_CONFORM_H
#define CONFORMANCE_REPORT_CONFORM_H

#include "conformance/comparison.h"
#include "conformance/tally.h"

struct conform_format {
	const char *option;		/* "junit": asked for with --junit F */
	const char *help;
	bool wants_events;		/* reads run_result.events */
	/* `since`: an older report to compare with, or NULL. */
	void (*write)(struct buf *out, const struct conformance *c,
		      const struct comparison *since);
};

enum { CONFORM_FORMATS = 5 };
extern const struct conform_format conform_formats[CONFORM_FORMATS];

/* The formats' writers.  All of it is UTF-8, whatever the results hold. */
void report_conform_junit(struct buf *out, const struct conformance *c,
			  const struct comparison *since);
void report_conform_tap(struct buf *out, const struct conformance *c,
			const struct comparison *since);
void report_conform_json(struct buf *out, const struct conformance *c,
			 const struct comparison *since);
void report_conform_html(struct buf *out, const struct conformance *c,
			 const struct comparison *since);
void report_conform_badge(struct buf *out, const struct conformance *c,
			  const struct comparison *since);

/* How much the terminal is told. */
struct conform_view {
	bool colour;
	bool verbose;		/* evidence of checks that passed, and every reason */
};

/* Grouped, a line for each check, evidence of what did not pass, the sums. */
void report_conform_terminal(struct buf *out, const struct conformance *c,
			     const struct comparison *since,
			     const struct conform_view *view);

/* ---- For the writers. --------------------------------------------------- */

/* "depth world, --strict, seed 7": how it was judged. */
void report_conform_how(struct buf *out, const struct conformance *c);

/* The step that says why, or NULL. */
const struct step_result *report_conform_culprit(const struct check_result *r);

/* FAIL, ERROR, WARN: has it something to show besides its verdict? */
bool report_conform_troubled(const struct check_result *r);

/* Does this one make the whole fail, as conformance_verdict() has it? */
bool report_conform_fails(const struct conformance *c,
			  const struct check_result *r);

/* The verdict on the whole, as a sentence. */
const char *report_conform_sentence(const struct conformance *c);

/*
 * The evidence as text, lines that begin with `indent`: the requirement in
 * words, what was expected and what came, request and answer, the `curl` line.
 */
void report_conform_evidence(struct buf *out, const struct check_result *r,
			     const char *indent);

/* `text` without secrets; in `a` if something had to be masked. */
struct str report_conform_masked(struct str text, struct arena *a);

#endif
