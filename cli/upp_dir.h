/*
 * upp_dir.h - a directory of profile packages, each in a file that is named by
 * the matching id under which it is to be had: MATCHING-ID.der (or .upp, .bin).
 *
 * What is in a file is taken as it is; whoever serves it decides what a package
 * that cannot be read is worth.
 */
#ifndef CLI_UPP_DIR_H
#define CLI_UPP_DIR_H

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/str.h"

struct upp_file {
	struct str matching_id;
	struct str bytes;
	bool used;		/* the reader's */
};

struct upp_dir {
	struct upp_file *files;		/* by name */
	size_t count;
};

/* All is in memory of `a`. */
int upp_dir_read(const char *path, struct arena *a, struct upp_dir *dir, struct err *err);
/* NULL: there is none for that matching id. */
struct upp_file *upp_dir_find(const struct upp_dir *dir, struct str matching_id);

#endif
