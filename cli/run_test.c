/*
 * Goal: `esimrig run` and `esimrig check` as a user meets them: exit codes,
 * one clear message for bad input, reports, the same events for any -j.
 * Method: the program that was built beside this test, on files that the
 * test writes into a directory of its own.
 */
#include "sim/buf.h"
#include "sim/clock.h"
#include "sim/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { SECOND = 6 };
#else
enum { SECOND = 1 };
#endif

static char program[4096], dir[] = "/tmp/esimrig-run-test-XXXXXX";

static const char works[] =
	"name: Looks at the list\n"
	"tags: [quick, list]\n"
	"world:\n"
	"  carriers:\n"
	"    freds: {spn: Mobile, codes: 1}\n"
	"  devices:\n"
	"    router: {profiles: [{spn: Boot, type: bootstrap, status: active}]}\n"
	"  latency:\n"
	"    device.poll: {uniform: [1min, 10min]}\n"
	"    server: {uniform: [1ms, 500ms]}\n"
	"cases:\n"
	"  - {name: first}\n"
	"  - {name: second}\n"
	"  - {name: third}\n"
	"steps:\n"
	"  - get: /ws/v1/esim_profiles/inventory\n"
	"    expect: {status: 200}\n"
	"  - wait: 1h\n";

static const char fails[] =
	"name: Expects too much\n"
	"world:\n"
	"  devices:\n"
	"    router: {profiles: [{spn: Boot, type: bootstrap, status: active}]}\n"
	"steps:\n"
	"  - get: /ws/v1/esim_profiles/inventory\n"
	"    expect: {/count: 17}\n"
	"  - wait: 1s\n";

static const char waits[] = "name: Waits\nsteps:\n  - wait: 1min\n";

/* ---- Help. ------------------------------------------------------------- */

static void write_file(const char *name, const char *text, size_t n)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	ck_assert(f && fwrite(text, 1, n, f) == n && fclose(f) == 0);
}

static void read_file(const char *name, struct buf *out)
{
	char path[200], block[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	buf_init(out, 64 << 20);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	buf_char(out, '\0');
	fclose(f);
}

struct result {
	int code;
	struct buf out, err;	/* NUL-terminated */
};

static int shell(const char *line)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A shell command in the directory, where $E is the program. */
static struct result sh(const char *command)
{
	struct result r;
	char line[6000];

	snprintf(line, sizeof(line), "cd %s && E=%s && { %s ; } >out 2>err </dev/null",
		 dir, program, command);
	r.code = shell(line);
	read_file("out", &r.out);
	read_file("err", &r.err);
	return r;
}

static void release(struct result *r)
{
	buf_release(&r->out);
	buf_release(&r->err);
}

static bool says(const struct buf *b, const char *what)
{
	return strstr(b->p, what) != NULL;
}

#define CHECK_SAYS(b, what) \
	ck_assert_msg(says(&(b), what), "'%s' expected in:\n%s", what, (b).p)

static void set_up(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 20);
	char *slash;

	/* .../cli/run_test stands in the build folder, esimrig above it. */
	ck_assert(n > 0);
	program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(program, '/');
		ck_assert(slash != NULL);
		*slash = '\0';
	}
	strncat(program, "/esimrig", 20);
	ck_assert_msg(access(program, X_OK) == 0, "%s is not built", program);
	ck_assert(mkdtemp(dir) != NULL);
	write_file("works.yaml", works, sizeof(works) - 1);
	write_file("fails.yaml", fails, sizeof(fails) - 1);
	write_file("waits.yaml", waits, sizeof(waits) - 1);
}

static void tear_down(void)
{
	char line[100];

	snprintf(line, sizeof(line), "rm -rf %s", dir);
	ck_assert_int_eq(shell(line), 0);
}

/* ---- Exit codes and what is printed. ----------------------------------- */

static const struct {
	const char *command;
	int code;
	const char *out, *err;	/* must be in it; NULL: must be empty */
} commands[] = {
	{ "$E --help", 0, "Verbs:", NULL },
	{ "$E help run", 0, "--junit FILE", NULL },
	{ "$E check --help", 0, "Usage: esimrig check", NULL },
	{ "$E --version", 0, "esimrig ", NULL },
	{ "$E", 2, NULL, "esimrig --help" },
	{ "$E rnu x", 2, NULL, "did you mean 'run'?" },
	{ "$E run", 2, NULL, "which scenarios?" },
	{ "$E run --sed 1 works.yaml", 2, NULL, "did you mean --seed?" },
	{ "$E run --clock fast works.yaml", 2, NULL, "expected virtual, real" },
	{ "$E run --net http --clock virtual works.yaml", 2, NULL, "--net http needs" },
	{ "$E run -j x works.yaml", 2, NULL, "--jobs x: expected a whole number" },
	{ "$E run --filter '/(/' works.yaml", 2, NULL, "--filter /(/" },
	{ "$E run --filter nothing works.yaml", 2, NULL, "none of 3 scenarios" },
	{ "$E run works.yaml --html no/such/dir", 2, NULL, "cannot write no/such/dir" },
	{ "$E run works.yaml --json .", 2, NULL, "Is a directory" },
	{ "$E run --junit works.yaml fails.yaml", 2, NULL, "does not go to a scenario" },
	{ "$E run works.yaml --tap x --json x", 2, NULL, "cannot both go to x" },
	{ "$E run works.yaml", 0, "3 scenarios: 3 passed", NULL },
	{ "$E run works.yaml", 0, "Looks at the list [second]", NULL },
	{ "$E run works.yaml -f '=Looks at the list [third]'", 0, "1 scenario: 1 passed",
	  NULL },
	{ "$E run . -f QUICK -f '/^Wai.s$/'", 0, "4 scenarios: 4 passed", NULL },
	{ "$E run . --list", 0, "[quick, list]", NULL },
	{ "$E run fails.yaml", 1, "fails.yaml:7:", NULL },
	{ "$E run fails.yaml", 1, "expected: 17", NULL },
	{ "$E run fails.yaml", 1, "again with: esimrig run fails.yaml --seed 1", NULL },
	{ "$E run fails.yaml works.yaml --fail-fast", 1, "3 not reached", NULL },
	{ "$E run waits.yaml --trace -j 2", 2, NULL, "it means -j 1" },
	{ "$E run fails.yaml --trace", 1, "1 failed", "\"event\":\"request\"" },
	{ "$E run waits.yaml -v -j 0", 0, "3:5  wait 1min", NULL },
	{ "$E check .", 0, "3 files, 5 scenarios: valid", NULL },
	{ "$E check . -q", 0, NULL, NULL },
	{ "$E run waits.yaml >&-", 0, NULL, NULL },
	{ "$E run waits.yaml --json - >&-", 2, NULL, "standard output is closed" },
	{ "$E run waits.yaml >/dev/full", 3, NULL, "No space left" },
	{ "$E run waits.yaml --json /dev/full", 3, "1 passed", "No space left" },
};

START_TEST(exit_codes)
{
	struct result r = sh(commands[_i].command);

	ck_assert_msg(r.code == commands[_i].code, "%s: exit code %d\n%s%s",
		      commands[_i].command, r.code, r.out.p, r.err.p);
	if (commands[_i].out)
		CHECK_SAYS(r.out, commands[_i].out);
	else
		ck_assert_str_eq(r.out.p, "");
	if (commands[_i].err)
		CHECK_SAYS(r.err, commands[_i].err);
	else
		ck_assert_str_eq(r.err.p, "");
	release(&r);
}
END_TEST

/* ---- Bad input. -------------------------------------------------------- */

static const struct {
	const char *name;
	const char *text;	/* NULL: made below */
	const char *message;
} bad[] = {
	{ "empty.bad", "", "empty.bad" },
	{ "broken.bad", "name: x\nsteps: [\n", "broken.bad:" },
	{ "tabs.bad", "name: x\nsteps:\n\t- wait: 1s\n", "tabs.bad:3:" },
	{ "key.bad", "name: x\nstpes:\n  - wait: 1s\n", "key.bad:2:1" },
	{ "type.bad", "name: x\nseed: seven\nsteps:\n  - wait: 1s\n", "type.bad:2:7" },
	{ "duration.bad", "name: x\nsteps:\n  - wait: 1 parsec\n", "duration.bad:3:11" },
	{ "long.bad", "name: x\nsteps:\n  - wait: 999999999999d\n", "long.bad:3:11" },
	{ "nothing.bad", NULL, "nothing.bad" },
	{ "bomb.bad",
	  "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	  "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
	  "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
	  "i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h]\n", "bomb.bad:" },
	{ "folder.bad", NULL, "folder.bad" },
	{ "huge.bad", NULL, "huge.bad" },
	{ "binary.bad", NULL, "binary.bad" },
};

static void make_bad(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (strcmp(name, "folder.bad") == 0) {
		ck_assert_int_eq(mkdir(path, 0700), 0);
	} else if (strcmp(name, "huge.bad") == 0) {
		write_file(name, "name: x\n", 8);
		ck_assert_int_eq(truncate(path, 100 << 20), 0);
	} else if (strcmp(name, "binary.bad") == 0) {
		ck_assert_int_eq(symlink(program, path), 0);
	}
}

START_TEST(bad_input)
{
	int64_t began_ns = clock_machine_ns();
	char command[200];
	struct result r;

	if (bad[_i].text)
		write_file(bad[_i].name, bad[_i].text, strlen(bad[_i].text));
	else
		make_bad(bad[_i].name);
	snprintf(command, sizeof(command), "$E run works.yaml %s", bad[_i].name);
	r = sh(command);
	ck_assert_msg(r.code == 2, "%s: exit code %d\n%s%s", bad[_i].name, r.code,
		      r.out.p, r.err.p);
	ck_assert_str_eq(r.out.p, "");
	CHECK_SAYS(r.err, bad[_i].message);
	/* One message, not a flood: its text, the line and the caret. */
	ck_assert_uint_lt(r.err.n, 1000);
	ck_assert_int_lt(clock_machine_ns() - began_ns, SECOND * NS_PER_S);
	snprintf(command, sizeof(command), "rm -rf %s", bad[_i].name);
	release(&r);
	r = sh(command);
	release(&r);
}
END_TEST

/* ---- Reports and events. ----------------------------------------------- */

START_TEST(same_events_for_any_number_of_workers)
{
	struct buf one, other;
	struct result r = sh("$E run works.yaml fails.yaml waits.yaml -j 1 --events ev1 "
			     "--html h1 > o1; "
			     "$E run works.yaml fails.yaml waits.yaml -j 3 --events ev3 "
			     "--html h3 > o3; "
			     "$E run works.yaml fails.yaml waits.yaml -j 0 --events ev0 "
			     "> o0; "
			     "cmp ev1 ev3 && cmp ev1 ev0 && cmp o1 o3 && cmp o1 o0 && "
			     "cmp h1 h3");

	ck_assert_msg(r.code == 0, "%s%s", r.out.p, r.err.p);
	release(&r);
	r = sh("$E run works.yaml --seed 2 --events ev2 > o2; "
	       "$E run works.yaml --seed 3 --events ev4 > o2");
	ck_assert_int_eq(r.code, 0);
	release(&r);
	read_file("ev2", &one);
	read_file("ev4", &other);
	ck_assert_uint_gt(one.n, 1000);
	/* Not only the line that names the seed. */
	ck_assert(strcmp(strchr(one.p, '\n'), strchr(other.p, '\n')) != 0);
	buf_release(&one);
	buf_release(&other);
}
END_TEST

START_TEST(events_are_json_lines)
{
	struct result r = sh("$E run works.yaml fails.yaml --events -");
	struct str rest = { r.out.p, r.out.n - 1 };
	size_t scenarios = 0;

	ck_assert_int_eq(r.code, 1);
	CHECK_SAYS(r.err, "4 scenarios: 3 passed, 1 failed");
	while (rest.n) {
		struct err err = { 0 };
		cJSON *o = json_parse(str_split(&rest, '\n'), &err);

		ck_assert_msg(o != NULL, "%s", err.msg);
		scenarios += strcmp(cJSON_GetObjectItem(o, "event")->valuestring,
				    "scenario") == 0;
		cJSON_Delete(o);
	}
	ck_assert_uint_eq(scenarios, 4);
	release(&r);
}
END_TEST

START_TEST(all_reports_at_once)
{
	struct result r = sh("$E run . --junit j.xml --tap t --json - --html h");
	struct err err = { 0 };
	struct buf text;
	cJSON *o = json_parse((struct str){ r.out.p, r.out.n - 1 }, &err);

	ck_assert_int_eq(r.code, 1);
	ck_assert_msg(o != NULL, "%s", err.msg);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "runs")), 5);
	cJSON_Delete(o);
	read_file("j.xml", &text);
	CHECK_SAYS(text, "tests=\"1\" failures=\"1\"");
	CHECK_SAYS(text, "./fails.yaml:7:");
	buf_release(&text);
	read_file("t", &text);
	CHECK_SAYS(text, "1..5\nnot ok 1 - Expects too much\n");
	buf_release(&text);
	read_file("h", &text);
	CHECK_SAYS(text, "<svg class=\"lb\"");
	buf_release(&text);
	release(&r);
}
END_TEST

START_TEST(an_old_report_stays_until_there_is_a_new_one)
{
	struct result r = sh("echo old, and longer than what follows >r; "
			     "$E run nothing.yaml --tap r; cat r; "
			     "$E run waits.yaml --tap r >/dev/null; cat r");

	ck_assert_str_eq(r.out.p, "old, and longer than what follows\n"
			 "TAP version 14\n1..1\nok 1 - Waits\n");
	release(&r);
}
END_TEST

/* ---- Being stopped. ---------------------------------------------------- */

START_TEST(an_interrupt_reports_what_ran)
{
	/* In real time `waits` takes a minute; works.yaml is not begun. */
	/* timeout(1) sends it twice. */
	struct result r = sh("timeout --preserve-status -s INT 0.3 $E run waits.yaml "
			     "works.yaml -j 1 --clock real --json r");
	struct err err = { 0 };
	struct buf text;
	cJSON *o;

	ck_assert_msg(r.code == 128 + 2, "exit code %d", r.code);
	CHECK_SAYS(r.out, "4 scenarios: 0 passed, 4 not reached");
	read_file("r", &text);
	o = json_parse((struct str){ text.p, text.n - 1 }, &err);
	ck_assert_msg(o != NULL, "%s", err.msg);
	cJSON_Delete(o);
	buf_release(&text);
	release(&r);
}
END_TEST

START_TEST(nobody_reads)
{
	struct result r = sh("{ $E run works.yaml works.yaml works.yaml -j 1; "
			     "echo $? >code; } | true; cat code");

	ck_assert_str_eq(r.err.p, "");
	ck_assert_msg(strcmp(r.out.p, "141\n") == 0 || strcmp(r.out.p, "0\n") == 0,
		      "%s", r.out.p);
	release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/run");
	TCase *tc = tcase_create("run");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, exit_codes, 0, sizeof(commands) / sizeof(commands[0]));
	tcase_add_loop_test(tc, bad_input, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, same_events_for_any_number_of_workers);
	tcase_add_test(tc, events_are_json_lines);
	tcase_add_test(tc, all_reports_at_once);
	tcase_add_test(tc, an_old_report_stays_until_there_is_a_new_one);
	tcase_add_test(tc, an_interrupt_reports_what_ran);
	tcase_add_test(tc, nobody_reads);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
