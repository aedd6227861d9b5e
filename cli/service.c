#include "cli/service.h"

#include "cli/output.h"
#include "proto/redact.h"
#include "sim/socknet.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DRAIN_NS (5 * NS_PER_MS)

/* ---- systemd: sd_notify(3) is a datagram. ------------------------------- */

void service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')		/* the abstract namespace */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody there: then nobody waits for it. */
	sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	       (const struct sockaddr *)&to,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

/* ---- The end. ----------------------------------------------------------- */

static void finish(struct service *s)
{
	loop_disarm(&s->loop, &s->drain);
	loop_stop(&s->loop);
}

static void cut_off(struct service *s, const char *why)
{
	size_t left = socknet_under_way(s->net);

	if (left)
		s->exit_code = verb_fail(s->verb, EXIT_FAILED,
					 "%s: %zu request%s cut off", why, left,
					 left == 1 ? " was" : "s were");
	finish(s);
}

static void drain(struct timer *t)
{
	struct service *s = (struct service *)((char *)t -
			    offsetof(struct service, drain));

	if (socknet_under_way(s->net) == 0)
		finish(s);
	else if (loop_now(&s->loop).ns >= s->deadline.ns)
		cut_off(s, "the time of grace is over");
	else
		loop_arm(&s->loop, &s->drain, DRAIN_NS);
}

static void tell_parent(const struct service *s, enum service_word word)
{
	char c = (char)word;

	/* It may be gone; then its socket says so. */
	send(s->signals.fd, &c, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void stop(struct service *s)
{
	if (s->stopping) {
		cut_off(s, "told to stop a second time");
		return;
	}
	s->stopping = true;
	socknet_quiesce(s->net);
	if (!s->worker)
		service_notify("STOPPING=1");
	else if (s->signals.fd >= 0)
		tell_parent(s, SERVICE_QUIET);
	s->deadline.ns = loop_now(&s->loop).ns + s->grace_ns;
	/* Some turns on, what was in the kernel has begun to arrive. */
	loop_arm(&s->loop, &s->drain, DRAIN_NS);
}

void service_is_reloading(void)
{
	char text[96];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)(clock_machine_ns() / NS_PER_US));
	service_notify(text);
}

static void reload(struct service *s)
{
	if (!s->reload || s->stopping)
		return;
	service_is_reloading();
	s->reload(s);
	service_notify("READY=1");
}

static void signalled(struct watch *w, uint32_t events)
{
	struct service *s = (struct service *)((char *)w -
			    offsetof(struct service, signals));
	struct signalfd_siginfo info;

	(void)events;
	while (read(w->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(s);
		else
			stop(s);
	}
}

/* ---- Life. -------------------------------------------------------------- */

/* Nobody would start a new worker, or stop this one. */
static void orphaned(struct service *s)
{
	loop_unwatch(&s->loop, &s->signals);
	close(s->signals.fd);
	s->signals.fd = -1;
	if (!s->stopping)
		stop(s);
}

/* Words of the parent. */
static void told(struct watch *w, uint32_t events)
{
	struct service *s = (struct service *)((char *)w -
			    offsetof(struct service, signals));
	ssize_t n;
	char c;

	(void)events;
	while ((n = recv(w->fd, &c, 1, MSG_DONTWAIT)) == 1) {
		if (c == SERVICE_STOP)
			stop(s);
		if (c != SERVICE_RELOAD)
			continue;
		if (!s->stopping)
			s->reload(s);
		tell_parent(s, SERVICE_RELOADED);
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		orphaned(s);
}

static int init(struct service *s, const struct verb *verb)
{
	struct err err = { 0 };

	*s = (struct service){ .verb = verb, .grace_ns = 30 * NS_PER_S,
			       .signals = { -1, signalled }, .drain = { drain, 0 } };
	loop_init(&s->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	eventlog_init(&s->log, &s->loop.clock);
	s->log.redact = redact_secrets;
	s->net = socknet_new(&s->loop, &s->log, &err);
	return s->net ? EXIT_PASSED : verb_fail(verb, EXIT_RIG, "%s", err.msg);
}

int service_init_worker(struct service *s, const struct verb *verb, int parent_fd)
{
	int code = init(s, verb);

	s->worker = true;
	s->signals = (struct watch){ parent_fd, told };
	loop_watch(&s->loop, &s->signals, EPOLLIN);
	return code;
}

int service_init(struct service *s, const struct verb *verb)
{
	int code;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	code = init(s, verb);
	if (code != EXIT_PASSED)
		return code;
	s->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals.fd < 0)
		return verb_fail(verb, EXIT_RIG, "signals: %s", strerror(errno));
	loop_watch(&s->loop, &s->signals, EPOLLIN);
	return EXIT_PASSED;
}

void service_is_ready(const struct verb *verb, const char *where)
{
	struct err err = { 0 };
	struct buf line;

	buf_init(&line, 1024);
	buf_printf(&line, "esimrig %s: %s\n", verb->name, where);
	/* Whoever started it may not listen; that is no reason not to serve. */
	output_write(STDOUT_FILENO, buf_view(&line), &err);
	buf_release(&line);
	service_notify("READY=1");
}

int service_run(struct service *s, const char *ready)
{
	struct err err = { 0 };

	if (s->worker)
		tell_parent(s, SERVICE_READY);
	else
		service_is_ready(s->verb, ready);
	if (loop_run(&s->loop, &err) < 0)
		return verb_fail(s->verb, EXIT_RIG, "%s", err.msg);
	return s->exit_code;
}

void service_release(struct service *s)
{
	if (s->signals.fd >= 0) {
		loop_unwatch(&s->loop, &s->signals);
		close(s->signals.fd);
	}
	loop_disarm(&s->loop, &s->drain);
	if (s->net)
		network_release(s->net);
	loop_release(&s->loop);
	eventlog_release(&s->log);
}
