/*
 * iccid.h - the identifier of a profile: 19 or 20 decimal digits (ITU-T
 * E.118), of which the last is a Luhn check digit.
 *
 * As with EIDs only the form is a reason to refuse: profiles with a wrong
 * check digit are in use.
 */
#ifndef PROTO_ICCID_H
#define PROTO_ICCID_H

#include "sim/str.h"

enum { ICCID_DIGITS_MAX = 20, ICCID_SIZE = ICCID_DIGITS_MAX + 1, ICCID_BYTES = 10 };

/* 19 or 20 decimal digits? */
bool iccid_well_formed(struct str s);
/* Well formed, and the Luhn sum is a multiple of ten? */
bool iccid_valid(struct str s);

/*
 * 19 digits: `prefix` (at most 17 digits, such as "8944"), `serial` filled
 * with zeros, a Luhn digit.  A serial that is too long for the room loses its
 * leading digits.
 */
void iccid_make(char out[ICCID_SIZE], struct str prefix, uint64_t serial);

/* As on the wire (tag 5A): ten bytes, first digit in the low half of the
 * first byte, filled up with F.  `iccid` must be well formed. */
void iccid_pack(unsigned char out[ICCID_BYTES], struct str iccid);
/* -1, and "", unless `bytes` are ten that hold 19 or 20 digits. */
int iccid_unpack(char out[ICCID_SIZE], struct str bytes);

#endif
