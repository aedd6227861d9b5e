#include "cli/load.h"

#include "sim/clock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 64 << 20,
	REQUEST_MAX = 1 << 20,
	READ_SIZE = 256 << 10,
	BATCH = 64,
};

#define PATIENCE_NS (10 * NS_PER_S)

/* How far the answer has been read. */
enum reading { READING_HEAD, READING_BODY, READING_CHUNKS };

struct lane {
	int fd;
	bool busy;
	int64_t sent_ns;
	struct buf in;
	enum reading reading;
	size_t head;		/* bytes of it */
	size_t at, need;	/* in `in`: where the next chunk begins; its end */
};

struct run {
	const struct load *load;
	struct lane *lanes;
	int epoll_fd;
	uint64_t asked, answers;
	int64_t began_ns, heard_ns;
	struct buf out;
	uint32_t *took_ns;
	size_t took_cap;
	char *bytes;		/* READ_SIZE of them */
};

/* ---- Connections. ------------------------------------------------------ */

static int parse_address(const char *address, struct sockaddr_in *sa,
			 struct err *err)
{
	const char *colon = strrchr(address, ':');
	char host[64];
	uint64_t port;

	*sa = (struct sockaddr_in){ .sin_family = AF_INET };
	if (!colon || colon - address >= (ptrdiff_t)sizeof(host) ||
	    str_to_u64(str_of(colon + 1), UINT16_MAX, &port) < 0)
		goto bad;
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	sa->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &sa->sin_addr) == 1)
		return 0;
bad:
	return err_set(err, ERR_INVALID, "load: '%s' is no address", address);
}

static int open_lane(struct run *r, struct lane *c, const struct sockaddr_in *sa,
		     struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	buf_init(&c->in, ANSWER_MAX);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0)
		return err_set(err, ERR_IO, "load: %s: %s", r->load->address,
			       strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		return err_set(err, ERR_IO, "load: epoll: %s", strerror(errno));
	return 0;
}

static int open_lanes(struct run *r, struct err *err)
{
	struct sockaddr_in sa;

	if (parse_address(r->load->address, &sa, err) < 0)
		return -1;
	for (unsigned i = 0; i < r->load->connections; i++)
		if (open_lane(r, &r->lanes[i], &sa, err) < 0)
			return -1;
	return 0;
}

/* ---- Asking. ----------------------------------------------------------- */

static bool is_over(const struct run *r)
{
	const struct load *l = r->load;

	if (l->requests && r->asked >= l->requests)
		return true;
	return l->seconds > 0 &&
	       (double)(clock_machine_ns() - r->began_ns) >= l->seconds * 1e9;
}

static int ask(struct run *r, struct lane *c, struct err *err)
{
	ssize_t n;

	c->busy = false;
	buf_clear(&r->out);
	if (is_over(r) || r->load->write(r->load->arg, r->asked, &r->out) < 0)
		return 0;
	assert(!r->out.over);
	buf_clear(&c->in);
	c->reading = READING_HEAD;
	c->busy = true;
	r->asked++;
	c->sent_ns = clock_machine_ns();
	/* The socket blocks: requests are small, and the other side reads. */
	for (size_t at = 0; at < r->out.n; at += (size_t)n) {
		n = send(c->fd, r->out.p + at, r->out.n - at, MSG_NOSIGNAL);
		if (n < 0)
			return err_set(err, ERR_IO, "load: send: %s", strerror(errno));
	}
	return 0;
}

/* ---- Reading answers. -------------------------------------------------- */

static struct str rest_of(const struct lane *c, size_t from)
{
	return (struct str){ c->in.p + from, c->in.n - from };
}

/* The value of a header in a complete head, or STR_NONE. */
static struct str find_header(struct str head, const char *name)
{
	while (head.n) {
		struct str line = str_split(&head, '\n');
		struct str key = str_split(&line, ':');

		if (line.p && str_ieq(key, str_of(name)))
			return str_trim(line);
	}
	return STR_NONE;
}

static int refused(const struct run *r, const struct lane *c, struct err *err)
{
	struct str text = rest_of(c, 0);

	if (text.n > 300)
		text.n = 300;
	return err_set(err, ERR_STATE, "load: expected %d, found %.*s",
		       r->load->status, STRF(text));
}

static int read_head(const struct run *r, struct lane *c, struct err *err)
{
	ptrdiff_t end = str_find(rest_of(c, 0), STR("\r\n\r\n"));
	struct str head, status, length;
	uint64_t n;

	if (end < 0)
		return 0;
	c->head = (size_t)end + 4;
	head = (struct str){ c->in.p, c->head };
	status = head;
	str_split(&status, ' ');
	status = str_split(&status, ' ');
	if (str_to_u64(status, 999, &n) < 0 || n != (uint64_t)r->load->status)
		return refused(r, c, err);
	length = find_header(head, "Content-Length");
	if (str_ieq(find_header(head, "Transfer-Encoding"), STR("chunked"))) {
		c->reading = READING_CHUNKS;
		c->at = c->head;
		return 0;
	}
	if (str_to_u64(length, ANSWER_MAX, &n) < 0)
		return refused(r, c, err);
	c->reading = READING_BODY;
	c->need = c->head + n;
	return 0;
}

/* Is the last chunk here?  -1 if a size is none. */
static int read_chunks(struct lane *c)
{
	for (;;) {
		struct str text = rest_of(c, c->at);
		ptrdiff_t end = str_find((struct str){ text.p, text.n < 32 ? text.n : 32 },
					 STR("\r\n"));
		char *stop;
		size_t size;

		if (end < 0)
			return text.n < 32 ? 0 : -1;
		size = strtoul(text.p, &stop, 16);
		if (stop == text.p || size > ANSWER_MAX)
			return -1;
		if (text.n < (size_t)end + 2 + size + 2)
			return 0;
		c->at += (size_t)end + 2 + size + 2;
		if (size == 0)
			return 1;
	}
}

/* 1: the answer is complete. */
static int look(const struct run *r, struct lane *c, struct err *err)
{
	int rc;

	if (c->reading == READING_HEAD && read_head(r, c, err) < 0)
		return -1;
	switch (c->reading) {
	case READING_HEAD:
		return 0;
	case READING_BODY:
		return c->in.n >= c->need;
	case READING_CHUNKS:
		rc = read_chunks(c);
		return rc < 0 ? refused(r, c, err) : rc;
	}
	return 0;
}

static void note(struct run *r, const struct lane *c)
{
	int64_t ns = clock_machine_ns() - c->sent_ns;

	if (r->answers == r->took_cap) {
		r->took_cap = r->took_cap ? 2 * r->took_cap : 1 << 16;
		r->took_ns = realloc(r->took_ns, r->took_cap * sizeof(*r->took_ns));
		assert(r->took_ns);
	}
	r->took_ns[r->answers++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static void keep_body(const struct run *r, const struct lane *c)
{
	struct buf *b = r->load->body;

	if (!b)
		return;
	buf_clear(b);
	buf_str(b, rest_of(c, c->head));
}

static int take(struct run *r, struct lane *c, struct err *err)
{
	ssize_t n = recv(c->fd, r->bytes, READ_SIZE, MSG_DONTWAIT);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(err, ERR_IO, "load: the server closed a connection");
	if (!c->busy)
		return err_set(err, ERR_STATE, "load: an answer that nobody asked for");
	buf_add(&c->in, r->bytes, (size_t)n);
	if (c->in.over)
		return err_set(err, ERR_LIMIT, "load: an answer over %d bytes",
			       ANSWER_MAX);
	rc = look(r, c, err);
	if (rc <= 0)
		return rc;
	note(r, c);
	keep_body(r, c);
	return ask(r, c, err);
}

/* ---- The run. ---------------------------------------------------------- */

/*
 * It never sleeps: to wake it would be work for the server, and the more of
 * it the slower the server is.  But who shares its processor may have it.
 */
static int turn(struct run *r, struct err *err)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(r->epoll_fd, events, BATCH, 0);

	if (n < 0 && errno != EINTR)
		return err_set(err, ERR_IO, "load: epoll: %s", strerror(errno));
	if (n == 0)
		sched_yield();
	if (n > 0)
		r->heard_ns = clock_machine_ns();
	else if (clock_machine_ns() - r->heard_ns > PATIENCE_NS)
		return err_set(err, ERR_TIMEOUT, "load: no answer in %d s",
			       (int)(PATIENCE_NS / NS_PER_S));
	for (int i = 0; i < n; i++)
		if (take(r, events[i].data.ptr, err) < 0)
			return -1;
	return 0;
}

static int drive(struct run *r, struct err *err)
{
	r->began_ns = r->heard_ns = clock_machine_ns();
	for (unsigned i = 0; i < r->load->connections; i++)
		if (ask(r, &r->lanes[i], err) < 0)
			return -1;
	while (r->answers < r->asked)
		if (turn(r, err) < 0)
			return -1;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sum_up(struct run *r, struct load_result *result)
{
	size_t n = r->answers;

	*result = (struct load_result){
		.answers = n,
		.seconds = (double)(clock_machine_ns() - r->began_ns) / 1e9,
	};
	if (n == 0)
		return;
	qsort(r->took_ns, n, sizeof(*r->took_ns), by_size);
	result->median_us = r->took_ns[n / 2] / 1e3;
	result->p99_us = r->took_ns[n - 1 - n / 100] / 1e3;
}

int load_run(const struct load *l, struct load_result *result, struct err *err)
{
	struct run r = { .load = l };
	int rc;

	assert(l->connections > 0 && (l->seconds > 0 || l->requests > 0));
	r.lanes = calloc(l->connections, sizeof(*r.lanes));
	r.bytes = malloc(READ_SIZE);
	assert(r.lanes && r.bytes);
	for (unsigned i = 0; i < l->connections; i++)
		r.lanes[i].fd = -1;
	buf_init(&r.out, REQUEST_MAX);
	r.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = open_lanes(&r, err);
	if (rc == 0)
		rc = drive(&r, err);
	if (rc == 0)
		sum_up(&r, result);
	for (unsigned i = 0; i < l->connections; i++) {
		if (r.lanes[i].fd >= 0)
			close(r.lanes[i].fd);
		buf_release(&r.lanes[i].in);
	}
	close(r.epoll_fd);
	buf_release(&r.out);
	free(r.took_ns);
	free(r.bytes);
	free(r.lanes);
	return rc;
}
