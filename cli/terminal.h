/*
 * terminal.h - what a person sees of a run: a line per scenario, why one
 * failed, a bar while it goes on, the sum at the end.
 *
 * No colour and no bar unless it is a terminal; NO_COLOR is respected.  What
 * is shown is made safe for a terminal, wherever it came from.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "cli/progress.h"
#include "scenarios/result.h"

struct terminal {
	int fd;
	bool colour, verbose;
	bool silent;		/* closed, or gone: nothing is written any more */
	int failed_errno;	/* why writing failed; 0: it did not */
	struct progress progress;	/* on stderr */
	struct buf out;
};

/* `fd` is standard output or, if a report goes there, standard error. */
void terminal_init(struct terminal *t, int fd, bool verbose, bool bar);
void terminal_release(struct terminal *t);

/* If there can be no bar: a line now and then. */
void terminal_progress_lines(struct terminal *t);

void terminal_run(struct terminal *t, const struct run_result *r);
void terminal_bar(struct terminal *t, size_t done, size_t all, size_t bad);
/* `wall_ns` 0: not shown. */
void terminal_sum(struct terminal *t, const struct run_result *runs,
		  size_t count, int64_t wall_ns);

/* Has the reader gone? */
bool terminal_gone(const struct terminal *t);

#endif
