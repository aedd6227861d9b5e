/*
 * Goal: esimrig demo as a program: its first screen is true, it goes on where
 * it was, a taken port and a broken world are named; esimrig ctl makes requests
 * that the control API takes, and says so when it does not.
 * Method: the built program, called from a shell as people call it, on ports
 * that the system chose.
 */
#include "cli/shell_test.h"

/* $O: what the demo says.  Waits for its first screen, not for a time. */
#define START(options) \
	"O=screen; rm -f $O; \"$P\" demo --listen 127.0.0.1:0 --control 127.0.0.1:0 --token tell-nobody " \
	options " >$O 2>demo-err & D=$!; " \
	"until grep -qs Ctrl-C $O || ! kill -0 $D; do :; done; " \
	"export ESIMRIG_TOKEN=tell-nobody; " \
	"export ESIMRIG_CONTROL=$(sed -n 's,.*Dashboard *\\(http://[^/]*\\)/.*,\\1,p' $O); "
#define END "kill $D; wait $D"

static struct buf out, err;

static void forget(void)
{
	buf_release(&out);
	buf_release(&err);
}

static void run(int code, const char *command)
{
	int got = shell_run(command, &out, &err);

	ck_assert_msg(got == code, "%d, expected %d: %.900s\n%.900s%.900s", got, code,
		      command, out.p, err.p);
}

static void has(const struct buf *b, const char *text)
{
	ck_assert_msg(strstr(b->p, text) != NULL, "no '%s' in: %.1500s\n%.900s", text, b->p,
		      err.p);
}

START_TEST(the_first_screen_is_true)
{
	run(0, START("--quiet") "grep '^  curl' $O >lines; sh -e ./lines; "
	    "grep -c '^  curl' $O; " END);
	has(&out, "\"list\":[{\"");
	has(&out, "\"operation\":\"activate\"");
	has(&out, "}3\n");
	forget();
	run(0, "cat screen");
	has(&out, "admin:demo-admin");
	has(&out, "/#token=tell-nobody");
	forget();
}
END_TEST

/* The last line to try has what was done last at its head. */
START_TEST(the_first_screen_shows_the_newest)
{
	run(0, START("--quiet --no-life") "grep '^  curl' $O >lines; "
	    "sed -n '2s/activate/enable/p' lines | sh; sed -n 2p lines | sh; echo; "
	    "sed -n 3p lines | sh | grep -o '\"operation\":\"[a-z]*\"'; " END);
	has(&out, "}\n\"operation\":\"activate\"\n\"operation\":\"enable\"\n");
	forget();
}
END_TEST

START_TEST(the_dashboard_may_use_nothing_else)
{
	run(0, START("-q") "curl -si --compressed $ESIMRIG_CONTROL/; "
	    "curl -si $ESIMRIG_CONTROL/nothing; " END);
	has(&out, "Content-Security-Policy: default-src 'none'; script-src 'self'");
	has(&out, "Content-Encoding: gzip");
	has(&out, "<html");
	has(&out, "404 Not Found");
	forget();
}
END_TEST

/* A command and what its answer has. */
static const char *const commands[][2] = {
	{ "world", "\"devices\":24" }, { "clock", "\"rate\":60" },
	{ "pause", "\"paused\":true" }, { "rate 30", "\"rate\":30" },
	{ "advance 5min", "\"reached\":true" }, { "step", "\"reached\":true" },
	{ "life off", "\"on\":false" }, { "devices bus-1", "\"total\":1" },
	{ "device bus-1", "\"key\":\"bus-1\"" }, { "power-off bus-1", "\"done\":1" },
	{ "do bus-2 set-memory bytes=0", "\"done\":1" },
	{ "add-fleet vans 3", "\"count\":3" },
	{ "add-fleet cars 1 '{\"second-link\": true}'", "\"key\":\"cars\"" },
	{ "fleets", "\"vans\"" }, { "carriers", "\"Mobile\"" },
	{ "add-carrier north name=North codes=1", "\"unused\":1" },
	{ "add-codes north 2", "\"count\":2" }, { "codes north", "\"count\":3" },
	{ "code 8944000000000000019", "$***" },
	{ "reveal 8944000000000000019", "LPA:1$smdp.example.com$" },
	{ "users", "\"viewer\"" }, { "parties", "\"gateway\"" },
	{ "stop eis", "\"listening\":false" }, { "start eis", "\"listening\":true" },
	{ "quirks", "\"eis.http-503\"" }, { "set-quirk eis.slow delay=2s", "\"delay\":\"2s\"" },
	{ "clear-quirk eis.slow", "\"cleared\":1" },
	{ "clear-quirk device.offline tram-1", "\"cleared\":0" },
	{ "flows", "\"list\"" }, { "messages", "\"what\"" },
	{ "message 1", "\"request\"" }, { "transactions", "\"list\"" },
	{ "operations", "\"list\"" },
	{ "request GET /ws/v1/esim_profiles", "\"status\":200" },
	{ "request POST /ws/v1/esim_profiles/enable '{}'", "\"status\":400" },
	{ "say 'Look here'", "Look here" }, { "captions", "Look here" },
	{ "reset 7", "\"seed\":7" },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

START_TEST(every_command)
{
	struct buf line;

	buf_init(&line, 64 << 10);
	buf_z(&line, START("-q"));
	for (size_t i = 0; i < COMMANDS; i++)
		buf_printf(&line, "\"$P\" ctl -c %s || echo REFUSED; echo =%zu=; ",
			   commands[i][0], i);
	buf_z(&line, END);
	run(0, line.p);
	buf_release(&line);
	for (size_t i = 0; i < COMMANDS; i++) {
		char mark[20];
		char *at = out.p, *end;

		snprintf(mark, sizeof(mark), "=%zu=", i);
		at += strspn(at, " ");
		end = strstr(at, mark);
		ck_assert_msg(end != NULL, "%s", commands[i][0]);
		*end = '\0';
		ck_assert_msg(strstr(at, commands[i][1]) && !strstr(at, "REFUSED"),
			      "%s: no %s in %.900s%.500s", commands[i][0], commands[i][1], at, err.p);
		memset(at, ' ', (size_t)(end - at) + 1);
	}
	forget();
}
END_TEST

START_TEST(what_is_refused_is_said)
{
	run(0, START("-q") "\"$P\" ctl device nobody; echo =$?; \"$P\" ctl devces; echo =$?; "
	    "\"$P\" ctl rate; echo =$?; ESIMRIG_TOKEN=wrong \"$P\" ctl world; echo =$?; "
	    "\"$P\" ctl -u http://127.0.0.1:1 world; echo =$?; "
	    "\"$P\" ctl restore nowhere.json; echo =$?; "
	    "\"$P\" ctl restore /dev/zero; echo =$?; " END);
	ck_assert_str_eq(out.p, "=1\n=2\n=2\n=1\n=3\n=2\n=2\n");
	has(&err, "no device 'nobody' in this world (404)");
	has(&err, "did you mean 'devices'?");
	has(&err, "expected: rate N");
	has(&err, "(401)");
	has(&err, "is a demo running there?");
	has(&err, "nowhere.json: No such file");
	forget();
}
END_TEST

START_TEST(goes_on_where_it_was)
{
	run(0, START("-q --db w.json") "\"$P\" ctl advance 2h >/dev/null; \"$P\" ctl pause >/dev/null; "
	    "\"$P\" ctl operations >a; \"$P\" ctl -c clock; " END);
	has(&out, "\"time\":\"2026-01-01T02:0");
	forget();
	run(0, START("-q --db w.json --clock scaled=0.01") "\"$P\" ctl operations >b; "
	    "\"$P\" ctl -c clock; " END "; cmp a b; stat -c %a w.json");
	has(&out, "\"time\":\"2026-01-01T02:0");
	has(&out, "600\n");
	forget();
	run(0, "echo '{}' >x.json; \"$P\" demo --listen 127.0.0.1:0 --control 127.0.0.1:0 --db x.json; "
	    "[ $? != 0 ]");
	has(&err, "--db x.json: this is no snapshot of a world");
	forget();
}
END_TEST

START_TEST(a_taken_port_is_named)
{
	run(3, START("-q") "\"$P\" demo --control ${ESIMRIG_CONTROL#http://} --listen 127.0.0.1:0; "
	    "R=$?; " END "; exit $R");
	has(&err, "Address already in use: choose another one with --control ADDR:PORT");
	forget();
	run(3, START("-q") "\"$P\" demo --control 127.0.0.1:0 --listen ${ESIMRIG_CONTROL#http://}; "
	    "R=$?; " END "; exit $R");
	has(&err, "Address already in use: choose another one with --listen ADDR:PORT");
	forget();
}
END_TEST

START_TEST(what_is_wrong_is_said_before_anything_starts)
{
	shell_write("broken.yaml", "world:\n  devices:\n    a: {profiles: [{spn: X, colour: red}]}\n");
	shell_write("empty.yaml", "world: {}\n");
	run(2, "\"$P\" demo --world broken.yaml");
	has(&err, "broken.yaml:3:");
	has(&err, "unknown key 'colour'");
	forget();
	run(2, "\"$P\" demo --world empty.yaml");
	has(&err, "there are no devices in this world");
	forget();
	run(2, "\"$P\" demo --world nowhere.yaml");
	ck_assert_str_eq(err.p, "nowhere.yaml: No such file or directory\n");
	forget();
	run(2, "\"$P\" demo --clock virtual");
	has(&err, "expected real or scaled=N");
	forget();
	run(2, "\"$P\" demo --token short");
	has(&err, "8 to 200");
	forget();
	run(2, "\"$P\" demo --step");
	has(&err, "--step needs --script");
	forget();
	run(2, "\"$P\" demo --listen nonsense --control 127.0.0.1:0");
	has(&err, "expected host:port");
	forget();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/demo");
	TCase *t = tcase_create("demo");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(t, shell_set_up, shell_tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_first_screen_is_true);
	tcase_add_test(t, the_first_screen_shows_the_newest);
	tcase_add_test(t, the_dashboard_may_use_nothing_else);
	tcase_add_test(t, every_command);
	tcase_add_test(t, what_is_refused_is_said);
	tcase_add_test(t, goes_on_where_it_was);
	tcase_add_test(t, a_taken_port_is_named);
	tcase_add_test(t, what_is_wrong_is_said_before_anything_starts);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
