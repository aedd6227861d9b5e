/* The body of each POST: an answer in the family's shape, and no secret in it.
 * The first byte says which. */
#include "server/rig_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
		"/ws/v1/esim_profiles/download", "/ws/v1/esim_profiles/enable",
		"/ws/v1/esim_profiles/disable", "/ws/v1/esim_profiles/delete",
		"/ws/v1/esim_profiles/operations/inventory",
		"/ws/v1/esim_activation_codes/inventory",
		"/southbound/v1/device_reports",
	};
	struct rig r;

	if (size == 0)
		return 0;
	rig_init(&r);
	rig_ask(&r, FUZZ_ANN, "POST",
		str_of(paths[data[0] % (sizeof(paths) / sizeof(paths[0]))]), STR_NONE,
		(struct str){ (const char *)data + 1, size - 1 });
	/* Whatever it did, the lists can still be read. */
	rig_ask(&r, FUZZ_ANN, "GET", STR("/ws/v1/esim_profiles/inventory"), STR_NONE, STR_NONE);
	assert(r.status == 200);
	rig_ask(&r, FUZZ_ANN, "GET", STR("/ws/v1/esim_profiles/transactions/inventory"),
		STR_NONE, STR_NONE);
	assert(r.status == 200);
	rig_release(&r);
	return 0;
}
