/*
 * es9.h - the five functions of ES9+ as JSON (SGP.22, 6.5.2): one table, used
 * by the device that asks and by the SM-DP+ that answers.
 *
 * Binary members are bytes here, base64 or hexadecimal in the text.
 */
#ifndef PROTO_ES9_H
#define PROTO_ES9_H

#include "proto/status_code.h"
#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/err.h"

enum es9_function {
	ES9_INITIATE_AUTHENTICATION,
	ES9_AUTHENTICATE_CLIENT,
	ES9_GET_BOUND_PROFILE_PACKAGE,
	ES9_CANCEL_SESSION,
	ES9_HANDLE_NOTIFICATION,
	ES9_FUNCTIONS
};

/* "initiateAuthentication", ...: also the last part of the path. */
const char *es9_function_name(enum es9_function f);
/* ES9_FUNCTIONS if there is none of that name. */
enum es9_function es9_function_named(struct str name);

#define ES9_PATH "/gsma/rsp2/es9plus/"
/* What a device sends as X-Admin-Protocol. */
#define ES9_PROTOCOL "gsma/rsp/v2.2.2"

/* All members of all requests and answers; those of a function are in use. */
struct es9_message {
	struct str transaction_id;
	/* initiateAuthentication: request, then answer. */
	struct str smdp_address, euicc_challenge, euicc_info1;
	struct str server_signed1, server_signature1;	/* whole TLVs */
	struct str key_id;		/* whole 04 14 ... */
	struct str server_certificate;
	/* authenticateClient. */
	struct str authenticate_response;	/* BF38 */
	struct str metadata;			/* BF25 */
	struct str smdp_signed2, smdp_signature2, smdp_certificate;
	/* getBoundProfilePackage. */
	struct str prepare_response;		/* BF21 */
	struct str package;			/* BF36 */
	/* cancelSession, handleNotification. */
	struct str cancel_response;		/* BF41 */
	struct str notification;		/* BF37 or 30 */
};

/* functionExecutionStatus. */
struct es9_status {
	bool failed;
	struct str subject_code, reason_code;	/* if failed: "8.2.6", "3.8" */
	struct str message;			/* may be empty */
};

/* The request of `f`, as JSON. */
void es9_request_print(struct buf *out, enum es9_function f,
		       const struct es9_message *m);
/* Bytes and texts are in memory of `a`.  ERR_NOT_FOUND: a mandatory member is
 * missing; ERR_INVALID: anything else that is wrong. */
int es9_request_parse(struct str json, enum es9_function f, struct arena *a,
		      struct es9_message *m, struct err *err);

/* The answer: header, and if it is a success the members of `f`.  (There is
 * none for handleNotification: 204.) */
void es9_answer_print(struct buf *out, enum es9_function f,
		      const struct es9_message *m);
void es9_refusal_print(struct buf *out, enum status_code code);
/* 0 with st->failed or with the members in `m`; -1 if it is not an answer. */
int es9_answer_parse(struct str json, enum es9_function f, struct arena *a,
		     struct es9_message *m, struct es9_status *st,
		     struct err *err);

#endif
