/*
 * rig_fuzz.h - a server with a device, a profile and a code, for the fuzzers:
 * made anew for each input, so that a find repeats.
 */
#ifndef SERVER_RIG_FUZZ_H
#define SERVER_RIG_FUZZ_H

#include "server/server.h"
#include "sim/json.h"
#include "sim/memnet.h"

#include <assert.h>

#define FUZZ_DEVICE "00000000-00000000-0040FFFF-FF8001B0"
#define FUZZ_EID "89049032000001000000000000000117"
#define FUZZ_ICCID "8944000000000000017"

struct rig {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct store *store;
	struct server *server;
	struct http_handler eis;
	int status;
};

static inline void rig_eis(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	http_respond_json(x, 503, STR("{}"));
}

/* Whatever was asked: an answer, with a body of the family's shape. */
static inline void rig_done(struct http_call *c)
{
	struct rig *r = c->owner;
	struct err err;
	cJSON *tree;

	assert(c->failure == HTTP_OK);
	r->status = c->resp.status;
	assert(r->status >= 200 && r->status < 500);
	if (r->status >= 400 && !str_is(c->req.method, "HEAD") &&
	    str_starts(c->req.path, STR("/ws/"))) {
		const cJSON *status;

		tree = json_parse(c->resp.body, &err);
		status = cJSON_GetObjectItemCaseSensitive(tree, "error_status");
		/* A list of failures has one for each. */
		assert(tree && (cJSON_HasObjectItem(tree, "list") ||
				(cJSON_IsNumber(status) && status->valueint == r->status)));
		cJSON_Delete(tree);
	}
	/* Unless the fuzzer has guessed it. */
	assert(str_find(c->resp.body, STR("FUZZ-SECRET")) < 0 ||
	       str_find(c->req.body, STR("FUZZ-SECRET")) >= 0 ||
	       str_find(c->req.query, STR("FUZZ-SECRET")) >= 0 ||
	       str_find(c->req.path, STR("FUZZ-SECRET")) >= 0);
	loop_stop(&r->loop);
}

static inline void rig_ask(struct rig *r, const char *authorization,
			   const char *method, struct str path, struct str query,
			   struct str body)
{
	struct err err;
	struct http_call *c = http_call_new(r->net, STR("fuzz"), method, &err,
					    "http://server.rig/");

	assert(c);
	c->req.path = arena_str(c->arena, path);
	c->req.query = query.p ? arena_str(c->arena, query) : STR_NONE;
	c->timeout_ns = INT64_MAX;
	c->done = rig_done;
	c->owner = r;
	http_call_header(c, "Authorization", str_of(authorization));
	if (body.p)
		http_call_body(c, "application/json", body);
	r->status = 0;
	http_call_send(c);
	assert(loop_run(&r->loop, &err) == 0);
	assert(r->status);
}

#define FUZZ_ANN "Basic YW5uOnB3"

static inline void rig_init(struct rig *r)
{
	struct server_config config = {
		.loop = &r->loop, .log = &r->log, .seed = 7, .kdf_iterations = 1,
	};
	struct err err;

	*r = (struct rig){ .eis.handle = rig_eis };
	loop_init(&r->loop, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	eventlog_init(&r->log, &r->loop.clock);
	config.net = r->net = memnet_new(&r->loop, &r->log);
	config.store = r->store = store_open(NULL, &err);
	r->server = server_new(&config, &err);
	assert(r->store && r->server);
	assert(network_listen(r->net, "eis.rig", "eis", &r->eis, &err) == 0);
	assert(network_listen(r->net, "server.rig", "server",
			      server_handler(r->server), &err) == 0);
	assert(server_add_account(r->server, 1, STR("One"), &err) == 0);
	assert(server_add_user(r->server, 1, STR("ann"), STR("pw"),
			       SERVER_ROLE_USER, &err) == 0);
	assert(server_add_device(r->server, 1, STR(FUZZ_DEVICE), STR(FUZZ_EID), &err) == 0);
	rig_ask(r, FUZZ_ANN, "POST", STR("/southbound/v1/device_reports"), STR_NONE,
		STR("{\"device_id\":\"" FUZZ_DEVICE "\",\"eid\":\"" FUZZ_EID "\","
		    "\"sequence\":1,\"cause\":\"change\",\"complete\":true,\"profiles\":"
		    "[{\"iccid\":\"" FUZZ_ICCID "\",\"carrier\":\"A\",\"status\":\"inactive\"}]}"));
	assert(r->status == 200);
	rig_ask(r, FUZZ_ANN, "POST", STR("/ws/v1/esim_activation_codes/inventory"), STR_NONE,
		STR("{\"iccid\":\"8944000000000000025\",\"carrier\":\"B\","
		    "\"activation_code\":\"LPA:1$smdp.example.com$FUZZ-SECRET\"}"));
	assert(r->status == 201);
}

static inline void rig_release(struct rig *r)
{
	network_unlisten(r->net, "server.rig");
	server_free(r->server);
	store_close(r->store);
	network_release(r->net);
	eventlog_release(&r->log);
	loop_release(&r->loop);
}

#endif
