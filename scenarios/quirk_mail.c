/*
 * Messages that do not arrive as they were sent: results of orders at the
 * EIS, reports at the server, notifications.
 *
 * Who sent a message that is lost or late has had a good answer and believes
 * that it arrived.
 */
#include "scenarios/quirk_impl.h"
#include "sim/json.h"

/* Is it a message that is meant? */
static bool is_message(const struct quirk_active *q, const struct quirk_pass *p)
{
	struct str want, cause;

	if (!quirk_is_function(q, p))
		return false;
	if (!quirk_has(q->setting.row, "cause"))
		return true;
	want = quirk_text(q, "cause");
	if (str_is(want, "any"))
		return true;
	cause = quirk_member(p, p->x->req.body, "cause");
	return str_eq(cause, want);
}

/* As the party would have answered. */
static enum quirk_move accept(struct quirk_pass *p)
{
	if (strcmp(p->function, "report") == 0)
		http_respond_json(p->x, 200, STR("{\"applied\":true}"));
	else
		http_respond(p->x, 204, NULL, STR_NONE);
	return QUIRK_TAKEN;
}

static enum quirk_move lost(struct quirk_active *q, struct quirk_pass *p)
{
	if (!is_message(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	return accept(p);
}

static enum quirk_move late(struct quirk_active *q, struct quirk_pass *p)
{
	if (!is_message(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	quirk_letter_send(quirk_letter_copy(q, p), quirk_number(q, "by"));
	return accept(p);
}

static void send_again(struct quirk_active *q, struct quirk_pass *p)
{
	if (quirk_acts(q, p))
		quirk_letter_send(quirk_letter_copy(q, p),
				  quirk_number(q, "gap"));
}

static enum quirk_move twice(struct quirk_active *q, struct quirk_pass *p)
{
	if (is_message(q, p))
		quirk_on_reply(q, p, send_again);
	return QUIRK_PASS;
}

/* ---- Kept from one message of a device to its next. -------------------- */

struct kept {
	struct str eid;
	struct quirk_letter *letter;	/* the last one, not to be sent so far */
	uint64_t held;			/* number of one that waits, or 0 */
	struct str list;		/* of profiles, as JSON */
	bool complete;
	struct kept *next;
};

/* What is kept for the device that sent it. */
static struct kept *kept_for(struct quirk_active *q, const struct quirk_pass *p)
{
	struct str eid = quirk_eid(p);
	struct kept *k;

	for (k = q->state; k; k = k->next)
		if (str_eq(k->eid, eid))
			return k;
	k = ARENA_NEW(&q->arena, struct kept);
	k->eid = arena_str(&q->arena, eid);
	k->next = q->state;
	q->state = k;
	return k;
}

static void release_held(struct quirk_active *q, struct quirk_pass *p)
{
	struct kept *k = kept_for(q, p);

	quirk_letter_hurry(q, k->held);
	k->held = 0;
}

/* A message is held until the one behind it has passed, but not for ever:
 * there may be none. */
static enum quirk_move reordered(struct quirk_active *q, struct quirk_pass *p)
{
	struct quirk_letter *letter;
	struct kept *k;

	if (!is_message(q, p))
		return QUIRK_PASS;
	k = kept_for(q, p);
	if (k->held && quirk_letter_waits(q, k->held)) {
		quirk_on_reply(q, p, release_held);
		return QUIRK_PASS;
	}
	if (!quirk_acts(q, p))
		return QUIRK_PASS;
	letter = quirk_letter_copy(q, p);
	k->held = quirk_letter_number(letter);
	quirk_letter_send(letter, quirk_number(q, "within"));
	return accept(p);
}

static void send_older(struct quirk_active *q, struct quirk_pass *p)
{
	struct kept *k = kept_for(q, p);
	struct quirk_letter *older = k->letter;

	k->letter = quirk_letter_copy(q, p);
	if (!older)
		return;
	if (quirk_acts(q, p))
		quirk_letter_send(older, quirk_number(q, "gap"));
	else
		quirk_letter_drop(older);
}

/* The one before comes again behind each message. */
static enum quirk_move replayed(struct quirk_active *q, struct quirk_pass *p)
{
	if (is_message(q, p))
		quirk_on_reply(q, p, send_older);
	return QUIRK_PASS;
}

/* ---- Reports that are wrong. ------------------------------------------- */

static struct str printed(struct arena *a, const cJSON *tree)
{
	char *text = cJSON_PrintUnformatted(tree);
	struct str copy = arena_str(a, str_of(text));

	cJSON_free(text);
	return copy;
}

/* Keep the first list that a device sends; later ones become that. */
static enum quirk_move stale(struct quirk_active *q, struct quirk_pass *p)
{
	struct err err;
	struct kept *k;
	cJSON *tree, *list;

	if (!quirk_is_function(q, p) || !quirk_is_about(q, p))
		return QUIRK_PASS;
	tree = json_parse(p->x->req.body, &err);
	list = cJSON_GetObjectItemCaseSensitive(tree, "profiles");
	if (!list)
		goto out;
	k = kept_for(q, p);
	if (!k->list.p) {
		k->list = printed(&q->arena, list);
		k->complete = cJSON_IsTrue(
			cJSON_GetObjectItemCaseSensitive(tree, "complete"));
	} else if (is_message(q, p) && quirk_acts(q, p)) {
		cJSON_ReplaceItemInObjectCaseSensitive(tree, "profiles",
			cJSON_CreateRaw(k->list.p));
		cJSON_ReplaceItemInObjectCaseSensitive(tree, "complete",
			cJSON_CreateBool(k->complete));
		p->x->req.body = printed(p->x->arena, tree);
	}
out:
	cJSON_Delete(tree);
	return QUIRK_PASS;
}

static enum quirk_move cut_body(struct quirk_active *q, struct quirk_pass *p)
{
	struct str *body = &p->x->req.body;

	if (is_message(q, p) && quirk_acts(q, p))
		body->n = (body->n + 1) / 2;
	return QUIRK_PASS;
}

const struct quirk_ops
	quirk_lost = { .request = lost },
	quirk_late = { .request = late },
	quirk_twice = { .request = twice },
	quirk_reordered = { .request = reordered },
	quirk_report_lost = { .gates = QUIRK_AT(SERVER), .request = lost },
	quirk_report_late = { .gates = QUIRK_AT(SERVER), .request = late },
	quirk_report_twice = { .gates = QUIRK_AT(SERVER), .request = twice },
	quirk_report_reordered = { .gates = QUIRK_AT(SERVER),
				   .request = reordered },
	quirk_report_replayed = { .gates = QUIRK_AT(SERVER),
				  .request = replayed },
	quirk_report_stale = { .gates = QUIRK_AT(SERVER), .request = stale },
	quirk_report_cut = { .gates = QUIRK_AT(SERVER), .request = cut_body };
