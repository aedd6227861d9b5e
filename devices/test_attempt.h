/*
 * test_attempt.h - for tests only: one download, message by message, as an SM-DP+ and an
 * LPA together make it, with or without cryptography.
 *
 * What is sent is made by attempt_...() functions and sent by the test, which gives
 * the card's answers back; between two of them anything may be changed.
 */
#ifndef DEVICES_TEST_ATTEMPT_H
#define DEVICES_TEST_ATTEMPT_H

#include "devices/test_peers.h"

struct attempt {
	const struct rsp_crypto *crypto;
	struct arena *arena;
	size_t ci;
	enum rsp_curve curve;
	struct str transaction;
	struct rsp_identity auth, pb;
	struct str challenge;			/* the card's */
	struct str signature1;			/* the card's, whole */
	struct str asked_key;			/* bppEuiccOtpk; none: not asked for */
	/* The package. */
	struct rsp_bpp_spec spec;
	struct rsp_otpk otpk;
	struct rsp_bsp ppk;
	struct rsp_metadata metadata;
	struct rsp_upp_spec upp;
	struct str raw_metadata, raw_upp;	/* instead */
	unsigned char iccid[ICCID_BYTES];
	struct str *segments;
	size_t count;
	size_t metadata_at, keys_at, elements_at;	/* the heads of A1, A2 (or 0), A3 */
};

UNUSED static struct str attempt_sign(struct attempt *t, const struct rsp_identity *id,
				      struct str first, struct str second)
{
	struct buf b = peer_buf();
	struct err err;

	ck_assert_int_eq(rsp_sign(t->crypto, id, first, second, &b, &err), 0);
	return peer_take(&b, t->arena);
}

UNUSED static struct rsp_identity attempt_identity(struct attempt *t, enum rsp_role role)
{
	struct rsp_identity id;
	struct err err = { 0 };

	ck_assert_msg(t->crypto->identity(t->crypto, role, t->ci, str_of(SMDP), SPAN(OID),
					  t->arena, &id, &err) == 0, "%s", err.msg);
	return id;
}

UNUSED static void attempt_init(struct attempt *t, const struct rsp_crypto *crypto, size_t ci,
				struct arena *a, const char *iccid, const char *transaction)
{
	struct rng rng = { 7 };
	struct err err;

	*t = (struct attempt){ .crypto = crypto, .arena = a, .ci = ci,
			       .transaction = str_of(transaction),
			       .curve = crypto->ci_curve(crypto, ci) };
	t->auth = attempt_identity(t, RSP_ROLE_DP_AUTH);
	t->pb = attempt_identity(t, RSP_ROLE_DP_PB);
	ck_assert_int_eq(crypto->make_otpk(crypto, t->curve, &rng, &t->otpk, &err), 0);
	t->spec = (struct rsp_bpp_spec){ .transaction_id = t->transaction,
		.host_id = STR("host"), .eid = str_of(EID), .otpk = &t->otpk,
		.signer = &t->pb };
	iccid_pack(t->iccid, str_of(iccid));
	t->metadata = (struct rsp_metadata){ .iccid = SPAN(t->iccid), .spn = STR("Mobile"),
		.profile_name = STR("Plan"), .profile_class = PROFILE_CLASS_OPERATIONAL };
	t->upp = (struct rsp_upp_spec){ .iccid = str_of(iccid), .memory = 20000,
					.class = PROFILE_CLASS_OPERATIONAL };
	memset(&t->ppk, 0x33, sizeof(t->ppk));
}

/* BF38, for the challenge that the card gave. */
UNUSED static struct str attempt_authenticate(struct attempt *t)
{
	struct rsp_authenticate_request r = { .server_certificate = t->auth.certificate,
		.key_id = t->crypto->ci_key_id(t->crypto, t->ci),
		.context = { .present = true, .device = true, .tac = STR("1234"),
			     .capabilities = STR("") } };
	struct buf b = peer_buf();

	rsp_server_signed1_write(&b, &(struct rsp_server_signed1){
		.transaction_id = t->transaction, .euicc_challenge = t->challenge,
		.server_address = str_of(SMDP), .server_challenge = STR("abcdefghijklmnop") });
	r.server_signed1 = peer_take(&b, t->arena);
	r.server_signature1 = attempt_sign(t, &t->auth, r.server_signed1, STR_NONE);
	b = peer_buf();
	rsp_authenticate_request_write(&b, &r);
	return peer_take(&b, t->arena);
}

UNUSED static void attempt_authenticated(struct attempt *t, struct str answer)
{
	struct rsp_authenticate_response r;
	struct err err;

	ck_assert_int_eq(rsp_authenticate_response_read(answer, &r, &err), 0);
	ck_assert(r.ok);
	t->signature1 = r.euicc_signature1;
}

/* BF21. */
UNUSED static struct str attempt_prepare(struct attempt *t)
{
	struct rsp_prepare_request r = { .smdp_certificate = t->pb.certificate };
	struct buf b = peer_buf();

	rsp_smdp_signed2_write(&b, &(struct rsp_smdp_signed2){
		.transaction_id = t->transaction, .euicc_otpk = t->asked_key });
	r.smdp_signed2 = peer_take(&b, t->arena);
	r.smdp_signature2 = attempt_sign(t, &t->pb, r.smdp_signed2, t->signature1);
	b = peer_buf();
	rsp_prepare_request_write(&b, &r);
	return peer_take(&b, t->arena);
}

UNUSED static void attempt_prepared(struct attempt *t, struct str answer)
{
	struct rsp_prepare_response r;
	struct rsp_euicc_signed2 signed2;
	struct err err;

	ck_assert_int_eq(rsp_prepare_response_read(answer, &r, &err), 0);
	ck_assert(r.ok);
	ck_assert_int_eq(rsp_euicc_signed2_read(r.euicc_signed2, &signed2, &err), 0);
	t->spec.euicc_otpk = signed2.euicc_otpk;
}

/* BF41. */
UNUSED static struct str attempt_cancel(struct attempt *t)
{
	struct buf b = peer_buf();

	rsp_cancel_request_write(&b, &(struct rsp_cancel_request){ t->transaction,
								   ES10_CANCEL_POSTPONED });
	return peer_take(&b, t->arena);
}

/* The package, and its segments. */
UNUSED static void attempt_build(struct attempt *t)
{
	struct buf b = peer_buf();
	struct err err = { 0 };

	rsp_metadata_write(&b, &t->metadata);
	t->spec.metadata = peer_take(&b, t->arena);
	if (t->raw_metadata.p)
		t->spec.metadata = t->raw_metadata;
	b = peer_buf();
	rsp_upp_write(&b, &t->upp);
	t->spec.upp = peer_take(&b, t->arena);
	if (t->raw_upp.p)
		t->spec.upp = t->raw_upp;
	b = peer_buf();
	ck_assert_msg(rsp_bpp_build(t->crypto, &t->spec, &b, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(rsp_bpp_split(peer_take(&b, t->arena), t->arena, &t->segments,
				       &t->count, &err), 0);
	for (size_t i = 0; i < t->count; i++) {
		unsigned tag = (unsigned char)t->segments[i].p[0];

		if (tag == 0xA1)
			t->metadata_at = i;
		if (tag == 0xA2)
			t->keys_at = i;
		if (tag == 0xA3)
			t->elements_at = i;
	}
}

#endif
