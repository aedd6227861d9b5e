/* The calling half: libcurl in the loop. */
#include "sim/socknet_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

/* A descriptor that libcurl waits for. */
struct sock {
	struct watch watch;	/* first: a watch is a sock */
	struct socknet *n;
	uint32_t events;
	bool idle;		/* it does not wait at the moment */
};

/* "http://host/", as libcurl wants it: to parse it for each call is half of
 * what it costs to find the connection. */
struct known_url {
	struct known_url *next;
	CURLU *parsed;
	size_t n;
	char text[];
};

/* Connections, and URLs, that are kept for the next call. */
enum { KEPT_CONNECTIONS = 256, KEPT_URLS = 16 };
/* From this size on libcurl asks before it sends a body. */
enum { CURL_ASKS_FIRST = 1 << 20 };

static struct wire *wire_of(struct http_call *c)
{
	return (struct wire *)c;
}

static struct wire **bucket(struct socknet *n, uint64_t id)
{
	return &n->by_id[id % WIRE_BUCKETS];
}

/* ---- The life of a call. ---------------------------------------------- */

struct http_call *call_new(struct network *net)
{
	struct socknet *n = socknet_of(net);
	struct wire *w = n->spare;
	struct arena arena = { 0 };
	struct buf body;

	buf_init(&body, SOCKNET_ANSWER_MAX);
	if (w) {
		n->spare = w->next;
		n->spares--;
		arena = w->arena;
		body = w->body;
	} else {
		w = malloc(sizeof(*w));
		assert(w);
	}
	*w = (struct wire){ .arena = arena, .body = body, .next = n->live };
	if (w->next)
		w->next->prev = w;
	n->live = w;
	w->call.net = net;
	w->call.arena = &w->arena;
	return &w->call;
}

static void put_aside(struct socknet *n, struct wire *w)
{
	if (n->spares == SPARES_MAX ||
	    arena_size(&w->arena) + w->body.cap > SPARE_SIZE_MAX) {
		arena_release(&w->arena);
		buf_release(&w->body);
		free(w);
		return;
	}
	arena_clear(&w->arena);
	buf_clear(&w->body);
	w->next = n->spare;
	n->spare = w;
	n->spares++;
}

static void free_spares(struct socknet *n)
{
	struct wire *w;

	while ((w = n->spare)) {
		n->spare = w->next;
		arena_release(&w->arena);
		buf_release(&w->body);
		free(w);
	}
	while (n->idles)
		curl_easy_cleanup(n->idle[--n->idles]);
	while (n->urls) {
		struct known_url *u = n->urls;

		n->urls = u->next;
		curl_url_cleanup(u->parsed);
		free(u);
	}
}

/* A handle costs more to make than a call; but what broke off, or had
 * options that are not set anew for each call, is not used again. */
static void drop_easy(struct socknet *n, struct wire *w, bool ended_well)
{
	CURL *easy = w->easy;

	if (!easy)
		return;
	w->easy = NULL;
	curl_multi_remove_handle(n->multi, easy);
	if (!ended_well || !w->ordinary || n->idles == SPARES_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	n->idle[n->idles++] = easy;
}

static void unlist(struct socknet *n, struct wire *w)
{
	struct wire **at = bucket(n, w->call.id);

	while (*at && *at != w)
		at = &(*at)->same_bucket;
	if (*at)
		*at = w->same_bucket;
	if (w->prev)
		w->prev->next = w->next;
	else
		n->live = w->next;
	if (w->next)
		w->next->prev = w->prev;
}

static void free_call(struct socknet *n, struct wire *w)
{
	drop_easy(n, w, false);
	loop_disarm(n->net.loop, &w->timer);
	serve_caller_left(w);
	unlist(n, w);
	put_aside(n, w);
}

void call_cancel(struct network *net, struct http_call *c)
{
	free_call(socknet_of(net), wire_of(c));
}

int64_t wire_travel_ns(const struct wire *w, enum http_leg leg)
{
	const struct network *net = w->call.net;

	return net->travel ? net->travel(net->travel_arg, &w->call, leg) : 0;
}

struct wire *wire_claim(struct socknet *n, struct str header)
{
	struct str token = str_split(&header, '-');
	uint64_t id;

	if (!str_is(token, n->token) || str_to_u64(header, UINT64_MAX, &id) < 0)
		return NULL;
	for (struct wire *w = *bucket(n, id); w; w = w->same_bucket)
		if (w->call.id == id)
			return w;
	return NULL;
}

/* ---- How it ends. ------------------------------------------------------ */

static void finish(struct socknet *n, struct wire *w)
{
	/* Nothing may happen to it from here on but what `done` does. */
	drop_easy(n, w, w->call.failure == HTTP_OK);
	loop_disarm(n->net.loop, &w->timer);
	if (!w->claimed)
		w->replied = loop_now(n->net.loop);
	http_log_response(&n->net, &w->call, w->replied);
	n->counts->calls[w->call.failure]++;
	w->call.done(&w->call);
	free_call(n, w);
}

static void fail(struct socknet *n, struct wire *w, enum http_failure failure,
		 const char *why)
{
	w->call.failure = failure;
	w->call.resp = (struct http_response){ 0 };
	err_set(&w->call.err, failure == HTTP_TIMEOUT ? ERR_TIMEOUT : ERR_IO,
		"%.*s: %s", STRF(w->call.host), why);
	finish(n, w);
}

static void time_is_up(struct timer *t)
{
	struct wire *w = (struct wire *)((char *)t - offsetof(struct wire, timer));
	struct socknet *n = socknet_of(w->call.net);

	if (!w->easy && loop_now(n->net.loop).ns - w->call.sent.ns <
			w->call.timeout_ns) {
		fail(n, w, w->known, w->known_why);
		return;
	}
	w->replied = loop_now(n->net.loop);
	fail(n, w, HTTP_TIMEOUT, "no answer in time");
}

static void fail_by_curl(struct socknet *n, struct wire *w, CURLcode rc)
{
	const char *why = w->body.over ? "the answer is too long" :
			  *w->refused.who ? w->refused.who :
			  *w->why ? w->why : curl_easy_strerror(rc);
	bool unreachable = rc == CURLE_COULDNT_CONNECT ||
			   rc == CURLE_COULDNT_RESOLVE_HOST;

	if (w->known != HTTP_OK)
		fail(n, w, w->known, w->known_why);
	else if (w->inside && !w->claimed && !serve_find(n, w->call.host))
		fail(n, w, HTTP_UNREACHABLE, "nobody listens there");
	else
		fail(n, w, unreachable ? HTTP_UNREACHABLE : HTTP_BROKEN, why);
}

static void curl_is_done(struct socknet *n, struct wire *w, CURLcode rc)
{
	long status = 0;

	if (rc != CURLE_OK || w->known != HTTP_OK) {
		fail_by_curl(n, w, rc);
		return;
	}
	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	w->call.resp.status = (int)status;
	w->call.resp.body = buf_view(&w->body);
	finish(n, w);
}

/* Callbacks of callers run here, never inside one of libcurl's. */
static void reap(struct socknet *n)
{
	struct CURLMsg *m;
	struct wire *w;
	int left;

	while ((m = curl_multi_info_read(n->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &w);
		curl_is_done(n, w, m->data.result);
	}
}

/* ---- What libcurl tells us while it works. ----------------------------- */

static void drop_sock(struct socknet *n, int fd)
{
	struct sock *s = (size_t)fd < n->socks_cap ? n->socks[fd] : NULL;

	if (!s)
		return;
	n->socks[fd] = NULL;
	loop_unwatch(n->net.loop, &s->watch);
	free(s);
}

static void sock_ready(struct watch *watch, uint32_t events)
{
	struct sock *s = (struct sock *)watch;
	struct socknet *n = s->n;
	int what = 0, running;

	if (s->idle) {		/* the peer closes; libcurl sees to that later */
		drop_sock(n, watch->fd);
		return;
	}
	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	/* `s` may be gone after this. */
	curl_multi_socket_action(n->multi, watch->fd, what, &running);
	reap(n);
}

static void curl_timer_fires(struct timer *t)
{
	struct socknet *n = (struct socknet *)((char *)t -
			    offsetof(struct socknet, curl_timer));
	int running;

	curl_multi_socket_action(n->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(n);
}

static void add_sock(struct socknet *n, int fd, uint32_t events)
{
	struct sock *s = calloc(1, sizeof(*s));
	size_t cap = n->socks_cap ? n->socks_cap : 64;

	assert(s);
	*s = (struct sock){ { fd, sock_ready }, n, events, false };
	while (cap <= (size_t)fd)
		cap *= 2;
	if (cap > n->socks_cap) {
		n->socks = realloc(n->socks, cap * sizeof(*n->socks));
		assert(n->socks);
		memset(n->socks + n->socks_cap, 0,
		       (cap - n->socks_cap) * sizeof(*n->socks));
		n->socks_cap = cap;
	}
	n->socks[fd] = s;
	loop_watch(n->net.loop, &s->watch, events);
}

static void change_sock(struct socknet *n, struct sock *s, uint32_t events)
{
	s->idle = false;
	if (s->events == events)
		return;
	s->events = events;
	loop_rewatch(n->net.loop, &s->watch, events);
}

/*
 * Between two calls the kernel goes on watching a connection: to tell it each
 * time that we don't care, and then that we do, is dear.  One that was given
 * up while it connected may be closed by now.
 */
static void rest_sock(struct socknet *n, struct sock *s)
{
	if (s->events == EPOLLIN)
		s->idle = true;
	else
		drop_sock(n, s->watch.fd);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		       void *unused)
{
	struct socknet *n = arg;
	struct sock *s = (size_t)fd < n->socks_cap ? n->socks[fd] : NULL;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
			  (what & CURL_POLL_OUT ? EPOLLOUT : 0u);

	(void)easy;
	(void)unused;
	if (what != CURL_POLL_REMOVE && s)
		change_sock(n, s, events);
	else if (what != CURL_POLL_REMOVE)
		add_sock(n, fd, events);
	else if (s)
		rest_sock(n, s);
	return 0;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	drop_sock(arg, fd);
	return close(fd);
}

/*
 * libcurl 7.88 closes a socket that is still connecting without a word, and
 * says CURL_POLL_REMOVE late, or not at all if the next attempt of the same
 * call (another address of the host) gets the same number.  The kernel has
 * forgotten the old one by then: watch the new one in its place.
 */
static curl_socket_t open_socket(void *arg, curlsocktype purpose,
				 struct curl_sockaddr *a)
{
	struct socknet *n = arg;
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	uint32_t events;

	(void)purpose;
	if (fd >= 0 && (size_t)fd < n->socks_cap && n->socks[fd]) {
		events = n->socks[fd]->events;
		drop_sock(n, fd);
		add_sock(n, fd, events);
	}
	return fd;
}

/* libcurl counts the machine's time, the loop the simulated one. */
static int want_timer(CURLM *multi, long ms, void *arg)
{
	struct socknet *n = arg;
	double ns = (double)ms * (double)NS_PER_MS * n->net.loop->clock.rate;

	(void)multi;
	if (ms < 0)
		loop_disarm(n->net.loop, &n->curl_timer);
	else
		loop_arm(n->net.loop, &n->curl_timer,
			 ns < 9e18 ? (int64_t)ns : INT64_MAX);
	return 0;
}

bool socknet_is_framing(struct str name)
{
	return str_ieq(name, STR("Content-Length")) ||
	       str_ieq(name, STR("Connection")) ||
	       str_ieq(name, STR("Transfer-Encoding"));
}

static size_t take_header(char *text, size_t size, size_t count, void *arg)
{
	struct wire *w = arg;
	struct str line = str_trim((struct str){ text, size * count }), name;

	w->head_bytes += size * count;
	if (w->head_bytes > SOCKNET_HEAD_MAX)
		return 0;
	if (str_starts(line, STR("HTTP/"))) {	/* another one after a 100 */
		w->call.resp.headers.count = 0;
		return size * count;
	}
	line = arena_str(&w->arena, line);
	name = str_split(&line, ':');
	if (!line.p || name.n == 0 || (w->inside && socknet_is_framing(name)))
		return size * count;
	http_header_add(&w->call.resp.headers, &w->arena, name, str_trim(line));
	return size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct wire *w = arg;

	buf_add(&w->body, bytes, size * count);
	return w->body.over ? 0 : size * count;
}

/* ---- Sending. ----------------------------------------------------------- */

/* A failure that is known already still takes its way, and a later turn. */
static void fail_later(struct socknet *n, struct wire *w,
		       enum http_failure failure, const char *why)
{
	int64_t ns = wire_travel_ns(w, HTTP_LEG_REQUEST);

	drop_easy(n, w, false);
	w->known = failure;
	w->known_why = why;
	w->timer.fire = time_is_up;
	loop_arm(n->net.loop, &w->timer,
		 ns < w->call.timeout_ns ? ns : w->call.timeout_ns);
}

static bool one_line(struct str s)
{
	return s.n == 0 || (!memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) &&
			    !memchr(s.p, '\0', s.n));
}

static void add_header(struct wire *w, const char *line)
{
	struct curl_slist *last = ARENA_NEW(&w->arena, struct curl_slist);

	last->data = (char *)(uintptr_t)line;
	*w->headers_tail = last;
	w->headers_tail = &last->next;
}

/* "Name: value", or "Name;", which is libcurl's word for an empty value. */
static const char *header_line(struct arena *a, struct str name, struct str value)
{
	char *line = arena_alloc(a, name.n + value.n + 3), *p = line;

	if (name.n)
		p = mempcpy(p, name.p, name.n);
	*p++ = value.n ? ':' : ';';
	if (value.n) {
		*p++ = ' ';
		memcpy(p, value.p, value.n);
	}
	return line;
}

/* The party's headers, and none of libcurl's own that it did not ask for. */
static int set_headers(struct socknet *n, struct wire *w)
{
	const struct http_headers *h = &w->call.req.headers;
	const struct {
		bool likely;
		const char *name, *line;
	} unwanted[] = {
		{ true, "Accept", "Accept:" },
		{ w->has_body, "Content-Type", "Content-Type:" },
		{ w->call.req.body.n >= CURL_ASKS_FIRST, "Expect", "Expect:" },
	};

	w->headers_tail = &w->headers;
	if (w->inside && !http_header(h, "Host").p)
		add_header(w, header_line(&w->arena, STR("Host"), w->call.host));
	for (size_t i = 0; i < h->count; i++) {
		struct str name = h->list[i].name, value = h->list[i].value;

		if (!one_line(name) || !one_line(value))
			return -1;
		add_header(w, header_line(&w->arena, name, value));
	}
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		if (unwanted[i].likely && !http_header(h, unwanted[i].name).p)
			add_header(w, unwanted[i].line);
	if (w->inside)
		add_header(w, arena_printf(&w->arena, "%s: %s-%llu",
					   SOCKNET_CALL_HEADER, n->token,
					   (unsigned long long)w->call.id).p);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, w->headers);
	return 0;
}

static void set_method(struct wire *w)
{
	const struct http_request *r = &w->call.req;

	w->has_body = r->body.n > 0 || str_is(r->method, "POST") ||
		      str_is(r->method, "PUT") || str_is(r->method, "PATCH");
	curl_easy_setopt(w->easy, CURLOPT_HTTPGET, 1L);
	if (str_is(r->method, "HEAD")) {
		curl_easy_setopt(w->easy, CURLOPT_NOBODY, 1L);
	} else if (w->has_body) {
		curl_easy_setopt(w->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)r->body.n);
		curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS,
				 r->body.n ? r->body.p : "");
	}
	curl_easy_setopt(w->easy, CURLOPT_CUSTOMREQUEST, r->method.p);
}

/* NULL if libcurl does not like it; it says so itself then. */
static CURLU *know_url(struct socknet *n, struct str text)
{
	struct known_url *u = n->urls;

	while (u && !str_eq((struct str){ u->text, u->n }, text))
		u = u->next;
	if (u)
		return u->parsed;
	if (n->url_count == KEPT_URLS)
		return NULL;
	u = malloc(sizeof(*u) + text.n + 1);
	assert(u);
	memcpy(u->text, text.p, text.n + 1);
	u->n = text.n;
	u->parsed = curl_url();
	assert(u->parsed);
	if (curl_url_set(u->parsed, CURLUPART_URL, u->text, 0) != CURLUE_OK) {
		curl_url_cleanup(u->parsed);
		free(u);
		return NULL;
	}
	u->next = n->urls;
	n->urls = u;
	n->url_count++;
	return u->parsed;
}

static void set_url(struct wire *w, struct str url)
{
	CURLU *known = know_url(socknet_of(w->call.net), url);

	curl_easy_setopt(w->easy, CURLOPT_CURLU, known);
	if (!known)
		curl_easy_setopt(w->easy, CURLOPT_URL, url.p);
}

/*
 * Where it goes, byte for byte as the caller wrote it.  Inside, https is
 * plain text for now: TLS comes with the cryptography of remote provisioning.
 */
static void set_target(struct wire *w, const struct sockhost *h,
		       const struct sockroute *r)
{
	const struct http_call *c = &w->call;
	struct str q = c->req.query, base = r ? route_base(r) : STR("");
	struct str url = r ? route_url(r, &w->arena) : h ? serve_url(h) :
			 arena_printf(&w->arena, "%s://%.*s/",
				      c->tls ? "https" : "http", STRF(c->host));
	struct str target = arena_printf(&w->arena, "%.*s%.*s%s%.*s", STRF(base),
					 STRF(c->req.path), q.p ? "?" : "", STRF(q));

	set_url(w, url);
	curl_easy_setopt(w->easy, CURLOPT_REQUEST_TARGET, target.p);
	if (r) {
		route_apply(r, w->easy);
		return;
	}
	/* Each is set for each call, as the handle may have had others. */
	curl_easy_setopt(w->easy, CURLOPT_NOPROXY, h ? "*" : NULL);
	if (c->tls && socknet_of(c->net)->ca_file)
		curl_easy_setopt(w->easy, CURLOPT_CAINFO,
				 socknet_of(c->net)->ca_file);
}

/* So that it can be told whose certificate was not believed. */
static CURLcode watch_tls(CURL *easy, void *ssl_ctx, void *arg)
{
	struct wire *w = arg;

	(void)easy;
	tls_watch(ssl_ctx, &w->refused);
	return CURLE_OK;
}

/* What all calls have in common. */
static CURL *new_easy(struct socknet *n)
{
	CURL *easy = curl_easy_init();

	assert(easy);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, n);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, n);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Or it sets SIGPIPE's action, and sets it back, ten times for a call;
	 * it sends with MSG_NOSIGNAL anyway. */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, watch_tls);
	return easy;
}

static void take_easy(struct socknet *n, struct wire *w, bool ordinary)
{
	w->ordinary = ordinary;
	w->easy = ordinary && n->idles ? n->idle[--n->idles] : new_easy(n);
	curl_easy_setopt(w->easy, CURLOPT_PRIVATE, w);
	curl_easy_setopt(w->easy, CURLOPT_ERRORBUFFER, w->why);
	curl_easy_setopt(w->easy, CURLOPT_SSL_CTX_DATA, w);
	curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_HEADERDATA, w);
}

void call_send(struct network *net, struct http_call *c)
{
	struct socknet *n = socknet_of(net);
	struct wire *w = wire_of(c);
	struct sockroute *r = route_find(n, c->host);
	struct sockhost *h = r ? NULL : serve_find(n, c->host);
	CURLMcode rc;

	w->same_bucket = *bucket(n, c->id);
	*bucket(n, c->id) = w;
	w->body.max = c->answer_max ? c->answer_max : SOCKNET_ANSWER_MAX;
	w->inside = h != NULL;
	if (!h && !r && !n->outside) {
		fail_later(n, w, HTTP_UNREACHABLE, "nobody listens there");
		return;
	}
	if (h || r)
		c->to = arena_str(&w->arena, str_of(h ? serve_party(h) :
						    route_party(r)));
	take_easy(n, w, !r);
	set_target(w, h, r);
	set_method(w);
	if (set_headers(n, w) < 0) {
		fail_later(n, w, HTTP_BROKEN, "a request header with a line break");
		return;
	}
	w->timer.fire = time_is_up;
	loop_arm(net->loop, &w->timer, c->timeout_ns);
	rc = curl_multi_add_handle(n->multi, w->easy);
	assert(rc == CURLM_OK);
}

/* ---- All calls of a network. -------------------------------------------- */

int calls_begin(struct socknet *n)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -1;
	n->curl_timer.fire = curl_timer_fires;
	n->multi = curl_multi_init();
	assert(n->multi);
	curl_multi_setopt(n->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(n->multi, CURLMOPT_SOCKETDATA, n);
	curl_multi_setopt(n->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(n->multi, CURLMOPT_TIMERDATA, n);
	curl_multi_setopt(n->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
			  (long)n->connections_max);
	/* It would keep four times as many as there are calls at the moment. */
	curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
	return 0;
}

void calls_drop(struct socknet *n)
{
	while (n->live)
		free_call(n, n->live);
}

void calls_end(struct socknet *n)
{
	/* Descriptors that it closes from here on are not watched any more. */
	curl_multi_setopt(n->multi, CURLMOPT_SOCKETFUNCTION, NULL);
	curl_multi_setopt(n->multi, CURLMOPT_TIMERFUNCTION, NULL);
	for (size_t fd = 0; fd < n->socks_cap; fd++)
		drop_sock(n, (int)fd);
	loop_disarm(n->net.loop, &n->curl_timer);
	free_spares(n);
	curl_multi_cleanup(n->multi);
	curl_global_cleanup();
	free(n->socks);
}
