/*
 * Goal: every parameter, header, body and path that is not what it should be
 * is refused with a 400 (or what HTTP has for it) that says where and what
 * was expected; and nothing has happened.
 * Method: for each member of each POST, and each parameter of each list, a
 * bad value of every sort; the message must name the member or parameter.
 */
#include "server/rig_test.h"

static struct rig r;

#define PROFILES "/ws/v1/esim_profiles"
#define CODES "/ws/v1/esim_activation_codes/inventory"
#define OPS PROFILES "/operations/inventory"

static void setup(void)
{
	rig_init(&r, NULL);
	rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"carrier\":\"A\",\"status\":\"inactive\"}]");
}

static void teardown(void)
{
	rig_release(&r);
}

/* A POST of any bytes. */
static int post(const char *path, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r.net, STR("client"), "POST", &err,
					    "http://server.rig%s", path);

	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	http_call_body(c, "application/json", body);
	rig_send(&r, c);
	return r.status;
}

static void ck_refused(const char *what, int status, const char *word)
{
	const char *message;

	ck_assert_msg(r.status == status, "%s: expected %d, got %d: %.*s", what,
		      status, r.status, STRF(r.body));
	ck_json(&r, "/error_status", arena_printf(&r.arena, "%d", status).p);
	message = json_at(&r, "/error_message");
	ck_assert_msg(strstr(message, word) != NULL, "%s: '%s' should speak of %s",
		      what, message, word);
}

/* ---- Members. ---------------------------------------------------------- */

#define TARGET "\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\""

/* A good entry of each POST; a bad member replaces one of it. */
static const struct {
	const char *path;
	const char *member;	/* to be bad */
	const char *others;
	bool required;
	bool free_text;		/* any text does */
} members[] = {
#define ACTION(action) \
	{ PROFILES action, "device_id", "\"eid\":\"" EID "\",\"iccid\":\"" ICCID1 "\"", true, false }, \
	{ PROFILES action, "eid", "\"device_id\":\"" DEVICE "\",\"iccid\":\"" ICCID1 "\"", true, false }, \
	{ PROFILES action, "iccid", TARGET, true, false }
	ACTION("/enable"),
	ACTION("/disable"),
	ACTION("/delete"),
	ACTION("/download"),
	{ PROFILES "/download", "activation_code", TARGET, true, false },
	{ PROFILES "/download", "confirmation_code", TARGET ",\"activation_code\":\"" SECRET1 "\"", false, true },
	{ OPS, "device_id", "\"operation\":\"enable\",\"carrier\":\"A\"", true, false },
	{ OPS, "eid", "\"device_id\":\"" DEVICE "\",\"operation\":\"enable\",\"carrier\":\"A\"", false, false },
	{ OPS, "operation", TARGET ",\"carrier\":\"A\"", true, false },
	{ OPS, "carrier", TARGET ",\"operation\":\"enable\"", true, true },
	{ OPS, "iccid", TARGET ",\"operation\":\"enable\"", true, false },
	{ OPS, "cause", TARGET ",\"operation\":\"enable\",\"carrier\":\"A\"", false, false },
	{ OPS, "cause_id", TARGET ",\"operation\":\"enable\",\"carrier\":\"A\"", false, true },
	{ OPS, "source", TARGET ",\"operation\":\"enable\",\"carrier\":\"A\"", false, true },
	{ CODES, "iccid", "\"carrier\":\"A\",\"activation_code\":\"" SECRET1 "\"", true, false },
	{ CODES, "activation_code", "\"carrier\":\"A\",\"iccid\":\"" ICCID2 "\"", true, false },
	{ CODES, "carrier", "\"iccid\":\"" ICCID2 "\",\"activation_code\":\"" SECRET1 "\"", true, true },
	{ CODES, "confirmation_code", "\"carrier\":\"A\",\"iccid\":\"" ICCID2 "\",\"activation_code\":\"" SECRET1 "\"", false, true },
};

static struct str entry(const char *member, const char *value, const char *others)
{
	return arena_printf(&r.arena, "{%s,\"%s\":%s}", others, member, value);
}

static const char *long_text(size_t n)
{
	char *p = arena_alloc(&r.arena, n + 3);

	memset(p, '8', n + 2);
	p[0] = p[n + 1] = '"';
	return p;
}

static void rows_are_as_before(void)
{
	rig_get(&r, PROFILES "/transactions/inventory");
	ck_json(&r, "/count", "0");
	rig_get(&r, OPS);
	ck_json(&r, "/count", "0");
	rig_get(&r, CODES);
	ck_json(&r, "/count", "0");
}

START_TEST(members_of_bodies)
{
	static const char *const types[] = { "5", "1e300", "true", "{}", "[\"x\"]", "{\"a\":{\"b\":[]}}" };
	static const char *const texts[] = { "\"nonsense\"", "\"\\u00e9\"", "\"'; drop table x\"" };
	const char *path = members[_i].path, *name = members[_i].member;
	const char *others = members[_i].others;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		post(path, entry(name, types[i], others));
		ck_refused(types[i], 400, arena_printf(&r.arena, "\"%s\": expected a string", name).p);
		/* In a list, the entry says which. */
		post(path, arena_printf(&r.arena, "[%s]", entry(name, types[i], others).p));
		ck_assert_int_eq(r.status, 400);
		ck_json(&r, "/list/0/error_status", "400");
		ck_assert(strstr(json_at(&r, "/list/0/error_message"), name));
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !members[_i].free_text; i++) {
		post(path, entry(name, texts[i], others));
		ck_refused(texts[i], 400, name);
	}
	if (members[_i].required) {
		post(path, entry(name, "null", others));
		ck_refused("null", 400, name);
		post(path, entry(name, "\"\"", others));
		ck_refused("empty", 400, name);
		post(path, entry("nothing", "1", others));
		ck_refused("missing", 400, name);
	}
	post(path, entry(name, long_text(5000), others));
	ck_refused("too long", 400, name);
	post(path, entry(name, "\"a\\u0000b\"", others));
	ck_refused("NUL", 400, "JSON");
	post(path, entry(name, "\"a\xFF\"", others));
	ck_refused("not UTF-8", 400, "UTF-8");
	post(path, arena_printf(&r.arena, "{%s,\"%s\":\"x\",\"%s\":\"x\"}", others, name, name));
	ck_refused("twice", 400, arena_printf(&r.arena, "\"%s\": it is there twice", name).p);
	rows_are_as_before();
}
END_TEST

/* ---- What errors show of it. ------------------------------------------- */

START_TEST(context_is_what_was_sent)
{
	post(OPS, STR("{\"a\":8944000000000001,\"b\":1.5,\"c\":-3,\"d\":true,\"e\":1e20,"
		      "\"f\":1e999,\"g\":null,\"h\":\"x\"}"));
	ck_refused("numbers", 400, "operation");
	ck_assert_msg(str_find(r.body, STR("{\"a\":8944000000000001,\"b\":1.5,\"c\":-3,"
		      "\"d\":true,\"e\":1e+20,\"f\":null,\"h\":\"x\"}")) >= 0,
		      "%.*s", STRF(r.body));
}
END_TEST

START_TEST(no_secret_comes_back)
{
	static const char *const secrets[] = {
		"\"activation_code\":\"HUSH\"", "\"activationCode\":\"HUSH\"",
		"\"Activation-Code\":\"HUSH\"", "\"the confirmation code\":\"HUSH\"",
		"\"confirmationCode\":\"HUSH\"", "\"CONFIRMATION_CODE\":\"HUSH\"",
		"\"matchingId\":\"HUSH\"", "\"api_secret\":\"HUSH\"", "\"Passwords\":\"HUSH\"",
		"\"device_id\":\"LPA:1$h$HUSH\"", "\"LPA:1$h$HUSH\":1",
		"\"carrier\":\"LPA:1%24h%24HUSH\"", "\"x\":\"LPA%3A1%24h%24HUSH%241\"",
		"\"1%24h%24HUSH\":1",
		"\"LPA:1$h$HUSH\":1,\"LPA:1$h$HUSH\":2",
		"\"a\":{\"activation_code\":\"HUSH\"}", "\"a\":[\"LPA:1$h$HUSH\"]",
	};
	static const char *const queries[] = {
		"status='LPA:1$h$HUSH'", "status=%27LPA:1%24h%24HUSH%27", "id='1$h$HUSH'",
	};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		post(PROFILES "/enable", arena_printf(&r.arena, "{%s,\"kept\":1}", secrets[i]));
		ck_assert_int_eq(r.status, 400);
		ck_assert_msg(str_find(r.body, STR("HUSH")) < 0, "%.*s", STRF(r.body));
		ck_json(&r, "/error_context/kept", "1");
	}
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		rig_get(&r, arena_printf(&r.arena, PROFILES "/inventory?query=%s", queries[i]).p);
		ck_refused(queries[i], 400, "position");
		ck_assert_msg(str_find(r.body, STR("HUSH")) < 0, "%.*s", STRF(r.body));
	}
}
END_TEST

/* Members that all may read do not take one either. */
START_TEST(no_secret_is_kept)
{
	static const char *const bodies[][2] = {
		{ OPS, "\"carrier\":\"LPA:1$h$HUSH\"" },
		{ OPS, "\"carrier\":\"A\",\"source\":\"1$h$HUSH\"" },
		{ OPS, "\"carrier\":\"A\",\"cause_id\":\"x 1$h$HUSH$1\"" },
		{ CODES, "\"carrier\":\"LPA:1$h$HUSH\",\"iccid\":\"" ICCID2 "\","
		  "\"activation_code\":\"" SECRET1 "\"" },
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		post(bodies[i][0], arena_printf(&r.arena, "{" TARGET
			",\"operation\":\"enable\",%s}", bodies[i][1]));
		ck_refused(bodies[i][1], 400, "it holds an activation code");
		ck_assert(str_find(r.body, STR("HUSH")) < 0);
	}
	rows_are_as_before();
	/* A name may have the sign. */
	post(OPS, STR("{" TARGET ",\"operation\":\"enable\",\"carrier\":\"Ca$h 1$\"}"));
	ck_assert_int_eq(r.status, 200);
}
END_TEST

/* `text` with each "%s" replaced, and "%%" by a "%". */
static struct str replace_all(const char *text, struct str by)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1 << 16);
	for (; *text; text++) {
		if (text[0] == '%' && text[1] == 's')
			buf_str(&b, by);
		else
			buf_char(&b, *text);
		text += *text == '%';
	}
	s = arena_str(&r.arena, buf_view(&b));
	buf_release(&b);
	return s;
}

START_TEST(long_names_are_cut)
{
	static const char *const forms[] = {
		PROFILES "/bulk?fields=%s", PROFILES "/inventory?orderby=asc%%20%s",
		PROFILES "/inventory?orderby=%s%%20x%%20y", PROFILES "/inventory?%s=1&%s=2",
	};
	struct buf name;

	buf_init(&name, 4000);
	buf_char(&name, 'x');
	for (int i = 0; i < 300; i++)
		buf_z(&name, "%E2%82%AC");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct str path = replace_all(forms[i], buf_view(&name));
		const char *message;

		ck_assert_int_eq(rig_get(&r, path.p), 400);
		message = json_at(&r, "/error_message");
		ck_assert_msg(strstr(message, "x\xE2\x82\xAC\xE2\x82\xAC"), "%s", message);
		ck_assert_uint_lt(strlen(message), 200);
	}
	buf_release(&name);
}
END_TEST

/* ---- Bodies. ----------------------------------------------------------- */

static const char *const posts[] = {
	PROFILES "/enable", PROFILES "/disable", PROFILES "/delete", PROFILES "/download", OPS, CODES,
};

#define BYTES(literal) { literal, sizeof(literal) - 1 }

static const struct {
	struct str body;
	const char *word;
} bodies[] = {
	{ BYTES(""), "JSON" }, { BYTES(" "), "JSON" }, { BYTES("{"), "JSON" },
	{ BYTES("{}x"), "byte 2" }, { BYTES("{\"a\":1,}"), "byte" }, { BYTES("{'a':1}"), "byte" },
	{ BYTES("\xEF\xBB\xBF"), "JSON" }, { BYTES("{\"\xC0\x80\":1}"), "UTF-8" },
	{ BYTES("{\"a\0\":1}"), "JSON" }, { BYTES("{\"a\":\"\\ud800\"}"), "" },
	{ BYTES("null"), "an object" }, { BYTES("5"), "an object" }, { BYTES("\"x\""), "an object" },
	{ BYTES("[]"), "1 to 1000" }, { BYTES("device_id=1&eid=2"), "byte 0" },
	{ BYTES("<xml/>"), "byte 0" }, { BYTES("{}"), "\"" },
	{ BYTES("{\"device_id\":1,\"device_id\":2}"), "twice" },
};

START_TEST(whole_bodies)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		post(posts[_i], bodies[i].body);
		ck_refused(bodies[i].body.p, 400, bodies[i].word);
	}
	rows_are_as_before();
}
END_TEST

static struct str nested(char open, char close, int depth)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < depth; i++)
		buf_z(&b, open == '[' ? "[" : "{\"a\":");
	buf_char(&b, '1');
	for (int i = 0; i < depth; i++)
		buf_char(&b, close);
	s = arena_str(&r.arena, buf_view(&b));
	buf_release(&b);
	return s;
}

START_TEST(deep_and_wide_bodies)
{
	struct buf b;

	post(posts[_i], nested('[', ']', 1000));
	ck_refused("[[[...", 400, "JSON");
	post(posts[_i], nested('{', '}', 1000));
	ck_refused("{{{...", 400, "JSON");
	post(posts[_i], nested('[', ']', 100000));
	ck_refused("100,000 levels", 400, "JSON");
	buf_init(&b, 1 << 22);
	for (int i = 0; i < 1001; i++)
		buf_z(&b, i ? ",{}" : "[{}");
	buf_char(&b, ']');
	post(posts[_i], buf_view(&b));
	ck_refused("1001 entries", 400, "1 to 1000");
	buf_clear(&b);
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "%s\"m%d\":1", i ? "," : "{", i);
	buf_char(&b, '}');
	post(posts[_i], buf_view(&b));
	ck_refused("20,000 members", 400, "64 members");
	buf_release(&b);
	rows_are_as_before();
}
END_TEST

/* ---- Parameters, on every list. ---------------------------------------- */

static const char *const lists[] = {
	PROFILES "/inventory", PROFILES "/transactions/inventory", OPS, CODES,
	"/ws/v1/esims/inventory", "/ws/v1/devices/inventory", PROFILES "/bulk",
	"/ws/v1/esims/bulk", "/ws/v1/esim_activation_codes/bulk", "/ws/v1/devices/bulk",
	PROFILES "/inventory.csv",
};

static const struct {
	const char *query, *word;
} parameters[] = {
	{ "size=0", "size: expected" }, { "size=-1", "size: expected" }, { "size=ten", "size: expected" },
	{ "size=", "size: expected" }, { "size=1.5", "size: expected" }, { "size=1e3", "size: expected" },
	{ "size=+5", "size: expected" }, { "size=0x10", "size: expected" }, { "size=%205", "size: expected" },
	{ "size=99999999999999999999999x", "size: expected" }, { "size=00000000000000000000000", "size: expected" },
	{ "size=%FF", "size: not UTF-8" }, { "size=5%00", "'size'" }, { "size=1&size=2", "size: the parameter is there twice" },
	{ "query=(", "query: at position 2" }, { "query=nothing%3D1", "query: at position 1" },
	{ "query=%C3", "query: not UTF-8" }, { "query=a%00b", "'query'" }, { "query=%zz", "'query'" },
	{ "query=%", "'query'" }, { "query=%e", "'query'" },
	{ "query=customer_id%3D1&query=customer_id%3D2", "query: the parameter is there twice" },
	{ "orderby=nothing", "orderby:" }, { "orderby=asc", "orderby:" }, { "orderby=up+customer_id", "orderby:" },
	{ "orderby=asc+customer_id+desc", "orderby:" }, { "orderby=customer_id,eid", "orderby:" },
	{ "orderby=%FF", "orderby: not UTF-8" }, { "orderby=eid&orderby=eid", "orderby: the parameter is there twice" },
	{ "%FF=1", "parameter 1 is not UTF-8" }, { "a=1&a=2", "a: the parameter is there twice" },
	{ "%61=1&a=2", "a: the parameter is there twice" },
};

static const struct {
	const char *query, *word;
} of_pages[] = {
	{ "cursor=abc", "cursor:" }, { "cursor=%FF", "cursor: not UTF-8" }, { "cursor=a%00", "'cursor'" },
	{ "cursor=....", "cursor:" }, { "cursor=a&cursor=a", "cursor: the parameter is there twice" },
	{ "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor:" },
}, of_bulk[] = {
	{ "fields=nothing", "fields:" }, { "fields=customer_id,", "fields:" }, { "fields=,", "fields:" },
	{ "fields=customer_id;eid", "fields:" }, { "fields=%FF", "fields: not UTF-8" },
	{ "fields=customer_id&fields=customer_id", "fields: the parameter is there twice" },
};

static void ck_parameter(const char *list, const char *query, const char *word)
{
	const char *url = arena_printf(&r.arena, "%s?%s", list, query).p;

	rig_get(&r, url);
	ck_refused(url, 400, word);
	ck_assert(str_is(http_header(&r.headers, "Content-Type"), "application/json"));
}

START_TEST(parameters_of_lists)
{
	bool csv = strstr(lists[_i], "/bulk") || strstr(lists[_i], ".csv");
	struct buf b;

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
		ck_parameter(lists[_i], parameters[i].query, parameters[i].word);
	for (size_t i = 0; i < sizeof(of_pages) / sizeof(of_pages[0]); i++)
		ck_parameter(lists[_i], of_pages[i].query, of_pages[i].word);
	for (size_t i = 0; csv && i < sizeof(of_bulk) / sizeof(of_bulk[0]); i++)
		ck_parameter(lists[_i], of_bulk[i].query, of_bulk[i].word);
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 65; i++)
		buf_printf(&b, "&p%d=1", i);
	ck_parameter(lists[_i], b.p, "more than 64 parameters");
	buf_clear(&b);
	buf_z(&b, "query=");
	for (int i = 0; i < 4097; i++)
		buf_char(&b, 'x');
	ck_parameter(lists[_i], b.p, "query: longer than 4096 bytes");
	buf_clear(&b);
	buf_z(&b, "fields=customer_id");
	for (int i = 0; i < 64; i++)
		buf_z(&b, ",customer_id");
	if (csv)
		ck_parameter(lists[_i], b.p, "fields: more than 64");
	buf_release(&b);
}
END_TEST

/* ---- Paths and headers. ------------------------------------------------ */

static const struct {
	const char *path;
	int status;
	const char *word;
} paths[] = {
	{ "/ws/v1/esim_profiles/inventory/%FF", 400, "path: not UTF-8" },
	{ "/ws/v1/esim_profiles/inventory/%00", 400, "path: malformed" },
	{ "/ws/v1/esim_profiles/inventory/a%00b", 400, "path: malformed" },
	{ "/ws/v1/esim_profiles/inventory/%", 400, "path: malformed" },
	{ "/ws/v1/esim_profiles/inventory/%4", 400, "path: malformed" },
	{ "/ws/v1/esim_profiles/inventory/%zz", 400, "path: malformed" },
	{ "/ws/v1/esim_profiles/progress/%FF", 400, "path: not UTF-8" },
	{ "/ws/v1/esim_profiles/progress/%C3%28", 400, "path: not UTF-8" },
	{ "/ws/v1/esim_profiles/operations/inventory/%00", 400, "path: malformed" },
	{ "/ws/v1/esim_activation_codes/inventory/%FF", 400, "path: not UTF-8" },
	{ "/ws/v1/esims/inventory/%FF", 400, "path: not UTF-8" },
	{ "/ws/v1/devices/inventory/%FF", 400, "path: not UTF-8" },
	{ "/ws/v1/esim_profiles/inventory/'%20or%201=1", 404, "no such item" },
	{ "/ws/v1/esim_profiles/inventory/..", 404, "no such item" },
	{ "/ws/v1/esim_profiles/inventory/", 404, "no such path" },
	{ "/ws/v1/esim_profiles//inventory", 404, "no such path" },
	{ "/ws/v1/ESIM_PROFILES/inventory", 404, "no such path" },
	{ "/ws/v1/esim_profiles/inventory.xml", 404, "no such path" },
	{ "/ws/v1/esim_profiles/inventory.csv.csv", 404, "no such path" },
	{ "/ws/v1/esim_profiles/bulk/1", 404, "no such path" },
	{ "/ws/v2/esim_profiles", 404, "no such path" },
	{ "/ws/", 404, "no such path" },
	{ "/wsx", 404, "no such path" },
	{ "/", 404, "no such path" },
	{ "/favicon.ico", 404, "no such path" },
};

START_TEST(bad_paths)
{
	rig_get(&r, paths[_i].path);
	ck_refused(paths[_i].path, paths[_i].status, paths[_i].word);
}
END_TEST

static const struct {
	const char *name, *value;
	int status;
} headers[] = {
	{ "Authorization", "Basic", 401 }, { "Authorization", "Basic \xFF\xFE", 401 },
	{ "Authorization", "Basic YW5uAHB3", 401 },	/* ann NUL pw */
	{ "Authorization", "Basic gICA", 401 },		/* not UTF-8, no colon */
	{ "Authorization", "Basic gDqA", 401 },		/* not UTF-8 */
	{ "X-API-KEY-ID", "x", 401 }, { "X-API-KEY-ID", "", 401 },
	{ "X-API-KEY-ID", "0123456789abcdef0123456789abcdef", 401 },
	{ "Accept-Encoding", "\xFF;q=x,,;=", 200 }, { "If-None-Match", "\"", 200 },
	{ "If-None-Match", "W/", 200 }, { "Accept", "nothing/known", 200 },
	{ "Content-Type", "\xFF", 200 },
};

START_TEST(bad_headers)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r.net, STR("client"), "GET", &err,
					    "http://server.rig" PROFILES "/inventory/" ICCID1);

	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	http_call_header(c, headers[_i].name, str_of(headers[_i].value));
	rig_send(&r, c);
	ck_assert_int_eq(r.status, headers[_i].status);
	if (r.status == 401)
		ck_refused(headers[_i].value, 401, "missing or wrong");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/bad_input");
	TCase *tc = tcase_create("bad input");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(members_of_bodies, members);
	tcase_add_test(tc, context_is_what_was_sent);
	tcase_add_test(tc, no_secret_comes_back);
	tcase_add_test(tc, no_secret_is_kept);
	tcase_add_test(tc, long_names_are_cut);
	LOOP(whole_bodies, posts);
	LOOP(deep_and_wide_bodies, posts);
	LOOP(parameters_of_lists, lists);
	LOOP(bad_paths, paths);
	LOOP(bad_headers, headers);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
