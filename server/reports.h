/*
 * reports.h - device reports (docs/southbound.md): the only thing that makes,
 * changes or deletes a profile row.
 */
#ifndef SERVER_REPORTS_H
#define SERVER_REPORTS_H

#include "sim/http.h"

struct server;

#define REPORT_PATH "/southbound/v1/device_reports"

enum { REPORT_BODY_MAX = 1 << 20 };

/* A request at REPORT_PATH, whatever its method and size. */
void report_handle(struct server *s, struct http_exchange *x);
/* The answer to one whose body was too large for anybody to see it. */
void report_too_large(struct http_exchange *x);
void report_malformed(struct http_exchange *x, int status, const char *why);

#endif
