/*
 * Goal: world.json says what docs/southbound.md promises, of this world and
 * no other, and nothing that the server must find out by itself.
 * Method: a world over sockets with one of everything; the file is read back
 * with cJSON and compared with what the scenario says.
 */
#include "conformance/world_json.h"

#include "sim/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char text[] =
	"world:\n"
	"  accounts: {acme: {customer_id: 7, name: Acme Ltd}, rival: {customer_id: 9}}\n"
	"  users:\n"
	"    main: {account: acme, password: wonderland}\n"
	"    reader: {account: rival, role: read-only}\n"
	"  carriers:\n"
	"    freds: {name: \"Fred's\", spn: Mobile, codes: [{matching-id: M-1, confirmation-code: '4711'}, {account: rival}]}\n"
	"    secret: {codes: 2, registered: false}\n"
	"  devices:\n"
	"    router: {account: acme}\n"
	"    stranger: {unknown: true}\n"
	"  server: {check-interval: 90s, throttle: 5}\n"
	"steps: [{wait: 1s}]\n";

static struct arena arena;
static struct scenario_file file;
static struct run_options options = {
	.clock = CLOCK_KIND_SCALED, .rate = 60, .sockets = true,
};
static struct world world;
static cJSON *doc;

static void set_up(void)
{
	struct diag d;
	struct buf out;
	struct err err = { 0 };

	diag_init(&d, &arena);
	ck_assert_int_eq(scenario_load_text("test.yaml", str_of(text), &arena, &file, &d), 0);
	ck_assert_msg(world_init(&world, &file.list[0], &options, &arena, &err) == 0,
		      "%s", err.msg);
	buf_init(&out, 1 << 20);
	world_json(&world, STR("127.0.0.1:4711"), &out);
	doc = json_parse(buf_view(&out), &err);
	ck_assert_msg(doc != NULL, "%s", err.msg);
	buf_release(&out);
}

static void tear_down(void)
{
	cJSON_Delete(doc);
	world_release(&world);
	arena_release(&arena);
	arena = (struct arena){ 0 };
}

/* "users/0/name"; its value as text. */
static const char *at(const char *path)
{
	static char value[512];
	char part[64];
	const cJSON *o = doc;

	for (int n = 0; *path && o; path += n, path += *path == '/') {
		ck_assert_int_eq(sscanf(path, "%63[^/]%n", part, &n), 1);
		o = cJSON_IsArray(o) ? cJSON_GetArrayItem(o, part[0] - '0') :
				       cJSON_GetObjectItemCaseSensitive(o, part);
	}
	if (!o)
		return "(absent)";
	if (cJSON_IsString(o))
		return o->valuestring;
	snprintf(value, sizeof(value), "%g", cJSON_IsArray(o) ?
		 cJSON_GetArraySize(o) : o->valuedouble);
	return value;
}

static const struct {
	const char *path, *value;
} members[] = {
	{ "version", "1" },
	{ "listen", "127.0.0.1:4711" },
	{ "time_scale", "60" },
	{ "reports/path", "/southbound/v1/device_reports" },
	{ "options/way", "eis" },
	{ "options/check_interval", "90" },
	{ "options/order_expiry", "3600" },
	{ "options/verify_limit", "900" },
	{ "options/eis_timeout", "10" },
	{ "options/code_keep", "3600" },
	{ "options/throttle", "5" },
	{ "accounts", "2" },
	{ "accounts/0/customer_id", "7" },
	{ "accounts/0/name", "Acme Ltd" },
	{ "accounts/1/customer_id", "9" },
	{ "users", "2" },
	{ "users/0/name", "main" },
	{ "users/0/password", "wonderland" },
	{ "users/0/role", "user" },
	{ "users/0/customer_id", "7" },
	{ "users/1/role", "read-only" },
	{ "users/1/customer_id", "9" },
	/* One that the world does not tell the server of is not there. */
	{ "devices", "1" },
	{ "devices/0/customer_id", "7" },
	{ "devices/0/profiles", "(absent)" },
	/* Nor are codes that are not registered. */
	{ "activation_codes", "2" },
	{ "activation_codes/0/carrier", "Fred's" },
	{ "activation_codes/0/activation_code", "LPA:1$smdp.example.com$M-1$$1" },
	{ "activation_codes/0/confirmation_code", "4711" },
	{ "activation_codes/0/customer_id", "7" },
	{ "activation_codes/1/customer_id", "9" },
	{ "activation_codes/1/confirmation_code", "(absent)" },
	{ "activation_codes/0/spn", "(absent)" },
};

START_TEST(says)
{
	ck_assert_str_eq(at(members[_i].path), members[_i].value);
}
END_TEST

START_TEST(is_of_this_world)
{
	ck_assert_str_eq(at("eis/token"), world.eis_token.p);
	ck_assert_str_eq(at("gateway/token"), world.gateway_token.p);
	ck_assert_str_eq(at("reports/token"), world.report_token.p);
	ck_assert_str_eq(at("devices/0/device_id"), world.devices[0].device_id.p);
	ck_assert_str_eq(at("devices/0/eid"), world.devices[0].eid.p);
	ck_assert_str_eq(at("activation_codes/1/iccid"), world.carriers[0].codes[1].iccid.p);
	ck_assert_int_eq(strncmp(at("eis/url"), "http://127.0.0.1:", 17), 0);
	ck_assert_int_eq(strncmp(at("gateway/url"), "http://127.0.0.1:", 17), 0);
	ck_assert_int_eq(strncmp(at("now"), "2026-01-01T00:00:0", 18), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("world_json");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, says, 0, sizeof(members) / sizeof(members[0]));
	tcase_add_test(tc, is_of_this_world);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
