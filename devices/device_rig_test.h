/*
 * device_rig_test.h - one device of a fleet among the small peers of
 * test_peers.h, in virtual time.
 *
 * What the device says of itself is in `words`, an event's name each; the power
 * can be taken from it at any of them.  At no event may two profiles be enabled.
 */
#ifndef DEVICES_DEVICE_RIG_TEST_H
#define DEVICES_DEVICE_RIG_TEST_H

#include "devices/test_peers.h"

enum { WORDS_MAX = 1 << 16 };

struct rig {
	struct peers peers;
	struct fleet *fleet;
	struct device *device;
	struct eventlog_listener listener;
	unsigned own_events;		/* of the device, but for HTTP */
	unsigned cut_at;		/* the event at which the power goes; 0: none */
	struct timer cut, back;
	char words[WORDS_MAX];		/* event names, each with a space behind */
	struct buf lines;		/* the whole log */
};

static const struct device_latency usual = {
	.poll = { .a_ns = 60 * NS_PER_S },
	.boot = { .a_ns = 5 * NS_PER_S },
	.attach = { .a_ns = 2 * NS_PER_S },
	.report = { .a_ns = 30 * NS_PER_S },
	.apdu = { .a_ns = NS_PER_S / 10 },
	.install = { .a_ns = 4 * NS_PER_S },
};

static inline void power_cut(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, cut));

	device_power(r->device, false);
	loop_arm(&r->peers.loop, &r->back, 7 * NS_PER_S);
}

static inline void power_back(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, back));

	device_power(r->device, true);
}

static inline unsigned enabled_count(const struct device *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->euicc.profile_count; i++)
		n += d->euicc.profiles[i].enabled;
	return n;
}

static inline void tell(struct eventlog_listener *l, const struct event *e,
			struct str line)
{
	struct rig *r = (struct rig *)((char *)l - offsetof(struct rig, listener));
	size_t n = strlen(r->words);

	buf_str(&r->lines, line);
	buf_char(&r->lines, '\n');
	if (r->device)
		ck_assert_uint_le(enabled_count(r->device), 1);
	if (!str_starts(e->party, STR("device/")) || strcmp(e->name, "response") == 0)
		return;
	snprintf(r->words + n, sizeof(r->words) - n, "%s ", e->name);
	if (++r->own_events == r->cut_at)
		loop_arm(&r->peers.loop, &r->cut, 0);
}

/* A active; B there; more by the caller. */
static const struct device_profile_spec two[] = {
	{ .iccid = { ICCID_A, 19 }, .spn = { "Bootstrap", 9 }, .active = true,
	  .class_name = { "bootstrap", 9 }, .smdp_address = { SMDP, 16 } },
	{ .iccid = { ICCID_B, 19 }, .spn = { "Mobile", 6 },
	  .smdp_address = { SMDP, 16 } },
};

static inline struct fleet_config config_of(struct rig *r)
{
	return (struct fleet_config){
		.loop = &r->peers.loop, .net = r->peers.net,
		.log = &r->peers.log, .seed = 7, .eis_url = "http://eis.rig",
		.report_url = "http://server.rig/reports",
		.report_token = "token", .latency = usual,
		.fallback_ns = 100 * NS_PER_S,
	};
}

static inline struct device_spec spec_of(const struct device_profile_spec *profiles,
					 size_t count)
{
	return (struct device_spec){
		.name = STR("router"), .eid = { EID, 32 },
		.device_id = STR("00000000-00000000-0040FFFF-FF8001B0"),
		.profiles = profiles, .profile_count = count,
		.memory = 200000,
	};
}

static inline void rig_init_with(struct rig *r, const struct device_spec *spec)
{
	struct fleet_config config;
	struct err err;

	*r = (struct rig){ .cut.fire = power_cut, .back.fire = power_back };
	buf_init(&r->lines, 16 << 20);
	peers_init(&r->peers);
	r->listener.tell = tell;
	r->listener.wants_line = true;
	eventlog_listen(&r->peers.log, &r->listener);
	config = config_of(r);
	r->fleet = fleet_new(&config, &err);
	ck_assert_ptr_nonnull(r->fleet);
	r->device = fleet_add(r->fleet, spec, &err);
	ck_assert_msg(r->device, "%s", err.msg);
}

static inline void rig_init(struct rig *r)
{
	struct device_spec spec = spec_of(two, 2);

	rig_init_with(r, &spec);
}

static inline void rig_release(struct rig *r)
{
	loop_disarm(&r->peers.loop, &r->cut);
	loop_disarm(&r->peers.loop, &r->back);
	fleet_free(r->fleet);
	peers_release(&r->peers);
	buf_release(&r->lines);
}

static inline void order(struct rig *r, const char *id, const char *operation,
			 const char *iccid)
{
	if (strcmp(operation, "download") == 0)
		snprintf(r->peers.eis.order, sizeof(r->peers.eis.order),
			 "{\"id\":\"%s\",\"operation\":\"download\","
			 "\"activationCode\":\"LPA:1$%s$SECRET-ID\"}", id, SMDP);
	else
		snprintf(r->peers.eis.order, sizeof(r->peers.eis.order),
			 "{\"id\":\"%s\",\"operation\":\"%s\",\"iccid\":\"%s\"}",
			 id, operation, iccid);
}

static inline void run_for(struct rig *r, int seconds)
{
	peers_run(&r->peers, seconds * NS_PER_S);
}

static inline const char *state_of(struct rig *r, const char *iccid)
{
	struct euicc_profile *p = euicc_find(&r->device->euicc, str_of(iccid));

	return !p ? "absent" : p->enabled ? "enabled" : "disabled";
}

static inline void check_result(struct rig *r, unsigned i, const char *id,
				const char *status, const char *code)
{
	struct fake_eis *e = &r->peers.eis;

	ck_assert_uint_gt(e->results, i);
	ck_assert_str_eq(e->ids[i], id);
	ck_assert_msg(strcmp(e->statuses[i], status) == 0 &&
		      strcmp(e->codes[i], code) == 0, "%s", e->last_result);
}

#endif
