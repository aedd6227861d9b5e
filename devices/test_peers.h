/*
 * test_peers.h - for tests only: a small SM-DP+, EIS and server for devices
 * to talk to, over the network in memory.
 *
 * They do what is asked of them and remember what they were told.  A fault
 * is one row of `struct fault` that a test sets.
 */
#ifndef DEVICES_TEST_PEERS_H
#define DEVICES_TEST_PEERS_H

#include "devices/device.h"
#include "proto/es9.h"
#include "proto/rsp_bpp.h"
#include "sim/json.h"
#include "sim/memnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define UNUSED __attribute__((unused))

static const char EID[] = "89049032000000000000000000000197";
static const char ICCID_A[] = "8944000000000000017";
static const char ICCID_B[] = "8944000000000000025";
static const char ICCID_NEW[] = "8944000000000000991";
static const char SMDP[] = "smdp.example.com";

enum { RESULTS_MAX = 16, TEXT_MAX = 8192 };

enum fault {
	FAULT_NONE,
	FAULT_500, FAULT_RESET, FAULT_CUT, FAULT_SILENT, FAULT_REFUSED,
	FAULT_TRUNCATED, FAULT_NOT_JSON, FAULT_EMPTY, FAULT_WRONG_TRANSACTION,
	FAULT_BAD_SIGNATURE, FAULT_WRONG_CHALLENGE, FAULT_WRONG_ADDRESS,
	FAULT_FAILED,		/* "Failed" with 8.2.6, 3.8 */
	FAULT_BAD_METADATA, FAULT_BAD_PACKAGE, FAULT_SHORT_PACKAGE,
	FAULT_OTHER_ICCID,	/* the package is not what the metadata say */
};

struct fake_smdp {
	struct http_handler handler;
	enum es9_function faulty;
	enum fault fault;
	unsigned fault_times;		/* 0: always */
	const char *iccid, *spn;
	const char *confirmation_code;	/* NULL: none asked for */
	uint32_t memory;
	unsigned ppr;
	struct str owner;		/* of the profile: content of profileOwner */
	/* The session. */
	unsigned char transaction;	/* counts */
	char challenge[RSP_CHALLENGE_BYTES];
	char address[64];
	/* What it saw. */
	unsigned calls[ES9_FUNCTIONS];
	char matching_id[64];
	int cancel_reason;		/* -1: none; -2: the card's error */
	int card_error;			/* of BF38 or BF21; -1: none */
	unsigned installs_ok, installs_failed, other_notes;
	uint32_t last_sequence;
	int note_status;		/* answer to notifications: 204 */
};

struct fake_eis {
	struct http_handler handler;
	char order[1024];		/* as JSON; "" is none */
	int blanks;			/* behind it */
	bool keeps;			/* hands it out although it has the result */
	unsigned polls;
	unsigned result_fault;		/* how many results are answered 500 */
	int result_status;		/* then: 204 */
	unsigned results;
	char ids[RESULTS_MAX][64], codes[RESULTS_MAX][64];
	char statuses[RESULTS_MAX][16], iccids[RESULTS_MAX][24];
	char last_result[TEXT_MAX];
	unsigned puts;
	char profiles[TEXT_MAX];	/* of the last PUT */
};

struct fake_server {
	struct http_handler handler;
	int status;			/* 200 */
	unsigned reports;
	char last[TEXT_MAX], authorization[64];
};

struct peers {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct fake_smdp smdp;
	struct fake_eis eis;
	struct fake_server server;
	struct timer stop;
};

/* ---- SM-DP+. ------------------------------------------------------------ */

static const char OID[] = { (char)0x88, 0x37, 0x14 };
#define SPAN(array) ((struct str){ (const char *)(array), sizeof(array) })

static struct str peer_take(struct buf *b, struct arena *a)
{
	struct str s = arena_str(a, buf_view(b));

	ck_assert(!b->over);
	buf_release(b);
	return s;
}

static struct buf peer_buf(void)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	return b;
}

static struct str peer_certificate(struct arena *a, enum rsp_role role)
{
	const struct rsp_crypto *c = &rsp_crypto_none;
	struct rsp_identity id;
	struct err err;

	ck_assert_int_eq(c->identity(c, role, 0, STR("smdp.example.com"), SPAN(OID), a,
				     &id, &err), 0);
	return id.certificate;
}

static struct str peer_sign(struct arena *a, bool spoilt)
{
	struct rsp_identity id = { 0 };
	struct buf b = peer_buf();
	struct err err;

	ck_assert_int_eq(rsp_sign(&rsp_crypto_none, &id, STR("x"), STR_NONE, &b,
				  &err), 0);
	if (spoilt)
		b.p[b.n - 1] ^= 1;
	return peer_take(&b, a);
}

static struct str peer_transaction(struct fake_smdp *s, struct arena *a,
				   bool wrong)
{
	char *t = arena_alloc(a, 4);

	memcpy(t, "\xAA\xBB\xCC", 3);
	t[3] = (char)(s->transaction + (wrong ? 1 : 0));
	return (struct str){ t, 4 };
}

static struct str peer_metadata(struct fake_smdp *s, struct arena *a)
{
	unsigned char packed[ICCID_BYTES];
	struct rsp_metadata m = { .profile_class = -1, .ppr = s->ppr,
				   .owner = s->owner };
	struct buf b = peer_buf(), config = peer_buf();

	iccid_pack(packed, str_of(s->iccid));
	m.iccid = SPAN(packed);
	m.spn = s->spn ? str_of(s->spn) : STR_NONE;
	m.profile_name = STR("A profile");
	rsp_notification_config_write(&config, NOTIFY_ENABLE | NOTIFY_DISABLE |
				      NOTIFY_DELETE, str_of(SMDP));
	m.notification_config = peer_take(&config, a);
	rsp_metadata_write(&b, &m);
	return peer_take(&b, a);
}

static void peer_initiate(struct fake_smdp *s, struct arena *a, enum fault f,
			  struct es9_message *m)
{
	static const char other[RSP_CHALLENGE_BYTES] = "other challenge";
	struct rsp_server_signed1 signed1 = { 0 };
	const struct rsp_crypto *c = &rsp_crypto_none;
	struct buf b = peer_buf();

	ck_assert_uint_eq(m->euicc_challenge.n, RSP_CHALLENGE_BYTES);
	memcpy(s->challenge, m->euicc_challenge.p, RSP_CHALLENGE_BYTES);
	s->transaction++;
	m->transaction_id = peer_transaction(s, a, false);
	signed1.transaction_id = peer_transaction(s, a,
						  f == FAULT_WRONG_TRANSACTION);
	signed1.euicc_challenge = f == FAULT_WRONG_CHALLENGE ? SPAN(other) :
				  SPAN(s->challenge);
	signed1.server_address = f == FAULT_WRONG_ADDRESS ?
				 STR("elsewhere.example.com") : str_of(SMDP);
	signed1.server_challenge = SPAN(other);
	rsp_server_signed1_write(&b, &signed1);
	m->server_signed1 = peer_take(&b, a);
	m->server_signature1 = peer_sign(a, f == FAULT_BAD_SIGNATURE);
	b = peer_buf();
	tlv_put(&b, TLV_OCTETS, c->ci_key_id(c, 0));
	m->key_id = peer_take(&b, a);
	m->server_certificate = peer_certificate(a, RSP_ROLE_DP_AUTH);
}

static void peer_authenticate(struct fake_smdp *s, struct arena *a, enum fault f,
			      struct es9_message *m)
{
	struct rsp_authenticate_response r;
	struct rsp_smdp_signed2 signed2 = { 0 };
	struct rsp_euicc_signed1 signed1;
	struct buf b = peer_buf();
	struct err err;

	ck_assert_int_eq(rsp_authenticate_response_read(m->authenticate_response,
							&r, &err), 0);
	if (r.failed) {
		s->card_error = (int)r.error_code;
	} else {
		ck_assert_int_eq(rsp_euicc_signed1_read(r.euicc_signed1, &signed1,
							&err), 0);
		snprintf(s->matching_id, sizeof(s->matching_id), "%.*s",
			 STRF(signed1.context.matching_id));
	}
	m->metadata = f == FAULT_BAD_METADATA ? STR("\xBF\x25\x01\x00") :
		      peer_metadata(s, a);
	signed2.transaction_id = peer_transaction(s, a, false);
	signed2.cc_required = s->confirmation_code != NULL;
	rsp_smdp_signed2_write(&b, &signed2);
	m->smdp_signed2 = peer_take(&b, a);
	m->smdp_signature2 = peer_sign(a, f == FAULT_BAD_SIGNATURE);
	m->smdp_certificate = peer_certificate(a, RSP_ROLE_DP_PB);
	m->transaction_id = peer_transaction(s, a, f == FAULT_WRONG_TRANSACTION);
}

/* False if the confirmation code is not right. */
static bool peer_package(struct fake_smdp *s, struct arena *a, enum fault f,
			 struct es9_message *m)
{
	const struct rsp_crypto *c = &rsp_crypto_none;
	struct rsp_identity signer = {
		.certificate = peer_certificate(a, RSP_ROLE_DP_PB),
	};
	struct rsp_prepare_response r;
	struct rsp_euicc_signed2 signed2;
	unsigned char hash[RSP_HASH_BYTES];
	struct buf b = peer_buf(), upp = peer_buf();
	struct rsp_otpk otpk;
	struct rng rng = { 5 };
	struct err err;

	ck_assert_int_eq(rsp_prepare_response_read(m->prepare_response, &r, &err), 0);
	if (r.failed) {
		s->card_error = (int)r.error_code;
		buf_release(&b);
		return false;
	}
	ck_assert_int_eq(rsp_euicc_signed2_read(r.euicc_signed2, &signed2, &err), 0);
	if (s->confirmation_code) {
		rsp_hash_cc(str_of(s->confirmation_code),
			    peer_transaction(s, a, false), hash);
		if (!str_eq(signed2.hash_cc, SPAN(hash)))
			return false;
	}
	ck_assert_int_eq(c->make_otpk(c, RSP_P256, &rng, &otpk, &err), 0);
	rsp_upp_write(&upp, &(struct rsp_upp_spec){
		.iccid = str_of(f == FAULT_OTHER_ICCID ? ICCID_B : s->iccid),
		.name = STR("A profile"), .class = PROFILE_CLASS_OPERATIONAL,
		.memory = s->memory });
	ck_assert_int_eq(rsp_bpp_build(c, &(struct rsp_bpp_spec){
		.transaction_id = peer_transaction(s, a, false),
		.host_id = STR("host"), .eid = str_of(EID),
		.euicc_otpk = signed2.euicc_otpk, .otpk = &otpk,
		.signer = &signer, .metadata = peer_metadata(s, a),
		.upp = buf_view(&upp) }, &b, &err), 0);
	buf_release(&upp);
	m->package = peer_take(&b, a);
	if (f == FAULT_BAD_PACKAGE)
		m->package = STR("\xBF\x36\x01\x00");
	if (f == FAULT_SHORT_PACKAGE)
		m->package.n -= 5;
	m->transaction_id = peer_transaction(s, a, f == FAULT_WRONG_TRANSACTION);
	return true;
}

static void peer_cancelled(struct fake_smdp *s, const struct es9_message *m)
{
	struct rsp_cancel_response r;
	struct rsp_cancel_signed what;
	struct err err;

	ck_assert_int_eq(rsp_cancel_response_read(m->cancel_response, &r, &err), 0);
	s->cancel_reason = -2;
	if (!r.ok)
		return;
	ck_assert_int_eq(rsp_cancel_signed_read(r.cancel_signed, &what, &err), 0);
	s->cancel_reason = (int)what.reason;
}

static void peer_notified(struct fake_smdp *s, const struct es9_message *m)
{
	struct rsp_notification n;
	struct err err;

	ck_assert_msg(rsp_notification_read(m->notification, &n, &err) == 0,
		      "%s", err.msg);
	ck_assert_int_eq(rsp_verify(&rsp_crypto_none, STR("x"), n.signed_part,
				    STR_NONE, n.signature, &err), 0);
	s->last_sequence = (uint32_t)n.metadata.sequence;
	if (!n.install_result)
		s->other_notes++;
	else if (n.data.success)
		s->installs_ok++;
	else
		s->installs_failed++;
}

static bool peer_transport_fault(struct http_exchange *x, enum fault f)
{
	switch (f) {
	case FAULT_500:
		http_respond(x, 500, "text/html", STR("<h1>no</h1>"));
		return true;
	case FAULT_RESET:
		x->resp.fault = HTTP_FAULT_RESET;
		http_reply(x);
		return true;
	case FAULT_CUT:
		x->resp.fault = HTTP_FAULT_CUT;
		http_reply(x);
		return true;
	case FAULT_REFUSED:
		x->resp.fault = HTTP_FAULT_REFUSED;
		http_reply(x);
		return true;
	case FAULT_SILENT:
		http_delay(x, INT64_MAX, NULL, NULL);
		return true;
	case FAULT_NOT_JSON:
		http_respond(x, 200, "application/json", STR("\xFF{{{"));
		return true;
	case FAULT_EMPTY:
		http_respond(x, 200, "application/json", STR(""));
		return true;
	case FAULT_NONE: case FAULT_TRUNCATED: case FAULT_WRONG_TRANSACTION:
	case FAULT_BAD_SIGNATURE: case FAULT_WRONG_CHALLENGE:
	case FAULT_WRONG_ADDRESS: case FAULT_FAILED: case FAULT_BAD_METADATA:
	case FAULT_BAD_PACKAGE: case FAULT_SHORT_PACKAGE: case FAULT_OTHER_ICCID:
		break;
	}
	return false;
}

static void peer_es9(struct http_handler *h, struct http_exchange *x)
{
	struct fake_smdp *s = (struct fake_smdp *)h;
	struct str path = x->req.path, prefix = STR(ES9_PATH), name;
	struct es9_message m = { 0 };
	struct buf out = peer_buf();
	enum es9_function f;
	enum fault fault;
	struct err err;
	bool ok = true;

	ck_assert(str_starts(path, prefix));
	ck_assert(str_is(http_header(&x->req.headers, "X-Admin-Protocol"),
			 ES9_PROTOCOL));
	name = (struct str){ path.p + prefix.n, path.n - prefix.n };
	f = es9_function_named(name);
	ck_assert_int_ne(f, ES9_FUNCTIONS);
	s->calls[f]++;
	fault = f == s->faulty && (!s->fault_times ||
				   s->calls[f] <= s->fault_times) ?
		s->fault : FAULT_NONE;
	ck_assert_msg(es9_request_parse(x->req.body, f, x->arena, &m, &err) == 0,
		      "%.*s: %s", STRF(name), err.msg);
	if (peer_transport_fault(x, fault))
		return;
	switch (f) {
	case ES9_INITIATE_AUTHENTICATION:
		peer_initiate(s, x->arena, fault, &m);
		break;
	case ES9_AUTHENTICATE_CLIENT:
		peer_authenticate(s, x->arena, fault, &m);
		ok = s->card_error < 0;
		break;
	case ES9_GET_BOUND_PROFILE_PACKAGE:
		ok = peer_package(s, x->arena, fault, &m);
		break;
	case ES9_CANCEL_SESSION:
		peer_cancelled(s, &m);
		break;
	case ES9_HANDLE_NOTIFICATION:
		if (s->note_status < 300)
			peer_notified(s, &m);
		http_respond(x, s->note_status, NULL, STR_NONE);
		return;
	case ES9_FUNCTIONS:
		break;
	}
	if (fault == FAULT_FAILED)
		es9_refusal_print(&out, STATUS_MATCHING_ID_REFUSED);
	else if (!ok)
		es9_refusal_print(&out, STATUS_CC_REFUSED);
	else
		es9_answer_print(&out, f, &m);
	if (fault == FAULT_TRUNCATED)
		out.n /= 2;
	http_respond_json(x, 200, peer_take(&out, x->arena));
}

/* ---- EIS and server. ---------------------------------------------------- */

static void peer_text(char *to, size_t size, const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	snprintf(to, size, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static void peer_result(struct fake_eis *e, struct http_exchange *x)
{
	struct str path = x->req.path, id;
	struct err err;
	cJSON *o = json_parse(x->req.body, &err);
	unsigned i = e->results % RESULTS_MAX;

	ck_assert_msg(o, "%s", err.msg);
	if (e->result_fault) {
		e->result_fault--;
		cJSON_Delete(o);
		http_respond(x, 500, NULL, STR_NONE);
		return;
	}
	for (int part = 0; part < 4; part++)
		str_split(&path, '/');
	id = str_split(&path, '/');
	snprintf(e->ids[i], sizeof(e->ids[i]), "%.*s", STRF(id));
	peer_text(e->statuses[i], sizeof(e->statuses[i]), o, "status");
	peer_text(e->codes[i], sizeof(e->codes[i]), o, "code");
	peer_text(e->iccids[i], sizeof(e->iccids[i]), o, "iccid");
	snprintf(e->last_result, TEXT_MAX, "%.*s", STRF(x->req.body));
	e->results++;
	cJSON_Delete(o);
	if (!e->keeps)
		e->order[0] = '\0';
	http_respond(x, e->result_status, NULL, STR_NONE);
}

static void peer_eis(struct http_handler *h, struct http_exchange *x)
{
	struct fake_eis *e = (struct fake_eis *)h;

	if (str_is(x->req.method, "PUT")) {
		e->puts++;
		snprintf(e->profiles, TEXT_MAX, "%.*s", STRF(x->req.body));
		http_respond(x, 204, NULL, STR_NONE);
	} else if (str_is(x->req.method, "POST")) {
		peer_result(e, x);
	} else {
		e->polls++;
		if (e->order[0])
			http_respond_json(x, 200, arena_printf(x->arena, "%s%*s", e->order,
							       e->blanks, ""));
		else
			http_respond(x, 204, NULL, STR_NONE);
	}
}

static void peer_server(struct http_handler *h, struct http_exchange *x)
{
	struct fake_server *s = (struct fake_server *)h;

	s->reports++;
	snprintf(s->last, TEXT_MAX, "%.*s", STRF(x->req.body));
	snprintf(s->authorization, sizeof(s->authorization), "%.*s",
		 STRF(http_header(&x->req.headers, "Authorization")));
	http_respond_json(x, s->status, STR("{\"applied\": true}"));
}

/* ---- The world. --------------------------------------------------------- */

UNUSED static void peers_init(struct peers *p)
{
	struct err err;

	*p = (struct peers){ 0 };
	loop_init(&p->loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&p->log, &p->loop.clock);
	p->net = memnet_new(&p->loop, &p->log);
	p->smdp.handler.handle = peer_es9;
	p->smdp.iccid = ICCID_NEW;
	p->smdp.spn = "Mobile";
	p->smdp.memory = 1000;
	p->smdp.cancel_reason = p->smdp.card_error = -1;
	p->smdp.note_status = 204;
	p->eis.handler.handle = peer_eis;
	p->eis.result_status = 204;
	p->server.handler.handle = peer_server;
	p->server.status = 200;
	ck_assert_int_eq(network_listen(p->net, SMDP, "smdp", &p->smdp.handler,
					&err), 0);
	ck_assert_int_eq(network_listen(p->net, "eis.rig", "eis", &p->eis.handler,
					&err), 0);
	ck_assert_int_eq(network_listen(p->net, "server.rig", "server",
					&p->server.handler, &err), 0);
}

static void peers_stop(struct timer *t)
{
	struct peers *p = (struct peers *)((char *)t - offsetof(struct peers, stop));

	loop_stop(&p->loop);
}

UNUSED static void peers_run(struct peers *p, int64_t ns)
{
	struct err err;

	p->stop.fire = peers_stop;
	loop_arm(&p->loop, &p->stop, ns);
	ck_assert_msg(loop_run(&p->loop, &err) == 0, "%s", err.msg);
}

UNUSED static void peers_release(struct peers *p)
{
	network_release(p->net);
	eventlog_release(&p->log);
	loop_release(&p->loop);
}

#endif
