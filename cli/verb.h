/*
 * verb.h - the verbs of `esimrig`, one file each, and what they share.
 *
 * A verb is a row of a table: its options, its help, its function.  The
 * first word of the command line chooses it.
 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "cli/options.h"

#define ESIMRIG_VERSION "0.1.0"
#define ESIMRIG_DATE "2026-11-23"	/* of that version, for its manual */

/* Exit codes; the same for all verbs. */
enum {
	EXIT_PASSED = 0,	/* everything asked for was done, and passed */
	EXIT_FAILED = 1,	/* something did not pass */
	EXIT_INVALID = 2,	/* wrong usage, or input that is not valid */
	EXIT_RIG = 3,		/* the rig's own trouble */
};

struct verb {
	const char *name;
	const char *arguments;		/* "PATH..." */
	const char *summary;		/* one line, without a full stop */
	const struct option *options;
	const char *const *about;	/* paragraphs below the options; ends with NULL.
					   One that begins with a space is kept as it is */
	/* argv[0] is the verb's name.  Returns an exit code. */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

/* In the order of help; ends with NULL. */
extern const struct verb *const verbs[];
extern const struct verb verb_run, verb_check, verb_conform, verb_explain,
	verb_server, verb_eis, verb_smdp, verb_smds, verb_devices, verb_card, verb_lpa,
	verb_pki,
	verb_der, verb_schema, verb_bench, verb_demo, verb_ctl;

/* Every verb's table has this row; its struct has `bool help`. */
#define OPTION_HELP(type) \
	{ "help", 'h', OPTION_FLAG, offsetof(type, help), NULL, \
	  "Say what this does, and end", 0 }

void verb_help(const struct verb *v, struct buf *out);

/*
 * options_parse() for a verb.  A wrong command line is told to stderr.
 * Returns how many arguments are left at argv + 1, or -1: end with
 * EXIT_INVALID.
 */
int verb_parse(const struct verb *v, int argc, char **argv, void *into);
/* Print the help to stdout; returns the exit code. */
int verb_show_help(const struct verb *v);

/* "esimrig run: message" and a hint at --help, to stderr; EXIT_INVALID. */
int verb_usage(const struct verb *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "esimrig run: message" to stderr; returns `code`. */
int verb_fail(const struct verb *v, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
