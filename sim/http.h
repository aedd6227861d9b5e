/*
 * http.h - the HTTP seam: handlers, calls, and the network between them.
 *
 * A party is a handler: it gets an exchange and replies, at once or later.
 * It reaches others with calls.  What lies between is a `struct network`:
 * memnet.h in virtual time, socknet.h (libmicrohttpd and libcurl) otherwise.
 * Same handlers, same bytes, same scenarios.
 *
 * Latency, quirks, faults, recording and defects are handlers that wrap
 * handlers.  A wrapper may answer itself, put the request off (http_delay()),
 * change it, pass it on to `next`, and see or change the reply on its way
 * back (http_hook).  The parties do not know.
 *
 * The one rule: every exchange gets exactly one http_reply(), unless the
 * network is released first.  A caller that has left does not change that.
 */
#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/eventlog.h"
#include "sim/loop.h"

struct network;

struct http_header {
	struct str name, value;
};

struct http_headers {
	struct http_header *list;
	size_t count, cap;
};

struct http_request {
	struct str method;	/* "GET": case counts */
	struct str path;	/* undecoded: from the first '/' to before '?' */
	struct str query;	/* undecoded, behind '?'; p is NULL without one */
	struct http_headers headers;
	struct str body;
};

/* What the network does to an answer. */
enum http_fault {
	HTTP_FAULT_NONE,
	HTTP_FAULT_REFUSED,	/* as if nobody listened: no answer at all */
	HTTP_FAULT_RESET,	/* connection reset before the answer */
	HTTP_FAULT_CUT,		/* status and half of the body, then reset */
};

/*
 * A body that is made while it is sent, for what is too long to be held.  The
 * network asks for pieces one after another, each when the last has gone.
 */
struct http_stream {
	/* Append the next piece, not much over HTTP_PIECE_SIZE; 1: it was not
	 * empty, and there is more, 0: that was the end, -1: it breaks off;
	 * HTTP_LATER: there is nothing at the moment, and `wake` is to be
	 * called when there is. */
	int (*next)(struct http_stream *st, struct buf *out);
	/* Exactly once, also if nobody asks, or the client has left. */
	void (*close)(struct http_stream *st);
	/* The network's own, while it waits; NULL otherwise.  Only a network of
	 * sockets can wait: to others the stream ends there.  That the client
	 * has left is only noticed when there is something to send. */
	void (*wake)(struct http_stream *st);
	void *sleeper;
};

enum { HTTP_LATER = 2 };

enum { HTTP_PIECE_SIZE = 64 << 10 };

struct http_response {
	int status;
	struct http_headers headers;
	struct str body;
	struct http_stream *stream;	/* NULL: `body` is all */
	enum http_fault fault;
};

/* The value of a header (name without regard to case), or STR_NONE. */
struct str http_header(const struct http_headers *h, const char *name);
/* Add one more; strings are not copied. */
void http_header_add(struct http_headers *h, struct arena *a, struct str name,
		     struct str value);
/* Add, or replace the one that is there. */
void http_header_set(struct http_headers *h, struct arena *a, struct str name,
		     struct str value);

/* ---- The side that answers. ------------------------------------------ */

struct http_exchange;

struct http_handler {
	void (*handle)(struct http_handler *h, struct http_exchange *x);
};

/*
 * Sees a reply on its way out; ends by calling http_pass(x), now or later.
 * Lives in the exchange's arena.
 */
struct http_hook {
	void (*reply)(struct http_hook *h, struct http_exchange *x);
	struct http_hook *outer;
};

struct http_exchange {
	struct arena *arena;	/* as long as the exchange */
	struct network *net;
	struct loop *loop;
	struct str from;	/* who asks: a party's name, or an address */
	struct str to;		/* the party that was called */
	uint64_t id;		/* counts from 1 in each network */
	struct http_request req;
	struct http_response resp;

	/* The seam's own. */
	struct http_hook *hooks;
	struct timer timer;
	void (*resume)(struct http_exchange *, void *arg);
	void *resume_arg;
	bool replied;
	void (*deliver)(struct http_exchange *);
};

/* The reply is ready in x->resp: sends it outward through the hooks. */
void http_reply(struct http_exchange *x);
/* For a hook: the reply may go on.  */
void http_pass(struct http_exchange *x);
/* For a wrapper, before it passes a request on: `h` will see the reply. */
void http_push_hook(struct http_exchange *x, struct http_hook *h);
/*
 * Go on with `resume(x, arg)` in `delay_ns`; INT64_MAX is never.  An exchange
 * is in one place at a time, so one such wait at a time is enough.  It ends
 * without `resume` when the network is released.
 */
void http_delay(struct http_exchange *x, int64_t delay_ns,
		void (*resume)(struct http_exchange *, void *), void *arg);

/* Reply with a body of that type (copied), or with none if `type` is NULL. */
void http_respond(struct http_exchange *x, int status, const char *type,
		  struct str body);
/* Copy a finished JSON text into the reply and send it. */
void http_respond_json(struct http_exchange *x, int status, struct str json);

/* End the stream, if there is one that has not ended. */
void http_stream_close(struct http_response *r);
/*
 * Make a body of the stream, if there is one, for networks and hooks that
 * want all of it.  One that breaks off, or is too long for memory, leaves
 * what came so far and HTTP_FAULT_CUT.
 */
void http_collect(struct http_exchange *x);

/* ---- The side that calls. -------------------------------------------- */

enum http_failure {
	HTTP_OK,		/* an answer came, whatever its status */
	HTTP_TIMEOUT,
	HTTP_UNREACHABLE,	/* no such host, refused */
	HTTP_BROKEN,		/* reset, cut, or not HTTP */
};

/* "timeout", "unreachable", ...: short words for logs and messages. */
const char *http_failure_name(enum http_failure f);

/*
 * One request on its way.  Made by http_call_new(), freed by the network
 * after `done` returns or at http_call_cancel(); its arena lives as long.
 */
struct http_call {
	struct arena *arena;
	struct network *net;
	struct str from;		/* the calling party's name */
	struct str host;		/* "shop.rig", "www.example.com:8443" */
	struct str to;			/* the party there; `host` if unknown */
	bool tls;			/* an https URL */
	struct http_request req;
	int64_t timeout_ns;		/* HTTP_TIMEOUT_NS unless changed */
	size_t answer_max;		/* a longer body is HTTP_BROKEN; 0: what the
					 * network takes */
	void (*done)(struct http_call *);
	void *owner;			/* the caller's own */

	/* For `done`: */
	enum http_failure failure;
	struct err err;			/* in words, if it is not HTTP_OK */
	struct http_response resp;	/* if it is */
	uint64_t id;			/* of the exchange */
	struct instant sent;
};

#define HTTP_TIMEOUT_NS (30 * NS_PER_S)

/*
 * A call to `url` (http or https, absolute; printf-like).  NULL with `err` if
 * that is not a URL.  The caller's own name `from` goes into the log and to
 * whoever counts latency by pairs; it and `method` are not copied and must
 * outlive the call.
 */
struct http_call *http_call_new(struct network *net, struct str from,
				const char *method, struct err *err,
				const char *url, ...)
	__attribute__((format(printf, 5, 6)));
/* Header and body are copied. */
void http_call_header(struct http_call *c, const char *name, struct str value);
void http_call_body(struct http_call *c, const char *type, struct str body);
/*
 * Send it.  `done` runs once, never from inside this call.  Whoever embeds
 * the result must have set done and owner.
 */
void http_call_send(struct http_call *c);
/* Forget a call, sent or not: `done` will not run, and `c` is gone.  Not from
 * inside its own `done`: there it ends by itself. */
void http_call_cancel(struct http_call *c);

/* ---- The network. ---------------------------------------------------- */

enum http_leg { HTTP_LEG_REQUEST, HTTP_LEG_ANSWER };

struct network_ops {
	struct http_call *(*new_call)(struct network *);
	void (*send)(struct network *, struct http_call *);
	void (*cancel)(struct network *, struct http_call *);
	int (*listen)(struct network *, const char *host, const char *party,
		      struct http_handler *, struct err *);
	void (*unlisten)(struct network *, const char *host);
	void (*release)(struct network *);
};

struct network {
	const struct network_ops *ops;
	struct loop *loop;
	struct eventlog *log;	/* may be NULL: nothing is logged */
	uint64_t next_id;
	/* Simulated time on the way, in ns; NULL is none. */
	int64_t (*travel)(void *arg, const struct http_call *c,
			  enum http_leg leg);
	void *travel_arg;
};

/*
 * From now on calls to `host` ("www.example.com", no port for the usual one)
 * reach `h`.  `party` ("shop") names the listener in the event log.  -1 if
 * the host is taken, or no socket can be had.
 */
int network_listen(struct network *net, const char *host, const char *party,
		   struct http_handler *h, struct err *err);
/*
 * `host` is gone: callers that wait for it see a broken connection, later
 * ones an unreachable host.  Its open exchanges are dropped (timers too):
 * the handler may not touch them again, and need not reply.
 */
void network_unlisten(struct network *net, const char *host);
/* Drops all calls without `done`, all exchanges, all hosts. */
void network_release(struct network *net);

/* ---- For networks. ----------------------------------------------------- */

/* May the answer to `method` with `status` have a body (RFC 9110, 6.4.1)? */
bool http_has_body(struct str method, int status);
/* What of r->body is sent in answer to `method`: all of it, or nothing. */
struct str http_body_sent(struct str method, const struct http_response *r);

/* "request": party = the one called; from, id, method, path, sent. */
void http_log_request(struct network *net, const struct http_exchange *x,
		      struct instant sent);
/* "response": party = the caller; to, id, status or failure, sent. */
void http_log_response(struct network *net, const struct http_call *c,
		       struct instant sent);

/* ---- Paths, queries, routes. ------------------------------------------ */

/* Undo %XX (and '+' for a space if `plus`); -1 if an escape is malformed or
 * makes a NUL byte.  `*out` is `s` itself if there is nothing to undo. */
int http_unescape(struct arena *a, struct str s, bool plus, struct str *out);
/* Escape all but unreserved characters (RFC 3986, 2.3). */
void http_escape(struct buf *out, struct str s);

struct http_param {
	struct str name, value;		/* decoded */
};

/* All parameters of a query string, in order; at most 64. */
int http_params(struct arena *a, struct str query, struct http_param **list,
		size_t *count, struct err *err);

enum { ROUTE_ARGS_MAX = 4 };

/*
 * One row of a party's interface; a table ends with method NULL.  `pattern`
 * is a path whose segments in braces match any one segment: these become
 * args[], decoded.  `fn` gets the `ctx` given to route_dispatch().  A GET row
 * answers HEAD as well: the network leaves out the body.
 */
struct route {
	const char *method;
	const char *pattern;
	void (*fn)(void *ctx, struct http_exchange *x, const struct str *args);
};

enum route_result {
	ROUTE_DONE,		/* `fn` was called */
	ROUTE_NO_PATH,		/* 404 */
	ROUTE_NO_METHOD,	/* 405: `allow` holds "GET, HEAD, POST" */
	ROUTE_BAD_PATH,		/* 400: an escape is malformed */
};

enum route_result route_dispatch(const struct route *table, void *ctx,
				 struct http_exchange *x, struct str *allow);

#endif
