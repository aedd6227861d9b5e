#include "conformance/link.h"

#include "conformance/launch.h"
#include "conformance/recording.h"
#include "conformance/retry.h"
#include "proto/base64.h"
#include "sim/socknet.h"

#include <assert.h>
#include <stdio.h>

/* Longer than that the rig does not wait for a target that says so. */
#define RETRY_MAX_NS (600 * NS_PER_S)
#define TELL_FROM_NS NS_PER_S
/* Of the machine, for worlds that others begin. */
#define TURN_NS (20 * NS_PER_S)

static void tell(const struct link *l, struct str what, int64_t waits_ns)
{
	if (l->tell)
		l->tell(l->tell_arg, what, waits_ns);
}

/* The machine's time as the run's clock counts it. */
static int64_t simulated(const struct http_call *c, int64_t machine_ns)
{
	return (int64_t)((double)machine_ns * c->net->loop->clock.rate);
}

/* ---- Into a world, and out of it. ---------------------------------------- */

static int route(const struct target *t, struct world *w, struct str url,
		 struct err *err)
{
	const struct socknet_peer peer = {
		.url = arena_str(w->arena, url).p, .ca_file = t->tls.ca.p,
		.cert_file = t->tls.cert.p, .key_file = t->tls.key.p,
		.insecure = t->tls.insecure,
	};

	return socknet_route(w->net, "server.rig", "server", &peer, err);
}

static int enter(void *arg, struct world *w, struct str *url, struct err *err)
{
	struct link *l = arg;
	const struct target *t = l->target;

	for (size_t i = 0; i < t->secret_count; i++)
		world_secret(w, t->secrets[i]);
	if (l->recording)
		recording_world(l->recording, w);
	*url = t->url;
	if (l->depth == DEPTH_WORLD &&
	    launch_start(t, w, &l->launched, url, err) < 0)
		return -1;
	return route(t, w, *url, err);
}

static void leave(void *arg, struct world *w)
{
	struct link *l = arg;

	(void)w;
	turns_give(&l->turns);
	launch_end(l->launched);
	l->launched = NULL;
}

/* Until its first request it is set up, or it ends. */
void link_await_turn(struct link *l)
{
	if (l->depth == DEPTH_WORLD)
		turns_take(&l->turns, TURN_NS);
}

/* ---- A request. ----------------------------------------------------------- */

static const struct target_auth *find_auth(const struct target *t, struct str user)
{
	for (size_t i = 0; i < t->users.count; i++)
		if (str_eq(t->users.list[i].key, user))
			return &t->users.list[i].auth;
	return NULL;
}

static void put_basic(struct http_call *c, const struct target_auth *auth)
{
	struct buf value;

	buf_init(&value, 64 << 10);
	buf_z(&value, "Basic ");
	base64_encode(&value, arena_printf(c->arena, "%.*s:%.*s", STRF(auth->name),
					   STRF(auth->secret)));
	http_call_header(c, "Authorization", buf_view(&value));
	buf_release(&value);
}

static void put_auth(struct http_call *c, const struct target_auth *auth)
{
	switch (auth->kind) {
	case AUTH_NONE:
		break;
	case AUTH_BASIC:
		put_basic(c, auth);
		break;
	case AUTH_API_KEY:
		http_call_header(c, "X-API-KEY-ID", auth->name);
		http_call_header(c, "X-API-KEY-SECRET", auth->secret);
		break;
	case AUTH_BEARER:
		http_call_header(c, "Authorization", arena_printf(c->arena,
				 "Bearer %.*s", STRF(auth->secret)));
		break;
	}
}

/* A check's own headers win over those of the target file. */
static void put_headers(const struct target *t, struct http_call *c, struct str user)
{
	const struct target_auth *auth = user.p ? find_auth(t, user) : NULL;

	if (auth && !http_header(&c->req.headers, "Authorization").p)
		put_auth(c, auth);
	for (size_t i = 0; i < t->headers.count; i++) {
		const struct target_header *h = &t->headers.list[i];

		if (!http_header(&c->req.headers, h->name.p).p)
			http_call_header(c, h->name.p, h->value);
	}
}

/* How long to hold it back, in the machine's time. */
static int64_t pace(struct link *l)
{
	int64_t now = clock_machine_ns(), at = now;

	if (l->next_ns > at)
		at = l->next_ns;
	if (l->held_ns > at)
		at = l->held_ns;
	l->next_ns = at + l->target->gap_ns;
	return at - now;
}

static int64_t request(void *arg, struct http_call *c, struct str user)
{
	struct link *l = arg;
	int64_t hold_ns = 0;

	turns_give(&l->turns);
	if (l->recording)
		recording_asked(l->recording, c, user);
	put_headers(l->target, c, user);
	/* A check's own limit counts in the world's time. */
	if (c->timeout_ns == HTTP_TIMEOUT_NS)
		c->timeout_ns = simulated(c, l->target->timeout_ns);
	if (l->depth != DEPTH_WORLD)
		hold_ns = pace(l);
	tell(l, arena_printf(c->arena, "%.*s %.*s", STRF(c->req.method),
			     STRF(c->req.path)), hold_ns > TELL_FROM_NS ? hold_ns : 0);
	return simulated(c, hold_ns);
}

static void note_server(struct link *l, const struct http_call *c)
{
	struct str server = http_header(&c->resp.headers, "Server");

	if (server.n)
		snprintf(l->server, sizeof(l->server), "%.*s", STRF(server));
}

/* Too many requests: when to ask again, or -1 to take that for the answer. */
static int64_t ask_again(struct link *l, const struct http_call *c)
{
	struct str after = http_header(&c->resp.headers, "Retry-After");
	int64_t wait_ns = retry_after_ns(after, http_header(&c->resp.headers, "Date"),
					 l->refusals);

	if (wait_ns > RETRY_MAX_NS) {
		tell(l, arena_printf(c->arena,
			"the target asks for a pause of %lld s: too long to wait for",
			(long long)(wait_ns / NS_PER_S)), 0);
		return -1;
	}
	l->refusals++;
	l->held_ns = clock_machine_ns() + wait_ns;
	tell(l, arena_printf(c->arena, "the target asked for a pause (%d)",
			     c->resp.status), wait_ns);
	/* request() holds the next try back until then. */
	return 0;
}

static int64_t answer(void *arg, const struct http_call *c)
{
	struct link *l = arg;
	bool busy;

	if (c->failure == HTTP_OK)
		note_server(l, c);
	busy = l->depth != DEPTH_WORLD && c->failure == HTTP_OK &&
	       (c->resp.status == 429 || (c->resp.status == 503 &&
		http_header(&c->resp.headers, "Retry-After").p));
	if (busy) {
		int64_t again = ask_again(l, c);

		if (again >= 0)
			return again;
	} else {
		l->refusals = 0;
	}
	if (l->recording)
		recording_answered(l->recording, c);
	return -1;
}

void link_init(struct link *l, const struct target *t, enum check_depth depth,
	       struct run_options *options)
{
	*l = (struct link){
		.target = t, .depth = depth, .turns = TURNS_NONE,
		.seam = {
			.foreign = true, .no_parties = depth != DEPTH_WORLD,
			.enter = enter, .leave = leave,
			.request = request, .answer = answer, .arg = l,
		},
	};
	options->sockets = true;
	options->clock = depth == DEPTH_WORLD && t->launch.scale > 1 ?
			 CLOCK_KIND_SCALED : CLOCK_KIND_REAL;
	options->rate = options->clock == CLOCK_KIND_SCALED ? t->launch.scale : 1;
	options->target = &l->seam;
}
