/*
 * messages.h - every message_code of transactions and operations, with its
 * text: one table, which docs/messages.md shows (a test compares them).
 */
#ifndef SERVER_MESSAGES_H
#define SERVER_MESSAGES_H

#include "sim/arena.h"
#include "sim/buf.h"

/* name, code, who says it, text */
#define MESSAGES(X) \
X(ACCEPTED, "accepted", "system", "The order is about to go to the eSIM registry") \
X(QUEUED, "queued", "EIS", \
  "The eSIM registry keeps the order until the device asks for it") \
X(DELIVERED, "delivered", "EIS", "The device has collected the order") \
X(COMPLETE, "complete", "EIS", "The device has carried the order out") \
X(EIS_UNREACHABLE, "eis_unreachable", "system", "The eSIM registry does not answer") \
X(EIS_BAD_ANSWER, "eis_bad_answer", "system", \
  "The eSIM registry answered with something else than an order") \
X(EIS_DENIED, "eis_denied", "EIS", \
  "The eSIM registry does not accept the system's credentials") \
X(EIS_REFUSED, "eis_refused", "EIS", "The eSIM registry refused the order") \
X(EIS_UNKNOWN_EID, "eis_unknown_eid", "EIS", "The eSIM registry does not know the EID") \
X(ORDER_UNKNOWN, "order_unknown", "EIS", \
  "The eSIM registry does not know the order any more") \
X(ORDER_EXPIRED, "order_expired", "EIS", \
  "The device did not carry the order out in time") \
X(ORDER_CANCELLED, "order_cancelled", "EIS", "The order was taken back") \
X(ORDER_OVERDUE, "order_overdue", "system", \
  "The order's time is over, but the eSIM registry does not say how it ended") \
X(ICCID_NOT_FOUND, "iccid_not_found", "device", \
  "The eSIM has no profile with that ICCID") \
X(NOT_DISABLED, "not_disabled", "device", "The profile is not disabled") \
X(NOT_ENABLED, "not_enabled", "device", "The profile is not enabled") \
X(DISALLOWED_BY_POLICY, "disallowed_by_policy", "device", \
  "A policy rule of a profile forbids it") \
X(WRONG_REENABLING, "wrong_reenabling", "device", \
  "Another profile must be enabled again") \
X(CAT_BUSY, "cat_busy", "device", "The eSIM is busy with a proactive session") \
X(UNDEFINED_ERROR, "undefined_error", "device", \
  "The eSIM reports an error without a reason") \
X(SMDP_REFUSED, "smdp_refused", "SM-DP+", "The profile server refused the download") \
X(SMDP_UNREACHABLE, "smdp_unreachable", "device", \
  "The device could not reach the profile server") \
X(DOWNLOAD_FAILED, "download_failed", "device", "The download failed") \
X(MEMORY_FULL, "memory_full", "device", "The eSIM has no room for the profile") \
X(DUPLICATE_ICCID, "duplicate_iccid", "device", \
  "The eSIM has a profile with that ICCID already") \
X(NO_NETWORK, "no_network", "device", \
  "The profile gave no network, and the device went back to the earlier one") \
X(INTERRUPTED, "interrupted", "device", "The device was interrupted") \
X(DEVICE_FAILED, "device_failed", "device", "The device could not carry the order out") \
X(STARTING, "starting", "system", "The operation is about to begin") \
X(DOWNLOADING, "downloading", "system", "The profile is being downloaded") \
X(AWAIT_DOWNLOAD_REPORT, "await_download_report", "system", \
  "Waiting for the device to report the downloaded profile") \
X(ENABLING, "enabling", "system", "The profile is being enabled") \
X(AWAIT_ENABLE_REPORT, "await_enable_report", "system", \
  "Waiting for the device to report the profile as active") \
X(SUCCESSFUL, "successful", "system", "The device reported what was asked for") \
X(ALREADY_ACTIVE, "already_active", "system", "The profile was active already") \
X(NO_CODE_OR_PROFILE, "no_code_or_profile", "system", \
  "Neither a profile on the device nor an unused activation code matches") \
X(NO_CODE, "no_code", "system", "No unused activation code matches") \
X(NO_PROFILE, "no_profile", "system", "No profile on the device matches") \
X(ALREADY_PRESENT, "already_present", "system", "The profile is on the device already") \
X(CODE_IN_USE, "code_in_use", "system", "Another action is using the activation code") \
X(CONFLICT, "conflict", "system", "Another action on the same profile is running") \
X(PROFILE_GONE, "profile_gone", "system", "The device no longer reports the profile") \
X(DOWNLOAD_NOT_REPORTED, "download_not_reported", "system", \
  "The device did not report the downloaded profile in time") \
X(ENABLE_NOT_REPORTED, "enable_not_reported", "system", \
  "The device did not report the profile as active in time") \
X(DEVICE_REMOVED, "device_removed", "system", \
  "The device, or its eSIM, is no longer known")

enum message {
#define X(name, code, from, text) MSG_##name,
	MESSAGES(X)
#undef X
	MSG_COUNT
};

const char *message_code(enum message m);
const char *message_text(enum message m);

/* The message for `result.code` of an order (docs/southbound.md). */
enum message message_of_result(struct str result_code);

/* The whole table as docs/messages.md has it. */
void messages_print(struct buf *out);

#endif
