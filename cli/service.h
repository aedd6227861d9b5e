/*
 * service.h - what all verbs that stay have in common: a loop on the real
 * clock, sockets, signals, and words to systemd.
 *
 * SIGTERM or SIGINT: nobody connects any more, what is under way is answered,
 * then it ends; a second one, or the end of `grace_ns`, ends it at once.
 * SIGHUP: `reload`.  Signals arrive on a descriptor, so all of this happens
 * in the loop and never in the middle of something.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "cli/verb.h"
#include "sim/http.h"

struct service {
	const struct verb *verb;	/* for messages */
	struct loop loop;
	struct eventlog log;
	struct network *net;		/* of sockets */
	void (*reload)(struct service *);	/* or NULL */
	int64_t grace_ns;
	/* Its own. */
	struct watch signals;
	struct timer drain;		/* looks whether all is answered */
	struct instant deadline;
	bool stopping;
	int exit_code;
};

/* Signals are caught from here on.  Returns an exit code. */
int service_init(struct service *s, const struct verb *verb);
/* Says on stdout and to systemd that it is ready, and runs to the end. */
int service_run(struct service *s, const char *ready);
/* The parties are gone already; drops the network, too. */
void service_release(struct service *s);

/* A word to systemd, if it started us ("READY=1"). */
void service_notify(const char *state);

#endif
