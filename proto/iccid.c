#include "proto/iccid.h"

#include <assert.h>

static bool digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* The Luhn sum mod 10: every second digit from the right, beginning with the
 * one before the check digit, counts double. */
static unsigned luhn(struct str s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(s.p[s.n - 1 - i] - '0');

		if (i % 2 == 1)
			d = d < 5 ? 2 * d : 2 * d - 9;
		sum += d;
	}
	return sum % 10;
}

bool iccid_well_formed(struct str s)
{
	return (s.n == 19 || s.n == 20) && digits(s);
}

bool iccid_valid(struct str s)
{
	return iccid_well_formed(s) && luhn(s) == 0;
}

void iccid_make(char out[ICCID_SIZE], struct str prefix, uint64_t serial)
{
	enum { LEN = 19 };

	assert(prefix.n <= LEN - 2 && digits(prefix));
	memset(out, '0', LEN);
	memcpy(out, prefix.p, prefix.n);
	for (size_t i = LEN - 1; i > prefix.n && serial; i--) {
		out[i - 1] = (char)('0' + serial % 10);
		serial /= 10;
	}
	out[LEN] = '\0';
	/* The check digit is still 0, and counts once. */
	out[LEN - 1] = (char)('0' + (10 - luhn((struct str){ out, LEN })) % 10);
}

void iccid_pack(unsigned char out[ICCID_BYTES], struct str iccid)
{
	assert(iccid_well_formed(iccid));
	for (size_t i = 0; i < ICCID_BYTES; i++) {
		int low = iccid.p[2 * i] - '0';
		int high = 2 * i + 1 < iccid.n ? iccid.p[2 * i + 1] - '0' : 0xF;

		out[i] = (unsigned char)(high << 4 | low);
	}
}

int iccid_unpack(char out[ICCID_SIZE], struct str bytes)
{
	size_t n = 0;

	out[0] = '\0';
	if (bytes.n != ICCID_BYTES)
		return -1;
	for (size_t i = 0; i < 2 * ICCID_BYTES; i++) {
		unsigned char b = (unsigned char)bytes.p[i / 2];
		unsigned d = i % 2 ? b >> 4 : b & 15;

		/* Only the very last half may be filler. */
		if (d == 15 && i == 2 * ICCID_BYTES - 1)
			break;
		if (d > 9) {
			out[0] = '\0';
			return -1;
		}
		out[n++] = (char)('0' + d);
	}
	out[n] = '\0';
	return 0;
}
