/*
 * duration.h - lengths of time as people write them: "50ms", "1h30min".
 *
 * Units: us, ms, s, min (or m), h, d, w.  Parts may be joined, largest first
 * ("1h30min"), and the number may have a fraction ("2.5s").  0 needs no unit.
 */
#ifndef SIM_DURATION_H
#define SIM_DURATION_H

#include "sim/buf.h"
#include "sim/err.h"

/* In nanoseconds, 0 to a hundred years. */
int duration_parse(struct str text, int64_t *ns, struct err *err);

/* The shortest form that duration_parse() reads back, to the microsecond. */
void duration_print(struct buf *out, int64_t ns);

#endif
