/*
 * files.h - which scenario files the paths of a command line mean.
 *
 * A file is itself.  A directory is all *.yaml below it, in the order of
 * their names, but for those whose name begins with '_' (included by others)
 * or '.'.  A check that is not there may be one that the program carries
 * (scenarios/shipped.h).
 */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "sim/arena.h"
#include "sim/err.h"

struct files {
	const char **list;
	size_t count, cap;
};

/* -1: a path is not there, or means no file at all. */
int files_find(char *const *paths, int path_count, struct arena *a,
	       struct files *out, struct err *err);

#endif
