/* esimrig devices: simulated devices by themselves, over sockets. */
#include "cli/party.h"
#include "devices/gateway.h"
#include "proto/profile.h"
#include "sim/socknet.h"

#define GATEWAY_HOST "gateway.rig"

struct devices_options {
	bool help;
	const char *config, *eis_url, *report_url, *report_token, *gateway, *gateway_token,
		*reports, *ca_file, *pki, *poll;
};

struct card_profile {
	struct pos pos;
	struct str iccid, spn;
	unsigned class;			/* enum profile_class; operational unless given */
	bool class_given;
	bool active;
};

struct unit {
	struct str key;
	struct pos pos;
	struct str id, eid;
	bool second_link;
	struct { struct card_profile *list; size_t count; } profiles;
};

struct devices_settings {
	struct str eis_url, report_url, report_token, gateway, gateway_token, ca_file, pki;
	unsigned changes;		/* bool: reports of changes alone */
	int64_t poll_ns;
	struct { struct unit *list; size_t count; } devices;
};

struct site {
	struct service service;		/* first: a site is a service */
	struct fleet *fleet;
	struct gateway *gateway;	/* NULL: nobody can command the devices directly */
	bool listening;
	struct party_keys keys;
};

/* ---- Settings. ---------------------------------------------------------- */

static const struct schema_word class_words[] = {
	{ "operational", PROFILE_CLASS_OPERATIONAL, NULL },
	{ "bootstrap", PROFILE_CLASS_PROVISIONING, NULL },
	{ "provisioning", PROFILE_CLASS_PROVISIONING, NULL },
	{ "test", PROFILE_CLASS_TEST, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_key profile_keys[] = {
	{ "iccid", KEY_CUSTOM, true, offsetof(struct card_profile, iccid),
	  .read = check_iccid, .takes = "19 or 20 digits" },
	{ "spn", KEY_CUSTOM, .offset = offsetof(struct card_profile, spn),
	  .read = settings_text, .takes = "a string" },
	{ "type", KEY_WORD, .offset = offsetof(struct card_profile, class),
	  .given = offsetof(struct card_profile, class_given), .words = class_words },
	{ "active", KEY_BOOL, .offset = offsetof(struct card_profile, active) },
};
static const struct schema profile_schema = {
	.name = "a profile", .size = sizeof(struct card_profile),
	.pos_offset = offsetof(struct card_profile, pos), .keys = profile_keys,
	.key_count = sizeof(profile_keys) / sizeof(profile_keys[0]),
};

static const struct schema_key unit_keys[] = {
	{ "device-id", KEY_CUSTOM, true, offsetof(struct unit, id),
	  .read = check_device_id, .takes = "a device id" },
	{ "eid", KEY_CUSTOM, true, offsetof(struct unit, eid), .read = check_eid,
	  .takes = "32 digits" },
	{ "second-link", KEY_BOOL, .offset = offsetof(struct unit, second_link) },
	{ "profiles", KEY_LIST, .offset = offsetof(struct unit, profiles),
	  .of = &profile_schema },
};
static const struct schema unit_schema = {
	.name = "a device", .size = sizeof(struct unit),
	.pos_offset = offsetof(struct unit, pos), .keys = unit_keys,
	.key_count = sizeof(unit_keys) / sizeof(unit_keys[0]),
};

#define FIELD(name_, field, read_, what) \
	{ name_, KEY_CUSTOM, .offset = offsetof(struct devices_settings, field), \
	  .min = 1, .read = read_, .takes = what }

static const struct schema_word report_words[] = {
	{ "full", false, NULL },
	{ "changes", true, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_key keys[] = {
	FIELD("eis-url", eis_url, settings_base_url, SETTINGS_URL),
	FIELD("report-url", report_url, settings_url, SETTINGS_URL),
	FIELD("report-token", report_token, settings_secret,
	      "a secret, env:NAME or file:PATH"),
	{ "reports", KEY_WORD, .offset = offsetof(struct devices_settings, changes),
	  .words = report_words },
	FIELD("gateway", gateway, settings_address,
	      "an address and a port such as 127.0.0.1:8082"),
	FIELD("gateway-token", gateway_token, settings_secret,
	      "a secret, env:NAME or file:PATH"),
	FIELD("ca-file", ca_file, settings_text, "a path"),
	FIELD("pki", pki, settings_text, "a path, or none"),
	{ "poll", KEY_DURATION, .offset = offsetof(struct devices_settings, poll_ns),
	  .min = NS_PER_S },
	{ "devices", KEY_NAMED, true, offsetof(struct devices_settings, devices),
	  .of = &unit_schema },
};
static const struct schema schema = {
	.name = "the configuration", .size = sizeof(struct devices_settings),
	.pos_offset = SCHEMA_NO_POS, .keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

#define OPTION(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct devices_options, field), argument_, \
	  help_, 0 }

static const struct option options[] = {
	OPTION("config", config, "FILE",
	       "Read these options, and the devices, from a YAML file; what is on the "
	       "command line wins"),
	OPTION("eis-url", eis_url, "URL",
	       "The EIS that they poll (default: http://127.0.0.1:8081)"),
	OPTION("report-url", report_url, "URL",
	       "Where they report their profiles (default: they do not)"),
	OPTION("report-token", report_token, "SECRET",
	       "What they send with reports; better as env:NAME or file:PATH"),
	OPTION("reports", reports, "full|changes",
	       "What they report after a change: all their profiles, or those that changed "
	       "(default: full)"),
	OPTION("gateway", gateway, "ADDR:PORT",
	       "Be a device gateway there, at which servers command them directly; port 0 "
	       "takes a free one (default: nowhere)"),
	OPTION("gateway-token", gateway_token, "SECRET",
	       "What servers must send to the gateway (default: anybody may)"),
	OPTION("ca-file", ca_file, "FILE",
	       "Certificates of those who may vouch for https hosts (default: the "
	       "machine's)"),
	OPTION("pki", pki, "DIR",
	       "Certificates and keys of their eUICCs (see esimrig pki), made if they are not "
	       "there; none: nothing is signed or encrypted"),
	OPTION("poll", poll, "TIME", "Between two looks at the EIS (default: 60s)"),
	OPTION_HELP(struct devices_options),
	{ 0 }
};

static int check_unit(struct loader *l, const struct devices_settings *s, size_t i)
{
	const struct unit *u = &s->devices.list[i];

	for (size_t j = 0; j < i; j++) {
		if (str_ieq(u->id, s->devices.list[j].id))
			return diag_add(l->diag, u->pos, 1, "device id %.*s is there already",
					STRF(u->id));
		if (str_eq(u->eid, s->devices.list[j].eid))
			return diag_add(l->diag, u->pos, 1, "EID %.*s is there already",
					STRF(u->eid));
	}
	return 0;
}

static int check(struct loader *l, void *out)
{
	const struct devices_settings *s = out;
	int rc = 0;

	if (!s->devices.count)
		return diag_add(l->diag, (struct pos){ 0 }, 0,
				"which devices? Give --config FILE with 'devices'");
	for (size_t i = 0; i < s->devices.count; i++)
		rc |= check_unit(l, s, i);
	return rc;
}

/* ---- The service. ------------------------------------------------------- */

static int add_device(struct fleet *fleet, const struct unit *u, struct arena *a,
		      struct err *err)
{
	struct device_profile_spec *profiles = arena_array(a, u->profiles.count,
							   sizeof(*profiles));
	const struct device_spec spec = {
		.name = u->key, .device_id = u->id, .eid = u->eid,
		.profiles = profiles, .profile_count = u->profiles.count,
		.second_link = u->second_link,
	};
	struct device *d;

	for (size_t i = 0; i < u->profiles.count; i++) {
		const struct card_profile *p = &u->profiles.list[i];
		enum profile_class class = p->class_given ? (enum profile_class)p->class :
					   PROFILE_CLASS_OPERATIONAL;

		profiles[i] = (struct device_profile_spec){
			.iccid = p->iccid, .spn = p->spn, .profile_name = p->spn,
			.class_name = str_of(profile_class_name(class)),
			.active = p->active,
		};
	}
	d = fleet_add(fleet, &spec, err);
	if (!d)
		return err_prefix(err, "device %.*s", STRF(u->key));
	device_report_now(d);
	return 0;
}

static int open_gateway(struct site *f, const struct devices_settings *s, uint64_t seed,
			struct buf *ready, struct err *err)
{
	char bound[SOCKNET_ADDRESS_SIZE];

	f->gateway = gateway_new(&(struct gateway_config){
		.loop = &f->service.loop, .log = &f->service.log, .seed = seed,
		.fleet = f->fleet, .token = s->gateway_token.p,
	});
	if (socknet_listen(f->service.net, GATEWAY_HOST, "gateway",
			   gateway_handler(f->gateway), s->gateway.p, bound, err) < 0)
		return -1;
	f->listening = true;
	buf_printf(ready, ", gateway on %s", bound);
	return 0;
}

static int start(struct service *service, const void *settings, struct arena *a,
		 struct buf *ready, struct err *err)
{
	struct site *f = (struct site *)service;
	const struct devices_settings *s = settings;
	struct fleet_config c = {
		.loop = &service->loop, .net = service->net, .log = &service->log,
		.eis_url = s->eis_url.p, .report_url = s->report_url.p,
		.report_token = s->report_token.p, .report_changes = s->changes,
		/* They have forgotten how many they sent in an earlier process. */
		.sequence_base = clock_unix_ms(&service->loop.clock),
		.latency.poll = { .kind = LATENCY_CONSTANT, .a_ns = s->poll_ns },
	};

	if (party_seed(&c.seed, err) < 0 || party_calls(service, s->ca_file, err) < 0 ||
	    party_keys_open(&f->keys, s->pki, err) < 0)
		return -1;
	c.crypto = f->keys.crypto;
	f->fleet = fleet_new(&c, err);
	if (!f->fleet)
		return -1;
	for (size_t i = 0; i < s->devices.count; i++)
		if (add_device(f->fleet, &s->devices.list[i], a, err) < 0)
			return -1;
	buf_printf(ready, "%zu running", fleet_count(f->fleet));
	return s->gateway.n ? open_gateway(f, s, c.seed, ready, err) : 0;
}

static void stop(struct service *service)
{
	struct site *f = (struct site *)service;

	if (f->listening)
		network_unlisten(service->net, GATEWAY_HOST);
	gateway_free(f->gateway);
	if (f->fleet)
		fleet_free(f->fleet);
	party_keys_close(&f->keys);
}

static int serve(const struct verb *v, int argc, char **argv)
{
	static const struct settings_form form = { &schema, options, check };
	static const struct party party = {
		.form = &form, .config_offset = offsetof(struct devices_options, config),
		.help_offset = offsetof(struct devices_options, help),
		.start = start, .stop = stop,
	};
	struct devices_options o = { 0 };
	struct devices_settings s = { .eis_url = STR("http://127.0.0.1:8081"),
				      .poll_ns = 60 * NS_PER_S };
	struct site f = { 0 };

	return party_main(&party, v, argc, argv, &o, &s, &f.service);
}

static const char *const about[] = {
	"They poll the EIS for orders, download from SM-DP+s, carry out what they are "
	"told and report; with --gateway, servers can command them without an EIS as well "
	"(docs/southbound.md). A line on standard output says when they run. All of it is in "
	"memory, and gone at the end.",
	"The configuration has the names of the options, and besides:",
	"  devices:\n"
	"    router: {device-id: 00000000-00000000-0040FFFF-FF8001B0,\n"
	"             eid: '89049032000000000000000000000012', second-link: true,\n"
	"             profiles: [{iccid: '8944000000000000028', type: bootstrap,\n"
	"                         active: true}]}",
	NULL
};

const struct verb verb_devices = {
	.name = "devices", .arguments = "--config FILE",
	.summary = "Be devices with eUICCs, over sockets",
	.options = options, .about = about, .run = serve,
};
