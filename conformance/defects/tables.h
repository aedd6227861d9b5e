/*
 * tables.h - what the tables of defects write in short.
 */
#ifndef CONFORMANCE_DEFECTS_TABLES_H
#define CONFORMANCE_DEFECTS_TABLES_H

#include "conformance/defects/edits.h"

#define V1 "/ws/v1/esim_profiles"

/* `where` of a rule. */
#define ROOT "GET " V1
#define LIST "GET " V1 "/inventory"
#define ITEM "GET " V1 "/inventory/{}"
#define BULK "GET " V1 "/bulk"
#define PROGRESS "GET " V1 "/progress/{}"
#define TXS "GET " V1 "/transactions/inventory"
#define OPS "GET " V1 "/operations/inventory"
#define OP "GET " V1 "/operations/inventory/{}"
#define POST_DELETE "POST " V1 "/delete"
#define POST_DISABLE "POST " V1 "/disable"
#define POST_DOWNLOAD "POST " V1 "/download"
#define POST_ENABLE "POST " V1 "/enable"
#define POST_OP "POST " V1 "/operations/inventory"
#define PROFILES LIST "," ITEM
#define LISTS LIST "," TXS "," OPS
#define TX_ROWS PROGRESS "," TXS
#define OP_ROWS OP "," OPS "," POST_OP
#define ACTIONS POST_DELETE "," POST_DISABLE "," POST_DOWNLOAD "," POST_ENABLE
#define POSTS ACTIONS "," POST_OP
#define ASKED LISTS "," BULK
#define READS "GET " V1 "/**," ROOT
#define EVERYTHING "* " V1 "," "* " V1 "/**"
#define PLACE "POST eis:/eis/v1/orders"
#define LOOK "GET eis:/eis/v1/orders/{}"
#define REPORT "POST /southbound/v1/device_reports"

/* What every row begins with; .rules, .triggers, .also, .because follow. */
#define DEFECT(n, t, b) .name = n, .text = t, .breaks = b

/* Why a query for what was seen finds something else: a reason of many rows. */
#define SHOWN "Conditions and order go by what is stored, and this server shows something else"

/* Rules: what is done to requests, to answers of success, to errors. */
#define ASK(where, fn, arg) { where, fn, NULL, arg, NULL }
#define SAY(where, fn, arg) { where, NULL, fn, arg, NULL }
#define BOTH(where, fn, arg) { where, fn, fn, arg, NULL }
#define WHEN(statuses, where, fn, arg) { where, NULL, fn, arg, statuses }

#endif
