/*
 * metrics.h - what a running server tells those who run it: GET /metrics
 * (Prometheus text format 0.0.4) and GET /healthz, on a port of their own.
 *
 * Any worker answers for all of them: numbers are summed over the board.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include "cli/board.h"
#include "cli/service.h"

struct share;
struct store;

struct metrics {
	struct http_handler handler;	/* first: metrics are a handler */
	struct service *service;
	struct store *store;
	const struct share *share;	/* NULL: this process is all there is */
	const struct board *board;
};

void metrics_init(struct metrics *m, struct service *service, struct store *store,
		  const struct share *share, const struct board *board);

#endif
