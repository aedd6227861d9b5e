/*
 * lpa.h - one download of a profile: the LPA between SM-DP+ (ES9+) and card
 * (ES10b), SGP.22 3.1.3; or one retrieval of events, between SM-DS (ES11) and
 * card, 3.6.2, which is its first half.
 *
 * A machine whose steps are a table.  Before each step it emits the event
 * "download-step" (or "discovery-step") and does the step in a later turn, so that whoever listens
 * can take the power away exactly there.  It lives only while a download
 * runs: lpa_start() makes it, and lpa_free() ends it at any moment without a
 * word to anybody, as a power loss does.
 *
 * The one rule: once the card has an open transaction, the download ends by
 * the last segment, by an error of the card, or by CancelSession at the card
 * and cancelSession at the SM-DP+.
 */
#ifndef DEVICES_LPA_H
#define DEVICES_LPA_H

#include "devices/euicc.h"
#include "proto/activation_code.h"
#include "proto/es11.h"
#include "sim/http.h"

enum lpa_step {
	LPA_GET_EUICC_CHALLENGE,
	LPA_INITIATE_AUTHENTICATION,
	LPA_AUTHENTICATE_SERVER,
	LPA_AUTHENTICATE_CLIENT,
	LPA_PREPARE_DOWNLOAD,
	LPA_GET_BOUND_PROFILE_PACKAGE,
	LPA_LOAD_SEGMENT,
	LPA_STORE_RESULT,
	LPA_CANCEL_SESSION,		/* only after a failure */
	LPA_HANDLE_NOTIFICATION,	/* later and separately, by the host */
	LPA_STEPS
};

/* "get-euicc-challenge", ...: `step` of the event "download-step". */
extern const char *const lpa_step_names[LPA_STEPS];

#define LPA_TIMEOUT_NS (60 * NS_PER_S)	/* for one answer of the SM-DP+ */
enum {
	LPA_TRIES_MAX = 3,		/* to reach it, for one function */
	LPA_ANSWER_MAX = 4 * 1024 * 1024,
};

/* What came of it.  Strings live until `done` returns. */
struct lpa_result {
	bool ok;
	const char *code;		/* of docs/southbound.md: "ok", "memoryFull"; of a
					   retrieval, "smdsRefused" and the like */
	char iccid[ICCID_SIZE];		/* "" if it was never known */
	struct str message;
	struct str subject, reason;	/* if the SM-DP+ refused */
};

struct lpa_config {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	struct str party;
	struct str order;		/* for events; may be empty */
	struct euicc *euicc;
	bool consent;			/* the user agrees to policy rules, where the card
					   says that it must be asked */
	void *arg;			/* of the following */
	int64_t (*apdu_ns)(void *arg);		/* one command to the card */
	int64_t (*install_ns)(void *arg);	/* writing the profile, in all */
	bool (*online)(void *arg);
	/* The SM-DP+ said which profile it will be; nothing is loaded yet. */
	void (*learned)(void *arg, const char *iccid);
	/* It is over.  The LPA may be freed in here. */
	void (*done)(void *arg, const struct lpa_result *r);
	/*
	 * Set: no download, but what does the SM-DS at that address have for this
	 * eUICC?  The matching id is then an event id, or empty.  It comes before
	 * `done`, if it comes; the list lives until it returns.
	 */
	void (*found)(void *arg, const struct es11_event *list, size_t count);
};

/* Strings are copied.  `confirmation_code` is empty if there is none. */
struct lpa *lpa_start(const struct lpa_config *config,
		      const struct activation_code *ac,
		      struct str confirmation_code);
void lpa_free(struct lpa *l);
/* The network is gone: a call that waits for an answer breaks. */
void lpa_link_lost(struct lpa *l);

/* POST a finished ES9+ request; NULL if `address` is none. */
struct http_call *lpa_es9_call(struct network *net, struct str party,
			       struct str address, const char *function,
			       struct str json, struct err *err);

#endif
