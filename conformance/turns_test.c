/*
 * Goal: never more than so many processes have a turn; a dead one's is free
 * again; who waited long enough goes on without.
 * Method: processes that count themselves in shared memory while they have one.
 */
#include "conformance/turns.h"

#include "sim/clock.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 12, ROUNDS = 5 };

struct counts {
	atomic_int now, most, rounds;
};

static struct turns turns;
static struct counts *counts;

static void set_up(void)
{
	struct err err = { 0 };

	ck_assert(turns_init(&turns, 3, &err) == 0);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(counts != MAP_FAILED);
}

static void tear_down(void)
{
	munmap(counts, sizeof(*counts));
	turns_release(&turns);
}

static void go_round(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int now, most;

		if (turns_take(&turns, 60 * NS_PER_S) < 0)
			_exit(1);
		now = atomic_fetch_add(&counts->now, 1) + 1;
		most = atomic_load(&counts->most);
		while (now > most && !atomic_compare_exchange_weak(&counts->most, &most, now))
			;
		poll(NULL, 0, 1);
		atomic_fetch_sub(&counts->now, 1);
		turns_give(&turns);
		atomic_fetch_add(&counts->rounds, 1);
	}
	_exit(0);
}

START_TEST(no_more_than_so_many)
{
	int status;

	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			go_round();
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	ck_assert_int_eq(atomic_load(&counts->rounds), PROCESSES * ROUNDS);
	ck_assert_int_ge(atomic_load(&counts->most), 1);
	ck_assert_int_le(atomic_load(&counts->most), 3);
}
END_TEST

/* Ends with a turn in its hand, when it is told to. */
static pid_t hold_one(int *ready)
{
	int fds[2];
	pid_t pid;

	ck_assert(pipe(fds) == 0);
	pid = fork();
	if (pid == 0) {
		if (turns_take(&turns, 0) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(fds[1]);
	*ready = fds[0];
	return pid;
}

START_TEST(a_dead_one_has_none)
{
	pid_t holders[3];
	char byte;
	int ready;

	for (int i = 0; i < 3; i++) {
		holders[i] = hold_one(&ready);
		ck_assert(read(ready, &byte, 1) == 1);
		close(ready);
	}
	/* All are taken, and waiting has an end. */
	ck_assert_int_eq(turns_take(&turns, 30 * NS_PER_MS), -1);
	turns_give(&turns);
	kill(holders[1], SIGKILL);
	waitpid(holders[1], NULL, 0);
	ck_assert_int_eq(turns_take(&turns, 0), 0);
	turns_give(&turns);
	ck_assert_int_eq(turns_take(&turns, 0), 0);
	for (int i = 0; i < 3; i += 2) {
		kill(holders[i], SIGKILL);
		waitpid(holders[i], NULL, 0);
	}
}
END_TEST

START_TEST(without_any_all_go_on)
{
	turns_release(&turns);
	ck_assert_int_eq(turns_take(&turns, NS_PER_S), -1);
	turns_give(&turns);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("turns");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, no_more_than_so_many);
	tcase_add_test(tc, a_dead_one_has_none);
	tcase_add_test(tc, without_any_all_go_on);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
