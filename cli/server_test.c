/*
 * Goal: `esimrig server` as those who run it meet it: it says where it
 * listens, answers, ends and reloads when told to, and says what is wrong.
 * Method: the program that was built beside this test, driven by signals, raw
 * sockets and the words that it sends to systemd; nothing waits for a time.  How
 * it and the other programs meet is in parties_test.c.
 */
#include "cli/program_test.h"

#include <sqlite3.h>

START_TEST(answers_and_ends)
{
	struct running r = run(CONFIG);
	char *got;

	await_word("READY=1");
	got = get(r.port, DEVICES, ALICE);
	check_status(got, 200);
	ck_assert(strstr(got, "00000000-00000000-0040FFFF-FF8001B0"));
	ck_assert(strstr(got, "\"customer_id\":7"));
	check_status(get(r.port, DEVICES, BOB), 401);
	stop(&r);
	await_word("STOPPING=1");
	/* What it was told is in the database now. */
	write_config("c.yaml", "listen: 127.0.0.1:0\ndb: DIR/server.db\n", "");
	r = run(CONFIG);
	check_status(get(r.port, DEVICES, ALICE), 200);
	kill(r.pid, SIGINT);
	ck_assert_int_eq(end_of(r.pid), 0);
}
END_TEST

START_TEST(answers_what_is_under_way)
{
	struct running r = run(CONFIG);
	int fd = dial(r.port), idle = dial(r.port), refused;
	char *got;

	await_word("READY=1");
	say(fd, "POST /ws/v1/esim_profiles/enable HTTP/1.1\r\nHost: x\r\n" ALICE
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{");
	kill(r.pid, SIGTERM);
	await_word("STOPPING=1");
	refused = try_connect(r.port);
	ck_assert_int_lt(refused, 0);
	say(fd, "}");
	got = hear(fd);
	check_status(got, 400);
	ck_assert_msg(strstr(got, "Connection: close"), "%s", got);
	ck_assert_int_eq(end_of(r.pid), 0);
	close(idle);
}
END_TEST

START_TEST(ends_at_once_when_told_twice)
{
	struct running r = run(CONFIG);
	int fd = dial(r.port);
	char err[300];

	await_word("READY=1");
	say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{");
	kill(r.pid, SIGTERM);
	await_word("STOPPING=1");
	/* The request is seen at the latest when an idle server would end. */
	kill(r.pid, SIGTERM);
	ck_assert_int_le(end_of(r.pid), 1);
	ck_assert_str_eq(hear(fd), "");
	read_file("err", err, sizeof(err));
	ck_assert(!*err || strstr(err, "cut off"));
}
END_TEST

START_TEST(grace_ends)
{
	const char *args[] = { "--config", path_of("c.yaml"), "--grace", "50ms", NULL };
	struct running r = run(args);
	int fd = dial(r.port);
	char err[300];

	say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{");
	kill(r.pid, SIGTERM);
	ck_assert_int_eq(end_of(r.pid), 1);
	ck_assert_str_eq(hear(fd), "");
	read_file("err", err, sizeof(err));
	ck_assert_msg(strstr(err, "grace is over: 1 request was cut off"), "%s", err);
}
END_TEST

START_TEST(reloads)
{
	struct running r = run(CONFIG);
	char err[2000];

	await_word("READY=1");
	check_status(get(r.port, DEVICES, BOB), 401);
	write_config("bob", "builder\n", "");
	write_config("c.yaml", config, "api-keys: []\n");
	write_config("c.yaml", "listen: 127.0.0.1:0\ndb: DIR/server.db\n"
		     "accounts: {acme: {customer-id: 7}}\n"
		     "users: {bob: {account: acme, password: file:bob}}\n"
		     "throttle: 2\n", "");
	kill(r.pid, SIGHUP);
	await_word("RELOADING=1\nMONOTONIC_USEC=");
	await_word("READY=1");
	check_status(get(r.port, DEVICES, BOB), 200);
	/* What is wrong changes nothing. */
	write_config("c.yaml", "lisen: x\n", "");
	kill(r.pid, SIGHUP);
	await_word("RELOADING=1");
	await_word("READY=1");
	check_status(get(r.port, DEVICES, BOB), 200);
	/* The third within ten seconds. */
	check_status(get(r.port, DEVICES, BOB), 429);
	read_file("err", err, sizeof(err));
	ck_assert_msg(strstr(err, "c.yaml:1:1: unknown key 'lisen'"), "%s", err);
	ck_assert_msg(strstr(err, "did you mean 'listen'?"), "%s", err);
	stop(&r);
}
END_TEST

#define KEY_ID "0123456789abcdef0123456789abcdef"
#define KEY_SECRET KEY_ID KEY_ID
#define KEY "X-API-KEY-ID: " KEY_ID "\r\nX-API-KEY-SECRET: " KEY_SECRET "\r\n"
#define SECOND "00000000-00000000-0040FFFF-FF8001B1"

static void reload_with(const struct running *r, const char *more)
{
	write_config("c.yaml", "listen: 127.0.0.1:0\ndb: DIR/server.db\nthrottle: 0\n"
		     "accounts: {acme: {customer-id: 7}}\n", more);
	kill(r->pid, SIGHUP);
	await_word("RELOADING=1");
	await_word("READY=1");
}

/* By whichever worker. */
static void check_access(const struct running *r, int alice, int bob, int key)
{
	for (int i = 0; i < 6; i++) {
		check_status(get(r->port, DEVICES, ALICE), alice);
		check_status(get(r->port, DEVICES, BOB), bob);
		check_status(get(r->port, DEVICES, KEY), key);
	}
}

static int report_of(const struct running *r, const char *device, const char *eid)
{
	char json[300];
	static int sequence;

	snprintf(json, sizeof(json), "{\"device_id\":\"%s\",\"eid\":\"%s\",\"sequence\":%d,"
		 "\"complete\":true,\"profiles\":[{\"iccid\":\"8944000000000000010\","
		 "\"status\":\"active\"}]}", device, eid, ++sequence);
	return (int)strtol(post(r->port, "/southbound/v1/device_reports", "", json) + 9,
			   NULL, 10);
}

/* Whoever is taken out of the configuration stays out. */
START_TEST(takes_access_away)
{
	static const char both[] =
		"users: {alice: {account: acme, password: wonderland},"
		" bob: {account: acme, password: builder}}\n"
		"api-keys: [{user: bob, id: " KEY_ID ", secret: " KEY_SECRET "}]\n"
		"devices: [{device-id: " SECOND ", account: acme},"
		" {device-id: 00000000-00000000-0040ffff-ff8001b0, account: acme}]\n";
	struct running r = run(CONFIG);

	await_word("READY=1");
	reload_with(&r, both);
	check_access(&r, 200, 200, 200);
	ck_assert_int_eq(report_of(&r, SECOND, "89049032000000000000000000000111"), 200);
	/* What a report has taught stays known, and another EID a lie. */
	reload_with(&r, both);
	ck_assert_int_eq(report_of(&r, SECOND, "89049032000000000000000000000222"), 400);
	reload_with(&r, "users: {alice: {account: acme, password: wonderland},"
		    " bob: {account: acme, password: builder}}\n"
		    "devices: [{device-id: 00000000-00000000-0040FFFF-FF8001B0,"
		    " account: acme}]\n");
	check_access(&r, 200, 200, 401);
	ck_assert_int_eq(report_of(&r, SECOND, "89049032000000000000000000000111"), 404);
	ck_assert(!strstr(get(r.port, DEVICES, ALICE), SECOND));
	check_status(get(r.port, "/ws/v1/esim_profiles/inventory/8944000000000000010", ALICE),
		     200);
	reload_with(&r, "users: {bob: {account: acme, password: builder}}\n");
	check_access(&r, 401, 200, 401);
	ck_assert(strstr(get(r.port, DEVICES, BOB), "\"count\":0"));
	stop(&r);
	await_word("STOPPING=1");
	/* And without the server being there when it happens. */
	write_config("c.yaml", "listen: 127.0.0.1:0\ndb: DIR/server.db\n"
		     "accounts: {acme: {customer-id: 7}}\n"
		     "users: {alice: {account: acme, password: wonderland}}\n", "");
	r = run(CONFIG);
	check_access(&r, 200, 401, 401);
	await_word("READY=1");
	reload_with(&r, "");
	check_access(&r, 401, 401, 401);
	stop(&r);
}
END_TEST

/* How the password is kept; other bytes each time that it is hashed. */
static void salt_of(const char *user, char salt[33])
{
	sqlite3 *db;
	sqlite3_stmt *q;

	ck_assert_int_eq(sqlite3_open_v2(path_of("server.db"), &db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT hex(salt) FROM users WHERE name = ?", -1,
					    &q, NULL), SQLITE_OK);
	sqlite3_bind_text(q, 1, user, -1, SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
	snprintf(salt, 33, "%s", (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	sqlite3_close(db);
}

/* Passwords take long to hash, and everybody waits. */
START_TEST(renews_what_is_new)
{
	static const char users[] =
		"users: {alice: {account: acme, password: wonderland},"
		" bob: {account: acme, password: %s}}\n"
		"devices: [{device-id: 00000000-00000000-0040FFFF-FF8001B0, account: acme}]\n";
	char before[33], after[33], text[400];
	struct running r = run(CONFIG);

	await_word("READY=1");
	snprintf(text, sizeof(text), users, "builder");
	reload_with(&r, text);
	salt_of("alice", before);
	reload_with(&r, text);
	salt_of("alice", after);
	ck_assert_str_eq(before, after);
	salt_of("bob", before);
	snprintf(text, sizeof(text), users, "carpenter");
	reload_with(&r, text);
	salt_of("bob", after);
	ck_assert_str_ne(before, after);
	check_access(&r, 200, 401, 401);
	stop(&r);
}
END_TEST

/* One of the two devices has the EID already, which only the store knows. */
START_TEST(reloads_all_or_nothing)
{
	static const char both[] =
		"users: {alice: {account: acme, password: wonderland}%s}\n"
		"devices: [{device-id: 00000000-00000000-0040FFFF-FF8001B0, account: acme, eid: '%s'},"
		" {device-id: " SECOND ", account: acme, eid: '%s'}]\n";
	char err[2000], text[500];
	struct running r = run(CONFIG);

	await_word("READY=1");
	snprintf(text, sizeof(text), both, "", "89049032000000000000000000000111",
		 "89049032000000000000000000000222");
	reload_with(&r, text);
	snprintf(text, sizeof(text), both, ", bob: {account: acme, password: builder}",
		 "89049032000000000000000000000333", "89049032000000000000000000000333");
	reload_with(&r, text);
	check_access(&r, 200, 401, 401);
	ck_assert_int_eq(report_of(&r, SECOND, "89049032000000000000000000000222"), 200);
	read_file("err", err, sizeof(err));
	ck_assert_msg(strstr(err, "devices stay as they were"), "%s", err);
	ck_assert_msg(strstr(err, "has it already"), "%s", err);
	snprintf(text, sizeof(text), both, ", bob: {account: acme, password: builder}",
		 "89049032000000000000000000000333", "89049032000000000000000000000222");
	reload_with(&r, text);
	check_access(&r, 200, 200, 401);
	ck_assert_int_eq(report_of(&r, "00000000-00000000-0040FFFF-FF8001B0",
				   "89049032000000000000000000000333"), 200);
	stop(&r);
}
END_TEST

/* The cost of a guess, as it is stored with alice's password. */
static int iterations_stored(const char *wanted)
{
	const char *was = kdf_iterations;
	sqlite3_stmt *q;
	struct running r;
	sqlite3 *db;
	int n;

	kdf_iterations = wanted;
	r = run(CONFIG);
	kdf_iterations = was;
	check_status(get(r.port, DEVICES, ALICE), 200);
	stop(&r);
	ck_assert_int_eq(sqlite3_open(path_of("server.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT iterations FROM users", -1, &q, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

/* Cheap only if somebody says so; and a password that is there gets what is said now. */
/* Nobody listens there: clients see a code, and who runs it sees why. */
START_TEST(tells_trouble_with_the_eis)
{
	const char *args[] = { "--config", path_of("c.yaml"), "--eis-url",
			       "http://127.0.0.1:9", NULL };
	struct running r = run(args);
	char id[100], path[200], err[2000], *got;

	got = post(r.port, "/ws/v1/esim_profiles/download", ALICE,
		   "{\"device_id\":\"00000000-00000000-0040FFFF-FF8001B0\",\"eid\":\""
		   "89049032000000000000000000000012\",\"activation_code\":"
		   "\"LPA:1$127.0.0.1$HUSH\"}");
	check_status(got, 200);
	member(got, "transaction", id, sizeof(id));
	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/progress/%s", id);
	while (!strstr(get(r.port, path, ALICE), "\"eis_unreachable\""))
		poll(NULL, 0, 20);
	read_file("err", err, sizeof(err));
	ck_assert_msg(strstr(err, "trouble with the EIS, orders are tried again: 127.0.0.1:9: "),
		      "%s", err);
	ck_assert_msg(!strstr(err, "HUSH"), "%s", err);
	stop(&r);
}
END_TEST

START_TEST(passwords_cost)
{
	ck_assert_int_eq(iterations_stored(NULL), 100000);
	ck_assert_int_eq(iterations_stored("1234"), 1234);
}
END_TEST

START_TEST(access_log)
{
	char log[200], moved[200], text[2000];
	const char *args[] = { "--config", path_of("c.yaml"), "--access-log", log, NULL };
	struct running r;

	snprintf(log, sizeof(log), "%s/access.log", dir);
	snprintf(moved, sizeof(moved), "%s/access.old", dir);
	r = run(args);
	await_word("READY=1");
	check_status(get(r.port, DEVICES "?query=id%3D'q'", ALICE), 200);
	check_status(get(r.port, "/LPA:1$smdp.example.com$SECRET-77", ""), 404);
	ck_assert_int_eq(rename(log, moved), 0);
	kill(r.pid, SIGHUP);
	await_word("RELOADING=1");
	await_word("READY=1");
	check_status(get(r.port, DEVICES, BOB), 401);
	stop(&r);
	read_file("access.old", text, sizeof(text));
	ck_assert_msg(strncmp(text, "{\"time\":\"20", 11) == 0, "%s", text);
	ck_assert(strstr(text, "\"from\":\"127.0.0.1\",\"method\":\"GET\",\"path\":\""
			 DEVICES "\",\"status\":200,"));
	ck_assert(strstr(text, "\"status\":404"));
	ck_assert(!strstr(text, "SECRET-77") && !strstr(text, "Basic") &&
		  !strstr(text, "wonderland"));
	read_file("access.log", text, sizeof(text));
	ck_assert(strstr(text, "\"status\":401") && !strstr(text, "\"status\":200"));
}
END_TEST

static char *long_head(void)
{
	static const char begin[] =
		"GET /LPA:1$smdp.example.com$SECRET-78 HTTP/1.1\r\nHost: x\r\nX: ";
	static char text[100000];

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, begin, strlen(begin));
	memcpy(text + sizeof(text) - 5, "\r\n\r\n", 4);
	return text;
}

/* However large it is, the answer looks like any other error. */
START_TEST(too_large_in_the_same_form)
{
	const char *args[] = { "--config", path_of("c.yaml"), "--body-max", "100", NULL };
	const char *sent[] = {
		"POST /ws/v1/esim_profiles/enable HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
		"Expect: 100-continue\r\nConnection: close\r\n\r\n",
		"POST /ws/v1/esim_profiles/enable HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n"
		"Connection: close\r\n\r\n12345678901234567890123456789012345678901234567890"
		"123456789012345678901234567890123456789012345678901",
	};
	struct running r = run(args);

	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		const char *text;
		int fd = dial(r.port);

		send(fd, sent[i], strlen(sent[i]), MSG_NOSIGNAL);
		text = hear(fd);
		ck_assert_msg(strstr(text, " 413 ") && strstr(text, "application/json"), "%s", text);
		ck_assert_msg(strstr(text, "{\"error_message\":\"the body is longer than 100 bytes\","
			      "\"error_status\":413}"), "%s", text);
	}
	stop(&r);
}
END_TEST

/* What never becomes a request has a line, too; and who says nothing has none. */
START_TEST(refusals_are_logged)
{
	char log[200], text[4000];
	const char *args[] = { "--config", path_of("c.yaml"), "--access-log", log,
			       "--body-max", "100", NULL };
	const char *const refused[] = {
		"GARBAGE\r\n\r\n", "GET /bad HTTP/1.1\r\nHost x\r\n\r\n", long_head(),
		"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n"
		"Expect: 100-continue\r\nConnection: close\r\n\r\n",
	};
	static const char *const lines[] = {
		"\"method\":\"\",\"path\":\"\",\"status\":0,",
		"\"path\":\"/bad\",\"status\":400,", "\"status\":431,",
		"\"method\":\"POST\",\"path\":\"/large\",\"status\":413,",
	};
	struct running r;
	int count = 0;

	snprintf(log, sizeof(log), "%s", path_of("access.log"));
	r = run(args);
	close(dial(r.port));
	for (int i = 0; i < 4; i++) {
		int fd = dial(r.port);

		send(fd, refused[i], strlen(refused[i]), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		hear(fd);
	}
	check_status(get(r.port, DEVICES, ALICE), 200);
	stop(&r);
	read_file("access.log", text, sizeof(text));
	for (int i = 0; i < 4; i++)
		ck_assert_msg(strstr(text, lines[i]), "'%s' expected in: %s", lines[i], text);
	ck_assert(!strstr(text, "SECRET-78"));
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	ck_assert_msg(count == 5, "5 lines expected: %s", text);
}
END_TEST

/* Every line is a comment, or a name, labels and a number. */
static void check_format(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		const char *space = text + n;
		char *end;

		ck_assert_msg(text[n] == '\n', "no line's end: %s", text);
		if (*text != '#') {
			while (space > text && *space != ' ')
				space--;
			strtod(space, &end);
			ck_assert_msg(end == text + n && space > text, "%.*s", (int)n, text);
		}
		text += n + 1;
	}
}

START_TEST(metrics_and_health)
{
	const char *args[] = { "--config", path_of("c.yaml"), "--admin", "127.0.0.1:0",
			       NULL };
	struct running r = run(args);
	char *got, *body;

	check_status(get(r.admin, "/healthz", ""), 200);
	for (int i = 0; i < 3; i++)
		check_status(get(r.port, DEVICES, ALICE), 200);
	check_status(get(r.port, DEVICES, BOB), 401);
	check_status(get(r.port, "/nowhere/1", ""), 404);
	check_status(get(r.port, "/metrics", ""), 404);
	check_status(get(r.admin, "/nowhere", ""), 404);
	got = get(r.admin, "/metrics", "");
	check_status(got, 200);
	body = strstr(got, "\r\n\r\n") + 4;
	check_format(body);
	ck_assert(strstr(body, "\nesimrig_http_requests_total{method=\"GET\",endpoint=\""
			 DEVICES "\",status=\"200\"} 3\n"));
	ck_assert(strstr(body, "endpoint=\"" DEVICES "\",status=\"401\"} 1\n"));
	ck_assert(strstr(body, "endpoint=\"other\",status=\"404\"} 2\n"));
	ck_assert(strstr(body, "endpoint=\"" DEVICES "\",le=\"+Inf\"} 4\n"));
	ck_assert(strstr(body, "\nesimrig_http_requests_in_flight 0\n"));
	ck_assert(strstr(body, "\nesimrig_connections_total 9\n"));
	ck_assert(strstr(body, "\nesimrig_transactions{status=\"in_progress\"} 0\n"));
	ck_assert(strstr(body, "\nprocess_resident_memory_bytes "));
	stop(&r);
}
END_TEST

static const struct {
	const char *text, *says;
} wrong[] = {
	{ "", "c.yaml:1:1: nothing in it; expected YAML\n" },
	{ "eis-url: http://x\n", "which database?" },
	{ "db: x\nlisten: nowhere\n", "c.yaml:2:9: expected an address and a port" },
	{ "db: x\nlisten: 127.0.0.1:70000\n", "c.yaml:2:9: expected an address" },
	{ "db: x\neis-url: ftp://HUSH\n",
	  "c.yaml:2:10: expected a URL such as http://127.0.0.1:8081, found a string\n" },
	{ "db: x\ngateway-url: https:///path\n", "c.yaml:2:14: expected a URL" },
	{ "db: x\neis-url: 'http://two words'\n", "c.yaml:2:10: expected a URL" },
	{ "db: x\nkdf-iterations: 999\n", "c.yaml:2:17: 'kdf-iterations'" },
	{ "db: x\norder-expiry: 25h\n", "c.yaml:2:15: 'order-expiry' must be at most 24h" },
	{ "db: x\ncheck-interval: 5\n", "c.yaml:2:17: expected a duration" },
	{ "db: x\nusers:\n  a: {account: acme, password: HUSH}\n",
	  "c.yaml:3:3: account 'acme' is not among 'accounts'" },
	{ "db: x\nusers: {a: {pasword: HUSH}}\n",
	  "c.yaml:2:13: unknown key 'pasword' in a user; expected account, password, role; "
	  "did you mean 'password'?" },
	{ "db: x\naccounts: {b: {customer-id: 1}}\n"
	  "users: {a: {account: b, password: env:NOT_THERE_AT_ALL}}\n",
	  "c.yaml:3:35: the environment has no variable NOT_THERE_AT_ALL" },
	{ "db: x\naccounts: {b: {customer-id: 1}}\n"
	  "users: {a: {account: b, password: file:gone}}\n", "/gone: No such file" },
	{ "db: x\naccounts: {b: {customer-id: 1}}\n"
	  "users: {a: {account: b, password: [HUSH]}}\n",
	  "c.yaml:3:35: 'password': expected a secret, env:NAME or file:PATH, found a list" },
	{ "db: x\naccounts: {b: {customer-id: 1}, c: {customer-id: 1}}\n",
	  "have the same customer-id" },
	{ "db: x\napi-keys: [{user: a, id: HUSH, secret: HUSH}]\n",
	  "c.yaml:2:26: expected 32 hex digits" },
	{ "db: ':memory:'\nworkers: 2\n",
	  "workers: 2 processes cannot share a database in memory; name a file" },
	{ "db: x\nworkers: 0\n", "c.yaml:2:10: " },
	{ "db: x\ntls-cert: x\n", "tls-cert and tls-key: one needs the other" },
	{ "db: x\ndevices: [{device-id: 1-2, account: a}]\n", "expected a device id" },
	{ "db: x\naccounts: {b: {customer-id: 1}}\n"
	  "devices:\n  - {device-id: 00000000-00000000-0040FFFF-FF8001B0, account: b}\n"
	  "  - {device-id: 00000000-00000000-0040ffff-ff8001b0, account: b}\n",
	  "c.yaml:5:5: device id 00000000-00000000-0040ffff-ff8001b0 is there already" },
	{ "db: x\naccounts: {b: {customer-id: 1}}\n"
	  "users: {a: {account: b, password: HUSH}, c: {account: b, password: HUSH}}\n"
	  "api-keys:\n  - {user: a, id: " KEY_ID ", secret: " KEY_SECRET "}\n"
	  "  - {user: c, id: " KEY_ID ", secret: " KEY_SECRET "}\n",
	  "c.yaml:6:5: API key " KEY_ID " is there already" },
	{ "db: x\naccounts: {b: {customer-id: 1}}\n"
	  "users: {'a:c': {account: b, password: HUSH}}\n",
	  "c.yaml:3:9: user name: expected 1 to 128 bytes without a colon" },
	{ "db: x\neis-token: \"HUSH\\r\\nX: y\"\n",
	  "c.yaml:2:12: 'eis-token': expected one line without control characters, "
	  "found one as byte 5" },
	{ "db: [\n", "c.yaml:2:" },
	{ "HUSH\n", "c.yaml:1:1: expected a map, found a string\n" },
	{ "db: x\nusers: {a: HUSH}\n", "c.yaml:2:12: expected a map, found a string\n" },
};

START_TEST(says_what_is_wrong)
{
	char err[2000];

	write_config("c.yaml", wrong[_i].text, "");
	ck_assert_int_eq(run_to_end(CONFIG), 2);
	read_file("err", err, sizeof(err));
	ck_assert_msg(strstr(err, wrong[_i].says), "'%s' expected in: %s", wrong[_i].says,
		      err);
	ck_assert_msg(_i == 14 || !strstr(err, "HUSH"), "%s", err);
}
END_TEST

START_TEST(refuses_to_start)
{
	struct running r = run(CONFIG);
	char path[200], taken[40], second[200];

	snprintf(path, sizeof(path), "%s", path_of("c.yaml"));
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", r.port);
	snprintf(second, sizeof(second), "%s", path_of("second.db"));
	check_refusal((const char *[]){ "--config", path, NULL }, 3,
		      "server.db: another server has it open");
	ck_assert_int_eq(symlink("server.db", path_of("link.db")), 0);
	check_refusal((const char *[]){ "--config", path, "--db", path_of("link.db"), NULL }, 3,
		      "link.db: another server has it open");
	check_refusal((const char *[]){ "--config", path, "--db", second, "--listen", taken,
					NULL }, 3, "Address already in use");
	stop(&r);
	check_refusal((const char *[]){ "--config", path, "--db", "/nowhere/at/all", NULL },
		      3, "store /nowhere/at/all: unable to open: directory /nowhere/at: ");
	check_refusal((const char *[]){ "--config", path, "--db", dir, NULL }, 3,
		      "it is no file: name one");
	snprintf(taken, sizeof(taken), "%s.lock", dir);
	ck_assert_int_lt(access(taken, F_OK), 0);
	/* A link to what is not there yet. */
	ck_assert_int_eq(symlink("second.db", path_of("new.db")), 0);
	unlink(second);
	r = run((const char *[]){ "--config", path, "--db", path_of("new.db"), NULL });
	check_refusal((const char *[]){ "--config", path, "--db", second, NULL }, 3,
		      "second.db: another server has it open");
	stop(&r);
	check_refusal((const char *[]){ "--config", path, "--eis-url", "ftp://x", NULL },
		      2, "--eis-url: expected a URL");
	check_refusal((const char *[]){ "--config", path, "--access-log", dir, NULL },
		      3, "cannot write");
	check_refusal((const char *[]){ "--config", "/nowhere", NULL }, 2, "/nowhere");
	/* It has no end. */
	check_refusal((const char *[]){ "--world", "/dev/zero", NULL }, 2, "/dev/zero: longer than");
	check_refusal((const char *[]){ "--config", path, "--grace", "soon", NULL }, 2,
		      "--grace: ");
	check_refusal((const char *[]){ "--config", path, "--body-max", "0", NULL }, 2,
		      "--body-max: ");
	check_refusal((const char *[]){ "more", NULL }, 2, "no argument is expected");
}
END_TEST

static void add_both(TCase *tc)
{
	tcase_add_test(tc, answers_and_ends);
	tcase_add_test(tc, answers_what_is_under_way);
	tcase_add_test(tc, ends_at_once_when_told_twice);
	tcase_add_test(tc, grace_ends);
	tcase_add_test(tc, reloads);
	tcase_add_test(tc, takes_access_away);
	tcase_add_test(tc, renews_what_is_new);
	tcase_add_test(tc, reloads_all_or_nothing);
	tcase_add_test(tc, tells_trouble_with_the_eis);
	tcase_add_test(tc, passwords_cost);
	tcase_add_test(tc, access_log);
	tcase_add_test(tc, too_large_in_the_same_form);
	tcase_add_test(tc, refusals_are_logged);
	tcase_add_test(tc, metrics_and_health);
	tcase_add_test(tc, refuses_to_start);
}

int main(void)
{
	SRunner *runner;
	TCase *tc = tcase_create("server");
	Suite *suite = suite_create("cli/server");
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, says_what_is_wrong, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	suite_add_tcase(suite, tc);
	alone_and_with_workers(suite, add_both);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
