/*
 * device_id.h - the identifier of a device at the server: four groups of
 * eight hexadecimal digits, "00000000-00000000-0040FFFF-FF8001B0".
 */
#ifndef PROTO_DEVICE_ID_H
#define PROTO_DEVICE_ID_H

#include "sim/str.h"

enum { DEVICE_ID_LENGTH = 35 };

/* Of that form?  Digits of either case. */
bool device_id_well_formed(struct str s);

#endif
