/*
 * metrics.h - what a running server tells those who run it: GET /metrics
 * (Prometheus text format 0.0.4) and GET /healthz, on a port of their own.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include "cli/access.h"
#include "cli/service.h"

struct store;

struct metrics {
	struct http_handler handler;	/* first: metrics are a handler */
	struct service *service;
	struct store *store;
	const struct access *access;
};

void metrics_init(struct metrics *m, struct service *service, struct store *store,
		  const struct access *access);

#endif
