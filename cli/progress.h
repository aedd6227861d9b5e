/*
 * progress.h - how far something is, on stderr, while it goes on.
 *
 * On a terminal: a bar that is drawn again and again, with the rate and the
 * time that is left.  Elsewhere, if it is wanted: a line now and then, for
 * whoever reads a log of something long.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "sim/buf.h"

struct progress {
	const char *what;	/* stands before it; or NULL */
	bool bar, lines;	/* neither: nothing is shown */
	int64_t began_ns, shown_ns;	/* of the machine's clock */
	bool drawn;		/* the bar stands there */
};

/* `lines`: if stderr is no terminal. */
void progress_init(struct progress *p, bool bar, bool lines);
void progress_show(struct progress *p, size_t done, size_t all, size_t bad);
/* Take the bar away: something else is to be written. */
void progress_clear(struct progress *p);

/*
 * For what is told of as it is made: `arg` is a struct progress, zeroed but for
 * `what`.  It begins with the first call, and is taken away by the last.
 */
void progress_making(void *arg, size_t done, size_t all);

/* "120 of 996, 2 not passed, 95/s, 9s left".  The rate only when there is
 * enough to tell it from. */
void progress_text(struct buf *out, size_t done, size_t all, size_t bad,
		   int64_t elapsed_ns);

#endif
