/*
 * esimrig ctl: the control API of a living world, from the command line.
 *
 * A command is a row of a table: a request, with places for its arguments.
 */
#include "cli/output.h"
#include "cli/verb.h"
#include "sim/file.h"
#include "sim/json.h"
#include "sim/socknet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_URL "http://127.0.0.1:8090"

struct ctl_options {
	bool help, compact;
	const char *url, *token, *types;
};

#define AT(member) offsetof(struct ctl_options, member)

static const struct option options[] = {
	{ "url", 'u', OPTION_TEXT, AT(url), "URL",
	  "Of the control API (default: $ESIMRIG_CONTROL, or " DEFAULT_URL ")", 0 },
	{ "token", 't', OPTION_TEXT, AT(token), "SECRET",
	  "As the first screen of the demo shows it (default: $ESIMRIG_TOKEN)", 0 },
	{ "types", 0, OPTION_TEXT, AT(types), "LIST",
	  "Of `events`: only some, with commas between: event, message, device, flow, "
	  "clock, quirk, party, caption, script, world", 0 },
	{ "compact", 'c', OPTION_FLAG, AT(compact), NULL,
	  "Each answer on one line", 0 },
	OPTION_HELP(struct ctl_options),
	{ 0 }
};

/*
 * In path and body: $1, $2 are arguments (escaped for a path, quoted in a
 * body), #1 is one that has to be a number or another plain JSON value, and @2
 * stands for those from the second on, each name=value, as members.
 * What begins with '?' in `arguments` may be left out, and with it the body
 * (or the query) that needs it.
 */
struct command {
	const char *name, *arguments;
	unsigned least, most;
	const char *method, *path, *body;
	const char *help;
};

enum { ANY = 60 };

#define DEVICE_ACTION(name, help) \
	{ name, "DEVICE", 1, 1, "POST", "/devices/$1/actions", \
	  "{\"action\":\"" name "\"}", help }

static const struct command commands[] = {
	{ "world", "", 0, 0, "GET", "/world", NULL, "What there is" },
	{ "reset", "[SEED]", 0, 1, "POST", "/reset", "{\"seed\":#1}",
	  "Make the world anew" },
	{ "clock", "", 0, 0, "GET", "/clock", NULL, "What time it is" },
	{ "pause", "", 0, 0, "PUT", "/clock", "{\"paused\":true}", "Stop the clock" },
	{ "resume", "", 0, 0, "PUT", "/clock", "{\"paused\":false}", "Let it go on" },
	{ "rate", "N", 1, 1, "PUT", "/clock", "{\"rate\":#1}",
	  "Simulated seconds per second" },
	{ "advance", "DURATION", 1, 1, "POST", "/clock/advance", "{\"by\":$1}",
	  "Let so much time pass as fast as it can" },
	{ "advance-to", "TIME", 1, 1, "POST", "/clock/advance", "{\"to\":$1}",
	  "The same until then" },
	{ "step", "[N]", 0, 1, "POST", "/clock/step", "{\"events\":#1}",
	  "Until something happens, and stop" },
	{ "life", "on|off", 1, 1, "PUT", "/life", "{\"on\":#1}",
	  "What happens by itself" },
	{ "devices", "[TEXT]", 0, 1, "GET", "/devices?q=$1", NULL, "Devices, all or with that text" },
	{ "device", "DEVICE", 1, 1, "GET", "/devices/$1", NULL, "One device" },
	DEVICE_ACTION("power-off", "Take its power (or a whole fleet's)"),
	DEVICE_ACTION("power-on", "Give it back"),
	DEVICE_ACTION("reboot", "Both"),
	DEVICE_ACTION("link-down", "Take its network"),
	DEVICE_ACTION("link-up", "Give it back"),
	DEVICE_ACTION("report-now", "Have it report its profiles"),
	DEVICE_ACTION("poll-now", "Have it ask for orders"),
	{ "do", "DEVICE ACTION [NAME=VALUE]...", 2, ANY, "POST", "/devices/$1/actions",
	  "{\"action\":$2,@3}", "Any action: set-memory bytes=0" },
	{ "fleets", "", 0, 0, "GET", "/fleets", NULL, "Fleets" },
	{ "add-fleet", "KEY COUNT [DEVICE]", 2, 3, "POST", "/fleets",
	  "{\"key\":$1,\"count\":#2,\"device\":#3}", "More devices; DEVICE is JSON" },
	{ "carriers", "", 0, 0, "GET", "/carriers", NULL, "Carriers" },
	{ "add-carrier", "KEY [NAME=VALUE]...", 1, ANY, "POST", "/carriers",
	  "{\"key\":$1,@2}", "Another one: name=North spn=N codes=3" },
	{ "codes", "[CARRIER]", 0, 1, "GET", "/codes?carrier=$1", NULL, "Activation codes" },
	{ "code", "ICCID", 1, 1, "GET", "/codes/$1", NULL, "One of them" },
	{ "reveal", "ICCID", 1, 1, "GET", "/codes/$1?reveal=true", NULL, "With its secret" },
	{ "add-codes", "CARRIER [N]", 1, 2, "POST", "/carriers/$1/codes", "{\"count\":#2}",
	  "New ones" },
	{ "users", "", 0, 0, "GET", "/users", NULL, "Users, with keys to try" },
	{ "parties", "", 0, 0, "GET", "/parties", NULL, "Who listens where, and how fast" },
	{ "stop", "PARTY", 1, 1, "PUT", "/parties/$1", "{\"listening\":false}", "Stop a party" },
	{ "start", "PARTY", 1, 1, "PUT", "/parties/$1", "{\"listening\":true}", "Start it again" },
	{ "quirks", "", 0, 0, "GET", "/quirks", NULL, "Quirks and faults" },
	{ "set-quirk", "QUIRK [NAME=VALUE]...", 1, ANY, "PUT", "/quirks/$1", "{@2}",
	  "Switch one on" },
	{ "clear-quirk", "QUIRK [TARGET]", 1, 2, "DELETE", "/quirks/$1?target=$2", NULL,
	  "Switch it off" },
	{ "flows", "", 0, 0, "GET", "/flows", NULL, "Operations and transactions on their way" },
	{ "flow", "ID", 1, 1, "GET", "/flows/$1", NULL, "One of them, with its messages" },
	{ "messages", "[DEVICE]", 0, 1, "GET", "/messages?device=$1", NULL,
	  "Messages between the parties" },
	{ "message", "ID", 1, 1, "GET", "/messages/$1", NULL, "One of them, whole" },
	{ "transactions", "", 0, 0, "GET", "/transactions", NULL, "Transactions of the server" },
	{ "operations", "", 0, 0, "GET", "/operations", NULL, "Operations of the server" },
	{ "request", "METHOD PATH [JSON]", 2, 3, "POST", "/requests",
	  "{\"method\":$1,\"path\":$2,\"body\":#3}", "Send a request to the server's API" },
	{ "script", "", 0, 0, "GET", "/script", NULL, "The scenario that is played" },
	{ "next", "", 0, 0, "POST", "/script/next", NULL, "Its next step" },
	{ "script-mode", "auto|manual", 1, 1, "PUT", "/script", "{\"mode\":$1}",
	  "By itself, or step by step" },
	{ "captions", "", 0, 0, "GET", "/captions", NULL, "What was said" },
	{ "say", "TEXT", 1, 1, "POST", "/captions", "{\"text\":$1}",
	  "Say something to whoever watches" },
	{ "events", "", 0, 0, "GET", "/history", NULL, "What happens, as it happens, until Ctrl-C" },
	{ "snapshot", "", 0, 0, "GET", "/snapshot", NULL, "The state of the world" },
	{ "restore", "FILE", 1, 1, "PUT", "/snapshot", NULL, "Make it what it was" },
	{ 0 }
};

struct ctl {
	const struct verb *verb;
	struct ctl_options options;
	const struct command *command;
	char **args;
	unsigned arg_count;
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct buf path, body;
	bool has_body;
	struct timer again;		/* of `events` */
	char last[64];			/* id of the last entry; or empty */
	int code;
};

/* ---- The request. -------------------------------------------------------------- */

/* A plain JSON value as it stands; words that are none are strings. */
static void put_plain(struct buf *out, const char *text)
{
	struct err err;
	cJSON *tree;

	if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0)
		text = text[1] == 'n' ? "true" : "false";
	tree = json_parse(str_of(text), &err);
	if (tree)
		buf_z(out, text);
	else
		json_quote(out, str_of(text));
	cJSON_Delete(tree);
}

static int put_pairs(struct ctl *c, unsigned first, struct buf *out)
{
	for (unsigned i = first; i < c->arg_count; i++) {
		struct str value = str_of(c->args[i]), name = str_split(&value, '=');

		if (!value.p)
			return verb_usage(c->verb, "'%s': expected name=value", c->args[i]);
		json_quote(out, name);
		buf_char(out, ':');
		put_plain(out, value.p);
		buf_char(out, ',');
	}
	return 0;
}

/* What stands behind a comma or a '?' and needs an argument that is not there
 * goes: each template has at most one such place, and it is the last. */
static void cut_back(struct buf *out, bool in_body)
{
	while (out->n && out->p[out->n - 1] != (in_body ? ',' : '?') &&
	       !(in_body && out->p[out->n - 1] == '{'))
		out->n--;
	if (out->n && out->p[out->n - 1] != '{')
		out->n--;
	if (in_body)
		buf_char(out, '}');
	else
		buf_add(out, "", 0);
}

static int fill(struct ctl *c, const char *template, bool in_body, struct buf *out)
{
	for (const char *p = template; *p; p++) {
		unsigned which = p[1] >= '1' && p[1] <= '9' ? (unsigned)(p[1] - '1') : ANY;

		if (which == ANY || !strchr("$#@", *p)) {
			buf_char(out, *p);
			continue;
		}
		p++;
		if (p[-1] == '@') {
			if (put_pairs(c, which, out) != 0)
				return EXIT_INVALID;
			if (out->p[out->n - 1] == ',')
				out->n--;
		} else if (which >= c->arg_count) {
			cut_back(out, in_body);
			return 0;
		} else if (p[-1] == '#') {
			put_plain(out, c->args[which]);
		} else if (in_body) {
			json_quote(out, str_of(c->args[which]));
		} else {
			http_escape(out, str_of(c->args[which]));
		}
	}
	return 0;
}

static int read_file(struct ctl *c, const char *path)
{
	struct err err;

	if (file_read(path, &c->body, &err) < 0)
		return verb_fail(c->verb, EXIT_INVALID, "%s", err.msg);
	c->has_body = true;
	return 0;
}

static int make_request(struct ctl *c)
{
	const struct command *k = c->command;
	int rc;

	buf_z(&c->path, "/control/v1");
	rc = fill(c, k->path, false, &c->path);
	if (rc != 0)
		return rc;
	if (strcmp(k->name, "restore") == 0)
		return read_file(c, c->args[0]);
	if (!k->body)
		return 0;
	c->has_body = true;
	return fill(c, k->body, true, &c->body);
}

/* ---- The answer. ----------------------------------------------------------------- */

static void print(struct ctl *c, struct str text)
{
	struct err err;

	if (output_write(STDOUT_FILENO, text, &err) == 0)
		return;
	c->code = errno == EPIPE ? EXIT_PASSED :
		  verb_fail(c->verb, EXIT_RIG, "standard output: %s", err.msg);
	loop_stop(&c->loop);
}

static void print_json(struct ctl *c, const cJSON *tree)
{
	char *text = c->options.compact ? cJSON_PrintUnformatted(tree) : cJSON_Print(tree);

	print(c, str_of(text));
	print(c, STR("\n"));
	cJSON_free(text);
}

static void complain(struct ctl *c, int status, const cJSON *tree)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(tree, "error");
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");

	c->code = verb_fail(c->verb, EXIT_FAILED, "%s: %s (%d)", c->command->name,
			    cJSON_IsString(message) ? message->valuestring :
			    "this is no control API", status);
}

/* Entries of the stream that are new; false: it is over. */
static void print_entries(struct ctl *c, const cJSON *tree)
{
	const cJSON *last = cJSON_GetObjectItemCaseSensitive(tree, "last"), *entry;
	bool first = !c->last[0];

	cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(tree, "list")) {
		char *line;

		if (first)
			continue;
		line = cJSON_PrintUnformatted(entry);
		print(c, str_of(line));
		print(c, STR("\n"));
		cJSON_free(line);
	}
	if (cJSON_IsString(last))
		snprintf(c->last, sizeof(c->last), "%s", last->valuestring);
	loop_arm(&c->loop, &c->again, 300 * NS_PER_MS);
}

static bool is_events(const struct ctl *c)
{
	return strcmp(c->command->name, "events") == 0;
}

static void answered(struct http_call *call)
{
	struct ctl *c = call->owner;
	struct err err;
	cJSON *tree;

	loop_stop(&c->loop);
	if (call->failure != HTTP_OK) {
		c->code = verb_fail(c->verb, EXIT_RIG, "%s: is a demo running there? (--url)",
				    call->err.msg);
		return;
	}
	tree = json_parse(call->resp.body, &err);
	if (call->resp.status >= 300 || !tree) {
		complain(c, call->resp.status, tree);
	} else if (is_events(c)) {
		print_entries(c, tree);
		if (c->code == EXIT_PASSED)
			c->loop.stopped = false;
	} else {
		print_json(c, tree);
	}
	cJSON_Delete(tree);
}

static int send_request(struct ctl *c, struct err *err)
{
	const char *url = c->options.url;
	const char *token = c->options.token;
	struct http_call *call;
	size_t n;

	if (!url)
		url = getenv("ESIMRIG_CONTROL");
	if (!url)
		url = DEFAULT_URL;
	if (!token)
		token = getenv("ESIMRIG_TOKEN");
	n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	call = http_call_new(c->net, STR("ctl"), c->command->method, err, "%.*s%s", (int)n, url,
			     c->path.p);
	if (!call)
		return -1;
	if (token)
		http_call_header(call, "Authorization",
				 arena_printf(call->arena, "Bearer %s", token));
	if (c->has_body)
		http_call_body(call, "application/json", buf_view(&c->body));
	call->timeout_ns = INT64_C(3600) * NS_PER_S;	/* an advance may take long */
	call->done = answered;
	call->owner = c;
	http_call_send(call);
	return 0;
}

static void ask_again(struct timer *t)
{
	struct ctl *c = (struct ctl *)((char *)t - offsetof(struct ctl, again));
	struct err err = { 0 };

	buf_clear(&c->path);
	buf_printf(&c->path, "/control/v1/history?limit=10000%s%s%s%s",
		   c->last[0] ? "&after=" : "", c->last,
		   c->options.types ? "&types=" : "",
		   c->options.types ? c->options.types : "");
	send_request(c, &err);
}

/* ---- The verb. --------------------------------------------------------------------- */

static int find_command(struct ctl *c, const char *name)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	size_t count = 0;
	int near;

	for (; commands[count].name; count++) {
		names[count] = commands[count].name;
		if (strcmp(commands[count].name, name) == 0)
			c->command = &commands[count];
	}
	if (c->command)
		return EXIT_PASSED;
	near = str_nearest(str_of(name), names, count);
	return near < 0 ? verb_usage(c->verb, "there is no command '%s'", name) :
	       verb_usage(c->verb, "there is no command '%s'; did you mean '%s'?", name,
			  names[near]);
}

static int converse(struct ctl *c)
{
	struct err err = { 0 };

	loop_init(&c->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	c->net = socknet_new(&c->loop, NULL, &err);
	if (c->net) {
		socknet_allow_outside(c->net, true);
		c->again.fire = ask_again;
		if (is_events(c))
			ask_again(&c->again);
		else if (send_request(c, &err) < 0)
			c->code = verb_fail(c->verb, EXIT_INVALID, "%s", err.msg);
		if (c->code == EXIT_PASSED && loop_run(&c->loop, &err) < 0)
			c->code = verb_fail(c->verb, EXIT_RIG, "%s", err.msg);
		loop_disarm(&c->loop, &c->again);
		network_release(c->net);
	} else {
		c->code = verb_fail(c->verb, EXIT_RIG, "%s", err.msg);
	}
	loop_release(&c->loop);
	return c->code;
}

static int obey(struct ctl *c, int count, char **words)
{
	int code;

	if (count == 0)
		return verb_usage(c->verb, "which command?");
	code = find_command(c, words[0]);
	if (code != EXIT_PASSED)
		return code;
	c->args = words + 1;
	c->arg_count = (unsigned)count - 1;
	if (c->arg_count < c->command->least || c->arg_count > c->command->most)
		return verb_usage(c->verb, "expected: %s %s", c->command->name,
				  c->command->arguments);
	code = make_request(c);
	return code == EXIT_PASSED ? converse(c) : code;
}

static void show_commands(void)
{
	struct err err;
	struct buf out;

	buf_init(&out, 64 << 10);
	buf_z(&out, "\nCommands:\n");
	for (const struct command *k = commands; k->name; k++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", k->name, k->arguments);
		buf_printf(&out, "  %-36s %s\n", left, k->help);
	}
	output_write(STDOUT_FILENO, buf_view(&out), &err);
	buf_release(&out);
}

static int ctl(const struct verb *v, int argc, char **argv)
{
	struct ctl c = { .verb = v };
	int left = verb_parse(v, argc, argv, &c.options), code = EXIT_INVALID;

	buf_init(&c.path, 64 << 10);
	buf_init(&c.body, 64 << 20);
	if (left >= 0 && c.options.help) {
		code = verb_show_help(v);
		show_commands();
	} else if (left >= 0) {
		code = obey(&c, left, argv + 1);
	}
	buf_release(&c.path);
	buf_release(&c.body);
	return code;
}

static const char *const about[] = {
	"Each command is one request of the control API (scenarios/control.openapi.yaml); the "
	"answer is printed as JSON. `events` prints what happens from then on, an entry a line.",
	"Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no demo there.",
	"Examples:",
	"  export ESIMRIG_TOKEN=...                    # as the demo says\n"
	"  esimrig ctl devices tram\n"
	"  esimrig ctl link-down tram-1\n"
	"  esimrig ctl set-quirk eis.http-503 for=10min\n"
	"  esimrig ctl advance 24h",
	NULL
};

const struct verb verb_ctl = {
	.name = "ctl", .arguments = "COMMAND [ARGUMENT]...",
	.summary = "Control a demo: its clock, devices, quirks, ...",
	.options = options, .about = about, .run = ctl,
};
