#include "cli/access.h"

#include "cli/output.h"
#include "proto/redact.h"
#include "sim/json.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_MAX = 1 << 20, PATH_SHOWN = 512 };

const unsigned access_bounds_us[ACCESS_BUCKETS] = {
	250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 1000000, 5000000,
	10000000,
};

/* The last row takes what is none of them. */
const struct access_name access_names[ACCESS_CLASSES] = {
#define X(method, path, fn, text, parameters) { method, path },
	ENDPOINTS(X)
#undef X
	{ "POST", "/southbound/v1/device_reports" },
	{ NULL, NULL },
};

/* ---- Which endpoint? ---------------------------------------------------- */

static bool matches(const char *pattern, struct str path)
{
	const char *p = pattern;
	size_t i = 0;

	while (*p) {
		if (*p == '{') {
			size_t from = i;

			while (i < path.n && path.p[i] != '/')
				i++;
			while (*p++ != '}')
				;
			if (i == from)
				return false;
		} else if (i < path.n && path.p[i] == *p) {
			i++;
			p++;
		} else {
			return false;
		}
	}
	return i == path.n;
}

static struct access_class *classify(struct access *a, const struct http_request *r)
{
	struct str path = r->path, method = r->method;
	size_t last = ACCESS_CLASSES - 1;

	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (str_ends(path, STR(".json")))
		path.n -= 5;
	else if (str_ends(path, STR(".csv")))
		path.n -= 4;
	if (str_is(method, "HEAD"))
		method = STR("GET");
	for (size_t i = 0; i < last; i++)
		if (str_is(method, access_names[i].method) &&
		    matches(access_names[i].pattern, path))
			return &a->counts->classes[i];
	return &a->counts->classes[last];
}

/* ---- The line. ---------------------------------------------------------- */

/* Whole lines, as many as fit into `max` bytes; the first one in any case. */
static struct str some_lines(struct str lines, size_t max)
{
	struct str some = { lines.p, 0 };

	while (some.n < lines.n) {
		const char *end = memchr(lines.p + some.n, '\n', lines.n - some.n);
		size_t n = end ? (size_t)(end + 1 - lines.p) : lines.n;

		if (n > max && some.n)
			break;
		some.n = n;
	}
	return some;
}

/* A file takes what is appended in one piece.  In a pipe only so much stays
 * together, and another worker may write into it, too. */
static void write_lines(struct task *t)
{
	struct access *a = (struct access *)((char *)t - offsetof(struct access, write));
	struct str lines = buf_view(&a->lines);
	bool apart = a->worker >= 0 && !a->is_file;
	struct err err;

	while (lines.n) {
		struct str some = apart ? some_lines(lines, PIPE_BUF) : lines;

		if (output_write(a->fd, some, &err) < 0)
			a->counts->lost++;
		lines = (struct str){ lines.p + some.n, lines.n - some.n };
	}
	buf_clear(&a->lines);
}

static void put_path(struct json *j, struct str path)
{
	struct buf b;

	if (path.n > PATH_SHOWN)
		path.n = PATH_SHOWN;
	buf_init(&b, PATH_SHOWN + 1);
	buf_str(&b, path);
	redact_secrets(&b);
	json_put(j, "path", buf_view(&b));
	buf_release(&b);
}

/* What a line says. */
struct entry {
	uint64_t id;
	struct str from, method, path;
	int status;
	uint64_t bytes;
	int64_t took_ns;
};

static void put_entry(struct json *j, const struct entry *e)
{
	char ms[32];

	json_put_int(j, "id", (int64_t)e->id);
	json_put(j, "from", e->from);
	json_put(j, "method", e->method.n > 32 ? STR("?") : e->method);
	put_path(j, e->path);
	json_put_int(j, "status", e->status);
	json_put_int(j, "bytes", (int64_t)e->bytes);
	snprintf(ms, sizeof(ms), "%.3f", (double)e->took_ns / (double)NS_PER_MS);
	json_key(j, "ms");
	json_raw(j, str_of(ms));
}

static void log_entry(struct access *a, const struct entry *e)
{
	char now[CLOCK_ISO_SIZE];
	struct json j = json_to(&a->lines);

	if (a->lines.max - a->lines.n < 8 * PATH_SHOWN)
		write_lines(&a->write);
	clock_iso_to(clock_unix_ms(a->clock), now);
	json_open(&j, '{');
	json_putz(&j, "time", now);
	if (a->worker >= 0)
		json_put_int(&j, "worker", a->worker);
	put_entry(&j, e);
	json_close(&j, '}');
	buf_char(&a->lines, '\n');
	if (a->loop)
		loop_defer(a->loop, &a->write);
}

static void log_line(struct access *a, const struct http_exchange *x,
		     uint64_t bytes, int64_t took_ns)
{
	log_entry(a, &(struct entry){ x->id, x->from, x->req.method, x->req.path,
				      x->resp.status, bytes, took_ns });
}

static void count_answer(struct access_class *c, int status)
{
	c->answers[status > 0 && status < ACCESS_STATUS_MAX ? status : 0]++;
}

void access_refused(struct access *a, const struct socknet_refusal *r)
{
	count_answer(&a->counts->classes[ACCESS_CLASSES - 1], r->status);
	if (a->path)
		log_entry(a, &(struct entry){ r->id, r->from, r->method, r->path,
					      r->status, 0, 0 });
}

/* ---- The handler. ------------------------------------------------------- */

struct seen {
	struct http_hook hook;		/* first: a hook is a seen */
	struct access *access;
	struct access_class *class;
	int64_t began_ns;
	/* An answer that is a stream is logged when it ends. */
	struct http_stream stream, *inner;
	struct http_exchange *x;
	uint64_t bytes;
};

static struct seen *of_stream(struct http_stream *st)
{
	return (struct seen *)(void *)((char *)st - offsetof(struct seen, stream));
}

static int count_piece(struct http_stream *st, struct buf *out)
{
	struct seen *s = of_stream(st);
	size_t before = out->n;
	int more = s->inner->next(s->inner, out);

	s->bytes += out->n - before;
	return more;
}

static void end_stream(struct http_stream *st)
{
	struct seen *s = of_stream(st);

	s->inner->close(s->inner);
	log_line(s->access, s->x, s->bytes, clock_machine_ns() - s->began_ns);
}

/* The turn's time would say that whatever is answered in its turn takes none. */
static void note(struct http_hook *h, struct http_exchange *x)
{
	struct seen *s = (struct seen *)h;
	struct access_class *c = s->class;
	int64_t took = clock_machine_ns() - s->began_ns;
	int status = x->resp.status;
	size_t i = 0;

	s->access->counts->in_flight--;
	count_answer(c, status);
	c->count++;
	c->took_ns += (uint64_t)took;
	while (i < ACCESS_BUCKETS && took > (int64_t)access_bounds_us[i] * NS_PER_US)
		i++;
	if (i < ACCESS_BUCKETS)
		c->took[i]++;
	if (s->access->path && x->resp.stream) {
		s->inner = x->resp.stream;
		s->x = x;
		x->resp.stream = &s->stream;
	} else if (s->access->path) {
		log_line(s->access, x, http_body_sent(x->req.method, &x->resp).n, took);
	}
	http_pass(x);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct access *a = (struct access *)h;
	struct seen *s = ARENA_NEW(x->arena, struct seen);

	*s = (struct seen){
		.hook = { .reply = note }, .access = a,
		.class = classify(a, &x->req), .began_ns = clock_machine_ns(),
		.stream = { .next = count_piece, .close = end_stream },
	};
	a->counts->in_flight++;
	http_push_hook(x, &s->hook);
	a->next->handle(a->next, x);
}

/* ---- Life. -------------------------------------------------------------- */

static int open_log(const char *path, struct err *err)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return STDOUT_FILENO;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
	return fd;
}

static void use_log(struct access *a, int fd)
{
	struct stat st;

	a->fd = fd;
	a->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int access_init(struct access *a, struct loop *loop, struct http_handler *next,
		const char *path, struct access_counts *counts, struct err *err)
{
	int fd;

	*a = (struct access){ .handler = { handle }, .next = next, .loop = loop,
			      .clock = &loop->clock,
			      .path = path, .fd = -1, .write = { .run = write_lines },
			      .worker = -1, .counts = counts };
	buf_init(&a->lines, LINES_MAX);
	if (!path)
		return 0;
	fd = open_log(path, err);
	if (fd < 0)
		return -1;
	use_log(a, fd);
	return 0;
}

static void close_log(struct access *a)
{
	if (a->fd > STDERR_FILENO)
		close(a->fd);
	a->fd = -1;
}

int access_reopen(struct access *a, struct err *err)
{
	int fd;

	if (!a->path)
		return 0;
	fd = open_log(a->path, err);
	if (fd < 0)
		return -1;
	write_lines(&a->write);
	close_log(a);
	use_log(a, fd);
	return 0;
}

void access_end(struct access *a)
{
	a->loop = NULL;
}

void access_release(struct access *a)
{
	assert(!a->write.queued);
	if (a->fd >= 0)
		write_lines(&a->write);
	close_log(a);
	buf_release(&a->lines);
}
