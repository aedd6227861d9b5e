/* esimrig eis: the simulated registry by itself, over sockets. */
#include "cli/party.h"
#include "eis/eis.h"
#include "sim/socknet.h"

#define HOST "eis.rig"

struct eis_options {
	bool help;
	const char *config, *listen, *token;
};

struct euicc {
	struct pos pos;
	struct str eid;
	int64_t memory;
};

struct eis_settings {
	struct str listen, token;
	struct { struct euicc *list; size_t count; } euiccs;
};

struct registry {
	struct service service;		/* first: a registry is a service */
	struct eis *eis;
	bool listening;
};

/* ---- Settings. ---------------------------------------------------------- */

static const struct schema_key euicc_keys[] = {
	{ "eid", KEY_CUSTOM, true, offsetof(struct euicc, eid), .read = check_eid,
	  .takes = "32 digits" },
	{ "memory", KEY_INT, .offset = offsetof(struct euicc, memory), .min = 1,
	  .max = 1 << 30 },
};
static const struct schema euicc_schema = {
	.name = "an eUICC", .size = sizeof(struct euicc),
	.pos_offset = offsetof(struct euicc, pos), .keys = euicc_keys,
	.key_count = sizeof(euicc_keys) / sizeof(euicc_keys[0]),
};

static const struct schema_key keys[] = {
	{ "listen", KEY_CUSTOM, .offset = offsetof(struct eis_settings, listen),
	  .read = settings_address,
	  .takes = "an address and a port such as 127.0.0.1:8081" },
	{ "token", KEY_CUSTOM, .offset = offsetof(struct eis_settings, token), .min = 1,
	  .read = settings_secret, .takes = "a secret, env:NAME or file:PATH" },
	{ "euiccs", KEY_LIST, .offset = offsetof(struct eis_settings, euiccs),
	  .of = &euicc_schema },
};
static const struct schema schema = {
	.name = "the configuration", .size = sizeof(struct eis_settings),
	.pos_offset = SCHEMA_NO_POS, .keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

static const struct option options[] = {
	{ "config", '\0', OPTION_TEXT, offsetof(struct eis_options, config), "FILE",
	  "Read these options, and eUICCs, from a YAML file; what is on the command "
	  "line wins", 0 },
	{ "listen", '\0', OPTION_TEXT, offsetof(struct eis_options, listen), "ADDR:PORT",
	  "Where servers and devices connect; port 0 takes a free one (default: "
	  "127.0.0.1:8081)", 0 },
	{ "token", '\0', OPTION_TEXT, offsetof(struct eis_options, token), "SECRET",
	  "What servers must send; better as env:NAME or file:PATH (default: anybody "
	  "may)", 0 },
	OPTION_HELP(struct eis_options),
	{ 0 }
};

static int check(struct loader *l, void *out)
{
	const struct eis_settings *s = out;
	int rc = 0;

	for (size_t i = 0; i < s->euiccs.count; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->euiccs.list[i].eid, s->euiccs.list[j].eid))
				rc = diag_add(l->diag, s->euiccs.list[i].pos, 1,
					      "EID %.*s is there already",
					      STRF(s->euiccs.list[i].eid));
	return rc;
}

/* ---- The service. ------------------------------------------------------- */

static int register_all(struct eis *eis, const struct eis_settings *s, struct err *err)
{
	for (size_t i = 0; i < s->euiccs.count; i++) {
		const struct euicc *e = &s->euiccs.list[i];
		const struct eis_euicc_spec spec = {
			.eid = e->eid, .eum_id = STR("1.3.6.1.4.1"),
			.platform_type = STR("rig"), .platform_version = STR("1.0"),
			.production_date_ms = CLOCK_EPOCH_MS,
			.memory = (uint32_t)(e->memory ? e->memory : 1 << 20),
		};

		if (eis_register(eis, &spec, err) < 0)
			return -1;
	}
	return 0;
}

static int start(struct service *service, const void *settings, struct arena *a,
		 struct buf *ready, struct err *err)
{
	struct registry *r = (struct registry *)service;
	const struct eis_settings *s = settings;
	struct eis_config c = {
		.loop = &service->loop, .net = service->net, .log = &service->log,
		.token = s->token.p,
	};
	char bound[SOCKNET_ADDRESS_SIZE];

	(void)a;
	if (party_seed(&c.seed, err) < 0)
		return -1;
	r->eis = eis_new(&c);
	if (register_all(r->eis, s, err) < 0 ||
	    socknet_listen(service->net, HOST, "eis", eis_handler(r->eis), s->listen.p,
			   bound, err) < 0)
		return -1;
	r->listening = true;
	buf_printf(ready, "listening on %s", bound);
	return 0;
}

static void stop(struct service *service)
{
	struct registry *r = (struct registry *)service;

	if (r->listening)
		network_unlisten(service->net, HOST);
	if (r->eis)
		eis_free(r->eis);
}

static int serve(const struct verb *v, int argc, char **argv)
{
	static const struct settings_form form = { &schema, options, check };
	static const struct party party = {
		.form = &form, .config_offset = offsetof(struct eis_options, config),
		.help_offset = offsetof(struct eis_options, help),
		.start = start, .stop = stop,
	};
	struct eis_options o = { 0 };
	struct eis_settings s = { .listen = STR("127.0.0.1:8081") };
	struct registry r = { 0 };

	return party_main(&party, v, argc, argv, &o, &s, &r.service);
}

static const char *const about[] = {
	"The registry of docs/southbound.md, for a server that wants one over sockets: "
	"orders go in, devices collect them. All of it is in memory, and gone at the "
	"end. SIGTERM and SIGINT end it as they end `esimrig server`.",
	"The configuration has the names of the options, and besides:",
	"  euiccs: [{eid: '89049032000000000000000000000012', memory: 1000000}]",
	NULL
};

const struct verb verb_eis = {
	.name = "eis", .arguments = "", .summary = "Be a registry of eUICCs, over sockets",
	.options = options, .about = about, .run = serve,
};
