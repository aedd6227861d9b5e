/*
 * Goal: a command comes to its device once, whatever the device's power and
 * network do, and its result comes back; what peers send is refused with a
 * code and never more than a bounded queue.
 * Method: one device among small peers, and a client that speaks the wire.
 * The power is cut at every event that a run without a cut has.
 */
#include "devices/gateway.h"
#include "devices/test_peers.h"

enum { CUTS = 30 };

#define DEVICE_ID "00000000-00000000-0040FFFF-FF8001B0"
#define COMMANDS "/gateway/v1/devices/" DEVICE_ID "/commands"

struct rig {
	struct peers peers;
	struct fleet *fleet;
	struct gateway *gateway;
	struct device *device;
	struct eventlog_listener listener;
	unsigned own_events, cut_at, received;
	bool secret_seen;
	struct timer cut, back;
	int status;			/* of the last answer */
	char body[65536];
};

static const struct device_profile_spec two[] = {
	{ .iccid = { ICCID_A, 19 }, .spn = { "Bootstrap", 9 }, .active = true,
	  .class_name = { "bootstrap", 9 } },
	{ .iccid = { ICCID_B, 19 }, .spn = { "Mobile", 6 } },
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

static void tell(struct eventlog_listener *l, const struct event *e,
		 struct str line)
{
	struct rig *r = (struct rig *)((char *)l - offsetof(struct rig, listener));

	r->secret_seen |= str_find(line, STR("SECRET")) >= 0;
	if (!str_starts(e->party, STR("device/")))
		return;
	r->received += strcmp(e->name, "order-received") == 0;
	if (++r->own_events == r->cut_at)
		loop_arm(&r->peers.loop, &r->cut, 0);
}

static void rig_init(struct rig *r)
{
	struct fleet_config config;
	struct device_spec spec = {
		.name = STR("router"), .eid = { EID, 32 }, .device_id = STR(DEVICE_ID),
		.profiles = two, .profile_count = 2,
	};
	struct err err;

	*r = (struct rig){ .cut.fire = power_cut, .back.fire = power_back };
	peers_init(&r->peers);
	r->listener.tell = tell;
	r->listener.wants_line = true;
	eventlog_listen(&r->peers.log, &r->listener);
	config = (struct fleet_config){
		.loop = &r->peers.loop, .net = r->peers.net,
		.log = &r->peers.log, .seed = 7, .eis_url = "http://eis.rig",
		.fallback_ns = 100 * NS_PER_S,
		.latency = { .poll.a_ns = 60 * NS_PER_S, .boot.a_ns = 5 * NS_PER_S,
			     .attach.a_ns = 2 * NS_PER_S, .apdu.a_ns = NS_PER_S / 10,
			     .install.a_ns = 4 * NS_PER_S },
	};
	r->fleet = fleet_new(&config, &err);
	r->gateway = gateway_new(&(struct gateway_config){
		.loop = &r->peers.loop, .log = &r->peers.log, .seed = 7,
		.fleet = r->fleet, .token = "right",
	});
	ck_assert_int_eq(network_listen(r->peers.net, "gateway.rig", "gateway",
					gateway_handler(r->gateway), &err), 0);
	r->device = fleet_add(r->fleet, &spec, &err);
	ck_assert_msg(r->device, "%s", err.msg);
}

static void rig_release(struct rig *r)
{
	loop_disarm(&r->peers.loop, &r->cut);
	loop_disarm(&r->peers.loop, &r->back);
	network_unlisten(r->peers.net, "gateway.rig");
	gateway_free(r->gateway);
	fleet_free(r->fleet);
	peers_release(&r->peers);
}

static void run_for(struct rig *r, int seconds)
{
	peers_run(&r->peers, seconds * NS_PER_S);
}

static void answered(struct http_call *c)
{
	struct rig *r = c->owner;

	ck_assert_int_eq(c->failure, HTTP_OK);
	r->status = c->resp.status;
	ck_assert_uint_lt(c->resp.body.n, sizeof(r->body));
	if (c->resp.body.n)
		memcpy(r->body, c->resp.body.p, c->resp.body.n);
	r->body[c->resp.body.n] = '\0';
}

static int ask_as(struct rig *r, const char *authorization, const char *method,
		  const char *path, const char *body)
{
	struct err err;
	struct http_call *c = http_call_new(r->peers.net, STR("client"), method, &err,
					    "http://gateway.rig%s", path);

	ck_assert_ptr_nonnull(c);
	if (authorization)
		http_call_header(c, "Authorization", str_of(authorization));
	if (body)
		http_call_body(c, "application/json", str_of(body));
	c->done = answered;
	c->owner = r;
	r->status = 0;
	http_call_send(c);
	peers_run(&r->peers, NS_PER_MS);
	ck_assert_int_ne(r->status, 0);
	return r->status;
}

static int ask(struct rig *r, const char *method, const char *path, const char *body)
{
	return ask_as(r, "Bearer right", method, path, body);
}

/* The string member at the top, or in `object` at the top. */
static const char *member(struct rig *r, const char *object, const char *key)
{
	static char text[256];
	cJSON *tree = cJSON_Parse(r->body);
	const cJSON *at = object ? cJSON_GetObjectItemCaseSensitive(tree, object) : tree;
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(at, key);

	snprintf(text, sizeof(text), "%s", cJSON_IsString(v) ? v->valuestring : "-");
	cJSON_Delete(tree);
	return text;
}

static void place(struct rig *r, const char *operation, const char *iccid, char path[128])
{
	char body[256];

	if (strcmp(operation, "download") == 0)
		snprintf(body, sizeof(body), "{\"operation\":\"download\","
			 "\"activationCode\":\"LPA:1$%s$SECRET-ID\"}", SMDP);
	else
		snprintf(body, sizeof(body), "{\"operation\":\"%s\",\"iccid\":\"%s\"}",
			 operation, iccid);
	ck_assert_msg(ask(r, "POST", COMMANDS, body) == 201, "%s", r->body);
	ck_assert_ptr_null(strstr(r->body, "SECRET"));
	snprintf(path, 128, "/gateway/v1/commands/%s", member(r, NULL, "id"));
}

static const struct {
	const char *operation, *iccid, *status, *code, *done_to;
} simple[] = {
	{ "enable", ICCID_B, "complete", "ok", ICCID_B },
	{ "enable", ICCID_A, "failed", "profileNotInDisabledState", ICCID_A },
	{ "disable", ICCID_B, "failed", "profileNotInEnabledState", ICCID_B },
	{ "delete", ICCID_B, "complete", "ok", ICCID_B },
	{ "delete", ICCID_NEW, "failed", "iccidOrAidNotFound", ICCID_NEW },
	{ "download", "", "complete", "ok", ICCID_NEW },
};

START_TEST(each_operation)
{
	char path[128];
	struct rig r;

	rig_init(&r);
	place(&r, simple[_i].operation, simple[_i].iccid, path);
	ck_assert_str_eq(member(&r, NULL, "status"), "delivered");
	run_for(&r, 60);
	ck_assert_int_eq(ask(&r, "GET", path, NULL), 200);
	ck_assert_str_eq(member(&r, NULL, "status"), simple[_i].status);
	ck_assert_str_eq(member(&r, "result", "code"), simple[_i].code);
	ck_assert_str_eq(member(&r, "result", "iccid"), simple[_i].done_to);
	ck_assert_uint_eq(r.received, 1);
	ck_assert(!r.secret_seen);
	rig_release(&r);
}
END_TEST

/* Whatever the moment, the command comes to an end that the card agrees with. */
START_TEST(power_lost_at_every_event)
{
	struct euicc_profile *p;
	char path[128];
	struct rig r;
	bool there;

	rig_init(&r);
	r.cut_at = (unsigned)_i + 1;
	place(&r, "download", "", path);
	run_for(&r, 300);
	ck_assert_int_eq(ask(&r, "GET", path, NULL), 200);
	p = euicc_find(&r.device->euicc, str_of(ICCID_NEW));
	there = strcmp(member(&r, NULL, "status"), "complete") == 0;
	ck_assert_msg(there || strcmp(member(&r, "result", "code"), "interrupted") == 0 ||
		      strcmp(member(&r, "result", "code"), "smdpUnreachable") == 0,
		      "%s", r.body);
	ck_assert_msg(there == (p != NULL), "%s", r.body);
	ck_assert_uint_eq(r.received, 1);
	rig_release(&r);
}
END_TEST

START_TEST(waits_for_network_and_expires)
{
	char first[128], second[128];
	struct rig r;

	rig_init(&r);
	device_link(r.device, false);
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, "{\"operation\":\"delete\","
			     "\"iccid\":\"8944000000000000025\",\"expiresIn\":30}"), 201);
	snprintf(first, sizeof(first), "/gateway/v1/commands/%s", member(&r, NULL, "id"));
	place(&r, "enable", ICCID_B, second);
	ck_assert_str_eq(member(&r, NULL, "status"), "queued");
	run_for(&r, 60);
	ask(&r, "GET", first, NULL);
	ck_assert_str_eq(member(&r, NULL, "status"), "expired");
	ck_assert_int_eq(ask(&r, "DELETE", first, NULL), 409);
	device_link(r.device, true);
	run_for(&r, 60);
	ask(&r, "GET", second, NULL);
	ck_assert_str_eq(member(&r, NULL, "status"), "complete");
	ck_assert_uint_eq(r.received, 1);
	rig_release(&r);
}
END_TEST

/* The device has it, and tells after the end: kept, and nothing else. */
START_TEST(late_result)
{
	char path[128];
	struct rig r;

	rig_init(&r);
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, "{\"operation\":\"download\","
			     "\"activationCode\":\"LPA:1$smdp.example.com$SECRET-ID\","
			     "\"expiresIn\":2}"), 201);
	snprintf(path, sizeof(path), "/gateway/v1/commands/%s", member(&r, NULL, "id"));
	run_for(&r, 30);
	ask(&r, "GET", path, NULL);
	ck_assert_str_eq(member(&r, NULL, "status"), "expired");
	ck_assert_str_eq(member(&r, "result", "status"), "-");
	ck_assert_str_eq(member(&r, "lateResult", "status"), "complete");
	ck_assert_str_eq(member(&r, "lateResult", "iccid"), ICCID_NEW);
	rig_release(&r);
}
END_TEST

/* An SM-DP+ may quote the code; nobody is told. */
START_TEST(secret_in_a_message)
{
	char path[128];
	struct rig r;

	rig_init(&r);
	r.peers.smdp.faulty = ES9_AUTHENTICATE_CLIENT;
	r.peers.smdp.fault = FAULT_FAILED;
	place(&r, "download", "", path);
	run_for(&r, 60);
	ask(&r, "GET", path, NULL);
	ck_assert_str_eq(member(&r, "result", "code"), "smdpRefused");
	ck_assert_str_eq(member(&r, "result", "subjectCode"), "8.2.6");
	ck_assert_str_eq(member(&r, "result", "reasonCode"), "3.8");
	ck_assert_ptr_null(strstr(r.body, "SECRET"));
	rig_release(&r);
}
END_TEST

/* An order of the EIS and commands: one at a time, each once. */
START_TEST(not_in_the_middle_of_an_order)
{
	char path[128];
	struct rig r;

	rig_init(&r);
	snprintf(r.peers.eis.order, sizeof(r.peers.eis.order),
		 "{\"id\":\"of-eis\",\"operation\":\"download\","
		 "\"activationCode\":\"LPA:1$%s$SECRET-ID\"}", SMDP);
	device_poll_now(r.device);
	run_for(&r, 1);
	ck_assert_uint_eq(r.received, 1);
	place(&r, "enable", ICCID_B, path);
	ck_assert_str_eq(member(&r, NULL, "status"), "queued");
	run_for(&r, 60);
	ck_assert_uint_eq(r.peers.eis.results, 1);
	ck_assert_str_eq(r.peers.eis.ids[0], "of-eis");
	ck_assert_str_eq(r.peers.eis.codes[0], "ok");
	ask(&r, "GET", path, NULL);
	ck_assert_str_eq(member(&r, NULL, "status"), "complete");
	ck_assert_uint_eq(r.received, 2);
	rig_release(&r);
}
END_TEST

/* Full, then none too many are kept; a forgotten reference is a new command. */
START_TEST(queue_is_bounded)
{
	static const char body[] = "{\"operation\":\"enable\","
		"\"iccid\":\"8944000000000000025\",\"expiresIn\":60}";
	char first[128] = "", reference[160];
	struct rig r;

	rig_init(&r);
	device_power(r.device, false);
	for (int i = 0; i < COMMANDS_WAITING_MAX; i++) {
		ck_assert_int_eq(ask(&r, "POST", COMMANDS, body), 201);
		if (!first[0])
			snprintf(first, sizeof(first), "/gateway/v1/commands/%s",
				 member(&r, NULL, "id"));
	}
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, body), 409);
	ck_assert_str_eq(member(&r, "error", "code"), "queue-full");
	run_for(&r, 61);
	ck_assert_int_eq(ask(&r, "GET", first, NULL), 200);
	snprintf(reference, sizeof(reference), "{\"operation\":\"enable\","
		 "\"iccid\":\"%s\",\"expiresIn\":60,\"reference\":\"r\"}", ICCID_B);
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, reference), 201);
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, reference), 200);
	run_for(&r, 61);
	ck_assert_int_eq(ask(&r, "GET", first, NULL), 404);
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, reference), 200);
	for (int i = 0; i < COMMANDS_ENDED_MAX; i++)
		ck_assert_int_eq(ask(&r, "POST", COMMANDS, body), 201);
	run_for(&r, 61);
	ck_assert_int_eq(ask(&r, "POST", COMMANDS, reference), 201);
	rig_release(&r);
}
END_TEST

static const struct {
	const char *authorization, *method, *path, *body;
	int status;
	const char *code;
} refused[] = {
	{ NULL, "POST", COMMANDS, "{}", 401, "unauthorized" },
	{ "Bearer wrong", "GET", COMMANDS, NULL, 401, "unauthorized" },
	{ "Bearer righ", "GET", COMMANDS, NULL, 401, "unauthorized" },
	{ "Bearer rightt", "GET", COMMANDS, NULL, 401, "unauthorized" },
	{ "Bearer", "GET", COMMANDS, NULL, 401, "unauthorized" },
	{ "bearer  right", "GET", COMMANDS, NULL, 200, NULL },
	{ "Bearer right", "GET", "/gateway/v1/devices/00000000-00000000-0040ffff-ff8001b0",
	  NULL, 200, NULL },
	{ "Bearer right", "GET", "/gateway/v1/devices/router", NULL, 404, "unknown-device" },
	{ "Bearer right", "GET", "/gateway/v1/commands/x", NULL, 404, "unknown-command" },
	{ "Bearer right", "GET", "/gateway/v1", NULL, 404, "not-found" },
	{ "Bearer right", "PUT", COMMANDS, "{}", 405, "method-not-allowed" },
	{ "Bearer right", "GET", "/gateway/v1/commands/%zz", NULL, 400, "bad-path" },
	{ "Bearer right", "POST", COMMANDS, "[]", 400, "bad-json" },
	{ "Bearer right", "POST", COMMANDS, "{\"operation\":\"enable\"}", 400, "bad-value" },
	{ "Bearer right", "POST", COMMANDS, "{\"operation\":\"download\"}", 400, "bad-value" },
	{ "Bearer right", "POST", COMMANDS, "{\"operation\":\"delete\",\"iccid\":"
	  "\"8944000000000000010\",\"operation\":\"enable\"}", 400, "bad-value" },
	{ "Bearer right", "POST", COMMANDS, "{\"operation\":null,\"iccid\":null}", 400,
	  "bad-value" },
};

START_TEST(refusals)
{
	struct rig r;

	rig_init(&r);
	ck_assert_msg(ask_as(&r, refused[_i].authorization, refused[_i].method,
			     refused[_i].path, refused[_i].body) == refused[_i].status,
		      "%s", r.body);
	if (refused[_i].code)
		ck_assert_str_eq(member(&r, "error", "code"), refused[_i].code);
	rig_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/gateway");
	TCase *tc = tcase_create("gateway");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_operation, 0, sizeof(simple) / sizeof(simple[0]));
	tcase_add_loop_test(tc, power_lost_at_every_event, 0, CUTS);
	tcase_add_test(tc, waits_for_network_and_expires);
	tcase_add_test(tc, late_result);
	tcase_add_test(tc, secret_in_a_message);
	tcase_add_test(tc, not_in_the_middle_of_an_order);
	tcase_add_test(tc, queue_is_bounded);
	tcase_add_loop_test(tc, refusals, 0, sizeof(refused) / sizeof(refused[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
