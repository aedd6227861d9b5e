#include "proto/profile.h"

#include <assert.h>

static const char *const class_names[PROFILE_CLASSES] = {
	"test", "provisioning", "operational",
};

const char *profile_class_name(enum profile_class c)
{
	assert(c < PROFILE_CLASSES);
	return class_names[c];
}

int profile_class_parse(struct str name, enum profile_class *c)
{
	if (str_is(name, "bootstrap")) {
		*c = PROFILE_CLASS_PROVISIONING;
		return 0;
	}
	for (unsigned i = 0; i < PROFILE_CLASSES; i++) {
		if (str_is(name, class_names[i])) {
			*c = (enum profile_class)i;
			return 0;
		}
	}
	return -1;
}

int mcc_mnc_pack(struct str digits, unsigned char out[MCC_MNC_BYTES])
{
	unsigned char d[6] = { [5] = MCC_MNC_NONE };

	if (digits.n != 5 && digits.n != 6)
		return -1;
	for (size_t i = 0; i < digits.n; i++) {
		char c = digits.p[i];

		if (c != 'x' && (c < '0' || c > '9'))
			return -1;
		d[i] = c == 'x' ? MCC_MNC_ANY : (unsigned char)(c - '0');
	}
	out[0] = (unsigned char)(d[1] << 4 | d[0]);
	out[1] = (unsigned char)(d[5] << 4 | d[2]);
	out[2] = (unsigned char)(d[4] << 4 | d[3]);
	return 0;
}
