/*
 * The table of quirks and faults.  Everything else is made from it: what a
 * scenario may say, what the engine does, docs/quirks.md, and the list that
 * probes must cover (quirk_probe_test.h).
 */
#include "scenarios/quirk_impl.h"

/* Common parameters. */
enum {
	CARRIER = QUIRK_WITH_CARRIER,
	DEVICE = QUIRK_WITH_DEVICE,
	TIMES = QUIRK_WITH_TIMES,
	LASTS = QUIRK_WITH_FOR,
	AT_SMDP = QUIRK_WITH_SMDP | DEVICE | TIMES | LASTS,
	AT_PARTY = DEVICE | TIMES | LASTS,
};

/* ---- Parameters. ------------------------------------------------------- */

#define P_END { .name = NULL }
#define P_TEXT(name, usual, help) \
	{ name, QUIRK_PARAM_TEXT, usual, NULL, 0, 0, help }
#define P_TIME(name, usual, help) \
	{ name, QUIRK_PARAM_DURATION, usual, NULL, 0, 0, help }
#define P_INT(name, usual, lo, hi, help) \
	{ name, QUIRK_PARAM_INTEGER, usual, NULL, lo, hi, help }
#define P_CHOICE(name, usual, words, help) \
	{ name, QUIRK_PARAM_CHOICE, usual, words, 0, 0, help }
#define P_BOOL(name, usual, help) \
	{ name, QUIRK_PARAM_BOOLEAN, usual, NULL, 0, 0, help }
#define PARAMS(...) (const struct quirk_param[]){ __VA_ARGS__, P_END }
#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

#define P_SMDP_FUNCTION P_CHOICE("function", "any", \
	"any initiateAuthentication authenticateClient getBoundProfilePackage " \
	"cancelSession handleNotification downloadOrder confirmOrder cancelOrder " \
	"releaseProfile", "which function of ES9+ or ES2+")
#define P_WHAT(words, help) P_CHOICE("what", NULL, words, help)
#define P_HEADER P_CHOICE("what", "no-protocol", \
	"no-protocol protocol-1 protocol-3 protocol-garbage no-type text form", \
	"X-Admin-Protocol or Content-Type: without it, or with another value")
#define P_PROTECTED P_CHOICE("what", "elements", "configure metadata keys elements", \
	"which part of the package: 87 of A0, 88 of A1, 87 of A2, 86 of A3")
#define P_EIS_FUNCTION P_CHOICE("function", "any", \
	"any placeOrder orderStatus cancelOrder listOrders record nextOrder result " \
	"profiles notification", "which request of docs/southbound.md")
#define P_SERVER_FUNCTION P_CHOICE("function", "any", "any report api", \
	"reports of devices, or the API")
#define P_CAUSE P_CHOICE("cause", "any", "any boot change periodic requested", \
	"only reports with that cause")
#define P_WITHIN P_TIME("within", "10min", "how long it is held at most")
#define P_STEP P_CHOICE("step", "load-segment", \
	"get-euicc-challenge initiate-authentication authenticate-server " \
	"authenticate-client prepare-download get-bound-profile-package load-segment " \
	"store-result cancel-session handle-notification", \
	"before which step of the download")
#define P_SEGMENT P_INT("segment", "1", 1, 100000, \
	"before which segment, for load-segment")

/* ---- Rows. ------------------------------------------------------------- */

#define SPN(name_, ops_, params_, words_, does_, correct_) \
	{ .name = "spn." name_, .party = QUIRK_PARTY_SPN, .common = CARRIER, \
	  .ops = &ops_, .params = params_, .words = words_, \
	  .setup_only = true, .does = does_, .correct = correct_ }
#define SMDP(name_, ops_, params_, words_, does_, correct_) \
	{ .name = "smdp." name_, .party = QUIRK_PARTY_SMDP, .common = AT_SMDP, \
	  .ops = &ops_, .params = params_, .words = words_, \
	  .does = does_, .correct = correct_ }
#define EIS(name_, ops_, params_, words_, does_, correct_) \
	{ .name = "eis." name_, .party = QUIRK_PARTY_EIS, .common = AT_PARTY, \
	  .ops = &ops_, .params = params_, .words = words_, \
	  .does = does_, .correct = correct_ }
#define DEV(name_, common_, ops_, params_, words_, does_, correct_) \
	{ .name = "device." name_, .party = QUIRK_PARTY_DEVICE, \
	  .common = common_, .ops = &ops_, .params = params_, \
	  .words = words_, .does = does_, .correct = correct_ }
#define DEV_SETUP(name_, common_, ops_, params_, does_, correct_) \
	{ .name = "device." name_, .party = QUIRK_PARTY_DEVICE, \
	  .common = common_, .ops = &ops_, .params = params_, .setup_only = true, \
	  .does = does_, .correct = correct_ }
#define SERVER(name_, ops_, params_, words_, does_, correct_) \
	{ .name = "server." name_, .party = QUIRK_PARTY_SERVER, \
	  .common = AT_PARTY, .ops = &ops_, .params = params_, \
	  .words = words_, .does = does_, .correct = correct_ }

/* An SM-DP+ that says no, with the function where SGP.22 lists the code. */
#define REFUSAL(name_, function_, code_, says_, correct_) \
	SMDP(name_, quirk_refusal, NULL, WORDS(function_, code_), \
	     "The SM-DP+ answers " function_ " with HTTP 200 and the status Failed, " \
	     says_ ".", correct_)

#define TRANSACTION_FAILS \
	"The transaction fails, and its message carries the subject and reason codes; no " \
	"profile row appears."
#define DEVICE_RETRIES \
	"The device tries again or gives up with a result; the transaction ends either way " \
	"and never stays in progress for ever."
#define NO_PROFILE "The transaction fails, and no profile is there."
#define SAME_CARRIER \
	"The carrier field shows the SPN byte for byte, and normalized_carrier makes it " \
	"match what a user would type."
#define NO_ROW_YET \
	"No profile row changes before a report says so, whatever the registry says."

const struct quirk_row quirk_rows[] = {
	SPN("differs", quirk_spn_differs,
	    PARAMS(P_TEXT("spn", "Mobile", "the SPN in the profile")), NULL,
	    "The profile's SPN is another name than the one on the contract.",
	    "The profile is listed under its SPN; asking for the contract name again finds no "
	    "profile."),
	SPN("blank", quirk_spn_blank, NULL, NULL,
	    "The profile's SPN is there and empty.",
	    "The profile has an empty carrier, and no carrier name finds it."),
	SPN("absent", quirk_spn_absent, NULL, NULL,
	    "The profile has no SPN at all.",
	    "The profile row has no carrier field, and no carrier name finds it."),
	SPN("other-case", quirk_spn_case,
	    PARAMS(P_CHOICE("form", "upper", "upper lower swapped",
			    "what becomes of the letters")), NULL,
	    "The SPN differs from the contract name in upper and lower case only.",
	    SAME_CARRIER),
	SPN("leading-spaces", quirk_spn_leading,
	    PARAMS(P_INT("count", "1", 1, 8, "how many")), NULL,
	    "The SPN begins with spaces.", SAME_CARRIER),
	SPN("trailing-spaces", quirk_spn_trailing,
	    PARAMS(P_INT("count", "1", 1, 8, "how many")), NULL,
	    "The SPN ends with spaces.", SAME_CARRIER),
	SPN("doubled-spaces", quirk_spn_doubled, NULL, NULL,
	    "The SPN has two spaces where the name has one, or in its middle if it has none.",
	    SAME_CARRIER),
	SPN("accents", quirk_spn_accents,
	    PARAMS(P_CHOICE("form", "composed", "composed decomposed",
			    "one character, or a letter and a combining mark")), NULL,
	    "The SPN has letters with accents where the contract name has plain ones.",
	    "The carrier field shows the accents, and both Unicode forms of one name are the "
	    "same name."),
	SPN("non-latin", quirk_spn_script,
	    PARAMS(P_CHOICE("script", "cyrillic",
			    "cyrillic greek arabic hebrew chinese japanese thai",
			    "which script")), NULL,
	    "The SPN is written in another script.",
	    "The carrier field shows it unchanged, in JSON and in CSV, and a query for it finds "
	    "the profile."),
	SPN("look-alike", quirk_spn_look_alike, NULL, NULL,
	    "Some Latin letters of the SPN are Cyrillic letters that look the same.",
	    "The two names are different carriers, however alike they look."),
	SPN("cut-16", quirk_spn_cut,
	    PARAMS(P_BOOL("whole-characters", "true", "never cut a character in parts")),
	    WORDS("16"),
	    "The SPN is the contract name, cut at 16 bytes.",
	    "The profile is listed under what is left of the name."),
	SPN("cut-20", quirk_spn_cut,
	    PARAMS(P_BOOL("whole-characters", "true", "never cut a character in parts")),
	    WORDS("20"),
	    "The SPN is the contract name, cut at 20 bytes.",
	    "The profile is listed under what is left of the name."),
	SPN("shared", quirk_spn_shared,
	    PARAMS({ "with", QUIRK_PARAM_CARRIER, NULL, NULL, 0, 0,
		     "the carrier whose SPN it has too" }), NULL,
	    "Two carriers have one SPN.",
	    "Both profiles are found under that name, and an operation takes the one that is on "
	    "the device."),
	SPN("quotes", quirk_spn_around, NULL, WORDS("\"", "\"'s"),
	    "The SPN contains double quotes and an apostrophe.",
	    "JSON and CSV escape them, and a query with a doubled apostrophe finds the profile."),
	SPN("comma", quirk_spn_around, NULL, WORDS("", ", Inc."),
	    "The SPN contains a comma.",
	    "The CSV field is quoted, and the columns behind it stay where they are."),
	SPN("newline", quirk_spn_newline, NULL, WORDS("\n"),
	    "The SPN contains a line feed.",
	    "JSON escapes it, and the CSV record stays one record."),
	SPN("tab", quirk_spn_newline, NULL, WORDS("\t"),
	    "The SPN contains a tab.", "JSON escapes it, and a query for it finds the profile."),
	SPN("formula", quirk_spn_around, NULL, WORDS("=", ""),
	    "The SPN begins with an equals sign, as a spreadsheet formula does.",
	    "The value is not changed in JSON; the CSV is quoted as its documentation says."),
	SPN("wildcards", quirk_spn_around, NULL, WORDS("", " 100%_"),
	    "The SPN ends with the wildcards of SQL, a percent sign and an underscore.",
	    "A query takes them literally: it finds this profile and no other."),
	SPN("emoji", quirk_spn_around, NULL, WORDS("", " \xF0\x9F\x93\xB6"),
	    "The SPN contains a character outside the basic plane of Unicode.",
	    "The carrier field shows it unchanged, in JSON and in CSV."),
	{ .name = "spn.changes-after-enable", .party = QUIRK_PARTY_SPN,
	  .common = DEVICE | TIMES, .ops = &quirk_spn_after_enable,
	  .params = PARAMS(P_TEXT("spn", "Mobile", "the SPN it has from then on")),
	  .does = "The profile has another SPN as soon as it has been enabled.",
	  .correct = "The row shows the SPN of the last report, and its ICCID keeps it one "
	  "row." },
	{ .name = "spn.changes-after-refresh", .party = QUIRK_PARTY_SPN,
	  .common = DEVICE | TIMES, .ops = &quirk_spn_after_refresh,
	  .params = PARAMS(P_TEXT("spn", "Mobile", "the SPN it has from then on")),
	  .does = "The active profile has another SPN when the device has restarted and read the "
	  "card anew.",
	  .correct = "The row shows the SPN of the last report, and its ICCID keeps it one "
	  "row." },

	SMDP("slow", quirk_slow,
	     PARAMS(P_SMDP_FUNCTION, P_TIME("delay", "20s", "how long it waits before it "
	     "begins")), NULL,
	     "The SM-DP+ takes long over one function, or over all.",
	     "The download takes longer or times out, and the transaction shows which."),
	SMDP("never-answers", quirk_never, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The SM-DP+ takes a request and never answers it.", DEVICE_RETRIES),
	SMDP("http-500", quirk_status,
	     PARAMS(P_SMDP_FUNCTION, P_INT("status", "500", 400, 599, "the HTTP status")), NULL,
	     "The SM-DP+ answers with an HTTP error instead of a result.", DEVICE_RETRIES),
	SMDP("unreachable", quirk_unreachable, NULL, NULL,
	     "Nobody takes connections at the SM-DP+.", DEVICE_RETRIES),
	SMDP("reset", quirk_reset, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The connection is reset before the SM-DP+ has looked at the request.",
	     DEVICE_RETRIES),
	SMDP("answer-lost", quirk_answer_lost, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The SM-DP+ does what was asked, and the connection is reset before the answer.",
	     "Device and SM-DP+ disagree for a while; the profile row follows the device's "
	     "report."),
	SMDP("reset-mid-body", quirk_cut, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The connection is reset in the middle of the answer.", DEVICE_RETRIES),
	SMDP("truncated-json", quirk_truncated, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The answer is complete as HTTP, but its JSON ends half-way.", DEVICE_RETRIES),
	SMDP("malformed-json", quirk_malformed, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The answer is no valid JSON.", DEVICE_RETRIES),
	SMDP("html-page", quirk_html, PARAMS(P_SMDP_FUNCTION), NULL,
	     "A login page of some network answers in place of the SM-DP+, with HTTP 200.",
	     DEVICE_RETRIES),
	SMDP("empty-answer", quirk_empty, PARAMS(P_SMDP_FUNCTION), NULL,
	     "The answer has its status and no body.", DEVICE_RETRIES),
	SMDP("refuses", quirk_refusal_free,
	     PARAMS(P_SMDP_FUNCTION, P_TEXT("subject", "8.2.6", "subject code"),
		    P_TEXT("reason", "3.8", "reason code"),
		    P_TEXT("message", "", "text beside the codes")), NULL,
	     "The SM-DP+ answers with HTTP 200 and the status Failed, with codes of the "
	     "scenario's choice.",
	     TRANSACTION_FAILS),
	REFUSAL("address-refused", "initiateAuthentication", "address-refused",
		"because it does not go by that address (8.8.1/3.8)", TRANSACTION_FAILS),
	REFUSAL("security-unsupported", "initiateAuthentication", "pkid-unsupported",
		"because it shares no CI key with the eUICC (8.8.2/3.1)", TRANSACTION_FAILS),
	REFUSAL("version-unsupported", "initiateAuthentication", "svn-unsupported",
		"because of the eUICC's specification version (8.8.3/3.1)", TRANSACTION_FAILS),
	REFUSAL("certificate-expired", "authenticateClient", "euicc-certificate-expired",
		"because the eUICC's certificate has expired (8.1.3/6.3)", TRANSACTION_FAILS),
	REFUSAL("signature-invalid", "authenticateClient", "euicc-signature",
		"because the eUICC's signature is wrong (8.1/6.1)", TRANSACTION_FAILS),
	REFUSAL("memory-insufficient", "authenticateClient", "euicc-memory",
		"because the eUICC has too little memory (8.1/4.8)", TRANSACTION_FAILS),
	REFUSAL("matching-id-refused", "authenticateClient", "matching-id-refused",
		"because it does not accept the matching id (8.2.6/3.8)",
		TRANSACTION_FAILS " The message does not hold the code."),
	REFUSAL("eid-refused", "authenticateClient", "eid-refused",
		"because the profile is not for this EID (8.1.1/3.8)", TRANSACTION_FAILS),
	REFUSAL("no-eligible-profile", "authenticateClient", "no-eligible-profile",
		"because it has no eligible profile (8.2.5/4.3)", TRANSACTION_FAILS),
	REFUSAL("profile-not-released", "authenticateClient", "profile-not-released",
		"because the profile has not been released (8.2/1.2)", TRANSACTION_FAILS),
	REFUSAL("download-order-expired", "authenticateClient", "order-expired",
		"because the download order has expired (8.8.5/4.10)", TRANSACTION_FAILS),
	REFUSAL("retries-exceeded", "authenticateClient", "retries-exceeded",
		"because the download was tried too often (8.8.5/6.4)", TRANSACTION_FAILS),
	REFUSAL("transaction-unknown", "authenticateClient", "transaction-unknown",
		"because it has forgotten the transaction (8.10.1/3.9)", TRANSACTION_FAILS),
	REFUSAL("confirmation-code-missing", "getBoundProfilePackage", "cc-missing",
		"because the confirmation code is missing (8.2.7/2.2)", TRANSACTION_FAILS),
	REFUSAL("confirmation-code-refused", "getBoundProfilePackage", "cc-refused",
		"because the confirmation code is wrong (8.2.7/3.8)", TRANSACTION_FAILS),
	REFUSAL("confirmation-code-retries", "getBoundProfilePackage", "cc-retries-exceeded",
		"because the confirmation code was wrong too often (8.2.7/6.4)",
		TRANSACTION_FAILS),
	REFUSAL("package-unavailable", "getBoundProfilePackage", "profile-unavailable",
		"because it cannot bind the package anew (8.2/3.7)", TRANSACTION_FAILS),
	SMDP("wrong-transaction-id", quirk_wrong_transaction,
	     PARAMS(P_SMDP_FUNCTION), NULL,
	     "The answer carries another transaction id than the one of the session.",
	     "The device gives the session up, and the transaction fails."),
	SMDP("bad-signature", quirk_rsp_fault,
	     PARAMS(P_WHAT("server-signature1 smdp-signature2 package",
			   "which signature of the SM-DP+")), NULL,
	     "A signature of the SM-DP+ is wrong.",
	     "The eUICC refuses with invalidSignature (2), in AuthenticateServer, "
	     "PrepareDownload or the installation result. " NO_PROFILE),
	SMDP("bad-certificate", quirk_rsp_fault,
	     PARAMS(P_WHAT("auth pb", "CERT.DPauth or CERT.DPpb"),
		    P_CHOICE("fault", "other-role",
			     "other-role other-server garbage expired not-yet-valid "
			     "wrong-policy wrong-key-usage wrong-issuer wrong-authority "
			     "wrong-signature", "what is wrong; all behind garbage need "
			     "rsp: full")), NULL,
	     "The SM-DP+ shows a certificate that is not good, or not for this.",
	     "The eUICC refuses with invalidCertificate (1), or another code that says more "
	     "(ciPKUnknown, invalidCertOrCrlTime); of another server's DPauth it "
	     "refuses the signature (only with rsp: full). " NO_PROFILE),
	SMDP("bad-challenge", quirk_rsp_fault,
	     PARAMS(P_WHAT("euicc server", "whose challenge in serverSigned1")), NULL,
	     "serverSigned1 has another challenge than was exchanged, and is signed.",
	     "euicc: the eUICC refuses with euiccChallengeMismatch (6). server: the SM-DP+ "
	     "refuses the client with 8.1/6.1. " NO_PROFILE),
	SMDP("bad-transaction-id", quirk_rsp_fault,
	     PARAMS(P_WHAT("server-signed1 smdp-signed2 package",
			   "where the transaction id is another; all around is signed")), NULL,
	     "What the SM-DP+ has signed is of another transaction than its answer.",
	     "server-signed1: the device gives up. smdp-signed2: the eUICC refuses with "
	     "invalidTransactionId (5). package: the installation result says "
	     "invalidTransactionId (3). " NO_PROFILE),
	SMDP("bad-address", quirk_rsp_fault, NULL, NULL,
	     "serverSigned1 names another SM-DP+, and is signed.",
	     "The device gives up. " NO_PROFILE),
	SMDP("unknown-ci", quirk_rsp_fault, NULL, NULL,
	     "The SM-DP+ chooses a CI key that the eUICC does not have.",
	     "The eUICC refuses with ciPKUnknown (7). " NO_PROFILE),
	SMDP("bad-metadata", quirk_rsp_fault,
	     PARAMS(P_WHAT("garbage other-profile other-name",
			   "how the metadata of authenticateClient are wrong")), NULL,
	     "The metadata that are shown before the download are none, or not those of the "
	     "package.",
	     "The device cancels with metadataMismatch (4), and the order is over: 8.2.9/3.11 "
	     "to the operator. " NO_PROFILE),
	SMDP("bad-head", quirk_rsp_fault,
	     PARAMS(P_WHAT("operation key-type key-length host-id one-time-key",
			   "which member of InitialiseSecureChannel")), NULL,
	     "The head of the package has a wrong member, and is signed.",
	     "The installation result says unsupportedRemoteOperationType (5), "
	     "unsupportedCrtValues (4) or, for the last two and with rsp: full alone, "
	     "scp03tSecurityError (8). " NO_PROFILE),
	SMDP("bad-mac", quirk_rsp_fault, PARAMS(P_PROTECTED), NULL,
	     "The MAC of a part of the package is wrong.",
	     "The installation result says scp03tSecurityError (8), with the command that "
	     "failed. " NO_PROFILE),
	SMDP("bad-text", quirk_rsp_fault, PARAMS(P_PROTECTED), NULL,
	     "A byte of a protected part of the package is wrong, and its MAC is not.",
	     "With rsp: full the installation result says scp03tSecurityError (8); with fast "
	     "there is no MAC to tell, and the command itself fails. " NO_PROFILE),
	SMDP("bad-counter", quirk_rsp_fault,
	     PARAMS(P_CHOICE("what", "swapped", "swapped repeated missing",
			     "the first two segments, or the first")), NULL,
	     "Segments of the profile come with numbers that they were not protected with; "
	     "nothing happens to a profile of one segment.",
	     "With rsp: full the installation result says scp03tSecurityError (8); with fast "
	     "what comes out is no profile: PEProcessingError (12). " NO_PROFILE),
	SMDP("bad-package", quirk_rsp_fault,
	     PARAMS(P_WHAT("cut no-configure no-metadata no-elements out-of-order unknown-part "
			   "wrong-tag", "how the package is malformed")), NULL,
	     "The package lacks a part, or has one too many or in the wrong place.",
	     "cut, unknown-part and no-elements: the device cancels with loadBppExecutionError "
	     "(5). The others: the installation result says scp03tStructureError (7). "
	     NO_PROFILE),
	SMDP("long-segment", quirk_rsp_fault,
	     PARAMS(P_CHOICE("what", "elements", "metadata elements", "88 of A1, or 86 of A3")),
	     NULL,
	     "A segment of the package is longer than the 1020 bytes that it may have.",
	     "The installation result says scp03tStructureError (7). " NO_PROFILE),
	SMDP("package-replayed", quirk_rsp_fault, NULL, NULL,
	     "Instead of a package, the first that ever went by comes again, with the one-time "
	     "keys of then.",
	     "The installation result says invalidTransactionId (3). " NO_PROFILE),
	SMDP("answer-header", quirk_answer_header,
	     PARAMS(P_SMDP_FUNCTION, P_HEADER), NULL,
	     "An answer lacks the header X-Admin-Protocol or Content-Type, or has another.",
	     "The device goes by the body: the download is done."),
	SMDP("request-header", quirk_request_header,
	     PARAMS(P_SMDP_FUNCTION, P_HEADER), NULL,
	     "A request arrives without the header X-Admin-Protocol or Content-Type, or with "
	     "another.",
	     "The SM-DP+ refuses: 1.3.2/3.1 for the protocol, 1.3.1/2.1 for the type."),
	SMDP("chunked", quirk_chunked,
	     PARAMS(P_SMDP_FUNCTION, P_INT("size", "100", 1, 65536, "bytes of a piece")), NULL,
	     "Answers come in pieces, without a length (over sockets: chunked).",
	     "The download is done."),
	SMDP("closes-connection", quirk_closes, PARAMS(P_SMDP_FUNCTION), NULL,
	     "Answers say that the connection ends, and over sockets it does.",
	     "The device makes a new connection, and the download is done."),
	SMDP("code-consumed", quirk_code_consumed, NULL, NULL,
	     "The answer with the bound profile package is lost, and from then on the SM-DP+ "
	     "refuses the same "
	     "matching id (8.2.6/3.8).",
	     "The first transaction fails, and so does a second one with the same code; no "
	     "profile row appears."),
	SMDP("notification-refused", quirk_status,
	     PARAMS(P_INT("status", "500", 400, 599, "the HTTP status")),
	     WORDS("handleNotification"),
	     "The SM-DP+ answers notifications with an HTTP error.",
	     "The device keeps the notification and sends it again later; the profile row comes "
	     "all the same."),
	SMDP("notification-lost", quirk_lost, NULL, WORDS("handleNotification"),
	     "Notifications are answered well and never reach the SM-DP+.",
	     "SM-DP+ and card disagree about the profile; the profile row follows the device's "
	     "report."),

	EIS("stale-record", quirk_stale_answer, NULL, WORDS("record"),
	    "The registry's record of an eUICC stays as it was at the first look.",
	    "Profile rows do not follow the record, only reports."),
	EIS("stale-status", quirk_stale_answer, NULL, WORDS("orderStatus"),
	    "The status of an order stays as it was at the first look.",
	    "The transaction stays in progress for as long, and ends when the status moves or a "
	    "limit is reached."),
	EIS("complete-early", quirk_early, NULL, NULL,
	    "The registry calls an order complete while it is queued or delivered.",
	    NO_ROW_YET " An operation waits in its verify step."),
	EIS("failed-though-done", quirk_failed_though_done, NULL, NULL,
	    "The registry calls an order failed that the device has carried out.",
	    "The transaction fails, and the profile row is there because the device reported "
	    "it."),
	EIS("result-late", quirk_late,
	    PARAMS(P_TIME("by", "20min", "how long")), WORDS("result"),
	    "The result of an order reaches the registry late, though the device has had its "
	    "answer.",
	    "The transaction stays in progress until then or until the order expires; the row "
	    "comes with the report."),
	EIS("result-twice", quirk_twice,
	    PARAMS(P_TIME("gap", "0", "how long between the two")), WORDS("result"),
	    "The result of an order arrives twice.",
	    "The transaction ends once, with the first result."),
	EIS("result-out-of-order", quirk_reordered, PARAMS(P_WITHIN), WORDS("result"),
	    "Each other result is held until the device's next one has arrived, or for a while.",
	    "Each transaction ends with the result of its own order."),
	EIS("result-lost", quirk_lost, NULL, WORDS("result"),
	    "The result of an order is lost, though the device has had its answer.",
	    "The transaction ends when the order expires or the device is asked again; the row "
	    "comes with the report."),
	EIS("order-vanishes", quirk_vanishes, NULL, NULL,
	    "The registry accepts an order and then knows nothing of it.",
	    "The transaction ends as failed or unknown and says that the registry does not know "
	    "the order."),
	EIS("order-expires", quirk_expires,
	    PARAMS(P_TIME("after", "5s", "how long the order lives, in whole seconds")), NULL,
	    "The order expires before the device sees it.",
	    "The transaction fails and says that the order expired."),
	EIS("order-again", quirk_again, NULL, NULL,
	    "The device is given an order once more after its result.",
	    "What was done is not done twice, and the transaction keeps its first outcome."),
	EIS("profiles-lost", quirk_lost, NULL, WORDS("profiles"),
	    "The device's list of profiles never reaches the registry.",
	    "The registry's record is out of date; profile rows follow the reports."),
	EIS("notification-lost", quirk_lost, NULL, WORDS("notification"),
	    "Notifications of the SM-DP+ never reach the registry.",
	    "The audit trail lacks them; transactions and profile rows are not affected."),
	EIS("unreachable", quirk_unreachable, NULL, NULL,
	    "Nobody takes connections at the registry; best with `for`.",
	    "Requests of clients are answered all the same; transactions stay in progress and "
	    "end when it is back."),
	EIS("http-503", quirk_status,
	    PARAMS(P_EIS_FUNCTION, P_INT("status", "503", 400, 599, "the HTTP status")), NULL,
	    "The registry answers with an HTTP error.",
	    "The server asks again later; a transaction does not fail because of one error."),
	EIS("slow", quirk_slow,
	    PARAMS(P_EIS_FUNCTION, P_TIME("delay", "20s", "how long it waits before it "
	    "begins")), NULL,
	    "The registry takes long over a request.",
	    "Clients of the server get their answer within its time limit for the registry."),
	EIS("never-answers", quirk_never, PARAMS(P_EIS_FUNCTION), NULL,
	    "The registry takes a request and never answers it.",
	    "Clients of the server get their answer within its time limit for the registry."),
	EIS("malformed-json", quirk_malformed, PARAMS(P_EIS_FUNCTION), NULL,
	    "The registry's answer is no valid JSON.",
	    "The server treats it as no answer and asks again later."),

	DEV("offline", DEVICE | LASTS, quirk_offline, NULL, NULL,
	    "The device has no network by any way.",
	    "Transactions stay in progress until it is back or their orders expire."),
	DEV("powered-off", DEVICE | LASTS, quirk_powered_off, NULL, NULL,
	    "The device has no power.",
	    "Transactions stay in progress until it is back or their orders expire."),
	DEV("flapping", DEVICE | LASTS, quirk_flapping,
	    PARAMS(P_TIME("up", "10min", "how long the link is there"),
		   P_TIME("down", "1min", "how long it is not")), NULL,
	    "The device's link comes and goes.",
	    "Every transaction ends, and the rows are those of the last report."),
	DEV("reboots", DEVICE | TIMES, quirk_reboots, PARAMS(P_STEP, P_SEGMENT), NULL,
	    "The device reboots at a step of a download.",
	    "The download is done again or ends as interrupted; a row appears only if the "
	    "profile is there."),
	DEV("loses-power", DEVICE | TIMES, quirk_loses_power,
	    PARAMS(P_STEP, P_SEGMENT, P_TIME("off", "1min", "how long it stays off")), NULL,
	    "The device loses its power at a step of a download, for a while.",
	    "The download is done again or ends as interrupted; a row appears only if the "
	    "profile is there."),
	DEV("reboots-after", DEVICE | TIMES, quirk_reboots_after,
	    PARAMS(P_CHOICE("event", "profile-enabled",
			    "profile-installed profile-enabled profile-disabled profile-deleted "
			    "order-received report-sent", "after which event of the "
			    "device")), NULL,
	    "The device reboots right after something was done, before it can tell anybody.",
	    "The order is delivered again and its outcome told; the report at boot brings the "
	    "row up to date."),
	DEV("memory-full", DEVICE, quirk_memory_full,
	    PARAMS(P_INT("free", "0", 0, 100000000, "how many bytes are left for "
	    "profiles")), NULL,
	    "The eUICC has no memory left for another profile.",
	    "The transaction fails with memoryFull or the SM-DP+'s 8.1/4.8, and no row appears."),
	DEV_SETUP("forbids-disable", DEVICE | CARRIER, quirk_no_disable, NULL,
	    "A policy rule of the profiles (ppr1) forbids to disable them: those on the device, "
	    "or those that "
	    "the carrier offers.",
	    "Disabling fails with disallowedByPolicy, and so does enabling another profile; the "
	    "row stays active."),
	DEV_SETUP("forbids-delete", DEVICE | CARRIER, quirk_no_delete, NULL,
	    "A policy rule of the profiles (ppr2) forbids to delete them: those on the device, "
	    "or those that "
	    "the carrier offers.",
	    "Deleting fails with disallowedByPolicy, and the row stays."),
	DEV_SETUP("duplicate-iccid", DEVICE | CARRIER, quirk_duplicate_iccid,
	    PARAMS(P_TEXT("spn", "Duplicate", "the SPN of the profile that is there")),
	    "The device has a profile with the ICCID that a carrier is about to deliver.",
	    "A server that knows the profile does not order it again; a download of that code "
	    "fails with duplicateIccid, and the row that was there stays as it was."),
	DEV_SETUP("numbers-reused", DEVICE, quirk_reuse_numbers, NULL,
	    "A new profile takes the lowest number that is free, so numbers come back after a "
	    "deletion.",
	    "Rows are told apart by ICCID, and never by the number within the eSIM."),
	DEV("report-missing", AT_PARTY, quirk_report_lost, PARAMS(P_CAUSE), WORDS("report"),
	    "Reports are lost, though the device has had a good answer.",
	    NO_ROW_YET " An operation fails when its verify step has waited long enough."),
	DEV("report-late", AT_PARTY, quirk_report_late,
	    PARAMS(P_CAUSE, P_TIME("by", "10min", "how long")), WORDS("report"),
	    "Reports arrive late, though the device has had a good answer.",
	    NO_ROW_YET " A report that was overtaken by a newer one changes nothing."),
	DEV("report-stale", AT_PARTY, quirk_report_stale, PARAMS(P_CAUSE), WORDS("report"),
	    "Reports have a new sequence number and the list of profiles of the first report "
	    "since.",
	    "Rows show what was reported, and the first true report puts them right."),
	DEV("report-twice", AT_PARTY, quirk_report_twice,
	    PARAMS(P_CAUSE, P_TIME("gap", "0", "how long between the two")), WORDS("report"),
	    "Reports arrive twice.",
	    "The second has the sequence of the first and changes nothing."),
	DEV("report-out-of-order", AT_PARTY, quirk_report_reordered,
	    PARAMS(P_CAUSE, P_WITHIN), WORDS("report"),
	    "Each other report is held until the device's next one has arrived, or for a while.",
	    "The older report has a lower sequence and changes nothing."),
	DEV("report-replayed", AT_PARTY, quirk_report_replayed,
	    PARAMS(P_CAUSE, P_TIME("gap", "1min", "how long after the newer "
	    "one")), WORDS("report"),
	    "The report before comes again after each newer one.",
	    "The older report has a lower sequence and changes nothing."),
	DEV("report-truncated", AT_PARTY, quirk_report_cut, PARAMS(P_CAUSE), WORDS("report"),
	    "The body of a report ends half-way.",
	    "The server answers 400 and changes nothing; the device reports again later."),
	DEV("bad-signature", AT_PARTY, quirk_rsp_device_fault,
	    PARAMS(P_WHAT("client prepared cancel result", "of authenticateClient, "
			  "getBoundProfilePackage, cancelSession or the installation result")),
	    NULL,
	    "A signature of the eUICC is wrong when it reaches the SM-DP+.",
	    "client, prepared: the SM-DP+ refuses with 8.1/6.1, and the transaction fails. "
	    "cancel: the same, and the order stays. result: the SM-DP+ does not believe it; the "
	    "profile row comes all the same."),
	DEV("bad-challenge", AT_PARTY, quirk_rsp_device_fault, NULL, NULL,
	    "euiccSigned1 has another server challenge when it reaches the SM-DP+.",
	    "The SM-DP+ refuses with 8.1/6.1. " NO_PROFILE),
	DEV("bad-transaction-id", AT_PARTY, quirk_rsp_device_fault,
	    PARAMS(P_WHAT("client prepared", "in euiccSigned1 or euiccSigned2")), NULL,
	    "What the eUICC has signed is of another transaction when it reaches the SM-DP+.",
	    "The SM-DP+ refuses: 8.1/6.1, or with rsp: fast, where no signature tells, "
	    "8.10.1/3.9. " NO_PROFILE),
	DEV("clock-skew", DEVICE | LASTS, quirk_clock_skew,
	    PARAMS(P_TIME("by", "1h", "how far"),
		   P_CHOICE("direction", "ahead", "ahead behind", "which way")), NULL,
	    "The device's clock is wrong.",
	    "Order is told by sequence numbers; times of the server are its own."),
	DEV("enable-no-network", DEVICE | LASTS, quirk_no_network, NULL, NULL,
	    "A profile that is enabled from now on gives no network, so the device falls back to "
	    "the one before.",
	    "The transaction fails with noNetwork, and the row that was active is active."),
	DEV("failure-though-installed", AT_PARTY, quirk_download_denied, NULL, NULL,
	    "The device says that a download failed, and yet the profile is there.",
	    "The transaction fails, and the row is there because the device reported it."),
	DEV("success-though-failed", AT_PARTY, quirk_success_claimed, NULL, NULL,
	    "The device says that it carried out an order which it could not.",
	    "The transaction is complete, no row changes, and an operation fails in its verify "
	    "step."),

	SERVER("unreachable", quirk_unreachable, NULL, NULL,
	    "Nobody takes connections at the server; best with `for`.",
	    "Devices report again when it is back, and the rows are those of the last report."),
	SERVER("reports-refused", quirk_status,
	    PARAMS(P_INT("status", "503", 400, 599, "the HTTP status")), WORDS("report"),
	    "The server answers reports with an HTTP error.",
	    "The device reports again later with a new sequence, and nothing is lost."),
	SERVER("report-answer-lost", quirk_answer_lost, NULL, WORDS("report"),
	    "The server applies a report, and its answer is lost.",
	    "The device reports again with a new sequence, and the rows do not change a second "
	    "time."),
	SERVER("slow", quirk_slow,
	    PARAMS(P_SERVER_FUNCTION, P_TIME("delay", "20s", "how long it waits before it "
	    "begins")), NULL,
	    "Requests reach the server late.",
	    "Clients and devices wait or try again; nothing is done twice."),
	SERVER("http-500", quirk_status,
	    PARAMS(P_SERVER_FUNCTION, P_INT("status", "500", 400, 599, "the HTTP status")), NULL,
	    "An HTTP error is answered in place of the server.",
	    "Clients and devices try again; nothing is lost."),
};

const size_t quirk_row_count = sizeof(quirk_rows) / sizeof(quirk_rows[0]);
