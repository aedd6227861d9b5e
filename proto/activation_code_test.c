/* Goal: device ids, activation codes and profile classes are read as people
 * write them, and no message of theirs tells a secret. */
#include "proto/activation_code.h"
#include "proto/device_id.h"
#include "proto/profile.h"
#include "proto/redact.h"

#include <check.h>
#include <stdlib.h>

START_TEST(device_ids)
{
	ck_assert(device_id_well_formed(STR("00000000-00000000-0040FFFF-FF8001B0")));
	ck_assert(device_id_well_formed(STR("00000000-00000000-0040ffff-ff8001b0")));
	ck_assert(!device_id_well_formed(STR("00000000-00000000-0040FFFF-FF8001B")));
	ck_assert(!device_id_well_formed(STR("00000000000000000-0040FFFF-FF8001B0")));
	ck_assert(!device_id_well_formed(STR("00000000-00000000-0040FFFF-FF8001BG")));
	ck_assert(!device_id_well_formed(STR("")));
}
END_TEST

static const struct {
	const char *text, *address, *matching_id, *oid;
	bool cc_required, good;
	const char *printed;	/* NULL: as read */
} codes[] = {
	{ "LPA:1$smdp.example.com$AB-12", "smdp.example.com", "AB-12", "", false,
	  true, NULL },
	{ "LPA:1$smdp.example.com$", "smdp.example.com", "", "", false, true, NULL },
	{ "LPA:1$smdp.example.com$AB$1.3.6$1", "smdp.example.com", "AB", "1.3.6",
	  true, true, NULL },
	{ "LPA:1$smdp.example.com:8443$AB$$1", "smdp.example.com:8443", "AB", "",
	  true, true, NULL },
	{ " lpa:1$smdp.example.com$AB$1.3.6\n", "smdp.example.com", "AB", "1.3.6",
	  false, true, "LPA:1$smdp.example.com$AB$1.3.6" },
	{ "1$smdp.example.com$AB$$", "smdp.example.com", "AB", "", false, true,
	  "LPA:1$smdp.example.com$AB" },
	{ .text = "LPA:2$smdp.example.com$SECRET" },
	{ .text = "LPA:1$$SECRET" },
	{ .text = "LPA:1" },
	{ .text = "LPA:1$smdp.example.com" },
	{ .text = "LPA:1$smdp/example.com$SECRET" },
	{ .text = "LPA:1$smdp.example.com$SEC RET" },
	{ .text = "LPA:1$smdp.example.com$SECRET$x" },
	{ .text = "LPA:1$smdp.example.com$SECRET$1.3$2" },
	{ .text = "LPA:1$smdp.example.com$SECRET$1.3$1$" },
	{ .text = "SECRET" },
	{ .text = "" },
};

START_TEST(activation_codes)
{
	struct activation_code ac;
	struct err err = { 0 };
	struct buf out;

	if (activation_code_parse(str_of(codes[_i].text), &ac, &err) < 0) {
		ck_assert_msg(!codes[_i].good, "%s: %s", codes[_i].text, err.msg);
		ck_assert(err.msg[0]);
		ck_assert_ptr_null(strstr(err.msg, "SEC"));
		return;
	}
	ck_assert_msg(codes[_i].good, "taken: %s", codes[_i].text);
	ck_assert(str_is(ac.smdp_address, codes[_i].address));
	ck_assert(str_is(ac.matching_id, codes[_i].matching_id));
	ck_assert(str_is(ac.oid, codes[_i].oid));
	ck_assert(ac.cc_required == codes[_i].cc_required);
	buf_init(&out, 300);
	activation_code_print(&out, &ac);
	ck_assert_str_eq(out.p, codes[_i].printed ? codes[_i].printed :
			 codes[_i].text);
	buf_release(&out);
}
END_TEST

START_TEST(long_code)
{
	char text[300];
	struct activation_code ac;
	struct err err = { 0 };

	memset(text, 'A', sizeof(text));
	memcpy(text, "LPA:1$a$", 8);
	ck_assert_int_eq(activation_code_parse((struct str){ text, 255 }, &ac,
					       &err), 0);
	ck_assert_int_eq(activation_code_parse((struct str){ text, 256 }, &ac,
					       &err), -1);
	ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

static const struct {
	const char *text, *want;
} lines[] = {
	{ "nothing here", "nothing here" },
	{ "", "" },
	{ "costs 1$ or 11$50", "costs 1$ or 11$50" },
	{ "LPA:1$smdp.example.com$SECRET$1", "LPA:1$smdp.example.com$***" },
	{ "code 1$smdp.example.com$SECRET-1 refused",
	  "code 1$smdp.example.com$*** refused" },
	{ "{\"a\":\"LPA:1$a.b:80$X\",\"b\":\"lpa:1$c$Y$1.2$1\"}",
	  "{\"a\":\"LPA:1$a.b:80$*\",\"b\":\"lpa:1$c$***\"}" },
	{ "LPA:1$smdp.example.com$", "LPA:1$smdp.example.com$" },
	{ "LPA:1$LPA:1$host$SECRET", "LPA:1$LPA:1$***" },
};

START_TEST(redacted)
{
	struct buf b;

	buf_init(&b, 300);
	buf_z(&b, lines[_i].text);
	redact_secrets(&b);
	ck_assert_str_eq(b.p ? b.p : "", lines[_i].want);
	ck_assert_uint_eq(b.n, strlen(lines[_i].want));
	buf_release(&b);
}
END_TEST

START_TEST(classes)
{
	enum profile_class c;

	ck_assert_int_eq(profile_class_parse(STR("bootstrap"), &c), 0);
	ck_assert_str_eq(profile_class_name(c), "provisioning");
	ck_assert_int_eq(profile_class_parse(STR("operational"), &c), 0);
	ck_assert_int_eq(c, 2);		/* the value on the wire */
	ck_assert_int_eq(profile_class_parse(STR("test"), &c), 0);
	ck_assert_int_eq(c, 0);
	ck_assert_int_eq(profile_class_parse(STR("Operational"), &c), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/activation_code");
	TCase *tc = tcase_create("names");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, device_ids);
	tcase_add_loop_test(tc, activation_codes, 0,
			    sizeof(codes) / sizeof(codes[0]));
	tcase_add_test(tc, long_code);
	tcase_add_loop_test(tc, redacted, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, classes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
