/*
 * actions.h - POST delete, disable, download, enable: what may be asked for.
 *
 * Everything is checked before anything is written; what passes becomes a
 * transaction.  Refusals: 400 what cannot be meant, 404 what the account does
 * not have, 409 what another running action is in the way of.
 */
#ifndef SERVER_ACTIONS_H
#define SERVER_ACTIONS_H

#include "server/routes.h"
#include "server/transactions.h"

/* The eSIM that a request is about; strings in the request's arena. */
struct target {
	int64_t customer_id;
	struct str device_id;	/* in upper case */
	struct str eid;
};

/*
 * From the members device_id and eid of `body`.  Without an eid, the
 * device's own is meant, unless `need_eid`.
 */
int read_target(struct request *rq, const cJSON *body, bool need_eid,
		struct target *t, struct err *err);
int action_check_iccid(struct str iccid, struct err *err);

/* One entry of a POST; writes {"transaction": "<id>"}. */
int action_download(struct request *rq, const cJSON *body, struct json *out,
		    struct err *err);
int action_enable(struct request *rq, const cJSON *body, struct json *out,
		  struct err *err);
int action_disable(struct request *rq, const cJSON *body, struct json *out,
		   struct err *err);
int action_delete(struct request *rq, const cJSON *body, struct json *out,
		  struct err *err);

#endif
