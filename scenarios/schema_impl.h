/*
 * schema_impl.h - what rows of schemas are written with, for schema.c and
 * schema_world.c alone.
 */
#ifndef SCENARIOS_SCHEMA_IMPL_H
#define SCENARIOS_SCHEMA_IMPL_H

#include "scenarios/load.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, field) .offset = offsetof(struct type, field)
#define GIVEN(type, field) .given = offsetof(struct type, field)
#define SCHEMA(keys_) .keys = (keys_), .key_count = COUNT(keys_)
#define POS(type) .size = sizeof(struct type), .pos_offset = offsetof(struct type, pos)
#define NO_POS(type) .size = sizeof(struct type), .pos_offset = SCHEMA_NO_POS

#define MEMORY_MAX (1 << 30)

/* schema_world.c */
extern const struct schema schema_carrier, schema_code, schema_device,
	schema_profile, schema_fleet, schema_smdp, schema_account, schema_user,
	schema_server, schema_device_options, schema_smdp_options;

#endif
