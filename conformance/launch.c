#include "conformance/launch.h"

#include "conformance/world_json.h"
#include "sim/socknet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PORT_FIRST = 20000, PORTS = 10000,	/* below those that callers get */
	LINE_MAX_BYTES = 400,
	SAID_MAX = 200,				/* lines of one process in a log */
	PATH_SIZE = 256,
};

#define LOOK_NS (5 * NS_PER_MS)			/* of the machine */

/* One of its two outputs. */
struct outlet {
	struct watch watch;		/* first: a watch is an outlet */
	struct launched *l;
	const char *name;		/* "stdout" */
	struct buf line;
};

struct launched {
	const struct target *target;
	struct world *w;
	char folder[PATH_SIZE], path[PATH_SIZE + 16];	/* of world.json */
	pid_t pid;			/* 0: none */
	struct watch death;		/* of pidfd */
	struct outlet out, err;
	unsigned said;
	char last[LINE_MAX_BYTES + 1];	/* line that it said */
	char address[SOCKNET_ADDRESS_SIZE];	/* that it was told */
	struct str url;			/* where it says that it is */
	bool ended, by_us;
	int status;			/* of wait(2) */
	/* Waiting for it. */
	struct timer look;
	int64_t give_up_ns;		/* of the machine */
	bool waiting, ready;
};

/* ---- What it says. ------------------------------------------------------ */

static bool is_url(struct str s)
{
	return (str_starts(s, STR("http://")) || str_starts(s, STR("https://"))) &&
	       !memchr(s.p, ' ', s.n);
}

static void take_line(struct outlet *o, struct str line)
{
	struct launched *l = o->l;
	struct arena a = { 0 };
	struct str shown;

	line = str_trim(line);
	if (line.n == 0)
		return;
	if (o == &l->out && is_url(line) && !l->url.n)
		l->url = arena_str(l->w->arena, line);
	if (line.n > LINE_MAX_BYTES)
		line.n = LINE_MAX_BYTES;
	shown = target_mask(l->target, world_mask(l->w, line, &a), &a);
	snprintf(l->last, sizeof(l->last), "%.*s", STRF(shown));
	if (l->said++ < SAID_MAX)
		EVENT(&l->w->log, STR("target"), "said", F_Z("on", o->name),
		      F_STR("text", shown));
	arena_release(&a);
}

static void take_lines(struct outlet *o, bool all)
{
	struct str rest = buf_view(&o->line);
	const char *end;

	while (rest.n && ((end = memchr(rest.p, '\n', rest.n)) != NULL || all ||
			  rest.n > LINE_MAX_BYTES)) {
		size_t n = end ? (size_t)(end - rest.p) : rest.n;

		take_line(o, (struct str){ rest.p, n });
		rest.p += n + (end != NULL);
		rest.n -= n + (end != NULL);
	}
	if (rest.n)
		memmove(o->line.p, rest.p, rest.n);
	o->line.n = rest.n;
}

static void close_outlet(struct outlet *o)
{
	if (o->watch.fd < 0)
		return;
	take_lines(o, true);
	loop_unwatch(&o->l->w->loop, &o->watch);
	close(o->watch.fd);
	o->watch.fd = -1;
}

static void outlet_ready(struct watch *watch, uint32_t events)
{
	struct outlet *o = (struct outlet *)watch;
	char bytes[4096];
	ssize_t n = 1;

	(void)events;
	/* One that never stops talking does not keep the loop for itself. */
	for (int i = 0; i < 16 && n > 0; i++) {
		n = read(watch->fd, bytes, sizeof(bytes));
		if (n > 0)
			buf_add(&o->line, bytes, (size_t)n);
		take_lines(o, false);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_outlet(o);
}

static void unwatch_death(struct launched *l)
{
	if (l->death.fd < 0)
		return;
	loop_unwatch(&l->w->loop, &l->death);
	close(l->death.fd);
	l->death.fd = -1;
}

/* ---- Its end. ----------------------------------------------------------- */

static void describe_end(const struct launched *l, char *text, size_t size)
{
	if (WIFSIGNALED(l->status))
		snprintf(text, size, "it was ended by signal %d (%s)",
			 WTERMSIG(l->status), strsignal(WTERMSIG(l->status)));
	else
		snprintf(text, size, "it ended with exit code %d",
			 WEXITSTATUS(l->status));
}

static bool exited_well(const struct launched *l)
{
	return l->ended && WIFEXITED(l->status) && WEXITSTATUS(l->status) == 0;
}

/* Has it ended?  Then the log says so, once. */
static bool has_ended(struct launched *l)
{
	char text[100];

	if (l->ended || !l->pid)
		return l->ended;
	if (waitpid(l->pid, &l->status, WNOHANG) != l->pid)
		return false;
	l->ended = true;
	if (l->by_us || (l->target->launch.prepare.count && exited_well(l)))
		return true;
	outlet_ready(&l->out.watch, 0);
	outlet_ready(&l->err.watch, 0);
	describe_end(l, text, sizeof(text));
	EVENT(&l->w->log, STR("target"), "ended", F_Z("how", text));
	return true;
}

static void died(struct watch *watch, uint32_t events)
{
	struct launched *l = (struct launched *)((char *)watch -
			     offsetof(struct launched, death));

	(void)events;
	if (has_ended(l))
		unwatch_death(l);
}

/* The machine's time passes here, not the world's, which is at its end. */
static bool await_end(struct launched *l, int64_t limit_ns)
{
	struct pollfd p = { .fd = l->death.fd, .events = POLLIN };
	int64_t until = clock_machine_ns() + limit_ns, left = limit_ns;

	while (!has_ended(l) && left > 0) {
		poll(&p, 1, (int)(left / NS_PER_MS) + 1);
		left = until - clock_machine_ns();
	}
	return has_ended(l);
}

static void end_process(struct launched *l)
{
	if (!l->pid)
		return;
	if (!has_ended(l)) {
		l->by_us = true;
		kill(-l->pid, SIGTERM);
		await_end(l, l->target->launch.end_ns);
	}
	/* Whoever is left of its group, and itself if it does not listen. */
	kill(-l->pid, SIGKILL);
	if (!l->ended)
		waitpid(l->pid, &l->status, 0);
	l->pid = 0;
}

void launch_end(struct launched *l)
{
	if (!l)
		return;
	loop_disarm(&l->w->loop, &l->look);
	end_process(l);
	close_outlet(&l->out);
	close_outlet(&l->err);
	buf_release(&l->out.line);
	buf_release(&l->err.line);
	unwatch_death(l);
	if (l->path[0])
		unlink(l->path);
	if (l->folder[0])
		rmdir(l->folder);
	free(l);
}

/* ---- Its beginning. ----------------------------------------------------- */

/* A port that nobody has at the moment. */
static int pick_address(char address[SOCKNET_ADDRESS_SIZE], struct err *err)
{
	unsigned start = (unsigned)getpid() * 7919u + (unsigned)clock_machine_ns();

	for (unsigned i = 0; i < PORTS; i++) {
		unsigned port = PORT_FIRST + (start + i) % PORTS;
		struct sockaddr_in a = {
			.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&a, sizeof(a));

		if (fd >= 0)
			close(fd);
		if (rc < 0)
			continue;
		snprintf(address, SOCKNET_ADDRESS_SIZE, "127.0.0.1:%u", port);
		return 0;
	}
	return err_set(err, ERR_IO, "no free port on loopback");
}

static int write_world(struct launched *l, struct str listen_at, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct buf text;
	ssize_t n;
	int fd;

	snprintf(l->folder, sizeof(l->folder), "%s/esimrig-world-XXXXXX",
		 tmp && strlen(tmp) < PATH_SIZE - 32 ? tmp : "/tmp");
	if (!mkdtemp(l->folder)) {
		l->folder[0] = '\0';
		return err_set(err, ERR_IO, "no folder for world.json: %s", strerror(errno));
	}
	snprintf(l->path, sizeof(l->path), "%s/world.json", l->folder);
	buf_init(&text, 64u << 20);
	world_json(l->w, listen_at, &text);
	buf_char(&text, '\n');
	fd = open(l->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	n = fd < 0 ? -1 : write(fd, text.p, text.n);
	if (fd >= 0 && close(fd) < 0)
		n = -1;
	if (n < 0 || (size_t)n != text.n)
		err_set(err, ERR_IO, "%s: %s", l->path, strerror(errno));
	n = (size_t)n == text.n ? 0 : -1;
	buf_release(&text);
	return (int)n;
}

/* In the new process, where only little may be called.  The errno of what
 * failed goes through `report`. */
static void become(char *const *argv, const char *folder, int out, int errors,
		   int report)
{
	sigset_t none;
	int why;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (dup2(open("/dev/null", O_RDONLY), 0) >= 0 && dup2(out, 1) >= 0 &&
	    dup2(errors, 2) >= 0 && dup2(report, 3) >= 0 &&
	    fcntl(3, F_SETFD, FD_CLOEXEC) == 0 && (!folder || chdir(folder) == 0)) {
		close_range(4, ~0u, 0);
		report = 3;
		execvp(argv[0], argv);
	}
	why = errno;
	if (write(report, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(127);
}

static int open_outlet(struct outlet *o, struct launched *l, const char *name,
		       int *other_end)
{
	int fds[2];

	*o = (struct outlet){ .watch = { -1, outlet_ready }, .l = l, .name = name };
	buf_init(&o->line, 64 << 10);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	o->watch.fd = fds[0];
	*other_end = fds[1];
	loop_watch(&l->w->loop, &o->watch, EPOLLIN);
	return 0;
}

static char **make_argv(const struct launched *l, const struct str *words, size_t count)
{
	char **argv = arena_array(l->w->arena, count + 2, sizeof(*argv));

	for (size_t i = 0; i < count; i++)
		argv[i] = arena_strdup(l->w->arena, arena_str(l->w->arena, words[i]).p);
	argv[count] = arena_strdup(l->w->arena, l->path);
	return argv;
}

/* -1, with errno of what did not work. */
static int spawn(struct launched *l, char *const *argv, int out, int errors)
{
	const char *folder = l->target->launch.folder.n ? l->target->launch.folder.p : NULL;
	int report[2], why = 0;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	l->pid = fork();
	if (l->pid == 0)
		become(argv, folder, out, errors, report[1]);
	close(report[1]);
	do
		n = l->pid < 0 ? -1 : read(report[0], &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (l->pid < 0) {
		l->pid = 0;
		return -1;
	}
	setpgid(l->pid, l->pid);
	if (n == 0) {
		l->death = (struct watch){ pidfd_open(l->pid, 0), died };
		if (l->death.fd >= 0)
			loop_watch(&l->w->loop, &l->death, EPOLLIN);
		return 0;
	}
	waitpid(l->pid, &l->status, 0);
	l->pid = 0;
	errno = why;
	return -1;
}

static int start_process(struct launched *l, const struct str *words, size_t count,
			 struct err *err)
{
	int out = -1, errors = -1, rc = -1;

	if (open_outlet(&l->out, l, "stdout", &out) == 0 &&
	    open_outlet(&l->err, l, "stderr", &errors) == 0)
		rc = spawn(l, make_argv(l, words, count), out, errors);
	if (rc < 0)
		err_set(err, ERR_IO, "cannot start %.*s: %s", STRF(words[0]),
			strerror(errno));
	if (out >= 0)
		close(out);
	if (errors >= 0)
		close(errors);
	return rc;
}

/* ---- Until it is ready. -------------------------------------------------- */

static bool accepts(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	char host[SOCKNET_ADDRESS_SIZE];
	uint64_t port;
	int fd, rc;

	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (str_to_u64(str_of(colon + 1), UINT16_MAX, &port) < 0 ||
	    inet_pton(AF_INET, host, &a.sin_addr) != 1)
		return false;
	a.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, sizeof(a));
	if (fd >= 0)
		close(fd);
	return rc == 0;
}

static bool is_ready(const struct launched *l)
{
	if (l->target->launch.prepare.count)
		return exited_well(l);
	return l->url.n || (l->address[0] ? accepts(l->address) : l->target->url.n > 0);
}

static void look(struct timer *t)
{
	struct launched *l = (struct launched *)((char *)t -
			     offsetof(struct launched, look));
	bool ended = has_ended(l);

	l->ready = is_ready(l);
	if (l->ready || ended || clock_machine_ns() > l->give_up_ns)
		loop_stop(&l->w->loop);
	else
		loop_arm(&l->w->loop, &l->look,
			 (int64_t)((double)LOOK_NS * l->w->loop.clock.rate));
}

static int not_ready(struct launched *l, struct err *err)
{
	const char *what = l->target->launch.prepare.count ? "prepare" : "command";
	char how[100], seconds[32];

	snprintf(seconds, sizeof(seconds), "%.3g",
		 (double)l->target->launch.ready_ns / 1e9);
	if (l->ended)
		describe_end(l, how, sizeof(how));
	else
		snprintf(how, sizeof(how), "it was not ready within %s s", seconds);
	return err_set(err, ERR_TIMEOUT, "the target's %s: %s; %s%s", what, how,
		       l->last[0] ? "its last words: " : "it said nothing", l->last);
}

static int await_ready(struct launched *l, struct err *err)
{
	l->give_up_ns = clock_machine_ns() + l->target->launch.ready_ns;
	l->look.fire = look;
	loop_arm(&l->w->loop, &l->look, 0);
	if (loop_run(&l->w->loop, err) < 0)
		return -1;
	loop_disarm(&l->w->loop, &l->look);
	return l->ready ? 0 : not_ready(l, err);
}

int launch_start(const struct target *t, struct world *w, struct launched **out,
		 struct str *url, struct err *err)
{
	const struct target_launch *how = &t->launch;
	struct launched *l = calloc(1, sizeof(*l));
	bool prepare = how->prepare.count > 0;

	assert(l);
	*out = l;
	l->target = t;
	l->w = w;
	l->death.fd = l->out.watch.fd = l->err.watch.fd = -1;
	if (!t->url.n && pick_address(l->address, err) < 0)
		return -1;
	if (write_world(l, str_of(l->address), err) < 0 ||
	    start_process(l, prepare ? how->prepare.list : how->command.list,
			  prepare ? how->prepare.count : how->command.count, err) < 0 ||
	    await_ready(l, err) < 0)
		return -1;
	*url = t->url.n ? t->url : l->url.n ? l->url :
	       arena_printf(w->arena, "http://%s", l->address);
	return 0;
}
