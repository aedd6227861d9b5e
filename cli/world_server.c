#include "cli/world_server.h"

#include "cli/service.h"
#include "server/server.h"
#include "sim/file.h"
#include "sim/json.h"
#include "sim/socknet.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#define HOST "server.rig"

enum { FILE_MAX = 64 << 20, VERSION = 1, ORDER_EXPIRY_MAX_S = 86400 };
#define LONG_S INT64_C(3153600000)	/* a hundred years */

struct lodger {
	struct service service;		/* first: a lodger is a service */
	struct arena arena;
	cJSON *world;
	struct store *store;
	struct server *server;
	char bound[SOCKNET_ADDRESS_SIZE];
};

static int load(struct lodger *l, const char *path, struct err *err)
{
	struct buf text;
	int64_t version = 0;

	buf_init(&text, FILE_MAX);
	if (file_read(path, &text, err) == 0) {
		l->world = json_parse(buf_view(&text), err);
		if (!l->world)
			err_prefix(err, "%s", path);
	}
	buf_release(&text);
	if (!l->world)
		return -1;
	if (json_get_int(l->world, "version", &version, err) < 0 || version != VERSION)
		return err_set(err, ERR_INVALID, "%s: expected version %d, found %lld",
			       path, VERSION, (long long)version);
	return 0;
}

static const cJSON *member(const struct lodger *l, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(l->world, name);
}

/* A text that has to be there. */
static int need(struct lodger *l, const cJSON *o, const char *key, struct str *out,
		struct err *err)
{
	int rc = json_get_str(o, key, &l->arena, out, err);

	return rc != 0 ? rc : err_set(err, ERR_INVALID, "\"%s\": required", key);
}

/* ---- Who and what there is. ---------------------------------------------- */

static int add_account(struct lodger *l, const cJSON *o, struct err *err)
{
	struct str name = STR("");
	int64_t id = 0;

	if (json_get_int(o, "customer_id", &id, err) < 0 ||
	    json_get_str(o, "name", &l->arena, &name, err) < 0)
		return -1;
	return server_add_account(l->server, id, name, err);
}

static int add_user(struct lodger *l, const cJSON *o, struct err *err)
{
	struct str name, password, role;
	int64_t id = 0;

	if (need(l, o, "name", &name, err) < 0 || need(l, o, "password", &password, err) < 0 ||
	    need(l, o, "role", &role, err) < 0 ||
	    json_get_int(o, "customer_id", &id, err) < 0)
		return -1;
	return server_add_user(l->server, id, name, password,
			       str_is(role, "admin") ? SERVER_ROLE_ADMIN :
			       str_is(role, "user") ? SERVER_ROLE_USER :
			       SERVER_ROLE_READ_ONLY, err);
}

static int add_device(struct lodger *l, const cJSON *o, struct err *err)
{
	struct str device_id, eid = STR_NONE;
	int64_t id = 0;

	if (need(l, o, "device_id", &device_id, err) < 0 ||
	    json_get_str(o, "eid", &l->arena, &eid, err) < 0 ||
	    json_get_int(o, "customer_id", &id, err) < 0)
		return -1;
	return server_add_device(l->server, id, device_id, eid, err);
}

static int add_code(struct lodger *l, const cJSON *o, struct err *err)
{
	struct str iccid, carrier, activation, confirmation = STR_NONE;
	int64_t id = 0;

	if (need(l, o, "iccid", &iccid, err) < 0 || need(l, o, "carrier", &carrier, err) < 0 ||
	    need(l, o, "activation_code", &activation, err) < 0 ||
	    json_get_str(o, "confirmation_code", &l->arena, &confirmation, err) < 0 ||
	    json_get_int(o, "customer_id", &id, err) < 0)
		return -1;
	return server_add_code(l->server, id, iccid, carrier, activation, confirmation, err);
}

static int add_all(struct lodger *l, struct err *err)
{
	static const struct {
		const char *list;
		int (*add)(struct lodger *, const cJSON *, struct err *);
	} lists[] = {
		{ "accounts", add_account }, { "users", add_user },
		{ "devices", add_device }, { "activation_codes", add_code },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const cJSON *list = member(l, lists[i].list), *item;

		cJSON_ArrayForEach(item, list)
			if (lists[i].add(l, item, err) < 0)
				return err_prefix(err, "%s", lists[i].list);
	}
	return 0;
}

/* ---- The server. ----------------------------------------------------------- */

/* The rig's calendar, as fast as the rig goes. */
static int set_clock(struct lodger *l, struct err *err)
{
	const cJSON *scale = member(l, "time_scale");
	struct str now;
	int64_t now_ms;
	double rate = cJSON_IsNumber(scale) ? scale->valuedouble : 1;

	if (need(l, l->world, "now", &now, err) < 0 ||
	    clock_parse_iso(now, &now_ms, err) < 0)
		return -1;
	if (!(rate >= 1 && rate <= 1e6))
		return err_set(err, ERR_INVALID, "\"time_scale\": expected 1 to 1000000");
	clock_init(&l->service.loop.clock, rate > 1 ? CLOCK_KIND_SCALED : CLOCK_KIND_REAL,
		   rate, now_ms);
	return 0;
}

static int take_party(struct lodger *l, const char *name, const char **url,
		      const char **token, struct err *err)
{
	const cJSON *party = member(l, name);
	struct str text;

	if (need(l, party, "url", &text, err) < 0)
		return err_prefix(err, "%s", name);
	*url = text.p;
	if (need(l, party, "token", &text, err) < 0)
		return err_prefix(err, "%s", name);
	*token = text.p;
	return 0;
}

static int take_seconds(const cJSON *o, const char *key, int64_t most_s, int64_t *s,
			struct err *err)
{
	if (json_get_int(o, key, s, err) < 0)
		return -1;
	return *s >= 0 && *s <= most_s ? 0 :
	       err_set(err, ERR_INVALID, "\"%s\": expected 0 to %lld seconds", key,
		       (long long)most_s);
}

/* How patient it is; what is not there stays as usual. */
static int take_options(struct lodger *l, struct server_config *c, struct err *err)
{
	const cJSON *o = member(l, "options");
	int64_t check_s = 0, verify_s = 0, eis_s = 0, keep_s = 0, throttle = 0;
	struct str way = STR("eis");

	if (take_seconds(o, "check_interval", LONG_S, &check_s, err) < 0 ||
	    take_seconds(o, "order_expiry", ORDER_EXPIRY_MAX_S, &c->order_expiry_s, err) < 0 ||
	    take_seconds(o, "verify_limit", LONG_S, &verify_s, err) < 0 ||
	    take_seconds(o, "eis_timeout", LONG_S, &eis_s, err) < 0 ||
	    take_seconds(o, "code_keep", LONG_S, &keep_s, err) < 0 ||
	    json_get_int(o, "throttle", &throttle, err) < 0 ||
	    json_get_str(o, "way", &l->arena, &way, err) < 0)
		return err_prefix(err, "options");
	c->check_interval_ns = check_s * NS_PER_S;
	c->verify_limit_ns = verify_s * NS_PER_S;
	c->eis_timeout_ns = eis_s * NS_PER_S;
	c->code_keep_ns = keep_s * NS_PER_S;
	c->throttle_limit = (unsigned)throttle;
	return str_is(way, "gateway") ?
	       take_party(l, "gateway", &c->gateway_url, &c->gateway_token, err) : 0;
}

static int make_server(struct lodger *l, struct err *err)
{
	struct str report_token;
	struct server_config c = {
		.loop = &l->service.loop, .net = l->service.net,
		.log = &l->service.log,
		.kdf_iterations = 1,	/* a test world keeps nobody out */
	};

	if (getrandom(&c.seed, sizeof(c.seed), 0) != sizeof(c.seed))
		return err_set(err, ERR_IO, "no random numbers: %s", strerror(errno));
	if (take_party(l, "eis", &c.eis_url, &c.eis_token, err) < 0 ||
	    need(l, member(l, "reports"), "token", &report_token, err) < 0 ||
	    take_options(l, &c, err) < 0)
		return -1;
	c.report_token = report_token.p;
	c.store = l->store = store_open(NULL, err);
	if (!l->store)
		return -1;
	l->server = server_new(&c, err);
	return l->server ? add_all(l, err) : -1;
}

static int start(struct lodger *l, const char *path, struct err *err)
{
	struct str address = STR("127.0.0.1:8080");

	if (load(l, path, err) < 0 || set_clock(l, err) < 0)
		return -1;
	socknet_allow_outside(l->service.net, true);
	if (make_server(l, err) < 0 ||
	    json_get_str(l->world, "listen", &l->arena, &address, err) < 0)
		return -1;
	return socknet_listen(l->service.net, HOST, "server", server_handler(l->server),
			      address.p, l->bound, err);
}

int world_server(const struct verb *v, const char *path)
{
	struct lodger l = { 0 };
	char ready[SOCKNET_ADDRESS_SIZE + 20];
	struct err err = { 0 };
	int code = service_init(&l.service, v);

	if (code == EXIT_PASSED && start(&l, path, &err) < 0)
		code = verb_fail(v, err.code == ERR_IO ? EXIT_RIG : EXIT_INVALID, "%s",
				 err.msg);
	if (code == EXIT_PASSED) {
		snprintf(ready, sizeof(ready), "listening on %s", l.bound);
		code = service_run(&l.service, ready);
	}
	if (l.bound[0])
		network_unlisten(l.service.net, HOST);
	server_free(l.server);
	store_close(l.store);
	service_release(&l.service);
	cJSON_Delete(l.world);
	arena_release(&l.arena);
	return code;
}
