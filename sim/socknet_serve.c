/* The listening half: hosts, each a daemon in the loop. */
#include "sim/socknet_serve_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	return MHD_start_daemon(flags, 0, NULL, NULL, served_handle, h,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_URI_LOG_CALLBACK, served_opened, h,
		MHD_OPTION_NOTIFY_COMPLETED, served_completed, h,
		MHD_OPTION_NOTIFY_CONNECTION, sockpeer_connected, h,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SOCKNET_HEAD_MAX,
		MHD_OPTION_CONNECTION_LIMIT, most,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->limits.connections_per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		/* Where it is strict it hangs up, or answers twice: fault_of() is. */
		MHD_OPTION_STRICT_FOR_CLIENT, 0,
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
	served_free_spares(h);
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
			served_resume(s, SERVED_ANSWERED);
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
		served_drop(s);
	loop_unwatch(loop, &h->watch);
	loop_disarm(loop, &h->timer);
	MHD_stop_daemon(h->daemon);
	while (h->open)
		served_free(h->open);
	while (h->peers)
		sockpeer_free(h->peers);
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
			served_drop(s);
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
