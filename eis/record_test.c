/*
 * Goal: a record is small while idle, its audit trail is bounded and keeps
 * the newest, its list of profiles is the one that was given last.
 */
#include "eis/record.h"
#include "proto/profile.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define EID "89049032123451234512345678901235"

START_TEST(idle_record_is_small)
{
	ck_assert_uint_le(sizeof(struct eis_record), 300);
}
END_TEST

/* The nth entry of the trail, counted from the oldest that is kept. */
static const struct eis_audit_entry *entry(const struct eis_record *c, size_t n)
{
	return &c->audit->ring[(c->audit->first + n) % c->audit->cap];
}

START_TEST(trail_drops_the_oldest)
{
	static const size_t counts[] = { 1, 7, 8, 9, 63, 64, 65, 100, 200 };
	struct eis_record c = { .eid = EID };
	size_t total = counts[_i], kept = total < 64 ? total : 64;

	for (size_t i = 0; i < total; i++)
		eis_record_note(&c, (int64_t)(1000 + i), AUDIT_ORDER_QUEUED,
			   "enable", STR("8944000000000000001"));
	ck_assert_uint_eq(c.audit->count, kept);
	ck_assert_uint_eq(c.audit_dropped, total - kept);
	for (size_t i = 0; i < kept; i++)
		ck_assert_int_eq(entry(&c, i)->date_ms,
				 (int64_t)(1000 + total - kept + i));
	eis_record_release(&c);
	ck_assert_ptr_null(c.audit);
}
END_TEST

START_TEST(profiles_are_replaced_and_copied)
{
	char spn[] = "Mobile";
	struct eis_profile list[] = {
		{ .iccid = STR("8944000000000000001"), .spn = str_of(spn),
		  .has_spn = true, .isdp_aid = STR("A000A1"),
		  .class_name = STR("provisioning"), .enabled = true,
		  .pol2 = PPR_NO_DISABLE | PPR_NO_DELETE, .allocated = 5000, .free = -1 },
		{ .iccid = STR("8944000000000000002"), .has_spn = false,
		  .class_name = STR("operational"), .allocated = -1, .free = -1 },
	};
	struct eis_record c = { .eid = EID };
	struct buf out;
	struct json j;

	eis_record_set_profiles(&c, list, 2);
	spn[0] = 'X';
	ck_assert(str_is(c.profiles->list[0].spn, "Mobile"));
	ck_assert_ptr_eq(eis_record_find_profile(&c, STR("8944000000000000002")),
			 &c.profiles->list[1]);
	ck_assert_ptr_null(eis_record_find_profile(&c, STR("894400000000000000")));
	ck_assert_ptr_null(eis_record_find_profile(&c, STR_NONE));
	eis_record_note(&c, 0, AUDIT_NOTIFICATION_FAILED, "install",
		   STR("8944000000000000001"));
	buf_init(&out, 8192);
	j = json_to(&out);
	eis_record_write(&c, &j);
	ck_assert_ptr_nonnull(strstr(out.p,
		"{\"iccid\":\"8944000000000000001\",\"isd-p-aid\":\"A000A1\","
		"\"fallbackAttribute\":true,\"state\":\"enabled\","
		"\"profileType\":\"provisioning\",\"allocatedMemory\":5000,"
		"\"pol2\":[\"ppr1\",\"ppr2\"],\"spn\":\"Mobile\"},"
		"{\"iccid\":\"8944000000000000002\",\"fallbackAttribute\":false,"
		"\"state\":\"disabled\",\"profileType\":\"operational\",\"pol2\":[]}"));
	ck_assert_ptr_nonnull(strstr(out.p,
		"{\"operationDate\":\"1970-01-01T00:00:00.000Z\","
		"\"operationType\":\"notification\",\"operation\":\"install\","
		"\"requesterId\":\"smdp\",\"operationExecutionStatus\":\"Failed\","
		"\"isd-p-aid\":\"A000A1\",\"iccid\":\"8944000000000000001\"}"));
	buf_release(&out);
	eis_record_set_profiles(&c, list + 1, 1);
	ck_assert_uint_eq(c.profiles->count, 1);
	ck_assert_ptr_null(eis_record_find_profile(&c, STR("8944000000000000001")));
	eis_record_set_profiles(&c, NULL, 0);
	ck_assert_uint_eq(c.profiles->count, 0);
	eis_record_release(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eis/record");
	TCase *tc = tcase_create("euicc");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, idle_record_is_small);
	tcase_add_loop_test(tc, trail_drops_the_oldest, 0, 9);
	tcase_add_test(tc, profiles_are_replaced_and_copied);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
