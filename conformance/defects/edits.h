/*
 * edits.h - what rules do to requests and answers.
 *
 * Each function says what its argument is.  Those for rows act on every item
 * of a list, or on the object if the answer is one.
 */
#ifndef CONFORMANCE_DEFECTS_EDITS_H
#define CONFORMANCE_DEFECTS_EDITS_H

#include "conformance/defects/rewrite.h"

/* ---- edit_json.c: members of answers and requests. ------------------------ */

edit_fn row_drop;		/* "a b": members taken out of every row */
edit_fn row_null;		/* "a b": null where they are missing */
edit_fn row_put;		/* "name=json": that value in every row that has it */
edit_fn row_map;		/* "name:old=new,...": the values of a member */
edit_fn row_when;		/* "a=x,b=y": rows whose a is x have y as b */
edit_fn row_rename;		/* "old=new" */
edit_fn row_copy;		/* "to=from": the value of another member */
edit_fn row_upper;		/* "a b": text in capitals */
edit_fn row_lower;
edit_fn row_ascii;		/* "a b": letters that are not ASCII become '?' */
edit_fn row_strip;		/* "name:chars": without these characters */
edit_fn row_cut;		/* "name:16": the first so many bytes */
edit_fn row_number;		/* "a b": text of digits as a number */
edit_fn row_text;		/* "a b": numbers as text */
edit_fn rows_without;		/* "name=value": such rows are missing */
edit_fn rows_first;		/* "10": only so many, and nothing says that there are more */
edit_fn rows_twice;		/* the last row is there twice */
edit_fn list_404_if_empty;
edit_fn top_drop;		/* "a b": members of the whole */
edit_fn top_put;		/* "name=json" */
edit_fn top_rename;		/* "old=new" */
edit_fn top_copy;		/* "to=from" */
edit_fn list_alone;		/* only the list, without what is around it */
edit_fn list_of_one;		/* an object as a list of one */
edit_fn lists_empty;		/* every list in it is empty */
edit_fn body_replace;		/* "old=>new", everywhere in the text */
edit_fn body_is;		/* this text instead */
edit_fn time_shape;		/* "no-zone", "offset", "epoch", "no-ms", "blank", "3600": created, updated */
edit_fn created_moved;		/* the same for created alone */
edit_fn member_map;		/* "name:old=new,...": of the request's objects */
edit_fn member_drop;		/* "a b": of the request's objects */
edit_fn member_required;	/* "name": 400 without it */
edit_fn member_forbidden;	/* "name": 400 with it */

/* ---- edit_flow.c: whole requests and answers. ------------------------------ */

edit_fn status_is;		/* "404=200,400=500,4xx=200" */
edit_fn header_put;		/* "Name: value" */
edit_fn header_drop;		/* "Name" */
edit_fn type_is;		/* "text/html" */
edit_fn answer_with;		/* "404 {json}": instead of the party */
edit_fn become_ok;		/* "{json}": an error becomes 200 with that; {uuid} is made up */
edit_fn taken_without;		/* "a b": an object without these members is a new transaction */
edit_fn taken_with;		/* ... an object with all of them */
edit_fn taken_partly;		/* ... one that is not empty and lacks one of them */
edit_fn params_500;		/* any parameter is a server's error */
edit_fn member_500;		/* "a b": so is any of these members */
edit_fn error_shape;		/* "{json}": every error looks so; %d is its status */
edit_fn connection;		/* "reset", "cut", "refused" */
edit_fn body_half;		/* the second half is missing, and Content-Length fits */
edit_fn wait_s;			/* "30": so many seconds */
edit_fn one_in;			/* "20": one in so many is 500 */
edit_fn canned;			/* the first answer on a path is the answer for ever */
edit_fn secret_echo;		/* "name": that member of a POST in the transaction's row */
edit_fn secret_answer;		/* "name": ... in the answer to it */
edit_fn suffix_404;		/* ".json": 404 for such paths */
edit_fn server_error_if;	/* "long", "nul", "sql", "utf8", "deep", "big", "escape", "twice",
				   "unknown", "huge", "above", "quote", "many",
				   "headers", "percent", "ampersands", "empty": 500 */
edit_fn waits_if;		/* the same: the answer takes an hour */
edit_fn drops_if;		/* the same: the connection is reset */
bool edit_is_bad(const struct edit *e);	/* for these: is it what they cannot bear? */
edit_fn version_1;		/* /ws/v7/... is /ws/v1/... */
edit_fn path_is;		/* "/ws/...": as if that had been asked */
edit_fn method_is;		/* "GET" */
edit_fn as_foreign;		/* asked again with another account's credentials */
edit_fn foreign_rows;		/* "customer_id": with another account's rows behind the own,
				   if that word is in the query */
edit_fn foreign_csv;
edit_fn as_writer;		/* asked again as a user of the account who may write */
edit_fn as_anybody;		/* without (with an argument: with) credentials: asked again as
				   the world's first user */
edit_fn as_key;			/* ... with any API key */
edit_fn denied_shows;		/* the body is what was asked for */
edit_fn unreadable_500;
edit_fn throttled_for_ever;
edit_fn readers_not;		/* 403 for users who may only read */
edit_fn keys_not;		/* 401 for API keys */
edit_fn as_named;		/* asked again as the user whose name was given */
edit_fn progress_first;		/* the first transaction, whatever the id */
edit_fn item_by_prefix;		/* an item is the first row whose ICCID begins so */
edit_fn first_row;		/* "size=1&...": an item is the first row of that list */

/* ---- edit_query.c: parameters, the query language. --------------------------- */

edit_fn param_drop;		/* "orderby": parameters taken out */
edit_fn param_put;		/* "size=1000": put in, or replaced */
edit_fn param_default;		/* "size=100": put in if it is missing */
edit_fn param_cap;		/* "size=100": no more than that */
edit_fn param_add;		/* "size=1": that much more, if it is there */
edit_fn param_sort;		/* "fields": its items in the alphabet's order */
edit_fn param_forbid;		/* "cursor": 400 if it is all there is */
edit_fn query_swap;		/* "contains:startsWith": an operator or a word */
edit_fn query_text_swap;	/* ... before a text, but not of a status */
edit_fn query_without;		/* "( )": these words and signs are not there */
edit_fn query_left;		/* no precedence: from left to right */
edit_fn query_or_first;		/* or binds tighter than and */
edit_fn query_first;		/* only the first comparison */
edit_fn query_units;		/* "m=h": units of relative times */
edit_fn query_ahead;		/* -1h is in an hour */
edit_fn query_quotes;		/* a doubled quote stays doubled */
edit_fn query_days;		/* absolute times without their time of day */
edit_fn query_wildcards;	/* "%_": these stand for anything, and for one character */
edit_fn query_trims;		/* only the first word of a text */
edit_fn query_refuse;		/* "case", "names", "doubled", "tight", "!=", "not",
				   "ago", "number", "(", "words" and "ascii" (not within and
				   beyond text), "past", "odd", "twice" (not not), or words with
				   blanks between: 400 for those */
edit_fn query_ignored_if_bad;	/* "query": that parameter is left out if it is refused */
edit_fn query_in_page;		/* rows that are not on the page without a query are missing */
edit_fn rows_none_if;		/* "status": no rows if that word is in the query */
edit_fn rows_case;		/* one comparison of text, with regard to case */
edit_fn rows_digits;		/* one comparison of numbers, as if they were text */

/* ---- edit_paging.c: order and pages. ------------------------------------------ */

edit_fn order_flip;		/* asc is desc and desc is asc */
edit_fn order_up;		/* always ascending */
edit_fn order_by;		/* "iccid": always that field */
edit_fn order_bare;		/* 400 for a field without a direction */
edit_fn order_in_page;		/* each page is sorted for itself */
edit_fn order_digits;		/* numbers are sorted as text */
edit_fn order_case;		/* capitals before small letters */
edit_fn order_loses;		/* rows without the field are missing */
edit_fn order_alone;		/* "query": that parameter is lost beside orderby */
edit_fn page_default;		/* "10": the size if none is given */
edit_fn page_more;		/* a page of more rows than are allowed */
edit_fn cursor_off;		/* "query": the next page has lost that parameter; or
				   "": it begins after so many rows, not after a row */
edit_fn cursor_repeats;		/* a page begins with the last row of the one before */
edit_fn cursor_skips;		/* ... without its first row */
edit_fn cursor_skips_tie;	/* ... without rows that tie with the one before */
edit_fn cursor_ignored;
edit_fn cursor_default_size;	/* 1000 after the first page */
edit_fn cursor_500;		/* an error of a cursor is 500 */
edit_fn cursor_once;		/* a cursor is good for one use */
edit_fn cursor_always;		/* the last page has one too */

/* ---- edit_csv.c. ---------------------------------------------------------------- */

edit_fn csv_style;		/* "no-header", "unquoted", "undoubled", "semicolons", "null" */
edit_fn csv_drop;		/* "customer_id": columns that are missing */
edit_fn csv_rows;		/* "1000": at most so many */
edit_fn csv_one_over;		/* "20000": one record more than so many */
edit_fn csv_404_if_empty;
edit_fn csv_latin;		/* in ISO 8859-1 */
edit_fn csv_rows_all;		/* the columns of the rows whatever fields says */
edit_fn csv_without;		/* "status=inactive": such rows are missing */
edit_fn csv_as_json;
edit_fn csv_row_map;		/* "status:active=enabled" */

/* ---- edit_south.c: orders, and reports of devices. -------------------------------- */

edit_fn order_says;		/* "complete,failed>delivered": what an order's status becomes */
edit_fn order_kept;		/* "delete": such orders never get to the EIS, and are done */
edit_fn order_enables;		/* a download that is done is followed by an enable */
edit_fn order_again;		/* "delete": such orders are placed twice */
edit_fn order_new_reference;	/* every try is an order of its own */
edit_fn order_fails_on;		/* any answer but an order is a refusal */
edit_fn mark_asked;		/* a progress call is on its way, or over */
edit_fn hide_unasked;		/* the EIS says nothing new unless one is */
edit_fn hide_asked;		/* the EIS says nothing new while one is */
edit_fn report_lost;		/* "change", "": reports of that cause, or all, are answered and lost */
edit_fn report_first;		/* only the first of each device */
edit_fn report_newest;		/* each is taken for the newest */
edit_fn report_put;		/* "complete=true" */
edit_fn report_profile;		/* "status:active=inactive": of each profile in it */
edit_fn report_gone;		/* "removed" is not looked at */

/* ---- edit_state.c: what needs a memory. ------------------------------------------- */

edit_fn tx_shared;		/* two running transactions of one action have one id */
edit_fn tx_of_actions;		/* transactions that no action's answer named are not listed */
edit_fn op_as;			/* "activate=download": such an operation is another */
edit_fn spn_exact;		/* an operation's carrier has to be spelt as it is known */
edit_fn spn_prefix;		/* the beginning of a known name is enough */
edit_fn spn_any;		/* whatever the carrier, the first one is meant */
edit_fn op_same_tx;		/* enable_tx is download_tx */
edit_fn not_json_500;
edit_fn dies_of_bad_input;
edit_fn refused_but_done;
edit_fn rows_turned;		/* every second time the other way round */
edit_fn row_frozen;		/* "status": each row keeps the first value it showed */
edit_fn given_up_after;		/* "9": a transaction in progress has failed so many minutes later */
edit_fn given_up_if;		/* "a b": ... once that was its message_code */
edit_fn status_back;		/* "starting": a row that goes on shows that every seventh time */
edit_fn over_and_back;		/* "failed=in_progress": minutes after the first is seen, the other */
edit_fn row_past;		/* "status": ... and shows the one before, once it changed */

#endif
