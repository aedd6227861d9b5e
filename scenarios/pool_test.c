/*
 * Goal: every job has one outcome, told in order, whatever the workers do.
 * Method: jobs that are quick, slow, large, or kill their worker.
 */
#include "scenarios/pool.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS = 40, LARGE = 300000 };

struct told {
	size_t count;
	enum pool_outcome outcomes[JOBS];
	size_t lengths[JOBS];
	char texts[JOBS][80];
	size_t refuse_at;	/* done() says no here */
	size_t slow;		/* this job takes a while */
	size_t dies;		/* this one's worker is killed */
	size_t endless;		/* this one never ends, */
	size_t stops;		/* nor this one, which says "stop" here: */
	int stop_fd;
	bool through[JOBS];	/* with turns: told of */
};

static void nap(int ms)
{
	poll(NULL, 0, ms);
}

static void work(void *arg, size_t job, struct buf *out)
{
	const struct told *t = arg;

	if (job == t->slow)
		nap(50);
	if (job == t->dies)
		raise(SIGKILL);
	if (job == t->stops && write(t->stop_fd, "x", 1) != 1)
		return;
	while (job == t->endless || job == t->stops)
		nap(1000);
	buf_printf(out, "job %zu", job);
	if (job % 7 == 3)
		for (int i = 0; i < LARGE; i++)
			buf_char(out, 'x');
}

static bool done(void *arg, size_t job, enum pool_outcome outcome, struct str bytes)
{
	struct told *t = arg;

	ck_assert_uint_eq(job, t->count);
	t->outcomes[job] = outcome;
	t->lengths[job] = bytes.n;
	snprintf(t->texts[job], sizeof(t->texts[job]), "%.*s",
		 (int)(bytes.n < 79 ? bytes.n : 79), bytes.p ? bytes.p : "");
	t->count++;
	return job != t->refuse_at;
}

static const struct told nothing = {
	.refuse_at = JOBS, .slow = JOBS, .dies = JOBS, .endless = JOBS,
	.stops = JOBS,
};

static void run(struct told *t, size_t workers, int stop_fd)
{
	struct pool p = {
		.work = work, .done = done, .arg = t, .jobs = JOBS,
		.workers = workers, .stop_fd = stop_fd, .bytes_max = 1 << 20,
	};
	struct err err = { 0 };

	ck_assert_msg(pool_run(&p, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(t->count, JOBS);
}

static void check_done(const struct told *t, size_t job)
{
	char want[80];

	snprintf(want, sizeof(want), "job %zu", job);
	ck_assert_int_eq(t->outcomes[job], POOL_DONE);
	ck_assert_msg(strncmp(t->texts[job], want, strlen(want)) == 0, "%s",
		      t->texts[job]);
	ck_assert_uint_eq(t->lengths[job],
			  strlen(want) + (job % 7 == 3 ? LARGE : 0));
}

/* _i workers; 0 is none, 60 more than there are jobs. */
START_TEST(all_in_order)
{
	struct told t = nothing;

	t.slow = 2;
	run(&t, (size_t)_i * 20, -1);
	for (size_t i = 0; i < JOBS; i++)
		check_done(&t, i);
}
END_TEST

START_TEST(a_death_costs_one_job)
{
	struct told t = nothing;

	/* The first, one in the middle, the last; with one and three workers. */
	t.dies = (size_t[]){ 0, 17, JOBS - 1 }[_i % 3];
	run(&t, _i < 3 ? 1 : 3, -1);
	for (size_t i = 0; i < JOBS; i++)
		if (i != t.dies)
			check_done(&t, i);
	ck_assert_int_eq(t.outcomes[t.dies], POOL_CRASHED);
	ck_assert_str_eq(t.texts[t.dies], "signal 9 (Killed)");
}
END_TEST

START_TEST(no_more_after_a_refusal)
{
	struct told t = nothing;

	t.refuse_at = 5;
	run(&t, (size_t)_i, -1);
	for (size_t i = 0; i < JOBS; i++)
		if (i <= 5)
			check_done(&t, i);
		else
			ck_assert_int_eq(t.outcomes[i], POOL_NOT_RUN);
}
END_TEST

/* The last one begins when all but the endless one are through. */
START_TEST(a_stop_tells_what_is_through)
{
	struct told t = nothing;
	int pipe_fds[2];

	ck_assert_int_eq(pipe(pipe_fds), 0);
	t.endless = 1;
	t.stops = JOBS - 1;
	t.stop_fd = pipe_fds[1];
	run(&t, 2, pipe_fds[0]);
	for (size_t i = 0; i < JOBS; i++)
		if (i == t.endless || i == t.stops)
			ck_assert_int_eq(t.outcomes[i], POOL_NOT_RUN);
		else
			check_done(&t, i);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
END_TEST

/* Each waits for the one seven before it; every tenth need not be done. */
static enum pool_turn after_seven(void *arg, size_t job)
{
	const struct told *t = arg;

	if (job % 10 == 9)
		return POOL_NEVER;
	return job < 7 || (job - 7) % 10 == 9 || t->through[job - 7] ?
		       POOL_NOW : POOL_LATER;
}

static bool done_in_turn(void *arg, size_t job, enum pool_outcome outcome,
			 struct str bytes)
{
	struct told *t = arg;

	(void)bytes;
	ck_assert(!t->through[job]);
	ck_assert_uint_ne(job % 10, 9);
	t->through[job] = true;
	t->outcomes[job] = outcome;
	t->count++;
	return true;
}

static void run_in_turn(struct told *t, size_t workers,
			enum pool_turn (*turn)(void *, size_t), int stop_fd)
{
	struct pool p = {
		.work = work, .done = done_in_turn, .turn = turn, .arg = t,
		.jobs = JOBS, .workers = workers, .stop_fd = stop_fd,
		.bytes_max = 1 << 20,
	};
	struct err err = { 0 };

	ck_assert_msg(pool_run(&p, &err) == 0, "%s", err.msg);
}

START_TEST(each_in_its_turn)
{
	struct told t = nothing;

	t.slow = 3;
	t.dies = 12;
	if (_i == 0)	/* in this process */
		t.dies = JOBS;
	run_in_turn(&t, (size_t)_i * 5, after_seven, -1);
	ck_assert_uint_eq(t.count, JOBS - JOBS / 10);
	for (size_t i = 0; i < JOBS; i++)
		if (i % 10 != 9)
			ck_assert_int_eq(t.outcomes[i], i == t.dies ?
					 POOL_CRASHED : POOL_DONE);
}
END_TEST

static enum pool_turn odd_ones_never_come(void *arg, size_t job)
{
	(void)arg;
	return job % 10 == 9 ? POOL_NEVER : job % 2 ? POOL_LATER : POOL_NOW;
}

/* Nobody is left who could make it their turn: no hang, and all are told of. */
START_TEST(whose_turn_never_comes_is_not_run)
{
	struct told t = nothing;

	run_in_turn(&t, (size_t)_i * 3, odd_ones_never_come, -1);
	ck_assert_uint_eq(t.count, JOBS - JOBS / 10);
	for (size_t i = 0; i < JOBS; i++)
		if (i % 10 != 9)
			ck_assert_int_eq(t.outcomes[i], i % 2 ?
					 POOL_NOT_RUN : POOL_DONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/pool");
	TCase *tc = tcase_create("pool");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, all_in_order, 0, 4);
	tcase_add_loop_test(tc, a_death_costs_one_job, 0, 6);
	tcase_add_loop_test(tc, no_more_after_a_refusal, 0, 4);
	tcase_add_loop_test(tc, each_in_its_turn, 0, 4);
	tcase_add_loop_test(tc, whose_turn_never_comes_is_not_run, 0, 3);
	tcase_add_test(tc, a_stop_tells_what_is_through);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
