#include "proto/eid.h"

#include <assert.h>

static bool digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* The decimal number mod 97; `s` holds only digits. */
static unsigned mod97(struct str s)
{
	unsigned rest = 0;

	for (size_t i = 0; i < s.n; i++)
		rest = (rest * 10 + (unsigned)(s.p[i] - '0')) % 97;
	return rest;
}

bool eid_well_formed(struct str s)
{
	return s.n == EID_DIGITS && digits(s);
}

bool eid_valid(struct str s)
{
	return eid_well_formed(s) && mod97(s) == 1;
}

void eid_make(char out[EID_SIZE], struct str prefix, uint64_t serial)
{
	unsigned check;

	assert(prefix.n <= EID_DIGITS - 3 && digits(prefix));
	memset(out, '0', EID_DIGITS);
	memcpy(out, prefix.p, prefix.n);
	for (size_t i = EID_DIGITS - 2; i > prefix.n && serial; i--) {
		out[i - 1] = (char)('0' + serial % 10);
		serial /= 10;
	}
	out[EID_DIGITS] = '\0';
	/* The check digits are still 00, so the sum is made 1 by this much. */
	check = 98 - mod97((struct str){ out, EID_DIGITS });
	out[EID_DIGITS - 2] = (char)('0' + check / 10);
	out[EID_DIGITS - 1] = (char)('0' + check % 10);
}

void eid_pack(unsigned char out[EID_BYTES], struct str eid)
{
	assert(eid_well_formed(eid));
	for (size_t i = 0; i < EID_BYTES; i++)
		out[i] = (unsigned char)((eid.p[2 * i] - '0') << 4 |
					 (eid.p[2 * i + 1] - '0'));
}

int eid_unpack(char out[EID_SIZE], struct str bytes)
{
	if (bytes.n != EID_BYTES)
		return -1;
	for (size_t i = 0; i < EID_BYTES; i++) {
		unsigned char b = (unsigned char)bytes.p[i];

		if (b >> 4 > 9 || (b & 15) > 9)
			return -1;
		out[2 * i] = (char)('0' + (b >> 4));
		out[2 * i + 1] = (char)('0' + (b & 15));
	}
	out[EID_DIGITS] = '\0';
	return 0;
}
