/*
 * load.h - as many requests as a server can take, and how long each took.
 *
 * A closed loop: every connection is kept alive and has one request under
 * way; the next one leaves when the answer is here to its last byte.  One
 * process, one epoll descriptor, no library in between, so that the generator
 * costs little beside the server that it loads.
 *
 * The one rule: an answer that is not what was asked for ends the run with an
 * error.  A server that refuses quickly must not look fast.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "sim/buf.h"
#include "sim/err.h"

/* Ends when either limit is reached; a limit of 0 is none. */
struct load {
	const char *address;		/* "127.0.0.1:8080" */
	unsigned connections;
	double seconds;
	uint64_t requests;
	int status;			/* that every answer must have */
	/* Append request number `n`, from 0; -1 if there are no more. */
	int (*write)(void *arg, uint64_t n, struct buf *out);
	void *arg;
	/* The last answer's body, or NULL; the caller initialises it. */
	struct buf *body;
};

struct load_result {
	uint64_t answers;
	double seconds;
	double median_us, p99_us;	/* from the request to the last byte */
};

int load_run(const struct load *l, struct load_result *r, struct err *err);

#endif
