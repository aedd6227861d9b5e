/*
 * Goal: a server that is not ours is reached as its file says, lives in a world
 * when it can, and whatever else it does is a verdict about it, soon; what
 * passed can be judged again.
 * Method: the rig's own server as a process of its own (`esimrig server
 * --world`), shell commands that misbehave, and small servers of this test
 * that answer what a row says and tell what they were asked.
 */
#include "conformance/link.h"
#include "conformance/recording.h"
#include "conformance/retry.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char program[4096], folder[] = "/tmp/link-test-XXXXXX";

static struct arena arena;
static struct target target;
static struct link line;
static struct run_options options;
static struct run_result result;

static void set_up(void)
{
	options = (struct run_options){ .evidence = true };
}

static void tear_down(void)
{
	arena_release(&arena);
	arena = (struct arena){ 0 };
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* A target out of `text`, in which PROGRAM is the rig. */
static void use(const char *text)
{
	struct diag d;
	struct buf out, yaml;

	buf_init(&yaml, 64 << 10);
	for (const char *at; (at = strstr(text, "PROGRAM")); text = at + 7) {
		buf_add(&yaml, text, (size_t)(at - text));
		buf_z(&yaml, program);
	}
	buf_z(&yaml, text);
	diag_init(&d, &arena);
	buf_init(&out, 64 << 10);
	if (target_load_text(&target, "target.yaml", buf_view(&yaml), &arena, &d) < 0) {
		target_print_diag(&target, &d, &arena, &out);
		ck_abort_msg("%s", out.p);
	}
	buf_release(&out);
	buf_release(&yaml);
	link_init(&line, &target, target.depth, &options);
}

static struct scenario *scenario(const char *text)
{
	struct scenario_file *file = ARENA_NEW(&arena, struct scenario_file);
	struct diag d;
	struct buf out;

	diag_init(&d, &arena);
	buf_init(&out, 64 << 10);
	if (scenario_load_text("check.yaml", str_of(text), &arena, file, &d) < 0) {
		diag_print(&d, &out);
		ck_abort_msg("%s", out.p);
	}
	buf_release(&out);
	return &file->list[0];
}

/* What went wrong, or "". */
static const char *said(void)
{
	for (size_t i = 0; i < result.step_count; i++)
		if (result.steps[i].message.n)
			return arena_str(&arena, result.steps[i].message).p;
	return result.message.n ? arena_str(&arena, result.message).p : "";
}

static void judge(const char *text, enum verdict expected)
{
	runner_run(scenario(text), &options, &arena, &result);
	ck_assert_msg(result.verdict == expected, "%s: %s\n%.2000s",
		      verdict_name(result.verdict), said(), result.events.p);
}

/* ---- In a world. ----------------------------------------------------------- */

#define WORLD \
	"check: {covers: EP-ROOT-001, depth: world}\n" \
	"world:\n" \
	"  carriers: {freds: {name: Freds Contract, spn: Mobile, codes: 1}}\n" \
	"  devices: {router: {profiles: [{spn: Bootstrap, type: bootstrap, status: active}]}}\n" \
	"  latency: {device.poll: 1min}\n"

static const char activation[] = WORLD
	"steps:\n"
	"  - get: /ws/v1/esim_profiles/inventory\n"
	"    expect: {/count: 1, /list/0/carrier: Bootstrap}\n"
	"  - post: /ws/v1/esim_profiles/operations/inventory\n"
	"    json: {device_id: \"${router.device_id}\", operation: activate, carrier: Freds Contract}\n"
	"    expect: {status: 200}\n"
	"    save: {op: /id}\n"
	"  - get: /ws/v1/esim_profiles/operations/inventory/${op}\n"
	"    until: {/status: successful}\n"
	"    within: 30min\n"
	"  - get: /ws/v1/esim_profiles/inventory?query=carrier='Mobile'\n"
	"    expect: {/count: 1, /list/0/status: active}\n";

#define OWN "launch: {command: [PROGRAM, server, --world], scale: 300}\n"

START_TEST(lives_in_a_world)
{
	use(OWN);
	judge(activation, VERDICT_PASS);
	/* It was there for this world only. */
	judge(activation, VERDICT_PASS);
	ck_assert(strstr(result.events.p, "\"party\":\"target\"") != NULL);
	ck_assert(strstr(result.events.p, "listening on") != NULL);
}
END_TEST

/* Also what is done to reports on their way to it, and to the registry. */
START_TEST(quirks_reach_it)
{
	use(OWN);
	judge("check: {covers: EP-ROOT-001, depth: world}\n"
	      "world:\n"
	      "  devices: {router: {profiles: [{spn: Mobile, status: active}, {spn: Acme}]}}\n"
	      "  latency: {device.poll: 1min}\n"
	      "  quirks: {device.report-missing: {device: router}}\n"
	      "steps:\n"
	      "  - post: /ws/v1/esim_profiles/enable\n"
	      "    json: {device_id: \"${router.device_id}\", eid: \"${router.eid}\", iccid: \"${router.profiles[1].iccid}\"}\n"
	      "    save: {tx: /transaction}\n"
	      "  - stop: eis\n"
	      "  - wait: 2min\n"
	      "  - start: eis\n"
	      "  - get: /ws/v1/esim_profiles/progress/${tx}\n"
	      "    until: {/status: complete}\n"
	      "    within: 30min\n"
	      "  - wait: 5min\n"
	      "  - get: /ws/v1/esim_profiles/inventory/${router.profiles[0].iccid}\n"
	      "    expect: {/status: active}\n"
	      "  - expect-event: {party: device/router, event: report-answered}\n", VERDICT_PASS);
}
END_TEST

/* A command, the verdict, and words of the message. */
static const struct {
	const char *target;
	enum verdict verdict;
	const char *says, *says_too;
} misfits[] = {
	{ "launch: {command: [/nowhere/server]}\n", VERDICT_NOT_REACHED,
	  "cannot start /nowhere/server", "No such file" },
	{ "launch: {command: [sh, -c, 'echo I have lost my keys >&2; exit 3']}\n",
	  VERDICT_NOT_REACHED, "exit code 3", "last words: I have lost my keys" },
	{ "launch: {command: [sh, -c, 'kill -SEGV $$']}\n", VERDICT_NOT_REACHED,
	  "signal 11", "said nothing" },
	/* The path of world.json is its last argument. */
	{ "launch: {command: [cat, --version-of]}\n", VERDICT_NOT_REACHED,
	  "exit code 1", "last words: " },
	{ "launch: {command: [sh, -c, 'exec sleep 1000'], ready: 200ms}\n",
	  VERDICT_NOT_REACHED, "not ready within 0.2 s", "said nothing" },
	/* It does not end when told to, nor do its children. */
	{ "launch: {command: [sh, -c, 'trap \"\" TERM; sleep 1000 & sleep 1000'], ready: 200ms, grace: 100ms}\n",
	  VERDICT_NOT_REACHED, "not ready within 0.2 s", "" },
	{ "launch: {prepare: [sh, -c, 'echo no room; exit 1']}\nurl: http://127.0.0.1:9\n",
	  VERDICT_NOT_REACHED, "the target's prepare: it ended with exit code 1",
	  "last words: no room" },
	/* Talks without end. */
	{ "launch: {command: [sh, -c, 'while :; do echo x; done'], ready: 200ms}\n",
	  VERDICT_NOT_REACHED, "not ready within 0.2 s", "last words: x" },
};

START_TEST(what_else_it_does_is_about_it)
{
	use(misfits[_i].target);
	judge(activation, misfits[_i].verdict);
	ck_assert_msg(strstr(said(), misfits[_i].says) && strstr(said(), misfits[_i].says_too),
		      "%s", said());
	/* Nothing of it is left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	close(fd);
	return ntohs(a.sin_port);
}

/* It is told the world in a file, and has the server at its address when it
 * ends.  What it started is not there any more when the world ends. */
START_TEST(is_prepared)
{
	char text[2000];
	int at = free_port();

	snprintf(text, sizeof(text),
		 "url: http://127.0.0.1:%d\n"
		 "launch:\n"
		 "  scale: 300\n"
		 "  prepare:\n"
		 "    - sh\n"
		 "    - -c\n"
		 "    - |\n"
		 "      set -e; cd %s; ! grep -q '\"listen\"' \"$0\"; rm -f said\n"
		 "      sed '1s/{/{\"listen\": \"127.0.0.1:%d\", /' \"$0\" > w\n"
		 "      \"PROGRAM\" server --world w > said &\n"
		 "      until grep -q listening said; do sleep 0.05; done\n", at, folder, at);
	use(text);
	ck_assert_int_eq(target.launch.at_once, 1);
	judge(activation, VERDICT_PASS);
	judge(activation, VERDICT_PASS);
	unlink(path_of("w"));
	unlink(path_of("said"));
}
END_TEST

/* Some time after the world has begun, and before the wait is over. */
START_TEST(dies_in_the_middle)
{
	char text[800];

	snprintf(text, sizeof(text), "launch: {command: [sh, -c, '\"PROGRAM\" server --world \"$0\" "
		 ">%s & until grep -qs listening %s; do sleep 0.01; done; sleep 1; kill -9 $!; "
		 "echo struck down >&2; exit 7'], scale: 300}\n", path_of("said"),
		 path_of("said"));
	use(text);
	judge(WORLD
	      "steps:\n"
	      "  - get: /ws/v1/esim_profiles/inventory\n"
	      "    expect: {status: 200}\n"
	      "  - wait: 10min\n"
	      "  - get: /ws/v1/esim_profiles/inventory\n"
	      "    expect: {status: 200}\n", VERDICT_FAIL);
	ck_assert_msg(strstr(said(), "no answer") != NULL, "%s", said());
	ck_assert(strstr(result.last_events.p, "exit code 7") != NULL);
	ck_assert(strstr(result.last_events.p, "struck down") != NULL);
	unlink(path_of("said"));
}
END_TEST

/* Only its owner may read world.json, which is gone afterwards. */
START_TEST(world_json_is_private)
{
	char text[600];
	FILE *f;

	snprintf(text, sizeof(text), "launch: {command: [sh, -c, 'stat -c \"%%a %%n\" \"$0\" > %s; "
		 "exec \"PROGRAM\" server --world \"$0\"'], scale: 60}\n", path_of("stat"));
	use(text);
	judge(WORLD "steps: [{get: /ws/v1/esim_profiles, expect: {status: 200}}]\n",
	      VERDICT_PASS);
	f = fopen(path_of("stat"), "r");
	ck_assert(f && fscanf(f, "%40s %500s", text, text + 50) == 2);
	fclose(f);
	ck_assert_str_eq(text, "600");
	ck_assert_int_eq(access(text + 50, F_OK), -1);
	unlink(path_of("stat"));
}
END_TEST

/* ---- At a server that is there. ----------------------------------------------- */

enum { ANSWERS_MAX = 8 };

/* What a small server saw; shared with it. */
struct seen {
	int requests;
	int64_t at_ns[ANSWERS_MAX];
	char text[ANSWERS_MAX][1024];
};

static struct seen *seen;
static pid_t server;
static int port;

static void answer_all(int listener, const char *const *answers, size_t count)
{
	for (size_t i = 0;; i++) {
		int fd = accept(listener, NULL, NULL);
		char text[4096];
		const char *answer = answers[i < count ? i : count - 1];
		ssize_t n = read(fd, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
		if (seen->requests < ANSWERS_MAX) {
			seen->at_ns[seen->requests] = clock_machine_ns();
			snprintf(seen->text[seen->requests], sizeof(seen->text[0]), "%.1000s", text);
		}
		seen->requests++;
		if (strcmp(answer, "(hang)") == 0)
			continue;
		if (write(fd, answer, strlen(answer)) < 0)
			_exit(1);
		close(fd);
	}
}

/* One that answers these in turn, then the last of them for ever. */
static void serve(const char *const *answers, size_t count)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 8) == 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	port = ntohs(a.sin_port);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	ck_assert(seen != MAP_FAILED);
	server = fork();
	if (server == 0)
		answer_all(fd, answers, count);
	close(fd);
}

static void stop_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	munmap(seen, sizeof(*seen));
}

static void use_server(const char *more)
{
	char text[1000];

	snprintf(text, sizeof(text), "url: http://127.0.0.1:%d\n%s", port, more);
	use(text);
}

#define JSON(status, headers, body) \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n" \
	headers "Content-Length: " body

#define OK_ANSWER JSON("200 OK", "Server: small/1\r\n", "2\r\n\r\n{}")

#define READ "check: {covers: EP-ROOT-001, depth: read}\n" \
	"world: {users: {main: {}, other: {}}}\n"

static const char read_once[] = READ
	"steps: [{get: /ws/v1/esim_profiles, expect: {status: 200}}]\n";

static const struct {
	const char *target, *check, *sees, *sees_too;
} credentials[] = {
	{ "auth: {basic: {user: alice, password: wonderland}}\n", read_once,
	  "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n", "GET /ws/v1/esim_profiles HTTP/1.1" },
	{ "auth: {api-key: {id: ab, secret: cd}}\n", read_once,
	  "X-API-KEY-ID: ab\r\n", "X-API-KEY-SECRET: cd\r\n" },
	{ "auth: {bearer: token-1}\nheaders: {X-Tenant: seven}\n", read_once,
	  "Authorization: Bearer token-1\r\n", "X-Tenant: seven\r\n" },
	{ "users: {main: {bearer: m}, other: {bearer: o}}\n", READ
	  "steps: [{get: /ws/v1/esim_profiles, as: other, expect: {status: 200}}]\n",
	  "Authorization: Bearer o\r\n", "" },
	/* What a check says itself goes before what the target file says. */
	{ "auth: {bearer: m}\n", READ
	  "steps: [{get: /x, headers: {Authorization: Bearer wrong}, expect: {status: 200}}]\n",
	  "Authorization: Bearer wrong\r\n", "GET /x HTTP/1.1" },
};

START_TEST(credentials_are_sent)
{
	static const char *const answers[] = { OK_ANSWER };

	serve(answers, 1);
	use_server(credentials[_i].target);
	judge(credentials[_i].check, VERDICT_PASS);
	ck_assert_int_eq(seen->requests, 1);
	ck_assert_msg(strstr(seen->text[0], credentials[_i].sees) &&
		      strstr(seen->text[0], credentials[_i].sees_too), "%s", seen->text[0]);
	ck_assert_str_eq(line.server, "small/1");
	stop_server();
}
END_TEST

START_TEST(nobody_has_no_credentials)
{
	static const char *const answers[] = { OK_ANSWER };

	serve(answers, 1);
	use_server("auth: {bearer: m}\n");
	judge(READ "steps: [{get: /x, as: nobody, expect: {status: 200}}]\n", VERDICT_PASS);
	ck_assert_ptr_null(strstr(seen->text[0], "Authorization"));
	stop_server();
}
END_TEST

/* Secrets stand in no message, evidence or event. */
START_TEST(secrets_are_masked)
{
	static const char *const answers[] = {
		JSON("500 Oh", "", "34\r\n\r\n{\"a\":\"wonderland and bearer-token\"}"),
	};
	struct buf bytes;

	serve(answers, 1);
	use_server("auth: {basic: {user: alice, password: wonderland}}\n"
		   "headers: {X-Extra: bearer-token}\n");
	judge(read_once, VERDICT_FAIL);
	buf_init(&bytes, 1 << 20);
	result_write(&bytes, &result);
	ck_assert(memmem(bytes.p, bytes.n, "500", 3) != NULL);
	ck_assert(memmem(bytes.p, bytes.n, "wonderland", 10) == NULL);
	ck_assert(memmem(bytes.p, bytes.n, "YWxpY2U6d29uZGVybGFuZA", 22) == NULL);
	ck_assert(memmem(bytes.p, bytes.n, "bearer-token", 12) == NULL);
	buf_release(&bytes);
	stop_server();
}
END_TEST

static const struct {
	const char *answer;
	const char *says;
} rubbish[] = {
	{ "", "no answer" },
	{ "garbage\r\n\r\n", "no answer" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "no answer" },
	{ "(hang)", "no answer" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "no JSON body" },
};

START_TEST(rubbish_is_a_verdict)
{
	const char *answers[] = { rubbish[_i].answer };

	serve(answers, 1);
	use_server("timeout: 300ms\n");
	judge(READ "steps: [{get: /x, expect: {/a: 1}}]\n", VERDICT_FAIL);
	ck_assert_msg(strstr(said(), rubbish[_i].says) != NULL, "%s", said());
	stop_server();
}
END_TEST

START_TEST(nobody_is_there)
{
	use("url: http://127.0.0.1:9\n");
	judge(read_once, VERDICT_FAIL);
	ck_assert_msg(strstr(said(), "no answer") != NULL, "%s", said());
}
END_TEST

START_TEST(keeps_a_gentle_pace)
{
	static const char *const answers[] = { OK_ANSWER };
	int64_t began_ns;

	serve(answers, 1);
	use_server("rate: 10/s\n");
	began_ns = clock_machine_ns();
	judge(READ "steps: [{get: /a}, {get: /b}, {get: /c}]\n", VERDICT_PASS);
	ck_assert_int_eq(seen->requests, 3);
	ck_assert_int_ge(seen->at_ns[2] - began_ns, 200 * NS_PER_MS);
	/* Also from one check to the next. */
	judge(read_once, VERDICT_PASS);
	ck_assert_int_ge(seen->at_ns[3] - began_ns, 300 * NS_PER_MS);
	stop_server();
}
END_TEST

static char told[400];

static void tell(void *arg, struct str what, int64_t waits_ns)
{
	(void)arg;
	if (waits_ns)
		snprintf(told, sizeof(told), "%.*s %lld", STRF(what),
			 (long long)(waits_ns / NS_PER_MS));
}

START_TEST(waits_when_it_is_told_to)
{
	static const char *const answers[] = {
		JSON("429 Slow", "Retry-After: 1\r\n", "2\r\n\r\n{}"), OK_ANSWER,
	};

	serve(answers, 2);
	use_server("");
	line.tell = tell;
	judge(read_once, VERDICT_PASS);
	ck_assert_int_eq(seen->requests, 2);
	ck_assert_int_ge(seen->at_ns[1] - seen->at_ns[0], 990 * NS_PER_MS);
	ck_assert_msg(strstr(told, "pause") != NULL, "%s", told);
	stop_server();
}
END_TEST

/* A pause of an hour is an answer like any other. */
START_TEST(does_not_wait_for_ever)
{
	static const char *const answers[] = {
		JSON("429 Slow", "Retry-After: 3600\r\n", "2\r\n\r\n{}"),
	};

	serve(answers, 1);
	use_server("");
	judge(read_once, VERDICT_FAIL);
	ck_assert_int_eq(seen->requests, 1);
	ck_assert_msg(strstr(said(), "429") != NULL, "%s", said());
	stop_server();
}
END_TEST

static const struct {
	const char *after, *date;
	unsigned refusals;
	int64_t s;
} pauses[] = {
	{ "7", "", 0, 7 },
	{ " 0 ", "", 3, 0 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 0, 30 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:07 GMT", 0, 0 },
	{ "Mon, 01 Jan 2001 00:00:05 GMT", "Sun, 31 Dec 2000 23:59:55 GMT", 0, 10 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "", 0, 0 },	/* long ago */
	{ "", "", 0, 2 },
	{ "", "", 1, 4 },
	{ "", "", 9, 30 },
	{ "soon", "", 0, 2 },
	{ "-5", "", 0, 2 },
	{ "Sun, 06 Foo 1994 08:49:37 GMT", "", 0, 2 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT+1", "", 0, 2 },
};

START_TEST(how_long_a_pause_is)
{
	ck_assert_int_eq(retry_after_ns(str_of(pauses[_i].after), str_of(pauses[_i].date),
					pauses[_i].refusals), pauses[_i].s * NS_PER_S);
}
END_TEST

/* ---- Recording. ------------------------------------------------------------------ */

static struct recording *record(void)
{
	const struct recording_head head = {
		.target_name = STR("own"), .suite_version = STR("1"),
		.suite_hash = STR("x"), .depth = target.depth,
	};
	struct err err = { 0 };

	line.recording = recording_create(path_of("tape"), &head, &err);
	ck_assert_msg(line.recording != NULL, "%s", err.msg);
	return line.recording;
}

/* Judge `text` as check `id` from the tape. */
static void judge_again(const char *id, const char *text, enum verdict expected)
{
	struct recording_head head;
	struct err err = { 0 };
	struct recording *r = recording_open(path_of("tape"), &head, &arena, &err);
	struct scenario *sc = scenario(text);
	struct run_options virtual = {
		.clock = CLOCK_KIND_VIRTUAL, .rate = 1, .evidence = true,
	};

	ck_assert_msg(r != NULL, "%s", err.msg);
	ck_assert(str_is(head.target_name, "own") && head.depth == target.depth);
	virtual.target = recording_seam(r);
	recording_begin(r, str_of(id));
	runner_run(sc, &virtual, &arena, &result);
	recording_settle(r, sc, &result, &arena);
	ck_assert_msg(result.verdict == expected, "%s: %s", verdict_name(result.verdict),
		      said());
	recording_close(r, &err);
}

START_TEST(a_world_is_judged_again)
{
	struct err err = { 0 };
	struct recording *r;
	char *grown;

	use(OWN);
	r = record();
	recording_begin(r, STR("a/b"));
	judge(activation, VERDICT_PASS);
	ck_assert_msg(recording_close(r, &err) == 0, "%s", err.msg);
	judge_again("a/b", activation, VERDICT_PASS);
	/* Another expectation about the same answers. */
	grown = strdup(activation);
	memcpy(strstr(grown, "/list/0/status: active"), "/list/0/status: absent", 22);
	judge_again("a/b", grown, VERDICT_FAIL);
	free(grown);
	/* What was not asked then. */
	judge_again("a/b", WORLD "steps: [{get: /ws/v1/esim_profiles/bulk}]\n",
		    VERDICT_NOT_REACHED);
	ck_assert_msg(strstr(said(), "not in the recording: GET /ws/v1/esim_profiles/bulk") != NULL,
		      "%s", said());
	judge_again("a/c", activation, VERDICT_NOT_REACHED);
	/* What looks into the world: even what would hold. */
	judge_again("a/b", WORLD
		    "steps:\n"
		    "  - get: /ws/v1/esim_profiles/inventory\n"
		    "  - expect-event: {event: order-queued, count: 0}\n", VERDICT_NOT_REACHED);
	/* But what fails before that has failed. */
	judge_again("a/b", WORLD
		    "steps:\n"
		    "  - get: /ws/v1/esim_profiles/inventory\n"
		    "    expect: {status: 404}\n"
		    "  - expect-event: {event: order-queued}\n", VERDICT_FAIL);
}
END_TEST

/* An answer that came late, by a clock that was scaled, came. */
START_TEST(a_slow_answer_is_judged_again)
{
	FILE *f = fopen(path_of("tape"), "w");

	target.depth = DEPTH_READ;
	ck_assert(f && fputs("{\"recording\":1,\"target\":\"own\",\"depth\":\"read\"}\n"
			     "{\"check\":\"a/b\",\"request\":{\"as\":\"main\",\"method\":\"GET\","
			     "\"path\":\"/x\",\"headers\":[]},\"took_ns\":45000000000,\"status\":200,"
			     "\"answer_headers\":[],\"answer\":\"{}\"}\n", f) >= 0 && fclose(f) == 0);
	judge_again("a/b", READ "steps: [{get: /x, expect: {status: 200}}]\n", VERDICT_PASS);
	judge_again("a/b", READ "steps: [{get: /x, expect: {status: 404}}]\n", VERDICT_FAIL);
}
END_TEST

static char *read_tape(void)
{
	static char text[64 << 10];
	FILE *f = fopen(path_of("tape"), "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

START_TEST(a_tape_has_no_secrets_and_all_the_rest)
{
	static const char *const answers[] = {
		JSON("200 OK", "X-Echo: wonderland\r\n", "15\r\n\r\n{\"a\":\"\xff\xfe\x01 b\"}  "),
		"garbage\r\n\r\n",
	};
	static const char check[] = READ
		"steps:\n"
		"  - get: /x?y=1\n"
		"    expect: {status: 200, headers: {X-Echo: '***'}}\n"
		"  - get: /x?y=1\n"
		"    expect: {failure: broken}\n";
	struct err err = { 0 };
	struct recording *r;

	serve(answers, 2);
	use_server("auth: {basic: {user: alice, password: wonderland}}\n");
	r = record();
	recording_begin(r, STR("a/b"));
	runner_run(scenario(check), &options, &arena, &result);
	/* Seen here, it is not masked. */
	ck_assert(result.verdict == VERDICT_FAIL);
	runner_run(scenario(READ "steps: [{get: /x?y=1, expect: {failure: broken}}]\n"),
		   &options, &arena, &result);
	ck_assert(result.verdict == VERDICT_PASS);
	ck_assert(recording_close(r, &err) == 0);
	stop_server();
	ck_assert_ptr_null(strstr(read_tape(), "wonderland"));
	ck_assert_ptr_null(strstr(read_tape(), "YWxpY2U6"));
	ck_assert_ptr_nonnull(strstr(read_tape(), "answer64"));
	judge_again("a/b", check, VERDICT_PASS);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_tapes[] = {
	{ "", "empty" },
	{ "{}\n", "expected a recording of version 1" },
	{ "{\"recording\":2,\"depth\":\"read\"}\n", "version 1, found 2" },
	{ "{\"recording\":1,\"depth\":\"deep\"}\n", "depth" },
	{ "{\"recording\":1,\"depth\":\"read\"}\n{\"check\":\"x\"}\n", "line 2" },
	{ "{\"recording\":1,\"depth\":\"read\"}\nrubbish\n", "line 2" },
	{ "{\"recording\":1,\"depth\":\"read\"}\n{\"check\":\"x\",\"request\":{},\"status\":99999}\n",
	  "line 2: that is no exchange" },
	{ "{\"recording\":1,\"depth\":\"read\"}\n{\"check\":\"x\",\"request\":{},\"failure\":\"x\"}\n",
	  "line 2: that is no exchange" },
};

START_TEST(tapes_that_are_none)
{
	struct recording_head head;
	struct err err = { 0 };
	FILE *f = fopen(path_of("tape"), "w");

	ck_assert(f && fputs(bad_tapes[_i].text, f) >= 0 && fclose(f) == 0);
	ck_assert_ptr_null(recording_open(path_of("tape"), &head, &arena, &err));
	ck_assert_msg(strstr(err.msg, bad_tapes[_i].says) != NULL, "%s", err.msg);
}
END_TEST

/* The last line of a run that was killed. */
START_TEST(a_tape_that_was_cut)
{
	struct recording_head head;
	struct err err = { 0 };
	struct recording *r;
	FILE *f = fopen(path_of("tape"), "w");

	ck_assert(f && fputs("{\"recording\":1,\"depth\":\"read\",\"seed\":7}\n"
			     "{\"check\":\"x\",\"requ", f) >= 0 && fclose(f) == 0);
	r = recording_open(path_of("tape"), &head, &arena, &err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	ck_assert(head.has_seed && head.seed == 7);
	recording_close(r, &err);
}
END_TEST

/* ---- Capabilities. ------------------------------------------------------------------ */

START_TEST(capabilities_of_our_own)
{
	struct capability_state states[CAPABILITIES_MAX] = { 0 };
	static const char *const has[] = {
		"basic-auth", "second-account", "read-only-user", "activation-codes-api",
		"esims-api", "path-suffixes", "head", "throttle", "cursor-alone",
		"list-post", "relative-times", "not-operator", "confirmation-codes",
	};

	use("launch: {command: [PROGRAM, server, --world], scale: 60}\n");
	states[capability_find(STR("esims-api"))].declared = CAPABILITY_NO;
	capability_probe(&options, DEPTH_WORLD, NULL, states, &arena);
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++) {
		const struct capability_state *s = &states[capability_find(str_of(has[i]))];

		ck_assert_msg(s->declared == CAPABILITY_NO ? !s->has : s->has, "%s: %.*s",
			      has[i], STRF(s->why));
	}
	ck_assert(!states[capability_find(STR("api-keys"))].has);
}
END_TEST

static const struct {
	enum capability_answer declared;
	const char *status;
	bool has;
	int finding;
	bool fails;
} declarations[] = {
	{ CAPABILITY_UNKNOWN, "200 OK", true, 0, false },
	{ CAPABILITY_UNKNOWN, "404 No", false, 0, false },
	{ CAPABILITY_YES, "200 OK", true, 0, false },
	{ CAPABILITY_YES, "404 No", true, 1, true },
	{ CAPABILITY_NO, "200 OK", false, 1, false },
	{ CAPABILITY_NO, "404 No", false, 0, false },
};

START_TEST(declared_and_probed)
{
	struct capability_state states[CAPABILITIES_MAX] = { 0 };
	bool wanted[CAPABILITIES_MAX] = { 0 }, fails = false;
	int index = capability_find(STR("path-suffixes"));
	const char *answers[] = { arena_printf(&arena,
		"HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
		declarations[_i].status).p };
	struct str text;

	serve(answers, 1);
	use_server("");
	wanted[index] = true;
	states[index].declared = declarations[_i].declared;
	capability_probe(&options, DEPTH_READ, wanted, states, &arena);
	ck_assert_int_eq(seen->requests, 1);
	ck_assert_int_eq(states[index].has, declarations[_i].has);
	ck_assert_int_eq(capability_finding((size_t)index, &states[index], &arena, &text,
					    &fails), declarations[_i].finding);
	ck_assert_int_eq(fails, declarations[_i].fails);
	stop_server();
}
END_TEST

static void find_program(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	char *real;

	snprintf(program, sizeof(program), "%.*s/../esimrig", slash ? (int)(slash - argv0) : 1,
		 slash ? argv0 : ".");
	real = realpath(program, NULL);
	if (real)
		snprintf(program, sizeof(program), "%s", real);
	free(real);
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("link");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	(void)argc;
	find_program(argv[0]);
	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
#define LOOP(name, table) tcase_add_loop_test(tc, name, 0, sizeof(table) / sizeof(table[0]))
	tcase_add_test(tc, lives_in_a_world);
	tcase_add_test(tc, quirks_reach_it);
	LOOP(what_else_it_does_is_about_it, misfits);
	tcase_add_test(tc, is_prepared);
	tcase_add_test(tc, dies_in_the_middle);
	tcase_add_test(tc, world_json_is_private);
	LOOP(credentials_are_sent, credentials);
	tcase_add_test(tc, nobody_has_no_credentials);
	tcase_add_test(tc, secrets_are_masked);
	LOOP(rubbish_is_a_verdict, rubbish);
	tcase_add_test(tc, nobody_is_there);
	tcase_add_test(tc, keeps_a_gentle_pace);
	tcase_add_test(tc, waits_when_it_is_told_to);
	tcase_add_test(tc, does_not_wait_for_ever);
	LOOP(how_long_a_pause_is, pauses);
	tcase_add_test(tc, a_world_is_judged_again);
	tcase_add_test(tc, a_slow_answer_is_judged_again);
	tcase_add_test(tc, a_tape_has_no_secrets_and_all_the_rest);
	LOOP(tapes_that_are_none, bad_tapes);
	tcase_add_test(tc, a_tape_that_was_cut);
	tcase_add_test(tc, capabilities_of_our_own);
	LOOP(declared_and_probed, declarations);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	unlink(path_of("tape"));
	rmdir(folder);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
