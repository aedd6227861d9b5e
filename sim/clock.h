/*
 * clock.h - where time comes from.
 *
 * No code outside sim/ calls clock_gettime(), time() or sleep(); it asks the
 * clock it was given.  Three clocks share this interface:
 *
 *	real     one second is one second      third-party servers, load
 *	scaled   `rate` simulated s per s      demos, soak; sockets allowed
 *	virtual  jumps to the next deadline    scenarios; no sockets
 *
 * The loop reads the machine once per turn.  Everything that runs within a
 * turn sees the same instant, so effects never precede their causes.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include "sim/arena.h"
#include "sim/err.h"

/* A point in simulated time.  A struct, so that two cannot be added. */
struct instant {
	int64_t ns;		/* since the start of the run */
};

#define INSTANT_NEVER ((struct instant){ INT64_MAX })
#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

enum clock_kind { CLOCK_KIND_REAL, CLOCK_KIND_SCALED, CLOCK_KIND_VIRTUAL };

struct clock {
	enum clock_kind kind;
	double rate;		/* simulated per real second; 1.0 if real */
	int64_t start_ns;	/* the machine's monotonic clock at `base` */
	struct instant base;	/* when `rate` began to count; 0 at init */
	int64_t unix_epoch_ms;	/* calendar time of instant 0 */
	struct instant now;	/* this turn's time */
};

/* 2026-01-01T00:00:00Z: where a simulated calendar starts unless told. */
#define CLOCK_EPOCH_MS INT64_C(1767225600000)

void clock_init(struct clock *c, enum clock_kind kind, double rate,
		int64_t unix_epoch_ms);

/* From now on so fast; a scaled clock only. */
void clock_set_rate(struct clock *c, double rate);
/* It is `at` now, which is not before what it was; a scaled clock only. */
void clock_jump(struct clock *c, struct instant at);

/* So much more of a scaled clock's time is over; what is due meanwhile is late. */
void clock_skip(struct clock *c, int64_t ns);

static inline struct instant clock_now(const struct clock *c)
{
	return c->now;
}

/* Calendar time in milliseconds since 1970, for certificates and JSON. */
static inline int64_t clock_unix_ms(const struct clock *c)
{
	return c->unix_epoch_ms + c->now.ns / NS_PER_MS;
}

/* "virtual", "real" or "scaled=N" (N > 0, at most 1e6). */
int clock_parse(struct str text, enum clock_kind *kind, double *rate,
		struct err *err);

/* "2026-01-01T00:00:00.000Z" (ISO 8601, UTC, milliseconds). */
struct str clock_iso(int64_t unix_ms, struct arena *a);
enum { CLOCK_ISO_SIZE = 32 };
void clock_iso_to(int64_t unix_ms, char text[CLOCK_ISO_SIZE]);
/* Reads that form; seconds' fraction, and offset instead of Z, optional. */
int clock_parse_iso(struct str text, int64_t *unix_ms, struct err *err);

/* For the loop only. ----------------------------------------------------- */

/* The machine's calendar, for a real clock's unix_epoch_ms. */
int64_t clock_machine_unix_ms(void);
/* The machine's monotonic clock in ns, for `esimrig bench`. */
int64_t clock_machine_ns(void);

/* Start a turn: read the machine's clock.  A virtual clock stands still. */
void clock_tick(struct clock *c);
/* Longest poll() timeout, in real ms, that cannot overshoot `deadline`. */
int clock_poll_ms(const struct clock *c, struct instant deadline);
/* Nothing is runnable before `deadline`: a virtual clock goes there. */
void clock_idle_until(struct clock *c, struct instant deadline);

#endif
