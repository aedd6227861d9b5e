/*
 * What more workers are good for: the program itself, once with one worker and
 * once with two, on databases of their own, under the same load in turns.
 *
 * Nothing is bound to a processor here, and rates are those of the wall: with
 * fewer than three processors the load generator is in the workers' way.
 */
#include "cli/bench.h"

#include "cli/load.h"
#include "sim/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CONNECTIONS = 64,
	TURNS = 5,
	DEVICES = 5,
	PER_DEVICE = 200,
	POSTS = 2000,			/* in a turn */
	START_MS = 20000,
};

#define TURN_S 0.5
/* bench:bench */
#define BASIC "Authorization: Basic YmVuY2g6YmVuY2g=\r\n"

/* A server that was started. */
struct started {
	const char *workers;
	char dir[200];
	pid_t pid;			/* 0: it was not */
	char address[64];
	uint64_t posts;			/* so many codes it has */
};

/* ---- The program. ------------------------------------------------------- */

static int write_config(const struct started *s, const char *path, struct err *err)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	fprintf(f, "listen: 127.0.0.1:0\ndb: %s/server.db\nthrottle: 0\nworkers: %s\n"
		"accounts: {bench: {customer-id: 1}}\n"
		"users: {bench: {account: bench, password: bench}}\ndevices:\n", s->dir,
		s->workers);
	for (int i = 0; i < DEVICES; i++)
		fprintf(f, "  - {device-id: 00000000-00000000-0040FFFF-FF80%04X,"
			" account: bench}\n", (unsigned)i);
	return fclose(f) == 0 ? 0 : err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
}

static _Noreturn void become_server(const char *config, int fd)
{
	char *argv[] = { (char *)(uintptr_t)"esimrig", (char *)(uintptr_t)"server",
			 (char *)(uintptr_t)"--config", (char *)(uintptr_t)config, NULL };

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(fd, STDOUT_FILENO);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* "esimrig server: listening on 127.0.0.1:8080" */
static int read_address(struct started *s, int fd, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char line[200], *at;
	ssize_t n = poll(&p, 1, START_MS) == 1 ? read(fd, line, sizeof(line) - 1) : 0;

	line[n > 0 ? n : 0] = '\0';
	at = strrchr(line, ' ');
	if (!at)
		return err_set(err, ERR_STATE, "bench: esimrig server does not start");
	snprintf(s->address, sizeof(s->address), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	return 0;
}

static int start(struct started *s, struct err *err)
{
	const char *base = getenv("TMPDIR");
	char path[300];
	int fds[2], rc;

	/* Not /tmp: that may be memory, and commits would cost nothing. */
	snprintf(s->dir, sizeof(s->dir), "%.150s/esimrig-bench.XXXXXX",
		 base && *base ? base : "/var/tmp");
	if (!mkdtemp(s->dir) || pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, ERR_IO, "%s: %s", s->dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/c.yaml", s->dir);
	rc = write_config(s, path, err);
	s->pid = rc == 0 ? fork() : 0;
	if (rc == 0 && s->pid == 0)
		become_server(path, fds[1]);
	close(fds[1]);
	if (s->pid < 0)
		rc = err_set(err, ERR_IO, "fork: %s", strerror(errno));
	if (rc == 0)
		rc = read_address(s, fds[0], err);
	close(fds[0]);
	return rc;
}

static void stop(struct started *s)
{
	static const char *const files[] = {
		"c.yaml", "server.db", "server.db-wal", "server.db-shm", "server.db.lock",
	};
	char path[300];

	if (!s->dir[0])
		return;
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, files[i]);
		unlink(path);
	}
	rmdir(s->dir);
}

/* ---- Requests. ---------------------------------------------------------- */

static void put_post(struct buf *out, const char *path, struct str json)
{
	buf_printf(out, "POST %s HTTP/1.1\r\nHost: bench.rig\r\n" BASIC
		   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", path, json.n);
	buf_str(out, json);
}

static int write_report(void *arg, uint64_t n, struct buf *out)
{
	struct buf b;

	(void)arg;
	buf_init(&b, 64 * 1024);
	buf_printf(&b, "{\"device_id\":\"00000000-00000000-0040FFFF-FF80%04X\","
		   "\"eid\":\"890490320000010000000000000%05u\",\"sequence\":1,"
		   "\"complete\":true,\"profiles\":[", (unsigned)n, (unsigned)n);
	for (unsigned i = 0; i < PER_DEVICE; i++)
		buf_printf(&b, "%s{\"iccid\":\"8944%015u\",\"status\":\"inactive\","
			   "\"carrier\":\"Carrier %u\"}", i ? "," : "",
			   (unsigned)n * PER_DEVICE + i, i % 50);
	buf_z(&b, "]}");
	put_post(out, "/southbound/v1/device_reports", buf_view(&b));
	buf_release(&b);
	return 0;
}

static int write_get(void *arg, uint64_t n, struct buf *out)
{
	(void)arg;
	buf_printf(out, "GET /ws/v1/esim_profiles/inventory/8944%015u HTTP/1.1\r\n"
		   "Host: bench.rig\r\n" BASIC "\r\n",
		   (unsigned)(n * 7919 % (DEVICES * PER_DEVICE)));
	return 0;
}

static int write_code(void *arg, uint64_t n, struct buf *out)
{
	const struct started *s = arg;
	char json[300];
	int size = snprintf(json, sizeof(json), "{\"iccid\":\"8944%015llu\",\"carrier\":\"C\","
			    "\"activation_code\":\"LPA:1$smdp.example.com$%llu\"}",
			    (unsigned long long)(s->posts + n),
			    (unsigned long long)(s->posts + n));

	put_post(out, "/ws/v1/esim_activation_codes/inventory",
		 (struct str){ json, (size_t)size });
	return 0;
}

/* ---- Turns. ------------------------------------------------------------- */

static int fill(const struct started *s, struct err *err)
{
	struct load l = { .address = s->address, .connections = 1, .requests = DEVICES,
			  .status = 200, .write = write_report };
	struct load_result r;

	return load_run(&l, &r, err);
}

static int get_turn(struct started *s, double *per_s, struct err *err)
{
	struct load l = { .address = s->address, .connections = CONNECTIONS,
			  .seconds = TURN_S, .status = 200, .write = write_get };
	struct load_result r;

	if (load_run(&l, &r, err) < 0)
		return -1;
	*per_s = (double)r.answers / r.seconds;
	return 0;
}

static int post_turn(struct started *s, double *per_s, struct err *err)
{
	struct load l = { .address = s->address, .connections = CONNECTIONS,
			  .requests = POSTS, .status = 201, .write = write_code, .arg = s };
	struct load_result r;

	if (load_run(&l, &r, err) < 0)
		return -1;
	s->posts += POSTS;
	*per_s = (double)r.answers / r.seconds;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median turn of each. */
static int compare(struct started list[2],
		   int (*turn)(struct started *, double *, struct err *),
		   struct bench_figure *f, struct bench_pace *pace, struct err *err)
{
	double rates[2][TURNS];

	for (int i = 0; i < TURNS; i++) {
		for (int k = 0; k < 2; k++)
			if (turn(&list[k], &rates[k][i], err) < 0)
				return -1;
		bench_step(pace);
	}
	for (int k = 0; k < 2; k++)
		qsort(rates[k], TURNS, sizeof(rates[k][0]), by_value);
	f->floor = rates[0][TURNS / 2];
	f->value = rates[1][TURNS / 2];
	return 0;
}

int bench_workers(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	static const char floor_is[] = "the same with --workers 1";
	struct started list[2] = { { .workers = "1" }, { .workers = "2" } };
	int rc = 0;

	assert(max >= 2);
	f[0] = (struct bench_figure){ "GET one profile, --workers 2, on the wall", "req/s",
				      floor_is, BENCH_SHOWN, 0, 0, 0 };
	f[1] = (struct bench_figure){ "POST an activation code, --workers 2", "req/s",
				      floor_is, BENCH_SHOWN, 0, 0, 0 };
	for (int k = 0; rc == 0 && k < 2; k++) {
		rc = start(&list[k], err);
		if (rc == 0)
			rc = fill(&list[k], err);
	}
	if (rc == 0)
		rc = compare(list, get_turn, &f[0], pace, err);
	if (rc == 0)
		rc = compare(list, post_turn, &f[1], pace, err);
	for (int k = 0; k < 2; k++)
		stop(&list[k]);
	return rc < 0 ? -1 : 2;
}
