/* What a world may have: its schemas, its delays, and what templates find in it. */
#include "scenarios/schema_impl.h"

#include "proto/profile.h"

/* ---- Words. ------------------------------------------------------------- */

static const struct schema_word class_words[] = {
	{ "operational", PROFILE_CLASS_OPERATIONAL, NULL },
	{ "bootstrap", PROFILE_CLASS_PROVISIONING, NULL },
	{ "provisioning", PROFILE_CLASS_PROVISIONING, NULL },
	{ "test", PROFILE_CLASS_TEST, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_word status_words[] = {
	{ "active", 1, NULL }, { "inactive", 0, NULL }, { NULL, 0, NULL }
};

static const struct schema_word policy_words[] = {
	{ "no-disable", PPR_NO_DISABLE, NULL },
	{ "no-delete", PPR_NO_DELETE, NULL },
	{ "ppr1", PPR_NO_DISABLE, NULL },
	{ "ppr2", PPR_NO_DELETE, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_word role_words[] = {
	{ "user", ROLE_USER, NULL }, { "read-only", ROLE_READ_ONLY, NULL },
	{ "admin", ROLE_ADMIN, NULL }, { NULL, 0, NULL }
};


/* ---- The world. --------------------------------------------------------- */

static const struct schema_key code_keys[] = {
	{ "iccid", KEY_CUSTOM, AT(scenario_code, iccid), .read = check_iccid,
	  .takes = "19 or 20 digits", .usual = "made up",
	  .help = "of the profile that the code gives; may be that of another one" },
	{ "matching-id", KEY_STR, AT(scenario_code, matching_id), .max = 255,
	  .usual = "made up", .help = "the secret part of the activation code; an empty one: "
	    "there is no activation code, and only the eUICC of `eid` gets the profile, by asking "
	    "this SM-DP+ as its default one" },
	{ "smds", KEY_BOOL, AT(scenario_code, smds), .usual = "false",
	  .help = "the SM-DS of the world (`world.smds`) tells the eUICC of `eid` of it" },
	{ "confirmation-code", KEY_STR, AT(scenario_code, confirmation_code), .min = 1, .max = 64,
	  .usual = "none", .help = "asked for at download" },
	{ "class", KEY_WORD_STR, AT(scenario_code, class_name), .words = class_words,
	  .usual = "operational", .help = "class of the profile" },
	{ "profile-name", KEY_STR, AT(scenario_code, profile_name), .max = 64,
	  .usual = "the SPN", .help = "name of the profile (SGP.22: profileName)" },
	{ "spn", KEY_TEXT, AT(scenario_code, spn), .usual = "the carrier's",
	  .help = "service provider name in this profile; null: it has none" },
	{ "eid", KEY_CUSTOM, AT(scenario_code, eid), .read = check_eid, .takes = "32 digits",
	  .usual = "any", .help = "only this eUICC may download it" },
	{ "account", KEY_REF, AT(scenario_code, account), .refs = REF_ACCOUNT,
	  .usual = "the first", .help = "the account that the code is registered for" },
	{ "registered", KEY_BOOL, AT(scenario_code, registered),
	  GIVEN(scenario_code, registered_given), .usual = "the carrier's",
	  .help = "whether the server knows the code; its secret is "
	    "`${key.codes[0].activation_code}` either way" },
	{ "memory", KEY_INT, AT(scenario_code, memory), .min = 1, .max = MEMORY_MAX,
	  .usual = "a usual size", .help = "bytes that the profile takes in the eUICC" },
	{ "policy", KEY_FLAGS, AT(scenario_code, policy), .words = policy_words,
	  .usual = "none", .help = "policy rules of the profile" },
	{ "retries", KEY_INT, AT(scenario_code, retries), .min = 1, .max = 1000,
	  .usual = "3", .help = "downloads that may be tried before the profile is lost" },
	{ "expires", KEY_DURATION, AT(scenario_code, expires_ns),
	  .usual = "never", .help = "how long after the start the SM-DP+ offers it" },
};
const struct schema schema_code = {
	.name = "an activation code", POS(scenario_code), SCHEMA(code_keys), .check = check_code,
	.help = "An entry of `codes`: a profile that waits at an SM-DP+.",
};

static const struct schema_key carrier_keys[] = {
	{ "name", KEY_STR, AT(scenario_carrier, name), .max = 255, .usual = "the key",
	  .help = "the name on the contract, with which activation codes are registered" },
	{ "spn", KEY_TEXT, AT(scenario_carrier, spn), .usual = "the name",
	  .help = "service provider name that the profiles carry; null: they have none. Two "
	    "carriers may have the same" },
	{ "codes", KEY_CUSTOM, AT(scenario_carrier, codes), .read = load_codes, .of = &schema_code,
	  .takes = "a count, or a list of activation codes", .usual = "none",
	  .help = "profiles to download: how many, or each by itself" },
	{ "registered", KEY_BOOL, AT(scenario_carrier, registered),
	  GIVEN(scenario_carrier, registered_given), .usual = "true",
	  .help = "whether the server knows the codes" },
	{ "smdp", KEY_REF, AT(scenario_carrier, smdp), .refs = REF_SMDP | REF_ADDRESS,
	  .usual = "`smdp`", .help = "the SM-DP+ that has the profiles" },
	{ "quirks", KEY_CUSTOM, AT(scenario_carrier, quirks), .read = load_quirks,
	  .takes = "quirks", .help = "quirks of this carrier (docs/quirks.md)" },
};
const struct schema schema_carrier = {
	.name = "a carrier", POS(scenario_carrier), SCHEMA(carrier_keys),
	.check = check_carrier,
	.help = "An entry of `world.carriers`.",
};

static const struct schema_key profile_keys[] = {
	{ "spn", KEY_TEXT, AT(scenario_profile, spn), .usual = "the carrier's, else none",
	  .help = "service provider name; null: none" },
	{ "carrier", KEY_REF, AT(scenario_profile, carrier), .refs = REF_CARRIER,
	  .help = "the carrier it comes from, whose SPN and SM-DP+ it takes" },
	{ "iccid", KEY_CUSTOM, AT(scenario_profile, iccid), .read = check_iccid,
	  .takes = "19 or 20 digits", .usual = "made up", .help = "may be that of another profile" },
	{ "type", KEY_WORD_STR, AT(scenario_profile, type), .words = class_words,
	  .usual = "operational", .help = "class of the profile" },
	{ "status", KEY_WORD_STR, AT(scenario_profile, status), .words = status_words,
	  .usual = "inactive", .help = "at most one profile of a device is active" },
	{ "name", KEY_STR, AT(scenario_profile, name), .max = 64, .usual = "the SPN",
	  .help = "name of the profile" },
	{ "nickname", KEY_STR, AT(scenario_profile, nickname), .max = 64, .usual = "none",
	  .help = "what its user calls it" },
	{ "policy", KEY_FLAGS, AT(scenario_profile, policy), .words = policy_words,
	  .usual = "none", .help = "policy rules: it may not be disabled (ppr1), not be deleted (ppr2)" },
	{ "no-network", KEY_BOOL, AT(scenario_profile, no_network), .usual = "false",
	  .help = "a device with this profile active has no network" },
	{ "memory", KEY_INT, AT(scenario_profile, memory), .min = 1, .max = MEMORY_MAX,
	  .usual = "a usual size", .help = "bytes" },
};
const struct schema schema_profile = {
	.name = "a profile", POS(scenario_profile), SCHEMA(profile_keys),
	.help = "An entry of `profiles`: what is in the eUICC at the start.",
};

static const struct schema_word power_words[] = {
	{ "on", 0, NULL }, { "off", 1, NULL }, { NULL, 0, NULL }
};

static const struct schema_key device_latency_keys[] = {
	{ "poll", KEY_ELSEWHERE, .takes = "a latency", .help = "from one look at the EIS to the next" },
	{ "boot", KEY_ELSEWHERE, .takes = "a latency", .help = "from power to running" },
	{ "attach", KEY_ELSEWHERE, .takes = "a latency",
	  .help = "from running, or a new active profile, to network" },
	{ "report", KEY_ELSEWHERE, .takes = "a latency", .help = "from a change to its report" },
	{ "apdu", KEY_ELSEWHERE, .takes = "a latency", .help = "one command to the eUICC" },
	{ "install", KEY_ELSEWHERE, .takes = "a latency", .help = "writing a profile into the eUICC" },
};
const struct schema schema_device_latency = {
	.name = "a device's latency", .pos_offset = SCHEMA_NO_POS,
	SCHEMA(device_latency_keys),
	.help = "A device's own, in place of `world.latency`'s `device.…`.",
};

static const struct schema_key device_keys[] = {
	{ "device_id", KEY_CUSTOM, AT(scenario_device, device_id), .read = check_device_id,
	  .takes = "a device id", .usual = "made up",
	  .help = "four groups of eight hex digits" },
	{ "eid", KEY_CUSTOM, AT(scenario_device, eid), .read = check_eid, .takes = "32 digits",
	  .usual = "made up", .help = "of its eUICC" },
	{ "profiles", KEY_LIST, AT(scenario_device, profiles), .of = &schema_profile,
	  .usual = "none", .help = "what is in the eUICC at the start" },
	{ "memory", KEY_INT, AT(scenario_device, memory), .min = 1, .max = MEMORY_MAX,
	  .usual = "a usual size", .help = "bytes for profiles" },
	{ "second-link", KEY_BOOL, AT(scenario_device, second_link), .usual = "false",
	  .help = "it has network whatever its profiles do" },
	{ "power", KEY_CUSTOM, AT(scenario_device, off), .read = load_power, .words = power_words,
	  .takes = "on or off", .usual = "on", .help = "at the start" },
	{ "account", KEY_REF, AT(scenario_device, account), .refs = REF_ACCOUNT,
	  .usual = "the first", .help = "whose device it is" },
	{ "unknown", KEY_BOOL, AT(scenario_device, unknown), .usual = "false",
	  .help = "the server is not told of it" },
	{ "reuse-numbers", KEY_BOOL, AT(scenario_device, reuse_numbers), .usual = "false",
	  .help = "a new profile takes the lowest free number, rather than one never used" },
	{ "default-smdp", KEY_REF, AT(scenario_device, default_smdp), .refs = REF_SMDP | REF_ADDRESS,
	  .usual = "none", .help = "SM-DP+ address set in the eUICC" },
	{ "clock-skew", KEY_CUSTOM, AT(scenario_device, clock_skew_ns), .read = load_skew,
	  .takes = "a duration, with a sign if its clock is behind", .usual = "0",
	  .help = "how far its clock is ahead" },
	{ "latency", KEY_CUSTOM, AT(scenario_device, latency), .read = load_device_latencies,
	  .of = &schema_device_latency, .takes = "a map of latencies", .usual = "the world's",
	  .help = "its own latencies" },
	{ "quirks", KEY_CUSTOM, AT(scenario_device, quirks), .read = load_quirks,
	  .takes = "quirks", .help = "quirks of this device (docs/quirks.md)" },
};
const struct schema schema_device = {
	.name = "a device", POS(scenario_device), SCHEMA(device_keys),
	.check = check_device,
	.help = "An entry of `world.devices`, or the `template` of a fleet (then without "
	    "device_id and eid).",
};

static const struct schema_key fleet_keys[] = {
	{ "count", KEY_INT, .required = true, AT(scenario_fleet, count), .min = 1, .max = FLEET_MAX,
	  .help = "how many: `${key[0].eid}` is the first" },
	{ "template", KEY_CUSTOM, AT(scenario_fleet, template), .read = load_fleet_template,
	  .of = &schema_device, .takes = "a device", .usual = "a device without profiles",
	  .help = "what each of them is like" },
};
const struct schema schema_fleet = {
	.name = "a fleet", POS(scenario_fleet), SCHEMA(fleet_keys),
	.help = "An entry of `world.fleets`: many devices of one kind.",
};

static const struct schema_key account_keys[] = {
	{ "customer_id", KEY_INT, AT(scenario_account, customer_id), .min = 1, .max = INT32_MAX,
	  .usual = "made up", .help = "the account's number in the API" },
	{ "name", KEY_STR, AT(scenario_account, name), .max = 255, .usual = "the key",
	  .help = "for people" },
};
const struct schema schema_account = {
	.name = "an account", POS(scenario_account), SCHEMA(account_keys),
	.help = "An entry of `world.accounts`. A world without accounts has one.",
};

static const struct schema_key user_keys[] = {
	{ "account", KEY_REF, AT(scenario_user, account), .refs = REF_ACCOUNT,
	  .usual = "the first", .help = "what this user sees" },
	{ "name", KEY_STR, AT(scenario_user, name), .min = 1, .max = 255, .usual = "the key",
	  .help = "to log in with" },
	{ "password", KEY_STR, AT(scenario_user, password), .min = 1, .max = 255,
	  .usual = "made up", .help = "`${key.password}`" },
	{ "api-key", KEY_BOOL, AT(scenario_user, api_key), .usual = "false",
	  .help = "has an API key as well: `${key.api_key_id}`, `${key.api_key_secret}`" },
	{ "role", KEY_WORD, AT(scenario_user, role), .words = role_words, .usual = "user",
	  .help = "read-only: may not change anything; admin: may set things up" },
};
const struct schema schema_user = {
	.name = "a user", POS(scenario_user), SCHEMA(user_keys),
	.help = "An entry of `world.users`. A world without users has one, who sends all requests.",
};

static const struct schema_key smdp_keys[] = {
	{ "address", KEY_STR, AT(scenario_smdp, address), .min = 1, .max = 253,
	  .usual = "`<key>.example.com`", .help = "its host name" },
	{ "quirks", KEY_CUSTOM, AT(scenario_smdp, quirks), .read = load_quirks,
	  .takes = "quirks", .help = "quirks of this SM-DP+ (docs/quirks.md)" },
};
const struct schema schema_smdp = {
	.name = "an SM-DP+", POS(scenario_smdp), SCHEMA(smdp_keys),
	.help = "An entry of `world.smdps`. One named `smdp` (smdp.example.com) is always there.",
};

static const struct schema_word way_words[] = {
	{ "eis", WAY_EIS, NULL }, { "gateway", WAY_GATEWAY, NULL }, { NULL, 0, NULL }
};
static const struct schema_key server_keys[] = {
	{ "way", KEY_WORD, AT(scenario_server, way), .words = way_words, .usual = "eis",
	  .help = "to the devices: orders at the EIS, or commands at the device gateway" },
	{ "check-interval", KEY_DURATION, AT(scenario_server, check_interval_ns), .min = 1, .usual = "60s",
	  .help = "between looks at running transactions" },
	{ "order-expiry", KEY_DURATION, AT(scenario_server, order_expiry_ns), .min = NS_PER_S,
	  .max = 24 * 3600 * NS_PER_S, .usual = "1h", .help = "of orders at the EIS; at most 24h" },
	{ "verify-limit", KEY_DURATION, AT(scenario_server, verify_limit_ns), .min = 1, .usual = "15min",
	  .help = "for a device to report a finished step" },
	{ "eis-timeout", KEY_DURATION, AT(scenario_server, eis_timeout_ns), .min = 1, .usual = "10s",
	  .help = "for one answer of the EIS" },
	{ "code-keep", KEY_DURATION, AT(scenario_server, code_keep_ns), .min = 1, .usual = "1h",
	  .help = "of an activation code after its download" },
	{ "throttle", KEY_INT, AT(scenario_server, throttle), .max = 1000000, .usual = "0",
	  .help = "requests of one user in any ten seconds; 0: any number" },
};
const struct schema schema_server = {
	.name = "the server's options", NO_POS(scenario_server), SCHEMA(server_keys),
	.help = "`world.server`: the reference server's options.",
};

static const struct schema_word reports_words[] = {
	{ "full", REPORTS_FULL, NULL }, { "changes", REPORTS_CHANGES, NULL }, { NULL, 0, NULL }
};
static const struct schema_key device_option_keys[] = {
	{ "fallback", KEY_DURATION, AT(scenario_device_options, fallback_ns), .min = 1, .usual = "5min",
	  .help = "without network on a new profile, before a device goes back to the old one" },
	{ "report-interval", KEY_DURATION, AT(scenario_device_options, report_interval_ns), .min = 1,
	  .usual = "24h", .help = "between periodic reports" },
	{ "reports", KEY_WORD, AT(scenario_device_options, reports), .words = reports_words,
	  .usual = "full", .help = "after a change: all profiles, or only what changed" },
	{ "no-reports", KEY_BOOL, AT(scenario_device_options, no_reports), .usual = "false",
	  .help = "devices never report" },
	{ "no-first-report", KEY_BOOL, AT(scenario_device_options, no_first_report), .usual = "false",
	  .help = "devices do not report at the start, so the server has no rows yet" },
};
const struct schema schema_device_options = {
	.name = "device options", NO_POS(scenario_device_options), SCHEMA(device_option_keys),
	.help = "`world.device-options`: of all devices.",
};

static const struct schema_key smdp_option_keys[] = {
	{ "progress", KEY_BOOL, AT(scenario_smdp_options, progress), .usual = "false",
	  .help = "the operator hears how each download goes (ES2+): the EIS stands for it" },
	{ "own-keys", KEY_BOOL, AT(scenario_smdp_options, own_keys), .usual = "false",
	  .help = "profiles are protected by keys of their own (PPK), not by those of the session" },
	{ "throttle", KEY_INT, AT(scenario_smdp_options, throttle), .max = 1000000, .usual = "0",
	  .help = "requests of one client in ten seconds; 0: any number" },
};
const struct schema schema_smdp_options = {
	.name = "SM-DP+ options", NO_POS(scenario_smdp_options), SCHEMA(smdp_option_keys),
	.help = "`world.smdp-options`: of all SM-DP+s.",
};

static const struct schema_word rsp_words[] = {
	{ "fast", RSP_FAST, NULL }, { "full", RSP_FULL, NULL }, { NULL, 0, NULL }
};
static const struct schema_key world_keys[] = {
	{ "carriers", KEY_NAMED, AT(scenario_world, carriers), .of = &schema_carrier,
	  .help = "who has activation codes" },
	{ "devices", KEY_NAMED, AT(scenario_world, devices), .of = &schema_device,
	  .help = "each a host with its eUICC" },
	{ "fleets", KEY_NAMED, AT(scenario_world, fleets), .of = &schema_fleet,
	  .help = "many devices of one kind" },
	{ "smdps", KEY_NAMED, AT(scenario_world, smdps), .of = &schema_smdp,
	  .usual = "`smdp`", .help = "SM-DP+s besides `smdp`" },
	{ "smds", KEY_STR, AT(scenario_world, smds), .min = 1, .max = 253,
	  .usual = "none", .help = "host name of an SM-DS, which all eUICCs then have as their "
	    "root SM-DS" },
	{ "accounts", KEY_NAMED, AT(scenario_world, accounts), .of = &schema_account,
	  .usual = "one", .help = "customers, who do not see each other" },
	{ "users", KEY_NAMED, AT(scenario_world, users), .of = &schema_user,
	  .usual = "one of the first account", .help = "who sends requests" },
	{ "latency", KEY_CUSTOM, AT(scenario_world, latency), .read = load_latencies,
	  .takes = "a map of latencies", .usual = "no time", .help = "how long things take" },
	{ "quirks", KEY_CUSTOM, AT(scenario_world, quirks), .read = load_quirks,
	  .takes = "quirks", .help = "quirks and faults (docs/quirks.md)" },
	{ "server", KEY_OBJECT, AT(scenario_world, server), .of = &schema_server,
	  .help = "options of the reference server" },
	{ "device-options", KEY_OBJECT, AT(scenario_world, device_options),
	  .of = &schema_device_options, .help = "options of all devices" },
	{ "smdp-options", KEY_OBJECT, AT(scenario_world, smdp_options),
	  .of = &schema_smdp_options, .help = "options of all SM-DP+s" },
	{ "rsp", KEY_WORD, AT(scenario_world, rsp), .words = rsp_words, .usual = "fast",
	  .help = "downloads with all cryptography of SGP.22, or with none: the messages "
	  "are the same" },
};
const struct schema schema_world = {
	.name = "the world", NO_POS(scenario_world), SCHEMA(world_keys),
	.help = "`world`. All names in it (keys of carriers, devices and so on) must differ.",
};

const struct scenario_delay_info scenario_delays[DELAYS] = {
#define EIS "/eis/v1/"
#define ES9 "/gsma/rsp2/es9plus/"
#define ES2 "/gsma/rsp2/es2plus/"
	{ "device.poll", "device", NULL, NULL, "from one look at the EIS to the next" },
	{ "device.boot", "device", NULL, NULL, "from power to running" },
	{ "device.attach", "device", NULL, NULL, "from running, or a new active profile, to network" },
	{ "device.report", "device", NULL, NULL, "from a change to its report" },
	{ "device.apdu", "device", NULL, NULL, "one command to the eUICC" },
	{ "device.install", "device", NULL, NULL, "writing a profile into the eUICC" },
	{ "network", "network", NULL, NULL, "each message on its way, there and back (only in memory)" },
	{ "server", "server", NULL, NULL, "the server, before it handles a request" },
	{ "eis", "eis", NULL, NULL, "the EIS, before it handles a request" },
	{ "eis.placeOrder", "eis", "POST", EIS "orders", "a server places an order" },
	{ "eis.orderStatus", "eis", "GET", EIS "orders/{id}", "a server asks for an order's status" },
	{ "eis.nextOrder", "eis", "GET", EIS "euicc/{eid}/orders/next", "a device asks for work" },
	{ "eis.result", "eis", "POST", EIS "orders/{id}/result", "a device hands in a result" },
	{ "eis.profiles", "eis", "PUT", EIS "euicc/{eid}/profiles", "a device hands in its profiles" },
	{ "eis.notification", "eis", "POST", EIS "notifications", "an SM-DP+ passes on a notification" },
	{ "smdp", "smdp", NULL, NULL, "every SM-DP+, before it handles a request" },
	{ "smdp.initiateAuthentication", "smdp", "POST", ES9 "initiateAuthentication", "ES9+" },
	{ "smdp.authenticateClient", "smdp", "POST", ES9 "authenticateClient", "ES9+" },
	{ "smdp.getBoundProfilePackage", "smdp", "POST", ES9 "getBoundProfilePackage", "ES9+" },
	{ "smdp.cancelSession", "smdp", "POST", ES9 "cancelSession", "ES9+" },
	{ "smdp.handleNotification", "smdp", "POST", ES9 "handleNotification", "ES9+" },
	{ "smdp.downloadOrder", "smdp", "POST", ES2 "downloadOrder", "ES2+" },
	{ "smdp.confirmOrder", "smdp", "POST", ES2 "confirmOrder", "ES2+" },
	{ "smdp.cancelOrder", "smdp", "POST", ES2 "cancelOrder", "ES2+" },
	{ "smdp.releaseProfile", "smdp", "POST", ES2 "releaseProfile", "ES2+" },
#undef EIS
#undef ES9
#undef ES2
};

const struct latency_form latency_forms[] = {
	{ LATENCY_CONSTANT, "90s", "always that; also written alone: `smdp: 90s`" },
	{ LATENCY_UNIFORM, "[1s, 5s]", "anything between the two" },
	{ LATENCY_NORMAL, "{mean: 10s, sd: 2s}", "cut at 0" },
	{ LATENCY_LOGNORMAL, "{median: 4min, p99: 10min}", "most are short, some very long" },
	{ LATENCY_EXPONENTIAL, "{mean: 10s}", "as the time between calls of strangers" },
	{ LATENCY_PARETO, "{min: 1s, shape: 1.5}", "a heavy tail" },
	{ LATENCY_PERCENTILES, "{50: 1s, 90: 3s, 99: 10s}", "as measured; straight lines "
	    "between, nothing beyond" },
	{ LATENCY_POLLS, "3", "not a time: asked so often in vain (an order stays hidden, a "
	    "status stays, other functions answer 503)" },
	{ LATENCY_NEVER, "", "no answer, does not happen: written alone, `smdp: never`" },
};
const size_t latency_form_count = COUNT(latency_forms);

const struct scenario_attribute scenario_attributes[] = {
	{ OBJECT_CARRIER, "key", "what it is called in the world", false, 0 },
	{ OBJECT_CARRIER, "name", "the name on the contract", false, 0 },
	{ OBJECT_CARRIER, "spn", "what its profiles carry; null if nothing", false, 0 },
	{ OBJECT_CARRIER, "smdp", "the address of its SM-DP+", false, 0 },
	{ OBJECT_CARRIER, "smdp_address", "the same", false, 0 },
	{ OBJECT_CARRIER, "iccid", "of its first code", false, 0 },
	{ OBJECT_CARRIER, "activation_code", "the secret of its first code, `LPA:1$…`", false, 0 },
	{ OBJECT_CARRIER, "code", "the same", false, 0 },
	{ OBJECT_CARRIER, "matching_id", "of its first code", false, 0 },
	{ OBJECT_CARRIER, "confirmation_code", "of its first code; null if it has none", false, 0 },
	{ OBJECT_CARRIER, "codes", "all of them", true, OBJECT_CODE },
	{ OBJECT_CODE, "iccid", "of the profile that it gives", false, 0 },
	{ OBJECT_CODE, "activation_code", "the secret, `LPA:1$…`", false, 0 },
	{ OBJECT_CODE, "code", "the same", false, 0 },
	{ OBJECT_CODE, "matching_id", "the middle of the secret", false, 0 },
	{ OBJECT_CODE, "confirmation_code", "null if it has none", false, 0 },
	{ OBJECT_CODE, "spn", "in the profile; null if it has none", false, 0 },
	{ OBJECT_DEVICE, "key", "what it is called in the world: `router`, `fleet[3]`", false, 0 },
	{ OBJECT_DEVICE, "name", "the same", false, 0 },
	{ OBJECT_DEVICE, "device_id", "", false, 0 },
	{ OBJECT_DEVICE, "eid", "", false, 0 },
	{ OBJECT_DEVICE, "party", "its name in the event log: `device/router`", false, 0 },
	{ OBJECT_DEVICE, "customer_id", "of its account", false, 0 },
	{ OBJECT_DEVICE, "profiles", "those that it has at the start", true, OBJECT_PROFILE },
	{ OBJECT_PROFILE, "iccid", "", false, 0 },
	{ OBJECT_PROFILE, "spn", "null if it has none", false, 0 },
	{ OBJECT_PROFILE, "name", "", false, 0 },
	{ OBJECT_PROFILE, "nickname", "", false, 0 },
	{ OBJECT_FLEET, "key", "", false, 0 },
	{ OBJECT_FLEET, "count", "how many devices; each is `${fleet[0].…}` and so on", false, 0 },
	{ OBJECT_ACCOUNT, "customer_id", "", false, 0 },
	{ OBJECT_ACCOUNT, "name", "", false, 0 },
	{ OBJECT_USER, "name", "to log in with", false, 0 },
	{ OBJECT_USER, "password", "", false, 0 },
	{ OBJECT_USER, "authorization", "value of the header `Authorization`", false, 0 },
	{ OBJECT_USER, "customer_id", "of its account", false, 0 },
	{ OBJECT_USER, "api_key_id", "to send as `X-API-KEY-ID`; null if it has none", false, 0 },
	{ OBJECT_USER, "api_key_secret", "to send as `X-API-KEY-SECRET`; null if it has none", false, 0 },
	{ OBJECT_SMDP, "address", "its host name", false, 0 },
	{ OBJECT_SMDP, "url", "`https://` and its address", false, 0 },
	{ OBJECT_RUN, "seed", "of this run", false, 0 },
	{ OBJECT_SERVER, "url", "of the server", false, 0 },
	{ OBJECT_SERVER, "report_token", "that devices send with reports", false, 0 },
	{ OBJECT_SERVER, "gateway_url", "of the device gateway", false, 0 },
	{ OBJECT_SERVER, "gateway_token", "that servers send to it", false, 0 },
	{ OBJECT_EIS, "url", "of the EIS", false, 0 },
	{ OBJECT_EIS, "token", "that servers send to it", false, 0 },
	{ OBJECT_RESPONSE, "status", "of the last request's answer", false, 0 },
	{ OBJECT_RESPONSE, "body", "of the last request's answer, as a string", false, 0 },
};
const size_t scenario_attribute_count = COUNT(scenario_attributes);
