/*
 * operations.h - multistep operations: activate, download, enable.
 *
 *	starting -> download -> download_verify -> enable -> enable_verify
 *	         -> successful | failed
 *
 * The steps named verify wait for the device to report what the transaction
 * before them was for; nothing else moves them but their time limit.  All
 * state is in the store: operation_step() looks at it and goes as far as it
 * can, whoever calls and however often.
 */
#ifndef SERVER_OPERATIONS_H
#define SERVER_OPERATIONS_H

#include "server/routes.h"

enum operation_kind { OPERATION_ACTIVATE, OPERATION_DOWNLOAD, OPERATION_ENABLE, OPERATION_KINDS };

enum operation_status {
	OPERATION_NONE,		/* 0: "no such move" in the table */
	OPERATION_STARTING,
	OPERATION_DOWNLOADING,
	OPERATION_DOWNLOAD_VERIFY,
	OPERATION_ENABLING,
	OPERATION_ENABLE_VERIFY,
	OPERATION_FAILED,
	OPERATION_SUCCESSFUL,
	OPERATION_STATUSES
};

enum operation_event {
	OPERATION_EV_DOWNLOAD,		/* a download was ordered */
	OPERATION_EV_ENABLE,		/* an enable was ordered */
	OPERATION_EV_DONE,		/* the EIS knows no more to wait for */
	OPERATION_EV_ACTIVE,		/* nothing to enable */
	OPERATION_EV_REPORTED,		/* the device reports the goal */
	OPERATION_EV_FAIL,
	OPERATION_EVENTS
};

const char *operation_kind_name(enum operation_kind k);
/* "download" for OPERATION_DOWNLOADING, and so on. */
const char *operation_status_name(enum operation_status s);
/* OPERATION_NONE if it is refused. */
enum operation_status operation_next(enum operation_status from,
				     enum operation_event event);

/* Go on with one as far as it can. */
void operation_step(struct server *s, int64_t rid);
/* A report of that device was applied. */
void operations_reported(struct server *s, struct str device_id);
/* Begin with those that wait for it. */
void operations_start(struct server *s);
/* Go on with all that are unfinished, after a restart. */
void operations_resume(struct server *s);
/* Those whose time is over; the next time, or INT64_MAX. */
int64_t operations_due(struct server *s);

/* POST .../operations/inventory: one entry; writes the new operation. */
int operation_create(struct request *rq, const cJSON *body, struct json *out,
		     struct err *err);

#endif
