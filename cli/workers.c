#include "cli/workers.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Who lives less long is suspected to die of what he finds. */
#define SHORT_NS (5 * NS_PER_S)
#define PAUSE_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (10 * NS_PER_S)
/* Beyond the workers' own time of grace. */
#define LAST_RESORT_NS (5 * NS_PER_S)

enum { SHORT_LIVES = 3 };	/* so many without a pause */

static void say(const struct worker *k, enum service_word word)
{
	char c = (char)word;

	/* One that has died meanwhile is about to be noticed. */
	if (k->pid)
		send(k->words.fd, &c, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- The end. ----------------------------------------------------------- */

/* When nobody can connect any more. */
static void tell_quiet(struct workers *w)
{
	for (int i = 0; i < w->board->count; i++)
		if (w->list[i].pid && !w->list[i].quiet)
			return;
	if (!w->all_quiet)
		service_notify("STOPPING=1");
	w->all_quiet = true;
}

static void stop_all(struct workers *w)
{
	for (int i = 0; i < w->board->count; i++) {
		loop_disarm(&w->loop, &w->list[i].restart);
		say(&w->list[i], SERVICE_STOP);
	}
	if (w->alive == 0)
		loop_stop(&w->loop);
}

static void stop(struct workers *w)
{
	if (w->stopping++ == 0) {
		w->closes(w);
		loop_arm(&w->loop, &w->last_resort, w->grace_ns + LAST_RESORT_NS);
	}
	stop_all(w);
}

static void kill_all(struct timer *t)
{
	struct workers *w = (struct workers *)((char *)t -
			    offsetof(struct workers, last_resort));

	for (int i = 0; i < w->board->count; i++) {
		struct worker *k = &w->list[i];

		if (!k->pid)
			continue;
		w->exit_code = verb_fail(w->verb, EXIT_FAILED,
					 "worker %d does not end: it is killed", i);
		kill(k->pid, SIGKILL);
	}
}

/* ---- Reloading. --------------------------------------------------------- */

static void start_reload(struct worker *k)
{
	if (!k->serving)
		return;		/* it reads the settings as it starts */
	k->reloading = true;
	say(k, SERVICE_RELOAD);
}

static bool is_reloading(const struct workers *w)
{
	for (int i = 0; i < w->board->count; i++)
		if (w->list[i].reloading)
			return true;
	return false;
}

static void reload(struct workers *w)
{
	if (w->stopping || !w->all_served)
		return;
	if (is_reloading(w)) {
		w->reload_again = true;
		return;
	}
	service_is_reloading();
	w->renew(w);
	start_reload(&w->list[0]);
	if (is_reloading(w))
		return;
	/* The first one is about to start, and does the same then. */
	for (int i = 1; i < w->board->count; i++)
		start_reload(&w->list[i]);
	if (!is_reloading(w))
		service_notify("READY=1");
}

/* It has, or it has died. */
static void reloaded(struct worker *k)
{
	struct workers *w = k->all;

	if (!k->reloading)
		return;
	k->reloading = false;
	for (int i = 1; k->index == 0 && i < w->board->count; i++)
		start_reload(&w->list[i]);
	if (is_reloading(w))
		return;
	service_notify("READY=1");
	if (w->reload_again) {
		w->reload_again = false;
		reload(w);
	}
}

/* ---- One worker. -------------------------------------------------------- */

static void serves(struct worker *k)
{
	struct workers *w = k->all;
	bool all = true;

	k->serving = true;
	w->board->places[k->index].state = BOARD_SERVING;
	if (w->all_served || w->stopping)
		return;
	for (int i = 1; k->index == 0 && i < w->board->count; i++)
		loop_arm(&w->loop, &w->list[i].restart, 0);
	for (int i = 0; i < w->board->count; i++)
		all = all && w->list[i].serving;
	if (!all)
		return;
	w->all_served = true;
	service_is_ready(w->verb, w->ready);
}

static void heard(struct watch *watch, uint32_t events)
{
	struct worker *k = (struct worker *)((char *)watch - offsetof(struct worker, words));
	ssize_t n;
	char c;

	(void)events;
	while ((n = recv(watch->fd, &c, 1, MSG_DONTWAIT)) == 1) {
		if (c == SERVICE_READY)
			serves(k);
		if (c == SERVICE_RELOADED)
			reloaded(k);
		if (c != SERVICE_QUIET)
			continue;
		k->quiet = true;
		tell_quiet(k->all);
	}
	/* It has ended, or will not do anything of use: SIGCHLD comes. */
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		loop_unwatch(&k->all->loop, watch);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		watch->ready = NULL;
}

/* What the parent has open, and this worker must not. */
static void close_parents(struct workers *w, const struct worker *self)
{
	close(w->loop.epoll_fd);
	close(w->signals.fd);
	for (int i = 0; i < w->board->count; i++)
		if (w->list[i].pid && i != self->index)
			close(w->list[i].words.fd);
}

static void start(struct worker *k)
{
	struct workers *w = k->all;
	int fds[2] = { -1, -1 };
	pid_t pid = -1;

	w->accepts(w, k->index, true);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
		pid = fork();
	if (pid == 0) {
		close(fds[0]);
		close_parents(w, k);
		exit(w->work(w, k->index, fds[1]));
	}
	if (pid < 0) {
		verb_fail(w->verb, 0, "cannot start worker %d: %s", k->index, strerror(errno));
		close(fds[0]);
		close(fds[1]);
		loop_arm(&w->loop, &k->restart, PAUSE_MAX_NS);
		return;
	}
	close(fds[1]);
	k->pid = pid;
	k->words = (struct watch){ fds[0], heard };
	loop_watch(&w->loop, &k->words, EPOLLIN);
	k->began_ns = loop_now(&w->loop).ns;
	w->alive++;
}

static void restart(struct timer *t)
{
	start((struct worker *)((char *)t - offsetof(struct worker, restart)));
}

static void start_again(struct worker *k)
{
	struct workers *w = k->all;
	int64_t pause = 0;

	if (loop_now(&w->loop).ns - k->began_ns >= SHORT_NS)
		k->short_lives = 0;
	else
		k->short_lives++;
	for (unsigned i = SHORT_LIVES; i < k->short_lives && pause < PAUSE_MAX_NS; i++)
		pause = pause ? 2 * pause : PAUSE_NS;
	if (pause)
		w->accepts(w, k->index, false);
	w->board->restarts++;
	loop_arm(&w->loop, &k->restart, pause < PAUSE_MAX_NS ? pause : PAUSE_MAX_NS);
}

static void tell_death(const struct worker *k, int status)
{
	if (WIFSIGNALED(status))
		verb_fail(k->all->verb, 0, "worker %d (process %d) was killed by signal %d: %s",
			  k->index, (int)k->pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		verb_fail(k->all->verb, 0, "worker %d (process %d) ended by itself with %d",
			  k->index, (int)k->pid, WEXITSTATUS(status));
}

static void died(struct worker *k, int status)
{
	struct workers *w = k->all;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) :
		   w->stopping ? EXIT_FAILED : EXIT_RIG;

	if (!w->stopping)
		tell_death(k, status);
	if (k->words.ready)
		loop_unwatch(&w->loop, &k->words);
	close(k->words.fd);
	k->pid = 0;
	k->serving = false;
	w->board->places[k->index].state = BOARD_DOWN;
	w->alive--;
	if ((w->stopping || !w->all_served) && code > w->exit_code)
		w->exit_code = code;
	if (w->stopping) {
		tell_quiet(w);
		if (w->alive == 0)
			loop_stop(&w->loop);
		return;
	}
	if (!w->all_served) {
		w->exit_code = code ? code : EXIT_RIG;
		stop(w);
		return;
	}
	w->died(w);
	start_again(k);
	reloaded(k);
}

static void reap(struct workers *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < w->board->count; i++)
			if (w->list[i].pid == pid)
				died(&w->list[i], status);
}

/* ---- All of them. ------------------------------------------------------- */

static void signalled(struct watch *watch, uint32_t events)
{
	struct workers *w = (struct workers *)((char *)watch -
			    offsetof(struct workers, signals));
	struct signalfd_siginfo info;

	(void)events;
	while (read(watch->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(w);
		else if (info.ssi_signo == SIGHUP)
			reload(w);
		else
			stop(w);
	}
}

/* Workers inherit that they are blocked: all signals are the parent's. */
static int catch_signals(struct workers *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = (struct watch){ signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				     signalled };
	if (w->signals.fd < 0)
		return verb_fail(w->verb, EXIT_RIG, "signals: %s", strerror(errno));
	loop_watch(&w->loop, &w->signals, EPOLLIN);
	return EXIT_PASSED;
}

static void release(struct workers *w)
{
	for (int i = 0; i < w->board->count; i++)
		loop_disarm(&w->loop, &w->list[i].restart);
	loop_disarm(&w->loop, &w->last_resort);
	if (w->signals.fd >= 0) {
		loop_unwatch(&w->loop, &w->signals);
		close(w->signals.fd);
	}
	loop_release(&w->loop);
	free(w->list);
}

int workers_run(struct workers *w)
{
	struct err err = { 0 };
	int code;

	loop_init(&w->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	w->last_resort.fire = kill_all;
	w->list = calloc((size_t)w->board->count, sizeof(*w->list));
	assert(w->list);
	for (int i = 0; i < w->board->count; i++)
		w->list[i] = (struct worker){ .all = w, .index = i,
					      .restart.fire = restart };
	code = catch_signals(w);
	if (code == EXIT_PASSED) {
		loop_arm(&w->loop, &w->list[0].restart, 0);
		if (loop_run(&w->loop, &err) < 0)
			code = verb_fail(w->verb, EXIT_RIG, "%s", err.msg);
		else
			code = w->exit_code;
	}
	release(w);
	return code;
}
