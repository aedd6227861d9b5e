/*
 * gallery.h - esimrig conform --gallery: the checks at every broken server.
 */
#ifndef CLI_GALLERY_H
#define CLI_GALLERY_H

#include "cli/output.h"
#include "cli/verb.h"
#include "conformance/gallery.h"

struct gallery_command {
	const struct verb *verb;
	const struct suite *suite;
	const struct ledger *ledger;
	const char *const *only;	/* names of defects */
	size_t only_count;
	size_t workers;
	bool verbose;
	struct output *json;		/* opened, or path NULL */
};

/* Returns an exit code: EXIT_FAILED below 100 % or with FAILs unexplained. */
int gallery_verb(const struct gallery_command *c);

#endif
