/*
 * Goal: strangers on the wire get correct HTTP and cannot do harm.
 * Method: raw bytes through a plain socket in the same loop, and what comes
 * back compared with what HTTP/1.1 asks for.  What both networks must do
 * alike is in network_test.c.
 */
#include "sim/stranger_test.h"

#include <dirent.h>

/* ---- What a stranger sees. ---------------------------------------------- */

START_TEST(plain_request)
{
	const char *got;
	struct rig rig;

	rig_init(&rig);
	got = talk(&rig, "GET /a%2fb?q=%20 HTTP/1.1\r\nHost: x\r\n\r\n", "0123456789");
	ck_assert_str_eq(got, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			      "Content-Length: 10\r\n\r\n0123456789");
	ck_assert_str_eq(rig.from, "127.0.0.1");
	ck_assert_str_eq(rig.seen, "GET /a%2fb?q=%20 0 ");
	/* The same connection again, HEAD, 304, two at once, then the end. */
	got = talk(&rig, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n");
	ck_assert_str_eq(got, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			      "Content-Length: 10\r\n\r\n");
	got = talk(&rig, "GET /same HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n");
	ck_assert_str_eq(got, "HTTP/1.1 304 Not Modified\r\nContent-Type: text/plain\r\n"
			      "Content-Length: 10\r\n\r\n");
	got = talk(&rig, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
			 "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
			 "Connection: close\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n", NULL);
	ck_assert_ptr_nonnull(strstr(got, "0123456789HTTP/1.1 200 OK"));
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	ck_assert_str_eq(rig.seen, "POST /2? 3 def");
	ck_assert_uint_eq(rig.handled, 5);
	rig_release(&rig);
}
END_TEST

/* With its request, and one behind it, in libmicrohttpd's hands. */
START_TEST(the_handler_ends_its_host)
{
	struct err err = { 0 };
	const char *got;
	struct rig rig;

	rig_init(&rig);
	got = talk(&rig, "GET /leave HTTP/1.1\r\nHost: x\r\n\r\n"
			 "GET / HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
	ck_assert_str_eq(got, "");
	ck_assert_uint_eq(rig.handled, 1);
	ck_assert_ptr_null(socknet_address(rig.net, "party.rig"));
	ck_assert_int_eq(socknet_listen(rig.net, "party.rig", "party", &rig.handler,
					"127.0.0.1:0", rig.address, &err), 0);
	got = talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "0123456789");
	ck_assert_ptr_nonnull(strstr(got, "200 OK"));
	rig_release(&rig);
}
END_TEST

START_TEST(absolute_form)
{
	struct rig rig;

	rig_init(&rig);
	talk(&rig, "GET http://party.rig/p?q HTTP/1.1\r\nHost: x\r\n\r\n", "789");
	ck_assert_str_eq(rig.seen, "GET /p?q 0 ");
	talk(&rig, "GET HTTPS://Party.rig:1/p?q HTTP/1.1\r\nHost: x\r\n\r\n", "789");
	ck_assert(str_starts(str_of(rig.seen), STR("GET /p?q ")));
	talk(&rig, "GET http://party.rig?q HTTP/1.1\r\nHost: x\r\n\r\n", "789");
	ck_assert_str_eq(rig.seen, "GET /?q 0 ");
	rig_release(&rig);
}
END_TEST

/* Only what cannot be served: the status, and whether a handler saw it. */
static const struct {
	const char *bytes, *starts;
} hostile[] = {
	{ "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	  "HTTP/1.1 200 " },
	{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
	{ "GET\r\n\r\n", "" },
	{ "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", "HTTP/1.1 400 " },
	{ "GET / HTTP/3.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 " },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 " },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", "HTTP/1.1 400 " },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n"
	  "\r\n", "HTTP/1.1 4" },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	  "HTTP/1.1 400 " },
};

START_TEST(hostile_bytes)
{
	const char *got;
	struct rig rig;

	rig_init(&rig);
	connect_raw(&rig);
	send_text(&rig, hostile[_i].bytes);
	shutdown(rig.watch.fd, SHUT_WR);
	rig_run(&rig);
	got = rig.got.p ? rig.got.p : "";
	ck_assert_msg(strncmp(got, hostile[_i].starts, strlen(hostile[_i].starts)) == 0,
		      "%s: got %s", hostile[_i].bytes, got);
	ck_assert_uint_eq(rig.handled, _i == 0);
	rig_release(&rig);
}
END_TEST

START_TEST(large_head)
{
	struct rig rig;
	struct buf b;

	rig_init(&rig);
	buf_init(&b, 1 << 20);
	buf_z(&b, "GET / HTTP/1.1\r\nHost: x\r\n");
	while (b.n < 2 * SOCKNET_HEAD_MAX)
		buf_z(&b, "X-Filler: 0123456789012345678901234567890123456789\r\n");
	connect_raw(&rig);
	send_raw(&rig, b.p, b.n);
	rig_run(&rig);
	/* Refused with 431, or by closing where that got lost in a reset. */
	ck_assert_msg(rig.got.n == 0 || strncmp(rig.got.p, "HTTP/1.1 431 ", 13) == 0,
		      "got %s", rig.got.p);
	ck_assert_uint_eq(rig.handled, 0);
	buf_release(&b);
	rig_release(&rig);
}
END_TEST

static const struct {
	size_t body;
	bool chunked, waits;
	const char *starts;
} bodies[] = {
	{ 1000, false, false, "HTTP/1.1 200 " },
	{ 1001, false, false, "HTTP/1.1 413 " },
	{ 3000, false, false, "HTTP/1.1 413 " },
	{ 1000, true, false, "HTTP/1.1 200 " },
	{ 1001, true, false, "HTTP/1.1 413 " },
	{ 3999, true, false, "HTTP/1.1 413 " },
	{ 100, false, true, "HTTP/1.1 100 " },
	{ 2000, false, true, "HTTP/1.1 413 " },
	{ 100000, false, true, "HTTP/1.1 413 " },
	{ 900000, true, false, "HTTP/1.1 413 " },
};

START_TEST(body_limit)
{
	struct str body;
	struct rig rig;
	struct buf b;

	rig_init(&rig);
	socknet_set_body_max(rig.net, 1000);
	buf_init(&b, 1 << 20);
	buf_printf(&b, "POST / HTTP/1.1\r\nHost: x\r\n%s",
		   bodies[_i].waits ? "Expect: 100-continue\r\n" : "");
	if (bodies[_i].chunked)
		buf_printf(&b, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", bodies[_i].body);
	else
		buf_printf(&b, "Content-Length: %zu\r\n\r\n", bodies[_i].body);
	for (size_t i = 0; i < bodies[_i].body && !bodies[_i].waits; i++)
		buf_char(&b, 'x');
	if (bodies[_i].chunked)
		buf_z(&b, "\r\n0\r\n\r\n");
	connect_raw(&rig);
	send_raw(&rig, b.p, b.n);
	rig.until = "\r\n\r\n";
	rig_run(&rig);
	body = buf_view(&rig.got);
	ck_assert_msg(str_starts(body, str_of(bodies[_i].starts)), "got %s", body.p);
	ck_assert_uint_eq(rig.handled, strstr(bodies[_i].starts, "200") != NULL);
	buf_release(&b);
	rig_release(&rig);
}
END_TEST

START_TEST(faults_on_the_wire)
{
	const char *got;
	struct rig rig;

	rig_init(&rig);
	got = talk(&rig, "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
	ck_assert_str_eq(got, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			      "Content-Length: 10\r\n\r\n01234");
	got = talk(&rig, "GET /reset HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
	ck_assert_str_eq(got, "");
	ck_assert(rig.was_reset);
	got = talk(&rig, "GET /refused HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
	ck_assert_str_eq(got, "");
	ck_assert_uint_eq(rig.handled, 3);
	rig_release(&rig);
}
END_TEST

/* A made-up name of a party, or of a call, is not believed. */
START_TEST(forged_claim)
{
	struct rig rig;

	rig_init(&rig);
	talk(&rig, "GET /claim HTTP/1.1\r\nHost: x\r\nRig-Call: 0-1\r\n\r\n", "789");
	ck_assert_str_eq(rig.from, "127.0.0.1");
	ck_assert_str_eq(rig.seen, "gone");
	talk(&rig, "GET /claim HTTP/1.1\r\nHost: x\r\nRig-Call: -\r\n\r\n", "789");
	ck_assert_str_eq(rig.from, "127.0.0.1");
	rig_release(&rig);
}
END_TEST

static void reply_later(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_respond(x, 204, NULL, STR_NONE);
}

/* The stranger hangs up first; the reply, whenever, does no harm. */
START_TEST(left_early)
{
	struct rig rig;

	rig_init(&rig);
	for (int i = 0; i < 3; i++) {
		connect_raw(&rig);
		rig.held = NULL;
		send_text(&rig, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
		while (!rig.held)
			settle(&rig);
		hang_up(&rig);
		settle(&rig);
		if (i == 0)
			http_respond(rig.held, 200, "text/plain", STR("too late"));
		else if (i == 1)
			http_delay(rig.held, NS_PER_MS, reply_later, NULL);
		settle(&rig);
	}
	rig_release(&rig);
}
END_TEST

START_TEST(half_a_request_at_the_end)
{
	struct rig rig;

	rig_init(&rig);
	connect_raw(&rig);
	send_text(&rig, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
	settle(&rig);
	network_unlisten(rig.net, "party.rig");
	rig_run(&rig);		/* the stranger sees the end */
	ck_assert_uint_eq(rig.handled, 0);
	rig_release(&rig);
}
END_TEST

START_TEST(a_half_closed_connection)
{
	struct rig rig;

	rig_init(&rig);
	connect_raw(&rig);
	send_text(&rig, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	shutdown(rig.watch.fd, SHUT_WR);
	rig_run(&rig);
	ck_assert_ptr_nonnull(strstr(rig.got.p, "0123456789"));
	rig_release(&rig);
}

START_TEST(garbage_behind_a_request)
{
	struct rig rig;
	const char *got;

	rig_init(&rig);
	got = talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\n\r\n\1\2\3 garbage\r\n\r\n", NULL);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 200 OK"));
	ck_assert_ptr_nonnull(strstr(got, "0123456789"));
	ck_assert_uint_eq(rig.handled, 1);
	rig_release(&rig);
}

/* ---- Addresses, and calls that leave. ------------------------------------ */

START_TEST(addresses)
{
	char bound[SOCKNET_ADDRESS_SIZE];
	struct err err = { 0 };
	struct rig rig;

	rig_init(&rig);
	ck_assert_str_eq(socknet_address(rig.net, "party.rig"), rig.address);
	ck_assert_int_eq(strncmp(rig.address, "127.0.0.1:", 10), 0);
	ck_assert_ptr_null(socknet_address(rig.net, "nobody.rig"));
	ck_assert_int_eq(socknet_listen(rig.net, "b.rig", "b", &rig.handler,
					rig.address, bound, &err), -1);
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.msg, "in use"));
	static const char *const bad[] = {
		"", ":", "127.0.0.1", "127.0.0.1:", ":80", "[]:80", "127.0.0.1:http!",
		"127.0.0.1:99999", "300.1.1.1:0x", "[::1:80",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(socknet_listen(rig.net, "b.rig", "b", &rig.handler,
					     bad[i], bound, &err) == -1, "%s", bad[i]);
	ck_assert_ptr_null(socknet_address(rig.net, "b.rig"));
	rig_release(&rig);
}
END_TEST

/* Who knows its address finds it again, and meanwhile nobody. */
START_TEST(back_where_it_was)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct err err = { 0 };
	struct rig rig;

	rig_init(&rig);
	network_unlisten(rig.net, "party.rig");
	ck_assert_ptr_null(socknet_address(rig.net, "party.rig"));
	at.sin_port = htons((uint16_t)strtoul(strchr(rig.address, ':') + 1, NULL, 10));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	close(fd);
	ck_assert_msg(network_listen(rig.net, "party.rig", "party", &rig.handler, &err) == 0,
		      "%s", err.msg);
	ck_assert_str_eq(socknet_address(rig.net, "party.rig"), rig.address);
	network_unlisten(rig.net, "party.rig");
	rig_release(&rig);
}
END_TEST

static void note_done(struct http_call *c)
{
	struct rig *rig = c->owner;

	snprintf(rig->seen, sizeof(rig->seen), "%s %d %.*s",
		 http_failure_name(c->failure), c->resp.status, STRF(c->resp.body));
	loop_stop(&rig->loop);
}

static const char *call(struct rig *rig, struct network *net, const char *url)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(net, STR("tester"), "GET", &err, "%s", url);

	ck_assert_msg(c != NULL, "%s", err.msg);
	c->done = note_done;
	c->owner = rig;
	http_call_send(c);
	rig_run(rig);
	return rig->seen;
}

/* "localhost" has two addresses, and at the first one nobody listens. */
START_TEST(outside)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	struct err err = { 0 };
	struct network *other;
	struct rig rig;
	char url[100];

	rig_init(&rig);
	other = socknet_new(&rig.loop, NULL, &err);
	ck_assert_ptr_nonnull(other);
	for (size_t i = 0; i < 2; i++) {
		snprintf(url, sizeof(url), "http://%s%s/x", hosts[i],
			 strrchr(rig.address, ':'));
		socknet_allow_outside(other, false);
		ck_assert_str_eq(call(&rig, other, url), "unreachable 0 ");
		socknet_allow_outside(other, true);
		ck_assert_str_eq(call(&rig, other, url), "answered 200 0123456789");
	}
	ck_assert_uint_eq(rig.handled, 2);
	ck_assert_str_eq(rig.from, "127.0.0.1");
	network_unlisten(rig.net, "party.rig");
	ck_assert_str_eq(call(&rig, other, url), "unreachable 0 ");
	network_release(other);
	rig_release(&rig);
}
END_TEST

START_TEST(any_address)
{
	char bound[SOCKNET_ADDRESS_SIZE];
	struct err err = { 0 };
	struct rig rig;

	rig_init(&rig);
	ck_assert_int_eq(socknet_listen(rig.net, "any.rig", "any", &rig.handler,
					"0.0.0.0:0", bound, &err), 0);
	ck_assert_int_eq(strncmp(bound, "0.0.0.0:", 8), 0);
	ck_assert_str_eq(call(&rig, rig.net, "https://any.rig/x"),
			 "answered 200 0123456789");
	rig_release(&rig);
}
END_TEST

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Connections are used again, and all of them are given back. */
START_TEST(descriptors_are_kept_down)
{
	int before = descriptors(), open;
	struct rig rig;

	rig_init(&rig);
	call(&rig, rig.net, "http://party.rig/x");
	open = descriptors();
	for (int i = 0; i < 50; i++)
		call(&rig, rig.net, "http://party.rig/x");
	ck_assert_int_eq(descriptors(), open);
	rig_release(&rig);
	ck_assert_int_eq(descriptors(), before);
}
END_TEST

START_TEST(not_in_virtual_time)
{
	struct err err = { 0 };
	struct loop loop;

	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1, 0);
	ck_assert_ptr_null(socknet_new(&loop, NULL, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	loop_release(&loop);
}
END_TEST

/* Time limits shorter than a connection takes, and around that. */
START_TEST(impatient_callers)
{
	struct err err = { 0 };
	struct rig rig;

	rig_init(&rig);
	for (int i = 0; i < 400; i++) {
		struct http_call *c = http_call_new(rig.net, STR("t"), "GET", &err,
						    "http://party.rig/x");

		c->done = note_done;
		c->owner = &rig;
		c->timeout_ns = i * 977 % 900 * NS_PER_US;
		http_call_send(c);
		rig_run(&rig);
		ck_assert_msg(strcmp(rig.seen, "timeout 0 ") == 0 ||
			      strcmp(rig.seen, "answered 200 0123456789") == 0,
			      "%s", rig.seen);
	}
	rig_release(&rig);
}
END_TEST

/* As several processes do it; here both sockets are of one network. */
START_TEST(two_sockets_at_one_address)
{
	struct rig rig, other;
	struct err err = { 0 };
	int fds[2], none[1];
	unsigned asked = 0;

	rig_init(&rig);
	rig_init(&other);
	ck_assert_int_eq(socknet_open("127.0.0.1:0", 2, fds, rig.address, &err), 0);
	ck_assert_int_eq(socknet_listen_on(rig.net, "one.rig", "party", &rig.handler, fds[0],
					   NULL, &err), 0);
	ck_assert_int_eq(socknet_listen_on(rig.net, "two.rig", "party", &other.handler,
					   fds[1], NULL, &err), 0);
	ck_assert_str_eq(socknet_address(rig.net, "one.rig"), rig.address);
	ck_assert_str_eq(socknet_address(rig.net, "two.rig"), rig.address);
	/* The kernel chooses; in forty tries out of forty for one of them: hardly. */
	while (asked < 40) {
		talk(&rig, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL);
		ck_assert_ptr_nonnull(strstr(rig.got.p, "0123456789"));
		asked++;
	}
	ck_assert_uint_eq(rig.handled + other.handled, asked);
	ck_assert_uint_gt(rig.handled, 0);
	ck_assert_uint_gt(other.handled, 0);
	/* Strangers cannot take a share, nor can we from them. */
	ck_assert_int_eq(socknet_open(rig.address, 1, none, other.address, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "in use"));
	ck_assert_int_eq(socknet_open(socknet_address(other.net, "party.rig"), 1, none,
				      other.address, &err), -1);
	rig_release(&rig);
	rig_release(&other);
}

/* ---- Heads with two meanings, or none. ---------------------------------- */

#define GET_BUT(more) "GET /x HTTP/1.1\r\nHost: x\r\n" more "\r\n"
#define POST_BUT(more) "POST /x HTTP/1.1\r\nHost: x\r\n" more "\r\n"

/* The second request is what another reader might see in the first one. */
static const struct {
	const char *sent, *status, *why;
} ambiguous[] = {
	{ "GET /x HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "Host: required" },
	{ GET_BUT("Host: y\r\n"), "HTTP/1.1 400", "Host: it is there twice" },
	{ GET_BUT("A : b\r\n"), "HTTP/1.1 400", "the name of a header" },
	{ GET_BUT("A\1: b\r\n"), "HTTP/1.1 400", "the name of a header" },
	{ GET_BUT("A: b\rc\r\n"), "HTTP/1.1 400", "the value of a header" },
	{ "GET /x y HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", "a space" },
	{ "GET /x?a b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", "a space" },
	{ POST_BUT("Content-Length: 2\r\nContent-Length: 40\r\n") "ab", "HTTP/1.1 400", "twice" },
	{ POST_BUT("Content-Length: 2\r\nContent-Length: 2\r\n") "ab", "HTTP/1.1 400", "twice" },
	{ POST_BUT("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n",
	  "HTTP/1.1 400", "expected one of them" },
	{ POST_BUT("Transfer-Encoding: gzip\r\n"), "HTTP/1.1 501", "expected chunked" },
	{ POST_BUT("Transfer-Encoding: gzip, chunked\r\n") "0\r\n\r\n", "HTTP/1.1 501",
	  "expected chunked" },
	{ POST_BUT("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")
	  "0\r\n\r\n", "HTTP/1.1 501", "expected chunked" },
	{ "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400",
	  "not known to HTTP/1.0" },
};

START_TEST(ambiguous_heads)
{
	char text[400], *body;
	const char *got;
	struct rig rig;

	rig_init(&rig);
	snprintf(text, sizeof(text), "%sGET /second HTTP/1.1\r\nHost: x\r\n\r\n",
		 ambiguous[_i].sent);
	got = talk(&rig, text, NULL);
	ck_assert_msg(str_starts(str_of(got), str_of(ambiguous[_i].status)), "%s", got);
	body = strstr(got, "\r\n\r\n");
	ck_assert_msg(body && strstr(body, ambiguous[_i].why), "%s", got);
	ck_assert_msg(!strstr(body, "HTTP/1.1"), "%s", got);	/* one answer, and the end */
	ck_assert_uint_eq(rig.handled, 0);
	rig_release(&rig);
}
END_TEST

static void say_so(struct http_exchange *x, int status, const char *why)
{
	x->resp.body = arena_printf(x->arena, "<%d: %s>", status, why);
}

START_TEST(refused_in_other_words)
{
	struct rig rig;

	rig_init(&rig);
	socknet_on_malformed(rig.net, say_so);
	ck_assert(strstr(talk(&rig, GET_BUT("Host: y\r\n"), NULL),
			 "<400: Host: it is there twice>"));
	rig_release(&rig);
}
END_TEST

/* As many as fit into a URL: none is left without an answer. */
START_TEST(many_parameters)
{
	struct buf b;
	struct rig rig;

	rig_init(&rig);
	buf_init(&b, 20000);
	buf_z(&b, "GET /x?");
	for (int i = 0; i < 4000; i++)
		buf_z(&b, "a=&");
	buf_z(&b, " HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(strstr(talk(&rig, b.p, "789"), "HTTP/1.1 200"));
	ck_assert(str_starts(str_of(rig.seen), STR("GET /x?a=&a=&a=&")));
	buf_release(&b);
	rig_release(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/socknet");
	TCase *tc = tcase_create("strangers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, plain_request);
	tcase_add_loop_test(tc, ambiguous_heads, 0,
			    sizeof(ambiguous) / sizeof(ambiguous[0]));
	tcase_add_test(tc, refused_in_other_words);
	tcase_add_test(tc, many_parameters);
	tcase_add_test(tc, the_handler_ends_its_host);
	tcase_add_test(tc, absolute_form);
	tcase_add_loop_test(tc, hostile_bytes, 0,
			    sizeof(hostile) / sizeof(hostile[0]));
	tcase_add_test(tc, large_head);
	tcase_add_loop_test(tc, body_limit, 0, sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_test(tc, faults_on_the_wire);
	tcase_add_test(tc, forged_claim);
	tcase_add_test(tc, left_early);
	tcase_add_test(tc, half_a_request_at_the_end);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, back_where_it_was);
	tcase_add_test(tc, outside);
	tcase_add_test(tc, any_address);
	tcase_add_test(tc, descriptors_are_kept_down);
	tcase_add_test(tc, not_in_virtual_time);
	tcase_add_test(tc, impatient_callers);
	tcase_add_test(tc, a_half_closed_connection);
	tcase_add_test(tc, garbage_behind_a_request);
	tcase_add_test(tc, two_sockets_at_one_address);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
