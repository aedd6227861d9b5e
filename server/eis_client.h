/*
 * eis_client.h - the server's side of docs/southbound.md: placing orders at
 * the EIS, and asking for them; or commands at the device gateway, if there
 * is one, which speaks the same words and differs in its paths.
 */
#ifndef SERVER_EIS_CLIENT_H
#define SERVER_EIS_CLIENT_H

#include "server/transactions.h"

enum eis_outcome {
	EIS_ORDER,		/* the order is in the answer */
	EIS_UNKNOWN_ORDER,	/* it does not know such an order */
	EIS_UNKNOWN_EID,	/* or the gateway the device */
	EIS_REFUSED,		/* it will not take this order, ever */
	EIS_DENIED,		/* it does not know us */
	EIS_BAD_ANSWER,		/* no sense in it */
	EIS_UNREACHABLE,
};

enum order_status {
	ORDER_QUEUED,
	ORDER_DELIVERED,
	ORDER_COMPLETE,
	ORDER_FAILED,
	ORDER_EXPIRED,
	ORDER_CANCELLED,
	ORDER_STATUSES
};

struct eis_answer {
	enum eis_outcome outcome;
	enum order_status status;	/* the rest: if it is an order */
	struct str order_id;
	struct str eid, device_id, reference;	/* empty: it does not say */
	struct str code, message;	/* result; or of an error */
	struct str subject_code, reason_code;
	struct str iccid;		/* well-formed, or empty */
};

/* Calls, ready to be sent once the caller has set `done` and `owner`. */
struct http_call *eis_client_place(struct server *s, const struct transaction *tx);
struct http_call *eis_look(struct server *s, const struct transaction *tx);

/* What a finished call brought; strings live as long as the call. */
void eis_read(struct http_call *c, bool placing, struct eis_answer *answer);

/* Whoever runs the server is to know if that call shows that there is trouble with
 * the EIS, or none any more: events "eis-failed" (message), "eis-recovered". */
void eis_tell(struct server *s, const struct http_call *c, enum eis_outcome outcome);

/* An order that is another's is no answer, whatever went wrong on its way. */
void eis_compare(const struct transaction *tx, struct eis_answer *answer);

#endif
