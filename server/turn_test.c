/*
 * Goal: no answer leaves, and no order is placed, before what it says is on the
 * disk, however long the disk takes; and the server serves on meanwhile.
 * Method: a syncer of the test's own in virtual time, that takes as long as it
 * is told, and fails when it is told; answers are noted with their times.
 */
#include "server/rig_test.h"

#include "server/syncer.h"

#include <errno.h>

#define PROFILES "/ws/v1/esim_profiles"
#define INVENTORY PROFILES "/inventory"
#define TWO_INACTIVE "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\",\"carrier\":\"x\"}," \
		     "{\"iccid\":\"" ICCID2 "\",\"status\":\"inactive\",\"carrier\":\"y\"}]"

enum { SYNC_S = 10 };

/* A disk that takes its time. */
static struct slow {
	struct syncer syncer;
	struct timer timer;
	int ends;			/* how: 0 or an errno */
	bool refuses;
	int started, finished, waited, closed;
} disk;

static struct rig r;

/* An answer to come. */
struct note {
	int status;			/* 0: none so far */
	int64_t at_s;			/* since the test's beginning */
};
static int64_t began_ns;

static void over(struct timer *t)
{
	(void)t;
	disk.finished++;
	disk.syncer.done(&disk.syncer, disk.ends);
}

static int start(struct syncer *y)
{
	(void)y;
	ck_assert(!timer_armed(&disk.timer));	/* one at a time */
	disk.started++;
	if (disk.refuses) {
		errno = EIO;
		return -1;
	}
	loop_arm(&r.loop, &disk.timer, SYNC_S * NS_PER_S);
	return 0;
}

static int wait_for(struct syncer *y)
{
	(void)y;
	disk.waited++;
	loop_disarm(&r.loop, &disk.timer);
	return 0;
}

static void give_way(struct syncer *y)
{
	(void)y;
	ck_assert(timer_armed(&disk.timer));	/* only to one that is at it */
}

static void close_it(struct syncer *y)
{
	(void)y;
	disk.closed++;
}

static void setup(void)
{
	rig_init(&r, NULL);
	ck_status(rig_report(&r, TWO_INACTIVE), 200);
	ck_status(rig_get(&r, INVENTORY), 200);		/* its password is known now */
	disk = (struct slow){
		.syncer = { .start = start, .wait = wait_for, .give_way = give_way,
			    .close = close_it },
		.timer.fire = over,
	};
	r.syncer = &disk.syncer;
	rig_restart(&r);
	ck_status(rig_get(&r, INVENTORY), 200);
	rig_run(&r, 2 * SYNC_S);
	disk.started = disk.finished = disk.waited = 0;
	began_ns = loop_now(&r.loop).ns;
}

static void teardown(void)
{
	rig_release(&r);
	ck_assert_int_eq(disk.closed, 1);
	r.syncer = NULL;
}

static void noted(struct http_call *c)
{
	struct note *n = c->owner;

	ck_assert_msg(c->failure == HTTP_OK, "%s", c->err.msg);
	n->status = c->resp.status;
	n->at_s = (loop_now(&r.loop).ns - began_ns) / NS_PER_S;
}

static void send_one(struct note *n, const char *method, const char *path, const char *body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r.net, STR("client"), method, &err,
					    "http://server.rig%s", path);

	ck_assert_msg(c != NULL, "%s", err.msg);
	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	if (body)
		http_call_body(c, "application/json", str_of(body));
	*n = (struct note){ 0 };
	c->done = noted;
	c->owner = n;
	http_call_send(c);
}

static void send_enable(struct note *n, const char *iccid)
{
	send_one(n, "POST", PROFILES "/enable", arena_printf(&r.arena, "{\"device_id\":\"" DEVICE
		 "\",\"eid\":\"" EID "\",\"iccid\":\"%s\"}", iccid).p);
}

#define ck_note(n, want_status, want_s) \
	do { \
		ck_assert_int_eq((n).status, want_status); \
		ck_assert_int_eq((n).at_s, want_s); \
	} while (0)

START_TEST(answer_waits_for_the_disk)
{
	struct note post;

	send_enable(&post, ICCID1);
	rig_run(&r, SYNC_S - 1);
	ck_assert_int_eq(disk.started, 1);
	ck_assert_int_eq(post.status, 0);
	ck_assert(!rig_logged(&r, "transaction-created"));
	rig_run(&r, 2);
	ck_note(post, 200, SYNC_S);
	ck_assert(rig_logged(&r, "transaction-created"));
}
END_TEST

START_TEST(order_waits_for_the_disk)
{
	struct note post;

	send_enable(&post, ICCID1);
	rig_run(&r, SYNC_S - 1);
	ck_assert_int_eq(r.order_count, 0);
	rig_run(&r, 2);
	ck_assert_int_eq(r.order_count, 1);
}
END_TEST

/* Who reads may see what is not safe yet, and so waits as well. */
START_TEST(reader_waits_for_what_he_may_have_seen)
{
	struct note before, post, after;

	send_one(&before, "GET", INVENTORY, NULL);
	rig_run(&r, 1);
	ck_note(before, 200, 0);
	send_enable(&post, ICCID1);
	rig_run(&r, 2);
	send_one(&after, "GET", PROFILES "/transactions/inventory", NULL);
	rig_run(&r, SYNC_S);
	ck_note(post, 200, SYNC_S + 1);
	ck_note(after, 200, SYNC_S + 1);
}
END_TEST

/* A sync covers what was written before it began. */
START_TEST(later_turn_waits_for_another_sync)
{
	struct note first, second, reader;

	send_enable(&first, ICCID1);
	rig_run(&r, 3);
	send_enable(&second, ICCID2);
	rig_run(&r, 1);
	send_one(&reader, "GET", INVENTORY, NULL);
	rig_run(&r, SYNC_S);
	ck_note(first, 200, SYNC_S);
	ck_assert_int_eq(second.status, 0);
	ck_assert_int_eq(reader.status, 0);
	ck_assert_int_eq(r.order_count, 1);	/* of the first alone */
	rig_run(&r, SYNC_S);
	ck_note(second, 200, 2 * SYNC_S);
	ck_note(reader, 200, 2 * SYNC_S);
	rig_run(&r, 1);
	ck_assert_int_eq(r.order_count, 2);
}
END_TEST

/* What the EIS answered has to be written, too; nobody waits for that. */
START_TEST(news_of_the_eis_are_synced)
{
	struct note post;

	send_enable(&post, ICCID1);
	rig_run(&r, SYNC_S + 1);
	ck_assert_int_eq(disk.started, 2);
	ck_assert_int_eq(disk.finished, 1);
}
END_TEST

/* A disk that fails: nobody is told that all is well, and no order is placed
 * until it works again.  What was written comes to its end then. */
static void fail_and_recover(void)
{
	struct note post, look;

	send_enable(&post, ICCID1);
	rig_run(&r, SYNC_S + 1);
	ck_assert_int_eq(post.status, 503);
	ck_assert(rig_logged(&r, "store-failed"));
	ck_assert(!rig_logged(&r, "transaction-created"));
	rig_run(&r, 3 * SYNC_S);
	ck_assert_int_eq(r.order_count, 0);
	ck_assert(!rig_logged(&r, "store-recovered"));
	disk.ends = 0;
	disk.refuses = false;
	rig_run(&r, 3 * SYNC_S);
	ck_assert(rig_logged(&r, "store-recovered"));
	ck_assert_int_eq(r.order_count, 1);
	rig_run(&r, 2 * SYNC_S);
	send_one(&look, "GET", PROFILES "/transactions/inventory", NULL);
	rig_run(&r, 2 * SYNC_S);
	ck_assert_int_eq(look.status, 200);
}

START_TEST(sync_fails)
{
	disk.ends = EIO;
	fail_and_recover();
}
END_TEST

START_TEST(sync_does_not_begin)
{
	disk.refuses = true;
	fail_and_recover();
}
END_TEST

START_TEST(end_waits_for_the_disk)
{
	struct note post;

	send_enable(&post, ICCID1);
	rig_run(&r, 1);
	ck_assert_int_eq(disk.started, 1);
	ck_assert_int_eq(disk.waited, 0);
	disk.closed = 0;
	r.syncer = NULL;
	network_unlisten(r.net, "server.rig");
	server_free(r.server);
	ck_assert_int_eq(disk.waited, 1);
	ck_assert_int_eq(disk.closed, 1);
	ck_assert(rig_logged(&r, "transaction-created"));
	rig_serve(&r);
}
END_TEST

/* It waits for the sync that has begun as well, whose answers leave then. */
START_TEST(set_up_during_a_sync)
{
	struct err err = { 0 };
	struct note post;

	send_enable(&post, ICCID1);
	rig_run(&r, 3);
	rig_ok(server_add_account(r.server, 3, STR("Three"), &err), &err);
	rig_run(&r, 1);
	ck_note(post, 200, 3);
	rig_run(&r, 1);
	ck_assert_int_eq(r.order_count, 1);
}
END_TEST

/* If it comes to nothing, that is nothing to those who sent requests. */
START_TEST(set_up_that_is_taken_back)
{
	struct err err = { 0 };
	struct note first, second;

	send_enable(&first, ICCID1);
	rig_run(&r, 2);
	send_enable(&second, ICCID2);
	rig_run(&r, 1);
	server_begin_setup(r.server);
	rig_ok(server_add_account(r.server, 3, STR("Three"), &err), &err);
	err_set(&err, ERR_STATE, "no");
	ck_assert_int_eq(server_end_setup(r.server, -1, &err), -1);
	ck_assert_str_eq(err.msg, "no");
	rig_run(&r, 1);
	ck_note(first, 200, 3);
	ck_note(second, 200, 3);
	ck_assert_int_eq(server_add_user(r.server, 3, STR("u"), STR("p"), SERVER_ROLE_USER, &err),
			 -1);
	server_begin_setup(r.server);
	rig_ok(server_add_account(r.server, 3, STR("Three"), &err), &err);
	rig_ok(server_add_user(r.server, 3, STR("u"), STR("p"), SERVER_ROLE_USER, &err), &err);
	rig_ok(server_end_setup(r.server, 0, &err), &err);
	rig_run(&r, SYNC_S);
	ck_assert_int_eq(r.order_count, 2);
}
END_TEST

/* All that is written during a sync has one commit, and one sync. */
START_TEST(turns_during_a_sync_share_the_next)
{
	struct note first, second, third;

	send_enable(&first, ICCID1);
	rig_run(&r, 2);
	send_enable(&second, ICCID2);
	rig_run(&r, 2);
	send_one(&third, "POST", "/ws/v1/esim_activation_codes/inventory",
		 "{\"carrier\":\"A\",\"iccid\":\"" ICCID3 "\",\"activation_code\":\"" SECRET3 "\"}");
	rig_run(&r, SYNC_S);
	ck_assert_int_eq(disk.started, 2);
	rig_run(&r, SYNC_S);
	ck_note(second, 200, 2 * SYNC_S);
	ck_note(third, 201, 2 * SYNC_S);
}
END_TEST

START_TEST(set_up_is_safe_at_once)
{
	struct err err = { 0 };

	rig_ok(server_add_account(r.server, 3, STR("Three"), &err), &err);
	ck_assert_int_eq(disk.waited, 1);
	ck_assert_int_eq(disk.started, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/turn");
	TCase *tc = tcase_create("turn");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answer_waits_for_the_disk);
	tcase_add_test(tc, order_waits_for_the_disk);
	tcase_add_test(tc, reader_waits_for_what_he_may_have_seen);
	tcase_add_test(tc, later_turn_waits_for_another_sync);
	tcase_add_test(tc, news_of_the_eis_are_synced);
	tcase_add_test(tc, sync_fails);
	tcase_add_test(tc, sync_does_not_begin);
	tcase_add_test(tc, end_waits_for_the_disk);
	tcase_add_test(tc, set_up_is_safe_at_once);
	tcase_add_test(tc, set_up_during_a_sync);
	tcase_add_test(tc, set_up_that_is_taken_back);
	tcase_add_test(tc, turns_during_a_sync_share_the_next);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
