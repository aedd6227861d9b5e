#include "proto/es11.h"

#include "proto/hex.h"
#include "sim/json.h"

#include <assert.h>

#define SUCCESS "{\"functionExecutionStatus\":{\"status\":\"Executed-Success\"}}"

/* ---- ES11. -------------------------------------------------------------- */

void es11_answer_print(struct buf *out, struct str transaction_id,
		       const struct es11_event *list, size_t count)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_key(&j, "header");
	json_raw(&j, STR(SUCCESS));
	/* Hexadecimal digits need no escaping. */
	json_key(&j, "transactionId");
	buf_char(out, '"');
	hex_encode(out, transaction_id);
	buf_char(out, '"');
	j.comma = true;
	json_key(&j, "eventEntries");
	json_open(&j, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&j, '{');
		json_put(&j, "eventId", list[i].id);
		json_put(&j, "rspServerAddress", list[i].address);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static int get_event(const cJSON *entry, struct arena *a, struct es11_event *e,
		     struct err *err)
{
	if (!cJSON_IsObject(entry))
		return err_set(err, ERR_INVALID, "expected an event as an object, found %s",
			       json_kind(entry));
	if (json_get_str(entry, "eventId", a, &e->id, err) < 0 ||
	    json_get_str(entry, "rspServerAddress", a, &e->address, err) < 0)
		return -1;
	if (!e->id.n || e->id.n > ES12_EVENT_ID_MAX)
		return err_set(err, ERR_INVALID, "\"eventId\": %zu characters, expected 1 to %d",
			       e->id.n, ES12_EVENT_ID_MAX);
	if (!e->address.n || e->address.n > ES12_ADDRESS_MAX)
		return err_set(err, ERR_INVALID,
			       "\"rspServerAddress\": %zu characters, expected 1 to %d",
			       e->address.n, ES12_ADDRESS_MAX);
	return 0;
}

static int get_events(const cJSON *tree, struct arena *a, struct es11_event **list,
		      size_t *count, struct err *err)
{
	const cJSON *entries = cJSON_GetObjectItemCaseSensitive(tree, "eventEntries"), *e;
	int n = cJSON_GetArraySize(entries);
	size_t i = 0;

	if (!cJSON_IsArray(entries))
		return err_set(err, ERR_INVALID, "expected \"eventEntries\" as a list, found %s",
			       json_kind(entries));
	if (n > ES11_EVENTS_MAX)
		return err_set(err, ERR_LIMIT, "%d events, at most %d are taken", n,
			       ES11_EVENTS_MAX);
	*count = (size_t)n;
	*list = arena_array(a, *count, sizeof(**list));
	cJSON_ArrayForEach(e, entries)
		if (get_event(e, a, &(*list)[i++], err) < 0)
			return -1;
	return 0;
}

int es11_answer_parse(struct str json, struct arena *a, struct str *transaction_id,
		      struct es11_event **list, size_t *count,
		      struct es9_status *st, struct err *err)
{
	struct es9_message none;
	struct str text;
	cJSON *tree;
	int rc;

	*transaction_id = STR_NONE;
	*list = NULL;
	*count = 0;
	/* Its header is that of ES9+, and cancelSession has nothing else. */
	if (es9_answer_parse(json, ES9_CANCEL_SESSION, a, &none, st, err) < 0)
		return -1;
	if (st->failed)
		return 0;
	tree = json_parse(json, err);
	rc = tree ? json_get_str(tree, "transactionId", a, &text, err) : -1;
	if (rc > 0)
		rc = hex_decode(a, text, transaction_id, err);
	if (rc >= 0)
		rc = get_events(tree, a, list, count, err);
	cJSON_Delete(tree);
	return rc < 0 ? err_prefix(err, "answer of authenticateClient") : 0;
}

/* ---- ES12. -------------------------------------------------------------- */

static const char *const names[ES12_FUNCTIONS] = { "registerEvent", "deleteEvent" };

const char *es12_function_name(enum es12_function f)
{
	assert(f < ES12_FUNCTIONS);
	return names[f];
}

enum es12_function es12_function_named(struct str name)
{
	unsigned f = 0;

	while (f < ES12_FUNCTIONS && !str_is(name, names[f]))
		f++;
	return (enum es12_function)f;
}

void es12_request_print(struct buf *out, enum es12_function f,
			const struct es12_request *q)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_key(&j, "header");
	json_open(&j, '{');
	json_put(&j, "functionRequesterIdentifier", q->requester);
	json_put(&j, "functionCallIdentifier", q->call);
	json_close(&j, '}');
	json_put(&j, "eid", q->eid);
	json_put(&j, "eventId", q->event_id);
	if (f == ES12_REGISTER_EVENT) {
		json_put(&j, "rspServerAddress", q->address);
		/* There is no other SM-DS behind that one. */
		json_put_bool(&j, "forwardingIndicator", false);
	}
	json_close(&j, '}');
}

int es12_request_parse(struct str json, struct arena *a, struct es12_request *q,
		       struct err *err)
{
	cJSON *tree = json_parse(json, err);
	const cJSON *header = cJSON_GetObjectItemCaseSensitive(tree, "header");
	int rc = 0;

	*q = (struct es12_request){ 0 };
	if (!tree)
		return -1;
	if (!cJSON_IsObject(tree))
		rc = err_set(err, ERR_INVALID, "expected an object, found %s", json_kind(tree));
	else if (json_get_str(header, "functionRequesterIdentifier", a, &q->requester, err) < 0 ||
		 json_get_str(header, "functionCallIdentifier", a, &q->call, err) < 0 ||
		 json_get_str(tree, "eid", a, &q->eid, err) < 0 ||
		 json_get_str(tree, "eventId", a, &q->event_id, err) < 0 ||
		 json_get_str(tree, "rspServerAddress", a, &q->address, err) < 0)
		rc = -1;
	cJSON_Delete(tree);
	return rc;
}

void es12_answer_print(struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_key(&j, "header");
	json_raw(&j, STR(SUCCESS));
	json_close(&j, '}');
}
