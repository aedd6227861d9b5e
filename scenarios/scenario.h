/*
 * scenario.h - what a scenario file says, checked and typed.
 *
 * scenario_load() reads a YAML file and what it includes, and gives one
 * `struct scenario` for every row of its cases: `${case.x}` is filled in, and
 * loops (`for`, `each`) are written out, so that a runner has only a flat
 * list of steps to go through.  Every error there can be found without
 * running is found here; nothing is started for a scenario that has one.
 *
 * The schema is const tables (schema.h) from which the reference in
 * docs/scenarios.md is generated as well.
 *
 * Strings that may hold templates are marked [T]: the runner expands them
 * (template.h) when it comes to them.  Names in them have been checked: they
 * are objects of the world (see scenario_attributes[]) or variables that an
 * earlier step saves.  A str with p NULL was not given.
 */
#ifndef SCENARIOS_SCENARIO_H
#define SCENARIOS_SCENARIO_H

#include "scenarios/diag.h"
#include "scenarios/quirk.h"
#include "scenarios/value.h"
#include "sim/clock.h"
#include "sim/latency.h"

/* Text that may be given as null: given and s.p NULL ("no SPN at all"). */
struct scenario_text {
	bool given;
	struct str s;
};

/* ---- Latency. ---------------------------------------------------------- */

enum scenario_delay {
	DELAY_DEVICE_POLL,	/* these six: struct device_latency */
	DELAY_DEVICE_BOOT,
	DELAY_DEVICE_ATTACH,
	DELAY_DEVICE_REPORT,
	DELAY_DEVICE_APDU,
	DELAY_DEVICE_INSTALL,
	DELAY_NETWORK,		/* each hop of each message */
	DELAY_SERVER,		/* before a party handles a request */
	DELAY_EIS,
	DELAY_EIS_PLACE_ORDER,	/* one function of a party: wins over the party's */
	DELAY_EIS_ORDER_STATUS,
	DELAY_EIS_NEXT_ORDER,
	DELAY_EIS_RESULT,
	DELAY_EIS_PROFILES,
	DELAY_EIS_NOTIFICATION,
	DELAY_SMDP,
	DELAY_SMDP_INITIATE_AUTHENTICATION,
	DELAY_SMDP_AUTHENTICATE_CLIENT,
	DELAY_SMDP_GET_BOUND_PROFILE_PACKAGE,
	DELAY_SMDP_CANCEL_SESSION,
	DELAY_SMDP_HANDLE_NOTIFICATION,
	DELAY_SMDP_DOWNLOAD_ORDER,
	DELAY_SMDP_CONFIRM_ORDER,
	DELAY_SMDP_CANCEL_ORDER,
	DELAY_SMDP_RELEASE_PROFILE,
	DELAYS
};

/* Where a latency applies.  For a function of a party: how its requests look. */
struct scenario_delay_info {
	const char *name;	/* "smdp.initiateAuthentication" */
	const char *party;	/* "smdp"; "device", "network" */
	const char *method;	/* NULL: the whole party */
	const char *path;	/* with {} for any segment, as in a route */
	const char *help;
};

extern const struct scenario_delay_info scenario_delays[DELAYS];

struct scenario_latency {
	bool given;
	struct pos pos;
	struct latency model;	/* LATENCY_POLLS only for parties: see delay_gate.h */
};

/* ---- Quirks. ----------------------------------------------------------- */

/* `name`, `{name: ..., param: ...}` or `{name: {param: ...}}`. */
struct scenario_quirk {
	struct pos pos;
	const struct quirk_setting *setting;	/* checked; its names exist */
};

struct scenario_quirks {
	struct scenario_quirk *list;
	size_t count;
};

/* ---- The world. -------------------------------------------------------- */

struct scenario_code {
	struct pos pos;
	struct str iccid;		/* made up if not given; [T] */
	struct str matching_id;		/* made up if not given; n 0: found by `eid` alone */
	bool smds;			/* the world's SM-DS tells of it */
	struct str confirmation_code;
	struct str class_name;		/* "operational", "bootstrap", "test"; default operational */
	struct str profile_name;
	struct scenario_text spn;	/* default: the carrier's */
	struct str eid;			/* bound to this eUICC [T]; any if not given */
	struct str account;		/* registered for: key of an account; default: the first */
	bool registered_given, registered;	/* known to the server; default: the carrier's */
	int64_t memory;			/* bytes; 0: usual */
	unsigned policy;		/* PPR_... of proto/profile.h */
	int64_t retries;		/* 0: default */
	int64_t expires_ns;		/* after the start; 0: never */
};

struct scenario_codes {
	struct scenario_code *list;
	size_t count;
};

struct scenario_carrier {
	struct str key;
	struct pos pos;
	struct str name;		/* on the contract; default: the key */
	struct scenario_text spn;	/* in the profile; default: the name */
	struct str smdp;		/* key of world.smdps, or an address; default: the world's own */
	bool registered_given, registered;	/* of its codes; default true */
	struct scenario_codes codes;
	struct scenario_quirks quirks;
};

struct scenario_profile {
	struct pos pos;
	struct scenario_text spn;	/* default: the carrier's, else the name, else null */
	struct str carrier;		/* key of a carrier: takes its SPN and SM-DP+ */
	struct str iccid;		/* made up if not given; [T] */
	struct str type;		/* "operational" (default), "bootstrap", "test" */
	struct str status;		/* "active", "inactive" (default) */
	struct str name, nickname;
	unsigned policy;
	bool no_network;
	int64_t memory;
};

struct scenario_profiles {
	struct scenario_profile *list;
	size_t count;
};

struct scenario_device {
	struct str key;			/* of a fleet's template: STR_NONE */
	struct pos pos;
	struct str device_id, eid;	/* made up if not given; [T] */
	struct scenario_profiles profiles;
	int64_t memory;			/* 0: usual */
	bool second_link, off, reuse_numbers;
	bool unknown;			/* not added to the server's devices */
	struct str account;		/* key; default: the first */
	struct str default_smdp;	/* key of world.smdps, or an address */
	bool clock_skew_given;
	int64_t clock_skew_ns;
	struct scenario_latency latency[DELAY_DEVICE_INSTALL + 1];	/* its own */
	bool own_latency;
	struct scenario_quirks quirks;
};

struct scenario_fleet {
	struct str key;
	struct pos pos;
	uint64_t count;			/* devices key[0] ... key[count - 1] */
	struct scenario_device template;	/* without device_id and eid */
};

struct scenario_account {
	struct str key;
	struct pos pos;
	int64_t customer_id;		/* made up if 0: 1, 2, ... */
	struct str name;
};

enum scenario_role { ROLE_USER, ROLE_READ_ONLY, ROLE_ADMIN };

struct scenario_user {
	struct str key;			/* the name to log in with, unless `name` */
	struct pos pos;
	struct str account;		/* key; default: the first */
	struct str name;
	struct str password;		/* made up if not given */
	bool api_key;			/* has one, which is made up */
	enum scenario_role role;
};

struct scenario_smdp {
	struct str key;
	struct pos pos;
	struct str address;		/* FQDN; default "<key>.example.com" */
	struct scenario_quirks quirks;
};

/* How the server reaches devices (docs/southbound.md). */
enum scenario_way { WAY_EIS, WAY_GATEWAY };

/* Zero: the default of server.h. */
struct scenario_server {
	int64_t check_interval_ns, order_expiry_ns, verify_limit_ns, eis_timeout_ns,
		code_keep_ns;
	int64_t throttle;
	unsigned way;			/* enum scenario_way */
};

/* Cryptography of remote SIM provisioning: every message is there in both. */
enum scenario_rsp { RSP_UNSAID, RSP_FAST, RSP_FULL };	/* unsaid: fast */

/* What a device reports after a change. */
enum scenario_reports { REPORTS_FULL, REPORTS_CHANGES };

struct scenario_smdp_options {
	bool progress;			/* the operator hears how downloads go */
	bool own_keys;			/* packages have keys of their own */
	int64_t throttle;		/* requests of a client in ten seconds; 0: any */
};

/* Zero: the default of fleet.h. */
struct scenario_device_options {
	int64_t fallback_ns, report_interval_ns;
	unsigned reports;		/* enum scenario_reports */
	bool no_reports;		/* devices have no report URL */
	bool no_first_report;		/* they do not report once at the start */
};

struct scenario_world {
	struct { struct scenario_smdp *list; size_t count; } smdps;
	struct str smds;		/* FQDN; n 0: there is none */
	struct { struct scenario_account *list; size_t count; } accounts;
	struct { struct scenario_user *list; size_t count; } users;
	struct { struct scenario_carrier *list; size_t count; } carriers;
	struct { struct scenario_device *list; size_t count; } devices;
	struct { struct scenario_fleet *list; size_t count; } fleets;
	struct scenario_latency latency[DELAYS];
	struct scenario_quirks quirks;
	struct scenario_server server;
	struct scenario_device_options device_options;
	struct scenario_smdp_options smdp_options;
	unsigned rsp;			/* enum scenario_rsp */
};

/*
 * What "${object.attribute}" may name, and so what the runner's lookup has to
 * know.  Rows of one kind stand together.
 */
enum scenario_object {
	OBJECT_CARRIER,		/* ${freds.name} */
	OBJECT_CODE,		/* ${freds.codes[0].iccid}; ${freds.iccid} is codes[0]'s */
	OBJECT_DEVICE,		/* ${router.eid}, ${fleet[17].eid} */
	OBJECT_PROFILE,		/* ${router.profiles[0].iccid}: those of the world file */
	OBJECT_FLEET,		/* ${fleet.count} */
	OBJECT_ACCOUNT,
	OBJECT_USER,
	OBJECT_SMDP,
	OBJECT_RUN,		/* ${run.seed}; always there */
	OBJECT_SERVER,		/* ${server.url}; always there */
	OBJECT_EIS,
	OBJECT_RESPONSE,	/* ${response.status}: of the last request */
	OBJECT_VARIABLE,	/* saved by a step; anything may be in it */
	OBJECTS
};

struct scenario_attribute {
	enum scenario_object object;
	const char *name;
	const char *help;
	bool list;		/* ${x.codes[0]...}: one of several objects... */
	enum scenario_object of;	/* ...of this kind */
};

extern const struct scenario_attribute scenario_attributes[];
extern const size_t scenario_attribute_count;

/* ---- Steps. ------------------------------------------------------------ */

enum expect_what {
	EXPECT_STATUS,		/* of the response: an int */
	EXPECT_HEADER,		/* `target` is its name [T]; the value as a string */
	EXPECT_POINTER,		/* `target` is a JSON pointer [T], maybe with "*" */
	EXPECT_BODY,		/* the whole body, as JSON */
	EXPECT_TEXT,		/* the whole body, as a string */
	EXPECT_FAILURE,		/* no response: "timeout", "unreachable", "broken" */
	EXPECT_TOOK,		/* from request to response: seconds, a number */
};

struct expectation {
	struct pos pos;		/* of its key; the value has its own */
	enum expect_what what;
	struct str target;
	const struct value *want;	/* [T]; for match.h */
};

struct expectations {
	struct expectation *list;
	size_t count;
};

enum save_what {
	SAVE_POINTER,
	SAVE_FIRST,	/* item of the list that `source` names, */
	SAVE_LAST,	/* of those that match `where` */
	SAVE_HEADER,
	SAVE_STATUS,
	SAVE_BODY,
	SAVE_TEXT,
};

struct save {
	struct pos pos;
	struct str variable;	/* "op", "ops[3]" */
	enum save_what what;
	struct str source;	/* the pointer [T], or the header's name */
	struct { struct str *list; size_t count; } or_else;	/* pointers to try next [T] */
	const struct value *where;	/* of an item [T]; NULL: any */
};

enum body_kind { BODY_NONE, BODY_JSON, BODY_TEXT, BODY_FORM };

struct request_header {
	struct pos pos;
	struct str name;
	const struct value *value;	/* [T]; null: do not send it */
};

struct scenario_request {
	const char *method;		/* "GET" */
	struct str url;			/* [T] path of the server, or a whole URL: template_expand_url(),
					 * or with `raw` template_expand_str() */
	struct { struct request_header *list; size_t count; } headers;
	struct { struct request_header *list; size_t count; } query;	/* to append */
	enum body_kind body_kind;
	const struct value *body;	/* [T]; BODY_FORM: a map */
	struct str as;			/* key of a user; STR_NONE: the first user */
	bool as_nobody;			/* no Authorization header */
	int64_t timeout_ns;		/* 0: HTTP_TIMEOUT_NS */
	bool raw;			/* the URL is sent as it is written */
	bool follow;			/* GET: all pages, as one answer */
	struct expectations given;	/* or the run is NOT REACHED; before `expect` */
	struct expectations expect;
	struct expectations until;	/* repeat until all hold */
	struct { struct save *list; size_t count; } save;
};

/* Counts events of the log. */
enum since { SINCE_START, SINCE_PREVIOUS_STEP, SINCE_NOW };

struct event_field {
	struct pos pos;
	struct str key;
	const struct value *want;	/* [T] */
};

struct scenario_expect_event {
	struct str party;		/* [T] "eis", "device/router"; STR_NONE: any */
	struct str event;		/* [T] */
	struct { struct event_field *list; size_t count; } fields;
	enum since since;		/* default: the start of the run */
	int64_t at_least;		/* default 1 */
	int64_t at_most;		/* default INT64_MAX; `count` sets both */
};

/* One device's state; see docs/scenarios.md for the document matched. */
struct scenario_expect_device {
	struct pos pos;
	struct str device;		/* [T] "router", "fleet[3]", a fleet: each of it */
	struct expectations expect;	/* all EXPECT_POINTER */
};

enum action_id {
	ACTION_POWER_OFF,	/* device */
	ACTION_POWER_ON,	/* device */
	ACTION_REBOOT,		/* device */
	ACTION_LINK_DOWN,	/* device */
	ACTION_LINK_UP,		/* device */
	ACTION_REPORT_NOW,	/* device */
	ACTION_POLL_NOW,	/* device */
	ACTION_DISCOVER,	/* device */
	ACTION_SET_CLOCK_SKEW,	/* device, duration_ns (may be negative) */
	ACTION_SET_MEMORY,	/* device, number */
	ACTION_SET_SPN,		/* device, iccid, spn */
	ACTION_SET_NO_NETWORK,	/* device, iccid, on */
	ACTION_ENABLE_WITHOUT_NETWORK,	/* device, on */
	ACTION_SET_QUIRK,	/* quirk */
	ACTION_CLEAR_QUIRK,	/* word: its name */
	ACTION_RESTART,		/* word: "server" */
	ACTION_STOP,		/* word: "server", "eis", "smdp", key of world.smdps */
	ACTION_START,		/* word: the same */
	ACTIONS
};

/* What actions need, those that they need. */
struct scenario_action {
	enum action_id id;
	struct str device;	/* [T] a device, "fleet[3]", or a fleet: each of it */
	struct str iccid;	/* [T] */
	struct scenario_text spn;	/* [T] */
	struct str word;
	bool on;		/* default true */
	int64_t number;
	int64_t duration_ns;
	struct scenario_quirk quirk;
};

struct variable {
	struct pos pos;
	struct str name;
	const struct value *value;	/* [T] */
};

enum step_kind {
	STEP_REQUEST,
	STEP_WAIT,		/* for wait_ns */
	STEP_ACTION,
	STEP_EXPECT_EVENT,
	STEP_EXPECT_DEVICE,
	STEP_SET,		/* variables */
	STEP_FAIL,		/* fails with the text `fail`: what must not be reached */
};

enum step_when { WHEN_NOW, WHEN_AT, WHEN_AFTER };

struct scenario_step {
	enum step_kind kind;
	struct pos pos;		/* of its first key */
	struct str name;	/* given, or STR_NONE */
	struct str title;	/* for reports, templates not filled in: "GET /ws/v1/...", "power-off router" */
	struct str loop;	/* "i=3, row=2" if a loop made it, or STR_NONE */
	struct str note;
	bool set_up;		/* trouble in it is NOT REACHED, not FAIL */
	bool in_world;		/* passed over where the rig has no parties */
	enum step_when when;
	int64_t when_ns;	/* AT: since the start of the run (in the past: the
				   step fails); AFTER: since the step before */
	/* For `until`, expect-event and expect-device. */
	bool waits;		/* repeats until it holds, for within_ns at most */
	int64_t within_ns;
	int64_t every_ns;	/* between two requests; unless given, a 30th of
				   within_ns, between STEP_EVERY_MIN_NS and _MAX_NS */
	int64_t stable_ns;	/* it must hold that long without a break; 0: once */

	union {			/* the one that `kind` names */
		struct scenario_request request;
		int64_t wait_ns;
		struct scenario_action action;
		struct scenario_expect_event event;
		struct { struct scenario_expect_device *list; size_t count; } devices;
		struct { struct variable *list; size_t count; } set;
		struct str fail;	/* [T] */
	};
};

#define STEP_EVERY_MIN_NS (100 * NS_PER_MS)
#define STEP_EVERY_MAX_NS (60 * NS_PER_S)

/* ---- Invariants: what is true at every event. -------------------------- */

enum invariant_id {
	INVARIANT_AT_MOST_ONE_ACTIVE_PROFILE,
	INVARIANT_ROWS_FOLLOW_REPORTS,
	INVARIANT_TERMINAL_TRANSACTIONS_STAY,
	INVARIANT_OPERATIONS_MOVE_FORWARD,
	INVARIANT_NO_SECRET_IN_LOG,
	INVARIANT_ICCID_IN_ONE_PLACE,
	INVARIANTS
};

struct scenario_word {
	const char *name;
	const char *help;
};

/* Indexed by enum invariant_id, enum action_id. */
extern const struct scenario_word scenario_invariants[INVARIANTS];
const char *action_name(enum action_id id);

struct scenario_invariant {
	struct pos pos;
	enum invariant_id id;
};

/* ---- A check of conformance. ------------------------------------------- */

/* How far a target lets the rig go; each allows what those before it do. */
enum check_depth {
	DEPTH_READ,		/* only asks, of whatever data is there */
	DEPTH_ACTIONS,		/* acts on devices that the target's file names */
	DEPTH_WORLD,		/* the target lives in a world of the rig */
	DEPTHS
};

struct scenario_strs {
	struct str *list;
	size_t count;
};

/* The key `check`: see conformance/check.h. */
struct scenario_check {
	bool given;
	struct pos pos;
	struct scenario_strs covers;	/* ids of requirements, the main one first */
	unsigned depth;			/* enum check_depth */
	struct scenario_strs needs;	/* capabilities */
	struct scenario_strs after;	/* ids of checks */
};

/* ---- The whole. -------------------------------------------------------- */

struct scenario {
	struct str file;	/* as given */
	struct str name;	/* with its case: "Deletes [enabled]" */
	struct str case_name;	/* "enabled", or STR_NONE without cases */
	size_t case_index;
	struct pos pos;
	struct str description;
	struct { struct str *list; size_t count; } tags;
	struct str skip;	/* why it is skipped, or STR_NONE */
	bool seed_given;
	uint64_t seed;		/* 1 unless given */
	int64_t clock_start_ms;	/* Unix time; CLOCK_EPOCH_MS unless given */
	int64_t time_limit_ns;	/* of the whole run, simulated; 7 days unless given */
	struct scenario_check check;
	struct scenario_world world;
	struct { struct scenario_step *list; size_t count; } steps;
	/* Done at the end, whatever came of the steps. */
	struct { struct scenario_step *list; size_t count; } finally;
	struct { struct scenario_invariant *list; size_t count; } always;
};

struct scenario_file {
	struct str path;
	struct scenario *list;	/* one for each case, in order; at least one */
	size_t count;
};

/*
 * Reads and checks `path`.  0 with `out`, all of it in `arena`; or -1 with at
 * least one error in `diag` (which must use the same arena, or one that lives
 * longer).
 */
int scenario_load(const char *path, struct arena *arena,
		  struct scenario_file *out, struct diag *diag);
/* The same; what `world` says (a map, as in a file) is laid over the file's. */
int scenario_load_over(const char *path, const struct value *world,
		       struct arena *arena, struct scenario_file *out,
		       struct diag *diag);
/* The same for a text in memory; includes are sought beside `name`. */
int scenario_load_text(const char *name, struct str text, struct arena *arena,
		       struct scenario_file *out, struct diag *diag);

#endif
