#include "sim/http.h"

#include <assert.h>
#include <stdlib.h>

enum { COLLECT_MAX = 256 << 20 };	/* of a stream, in memory */

struct str http_header(const struct http_headers *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (str_ieq(h->list[i].name, str_of(name)))
			return h->list[i].value;
	return STR_NONE;
}

void http_header_add(struct http_headers *h, struct arena *a, struct str name,
		     struct str value)
{
	if (h->count == h->cap) {
		size_t cap = h->cap ? 2 * h->cap : 8;
		struct http_header *list = arena_array(a, cap, sizeof(*list));

		if (h->count)
			memcpy(list, h->list, h->count * sizeof(*list));
		h->list = list;
		h->cap = cap;
	}
	h->list[h->count++] = (struct http_header){ name, value };
}

void http_header_set(struct http_headers *h, struct arena *a, struct str name,
		     struct str value)
{
	for (size_t i = 0; i < h->count; i++) {
		if (str_ieq(h->list[i].name, name)) {
			h->list[i].value = value;
			return;
		}
	}
	http_header_add(h, a, name, value);
}

void http_pass(struct http_exchange *x)
{
	struct http_hook *h = x->hooks;

	if (h) {
		x->hooks = h->outer;
		h->reply(h, x);
	} else {
		x->deliver(x);
	}
}

void http_reply(struct http_exchange *x)
{
	assert(!x->replied);	/* exactly one reply */
	x->replied = true;
	http_pass(x);
}

void http_push_hook(struct http_exchange *x, struct http_hook *h)
{
	h->outer = x->hooks;
	x->hooks = h;
}

static void delay_over(struct timer *t)
{
	struct http_exchange *x = (struct http_exchange *)((char *)t -
				  offsetof(struct http_exchange, timer));

	x->resume(x, x->resume_arg);
}

void http_delay(struct http_exchange *x, int64_t delay_ns,
		void (*resume)(struct http_exchange *, void *), void *arg)
{
	assert(!timer_armed(&x->timer));
	x->resume = resume;
	x->resume_arg = arg;
	x->timer.fire = delay_over;
	loop_arm(x->loop, &x->timer, delay_ns);
}

void http_respond(struct http_exchange *x, int status, const char *type,
		  struct str body)
{
	x->resp.status = status;
	if (type) {
		http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
				str_of(type));
		x->resp.body = arena_str(x->arena, body);
	}
	http_reply(x);
}

void http_respond_json(struct http_exchange *x, int status, struct str json)
{
	http_respond(x, status, "application/json", json);
}

void http_stream_close(struct http_response *r)
{
	struct http_stream *st = r->stream;

	r->stream = NULL;
	if (st)
		st->close(st);
}

void http_collect(struct http_exchange *x)
{
	struct http_response *r = &x->resp;
	struct buf all;
	int rc = 1;

	if (!r->stream)
		return;
	buf_init(&all, COLLECT_MAX);
	while (rc == 1 && !all.over)
		rc = r->stream->next(r->stream, &all);
	if (rc < 0 || all.over)
		r->fault = HTTP_FAULT_CUT;
	http_stream_close(r);
	r->body = arena_str(x->arena, buf_view(&all));
	buf_release(&all);
}

const char *http_failure_name(enum http_failure f)
{
	switch (f) {
	case HTTP_OK:
		return "answered";
	case HTTP_TIMEOUT:
		return "timeout";
	case HTTP_UNREACHABLE:
		return "unreachable";
	case HTTP_BROKEN:
		return "broken";
	}
	return "?";
}

/* Split an absolute URL into the parts of `c`. */
static int parse_url(struct http_call *c, struct str url, struct err *err)
{
	struct str http = STR("http://"), https = STR("https://");
	size_t begin = str_starts(url, http) ? http.n :
		       str_starts(url, https) ? https.n : 0;
	size_t path = 0, query = 0;	/* 0: none */

	for (size_t i = begin; i < url.n; i++) {
		unsigned char ch = (unsigned char)url.p[i];

		if (ch <= ' ' || ch == 0x7F)
			goto bad;
		if (!path && (ch == '/' || ch == '?'))
			path = i;
		if (!query && ch == '?')
			query = i;
	}
	if (!path)
		path = url.n;
	if (!begin || path == begin)
		goto bad;
	c->tls = begin == https.n;
	c->host = (struct str){ url.p + begin, path - begin };
	c->req.path = (struct str){ url.p + path, (query ? query : url.n) - path };
	if (query)
		c->req.query = (struct str){ url.p + query + 1, url.n - query - 1 };
	if (c->req.path.n == 0)
		c->req.path = STR("/");
	return 0;
bad:
	return err_set(err, ERR_INVALID,
		       "URL '%.*s': expected http://host/path or https://host/path",
		       STRF(url));
}

struct http_call *http_call_new(struct network *net, struct str from,
				const char *method, struct err *err,
				const char *url, ...)
{
	struct http_call *c = net->ops->new_call(net);
	struct str text;
	va_list ap;

	c->net = net;
	c->from = from;
	c->req.method = str_of(method);
	c->timeout_ns = HTTP_TIMEOUT_NS;
	va_start(ap, url);
	text = arena_vprintf(c->arena, url, ap);
	va_end(ap);
	if (parse_url(c, text, err) < 0) {
		net->ops->cancel(net, c);
		return NULL;
	}
	return c;
}

void http_call_header(struct http_call *c, const char *name, struct str value)
{
	http_header_set(&c->req.headers, c->arena,
			str_of(arena_strdup(c->arena, name)),
			arena_str(c->arena, value));
}

void http_call_body(struct http_call *c, const char *type, struct str body)
{
	http_call_header(c, "Content-Type", str_of(type));
	c->req.body = arena_str(c->arena, body);
}

void http_call_send(struct http_call *c)
{
	assert(c->done);
	c->sent = loop_now(c->net->loop);
	c->to = c->host;
	c->id = ++c->net->next_id;
	c->net->ops->send(c->net, c);
}

void http_call_cancel(struct http_call *c)
{
	c->net->ops->cancel(c->net, c);
}

int network_listen(struct network *net, const char *host, const char *party,
		   struct http_handler *h, struct err *err)
{
	return net->ops->listen(net, host, party, h, err);
}

void network_unlisten(struct network *net, const char *host)
{
	net->ops->unlisten(net, host);
}

void network_release(struct network *net)
{
	net->ops->release(net);
}

bool http_has_body(struct str method, int status)
{
	return !str_is(method, "HEAD") && status >= 200 && status != 204 &&
	       status != 304;
}

struct str http_body_sent(struct str method, const struct http_response *r)
{
	return http_has_body(method, r->status) ? r->body : STR("");
}

void http_log_request(struct network *net, const struct http_exchange *x,
		      struct instant sent)
{
	if (net->log)
		EVENT(net->log, x->to, "request", F_STR("from", x->from),
		      F_INT("id", x->id), F_STR("method", x->req.method),
		      F_STR("path", x->req.path), F_STR("query", x->req.query),
		      F_TIME("sent", sent));
}

void http_log_response(struct network *net, const struct http_call *c,
		       struct instant sent)
{
	if (!net->log)
		return;
	if (c->failure == HTTP_OK)
		EVENT(net->log, c->from, "response", F_STR("to", c->to),
		      F_INT("id", c->id), F_INT("status", c->resp.status),
		      F_INT("bytes", c->resp.body.n), F_TIME("sent", sent));
	else
		EVENT(net->log, c->from, "response", F_STR("to", c->to),
		      F_INT("id", c->id),
		      F_Z("failure", http_failure_name(c->failure)),
		      F_TIME("sent", sent));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int http_unescape(struct arena *a, struct str s, bool plus, struct str *out)
{
	char *text;
	size_t n = 0;

	if (s.n == 0 || (!memchr(s.p, '%', s.n) && !(plus && memchr(s.p, '+', s.n)))) {
		*out = s;
		return 0;
	}
	text = arena_alloc(a, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			bool whole = i + 2 < s.n;
			int hi = whole ? hex_digit(s.p[i + 1]) : -1;
			int lo = whole ? hex_digit(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return -1;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		text[n++] = c;
	}
	*out = (struct str){ text, n };
	return 0;
}

static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
}

void http_escape(struct buf *out, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (is_unreserved(s.p[i]))
			continue;
		buf_add(out, s.p + from, i - from);
		buf_printf(out, "%%%02X", (unsigned char)s.p[i]);
		from = i + 1;
	}
	if (from < s.n)
		buf_add(out, s.p + from, s.n - from);
}

enum { PARAMS_MAX = 64 };

int http_params(struct arena *a, struct str query, struct http_param **list,
		size_t *count, struct err *err)
{
	*list = NULL;
	*count = 0;
	if (query.n)		/* most requests have none */
		*list = arena_array(a, PARAMS_MAX, sizeof(**list));
	while (query.p) {
		struct str pair = str_split(&query, '&'), name;
		struct http_param *p;

		if (pair.n == 0)
			continue;
		if (*count == PARAMS_MAX)
			return err_set(err, ERR_LIMIT,
				       "query string: more than %d parameters",
				       PARAMS_MAX);
		p = &(*list)[*count];
		name = str_split(&pair, '=');
		if (http_unescape(a, name, true, &p->name) < 0 ||
		    http_unescape(a, pair, true, &p->value) < 0)
			return err_set(err, ERR_INVALID,
				       "query string: malformed %%-escape in parameter '%.*s'",
				       STRF(name));
		(*count)++;
	}
	return 0;
}

/* 1 if `path` has the form of `pattern`, 0 if not, -1 for a bad escape. */
static int match(struct arena *a, const char *pattern, struct str path,
		 struct str *args)
{
	size_t n = 0, i = 0;

	for (; *pattern; pattern++) {
		struct str segment;

		if (*pattern != '{') {
			if (i == path.n || path.p[i++] != *pattern)
				return 0;
			continue;
		}
		segment = (struct str){ path.p + i, path.n - i };
		segment = str_split(&segment, '/');
		if (segment.n == 0)
			return 0;
		assert(n < ROUTE_ARGS_MAX);
		if (http_unescape(a, segment, false, &args[n++]) < 0)
			return -1;
		i += segment.n;
		pattern = strchr(pattern, '}');
		assert(pattern);
	}
	return i == path.n;
}

enum route_result route_dispatch(const struct route *table, void *ctx,
				 struct http_exchange *x, struct str *allow)
{
	struct str args[ROUTE_ARGS_MAX] = { 0 }, methods = STR_NONE;

	for (const struct route *r = table; r->method; r++) {
		int rc = match(x->arena, r->pattern, x->req.path, args);
		bool get;

		if (rc < 0)
			return ROUTE_BAD_PATH;
		if (rc == 0)
			continue;
		get = strcmp(r->method, "GET") == 0;
		if (str_is(x->req.method, r->method) ||
		    (get && str_is(x->req.method, "HEAD"))) {
			r->fn(ctx, x, args);
			return ROUTE_DONE;
		}
		methods = arena_printf(x->arena, "%.*s%s%s%s", STRF(methods),
				       methods.n ? ", " : "", r->method,
				       get ? ", HEAD" : "");
	}
	if (!methods.n)
		return ROUTE_NO_PATH;
	*allow = methods;
	return ROUTE_NO_METHOD;
}
