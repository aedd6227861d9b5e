/*
 * Goal: result and status codes have SGP.22's numbers and names.
 * Oracle: the numbers, written again from 5.7 and 5.6 as words.
 */
#include "proto/es10.h"
#include "proto/status_code.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	enum es10_function f;
	int code;
	const char *name;	/* NULL: there is no such code */
} results[] = {
	{ ES10_ENABLE_PROFILE, 0, "ok" },
	{ ES10_ENABLE_PROFILE, 1, "iccidOrAidNotFound" },
	{ ES10_ENABLE_PROFILE, 2, "profileNotInDisabledState" },
	{ ES10_ENABLE_PROFILE, 3, "disallowedByPolicy" },
	{ ES10_ENABLE_PROFILE, 4, "wrongProfileReenabling" },
	{ ES10_ENABLE_PROFILE, 5, "catBusy" },
	{ ES10_ENABLE_PROFILE, 6, NULL },
	{ ES10_ENABLE_PROFILE, 127, "undefinedError" },
	{ ES10_DISABLE_PROFILE, 2, "profileNotInEnabledState" },
	{ ES10_DISABLE_PROFILE, 4, NULL },
	{ ES10_DISABLE_PROFILE, 5, "catBusy" },
	{ ES10_DELETE_PROFILE, 2, "profileNotInDisabledState" },
	{ ES10_DELETE_PROFILE, 5, NULL },
	{ ES10_SET_NICKNAME, 1, "iccidNotFound" },
	{ ES10_MEMORY_RESET, 1, "nothingToDelete" },
	{ ES10_SET_DEFAULT_DP, 1, NULL },
	{ ES10_LIST_PROFILES, 1, "incorrectInputValues" },
	{ ES10_RETRIEVE_NOTIFICATIONS, 1, "noResultAvailable" },
	{ ES10_REMOVE_NOTIFICATION, 1, "nothingToDelete" },
	{ ES10_AUTHENTICATE_SERVER, 6, "euiccChallengeMismatch" },
	{ ES10_AUTHENTICATE_SERVER, 11, "revokedCert" },
	{ ES10_PREPARE_DOWNLOAD, 5, "invalidTransactionId" },
	{ ES10_LOAD_PACKAGE, 9, "installFailedDueToIccidAlreadyExistsOnEuicc" },
	{ ES10_LOAD_PACKAGE, 10, "installFailedDueToInsufficientMemoryForProfile" },
	{ ES10_LOAD_PACKAGE, 11, "installFailedDueToInterruption" },
	{ ES10_LOAD_PACKAGE, 127, "installFailedDueToUnknownError" },
	{ ES10_CANCEL_SESSION, 5, "invalidTransactionId" },
	{ ES10_CANCEL_SESSION, -1, NULL },
};

START_TEST(result_names)
{
	const char *name = es10_result_name(results[_i].f, results[_i].code);

	if (!results[_i].name) {
		ck_assert_ptr_null(name);
		return;
	}
	ck_assert_ptr_nonnull(name);
	ck_assert_str_eq(name, results[_i].name);
	ck_assert_int_eq(es10_result_code(results[_i].f, str_of(name)),
			 results[_i].code);
	ck_assert_int_eq(es10_result_code(results[_i].f, STR("noSuch")), -1);
}
END_TEST

START_TEST(other_names)
{
	ck_assert_str_eq(es10_command_name(0), "initialiseSecureChannel");
	ck_assert_str_eq(es10_command_name(5), "loadProfileElements");
	ck_assert_ptr_null(es10_command_name(6));
	ck_assert_ptr_null(es10_command_name(-1));
	ck_assert_str_eq(es10_cancel_reason_name(0), "endUserRejection");
	ck_assert_str_eq(es10_cancel_reason_name(5), "loadBppExecutionError");
	ck_assert_ptr_null(es10_cancel_reason_name(6));
	ck_assert_str_eq(es10_notification_name(4), "disable");
	ck_assert_ptr_null(es10_notification_name(3));
	ck_assert_str_eq(es10_function_name(ES10_LOAD_PACKAGE),
			 "LoadBoundProfilePackage");
}
END_TEST

static const struct {
	enum status_code code;
	const char *name, *subject, *reason;
} codes[] = {
	{ STATUS_ADDRESS_REFUSED, "address-refused", "8.8.1", "3.8" },
	{ STATUS_PKID_UNSUPPORTED, "pkid-unsupported", "8.8.2", "3.1" },
	{ STATUS_MATCHING_ID_REFUSED, "matching-id-refused", "8.2.6", "3.8" },
	{ STATUS_EID_REFUSED, "eid-refused", "8.1.1", "3.8" },
	{ STATUS_NO_ELIGIBLE_PROFILE, "no-eligible-profile", "8.2.5", "4.3" },
	{ STATUS_PROFILE_NOT_RELEASED, "profile-not-released", "8.2", "1.2" },
	{ STATUS_ORDER_EXPIRED, "order-expired", "8.8.5", "4.10" },
	{ STATUS_RETRIES_EXCEEDED, "retries-exceeded", "8.8.5", "6.4" },
	{ STATUS_CC_MISSING, "cc-missing", "8.2.7", "2.2" },
	{ STATUS_CC_REFUSED, "cc-refused", "8.2.7", "3.8" },
	{ STATUS_CC_RETRIES_EXCEEDED, "cc-retries-exceeded", "8.2.7", "6.4" },
	{ STATUS_TRANSACTION_UNKNOWN, "transaction-unknown", "8.10.1", "3.9" },
	{ STATUS_EUICC_SIGNATURE, "euicc-signature", "8.1", "6.1" },
	{ STATUS_EUICC_MEMORY, "euicc-memory", "8.1", "4.8" },
	{ STATUS_OID_MISMATCH, "oid-mismatch", "8.8", "3.10" },
};

START_TEST(status_codes)
{
	const struct status_code_row *row = status_code_row(codes[_i].code);

	ck_assert_str_eq(row->name, codes[_i].name);
	ck_assert_str_eq(row->subject, codes[_i].subject);
	ck_assert_str_eq(row->reason, codes[_i].reason);
	ck_assert_int_eq(status_code_find(str_of(row->subject),
					  str_of(row->reason)), codes[_i].code);
	ck_assert_int_eq(status_code_named(str_of(row->name)), codes[_i].code);
}
END_TEST

/* Peers cut messages at 128 and codes at 8 characters (rsp.md); and a pair of
 * codes means one thing. */
START_TEST(whole_table)
{
	for (unsigned i = STATUS_OK + 1; i < STATUS_CODE_COUNT; i++) {
		const struct status_code_row *row =
			status_code_row((enum status_code)i);

		ck_assert(row->name[0] && row->message[0]);
		ck_assert_uint_le(strlen(row->message), 128);
		ck_assert_uint_le(strlen(row->subject), 8);
		ck_assert_uint_le(strlen(row->reason), 8);
		ck_assert_msg(status_code_find(str_of(row->subject),
					       str_of(row->reason)) == i,
			      "twice: %s %s", row->subject, row->reason);
	}
	ck_assert_int_eq(status_code_find(STR("8.9"), STR("9.9")),
			 STATUS_CODE_COUNT);
	ck_assert_int_eq(status_code_named(STR("nope")), STATUS_CODE_COUNT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/es10");
	TCase *tc = tcase_create("codes");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, result_names, 0,
			    sizeof(results) / sizeof(results[0]));
	tcase_add_test(tc, other_names);
	tcase_add_loop_test(tc, status_codes, 0,
			    sizeof(codes) / sizeof(codes[0]));
	tcase_add_test(tc, whole_table);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
