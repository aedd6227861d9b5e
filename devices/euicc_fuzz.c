/*
 * Any commands to the card, in any order, half of them behind a handshake
 * that is right: between two of them the card is whole.
 */
#include "devices/euicc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };
static const char OID[] = { (char)0x88, 0x37, 0x14 };

static struct es10_answer ask(struct euicc *e, struct arena *a,
			      enum es10_tag tag, struct buf *der)
{
	struct es10_request rq = { .tag = tag, .der = buf_view(der) };
	struct es10_answer an;

	euicc_call(e, &rq, a, &an);
	buf_clear(der);
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

	rsp_crypto_none.identity(&rsp_crypto_none, role, 0, STR("dp"),
				 (struct str){ OID, sizeof(OID) }, a, &id, &err);
	return id.certificate;
}

/* Up to a card that waits for the package of transaction "1234". */
static void shake_hands(struct euicc *e, struct arena *a, struct buf *b)
{
	struct rsp_authenticate_request auth = { 0 };
	struct rsp_prepare_request prepare = { 0 };
	struct rsp_identity nobody = { 0 };
	struct str challenge = ask(e, a, ES10_TAG_EUICC_CHALLENGE, b).der;
	struct str signature;
	struct err err;

	rsp_sign(&rsp_crypto_none, &nobody, STR(""), STR_NONE, b, &err);
	signature = take(b, a);
	rsp_server_signed1_write(b, &(struct rsp_server_signed1){
		STR("1234"), challenge, STR("dp"), challenge });
	auth.server_signed1 = take(b, a);
	auth.server_signature1 = signature;
	auth.key_id = rsp_crypto_none.ci_key_id(&rsp_crypto_none, 0);
	auth.server_certificate = certificate(a, RSP_ROLE_DP_AUTH);
	auth.context = (struct rsp_context){
		.present = true, .device = true, .tac = STR("1234"),
		.capabilities = STR("\xA1\x00") };
	rsp_authenticate_request_write(b, &auth);
	if (ask(e, a, ES10_TAG_AUTHENTICATE_SERVER, b).code != ES10_OK)
		abort();
	rsp_smdp_signed2_write(b, &(struct rsp_smdp_signed2){ STR("1234"), false,
							      STR_NONE });
	prepare.smdp_signed2 = take(b, a);
	prepare.smdp_signature2 = signature;
	prepare.smdp_certificate = certificate(a, RSP_ROLE_DP_PB);
	rsp_prepare_request_write(b, &prepare);
	if (ask(e, a, ES10_TAG_PREPARE_DOWNLOAD, b).code != ES10_OK)
		abort();
}

static void check(const struct euicc *e)
{
	unsigned enabled = 0;

	for (size_t i = 0; i < e->profile_count; i++) {
		enabled += e->profiles[i].enabled;
		if (euicc_find(e, str_of(e->profiles[i].iccid)) != &e->profiles[i])
			abort();	/* two of one ICCID */
	}
	if (enabled > 1 || euicc_memory_used(e) > e->memory)
		abort();
}

/* A command: which function, flags, its length, its bytes. */
static void command(struct euicc *e, struct arena *a, struct str *in)
{
	static const char iccid[] = "8944000000000000017";
	const unsigned char *head = (const unsigned char *)in->p;
	struct es10_request rq = { .bits = head[1], .sequence = head[1] };
	struct es10_answer an;
	size_t n = head[2], rows = 0;

	while (es10_table[rows].name)
		rows++;
	*in = (struct str){ in->p + 3, in->n - 3 };
	n = n < in->n ? n : in->n;
	rq.tag = es10_table[head[0] % rows].tag;
	rq.der = rq.text = rq.aid = (struct str){ in->p, n };
	rq.iccid = head[1] & 1 ? str_of(iccid) : rq.der;
	*in = (struct str){ in->p + n, in->n - n };
	euicc_call(e, &rq, a, &an);
	check(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	struct euicc e;
	struct arena a = { 0 };
	struct buf b;

	buf_init(&b, 1 << 16);
	euicc_init(&e, &shared, STR("89049032000000000000000000000197"), 0,
		   (struct rng){ 1 });
	euicc_install(&e, &(struct euicc_profile_spec){
		.iccid = STR("8944000000000000017"),
		.class = PROFILE_CLASS_OPERATIONAL });
	if (size && data[0] & 1)
		shake_hands(&e, &a, &b);
	while (in.n > 3)
		command(&e, &a, &in);
	euicc_release(&e);
	buf_release(&b);
	arena_release(&a);
	return 0;
}
