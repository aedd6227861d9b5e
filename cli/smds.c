/* esimrig smds: the simulated SM-DS by itself, over sockets. */
#include "cli/party.h"
#include "cli/party_tls.h"
#include "cli/pki_dir.h"
#include "smdp/smds.h"

#define HOST "smds.rig"

struct smds_options {
	bool help;
	const char *config, *listen, *address, *pki, *tls_cert, *tls_key;
};

struct smds_settings {
	struct str listen, address, pki, tls_cert, tls_key;
};

struct ds {
	struct service service;		/* first: a ds is a service */
	struct smds *smds;
	struct party_keys keys;
	bool listening;
};

#define FIELD(name_, field, read_, what) \
	{ name_, KEY_CUSTOM, .offset = offsetof(struct smds_settings, field), .min = 1, \
	  .read = read_, .takes = what }

static const struct schema_key keys[] = {
	FIELD("listen", listen, settings_address,
	      "an address and a port such as 127.0.0.1:8445"),
	FIELD("address", address, settings_text, "a host name"),
	FIELD("pki", pki, settings_text, "a path, or none"),
	FIELD("tls-cert", tls_cert, settings_text, "a path"),
	FIELD("tls-key", tls_key, settings_text, "a path"),
};
static const struct schema schema = {
	.name = "the configuration", .size = sizeof(struct smds_settings),
	.pos_offset = SCHEMA_NO_POS, .keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

#define OPTION(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct smds_options, field), argument_, \
	  help_, 0 }

static const struct option options[] = {
	OPTION("config", config, "FILE",
	       "Read these options from a YAML file; what is on the command line wins"),
	OPTION("listen", listen, "ADDR:PORT",
	       "Where devices and SM-DP+s connect; port 0 takes a free one (default: "
	       "127.0.0.1:8445)"),
	OPTION("address", address, "HOST",
	       "Its own name, by which they know it (default: 127.0.0.1)"),
	OPTION("pki", pki, "DIR",
	       "Its certificates and keys (see esimrig pki), made if they are not there; "
	       "none: nothing is signed"),
	OPTION("tls-cert", tls_cert, "FILE",
	       "Serve https with this chain (PEM); none: serve http (default: a certificate "
	       "from the keys, for its own name)"),
	OPTION("tls-key", tls_key, "FILE", "The certificate's private key (PEM)"),
	OPTION_HELP(struct smds_options),
	{ 0 }
};

static int check(struct loader *l, void *out)
{
	const struct smds_settings *s = out;

	if (!s->tls_cert.n == !s->tls_key.n || (str_is(s->tls_cert, "none") && !s->tls_key.n))
		return 0;
	return diag_add(l->diag, (struct pos){ 0 }, 0,
			"tls-cert and tls-key: one needs the other");
}

static int start(struct service *service, const void *settings, struct arena *a,
		 struct buf *ready, struct err *err)
{
	struct ds *d = (struct ds *)service;
	const struct smds_settings *s = settings;
	struct smds_config c = {
		.loop = &service->loop, .log = &service->log, .party = "smds",
		.address = s->address.p,
	};
	struct party_tls wanted = {
		.role = RSP_ROLE_DS_TLS, .oid = STR("\x88\x37\x0B"), .address = s->address,
		.cert = s->tls_cert, .key = s->tls_key,
	};
	char bound[SOCKNET_ADDRESS_SIZE];
	struct socknet_tls tls;
	int with_tls;

	if (party_seed(&c.seed, err) < 0 || party_keys_open(&d->keys, s->pki, err) < 0)
		return -1;
	c.crypto = d->keys.crypto;
	wanted.pki = d->keys.pki;
	d->smds = smds_new(&c, err);
	with_tls = d->smds ? party_tls(&wanted, a, &tls, err) : -1;
	if (with_tls < 0 || (d->keys.pki && pki_dir_save(d->keys.pki, s->pki.n ? s->pki.p :
							 NULL, err) < 0) ||
	    socknet_listen_tls(service->net, HOST, "smds", smds_handler(d->smds), s->listen.p,
			       with_tls ? &tls : NULL, bound, err) < 0)
		return -1;
	d->listening = true;
	buf_printf(ready, "listening on %s", bound);
	return 0;
}

static void stop(struct service *service)
{
	struct ds *d = (struct ds *)service;

	if (d->listening)
		network_unlisten(service->net, HOST);
	smds_free(d->smds);
	party_keys_close(&d->keys);
}

static int serve(const struct verb *v, int argc, char **argv)
{
	static const struct settings_form form = { &schema, options, check };
	static const struct party party = {
		.form = &form, .config_offset = offsetof(struct smds_options, config),
		.help_offset = offsetof(struct smds_options, help),
		.start = start, .stop = stop,
	};
	struct smds_options o = { 0 };
	struct smds_settings s = { .listen = STR("127.0.0.1:8445"),
				   .address = STR("127.0.0.1") };
	struct ds d = { 0 };

	return party_main(&party, v, argc, argv, &o, &s, &d.service);
}

static const char *const about[] = {
	"SM-DP+s register events here (ES12), each for one EID, and a device asks which there "
	"are for its eUICC (ES11). All of it is in memory, and gone at the end. It signs with "
	"keys of --pki; its TLS certificate is from there, too, unless --tls-cert brings one.",
	"esimrig smdp tells it of orders, and esimrig lpa discovery asks it.",
	NULL
};

const struct verb verb_smds = {
	.name = "smds", .arguments = "", .summary = "Be an SM-DS, over sockets",
	.options = options, .about = about, .run = serve,
};
