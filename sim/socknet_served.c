/* A request to a host and its answer. */
#include "sim/socknet_serve_parts.h"

#include <assert.h>
#include <stdlib.h>

/* So much is read of a body that is too large and does not say so beforehand:
 * a client that is cut off sees no answer.  Its time has a limit as well. */
enum { SWALLOW_MAX = 256 << 20 };

/* Of one that says so: so many times the largest.  Beyond it is answered at once. */
enum { SWALLOW = 4 };

/* Of a stream; next() adds "not much more" than HTTP_PIECE_SIZE. */
enum { PIECE_MAX = 16 * HTTP_PIECE_SIZE };

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

/* RFC 9112, 3.2.2: a target may name the host, too. */
static struct str without_host(struct str target)
{
	static const char *const schemes[] = { "http://", "https://" };
	struct str t = target;

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (t.n < n || !str_ieq((struct str){ t.p, n }, str_of(schemes[i])))
			continue;
		t = (struct str){ t.p + n, t.n - n };
		while (t.n && t.p[0] != '/' && t.p[0] != '?')
			t = (struct str){ t.p + 1, t.n - 1 };
		return t;
	}
	return target;
}

/*
 * libmicrohttpd would take the query apart, in the memory that it has for heads,
 * and where that is not enough (some 300 parameters) leave the client without
 * an answer.  We read it by ourselves, so it need not; `uri` is its own buffer.
 */
static void hide_query(const char *uri)
{
	char *at = strchr(uri, '?');

	if (at)
		at[1] = '\0';
}

void *served_opened(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct served *s = new_served(cls);
	struct str text;

	s->conn = conn;
	s->peer = sockpeer_of(conn);
	sockpeer_request_begins(s->peer);
	text = without_host(arena_str(&s->arena, str_of(uri)));
	hide_query(uri);
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

void served_free(struct served *s)
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

void served_free_spares(struct sockhost *h)
{
	struct served *s;

	while ((s = h->spare)) {
		h->spare = s->next;
		arena_release(&s->arena);
		buf_release(&s->body);
		free(s);
	}
}

/* Refused by libmicrohttpd or by us, or left by its client too early. */
static void tell_unseen(const struct served *s)
{
	const union MHD_ConnectionInfo *info;

	if (s->arrived || s->ours || !s->peer)
		return;
	info = MHD_get_connection_info(s->conn, MHD_CONNECTION_INFO_HTTP_STATUS);
	sockpeer_tell_refusal(s->peer, s, info ? (int)info->http_status : 0);
}

void served_completed(void *cls, struct MHD_Connection *conn, void **ctx,
		      enum MHD_RequestTerminationCode why)
{
	struct served *s = *ctx;

	(void)cls;
	(void)conn;
	(void)why;
	*ctx = NULL;
	if (!s)
		return;
	sockpeer_answer_is_out(s->peer);
	assert(s->phase != SERVED_WAITING);	/* it is suspended then */
	tell_unseen(s);
	served_free(s);
}

void served_resume(struct served *s, enum served_phase phase)
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
		served_resume(s, SERVED_DROPPED);
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
	sockpeer_answer_begins(s->peer);
	MHD_resume_connection(s->conn);
	loop_arm(s->host->n->net.loop, &s->host->timer, 0);
}

/* Until there is more nothing is sent, which is not the peer's fault. */
static ssize_t let_sleep(struct served *s)
{
	struct http_stream *st = s->x.resp.stream;

	sockpeer_request_is_here(s->peer);
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
	/* A 304 is sent without the body, but tells its length; libmicrohttpd
	 * sees to both.  Content-Length: 0 would be another body's. */
	bool empty = r->body.n == 0 ||
		     (r->status != 304 && !http_has_body(STR(""), r->status));
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
	if (s->host->quiet || s->last)
		MHD_add_response_header(m, "Connection", "close");
	return m;
}

/* MHD would say goodbye first; to dissolve the connection sends a reset. */
static void reset(struct served *s)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	connect(connection_fd(s->conn), &nowhere, sizeof(nowhere));
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
	sockpeer_answer_begins(s->peer);
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

	served_resume(s, SERVED_ANSWERED);
}

static void deliver(struct http_exchange *x)
{
	struct served *s = (struct served *)((char *)x - offsetof(struct served, x));
	int64_t ns = 0;

	assert(s->phase == SERVED_WAITING);
	if (s->ours && !s->wire) {
		served_resume(s, SERVED_DROPPED);
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
		served_resume(s, SERVED_ANSWERED);
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
	sockpeer_request_is_here(s->peer);
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
		s->x.from = sockpeer_address(s->peer);
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

static void say_too_large(struct http_exchange *x, size_t max)
{
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
			STR("text/plain"));
	x->resp.body = arena_printf(x->arena, "request body over %zu bytes\n", max);
}

static enum MHD_Result too_large(struct served *s)
{
	struct socknet *n = s->host->n;

	n->counts->too_large++;
	s->x.arena = &s->arena;
	(n->too_large ? n->too_large : say_too_large)(&s->x, s->body.max);
	s->x.resp.status = 413;
	s->x.to = str_of(s->host->party);
	if (s->wire)
		s->wire->replied = loop_now(s->host->n->net.loop);
	return answer(s);
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct str s)
{
	static const bool separates[128] = {
		['"'] = true, ['('] = true, [')'] = true, [','] = true, ['/'] = true,
		[':'] = true, [';'] = true, ['<'] = true, ['='] = true, ['>'] = true,
		['?'] = true, ['@'] = true, ['['] = true, ['\\'] = true, [']'] = true,
		['{'] = true, ['}'] = true,
	};

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c > '~' || separates[c])
			return false;
	}
	return s.n > 0;
}

static bool has_none_of(struct str s, const char bytes[3])
{
	for (int i = 0; s.n && i < 3; i++)
		if (memchr(s.p, bytes[i], s.n))
			return false;
	return true;
}

static bool is_value(struct str s)
{
	return has_none_of(s, "\0\r\n");
}

static bool is_target(struct str s)
{
	return has_none_of(s, " \t\r");
}

static size_t count(const struct http_headers *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += str_ieq(h->list[i].name, str_of(name));
	return n;
}

/* NULL: its head means one thing. */
static const char *fault_of(const struct http_request *rq, const char *version, int *status)
{
	const struct http_headers *h = &rq->headers;
	size_t lengths = count(h, "Content-Length"), codings = count(h, "Transfer-Encoding");

	*status = 400;
	if (!is_target(rq->path) || !is_target(rq->query))
		return "the target has a space in it";
	for (size_t i = 0; i < h->count; i++) {
		if (!is_token(h->list[i].name))
			return "the name of a header has a character that is not allowed";
		if (!is_value(h->list[i].value))
			return "the value of a header has a character that is not allowed";
	}
	if (count(h, "Host") == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
		return "Host: required";
	if (count(h, "Host") > 1)
		return "Host: it is there twice";
	if (lengths > 1)
		return "Content-Length: it is there twice";
	if (lengths && codings)
		return "Content-Length and Transfer-Encoding: expected one of them";
	if (codings && strcmp(version, MHD_HTTP_VERSION_1_0) == 0)
		return "Transfer-Encoding: not known to HTTP/1.0";
	*status = 501;
	if (codings > 1 || (codings && !str_ieq(http_header(h, "Transfer-Encoding"),
						STR("chunked"))))
		return "Transfer-Encoding: expected chunked";
	return NULL;
}

static void say_malformed(struct http_exchange *x, int status, const char *why)
{
	(void)status;
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
			STR("text/plain"));
	x->resp.body = arena_printf(x->arena, "%s\n", why);
}

/* What follows may be its body or another request, so nothing follows. */
static enum MHD_Result malformed(struct served *s, int status, const char *why)
{
	struct socknet *n = s->host->n;

	s->x.arena = &s->arena;
	(n->malformed ? n->malformed : say_malformed)(&s->x, status, why);
	s->x.resp.status = status;
	s->x.to = str_of(s->host->party);
	s->last = true;
	if (s->wire)
		s->wire->replied = loop_now(s->host->n->net.loop);
	return answer(s);
}

static enum MHD_Result read_head(struct served *s, const char *method, const char *version)
{
	struct http_headers *h = &s->x.req.headers;
	uint64_t length = 0, max = s->body.max;
	const char *fault;
	int status;

	s->x.req.method = arena_str(&s->arena, str_of(method));
	MHD_get_connection_values_n(s->conn, MHD_HEADER_KIND, add_header, s);
	fault = fault_of(&s->x.req, version, &status);
	if (fault)
		return find_caller(s) < 0 ? MHD_NO : malformed(s, status, fault);
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
	return s->swallowed <= SWALLOW_MAX ? MHD_YES : MHD_NO;
}

enum MHD_Result served_handle(void *cls, struct MHD_Connection *conn,
			      const char *url, const char *method,
			      const char *version, const char *bytes,
			      size_t *size, void **ctx)
{
	struct served *s = *ctx;
	size_t n = *size;

	(void)cls;
	(void)conn;
	(void)url;
	if (s->host->over && s->phase < SERVED_ANSWERED)
		return MHD_NO;
	switch (s->phase) {
	case SERVED_OPENED:
		return read_head(s, method, version);
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

/* ---- Seen from outside. -------------------------------------------------- */

bool serve_is_waiting(const struct served *s)
{
	return s->phase == SERVED_GOING || s->phase == SERVED_WAITING ||
	       s->phase == SERVED_COMING;
}

void served_drop(struct served *s)
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
	served_resume(s, SERVED_DROPPED);
}
