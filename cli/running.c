#include "cli/running.h"

#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int running_read_clock(const char **clock, const char **net,
		       struct run_options *o, struct err *err)
{
	if (!*net || strcmp(*net, "memory") == 0)
		o->sockets = false;
	else if (strcmp(*net, "http") == 0)
		o->sockets = true;
	else
		return err_set(err, ERR_INVALID,
			       "--net %s: expected memory or http", *net);
	*net = o->sockets ? "http" : "memory";
	if (!*clock)
		*clock = o->sockets ? "scaled=60" : "virtual";
	if (clock_parse(str_of(*clock), &o->clock, &o->rate, err) < 0)
		return -1;
	if (o->sockets && o->clock == CLOCK_KIND_VIRTUAL)
		return err_set(err, ERR_INVALID,
			       "--net http needs --clock real or scaled=N: virtual time "
			       "cannot see what is on its way in a socket");
	return 0;
}

int running_read_rsp(const char *rsp, struct run_options *options, struct err *err)
{
	options->has_rsp = rsp != NULL;
	if (!rsp || strcmp(rsp, "fast") == 0) {
		options->rsp = RSP_FAST;
		return 0;
	}
	if (strcmp(rsp, "full") != 0)
		return err_set(err, ERR_INVALID, "--rsp %s: expected fast or full", rsp);
	options->rsp = RSP_FULL;
	return 0;
}

size_t running_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ?
	       (size_t)CPU_COUNT(&set) : 1;
}

int running_catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int running_caught(int fd)
{
	struct signalfd_siginfo info;
	int signo = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &info, sizeof(info)) == sizeof(info))
		signo = (int)info.ssi_signo;
	close(fd);
	return signo;
}

void running_die_of(int signo)
{
	sigset_t none;

	signal(signo, SIG_DFL);
	raise(signo);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
