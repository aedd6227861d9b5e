/* esimrig server: the reference server by itself, over sockets. */
#include "cli/access.h"
#include "cli/metrics.h"
#include "cli/output.h"
#include "cli/service.h"
#include "cli/settings.h"
#include "server/server.h"
#include "sim/socknet.h"
#include "sim/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define HOST "server.rig"

struct daemon {
	struct service service;		/* first: a daemon is a service */
	struct settings_options options;
	struct arena arena;		/* of the settings in force */
	struct settings settings;
	int lock_fd;			/* of the database */
	struct store *store;
	struct server *server;
	struct access access;
	bool has_access;
	struct metrics metrics;
	char bound[SOCKNET_ADDRESS_SIZE], admin[SOCKNET_ADDRESS_SIZE];
};

/* ---- Settings. ---------------------------------------------------------- */

/* -1: told to stderr. */
static int read_settings(struct daemon *d, struct arena *a, struct settings *s)
{
	struct err err;
	struct buf complaints;
	int rc;

	buf_init(&complaints, 64 * 1024);
	rc = settings_load(&d->options, a, s, &complaints);
	output_write(STDERR_FILENO, buf_view(&complaints), &err);
	buf_release(&complaints);
	return rc;
}

static int set_up_users(struct server *server, const struct settings *s,
			struct err *err)
{
	for (size_t i = 0; i < s->users.count; i++) {
		const struct settings_user *u = &s->users.list[i];

		if (server_add_user(server, settings_customer(s, u->account), u->key,
				    u->password, (enum server_role)u->role, err) < 0)
			return err_prefix(err, "user %.*s", STRF(u->key));
	}
	for (size_t i = 0; i < s->api_keys.count; i++) {
		const struct settings_key *k = &s->api_keys.list[i];

		if (server_add_api_key(server, k->user, k->id, k->secret, err) < 0)
			return err_prefix(err, "API key of %.*s", STRF(k->user));
	}
	return 0;
}

/* What is there already is replaced by what the settings say. */
static int set_up(struct server *server, const struct settings *s, struct err *err)
{
	for (size_t i = 0; i < s->accounts.count; i++)
		if (server_add_account(server, s->accounts.list[i].customer_id,
				       s->accounts.list[i].name, err) < 0)
			return -1;
	if (set_up_users(server, s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->devices.count; i++)
		if (server_add_device(server,
				      settings_customer(s, s->devices.list[i].account),
				      s->devices.list[i].id, s->devices.list[i].eid,
				      err) < 0)
			return -1;
	return 0;
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

static void reload(struct service *service)
{
	struct daemon *d = (struct daemon *)service;
	struct arena arena = { 0 };
	struct settings s;
	struct err err = { 0 };

	if (d->has_access && access_reopen(&d->access, &err) < 0)
		verb_fail(service->verb, 0, "%s", err.msg);
	if (read_settings(d, &arena, &s) < 0) {
		verb_fail(service->verb, 0, "goes on with the settings that it has");
		arena_release(&arena);
		return;
	}
	if (set_up(d->server, &s, &err) < 0)
		verb_fail(service->verb, 0, "%s", err.msg);
	if (renew_tls(d, &s, &arena, &err) < 0)
		verb_fail(service->verb, 0, "%s", err.msg);
	server_reconfigure(d->server, &(struct server_config){
		.eis_token = s.eis_token.p, .gateway_token = s.gateway_token.p,
		.report_token = s.report_token.p, .throttle_limit = (unsigned)s.throttle,
	});
	service->grace_ns = s.grace_ns;
	/* Strings of the first settings are in use elsewhere: they stay. */
	arena_release(&arena);
}

/* ---- The parts. --------------------------------------------------------- */

/* Timers of operations and looks at the EIS have one owner. */
static int lock_database(struct daemon *d, struct err *err)
{
	const char *path = arena_printf(&d->arena, "%.*s.lock",
					STRF(d->settings.db)).p;

	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (d->lock_fd < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, ERR_STATE, "%.*s: another server has it open",
			       STRF(d->settings.db));
	return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
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
		.check_interval_ns = s->check_interval_ns,
		.order_expiry_s = s->order_expiry_ns / NS_PER_S,
		.verify_limit_ns = s->verify_limit_ns,
		.eis_timeout_ns = s->eis_timeout_ns,
		.code_keep_ns = s->code_keep_ns,
	};

	if (getrandom(&c.seed, sizeof(c.seed), 0) != sizeof(c.seed))
		return err_set(err, ERR_IO, "no random numbers: %s", strerror(errno));
	if (lock_database(d, err) < 0)
		return -1;
	d->store = store_open(s->db.p, err);
	if (!d->store)
		return -1;
	c.store = d->store;
	d->server = server_new(&c, err);
	return d->server ? set_up(d->server, s, err) : -1;
}

static int set_up_network(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct network *net = d->service.net;
	const struct socknet_limits limits = {
		.request_ns = s->request_limit_ns, .idle_ns = s->idle_limit_ns,
		.stall_ns = s->request_limit_ns,
		.connections = (unsigned)s->connections,
		.connections_per_address = (unsigned)s->connections_per_address,
	};

	socknet_allow_outside(net, true);
	socknet_set_body_max(net, (size_t)s->body_max);
	socknet_set_limits(net, &limits);
	if (!s->ca_file.n)
		return 0;
	if (tls_check_ca_file(s->ca_file.p, err) < 0)
		return -1;
	socknet_set_ca_file(net, s->ca_file.p);
	return 0;
}

static int listen_all(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct network *net = d->service.net;
	struct socknet_tls tls;

	if (s->tls_cert.n && read_tls(s, &d->arena, &tls, err) < 0)
		return -1;
	d->has_access = true;
	if (access_init(&d->access, &d->service.loop, server_handler(d->server),
			s->access_log.p, err) < 0)
		return -1;
	metrics_init(&d->metrics, &d->service, d->store, &d->access);
	if (s->admin.n && socknet_listen(net, "admin.rig", "admin", &d->metrics.handler,
					 s->admin.p, d->admin, err) < 0)
		return -1;
	return socknet_listen_tls(net, HOST, "server",
				  s->admin.n || s->access_log.n ? &d->access.handler :
				  server_handler(d->server), s->listen.p,
				  s->tls_cert.n ? &tls : NULL, d->bound, err);
}

static int run_daemon(struct daemon *d)
{
	char ready[3 * SOCKNET_ADDRESS_SIZE];
	struct err err = { 0 };

	if (set_up_network(d, &err) < 0 || make_server(d, &err) < 0 ||
	    listen_all(d, &err) < 0)
		return verb_fail(d->service.verb, EXIT_RIG, "%s", err.msg);
	d->service.grace_ns = d->settings.grace_ns;
	d->service.reload = reload;
	snprintf(ready, sizeof(ready), "listening on %s%s%s", d->bound,
		 d->settings.admin.n ? ", admin on " : "", d->admin);
	return service_run(&d->service, ready);
}

static void stop_daemon(struct daemon *d)
{
	access_end(&d->access);
	if (d->bound[0])
		network_unlisten(d->service.net, HOST);
	if (d->admin[0])
		network_unlisten(d->service.net, "admin.rig");
	server_free(d->server);
	store_close(d->store);
	service_release(&d->service);
	if (d->has_access)
		access_release(&d->access);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	arena_release(&d->arena);
}

static int serve(const struct verb *v, int argc, char **argv)
{
	struct daemon d = { .lock_fd = -1 };
	int left = verb_parse(v, argc, argv, &d.options), code;

	if (left < 0)
		return EXIT_INVALID;
	if (d.options.help)
		return verb_show_help(v);
	if (left > 0)
		return verb_usage(v, "'%s': no argument is expected", argv[1]);
	if (read_settings(&d, &d.arena, &d.settings) < 0) {
		arena_release(&d.arena);
		return EXIT_INVALID;
	}
	code = service_init(&d.service, v);
	if (code == EXIT_PASSED)
		code = run_daemon(&d);
	stop_daemon(&d);
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
	"A role is user (the usual one), read-only or admin. What is taken out of the "
	"configuration stays in the database.",
	NULL
};

const struct verb verb_server = {
	.name = "server", .arguments = "--db FILE",
	.summary = "Serve the esim_profiles API over sockets, on a real clock",
	.options = settings_options, .about = about, .run = serve,
};
