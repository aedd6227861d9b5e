/*
 * APDUs of any kind, one behind the other, each with a length byte before it, to a
 * card that has the ISD-R selected: there is always an answer, and between two
 * of them the card is whole.
 */
#include "devices/isdr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };

static void check(const struct euicc *e)
{
	unsigned enabled = 0;

	for (size_t i = 0; i < e->profile_count; i++)
		enabled += e->profiles[i].enabled;
	if (enabled > 1 || euicc_memory_used(e) > e->memory)
		abort();
}

static void transmit(struct isdr *isdr, struct str apdu)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	isdr_transmit(isdr, apdu, &out);
	if (out.n < 2 || out.n > ISDR_ANSWER_MAX || out.over)
		abort();
	buf_release(&out);
	check(isdr->e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char select[] = { 0, (char)0xA4, 4, 0, 5, (char)0xA0, 0, 0, 5, 0x59 };
	struct str in = { (const char *)data, size };
	struct isdr isdr;
	struct euicc e;

	euicc_init(&e, &shared, STR("89049032000000000000000000000197"), 0,
		   (struct rng){ 1 });
	euicc_install(&e, &(struct euicc_profile_spec){
		.iccid = STR("8944000000000000017"), .class = PROFILE_CLASS_OPERATIONAL });
	isdr_init(&isdr, &e);
	transmit(&isdr, (struct str){ select, sizeof(select) });
	while (in.n) {
		size_t n = (unsigned char)in.p[0];

		in = (struct str){ in.p + 1, in.n - 1 };
		n = n < in.n ? n : in.n;
		transmit(&isdr, (struct str){ in.p, n });
		in = (struct str){ in.p + n, in.n - n };
	}
	isdr_release(&isdr);
	euicc_release(&e);
	return 0;
}
