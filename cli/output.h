/*
 * output.h - files that are written at the end, opened at the start.
 *
 * A path that cannot be written is an error before anything runs, not after
 * an hour of it.  The old content stays until there is something new.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "sim/err.h"
#include "sim/str.h"

struct output {
	const char *path;	/* as given; NULL: not asked for */
	int fd;
	bool written;		/* the old content is gone */
};

/* "-" is standard output. */
int output_open(struct output *o, const char *path, struct err *err);
bool output_is_stdout(const struct output *o);
/* Do both end in one file? */
bool output_same(const struct output *a, const struct output *b);
/* Add to what was written so far. */
int output_add(struct output *o, struct str bytes, struct err *err);
int output_close(struct output *o, struct err *err);

/* All of it, to a descriptor. */
int output_write(int fd, struct str bytes, struct err *err);

#endif
