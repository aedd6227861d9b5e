/*
 * Goal: what a check needs of the language: what only prepares is NOT REACHED
 * when it goes wrong, what is changed is put back, all pages can be looked at
 * as one, there is evidence without secrets, and a target can be put in the
 * place of the rig's own server.
 * Method: small scenarios whose outcome is written beside them; a target of
 * handlers that lie.
 */
#include "scenarios/run_text_test.h"
#include "scenarios/world.h"

#include <stdlib.h>

#define CHECK "check: {covers: [EP-INV-001], depth: read}\n"
#define WORLD \
	"world:\n" \
	"  users: {main: {password: hunter22}}\n" \
	"  carriers: {freds: {name: Freds, spn: Mobile, codes: 2}}\n" \
	"  devices:\n" \
	"    router: {profiles: [{spn: Bootstrap, type: bootstrap, status: active}, {spn: A}, {spn: B}]}\n"
#define INVENTORY "/ws/v1/esim_profiles/inventory"

static bool has(struct str text, const char *part)
{
	return str_find(text, str_of(part)) >= 0;
}

/* ---- What only prepares. ------------------------------------------------- */

static const struct {
	const char *text;
	enum verdict verdict;
	const char *message;		/* of the last step that was done */
} cases[] = {
	{ WORLD "steps:\n  - get: " INVENTORY "\n    given: {/count: 3}\n"
	  "    expect: {/count: 3}\n", VERDICT_PASS, "" },
	/* `given` is looked at first: the expectation does not hold either. */
	{ WORLD "steps:\n  - get: " INVENTORY "\n    given: {/count: {ge: 4}}\n"
	  "    expect: {/count: 5}\n", VERDICT_NOT_REACHED, "/count: expected {ge: 4}, found 3" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    given: {/count: 3}\n"
	  "    expect: {/count: 5}\n", VERDICT_FAIL, "/count: expected 5, found 3" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    given: {/count: 5}\n    within: 1h\n",
	  VERDICT_NOT_REACHED, "within 1h this did not come true" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    given: {/count: 3}\n    within: 1h\n",
	  VERDICT_PASS, "" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    until: {/count: 5}\n    within: 1h\n",
	  VERDICT_FAIL, "within 1h this did not come true" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    until: {/count: 5}\n    within: 1h\n"
	  "    set-up: true\n", VERDICT_NOT_REACHED, "within 1h this did not come true" },
	{ WORLD "steps:\n  - expect-device: {router: {online: false}}\n    set-up: true\n",
	  VERDICT_NOT_REACHED, "/online: expected false" },
	/* Only in a check does a request without expectations prepare. */
	{ WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: /nothing}\n", VERDICT_FAIL, "save x" },
	{ CHECK WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: /nothing}\n",
	  VERDICT_NOT_REACHED, "save x" },
	{ CHECK WORLD "steps:\n  - get: " INVENTORY "\n    expect: {status: 200}\n"
	  "    save: {x: /nothing}\n", VERDICT_FAIL, "save x" },
	{ CHECK WORLD "steps:\n  - stop: server\n  - get: " INVENTORY "\n",
	  VERDICT_NOT_REACHED, "no answer" },
	{ CHECK WORLD "steps:\n  - stop: server\n  - get: " INVENTORY "\n"
	  "    expect: {status: 200}\n", VERDICT_FAIL, "no answer" },
	/* Names that the server's answer should have filled. */
	/* Of the items that match, the first and the last. */
	{ WORLD "steps:\n  - get: " INVENTORY "?orderby=asc id\n    save:\n"
	  "      a: {first-of: /list, where: {status: inactive}}\n"
	  "      b: {last-of: /list, where: {carrier: {ne: B}}}\n"
	  "      c: {last-of: /list}\n"
	  "  - get: " INVENTORY "?query=id=${a.id} or carrier='${b.carrier}' or carrier='${c.carrier}'\n"
	  "    expect: {/count: 2, /list/*/carrier: {one-of: [A, B]}}\n", VERDICT_PASS, "" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: {first-of: /list, where: {id: 9}}}\n",
	  VERDICT_FAIL, "has no such item in /list" },
	{ CHECK WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: {first-of: /count}}\n",
	  VERDICT_NOT_REACHED, "has no such item in /count" },
	{ WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: /list}\n"
	  "  - get: " INVENTORY "/${x[7].iccid}\n    expect: {status: 200}\n",
	  VERDICT_ERROR, "x[7].iccid" },
	{ CHECK WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: /list}\n"
	  "  - get: " INVENTORY "/${x[7].iccid}\n    expect: {status: 200}\n",
	  VERDICT_NOT_REACHED, "x[7].iccid" },
	/* A link of the server's that is none. */
	{ CHECK WORLD "steps:\n  - get: " INVENTORY "\n    save: {x: /list/0/carrier}\n"
	  "  - get: ${x}\n    expect: {status: 200}\n", VERDICT_NOT_REACHED, "" },
};

START_TEST(verdicts)
{
	struct run_result r = run(cases[_i].text);
	struct str message = STR("");

	for (size_t i = 0; i < r.step_count; i++)
		if (r.steps[i].message.n)
			message = r.steps[i].message;
	ck_assert_msg(r.verdict == cases[_i].verdict, "%d: %s, %.*s", _i,
		      verdict_name(r.verdict), STRF(message));
	ck_assert_msg(has(message, cases[_i].message), "%d: it says: %.*s", _i,
		      STRF(message));
}
END_TEST

/* ---- Putting back. --------------------------------------------------------- */

#define FINALLY \
	"finally:\n" \
	"  - delete: /ws/v1/esim_profiles/${unknown_yet}\n    expect: {status: 204}\n" \
	"  - get: " INVENTORY "\n    name: the rows\n    expect: {/count: 5}\n" \
	"  - get: " INVENTORY "\n    expect: {/count: 3}\n"
#define SAVE_LATE \
	"  - get: " INVENTORY "\n    name: late\n    save: {unknown_yet: /count}\n"

START_TEST(finally_is_always_done)
{
	/* The step that saves the name is not reached. */
	struct run_result r = run("name: t\n" WORLD FINALLY
				  "steps:\n  - fail: here\n" SAVE_LATE);

	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
	ck_assert_uint_eq(r.step_count, 5);
	ck_assert(has(r.steps[2].title, "finally: DELETE"));
	ck_assert_int_eq(r.steps[1].verdict, VERDICT_NOT_REACHED);
	/* Nothing was made, so there is nothing to put back. */
	ck_assert_int_eq(r.steps[2].verdict, VERDICT_NOT_REACHED);
	ck_assert_int_eq(r.steps[3].verdict, VERDICT_WARN);
	ck_assert_int_eq(r.steps[4].verdict, VERDICT_PASS);
	ck_assert(str_eq(r.left_behind,
			 STR("finally: the rows: /count: expected 5, found 3\n")));
	/* Its trouble is not the verdict. */
	r = run("name: t\n" WORLD FINALLY "steps:\n" SAVE_LATE);
	ck_assert_int_eq(r.verdict, VERDICT_PASS);
	ck_assert_int_eq(r.steps[1].verdict, VERDICT_WARN);
	ck_assert(has(r.left_behind, "DELETE"));
	ck_assert(has(r.left_behind, "the rows"));
}
END_TEST

/* ---- All pages. -------------------------------------------------------------- */

START_TEST(follows_cursors)
{
	struct run_result r = run("name: t\n" WORLD "steps:\n"
		"  - get: " INVENTORY "?size=2\n    follow: true\n"
		"    expect:\n      status: 200\n      /count: 3\n      /pages: [2, 1]\n"
		"      /list: {length: 3}\n      /list/*/eid: ${router.eid}\n"
		"  - get: " INVENTORY "?query=carrier='nobody'\n    follow: true\n"
		"    expect: {/count: 0, /pages: [0], /list: []}\n"
		"  - get: " INVENTORY "?size=none\n    follow: true\n"
		"    expect: {status: 400, /error_status: 400}\n");

	ck_assert_msg(r.verdict == VERDICT_PASS, "%.*s%.*s%.*s", STRF(r.steps[0].message),
		      STRF(r.steps[1].message), STRF(r.steps[2].message));
}
END_TEST

/* ---- A target. ---------------------------------------------------------------- */

struct lie {
	struct http_handler handler;	/* first */
	struct http_handler *next;
	struct http_hook hook;
	const char *body;		/* in place of the server's own */
	unsigned wraps, unwraps, entered, left, asked, busy;
};

static void handle_lie(struct http_handler *h, struct http_exchange *x)
{
	struct lie *l = (struct lie *)h;

	if (str_starts(x->req.path, STR("/southbound/"))) {
		l->next->handle(l->next, x);
		return;
	}
	x->resp.status = l->busy ? 429 : 200;
	x->resp.body = str_of(l->body);
	http_reply(x);
}

static struct http_handler *wrap_lie(void *arg, struct world *w, const char *party,
				     struct http_handler *next)
{
	struct lie *l = arg;

	ck_assert_ptr_nonnull(w);
	if (strcmp(party, "server") != 0)
		return next;
	l->handler.handle = handle_lie;
	l->next = next;
	l->wraps++;
	return &l->handler;
}

static void unwrap_lie(void *arg, struct world *w, const char *party,
		       struct http_handler *h)
{
	struct lie *l = arg;

	ck_assert_ptr_nonnull(w);
	ck_assert_str_eq(party, "server");
	ck_assert(h == &l->handler);
	l->unwraps++;
}

static int enter(void *arg, struct world *w, struct str *url, struct err *err)
{
	(void)w;
	(void)err;
	((struct lie *)arg)->entered++;
	*url = STR("https://api.example.com");
	return 0;
}

static void leave(void *arg, struct world *w)
{
	(void)w;
	((struct lie *)arg)->left++;
}

static int64_t before(void *arg, struct http_call *c, struct str user)
{
	((struct lie *)arg)->asked++;
	http_call_header(c, "X-Tenant", user.p ? user : STR("nobody"));
	return 2 * NS_PER_S;
}

static int64_t after(void *arg, const struct http_call *c)
{
	struct lie *l = arg;

	if (c->resp.status != 429)
		return -1;
	l->busy--;
	return 10 * NS_PER_S;
}

START_TEST(endless_cursor)
{
	struct lie l = { .body = "{\"count\":1,\"list\":[1],\"cursor\":\"again\"}" };
	struct run_target t = { .wrap = wrap_lie, .unwrap = unwrap_lie, .arg = &l };
	struct run_options o = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .target = &t };
	struct run_result r = run_with("name: t\n" WORLD "steps:\n"
		"  - get: " INVENTORY "\n    follow: true\n    expect: {/count: 3}\n", &o);

	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
	ck_assert(has(r.steps[0].message, "2000 pages"));
}
END_TEST

START_TEST(target_is_asked)
{
	struct lie l = { .body = "{\"a\":\"hunter22\",\"b\":\"LPA:1$x.example.com$SECRET99\"}",
			 .busy = 2 };
	struct run_target t = {
		.wrap = wrap_lie, .unwrap = unwrap_lie, .enter = enter, .leave = leave,
		.request = before, .answer = after, .arg = &l,
	};
	struct run_options o = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .target = &t };
	struct run_result r = run_with("name: t\n" CHECK WORLD "steps:\n"
		"  - restart: server\n"
		"  - post: /ws/v1/esim_profiles/x?y=1\n    json: {k: \"it's\"}\n"
		"    expect: {/c: 1}\n", &o);
	const struct step_result *s = &r.steps[1];

	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
	ck_assert_uint_eq(l.wraps, 2);
	ck_assert_uint_eq(l.unwraps, 2);
	ck_assert_uint_eq(l.entered, 1);
	ck_assert_uint_eq(l.left, 1);
	/* Asked three times: 2 s before each, 10 s after two of them. */
	ck_assert_uint_eq(l.asked, 3);
	ck_assert_int_ge(s->ended.ns - s->began.ns, 26 * NS_PER_S);
	ck_assert_int_lt(s->ended.ns - s->began.ns, 27 * NS_PER_S);
	ck_assert(has(s->request, "POST https://api.example.com/ws/v1/esim_profiles/x?y=1\n"));
	ck_assert(has(s->request, "Authorization: ***\n"));
	ck_assert(has(s->request, "X-Tenant: ***\n"));
	ck_assert(has(s->request, "\n\n{\"k\":\"it's\"}"));
	ck_assert(has(s->response, "200\n"));
	ck_assert(has(s->response, "{\"a\":\"***\",\"b\":\"LPA:1$x.example.com$***\"}"));
	ck_assert(has(s->curl, "curl -i -X POST -H 'Authorization: ***'"));
	ck_assert(has(s->curl, "--data-binary '{\"k\":\"it'\\''s\"}' "
			       "'https://api.example.com/ws/v1/esim_profiles/x?y=1'"));
	ck_assert_uint_eq(r.steps[0].request.n, 0);
}
END_TEST

START_TEST(evidence_is_cut)
{
	static char body[20000];
	struct lie l = { .body = body };
	struct run_target t = { .wrap = wrap_lie, .unwrap = unwrap_lie, .arg = &l };
	struct run_options o = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .target = &t };
	struct run_result r;

	memset(body, 'x', sizeof(body) - 1);
	r = run_with("name: t\n" CHECK WORLD "steps:\n  - get: /x\n    expect: {status: 500}\n",
		     &o);
	ck_assert_uint_le(r.steps[0].response.n, EVIDENCE_MAX + 100);
	ck_assert(has(r.steps[0].response, "(19999 bytes in all)"));
}
END_TEST

/* Where nothing is simulated a world is names, and only those that were given. */
START_TEST(a_world_of_names)
{
	struct lie l = { .body = "" };
	struct run_target t = { .foreign = true, .no_parties = true, .enter = enter,
				.leave = leave, .arg = &l };
	struct run_options o = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .target = &t };
	struct run_result r = run_with("name: t\n" CHECK
		"world:\n"
		"  carriers: {freds: {codes: [{iccid: \"8944001000000000015\"}]}}\n"
		"  devices:\n"
		"    router: {device_id: 00000000-00000000-0040FFFF-FF800099, profiles: [{}]}\n"
		"steps:\n"
		"  - set: {a: \"${router.device_id} ${freds.iccid} ${freds.name}\"}\n"
		"  - get: /x\n    expect: {failure: unreachable}\n"
		"  - power-off: router\n    in-world: true\n"
		"  - set: {b: \"${router.profiles[0].spn}\"}\n"
		"  - set: {c: \"${router.eid}\"}\n", &o);

	ck_assert_int_eq(r.verdict, VERDICT_NOT_REACHED);
	for (size_t i = 0; i < 4; i++)
		ck_assert_msg(r.steps[i].verdict == VERDICT_PASS, "%zu: %.*s", i,
			      STRF(r.steps[i].message));
	ck_assert(has(r.steps[4].message, "${router.eid}: the target has nothing"));
	ck_assert_uint_eq(l.left, 1);
}
END_TEST

struct times {
	int64_t at_s[9];
	unsigned count;
};

static int64_t note_time(void *arg, struct http_call *c, struct str user)
{
	struct times *t = arg;

	(void)user;
	if (t->count < 9)
		t->at_s[t->count++] = loop_now(c->net->loop).ns / NS_PER_S;
	return 0;
}

/* Somebody sits and waits: what is soon done is soon seen. */
START_TEST(looks_soon_and_then_seldom)
{
	static const int64_t expected[9] = { 0, 1, 3, 7, 15, 31, 63, 123, 183 };
	struct times times = { .count = 0 };
	struct run_target t = { .foreign = true, .no_parties = true, .request = note_time,
				.arg = &times };
	struct run_options o = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .target = &t };
	struct run_result r = run_with("name: t\n" CHECK
		"steps:\n"
		"  - get: /ws/v1/esim_profiles/progress/x\n"
		"    until: {/status: complete}\n"
		"    within: 1h\n", &o);

	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(times.at_s[i], expected[i]);
}
END_TEST

START_TEST(codes_are_configured)
{
	struct run_target t = { 0 };
	struct run_options o = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .target = &t };
	struct run_result r = run_with("name: t\n" WORLD "steps:\n"
		"  - post: /ws/v1/esim_profiles/download\n"
		"    json: {device_id: \"${router.device_id}\", eid: \"${router.eid}\","
		" iccid: \"${freds.iccid}\"}\n    expect: {status: 200}\n"
		"    save: {tx: /transaction}\n"
		"  - get: /ws/v1/esim_profiles/progress/${tx}\n"
		"    until: {/status: complete}\n    within: 30min\n", &o);

	ck_assert_msg(r.verdict == VERDICT_PASS, "%.*s%.*s", STRF(r.steps[0].message),
		      STRF(r.steps[1].message));
	ck_assert(!has(r.events, "esim_activation_codes"));
	/* A target with a world of the rig's is no reason to pass a step over. */
	r = run_with("name: t\n" CHECK WORLD "steps:\n  - fail: here\n    in-world: true\n", &o);
	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/runner (checks)");
	TCase *tc = tcase_create("checks");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, verdicts, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, finally_is_always_done);
	tcase_add_test(tc, follows_cursors);
	tcase_add_test(tc, endless_cursor);
	tcase_add_test(tc, target_is_asked);
	tcase_add_test(tc, evidence_is_cut);
	tcase_add_test(tc, a_world_of_names);
	tcase_add_test(tc, looks_soon_and_then_seldom);
	tcase_add_test(tc, codes_are_configured);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
