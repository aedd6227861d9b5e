/* Any bytes: the walkers stay within them and come to an end. */
#include "proto/tlv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size }, rest = in;
	size_t total = 0, n;
	struct err err;
	struct tlv t;
	uint32_t tag;
	uint64_t v;
	unsigned bits;

	tlv_check(in, &err);
	tlv_head(&rest, &tag, &n, &err);
	rest = in;
	while (tlv_next(&rest, &t, &err) > 0) {
		total += t.raw.n;
		if (t.raw.n < t.value.n + 2 || total > size)
			abort();
		tlv_uint(t.value, &v);
		tlv_bits(t.value, &bits);
	}
	return 0;
}
