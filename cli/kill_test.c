/*
 * Goal: what the server acknowledged survives kill -9 at any moment, and what
 * was interrupted goes on and ends.
 * Method: this program runs itself again as a real server on a file, over
 * sockets and in real time, and is registry, devices and clients to it.  The
 * server is killed KILLS times (200) while it starts, serves and commits.  The
 * same is done to `esimrig server` with several workers, of which one is killed
 * while the others go on, again and again, and at last all of them at once.
 * After each kill the profile rows must be those of a report that was
 * answered, or of one that was on its way; in the end every transaction,
 * operation and code that was answered must be there, as it was answered,
 * every order must belong to a transaction, and everything must have ended.
 * At no time may the registry have two open orders for one profile.
 */
#include "cli/kill_clients_test.h"
#include "server/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	KILLS = 200,
	WORKER_KILLS = 60,		/* these take longer */
	ANSWERS_MAX = 60,		/* between a start and its kill, */
	LOAD_US_MAX = 3000,		/* and a little more */
	PATIENCE_MS = 30000,		/* of the whole test with one step */
	WORKERS = 3,
	DEATHS_MAX = 8,			/* of workers, before all are killed */
};

/* ---- The server: another process. -------------------------------------- */

static int serve_set_up(struct server *s, struct err *err)
{
	char device[ID_SIZE], eid[ID_SIZE];

	if (server_add_account(s, 1, STR("One"), err) < 0 ||
	    server_add_user(s, 1, STR("ann"), STR("pw"), SERVER_ROLE_USER, err) < 0)
		return -1;
	for (int i = 0; i < DEVICES; i++) {
		device_name(i, device);
		eid_name(i, eid);
		if (server_add_device(s, 1, str_of(device), str_of(eid), err) < 0)
			return -1;
	}
	return 0;
}

static int serve_failed(const struct err *err)
{
	fprintf(stderr, "kill_test: %s\n", err->msg);
	return 3;
}

/* `eis` is the registry's address, or "" to set the store up and leave. */
static int serve(const char *path, const char *eis)
{
	char url[100], bound[SOCKNET_ADDRESS_SIZE];
	struct eventlog log;
	struct loop loop;
	struct err err = { 0 };
	struct server_config config = {
		.loop = &loop, .log = &log, .seed = 7, .eis_url = url, .kdf_iterations = 1,
		.eis_token = "eis", .report_token = "report",
		.check_interval_ns = 20 * NS_PER_MS, .verify_limit_ns = NS_PER_S,
	};
	struct server *s;
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(url, sizeof(url), "http://%s", eis[0] ? eis : "127.0.0.1:1");
	loop_init(&loop, CLOCK_KIND_REAL, 1, clock_machine_unix_ms());
	eventlog_init(&log, &loop.clock);
	config.net = socknet_new(&loop, NULL, &err);
	if (!config.net || !(config.store = store_open(path, &err)) ||
	    !(s = server_new(&config, &err)))
		return serve_failed(&err);
	socknet_allow_outside(config.net, true);
	if (!eis[0]) {
		rc = serve_set_up(s, &err) < 0 ? serve_failed(&err) : 0;
		server_free(s);
		store_close(config.store);
		network_release(config.net);
		eventlog_release(&log);
		loop_release(&loop);
		return rc;
	}
	if (socknet_listen(config.net, "server.rig", "server", server_handler(s),
			   "127.0.0.1:0", bound, &err) < 0)
		return serve_failed(&err);
	dprintf(STDOUT_FILENO, "%s\n", bound);
	return loop_run(&loop, &err) < 0 ? serve_failed(&err) : 0;
}

/* ---- Starting and killing. --------------------------------------------- */

static void stop_loop(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

static void too_long(struct timer *t)
{
	(void)t;
	ck_abort_msg("nothing came of it in %d ms: %d open", PATIENCE_MS, w.open);
}

static void run_us(int64_t us)
{
	struct err err = { 0 };

	loop_arm(&w.loop, &w.alarm, us * NS_PER_US);
	must(loop_run(&w.loop, &err), &err);
}

static void run_to_end_of_requests(void)
{
	loop_arm(&w.loop, &w.watchdog, PATIENCE_MS * NS_PER_MS);
	while (w.open)
		run_us(300);
	loop_disarm(&w.loop, &w.watchdog);
}

static void write_config(void)
{
	char device[ID_SIZE], eid[ID_SIZE];
	FILE *f = fopen(w.config, "wb");

	ck_assert(f != NULL);
	fprintf(f, "listen: 127.0.0.1:0\ndb: %s\nworkers: %d\nthrottle: 0\neis-token: eis\n"
		"kdf-iterations: 1000\n"
		"report-token: report\ncheck-interval: 1s\nverify-limit: 2s\n"
		"accounts: {one: {customer-id: 1}}\n"
		"users: {ann: {account: one, password: pw}}\ndevices:\n", w.path, WORKERS);
	for (int i = 0; i < DEVICES; i++) {
		device_name(i, device);
		eid_name(i, eid);
		fprintf(f, "  - {device-id: %s, eid: '%s', account: one}\n", device, eid);
	}
	ck_assert_int_eq(fclose(f), 0);
}

/* This program again, or the one that was built beside it. */
static void become_server(const char *eis)
{
	char url[100], program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 20);
	char *self[] = { (char *)(uintptr_t)"kill_test", (char *)(uintptr_t)"--serve",
			 w.path, (char *)(uintptr_t)eis, NULL };
	char *argv[] = { program, (char *)(uintptr_t)"server",
			 (char *)(uintptr_t)"--config", w.config,
			 (char *)(uintptr_t)"--eis-url", url, NULL };

	if (!w.workers)
		execv("/proc/self/exe", self);
	snprintf(url, sizeof(url), "http://%s", eis);
	program[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2; i++)
		*strrchr(program, '/') = '\0';
	strncat(program, "/esimrig", sizeof(program) - strlen(program) - 1);
	/* Not left behind by a test that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen("/dev/null", "w", stderr))
		execv(program, argv);
}

/* Returns where its address can be read from. */
static int spawn(const char *eis)
{
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	w.pid = fork();
	ck_assert_int_ge(w.pid, 0);
	/* Killed as one, however soon: whoever comes first sees to it. */
	if (w.workers)
		setpgid(w.pid, 0);
	if (w.pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close_range(3, ~0U, 0);
		become_server(eis);
		_exit(127);
	}
	close(pipes[1]);
	return pipes[0];
}

/* Wait for its address. */
static void await_server(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char line[200], *end;
	ssize_t n;

	ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	n = read(fd, line, sizeof(line) - 1);
	ck_assert_msg(n > 0, "the server did not start");
	line[n] = '\0';
	end = strchr(line, '\n');
	ck_assert(end != NULL);
	*end = '\0';
	/* "esimrig server: listening on 127.0.0.1:8080", or only the last word */
	end = strrchr(line, ' ');
	snprintf(w.address, sizeof(w.address), "%.40s", end ? end + 1 : line);
}

/* The database is locked until the last of them has gone. */
static void await_lock(void)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", w.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	close(fd);
}

static void kill_server(void)
{
	int status;

	ck_assert_int_eq(kill(w.workers ? -w.pid : w.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(w.pid, &status, 0), w.pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "the server ended by itself: %x", (unsigned)status);
	w.pid = 0;
	if (w.workers)
		await_lock();
}

/* Any that lives; not all of them may, right now. */
static void kill_worker(void)
{
	char path[64], text[200] = "", *rest = text;
	long pids[WORKERS];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)w.pid, (int)w.pid);
	f = fopen(path, "rb");
	ck_assert(f != NULL);
	ck_assert(fgets(text, sizeof(text), f) || feof(f));
	fclose(f);
	while (n < WORKERS && (pids[n] = strtol(rest, &rest, 10)) > 0)
		n++;
	if (n)
		kill((pid_t)pids[draw(n)], SIGKILL);
	w.killed_ns = clock_machine_ns() - w.loop.clock.start_ns;
}

/* ---- Looking. ---------------------------------------------------------- */

static void fetched(struct http_call *call)
{
	ck_assert_int_eq(finished(call->owner, call), 200);
	w.list = arena_str(&w.arena, call->resp.body);
	loop_stop(&w.loop);
}

static cJSON *fetch(const char *path)
{
	struct client c = { 0 };
	struct err err;
	cJSON *tree;

	arena_clear(&w.arena);
	w.list = STR_NONE;
	send(&c, "GET", path, TOKEN, STR_NONE, fetched);
	loop_arm(&w.loop, &w.watchdog, PATIENCE_MS * NS_PER_MS);
	while (!w.list.p)
		must(loop_run(&w.loop, &err), &err);
	loop_disarm(&w.loop, &w.watchdog);
	tree = json_parse(w.list, &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	return tree;
}

static void rows_of(const cJSON *list, int device, struct profiles *p)
{
	char name[ID_SIZE], id[ID_SIZE], status[16];
	const cJSON *row;

	*p = (struct profiles){ 0 };
	device_name(device, name);
	cJSON_ArrayForEach(row, list) {
		take(id, sizeof(id), row, "device_id");
		if (strcmp(id, name) != 0)
			continue;
		ck_assert_int_lt(p->count, ON_DEVICE_MAX);
		take(p->iccid[p->count], sizeof(p->iccid[0]), row, "iccid");
		take(status, sizeof(status), row, "status");
		p->active[p->count++] = strcmp(status, "active") == 0;
	}
}

/* The rows are those of a report that was answered, or of a later one. */
static void check_profiles(void)
{
	cJSON *tree = fetch("/ws/v1/esim_profiles/inventory");
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "list");

	for (int i = 0; i < DEVICES; i++) {
		struct device *d = &w.devices[i];
		struct profiles rows;
		bool known;

		rows_of(list, i, &rows);
		known = profiles_same(&rows, &d->acked);
		for (int k = 0; k < d->maybes; k++)
			known = known || profiles_same(&rows, &d->maybe[k]);
		ck_assert_msg(known, "device %d has %d rows, %d were reported, %d not answered",
			      i, rows.count, d->acked.count, d->maybes);
		d->acked = rows;
		d->maybes = 0;
	}
	cJSON_Delete(tree);
}

/* All of a list, by its cursors, into w.found. */
static void read_list(const char *path, const char *key)
{
	struct arena a = { 0 };
	struct str next = arena_printf(&a, "%s?size=1000", path);

	names_release(&w.found);
	while (next.p) {
		cJSON *tree = fetch(next.p), *row;
		char text[ID_SIZE], cursor[2000];

		cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(tree, "list")) {
			take(text, sizeof(text), row, key);
			ck_assert_msg(!name_find(&w.found, str_of(text)), "%s: twice", text);
			take(name_add(&w.found, str_of(text))->status, 16, row, "status");
		}
		take(cursor, sizeof(cursor), tree, "cursor");
		next = cursor[0] ? arena_printf(&a, "%s?cursor=%s", path, cursor) : STR_NONE;
		cJSON_Delete(tree);
	}
	arena_release(&a);
}

static int count_of(const char *path)
{
	cJSON *tree = fetch(path);
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(tree, "count");
	int n = cJSON_IsNumber(count) ? count->valueint : -1;

	cJSON_Delete(tree);
	return n;
}

/* Devices go on reporting, until nothing is running any more. */
static void settle(void)
{
	int64_t end = loop_now(&w.loop).ns + PATIENCE_MS * NS_PER_MS;
	int running = 1;

	w.settling = true;
	while (running) {
		ck_assert_msg(loop_now(&w.loop).ns < end, "%d are running still", running);
		for (int i = 0; i < DEVICES; i++)
			send_report(&w.clients[i], i);
		run_us(20000);
		run_to_end_of_requests();
		running = count_of("/ws/v1/esim_profiles/transactions/inventory"
				   "?query=status='in_progress'") +
			  count_of("/ws/v1/esim_profiles/operations/inventory?query="
				   "status<>'failed'%20and%20status<>'successful'");
	}
}

static void check_transactions(void)
{
	read_list("/ws/v1/esim_profiles/transactions/inventory", "transaction");
	for (size_t i = 0; i < w.transactions.count; i++) {
		const struct name *n = &w.transactions.list[i];
		const struct name *there = name_find(&w.found, str_of(n->text));

		ck_assert_msg(there != NULL, "transaction %s is lost", n->text);
		ck_assert_msg(!n->status[0] || strcmp(n->status, there->status) == 0,
			      "transaction %s was %s, and is %s", n->text, n->status,
			      there->status);
	}
	/* An order is placed after its transaction was committed, and both end
	 * alike. */
	for (size_t i = 0; i < w.orders.count; i++) {
		const struct name *n = &w.orders.list[i];
		const struct name *there = name_find(&w.found, str_of(n->text));

		ck_assert_msg(there != NULL, "order of an unknown transaction %s", n->text);
		ck_assert_msg(strcmp(n->status, there->status) == 0, "order %s, transaction %s",
			      n->status, there->status);
	}
	ck_assert_uint_eq(w.orders.count, w.found.count);
}

static void check_operations(void)
{
	read_list("/ws/v1/esim_profiles/operations/inventory", "id");
	for (size_t i = 0; i < w.operations.count; i++)
		ck_assert_msg(name_find(&w.found, str_of(w.operations.list[i].text)),
			      "operation %s is lost", w.operations.list[i].text);
}

static void check_codes(void)
{
	read_list("/ws/v1/esim_activation_codes/inventory", "iccid");
	for (size_t i = 0; i < w.codes.count; i++) {
		const struct name *n = &w.codes.list[i];
		bool there = name_find(&w.found, str_of(n->text)) != NULL;

		if (strcmp(n->status, "maybe") != 0)
			ck_assert_msg(there == !n->status[0], "code %s (%s): there %d",
				      n->text, n->status, there);
	}
}

/* ---- The test. --------------------------------------------------------- */

static int kills_wanted(void)
{
	const char *text = getenv("KILLS");
	uint64_t n = w.workers ? WORKER_KILLS : KILLS;

	if (text)
		ck_assert_int_eq(str_to_u64(str_of(text), 1000000, &n), 0);
	return (int)n;
}

static void set_up(void)
{
	struct err err = { 0 };
	int status;

	rng_init(&w.rng, 20260101, STR("kill_test"), STR("load"));
	snprintf(w.dir, sizeof(w.dir), "/tmp/kill_test.XXXXXX");
	ck_assert(mkdtemp(w.dir) != NULL);
	snprintf(w.path, sizeof(w.path), "%s/db", w.dir);
	snprintf(w.config, sizeof(w.config), "%s/c.yaml", w.dir);
	write_config();
	if (!w.workers) {
		close(spawn(""));
		ck_assert_int_eq(waitpid(w.pid, &status, 0), w.pid);
		ck_assert_int_eq(status, 0);
		w.pid = 0;
	}
	loop_init(&w.loop, CLOCK_KIND_REAL, 1, clock_machine_unix_ms());
	w.net = socknet_new(&w.loop, NULL, &err);
	ck_assert_msg(w.net != NULL, "%s", err.msg);
	socknet_allow_outside(w.net, true);
	w.eis.handle = eis_handle;
	must(socknet_listen(w.net, "eis.rig", "eis", &w.eis, "127.0.0.1:0",
			    w.eis_address, &err), &err);
	w.alarm.fire = stop_loop;
	w.watchdog.fire = too_long;
}

/* Two profiles on each device, which nobody knows of so far. */
static void fill_devices(void)
{
	for (int i = 0; i < DEVICES; i++) {
		struct profiles *p = &w.devices[i].has;

		for (p->count = 0; p->count < 2; p->count++)
			snprintf(p->iccid[p->count], sizeof(p->iccid[0]), "8944%015d",
				 1000000 + 2 * i + p->count);
		p->active[0] = true;
	}
}

static void tear_down(void)
{
	static const char *const files[] = { "", "-wal", "-shm", ".lock" };
	char name[100];

	network_release(w.net);
	loop_release(&w.loop);
	unlink(w.config);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", w.path, files[i]);
		unlink(name);
	}
	rmdir(w.dir);
	names_release(&w.orders);
	names_release(&w.transactions);
	names_release(&w.operations);
	names_release(&w.codes);
	names_release(&w.found);
	arena_release(&w.arena);
	free(w.order);
}

static void load_until(int answers)
{
	w.answers_left = answers;
	for (int i = 0; i < CLIENTS; i++)
		if (!w.clients[i].busy)
			next_request(&w.clients[i]);
	run_us(PATIENCE_MS * 1000);
	ck_assert_int_le(w.answers_left, 0);
	run_us(draw(LOAD_US_MAX));
}

/* A life: start, be looked at, work, be killed. */
static void live_once(void)
{
	int fd = spawn(w.eis_address);

	/* One in ten does not get as far as to serve. */
	if (draw(10) == 0) {
		run_us(draw(5 * LOAD_US_MAX));
		kill_server();
		close(fd);
		return;
	}
	await_server(fd);
	close(fd);
	check_profiles();
	load_until(1 + draw(ANSWERS_MAX));
	w.killing = true;
	kill_server();
	run_to_end_of_requests();
	w.killing = false;
}

/* A life of several workers: some of them are killed while the others answer,
 * and then all.  Returns how many kills that was. */
static int live_with_workers(void)
{
	int deaths = draw(DEATHS_MAX + 1), fd = spawn(w.eis_address);

	if (draw(10) == 0) {
		run_us(draw(100 * LOAD_US_MAX));
		kill_server();
		close(fd);
		return 1;
	}
	await_server(fd);
	close(fd);
	for (int i = 0; i < deaths; i++) {
		check_profiles();
		load_until(1 + draw(ANSWERS_MAX));
		kill_worker();
		load_until(1 + draw(ANSWERS_MAX));
		w.settling = true;
		run_to_end_of_requests();
		w.settling = false;
	}
	check_profiles();
	load_until(1 + draw(ANSWERS_MAX));
	w.killing = true;
	kill_server();
	run_to_end_of_requests();
	w.killing = false;
	return deaths + 1;
}

START_TEST(nothing_acknowledged_is_lost)
{
	int kills, fd;

	w = (struct kill_world){ .workers = _i == 1 };
	kills = kills_wanted();
	set_up();
	fill_devices();
	for (int i = 0; i < kills;) {
		if (w.workers) {
			i += live_with_workers();
		} else {
			live_once();
			i++;
		}
	}
	fd = spawn(w.eis_address);
	await_server(fd);
	close(fd);
	check_profiles();
	settle();
	check_profiles();
	check_transactions();
	check_operations();
	check_codes();
	printf("%d kills: %lu answered, %lu refused, %lu without an answer; %zu transactions,"
	       " %zu operations, %zu codes, %zu orders\n", kills, w.answered, w.refused,
	       w.lost, w.transactions.count, w.operations.count, w.codes.count, w.orders.count);
	/* Each life had its share. */
	ck_assert_uint_gt(w.transactions.count, (size_t)kills / 2);
	ck_assert_uint_gt(w.operations.count, (size_t)kills / 4);
	w.killing = true;
	kill_server();
	tear_down();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tc;
	SRunner *runner;
	int failed;

	if (argc == 4 && strcmp(argv[1], "--serve") == 0)
		return serve(argv[2], argv[3]);
	suite = suite_create("cli/kill");
	tc = tcase_create("kill -9");
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, nothing_acknowledged_is_lost, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
