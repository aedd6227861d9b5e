/*
 * Goal: a target file means what docs/conformance.md says; what is wrong in it
 * is told in its place; and nothing that may be a secret is told at all.
 * Method: files as text, with the words that must and must not be in what is
 * said; the page is searched for every key and every capability.
 */
#include "conformance/target.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct arena arena;
static struct target target;
static char folder[] = "/tmp/target-test-XXXXXX";

static void tear_down(void)
{
	arena_release(&arena);
	arena = (struct arena){ 0 };
}

/* What is said of it, or "". */
static const char *load(const char *text)
{
	struct diag d;
	struct buf out;
	const char *said;

	diag_init(&d, &arena);
	buf_init(&out, 64 << 10);
	if (target_load_text(&target, arena_printf(&arena, "%s/t.yaml", folder).p,
			     str_of(text), &arena, &d) < 0)
		target_print_diag(&target, &d, &arena, &out);
	said = arena_str(&arena, buf_view(&out)).p;
	buf_release(&out);
	return said;
}

static void load_well(const char *text)
{
	const char *said = load(text);

	ck_assert_msg(said[0] == '\0', "%s", said);
}

static void is(struct str s, const char *expected)
{
	ck_assert_msg(str_is(s, expected), "'%.*s', not '%s'", STRF(s), expected);
}

START_TEST(everything)
{
	setenv("TARGET_TEST_PASSWORD", "wonder", 1);
	load_well("name: staging\n"
		  "url: https://api.example.com:8443/base\n"
		  "auth: {basic: {user: alice, password: \"${env:TARGET_TEST_PASSWORD}land\"}}\n"
		  "users:\n"
		  "  other: {bearer: t-1}\n"
		  "  read_only: {api-key: {id: abc, secret: file:secret}}\n"
		  "headers: {X-Tenant: seven}\n"
		  "tls: {ca: ca.pem, cert: /etc/c.pem, key: k.pem, insecure: true}\n"
		  "rate: 120/min\n"
		  "max-requests: 2\n"
		  "timeout: 5s\n"
		  "capabilities: {gzip: false, head: true}\n"
		  "tolerances: {EP-BULK-016: it is so}\n"
		  "depth: read\n"
		  "launch: {prepare: [./reset.sh, hard], scale: 60, ready: 5s, grace: 1s}\n");
	is(target.name, "staging");
	is(target.url, "https://api.example.com:8443/base");
	ck_assert_uint_eq(target.users.count, 3);
	is(target.users.list[0].key, "main");
	ck_assert_int_eq(target.users.list[0].auth.kind, AUTH_BASIC);
	is(target.users.list[0].auth.secret, "wonderland");
	ck_assert_int_eq(target.users.list[1].auth.kind, AUTH_BEARER);
	is(target.users.list[2].auth.name, "abc");
	is(target.users.list[2].auth.secret, "from a file");
	is(target.headers.list[0].value, "seven");
	is(target.tls.ca, arena_printf(&arena, "%s/ca.pem", folder).p);
	is(target.tls.cert, "/etc/c.pem");
	ck_assert(target.tls.insecure);
	ck_assert_int_eq(target.gap_ns, NS_PER_S / 2);
	ck_assert_int_eq(target.max_requests, 2);
	ck_assert_int_eq(target.timeout_ns, 5 * NS_PER_S);
	ck_assert_int_eq(target.declared[capability_find(STR("gzip"))], CAPABILITY_NO);
	ck_assert_int_eq(target.declared[capability_find(STR("head"))], CAPABILITY_YES);
	ck_assert_int_eq(target.declared[capability_find(STR("throttle"))], CAPABILITY_UNKNOWN);
	is(target_tolerates(&target, STR("EP-BULK-016")), "it is so");
	ck_assert_ptr_null(target_tolerates(&target, STR("EP-BULK-017")).p);
	ck_assert_int_eq(target.depth, DEPTH_READ);
	ck_assert_uint_eq(target.launch.prepare.count, 2);
	is(target.launch.folder, folder);
	ck_assert_int_eq(target.launch.ready_ns, 5 * NS_PER_S);
	/* Masked: passwords, their base64, headers. */
	is(target_mask(&target, STR("wonderland, YWxpY2U6d29uZGVybGFuZA==, t-1 seven."), &arena),
	   "***, ***, *** ***.");
}
END_TEST

START_TEST(little)
{
	load_well("url: http://127.0.0.1:8080\n");
	ck_assert_int_eq(target.depth, DEPTH_READ);
	ck_assert_int_eq(target.max_requests, 4);
	ck_assert_int_eq(target.gap_ns, NS_PER_S / 20);
	ck_assert_uint_eq(target.users.count, 0);
	load_well("launch: {command: ./server}\n");
	ck_assert_int_eq(target.depth, DEPTH_WORLD);
	ck_assert(target.launch.scale >= 1 && target.launch.scale <= 1);
	ck_assert_int_eq(target.launch.at_once, 4);
	load_well("url: http://h\nlaunch: {prepare: ./reset}\n");
	ck_assert_int_eq(target.launch.at_once, 1);
	/* Names, with secrets from elsewhere, also deep inside. */
	load_well("url: http://h\nworld: {carriers: {c: {codes: [{matching-id: 'x-${env:TARGET_TEST_PASSWORD}'}]}}}\n");
	ck_assert_int_eq(target.depth, DEPTH_ACTIONS);
	is(value_get(value_get(value_get(value_get(target.world, "carriers"), "c"),
			       "codes")->items[0], "matching-id")->text, "x-wonder");
}
END_TEST

/* Each file is wrong; all of `says` is said, at the place. */
static const struct {
	const char *text, *says, *hint;
} mistakes[] = {
	{ "ulr: http://h\n", "t.yaml:1:1: unknown key 'ulr'", "did you mean 'url'?" },
	{ "url: http://h\ncapabilities: {path-sufixes: true}\n",
	  ":2:16: there is no capability 'path-sufixes'", "did you mean 'path-suffixes'?" },
	{ "url: http://h\ncapabilities: {gzip: maybe}\n", ":2:22: expected true or false", "^^^^^" },
	{ "url: ftp://h\n", ":1:6: 'url': expected http://host", "^^^" },
	{ "url: http://\n", "it names no host", "" },
	{ "url: http://me:secret@h/\n", "credentials stand in 'auth'", "" },
	{ "url: http://h/?a=b\n", "a query cannot stand there", "" },
	{ "url: http://h\nrate: fast\n", ":2:7: expected a rate such as 5/s", "^^^^" },
	{ "url: http://h\nrate: 0/s\n", "expected a rate", "" },
	{ "url: http://h\nmax-requests: 65\n", ":2:15: ", "64" },
	{ "url: http://h\ntimeout: soon\n", ":2:10: ", "" },
	{ "url: http://h\ndepth: deep\n", ":2:8: ", "" },
	{ "name: x\n", "which server? It needs 'url'", "" },
	{ "url: http://h\ndepth: world\n", "depth world needs 'launch'", "" },
	{ "url: http://h\ndepth: actions\n", "depth actions needs 'world'", "" },
	{ "launch: {scale: 3}\n", "'launch' needs 'command'", "" },
	{ "launch: {command: a, prepare: b}\n", "and not both", "" },
	{ "launch: {prepare: b}\n", "'prepare' needs 'url'", "" },
	{ "url: http://h\nlaunch: {prepare: b, at-once: 2}\n",
	  ":2:9: 'at-once': a server that is at 'url' is in one world at a time", "" },
	{ "launch: {command: a, at-once: 0}\n", ":1:31: ", "256" },
	{ "launch: {command: a, scale: 0.5}\n", ":1:29: expected a number from 1 to 1000", "" },
	{ "url: http://h\ntls: {cert: a}\n", "one needs the other", "" },
	{ "url: http://h\nauth: {}\n", "expected one of basic, api-key and bearer", "" },
	{ "url: http://h\nauth: {basic: {user: u}}\n", "needs the key 'password'", "" },
	{ "url: http://h\nauth: {bearer: x}\nusers: {main: {bearer: y}}\n",
	  "both have credentials of main", "" },
	{ "url: http://h\nauth: {bearer: '${env:TARGET_TEST_NONE}'}\n",
	  ":2:16: the environment has no variable TARGET_TEST_NONE", "" },
	{ "url: http://h\nauth: {bearer: '${env:OPEN'}\n", "without a }", "" },
	{ "url: http://h\nauth: {bearer: 'file:nowhere'}\n", "cannot read /tmp/target-test-", "nowhere" },
	{ "url: http://h\nauth: {bearer: \"a\\nb\"}\n", "expected one line", "" },
	{ "url: http://h\nheaders: {\"X y\": z}\n", ":2:11: that is no name of a header", "" },
	{ "url: http://h\ntolerances: {EP-X-001: }\n", "expected a sentence that says why", "" },
	{ "url: http://h\nworld: [a]\n", "expected a map as in a scenario", "" },
	{ "- a\n", "t.yaml:1:1: ", "" },
};

START_TEST(mistake)
{
	const char *said = load(mistakes[_i].text);

	ck_assert_msg(strstr(said, mistakes[_i].says) != NULL &&
		      strstr(said, mistakes[_i].hint) != NULL, "%s", said);
}
END_TEST

/* However wrong the file, the word stays where it is. */
static const char *const leaks[] = {
	"url: http://h\nauth: {basic: {user: u, password: SESAME, pasword: SESAME}}\n",
	"url: http://h\nauth: {basic: {user: u, password: [SESAME]}}\n",
	"url: http://h\nauth: {basic: SESAME}\n",
	"url: http://h\nauth: SESAME\n",
	"url: http://h\nauht: {basic: {user: u, password: SESAME}}\n",
	"url: http://h\nusers: {main: {bearer: SESAME}, other: {bearer: SESAME, basic: 7}}\n",
	"url: http://h\nheaders: [SESAME]\n",
	"url: http://h\nheaders: {X: SESAME, \"Y Z\": SESAME}\n",
	"url: http://h\nworld: SESAME\n",
	"url: http://h\nauth: {bearer: \"SESAME\n",
	"url: http://h\nauth: {bearer: SESAME}}\n",
	"url: http://h\npassword: |\n  SESAME\n  SESAME\nrate: none\n",
};

START_TEST(nothing_leaks)
{
	const char *said = load(leaks[_i]);

	ck_assert(said[0] != '\0');
	ck_assert_msg(strstr(said, "SESAME") == NULL, "%s", said);
	ck_assert_msg(strstr(said, "t.yaml") != NULL, "%s", said);
}
END_TEST

START_TEST(urls_with_options)
{
	const struct target_options o = {
		.user = "alice:${env:TARGET_TEST_PASSWORD}:x", .header = "X-A: b: c",
		.ca_file = "ca.pem", .insecure = true, .rate = "2/s", .timeout = "7s",
	};
	struct err err = { 0 };

	ck_assert_int_eq(target_from_url(&target, "http://h:1/x", &arena, &err), 0);
	is(target.name, "http://h:1/x");
	ck_assert_msg(target_apply(&target, &o, &arena, &err) == 0, "%s", err.msg);
	is(target.users.list[0].auth.name, "alice");
	is(target.users.list[0].auth.secret, "wonder:x");
	is(target.headers.list[0].name, "X-A");
	is(target.headers.list[0].value, "b: c");
	is(target.tls.ca, "ca.pem");
	ck_assert(target.tls.insecure && target.gap_ns == NS_PER_S / 2 &&
		  target.timeout_ns == 7 * NS_PER_S);
	is(target_mask(&target, STR("a wonder:x b"), &arena), "a *** b");
	/* A later option goes before what was there. */
	ck_assert_int_eq(target_apply(&target, &(struct target_options){ .bearer = "tok" },
				      &arena, &err), 0);
	ck_assert_uint_eq(target.users.count, 1);
	ck_assert_int_eq(target.users.list[0].auth.kind, AUTH_BEARER);
}
END_TEST

static const struct {
	struct target_options o;
	const char *says;
} bad_options[] = {
	{ { .user = "SESAME" }, "--user: expected two parts" },
	{ { .api_key = "SESAME" }, "--api-key: expected two parts" },
	{ { .bearer = "${env:TARGET_TEST_NONE}" }, "--bearer: the environment has no variable" },
	{ { .header = "SESAME" }, "--header: expected 'Name: value'" },
	{ { .rate = "x" }, "--rate: " },
	{ { .timeout = "x" }, "--timeout: " },
};

START_TEST(bad_option)
{
	struct err err = { 0 };

	ck_assert_int_eq(target_from_url(&target, "http://h", &arena, &err), 0);
	ck_assert_int_eq(target_apply(&target, &bad_options[_i].o, &arena, &err), -1);
	ck_assert_msg(strstr(err.msg, bad_options[_i].says) != NULL, "%s", err.msg);
	ck_assert_ptr_null(strstr(err.msg, "SESAME"));
}
END_TEST

/* docs/conformance.md has a row for each key and each capability. */
START_TEST(the_page)
{
	static const char *const keys[] = {
		"name", "url", "auth", "users", "headers", "tls", "rate", "max-requests",
		"timeout", "depth", "capabilities", "tolerances", "world", "launch",
		"command", "prepare", "scale", "at-once", "longest-wait", "ready", "grace",
	};
	static char page[64 << 10];
	char row[80];
	FILE *f = fopen("docs/conformance.md", "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	page[n] = '\0';
	fclose(f);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(row, sizeof(row), "\n| `%s` | ", keys[i]);
		ck_assert_msg(strstr(page, row) != NULL, "%s", keys[i]);
	}
	for (size_t i = 0; i < capability_count; i++) {
		snprintf(row, sizeof(row), "\n| `%s` | ", capabilities[i].name);
		ck_assert_msg(strstr(page, row) != NULL, "%s", capabilities[i].name);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("target");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	char path[100];
	FILE *f;
	int failed;

	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	snprintf(path, sizeof(path), "%s/secret", folder);
	f = fopen(path, "w");
	if (!f || fputs("from a file\r\n", f) < 0 || fclose(f) != 0)
		return EXIT_FAILURE;
	setenv("TARGET_TEST_PASSWORD", "wonder", 1);
	unsetenv("TARGET_TEST_NONE");
	tcase_add_checked_fixture(tc, NULL, tear_down);
#define LOOP(name, table) tcase_add_loop_test(tc, name, 0, sizeof(table) / sizeof(table[0]))
	tcase_add_test(tc, everything);
	tcase_add_test(tc, little);
	LOOP(mistake, mistakes);
	LOOP(nothing_leaks, leaks);
	tcase_add_test(tc, urls_with_options);
	LOOP(bad_option, bad_options);
	tcase_add_test(tc, the_page);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	unlink(path);
	rmdir(folder);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
