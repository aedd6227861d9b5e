/*
 * selection.h - the scenarios that a command line means, loaded and checked.
 *
 * All files are loaded before anything runs; if one is not valid nothing
 * runs, and everything that is wrong with all of them is said.
 */
#ifndef CLI_SELECTION_H
#define CLI_SELECTION_H

#include "cli/files.h"
#include "cli/options.h"
#include "cli/verb.h"
#include "scenarios/scenario.h"

struct selection {
	struct arena arena;
	struct files files;
	struct scenario_file *loaded;		/* as many as files */
	const struct scenario **runs;		/* the cases of all files, in order */
	size_t run_count;
};

/* Complaints go to stderr.  Returns an exit code; EXIT_PASSED if all is
 * well.  selection_release() is needed in either case. */
int selection_load(struct selection *s, const struct verb *v, char *const *paths,
	       int path_count);
void selection_release(struct selection *s);

/*
 * Keep the runs that one of the filters means; all if there are none.  A
 * filter is "=NAME" (that name), "/REGEX/" (POSIX extended, in name or tag),
 * or a text (in the name, ASCII case ignored; or a tag).  -1 if a regular
 * expression is malformed, or nothing is left.
 */
int selection_filter(struct selection *s, const struct option_list *filters,
		 struct err *err);

/* How a shell has to be given the text. */
void selection_shell_quote(struct buf *out, struct str s);

#endif
