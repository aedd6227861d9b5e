/*
 * Goal: through a relay, both sides see what they would see without it, also
 * of what goes wrong.
 * Method: the same request sent directly and through a relay; what arrives
 * and what comes back, as texts, must be equal.
 */
#include "scenarios/relay.h"

#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct loop loop;
static struct network *net;
static struct relay relay;
static char arrived[4096], came_back[4096];

static void put_headers(char *text, size_t size, const struct http_headers *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (str_starts(h->list[i].name, STR("X-")) ||
		    str_ieq(h->list[i].name, STR("Content-Type")) ||
		    str_ieq(h->list[i].name, STR("Authorization")))
			snprintf(text + strlen(text), size - strlen(text), "%.*s: %.*s\n",
				 STRF(h->list[i].name), STRF(h->list[i].value));
}

static void serve(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	snprintf(arrived, sizeof(arrived), "%.*s %.*s ? %.*s\n%.*s\n", STRF(x->req.method),
		 STRF(x->req.path), STRF(x->req.query), STRF(x->req.body));
	put_headers(arrived, sizeof(arrived), &x->req.headers);
	if (str_is(x->req.path, "/never"))
		return;
	if (str_is(x->req.path, "/reset"))
		x->resp.fault = HTTP_FAULT_RESET;
	http_header_add(&x->resp.headers, x->arena, STR("X-Answer"), STR("seven"));
	if (str_is(x->req.path, "/empty")) {
		http_respond(x, 204, NULL, STR_NONE);
		return;
	}
	http_respond(x, str_is(x->req.path, "/bad") ? 400 : 200, "application/json", STR("{}"));
}

static void done(struct http_call *c)
{
	snprintf(came_back, sizeof(came_back), "%s %d %.*s\n", http_failure_name(c->failure),
		 c->failure == HTTP_OK ? c->resp.status : 0, STRF(c->resp.body));
	if (c->failure == HTTP_OK)
		put_headers(came_back, sizeof(came_back), &c->resp.headers);
	loop_stop(&loop);
}

static void call(const char *host, const char *method, const char *path, const char *body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(net, STR("device/a"), method, &err, "http://%s%s",
					    host, path);

	ck_assert_msg(c != NULL, "%s", err.msg);
	http_call_header(c, "X-Once", STR("1"));
	http_call_header(c, "X-Once", STR("2"));
	http_call_header(c, "Authorization", STR("Bearer b"));
	if (body)
		http_call_body(c, "application/json", str_of(body));
	c->done = done;
	arrived[0] = came_back[0] = '\0';
	http_call_send(c);
	ck_assert_msg(loop_run(&loop, &err) == 0, "%s", err.msg);
}

static const struct {
	const char *method, *path, *body, *sees;
} calls[] = {
	{ "POST", "/southbound/v1/device_reports", "{\"a\": 1}", "answered 200 {}" },
	{ "POST", "/bad?x=%20y&z", "nothing", "answered 400 {}" },
	{ "GET", "/a%2Fb?", NULL, "answered 200 {}" },
	{ "PUT", "/empty", NULL, "answered 204 " },
	{ "POST", "/reset", "{}", "broken" },
	{ "POST", "/never", "{}", "timeout" },
};

START_TEST(nobody_can_tell)
{
	struct http_handler there = { serve };
	char direct[sizeof(arrived)], answer[sizeof(came_back)];
	struct err err = { 0 };

	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	net = memnet_new(&loop, NULL);
	relay_init(&relay, STR("relay"), "http://there.rig");
	ck_assert(network_listen(net, "there.rig", "there", &there, &err) == 0);
	ck_assert(network_listen(net, "relay.rig", "relay", &relay.handler, &err) == 0);
	call("there.rig", calls[_i].method, calls[_i].path, calls[_i].body);
	memcpy(direct, arrived, sizeof(direct));
	memcpy(answer, came_back, sizeof(answer));
	ck_assert_msg(strncmp(answer, calls[_i].sees, strlen(calls[_i].sees)) == 0, "%s", answer);
	call("relay.rig", calls[_i].method, calls[_i].path, calls[_i].body);
	ck_assert_str_eq(arrived, direct);
	ck_assert_str_eq(came_back, answer);
	/* Nobody is there. */
	network_unlisten(net, "there.rig");
	call("relay.rig", calls[_i].method, calls[_i].path, calls[_i].body);
	ck_assert_str_eq(arrived, "");
	ck_assert_str_eq(came_back, "unreachable 0 \n");
	network_release(net);
	loop_release(&loop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenarios/relay");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, nobody_can_tell, 0, sizeof(calls) / sizeof(calls[0]));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
