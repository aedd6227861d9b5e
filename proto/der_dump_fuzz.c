/* Any bytes are shown, or refused with a place; nothing else. */
#include "proto/der_dump.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 64 << 20);
	if (der_dump((struct str){ (const char *)data, size }, false, &out, &err) < 0 &&
	    err.code == ERR_NONE)
		abort();
	buf_release(&out);
	return 0;
}
