/* The gateway's interface: docs/southbound.md, as handlers over gateway_impl.h. */
#include "devices/gateway_impl.h"
#include "proto/activation_code.h"
#include "sim/json.h"

#include <assert.h>
#include <stdlib.h>

enum {
	BODY_MAX = 64 * 1024,
	CONFIRMATION_CODE_MAX = 128,	/* bytes */
	REFERENCE_MAX = 64,		/* characters */
	EXPIRES_DEFAULT_S = 3600, EXPIRES_MAX_S = 86400,
};

/* ---- Answers. ----------------------------------------------------------- */

static struct json begin(struct gateway *g)
{
	buf_clear(&g->out);
	return json_to(&g->out);
}

static void answer(struct gateway *g, struct http_exchange *x, int status)
{
	assert(!g->out.over);	/* queues are bounded */
	http_respond_json(x, status, buf_view(&g->out));
}

static void refuse(struct gateway *g, struct http_exchange *x, int status,
		   const char *code, struct str message, const char *field)
{
	struct json j = begin(g);

	json_open(&j, '{');
	json_key(&j, "error");
	json_open(&j, '{');
	json_putz(&j, "code", code);
	json_put(&j, "message", message);
	if (field)
		json_putz(&j, "field", field);
	json_close(&j, '}');
	json_close(&j, '}');
	answer(g, x, status);
}

static void put_time(struct json *j, const char *key, int64_t unix_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso_to(unix_ms, text);
	json_putz(j, key, text);
}

static void put_result(struct json *j, const char *key,
		       const struct command_result *r)
{
	json_key(j, key);
	json_open(j, '{');
	json_putz(j, "status", r->failed ? "failed" : "complete");
	json_put(j, "code", r->code);
	json_put_opt(j, "message", r->message);
	json_put_opt(j, "subjectCode", r->subject);
	json_put_opt(j, "reasonCode", r->reason);
	json_put_opt(j, "iccid", r->iccid);
	put_time(j, "completed", r->completed_ms);
	json_close(j, '}');
}

static void put_command(struct json *j, const struct command *c)
{
	json_open(j, '{');
	json_putz(j, "id", c->id);
	json_put(j, "deviceId", device_id(c->queue->device));
	json_putz(j, "operation", c->operation);
	json_put_opt(j, "iccid", str_of(c->iccid));
	json_putz(j, "status", command_state_name(c->state));
	json_put_opt(j, "reference", str_of(c->reference));
	put_time(j, "created", c->created_ms);
	put_time(j, "updated", c->updated_ms);
	put_time(j, "expires", c->expires_ms);
	if (c->result)
		put_result(j, "result", c->result);
	if (c->late)
		put_result(j, "lateResult", c->late);
	json_close(j, '}');
}

static void answer_command(struct gateway *g, struct http_exchange *x, int status,
			   const struct command *c)
{
	struct json j = begin(g);

	put_command(&j, c);
	answer(g, x, status);
}

/* ---- Who may. ----------------------------------------------------------- */

/* Takes as long whatever the text is, so that a token cannot be felt out. */
static bool same_token(const char *mine, struct str theirs)
{
	size_t n = strlen(mine);
	unsigned char differ = theirs.n != n;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)(mine[i] ^
					  (i < theirs.n ? theirs.p[i] : 0));
	return differ == 0;
}

static bool server_may(struct gateway *g, struct http_exchange *x)
{
	struct str scheme = STR("Bearer ");
	struct str given = http_header(&x->req.headers, "Authorization");
	struct str rest = given;

	if (!g->token)
		return true;
	rest.n = given.n < scheme.n ? given.n : scheme.n;
	if (str_ieq(rest, scheme) &&
	    same_token(g->token, str_trim((struct str){ given.p + scheme.n,
							given.n - scheme.n })))
		return true;
	http_header_set(&x->resp.headers, x->arena, STR("WWW-Authenticate"),
			STR("Bearer"));
	refuse(g, x, 401, "unauthorized",
	       given.n ? STR("the bearer token is not the right one") :
			 STR("expected Authorization: Bearer <token>"), NULL);
	return false;
}

/* ---- Reading a command: the first thing that is wrong counts. ----------- */

struct form {
	const cJSON *tree;
	struct arena *arena;
	const char *field;	/* what is wrong, and why; NULL: nothing */
	struct str why;
};

static void bad(struct form *f, const char *field, const char *why)
{
	if (f->field)
		return;
	f->field = field;
	f->why = arena_printf(f->arena, "%s: %s", field, why);
}

/* Of a wrong type, or there twice: the message names it. */
static void wrong(struct form *f, const char *field, const struct err *err)
{
	if (f->field)
		return;
	f->field = field;
	f->why = arena_str(f->arena, str_of(err->msg));
}

static struct str take(struct form *f, const char *key, size_t size_max)
{
	struct str s;
	struct err err;

	if (json_get_str(f->tree, key, f->arena, &s, &err) < 0)
		wrong(f, key, &err);
	else if (s.n > size_max)
		bad(f, key, "is too long");
	else
		return s;
	return STR_NONE;
}

static void take_code(struct form *f, struct command_spec *spec)
{
	struct activation_code code;
	struct err err;

	spec->activation_code = take(f, "activationCode", ACTIVATION_CODE_MAX);
	spec->confirmation_code = take(f, "confirmationCode", CONFIRMATION_CODE_MAX);
	if (!spec->activation_code.n)
		bad(f, "activationCode", "is required");
	else if (activation_code_parse(spec->activation_code, &code, &err) < 0)
		bad(f, "activationCode",
		    "expected the form LPA:1$<SM-DP+ address>$<matching id>");
	else
		spec->matching_id = code.matching_id;
}

static void take_reference(struct form *f, struct command_spec *spec)
{
	size_t characters = 0;

	spec->reference = take(f, "reference", 4 * REFERENCE_MAX);
	for (size_t i = 0; i < spec->reference.n; i++)
		characters += ((unsigned char)spec->reference.p[i] & 0xC0) != 0x80;
	if (characters > REFERENCE_MAX)
		bad(f, "reference", "expected at most 64 characters");
}

static void take_expiry(struct form *f, struct command_spec *spec)
{
	struct err err;

	spec->expires_in_s = EXPIRES_DEFAULT_S;
	if (json_get_int(f->tree, "expiresIn", &spec->expires_in_s, &err) < 0)
		wrong(f, "expiresIn", &err);
	else if (spec->expires_in_s < 1 || spec->expires_in_s > EXPIRES_MAX_S)
		bad(f, "expiresIn", "is out of range");
}

static void take_command(struct form *f, struct command_spec *spec)
{
	struct str operation = take(f, "operation", ACTIVATION_CODE_MAX);
	bool is_download = str_is(operation, gateway_operations[0]);

	for (size_t i = 0; i < GATEWAY_OPERATIONS; i++)
		if (str_is(operation, gateway_operations[i]))
			spec->operation = gateway_operations[i];
	if (!spec->operation)
		bad(f, "operation", "expected download, enable, disable or delete");
	spec->iccid = take(f, "iccid", ACTIVATION_CODE_MAX);
	if (spec->iccid.n ? !iccid_well_formed(spec->iccid) : !is_download)
		bad(f, "iccid", "expected an ICCID of 19 or 20 digits");
	if (is_download)
		take_code(f, spec);
	take_expiry(f, spec);
	take_reference(f, spec);
}

/* A body that can be read at all; otherwise the caller has had its answer. */
static cJSON *open_body(struct gateway *g, struct http_exchange *x)
{
	struct str type = http_header(&x->req.headers, "Content-Type");
	struct str media = str_trim(str_split(&type, ';'));
	struct err err;
	cJSON *tree;

	if (media.n && !str_ieq(media, STR("application/json"))) {
		refuse(g, x, 415, "unsupported-type",
		       STR("expected a body of type application/json"), NULL);
		return NULL;
	}
	if (x->req.body.n > BODY_MAX) {
		refuse(g, x, 413, "too-large",
		       STR("expected a body of at most 64 KiB"), NULL);
		return NULL;
	}
	tree = json_parse(x->req.body, &err);
	if (!tree) {
		refuse(g, x, 400, "bad-json", str_of(err.msg), NULL);
	} else if (!cJSON_IsObject(tree)) {
		refuse(g, x, 400, "bad-json",
		       arena_printf(x->arena, "expected an object, found %s",
				    json_kind(tree)), NULL);
		cJSON_Delete(tree);
		tree = NULL;
	}
	return tree;
}

/* ---- Handlers. ---------------------------------------------------------- */

/* NULL: there is none, and the caller has had its answer. */
static struct device *need_device(struct gateway *g, struct http_exchange *x,
				  struct str id)
{
	struct device *d = gateway_find_device(g, id, x->arena);

	if (!d)
		refuse(g, x, 404, "unknown-device",
		       arena_printf(x->arena, "no device %.*s",
				    (int)(id.n < 40 ? id.n : 40), id.p), NULL);
	return d;
}

static struct command *need_command(struct gateway *g, struct http_exchange *x,
				    struct str id)
{
	struct command *c = map_get(&g->commands, id);

	if (!c)
		refuse(g, x, 404, "unknown-command",
		       arena_printf(x->arena, "no command %.*s",
				    (int)(id.n < 40 ? id.n : 40), id.p), NULL);
	return c;
}

static void place(struct gateway *g, struct http_exchange *x, struct str device,
		  struct command_spec *spec)
{
	struct command *c = spec->reference.n ?
			    map_get(&g->references, spec->reference) : NULL;

	if (c) {
		answer_command(g, x, 200, c);
		return;
	}
	spec->device = need_device(g, x, device);
	if (!spec->device)
		return;
	c = gateway_place(g, spec);
	if (!c) {
		refuse(g, x, 409, "queue-full",
		       STR("the device has 64 commands waiting, which is the most"),
		       NULL);
		return;
	}
	http_header_set(&x->resp.headers, x->arena, STR("Location"),
			arena_printf(x->arena, "/gateway/v1/commands/%s", c->id));
	answer_command(g, x, 201, c);
}

static void post_command(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct gateway *g = ctx;
	struct command_spec spec = { 0 };
	struct form f = { .arena = x->arena };
	cJSON *tree;

	if (!server_may(g, x))
		return;
	tree = open_body(g, x);
	if (!tree)
		return;
	f.tree = tree;
	take_command(&f, &spec);
	cJSON_Delete(tree);
	if (f.field)
		refuse(g, x, 400, "bad-value", f.why, f.field);
	else
		place(g, x, args[0], &spec);
}

static void get_command(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct gateway *g = ctx;
	const struct command *c;

	if (!server_may(g, x))
		return;
	c = need_command(g, x, args[0]);
	if (c)
		answer_command(g, x, 200, c);
}

static void delete_command(void *ctx, struct http_exchange *x,
			   const struct str *args)
{
	struct gateway *g = ctx;
	struct command *c;

	if (!server_may(g, x))
		return;
	c = need_command(g, x, args[0]);
	if (!c)
		return;
	if (gateway_cancel(c) == 0)
		http_respond(x, 204, NULL, STR_NONE);
	else
		refuse(g, x, 409, "not-queued",
		       arena_printf(x->arena, "command %s is %s: only a queued one can "
				    "be taken back", c->id,
				    command_state_name(c->state)), NULL);
}

static void get_commands(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct gateway *g = ctx;
	const struct command_queue *q;
	struct device *d;
	struct json j;

	if (!server_may(g, x))
		return;
	d = need_device(g, x, args[0]);
	if (!d)
		return;
	q = gateway_find_queue(g, d);
	j = begin(g);
	json_open(&j, '{');
	json_key(&j, "commands");
	json_open(&j, '[');
	for (const struct command *c = q ? q->first : NULL; c; c = c->next)
		put_command(&j, c);
	json_close(&j, ']');
	json_close(&j, '}');
	answer(g, x, 200);
}

static void get_device(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct gateway *g = ctx;
	const struct command_queue *q;
	struct device *d;
	struct json j;

	if (!server_may(g, x))
		return;
	d = need_device(g, x, args[0]);
	if (!d)
		return;
	q = gateway_find_queue(g, d);
	j = begin(g);
	json_open(&j, '{');
	json_put(&j, "deviceId", device_id(d));
	json_put(&j, "eid", device_eid(d));
	json_put_bool(&j, "online", device_online(d));
	json_put_int(&j, "waiting", q ? q->waiting : 0);
	json_close(&j, '}');
	answer(g, x, 200);
}

static const struct route routes[] = {
	{ "GET", "/gateway/v1/commands/{id}", get_command },
	{ "DELETE", "/gateway/v1/commands/{id}", delete_command },
	{ "POST", "/gateway/v1/devices/{device_id}/commands", post_command },
	{ "GET", "/gateway/v1/devices/{device_id}/commands", get_commands },
	{ "GET", "/gateway/v1/devices/{device_id}", get_device },
	{ .method = NULL }
};

void gateway_handle(struct http_handler *h, struct http_exchange *x)
{
	struct gateway *g = (struct gateway *)h;
	struct str allow = STR_NONE;

	switch (route_dispatch(routes, g, x, &allow)) {
	case ROUTE_DONE:
		return;
	case ROUTE_NO_PATH:
		refuse(g, x, 404, "not-found", STR("there is nothing at this path"),
		       NULL);
		return;
	case ROUTE_NO_METHOD:
		http_header_set(&x->resp.headers, x->arena, STR("Allow"), allow);
		refuse(g, x, 405, "method-not-allowed",
		       arena_printf(x->arena, "expected one of: %.*s", STRF(allow)),
		       NULL);
		return;
	case ROUTE_BAD_PATH:
		refuse(g, x, 400, "bad-path", STR("a %-escape in the path is malformed"),
		       NULL);
		return;
	}
}
