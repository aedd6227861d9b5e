/* What idle devices cost: time per poll and memory, and how both grow. */
#include "cli/bench.h"

#include "devices/fleet.h"
#include "eis/eis.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include "sim/memnet.h"

#include <assert.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t DAY_NS = INT64_C(86400) * NS_PER_S;

/* A fleet at an EIS, with nothing to do but poll. */
struct idle {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct eis *eis;
	struct fleet *fleet;
	struct timer end;
};

static void stop(struct timer *t)
{
	struct idle *w = (struct idle *)((char *)t - offsetof(struct idle, end));

	loop_stop(&w->loop);
}

static int add_device(struct idle *w, uint64_t i, struct err *err)
{
	char eid[33], iccid[21], name[24], id[40];
	struct device_profile_spec profile = {
		.spn = STR("Bootstrap"), .class_name = STR("provisioning"),
		.active = true,
	};
	struct device_spec spec = { .profiles = &profile, .profile_count = 1 };
	struct eis_euicc_spec record = { .eum_id = STR("2.999.1") };

	eid_make(eid, STR("89049032"), i + 1);
	iccid_make(iccid, STR("894400"), i + 1);
	snprintf(name, sizeof(name), "d%llu", (unsigned long long)i);
	snprintf(id, sizeof(id), "00000000-00000000-%08X-%08X",
		 (unsigned)(i >> 32), (unsigned)i);
	spec.name = str_of(name);
	spec.device_id = str_of(id);
	spec.eid = record.eid = str_of(eid);
	profile.iccid = str_of(iccid);
	if (eis_register(w->eis, &record, err) < 0)
		return -1;
	return fleet_add(w->fleet, &spec, err) ? 0 : -1;
}

static int idle_init(struct idle *w, struct err *err)
{
	struct fleet_config devices = {
		.loop = &w->loop, .log = &w->log, .seed = 1,
		.eis_url = "http://eis.rig",
		.latency.poll = { .kind = LATENCY_UNIFORM,
				  .a_ns = 300 * NS_PER_S, .b_ns = 420 * NS_PER_S },
		.report_interval_ns = 365 * DAY_NS,
	};
	struct eis_config registry = { .loop = &w->loop, .log = &w->log, .seed = 1 };

	loop_init(&w->loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w->log, &w->loop.clock);
	w->net = devices.net = registry.net = memnet_new(&w->loop, &w->log);
	w->end.fire = stop;
	w->eis = eis_new(&registry);
	w->fleet = fleet_new(&devices, err);
	if (!w->fleet)
		return -1;
	return network_listen(w->net, "eis.rig", "eis", eis_handler(w->eis), err);
}

static void idle_release(struct idle *w)
{
	loop_disarm(&w->loop, &w->end);
	if (w->fleet)
		fleet_free(w->fleet);
	network_unlisten(w->net, "eis.rig");
	eis_free(w->eis);
	network_release(w->net);
	eventlog_release(&w->log);
	loop_release(&w->loop);
}

/* The floor: timers that do nothing, with the delays of a poll: one until it
 * begins, then one without delay for each way of its messages. */
struct bare {
	struct loop loop;
	struct rng rng;
	uint64_t left;
};

struct ticker {
	struct timer timer;
	struct bare *bare;
	unsigned hop;
};

static void tick(struct timer *t)
{
	struct ticker *k = (struct ticker *)t;
	struct bare *b = k->bare;

	if (b->left == 0)
		return;
	b->left--;
	k->hop = (k->hop + 1) % 3;
	loop_arm(&b->loop, t, k->hop ? 0 :
		 (int64_t)rng_below(&b->rng, 120) * NS_PER_S + 300 * NS_PER_S);
}

static int bare_ns(size_t devices, uint64_t timers, double *ns, struct err *err)
{
	struct bare b = { .left = timers };
	struct ticker *list = calloc(devices, sizeof(*list));
	int64_t began;
	int rc;

	assert(list);
	loop_init(&b.loop, CLOCK_KIND_VIRTUAL, 1.0, 0);
	rng_init(&b.rng, 1, STR("bare"), STR("poll"));
	began = clock_machine_ns();
	for (size_t i = 0; i < devices; i++) {
		list[i].bare = &b;
		list[i].timer.fire = tick;
		loop_arm(&b.loop, &list[i].timer,
			 (int64_t)rng_below(&b.rng, 360) * NS_PER_S);
	}
	rc = loop_run(&b.loop, err);
	*ns = (double)(clock_machine_ns() - began);
	loop_release(&b.loop);
	free(list);
	return rc;
}

/* What `devices` cost: bytes each, and ns for `length_ns` of polling. */
struct cost {
	double bytes, ns;
	uint64_t timers;
};

static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static int measure(size_t devices, int64_t length_ns, struct cost *cost,
		   struct bench_pace *pace, struct err *err)
{
	struct idle w = { 0 };
	size_t before;
	int64_t began;
	uint64_t fired;
	int rc = -1;

	if (idle_init(&w, err) < 0)
		goto out;
	before = heap_in_use();
	for (uint64_t i = 0; i < devices; i++)
		if (add_device(&w, i, err) < 0)
			goto out;
	cost->bytes = (double)(heap_in_use() - before) / (double)devices;
	/* Let the first polls pass: they bring profile lists and the like. */
	loop_arm(&w.loop, &w.end, 900 * NS_PER_S);
	if (loop_run(&w.loop, err) < 0)
		goto out;
	fired = w.loop.fired;
	began = clock_machine_ns();
	loop_arm(&w.loop, &w.end, length_ns);
	rc = loop_run(&w.loop, err);
	cost->ns = (double)(clock_machine_ns() - began);
	cost->timers = w.loop.fired - fired;
out:
	idle_release(&w);
	bench_step(pace);
	return rc;
}

/* A day of 10,000 devices and its floor, the faster of two each: what else
 * runs on the machine only adds. */
static int best_day(struct cost *day, double *bare, struct bench_pace *pace, struct err *err)
{
	struct cost again;
	double bare_again;

	if (measure(10000, DAY_NS, day, pace, err) < 0 ||
	    bare_ns(10000, day->timers, bare, err) < 0 ||
	    measure(10000, DAY_NS, &again, pace, err) < 0 ||
	    bare_ns(10000, day->timers, &bare_again, err) < 0)
		return -1;
	day->ns = fmin(day->ns, again.ns);
	*bare = fmin(*bare, bare_again);
	return 0;
}

int bench_fleet(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	struct cost day, small, large;
	double bare, small_each, large_each;

	assert(max >= 4);
	if (best_day(&day, &bare, pace, err) < 0 ||
	    measure(1000, DAY_NS, &small, pace, err) < 0 ||
	    measure(100000, DAY_NS / 10, &large, pace, err) < 0)
		return -1;
	small_each = small.ns / 1000;
	large_each = large.ns / 100000 * 10.0;
	f[0] = (struct bench_figure){
		"10,000 devices poll for 24 virtual hours", "s",
		"the bare loop firing as many timers", BENCH_RATIO_AT_MOST, 4.0,
		day.ns / 1e9, bare / 1e9,
	};
	f[1] = (struct bench_figure){
		"memory of an idle device and its EIS record", "bytes", NULL,
		BENCH_VALUE_AT_MOST, 1024, day.bytes, 0,
	};
	f[2] = (struct bench_figure){
		"a device's day among 100,000", "us", "its day among 1,000",
		BENCH_SHOWN, 0, large_each / 1e3, small_each / 1e3,
	};
	f[3] = (struct bench_figure){
		"memory of one among 100,000", "bytes", "of one among 1,000",
		BENCH_SHOWN, 0, large.bytes, small.bytes,
	};
	return 4;
}
