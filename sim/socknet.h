/*
 * socknet.h - the network of sockets: libmicrohttpd listens, libcurl calls.
 *
 * Both are nested in the one loop; there are no threads of ours.  A host that
 * listens here has a port on loopback, and calls to its name go there.  What
 * a handler sees and answers is the same as on memnet.h, so the same scenarios
 * run on both.  One that went off the network is at its old port when it is back.  Strangers may call as well: the port is an ordinary HTTP
 * server, with limits on what a peer can make it keep.
 *
 * Simulated travel (struct network) is honoured between parties of this
 * network: a request waits before its handler sees it, an answer before it is
 * sent.  Time limits are the loop's, so they scale with the clock.
 *
 * The one rule: a clock that is real or scaled.  Bytes in the kernel are
 * invisible to virtual time.
 */
#ifndef SIM_SOCKNET_H
#define SIM_SOCKNET_H

#include "sim/http.h"

enum {
	SOCKNET_BODY_MAX = 16 << 20,	/* of a request, unless changed */
	SOCKNET_ANSWER_MAX = 64 << 20,	/* of an answer that we read */
	SOCKNET_HEAD_MAX = 24 << 10,	/* of all headers of a message */
	SOCKNET_ADDRESS_SIZE = 64,	/* of "127.0.0.1:8080" as text */
};

/* `log` may be NULL.  -1 in virtual time.  Ends with network_release(). */
struct network *socknet_new(struct loop *loop, struct eventlog *log,
			    struct err *err);

/*
 * network_listen() at an address of the caller's choice: "127.0.0.1:8080",
 * "[::1]:8080", port 0 for any.  `bound`, if not NULL, gets the one it has.
 */
int socknet_listen(struct network *net, const char *host, const char *party,
		   struct http_handler *h, const char *address,
		   char bound[SOCKNET_ADDRESS_SIZE], struct err *err);
/*
 * The same with TLS (1.2 and up): a chain and its key, as PEM texts that
 * tls_read_pair() (sim/tls.h) found good.  They are copied.
 */
struct socknet_tls {
	struct str cert, key;
};
int socknet_listen_tls(struct network *net, const char *host, const char *party,
		       struct http_handler *h, const char *address,
		       const struct socknet_tls *tls,
		       char bound[SOCKNET_ADDRESS_SIZE], struct err *err);
/*
 * For several processes at one address: `count` sockets that listen there, one
 * for each, over which the kernel spreads connections (SO_REUSEPORT).  Nobody
 * else may listen there already.  -1: none is open.
 */
int socknet_open(const char *address, size_t count, int *fds,
		 char bound[SOCKNET_ADDRESS_SIZE], struct err *err);
/* socknet_listen_tls() at one of them, which is the network's from then on,
 * whatever comes of it; `tls` may be NULL. */
int socknet_listen_on(struct network *net, const char *host, const char *party,
		      struct http_handler *h, int fd,
		      const struct socknet_tls *tls, struct err *err);
/* New connections to `host` get this certificate from now on; those that
 * are open go on with theirs, and close after their next answer. */
int socknet_renew_tls(struct network *net, const char *host,
		      const struct socknet_tls *tls, struct err *err);

/*
 * What a stranger may take, for hosts that listen from now on.  Zero is no
 * limit, or for `connections` what the descriptors allow.  Times are the
 * machine's.
 */
struct socknet_limits {
	int64_t request_ns;	/* from its first byte, or the connection, to its last */
	int64_t idle_ns;	/* between two requests of a connection */
	int64_t stall_ns;	/* while an answer is sent, without progress */
	unsigned connections, connections_per_address;
};
void socknet_set_limits(struct network *net, const struct socknet_limits *limits);

/* Where `host` listens, "127.0.0.1:41234", or NULL. */
const char *socknet_address(struct network *net, const char *host);

/*
 * The end is near: nobody connects any more, and each answer says that its
 * connection closes.  What is under way goes on until network_release().
 */
void socknet_quiesce(struct network *net);
/* Requests that have begun to arrive and are not answered to their end. */
size_t socknet_under_way(const struct network *net);
/* Do all our calls wait for a party or for simulated time?  Then nothing is in
 * the kernel, and a scaled clock may jump to the loop's next timer. */
bool socknet_quiet(const struct network *net);
/* Connections that others have to us. */
size_t socknet_connections(const struct network *net);

enum { SOCKNET_FAILURES = HTTP_BROKEN + 1 };

/* Since the start. */
struct socknet_counts {
	uint64_t accepted;			/* connections */
	uint64_t closed;			/* of those */
	uint64_t too_large;			/* requests answered with 413 */
	uint64_t too_slow;			/* connections closed for that */
	uint64_t calls[SOCKNET_FAILURES];	/* of ours, by enum http_failure */
};
struct socknet_counts socknet_counts(const struct network *net);
/* Count there instead, on top of what it has. */
void socknet_count_into(struct network *net, struct socknet_counts *counts);

/*
 * A stranger's request that no handler got to see: its form or size was
 * refused, or it was broken off.  `refused` is told once for each, when it is
 * over; strings live as long as the call.
 */
struct socknet_refusal {
	const char *host;		/* that it was sent to */
	uint64_t id;
	struct str from;
	struct str method, path;	/* as far as they were read */
	int status;			/* of its answer; 0: none, or nobody knows */
};
void socknet_on_refusal(struct network *net,
			void (*refused)(void *arg, const struct socknet_refusal *r),
			void *arg);

/* May calls leave for hosts that nobody registered here?  Not unless told. */
void socknet_allow_outside(struct network *net, bool allowed);
/*
 * A host that lives elsewhere: from now on calls to `host` ("server.rig"), from
 * whoever, go to the peer's URL, with the call's path behind that of the URL.
 * It wins over one that listens here under that name, and needs no leave to
 * call outside.  Strings are copied; a second route of a host replaces it.
 */
struct socknet_peer {
	const char *url;		/* "https://www.example.com:8443/api" */
	const char *ca_file;		/* PEM, or NULL: the machine's */
	const char *cert_file, *key_file;	/* of ours, PEM, or NULL */
	bool insecure;			/* believe any certificate */
};
int socknet_route(struct network *net, const char *host, const char *party,
		  const struct socknet_peer *peer, struct err *err);
void socknet_unroute(struct network *net, const char *host);

/* Who may vouch for an https host: certificates in that PEM file rather than
 * the machine's.  `path` must be good, and is copied. */
void socknet_set_ca_file(struct network *net, const char *path);
/* Requests with more than that are answered with 413. */
void socknet_set_body_max(struct network *net, size_t bytes);
/* In whose words: `say` fills in the answer but for its status.  NULL: in ours. */
void socknet_on_too_large(struct network *net,
			  void (*say)(struct http_exchange *x, size_t max));
/* The same for heads that have two meanings, or none (RFC 9112, 2.2, 3.2, 5.1 and 6):
 * where one reader sees a body, the next one may see another request. */
void socknet_on_malformed(struct network *net,
			  void (*say)(struct http_exchange *x, int status, const char *why));

#endif
