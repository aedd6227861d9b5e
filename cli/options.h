/*
 * options.h - one table of options drives parsing and --help.
 *
 * A verb has a struct for what can be given and a table whose rows say where
 * in it each option's value goes.  Options may stand anywhere; "--" ends
 * them; "--name=value", "--name value", "-nvalue" and "-n value" are alike;
 * the last of several wins, but for lists.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "sim/buf.h"
#include "sim/err.h"

enum option_kind {
	OPTION_FLAG,		/* bool */
	OPTION_TEXT,		/* const char *; NULL unless given */
	OPTION_NUMBER,		/* struct option_number */
	OPTION_LIST,		/* struct option_list: may be given again */
};

struct option_number {
	bool given;
	uint64_t value;
};

enum { OPTION_LIST_MAX = 64 };

struct option_list {
	const char *list[OPTION_LIST_MAX];
	size_t count;
};

/* A row; a table ends with name NULL. */
struct option {
	const char *name;	/* "seed": given as --seed */
	char letter;		/* 'j': given as -j; or '\0' */
	enum option_kind kind;
	size_t offset;		/* of the value in the verb's struct */
	const char *argument;	/* "N": how help calls it; NULL for a flag */
	const char *help;	/* one sentence without a full stop */
	uint64_t max;		/* of a number; 0: no limit */
};

/*
 * Reads argv[1] ... argv[argc - 1] into `into`, which the caller has filled
 * with defaults.  What is not an option is moved to the front of argv + 1,
 * in order: returns how many these are, or -1 with `err`.
 */
int options_parse(const struct option *table, int argc, char **argv, void *into,
		  struct err *err);

/* A line or more for every option, aligned and wrapped to 80 columns. */
void options_help(const struct option *table, struct buf *out);

/* `text` wrapped to 80 columns, each line behind `indent` spaces; the first
 * goes on where `column` characters stand already. */
void options_wrap(struct buf *out, const char *text, size_t indent,
		  size_t column);

#endif
