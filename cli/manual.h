/*
 * manual.h - man pages, and what shells complete, from the tables of verbs and
 * options that --help is written from.
 *
 * What an option takes, its argument says: FILE and PATH are files, DIR is a
 * directory, words between '|' are what can be given, in small letters; anything
 * else nobody can guess.  The same goes for the first argument of a verb.
 */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include "cli/verb.h"

/* esimrig(1), and esimrig-VERB(1), for man(7). */
void manual_overview(struct buf *out);
void manual_verb(struct buf *out, const struct verb *v);

/* What an argument asks for. */
enum argument_kind {
	ARGUMENT_UNKNOWN,
	ARGUMENT_FILE,
	ARGUMENT_DIRECTORY,
	ARGUMENT_WORDS,
};
enum argument_kind argument_kind(const char *argument);
/* The words, with a space between two: "csv md", "virtual real scaled=". */
void argument_words(struct buf *out, const char *argument);

/* A script for bash (sourced, or in completions/), and one for zsh (_esimrig). */
void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);

#endif
