/*
 * reports.h - device reports (docs/southbound.md): the only thing that makes,
 * changes or deletes a profile row.
 */
#ifndef SERVER_REPORTS_H
#define SERVER_REPORTS_H

#include "sim/http.h"

struct server;

/* POST /southbound/v1/device_reports */
void report_handle(struct server *s, struct http_exchange *x);

#endif
