/*
 * program_test.h - the program that was built beside the tests, as those who
 * run it meet it: started, told by signals, asked over raw sockets, and heard
 * when it talks to systemd.  Nothing waits for a time.
 */
#ifndef CLI_PROGRAM_TEST_H
#define CLI_PROGRAM_TEST_H

#include "sim/buf.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static char program[4096], dir[] = "/tmp/esimrig-server-test-XXXXXX";
static int notify_fd = -1;
static const char *verb = "server";	/* that start() starts */
static const char *workers;		/* how many; NULL: it is not told */
/* What a password costs; NULL: as for good, which is slow under sanitizers. */
static const char *kdf_iterations = "1000";

/* alice:wonderland and bob:builder, base64 */
#define ALICE "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n"
#define BOB "Authorization: Basic Ym9iOmJ1aWxkZXI=\r\n"
#define DEVICES "/ws/v1/devices/inventory"

static const char config[] =
	"listen: 127.0.0.1:0\n"
	"db: DIR/server.db\n"
	"accounts:\n"
	"  acme: {customer-id: 7, name: Acme}\n"
	"users:\n"
	"  alice: {account: acme, password: env:ALICE_PASSWORD}\n"
	"devices:\n"
	"  - {device-id: 00000000-00000000-0040FFFF-FF8001B0, account: acme,\n"
	"     eid: '89049032000000000000000000000012'}\n";

/* ---- Files. ------------------------------------------------------------- */

static inline const char *path_of(const char *name)
{
	static char paths[16][200];
	static unsigned next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

/* "DIR" in the text becomes the test's directory. */
static inline void write_config(const char *name, const char *text, const char *more)
{
	FILE *f = fopen(path_of(name), "wb");
	const char *at;

	ck_assert(f != NULL);
	while ((at = strstr(text, "DIR"))) {
		fprintf(f, "%.*s%s", (int)(at - text), text, dir);
		text = at + 3;
	}
	fprintf(f, "%s%s", text, more);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void read_file(const char *name, char *text, size_t size)
{
	FILE *f = fopen(path_of(name), "rb");
	size_t n = f ? fread(text, 1, size - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
}

/* ---- The program. ------------------------------------------------------- */

struct running {
	pid_t pid;
	uint16_t port, admin;
};

static inline pid_t start(const char *const *args, int out_fd)
{
	const char *argv[24] = { program, verb };
	pid_t pid;
	int n = 2, err;

	while (*args)
		argv[n++] = *args++;
	if (kdf_iterations && strcmp(verb, "server") == 0) {
		argv[n++] = "--kdf-iterations";
		argv[n++] = kdf_iterations;
	}
	if (workers && strcmp(verb, "server") == 0) {
		argv[n++] = "--workers";
		argv[n++] = workers;
	}
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	/* Not left behind by a test that fails. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(program, (char **)(uintptr_t)argv);
	_exit(127);
}

static uint16_t port_behind(const char *line, const char *words)
{
	const char *at = strstr(line, words);

	ck_assert_msg(at != NULL, "'%s' expected in: %s", words, line);
	return (uint16_t)strtoul(at + strlen(words), NULL, 10);
}

static inline void await_fd(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_msg(poll(&p, 1, PATIENCE_MS) == 1, "nothing happens any more");
}

/* Until it says where it listens. */
static inline struct running run(const char *const *args)
{
	struct running r = { 0 };
	char line[300] = "", err[600], words[60];
	int fds[2];
	size_t n = 0;

	ck_assert_int_eq(pipe(fds), 0);
	r.pid = start(args, fds[1]);
	close(fds[1]);
	while (!strchr(line, '\n')) {
		ssize_t got;

		await_fd(fds[0]);
		got = read(fds[0], line + n, sizeof(line) - 1 - n);
		read_file("err", err, sizeof(err));
		ck_assert_msg(got > 0, "it does not start: %s", err);
		n += (size_t)got;
		line[n] = '\0';
	}
	close(fds[0]);
	snprintf(words, sizeof(words), "esimrig %s: listening on 127.0.0.1:", verb);
	if (strcmp(verb, "devices") != 0)
		r.port = port_behind(line, words);
	if (strstr(line, "admin"))
		r.admin = port_behind(line, ", admin on 127.0.0.1:");
	return r;
}

static inline int end_of(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void stop(const struct running *r)
{
	kill(r->pid, SIGTERM);
	ck_assert_int_eq(end_of(r->pid), 0);
}

/* Ends by itself: its exit code; what it said is in `err`. */
static inline int run_to_end(const char *const *args)
{
	int null = open("/dev/null", O_WRONLY), code;

	code = end_of(start(args, null));
	close(null);
	return code;
}

/* What it tells systemd next has to be that. */
static inline void await_word(const char *word)
{
	char text[200];
	ssize_t n;

	await_fd(notify_fd);
	n = recv(notify_fd, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	ck_assert_msg(strncmp(text, word, strlen(word)) == 0, "'%s' expected, found '%s'",
		      word, text);
}

/* ---- HTTP, by hand. ----------------------------------------------------- */

static inline int try_connect(uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { PATIENCE_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline int dial(uint16_t port)
{
	int fd = try_connect(port);

	ck_assert_msg(fd >= 0, "cannot connect to port %u", port);
	return fd;
}

static inline void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

/* All that comes until the other side closes. */
static inline char *hear(int fd)
{
	static char text[256 * 1024];
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, text + n, sizeof(text) - 1 - n, 0)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
	return text;
}

static inline char *get(uint16_t port, const char *path, const char *headers)
{
	int fd = dial(port);
	char text[1000];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		 "%s\r\n", path, headers);
	say(fd, text);
	return hear(fd);
}

static inline void check_status(const char *answer, int status)
{
	char line[40];

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	ck_assert_msg(strncmp(answer, line, strlen(line)) == 0,
		      "%d expected, found: %.300s", status, answer);
}

static inline void check_refusal(const char *const *args, int code, const char *words)
{
	char err[2000];

	ck_assert_int_eq(run_to_end(args), code);
	read_file("err", err, sizeof(err));
	ck_assert_msg(strstr(err, words), "'%s' expected in: %s", words, err);
}

/* The number behind `name` in what /metrics says. */
static inline long metric(const struct running *r, const char *name)
{
	const char *at = strstr(get(r->admin, "/metrics", ""), name);

	ck_assert_msg(at != NULL, "%s", name);
	return strtol(at + strlen(name), NULL, 10);
}

static inline char *post(uint16_t port, const char *path, const char *headers, const char *json)
{
	char text[4000];
	int fd = dial(port);

	snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		 "%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", path,
		 headers, strlen(json), json);
	say(fd, text);
	return hear(fd);
}

/* The string member `name` of an answer, which it has. */
static inline void member(const char *answer, const char *name, char *out, size_t size)
{
	char words[60];
	const char *at;
	size_t n;

	snprintf(words, sizeof(words), "\"%s\":\"", name);
	at = strstr(answer, words);
	ck_assert_msg(at != NULL, "'%s' expected in: %s", name, answer);
	at += strlen(words);
	n = strcspn(at, "\"");
	snprintf(out, size, "%.*s", (int)n, at);
}

/* ---- Before and after each. --------------------------------------------- */

static inline void set_up(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 20);

	/* .../cli/server_test stands in the build folder, esimrig above it. */
	ck_assert_int_gt(n, 0);
	program[n] = '\0';
	for (int i = 0; i < 2; i++)
		*strrchr(program, '/') = '\0';
	strncat(program, "/esimrig", sizeof(program) - strlen(program) - 1);
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert(mkdtemp(dir) != NULL);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path_of("notify"));
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(notify_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	setenv("ALICE_PASSWORD", "wonderland", 1);
	write_config("c.yaml", config, "");
	verb = "server";
	workers = NULL;
}

static inline void tear_down(void)
{
	char line[200];
	pid_t pid;

	close(notify_fd);
	snprintf(line, sizeof(line), "rm -rf %s", dir);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	end_of(pid);
}

#define CONFIG (const char *[]){ "--config", path_of("c.yaml"), NULL }

static inline void set_up_workers(void)
{
	set_up();
	workers = "3";
}

/* All that several workers do as one alone does it: `add` adds those tests. */
static inline void alone_and_with_workers(Suite *suite, void (*add)(TCase *))
{
	static const struct {
		const char *name;
		void (*prepare)(void);
	} both[] = { { "alone", set_up }, { "workers", set_up_workers } };

	for (size_t i = 0; i < 2; i++) {
		TCase *tc = tcase_create(both[i].name);

		tcase_add_checked_fixture(tc, both[i].prepare, tear_down);
		tcase_set_timeout(tc, 60);
		add(tc);
		suite_add_tcase(suite, tc);
	}
}

#endif
