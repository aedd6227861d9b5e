/*
 * Any bytes as a bound profile package, to a card that waits for one: whatever comes of it,
 * the card is whole after each segment, and a result is one that an SM-DP+ can read.
 *
 * The first byte says how the rest is cut: 0, as an LPA cuts a package; otherwise
 * each segment has its length in two bytes before it.
 */
#include "devices/euicc.h"
#include "proto/rsp_bpp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char OID[] = { (char)0x88, 0x37, 0x14 };
static const struct rsp_crypto *const crypto = &rsp_crypto_none;

static struct es10_answer ask(struct euicc *e, struct arena *a, enum es10_tag tag,
			      struct str der)
{
	struct es10_request rq = { .tag = tag, .der = der };
	struct es10_answer an;

	euicc_call(e, &rq, a, &an);
	return an;
}

static struct str take(struct buf *b, struct arena *a)
{
	struct str s = arena_str(a, buf_view(b));

	buf_clear(b);
	return s;
}

static struct str certificate(struct arena *a, enum rsp_role role)
{
	struct rsp_identity id;
	struct err err;

	crypto->identity(crypto, role, 0, STR("dp"), (struct str){ OID, sizeof(OID) }, a, &id,
			 &err);
	return id.certificate;
}

/* Up to a card that waits for the package of transaction "1234". */
static void shake_hands(struct euicc *e, struct arena *a, struct buf *b)
{
	struct rsp_authenticate_request auth = { .key_id = crypto->ci_key_id(crypto, 0) };
	struct rsp_prepare_request prepare = { 0 };
	struct rsp_identity nobody = { 0 };
	struct str challenge = ask(e, a, ES10_TAG_EUICC_CHALLENGE, STR("")).der, signature;
	struct err err;

	rsp_sign(crypto, &nobody, STR(""), STR_NONE, b, &err);
	signature = take(b, a);
	rsp_server_signed1_write(b, &(struct rsp_server_signed1){
		STR("1234"), challenge, STR("dp"), challenge });
	auth.server_signed1 = take(b, a);
	auth.server_signature1 = prepare.smdp_signature2 = signature;
	auth.server_certificate = certificate(a, RSP_ROLE_DP_AUTH);
	auth.context = (struct rsp_context){ .present = true, .device = true,
		.tac = STR("1234"), .capabilities = STR("") };
	rsp_authenticate_request_write(b, &auth);
	if (ask(e, a, ES10_TAG_AUTHENTICATE_SERVER, take(b, a)).code != ES10_OK)
		abort();
	rsp_smdp_signed2_write(b, &(struct rsp_smdp_signed2){ STR("1234"), false, STR_NONE });
	prepare.smdp_signed2 = take(b, a);
	prepare.smdp_certificate = certificate(a, RSP_ROLE_DP_PB);
	rsp_prepare_request_write(b, &prepare);
	if (ask(e, a, ES10_TAG_PREPARE_DOWNLOAD, take(b, a)).code != ES10_OK)
		abort();
}

static void check(const struct euicc *e)
{
	for (size_t i = 0; i < e->profile_count; i++)
		if (e->profiles[i].enabled ||
		    euicc_find(e, str_of(e->profiles[i].iccid)) != &e->profiles[i])
			abort();
	if (euicc_memory_used(e) > e->memory)
		abort();
}

/* False: there is a result. */
static bool feed(struct euicc *e, struct arena *a, struct str segment)
{
	unsigned before = e->profile_count;
	struct es10_answer an = ask(e, a, ES10_TAG_LOAD_PACKAGE, segment);
	struct rsp_notification n;
	struct err err;

	check(e);
	if (!an.finished) {
		if (an.code != ES10_OK || e->profile_count != before)
			abort();
		return true;
	}
	if (rsp_notification_read(an.der, &n, &err) < 0 || !n.install_result ||
	    n.data.success != (an.code == ES10_OK) ||
	    e->profile_count != before + n.data.success || e->session)
		abort();
	return false;
}

static void feed_all(struct euicc *e, struct arena *a, struct str in, bool cut)
{
	struct str *segments;
	struct err err;
	size_t count;

	if (!cut) {
		if (rsp_bpp_split(in, a, &segments, &count, &err) < 0)
			return;
		for (size_t i = 0; i < count && feed(e, a, segments[i]); i++)
			;
		return;
	}
	while (in.n >= 2) {
		size_t n = (size_t)(unsigned char)in.p[0] << 8 | (unsigned char)in.p[1];

		in = (struct str){ in.p + 2, in.n - 2 };
		n = n < in.n ? n : in.n;
		if (!feed(e, a, (struct str){ in.p, n }))
			return;
		in = (struct str){ in.p + n, in.n - n };
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };
	struct arena a = { 0 };
	struct euicc e;
	struct buf b;

	if (!size)
		return 0;
	buf_init(&b, 1 << 16);
	euicc_init(&e, &shared, STR("89049032000000000000000000000197"), 0, (struct rng){ 1 });
	euicc_install(&e, &(struct euicc_profile_spec){
		.iccid = STR("8944000000000000017"), .class = PROFILE_CLASS_OPERATIONAL });
	shake_hands(&e, &a, &b);
	feed_all(&e, &a, (struct str){ (const char *)data + 1, size - 1 }, data[0]);
	euicc_release(&e);
	buf_release(&b);
	arena_release(&a);
	return 0;
}
