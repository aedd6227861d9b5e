/* esimrig smdp: the simulated SM-DP+ by itself, over sockets. */
#include "cli/party.h"
#include "cli/party_tls.h"
#include "cli/pki_dir.h"
#include "cli/upp_dir.h"
#include "proto/rsp_upp.h"
#include "smdp/smdp.h"

#include <unistd.h>

#define HOST "smdp.rig"
#define ES2_HOST "es2.smdp.rig"

struct smdp_options {
	bool help;
	const char *config, *listen, *es2_listen, *address, *pki, *tls_cert, *tls_key,
		*eis_url, *operator_url, *ca_file, *upp, *package_keys, *throttle, *smds;
};

struct offer {
	struct pos pos;
	struct str iccid, matching_id, confirmation_code, spn, name, eid, class_name, owner;
	int64_t memory;
	unsigned policy;
	bool smds;
};

struct smdp_settings {
	struct str listen, es2_listen, address, pki, tls_cert, tls_key, eis_url, operator_url, ca_file,
		upp, smds;
	unsigned own_keys;
	int64_t throttle;
	struct { struct offer *list; size_t count; } profiles;
};

struct dp {
	struct service service;		/* first: a dp is a service */
	struct smdp *smdp;
	struct party_keys keys;
	bool listening, es2_listening;
	int ci_fd;
};

/* ---- Settings. ---------------------------------------------------------- */

#define FIELD(type, name_, field, read_, what) \
	{ name_, KEY_CUSTOM, .offset = offsetof(struct type, field), .min = 1, \
	  .read = read_, .takes = what }

static const struct schema_word class_words[] = {
	{ "operational", 0, NULL }, { "provisioning", 0, NULL }, { "test", 0, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_word policy_words[] = {
	{ "ppr1", PPR_NO_DISABLE, NULL }, { "ppr2", PPR_NO_DELETE, NULL }, { NULL, 0, NULL }
};

static const struct schema_key offer_keys[] = {
	{ "iccid", KEY_CUSTOM, true, offsetof(struct offer, iccid), .read = check_iccid,
	  .takes = "19 or 20 digits" },
	FIELD(offer, "matching-id", matching_id, settings_secret,
	      "a secret, env:NAME or file:PATH"),
	FIELD(offer, "confirmation-code", confirmation_code, settings_secret,
	      "a secret, env:NAME or file:PATH"),
	FIELD(offer, "spn", spn, settings_text, "a string"),
	FIELD(offer, "name", name, settings_text, "a string"),
	FIELD(offer, "eid", eid, check_eid, "32 digits"),
	{ "class", KEY_WORD_STR, .offset = offsetof(struct offer, class_name),
	  .words = class_words },
	{ "memory", KEY_INT, .offset = offsetof(struct offer, memory), .min = 1,
	  .max = UINT32_MAX },
	{ "policy", KEY_FLAGS, .offset = offsetof(struct offer, policy),
	  .words = policy_words },
	FIELD(offer, "owner", owner, settings_text, "an operator's five or six digits"),
	{ "smds", KEY_BOOL, .offset = offsetof(struct offer, smds) },
};
static const struct schema offer_schema = {
	.name = "a profile", .size = sizeof(struct offer),
	.pos_offset = offsetof(struct offer, pos), .keys = offer_keys,
	.key_count = sizeof(offer_keys) / sizeof(offer_keys[0]),
};

static const struct schema_word keys_words[] = {
	{ "session", false, NULL }, { "own", true, NULL }, { NULL, 0, NULL }
};
static const struct schema_key keys[] = {
	FIELD(smdp_settings, "listen", listen, settings_address,
	      "an address and a port such as 127.0.0.1:8443"),
	FIELD(smdp_settings, "es2-listen", es2_listen, settings_address,
	      "an address and a port such as 127.0.0.1:8444"),
	FIELD(smdp_settings, "address", address, settings_text, "a host name"),
	FIELD(smdp_settings, "pki", pki, settings_text, "a path, or none"),
	FIELD(smdp_settings, "tls-cert", tls_cert, settings_text, "a path"),
	FIELD(smdp_settings, "tls-key", tls_key, settings_text, "a path"),
	FIELD(smdp_settings, "eis-url", eis_url, settings_base_url, SETTINGS_URL),
	FIELD(smdp_settings, "operator-url", operator_url, settings_base_url, SETTINGS_URL),
	{ "package-keys", KEY_WORD, .offset = offsetof(struct smdp_settings, own_keys),
	  .words = keys_words },
	{ "throttle", KEY_INT, .offset = offsetof(struct smdp_settings, throttle),
	  .max = 1000000 },
	FIELD(smdp_settings, "ca-file", ca_file, settings_text, "a path"),
	FIELD(smdp_settings, "smds", smds, settings_text, "a host name"),
	FIELD(smdp_settings, "upp", upp, settings_text, "a path"),
	{ "profiles", KEY_LIST, .offset = offsetof(struct smdp_settings, profiles),
	  .of = &offer_schema },
};
static const struct schema schema = {
	.name = "the configuration", .size = sizeof(struct smdp_settings),
	.pos_offset = SCHEMA_NO_POS, .keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

#define OPTION(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct smdp_options, field), argument_, \
	  help_, 0 }

static const struct option options[] = {
	OPTION("config", config, "FILE",
	       "Read these options, and profiles, from a YAML file; what is on the "
	       "command line wins"),
	OPTION("listen", listen, "ADDR:PORT",
	       "Where devices and operators connect; port 0 takes a free one (default: "
	       "127.0.0.1:8443)"),
	OPTION("es2-listen", es2_listen, "ADDR:PORT",
	       "Where operators connect (ES2+), if it is another place than devices"),
	OPTION("pki", pki, "DIR",
	       "Its certificates and keys (see esimrig pki), made if they are not there; "
	       "none: nothing is signed or encrypted"),
	OPTION("address", address, "HOST",
	       "Its own name, as activation codes give it (default: 127.0.0.1)"),
	OPTION("tls-cert", tls_cert, "FILE",
	       "Serve https with this chain (PEM); none: serve http (default: a certificate "
	       "from the keys, for its own name)"),
	OPTION("tls-key", tls_key, "FILE", "The certificate's private key (PEM)"),
	OPTION("upp", upp, "DIR",
	       "Serve the profile packages in these files; each is named by its matching id "
	       "(MATCHING-ID.der)"),
	OPTION("eis-url", eis_url, "URL", "The EIS that gets notifications"),
	OPTION("operator-url", operator_url, "URL",
	       "Who hears how downloads go (ES2+ handleDownloadProgressInfo)"),
	OPTION("package-keys", package_keys, "session|own",
	       "session: profiles are protected by the keys of the session; own: by keys of "
	       "their own, which the eUICC is given (default: session)"),
	OPTION("throttle", throttle, "N",
	       "Requests of one address in ten seconds; 0: any number (default: 0)"),
	OPTION("smds", smds, "HOST",
	       "The SM-DS that is told of profiles with smds: true, and of orders that name it; "
	       "it is known by the CIs of --pki"),
	OPTION("ca-file", ca_file, "FILE",
	       "Certificates of those who may vouch for an https EIS, operator, or other SM-DS"),
	OPTION_HELP(struct smdp_options),
	{ 0 }
};

static int check(struct loader *l, void *out)
{
	const struct smdp_settings *s = out;

	for (size_t i = 0; i < s->profiles.count; i++)
		if (s->profiles.list[i].smds && !s->smds.n)
			return diag_add(l->diag, s->profiles.list[i].pos, 0,
					"a profile with smds: true needs the option smds");
	if (!s->tls_cert.n == !s->tls_key.n || (str_is(s->tls_cert, "none") && !s->tls_key.n))
		return 0;
	return diag_add(l->diag, (struct pos){ 0 }, 0,
			"tls-cert and tls-key: one needs the other");
}

/* ---- The service. ------------------------------------------------------- */

/* Packages that no profile of the configuration names: they say themselves what
 * they are. */
static int offer_rest(struct smdp *smdp, const struct upp_dir *dir, struct err *err)
{
	for (size_t i = 0; i < dir->count; i++) {
		const struct upp_file *f = &dir->files[i];
		struct smdp_profile_spec spec = { .matching_id = f->matching_id,
						  .upp = f->bytes };
		struct rsp_upp upp;

		if (f->used)
			continue;
		if (rsp_upp_read(f->bytes, &upp, err) < 0)
			return err_prefix(err, "package %.*s", STRF(f->matching_id));
		spec.iccid = str_of(upp.iccid);
		spec.spn = spec.profile_name = upp.name.n ? upp.name : f->matching_id;
		if (smdp_add_profile(smdp, &spec, err) < 0)
			return err_prefix(err, "package %.*s", STRF(f->matching_id));
	}
	return 0;
}

static int offer_all(struct smdp *smdp, const struct smdp_settings *s, struct arena *a,
		     struct err *err)
{
	struct upp_dir dir = { 0 };

	if (s->upp.n && upp_dir_read(s->upp.p, a, &dir, err) < 0)
		return err_prefix(err, "upp");
	for (size_t i = 0; i < s->profiles.count; i++) {
		const struct offer *o = &s->profiles.list[i];
		struct upp_file *f = upp_dir_find(&dir, o->matching_id);
		const struct smdp_profile_spec spec = {
			.iccid = o->iccid, .matching_id = o->matching_id,
			.confirmation_code = o->confirmation_code, .spn = o->spn,
			.profile_name = o->name.n ? o->name : o->spn, .eid = o->eid,
			.upp = f ? f->bytes : STR_NONE, .class_name = o->class_name,
			.memory = (uint32_t)o->memory, .ppr = o->policy, .owner = o->owner,
			.smds_address = o->smds ? s->smds : STR_NONE,
		};

		if (f)
			f->used = true;
		if (smdp_add_profile(smdp, &spec, err) < 0)
			return err_prefix(err, "profile %.*s", STRF(o->iccid));
	}
	return offer_rest(smdp, &dir, err);
}

/* The SM-DS, known by the CIs of the keys. */
static int open_smds(struct dp *d, struct str host, struct arena *a, struct err *err)
{
	struct socknet_peer peer = { .url = arena_printf(a, "https://%.*s", STRF(host)).p };

	if (!host.n || !d->keys.pki)
		return 0;
	d->ci_fd = party_ci_file(d->keys.pki, a, &peer.ca_file, err);
	return d->ci_fd < 0 ? -1 : socknet_route(d->service.net, host.p, "smds", &peer, err);
}

static int listen_all(struct dp *d, const struct smdp_settings *s,
		      const struct socknet_tls *tls, struct buf *ready, struct err *err)
{
	struct network *net = d->service.net;
	bool apart = s->es2_listen.n > 0;
	char bound[SOCKNET_ADDRESS_SIZE];

	if (socknet_listen_tls(net, HOST, "smdp", apart ? smdp_es9_handler(d->smdp) :
			       smdp_handler(d->smdp), s->listen.p, tls, bound, err) < 0)
		return -1;
	d->listening = true;
	buf_printf(ready, "listening on %s", bound);
	if (!apart)
		return 0;
	if (socknet_listen_tls(net, ES2_HOST, "smdp", smdp_es2_handler(d->smdp),
			       s->es2_listen.p, tls, bound, err) < 0)
		return -1;
	d->es2_listening = true;
	buf_printf(ready, ", for operators on %s", bound);
	return 0;
}

static int start(struct service *service, const void *settings, struct arena *a,
		 struct buf *ready, struct err *err)
{
	struct dp *d = (struct dp *)service;
	const struct smdp_settings *s = settings;
	struct smdp_config c = {
		.loop = &service->loop, .net = service->net, .log = &service->log,
		.party = "smdp", .address = s->address.p, .eis_url = s->eis_url.p,
		.operator_url = s->operator_url.p, .own_keys = s->own_keys != 0,
		.throttle = (uint64_t)s->throttle,
	};
	struct party_tls wanted = {
		.role = RSP_ROLE_DP_TLS, .oid = STR("\x88\x37\x0A"), .address = s->address,
		.cert = s->tls_cert, .key = s->tls_key,
	};
	struct socknet_tls tls;
	int with_tls;

	if (party_seed(&c.seed, err) < 0 || party_calls(service, s->ca_file, err) < 0 ||
	    party_keys_open(&d->keys, s->pki, err) < 0)
		return -1;
	c.crypto = d->keys.crypto;
	wanted.pki = d->keys.pki;
	d->smdp = smdp_new(&c, err);
	if (!d->smdp || open_smds(d, s->smds, a, err) < 0 || offer_all(d->smdp, s, a, err) < 0)
		return -1;
	with_tls = party_tls(&wanted, a, &tls, err);
	if (with_tls < 0 || (d->keys.pki && pki_dir_save(d->keys.pki, s->pki.n ? s->pki.p :
							 NULL, err) < 0))
		return -1;
	return listen_all(d, s, with_tls ? &tls : NULL, ready, err);
}

static void stop(struct service *service)
{
	struct dp *d = (struct dp *)service;

	if (d->listening)
		network_unlisten(service->net, HOST);
	if (d->es2_listening)
		network_unlisten(service->net, ES2_HOST);
	if (d->smdp)
		smdp_free(d->smdp);
	if (d->ci_fd >= 0)
		close(d->ci_fd);
	party_keys_close(&d->keys);
}

static int serve(const struct verb *v, int argc, char **argv)
{
	static const struct settings_form form = { &schema, options, check };
	static const struct party party = {
		.form = &form, .config_offset = offsetof(struct smdp_options, config),
		.help_offset = offsetof(struct smdp_options, help),
		.start = start, .stop = stop,
	};
	struct smdp_options o = { 0 };
	struct smdp_settings s = { .listen = STR("127.0.0.1:8443"),
				   .address = STR("127.0.0.1") };
	struct dp d = { .ci_fd = -1 };

	return party_main(&party, v, argc, argv, &o, &s, &d.service);
}

static const char *const about[] = {
	"Profiles wait here for download (ES9+), and operators order them (ES2+). All of "
	"it is in memory, and gone at the end. It signs and encrypts with keys of --pki, "
	"under every CI that is there; its TLS certificate is from there, too, unless "
	"--tls-cert brings one. An LPA that is to trust it needs the CI's certificate.",
	"A package of --upp that has the matching id of a profile in the configuration is that "
	"profile's, whatever ICCID is in it; any other is a profile of its own.",
	"The configuration has the names of the options, and besides:",
	"  profiles:\n"
	"    - {iccid: '8944000000000000010', matching-id: file:code, spn: Mobile}",
	"A profile may also have: name, confirmation-code, eid, class (operational, "
	"provisioning or test), memory (bytes), policy (ppr1, ppr2), owner (five or six digits). "
	"Without a matching id it is found by its EID: by a device whose default SM-DP+ this is. "
	"With smds: true, eid and matching-id, the eUICC hears of it from the SM-DS.",
	NULL
};

const struct verb verb_smdp = {
	.name = "smdp", .arguments = "", .summary = "Be an SM-DP+, over sockets",
	.options = options, .about = about, .run = serve,
};
