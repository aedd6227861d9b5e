/*
 * profile.h - the life of one profile at the SM-DP+ (SGP.22, 3.1.6).
 *
 *	available -> allocated | linked -> confirmed -> released
 *	          -> downloaded -> installed | error
 *
 * The rules are one table in profile.c, with no I/O and no clock, so that the
 * functions of ES2+ and ES9+, the set-up of a world and the tests all drive
 * the same machine.  A cell that is not written is a refusal.
 */
#ifndef SMDP_PROFILE_H
#define SMDP_PROFILE_H

#include "proto/eid.h"
#include "proto/iccid.h"
#include "proto/profile.h"
#include "proto/rsp.h"
#include "proto/status_code.h"
#include "sim/clock.h"

enum smdp_state {
	SMDP_NONE,		/* 0: "no such transition" in the table */
	SMDP_AVAILABLE,		/* in stock */
	SMDP_ALLOCATED,		/* ordered, for whichever eUICC */
	SMDP_LINKED,		/* ordered, for one EID */
	SMDP_CONFIRMED,		/* has its matching id */
	SMDP_RELEASED,		/* may be downloaded */
	SMDP_DOWNLOADED,	/* the package was handed over */
	SMDP_INSTALLED,
	SMDP_ERROR,
	SMDP_UNAVAILABLE,	/* never to be used again */
	SMDP_STATES
};

enum smdp_event {
	SMDP_EV_ALLOCATE,	/* downloadOrder without an EID */
	SMDP_EV_LINK,		/* downloadOrder or confirmOrder with one */
	SMDP_EV_CONFIRM,
	SMDP_EV_RELEASE,
	SMDP_EV_DELIVER,	/* bound profile package handed over */
	SMDP_EV_INSTALL_OK,	/* ProfileInstallationResult */
	SMDP_EV_INSTALL_RETRY,	/* failed, and may be tried again */
	SMDP_EV_INSTALL_FAIL,	/* failed for good */
	SMDP_EV_REJECT,		/* cancelSession that ends the order */
	SMDP_EV_EXHAUST,	/* tried too often */
	SMDP_EV_EXPIRE,		/* the order is too old */
	SMDP_EV_CANCEL,		/* cancelOrder, back into stock */
	SMDP_EV_RETIRE,		/* cancelOrder, never to be used again */
	SMDP_EVENTS
};

/* The event by which the order's eUICC is told of it. */
enum smdp_at_smds { SMDP_NOT_AT_SMDS, SMDP_ON_WAY_TO_SMDS, SMDP_AT_SMDS };

enum { SMDP_TRANSACTIONS_KEPT = 4, SMDP_NOTIFICATIONS_KEPT = 16 };

/* A notification as it was received. */
struct smdp_notification {
	char eid[EID_SIZE];
	int64_t sequence;		/* each eUICC counts for itself */
	unsigned event;		/* NOTIFY_... */
	bool succeeded;
	struct instant at;
};

/* The one-time keys by which the package was bound to an eUICC.  A device that
 * lost it in the middle gets it again under the same ones (SGP.22, 3.1.3.3). */
struct smdp_binding {
	unsigned char euicc_point[RSP_POINT_BYTES];
	struct rsp_otpk own;
};

/* A profile, and the order for it.  Strings are owned. */
struct smdp_profile {
	char iccid[ICCID_SIZE];
	char eid[EID_SIZE];		/* the order's; "" for any eUICC */
	struct str matching_id;		/* p NULL: none yet; "": default SM-DP+ */
	struct str spn, name, type;
	enum profile_class class;
	unsigned ppr;
	unsigned char owner[2 + MCC_MNC_BYTES];	/* content of profileOwner; first byte 0: none */
	uint32_t memory;
	struct str upp;			/* brought; p NULL: a small one is made of the rest */
	unsigned order;			/* counts; sessions and events are of one */
	bool cc_required;
	unsigned char cc_hash[RSP_HASH_BYTES];	/* SHA256(code) */
	unsigned attempts, attempts_max;	/* downloads */
	unsigned cc_attempts;			/* wrong confirmation codes */
	int64_t expires_ms;			/* Unix time; 0: never */

	enum smdp_state state;
	struct instant since;		/* when it entered `state` */
	enum status_code fault;		/* why it is in SMDP_ERROR */

	struct str smds;		/* its SM-DS: an address, or p NULL */
	enum smdp_at_smds at_smds;

	/* Since the first delivery: */
	char bound_eid[EID_SIZE];
	struct str euicc_certificate;
	struct smdp_binding *binding;	/* NULL: none that could be had again */
	struct rsp_bsp *keys;		/* NULL: the package has no keys of its own */
	unsigned char transactions[SMDP_TRANSACTIONS_KEPT][RSP_TRANSACTION_MAX];
	unsigned transaction_count;	/* all ever; the last ones are kept */
	bool reported[SMDP_TRANSACTIONS_KEPT];	/* has had its result */

	struct smdp_notification *notifications;	/* a ring, or NULL */
	unsigned notification_count;	/* all ever */

	struct smdp_profile *next;		/* in the order they were added */
	struct smdp_profile *next_of_eid;	/* default SM-DP+: same EID */
};

/* "available", "allocated", ... */
const char *smdp_state_name(enum smdp_state state);
/* "allocate", "link", ... */
const char *smdp_event_name(enum smdp_event event);

/* Where `event` leads from `from`; SMDP_NONE if it is refused. */
enum smdp_state smdp_state_next(enum smdp_state from, enum smdp_event event);

/* Apply `event`.  A refused one leaves the profile untouched: -1. */
int smdp_profile_apply(struct smdp_profile *p, enum smdp_event event,
		       struct instant now, struct err *err);

/* What the ring still holds with that sequence number, or NULL. */
const struct smdp_notification *
smdp_profile_notification(const struct smdp_profile *p, const char *eid,
			  int64_t sequence);
void smdp_profile_keep_notification(struct smdp_profile *p,
				    const struct smdp_notification *n);

/* Was a package delivered in that transaction (and not too long ago)? */
bool smdp_profile_delivered_in(const struct smdp_profile *p, struct str id);
/* That transaction has its result; false: it had one before, or is not known. */
bool smdp_profile_report(struct smdp_profile *p, struct str id);
void smdp_profile_keep_transaction(struct smdp_profile *p, struct str id);
/* That result ends the binding: there is no further try under its keys. */
void smdp_profile_unbind(struct smdp_profile *p);
/* A new order: nothing of an earlier one counts any more. */
void smdp_profile_start_order(struct smdp_profile *p);

/* Replace an owned string by a copy of `s`. */
void smdp_keep(struct str *slot, struct str s);
void smdp_profile_free(struct smdp_profile *p);

#endif
