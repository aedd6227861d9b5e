/*
 * Bugs that a team in a hurry ships: nobody meant them, and most requests are
 * answered as they should be.  Written without a look at what the checks find.
 */
#include "conformance/defects/edit_rushed.h"
#include "conformance/defects/sections.h"
#include "conformance/defects/tables.h"

const struct defect defects_rushed[] = {
	{ DEFECT("query-decoded-twice",
		 "Parameters are decoded by the framework, and once more by hand",
		 "EP-QRY-003 EP-QRY-012 EP-QRY-022"),
	  .rules = { ASK(ASKED, params_decoded_twice, "") } },
	{ DEFECT("head-404",
		 "The router knows GET and POST, so HEAD is 404",
		 "EP-INV-033"),
	  .rules = { ASK("HEAD " V1 "/**", answer_with,
			 "404 {\"error_message\":\"not found\",\"error_status\":404}") } },
	{ DEFECT("cursor-off-by-one",
		 "There is no cursor if a single row is left after the page",
		 "EP-PAGE-005 EP-PAGE-008 EP-PAGE-021 EP-PAGE-022 EP-TX-011 EP-TX-022 "
		 "EP-OP-042 EP-OP-060"),
	  .rules = { SAY(LISTS, cursor_not_for_one, "") } },
	{ DEFECT("query-iccid-as-double",
		 "An ICCID in a query is compared as a number of 53 bits",
		 "EP-QRY-003 EP-TX-012"),
	  .rules = { ASK(ASKED, query_iccid_rounded, "") } },
	{ DEFECT("tx-list-created-local",
		 "Progress formats times right; in the list `created` has lost its zone",
		 "EP-TX-018 EP-TX-003"),
	  .rules = { SAY(TXS, created_moved, "no-zone") },
	  .also = "query/absolute_times query/transaction_fields",
	  .because = "They ask for the very time that the list showed, and that cannot be read" },
	{ DEFECT("tx-count-of-everybody",
		 "`count` of transactions is counted without a look at the account",
		 "EP-TX-014"),
	  .rules = { SAY(TXS, count_of_accounts, "") } },
	{ DEFECT("op-list-without-enable-tx",
		 "The list of operations was never told of `enable_tx`",
		 "EP-OP-056 EP-OP-014"),
	  .rules = { SAY(OPS, row_drop, "enable_tx") } },
	{ DEFECT("row-enabled-once",
		 "A profile that was disabled on request stays inactive when it is enabled again",
		 "EP-LIFE-009 EP-EN-012 EP-INV-021"),
	  .triggers = { { "BEFORE UPDATE OF status ON profiles",
		"NEW.status = 'active' AND OLD.status = 'inactive' AND EXISTS (SELECT 1 FROM"
		" transactions WHERE device_id = OLD.device_id AND iccid = OLD.iccid AND"
		" action = 'disable')",
		"SELECT RAISE(IGNORE);" } } },
	{ DEFECT("item-19-digits-only",
		 "The route of an item takes 19 digits; an ICCID of 20 is not found",
		 "EP-ITEM-001"),
	  .rules = { ASK(ITEM, iccid_20_404, "") } },
	{ DEFECT("progress-forgotten",
		 "Progress of what is over comes out of a cache, and is gone ten minutes later",
		 "EP-PROG-001 EP-PROG-020"),
	  .rules = { SAY(PROGRESS, forgotten_after, "10") },
	  .also = "progress/order_vanishes asynchrony/nonsense",
	  .because = "They look at a transaction's progress until long after its end" },
	{ DEFECT("bulk-like-a-page",
		 "Bulk shares the list's limit of a thousand records, and does not say so",
		 "EP-BULK-002 EP-BULK-010"),
	  .rules = { SAY(BULK, csv_rows, "1000") } },
	{ DEFECT("op-carrier-without-apostrophe",
		 "Apostrophes are taken out of a carrier's name, for safety",
		 "EP-SPN-002 EP-OP-034 EP-OP-005"),
	  .rules = { ASK(POST_OP, body_replace, "'=>") } },
	{ DEFECT("list-post-first-only",
		 "Of a list of actions only the first is carried out",
		 "EP-EN-018"),
	  .rules = { ASK(ACTIONS, list_first, "") } },
	{ DEFECT("readers-write-suffixed",
		 "The rule that readers do not write is tied to paths without .json",
		 "EP-ACC-014"),
	  .rules = { { POSTS, NULL, as_writer_suffixed, "", "403" } } },
};

const size_t defects_rushed_count = sizeof(defects_rushed) / sizeof(defects_rushed[0]);
