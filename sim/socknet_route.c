/* Hosts that live elsewhere under a name of ours. */
#include "sim/socknet_parts.h"

#include "sim/tls.h"

#include <assert.h>
#include <stdlib.h>

struct sockroute {
	struct sockroute *next;
	struct arena arena;		/* of all its strings */
	struct str name, host, base;	/* base: "" or "/api" */
	const char *party;
	const char *ca_file, *cert_file, *key_file;	/* or NULL */
	bool tls, insecure;
};

struct sockroute *route_find(struct socknet *n, struct str name)
{
	struct sockroute *r = n->routes;

	while (r && !str_ieq(r->name, name))
		r = r->next;
	return r;
}

const char *route_party(const struct sockroute *r)
{
	return r->party;
}

struct str route_url(const struct sockroute *r, struct arena *a)
{
	return arena_printf(a, "%s://%.*s/", r->tls ? "https" : "http", STRF(r->host));
}

struct str route_base(const struct sockroute *r)
{
	return r->base;
}

/* A proxy is for hosts far away. */
static bool is_near(struct str host)
{
	return str_starts(host, STR("127.")) || str_starts(host, STR("[::1]")) ||
	       str_is(host, "localhost") || str_starts(host, STR("localhost:"));
}

void route_apply(const struct sockroute *r, CURL *easy)
{
	if (is_near(r->host))
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (r->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, r->ca_file);
	if (r->cert_file)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, r->cert_file);
	if (r->key_file)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, r->key_file);
	if (!r->insecure)
		return;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void free_route(struct sockroute *r)
{
	arena_release(&r->arena);
	free(r);
}

/* The parts of the URL; it may not have a query. */
static int take_url(struct socknet *n, struct sockroute *r, const char *url,
		    struct err *err)
{
	struct http_call *c = http_call_new(&n->net, STR("rig"), "GET", err, "%s", url);

	if (!c)
		return -1;
	r->tls = c->tls;
	r->host = arena_str(&r->arena, c->host);
	r->base = c->req.path;
	while (str_ends(r->base, STR("/")))
		r->base.n--;
	r->base = arena_str(&r->arena, r->base);
	if (c->req.query.p)
		err_set(err, ERR_INVALID, "URL '%s': a query cannot stand there", url);
	else
		err->code = ERR_NONE;
	http_call_cancel(c);
	return err->code == ERR_NONE ? 0 : -1;
}

static const char *copy(struct sockroute *r, const char *text)
{
	return text ? arena_strdup(&r->arena, text) : NULL;
}

int socknet_route(struct network *net, const char *host, const char *party,
		  const struct socknet_peer *peer, struct err *err)
{
	struct socknet *n = (struct socknet *)net;
	struct sockroute *r;

	if (peer->ca_file && tls_check_ca_file(peer->ca_file, err) < 0)
		return -1;
	r = calloc(1, sizeof(*r));
	assert(r);
	if (take_url(n, r, peer->url, err) < 0) {
		free_route(r);
		return -1;
	}
	r->name = arena_str(&r->arena, str_of(host));
	r->party = copy(r, party);
	r->ca_file = copy(r, peer->ca_file);
	r->cert_file = copy(r, peer->cert_file);
	r->key_file = copy(r, peer->key_file);
	r->insecure = peer->insecure;
	socknet_unroute(net, host);
	r->next = n->routes;
	n->routes = r;
	return 0;
}

void socknet_unroute(struct network *net, const char *host)
{
	struct sockroute **at = &((struct socknet *)net)->routes, *r;

	while (*at && !str_ieq((*at)->name, str_of(host)))
		at = &(*at)->next;
	r = *at;
	if (!r)
		return;
	*at = r->next;
	free_route(r);
}

void route_free_all(struct socknet *n)
{
	while (n->routes) {
		struct sockroute *r = n->routes;

		n->routes = r->next;
		free_route(r);
	}
}
