/*
 * Goal: a scenario is read as it is meant, and a wrong one is refused with
 * the right words in the right place.
 * Method: the tree of whole scenarios against values written here; every file
 * in testdata/bad against the .err beside it (UPDATE=1 writes them anew, to
 * be read before they are committed); time limits for bombs.
 */
#include "scenarios/load.h"
#include "scenarios/quirk.h"

#include <check.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD "scenarios/testdata/bad/"

static struct arena arena;
static struct diag diag;
static struct scenario_file file;

static void set_up(void)
{
	arena = (struct arena){ 0 };
	diag_init(&diag, &arena);
}

static void tear_down(void)
{
	arena_release(&arena);
}

static struct str report(void)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1 << 20);
	diag_print(&diag, &b);
	s = arena_str(&arena, buf_view(&b));
	buf_release(&b);
	return s;
}

static const struct scenario *load(const char *text)
{
	int rc = scenario_load_text("t.yaml", str_of(text), &arena, &file, &diag);

	ck_assert_msg(rc == 0, "%s", report().p);
	ck_assert_uint_eq(diag.count, 0);
	return &file.list[0];
}

static void refused(const char *text, const char *expected)
{
	int rc = scenario_load_text("t.yaml", str_of(text), &arena, &file, &diag);

	ck_assert_int_eq(rc, -1);
	ck_assert_msg(strstr(report().p, expected), "expected \"%s\" in:\n%s",
		      expected, report().p);
}

#define ck_str(s, z) ck_assert_msg(str_is(s, z), "'%.*s' is not '%s'", STRF(s), z)
#define STEPS "steps: [{get: /x}]\n"

/* ---- What is read. ------------------------------------------------------ */

/* The example of the design, as it stands. */
static const char design[] =
	"name: A carrier's name is not its SPN\n"
	"seed: 7\n"
	"world:\n"
	"  carriers:\n"
	"    freds: {name: \"Fred's Fast Wireless Service\", spn: Mobile, codes: 2}\n"
	"  devices:\n"
	"    router: {profiles: [{spn: Bootstrap, type: bootstrap, status: active}]}\n"
	"  latency:\n"
	"    device.poll: {lognormal: {median: 4min, p99: 10min}}\n"
	"    smdp: {uniform: [50ms, 2s]}\n"
	"steps:\n"
	"  - post: /ws/v1/esim_profiles/operations/inventory\n"
	"    json: {device_id: \"${router.device_id}\", operation: activate, carrier: \"${freds.name}\"}\n"
	"    expect: {status: 200}\n"
	"    save: {op: /id}\n"
	"  - get: /ws/v1/esim_profiles/operations/inventory/${op}\n"
	"    until: {/status: successful}\n"
	"    within: 30min\n"
	"  - get: /ws/v1/esim_profiles/inventory?query=carrier='Mobile'\n"
	"    expect: {/count: 1, /list/0/status: active}\n"
	"always:                        # invariants, checked after every event\n"
	"  - at-most-one-active-profile\n";

START_TEST(design_world)
{
	const struct scenario *s = load(design);
	const struct scenario_carrier *freds = &s->world.carriers.list[0];
	const struct scenario_device *router = &s->world.devices.list[0];
	const struct latency *poll = &s->world.latency[DELAY_DEVICE_POLL].model;
	const struct latency *smdp = &s->world.latency[DELAY_SMDP].model;

	ck_assert_uint_eq(file.count, 1);
	ck_str(s->name, "A carrier's name is not its SPN");
	ck_assert_uint_eq(s->seed, 7);
	ck_assert(s->seed_given);
	ck_assert_uint_eq(s->world.carriers.count, 1);
	ck_str(freds->key, "freds");
	ck_str(freds->name, "Fred's Fast Wireless Service");
	ck_assert(freds->spn.given);
	ck_str(freds->spn.s, "Mobile");
	ck_assert_uint_eq(freds->codes.count, 2);
	ck_assert(freds->codes.list[1].registered);
	ck_assert_int_eq(freds->pos.line, 5);
	ck_assert_int_eq(freds->pos.column, 5);
	ck_assert_uint_eq(router->profiles.count, 1);
	ck_str(router->profiles.list[0].type, "bootstrap");
	ck_str(router->profiles.list[0].status, "active");
	ck_assert(!router->off);
	ck_assert_int_eq(poll->kind, LATENCY_LOGNORMAL);
	ck_assert_int_eq(poll->a_ns, INT64_C(240000000000));
	ck_assert_int_eq(poll->b_ns, INT64_C(600000000000));
	ck_assert_int_eq(smdp->kind, LATENCY_UNIFORM);
	ck_assert_int_eq(smdp->a_ns, 50000000);
	ck_assert(!s->world.latency[DELAY_EIS].given);
}
END_TEST

START_TEST(design_steps)
{
	const struct scenario *s = load(design);
	const struct scenario_step *post = &s->steps.list[0];
	const struct scenario_step *get = &s->steps.list[1];
	const struct scenario_step *last = &s->steps.list[2];

	ck_assert_uint_eq(s->steps.count, 3);
	ck_assert_str_eq(post->request.method, "POST");
	ck_str(post->request.url, "/ws/v1/esim_profiles/operations/inventory");
	ck_assert_int_eq(post->request.body_kind, BODY_JSON);
	ck_str(value_get(post->request.body, "operation")->text, "activate");
	ck_assert_uint_eq(post->request.expect.count, 1);
	ck_assert_int_eq(post->request.expect.list[0].what, EXPECT_STATUS);
	ck_assert_int_eq(post->request.expect.list[0].want->as.i, 200);
	ck_assert_uint_eq(post->request.save.count, 1);
	ck_str(post->request.save.list[0].variable, "op");
	ck_str(post->request.save.list[0].source, "/id");
	ck_assert(!post->waits);
	ck_assert(get->waits);
	ck_assert_int_eq(get->within_ns, INT64_C(1800000000000));
	ck_assert_int_eq(get->every_ns, INT64_C(60000000000));
	ck_str(get->request.until.list[0].target, "/status");
	ck_str(get->title, "GET /ws/v1/esim_profiles/operations/inventory/${op} until "
	       "{/status: \"successful\"}");
	ck_assert_int_eq(get->pos.line, 16);
	ck_assert_int_eq(get->pos.column, 5);
	ck_assert_uint_eq(last->request.expect.count, 2);
	ck_str(last->request.expect.list[1].target, "/list/0/status");
	ck_assert_int_eq(last->request.expect.list[1].pos.column, 25);
	ck_assert_uint_eq(s->always.count, 1);
	ck_assert_int_eq(s->always.list[0].id, INVARIANT_AT_MOST_ONE_ACTIVE_PROFILE);
	ck_assert_int_eq(s->always.list[0].pos.line, 22);
}
END_TEST

START_TEST(defaults)
{
	const struct scenario *s = load(STEPS);

	ck_str(s->name, "t");
	ck_assert_uint_eq(s->seed, 1);
	ck_assert(!s->seed_given);
	ck_assert_int_eq(s->clock_start_ms, CLOCK_EPOCH_MS);
	ck_assert_int_eq(s->time_limit_ns, 7 * 86400 * NS_PER_S);
	ck_assert(!s->skip.p);
	ck_assert_uint_eq(s->world.devices.count, 0);
}
END_TEST

START_TEST(world_in_full)
{
	const struct scenario *s = load(
		"clock-start: 2026-03-01T12:00:00Z\n"
		"tags: [a, b]\n"
		"skip: not yet\n"
		"world:\n"
		"  smdps: {second: {address: dp.example.org}}\n"
		"  accounts: {acme: {customer_id: 17}, other: }\n"
		"  users: {alice: {account: acme, role: read-only, password: pw}}\n"
		"  carriers:\n"
		"    none: {spn: null, smdp: second, registered: false, codes: [{iccid: 8944000000000000009,\n"
		"      confirmation-code: 0012, class: test, memory: 5, policy: [no-disable, ppr2], retries: 2,\n"
		"      expires: 1h, spn: null}, {registered: true}]}\n"
		"  devices:\n"
		"    d: {device_id: 00000000-00000000-0040FFFF-FF8001B0, eid: 89049032000000000000000000000012,\n"
		"      power: off, second-link: true, account: other, reuse-numbers: true, clock-skew: -5min,\n"
		"      memory: 1000, default-smdp: smdp, latency: {poll: never, boot: 30s},\n"
		"      profiles: [{carrier: none, iccid: \"${none.codes[0].iccid}\", policy: ppr1, "
		"no-network: true}]}\n"
		"  fleets: {f: {count: 200, template: {unknown: true}}}\n"
		"  latency: {eis.nextOrder: {polls: 3}, server: 90s, network: {percentiles: {50: 1s, "
		"99.9: 10s}}}\n"
		"  server: {check-interval: 30s}\n"
		"  device-options: {fallback: 2min, no-reports: true}\n" STEPS);
	const struct scenario_world *w = &s->world;
	const struct scenario_code *code = &w->carriers.list[0].codes.list[0];
	const struct scenario_device *d = &w->devices.list[0];

	ck_assert_int_eq(s->clock_start_ms, INT64_C(1772366400000));
	ck_assert_uint_eq(s->tags.count, 2);
	ck_str(s->tags.list[1], "b");
	ck_str(s->skip, "not yet");
	ck_str(w->smdps.list[0].address, "dp.example.org");
	ck_assert_int_eq(w->accounts.list[0].customer_id, 17);
	ck_assert_int_eq(w->users.list[0].role, ROLE_READ_ONLY);
	ck_assert(w->carriers.list[0].spn.given && !w->carriers.list[0].spn.s.p);
	ck_str(code->iccid, "8944000000000000009");
	ck_str(code->confirmation_code, "0012");
	ck_assert_int_eq(code->policy, 2 | 4);
	ck_assert_int_eq(code->expires_ns, 3600 * NS_PER_S);
	ck_assert(code->spn.given && !code->spn.s.p);
	ck_assert(!code->registered);
	ck_assert(w->carriers.list[0].codes.list[1].registered);
	ck_str(d->eid, "89049032000000000000000000000012");
	ck_assert(d->off && d->second_link && d->reuse_numbers);
	ck_assert_int_eq(d->clock_skew_ns, -300 * NS_PER_S);
	ck_assert(d->clock_skew_given);
	ck_assert_int_eq(d->latency[DELAY_DEVICE_POLL].model.kind, LATENCY_NEVER);
	ck_assert_int_eq(d->latency[DELAY_DEVICE_BOOT].model.a_ns, 30 * NS_PER_S);
	ck_assert_int_eq(d->profiles.list[0].policy, 2);
	ck_assert(!d->profiles.list[0].spn.given);
	ck_assert_uint_eq(w->fleets.list[0].count, 200);
	ck_assert(w->fleets.list[0].template.unknown);
	ck_assert_int_eq(w->latency[DELAY_EIS_NEXT_ORDER].model.polls, 3);
	ck_assert_int_eq(w->latency[DELAY_NETWORK].model.point_count, 2);
	ck_assert_int_eq(w->server.check_interval_ns, 30 * NS_PER_S);
	ck_assert(w->device_options.no_reports);
}
END_TEST

START_TEST(smdps_by_address)
{
	const struct scenario *s = load(
		"world: {carriers: {a: {smdp: rsp.example.com}, b: {smdp: 'localhost:8443'}}}\n"
		"steps: [{wait: 1s}]\n");

	ck_assert(str_is(s->world.carriers.list[1].smdp, "localhost:8443"));
	refused("world: {carriers: {a: {smdp: nowhere}}}\nsteps: [{wait: 1s}]\n",
		"or a host name");
}
END_TEST

START_TEST(steps_in_full)
{
	const struct scenario *s = load(
		"world: {devices: {d: {profiles: [{}]}}, users: {u: }, fleets: {f: {count: 2}}}\n"
		"steps:\n"
		"  - get: http://eis.rig/eis/v1/orders\n"
		"    as: nobody\n"
		"    headers: {Accept: text/csv, Authorization: null}\n"
		"    query: {size: 3}\n"
		"    timeout: 5s\n"
		"    after: 3s\n"
		"    expect: {headers: {Content-Type: {contains: csv}}, text: {length: 3}, failure: timeout}\n"
		"    save: {a: {header: Location}, b: status, c: text, 'e[0]': ''}\n"
		"  - wait: 1h30min\n"
		"    at: 0\n"
		"  - set-spn: {device: d, iccid: '${d.profiles[0].iccid}', spn: null}\n"
		"  - enable-without-network: {device: f, on: false}\n"
		"  - set-clock-skew: {device: 'f[1]', by: -2s}\n"
		"  - stop: smdp\n"
		"  - expect-event: {party: eis, event: order-queued, fields: {eid: '${d.eid}'}, count: 2}\n"
		"    within: 5min\n"
		"    stable-for: 1s\n"
		"  - expect-device: {d: {online: true, /profiles/0/status: active}}\n"
		"  - set: {x: [1, '${a}']}\n"
		"  - fail: not ${x}\n"
		"  - get: ${e[0]}\n"
		"    as: u\n");
	const struct scenario_step *st = s->steps.list;

	ck_assert(st[0].request.as_nobody);
	ck_assert_uint_eq(st[0].request.headers.count, 2);
	ck_assert_int_eq(st[0].when, WHEN_AFTER);
	ck_assert_int_eq(st[0].request.expect.list[0].what, EXPECT_HEADER);
	ck_str(st[0].request.expect.list[0].target, "Content-Type");
	ck_assert_int_eq(st[0].request.save.list[0].what, SAVE_HEADER);
	ck_assert_int_eq(st[0].request.save.list[3].what, SAVE_POINTER);
	ck_assert_int_eq(st[1].wait_ns, 5400 * NS_PER_S);
	ck_assert_int_eq(st[1].when, WHEN_AT);
	ck_assert_int_eq(st[2].action.id, ACTION_SET_SPN);
	ck_assert(st[2].action.spn.given && !st[2].action.spn.s.p);
	ck_assert(!st[3].action.on);
	ck_assert_int_eq(st[4].action.duration_ns, -2 * NS_PER_S);
	ck_str(st[4].action.device, "f[1]");
	ck_str(st[5].action.word, "smdp");
	ck_assert_int_eq(st[6].event.at_least, 2);
	ck_assert_int_eq(st[6].event.at_most, 2);
	ck_assert(st[6].waits);
	ck_str(st[7].devices.list[0].expect.list[0].target, "/online");
	ck_assert_int_eq(st[8].kind, STEP_SET);
	ck_str(st[9].fail, "not ${x}");
	ck_str(st[10].request.as, "u");
}
END_TEST

START_TEST(loops)
{
	const struct scenario *s = load(
		"world: {fleets: {f: {count: 3}}, devices: {d: }}\n"
		"steps:\n"
		"  - each: [f, d]\n"
		"    as: r\n"
		"    steps:\n"
		"      - post: /x\n"
		"        json: {id: '${r.device_id}', n: '${r.index}'}\n"
		"        save: {'op[${r.index}]': /id}\n"
		"      - reboot: ${r}\n"
		"  - for: {i: {from: 0, to: 3, step: 3}, s: [a, 7]}\n"
		"    steps:\n"
		"      - for: [{t: 5s, u: '${s}'}]\n"
		"        steps:\n"
		"          - get: /x/${op[${i}]}/${u}\n"
		"            expect: {/n: '${s}'}\n"
		"            after: ${t}\n");
	const struct scenario_step *st = s->steps.list;

	ck_assert_uint_eq(s->steps.count, 4 * 2 + 2 * 2);
	ck_str(value_get(st[4].request.body, "id")->text, "${f[2].device_id}");
	ck_assert_int_eq(value_get(st[4].request.body, "n")->as.i, 2);
	ck_assert_int_eq(value_get(st[4].request.body, "n")->kind, VALUE_INT);
	ck_str(st[4].request.save.list[0].variable, "op[2]");
	ck_str(st[4].loop, "r=f[2]");
	ck_str(st[5].action.device, "f[2]");
	ck_str(st[7].action.device, "d");
	ck_str(st[6].request.save.list[0].variable, "op[3]");
	ck_str(st[11].request.url, "/x/${op[3]}/7");
	ck_assert_int_eq(st[11].request.expect.list[0].want->kind, VALUE_INT);
	ck_assert_int_eq(st[11].when_ns, 5 * NS_PER_S);
	ck_str(st[11].loop, "i=3, s=7, t=5s, u=7");
	ck_str(st[8].loop, "i=0, s=a, t=5s, u=a");
}
END_TEST

START_TEST(cases)
{
	const struct scenario *s = load(
		"name: Deletes\n"
		"cases:\n"
		"  - {name: enabled, n: 2, t: 5s, spn: null}\n"
		"  - {n: 0, t: 1min, spn: 'a ${router.eid}'}\n"
		"world:\n"
		"  carriers: {c: {codes: '${case.n}', spn: '${case.spn}'}}\n"
		"  devices: {router: }\n"
		"steps:\n"
		"  - wait: ${case.t}\n"
		"  - get: /x?n=${case.n}\n");

	ck_assert_uint_eq(file.count, 2);
	ck_str(s[0].name, "Deletes [enabled]");
	ck_str(s[1].name, "Deletes [n=0, t=1min, spn=a ${router.eid}]");
	ck_assert_uint_eq(s[0].world.carriers.list[0].codes.count, 2);
	ck_assert_uint_eq(s[1].world.carriers.list[0].codes.count, 0);
	ck_assert(s[0].world.carriers.list[0].spn.given);
	ck_assert(!s[0].world.carriers.list[0].spn.s.p);
	ck_assert_int_eq(s[1].steps.list[0].wait_ns, 60 * NS_PER_S);
	ck_str(s[0].steps.list[1].request.url, "/x?n=2");
	ck_assert_uint_eq(s[1].case_index, 1);
}
END_TEST

START_TEST(includes)
{
	int rc = scenario_load("scenarios/testdata/good/main.yaml", &arena, &file, &diag);
	const struct scenario *s = file.list;

	ck_assert_msg(rc == 0, "%s", report().p);
	ck_str(s->name, "Over it");
	ck_assert_uint_eq(s->world.devices.count, 2);
	ck_str(s->world.devices.list[0].key, "router");
	ck_assert(s->world.devices.list[0].second_link);
	ck_assert_int_eq(s->world.devices.list[0].memory, 2000);
	ck_assert_uint_eq(s->steps.count, 3);
	ck_str(s->steps.list[0].request.url, "/deepest");
	ck_str(s->steps.list[1].request.url, "/below");
	ck_str(s->steps.list[2].request.url, "/above");
	ck_str(s->steps.list[1].pos.source->name, "scenarios/testdata/good/parts/below.inc");
	ck_assert_uint_eq(s->always.count, 2);
}
END_TEST

/* ---- What is refused. --------------------------------------------------- */

static struct str read_all(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = arena_alloc(&arena, 1 << 16);
	size_t n;

	if (!f)
		return STR("(no such file)");
	n = fread(text, 1, (1 << 16) - 1, f);
	fclose(f);
	return (struct str){ text, n };
}

static void write_all(const char *path, struct str s)
{
	FILE *f = fopen(path, "wb");

	ck_assert(f);
	ck_assert_uint_eq(fwrite(s.p, 1, s.n, f), s.n);
	fclose(f);
}

START_TEST(golden_errors)
{
	glob_t found;

	ck_assert_int_eq(glob(BAD "*.yaml", 0, NULL, &found), 0);
	ck_assert_uint_ge(found.gl_pathc, 45);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		struct str errors, expected;
		char golden[256];

		snprintf(golden, sizeof(golden), "%.*s.err", (int)strlen(path) - 5, path);
		set_up();
		ck_assert_msg(scenario_load(path, &arena, &file, &diag) < 0,
			      "%s was accepted", path);
		ck_assert_uint_gt(diag.count, 0);
		errors = report();
		if (getenv("UPDATE"))
			write_all(golden, errors);
		expected = read_all(golden);
		ck_assert_msg(str_eq(errors, expected), "%s\n--- expected\n%.*s--- found\n%.*s",
			      path, STRF(expected), STRF(errors));
		arena_release(&arena);
	}
	globfree(&found);
	set_up();
}
END_TEST

static void cannot_load(const char *path, const char *expected)
{
	ck_assert_int_eq(scenario_load(path, &arena, &file, &diag), -1);
	ck_assert_uint_eq(diag.count, 1);
	ck_assert_msg(strstr(report().p, expected), "expected \"%s\" in: %s", expected,
		      report().p);
}

START_TEST(files_that_are_none)
{
	char folder[] = "/tmp/scenario_test.XXXXXX", path[64];

	ck_assert(mkdtemp(folder));
	cannot_load("/nowhere/x.yaml", "/nowhere/x.yaml: No such file or directory");
	tear_down();
	set_up();
	cannot_load(folder, "a directory; expected a YAML file");
	tear_down();
	set_up();
	snprintf(path, sizeof(path), "%s/fifo", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	cannot_load(path, "not a regular file");
	unlink(path);
	tear_down();
	set_up();
	snprintf(path, sizeof(path), "%s/big.yaml", folder);
	write_all(path, STR("x"));
	ck_assert_int_eq(truncate(path, 100 << 20), 0);
	cannot_load(path, "104857600 bytes; expected at most 1048576");
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(quirks)
{
	const struct scenario_quirk *q;
	const struct quirk_row *row = quirk_row(0);
	char text[400];

	snprintf(text, sizeof(text), "world: {quirks: [%s, {%s: }, {name: %s}]}\n" STEPS,
		 row->name, row->name, row->name);
	q = load(text)->world.quirks.list;
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_eq(q[i].setting->row, row);
	snprintf(text, sizeof(text), "world: {quirks: %sx}\n" STEPS, row->name);
	refused(text, "did you mean");
	tear_down();
	set_up();
	snprintf(text, sizeof(text), "world: {quirks: {name: %s, no-such-thing: 3}}\n" STEPS,
		 row->name);
	refused(text, "t.yaml:1:");
}
END_TEST

/* Of this process; a machine with other things to do takes longer. */
static double seconds_used(void)
{
	struct rusage u;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* A large scenario must not take long, nor one with many mistakes: it is about
 * 0.2 s under sanitizers. */
static void load_quickly(struct buf *text)
{
	double before = seconds_used();

	ck_assert(!text->over);
	scenario_load_text("big.yaml", buf_view(text), &arena, &file, &diag);
	buf_release(text);
	ck_assert_double_lt(seconds_used() - before, 2);
}

START_TEST(large_ones_are_quick)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_z(&b, "world:\n  devices:\n");
	for (int i = 0; i < 12000; i++)
		buf_printf(&b, "    device_%d: {memory: 5, power: off}\n", i);
	buf_z(&b, "steps:\n");
	for (int i = 0; i < 6000; i++)
		buf_printf(&b, "  - get: /x/${device_%d.eid}/${device_0.eid}\n", i);
	load_quickly(&b);
	ck_assert_msg(diag.count == 0, "%s", report().p);
	ck_assert_uint_eq(file.list[0].steps.count, 6000);
	tear_down();
	set_up();
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 30000; i++)
		buf_printf(&b, "unknown_%d: 5\n", i);
	load_quickly(&b);
	ck_assert_uint_eq(diag.count, DIAG_MAX);
	tear_down();
	set_up();
	/* Variables that would write out gigabytes. */
	buf_init(&b, 1 << 20);
	buf_z(&b, "cases: [{x: '");
	for (int i = 0; i < 300000; i++)
		buf_char(&b, 'x');
	buf_z(&b, "'}]\nsteps: [");
	for (int i = 0; i < 20000; i++)
		buf_z(&b, "{get: '/${case.x}'},");
	buf_z(&b, "]\n");
	load_quickly(&b);
	ck_assert_uint_gt(diag.count, 0);
}
END_TEST

/* ---- Tables. ------------------------------------------------------------ */

/* Actions are told by the keys of a step and described by action_forms[]. */
START_TEST(actions_are_steps)
{
	for (size_t i = 0; i < ACTIONS; i++) {
		const struct step_form *form = NULL;

		ck_assert_ptr_nonnull(action_forms[i].name);
		ck_assert_uint_gt(strlen(action_forms[i].help), 0);
		for (size_t k = 0; k < step_form_count; k++)
			if (strcmp(step_forms[k].verb, action_forms[i].name) == 0)
				form = &step_forms[k];
		ck_assert_msg(form && form->kind == STEP_ACTION, "%s",
			      action_forms[i].name);
		ck_assert(schema_find(form->schema, str_of(action_forms[i].name)));
		if (action_forms[i].short_key)
			ck_assert(schema_find(action_forms[i].args,
					      str_of(action_forms[i].short_key)));
	}
	for (size_t i = 0; i < DELAYS; i++)
		ck_assert_ptr_nonnull(scenario_delays[i].name);
	for (size_t i = 0; i < INVARIANTS; i++)
		ck_assert_ptr_nonnull(scenario_invariants[i].name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/scenario");
	TCase *tc = tcase_create("load");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, design_world);
	tcase_add_test(tc, design_steps);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, world_in_full);
	tcase_add_test(tc, smdps_by_address);
	tcase_add_test(tc, steps_in_full);
	tcase_add_test(tc, loops);
	tcase_add_test(tc, cases);
	tcase_add_test(tc, includes);
	tcase_add_test(tc, golden_errors);
	tcase_add_test(tc, files_that_are_none);
	tcase_add_test(tc, quirks);
	tcase_add_test(tc, large_ones_are_quick);
	tcase_add_test(tc, actions_are_steps);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
