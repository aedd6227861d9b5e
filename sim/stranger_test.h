/*
 * stranger_test.h - a host on a socket, and a stranger who talks to it.
 *
 * The stranger is a plain socket in the same loop: it sends what bytes it
 * likes, and what comes back is text in `got`.  The host's handler does what
 * the path says.
 */
#ifndef SIM_STRANGER_TEST_H
#define SIM_STRANGER_TEST_H

#include "sim/socknet.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rig {
	struct http_handler handler;	/* first: a rig is a handler */
	struct loop loop;
	struct eventlog log;
	struct network *net;
	char address[SOCKNET_ADDRESS_SIZE];
	unsigned handled, completed;
	struct http_exchange *held;
	char from[64], seen[256];
	struct timer limit, step;
	/* The stranger. */
	struct watch watch;
	struct buf got;
	bool open, was_reset;
	const char *until;		/* stop when that has come */
};

static inline void handle(struct http_handler *h, struct http_exchange *x)
{
	struct rig *rig = (struct rig *)h;
	struct str p = x->req.path;

	rig->handled++;
	snprintf(rig->from, sizeof(rig->from), "%.*s", STRF(x->from));
	snprintf(rig->seen, sizeof(rig->seen), "%.*s %.*s?%.*s %zu %.100s",
		 STRF(x->req.method), STRF(x->req.path), STRF(x->req.query),
		 x->req.body.n, x->req.body.p);
	if (str_is(p, "/hold")) {
		rig->held = x;
		return;
	}
	if (str_is(p, "/leave")) {
		network_unlisten(rig->net, "party.rig");
		return;
	}
	if (str_is(p, "/cut"))
		x->resp.fault = HTTP_FAULT_CUT;
	else if (str_is(p, "/reset"))
		x->resp.fault = HTTP_FAULT_RESET;
	else if (str_is(p, "/refused"))
		x->resp.fault = HTTP_FAULT_REFUSED;
	if (str_is(p, "/claim"))
		snprintf(rig->seen, sizeof(rig->seen), "%s",
			 http_header(&x->req.headers, "rig-call").p ? "kept" : "gone");
	http_respond(x, str_is(p, "/same") ? 304 : 200, "text/plain", STR("0123456789"));
}

static inline void too_long(struct timer *t)
{
	(void)t;
	ck_abort_msg("nothing happens any more");
}

static inline void rig_init(struct rig *rig)
{
	struct err err = { 0 };

	*rig = (struct rig){ .handler = { handle } };
	loop_init(&rig->loop, CLOCK_KIND_REAL, 1, CLOCK_EPOCH_MS);
	eventlog_init(&rig->log, &rig->loop.clock);
	buf_init(&rig->got, 1 << 20);
	rig->net = socknet_new(&rig->loop, &rig->log, &err);
	ck_assert_msg(rig->net != NULL, "%s", err.msg);
	ck_assert_msg(socknet_listen(rig->net, "party.rig", "party", &rig->handler,
				     "127.0.0.1:0", rig->address, &err) == 0,
		      "%s", err.msg);
	rig->limit.fire = too_long;
}

static inline void hang_up(struct rig *rig)
{
	if (!rig->open)
		return;
	loop_unwatch(&rig->loop, &rig->watch);
	close(rig->watch.fd);
	rig->open = false;
}

static inline void rig_release(struct rig *rig)
{
	hang_up(rig);
	network_release(rig->net);
	loop_disarm(&rig->loop, &rig->limit);
	loop_disarm(&rig->loop, &rig->step);
	loop_release(&rig->loop);
	eventlog_release(&rig->log);
	buf_release(&rig->got);
}

static inline void rig_run(struct rig *rig)
{
	struct err err = { 0 };

	loop_arm(&rig->loop, &rig->limit, 10 * NS_PER_S);
	ck_assert_msg(loop_run(&rig->loop, &err) == 0, "%s", err.msg);
}

static inline void stop_step(struct timer *t)
{
	loop_stop(&((struct rig *)((char *)t - offsetof(struct rig, step)))->loop);
}

static inline void settle(struct rig *rig)
{
	rig->step.fire = stop_step;
	loop_arm(&rig->loop, &rig->step, 20 * NS_PER_MS);
	rig_run(rig);
}

static inline void readable(struct watch *w, uint32_t events)
{
	struct rig *rig = (struct rig *)((char *)w - offsetof(struct rig, watch));
	char bytes[4096];
	ssize_t n = recv(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)events;
	if (n > 0) {
		buf_add(&rig->got, bytes, (size_t)n);
		if (rig->until && strstr(rig->got.p, rig->until))
			loop_stop(&rig->loop);
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	rig->was_reset = n < 0;
	hang_up(rig);
	loop_stop(&rig->loop);
}

static inline void connect_raw(struct rig *rig)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), rc;

	ck_assert_int_ge(fd, 0);
	sa.sin_port = htons((uint16_t)strtoul(strrchr(rig->address, ':') + 1, NULL, 10));
	rc = connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	ck_assert_int_eq(rc, 0);
	rig->watch = (struct watch){ fd, readable };
	rig->open = true;
	rig->was_reset = false;
	buf_clear(&rig->got);
	loop_watch(&rig->loop, &rig->watch, EPOLLIN);
}

static inline void send_raw(struct rig *rig, const char *bytes, size_t n)
{
	ck_assert_int_eq(send(rig->watch.fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline void send_text(struct rig *rig, const char *text)
{
	send_raw(rig, text, strlen(text));
}

/* Send, and run until `until` has come, or the end if it is NULL. */
static inline const char *talk(struct rig *rig, const char *text, const char *until)
{
	if (!rig->open)
		connect_raw(rig);
	buf_clear(&rig->got);
	rig->until = until;
	send_text(rig, text);
	rig_run(rig);
	return rig->got.p ? rig->got.p : "";
}

#endif
