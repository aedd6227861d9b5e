/*
 * Goal: who sends or takes too much, too slowly or for ever costs a host little,
 * and those who run it hear of whom it refused.
 * Method: strangers as in socknet_test.c, against limits of milliseconds; answers
 * that have no end, which must end with their connection.
 */
#include "sim/stranger_test.h"

/* ---- Streams. ----------------------------------------------------------- */

struct source {
	struct http_stream stream;	/* first: a stream is a source */
	int pieces, closed, asked;
	bool breaks;
};

static int next_piece(struct http_stream *st, struct buf *out)
{
	struct source *s = (struct source *)st;

	s->asked++;
	if (s->pieces-- <= 0)
		return s->breaks ? -1 : 0;
	for (int i = 0; i < HTTP_PIECE_SIZE; i++)
		buf_char(out, (char)('a' + s->asked % 26));
	return 1;
}

static void close_source(struct http_stream *st)
{
	((struct source *)st)->closed++;
}

static struct source source;

static void handle_stream(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	x->resp.stream = &source.stream;
	http_respond(x, str_is(x->req.path, "/empty") ? 204 : 200, NULL, STR_NONE);
}

static void stream_rig(struct rig *rig, int pieces, bool breaks)
{
	rig_init(rig);
	rig->handler.handle = handle_stream;
	source = (struct source){ { .next = next_piece, .close = close_source }, .pieces = pieces,
				  .breaks = breaks };
}

/* Does the body end as RFC 9112, 7.1 says? */
static bool ends_well(const struct buf *b)
{
	return b->n > 5 && strcmp(b->p + b->n - 5, "0\r\n\r\n") == 0;
}

START_TEST(a_stream_is_sent)
{
	const char *got;
	struct rig rig;

	stream_rig(&rig, 5, false);
	got = talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL);
	ck_assert(strstr(got, "Transfer-Encoding: chunked") != NULL);
	ck_assert(ends_well(&rig.got));
	ck_assert_uint_gt(rig.got.n, 5 * HTTP_PIECE_SIZE);
	for (char c = 'b'; c <= 'f'; c++)
		ck_assert_msg(strchr(strstr(got, "\r\n\r\n"), c) != NULL, "%c", c);
	ck_assert_int_eq(source.closed, 1);
	rig_release(&rig);
	ck_assert_int_eq(source.closed, 1);
}
END_TEST

START_TEST(a_stream_breaks_off)
{
	struct rig rig;

	stream_rig(&rig, 2, true);
	talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
	ck_assert_uint_gt(rig.got.n, 2 * HTTP_PIECE_SIZE);
	ck_assert(!ends_well(&rig.got));
	ck_assert_int_eq(source.closed, 1);
	rig_release(&rig);
}
END_TEST

START_TEST(nobody_asks_for_a_stream)
{
	const char *got;
	struct rig rig;

	stream_rig(&rig, 5, false);
	talk(&rig, "GET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL);
	ck_assert_int_eq(source.closed, 1);
	ck_assert_int_eq(source.asked, 0);
	source.closed = 0;
	/* A head and nothing behind it. */
	got = talk(&rig, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL);
	ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(got, "Content-Length: 327680\r\n"));
	ck_assert_int_eq(source.closed, 1);
	rig_release(&rig);
}
END_TEST

START_TEST(a_client_leaves_a_stream)
{
	struct rig rig;

	stream_rig(&rig, 1000000, false);
	talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "bbbb");
	hang_up(&rig);
	while (!source.closed)
		settle(&rig);
	ck_assert_int_eq(source.closed, 1);
	/* What it did not take was not made. */
	ck_assert_int_gt(source.pieces, 900000);
	rig_release(&rig);
	ck_assert_int_eq(source.closed, 1);
}
END_TEST

/* ---- Limits. ------------------------------------------------------------ */

static void limited_rig(struct rig *rig, const struct socknet_limits *limits)
{
	struct err err;

	rig_init(rig);
	network_unlisten(rig->net, "party.rig");
	socknet_set_limits(rig->net, limits);
	ck_assert_int_eq(socknet_listen(rig->net, "party.rig", "party", &rig->handler,
					"127.0.0.1:0", rig->address, &err), 0);
}

/* A byte now and then must not keep a connection. */
static void drip(struct timer *t)
{
	struct rig *rig = (struct rig *)((char *)t - offsetof(struct rig, step));

	if (!rig->open)
		return;
	send(rig->watch.fd, "x", 1, MSG_NOSIGNAL);
	loop_arm(&rig->loop, &rig->step, NS_PER_MS);
}

static const char *const slow_starts[] = {
	"",
	"GET / HTTP/1.1\r\nHost: ",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
};

START_TEST(a_slow_request)
{
	struct rig rig;

	limited_rig(&rig, &(struct socknet_limits){ .request_ns = 30 * NS_PER_MS });
	connect_raw(&rig);
	send_text(&rig, slow_starts[_i]);
	rig.step.fire = drip;
	loop_arm(&rig.loop, &rig.step, 0);
	rig_run(&rig);
	ck_assert(!rig.open);
	ck_assert_uint_eq(rig.handled, 0);
	ck_assert_uint_eq(socknet_counts(rig.net).too_slow, 1);
	rig_release(&rig);
}
END_TEST

START_TEST(an_idle_connection)
{
	struct rig rig;

	limited_rig(&rig, &(struct socknet_limits){ .request_ns = 10 * NS_PER_S,
						    .idle_ns = 20 * NS_PER_MS });
	talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "0123456789");
	ck_assert(rig.open);
	rig_run(&rig);
	ck_assert(!rig.open);
	ck_assert_uint_eq(socknet_counts(rig.net).too_slow, 1);
	rig_release(&rig);
}
END_TEST

/* The handler may take as long as it likes. */
START_TEST(a_slow_handler)
{
	struct rig rig;

	limited_rig(&rig, &(struct socknet_limits){ .request_ns = 10 * NS_PER_MS,
						    .idle_ns = 10 * NS_PER_MS,
						    .stall_ns = 10 * NS_PER_MS });
	connect_raw(&rig);
	send_text(&rig, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!rig.held)
		settle(&rig);
	settle(&rig);
	ck_assert(rig.open);
	rig.until = "0123456789";
	http_respond(rig.held, 200, "text/plain", STR("0123456789"));
	rig_run(&rig);
	ck_assert_ptr_nonnull(strstr(rig.got.p, "0123456789"));
	rig_release(&rig);
}
END_TEST

START_TEST(a_slow_reader)
{
	struct rig rig;

	limited_rig(&rig, &(struct socknet_limits){ .stall_ns = 30 * NS_PER_MS });
	rig.handler.handle = handle_stream;
	source = (struct source){ { .next = next_piece, .close = close_source }, .pieces = 1000000 };
	talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "bbbb");
	/* It stays, but does not read any more. */
	loop_unwatch(&rig.loop, &rig.watch);
	rig.open = false;
	while (!source.closed)
		settle(&rig);
	ck_assert_uint_eq(socknet_counts(rig.net).too_slow, 1);
	ck_assert_uint_eq(socknet_connections(rig.net), 0);
	close(rig.watch.fd);
	rig_release(&rig);
}
END_TEST

START_TEST(too_many_from_one_address)
{
	struct rig rig;
	int other[2];

	limited_rig(&rig, &(struct socknet_limits){ .connections_per_address = 2 });
	for (int i = 0; i < 2; i++) {
		connect_raw(&rig);
		while (socknet_connections(rig.net) <= (size_t)i)
			settle(&rig);
		other[i] = rig.watch.fd;
		loop_unwatch(&rig.loop, &rig.watch);
	}
	connect_raw(&rig);
	rig_run(&rig);
	ck_assert(!rig.open);
	ck_assert_uint_eq(socknet_connections(rig.net), 2);
	for (int i = 0; i < 2; i++)
		close(other[i]);
	while (socknet_connections(rig.net))
		settle(&rig);
	ck_assert_ptr_nonnull(strstr(talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
					  "0123456789"), "200 OK"));
	rig_release(&rig);
}
END_TEST

START_TEST(the_end_is_near)
{
	struct rig rig;
	const char *got;

	rig_init(&rig);
	connect_raw(&rig);
	send_text(&rig, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!rig.held)
		settle(&rig);
	ck_assert_uint_eq(socknet_under_way(rig.net), 1);
	socknet_quiesce(rig.net);
	http_respond(rig.held, 200, "text/plain", STR("0123456789"));
	rig.until = NULL;
	rig_run(&rig);
	got = rig.got.p;
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	ck_assert_ptr_nonnull(strstr(got, "0123456789"));
	ck_assert_uint_eq(socknet_under_way(rig.net), 0);
	rig_release(&rig);
}
END_TEST

enum { LARGE = 100 << 20 };

/* Told by its length, and told by nothing: neither is kept. */
START_TEST(a_hundred_megabytes)
{
	static char block[1 << 16];
	struct rig rig;
	const char *got;
	size_t sent = 0;
	ssize_t n;

	rig_init(&rig);
	got = talk(&rig, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n",
		   "413");
	ck_assert_ptr_nonnull(got);
	hang_up(&rig);
	connect_raw(&rig);
	socknet_set_body_max(rig.net, 1 << 20);
	send_text(&rig, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			"6400000\r\n");
	while (rig.open && sent < LARGE) {
		size_t left = LARGE - sent;

		n = send(rig.watch.fd, block, left < sizeof(block) ? left : sizeof(block),
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			sent += (size_t)n;
		else
			settle(&rig);
	}
	send_text(&rig, "\r\n0\r\n\r\n");
	rig.until = "413";
	rig_run(&rig);
	ck_assert_ptr_nonnull(strstr(rig.got.p, "HTTP/1.1 413 "));
	ck_assert_uint_eq(rig.handled, 0);
	rig_release(&rig);
}
END_TEST

/* ---- Who was refused. --------------------------------------------------- */

static char told[400];

static void note_refusal(void *arg, const struct socknet_refusal *r)
{
	size_t n = strlen(told);

	ck_assert_ptr_eq(arg, told);
	ck_assert_str_eq(r->host, "party.rig");
	ck_assert(str_is(r->from, "127.0.0.1") && r->id > 0);
	snprintf(told + n, sizeof(told) - n, "%.*s %.*s %d\n", STRF(r->method),
		 STRF(r->path), r->status);
}

static const struct {
	const char *sent, *told;
} refusals[] = {
	{ "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "" },
	{ "", "" },
	{ "\1\2\3\4\r\n\r\n", "  0\n" },
	{ "GET / HT", "  0\n" },
	{ "GET /a?b HTTP/1.1\r\n\r\n", "GET /a 400\n" },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n", " /a 400\n" },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123", "POST /a 0\n" },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
	  "POST /a 413\n" },
};

START_TEST(refusals_are_told)
{
	struct rig rig;

	rig_init(&rig);
	told[0] = '\0';
	socknet_on_refusal(rig.net, note_refusal, told);
	connect_raw(&rig);
	send_text(&rig, refusals[_i].sent);
	settle(&rig);
	/* What waits for more is broken off. */
	hang_up(&rig);
	for (int i = 0; i < 50 && strcmp(told, refusals[_i].told) != 0; i++)
		settle(&rig);
	settle(&rig);
	ck_assert_str_eq(told, refusals[_i].told);
	rig_release(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/socknet limits");
	TCase *tc = tcase_create("limits");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_stream_is_sent);
	tcase_add_test(tc, a_stream_breaks_off);
	tcase_add_test(tc, nobody_asks_for_a_stream);
	tcase_add_test(tc, a_client_leaves_a_stream);
	tcase_add_loop_test(tc, a_slow_request, 0,
			    sizeof(slow_starts) / sizeof(slow_starts[0]));
	tcase_add_test(tc, an_idle_connection);
	tcase_add_test(tc, a_slow_handler);
	tcase_add_test(tc, a_slow_reader);
	tcase_add_test(tc, too_many_from_one_address);
	tcase_add_test(tc, the_end_is_near);
	tcase_add_loop_test(tc, refusals_are_told, 0,
			    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(tc, a_hundred_megabytes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
