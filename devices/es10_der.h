/*
 * es10_der.h - the functions of an eUICC as bytes: one command of ES10 in, its
 * answer out (SGP.22, 5.7; the tags of annex H).
 *
 * A table says for each function what its command holds and what its answer
 * looks like; euicc_call() does the work.  A segment of a bound profile package
 * is a command of its own: it begins with BF36, A0 to A3, 86 or 88.
 */
#ifndef DEVICES_ES10_DER_H
#define DEVICES_ES10_DER_H

#include "devices/euicc.h"

/* Status words (ISO/IEC 7816-4, SGP.22, 5.7.1). */
enum {
	SW_OK = 0x9000,
	SW_WRONG_LENGTH = 0x6700,
	SW_CHANNEL = 0x6881,		/* logical channel not supported */
	SW_CONDITIONS = 0x6985,		/* conditions of use not satisfied */
	SW_WRONG_DATA = 0x6A80,
	SW_NOT_FOUND = 0x6A82,		/* file or application */
	SW_MEMORY = 0x6A84,
	SW_WRONG_P1P2 = 0x6A86,
	SW_REFERENCE = 0x6A88,		/* no such function */
	SW_INS = 0x6D00,
	SW_CLA = 0x6E00,
};

enum { ES10_COMMAND_MAX = 64 << 10, ES10_ANSWER_MAX = 256 << 10 };

/* The answer is added to `out`, which stays as it is unless SW_OK comes back. */
int es10_der_call(struct euicc *e, struct str command, struct buf *out);

#endif
