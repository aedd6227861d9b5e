/*
 * codes.h - registered activation codes: who may take one, and when it is
 * used up.
 *
 *	available -> in_use -> used      (removed code_keep_ns later)
 *	                    -> refused   the profile server will not have it
 *	                    -> available the download failed otherwise
 *
 * A code is used when the EIS calls its download complete, or when a device
 * reports its ICCID, whichever is first.  One whose download failed goes back
 * to the pool behind those that were tried less, because nobody tells the
 * server whether the profile server counts it as consumed; a code that it
 * refuses is not offered again.
 */
#ifndef SERVER_CODES_H
#define SERVER_CODES_H

#include "sim/json.h"

#include <stdint.h>

struct server;

enum code_status { CODE_AVAILABLE, CODE_IN_USE, CODE_USED, CODE_REFUSED, CODE_STATUSES };

struct code {
	int64_t rid;
	struct str iccid;
	enum code_status status;
	struct str activation_code, confirmation_code;	/* secrets */
};

const char *code_status_name(enum code_status s);

/*
 * An activation code in its one usual form, so that two spellings of one are
 * the same text.  -1 says what is wrong with it, without showing any of it.
 */
int code_canonical(struct str text, struct arena *a, struct str *canonical,
		   struct err *err);

bool code_find(struct server *s, int64_t customer_id, struct str iccid,
	       struct arena *a, struct code *code);
bool code_find_secret(struct server *s, int64_t customer_id,
		      struct str activation_code, struct arena *a,
		      struct code *code);
/* The best unused one of that normalised carrier. */
bool code_find_carrier(struct server *s, int64_t customer_id,
		       struct str normalized, struct arena *a, struct code *code);

/* It is available, and is taken for a download to that device. */
void code_take(struct server *s, int64_t rid, struct str device_id);
void code_spend(struct server *s, int64_t rid, struct str device_id);
void code_give_back(struct server *s, int64_t rid, bool refused);
/* Nobody knows how the download ended: keep it until a report could be in. */
void code_hold(struct server *s, int64_t rid, struct str device_id);
/* Does this subject of a refusal (SGP.22, 5.2.6.1) mean the code itself? */
bool code_is_refused(struct str subject_code);

/* A device reports that profile. */
void code_seen(struct server *s, int64_t customer_id, struct str iccid,
	       struct str device_id);
/* What falls due; the next time, or INT64_MAX. */
int64_t codes_due(struct server *s);

/* One to be registered; `confirmation_code` may be empty. */
struct new_code {
	struct str iccid, carrier, secret, confirmation_code;
};

/* Strings are copied; `a` is for scratch. */
int code_register(struct server *s, int64_t customer_id, struct new_code n,
		  struct arena *a, struct err *err);
/* An entry of POST v1/esim_activation_codes/inventory. */
int code_add(struct server *s, int64_t customer_id, const cJSON *body,
	     struct arena *a, struct str *iccid, struct err *err);

#endif
