/*
 * shipped.h - the checks and their ledger, and the demo's world and stories
 * with what they include, as the program carries them, so that it finds them
 * wherever it stands.
 *
 * They have the paths that they have in the source tree.  A file on disk wins
 * over one of the same path in here: who stands in a source tree works with
 * its files (yaml_read() asks here for what is not there).
 */
#ifndef SCENARIOS_SHIPPED_H
#define SCENARIOS_SHIPPED_H

#include "sim/str.h"

struct shipped_file {
	struct str path;	/* "conformance/suites/root/answers.yaml" */
	struct str text;
};

/* The same walk through any archive of that form which the program carries. */
bool archive_next(struct str archive, size_t *at, struct shipped_file *file);

/* "a/./b/../c.yaml" finds a/c.yaml.  False if there is no such file. */
bool shipped_find(const char *path, struct shipped_file *file);

/*
 * Walk through all, in the order of their paths: `*at` is 0 at first.  False
 * at the end.
 */
bool shipped_next(size_t *at, struct shipped_file *file);

#endif
