/*
 * socknet_parts.h - what the two halves of socknet.h know of each other.
 *
 * socknet_call.c calls (libcurl), socknet_serve.c and its pieces listen
 * (libmicrohttpd; socknet_serve_parts.h).  A request between two parties of
 * one network is a `struct wire` on the one side and a `struct served` on the
 * other.  They find each other by a header that the serving side takes off
 * again, and keep pointers as long as both live.  So the exchange has the
 * call's id and its caller's name, and a call learns what no byte on the wire
 * can tell it: that a connection was closed because the party refused, or
 * because it was taken off the network.
 */
#ifndef SIM_SOCKNET_PARTS_H
#define SIM_SOCKNET_PARTS_H

#include "sim/buf.h"
#include "sim/rng.h"
#include "sim/socknet.h"
#include "sim/tls_pem.h"

#include <curl/curl.h>
#include <microhttpd.h>

struct served;
struct sockhost;
struct sockroute;
struct place;

/* "Rig-Call: <token>-<id>": this request is call `id` of the network `token`. */
#define SOCKNET_CALL_HEADER "Rig-Call"
enum { SOCKNET_TOKEN_DIGITS = 16, WIRE_BUCKETS = 256 };

/*
 * What has ended keeps its memory for the next of its kind: so many requests
 * of a host, calls and handles of libcurl, and so many bytes of each.
 */
enum { SPARES_MAX = 64, SPARE_SIZE_MAX = 16 << 10 };

/* A call: made by new_call(), freed after `done` or by cancel. */
struct wire {
	struct http_call call;		/* first: a call is a wire */
	struct arena arena;
	struct timer timer;		/* its time limit, or a failure to come */
	CURL *easy;			/* NULL unless it is under way */
	bool ordinary;			/* `easy` has no options of its own */
	bool has_body;			/* or would have one, from its method */
	struct curl_slist *headers, **headers_tail;	/* in the arena */
	struct buf body;		/* of the answer */
	size_t head_bytes;		/* of the answer's headers */
	char why[CURL_ERROR_SIZE];
	struct tls_refused refused;	/* the other side's certificate */
	bool inside;			/* to a host of this network */
	bool claimed;			/* its request has arrived there */
	struct served *served;		/* as what, while that lives */
	enum http_failure known;	/* how it ends, if a party decided that */
	const char *known_why;
	struct instant replied;
	struct wire *prev, *next;	/* all */
	struct wire *same_bucket;	/* those that were sent, by id */
};

struct socknet {
	struct network net;		/* first: a socknet is a network */
	CURLM *multi;
	struct timer curl_timer;
	struct sock **socks;		/* by descriptor: what curl waits for */
	size_t socks_cap;
	struct wire *live;
	struct wire *spare;		/* calls that have ended */
	unsigned spares;
	CURL *idle[SPARES_MAX];		/* handles that are under no way */
	unsigned idles;
	struct known_url *urls;		/* parsed once, the last few */
	unsigned url_count;
	struct wire *by_id[WIRE_BUCKETS];
	struct sockhost *hosts;
	char token[SOCKNET_TOKEN_DIGITS + 1];
	bool outside;
	size_t body_max;
	void (*too_large)(struct http_exchange *x, size_t max);
	void (*malformed)(struct http_exchange *x, int status, const char *why);
	unsigned connections_max;	/* of each host, and of all calls */
	struct socknet_counts *counts, own_counts;
	struct socknet_limits limits;
	void (*refused)(void *arg, const struct socknet_refusal *r);
	void *refused_arg;
	char *ca_file;			/* or NULL: the machine's */
	struct place *places;		/* of hosts that are off the network */
	struct sockroute *routes;	/* they win over hosts and outside */
};

static inline struct socknet *socknet_of(struct network *net)
{
	return (struct socknet *)net;
}

/* socknet_call.c: struct network_ops; and what all calls need.  -1: libcurl
 * does not start. */
struct http_call *call_new(struct network *net);
void call_send(struct network *net, struct http_call *c);
void call_cancel(struct network *net, struct http_call *c);
int calls_begin(struct socknet *n);
void calls_drop(struct socknet *n);
void calls_end(struct socknet *n);
/* Simulated time that `w` takes on that leg. */
int64_t wire_travel_ns(const struct wire *w, enum http_leg leg);
/* The call of ours that a "Rig-Call" header names, or NULL. */
struct wire *wire_claim(struct socknet *n, struct str header);

/* Headers that the two libraries make by themselves; parties don't see them. */
bool socknet_is_framing(struct str name);

/* socknet_serve.c */
int serve_listen(struct socknet *n, const char *name, const char *party,
		 struct http_handler *h, const char *address,
		 const struct socknet_tls *tls, struct err *err);
int serve_open(const char *address, size_t count, int *fds, struct err *err);
void serve_address_of(int fd, char text[SOCKNET_ADDRESS_SIZE],
		      char reach[SOCKNET_ADDRESS_SIZE]);
int serve_listen_on(struct socknet *n, const char *name, const char *party,
		    struct http_handler *h, int fd,
		    const struct socknet_tls *tls, struct err *err);
int serve_renew_tls(struct socknet *n, const char *name,
		    const struct socknet_tls *tls, struct err *err);
void serve_unlisten(struct socknet *n, const char *name);
void serve_unlisten_all(struct socknet *n);
void serve_quiesce(struct socknet *n);
size_t serve_under_way(const struct socknet *n);
size_t serve_connections(const struct socknet *n);
struct sockhost *serve_find(struct socknet *n, struct str name);
/* Where it listens, and where to call it for that ("http://[::1]:80/"). */
const char *serve_address(const struct sockhost *h);
struct str serve_url(const struct sockhost *h);
const char *serve_party(const struct sockhost *h);

/* socknet_served.c */
/* Is it a party's turn, or simulated time that has to pass? */
bool serve_is_waiting(const struct served *s);
/* `w` is about to go; its exchange, if any, forgets it. */
void serve_caller_left(struct wire *w);

/* socknet_route.c: hosts that live elsewhere, by the name they have here. */
struct sockroute *route_find(struct socknet *n, struct str name);
const char *route_party(const struct sockroute *r);
/* "https://host:8443/", and what comes before each path: "" or "/api". */
struct str route_url(const struct sockroute *r, struct arena *a);
struct str route_base(const struct sockroute *r);
void route_apply(const struct sockroute *r, CURL *easy);
void route_free_all(struct socknet *n);

/* socknet_place.c: the address of a host that goes, and the same when it comes back. */
void place_keep(struct socknet *n, const char *host, const char *address);
bool place_take(struct socknet *n, const char *host, char address[SOCKNET_ADDRESS_SIZE]);
void place_free_all(struct socknet *n);

#endif
