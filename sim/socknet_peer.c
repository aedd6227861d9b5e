/* A connection to a host: our patience with it, and who it was. */
#include "sim/socknet_serve_parts.h"

#include <assert.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Patience. --------------------------------------------------------- */

/* While an answer is sent, a peer that takes less than that in `stall_ns`
 * makes no progress. */
enum { STALL_BYTES = 1024 };

struct sockpeer *sockpeer_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn,
						MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

int connection_fd(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn,
						MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void be_patient(struct sockpeer *p, int64_t machine_ns)
{
	struct loop *loop = p->host->n->net.loop;

	if (machine_ns > 0)
		loop_arm(loop, &p->timer, (int64_t)((double)machine_ns *
						    loop->clock.rate));
	else
		loop_disarm(loop, &p->timer);
}

static uint64_t bytes_acked(struct MHD_Connection *conn)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(connection_fd(conn), IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_bytes_acked;
}

/* MHD sees the end of the connection, and closes it. */
static void lose_patience(struct timer *t)
{
	struct sockpeer *p = (struct sockpeer *)t;
	uint64_t acked = p->answering ? bytes_acked(p->conn) : 0;

	if (p->answering && acked >= p->acked + STALL_BYTES) {
		p->acked = acked;
		be_patient(p, p->host->limits.stall_ns);
		return;
	}
	p->host->n->counts->too_slow++;
	shutdown(connection_fd(p->conn), SHUT_RDWR);
}

void sockpeer_free(struct sockpeer *p)
{
	loop_disarm(p->host->n->net.loop, &p->timer);
	if (p->prev)
		p->prev->next = p->next;
	else
		p->host->peers = p->next;
	if (p->next)
		p->next->prev = p->prev;
	free(p);
}

struct str sockpeer_address(struct sockpeer *p)
{
	const union MHD_ConnectionInfo *info;
	const struct sockaddr *sa;

	if (!p)
		return STR("?");
	if (p->address[0])
		return str_of(p->address);
	info = MHD_get_connection_info(p->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	sa = info ? info->client_addr : NULL;
	if (!sa || getnameinfo(sa, sa->sa_family == AF_INET6 ?
			       sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
			       p->address, sizeof(p->address), NULL, 0,
			       NI_NUMERICHOST) != 0)
		snprintf(p->address, sizeof(p->address), "?");
	return str_of(p->address);
}

/* ---- What no handler sees. ---------------------------------------------- */

void sockpeer_tell_refusal(struct sockpeer *p, const struct served *s, int status)
{
	struct socknet *n = p->host->n;
	struct socknet_refusal r = {
		.host = p->host->name, .from = sockpeer_address(p), .status = status,
	};

	if (!n->refused)
		return;
	if (s) {
		r.method = s->x.req.method;
		r.path = s->x.req.path;
	}
	r.id = s && s->x.id ? s->x.id : ++n->net.next_id;
	n->refused(n->refused_arg, &r);
}

/* It has sent something, but not as much as the first line of a request. */
static void tell_silent(struct sockpeer *p)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (!p->asked && p->host->n->refused &&
	    getsockopt(connection_fd(p->conn), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	    info.tcpi_bytes_received > 1)	/* the other side's FIN counts as one */
		sockpeer_tell_refusal(p, NULL, 0);
}

void sockpeer_connected(void *cls, struct MHD_Connection *conn, void **ctx,
		      enum MHD_ConnectionNotificationCode what)
{
	struct sockhost *h = cls;
	struct sockpeer *p;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		h->n->counts->closed++;
		if (*ctx)
			tell_silent(*ctx);
		if (*ctx)
			sockpeer_free(*ctx);
		*ctx = NULL;
		return;
	}
	h->n->counts->accepted++;
	p = calloc(1, sizeof(*p));
	assert(p);
	*p = (struct sockpeer){ { .fire = lose_patience }, .host = h, .conn = conn,
			    .next = h->peers };
	if (p->next)
		p->next->prev = p;
	h->peers = p;
	*ctx = p;
	be_patient(p, h->limits.request_ns);
}

/* Its first request has begun with the connection. */
void sockpeer_request_begins(struct sockpeer *p)
{
	if (p && p->asked)
		be_patient(p, p->host->limits.request_ns);
	if (p)
		p->asked = true;
}

void sockpeer_request_is_here(struct sockpeer *p)
{
	if (p)
		be_patient(p, 0);
}

void sockpeer_answer_begins(struct sockpeer *p)
{
	if (!p || !p->host->limits.stall_ns)
		return;
	p->answering = true;
	p->acked = bytes_acked(p->conn);
	be_patient(p, p->host->limits.stall_ns);
}

void sockpeer_answer_is_out(struct sockpeer *p)
{
	if (!p)
		return;
	p->answering = false;
	be_patient(p, p->host->limits.idle_ns);
}
