/*
 * Goal: reports of changes and of all there is lead a server to the same list.
 * Method: one device whose card is changed at random, and a server that loses,
 * refuses or ignores some of its reports.  The oracle is a list that knows
 * nothing of devices: it applies each report that was answered well, as
 * docs/southbound.md says, and is compared with the card in the end.
 */
#include "devices/test_peers.h"

enum { ROUNDS = 60, ROWS_MAX = 32 };

struct row {
	char iccid[24], carrier[64], status[16];
	int64_t id;
};

struct rig {
	struct peers peers;
	struct http_handler handler;	/* the server's */
	struct fleet *fleet;
	struct device *device;
	struct rng rng;
	bool bad_weather, silent;
	struct row rows[ROWS_MAX];
	size_t count;
	int64_t last_sequence;
	unsigned full, partial;		/* reports, by kind */
	unsigned spoilt;
};

/* ---- The oracle. -------------------------------------------------------- */

static const char *text(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static void drop_row(struct rig *r, const char *iccid)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->rows[i].iccid, iccid) == 0)
			r->rows[i--] = r->rows[--r->count];
}

static void apply(struct rig *r, const cJSON *report)
{
	const cJSON *p, *list = cJSON_GetObjectItemCaseSensitive(report, "profiles");

	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(report, "complete"))) {
		r->count = 0;
		r->full++;
	} else {
		r->partial++;
	}
	cJSON_ArrayForEach(p, list) {
		struct row *row;

		drop_row(r, text(p, "iccid"));
		if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(p, "removed")))
			continue;
		ck_assert_uint_lt(r->count, ROWS_MAX);
		row = &r->rows[r->count++];
		snprintf(row->iccid, sizeof(row->iccid), "%s", text(p, "iccid"));
		snprintf(row->carrier, sizeof(row->carrier), "%s", text(p, "carrier"));
		snprintf(row->status, sizeof(row->status), "%s", text(p, "status"));
		row->id = (int64_t)cJSON_GetObjectItemCaseSensitive(p, "id")->valuedouble;
	}
}

static void serve(struct http_handler *h, struct http_exchange *x)
{
	struct rig *r = (struct rig *)((char *)h - offsetof(struct rig, handler));
	unsigned weather = r->bad_weather ? (unsigned)rng_below(&r->rng, 6) : 5;
	struct err err;
	cJSON *tree;
	int64_t sequence = 0;

	if (r->silent)
		return;
	tree = json_parse(x->req.body, &err);
	json_get_int(tree, "sequence", &sequence, &err);
	ck_assert_int_gt(sequence, r->last_sequence);
	r->spoilt += weather < 4;
	if (weather == 0) {
		x->resp.fault = HTTP_FAULT_RESET;	/* lost on its way */
		http_respond(x, 200, NULL, STR_NONE);
	} else if (weather == 1) {
		http_respond(x, 503, NULL, STR_NONE);
	} else if (weather == 2) {
		http_respond_json(x, 200, STR("{\"applied\":false}"));
	} else {
		r->last_sequence = sequence;
		apply(r, tree);
		if (weather == 3)
			x->resp.fault = HTTP_FAULT_RESET;	/* only the answer is lost */
		http_respond_json(x, 200, STR("{\"applied\":true}"));
	}
	cJSON_Delete(tree);
}

static void check_rows(struct rig *r)
{
	ck_assert_uint_eq(r->count, device_profile_count(r->device));
	for (size_t i = 0; i < r->count; i++) {
		struct device_profile_view p;
		size_t k = 0;

		device_profile(r->device, i, &p);
		while (k < r->count && !str_is(p.iccid, r->rows[k].iccid))
			k++;
		ck_assert_uint_lt(k, r->count);
		ck_assert(str_is(p.spn, r->rows[k].carrier));
		ck_assert_str_eq(r->rows[k].status, p.active ? "active" : "inactive");
		ck_assert_int_eq(r->rows[k].id, p.number);
	}
}

/* ---- The device. -------------------------------------------------------- */

static const struct device_profile_spec first[] = {
	{ .iccid = { ICCID_A, 19 }, .spn = { "Bootstrap", 9 }, .active = true,
	  .class_name = { "bootstrap", 9 } },
	{ .iccid = { ICCID_B, 19 }, .spn = { "Mobile", 6 } },
};

static void rig_init(struct rig *r, bool changes)
{
	struct fleet_config config;
	struct device_spec spec = {
		.name = STR("router"), .eid = { EID, 32 },
		.device_id = STR("00000000-00000000-0040FFFF-FF8001B0"),
		.profiles = first, .profile_count = 2, .second_link = true,
	};
	struct err err;

	*r = (struct rig){ .handler.handle = serve };
	peers_init(&r->peers);
	ck_assert_int_eq(network_listen(r->peers.net, "reports.rig", "server",
					&r->handler, &err), 0);
	config = (struct fleet_config){
		.loop = &r->peers.loop, .net = r->peers.net,
		.log = &r->peers.log, .seed = 7, .eis_url = "http://eis.rig",
		.report_url = "http://reports.rig/here?of=all",
		.report_changes = changes,
		.latency.report.a_ns = NS_PER_S,
	};
	rng_init(&r->rng, 11, STR("test"), STR("reports"));
	r->fleet = fleet_new(&config, &err);
	r->device = fleet_add(r->fleet, &spec, &err);
	ck_assert_msg(r->device, "%s", err.msg);
}

static void rig_release(struct rig *r)
{
	fleet_free(r->fleet);
	network_unlisten(r->peers.net, "reports.rig");
	peers_release(&r->peers);
}

static void run_for(struct rig *r, int seconds)
{
	peers_run(&r->peers, seconds * NS_PER_S);
}

static void install(struct rig *r, uint64_t serial, const char *spn)
{
	struct euicc_profile_spec spec = { .class = PROFILE_CLASS_OPERATIONAL };
	char iccid[ICCID_SIZE];

	iccid_make(iccid, STR("894400"), serial);
	spec.iccid = str_of(iccid);
	spec.text[TEXT_SPN] = str_of(spn);
	euicc_install(&r->device->euicc, &spec);
}

static void change_something(struct rig *r)
{
	struct euicc *e = &r->device->euicc;
	struct euicc_profile *p = &e->profiles[rng_below(&r->rng, e->profile_count)];
	struct es10_request delete = { .tag = ES10_TAG_DELETE_PROFILE };
	struct es10_answer an;
	struct arena none = { 0 };
	char iccid[ICCID_SIZE];
	struct err err;

	switch (rng_below(&r->rng, 6)) {
	case 0:
	case 1:
		if (e->profile_count < 8)
			install(r, rng_below(&r->rng, 1000), "New");
		break;
	case 2:
		memcpy(iccid, p->iccid, sizeof(iccid));
		delete.iccid = str_of(iccid);
		euicc_call(e, &delete, &none, &an);
		break;
	case 3:
		euicc_switch(e, p);
		break;
	case 4:
		device_set_spn(r->device, str_of(p->iccid),
			       rng_below(&r->rng, 2) ? STR("Other") : STR(""), &err);
		break;
	case 5:
		if (rng_below(&r->rng, 4) == 0)
			device_reboot(r->device);
		break;
	}
}

/* Something is news in any case. */
static void change_name(struct rig *r, unsigned round)
{
	char name[16];
	struct err err;

	snprintf(name, sizeof(name), "Round %u", round);
	device_set_spn(r->device, str_of(r->device->euicc.profiles[0].iccid),
		       str_of(name), &err);
}

/* In good and bad weather, with either kind of reports. */
START_TEST(server_knows_what_the_card_has)
{
	bool changes = _i & 1;
	struct rig r;

	rig_init(&r, changes);
	for (unsigned i = 0; i < ROUNDS; i++) {
		r.bad_weather = _i & 2;
		change_something(&r);
		run_for(&r, (int)rng_below(&r.rng, 4));
		change_something(&r);
		run_for(&r, (int)rng_below(&r.rng, 90));
		r.bad_weather = false;
		run_for(&r, 1300);	/* more than the longest pause, twice */
		change_name(&r, i);
		run_for(&r, 2);
		check_rows(&r);
	}
	ck_assert_uint_gt(r.full, 0);
	if (changes)
		ck_assert_uint_gt(r.partial, 20);
	else
		ck_assert_uint_eq(r.partial, 0);
	if (_i & 2)
		ck_assert_uint_gt(r.spoilt, 20);
	rig_release(&r);
}
END_TEST

/* A change is told as a change, and not with what stayed as it was. */
START_TEST(only_what_changed)
{
	struct rig r;

	rig_init(&r, true);
	device_report_now(r.device);
	run_for(&r, 2);
	ck_assert_uint_eq(r.full, 1);
	r.count = 0;		/* the oracle forgets what it knew */
	euicc_switch(&r.device->euicc, euicc_find(&r.device->euicc, str_of(ICCID_B)));
	run_for(&r, 2);
	ck_assert_uint_eq(r.partial, 1);
	ck_assert_uint_eq(r.count, 2);		/* both of a switch */
	r.count = 0;
	install(&r, 5, "New");
	run_for(&r, 2);
	ck_assert_uint_eq(r.partial, 2);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_str_eq(r.rows[0].carrier, "New");
	/* Other causes tell everything. */
	device_report_now(r.device);
	run_for(&r, 2);
	ck_assert_uint_eq(r.full, 2);
	device_reboot(r.device);
	run_for(&r, 2);
	ck_assert_uint_eq(r.full, 3);
	check_rows(&r);
	rig_release(&r);
}
END_TEST

/* Nobody knows whether it arrived: the next one tells everything. */
START_TEST(network_lost_in_a_report)
{
	struct rig r;

	rig_init(&r, true);
	device_report_now(r.device);
	run_for(&r, 2);
	r.silent = true;
	install(&r, 5, "New");
	run_for(&r, 2);
	device_link(r.device, false);
	r.silent = false;
	device_link(r.device, true);
	run_for(&r, 2);
	ck_assert_uint_eq(r.full, 2);
	ck_assert_uint_eq(r.partial, 0);
	check_rows(&r);
	rig_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/report");
	TCase *tc = tcase_create("report");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, server_knows_what_the_card_has, 0, 4);
	tcase_add_test(tc, only_what_changed);
	tcase_add_test(tc, network_lost_in_a_report);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
