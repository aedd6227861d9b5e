/*
 * Goal: the SM-DP+ as operators, devices and the EIS see it, over HTTP.
 * Method: a world of one SM-DP+, an EIS that only listens, and a client that
 * answers as an eUICC would.  What an eUICC sends is made with the writers of
 * proto/, whose bytes have tests of their own; codes are SGP.22's, as text.
 */
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
	struct http_handler eis;
	struct buf seen;	/* all of the event log */
	struct buf told;	/* bodies that the EIS got, a line each */
	int eis_status;
	unsigned eis_calls;
	int status;		/* of the last call */
	struct str body;
	struct str header;	/* its X-Admin-Protocol */
} w;

static void listen_log(struct eventlog_listener *l, const struct event *e,
		       struct str line)
{
	(void)l, (void)e;
	buf_str(&w.seen, line);
	buf_char(&w.seen, '\n');
}

static void handle_eis(struct http_handler *h, struct http_exchange *x)
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

static void setup(void)
{
	struct smdp_config config = {
		.loop = &w.loop, .log = &w.log, .seed = 1, .party = "smdp",
		.address = "smdp.example.com", .eis_url = "http://eis.rig",
	};
	struct err err = { 0 };

	memset(&w, 0, sizeof(w));
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	w.listener = (struct eventlog_listener){ .tell = listen_log,
						 .wants_line = true };
	eventlog_listen(&w.log, &w.listener);
	buf_init(&w.seen, 1 << 22);
	buf_init(&w.told, 1 << 20);
	w.eis_status = 204;
	w.eis.handle = handle_eis;
	w.net = memnet_new(&w.loop, NULL);
	config.net = w.net;
	w.smdp = smdp_new(&config, &err);
	ck_assert_msg(w.smdp != NULL, "%s", err.msg);
	ck_assert_int_eq(network_listen(w.net, "smdp.example.com", "smdp",
					smdp_handler(w.smdp), &err), 0);
	ck_assert_int_eq(network_listen(w.net, "eis.rig", "eis", &w.eis, &err), 0);
}

static void teardown(void)
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
	arena_release(&w.arena);
	loop_release(&w.loop);
}

/* ---- Calls. --------------------------------------------------------------- */

static void done(struct http_call *c)
{
	ck_assert_msg(c->failure == HTTP_OK, "%s", c->err.msg);
	w.status = c->resp.status;
	w.body = arena_str(&w.arena, c->resp.body);
	w.header = arena_str(&w.arena, http_header(&c->resp.headers,
						   "X-Admin-Protocol"));
	loop_stop(&w.loop);
}

static void call(const char *method, const char *url, const char *type,
		 const char *protocol, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, STR("device/x"), method, &err,
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

static void idle(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

/* Let so much simulated time pass. */
static void pass(int64_t seconds)
{
	struct timer t = { .fire = idle };
	struct err err = { 0 };

	loop_arm(&w.loop, &t, seconds * NS_PER_S);
	ck_assert_int_eq(loop_run(&w.loop, &err), 0);
}

/* The code of an answer: "ok", or "8.2.6/3.8". */
static const char *code_of(enum es9_function f, struct es9_message *m)
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

static const char *es9(enum es9_function f, const struct es9_message *in,
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
static const char *es2(const char *function, const char *members)
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

static const char *state(const char *iccid)
{
	return smdp_profile_state(w.smdp, str_of(iccid));
}

static unsigned count(const struct buf *in, const char *what)
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
};

static const char challenge[RSP_CHALLENGE_BYTES] = "euicc-challenge";

static struct str kept(struct buf *b)
{
	struct str s = arena_str(&w.arena, buf_view(b));

	buf_clear(b);
	return s;
}

static struct str certificate(enum rsp_role role, const char *name)
{
	struct rsp_identity id;
	struct err err;

	rsp_crypto_none.identity(&rsp_crypto_none, role, 0, str_of(name), STR_NONE,
				 &w.arena, &id, &err);
	return id.certificate;
}

static struct str signature(bool bad)
{
	static char text[67] = "\x5F\x37\x40";
	struct str s = arena_str(&w.arena, (struct str){ text, sizeof(text) });

	if (bad)
		((char *)s.p)[40] = 1;
	return s;
}

static struct str key_list(bool bad)
{
	struct str id = rsp_crypto_none.ci_key_id(&rsp_crypto_none, 0);
	struct buf b;
	struct str s;

	buf_init(&b, 100);
	tlv_put(&b, TLV_OCTETS, bad ? STR("12345678901234567890") : id);
	s = kept(&b);
	buf_release(&b);
	return s;
}

static const char *initiate(struct attempt *a, struct es9_message *out)
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
		.ci_verify = key_list(a->flags & BAD_KEY_ID),
		.ci_sign = key_list(a->flags & BAD_SIGN_ID),
	});
	in.euicc_info1 = kept(&b);
	buf_release(&b);
	code = es9(ES9_INITIATE_AUTHENTICATION, &in, out);
	a->transaction = out->transaction_id;
	return code;
}

static struct str info2(const struct attempt *a)
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
		.ci_verify = key_list(false), .ci_sign = key_list(false),
		.category = -1, .pp_version = version, .sas_number = STR("x"),
		.forbidden_ppr = a->flags & FORBIDS_PPR ? PPR_ALL : 0,
	});
	s = kept(&b);
	buf_release(&b);
	buf_release(&resource);
	return s;
}

static struct str signed1(const struct attempt *a, struct str server_challenge)
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

static const char *authenticate(struct attempt *a,
				const struct es9_message *initiated,
				struct es9_message *out)
{
	struct es9_message in = { .transaction_id = a->transaction };
	struct rsp_server_signed1 server;
	struct err err = { 0 };
	struct buf b;

	ck_assert_int_eq(rsp_server_signed1_read(initiated->server_signed1,
						 &server, &err), 0);
	ck_assert(str_eq(server.transaction_id, a->transaction));
	ck_assert(str_eq(server.euicc_challenge,
			 (struct str){ challenge, sizeof(challenge) }));
	ck_assert(str_is(server.server_address, "smdp.example.com"));
	buf_init(&b, 8000);
	rsp_authenticate_response_write(&b, &(struct rsp_authenticate_response){
		.ok = !(a->flags & ERROR_BF38),
		.euicc_signed1 = signed1(a, server.server_challenge),
		.euicc_signature1 = signature(a->flags & BAD_SIGNATURE1),
		.euicc_certificate = certificate(RSP_ROLE_EUICC,
			a->flags & BAD_CERTIFICATE ? "1234" : a->eid),
		.eum_certificate = certificate(a->flags & BAD_EUM ? RSP_ROLE_CI :
					       RSP_ROLE_EUM, "eum"),
		.failed = a->flags & ERROR_BF38, .transaction_id = a->transaction,
		.error_code = ES10_AUTH_CERTIFICATE,
	});
	in.authenticate_response = a->flags & GARBAGE_BF38 ? STR("\xBF\x38") :
				   kept(&b);
	buf_release(&b);
	return es9(ES9_AUTHENTICATE_CLIENT, &in, out);
}

static const char *get_package(struct attempt *a, struct es9_message *out)
{
	struct es9_message in = { .transaction_id = a->transaction };
	unsigned char hash[RSP_HASH_BYTES];
	char point[RSP_POINT_BYTES] = { 4, a->key };
	struct buf b;
	struct str signed2;

	buf_init(&b, 8000);
	if (a->cc)
		rsp_hash_cc(str_of(a->cc), a->transaction, hash);
	if (a->flags & BAD_POINT)
		point[0] = 2;
	rsp_euicc_signed2_write(&b, &(struct rsp_euicc_signed2){
		.transaction_id = a->flags & BAD_SIGNED2_TID ? STR("x") :
				  a->transaction,
		.euicc_otpk = { point, sizeof(point) },
		.hash_cc = { a->cc ? (char *)hash : NULL, sizeof(hash) },
	});
	signed2 = kept(&b);
	rsp_prepare_response_write(&b, &(struct rsp_prepare_response){
		.ok = !(a->flags & ERROR_BF21), .euicc_signed2 = signed2,
		.euicc_signature2 = signature(a->flags & BAD_SIGNATURE2),
		.failed = a->flags & ERROR_BF21, .transaction_id = a->transaction,
		.error_code = ES10_PREPARE_SIGNATURE,
	});
	in.prepare_response = a->flags & GARBAGE_BF21 ? STR("x") : kept(&b);
	buf_release(&b);
	return es9(ES9_GET_BOUND_PROFILE_PACKAGE, &in, out);
}

/* A whole attempt: "ok", or the code of the function that was refused. */
static const char *download(struct attempt *a)
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

static struct str notification_metadata(const char *iccid_text,
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

static void report_result(const char *iccid, struct str transaction,
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
		.data = data, .signature = signature(bad_signature) });
	in.notification = kept(&b);
	buf_release(&b);
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
}

/* An installation result; `reason` 0 is success. */
static void report_installation(struct str transaction, int64_t sequence,
				int reason, bool bad_signature)
{
	report_result(ICCID, transaction, sequence, reason, bad_signature);
}

static void report_event(unsigned event, int64_t sequence, bool bad_signature)
{
	struct es9_message in = { 0 }, out;
	struct buf b;

	buf_init(&b, 4000);
	rsp_other_notification_write(&b, &(struct rsp_other_notification){
		.metadata = notification_metadata(ICCID, event, sequence),
		.signature = signature(bad_signature),
		.euicc_certificate = certificate(RSP_ROLE_EUICC, EID),
		.eum_certificate = certificate(RSP_ROLE_EUM, "eum"),
	});
	in.notification = kept(&b);
	buf_release(&b);
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
}

static const char *cancel_with(struct str transaction, struct str signed_tid,
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
		.signature = signature(bad_signature) });
	in.cancel_response = kept(&b);
	buf_release(&b);
	return es9(ES9_CANCEL_SESSION, &in, &out);
}

static const char *cancel(struct str transaction, int64_t reason)
{
	return cancel_with(transaction, transaction, STR(OID), reason, false);
}

static void offer(struct smdp_profile_spec spec)
{
	struct err err = { 0 };

	spec.iccid = spec.iccid.p ? spec.iccid : STR(ICCID);
	spec.spn = STR("Mobile");
	ck_assert_msg(smdp_add_profile(w.smdp, &spec, &err) == 0, "%s", err.msg);
}

static void offer_plain(void)
{
	offer((struct smdp_profile_spec){ .matching_id = STR(MID) });
}

/* ---- Downloads. ----------------------------------------------------------- */

START_TEST(whole_download)
{
	static const struct rsp_otpk key = { .public_point = { 4 } };
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct rsp_bpp_reader r;
	struct str *segments;
	struct err err = { 0 };
	char iccid[ICCID_SIZE];
	size_t n;

	offer_plain();
	ck_assert_str_eq(state(ICCID), "released");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert(str_is(a.metadata.spn, "Mobile"));
	ck_assert(!a.cc_required);
	ck_assert_int_eq(iccid_unpack(iccid, a.metadata.iccid), 0);
	ck_assert_str_eq(iccid, ICCID);
	/* The eUICC takes the package in. */
	ck_assert_int_eq(rsp_bpp_split(a.package, &w.arena, &segments, &n, &err), 0);
	rsp_bpp_reader_init(&r, &rsp_crypto_none, &key, STR(EID), a.transaction,
			    certificate(RSP_ROLE_DP_PB, "smdp.example.com"));
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(rsp_bpp_reader_feed(&r, segments[i], &err) == 0,
			      "%s", err.msg);
	ck_assert_int_eq(r.stage, RSP_BPP_DONE);
	rsp_bpp_reader_release(&r);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 1);
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	pass(1);
	ck_assert_str_eq(w.told.p, "{\"eid\":\"" EID "\",\"iccid\":\"" ICCID "\","
		"\"operation\":\"install\",\"sequenceNumber\":1,\"succeeded\":true,"
		"\"smdpAddress\":\"smdp.example.com\","
		"\"time\":\"2026-01-01T00:00:00.000Z\"}\n");
	/* Once installed, the code is of no more use. */
	ck_assert_str_eq(download(&a), "8.2.6/3.8");
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

static const struct {
	unsigned flags;
	const char *matching_id, *eid;
	const char *code;
	unsigned sessions;	/* open afterwards */
} refusals[] = {
	{ OTHER_ADDRESS, MID, EID, "8.8.1/3.8", 0 },
	{ BAD_KEY_ID, MID, EID, "8.8.4/3.7", 0 },
	{ BAD_SIGN_ID, MID, EID, "8.8.2/3.1", 0 },
	{ BAD_SVN, MID, EID, "8.8.3/3.1", 0 },
	{ SHORT_CHALLENGE, MID, EID, "1.3.1/2.1", 0 },
	{ GARBAGE_BF38, MID, EID, "1.3.1/2.1", 0 },
	{ ERROR_BF38, MID, EID, "8.1/4.2", 0 },
	{ BAD_EUM, MID, EID, "8.1.2/6.1", 0 },
	{ BAD_CERTIFICATE, MID, EID, "8.1.3/6.1", 0 },
	{ BAD_SIGNATURE1, MID, EID, "8.1/6.1", 0 },
	{ BAD_CHALLENGE, MID, EID, "8.1/6.1", 0 },
	{ BAD_SIGNED_TID, MID, EID, "8.10.1/3.9", 0 },
	{ 0, "SECRET-MID-2", EID, "8.2.6/3.8", 0 },
	{ 0, "", EID, "8.1.1/3.8", 0 },
	{ 0, NULL, EID, "8.1.1/3.8", 0 },
	{ 0, MID, EID2, "8.1.1/3.8", 0 },
	{ NO_MEMORY, MID, EID, "8.1/4.8", 0 },
	{ FORBIDS_PPR, MID, EID, "8.2.5/4.3", 0 },
	{ GARBAGE_BF21, MID, EID, "1.3.1/2.1", 0 },
	{ ERROR_BF21, MID, EID, "8.1/4.2", 0 },
	{ BAD_SIGNATURE2, MID, EID, "8.1/6.1", 0 },
	{ BAD_SIGNED2_TID, MID, EID, "8.10.1/3.9", 0 },
	{ BAD_POINT, MID, EID, "8.2/3.7", 0 },
	{ 0, MID, EID, "ok", 1 },
};

/* Each refusal has its code, ends the session and leaves the order alone. */
START_TEST(refused)
{
	struct attempt a = { .matching_id = refusals[_i].matching_id,
			     .eid = refusals[_i].eid, .flags = refusals[_i].flags };
	bool ok = strcmp(refusals[_i].code, "ok") == 0;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.eid = STR(EID), .ppr = PPR_NO_DELETE });
	ck_assert_str_eq(download(&a), refusals[_i].code);
	ck_assert_str_eq(state(ICCID), ok ? "downloaded" : "released");
	ck_assert_uint_eq(smdp_session_count(w.smdp), refusals[_i].sessions);
	ck_assert_uint_eq(count(&w.seen, "\"es9-failed\""), ok ? 0 : 1);
}
END_TEST

START_TEST(default_smdp)
{
	struct attempt a = { .matching_id = "", .eid = EID };
	struct attempt b = { .matching_id = NULL, .eid = EID };
	struct attempt other = { .matching_id = "", .eid = EID2 };

	offer((struct smdp_profile_spec){ .eid = STR(EID) });
	offer((struct smdp_profile_spec){ .eid = STR(EID),
					  .iccid = STR("8944000000000000019") });
	ck_assert_str_eq(download(&other), "8.1.1/3.8");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_installation(a.transaction, 1, 0, false);
	/* The oldest order first, then the next. */
	ck_assert_str_eq(download(&b), "ok");
	ck_assert_str_eq(state("8944000000000000019"), "downloaded");
}
END_TEST

START_TEST(confirmation_code)
{
	struct attempt none = { .matching_id = MID, .eid = EID };
	struct attempt wrong = { .matching_id = MID, .eid = EID, .cc = "1234" };
	struct attempt right = { .matching_id = MID, .eid = EID, .cc = "4711" };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.confirmation_code = STR("4711"), .retries_max = 20 });
	ck_assert_str_eq(download(&none), "8.2.7/2.2");
	ck_assert(none.cc_required);
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	/* The right one forgives the wrong ones. */
	ck_assert_str_eq(download(&right), "ok");
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	ck_assert_str_eq(download(&wrong), "8.2.7/3.8");
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert_str_eq(download(&wrong), "8.2.7/6.4");
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(download(&right), "8.2.6/3.8");
}
END_TEST

START_TEST(retries)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct attempt other = { .matching_id = MID, .eid = EID2 };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .retries_max = 2 });
	ck_assert_str_eq(download(&a), "ok");
	/* A package that was delivered is for that eUICC alone. */
	ck_assert_str_eq(download(&other), "8.1.1/3.8");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert_str_eq(download(&a), "8.8.5/6.4");
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(download(&a), "8.8.5/6.4");
	/* A try that was refused has no result to report. */
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "error");
}
END_TEST

/* The SM-DP+'s one-time key in a package. */
static struct str own_key(struct str package)
{
	struct rsp_initialise head;
	struct tlv whole, t;
	struct err err = { 0 };

	ck_assert_int_eq(tlv_whole(package, RSP_TAG_PACKAGE, &whole, &err), 0);
	ck_assert_int_eq(tlv_expect(&whole.value, 0xBF23, &t, &err), 0);
	ck_assert_int_eq(rsp_initialise_read(t.raw, &head, &err), 0);
	return head.smdp_otpk;
}

/* What SGP.22 says of a second try (3.1.3.3, 5.6.2): the eUICC is asked for the key of
 * the first, and who has it still gets the package bound as before. */
START_TEST(one_time_keys_again)
{
	struct attempt first = { .matching_id = MID, .eid = EID, .key = 1 };
	struct attempt again = first, forgot = first, last = first;
	struct es9_message repeated;
	char point[RSP_POINT_BYTES] = { 4, 1 };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .retries_max = 9 });
	ck_assert_str_eq(download(&first), "ok");
	ck_assert_ptr_null(first.asked_key.p);
	/* The answer was lost: the same session, the same keys. */
	ck_assert_str_eq(get_package(&first, &repeated), "ok");
	ck_assert(str_eq(own_key(repeated.package), own_key(first.package)));
	/* The power was lost: another session. */
	ck_assert_str_eq(download(&again), "ok");
	ck_assert(str_eq(again.asked_key, (struct str){ point, sizeof(point) }));
	ck_assert(!str_eq(again.transaction, first.transaction));
	ck_assert(str_eq(own_key(again.package), own_key(first.package)));
	ck_assert_uint_eq(count(&w.seen, "\"keys-used-again\""), 2);
	/* The eUICC has forgotten its key: the package is bound anew. */
	forgot.key = 2;
	ck_assert_str_eq(download(&forgot), "ok");
	ck_assert(str_eq(forgot.asked_key, (struct str){ point, sizeof(point) }));
	ck_assert(!str_eq(own_key(forgot.package), own_key(first.package)));
	/* A result ends the binding. */
	report_installation(forgot.transaction, 1, ES10_LOAD_MEMORY, false);
	ck_assert_str_eq(state(ICCID), "released");
	last.key = 2;
	ck_assert_str_eq(download(&last), "ok");
	ck_assert_ptr_null(last.asked_key.p);
	ck_assert(!str_eq(own_key(last.package), own_key(forgot.package)));
	ck_assert_uint_eq(count(&w.seen, "\"keys-used-again\""), 2);
}
END_TEST

START_TEST(late_result)
{
	struct attempt a = { .matching_id = MID, .eid = EID }, again = a;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .retries_max = 1 });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(download(&again), "8.8.5/6.4");
	ck_assert_str_eq(state(ICCID), "error");
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

START_TEST(expiry)
{
	struct attempt a = { .matching_id = MID, .eid = EID };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.expires_ms = CLOCK_EPOCH_MS + 60000, .retries_max = 9 });
	a.flags = STOP_AFTER_AUTH;
	ck_assert_str_eq(download(&a), "ok");
	pass(60);
	ck_assert_str_eq(download(&a), "8.8.5/4.10");
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(download(&a), "8.8.5/4.10");
}
END_TEST

START_TEST(sessions)
{
	struct attempt a = { .matching_id = MID, .eid = EID,
			     .flags = STOP_AFTER_AUTH };
	struct es9_message initiated, out;

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	/* Out of turn: refused, and the session goes on. */
	ck_assert_str_eq(initiate(&a, &initiated), "ok");
	ck_assert_str_eq(get_package(&a, &out), "8.10.1/3.9");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 2);
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "ok");
	ck_assert_str_eq(authenticate(&a, &initiated, &out), "8.10.1/3.9");
	ck_assert_str_eq(get_package(&a, &out), "ok");
	/* The answer was lost: once more. */
	ck_assert_str_eq(get_package(&a, &out), "ok");
	/* Forgotten after half an hour without a word. */
	pass(1799);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 2);
	pass(2);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	ck_assert_str_eq(get_package(&a, &out), "8.10.1/3.9");
	/* But its result is understood even then. */
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

/* ---- cancelSession. ------------------------------------------------------- */

static const struct {
	int reason;
	const char *state;
	const char *next;	/* code of another try */
} reasons[] = {
	{ ES10_CANCEL_END_USER, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_POSTPONED, "released", "ok" },
	{ ES10_CANCEL_TIMEOUT, "released", "ok" },
	{ ES10_CANCEL_PPR, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_METADATA, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_LOAD_ERROR, "error", "8.2.6/3.8" },
	{ ES10_CANCEL_UNDEFINED, "error", "8.2.6/3.8" },
	{ 99, "error", "8.2.6/3.8" },
};

START_TEST(cancel_reasons)
{
	struct attempt a = { .matching_id = MID, .eid = EID,
			     .flags = STOP_AFTER_AUTH };

	/* One try only: a postponed one does not count. */
	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .retries_max = 1 });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(cancel(a.transaction, reasons[_i].reason), "ok");
	ck_assert_str_eq(state(ICCID), reasons[_i].state);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	ck_assert_str_eq(cancel(a.transaction, reasons[_i].reason), "8.10.1/3.9");
	ck_assert_str_eq(download(&a), reasons[_i].next);
}
END_TEST

START_TEST(cancel_refused)
{
	struct attempt a = { .matching_id = MID, .eid = EID,
			     .flags = STOP_AFTER_AUTH };
	struct es9_message in = { 0 }, out;

	offer_plain();
	ck_assert_str_eq(cancel(STR("0123456789ABCDEF"), 0), "8.10.1/3.9");
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(cancel_with(a.transaction, a.transaction, STR("\x88\x01"),
				     0, false), "8.8/3.10");
	ck_assert_str_eq(cancel_with(a.transaction, a.transaction, STR(OID), 0,
				     true), "8.1/6.1");
	ck_assert_str_eq(cancel_with(a.transaction, STR("x"), STR(OID), 0, false),
			 "8.10.1/3.9");
	in.transaction_id = a.transaction;
	in.cancel_response = STR("\xBF\x41\x00");
	ck_assert_str_eq(es9(ES9_CANCEL_SESSION, &in, &out), "1.3.1/2.1");
	ck_assert_str_eq(state(ICCID), "released");
	/* The eUICC's own error ends the session only. */
	in.cancel_response = STR("\xBF\x41\x03\x81\x01\x05");
	ck_assert_str_eq(es9(ES9_CANCEL_SESSION, &in, &out), "ok");
	ck_assert_str_eq(state(ICCID), "released");
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	/* Before the client is authenticated there is nothing to reject. */
	ck_assert_str_eq(initiate(&a, &out), "ok");
	ck_assert_str_eq(cancel(a.transaction, ES10_CANCEL_END_USER), "ok");
	ck_assert_str_eq(state(ICCID), "released");
}
END_TEST

/* ---- Notifications. ------------------------------------------------------- */

static const struct {
	int reason;
	unsigned retries_max;
	const char *state;
} failures[] = {
	{ ES10_LOAD_MEMORY, 3, "released" },
	{ ES10_LOAD_INTERRUPTED, 3, "released" },
	{ ES10_LOAD_MEMORY, 1, "error" },	/* no try is left */
	{ ES10_LOAD_ICCID_EXISTS, 3, "error" },
	{ ES10_LOAD_SECURITY, 3, "error" },
	{ ES10_LOAD_PE, 3, "error" },
	{ ES10_LOAD_UNKNOWN, 3, "error" },
};

START_TEST(failed_installations)
{
	struct attempt a = { .matching_id = MID, .eid = EID };

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.retries_max = failures[_i].retries_max });
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 5, failures[_i].reason, false);
	ck_assert_str_eq(state(ICCID), failures[_i].state);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	pass(1);
	ck_assert_uint_eq(count(&w.told, "\"succeeded\":false"), 1);
	/* Said again, it changes nothing and is not passed on again. */
	report_installation(a.transaction, 5, failures[_i].reason, false);
	pass(1);
	ck_assert_str_eq(state(ICCID), failures[_i].state);
	ck_assert_uint_eq(w.eis_calls, 1);
	ck_assert_uint_eq(count(&w.seen, "\"repeated\":true"), 1);
}
END_TEST

/* A package that failed before its metadata were read has a result without an ICCID. */
START_TEST(result_without_iccid)
{
	struct attempt a = { .matching_id = MID, .eid = EID };

	offer((struct smdp_profile_spec){ .matching_id = STR("OTHER"),
					  .iccid = STR("8944000000000000019") });
	offer((struct smdp_profile_spec){ .matching_id = STR(MID), .retries_max = 9 });
	for (int i = 0; i < 6; i++)
		ck_assert_str_eq(download(&a), "ok");
	report_result("8944000000000000019", a.transaction, 1, ES10_LOAD_SECURITY, false);
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_result("", STR("0123456789ABCDEF"), 1, ES10_LOAD_SECURITY, false);
	ck_assert_str_eq(state(ICCID), "downloaded");
	report_result("", a.transaction, 1, ES10_LOAD_SECURITY, false);
	ck_assert_str_eq(state(ICCID), "error");
	ck_assert_str_eq(state("8944000000000000019"), "released");
	pass(1);
	ck_assert_uint_eq(count(&w.told, "\"iccid\":\"" ICCID "\""), 1);
	/* In a new order the transactions of the old one mean nothing. */
	ck_assert_str_eq(es2("cancelOrder", "\"iccid\":\"" ICCID "\","
			     "\"finalProfileStatusIndicator\":\"Available\""), "ok");
	ck_assert_str_eq(es2("downloadOrder", "\"iccid\":\"" ICCID "\""), "ok");
	report_result("", a.transaction, 2, 0, false);
	ck_assert_str_eq(state(ICCID), "allocated");
}
END_TEST

START_TEST(unbelievable_results)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct es9_message in = { .notification = STR("\xBF\x37\x00") }, out;

	offer_plain();
	report_installation(STR("0123456789ABCDEF"), 1, 0, false);
	ck_assert_str_eq(state(ICCID), "released");
	ck_assert_str_eq(download(&a), "ok");
	report_installation(STR("0123456789ABCDEF"), 1, 0, false);
	report_installation(a.transaction, 1, 0, true);
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
	in.notification = STR("");
	es9(ES9_HANDLE_NOTIFICATION, &in, &out);
	report_event(NOTIFY_ENABLE, 9, true);
	pass(1);
	ck_assert_str_eq(state(ICCID), "downloaded");
	ck_assert_uint_eq(w.eis_calls, 0);
	ck_assert_uint_eq(count(&w.seen, "\"es9-failed\""), 6);
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(state(ICCID), "installed");
}
END_TEST

START_TEST(other_notifications)
{
	offer_plain();
	report_event(NOTIFY_ENABLE, 2, false);
	report_event(NOTIFY_DISABLE, 3, false);
	report_event(NOTIFY_ENABLE, 2, false);
	report_event(NOTIFY_DELETE, 4, false);
	pass(1);
	ck_assert_uint_eq(w.eis_calls, 3);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"enable\""), 1);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"disable\""), 1);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"delete\""), 1);
	ck_assert_uint_eq(count(&w.told, "\"eid\":\"" EID "\""), 3);
	ck_assert_str_eq(state(ICCID), "released");
}
END_TEST

START_TEST(eis_away)
{
	offer_plain();
	w.eis_status = 503;
	report_event(NOTIFY_ENABLE, 2, false);
	pass(5);
	ck_assert_uint_eq(w.eis_calls, 2);	/* at once, and after 1 s */
	w.eis_status = 204;
	pass(10);
	ck_assert_uint_eq(w.eis_calls, 3);
	ck_assert_uint_eq(count(&w.told, "\"operation\":\"enable\""), 1);
	/* For ever away: given up, and said so. */
	w.eis_status = 500;
	report_event(NOTIFY_DISABLE, 3, false);
	pass(3600);
	ck_assert_uint_eq(w.eis_calls, 3 + 5);
	ck_assert_uint_eq(count(&w.seen, "\"notification-not-forwarded\""), 1);
	/* A refusal is final. */
	w.eis_status = 404;
	report_event(NOTIFY_DISABLE, 4, false);
	pass(3600);
	ck_assert_uint_eq(w.eis_calls, 3 + 5 + 1);
	ck_assert_uint_eq(count(&w.seen, "\"why\":\"refused\""), 1);
	/* One is on its way when the world ends: see teardown(). */
	w.eis_status = 500;
	report_event(NOTIFY_DISABLE, 5, false);
	pass(5);
}
END_TEST

/* ---- Requests that are not. ----------------------------------------------- */

static const struct {
	const char *type, *protocol, *body, *code;
} malformed[] = {
	{ "application/json", NULL, "{}", "1.3.2/3.1" },
	{ "application/json", "gsma/rsp/v1.0", "{}", "1.3.2/3.1" },
	{ "application/json", "gsma/rsp/v3.0.0", "{}", "1.3.2/3.1" },
	{ "text/plain", ES9_PROTOCOL, "{}", "1.3.1/2.1" },
	{ "application/jsonx", ES9_PROTOCOL, "{}", "1.3.1/2.1" },
	{ "APPLICATION/JSON ; charset=utf-8", "gsma/rsp/v2.6.0", "{}", "1.6/2.2" },
	{ "application/json", ES9_PROTOCOL, "{}", "1.6/2.2" },
	{ "application/json", ES9_PROTOCOL, "", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "[1]", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"a\":", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "\xFF", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"smdpAddress\":1}", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"smdpAddress\":\"smdp.example.com\","
	  "\"euiccChallenge\":\"?\",\"euiccInfo1\":\"\"}", "1.3.1/2.1" },
	{ "application/json", ES9_PROTOCOL, "{\"smdpAddress\":\"smdp.example.com\","
	  "\"euiccChallenge\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"euiccInfo1\":\"\"}",
	  "1.3.1/2.1" },
};

START_TEST(malformed_requests)
{
	struct es9_message m;

	call("POST", ES9 "initiateAuthentication", malformed[_i].type,
	     malformed[_i].protocol, str_of(malformed[_i].body));
	ck_assert_str_eq(code_of(ES9_INITIATE_AUTHENTICATION, &m),
			 malformed[_i].code);
	/* A notification is acknowledged even so. */
	call("POST", ES9 "handleNotification", malformed[_i].type,
	     malformed[_i].protocol, str_of(malformed[_i].body));
	ck_assert_int_eq(w.status, 204);
}
END_TEST

START_TEST(big_body)
{
	struct es9_message m;
	char *big = calloc(1, 70000);

	memset(big, ' ', 69999);
	call("POST", ES9 "initiateAuthentication", "application/json",
	     ES9_PROTOCOL, str_of(big));
	ck_assert_str_eq(code_of(ES9_INITIATE_AUTHENTICATION, &m), "1.3.1/2.1");
	free(big);
}
END_TEST

START_TEST(paths)
{
	call("GET", ES9 "initiateAuthentication", NULL, ES9_PROTOCOL, STR_NONE);
	ck_assert_int_eq(w.status, 405);
	call("POST", ES9 "noSuch", "application/json", ES9_PROTOCOL, STR("{}"));
	ck_assert_int_eq(w.status, 404);
	call("POST", ES9, "application/json", ES9_PROTOCOL, STR("{}"));
	ck_assert_int_eq(w.status, 404);
	call("POST", ES2 "noSuch", "application/json", ES9_PROTOCOL, STR("{}"));
	ck_assert_int_eq(w.status, 404);
	call("POST", "https://smdp.example.com/", "application/json",
	     ES9_PROTOCOL, STR("{}"));
	ck_assert_int_eq(w.status, 404);
}
END_TEST

/* ---- ES2+. ---------------------------------------------------------------- */

#define M_ICCID "\"iccid\":\"" ICCID "\""
#define M_EID "\"eid\":\"" EID "\""

/* The profile begins in stock; "state" rows look at it, others order. */
static const struct {
	const char *function, *members, *code, *state;
} orders[] = {
	{ "confirmOrder", M_ICCID, "8.2.1/3.5", "available" },
	{ "releaseProfile", M_ICCID, "8.2.1/3.5", "available" },
	{ "downloadOrder", "", "8.2.1/2.2", "available" },
	{ "downloadOrder", "\"iccid\":\"123\"", "8.2.1/2.1", "available" },
	{ "downloadOrder", "\"iccid\":\"8944000000000000019\"", "8.2.1/3.9",
	  "available" },
	{ "downloadOrder", M_ICCID ",\"eid\":\"12\"", "8.1.1/2.1", "available" },
	{ "downloadOrder", "\"profileType\":\"gold\"", "8.2.5/3.9", "available" },
	{ "downloadOrder", "\"profileType\":\"default\"", "ok", "allocated" },
	{ "downloadOrder", "\"profileType\":\"default\"", "8.2.5/3.7", "allocated" },
	{ "downloadOrder", M_ICCID, "8.2.1/3.3", "allocated" },
	{ "cancelOrder", M_ICCID, "1.6/2.2", "allocated" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Gone\"",
	  "1.3.1/2.1", "allocated" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\"",
	  "ok", "available" },
	{ "downloadOrder", M_ICCID "," M_EID, "ok", "linked" },
	{ "confirmOrder", M_ICCID ",\"eid\":\"" EID2 "\"", "8.1.1/3.10", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"a b\"", "8.2.6/2.1", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"TAKEN\"", "8.2.6/3.3", "linked" },
	{ "confirmOrder", M_ICCID ",\"matchingId\":\"" MID "\"", "ok", "confirmed" },
	{ "confirmOrder", M_ICCID, "8.2.1/3.5", "confirmed" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\","
	  "\"matchingId\":\"OTHER\"", "8.2.6/3.10", "confirmed" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Available\","
	  "\"eid\":\"" EID2 "\"", "8.1.1/3.10", "confirmed" },
	{ "releaseProfile", M_ICCID, "ok", "released" },
	{ "releaseProfile", M_ICCID, "8.2.1/3.5", "released" },
	{ "cancelOrder", M_ICCID ",\"finalProfileStatusIndicator\":\"Unavailable\"",
	  "ok", "unavailable" },
	{ "downloadOrder", M_ICCID, "8.2.1/3.3", "unavailable" },
};

static void stock(void)
{
	struct smdp_profile_spec spec = { .iccid = STR(ICCID),
					  .spn = STR("Mobile") };
	struct err err = { 0 };

	ck_assert_int_eq(smdp_stock_profile(w.smdp, &spec, &err), 0);
}

START_TEST(orders_step_by_step)
{
	stock();
	offer((struct smdp_profile_spec){ .matching_id = STR("TAKEN"),
		.iccid = STR("8944000000000000100"), .profile_type = STR("x") });
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const char *code = es2(orders[i].function, orders[i].members);

		ck_assert_msg(strcmp(code, orders[i].code) == 0,
			      "%s %s: %s, expected %s", orders[i].function,
			      orders[i].members, code, orders[i].code);
		ck_assert_str_eq(state(ICCID), orders[i].state);
	}
}
END_TEST

/* An order over ES2+, then its download, then that it cannot be undone. */
START_TEST(order_and_download)
{
	struct attempt a = { .eid = EID, .cc = "4711" };
	struct err err = { 0 };
	struct str id;
	cJSON *tree;

	stock();
	ck_assert_str_eq(es2("downloadOrder", M_ICCID), "ok");
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"iccid\":\"" ICCID "\""));
	ck_assert_str_eq(es2("confirmOrder", M_ICCID "," M_EID
			     ",\"releaseFlag\":true,\"confirmationCode\":\"4711\""),
			 "ok");
	ck_assert_str_eq(state(ICCID), "released");
	tree = json_parse(w.body, &err);
	ck_assert_int_eq(json_get_str(tree, "matchingId", &w.arena, &id, &err), 1);
	cJSON_Delete(tree);
	ck_assert_uint_eq(id.n, 23);
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"smdpAddress\":\"smdp.example.com\""));
	a.matching_id = id.p;
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_str_eq(es2("cancelOrder", M_ICCID
			     ",\"finalProfileStatusIndicator\":\"Available\""),
			 "8.2.1/3.3");
	/* What was made up is a secret as well. */
	ck_assert_ptr_null(strstr(w.seen.p, id.p));
}
END_TEST

START_TEST(default_order)
{
	struct attempt a = { .matching_id = "", .eid = EID };

	stock();
	ck_assert_str_eq(es2("downloadOrder", M_ICCID), "ok");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID ",\"matchingId\":\"\""),
			 "8.1.1/2.2");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID "," M_EID
			     ",\"matchingId\":\"\",\"releaseFlag\":false"), "ok");
	ck_assert_str_eq(download(&a), "8.2/1.2");
	ck_assert_str_eq(es2("releaseProfile", M_ICCID), "ok");
	ck_assert_str_eq(download(&a), "ok");
}
END_TEST

/* Three orders for one eUICC, found by its EID; one after the other is taken
 * back, from whichever place in the row, and ordered for another. */
START_TEST(default_orders_taken_back)
{
	static const char *const iccids[] = {
		"8944000000000000019", "8944000000000000100",
		"8944000000000000209",
	};
	static const int rows[][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 2, 1, 0 } };
	struct attempt a = { .matching_id = "", .eid = EID };
	struct attempt other = { .matching_id = "", .eid = EID2 };

	for (int i = 0; i < 3; i++)
		offer((struct smdp_profile_spec){ .iccid = str_of(iccids[i]),
						  .eid = STR(EID) });
	for (int i = 0; i < 3; i++) {
		struct str iccid = arena_printf(&w.arena, "\"iccid\":\"%s\"",
						iccids[rows[_i][i]]);

		ck_assert_str_eq(es2("cancelOrder", arena_printf(&w.arena,
			"%s,\"finalProfileStatusIndicator\":\"Available\"",
			iccid.p).p), "ok");
		ck_assert_str_eq(es2("downloadOrder", arena_printf(&w.arena,
			"%s,\"eid\":\"" EID2 "\"", iccid.p).p), "ok");
		ck_assert_str_eq(es2("confirmOrder", arena_printf(&w.arena,
			"%s,\"matchingId\":\"\",\"releaseFlag\":true",
			iccid.p).p), "ok");
		if (i == 2)
			break;
		ck_assert_str_eq(download(&other), "ok");
		report_result(iccids[rows[_i][i]], other.transaction, i + 1, 0,
			      false);
		ck_assert_str_eq(state(iccids[rows[_i][i]]), "installed");
		a.flags = STOP_AFTER_AUTH;
		ck_assert_str_eq(download(&a), "ok");
		ck_assert_str_eq(cancel(a.transaction, ES10_CANCEL_POSTPONED), "ok");
	}
	ck_assert_str_eq(download(&a), "8.1.1/3.8");
	ck_assert_str_eq(download(&other), "ok");
}
END_TEST

START_TEST(malformed_orders)
{
	struct es9_message m;

	stock();
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("{" M_ICCID "}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.1/2.2");
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("{\"header\":[]," M_ICCID "}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.1/2.2");
	call("POST", ES2 "downloadOrder", "application/json", NULL, STR("{}"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.3.2/3.1");
	call("POST", ES2 "downloadOrder", "application/json", ES9_PROTOCOL,
	     STR("[]"));
	ck_assert_str_eq(code_of(ES9_CANCEL_SESSION, &m), "1.3.1/2.1");
	ck_assert_str_eq(es2("downloadOrder", "\"iccid\":7"), "1.3.1/2.1");
	ck_assert_str_eq(es2("confirmOrder", M_ICCID ",\"releaseFlag\":\"yes\""),
			 "1.3.1/2.1");
	ck_assert_str_eq(state(ICCID), "available");
}
END_TEST

/* ---- Set-up. -------------------------------------------------------------- */

START_TEST(bad_profiles)
{
	struct smdp_profile_spec good = { .iccid = STR(ICCID),
					  .matching_id = STR(MID) }, bad;
	struct err err = { 0 };

	bad = good, bad.iccid = STR("12");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.class_name = STR("gold");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.eid = STR("1");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.matching_id = STR_NONE;
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	bad = good, bad.ppr = 8;
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	ck_assert_ptr_null(state(ICCID));
	ck_assert_int_eq(smdp_add_profile(w.smdp, &good, &err), 0);
	ck_assert_int_eq(smdp_add_profile(w.smdp, &good, &err), -1);
	bad = good, bad.iccid = STR("8944000000000000019");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &bad, &err), -1);
	ck_assert_ptr_null(strstr(err.msg, MID));
}
END_TEST

START_TEST(metadata)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	struct str config, address;
	struct err err = { 0 };
	unsigned events;

	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
		.class_name = STR("bootstrap"), .ppr = PPR_NO_DISABLE,
		.profile_name = STR("Plan") });
	ck_assert_str_eq(download(&a), "ok");
	ck_assert_int_eq(a.metadata.profile_class, 1);
	ck_assert_uint_eq(a.metadata.ppr, PPR_NO_DISABLE);
	ck_assert(str_is(a.metadata.profile_name, "Plan"));
	config = a.metadata.notification_config;
	ck_assert_int_eq(rsp_notification_config_next(&config, &events, &address,
						      &err), 1);
	ck_assert_uint_eq(events, 15);
	ck_assert(str_is(address, "smdp.example.com"));
}
END_TEST

/* Thousands of profiles, a hundred sessions at once. */
START_TEST(many)
{
	struct attempt a = { .eid = EID };
	char iccid[ICCID_SIZE], id[32];

	for (unsigned i = 0; i < 3000; i++) {
		iccid_make(iccid, STR("8944"), i);
		snprintf(id, sizeof(id), "SECRET-%u", i);
		offer((struct smdp_profile_spec){ .iccid = str_of(iccid),
						  .matching_id = str_of(id) });
	}
	for (unsigned i = 0; i < 3000; i += 30) {
		snprintf(id, sizeof(id), "SECRET-%u", i);
		a.matching_id = id;
		ck_assert_str_eq(download(&a), "ok");
	}
	ck_assert_uint_eq(smdp_session_count(w.smdp), 100);
}
END_TEST

START_TEST(same_seed)
{
	struct attempt a = { .matching_id = MID, .eid = EID };
	char *first;

	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 1, 0, false);
	first = strdup(w.seen.p);
	teardown();
	setup();
	offer_plain();
	ck_assert_str_eq(download(&a), "ok");
	report_installation(a.transaction, 1, 0, false);
	ck_assert_str_eq(w.seen.p, first);
	ck_assert_ptr_nonnull(strstr(first, "session-started"));
	free(first);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

int main(void)
{
	Suite *suite = suite_create("smdp");
	TCase *tc = tcase_create("http");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, whole_download);
	tcase_add_loop_test(tc, refused, 0, COUNT(refusals));
	tcase_add_test(tc, default_smdp);
	tcase_add_test(tc, confirmation_code);
	tcase_add_test(tc, retries);
	tcase_add_test(tc, one_time_keys_again);
	tcase_add_test(tc, late_result);
	tcase_add_test(tc, expiry);
	tcase_add_test(tc, sessions);
	tcase_add_loop_test(tc, cancel_reasons, 0, COUNT(reasons));
	tcase_add_test(tc, cancel_refused);
	tcase_add_loop_test(tc, failed_installations, 0, COUNT(failures));
	tcase_add_test(tc, result_without_iccid);
	tcase_add_test(tc, unbelievable_results);
	tcase_add_test(tc, other_notifications);
	tcase_add_test(tc, eis_away);
	tcase_add_loop_test(tc, malformed_requests, 0, COUNT(malformed));
	tcase_add_test(tc, big_body);
	tcase_add_test(tc, paths);
	tcase_add_test(tc, orders_step_by_step);
	tcase_add_test(tc, order_and_download);
	tcase_add_test(tc, default_order);
	tcase_add_loop_test(tc, default_orders_taken_back, 0, 3);
	tcase_add_test(tc, malformed_orders);
	tcase_add_test(tc, bad_profiles);
	tcase_add_test(tc, metadata);
	tcase_add_test(tc, many);
	tcase_add_test(tc, same_seed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
