/*
 * Goal: what workers share holds when they use it at once, and when they are
 * killed with it: one has the turn, the bell is heard, the throttle counts all.
 * Method: processes that are forked, and memory of the test's own that shows
 * what they did.
 */
#include "server/share.h"

#include "server/robust.h"
#include "sim/rng.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, ROUNDS = 3000, LIMIT = 500 };

#define LONG_NS (20 * NS_PER_S)

static struct share *sh;
static volatile struct seen {
	uint64_t value, twice;		/* of that; without the lock not for long */
	uint64_t count[PROCESSES];
} *seen;

static void setup(void)
{
	struct err err = { 0 };

	sh = share_new(&err);
	ck_assert_msg(sh != NULL, "%s", err.msg);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	ck_assert(seen != MAP_FAILED);
}

static void teardown(void)
{
	share_free(sh);
	munmap((void *)(uintptr_t)seen, sizeof(*seen));
}

/* In processes that are forked: libcheck's own messages, from several at once or
 * cut off by a kill, are nothing that it can read. */
static void insist(bool holds)
{
	if (!holds)
		abort();
}

static pid_t process(void (*work)(int), int which)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	work(which);
	_exit(0);
}

static void must_end(pid_t pid, int how)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, how);
}

/* ---- The turn. ---------------------------------------------------------- */

static void write_once(int which)
{
	insist(share_take_turn(sh, LONG_NS));
	insist(seen->twice == 2 * seen->value);
	seen->value = seen->value + 1;
	seen->twice = 2 * seen->value;
	seen->count[which] = seen->count[which] + 1;
	share_give_turn(sh);
}

static void write_often(int which)
{
	for (int i = 0; i < ROUNDS; i++)
		write_once(which);
}

START_TEST(one_at_a_time)
{
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = process(write_often, i);
	for (int i = 0; i < PROCESSES; i++)
		must_end(pids[i], 0);
	ck_assert_uint_eq(seen->value, PROCESSES * ROUNDS);
}
END_TEST

static void hold(int which)
{
	insist(share_take_turn(sh, LONG_NS));
	seen->count[which] = 1;
	pause();
}

START_TEST(who_is_killed_gives_it_back)
{
	pid_t pid = process(hold, 0);
	int64_t began;

	while (!seen->count[0])
		poll(NULL, 0, 1);
	began = clock_machine_ns();
	ck_assert(!share_take_turn(sh, 50 * NS_PER_MS));
	ck_assert_int_ge(clock_machine_ns() - began, 50 * NS_PER_MS);
	kill(pid, SIGKILL);
	must_end(pid, SIGKILL);
	ck_assert(share_take_turn(sh, 0));
	share_give_turn(sh);
}
END_TEST

static void write_for_ever(int which)
{
	for (;;) {
		insist(share_take_turn(sh, LONG_NS));
		seen->value = seen->value + 1;
		seen->count[which] = seen->count[which] + 1;
		share_give_turn(sh);
	}
}

/* At random moments, among others that wait for it: they go on. */
START_TEST(killed_at_any_moment)
{
	pid_t pids[PROCESSES];
	struct rng rng;

	rng_init(&rng, 1, STR("share"), STR("kills"));
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = process(write_for_ever, i);
	for (int kills = 0; kills < 60; kills++) {
		int which = (int)rng_below(&rng, PROCESSES);
		uint64_t before;

		poll(NULL, 0, (int)rng_below(&rng, 4));
		kill(pids[which], SIGKILL);
		must_end(pids[which], SIGKILL);
		ck_assert(share_take_turn(sh, LONG_NS));
		before = seen->value;
		share_give_turn(sh);
		while (seen->value == before)
			poll(NULL, 0, 1);
		pids[which] = process(write_for_ever, which);
	}
	for (int i = 0; i < PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		must_end(pids[i], SIGKILL);
	}
}
END_TEST

/* ---- The bell. ---------------------------------------------------------- */

static bool rings(void)
{
	struct pollfd p = { .fd = share_bell(sh), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void ring(int which)
{
	for (int i = 0; i <= which; i++)
		share_ring(sh);
}

START_TEST(bell)
{
	ck_assert(!rings());
	must_end(process(ring, 2), 0);
	ck_assert(rings());
	share_heard(sh);
	ck_assert(!rings());
	share_heard(sh);	/* nobody rang: does not wait for it */
	share_ring(sh);
	ck_assert(rings());
}
END_TEST

static void ask_many(int which)
{
	for (int i = 0; i < which; i++)
		share_ask(sh, 1000 + i);
}

START_TEST(asked)
{
	bool got[30] = { false };
	int64_t rid;

	must_end(process(ask_many, 30), 0);
	ck_assert(rings());
	while ((rid = share_asked(sh))) {
		ck_assert(rid >= 1000 && rid < 1030 && !got[rid - 1000]);
		got[rid - 1000] = true;
	}
	for (int i = 0; i < 30; i++)
		ck_assert(got[i]);
	/* Too many: the bell rings all the same, and there is an end. */
	must_end(process(ask_many, 5000), 0);
	ck_assert(rings());
	for (int i = 0; share_asked(sh); i++)
		ck_assert_int_lt(i, 5000);
	ck_assert_int_eq(share_asked(sh), 0);
}
END_TEST

/* ---- The throttle. ------------------------------------------------------ */

static void ask_throttle(int which)
{
	struct throttle t;
	struct loop loop;

	loop_init(&loop, CLOCK_KIND_REAL, 1, 0);
	throttle_init(&t, &loop, LIMIT);
	throttle_share(&t, share_throttle(sh, SHARE_REQUESTS));
	for (int i = 0; i < 2 * LIMIT; i++)
		if (throttle_take(&t, STR("ann"), true) == 0)
			seen->count[which] = seen->count[which] + 1;
	insist(throttle_take(&t, STR("ann"), true) > 0);
	insist(throttle_take(&t, STR("bob"), false) == 0);
	throttle_release(&t);
	loop_release(&loop);
}

START_TEST(one_throttle)
{
	int64_t began = clock_machine_ns();
	pid_t pids[PROCESSES];
	uint64_t sum = 0;

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = process(ask_throttle, i);
	for (int i = 0; i < PROCESSES; i++)
		must_end(pids[i], 0);
	for (int i = 0; i < PROCESSES; i++)
		sum += seen->count[i];
	if (clock_machine_ns() - began < 9 * NS_PER_S)
		ck_assert_uint_eq(sum, LIMIT);
}
END_TEST

static void ask_for_ever(int which)
{
	struct throttle t;
	struct loop loop;

	loop_init(&loop, CLOCK_KIND_REAL, 1, 0);
	throttle_init(&t, &loop, LIMIT);
	throttle_share(&t, share_throttle(sh, SHARE_GUESSES));
	for (;;) {
		char name[16];

		/* Many names, so that most of the time one is taken out. */
		snprintf(name, sizeof(name), "%llu", (unsigned long long)seen->count[which]);
		throttle_take(&t, str_of(name), true);
		seen->count[which] = seen->count[which] + 1;
	}
}

/* A table that was left in the middle of a change is begun anew. */
START_TEST(throttle_of_the_killed)
{
	for (int i = 0; i < 40; i++) {
		uint64_t before = seen->count[0];
		pid_t pid = process(ask_for_ever, 0);

		while (seen->count[0] < before + 50 + (uint64_t)(i * 37 % 200))
			;
		kill(pid, SIGKILL);
		must_end(pid, SIGKILL);
	}
	ask_throttle(1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/share");
	TCase *tc = tcase_create("share");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, one_at_a_time);
	tcase_add_test(tc, who_is_killed_gives_it_back);
	tcase_add_test(tc, killed_at_any_moment);
	tcase_add_test(tc, bell);
	tcase_add_test(tc, asked);
	tcase_add_test(tc, one_throttle);
	tcase_add_test(tc, throttle_of_the_killed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
