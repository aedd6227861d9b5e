/* Steps that ask over HTTP, and what they expect of the answer. */
#include "scenarios/run.h"

#include <assert.h>

/* Take what came out of the call, which is gone afterwards. */
static void answered(struct http_call *c)
{
	struct run *r = c->owner;
	struct run_response *resp = &r->response;

	arena_clear(&r->answer);
	*resp = (struct run_response){
		.failure = c->failure, .status = c->resp.status,
		.took_s = (double)(loop_now(&r->world.loop).ns - c->sent.ns) / 1e9,
	};
	if (c->failure != HTTP_OK)
		resp->why = arena_str(&r->answer, str_of(c->err.msg));
	resp->body = arena_str(&r->answer, c->resp.body);
	for (size_t i = 0; i < c->resp.headers.count; i++)
		http_header_add(&resp->headers, &r->answer,
			arena_str(&r->answer, c->resp.headers.list[i].name),
			arena_str(&r->answer, c->resp.headers.list[i].value));
	r->call = NULL;
	if (r->to_server && r->options->target && r->options->target->answer)
		r->again_ns = r->options->target->answer(r->options->target->arg, c);
	run_wake(r);
}

static void text_of(const struct value *v, struct buf *out)
{
	buf_clear(out);
	value_text(out, v);
}

/* The URL with its query parameters. */
static int make_url(struct run *r, const struct scenario_request *q,
		    struct str *url, struct err *err)
{
	struct buf out, text;
	struct str base;
	int rc = -1;

	buf_init(&out, 1 << 20);
	buf_init(&text, 1 << 20);
	if ((q->raw ? template_expand_str : template_expand_url)(q->url, &r->names,
								  &r->scratch, &base, err) < 0)
		goto out;
	if (base.n && base.p[0] == '/')
		buf_z(&out, "http://server.rig");
	buf_str(&out, base);
	for (size_t i = 0; i < q->query.count; i++) {
		const struct value *v = template_expand_value(
			q->query.list[i].value, &r->names, &r->scratch, err);

		if (!v)
			goto out;
		buf_char(&out, str_find(buf_view(&out), STR("?")) < 0 ? '?' : '&');
		http_escape(&out, q->query.list[i].name);
		buf_char(&out, '=');
		text_of(v, &text);
		http_escape(&out, buf_view(&text));
	}
	*url = arena_str(&r->scratch, buf_view(&out));
	rc = 0;
out:
	buf_release(&out);
	buf_release(&text);
	return rc;
}

static int put_form(struct run *r, const struct value *form, struct buf *out)
{
	struct buf text;

	(void)r;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < form->count; i++) {
		if (i)
			buf_char(out, '&');
		http_escape(out, form->members[i].key);
		buf_char(out, '=');
		text_of(form->members[i].value, &text);
		http_escape(out, buf_view(&text));
	}
	buf_release(&text);
	return 0;
}

static int put_body(struct run *r, const struct scenario_request *q,
		    struct http_call *c, struct err *err)
{
	static const char *const types[] = {
		[BODY_JSON] = "application/json", [BODY_TEXT] = "text/plain",
		[BODY_FORM] = "application/x-www-form-urlencoded",
	};
	const struct value *body;
	struct buf out;

	if (q->body_kind == BODY_NONE)
		return 0;
	body = template_expand_value(q->body, &r->names, &r->scratch, err);
	if (!body)
		return -1;
	buf_init(&out, 64 << 20);
	if (q->body_kind == BODY_JSON)
		value_json(&out, body);
	else if (q->body_kind == BODY_FORM)
		put_form(r, body, &out);
	else
		value_text(&out, body);
	http_call_body(c, types[q->body_kind], buf_view(&out));
	buf_release(&out);
	return 0;
}

/* Who asks: a user at the server; the rig's own tokens southbound. */
static void put_authorization(struct run *r, const struct scenario_request *q,
			      struct http_call *c)
{
	const struct world *w = &r->world;
	const struct world_user *u = world_find_user(w, q->as);

	if (q->as_nobody)
		return;
	if (r->options->target && r->options->target->no_parties)
		return;		/* the target's own hook knows how */
	if (str_is(c->host, "eis.rig"))
		http_call_header(c, "Authorization", arena_printf(c->arena,
				 "Bearer %.*s", STRF(w->eis_token)));
	else if (str_is(c->host, "gateway.rig"))
		http_call_header(c, "Authorization", arena_printf(c->arena,
				 "Bearer %.*s", STRF(w->gateway_token)));
	else if (str_is(c->host, "server.rig") &&
		 str_starts(c->req.path, STR("/southbound/")))
		http_call_header(c, "Authorization", arena_printf(c->arena,
				 "Bearer %.*s", STRF(w->report_token)));
	else if (str_is(c->host, "server.rig") && u)
		http_call_header(c, "Authorization", u->authorization);
}

static void drop_header(struct http_headers *h, struct str name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!str_ieq(h->list[i].name, name))
			h->list[n++] = h->list[i];
	h->count = n;
}

static int put_headers(struct run *r, const struct scenario_request *q,
		       struct http_call *c, struct err *err)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < q->headers.count; i++) {
		const struct request_header *h = &q->headers.list[i];
		const struct value *v = template_expand_value(h->value, &r->names,
							      &r->scratch, err);

		if (!v) {
			buf_release(&text);
			return -1;
		}
		if (v->kind == VALUE_NULL) {
			drop_header(&c->req.headers, h->name);
			continue;
		}
		text_of(v, &text);
		http_call_header(c, arena_str(c->arena, h->name).p, buf_view(&text));
	}
	buf_release(&text);
	return 0;
}

struct outcome run_send(struct run *r, struct http_call *c)
{
	enum run_wake wake;

	c->done = answered;
	c->owner = r;
	r->call = c;
	http_call_send(c);
	wake = run_wait(r, INT64_MAX);
	if (wake == RUN_WOKEN)
		return run_pass();
	if (r->call)
		http_call_cancel(r->call);
	r->call = NULL;
	return run_interrupted(r, wake);
}

/* What the target wants to add, and how long it holds the call back. */
static int64_t ask_target(struct run *r, const struct scenario_request *q,
			  struct http_call *c)
{
	const struct run_target *t = r->options->target;
	const struct world_user *u = world_find_user(&r->world, q->as);
	size_t before = c->req.headers.count;
	int64_t hold_ns;

	if (!r->to_server || !t || !t->request)
		return 0;
	hold_ns = t->request(t->arg, c, q->as_nobody || !u ? STR_NONE : u->key);
	if (r->evidence)
		run_note_added(r, c, before);
	return hold_ns;
}

static struct outcome ask_once(struct run *r, const struct scenario_request *q,
			       struct str url)
{
	struct http_call *c;
	struct outcome o = run_pass();
	struct err err;
	int64_t hold_ns;

	c = http_call_new(r->world.net, STR("client"), q->method, &err, "%.*s",
			  STRF(url));
	if (!c)
		return run_error(r, &err);
	put_authorization(r, q, c);
	if (put_body(r, q, c, &err) < 0 || put_headers(r, q, c, &err) < 0) {
		http_call_cancel(c);
		return run_error(r, &err);
	}
	if (q->timeout_ns)
		c->timeout_ns = q->timeout_ns;
	r->to_server = str_is(c->host, "server.rig");
	if (r->evidence)
		run_note_request(r, c);
	hold_ns = ask_target(r, q, c);
	if (hold_ns > 0)
		o = run_pass_time(r, hold_ns);
	if (o.verdict == VERDICT_PASS)
		return run_send(r, c);
	http_call_cancel(c);
	return o;
}

struct outcome run_ask(struct run *r, const struct scenario_request *q,
		       struct str url)
{
	struct outcome o;

	for (int tries = 0;; tries++) {
		r->again_ns = -1;
		o = ask_once(r, q, url);
		if (o.verdict != VERDICT_PASS || r->again_ns < 0 ||
		    tries == RUN_REPEATS_MAX)
			return o;
		o = run_pass_time(r, r->again_ns);
		if (o.verdict != VERDICT_PASS)
			return o;
	}
}

struct outcome run_exchange(struct run *r, const struct scenario_request *q)
{
	struct str url;
	struct err err;

	if (make_url(r, q, &url, &err) < 0)
		return run_error(r, &err);
	return q->follow ? run_follow(r, q, url) : run_ask(r, q, url);
}

static bool expects_failure(const struct expectations *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].what == EXPECT_FAILURE)
			return true;
	return false;
}

/* The part of the response that an expectation is about, as JSON of its own;
 * NULL if it is not there. */
static cJSON *subject(struct run *r, const struct expectation *e)
{
	const struct run_response *resp = &r->response;
	struct str header;

	switch (e->what) {
	case EXPECT_STATUS:
		return cJSON_CreateNumber(resp->status);
	case EXPECT_HEADER:
		header = http_header(&resp->headers,
				     arena_str(&r->scratch, e->target).p);
		return header.p ? cJSON_CreateString(header.p) : NULL;
	case EXPECT_TEXT:
		return cJSON_CreateString(resp->body.p);
	case EXPECT_FAILURE:
		return resp->failure == HTTP_OK ? NULL :
		       cJSON_CreateString(http_failure_name(resp->failure));
	case EXPECT_TOOK:
		return cJSON_CreateNumber(resp->took_s);
	case EXPECT_POINTER:
	case EXPECT_BODY:
		break;
	}
	return NULL;
}

static const char *subject_name(enum expect_what what)
{
	switch (what) {
	case EXPECT_STATUS:
		return "status";
	case EXPECT_HEADER:
		return "header ";
	case EXPECT_POINTER:
		return "";
	case EXPECT_BODY:
		return "body";
	case EXPECT_TEXT:
		return "text";
	case EXPECT_FAILURE:
		return "failure";
	case EXPECT_TOOK:
		return "took";
	}
	return "";
}

static struct outcome mismatched(struct run *r, const struct expectation *e,
				 const struct mismatch *m)
{
	struct str place = e->what == EXPECT_POINTER ? m->path :
			   arena_printf(r->arena, "%s%.*s%.*s",
					subject_name(e->what), STRF(e->target),
					STRF(m->path));
	struct outcome o = run_fail(r, e->pos, "%.*s: expected %.*s, found %.*s%s%.*s",
		STRF(place), STRF(m->expected), STRF(m->actual),
		m->reason.n ? ": " : "", STRF(m->reason));

	o.expected = arena_str(r->arena, m->expected);
	o.actual = world_mask(&r->world, m->actual, r->arena);
	return o;
}

static struct outcome expect_one(struct run *r, const struct expectation *e,
				 const cJSON *document, const struct err *bad_json)
{
	const struct value *want;
	struct mismatch m = { 0 };
	struct str pointer = e->target;
	struct err err;
	cJSON *own;
	int rc;

	want = template_expand_value(e->want, &r->names, &r->scratch, &err);
	if (!want || (e->what == EXPECT_POINTER &&
		      template_expand_str(e->target, &r->names, &r->scratch,
					  &pointer, &err) < 0))
		return run_error(r, &err);
	if (e->what != EXPECT_POINTER && e->what != EXPECT_BODY) {
		own = subject(r, e);
		rc = match_value(want, own, &r->scratch, &m);
		cJSON_Delete(own);
	} else if (!document) {
		return run_fail(r, e->pos, "the answer (status %d) has no JSON body: %s; it begins '%.*s'",
				r->response.status, bad_json->msg,
				(int)(r->response.body.n < 80 ? r->response.body.n : 80),
				r->response.body.p);
	} else if (e->what == EXPECT_BODY) {
		rc = match_value(want, document, &r->scratch, &m);
	} else {
		rc = match_pointer(pointer, want, document, &r->scratch, &m);
	}
	return rc < 0 ? mismatched(r, e, &m) : run_pass();
}

static bool needs_document(const struct expectations *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].what == EXPECT_POINTER ||
		    list->list[i].what == EXPECT_BODY)
			return true;
	return false;
}

struct outcome run_expect(struct run *r, const struct expectations *list)
{
	struct outcome o = run_pass();
	struct err bad_json = { 0 };
	cJSON *document = NULL;

	if (r->response.failure != HTTP_OK && !expects_failure(list))
		return run_fail(r, (struct pos){ 0 }, "no answer: %.*s",
				STRF(r->response.why));
	if (needs_document(list))
		document = json_parse(r->response.body, &bad_json);
	for (size_t i = 0; i < list->count && o.verdict == VERDICT_PASS; i++)
		o = expect_one(r, &list->list[i], document, &bad_json);
	cJSON_Delete(document);
	return o;
}

/* What the pointer `source`, or one of those to try next, names. */
static const struct value *save_pointed(struct run *r, const struct save *s,
					const cJSON *document, struct err *err)
{
	for (size_t i = 0; i <= s->or_else.count; i++) {
		struct str source = i ? s->or_else.list[i - 1] : s->source;
		struct str pointer;
		const cJSON *item;

		if (template_expand_str(source, &r->names, &r->scratch,
					&pointer, err) < 0)
			return NULL;
		item = document ? match_find(document, pointer) : NULL;
		if (item)
			return value_from_json(r->arena, item);
	}
	err_set(err, ERR_NOT_FOUND, "save %.*s: the answer (status %d) has no %.*s%s",
		STRF(s->variable), r->response.status, STRF(s->source),
		s->or_else.count ? ", and what may stand for it neither" : "");
	return NULL;
}

/* The first or last item of the list at `source` that matches `where`. */
static const struct value *save_item(struct run *r, const struct save *s,
				     const cJSON *document, struct err *err)
{
	const struct value *where = NULL;
	const cJSON *list, *item, *found = NULL;
	struct mismatch ignored;
	struct str pointer;

	if (s->where) {
		where = template_expand_value(s->where, &r->names, &r->scratch, err);
		if (!where)
			return NULL;
	}
	if (template_expand_str(s->source, &r->names, &r->scratch, &pointer, err) < 0)
		return NULL;
	list = document ? match_find(document, pointer) : NULL;
	if (!cJSON_IsArray(list))
		list = NULL;
	cJSON_ArrayForEach(item, list) {
		if (where && match_value(where, item, &r->scratch, &ignored) < 0)
			continue;
		found = item;
		if (s->what == SAVE_FIRST)
			break;
	}
	if (found)
		return value_from_json(r->arena, found);
	err_set(err, ERR_NOT_FOUND, "save %.*s: the answer (status %d) has no such item in %.*s",
		STRF(s->variable), r->response.status, STRF(s->source));
	return NULL;
}

static const struct value *save_value(struct run *r, const struct save *s,
				      const cJSON *document, struct err *err)
{
	struct str header;

	switch (s->what) {
	case SAVE_STATUS:
		return value_int(r->arena, r->response.status);
	case SAVE_TEXT:
		return value_str(r->arena, arena_str(r->arena, r->response.body));
	case SAVE_HEADER:
		header = http_header(&r->response.headers,
				     arena_str(&r->scratch, s->source).p);
		if (header.p)
			return value_str(r->arena, arena_str(r->arena, header));
		break;
	case SAVE_BODY:
		if (document)
			return value_from_json(r->arena, document);
		break;
	case SAVE_POINTER:
		return save_pointed(r, s, document, err);
	case SAVE_FIRST:
	case SAVE_LAST:
		return save_item(r, s, document, err);
	}
	err_set(err, ERR_NOT_FOUND, "save %.*s: the answer (status %d) has no %.*s",
		STRF(s->variable), r->response.status, STRF(s->source));
	return NULL;
}

struct outcome run_save(struct run *r, const struct scenario_request *q)
{
	struct err err = { 0 }, bad_json;
	cJSON *document = NULL;
	struct outcome o = run_pass();

	if (q->save.count)
		document = json_parse(r->response.body, &bad_json);
	for (size_t i = 0; i < q->save.count; i++) {
		const struct save *s = &q->save.list[i];
		const struct value *v = save_value(r, s, document, &err);

		if (!v) {
			o = run_fail(r, s->pos, "%s", err.msg);
			break;
		}
		map_put(&r->variables, s->variable, (void *)(uintptr_t)v);
	}
	cJSON_Delete(document);
	return o;
}

struct outcome run_request(struct run *r, const struct scenario_step *s)
{
	struct outcome o = run_exchange(r, &s->request);

	if (o.verdict == VERDICT_PASS)
		o = run_expect(r, s->request.until.count ? &s->request.until :
							   &s->request.given);
	return o;
}
