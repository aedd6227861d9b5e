/*
 * Goal: a device finds what waits for its eUICC at its default SM-DP+ and where
 * its SM-DS says, whatever the SM-DS answers and whenever the power goes; and
 * its orders wait for that.
 * Method: one device among small peers, and an SM-DS with one fault at a time.
 */
#include "devices/test_peers.h"

#define SMDS "smds.example.com"

struct rig {
	struct peers peers;
	struct fleet *fleet;
	struct device *device;
	struct eventlog_listener listener;
	struct buf lines;		/* the whole log */
	unsigned own_events, cut_at;	/* of the device; the power goes at that one */
	struct timer cut, back;
	/* The SM-DS. */
	struct http_handler smds;
	const char *faulty;		/* function */
	enum fault fault;
	enum rsp_role role;		/* that its certificate names */
	unsigned events, calls;
	char challenge[RSP_CHALLENGE_BYTES];
	int card_error;
	bool without_id;		/* the eUICC asked for all events */
	/* Of the last discovery-result. */
	unsigned results, installed, failed;
	char code[32];
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

static int64_t number(const struct event *e, const char *key)
{
	for (size_t i = 0; i < e->field_count; i++)
		if (strcmp(e->fields[i].key, key) == 0)
			return e->fields[i].i;
	ck_abort_msg("%s has no %s", e->name, key);
}

static void tell(struct eventlog_listener *l, const struct event *e, struct str line)
{
	struct rig *r = (struct rig *)((char *)l - offsetof(struct rig, listener));

	buf_str(&r->lines, line);
	buf_char(&r->lines, '\n');
	if (strcmp(e->name, "discovery-result") == 0) {
		r->results++;
		r->installed = (unsigned)number(e, "installed");
		r->failed = (unsigned)number(e, "failed");
		snprintf(r->code, sizeof(r->code), "%.*s", STRF(event_str(e, "code")));
	}
	if (str_starts(e->party, STR("device/")) && strcmp(e->name, "response") != 0 &&
	    ++r->own_events == r->cut_at)
		loop_arm(&r->peers.loop, &r->cut, 0);
}

/* ---- The SM-DS. --------------------------------------------------------- */

static void smds_initiate(struct rig *r, struct arena *a, enum fault f,
			  struct es9_message *m)
{
	struct fake_smdp like = { .transaction = 7 };

	peer_initiate(&like, a, f, m);
	if (f != FAULT_WRONG_ADDRESS) {
		struct rsp_server_signed1 signed1;
		struct buf b = peer_buf();
		struct err err;

		ck_assert_int_eq(rsp_server_signed1_read(m->server_signed1, &signed1, &err), 0);
		signed1.server_address = STR(SMDS);
		rsp_server_signed1_write(&b, &signed1);
		m->server_signed1 = peer_take(&b, a);
	}
	m->server_certificate = peer_certificate(a, r->role);
}

static void smds_events(struct rig *r, struct arena *a, enum fault f,
			const struct es9_message *m, struct buf *out)
{
	struct es11_event list[] = { { STR("SECRET-1"), str_of(SMDP) },
				      { STR("SECRET-2"), str_of(SMDP) } };
	struct rsp_authenticate_response response;
	struct rsp_euicc_signed1 signed1;
	struct err err;

	ck_assert_int_eq(rsp_authenticate_response_read(m->authenticate_response, &response,
							&err), 0);
	if (response.failed) {
		r->card_error = (int)response.error_code;
		es9_refusal_print(out, STATUS_EUICC_ERROR);
		return;
	}
	ck_assert_int_eq(rsp_euicc_signed1_read(response.euicc_signed1, &signed1, &err), 0);
	r->without_id = !signed1.context.matching_id.n;
	if (f == FAULT_FAILED)
		es9_refusal_print(out, STATUS_EVENT_UNKNOWN);
	else if (f == FAULT_WRONG_TRANSACTION)
		es11_answer_print(out, STR("other"), list, r->events);
	else if (f == FAULT_BAD_METADATA)	/* the answer of an SM-DP+ */
		es9_answer_print(out, ES9_CANCEL_SESSION, m);
	else
		es11_answer_print(out, peer_transaction(&(struct fake_smdp){ .transaction = 8 },
							a, false), list, r->events);
}

static void handle_smds(struct http_handler *h, struct http_exchange *x)
{
	struct rig *r = (struct rig *)((char *)h - offsetof(struct rig, smds));
	struct str prefix = STR(ES9_PATH);
	struct str name = { x->req.path.p + prefix.n, x->req.path.n - prefix.n };
	enum es9_function f = es9_function_named(name);
	enum fault fault = r->faulty && str_is(name, r->faulty) ? r->fault : FAULT_NONE;
	struct es9_message m;
	struct buf out = peer_buf();
	struct err err;

	r->calls++;
	ck_assert(str_starts(x->req.path, prefix));
	/* Nothing else is asked of an SM-DS: no cancelSession. */
	ck_assert(f == ES9_INITIATE_AUTHENTICATION || f == ES9_AUTHENTICATE_CLIENT);
	ck_assert_int_eq(es9_request_parse(x->req.body, f, x->arena, &m, &err), 0);
	if (peer_transport_fault(x, fault))
		return;
	if (f == ES9_INITIATE_AUTHENTICATION) {
		ck_assert(str_is(m.smdp_address, SMDS));
		smds_initiate(r, x->arena, fault, &m);
		es9_answer_print(&out, f, &m);
	} else {
		smds_events(r, x->arena, fault, &m, &out);
	}
	if (fault == FAULT_TRUNCATED)
		out.n /= 2;
	http_respond_json(x, 200, peer_take(&out, x->arena));
}

/* ---- The device. -------------------------------------------------------- */

static const struct device_latency usual = {
	.poll = { .a_ns = 60 * NS_PER_S }, .boot = { .a_ns = 5 * NS_PER_S },
	.attach = { .a_ns = 2 * NS_PER_S }, .report = { .a_ns = 30 * NS_PER_S },
	.apdu = { .a_ns = NS_PER_S / 10 }, .install = { .a_ns = 4 * NS_PER_S },
};

static void rig_init(struct rig *r, const char *default_smdp, const char *root_smds)
{
	static const struct device_profile_spec bootstrap = {
		.iccid = { ICCID_A, 19 }, .spn = { "Bootstrap", 9 }, .active = true,
		.class_name = { "bootstrap", 9 }, .smdp_address = { SMDP, 16 },
	};
	struct fleet_config config;
	struct device_spec spec = {
		.name = STR("router"), .eid = { EID, 32 }, .profiles = &bootstrap,
		.device_id = STR("00000000-00000000-0040FFFF-FF8001B0"),
		.profile_count = 1, .memory = 200000,
		.default_smdp = str_of(default_smdp), .root_smds = str_of(root_smds),
	};
	struct err err;

	*r = (struct rig){ .cut.fire = power_cut, .back.fire = power_back, .events = 1,
			   .smds.handle = handle_smds, .role = RSP_ROLE_DS_AUTH,
			   .card_error = -1 };
	buf_init(&r->lines, 16 << 20);
	peers_init(&r->peers);
	ck_assert_int_eq(network_listen(r->peers.net, SMDS, "smds", &r->smds, &err), 0);
	r->listener.tell = tell;
	r->listener.wants_line = true;
	eventlog_listen(&r->peers.log, &r->listener);
	config = (struct fleet_config){
		.loop = &r->peers.loop, .net = r->peers.net, .log = &r->peers.log,
		.seed = 7, .eis_url = "http://eis.rig", .latency = usual,
	};
	r->fleet = fleet_new(&config, &err);
	r->device = fleet_add(r->fleet, &spec, &err);
	ck_assert_msg(r->device, "%s", err.msg);
}

static void rig_release(struct rig *r)
{
	loop_disarm(&r->peers.loop, &r->cut);
	loop_disarm(&r->peers.loop, &r->back);
	fleet_free(r->fleet);
	peers_release(&r->peers);
	/* An event id is a matching id: no log holds it. */
	ck_assert_ptr_null(r->lines.p ? strstr(r->lines.p, "SECRET") : NULL);
	buf_release(&r->lines);
}

static void run_for(struct rig *r, int seconds)
{
	peers_run(&r->peers, seconds * NS_PER_S);
}

static void discover(struct rig *r)
{
	struct err err = { 0 };

	ck_assert_msg(device_discover(r->device, &err) == 0, "%s", err.msg);
}

static void check(struct rig *r, unsigned installed, unsigned failed, const char *code)
{
	ck_assert_uint_eq(r->results, 1);
	ck_assert_msg(r->installed == installed && r->failed == failed &&
		      strcmp(r->code, code) == 0, "%u installed, %u failed, %s", r->installed,
		      r->failed, r->code);
	ck_assert_uint_eq(r->device->euicc.profile_count, 1 + installed);
	ck_assert_ptr_null(r->device->lpa);
	ck_assert_ptr_null(r->device->discovery);
	r->results = 0;
}

START_TEST(by_default_smdp)
{
	struct rig r;

	rig_init(&r, SMDP, "");
	discover(&r);
	run_for(&r, 60);
	check(&r, 1, 0, "ok");
	ck_assert_str_eq(r.peers.smdp.matching_id, "");
	ck_assert_uint_eq(r.calls, 0);
	ck_assert_uint_eq(r.peers.smdp.installs_ok, 1);
	rig_release(&r);
}
END_TEST

START_TEST(by_event)
{
	struct rig r;

	rig_init(&r, "", SMDS);
	discover(&r);
	run_for(&r, 60);
	check(&r, 1, 0, "ok");
	ck_assert(r.without_id);
	ck_assert_str_eq(r.peers.smdp.matching_id, "SECRET-1");
	ck_assert_uint_eq(r.calls, 2);
	ck_assert_ptr_nonnull(strstr(r.lines.p, "\"discovery-step\""));
	rig_release(&r);
}
END_TEST

/* The default SM-DP+ has nothing, which is no failure; the SM-DS has no event. */
START_TEST(nothing_anywhere)
{
	struct rig r;

	rig_init(&r, SMDP, SMDS);
	r.peers.smdp.faulty = ES9_AUTHENTICATE_CLIENT;
	r.peers.smdp.fault = FAULT_FAILED;
	r.events = 0;
	discover(&r);
	run_for(&r, 60);
	check(&r, 0, 0, "ok");
	ck_assert_uint_eq(r.calls, 2);
	rig_release(&r);
}
END_TEST

/* Two events, and both give the same profile: the second is there already. */
START_TEST(one_of_two)
{
	struct rig r;

	rig_init(&r, "", SMDS);
	r.events = 2;
	discover(&r);
	run_for(&r, 60);
	check(&r, 1, 1, "duplicateIccid");
	ck_assert_str_eq(r.peers.smdp.matching_id, "SECRET-2");
	rig_release(&r);
}
END_TEST

/* What an SM-DS may do wrong; `card`: what the eUICC says of it, or -1. */
static const struct {
	const char *function;
	enum fault fault;
	enum rsp_role role;
	const char *code;
	int card;
} faults[] = {
	{ "initiateAuthentication", FAULT_500, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "initiateAuthentication", FAULT_RESET, RSP_ROLE_DS_AUTH, "smdsUnreachable", -1 },
	{ "initiateAuthentication", FAULT_SILENT, RSP_ROLE_DS_AUTH, "smdsUnreachable", -1 },
	{ "initiateAuthentication", FAULT_NOT_JSON, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "initiateAuthentication", FAULT_TRUNCATED, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "initiateAuthentication", FAULT_WRONG_ADDRESS, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "initiateAuthentication", FAULT_WRONG_TRANSACTION, RSP_ROLE_DS_AUTH,
	  "discoveryFailed", -1 },
	{ "initiateAuthentication", FAULT_BAD_SIGNATURE, RSP_ROLE_DS_AUTH, "discoveryFailed",
	  ES10_AUTH_SIGNATURE },
	{ "initiateAuthentication", FAULT_WRONG_CHALLENGE, RSP_ROLE_DS_AUTH, "discoveryFailed",
	  ES10_AUTH_CHALLENGE },
	{ NULL, FAULT_NONE, RSP_ROLE_DS_TLS, "discoveryFailed", ES10_AUTH_CERTIFICATE },
	{ NULL, FAULT_NONE, RSP_ROLE_DP_PB, "discoveryFailed", ES10_AUTH_CERTIFICATE },
	{ "authenticateClient", FAULT_500, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "authenticateClient", FAULT_CUT, RSP_ROLE_DS_AUTH, "smdsUnreachable", -1 },
	{ "authenticateClient", FAULT_EMPTY, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "authenticateClient", FAULT_TRUNCATED, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "authenticateClient", FAULT_FAILED, RSP_ROLE_DS_AUTH, "smdsRefused", -1 },
	{ "authenticateClient", FAULT_BAD_METADATA, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
	{ "authenticateClient", FAULT_WRONG_TRANSACTION, RSP_ROLE_DS_AUTH, "discoveryFailed", -1 },
};

START_TEST(one_fault)
{
	struct rig r;

	rig_init(&r, "", SMDS);
	r.faulty = faults[_i].function;
	r.fault = faults[_i].fault;
	r.role = faults[_i].role;
	discover(&r);
	run_for(&r, 600);
	check(&r, 0, 1, faults[_i].code);
	ck_assert_int_eq(r.card_error, faults[_i].card);
	/* Nothing is left of it: the next look, without the fault, finds the event. */
	r.fault = FAULT_NONE;
	r.role = RSP_ROLE_DS_AUTH;
	discover(&r);
	run_for(&r, 60);
	check(&r, 1, 0, "ok");
	rig_release(&r);
}
END_TEST

START_TEST(orders_wait)
{
	struct rig r;
	struct err err;

	rig_init(&r, "", SMDS);
	run_for(&r, 59);
	discover(&r);
	snprintf(r.peers.eis.order, sizeof(r.peers.eis.order),
		 "{\"id\":\"o1\",\"operation\":\"disable\",\"iccid\":\"%s\"}", ICCID_A);
	ck_assert_int_eq(device_discover(r.device, &err), -1);
	run_for(&r, 3);
	ck_assert_ptr_nonnull(r.device->discovery);
	ck_assert_uint_eq(r.peers.eis.results, 0);
	run_for(&r, 400);
	check(&r, 1, 0, "ok");
	ck_assert_uint_eq(r.peers.eis.results, 1);
	rig_release(&r);
}
END_TEST

START_TEST(refused)
{
	struct err err = { 0 };
	struct rig r;

	rig_init(&r, "", "");
	ck_assert_int_eq(device_discover(r.device, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "neither"));
	rig_release(&r);
	rig_init(&r, "", SMDS);
	device_power(r.device, false);
	ck_assert_int_eq(device_discover(r.device, &err), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	rig_release(&r);
}
END_TEST

START_TEST(link_lost)
{
	struct rig r;

	rig_init(&r, "", SMDS);
	r.faulty = "initiateAuthentication";
	r.fault = FAULT_SILENT;
	discover(&r);
	run_for(&r, 1);
	device_link(r.device, false);
	run_for(&r, 60);
	check(&r, 0, 1, "smdsUnreachable");
	rig_release(&r);
}
END_TEST

/* One look with the power cut at event `at`; how many events there were. */
static unsigned run_with_cut(unsigned at)
{
	unsigned events, count;
	struct rig r;

	rig_init(&r, "", SMDS);
	r.cut_at = at;
	discover(&r);
	run_for(&r, 120);
	events = r.own_events;
	ck_assert_uint_le(r.results, 1);
	ck_assert_ptr_null(r.device->discovery);
	count = r.device->euicc.profile_count;
	ck_assert(count == 1 || (count == 2 && euicc_find(&r.device->euicc, str_of(ICCID_NEW))));
	/* The event is still there, or the profile is. */
	r.results = 0;
	discover(&r);
	run_for(&r, 120);
	ck_assert_uint_eq(r.results, 1);
	ck_assert_str_eq(r.code, count == 1 ? "ok" : "duplicateIccid");
	ck_assert_uint_eq(r.device->euicc.profile_count, 2);
	ck_assert_uint_eq(r.device->euicc.note_count, 0);
	rig_release(&r);
	return events;
}

START_TEST(power_lost_at_every_event)
{
	unsigned events = run_with_cut(0);

	ck_assert_uint_ge(events, 20);
	for (unsigned at = 1; at <= events; at++)
		run_with_cut(at);
}
END_TEST

/* The fleet goes in the middle of it. */
START_TEST(freed_at_any_time)
{
	struct rig r;

	rig_init(&r, "", SMDS);
	discover(&r);
	peers_run(&r.peers, _i * 50 * NS_PER_MS);
	rig_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/discovery");
	TCase *tc = tcase_create("discovery");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, by_default_smdp);
	tcase_add_test(tc, by_event);
	tcase_add_test(tc, nothing_anywhere);
	tcase_add_test(tc, one_of_two);
	tcase_add_loop_test(tc, one_fault, 0, sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(tc, orders_wait);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, link_lost);
	tcase_add_test(tc, power_lost_at_every_event);
	tcase_add_loop_test(tc, freed_at_any_time, 0, 20);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
