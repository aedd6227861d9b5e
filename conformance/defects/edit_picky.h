/*
 * edit_picky.h - what strict, odd and careless servers make of requests, and
 * of single rows.  As in edits.h, each function says what its argument is.
 */
#ifndef CONFORMANCE_DEFECTS_EDIT_PICKY_H
#define CONFORMANCE_DEFECTS_EDIT_PICKY_H

#include "conformance/defects/rewrite.h"

edit_fn order_down;		/* a field without a direction sorts downwards */
edit_fn order_known;		/* "iccid id": orderby by another field is not looked at */
edit_fn rows_luhn;		/* rows with a wrong check digit in `iccid` are missing */
edit_fn rows_having;		/* "carrier": rows without it are missing */
edit_fn query_strip;		/* "\\": these characters of a query are lost */
edit_fn query_echoed;		/* the message of an error repeats the query */
edit_fn key_as_first;		/* an API key is the first user's if it is "unknown", if its
				   secret is "alone", if it is "known" */
edit_fn headers_500;		/* "Range Cookie": 500 for requests with such headers */
edit_fn dots_out;		/* ..%2F leads out of the API */

/* Is it sure that one of these would do nothing to this request? */
bool picky_is_idle(edit_fn *fn, struct edit *e);

#endif
