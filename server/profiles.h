/*
 * profiles.h - the rows of device profiles, as device reports left them.
 */
#ifndef SERVER_PROFILES_H
#define SERVER_PROFILES_H

#include "sim/arena.h"

struct server;
struct stmt;

/* Strings are in the arena that it was read into. */
struct profile_row {
	int64_t rid;
	struct str device_id, iccid;
	int64_t customer_id;
	struct str eid;
	int64_t number;			/* -1: not reported */
	struct str carrier;		/* none: the profile has no SPN */
	struct str status, type;	/* type may be none */
	struct str normalized_carrier;
};

bool profile_is_active(const struct profile_row *p);

/* On that device; none of another. */
bool profile_find(struct server *s, struct str device_id, struct str iccid,
		  struct arena *a, struct profile_row *p);
/* The same, if no more is asked than whether it is there, and active. */
bool profile_is_there(struct server *s, struct str device_id, struct str iccid,
		      bool *active);
/* By normalised carrier; an active one before others. */
bool profile_find_carrier(struct server *s, struct str device_id,
			  struct str eid, struct str normalized,
			  struct arena *a, struct profile_row *p);
/* All of a device, in the order in which they came. */
size_t profiles_of_device(struct server *s, struct str device_id,
			  struct arena *a, struct profile_row **list);

#endif
