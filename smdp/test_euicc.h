/*
 * test_euicc.h - for tests only: a world of one SM-DP+ and an EIS that only
 * listens, and an eUICC's side of every message, good or with a fault.
 *
 * What an eUICC sends is made with the writers of proto/, whose bytes have
 * tests of their own.
 */
#ifndef SMDP_TEST_EUICC_H
#define SMDP_TEST_EUICC_H

#include "proto/base64.h"
#include "proto/es9.h"
#include "proto/hex.h"
#include "proto/profile.h"
#include "proto/rsp_bpp.h"
#include "sim/json.h"
#include "sim/memnet.h"
#include "smdp/smdp.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define UNUSED __attribute__((unused))
#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

#define EID "89049032000000000000000000000163"
#define EID2 "89049032000000000000012345678946"
#define ICCID "8944000000001234567"
#define MID "SECRET-MID-1"
#define OID "\x88\x37\x0A"
#define ES9 "https://smdp.example.com/gsma/rsp2/es9plus/"
#define ES2 "https://smdp.example.com/gsma/rsp2/es2plus/"

static struct world {
	struct loop loop;
	struct eventlog log;
	struct eventlog_listener listener;
	struct network *net;
	struct smdp *smdp;
	struct arena arena;
	struct http_handler eis, operator;
	struct buf progress;	/* bodies that the operator got, a line each */
	int operator_status;
	unsigned operator_calls;
	struct buf seen;	/* all of the event log */
	struct buf told;	/* bodies that the EIS got, a line each */
	int eis_status;
	unsigned eis_calls;
	int status;		/* of the last call */
	struct str body;
	struct str header;	/* its X-Admin-Protocol */
	struct str retry_after;
} w;

static UNUSED void listen_log(struct eventlog_listener *l, const struct event *e,
		       struct str line)
{
	(void)l, (void)e;
	buf_str(&w.seen, line);
	buf_char(&w.seen, '\n');
}

static UNUSED void handle_eis(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	ck_assert(str_is(x->req.path, "/eis/v1/notifications"));
	w.eis_calls++;
	if (w.eis_status == 204) {
		buf_str(&w.told, x->req.body);
		buf_char(&w.told, '\n');
	}
	http_respond(x, w.eis_status, NULL, STR_NONE);
}

static UNUSED void handle_operator(struct http_handler *h, struct http_exchange *x)
{
	(void)h;
	ck_assert(str_is(x->req.path, "/gsma/rsp2/es2plus/handleDownloadProgressInfo"));
	ck_assert(str_is(http_header(&x->req.headers, "X-Admin-Protocol"), ES9_PROTOCOL));
	w.operator_calls++;
	if (w.operator_status == 204) {
		buf_str(&w.progress, x->req.body);
		buf_char(&w.progress, '\n');
	}
	http_respond(x, w.operator_status, NULL, STR_NONE);
}

/* Set before setup(): the operator wants to hear how downloads go. */
static UNUSED const char *operator_url;
/* The same: NULL is none.  An eUICC signs under one CI, and has the other side sign under
 * another or the same. */
static UNUSED const struct rsp_crypto *crypto;
static UNUSED size_t sign_ci, verify_ci;
/* The same: packages have keys of their own. */
static UNUSED bool own_keys;
/* The same: requests of a client in ten seconds. */
static UNUSED uint64_t throttle;

static UNUSED void setup(void)
{
	struct smdp_config config = {
		.loop = &w.loop, .log = &w.log, .seed = 1, .party = "smdp",
		.address = "smdp.example.com", .eis_url = "http://eis.rig",
		.operator_url = operator_url, .own_keys = own_keys,
		.throttle = throttle,
	};
	struct err err = { 0 };

	if (!crypto)
		crypto = &rsp_crypto_none;
	config.crypto = crypto;
	memset(&w, 0, sizeof(w));
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	w.listener = (struct eventlog_listener){ .tell = listen_log,
						 .wants_line = true };
	eventlog_listen(&w.log, &w.listener);
	buf_init(&w.seen, 1 << 24);
	buf_init(&w.told, 1 << 20);
	buf_init(&w.progress, 1 << 20);
	w.operator_status = 204;
	w.operator.handle = handle_operator;
	w.eis_status = 204;
	w.eis.handle = handle_eis;
	w.net = memnet_new(&w.loop, NULL);
	config.net = w.net;
	w.smdp = smdp_new(&config, &err);
	ck_assert_msg(w.smdp != NULL, "%s", err.msg);
	ck_assert_int_eq(network_listen(w.net, "smdp.example.com", "smdp",
					smdp_handler(w.smdp), &err), 0);
	ck_assert_int_eq(network_listen(w.net, "eis.rig", "eis", &w.eis, &err), 0);
	ck_assert_int_eq(network_listen(w.net, "op.rig", "operator", &w.operator, &err), 0);
}

static UNUSED void teardown(void)
{
	network_unlisten(w.net, "smdp.example.com");
	smdp_free(w.smdp);
	network_release(w.net);
	/* No secret ever went into the log. */
	ck_assert_ptr_null(w.seen.p ? strstr(w.seen.p, "SECRET") : NULL);
	ck_assert_ptr_null(w.seen.p ? strstr(w.seen.p, "4711") : NULL);
	eventlog_release(&w.log);
	buf_release(&w.seen);
	buf_release(&w.told);
	buf_release(&w.progress);
	arena_release(&w.arena);
	loop_release(&w.loop);
}

/* ---- Calls. --------------------------------------------------------------- */

static UNUSED void done(struct http_call *c)
{
	ck_assert_msg(c->failure == HTTP_OK, "%s", c->err.msg);
	w.status = c->resp.status;
	w.body = arena_str(&w.arena, c->resp.body);
	w.header = arena_str(&w.arena, http_header(&c->resp.headers,
						   "X-Admin-Protocol"));
	w.retry_after = arena_str(&w.arena, http_header(&c->resp.headers, "Retry-After"));
	loop_stop(&w.loop);
}

static UNUSED const char *caller = "device/x";

static UNUSED void call(const char *method, const char *url, const char *type,
		 const char *protocol, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, str_of(caller), method, &err,
					    "%s", url);

	ck_assert_ptr_nonnull(c);
	if (type)
		http_call_body(c, type, body);
	if (protocol)
		http_call_header(c, "X-Admin-Protocol", str_of(protocol));
	c->done = done;
	http_call_send(c);
	ck_assert_int_eq(loop_run(&w.loop, &err), 0);
}

static UNUSED void idle(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

/* Let so much simulated time pass. */
static UNUSED void pass(int64_t seconds)
{
	struct timer t = { .fire = idle };
	struct err err = { 0 };

	loop_arm(&w.loop, &t, seconds * NS_PER_S);
	ck_assert_int_eq(loop_run(&w.loop, &err), 0);
}

/* The code of an answer: "ok", or "8.2.6/3.8". */
static UNUSED const char *code_of(enum es9_function f, struct es9_message *m)
{
	struct es9_status st;
	struct err err = { 0 };

	ck_assert_int_eq(w.status, 200);
	ck_assert_msg(es9_answer_parse(w.body, f, &w.arena, m, &st, &err) == 0,
		      "%s: %.*s", err.msg, STRF(w.body));
	return st.failed ? arena_printf(&w.arena, "%.*s/%.*s",
					STRF(st.subject_code),
					STRF(st.reason_code)).p : "ok";
}

static UNUSED const char *es9(enum es9_function f, const struct es9_message *in,
		       struct es9_message *out)
{
	struct buf b;
	char url[100];

	buf_init(&b, 1 << 20);
	es9_request_print(&b, f, in);
	snprintf(url, sizeof(url), ES9 "%s", es9_function_name(f));
	call("POST", url, "application/json;charset=UTF-8", ES9_PROTOCOL,
	     buf_view(&b));
	buf_release(&b);
	if (f == ES9_HANDLE_NOTIFICATION) {
		ck_assert_int_eq(w.status, 204);
		ck_assert_uint_eq(w.body.n, 0);
		return "ok";
	}
	ck_assert(str_is(w.header, ES9_PROTOCOL));
	return code_of(f, out);
}

/* ES2+: members behind the header; the code, and the answer in w.body. */
static UNUSED const char *es2(const char *function, const char *members)
{
	struct es9_message none;
	char url[100];
	struct str body = arena_printf(&w.arena, "{\"header\":{"
		"\"functionRequesterIdentifier\":\"op\","
		"\"functionCallIdentifier\":\"1\"}%s%s}", members[0] ? "," : "",
		members);

	snprintf(url, sizeof(url), ES2 "%s", function);
	call("POST", url, "application/json", ES9_PROTOCOL, body);
	/* Its header is that of ES9+, and cancelSession adds nothing to it. */
	return code_of(ES9_CANCEL_SESSION, &none);
}

static UNUSED const char *state(const char *iccid)
{
	return smdp_profile_state(w.smdp, str_of(iccid));
}

static UNUSED unsigned count(const struct buf *in, const char *what)
{
	unsigned n = 0;

	for (const char *at = in->p; at && (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* ---- An eUICC's side. ----------------------------------------------------- */

enum {
	BAD_CHALLENGE = 1 << 0,		/* server challenge in euiccSigned1 */
	BAD_SIGNED_TID = 1 << 1,
	BAD_SIGNATURE1 = 1 << 2,
	BAD_CERTIFICATE = 1 << 3,
	BAD_EUM = 1 << 4,
	ERROR_BF38 = 1 << 5,
	ERROR_BF21 = 1 << 6,
	BAD_SIGNATURE2 = 1 << 7,
	BAD_SIGNED2_TID = 1 << 8,
	NO_MEMORY = 1 << 9,
	FORBIDS_PPR = 1 << 10,
	BAD_POINT = 1 << 11,
	STOP_AFTER_AUTH = 1 << 12,
	GARBAGE_BF38 = 1 << 13,
	GARBAGE_BF21 = 1 << 14,
	BAD_KEY_ID = 1 << 15,		/* of the CI that the eUICC verifies by */
	BAD_SVN = 1 << 16,
	SHORT_CHALLENGE = 1 << 17,
	OTHER_ADDRESS = 1 << 18,
	BAD_SIGN_ID = 1 << 19,		/* of the CI that it signs under */
};

struct attempt {
	const char *matching_id, *eid, *cc;
	unsigned flags;
	char key;		/* tells the eUICC's one-time keys apart */
	/* After download(): */
	struct str transaction, package;
	struct rsp_metadata metadata;
	bool cc_required;
	struct str asked_key;	/* bppEuiccOtpk of smdpSigned2 */
	struct str signature1;	/* its own */
	struct str smdp_signature2, smdp_certificate;
	struct rsp_otpk otpk;	/* with cryptography */
};

static const char challenge[RSP_CHALLENGE_BYTES] = "euicc-challenge";

static UNUSED struct str kept(struct buf *b)
{
	struct str s = arena_str(&w.arena, buf_view(b));

	buf_clear(b);
	return s;
}

/* Who signs what is not part of an attempt: the one of the last authenticateClient. */
static UNUSED const char *signer = EID;

static UNUSED struct rsp_identity identity(const char *eid)
{
	struct rsp_identity id;
	struct err err = { 0 };

	ck_assert_msg(crypto->identity(crypto, RSP_ROLE_EUICC, sign_ci, str_of(eid), STR_NONE,
				       &w.arena, &id, &err) == 0, "%s", err.msg);
	return id;
}

/* A whole 5F37 of `signer`. */
static UNUSED struct str sign(struct str first, struct str second, bool bad)
{
	struct rsp_identity id = identity(signer);
	struct err err = { 0 };
	struct buf b;
	struct str s;

	buf_init(&b, 100);
	ck_assert_int_eq(rsp_sign(crypto, &id, first, second, &b, &err), 0);
	s = kept(&b);
	buf_release(&b);
	if (bad)
		((char *)s.p)[40] ^= 1;
	return s;
}

static UNUSED struct str key_list(size_t ci, bool bad)
{
	struct str id = crypto->ci_key_id(crypto, ci);
	struct buf b;
	struct str s;

	buf_init(&b, 100);
	tlv_put(&b, TLV_OCTETS, bad ? STR("12345678901234567890") : id);
	s = kept(&b);
	buf_release(&b);
	return s;
}

static UNUSED const char *initiate(struct attempt *a, struct es9_message *out)
{
	struct es9_message in = {
		.smdp_address = a->flags & OTHER_ADDRESS ? STR("other.example") :
				STR("smdp.example.com:8443"),
		.euicc_challenge = { challenge, a->flags & SHORT_CHALLENGE ?
				     15 : sizeof(challenge) },
	};
	struct buf b;
	const char *code;

	buf_init(&b, 1000);
	rsp_euicc_info1_write(&b, &(struct rsp_euicc_info1){
		.svn = a->flags & BAD_SVN ? STR("\x01\x01\x01") :
		       STR("\x02\x02\x02"),
		.ci_verify = key_list(verify_ci, a->flags & BAD_KEY_ID),
		.ci_sign = key_list(sign_ci, a->flags & BAD_SIGN_ID),
	});
	in.euicc_info1 = kept(&b);
	buf_release(&b);
	code = es9(ES9_INITIATE_AUTHENTICATION, &in, out);
	a->transaction = out->transaction_id;
	return code;
}

static UNUSED struct str info2(const struct attempt *a)
{
	struct str version = STR("\x02\x02\x02"), s;
	struct buf b, resource;

	buf_init(&b, 1000);
	buf_init(&resource, 100);
	rsp_card_resource_write(&resource, 0,
				a->flags & NO_MEMORY ? 100 : 1 << 20, 1000);
	rsp_euicc_info2_write(&b, &(struct rsp_euicc_info2){
		.profile_version = version, .svn = version, .firmware = version,
		.card_resource = buf_view(&resource),
		.uicc_capability = STR("\x05\x7F"), .rsp_capability = STR("\x04\x90"),
		.ci_verify = key_list(verify_ci, false),
		.ci_sign = key_list(sign_ci, false),
		.category = -1, .pp_version = version, .sas_number = STR("x"),
		.forbidden_ppr = a->flags & FORBIDS_PPR ? PPR_ALL : 0,
	});
	s = kept(&b);
	buf_release(&b);
	buf_release(&resource);
	return s;
}

static UNUSED struct str signed1(const struct attempt *a, struct str server_challenge)
{
	struct buf b;
	struct str s;

	buf_init(&b, 4000);
	rsp_euicc_signed1_write(&b, &(struct rsp_euicc_signed1){
		.transaction_id = a->flags & BAD_SIGNED_TID ? STR("x") :
				  a->transaction,
		.server_address = STR("smdp.example.com"),
		.server_challenge = a->flags & BAD_CHALLENGE ?
			STR("0123456789ABCDEF") : server_challenge,
		.euicc_info2 = info2(a),
		.context = { .present = true, .device = true,
			     .matching_id = str_of(a->matching_id),
			     .tac = STR("1234") },
	});
	s = kept(&b);
	buf_release(&b);
	return s;
}

static UNUSED const char *authenticate(struct attempt *a,
				const struct es9_message *initiated,
				struct es9_message *out)
{
	struct es9_message in = { .transaction_id = a->transaction };
	struct rsp_identity id;
	struct rsp_server_signed1 server;
	struct err err = { 0 };
	struct buf b;
	struct str s1;
	const char *s;

	signer = a->eid;
	id = identity(a->eid);
	ck_assert_int_eq(rsp_server_signed1_read(initiated->server_signed1,
						 &server, &err), 0);
	ck_assert(str_eq(server.transaction_id, a->transaction));
	ck_assert(str_eq(server.euicc_challenge,
			 (struct str){ challenge, sizeof(challenge) }));
	ck_assert(str_is(server.server_address, "smdp.example.com"));
	ck_assert_int_eq(rsp_verify(crypto, initiated->server_certificate,
				    initiated->server_signed1, STR_NONE,
				    initiated->server_signature1, &err), 0);
	s1 = signed1(a, server.server_challenge);
	a->signature1 = sign(s1, STR_NONE, a->flags & BAD_SIGNATURE1);
	buf_init(&b, 8000);
	rsp_authenticate_response_write(&b, &(struct rsp_authenticate_response){
		.ok = !(a->flags & ERROR_BF38),
		.euicc_signed1 = s1, .euicc_signature1 = a->signature1,
		.euicc_certificate = a->flags & BAD_CERTIFICATE ? id.issuer :
				     id.certificate,
		.eum_certificate = a->flags & BAD_EUM ? id.certificate : id.issuer,
		.failed = a->flags & ERROR_BF38, .transaction_id = a->transaction,
		.error_code = ES10_AUTH_CERTIFICATE,
	});
	in.authenticate_response = a->flags & GARBAGE_BF38 ? STR("\xBF\x38") :
				   kept(&b);
	buf_release(&b);
	s = es9(ES9_AUTHENTICATE_CLIENT, &in, out);
	if (strcmp(s, "ok") != 0)
		return s;
	ck_assert_int_eq(rsp_verify(crypto, out->smdp_certificate, out->smdp_signed2,
				    a->signature1, out->smdp_signature2, &err), 0);
	a->smdp_signature2 = out->smdp_signature2;
	a->smdp_certificate = out->smdp_certificate;
	return s;
}

/* Its one-time public key: a mark, unless there is cryptography. */
static UNUSED void make_point(struct attempt *a, char point[RSP_POINT_BYTES])
{
	struct rng rng = { (uint64_t)a->key + 1 };
	struct err err;

	memset(point, 0, RSP_POINT_BYTES);
	point[0] = 4;
	point[1] = a->key;
	if (crypto != &rsp_crypto_none) {
		ck_assert_int_eq(crypto->make_otpk(crypto, crypto->ci_curve(crypto, verify_ci),
						   &rng, &a->otpk, &err), 0);
		memcpy(point, a->otpk.public_point, RSP_POINT_BYTES);
	}
	if (a->flags & BAD_POINT)
		point[0] = 2;
}

static UNUSED const char *get_package(struct attempt *a, struct es9_message *out)
{
	struct es9_message in = { .transaction_id = a->transaction };
	unsigned char hash[RSP_HASH_BYTES];
	char point[RSP_POINT_BYTES];
	struct buf b;
	struct str signed2;

	make_point(a, point);
	signer = a->eid;
	buf_init(&b, 8000);
	if (a->cc)
		rsp_hash_cc(str_of(a->cc), a->transaction, hash);
	rsp_euicc_signed2_write(&b, &(struct rsp_euicc_signed2){
		.transaction_id = a->flags & BAD_SIGNED2_TID ? STR("x") :
				  a->transaction,
		.euicc_otpk = { point, sizeof(point) },
		.hash_cc = { a->cc ? (char *)hash : NULL, sizeof(hash) },
	});
	signed2 = kept(&b);
	rsp_prepare_response_write(&b, &(struct rsp_prepare_response){
		.ok = !(a->flags & ERROR_BF21), .euicc_signed2 = signed2,
		.euicc_signature2 = sign(signed2, a->smdp_signature2,
					 a->flags & BAD_SIGNATURE2),
		.failed = a->flags & ERROR_BF21, .transaction_id = a->transaction,
		.error_code = ES10_PREPARE_SIGNATURE,
	});
	in.prepare_response = a->flags & GARBAGE_BF21 ? STR("x") : kept(&b);
	buf_release(&b);
	return es9(ES9_GET_BOUND_PROFILE_PACKAGE, &in, out);
}

/* A whole attempt: "ok", or the code of the function that was refused. */
static UNUSED const char *download(struct attempt *a)
{
	struct es9_message initiated, authenticated, delivered;
	struct rsp_smdp_signed2 signed2;
	struct err err = { 0 };
	const char *code = initiate(a, &initiated);

	if (strcmp(code, "ok") == 0)
		code = authenticate(a, &initiated, &authenticated);
	if (strcmp(code, "ok") != 0)
		return code;
	ck_assert_int_eq(rsp_metadata_read(authenticated.metadata, &a->metadata,
					   &err), 0);
	ck_assert_int_eq(rsp_smdp_signed2_read(authenticated.smdp_signed2, &signed2,
					       &err), 0);
	ck_assert(str_eq(signed2.transaction_id, a->transaction));
	a->cc_required = signed2.cc_required;
	a->asked_key = signed2.euicc_otpk;
	if (a->flags & STOP_AFTER_AUTH)
		return code;
	code = get_package(a, &delivered);
	a->package = delivered.package;
	return code;
}

static UNUSED struct str notification_metadata(const char *iccid_text,
					unsigned event, int64_t sequence)
{
	unsigned char iccid[ICCID_BYTES];
	struct buf b;
	struct str s;

	buf_init(&b, 1000);
	if (iccid_text[0])
		iccid_pack(iccid, str_of(iccid_text));
	rsp_notification_metadata_write(&b, &(struct rsp_notification_metadata){
		.sequence = sequence, .event = event,
		.address = STR("smdp.example.com"),
		.iccid = iccid_text[0] ? (struct str){ (char *)iccid, sizeof(iccid) } :
					 STR_NONE,
	});
	s = kept(&b);
	buf_release(&b);
	return s;
}

static UNUSED void report_result(const char *iccid, struct str transaction,
			  int64_t sequence, int reason, bool bad_signature)
{
	struct es9_message in = { 0 }, out;
	struct buf b;
	struct str data;

	buf_init(&b, 4000);
	rsp_install_data_write(&b, &(struct rsp_install_data){
		.transaction_id = transaction,
		.notification = notification_metadata(iccid, NOTIFY_INSTALL,
						      sequence),
		.smdp_oid = STR(OID), .final = true,
		.success = reason == 0, .failed = reason != 0,
		.aid = STR("0123456789ABCDEF"), .sima_response = STR(""),
		.command = ES10_CMD_ELEMENTS, .reason = reason,
	});
	data = kept(&b);
	rsp_install_result_write(&b, &(struct rsp_install_result){
		.data = data, .signature = sign(data, STR_NONE, bad_signature) });
	in.notification = kept(&b);
	buf_release(&b);
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
}

/* An installation result; `reason` 0 is success. */
static UNUSED void report_installation(struct str transaction, int64_t sequence,
				int reason, bool bad_signature)
{
	report_result(ICCID, transaction, sequence, reason, bad_signature);
}

static UNUSED void report_event(unsigned event, int64_t sequence, bool bad_signature)
{
	struct str metadata = notification_metadata(ICCID, event, sequence);
	struct es9_message in = { 0 }, out;
	struct rsp_identity id = identity(EID);
	struct buf b;

	signer = EID;
	buf_init(&b, 4000);
	rsp_other_notification_write(&b, &(struct rsp_other_notification){
		.metadata = metadata,
		.signature = sign(metadata, STR_NONE, bad_signature),
		.euicc_certificate = id.certificate, .eum_certificate = id.issuer,
	});
	in.notification = kept(&b);
	buf_release(&b);
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
}

static UNUSED const char *cancel_with(struct str transaction, struct str signed_tid,
			       struct str oid, int64_t reason, bool bad_signature)
{
	struct es9_message in = { .transaction_id = transaction }, out;
	struct buf b;
	struct str cancelled;

	buf_init(&b, 4000);
	rsp_cancel_signed_write(&b, &(struct rsp_cancel_signed){
		.transaction_id = signed_tid, .smdp_oid = oid, .reason = reason });
	cancelled = kept(&b);
	rsp_cancel_response_write(&b, &(struct rsp_cancel_response){
		.ok = true, .cancel_signed = cancelled, .error_code = -1,
		.signature = sign(cancelled, STR_NONE, bad_signature) });
	in.cancel_response = kept(&b);
	buf_release(&b);
	return es9(ES9_CANCEL_SESSION, &in, &out);
}

static UNUSED const char *cancel(struct str transaction, int64_t reason)
{
	return cancel_with(transaction, transaction, STR(OID), reason, false);
}

static UNUSED void offer(struct smdp_profile_spec spec)
{
	struct err err = { 0 };

	spec.iccid = spec.iccid.p ? spec.iccid : STR(ICCID);
	spec.spn = STR("Mobile");
	ck_assert_msg(smdp_add_profile(w.smdp, &spec, &err) == 0, "%s", err.msg);
}

static UNUSED void offer_plain(void)
{
	offer((struct smdp_profile_spec){ .matching_id = STR(MID) });
}

#endif
