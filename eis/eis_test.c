/*
 * Goal: the registry keeps docs/southbound.md toward servers, devices and
 * SM-DP+s that behave and that do not.
 * Method: ask over the network in memory and compare answers and events with
 * what the page says.
 */
#include "eis/eis.h"
#include "sim/json.h"
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define EID "89049032123451234512345678901235"
#define EID2 "89049032000000000000000000000042"
#define ICCID "8944000000000000001"
#define PROGRESS "/gsma/rsp2/es2plus/handleDownloadProgressInfo"
#define TOKEN "s3cret-token"
#define CODE "LPA:1$smdp.example.com$MATCH-4242"

struct world {
	struct loop loop;
	struct eventlog log;
	struct eventlog_listener listener;
	struct network *net;
	struct eis *eis;
	struct buf events;
	int status;
	struct buf body, allow;
};

static struct world w;

static void tell(struct eventlog_listener *l, const struct event *e,
		 struct str line)
{
	(void)l;
	if (strcmp(e->name, "request") == 0 || strcmp(e->name, "response") == 0)
		return;
	buf_str(&w.events, line);
	buf_char(&w.events, '\n');
}

static void add(const char *eid)
{
	struct eis_euicc_spec spec = {
		.eid = str_of(eid), .eum_id = STR("2.999.10"),
		.platform_type = STR("rig"), .platform_version = STR("1.0"),
		.production_date_ms = CLOCK_EPOCH_MS, .memory = 500000,
	};
	struct err err = { 0 };

	ck_assert_msg(eis_register(w.eis, &spec, &err) == 0, "%s", err.msg);
}

static void setup(void)
{
	struct eis_config config = { .token = TOKEN, .seed = 7 };
	struct err err = { 0 };

	w = (struct world){ 0 };
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	buf_init(&w.events, 1 << 20);
	buf_init(&w.body, 1 << 20);
	buf_init(&w.allow, 100);
	w.listener = (struct eventlog_listener){ .tell = tell, .wants_line = true };
	eventlog_listen(&w.log, &w.listener);
	w.net = memnet_new(&w.loop, &w.log);
	config.loop = &w.loop;
	config.net = w.net;
	config.log = &w.log;
	w.eis = eis_new(&config);
	ck_assert_int_eq(network_listen(w.net, "eis.rig", "eis",
					eis_handler(w.eis), &err), 0);
	add(EID);
	add(EID2);
}

static void teardown(void)
{
	network_release(w.net);
	eis_free(w.eis);
	eventlog_release(&w.log);
	loop_release(&w.loop);
	buf_release(&w.events);
	buf_release(&w.body);
	buf_release(&w.allow);
}

static void done(struct http_call *c)
{
	ck_assert_msg(c->failure == HTTP_OK, "%s", c->err.msg);
	w.status = c->resp.status;
	buf_clear(&w.body);
	buf_str(&w.body, c->resp.body);
	buf_clear(&w.allow);
	buf_str(&w.allow, http_header(&c->resp.headers, "Allow"));
	loop_stop(&w.loop);
}

static int ask_as(const char *token, const char *type, const char *method,
		  const char *path, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, STR("test"), method, &err,
					    "http://eis.rig%s", path);

	ck_assert_msg(c != NULL, "%s", err.msg);
	if (token) {
		char text[200];

		snprintf(text, sizeof(text), "Bearer %s", token);
		http_call_header(c, "Authorization", str_of(text));
	}
	if (body.p)
		http_call_body(c, type, body);
	c->done = done;
	w.status = -1;
	http_call_send(c);
	ck_assert_msg(loop_run(&w.loop, &err) == 0, "%s", err.msg);
	ck_assert_int_ne(w.status, -1);
	return w.status;
}

static int ask(const char *method, const char *path, const char *body)
{
	return ask_as(TOKEN, "application/json", method, path, str_of(body));
}

static void slept(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

static void sleep_s(int64_t s)
{
	struct timer t = { .fire = slept };
	struct err err;

	loop_arm(&w.loop, &t, s * NS_PER_S);
	ck_assert_int_eq(loop_run(&w.loop, &err), 0);
}

/* A string or number of the last answer, by path "a/0/b". */
static const char *got(const char *path)
{
	static char text[512];
	struct err err = { 0 };
	cJSON *tree = json_parse(buf_view(&w.body), &err);
	const cJSON *at = tree;
	struct str rest = str_of(path);

	ck_assert_msg(tree != NULL, "%s: %s", err.msg, w.body.p);
	while (at && rest.p) {
		struct str part = str_split(&rest, '/');
		char key[64];
		uint64_t n;

		snprintf(key, sizeof(key), "%.*s", STRF(part));
		if (cJSON_IsArray(at) && str_to_u64(part, 1000, &n) == 0)
			at = cJSON_GetArrayItem(at, (int)n);
		else
			at = cJSON_GetObjectItemCaseSensitive(at, key);
	}
	if (!at)
		snprintf(text, sizeof(text), "(absent)");
	else if (cJSON_IsString(at))
		snprintf(text, sizeof(text), "%s", at->valuestring);
	else if (cJSON_IsArray(at))
		snprintf(text, sizeof(text), "[%d]", cJSON_GetArraySize(at));
	else
		snprintf(text, sizeof(text), "%g", at->valuedouble);
	cJSON_Delete(tree);
	return text;
}

static int events_of(const char *name)
{
	char want[64];
	int n = 0;

	snprintf(want, sizeof(want), "\"event\":\"%s\"", name);
	for (const char *at = w.events.p; at && (at = strstr(at, want)); at++)
		n++;
	return n;
}

static char order_id[64], order_path[128], result_path[160];

static void place(const char *body)
{
	ck_assert_msg(ask("POST", "/eis/v1/orders", body) == 201, "%s", w.body.p);
	snprintf(order_id, sizeof(order_id), "%s", got("id"));
	ck_assert_uint_eq(strlen(order_id), 32);
	snprintf(order_path, sizeof(order_path), "/eis/v1/orders/%s", order_id);
	snprintf(result_path, sizeof(result_path), "%s/result", order_path);
}

#define ENABLE "{\"eid\":\"" EID "\",\"operation\":\"enable\",\"iccid\":\"" ICCID "\"}"
#define DOWNLOAD "{\"eid\":\"" EID "\",\"operation\":\"download\",\"activationCode\":\"" \
	CODE "\",\"confirmationCode\":\"9876\",\"expiresIn\":600,\"reference\":\"tx-1\"}"
#define NEXT "/eis/v1/euicc/" EID "/orders/next"
#define DID "{\"eid\":\"" EID "\",\"status\":\"complete\",\"code\":\"ok\"}"
#define FAILED "{\"eid\":\"" EID "\",\"status\":\"failed\",\"code\":\"smdpRefused\"," \
	"\"subjectCode\":\"8.2.6\",\"reasonCode\":\"3.8\",\"message\":\"no %s\"}"

START_TEST(an_order_from_queue_to_end)
{
	ck_assert_int_eq(ask("GET", NEXT, NULL), 204);
	place(ENABLE);
	ck_assert_str_eq(got("status"), "queued");
	ck_assert_str_eq(got("created"), "2026-01-01T00:00:00.000Z");
	ck_assert_str_eq(got("expires"), "2026-01-01T01:00:00.000Z");
	sleep_s(10);
	ck_assert_int_eq(ask("GET", NEXT, NULL), 200);
	ck_assert_str_eq(got("id"), order_id);
	ck_assert_str_eq(got("operation"), "enable");
	ck_assert_str_eq(got("iccid"), ICCID);
	ck_assert_int_eq(ask("GET", order_path, NULL), 200);
	ck_assert_str_eq(got("status"), "delivered");
	ck_assert_str_eq(got("updated"), "2026-01-01T00:00:10.000Z");
	/* The same again until the result is in. */
	ck_assert_int_eq(ask("GET", NEXT, NULL), 200);
	ck_assert_str_eq(got("id"), order_id);
	sleep_s(10);
	ask("GET", NEXT, NULL);
	ask("GET", order_path, NULL);
	ck_assert_str_eq(got("updated"), "2026-01-01T00:00:10.000Z");
	ck_assert_int_eq(ask_as(NULL, "application/json", "POST", result_path,
				STR(DID)), 204);
	ck_assert_int_eq(ask("GET", NEXT, NULL), 204);
	ck_assert_int_eq(ask("GET", order_path, NULL), 200);
	ck_assert_str_eq(got("status"), "complete");
	ck_assert_str_eq(got("result/code"), "ok");
	ck_assert_str_eq(got("result/iccid"), ICCID);
	ck_assert_int_eq(events_of("order-queued"), 1);
	ck_assert_int_eq(events_of("order-delivered"), 3);
	ck_assert_int_eq(events_of("order-complete"), 1);
	sleep_s(7200);
	ck_assert_int_eq(events_of("order-expired"), 0);
}
END_TEST

START_TEST(one_at_a_time_oldest_first)
{
	char first[64], second[64];

	place(ENABLE);
	memcpy(first, order_id, sizeof(first));
	place("{\"eid\":\"" EID "\",\"operation\":\"delete\",\"iccid\":\"" ICCID "\"}");
	memcpy(second, order_id, sizeof(second));
	ask("GET", NEXT, NULL);
	ck_assert_str_eq(got("id"), first);
	/* A result for what was never delivered is out of order. */
	ck_assert_int_eq(ask("POST", result_path, DID), 409);
	ck_assert_str_eq(got("error/code"), "not-delivered");
	snprintf(result_path, sizeof(result_path), "/eis/v1/orders/%s/result", first);
	ck_assert_int_eq(ask("POST", result_path, DID), 204);
	ask("GET", NEXT, NULL);
	ck_assert_str_eq(got("id"), second);
	ck_assert_int_eq(ask("GET", "/eis/v1/euicc/" EID "/orders", NULL), 200);
	ck_assert_str_eq(got("orders"), "[2]");
	ck_assert_str_eq(got("orders/0/id"), first);
	ck_assert_str_eq(got("orders/1/status"), "delivered");
	/* The other eUICC has a queue of its own. */
	ck_assert_int_eq(ask("GET", "/eis/v1/euicc/" EID2 "/orders/next", NULL), 204);
	ck_assert_int_eq(ask("GET", "/eis/v1/euicc/" EID2 "/orders", NULL), 200);
	ck_assert_str_eq(got("orders"), "[0]");
}
END_TEST

START_TEST(results_count_once)
{
	place(DOWNLOAD);
	ask("GET", NEXT, NULL);
	ck_assert_str_eq(got("activationCode"), CODE);
	ck_assert_str_eq(got("confirmationCode"), "9876");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask("POST", result_path, FAILED), 204);
	ck_assert_int_eq(ask("POST", result_path, DID), 204);
	ck_assert_int_eq(ask("GET", order_path, NULL), 200);
	ck_assert_str_eq(got("status"), "failed");
	ck_assert_str_eq(got("result/subjectCode"), "8.2.6");
	ck_assert_str_eq(got("result/reasonCode"), "3.8");
	ck_assert_str_eq(got("lateResult"), "(absent)");
	ck_assert_int_eq(events_of("order-failed"), 1);
	ck_assert_int_eq(events_of("order-complete"), 0);
	ck_assert_int_eq(events_of("result-ignored"), 3);
	ck_assert_ptr_nonnull(strstr(w.events.p, "\"why\":\"repeated\""));
	ck_assert_ptr_nonnull(strstr(w.events.p, "\"why\":\"contradicts the first\""));
	ck_assert_int_eq(ask("GET", "/eis/v1/euicc/" EID, NULL), 200);
	ck_assert_str_eq(got("auditTrail"), "[6]");
	ck_assert_str_eq(got("auditTrail/2/operationType"), "order-failed");
	ck_assert_str_eq(got("auditTrail/5/operationType"), "result-contradicts");
}
END_TEST

START_TEST(late_results_are_kept_aside)
{
	place(DOWNLOAD);
	ask("GET", NEXT, NULL);
	sleep_s(599);
	ck_assert_int_eq(events_of("order-expired"), 0);
	sleep_s(1);
	ck_assert_int_eq(events_of("order-expired"), 1);
	ck_assert_int_eq(ask("GET", NEXT, NULL), 204);
	ck_assert_int_eq(ask("POST", result_path,
			     "{\"eid\":\"" EID "\",\"status\":\"complete\",\"iccid\":\""
			     ICCID "\",\"message\":\"MATCH-4242 done\","
			     "\"completed\":\"2026-01-01T00:09:00.000Z\"}"), 204);
	ck_assert_int_eq(ask("POST", result_path, DID), 204);
	ask("GET", order_path, NULL);
	ck_assert_str_eq(got("status"), "expired");
	ck_assert_str_eq(got("result"), "(absent)");
	ck_assert_str_eq(got("lateResult/status"), "complete");
	ck_assert_str_eq(got("lateResult/iccid"), ICCID);
	ck_assert_str_eq(got("lateResult/completed"), "2026-01-01T00:09:00.000Z");
	ck_assert_ptr_nonnull(strstr(w.events.p, "\"why\":\"late\""));
	ck_assert_ptr_null(strstr(w.body.p, "4242"));
}
END_TEST

START_TEST(taking_back)
{
	place(ENABLE);
	ck_assert_int_eq(ask("DELETE", order_path, NULL), 204);
	ck_assert_int_eq(ask("GET", NEXT, NULL), 204);
	ask("GET", order_path, NULL);
	ck_assert_str_eq(got("status"), "cancelled");
	ck_assert_int_eq(ask("DELETE", order_path, NULL), 409);
	place(ENABLE);
	ask("GET", NEXT, NULL);
	ck_assert_int_eq(ask("DELETE", order_path, NULL), 409);
	ck_assert_str_eq(got("error/code"), "not-queued");
	ck_assert_int_eq(events_of("order-cancelled"), 1);
	ck_assert_int_eq(ask("DELETE", "/eis/v1/orders/nope", NULL), 404);
}
END_TEST

START_TEST(a_reference_is_one_order)
{
	char first[64];

	place(DOWNLOAD);
	memcpy(first, order_id, sizeof(first));
	ck_assert_int_eq(ask("POST", "/eis/v1/orders", DOWNLOAD), 200);
	ck_assert_str_eq(got("id"), first);
	ck_assert_int_eq(events_of("order-queued"), 1);
	ask("GET", NEXT, NULL);
	ask("POST", result_path, DID);
	ck_assert_int_eq(ask("POST", "/eis/v1/orders", DOWNLOAD), 200);
	ck_assert_str_eq(got("status"), "complete");
}
END_TEST

START_TEST(secrets_stay_inside)
{
	static const char *const paths[] = {
		NULL, "/eis/v1/euicc/" EID "/orders", "/eis/v1/euicc/" EID,
	};

	place(DOWNLOAD);
	ck_assert_ptr_null(strstr(w.body.p, "4242"));
	ask("GET", NEXT, NULL);
	ck_assert_int_eq(ask("POST", result_path,
			     "{\"eid\":\"" EID "\",\"status\":\"failed\",\"code\":\"x\","
			     "\"message\":\"refused MATCH-4242 with 9876\"}"), 204);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(ask("GET", paths[i] ? paths[i] : order_path,
				     NULL), 200);
		ck_assert_ptr_null(strstr(w.body.p, "4242"));
		ck_assert_ptr_null(strstr(w.body.p, "9876"));
	}
	ck_assert_ptr_null(strstr(w.events.p, "4242"));
	ck_assert_ptr_null(strstr(w.events.p, "9876"));
}
END_TEST

#define SYNC(seq, profiles) "{\"sequence\":" seq ",\"remainingMemory\":400000," \
	"\"profiles\":[" profiles "]}"
#define PROFILE "{\"iccid\":\"" ICCID "\",\"isdpAid\":\"A0000005591010FFFFFFFF8900001000\"," \
	"\"state\":\"enabled\",\"spn\":\"\",\"class\":\"operational\"," \
	"\"smdpAddress\":\"smdp.example.com\"}"

START_TEST(profiles_follow_the_sequence)
{
	const char *path = "/eis/v1/euicc/" EID "/profiles";

	ck_assert_int_eq(ask("GET", "/eis/v1/euicc/" EID, NULL), 200);
	ck_assert_str_eq(got("lastAuditDate"), "(absent)");
	ck_assert_str_eq(got("remainingMemory"), "500000");
	ck_assert_int_eq(ask_as(NULL, "application/json; charset=utf-8", "PUT", path,
				STR(SYNC("0", PROFILE))), 204);
	sleep_s(60);
	ck_assert_int_eq(ask("PUT", path, SYNC("12", PROFILE)), 204);
	ck_assert_int_eq(ask("PUT", path, SYNC("12", "")), 204);
	ck_assert_int_eq(ask("PUT", path, SYNC("11", "")), 204);
	ask("GET", "/eis/v1/euicc/" EID, NULL);
	ck_assert_str_eq(got("profiles"), "[1]");
	ck_assert_str_eq(got("profiles/0/iccid"), ICCID);
	ck_assert_str_eq(got("profiles/0/spn"), "");
	ck_assert_str_eq(got("profiles/0/smdp-id"), "smdp.example.com");
	ck_assert_str_eq(got("remainingMemory"), "400000");
	ck_assert_str_eq(got("availableMemoryForProfiles"), "500000");
	ck_assert_str_eq(got("lastAuditDate"), "2026-01-01T00:01:00.000Z");
	ck_assert_str_eq(got("eum-id"), "2.999.10");
	ck_assert_str_eq(got("isd-r/aid"), "A0000005591010FFFFFFFF8900000100");
	ck_assert_int_eq(events_of("profiles-synced"), 2);
	ck_assert_int_eq(events_of("profiles-stale"), 2);
}
END_TEST

START_TEST(notifications_are_noted)
{
	ck_assert_int_eq(ask_as(NULL, "application/json", "POST",
		"/eis/v1/notifications", STR("{\"eid\":\"" EID "\",\"iccid\":\"" ICCID
		"\",\"operation\":\"install\",\"sequenceNumber\":3,\"succeeded\":false,"
		"\"smdpAddress\":\"smdp.example.com\"}")), 204);
	ck_assert_int_eq(events_of("notification-received"), 1);
	ask("GET", "/eis/v1/euicc/" EID, NULL);
	ck_assert_str_eq(got("auditTrail/0/operationExecutionStatus"), "Failed");
	ck_assert_str_eq(got("auditTrail/0/operation"), "install");
	ck_assert_str_eq(got("profiles"), "[0]");
}
END_TEST

/* What is asked, and how it must be answered. */
static const struct {
	const char *token, *method, *path, *body;
	int status;
	const char *code, *field;
} refusals[] = {
	{ NULL, "POST", "/eis/v1/orders", ENABLE, 401, "unauthorized", NULL },
	{ "wrong", "POST", "/eis/v1/orders", ENABLE, 401, "unauthorized", NULL },
	{ TOKEN "x", "GET", "/eis/v1/orders/1", NULL, 401, "unauthorized", NULL },
	{ NULL, "DELETE", "/eis/v1/orders/1", NULL, 401, "unauthorized", NULL },
	{ NULL, "GET", "/eis/v1/euicc/" EID, NULL, 401, "unauthorized", NULL },
	{ NULL, "GET", "/eis/v1/euicc/" EID "/orders", NULL, 401, "unauthorized", NULL },
	{ TOKEN, "GET", "/eis/v1/orders/1", NULL, 404, "unknown-order", NULL },
	{ TOKEN, "GET", "/eis/v1/euicc/1", NULL, 404, "unknown-eid", "eid" },
	{ TOKEN, "GET", "/eis/v1/euicc/1/orders", NULL, 404, "unknown-eid", "eid" },
	{ TOKEN, "GET", "/eis/v1/euicc/1/orders/next", NULL, 404, "unknown-eid", "eid" },
	{ TOKEN, "PUT", "/eis/v1/euicc/1/profiles", "{}", 404, "unknown-eid", "eid" },
	{ TOKEN, "GET", "/eis/v1/euicc/%zz", NULL, 400, "bad-path", NULL },
	{ TOKEN, "GET", "/", NULL, 404, "not-found", NULL },
	{ TOKEN, "GET", "/eis/v1/euicc/" EID "/", NULL, 404, "not-found", NULL },
	{ TOKEN, "PATCH", "/eis/v1/orders/1", NULL, 405, "method-not-allowed", NULL },
	{ TOKEN, "POST", "/eis/v1/orders", "", 400, "bad-json", NULL },
	{ TOKEN, "POST", "/eis/v1/orders", "{", 400, "bad-json", NULL },
	{ TOKEN, "POST", "/eis/v1/orders", "[]", 400, "bad-json", NULL },
	{ TOKEN, "POST", "/eis/v1/orders", "\xFF", 400, "bad-json", NULL },
	{ TOKEN, "POST", "/eis/v1/orders", "{}", 400, "bad-value", "eid" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":7}", 400, "bad-value", "eid" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"eid\":\"" EID "\"}",
	  400, "bad-value", "eid" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\"}", 400, "bad-value",
	  "operation" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"operation\":\"eat\"}",
	  400, "bad-value", "operation" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"operation\":\"enable\"}",
	  400, "bad-value", "iccid" },
	{ TOKEN, "POST", "/eis/v1/orders",
	  "{\"eid\":\"" EID "\",\"operation\":\"delete\",\"iccid\":\"12\"}", 400,
	  "bad-value", "iccid" },
	{ TOKEN, "POST", "/eis/v1/orders",
	  "{\"eid\":\"" EID "\",\"operation\":\"download\"}", 400, "bad-value",
	  "activationCode" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"operation\":\"download\","
	  "\"activationCode\":\"MATCH-4242\"}", 400, "bad-value", "activationCode" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"operation\":\"enable\","
	  "\"iccid\":\"" ICCID "\",\"expiresIn\":0}", 400, "bad-value", "expiresIn" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"operation\":\"enable\","
	  "\"iccid\":\"" ICCID "\",\"expiresIn\":86401}", 400, "bad-value", "expiresIn" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"" EID "\",\"operation\":\"enable\","
	  "\"iccid\":\"" ICCID "\",\"reference\":\"12345678901234567890123456789012345678"
	  "901234567890123456789012345\"}", 400, "bad-value", "reference" },
	{ TOKEN, "POST", "/eis/v1/orders", "{\"eid\":\"89049032123451234512345678901234\","
	  "\"operation\":\"enable\",\"iccid\":\"" ICCID "\"}", 404, "unknown-eid", "eid" },
	{ NULL, "POST", "/eis/v1/orders/1/result", DID, 404, "unknown-order", NULL },
	{ NULL, "POST", "/eis/v1/orders/1/result", "{\"eid\":\"" EID "\"}", 400,
	  "bad-value", "status" },
	{ NULL, "POST", "/eis/v1/orders/1/result",
	  "{\"eid\":\"" EID "\",\"status\":\"failed\",\"completed\":\"noon\"}", 400,
	  "bad-value", "completed" },
	{ NULL, "PUT", "/eis/v1/euicc/" EID "/profiles", "{}", 400, "bad-value",
	  "sequence" },
	{ NULL, "PUT", "/eis/v1/euicc/" EID "/profiles", "{\"sequence\":1}", 400,
	  "bad-value", "profiles" },
	{ NULL, "PUT", "/eis/v1/euicc/" EID "/profiles", SYNC("1", "7"), 400,
	  "bad-value", "profiles" },
	{ NULL, "PUT", "/eis/v1/euicc/" EID "/profiles",
	  SYNC("1", "{\"iccid\":\"" ICCID "\",\"state\":\"asleep\"}"), 400, "bad-value",
	  "state" },
	{ NULL, "PUT", "/eis/v1/euicc/" EID "/profiles",
	  SYNC("1", "{\"iccid\":\"" ICCID "\",\"state\":\"enabled\",\"class\":\"x\"}"),
	  400, "bad-value", "class" },
	{ NULL, "POST", PROGRESS, "{\"iccid\":\"12\"}", 400, "bad-value", "iccid" },
	{ NULL, "POST", PROGRESS, "{\"iccid\":\"" ICCID "\"}", 400, "bad-value",
	  "notificationPointId" },
	{ NULL, "POST", PROGRESS, "{\"iccid\":\"" ICCID "\",\"notificationPointId\":5}", 400,
	  "bad-value", "notificationPointId" },
	{ NULL, "POST", PROGRESS, "{\"iccid\":\"" ICCID "\",\"notificationPointId\":1,"
	  "\"notificationPointStatus\":[]}", 400, "bad-value", "notificationPointStatus" },
	{ NULL, "POST", PROGRESS, "{\"iccid\":\"" ICCID "\",\"notificationPointId\":1,"
	  "\"notificationPointStatus\":{\"status\":7}}", 400, "bad-value", "status" },
	{ NULL, "POST", "/eis/v1/notifications", "{\"eid\":\"" EID "\"}", 400,
	  "bad-value", "operation" },
	{ NULL, "POST", "/eis/v1/notifications",
	  "{\"eid\":\"89049032123451234512345678901234\",\"iccid\":\"" ICCID
	  "\",\"operation\":\"install\"}", 404, "unknown-eid", "eid" },
};
enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

START_TEST(what_is_wrong_is_refused)
{
	int status = ask_as(refusals[_i].token, "application/json",
			    refusals[_i].method, refusals[_i].path,
			    str_of(refusals[_i].body));

	ck_assert_int_eq(status, refusals[_i].status);
	ck_assert_str_eq(got("error/code"), refusals[_i].code);
	ck_assert_str_eq(got("error/field"),
			 refusals[_i].field ? refusals[_i].field : "(absent)");
	ck_assert_ptr_null(strstr(w.body.p, "4242"));
	ck_assert_uint_eq(w.events.n, 0);
}
END_TEST

START_TEST(progress_is_noted)
{
	ck_assert_int_eq(ask_as(NULL, "application/json", "POST", PROGRESS,
		STR("{\"iccid\":\"" ICCID "\",\"notificationPointId\":4,"
		    "\"notificationPointStatus\":{\"status\":\"Failed\",\"statusCodeData\":"
		    "{\"subjectCode\":\"8.1\",\"reasonCode\":\"4.2\"}}}")), 204);
	ck_assert_ptr_nonnull(strstr(w.events.p, "download-progress"));
}
END_TEST

START_TEST(bodies_have_limits)
{
	static char big[64 * 1024 + 2];
	struct buf list;

	memset(big, ' ', sizeof(big) - 1);
	ck_assert_int_eq(ask("POST", "/eis/v1/orders", big), 413);
	ck_assert_str_eq(got("error/code"), "too-large");
	ck_assert_int_eq(ask_as(TOKEN, "text/xml", "POST", "/eis/v1/orders",
				STR(ENABLE)), 415);
	ck_assert_int_eq(ask("PUT", "/eis/v1/orders", ENABLE), 405);
	ck_assert_str_eq(w.allow.p, "POST");
	buf_init(&list, 60000);
	buf_z(&list, "{\"sequence\":1,\"profiles\":[");
	for (int i = 0; i < 65; i++)
		buf_printf(&list, "%s" PROFILE, i ? "," : "");
	buf_z(&list, "]}");
	ck_assert_int_eq(ask("PUT", "/eis/v1/euicc/" EID "/profiles", list.p), 400);
	ck_assert_str_eq(got("error/field"), "profiles");
	buf_release(&list);
}
END_TEST

START_TEST(an_order_is_its_euicc_s)
{
	place(ENABLE);
	ask("GET", NEXT, NULL);
	ck_assert_int_eq(ask("POST", result_path,
			     "{\"eid\":\"" EID2 "\",\"status\":\"complete\"}"), 404);
	ask("GET", order_path, NULL);
	ck_assert_str_eq(got("status"), "delivered");
}
END_TEST

START_TEST(queues_and_history_are_bounded)
{
	for (int i = 0; i < 64; i++)
		place(ENABLE);
	ck_assert_int_eq(ask("POST", "/eis/v1/orders", ENABLE), 409);
	ck_assert_str_eq(got("error/code"), "queue-full");
	for (int i = 0; i < 64; i++) {
		ck_assert_int_eq(ask("GET", NEXT, NULL), 200);
		snprintf(result_path, sizeof(result_path),
			 "/eis/v1/orders/%s/result", got("id"));
		ck_assert_int_eq(ask("POST", result_path, DID), 204);
	}
	ask("GET", "/eis/v1/euicc/" EID "/orders", NULL);
	ck_assert_str_eq(got("orders"), "[64]");
	snprintf(order_path, sizeof(order_path), "/eis/v1/orders/%s",
		 got("orders/0/id"));
	ck_assert_int_eq(ask("GET", order_path, NULL), 200);
	/* One more that waits does not push any out; its end does. */
	place(DOWNLOAD);
	ask("GET", "/eis/v1/euicc/" EID "/orders", NULL);
	ck_assert_str_eq(got("orders"), "[65]");
	ask("GET", NEXT, NULL);
	ask("POST", result_path, DID);
	ask("GET", "/eis/v1/euicc/" EID "/orders", NULL);
	ck_assert_str_eq(got("orders"), "[64]");
	ck_assert_str_eq(got("orders/63/id"), order_id);
	/* Where one that ended is between those that wait. */
	for (int i = 0; i < 70; i++) {
		place(ENABLE);
		ck_assert_int_eq(ask("DELETE", order_path, NULL), 204);
	}
	ask("GET", "/eis/v1/euicc/" EID "/orders", NULL);
	ck_assert_str_eq(got("orders"), "[64]");
	ck_assert_int_eq(ask("POST", "/eis/v1/orders", DOWNLOAD), 201);
}
END_TEST

START_TEST(registration_is_checked)
{
	struct eis_euicc_spec spec = { .eid = STR(EID) };
	struct err err = { 0 };

	ck_assert_int_eq(eis_register(w.eis, &spec, &err), -1);
	ck_assert_int_eq(err.code, ERR_STATE);
	spec.eid = STR("8904");
	ck_assert_int_eq(eis_register(w.eis, &spec, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	spec.eid = STR_NONE;
	ck_assert_int_eq(eis_register(w.eis, &spec, &err), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eis/eis");
	TCase *tc = tcase_create("eis");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_order_from_queue_to_end);
	tcase_add_test(tc, one_at_a_time_oldest_first);
	tcase_add_test(tc, results_count_once);
	tcase_add_test(tc, late_results_are_kept_aside);
	tcase_add_test(tc, taking_back);
	tcase_add_test(tc, a_reference_is_one_order);
	tcase_add_test(tc, secrets_stay_inside);
	tcase_add_test(tc, profiles_follow_the_sequence);
	tcase_add_test(tc, notifications_are_noted);
	tcase_add_loop_test(tc, what_is_wrong_is_refused, 0, REFUSALS);
	tcase_add_test(tc, progress_is_noted);
	tcase_add_test(tc, bodies_have_limits);
	tcase_add_test(tc, an_order_is_its_euicc_s);
	tcase_add_test(tc, queues_and_history_are_bounded);
	tcase_add_test(tc, registration_is_checked);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
