/*
 * Goal: messages in memory take exactly their simulated time, cost little,
 * and come in the same order each time.  What both networks must do alike is
 * in network_test.c.
 */
#include "sim/memnet.h"
#include "sim/rng.h"

#include <check.h>
#include <stdlib.h>

struct rig {
	struct http_handler handler;	/* first: a rig is a handler */
	struct loop loop;
	struct eventlog log;
	struct eventlog_listener listener;
	struct network *net;
	struct buf seen;
	struct rng rng;
	int left, done;
	int64_t there_ns, back_ns, work_ns;
};

static void reply(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_respond(x, 200, "text/plain", x->req.path);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct rig *rig = (struct rig *)h;

	if (rig->work_ns)
		http_delay(x, rig->work_ns, reply, NULL);
	else
		reply(x, NULL);
}

static int64_t travel(void *arg, const struct http_call *c, enum http_leg leg)
{
	struct rig *rig = arg;

	(void)c;
	return leg == HTTP_LEG_REQUEST ? rig->there_ns : rig->back_ns;
}

static void keep_line(struct eventlog_listener *l, const struct event *e,
		      struct str line)
{
	struct rig *rig = (struct rig *)((char *)l - offsetof(struct rig, listener));

	(void)e;
	buf_str(&rig->seen, line);
	buf_char(&rig->seen, '\n');
}

static void rig_init(struct rig *rig, uint64_t seed)
{
	struct err err = { 0 };

	*rig = (struct rig){ .handler = { handle } };
	loop_init(&rig->loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	eventlog_init(&rig->log, &rig->loop.clock);
	buf_init(&rig->seen, 16 << 20);
	rig->net = memnet_new(&rig->loop, &rig->log);
	rig->net->travel = travel;
	rig->net->travel_arg = rig;
	rng_init(&rig->rng, seed, STR("memnet"), STR("test"));
	ck_assert_int_eq(network_listen(rig->net, "h.rig", "h", &rig->handler, &err), 0);
}

static void listen_to_events(struct rig *rig)
{
	rig->listener = (struct eventlog_listener){ .tell = keep_line, .wants_line = true };
	eventlog_listen(&rig->log, &rig->listener);
}

static void rig_release(struct rig *rig)
{
	network_release(rig->net);
	loop_release(&rig->loop);
	eventlog_release(&rig->log);
	buf_release(&rig->seen);
}

static void rig_run(struct rig *rig)
{
	struct err err = { 0 };

	ck_assert_msg(loop_run(&rig->loop, &err) == 0, "%s", err.msg);
}

static void note_done(struct http_call *c)
{
	struct rig *rig = c->owner;

	rig->done++;
	buf_printf(&rig->seen, "%s at %lld\n", http_failure_name(c->failure),
		   (long long)loop_now(&rig->loop).ns);
}

static struct http_call *call_new(struct rig *rig, const char *path)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(rig->net, STR("me"), "GET", &err,
					    "http://h.rig%s", path);

	ck_assert_msg(c != NULL, "%s", err.msg);
	c->owner = rig;
	c->done = note_done;
	return c;
}

/* The clock stands exactly where the sum of all delays says. */
static const struct {
	int64_t there, work, back, limit;
	const char *expected;
} journeys[] = {
	{ 0, 0, 0, 100, "answered at 0\n" }, { 10, 0, 0, 100, "answered at 10\n" },
	{ 10, 20, 30, 100, "answered at 60\n" }, { 10, 20, 30, 61, "answered at 60\n" },
	{ 10, 20, 30, 59, "timeout at 59\n" }, { 10, 20, 30, 30, "timeout at 30\n" },
	{ 10, 20, 30, 29, "timeout at 29\n" }, { 10, 20, 30, 9, "timeout at 9\n" },
	{ 0, 0, 0, INT64_MAX, "answered at 0\n" }, { 10, INT64_MAX, 0, 50, "timeout at 50\n" },
	{ INT64_MAX, 0, 0, 50, "timeout at 50\n" }, { 0, 0, INT64_MAX, 50, "timeout at 50\n" },
	{ 5, 6, 7, INT64_MAX, "answered at 18\n" },
};

START_TEST(time_on_the_way)
{
	struct http_call *c;
	struct rig rig;

	rig_init(&rig, 1);
	rig.there_ns = journeys[_i].there;
	rig.work_ns = journeys[_i].work;
	rig.back_ns = journeys[_i].back;
	c = call_new(&rig, "/x");
	c->timeout_ns = journeys[_i].limit;
	http_call_send(c);
	rig_run(&rig);
	ck_assert_str_eq(rig.seen.p, journeys[_i].expected);
	rig_release(&rig);
}
END_TEST

static void again(struct http_call *c)
{
	struct rig *rig = c->owner;
	struct http_call *next;

	rig->done++;
	if (rig->left-- > 0) {
		next = call_new(rig, "/again");
		next->done = again;
		next->timeout_ns = (int64_t)rng_below(&rig->rng, 50) * NS_PER_MS;
		rig->there_ns = (int64_t)rng_below(&rig->rng, 30) * NS_PER_MS;
		rig->work_ns = (int64_t)rng_below(&rig->rng, 3) * NS_PER_MS;
		http_call_send(next);
	}
}

/* A crowd of callers with random delays and time limits. */
static void crowd(struct rig *rig, uint64_t seed)
{
	rig_init(rig, seed);
	listen_to_events(rig);
	rig->left = 2000;
	for (int i = 0; i < 50; i++) {
		struct http_call *c = call_new(rig, "/first");

		c->done = again;
		http_call_send(c);
	}
	rig_run(rig);
	ck_assert_int_eq(rig->done, 2050);
}

START_TEST(same_seed_same_log)
{
	struct rig a, b, other;

	crowd(&a, 7);
	crowd(&b, 7);
	crowd(&other, 8);
	ck_assert_uint_gt(a.seen.n, 100000);
	ck_assert(str_eq(buf_view(&a.seen), buf_view(&b.seen)));
	ck_assert(!str_eq(buf_view(&a.seen), buf_view(&other.seen)));
	rig_release(&a);
	rig_release(&b);
	rig_release(&other);
}
END_TEST

START_TEST(the_two_events)
{
	struct rig rig;

	rig_init(&rig, 1);
	listen_to_events(&rig);
	rig.there_ns = 2 * NS_PER_S;
	rig.work_ns = 3 * NS_PER_S;
	rig.back_ns = 4 * NS_PER_S;
	http_call_send(call_new(&rig, "/p?q=1"));
	rig_run(&rig);
	ck_assert_str_eq(rig.seen.p,
		"{\"t\":2.000000,\"party\":\"h\",\"event\":\"request\",\"from\":\"me\",\"id\":1,"
		"\"method\":\"GET\",\"path\":\"/p\",\"query\":\"q=1\",\"sent\":0.000000}\n"
		"{\"t\":9.000000,\"party\":\"me\",\"event\":\"response\",\"to\":\"h\",\"id\":1,"
		"\"status\":200,\"bytes\":2,\"sent\":5.000000}\n"
		"answered at 9000000000\n");
	rig_release(&rig);
}
END_TEST

/* A call that is answered at once costs three turns and no new memory. */
START_TEST(frugal)
{
	uint64_t turns;
	struct rig rig;

	rig_init(&rig, 1);
	http_call_send(call_new(&rig, "/x"));
	rig_run(&rig);
	for (int i = 0; i < 100; i++) {
		struct http_call *c = call_new(&rig, "/x"), *before = c;

		turns = rig.loop.turns;
		http_call_send(c);
		rig_run(&rig);
		ck_assert_uint_le(rig.loop.turns - turns, 4);
		c = call_new(&rig, "/x");
		ck_assert_ptr_eq(c, before);	/* the same piece of memory again */
		ck_assert_int_eq(c->id == 0 && c->failure == HTTP_OK &&
				 c->req.headers.count == 0, true);
		http_call_cancel(c);
	}
	rig_release(&rig);
}
END_TEST

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *suite = suite_create("sim/memnet");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, time_on_the_way, 0, LEN(journeys));
	tcase_add_test(tc, same_seed_same_log);
	tcase_add_test(tc, the_two_events);
	tcase_add_test(tc, frugal);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
