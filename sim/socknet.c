/* The network as a whole. */
#include "sim/socknet_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>

static int listen_anywhere(struct network *net, const char *host,
			   const char *party, struct http_handler *h,
			   struct err *err)
{
	struct socknet *n = socknet_of(net);
	char address[SOCKNET_ADDRESS_SIZE];

	if (place_take(n, host, address) &&
	    serve_listen(n, host, party, h, address, NULL, err) == 0)
		return 0;
	return serve_listen(n, host, party, h, "127.0.0.1:0", NULL, err);
}

int socknet_listen_tls(struct network *net, const char *host, const char *party,
		       struct http_handler *h, const char *address,
		       const struct socknet_tls *tls,
		       char bound[SOCKNET_ADDRESS_SIZE], struct err *err)
{
	struct socknet *n = socknet_of(net);

	if (serve_listen(n, host, party, h, address, tls, err) < 0)
		return -1;
	if (bound)
		memcpy(bound, serve_address(serve_find(n, str_of(host))),
		       SOCKNET_ADDRESS_SIZE);
	return 0;
}

int socknet_listen(struct network *net, const char *host, const char *party,
		   struct http_handler *h, const char *address,
		   char bound[SOCKNET_ADDRESS_SIZE], struct err *err)
{
	return socknet_listen_tls(net, host, party, h, address, NULL, bound, err);
}

int socknet_open(const char *address, size_t count, int *fds,
		 char bound[SOCKNET_ADDRESS_SIZE], struct err *err)
{
	char reach[SOCKNET_ADDRESS_SIZE];

	if (serve_open(address, count, fds, err) < 0)
		return -1;
	serve_address_of(fds[0], bound, reach);
	return 0;
}

int socknet_listen_on(struct network *net, const char *host, const char *party,
		      struct http_handler *h, int fd,
		      const struct socknet_tls *tls, struct err *err)
{
	return serve_listen_on(socknet_of(net), host, party, h, fd, tls, err);
}

int socknet_renew_tls(struct network *net, const char *host,
		      const struct socknet_tls *tls, struct err *err)
{
	return serve_renew_tls(socknet_of(net), host, tls, err);
}

void socknet_set_limits(struct network *net, const struct socknet_limits *limits)
{
	socknet_of(net)->limits = *limits;
}

void socknet_set_ca_file(struct network *net, const char *path)
{
	struct socknet *n = socknet_of(net);

	free(n->ca_file);
	n->ca_file = strdup(path);
	assert(n->ca_file);
}

const char *socknet_address(struct network *net, const char *host)
{
	struct sockhost *h = serve_find(socknet_of(net), str_of(host));

	return h ? serve_address(h) : NULL;
}

static void unlisten(struct network *net, const char *host)
{
	struct socknet *n = socknet_of(net);
	const char *at = socknet_address(net, host);
	char address[SOCKNET_ADDRESS_SIZE] = "";

	if (at)
		snprintf(address, sizeof(address), "%s", at);
	serve_unlisten(n, host);
	if (at)
		place_keep(n, host, address);
}

void socknet_quiesce(struct network *net)
{
	serve_quiesce(socknet_of(net));
}

size_t socknet_under_way(const struct network *net)
{
	return serve_under_way((const struct socknet *)net);
}

/* One that is not under way waits for a timer, or for its sender. */
bool socknet_quiet(const struct network *net)
{
	const struct socknet *n = (const struct socknet *)net;

	for (const struct wire *w = n->live; w; w = w->next)
		if (w->easy && !(w->served && serve_is_waiting(w->served)))
			return false;
	return true;
}

size_t socknet_connections(const struct network *net)
{
	return serve_connections((const struct socknet *)net);
}

struct socknet_counts socknet_counts(const struct network *net)
{
	return *((const struct socknet *)net)->counts;
}

void socknet_count_into(struct network *net, struct socknet_counts *counts)
{
	socknet_of(net)->counts = counts;
}

void socknet_on_refusal(struct network *net,
			void (*refused)(void *arg, const struct socknet_refusal *r),
			void *arg)
{
	socknet_of(net)->refused = refused;
	socknet_of(net)->refused_arg = arg;
}

void socknet_allow_outside(struct network *net, bool allowed)
{
	socknet_of(net)->outside = allowed;
}

void socknet_on_too_large(struct network *net,
			  void (*say)(struct http_exchange *x, size_t max))
{
	socknet_of(net)->too_large = say;
}

void socknet_on_malformed(struct network *net,
			  void (*say)(struct http_exchange *x, int status, const char *why))
{
	socknet_of(net)->malformed = say;
}

void socknet_set_body_max(struct network *net, size_t bytes)
{
	assert(bytes > 0);
	socknet_of(net)->body_max = bytes;
}

static void release(struct network *net)
{
	struct socknet *n = socknet_of(net);

	calls_drop(n);
	serve_unlisten_all(n);
	place_free_all(n);
	calls_end(n);
	free(n->ca_file);
	route_free_all(n);
	free(n);
}

/* A call between two parties takes two descriptors; some are left over. */
static unsigned descriptors_max(void)
{
	struct rlimit limit = { 1024, 1024 };

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	return limit.rlim_cur > 128 ? (unsigned)(limit.rlim_cur - 64) / 2 : 32;
}

struct network *socknet_new(struct loop *loop, struct eventlog *log,
			    struct err *err)
{
	static const struct network_ops ops = {
		.new_call = call_new, .send = call_send, .cancel = call_cancel,
		.listen = listen_anywhere, .unlisten = unlisten,
		.release = release,
	};
	struct rng rng;
	struct socknet *n;

	if (loop->clock.kind == CLOCK_KIND_VIRTUAL) {
		err_set(err, ERR_INVALID,
			"sockets need a clock that is real or scaled, not virtual");
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	assert(n);
	n->net = (struct network){ .ops = &ops, .loop = loop, .log = log };
	n->body_max = SOCKNET_BODY_MAX;
	n->counts = &n->own_counts;
	n->connections_max = descriptors_max();
	/* Never logged, so it may differ between runs, and should. */
	rng_init(&rng, (uint64_t)clock_machine_ns(), STR("socknet"), STR("token"));
	rng_hex(&rng, n->token, SOCKNET_TOKEN_DIGITS);
	if (calls_begin(n) == 0)
		return &n->net;
	free(n);
	err_set(err, ERR_IO, "libcurl does not start");
	return NULL;
}
