/*
 * Goal: the control API does what control.openapi.yaml says: each operation
 * with success, without the token, and with bad input.
 * Method: the requests of control_rig_test.h.  What takes time, the stream and
 * worlds that are made anew are in control_live_test.c.
 */
#include "scenarios/control_rig_test.h"

#include "scenarios/schema.h"
#include "sim/golden_test.h"

/* ---- What works. ----------------------------------------------------------------- */

static const struct ask good[] = {
	{ "GET", V "/world", NULL, 200, "\"devices\":5,\"online\":2" },
	{ "GET", V "/life", NULL, 200, "\"on\":false" },
	{ "PUT", V "/life", "{\"on\":true,\"every\":\"10min\"}", 200, "\"every\":600" },
	{ "PUT", V "/life", "{\"on\":false}", 200, "\"on\":false,\"every\":600" },
	{ "GET", V "/clock", NULL, 200, "\"paused\":false" },
	{ "PUT", V "/clock", "{\"rate\":120}", 200, "\"rate\":120" },
	{ "PUT", V "/clock", "{\"paused\":true}", 200, "\"paused\":true" },
	{ "GET", V "/devices?q=ROUTER", NULL, 200, "\"total\":1,\"count\":1" },
	{ "GET", V "/devices?q=bootstrap&limit=1", NULL, 200, "\"total\":2,\"count\":1" },
	{ "GET", V "/devices?online=false", NULL, 200, "\"key\":\"vans[0]\",\"fleet\":\"vans\"" },
	{ "GET", V "/devices/vans%5B2%5D", NULL, 200, "\"key\":\"vans[2]\"" },
	{ "GET", V ROUTER, NULL, 200, "\"power\":\"on\",\"link\":\"up\"" },
	{ "POST", V ROUTER "/actions", "{\"action\":\"power-off\"}", 200, "{\"done\":1}" },
	{ "GET", V ROUTER, NULL, 200, "\"power\":\"off\"" },
	{ "POST", V ROUTER "/actions", "{\"action\":\"power-on\"}", 200, NULL },
	{ "POST", V "/devices/vans/actions", "{\"action\":\"link-down\"}", 200, "{\"done\":3}" },
	{ "GET", V "/devices/vans%5B0%5D", NULL, 200, "\"link\":\"down\"" },
	{ "POST", V ROUTER "/actions", "{\"action\":\"set-clock-skew\",\"by\":\"-90s\"}", 200, NULL },
	{ "GET", V ROUTER, NULL, 200, "\"clock_skew_s\":-90" },
	{ "POST", V ROUTER "/actions", "{\"action\":\"set-memory\",\"bytes\":1000}", 200, NULL },
	{ "GET", V ROUTER, NULL, 200, "\"memory\":1000" },
	{ "GET", V ROUTER, NULL, 200, NULL, "\"active\":\"" },
	{ "POST", V ROUTER "/actions", "{\"action\":\"set-memory\",\"bytes\":400000}", 200, NULL },
	{ "GET", V "/fleets", NULL, 200, "{\"key\":\"vans\",\"count\":3}" },
	{ "POST", V "/fleets", "{\"key\":\"more\",\"count\":2,\"device\":{\"second-link\":true,"
	  "\"profiles\":[{\"carrier\":\"freds\"}]}}", 201, "{\"key\":\"more\",\"count\":2}" },
	{ "GET", V "/devices/more%5B1%5D", NULL, 200, "\"carrier\":\"freds\"" },
	{ "GET", V "/world", NULL, 200, "\"devices\":7" },
	{ "GET", V "/carriers", NULL, 200, "\"key\":\"freds\",\"name\":\"Fred's Fast Wireless "
	  "Service\",\"spn\":\"Mobile\",\"smdp\":\"smdp.example.com\",\"codes\":3,\"unused\":3" },
	{ "POST", V "/carriers", "{\"key\":\"north\",\"name\":\"North\",\"spn\":null,\"codes\":2}",
	  201, "\"name\":\"North\",\"smdp\":\"smdp.example.com\",\"codes\":2,\"unused\":2" },
	{ "POST", V "/carriers/north/codes", "{\"count\":2,\"confirmation_code\":\"1357\"}", 201,
	  "$***$$1\",\"confirmation_code\":\"***\"" },
	{ "POST", V "/carriers/freds/codes", NULL, 201, "\"registered\":true,\"state\":\"released\"" },
	{ "GET", V "/codes?carrier=north", NULL, 200, "\"count\":4" },
	{ "GET", V "/codes?limit=1", NULL, 200, "LPA:1$smdp.example.com$***\"", "\"iccid\":\"" },
	{ "GET", V "/codes/%s", NULL, 200, "$***\"" },
	{ "GET", V "/codes/8944000000000000019?reveal=true", NULL, 200, "\"LPA:1$smdp.example.com$" },
	{ "GET", V "/codes/8944000000000000019/qr.svg", NULL, 200, "<svg " },
	{ "GET", V "/users", NULL, 200, "\"name\":\"viewer\",\"role\":\"read-only\"" },
	{ "POST", V "/requests", "{\"path\":\"/ws/v1/esim_profiles/inventory\",\"dry_run\":true}",
	  200, "{\"curl\":\"curl -s -H 'X-API-KEY-ID: " },
	{ "POST", V "/requests", "{\"as\":\"viewer\",\"path\":\"/ws/v1/esim_profiles/inventory\"}",
	  200, "\"status\":200" },
	{ "PUT", V "/clock", "{\"paused\":false}", 200, NULL },
	{ "POST", V "/requests", "{\"method\":\"POST\",\"path\":\"" OPERATIONS "\",\"body\":"
	  "{\"device_id\":\"00000000-00000000-0040FFFF-FF800001\",\"operation\":\"activate\","
	  "\"carrier\":\"Fred's Fast Wireless Service\"}}", 200, "\"status\":\"starting\"" },
	{ "GET", V "/flows?active=true", NULL, 200, "\"kind\":\"operation\",\"action\":\"activate\","
	  "\"device\":\"router\"" },
	{ "POST", V "/clock/step", NULL, 200, "\"paused\":true,\"advancing\":false,\"reached\":true" },
	{ "POST", V "/clock/step", "{\"events\":5}", 200, "\"reached\":true" },
	{ "POST", V "/clock/advance", "{\"by\":\"15min\"}", 200, "\"reached\":true" },
	{ "GET", V "/flows?device=router", NULL, 200, "\"status\":\"successful\"", "\"id\":\"" },
	{ "GET", V "/flows/%s", NULL, 200, "\"what\":\"placeOrder download: queued\"" },
	{ "GET", V "/flows/%s", NULL, 200, "\"what\":\"getBoundProfilePackage\"" },
	{ "GET", V "/messages?flow=%s", NULL, 200, "\"what\":\"report\"" },
	{ "GET", V "/messages?device=router&limit=2", NULL, 200, "\"count\":2" },
	{ "GET", V "/messages/1", NULL, 200, "\"request\":{\"headers\":" },
	{ "GET", V "/transactions", NULL, 200, "\"action\":\"download\",\"status\":\"complete\"" },
	{ "GET", V "/operations", NULL, 200, "\"operation\":\"activate\",\"status\":\"successful\"" },
	{ "GET", V "/codes/8944000000000000019", NULL, 200, "\"state\":\"installed\"" },
	{ "GET", V ROUTER, NULL, 200, "\"spn\":\"Mobile\",\"carrier\":\"freds\",\"carrier_name\":"
	  "\"Fred's Fast Wireless Service\",\"status\":\"active\"" },
	{ "GET", V "/parties", NULL, 200, "\"key\":\"gateway\"" },
	{ "PUT", V "/parties/eis", "{\"listening\":false}", 200, "\"listening\":false" },
	{ "PUT", V "/parties/eis", "{\"listening\":true}", 200, "\"listening\":true" },
	{ "PUT", V "/parties/server", "{\"listening\":false}", 200, "\"listening\":false" },
	{ "POST", V "/requests", "{\"path\":\"/ws/v1/esim_profiles\"}", 200, "\"failure\":\"unreachable\"" },
	{ "GET", V "/operations", NULL, 200, "\"operation\":\"activate\"" },
	{ "PUT", V "/parties/server", "{\"listening\":true}", 200, "\"listening\":true" },
	{ "GET", V "/quirks", NULL, 200, "\"name\":\"smdp.http-500\"" },
	{ "PUT", V "/quirks/device.offline", "{\"device\":\"router\",\"for\":\"10min\"}", 200,
	  "\"active\":[{\"device\":\"router\",\"for\":\"10min\"}]" },
	{ "GET", V ROUTER, NULL, 200, "\"quirks\":[\"device.offline\"]" },
	{ "DELETE", V "/quirks/device.offline?target=bus", NULL, 200, "{\"cleared\":0}" },
	{ "DELETE", V "/quirks/device.offline", NULL, 200, "{\"cleared\":1}" },
	{ "PUT", V "/quirks/eis.slow", NULL, 200, "\"active\":[{}]" },
	{ "GET", V "/captions", NULL, 200, "\"count\":0" },
	{ "POST", V "/captions", "{\"text\":\"Look at this.\"}", 201, "\"by\":\"control\"" },
	{ "GET", V "/captions", NULL, 200, "Look at this." },
	{ "GET", V "/history?types=caption", NULL, 200, "\"type\":\"caption\"", "\"last\":\"" },
	{ "GET", V "/history?after=%s", NULL, 200, "\"count\":0" },
	{ "GET", V "/history?after=0000ffff-3&limit=1", NULL, 200, "\"gap\":true" },
	{ "POST", V "/reset", NULL, 200, "\"generation\":2" },
	{ "GET", V "/world", NULL, 200, "\"devices\":5" },
	{ "POST", V "/reset", "{\"seed\":99}", 200, "\"seed\":99,\"generation\":3" },
	{ "GET", V "/history?types=world", NULL, 200, "\"generation\":3" },
};

START_TEST(everything_that_works)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ 0 });
	PLAY(&r, good);
}
END_TEST

/* ---- What is refused. --------------------------------------------------------------- */

#define BAD(method, path, body, status, code) { method, V path, body, status, "\"code\":\"" code "\"" }

static const struct ask bad[] = {
	BAD("POST", "/reset", "{\"seed\":-1}", 400, "bad-value"),
	BAD("POST", "/reset", "{\"colour\":1}", 400, "bad-value"),
	BAD("PUT", "/life", "{\"every\":\"1ms\"}", 400, "bad-value"),
	BAD("PUT", "/life", "[]", 400, "bad-json"),
	BAD("PUT", "/clock", "{\"rate\":0}", 400, "bad-value"),
	BAD("PUT", "/clock", "{\"rate\":\"fast\"}", 400, "bad-value"),
	BAD("PUT", "/clock", "{\"paused\":1}", 400, "bad-value"),
	BAD("PUT", "/clock", "{\"paused\":true", 400, "bad-json"),
	BAD("POST", "/clock/advance", "{}", 400, "bad-value"),
	BAD("POST", "/clock/advance", "{\"by\":\"1h\",\"to\":\"2026-01-02T00:00:00Z\"}", 400, "bad-value"),
	BAD("POST", "/clock/advance", "{\"to\":\"tomorrow\"}", 400, "bad-value"),
	BAD("POST", "/clock/advance", "{\"by\":\"31d\"}", 400, "bad-value"),
	BAD("POST", "/clock/advance", "{\"to\":\"2025-01-01T00:00:00Z\"}", 409, "in-the-past"),
	BAD("POST", "/clock/step", "{\"events\":0}", 400, "bad-value"),
	BAD("POST", "/clock/step", "{\"events\":1.5}", 400, "bad-value"),
	BAD("GET", "/devices?limit=0", NULL, 400, "bad-value"),
	BAD("GET", "/devices?online=maybe", NULL, 400, "bad-value"),
	BAD("GET", "/devices?q=%zz", NULL, 400, "bad-value"),
	BAD("GET", "/devices/nobody", NULL, 404, "unknown-device"),
	BAD("GET", "/devices/vans", NULL, 404, "unknown-device"),
	BAD("POST", "/devices/nobody/actions", "{\"action\":\"reboot\"}", 404, "unknown-device"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"explode\"}", 400, "bad-value"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"restart\"}", 400, "bad-value"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"set-clock-skew\"}", 400, "bad-value"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"set-memory\"}", 400, "bad-value"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"set-spn\",\"spn\":\"x\"}", 400, "bad-value"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"set-no-network\"}", 400, "bad-value"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"set-spn\",\"iccid\":\"8944000000000000000\"}", 404,
	    "unknown-profile"),
	BAD("POST", ROUTER "/actions", "{\"action\":\"discover\"}", 409, "cannot"),
	BAD("POST", "/fleets", "{\"key\":\"9lives\"}", 400, "bad-value"),
	BAD("POST", "/fleets", "{\"key\":\"x\",\"count\":0}", 400, "bad-value"),
	BAD("POST", "/fleets", "{\"key\":\"x\",\"device\":{\"wheels\":4}}", 400, "bad-value"),
	BAD("POST", "/fleets", "{\"key\":\"x\",\"device\":{\"profiles\":[{\"carrier\":\"nobody\"}]}}", 400,
	    "bad-value"),
	BAD("POST", "/fleets", "{\"key\":\"vans\"}", 409, "taken"),
	BAD("POST", "/carriers", "{\"key\":\"x\",\"codes\":-1}", 400, "bad-value"),
	BAD("POST", "/carriers", "{\"key\":\"router\"}", 409, "taken"),
	BAD("POST", "/carriers/nobody/codes", "{}", 404, "unknown-carrier"),
	BAD("POST", "/carriers/freds/codes", "{\"count\":0}", 400, "bad-value"),
	BAD("GET", "/codes?offset=x", NULL, 400, "bad-value"),
	BAD("GET", "/codes/8944000000000009999", NULL, 404, "unknown-code"),
	BAD("GET", "/codes/8944000000000000019?reveal=x", NULL, 400, "bad-value"),
	BAD("GET", "/codes/8944000000000009999/qr.svg", NULL, 404, "unknown-code"),
	BAD("GET", "/codes/8944000000000000019/qr.svg?reveal=x", NULL, 400, "bad-value"),
	BAD("POST", "/requests", "{\"path\":\"ws\"}", 400, "bad-value"),
	BAD("POST", "/requests", "{\"path\":\"/a b\"}", 400, "bad-value"),
	BAD("POST", "/requests", "{\"path\":\"/\",\"method\":\"BREW\"}", 400, "bad-value"),
	BAD("POST", "/requests", "{\"path\":\"/\",\"as\":\"nobody\"}", 404, "unknown-user"),
	BAD("PUT", "/parties/nobody", "{\"listening\":true}", 404, "unknown-party"),
	BAD("PUT", "/parties/eis", "{}", 400, "bad-value"),
	BAD("PUT", "/quirks/eis.slw", "{}", 404, "unknown-quirk"),
	BAD("PUT", "/quirks/device.offline", "{\"device\":\"nobody\"}", 400, "bad-value"),
	BAD("PUT", "/quirks/device.offline", "{\"colour\":\"red\"}", 400, "bad-value"),
	BAD("PUT", "/quirks/spn.differs", "{}", 409, "only-at-set-up"),
	BAD("DELETE", "/quirks/eis.slw", NULL, 404, "unknown-quirk"),
	BAD("GET", "/flows?active=2", NULL, 400, "bad-value"),
	BAD("GET", "/flows/nothing", NULL, 404, "unknown-flow"),
	BAD("GET", "/messages?after=-1", NULL, 400, "bad-value"),
	BAD("GET", "/messages/99999999", NULL, 404, "unknown-message"),
	BAD("GET", "/messages/abc", NULL, 404, "unknown-message"),
	BAD("GET", "/transactions?limit=a", NULL, 400, "bad-value"),
	BAD("GET", "/operations?limit=a", NULL, 400, "bad-value"),
	BAD("GET", "/script", NULL, 404, "no-script"),
	BAD("PUT", "/script", "{\"mode\":\"auto\"}", 404, "no-script"),
	BAD("POST", "/script/next", NULL, 404, "no-script"),
	BAD("POST", "/captions", "{\"text\":\"\"}", 400, "bad-value"),
	BAD("GET", "/events?types=nothing", NULL, 400, "bad-value"),
	BAD("GET", "/events?after=x", NULL, 400, "bad-value"),
	BAD("GET", "/history?types=nothing", NULL, 400, "bad-value"),
	BAD("GET", "/nothing", NULL, 404, "not-found"),
	BAD("PATCH", "/clock", "{}", 405, "method-not-allowed"),
	BAD("GET", "/devices/%zz", NULL, 400, "bad-path"),
	{ "GET", "/", NULL, 404, NULL },
	/* After all this, nothing has changed. */
	{ "GET", V "/world", NULL, 200, "\"generation\":1,\"clock\"" },
	{ "GET", V "/world", NULL, 200, "\"devices\":5" },
	{ "GET", V "/carriers", NULL, 200, "\"count\":2" },
	{ "GET", V "/clock", NULL, 200, "\"rate\":60,\"paused\":false" },
};

START_TEST(what_is_refused_changes_nothing)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ 0 });
	PLAY(&r, bad);
}
END_TEST

/* Every operation, as in the OpenAPI file. */
static const char *const operations[][2] = {
	{ "GET", "/world" }, { "POST", "/reset" }, { "GET", "/snapshot" }, { "PUT", "/snapshot" },
	{ "GET", "/life" }, { "PUT", "/life" }, { "GET", "/clock" }, { "PUT", "/clock" },
	{ "POST", "/clock/advance" }, { "POST", "/clock/step" }, { "GET", "/devices" },
	{ "GET", ROUTER }, { "POST", ROUTER "/actions" }, { "GET", "/fleets" },
	{ "POST", "/fleets" }, { "GET", "/carriers" }, { "POST", "/carriers" },
	{ "POST", "/carriers/freds/codes" }, { "GET", "/codes" },
	{ "GET", "/codes/8944000000000000019" }, { "GET", "/codes/8944000000000000019/qr.svg" },
	{ "GET", "/users" }, { "POST", "/requests" }, { "GET", "/parties" },
	{ "PUT", "/parties/eis" }, { "GET", "/quirks" }, { "PUT", "/quirks/eis.slow" },
	{ "DELETE", "/quirks/eis.slow" }, { "GET", "/flows" }, { "GET", "/flows/1" },
	{ "GET", "/messages" }, { "GET", "/messages/1" }, { "GET", "/transactions" },
	{ "GET", "/operations" }, { "GET", "/script" }, { "PUT", "/script" },
	{ "POST", "/script/next" }, { "GET", "/captions" }, { "POST", "/captions" },
	{ "GET", "/events" }, { "GET", "/history" },
};
enum { OPERATIONS_COUNT = sizeof(operations) / sizeof(operations[0]) };

START_TEST(nothing_without_the_token)
{
	struct ask list[OPERATIONS_COUNT + 2];
	struct arena a = { 0 };
	struct rig r;

	for (size_t i = 0; i < OPERATIONS_COUNT; i++)
		list[i] = (struct ask){
			operations[i][0], arena_printf(&a, V "%s", operations[i][1]).p,
			strcmp(operations[i][0], "GET") ? "{}" : NULL, 401,
			"\"code\":\"unauthorized\"", .stranger = true,
		};
	/* In the query it is good for the stream alone. */
	list[OPERATIONS_COUNT] = (struct ask){
		"GET", V "/world?access_token=a%20token%20for%20this%20test", NULL, 401, NULL,
		.stranger = true,
	};
	list[OPERATIONS_COUNT + 1] = (struct ask){
		"GET", V "/events?access_token=wrong", NULL, 401, NULL, .stranger = true,
	};
	rig_open(&r, &(struct live_config){ 0 });
	play(&r, list, OPERATIONS_COUNT + 2);
	arena_release(&a);
}
END_TEST

START_TEST(only_json_is_taken)
{
	struct ask list[OPERATIONS_COUNT];
	struct arena a = { 0 };
	struct rig r;
	size_t n = 0;

	for (size_t i = 0; i < OPERATIONS_COUNT; i++) {
		const char *path = operations[i][1];

		if (strcmp(operations[i][0], "GET") == 0 || strcmp(operations[i][0], "DELETE") == 0 ||
		    strcmp(path, "/script/next") == 0)
			continue;
		list[n++] = (struct ask){ operations[i][0], arena_printf(&a, V "%s", path).p, "x=1",
					  415, "unsupported-type",
					  .type = "application/x-www-form-urlencoded" };
	}
	rig_open(&r, &(struct live_config){ .play = true });
	play(&r, list, n);
	arena_release(&a);
}
END_TEST

/* What is done to devices, in the order of its table. */
START_TEST(actions_are_in_the_openapi_file)
{
	struct buf text, list;

	golden_read(&text, "scenarios/control.openapi.yaml");
	buf_init(&list, 2000);
	for (size_t i = 0; i < ACTIONS; i++)
		if (action_on_device(str_of(action_forms[i].name)))
			buf_printf(&list, "%s%s", list.n ? ", " : "enum: [",
				   action_forms[i].name);
	buf_z(&list, "]\n");
	ck_assert_msg(strstr(text.p, list.p) != NULL, "it lacks %s", list.p);
	buf_release(&text);
	buf_release(&list);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenarios/control");
	TCase *api = tcase_create("api");
	SRunner *runner;
	int failed;

	tcase_set_timeout(api, 60);
	tcase_add_test(api, everything_that_works);
	tcase_add_test(api, what_is_refused_changes_nothing);
	tcase_add_test(api, nothing_without_the_token);
	tcase_add_test(api, only_json_is_taken);
	tcase_add_test(api, actions_are_in_the_openapi_file);
	suite_add_tcase(s, api);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
