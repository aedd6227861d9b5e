/*
 * Goal: `esimrig server --workers N` is one server: what excludes each other
 * is accepted once wherever it is asked, what was answered is known everywhere,
 * limits and logs are of all, and whoever dies is replaced, the owner included.
 * Method: the program that was built beside this test.  Many connections send
 * all but the last byte of their requests, and then those at once, so that
 * they meet at different workers; the access log says where they were.
 */
#include "cli/program_test.h"

#include "sim/clock.h"

#include <sqlite3.h>
#include <sys/file.h>

enum { CONNECTIONS = 48, REPEATS = 6, TEXT_MAX = 2000 };

#define DEVICE "00000000-00000000-0040FFFF-FF8001B0"
#define EID "89049032000000000000000000000012"
#define NORTH "/ws/v1/esim_profiles"

/* ---- Many at once. ------------------------------------------------------ */

static int answers[600];		/* how many, by status */
static const char *unwanted;		/* what none of them may have, or NULL */
static char last_answer[TEXT_MAX];	/* with a status under 300 */

static void take_answer(int fd)
{
	const char *text = hear(fd);
	long status = strncmp(text, "HTTP/1.1 ", 9) == 0 ? strtol(text + 9, NULL, 10) : 0;

	ck_assert_msg(status >= 200 && status < 600, "%.200s", text);
	ck_assert_msg(!unwanted || !strstr(text, unwanted), "%s", text);
	answers[status]++;
	if (status < 300)
		snprintf(last_answer, sizeof(last_answer), "%.1900s", text);
}

/* Each of `texts`, in turn, on a connection of its own. */
static void ask_at_once(uint16_t port, const char *const *texts, int count)
{
	int fds[CONNECTIONS];

	memset(answers, 0, sizeof(answers));
	for (int i = 0; i < CONNECTIONS; i++) {
		const char *text = texts[i % count];

		fds[i] = dial(port);
		ck_assert_int_gt(send(fds[i], text, strlen(text) - 1, MSG_NOSIGNAL), 0);
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		const char *text = texts[i % count];

		say(fds[i], text + strlen(text) - 1);
	}
	for (int i = 0; i < CONNECTIONS; i++)
		take_answer(fds[i]);
}

static const char *post_text(const char *path, const char *json)
{
	static char texts[8][TEXT_MAX];
	static unsigned next;
	char *text = texts[next++ % 8];

	snprintf(text, TEXT_MAX, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" ALICE
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", path,
		 strlen(json), json);
	return text;
}

static void exactly_one(int status)
{
	ck_assert_msg(answers[status] == 1 && answers[409] == CONNECTIONS - 1,
		      "%d with %d, %d with 409", answers[status], status, answers[409]);
}

/* ---- Before and after each. --------------------------------------------- */

static struct running server;

static const char no_limit[] = "throttle: 0\n";

static void run_server(const char *more)
{
	char log[200];

	snprintf(log, sizeof(log), "%s", path_of("access.log"));
	write_config("c.yaml", config, more);
	workers = "3";
	server = run((const char *[]){ "--config", path_of("c.yaml"), "--admin",
				       "127.0.0.1:0", "--access-log", log, NULL });
}

/* Profiles 8944000000000000001 and so on; inactive. */
static void report(int sequence, int count)
{
	char json[TEXT_MAX];
	int n = snprintf(json, sizeof(json), "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID
			 "\",\"sequence\":%d,\"complete\":true,\"profiles\":[", sequence);

	for (int i = 1; i <= count; i++)
		n += snprintf(json + n, sizeof(json) - (size_t)n,
			      "%s{\"iccid\":\"8944%015d\",\"status\":\"inactive\","
			      "\"carrier\":\"Carrier %d\"}", i > 1 ? "," : "", i, i);
	snprintf(json + n, sizeof(json) - (size_t)n, "]}");
	check_status(post(server.port, "/southbound/v1/device_reports", "", json), 200);
}

static void await_health(void)
{
	while (strncmp(get(server.admin, "/healthz", ""), "HTTP/1.1 200", 12) != 0)
		poll(NULL, 0, 5);
}

/* Did more than one of them answer? */
static void check_spread(void)
{
	static char text[1 << 20];
	int seen = 0;

	read_file("access.log", text, sizeof(text));
	for (int i = 0; i < 3; i++) {
		char words[32];

		snprintf(words, sizeof(words), "\"worker\":%d,", i);
		seen += strstr(text, words) != NULL;
	}
	ck_assert_int_ge(seen, 2);
}

/* ---- One of them is accepted. ------------------------------------------- */

START_TEST(actions_that_exclude_each_other)
{
	run_server(no_limit);
	report(1, REPEATS);
	for (int i = 1; i <= REPEATS; i++) {
		static const char *const paths[] = { NORTH "/enable", NORTH "/delete" };
		const char *texts[2];
		char json[300];

		snprintf(json, sizeof(json), "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID
			 "\",\"iccid\":\"8944%015d\"}", i);
		for (int k = 0; k < 2; k++)
			texts[k] = post_text(paths[k], json);
		ask_at_once(server.port, texts, 2);
		exactly_one(200);
	}
	check_spread();
	stop(&server);
}
END_TEST

START_TEST(operations_that_exclude_each_other)
{
	run_server(no_limit);
	report(1, REPEATS);
	for (int i = 1; i <= REPEATS; i++) {
		char by_name[300], by_iccid[300];

		snprintf(by_name, sizeof(by_name), "{\"device_id\":\"" DEVICE "\","
			 "\"operation\":\"enable\",\"carrier\":\"carrier  %d\"}", i);
		snprintf(by_iccid, sizeof(by_iccid), "{\"device_id\":\"" DEVICE "\","
			 "\"operation\":\"enable\",\"carrier\":\"CARRIER %d\","
			 "\"iccid\":\"8944%015d\"}", i, i);
		ask_at_once(server.port, (const char *[]){
			    post_text(NORTH "/operations/inventory", by_name),
			    post_text(NORTH "/operations/inventory", by_iccid) }, 2);
		exactly_one(200);
	}
	check_spread();
	stop(&server);
}
END_TEST

/* One activation code, said to be of two profiles; and then used twice. */
START_TEST(codes_that_exclude_each_other)
{
	char first[300], second[300], use[300], iccid[40];

	run_server(no_limit);
	for (int i = 0; i < REPEATS; i++) {
		snprintf(first, sizeof(first), "{\"iccid\":\"8944%015d\",\"carrier\":\"C\","
			 "\"activation_code\":\"LPA:1$smdp.example.com$X-%d\"}", 2 * i, i);
		snprintf(second, sizeof(second), "{\"iccid\":\"8944%015d\",\"carrier\":\"C\","
			 "\"activation_code\":\"LPA:1$smdp.example.com$X-%d\"}", 2 * i + 1, i);
		ask_at_once(server.port, (const char *[]){
			    post_text("/ws/v1/esim_activation_codes/inventory", first),
			    post_text("/ws/v1/esim_activation_codes/inventory", second) }, 2);
		/* To register it again for the same profile is no conflict. */
		ck_assert_int_eq(answers[201], CONNECTIONS / 2);
		ck_assert_int_eq(answers[409], CONNECTIONS / 2);
		member(last_answer, "iccid", iccid, sizeof(iccid));
		snprintf(use, sizeof(use), "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID
			 "\",\"iccid\":\"%s\"}", iccid);
		ask_at_once(server.port, (const char *[]){
			    post_text(NORTH "/download", use) }, 1);
		exactly_one(200);
	}
	check_spread();
	stop(&server);
}
END_TEST

#define GET_DEVICES "GET " DEVICES " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

enum { KNOWN_REPEATS = 10, GROUPS = 10 };

/* Ask for what is about to be made, all but the last byte; and keep the worker
 * busy with a wrong password, after it has begun to read. */
static void begin_asking(int fds[3], int number)
{
	char text[300];

	snprintf(text, sizeof(text), "GET /ws/v1/esim_activation_codes/inventory/8944%015d"
		 " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" ALICE "\r", number);
	for (int k = 0; k < 3; k++)
		fds[k] = dial(server.port);
	say(fds[0], GET_DEVICES ALICE "\r\n");
	say(fds[1], GET_DEVICES BOB "\r\n");
	say(fds[2], text);
}

/* What one has answered, every other one knows; also who has begun to read
 * before that, in the same turn of its loop. */
START_TEST(what_was_answered_is_known)
{
	int fds[GROUPS][3];
	char json[300];

	run_server(no_limit);
	ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
	for (int i = 0; i < KNOWN_REPEATS; i++) {
		snprintf(json, sizeof(json), "{\"iccid\":\"8944%015d\",\"carrier\":\"C\","
			 "\"activation_code\":\"LPA:1$smdp.example.com$X-%d\"}", i, i);
		for (int k = 0; k < GROUPS; k++)
			begin_asking(fds[k], i);
		check_status(post(server.port, "/ws/v1/esim_activation_codes/inventory",
				  ALICE, json), 201);
		for (int k = 0; k < GROUPS; k++)
			say(fds[k][2], "\n");
		for (int k = 0; k < GROUPS; k++) {
			check_status(hear(fds[k][0]), 200);
			check_status(hear(fds[k][1]), 401);
			check_status(hear(fds[k][2]), 200);
		}
	}
	check_spread();
	stop(&server);
}
END_TEST

/* ---- Waiting to write. -------------------------------------------------- */

static void sql(sqlite3 *db, const char *text)
{
	char *why = NULL;

	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s", why);
}

/* Another program has the database: whoever wants to write hears so in the end,
 * and soon after it has gone they may again. */
START_TEST(waiting_has_an_end)
{
	static const char code[] = "{\"iccid\":\"8944000000000000001\",\"carrier\":\"C\","
				   "\"activation_code\":\"LPA:1$smdp.example.com$X-1\"}";
	const char *path = "/ws/v1/esim_activation_codes/inventory", *got;
	int64_t began;
	sqlite3 *db;

	run_server(no_limit);
	ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
	ck_assert_int_eq(sqlite3_open(path_of("server.db"), &db), SQLITE_OK);
	sql(db, "BEGIN IMMEDIATE");
	began = clock_machine_ns();
	got = post(server.port, path, ALICE, code);
	check_status(got, 503);
	ck_assert_msg(strstr(got, "\"error_status\":503"), "%s", got);
	ck_assert_int_ge(clock_machine_ns() - began, 4 * NS_PER_S);
	sql(db, "ROLLBACK");
	sqlite3_close(db);
	while (strncmp(got = post(server.port, path, ALICE, code), "HTTP/1.1 503", 12) == 0)
		poll(NULL, 0, 20);
	check_status(got, 201);
	await_health();
	stop(&server);
}
END_TEST

/* ---- What is one for all. ----------------------------------------------- */

START_TEST(one_throttle)
{
	int64_t began = clock_machine_ns();

	run_server("throttle: 30\n");
	ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
	/* A machine that takes longer for it shows nothing. */
	if (clock_machine_ns() - began < 9 * NS_PER_S) {
		ck_assert_int_eq(answers[200], 30);
		ck_assert_int_eq(answers[429], CONNECTIONS - 30);
	}
	check_spread();
	stop(&server);
}
END_TEST

START_TEST(one_limit_of_guesses)
{
	int64_t began = clock_machine_ns();

	run_server("throttle: 20\n");
	ask_at_once(server.port, (const char *[]){ GET_DEVICES BOB "\r\n" }, 1);
	if (clock_machine_ns() - began < 9 * NS_PER_S) {
		/* Each may have looked at one more before it heard of the others. */
		ck_assert_int_ge(answers[401], 20);
		ck_assert_int_le(answers[401], 20 + 2);
	}
	stop(&server);
}
END_TEST

START_TEST(lines_are_whole)
{
	static char text[1 << 20];
	char fifo[200], path[420] = "/", request[1000];
	int fd, lines = 0;
	ssize_t n;

	snprintf(fifo, sizeof(fifo), "%s", path_of("fifo"));
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(fcntl(fd, F_SETPIPE_SZ, (int)sizeof(text)), 0);
	write_config("c.yaml", config, no_limit);
	workers = "3";
	server = run((const char *[]){ "--config", path_of("c.yaml"), "--access-log", fifo,
				       NULL });
	memset(path + 1, 'x', sizeof(path) - 2);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n"
		 "Connection: close\r\n\r\n", path);
	for (int i = 0; i < REPEATS; i++)
		ask_at_once(server.port, (const char *[]){ request }, 1);
	stop(&server);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	close(fd);
	for (char *at = text, *end; *at; at = end + 1, lines++) {
		end = strchr(at, '\n');
		ck_assert_msg(end != NULL, "%s", at);
		*end = '\0';
		ck_assert_msg(strncmp(at, "{\"time\":\"", 9) == 0 && end[-1] == '}' &&
			      strlen(at) > sizeof(path) && !strstr(at + 1, "{\"time"), "%s", at);
	}
	ck_assert_int_eq(lines, REPEATS * CONNECTIONS);
}
END_TEST

/* A password that was taken back is not accepted by anybody. */
START_TEST(all_reload)
{
	run_server(no_limit);
	await_word("READY=1");
	ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
	ck_assert_int_eq(answers[200], CONNECTIONS);
	write_config("pw", "another\n", "");
	write_config("c.yaml", "listen: 127.0.0.1:0\ndb: DIR/server.db\nthrottle: 0\n"
		     "accounts: {acme: {customer-id: 7}}\n"
		     "users: {alice: {account: acme, password: file:pw},"
		     " bob: {account: acme, password: builder}}\n", "");
	kill(server.pid, SIGHUP);
	await_word("RELOADING=1");
	await_word("READY=1");
	ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
	ck_assert_int_eq(answers[401], CONNECTIONS);
	ask_at_once(server.port, (const char *[]){ GET_DEVICES BOB "\r\n" }, 1);
	ck_assert_int_eq(answers[200], CONNECTIONS);
	stop(&server);
}
END_TEST

/* ---- Death. ------------------------------------------------------------- */

/* The processes that the server has started, oldest first. */
static int children(pid_t pids[8])
{
	char path[64], text[200] = "", *rest = text;
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)server.pid,
		 (int)server.pid);
	f = fopen(path, "rb");
	ck_assert(f != NULL);
	ck_assert(fgets(text, sizeof(text), f) || feof(f));
	fclose(f);
	while (n < 8 && (pids[n] = (pid_t)strtol(rest, &rest, 10)) > 0)
		n++;
	return n;
}

/* The parent has seen so many deaths.  Who asks may be at one that dies. */
static void await_restart(int count)
{
	static const char name[] = "\nesimrig_worker_restarts_total ";
	const char *at;

	do {
		poll(NULL, 0, 2);
		at = strstr(get(server.admin, "/metrics", ""), name);
	} while (!at || strtol(at + strlen(name), NULL, 10) < count);
}

/* The one that answers for "worker":N in the log. */
static pid_t of_death(const char *err, int index)
{
	char words[40];
	const char *at;

	snprintf(words, sizeof(words), "worker %d (process ", index);
	at = strstr(err, words);
	return at ? (pid_t)strtol(at + strlen(words), NULL, 10) : 0;
}

START_TEST(the_dead_are_replaced)
{
	char err[2000];
	pid_t pids[8];

	run_server(no_limit);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(children(pids), 3);
		kill(pids[0], SIGKILL);
		await_restart(i + 1);
		await_health();
		ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
		ck_assert_int_eq(answers[200], CONNECTIONS);
	}
	ck_assert_int_eq(metric(&server, "\nesimrig_workers "), 3);
	ck_assert_int_eq(metric(&server, "status=\"200\"} "), 3 * CONNECTIONS);
	read_file("err", err, sizeof(err));
	for (int i = 0; i < 3; i++)
		ck_assert_msg(of_death(err, i) > 0, "%s", err);
	stop(&server);
}
END_TEST

/* Again and again: then there is a pause, in which the others have it all. */
START_TEST(who_dies_often_has_to_wait)
{
	pid_t pids[8];

	run_server(no_limit);
	for (int i = 0; i < 6; i++) {
		int n = children(pids);

		/* The newest is the one that was replaced last. */
		ck_assert_int_ge(n, 2);
		kill(pids[n - 1], SIGKILL);
		await_restart(i + 1);
		ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
		ck_assert_int_eq(answers[200], CONNECTIONS);
		if (i < 5)
			await_health();
	}
	/* It may still be away; to stop does not wait for it. */
	stop(&server);
}
END_TEST

START_TEST(without_a_parent_they_end)
{
	pid_t pids[8];
	int fd, lock;

	run_server(no_limit);
	ck_assert_int_eq(children(pids), 3);
	fd = dial(server.port);
	say(fd, "POST " NORTH "/enable HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" ALICE
	    "Content-Length: 2\r\n\r\n{");
	/* It is seen when another one behind it was answered. */
	for (int i = 0; i < 8; i++)
		check_status(get(server.port, DEVICES, ALICE), 200);
	kill(server.pid, SIGKILL);
	ck_assert_int_eq(end_of(server.pid), 128 + SIGKILL);
	say(fd, "}");
	check_status(hear(fd), 400);
	/* When the last of them has gone, so has the lock. */
	lock = open(path_of("server.db.lock"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(lock, 0);
	while (flock(lock, LOCK_EX | LOCK_NB) < 0)
		poll(NULL, 0, 5);
	close(lock);
	run_server(no_limit);
	check_status(get(server.port, DEVICES, ALICE), 200);
	stop(&server);
}
END_TEST

/* ---- The owner. --------------------------------------------------------- */

/* One worker is the owner; which process it is, the log of its death says. */
static void kill_owner(void)
{
	pid_t pids[8];

	/* The first one that was started, as long as none has died. */
	ck_assert_int_eq(children(pids), 3);
	kill(pids[0], SIGKILL);
}

static struct running start_eis(void)
{
	struct running eis;

	write_config("eis.yaml", "listen: 127.0.0.1:0\neuiccs: [{eid: '" EID "'}]\n", "");
	verb = "eis";
	eis = run((const char *[]){ "--config", path_of("eis.yaml"), NULL });
	verb = "server";
	return eis;
}

/* Take the next order of the device, and say that it is done. */
static void carry_out(const struct running *eis, const char *iccid)
{
	char path[200], json[300], id[100], *got;

	while (strncmp(got = get(eis->port, "/eis/v1/euicc/" EID "/orders/next", ""),
		       "HTTP/1.1 204", 12) == 0)
		poll(NULL, 0, 5);
	check_status(got, 200);
	member(got, "id", id, sizeof(id));
	snprintf(path, sizeof(path), "/eis/v1/orders/%s/result", id);
	snprintf(json, sizeof(json), "{\"eid\":\"" EID "\",\"status\":\"complete\","
		 "\"code\":\"ok\",\"iccid\":\"%s\",\"completed\":\"2026-01-01T00:00:00.000Z\"}",
		 iccid);
	check_status(post(eis->port, path, "", json), 204);
}

static void await_status(const char *path, const char *status)
{
	char words[60], *got;

	snprintf(words, sizeof(words), "\"status\":\"%s\"", status);
	while (!strstr(got = get(server.port, path, ALICE), words)) {
		ck_assert_msg(!strstr(got, "\"failed\""), "%s", got);
		poll(NULL, 0, 20);
	}
}

/* Orders are placed by the owner, wherever they were accepted; and by its
 * successor, if it dies.  Nobody asks, so it has to look by itself. */
START_TEST(the_successor_goes_on)
{
	char more[300], path[200], id[100];
	struct running eis = start_eis();

	snprintf(more, sizeof(more), "%seis-url: http://127.0.0.1:%u\ncheck-interval: 1s\n",
		 no_limit, eis.port);
	run_server(more);
	report(1, 2);
	for (int i = 1; i <= 2; i++) {
		char iccid[30], json[300];

		snprintf(iccid, sizeof(iccid), "8944%015d", i);
		snprintf(json, sizeof(json), "{\"device_id\":\"" DEVICE "\","
			 "\"operation\":\"enable\",\"iccid\":\"%s\"}", iccid);
		ask_at_once(server.port, (const char *[]){
			    post_text(NORTH "/operations/inventory", json) }, 1);
		exactly_one(200);
		member(last_answer, "id", id, sizeof(id));
		snprintf(path, sizeof(path), NORTH "/operations/inventory/%s", id);
		if (i == 2)
			await_status(path, "enable");
		kill_owner();
		carry_out(&eis, iccid);
		await_status(path, "enable_verify");
		await_health();
	}
	stop(&server);
	stop(&eis);
}
END_TEST

/* ---- An EIS that answers as it likes. ----------------------------------- */

enum { PLACE_MS = 200 };

static void answer_order(int fd, const char *status)
{
	char text[300], body[100];
	int n = snprintf(body, sizeof(body), "{\"id\":\"o-1\",\"status\":\"%s\"}", status);

	n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		     "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n, body);
	send(fd, text, (size_t)n, MSG_NOSIGNAL);
	close(fd);
}

/* It takes its time to place an order.  The first who asks for it hears that
 * it was delivered, and all others the older answer. */
static _Noreturn void be_eis(int listening)
{
	bool delivered = false;

	for (;;) {
		int fd = accept(listening, NULL, NULL);
		char head[2000];
		ssize_t n = recv(fd, head, sizeof(head) - 1, 0);

		head[n > 0 ? n : 0] = '\0';
		if (strncmp(head, "POST", 4) == 0) {
			poll(NULL, 0, PLACE_MS);
			answer_order(fd, "queued");
		} else {
			answer_order(fd, delivered ? "queued" : "delivered");
			delivered = true;
		}
	}
}

static struct running start_slow_eis(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(sa);
	struct running eis = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, size), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
	eis.port = ntohs(sa.sin_port);
	eis.pid = fork();
	ck_assert_int_ge(eis.pid, 0);
	if (eis.pid == 0)
		be_eis(fd);
	close(fd);
	return eis;
}

/* Whoever asks right after the request waits until the owner has placed the
 * order; and an answer that comes late takes nothing back. */
START_TEST(progress_at_any_worker)
{
	struct running eis = start_slow_eis();
	char more[200], id[100], path[200], request[600];
	const char *got;

	snprintf(more, sizeof(more), "%seis-url: http://127.0.0.1:%u\n", no_limit, eis.port);
	run_server(more);
	report(1, 1);
	/* All know alice by now: nobody is held up by her password. */
	ask_at_once(server.port, (const char *[]){ GET_DEVICES ALICE "\r\n" }, 1);
	got = post(server.port, NORTH "/enable", ALICE, "{\"device_id\":\"" DEVICE "\",\"eid\":\""
		   EID "\",\"iccid\":\"8944000000000000001\"}");
	check_status(got, 200);
	member(got, "transaction", id, sizeof(id));
	snprintf(path, sizeof(path), NORTH "/progress/%s", id);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n"
		 "Connection: close\r\n" ALICE "\r\n", path);
	unwanted = "\"message_code\":\"accepted\"";
	ask_at_once(server.port, (const char *[]){ request }, 1);
	unwanted = NULL;
	ck_assert_int_eq(answers[200], CONNECTIONS);
	while (!strstr(get(server.port, path, ALICE), "\"message_code\":\"delivered\""))
		poll(NULL, 0, 5);
	for (int i = 0; i < 20; i++) {
		got = get(server.port, path, ALICE);
		ck_assert_msg(strstr(got, "\"message_code\":\"delivered\""), "%s", got);
	}
	check_spread();
	stop(&server);
	kill(eis.pid, SIGKILL);
	end_of(eis.pid);
}
END_TEST

int main(void)
{
	SRunner *runner;
	TCase *tc = tcase_create("workers");
	Suite *suite = suite_create("cli/workers");
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, actions_that_exclude_each_other);
	tcase_add_test(tc, operations_that_exclude_each_other);
	tcase_add_test(tc, codes_that_exclude_each_other);
	tcase_add_test(tc, what_was_answered_is_known);
	tcase_add_test(tc, waiting_has_an_end);
	tcase_add_test(tc, one_throttle);
	tcase_add_test(tc, one_limit_of_guesses);
	tcase_add_test(tc, lines_are_whole);
	tcase_add_test(tc, all_reload);
	tcase_add_test(tc, the_dead_are_replaced);
	tcase_add_test(tc, who_dies_often_has_to_wait);
	tcase_add_test(tc, without_a_parent_they_end);
	tcase_add_test(tc, the_successor_goes_on);
	tcase_add_test(tc, progress_at_any_worker);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
