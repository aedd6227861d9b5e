/*
 * Goal: a host that lives elsewhere is reached as its route says, and as
 * nothing else.
 * Method: a second network plays the far side, with a certificate made here;
 * what arrived there is compared with what the URL and the path ask for.
 */
#include "sim/socknet.h"
#include "sim/tls.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* OpenSSL has a type of that name. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

struct rig {
	struct http_handler handler;	/* first: a rig is a handler */
	struct loop loop;
	struct network *far, *net;
	struct arena arena;
	char address[SOCKNET_ADDRESS_SIZE];
	char seen[256], got[256];
	struct timer limit;
};

static char folder[] = "/tmp/route-test-XXXXXX";

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct rig *rig = (struct rig *)h;

	snprintf(rig->seen, sizeof(rig->seen), "%.*s%s%.*s host %.*s",
		 STRF(x->req.path), x->req.query.p ? "?" : "", STRF(x->req.query),
		 STRF(http_header(&x->req.headers, "host")));
	http_respond(x, 200, "text/plain", STR("far"));
}

static void near_by(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	http_respond(x, 200, "text/plain", STR("near"));
}

static struct http_handler near_handler = { near_by };

static void too_long(struct timer *t)
{
	(void)t;
	ck_abort_msg("nothing happens any more");
}

static void rig_init(struct rig *rig, const struct socknet_tls *tls)
{
	struct err err = { 0 };

	*rig = (struct rig){ .handler = { handle }, .limit = { .fire = too_long } };
	loop_init(&rig->loop, CLOCK_KIND_REAL, 1, CLOCK_EPOCH_MS);
	rig->far = socknet_new(&rig->loop, NULL, &err);
	rig->net = socknet_new(&rig->loop, NULL, &err);
	ck_assert(rig->far && rig->net);
	ck_assert_msg(socknet_listen_tls(rig->far, "far.rig", "far", &rig->handler,
					 "127.0.0.1:0", tls, rig->address, &err) == 0,
		      "%s", err.msg);
}

static void rig_release(struct rig *rig)
{
	network_release(rig->net);
	network_release(rig->far);
	loop_disarm(&rig->loop, &rig->limit);
	loop_release(&rig->loop);
	arena_release(&rig->arena);
}

static void note_done(struct http_call *c)
{
	struct rig *rig = c->owner;

	snprintf(rig->got, sizeof(rig->got), "%.*s %s %d %.*s", STRF(c->to),
		 http_failure_name(c->failure), c->resp.status, STRF(c->resp.body));
	loop_stop(&rig->loop);
}

static const char *call(struct rig *rig, const char *url)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(rig->net, STR("tester"), "GET", &err,
					    "%s", url);

	ck_assert_msg(c != NULL, "%s", err.msg);
	c->done = note_done;
	c->owner = rig;
	rig->seen[0] = '\0';
	http_call_send(c);
	loop_arm(&rig->loop, &rig->limit, 10 * NS_PER_S);
	ck_assert_msg(loop_run(&rig->loop, &err) == 0, "%s", err.msg);
	return rig->got;
}

static void route(struct rig *rig, const char *scheme, const char *base,
		  struct socknet_peer peer)
{
	struct err err = { 0 };

	peer.url = arena_printf(&rig->arena, "%s://%s%s", scheme, rig->address, base).p;
	ck_assert_msg(socknet_route(rig->net, "server.rig", "server", &peer, &err) == 0,
		      "%s", err.msg);
}

/* Which path and Host arrive there; "%s" is the address. */
static const struct {
	const char *base, *url, *seen;
} routes[] = {
	{ "", "http://server.rig/a/b?c=d", "/a/b?c=d host %s" },
	{ "/", "http://server.rig/a", "/a host %s" },
	{ "/api/v9/", "http://server.rig/a?b", "/api/v9/a?b host %s" },
	{ "/api", "https://server.rig/", "/api/ host %s" },
	{ "", "http://SERVER.rig/%2e?x='y'", "/%2e?x='y' host %s" },
};

START_TEST(goes_where_the_route_says)
{
	struct err err = { 0 };
	struct rig rig;
	char want[256];

	rig_init(&rig, NULL);
	/* It wins over one that listens under the same name. */
	ck_assert_int_eq(network_listen(rig.net, "server.rig", "ours",
					&near_handler, &err), 0);
	ck_assert_str_eq(call(&rig, "http://server.rig/"), "ours answered 200 near");
	route(&rig, "http", routes[_i].base, (struct socknet_peer){ 0 });
	ck_assert_str_eq(call(&rig, routes[_i].url), "server answered 200 far");
	snprintf(want, sizeof(want), "%.*s%s",
		 (int)(strlen(routes[_i].seen) - 2), routes[_i].seen, rig.address);
	ck_assert_str_eq(rig.seen, want);
	/* Others do not go there. */
	ck_assert_str_eq(call(&rig, "http://other.rig/"), "other.rig unreachable 0 ");
	socknet_unroute(rig.net, "server.rig");
	ck_assert_str_eq(call(&rig, "http://server.rig/"), "ours answered 200 near");
	rig_release(&rig);
}
END_TEST

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, 128, "%s/%s", folder, name);
	return p;
}

static void write_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
						  "IP:127.0.0.1");
	FILE *f;

	ck_assert(key && x && san);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"rig", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_add_ext(x, san, -1);
	ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
	f = fopen(path_of("a.crt"), "wb");
	ck_assert(f && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	f = fopen(path_of("a.key"), "wb");
	ck_assert(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		  fclose(f) == 0);
	X509_EXTENSION_free(san);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* Whom it believes: nobody unknown, a named authority, anybody if told so. */
START_TEST(certificates)
{
	struct socknet_tls tls;
	struct err err = { 0 };
	struct arena a = { 0 };
	struct rig rig;

	ck_assert_msg(tls_read_pair(path_of("a.crt"), path_of("a.key"), &a, &tls.cert,
				    &tls.key, &err) == 0, "%s", err.msg);
	rig_init(&rig, &tls);
	route(&rig, "https", "", (struct socknet_peer){ 0 });
	ck_assert_str_eq(call(&rig, "http://server.rig/x"), "server broken 0 ");
	route(&rig, "https", "", (struct socknet_peer){ .ca_file = path_of("a.crt") });
	ck_assert_str_eq(call(&rig, "http://server.rig/x"), "server answered 200 far");
	route(&rig, "https", "", (struct socknet_peer){ .insecure = true });
	ck_assert_str_eq(call(&rig, "http://server.rig/x"), "server answered 200 far");
	rig_release(&rig);
	arena_release(&a);
}
END_TEST

static const struct {
	struct socknet_peer peer;
	const char *says;
} refusals[] = {
	{ { .url = "127.0.0.1:80" }, "expected http://host/path" },
	{ { .url = "ftp://x/" }, "expected http://host/path" },
	{ { .url = "http://x/?a=b" }, "a query cannot stand there" },
	{ { .url = "https://x/", .ca_file = "/nowhere" }, "/nowhere" },
};

START_TEST(refuses)
{
	struct err err = { 0 };
	struct rig rig;

	rig_init(&rig, NULL);
	ck_assert_int_eq(socknet_route(rig.net, "server.rig", "server",
				       &refusals[_i].peer, &err), -1);
	ck_assert_msg(strstr(err.msg, refusals[_i].says) != NULL, "%s", err.msg);
	ck_assert_str_eq(call(&rig, "http://server.rig/x"),
			 "server.rig unreachable 0 ");
	rig_release(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("socknet_route");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	tcase_add_unchecked_fixture(tc, write_certificate, NULL);
	tcase_add_loop_test(tc, goes_where_the_route_says, 0,
			    sizeof(routes) / sizeof(routes[0]));
	tcase_add_test(tc, certificates);
	tcase_add_loop_test(tc, refuses, 0, sizeof(refusals) / sizeof(refusals[0]));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	unlink(path_of("a.crt"));
	unlink(path_of("a.key"));
	rmdir(folder);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
