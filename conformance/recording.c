#include "conformance/recording.h"

#include "conformance/check.h"
#include "proto/base64.h"
#include "scenarios/world.h"
#include "sim/json.h"
#include "sim/map.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1 };

static const size_t LINE_SIZE_MAX = (size_t)256 << 20;
static const size_t FILE_SIZE_MAX = (size_t)2 << 30;

/* For the way there and back. */
#define MARGIN_NS (60 * NS_PER_S)

/* One that is read: a request, and what came of it. */
struct exchange {
	struct str request;		/* see put_request() */
	enum http_failure failure;
	int status;
	struct http_headers headers;
	struct str body;
	int64_t took_ns;
	bool used;
	struct exchange *next;		/* of the same check */
};

/* All of a check, oldest first. */
struct exchanges {
	struct exchange *first, **tail;
};

struct recording {
	struct http_handler handler;	/* first: a recording answers */
	struct run_target seam;
	int fd;				/* written to; or -1 */
	struct err failed;		/* the first line that could not be written */
	struct arena arena;		/* of what was read */
	struct map checks;		/* id -> struct exchanges */
	/* Of the check, and of the request under way. */
	struct arena now;
	struct str check;
	struct str request;
	const struct world *world;
	struct str missing;		/* the first request that is not there */
	enum check_depth depth;
};

/* ---- What makes two requests the same. ------------------------------------- */

static struct str masked(const struct recording *r, struct str text, struct arena *a)
{
	return r->world ? world_mask(r->world, text, a) : text;
}

static bool is_credential(struct str name)
{
	return str_ieq(name, STR("X-API-KEY-ID")) || str_ieq(name, STR("X-API-KEY-SECRET")) ||
	       str_ieq(name, STR("Cookie"));
}

static void put_headers(struct json *j, const char *key, const struct recording *r,
			const struct http_headers *h, struct arena *a)
{
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < h->count; i++) {
		if (is_credential(h->list[i].name))
			continue;
		json_open(j, '[');
		json_str(j, h->list[i].name);
		json_str(j, masked(r, h->list[i].value, a));
		json_close(j, ']');
	}
	json_close(j, ']');
}

/* Bytes that are no text are written in base64. */
static void put_body(struct json *j, const char *key, const char *key64,
		     struct str body)
{
	struct buf b;

	if (str_is_utf8(body)) {
		json_put_opt(j, key, body);
		return;
	}
	buf_init(&b, LINE_SIZE_MAX);
	base64_encode(&b, body);
	json_put(j, key64, buf_view(&b));
	buf_release(&b);
}

/* A request as an object: what it is known by, in the file and here. */
static struct str put_request(const struct recording *r, const struct http_call *c,
			      struct str user, struct arena *a)
{
	struct buf out;
	struct json j;
	struct str text;

	buf_init(&out, LINE_SIZE_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_put_opt(&j, "as", user);
	json_put(&j, "method", c->req.method);
	json_put(&j, "path", masked(r, c->req.path, a));
	if (c->req.query.p)
		json_put(&j, "query", masked(r, c->req.query, a));
	put_headers(&j, "headers", r, &c->req.headers, a);
	put_body(&j, "body", "body64", masked(r, c->req.body, a));
	json_close(&j, '}');
	text = arena_str(a, buf_view(&out));
	buf_release(&out);
	return text;
}

void recording_begin(struct recording *r, struct str check_id)
{
	arena_clear(&r->now);
	r->check = arena_str(&r->now, check_id);
	r->missing = r->request = STR_NONE;
	r->world = NULL;
}

/* Probes of capabilities are known by their own names. */
static void take_probe(struct recording *r, const struct world *w)
{
	if (str_starts(w->sc->file, STR("probe of ")))
		recording_begin(r, w->sc->file);
}

void recording_world(struct recording *r, const struct world *w)
{
	take_probe(r, w);
	r->world = w;
}

void recording_asked(struct recording *r, const struct http_call *c, struct str user)
{
	r->request = put_request(r, c, user, &r->now);
}

/* ---- Writing. ---------------------------------------------------------------- */

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

/* Lines of several processes do not run into each other. */
static void write_line(struct recording *r, struct buf *line)
{
	int rc;

	buf_char(line, '\n');
	if (line->over) {
		err_set(&r->failed, ERR_LIMIT, "an exchange is too long to be recorded");
		return;
	}
	while ((rc = flock(r->fd, LOCK_EX)) < 0 && errno == EINTR)
		;
	if (rc == 0 && write_all(r->fd, buf_view(line)) == 0) {
		flock(r->fd, LOCK_UN);
		return;
	}
	if (r->failed.code == ERR_NONE)
		err_set(&r->failed, ERR_IO, "the recording: %s", strerror(errno));
	flock(r->fd, LOCK_UN);
}

static void put_answer(struct json *j, const struct recording *r,
		       const struct http_call *c, struct arena *a)
{
	json_put_int(j, "took_ns", loop_now(c->net->loop).ns - c->sent.ns);
	if (c->failure != HTTP_OK) {
		json_putz(j, "failure", http_failure_name(c->failure));
		return;
	}
	json_put_int(j, "status", c->resp.status);
	put_headers(j, "answer_headers", r, &c->resp.headers, a);
	put_body(j, "answer", "answer64", masked(r, c->resp.body, a));
}

void recording_answered(struct recording *r, const struct http_call *c)
{
	struct buf line;
	struct json j;
	struct arena a = { 0 };

	if (r->fd < 0 || !r->check.n || !r->request.n)
		return;
	buf_init(&line, LINE_SIZE_MAX);
	j = json_to(&line);
	json_open(&j, '{');
	json_put(&j, "check", r->check);
	json_key(&j, "request");
	json_raw(&j, r->request);
	put_answer(&j, r, c, &a);
	json_close(&j, '}');
	write_line(r, &line);
	buf_release(&line);
	arena_release(&a);
}

static struct recording *make(void)
{
	struct recording *r = calloc(1, sizeof(*r));

	assert(r);
	r->fd = -1;
	return r;
}

struct recording *recording_create(const char *path, const struct recording_head *head,
				   struct err *err)
{
	struct recording *r = make();
	struct buf line;
	struct json j;

	/* It holds other people's data. */
	r->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (r->fd < 0) {
		err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
		free(r);
		return NULL;
	}
	buf_init(&line, 64 << 10);
	j = json_to(&line);
	json_open(&j, '{');
	json_put_int(&j, "recording", VERSION);
	json_put(&j, "target", head->target_name);
	json_put_opt(&j, "url", head->target_url);
	json_put(&j, "suite_version", head->suite_version);
	json_put(&j, "suite_hash", head->suite_hash);
	json_putz(&j, "depth", depth_name(head->depth));
	if (head->has_seed)
		json_put_int(&j, "seed", (int64_t)head->seed);
	json_close(&j, '}');
	write_line(r, &line);
	buf_release(&line);
	if (r->failed.code == ERR_NONE)
		return r;
	*err = r->failed;
	recording_close(r, &(struct err){ 0 });
	return NULL;
}

int recording_close(struct recording *r, struct err *err)
{
	int rc = 0;

	if (!r)
		return 0;
	if (r->fd >= 0 && close(r->fd) < 0 && r->failed.code == ERR_NONE)
		err_set(&r->failed, ERR_IO, "the recording: %s", strerror(errno));
	if (r->failed.code != ERR_NONE) {
		*err = r->failed;
		rc = -1;
	}
	map_release(&r->checks);
	arena_release(&r->arena);
	arena_release(&r->now);
	free(r);
	return rc;
}

/* ---- Reading. ------------------------------------------------------------------ */

static int read_headers(const cJSON *list, struct arena *a, struct http_headers *out)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, list) {
		const cJSON *name = cJSON_GetArrayItem(pair, 0);
		const cJSON *value = cJSON_GetArrayItem(pair, 1);

		if (!cJSON_IsString(name) || !cJSON_IsString(value))
			return -1;
		http_header_add(out, a, arena_str(a, str_of(name->valuestring)),
				arena_str(a, str_of(value->valuestring)));
	}
	return 0;
}

static int read_body(const cJSON *o, struct arena *a, struct str *body, struct err *err)
{
	struct str text;
	int rc = json_get_str(o, "answer64", a, &text, err);

	if (rc <= 0)
		return rc < 0 ? -1 : json_get_str(o, "answer", a, body, err);
	return base64_decode(a, text, body, err);
}

/* "timeout", ... */
static int read_failure(struct str name, enum http_failure *failure)
{
	for (*failure = HTTP_OK; *failure <= HTTP_BROKEN; ++*failure)
		if (str_is(name, http_failure_name(*failure)))
			return 0;
	return -1;
}

/* A request in the one form that requests are compared in. */
static struct str canonical(const cJSON *request, struct arena *a)
{
	char *text = request ? cJSON_PrintUnformatted(request) : NULL;
	struct str s = text ? arena_str(a, str_of(text)) : STR_NONE;

	cJSON_free(text);
	return s;
}

static int read_exchange(const cJSON *o, struct arena *a, struct exchange *x,
			 struct str *check, struct err *err)
{
	struct str failure = STR_NONE;
	int64_t status = 0;

	if (json_get_str(o, "check", a, check, err) < 0 ||
	    json_get_int(o, "took_ns", &x->took_ns, err) < 0 ||
	    json_get_str(o, "failure", a, &failure, err) < 0 ||
	    json_get_int(o, "status", &status, err) < 0 || read_body(o, a, &x->body, err) < 0)
		return -1;
	x->request = canonical(cJSON_GetObjectItemCaseSensitive(o, "request"), a);
	x->status = (int)status;
	if (!check->n || !x->request.n || x->took_ns < 0 ||
	    (failure.n ? read_failure(failure, &x->failure) < 0 :
			 status < 100 || status > 999) ||
	    read_headers(cJSON_GetObjectItemCaseSensitive(o, "answer_headers"), a,
			 &x->headers) < 0)
		return err_set(err, ERR_INVALID, "that is no exchange");
	return 0;
}

static int add_exchange(struct recording *r, struct str line, struct err *err)
{
	struct exchange *x = ARENA_NEW(&r->arena, struct exchange);
	struct exchanges *list;
	struct str check;
	cJSON *o = json_parse(line, err);
	int rc;

	if (!o)
		return -1;
	rc = read_exchange(o, &r->arena, x, &check, err);
	cJSON_Delete(o);
	if (rc < 0)
		return -1;
	list = map_get(&r->checks, check);
	if (!list) {
		list = ARENA_NEW(&r->arena, struct exchanges);
		list->tail = &list->first;
		map_put(&r->checks, check, list);
	}
	*list->tail = x;
	list->tail = &x->next;
	return 0;
}

static int read_head(struct str line, struct recording_head *head, struct arena *a,
		     struct err *err)
{
	struct str depth = STR_NONE;
	int64_t version = 0, seed = 0;
	cJSON *o = json_parse(line, err);
	int rc = -1, seeded = 0;

	*head = (struct recording_head){ 0 };
	if (!o)
		return -1;
	if (json_get_int(o, "recording", &version, err) < 0 ||
	    json_get_str(o, "target", a, &head->target_name, err) < 0 ||
	    json_get_str(o, "url", a, &head->target_url, err) < 0 ||
	    json_get_str(o, "suite_version", a, &head->suite_version, err) < 0 ||
	    json_get_str(o, "suite_hash", a, &head->suite_hash, err) < 0 ||
	    json_get_str(o, "depth", a, &depth, err) < 0 ||
	    (seeded = json_get_int(o, "seed", &seed, err)) < 0)
		goto out;
	if (version != VERSION)
		err_set(err, ERR_INVALID, "expected a recording of version %d, found %lld",
			VERSION, (long long)version);
	else if (depth_parse(depth, &head->depth) < 0)
		err_set(err, ERR_INVALID, "\"depth\": expected read, actions or world");
	else
		rc = 0;
	head->has_seed = seeded > 0;
	head->seed = (uint64_t)seed;
out:
	cJSON_Delete(o);
	return rc;
}

static int read_file(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && buf_reserve(out, (size_t)st.st_size + 1))
		while ((n = read(fd, out->p + out->n, out->cap - out->n - 1)) > 0) {
			out->n += (size_t)n;
			if (out->cap - out->n < 2 && !buf_reserve(out, out->cap))
				n = -1;
		}
	if (n < 0)
		err_set(err, ERR_IO, "%s: %s", path, out->over ? "too large" :
			strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static int parse(struct recording *r, struct str text, struct recording_head *head,
		 struct arena *a, struct err *err)
{
	unsigned line = 0;

	while (text.p && text.n) {
		struct str row = str_split(&text, '\n');
		int rc;

		line++;
		if (row.n == 0)
			continue;
		/* The last line of a run that was killed may have been cut. */
		if (line > 1 && !text.p)
			break;
		rc = line == 1 ? read_head(row, head, a, err) : add_exchange(r, row, err);
		if (rc < 0)
			return err_prefix(err, "line %u", line);
	}
	return line ? 0 : err_set(err, ERR_INVALID, "it is empty");
}

struct recording *recording_open(const char *path, struct recording_head *head,
				 struct arena *a, struct err *err)
{
	struct recording *r = make();
	struct buf text;
	int rc;

	buf_init(&text, FILE_SIZE_MAX);
	rc = read_file(path, &text, err);
	if (rc == 0 && (rc = parse(r, buf_view(&text), head, a, err)) < 0)
		err_prefix(err, "%s", path);
	buf_release(&text);
	r->depth = head->depth;
	if (rc == 0)
		return r;
	recording_close(r, &(struct err){ 0 });
	return NULL;
}

/* ---- Judging again. --------------------------------------------------------------- */

static struct exchange *find(struct recording *r, struct str request)
{
	struct exchanges *list = map_get(&r->checks, r->check);

	for (struct exchange *x = list ? list->first : NULL; x; x = x->next)
		if (!x->used && str_eq(x->request, request))
			return x;
	return NULL;
}

static void reply(struct http_exchange *x, void *arg)
{
	const struct exchange *e = arg;

	x->resp.status = e->status;
	x->resp.body = e->body;
	for (size_t i = 0; i < e->headers.count; i++)
		http_header_add(&x->resp.headers, x->arena, e->headers.list[i].name,
				e->headers.list[i].value);
	if (e->failure == HTTP_UNREACHABLE)
		x->resp.fault = HTTP_FAULT_REFUSED;
	else if (e->failure == HTTP_BROKEN)
		x->resp.fault = HTTP_FAULT_RESET;
	http_reply(x);
}

/* Devices and the set-up talk to the server as well: they are not recorded. */
static void bystander(struct http_exchange *x)
{
	bool report = str_starts(x->req.path, STR("/southbound/"));

	http_respond_json(x, 200, report ? STR("{\"applied\":true}") : STR("{}"));
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct recording *r = (struct recording *)h;
	struct exchange *e;

	if (!str_is(x->from, "client")) {
		bystander(x);
		return;
	}
	e = find(r, r->request);
	if (!e) {
		if (!r->missing.n)
			r->missing = arena_printf(&r->now, "%.*s %.*s%s%.*s",
				STRF(x->req.method), STRF(x->req.path),
				x->req.query.p ? "?" : "", STRF(x->req.query));
		x->resp.fault = HTTP_FAULT_REFUSED;
		http_reply(x);
		return;
	}
	e->used = true;
	http_delay(x, e->failure == HTTP_TIMEOUT ? INT64_MAX : e->took_ns, reply, e);
}

static int enter(void *arg, struct world *w, struct str *url, struct err *err)
{
	struct recording *r = arg;
	struct exchanges *list;

	(void)url;
	take_probe(r, w);
	r->world = w;
	list = map_get(&r->checks, r->check);
	if (!list)
		return err_set(err, ERR_NOT_FOUND, "the recording does not have this check");
	for (struct exchange *x = list->first; x; x = x->next)
		x->used = false;
	return network_listen(w->net, "server.rig", "server", &r->handler, err);
}

static void leave(void *arg, struct world *w)
{
	struct recording *r = arg;

	if (map_get(&r->checks, r->check))
		network_unlisten(w->net, "server.rig");
	r->world = NULL;
}

static int64_t request(void *arg, struct http_call *c, struct str user)
{
	struct recording *r = arg;
	struct err err;
	cJSON *o = json_parse(put_request(r, c, user, &r->now), &err);
	const struct exchange *e;

	assert(o);
	r->request = canonical(o, &r->now);
	cJSON_Delete(o);
	/* What was waited for then is waited for now, on whatever clock. */
	e = find(r, r->request);
	if (e && e->failure != HTTP_TIMEOUT && c->timeout_ns < e->took_ns + MARGIN_NS)
		c->timeout_ns = e->took_ns + MARGIN_NS;
	return 0;
}

const struct run_target *recording_seam(struct recording *r)
{
	r->handler.handle = handle;
	r->seam = (struct run_target){
		.foreign = true, .no_parties = r->depth != DEPTH_WORLD,
		.enter = enter, .leave = leave, .request = request, .arg = r,
	};
	return &r->seam;
}

static bool looks_into_world(const struct scenario *sc)
{
	for (size_t i = 0; i < sc->steps.count; i++)
		if (sc->steps.list[i].kind == STEP_EXPECT_EVENT ||
		    sc->steps.list[i].kind == STEP_EXPECT_DEVICE)
			return true;
	return false;
}

/* Did what failed fail by looking into the world? */
static bool failed_there(const struct scenario *sc, const struct run_result *run)
{
	for (size_t i = 0; i < run->step_count && i < sc->steps.count; i++)
		if (run->steps[i].verdict != VERDICT_PASS)
			return sc->steps.list[i].kind == STEP_EXPECT_EVENT ||
			       sc->steps.list[i].kind == STEP_EXPECT_DEVICE;
	return false;
}

static void not_reached(struct run_result *run, struct str why)
{
	run->verdict = VERDICT_NOT_REACHED;
	run->message = why;
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].verdict != VERDICT_PASS) {
			run->steps[i].verdict = VERDICT_NOT_REACHED;
			if (run->steps[i].message.n)
				run->steps[i].message = why;
		}
}

void recording_settle(struct recording *r, const struct scenario *sc,
		      struct run_result *run, struct arena *a)
{
	if (r->missing.n)
		not_reached(run, arena_printf(a, "not in the recording: %.*s",
					      STRF(r->missing)));
	else if (run->verdict == VERDICT_PASS ? looks_into_world(sc) :
						failed_there(sc, run))
		not_reached(run, STR("it looks into the rig's world, which no recording has"));
}
