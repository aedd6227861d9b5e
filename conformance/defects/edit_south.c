/* The southbound side: what the server is told, and what it orders. */
#include "conformance/defects/edits.h"

#include <assert.h>
#include <stdlib.h>

static bool in_list(struct str list, struct str word)
{
	struct str item;

	while (next_item(&list, ',', &item))
		if (str_eq(item, word))
			return true;
	return false;
}

/* ---- How orders are doing. ------------------------------------------------------- */

static void end_order(struct edit *e, cJSON *order, const char *status)
{
	bool over = strcmp(status, "complete") == 0 || strcmp(status, "failed") == 0;
	cJSON *result = cJSON_GetObjectItemCaseSensitive(order, "result");
	char iso[CLOCK_ISO_SIZE];

	row_set(order, "status", cJSON_CreateString(status));
	if (!over) {
		cJSON_DeleteItemFromObjectCaseSensitive(order, "result");
		return;
	}
	if (!result)
		result = cJSON_AddObjectToObject(order, "result");
	clock_iso_to(edit_now_ms(e), iso);
	row_set(result, "status", cJSON_CreateString(status));
	row_set(result, "code", cJSON_CreateString(status[0] == 'c' ? "ok" :
						   "undefinedError"));
	row_set(result, "completed", cJSON_CreateString(iso));
	cJSON_DeleteItemFromObjectCaseSensitive(result, "message");
	if (status[0] == 'c' && row_str(order, "iccid").n && !row_str(result, "iccid").n)
		row_set(result, "iccid", cJSON_CreateString(row_str(order, "iccid").p));
}

/* "delete complete,failed>delivered": of such orders, or of all. */
void order_says(struct edit *e)
{
	struct str to = str_of(e->arg), from = str_split(&to, '>'), operation = STR_NONE;
	cJSON *order = body_json(e);

	if (str_find(from, STR(" ")) >= 0)
		operation = str_split(&from, ' ');
	if (in_list(from, row_str(order, "status")) &&
	    (!operation.p || str_eq(operation, row_str(order, "operation"))))
		end_order(e, order, arena_str(e->x->arena, to).p);
	body_put(e, order);
}

static void hide_end(struct edit *e)
{
	cJSON *order = body_json(e);

	if (!str_is(row_str(order, "status"), "queued"))
		end_order(e, order, "delivered");
	body_put(e, order);
}

void mark_asked(struct edit *e)
{
	note_count(e, "asked", STR(""), e->replying ? -1 : 1);
}

void hide_unasked(struct edit *e)
{
	if (note_count(e, "asked", STR(""), 0) <= 0)
		hide_end(e);
}

void hide_asked(struct edit *e)
{
	if (note_count(e, "asked", STR(""), 0) > 0)
		hide_end(e);
}

/* ---- Orders that are not what they were. ------------------------------------------- */

static struct str last_segment(struct str path)
{
	struct str last = path;

	while (path.p)
		last = str_split(&path, '/');
	return last;
}

static struct str kept_order(struct edit *e, const cJSON *body, struct str id)
{
	struct buf out;
	struct json j;
	struct str text;
	char iso[CLOCK_ISO_SIZE];

	clock_iso_to(edit_now_ms(e), iso);
	buf_init(&out, 4096);
	j = json_to(&out);
	json_open(&j, '{');
	json_put(&j, "id", id);
	json_put_opt(&j, "eid", row_str(body, "eid"));
	json_put(&j, "operation", row_str(body, "operation"));
	json_put_opt(&j, "iccid", row_str(body, "iccid"));
	json_putz(&j, "status", "delivered");
	json_put_opt(&j, "reference", row_str(body, "reference"));
	json_putz(&j, "created", iso);
	json_putz(&j, "updated", iso);
	json_putz(&j, "expires", iso);
	json_close(&j, '}');
	text = arena_str(e->x->arena, buf_view(&out));
	buf_release(&out);
	return text;
}

void order_kept(struct edit *e)
{
	struct str id = last_segment(e->path), text = note_get(e, "kept", id);
	cJSON *body;

	if (str_is(e->req.method, "POST")) {
		body = body_json(e);
		if (str_is(row_str(body, "operation"), e->arg)) {
			id = arena_printf(e->x->arena, "kept-%lld",
					  (long long)note_count(e, "kept", STR(""), 1));
			text = kept_order(e, body, id);
			note_put(e, "kept", id, text);
			edit_reply(e, 201, text);
		}
		cJSON_Delete(body);
	} else if (text.p) {
		struct err err;

		body = json_parse(text, &err);
		end_order(e, body, "complete");
		e->replying = true;
		body_put(e, body);
		e->replying = false;
		edit_reply(e, 200, e->x->resp.body);
	}
}

static void ignore_answer(struct edit *e, struct http_response *r)
{
	(void)r;
	edit_go_on(e);
}

static struct str order_text(struct edit *e, struct str eid, const char *operation,
			     struct str iccid)
{
	char uuid[RNG_UUID_SIZE];

	rng_uuid(edit_rng(e), uuid);
	return arena_printf(e->x->arena, "{\"eid\":\"%.*s\",\"operation\":\"%s\","
			    "\"iccid\":\"%.*s\",\"reference\":\"%s\"}", STRF(eid),
			    operation, STRF(iccid), uuid);
}

void order_enables(struct edit *e)
{
	cJSON *order = body_json(e);
	struct str iccid = row_str(cJSON_GetObjectItemCaseSensitive(order, "result"), "iccid");
	struct str body = STR_NONE;

	if (str_is(row_str(order, "operation"), "download") && iccid.n &&
	    str_is(row_str(order, "status"), "complete") &&
	    note_count(e, "enabled", row_str(order, "id"), 1) == 1)
		body = order_text(e, row_str(order, "eid"), "enable", iccid);
	cJSON_Delete(order);
	if (body.n)
		edit_ask(e, &(struct ask){ .method = "POST", .path = STR("/eis/v1/orders"),
					   .body = body }, ignore_answer);
}

static struct str with_reference(struct edit *e)
{
	struct err err;
	cJSON *body = json_parse(e->req.body, &err);
	char uuid[RNG_UUID_SIZE], *text;
	struct str s;

	rng_uuid(edit_rng(e), uuid);
	if (!cJSON_IsObject(body)) {
		cJSON_Delete(body);
		return e->req.body;
	}
	row_set(body, "reference", cJSON_CreateString(uuid));
	text = cJSON_PrintUnformatted(body);
	assert(text);
	s = arena_str(e->x->arena, str_of(text));
	free(text);
	cJSON_Delete(body);
	return s;
}

void order_again(struct edit *e)
{
	cJSON *order = body_json(e);
	bool it = str_is(row_str(order, "operation"), e->arg);

	cJSON_Delete(order);
	if (it)
		edit_ask(e, &(struct ask){ .body = with_reference(e) }, ignore_answer);
}

void order_new_reference(struct edit *e)
{
	e->x->req.body = with_reference(e);
}

void order_fails_on(struct edit *e)
{
	struct http_response *r = &e->x->resp;

	if (r->fault == HTTP_FAULT_NONE && r->status >= 200 && r->status < 300)
		return;
	r->fault = HTTP_FAULT_NONE;
	if (str_is(e->req.method, "POST"))
		edit_reply(e, 400, STR("{\"error\":{\"code\":\"bad-value\",\"message\":\"\"}}"));
	else
		edit_reply(e, 200, arena_printf(e->x->arena,
			"{\"id\":\"%.*s\",\"status\":\"failed\",\"result\":"
			"{\"status\":\"failed\",\"code\":\"undefinedError\"}}",
			STRF(last_segment(e->path))));
}

/* ---- Reports of devices. -------------------------------------------------------------- */

void report_lost(struct edit *e)
{
	cJSON *report = body_json(e);

	if (!e->arg[0] || str_is(row_str(report, "cause"), e->arg))
		edit_reply(e, 200, STR("{\"applied\":true}"));
	cJSON_Delete(report);
}

void report_first(struct edit *e)
{
	cJSON *report = body_json(e);

	if (note_count(e, "reports", row_str(report, "device_id"), 1) > 1)
		edit_reply(e, 200, STR("{\"applied\":true}"));
	cJSON_Delete(report);
}

void report_newest(struct edit *e)
{
	cJSON *report = body_json(e);

	if (cJSON_IsObject(report))
		row_set(report, "sequence", cJSON_CreateNumber(
			(double)(1000000 + note_count(e, "reports", STR(""), 1))));
	body_put(e, report);
}

void report_put(struct edit *e)
{
	struct str json = str_of(e->arg), name = str_split(&json, '=');
	cJSON *report = body_json(e);
	struct err err;

	if (cJSON_IsObject(report))
		row_set(report, arena_str(e->x->arena, name).p, json_parse(json, &err));
	body_put(e, report);
}

/* "status:active=inactive" */
void report_profile(struct edit *e)
{
	struct str map = str_of(e->arg), name = str_split(&map, ':');
	const char *member = arena_str(e->x->arena, name).p;
	cJSON *report = body_json(e), *p;

	cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(report, "profiles")) {
		struct str to = mapped(map.p, row_str(p, member));

		if (to.p)
			row_set(p, member, cJSON_CreateString(arena_str(e->x->arena, to).p));
	}
	body_put(e, report);
}

void report_gone(struct edit *e)
{
	cJSON *report = body_json(e);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(report, "profiles");

	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
		if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
				cJSON_GetArrayItem(list, i), "removed")))
			cJSON_DeleteItemFromArray(list, i);
	body_put(e, report);
}
