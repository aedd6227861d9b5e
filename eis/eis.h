/*
 * eis.h - a simulated eSIM registry: one eUICC Information Set per EID
 * (SGP.02 fields), an audit trail, and a queue of orders that the device
 * collects when it polls.  The interface is docs/southbound.md.
 */
#ifndef EIS_EIS_H
#define EIS_EIS_H

#include "sim/http.h"
#include "sim/rng.h"

struct eis;

/* Strings are copied. */
struct eis_config {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	uint64_t seed;
	const char *token;	/* what servers must send; NULL: anybody may */
};

struct eis *eis_new(const struct eis_config *config);
void eis_free(struct eis *e);
struct http_handler *eis_handler(struct eis *e);

/* What the EUM hands over when an eUICC is made (SGP.02, ES1). */
struct eis_euicc_spec {
	struct str eid;			/* 32 digits */
	struct str eum_id;		/* an OID in dotted form */
	struct str platform_type, platform_version;
	int64_t production_date_ms;
	uint32_t memory;		/* bytes in all */
};

/* -1 if the EID is malformed or known already. */
int eis_register(struct eis *e, const struct eis_euicc_spec *spec,
		 struct err *err);

#endif
