/*
 * eid.h - the identifier of an eUICC: 32 decimal digits (SGP.02, 2.2.2;
 * SGP.29).
 *
 * The last two digits are check digits (ISO 7064, mod 97-10).  Many public
 * samples fail that check, so a party warns about it and goes on: only the
 * form is a reason to refuse.
 */
#ifndef PROTO_EID_H
#define PROTO_EID_H

#include "sim/str.h"

enum { EID_DIGITS = 32, EID_SIZE = EID_DIGITS + 1, EID_BYTES = 16 };

/* 32 decimal digits? */
bool eid_well_formed(struct str s);
/* Well formed, and the number mod 97 is 1? */
bool eid_valid(struct str s);

/*
 * `prefix` (at most 29 digits, such as "89049032"), then `serial` in decimal
 * filled with zeros, then the check digits.  A serial that is too long for
 * the room loses its leading digits.
 */
void eid_make(char out[EID_SIZE], struct str prefix, uint64_t serial);

/* Two digits in each of 16 bytes, as on the wire (tag 5A of BF3E).  `eid`
 * must be well formed. */
void eid_pack(unsigned char out[EID_BYTES], struct str eid);
/* -1 unless `bytes` are 16 with only decimal digits. */
int eid_unpack(char out[EID_SIZE], struct str bytes);

#endif
