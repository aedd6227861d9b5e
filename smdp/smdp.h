/*
 * smdp.h - a simulated SM-DP+: orders from operators (ES2+), downloads by
 * devices (ES9+), notifications.
 *
 * SGP.22 v2.x.  A party: it meets the others over HTTP only.  The world sets
 * it up with smdp_add_profile(), which does what downloadOrder, confirmOrder
 * and releaseProfile do over ES2+.
 */
#ifndef SMDP_SMDP_H
#define SMDP_SMDP_H

#include "sim/http.h"
#include "sim/rng.h"

struct smdp;
struct rsp_crypto;

/* Strings are copied. */
struct smdp_config {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	uint64_t seed;
	const char *party;	/* name in the event log: "smdp" */
	const char *address;	/* its FQDN: "smdp.example.com" */
	const char *eis_url;	/* "http://eis.rig"; NULL: it tells no EIS */
	/* Where the operator wants to hear how downloads go: what comes before
	 * /gsma/rsp2/es2plus/handleDownloadProgressInfo; NULL: nowhere. */
	const char *operator_url;
	const struct rsp_crypto *crypto;	/* NULL: none; must outlive it */
	/* Profiles are protected by keys of their own, which the eUICC is given in the
	 * package (ReplaceSessionKeys), and not by those of the session. */
	bool own_keys;
	uint64_t throttle;	/* requests of one client in ten seconds; 0: any number */
};

struct smdp *smdp_new(const struct smdp_config *config, struct err *err);
/* Open exchanges must be gone: call network_unlisten() first.  Calls to the
 * EIS that are on their way are forgotten; the network must still be there. */
void smdp_free(struct smdp *s);

/* Its host was taken off the network, but it lives on: what it had not yet
 * answered it never will. */
void smdp_dropped(struct smdp *s);

/* Serves /gsma/rsp2/es9plus/... and /gsma/rsp2/es2plus/...; owned by `s`. */
struct http_handler *smdp_handler(struct smdp *s);
/* Only one of the two interfaces, for an address of its own. */
struct http_handler *smdp_es9_handler(struct smdp *s);
struct http_handler *smdp_es2_handler(struct smdp *s);

/* A profile to offer; strings are copied, unset ones are STR_NONE. */
struct smdp_profile_spec {
	struct str iccid;		/* 19 or 20 digits */
	struct str matching_id;		/* "" or none: only for `eid` (default SM-DP+) */
	struct str spn;			/* serviceProviderName as it will stand in the card */
	struct str profile_name;
	struct str class_name;		/* "operational" (default), "provisioning", "test" */
	struct str confirmation_code;	/* none: not asked for */
	struct str eid;			/* none: any eUICC */
	struct str owner;		/* its operator, five or six digits; none: not told */
	uint32_t memory;		/* bytes in the eUICC; 0: a usual size */
	unsigned ppr;			/* policy rules, PPR_... of proto/profile.h */
	unsigned retries_max;		/* downloads tried before it fails; 0: 3 */
	int64_t expires_ms;		/* Unix time; 0: never */
	struct str upp;			/* its package in clear (rsp_upp.h), as it is; none:
					   a small one is made.  Its memory counts */
	struct str smds_address;	/* where its event is registered, so that the eUICC
					   hears of it; needs `eid` and `matching_id` */
	struct str profile_type;	/* for downloadOrder by type; none: "default" */
};

/* The profile becomes Released, ready for download.  -1 if a field is
 * malformed, or the ICCID or the matching id is taken. */
int smdp_add_profile(struct smdp *s, const struct smdp_profile_spec *spec,
		     struct err *err);
/* The profile goes into stock (Available), to be ordered over ES2+; matching
 * id, confirmation code, EID and expiry must be unset. */
int smdp_stock_profile(struct smdp *s, const struct smdp_profile_spec *spec,
		       struct err *err);

/* The state of a profile ("released", ...), or NULL if it has no such ICCID. */
const char *smdp_profile_state(const struct smdp *s, struct str iccid);
/* Sessions that are open, for limits and tests. */
size_t smdp_session_count(const struct smdp *s);

#endif
