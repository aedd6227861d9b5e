/*
 * Goal: the control API does what control.openapi.yaml says: each operation
 * with success, without the token, and with bad input; the stream goes on
 * where it was; worlds are made anew under it.
 * Method: a living world and its control API in this process, over sockets.
 * The client is a list of requests, one sent when the one before is answered,
 * with the status and what must be in the answer.  With CONTROL_TRAFFIC=FILE
 * all of it is written down, for `make openapi`.
 */
#include "scenarios/control_impl.h"
#include "scenarios/schema.h"
#include "scenarios/traffic.h"
#include "sim/golden_test.h"
#include "sim/socknet.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A row says what matters. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define TOKEN "a token for this test"
#define AUTH "Bearer " TOKEN
#define V "/control/v1"

static const char world_text[] =
	"name: A world to control\n"
	"world:\n"
	"  accounts: {main: {customer_id: 7}}\n"
	"  users:\n"
	"    admin: {role: admin, password: pw-admin, api-key: true}\n"
	"    viewer: {role: read-only, password: pw-viewer}\n"
	"  carriers:\n"
	"    freds: {name: \"Fred's Fast Wireless Service\", spn: Mobile, codes: 3}\n"
	"    alpine: {name: Alpine, codes: [{confirmation-code: \"2468\"}]}\n"
	"  devices:\n"
	"    router: {profiles: [{spn: Bootstrap, type: bootstrap, status: active}]}\n"
	"    bus:\n"
	"      profiles:\n"
	"        - {spn: Bootstrap, type: bootstrap}\n"
	"        - {carrier: alpine, status: active}\n"
	"  fleets: {vans: {count: 3}}\n"
	"  latency: {device.poll: 20s, smdp: 300ms, device.report: 2s}\n"
	"steps:\n"
	"  - {wait: 30s, name: A pause, note: First nothing happens.}\n"
	"  - {power-off: router, note: Then the power goes.}\n";

/* As a body: what the last GET of it gave. */
#define SNAPSHOT "(the snapshot)"

/* What one request is, and what has to come of it. */
struct ask {
	const char *method, *path, *body;
	int status;
	const char *has;		/* in the answer; NULL: no matter */
	const char *save;		/* text behind which a word is kept, for %s */
	const char *type;		/* content type; NULL: JSON */
	bool stranger;			/* without the token */
};

struct rig {
	struct arena arena;
	struct scenario_file file;
	struct loop loop;
	struct network *net;
	struct live *live;
	struct control *control;
	struct traffic *traffic;
	FILE *traffic_file;
	const struct ask *list;
	size_t count, at;
	char saved[200];
	char *snapshot;			/* the last one; owned */
	bool over;
	struct timer next;
	struct timer patience;
	struct http_call *call;
};

static void send_next(struct timer *t);

/* ---- The client. ------------------------------------------------------------- */

static void keep_word(struct rig *r, const struct ask *q, struct str body)
{
	ptrdiff_t at = q->save ? str_find(body, str_of(q->save)) : -1;
	size_t n = 0;

	if (at < 0)
		return;
	at += (ptrdiff_t)strlen(q->save);
	while ((size_t)at + n < body.n && n + 1 < sizeof(r->saved) &&
	       !strchr("\",}", body.p[(size_t)at + n]))
		n++;
	memcpy(r->saved, body.p + at, n);
	r->saved[n] = '\0';
}

static void answered(struct http_call *c)
{
	struct rig *r = c->owner;
	const struct ask *q = &r->list[r->at];

	r->call = NULL;
	ck_assert_msg(c->failure == HTTP_OK, "%s %s: %s", q->method, q->path, c->err.msg);
	ck_assert_msg(c->resp.status == q->status, "%s %s: %d, expected %d: %.*s", q->method,
		      q->path, c->resp.status, q->status, STRF(c->resp.body));
	ck_assert_msg(!q->has || str_find(c->resp.body, str_of(q->has)) >= 0,
		      "%s %s: no %s in %.*s", q->method, q->path, q->has,
		      STRF(c->resp.body));
	keep_word(r, q, c->resp.body);
	if (strcmp(q->path, V "/snapshot") == 0 && strcmp(q->method, "GET") == 0 &&
	    q->status == 200) {
		free(r->snapshot);
		r->snapshot = strndup(c->resp.body.p, c->resp.body.n);
	}
	if (++r->at < r->count) {
		loop_arm(&r->loop, &r->next, 0);
	} else {
		r->over = true;
		live_wish(r->live, LIVE_END);
	}
}

static void send_next(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, next));
	const struct ask *q = &r->list[r->at];
	char path[500];
	const char *mark = strstr(q->path, "%s");
	struct err err;
	struct http_call *c;

	if (mark)
		snprintf(path, sizeof(path), "%.*s%s%s", (int)(mark - q->path), q->path,
			 r->saved, mark + 2);
	else
		snprintf(path, sizeof(path), "%s", q->path);
	c = http_call_new(r->net, STR("tester"), q->method, &err, "http://control%s", path);
	ck_assert_msg(c != NULL, "%s", err.msg);
	if (!q->stranger)
		http_call_header(c, "Authorization", STR(AUTH));
	if (q->body && strcmp(q->body, SNAPSHOT) == 0)
		http_call_body(c, "application/json", str_of(r->snapshot));
	else if (q->body)
		http_call_body(c, q->type ? q->type : "application/json", str_of(q->body));
	c->done = answered;
	c->owner = r;
	r->call = c;
	http_call_send(c);
}

static void too_late(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, patience));

	ck_abort_msg("no answer to %s %s", r->list[r->at].method, r->list[r->at].path);
}

static void begun(void *arg)
{
	struct rig *r = arg;

	if (r->at == 0 && !r->call)
		loop_arm(&r->loop, &r->next, 0);
}

/* ---- The rig. ------------------------------------------------------------------- */

static void write_traffic(void *arg, struct str line)
{
	struct rig *r = arg;

	if (r->traffic_file)
		fwrite(line.p, 1, line.n, r->traffic_file);
}

static struct str as_it_is(const void *arg, struct str text, struct arena *a)
{
	(void)arg;
	(void)a;
	return text;
}

static void rig_open(struct rig *r, struct live_config *config)
{
	const char *traffic = getenv("CONTROL_TRAFFIC");
	struct http_handler *handler;
	struct diag diag;
	struct err err;

	*r = (struct rig){ .next.fire = send_next, .patience.fire = too_late };
	diag_init(&diag, &r->arena);
	if (scenario_load_text("test", str_of(world_text), &r->arena, &r->file, &diag) < 0)
		ck_abort_msg("%.*s", STRF(diag.items[0].message));
	loop_init(&r->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	r->net = socknet_new(&r->loop, NULL, &err);
	ck_assert_ptr_nonnull(r->net);
	config->scenario = r->file.list;
	config->guest = &r->loop;
	config->rate = config->rate > 0 ? config->rate : 60;
	config->process = 0x1234abcd;
	config->begun = begun;
	config->arg = r;
	r->live = live_new(config);
	r->control = control_new(&(struct control_config){
		.live = r->live, .loop = &r->loop, .net = r->net, .token = TOKEN,
	});
	handler = control_handler(r->control);
	r->traffic_file = traffic ? fopen(traffic, "a") : NULL;
	r->traffic = traffic_new(&(struct traffic_config){ write_traffic, r, as_it_is, NULL });
	handler = traffic_gate(r->traffic, "control", handler);
	ck_assert_int_eq(network_listen(r->net, "control", "control", handler, &err), 0);
	loop_arm(&r->loop, &r->patience, 30 * NS_PER_S);
}

static void rig_close(struct rig *r)
{
	loop_disarm(&r->loop, &r->patience);
	loop_disarm(&r->loop, &r->next);
	network_release(r->net);
	control_free(r->control);
	live_free(r->live);
	traffic_free(r->traffic);
	if (r->traffic_file)
		fclose(r->traffic_file);
	loop_release(&r->loop);
	arena_release(&r->arena);
	free(r->snapshot);
}

static void play(struct rig *r, const struct ask *list, size_t count)
{
	struct err err = { 0 };

	r->list = list;
	r->count = count;
	ck_assert_msg(live_run(r->live, &err) == 0, "%s", err.msg);
	ck_assert(r->over);
	rig_close(r);
}

#define PLAY(r, list) play(r, list, sizeof(list) / sizeof((list)[0]))

/* ---- What works. ----------------------------------------------------------------- */

#define ROUTER "/devices/router"
#define OPERATIONS "/ws/v1/esim_profiles/operations/inventory"

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

static int connect_to(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	uint64_t port = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(str_to_u64(str_of(colon + 1), 65535, &port), 0);
	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* A world with a past, an order under way, more devices than its file, and an
 * SM-DP+ that has handed out a profile. */
static const struct ask there_and_back[] = {
	{ "POST", V "/fleets", "{\"key\":\"more\",\"count\":2,\"device\":{\"second-link\":true}}", 201 },
	{ "POST", V "/carriers", "{\"key\":\"north\",\"name\":\"North\",\"codes\":2}", 201 },
	{ "PUT", V "/quirks/smdp.slow", "{\"delay\":\"2s\"}", 200 },
	{ "PUT", V "/life", "{\"every\":\"7min\"}", 200 },
	{ "POST", V "/requests", "{\"method\":\"POST\",\"path\":\"" OPERATIONS "\",\"body\":"
	  "{\"device_id\":\"00000000-00000000-0040FFFF-FF800001\",\"operation\":\"activate\","
	  "\"carrier\":\"Fred's Fast Wireless Service\"}}", 200, "\"status\":\"starting\"" },
	{ "POST", V "/clock/advance", "{\"by\":\"20min\"}", 200, "\"reached\":true" },
	{ "POST", V "/devices/bus/actions", "{\"action\":\"link-down\"}", 200 },
	{ "POST", V "/requests", "{\"method\":\"POST\",\"path\":\"" OPERATIONS "\",\"body\":"
	  "{\"device_id\":\"00000000-00000000-0040FFFF-FF800002\",\"operation\":\"activate\","
	  "\"carrier\":\"Fred's Fast Wireless Service\"}}", 200, "\"status\":\"starting\"" },
	{ "POST", V "/clock/advance", "{\"by\":\"5min\"}", 200, "\"reached\":true" },
	{ "PUT", V "/clock", "{\"paused\":true}", 200 },
	{ "GET", V "/snapshot", NULL, 200, "\"format\":\"esimrig-world-1\"" },
	{ "POST", V "/reset", NULL, 200, "\"generation\":2" },
	{ "GET", V "/operations", NULL, 200, "\"count\":0" },
	{ "GET", V "/carriers", NULL, 200, "\"count\":2" },
	{ "PUT", V "/snapshot", SNAPSHOT, 200, "\"generation\":3" },
	{ "GET", V "/world", NULL, 200, "\"every\":420" },
	{ "GET", V "/world", NULL, 200, "\"paused\":true" },
	{ "GET", V "/clock", NULL, 200, "\"t\":15" },	/* 25 min and a little */
	{ "GET", V "/devices/more%5B1%5D", NULL, 200, "\"second_link\":true" },
	{ "GET", V ROUTER, NULL, 200, "\"spn\":\"Mobile\",\"carrier\":\"freds\",\"carrier_name\":"
	  "\"Fred's Fast Wireless Service\",\"status\":\"active\"" },
	{ "GET", V "/devices/bus", NULL, 200, "\"link\":\"down\"" },
	{ "GET", V "/carriers", NULL, 200, "\"key\":\"north\",\"name\":\"North\"" },
	{ "GET", V "/codes/8944000000000000019", NULL, 200, "\"state\":\"installed\"" },
	{ "GET", V "/codes/8944000000000000027?reveal=true", NULL, 200, "LPA:1$smdp.example.com$" },
	{ "GET", V "/quirks", NULL, 200, "\"active\":[{\"delay\":\"2s\"}]" },
	{ "GET", V "/operations", NULL, 200, "\"count\":2" },
	{ "GET", V "/flows?active=true", NULL, 200, "\"count\":1" },
	/* And it goes on: the order is still in the EIS's queue. */
	{ "POST", V "/devices/bus/actions", "{\"action\":\"link-up\"}", 200 },
	{ "POST", V "/clock/advance", "{\"by\":\"20min\"}", 200 },
	{ "GET", V "/flows?active=true", NULL, 200, "\"count\":0" },
	{ "GET", V "/operations", NULL, 200, "\"status\":\"successful\",\"device\":\"bus\"" },
	{ "GET", V "/devices/bus", NULL, 200, "\"carrier\":\"freds\"" },
	/* A second time, from the middle of another life. */
	{ "PUT", V "/snapshot", SNAPSHOT, 200, "\"generation\":4" },
	{ "GET", V "/flows?active=true", NULL, 200, "\"count\":1" },
	/* What is none, and what is damaged. */
	{ "PUT", V "/snapshot", "{}", 400, "no snapshot" },
	{ "PUT", V "/snapshot", "{\"format\":\"esimrig-world-1\",\"file\":\"other\",\"seed\":1,\"t\":0}",
	  409, "another world" },
	{ "GET", V "/world", NULL, 200, "\"generation\":4" },
	{ "PUT", V "/snapshot", "{\"format\":\"esimrig-world-1\",\"file\":\"test\",\"seed\":1,\"t\":5,"
	  "\"server\":\"AAAA\"}", 409, "other-world" },
	{ "GET", V "/operations", NULL, 200, "\"count\":0" },
	{ "GET", V "/clock", NULL, 200, "\"paused\":true" },
};

START_TEST(a_world_comes_back_as_it_was)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ 0 });
	PLAY(&r, there_and_back);
}
END_TEST

static const struct ask while_busy[] = {
	{ "GET", V "/clock", NULL, 200, "\"advancing\":true" },
	{ "POST", V "/clock/step", NULL, 409, "busy" },
	{ "POST", V "/clock/advance", "{\"by\":\"1s\"}", 409, "busy" },
};

static int first_fd;

/* Somebody else has begun, and leaves in the middle. */
static void begun_busy(void *arg)
{
	static const char request[] = "POST " V "/clock/advance HTTP/1.1\r\nHost: x\r\n"
		"Authorization: " AUTH "\r\nContent-Length: 12\r\n\r\n{\"by\":\"29d\"}";
	struct rig *r = arg;

	first_fd = connect_to(socknet_address(r->net, "control"));
	ck_assert(send(first_fd, request, sizeof(request) - 1, 0) > 0);
	loop_arm(&r->loop, &r->next, 20 * NS_PER_MS);
}

START_TEST(one_advance_at_a_time)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ .life = true });
	r.live->config.begun = begun_busy;
	PLAY(&r, while_busy);
	close(first_fd);
}
END_TEST

static const struct ask two_advances[] = {
	{ "PUT", V "/clock", "{\"paused\":true}", 200, NULL },
	{ "POST", V "/clock/advance", "{\"by\":\"24h\"}", 200, "\"reached\":true" },
	{ "GET", V "/clock", NULL, 200, "\"paused\":true" },
	{ "GET", V "/world", NULL, 200, "\"polls\":" },
};

START_TEST(a_day_passes_in_a_moment)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ .life = true });
	PLAY(&r, two_advances);
}
END_TEST

/* ---- A script. ----------------------------------------------------------------------- */

static const struct ask script[] = {
	{ "GET", V "/script", NULL, 200, "\"mode\":\"manual\",\"state\":\"waiting\",\"current\":0" },
	{ "PUT", V "/script", "{\"mode\":\"slow\"}", 400, "bad-value" },
	{ "POST", V "/script/next", NULL, 200, NULL },
	{ "POST", V "/clock/advance", "{\"by\":\"40s\"}", 200, NULL },
	{ "GET", V "/captions", NULL, 200, "First nothing happens." },
	{ "GET", V "/script", NULL, 200, "\"state\":\"waiting\",\"current\":1" },
	{ "GET", V ROUTER, NULL, 200, "\"power\":\"on\"" },
	{ "PUT", V "/script", "{\"mode\":\"auto\"}", 200, "\"mode\":\"auto\"" },
	{ "POST", V "/clock/advance", "{\"by\":\"1s\"}", 200, NULL },
	{ "GET", V "/script", NULL, 200, "\"state\":\"ended\",\"current\":2" },
	{ "GET", V ROUTER, NULL, 200, "\"power\":\"off\"" },
	{ "GET", V "/captions", NULL, 200, "Then the power goes." },
};

START_TEST(a_script_waits_for_its_turn)
{
	struct rig r;

	rig_open(&r, &(struct live_config){ .play = true, .step_by_step = true, .rate = 1 });
	PLAY(&r, script);
}
END_TEST

/* ---- The stream. ----------------------------------------------------------------------- */

/* A reader of its own making: the network's client waits for a whole answer. */
struct listener {
	struct rig *rig;
	struct watch watch;
	struct buf got;
	const char *request;
	const char *until;		/* what ends the test */
	struct timer act;
};

static void heard(struct watch *w, uint32_t events)
{
	struct listener *s = (struct listener *)((char *)w - offsetof(struct listener, watch));
	char block[4096];
	ssize_t n = recv(w->fd, block, sizeof(block), MSG_DONTWAIT);

	(void)events;
	if (n > 0)
		buf_add(&s->got, block, (size_t)n);
	ck_assert_msg(n != 0, "the stream ended: %.*s", STRF(buf_view(&s->got)));
	if (s->until && str_find(buf_view(&s->got), str_of(s->until)) >= 0) {
		s->rig->over = true;
		live_wish(s->rig->live, LIVE_END);
	}
}

static void listen_in(struct listener *s)
{
	s->watch = (struct watch){ connect_to(socknet_address(s->rig->net, "control")), heard };
	ck_assert(send(s->watch.fd, s->request, strlen(s->request), 0) > 0);
	loop_watch(&s->rig->loop, &s->watch, EPOLLIN);
}

static void say_something(struct timer *t)
{
	struct listener *s = (struct listener *)((char *)t - offsetof(struct listener, act));

	live_say(s->rig->live, STR("heard at once"), false);
}

static void begin_to_listen(void *arg)
{
	struct listener *s = arg;

	listen_in(s);
	loop_arm(&s->rig->loop, &s->act, 50 * NS_PER_MS);
}

static void stream(const char *request, const char *until, struct buf *got)
{
	struct rig r;
	struct listener s = { .rig = &r, .request = request, .until = until,
			      .act.fire = say_something };
	struct err err = { 0 };

	buf_init(&s.got, 16 << 20);
	rig_open(&r, &(struct live_config){ 0 });
	r.live->config.begun = begin_to_listen;
	r.live->config.arg = &s;
	r.list = good;
	ck_assert_msg(live_run(r.live, &err) == 0, "%s", err.msg);
	ck_assert(r.over);
	loop_unwatch(&r.loop, &s.watch);
	close(s.watch.fd);
	loop_disarm(&r.loop, &s.act);
	rig_close(&r);
	*got = s.got;
}

#define STREAM_HEAD " HTTP/1.1\r\nHost: x\r\n"

START_TEST(the_stream_says_what_happens)
{
	struct buf got;

	stream("GET " V "/events?types=caption&access_token=a%20token%20for%20this%20test"
	       STREAM_HEAD "\r\n", "event: caption\ndata: {\"text\":\"heard at once\"", &got);
	ck_assert(str_find(buf_view(&got), STR("text/event-stream")) >= 0);
	ck_assert(str_find(buf_view(&got), STR("event: device")) < 0);
	buf_release(&got);
}
END_TEST

START_TEST(the_stream_goes_on_where_it_was)
{
	struct buf got;

	/* Behind the first entry, the world: the second one is there already. */
	stream("GET " V "/events" STREAM_HEAD "Authorization: " AUTH "\r\n"
	       "Last-Event-ID: 1234abcd-0\r\n\r\n", "heard at once", &got);
	ck_assert(str_find(buf_view(&got), STR("id: 1234abcd-1\n")) >= 0);
	ck_assert(str_find(buf_view(&got), STR("event: gap")) < 0);
	buf_release(&got);
}
END_TEST

START_TEST(the_stream_tells_of_a_gap)
{
	struct buf got;

	stream("GET " V "/events" STREAM_HEAD "Authorization: " AUTH "\r\n"
	       "Last-Event-ID: 00000001-7\r\n\r\n", "heard at once", &got);
	ck_assert(str_find(buf_view(&got), STR("event: gap\ndata: {\"reason\":\"restarted\"}")) >= 0);
	buf_release(&got);
}
END_TEST

/* Readers that open a stream each, and leave in the middle of it. */
struct crowd {
	struct rig *rig;
	int fds[CONTROL_STREAMS_MAX + 1];
	struct timer act;
	int turn;
};

static int open_stream(struct rig *r)
{
	static const char request[] = "GET " V "/events?types=caption" STREAM_HEAD
		"Authorization: " AUTH "\r\n\r\n";
	int fd = connect_to(socknet_address(r->net, "control"));

	ck_assert(send(fd, request, sizeof(request) - 1, 0) > 0);
	return fd;
}

static void crowd_acts(struct timer *t)
{
	struct crowd *c = (struct crowd *)((char *)t - offsetof(struct crowd, act));
	struct rig *r = c->rig;
	char answer[4096] = "";

	c->turn++;
	if (c->turn == 1) {		/* all are in, and one too many */
		ck_assert_uint_eq(r->control->stream_count, CONTROL_STREAMS_MAX);
		ck_assert(recv(c->fds[CONTROL_STREAMS_MAX], answer, sizeof(answer) - 1,
			       MSG_DONTWAIT) > 0);
		ck_assert_msg(strstr(answer, "429"), "%s", answer);
		for (int i = 0; i <= CONTROL_STREAMS_MAX; i++)
			close(c->fds[i]);
	} else if (r->control->stream_count == 0) {
		r->over = true;
		live_wish(r->live, LIVE_END);
	}
	/* What is sent to one who has left finds out. */
	live_say(r->live, STR("is anybody there?"), false);
	loop_arm(&r->loop, t, 20 * NS_PER_MS);
}

static void crowd_comes(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i <= CONTROL_STREAMS_MAX; i++)
		c->fds[i] = open_stream(c->rig);
	loop_arm(&c->rig->loop, &c->act, 200 * NS_PER_MS);
}

START_TEST(streams_are_counted_and_those_that_left_are_noticed)
{
	struct rig r;
	struct crowd c = { .rig = &r, .act.fire = crowd_acts };
	struct err err = { 0 };

	rig_open(&r, &(struct live_config){ 0 });
	r.live->config.begun = crowd_comes;
	r.live->config.arg = &c;
	r.list = good;
	ck_assert_msg(live_run(r.live, &err) == 0, "%s", err.msg);
	ck_assert(r.over);
	loop_disarm(&r.loop, &c.act);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenarios/control");
	TCase *api = tcase_create("api"), *events = tcase_create("stream");
	SRunner *runner;
	int failed;

	tcase_set_timeout(api, 60);
	tcase_add_test(api, everything_that_works);
	tcase_add_test(api, what_is_refused_changes_nothing);
	tcase_add_test(api, nothing_without_the_token);
	tcase_add_test(api, only_json_is_taken);
	tcase_add_test(api, actions_are_in_the_openapi_file);
	tcase_add_test(api, a_day_passes_in_a_moment);
	tcase_add_test(api, one_advance_at_a_time);
	tcase_add_test(api, a_world_comes_back_as_it_was);
	tcase_add_test(api, a_script_waits_for_its_turn);
	suite_add_tcase(s, api);
	tcase_set_timeout(events, 60);
	tcase_add_test(events, the_stream_says_what_happens);
	tcase_add_test(events, the_stream_goes_on_where_it_was);
	tcase_add_test(events, the_stream_tells_of_a_gap);
	tcase_add_test(events, streams_are_counted_and_those_that_left_are_noticed);
	suite_add_tcase(s, events);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
