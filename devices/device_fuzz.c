/*
 * Peers that answer anything: a device that polls, downloads, reports and
 * notifies for a simulated hour neither crashes nor stops time.
 */
#include "devices/device.h"
#include "sim/memnet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
	struct http_handler handler;
	struct str in;
};

/* Of each answer: a byte for its kind, two for its length, the body. */
static void answer(struct http_handler *h, struct http_exchange *x)
{
	static const char order[] =
		"{\"id\":\"1\",\"operation\":\"download\","
		"\"activationCode\":\"LPA:1$eis.rig$x\"}";
	static const int statuses[] = { 200, 204, 500, 404, 200, 200, 200, 200 };
	struct peer *p = (struct peer *)h;
	const unsigned char *head = (const unsigned char *)p->in.p;
	size_t n;

	if (p->in.n < 3) {
		http_respond(x, 204, NULL, STR_NONE);
		return;
	}
	n = (size_t)head[1] << 8 | head[2];
	p->in = (struct str){ p->in.p + 3, p->in.n - 3 };
	n = n < p->in.n ? n : p->in.n;
	x->resp.fault = head[0] & 8 ? (enum http_fault)(head[0] >> 6) :
			HTTP_FAULT_NONE;
	if (head[0] & 16)
		http_respond(x, 200, "application/json", str_of(order));
	else
		http_respond(x, statuses[head[0] % 8], "application/json",
			     (struct str){ p->in.p, n });
	p->in = (struct str){ p->in.p + n, p->in.n - n };
}

struct end {
	struct timer timer;
	struct loop *loop;
};

static void stop(struct timer *t)
{
	loop_stop(((struct end *)t)->loop);
}

static void live(struct loop *loop, struct network *net, struct eventlog *log)
{
	struct device_profile_spec profile = {
		.iccid = STR("8944000000000000017"), .active = true,
		.smdp_address = STR("eis.rig"),
	};
	struct fleet_config config = {
		.loop = loop, .net = net, .log = log,
		.eis_url = "http://eis.rig", .report_url = "http://eis.rig/reports",
		.latency = { .poll = { .a_ns = 60 * NS_PER_S } },
	};
	struct device_spec spec = {
		.name = STR("d"), .eid = STR("89049032000000000000000000000197"),
		.device_id = STR("00000000-00000000-0040FFFF-FF8001B0"),
		.profiles = &profile, .profile_count = 1,
	};
	struct end end = { { .fire = stop }, loop };
	struct err err;
	struct fleet *f = fleet_new(&config, &err);

	if (!f || !fleet_add(f, &spec, &err))
		abort();
	device_report_now(fleet_device(f, 0));
	loop_arm(loop, &end.timer, INT64_C(3600) * NS_PER_S);
	if (loop_run(loop, &err) < 0)
		abort();	/* time stood still */
	fleet_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer peer = { { answer }, { (const char *)data, size } };
	struct eventlog log;
	struct network *net;
	struct loop loop;
	struct err err;

	loop_init(&loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&log, &loop.clock);
	net = memnet_new(&loop, &log);
	if (network_listen(net, "eis.rig", "eis", &peer.handler, &err) < 0)
		abort();
	live(&loop, net, &log);
	network_release(net);
	eventlog_release(&log);
	loop_release(&loop);
	return 0;
}
