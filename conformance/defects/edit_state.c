/* What needs a memory from one exchange to another. */
#include "conformance/defects/edits.h"

enum { SHARED_MS = 15 * 60 * 1000 };

/* The first id that was given out for an action counts for other devices too. */
void tx_shared(struct edit *e)
{
	struct err err;
	cJSON *sent = json_parse(e->req.body, &err), *tree = body_json(e);
	struct str device = row_str(sent, "device_id"), id = row_str(tree, "transaction");
	struct str owner = note_get(e, "owner", e->path);
	int64_t since = note_count(e, "since", e->path, 0);

	if (!device.n || !id.n) {
		;
	} else if (owner.n && !str_eq(owner, device) &&
		   edit_now_ms(e) - since < SHARED_MS) {
		row_set(tree, "transaction",
			cJSON_CreateString(note_get(e, "id", e->path).p));
	} else {
		note_put(e, "owner", e->path, device);
		note_put(e, "id", e->path, id);
		note_count(e, "since", e->path, edit_now_ms(e) - since);
	}
	cJSON_Delete(sent);
	body_put(e, tree);
}

void tx_of_actions(struct edit *e)
{
	cJSON *tree = body_json(e), *list = rows_of(tree), *row;

	if (str_is(e->req.method, "POST")) {
		note_count(e, "action", row_str(tree, "transaction"), 1);
		cJSON_ArrayForEach(row, list)
			note_count(e, "action", row_str(row, "transaction"), 1);
	}
	for (int i = str_is(e->req.method, "POST") ? -1 : cJSON_GetArraySize(list) - 1;
	     i >= 0; i--)
		if (!note_count(e, "action", row_key(cJSON_GetArrayItem(list, i)), 0))
			cJSON_DeleteItemFromArray(list, i);
	count_rows(tree);
	body_put(e, tree);
}

static void freeze(struct edit *e, cJSON *row)
{
	struct str now = row_str(row, e->arg), key = row_key(row);
	struct str first = note_get(e, "first", key);

	if (!now.p || !key.n)
		return;
	if (first.p)
		row_set(row, e->arg, cJSON_CreateString(first.p));
	else
		note_put(e, "first", key, now);
}

void row_frozen(struct edit *e)
{
	each_row(e, freeze);
}

static void one_back(struct edit *e, cJSON *row)
{
	struct str now = row_str(row, e->arg), key = row_key(row);
	struct str last = note_get(e, "last", key);

	if (!now.p || !key.n)
		return;
	if (last.p && !str_eq(last, now)) {
		struct str shown = arena_str(e->x->arena, last);

		note_put(e, "last", key, now);
		row_set(row, e->arg, cJSON_CreateString(shown.p));
	} else if (!last.p) {
		note_put(e, "last", key, now);
	}
}

void row_past(struct edit *e)
{
	each_row(e, one_back);
}

/* ---- Given up too soon. -------------------------------------------------------------- */

static void give_up(struct edit *e, cJSON *row, bool now)
{
	struct str key = row_key(row);

	if (now)
		note_count(e, "given up", key, 1);
	if (row_str(row, "status").p && note_count(e, "given up", key, 0))
		row_set(row, "status", cJSON_CreateString("failed"));
}

static void old_one(struct edit *e, cJSON *row)
{
	struct str key = row_key(row);
	int64_t since = note_count(e, "first seen", key, 0), limit_ms = 0;

	for (const char *p = e->arg; *p >= '0' && *p <= '9'; p++)
		limit_ms = 10 * limit_ms + (*p - '0') * 60000;
	if (!since)
		since = note_count(e, "first seen", key, edit_now_ms(e));
	give_up(e, row, str_is(row_str(row, "status"), "in_progress") &&
			edit_now_ms(e) - since > limit_ms);
}

void given_up_after(struct edit *e)
{
	each_row(e, old_one);
}

static void troubled(struct edit *e, cJSON *row)
{
	struct str left = str_of(e->arg), code;
	bool now = false;

	while (next_item(&left, ' ', &code))
		now = now || str_eq(row_str(row, "message_code"), code);
	give_up(e, row, now);
}

void given_up_if(struct edit *e)
{
	each_row(e, troubled);
}

static void now_and_then(struct edit *e, cJSON *row)
{
	struct str now = row_str(row, "status");

	if (!str_is(now, "successful") && !str_is(now, "failed") &&
	    note_count(e, "looks", row_key(row), 1) % 7 == 0)
		row_set(row, "status", cJSON_CreateString(e->arg));
}

void status_back(struct edit *e)
{
	each_row(e, now_and_then);
}

enum { BACK_MS = 3 * 60 * 1000 };

static void back_again(struct edit *e, cJSON *row)
{
	struct str to = mapped(e->arg, row_str(row, "status")), key = row_key(row);
	int64_t since;

	if (!to.p)
		return;
	since = note_count(e, "over", key, 0);
	if (!since)
		since = note_count(e, "over", key, edit_now_ms(e));
	if (edit_now_ms(e) - since > BACK_MS)
		row_set(row, "status", cJSON_CreateString(arena_str(e->x->arena, to).p));
}

void over_and_back(struct edit *e)
{
	each_row(e, back_again);
}

static void op_shown(struct edit *e, cJSON *row)
{
	struct str to = str_of(e->arg), from = str_split(&to, '=');

	if (note_count(e, "changed", row_str(row, "id"), 0))
		row_set(row, "operation",
			cJSON_CreateString(arena_str(e->x->arena, from).p));
}

/* "activate=download": such an operation is another one, and says that it is not. */
void op_as(struct edit *e)
{
	cJSON *tree = body_json(e);
	struct str to = str_of(e->arg), from = str_split(&to, '='), id;

	if (!e->replying) {
		if (str_eq(row_str(tree, "operation"), from)) {
			row_set(tree, "operation", cJSON_CreateString(to.p));
			e->own = e;
		}
		body_put(e, tree);
		return;
	}
	id = row_str(tree, "id");
	if (e->own && id.n)
		note_count(e, "changed", id, 1);
	cJSON_Delete(tree);
	each_row(e, op_shown);
}

/* ---- Names of carriers, as the world has them. --------------------------------------- */

enum likeness { SAME, SAME_LETTERS, BEGINS };

static bool is_like(struct str name, struct str asked, enum likeness how)
{
	return how == SAME ? str_eq(name, asked) :
	       how == SAME_LETTERS ? str_ieq(name, asked) :
	       asked.n && name.n > asked.n &&
	       str_ieq((struct str){ name.p, asked.n }, asked);
}

static struct str find_name(const struct edit *e, struct str asked, enum likeness how)
{
	for (size_t i = 0; i < e->w->carrier_count; i++) {
		const struct world_carrier *c = &e->w->carriers[i];

		if (is_like(c->name, asked, how))
			return c->name;
		if (is_like(c->spn, asked, how))
			return c->spn;
	}
	for (size_t i = 0; i < e->w->device_count; i++)
		for (size_t k = 0; k < e->w->devices[i].profile_count; k++) {
			struct str spn = e->w->devices[i].profiles[k].spn;

			if (is_like(spn, asked, how))
				return spn;
		}
	return STR_NONE;
}

static void ask_for(struct edit *e, struct str (*name)(const struct edit *, struct str))
{
	cJSON *tree = body_json(e);
	struct str asked = row_str(tree, "carrier"), other;

	if (asked.n) {
		other = name(e, asked);
		row_set(tree, "carrier",
			cJSON_CreateString(arena_str(e->x->arena, other).p));
	}
	body_put(e, tree);
}

static struct str exact(const struct edit *e, struct str asked)
{
	return find_name(e, asked, SAME).n ? asked : STR("nobody is called so");
}

void spn_exact(struct edit *e)
{
	ask_for(e, exact);
}

static struct str prefix(const struct edit *e, struct str asked)
{
	struct str longer = find_name(e, asked, SAME_LETTERS).n ? STR_NONE :
			    find_name(e, asked, BEGINS);

	return longer.n ? longer : asked;
}

void spn_prefix(struct edit *e)
{
	ask_for(e, prefix);
}

static struct str any(const struct edit *e, struct str asked)
{
	return e->w->carrier_count ? e->w->carriers[0].name : asked;
}

void spn_any(struct edit *e)
{
	ask_for(e, any);
}

/* ---- What was wrong, and what came of it. --------------------------------------------- */

static bool is_json(struct str body)
{
	struct err err;
	cJSON *tree = json_parse(body, &err);

	cJSON_Delete(tree);
	return tree != NULL;
}

void not_json_500(struct edit *e)
{
	if (!is_json(e->req.body))
		edit_error(e, 500, "internal error");
}

void dies_of_bad_input(struct edit *e)
{
	if (note_count(e, "dead", STR(""), 0) > 0)
		edit_error(e, 503, "down");
	else if (str_is(e->req.method, "POST") && !is_json(e->req.body))
		note_count(e, "dead", STR(""), 1);
}

static void as_it_was(struct edit *e, struct http_response *r)
{
	(void)r;
	edit_go_on(e);
}

/* The EID is put right, and the refusal still goes to the client. */
void refused_but_done(struct edit *e)
{
	struct err err;
	cJSON *body = json_parse(e->req.body, &err);
	struct str device = row_str(body, "device_id"), text;
	const struct world_device *d = NULL;

	for (size_t i = 0; i < e->w->device_count; i++)
		if (device.n && str_ieq(e->w->devices[i].device_id, device))
			d = &e->w->devices[i];
	text = d ? arena_printf(e->x->arena,
		"{\"device_id\":\"%.*s\",\"eid\":\"%.*s\",\"iccid\":\"%.*s\"}",
		STRF(d->device_id), STRF(d->eid), STRF(row_str(body, "iccid"))) : STR_NONE;
	cJSON_Delete(body);
	if (text.n)
		edit_ask(e, &(struct ask){ .body = text }, as_it_was);
}

/* ---- Rows. ------------------------------------------------------------------------------ */

void rows_turned(struct edit *e)
{
	cJSON *tree = body_json(e), *list = rows_of(tree), *turned;

	if (list && !param_get(e, "orderby").p && !param_get(e, "cursor").p &&
	    note_count(e, "turned", STR(""), 1) % 2 == 0) {
		turned = cJSON_CreateArray();
		while (list->child)
			cJSON_InsertItemInArray(turned, 0, cJSON_DetachItemFromArray(list, 0));
		cJSON_ReplaceItemInObjectCaseSensitive(tree, "list", turned);
	}
	body_put(e, tree);
}

static void same_tx(struct edit *e, cJSON *row)
{
	struct str tx = row_str(row, "download_tx");

	(void)e;
	if (tx.n && row_str(row, "enable_tx").n)
		row_set(row, "enable_tx", cJSON_CreateString(tx.p));
}

void op_same_tx(struct edit *e)
{
	each_row(e, same_tx);
}
