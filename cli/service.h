/*
 * service.h - what all verbs that stay have in common: a loop on the real
 * clock, sockets, signals, and words to systemd.
 *
 * SIGTERM or SIGINT: nobody connects any more, what is under way is answered,
 * then it ends; a second one, or the end of `grace_ns`, ends it at once.
 * SIGHUP: `reload`.  Signals arrive on a descriptor, so all of this happens
 * in the loop and never in the middle of something.
 *
 * A worker (workers.h) takes no signals but words of its parent, on a socket,
 * and answers there; its parent talks to systemd.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "cli/verb.h"
#include "sim/http.h"

/* What goes over that socket, a byte each. */
enum service_word {
	SERVICE_RELOAD = 'r',	/* to the worker */
	SERVICE_STOP = 's',	/* the second one: at once; the end of the socket is one */
	SERVICE_READY = 'R',	/* from the worker */
	SERVICE_RELOADED = 'D',
	SERVICE_QUIET = 'Q',	/* takes no more connections */
};

struct service {
	const struct verb *verb;	/* for messages */
	struct loop loop;
	struct eventlog log;
	struct network *net;		/* of sockets */
	void (*reload)(struct service *);	/* or NULL */
	int64_t grace_ns;
	/* Its own. */
	struct watch signals;		/* or words of the parent */
	bool worker;
	struct timer drain;		/* looks whether all is answered */
	struct instant deadline;
	bool stopping;
	int exit_code;
};

/* Signals are caught from here on.  Returns an exit code. */
int service_init(struct service *s, const struct verb *verb);
/* The same for a worker; `parent_fd` is its end of the socket. */
int service_init_worker(struct service *s, const struct verb *verb, int parent_fd);
/* Says on stdout and to systemd that it is ready, or to its parent, and
 * runs to the end. */
int service_run(struct service *s, const char *ready);
/* The parties are gone already; drops the network, too. */
void service_release(struct service *s);

/* "esimrig server: listening on ..." on stdout, and READY=1. */
void service_is_ready(const struct verb *verb, const char *where);
/* "RELOADING=1" with the time, as Type=notify-reload wants it. */
void service_is_reloading(void);
/* A word to systemd, if it started us ("READY=1"). */
void service_notify(const char *state);

#endif
