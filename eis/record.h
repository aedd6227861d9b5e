/*
 * record.h - the eUICC Information Set of one EID (SGP.02): what the EUM
 * handed over, the profiles as the device last told, and the audit trail.
 *
 * There may be a hundred thousand of them and most are idle, so a record is
 * small and its lists are allocated when they are first needed.  The list of
 * profiles changes only when the device synchronises it: a notification of
 * the SM-DP+ is kept in the audit trail and is not taken for the device's
 * word.
 */
#ifndef EIS_RECORD_H
#define EIS_RECORD_H

#include "eis/order.h"

enum { EIS_PROFILES_MAX = 64, EIS_AUDIT_MAX = 64 };

/* A profile as the device lists it. */
struct eis_profile {
	struct str iccid, isdp_aid, spn, profile_name, nickname, class_name;
	struct str smdp_address, mno_id, imsi, msisdn;
	bool enabled;
	bool has_spn;			/* spn may be there and empty */
	unsigned pol2;			/* PPR_... of proto/profile.h */
	int64_t allocated, free;	/* memory in bytes; -1: not said */
};

/* A list in one allocation; free() ends it. */
struct eis_profiles {
	size_t count;
	struct eis_profile list[];
};

enum eis_audit_kind {
	AUDIT_ORDER_QUEUED,
	AUDIT_ORDER_DELIVERED,
	AUDIT_ORDER_COMPLETE,
	AUDIT_ORDER_FAILED,
	AUDIT_ORDER_EXPIRED,
	AUDIT_ORDER_CANCELLED,
	AUDIT_RESULT_REPEATED,
	AUDIT_RESULT_CONTRADICTS,
	AUDIT_RESULT_LATE,
	AUDIT_RESULT_EARLY,
	AUDIT_NOTIFICATION,
	AUDIT_NOTIFICATION_FAILED,
	AUDIT_PROFILES_SYNCED,
	AUDIT_PROFILES_STALE,
	AUDIT_KINDS
};

struct eis_audit_entry {
	int64_t date_ms;
	enum eis_audit_kind kind;
	char operation[12];		/* "enable", ... */
	char iccid[21], isdp_aid[33];	/* empty: none, not known */
};

/* The newest EIS_AUDIT_MAX entries, as a ring. */
struct eis_audit {
	size_t cap, first, count;
	struct eis_audit_entry ring[];
};

struct eis_record {
	char eid[33];
	bool synced;			/* the device has told its profiles */
	/* The first order that has not ended: all that a poll looks at, so it
	 * lies beside the name by which the record is found. */
	struct eis_order *head;
	uint32_t memory, remaining;	/* bytes for profiles */
	uint32_t unfinished, ended;	/* orders that are kept */
	const char *eum_id, *platform_type, *platform_version;	/* shared */
	int64_t production_ms;
	int64_t sequence;		/* of the last list taken */
	int64_t last_audit_ms;		/* when that was */
	uint64_t audit_dropped;
	struct eis_order *first, *last;	/* orders, oldest first */
	struct eis_profiles *profiles;	/* NULL: none */
	struct eis_audit *audit;		/* NULL: nothing yet */
};

const char *eis_audit_kind_name(enum eis_audit_kind kind);

/* Put one more entry into the trail; the oldest goes if it is full. */
void eis_record_note(struct eis_record *c, int64_t now_ms, enum eis_audit_kind kind,
		const char *operation, struct str iccid);

/* Take over a list of at most EIS_PROFILES_MAX; strings are copied. */
void eis_record_set_profiles(struct eis_record *c, const struct eis_profile *list,
			size_t count);
/* NULL if the device has not listed it. */
const struct eis_profile *eis_record_find_profile(const struct eis_record *c,
					       struct str iccid);

/* Frees the lists, orders included; not the record itself. */
void eis_record_release(struct eis_record *c);

/* The Information Set with the field names of SGP.02. */
void eis_record_write(const struct eis_record *c, struct json *j);

#endif
