/*
 * Goal: timers fire in the order of their times, ties in the order of arming,
 * whatever callbacks do to each other.
 * Method: the promises of loop.h one by one, and a random play on the loop
 * and on a plain list from which the least (time, number) is taken.
 */
#include "sim/loop.h"
#include "sim/rng.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

struct play;

struct ticker {
	struct timer timer;	/* first: a timer is a ticker */
	struct play *play;
	int number;
};

struct play {
	struct loop loop;
	struct ticker t[64];
	int fired[300000];
	int64_t at[300000];
	int count;
	void (*on_fire)(struct play *, int number);
	struct rng rng;
};

static void fire(struct timer *t)
{
	struct ticker *k = (struct ticker *)t;
	struct play *p = k->play;

	p->at[p->count] = loop_now(&p->loop).ns;
	p->fired[p->count++] = k->number;
	if (p->on_fire)
		p->on_fire(p, k->number);
}

static struct play *play_new(enum clock_kind kind)
{
	struct play *p = calloc(1, sizeof(*p));

	ck_assert_ptr_nonnull(p);
	loop_init(&p->loop, kind, 1.0, 0);
	for (int i = 0; i < 64; i++)
		p->t[i] = (struct ticker){ { fire, 0 }, p, i };
	return p;
}

static void arm(struct play *p, int number, int64_t ns)
{
	loop_arm(&p->loop, &p->t[number].timer, ns);
}

static void play_run(struct play *p)
{
	struct err err = { 0 };

	ck_assert_msg(loop_run(&p->loop, &err) == 0, "%s", err.msg);
}

static void play_free(struct play *p)
{
	loop_release(&p->loop);
	free(p);
}

static void expect(struct play *p, const int *numbers, int count)
{
	ck_assert_int_eq(p->count, count);
	for (int i = 0; i < count; i++)
		ck_assert_msg(p->fired[i] == numbers[i], "%d. was %d, not %d", i,
			      p->fired[i], numbers[i]);
}

#define EXPECT(p, ...) \
	expect((p), (const int[]){ __VA_ARGS__ }, \
	       (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)))

START_TEST(order_and_ties)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);

	arm(p, 0, 30);
	arm(p, 1, 10);
	arm(p, 2, 10);
	arm(p, 3, 0);
	arm(p, 4, 20);
	arm(p, 5, 0);
	arm(p, 1, 10);		/* armed again: now behind 2 */
	arm(p, 6, 5);
	loop_disarm(&p->loop, &p->t[6].timer);
	arm(p, 7, INT64_MAX);	/* never */
	ck_assert(!timer_armed(&p->t[6].timer) && !timer_armed(&p->t[7].timer));
	ck_assert(timer_armed(&p->t[3].timer));
	play_run(p);
	EXPECT(p, 3, 5, 2, 1, 4, 0);
	ck_assert_int_eq(loop_now(&p->loop).ns, 30);
	ck_assert(!timer_armed(&p->t[0].timer));
	play_free(p);
}
END_TEST

static void disarm_others(struct play *p, int number)
{
	if (number == 0) {
		loop_disarm(&p->loop, &p->t[1].timer);
		loop_disarm(&p->loop, &p->t[3].timer);
		loop_disarm(&p->loop, &p->t[0].timer);	/* itself: harmless */
		arm(p, 2, 7);
	}
}

START_TEST(disarmed_by_a_neighbour)
{
	for (int64_t delay = 0; delay < 2; delay++) {
		struct play *p = play_new(CLOCK_KIND_VIRTUAL);

		p->on_fire = disarm_others;
		for (int i = 0; i < 5; i++)
			arm(p, i, delay);
		play_run(p);
		EXPECT(p, 0, 4, 2);
		play_free(p);
	}
}
END_TEST

static void rearm_at_once(struct play *p, int number)
{
	if (number == 0 && p->count < 4)
		arm(p, 0, 0);
}

/* What a callback arms waits for a later turn, so others get their turn. */
START_TEST(no_delay_still_waits_a_turn)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);

	p->on_fire = rearm_at_once;
	arm(p, 0, 0);
	arm(p, 1, 0);
	arm(p, 2, 0);
	play_run(p);
	EXPECT(p, 0, 1, 2, 0);
	ck_assert_uint_ge(p->loop.turns, 2);
	play_free(p);
}
END_TEST

static void for_ever(struct play *p, int number)
{
	p->count = 0;
	arm(p, number, 0);
}

START_TEST(standing_still_is_an_error)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);
	struct err err = { 0 };

	p->on_fire = for_ever;
	p->loop.turn_limit = 1000;
	arm(p, 0, NS_PER_S);
	ck_assert_int_eq(loop_run(&p->loop, &err), -1);
	ck_assert_int_eq(err.code, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.msg, "1.000000"));
	ck_assert_uint_le(p->loop.turns, 1005);
	loop_disarm(&p->loop, &p->t[0].timer);
	play_free(p);
}
END_TEST

static void step_on(struct play *p, int number)
{
	if (p->count < 5000)
		arm(p, number, 1);
}

/* Many turns are fine as long as time moves, if only by a nanosecond. */
START_TEST(moving_is_no_error)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);

	p->on_fire = step_on;
	p->loop.turn_limit = 3;
	arm(p, 0, 0);
	play_run(p);
	ck_assert_int_eq(p->count, 5000);
	ck_assert_int_eq(loop_now(&p->loop).ns, 4999);
	play_free(p);
}
END_TEST

/* The ring of timers without delay grows while its head is in the middle. */
START_TEST(ring_of_many)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);
	struct ticker *many = calloc(1000, sizeof(*many));
	int next = 0;

	ck_assert_ptr_nonnull(many);
	for (int i = 0; i < 1000; i++)
		many[i] = (struct ticker){ { fire, 0 }, p, i };
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 40 + round * 400; i++)
			loop_arm(&p->loop, &many[i].timer, 0);
		for (int i = 0; i < 40 + round * 400; i += 3)
			loop_disarm(&p->loop, &many[i].timer);
		play_run(p);
		for (int i = 0; i < 40 + round * 400; i++)
			if (i % 3)
				ck_assert_int_eq(p->fired[next++], i);
		ck_assert_int_eq(p->count, next);
	}
	free(many);
	play_free(p);
}
END_TEST

struct note {
	struct task task;	/* first: a task is a note */
	struct play *play;
	int number;
	struct note *also;
};

static void write_note(struct task *t)
{
	struct note *n = (struct note *)t;

	n->play->fired[n->play->count++] = n->number;
	if (n->also)
		loop_defer(&n->play->loop, &n->also->task);
}

static struct note *notes;

static void defer_twice(struct play *p, int number)
{
	if (number == 0) {
		loop_defer(&p->loop, &notes[1].task);
		loop_defer(&p->loop, &notes[0].task);
		loop_defer(&p->loop, &notes[1].task);	/* already there */
	}
}

START_TEST(tasks_run_at_the_end_of_the_turn)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);
	struct note n[3] = {
		{ { write_note, NULL, false }, p, 100, NULL },
		{ { write_note, NULL, false }, p, 101, &n[2] },
		{ { write_note, NULL, false }, p, 102, NULL },
	};

	notes = n;
	p->on_fire = defer_twice;
	arm(p, 0, 5);
	arm(p, 1, 5);
	arm(p, 2, 6);
	play_run(p);
	EXPECT(p, 0, 1, 101, 100, 102, 2);
	play_free(p);
}
END_TEST

/* First, middle and last of the list, and one that is not in it. */
START_TEST(tasks_are_taken_back)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);
	struct note n[4];

	for (int i = 0; i < 4; i++)
		n[i] = (struct note){ { write_note, NULL, false }, p, 100 + i, NULL };
	for (int i = 0; i < 3; i++)
		loop_defer(&p->loop, &n[i].task);
	loop_undefer(&p->loop, &n[3].task);
	loop_undefer(&p->loop, &n[_i].task);
	loop_undefer(&p->loop, &n[_i].task);
	loop_defer(&p->loop, &n[3].task);
	play_run(p);
	if (_i == 0)
		EXPECT(p, 101, 102, 103);
	else if (_i == 1)
		EXPECT(p, 100, 102, 103);
	else
		EXPECT(p, 100, 101, 103);
	play_free(p);
}
END_TEST

static void stop_here(struct play *p, int number)
{
	if (number == 1)
		loop_stop(&p->loop);
}

START_TEST(stop_and_go_on)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);

	p->on_fire = stop_here;
	arm(p, 0, 5);
	arm(p, 1, 5);
	arm(p, 2, 5);
	play_run(p);
	EXPECT(p, 0, 1);
	play_run(p);
	EXPECT(p, 0, 1, 2);
	play_free(p);
}
END_TEST

static void count_call(void *arg)
{
	++*(int *)arg;
}

START_TEST(observer_sees_each_callback)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);
	struct note n = { { write_note, NULL, false }, p, 100, NULL };
	int calls = 0;

	p->loop.observer = count_call;
	p->loop.observer_arg = &calls;
	arm(p, 0, 0);
	arm(p, 1, 1);
	loop_defer(&p->loop, &n.task);
	play_run(p);
	ck_assert_int_eq(calls, 3);
	ck_assert_int_eq(p->count, 3);
	play_free(p);
}
END_TEST

/* ---- The random play. --------------------------------------------------- */

struct pending {
	int64_t due;
	uint64_t number;
};

/* What a firing does: the same draws for the loop and for the list. */
static bool next_move(struct rng *rng, int *who, int64_t *delay)
{
	static const int64_t delays[] = { 0, 0, 0, 1, 1, 2, 5, 100, 1000, INT64_MAX };

	*who = (int)rng_below(rng, 64);
	*delay = rng_below(rng, 5) == 0 ? -1 : delays[rng_below(rng, 10)];
	return rng_below(rng, 9) < 5;
}

static void make_moves(struct play *p, int number)
{
	int64_t delay;
	bool more;
	int who;

	(void)number;
	if (p->count >= 20000)
		return;
	do {
		more = next_move(&p->rng, &who, &delay);
		if (delay < 0)
			loop_disarm(&p->loop, &p->t[who].timer);
		else
			arm(p, who, delay);
	} while (more);
}

START_TEST(like_a_list)
{
	struct play *p = play_new(CLOCK_KIND_VIRTUAL);
	struct pending list[64];
	uint64_t armed = 0;
	int64_t now = 0;
	struct rng rng;
	int count = 0;

	rng_init(&p->rng, (uint64_t)_i, STR("loop"), STR("play"));
	rng = p->rng;
	p->on_fire = make_moves;
	for (int i = 0; i < 64; i++) {
		arm(p, i, i % 7);
		list[i] = (struct pending){ i % 7, armed++ };
	}
	play_run(p);
	for (;;) {
		int least = -1, who;
		int64_t delay;
		bool more;

		for (int i = 0; i < 64; i++)
			if (list[i].due >= 0 &&
			    (least < 0 || list[i].due < list[least].due ||
			     (list[i].due == list[least].due &&
			      list[i].number < list[least].number)))
				least = i;
		if (least < 0)
			break;
		now = list[least].due;
		list[least].due = -1;
		if (count >= p->count)
			ck_abort_msg("the loop stopped after %d", count);
		if (p->fired[count] != least || p->at[count] != now)
			ck_abort_msg("%d. was %d at %lld, not %d at %lld", count,
				     p->fired[count], (long long)p->at[count], least,
				     (long long)now);
		if (++count >= 20000)
			continue;
		do {
			more = next_move(&rng, &who, &delay);
			list[who].due = delay < 0 || delay == INT64_MAX ? -1 : now + delay;
			list[who].number = armed++;
		} while (more);
	}
	ck_assert_int_eq(count, p->count);
	ck_assert_int_gt(count, 1000);
	play_free(p);
}
END_TEST

/* ---- With descriptors. --------------------------------------------------- */

struct pipe {
	struct watch watch;	/* first: a watch is a pipe */
	struct play *play;
	struct pipe *other;
	int write_fd, number;
};

static void pipe_ready(struct watch *w, uint32_t events)
{
	struct pipe *me = (struct pipe *)w;
	char c;

	ck_assert_uint_ne(events & EPOLLIN, 0);
	ck_assert_int_eq(read(w->fd, &c, 1), 1);
	me->play->fired[me->play->count++] = me->number;
	/* Both are ready in one batch: the other must not be called any more. */
	loop_unwatch(&me->play->loop, &me->other->watch);
	close(me->other->watch.fd);
	memset(&me->other->watch, 0xAA, sizeof(me->other->watch));
	loop_unwatch(&me->play->loop, w);
}

START_TEST(unwatched_in_the_same_batch)
{
	struct play *p = play_new(CLOCK_KIND_REAL);
	struct pipe a = { .play = p, .number = 1 }, b = { .play = p, .number = 2 };
	int fds[2];

	a.other = &b;
	b.other = &a;
	for (int i = 0; i < 2; i++) {
		struct pipe *me = i ? &b : &a;

		ck_assert_int_eq(pipe(fds), 0);
		me->watch = (struct watch){ fds[0], pipe_ready };
		me->write_fd = fds[1];
		ck_assert_int_eq(write(fds[1], "x", 1), 1);
		loop_watch(&p->loop, &me->watch, EPOLLIN);
	}
	play_run(p);		/* ends by itself: nothing is left */
	ck_assert_int_eq(p->count, 1);
	close(p->fired[0] == 1 ? a.watch.fd : b.watch.fd);
	close(a.write_fd);
	close(b.write_fd);
	play_free(p);
}
END_TEST

/* Turns after the one in which a descriptor was ready. */
static struct busy {
	struct timer timer;	/* first: a timer is one */
	struct play *play;
	int turns;
} busy;

static void next_turn(struct timer *t)
{
	ck_assert(loop_was_busy(&busy.play->loop) == (busy.turns == 0));
	if (++busy.turns < 3)
		loop_arm(&busy.play->loop, t, 0);
}

static void busy_turn(struct watch *w, uint32_t events)
{
	(void)events;
	ck_assert(!loop_was_busy(&busy.play->loop));	/* the one before was not */
	loop_unwatch(&busy.play->loop, w);
	loop_arm(&busy.play->loop, &busy.timer, 0);
}

START_TEST(knows_that_it_was_busy)
{
	struct play *p = play_new(CLOCK_KIND_REAL);
	struct watch w = { .ready = busy_turn };
	int fds[2];

	busy = (struct busy){ { .fire = next_turn }, p, 0 };
	ck_assert_int_eq(pipe(fds), 0);
	w.fd = fds[0];
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	loop_watch(&p->loop, &w, EPOLLIN);
	play_run(p);
	ck_assert_int_eq(busy.turns, 3);
	close(fds[0]);
	close(fds[1]);
	play_free(p);
}
END_TEST

START_TEST(closed_before_it_is_unwatched)
{
	struct play *p = play_new(CLOCK_KIND_REAL);
	struct watch w = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	w = (struct watch){ fds[0], NULL };
	loop_watch(&p->loop, &w, EPOLLIN);
	close(fds[0]);
	close(fds[1]);
	loop_unwatch(&p->loop, &w);
	arm(p, 0, 1);
	play_run(p);
	ck_assert_int_eq(p->count, 1);
	play_free(p);
}
END_TEST

START_TEST(real_timers_are_not_early)
{
	int64_t before = clock_machine_ns();
	struct play *p = play_new(CLOCK_KIND_REAL);

	arm(p, 0, 20 * NS_PER_MS);
	arm(p, 1, 5 * NS_PER_MS);
	arm(p, 2, 0);
	play_run(p);
	EXPECT(p, 2, 1, 0);
	ck_assert_int_ge(p->at[1], 5 * NS_PER_MS);
	ck_assert_int_ge(p->at[2], 20 * NS_PER_MS);
	ck_assert_int_ge(clock_machine_ns() - before, 20 * NS_PER_MS);
	play_free(p);
}
END_TEST

/* ---- A guest. --------------------------------------------------------- */

static struct play *host;
static int pipe_fds[2], pipe_heard;

static void guest_acts(struct play *guest, int number)
{
	if (number == 0)
		ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
	if (number == 1)
		loop_stop(&host->loop);
	(void)guest;
}

static void guest_hears(struct watch *w, uint32_t events)
{
	char c;

	(void)events;
	pipe_heard += read(w->fd, &c, 1) == 1;
}

/* The host's time stands all but still, and it has nothing to do for long. */
START_TEST(a_guest_lives_while_its_host_waits)
{
	struct play *guest = play_new(CLOCK_KIND_REAL);
	struct watch w = { .ready = guest_hears };
	int64_t due_ns;

	host = play_new(CLOCK_KIND_SCALED);
	clock_set_rate(&host->loop.clock, 1e-6);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	w.fd = pipe_fds[0];
	pipe_heard = 0;
	loop_watch(&guest->loop, &w, EPOLLIN);
	guest->on_fire = guest_acts;
	arm(guest, 0, 5 * NS_PER_MS);
	arm(guest, 1, 10 * NS_PER_MS);
	arm(host, 0, NS_PER_S);
	loop_host(&host->loop, &guest->loop);
	play_run(host);
	EXPECT(guest, 0, 1);
	ck_assert_int_ge(guest->at[1], 10 * NS_PER_MS);
	ck_assert_int_eq(pipe_heard, 1);
	ck_assert_int_eq(host->count, 0);
	/* The next host has it, too; and time that jumps brings what was due. */
	loop_host(&host->loop, NULL);
	due_ns = loop_next(&host->loop).ns;
	ck_assert_int_ge(due_ns, NS_PER_S);
	clock_jump(&host->loop.clock, loop_next(&host->loop));
	loop_host(&host->loop, &guest->loop);
	arm(guest, 1, 5 * NS_PER_MS);
	play_run(host);
	EXPECT(host, 0);
	ck_assert_int_ge(host->at[0], due_ns);
	ck_assert_int_le(host->at[0], due_ns + NS_PER_US);
	loop_host(&host->loop, NULL);
	loop_unwatch(&guest->loop, &w);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	play_free(host);
	play_free(guest);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/loop");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, order_and_ties);
	tcase_add_test(tc, disarmed_by_a_neighbour);
	tcase_add_test(tc, no_delay_still_waits_a_turn);
	tcase_add_test(tc, standing_still_is_an_error);
	tcase_add_test(tc, moving_is_no_error);
	tcase_add_test(tc, ring_of_many);
	tcase_add_test(tc, tasks_run_at_the_end_of_the_turn);
	tcase_add_loop_test(tc, tasks_are_taken_back, 0, 3);
	tcase_add_test(tc, stop_and_go_on);
	tcase_add_test(tc, observer_sees_each_callback);
	tcase_add_loop_test(tc, like_a_list, 0, 20);
	tcase_add_test(tc, unwatched_in_the_same_batch);
	tcase_add_test(tc, closed_before_it_is_unwatched);
	tcase_add_test(tc, knows_that_it_was_busy);
	tcase_add_test(tc, real_timers_are_not_early);
	tcase_add_test(tc, a_guest_lives_while_its_host_waits);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
