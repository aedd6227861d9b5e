#include "scenarios/pool.h"

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

enum { WORKERS_MAX = 256, READ_BYTES = 64 * 1024 };

static const size_t NO_JOB = SIZE_MAX;

/* A frame on a pipe: the length in 8 bytes of this machine, and the bytes. */
struct worker {
	pid_t pid;		/* 0: none */
	int to, from;		/* this process's ends */
	size_t job;		/* that it has, or NO_JOB */
	struct buf in;
};

struct outcome {
	bool given;		/* to a worker, or it need not be done */
	bool known, told;
	enum pool_outcome what;
	struct buf bytes;
};

struct running {
	const struct pool *p;
	struct worker workers[WORKERS_MAX];
	size_t worker_count;
	struct outcome *outcomes;
	size_t next_job;	/* to hand out: all before it are given */
	size_t next_told;
	size_t busy;
	bool stopped;		/* hand out nothing more */
	bool refused;		/* done() wants no more outcomes */
};

static int write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* ---- In a worker. ------------------------------------------------------ */

static bool read_job(int fd, size_t *job)
{
	ssize_t n;

	do
		n = read(fd, job, sizeof(*job));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*job);
}

static void work(const struct pool *p, int from, int to)
{
	struct buf out;
	size_t job;

	buf_init(&out, p->bytes_max);
	while (read_job(from, &job)) {
		uint64_t length;

		buf_clear(&out);
		p->work(p->arg, job, &out);
		length = out.n;
		if (write_all(to, &length, sizeof(length)) < 0 ||
		    write_all(to, out.p, out.n) < 0)
			break;
	}
	_exit(0);
}

static void become_worker(struct running *r, int from, int to, pid_t parent)
{
	sigset_t none;

	/* The parent decides what an interrupt means. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	/* Or the others would never see the end of their pipes. */
	for (size_t i = 0; i < r->worker_count; i++)
		if (r->workers[i].pid) {
			close(r->workers[i].to);
			close(r->workers[i].from);
		}
	work(r->p, from, to);
}

/* ---- In this process. -------------------------------------------------- */

static int start(struct running *r, struct worker *w, struct err *err)
{
	pid_t parent = getpid();
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) < 0)
		return err_set(err, ERR_IO, "a pipe: %s", strerror(errno));
	if (pipe2(up, O_CLOEXEC) < 0) {
		close(down[0]);
		close(down[1]);
		return err_set(err, ERR_IO, "a pipe: %s", strerror(errno));
	}
	fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		close(down[1]);
		close(up[0]);
		become_worker(r, down[0], up[1], parent);
	}
	close(down[0]);
	close(up[1]);
	if (w->pid < 0) {
		w->pid = 0;
		close(down[1]);
		close(up[0]);
		return err_set(err, ERR_IO, "a process: %s", strerror(errno));
	}
	w->to = down[1];
	w->from = up[0];
	w->job = NO_JOB;
	buf_init(&w->in, r->p->bytes_max + sizeof(uint64_t));
	return 0;
}

/* Leaves its status in `how`, in words. */
static void end(struct running *r, struct worker *w, struct buf *how)
{
	int status = 0;

	if (!w->pid)
		return;
	close(w->to);
	close(w->from);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (how && WIFSIGNALED(status))
		buf_printf(how, "signal %d (%s)", WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
	else if (how)
		buf_printf(how, "exit code %d", WEXITSTATUS(status));
	if (w->job != NO_JOB)
		r->busy--;
	w->pid = 0;
	w->job = NO_JOB;
	buf_release(&w->in);
}

static void note(struct running *r, size_t job, enum pool_outcome what,
		 struct str bytes)
{
	struct outcome *o = &r->outcomes[job];

	assert(!o->known);
	o->known = true;
	o->what = what;
	buf_init(&o->bytes, r->p->bytes_max);
	buf_str(&o->bytes, bytes);
}

static void tell_one(struct running *r, size_t job)
{
	struct outcome *o = &r->outcomes[job];

	o->told = true;
	r->refused = !r->p->done(r->p->arg, job, o->what, buf_view(&o->bytes));
	buf_release(&o->bytes);
}

/* Tell of the outcomes that are next in order, or of all. */
static void tell(struct running *r)
{
	for (size_t i = r->next_told; i < r->p->jobs && !r->refused; i++) {
		if (r->outcomes[i].known && !r->outcomes[i].told)
			tell_one(r, i);
		if (r->outcomes[i].told && i == r->next_told)
			r->next_told++;
		else if (!r->p->turn)
			break;
	}
	r->stopped |= r->refused;
}

static void tell_rest(struct running *r)
{
	for (; r->next_told < r->p->jobs; r->next_told++) {
		struct outcome *o = &r->outcomes[r->next_told];
		bool through = o->known && !r->refused;

		if (o->told)
			continue;
		if (!r->p->done(r->p->arg, r->next_told,
				through ? o->what : POOL_NOT_RUN,
				through ? buf_view(&o->bytes) : STR_NONE))
			r->refused = true;
		if (o->known)
			buf_release(&o->bytes);
	}
}

/* Is it this job's turn?  If it never is, that is all there is to say. */
static bool is_next(struct running *r, size_t job)
{
	struct outcome *o = &r->outcomes[job];

	if (o->given)
		return false;
	switch (r->p->turn ? r->p->turn(r->p->arg, job) : POOL_NOW) {
	case POOL_NOW:
		o->given = true;
		return true;
	case POOL_NEVER:
		o->given = o->told = true;
		break;
	case POOL_LATER:
		break;
	}
	return false;
}

static size_t next_job(struct running *r)
{
	size_t found = NO_JOB;

	for (size_t i = r->next_job; i < r->p->jobs && found == NO_JOB; i++)
		if (is_next(r, i))
			found = i;
	while (r->next_job < r->p->jobs && r->outcomes[r->next_job].given)
		r->next_job++;
	return found;
}

static void hand_out(struct running *r, struct worker *w)
{
	if (r->stopped)
		return;
	w->job = next_job(r);
	if (w->job == NO_JOB)
		return;
	r->busy++;
	/* If it has died, its pipe says so in a moment. */
	write_all(w->to, &w->job, sizeof(w->job));
}

/* A whole frame is there: its job is through. */
static void take_frame(struct running *r, struct worker *w)
{
	struct str in = buf_view(&w->in);
	uint64_t length;

	if (in.n < sizeof(length))
		return;
	memcpy(&length, in.p, sizeof(length));
	in.p += sizeof(length);
	in.n -= sizeof(length);
	if (in.n < length)
		return;
	note(r, w->job, POOL_DONE, in);
	w->job = NO_JOB;
	r->busy--;
	buf_clear(&w->in);
	hand_out(r, w);
}

static int crashed(struct running *r, struct worker *w, struct err *err)
{
	size_t job = w->job;
	struct buf how;

	buf_init(&how, 1024);
	end(r, w, &how);
	if (job != NO_JOB)
		note(r, job, POOL_CRASHED, buf_view(&how));
	buf_release(&how);
	if (r->stopped || r->next_job == r->p->jobs)
		return 0;
	if (start(r, w, err) < 0)
		return -1;
	hand_out(r, w);
	return 0;
}

static int take_bytes(struct running *r, struct worker *w, struct err *err)
{
	char block[READ_BYTES];
	ssize_t n;

	do
		n = read(w->from, block, sizeof(block));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return crashed(r, w, err);
	buf_add(&w->in, block, (size_t)n);
	assert(!w->in.over);
	take_frame(r, w);
	return 0;
}

/* One wait for all workers.  -1: no new worker could be started. */
static int turn(struct running *r, struct err *err)
{
	struct pollfd fds[WORKERS_MAX + 1];
	struct worker *owners[WORKERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < r->worker_count; i++)
		if (r->workers[i].pid) {
			owners[n] = &r->workers[i];
			fds[n++] = (struct pollfd){ r->workers[i].from, POLLIN, 0 };
		}
	fds[n] = (struct pollfd){ r->p->stop_fd, POLLIN, 0 };
	if (poll(fds, n + 1, -1) < 0) {
		assert(errno == EINTR);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents && take_bytes(r, owners[i], err) < 0)
			return -1;
	if (fds[n].revents)
		r->stopped = true;
	return 0;
}

static int start_all(struct running *r, struct err *err)
{
	size_t want = r->p->workers < WORKERS_MAX ? r->p->workers : WORKERS_MAX;

	if (want > r->p->jobs)
		want = r->p->jobs;
	for (; r->worker_count < want; r->worker_count++) {
		struct worker *w = &r->workers[r->worker_count];

		/* With fewer than wanted it takes longer, that is all. */
		if (start(r, w, err) < 0)
			return r->worker_count ? 0 : -1;
		hand_out(r, w);
	}
	return 0;
}

/* What was through may have been what others waited for. */
static void wake_idle(struct running *r)
{
	for (size_t i = 0; i < r->worker_count; i++)
		if (r->workers[i].pid && r->workers[i].job == NO_JOB)
			hand_out(r, &r->workers[i]);
}

static int run_with_workers(struct running *r, struct err *err)
{
	int rc = start_all(r, err);

	while (rc == 0 && r->busy && !r->stopped) {
		rc = turn(r, err);
		tell(r);
		if (r->p->turn)
			wake_idle(r);
	}
	for (size_t i = 0; i < r->worker_count; i++) {
		if (r->workers[i].pid && r->workers[i].job != NO_JOB)
			kill(r->workers[i].pid, SIGKILL);
		end(r, &r->workers[i], NULL);
	}
	return rc;
}

static bool is_stopped(const struct pool *p)
{
	struct pollfd fd = { p->stop_fd, POLLIN, 0 };

	return poll(&fd, 1, 0) > 0;
}

static void run_here(struct running *r)
{
	size_t job;

	while (!r->stopped && (job = next_job(r)) != NO_JOB) {
		struct buf out;

		buf_init(&out, r->p->bytes_max);
		r->p->work(r->p->arg, job, &out);
		note(r, job, POOL_DONE, buf_view(&out));
		buf_release(&out);
		tell(r);
		r->stopped |= is_stopped(r->p);
	}
}

int pool_run(const struct pool *p, struct err *err)
{
	struct running *r = calloc(1, sizeof(*r));
	int rc = 0;

	assert(r);
	r->p = p;
	r->outcomes = calloc(p->jobs + 1, sizeof(*r->outcomes));
	assert(r->outcomes);
	if (p->workers)
		rc = run_with_workers(r, err);
	else
		run_here(r);
	tell_rest(r);
	free(r->outcomes);
	free(r);
	return rc;
}
