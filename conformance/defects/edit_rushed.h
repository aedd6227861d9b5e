/*
 * edit_rushed.h - what the table of plausible bugs does besides edits.h.
 */
#ifndef CONFORMANCE_DEFECTS_EDIT_RUSHED_H
#define CONFORMANCE_DEFECTS_EDIT_RUSHED_H

#include "conformance/defects/rewrite.h"

edit_fn params_decoded_twice;	/* %2541 is A */
edit_fn cursor_not_for_one;	/* no cursor if one row is left */
edit_fn query_iccid_rounded;	/* iccid = compares what a double holds of it */
edit_fn count_of_accounts;	/* count has another account's rows as well */
edit_fn forgotten_after;	/* "10": 404 for a row that is that many minutes old */
edit_fn iccid_20_404;		/* 404 for an item of 20 digits */
edit_fn list_first;		/* of a list that is sent, only the first */
edit_fn as_writer_suffixed;	/* as_writer, if the path ends in .json */

#endif
