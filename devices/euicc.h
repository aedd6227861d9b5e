/*
 * euicc.h - the card: EID, profiles, memory, policy rules, notifications.
 *
 * What a card does for its device are the functions of ES10a, ES10b and ES10c
 * (SGP.22, 5.7).  They are rows of one table, asked for by the tag of their
 * request, and take and give structs; whoever speaks APDUs stands on top.
 * Everything but the session of a running download is in flash.
 *
 * The one rule: between two calls the card is whole.  At most one profile is
 * enabled, no two have one ICCID, and a profile that did not load to its last
 * byte does not exist.
 */
#ifndef DEVICES_EUICC_H
#define DEVICES_EUICC_H

#include "devices/euicc_rat.h"
#include "proto/es10.h"
#include "proto/iccid.h"
#include "proto/profile.h"
#include "proto/rsp.h"
#include "sim/clock.h"

enum {
	EUICC_AID_BYTES = 16,
	EUICC_NICKNAME_MAX = 64,		/* SGP.22, 5.7.21 */
	EUICC_TEXT_MAX = 255,			/* of any other text */
	EUICC_MEMORY = 512 * 1024,		/* of a card, unless told */
	EUICC_PROFILE_MEMORY = 40 * 1024,	/* of a profile, unless told */
	EUICC_PROFILES_MAX = 64,
	EUICC_NOTES_MAX = 64,			/* then the oldest is dropped */
	EUICC_NUMBER_MAX = 65535,
};

enum profile_text {
	TEXT_SPN,
	TEXT_NAME,
	TEXT_NICKNAME,
	TEXT_SMDP,		/* address of the SM-DP+ that it came from */
	TEXT_NOTIFY,		/* notificationConfigurationInfo, in DER */
	PROFILE_TEXTS
};

struct euicc_profile {
	char *text;			/* all texts, one behind the other */
	uint32_t memory;
	uint16_t number;		/* within the eUICC, from 1 */
	uint8_t text_len[PROFILE_TEXTS];
	char iccid[ICCID_SIZE];
	uint8_t class;			/* enum profile_class */
	uint8_t ppr;			/* set of PPR_... */
	bool has_spn;			/* an SPN may be there and empty */
	bool enabled;
	bool no_network;		/* the world's: it does not attach */
	uint8_t ci;			/* under which its notifications are signed */
};

/* A notification that waits for its SM-DP+; made and signed at the event. */
struct euicc_note {
	struct euicc_note *next;	/* later ones */
	uint32_t sequence;
	uint8_t event;			/* one of NOTIFY_... */
	char iccid[ICCID_SIZE];
	struct str address;
	struct str der;			/* pendingNotification, as sent */
};

/*
 * The one-time key pair of a download that has had no result yet: an SM-DP+
 * that bound a package to it may ask for it again (SGP.22, 5.7.5).
 */
struct euicc_key {
	struct rsp_otpk otpk;
	uint8_t oid_n;
	char oid[RSP_OID_MAX];		/* of the SM-DP+ */
};

struct euicc;
struct euicc_session;

enum euicc_change { EUICC_INSTALLED, EUICC_ENABLED, EUICC_DISABLED, EUICC_DELETED };

/* What all cards of a fleet have in common. */
struct euicc_shared {
	const struct rsp_crypto *crypto;
	const struct clock *clock;
	bool tolerant;			/* takes segments of RSP_SEGMENT_TOLERATED bytes */
	/* A profile changed; `p` is what it is now, or was last. */
	void (*changed)(struct euicc *e, enum euicc_change what,
			const struct euicc_profile *p);
};

struct euicc {
	const struct euicc_shared *shared;
	const char *eid;		/* 32 digits; not owned, not terminated */
	struct euicc_profile *profiles;	/* in the order of installation */
	struct euicc_note *notes;	/* oldest first */
	struct euicc_session *session;	/* while a download runs; not in flash */
	struct euicc_key *key;		/* NULL: none is kept */
	char *default_smdp, *root_smds;	/* NULL: none */
	struct euicc_rat *rat;		/* NULL: euicc_rat_open */
	struct rng rng;			/* of challenges and keys */
	uint32_t memory;		/* for profiles, in all */
	uint32_t sequence;		/* of the last notification */
	uint16_t number;		/* the highest ever given */
	uint16_t before_test;		/* profile that a test profile displaced */
	uint8_t profile_count;
	uint8_t note_count;
	bool reuse_numbers;
	bool cat_busy;			/* refuses what needs a REFRESH */
};

/* `eid` must outlive the card. */
void euicc_init(struct euicc *e, const struct euicc_shared *shared,
		struct str eid, uint32_t memory, struct rng rng);
void euicc_release(struct euicc *e);
/* The card is one that was made with these rules; copied. */
void euicc_set_rat(struct euicc *e, const struct euicc_rat *rat);
/* Its rules. */
const struct euicc_rat *euicc_rat_of(const struct euicc *e);
/* Lose the running download, and nothing else. */
void euicc_power_off(struct euicc *e);

/* ---- ES10. ------------------------------------------------------------- */

enum es10_tag {			/* of the request */
	ES10_TAG_PREPARE_DOWNLOAD = 0xBF21,
	ES10_TAG_EUICC_INFO1 = 0xBF20,
	ES10_TAG_EUICC_INFO2 = 0xBF22,
	ES10_TAG_LIST_NOTIFICATION = 0xBF28,
	ES10_TAG_SET_NICKNAME = 0xBF29,
	ES10_TAG_RETRIEVE_NOTIFICATIONS = 0xBF2B,
	ES10_TAG_PROFILES_INFO = 0xBF2D,
	ES10_TAG_EUICC_CHALLENGE = 0xBF2E,
	ES10_TAG_REMOVE_NOTIFICATION = 0xBF30,
	ES10_TAG_ENABLE_PROFILE = 0xBF31,
	ES10_TAG_DISABLE_PROFILE = 0xBF32,
	ES10_TAG_DELETE_PROFILE = 0xBF33,
	ES10_TAG_MEMORY_RESET = 0xBF34,
	ES10_TAG_LOAD_PACKAGE = 0xBF36,
	ES10_TAG_AUTHENTICATE_SERVER = 0xBF38,
	ES10_TAG_CONFIGURED_ADDRESSES = 0xBF3C,
	ES10_TAG_GET_EID = 0xBF3E,
	ES10_TAG_SET_DEFAULT_DP = 0xBF3F,
	ES10_TAG_CANCEL_SESSION = 0xBF41,
	ES10_TAG_RAT = 0xBF43,
};

/* resetOptions of eUICCMemoryReset. */
enum { RESET_OPERATIONAL = 1, RESET_TEST = 2, RESET_DEFAULT_SMDP = 4 };

/* Members that a function does not name are ignored. */
struct es10_request {
	enum es10_tag tag;
	struct str iccid;	/* the profile meant, in digits ... */
	struct str aid;		/* ... or its ISD-P, in 16 bytes */
	struct str text;	/* nickname; SM-DP+ address */
	unsigned bits;		/* notification events (0: all), reset options */
	uint32_t sequence;	/* of a notification; 0: all */
	/* AuthenticateServer, PrepareDownload, CancelSession: the request as it
	 * is sent; LoadBoundProfilePackage: one segment. */
	struct str der;
};

/* `code` is the function's own (es10.h).  Texts are in the given arena or in
 * the card, until its next function. */
struct es10_answer {
	int code;
	struct str der;		/* the answer as bytes, where peers see it */
	struct str text;	/* EID; default SM-DP+ address */
	struct str root_smds;	/* GetEuiccConfiguredAddresses: SM-DS address */
	const struct euicc_profile *profiles;	/* GetProfilesInfo, all or one */
	size_t profile_count;
	const struct euicc_note *notes;		/* the first that fits */
	/* LoadBoundProfilePackage, after the last segment: `der` is the result,
	 * and this the profile, and the part that failed if one did. */
	bool finished;
	char iccid[ICCID_SIZE];
	int command;
};

struct es10_row {
	const char *name;
	enum es10_tag tag;
	void (*fn)(struct euicc *e, const struct es10_request *rq,
		   struct arena *a, struct es10_answer *an);
};

/* Every function; the end has no name. */
extern const struct es10_row es10_table[];

/* -1 if the card has no function of that tag. */
int euicc_call(struct euicc *e, const struct es10_request *rq, struct arena *a,
	       struct es10_answer *an);

/* ---- What the world and the host may do beside that. ------------------- */

struct euicc_profile_spec {
	struct str iccid;
	struct str text[PROFILE_TEXTS];	/* SPN with p NULL: it has none */
	enum profile_class class;
	unsigned ppr;
	uint32_t memory;		/* 0: a usual size */
	bool no_network;
	uint8_t ci;			/* of the SM-DP+ that it came from */
};

/*
 * Put a whole profile into the card, disabled: what ends an installation, or
 * what a factory does.  0, or the ES10_LOAD_... code of the refusal.
 */
int euicc_install(struct euicc *e, const struct euicc_profile_spec *spec);

/*
 * Enable `to` (NULL: nothing) whatever the rules say: how a device takes back
 * what left it without network.  Notifications are made as usual.
 */
void euicc_switch(struct euicc *e, struct euicc_profile *to);

struct euicc_profile *euicc_find(const struct euicc *e, struct str iccid);
struct euicc_profile *euicc_active(const struct euicc *e);
uint32_t euicc_memory_used(const struct euicc *e);
uint32_t euicc_memory_free(const struct euicc *e);

/* STR_NONE for an SPN that is not there; nothing else is ever that. */
struct str profile_text(const struct euicc_profile *p, enum profile_text which);
/* -1 if it is too long. */
int profile_set_text(struct euicc_profile *p, enum profile_text which,
		     struct str text);
void profile_aid(const struct euicc_profile *p,
		 unsigned char aid[EUICC_AID_BYTES]);

#endif
