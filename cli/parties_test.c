/*
 * Goal: the programs of the parties find each other: over TLS, the server and the
 * registry by themselves, and all four of them.
 * Method: the programs that were built beside this test, each on a port of its own;
 * the client, and sometimes the device, is this test.
 */
#include "cli/program_test.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* ---- TLS. --------------------------------------------------------------- */

/* A certificate for 127.0.0.1 by itself, and its key, as NAME.crt and NAME.key. */
static void write_certificate(const char *name, long serial)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
						  "IP:127.0.0.1");
	char file[100];
	FILE *f;

	ck_assert(key && x && san);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"rig", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_add_ext(x, san, -1);
	ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
	snprintf(file, sizeof(file), "%s.crt", name);
	f = fopen(path_of(file), "wb");
	ck_assert(f && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	snprintf(file, sizeof(file), "%s.key", name);
	f = fopen(path_of(file), "wb");
	ck_assert(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		  fclose(f) == 0);
	X509_EXTENSION_free(san);
	X509_free(x);
	EVP_PKEY_free(key);
}

static SSL_CTX *client_context(const char *ca)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	ck_assert_int_eq(SSL_CTX_load_verify_locations(ctx, path_of(ca), NULL), 1);
	return ctx;
}

/* Connected and verified by `ca`; the certificate's serial number. */
static SSL *dial_tls(SSL_CTX *ctx, uint16_t port, long *serial)
{
	SSL *ssl = SSL_new(ctx);
	X509 *x;

	SSL_set_fd(ssl, dial(port));
	ck_assert_int_eq(SSL_connect(ssl), 1);
	x = SSL_get1_peer_certificate(ssl);
	*serial = ASN1_INTEGER_get(X509_get0_serialNumber(x));
	X509_free(x);
	return ssl;
}

static void get_tls(SSL *ssl, const char *path, char *text, int size)
{
	char line[500];
	int n = 0, got;

	snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\nHost: x\r\n" ALICE "\r\n", path);
	ck_assert_int_gt(SSL_write(ssl, line, (int)strlen(line)), 0);
	do {
		got = SSL_read(ssl, text + n, size - 1 - n);
		ck_assert_int_gt(got, 0);
		n += got;
		text[n] = '\0';
	} while (!strstr(text, "]}"));		/* how the list ends */
}

static void hang_up_tls(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

#define TLS(name) "--tls-cert", path_of(name ".crt"), "--tls-key", path_of(name ".key")

START_TEST(serves_https)
{
	const char *args[] = { "--config", path_of("c.yaml"), TLS("a"), NULL };
	struct running r;
	SSL_CTX *first, *second;
	SSL *old, *ssl;
	char text[4096];
	long serial;

	write_certificate("a", 11);
	r = run(args);
	await_word("READY=1");
	first = client_context("a.crt");
	old = dial_tls(first, r.port, &serial);
	ck_assert_int_eq(serial, 11);
	get_tls(old, DEVICES, text, sizeof(text));
	check_status(text, 200);
	/* Who speaks no TLS gets no answer. */
	ck_assert(!strstr(get(r.port, DEVICES, ALICE), "HTTP/1.1 200"));
	/* A new certificate: for new connections; the old ones end after an answer. */
	write_certificate("a", 12);
	kill(r.pid, SIGHUP);
	await_word("RELOADING=1");
	await_word("READY=1");
	second = client_context("a.crt");
	ssl = dial_tls(second, r.port, &serial);
	ck_assert_int_eq(serial, 12);
	get_tls(ssl, DEVICES, text, sizeof(text));
	check_status(text, 200);
	get_tls(old, DEVICES, text, sizeof(text));
	check_status(text, 200);
	ck_assert(strstr(text, "Connection: close"));
	hang_up_tls(old);
	/* Rubbish changes nothing. */
	write_config("a.crt", "rubbish\n", "");
	kill(r.pid, SIGHUP);
	await_word("RELOADING=1");
	await_word("READY=1");
	hang_up_tls(ssl);
	ssl = dial_tls(second, r.port, &serial);
	ck_assert_int_eq(serial, 12);
	hang_up_tls(ssl);
	SSL_CTX_free(first);
	SSL_CTX_free(second);
	stop(&r);
}
END_TEST

START_TEST(bad_certificates)
{
	char config_path[200];

	snprintf(config_path, sizeof(config_path), "%s", path_of("c.yaml"));
	write_certificate("a", 1);
	write_certificate("b", 2);
	check_refusal((const char *[]){ "--config", config_path, "--tls-cert",
			path_of("a.crt"), "--tls-key", path_of("b.key"), NULL }, 3,
		      "the key does not belong to the certificate");
	check_refusal((const char *[]){ "--config", config_path, "--tls-cert",
			path_of("a.key"), "--tls-key", path_of("a.key"), NULL }, 3,
		      "a.key: expected a certificate (PEM)");
	check_refusal((const char *[]){ "--config", config_path, "--tls-cert",
			path_of("a.crt"), "--tls-key", path_of("a.crt"), NULL }, 3,
		      "a.crt: expected a private key (PEM");
	check_refusal((const char *[]){ "--config", config_path, TLS("gone"), NULL }, 3,
		      "cannot read");
	check_refusal((const char *[]){ "--config", config_path, "--ca-file",
			path_of("a.key"), NULL }, 3, "a.key: expected a certificate");
}
END_TEST

/* Another server plays the EIS: it answers 404, but that is an answer. */
static void call_eis(const struct running *eis, const char *ca, const char *outcome)
{
	static const char download[] =
		"{\"device_id\":\"00000000-00000000-0040FFFF-FF8001B0\","
		"\"eid\":\"89049032000000000000000000000012\","
		"\"activation_code\":\"LPA:1$smdp.example.com$X-1\"}";
	char url[60], db[200], text[800];
	const char *args[] = { "--config", path_of("c.yaml"), "--admin", "127.0.0.1:0",
			       "--eis-url", url, "--db", db, ca ? "--ca-file" : NULL,
			       ca ? path_of(ca) : NULL, NULL };
	struct running r;
	int fd;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u", eis->port);
	snprintf(db, sizeof(db), "%s/calls-%s.db", dir, ca ? ca : "");
	r = run(args);
	snprintf(text, sizeof(text), "POST /ws/v1/esim_profiles/download HTTP/1.1\r\n"
		 "Host: x\r\nConnection: close\r\n" ALICE "Content-Type: application/json\r\n"
		 "Content-Length: %zu\r\n\r\n%s", strlen(download), download);
	fd = dial(r.port);
	say(fd, text);
	check_status(hear(fd), 200);
	while (metric(&r, outcome) == 0)
		poll(NULL, 0, 5);
	stop(&r);
}

START_TEST(calls_https)
{
	const char *args[] = { "--config", path_of("c.yaml"), TLS("a"), NULL };
	struct running eis;

	write_certificate("a", 1);
	eis = run(args);
	call_eis(&eis, "a.crt", "esimrig_eis_calls_total{outcome=\"answered\"} ");
	call_eis(&eis, NULL, "esimrig_eis_calls_total{outcome=\"broken\"} ");
	stop(&eis);
}
END_TEST

/* ---- The registry, by itself. ------------------------------------------- */

#define EID "89049032000000000000000000000012"

/* Server and registry are the programs, the device is this test. */
START_TEST(an_order_goes_round)
{
	static const char download[] =
		"{\"device_id\":\"00000000-00000000-0040FFFF-FF8001B0\",\"eid\":\"" EID "\","
		"\"activation_code\":\"LPA:1$smdp.example.com$X-1\"}";
	char url[60], path[200], id[100], tx[100], result[300], *got;
	const char *args[] = { "--config", path_of("c.yaml"), "--eis-url", url,
			       "--eis-token", "file:token", NULL };
	struct running eis, r;

	write_config("token", "hush\n", "");
	write_config("eis.yaml", "listen: 127.0.0.1:0\ntoken: file:token\neuiccs: [{eid: '"
		     EID "'}]\n", "");
	verb = "eis";
	eis = run((const char *[]){ "--config", path_of("eis.yaml"), NULL });
	verb = "server";
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", eis.port);
	snprintf(path, sizeof(path), "file:%s", path_of("token"));
	args[5] = path;
	r = run(args);
	got = post(r.port, "/ws/v1/esim_profiles/download", ALICE, download);
	check_status(got, 200);
	member(got, "transaction", tx, sizeof(tx));
	/* Only who has the token may place orders. */
	check_status(post(eis.port, "/eis/v1/orders", "", "{}"), 401);
	while (strncmp(got = get(eis.port, "/eis/v1/euicc/" EID "/orders/next", ""),
		       "HTTP/1.1 204", 12) == 0)
		poll(NULL, 0, 5);
	check_status(got, 200);
	member(got, "id", id, sizeof(id));
	snprintf(path, sizeof(path), "/eis/v1/orders/%s/result", id);
	snprintf(result, sizeof(result), "{\"eid\":\"" EID "\",\"status\":\"complete\","
		 "\"code\":\"ok\",\"iccid\":\"8944000000000000010\","
		 "\"completed\":\"2026-01-01T00:00:00.000Z\"}");
	check_status(post(eis.port, path, "", result), 204);
	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/progress/%s", tx);
	/* What the registry said of the order as it was placed may come in only now. */
	while (strstr(got = get(r.port, path, ALICE), "\"queued\""))
		poll(NULL, 0, 5);
	check_status(got, 200);
	ck_assert_msg(strstr(got, "\"status\":\"complete\""), "%s", got);
	ck_assert_msg(strstr(got, "8944000000000000010"), "%s", got);
	stop(&r);
	stop(&eis);
}
END_TEST

START_TEST(bad_registries)
{
	verb = "eis";
	write_config("eis.yaml", "euiccs: [{eid: '" EID "'}, {eid: '" EID "'}]\n", "");
	check_refusal((const char *[]){ "--config", path_of("eis.yaml"), NULL }, 2,
		      "is there already");
	write_config("eis.yaml", "euiccs: [{eid: 12}]\n", "");
	check_refusal((const char *[]){ "--config", path_of("eis.yaml"), NULL }, 2,
		      "eis.yaml:1:16: ");
	check_refusal((const char *[]){ "--listen", "127.0.0.1", NULL }, 2, "--listen: ");
	check_refusal((const char *[]){ "--token", "env:NOT_THERE_AT_ALL", NULL }, 2,
		      "no variable NOT_THERE_AT_ALL");
}
END_TEST

#define DEVICE "device-id: 00000000-00000000-0040FFFF-FF8001B0, eid: '" EID "'"

/* What no row of a table of keys can say is wrong input, too. */
START_TEST(bad_profiles)
{
	static const char *const rows[][3] = {
		{ "smdp", "profiles: [{iccid: '8944000000000000010', spn: X}]\n",
		  "needs a matching id or an EID" },
		{ "smdp", "profiles: [{iccid: '8944000000000000010', matching-id: M},\n"
		  "  {iccid: '8944000000000000010', matching-id: N}]\n", "there already" },
		{ "smdp", "profiles: [{iccid: '8944000000000000010', matching-id: M},\n"
		  "  {iccid: '8944000000000000028', matching-id: M}]\n", "in use already" },
		{ "devices", "devices: {router: {" DEVICE ", profiles: [\n"
		  "  {iccid: '8944000000000000010', active: true},\n"
		  "  {iccid: '8944000000000000028', active: true}]}}\n", "active already" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		verb = rows[i][0];
		write_config("bad.yaml", rows[i][1], "");
		check_refusal((const char *[]){ "--config", path_of("bad.yaml"), "--pki", "none",
				NULL }, 2, rows[i][2]);
	}
}
END_TEST

/* Notifications and reports would get lost, and nobody be told. */
START_TEST(bad_urls)
{
	static const char *const rows[][2] = {
		{ "smdp", "--eis-url" }, { "smdp", "--operator-url" },
		{ "devices", "--eis-url" }, { "devices", "--report-url" },
	};

	write_config("devices.yaml", "devices: {router: {" DEVICE "}}\n", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool devices = strcmp(rows[i][0], "devices") == 0;

		verb = rows[i][0];
		check_refusal((const char *[]){ rows[i][1], "127.0.0.1:8081", "--pki", "none",
				devices ? "--config" : NULL, path_of("devices.yaml"), NULL },
			      2, ": expected a URL such as");
	}
}
END_TEST

/* ---- All four of them. -------------------------------------------------- */

static struct running run_verb(const char *name, const char *file)
{
	struct running r;

	verb = name;
	r = run((const char *[]){ "--config", path_of(file), NULL });
	verb = "server";
	return r;
}

static void start_peers(struct running *eis, struct running *smdp)
{
	char text[600];

	write_certificate("dp", 1);
	write_config("eis.yaml", "listen: 127.0.0.1:0\neuiccs: [{eid: '" EID "'}]\n", "");
	*eis = run_verb("eis", "eis.yaml");
	snprintf(text, sizeof(text), "listen: 127.0.0.1:0\neis-url: http://127.0.0.1:%u\n"
		 "pki: %s\ntls-cert: %s\ntls-key: %s\nprofiles: [{iccid: '8944000000000000010', "
		 "matching-id: X-1, spn: Mobile}]\n", eis->port, path_of("pki"),
		 path_of("dp.crt"), path_of("dp.key"));
	write_config("smdp.yaml", text, "");
	*smdp = run_verb("smdp", "smdp.yaml");
}

static struct running start_device(uint16_t eis, uint16_t server)
{
	char text[800];

	snprintf(text, sizeof(text), "poll: 1s\neis-url: http://127.0.0.1:%u/\n"
		 "report-url: http://127.0.0.1:%u/southbound/v1/device_reports\n"
		 "ca-file: %s\npki: %s\ndevices: {router: {device-id: "
		 "00000000-00000000-0040FFFF-FF8001B0, eid: '" EID "', second-link: true}}\n",
		 eis, server, path_of("dp.crt"), path_of("pki"));
	write_config("devices.yaml", text, "");
	return run_verb("devices", "devices.yaml");
}

/* Ordered at the server, downloaded over https by a device, reported by it.  They
 * have the URL of the EIS with a slash at its end. */
START_TEST(four_programs)
{
	char url[60], json[400], path[200], id[100], *got;
	const char *args[] = { "--config", path_of("c.yaml"), "--eis-url", url, NULL };
	struct running eis, smdp, devices, server;

	start_peers(&eis, &smdp);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", eis.port);
	server = run(args);
	snprintf(json, sizeof(json), "{\"device_id\":\"00000000-00000000-0040FFFF-FF8001B0\","
		 "\"eid\":\"" EID "\",\"activation_code\":\"LPA:1$127.0.0.1:%u$X-1\"}",
		 smdp.port);
	got = post(server.port, "/ws/v1/esim_profiles/download", ALICE, json);
	check_status(got, 200);
	member(got, "transaction", id, sizeof(id));
	devices = start_device(eis.port, server.port);
	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/progress/%s", id);
	while (strstr(got = get(server.port, path, ALICE), "\"in_progress\""))
		poll(NULL, 0, 20);
	ck_assert_msg(strstr(got, "\"status\":\"complete\""), "%s", got);
	while (strncmp(got = get(server.port, "/ws/v1/esim_profiles/inventory/"
				 "8944000000000000010", ALICE), "HTTP/1.1 404", 12) == 0)
		poll(NULL, 0, 20);
	check_status(got, 200);
	ck_assert_msg(strstr(got, "\"carrier\":\"Mobile\""), "%s", got);
	stop(&devices);
	stop(&server);
	stop(&smdp);
	stop(&eis);
}
END_TEST

static struct running devices_with(uint16_t server, const char *spn)
{
	char text[700];

	/* Nobody is there who gives orders. */
	snprintf(text, sizeof(text), "eis-url: http://127.0.0.1:9\npki: none\n"
		 "report-url: http://127.0.0.1:%u/southbound/v1/device_reports\n"
		 "reports: changes\n"
		 "devices: {router: {device-id: 00000000-00000000-0040FFFF-FF8001B0, "
		 "eid: '" EID "', profiles: [{iccid: '8944000000000000010', spn: %s, "
		 "active: true}]}}\n", server, spn);
	write_config("devices.yaml", text, "");
	return run_verb("devices", "devices.yaml");
}

static void await_text(uint16_t server, const char *path, const char *text)
{
	while (!strstr(get(server, path, ALICE), text))
		poll(NULL, 0, 20);
}

/* All that they sent before is forgotten, but not by the server. */
START_TEST(devices_begin_anew)
{
	struct running server = run(CONFIG), devices = devices_with(server.port, "First");

	await_text(server.port, "/ws/v1/esim_profiles/inventory", "\"carrier\":\"First\"");
	stop(&devices);
	devices = devices_with(server.port, "Second");
	await_text(server.port, "/ws/v1/esim_profiles/inventory", "\"carrier\":\"Second\"");
	stop(&devices);
	stop(&server);
}
END_TEST

static void add_both(TCase *tc)
{
	tcase_add_test(tc, serves_https);
	tcase_add_test(tc, bad_certificates);
	tcase_add_test(tc, calls_https);
	tcase_add_test(tc, an_order_goes_round);
	tcase_add_test(tc, four_programs);
}

int main(void)
{
	SRunner *runner;
	TCase *tc = tcase_create("server");
	Suite *suite = suite_create("cli/parties");
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bad_registries);
	tcase_add_test(tc, bad_profiles);
	tcase_add_test(tc, bad_urls);
	tcase_add_test(tc, devices_begin_anew);
	suite_add_tcase(suite, tc);
	alone_and_with_workers(suite, add_both);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
