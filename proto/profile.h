/*
 * profile.h - what all parties say of a profile: its class and its policy
 * rules (SGP.22, 2.4.5 and 2.9.2).
 */
#ifndef PROTO_PROFILE_H
#define PROTO_PROFILE_H

#include "sim/str.h"

/* The values are those of profileClass on the wire. */
enum profile_class {
	PROFILE_CLASS_TEST,
	PROFILE_CLASS_PROVISIONING,
	PROFILE_CLASS_OPERATIONAL,
	PROFILE_CLASSES
};

/* "test", "provisioning", "operational". */
const char *profile_class_name(enum profile_class c);
/* Those names, and "bootstrap" for provisioning; -1 for another word. */
int profile_class_parse(struct str name, enum profile_class *c);

/* A set of profile policy rules.  Bit n is bit n of PprIds on the wire. */
enum {
	PPR_UPDATE_CONTROL = 1,	/* the rules may be changed over the air */
	PPR_NO_DISABLE = 2,	/* ppr1 */
	PPR_NO_DELETE = 4,	/* ppr2 */
	PPR_ALL = 7
};

/* A mobile country and network code, as on the wire (3GPP TS 24.008, 10.5.1.13): a
 * nibble for each digit, F for a third network digit that is not there. */
enum { MCC_MNC_BYTES = 3, MCC_MNC_ANY = 0xE, MCC_MNC_NONE = 0xF };
/* Five or six digits, where x stands for any (MCC_MNC_ANY); -1: they are not. */
int mcc_mnc_pack(struct str digits, unsigned char out[MCC_MNC_BYTES]);

#endif
