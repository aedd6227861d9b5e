/*
 * state.h - what is in a device's flash, as JSON: so that it goes on in another
 * process where it was, as if its power had failed in between.
 *
 * It holds secrets: the activation code of an order that is under way.
 */
#ifndef DEVICES_STATE_H
#define DEVICES_STATE_H

#include "devices/fleet.h"
#include "sim/json.h"

/* One value: after json_key() or in an array. */
void device_state_write(const struct device *d, struct json *j);
/*
 * A device that was just added becomes that one: off if it was off, else it has
 * booted at this moment, and tells what it has to tell.  -1: `state` is not
 * that of a device with its EID; its card may be empty then.
 */
int device_state_read(struct device *d, const cJSON *state, struct err *err);

#endif
