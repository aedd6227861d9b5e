/*
 * smds.h - a simulated SM-DS: SM-DP+s say for which eUICC they have something
 * (ES12), and that eUICC asks where (ES11); SGP.22, 3.6, 5.8 and 5.9.
 *
 * A party: it meets the others over HTTP only.  It is the root SM-DS, and there
 * is no other one behind it.  An event is its requester's alone: another one
 * may use the same event id, and neither sees nor deletes the other's.  Who the
 * requester is, its function requester identifier says.
 */
#ifndef SMDP_SMDS_H
#define SMDP_SMDS_H

#include "sim/http.h"

struct smds;
struct rsp_crypto;

/* Strings are copied. */
struct smds_config {
	struct loop *loop;
	struct eventlog *log;
	uint64_t seed;
	const char *party;	/* name in the event log: "smds" */
	const char *address;	/* its FQDN: "smds.example.com" */
	const struct rsp_crypto *crypto;	/* NULL: none; must outlive it */
};

struct smds *smds_new(const struct smds_config *config, struct err *err);
/* Open exchanges must be gone: call network_unlisten() first. */
void smds_free(struct smds *s);

/* Serves ES11 at /gsma/rsp2/es9plus/... and ES12 at /gsma/rsp2/es12/...; owned
 * by `s`. */
struct http_handler *smds_handler(struct smds *s);

/* What waits, for limits and tests: of all eUICCs. */
size_t smds_event_count(const struct smds *s);
size_t smds_session_count(const struct smds *s);

#endif
