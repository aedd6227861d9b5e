/*
 * Goal: every path of the server is there, for those who may see what it shows.
 * Method: requests of several users over the network; the wanted answers are
 * written out by hand from the specification.  What becomes of them is in
 * actions_test.c, operations_test.c and reports_test.c.
 */
#include "proto/base64.h"
#include "server/flow_test.h"
#include "server/store.h"

/* ---- Who may see what. ------------------------------------------------- */

START_TEST(accounts_are_apart)
{
	const char *tx, *op;
	int calls;

	two_profiles_and_a_code();
	tx = start("/ws/v1/esim_profiles/enable", "{" TARGET ",\"iccid\":\"" ICCID1 "\"}");
	op = start(OPS, OPERATION("download", FREDS));
	rig_run(&r, 1);
#define HIDDEN(path, name) \
	ck_status(rig_as(&r, "bob", "GET", arena_printf(&r.arena, path, name).p, NULL), 404); \
	ck_status(rig_as(&r, "ann", "GET", arena_printf(&r.arena, path, name).p, NULL), 200)
	HIDDEN(PROFILES "/%s", ICCID1);
	calls = r.eis_calls;
	ck_status(rig_as(&r, "bob", "GET", arena_printf(&r.arena,
		"/ws/v1/esim_profiles/progress/%s", tx).p, NULL), 404);
	ck_assert_int_eq(r.eis_calls, calls);
	HIDDEN("/ws/v1/esim_profiles/progress/%s", tx);
	HIDDEN(OPS "/%s", op);
	HIDDEN(CODES "/%s", ICCID2);
	HIDDEN("/ws/v1/esims/inventory/%s", EID);
	HIDDEN("/ws/v1/devices/inventory/%s", DEVICE);
#define EMPTY(path) \
	ck_status(rig_as(&r, "bob", "GET", path, NULL), 200); \
	ck_json(&r, "/count", "0")
	EMPTY(PROFILES);
	EMPTY("/ws/v1/esim_profiles/transactions/inventory");
	EMPTY(OPS);
	EMPTY(CODES);
	EMPTY(PROFILES "?query=customer_id=1%20or%20customer_id=2");
	ck_status(rig_as(&r, "bob", "POST", "/ws/v1/esim_profiles/delete",
			 "{" TARGET ",\"iccid\":\"" ICCID1 "\"}"), 404);
	ck_status(rig_as(&r, "bob", "DELETE", CODES "/" ICCID2, NULL), 404);
	rig_as(&r, "bob", "GET", "/ws/v1/esims/inventory", NULL);
	ck_json(&r, "/count", "1");
	ck_json(&r, "/list/0/eid", OTHERS_EID);
	/* Both may have a code for one ICCID. */
	ck_status(rig_as(&r, "bob", "POST", CODES, "{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			 "\"activation_code\":\"" SECRET2 "\"}"), 201);
}
END_TEST

START_TEST(reading_is_not_writing)
{
	static const char *const paths[] = {
		"/ws/v1/esim_profiles/delete", "/ws/v1/esim_profiles/enable",
		"/ws/v1/esim_profiles/disable", "/ws/v1/esim_profiles/download", OPS, CODES,
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ck_status(rig_as(&r, "ray", "POST", paths[i], "{}"), 403);
		ck_json(&r, "/error_status", "403");
	}
	ck_status(rig_as(&r, "ray", "DELETE", CODES "/" ICCID1, NULL), 403);
	ck_status(rig_as(&r, "ray", "GET", PROFILES, NULL), 200);
}
END_TEST

static const struct {
	const char *header;
	int status;
} logins[] = {
	{ "Basic YW5uOnB3", 200 },		/* ann:pw */
	{ "basic   YW5uOnB3", 200 },
	{ "Basic YW5uOnB4", 401 },		/* ann:px */
	{ "Basic YW5uOg==", 401 },		/* ann: */
	{ "Basic YW5u", 401 },			/* ann */
	{ "Basic emVkOnB3", 401 },		/* zed:pw */
	{ "Basic !!!", 401 },
	{ "Basic", 401 },
	{ "Bearer YW5uOnB3", 401 },
	{ "", 401 },
};

START_TEST(who_is_asking)
{
	for (int again = 0; again < 2; again++) {	/* remembered or not */
		ck_status(rig_as(&r, logins[_i].header, "GET", PROFILES, NULL),
			  logins[_i].status);
		if (logins[_i].status == 401) {
			ck_json(&r, "/error_status", "401");
			ck_assert(http_header(&r.headers, "WWW-Authenticate").n > 0);
		}
	}
}
END_TEST

/* Passwords take long to check, so those of many users are remembered. */
START_TEST(many_users)
{
	enum { USERS = 300 };
	struct str heads[USERS];
	struct err err = { 0 };
	int known = 0;

	for (int i = 0; i < USERS; i++) {
		struct str name = arena_printf(&r.arena, "user%d", i);
		struct buf b;

		rig_ok(server_add_user(r.server, 1, name, STR("pw"), SERVER_ROLE_USER, &err),
		       &err);
		buf_init(&b, 100);
		buf_z(&b, "Basic ");
		base64_encode(&b, arena_printf(&r.arena, "%.*s:pw", STRF(name)));
		heads[i] = arena_str(&r.arena, buf_view(&b));
		buf_release(&b);
	}
	for (int i = 0; i < USERS; i++)
		ck_status(rig_as(&r, heads[i].p, "GET", PROFILES, NULL), 200);
	/* Behind its back, so that only what is remembered lets anybody in. */
	stmt_run(store_query(r.store, STR("UPDATE users SET hash = zeroblob(32)")));
	ck_assert_int_eq(store_commit(r.store, &err), 0);
	for (int i = 0; i < USERS; i++)
		known += rig_as(&r, heads[i].p, "GET", PROFILES, NULL) == 200;
	ck_assert_int_ge(known, USERS * 9 / 10);	/* some share a place with too many */
	ck_status(rig_as(&r, "Basic YW5uOnB4", "GET", PROFILES, NULL), 401);
}
END_TEST

START_TEST(api_keys)
{
	struct str id = STR("0123456789abcdef0123456789abcdef");
	struct str secret = STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	struct str wrong = STR("1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	struct err err = { 0 };

	rig_ok(server_add_api_key(r.server, STR("ray"), id, secret, &err), &err);
	ck_assert_int_lt(server_add_api_key(r.server, STR("zed"), id, secret, &err), 0);
	ck_assert_int_lt(server_add_api_key(r.server, STR("ray"), STR("12"), secret, &err), 0);
	for (int i = 0; i < 4; i++) {
		struct http_call *c = http_call_new(r.net, STR("client"),
			i == 3 ? "POST" : "GET", &err, "http://server.rig%s", i == 3 ? OPS : PROFILES);

		http_call_header(c, "X-API-KEY-ID", id);
		http_call_header(c, "X-API-KEY-SECRET", i == 1 ? wrong : secret);
		rig_send(&r, c);
		ck_assert_int_eq(r.status, i == 1 ? 401 : i == 3 ? 403 : 200);
	}
}
END_TEST

/* ---- Paths. ------------------------------------------------------------ */

static const struct {
	const char *method, *path;
	int status;
} paths[] = {
	{ "GET", "/ws/v1/esim_profiles", 200 },
	{ "GET", "/ws/v1/esims", 200 },
	{ "GET", "/ws/v1/esim_activation_codes", 200 },
	{ "GET", "/ws/v1/devices", 200 },
	{ "GET", "/ws/v1/esim_profiles/inventory.json", 200 },
	{ "GET", "/ws/v1/esim_profiles/nothing", 404 },
	{ "GET", "/ws/v1", 404 },
	{ "GET", "/", 404 },
	{ "GET", "/ws/v1/esim_profiles/inventory/%zz", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory/%FF", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?query=%FF", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?query=%zz", 400 },
	{ "GET", "/ws/v1/esim_profiles/progress/nothing", 404 },
	{ "PUT", "/ws/v1/esim_profiles/inventory", 405 },
	{ "GET", "/ws/v1/esim_profiles/enable", 405 },
	{ "GET", "/southbound/v1/device_reports", 405 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=0", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=-1", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=ten", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?size=5000", 200 },
	{ "GET", "/ws/v1/esim_profiles/inventory?orderby=asc%20nothing", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?orderby=up%20iccid", 400 },
	{ "GET", "/ws/v1/esim_profiles/inventory?orderby=iccid%20desc", 200 },
	{ "GET", "/ws/v1/esim_profiles/inventory?cursor=abc", 400 },
	{ "GET", "/ws/v1/esim_profiles/bulk?fields=iccid,nothing", 400 },
	{ "GET", "/ws/v1/esim_profiles/bulk?query=nonsense", 400 },
};

START_TEST(paths_and_parameters)
{
	ck_status(rig_as(&r, "ann", paths[_i].method, paths[_i].path, NULL), paths[_i].status);
	if (strncmp(paths[_i].path, "/southbound/", 12) == 0) {
		ck_json(&r, "/error/code", "method-not-allowed");	/* docs/southbound.md */
	} else if (paths[_i].status >= 400) {
		struct str status = arena_printf(&r.arena, "%d", paths[_i].status);

		ck_json(&r, "/error_status", status.p);
	}
	if (paths[_i].status == 405)
		ck_assert(http_header(&r.headers, "Allow").n > 0);
}
END_TEST

START_TEST(summary_tells_the_truth)
{
	struct str summary;
	int count;

	rig_get(&r, "/ws/v1/esim_profiles");
	ck_json(&r, "/count", "13");
	summary = r.body;
	for (count = 0; count < 13; count++) {
		const char *method, *uri;

		r.body = summary;
		method = json_at(&r, arena_printf(&r.arena, "/list/%d/method", count).p);
		uri = json_at(&r, arena_printf(&r.arena, "/list/%d/uri", count).p);
		ck_assert_str_ne(json_at(&r, arena_printf(&r.arena,
				 "/list/%d/description", count).p), "(absent)");
		ck_assert_int_eq(strcmp(json_at(&r, arena_printf(&r.arena,
				 "/list/%d/payload", count).p), "(absent)") != 0,
				 strcmp(method, "POST") == 0);
		rig_as(&r, "ann", method, uri[strlen(uri) - 1] == '}' ?
		       "/ws/v1/esim_profiles/inventory/x" : uri, "{}");
		ck_assert_int_ne(r.status, 405);
		ck_assert_msg(str_find(r.body, STR("no such path")) < 0, "%s", uri);
	}
}
END_TEST

START_TEST(bulk_as_csv)
{
	rig_report(&r, "[" ONE_PROFILE(ICCID1, "Fred's \\\"Fast\\\", Inc", "inactive") ","
		   ONE_PROFILE(ICCID2, "two\\nlines", "active") ","
		   "{\"iccid\":\"" ICCID3 "\",\"status\":\"inactive\"}]");
	rig_get(&r, "/ws/v1/esim_profiles/bulk?fields=status,carrier,iccid&orderby=desc%20iccid");
	ck_assert(str_is(http_header(&r.headers, "Content-Type"), "text/csv; charset=utf-8"));
	ck_assert(!http_header(&r.headers, "Truncated").p);
	ck_assert_msg(str_is(r.body, "status,carrier,iccid\r\n"
		"inactive,," ICCID3 "\r\n"
		"active,\"two\nlines\"," ICCID2 "\r\n"
		"inactive,\"Fred's \"\"Fast\"\", Inc\"," ICCID1 "\r\n"), "%.*s", STRF(r.body));
	/* A row of one column has a line that is not empty. */
	rig_get(&r, "/ws/v1/esim_profiles/bulk?fields=carrier&query=iccid='" ICCID3 "'");
	ck_assert_msg(str_is(r.body, "carrier\r\n\"\"\r\n"), "%.*s", STRF(r.body));
	rig_get(&r, "/ws/v1/esim_profiles/bulk?size=2&query=status='inactive'%20or%20id=1");
	ck_assert(str_is(http_header(&r.headers, "Truncated"), "true"));
	rig_get(&r, "/ws/v1/esim_profiles/inventory.csv");
	ck_assert(str_starts(r.body, STR("carrier,customer_id,device_id,eid,iccid,id,"
					 "normalized_carrier,status,type\r\n")));
}
END_TEST

START_TEST(codes_are_write_only)
{
	add_code(ICCID1, FREDS, SECRET1);
	rig_get(&r, CODES "/" ICCID1);
	ck_json(&r, "/carrier", FREDS);
	ck_json(&r, "/normalized_carrier", "freds fast wireless service");
	ck_json(&r, "/status", "available");
	rig_get(&r, CODES);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	rig_get(&r, "/ws/v1/esim_activation_codes/bulk");
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	/* What a code is for has to be said (openapi.yaml: required). */
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID2 "\",\"activation_code\":\"" SECRET2 "\"}"), 400);
	ck_assert(strstr(r.body.p, "\\\"carrier\\\""));
	/* The same secret for another ICCID is a mistake. */
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET1 "\"}"), 409);
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"LPA:SECRET\"}"), 400);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	ck_status(rig_post(&r, CODES, "{\"iccid\":\"" SECRET2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET1 "\"}"), 400);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
	ck_status(rig_post(&r, CODES, "[{\"iccid\":\"" ICCID2 "\",\"carrier\":\"x\","
			   "\"activation_code\":\"" SECRET2 "\"}]"), 201);
	ck_status(rig_as(&r, "ann", "DELETE", CODES "/" ICCID1, NULL), 204);
	ck_status(rig_get(&r, CODES "/" ICCID1), 404);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server");
	TCase *tc = tcase_create("paths");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, accounts_are_apart);
	tcase_add_test(tc, reading_is_not_writing);
	LOOP(who_is_asking, logins);
	tcase_add_test(tc, many_users);
	tcase_add_test(tc, api_keys);
	LOOP(paths_and_parameters, paths);
	tcase_add_test(tc, summary_tells_the_truth);
	tcase_add_test(tc, bulk_as_csv);
	tcase_add_test(tc, codes_are_write_only);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
