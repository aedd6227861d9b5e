#include "proto/es10.h"

#include <assert.h>

struct result {
	int code;
	const char *name;	/* NULL ends a list */
};

#define ENDS_UNDEFINED { ES10_UNDEFINED_ERROR, "undefinedError" }, { 0, NULL }

/* Each list without "ok", which all functions have. */
static const struct result enable[] = {
	{ ES10_ENABLE_NOT_FOUND, "iccidOrAidNotFound" },
	{ ES10_ENABLE_NOT_DISABLED, "profileNotInDisabledState" },
	{ ES10_ENABLE_POLICY, "disallowedByPolicy" },
	{ ES10_ENABLE_WRONG_REENABLING, "wrongProfileReenabling" },
	{ ES10_ENABLE_CAT_BUSY, "catBusy" },
	ENDS_UNDEFINED
};

static const struct result disable[] = {
	{ ES10_DISABLE_NOT_FOUND, "iccidOrAidNotFound" },
	{ ES10_DISABLE_NOT_ENABLED, "profileNotInEnabledState" },
	{ ES10_DISABLE_POLICY, "disallowedByPolicy" },
	{ ES10_DISABLE_CAT_BUSY, "catBusy" },
	ENDS_UNDEFINED
};

static const struct result delete[] = {
	{ ES10_DELETE_NOT_FOUND, "iccidOrAidNotFound" },
	{ ES10_DELETE_NOT_DISABLED, "profileNotInDisabledState" },
	{ ES10_DELETE_POLICY, "disallowedByPolicy" },
	ENDS_UNDEFINED
};

static const struct result nickname[] = {
	{ ES10_NICKNAME_NOT_FOUND, "iccidNotFound" }, ENDS_UNDEFINED
};

static const struct result memory_reset[] = {
	{ ES10_RESET_NOTHING, "nothingToDelete" },
	{ ES10_RESET_CAT_BUSY, "catBusy" },
	ENDS_UNDEFINED
};

static const struct result undefined_only[] = { ENDS_UNDEFINED };

static const struct result list_profiles[] = {
	{ ES10_LIST_BAD_INPUT, "incorrectInputValues" }, ENDS_UNDEFINED
};

static const struct result retrieve[] = {
	{ ES10_RETRIEVE_NONE, "noResultAvailable" }, ENDS_UNDEFINED
};

static const struct result remove_notification[] = {
	{ ES10_REMOVE_NOTHING, "nothingToDelete" }, ENDS_UNDEFINED
};

static const struct result authenticate[] = {
	{ ES10_AUTH_CERTIFICATE, "invalidCertificate" },
	{ ES10_AUTH_SIGNATURE, "invalidSignature" },
	{ ES10_AUTH_CURVE, "unsupportedCurve" },
	{ ES10_AUTH_NO_SESSION, "noSessionContext" },
	{ ES10_AUTH_OID, "invalidOid" },
	{ ES10_AUTH_CHALLENGE, "euiccChallengeMismatch" },
	{ ES10_AUTH_CI_UNKNOWN, "ciPKUnknown" },
	{ ES10_AUTH_TRANSACTION, "transactionIdError" },
	{ ES10_AUTH_CRL_MISSING, "missingCrl" },
	{ ES10_AUTH_CRL_SIGNATURE, "invalidCrlSignature" },
	{ ES10_AUTH_REVOKED, "revokedCert" },
	{ ES10_AUTH_TIME, "invalidCertOrCrlTime" },
	{ ES10_AUTH_CONFIGURATION, "invalidCertOrCrlConfiguration" },
	{ ES10_AUTH_ICCID, "invalidIccid" },
	ENDS_UNDEFINED
};

static const struct result prepare[] = {
	{ ES10_PREPARE_CERTIFICATE, "invalidCertificate" },
	{ ES10_PREPARE_SIGNATURE, "invalidSignature" },
	{ ES10_PREPARE_CURVE, "unsupportedCurve" },
	{ ES10_PREPARE_NO_SESSION, "noSessionContext" },
	{ ES10_PREPARE_TRANSACTION, "invalidTransactionId" },
	ENDS_UNDEFINED
};

static const struct result load[] = {
	{ ES10_LOAD_BAD_INPUT, "incorrectInputValues" },
	{ ES10_LOAD_SIGNATURE, "invalidSignature" },
	{ ES10_LOAD_TRANSACTION, "invalidTransactionId" },
	{ ES10_LOAD_CRT, "unsupportedCrtValues" },
	{ ES10_LOAD_OPERATION, "unsupportedRemoteOperationType" },
	{ ES10_LOAD_CLASS, "unsupportedProfileClass" },
	{ ES10_LOAD_STRUCTURE, "scp03tStructureError" },
	{ ES10_LOAD_SECURITY, "scp03tSecurityError" },
	{ ES10_LOAD_ICCID_EXISTS, "installFailedDueToIccidAlreadyExistsOnEuicc" },
	{ ES10_LOAD_MEMORY, "installFailedDueToInsufficientMemoryForProfile" },
	{ ES10_LOAD_INTERRUPTED, "installFailedDueToInterruption" },
	{ ES10_LOAD_PE, "installFailedDueToPEProcessingError" },
	{ ES10_LOAD_MISMATCH, "installFailedDueToDataMismatch" },
	{ ES10_LOAD_TEST_KEY, "testProfileInstallFailedDueToInvalidNaaKey" },
	{ ES10_LOAD_PPR, "pprNotAllowed" },
	{ ES10_LOAD_UNKNOWN, "installFailedDueToUnknownError" },
	{ 0, NULL }
};

static const struct result cancel[] = {
	{ ES10_CANCEL_TRANSACTION, "invalidTransactionId" }, ENDS_UNDEFINED
};

static const struct {
	const char *name;
	const struct result *results;
} functions[ES10_FUNCTIONS] = {
	[ES10_ENABLE_PROFILE] = { "EnableProfile", enable },
	[ES10_DISABLE_PROFILE] = { "DisableProfile", disable },
	[ES10_DELETE_PROFILE] = { "DeleteProfile", delete },
	[ES10_SET_NICKNAME] = { "SetNickname", nickname },
	[ES10_MEMORY_RESET] = { "eUICCMemoryReset", memory_reset },
	[ES10_SET_DEFAULT_DP] = { "SetDefaultDpAddress", undefined_only },
	[ES10_LIST_PROFILES] = { "GetProfilesInfo", list_profiles },
	[ES10_LIST_NOTIFICATIONS] = { "ListNotification", undefined_only },
	[ES10_RETRIEVE_NOTIFICATIONS] = { "RetrieveNotificationsList", retrieve },
	[ES10_REMOVE_NOTIFICATION] = { "RemoveNotificationFromList",
				       remove_notification },
	[ES10_AUTHENTICATE_SERVER] = { "AuthenticateServer", authenticate },
	[ES10_PREPARE_DOWNLOAD] = { "PrepareDownload", prepare },
	[ES10_LOAD_PACKAGE] = { "LoadBoundProfilePackage", load },
	[ES10_CANCEL_SESSION] = { "CancelSession", cancel },
};

const char *es10_result_name(enum es10_function f, int code)
{
	assert(f < ES10_FUNCTIONS);
	if (code == ES10_OK)
		return "ok";
	for (const struct result *r = functions[f].results; r->name; r++)
		if (r->code == code)
			return r->name;
	return NULL;
}

int es10_result_code(enum es10_function f, struct str name)
{
	assert(f < ES10_FUNCTIONS);
	if (str_is(name, "ok"))
		return ES10_OK;
	for (const struct result *r = functions[f].results; r->name; r++)
		if (str_is(name, r->name))
			return r->code;
	return -1;
}

const char *es10_function_name(enum es10_function f)
{
	assert(f < ES10_FUNCTIONS);
	return functions[f].name;
}

const char *es10_command_name(int command)
{
	static const char *const names[ES10_COMMANDS] = {
		"initialiseSecureChannel", "configureISDP", "storeMetadata",
		"storeMetadata2", "replaceSessionKeys", "loadProfileElements",
	};

	return command >= 0 && command < ES10_COMMANDS ? names[command] : NULL;
}

const char *es10_cancel_reason_name(int reason)
{
	static const struct result names[] = {
		{ ES10_CANCEL_END_USER, "endUserRejection" },
		{ ES10_CANCEL_POSTPONED, "postponed" },
		{ ES10_CANCEL_TIMEOUT, "timeout" },
		{ ES10_CANCEL_PPR, "pprNotAllowed" },
		{ ES10_CANCEL_METADATA, "metadataMismatch" },
		{ ES10_CANCEL_LOAD_ERROR, "loadBppExecutionError" },
		{ ES10_CANCEL_UNDEFINED, "undefinedReason" },
		{ 0, NULL }
	};

	for (const struct result *r = names; r->name; r++)
		if (r->code == reason)
			return r->name;
	return NULL;
}

const char *es10_notification_name(unsigned event)
{
	switch (event) {
	case NOTIFY_INSTALL:
		return "install";
	case NOTIFY_ENABLE:
		return "enable";
	case NOTIFY_DISABLE:
		return "disable";
	case NOTIFY_DELETE:
		return "delete";
	}
	return NULL;
}
