/*
 * es10.h - the result codes of an eUICC, with the names that SGP.22 gives
 * them (5.7, and 5.7.6 for the installation).
 *
 * The numbers are those on the wire.  One number means different things in
 * different functions, so a name is asked for by function and number.
 */
#ifndef PROTO_ES10_H
#define PROTO_ES10_H

#include "sim/str.h"

enum es10_function {
	ES10_ENABLE_PROFILE,		/* BF31 */
	ES10_DISABLE_PROFILE,		/* BF32 */
	ES10_DELETE_PROFILE,		/* BF33 */
	ES10_SET_NICKNAME,		/* BF29 */
	ES10_MEMORY_RESET,		/* BF34 */
	ES10_SET_DEFAULT_DP,		/* BF3F */
	ES10_LIST_PROFILES,		/* BF2D */
	ES10_LIST_NOTIFICATIONS,	/* BF28 */
	ES10_RETRIEVE_NOTIFICATIONS,	/* BF2B */
	ES10_REMOVE_NOTIFICATION,	/* BF30 */
	ES10_AUTHENTICATE_SERVER,	/* BF38: authenticateErrorCode */
	ES10_PREPARE_DOWNLOAD,		/* BF21: downloadErrorCode */
	ES10_LOAD_PACKAGE,		/* BF37: errorReason */
	ES10_CANCEL_SESSION,		/* BF41: the error branch */
	ES10_FUNCTIONS
};

enum { ES10_OK = 0, ES10_UNDEFINED_ERROR = 127 };

enum es10_enable {
	ES10_ENABLE_NOT_FOUND = 1,	/* iccidOrAidNotFound */
	ES10_ENABLE_NOT_DISABLED = 2,	/* profileNotInDisabledState */
	ES10_ENABLE_POLICY = 3,		/* disallowedByPolicy */
	ES10_ENABLE_WRONG_REENABLING = 4,
	ES10_ENABLE_CAT_BUSY = 5,
};

enum es10_disable {
	ES10_DISABLE_NOT_FOUND = 1,
	ES10_DISABLE_NOT_ENABLED = 2,	/* profileNotInEnabledState */
	ES10_DISABLE_POLICY = 3,
	ES10_DISABLE_CAT_BUSY = 5,
};

enum es10_delete {
	ES10_DELETE_NOT_FOUND = 1,
	ES10_DELETE_NOT_DISABLED = 2,
	ES10_DELETE_POLICY = 3,
};

enum es10_nickname { ES10_NICKNAME_NOT_FOUND = 1 };	/* iccidNotFound */

enum es10_memory_reset {
	ES10_RESET_NOTHING = 1,		/* nothingToDelete */
	ES10_RESET_CAT_BUSY = 5,
};

enum es10_list_profiles { ES10_LIST_BAD_INPUT = 1 };	/* incorrectInputValues */
enum es10_retrieve { ES10_RETRIEVE_NONE = 1 };		/* noResultAvailable */
enum es10_remove { ES10_REMOVE_NOTHING = 1 };		/* nothingToDelete */

enum es10_authenticate {
	ES10_AUTH_CERTIFICATE = 1,	/* invalidCertificate */
	ES10_AUTH_SIGNATURE = 2,	/* invalidSignature */
	ES10_AUTH_CURVE = 3,		/* unsupportedCurve */
	ES10_AUTH_NO_SESSION = 4,	/* noSessionContext */
	ES10_AUTH_OID = 5,		/* invalidOid */
	ES10_AUTH_CHALLENGE = 6,	/* euiccChallengeMismatch */
	ES10_AUTH_CI_UNKNOWN = 7,	/* ciPKUnknown */
	ES10_AUTH_TRANSACTION = 8,	/* transactionIdError */
	ES10_AUTH_CRL_MISSING = 9,
	ES10_AUTH_CRL_SIGNATURE = 10,
	ES10_AUTH_REVOKED = 11,
	ES10_AUTH_TIME = 12,		/* invalidCertOrCrlTime */
	ES10_AUTH_CONFIGURATION = 13,
	ES10_AUTH_ICCID = 14,
};

enum es10_prepare {
	ES10_PREPARE_CERTIFICATE = 1,
	ES10_PREPARE_SIGNATURE = 2,
	ES10_PREPARE_CURVE = 3,
	ES10_PREPARE_NO_SESSION = 4,
	ES10_PREPARE_TRANSACTION = 5,	/* invalidTransactionId */
};

/* errorReason of a ProfileInstallationResult. */
enum es10_load {
	ES10_LOAD_BAD_INPUT = 1,	/* incorrectInputValues */
	ES10_LOAD_SIGNATURE = 2,
	ES10_LOAD_TRANSACTION = 3,
	ES10_LOAD_CRT = 4,		/* unsupportedCrtValues */
	ES10_LOAD_OPERATION = 5,	/* unsupportedRemoteOperationType */
	ES10_LOAD_CLASS = 6,		/* unsupportedProfileClass */
	ES10_LOAD_STRUCTURE = 7,	/* scp03tStructureError */
	ES10_LOAD_SECURITY = 8,		/* scp03tSecurityError */
	ES10_LOAD_ICCID_EXISTS = 9,	/* installFailedDueToIccidAlreadyExistsOnEuicc */
	ES10_LOAD_MEMORY = 10,		/* installFailedDueToInsufficientMemoryForProfile */
	ES10_LOAD_INTERRUPTED = 11,	/* installFailedDueToInterruption */
	ES10_LOAD_PE = 12,		/* installFailedDueToPEProcessingError */
	ES10_LOAD_MISMATCH = 13,	/* installFailedDueToDataMismatch */
	ES10_LOAD_TEST_KEY = 14,	/* testProfileInstallFailedDueToInvalidNaaKey */
	ES10_LOAD_PPR = 15,		/* pprNotAllowed */
	ES10_LOAD_UNKNOWN = 127,	/* installFailedDueToUnknownError */
};

enum es10_cancel_error { ES10_CANCEL_TRANSACTION = 5 };	/* invalidTransactionId */

/* SGP.22's name of a result ("ok", "iccidOrAidNotFound", ...); NULL if the
 * function has no such code. */
const char *es10_result_name(enum es10_function f, int code);
/* The code of a name, or -1. */
int es10_result_code(enum es10_function f, struct str name);
/* "EnableProfile", "AuthenticateServer", ... */
const char *es10_function_name(enum es10_function f);

/* The part of the package that failed (bppCommandId). */
enum es10_command {
	ES10_CMD_INITIALISE = 0,	/* initialiseSecureChannel */
	ES10_CMD_CONFIGURE = 1,		/* configureISDP */
	ES10_CMD_METADATA = 2,		/* storeMetadata */
	ES10_CMD_METADATA2 = 3,
	ES10_CMD_KEYS = 4,		/* replaceSessionKeys */
	ES10_CMD_ELEMENTS = 5,		/* loadProfileElements */
	ES10_COMMANDS
};
const char *es10_command_name(int command);	/* NULL if unknown */

/* Why an LPA cancels a session (CancelSessionReason). */
enum es10_cancel_reason {
	ES10_CANCEL_END_USER = 0,	/* endUserRejection */
	ES10_CANCEL_POSTPONED = 1,
	ES10_CANCEL_TIMEOUT = 2,
	ES10_CANCEL_PPR = 3,		/* pprNotAllowed */
	ES10_CANCEL_METADATA = 4,	/* metadataMismatch */
	ES10_CANCEL_LOAD_ERROR = 5,	/* loadBppExecutionError */
	ES10_CANCEL_UNDEFINED = 127,
};
const char *es10_cancel_reason_name(int reason);	/* NULL if unknown */

/* What a notification is about: bits of NotificationEvent, first bit lowest. */
enum {
	NOTIFY_INSTALL = 1,
	NOTIFY_ENABLE = 2,
	NOTIFY_DISABLE = 4,
	NOTIFY_DELETE = 8,
};
/* "install", "enable", ... for one bit; NULL for anything else. */
const char *es10_notification_name(unsigned event);

#endif
