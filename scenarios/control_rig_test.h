/*
 * control_rig_test.h - a living world and its control API, over sockets, and a client
 * who has a list of requests.
 *
 * One is sent when the one before is answered, with the status and what must be in
 * the answer.  With CONTROL_TRAFFIC=FILE all of it is written down, for `make openapi`.
 */
#ifndef SCENARIOS_CONTROL_RIG_TEST_H
#define SCENARIOS_CONTROL_RIG_TEST_H

#include "scenarios/control_impl.h"
#include "scenarios/traffic.h"
#include "sim/socknet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* A row says what matters. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define TOKEN "a token for this test"
#define AUTH "Bearer " TOKEN
#define V "/control/v1"
#define ROUTER "/devices/router"
#define OPERATIONS "/ws/v1/esim_profiles/operations/inventory"

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

static inline void send_next(struct timer *t);

/* ---- The client. ------------------------------------------------------------- */

static inline void keep_word(struct rig *r, const struct ask *q, struct str body)
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

static inline void answered(struct http_call *c)
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

static inline void send_next(struct timer *t)
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

static inline void too_late(struct timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, patience));

	ck_abort_msg("no answer to %s %s", r->list[r->at].method, r->list[r->at].path);
}

static inline void begun(void *arg)
{
	struct rig *r = arg;

	if (r->at == 0 && !r->call)
		loop_arm(&r->loop, &r->next, 0);
}

/* ---- The rig. ------------------------------------------------------------------- */

static inline void write_traffic(void *arg, struct str line)
{
	struct rig *r = arg;

	if (r->traffic_file)
		fwrite(line.p, 1, line.n, r->traffic_file);
}

static inline struct str as_it_is(const void *arg, struct str text, struct arena *a)
{
	(void)arg;
	(void)a;
	return text;
}

static inline void rig_open(struct rig *r, struct live_config *config)
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

static inline void rig_close(struct rig *r)
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

static inline void play(struct rig *r, const struct ask *list, size_t count)
{
	struct err err = { 0 };

	r->list = list;
	r->count = count;
	ck_assert_msg(live_run(r->live, &err) == 0, "%s", err.msg);
	ck_assert(r->over);
	rig_close(r);
}

#define PLAY(r, list) play(r, list, sizeof(list) / sizeof((list)[0]))

#endif
