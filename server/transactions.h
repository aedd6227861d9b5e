/*
 * transactions.h - one action on one profile, from the request to what the
 * EIS says of it.
 *
 *	in_progress -> complete | failed | unknown
 *
 * A transaction says what the EIS said.  Profile rows are another matter:
 * they change only by device reports.
 */
#ifndef SERVER_TRANSACTIONS_H
#define SERVER_TRANSACTIONS_H

#include "server/messages.h"
#include "server/server.h"

enum action { ACTION_DOWNLOAD, ACTION_ENABLE, ACTION_DISABLE, ACTION_DELETE, ACTIONS };

enum transaction_status {
	TRANSACTION_IN_PROGRESS,
	TRANSACTION_COMPLETE,
	TRANSACTION_FAILED,
	TRANSACTION_UNKNOWN,
	TRANSACTION_STATUSES
};

/* A row; strings are in the arena that it was read into. */
struct transaction {
	int64_t rid;
	struct str id;
	int64_t customer_id;
	struct str device_id, eid;
	struct str iccid;		/* none: not known before the download */
	enum action action;
	enum transaction_status status;
	struct str message_code, message;
	int64_t created_ms, updated_ms;
	struct str order_id;		/* none: not placed so far */
	int64_t code_rid;		/* registered activation code; 0: none */
	struct str activation_code, confirmation_code;	/* until it is placed */
	int64_t operation;		/* it is a step of; 0: none */
	int64_t placed_ms;		/* when the EIS took the order; else created */
};

struct eis_answer;

const char *tx_action_name(enum action a);
const char *transaction_status_name(enum transaction_status s);

/*
 * Record a new one (customer_id, device_id, eid, action and what the action
 * needs are set) and begin to look after it; fills rid and id, which is in `a`.
 */
void transaction_create(struct server *s, struct transaction *tx, struct arena *a);

bool transaction_load(struct server *s, int64_t rid, struct arena *a,
		      struct transaction *tx);
bool transaction_find(struct server *s, struct str id, struct arena *a,
		      struct transaction *tx);
/* The rid of one that is in progress, or 0. */
int64_t transaction_running(struct server *s, struct str id, int64_t customer_id);

/* Is another one running on that profile, or with that code?  Its id. */
struct str transaction_conflict(struct server *s, struct str eid,
				struct str iccid, struct arena *a);
struct str transaction_code_conflict(struct server *s, int64_t customer_id,
				     struct str code, struct arena *a);

/* Is there nothing new in that for one that is in progress? */
bool transaction_knows(struct server *s, const struct transaction *tx,
		       const struct eis_answer *answer);
/* When it ends, whatever the EIS still calls open. */
int64_t transaction_end_ms(const struct server *s, const struct transaction *tx);

/* Take in what the EIS says.  True while the transaction is in progress. */
bool transaction_apply(struct server *s, struct transaction *tx,
		       const struct eis_answer *answer);

#endif
