/*
 * es11.h - what an SM-DS and its peers say to each other, as JSON: ES11, where
 * a device asks which SM-DP+ has something for it, and ES12, where an SM-DP+
 * registers and deletes such events (SGP.22, 5.8 and 5.9, 6.5.2).
 *
 * initiateAuthentication and the request of authenticateClient are those of
 * ES9+ (es9.h), at the same paths; only the answer of authenticateClient is
 * another one.
 */
#ifndef PROTO_ES11_H
#define PROTO_ES11_H

#include "proto/es9.h"

enum {
	ES11_EVENTS_MAX = 64,		/* for one eUICC, and in one answer */
	ES12_EVENT_ID_MAX = 255,
	ES12_ADDRESS_MAX = 255,
};

/* One event record: what is there to be fetched, and where. */
struct es11_event {
	struct str id;			/* the matching id to fetch it with: a secret */
	struct str address;		/* of the SM-DP+ */
};

void es11_answer_print(struct buf *out, struct str transaction_id,
		       const struct es11_event *list, size_t count);
/* 0 with st->failed or with the events, in memory of `a`; -1: no such answer. */
int es11_answer_parse(struct str json, struct arena *a, struct str *transaction_id,
		      struct es11_event **list, size_t *count,
		      struct es9_status *st, struct err *err);

#define ES12_PATH "/gsma/rsp2/es12/"

enum es12_function { ES12_REGISTER_EVENT, ES12_DELETE_EVENT, ES12_FUNCTIONS };

/* "registerEvent", "deleteEvent": also the last part of the path. */
const char *es12_function_name(enum es12_function f);
/* ES12_FUNCTIONS if there is none of that name. */
enum es12_function es12_function_named(struct str name);

/* Absent is STR_NONE. */
struct es12_request {
	struct str requester, call;	/* functionRequester- and -CallIdentifier */
	struct str eid, event_id;
	struct str address;		/* rspServerAddress; of registerEvent */
};

void es12_request_print(struct buf *out, enum es12_function f,
			const struct es12_request *q);
/* Form only: which members are there, and whether they are right, is the
 * caller's to decide. */
int es12_request_parse(struct str json, struct arena *a, struct es12_request *q,
		       struct err *err);
/* The answer of success; a refusal is es9_refusal_print(). */
void es12_answer_print(struct buf *out);

#endif
