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

static void stop(struct service *s)
{
	if (s->stopping) {
		cut_off(s, "told to stop a second time");
		return;
	}
	s->stopping = true;
	socknet_quiesce(s->net);
	service_notify("STOPPING=1");
	s->deadline.ns = loop_now(&s->loop).ns + s->grace_ns;
	/* Some turns on, what was in the kernel has begun to arrive. */
	loop_arm(&s->loop, &s->drain, DRAIN_NS);
}

static void reload(struct service *s)
{
	char text[96];

	if (!s->reload || s->stopping)
		return;
	/* Type=notify-reload wants to know when it began. */
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)(clock_machine_ns() / NS_PER_US));
	service_notify(text);
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

int service_init(struct service *s, const struct verb *verb)
{
	struct err err = { 0 };
	sigset_t set;

	*s = (struct service){ .verb = verb, .grace_ns = 30 * NS_PER_S,
			       .signals = { -1, signalled }, .drain = { drain, 0 } };
	loop_init(&s->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	eventlog_init(&s->log, &s->loop.clock);
	s->log.redact = redact_secrets;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->net = socknet_new(&s->loop, &s->log, &err);
	if (!s->net)
		return verb_fail(verb, EXIT_RIG, "%s", err.msg);
	s->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals.fd < 0)
		return verb_fail(verb, EXIT_RIG, "signals: %s", strerror(errno));
	loop_watch(&s->loop, &s->signals, EPOLLIN);
	return EXIT_PASSED;
}

int service_run(struct service *s, const char *ready)
{
	struct err err = { 0 };
	struct buf line;

	buf_init(&line, 1024);
	buf_printf(&line, "esimrig %s: %s\n", s->verb->name, ready);
	/* Whoever started it may not listen; that is no reason not to serve. */
	output_write(STDOUT_FILENO, buf_view(&line), &err);
	buf_release(&line);
	service_notify("READY=1");
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
