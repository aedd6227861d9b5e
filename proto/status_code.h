/*
 * status_code.h - how an SM-DP+ says no: subject and reason codes (SGP.22,
 * 5.2.6 and the tables of each function in 5.3 and 5.6).
 *
 * One table.  A refusal anywhere in the rig is a row of it, so that names,
 * codes and words cannot drift apart; the quirks draw from it as well.
 */
#ifndef PROTO_STATUS_CODE_H
#define PROTO_STATUS_CODE_H

#include "sim/str.h"

/* enumerator, name, subject code, reason code, message */
#define STATUS_CODES(X) \
	/* Any function. */ \
	X(FORMAT, "format", "1.3.1", "2.1", \
	  "the request does not have the form of the function") \
	X(MISSING, "missing", "1.6", "2.2", "a mandatory element is missing") \
	X(FUNCTION_UNKNOWN, "function-unknown", "1.6", "3.9", "no such function") \
	X(METHOD, "method", "1.6", "1.2", "functions are called with POST") \
	X(PROTOCOL_VERSION, "protocol-version", "1.3.2", "3.1", \
	  "the protocol version is not supported") \
	X(BUSY, "busy", "8.8", "3.7", "too many sessions at the moment") \
	X(THROTTLED, "throttled", "8.8", "6.4", "too many requests; try again later") \
	X(TRANSACTION_THROTTLED, "transaction-throttled", "8.10.1", "6.4", \
	  "too many messages of this transaction") \
	/* initiateAuthentication (5.6.1). */ \
	X(ADDRESS_REFUSED, "address-refused", "8.8.1", "3.8", \
	  "this is not the SM-DP+ of that address") \
	X(PKID_UNSUPPORTED, "pkid-unsupported", "8.8.2", "3.1", \
	  "none of the proposed public key identifiers is supported") \
	X(SVN_UNSUPPORTED, "svn-unsupported", "8.8.3", "3.1", \
	  "the specification version of the eUICC is not supported") \
	X(CERTIFICATE_UNAVAILABLE, "certificate-unavailable", "8.8.4", "3.7", \
	  "no certificate of a CI that the eUICC accepts") \
	/* authenticateClient (5.6.3). */ \
	X(EUM_CERTIFICATE_INVALID, "eum-certificate-invalid", "8.1.2", "6.1", \
	  "the EUM certificate is invalid") \
	X(EUM_CERTIFICATE_EXPIRED, "eum-certificate-expired", "8.1.2", "6.3", \
	  "the EUM certificate has expired") \
	X(EUICC_CERTIFICATE_INVALID, "euicc-certificate-invalid", "8.1.3", "6.1", \
	  "the eUICC certificate is invalid") \
	X(EUICC_CERTIFICATE_EXPIRED, "euicc-certificate-expired", "8.1.3", "6.3", \
	  "the eUICC certificate has expired") \
	X(EUICC_SIGNATURE, "euicc-signature", "8.1", "6.1", \
	  "the eUICC signature or the server challenge is invalid") \
	X(EUICC_ERROR, "euicc-error", "8.1", "4.2", "the eUICC reported an error") \
	X(EUICC_MEMORY, "euicc-memory", "8.1", "4.8", \
	  "the eUICC does not have enough memory for the profile") \
	X(CI_UNKNOWN, "ci-unknown", "8.11.1", "3.9", "unknown CI public key") \
	X(PROFILE_NOT_RELEASED, "profile-not-released", "8.2", "1.2", \
	  "the profile has not been released") \
	X(PROFILE_UNAVAILABLE, "profile-unavailable", "8.2", "3.7", \
	  "no bound profile package for a new binding") \
	X(TRANSACTION_UNKNOWN, "transaction-unknown", "8.10.1", "3.9", "unknown transaction") \
	X(MATCHING_ID_REFUSED, "matching-id-refused", "8.2.6", "3.8", \
	  "the matching id is refused") \
	X(EID_REFUSED, "eid-refused", "8.1.1", "3.8", "the profile is not for this EID") \
	X(NO_ELIGIBLE_PROFILE, "no-eligible-profile", "8.2.5", "4.3", \
	  "no eligible profile for this eUICC") \
	X(ORDER_EXPIRED, "order-expired", "8.8.5", "4.10", "the download order has expired") \
	X(RETRIES_EXCEEDED, "retries-exceeded", "8.8.5", "6.4", \
	  "the download was tried too often") \
	/* getBoundProfilePackage (5.6.2). */ \
	X(CC_MISSING, "cc-missing", "8.2.7", "2.2", "the confirmation code is missing") \
	X(CC_REFUSED, "cc-refused", "8.2.7", "3.8", "the confirmation code is refused") \
	X(CC_RETRIES_EXCEEDED, "cc-retries-exceeded", "8.2.7", "6.4", \
	  "the confirmation code was wrong too often") \
	/* cancelSession (5.6.5). */ \
	X(OID_MISMATCH, "oid-mismatch", "8.8", "3.10", "the OID is not that of this SM-DP+") \
	/* ES2+ (5.3). */ \
	X(REQUESTER_MISSING, "requester-missing", "1.1", "2.2", \
	  "the function requester is missing") \
	X(ICCID_UNKNOWN, "iccid-unknown", "8.2.1", "3.9", "unknown ICCID") \
	X(ICCID_NOT_ALLOWED, "iccid-not-allowed", "8.2.1", "1.2", \
	  "the function is not allowed on this profile") \
	X(ICCID_IN_USE, "iccid-in-use", "8.2.1", "3.3", "the profile is in use already") \
	X(ICCID_TRANSITION, "iccid-transition", "8.2.1", "3.5", \
	  "the state of the profile does not allow it") \
	X(PROFILE_TYPE_UNKNOWN, "profile-type-unknown", "8.2.5", "3.9", \
	  "unknown profile type") \
	X(PROFILE_TYPE_UNAVAILABLE, "profile-type-unavailable", "8.2.5", "3.7", \
	  "no profile of this type is left") \
	X(MATCHING_ID_IN_USE, "matching-id-in-use", "8.2.6", "3.3", \
	  "the matching id is in use already") \
	X(MATCHING_ID_ASSOCIATION, "matching-id-association", "8.2.6", "3.10", \
	  "the matching id belongs to another order") \
	X(MATCHING_ID_INVALID, "matching-id-invalid", "8.2.6", "2.1", \
	  "the matching id has a wrong form") \
	X(ICCID_MISSING, "iccid-missing", "8.2.1", "2.2", "the ICCID is missing") \
	X(ICCID_INVALID, "iccid-invalid", "8.2.1", "2.1", \
	  "the ICCID has a wrong form") \
	X(EID_MISSING, "eid-missing", "8.1.1", "2.2", "the EID is missing") \
	X(EID_INVALID, "eid-invalid", "8.1.1", "2.1", "the EID has a wrong form") \
	X(EID_ASSOCIATION, "eid-association", "8.1.1", "3.10", \
	  "the order is for another EID") \
	X(SMDS_INACCESSIBLE, "smds-inaccessible", "8.9", "5.1", \
	  "the SM-DS cannot be reached") \
	X(SMDS_REFUSED, "smds-refused", "8.9", "4.2", \
	  "the SM-DS did not register the event") \
	/* ES11 and ES12 (5.8, 5.9). */ \
	X(SMDS_BUSY, "smds-busy", "8.9", "3.7", "too many sessions or events at the moment") \
	X(SMDS_ADDRESS_REFUSED, "smds-address-refused", "8.9.1", "3.8", \
	  "this is not the SM-DS of that address") \
	X(SMDS_PKID_UNSUPPORTED, "smds-pkid-unsupported", "8.9.2", "3.1", \
	  "none of the proposed public key identifiers is supported") \
	X(SMDS_SVN_UNSUPPORTED, "smds-svn-unsupported", "8.9.3", "3.1", \
	  "the specification version of the eUICC is not supported") \
	X(SMDS_CERTIFICATE_UNAVAILABLE, "smds-certificate-unavailable", "8.9.4", "3.7", \
	  "no certificate of a CI that the eUICC accepts") \
	X(EVENT_IN_USE, "event-in-use", "8.9.5", "3.3", "the event is registered already") \
	X(EVENT_UNKNOWN, "event-unknown", "8.9.5", "3.9", "unknown event") \
	/* Why a device cancelled, toward an operator (5.3.5). */ \
	X(CANCEL_END_USER, "cancel-end-user", "8.8.5", "3.8", \
	  "the end user rejected the download") \
	X(CANCEL_PPR, "cancel-ppr", "8.2.8", "1.2", \
	  "the policy rules of the profile are not allowed") \
	X(CANCEL_METADATA, "cancel-metadata", "8.2.9", "3.11", \
	  "the metadata changed during the download") \
	X(CANCEL_LOAD_ERROR, "cancel-load-error", "8.2.10", "4.2", \
	  "the bound profile package could not be loaded") \
	X(CANCEL_UNDEFINED, "cancel-undefined", "8", "4.2", \
	  "the download ended for a reason not stated")

enum status_code {
	STATUS_OK,
#define STATUS_ENUM(id, name, subject, reason, message) STATUS_##id,
	STATUS_CODES(STATUS_ENUM)
#undef STATUS_ENUM
	STATUS_CODE_COUNT
};

struct status_code_row {
	const char *name;	/* in kebab-case: "matching-id-refused" */
	const char *subject, *reason;
	const char *message;
};

/* The row of a code; STATUS_OK has empty texts and the name "ok". */
const struct status_code_row *status_code_row(enum status_code code);
/* By its two codes, or by its name; STATUS_CODE_COUNT if there is none. */
enum status_code status_code_find(struct str subject, struct str reason);
enum status_code status_code_named(struct str name);

#endif
