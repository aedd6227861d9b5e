/*
 * recorder.h - keeps the event log of a run as text.
 *
 * At most RECORDER_MAX bytes: then the older half is dropped and `cut` says
 * so.  Positions count from the start of the run, whatever was dropped.
 */
#ifndef SCENARIOS_RECORDER_H
#define SCENARIOS_RECORDER_H

#include "sim/arena.h"
#include "sim/eventlog.h"

enum { RECORDER_MAX = 32 << 20 };

struct recorder {
	struct eventlog_listener listener;
	struct eventlog *log;
	struct buf text;
	uint64_t dropped;	/* bytes before `text` */
	bool cut;
	bool trace;		/* to stderr too */
};

void recorder_init(struct recorder *r, struct eventlog *log, bool trace);
void recorder_release(struct recorder *r);

/* The position behind the last event. */
uint64_t recorder_end(const struct recorder *r);
/* The lines from a position on; it moves to the end. */
struct str recorder_from(const struct recorder *r, uint64_t *position);

/* The last `count` events of each party, in order of time. */
struct str recorder_last(const struct recorder *r, size_t count, struct arena *a);

#endif
