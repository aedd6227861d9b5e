/*
 * state.h - what an SM-DP+ must not forget, as JSON: its profiles and the
 * orders for them, so that it goes on in another process where it was.
 *
 * Sessions are not among it: a download that is under way begins anew, and is
 * bound with keys of its own.  It holds secrets.
 */
#ifndef SMDP_STATE_H
#define SMDP_STATE_H

#include "sim/json.h"
#include "smdp/smdp.h"

/* One value: after json_key(). */
void smdp_state_write(const struct smdp *s, struct json *j);
/* Into an SM-DP+ without sessions.  Profiles of the same ICCID become what they
 * were; others are added, and those that `state` does not have stay.  -1: it is
 * no such state; what was read so far stays. */
int smdp_state_read(struct smdp *s, const cJSON *state, struct err *err);

#endif
