/*
 * state.h - what an EIS must not forget, as JSON: its orders, so that it goes
 * on in another process where it was.
 *
 * The list of profiles of an eUICC is not among it (the device tells it again
 * when it comes back), nor is the audit trail.  It holds secrets.
 */
#ifndef EIS_STATE_H
#define EIS_STATE_H

#include "eis/eis.h"
#include "sim/json.h"

/* One value: after json_key(). */
void eis_state_write(const struct eis *e, struct json *j);
/* Into an EIS that has the same eUICCs and no orders.  -1: `state` is not that
 * of such an EIS; what was read so far stays. */
int eis_state_read(struct eis *e, const cJSON *state, struct err *err);

#endif
