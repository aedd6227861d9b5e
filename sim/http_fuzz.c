/* Paths and queries of strangers: parameters, escapes, routes, URLs, times. */
#include "sim/duration.h"
#include "sim/http.h"
#include "sim/memnet.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void route(void *ctx, struct http_exchange *x, const struct str *args)
{
	int *called = ctx;

	(void)x;
	for (size_t i = 0; i < ROUTE_ARGS_MAX; i++)
		assert(args[i].n == 0 || args[i].p);
	++*called;
}

static const struct route table[] = {
	{ "GET", "/", route },
	{ "GET", "/a/{one}", route },
	{ "POST", "/a/{one}", route },
	{ "GET", "/a/{one}/b/{two}/{three}/{four}", route },
	{ NULL, NULL, NULL },
};

static void escapes(struct arena *a, struct str s)
{
	struct str out, back;
	struct buf b;

	if (http_unescape(a, s, true, &out) == 0)
		assert(out.n <= s.n && !memchr(out.p, '\0', out.n) == !memchr(s.p, '\0', s.n));
	if (memchr(s.p, '\0', s.n))
		return;
	buf_init(&b, 1 << 24);
	http_escape(&b, s);
	assert(http_unescape(a, buf_view(&b), false, &back) == 0);
	assert(str_eq(back, s));
	buf_release(&b);
}

static void urls(struct str s)
{
	struct err err = { 0 };
	struct http_call *c;
	struct network *net;
	struct loop loop;

	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1, 0);
	net = memnet_new(&loop, NULL);
	c = http_call_new(net, STR("fuzz"), "GET", &err, "http%.*s", STRF(s));
	assert(c || err.code == ERR_INVALID);
	if (c)
		assert(c->host.n > 0 && c->req.path.n > 0);
	network_release(net);
	loop_release(&loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { size ? (const char *)data : "", size }, allow = STR_NONE;
	struct http_exchange x = { 0 };
	struct http_param *list;
	struct err err = { 0 };
	struct arena a = { 0 };
	int64_t number;
	int called = 0;
	size_t count;

	x.arena = &a;
	x.req.method = STR("GET");
	x.req.path = s;
	if (route_dispatch(table, &called, &x, &allow) == ROUTE_DONE)
		assert(called == 1);
	else
		assert(called == 0);
	if (http_params(&a, s, &list, &count, &err) == 0)
		for (size_t i = 0; i < count; i++)
			assert(list[i].name.n + list[i].value.n <= size);
	escapes(&a, s);
	urls(s);
	if (duration_parse(s, &number, &err) == 0)
		assert(number >= 0);
	clock_parse_iso(s, &number, &err);
	arena_release(&a);
	return 0;
}
