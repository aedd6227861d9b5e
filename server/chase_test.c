/*
 * Goal: of the calls that nobody waits for, few are under way at a time, and few
 * begin in a turn, most of them in turns that are not needed otherwise; all of
 * them get their turn, and a client does not wait for them.  What the EIS says is no news only if it is none.
 * Method: the fake EIS of rig_test.h, silent for a while, counts its calls.
 */
#include "server/rig_test.h"

#define PROFILES "/ws/v1/esim_profiles"

enum { MANY = 50, AT_A_TIME = 32, IN_A_TURN = 4, IDLE_EVERY = 5, TIMEOUT_S = 10, CHECK_S = 60 };

static struct rig r;

static void setup(void)
{
	rig_init(&r, NULL);
}

static void teardown(void)
{
	rig_release(&r);
}

/* Downloads with codes of their own. */
static void begin_many(void)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < MANY; i++)
		buf_printf(&b, "%s{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\","
			   "\"activation_code\":\"LPA:1$smdp.example.com$NUMBER-%d\"}",
			   i ? "," : "[", i);
	buf_char(&b, ']');
	ck_status(rig_post(&r, PROFILES "/download", b.p), 200);
	buf_release(&b);
}

static const char *enable(void)
{
	ck_status(rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\"}]"), 200);
	ck_status(rig_post(&r, PROFILES "/enable", "{\"device_id\":\"" DEVICE "\",\"eid\":\""
			   EID "\",\"iccid\":\"" ICCID1 "\"}"), 200);
	return json_at(&r, "/transaction");
}

static void ck_progress(const char *id, const char *status, const char *code)
{
	ck_status(rig_get(&r, arena_printf(&r.arena, PROFILES "/progress/%s", id).p), 200);
	ck_json(&r, "/status", status);
	ck_json(&r, "/message_code", code);
}

START_TEST(few_at_a_time)
{
	r.eis_silent = true;
	begin_many();
	rig_run(&r, 1);
	ck_assert_int_eq(r.eis_calls, AT_A_TIME);
	/* They give up; the others follow, before those that try again. */
	rig_run(&r, TIMEOUT_S);
	ck_assert_int_eq(r.eis_calls, AT_A_TIME + MANY - AT_A_TIME);
	r.eis_silent = false;
	rig_run(&r, 3 * TIMEOUT_S);
	ck_assert_int_eq(r.order_count, MANY);
}
END_TEST

/* One order after another, in the order of the requests. */
START_TEST(first_come_first_served)
{
	char secret[48];

	begin_many();
	rig_run(&r, 1);
	ck_assert_int_eq(r.order_count, MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(secret, sizeof(secret), "LPA:1$smdp.example.com$NUMBER-%d", i);
		ck_assert_str_eq(r.orders[i].secret, secret);
	}
}
END_TEST

START_TEST(after_a_restart_too)
{
	begin_many();
	rig_run(&r, 1);
	r.eis_silent = true;
	r.eis_calls = 0;
	rig_restart(&r);
	rig_run(&r, 1);
	ck_assert_int_eq(r.eis_calls, AT_A_TIME);
	r.eis_silent = false;
	rig_run(&r, TIMEOUT_S);
	ck_assert_int_ge(r.eis_calls, MANY);
}
END_TEST

/* All that are allowed are under way and hear nothing. */
START_TEST(a_client_does_not_queue)
{
	const char *last;

	r.eis_silent = true;
	begin_many();
	last = json_at(&r, arena_printf(&r.arena, "/list/%d/transaction", MANY - 1).p);
	rig_run(&r, 1);
	r.eis_silent = false;
	ck_progress(last, "in_progress", "queued");
	ck_assert_int_eq(r.order_count, 1);
	/* Nor is it placed again when its turn would have been. */
	rig_run(&r, 3 * TIMEOUT_S);
	ck_assert_int_eq(r.order_count, MANY);
	ck_assert_int_eq(r.eis_calls, AT_A_TIME + 1 + MANY - 1);
}
END_TEST

/* Somebody asks in every turn of the loop. */
static struct {
	struct timer timer;
	int turns, calls, most;
} busy;

static void forget_it(struct http_call *c)
{
	ck_assert_int_eq(c->resp.status, 200);
}

static void ask_again(struct timer *t)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r.net, STR("client"), "GET", &err,
					    "http://server.rig" PROFILES);

	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	c->done = forget_it;
	http_call_send(c);
	if (r.eis_calls - busy.calls > busy.most)
		busy.most = r.eis_calls - busy.calls;
	busy.calls = r.eis_calls;
	if (--busy.turns)
		loop_arm(&r.loop, t, 0);
}

START_TEST(requests_come_first)
{
	memset(&busy, 0, sizeof(busy));
	busy.timer.fire = ask_again;
	busy.turns = 90;
	loop_arm(&r.loop, &busy.timer, 0);
	begin_many();
	rig_run(&r, 1);
	ck_assert_int_eq(busy.most, IN_A_TURN);
	ck_assert_int_eq(busy.calls, MANY);	/* none had to wait for the end */
	ck_assert_int_eq(r.order_count, MANY);
}
END_TEST

static uint64_t first_call, last_call;	/* turns of the loop */

static void note_turns(void *keep_busy)
{
	r.loop.ready = keep_busy ? 1 : 0;	/* as if a descriptor had been */
	if (r.eis_calls && !first_call)
		first_call = r.loop.turns;
	if (r.eis_calls == MANY && !last_call)
		last_call = r.loop.turns;
}

/* A turn in which descriptors are ready is for them; one in so many is not. */
START_TEST(most_calls_begin_when_nothing_else_is_ready)
{
	const uint64_t steps = (MANY - 1) / IN_A_TURN;	/* after the first turn */

	first_call = last_call = 0;
	r.loop.observer = note_turns;
	r.loop.observer_arg = _i ? &r : NULL;
	begin_many();
	rig_run(&r, 1);
	r.loop.observer = NULL;
	ck_assert_int_eq(r.order_count, MANY);
	if (_i)
		ck_assert_uint_ge(last_call - first_call, steps * IDLE_EVERY);
	else
		ck_assert_uint_lt(last_call - first_call, steps * 2);
}
END_TEST

START_TEST(the_server_ends_with_a_queue)
{
	r.eis_silent = true;
	begin_many();
	rig_run(&r, 1);
}
END_TEST

/* The same words are no news; the words after other words are. */
START_TEST(the_same_words)
{
	const char *id = enable(), *updated;

	ck_progress(id, "in_progress", "queued");
	updated = json_at(&r, "/updated");
	rig_run(&r, CHECK_S);
	ck_progress(id, "in_progress", "queued");
	ck_json(&r, "/updated", updated);
	r.eis_status = 503;
	ck_progress(id, "in_progress", "eis_unreachable");
	r.eis_status = 0;
	ck_progress(id, "in_progress", "queued");
	rig_order_ends(&r, 0, "delivered", "");
	ck_progress(id, "in_progress", "delivered");
	ck_progress(id, "in_progress", "delivered");
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	ck_progress(id, "complete", "complete");
}
END_TEST

static size_t told(const char *text)
{
	struct str rest = buf_view(&r.events);
	size_t n = 0;

	for (long at; (at = (long)str_find(rest, str_of(text))) >= 0; n++)
		rest = (struct str){ rest.p + at + 1, rest.n - (size_t)at - 1 };
	return n;
}

/* Whoever runs the server is told of trouble, and of its end; not all the time. */
START_TEST(trouble_is_told)
{
	enum { QUIET_S = 300 };
	const char *id = enable();

	ck_progress(id, "in_progress", "queued");
	ck_assert_uint_eq(told("eis-failed") + told("eis-recovered"), 0);
	r.eis_down = true;
	rig_run(&r, 2 * CHECK_S);
	ck_assert_uint_eq(told("eis-failed"), 1);
	ck_assert(rig_logged(&r, "eis.rig: connection refused"));
	r.eis_down = false;
	rig_run(&r, CHECK_S);
	ck_assert_uint_eq(told("eis-recovered"), 1);
	r.eis_status = 401;
	rig_run(&r, CHECK_S);
	ck_assert_uint_eq(told("eis-failed"), 1);	/* too soon */
	rig_run(&r, QUIET_S);
	ck_assert_uint_eq(told("eis-failed"), 2);
	ck_assert(rig_logged(&r, "eis.rig answered 401 to GET /eis/v1/orders/o0: "
			     "expected it to take our credentials"));
	ck_assert(!rig_logged(&r, "eis-token"));
	r.eis_status = 404;
	rig_run(&r, QUIET_S + CHECK_S);
	ck_assert_uint_eq(told("eis-failed"), 3);
	ck_assert(rig_logged(&r, "404 to GET /eis/v1/orders/o0: expected an order"));
	r.eis_status = 0;
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	ck_progress(id, "complete", "complete");
	ck_assert_uint_eq(told("eis-recovered"), 2);
}
END_TEST

/* An order has an end, even if the EIS says the same for ever. */
START_TEST(the_same_words_for_too_long)
{
	enum { EXPIRY_S = 3600, VERIFY_S = 900 };
	const char *id = enable();

	ck_progress(id, "in_progress", "queued");
	rig_run(&r, EXPIRY_S + VERIFY_S - 2 * CHECK_S);
	ck_progress(id, "in_progress", "queued");
	rig_run(&r, 3 * CHECK_S);
	ck_progress(id, "unknown", "order_overdue");
}
END_TEST

/* What belongs to another order, however it got here, ends nothing. */
static const char *const of_others[] = {
	"{\"id\":\"o1\",\"status\":\"complete\"}",
	"{\"id\":\"o0\",\"eid\":\"" EID2 "\",\"status\":\"complete\"}",
	"{\"id\":\"o0\",\"deviceId\":\"" DEVICE2 "\",\"status\":\"failed\"}",
	"{\"id\":\"o0\",\"reference\":\"r\",\"status\":\"cancelled\"}",
};

START_TEST(an_order_of_another)
{
	bool placing = _i > 0;		/* then, any id is a new one */
	const char *id;

	if (placing)
		r.eis_body = of_others[_i];
	id = enable();
	if (!placing)
		ck_progress(id, "in_progress", "queued");
	r.eis_body = of_others[_i];
	ck_progress(id, "in_progress", "eis_bad_answer");
	ck_assert(rig_logged(&r, "eis-failed"));
	ck_progress(id, "in_progress", "eis_bad_answer");
	r.eis_body = NULL;
	ck_progress(id, "in_progress", "queued");
	r.eis_body = of_others[_i];
	ck_progress(id, "in_progress", "eis_bad_answer");
	r.eis_body = NULL;
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	ck_progress(id, "complete", "complete");
	ck_assert_int_eq(r.order_count, 1);
}
END_TEST

/* A body may have 64 KiB (docs/southbound.md): what is longer is not looked at. */
START_TEST(an_order_without_end)
{
	enum { BODY_MAX = 64 << 10 };
	const char *id = enable();
	const char *format = "{\"id\":\"o0\",\"status\":\"delivered\",\"x\":\"%*s\"}";
	int most = BODY_MAX - (int)(strlen(format) - strlen("%*s"));

	r.eis_body = arena_printf(&r.arena, format, most + 1, "").p;
	ck_progress(id, "in_progress", "eis_unreachable");
	r.eis_body = arena_printf(&r.arena, format, most, "").p;
	ck_progress(id, "in_progress", "delivered");
}
END_TEST

/* It may say all of it, and in its own letters. */
START_TEST(an_order_of_ours)
{
	const char *id;

	r.eis_silent = true;
	id = enable();
	r.eis_silent = false;
	r.eis_body = arena_printf(&r.arena, "{\"id\":\"o0\",\"eid\":\"" EID "\",\"reference\":"
				  "\"%s\",\"deviceId\":\"00000000-00000000-0040ffff-ff8001b0\","
				  "\"status\":\"delivered\"}", id).p;
	ck_progress(id, "in_progress", "delivered");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("server/chase");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, few_at_a_time);
	tcase_add_test(tc, first_come_first_served);
	tcase_add_test(tc, after_a_restart_too);
	tcase_add_test(tc, a_client_does_not_queue);
	tcase_add_test(tc, requests_come_first);
	tcase_add_loop_test(tc, most_calls_begin_when_nothing_else_is_ready, 0, 2);
	tcase_add_test(tc, the_server_ends_with_a_queue);
	tcase_add_test(tc, the_same_words);
	tcase_add_test(tc, the_same_words_for_too_long);
	tcase_add_test(tc, trouble_is_told);
	tcase_add_loop_test(tc, an_order_of_another, 0,
			    (int)(sizeof(of_others) / sizeof(of_others[0])));
	tcase_add_test(tc, an_order_without_end);
	tcase_add_test(tc, an_order_of_ours);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
