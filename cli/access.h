/*
 * access.h - a handler before a party's: counts every request, and writes a
 * JSON line for it into the access log.
 *
 *	{"time":"2026-01-01T00:00:00.000Z","id":7,"from":"127.0.0.1","method":"GET",
 *	 "path":"/ws/v1/esim_profiles/inventory","status":200,"bytes":512,"ms":0.412}
 *
 * No secret gets there: neither headers nor query nor body, and in the path
 * what looks like an activation code is masked.
 *
 * Requests that could not be read, or were too large, have a line, too.  What
 * was not read of them is "", and without a path there is no status but 0.
 *
 * Workers write into one file, each its own lines and those whole; theirs have
 * a "worker", because an "id" is only one of its process.
 *
 * Requests are counted by endpoint, not by path, so that clients cannot make
 * the numbers grow without end.
 */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include "server/endpoints.h"
#include "sim/http.h"
#include "sim/socknet.h"

/* Every endpoint, device reports, and all that is neither. */
#define X(method, path, fn, text, parameters) + 1
enum { ACCESS_CLASSES = 2 ENDPOINTS(X) };
#undef X
enum { ACCESS_BUCKETS = 12, ACCESS_STATUS_MAX = 600 };

/* One endpoint, or all that is none. */
struct access_class {
	uint64_t answers[ACCESS_STATUS_MAX];	/* by status */
	uint64_t took[ACCESS_BUCKETS];	/* at most access_bounds_us[i]; not summed up */
	uint64_t count, took_ns;
};

/* Without pointers: processes may share it. */
struct access_counts {
	uint64_t in_flight;
	uint64_t lost;			/* writes to the log that failed */
	struct access_class classes[ACCESS_CLASSES];
};

extern const unsigned access_bounds_us[ACCESS_BUCKETS];
/* As in a struct route; NULL: any. */
struct access_name {
	const char *method, *pattern;
};
extern const struct access_name access_names[ACCESS_CLASSES];

struct access {
	struct http_handler handler;	/* first: an access is a handler */
	struct http_handler *next;
	struct loop *loop;		/* NULL: it will not run again */
	const struct clock *clock;
	const char *path;		/* of the log; NULL: none; "-": stdout */
	int fd;
	bool is_file;
	struct buf lines;		/* of this turn */
	struct task write;
	int worker;			/* whose lines they are; -1: there is but one */
	struct access_counts *counts;	/* not owned */
};

/* `path` is not copied.  -1: it cannot be written. */
int access_init(struct access *a, struct loop *loop, struct http_handler *next,
		const char *path, struct access_counts *counts, struct err *err);
void access_release(struct access *a);
/* The loop has ended, but answers may still be broken off. */
void access_end(struct access *a);
/* One that no handler saw, for socknet_on_refusal(); it is logged and counted
 * among those of no endpoint. */
void access_refused(struct access *a, const struct socknet_refusal *r);
/* Open the file again, for somebody has moved it.  -1: goes on in the old. */
int access_reopen(struct access *a, struct err *err);

#endif
