/* What a scenario may say, but for its world: steps, actions, the whole. */
#include "scenarios/schema_impl.h"

/* ---- Steps. ------------------------------------------------------------- */

static const struct schema_word since_words[] = {
	{ "start", SINCE_START, NULL },
	{ "previous-step", SINCE_PREVIOUS_STEP, NULL },
	{ "now", SINCE_NOW, NULL }, { NULL, 0, NULL }
};

static const struct schema_key step_keys[] = {
	{ "name", KEY_STR, AT(scenario_step, name), .min = 1, .max = 255, .usual = "what it does",
	  .help = "how reports call it" },
	{ "note", KEY_PROSE, AT(scenario_step, note), .help = "for whoever reads the scenario" },
	{ "at", KEY_CUSTOM, AT(scenario_step, when_ns), .read = load_at, .takes = "a duration",
	  .help = "not before so long after the start of the run; if that is past, the step fails" },
	{ "after", KEY_CUSTOM, AT(scenario_step, when_ns), .read = load_at, .takes = "a duration",
	  .help = "so long after the step before" },
	{ "set-up", KEY_BOOL, AT(scenario_step, set_up), .usual = "false",
	  .help = "it only prepares: what goes wrong in it is NOT REACHED, not FAIL" },
	{ "in-world", KEY_BOOL, AT(scenario_step, in_world), .usual = "false",
	  .help = "it is passed over where the devices are not the rig's: at depth `read` and "
	    "`actions` of a foreign target" },
};
static const struct schema schema_step = {
	.name = "a step", POS(scenario_step), SCHEMA(step_keys),
	.help = "What any step may have. The other keys depend on what it does.",
};

#define WAIT_KEYS \
	{ "within", KEY_CUSTOM, AT(scenario_step, within_ns), .read = load_within, \
	  .takes = "a duration", .help = "wait for it, that long at most" }, \
	{ "stable-for", KEY_DURATION, AT(scenario_step, stable_ns), .usual = "0", \
	  .help = "it must then hold for that long without a break; `within` is for when that begins" }

#define VERB(word) \
	{ word, KEY_CUSTOM, AT(scenario_step, request.url), .read = load_verb, \
	  .takes = "a path or URL", \
	  .help = "path of the server, with query, or a whole URL: `http://eis.rig/eis/v1/…`" }

static const struct schema_key request_keys[] = {
	VERB("get"), VERB("post"), VERB("put"), VERB("patch"), VERB("delete"),
	VERB("head"), VERB("options"),
	{ "query", KEY_CUSTOM, AT(scenario_step, request.query), .read = load_headers,
	  .takes = "a map", .help = "parameters to append, percent-encoded" },
	{ "raw", KEY_BOOL, AT(scenario_step, request.raw), .usual = "false",
	  .help = "the path or URL is sent as it is written, with what is not legal in it: "
	    "nothing of it is percent-encoded, nor is what templates insert" },
	{ "headers", KEY_CUSTOM, AT(scenario_step, request.headers), .read = load_headers,
	  .takes = "a map", .help = "to send; null: not to send one that is sent otherwise" },
	{ "json", KEY_CUSTOM, AT(scenario_step, request.body), .read = load_body, .takes = "anything",
	  .help = "a body of that value as JSON" },
	{ "body", KEY_CUSTOM, AT(scenario_step, request.body), .read = load_body, .takes = "a string",
	  .help = "a body of these bytes" },
	{ "form", KEY_CUSTOM, AT(scenario_step, request.body), .read = load_body, .takes = "a map",
	  .help = "a body as an HTML form sends it" },
	{ "as", KEY_CUSTOM, AT(scenario_step, request.as), .read = load_as, .takes = "a user, or nobody",
	  .usual = "the first user", .help = "who sends it" },
	{ "timeout", KEY_DURATION, AT(scenario_step, request.timeout_ns), .min = 1, .usual = "30s",
	  .help = "for the answer" },
	{ "follow", KEY_BOOL, AT(scenario_step, request.follow), .usual = "false",
	  .help = "get: ask on with `cursor` until there is none; what is looked at is one "
	    "document `{count, list, pages}`: all rows, and how many each page had" },
	{ "given", KEY_CUSTOM, AT(scenario_step, request.given), .read = load_expect,
	  .takes = "a map of expectations",
	  .help = "what must be there to judge at all: if it is not, the run is NOT REACHED. With "
	    "`within` and no `until`: ask again until it is" },
	{ "expect", KEY_CUSTOM, AT(scenario_step, request.expect), .read = load_expect,
	  .takes = "a map of expectations", .help = "what the (last) answer must be" },
	{ "until", KEY_CUSTOM, AT(scenario_step, request.until), .read = load_expect,
	  .takes = "a map of expectations",
	  .help = "send it again until the answer is that; needs `within`" },
	{ "every", KEY_DURATION, AT(scenario_step, every_ns), .min = NS_PER_MS,
	  .usual = "a 30th of `within`, 100ms to 1min",
	  .help = "time between two requests of an `until`" },
	WAIT_KEYS,
	{ "save", KEY_CUSTOM, AT(scenario_step, request.save), .read = load_save,
	  .takes = "a map of variables",
	  .help = "variables for later steps: a JSON pointer into the answer, a list "
	    "of such (the first that is there), `{first-of: /list, where: what it must match}` or "
	    "`last-of` for an item of a list, `{header: Name}`, `status`, `body` or `text`" },
};
static const struct schema schema_request = {
	.name = "a request", POS(scenario_step), SCHEMA(request_keys),
	.base = &schema_step, .check = check_request,
	.help = "A step that sends a request.",
};

static const struct schema_key wait_keys[] = {
	{ "wait", KEY_DURATION, .required = true, AT(scenario_step, wait_ns),
	  .help = "let that much time pass" },
};
static const struct schema schema_wait = {
	.name = "a wait", POS(scenario_step), SCHEMA(wait_keys), .base = &schema_step,
	.help = "A step that lets time pass.",
};

static const struct schema_key set_keys[] = {
	{ "set", KEY_CUSTOM, .required = true, AT(scenario_step, set), .read = load_set,
	  .takes = "a map of variables", .help = "variables for later steps" },
};
static const struct schema schema_set = {
	.name = "a set", POS(scenario_step), SCHEMA(set_keys), .base = &schema_step,
	.help = "A step that sets variables.",
};

static const struct schema_key fail_keys[] = {
	{ "fail", KEY_TEMPLATE, .required = true, AT(scenario_step, fail), .min = 1,
	  .help = "the run ends here, for this reason" },
};
static const struct schema schema_fail = {
	.name = "a fail", POS(scenario_step), SCHEMA(fail_keys), .base = &schema_step,
	.help = "A step that must not be reached.",
};

static const struct schema_key event_keys[] = {
	{ "party", KEY_TEMPLATE, AT(scenario_step, event.party), .usual = "any",
	  .help = "`server`, `eis`, `smdp`, `device/router`, `rig`, …" },
	{ "event", KEY_TEMPLATE, .required = true, AT(scenario_step, event.event),
	  .help = "its name: `order-queued`" },
	{ "fields", KEY_CUSTOM, AT(scenario_step, event.fields), .read = load_event_fields,
	  .takes = "a map of expectations", .help = "what its fields must be" },
	{ "since", KEY_WORD, AT(scenario_step, event.since), .words = since_words, .usual = "start",
	  .help = "count events of the whole run, since the step before began, or from now on" },
	{ "count", KEY_INT, AT(scenario_step, event.at_most), .max = INT32_MAX,
	  .help = "exactly so many" },
	{ "at-least", KEY_INT, AT(scenario_step, event.at_least), .max = INT32_MAX, .usual = "1",
	  .help = "so many, or more" },
	{ "at-most", KEY_INT, AT(scenario_step, event.at_most), .max = INT32_MAX,
	  .help = "so many, or fewer; `at-least` is then 0" },
	WAIT_KEYS,
};
static const struct schema schema_event = {
	.name = "an expected event", .size = sizeof(struct scenario_step),
	.pos_offset = SCHEMA_NO_POS, SCHEMA(event_keys),
	.help = "What `expect-event` takes: events of the log, counted.",
};

static const struct schema_key expect_event_keys[] = {
	{ "expect-event", KEY_CUSTOM, .required = true, .read = load_event, .of = &schema_event,
	  .takes = "an event's name, or a map", .help = "the event log must have it" },
	WAIT_KEYS,
};
static const struct schema schema_expect_event = {
	.name = "an expect-event", POS(scenario_step), SCHEMA(expect_event_keys),
	.base = &schema_step, .check = check_wait,
	.help = "A step that looks into the event log.",
};

static const struct schema_key expect_device_keys[] = {
	{ "expect-device", KEY_CUSTOM, .required = true, AT(scenario_step, devices),
	  .read = load_expect_device, .takes = "a map of devices",
	  .help = "device, fleet or `fleet[3]`: what its state must be, by member or JSON pointer" },
	WAIT_KEYS,
};
static const struct schema schema_expect_device = {
	.name = "an expect-device", POS(scenario_step), SCHEMA(expect_device_keys),
	.base = &schema_step, .check = check_wait,
	.help = "A step that looks into devices. A device's state is the document "
		"`{name, device_id, eid, online, active, profiles: [{id, iccid, carrier, status, "
		"type, name, nickname}]}`; "
		"`active` is the ICCID of the enabled one.",
};

/* ---- Actions. ----------------------------------------------------------- */

#define ACTION_DEVICE \
	{ "device", KEY_CUSTOM, .required = true, AT(scenario_action, device), .read = load_target, \
	  .takes = "a device", .help = "a device, `fleet[3]`, or a fleet: each of it" }

static const struct schema_key device_args[] = { ACTION_DEVICE };
static const struct schema args_device = {
	.name = "the action", NO_POS(scenario_action), SCHEMA(device_args),
};

static const struct schema_key skew_args[] = {
	ACTION_DEVICE,
	{ "by", KEY_CUSTOM, .required = true, AT(scenario_action, duration_ns), .read = load_skew,
	  .takes = "a duration, with a sign if its clock is behind",
	  .help = "how far its clock is ahead" },
};
static const struct schema args_skew = {
	.name = "set-clock-skew", NO_POS(scenario_action), SCHEMA(skew_args),
};

static const struct schema_key memory_args[] = {
	ACTION_DEVICE,
	{ "free", KEY_INT, .required = true, AT(scenario_action, number), .max = MEMORY_MAX,
	  .help = "bytes that are free" },
};
static const struct schema args_memory = {
	.name = "set-memory", NO_POS(scenario_action), SCHEMA(memory_args),
};

static const struct schema_key spn_args[] = {
	ACTION_DEVICE,
	{ "iccid", KEY_TEMPLATE, .required = true, AT(scenario_action, iccid), .help = "of the profile" },
	{ "spn", KEY_TEXT, .required = true, AT(scenario_action, spn), .help = "the new one; null: none" },
};
static const struct schema args_spn = {
	.name = "set-spn", NO_POS(scenario_action), SCHEMA(spn_args),
};

static const struct schema_key network_args[] = {
	ACTION_DEVICE,
	{ "iccid", KEY_TEMPLATE, .required = true, AT(scenario_action, iccid), .help = "of the profile" },
	{ "on", KEY_BOOL, AT(scenario_action, on), .usual = "true", .help = "false: it gives network" },
};
static const struct schema args_network = {
	.name = "set-no-network", NO_POS(scenario_action), SCHEMA(network_args),
};

static const struct schema_key enable_args[] = {
	ACTION_DEVICE,
	{ "on", KEY_BOOL, AT(scenario_action, on), .usual = "true",
	  .help = "false: they give network again" },
};
static const struct schema args_enable = {
	.name = "enable-without-network", NO_POS(scenario_action), SCHEMA(enable_args),
};

static const struct schema_key clear_args[] = {
	{ "quirk", KEY_CUSTOM, .required = true, AT(scenario_action, word), .read = load_quirk_name,
	  .takes = "the name of a quirk", .help = "all settings of it" },
};
static const struct schema args_clear = {
	.name = "clear-quirk", NO_POS(scenario_action), SCHEMA(clear_args),
};

static const struct schema_key restart_args[] = {
	{ "party", KEY_REF, .required = true, AT(scenario_action, word), .refs = REF_SERVER,
	  .help = "`server`" },
};
static const struct schema args_restart = {
	.name = "restart", NO_POS(scenario_action), SCHEMA(restart_args),
};

static const struct schema_key party_args[] = {
	{ "party", KEY_REF, .required = true, AT(scenario_action, word),
	  .refs = REF_SERVER | REF_EIS | REF_GATEWAY | REF_SMDP,
	  .help = "`server`, `eis`, `gateway`, `smdp`, or a key of `smdps`" },
};
static const struct schema args_party = {
	.name = "the action", NO_POS(scenario_action), SCHEMA(party_args),
};

const struct action_form action_forms[ACTIONS] = {
	[ACTION_POWER_OFF] = { "power-off", &args_device, "device", NULL, "at once; what is not in "
	    "flash is lost" },
	[ACTION_POWER_ON] = { "power-on", &args_device, "device", NULL, "it boots" },
	[ACTION_REBOOT] = { "reboot", &args_device, "device", NULL, "off, then on" },
	[ACTION_LINK_DOWN] = { "link-down", &args_device, "device", NULL, "it has no network, by force" },
	[ACTION_LINK_UP] = { "link-up", &args_device, "device", NULL, "undoes that" },
	[ACTION_REPORT_NOW] = { "report-now", &args_device, "device", NULL, "it reports its profiles "
	    "to the server" },
	[ACTION_POLL_NOW] = { "poll-now", &args_device, "device", NULL, "it asks the EIS for work" },
	[ACTION_DISCOVER] = { "discover", &args_device, "device", NULL, "it downloads the profiles that "
	    "wait for its eUICC: at its default SM-DP+, and where its SM-DS says" },
	[ACTION_SET_CLOCK_SKEW] = { "set-clock-skew", &args_skew, NULL, "by",
		"its clock is wrong from now on" },
	[ACTION_SET_MEMORY] = { "set-memory", &args_memory, NULL, "bytes", "of the eUICC" },
	[ACTION_SET_SPN] = { "set-spn", &args_spn, NULL, "iccid", "of an installed profile" },
	[ACTION_SET_NO_NETWORK] = { "set-no-network", &args_network, NULL, "iccid",
		"a profile gives no network" },
	[ACTION_ENABLE_WITHOUT_NETWORK] = { "enable-without-network", &args_enable, "device", NULL,
		"profiles enabled from now on give no network" },
	[ACTION_SET_QUIRK] = { "set-quirk", NULL, NULL, NULL, "a quirk with its parameters, as in "
	    "`world.quirks`" },
	[ACTION_CLEAR_QUIRK] = { "clear-quirk", &args_clear, "quirk", NULL, "takes a quirk back" },
	[ACTION_RESTART] = { "restart", &args_restart, "party", NULL, "stops and starts it on what "
	    "it has stored" },
	[ACTION_STOP] = { "stop", &args_party, "party", NULL, "it is unreachable" },
	[ACTION_START] = { "start", &args_party, "party", NULL, "it is reachable again" },
};

const char *action_name(enum action_id id)
{
	return action_forms[id].name;
}

const struct action_form *action_on_device(struct str name)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (str_is(name, action_forms[i].name) && action_forms[i].args &&
		    schema_find(action_forms[i].args, STR("device")))
			return &action_forms[i];
	return NULL;
}

#define ACTION_KEY(word, help_) \
	{ word, KEY_CUSTOM, AT(scenario_step, action), .read = load_action, .help = help_ }

/* Their help stands in action_forms[]; scenario_test.c holds the two together. */
static const struct schema_key action_keys[] = {
	ACTION_KEY("power-off", ""), ACTION_KEY("power-on", ""), ACTION_KEY("reboot", ""),
	ACTION_KEY("link-down", ""), ACTION_KEY("link-up", ""), ACTION_KEY("report-now", ""),
	ACTION_KEY("poll-now", ""), ACTION_KEY("discover", ""), ACTION_KEY("set-clock-skew", ""),
	ACTION_KEY("set-memory", ""), ACTION_KEY("set-spn", ""), ACTION_KEY("set-no-network", ""),
	ACTION_KEY("enable-without-network", ""), ACTION_KEY("set-quirk", ""),
	ACTION_KEY("clear-quirk", ""), ACTION_KEY("restart", ""), ACTION_KEY("stop", ""),
	ACTION_KEY("start", ""),
};
static const struct schema schema_action = {
	.name = "an action", POS(scenario_step), SCHEMA(action_keys), .base = &schema_step,
	.help = "A step that does something to a device or a party.",
};

const struct step_form step_forms[] = {
	{ "get", STEP_REQUEST, &schema_request },
	{ "post", STEP_REQUEST, &schema_request },
	{ "put", STEP_REQUEST, &schema_request },
	{ "patch", STEP_REQUEST, &schema_request },
	{ "delete", STEP_REQUEST, &schema_request },
	{ "head", STEP_REQUEST, &schema_request },
	{ "options", STEP_REQUEST, &schema_request },
	{ "wait", STEP_WAIT, &schema_wait },
	{ "expect-event", STEP_EXPECT_EVENT, &schema_expect_event },
	{ "expect-device", STEP_EXPECT_DEVICE, &schema_expect_device },
	{ "set", STEP_SET, &schema_set },
	{ "fail", STEP_FAIL, &schema_fail },
	{ "power-off", STEP_ACTION, &schema_action },
	{ "power-on", STEP_ACTION, &schema_action },
	{ "reboot", STEP_ACTION, &schema_action },
	{ "link-down", STEP_ACTION, &schema_action },
	{ "link-up", STEP_ACTION, &schema_action },
	{ "report-now", STEP_ACTION, &schema_action },
	{ "poll-now", STEP_ACTION, &schema_action },
	{ "discover", STEP_ACTION, &schema_action },
	{ "set-clock-skew", STEP_ACTION, &schema_action },
	{ "set-memory", STEP_ACTION, &schema_action },
	{ "set-spn", STEP_ACTION, &schema_action },
	{ "set-no-network", STEP_ACTION, &schema_action },
	{ "enable-without-network", STEP_ACTION, &schema_action },
	{ "set-quirk", STEP_ACTION, &schema_action },
	{ "clear-quirk", STEP_ACTION, &schema_action },
	{ "restart", STEP_ACTION, &schema_action },
	{ "stop", STEP_ACTION, &schema_action },
	{ "start", STEP_ACTION, &schema_action },
};
const size_t step_form_count = COUNT(step_forms);

static const struct schema_key loop_keys[] = {
	{ "for", KEY_ANY, AT(loop_spec, over), .takes = "a map of variables, or a list of rows",
	  .help = "`{x: [a, b]}`, `{i: {from: 1, to: 5}}` (several: every combination), or a "
	    "table `[{x: a, y: 1}, …]`" },
	{ "each", KEY_ANY, AT(loop_spec, each), .takes = "a fleet, a device, or a list of such",
	  .help = "for each device; `${it.eid}`, `${it.index}` (from 0), `${it}` its name" },
	{ "as", KEY_STR, AT(loop_spec, as), .usual = "it", .help = "another name for `it`" },
	{ "steps", KEY_ANY, .required = true, AT(loop_spec, steps), .takes = "a list of steps",
	  .help = "done for each" },
	{ "name", KEY_STR, AT(loop_spec, name), .help = "for whoever reads the scenario" },
	{ "note", KEY_PROSE, AT(loop_spec, note), .help = "the same" },
};
const struct schema schema_loop = {
	.name = "a loop", POS(loop_spec), SCHEMA(loop_keys),
	.help = "Steps for each of something. Loop variables stand in any string and key, also inside a "
		"name: `save: {\"op_${i}\": /id}`, later `${op_${i}}`.",
};

const struct expect_word expect_words[] = {
	{ "status", EXPECT_STATUS, "the status code" },
	{ "headers", EXPECT_HEADER, "a map: name of a header, what it must be" },
	{ "body", EXPECT_BODY, "the whole body, as JSON" },
	{ "text", EXPECT_TEXT, "the whole body, as a string" },
	{ "failure", EXPECT_FAILURE, "no answer at all: `timeout`, `unreachable` or `broken`" },
	{ "took", EXPECT_TOOK, "seconds from request to answer, a number" },
};
const size_t expect_word_count = COUNT(expect_words);

/* ---- The whole. --------------------------------------------------------- */

const struct scenario_word scenario_invariants[INVARIANTS] = {
	[INVARIANT_AT_MOST_ONE_ACTIVE_PROFILE] = { "at-most-one-active-profile",
		"no eUICC ever has two enabled profiles" },
	[INVARIANT_ROWS_FOLLOW_REPORTS] = { "rows-follow-reports",
		"a profile row of the server changes only with a report of its device" },
	[INVARIANT_TERMINAL_TRANSACTIONS_STAY] = { "terminal-transactions-stay",
		"a transaction that is complete or failed does not change any more" },
	[INVARIANT_OPERATIONS_MOVE_FORWARD] = { "operations-move-forward",
		"an operation never goes back to an earlier status" },
	[INVARIANT_NO_SECRET_IN_LOG] = { "no-secret-in-log",
		"no activation code, password or token is in the event log" },
	[INVARIANT_ICCID_IN_ONE_PLACE] = { "iccid-in-one-place",
		"no ICCID is in two eUICCs" },
};

static const struct schema_word depth_words[] = {
	{ "read", DEPTH_READ, NULL }, { "actions", DEPTH_ACTIONS, NULL },
	{ "world", DEPTH_WORLD, NULL }, { NULL, 0, NULL }
};

static const struct schema_key check_keys[] = {
	{ "covers", KEY_STRS, .required = true, AT(scenario_check, covers), .min = 1,
	  .help = "requirements, by their ids; a failure is judged by the first" },
	{ "depth", KEY_WORD, .required = true, AT(scenario_check, depth), .words = depth_words,
	  .help = "the least that a target must allow: `read` only asks, `actions` acts on devices "
	    "that the target's file names, `world` needs a world of the rig" },
	{ "needs", KEY_STRS, AT(scenario_check, needs), .min = 1, .usual = "none",
	  .help = "capabilities; a target without one of them is not asked" },
	{ "after", KEY_STRS, AT(scenario_check, after), .min = 1, .usual = "none",
	  .help = "checks, by their ids: unless they passed, this one is NOT REACHED" },
};
static const struct schema schema_check = {
	.name = "a check", POS(scenario_check), SCHEMA(check_keys),
	.help = "`check`: makes the scenario a check of `esimrig conform`. In a check, a request without "
		"`expect` and `until` only prepares, as with `set-up: true`.",
};

static const struct schema_key scenario_keys[] = {
	{ "name", KEY_STR, AT(scenario, name), .min = 1, .max = 255, .usual = "the file's",
	  .help = "one line for reports" },
	{ "description", KEY_PROSE, AT(scenario, description), .help = "what it shows, and why" },
	{ "seed", KEY_INT, AT(scenario, seed), GIVEN(scenario, seed_given), .max = INT64_MAX,
	  .usual = "1", .help = "of all that is random; `--seed` wins" },
	{ "tags", KEY_STRS, AT(scenario, tags), .help = "to choose scenarios by" },
	{ "skip", KEY_STR, AT(scenario, skip), .min = 1, .help = "why it is not run" },
	{ "clock-start", KEY_TIME, AT(scenario, clock_start_ms), .usual = "2026-01-01T00:00:00Z",
	  .help = "the simulated calendar at the start" },
	{ "time-limit", KEY_DURATION, AT(scenario, time_limit_ns), .min = 1, .usual = "7d",
	  .help = "simulated time that the whole may take" },
	{ "cases", KEY_ELSEWHERE, .takes = "a list of maps",
	  .help = "a table of variables: each row is a run of its own, with `${case.x}` in any "
	    "string; `name` of a row names the run" },
	{ "include", KEY_ELSEWHERE, .takes = "a path, or a list of paths",
	  .help = "files, relative to this one, whose world, steps and always come before its "
	    "own (finally: behind it); what both set, this one sets" },
	{ "check", KEY_OBJECT, AT(scenario, check), GIVEN(scenario, check.given),
	  .of = &schema_check, .help = "makes it a check of a server's conformance" },
	{ "world", KEY_OBJECT, AT(scenario, world), .of = &schema_world,
	  .help = "what there is at the start" },
	{ "steps", KEY_CUSTOM, .required = true, .read = load_steps, .takes = "a list of steps",
	  .help = "what happens, one after the other" },
	{ "finally", KEY_ELSEWHERE, .takes = "a list of steps",
	  .help = "done at the end, whatever came of the steps: it puts back what they changed. "
	    "Trouble there is noted as left behind and is not the verdict" },
	{ "always", KEY_CUSTOM, AT(scenario, always), .read = load_always,
	  .takes = "a list of invariants", .help = "what must be true at every event" },
};
const struct schema schema_scenario = {
	.name = "a scenario", POS(scenario), SCHEMA(scenario_keys),
	.help = "The top of a file.",
};

const struct schema *const schema_list[] = {
	&schema_scenario, &schema_check, &schema_world, &schema_carrier, &schema_code, &schema_device,
	&schema_profile, &schema_device_latency, &schema_fleet, &schema_smdp,
	&schema_account, &schema_user, &schema_server, &schema_device_options,
	&schema_smdp_options,
	&schema_step, &schema_request, &schema_wait, &schema_set, &schema_fail,
	&schema_expect_event, &schema_event, &schema_expect_device, &schema_loop,
};
const size_t schema_count = COUNT(schema_list);
