#include "proto/es9.h"

#include "proto/base64.h"
#include "proto/hex.h"
#include "sim/json.h"

#include <assert.h>

enum kind { KIND_TEXT, KIND_HEX, KIND_BASE64 };
enum { OPTIONAL = 1 };
enum { MEMBERS_MAX = 6, MESSAGE_MAX = 2 << 20 };

struct es9_member {
	const char *key;	/* NULL ends a list */
	enum kind kind;
	unsigned flags;
	size_t offset;
};

#define M(key, kind, flags, member) \
	{ key, KIND_##kind, flags, offsetof(struct es9_message, member) }
#define TRANSACTION M("transactionId", HEX, 0, transaction_id)

/* SGP.22, 6.5.2: what each function sends and what it gets. */
static const struct {
	const char *name;
	struct es9_member request[MEMBERS_MAX + 1], answer[MEMBERS_MAX + 1];
} functions[ES9_FUNCTIONS] = {
	[ES9_INITIATE_AUTHENTICATION] = {
		"initiateAuthentication",
		{ M("smdpAddress", TEXT, 0, smdp_address),
		  M("euiccChallenge", BASE64, 0, euicc_challenge),
		  M("euiccInfo1", BASE64, 0, euicc_info1) },
		{ TRANSACTION,
		  M("serverSigned1", BASE64, 0, server_signed1),
		  M("serverSignature1", BASE64, 0, server_signature1),
		  M("euiccCiPKIdToBeUsed", BASE64, 0, key_id),
		  M("serverCertificate", BASE64, 0, server_certificate) },
	},
	[ES9_AUTHENTICATE_CLIENT] = {
		"authenticateClient",
		{ TRANSACTION,
		  M("authenticateServerResponse", BASE64, 0, authenticate_response) },
		{ TRANSACTION,
		  M("profileMetadata", BASE64, 0, metadata),
		  M("smdpSigned2", BASE64, 0, smdp_signed2),
		  M("smdpSignature2", BASE64, 0, smdp_signature2),
		  M("smdpCertificate", BASE64, 0, smdp_certificate) },
	},
	[ES9_GET_BOUND_PROFILE_PACKAGE] = {
		"getBoundProfilePackage",
		{ TRANSACTION,
		  M("prepareDownloadResponse", BASE64, 0, prepare_response) },
		{ TRANSACTION,
		  M("boundProfilePackage", BASE64, 0, package) },
	},
	[ES9_CANCEL_SESSION] = {
		"cancelSession",
		{ TRANSACTION,
		  M("cancelSessionResponse", BASE64, 0, cancel_response) },
		{ { 0 } },
	},
	[ES9_HANDLE_NOTIFICATION] = {
		"handleNotification",
		{ M("pendingNotification", BASE64, 0, notification) },
		{ { 0 } },
	},
};

const char *es9_function_name(enum es9_function f)
{
	assert(f < ES9_FUNCTIONS);
	return functions[f].name;
}

enum es9_function es9_function_named(struct str name)
{
	unsigned f = 0;

	while (f < ES9_FUNCTIONS && !str_is(name, functions[f].name))
		f++;
	return (enum es9_function)f;
}

/* ---- Writing. ----------------------------------------------------------- */

static void put_bytes(struct json *j, const struct es9_member *m,
		      struct str value)
{
	/* Neither form has anything that JSON would want escaped. */
	json_key(j, m->key);
	buf_char(j->out, '"');
	if (m->kind == KIND_HEX)
		hex_encode(j->out, value);
	else
		base64_encode(j->out, value);
	buf_char(j->out, '"');
	j->comma = true;
}

static void put_members(struct json *j, const struct es9_member *list,
			const struct es9_message *message)
{
	for (const struct es9_member *m = list; m->key; m++) {
		struct str value = *(const struct str *)
			((const char *)message + m->offset);

		if (!value.p && (m->flags & OPTIONAL))
			continue;
		assert(value.p);
		if (m->kind == KIND_TEXT)
			json_put(j, m->key, value);
		else
			put_bytes(j, m, value);
	}
}

void es9_request_print(struct buf *out, enum es9_function f,
		       const struct es9_message *m)
{
	struct json j = json_to(out);

	assert(f < ES9_FUNCTIONS);
	json_open(&j, '{');
	put_members(&j, functions[f].request, m);
	json_close(&j, '}');
}

void es9_answer_print(struct buf *out, enum es9_function f,
		      const struct es9_message *m)
{
	struct json j = json_to(out);

	assert(f < ES9_FUNCTIONS);
	json_open(&j, '{');
	json_key(&j, "header");
	json_raw(&j, STR("{\"functionExecutionStatus\":"
			 "{\"status\":\"Executed-Success\"}}"));
	put_members(&j, functions[f].answer, m);
	json_close(&j, '}');
}

void es9_refusal_print(struct buf *out, enum status_code code)
{
	const struct status_code_row *row = status_code_row(code);
	struct json j = json_to(out);

	assert(code != STATUS_OK);
	json_open(&j, '{');
	json_key(&j, "header");
	json_open(&j, '{');
	json_key(&j, "functionExecutionStatus");
	json_open(&j, '{');
	json_putz(&j, "status", "Failed");
	json_key(&j, "statusCodeData");
	json_open(&j, '{');
	json_putz(&j, "subjectCode", row->subject);
	json_putz(&j, "reasonCode", row->reason);
	json_putz(&j, "message", row->message);
	json_close(&j, '}');
	json_close(&j, '}');
	json_close(&j, '}');
	json_close(&j, '}');
}

/* ---- Reading. ----------------------------------------------------------- */

static int get_member(const cJSON *object, const struct es9_member *m,
		      struct arena *a, struct str *value, struct err *err)
{
	struct str text;
	int rc = json_get_str(object, m->key, a, &text, err);

	*value = STR_NONE;
	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (m->flags & OPTIONAL)
			return 0;
		return err_set(err, ERR_NOT_FOUND, "\"%s\" is missing", m->key);
	}
	switch (m->kind) {
	case KIND_TEXT:
		*value = text;
		return 0;
	case KIND_HEX:
		rc = hex_decode(a, text, value, err);
		break;
	case KIND_BASE64:
		rc = base64_decode(a, text, value, err);
		break;
	}
	return rc < 0 ? err_prefix(err, "\"%s\"", m->key) : 0;
}

static int get_members(const cJSON *object, const struct es9_member *list,
		       struct arena *a, struct es9_message *message,
		       struct err *err)
{
	for (const struct es9_member *m = list; m->key; m++)
		if (get_member(object, m, a,
			       (struct str *)((char *)message + m->offset),
			       err) < 0)
			return -1;
	return 0;
}

static cJSON *parse_object(struct str text, struct err *err)
{
	cJSON *tree;

	if (text.n > MESSAGE_MAX) {
		err_set(err, ERR_LIMIT, "message of %zu bytes, at most %d are taken",
			text.n, MESSAGE_MAX);
		return NULL;
	}
	tree = json_parse(text, err);
	if (tree && !cJSON_IsObject(tree)) {
		err_set(err, ERR_INVALID, "expected an object, found %s",
			json_kind(tree));
		cJSON_Delete(tree);
		return NULL;
	}
	return tree;
}

int es9_request_parse(struct str json, enum es9_function f, struct arena *a,
		      struct es9_message *m, struct err *err)
{
	cJSON *tree = parse_object(json, err);
	int rc;

	assert(f < ES9_FUNCTIONS);
	*m = (struct es9_message){ 0 };
	if (!tree)
		return -1;
	rc = get_members(tree, functions[f].request, a, m, err);
	cJSON_Delete(tree);
	return rc < 0 ? err_prefix(err, "%s", functions[f].name) : 0;
}

static int get_status(const cJSON *tree, struct arena *a,
		      struct es9_status *st, struct err *err)
{
	const cJSON *header = cJSON_GetObjectItemCaseSensitive(tree, "header");
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(
		header, "functionExecutionStatus");
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(
		status, "statusCodeData");
	struct str word;

	if (!cJSON_IsObject(status))
		return err_set(err, ERR_INVALID,
			       "expected header.functionExecutionStatus, found %s",
			       json_kind(status));
	if (json_get_str(status, "status", a, &word, err) <= 0)
		return err_set(err, ERR_INVALID, "expected \"status\" as a string");
	st->failed = str_is(word, "Failed") || str_is(word, "Expired");
	if (!st->failed) {
		if (str_is(word, "Executed-Success") ||
		    str_is(word, "Executed-WithWarning"))
			return 0;
		return err_set(err, ERR_INVALID, "unknown status '%.*s'",
			       STRF(word));
	}
	st->subject_code = st->reason_code = st->message = STR("");
	/* A refusal without codes is still a refusal. */
	if (!cJSON_IsObject(data))
		return 0;
	if (json_get_str(data, "subjectCode", a, &st->subject_code, err) < 0 ||
	    json_get_str(data, "reasonCode", a, &st->reason_code, err) < 0 ||
	    json_get_str(data, "message", a, &st->message, err) < 0)
		return -1;
	return 0;
}

int es9_answer_parse(struct str json, enum es9_function f, struct arena *a,
		     struct es9_message *m, struct es9_status *st,
		     struct err *err)
{
	cJSON *tree = parse_object(json, err);
	int rc;

	assert(f < ES9_FUNCTIONS);
	*m = (struct es9_message){ 0 };
	*st = (struct es9_status){ 0 };
	if (!tree)
		return -1;
	rc = get_status(tree, a, st, err);
	if (rc == 0 && !st->failed)
		rc = get_members(tree, functions[f].answer, a, m, err);
	cJSON_Delete(tree);
	return rc < 0 ? err_prefix(err, "answer of %s", functions[f].name) : 0;
}
