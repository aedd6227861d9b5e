/*
 * edit_partly.h - what goes wrong only now and then: beside another parameter,
 * in one form of an answer, while something else is going on.  As in edits.h,
 * each function says what its argument is.
 */
#ifndef CONFORMANCE_DEFECTS_EDIT_PARTLY_H
#define CONFORMANCE_DEFECTS_EDIT_PARTLY_H

#include "conformance/defects/rewrite.h"

/* ---- Rows. */
edit_fn row_tidy;		/* "carrier": blanks, capitals and signs as in a catalogue */
edit_fn row_default;		/* "name=text": that text where it is missing */
edit_fn count_if_sized;		/* "1234": count, if there is a size */
edit_fn rows_twice_if_sorted;	/* the last row is there twice, if there is an order */
edit_fn verified_after;		/* "16": what verifies so many minutes later is successful */
edit_fn enable_verified_after;	/* ... of operations that enable */
edit_fn op_overdue;		/* "20": what is not over so many minutes later has failed */
edit_fn rows_remembered;	/* each row by its ICCID, */
edit_fn row_recalled;		/* and this answers with it */
edit_fn op_both_tx;		/* download_tx is enable_tx where it is missing */
edit_fn op_secret;		/* the world's first matching id as `code` */
edit_fn secret_if_failed;	/* "name": secret_echo, of what failed */
edit_fn busy_fails;		/* "device", "others": asked for while that is busy, it fails */
edit_fn refused_kept;		/* an action that was refused is kept */
edit_fn refused_shown;		/* "complete": ... and listed with that status */
edit_fn mute_unless;		/* "smdp_refused": no message of failures with another code */
edit_fn rows_without_if_asked;	/* rows_without, if there is a query */
edit_fn cursor_if_empty;	/* a page without rows has a cursor */
edit_fn cursor_of_one;		/* no cursor, if there are several rows */
edit_fn foreign_if_asked;	/* foreign_rows of a query, but not for the first user */
edit_fn compressed_anyway;	/* said to be gzip where only identity is taken */
edit_fn rows_within;		/* "iccid contains '": rows that begin or end so are missing */

/* ---- Parameters. */
edit_fn size_alone_400;		/* "1000": 400 for that size without query and orderby */
edit_fn beside_size;		/* "query": lost beside size; "orderby": turned */
edit_fn all_if_none;		/* a condition without `and` that selects none is left out */
edit_fn query_squeezed;		/* blanks that follow each other are one */
edit_fn query_by_contract;	/* a carrier's contract name is its SPN */
edit_fn query_lost;		/* "ICCID ": a condition that begins so is left out */
edit_fn cursor_if_sorted;	/* lost without orderby */
edit_fn order_refuse;		/* "customer_id": 400 for orderby by that field */
edit_fn order_turn;		/* "iccid id": orderby by another field goes the other way */
edit_fn fields_turned;		/* the last of `fields` first */

/* ---- Bulk. */
edit_fn csv_header_upper;	/* names of columns in capitals, without fields */
edit_fn csv_tidied;		/* values without signs, outer blanks, foreign letters */

/* ---- Requests. */
edit_fn spn_alike;		/* a part of a carrier's name, with wildcards, is enough */
edit_fn spn_once;		/* nobody is meant if two profiles of the device have the name */
edit_fn taken_if_any;		/* "{json}": 200 with that, if any member was sent */
edit_fn body_echoed;		/* an error repeats the body */
edit_fn odd_accept_500;		/* 500 for Accept headers of an odd form */
edit_fn registry_first;		/* an hour, if the registry does not answer */
edit_fn report_nothing_new;	/* a report of changes without profiles */

/* Is it sure that one of these would do nothing to this request? */
bool partly_is_idle(edit_fn *fn, struct edit *e);

#endif
