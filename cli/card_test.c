/*
 * Goal: `esimrig card`, `lpa`, `pki` and `der` as their users meet them: a card
 * that talks JSON lines or hex digits, remembers what was done to it, and keys in
 * files that OpenSSL takes for what they are.
 * Oracle: what SGP.22, 5.7, makes of the commands, by hand; openssl's command.
 */
#include "proto/rsp_upp.h"
#include "sim/buf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char program[4096], dir[64];
static struct buf out;

/* Runs `script` with sh in the test's directory; $E is the program.  What it
 * prints, stderr included, is in `out`; returns its exit code. */
static int sh(const char *script)
{
	char command[8192], chunk[4096];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	snprintf(command, sizeof(command),
		 "cd %s && E='%s' && XDG_DATA_HOME=%s/data && export XDG_DATA_HOME && "
		 "{ %s\n} 2>&1", dir, program, dir, script);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	buf_clear(&out);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_add(&out, chunk, (size_t)n);
	buf_add(&out, "", 0);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_says(const char *text)
{
	ck_assert_msg(strstr(out.p, text), "expected '%s' in:\n%s", text, out.p);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/esimrig-card-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	buf_init(&out, 1 << 20);
}

static void teardown(void)
{
	sh("rm -rf \"$PWD\"");
	buf_release(&out);
}

/* It was built beside the folder of this test. */
static void find_program(const char *self)
{
	const char *slash = strrchr(self, '/');
	char where[4000], *real;

	snprintf(where, sizeof(where), "%.*s/../esimrig", slash ? (int)(slash - self) : 1,
		 slash ? self : ".");
	real = realpath(where, NULL);
	snprintf(program, sizeof(program), "%s", real ? real : "esimrig");
	free(real);
}

START_TEST(keys_in_files)
{
	ck_assert_int_eq(sh("$E pki init"), 0);
	check_says("a CI on P-256 and one on brainpoolP256r1");
	ck_assert_int_eq(sh("$E pki init"), 2);
	check_says("certificates or keys already");
	ck_assert_int_eq(sh("$E pki make dp-tls --name dp.example && "
			    "$E pki make dp-auth --name dp.example --curve brainpool && "
			    "$E pki make euicc --name 89049032000000000000000000000163"), 0);
	ck_assert_int_eq(sh("$E pki show"), 0);
	check_says("dp-tls   P-256");
	check_says("dp-auth  brainpool");
	check_says("euicc    P-256      until 2049-12-31  with key  8904903200000000");
	/* A chain that OpenSSL believes; private keys that nobody else may read. */
	ck_assert_int_eq(sh("cd data/esimrig/pki && openssl verify -CAfile ci-p256-*.pem "
			    "dp-tls-p256-*.pem && stat -c %a *.key | sort -u"), 0);
	check_says(": OK\n600\n");
	ck_assert_int_eq(sh("cd data/esimrig/pki && openssl x509 -noout -text -in "
			    "dp-tls-p256-*.pem"), 0);
	check_says("DNS:dp.example");
	check_says("Policy: 2.23.146.1.2.1.3");
}
END_TEST

START_TEST(bad_certificates)
{
	ck_assert_int_eq(sh("$E pki make dp-auth --name dp.example --fault expired && "
			    "openssl x509 -checkend 0 -in data/esimrig/pki/dp-auth-*.pem"), 1);
	check_says("Certificate will expire");
	ck_assert_int_eq(sh("$E pki make dp-auth --name x --fault rotten"), 2);
	check_says("--fault rotten: no such fault");
	ck_assert_int_eq(sh("$E pki make king --name x"), 2);
	check_says("'king': expected eum, euicc");
	ck_assert_int_eq(sh("$E pki make euicc --name 12"), 2);
	check_says("expected an EID, 32 digits");
	ck_assert_int_eq(sh("$E pki make dp-auth --name good.example && "
			    "$E pki revoke data/esimrig/pki/$($E pki make dp-auth --name "
			    "good.example).pem && openssl crl -inform DER -noout -text "
			    "-in data/esimrig/pki/revoked-p256-*.crl && $E pki show"), 0);
	check_says("Revoked Certificates:");
	check_says("with key  revoked");
	ck_assert_int_eq(sh("$E pki revoke nowhere.pem"), 2);
	check_says("esimrig pki: nowhere.pem: No such file");
	ck_assert_int_eq(sh("mkdir empty; $E pki show --pki empty"), 2);
	check_says("no CI certificate in it");
	ck_assert_int_eq(sh("echo rubbish > empty/a.pem; $E pki show --pki empty"), 2);
	check_says("empty/a.pem: certificate: expected PEM or DER");
}
END_TEST

#define SELECT "00A4040010A0000005591010FFFFFFFF8900000100"
#define CALL(func, param) \
	"{\"type\":\"apdu\",\"payload\":{\"func\":\"" func "\",\"param\":" param "}}\\n"

START_TEST(json_lines)
{
	ck_assert_int_eq(sh("printf '"
		CALL("connect", "null")
		"{\"type\":\"progress\",\"payload\":{\"code\":0}}\\nnonsense\\n{}\\n"
		CALL("logic_channel_open", "\"A0000005591010FFFFFFFF8900000100\"")
		CALL("transmit", "\"81E2910006BF3E035C015A\"")
		CALL("transmit", "\"81C0000000\"")
		CALL("transmit", "\"xyz\"")
		CALL("logic_channel_close", "\"01\"")
		CALL("transmit", "\"81C0000000\"")
		CALL("disconnect", "null")
		CALL("sing", "null")
		"' | $E card --stdio"), 0);
	ck_assert_str_eq(out.p,
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":0}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":1}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":0,\"data\":\"6115\"}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":0,\"data\":"
		"\"BF3E125A10890490320000000000000000000001639000\"}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":-1}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":0}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":0,\"data\":\"6881\"}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":0}}\n"
		"{\"type\":\"apdu\",\"payload\":{\"ecode\":-1}}\n");
}
END_TEST

/* What one process did to it, the next one finds. */
START_TEST(flash)
{
	ck_assert_int_eq(sh("printf '"
		CALL("logic_channel_open", "\"A0000005591010FFFFFFFF8900000100\"")
		CALL("transmit", "\"81E291000BBF3F08800664702E746573\"")
		"' | $E card --stdio --state card --eid 89049032000000000000000000000260"), 0);
	ck_assert_int_eq(sh("printf '"
		CALL("logic_channel_open", "\"A0000005591010FFFFFFFF8900000100\"")
		CALL("transmit", "\"81E2910003BF3C00\"")
		CALL("transmit", "\"81C0000000\"")
		"' | $E card --stdio --state card"), 0);
	check_says("\"BF3C0A800664702E74657381009000\"");
	ck_assert_int_eq(sh("$E card --stdio --state card --eid "
			    "89049032000000000000000000000163 </dev/null"), 2);
	check_says("it is the state of EID 89049032000000000000000000000260");
	ck_assert_int_eq(sh("echo rubbish > card; $E card --stdio --state card </dev/null"), 2);
	check_says("card: card: its state is damaged");
	ck_assert_int_eq(sh("$E card --stdio --state /nowhere/card </dev/null"), 0);
}
END_TEST

START_TEST(hex_digits)
{
	ck_assert_int_eq(sh("$E card --tcp 127.0.0.1:0 > where & card=$!\n"
		"until grep -qs listening where; do sleep 0.05; done\n"
		"port=$(sed 's/.*://' where)\n"
		"printf 'reset\\n" SELECT "\\n80c0000000\\nxy\\n\\n' | "
		"bash -c \"exec 3<>/dev/tcp/127.0.0.1/$port; cat >&3; head -5 <&3\"\n"
		"kill $card"), 0);
	ck_assert_str_eq(out.p, "3B078031C073C0010B\n6121\n"
		"6F1F8410A0000005591010FFFFFFFF8900000100A5049F6501FFE00582030202029000\n"
		"error: hex: character 1 is no digit\n6700\n");
}
END_TEST

/* An SM-DP+ and an LPA, over https, with keys of one directory. */
START_TEST(downloads)
{
	ck_assert_int_eq(sh("cat > dp.yaml <<'END'\n"
		"listen: 127.0.0.1:0\naddress: localhost\nprofiles:\n"
		"  - {iccid: '8944000000000000017', matching-id: M-1, spn: Mobile}\n"
		"  - {iccid: '8944000000000000025', matching-id: M-2, confirmation-code: '12'}\n"
		"END\n"
		"$E smdp --config dp.yaml > where & smdp=$!\n"
		"until grep -qs listening where; do sleep 0.05; done\n"
		"at=localhost:$(sed 's/.*://' where)\n"
		"$E lpa profile download -q 'LPA:1$'$at'$M-1'; echo $?\n"
		"$E lpa profile download -q --smdp $at --matching-id M-2; echo $?\n"
		"CODE=12 $E lpa profile download -q --smdp $at --matching-id M-2 "
		"--confirmation-code env:CODE; echo $?\n"
		"$E lpa profile enable 8944000000000000017 && $E lpa profile list\n"
		"XDG_DATA_HOME=$PWD/other $E lpa profile download -q --state other.card "
		"'LPA:1$'$at'$M-1'; echo $?\n"
		"kill $smdp"), 0);
	check_says("installed 8944000000000000017\n0\n");
	check_says("the confirmation code is missing (8.2.7/2.2)\n1\n");
	check_says("installed 8944000000000000025\n0\n");
	check_says("8944000000000000017  enabled  operational  Mobile\n");
	/* A stranger's CI does not vouch for that SM-DP+. */
	check_says("smdpUnreachable: initiateAuthentication: localhost:");
	check_says(": the certificate of 'localhost', which 'esimrig CI' issued: unable to get "
		   "local issuer certificate\n1\n");
	ck_assert_ptr_null(strstr(out.p, "M-1"));
}
END_TEST

/* The SM-DS tells of two profiles, the default SM-DP+ has a third, and a fourth is not
 * for this eUICC. */
START_TEST(discovery)
{
	ck_assert_int_eq(sh("wait_for() { until grep -qs listening $1; do sleep 0.05; done; "
		"sed 's/.*://' $1; }\n"
		"EID=89049032000000000000000000000163\n"
		"$E smds --listen 127.0.0.1:0 --address localhost > ds & smds=$!\n"
		"ds=localhost:$(wait_for ds)\n"
		"cat > dp.yaml <<END\n"
		"listen: 127.0.0.1:0\naddress: localhost\nsmds: $ds\nprofiles:\n"
		"  - {iccid: '8944000000000000017', matching-id: M-1, eid: '$EID', smds: true}\n"
		"  - {iccid: '8944000000000000025', eid: '$EID'}\n"
		"  - {iccid: '8944000000000000033', matching-id: M-3, smds: true,\n"
		"     eid: '89049032000000000000012345678946'}\n"
		"END\n"
		"$E smdp --config dp.yaml > where & smdp=$!\n"
		"dp=localhost:$(wait_for where)\n"
		"$E lpa --eid $EID chip root-smds $ds | grep SM-DS; $E lpa chip default-smdp $dp >/dev/null\n"
		/* Its certificate is for localhost, and its address has no port. */
		"$E lpa discovery -q --smds $ds; echo $?\n"
		"$E lpa profile download -q; echo $?\n"
		"$E lpa discovery -q --smds $dp; echo $?\n"
		"$E lpa --insecure profile download -q --smdp $dp --matching-id M-1; echo $?\n"
		"$E lpa notification list | wc -l\n"
		"kill $smdp $smds"), 0);
	check_says("SM-DS            localhost:");
	check_says("localhost\n0\n");
	check_says("installed 8944000000000000025\n0\n");
	check_says("discoveryFailed: ");
	check_says("installed 8944000000000000017\n0\n2\n");
	ck_assert_ptr_null(strstr(out.p, "M-1"));
}
END_TEST

/* What is wrong with the SM-DP+'s TLS certificate, and whose it is. */
START_TEST(tls_refused)
{
	static const char *const said[][2] = {
		{ "expired", ": the certificate of 'localhost', which 'esimrig CI' issued: "
		  "certificate has expired\n" },
		{ "wrong-signature", ": the certificate of 'localhost', which 'esimrig CI' issued: "
		  "certificate signature failure\n" },
	};

	ck_assert_int_eq(sh("$E pki init good && cp -r good bad"), 0);
	for (int i = 0; i < 2; i++) {
		char script[1024];

		snprintf(script, sizeof(script),
			 "rm -f bad/dp-tls* where; "
			 "$E pki make dp-tls --name localhost --fault %s --pki bad\n"
			 "$E smdp --listen 127.0.0.1:0 --address localhost --pki bad >where &\n"
			 "smdp=$!\nuntil grep -qs listening where; do sleep 0.05; done\n"
			 "$E lpa --pki good profile download -q --matching-id X "
			 "--smdp localhost:$(sed 's/.*://' where)\nkill $smdp", said[i][0]);
		ck_assert_int_eq(sh(script), 0);
		check_says(said[i][1]);
	}
}
END_TEST

static void write_package(const char *name, const char *iccid, uint32_t memory)
{
	char path[256];
	struct buf b;
	FILE *f;

	buf_init(&b, RSP_UPP_MAX);
	rsp_upp_write(&b, &(struct rsp_upp_spec){ .iccid = str_of(iccid),
		.name = STR("From a file"), .memory = memory,
		.class = PROFILE_CLASS_OPERATIONAL });
	snprintf(path, sizeof(path), "%s/upp/%s", dir, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(b.p, 1, b.n, f), b.n);
	fclose(f);
	buf_release(&b);
}

/* Packages from files: one by itself, one that is another than its profile. */
START_TEST(packages)
{
	ck_assert_int_eq(sh("mkdir upp && echo x > upp/notes.txt"), 0);
	write_package("P-1.der", "8944000000000000033", 20000);
	write_package("P-2.upp", "8944000000000000041", 20000);
	ck_assert_int_eq(sh(
		"printf '%s\n' 'listen: 127.0.0.1:0' 'address: localhost' 'upp: upp' "
		"'profiles:' '  - {iccid: \"8944000000000000017\", matching-id: P-2, spn: X}' "
		">dp.yaml\n"
		"$E smdp --config dp.yaml > where & smdp=$!\n"
		"until grep -qs listening where; do sleep 0.05; done\n"
		"at=localhost:$(sed 's/.*://' where)\n"
		"$E lpa --memory 30000 profile download -q --smdp $at --matching-id P-1; echo $?\n"
		"$E lpa profile download -q --smdp $at --matching-id P-2; echo $?\n"
		"$E lpa profile list; $E lpa chip; $E lpa notification list; kill $smdp\n"
		"echo rubbish > upp/P-3.bin; $E smdp --listen 127.0.0.1:0 --upp upp; echo $?\n"
		"rm upp/P-3.bin; cp upp/P-1.der upp/P-1.bin; "
		"$E smdp --listen 127.0.0.1:0 --upp upp; echo $?\n"
		"$E smdp --listen 127.0.0.1:0 --upp nowhere; echo $?"), 0);
	check_says("installed 8944000000000000033\n0\n");
	check_says("the eUICC does not have enough memory for the profile (8.1/4.8)\n1\n");
	check_says("8944000000000000033  disabled operational  From a file\n");
	check_says("memory           10000 of 30000 bytes free\n");
	check_says("1     install  8944000000000000033  localhost\n");
	check_says("package P-3: profile element 0: ");
	check_says("upp/P-1.der: there is another file of that name\n");
	check_says("nowhere: No such file or directory\n");
}
END_TEST

/* Of a new card; and what they say when a profile comes. */
START_TEST(rules)
{
	ck_assert_int_eq(sh(
		"printf '%s\n' 'listen: 127.0.0.1:0' 'address: localhost' 'profiles:' "
		"'  - {iccid: \"8944000000000000017\", matching-id: R-1, spn: X, policy: ppr1, "
		"owner: \"26201\"}' "
		"'  - {iccid: \"8944000000000000025\", matching-id: R-2, spn: X, policy: ppr1, "
		"owner: \"26202\"}' "
		"'  - {iccid: \"8944000000000000033\", matching-id: R-3, spn: X, policy: ppr2, "
		"owner: \"310410\"}' "
		"'  - {iccid: \"8944000000000000041\", matching-id: R-4, spn: X, policy: ppr2, "
		"owner: \"310410\"}' >dp.yaml\n"
		"$E smdp --config dp.yaml > where & smdp=$!\n"
		"until grep -qs listening where; do sleep 0.05; done\n"
		"get=\"$E lpa profile download -q --smdp localhost:$(sed 's/.*://' where)\"\n"
		"$E lpa --rules 'ppr1 for 26201; ppr2 for any with consent' chip\n"
		"$get --matching-id R-1; $get --matching-id R-2; $get --matching-id R-3\n"
		"$get --matching-id R-4 --accept-rules\n"
		"$E lpa profile enable 8944000000000000017\n"
		"$E lpa profile disable 8944000000000000017\n"
		"$E lpa profile delete 8944000000000000041\n"
		"kill $smdp; $E lpa --rules none chip; echo $?\n"
		/* Rules do not protect from a reset, once. */
		"$E lpa chip default-smdp a.example | grep default\n"
		"$E lpa chip reset operational default-smdp | grep -e profiles -e default\n"
		"$E lpa chip reset test; $E lpa chip reset; $E lpa chip reset everything"), 2);
	check_says("default SM-DP+   a.example\n"
		   "default SM-DP+   none\nprofiles         0\n"
		   "esimrig lpa: the card answered nothingToDelete\n");
	check_says("or reset operational|test|default-smdp...");
	check_says("installed 8944000000000000017\n"
		   "esimrig lpa: downloadFailed: the card does not allow the profile's policy rules\n"
		   "esimrig lpa: downloadFailed: the profile's policy rules need the user's consent\n"
		   "installed 8944000000000000041\n"
		   "esimrig lpa: the card answered disallowedByPolicy\n"
		   "esimrig lpa: the card answered disallowedByPolicy\n"
		   "esimrig lpa: card.state: the card is there already, with its rules and its "
		   "memory\n2\n");
}
END_TEST

START_TEST(shows_der)
{
	ck_assert_int_eq(sh("echo BF3E035C015A | $E der - && echo vz4DXAFa | $E der -"), 0);
	ck_assert_str_eq(out.p, "BF3E GetEuiccData, 3 bytes\n  5C tagList: 5A\n"
			 "BF3E GetEuiccData, 3 bytes\n  5C tagList: 5A\n");
	ck_assert_int_eq(sh("echo BF3E05 | $E der -"), 2);
	check_says("-: byte 0: ");
	ck_assert_int_eq(sh("$E der nowhere"), 2);
	check_says("nowhere: No such file");
}
END_TEST

START_TEST(wrong_usage)
{
	ck_assert_int_eq(sh("$E card"), 2);
	check_says("expected one of --stdio, --vpcd and --tcp");
	ck_assert_int_eq(sh("$E card --stdio --eid 12 </dev/null"), 2);
	check_says("EID '12': expected 32 digits");
	ck_assert_int_eq(sh("$E card --stdio --memory lots </dev/null"), 2);
	check_says("memory 'lots': expected bytes");
	ck_assert_int_eq(sh("$E card --stdio --rules 'ppr1 for nobody' </dev/null"), 2);
	check_says("rules: 'nobody': expected an operator's five or six digits, or any");
	ck_assert_int_eq(sh("$E card --tcp nonsense"), 3);
	check_says("nonsense: expected an address and a port");
	ck_assert_int_eq(sh("$E card --vpcd 127.0.0.1:1"), 3);
	check_says("--vpcd 127.0.0.1:1: Connection refused");
	ck_assert_int_eq(sh("$E pki"), 2);
	ck_assert_int_eq(sh("$E pki fly"), 2);
	ck_assert_int_eq(sh("$E lpa profile enable 8944000000000000017"), 1);
	check_says("the card answered iccidOrAidNotFound");
	ck_assert_int_eq(sh("$E lpa profile download"), 2);
	check_says("expected an activation code, --smdp, or a card with a default SM-DP+");
	ck_assert_int_eq(sh("$E lpa sing"), 2);
	ck_assert_int_eq(sh("$E pki --help && $E card --help && $E lpa --help && $E der --help"),
			 0);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("cli/card");
	TCase *tc = tcase_create("cli/card");
	SRunner *runner;
	int failed;

	(void)argc;
	find_program(argv[0]);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, keys_in_files);
	tcase_add_test(tc, bad_certificates);
	tcase_add_test(tc, json_lines);
	tcase_add_test(tc, flash);
	tcase_add_test(tc, hex_digits);
	tcase_add_test(tc, downloads);
	tcase_add_test(tc, discovery);
	tcase_add_test(tc, tls_refused);
	tcase_add_test(tc, packages);
	tcase_add_test(tc, rules);
	tcase_add_test(tc, shows_der);
	tcase_add_test(tc, wrong_usage);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
