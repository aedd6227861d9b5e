#include "devices/lpa.h"
#include "proto/es9.h"
#include "proto/redact.h"
#include "proto/rsp_bpp.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DER_MAX = 256 * 1024, MESSAGE_MAX = 200, CODE_MAX = 16 };

static const int64_t RETRY_NS = 2 * NS_PER_S;	/* doubles */

const char *const lpa_step_names[LPA_STEPS] = {
	[LPA_GET_EUICC_CHALLENGE] = "get-euicc-challenge",
	[LPA_INITIATE_AUTHENTICATION] = "initiate-authentication",
	[LPA_AUTHENTICATE_SERVER] = "authenticate-server",
	[LPA_AUTHENTICATE_CLIENT] = "authenticate-client",
	[LPA_PREPARE_DOWNLOAD] = "prepare-download",
	[LPA_GET_BOUND_PROFILE_PACKAGE] = "get-bound-profile-package",
	[LPA_LOAD_SEGMENT] = "load-segment",
	[LPA_STORE_RESULT] = "store-result",
	[LPA_CANCEL_SESSION] = "cancel-session",
	[LPA_HANDLE_NOTIFICATION] = "handle-notification",
};

struct lpa {
	struct lpa_config config;
	struct arena arena;
	struct timer timer;
	enum lpa_step step;
	struct http_call *call;
	unsigned tries;			/* of the present call */

	struct str smdp_address, matching_id, confirmation_code, order;
	struct str challenge, info1;
	struct es9_message answer;	/* newest members win */
	struct str transaction;
	struct str response;		/* of the card, for the next call */
	struct str *segments;
	size_t segment_count, segment;
	int64_t segment_ns;

	bool open;			/* the card has a transaction */
	bool told;			/* the card's error is on its way */
	int cancel_reason;
	struct lpa_result result;	/* `code` is set once it is decided */
	char message[MESSAGE_MAX], subject[CODE_MAX], reason[CODE_MAX];
};

/* ---- Going from step to step. ------------------------------------------- */

static int64_t step_delay_ns(struct lpa *l)
{
	switch (l->step) {
	case LPA_GET_EUICC_CHALLENGE:
	case LPA_AUTHENTICATE_SERVER:
	case LPA_PREPARE_DOWNLOAD:
	case LPA_STORE_RESULT:
	case LPA_CANCEL_SESSION:
		return l->config.apdu_ns(l->config.arg);
	case LPA_LOAD_SEGMENT:
		return l->segment_ns;
	case LPA_INITIATE_AUTHENTICATION:
	case LPA_AUTHENTICATE_CLIENT:
	case LPA_GET_BOUND_PROFILE_PACKAGE:
	case LPA_HANDLE_NOTIFICATION:
	case LPA_STEPS:
		break;
	}
	return 0;
}

static void enter(struct lpa *l, enum lpa_step step)
{
	const struct lpa_config *c = &l->config;

	l->step = step;
	l->tries = 0;
	if (c->found)
		EVENT(c->log, c->party, "discovery-step", F_Z("step", lpa_step_names[step]));
	else if (step == LPA_LOAD_SEGMENT)
		EVENT(c->log, c->party, "download-step",
		      F_Z("step", lpa_step_names[step]), F_STR("order", l->order),
		      F_Z("iccid", l->result.iccid), F_INT("n", l->segment + 1));
	else
		EVENT(c->log, c->party, "download-step",
		      F_Z("step", lpa_step_names[step]), F_STR("order", l->order),
		      F_Z("iccid", l->result.iccid));
	loop_arm(c->loop, &l->timer, step_delay_ns(l));
}

/* The last thing: the owner may free `l` in `done`. */
static void finish(struct lpa *l)
{
	const struct lpa_config *c = &l->config;

	l->result.message = str_of(l->message);
	l->result.subject = str_of(l->subject);
	l->result.reason = str_of(l->reason);
	if (!l->result.ok)
		EVENT(c->log, c->party, c->found ? "discovery-failed" : "download-failed",
		      F_STR("order", l->order), F_Z("code", l->result.code),
		      F_STR("subject", l->result.subject),
		      F_STR("reason", l->result.reason));
	c->done(c->arg, &l->result);
}

/* The same failure, where nothing was to be downloaded. */
static const char *failure_code(const struct lpa *l, const char *code)
{
	if (!l->config.found)
		return code;
	return strcmp(code, "smdpRefused") == 0 ? "smdsRefused" :
	       strcmp(code, "smdpUnreachable") == 0 ? "smdsUnreachable" : "discoveryFailed";
}

/* Decide that it failed.  The first reason counts. */
static void note_failure(struct lpa *l, const char *code, int cancel_reason,
			 const char *fmt, va_list ap)
{
	if (l->result.code)
		return;
	l->result.code = failure_code(l, code);
	l->cancel_reason = cancel_reason;
	vsnprintf(l->message, sizeof(l->message), fmt, ap);
}

/* It failed, and the two ends may have to be told. */
static void fail(struct lpa *l, const char *code, int cancel_reason,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void fail(struct lpa *l, const char *code, int cancel_reason,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_failure(l, code, cancel_reason, fmt, ap);
	va_end(ap);
	if (l->open)
		enter(l, LPA_CANCEL_SESSION);
	else
		finish(l);
}

/* ---- Talking to the card. ----------------------------------------------- */

static void ask_card(struct lpa *l, enum es10_tag tag, struct buf *request,
		     struct es10_answer *an)
{
	struct es10_request rq = { .tag = tag };
	int rc;

	if (request) {
		assert(!request->over);
		rq.der = buf_view(request);
	}
	rc = euicc_call(l->config.euicc, &rq, &l->arena, an);
	assert(rc == 0);
	if (request)
		buf_release(request);
}

/*
 * The card refused what the SM-DP+ said.  If the card has words for it they
 * go there (`step`), and nothing that comes back changes the outcome.
 */
static void card_refused(struct lpa *l, enum es10_function f,
			 const struct es10_answer *an, enum lpa_step step)
{
	const char *name = es10_result_name(f, an->code);

	if (!an->der.n) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED, "%s: %s",
		     es10_function_name(f), name ? name : "unknown error");
		return;
	}
	l->result.code = failure_code(l, "downloadFailed");
	snprintf(l->message, sizeof(l->message), "%s: %s", es10_function_name(f),
		 name ? name : "unknown error");
	l->response = an->der;
	l->told = true;
	l->open = false;
	enter(l, step);
}

/* ---- Talking to the SM-DP+. --------------------------------------------- */

struct http_call *lpa_es9_call(struct network *net, struct str party,
			       struct str address, const char *function,
			       struct str json, struct err *err)
{
	struct http_call *c = http_call_new(net, party, "POST", err,
					    "https://%.*s%s%s", STRF(address),
					    ES9_PATH, function);

	if (!c)
		return NULL;
	http_call_header(c, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	http_call_body(c, "application/json", json);
	c->timeout_ns = LPA_TIMEOUT_NS;
	return c;
}

/* One row for each function: what is sent is in the session by then. */
struct exchange {
	enum es9_function function;
	bool repeatable;	/* may be asked again if the answer is lost */
	void (*taken)(struct lpa *l, const struct es9_message *m);
};

static void initiated(struct lpa *l, const struct es9_message *m);
static void authenticated(struct lpa *l, const struct es9_message *m);
static void got_package(struct lpa *l, const struct es9_message *m);

static const struct exchange exchanges[LPA_STEPS] = {
	[LPA_INITIATE_AUTHENTICATION] = {
		ES9_INITIATE_AUTHENTICATION, true, initiated },
	[LPA_AUTHENTICATE_CLIENT] = {
		ES9_AUTHENTICATE_CLIENT, false, authenticated },
	[LPA_GET_BOUND_PROFILE_PACKAGE] = {
		ES9_GET_BOUND_PROFILE_PACKAGE, false, got_package },
	[LPA_CANCEL_SESSION] = { ES9_CANCEL_SESSION, true, NULL },
};

/* Try again later if that may help, or give up. */
static void no_answer(struct lpa *l, enum http_failure why, const char *what)
{
	bool again = why == HTTP_UNREACHABLE || exchanges[l->step].repeatable;

	if (again && ++l->tries < LPA_TRIES_MAX) {
		loop_arm(l->config.loop, &l->timer, RETRY_NS << (l->tries - 1));
		return;
	}
	if (l->step == LPA_CANCEL_SESSION || l->told) {
		l->open = false;
		finish(l);
		return;
	}
	fail(l, "smdpUnreachable",
	     why == HTTP_TIMEOUT ? ES10_CANCEL_TIMEOUT : ES10_CANCEL_UNDEFINED,
	     "%s: %s", es9_function_name(exchanges[l->step].function), what);
}

static void copy_text(char *to, size_t size, struct str s)
{
	size_t n = s.n < size ? s.n : size - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

/* Its message goes to people and logs, so it must not quote the secret. */
static void refused(struct lpa *l, const struct es9_status *st)
{
	struct str secret = l->matching_id;
	struct buf words;

	copy_text(l->subject, sizeof(l->subject), st->subject_code);
	copy_text(l->reason, sizeof(l->reason), st->reason_code);
	buf_init(&words, MESSAGE_MAX - 1);
	buf_add(&words, st->message.p, st->message.n < MESSAGE_MAX - 1 ?
		st->message.n : MESSAGE_MAX - 1);
	redact_secrets(&words);
	if ((secret.n && str_find(buf_view(&words), secret) >= 0) ||
	    !str_is_utf8(buf_view(&words)))
		buf_clear(&words);
	fail(l, "smdpRefused", ES10_CANCEL_UNDEFINED, "%.*s",
	     STRF(buf_view(&words)));
	buf_release(&words);
}

/* What the SM-DS has: ES11.AuthenticateClient. */
static void judge_events(struct lpa *l, struct str body)
{
	struct es11_event *list;
	struct es9_status st;
	struct str transaction;
	struct err err;
	size_t count;

	if (es11_answer_parse(body, &l->arena, &transaction, &list, &count, &st, &err) < 0) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "authenticateClient: not an answer of an SM-DS");
	} else if (st.failed) {
		refused(l, &st);
	} else if (transaction.n && !str_eq(transaction, l->transaction)) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "authenticateClient: the answer is of another transaction");
	} else {
		l->result.ok = true;
		l->result.code = "ok";
		l->config.found(l->config.arg, list, count);
		finish(l);
	}
}

static void judge_answer(struct lpa *l, const struct http_response *r)
{
	const struct exchange *ex = &exchanges[l->step];
	const char *name = es9_function_name(ex->function);
	struct es9_message m = { 0 };
	struct es9_status st = { 0 };
	struct err err;

	if (r->status != 200) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "%s: the server answered HTTP %d, expected 200", name,
		     r->status);
	} else if (r->body.n > LPA_ANSWER_MAX) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "%s: the answer of %zu bytes is too long", name, r->body.n);
	} else if (l->config.found && l->step == LPA_AUTHENTICATE_CLIENT) {
		judge_events(l, r->body);
	} else if (es9_answer_parse(r->body, ex->function, &l->arena, &m, &st,
				    &err) < 0) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "%s: not an answer of that function", name);
	} else if (st.failed) {
		refused(l, &st);
	} else if (l->transaction.n && m.transaction_id.n &&
		   !str_eq(m.transaction_id, l->transaction)) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "%s: the answer is of another transaction", name);
	} else {
		ex->taken(l, &m);
	}
}

static void answered(struct http_call *c)
{
	struct lpa *l = c->owner;

	l->call = NULL;
	if (c->failure != HTTP_OK) {
		/* Of what broke, the network knows more: whose certificate was no good. */
		no_answer(l, c->failure, c->failure == HTTP_BROKEN && c->err.msg[0] ?
			  c->err.msg : http_failure_name(c->failure));
	} else if (l->step == LPA_CANCEL_SESSION || l->told) {
		l->open = false;
		finish(l);
	} else {
		judge_answer(l, &c->resp);
	}
}

static void post(struct lpa *l, const struct es9_message *m)
{
	const struct lpa_config *c = &l->config;
	enum es9_function f = exchanges[l->step].function;
	struct err err;
	struct buf json;

	if (!c->online(c->arg)) {
		no_answer(l, HTTP_UNREACHABLE, "the device has no network");
		return;
	}
	buf_init(&json, LPA_ANSWER_MAX);
	es9_request_print(&json, f, m);
	l->call = lpa_es9_call(c->net, c->party, l->smdp_address,
			       es9_function_name(f), buf_view(&json), &err);
	buf_release(&json);
	if (!l->call) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "the SM-DP+ address is not one");
		return;
	}
	l->call->done = answered;
	l->call->owner = l;
	http_call_send(l->call);
}

/* ---- The steps. --------------------------------------------------------- */

static void get_euicc_challenge(struct lpa *l)
{
	struct es10_answer an;

	ask_card(l, ES10_TAG_EUICC_CHALLENGE, NULL, &an);
	l->challenge = an.der;
	ask_card(l, ES10_TAG_EUICC_INFO1, NULL, &an);
	l->info1 = an.der;
	enter(l, LPA_INITIATE_AUTHENTICATION);
}

static void initiate_authentication(struct lpa *l)
{
	post(l, &(struct es9_message){
		.smdp_address = l->smdp_address,
		.euicc_challenge = l->challenge, .euicc_info1 = l->info1,
	});
}

/* Without a port. */
static struct str host_part(struct str address)
{
	return str_split(&address, ':');
}

static void initiated(struct lpa *l, const struct es9_message *m)
{
	struct rsp_server_signed1 signed1;
	struct err err;

	l->answer = *m;
	if (rsp_server_signed1_read(m->server_signed1, &signed1, &err) < 0 ||
	    !str_eq(signed1.transaction_id, m->transaction_id)) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "initiateAuthentication: serverSigned1 does not fit its answer");
	} else if (!str_ieq(host_part(signed1.server_address),
			    host_part(l->smdp_address))) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "initiateAuthentication: serverSigned1 names another server");
	} else {
		l->transaction = m->transaction_id;
		enter(l, LPA_AUTHENTICATE_SERVER);
	}
}

/* What the device says of itself: releases of UTRAN and E-UTRAN it supports. */
static const char CAPABILITIES[] = {
	(char)0xA1, 0x0A, (char)0x81, 0x03, 0x0B, 0x00, 0x00,
	(char)0x85, 0x03, 0x0F, 0x00, 0x00,
};
static const char TAC[] = { 0x35, 0x29, 0x06, 0x11 };

static void authenticate_server(struct lpa *l)
{
	const struct es9_message *m = &l->answer;
	struct rsp_authenticate_request r = {
		.server_signed1 = m->server_signed1,
		.server_signature1 = m->server_signature1,
		.server_certificate = m->server_certificate,
		.context = {
			.present = true, .device = true,
			.matching_id = l->matching_id.n ? l->matching_id :
				       STR_NONE,
			.tac = { TAC, sizeof(TAC) },
			.capabilities = { CAPABILITIES, sizeof(CAPABILITIES) },
		},
	};
	struct es10_answer an;
	struct tlv key_id;
	struct err err;
	struct buf b;

	if (tlv_whole(m->key_id, TLV_OCTETS, &key_id, &err) < 0) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "initiateAuthentication: euiccCiPKIdToBeUsed is not a key identifier");
		return;
	}
	r.key_id = key_id.value;
	buf_init(&b, DER_MAX);
	rsp_authenticate_request_write(&b, &r);
	ask_card(l, ES10_TAG_AUTHENTICATE_SERVER, &b, &an);
	if (an.code != ES10_OK) {
		card_refused(l, ES10_AUTHENTICATE_SERVER, &an,
			     LPA_AUTHENTICATE_CLIENT);
		return;
	}
	/* An SM-DS has no cancelSession. */
	l->open = !l->config.found;
	l->response = an.der;
	enter(l, LPA_AUTHENTICATE_CLIENT);
}

static void authenticate_client(struct lpa *l)
{
	post(l, &(struct es9_message){
		.transaction_id = l->transaction,
		.authenticate_response = l->response,
	});
}

/* Does the card let such a profile in (3.1.3)?  False: the download has failed. */
static bool check_rules(struct lpa *l, const struct rsp_metadata *m)
{
	struct euicc_rat rat;
	struct es10_answer an;
	struct err err;

	if (!m->ppr)
		return true;
	ask_card(l, ES10_TAG_RAT, NULL, &an);
	switch (euicc_rat_read(an.der, &rat, &err) < 0 ? RAT_NO :
		euicc_rat_allows(&rat, m->ppr, m->owner)) {
	case RAT_NO:
		fail(l, "downloadFailed", ES10_CANCEL_PPR,
		     "the card does not allow the profile's policy rules");
		return false;
	case RAT_ASK:
		if (l->config.consent)
			return true;
		fail(l, "downloadFailed", ES10_CANCEL_END_USER,
		     "the profile's policy rules need the user's consent");
		return false;
	case RAT_YES:
		break;
	}
	return true;
}

static void authenticated(struct lpa *l, const struct es9_message *m)
{
	struct rsp_metadata metadata;
	struct err err;

	l->answer = *m;
	if (rsp_metadata_read(m->metadata, &metadata, &err) < 0 ||
	    iccid_unpack(l->result.iccid, metadata.iccid) < 0) {
		l->result.iccid[0] = '\0';
		fail(l, "downloadFailed", ES10_CANCEL_METADATA,
		     "authenticateClient: the profile metadata cannot be read");
		return;
	}
	if (!check_rules(l, &metadata))
		return;
	l->config.learned(l->config.arg, l->result.iccid);
	enter(l, LPA_PREPARE_DOWNLOAD);
}

static void prepare_download(struct lpa *l)
{
	const struct es9_message *m = &l->answer;
	struct rsp_prepare_request r = {
		.smdp_signed2 = m->smdp_signed2,
		.smdp_signature2 = m->smdp_signature2,
		.smdp_certificate = m->smdp_certificate,
	};
	unsigned char hash[RSP_HASH_BYTES];
	struct rsp_smdp_signed2 signed2;
	struct es10_answer an;
	struct err err;
	struct buf b;

	if (rsp_smdp_signed2_read(m->smdp_signed2, &signed2, &err) < 0) {
		fail(l, "downloadFailed", ES10_CANCEL_UNDEFINED,
		     "authenticateClient: smdpSigned2 cannot be read");
		return;
	}
	/* Without a code the SM-DP+ has the word: 8.2.7, 2.2. */
	if (signed2.cc_required && l->confirmation_code.n) {
		rsp_hash_cc(l->confirmation_code, l->transaction, hash);
		r.hash_cc = (struct str){ (char *)hash, sizeof(hash) };
	}
	buf_init(&b, DER_MAX);
	rsp_prepare_request_write(&b, &r);
	ask_card(l, ES10_TAG_PREPARE_DOWNLOAD, &b, &an);
	if (an.code != ES10_OK) {
		card_refused(l, ES10_PREPARE_DOWNLOAD, &an,
			     LPA_GET_BOUND_PROFILE_PACKAGE);
		return;
	}
	l->response = an.der;
	enter(l, LPA_GET_BOUND_PROFILE_PACKAGE);
}

static void get_package(struct lpa *l)
{
	post(l, &(struct es9_message){
		.transaction_id = l->transaction,
		.prepare_response = l->response,
	});
}

static void next_segment(struct lpa *l)
{
	int64_t apdu_ns = l->config.apdu_ns(l->config.arg);
	int64_t share_ns = l->segment_ns;

	/* Keep the share, add what one command takes. */
	l->segment_ns = share_ns >= INT64_MAX - apdu_ns ? INT64_MAX :
			share_ns + apdu_ns;
	enter(l, LPA_LOAD_SEGMENT);
	l->segment_ns = share_ns;
}

/* Are the metadata in the package those that were shown before (SGP.22, 3.1.3.3)?  A
 * package without any is the card's to refuse. */
static bool same_metadata(struct lpa *l)
{
	struct buf inside;
	struct err err;
	bool same;

	buf_init(&inside, DER_MAX);
	same = rsp_bpp_metadata(l->segments, l->segment_count, &inside, &err) < 0 ||
	       !inside.n || str_eq(buf_view(&inside), l->answer.metadata);
	buf_release(&inside);
	return same;
}

static void got_package(struct lpa *l, const struct es9_message *m)
{
	int64_t install_ns;
	struct err err;

	if (rsp_bpp_split(m->package, &l->arena, &l->segments,
			  &l->segment_count, &err) < 0 || !l->segment_count) {
		fail(l, "downloadFailed", ES10_CANCEL_LOAD_ERROR,
		     "getBoundProfilePackage: the package cannot be cut into segments");
		return;
	}
	if (!same_metadata(l)) {
		fail(l, "downloadFailed", ES10_CANCEL_METADATA,
		     "getBoundProfilePackage: the metadata are not those of authenticateClient");
		return;
	}
	install_ns = l->config.install_ns(l->config.arg);
	l->segment_ns = install_ns == INT64_MAX ? INT64_MAX :
			install_ns / (int64_t)l->segment_count;
	next_segment(l);
}

static const char *load_failure(int reason)
{
	switch (reason) {
	case ES10_LOAD_ICCID_EXISTS:
		return "duplicateIccid";
	case ES10_LOAD_MEMORY:
		return "memoryFull";
	}
	return "downloadFailed";
}

static void load_segment(struct lpa *l)
{
	struct es10_request rq = {
		.tag = ES10_TAG_LOAD_PACKAGE, .der = l->segments[l->segment],
	};
	struct es10_answer an;
	const char *name;

	euicc_call(l->config.euicc, &rq, &l->arena, &an);
	l->segment++;
	if (!an.finished && an.code == ES10_OK &&
	    l->segment < l->segment_count) {
		next_segment(l);
		return;
	}
	if (!an.finished) {
		fail(l, "downloadFailed", ES10_CANCEL_LOAD_ERROR,
		     "the package ends before the card has a profile");
		return;
	}
	l->open = false;
	l->result.ok = an.code == ES10_OK;
	l->result.code = l->result.ok ? "ok" : load_failure(an.code);
	if (l->result.ok) {
		memcpy(l->result.iccid, an.iccid, sizeof(an.iccid));
	} else {
		name = es10_result_name(ES10_LOAD_PACKAGE, an.code);
		snprintf(l->message, sizeof(l->message), "%s: %s",
			 es10_command_name(an.command),
			 name ? name : "unknown error");
	}
	enter(l, LPA_STORE_RESULT);
}

static void cancel_session(struct lpa *l)
{
	struct rsp_cancel_request r = { l->transaction, l->cancel_reason };
	struct es10_answer an;
	struct buf b;

	if (l->open) {
		buf_init(&b, DER_MAX);
		rsp_cancel_request_write(&b, &r);
		ask_card(l, ES10_TAG_CANCEL_SESSION, &b, &an);
		l->response = an.der;
		l->open = false;
	}
	post(l, &(struct es9_message){
		.transaction_id = l->transaction,
		.cancel_response = l->response,
	});
}

static void (*const run[LPA_STEPS])(struct lpa *) = {
	[LPA_GET_EUICC_CHALLENGE] = get_euicc_challenge,
	[LPA_INITIATE_AUTHENTICATION] = initiate_authentication,
	[LPA_AUTHENTICATE_SERVER] = authenticate_server,
	[LPA_AUTHENTICATE_CLIENT] = authenticate_client,
	[LPA_PREPARE_DOWNLOAD] = prepare_download,
	[LPA_GET_BOUND_PROFILE_PACKAGE] = get_package,
	[LPA_LOAD_SEGMENT] = load_segment,
	[LPA_STORE_RESULT] = finish,
	[LPA_CANCEL_SESSION] = cancel_session,
};

static void fire(struct timer *t)
{
	struct lpa *l = (struct lpa *)((char *)t - offsetof(struct lpa, timer));

	run[l->step](l);
}

/* ---- Life. -------------------------------------------------------------- */

struct lpa *lpa_start(const struct lpa_config *config,
		      const struct activation_code *ac,
		      struct str confirmation_code)
{
	struct lpa *l = calloc(1, sizeof(*l));

	assert(l);
	l->config = *config;
	l->timer.fire = fire;
	l->smdp_address = arena_str(&l->arena, ac->smdp_address);
	l->matching_id = arena_str(&l->arena, ac->matching_id);
	l->confirmation_code = arena_str(&l->arena, confirmation_code);
	l->order = arena_str(&l->arena, config->order);
	enter(l, LPA_GET_EUICC_CHALLENGE);
	return l;
}

void lpa_free(struct lpa *l)
{
	if (!l)
		return;
	loop_disarm(l->config.loop, &l->timer);
	if (l->call)
		http_call_cancel(l->call);
	arena_release(&l->arena);
	free(l);
}

void lpa_link_lost(struct lpa *l)
{
	if (!l->call)
		return;
	http_call_cancel(l->call);
	l->call = NULL;
	no_answer(l, HTTP_BROKEN, "the device lost its network");
}
