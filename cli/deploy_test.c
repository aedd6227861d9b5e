/*
 * Goal: the four parties live on four machines, from the files of
 * docs/deploy/, as docs/deploy.md says.
 * Method: four processes, each in a directory and a network namespace of its
 * own, and a client in a fifth; all that they share is a bridge.  The client
 * registers a code, activates it, and looks at the result from three sides:
 * the server's rows, the registry's record, the SM-DP+'s notification in it.
 * Then the server goes on with the device gateway in place of the EIS.  Where
 * there can be no namespaces, the hosts are four addresses of the loopback.
 */
#include "cli/shell_test.h"
#include "sim/json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { PATIENCE_MS = 60000, TEXT_MAX = 64 << 10, COMMAND_MAX = 8000 };

enum host { SERVER, EIS, SMDP, DEVICES, HOSTS };

static const struct {
	const char *verb;
	uint16_t port;
	/* What has an address in it, when the hosts are not those of the files. */
	const char *elsewhere;
} hosts[HOSTS] = {
	[SERVER] = { "server", 8080, "--listen %1$s.2:8080 --eis-url http://%1$s.3:8081" },
	[EIS] = { "eis", 8081, "--listen %1$s.3:8081" },
	[SMDP] = { "smdp", 8443, "--listen %1$s.4:8443 --address %1$s.4:8443 "
		   "--eis-url http://%1$s.3:8081" },
	[DEVICES] = { "devices", 8082, "--eis-url http://%1$s.3:8081 --gateway %1$s.5:8082 "
		      "--report-url http://%1$s.2:8080/southbound/v1/device_reports" },
};

#define NET "10.77.0"
#define ALICE "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n"	/* alice:wonderland */
/* As in docs/deploy/. */
#define FIRST "00000000-00000000-0040FFFF-FF800001"
#define SECOND "00000000-00000000-0040FFFF-FF800002"
#define FIRST_EID "89049032000000000000000000000163"
#define SECOND_EID "89049032000000000000000000000260"
#define FIRST_BOOTSTRAP "8944000000000000910"
#define FIRST_FREDS "8944000000000000019"
#define SECOND_FREDS "8944000000000000027"

static struct {
	char net[16];			/* the first three numbers of the addresses */
	bool apart;			/* in namespaces */
	pid_t pids[HOSTS];		/* 0: does not run */
	int netns;			/* where this test was before */
} lan;

static char answer[TEXT_MAX];
static int status;

/* ---- The hosts. --------------------------------------------------------- */

/* A network of our own with a bridge in it; it ends with us. */
static bool make_lan(void)
{
	lan.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return false;
	return shell_code("exec 2>/dev/null; ip link set lo up && ip link add br0 type bridge && "
			  "ip addr add " NET ".1/24 dev br0 && ip link set br0 up") == 0;
}

static void leave_lan(void)
{
	if (lan.netns >= 0)
		setns(lan.netns, CLONE_NEWNET);
	close(lan.netns);
}

static void command_line(enum host h, const char *more, char line[COMMAND_MAX])
{
	char elsewhere[400];
	int n = 0;

	/* The address of the card stays the same, for those who have met it. */
	if (lan.apart)
		n = snprintf(line, COMMAND_MAX, "ip link set lo up && ip link set eth0 address "
			     "02:00:00:00:00:%02d && ip addr add " NET ".%d/24 dev eth0 && "
			     "ip link set eth0 up && ", h + 2, h + 2);
	/* One of our own formats, each with the one argument. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(elsewhere, sizeof(elsewhere), hosts[h].elsewhere, lan.net);
#pragma GCC diagnostic pop
	snprintf(line + n, COMMAND_MAX - (size_t)n, "cd %s/%s && exec %s %s --config %s.yaml %s %s "
		 "2>>err", shell_dir, hosts[h].verb, shell_program, hosts[h].verb,
		 hosts[h].verb, lan.apart ? "" : elsewhere, more);
}

static void await_fd(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_msg(poll(&p, 1, PATIENCE_MS) == 1, "nothing happens any more");
}

/* The other end of the cable goes into the namespace of the process. */
static void plug_in(pid_t pid, enum host h)
{
	char line[300];

	snprintf(line, sizeof(line), "ip link add veth%d type veth peer name eth0 netns %d && "
		 "ip link set veth%d master br0 up", (int)pid, (int)pid, (int)pid);
	ck_assert_msg(shell_code(line) == 0, "no cable to %s", hosts[h].verb);
}

/* Until it says that it is ready. */
static void start(enum host h, const char *more)
{
	char line[COMMAND_MAX], said[300] = "";
	int go[2], out[2];
	pid_t pid;

	ck_assert(pipe(go) == 0 && pipe(out) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		command_line(h, more, line);
		if (lan.apart && unshare(CLONE_NEWNET) < 0)
			_exit(126);
		dup2(out[1], STDOUT_FILENO);
		if (write(out[1], "\n", 1) != 1 || read(go[0], said, 1) != 1)
			_exit(126);
		close(go[0]);
		close(go[1]);
		close(out[0]);
		close(out[1]);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	lan.pids[h] = pid;
	close(go[0]);
	close(out[1]);
	await_fd(out[0]);
	ck_assert(read(out[0], said, 1) == 1);
	if (lan.apart)
		plug_in(pid, h);
	ck_assert(write(go[1], "\n", 1) == 1);
	close(go[1]);
	await_fd(out[0]);
	if (read(out[0], said, sizeof(said) - 1) <= 0) {
		snprintf(line, sizeof(line), "cat %s/%s/err >&2", shell_dir, hosts[h].verb);
		shell_code(line);
		ck_abort_msg("esimrig %s does not start", hosts[h].verb);
	}
	close(out[0]);
}

static void stop(enum host h)
{
	int code;

	kill(lan.pids[h], SIGTERM);
	ck_assert_int_eq(waitpid(lan.pids[h], &code, 0), lan.pids[h]);
	lan.pids[h] = 0;
	ck_assert_msg(WIFEXITED(code) && WEXITSTATUS(code) == 0, "esimrig %s ended with %x",
		      hosts[h].verb, (unsigned)code);
}

/* Each machine has its configuration; the keys are copied from one to another. */
static void make_hosts(void)
{
	char line[COMMAND_MAX];

	memcpy(shell_dir + sizeof(shell_dir) - 7, "XXXXXX", 6);
	shell_set_up();
	snprintf(line, sizeof(line), "for h in server eis smdp devices; do mkdir %1$s/$h && "
		 "cp docs/deploy/$h.yaml %1$s/$h/ || exit; done; cd %1$s && "
		 "%2$s pki init smdp/pki >/dev/null && cp -r smdp/pki devices/ && "
		 "cat smdp/pki/ci-*.pem >devices/ci.pem", shell_dir, shell_program);
	ck_assert_int_eq(shell_code(line), 0);
	setenv("EIS_TOKEN", "eis-secret", 1);
	setenv("REPORT_TOKEN", "report-secret", 1);
	setenv("GATEWAY_TOKEN", "gateway-secret", 1);
	setenv("ALICE_PASSWORD", "wonderland", 1);
}

/* ---- The client. -------------------------------------------------------- */

static int dial(enum host h)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(hosts[h].port) };
	struct timeval limit = { PATIENCE_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[40];

	snprintf(text, sizeof(text), "%s.%d", lan.net, h + 2);
	ck_assert_int_eq(inet_pton(AF_INET, text, &sa.sin_addr), 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ck_assert_msg(connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0, "%s:%u: %s", text,
		      hosts[h].port, strerror(errno));
	return fd;
}

/* The body is in `answer`, the code in `status`. */
static void ask(enum host h, const char *line, const char *headers, const char *body)
{
	static char text[TEXT_MAX];
	int fd = dial(h), n;
	size_t got = 0;
	ssize_t more;
	char *at;

	n = snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s"
		     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", line,
		     headers, strlen(body), body);
	ck_assert_int_eq(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
	while ((more = recv(fd, text + got, sizeof(text) - 1 - got, 0)) > 0)
		got += (size_t)more;
	close(fd);
	text[got] = '\0';
	ck_assert_msg(got > 12 && (at = strstr(text, "\r\n\r\n")), "%s: %s", line, text);
	status = (int)strtol(text + 9, NULL, 10);
	snprintf(answer, sizeof(answer), "%s", at + 4);
}

static void ask_ok(enum host h, const char *line, const char *headers, const char *body,
		   int wanted)
{
	ask(h, line, headers, body);
	ck_assert_msg(status == wanted, "%s: %d expected, found %d: %s", line, wanted, status,
		      answer);
}

static bool says(const char *words)
{
	return strstr(answer, words) != NULL;
}

/* Ask again until it says that. */
static void await(enum host h, const char *line, const char *headers, const char *words)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
		ask_ok(h, line, headers, "", 200);
		if (says(words))
			return;
		ck_assert_msg(!says("\"failed\""), "%s: %s", line, answer);
		poll(NULL, 0, 50);
	}
	ck_abort_msg("%s: '%s' expected, found %s", line, words, answer);
}

static void member(const char *name, char *out, size_t size)
{
	struct err err;
	cJSON *tree = json_parse(str_of(answer), &err);
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(tree, name);

	ck_assert_msg(cJSON_IsString(m), "'%s' expected in %s", name, answer);
	snprintf(out, size, "%s", m->valuestring);
	cJSON_Delete(tree);
}

/* From the code to the profile that gives network. */
static void activate(const char *device, const char *carrier, const char *iccid,
		     const char *matching_id)
{
	char text[600], id[100], line[200];

	snprintf(text, sizeof(text), "{\"iccid\":\"%s\",\"carrier\":\"%s\",\"activation_code\":"
		 "\"LPA:1$%s.4:8443$%s\"}", iccid, carrier, lan.net, matching_id);
	ask_ok(SERVER, "POST /ws/v1/esim_activation_codes/inventory", ALICE, text, 201);
	snprintf(text, sizeof(text), "{\"device_id\":\"%s\",\"operation\":\"activate\","
		 "\"carrier\":\"%s\"}", device, carrier);
	ask_ok(SERVER, "POST /ws/v1/esim_profiles/operations/inventory", ALICE, text, 200);
	member("id", id, sizeof(id));
	snprintf(line, sizeof(line), "GET /ws/v1/esim_profiles/operations/inventory/%s", id);
	await(SERVER, line, ALICE, "\"successful\"");
	snprintf(line, sizeof(line), "GET /ws/v1/esim_profiles/inventory/%s", iccid);
	ask_ok(SERVER, line, ALICE, "", 200);
	ck_assert_msg(says("\"carrier\":\"Mobile\"") && says("\"status\":\"active\"") &&
		      says(device), "%s", answer);
}

/* ---- The stories. ------------------------------------------------------- */

/* Of a profile that came from an SM-DP+. */
#define ENABLED "\"state\":\"enabled\",\"smdp-id\""
#define EIS_TOKEN "Authorization: Bearer eis-secret\r\n"

static void through_the_registry(void)
{
	start(EIS, "");
	start(SMDP, "");
	start(SERVER, "--check-interval 1s");
	start(DEVICES, "--poll 1s");
	await(SERVER, "GET /ws/v1/esim_profiles/inventory", ALICE, "\"count\":2");
	ck_assert_msg(says("\"carrier\":\"Bootstrap\"") && says("\"type\":\"bootstrap\""),
		      "%s", answer);
	activate(FIRST, "Fred's Fast Wireless Service", FIRST_FREDS, "FREDS-1");
	ask_ok(SERVER, "GET /ws/v1/esim_profiles/inventory/" FIRST_BOOTSTRAP, ALICE, "", 200);
	ck_assert_msg(says("\"status\":\"inactive\""), "%s", answer);
	ask_ok(EIS, "GET /eis/v1/euicc/" FIRST_EID, "", "", 401);
	/* The registry has it from the device, and from the SM-DP+. */
	await(EIS, "GET /eis/v1/euicc/" FIRST_EID, EIS_TOKEN, "\"requesterId\":\"smdp\"");
	ck_assert_msg(says("\"iccid\":\"" FIRST_FREDS "\"") && says(ENABLED), "%s", answer);
}

static void through_the_gateway(void)
{
	char more[200];

	stop(SERVER);
	snprintf(more, sizeof(more), "--check-interval 1s --gateway-url http://%s.5:8082 "
		 "--gateway-token env:GATEWAY_TOKEN", lan.net);
	start(SERVER, more);
	/* What was there before is there now. */
	ask_ok(SERVER, "GET /ws/v1/esim_profiles/inventory", ALICE, "", 200);
	ck_assert_msg(says("\"count\":3"), "%s", answer);
	ask_ok(DEVICES, "GET /gateway/v1/devices/" SECOND, "", "", 401);
	activate(SECOND, "Fred's Fast Wireless Service", SECOND_FREDS, "FREDS-2");
	ask_ok(DEVICES, "GET /gateway/v1/devices/" SECOND "/commands",
	       "Authorization: Bearer gateway-secret\r\n", "", 200);
	ck_assert_msg(says("\"operation\":\"download\"") &&
		      says("\"operation\":\"enable\"") && !says("FREDS-2"), "%s", answer);
	/* The registry was not asked, but hears of it. */
	ask_ok(EIS, "GET /eis/v1/euicc/" SECOND_EID "/orders", EIS_TOKEN, "", 200);
	ck_assert_str_eq(answer, "{\"orders\":[]}");
	await(EIS, "GET /eis/v1/euicc/" SECOND_EID, EIS_TOKEN, ENABLED);
}

static void stop_all(void)
{
	for (enum host h = SERVER; h < HOSTS; h++)
		stop(h);
}

/* Whatever came of it, nothing goes on running. */
static void clean_up(void)
{
	for (enum host h = SERVER; h < HOSTS; h++)
		if (lan.pids[h]) {
			kill(lan.pids[h], SIGKILL);
			waitpid(lan.pids[h], NULL, 0);
			lan.pids[h] = 0;
		}
	shell_tear_down();
}

START_TEST(on_four_hosts)
{
	lan.apart = make_lan();
	snprintf(lan.net, sizeof(lan.net), NET);
	if (lan.apart) {
		through_the_registry();
		through_the_gateway();
		stop_all();
	} else {
		fprintf(stderr, "deploy_test: no network namespaces here (they need root and a "
			"bridge): four addresses only\n");
	}
	leave_lan();
}
END_TEST

START_TEST(on_four_addresses)
{
	lan.apart = false;
	/* So that two runs at a time do not meet. */
	snprintf(lan.net, sizeof(lan.net), "127.%d.%d", 1 + getpid() / 250 % 250,
		 getpid() % 250);
	through_the_registry();
	through_the_gateway();
	stop_all();
}
END_TEST

#define A_DEVICE "{device-id: " FIRST ", eid: '" FIRST_EID "'"

static const struct {
	const char *text, *words;
} wrong[] = {
	{ "eis-url: http://127.0.0.1:1\n", "needs the key 'devices'" },
	{ "devices: {a: " A_DEVICE "}, b: {device-id: " FIRST ", eid: '" SECOND_EID "'}}\n",
	  "c.yaml:1:105: device id " FIRST " is there already" },
	{ "devices: {a: " A_DEVICE "}, b: {device-id: " SECOND ", eid: '" FIRST_EID "'}}\n",
	  "EID " FIRST_EID " is there already" },
	{ "gateway: 127.0.0.1\ndevices: {a: " A_DEVICE "}}\n", "c.yaml:1:10: expected an address and a port" },
	{ "gateway-token: env:NOT_THERE_AT_ALL\ndevices: {a: " A_DEVICE "}}\n",
	  "no variable NOT_THERE_AT_ALL" },
	{ "devices: {a: " A_DEVICE ", profiles: [{iccid: '" FIRST_FREDS "', type: normal}]}}\n",
	  "expected operational, bootstrap" },
};

START_TEST(says_what_is_wrong)
{
	struct buf out, err;

	shell_write("c.yaml", wrong[_i].text);
	ck_assert_int_eq(shell_run("$P devices --config c.yaml", &out, &err), 2);
	ck_assert_msg(strstr(err.p, wrong[_i].words), "'%s' expected in: %s", wrong[_i].words,
		      err.p);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

int main(void)
{
	SRunner *runner;
	TCase *tc = tcase_create("hosts");
	Suite *suite = suite_create("cli/deploy");
	int failed;

	tcase_add_checked_fixture(tc, make_hosts, clean_up);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, says_what_is_wrong, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, on_four_addresses);
	tcase_add_test(tc, on_four_hosts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
