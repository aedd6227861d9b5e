/*
 * Goal: paths, queries and routes are read as the RFCs say, and wrappers can
 * do what http.h promises: answer themselves, put off, change, look.
 */
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

/* ---- Escapes and parameters. -------------------------------------------- */

static const struct {
	const char *text, *plain, *plus;	/* NULL: refused */
} escapes[] = {
	{ "", "", "" }, { "abc", "abc", "abc" }, { "a+b", "a+b", "a b" },
	{ "%41%62", "Ab", "Ab" }, { "%2B+%20", "++ ", "+  " }, { "%c3%A9", "\xC3\xA9", "\xC3\xA9" },
	{ "%25%32%35", "%25", "%25" },	/* once, not twice */
	{ "%", NULL, NULL }, { "%4", NULL, NULL }, { "a%4", NULL, NULL },
	{ "%4g", NULL, NULL }, { "%g4", NULL, NULL }, { "%%41", NULL, NULL },
	{ "% 41", NULL, NULL }, { "%-1", NULL, NULL }, { "%00", NULL, NULL },
	{ "%FF", "\xFF", "\xFF" }, { "%0a", "\n", "\n" },
};

START_TEST(unescape)
{
	for (int plus = 0; plus < 2; plus++) {
		const char *expected = plus ? escapes[_i].plus : escapes[_i].plain;
		struct str out = STR("untouched");
		struct arena a = { 0 };
		int rc = http_unescape(&a, str_of(escapes[_i].text), plus, &out);

		ck_assert_int_eq(rc, expected ? 0 : -1);
		if (expected)
			ck_assert(str_is(out, expected));
		arena_release(&a);
	}
}
END_TEST

START_TEST(escape_all_bytes)
{
	char all[255];
	struct arena a = { 0 };
	struct str back;
	struct buf b;

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	buf_init(&b, 1000);
	http_escape(&b, (struct str){ all, 255 });
	ck_assert_uint_eq(strspn(b.p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~%"), b.n);
	ck_assert_uint_eq(b.n, 66 + (255 - 66) * 3);	/* RFC 3986, 2.3: 66 of them */
	ck_assert_int_eq(http_unescape(&a, buf_view(&b), true, &back), 0);
	ck_assert(str_eq(back, (struct str){ all, 255 }));
	buf_release(&b);
	arena_release(&a);
}
END_TEST

static const struct {
	const char *query, *expected;
} queries[] = {
	{ NULL, "" }, { "", "" }, { "a=1", "a=1;" }, { "a=1&b=2", "a=1;b=2;" },
	{ "a", "a=;" }, { "a=", "a=;" }, { "=b", "=b;" }, { "&&a=1&", "a=1;" },
	{ "a=1&a=2", "a=1;a=2;" }, { "a=b=c", "a=b=c;" }, { "a+b=c+d", "a b=c d;" },
	{ "%61=%26%3d", "a=&=;" }, { "a;b=1", "a;b=1;" }, { "q=x'y''z'", "q=x'y''z';" },
	{ "a=%", "malformed" }, { "%zz=1", "malformed" }, { "a=1&b=%4", "malformed" },
};

START_TEST(params)
{
	struct http_param *list;
	struct err err = { 0 };
	struct arena a = { 0 };
	struct buf b;
	size_t count;

	buf_init(&b, 1000);
	if (http_params(&a, str_of(queries[_i].query), &list, &count, &err) < 0)
		buf_z(&b, strstr(err.msg, "malformed") ? "malformed" : err.msg);
	else
		for (size_t i = 0; i < count; i++)
			buf_printf(&b, "%.*s=%.*s;", STRF(list[i].name), STRF(list[i].value));
	ck_assert_str_eq(buf_view(&b).p, queries[_i].expected);
	buf_release(&b);
	arena_release(&a);
}
END_TEST

START_TEST(params_are_limited)
{
	for (int n = 63; n <= 66; n++) {
		struct http_param *list;
		struct err err = { 0 };
		struct arena a = { 0 };
		struct buf b;
		size_t count;

		buf_init(&b, 1000);
		for (int i = 0; i < n; i++)
			buf_z(&b, "x=1&");
		ck_assert_int_eq(http_params(&a, buf_view(&b), &list, &count, &err),
				 n <= 64 ? 0 : -1);
		if (n <= 64)
			ck_assert_uint_eq(count, (size_t)n);
		else
			ck_assert_int_eq(err.code, ERR_LIMIT);
		buf_release(&b);
		arena_release(&a);
	}
}
END_TEST

/* ---- Headers. ------------------------------------------------------------ */

START_TEST(headers)
{
	struct http_headers h = { 0 };
	struct arena a = { 0 };
	char name[16];

	ck_assert_ptr_null(http_header(&h, "x").p);
	http_header_set(&h, &a, STR("Content-Type"), STR("a"));
	http_header_set(&h, &a, STR("content-type"), STR("b"));
	ck_assert_uint_eq(h.count, 1);
	http_header_add(&h, &a, STR("CONTENT-TYPE"), STR("c"));
	ck_assert_uint_eq(h.count, 2);
	ck_assert(str_is(http_header(&h, "Content-type"), "b"));	/* the first */
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		http_header_add(&h, &a, arena_str(&a, str_of(name)), STR("v"));
	}
	ck_assert_uint_eq(h.count, 52);
	ck_assert(str_is(h.list[51].name, "h49") && str_is(h.list[0].value, "b"));
	arena_release(&a);
}
END_TEST

START_TEST(bodies)
{
	static const struct {
		const char *method;
		int status;
		bool body;
	} rows[] = {
		{ "GET", 200, true }, { "HEAD", 200, false }, { "GET", 204, false },
		{ "GET", 304, false }, { "GET", 100, false }, { "POST", 404, true },
		{ "head", 200, true }, { "GET", 205, true }, { "HEAD", 404, false },
	};

	for (int i = 0; i < LEN(rows); i++)
		ck_assert_msg(http_has_body(str_of(rows[i].method), rows[i].status) ==
			      rows[i].body, "%s %d", rows[i].method, rows[i].status);
}
END_TEST

/* ---- Routes. ------------------------------------------------------------- */

static char called[200];

#define ROUTE(name) \
	static void name(void *ctx, struct http_exchange *x, const struct str *args) \
	{ \
		(void)x; \
		ck_assert_ptr_eq(ctx, called); \
		snprintf(called, sizeof(called), #name "(%.*s,%.*s,%.*s)", STRF(args[0]), \
			 STRF(args[1]), STRF(args[2])); \
	}
ROUTE(root)
ROUTE(list)
ROUTE(add)
ROUTE(one)
ROUTE(special)
ROUTE(deep)
ROUTE(drop)

static const struct route table[] = {
	{ "GET", "/", root },
	{ "GET", "/v1/things", list },
	{ "POST", "/v1/things", add },
	{ "GET", "/v1/things/special", special },
	{ "GET", "/v1/things/{id}", one },
	{ "DELETE", "/v1/things/{id}", drop },
	{ "PUT", "/{a}/x/{b}/{c}", deep },
	{ NULL, NULL, NULL },
};

static const struct {
	const char *method, *path;
	enum route_result result;
	const char *expected;		/* the call, or what is allowed */
} routes[] = {
	{ "GET", "/", ROUTE_DONE, "root(,,)" },
	{ "GET", "/v1/things", ROUTE_DONE, "list(,,)" },
	{ "POST", "/v1/things", ROUTE_DONE, "add(,,)" },
	{ "GET", "/v1/things/7", ROUTE_DONE, "one(7,,)" },
	{ "HEAD", "/v1/things/7", ROUTE_DONE, "one(7,,)" },
	{ "GET", "/v1/things/special", ROUTE_DONE, "special(,,)" },
	{ "GET", "/v1/things/a%2Fb%20c", ROUTE_DONE, "one(a/b c,,)" },
	{ "GET", "/v1/things/a+b", ROUTE_DONE, "one(a+b,,)" },
	{ "DELETE", "/v1/things/special", ROUTE_DONE, "drop(special,,)" },
	{ "PUT", "/1/x/2/3", ROUTE_DONE, "deep(1,2,3)" },
	{ "DELETE", "/v1/things", ROUTE_NO_METHOD, "GET, HEAD, POST" },
	{ "get", "/v1/things", ROUTE_NO_METHOD, "GET, HEAD, POST" },
	{ "PUT", "/v1/things/7", ROUTE_NO_METHOD, "GET, HEAD, DELETE" },
	{ "GET", "/v1/things/", ROUTE_NO_PATH, "" },
	{ "GET", "/v1/things/7/", ROUTE_NO_PATH, "" },
	{ "GET", "/v1/things/7/8", ROUTE_NO_PATH, "" },
	{ "GET", "/v1//things", ROUTE_NO_PATH, "" },
	{ "GET", "//v1/things", ROUTE_NO_PATH, "" },
	{ "GET", "/V1/things", ROUTE_NO_PATH, "" },
	{ "GET", "", ROUTE_NO_PATH, "" },
	{ "GET", "v1/things", ROUTE_NO_PATH, "" },
	{ "GET", "/v1", ROUTE_NO_PATH, "" },
	{ "GET", "*", ROUTE_NO_PATH, "" },
	{ "GET", "/v1/things/%zz", ROUTE_BAD_PATH, "" },
	{ "GET", "/v1/things/%00", ROUTE_BAD_PATH, "" },
};

START_TEST(dispatch)
{
	struct http_exchange x = { 0 };
	struct str allow = STR("");
	struct arena a = { 0 };

	x.arena = &a;
	x.req.method = str_of(routes[_i].method);
	x.req.path = str_of(routes[_i].path);
	called[0] = '\0';
	ck_assert_int_eq(route_dispatch(table, called, &x, &allow), routes[_i].result);
	if (routes[_i].result == ROUTE_NO_METHOD)
		ck_assert(str_is(allow, routes[_i].expected));
	else
		ck_assert_str_eq(called, routes[_i].expected);
	arena_release(&a);
}
END_TEST

/* ---- URLs. ---------------------------------------------------------------- */

static const struct {
	const char *url, *expected;	/* NULL: refused */
} urls[] = {
	{ "http://h/p?q", "plain h /p q" }, { "https://h/p?q", "tls h /p q" },
	{ "http://h", "plain h / none" }, { "http://h?", "plain h / " },
	{ "http://h:81/a/b%20", "plain h:81 /a/b%20 none" },
	{ "http://[::1]:81/", "plain [::1]:81 / none" },
	{ "http://h/a?b?c", "plain h /a b?c" },
	{ "ftp://h/", NULL }, { "http:/h", NULL }, { "http://", NULL }, { "", NULL },
	{ "http:///p", NULL }, { "http://?q", NULL }, { "HTTP://h/", NULL },
	{ "http://h/a b", NULL }, { "http://h/a\r\nX: y", NULL }, { "http://h/\x7F", NULL },
	{ "/p", NULL }, { "http://h h/", NULL },
};

START_TEST(url)
{
	struct err err = { 0 };
	struct network *net;
	struct http_call *c;
	struct loop loop;
	char got[200];

	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1, 0);
	net = memnet_new(&loop, NULL);
	c = http_call_new(net, STR("me"), "GET", &err, "%s", urls[_i].url);
	if (!urls[_i].expected) {
		ck_assert_ptr_null(c);
		ck_assert_int_eq(err.code, ERR_INVALID);
	} else {
		snprintf(got, sizeof(got), "%s %.*s %.*s %s", c->tls ? "tls" : "plain",
			 STRF(c->host), STRF(c->req.path),
			 c->req.query.p ? c->req.query.p : "none");
		ck_assert_str_eq(got, urls[_i].expected);
	}
	network_release(net);
	loop_release(&loop);
}
END_TEST

/* ---- Wrappers: each says what it saw; the party only "party". ------------- */

struct wrapper {
	struct http_handler h;		/* first: a wrapper is a handler */
	struct http_handler *next;
	const char *name;
	int64_t delay_ns, reply_delay_ns;
	int answers;			/* by itself, with that status */
};

struct hook {
	struct http_hook h;		/* first: a hook is one */
	struct wrapper *w;
};

static struct buf seen;

static void reply_goes_on(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_pass(x);
}

static void see_reply(struct http_hook *h, struct http_exchange *x)
{
	struct hook *hook = (struct hook *)h;

	buf_printf(&seen, " %s:%d", hook->w->name, x->resp.status);
	x->resp.status++;
	if (hook->w->reply_delay_ns)
		http_delay(x, hook->w->reply_delay_ns, reply_goes_on, NULL);
	else
		http_pass(x);
}

static void goes_on(struct http_exchange *x, void *arg)
{
	struct wrapper *w = arg;
	struct hook *hook;

	buf_printf(&seen, " %s", w->name);
	if (w->answers) {
		http_respond(x, w->answers, NULL, STR_NONE);
		return;
	}
	if (!w->next) {
		http_respond_json(x, 200, STR("{}"));
		return;
	}
	hook = ARENA_NEW(x->arena, struct hook);
	*hook = (struct hook){ { see_reply, NULL }, w };
	http_push_hook(x, &hook->h);
	w->next->handle(w->next, x);
}

static void wrap(struct http_handler *h, struct http_exchange *x)
{
	struct wrapper *w = (struct wrapper *)h;

	if (w->delay_ns)
		http_delay(x, w->delay_ns, goes_on, w);
	else
		goes_on(x, w);
}

static void note_end(struct http_call *c)
{
	buf_printf(&seen, " = %s %d at %lld", http_failure_name(c->failure), c->resp.status,
		   (long long)(loop_now(c->net->loop).ns / NS_PER_MS));
}

static const struct {
	int64_t delay_ms[3], reply_ms[3];
	int answers[3];
	const char *expected;
} wraps[] = {
	{ { 0 }, { 0 }, { 0 }, " a b party b:200 a:201 = answered 202 at 0" },
	{ { 10, 20, 30 }, { 0 }, { 0 }, " a b party b:200 a:201 = answered 202 at 60" },
	{ { 10, 0, 0 }, { 5, 7, 0 }, { 0 }, " a b party b:200 a:201 = answered 202 at 22" },
	{ { 0 }, { 0 }, { 0, 503, 0 }, " a b a:503 = answered 504 at 0" },
	{ { 0, 40, 0 }, { 0 }, { 429, 0, 0 }, " a = answered 429 at 0" },
	{ { 0, INT64_MAX, 0 }, { 0 }, { 0 }, " a = timeout 0 at 30000" },
	{ { 0 }, { 40000, 0, 0 }, { 0 }, " a b party b:200 a:201 = timeout 0 at 30000" },
};

START_TEST(wrappers)
{
	struct wrapper party = { { wrap }, NULL, "party", 0, 0, 0 };
	struct wrapper b = { { wrap }, &party.h, "b", 0, 0, 0 };
	struct wrapper a = { { wrap }, &b.h, "a", 0, 0, 0 };
	struct wrapper *all[] = { &a, &b, &party };
	struct err err = { 0 };
	struct network *net;
	struct http_call *c;
	struct loop loop;

	for (int i = 0; i < 3; i++) {
		int64_t ms = wraps[_i].delay_ms[i];

		all[i]->delay_ns = ms == INT64_MAX ? ms : ms * NS_PER_MS;
		all[i]->reply_delay_ns = wraps[_i].reply_ms[i] * NS_PER_MS;
		all[i]->answers = wraps[_i].answers[i];
	}
	buf_init(&seen, 1000);
	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1, 0);
	net = memnet_new(&loop, NULL);
	ck_assert_int_eq(network_listen(net, "h", "p", &a.h, &err), 0);
	c = http_call_new(net, STR("me"), "GET", &err, "http://h/");
	c->done = note_end;
	http_call_send(c);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
	ck_assert_str_eq(seen.p, wraps[_i].expected);
	network_release(net);
	loop_release(&loop);
	buf_release(&seen);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/http");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, unescape, 0, LEN(escapes));
	tcase_add_test(tc, escape_all_bytes);
	tcase_add_loop_test(tc, params, 0, LEN(queries));
	tcase_add_test(tc, params_are_limited);
	tcase_add_test(tc, headers);
	tcase_add_test(tc, bodies);
	tcase_add_loop_test(tc, dispatch, 0, LEN(routes));
	tcase_add_loop_test(tc, url, 0, LEN(urls));
	tcase_add_loop_test(tc, wrappers, 0, LEN(wraps));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
