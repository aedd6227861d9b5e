/* What a 10-minute activation costs, from the YAML text to the verdict. */
#include "cli/bench.h"

#include "scenarios/runner.h"
#include "sim/memnet.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* The fastest batch counts: what else runs on the machine only adds. */
enum { BATCHES = 10, RUNS = 40, WARM_UP = 20 };

static const char scenario_text[] =
	"name: A 10-minute activation\n"
	"world:\n"
	"  carriers:\n"
	"    freds: {name: \"Fred's Fast Wireless Service\", spn: Mobile, codes: 1}\n"
	"  devices:\n"
	"    router: {profiles: [{spn: Bootstrap, type: bootstrap, status: active}]}\n"
	"  latency:\n"
	"    device.poll: 4min\n"
	"    device.install: 90s\n"
	"    device.attach: 30s\n"
	"    device.report: 20s\n"
	"    smdp: 1s\n"
	"steps:\n"
	"  - post: /ws/v1/esim_profiles/operations/inventory\n"
	"    json: {device_id: \"${router.device_id}\", operation: activate,"
	" carrier: \"${freds.name}\"}\n"
	"    expect: {status: 200}\n"
	"    save: {op: /id}\n"
	"  - get: /ws/v1/esim_profiles/operations/inventory/${op}\n"
	"    until: {/status: successful}\n"
	"    within: 30min\n"
	"  - get: /ws/v1/esim_profiles/inventory?query=carrier='Mobile'\n"
	"    expect: {/count: 1, /list/0/status: active}\n"
	"always: [at-most-one-active-profile]\n";

/* One run; how long it was in simulated time, and how many calls it made. */
static int activate(const struct run_options *options, double *minutes,
		    uint64_t *calls, struct err *err)
{
	struct arena arena = { 0 };
	struct scenario_file file;
	struct run_result result;
	struct diag diag;
	int rc = 0;

	diag_init(&diag, &arena);
	if (scenario_load_text("bench", str_of(scenario_text), &arena, &file,
			       &diag) < 0) {
		rc = err_set(err, ERR_INVALID, "the bench scenario: %.*s",
			     STRF(diag.items[0].message));
		goto out;
	}
	runner_run(&file.list[0], options, &arena, &result);
	if (result.verdict != VERDICT_PASS)
		rc = err_set(err, ERR_STATE, "the bench scenario did not pass: %.*s%.*s",
			     STRF(result.message), result.step_count > 1 ?
			     (int)result.steps[1].message.n : 0,
			     result.step_count > 1 ? result.steps[1].message.p : "");
	*minutes = (double)result.ended.ns / 60e9;
	*calls = 0;
	for (struct str rest = result.events; rest.n;)
		*calls += str_find(str_split(&rest, '\n'),
				   STR("\"event\":\"response\"")) >= 0;
out:
	arena_release(&arena);
	return rc;
}

/* The floor: as many calls on the network in memory, to somebody who answers
 * at once with as little as may be. */
struct floor {
	struct http_handler handler;
	struct loop loop;
	struct network *net;
	uint64_t left;
};

static void answer(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	http_respond(x, 204, NULL, STR_NONE);
}

static void call_again(struct floor *f);

static void done(struct http_call *c)
{
	call_again(c->owner);
}

static void call_again(struct floor *f)
{
	struct http_call *c;
	struct err err;

	if (f->left == 0)
		return;
	f->left--;
	c = http_call_new(f->net, STR("client"), "GET", &err, "http://floor.rig/");
	assert(c);
	c->done = done;
	c->owner = f;
	http_call_send(c);
}

static int floor_ns(uint64_t calls, double *ns, struct err *err)
{
	struct floor f = { .handler.handle = answer, .left = calls };
	int64_t began = clock_machine_ns();
	int rc;

	loop_init(&f.loop, CLOCK_KIND_VIRTUAL, 1.0, 0);
	f.net = memnet_new(&f.loop, NULL);
	rc = network_listen(f.net, "floor.rig", "floor", &f.handler, err);
	call_again(&f);
	f.loop.turn_limit = UINT64_MAX;
	if (rc == 0)
		rc = loop_run(&f.loop, err);
	network_release(f.net);
	loop_release(&f.loop);
	*ns = (double)(clock_machine_ns() - began);
	return rc;
}

static int batch_ns(const struct run_options *options, double *minutes, double *ns,
		    struct err *err)
{
	int64_t began = clock_machine_ns();
	uint64_t calls;

	for (int i = 0; i < RUNS; i++)
		if (activate(options, minutes, &calls, err) < 0)
			return -1;
	*ns = (double)(clock_machine_ns() - began) / RUNS;
	return 0;
}

int bench_activation(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	struct run_options options = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1.0 };
	double minutes = 0, ns, floor, best_ns = INFINITY, best_floor = INFINITY;
	uint64_t calls = 0;

	assert(max >= 2);
	for (int i = 0; i < WARM_UP; i++)
		if (activate(&options, &minutes, &calls, err) < 0)
			return -1;
	options.no_events = true;
	for (int i = 0; i < BATCHES; i++) {
		if (batch_ns(&options, &minutes, &ns, err) < 0 ||
		    floor_ns(calls * RUNS, &floor, err) < 0)
			return -1;
		best_ns = fmin(best_ns, ns);
		best_floor = fmin(best_floor, floor / RUNS);
		bench_step(pace);
	}
	f[0] = (struct bench_figure){
		"a 10-minute activation, parse to verdict", "ms",
		"its HTTP calls alone, to a handler that does nothing",
		BENCH_VALUE_AT_MOST, 1.0, best_ns / 1e6, best_floor / 1e6,
	};
	f[1] = (struct bench_figure){
		"its length in simulated time", "min", NULL, BENCH_SHOWN, 0,
		minutes, 0,
	};
	return 2;
}
