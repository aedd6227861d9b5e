/* What an EIS can do wrong with records and orders, and what a device can
 * tell it that is not so. */
#include "scenarios/quirk_impl.h"
#include "sim/json.h"

#include <stdlib.h>

/* A thing that a quirk remembers: an order or an eUICC, by name. */
struct memo {
	struct str name;
	struct str body;	/* an answer kept for later */
	int64_t until_ns;
	bool ready;
	struct memo *next;
};

static struct memo *recall(const struct quirk_active *q, struct str name)
{
	struct memo *m = q->state;

	while (m && !str_eq(m->name, name))
		m = m->next;
	return m;
}

static struct memo *remember(struct quirk_active *q, struct str name)
{
	struct memo *m = recall(q, name);

	if (m)
		return m;
	m = ARENA_NEW(&q->arena, struct memo);
	m->name = arena_str(&q->arena, name);
	m->next = q->state;
	q->state = m;
	return m;
}

static bool is_call(const struct quirk_pass *p, const char *function)
{
	return strcmp(p->function, function) == 0;
}

static void set_body(struct quirk_pass *p, struct str *body, const cJSON *tree)
{
	char *text = cJSON_PrintUnformatted(tree);

	*body = arena_str(p->x->arena, str_of(text));
	cJSON_free(text);
}

/* Put a string member in, in place of what is there. */
static void set_member(cJSON *object, const char *key, const char *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	cJSON_AddStringToObject(object, key, value);
}

/* ---- Answers from the past. -------------------------------------------- */

static void answer_as_before(struct quirk_active *q, struct quirk_pass *p)
{
	struct memo *m = recall(q, p->x->req.path);

	if (p->x->resp.status != 200 || !quirk_is_about(q, p))
		return;
	if (!m) {
		m = remember(q, p->x->req.path);
		m->body = arena_str(&q->arena, p->x->resp.body);
	} else if (!str_eq(m->body, p->x->resp.body) && quirk_acts(q, p)) {
		p->x->resp.body = m->body;
	}
}

static enum quirk_move stale_answer(struct quirk_active *q, struct quirk_pass *p)
{
	if (quirk_is_function(q, p))
		quirk_on_reply(q, p, answer_as_before);
	return QUIRK_PASS;
}

/* ---- Orders that go. --------------------------------------------------- */

static enum quirk_move unknown_order(struct quirk_pass *p)
{
	http_respond_json(p->x, 404, STR("{\"error\":{\"code\":\"unknown-order\","
					 "\"message\":\"no such order\"}}"));
	return QUIRK_TAKEN;
}

/* The order is taken back behind the server's back, and never mentioned. */
static void make_vanish(struct quirk_active *q, struct quirk_pass *p)
{
	struct str id = quirk_member(p, p->x->resp.body, "id");

	if (p->x->resp.status != 201 || !id.n || !quirk_acts(q, p))
		return;
	remember(q, id);
	quirk_letter_send(quirk_letter_new(q, p, "DELETE",
				arena_printf(p->x->arena, "/eis/v1/orders/%.*s",
					     STRF(id))), 0);
}

static void hide_from_device(struct quirk_active *q, struct quirk_pass *p)
{
	struct str id = p->x->resp.status == 200 ?
			quirk_member(p, p->x->resp.body, "id") : STR_NONE;

	if (id.n && recall(q, id)) {
		p->x->resp.status = 204;
		p->x->resp.body = STR("");
	}
}

static void hide_from_list(struct quirk_active *q, struct quirk_pass *p)
{
	struct err err;
	cJSON *tree = json_parse(p->x->resp.body, &err);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "orders");

	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--) {
		const cJSON *id = cJSON_GetObjectItemCaseSensitive(
					cJSON_GetArrayItem(list, i), "id");

		if (cJSON_IsString(id) && recall(q, str_of(id->valuestring)))
			cJSON_DeleteItemFromArray(list, i);
	}
	if (list)
		set_body(p, &p->x->resp.body, tree);
	cJSON_Delete(tree);
}

static enum quirk_move vanishes(struct quirk_active *q, struct quirk_pass *p)
{
	if (is_call(p, "placeOrder"))
		quirk_on_reply(q, p, make_vanish);
	else if (is_call(p, "nextOrder"))
		quirk_on_reply(q, p, hide_from_device);
	else if (is_call(p, "listOrders"))
		quirk_on_reply(q, p, hide_from_list);
	else if (p->id.n && recall(q, p->id))
		return unknown_order(p);
	return QUIRK_PASS;
}

/* The order gets a short life, in which the device does not see it. */
static enum quirk_move shorten(struct quirk_active *q, struct quirk_pass *p)
{
	int64_t after_ns = quirk_number(q, "after");
	int64_t after_s = (after_ns + NS_PER_S - 1) / NS_PER_S;
	struct str eid = quirk_eid(p);
	struct err err;
	cJSON *tree;

	tree = json_parse(p->x->req.body, &err);
	if (cJSON_IsObject(tree) && eid.n && quirk_acts(q, p)) {
		if (after_s < 1)
			after_s = 1;
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "expiresIn");
		cJSON_AddNumberToObject(tree, "expiresIn", (double)after_s);
		set_body(p, &p->x->req.body, tree);
		remember(q, eid)->until_ns = quirk_now_ns(q) +
					     after_s * NS_PER_S;
	}
	cJSON_Delete(tree);
	return QUIRK_PASS;
}

static enum quirk_move expires(struct quirk_active *q, struct quirk_pass *p)
{
	const struct memo *m;

	if (is_call(p, "placeOrder"))
		return shorten(q, p);
	if (!is_call(p, "nextOrder"))
		return QUIRK_PASS;
	m = recall(q, quirk_eid(p));
	if (!m || quirk_now_ns(q) > m->until_ns)
		return QUIRK_PASS;
	http_respond(p->x, 204, NULL, STR_NONE);
	return QUIRK_TAKEN;
}

/* ---- An order that is handed out again after its result. --------------- */

static void keep_order(struct quirk_active *q, struct quirk_pass *p)
{
	struct str id = p->x->resp.status == 200 ?
			quirk_member(p, p->x->resp.body, "id") : STR_NONE;
	struct memo *m;

	if (!id.n || !quirk_is_about(q, p))
		return;
	m = remember(q, quirk_eid(p));
	if (!str_eq(m->body, p->x->resp.body))
		m->body = arena_str(&q->arena, p->x->resp.body);
	m->ready = false;
}

static enum quirk_move again(struct quirk_active *q, struct quirk_pass *p)
{
	struct memo *m;

	if (is_call(p, "result")) {
		m = recall(q, quirk_eid(p));
		if (m && m->body.n && p->id.n && str_find(m->body, p->id) >= 0)
			m->ready = true;
		return QUIRK_PASS;
	}
	if (!is_call(p, "nextOrder"))
		return QUIRK_PASS;
	m = recall(q, quirk_eid(p));
	if (m && m->ready) {
		m->ready = false;
		if (quirk_acts(q, p)) {
			http_respond_json(p->x, 200, m->body);
			m->body = STR("");	/* once is enough */
			return QUIRK_TAKEN;
		}
	}
	quirk_on_reply(q, p, keep_order);
	return QUIRK_PASS;
}

/* ---- Statuses that are not so. ----------------------------------------- */

/* Change the status of an order in an answer, if it is one of `from`. */
static void claim(struct quirk_active *q, struct quirk_pass *p,
		  const char *from, const char *to, const char *code)
{
	struct err err;
	struct str status = quirk_member(p, p->x->resp.body, "status");
	struct str words = str_of(from);
	struct str iccid = quirk_member(p, p->x->resp.body, "iccid");
	bool is_from = false;
	cJSON *tree, *result;

	while (words.p)
		is_from |= str_eq(str_split(&words, ' '), status);
	if (!is_from || !quirk_acts(q, p))
		return;
	tree = json_parse(p->x->resp.body, &err);
	set_member(tree, "status", to);
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "result");
	result = cJSON_AddObjectToObject(tree, "result");
	set_member(result, "status", to);
	set_member(result, "code", code);
	if (iccid.n)
		set_member(result, "iccid", iccid.p);
	set_body(p, &p->x->resp.body, tree);
	cJSON_Delete(tree);
}

static void claim_complete(struct quirk_active *q, struct quirk_pass *p)
{
	claim(q, p, "queued delivered", "complete", "ok");
}

static enum quirk_move early(struct quirk_active *q, struct quirk_pass *p)
{
	if (is_call(p, "orderStatus"))
		quirk_on_reply(q, p, claim_complete);
	return QUIRK_PASS;
}

static void claim_failed(struct quirk_active *q, struct quirk_pass *p)
{
	claim(q, p, "complete", "failed", "undefinedError");
}

static enum quirk_move failed_though_done(struct quirk_active *q,
					  struct quirk_pass *p)
{
	if (is_call(p, "orderStatus"))
		quirk_on_reply(q, p, claim_failed);
	return QUIRK_PASS;
}

/* ---- Results that the device did not mean. ------------------------------ */

static void say(struct quirk_pass *p, const char *status, const char *code)
{
	struct err err;
	cJSON *tree = json_parse(p->x->req.body, &err);

	if (!cJSON_IsObject(tree))
		goto out;
	set_member(tree, "status", status);
	set_member(tree, "code", code);
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "message");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "subjectCode");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "reasonCode");
	set_body(p, &p->x->req.body, tree);
out:
	cJSON_Delete(tree);
}

static void note_download(struct quirk_active *q, struct quirk_pass *p)
{
	struct str body = p->x->resp.body;

	if (p->x->resp.status == 200 &&
	    str_is(quirk_member(p, body, "operation"), "download"))
		remember(q, quirk_member(p, body, "id"));
}

static enum quirk_move download_denied(struct quirk_active *q,
				       struct quirk_pass *p)
{
	if (is_call(p, "nextOrder"))
		quirk_on_reply(q, p, note_download);
	else if (is_call(p, "result") && recall(q, p->id) &&
		 str_is(quirk_member(p, p->x->req.body, "status"), "complete") &&
		 quirk_acts(q, p))
		say(p, "failed", "downloadFailed");
	return QUIRK_PASS;
}

static enum quirk_move success_claimed(struct quirk_active *q,
				       struct quirk_pass *p)
{
	if (is_call(p, "result") &&
	    str_is(quirk_member(p, p->x->req.body, "status"), "failed") &&
	    quirk_acts(q, p))
		say(p, "complete", "ok");
	return QUIRK_PASS;
}

const struct quirk_ops
	quirk_stale_answer = { .request = stale_answer },
	quirk_vanishes = { .request = vanishes },
	quirk_expires = { .request = expires },
	quirk_again = { .request = again },
	quirk_early = { .request = early },
	quirk_failed_though_done = { .request = failed_though_done },
	quirk_download_denied = { .gates = QUIRK_AT(EIS),
				  .request = download_denied },
	quirk_success_claimed = { .gates = QUIRK_AT(EIS),
				  .request = success_claimed };
