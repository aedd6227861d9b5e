/*
 * Goal: verdicts that don't lie: what is wrong fails in its place with both
 * sides said, what comes after it is not reached, and the same seed gives the
 * same event log, byte for byte.
 * Method: small scenarios whose outcome is written beside them.
 */
#include "scenarios/run_text_test.h"
#include "scenarios/world.h"

#include <stdio.h>
#include <stdlib.h>

#define WORLD \
	"world:\n" \
	"  carriers: {freds: {name: Freds, spn: Mobile, codes: 2}}\n" \
	"  devices: {router: {profiles: [{spn: Bootstrap, type: bootstrap, status: active}]}}\n" \
	"  latency: {device.poll: {uniform: [1min, 4min]}, smdp: {lognormal: {median: 1s, p99: 9s}}}\n"

#define ACTIVATE \
	"  - post: /ws/v1/esim_profiles/operations/inventory\n" \
	"    json: {device_id: \"${router.device_id}\", operation: activate, carrier: Freds}\n" \
	"    expect: {status: 200}\n" \
	"    save: {op: /id}\n"

#define UNTIL(status, limit) \
	"  - get: /ws/v1/esim_profiles/operations/inventory/${op}\n" \
	"    until: {/status: " status "}\n" \
	"    within: " limit "\n"

/* ---- Verdicts. ------------------------------------------------------------ */

static const struct {
	const char *name, *text;
	enum verdict verdict;
	unsigned failed_step;		/* from 0 */
	unsigned line;			/* where it says that it is wrong */
	const char *message;		/* part of what it says */
} cases[] = {
	{ "passes",
	  "name: t\n" WORLD "steps:\n" ACTIVATE UNTIL("successful", "30min"),
	  VERDICT_PASS, 99, 0, "" },
	{ "a raw URL is sent as it is written",
	  "name: t\n" WORLD "steps:\n"
	  "  - raw: true\n"
	  "    get: /ws/v1/esim_profiles/inventory?size=%4\n"
	  "    expect: {status: 400, text: {contains: malformed %-escape}}\n"
	  "  - get: /ws/v1/esim_profiles/inventory?size=%4\n"
	  "    expect: {status: 400, text: {contains: \"found '%4'\"}}\n",
	  VERDICT_PASS, 99, 0, "" },
	{ "but not with a blank",
	  "name: t\n" WORLD "steps:\n"
	  "  - raw: true\n"
	  "    get: /ws/v1/esim_profiles/inventory?size=1 2\n",
	  VERDICT_ERROR, 0, 7, "expected http://host/path" },
	{ "wrong status code",
	  "name: t\n" WORLD "steps:\n"
	  "  - get: /ws/v1/esim_profiles/inventory/1\n"
	  "    expect: {status: 200}\n  - wait: 1s\n",
	  VERDICT_FAIL, 0, 8, "status: expected 200, found 404" },
	{ "wrong member, said with both sides",
	  "name: t\n" WORLD "steps:\n  - wait: 1s\n"
	  "  - get: /ws/v1/esim_profiles/inventory\n"
	  "    expect:\n      status: 200\n      /list/0/carrier: Mobile\n",
	  VERDICT_FAIL, 1, 11, "/list/0/carrier: expected \"Mobile\", found \"Bootstrap\"" },
	{ "a wait that is too short",
	  "name: t\n" WORLD "steps:\n" ACTIVATE UNTIL("successful", "20s") "  - wait: 1s\n",
	  VERDICT_FAIL, 1, 12, "within 20s this did not come true: /status: expected \"successful\"" },
	{ "an event that does not come",
	  "name: t\n" WORLD "steps:\n  - expect-event: {event: profile-installed, within: 1h}\n",
	  VERDICT_FAIL, 0, 7, "expected at least 1, found 0" },
	{ "an event that must not come",
	  "name: t\n" WORLD "steps:\n" ACTIVATE UNTIL("successful", "30min")
	  "  - expect-event: {event: profile-installed, count: 0}\n",
	  VERDICT_FAIL, 2, 14, "expected 0, found 1" },
	{ "a device in another state",
	  "name: t\n" WORLD "steps:\n  - expect-device: {router: {/online: false}}\n",
	  VERDICT_FAIL, 0, 7, "/online: expected false, found true" },
	{ "a step that must not be reached",
	  "name: t\n" WORLD "steps:\n  - fail: this far\n  - wait: 1s\n",
	  VERDICT_FAIL, 0, 7, "this far" },
	{ "longer than its time limit",
	  "name: t\ntime-limit: 1h\n" WORLD "steps:\n  - wait: 2h\n",
	  VERDICT_FAIL, 0, 8, "time limit" },
	{ "a time that is past",
	  "name: t\n" WORLD "steps:\n  - wait: 2h\n  - {at: 1h, wait: 1s}\n",
	  VERDICT_FAIL, 1, 8, "its time (`at`) is over" },
	{ "nobody listens",
	  "name: t\n" WORLD "steps:\n  - stop: server\n  - get: /ws/v1/esim_profiles\n"
	  "    expect: {status: 200}\n",
	  VERDICT_FAIL, 1, 8, "no answer: server.rig" },
	{ "nobody listens, as expected",
	  "name: t\n" WORLD "steps:\n  - stop: server\n  - get: /ws/v1/esim_profiles\n"
	  "    expect: {failure: unreachable}\n",
	  VERDICT_PASS, 99, 0, "" },
	{ "nobody listens, as waited for",
	  "name: t\n" WORLD "steps:\n  - stop: server\n  - get: /ws/v1/esim_profiles\n"
	  "    until: {failure: unreachable}\n    within: 5min\n    stable-for: 1min\n",
	  VERDICT_PASS, 99, 0, "" },
	{ "a device that is waited for",
	  "name: t\nworld: {devices: {d: {profiles: [{status: active}]}}}\nsteps:\n"
	  "  - power-off: d\n  - power-on: d\n"
	  "  - expect-device: {d: {/online: true}}\n    within: 30min\n",
	  VERDICT_PASS, 99, 0, "" },
	{ "nothing to save",
	  "name: t\n" WORLD "steps:\n  - get: /ws/v1/esim_profiles\n    save: {x: /no/such}\n"
	  "  - get: /x/${x}\n",
	  VERDICT_FAIL, 0, 8, "save x: the answer (status 200) has no /no/such" },
	{ "nothing to save, nor in its place",
	  "name: t\n" WORLD "steps:\n  - get: /ws/v1/esim_profiles\n"
	  "    save: {x: [/no/such, /nor/such]}\n  - get: /x/${x}\n",
	  VERDICT_FAIL, 0, 8, "has no /no/such, and what may stand for it neither" },
	{ "an answer without JSON",
	  "name: t\n" WORLD "steps:\n  - get: /ws/v1/esim_profiles/bulk\n    expect: {/count: 1}\n",
	  VERDICT_FAIL, 0, 8, "has no JSON body" },
	{ "stable for too short",
	  "name: t\n" WORLD "steps:\n" ACTIVATE
	  "  - get: /ws/v1/esim_profiles/operations/inventory/${op}\n"
	  "    until: {/status: {one-of: [starting, download]}}\n"
	  "    within: 2h\n    every: 10s\n    stable-for: 1h\n",
	  VERDICT_FAIL, 1, 12, "within 2h this did not come true" },
	{ "skipped",
	  "name: t\nskip: not today\nsteps: [{wait: 1s}]\n",
	  VERDICT_SKIP, 99, 0, "not today" },
};

static void check_steps(const struct run_result *r, unsigned failed_step)
{
	for (unsigned i = 0; i < r->step_count && r->verdict == VERDICT_FAIL; i++)
		ck_assert_int_eq(r->steps[i].verdict, i < failed_step ? VERDICT_PASS :
				 i > failed_step ? VERDICT_NOT_REACHED : VERDICT_FAIL);
}

START_TEST(verdicts)
{
	struct run_result r = run(cases[_i].text);
	struct str message = r.message;

	ck_assert_msg(r.verdict == cases[_i].verdict, "%s: %s, %.*s", cases[_i].name,
		      verdict_name(r.verdict), STRF(r.message));
	check_steps(&r, cases[_i].failed_step);
	if (cases[_i].failed_step < r.step_count) {
		const struct step_result *s = &r.steps[cases[_i].failed_step];

		message = s->message;
		ck_assert_msg(s->line == cases[_i].line, "%s: line %u", cases[_i].name,
			      s->line);
		ck_assert(s->column > 0);
		ck_assert(str_find(r.reproduce, STR("t.yaml")) > 0);
		ck_assert_uint_gt(r.last_events.n, 0);
	}
	ck_assert_msg(str_find(message, str_of(cases[_i].message)) >= 0,
		      "%s: it says: %.*s", cases[_i].name, STRF(message));
}
END_TEST

/* An invariant ends the run at the event, whatever the step wants. */
START_TEST(invariant_ends_the_run)
{
	struct run_result r = run("name: t\n" WORLD "steps:\n"
		"  - post: /southbound/v1/device_reports\n"
		"    json: {device_id: x}\n"
		"  - wait: 1h\n"
		"always: [no-secret-in-log]\n");

	ck_assert_int_eq(r.verdict, VERDICT_PASS);
	/* The operator's password, asked for as if it was a profile: it stands
	 * in the path, which is logged. */
	r = run("name: t\n" WORLD "  users: {u: {password: hunter22}}\nsteps:\n"
		"  - get: /ws/v1/esim_profiles/inventory/hunter22\n"
		"  - wait: 1h\n"
		"always: [no-secret-in-log]\n");
	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
	ck_assert_uint_eq(r.steps[0].line, 10);
	ck_assert(str_find(r.steps[0].message, STR("no-secret-in-log does not hold")) >= 0);
	ck_assert_int_eq(r.steps[1].verdict, VERDICT_NOT_REACHED);
}
END_TEST

START_TEST(no_secret_in_a_failure)
{
	struct run_result r = run("name: t\n"
		"world: {users: {u: {password: hunter22}}}\nsteps:\n"
		"  - set: {x: \"${u.password}\"}\n"
		"  - fail: \"it is ${x}, ${u.authorization}\"\n");

	ck_assert_int_eq(r.verdict, VERDICT_FAIL);
	ck_assert(str_find(r.steps[1].message, STR("hunter22")) < 0);
	ck_assert(str_find(r.steps[1].message, STR("it is ***, Basic ***")) >= 0);
}
END_TEST

/* ---- Determinism. ----------------------------------------------------------- */

static const char story[] =
	"name: t\n" WORLD
	"  quirks: [{device.report-late: {by: 40s}}, {smdp.slow: {delay: 5s}}]\n"
	"steps:\n" ACTIVATE UNTIL("successful", "60min");

START_TEST(same_seed_same_log)
{
	struct run_options o = virtual;
	struct str first, again, other;

	o.has_seed = true;
	o.seed = 11;
	first = run_with(story, &o).events;
	again = run_with(story, &o).events;
	ck_assert_uint_gt(first.n, 2000);
	ck_assert(str_eq(first, again));
	o.seed = 12;
	other = run_with(story, &o).events;
	ck_assert(!str_eq(first, other));
}
END_TEST

/* Who does not want the log gets the same verdict, and on failure the same
 * last events. */
START_TEST(without_the_log)
{
	struct run_options o = virtual;
	struct run_result with, without;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o.no_events = false;
		with = run_with(cases[i].text, &o);
		o.no_events = true;
		without = run_with(cases[i].text, &o);
		ck_assert_int_eq(with.verdict, without.verdict);
		ck_assert_int_eq(with.ended.ns, without.ended.ns);
		ck_assert(str_eq(with.last_events, without.last_events));
	}
	without = run_with(cases[0].text, &o);
	ck_assert_int_eq(without.verdict, VERDICT_PASS);
	ck_assert_uint_eq(without.events.n, 0);
}
END_TEST

/* The lines of a device's own events, without ids that count calls. */
static struct str polls_of(struct str events, const char *party)
{
	struct str key = arena_printf(&arena, "\"party\":\"eis\",\"event\":\"request\",\"from\":\"%s\"",
				      party), all = STR_NONE;

	while (events.n) {
		struct str line = str_split(&events, '\n');

		if (str_find(line, key) >= 0)
			all = arena_printf(&arena, "%.*s%.*s\n", STRF(all),
					   (int)str_find(line, STR(",")), line.p);
	}
	return all;
}

/* One more device, or a draw for another purpose, moves nobody else's. */
START_TEST(streams_are_apart)
{
	struct str alone, with_other;
	static const char one[] =
		"name: t\nworld:\n  devices: {a: {profiles: [{status: active}]}}\n"
		"  latency: {device.poll: {uniform: [1min, 9min]}}\nsteps: [{wait: 5h}]\n";
	static const char two[] =
		"name: t\nworld:\n  devices: {a: {profiles: [{status: active}]},"
		" b: {profiles: [{status: active}]}}\n"
		"  latency: {device.poll: {uniform: [1min, 9min]}, eis: {uniform: [0, 2s]}}\n"
		"steps: [{wait: 5h}]\n";

	alone = polls_of(run(one).events, "device/a");
	with_other = polls_of(run(two).events, "device/a");
	ck_assert_uint_gt(alone.n, 500);
	/* The EIS takes its time now, so only the first poll is at the same time. */
	ck_assert(str_eq(str_split(&alone, '\n'), str_split(&with_other, '\n')));
}
END_TEST

/* ---- Names. ------------------------------------------------------------------ */

/* Whatever the language says that exists, the world knows. */
START_TEST(every_attribute_is_known)
{
	static const char *const objects[OBJECTS] = {
		[OBJECT_CARRIER] = "c", [OBJECT_CODE] = "c.codes[1]",
		[OBJECT_DEVICE] = "d", [OBJECT_PROFILE] = "d.profiles[0]",
		[OBJECT_FLEET] = "f", [OBJECT_ACCOUNT] = "a", [OBJECT_USER] = "u",
		[OBJECT_SMDP] = "s", [OBJECT_RUN] = "run", [OBJECT_SERVER] = "server",
		[OBJECT_EIS] = "eis", [OBJECT_RESPONSE] = "response",
	};
	const struct scenario_attribute *at = &scenario_attributes[_i];
	struct str text;
	struct run_result r;

	if (at->list)
		return;
	text = arena_printf(&arena, "name: t\nworld:\n"
		"  accounts: {a: {}}\n  users: {u: {}}\n  smdps: {s: {}}\n"
		"  carriers: {c: {codes: [{}, {}]}}\n"
		"  devices: {d: {profiles: [{status: active}]}}\n"
		"  fleets: {f: {count: 2, template: {}}}\n"
		"steps: [{get: /ws/v1/esim_profiles}, {set: {x: \"${%s.%s}\"}}]\n",
		objects[at->object], at->name);
	r = run(text.p);
	ck_assert_msg(r.verdict == VERDICT_PASS, "${%s.%s}: %.*s", objects[at->object],
		      at->name, STRF(r.step_count > 1 ? r.steps[1].message : r.message));
}
END_TEST

START_TEST(variables)
{
	struct run_result r = run("name: t\nworld: {devices: {d: {}}}\nsteps:\n"
		"  - get: /ws/v1/esim_profiles/inventory\n"
		"    save: {all: body, n: /count, code: status, \"list[2]\": /count,\n"
		"           m: [/list/0/id, /size, /count]}\n"
		"  - set: {a: \"${all.count}\", b: \"${list[2]}\", c: \"x${n}y${code}\"}\n"
		"  - fail: \"${a} ${b} ${c} ${m}\"\n");

	ck_assert(str_find(r.steps[2].message, STR("0 0 x0y200 1000")) >= 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/runner");
	TCase *tc = tcase_create("runner");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, verdicts, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, invariant_ends_the_run);
	tcase_add_test(tc, no_secret_in_a_failure);
	tcase_add_test(tc, same_seed_same_log);
	tcase_add_test(tc, without_the_log);
	tcase_add_test(tc, streams_are_apart);
	tcase_add_loop_test(tc, every_attribute_is_known, 0,
			    (int)scenario_attribute_count);
	tcase_add_test(tc, variables);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
