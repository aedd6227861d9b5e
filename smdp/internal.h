/*
 * internal.h - what the parts of the SM-DP+ share.  Nobody else includes it.
 *
 *	smdp.c		life cycle, profiles, dispatch of requests
 *	profile.c	the states of a profile
 *	session.c	RSP sessions: made, found, expired
 *	es9plus.c	the five functions of the device
 *	es2plus.c	the four functions of the operator
 *	notify.c	notifications: taken in, passed on to the EIS
 *	limits.c	how often one client may ask
 *	outbox.c	what it says of its own accord, and again if need be
 *	progress.c	how a download goes, for the operator
 *	event.c		events at an SM-DS: registered, deleted
 *	identity.c	its certificates, and what it says first, here and at an SM-DS
 *	client.c	what is checked of an eUICC, here and there
 */
#ifndef SMDP_INTERNAL_H
#define SMDP_INTERNAL_H

#include "proto/rsp_bpp.h"
#include "sim/map.h"
#include "smdp/identity.h"
#include "smdp/profile.h"
#include "smdp/smdp.h"

enum {
	SMDP_SESSIONS_MAX = 16384,
	SMDP_SESSION_MESSAGES_MAX = 32,
	SMDP_FORWARDS_MAX = 4096,	/* messages on their way to EIS and operator */
	SMDP_PROFILES_MAX = 1 << 20,
	SMDP_BODY_MAX = 64 << 10,	/* of a request */
	SMDP_PACKAGE_MAX = 1 << 20,
	SMDP_UPP_MAX = 768 << 10,	/* so that it fits into the former when bound */
	SMDP_RETRIES_DEFAULT = 3,
	SMDP_CC_ATTEMPTS_MAX = 3,
	SMDP_MEMORY_DEFAULT = 40 << 10,
};

/* A session without a message for so long is forgotten. */
#define SMDP_SESSION_NS (INT64_C(1800) * NS_PER_S)

/* ---- Sessions. ---------------------------------------------------------- */

enum smdp_session_state {
	SMDP_SESSION_STARTED,		/* after initiateAuthentication */
	SMDP_SESSION_AUTHENTICATED,	/* after authenticateClient */
	SMDP_SESSION_DELIVERED,		/* after getBoundProfilePackage */
};

struct smdp_session {
	struct smdp *smdp;
	enum smdp_session_state state;
	char id[RSP_TRANSACTION_MAX];
	char challenge[RSP_CHALLENGE_BYTES];	/* the server's */
	struct timer expiry;
	const struct smdp_identity *own;	/* under the CI that the eUICC verifies by */
	int euicc_ci;			/* the CI under which the eUICC is to sign */
	/* Since authenticateClient: */
	char eid[EID_SIZE];
	struct smdp_profile *profile;
	unsigned order;			/* of the profile, then */
	struct str euicc_certificate;	/* owned; whole */
	struct str smdp_signature2;	/* owned; whole 5F37 */
	unsigned messages;		/* that named it */
	struct smdp_queue *queue;	/* where it stands */
	struct smdp_session *prev, *next;
};

/* If there are too many, the oldest whose client is not known yet has to go; NULL:
 * all are known. */
struct smdp_session *smdp_session_new(struct smdp *s);
/* The client has been authenticated. */
void smdp_session_know(struct smdp_session *session);
struct smdp_session *smdp_session_find(struct smdp *s, struct str id);
/* A message came: the time until it is forgotten begins anew. */
void smdp_session_touch(struct smdp_session *session);
/* `why`: "installed", "cancelled", "refused", "failed", "expired". */
void smdp_session_end(struct smdp_session *session, const char *why);
void smdp_sessions_free(struct smdp *s);

static inline struct str smdp_session_id(const struct smdp_session *session)
{
	return (struct str){ session->id, sizeof(session->id) };
}

/* ---- The whole. --------------------------------------------------------- */

struct smdp_forward;
struct smdp_caller;
struct smdp_event_call;

struct smdp {
	struct smdp_door {
		struct http_handler handler;
		struct smdp *s;
		bool es9, es2;		/* what is behind it */
	} both, es9_only, es2_only;
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	char *party, *address;
	char *eis_url, *operator_url;	/* each may be NULL */
	uint64_t told;		/* calls to the operator */
	const struct rsp_crypto *crypto;
	bool own_keys;			/* packages have keys of their own */
	struct rng ids, keys;
	struct smdp_identities identities;

	struct smdp_profile *profiles, **profiles_tail;
	size_t profile_count;
	struct map by_iccid, by_matching_id;
	struct map by_eid;		/* first of a chain: default SM-DP+ */
	struct map by_delivery;		/* by the transactions that each has kept */

	/* Oldest first: whose client is not known yet, and the others. */
	struct smdp_queue { struct smdp_session *first, *last; } strangers, known;
	size_t session_count;
	struct map by_transaction;

	uint64_t throttle;		/* requests of a client in ten seconds; 0: any */
	struct smdp_caller *callers, **callers_tail;
	size_t caller_count;
	struct map by_caller;

	struct smdp_forward *forwards;
	size_t forward_count;

	struct smdp_event_call *event_calls;
	size_t event_call_count;
	uint64_t event_calls_ever;

	struct buf out;		/* the answer being written */
	struct buf part, more;	/* pieces of it */
};

/* smdp.c */
struct smdp_profile *smdp_find_profile(const struct smdp *s, struct str iccid);
/* Apply and log.  A refused event is logged by nobody: -1. */
int smdp_move(struct smdp *s, struct smdp_profile *p, enum smdp_event event,
	      struct err *err);
/* Set, change or (p NULL) take away the matching id or the EID of an order,
 * and keep the indexes right. */
void smdp_set_order(struct smdp *s, struct smdp_profile *p,
		    struct str matching_id, struct str eid);
/* A package of it was delivered in that transaction: its result is known by that. */
void smdp_keep_delivery(struct smdp *s, struct smdp_profile *p, struct str transaction);
/* No result of what was delivered so far counts any more. */
void smdp_forget_deliveries(struct smdp *s, struct smdp_profile *p);
/* A new order: nothing of an earlier one counts any more. */
void smdp_start_order(struct smdp *s, struct smdp_profile *p);
/* Reply with what stands in s->out. */
void smdp_reply(struct smdp *s, struct http_exchange *x);
/* 204: a notification was taken. */
void smdp_acknowledge(struct http_exchange *x);
/* Is it POST with JSON, of the right protocol version and size? */
enum status_code smdp_check_request(const struct http_exchange *x);

/* es9plus.c, es2plus.c */
void smdp_es9(struct smdp *s, struct http_exchange *x, enum es9_function f);
/* -1 if there is no such function. */
int smdp_es2(struct smdp *s, struct http_exchange *x, struct str function);

/* notify.c */
/* -1 with `err` if it is no notification that can be believed. */
int smdp_take_notification(struct smdp *s, struct str der, struct arena *a,
			   struct err *err);

/* limits.c */
/* May that client ask once more?  0: yes; otherwise in how many seconds. */
int smdp_take_turn(struct smdp *s, struct str from);
void smdp_callers_free(struct smdp *s);

/* outbox.c */
enum smdp_outgoing { SMDP_TO_EIS, SMDP_TO_OPERATOR };
/* Post `body` there until it is taken, refused or tried too often; `number` is for the
 * log if it is not. */
void smdp_send(struct smdp *s, enum smdp_outgoing kind, const char *iccid,
	       int64_t number, struct str body);
void smdp_forwards_free(struct smdp *s);

/* progress.c */
enum smdp_point {		/* notificationPointId (SGP.22, 5.3.5) */
	SMDP_POINT_ELIGIBILITY = 1, SMDP_POINT_CONFIRMATION, SMDP_POINT_DOWNLOAD,
	SMDP_POINT_INSTALLATION,
};
/* Nothing if nobody wants to know; `result` is a ProfileInstallationResult or none. */
void smdp_tell_progress(struct smdp *s, const struct smdp_profile *p, const char *eid,
			enum smdp_point point, enum status_code code, struct str result);

/* event.c */
/* What came of it; p NULL: the order is not what it was. */
typedef void smdp_event_told(void *arg, struct smdp_profile *p, enum status_code code);
/* Register the event of an order that has an SM-DS, an EID and a matching id.
 * With `told` once, which is not called from inside; without, until it succeeds. */
void smdp_register_event(struct smdp *s, struct smdp_profile *p, smdp_event_told *told,
			 void *arg);
/* The profile has changed: is its event still of use? */
void smdp_review_event(struct smdp *s, struct smdp_profile *p);
void smdp_events_free(struct smdp *s);

#endif
