#include "smdp/internal.h"

#include "proto/es10.h"
#include "proto/hex.h"
#include "smdp/client.h"

#include <assert.h>
#include <stdlib.h>

/* One request on its way through a function. */
struct request {
	struct smdp *s;
	struct http_exchange *x;
	struct es9_message in, out;
	struct err err;		/* why it was refused, for the log */
	struct smdp_session *over;	/* to be ended when that is logged */
};

/* ---- initiateAuthentication (SGP.22, 5.6.1). ---------------------------- */

static enum status_code initiate(struct request *r)
{
	struct smdp *s = r->s;
	struct smdp_session *session;
	struct smdp_choice choice;
	enum status_code code;

	if (!smdp_same_host(r->in.smdp_address, str_of(s->address)))
		return STATUS_ADDRESS_REFUSED;
	if (r->in.euicc_challenge.n != RSP_CHALLENGE_BYTES)
		return STATUS_FORMAT;
	code = smdp_choose(&s->identities, r->in.euicc_info1, &choice, &r->err);
	if (code != STATUS_OK)
		return code;
	session = smdp_session_new(s);
	if (!session)
		return STATUS_BUSY;
	session->own = choice.own;
	session->euicc_ci = choice.euicc_ci;
	r->out.transaction_id = smdp_session_id(session);
	if (smdp_greet(&s->identities, &choice, r->in.euicc_challenge, session->challenge,
		       r->x->arena, &s->part, &r->out, &r->err) < 0) {
		smdp_session_end(session, "failed");
		return STATUS_CERTIFICATE_UNAVAILABLE;
	}
	EVENT(s->log, str_of(s->party), "session-started",
	      F_STR("transaction", hex_of(r->x->arena, smdp_session_id(session))),
	      F_STR("from", r->x->from));
	return STATUS_OK;
}

/* ---- authenticateClient (SGP.22, 5.6.3). -------------------------------- */

/* The eUICC's own refusal: its word goes into the log. */
static enum status_code euicc_error(struct request *r, enum es10_function f, int64_t code)
{
	const char *name = es10_result_name(f, code < 0 || code > ES10_UNDEFINED_ERROR ?
					    ES10_UNDEFINED_ERROR : (int)code);

	err_set(&r->err, ERR_DENIED, "%s: %s", es10_function_name(f),
		name ? name : "unknown error");
	return STATUS_EUICC_ERROR;
}

/* Certificates, signature, and that it speaks of this session. */
static enum status_code check_client(struct request *r,
				     const struct smdp_session *session,
				     struct smdp_client *c)
{
	return smdp_client_check(&(struct smdp_client_check){
		.crypto = r->s->crypto,
		.now_ms = clock_unix_ms(&r->s->loop->clock),
		.euicc_ci = session->euicc_ci,
		.transaction_id = smdp_session_id(session),
		.challenge = { session->challenge, RSP_CHALLENGE_BYTES },
		.address = str_of(r->s->address),
	}, c, &r->err);
}

/* Why a profile in that state is not downloaded; STATUS_OK if it may be. */
static enum status_code check_state(const struct smdp_profile *p)
{
	switch (p->state) {
	case SMDP_RELEASED:
	case SMDP_DOWNLOADED:
		return STATUS_OK;
	case SMDP_ALLOCATED:
	case SMDP_LINKED:
	case SMDP_CONFIRMED:
		return STATUS_PROFILE_NOT_RELEASED;
	case SMDP_ERROR:
		/* Only these two have a code of their own (5.6.3). */
		if (p->fault == STATUS_ORDER_EXPIRED ||
		    p->fault == STATUS_RETRIES_EXCEEDED)
			return p->fault;
		break;
	case SMDP_NONE:
	case SMDP_AVAILABLE:
	case SMDP_INSTALLED:
	case SMDP_UNAVAILABLE:
	case SMDP_STATES:
		break;
	}
	return STATUS_MATCHING_ID_REFUSED;
}

/* The order goes to SMDP_ERROR, and says from now on why. */
static enum status_code end_order(struct smdp *s, struct smdp_profile *p,
				  enum smdp_event event, enum status_code why)
{
	struct err err;

	/* A delivered package may still have its result on the way: then an
	 * expired order is refused, but stays what it is. */
	if (smdp_move(s, p, event, &err) == 0)
		p->fault = why;
	return why;
}

static enum status_code check_eid(const struct smdp_profile *p,
				  const char *eid)
{
	if (p->eid[0] && strcmp(p->eid, eid) != 0)
		return STATUS_EID_REFUSED;
	/* A package that was delivered is bound to its eUICC. */
	if (p->state == SMDP_DOWNLOADED && strcmp(p->bound_eid, eid) != 0)
		return STATUS_EID_REFUSED;
	return STATUS_OK;
}

/* May this eUICC have this profile now?  May end the order. */
static enum status_code check_eligible(struct smdp *s, struct smdp_profile *p,
				       const struct smdp_client *c)
{
	enum status_code code = check_state(p);
	uint32_t free_flash;

	if (code == STATUS_OK)
		code = check_eid(p, c->certificate.eid);
	if (code != STATUS_OK)
		return code;
	if (p->expires_ms && clock_unix_ms(&s->loop->clock) >= p->expires_ms)
		return end_order(s, p, SMDP_EV_EXPIRE, STATUS_ORDER_EXPIRED);
	if (p->attempts >= p->attempts_max)
		return end_order(s, p, SMDP_EV_EXHAUST, STATUS_RETRIES_EXCEEDED);
	if (p->ppr & c->info2.forbidden_ppr)
		return STATUS_NO_ELIGIBLE_PROFILE;
	if (rsp_card_free_flash(c->info2.card_resource, &free_flash) == 0 &&
	    free_flash < p->memory)
		return STATUS_EUICC_MEMORY;
	return STATUS_OK;
}

/* The profile that is meant, by matching id or, without one, by EID; `*found` is the
 * one that the code is about, or NULL. */
static enum status_code find_order(struct smdp *s, const struct smdp_client *c,
				   struct smdp_profile **found)
{
	struct str id = c->signed1.context.matching_id;
	struct smdp_profile *p;
	enum status_code code, first = STATUS_OK;

	*found = NULL;
	if (id.n) {
		p = map_get(&s->by_matching_id, id);
		if (!p)
			return STATUS_MATCHING_ID_REFUSED;
		*found = p;
		return check_eligible(s, p, c);
	}
	p = map_get(&s->by_eid, str_of(c->certificate.eid));
	if (!p)
		return STATUS_EID_REFUSED;
	for (; p; p = p->next_of_eid) {
		code = check_eligible(s, p, c);
		/* What was installed already is no reason that helps anyone. */
		if (code == STATUS_OK || first == STATUS_OK ||
		    first == STATUS_MATCHING_ID_REFUSED) {
			first = code;
			*found = p;
		}
		if (code == STATUS_OK)
			break;
	}
	return first;
}

/* Move what `b` holds into the exchange's memory. */
static struct str take(struct request *r, struct buf *b)
{
	struct str s = arena_str(r->x->arena, buf_view(b));

	buf_clear(b);
	return s;
}

static struct str write_metadata(struct request *r,
				 const struct smdp_profile *p)
{
	unsigned char iccid[ICCID_BYTES];
	struct rsp_metadata m = {
		.iccid = { (char *)iccid, sizeof(iccid) },
		.spn = p->spn,
		.profile_name = p->name.p ? p->name : STR(""),
		.profile_class = p->class,
		.ppr = p->ppr,
		.owner = p->owner[0] ? (struct str){ (const char *)p->owner,
						     sizeof(p->owner) } : STR_NONE,
	};

	iccid_pack(iccid, str_of(p->iccid));
	rsp_notification_config_write(&r->s->more, NOTIFY_INSTALL | NOTIFY_ENABLE |
				      NOTIFY_DISABLE | NOTIFY_DELETE,
				      str_of(r->s->address));
	m.notification_config = buf_view(&r->s->more);
	rsp_metadata_write(&r->s->part, &m);
	buf_clear(&r->s->more);
	return take(r, &r->s->part);
}

/* The operator may have taken the order back and given a new one for the profile:
 * that one is none of this session's. */
static bool has_order(const struct smdp_session *session)
{
	return session->profile && session->profile->order == session->order;
}

/* The binding that this session may have again, or NULL. */
static const struct smdp_binding *earlier_binding(const struct smdp_session *session)
{
	const struct smdp_profile *p = session->profile;

	return p->binding && strcmp(p->bound_eid, session->eid) == 0 &&
	       p->binding->own.curve == session->own->curve ? p->binding : NULL;
}

static enum status_code offer(struct request *r, struct smdp_session *session,
			      const struct smdp_client *c)
{
	struct smdp *s = r->s;
	const struct smdp_binding *earlier = earlier_binding(session);

	r->out.transaction_id = smdp_session_id(session);
	r->out.metadata = write_metadata(r, session->profile);
	rsp_smdp_signed2_write(&s->part, &(struct rsp_smdp_signed2){
		.transaction_id = smdp_session_id(session),
		.cc_required = session->profile->cc_required,
		.euicc_otpk = earlier ? (struct str){ (const char *)earlier->euicc_point,
						      RSP_POINT_BYTES } : STR_NONE,
	});
	r->out.smdp_signed2 = take(r, &s->part);
	if (rsp_sign(s->crypto, &session->own->pb, r->out.smdp_signed2,
		     c->response.euicc_signature1, &s->part, &r->err) < 0)
		return STATUS_CERTIFICATE_UNAVAILABLE;
	r->out.smdp_signature2 = take(r, &s->part);
	r->out.smdp_certificate = session->own->pb.certificate;
	smdp_keep(&session->smdp_signature2, r->out.smdp_signature2);
	return STATUS_OK;
}

static enum status_code authenticate(struct request *r,
				     struct smdp_session *session)
{
	struct smdp *s = r->s;
	struct smdp_client c;
	struct smdp_profile *p;
	enum status_code code;

	if (rsp_authenticate_response_read(r->in.authenticate_response,
					   &c.response, &r->err) < 0)
		return STATUS_FORMAT;
	if (c.response.failed)
		return euicc_error(r, ES10_AUTHENTICATE_SERVER, c.response.error_code);
	code = check_client(r, session, &c);
	if (code != STATUS_OK)
		return code;
	memcpy(session->eid, c.certificate.eid, sizeof(session->eid));
	code = find_order(s, &c, &p);
	if (p)
		smdp_tell_progress(s, p, session->eid, SMDP_POINT_ELIGIBILITY, code,
				   STR_NONE);
	if (code != STATUS_OK)
		return code;
	session->profile = p;
	code = offer(r, session, &c);
	if (code != STATUS_OK)
		return code;
	session->order = session->profile->order;
	session->profile->attempts++;
	smdp_keep(&session->euicc_certificate, c.response.euicc_certificate);
	session->state = SMDP_SESSION_AUTHENTICATED;
	smdp_session_know(session);
	EVENT(s->log, str_of(s->party), "session-authenticated",
	      F_STR("transaction", hex_of(r->x->arena, smdp_session_id(session))),
	      F_Z("eid", session->eid), F_Z("iccid", session->profile->iccid));
	return STATUS_OK;
}

/* ---- getBoundProfilePackage (SGP.22, 5.6.2). ---------------------------- */

/* The operator is told; it changes nothing. */
static enum status_code told(const struct smdp_session *session, enum smdp_point point,
			     enum status_code code)
{
	smdp_tell_progress(session->smdp, session->profile, session->eid, point, code,
			   STR_NONE);
	return code;
}

static enum status_code check_cc(struct smdp *s, struct smdp_session *session,
				 struct str hash)
{
	struct smdp_profile *p = session->profile;
	unsigned char want[RSP_HASH_BYTES];

	if (!p->cc_required)
		return STATUS_OK;
	if (!hash.p)
		return STATUS_CC_MISSING;
	rsp_hash_cc_of_hash(p->cc_hash, smdp_session_id(session), want);
	if (rsp_bytes_equal(hash, (struct str){ (char *)want, sizeof(want) })) {
		p->cc_attempts = 0;
		return STATUS_OK;
	}
	if (++p->cc_attempts >= SMDP_CC_ATTEMPTS_MAX)
		return end_order(s, p, SMDP_EV_EXHAUST,
				 STATUS_CC_RETRIES_EXCEEDED);
	return STATUS_CC_REFUSED;
}

/* The key pair for the eUICC's: that of an earlier try if it is the same one there,
 * or else a new one, which is kept for the next. */
static int bind(struct request *r, const struct smdp_session *session,
		struct str euicc_otpk, struct rsp_otpk *otpk)
{
	const struct smdp_binding *earlier = earlier_binding(session);
	struct smdp_profile *p = session->profile;
	struct smdp *s = r->s;

	if (earlier && str_eq(euicc_otpk, (struct str){
			(const char *)earlier->euicc_point, RSP_POINT_BYTES })) {
		*otpk = earlier->own;
		EVENT(s->log, str_of(s->party), "keys-used-again",
		      F_STR("transaction", hex_of(r->x->arena, smdp_session_id(session))),
		      F_Z("iccid", p->iccid));
		return 0;
	}
	return s->crypto->make_otpk(s->crypto, session->own->curve, &s->keys, otpk, &r->err);
}

static void keep_binding(struct smdp_profile *p, struct str euicc_otpk,
			 const struct rsp_otpk *own)
{
	if (!p->binding)
		p->binding = malloc(sizeof(*p->binding));
	assert(p->binding && euicc_otpk.n == RSP_POINT_BYTES);
	p->binding->own = *own;
	memcpy(p->binding->euicc_point, euicc_otpk.p, RSP_POINT_BYTES);
}

/* Keys of the package itself (PPK; SGP.22, 2.5.4): made once for an order, so that the
 * profile might be protected before anybody asks for it.  NULL: it has none. */
static const struct rsp_bsp *own_keys(struct smdp *s, struct smdp_profile *p)
{
	struct rsp_bsp *k;

	if (!s->own_keys || p->keys)
		return p->keys;
	k = calloc(1, sizeof(*k));
	assert(k);
	s->crypto->random(s->crypto, &s->keys, k->mcv, sizeof(k->mcv));
	s->crypto->random(s->crypto, &s->keys, k->s_enc, sizeof(k->s_enc));
	s->crypto->random(s->crypto, &s->keys, k->s_mac, sizeof(k->s_mac));
	p->keys = k;
	return k;
}

static enum status_code build_package(struct request *r,
				      const struct smdp_session *session,
				      struct str euicc_otpk)
{
	struct smdp *s = r->s;
	struct smdp_profile *p = session->profile;
	struct rsp_otpk otpk;
	struct rsp_bpp_spec spec = {
		.transaction_id = smdp_session_id(session),
		.host_id = str_of("esimrig"),
		.eid = str_of(session->eid),
		.euicc_otpk = euicc_otpk,
		.otpk = &otpk,
		.signer = &session->own->pb,
		.metadata = write_metadata(r, p),
		.ppk = own_keys(s, p),
	};

	if (bind(r, session, euicc_otpk, &otpk) < 0)
		return STATUS_PROFILE_UNAVAILABLE;
	if (!p->upp.n)
		rsp_upp_write(&s->more, &(struct rsp_upp_spec){
			.iccid = str_of(p->iccid), .name = p->name,
			.class = p->class, .memory = p->memory });
	spec.upp = p->upp.n ? p->upp : buf_view(&s->more);
	if (rsp_bpp_build(s->crypto, &spec, &s->part, &r->err) < 0)
		return STATUS_PROFILE_UNAVAILABLE;
	buf_clear(&s->more);
	r->out.package = take(r, &s->part);
	keep_binding(p, euicc_otpk, &otpk);
	return STATUS_OK;
}

/* Signature and transaction of what the eUICC prepared. */
static enum status_code check_prepared(struct request *r,
				       const struct smdp_session *session,
				       struct rsp_euicc_signed2 *signed2)
{
	struct rsp_prepare_response response;

	if (rsp_prepare_response_read(r->in.prepare_response, &response,
				      &r->err) < 0)
		return STATUS_FORMAT;
	if (response.failed)
		return euicc_error(r, ES10_PREPARE_DOWNLOAD, response.error_code);
	if (rsp_verify(r->s->crypto, session->euicc_certificate,
		       response.euicc_signed2, session->smdp_signature2,
		       response.euicc_signature2, &r->err) < 0)
		return STATUS_EUICC_SIGNATURE;
	if (rsp_euicc_signed2_read(response.euicc_signed2, signed2, &r->err) < 0)
		return STATUS_FORMAT;
	if (!str_eq(signed2->transaction_id, smdp_session_id(session)))
		return STATUS_TRANSACTION_UNKNOWN;
	return STATUS_OK;
}

static enum status_code deliver(struct request *r,
				struct smdp_session *session)
{
	struct smdp *s = r->s;
	struct smdp_profile *p = session->profile;
	struct rsp_euicc_signed2 signed2;
	enum status_code code;

	code = check_prepared(r, session, &signed2);
	if (code == STATUS_OK)		/* may have changed in between */
		code = has_order(session) ? check_state(p) : STATUS_MATCHING_ID_REFUSED;
	if (code == STATUS_OK)
		code = check_eid(p, session->eid);
	if (code != STATUS_OK)
		return code;
	code = check_cc(s, session, signed2.hash_cc);
	if (code != STATUS_OK)
		return told(session, SMDP_POINT_CONFIRMATION, code);
	code = build_package(r, session, signed2.euicc_otpk);
	if (code != STATUS_OK)
		return told(session, SMDP_POINT_DOWNLOAD, code);
	if (smdp_move(s, p, SMDP_EV_DELIVER, &r->err) < 0)
		return STATUS_PROFILE_UNAVAILABLE;
	/* What another eUICC may still have to say is about another binding. */
	if (strcmp(p->bound_eid, session->eid) != 0)
		smdp_forget_deliveries(s, p);
	memcpy(p->bound_eid, session->eid, sizeof(p->bound_eid));
	smdp_keep(&p->euicc_certificate, session->euicc_certificate);
	smdp_keep_delivery(s, p, smdp_session_id(session));
	session->state = SMDP_SESSION_DELIVERED;
	told(session, SMDP_POINT_DOWNLOAD, STATUS_OK);
	r->out.transaction_id = smdp_session_id(session);
	return STATUS_OK;
}

/* ---- cancelSession (SGP.22, 5.6.5). ------------------------------------- */

/* What a reason does to the order.  One that is not here ends it. */
static const struct {
	int64_t reason;
	bool keeps;		/* the order stays, and this try does not count */
	enum status_code fault;
} cancel_effects[] = {
	{ ES10_CANCEL_END_USER, false, STATUS_CANCEL_END_USER },
	{ ES10_CANCEL_POSTPONED, true, STATUS_OK },
	{ ES10_CANCEL_TIMEOUT, true, STATUS_OK },
	{ ES10_CANCEL_PPR, false, STATUS_CANCEL_PPR },
	{ ES10_CANCEL_METADATA, false, STATUS_CANCEL_METADATA },
	{ ES10_CANCEL_LOAD_ERROR, false, STATUS_CANCEL_LOAD_ERROR },
	{ ES10_CANCEL_UNDEFINED, false, STATUS_CANCEL_UNDEFINED },
};

static void apply_cancel(struct smdp *s, struct smdp_session *session,
			 int64_t reason)
{
	const char *name = es10_cancel_reason_name(reason > ES10_CANCEL_UNDEFINED ?
						   -1 : (int)reason);
	struct smdp_profile *p = has_order(session) ? session->profile : NULL;
	enum status_code fault = STATUS_CANCEL_UNDEFINED;
	struct arena a = { 0 };
	bool keeps = false;

	for (size_t i = 0; i < sizeof(cancel_effects) / sizeof(cancel_effects[0]); i++) {
		if (cancel_effects[i].reason == reason) {
			keeps = cancel_effects[i].keeps;
			fault = cancel_effects[i].fault;
		}
	}
	EVENT(s->log, str_of(s->party), "session-cancelled",
	      F_STR("transaction", hex_of(&a, smdp_session_id(session))),
	      F_Z("reason", name ? name : "unknown"));
	arena_release(&a);
	if (p && keeps && p->attempts)
		p->attempts--;
	/* One eUICC cannot reject what was meanwhile bound to another. */
	else if (p && !keeps && check_eid(p, session->eid) == STATUS_OK)
		told(session, session->state == SMDP_SESSION_DELIVERED ?
		     SMDP_POINT_DOWNLOAD : SMDP_POINT_CONFIRMATION,
		     end_order(s, p, SMDP_EV_REJECT, fault));
}

static enum status_code cancel(struct request *r, struct smdp_session *session)
{
	struct rsp_cancel_response response;
	struct rsp_cancel_signed cancelled;

	if (rsp_cancel_response_read(r->in.cancel_response, &response,
				     &r->err) < 0)
		return STATUS_FORMAT;
	/* The eUICC could not sign: the session ends, the order stays. */
	if (!response.ok) {
		smdp_session_end(session, "failed");
		return STATUS_OK;
	}
	/* Before authenticateClient nobody knows whose signature it is, and
	 * there is no order that it could end. */
	if (session->state != SMDP_SESSION_STARTED &&
	    rsp_verify(r->s->crypto, session->euicc_certificate,
		       response.cancel_signed, STR_NONE, response.signature,
		       &r->err) < 0)
		return STATUS_EUICC_SIGNATURE;
	if (rsp_cancel_signed_read(response.cancel_signed, &cancelled,
				   &r->err) < 0)
		return STATUS_FORMAT;
	if (!str_eq(cancelled.transaction_id, smdp_session_id(session)))
		return STATUS_TRANSACTION_UNKNOWN;
	if (!str_eq(cancelled.smdp_oid, session->own->auth.oid))
		return STATUS_OID_MISMATCH;
	apply_cancel(r->s, session, cancelled.reason);
	smdp_session_end(session, "cancelled");
	return STATUS_OK;
}

/* ---- All five. ---------------------------------------------------------- */

static void log_refusal(struct request *r, enum es9_function f,
			enum status_code code)
{
	const struct status_code_row *row = status_code_row(code);
	struct str id = r->in.transaction_id;

	EVENT(r->s->log, str_of(r->s->party), "es9-failed",
	      F_Z("function", es9_function_name(f)),
	      F_STR("transaction", id.p ? hex_of(r->x->arena, id) : STR("")),
	      F_Z("subject", row->subject), F_Z("reason", row->reason),
	      F_Z("code", row->name), F_Z("detail", r->err.msg),
	      F_STR("from", r->x->from));
}

/* A session that was refused something is over (SGP.22, 3.1.3). */
static enum status_code within_session(struct request *r, enum es9_function f)
{
	struct smdp_session *session = smdp_session_find(r->s,
						 r->in.transaction_id);
	bool started, first = f == ES9_AUTHENTICATE_CLIENT;
	enum status_code code;

	if (!session)
		return STATUS_TRANSACTION_UNKNOWN;
	smdp_session_touch(session);
	if (++session->messages > SMDP_SESSION_MESSAGES_MAX) {
		r->over = session;
		return STATUS_TRANSACTION_THROTTLED;
	}
	if (f == ES9_CANCEL_SESSION)
		return cancel(r, session);
	/* Out of turn: no answer, and nobody else's session is spoilt by it. */
	started = session->state == SMDP_SESSION_STARTED;
	if (first != started)
		return STATUS_TRANSACTION_UNKNOWN;
	code = first ? authenticate(r, session) : deliver(r, session);
	if (code != STATUS_OK)
		r->over = session;
	return code;
}

static enum status_code run(struct request *r, enum es9_function f)
{
	enum status_code code = smdp_check_request(r->x);

	if (code != STATUS_OK)
		return code;
	if (es9_request_parse(r->x->req.body, f, r->x->arena, &r->in,
			      &r->err) < 0)
		return r->err.code == ERR_NOT_FOUND ? STATUS_MISSING :
						      STATUS_FORMAT;
	switch (f) {
	case ES9_INITIATE_AUTHENTICATION:
		return initiate(r);
	case ES9_AUTHENTICATE_CLIENT:
	case ES9_GET_BOUND_PROFILE_PACKAGE:
	case ES9_CANCEL_SESSION:
		return within_session(r, f);
	case ES9_HANDLE_NOTIFICATION:
		if (smdp_take_notification(r->s, r->in.notification, r->x->arena,
					   &r->err) < 0)
			return STATUS_FORMAT;
		return STATUS_OK;
	case ES9_FUNCTIONS:
		break;
	}
	return STATUS_FUNCTION_UNKNOWN;
}

void smdp_es9(struct smdp *s, struct http_exchange *x, enum es9_function f)
{
	struct request r = { .s = s, .x = x };
	enum status_code code;

	buf_clear(&s->out);
	buf_clear(&s->part);
	buf_clear(&s->more);
	code = run(&r, f);
	if (code != STATUS_OK)
		log_refusal(&r, f, code);
	if (r.over)
		smdp_session_end(r.over, "refused");
	/* A notification is acknowledged whatever it says, or the device would
	 * send it for ever (SGP.22, 5.6.4). */
	if (f == ES9_HANDLE_NOTIFICATION) {
		smdp_acknowledge(x);
		return;
	}
	if (code == STATUS_OK)
		es9_answer_print(&s->out, f, &r.out);
	else
		es9_refusal_print(&s->out, code);
	smdp_reply(s, x);
}
