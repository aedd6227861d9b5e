/*
 * running.h - what the verbs share that run scenarios: on which clock and
 * network, in how many processes, and what an interrupt does.
 */
#ifndef CLI_RUNNING_H
#define CLI_RUNNING_H

#include "scenarios/runner.h"

/*
 * Reads --clock and --net, either of which may be NULL; afterwards they are
 * the words for what is done.  -1: no such word, or sockets in virtual time.
 */
int running_read_clock(const char **clock, const char **net,
		       struct run_options *options, struct err *err);

/* Reads --rsp, which may be NULL: then each scenario has its own. */
int running_read_rsp(const char *rsp, struct run_options *options, struct err *err);

/* How many this process may use. */
size_t running_processors(void);

/*
 * Interrupts become readable on a descriptor; -1 if that is not possible.
 * They stay blocked: the same interrupt often comes twice (to the process and
 * to its group), and the second must not end this before the reports are
 * written.
 */
int running_catch_signals(void);
/* The one that came, or 0; closes the descriptor. */
int running_caught(int fd);
/* Die as whoever started this expects of one who was told to. */
void running_die_of(int signo);

#endif
