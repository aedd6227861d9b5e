/*
 * esimrig demo: a living world over real sockets, to be watched, played with
 * and tested against.
 *
 * The world (live.h) and those who control it (control.h) have a loop each, in
 * one thread: the second is the guest of the first.
 */
#include "cli/output.h"
#include "cli/page.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "scenarios/control.h"
#include "scenarios/show.h"
#include "scenarios/snapshot.h"
#include "scenarios/yaml.h"
#include "sim/file.h"
#include "sim/socknet.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DEFAULT_WORLD "scenarios/demo/_world.yaml"
#define DEFAULT_LISTEN "127.0.0.1:8080"
#define DEFAULT_CONTROL "127.0.0.1:8090"
#define CONTROL_HOST "control"

enum { TOKEN_DIGITS = 32, HOSTS_MAX = 64 };

struct demo_options {
	bool help, no_life, quiet, step;
	const char *world, *script, *clock, *listen, *control, *token, *db;
	struct option_number seed;
};

#define AT(member) offsetof(struct demo_options, member)

static const struct option options[] = {
	{ "world", 'w', OPTION_TEXT, AT(world), "FILE",
	  "The world: as a scenario has it, steps are ignored. Default: one of 24 "
	  "routers and five carriers", 0 },
	{ "script", 0, OPTION_TEXT, AT(script), "FILE",
	  "Play this scenario, with its own world; `note` of a step is its caption", 0 },
	{ "step", 0, OPTION_FLAG, AT(step), NULL,
	  "With --script: each step waits until it is told to go on", 0 },
	{ "clock", 0, OPTION_TEXT, AT(clock), "real|scaled=N",
	  "real, or scaled=N: N simulated seconds per second (default: scaled=60)", 0 },
	{ "listen", 0, OPTION_TEXT, AT(listen), "ADDR:PORT",
	  "Where the server of the world listens; port 0 takes a free one (default: "
	  DEFAULT_LISTEN ")", 0 },
	{ "control", 0, OPTION_TEXT, AT(control), "ADDR:PORT",
	  "Where the dashboard and the control API listen (default: "
	  DEFAULT_CONTROL ")", 0 },
	{ "token", 0, OPTION_TEXT, AT(token), "SECRET",
	  "Of the control API; better as env:NAME or file:PATH (default: a new one)", 0 },
	{ "db", 0, OPTION_TEXT, AT(db), "FILE",
	  "Keep the world there (every 10 s, and at the end), and go on with the one "
	  "that is there", 0 },
	{ "seed", 's', OPTION_NUMBER, AT(seed), "N",
	  "Of all random choices, instead of the world's own", INT64_C(9007199254740991) },
	{ "no-life", 0, OPTION_FLAG, AT(no_life), NULL,
	  "Nothing happens by itself", 0 },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL,
	  "No line for each event", 0 },
	OPTION_HELP(struct demo_options),
	{ 0 }
};

/* So much of a world may be lost if the machine stops. */
static const int64_t SAVE_EVERY_NS = 10 * NS_PER_S;

/* An address that a host has had: it has it again in the next world. */
struct host_address {
	char host[64], address[SOCKNET_ADDRESS_SIZE];
};

struct demo {
	const struct verb *verb;
	struct demo_options options;
	double rate;
	struct arena arena;
	struct scenario_file file;
	struct scenario scenario;
	struct str token;
	struct loop loop;		/* of the control API: the guest */
	struct network *net;
	struct progress making;		/* of the devices of a large world */
	struct page *page;
	struct live *live;
	struct control *control;
	struct watch signals;
	struct timer save;
	uint64_t saved_events;		/* of the world when it was last written */
	char bound[SOCKNET_ADDRESS_SIZE];	/* of the control API */
	struct host_address hosts[HOSTS_MAX];
	size_t host_count;
	bool greeted, colour, silent;
	struct buf line;
};

/* ---- What was asked for. --------------------------------------------------- */

static int read_clock(struct demo *d, struct err *err)
{
	enum clock_kind kind = CLOCK_KIND_SCALED;

	d->rate = 60;
	if (!d->options.clock)
		return 0;
	if (clock_parse(str_of(d->options.clock), &kind, &d->rate, err) < 0)
		return -1;
	if (kind == CLOCK_KIND_VIRTUAL)
		return err_set(err, ERR_INVALID, "--clock virtual: a demo is there to be "
			       "watched; expected real or scaled=N");
	if (d->rate < 0.01 || d->rate > 3600)
		return err_set(err, ERR_INVALID, "--clock %s: expected a rate from 0.01 to "
			       "3600", d->options.clock);
	return 0;
}

static int read_secret_file(struct demo *d, const char *path, struct err *err)
{
	char text[256];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		err_set(err, ERR_IO, "--token file:%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	d->token = arena_str(&d->arena, str_trim((struct str){ text, (size_t)n }));
	return 0;
}

static int read_token(struct demo *d, struct err *err)
{
	const char *given = d->options.token;
	unsigned char bytes[TOKEN_DIGITS / 2];
	char text[TOKEN_DIGITS + 1];

	if (given && strncmp(given, "file:", 5) == 0) {
		if (read_secret_file(d, given + 5, err) < 0)
			return -1;
	} else if (given) {
		bool by_name = strncmp(given, "env:", 4) == 0;

		d->token = str_of(by_name ? getenv(given + 4) : given);
	}
	if (given && (d->token.n < 8 || d->token.n > 200))
		return err_set(err, ERR_INVALID, "--token: expected 8 to 200 characters");
	if (given)
		return 0;
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_set(err, ERR_IO, "no random numbers: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	d->token = arena_str(&d->arena, str_of(text));
	return 0;
}

static int complain(struct demo *d, const struct diag *diag)
{
	struct err err;
	struct buf out;

	(void)d;
	buf_init(&out, 1 << 20);
	diag_print(diag, &out);
	output_write(STDERR_FILENO, buf_view(&out), &err);
	buf_release(&out);
	return EXIT_INVALID;
}

/* A world file has no steps: it is what another one includes. */
static int load_world(struct demo *d, const char *path, struct diag *diag)
{
	struct buf text;
	int rc;

	/* If it cannot be read, nobody wants to see where the text below names it. */
	if (!yaml_read(path, (struct pos){ 0 }, &d->arena, diag))
		return -1;
	buf_init(&text, 64 << 10);
	buf_z(&text, "{\"name\": \"Living world\", \"steps\": [{\"wait\": \"1s\"}], "
	      "\"include\": [");
	json_quote(&text, str_of(path));
	buf_z(&text, "]}");
	rc = scenario_load_text("demo", arena_str(&d->arena, buf_view(&text)), &d->arena,
				&d->file, diag);
	buf_release(&text);
	return rc;
}

static int load(struct demo *d)
{
	const char *path = d->options.script ? d->options.script :
			   d->options.world ? d->options.world : DEFAULT_WORLD;
	struct diag diag;
	int rc;

	diag_init(&diag, &d->arena);
	rc = d->options.script ? scenario_load(path, &d->arena, &d->file, &diag) :
				 load_world(d, path, &diag);
	if (rc < 0)
		return complain(d, &diag);
	d->scenario = d->file.list[0];
	d->scenario.file = str_of(path);
	if (d->options.clock && strcmp(d->options.clock, "real") == 0)
		d->scenario.clock_start_ms = clock_machine_unix_ms();
	if (!d->scenario.world.devices.count && !d->scenario.world.fleets.count)
		return verb_fail(d->verb, EXIT_INVALID, "%s: there are no devices in this "
				 "world", path);
	return EXIT_PASSED;
}

/* ---- Where hosts listen. ------------------------------------------------------ */

static const char *address_of(void *arg, const char *host)
{
	struct demo *d = arg;

	for (size_t i = 0; i < d->host_count; i++)
		if (strcmp(d->hosts[i].host, host) == 0)
			return d->hosts[i].address;
	if (strcmp(host, "server.rig") != 0)
		return NULL;
	return d->options.listen ? d->options.listen : DEFAULT_LISTEN;
}

/* So that what people have written down stays true after a reset. */
static void remember_addresses(struct demo *d)
{
	struct show_party p;

	for (size_t i = 0; show_party_at(d->live, i, &p) && d->host_count < HOSTS_MAX; i++) {
		const char *address = socknet_address(d->live->world->net, p.host);
		struct host_address *h = &d->hosts[d->host_count];

		if (!address)
			continue;
		snprintf(h->host, sizeof(h->host), "%s", p.host);
		snprintf(h->address, sizeof(h->address), "%s", address);
		d->host_count++;
	}
}

/* ---- The file that a world is kept in. --------------------------------------------- */

static int write_beside(const char *path, struct str text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -1 : output_write(fd, text, err);

	if (rc == 0 && fsync(fd) < 0)
		rc = -1;
	if (rc < 0)
		err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Whole or not at all: the old one stays until the new one is there. */
static int save_world(struct demo *d, struct err *err)
{
	struct arena a = { 0 };
	struct str new_path = arena_printf(&a, "%s.new", d->options.db);
	struct buf text;
	int rc;

	buf_init(&text, SNAPSHOT_MAX);
	clock_tick(&d->live->world->loop.clock);
	snapshot_write(d->live, &text);
	if (text.over)
		rc = err_set(err, ERR_LIMIT, "%s: the world is too large", d->options.db);
	else
		rc = write_beside(new_path.p, buf_view(&text), err);
	if (rc == 0 && rename(new_path.p, d->options.db) < 0)
		rc = err_set(err, ERR_IO, "%s: %s", d->options.db, strerror(errno));
	if (rc == 0) {
		d->live->saved_unix_ms = clock_machine_unix_ms();
		d->saved_events = d->live->world->log.count;
	}
	buf_release(&text);
	arena_release(&a);
	return rc;
}

static void save_or_complain(struct demo *d)
{
	struct err err = { 0 };

	if (d->options.db && d->live->world && save_world(d, &err) < 0)
		verb_fail(d->verb, EXIT_RIG, "%s", err.msg);
}

static void save_now_and_then(struct timer *t)
{
	struct demo *d = (struct demo *)((char *)t - offsetof(struct demo, save));

	if (d->live->world && d->live->world->log.count != d->saved_events)
		save_or_complain(d);
	loop_arm(&d->loop, t, SAVE_EVERY_NS);
}

/* There may be none yet. */
static int load_saved(struct demo *d, struct err *err)
{
	struct buf text;
	int rc;

	if (!d->options.db || (access(d->options.db, F_OK) < 0 && errno == ENOENT))
		return 0;
	buf_init(&text, SNAPSHOT_MAX);
	rc = file_read(d->options.db, &text, err);
	if (rc < 0)
		err_prefix(err, "--db");
	else if ((rc = live_put_image(d->live, buf_view(&text), err)) < 0)
		err_prefix(err, "--db %s", d->options.db);
	buf_release(&text);
	return rc;
}

/* ---- What is shown. -------------------------------------------------------------- */

static void say(struct demo *d)
{
	struct err err;

	if (!d->silent && output_write(STDOUT_FILENO, buf_view(&d->line), &err) < 0)
		d->silent = true;
	buf_clear(&d->line);
}

static void bold(struct demo *d, const char *text)
{
	buf_printf(&d->line, "%s%s%s", d->colour ? "\x1b[1m" : "", text,
		   d->colour ? "\x1b[0m" : "");
}

static const char *address_in(struct demo *d, const char *host)
{
	const char *address = socknet_address(d->live->world->net, host);

	return address ? address : "nowhere";
}

static void say_addresses(struct demo *d)
{
	struct show_party p;

	buf_char(&d->line, '\n');
	bold(d, d->options.script ? "A scenario, played" : "A living world");
	buf_printf(&d->line, ": %zu devices, %zu carriers, %g simulated seconds per "
		   "second\n\n", d->live->world->device_count, d->live->world->carrier_count,
		   d->rate);
	buf_printf(&d->line, "  Dashboard  http://%s/#token=%.*s\n", d->bound,
		   STRF(d->token));
	buf_printf(&d->line, "  API        http://%s/ws/v1/esim_profiles\n",
		   address_in(d, "server.rig"));
	buf_printf(&d->line, "  Control    http://%s/control/v1/world   (Authorization: "
		   "Bearer %.*s)\n", d->bound, STRF(d->token));
	for (size_t i = 1; show_party_at(d->live, i, &p); i++)
		buf_printf(&d->line, "  %-10.*s http://%s   (%s)\n", STRF(p.key),
			   address_in(d, p.host), p.host);
}

static void say_users(struct demo *d)
{
	static const char *const roles[] = {
		[SERVER_ROLE_READ_ONLY] = "read-only", [SERVER_ROLE_USER] = "user",
		[SERVER_ROLE_ADMIN] = "admin",
	};
	const struct world *w = d->live->world;

	buf_char(&d->line, '\n');
	bold(d, "Users");
	buf_z(&d->line, " of the API, to try (they are of this world only)\n\n");
	for (size_t i = 0; i < w->user_count; i++) {
		const struct world_user *u = &w->users[i];

		buf_printf(&d->line, "  %.*s:%.*s  %s, account %.*s\n", STRF(u->name),
			   STRF(u->password), roles[u->role], STRF(u->account->name));
		if (u->api_key_id.n)
			buf_printf(&d->line, "    X-API-KEY-ID: %.*s  X-API-KEY-SECRET: %.*s\n",
				   STRF(u->api_key_id), STRF(u->api_key_secret));
	}
}

static void say_curl(struct demo *d)
{
	const struct world *w = d->live->world;
	const struct world_user *u = &w->users[0];
	const char *server = address_in(d, "server.rig");
	struct buf name;

	buf_init(&name, 4096);
	if (w->carrier_count)
		json_quote(&name, w->carriers[0].name);
	buf_char(&d->line, '\n');
	bold(d, "Try");
	buf_printf(&d->line, "\n\n  curl -su %.*s:%.*s 'http://%s/ws/v1/esim_profiles/"
		   "inventory?size=3'\n", STRF(u->name), STRF(u->password), server);
	buf_printf(&d->line, "  curl -su %.*s:%.*s -H 'Content-Type: application/json' "
		   "http://%s/ws/v1/esim_profiles/operations/inventory -d '{\"device_id\":"
		   "\"%.*s\",\"operation\":\"activate\",\"carrier\":", STRF(u->name),
		   STRF(u->password), server, STRF(w->devices[0].device_id));
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '\'')
			buf_z(&d->line, "'\\''");
		else
			buf_char(&d->line, name.p[i]);
	}
	buf_z(&d->line, w->carrier_count ? "}'\n" : "\"x\"}'\n");
	buf_printf(&d->line, "  curl -su %.*s:%.*s 'http://%s/ws/v1/esim_profiles/operations/"
		   "inventory?size=3&orderby=desc+created'\n", STRF(u->name), STRF(u->password),
		   server);
	buf_release(&name);
	buf_z(&d->line, d->options.quiet ? "\nCtrl-C ends it.\n\n" :
	      "\nCtrl-C ends it. From here on, a line for each event.\n\n");
}

static void made(void *arg, size_t done, size_t all)
{
	struct demo *d = arg;

	d->making.what = "devices";
	progress_making(&d->making, done, all);
}

static void begun(void *arg)
{
	struct demo *d = arg;

	if (!d->host_count)
		remember_addresses(d);
	if (d->greeted)
		return;
	d->greeted = true;
	say_addresses(d);
	say_users(d);
	say_curl(d);
	say(d);
}

/* A colour for each kind of party. */
static const char *colour_of(struct str party)
{
	static const struct {
		const char *party, *colour;
	} colours[] = {
		{ "server", "\x1b[36m" }, { "eis", "\x1b[33m" }, { "smdp", "\x1b[35m" },
		{ "device", "\x1b[32m" }, { "rig", "\x1b[31m" },
	};
	struct str kind = str_split(&party, '/');

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (str_is(kind, colours[i].party))
			return colours[i].colour;
	return "";
}

static void put_field(struct buf *out, const struct field *f)
{
	buf_printf(out, " %s=", f->key);
	switch (f->kind) {
	case FIELD_STR:
		buf_str(out, f->s);
		break;
	case FIELD_INT:
		buf_printf(out, "%lld", (long long)f->i);
		break;
	case FIELD_BOOL:
		buf_z(out, f->i ? "true" : "false");
		break;
	case FIELD_TIME:
		buf_printf(out, "%.3fs", (double)f->i / 1e9);
		break;
	}
}

static void event(void *arg, const struct event *e, struct str line)
{
	struct demo *d = arg;
	char time[CLOCK_ISO_SIZE];
	struct buf fields;

	(void)line;
	if (d->options.quiet || !d->greeted)
		return;
	clock_iso_to(clock_unix_ms(&d->live->world->loop.clock), time);
	buf_init(&fields, 64 << 10);
	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].kind != FIELD_STR || e->fields[i].s.n)
			put_field(&fields, &e->fields[i]);
	/* Nothing of a peer's may move the cursor. */
	for (size_t i = 0; i < fields.n; i++)
		if ((unsigned char)fields.p[i] < ' ' || fields.p[i] == 0x7f)
			fields.p[i] = '?';
	buf_printf(&d->line, "%.8s  %s%-16.*s %-22s%s%s\n", time + 11,
		   d->colour ? colour_of(e->party) : "", STRF(e->party), e->name,
		   d->colour ? "\x1b[0m" : "", fields.n ? fields.p : "");
	buf_release(&fields);
	say(d);
}

/* ---- Life and end. ------------------------------------------------------------------ */

static void signalled(struct watch *w, uint32_t events)
{
	struct demo *d = (struct demo *)((char *)w - offsetof(struct demo, signals));
	struct signalfd_siginfo info;

	(void)events;
	while (read(w->fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGHUP) {
			save_or_complain(d);
			live_wish(d->live, LIVE_END);
		}
}

static int catch_signals(struct demo *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = (struct watch){ signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				     signalled };
	if (d->signals.fd < 0)
		return verb_fail(d->verb, EXIT_RIG, "signals: %s", strerror(errno));
	loop_watch(&d->loop, &d->signals, EPOLLIN);
	return EXIT_PASSED;
}

/* Which address is taken, and what to do about it. */
static int cannot(struct demo *d, const struct err *err)
{
	const char *option = NULL;

	if (strstr(err->msg, "host " CONTROL_HOST ":"))
		option = "--control";
	else if (strstr(err->msg, "host server.rig:"))
		option = "--listen";
	if (option && strstr(err->msg, strerror(EADDRINUSE)))
		return verb_fail(d->verb, EXIT_RIG, "%s: choose another one with %s ADDR:PORT",
				 err->msg, option);
	return verb_fail(d->verb, err->code == ERR_INVALID ? EXIT_INVALID : EXIT_RIG, "%s",
			 err->msg);
}

static int open_control(struct demo *d, struct err *err)
{
	static const struct socknet_limits limits = {
		.request_ns = 30 * NS_PER_S, .idle_ns = 120 * NS_PER_S,
		.stall_ns = 60 * NS_PER_S, .connections = 256,
	};
	struct live_config live = {
		.scenario = &d->scenario, .guest = &d->loop, .rate = d->rate,
		.has_seed = d->options.seed.given, .seed = d->options.seed.value,
		.play = d->options.script != NULL, .step_by_step = d->options.step,
		.life = !d->options.no_life && !d->options.script,
		.address = address_of, .begun = begun, .made = made, .event = event,
		.arg = d,
	};

	if (getrandom(&live.process, sizeof(live.process), 0) != sizeof(live.process))
		return err_set(err, ERR_IO, "no random numbers: %s", strerror(errno));
	d->net = socknet_new(&d->loop, NULL, err);
	if (!d->net)
		return -1;
	socknet_set_limits(d->net, &limits);
	socknet_set_body_max(d->net, CONTROL_BODY_MAX);
	d->live = live_new(&live);
	if (load_saved(d, err) < 0)
		return -1;
	d->save.fire = save_now_and_then;
	if (d->options.db)
		loop_arm(&d->loop, &d->save, SAVE_EVERY_NS);
	d->page = page_new();
	d->control = control_new(&(struct control_config){
		.live = d->live, .loop = &d->loop, .net = d->net, .token = d->token.p,
		.page = page_handler(d->page),
	});
	return socknet_listen(d->net, CONTROL_HOST, "control", control_handler(d->control),
			      d->options.control ? d->options.control : DEFAULT_CONTROL,
			      d->bound, err);
}

static int live_on(struct demo *d)
{
	struct err err = { 0 };
	int code;

	loop_init(&d->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	code = catch_signals(d);
	if (code == EXIT_PASSED && (open_control(d, &err) < 0 || live_run(d->live, &err) < 0))
		code = cannot(d, &err);
	loop_disarm(&d->loop, &d->save);
	if (d->net)
		network_release(d->net);
	control_free(d->control);
	page_free(d->page);
	live_free(d->live);
	if (d->signals.fd >= 0) {
		loop_unwatch(&d->loop, &d->signals);
		close(d->signals.fd);
	}
	loop_release(&d->loop);
	return code;
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

static int start(struct demo *d)
{
	struct err err = { 0 };
	int code;

	if (d->options.script && d->options.world)
		return verb_usage(d->verb, "--script and --world: a scenario has its own "
				  "world");
	if (d->options.script && d->options.db)
		return verb_usage(d->verb, "--script and --db: a scenario begins at its "
				  "beginning");
	if (d->options.step && !d->options.script)
		return verb_usage(d->verb, "--step needs --script FILE");
	if (read_clock(d, &err) < 0 || read_token(d, &err) < 0)
		return verb_fail(d->verb, EXIT_INVALID, "%s", err.msg);
	code = load(d);
	if (code != EXIT_PASSED)
		return code;
	d->colour = wants_colour();
	buf_init(&d->line, 1 << 20);
	code = live_on(d);
	buf_release(&d->line);
	return code;
}

static int demo(const struct verb *v, int argc, char **argv)
{
	struct demo *d = calloc(1, sizeof(*d));
	int left, code = EXIT_INVALID;

	if (!d)
		return verb_fail(v, EXIT_RIG, "no memory");
	d->verb = v;
	d->signals.fd = -1;
	left = verb_parse(v, argc, argv, &d->options);
	if (left >= 0 && d->options.help)
		code = verb_show_help(v);
	else if (left > 0)
		code = verb_usage(v, "'%s': no argument is expected", argv[1]);
	else if (left == 0)
		code = start(d);
	arena_release(&d->arena);
	free(d);
	return code;
}

static const char *const about[] = {
	"All parties listen on loopback: the server of the esim_profiles API, an EIS, a "
	"device gateway, SM-DP+s; the devices are in this process. What happens takes its "
	"time, on a clock that can be stopped and hurried on the dashboard, or by "
	"`esimrig ctl`.",
	"Exit codes: 0 it was told to end, 2 wrong usage or a world that is not valid, 3 an "
	"address that is taken, or other trouble of the rig's.",
	"Examples:",
	"  esimrig demo\n"
	"  esimrig demo --clock real --listen 127.0.0.1:9000\n"
	"  esimrig demo --script scenarios/demo/spn-trap.yaml --step",
	NULL
};

const struct verb verb_demo = {
	.name = "demo", .arguments = "",
	.summary = "A living world over sockets, with a dashboard",
	.options = options, .about = about, .run = demo,
};
