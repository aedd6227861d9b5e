/* esimrig server: the reference server by itself, over sockets. */
#include "cli/access.h"
#include "cli/metrics.h"
#include "cli/output.h"
#include "cli/service.h"
#include "cli/settings.h"
#include "cli/workers.h"
#include "cli/world_server.h"
#include "server/server.h"
#include "server/share.h"
#include "sim/map.h"
#include "sim/socknet.h"
#include "sim/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "server.rig"

enum { READY_SIZE = 3 * SOCKNET_ADDRESS_SIZE, SET_UP_AGAIN_S = 10 };
/* For the database of another server: a second. */
enum { LOCK_PAUSES = 20, LOCK_PAUSE_MS = 50 };

struct daemon {
	struct service service;		/* first: a daemon is a service */
	struct settings_options options;
	struct arena arena;		/* of the settings in force */
	struct arena renewed;		/* of those that were read again */
	struct settings settings;
	int lock_fd;			/* of the database */
	struct board *board;
	int index;			/* our place there */
	struct timer beat;		/* shows the others that we live */
	/* Of several workers only. */
	struct workers workers;		/* the parent's */
	struct share *share;		/* NULL: there is but one */
	int *fds, *admin_fds;		/* where each of them listens; -1: closed */
	struct store *store;
	struct server *server;
	struct access access;
	bool has_access;
	struct metrics metrics;
	struct eventlog_listener troubles;
	/* The lists that the settings had, at any time. */
	bool had_users, had_devices;
	bool owes_set_up;		/* the settings are not all in the store */
	struct timer again;		/* tries that */
	char bound[SOCKNET_ADDRESS_SIZE], admin[SOCKNET_ADDRESS_SIZE];
};

/* ---- Settings. ---------------------------------------------------------- */

/* -1: told to stderr, by one process for all. */
static int read_settings(struct daemon *d, struct arena *a, struct settings *s)
{
	struct err err;
	struct buf complaints;
	int rc;

	buf_init(&complaints, 64 * 1024);
	rc = settings_load(&d->options, a, s, &complaints);
	if (d->service.worker)
		buf_clear(&complaints);
	output_write(STDERR_FILENO, buf_view(&complaints), &err);
	buf_release(&complaints);
	return rc;
}

/* What is in the store already, by name, so that a reload costs what is new. */
struct known {
	const struct settings *settings;	/* NULL: nothing is known */
	struct map users, api_keys, devices;
};

static void known_init(struct known *k, const struct settings *s)
{
	*k = (struct known){ .settings = s };
	for (size_t i = 0; s && i < s->users.count; i++)
		map_put(&k->users, s->users.list[i].key, &s->users.list[i]);
	for (size_t i = 0; s && i < s->api_keys.count; i++)
		map_put(&k->api_keys, s->api_keys.list[i].id, &s->api_keys.list[i]);
	for (size_t i = 0; s && i < s->devices.count; i++)
		map_put(&k->devices, s->devices.list[i].id, &s->devices.list[i]);
}

static void known_release(struct known *k)
{
	map_release(&k->users);
	map_release(&k->api_keys);
	map_release(&k->devices);
}

static bool same_customer(const struct known *k, struct str theirs,
			  const struct settings *s, struct str ours)
{
	return settings_customer(k->settings, theirs) == settings_customer(s, ours);
}

static bool knows_user(const struct known *k, const struct settings *s,
		       const struct settings_user *u)
{
	const struct settings_user *old = map_get(&k->users, u->key);

	return old && old->role == u->role && str_eq(old->password, u->password) &&
	       same_customer(k, old->account, s, u->account);
}

static bool knows_key(const struct known *k, const struct settings_key *key)
{
	const struct settings_key *old = map_get(&k->api_keys, key->id);

	return old && str_eq(old->user, key->user) && str_eq(old->secret, key->secret);
}

static bool knows_device(const struct known *k, const struct settings *s,
			 const struct settings_device *d)
{
	const struct settings_device *old = map_get(&k->devices, d->id);

	return old && str_eq(old->eid, d->eid) &&
	       same_customer(k, old->account, s, d->account);
}

/* Of users and then of keys, those that are new: before anything is locked. */
static struct server_secret *make_secrets(struct server *server, const struct settings *s,
					  const struct known *k, struct arena *a)
{
	size_t users = s->users.count;
	struct server_secret *made = arena_array(a, users + s->api_keys.count + 1,
						 sizeof(*made));

	for (size_t i = 0; i < users; i++)
		if (!knows_user(k, s, &s->users.list[i]))
			server_make_secret(server, s->users.list[i].password, &made[i]);
	for (size_t i = 0; i < s->api_keys.count; i++)
		if (!knows_key(k, &s->api_keys.list[i]))
			server_make_secret(server, s->api_keys.list[i].secret,
					   &made[users + i]);
	return made;
}

static int set_up_users(struct server *server, const struct settings *s,
			const struct known *k, const struct server_secret *made,
			struct err *err)
{
	for (size_t i = 0; i < s->users.count; i++, made++) {
		const struct settings_user *u = &s->users.list[i];

		if (!knows_user(k, s, u) &&
		    server_set_user(server, settings_customer(s, u->account), u->key,
				    made, (enum server_role)u->role, err) < 0)
			return err_prefix(err, "user %.*s", STRF(u->key));
	}
	for (size_t i = 0; i < s->api_keys.count; i++, made++) {
		const struct settings_key *key = &s->api_keys.list[i];

		if (!knows_key(k, key) &&
		    server_set_api_key(server, key->user, key->id, made, err) < 0)
			return err_prefix(err, "API key of %.*s", STRF(key->user));
	}
	return 0;
}

/*
 * A list that there is is the whole list.  One that there is not leaves all as
 * it is, unless there was one before: then all were taken out of it.
 */
static int drop_others(struct daemon *d, const struct settings *s, struct arena *a,
		       struct err *err)
{
	size_t users = s->users.count, keys = s->api_keys.count, devices = s->devices.count;
	struct str *names = arena_array(a, users + keys + devices + 1, sizeof(*names));
	struct str *ids = names + users, *device_ids = ids + keys;

	for (size_t i = 0; i < users; i++)
		names[i] = s->users.list[i].key;
	for (size_t i = 0; i < keys; i++)
		ids[i] = s->api_keys.list[i].id;
	for (size_t i = 0; i < devices; i++)
		device_ids[i] = s->devices.list[i].id;
	if ((users || d->had_users) &&
	    (server_keep_only(d->server, SERVER_USERS, names, users, err) < 0 ||
	     server_keep_only(d->server, SERVER_API_KEYS, ids, keys, err) < 0))
		return -1;
	return devices || d->had_devices ?
	       server_keep_only(d->server, SERVER_DEVICES, device_ids, devices, err) : 0;
}

/* What is there already is replaced by what the settings say. */
static int write_all(struct daemon *d, const struct settings *s, const struct known *k,
		     const struct server_secret *made, struct arena *a, struct err *err)
{
	for (size_t i = 0; i < s->accounts.count; i++)
		if (server_add_account(d->server, s->accounts.list[i].customer_id,
				       s->accounts.list[i].name, err) < 0)
			return -1;
	if (set_up_users(d->server, s, k, made, err) < 0)
		return -1;
	for (size_t i = 0; i < s->devices.count; i++) {
		const struct settings_device *dev = &s->devices.list[i];

		if (!knows_device(k, s, dev) &&
		    server_add_device(d->server, settings_customer(s, dev->account),
				      dev->id, dev->eid, err) < 0)
			return -1;
	}
	return drop_others(d, s, a, err);
}

/* All of it or nothing; `before` is in the store, or NULL. */
static int set_up(struct daemon *d, const struct settings *s,
		  const struct settings *before, struct arena *a, struct err *err)
{
	const struct server_secret *made;
	struct known k;
	int rc;

	known_init(&k, before);
	made = make_secrets(d->server, s, &k, a);
	server_begin_setup(d->server);
	rc = write_all(d, s, &k, made, a, err);
	rc = server_end_setup(d->server, rc, err);
	known_release(&k);
	return rc;
}

static int read_tls(const struct settings *s, struct arena *a,
		    struct socknet_tls *tls, struct err *err)
{
	return tls_read_pair(s->tls_cert.p, s->tls_key.p, a, &tls->cert, &tls->key, err);
}

/* The files may be new under their old names. */
static int renew_tls(struct daemon *d, const struct settings *s, struct arena *a,
		     struct err *err)
{
	struct socknet_tls tls;

	if (!s->tls_cert.n || !d->settings.tls_cert.n)
		return 0;
	if (read_tls(s, a, &tls, err) < 0)
		return -1;
	return socknet_renew_tls(d->service.net, HOST, &tls, err);
}

static void see_lists(struct daemon *d, const struct settings *s)
{
	d->had_users = d->had_users || s->users.count;
	d->had_devices = d->had_devices || s->devices.count;
}

/* What SIGHUP renews, and where its strings are.  The rest stays as it was at
 * the start, and so do those strings: they are in use elsewhere. */
static void take_over(struct daemon *d, const struct settings *new, struct arena arena)
{
	struct settings *s = &d->settings;

	see_lists(d, new);
	s->accounts.list = new->accounts.list;
	s->accounts.count = new->accounts.count;
	s->users.list = new->users.list;
	s->users.count = new->users.count;
	s->api_keys.list = new->api_keys.list;
	s->api_keys.count = new->api_keys.count;
	s->devices.list = new->devices.list;
	s->devices.count = new->devices.count;
	s->eis_token = new->eis_token;
	s->gateway_token = new->gateway_token;
	s->report_token = new->report_token;
	s->throttle = new->throttle;
	s->grace_ns = new->grace_ns;
	if (s->tls_cert.n && new->tls_cert.n) {
		s->tls_cert = new->tls_cert;
		s->tls_key = new->tls_key;
	}
	arena_release(&d->renewed);
	d->renewed = arena;
}

static const char kept_settings[] = "goes on with the settings that it has";

/* A full disk is no reason to let those in who were taken out of the list. */
static void owe_set_up(struct daemon *d, const struct err *why)
{
	verb_fail(d->service.verb, 0, "accounts, users, API keys and devices stay as they were; "
		  "they are tried again in %d s: %s", SET_UP_AGAIN_S, why->msg);
	d->owes_set_up = true;
	loop_arm(&d->service.loop, &d->again, SET_UP_AGAIN_S * NS_PER_S);
}

static void set_up_again(struct timer *t)
{
	struct daemon *d = (struct daemon *)((char *)t - offsetof(struct daemon, again));
	struct arena arena = { 0 };
	struct err err = { 0 };

	if (set_up(d, &d->settings, NULL, &arena, &err) < 0) {
		loop_arm(&d->service.loop, t, SET_UP_AGAIN_S * NS_PER_S);
	} else {
		d->owes_set_up = false;
		verb_fail(d->service.verb, 0, "the configuration is in force");
	}
	arena_release(&arena);
}

static void reload(struct service *service)
{
	struct daemon *d = (struct daemon *)service;
	struct arena arena = { 0 };
	struct settings s;
	struct err err = { 0 };

	if (d->has_access && access_reopen(&d->access, &err) < 0)
		verb_fail(service->verb, 0, "%s", err.msg);
	if (read_settings(d, &arena, &s) < 0) {
		if (!service->worker)
			verb_fail(service->verb, 0, kept_settings);
		arena_release(&arena);
		return;
	}
	/* The first one has done this for all, and before them. */
	if (d->index == 0) {
		loop_disarm(&service->loop, &d->again);
		if (set_up(d, &s, d->owes_set_up ? NULL : &d->settings, &arena, &err) < 0)
			owe_set_up(d, &err);
		else
			d->owes_set_up = false;
	}
	if (renew_tls(d, &s, &arena, &err) < 0)
		verb_fail(service->verb, 0, "%s", err.msg);
	server_reconfigure(d->server, &(struct server_config){
		.eis_token = s.eis_token.p, .gateway_token = s.gateway_token.p,
		.report_token = s.report_token.p, .throttle_limit = (unsigned)s.throttle,
	});
	service->grace_ns = s.grace_ns;
	take_over(d, &s, arena);
}

/* ---- The parts. --------------------------------------------------------- */

/* Timers of operations and looks at the EIS have one owner. */
static int lock_database(struct daemon *d, struct err *err)
{
	const char *path;
	char *real;

	if (settings_in_memory(d->settings.db))
		return 0;
	/* Now it is there, and has one name behind all links to it. */
	if (store_prepare(d->settings.db.p, err) < 0)
		return -1;
	real = realpath(d->settings.db.p, NULL);
	path = arena_printf(&d->arena, "%s.lock", real ? real : d->settings.db.p).p;
	free(real);
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (d->lock_fd < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	/* The workers of one that was killed need a moment to follow. */
	for (int pauses = 0; flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0; pauses++) {
		if (errno != EWOULDBLOCK)
			return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
		if (pauses == LOCK_PAUSES)
			return err_set(err, ERR_STATE, "%.*s: another server has it open",
				       STRF(d->settings.db));
		poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return 0;
}

static int make_server(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct server_config c = {
		.loop = &d->service.loop, .net = d->service.net,
		.log = &d->service.log, .eis_url = s->eis_url.p,
		.eis_token = s->eis_token.p, .gateway_url = s->gateway_url.p,
		.gateway_token = s->gateway_token.p, .report_token = s->report_token.p,
		.throttle_limit = (unsigned)s->throttle,
		.kdf_iterations = (unsigned)s->kdf_iterations,
		.check_interval_ns = s->check_interval_ns,
		.order_expiry_s = s->order_expiry_ns / NS_PER_S,
		.verify_limit_ns = s->verify_limit_ns,
		.eis_timeout_ns = s->eis_timeout_ns,
		.code_keep_ns = s->code_keep_ns,
	};

	if (getrandom(&c.seed, sizeof(c.seed), 0) != sizeof(c.seed))
		return err_set(err, ERR_IO, "no random numbers: %s", strerror(errno));
	d->store = store_open(s->db.p, err);
	if (!d->store)
		return -1;
	c.store = d->store;
	c.share = d->share;
	c.owner = d->index == 0;
	d->server = server_new(&c, err);
	if (!d->server)
		return -1;
	return d->index == 0 ? set_up(d, s, NULL, &d->arena, err) : 0;
}

static int set_up_network(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct network *net = d->service.net;
	int64_t share = (s->connections + s->workers - 1) / s->workers;
	const struct socknet_limits limits = {
		.request_ns = s->request_limit_ns, .idle_ns = s->idle_limit_ns,
		.stall_ns = s->request_limit_ns,
		.connections = (unsigned)share,
		.connections_per_address = (unsigned)s->connections_per_address,
	};

	socknet_count_into(net, &d->board->places[d->index].net);
	socknet_allow_outside(net, true);
	socknet_set_body_max(net, (size_t)s->body_max);
	socknet_on_too_large(net, server_too_large);
	socknet_on_malformed(net, server_malformed);
	socknet_set_limits(net, &limits);
	if (!s->ca_file.n)
		return 0;
	if (tls_check_ca_file(s->ca_file.p, err) < 0)
		return -1;
	socknet_set_ca_file(net, s->ca_file.p);
	return 0;
}

/* At the address, or where the parent has opened a socket for us. */
static int listen_at(struct daemon *d, const char *host, const char *party,
		     struct http_handler *h, struct str address, int *fds,
		     const struct socknet_tls *tls, char bound[SOCKNET_ADDRESS_SIZE],
		     struct err *err)
{
	struct network *net = d->service.net;
	int fd;

	if (!fds)
		return socknet_listen_tls(net, host, party, h, address.p, tls, bound, err);
	fd = fds[d->index];
	fds[d->index] = -1;
	return socknet_listen_on(net, host, party, h, fd, tls, err);
}

static void refused(void *arg, const struct socknet_refusal *r)
{
	struct daemon *d = arg;

	if (strcmp(r->host, HOST) == 0)
		access_refused(&d->access, r);
}

static int listen_all(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct socknet_tls tls;

	if (s->tls_cert.n && read_tls(s, &d->arena, &tls, err) < 0)
		return -1;
	d->has_access = true;
	if (access_init(&d->access, &d->service.loop, server_handler(d->server),
			s->access_log.p, &d->board->places[d->index].access, err) < 0)
		return -1;
	d->access.worker = d->share ? d->index : -1;
	if (s->admin.n || s->access_log.n)
		socknet_on_refusal(d->service.net, refused, d);
	metrics_init(&d->metrics, &d->service, d->store, d->share, d->board);
	if (s->admin.n && listen_at(d, "admin.rig", "admin", &d->metrics.handler, s->admin,
				    d->admin_fds, NULL, d->admin, err) < 0)
		return -1;
	return listen_at(d, HOST, "server",
			 s->admin.n || s->access_log.n ? &d->access.handler :
			 server_handler(d->server), s->listen, d->fds,
			 s->tls_cert.n ? &tls : NULL, d->bound, err);
}

static void show_life(struct timer *t)
{
	struct daemon *d = (struct daemon *)((char *)t - offsetof(struct daemon, beat));

	d->board->places[d->index].beat_ns = clock_machine_ns();
	loop_arm(&d->service.loop, t, NS_PER_S);
}

/* What clients see as 503, or as eis_unreachable: whoever runs the server wants
 * to know why. */
static void tell_trouble(struct eventlog_listener *l, const struct event *e,
			 struct str line)
{
	struct daemon *d = (struct daemon *)((char *)l -
			   offsetof(struct daemon, troubles));
	const char *peer = d->settings.gateway_url.n ? "gateway" : "EIS";
	struct str message = event_str(e, "message");

	(void)line;
	if (strcmp(e->name, "store-failed") == 0)
		verb_fail(d->service.verb, 0, "%.*s", STRF(message));
	else if (strcmp(e->name, "store-recovered") == 0)
		verb_fail(d->service.verb, 0, "the store can be used again");
	else if (strcmp(e->name, "eis-failed") == 0)
		verb_fail(d->service.verb, 0, "trouble with the %s, orders are tried again: %.*s",
			  peer, STRF(message));
	else if (strcmp(e->name, "eis-recovered") == 0)
		verb_fail(d->service.verb, 0, "the %s answers again", peer);
}

static void where(const struct daemon *d, char text[READY_SIZE])
{
	snprintf(text, READY_SIZE, "listening on %s%s%s", d->bound,
		 d->settings.admin.n ? ", admin on " : "", d->admin);
}

static int run_daemon(struct daemon *d)
{
	char ready[READY_SIZE];
	struct err err = { 0 };

	board_take(d->board, d->index);
	if (set_up_network(d, &err) < 0 || make_server(d, &err) < 0 ||
	    listen_all(d, &err) < 0)
		return verb_fail(d->service.verb, EXIT_RIG, "%s", err.msg);
	d->service.grace_ns = d->settings.grace_ns;
	d->service.reload = reload;
	eventlog_listen(&d->service.log, &d->troubles);
	if (d->share)
		show_life(&d->beat);
	else
		d->board->places[0].state = BOARD_SERVING;
	where(d, ready);
	return service_run(&d->service, ready);
}

static void stop_daemon(struct daemon *d)
{
	access_end(&d->access);
	loop_disarm(&d->service.loop, &d->beat);
	loop_disarm(&d->service.loop, &d->again);
	if (d->bound[0])
		network_unlisten(d->service.net, HOST);
	if (d->admin[0])
		network_unlisten(d->service.net, "admin.rig");
	server_free(d->server);
	store_close(d->store);
	service_release(&d->service);
	if (d->has_access)
		access_release(&d->access);
}

/* What every process of the server has. */
static void release_daemon(struct daemon *d)
{
	share_free(d->share);
	board_free(d->board);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	arena_release(&d->renewed);
	arena_release(&d->arena);
}

static int serve_alone(struct daemon *d, const struct verb *v)
{
	int code = service_init(&d->service, v);

	if (code == EXIT_PASSED)
		code = run_daemon(d);
	stop_daemon(d);
	return code;
}

/* ---- Workers. ----------------------------------------------------------- */

static struct daemon *of_workers(struct workers *w)
{
	return (struct daemon *)((char *)w - offsetof(struct daemon, workers));
}

static void close_sockets(int *fds, int count, int but)
{
	for (int i = 0; fds && i < count; i++) {
		if (i == but || fds[i] < 0)
			continue;
		close(fds[i]);
		fds[i] = -1;
	}
}

static int work(struct workers *w, int index, int parent_fd)
{
	struct daemon *d = of_workers(w);
	int code;

	d->index = index;
	close_sockets(d->fds, d->board->count, index);
	close_sockets(d->admin_fds, d->board->count, index);
	code = service_init_worker(&d->service, w->verb, parent_fd);
	if (code == EXIT_PASSED)
		code = run_daemon(d);
	stop_daemon(d);
	release_daemon(d);
	return code;
}

/* For workers that start from now on; the others read them by themselves. */
static void renew(struct workers *w)
{
	struct daemon *d = of_workers(w);
	struct arena arena = { 0 };
	struct settings s;

	if (read_settings(d, &arena, &s) < 0) {
		verb_fail(w->verb, 0, kept_settings);
		arena_release(&arena);
		return;
	}
	take_over(d, &s, arena);
	w->grace_ns = s.grace_ns;
}

/* A socket that is shut down takes no part; and then it listens again. */
static void accept_at(int *fds, int index, bool does)
{
	if (!fds || fds[index] < 0)
		return;
	if (does)
		listen(fds[index], SOMAXCONN);
	else
		shutdown(fds[index], SHUT_RDWR);
}

static void accepts(struct workers *w, int index, bool does)
{
	accept_at(of_workers(w)->fds, index, does);
	accept_at(of_workers(w)->admin_fds, index, does);
}

/* It may have committed something, and not have rung any more. */
static void worker_died(struct workers *w)
{
	share_ring(of_workers(w)->share);
}

static void closes(struct workers *w)
{
	struct daemon *d = of_workers(w);

	close_sockets(d->fds, d->board->count, -1);
	close_sockets(d->admin_fds, d->board->count, -1);
}

static int open_sockets(struct daemon *d, struct err *err)
{
	size_t count = (size_t)d->board->count;
	int *fds = arena_array(&d->arena, count, sizeof(*fds));
	int *admin_fds = arena_array(&d->arena, count, sizeof(*fds));

	if (socknet_open(d->settings.listen.p, count, fds, d->bound, err) < 0)
		return -1;
	d->fds = fds;
	if (!d->settings.admin.n)
		return 0;
	if (socknet_open(d->settings.admin.p, count, admin_fds, d->admin, err) < 0)
		return -1;
	d->admin_fds = admin_fds;
	return 0;
}

static int serve_by_workers(struct daemon *d, const struct verb *v)
{
	char ready[READY_SIZE];
	struct err err = { 0 };
	int code;

	d->share = share_new(&err);
	if (!d->share || open_sockets(d, &err) < 0) {
		code = verb_fail(v, EXIT_RIG, "%s", err.msg);
	} else {
		where(d, ready);
		d->workers = (struct workers){
			.verb = v, .board = d->board, .ready = ready,
			.grace_ns = d->settings.grace_ns, .work = work, .renew = renew,
			.accepts = accepts, .died = worker_died, .closes = closes,
		};
		code = workers_run(&d->workers);
	}
	closes(&d->workers);
	return code;
}

/* ---- The verb. ---------------------------------------------------------- */

static int serve_as_told(struct daemon *d, const struct verb *v)
{
	struct err err = { 0 };

	d->board = board_new((int)d->settings.workers, &err);
	if (!d->board || lock_database(d, &err) < 0)
		return verb_fail(v, EXIT_RIG, "%s", err.msg);
	return d->board->count > 1 ? serve_by_workers(d, v) : serve_alone(d, v);
}

static int serve(const struct verb *v, int argc, char **argv)
{
	struct daemon d = { .lock_fd = -1, .beat.fire = show_life, .again.fire = set_up_again,
			    .troubles.tell = tell_trouble };
	int left = verb_parse(v, argc, argv, &d.options), code;

	if (left < 0)
		return EXIT_INVALID;
	if (d.options.help)
		return verb_show_help(v);
	if (left > 0)
		return verb_usage(v, "'%s': no argument is expected", argv[1]);
	if (d.options.world)
		return world_server(v, d.options.world);
	if (read_settings(&d, &d.arena, &d.settings) < 0) {
		arena_release(&d.arena);
		return EXIT_INVALID;
	}
	see_lists(&d, &d.settings);
	code = serve_as_told(&d, v);
	release_daemon(&d);
	return code;
}

static const char *const about[] = {
	"A line on standard output says where it listens. SIGTERM and SIGINT end it: "
	"what is under way is answered first; a second one ends it at once. SIGHUP "
	"reads the configuration again (accounts, users, API keys, devices, tokens, the "
	"throttle, the certificate) "
	"and opens the access log anew.",
	"The configuration has the names of the options, and besides:",
	"  accounts: {acme: {customer-id: 1, name: Acme Ltd}}\n"
	"  users:    {alice: {account: acme, password: env:ALICE, role: user}}\n"
	"  api-keys: [{user: alice, id: <32 hex digits>, secret: file:alice.key}]\n"
	"  devices:  [{device-id: 00000000-00000000-0040FFFF-FF8001B0, account: acme}]",
	"With --workers the process that was started takes the signals and serves "
	"nothing itself; it replaces a worker that dies. The limit of connections is "
	"divided among them, the one per address holds for each.",
	"A role is user (the usual one), read-only or admin. Who is not in the list of "
	"users, API keys or devices has no access; what they did before stays in the "
	"database. A list that is not there changes nothing, unless SIGHUP finds that "
	"it is gone.",
	NULL
};

const struct verb verb_server = {
	.name = "server", .arguments = "--db FILE",
	.summary = "Serve the esim_profiles API over sockets, on a real clock",
	.options = settings_options, .about = about, .run = serve,
};
