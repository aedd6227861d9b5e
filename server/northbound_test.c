/*
 * Goal: what a client may count on whatever it asks for: methods, sizes,
 * types, compressed answers, tags; and that bad input is refused in words
 * that say where and what.
 * Method: every path of the specification, listed here again, and tables of
 * bad requests with a word that the message must hold; zlib reads what the
 * server compressed.
 */
#include "server/rig_test.h"

#include "server/csv.h"
#include "server/encode.h"

#include <zlib.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r, NULL);
}

static void teardown(void)
{
	rig_release(&r);
}

/* A request with up to two headers; `body` may hold anything. */
static int ask(const char *method, const char *path, const char *name,
	       const char *value, const char *type, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(r.net, STR("client"), method, &err,
					    "http://server.rig%s", path);

	ck_assert_msg(c != NULL, "%s", err.msg);
	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	if (name)
		http_call_header(c, name, str_of(value));
	if (type && body.p)
		http_call_body(c, type, body);
	else if (type)
		http_call_header(c, "Content-Type", str_of(type));
	rig_send(&r, c);
	return r.status;
}

static int ask_with(const char *method, const char *path, const char *name,
		    const char *value)
{
	return ask(method, path, name, value, NULL, STR_NONE);
}

static struct str header(const char *name)
{
	return http_header(&r.headers, name);
}

/* ---- Methods. ---------------------------------------------------------- */

static const struct {
	const char *path, *allow;
} endpoints[] = {
	{ "", "GET, HEAD, OPTIONS" },
	{ "/inventory", "GET, HEAD, OPTIONS" },
	{ "/inventory/8944000000000000017", "GET, HEAD, OPTIONS" },
	{ "/bulk", "GET, HEAD, OPTIONS" },
	{ "/progress/x", "GET, HEAD, OPTIONS" },
	{ "/transactions/inventory", "GET, HEAD, OPTIONS" },
	{ "/delete", "POST, OPTIONS" },
	{ "/disable", "POST, OPTIONS" },
	{ "/download", "POST, OPTIONS" },
	{ "/enable", "POST, OPTIONS" },
	{ "/operations/inventory", "GET, HEAD, POST, OPTIONS" },
	{ "/operations/inventory/x", "GET, HEAD, OPTIONS" },
	{ "/../esim_activation_codes/inventory", "GET, HEAD, POST, OPTIONS" },
	{ "/../esim_activation_codes/inventory/1", "GET, HEAD, DELETE, OPTIONS" },
};

/* "/../name" is only for the table above: nothing resolves it on the wire. */
static const char *full(const char *path)
{
	if (strncmp(path, "/../", 4) == 0)
		return arena_printf(&r.arena, "/ws/v1/%s", path + 4).p;
	return arena_printf(&r.arena, "/ws/v1/esim_profiles%s", path).p;
}

START_TEST(methods)
{
	static const char *const odd[] = { "PUT", "PATCH", "TRACE", "get", "BREW" };
	const char *path = full(endpoints[_i].path), *allow = endpoints[_i].allow;
	bool gets = strstr(allow, "GET") != NULL;

	ck_status(ask_with("OPTIONS", path, NULL, NULL), 204);
	ck_assert(str_is(header("Allow"), allow));
	ck_assert_uint_eq(r.body.n, 0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ck_status(ask_with(odd[i], path, NULL, NULL), 405);
		ck_assert(str_is(header("Allow"), allow));
		ck_json(&r, "/error_status", "405");
	}
	if (gets) {
		int status = ask_with("GET", path, NULL, NULL);
		struct str type = header("Content-Type");

		ck_status(ask_with("HEAD", path, NULL, NULL), status);
		ck_assert_uint_eq(r.body.n, 0);
		ck_assert(str_eq(header("Content-Type"), type));
	} else {
		ck_status(ask_with("GET", path, NULL, NULL), 405);
		ck_status(ask_with("HEAD", path, NULL, NULL), 405);
		ck_assert_uint_eq(r.body.n, 0);
	}
}
END_TEST

START_TEST(types_and_sizes)
{
	const char *path = full(endpoints[_i].path);
	struct buf big;

	if (!strstr(endpoints[_i].allow, "POST"))
		return;
	ck_status(ask("POST", path, NULL, NULL, "text/plain", STR("{}")), 415);
	ck_json(&r, "/error_status", "415");
	ck_status(ask("POST", path, NULL, NULL, "application/x-www-form-urlencoded", STR("a=1")), 415);
	ck_status(ask("POST", path, "Content-Encoding", "gzip", "application/json", STR("{}")), 415);
	ck_status(ask("POST", path, NULL, NULL, "application/json; charset=utf-8", STR("{}")), 400);
	ck_status(ask("POST", path, NULL, NULL, "application/vnd.api+json", STR("{}")), 400);
	buf_init(&big, 8 << 20);
	for (int i = 0; i < (4 << 20) + 1; i++)
		buf_char(&big, ' ');
	ck_status(ask("POST", path, NULL, NULL, "application/json", buf_view(&big)), 413);
	ck_json(&r, "/error_status", "413");
	big.n--;
	ck_status(ask("POST", path, NULL, NULL, "application/json", buf_view(&big)), 400);
	buf_release(&big);
}
END_TEST

START_TEST(long_heads)
{
	struct buf b;
	struct err err = { 0 };
	struct http_call *c;

	buf_init(&b, 1 << 20);
	buf_z(&b, "/ws/v1/esim_profiles/inventory?query=");
	while (b.n < 16 << 10)
		buf_char(&b, 'x');
	ck_status(ask_with("GET", b.p, NULL, NULL), 400);	/* no query */
	buf_char(&b, 'x');
	ck_status(ask_with("GET", b.p, NULL, NULL), 414);
	ck_json(&r, "/error_status", "414");
	buf_clear(&b);
	while (b.n < (32 << 10))
		buf_char(&b, 'x');
	ck_status(ask_with("GET", "/ws/v1/esim_profiles", "X-Long", b.p), 431);
	ck_json(&r, "/error_status", "431");
	c = http_call_new(r.net, STR("client"), "GET", &err, "http://server.rig/ws/v1/esims");
	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	for (int i = 0; i < 100; i++)
		http_call_header(c, arena_printf(&r.arena, "X-%d", i).p, STR("1"));
	rig_send(&r, c);
	ck_assert_int_eq(r.status, 431);
	buf_release(&b);
}
END_TEST

/* ---- Compressed. ------------------------------------------------------- */

static const struct {
	const char *accept;
	enum coding coding;
} accepts[] = {
	{ NULL, CODING_IDENTITY }, { "", CODING_IDENTITY },
	{ "gzip", CODING_GZIP }, { "GZIP", CODING_GZIP }, { "x-gzip", CODING_GZIP },
	{ "deflate", CODING_DEFLATE }, { "br", CODING_IDENTITY },
	{ "gzip, deflate, br", CODING_GZIP }, { "deflate, gzip", CODING_GZIP },
	{ "gzip;q=0.5, deflate;q=0.8", CODING_DEFLATE },
	{ "gzip ; Q=0.5 ,deflate; q=0.49", CODING_GZIP },
	{ "gzip;q=0", CODING_IDENTITY }, { "gzip;q=0.000, *", CODING_DEFLATE },
	{ "*", CODING_GZIP }, { "*;q=0", CODING_IDENTITY },
	{ "*;q=0.1, gzip;q=0", CODING_DEFLATE },
	{ "identity, gzip;q=0.5", CODING_IDENTITY },
	{ "identity;q=0, gzip;q=0.001", CODING_GZIP },
	{ "gzip;q=2", CODING_IDENTITY }, { "gzip;q=", CODING_IDENTITY },
	{ "gzip;q=1.001", CODING_IDENTITY }, { "gzip;q=0.1234", CODING_IDENTITY },
	{ "gzip;level=9;q=0.3", CODING_GZIP }, { ",,gzip,,", CODING_GZIP },
};

START_TEST(which_coding)
{
	struct str accept = accepts[_i].accept ? str_of(accepts[_i].accept) : STR_NONE;

	ck_assert_int_eq(coding_wanted(accept), accepts[_i].coding);
}
END_TEST

/* What zlib makes of the last answer. */
static struct str unpacked(void)
{
	static char out[8 << 20];
	z_stream z = { .next_in = (Bytef *)(uintptr_t)r.body.p,
		       .avail_in = (uInt)r.body.n, .next_out = (Bytef *)out,
		       .avail_out = sizeof(out) };

	ck_assert_int_eq(inflateInit2(&z, str_is(header("Content-Encoding"), "gzip") ?
				      16 + 15 : 15), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.avail_in, 0);
	inflateEnd(&z);
	return arena_str(&r.arena, (struct str){ out, z.total_out });
}

enum { MANY = 2600, HALF = CSV_ROWS_MAX / 2, LOTS = CSV_ROWS_MAX + 1,
       PER_DEVICE = 200 };

/* `count` profiles over as many devices as that takes. */
static void report_many(int count)
{
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int d = 0; d * PER_DEVICE < count; d++) {
		struct str id = arena_printf(&r.arena, "00000000-00000000-00000001-%08X", (unsigned)d);
		struct str eid = arena_printf(&r.arena, "8904903200000100000000%010d", d);

		rig_ok(server_add_device(r.server, 1, id, eid, &err), &err);
		buf_clear(&b);
		buf_printf(&b, "{\"device_id\":\"%s\",\"eid\":\"%s\",\"sequence\":1,\"cause\":"
			   "\"change\",\"complete\":true,\"profiles\":[", id.p, eid.p);
		for (int i = 0; i < PER_DEVICE && d * PER_DEVICE + i < count; i++)
			buf_printf(&b, "%s{\"iccid\":\"89440000000%08d\",\"carrier\":\"No %d\","
				   "\"status\":\"inactive\"}", i ? "," : "",
				   d * PER_DEVICE + i, i);
		buf_z(&b, "]}");
		ck_status(rig_as(&r, "Bearer report-token", "POST",
				 "/southbound/v1/device_reports", b.p), 200);
	}
	buf_release(&b);
}

START_TEST(compressed_is_the_same)
{
	static const char *const urls[] = {
		"/ws/v1/esim_profiles/inventory?size=500&query=iccid>''",
		"/ws/v1/esim_profiles/bulk",
		"/ws/v1/esim_profiles/inventory.csv?size=900",
		"/ws/v1/esim_profiles",
	};
	static const char *const codings[] = { "gzip", "deflate" };
	const char *url = urls[_i / 2], *coding = codings[_i % 2];
	struct str plain;

	report_many(MANY);
	ck_status(ask_with("GET", url, NULL, NULL), 200);
	plain = r.body;
	ck_assert_uint_gt(plain.n, ENCODE_SIZE_MIN);
	ck_assert(!header("Content-Encoding").p);
	ck_assert(str_is(header("Vary"), "Accept-Encoding"));
	ck_status(ask_with("GET", url, "Accept-Encoding", coding), 200);
	ck_assert(str_is(header("Content-Encoding"), coding));
	ck_assert(str_is(header("Vary"), "Accept-Encoding"));
	ck_assert_uint_lt(r.body.n, plain.n / 2);
	/* A cursor holds the moment it was made in. */
	if (str_find(plain, STR("\"cursor\"")) < 0)
		ck_assert(str_eq(unpacked(), plain));
	else
		ck_assert_uint_eq(unpacked().n, plain.n);
}
END_TEST

START_TEST(small_is_not_compressed)
{
	ck_status(ask_with("GET", "/ws/v1/esim_profiles/inventory", "Accept-Encoding", "gzip"), 200);
	ck_assert(!header("Content-Encoding").p);
	ck_json(&r, "/count", "0");
}
END_TEST

/* ---- Bulk. ------------------------------------------------------------- */

static int lines(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

/* Every row once, in order, up to the limit; and then it says so. */
START_TEST(bulk_has_a_limit)
{
	struct str rest;
	int i = LOTS;

	report_many(LOTS);
	ck_status(ask_with("GET", "/ws/v1/esim_profiles/bulk?fields=iccid&orderby=desc%20iccid", NULL, NULL), 200);
	ck_assert(str_is(header("Truncated"), "true"));
	ck_assert_int_eq(lines(r.body), CSV_ROWS_MAX + 1);
	rest = r.body;
	ck_assert(str_is(str_split(&rest, '\n'), "iccid\r"));
	while (rest.n) {
		struct str line = str_split(&rest, '\n');

		ck_assert(str_eq(line, arena_printf(&r.arena, "89440000000%08d\r", --i)));
	}
	ck_status(ask_with("GET", "/ws/v1/esim_profiles/bulk?query=iccid>'8944000000000000000'", NULL, NULL), 200);
	ck_assert(!header("Truncated").p);
	ck_assert_int_eq(lines(r.body), LOTS - 1 + 1);
	ck_status(ask_with("GET", "/ws/v1/esim_profiles/bulk?size=19999", NULL, NULL), 200);
	ck_assert(str_is(header("Truncated"), "true"));
	ck_assert_int_eq(lines(r.body), 20000);
}
END_TEST

static void keep_answer(struct http_exchange *x)
{
	ck_assert_int_eq(x->resp.status, 200);
}

/* As a network does that sends while it reads. */
static void begin_bulk(struct http_exchange *x, const char *accept)
{
	*x = (struct http_exchange){
		.arena = &r.arena, .net = r.net, .loop = &r.loop,
		.from = STR("client"), .to = STR("server"), .id = 1,
		.req = { .method = STR("GET"), .path = STR("/ws/v1/esim_profiles/bulk"),
			 .query = STR("fields=iccid") },
		.deliver = keep_answer,
	};
	http_header_add(&x->req.headers, &r.arena, STR("Authorization"),
			str_of(rig_user("ann")));
	if (accept)
		http_header_add(&x->req.headers, &r.arena, STR("Accept-Encoding"), str_of(accept));
	server_handler(r.server)->handle(server_handler(r.server), x);
	ck_assert(x->resp.stream != NULL);
}

/* Device `d` reports one profile instead of all that it had. */
static void report_less(int d)
{
	ck_status(rig_as(&r, "Bearer report-token", "POST", "/southbound/v1/device_reports",
		arena_printf(&r.arena, "{\"device_id\":\"00000000-00000000-00000001-%08X\",\"eid\":"
			"\"8904903200000100000000%010d\",\"sequence\":2,\"cause\":\"change\","
			"\"complete\":true,\"profiles\":[{\"iccid\":\"99440000000%08d\","
			"\"status\":\"inactive\"}]}", (unsigned)d, d, d).p), 200);
}

/* Rows that go while it is sent are left out, new ones are not for this
 * answer, and nothing else is missing or there twice. */
START_TEST(bulk_while_rows_change)
{
	struct http_exchange x;
	struct buf out;
	int pieces = 0, rc = 1, n = 0;

	report_many(HALF);
	begin_bulk(&x, NULL);
	buf_init(&out, 64 << 20);
	while (rc > 0) {
		size_t before = out.n;

		rc = x.resp.stream->next(x.resp.stream, &out);
		ck_assert_uint_gt(out.n, before);
		ck_assert_uint_le(out.n - before, HTTP_PIECE_SIZE);
		if (pieces++ == 0) {
			report_less(0);		/* sent already */
			report_less(HALF / PER_DEVICE - 1);
		}
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_gt(pieces, 3);
	http_stream_close(&x.resp);
	for (struct str rest = buf_view(&out), line; rest.n; n++) {
		line = str_split(&rest, '\n');
		if (n > 0)
			ck_assert(str_eq(line, arena_printf(&r.arena, "89440000000%08d\r", n - 1)));
	}
	ck_assert_int_eq(n - 1, HALF - PER_DEVICE);
	buf_release(&out);
}
END_TEST

/* Whoever leaves in the middle leaves nothing behind (a sanitizer looks). */
START_TEST(bulk_broken_off)
{
	static const char *const codings[] = { NULL, "gzip", "deflate" };
	struct http_exchange x;
	struct buf out;

	report_many(MANY);
	begin_bulk(&x, codings[_i]);
	buf_init(&out, 1 << 20);
	ck_assert_int_ge(x.resp.stream->next(x.resp.stream, &out), 0);
	http_stream_close(&x.resp);
	ck_assert(x.resp.stream == NULL);
	begin_bulk(&x, codings[_i]);
	http_stream_close(&x.resp);
	buf_release(&out);
}
END_TEST

/* ---- Tags. ------------------------------------------------------------- */

/* What is not sent keeps its length, which the head of a 304 may tell; any
 * other would be wrong. */
START_TEST(length_of_what_is_not_sent)
{
	struct http_exchange x = {
		.arena = &r.arena, .resp = { .status = 200, .body = STR("{\"id\":7}") },
	};

	http_header_set(&x.req.headers, &r.arena, STR("If-None-Match"), STR("*"));
	encode_tag(&x);
	ck_assert_int_eq(x.resp.status, 304);
	ck_assert(str_is(x.resp.body, "{\"id\":7}"));
}
END_TEST

START_TEST(tags)
{
	const char *path = "/ws/v1/esim_profiles/inventory/" ICCID1, *tag;

	rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\",\"carrier\":\"A\"}]");
	ck_status(ask_with("GET", path, NULL, NULL), 200);
	tag = arena_strdup(&r.arena, header("ETag").p);
	ck_status(ask_with("GET", path, "If-None-Match", tag), 304);
	ck_assert_uint_eq(r.body.n, 0);
	ck_assert(str_is(header("ETag"), tag));
	ck_status(ask_with("HEAD", path, "If-None-Match", tag), 304);
	ck_status(ask_with("GET", path, "If-None-Match", tag + 2), 304);	/* without W/ */
	ck_status(ask_with("GET", path, "If-None-Match", "*"), 304);
	ck_status(ask_with("GET", path, "If-None-Match",
		  arena_printf(&r.arena, "\"x\", %s", tag).p), 304);
	ck_status(ask_with("GET", path, "If-None-Match", "\"x\", W/\"y\""), 200);
	rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"active\",\"carrier\":\"A\"}]");
	ck_status(ask_with("GET", path, "If-None-Match", tag), 200);
	ck_assert(!str_is(header("ETag"), tag));
	ck_json(&r, "/status", "active");
}
END_TEST

/* ---- Throttle. --------------------------------------------------------- */

static void serve_with_limit(unsigned limit)
{
	struct err err = { 0 };
	struct server_config config = {
		.loop = &r.loop, .net = r.net, .log = &r.log, .seed = 7,
		.store = r.store, .kdf_iterations = 1, .throttle_limit = limit,
	};

	network_unlisten(r.net, "server.rig");
	server_free(r.server);
	r.server = server_new(&config, &err);
	ck_assert_msg(r.server != NULL, "%s", err.msg);
	rig_ok(network_listen(r.net, "server.rig", "server",
			      server_handler(r.server), &err), &err);
}

START_TEST(so_many_in_ten_seconds)
{
	const char *path = "/ws/v1/esim_profiles/inventory";

	serve_with_limit(5);
	for (int i = 0; i < 5; i++) {
		ck_status(rig_get(&r, i % 2 ? path : "/ws/v1/nothing"), i % 2 ? 200 : 404);
		rig_run(&r, 1);
	}
	for (int i = 0; i < 3; i++) {
		ck_status(rig_get(&r, path), 429);
		ck_json(&r, "/error_status", "429");
		ck_assert(str_is(header("Retry-After"), "5"));
	}
	ck_status(rig_as(&r, "ray", "GET", path, NULL), 200);	/* not his affair */
	rig_run(&r, 5);
	ck_status(rig_get(&r, path), 200);
	ck_status(rig_get(&r, path), 429);
	rig_run(&r, 1);
	ck_status(rig_get(&r, path), 200);
}
END_TEST

/* Whoever guesses is stopped before the hash is computed. */
START_TEST(guessing_is_slow)
{
	const char *path = "/ws/v1/esim_profiles/inventory";

	serve_with_limit(3);
	for (int i = 0; i < 3; i++)
		ck_status(rig_as(&r, "Basic YW5uOnB4", "GET", path, NULL), 401);
	ck_status(rig_as(&r, "Basic YW5uOnB5", "GET", path, NULL), 429);
	ck_assert(header("Retry-After").n > 0);
	rig_run(&r, 10);
	ck_status(rig_get(&r, path), 200);
	serve_with_limit(1000);
	for (int i = 0; i < 50; i++)
		ck_status(rig_as(&r, "Basic YW5uOnB4", "GET", path, NULL), 401);
	ck_status(rig_as(&r, "Basic YW5uOnB4", "GET", path, NULL), 429);
	serve_with_limit(0);
	for (int i = 0; i < 60; i++)
		ck_status(rig_as(&r, "Basic YW5uOnB4", "GET", path, NULL), 401);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/northbound");
	TCase *tc = tcase_create("northbound");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(methods, endpoints);
	LOOP(types_and_sizes, endpoints);
	tcase_add_test(tc, long_heads);
	LOOP(which_coding, accepts);
	tcase_add_loop_test(tc, compressed_is_the_same, 0, 8);
	tcase_add_test(tc, small_is_not_compressed);
	tcase_add_test(tc, bulk_has_a_limit);
	tcase_add_test(tc, bulk_while_rows_change);
	tcase_add_loop_test(tc, bulk_broken_off, 0, 3);
	tcase_add_test(tc, tags);
	tcase_add_test(tc, length_of_what_is_not_sent);
	tcase_add_test(tc, so_many_in_ten_seconds);
	tcase_add_test(tc, guessing_is_slow);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
