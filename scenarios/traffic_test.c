/*
 * Goal: what is written down is what the party was asked and answered, with
 * secrets masked, whatever the party does to the request and whenever it
 * answers.  Method: a party that spoils its request and replies late, or with
 * a stream; the lines are read back with cJSON.
 */
#include "scenarios/traffic.h"
#include "sim/json.h"
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct rig {
	struct loop loop;
	struct network *net;
	struct traffic *traffic;
	struct http_handler party;
	struct http_stream stream;
	bool streams;
	int status;			/* of what is late */
	unsigned answers, lines;
	char line[8192];
};

static struct rig *rig_now;

static void take(void *arg, struct str line)
{
	struct rig *r = arg;

	r->lines++;
	snprintf(r->line, sizeof(r->line), "%.*s", STRF(line));
}

static struct str mask(const void *secret, struct str text, struct arena *a)
{
	char *copy = arena_strdup(a, arena_str(a, text).p), *at;

	while ((at = strstr(copy, secret)))
		memset(at, '*', strlen(secret));
	return str_of(copy);
}

static void late(struct http_exchange *x, void *arg)
{
	const struct rig *r = arg;

	x->req.path = STR("/spoilt");
	http_header_set(&x->resp.headers, x->arena, STR("X-Mixed-Case"), STR("SECRET"));
	http_respond_json(x, r->status, STR("{\"a\":1}"));
}

static int next_piece(struct http_stream *st, struct buf *out)
{
	(void)st;
	buf_z(out, "streamed");
	return 0;
}

static void close_stream(struct http_stream *st)
{
	(void)st;
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct rig *r = (struct rig *)((char *)h - offsetof(struct rig, party));

	if (!r->streams) {
		http_delay(x, 5 * NS_PER_S, late, r);
		return;
	}
	r->stream = (struct http_stream){ .next = next_piece, .close = close_stream };
	x->resp.status = 200;
	x->resp.stream = &r->stream;
	http_reply(x);
}

static void setup(void)
{
	static const char secret[] = "SECRET";
	struct rig *r = calloc(1, sizeof(*r));
	struct err err;

	rig_now = r;
	loop_init(&r->loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	r->net = memnet_new(&r->loop, NULL);
	r->party.handle = handle;
	r->status = 201;
	r->traffic = traffic_new(&(struct traffic_config){ take, r, mask, secret });
	ck_assert_int_eq(network_listen(r->net, "shop.rig", "shop",
					traffic_gate(r->traffic, "shop", &r->party), &err), 0);
}

static void teardown(void)
{
	network_release(rig_now->net);
	traffic_free(rig_now->traffic);
	loop_release(&rig_now->loop);
	free(rig_now);
}

static void done(struct http_call *c)
{
	struct rig *r = c->owner;

	ck_assert_int_eq(c->failure, HTTP_OK);
	r->answers++;
}

static cJSON *ask_by(struct rig *r, const char *method, const char *url, const char *body)
{
	struct err err;
	struct http_call *c = http_call_new(r->net, STR("client"), method, &err, "%s", url);

	http_call_header(c, "Authorization", STR("Bearer SECRET"));
	http_call_body(c, "text/plain", str_of(body));
	c->done = done;
	c->owner = r;
	http_call_send(c);
	ck_assert_int_eq(loop_run(&r->loop, &err), 0);
	ck_assert_uint_eq(r->answers, 1);
	ck_assert_uint_eq(r->lines, 1);
	ck_assert_ptr_null(strstr(r->line, "SECRET"));
	ck_assert_ptr_eq(strchr(r->line, '\n'), r->line + strlen(r->line) - 1);
	return json_parse(str_of(r->line), &err);
}

static cJSON *ask(struct rig *r, const char *url, const char *body)
{
	return ask_by(r, "POST", url, body);
}

static void is(const cJSON *o, const char *key, const char *value)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	ck_assert_msg(cJSON_IsString(v) && strcmp(v->valuestring, value) == 0, "%s", key);
}

START_TEST(both_sides_are_written)
{
	cJSON *t = ask(rig_now, "http://shop.rig/a%20b?q=SECRET&n=1", "my SECRET");
	const cJSON *in = cJSON_GetObjectItemCaseSensitive(t, "request_headers");
	const cJSON *out = cJSON_GetObjectItemCaseSensitive(t, "response_headers");

	is(t, "to", "shop");
	is(t, "method", "POST");
	is(t, "path", "/a%20b");
	is(t, "query", "q=******&n=1");
	is(t, "request_body", "my ******");
	is(t, "response_body", "{\"a\":1}");
	is(in, "authorization", "Bearer ******");
	is(in, "content-type", "text/plain");
	is(out, "content-type", "application/json");
	is(out, "x-mixed-case", "******");
	ck_assert_int_eq(cJSON_GetObjectItemCaseSensitive(t, "status")->valueint, 201);
	cJSON_Delete(t);
}
END_TEST

START_TEST(a_stream_is_left_out)
{
	cJSON *t;

	rig_now->streams = true;
	t = ask(rig_now, "http://shop.rig/", "");
	ck_assert_int_eq(cJSON_GetObjectItemCaseSensitive(t, "status")->valueint, 200);
	ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(t, "response_body"));
	ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(t, "query"));
	cJSON_Delete(t);
}
END_TEST

/* The party may say how long it is, yet it is not in what it answered. */
static const struct {
	const char *method;
	int status;
} bodiless[] = { { "HEAD", 200 }, { "GET", 304 } };

START_TEST(what_is_not_sent_is_left_out)
{
	cJSON *t;

	rig_now->status = bodiless[_i].status;
	t = ask_by(rig_now, bodiless[_i].method, "http://shop.rig/", "");
	ck_assert_int_eq(cJSON_GetObjectItemCaseSensitive(t, "status")->valueint,
			 bodiless[_i].status);
	is(t, "response_body", "");
	cJSON_Delete(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/traffic");
	TCase *tc = tcase_create("traffic");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, both_sides_are_written);
	tcase_add_test(tc, a_stream_is_left_out);
	tcase_add_loop_test(tc, what_is_not_sent_is_left_out, 0,
			    (int)(sizeof(bodiless) / sizeof(bodiless[0])));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
