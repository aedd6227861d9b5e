#include "devices/euicc_download.h"
#include "proto/rsp_bpp.h"

#include <assert.h>
#include <stdlib.h>

enum { DER_MAX = 64 * 1024 };

enum stage { STAGE_CHALLENGED, STAGE_DISCOVERED, STAGE_AUTHENTICATED, STAGE_PREPARED };

struct euicc_session {
	enum stage stage;
	unsigned char challenge[RSP_CHALLENGE_BYTES];
	struct arena arena;		/* of the strings below */
	struct str transaction;
	struct str address;		/* serverAddress: told of the result */
	struct str oid;			/* of the SM-DP+ */
	struct str signature1;		/* own, whole 5F37 */
	struct rsp_bpp_reader reader;	/* from STAGE_PREPARED */
	bool metadata_checked;
	int ci;				/* under which the card signs */
	enum rsp_curve curve;		/* of the SM-DP+'s keys */
};

static const char VERSION[] = { 2, 2, 2 };	/* SGP.22 v2.2.2 */

#define BYTES(array) ((struct str){ array, sizeof(array) })

/* What was written, in memory of `a`. */
static struct str take(struct buf *b, struct arena *a)
{
	struct str s;

	assert(!b->over);
	s = arena_str(a, buf_view(b));
	buf_release(b);
	return s;
}

/* Write object `o` of kind `x` and leave the bytes in `a`. */
#define DEFINE_DER(x) \
	static struct str der_##x(struct arena *a, const struct rsp_##x *o) \
	{ \
		struct buf b; \
		buf_init(&b, DER_MAX); \
		rsp_##x##_write(&b, o); \
		return take(&b, a); \
	}
DEFINE_DER(euicc_info1)
DEFINE_DER(euicc_info2)
DEFINE_DER(euicc_signed1)
DEFINE_DER(authenticate_response)
DEFINE_DER(euicc_signed2)
DEFINE_DER(prepare_response)
DEFINE_DER(notification_metadata)
DEFINE_DER(install_data)
DEFINE_DER(install_result)
DEFINE_DER(other_notification)
DEFINE_DER(cancel_signed)
DEFINE_DER(cancel_response)

void euicc_session_end(struct euicc *e)
{
	struct euicc_session *s = e->session;

	if (!s)
		return;
	if (s->stage == STAGE_PREPARED)
		rsp_bpp_reader_release(&s->reader);
	arena_release(&s->arena);
	free(s);
	e->session = NULL;
}

/* ---- Signing. ----------------------------------------------------------- */

/* Certificates are found when they are needed: an idle card holds none.  False: the
 * card has no key under that CI. */
static bool identity(struct euicc *e, struct arena *a, int ci, struct rsp_identity *id)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct err err;

	return c->identity(c, RSP_ROLE_EUICC, (size_t)ci, (struct str){ e->eid, EID_DIGITS },
			   STR_NONE, a, id, &err) == 0;
}

/* The same for a CI that the card has signed under before. */
static void known_identity(struct euicc *e, struct arena *a, int ci,
			   struct rsp_identity *id)
{
	bool found = identity(e, a, ci, id);

	assert(found);
}

/* A whole 5F37 over `first` and `second`. */
static struct str sign(struct euicc *e, struct arena *a,
		       const struct rsp_identity *id, struct str first,
		       struct str second)
{
	struct err err;
	struct buf b;
	int rc;

	buf_init(&b, DER_MAX);
	rc = rsp_sign(e->shared->crypto, id, first, second, &b, &err);
	assert(rc == 0);
	return take(&b, a);
}

static struct str note_metadata(struct arena *a, uint32_t sequence,
				unsigned event, const char *iccid,
				struct str address)
{
	unsigned char packed[ICCID_BYTES];
	struct rsp_notification_metadata m = {
		.sequence = sequence, .event = event, .address = address,
	};

	if (iccid[0]) {
		iccid_pack(packed, str_of(iccid));
		m.iccid = (struct str){ (char *)packed, sizeof(packed) };
	}
	return der_notification_metadata(a, &m);
}

struct str euicc_sign_note(struct euicc *e, struct arena *a, int ci, uint32_t sequence,
			   unsigned event, const char *iccid, struct str address)
{
	struct rsp_other_notification n = { 0 };
	struct rsp_identity id;

	known_identity(e, a, ci, &id);
	n.metadata = note_metadata(a, sequence, event, iccid, address);
	n.signature = sign(e, a, &id, n.metadata, STR_NONE);
	n.euicc_certificate = id.certificate;
	n.eum_certificate = id.issuer;
	return der_other_notification(a, &n);
}

/* ---- What the card says of itself. -------------------------------------- */

static struct str ci_list(struct euicc *e, struct arena *a)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct buf b;

	buf_init(&b, DER_MAX);
	for (size_t i = 0; i < c->ci_count(c); i++)
		tlv_put(&b, TLV_OCTETS, c->ci_key_id(c, i));
	return take(&b, a);
}

void euicc_get_info1(struct euicc *e, const struct es10_request *rq,
		     struct arena *a, struct es10_answer *an)
{
	struct str list = ci_list(e, a);
	struct rsp_euicc_info1 info = { BYTES(VERSION), list, list };

	(void)rq;
	an->der = der_euicc_info1(a, &info);
}

static struct str card_resource(struct euicc *e, struct arena *a)
{
	enum { RAM = 8 * 1024 };
	struct buf b;

	buf_init(&b, DER_MAX);
	rsp_card_resource_write(&b, e->profile_count, euicc_memory_free(e), RAM);
	return take(&b, a);
}

void euicc_get_info2(struct euicc *e, const struct es10_request *rq,
		     struct arena *a, struct es10_answer *an)
{
	static const char profile_version[] = { 2, 3, 1 };
	static const char firmware[] = { 1, 0, 0 }, pp_version[] = { 0, 0, 1 };
	static const char uicc[] = { 4, 0x7F, (char)0xB0 }, rsp[] = { 3, (char)0x98 };
	struct str list = ci_list(e, a);
	struct rsp_euicc_info2 info = {
		.profile_version = BYTES(profile_version),
		.svn = BYTES(VERSION), .firmware = BYTES(firmware),
		.card_resource = card_resource(e, a),
		.uicc_capability = BYTES(uicc), .rsp_capability = BYTES(rsp),
		.ci_verify = list, .ci_sign = list, .category = -1,
		.forbidden_ppr = euicc_rat_forbidden(euicc_rat_of(e)),
		.pp_version = BYTES(pp_version), .sas_number = STR("ESIMRIG-01"),
	};

	(void)rq;
	an->der = der_euicc_info2(a, &info);
}

void euicc_get_rat(struct euicc *e, const struct es10_request *rq,
		   struct arena *a, struct es10_answer *an)
{
	struct buf b;

	(void)rq;
	buf_init(&b, DER_MAX);
	euicc_rat_write(euicc_rat_of(e), &b);
	an->der = take(&b, a);
}

/* A new challenge is a new session; an open one ends (5.7.7). */
void euicc_get_challenge(struct euicc *e, const struct es10_request *rq,
			 struct arena *a, struct es10_answer *an)
{
	struct euicc_session *s;

	(void)rq;
	euicc_session_end(e);
	s = calloc(1, sizeof(*s));
	assert(s);
	e->session = s;
	e->shared->crypto->random(e->shared->crypto, &e->rng, s->challenge,
				  sizeof(s->challenge));
	an->der = arena_str(a, (struct str){ (char *)s->challenge,
					     sizeof(s->challenge) });
}

/* ---- AuthenticateServer. ------------------------------------------------ */

static int64_t now_ms(const struct euicc *e)
{
	return e->shared->clock ? clock_unix_ms(e->shared->clock) : 0;
}

/* An SM-DP+, or else an SM-DS: the certificate says which. */
static int check_server_certificate(struct euicc *e, struct str der,
				    struct rsp_certificate *cert)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct err err;

	if (c->check_certificate(c, RSP_ROLE_DP_AUTH, der, STR_NONE, now_ms(e), cert,
				 &err) == 0)
		return 0;
	if (cert->problem != RSP_PROBLEM_FORM)
		return -1;
	return c->check_certificate(c, RSP_ROLE_DS_AUTH, der, STR_NONE, now_ms(e), cert, &err);
}

/* authenticateErrorCode for a certificate that was not taken. */
static int authenticate_code(enum rsp_problem problem)
{
	switch (problem) {
	case RSP_PROBLEM_NONE:
		return ES10_OK;
	case RSP_PROBLEM_FORM:
	case RSP_PROBLEM_ISSUER:
		break;
	case RSP_PROBLEM_CURVE:
		return ES10_AUTH_CURVE;
	case RSP_PROBLEM_OID:
		return ES10_AUTH_OID;
	case RSP_PROBLEM_CI:
		return ES10_AUTH_CI_UNKNOWN;
	case RSP_PROBLEM_REVOKED:
		return ES10_AUTH_REVOKED;
	case RSP_PROBLEM_CRL:
		return ES10_AUTH_CRL_MISSING;
	case RSP_PROBLEM_TIME:
		return ES10_AUTH_TIME;
	}
	return ES10_AUTH_CERTIFICATE;
}

/* The checks of 5.7.13, in its order. */
static int check_server(struct euicc *e, struct arena *a,
			const struct rsp_authenticate_request *r,
			const struct rsp_server_signed1 *signed1,
			struct rsp_certificate *cert)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct euicc_session *s = e->session;
	struct rsp_identity own;
	struct err err;

	if (!s || s->stage != STAGE_CHALLENGED)
		return ES10_AUTH_NO_SESSION;
	s->ci = rsp_ci_find(c, r->key_id);
	if (s->ci < 0)
		return ES10_AUTH_CI_UNKNOWN;
	if (check_server_certificate(e, r->server_certificate, cert) < 0)
		return authenticate_code(cert->problem);
	if (rsp_verify(c, r->server_certificate, r->server_signed1, STR_NONE,
		       r->server_signature1, &err) < 0)
		return ES10_AUTH_SIGNATURE;
	if (!rsp_bytes_equal(signed1->euicc_challenge,
			     (struct str){ (char *)s->challenge,
					   sizeof(s->challenge) }))
		return ES10_AUTH_CHALLENGE;
	/* A card that its user brought may have no key under that CI. */
	return identity(e, a, s->ci, &own) ? ES10_OK : ES10_AUTH_CI_UNKNOWN;
}

static void begin_transaction(struct euicc *e, struct arena *a,
			      const struct rsp_authenticate_request *r,
			      const struct rsp_server_signed1 *signed1,
			      const struct rsp_certificate *cert,
			      struct es10_answer *an)
{
	struct euicc_session *s = e->session;
	struct rsp_authenticate_response ok = { .ok = true, .error_code = -1 };
	struct es10_request none = { 0 };
	struct es10_answer info2 = { 0 };
	struct rsp_identity id;

	/* An SM-DS has nothing to be downloaded: that was all of its session. */
	s->stage = cert->role == RSP_ROLE_DS_AUTH ? STAGE_DISCOVERED : STAGE_AUTHENTICATED;
	s->transaction = arena_str(&s->arena, signed1->transaction_id);
	s->address = arena_str(&s->arena, signed1->server_address);
	s->oid = arena_str(&s->arena, cert->oid);
	euicc_get_info2(e, &none, a, &info2);
	known_identity(e, a, s->ci, &id);
	ok.euicc_signed1 = der_euicc_signed1(a, &(struct rsp_euicc_signed1){
		.transaction_id = signed1->transaction_id,
		.server_address = signed1->server_address,
		.server_challenge = signed1->server_challenge,
		.euicc_info2 = info2.der, .context = r->context,
	});
	ok.euicc_signature1 = sign(e, a, &id, ok.euicc_signed1, STR_NONE);
	s->signature1 = arena_str(&s->arena, ok.euicc_signature1);
	ok.euicc_certificate = id.certificate;
	ok.eum_certificate = id.issuer;
	an->der = der_authenticate_response(a, &ok);
}

void euicc_authenticate_server(struct euicc *e, const struct es10_request *rq,
			       struct arena *a, struct es10_answer *an)
{
	struct rsp_authenticate_request r;
	struct rsp_server_signed1 signed1;
	struct rsp_certificate cert = { 0 };
	struct err err;

	if (rsp_authenticate_request_read(rq->der, &r, &err) < 0 ||
	    rsp_server_signed1_read(r.server_signed1, &signed1, &err) < 0) {
		an->code = ES10_UNDEFINED_ERROR;
		return;
	}
	an->code = check_server(e, a, &r, &signed1, &cert);
	if (an->code == ES10_OK) {
		begin_transaction(e, a, &r, &signed1, &cert, an);
		return;
	}
	euicc_session_end(e);
	an->der = der_authenticate_response(a, &(struct rsp_authenticate_response){
		.failed = true, .transaction_id = signed1.transaction_id,
		.error_code = an->code,
	});
}

/* ---- The one-time key pair. ---------------------------------------------- */

void euicc_keep_key(struct euicc *e, const struct rsp_otpk *otpk, struct str oid)
{
	assert(oid.n <= RSP_OID_MAX);
	if (!e->key)
		e->key = malloc(sizeof(*e->key));
	assert(e->key);
	*e->key = (struct euicc_key){ .otpk = *otpk, .oid_n = (uint8_t)oid.n };
	memcpy(e->key->oid, oid.p, oid.n);
}

/* ---- PrepareDownload. --------------------------------------------------- */

/* The checks of 5.7.5, in its order. */
static int check_smdp(struct euicc *e, const struct rsp_prepare_request *r,
		      const struct rsp_smdp_signed2 *signed2)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct euicc_session *s = e->session;
	struct rsp_certificate cert = { 0 };
	struct err err;

	if (!s || s->stage != STAGE_AUTHENTICATED)
		return ES10_PREPARE_NO_SESSION;
	if (c->check_certificate(c, RSP_ROLE_DP_PB, r->smdp_certificate,
				 STR_NONE, now_ms(e), &cert, &err) < 0)
		return cert.problem == RSP_PROBLEM_CURVE ? ES10_PREPARE_CURVE :
							   ES10_PREPARE_CERTIFICATE;
	if (!str_eq(cert.oid, s->oid))
		return ES10_PREPARE_CERTIFICATE;
	s->curve = cert.curve;
	if (rsp_verify(c, r->smdp_certificate, r->smdp_signed2, s->signature1,
		       r->smdp_signature2, &err) < 0)
		return ES10_PREPARE_SIGNATURE;
	if (!str_eq(signed2->transaction_id, s->transaction))
		return ES10_PREPARE_TRANSACTION;
	return ES10_OK;
}

/* The key pair that the SM-DP+ bound a package to in an earlier try, if that is the
 * one that is kept for it; otherwise a new one, which is kept. */
static int one_time_key(struct euicc *e, struct str wanted, struct rsp_otpk *otpk)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct euicc_session *s = e->session;
	struct euicc_key *k = e->key;
	struct err err;

	if (k && wanted.p && k->otpk.curve == s->curve &&
	    str_eq(s->oid, (struct str){ k->oid, k->oid_n }) &&
	    str_eq(wanted, (struct str){ (char *)k->otpk.public_point, RSP_POINT_BYTES })) {
		*otpk = k->otpk;
		return 0;
	}
	if (c->make_otpk(c, s->curve, &e->rng, otpk, &err) < 0)
		return -1;
	euicc_keep_key(e, otpk, s->oid);
	return 0;
}

static void prepare(struct euicc *e, struct arena *a,
		    const struct rsp_prepare_request *r, struct str wanted_key,
		    struct es10_answer *an)
{
	const struct rsp_crypto *c = e->shared->crypto;
	struct euicc_session *s = e->session;
	struct rsp_prepare_response ok = { .ok = true, .error_code = -1 };
	struct rsp_identity id;
	struct rsp_otpk otpk;

	if (one_time_key(e, wanted_key, &otpk) < 0) {
		an->code = ES10_UNDEFINED_ERROR;
		return;
	}
	rsp_bpp_reader_init(&s->reader, c, &otpk,
			    (struct str){ e->eid, EID_DIGITS }, s->transaction,
			    r->smdp_certificate);
	if (e->shared->tolerant)
		s->reader.segment_max = RSP_SEGMENT_TOLERATED;
	s->stage = STAGE_PREPARED;
	known_identity(e, a, s->ci, &id);
	ok.euicc_signed2 = der_euicc_signed2(a, &(struct rsp_euicc_signed2){
		.transaction_id = s->transaction,
		.euicc_otpk = { (char *)otpk.public_point, RSP_POINT_BYTES },
		.hash_cc = r->hash_cc,
	});
	ok.euicc_signature2 = sign(e, a, &id, ok.euicc_signed2,
				   r->smdp_signature2);
	an->der = der_prepare_response(a, &ok);
}

void euicc_prepare_download(struct euicc *e, const struct es10_request *rq,
			    struct arena *a, struct es10_answer *an)
{
	struct rsp_prepare_request r;
	struct rsp_smdp_signed2 signed2;
	struct str transaction;
	struct err err;

	if (rsp_prepare_request_read(rq->der, &r, &err) < 0 ||
	    rsp_smdp_signed2_read(r.smdp_signed2, &signed2, &err) < 0) {
		an->code = ES10_UNDEFINED_ERROR;
		return;
	}
	an->code = check_smdp(e, &r, &signed2);
	if (an->code == ES10_OK)
		prepare(e, a, &r, signed2.euicc_otpk, an);
	if (an->code == ES10_OK)
		return;
	transaction = e->session && e->session->transaction.n ?
		      e->session->transaction : signed2.transaction_id;
	an->der = der_prepare_response(a, &(struct rsp_prepare_response){
		.failed = true, .transaction_id = transaction,
		.error_code = an->code,
	});
	euicc_session_end(e);
}

/* ---- LoadBoundProfilePackage. ------------------------------------------- */

/* What the metadata say, or the reason why they are refused.  Texts that more than
 * one entry has are kept as they came. */
static int read_metadata(const struct euicc *e, struct euicc_profile_spec *spec,
			 char iccid[ICCID_SIZE])
{
	const struct euicc_session *s = e->session;
	struct rsp_metadata m;
	struct str config;
	unsigned events;
	struct str address;
	struct err err;
	int rc;

	if (rsp_metadata_read(buf_view(&s->reader.metadata), &m, &err) < 0 ||
	    iccid_unpack(iccid, m.iccid) < 0)
		return ES10_LOAD_BAD_INPUT;
	if (m.profile_class >= PROFILE_CLASSES)
		return ES10_LOAD_CLASS;
	if (euicc_rat_allows(euicc_rat_of(e), m.ppr, m.owner) == RAT_NO)
		return ES10_LOAD_PPR;
	config = m.notification_config;
	while ((rc = rsp_notification_config_next(&config, &events, &address,
						  &err)) > 0)
		;
	if (rc < 0)
		return ES10_LOAD_BAD_INPUT;
	*spec = (struct euicc_profile_spec){
		.iccid = str_of(iccid), .ppr = m.ppr,
		.class = m.profile_class < 0 ? PROFILE_CLASS_OPERATIONAL :
			 (enum profile_class)m.profile_class,
		.text = {
			[TEXT_SPN] = m.spn, [TEXT_NAME] = m.profile_name,
			[TEXT_SMDP] = s->address,
			[TEXT_NOTIFY] = m.notification_config,
		},
	};
	for (int i = 0; i < PROFILE_TEXTS; i++)
		if (spec->text[i].n > EUICC_TEXT_MAX)
			return ES10_LOAD_BAD_INPUT;
	return ES10_OK;
}

static struct str sima_response(struct arena *a, const struct rsp_upp *upp)
{
	struct buf b;

	buf_init(&b, DER_MAX);
	rsp_upp_response(&b, upp);
	return take(&b, a);
}

/* The result, and the notification of it, whichever way it went; `upp` is what
 * the profile elements were, if they were looked at. */
static void finish(struct euicc *e, struct arena *a, const char *iccid,
		   int command, int reason, const struct rsp_upp *upp,
		   struct es10_answer *an)
{
	struct euicc_session *s = e->session;
	const struct euicc_profile *p = euicc_find(e, str_of(iccid));
	struct rsp_install_data data = { 0 };
	struct rsp_install_result result;
	unsigned char aid[EUICC_AID_BYTES];
	struct rsp_identity id;

	/* No second try of this binding comes after a result. */
	free(e->key);
	e->key = NULL;
	e->sequence++;
	data.transaction_id = s->transaction;
	data.smdp_oid = s->oid;
	data.notification = note_metadata(a, e->sequence, NOTIFY_INSTALL, iccid,
					  s->address);
	data.final = true;
	data.success = reason == ES10_OK;
	data.failed = !data.success;
	data.command = data.reason = -1;
	if (data.success) {
		profile_aid(p, aid);
		data.aid = (struct str){ (char *)aid, sizeof(aid) };
		data.sima_response = sima_response(a, upp);
	} else {
		data.command = command;
		data.reason = reason;
		if (reason == ES10_LOAD_PE)
			data.failed_sima_response = sima_response(a, upp);
	}
	known_identity(e, a, s->ci, &id);
	result.data = der_install_data(a, &data);
	result.signature = sign(e, a, &id, result.data, STR_NONE);
	an->der = der_install_result(a, &result);
	an->finished = true;
	an->code = reason;
	an->command = command;
	memcpy(an->iccid, iccid, strlen(iccid) + 1);
	euicc_add_note(e, e->sequence, NOTIFY_INSTALL, iccid, s->address,
		       an->der);
	euicc_session_end(e);
}

/* The whole package is there: make a profile of it. */
static int install(struct euicc *e, struct euicc_profile_spec *spec, struct rsp_upp *upp)
{
	struct err err;

	if (rsp_upp_read(buf_view(&e->session->reader.upp), upp, &err) < 0)
		return ES10_LOAD_PE;
	if (!str_is(spec->iccid, upp->iccid))
		return ES10_LOAD_MISMATCH;
	/* A test profile may be no way into a real network (2.4.5.3). */
	if (spec->class == PROFILE_CLASS_TEST && upp->secret_key)
		return ES10_LOAD_TEST_KEY;
	spec->memory = upp->memory;
	return euicc_install(e, spec);
}

void euicc_load_package(struct euicc *e, const struct es10_request *rq,
			struct arena *a, struct es10_answer *an)
{
	struct euicc_session *s = e->session;
	struct euicc_profile_spec spec = { 0 };
	char iccid[ICCID_SIZE] = "";
	struct rsp_upp upp;
	struct err err;
	int code;

	if (!s || s->stage != STAGE_PREPARED) {
		an->code = ES10_UNDEFINED_ERROR;
		return;
	}
	if (rsp_bpp_reader_feed(&s->reader, rq->der, &err) < 0) {
		if (s->metadata_checked)
			read_metadata(e, &spec, iccid);
		finish(e, a, iccid, (int)s->reader.failed_command,
		       (int)s->reader.failed_reason, NULL, an);
		return;
	}
	code = s->reader.stage > RSP_BPP_METADATA ? read_metadata(e, &spec, iccid) : ES10_OK;
	/* A card that has the profile says so before it takes the rest. */
	if (code == ES10_OK && iccid[0] && !s->metadata_checked && euicc_find(e, spec.iccid))
		code = ES10_LOAD_ICCID_EXISTS;
	if (code != ES10_OK) {
		finish(e, a, iccid, ES10_CMD_METADATA, code, NULL, an);
		return;
	}
	s->metadata_checked = iccid[0] != '\0';
	if (s->reader.stage != RSP_BPP_DONE)
		return;
	spec.ci = (uint8_t)s->ci;
	code = install(e, &spec, &upp);
	finish(e, a, iccid, ES10_CMD_ELEMENTS, code, &upp, an);
}

/* ---- CancelSession. ----------------------------------------------------- */

void euicc_cancel_session(struct euicc *e, const struct es10_request *rq,
			  struct arena *a, struct es10_answer *an)
{
	struct euicc_session *s = e->session;
	struct rsp_cancel_response ok = { .ok = true, .error_code = -1 };
	struct rsp_cancel_request r;
	struct rsp_identity id;
	struct err err;

	if (rsp_cancel_request_read(rq->der, &r, &err) < 0) {
		an->code = ES10_UNDEFINED_ERROR;
	} else if (!s || s->stage == STAGE_CHALLENGED ||
		   !str_eq(r.transaction_id, s->transaction)) {
		an->code = ES10_CANCEL_TRANSACTION;
	} else {
		known_identity(e, a, s->ci, &id);
		ok.cancel_signed = der_cancel_signed(a, &(struct rsp_cancel_signed){
			.transaction_id = s->transaction, .smdp_oid = s->oid,
			.reason = r.reason,
		});
		ok.signature = sign(e, a, &id, ok.cancel_signed, STR_NONE);
		an->der = der_cancel_response(a, &ok);
		euicc_session_end(e);
		return;
	}
	an->der = der_cancel_response(a, &(struct rsp_cancel_response){
		.error_code = an->code,
	});
}
