/*
 * socknet_serve_parts.h - what the pieces of the listening half know of each other.
 *
 * socknet_serve.c has the hosts: a daemon of libmicrohttpd each, from its
 * address to its end.  socknet_served.c has a request and its answer, and
 * socknet_peer.c the connection that both are on: how long we wait for it, and
 * what is told of one that no handler sees.  A host owns the other two and
 * frees those that libmicrohttpd has not ended before; an exchange may outlive
 * neither its connection nor its host.
 */
#ifndef SIM_SOCKNET_SERVE_PARTS_H
#define SIM_SOCKNET_SERVE_PARTS_H

#include "sim/socknet_parts.h"

/* One that listens, under a name. */
struct sockhost {
	struct socknet *n;
	char *name, *party;
	struct http_handler *handler;
	struct MHD_Daemon *daemon;
	struct watch watch;		/* the daemon's epoll descriptor */
	struct timer timer;		/* when the daemon wants to run again */
	char address[SOCKNET_ADDRESS_SIZE];
	char url[SOCKNET_ADDRESS_SIZE + 10];	/* to call it */
	struct served *open;
	struct served *spare;		/* that have ended, for the next requests */
	unsigned spares;
	struct sockpeer *peers;
	struct socknet_limits limits;
	char *cert, *key;		/* NULL: no TLS */
	bool quiet;			/* takes no new connections */
	bool retired;			/* another has its name and address */
	bool running;			/* libmicrohttpd is on the stack */
	bool over;			/* it ends as soon as that has returned */
	struct sockhost *next;
};

/* A connection, and when we lose patience with it. */
struct sockpeer {
	struct timer timer;		/* first: a timer is a peer */
	struct sockhost *host;
	struct MHD_Connection *conn;
	bool asked;			/* it has sent a request before */
	bool answering;
	uint64_t acked;			/* bytes of answers that it has got */
	char address[SOCKNET_ADDRESS_SIZE];	/* empty: nobody has asked so far */
	struct sockpeer *prev, *next;
};

/*
 * A request and its answer.  From GOING to COMING the connection is suspended,
 * so the handler runs, and the daemon may be stopped, with nothing of
 * libmicrohttpd on the stack.
 */
enum served_phase {
	SERVED_OPENED,		/* the first line is here */
	SERVED_READING,
	SERVED_GOING,		/* complete, travelling to the handler */
	SERVED_WAITING,		/* the handler owes a reply */
	SERVED_COMING,		/* the reply travels back */
	SERVED_ANSWERED,	/* to be sent as soon as the daemon runs */
	SERVED_SENT,
	SERVED_DROPPED,		/* to be closed as soon as the daemon runs */
};

struct served {
	struct http_exchange x;
	struct arena arena;
	enum served_phase phase;
	bool suspended;
	bool arrived;			/* the handler has seen it */
	bool ours;			/* of a call of this network */
	bool last;			/* the connection closes behind the answer */
	struct wire *wire;		/* that one, while it lives */
	struct timer timer;
	struct sockhost *host;
	struct MHD_Connection *conn;	/* NULL when MHD has done with it */
	struct sockpeer *peer;		/* the connection; it outlives the request */
	struct buf body;
	struct buf piece;		/* of a stream, and how much of it has gone */
	size_t piece_sent;
	int more;			/* what the stream said last */
	uint64_t swallowed;		/* bytes of a body that is too large */
	struct instant sent;
	struct served *prev, *next;
};

/* The connection of a request, or NULL if libmicrohttpd knows none. */
struct sockpeer *sockpeer_of(struct MHD_Connection *conn);
/* Its socket, or -1. */
int connection_fd(struct MHD_Connection *conn);
/* As text, or "?". */
struct str sockpeer_address(struct sockpeer *p);
/* libmicrohttpd's MHD_NotifyConnectionCallback, with the host. */
void sockpeer_connected(void *cls, struct MHD_Connection *conn, void **ctx,
			enum MHD_ConnectionNotificationCode what);
void sockpeer_free(struct sockpeer *p);
/* To who wants to hear of requests that no handler sees; `s` may be NULL. */
void sockpeer_tell_refusal(struct sockpeer *p, const struct served *s, int status);
/* How far a request is says how long we wait; `p` may be NULL. */
void sockpeer_request_begins(struct sockpeer *p);
void sockpeer_request_is_here(struct sockpeer *p);
void sockpeer_answer_begins(struct sockpeer *p);
void sockpeer_answer_is_out(struct sockpeer *p);

/* What libmicrohttpd calls for a request: its line is here, there is more of
 * it or room for its answer, it is over. */
void *served_opened(void *cls, const char *uri, struct MHD_Connection *conn);
enum MHD_Result served_handle(void *cls, struct MHD_Connection *conn,
			      const char *url, const char *method,
			      const char *version, const char *bytes,
			      size_t *size, void **ctx);
void served_completed(void *cls, struct MHD_Connection *conn, void **ctx,
		      enum MHD_RequestTerminationCode why);
/* Let libmicrohttpd go on with the connection, to do what `phase` says. */
void served_resume(struct served *s, enum served_phase phase);
/* The host ends: the connection is to be closed, and our own caller told so. */
void served_drop(struct served *s);
void served_free(struct served *s);
void served_free_spares(struct sockhost *h);

#endif
