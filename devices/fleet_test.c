/*
 * Goal: a fleet takes devices that can be, is the same for the same seed, and
 * its idle devices cost little.
 * Method: devices that cannot be, one fault each; a day of twenty, twice; and
 * what the allocator says of thousands.
 */
#include "devices/device_rig_test.h"

#include <malloc.h>

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
	char name[24], eid[EID_SIZE];
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
	char name[24], eid[EID_SIZE];
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
	Suite *suite = suite_create("devices/fleet");
	TCase *tc = tcase_create("fleet");
	SRunner *runner;
	int failed;

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
