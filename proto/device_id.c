#include "proto/device_id.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') ||
	       (c >= 'a' && c <= 'f');
}

bool device_id_well_formed(struct str s)
{
	if (s.n != DEVICE_ID_LENGTH)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i % 9 == 8 ? s.p[i] != '-' : !is_hex(s.p[i]))
			return false;
	return true;
}
