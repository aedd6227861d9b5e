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
 * Requests are counted by endpoint, not by path, so that clients cannot make
 * the numbers grow without end.
 */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include "sim/http.h"

enum { ACCESS_BUCKETS = 12, ACCESS_STATUS_MAX = 600 };

/* One endpoint, or all that is none. */
struct access_class {
	const char *method, *pattern;	/* as in a struct route; NULL: any */
	uint64_t answers[ACCESS_STATUS_MAX];	/* by status */
	uint64_t took[ACCESS_BUCKETS];	/* at most access_bounds_us[i]; not summed up */
	uint64_t count, took_ns;
};

extern const unsigned access_bounds_us[ACCESS_BUCKETS];

struct access {
	struct http_handler handler;	/* first: an access is a handler */
	struct http_handler *next;
	struct loop *loop;		/* NULL: it will not run again */
	const char *path;		/* of the log; NULL: none; "-": stdout */
	int fd;
	struct buf lines;		/* of this turn */
	struct task write;
	uint64_t lost;			/* lines that could not be written */
	struct access_class *classes;
	size_t class_count;
	uint64_t in_flight;
};

/* `path` is not copied.  -1: it cannot be written. */
int access_init(struct access *a, struct loop *loop, struct http_handler *next,
		const char *path, struct err *err);
void access_release(struct access *a);
/* The loop has ended, but answers may still be broken off. */
void access_end(struct access *a);
/* Open the file again, for somebody has moved it.  -1: goes on in the old. */
int access_reopen(struct access *a, struct err *err);

#endif
