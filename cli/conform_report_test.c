/*
 * Goal: from the judgement to the file: all reports of one are written, they
 * are the same for the same verdicts whatever the number of workers, an older
 * one can be compared with, and a secret that was sent, or that the world
 * holds, is in none of them.
 * Method: the program that was built beside this test judges the reference
 * server by a small suite of the test's own, in which much fails.
 */
#include "cli/shell_test.h"

#define SECRET "hunter2Zq"

static const struct {
	const char *path, *text;
} files[] = {
	{ "requirements.yaml",
	  "- {id: EP-INV-001, section: Inventory, text: The inventory answers., "
	  "level: MUST, provenance: documented, since: '1'}\n"
	  "- {id: EP-DL-001, section: Download, text: A code is used., "
	  "level: SHOULD, provenance: documented, since: '1'}\n" },
	{ "suites/_world.yaml",
	  "world:\n"
	  "  accounts: {acme: {customer_id: 1001}}\n"
	  "  users:\n"
	  "    main: {account: acme, password: " SECRET "0}\n"
	  "  carriers:\n"
	  "    freds: {name: Freds, spn: Mobile, codes: [{matching-id: " SECRET "1, "
	  "confirmation-code: " SECRET "2}]}\n"
	  "  devices:\n"
	  "    router: {profiles: [{spn: Boot, type: bootstrap, status: active}]}\n" },
	{ "suites/inventory/answers.yaml",
	  "name: The inventory answers\n"
	  "check: {covers: EP-INV-001, depth: read}\n"
	  "include: ../_world.yaml\n"
	  "steps:\n  - get: /ws/v1/esim_profiles/inventory\n    expect: {status: 200}\n" },
	{ "suites/inventory/fails.yaml",
	  "name: The inventory answers otherwise\n"
	  "check: {covers: EP-INV-001, depth: read}\n"
	  "include: ../_world.yaml\n"
	  "steps:\n"
	  "  - get: /ws/v1/esim_profiles/inventory?token=" SECRET "3\n"
	  "    headers: {X-API-KEY-SECRET: " SECRET "4, Cookie: sid=" SECRET "5}\n"
	  "    expect: {status: 418}\n" },
	{ "suites/inventory/later.yaml",
	  "name: Later\n"
	  "check: {covers: EP-INV-001, depth: read, after: inventory/fails}\n"
	  "include: ../_world.yaml\n"
	  "steps:\n  - get: /ws/v1/esim_profiles/inventory\n    expect: {status: 200}\n" },
	{ "suites/download/fails.yaml",
	  "name: A code is used otherwise\n"
	  "check: {covers: EP-DL-001, depth: world}\n"
	  "include: ../_world.yaml\n"
	  "steps:\n"
	  "  - post: /ws/v1/esim_profiles/download\n"
	  "    json:\n"
	  "      device_id: \"${router.device_id}\"\n"
	  "      eid: \"${router.eid}\"\n"
	  "      activation_code: \"${freds.activation_code}\"\n"
	  "      confirmation_code: \"${freds.confirmation_code}\"\n"
	  "    expect: {status: 200}\n"
	  "    save: {tx: [/transaction, /transaction_id, /id]}\n"
	  "  - wait: 1h\n"
	  "  - get: /ws/v1/esim_profiles/inventory\n"
	  "    expect: {/count: 77}\n" },
};

static const char *const reports[] = { "junit", "tap", "json", "html", "badge", "txt" };
enum { REPORTS = sizeof(reports) / sizeof(reports[0]) };

static void set_up(void)
{
	shell_set_up();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		shell_write(files[i].path, files[i].text);
}

/* All reports, as NAME.junit and so on. */
static void judge(const char *name, const char *options)
{
	struct buf out, err;
	char line[1000];
	int code;

	snprintf(line, sizeof(line), "$P conform --target reference --suites suites %s "
		 "--junit %s.junit --tap %s.tap --json %s.json --html %s.html --badge %s.badge "
		 ">%s.txt", options, name, name, name, name, name, name);
	code = shell_run(line, &out, &err);
	ck_assert_msg(code == 1, "exit code %d\n%s%s", code, out.p, err.p);
	buf_release(&out);
	buf_release(&err);
}

static void read_report(const char *name, size_t i, struct buf *out)
{
	char path[100];

	snprintf(path, sizeof(path), "%s.%s", name, reports[i]);
	shell_read(path, out);
}

START_TEST(no_secret_gets_through)
{
	struct buf out;

	judge("secret", "--verbose");
	for (size_t i = 0; i < REPORTS; i++) {
		read_report("secret", i, &out);
		ck_assert_msg(strstr(out.p, SECRET) == NULL, "in %s: %.60s", reports[i],
			      strstr(out.p, SECRET));
		/* SECRET0 as HTTP Basic has it, for the user main. */
		ck_assert_ptr_null(strstr(out.p, "bWFpbjpodW50ZXIyWnEw"));
		buf_release(&out);
	}
	/* They were looked for in the right place. */
	read_report("secret", 3, &out);
	ck_assert_ptr_nonnull(strstr(out.p, "X-API-KEY-SECRET: ***"));
	ck_assert_ptr_nonnull(strstr(out.p, "inventory?token=***"));
	ck_assert_ptr_nonnull(strstr(out.p, "/count"));
	buf_release(&out);
}
END_TEST

START_TEST(the_same_again)
{
	struct buf one, other;

	judge("one", "-j 0");
	judge("other", "-j 2");
	for (size_t i = 0; i < REPORTS; i++) {
		read_report("one", i, &one);
		read_report("other", i, &other);
		ck_assert_msg(strcmp(one.p, other.p) == 0, "%s differs", reports[i]);
		buf_release(&one);
		buf_release(&other);
	}
}
END_TEST

START_TEST(what_is_said)
{
	static const struct {
		size_t report;
		const char *said;
	} words[] = {
		{ 0, "<testcase classname=\"inventory\" name=\"inventory/fails\"" },
		{ 1, "not ok 2 - inventory/fails" },
		{ 2, "\"id\":\"inventory/fails\"" },
		{ 2, "\"depth\":\"world\",\"strict\":true" },
		{ 3, "id=\"inventory/fails\"" },
		{ 3, "<div class=\"ladder\"" },
		{ 4, "1 of 4, world" },
		{ 5, "4 checks: 1 passed, 2 failed, 1 not reached" },
		{ 5, "1  NOT REACHED  needs inventory/fails, which failed" },
		{ 5, "The target does not conform." },
		{ 5, "expected:    418" },
		{ 5, "--only 'inventory/fails'" },
	};
	struct buf out;

	judge("said", "--strict");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		read_report("said", words[i].report, &out);
		ck_assert_msg(strstr(out.p, words[i].said) != NULL, "no '%s' in %s:\n%s",
			      words[i].said, reports[words[i].report], out.p);
		buf_release(&out);
	}
}
END_TEST

/* The one check alone, with the same seed and suite, whatever was asked for. */
START_TEST(judged_again)
{
	struct buf out, err;
	int code;

	code = shell_run("mkdir 'two words' && cp -r suites *.yaml 'two words/'; "
			 "$P conform --target reference --suites 'two words/suites' --seed 9 "
			 "--only 'inv*' >said; "
			 "sed -n 's/.*judge again: esimrig //p' said | grep fails | tee line; "
			 "eval \"$P $(cat line)\" | tail -2", &out, &err);
	ck_assert_msg(code == 0, "exit code %d\n%s%s", code, out.p, err.p);
	ck_assert_str_eq(out.p, "conform --target reference --depth world --clock virtual "
			 "--net memory --suites 'two words/suites' --seed 9 "
			 "--only 'inventory/fails'\n"
			 "1 check: 0 passed, 1 failed\nThe target does not conform.\n");
	buf_release(&out);
	buf_release(&err);
}
END_TEST

/* Before anything is asked of the target; of its file no secret is shown. */
START_TEST(tolerances_without_effect)
{
	struct buf out, err;
	int code;

	shell_write("t.yaml", "{url: 'http://127.0.0.1:1', auth: {bearer: " SECRET "}, "
		    "tolerances: {EP-INV-001: a, EP-DL-001: b, EP-DL-01: c}}\n");
	code = shell_run("$P conform --target t.yaml --suites suites", &out, &err);
	ck_assert_int_eq(code, 2);
	ck_assert_msg(strstr(err.p, "EP-INV-001 cannot be tolerated: it is documented, and a MUST"),
		      "%s", err.p);
	ck_assert_msg(strstr(err.p, "there is no requirement EP-DL-01;"), "%s", err.p);
	ck_assert_msg(strstr(err.p, "EP-DL-001 cannot") == NULL, "%s", err.p);
	ck_assert_msg(strstr(err.p, SECRET) == NULL, "%s", err.p);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

/* One that passed then does not now, as the suite has changed. */
START_TEST(compared)
{
	struct buf out;
	char text[2000];

	judge("older", "");
	snprintf(text, sizeof(text), "%s", files[2].text);
	memcpy(strstr(text, "200"), "299", 3);
	shell_write(files[2].path, text);
	judge("newer", "--compare older.json");
	shell_write(files[2].path, files[2].text);
	read_report("newer", 5, &out);
	ck_assert_ptr_nonnull(strstr(out.p, "with older.json, of another suite: 1 broken, "
					    "0 mended, 0 otherwise changed, 0 new, 0 gone, "
					    "3 the same"));
	ck_assert_ptr_nonnull(strstr(out.p, "inventory/answers  EP-INV-001 MUST documented  "
					    "(was PASS)"));
	buf_release(&out);
	read_report("newer", 2, &out);
	ck_assert_ptr_nonnull(strstr(out.p, "\"broken\":1"));
	ck_assert_ptr_nonnull(strstr(out.p, "\"change\":\"broken\""));
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/conform_report");
	TCase *tc = tcase_create("conform_report");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, set_up, shell_tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, no_secret_gets_through);
	tcase_add_test(tc, the_same_again);
	tcase_add_test(tc, judged_again);
	tcase_add_test(tc, tolerances_without_effect);
	tcase_add_test(tc, what_is_said);
	tcase_add_test(tc, compared);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
