/*
 * Goal: each quirk of a device does what its sentence says.
 * Method: probes say in words what must be seen with the quirk; the same
 * without it must be seen to be well.  A row without a probe fails.
 */
#include "scenarios/quirk_probe_test.h"
#include "scenarios/quirk_rsp_test.h"

/* ---- What is done to it. -------------------------------------------------- */

/* a: what is done to the router within 100 s when it is set at 0 s; b: what
 * clearing it adds. */
static void done_to_device(const struct probe *p)
{
	struct device *router = &w.fleet.devices[0];

	set(p->name, p->params);
	run_s(100);
	ck_assert_str_eq(router->log.p, p->a);
	ck_assert_uint_eq(w.fleet.devices[1].log.n, 0);
	ck_assert_int_ge(acts_of(p->name), 1);
	buf_clear(&router->log);
	quirk_engine_clear(w.engine, str_of(p->name), STR("router"));
	run_s(100);
	ck_assert_str_eq(router->log.p, p->b);
}

/* ---- Set-up. ------------------------------------------------------------- */

/* a: the rule's name in the specification. */
static void rule_at_setup(const struct probe *p)
{
	unsigned rule = strcmp(p->a, "ppr1") == 0 ? 2 : 4;
	struct device_profile_spec profiles[] = { { .ppr = 1 }, { .ppr = 0 } };
	struct device_spec spec = { .name = STR("router"), .profiles = profiles,
				    .profile_count = 2 };
	struct smdp_profile_spec mine = { 0 }, other = { 0 };
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "carrier=freds", &a, &err);
	quirk_apply_offer(&s, STR("freds"), &mine, &a, &err);
	quirk_apply_offer(&s, STR("acme"), &other, &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert_uint_eq(mine.ppr, rule);
	ck_assert_uint_eq(other.ppr, 0);
	ck_assert_uint_eq(spec.profiles[0].ppr, 1);
	mine.ppr = 0;
	read_setting(&s, p->name, "device=router", &a, &err);
	quirk_apply_offer(&s, STR("freds"), &mine, &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert_uint_eq(mine.ppr, 0);
	ck_assert_uint_eq(spec.profiles[0].ppr, 1 | rule);
	ck_assert_uint_eq(spec.profiles[1].ppr, rule);
	ck_assert_uint_eq(profiles[0].ppr, 1);	/* the scenario's own stay */
	arena_release(&a);
}

static void duplicate_at_setup(const struct probe *p)
{
	struct device_profile_spec one = { .iccid = STR("8944000000000000099"),
					   .active = true };
	struct device_spec spec = { .name = STR("fleet[3]"), .profiles = &one,
				    .profile_count = 1 };
	struct quirk_offer offers[] = {
		{ STR("acme"), STR("8944000000000000005"), STR("A") },
		{ STR("freds"), STR(ICCID), STR("Mobile") },
	};
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "device=flee carrier=freds", &a, &err);
	ck_assert_int_eq(quirk_apply_device(&s, &spec, offers, 2, &a, &err), 0);
	ck_assert_uint_eq(spec.profile_count, 1);
	read_setting(&s, p->name, "device=fleet carrier=freds", &a, &err);
	ck_assert_int_eq(quirk_apply_device(&s, &spec, offers, 2, &a, &err), 0);
	ck_assert_uint_eq(spec.profile_count, 2);
	ck_assert(spec.profiles[0].active);
	ck_assert(str_is(spec.profiles[1].iccid, ICCID));
	ck_assert(str_is(spec.profiles[1].spn, "Duplicate"));
	ck_assert(!spec.profiles[1].active);
	ck_assert_int_eq(quirk_apply_device(&s, &spec, offers, 1, &a, &err), -1);
	arena_release(&a);
}

static void numbers_at_setup(const struct probe *p)
{
	struct device_spec spec = { .name = STR("router") };
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "device=other", &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert(!spec.reuse_numbers);
	read_setting(&s, p->name, NULL, &a, &err);
	quirk_apply_device(&s, &spec, NULL, 0, &a, &err);
	ck_assert(spec.reuse_numbers);
	arena_release(&a);
}

/* ---- What it sends. -------------------------------------------------------- */

static void stale_reports(const struct probe *p)
{
	set(p->name, p->params);
	report(1, "boot");
	report(2, "boot");
	report(3, "change");
	ck_assert_int_eq(count_of(&w.seen, "\"sequence\":3"), 1);
	ck_assert_int_eq(count_of(&w.seen, "list 1"), 2);
	ck_assert_int_eq(count_of(&w.seen, "list 2"), 1);
	ck_assert_int_eq(count_of(&w.seen, "list 3"), 0);
	ck_assert_int_eq(count_of(&w.seen, "\"complete\":true"), 3);
	ck_assert_int_eq(acts_of(p->name), 1);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	report(4, "change");
	ck_assert_int_eq(count_of(&w.seen, "list 4"), 1);
}

static void cut_reports(const struct probe *p)
{
	set(p->name, p->params);
	report(1, "boot");
	ck_assert_int_eq(w.requests, 1);
	ck_assert_int_eq(count_of(&w.seen, "\"eid\""), 1);
	ck_assert_int_eq(count_of(&w.seen, "list 1"), 0);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* a: the operation; b, c: the status sent and the status that arrives. */
static void untrue_result(const struct probe *p)
{
	char order[100], body[200], want[100];

	set(p->name, p->params);
	snprintf(order, sizeof(order), "{\"id\":\"o1\",\"operation\":\"%s\"}", p->a);
	w.order = order;
	ask("GET", NEXT, NULL);
	snprintf(body, sizeof(body), "{\"eid\":\"" EID "\",\"status\":\"%s\","
		 "\"code\":\"x\",\"iccid\":\"" ICCID "\"}", p->b);
	ask("POST", RESULT, body);
	snprintf(want, sizeof(want), "\"status\":\"%s\"", p->c);
	ck_assert_int_eq(count_of(&w.seen, want), 1);
	ck_assert_int_eq(acts_of(p->name), strcmp(p->b, p->c) != 0);
}

/* The same for a request, as it reaches the SM-DP+. */
static void request_changed(const struct probe *p)
{
	struct arena a = { 0 };
	struct buf found;
	struct str seen[2];

	for (int odd = 0; odd < 2; odd++) {
		if (odd)
			set(p->name, p->params);
		buf_clear(&w.seen);
		ask_rsp(p->a);
		seen[odd] = arena_str(&a, buf_view(&w.seen));
		seen[odd].n--;		/* the end of the line */
		seen[odd] = arena_str(&a, seen[odd]);
	}
	buf_init(&found, 10000);
	diff(&found, "", decoded(&a, strchr(seen[0].p, '{'), p->b),
	     decoded(&a, strchr(seen[1].p, '{'), p->b));
	ck_assert_str_eq(found.p ? found.p : "", p->c);
	ck_assert_int_eq(acts_of(p->name), 1);
	ask_rsp("initiateAuthentication");
	ck_assert_int_eq(acts_of(p->name), 1);
	buf_release(&found);
	arena_release(&a);
}

/* ---- Every row. ---------------------------------------------------------- */

#define AUTHENTICATE "authenticateClient"

static const struct probe probes[] = {
	{ "device.offline", "device=router", done_to_device, "0s link down",
	  "100s link up", NULL },
	{ "device.offline", "device=router for=30s", done_to_device,
	  "0s link down; 30s link up", "", NULL },
	{ "device.powered-off", "device=router", done_to_device, "0s power off",
	  "100s power on", NULL },
	{ "device.flapping", "device=router up=40s down=20s", done_to_device,
	  "0s link down; 20s link up; 60s link down; 80s link up", "100s link up", NULL },
	{ "device.reboots", "device=router times=1", done_on_event, "60s reboot", NULL, NULL },
	{ "device.reboots", "device=router times=1 segment=2", done_on_event, "70s reboot",
	  NULL, NULL },
	{ "device.reboots", "device=router step=authenticate-client", done_on_event,
	  "50s reboot", NULL, NULL },
	{ "device.loses-power", "device=router step=store-result off=5s", done_on_event,
	  "80s power off; 85s power on", NULL, NULL },
	{ "device.reboots-after", "device=router", done_on_event, "100s reboot", NULL, NULL },
	{ "device.reboots-after", "device=router event=profile-installed", done_on_event,
	  "90s reboot", NULL, NULL },
	{ "device.memory-full", "device=router", done_to_device, "0s memory 0", "", NULL },
	{ "device.memory-full", "device=router free=77", done_to_device, "0s memory 77", "",
	  NULL },
	{ "device.forbids-disable", NULL, rule_at_setup, "ppr1", NULL, NULL },
	{ "device.forbids-delete", NULL, rule_at_setup, "ppr2", NULL, NULL },
	{ "device.duplicate-iccid", NULL, duplicate_at_setup, NULL, NULL, NULL },
	{ "device.numbers-reused", NULL, numbers_at_setup, NULL, NULL, NULL },
	{ "device.report-missing", "skip=1 times=1", messages, "0s 1, 20s 3", REPORTS, NULL },
	{ "device.report-late", "by=15s cause=change", messages, "15s 1, 25s 2, 35s 3",
	  REPORTS, NULL },
	{ "device.report-stale", "cause=change", stale_reports, NULL, NULL, NULL },
	{ "device.report-twice", NULL, messages, "0s 1, 0s 1, 10s 2, 10s 2, 20s 3, 20s 3",
	  REPORTS, NULL },
	{ "device.report-out-of-order", NULL, messages, "10s 2, 10s 1, 620s 3", REPORTS,
	  NULL },
	{ "device.report-replayed", "gap=2s", messages, "0s 1, 10s 2, 12s 1, 20s 3, 22s 2",
	  REPORTS, NULL },
	{ "device.report-truncated", NULL, cut_reports, NULL, NULL, NULL },
	{ "device.bad-signature", "what=client", request_changed, AUTHENTICATE,
	  "authenticateServerResponse", "BF38.A0.5F37" },
	{ "device.bad-signature", "what=prepared device=router", request_changed,
	  "getBoundProfilePackage", "prepareDownloadResponse", "BF21.A0.5F37" },
	{ "device.bad-signature", "what=cancel", request_changed, "cancelSession",
	  "cancelSessionResponse", "BF41.A0.5F37" },
	{ "device.bad-signature", "what=result", request_changed, "handleNotification",
	  "pendingNotification", "BF37.5F37" },
	{ "device.bad-challenge", NULL, request_changed, AUTHENTICATE,
	  "authenticateServerResponse", "BF38.A0.30.84" },
	{ "device.bad-transaction-id", "what=client", request_changed, AUTHENTICATE,
	  "authenticateServerResponse", "BF38.A0.30.80" },
	{ "device.bad-transaction-id", "what=prepared", request_changed,
	  "getBoundProfilePackage", "prepareDownloadResponse", "BF21.A0.30.80" },
	{ "device.clock-skew", "device=router", done_to_device, "0s skew 3600s",
	  "100s skew 0s", NULL },
	{ "device.clock-skew", "device=router by=90s direction=behind", done_to_device,
	  "0s skew -90s", "100s skew 0s", NULL },
	{ "device.enable-no-network", "device=router", done_to_device,
	  "0s enable-without-network on", "100s enable-without-network off", NULL },
	{ "device.failure-though-installed", NULL, untrue_result, "download", "complete",
	  "failed" },
	{ "device.failure-though-installed", NULL, untrue_result, "enable", "complete",
	  "complete" },
	{ "device.success-though-failed", NULL, untrue_result, "enable", "failed", "complete" },
};

int main(void)
{
	return probe_all("scenarios/quirk device", probes,
			 sizeof(probes) / sizeof(probes[0]),
			 1u << QUIRK_PARTY_DEVICE);
}
