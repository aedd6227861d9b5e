/*
 * retry.h - how long a server wants to be left alone: Retry-After (RFC 9110,
 * 10.2.3), in seconds or as a date.
 */
#ifndef CONFORMANCE_RETRY_H
#define CONFORMANCE_RETRY_H

#include "sim/clock.h"
#include "sim/str.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT": seconds since 1970; -1 if it is none. */
int http_date_parse(struct str text, int64_t *unix_s);

/*
 * The pause in ns that `retry_after` asks for.  A date is compared with `date`
 * (the answer's header Date), so that it does not matter whose clock is
 * wrong.  Without either, or with something else in it: 2, 4, 8, ... 30 s for
 * the first refusal in a row, the second, and so on.
 */
int64_t retry_after_ns(struct str retry_after, struct str date, unsigned refusals);

#endif
