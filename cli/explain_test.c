/*
 * Goal: `esimrig explain` and `conform --coverage` as a user meets them: from
 * any directory, with one clear message for what is not there.
 * Method: the program that was built beside this test, on a small ledger and
 * suite of the test's own, and, from another directory, on those it carries.
 */
#include "cli/shell_test.h"

static const struct {
	const char *path, *text;
} files[] = {
	{ "requirements.yaml",
	  "- {id: EP-INV-001, section: Inventory, text: 'The inventory answers, \"always\".', "
	  "level: MUST, provenance: documented, since: '1'}\n"
	  "- {id: EP-INV-002, section: 'conventions: Errors', text: Errors are JSON., "
	  "level: SHOULD, provenance: convention, since: '1', needs: head}\n"
	  "- {id: EP-QRY-001, section: Query, text: One of two readings., level: AMBIGUOUS, "
	  "provenance: documented, since: '1', excluded: 'nobody, but nobody, can tell'}\n"
	  "- {id: EP-QRY-002, section: Query, text: Sorted., level: SHOULD, "
	  "provenance: documented, since: '1'}\n" },
	{ "suites/inventory/answers.yaml",
	  "name: The inventory answers\n"
	  "description: Everything rests on it.\n"
	  "check: {covers: [EP-INV-001, EP-INV-002], depth: read}\n"
	  "steps:\n  - get: /ws/v1/esim_profiles/inventory\n    expect: {status: 200}\n" },
	{ "suites/query/sorted.yaml",
	  "name: Sorted by ${case.by}\n"
	  "check: {covers: EP-QRY-002, depth: world, needs: head, after: inventory/answers}\n"
	  "cases: [{name: up, by: 'a'}, {name: down, by: 'b'}]\n"
	  "steps:\n  - get: /ws/v1/esim_profiles/inventory\n    expect: {status: 200}\n" },
	{ "suites/errors/json.yaml",
	  "name: Errors are JSON\n"
	  "check: {covers: EP-INV-002, depth: read}\n"
	  "steps:\n  - get: /ws/v1/esim_profiles/inventory\n    expect: {status: 200}\n" },
};

/* ---- Help. -------------------------------------------------------------- */

static void set_up(void)
{
	shell_set_up();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		shell_write(files[i].path, files[i].text);
}

/* $E explains by the test's own suite, $P is the program. */
static int sh(const char *command, struct buf *out, struct buf *err)
{
	char line[4000];

	snprintf(line, sizeof(line), "E=\"$P explain --suites suites\" && %s", command);
	return shell_run(line, out, err);
}

/* ---- What is said. ------------------------------------------------------ */

static const struct {
	const char *command;
	int code;
	const char *said[8];	/* on stdout if the code is 0, else on stderr */
} commands[] = {
	{ "$E EP-INV-001", 0,
	  { "EP-INV-001\n  The inventory answers, \"always\".\n", "Section:      Inventory",
	    "MUST\n", "documented: the specification says so", "the target fails\n",
	    "judged by it:\n    inventory/answers, depth read\n        The inventory answers\n"
	    "        suites/inventory/answers.yaml:3\n" } },
	{ "$E ep-inv-002", 0,
	  { "conventions: Errors", "a warning; with --conventions, the target fails",
	    "the capability head: ",
	    "judged by it:\n    errors/json, depth read\n",
	    "judged by another:\n    inventory/answers, depth read\n" } },
	{ "$E EP-QRY-001", 0, { "No check:     nobody, but nobody, can tell",
				"AMBIGUOUS: it can be read in more than one way" } },
	{ "$E EP-QRY-002", 0, { "a warning; with --strict, the target fails",
				"query/sorted [up], depth world", "query/sorted [down]" } },
	{ "$E inventory/answers", 0,
	  { "inventory/answers\n  The inventory answers\n  Everything rests on it.\n",
	    "Judged by:    EP-INV-001 (MUST, documented): The inventory answers",
	    "Touches:      EP-INV-002 (SHOULD, convention)", "Depth:        read",
	    "Written:      suites/inventory/answers.yaml:3\n",
	    "--only inventory/answers\n", "esimrig run suites/inventory/answers.yaml\n" } },
	{ "$E 'query/sorted [down]'", 0,
	  { "query/sorted [down]\n  Sorted by b\n", "After:        inventory/answers",
	    "--only 'query/sorted [down]'\n", "--filter '=Sorted by b'\n" } },
	{ "$E query/sorted", 0, { "query/sorted [up]\n", "\n\nquery/sorted [down]\n" } },
	{ "$E query", 0, { "query/sorted [up]\n", "\n\nquery/sorted [down]\n" } },
	{ "$E EP-INV-001 'errors/*'", 0, { "EP-INV-001\n", "\n\nerrors/json\n" } },
	{ "$E head", 0, { "head\n", "a capability: a server may lack it", "2 checks\n",
			  "    query/sorted [up]\n" } },
	{ "$E --list", 0,
	  { "EP-INV-001    MUST      documented  The inventory", "EP-INV-002    SHOULD",
	    "EP-QRY-001    AMBIGUOUS documented  One of" } },
	{ "$E --list inv | wc -l | tr -d ' '", 0, { "2\n" } },
	{ "$E --list EP-QRY-002 | wc -l | tr -d ' '", 0, { "1\n" } },
	{ "$E EP-INV-011", 2, { "no requirement and no check 'EP-INV-011'; "
				"did you mean 'EP-INV-001'?\n" } },
	{ "$E inventory/answer", 2, { "did you mean 'inventory/answers'?" } },
	{ "$E something/else", 2, { "'something/else'; --list shows all requirements" } },
	{ "$E", 2, { "Name a requirement or a check" } },
	{ "$P explain --suites nowhere EP-INV-001", 2, { "nowhere: No such file" } },
	{ "cd / && $P explain EP-INV-001", 0, { "EP-INV-001\n", "judged by it:" } },
	{ "cd / && $P explain --list | wc -l | awk '{exit !($1 > 200)}'", 0, { "" } },
	{ "$P explain --help", 0, { "Usage: esimrig explain" } },
	{ "$P conform --suites suites --coverage csv", 0,
	  { "requirement,area,section,level,provenance,since,needs,check,role,depth,excluded,"
	    "text\r\n",
	    "EP-INV-001,Inventory,Inventory,MUST,documented,1,,inventory/answers,main,read,,"
	    "\"The inventory answers, \"\"always\"\".\"\r\n",
	    "EP-INV-002,Inventory,conventions: Errors,SHOULD,convention,1,head,"
	    "inventory/answers,besides,read,,Errors are JSON.\r\n",
	    "EP-QRY-001,Query language,Query,AMBIGUOUS,documented,1,,,,,"
	    "\"nobody, but nobody, can tell\",One of two readings.\r\n" } },
	{ "$P conform --suites suites --coverage md", 0,
	  { "4 checks: 2 at depth `read`, 0 at depth `actions`, 2 at depth `world`",
	    "| **all** | 4 | 3 | 1 | 4 |", "| MUST documented | 1 | 1 | 0 | 1 |",
	    "| EP-QRY-002 | SHOULD | documented | Query | Sorted. | "
	    "`query/sorted` (world): up, down |" } },
	{ "$P conform --suites suites --coverage xls", 2, { "expected csv or md" } },
};

START_TEST(says)
{
	struct buf out, err;
	int code = sh(commands[_i].command, &out, &err);
	const struct buf *where = commands[_i].code ? &err : &out;

	ck_assert_msg(code == commands[_i].code, "%s: exit code %d\n%s", commands[_i].command,
		      code, err.p);
	for (size_t i = 0; i < 8 && commands[_i].said[i]; i++)
		ck_assert_msg(strstr(where->p, commands[_i].said[i]) != NULL,
			      "%s: no '%s' in:\n%s", commands[_i].command,
			      commands[_i].said[i], where->p);
	if (!commands[_i].code)
		ck_assert_msg(!err.p[0], "%s: %s", commands[_i].command, err.p);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

/* ---- What is not as it must be. ----------------------------------------- */

static const struct {
	const char *path, *text, *said;
} wrong[] = {
	{ "suites/query/sorted.yaml", NULL,
	  "requirements.yaml:4:3: EP-QRY-002 has no check: no suite covers it" },
	{ "suites/query/readings.yaml",
	  "name: R\ncheck: {covers: EP-QRY-001, depth: read}\nsteps:\n  - get: /\n",
	  "EP-QRY-001 is excluded, but query/readings covers it" },
	{ "suites/query/more.yaml",
	  "name: R\ncheck: {covers: EP-INV-003, depth: read}\nsteps:\n  - get: /\n",
	  "query/more covers EP-INV-003" },
	{ "suites/query/more.yaml",
	  "name: R\ncheck: {covers: EP-INV-001, depth: read, needs: heda}\nsteps:\n"
	  "  - get: /\n",
	  "query/more.yaml:2:8: query/more needs 'heda': there is no such capability" },
};

START_TEST(complains)
{
	struct buf out, err;
	char path[300], *before = NULL;

	snprintf(path, sizeof(path), "%s/%s", shell_dir, wrong[_i].path);
	if (wrong[_i].text) {
		shell_write(wrong[_i].path, wrong[_i].text);
	} else {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			if (strcmp(files[i].path, wrong[_i].path) == 0)
				before = strdup(files[i].text);
		ck_assert_int_eq(remove(path), 0);
	}
	ck_assert_int_ne(sh("$P conform --suites suites --coverage csv", &out, &err), 0);
	ck_assert_msg(strstr(err.p, wrong[_i].said) != NULL, "no '%s' in:\n%s",
		      wrong[_i].said, err.p);
	if (before)
		shell_write(wrong[_i].path, before);
	else
		ck_assert_int_eq(remove(path), 0);
	free(before);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/explain");
	TCase *tc = tcase_create("explain");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, set_up, shell_tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, says, 0, sizeof(commands) / sizeof(commands[0]));
	tcase_add_loop_test(tc, complains, 0, sizeof(wrong) / sizeof(wrong[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
