/*
 * report.h - what ran, as a file for a person or a program.
 *
 * A format is a row of a table: the option that asks for it and the function
 * that writes it.  A report is a function of the results alone: no clock, no
 * environment, so that equal runs give equal reports but for the wall time,
 * which stands only where a format has a place for it (JUnit's `time`, TAP's
 * `duration_ms`, JSON's `wall_ms`).
 */
#ifndef SCENARIOS_REPORT_H
#define SCENARIOS_REPORT_H

#include "scenarios/result.h"

struct report {
	const char *version;		/* of the program */
	const char *clock, *net;	/* as on the command line */
	bool has_seed;			/* given on the command line */
	uint64_t seed;
	const struct run_result *runs;	/* the runs of one file stand together */
	size_t run_count;
};

struct report_format {
	const char *option;	/* "junit": asked for with --junit F */
	const char *help;
	bool wants_events;	/* reads run_result.events */
	void (*write)(struct buf *out, const struct report *r);
};

enum { REPORT_FORMATS = 4 };
extern const struct report_format report_formats[REPORT_FORMATS];

/* The formats' writers.  All of it is UTF-8, whatever the results hold. */
void report_junit(struct buf *out, const struct report *r);
void report_tap(struct buf *out, const struct report *r);
void report_json(struct buf *out, const struct report *r);
void report_html(struct buf *out, const struct report *r);

/* ---- For the writers and the terminal. -------------------------------- */

/* How many runs from `first` on are of the same file. */
size_t report_same_file(const struct report *r, size_t first);

/* The step that says why the run did not pass, or NULL: the first ERROR or
 * FAIL, whichever the run's verdict is. */
const struct step_result *report_culprit(const struct run_result *run);

/* A length of simulated time for people: "350ms", "12.5s", "4min12s". */
void report_length(struct buf *out, int64_t ns);

/*
 * Why a run did not pass, as lines that begin with `indent`: the place, what
 * was expected, what came, the last events, how to run it again.
 */
void report_failure(struct buf *out, const struct run_result *run,
		    const char *indent);

/* `text` with `indent` before each of its lines, ending in a newline. */
void report_indented(struct buf *out, struct str text, const char *indent);

/*
 * Text that is safe in XML and HTML, in content and in attributes: markup is
 * escaped; bytes that are not UTF-8 and characters that XML 1.0 has no place
 * for become U+FFFD.
 */
void report_escape(struct buf *out, struct str s);
void report_escape_z(struct buf *out, const char *z);

/* Text that is safe on a terminal: U+FFFD for control characters other than
 * newline and tab, and for what is not UTF-8. */
void report_plain(struct buf *out, struct str s);

#endif
