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
