/*
 * Goal: a device does each order once and tells the outcome, whatever happens
 * to its power, its network and its peers; and an idle one costs little.
 * Method: one device among small peers.  The power is cut at every event that
 * a run without a cut has, and the same order is delivered until it has a
 * result.
 */
#include "devices/test_peers.h"

#include <malloc.h>

enum { EVENTS_MAX = 512, WORDS_MAX = 1 << 16 };

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

static void power_cut(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, cut));

	device_power(r->device, false);
	loop_arm(&r->peers.loop, &r->back, 7 * NS_PER_S);
}

static void power_back(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, back));

	device_power(r->device, true);
}

static unsigned enabled_count(const struct device *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->euicc.profile_count; i++)
		n += d->euicc.profiles[i].enabled;
	return n;
}

static void tell(struct eventlog_listener *l, const struct event *e,
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

static struct fleet_config config_of(struct rig *r)
{
	return (struct fleet_config){
		.loop = &r->peers.loop, .net = r->peers.net,
		.log = &r->peers.log, .seed = 7, .eis_url = "http://eis.rig",
		.report_url = "http://server.rig/reports",
		.report_token = "token", .latency = usual,
		.fallback_ns = 100 * NS_PER_S,
	};
}

static struct device_spec spec_of(const struct device_profile_spec *profiles,
				  size_t count)
{
	return (struct device_spec){
		.name = STR("router"), .eid = { EID, 32 },
		.device_id = STR("00000000-00000000-0040FFFF-FF8001B0"),
		.profiles = profiles, .profile_count = count,
		.memory = 200000,
	};
}

static void rig_init_with(struct rig *r, const struct device_spec *spec)
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

static void rig_init(struct rig *r)
{
	struct device_spec spec = spec_of(two, 2);

	rig_init_with(r, &spec);
}

static void rig_release(struct rig *r)
{
	loop_disarm(&r->peers.loop, &r->cut);
	loop_disarm(&r->peers.loop, &r->back);
	fleet_free(r->fleet);
	peers_release(&r->peers);
	buf_release(&r->lines);
}

static void order(struct rig *r, const char *id, const char *operation,
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

static void run_for(struct rig *r, int seconds)
{
	peers_run(&r->peers, seconds * NS_PER_S);
}

static const char *state_of(struct rig *r, const char *iccid)
{
	struct euicc_profile *p = euicc_find(&r->device->euicc, str_of(iccid));

	return !p ? "absent" : p->enabled ? "enabled" : "disabled";
}

static void check_result(struct rig *r, unsigned i, const char *id,
			 const char *status, const char *code)
{
	struct fake_eis *e = &r->peers.eis;

	ck_assert_uint_gt(e->results, i);
	ck_assert_str_eq(e->ids[i], id);
	ck_assert_msg(strcmp(e->statuses[i], status) == 0 &&
		      strcmp(e->codes[i], code) == 0, "%s", e->last_result);
}

/* ---- Polling. ----------------------------------------------------------- */

START_TEST(idle_device_polls)
{
	struct rig r;

	rig_init(&r);
	run_for(&r, 3630);
	ck_assert_uint_eq(r.peers.eis.polls, 60);
	ck_assert_uint_eq(r.peers.server.reports, 0);
	ck_assert_uint_eq(r.peers.eis.puts, 1);
	ck_assert_str_eq(r.words, "");
	rig_release(&r);
}
END_TEST

START_TEST(no_network_no_poll)
{
	struct device_profile_spec dead = two[0];
	struct device_spec spec = spec_of(&dead, 1);
	struct rig r;

	dead.active = _i == 1;		/* with no profile, or a dead one */
	dead.no_network = true;
	rig_init_with(&r, &spec);
	run_for(&r, 3600);
	ck_assert_uint_eq(r.peers.eis.polls, 0);
	ck_assert_uint_eq(r.peers.eis.puts, 0);
	ck_assert(!device_online(r.device));
	rig_release(&r);
}
END_TEST

START_TEST(second_link_needs_no_profile)
{
	struct device_spec spec = spec_of(NULL, 0);
	struct rig r;

	spec.second_link = true;
	rig_init_with(&r, &spec);
	run_for(&r, 630);
	ck_assert_uint_eq(r.peers.eis.polls, 10);
	device_link(r.device, false);
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.eis.polls, 10);
	device_link(r.device, true);
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.eis.polls, 20);
	ck_assert_str_eq(r.words, "link-down link-up ");
	rig_release(&r);
}
END_TEST

static const char *const bad_orders[] = {
	"{}", "[]", "17", "{\"id\":7}", "\xFF", "{\"id\":\"\",\"operation\":\"x\"}",
	"{\"id\":\"x\",\"operation\":{}}", "{\"id\":\"x\"",
	"{\"id\":\"x\",\"operation\":\"enable\",\"iccid\":\"123456789012345678901\"}",
};

START_TEST(rubbish_from_the_eis)
{
	struct rig r;

	rig_init(&r);
	snprintf(r.peers.eis.order, sizeof(r.peers.eis.order), "%s",
		 bad_orders[_i]);
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.polls, 5);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	order(&r, "good", "enable", ICCID_B);
	run_for(&r, 120);
	check_result(&r, 0, "good", "complete", "ok");
	rig_release(&r);
}
END_TEST

/* ---- Orders. ------------------------------------------------------------ */

START_TEST(enable)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 200);
	ck_assert_str_eq(r.words,
			 "order-received profile-disabled link-down "
			 "profile-enabled link-up order-result "
			 "notification-sent notification-sent "
			 "report-sent report-answered ");
	ck_assert_str_eq(state_of(&r, ICCID_A), "disabled");
	ck_assert_str_eq(state_of(&r, ICCID_B), "enabled");
	check_result(&r, 0, "o1", "complete", "ok");
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_uint_eq(r.peers.smdp.other_notes, 2);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	/* The EIS and the server have the new list. */
	ck_assert(strstr(r.peers.eis.profiles,
			 "\"iccid\":\"8944000000000000025\","
			 "\"isdpAid\":\"A0000005591010FFFFFFFF8900001100\","
			 "\"state\":\"enabled\",\"spn\":\"Mobile\","
			 "\"class\":\"operational\","
			 "\"smdpAddress\":\"smdp.example.com\""));
	ck_assert_str_eq(r.peers.server.authorization, "Bearer token");
	ck_assert_msg(strstr(r.peers.server.last,
			     "\"sequence\":1,\"time\":\"2026-01-01T00:01:30.100Z\","
			     "\"cause\":\"change\",\"complete\":true,\"profiles\":["
			     "{\"id\":1,\"iccid\":\"8944000000000000017\","
			     "\"carrier\":\"Bootstrap\",\"status\":\"inactive\","
			     "\"type\":\"bootstrap\"},"
			     "{\"id\":2,\"iccid\":\"8944000000000000025\","
			     "\"carrier\":\"Mobile\",\"status\":\"active\","
			     "\"type\":\"operational\"}]"),
		      "%s", r.peers.server.last);
	rig_release(&r);
}
END_TEST

START_TEST(enable_without_network)
{
	struct err err;
	struct rig r;

	rig_init(&r);
	if (_i)
		device_set_enable_without_network(r.device, true);
	else
		ck_assert_int_eq(device_set_no_network(r.device, str_of(ICCID_B),
						       true, &err), 0);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 150);
	ck_assert_str_eq(state_of(&r, ICCID_B), "enabled");
	ck_assert(!device_online(r.device));
	run_for(&r, 150);
	ck_assert_str_eq(state_of(&r, ICCID_A), "enabled");
	ck_assert_str_eq(state_of(&r, ICCID_B), "disabled");
	ck_assert(device_online(r.device));
	ck_assert_ptr_nonnull(strstr(r.words, "fallback "));
	check_result(&r, 0, "o1", "failed", "noNetwork");
	ck_assert_uint_eq(r.peers.eis.results, 1);
	/* It was that profile's fault, and is for ever; the flag is not. */
	device_set_no_network(r.device, str_of(ICCID_B), false, &err);
	order(&r, "o2", "enable", ICCID_B);
	run_for(&r, 300);
	check_result(&r, 1, "o2", "complete", "ok");
	rig_release(&r);
}
END_TEST

START_TEST(disable_falls_to_the_bootstrap)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 100);
	order(&r, "o2", "disable", ICCID_B);
	run_for(&r, 100);
	ck_assert_str_eq(state_of(&r, ICCID_A), "enabled");
	check_result(&r, 1, "o2", "complete", "ok");
	rig_release(&r);
}
END_TEST

START_TEST(disable_the_only_one)
{
	struct device_spec spec = spec_of(two, 1);
	struct rig r;

	spec.second_link = _i == 1;
	rig_init_with(&r, &spec);
	order(&r, "o1", "disable", ICCID_A);
	run_for(&r, 300);
	ck_assert_str_eq(state_of(&r, ICCID_A), _i ? "disabled" : "enabled");
	ck_assert(device_online(r.device));
	check_result(&r, 0, "o1", _i ? "complete" : "failed",
		     _i ? "ok" : "noNetwork");
	rig_release(&r);
}
END_TEST

static const struct {
	const char *operation, *iccid, *status, *code;
} simple[] = {
	{ "delete", ICCID_B, "complete", "ok" },
	{ "delete", ICCID_A, "failed", "profileNotInDisabledState" },
	{ "delete", ICCID_NEW, "failed", "iccidOrAidNotFound" },
	{ "enable", ICCID_A, "failed", "profileNotInDisabledState" },
	{ "enable", ICCID_NEW, "failed", "iccidOrAidNotFound" },
	{ "disable", ICCID_B, "failed", "profileNotInEnabledState" },
	{ "enable", "", "failed", "iccidOrAidNotFound" },
	{ "dance", ICCID_B, "failed", "undefinedError" },
	{ "download", "", "complete", "ok" },
};

START_TEST(each_operation)
{
	struct rig r;

	rig_init(&r);
	order(&r, "o1", simple[_i].operation, simple[_i].iccid);
	run_for(&r, 110);
	check_result(&r, 0, "o1", simple[_i].status, simple[_i].code);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_uint_eq(r.device->euicc.profile_count,
			  strcmp(simple[_i].code, "ok") != 0 ? 2 :
			  strcmp(simple[_i].operation, "delete") == 0 ? 1 : 3);
	/* Nobody was told a secret. */
	ck_assert_int_eq(str_find(buf_view(&r.lines), STR("SECRET")), -1);
	rig_release(&r);
}
END_TEST

START_TEST(download_without_a_usable_code)
{
	struct device_spec spec = spec_of(two, 2);
	struct rig r;

	if (_i == 2)
		spec.default_smdp = str_of(SMDP);
	rig_init_with(&r, &spec);
	snprintf(r.peers.eis.order, sizeof(r.peers.eis.order),
		 "{\"id\":\"o1\",\"operation\":\"download\"%s}",
		 _i == 1 ? ",\"activationCode\":\"LPA:1$nonsense\"" : "");
	run_for(&r, 110);
	check_result(&r, 0, "o1", _i == 2 ? "complete" : "failed",
		     _i == 2 ? "ok" : "downloadFailed");
	rig_release(&r);
}
END_TEST

START_TEST(refusal_of_the_smdp_reaches_the_eis)
{
	struct rig r;

	rig_init(&r);
	r.peers.smdp.faulty = ES9_AUTHENTICATE_CLIENT;
	r.peers.smdp.fault = FAULT_FAILED;
	order(&r, "o1", "download", "");
	run_for(&r, 110);
	check_result(&r, 0, "o1", "failed", "smdpRefused");
	ck_assert(strstr(r.peers.eis.last_result,
			 "\"subjectCode\":\"8.2.6\",\"reasonCode\":\"3.8\""));
	ck_assert(strstr(r.words, "download-failed "));
	rig_release(&r);
}
END_TEST

START_TEST(installed_profile_is_notified)
{
	struct rig r;

	rig_init(&r);
	r.peers.smdp.note_status = 500;
	order(&r, "o1", "download", "");
	run_for(&r, 300);
	check_result(&r, 0, "o1", "complete", "ok");
	ck_assert_uint_eq(r.device->euicc.note_count, 1);
	ck_assert_uint_ge(r.peers.smdp.calls[ES9_HANDLE_NOTIFICATION], 3);
	r.peers.smdp.note_status = 204;
	run_for(&r, 600);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	ck_assert_uint_eq(r.peers.smdp.installs_ok, 1);
	rig_release(&r);
}
END_TEST

/* One SM-DP+ that is away does not stop what another is to be told. */
START_TEST(notifications_do_not_wait_for_each_other)
{
	struct device_profile_spec other[] = { two[0], two[1] };
	struct device_spec spec = spec_of(other, 2);
	struct rig r;

	other[0].smdp_address = STR("away.example.com");
	rig_init_with(&r, &spec);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 100);
	ck_assert_uint_eq(r.peers.smdp.other_notes, 1);
	ck_assert_uint_eq(r.device->euicc.note_count, 1);
	ck_assert(str_is(r.device->euicc.notes->address, "away.example.com"));
	rig_release(&r);
}
END_TEST

/* An old notification is due again and again while a download runs. */
START_TEST(no_notification_within_a_download)
{
	static struct device_latency slow;
	struct device_spec spec = spec_of(two, 2);
	const char *first, *last;
	struct rig r;

	slow = usual;
	slow.install.a_ns = 300 * NS_PER_S;
	spec.latency = &slow;
	rig_init_with(&r, &spec);
	order(&r, "o1", "enable", ICCID_B);
	r.peers.smdp.note_status = 500;
	run_for(&r, 100);
	order(&r, "o2", "download", "");
	run_for(&r, 1000);
	check_result(&r, 1, "o2", "complete", "ok");
	first = strstr(r.words, "download-step");
	last = strstr(r.words, "profile-installed");
	ck_assert(first && last && first < last);
	ck_assert_int_eq(str_find((struct str){ first, (size_t)(last - first) },
				  STR("notification-sent")), -1);
	ck_assert_ptr_nonnull(strstr(last, "notification-sent"));
	rig_release(&r);
}
END_TEST

/* Later installed ones, and the next that is enabled. */
START_TEST(profiles_without_network)
{
	struct rig r;

	rig_init(&r);
	device_set_enable_without_network(r.device, true);
	order(&r, "o1", "download", "");
	run_for(&r, 100);
	ck_assert(euicc_find(&r.device->euicc, str_of(ICCID_NEW))->no_network);
	ck_assert(!euicc_find(&r.device->euicc, str_of(ICCID_B))->no_network);
	rig_release(&r);
}
END_TEST

/* ---- Results. ----------------------------------------------------------- */

START_TEST(result_is_sent_until_taken)
{
	struct rig r;

	rig_init(&r);
	r.peers.eis.result_fault = 3;
	order(&r, "o1", "delete", ICCID_B);
	run_for(&r, 59 + 5 + 10 + 20);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	run_for(&r, 10);
	check_result(&r, 0, "o1", "complete", "ok");
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	rig_release(&r);
}
END_TEST

START_TEST(same_order_again_is_not_done_again)
{
	struct rig r;

	rig_init(&r);
	r.peers.eis.keeps = true;
	order(&r, "o1", "delete", ICCID_B);
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.results, 5);
	for (unsigned i = 0; i < 5; i++)
		check_result(&r, i, "o1", "complete", "ok");
	ck_assert_ptr_null(strstr(strstr(r.words, "order-received") + 1,
				  "order-received"));
	rig_release(&r);
}
END_TEST

START_TEST(result_that_nobody_wants)
{
	struct rig r;

	rig_init(&r);
	r.peers.eis.result_status = 404;
	order(&r, "o1", "delete", ICCID_B);
	run_for(&r, 330);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_uint_eq(r.peers.eis.polls, 5);
	rig_release(&r);
}
END_TEST

/* ---- Reports. ----------------------------------------------------------- */

START_TEST(report_is_sent_until_answered_200)
{
	static const int statuses[] = { 503, 404, 400, 204, 401 };
	struct rig r;

	rig_init(&r);
	r.peers.server.status = statuses[_i];
	device_report_now(r.device);
	run_for(&r, 35);
	ck_assert_uint_eq(r.peers.server.reports, 3);
	ck_assert(strstr(r.peers.server.last, "\"sequence\":3,"));
	ck_assert(strstr(r.peers.server.last, "\"cause\":\"requested\""));
	r.peers.server.status = 200;
	run_for(&r, 600);
	ck_assert_uint_eq(r.peers.server.reports, 4);
	/* The pauses begin anew. */
	r.peers.server.status = statuses[_i];
	device_report_now(r.device);
	run_for(&r, 35);
	ck_assert_uint_eq(r.peers.server.reports, 7);
	rig_release(&r);
}
END_TEST

START_TEST(periodic_report)
{
	struct rig r;

	rig_init(&r);
	run_for(&r, 24 * 3600 + 1);
	ck_assert_uint_eq(r.peers.server.reports, 1);
	ck_assert(strstr(r.peers.server.last, "\"cause\":\"periodic\""));
	run_for(&r, 24 * 3600);
	ck_assert_uint_eq(r.peers.server.reports, 2);
	rig_release(&r);
}
END_TEST

START_TEST(boot_is_reported)
{
	struct rig r;

	rig_init(&r);
	device_reboot(r.device);
	ck_assert(!device_online(r.device));
	run_for(&r, 6);
	ck_assert(!device_online(r.device));
	run_for(&r, 2);
	ck_assert_str_eq(r.words, "link-down power-off power-on boot-complete "
			 "link-up report-sent report-answered ");
	ck_assert(strstr(r.peers.server.last, "\"cause\":\"boot\""));
	rig_release(&r);
}
END_TEST

START_TEST(spn_that_changes_is_reported)
{
	struct err err;
	struct rig r;

	rig_init(&r);
	ck_assert_int_eq(device_set_spn(r.device, str_of(ICCID_B), STR_NONE, &err), 0);
	run_for(&r, 31);
	ck_assert_uint_eq(r.peers.server.reports, 1);
	ck_assert(strstr(r.peers.server.last,
			 "\"iccid\":\"8944000000000000025\",\"status\""));
	ck_assert_int_eq(device_set_spn(r.device, str_of(ICCID_B), STR(""), &err), 0);
	run_for(&r, 31);
	ck_assert(strstr(r.peers.server.last, "\"carrier\":\"\",\"status\""));
	ck_assert_int_eq(device_set_spn(r.device, str_of(ICCID_NEW), STR("x"),
					&err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	rig_release(&r);
}
END_TEST

START_TEST(skewed_clock)
{
	struct rig r;

	rig_init(&r);
	device_set_clock_skew(r.device, -3600 * NS_PER_S);
	device_report_now(r.device);
	run_for(&r, 1);
	ck_assert(strstr(r.peers.server.last, "\"time\":\"2025-12-31T23:00:00.000Z\""));
	rig_release(&r);
}
END_TEST

START_TEST(silent_server_does_not_stop_orders)
{
	struct rig r;
	struct err err;

	rig_init(&r);
	network_unlisten(r.peers.net, "server.rig");
	device_report_now(r.device);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 200);
	check_result(&r, 0, "o1", "complete", "ok");
	ck_assert_int_eq(network_listen(r.peers.net, "server.rig", "server",
					&r.peers.server.handler, &err), 0);
	run_for(&r, 700);
	ck_assert_uint_eq(r.peers.server.reports, 1);
	rig_release(&r);
}
END_TEST

/* ---- The power goes at every event. ------------------------------------- */

static const struct {
	const char *operation, *iccid;
	const char *before, *after;	/* states of it */
} cuts[] = {
	{ "download", ICCID_NEW, "absent", "disabled" },
	{ "enable", ICCID_B, "disabled", "enabled" },
	{ "disable", ICCID_A, "enabled", "disabled" },
	{ "delete", ICCID_B, "disabled", "absent" },
};
enum { CUTS = sizeof(cuts) / sizeof(cuts[0]) };

/* A third profile to fall to when A is disabled. */
static const struct device_profile_spec three[] = {
	{ .iccid = { ICCID_A, 19 }, .active = true, .smdp_address = { SMDP, 16 } },
	{ .iccid = { ICCID_B, 19 }, .smdp_address = { SMDP, 16 } },
	{ .iccid = { "8944000000000000033", 19 },
	  .class_name = { "bootstrap", 9 } },
};

/* One run of an order with the power cut at event `at`; how many events. */
static unsigned run_with_cut(int which, unsigned at, bool lossy)
{
	struct device_spec spec = spec_of(three, 3);
	const char *state;
	unsigned events, results;
	bool complete;
	struct rig r;

	rig_init_with(&r, &spec);
	r.cut_at = at;
	r.peers.eis.result_fault = lossy ? 1 : 0;
	order(&r, "o1", cuts[which].operation, cuts[which].iccid);
	run_for(&r, 900);
	events = r.own_events;
	/* One result, the same that the card shows; it comes twice if the power
	 * went between its arrival and the answer. */
	results = r.peers.eis.results;
	ck_assert_msg(results == 1 || (results == 2 && at > 0),
		      "%u results, cut at %u: %s", results, at, r.words);
	for (unsigned i = 0; i < results; i++)
		check_result(&r, i, "o1", r.peers.eis.statuses[0],
			     r.peers.eis.codes[0]);
	complete = strcmp(r.peers.eis.statuses[0], "complete") == 0;
	state = state_of(&r, cuts[which].iccid);
	ck_assert_msg(strcmp(state, complete ? cuts[which].after :
			     cuts[which].before) == 0,
		      "%s but %s, cut at %u: %s", r.peers.eis.statuses[0], state,
		      at, r.words);
	if (!complete)
		ck_assert_str_eq(r.peers.eis.codes[0], "interrupted");
	ck_assert(complete || at > 0);
	ck_assert(device_online(r.device));
	ck_assert_ptr_null(r.device->lpa);
	ck_assert_ptr_null(r.device->euicc.session);
	/* Whoever was not served orders again, and is served then. */
	if (!complete) {
		order(&r, "o2", cuts[which].operation, cuts[which].iccid);
		run_for(&r, 300);
		check_result(&r, results, "o2", "complete", "ok");
	}
	ck_assert_str_eq(state_of(&r, cuts[which].iccid), cuts[which].after);
	ck_assert_uint_eq(r.device->euicc.profile_count,
			  strcmp(cuts[which].operation, "download") == 0 ? 4 :
			  strcmp(cuts[which].operation, "delete") == 0 ? 2 : 3);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	rig_release(&r);
	return events;
}

START_TEST(power_lost_at_every_event)
{
	unsigned events = run_with_cut(_i, 0, false);

	ck_assert_uint_ge(events, _i == 0 ? 20 : 5);
	for (unsigned at = 1; at <= events; at++) {
		run_with_cut(_i, at, false);
		run_with_cut(_i, at, true);
	}
}
END_TEST

/* Also while the new profile is being tried: the trial goes on. */
START_TEST(power_lost_in_a_trial)
{
	struct err err;
	struct rig r;

	rig_init(&r);
	device_set_no_network(r.device, str_of(ICCID_B), true, &err);
	order(&r, "o1", "enable", ICCID_B);
	run_for(&r, 100);
	device_reboot(r.device);
	run_for(&r, 100);
	ck_assert_str_eq(state_of(&r, ICCID_B), "enabled");
	run_for(&r, 100);
	ck_assert_str_eq(state_of(&r, ICCID_A), "enabled");
	check_result(&r, 0, "o1", "failed", "noNetwork");
	rig_release(&r);
}
END_TEST

START_TEST(link_lost_in_a_download)
{
	struct rig r;

	rig_init(&r);
	r.peers.smdp.faulty = ES9_GET_BOUND_PROFILE_PACKAGE;
	r.peers.smdp.fault = FAULT_SILENT;
	order(&r, "o1", "download", "");
	run_for(&r, 70);
	ck_assert_ptr_nonnull(r.device->lpa);
	device_link(r.device, false);
	run_for(&r, 100);
	ck_assert_ptr_null(r.device->lpa);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	device_link(r.device, true);
	run_for(&r, 10);
	check_result(&r, 0, "o1", "failed", "smdpUnreachable");
	rig_release(&r);
}
END_TEST

/* ---- The fleet. --------------------------------------------------------- */

START_TEST(refuses_what_cannot_be)
{
	struct device_profile_spec twice[] = { two[0], two[0] };
	struct device_spec spec = spec_of(two, 2);
	struct fleet_config config;
	struct err err;
	struct rig r;

	rig_init(&r);
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));	/* name */
	spec.name = STR("other");
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));	/* EID */
	ck_assert(strstr(err.msg, EID));
	spec.eid = STR("123");
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));
	spec.eid = STR("89049032000000000000000000000294");
	spec.device_id = STR("nonsense");
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));
	spec.device_id = STR("00000000-00000000-0040FFFF-FF8001B1");
	spec.profiles = twice;
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));
	twice[1].iccid = str_of(ICCID_B);
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));	/* two active */
	twice[1].active = false;
	twice[1].class_name = STR("nonsense");
	ck_assert_ptr_null(fleet_add(r.fleet, &spec, &err));
	ck_assert_uint_eq(fleet_count(r.fleet), 1);
	twice[1].class_name = STR("test");
	ck_assert_ptr_nonnull(fleet_add(r.fleet, &spec, &err));
	ck_assert_ptr_eq(fleet_find(r.fleet, STR("other")),
			 fleet_device(r.fleet, 1));
	ck_assert_ptr_eq(fleet_find_eid(r.fleet, str_of(EID)),
			 fleet_device(r.fleet, 0));
	ck_assert_ptr_null(fleet_find(r.fleet, STR("nobody")));
	config = config_of(&r);
	config.eis_url = "nonsense";
	ck_assert_ptr_null(fleet_new(&config, &err));
	rig_release(&r);
}
END_TEST

static void log_of_a_day(struct rig *r)
{
	static const struct device_profile_spec one = {
		.iccid = { ICCID_A, 19 }, .active = true,
	};
	static const struct device_latency varied = {
		.poll = { .kind = LATENCY_LOGNORMAL, .a_ns = 240 * NS_PER_S,
			  .b_ns = 600 * NS_PER_S },
	};
	char name[16], eid[EID_SIZE];
	struct device_spec spec = spec_of(&one, 1);
	struct err err;

	rig_init(r);
	order(r, "o1", "download", "");
	spec.latency = &varied;
	spec.eid = (struct str){ eid, 32 };
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		eid_make(eid, STR("89049032"), (uint64_t)i + 5);
		spec.name = str_of(name);
		ck_assert_ptr_nonnull(fleet_add(r->fleet, &spec, &err));
	}
	run_for(r, 86400);
}

START_TEST(same_seed_same_log)
{
	struct rig a, b;

	log_of_a_day(&a);
	log_of_a_day(&b);
	ck_assert_uint_gt(a.lines.n, 100000);
	ck_assert(str_eq(buf_view(&a.lines), buf_view(&b.lines)));
	rig_release(&a);
	rig_release(&b);
}
END_TEST

/* Under ASan the allocator does not count, and only the size is checked. */
START_TEST(idle_device_is_small)
{
	enum { DEVICES = 2560 };
	struct device_profile_spec one = two[0];
	struct device_spec spec = spec_of(&one, 1);
	char name[16], eid[EID_SIZE];
	size_t before;
	struct err err;
	struct rig r;

	ck_assert_uint_le(sizeof(struct device), 512);
	rig_init(&r);
	eventlog_unlisten(&r.peers.log, &r.listener);
	before = mallinfo2().uordblks;
	spec.eid = (struct str){ eid, 32 };
	for (int i = 0; i < DEVICES; i++) {
		snprintf(name, sizeof(name), "device-%d", i);
		eid_make(eid, STR("89049032"), (uint64_t)i + 5);
		spec.name = str_of(name);
		ck_assert_ptr_nonnull(fleet_add(r.fleet, &spec, &err));
	}
	ck_assert_uint_le((mallinfo2().uordblks - before) / DEVICES, 1024);
	rig_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/device");
	TCase *tc = tcase_create("device");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, idle_device_polls);
	tcase_add_loop_test(tc, no_network_no_poll, 0, 2);
	tcase_add_test(tc, second_link_needs_no_profile);
	tcase_add_loop_test(tc, rubbish_from_the_eis, 0,
			    sizeof(bad_orders) / sizeof(bad_orders[0]));
	tcase_add_test(tc, enable);
	tcase_add_loop_test(tc, enable_without_network, 0, 2);
	tcase_add_test(tc, disable_falls_to_the_bootstrap);
	tcase_add_loop_test(tc, disable_the_only_one, 0, 2);
	tcase_add_loop_test(tc, each_operation, 0,
			    sizeof(simple) / sizeof(simple[0]));
	tcase_add_loop_test(tc, download_without_a_usable_code, 0, 3);
	tcase_add_test(tc, refusal_of_the_smdp_reaches_the_eis);
	tcase_add_test(tc, installed_profile_is_notified);
	tcase_add_test(tc, notifications_do_not_wait_for_each_other);
	tcase_add_test(tc, no_notification_within_a_download);
	tcase_add_test(tc, profiles_without_network);
	tcase_add_test(tc, result_is_sent_until_taken);
	tcase_add_test(tc, same_order_again_is_not_done_again);
	tcase_add_test(tc, result_that_nobody_wants);
	tcase_add_loop_test(tc, report_is_sent_until_answered_200, 0, 5);
	tcase_add_test(tc, periodic_report);
	tcase_add_test(tc, boot_is_reported);
	tcase_add_test(tc, spn_that_changes_is_reported);
	tcase_add_test(tc, skewed_clock);
	tcase_add_test(tc, silent_server_does_not_stop_orders);
	tcase_add_loop_test(tc, power_lost_at_every_event, 0, CUTS);
	tcase_add_test(tc, power_lost_in_a_trial);
	tcase_add_test(tc, link_lost_in_a_download);
	tcase_add_test(tc, refuses_what_cannot_be);
	tcase_add_test(tc, same_seed_same_log);
	tcase_add_test(tc, idle_device_is_small);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
