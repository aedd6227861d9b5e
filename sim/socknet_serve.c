/* The listening half. */
#include "sim/socknet_parts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <unistd.h>

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
	struct peer *peers;
	struct socknet_limits limits;
	char *cert, *key;		/* NULL: no TLS */
	bool quiet;			/* takes no new connections */
	bool retired;			/* another has its name and address */
	bool running;			/* libmicrohttpd is on the stack */
	bool over;			/* it ends as soon as that has returned */
	struct sockhost *next;
};

/* A connection, and when we lose patience with it. */
struct peer {
	struct timer timer;		/* first: a timer is a peer */
	struct sockhost *host;
	struct MHD_Connection *conn;
	bool asked;			/* it has sent a request before */
	bool answering;
	uint64_t acked;			/* bytes of answers that it has got */
	char address[SOCKNET_ADDRESS_SIZE];	/* empty: nobody has asked so far */
	struct peer *prev, *next;
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
	struct wire *wire;		/* that one, while it lives */
	struct timer timer;
	struct sockhost *host;
	struct MHD_Connection *conn;	/* NULL when MHD has done with it */
	struct peer *peer;		/* the connection; it outlives the request */
	struct buf body;
	struct buf piece;		/* of a stream, and how much of it has gone */
	size_t piece_sent;
	int more;			/* what the stream said last */
	uint64_t swallowed;		/* bytes of a body that is too large */
	struct instant sent;
	struct served *prev, *next;
};

/* What is read of a body that is too large, so that the client gets to see
 * the answer: so many times the largest. */
enum { SWALLOW = 4 };

/* Of a stream; next() adds "not much more" than HTTP_PIECE_SIZE. */
enum { PIECE_MAX = 16 * HTTP_PIECE_SIZE };

/* ---- Patience. --------------------------------------------------------- */

/* While an answer is sent, a peer that takes less than that in `stall_ns`
 * makes no progress. */
enum { STALL_BYTES = 1024 };

static struct peer *peer_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn,
						MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static int fd_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn,
						MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void be_patient(struct peer *p, int64_t machine_ns)
{
	struct loop *loop = p->host->n->net.loop;

	if (machine_ns > 0)
		loop_arm(loop, &p->timer, (int64_t)((double)machine_ns *
						    loop->clock.rate));
	else
		loop_disarm(loop, &p->timer);
}

static uint64_t bytes_acked(struct MHD_Connection *conn)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd_of(conn), IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_bytes_acked;
}

/* MHD sees the end of the connection, and closes it. */
static void lose_patience(struct timer *t)
{
	struct peer *p = (struct peer *)t;
	uint64_t acked = p->answering ? bytes_acked(p->conn) : 0;

	if (p->answering && acked >= p->acked + STALL_BYTES) {
		p->acked = acked;
		be_patient(p, p->host->limits.stall_ns);
		return;
	}
	p->host->n->counts->too_slow++;
	shutdown(fd_of(p->conn), SHUT_RDWR);
}

static void free_peer(struct peer *p)
{
	loop_disarm(p->host->n->net.loop, &p->timer);
	if (p->prev)
		p->prev->next = p->next;
	else
		p->host->peers = p->next;
	if (p->next)
		p->next->prev = p->prev;
	free(p);
}

static struct str peer_address(struct peer *p)
{
	const union MHD_ConnectionInfo *info;
	const struct sockaddr *sa;

	if (!p)
		return STR("?");
	if (p->address[0])
		return str_of(p->address);
	info = MHD_get_connection_info(p->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	sa = info ? info->client_addr : NULL;
	if (!sa || getnameinfo(sa, sa->sa_family == AF_INET6 ?
			       sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
			       p->address, sizeof(p->address), NULL, 0,
			       NI_NUMERICHOST) != 0)
		snprintf(p->address, sizeof(p->address), "?");
	return str_of(p->address);
}

/* ---- What no handler sees. ---------------------------------------------- */

static void tell_refusal(struct peer *p, const struct served *s, int status)
{
	struct socknet *n = p->host->n;
	struct socknet_refusal r = {
		.host = p->host->name, .from = peer_address(p), .status = status,
	};

	if (!n->refused)
		return;
	if (s) {
		r.method = s->x.req.method;
		r.path = s->x.req.path;
	}
	r.id = s && s->x.id ? s->x.id : ++n->net.next_id;
	n->refused(n->refused_arg, &r);
}

/* It has sent something, but not as much as the first line of a request. */
static void tell_silent(struct peer *p)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (!p->asked && p->host->n->refused &&
	    getsockopt(fd_of(p->conn), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	    info.tcpi_bytes_received > 1)	/* the other side's FIN counts as one */
		tell_refusal(p, NULL, 0);
}

/* Refused by libmicrohttpd or by us, or left by its client too early. */
static void tell_unseen(const struct served *s)
{
	const union MHD_ConnectionInfo *info;

	if (s->arrived || s->ours || !s->peer)
		return;
	info = MHD_get_connection_info(s->conn, MHD_CONNECTION_INFO_HTTP_STATUS);
	tell_refusal(s->peer, s, info ? (int)info->http_status : 0);
}

static void connected(void *cls, struct MHD_Connection *conn, void **ctx,
		      enum MHD_ConnectionNotificationCode what)
{
	struct sockhost *h = cls;
	struct peer *p;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		h->n->counts->closed++;
		if (*ctx)
			tell_silent(*ctx);
		if (*ctx)
			free_peer(*ctx);
		*ctx = NULL;
		return;
	}
	h->n->counts->accepted++;
	p = calloc(1, sizeof(*p));
	assert(p);
	*p = (struct peer){ { .fire = lose_patience }, .host = h, .conn = conn,
			    .next = h->peers };
	if (p->next)
		p->next->prev = p;
	h->peers = p;
	*ctx = p;
	be_patient(p, h->limits.request_ns);
}

/* Its first request has begun with the connection. */
static void request_begins(struct peer *p)
{
	if (p && p->asked)
		be_patient(p, p->host->limits.request_ns);
	if (p)
		p->asked = true;
}

static void request_is_here(struct peer *p)
{
	if (p)
		be_patient(p, 0);
}

static void answer_begins(struct peer *p)
{
	if (!p || !p->host->limits.stall_ns)
		return;
	p->answering = true;
	p->acked = bytes_acked(p->conn);
	be_patient(p, p->host->limits.stall_ns);
}

static void answer_is_out(struct peer *p)
{
	if (!p)
		return;
	p->answering = false;
	be_patient(p, p->host->limits.idle_ns);
}

/* ---- The life of an exchange. ----------------------------------------- */

static struct served *new_served(struct sockhost *h)
{
	struct served *s = h->spare;
	struct served fresh = { .host = h, .next = h->open };

	buf_init(&fresh.body, h->n->body_max);
	buf_init(&fresh.piece, PIECE_MAX);
	if (s) {
		h->spare = s->next;
		h->spares--;
		fresh.arena = s->arena;
		fresh.body = s->body;
	} else {
		s = malloc(sizeof(*s));
		assert(s);
	}
	fresh.body.max = h->n->body_max;
	*s = fresh;
	if (s->next)
		s->next->prev = s;
	h->open = s;
	return s;
}

static void *opened(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct served *s = new_served(cls);
	struct str text;

	s->conn = conn;
	s->peer = peer_of(conn);
	request_begins(s->peer);
	text = arena_str(&s->arena, str_of(uri));
	if (str_starts(text, STR("http://"))) {		/* RFC 9112, 3.2.2 */
		text = (struct str){ text.p + 7, text.n - 7 };
		while (text.n && text.p[0] != '/' && text.p[0] != '?')
			text = (struct str){ text.p + 1, text.n - 1 };
	}
	s->x.req.path = str_split(&text, '?');
	s->x.req.query = text;
	if (s->x.req.path.n == 0)
		s->x.req.path = STR("/");
	return s;
}

static void put_aside(struct served *s)
{
	struct sockhost *h = s->host;

	if (h->spares == SPARES_MAX ||
	    arena_size(&s->arena) + s->body.cap > SPARE_SIZE_MAX) {
		arena_release(&s->arena);
		buf_release(&s->body);
		free(s);
		return;
	}
	arena_clear(&s->arena);
	buf_clear(&s->body);
	s->next = h->spare;
	h->spare = s;
	h->spares++;
}

static void free_served(struct served *s)
{
	struct loop *loop = s->host->n->net.loop;

	if (s->wire)
		s->wire->served = NULL;
	loop_disarm(loop, &s->timer);
	loop_disarm(loop, &s->x.timer);
	if (s->prev)
		s->prev->next = s->next;
	else
		s->host->open = s->next;
	if (s->next)
		s->next->prev = s->prev;
	http_stream_close(&s->x.resp);
	buf_release(&s->piece);
	put_aside(s);
}

static void completed(void *cls, struct MHD_Connection *conn, void **ctx,
		      enum MHD_RequestTerminationCode why)
{
	struct served *s = *ctx;

	(void)cls;
	(void)conn;
	(void)why;
	*ctx = NULL;
	if (!s)
		return;
	answer_is_out(s->peer);
	assert(s->phase != SERVED_WAITING);	/* it is suspended then */
	tell_unseen(s);
	free_served(s);
}

/* Let MHD go on with the connection, to do what `phase` says. */
static void resume(struct served *s, enum served_phase phase)
{
	struct loop *loop = s->host->n->net.loop;

	s->phase = phase;
	loop_disarm(loop, &s->timer);
	if (!s->suspended)
		return;
	s->suspended = false;
	MHD_resume_connection(s->conn);
	/* With a loop from outside it has no way to wake up by itself. */
	loop_arm(loop, &s->host->timer, 0);
}

void serve_caller_left(struct wire *w)
{
	struct served *s = w->served;

	if (!s)
		return;
	w->served = NULL;
	s->wire = NULL;
	if (s->phase == SERVED_GOING || s->phase == SERVED_COMING)
		resume(s, SERVED_DROPPED);
}

/* ---- The answer. -------------------------------------------------------- */

/* Tell our own caller how this ends; the wire cannot. */
static void known(struct served *s, enum http_failure failure, const char *why)
{
	if (!s->wire)
		return;
	s->wire->known = failure;
	s->wire->known_why = why;
}

static const char broken_off[] = "connection reset in the middle of the answer";

/* Half of the body, then the end. */
static ssize_t read_half(void *arg, uint64_t pos, char *out, size_t max)
{
	const struct served *s = arg;
	struct str body = s->x.resp.body;
	size_t left = body.n / 2 - (size_t)pos, n = left < max ? left : max;

	if (n == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	memcpy(out, body.p + pos, n);
	return (ssize_t)n;
}

static void wake_stream(struct http_stream *st)
{
	struct served *s = st->sleeper;

	st->wake = NULL;
	if (!s->suspended)
		return;
	s->suspended = false;
	answer_begins(s->peer);
	MHD_resume_connection(s->conn);
	loop_arm(s->host->n->net.loop, &s->host->timer, 0);
}

/* Until there is more nothing is sent, which is not the peer's fault. */
static ssize_t let_sleep(struct served *s)
{
	struct http_stream *st = s->x.resp.stream;

	request_is_here(s->peer);
	MHD_suspend_connection(s->conn);
	s->suspended = true;
	st->wake = wake_stream;
	st->sleeper = s;
	return 0;
}

/* The next bytes of a stream; whatever ends it ends the stream at once. */
static ssize_t read_stream(void *arg, uint64_t pos, char *out, size_t max)
{
	struct served *s = arg;
	size_t n;

	(void)pos;
	while (s->piece_sent == s->piece.n) {
		if (s->more <= 0)
			return s->more < 0 ? MHD_CONTENT_READER_END_WITH_ERROR :
				MHD_CONTENT_READER_END_OF_STREAM;
		buf_clear(&s->piece);
		s->piece_sent = 0;
		s->more = s->x.resp.stream->next(s->x.resp.stream, &s->piece);
		if (s->piece.over)
			s->more = -1;
		if (s->more < 0)
			known(s, HTTP_BROKEN, broken_off);
		if (s->more <= 0)
			http_stream_close(&s->x.resp);
		else if (s->more == HTTP_LATER && s->piece.n == 0)
			return let_sleep(s);
	}
	n = s->piece.n - s->piece_sent;
	n = n < max ? n : max;
	memcpy(out, s->piece.p + s->piece_sent, n);
	s->piece_sent += n;
	return (ssize_t)n;
}

static struct MHD_Response *make_response(struct served *s)
{
	const struct http_response *r = &s->x.resp;
	bool empty = r->body.n == 0 || !http_has_body(STR(""), r->status);
	struct MHD_Response *m;

	if (r->fault == HTTP_FAULT_CUT)
		m = MHD_create_response_from_callback(r->body.n ? r->body.n : 1,
						      16384, read_half, s, NULL);
	else if (r->stream)
		m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_PIECE_SIZE,
						      read_stream, s, NULL);
	else
		m = MHD_create_response_from_buffer(empty ? 0 : r->body.n,
						    (void *)(uintptr_t)(empty ? "" : r->body.p),
						    MHD_RESPMEM_PERSISTENT);
	assert(m);
	for (size_t i = 0; i < r->headers.count; i++) {
		struct str name = arena_str(&s->arena, r->headers.list[i].name);
		struct str value = arena_str(&s->arena, r->headers.list[i].value);

		if (!socknet_is_framing(name))
			MHD_add_response_header(m, name.p, value.p);
	}
	if (s->host->quiet)
		MHD_add_response_header(m, "Connection", "close");
	return m;
}

/* MHD would say goodbye first; to dissolve the connection sends a reset. */
static void reset(struct served *s)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	connect(fd_of(s->conn), &nowhere, sizeof(nowhere));
}

/* A stranger's call has no `done` that would log this. */
static void log_answer(struct served *s)
{
	struct network *net = &s->host->n->net;
	struct http_call c;

	if (s->ours || !net->log)
		return;
	c = (struct http_call){
		.from = s->x.from, .to = s->x.to, .id = s->x.id,
		.resp = s->x.resp,
		.failure = s->x.resp.fault == HTTP_FAULT_NONE ? HTTP_OK : HTTP_BROKEN,
	};
	http_log_response(net, &c, loop_now(net->loop));
}

static enum MHD_Result answer(struct served *s)
{
	struct MHD_Response *m;
	enum MHD_Result rc;

	s->phase = SERVED_SENT;
	log_answer(s);
	switch (s->x.resp.fault) {
	case HTTP_FAULT_REFUSED:
		known(s, HTTP_UNREACHABLE, "connection refused");
		return MHD_NO;
	case HTTP_FAULT_CUT:
		known(s, HTTP_BROKEN, broken_off);
		if (http_has_body(s->x.req.method, s->x.resp.status))
			break;
		reset(s);
		return MHD_NO;
	case HTTP_FAULT_RESET:
		known(s, HTTP_BROKEN, "connection reset before the answer");
		reset(s);
		return MHD_NO;
	case HTTP_FAULT_NONE:
		break;
	}
	answer_begins(s->peer);
	s->more = s->x.resp.stream != NULL;
	m = make_response(s);
	rc = MHD_queue_response(s->conn, (unsigned)s->x.resp.status, m);
	MHD_destroy_response(m);
	return rc;
}

static void travelled_back(struct timer *t)
{
	struct served *s = (struct served *)((char *)t -
			   offsetof(struct served, timer));

	resume(s, SERVED_ANSWERED);
}

static void deliver(struct http_exchange *x)
{
	struct served *s = (struct served *)((char *)x - offsetof(struct served, x));
	int64_t ns = 0;

	assert(s->phase == SERVED_WAITING);
	if (s->ours && !s->wire) {
		resume(s, SERVED_DROPPED);
		return;
	}
	if (!http_has_body(STR(""), x->resp.status))
		http_stream_close(&x->resp);
	/* Half of it has to be known; and after HEAD, libmicrohttpd 0.9.75
	 * would send the end of the body that is not there. */
	else if (x->resp.fault != HTTP_FAULT_NONE || str_is(x->req.method, "HEAD"))
		http_collect(x);
	if (s->wire) {
		s->wire->replied = loop_now(x->loop);
		ns = wire_travel_ns(s->wire, HTTP_LEG_ANSWER);
	}
	if (ns == 0) {
		resume(s, SERVED_ANSWERED);
		return;
	}
	s->phase = SERVED_COMING;
	s->timer.fire = travelled_back;
	loop_arm(x->loop, &s->timer, ns);
}

/* ---- The request. ------------------------------------------------------- */

static void hand_over(struct served *s)
{
	struct sockhost *h = s->host;

	s->phase = SERVED_WAITING;
	s->arrived = true;
	s->x.arena = &s->arena;
	s->x.net = &h->n->net;
	s->x.loop = h->n->net.loop;
	s->x.to = str_of(h->party);
	s->x.req.body = buf_view(&s->body);
	s->x.deliver = deliver;
	http_log_request(&h->n->net, &s->x, s->sent);
	/* Unless libmicrohttpd waits for us, `s` may be gone after this. */
	h->handler->handle(h->handler, &s->x);
}

static void arrive(struct timer *t)
{
	hand_over((struct served *)((char *)t - offsetof(struct served, timer)));
}

/*
 * A request that does not travel: its handler runs here and now, and a reply
 * that comes at once spares libmicrohttpd and the loop a detour.
 */
static enum MHD_Result go_at_once(struct served *s)
{
	hand_over(s);
	if (s->phase == SERVED_ANSWERED)
		return answer(s);
	if (s->phase == SERVED_DROPPED)
		return MHD_NO;
	MHD_suspend_connection(s->conn);
	s->suspended = true;
	return MHD_YES;
}

/* The whole request is here.  What remains of its journey is simulated. */
static enum MHD_Result go(struct served *s)
{
	struct loop *loop = s->host->n->net.loop;
	int64_t ns = 0;

	if (s->wire) {
		int64_t spent = loop_now(loop).ns - s->sent.ns;

		ns = wire_travel_ns(s->wire, HTTP_LEG_REQUEST);
		ns = ns > spent ? ns - spent : 0;
	} else if (s->ours) {
		return MHD_NO;		/* its caller left while we read */
	}
	request_is_here(s->peer);
	if (ns == 0)
		return go_at_once(s);
	MHD_suspend_connection(s->conn);
	s->suspended = true;
	s->phase = SERVED_GOING;
	s->timer.fire = arrive;
	loop_arm(loop, &s->timer, ns);
	return MHD_YES;
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind,
				  const char *name, size_t name_n,
				  const char *value, size_t value_n)
{
	struct served *s = arg;
	struct str n = { name, name_n }, v = { value ? value : "", value_n };

	(void)kind;
	/* They stay where they are as long as the request does. */
	if (!str_ieq(n, STR(SOCKNET_CALL_HEADER)))
		http_header_add(&s->x.req.headers, &s->arena, n, v);
	return MHD_YES;
}

/* Take off what a party's request has only because it went over a wire. */
static void drop_wire_headers(struct served *s)
{
	struct http_headers *h = &s->x.req.headers;
	bool own_host = http_header(&s->wire->call.req.headers, "Host").p;
	size_t kept = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!socknet_is_framing(h->list[i].name) &&
		    (own_host || !str_ieq(h->list[i].name, STR("Host"))))
			h->list[kept++] = h->list[i];
	h->count = kept;
}

/* Whose call is it?  -1 if it is libcurl's repetition of one that was closed
 * on purpose: the handler must not see it twice. */
static int find_caller(struct served *s)
{
	struct socknet *n = s->host->n;
	struct str name = str_of(s->host->name);
	const char *value = NULL;
	size_t size = 0;
	struct wire *w = NULL;

	if (MHD_lookup_connection_value_n(s->conn, MHD_HEADER_KIND,
					  SOCKNET_CALL_HEADER,
					  sizeof(SOCKNET_CALL_HEADER) - 1,
					  &value, &size) == MHD_YES)
		w = wire_claim(n, (struct str){ value, size });
	if (!w || !str_ieq(w->call.host, name)) {
		s->x.from = peer_address(s->peer);
		s->x.id = ++n->net.next_id;
		s->sent = loop_now(n->net.loop);
		return 0;
	}
	if (w->claimed)
		return -1;
	w->claimed = true;
	w->served = s;
	s->wire = w;
	s->ours = true;
	s->x.from = arena_str(&s->arena, w->call.from);
	s->x.id = w->call.id;
	s->sent = w->call.sent;
	drop_wire_headers(s);
	return 0;
}

static enum MHD_Result too_large(struct served *s)
{
	s->host->n->counts->too_large++;
	s->x.resp.status = 413;
	http_header_set(&s->x.resp.headers, &s->arena, STR("Content-Type"),
			STR("text/plain"));
	s->x.resp.body = arena_printf(&s->arena,
				      "request body over %zu bytes\n",
				      s->body.max);
	s->x.to = str_of(s->host->party);
	if (s->wire)
		s->wire->replied = loop_now(s->host->n->net.loop);
	return answer(s);
}

static enum MHD_Result read_head(struct served *s, const char *method)
{
	struct http_headers *h = &s->x.req.headers;
	uint64_t length = 0, max = s->body.max;

	s->x.req.method = arena_str(&s->arena, str_of(method));
	MHD_get_connection_values_n(s->conn, MHD_HEADER_KIND, add_header, s);
	str_to_u64(http_header(h, "Content-Length"), UINT64_MAX, &length);
	if (length > max)
		s->body.over = true;
	/* A client that waits for a word does not send it in vain. */
	if (length > SWALLOW * max || (length > max && http_header(h, "Expect").p))
		s->phase = SERVED_ANSWERED;
	else
		s->phase = SERVED_READING;
	if (find_caller(s) < 0)
		return MHD_NO;
	return s->phase == SERVED_READING ? MHD_YES : too_large(s);
}

static enum MHD_Result read_body(struct served *s, const char *bytes, size_t n)
{
	buf_add(&s->body, bytes, n);
	if (!s->body.over)
		return MHD_YES;
	s->swallowed += n;
	return s->swallowed <= SWALLOW * (uint64_t)s->body.max ? MHD_YES : MHD_NO;
}

static enum MHD_Result serve(void *cls, struct MHD_Connection *conn,
			     const char *url, const char *method,
			     const char *version, const char *bytes,
			     size_t *size, void **ctx)
{
	struct served *s = *ctx;
	size_t n = *size;

	(void)cls;
	(void)conn;
	(void)url;
	(void)version;
	if (s->host->over && s->phase < SERVED_ANSWERED)
		return MHD_NO;
	switch (s->phase) {
	case SERVED_OPENED:
		return read_head(s, method);
	case SERVED_READING:
		*size = 0;
		if (n)
			return read_body(s, bytes, n);
		return s->body.over ? too_large(s) : go(s);
	case SERVED_ANSWERED:
		return answer(s);
	case SERVED_GOING:
	case SERVED_WAITING:
	case SERVED_COMING:
	case SERVED_SENT:
	case SERVED_DROPPED:
		break;
	}
	return MHD_NO;
}

/* ---- The daemon in the loop. ------------------------------------------- */

static void stop(struct socknet *n, struct sockhost *h);
static void finish_stop(struct sockhost *h);
static void quiesce(struct sockhost *h);

static unsigned connection_count(const struct sockhost *h)
{
	return MHD_get_daemon_info(h->daemon,
			MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

/* False: `h` has ended. */
static bool run(struct sockhost *h)
{
	struct loop *loop = h->n->net.loop;
	MHD_UNSIGNED_LONG_LONG ms;

	loop_disarm(loop, &h->timer);
	h->running = true;
	MHD_run(h->daemon);
	h->running = false;
	if (h->over) {
		finish_stop(h);
		return false;
	}
	if (h->retired && connection_count(h) == 0) {
		stop(h->n, h);
		return false;
	}
	if (timer_armed(&h->timer))
		return true;	/* a connection was resumed meanwhile */
	if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
		loop_arm(loop, &h->timer, (int64_t)((double)ms * loop->clock.rate *
						    (double)NS_PER_MS));
	return true;
}

static void ready(struct watch *w, uint32_t events)
{
	(void)events;
	run((struct sockhost *)((char *)w - offsetof(struct sockhost, watch)));
}

static void again(struct timer *t)
{
	run((struct sockhost *)((char *)t - offsetof(struct sockhost, timer)));
}

/* "host:port" or "[v6]:port" into its parts; -1 if it is neither. */
static int split_address(const char *address, char host[NI_MAXHOST],
			 const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	uint64_t number;

	if (n >= 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		n -= 2;
	}
	if (n == 0 || n >= NI_MAXHOST ||
	    str_to_u64(str_of(colon + 1), UINT16_MAX, &number) < 0)
		return -1;
	memcpy(host, address, n);
	host[n] = '\0';
	*port = colon + 1;
	return 0;
}

/* `many`: others of us bind theirs there, too. */
static int bind_socket(const char *address, bool many, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM }, *found = NULL;
	char host[NI_MAXHOST];
	const char *port;
	int fd, on = 1, rc;

	if (split_address(address, host, &port) < 0)
		return err_set(err, ERR_INVALID,
			       "address '%s': expected host:port or [v6 address]:port",
			       address);
	rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0)
		return err_set(err, ERR_INVALID, "address '%s': %s", address,
			       gai_strerror(rc));
	fd = socket(found->ai_family,
		    found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd >= 0 && many)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
	    listen(fd, SOMAXCONN) < 0) {
		err_set(err, ERR_IO, "address '%s': %s", address, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* The address that it has got, and the one to use if that is "any". */
void serve_address_of(int fd, char text[SOCKNET_ADDRESS_SIZE],
		      char to[SOCKNET_ADDRESS_SIZE])
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	const char *reach = host;
	int rc = getsockname(fd, (struct sockaddr *)&sa, &n);

	assert(rc == 0);
	rc = getnameinfo((struct sockaddr *)&sa, n, host, sizeof(host), port,
			 sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	assert(rc == 0);
	if (strcmp(host, "0.0.0.0") == 0)
		reach = "127.0.0.1";
	else if (strcmp(host, "::") == 0)
		reach = "::1";
	snprintf(text, SOCKNET_ADDRESS_SIZE,
		 sa.ss_family == AF_INET6 ? "[%.50s]:%.5s" : "%.50s:%.5s", host, port);
	snprintf(to, SOCKNET_ADDRESS_SIZE,
		 sa.ss_family == AF_INET6 ? "[%.50s]:%.5s" : "%.50s:%.5s", reach, port);
}

enum { TLS_OPTIONS = 4 };

static struct MHD_Daemon *start_daemon(struct sockhost *h, int fd)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_SUPPRESS_DATE_NO_CLOCK | (h->cert ? MHD_USE_TLS : 0u);
	unsigned most = h->limits.connections;
	struct MHD_OptionItem tls[TLS_OPTIONS] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, h->cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, h->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!h->cert)
		tls[0] = tls[TLS_OPTIONS - 1];
	if (most == 0 || most > h->n->connections_max)
		most = h->n->connections_max;
	/* Its own time limit stays off: the machine's time is not ours. */
	return MHD_start_daemon(flags, 0, NULL, NULL, serve, h,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_URI_LOG_CALLBACK, opened, h,
		MHD_OPTION_NOTIFY_COMPLETED, completed, h,
		MHD_OPTION_NOTIFY_CONNECTION, connected, h,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SOCKNET_HEAD_MAX,
		MHD_OPTION_CONNECTION_LIMIT, most,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->limits.connections_per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
}

static int start_on(struct sockhost *h, int fd, struct err *err)
{
	char reach[SOCKNET_ADDRESS_SIZE];

	serve_address_of(fd, h->address, reach);
	snprintf(h->url, sizeof(h->url), "http://%s/", reach);
	h->limits = h->n->limits;
	h->daemon = start_daemon(h, fd);
	if (!h->daemon)
		return err_set(err, ERR_IO, "address '%s': libmicrohttpd does not start%s",
			       h->address, h->cert ? " with this certificate and key" : "");
	h->watch = (struct watch){
		MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		ready,
	};
	h->timer.fire = again;
	loop_watch(h->n->net.loop, &h->watch, EPOLLIN);
	return 0;
}

static int start(struct sockhost *h, const char *address, struct err *err)
{
	int fd = bind_socket(address, false, err);

	if (fd < 0)
		return -1;
	if (start_on(h, fd, err) == 0)
		return 0;
	close(fd);
	return -1;
}

static void free_host(struct sockhost *h)
{
	struct served *s;

	while ((s = h->spare)) {
		h->spare = s->next;
		arena_release(&s->arena);
		buf_release(&s->body);
		free(s);
	}
	free(h->name);
	free(h->party);
	free(h->cert);
	free(h->key);
	free(h);
}

static char *copy(const char *p, size_t n)
{
	char *c = strndup(p, n);

	assert(c);
	return c;
}

static struct sockhost *new_host(struct socknet *n, const char *name,
				 const char *party, struct http_handler *handler,
				 const struct socknet_tls *tls)
{
	struct sockhost *h = calloc(1, sizeof(*h));

	assert(h);
	h->n = n;
	h->name = copy(name, strlen(name));
	h->party = copy(party, strlen(party));
	h->handler = handler;
	if (tls) {
		h->cert = copy(tls->cert.p, tls->cert.n);
		h->key = copy(tls->key.p, tls->key.n);
	}
	return h;
}

/* Sockets that may share an address would share it with strangers as well: the
 * first one is bound alone, to see that nobody is there. */
int serve_open(const char *address, size_t count, int *fds, struct err *err)
{
	char text[SOCKNET_ADDRESS_SIZE], reach[SOCKNET_ADDRESS_SIZE];
	int alone = bind_socket(address, false, err);

	if (alone < 0)
		return -1;
	serve_address_of(alone, text, reach);
	close(alone);
	for (size_t i = 0; i < count; i++) {
		fds[i] = bind_socket(text, true, err);
		if (fds[i] >= 0)
			continue;
		while (i-- > 0)
			close(fds[i]);
		return -1;
	}
	return 0;
}

int serve_listen_on(struct socknet *n, const char *name, const char *party,
		    struct http_handler *handler, int fd,
		    const struct socknet_tls *tls, struct err *err)
{
	struct sockhost *h = new_host(n, name, party, handler, tls);

	assert(!serve_find(n, str_of(name)));
	if (start_on(h, fd, err) < 0) {
		close(fd);
		free_host(h);
		return err_prefix(err, "host %s", name);
	}
	h->next = n->hosts;
	n->hosts = h;
	return 0;
}

int serve_listen(struct socknet *n, const char *name, const char *party,
		 struct http_handler *handler, const char *address,
		 const struct socknet_tls *tls, struct err *err)
{
	struct sockhost *h;

	if (serve_find(n, str_of(name)))
		return err_set(err, ERR_STATE, "host %s: somebody listens there already",
			       name);
	h = new_host(n, name, party, handler, tls);
	if (start(h, address, err) < 0) {
		free_host(h);
		return err_prefix(err, "host %s", name);
	}
	h->next = n->hosts;
	n->hosts = h;
	return 0;
}

/*
 * A daemon's certificate is for life.  So another one takes its socket, and
 * the old one goes when the last of its connections has gone.
 */
int serve_renew_tls(struct socknet *n, const char *name,
		    const struct socknet_tls *tls, struct err *err)
{
	struct sockhost *old = serve_find(n, str_of(name)), *h;
	int fd, spare;

	if (!old || old->quiet)
		return err_set(err, ERR_NOT_FOUND, "host %s: nobody listens there", name);
	fd = MHD_get_daemon_info(old->daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd;
	spare = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (spare < 0)
		return err_set(err, ERR_IO, "host %s: %s", name, strerror(errno));
	h = new_host(n, old->name, old->party, old->handler, tls);
	if (start_on(h, spare, err) < 0) {
		close(spare);
		free_host(h);
		return err_prefix(err, "host %s", name);
	}
	quiesce(old);
	old->retired = true;
	h->next = n->hosts;
	n->hosts = h;
	loop_arm(n->net.loop, &old->timer, 0);
	return 0;
}

struct sockhost *serve_find(struct socknet *n, struct str name)
{
	for (struct sockhost *h = n->hosts; h; h = h->next)
		if (str_ieq(str_of(h->name), name))
			return h;
	return NULL;
}

const char *serve_address(const struct sockhost *h)
{
	return h->address;
}

struct str serve_url(const struct sockhost *h)
{
	return str_of(h->url);
}

const char *serve_party(const struct sockhost *h)
{
	return h->party;
}

bool serve_is_waiting(const struct served *s)
{
	return s->phase == SERVED_GOING || s->phase == SERVED_WAITING ||
	       s->phase == SERVED_COMING;
}

/* ---- The end is near. --------------------------------------------------- */

static void quiesce(struct sockhost *h)
{
	int fd;

	if (h->quiet)
		return;
	/* Who has connected already is heard. */
	if (!run(h))
		return;
	h->quiet = true;
	fd = MHD_quiesce_daemon(h->daemon);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
}

void serve_quiesce(struct socknet *n)
{
	struct sockhost *h = n->hosts, *next;

	for (; h; h = next) {
		next = h->next;
		quiesce(h);
	}
}

size_t serve_under_way(const struct socknet *n)
{
	size_t count = 0;

	for (const struct sockhost *h = n->hosts; h; h = h->next)
		for (const struct served *s = h->open; s; s = s->next)
			count++;
	return count;
}

size_t serve_connections(const struct socknet *n)
{
	size_t count = 0;

	for (const struct sockhost *h = n->hosts; h; h = h->next)
		count += connection_count(h);
	return count;
}

/* ---- The end of a host. ------------------------------------------------ */

/* Replies that were given before the end still leave. */
static void resume_coming(struct sockhost *h)
{
	for (struct served *s = h->open; s; s = s->next)
		if (s->phase == SERVED_COMING)
			resume(s, SERVED_ANSWERED);
}

static void drop(struct served *s)
{
	struct loop *loop = s->host->n->net.loop;

	loop_disarm(loop, &s->x.timer);
	if (s->wire && s->phase < SERVED_ANSWERED) {
		s->wire->replied = loop_now(loop);
		if (s->phase == SERVED_WAITING)
			known(s, HTTP_BROKEN, "connection reset before the answer");
		else
			known(s, HTTP_UNREACHABLE, "nobody listens there");
	}
	resume(s, SERVED_DROPPED);
}

static void forget_host(struct socknet *n, struct sockhost *h)
{
	struct sockhost **at = &n->hosts;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
}

static void finish_stop(struct sockhost *h)
{
	struct loop *loop = h->n->net.loop;

	resume_coming(h);
	for (int i = 0; i < 3; i++)
		MHD_run(h->daemon);
	for (struct served *s = h->open; s; s = s->next)
		drop(s);
	loop_unwatch(loop, &h->watch);
	loop_disarm(loop, &h->timer);
	MHD_stop_daemon(h->daemon);
	while (h->open)
		free_served(h->open);
	while (h->peers)
		free_peer(h->peers);
	free_host(h);
}

/*
 * By a handler of its own, with libmicrohttpd on the stack: what can be left
 * is the daemon, but nothing that would lead to the handler again.
 */
static void stop_later(struct socknet *n, struct sockhost *h)
{
	forget_host(n, h);
	h->over = true;
	resume_coming(h);
	for (struct served *s = h->open; s; s = s->next) {
		http_stream_close(&s->x.resp);
		if (s->more > 0)
			s->more = -1;
		if (s->phase < SERVED_ANSWERED || s->suspended)
			drop(s);
	}
}

static void stop(struct socknet *n, struct sockhost *h)
{
	if (h->running) {
		stop_later(n, h);
		return;
	}
	forget_host(n, h);
	finish_stop(h);
}

void serve_unlisten(struct socknet *n, const char *name)
{
	struct sockhost *h;

	while ((h = serve_find(n, str_of(name))))	/* one, and retired ones */
		stop(n, h);
}

void serve_unlisten_all(struct socknet *n)
{
	while (n->hosts)
		stop(n, n->hosts);
}
