/* Path and query string below /ws/v1/: "METHOD path?query". */
#include "server/rig_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {
		"GET", "HEAD", "OPTIONS", "POST", "DELETE", "PUT",
	};
	struct str query = { (const char *)data, size }, method, path;
	struct arena a = { 0 };
	struct rig r;

	method = str_split(&query, ' ');
	path = str_split(&query, '?');
	if (!path.p)
		return 0;
	path = arena_printf(&a, "/ws/v1/%.*s", STRF(path));
	rig_init(&r);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_is(method, methods[i]))
			rig_ask(&r, FUZZ_ANN, methods[i], path, query, STR_NONE);
	rig_release(&r);
	arena_release(&a);
	return 0;
}
