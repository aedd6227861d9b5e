#include "scenarios/world_build.h"

#include "proto/redact.h"
#include "proto/rsp_crypto.h"
#include "proto/rsp_pki.h"
#include "sim/memnet.h"
#include "sim/socknet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define GATEWAY_HOST "gateway.rig"
#define REPORTS_HOST "reports.rig"	/* of a foreign server */
#define REPORT_PATH "/southbound/v1/device_reports"

enum { GATEWAY_TOKEN_SIZE = 32 };

struct str world_secret(struct world *w, struct str secret)
{
	if (w->secret_count == w->secret_cap) {
		size_t cap = w->secret_cap ? 2 * w->secret_cap : 16;
		struct str *list = arena_array(w->arena, cap, sizeof(*list));

		if (w->secret_count)
			memcpy(list, w->secrets, w->secret_count * sizeof(*list));
		w->secrets = list;
		w->secret_cap = cap;
	}
	if (secret.n)
		w->secrets[w->secret_count++] = secret;
	return secret;
}

struct str world_make_secret(struct world *w, size_t digits)
{
	char *text = arena_alloc(w->arena, digits + 1);

	rng_hex(&w->made_up, text, digits);
	return world_secret(w, (struct str){ text, digits });
}

/* Drawn apart, so that worlds of before it are made up as they were. */
static void make_gateway_token(struct world *w)
{
	char *text = arena_alloc(w->arena, GATEWAY_TOKEN_SIZE + 1);
	struct rng r;

	rng_init(&r, w->seed, STR("gateway"), STR("token"));
	rng_hex(&r, text, GATEWAY_TOKEN_SIZE);
	w->gateway_token = world_secret(w, (struct str){ text, GATEWAY_TOKEN_SIZE });
}

/* Message latency: a stream for each party that sends. */
static int64_t travel(void *arg, const struct http_call *c, enum http_leg leg)
{
	struct world *w = arg;
	struct rng *r = map_get(&w->travel, c->from);

	(void)leg;
	if (w->settling)
		return 0;
	if (!r) {
		r = ARENA_NEW(w->arena, struct rng);
		rng_init(r, w->seed, c->from, STR("network"));
		map_put(&w->travel, arena_str(w->arena, c->from), r);
	}
	return latency_draw_ns(&w->sc->world.latency[DELAY_NETWORK].model, r);
}

static int make_network(struct world *w, struct err *err)
{
	const struct scenario_latency *hop = &w->sc->world.latency[DELAY_NETWORK];

	w->net = w->options->sockets ? socknet_new(&w->loop, &w->log, err) :
				       memnet_new(&w->loop, &w->log);
	if (!w->net)
		return -1;
	if (hop->given) {
		w->net->travel = travel;
		w->net->travel_arg = w;
	}
	return 0;
}

static const struct run_target *target_of(const struct world *w)
{
	static const struct run_target none;

	return w->options->target ? w->options->target : &none;
}

/* What the target puts in front of a party, or `next` itself. */
static struct http_handler *wrap(struct world *w, const char *party,
				 struct http_handler *next,
				 struct http_handler **wrapped)
{
	const struct run_target *t = target_of(w);
	struct http_handler *h = t->wrap ? t->wrap(t->arg, w, party, next) : next;

	*wrapped = h != next ? h : NULL;
	return h;
}

static void unwrap(struct world *w, const char *party, struct http_handler **wrapped)
{
	const struct run_target *t = target_of(w);

	if (*wrapped)
		t->unwrap(t->arg, w, party, *wrapped);
	*wrapped = NULL;
}

/* The gates in front of `handler`, outermost the quirks. */
static void make_gates(struct world *w, struct world_host *h,
		       struct http_handler *handler)
{
	const char *kind = quirk_party_name(h->kind);
	char url[300];

	if (h->kind != QUIRK_PARTY_SMDP)
		handler = wrap(w, h->party, handler, &h->wrapped);
	if (w->traffic && h->kind != QUIRK_PARTY_SMDP)
		handler = h->tap = traffic_gate(w->traffic, h->party, handler);
	h->delay = delay_gate_new(kind, w->seed, w->sc->world.latency,
				  &w->settling, handler);
	if (h->delay)
		handler = delay_gate_handler(h->delay);
	snprintf(url, sizeof(url), "http://%s", h->name);
	h->gate = quirk_engine_gate(w->quirks, h->kind,
				    arena_strdup(w->arena, h->key.p), url, handler);
}

/* Listen where the world's owner wants it, behind what he puts in front. */
static int listen_at(struct world *w, const char *host, const char *party,
		     struct http_handler *handler, struct http_handler **front,
		     struct err *err)
{
	const struct run_front *f = w->options->front;
	const char *address = f && w->options->sockets ? f->address(f->arg, host) : NULL;

	if (f && !*front)
		*front = f->wrap(f->arg, party, handler);
	if (f)
		handler = *front;
	return address ? socknet_listen(w->net, host, party, handler, address, NULL, err) :
			 network_listen(w->net, host, party, handler, err);
}

static int listen_host(struct world *w, struct world_host *h, struct err *err)
{
	if (listen_at(w, h->name, h->party, h->gate, &h->front, err) < 0)
		return -1;
	h->listening = true;
	return 0;
}

/* What is made up is the world's own; what parties draw may be salted. */
static uint64_t party_seed(const struct world *w)
{
	return w->options->front ? w->seed ^ w->options->front->salt : w->seed;
}

static int make_server(struct world *w, struct err *err)
{
	const struct scenario_server *o = &w->sc->world.server;
	struct server_config config = {
		.loop = &w->loop, .net = w->net, .log = &w->log, .seed = party_seed(w),
		.store = w->store, .eis_url = "http://eis.rig",
		.eis_token = w->eis_token.p, .report_token = w->report_token.p,
		.gateway_url = o->way == WAY_GATEWAY ? "http://" GATEWAY_HOST : NULL,
		.gateway_token = w->gateway_token.p,
		.check_interval_ns = o->check_interval_ns,
		.order_expiry_s = o->order_expiry_ns / NS_PER_S,
		.verify_limit_ns = o->verify_limit_ns,
		.eis_timeout_ns = o->eis_timeout_ns,
		.code_keep_ns = o->code_keep_ns,
		.throttle_limit = (unsigned)o->throttle,
		.kdf_iterations = 1,	/* a test world keeps nobody out */
	};

	w->server = server_new(&config, err);
	return w->server ? 0 : -1;
}

static int make_own_server(struct world *w, struct err *err)
{
	const struct run_front *front = w->options->front;

	w->store = front ? front->open_store(front->arg, err) : store_open(NULL, err);
	if (!w->store || make_server(w, err) < 0)
		return -1;
	w->server_host = (struct world_host){
		.key = STR("server"), .party = "server", .name = "server.rig",
		.kind = QUIRK_PARTY_SERVER,
	};
	make_gates(w, &w->server_host, server_handler(w->server));
	return 0;
}

/* Keys and certificates of this world: they follow from its seed. */
static void make_crypto(struct world *w)
{
	enum scenario_rsp rsp = (enum scenario_rsp)w->sc->world.rsp;

	if (rsp == RSP_UNSAID && w->options->has_rsp)
		rsp = w->options->rsp;
	if (rsp != RSP_FULL)
		return;
	w->pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = w->seed,
						       .repeatable = true });
	rsp_pki_make_ci(w->pki, RSP_P256);
	w->crypto = rsp_crypto_full_new(w->pki);
	quirk_engine_set_crypto(w->quirks, w->crypto);
}

static int make_parties(struct world *w, struct err *err)
{
	const struct scenario_world *sw = &w->sc->world;
	struct eis_config registry = {
		.loop = &w->loop, .net = w->net, .log = &w->log,
		.seed = party_seed(w), .token = w->eis_token.p,
	};
	struct fleet_config devices = {
		.loop = &w->loop, .net = w->net, .log = &w->log, .seed = party_seed(w),
		.eis_url = "http://eis.rig",
		.report_url = sw->device_options.no_reports ? NULL :
			      target_of(w)->foreign ? "http://" REPORTS_HOST REPORT_PATH :
			      "http://server.rig" REPORT_PATH,
		.report_token = w->report_token.p,
		.report_changes = sw->device_options.reports == REPORTS_CHANGES,
		.fallback_ns = sw->device_options.fallback_ns,
		.report_interval_ns = sw->device_options.report_interval_ns,
	};

	make_crypto(w);
	devices.crypto = w->crypto;
	world_device_latency(sw->latency, &devices.latency);
	w->eis = eis_new(&registry);
	w->fleet = fleet_new(&devices, err);
	if (!w->fleet)
		return -1;
	quirk_engine_set_fleet(w->quirks, w->fleet);
	w->gateway = gateway_new(&(struct gateway_config){
		.loop = &w->loop, .log = &w->log, .seed = party_seed(w),
		.fleet = w->fleet, .token = w->gateway_token.p,
	});
	if (!target_of(w)->foreign && make_own_server(w, err) < 0)
		return -1;
	w->eis_host = (struct world_host){
		.key = STR("eis"), .party = "eis", .name = "eis.rig",
		.kind = QUIRK_PARTY_EIS,
	};
	make_gates(w, &w->eis_host, eis_handler(w->eis));
	return 0;
}

/* The world's own SM-DP+ first, then those of world.smdps. */
static int make_smdps(struct world *w, struct err *err)
{
	const struct scenario_world *sw = &w->sc->world;

	w->smdps = arena_array(w->arena, sw->smdps.count + 1, sizeof(*w->smdps));
	for (size_t i = 0; i <= sw->smdps.count; i++) {
		const struct scenario_smdp *sc = i ? &sw->smdps.list[i - 1] : NULL;
		struct world_smdp *s = &w->smdps[w->smdp_count++];
		struct smdp_config config = {
			.loop = &w->loop, .net = w->net, .log = &w->log,
			.seed = party_seed(w), .eis_url = "http://eis.rig",
			.operator_url = sw->smdp_options.progress ? "http://eis.rig" : NULL,
			.crypto = w->crypto, .own_keys = sw->smdp_options.own_keys,
			.throttle = (uint64_t)sw->smdp_options.throttle,
		};

		s->host.kind = QUIRK_PARTY_SMDP;
		s->host.key = sc ? sc->key : STR("smdp");
		s->host.party = sc ? arena_printf(w->arena, "smdp/%.*s",
						  STRF(sc->key)).p : "smdp";
		s->host.name = !sc ? "smdp.example.com" :
			       sc->address.n ? arena_str(w->arena, sc->address).p :
			       arena_printf(w->arena, "%.*s.example.com",
					    STRF(sc->key)).p;
		config.party = s->host.party;
		config.address = s->host.name;
		if (target_of(w)->no_parties)
			continue;
		s->smdp = smdp_new(&config, err);
		if (!s->smdp)
			return -1;
		make_gates(w, &s->host, smdp_handler(s->smdp));
	}
	return 0;
}

static int make_smds(struct world *w, struct err *err)
{
	struct str address = w->sc->world.smds;

	if (!address.n)
		return 0;
	w->smds = smds_new(&(struct smds_config){
		.loop = &w->loop, .log = &w->log, .seed = party_seed(w), .party = "smds",
		.address = address.p, .crypto = w->crypto,
	}, err);
	if (!w->smds || network_listen(w->net, address.p, "smds", smds_handler(w->smds), err) < 0)
		return -1;
	w->smds_listens = true;
	return 0;
}

/* Quirks of reports stand in front of a server that is not ours, too. */
static int listen_for_reports(struct world *w, struct err *err)
{
	relay_init(&w->reports, STR("reports"), "http://server.rig");
	return network_listen(w->net, REPORTS_HOST, "reports",
			      quirk_engine_gate(w->quirks, QUIRK_PARTY_SERVER, "reports",
						"http://" REPORTS_HOST, &w->reports.handler),
			      err);
}

static int listen_all(struct world *w, struct err *err)
{
	struct world_host *gateway = &w->gateway_host;

	if ((target_of(w)->foreign && listen_for_reports(w, err) < 0) ||
	    (w->server && listen_host(w, &w->server_host, err) < 0) ||
	    listen_host(w, &w->eis_host, err) < 0)
		return -1;
	/* It has no quirks and no latency of its own. */
	gateway->key = STR("gateway");
	gateway->party = "gateway";
	gateway->name = GATEWAY_HOST;
	gateway->gate = wrap(w, gateway->party, gateway_handler(w->gateway),
			     &gateway->wrapped);
	if (w->traffic)
		gateway->gate = traffic_gate(w->traffic, gateway->party, gateway->gate);
	if (listen_host(w, gateway, err) < 0)
		return -1;
	for (size_t i = 0; i < w->smdp_count; i++)
		if (listen_host(w, &w->smdps[i].host, err) < 0)
			return -1;
	return 0;
}

static struct str mask(const void *w, struct str text, struct arena *a)
{
	return world_mask(w, text, a);
}

static void make_engine(struct world *w)
{
	struct quirk_engine_config config = {
		.loop = &w->loop, .net = w->net, .log = &w->log, .seed = w->seed,
	};

	w->quirks = quirk_engine_new(&config);
	if (w->options->traffic)
		w->traffic = traffic_new(&(struct traffic_config){
			w->options->traffic, w->options->traffic_arg, mask, w,
		});
}

int world_init(struct world *w, const struct scenario *sc,
	       const struct run_options *options, struct arena *a,
	       struct err *err)
{
	int64_t epoch_ms = options->clock == CLOCK_KIND_REAL ?
			   clock_machine_unix_ms() : sc->clock_start_ms;

	*w = (struct world){ .sc = sc, .options = options, .arena = a };
	w->seed = options->has_seed ? options->seed : sc->seed;
	rng_init(&w->made_up, w->seed, STR("world"), STR("made-up"));
	loop_init(&w->loop, options->clock, options->rate, epoch_ms);
	if (options->front && options->front->begin_ns)
		clock_jump(&w->loop.clock, (struct instant){ options->front->begin_ns });
	eventlog_init(&w->log, &w->loop.clock);
	w->log.redact = redact_secrets;
	w->eis_token = world_make_secret(w, 32);
	w->report_token = world_make_secret(w, 32);
	make_gateway_token(w);
	if (make_network(w, err) < 0)
		return -1;
	make_engine(w);
	if ((!target_of(w)->no_parties &&
	     (make_parties(w, err) < 0 || make_smds(w, err) < 0)) ||
	    make_smdps(w, err) < 0 || world_build(w, err) < 0)
		return -1;
	return target_of(w)->no_parties ? 0 : listen_all(w, err);
}

int world_enter(struct world *w, struct err *err)
{
	const struct run_target *t = target_of(w);

	if (!t->enter)
		return 0;
	w->entered = true;
	return t->enter(t->arg, w, &w->server_url, err);
}

void world_release(struct world *w)
{
	const struct run_target *t = target_of(w);

	if (w->entered && t->leave)
		t->leave(t->arg, w);
	if (w->net) {
		if (w->server_host.listening)
			world_stop(w, STR("server"), &(struct err){ 0 });
		for (size_t i = 0; i < w->smdp_count; i++)
			if (w->smdps[i].host.listening)
				network_unlisten(w->net, w->smdps[i].host.name);
		if (w->smds_listens)
			network_unlisten(w->net, w->sc->world.smds.p);
		if (w->eis_host.listening)
			network_unlisten(w->net, w->eis_host.name);
		if (w->gateway_host.listening)
			network_unlisten(w->net, w->gateway_host.name);
	}
	unwrap(w, "server", &w->server_host.wrapped);
	unwrap(w, "eis", &w->eis_host.wrapped);
	unwrap(w, "gateway", &w->gateway_host.wrapped);
	if (w->quirks)
		quirk_engine_set_fleet(w->quirks, NULL);
	gateway_free(w->gateway);
	if (w->fleet)
		fleet_free(w->fleet);
	for (size_t i = 0; i < w->smdp_count; i++)
		if (w->smdps[i].smdp)
			smdp_free(w->smdps[i].smdp);
	smds_free(w->smds);
	rsp_crypto_full_free(w->crypto);
	rsp_pki_free(w->pki);
	if (w->eis)
		eis_free(w->eis);
	if (w->server)
		server_free(w->server);
	if (w->store)
		store_close(w->store);
	if (w->net)
		network_release(w->net);
	if (w->quirks)
		quirk_engine_free(w->quirks);
	for (size_t i = 0; i < w->smdp_count; i++)
		delay_gate_free(w->smdps[i].host.delay);
	delay_gate_free(w->server_host.delay);
	delay_gate_free(w->eis_host.delay);
	traffic_free(w->traffic);
	map_release(&w->objects);
	map_release(&w->travel);
	eventlog_release(&w->log);
	loop_release(&w->loop);
}

static struct world_host *find_host(struct world *w, struct str key,
				    struct err *err)
{
	if (w->server_host.party && str_eq(key, w->server_host.key))
		return &w->server_host;
	if (str_eq(key, w->eis_host.key))
		return &w->eis_host;
	if (w->gateway_host.party && str_eq(key, w->gateway_host.key))
		return &w->gateway_host;
	for (size_t i = 0; i < w->smdp_count; i++)
		if (str_eq(key, w->smdps[i].host.key))
			return &w->smdps[i].host;
	err_set(err, ERR_NOT_FOUND, "no party '%.*s' in this world", STRF(key));
	return NULL;
}

int world_stop(struct world *w, struct str host_key, struct err *err)
{
	struct world_host *h = find_host(w, host_key, err);

	if (!h)
		return -1;
	if (!h->listening)
		return err_set(err, ERR_STATE, "%.*s is stopped already",
			       STRF(host_key));
	EVENT(&w->log, STR("rig"), "party-stopped", F_Z("of", h->party));
	network_unlisten(w->net, h->name);
	h->listening = false;
	for (size_t i = 0; i < w->smdp_count; i++)
		if (h == &w->smdps[i].host && w->smdps[i].smdp)
			smdp_dropped(w->smdps[i].smdp);
	if (h == &w->server_host) {
		unwrap(w, h->party, &h->wrapped);
		server_free(w->server);
		w->server = NULL;
	}
	return 0;
}

int world_start(struct world *w, struct str host_key, struct err *err)
{
	struct world_host *h = find_host(w, host_key, err);

	if (!h)
		return -1;
	if (h->listening)
		return err_set(err, ERR_STATE, "%.*s runs already", STRF(host_key));
	if (h == &w->server_host) {
		struct http_handler *handler;

		if (make_server(w, err) < 0)
			return -1;
		handler = wrap(w, h->party, server_handler(w->server), &h->wrapped);
		if (h->tap)
			traffic_gate_set_next(h->tap, handler);
		else if (h->delay)
			delay_gate_set_next(h->delay, handler);
		else
			quirk_gate_set_next(h->gate, handler);
	}
	EVENT(&w->log, STR("rig"), "party-started", F_Z("of", h->party));
	return listen_host(w, h, err);
}

/* A secret may stand in a text that was escaped for JSON or a URL; those
 * made up need no escaping, and those given are masked as they were given. */
struct str world_mask(const struct world *w, struct str text, struct arena *a)
{
	struct buf out;
	struct str masked;

	buf_init(&out, 64u << 20);
	while (text.n) {
		size_t best = text.n, len = 0;

		for (size_t i = 0; i < w->secret_count; i++) {
			ptrdiff_t at = str_find(text, w->secrets[i]);

			if (at >= 0 && (size_t)at < best) {
				best = (size_t)at;
				len = w->secrets[i].n;
			}
		}
		buf_add(&out, text.p, best);
		if (len)
			buf_z(&out, "***");
		text = (struct str){ text.p + best + len, text.n - best - len };
	}
	masked = arena_str(a, buf_view(&out));
	buf_release(&out);
	return masked;
}
