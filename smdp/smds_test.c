/*
 * Goal: the SM-DS as SM-DP+s and devices see it (SGP.22, 3.6, 5.8 and 5.9), with
 * and without cryptography; and the SM-DP+ that tells it of its orders.
 * Method: a world of one SM-DS and one SM-DP+, and a client that answers as an
 * eUICC would.  Codes are SGP.22's, as text.
 */
#include "proto/es10.h"
#include "proto/es11.h"
#include "proto/profile.h"
#include "proto/rsp.h"
#include "proto/rsp_pki.h"
#include "sim/json.h"
#include "sim/memnet.h"
#include "smdp/smdp.h"
#include "smdp/smds.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define EID "89049032000000000000000000000163"
#define EID2 "89049032000000000000012345678946"
#define ICCID "8944000000001234567"
#define DS "https://smds.example.com/gsma/rsp2/"
#define ES2 "https://smdp.example.com/gsma/rsp2/es2plus/"

static struct world {
	struct loop loop;
	struct eventlog log;
	struct eventlog_listener listener;
	struct network *net;
	struct rsp_pki *pki;
	struct rsp_crypto *full;
	const struct rsp_crypto *crypto;
	struct smds *smds;
	struct smdp *smdp;
	struct arena arena;
	struct buf seen;	/* all of the event log */
	bool answered;
	int status;		/* of the last call */
	struct str body;
} w;

static void listen_log(struct eventlog_listener *l, const struct event *e, struct str line)
{
	(void)l, (void)e;
	buf_str(&w.seen, line);
	buf_char(&w.seen, '\n');
}

static void listen_smds(void)
{
	struct err err = { 0 };

	ck_assert_int_eq(network_listen(w.net, "smds.example.com", "smds",
					smds_handler(w.smds), &err), 0);
}

static void setup(bool full)
{
	struct err err = { 0 };

	memset(&w, 0, sizeof(w));
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	w.listener = (struct eventlog_listener){ .tell = listen_log, .wants_line = true };
	eventlog_listen(&w.log, &w.listener);
	buf_init(&w.seen, 1 << 22);
	w.net = memnet_new(&w.loop, NULL);
	w.crypto = &rsp_crypto_none;
	if (full) {
		w.pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1, .repeatable = true });
		rsp_pki_make_ci(w.pki, RSP_P256);
		w.crypto = w.full = rsp_crypto_full_new(w.pki);
	}
	w.smds = smds_new(&(struct smds_config){
		.loop = &w.loop, .log = &w.log, .seed = 1, .party = "smds",
		.address = "smds.example.com", .crypto = w.crypto }, &err);
	ck_assert_msg(w.smds != NULL, "%s", err.msg);
	w.smdp = smdp_new(&(struct smdp_config){
		.loop = &w.loop, .net = w.net, .log = &w.log, .seed = 1, .party = "smdp",
		.address = "smdp.example.com", .crypto = w.crypto }, &err);
	ck_assert_msg(w.smdp != NULL, "%s", err.msg);
	listen_smds();
	ck_assert_int_eq(network_listen(w.net, "smdp.example.com", "smdp",
					smdp_handler(w.smdp), &err), 0);
}

static void setup_fast(void)
{
	setup(false);
}

static void setup_full(void)
{
	setup(true);
}

static void teardown(void)
{
	network_unlisten(w.net, "smdp.example.com");
	network_unlisten(w.net, "smds.example.com");
	smdp_free(w.smdp);
	smds_free(w.smds);
	network_release(w.net);
	rsp_crypto_full_free(w.full);
	rsp_pki_free(w.pki);
	/* Event ids are matching ids: no log holds them. */
	ck_assert_ptr_null(w.seen.p ? strstr(w.seen.p, "SECRET") : NULL);
	eventlog_release(&w.log);
	buf_release(&w.seen);
	arena_release(&w.arena);
	loop_release(&w.loop);
}

/* ---- Calls. --------------------------------------------------------------- */

static void idle(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

/* Let so much simulated time pass. */
static void pass(int64_t ms)
{
	struct timer t = { .fire = idle };
	struct err err = { 0 };

	loop_arm(&w.loop, &t, ms * NS_PER_MS);
	/* An answer stops the loop, too. */
	while (timer_armed(&t))
		ck_assert_int_eq(loop_run(&w.loop, &err), 0);
}

static void done(struct http_call *c)
{
	w.answered = true;
	w.status = c->failure == HTTP_OK ? c->resp.status : 0;
	w.body = c->failure == HTTP_OK ? arena_str(&w.arena, c->resp.body) : STR("");
	loop_stop(&w.loop);
}

static void begin(const char *method, const char *url, const char *type,
		  const char *protocol, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, STR("device/x"), method, &err, "%s", url);

	ck_assert_ptr_nonnull(c);
	http_call_body(c, type, body);
	http_call_header(c, "X-Admin-Protocol", str_of(protocol));
	w.answered = false;
	c->timeout_ns = 100 * NS_PER_S;
	c->done = done;
	http_call_send(c);
}

static void call(const char *method, const char *url, const char *type,
		 const char *protocol, struct str body)
{
	struct err err = { 0 };

	begin(method, url, type, protocol, body);
	ck_assert_int_eq(loop_run(&w.loop, &err), 0);
}

static void post(const char *url, struct str body)
{
	call("POST", url, "application/json", ES9_PROTOCOL, body);
}

static const char *code(const struct es9_status *st)
{
	return st->failed ? arena_printf(&w.arena, "%.*s/%.*s", STRF(st->subject_code),
					 STRF(st->reason_code)).p : "ok";
}

/* That of an answer of ES2+ or ES12: "ok", or "8.9.5/3.9". */
static const char *header_code(void)
{
	struct es9_message none;
	struct es9_status st;
	struct err err = { 0 };

	ck_assert_int_eq(w.status, 200);
	ck_assert_int_eq(es9_answer_parse(w.body, ES9_CANCEL_SESSION, &w.arena, &none, &st,
					  &err), 0);
	return code(&st);
}

/* ES12, as the SM-DP+ dp<n>. */
static const char *es12(enum es12_function f, int n, const char *eid, const char *id)
{
	struct str dp = arena_printf(&w.arena, "dp%d", n);
	struct buf b;
	char url[100];

	buf_init(&b, 10000);
	es12_request_print(&b, f, &(struct es12_request){
		.requester = dp, .call = STR("1"), .eid = str_of(eid),
		.event_id = str_of(id), .address = arena_printf(&w.arena, "%s.example", dp.p),
	});
	snprintf(url, sizeof(url), DS "es12/%s", es12_function_name(f));
	post(url, buf_view(&b));
	buf_release(&b);
	return header_code();
}

static const char *register_event(int n, const char *eid, const char *id)
{
	return es12(ES12_REGISTER_EVENT, n, eid, id);
}

static const char *delete_event(int n, const char *eid, const char *id)
{
	return es12(ES12_DELETE_EVENT, n, eid, id);
}

/* ES2+: members behind the header. */
static struct str es2_body(const char *members)
{
	return arena_printf(&w.arena, "{\"header\":{\"functionRequesterIdentifier\":\"op\","
			    "\"functionCallIdentifier\":\"1\"},%s}", members);
}

static const char *es2(const char *function, const char *members)
{
	char url[100];

	snprintf(url, sizeof(url), ES2 "%s", function);
	post(url, es2_body(members));
	return header_code();
}

/* ---- An eUICC's side. ----------------------------------------------------- */

enum {
	BAD_CHALLENGE = 1 << 0, BAD_TID = 1 << 1, BAD_SIGNATURE = 1 << 2,
	BAD_CERTIFICATE = 1 << 3, BAD_EUM = 1 << 4, REFUSES = 1 << 5, GARBAGE = 1 << 6,
	BAD_VERIFY_ID = 1 << 7, BAD_SIGN_ID = 1 << 8, BAD_SVN = 1 << 9,
	SHORT_CHALLENGE = 1 << 10, OTHER_ADDRESS = 1 << 11, OTHER_SESSION = 1 << 12,
	GARBAGE_INFO = 1 << 13,
};

static const char challenge[RSP_CHALLENGE_BYTES] = "euicc-challenge";

static struct str kept(struct buf *b)
{
	struct str s = arena_str(&w.arena, buf_view(b));

	buf_release(b);
	return s;
}

static struct str key_list(bool bad)
{
	struct buf b;

	buf_init(&b, 100);
	tlv_put(&b, TLV_OCTETS, bad ? STR("12345678901234567890") :
		w.crypto->ci_key_id(w.crypto, 0));
	return kept(&b);
}

static struct rsp_identity identity(enum rsp_role role, const char *name)
{
	struct rsp_identity id;
	struct err err = { 0 };

	ck_assert_msg(w.crypto->identity(w.crypto, role, 0, str_of(name), STR_NONE, &w.arena,
					 &id, &err) == 0, "%s", err.msg);
	return id;
}

static const char *initiate(unsigned flags, struct es9_message *out)
{
	struct es9_message in = {
		.smdp_address = flags & OTHER_ADDRESS ? STR("smdp.example.com") :
				STR("smds.example.com:8445"),
		.euicc_challenge = { challenge, flags & SHORT_CHALLENGE ? 15 :
				     sizeof(challenge) },
	};
	struct es9_status st;
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 1000);
	rsp_euicc_info1_write(&b, &(struct rsp_euicc_info1){
		.svn = flags & BAD_SVN ? STR("\x01\x01\x01") : STR("\x02\x02\x02"),
		.ci_verify = key_list(flags & BAD_VERIFY_ID),
		.ci_sign = key_list(flags & BAD_SIGN_ID),
	});
	in.euicc_info1 = flags & GARBAGE_INFO ? STR("\xBF\x20") : kept(&b);
	buf_release(&b);
	buf_init(&b, 10000);
	es9_request_print(&b, ES9_INITIATE_AUTHENTICATION, &in);
	post(DS "es9plus/initiateAuthentication", buf_view(&b));
	buf_release(&b);
	ck_assert_int_eq(w.status, 200);
	ck_assert_msg(es9_answer_parse(w.body, ES9_INITIATE_AUTHENTICATION, &w.arena, out, &st,
				       &err) == 0, "%s", err.msg);
	return code(&st);
}

static struct str info2(void)
{
	struct str version = STR("\x02\x02\x02");
	struct buf b;

	buf_init(&b, 1000);
	rsp_euicc_info2_write(&b, &(struct rsp_euicc_info2){
		.profile_version = version, .svn = version, .firmware = version,
		.card_resource = STR("\x81\x01\x00\x82\x01\x00\x83\x01\x00"),
		.uicc_capability = STR("\x05\x7F"), .rsp_capability = STR("\x04\x90"),
		.ci_verify = key_list(false), .ci_sign = key_list(false), .category = -1,
		.pp_version = version, .sas_number = STR("x"),
	});
	return kept(&b);
}

static struct str signed1(unsigned flags, const struct es9_message *m, const char *id)
{
	struct rsp_server_signed1 server;
	struct err err = { 0 };
	struct buf b;

	ck_assert_int_eq(rsp_server_signed1_read(m->server_signed1, &server, &err), 0);
	ck_assert(str_eq(server.transaction_id, m->transaction_id));
	ck_assert(str_eq(server.euicc_challenge, (struct str){ challenge, sizeof(challenge) }));
	ck_assert(str_is(server.server_address, "smds.example.com"));
	buf_init(&b, 4000);
	rsp_euicc_signed1_write(&b, &(struct rsp_euicc_signed1){
		.transaction_id = flags & BAD_TID ? STR("x") : m->transaction_id,
		.server_address = server.server_address,
		.server_challenge = flags & BAD_CHALLENGE ? STR("0123456789ABCDEF") :
				    server.server_challenge,
		.euicc_info2 = info2(),
		.context = { .present = true, .device = true, .tac = STR("1234"),
			     .matching_id = id ? str_of(id) : STR_NONE },
	});
	return kept(&b);
}

/* The certificate and the signature of the server are those of an SM-DS. */
static void check_server(const struct es9_message *m)
{
	struct rsp_certificate cert;
	struct err err = { 0 };

	ck_assert_msg(w.crypto->check_certificate(w.crypto, RSP_ROLE_DS_AUTH,
		m->server_certificate, STR_NONE, CLOCK_EPOCH_MS, &cert, &err) == 0, "%s",
		err.msg);
	ck_assert(str_is(cert.oid, "\x88\x37\x0B"));
	ck_assert_int_eq(rsp_verify(w.crypto, m->server_certificate, m->server_signed1,
				    STR_NONE, m->server_signature1, &err), 0);
}

static struct str response(unsigned flags, const struct es9_message *m, const char *eid,
			   const char *id)
{
	struct rsp_identity own = identity(RSP_ROLE_EUICC, eid);
	struct str text = signed1(flags, m, id), signature;
	struct err err;
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(rsp_sign(w.crypto, &own, text, STR_NONE, &b, &err), 0);
	signature = kept(&b);
	if (flags & BAD_SIGNATURE)
		((char *)(uintptr_t)signature.p)[40] ^= 1;
	buf_init(&b, 20000);
	rsp_authenticate_response_write(&b, &(struct rsp_authenticate_response){
		.ok = !(flags & REFUSES), .euicc_signed1 = text, .euicc_signature1 = signature,
		.euicc_certificate = flags & BAD_CERTIFICATE ? own.issuer : own.certificate,
		.eum_certificate = flags & BAD_EUM ? own.certificate : own.issuer,
		.failed = flags & REFUSES, .transaction_id = m->transaction_id,
		.error_code = ES10_AUTH_CERTIFICATE,
	});
	return kept(&b);
}

/* ES11 from end to end; the events are in `list`. */
static const char *retrieve(unsigned flags, const char *eid, const char *id,
			    struct es11_event **list, size_t *count)
{
	struct es9_message m, in = { 0 };
	struct es9_status st;
	struct err err = { 0 };
	const char *first = initiate(flags, &m);
	struct str transaction;
	struct buf b;

	*count = 0;
	if (strcmp(first, "ok") != 0)
		return first;
	check_server(&m);
	in.transaction_id = flags & OTHER_SESSION ? STR("x") : m.transaction_id;
	in.authenticate_response = flags & GARBAGE ? STR("\xBF\x38") :
				   response(flags, &m, eid, id);
	buf_init(&b, 40000);
	es9_request_print(&b, ES9_AUTHENTICATE_CLIENT, &in);
	post(DS "es9plus/authenticateClient", buf_view(&b));
	buf_release(&b);
	ck_assert_int_eq(w.status, 200);
	ck_assert_msg(es11_answer_parse(w.body, &w.arena, &transaction, list, count, &st,
					&err) == 0, "%s", err.msg);
	ck_assert(st.failed || str_eq(transaction, m.transaction_id));
	return code(&st);
}

/* All event ids for that eUICC: "A,B". */
static const char *ids(const char *eid)
{
	struct es11_event *list;
	struct buf b;
	size_t count;

	ck_assert_str_eq(retrieve(0, eid, NULL, &list, &count), "ok");
	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%s%.*s", i ? "," : "", STRF(list[i].id));
	return kept(&b).p;
}

/* ---- ES11 and ES12. -------------------------------------------------------- */

START_TEST(events)
{
	struct es11_event *list;
	size_t count;

	ck_assert_str_eq(ids(EID), "");
	ck_assert_str_eq(register_event(1, EID, "SECRET-A"), "ok");
	ck_assert_str_eq(register_event(2, EID, "SECRET-B"), "ok");
	ck_assert_str_eq(register_event(1, EID2, "SECRET-C"), "ok");
	ck_assert_str_eq(ids(EID), "SECRET-A,SECRET-B");
	ck_assert_str_eq(ids(EID2), "SECRET-C");
	/* By its id; another eUICC's is not told. */
	ck_assert_str_eq(retrieve(0, EID, "SECRET-B", &list, &count), "ok");
	ck_assert_uint_eq(count, 1);
	ck_assert(str_is(list[0].address, "dp2.example"));
	ck_assert_str_eq(retrieve(0, EID, "SECRET-C", &list, &count), "8.9.5/3.9");
	ck_assert_str_eq(retrieve(0, EID, "", &list, &count), "ok");
	ck_assert_uint_eq(count, 2);
	/* An event is its requester's alone, and so is its id. */
	ck_assert_str_eq(register_event(1, EID2, "SECRET-A"), "8.9.5/3.3");
	ck_assert_str_eq(register_event(2, EID, "SECRET-A"), "ok");
	ck_assert_str_eq(delete_event(2, EID, "SECRET-C"), "8.9.5/3.9");
	ck_assert_str_eq(delete_event(1, EID, "SECRET-C"), "8.9.5/3.9");
	ck_assert_str_eq(delete_event(1, EID, "SECRET-A"), "ok");
	ck_assert_str_eq(delete_event(1, EID, "SECRET-A"), "8.9.5/3.9");
	ck_assert_str_eq(ids(EID), "SECRET-B,SECRET-A");
	ck_assert_str_eq(delete_event(2, EID, "SECRET-A"), "ok");
	ck_assert_str_eq(delete_event(2, EID, "SECRET-B"), "ok");
	ck_assert_str_eq(ids(EID), "");
	ck_assert_uint_eq(smds_event_count(w.smds), 1);
	ck_assert_uint_eq(smds_session_count(w.smds), 0);
}
END_TEST

static const struct { unsigned flags; const char *code; } refusals[] = {
	{ OTHER_ADDRESS, "8.9.1/3.8" },
	{ SHORT_CHALLENGE, "1.3.1/2.1" },
	{ GARBAGE_INFO, "1.3.1/2.1" },
	{ BAD_SIGN_ID, "8.9.2/3.1" },
	{ BAD_SVN, "8.9.3/3.1" },
	{ BAD_VERIFY_ID, "8.9.4/3.7" },
	{ OTHER_SESSION, "8.10.1/3.9" },
	{ GARBAGE, "1.3.1/2.1" },
	{ REFUSES, "8.1/4.2" },
	{ BAD_EUM, "8.1.2/6.1" },
	{ BAD_CERTIFICATE, "8.1.3/6.1" },
	{ BAD_SIGNATURE, "8.1/6.1" },
	{ BAD_CHALLENGE, "8.1/6.1" },
	{ BAD_TID, "8.10.1/3.9" },
};

START_TEST(refused)
{
	struct es11_event *list;
	size_t count;

	ck_assert_str_eq(register_event(1, EID, "SECRET-A"), "ok");
	ck_assert_str_eq(retrieve(refusals[_i].flags, EID, NULL, &list, &count),
			 refusals[_i].code);
	/* A session that was refused something is over; one that nobody spoke of
	 * expires. */
	ck_assert_uint_le(smds_session_count(w.smds),
			  refusals[_i].flags & OTHER_SESSION ? 1 : 0);
	pass(301 * 1000);
	ck_assert_uint_eq(smds_session_count(w.smds), 0);
	ck_assert_str_eq(ids(EID), "SECRET-A");
}
END_TEST

#define HEADER "\"header\":{\"functionRequesterIdentifier\":\"dp1\"," \
	"\"functionCallIdentifier\":\"1\"}"
#define GOOD "{" HEADER ",\"eid\":\"" EID "\",\"eventId\":\"SECRET-A\"," \
	"\"rspServerAddress\":\"dp1.example\"}"

static const struct { const char *path, *type, *protocol, *body, *code; } malformed[] = {
	{ "es12/registerEvent", "application/json", "gsma/rsp/v2.0.0", GOOD, "ok" },
	{ "es12/registerEvent", "application/json", "gsma/rsp/v3.0.0", GOOD, "1.3.2/3.1" },
	{ "es12/registerEvent", "text/plain", ES9_PROTOCOL, GOOD, "1.3.1/2.1" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL, "[]", "1.3.1/2.1" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL, "", "1.3.1/2.1" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL, "{}", "1.1/2.2" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL, "{" HEADER "}",
	  "8.1.1/2.2" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL,
	  "{" HEADER ",\"eid\":\"8\"}", "8.1.1/2.1" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL,
	  "{" HEADER ",\"eid\":\"" EID "\"}", "1.6/2.2" },
	{ "es12/registerEvent", "application/json", ES9_PROTOCOL,
	  "{" HEADER ",\"eid\":\"" EID "\",\"eventId\":\"x\"}", "1.6/2.2" },
	{ "es12/deleteEvent", "application/json", ES9_PROTOCOL,
	  "{" HEADER ",\"eid\":\"" EID "\",\"eventId\":\"x\"}", "8.9.5/3.9" },
	{ "es9plus/initiateAuthentication", "application/json", ES9_PROTOCOL, "{}",
	  "1.6/2.2" },
	{ "es9plus/authenticateClient", "application/json", ES9_PROTOCOL, "[]",
	  "1.3.1/2.1" },
};

START_TEST(malformed_requests)
{
	char url[100];

	snprintf(url, sizeof(url), DS "%s", malformed[_i].path);
	call("POST", url, malformed[_i].type, malformed[_i].protocol,
	     str_of(malformed[_i].body));
	ck_assert_str_eq(header_code(), malformed[_i].code);
}
END_TEST

START_TEST(paths)
{
	static const struct { const char *method, *path; int status; } rows[] = {
		{ "GET", "es12/registerEvent", 405 },
		{ "POST", "es12/registerevent", 404 },
		{ "POST", "es12/", 404 },
		{ "POST", "es9plus/getBoundProfilePackage", 404 },
		{ "POST", "es9plus/handleNotification", 404 },
		{ "POST", "es2plus/downloadOrder", 404 },
		{ "GET", "es9plus/authenticateClient", 405 },
	};
	char url[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(url, sizeof(url), DS "%s", rows[i].path);
		call(rows[i].method, url, "application/json", ES9_PROTOCOL, STR("{}"));
		ck_assert_int_eq(w.status, rows[i].status);
	}
}
END_TEST

START_TEST(limits)
{
	struct es11_event *list;
	char id[300];
	size_t count;

	for (int i = 0; i < ES11_EVENTS_MAX; i++) {
		snprintf(id, sizeof(id), "SECRET-%d", i);
		ck_assert_str_eq(register_event(1, EID, id), "ok");
	}
	ck_assert_str_eq(register_event(1, EID, "SECRET-x"), "8.9/3.7");
	ck_assert_str_eq(register_event(1, EID2, "SECRET-x"), "ok");
	ck_assert_str_eq(retrieve(0, EID, NULL, &list, &count), "ok");
	ck_assert_uint_eq(count, ES11_EVENTS_MAX);
	/* The middle one goes, and a new one comes last. */
	ck_assert_str_eq(delete_event(1, EID, "SECRET-30"), "ok");
	ck_assert_str_eq(register_event(1, EID, "SECRET-y"), "ok");
	ck_assert_str_eq(retrieve(0, EID, NULL, &list, &count), "ok");
	ck_assert(str_is(list[30].id, "SECRET-31"));
	ck_assert(str_is(list[ES11_EVENTS_MAX - 1].id, "SECRET-y"));
	memset(id, 'S', sizeof(id));
	id[256] = '\0';
	ck_assert_str_eq(register_event(1, EID2, id), "1.3.1/2.1");
	id[255] = '\0';
	ck_assert_str_eq(register_event(1, EID2, id), "ok");
}
END_TEST

/* ---- The SM-DP+ and its events. ---------------------------------------------- */

#define ORDER "\"iccid\":\"" ICCID "\""
#define AT_SMDS ORDER ",\"eid\":\"" EID "\",\"matchingId\":\"SECRET-1\"," \
	"\"smdsAddress\":\"smds.example.com\""

static void stock(void)
{
	struct err err = { 0 };

	ck_assert_int_eq(smdp_stock_profile(w.smdp, &(struct smdp_profile_spec){
				.iccid = STR(ICCID), .spn = STR("Acme") }, &err), 0);
	ck_assert_str_eq(es2("downloadOrder", ORDER ",\"eid\":\"" EID "\""), "ok");
}

static const char *state(void)
{
	return smdp_profile_state(w.smdp, STR(ICCID));
}

/* Registered at confirmOrder, and deleted when the order is taken back. */
START_TEST(confirm_and_cancel)
{
	struct es11_event *list;
	size_t count;

	stock();
	ck_assert_str_eq(es2("confirmOrder", AT_SMDS ",\"releaseFlag\":true"), "ok");
	ck_assert_str_eq(state(), "released");
	ck_assert_ptr_nonnull(memmem(w.body.p, w.body.n, "SECRET-1", 8));
	ck_assert_str_eq(retrieve(0, EID, NULL, &list, &count), "ok");
	ck_assert_uint_eq(count, 1);
	ck_assert(str_is(list[0].id, "SECRET-1"));
	ck_assert(str_is(list[0].address, "smdp.example.com"));
	ck_assert_str_eq(es2("cancelOrder", ORDER
			     ",\"finalProfileStatusIndicator\":\"Available\""), "ok");
	pass(10);
	ck_assert_str_eq(ids(EID), "");
}
END_TEST

/* Without releaseFlag it is the release that tells the SM-DS. */
START_TEST(release)
{
	stock();
	ck_assert_str_eq(es2("confirmOrder", AT_SMDS ",\"releaseFlag\":false"), "ok");
	ck_assert_str_eq(ids(EID), "");
	ck_assert_str_eq(es2("releaseProfile", ORDER), "ok");
	ck_assert_str_eq(state(), "released");
	ck_assert_str_eq(ids(EID), "SECRET-1");
}
END_TEST

START_TEST(smds_away)
{
	stock();
	network_unlisten(w.net, "smds.example.com");
	ck_assert_str_eq(es2("confirmOrder", AT_SMDS ",\"releaseFlag\":true"), "8.9/5.1");
	ck_assert_str_eq(state(), "confirmed");
	ck_assert_str_eq(es2("releaseProfile", ORDER), "8.9/5.1");
	listen_smds();
	ck_assert_str_eq(es2("releaseProfile", ORDER), "ok");
	ck_assert_str_eq(state(), "released");
	ck_assert_str_eq(ids(EID), "SECRET-1");
	/* Gone for the deletion: that is tried again. */
	network_unlisten(w.net, "smds.example.com");
	ck_assert_str_eq(es2("cancelOrder", ORDER
			     ",\"finalProfileStatusIndicator\":\"Available\""), "ok");
	pass(5000);
	listen_smds();
	pass(20000);
	ck_assert_uint_eq(smds_event_count(w.smds), 0);
}
END_TEST

START_TEST(smds_refuses)
{
	stock();
	ck_assert_str_eq(es2("confirmOrder", AT_SMDS ",\"releaseFlag\":false"), "ok");
	/* Somebody registered it in the SM-DP+'s name. */
	post(DS "es12/registerEvent", STR("{\"header\":{\"functionRequesterIdentifier\":"
	     "\"smdp.example.com\",\"functionCallIdentifier\":\"1\"},\"eid\":\"" EID2 "\","
	     "\"eventId\":\"SECRET-1\",\"rspServerAddress\":\"x\"}"));
	ck_assert_str_eq(header_code(), "ok");
	ck_assert_str_eq(es2("releaseProfile", ORDER), "8.9/4.2");
	ck_assert_str_eq(state(), "confirmed");
}
END_TEST

/* What confirmOrder does not take with an SM-DS. */
START_TEST(bad_orders)
{
	struct err err = { 0 };

	ck_assert_int_eq(smdp_stock_profile(w.smdp, &(struct smdp_profile_spec){
				.iccid = STR(ICCID), .spn = STR("Acme") }, &err), 0);
	ck_assert_str_eq(es2("downloadOrder", ORDER), "ok");
	ck_assert_str_eq(es2("confirmOrder", ORDER ",\"smdsAddress\":\"smds.example.com\""),
			 "8.1.1/2.2");
	ck_assert_str_eq(es2("confirmOrder", ORDER ",\"eid\":\"" EID "\",\"matchingId\":\"\","
			     "\"smdsAddress\":\"smds.example.com\""), "8.2.6/2.1");
	ck_assert_str_eq(state(), "allocated");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &(struct smdp_profile_spec){
		.iccid = STR("8944000000001234575"), .matching_id = STR("SECRET-2"),
		.smds_address = STR("smds.example.com") }, &err), -1);
}
END_TEST

/* The order is taken back while its event is on the way: it does not stay. */
START_TEST(overtaken)
{
	stock();
	ck_assert_str_eq(es2("confirmOrder", AT_SMDS ",\"releaseFlag\":false"), "ok");
	begin("POST", ES2 "releaseProfile", "application/json", ES9_PROTOCOL, es2_body(ORDER));
	ck_assert_str_eq(es2("cancelOrder", ORDER
			     ",\"finalProfileStatusIndicator\":\"Available\""), "ok");
	pass(100);
	ck_assert_uint_eq(smds_event_count(w.smds), 0);
	ck_assert_str_eq(state(), "available");
	ck_assert_ptr_nonnull(strstr(w.seen.p, "event-registered"));
	ck_assert_ptr_nonnull(strstr(w.seen.p, "iccid-transition"));
}
END_TEST

static void say_nothing(struct http_handler *h, struct http_exchange *x)
{
	(void)h, (void)x;
}

static struct http_handler mute = { say_nothing };

/* The operator's connection goes with the SM-DP+'s host; what it asked for goes on. */
START_TEST(dropped)
{
	struct err err = { 0 };

	stock();
	ck_assert_str_eq(es2("confirmOrder", AT_SMDS ",\"releaseFlag\":false"), "ok");
	network_unlisten(w.net, "smds.example.com");
	ck_assert_int_eq(network_listen(w.net, "smds.example.com", "smds", &mute, &err), 0);
	begin("POST", ES2 "releaseProfile", "application/json", ES9_PROTOCOL, es2_body(ORDER));
	pass(10);
	ck_assert(!w.answered);
	network_unlisten(w.net, "smdp.example.com");
	smdp_dropped(w.smdp);
	pass(10);
	ck_assert(w.answered);
	ck_assert_int_eq(w.status, 0);
	network_unlisten(w.net, "smds.example.com");
	listen_smds();
	ck_assert_int_eq(network_listen(w.net, "smdp.example.com", "smdp",
					smdp_handler(w.smdp), &err), 0);
	pass(20000);
	ck_assert_uint_eq(smds_event_count(w.smds), 1);
	ck_assert_str_eq(es2("releaseProfile", ORDER), "ok");
	ck_assert_str_eq(state(), "released");
}
END_TEST

/* Set up with the world: registered in its first moment, and again if need be. */
START_TEST(from_the_start)
{
	struct err err = { 0 };

	network_unlisten(w.net, "smds.example.com");
	ck_assert_int_eq(smdp_add_profile(w.smdp, &(struct smdp_profile_spec){
		.iccid = STR(ICCID), .spn = STR("Acme"), .matching_id = STR("SECRET-1"),
		.eid = STR(EID), .smds_address = STR("smds.example.com") }, &err), 0);
	pass(500);
	listen_smds();
	pass(2000);
	ck_assert_str_eq(ids(EID), "SECRET-1");
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static void add(Suite *suite, const char *name, void (*set_up)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, teardown);
	tcase_add_test(tc, events);
	tcase_add_loop_test(tc, refused, 0, COUNT(refusals));
	tcase_add_loop_test(tc, malformed_requests, 0, COUNT(malformed));
	tcase_add_test(tc, paths);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, confirm_and_cancel);
	tcase_add_test(tc, release);
	tcase_add_test(tc, smds_away);
	tcase_add_test(tc, smds_refuses);
	tcase_add_test(tc, bad_orders);
	tcase_add_test(tc, overtaken);
	tcase_add_test(tc, dropped);
	tcase_add_test(tc, from_the_start);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("smds");
	SRunner *runner;
	int failed;

	add(suite, "fast", setup_fast);
	add(suite, "full", setup_full);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
