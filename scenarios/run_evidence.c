/* What was asked and answered, for whoever has to believe a verdict. */
#include "scenarios/run.h"

#include "proto/redact.h"

static bool is_secret(struct str name)
{
	static const char *const names[] = {
		"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
		"X-API-KEY-ID", "X-API-KEY-SECRET",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_ieq(name, str_of(names[i])))
			return true;
	return false;
}

static void note_header(struct run *r, const struct http_header *h, bool secret)
{
	http_header_add(&r->request.headers, &r->asked,
			arena_str(&r->asked, h->name),
			secret || is_secret(h->name) ? STR("***") :
						       arena_str(&r->asked, h->value));
}

void run_note_request(struct run *r, const struct http_call *c)
{
	const struct http_request *q = &c->req;
	struct str base = r->world.server_url;
	bool at_server = str_is(c->host, "server.rig");

	arena_clear(&r->asked);
	r->request = (struct run_asked){
		.method = arena_str(&r->asked, q->method),
		.body = arena_str(&r->asked, q->body), .sent = true,
	};
	if (!at_server || !base.n)
		base = arena_printf(&r->asked, "%s://%.*s", c->tls ? "https" : "http",
				    STRF(c->host));
	r->request.url = arena_printf(&r->asked, "%.*s%.*s%s%.*s", STRF(base),
				      STRF(q->path), q->query.p ? "?" : "",
				      STRF(q->query));
	for (size_t i = 0; i < q->headers.count; i++)
		note_header(r, &q->headers.list[i], false);
}

void run_note_added(struct run *r, const struct http_call *c, size_t before)
{
	for (size_t i = before; i < c->req.headers.count; i++)
		note_header(r, &c->req.headers.list[i], true);
}

/* As much of it as fits, and how much there is. */
static void put_cut(struct buf *out, struct str text)
{
	size_t left = out->n < EVIDENCE_MAX ? EVIDENCE_MAX - out->n : 0, n = text.n;

	if (n > left)
		n = left;
	/* Not in the middle of a character. */
	while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
		n--;
	buf_add(out, text.p, n);
	if (n < text.n)
		buf_printf(out, "\n... (%zu bytes in all)", text.n);
}

static struct str masked(struct run *r, struct buf *text)
{
	struct str s;

	redact_secrets(text);
	s = world_mask(&r->world, buf_view(text), r->arena);
	buf_release(text);
	return s;
}

static struct buf new_text(void)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	return b;
}

static void put_headers(struct buf *out, const struct http_headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		buf_printf(out, "%.*s: ", STRF(h->list[i].name));
		put_cut(out, is_secret(h->list[i].name) ? STR("***") :
							  h->list[i].value);
		buf_char(out, '\n');
	}
}

static struct str request_text(struct run *r)
{
	const struct run_asked *q = &r->request;
	struct buf b = new_text();

	buf_printf(&b, "%.*s ", STRF(q->method));
	put_cut(&b, q->url);
	buf_char(&b, '\n');
	put_headers(&b, &q->headers);
	if (q->body.n) {
		buf_char(&b, '\n');
		put_cut(&b, q->body);
	}
	return masked(r, &b);
}

static struct str response_text(struct run *r)
{
	const struct run_response *resp = &r->response;
	struct buf b = new_text();

	if (resp->failure != HTTP_OK) {
		buf_printf(&b, "no answer: %.*s", STRF(resp->why));
		return masked(r, &b);
	}
	buf_printf(&b, "%d\n", resp->status);
	put_headers(&b, &resp->headers);
	if (resp->body.n) {
		buf_char(&b, '\n');
		put_cut(&b, resp->body);
	}
	return masked(r, &b);
}

/* In single quotes, as a shell wants it. */
static void put_quoted(struct buf *out, struct str s)
{
	buf_char(out, '\'');
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\'')
			buf_z(out, "'\\''");
		else
			buf_char(out, s.p[i]);
	buf_char(out, '\'');
}

static struct str curl_text(struct run *r)
{
	const struct run_asked *q = &r->request;
	struct buf b = new_text();

	buf_z(&b, "curl -i");
	if (str_is(q->method, "HEAD"))
		buf_z(&b, " -I");
	else if (!str_is(q->method, "GET"))
		buf_printf(&b, " -X %.*s", STRF(q->method));
	for (size_t i = 0; i < q->headers.count; i++) {
		const struct http_header *h = &q->headers.list[i];
		struct str line = arena_printf(&r->scratch, "%.*s: %.*s",
					       STRF(h->name), STRF(h->value));

		buf_z(&b, " -H ");
		put_quoted(&b, line);
	}
	if (q->body.n) {
		buf_z(&b, " --data-binary ");
		put_quoted(&b, q->body);
	}
	buf_char(&b, ' ');
	put_quoted(&b, q->url);
	if (b.n > 2 * EVIDENCE_MAX) {
		buf_clear(&b);
		buf_z(&b, "(the request is too long for a command line)");
	}
	return masked(r, &b);
}

void run_evidence(struct run *r, struct step_result *out)
{
	out->request = request_text(r);
	out->response = response_text(r);
	out->curl = curl_text(r);
}
