/*
 * Goal: under the control API time passes as it is told, worlds are made anew as they
 * were, and the stream goes on where it was.
 * Method: the requests of control_rig_test.h, and plain sockets that listen, leave, or
 * do not read.
 */
#include "scenarios/control_rig_test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	uint64_t port = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(str_to_u64(str_of(colon + 1), 65535, &port), 0);
	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* ---- Worlds and time. ---------------------------------------------------------------- */

/* A world with a past, an order under way, more devices than its file, and an
 * SM-DP+ that has handed out a profile. */
static const struct ask there_and_back[] = {
	{ "POST", V "/fleets", "{\"key\":\"more\",\"count\":2,\"device\":{\"second-link\":true}}", 201 },
	{ "POST", V "/carriers", "{\"key\":\"north\",\"name\":\"North\",\"codes\":2}", 201 },
	{ "PUT", V "/quirks/smdp.slow", "{\"delay\":\"2s\"}", 200 },
	{ "PUT", V "/life", "{\"every\":\"7min\"}", 200 },
	{ "POST", V "/requests", "{\"method\":\"POST\",\"path\":\"" OPERATIONS "\",\"body\":"
	  "{\"device_id\":\"00000000-00000000-0040FFFF-FF800001\",\"operation\":\"activate\","
	  "\"carrier\":\"Fred's Fast Wireless Service\"}}", 200, "\"status\":\"starting\"" },
	{ "POST", V "/clock/advance", "{\"by\":\"20min\"}", 200, "\"reached\":true" },
	{ "POST", V "/devices/bus/actions", "{\"action\":\"link-down\"}", 200 },
	{ "POST", V "/requests", "{\"method\":\"POST\",\"path\":\"" OPERATIONS "\",\"body\":"
	  "{\"device_id\":\"00000000-00000000-0040FFFF-FF800002\",\"operation\":\"activate\","
	  "\"carrier\":\"Fred's Fast Wireless Service\"}}", 200, "\"status\":\"starting\"" },
	{ "POST", V "/clock/advance", "{\"by\":\"5min\"}", 200, "\"reached\":true" },
	{ "PUT", V "/clock", "{\"paused\":true}", 200 },
	{ "GET", V "/snapshot", NULL, 200, "\"format\":\"esimrig-world-1\"" },
	{ "POST", V "/reset", NULL, 200, "\"generation\":2" },
	{ "GET", V "/operations", NULL, 200, "\"count\":0" },
	{ "GET", V "/carriers", NULL, 200, "\"count\":2" },
	{ "PUT", V "/snapshot", SNAPSHOT, 200, "\"generation\":3" },
	{ "GET", V "/world", NULL, 200, "\"every\":420" },
	{ "GET", V "/world", NULL, 200, "\"paused\":true" },
	{ "GET", V "/clock", NULL, 200, "\"t\":15" },	/* 25 min and a little */
	{ "GET", V "/devices/more%5B1%5D", NULL, 200, "\"second_link\":true" },
	{ "GET", V ROUTER, NULL, 200, "\"spn\":\"Mobile\",\"carrier\":\"freds\",\"carrier_name\":"
	  "\"Fred's Fast Wireless Service\",\"status\":\"active\"" },
	{ "GET", V "/devices/bus", NULL, 200, "\"link\":\"down\"" },
	{ "GET", V "/carriers", NULL, 200, "\"key\":\"north\",\"name\":\"North\"" },
	{ "GET", V "/codes/8944000000000000019", NULL, 200, "\"state\":\"installed\"" },
	{ "GET", V "/codes/8944000000000000027?reveal=true", NULL, 200, "LPA:1$smdp.example.com$" },
	{ "GET", V "/quirks", NULL, 200, "\"active\":[{\"delay\":\"2s\"}]" },
	{ "GET", V "/operations", NULL, 200, "\"count\":2" },
	{ "GET", V "/flows?active=true", NULL, 200, "\"count\":1" },
	/* And it goes on: the order is still in the EIS's queue. */
	{ "POST", V "/devices/bus/actions", "{\"action\":\"link-up\"}", 200 },
	{ "POST", V "/clock/advance", "{\"by\":\"20min\"}", 200 },
	{ "GET", V "/flows?active=true", NULL, 200, "\"count\":0" },
	{ "GET", V "/operations", NULL, 200, "\"status\":\"successful\",\"device\":\"bus\"" },
	{ "GET", V "/devices/bus", NULL, 200, "\"carrier\":\"freds\"" },
	/* A second time, from the middle of another life. */
	{ "PUT", V "/snapshot", SNAPSHOT, 200, "\"generation\":4" },
	{ "GET", V "/flows?active=true", NULL, 200, "\"count\":1" },
	/* What is none, and what is damaged. */
	{ "PUT", V "/snapshot", "{}", 400, "no snapshot" },
	{ "PUT", V "/snapshot", "{\"format\":\"esimrig-world-1\",\"file\":\"other\",\"seed\":1,\"t\":0}",
	  409, "another world" },
	{ "GET", V "/world", NULL, 200, "\"generation\":4" },
	{ "PUT", V "/snapshot", "{\"format\":\"esimrig-world-1\",\"file\":\"test\",\"seed\":1,\"t\":5,"
	  "\"server\":\"AAAA\"}", 409, "other-world" },
	{ "GET", V "/operations", NULL, 200, "\"count\":0" },
	{ "GET", V "/clock", NULL, 200, "\"paused\":true" },
};

START_TEST(a_world_comes_back_as_it_was)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ 0 });
	PLAY(&r, there_and_back);
}
END_TEST

static const struct ask while_busy[] = {
	{ "GET", V "/clock", NULL, 200, "\"advancing\":true" },
	{ "POST", V "/clock/step", NULL, 409, "busy" },
	{ "POST", V "/clock/advance", "{\"by\":\"1s\"}", 409, "busy" },
};

static int first_fd;

/* Somebody else has begun, and leaves in the middle. */
static void begun_busy(void *arg)
{
	static const char request[] = "POST " V "/clock/advance HTTP/1.1\r\nHost: x\r\n"
		"Authorization: " AUTH "\r\nContent-Length: 12\r\n\r\n{\"by\":\"29d\"}";
	struct rig *r = arg;

	first_fd = connect_to(socknet_address(r->net, "control"));
	ck_assert(send(first_fd, request, sizeof(request) - 1, 0) > 0);
	loop_arm(&r->loop, &r->next, 20 * NS_PER_MS);
}

START_TEST(one_advance_at_a_time)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ .life = true });
	r.live->config.begun = begun_busy;
	PLAY(&r, while_busy);
	close(first_fd);
}
END_TEST

static const struct ask two_advances[] = {
	{ "PUT", V "/clock", "{\"paused\":true}", 200, NULL },
	{ "POST", V "/clock/advance", "{\"by\":\"24h\"}", 200, "\"reached\":true" },
	{ "GET", V "/clock", NULL, 200, "\"paused\":true" },
	{ "GET", V "/world", NULL, 200, "\"polls\":" },
};

START_TEST(a_day_passes_in_a_moment)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ .life = true });
	PLAY(&r, two_advances);
}
END_TEST

/* ---- A script. ----------------------------------------------------------------------- */

static const struct ask script[] = {
	{ "GET", V "/script", NULL, 200, "\"mode\":\"manual\",\"state\":\"waiting\",\"current\":0" },
	{ "PUT", V "/script", "{\"mode\":\"slow\"}", 400, "bad-value" },
	{ "POST", V "/script/next", NULL, 200, NULL },
	{ "POST", V "/clock/advance", "{\"by\":\"40s\"}", 200, NULL },
	{ "GET", V "/captions", NULL, 200, "First nothing happens." },
	{ "GET", V "/script", NULL, 200, "\"state\":\"waiting\",\"current\":1" },
	{ "GET", V ROUTER, NULL, 200, "\"power\":\"on\"" },
	{ "PUT", V "/script", "{\"mode\":\"auto\"}", 200, "\"mode\":\"auto\"" },
	{ "POST", V "/clock/advance", "{\"by\":\"1s\"}", 200, NULL },
	{ "GET", V "/script", NULL, 200, "\"state\":\"ended\",\"current\":2" },
	{ "GET", V ROUTER, NULL, 200, "\"power\":\"off\"" },
	{ "GET", V "/captions", NULL, 200, "Then the power goes." },
};

START_TEST(a_script_waits_for_its_turn)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ .play = true, .step_by_step = true, .rate = 1 });
	PLAY(&r, script);
}
END_TEST

/* ---- The stream. ----------------------------------------------------------------------- */

/* What is said to have no answer, if nothing comes. */
static const struct ask listening = { "GET", V "/events", NULL, 200 };

/* A reader of its own making: the network's client waits for a whole answer. */
struct listener {
	struct rig *rig;
	struct watch watch;
	struct buf got;
	const char *request;
	const char *until;		/* what ends the test */
	struct timer act;
};

static void heard(struct watch *w, uint32_t events)
{
	struct listener *s = (struct listener *)((char *)w - offsetof(struct listener, watch));
	char block[4096];
	ssize_t n = recv(w->fd, block, sizeof(block), MSG_DONTWAIT);

	(void)events;
	if (n > 0)
		buf_add(&s->got, block, (size_t)n);
	ck_assert_msg(n != 0, "the stream ended: %.*s", STRF(buf_view(&s->got)));
	if (s->until && str_find(buf_view(&s->got), str_of(s->until)) >= 0) {
		s->rig->over = true;
		live_wish(s->rig->live, LIVE_END);
	}
}

static void listen_in(struct listener *s)
{
	s->watch = (struct watch){ connect_to(socknet_address(s->rig->net, "control")), heard };
	ck_assert(send(s->watch.fd, s->request, strlen(s->request), 0) > 0);
	loop_watch(&s->rig->loop, &s->watch, EPOLLIN);
}

static void say_something(struct timer *t)
{
	struct listener *s = (struct listener *)((char *)t - offsetof(struct listener, act));

	live_say(s->rig->live, STR("heard at once"), false);
}

static void begin_to_listen(void *arg)
{
	struct listener *s = arg;

	listen_in(s);
	loop_arm(&s->rig->loop, &s->act, 50 * NS_PER_MS);
}

static void stream(const char *request, const char *until, struct buf *got)
{
	struct rig r;
	struct listener s = { .rig = &r, .request = request, .until = until,
			      .act.fire = say_something };
	struct err err = { 0 };

	buf_init(&s.got, 16 << 20);
	rig_open(&r, &(struct live_config){ 0 });
	r.live->config.begun = begin_to_listen;
	r.live->config.arg = &s;
	r.list = &listening;
	ck_assert_msg(live_run(r.live, &err) == 0, "%s", err.msg);
	ck_assert(r.over);
	loop_unwatch(&r.loop, &s.watch);
	close(s.watch.fd);
	loop_disarm(&r.loop, &s.act);
	rig_close(&r);
	*got = s.got;
}

#define STREAM_HEAD " HTTP/1.1\r\nHost: x\r\n"

START_TEST(the_stream_says_what_happens)
{
	struct buf got;

	stream("GET " V "/events?types=caption&access_token=a%20token%20for%20this%20test"
	       STREAM_HEAD "\r\n", "event: caption\ndata: {\"text\":\"heard at once\"", &got);
	ck_assert(str_find(buf_view(&got), STR("text/event-stream")) >= 0);
	ck_assert(str_find(buf_view(&got), STR("event: device")) < 0);
	buf_release(&got);
}
END_TEST

START_TEST(the_stream_goes_on_where_it_was)
{
	struct buf got;

	/* Behind the first entry, the world: the second one is there already. */
	stream("GET " V "/events" STREAM_HEAD "Authorization: " AUTH "\r\n"
	       "Last-Event-ID: 1234abcd-0\r\n\r\n", "heard at once", &got);
	ck_assert(str_find(buf_view(&got), STR("id: 1234abcd-1\n")) >= 0);
	ck_assert(str_find(buf_view(&got), STR("event: gap")) < 0);
	buf_release(&got);
}
END_TEST

START_TEST(the_stream_tells_of_a_gap)
{
	struct buf got;

	stream("GET " V "/events" STREAM_HEAD "Authorization: " AUTH "\r\n"
	       "Last-Event-ID: 00000001-7\r\n\r\n", "heard at once", &got);
	ck_assert(str_find(buf_view(&got), STR("event: gap\ndata: {\"reason\":\"restarted\"}")) >= 0);
	buf_release(&got);
}
END_TEST

/* Readers that open a stream each, and leave in the middle of it. */
struct crowd {
	struct rig *rig;
	int fds[CONTROL_STREAMS_MAX + 1];
	struct timer act;
	int turn;
};

static int open_stream(struct rig *r)
{
	static const char request[] = "GET " V "/events?types=caption" STREAM_HEAD
		"Authorization: " AUTH "\r\n\r\n";
	int fd = connect_to(socknet_address(r->net, "control"));

	ck_assert(send(fd, request, sizeof(request) - 1, 0) > 0);
	return fd;
}

static void crowd_acts(struct timer *t)
{
	struct crowd *c = (struct crowd *)((char *)t - offsetof(struct crowd, act));
	struct rig *r = c->rig;
	char answer[4096] = "";

	c->turn++;
	if (c->turn == 1) {		/* all are in, and one too many */
		ck_assert_uint_eq(r->control->stream_count, CONTROL_STREAMS_MAX);
		ck_assert(recv(c->fds[CONTROL_STREAMS_MAX], answer, sizeof(answer) - 1,
			       MSG_DONTWAIT) > 0);
		ck_assert_msg(strstr(answer, "429"), "%s", answer);
		for (int i = 0; i <= CONTROL_STREAMS_MAX; i++)
			close(c->fds[i]);
	} else if (r->control->stream_count == 0) {
		r->over = true;
		live_wish(r->live, LIVE_END);
	}
	/* What is sent to one who has left finds out. */
	live_say(r->live, STR("is anybody there?"), false);
	loop_arm(&r->loop, t, 20 * NS_PER_MS);
}

static void crowd_comes(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i <= CONTROL_STREAMS_MAX; i++)
		c->fds[i] = open_stream(c->rig);
	loop_arm(&c->rig->loop, &c->act, 200 * NS_PER_MS);
}

START_TEST(streams_are_counted_and_those_that_left_are_noticed)
{
	struct rig r;
	struct crowd c = { .rig = &r, .act.fire = crowd_acts };
	struct err err = { 0 };

	rig_open(&r, &(struct live_config){ 0 });
	r.live->config.begun = crowd_comes;
	r.live->config.arg = &c;
	r.list = &listening;
	ck_assert_msg(live_run(r.live, &err) == 0, "%s", err.msg);
	ck_assert(r.over);
	loop_disarm(&r.loop, &c.act);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenarios/control live");
	TCase *api = tcase_create("api"), *events = tcase_create("stream");
	SRunner *runner;
	int failed;

	tcase_set_timeout(api, 60);
	tcase_add_test(api, a_day_passes_in_a_moment);
	tcase_add_test(api, one_advance_at_a_time);
	tcase_add_test(api, a_world_comes_back_as_it_was);
	tcase_add_test(api, a_script_waits_for_its_turn);
	suite_add_tcase(s, api);
	tcase_set_timeout(events, 60);
	tcase_add_test(events, the_stream_says_what_happens);
	tcase_add_test(events, the_stream_goes_on_where_it_was);
	tcase_add_test(events, the_stream_tells_of_a_gap);
	tcase_add_test(events, streams_are_counted_and_those_that_left_are_noticed);
	suite_add_tcase(s, events);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
