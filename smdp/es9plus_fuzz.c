/*
 * A device that says anything: the SM-DP+ always answers, in the form that SGP.22
 * asks for, and no session is left over.
 *
 * The input is a row of messages.  Each is a good one with some bytes changed before
 * it is wrapped, or a body as it stands there.
 */
#include "proto/base64.h"
#include "proto/es9.h"
#include "proto/rsp_bpp.h"
#include "sim/fuzz.h"
#include "sim/memnet.h"
#include "smdp/smdp.h"

#include <stdlib.h>

#define EID "89049032000000000000000000000163"
#define ICCID "8944000000001234567"
#define URL "https://smdp.example.com/gsma/rsp2/es9plus/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct smdp *smdp;
	struct arena arena;
	struct str in;			/* what is left of the input */
	enum es9_function function;	/* of the message that was sent */
	struct str transaction, challenge;
} w;

static void answered(struct http_call *c)
{
	struct es9_message m;
	struct es9_status st;
	struct rsp_server_signed1 s1;
	struct err err;

	loop_stop(&w.loop);
	if (w.function == ES9_HANDLE_NOTIFICATION) {
		if (c->failure != HTTP_OK || c->resp.status != 204 || c->resp.body.n)
			abort();
		return;
	}
	if (c->failure != HTTP_OK || c->resp.status != 200 ||
	    es9_answer_parse(c->resp.body, w.function, &w.arena, &m, &st, &err) < 0)
		abort();
	if (st.failed && (!st.subject_code.n || !st.reason_code.n || st.message.n > 128))
		abort();
	if (st.failed || w.function != ES9_INITIATE_AUTHENTICATION)
		return;
	if (rsp_server_signed1_read(m.server_signed1, &s1, &err) < 0)
		abort();
	w.transaction = arena_str(&w.arena, m.transaction_id);
	w.challenge = arena_str(&w.arena, s1.server_challenge);
}

static void send_body(enum es9_function f, unsigned how, struct str body)
{
	static const char *const types[] = { "application/json", "text/plain" };
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, STR("device/x"), "POST", &err, URL "%s",
					    es9_function_name(f));

	w.function = f;
	http_call_body(c, types[how >> 7 & 1], body);
	if (!(how & 64))
		http_call_header(c, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	c->done = answered;
	http_call_send(c);
	if (loop_run(&w.loop, &err) < 0)
		abort();
}

static struct str kept(struct buf *b)
{
	struct str s = arena_str(&w.arena, buf_view(b));

	buf_clear(b);
	return s;
}

static struct str zeros_signed(void)
{
	static const char text[67] = "\x5F\x37\x40";

	return (struct str){ text, sizeof(text) };
}

static struct str certificate(enum rsp_role role)
{
	struct rsp_identity id;
	struct err err;

	rsp_crypto_none.identity(&rsp_crypto_none, role, 0, STR(EID), STR_NONE, &w.arena,
				 &id, &err);
	return id.certificate;
}

static struct str keys(struct buf *b)
{
	tlv_put(b, TLV_OCTETS, rsp_crypto_none.ci_key_id(&rsp_crypto_none, 0));
	return kept(b);
}

/* ---- Good messages. ---------------------------------------------------------- */

static struct str info1(struct buf *b)
{
	struct str list = keys(b);

	rsp_euicc_info1_write(b, &(struct rsp_euicc_info1){
		.svn = STR("\x02\x02\x02"), .ci_verify = list, .ci_sign = list });
	return kept(b);
}

static struct str client(struct buf *b)
{
	struct str version = STR("\x02\x02\x02"), list = keys(b), resource, info2, signed1;

	rsp_card_resource_write(b, 0, 1 << 20, 1000);
	resource = kept(b);
	rsp_euicc_info2_write(b, &(struct rsp_euicc_info2){
		.profile_version = version, .svn = version, .firmware = version,
		.card_resource = resource, .uicc_capability = STR("\x05\x7F"),
		.rsp_capability = STR("\x04\x90"), .ci_verify = list, .ci_sign = list,
		.category = -1, .pp_version = version, .sas_number = STR("x") });
	info2 = kept(b);
	rsp_euicc_signed1_write(b, &(struct rsp_euicc_signed1){
		.transaction_id = w.transaction, .server_address = STR("smdp.example.com"),
		.server_challenge = w.challenge, .euicc_info2 = info2,
		.context = { .present = true, .device = true, .matching_id = STR("MID"),
			     .tac = STR("1234") } });
	signed1 = kept(b);
	rsp_authenticate_response_write(b, &(struct rsp_authenticate_response){
		.ok = true, .euicc_signed1 = signed1, .euicc_signature1 = zeros_signed(),
		.euicc_certificate = certificate(RSP_ROLE_EUICC),
		.eum_certificate = certificate(RSP_ROLE_EUM), .error_code = -1 });
	return kept(b);
}

static struct str prepared(struct buf *b)
{
	static const char point[RSP_POINT_BYTES] = { 4 };
	unsigned char hash[RSP_HASH_BYTES];
	struct str signed2;

	rsp_hash_cc(STR("1234"), w.transaction, hash);
	rsp_euicc_signed2_write(b, &(struct rsp_euicc_signed2){
		.transaction_id = w.transaction, .euicc_otpk = { point, sizeof(point) },
		.hash_cc = { (char *)hash, sizeof(hash) } });
	signed2 = kept(b);
	rsp_prepare_response_write(b, &(struct rsp_prepare_response){
		.ok = true, .euicc_signed2 = signed2, .euicc_signature2 = zeros_signed(),
		.error_code = -1 });
	return kept(b);
}

static struct str cancelled(struct buf *b)
{
	struct str what;

	rsp_cancel_signed_write(b, &(struct rsp_cancel_signed){
		.transaction_id = w.transaction, .smdp_oid = STR("\x88\x37\x0A"),
		.reason = ES10_CANCEL_POSTPONED });
	what = kept(b);
	rsp_cancel_response_write(b, &(struct rsp_cancel_response){
		.ok = true, .cancel_signed = what, .signature = zeros_signed(),
		.error_code = -1 });
	return kept(b);
}

static struct str result(struct buf *b)
{
	unsigned char iccid[ICCID_BYTES];
	struct str metadata, data;

	iccid_pack(iccid, STR(ICCID));
	rsp_notification_metadata_write(b, &(struct rsp_notification_metadata){
		.sequence = 1, .event = NOTIFY_INSTALL, .address = STR("smdp.example.com"),
		.iccid = { (char *)iccid, sizeof(iccid) } });
	metadata = kept(b);
	rsp_install_data_write(b, &(struct rsp_install_data){
		.transaction_id = w.transaction, .notification = metadata,
		.smdp_oid = STR("\x88\x37\x0A"), .final = true, .failed = true,
		.command = ES10_CMD_ELEMENTS, .reason = ES10_LOAD_INTERRUPTED });
	data = kept(b);
	rsp_install_result_write(b, &(struct rsp_install_result){
		.data = data, .signature = zeros_signed() });
	return kept(b);
}

/* ---- One message of the input. ------------------------------------------------- */

/* So many bytes of it are others. */
static struct str changed(struct str der, unsigned times)
{
	struct str copy = arena_str(&w.arena, der);

	for (unsigned i = 0; i < times && copy.n; i++) {
		unsigned high = fuzz_byte(&w.in), low = fuzz_byte(&w.in);

		((char *)copy.p)[(high << 8 | low) % copy.n] ^= (char)fuzz_byte(&w.in);
	}
	return copy;
}

static void send_good(enum es9_function f, unsigned how)
{
	unsigned times = how >> 4 & 3;
	struct es9_message m = { .transaction_id = w.transaction,
				 .smdp_address = STR("smdp.example.com"),
				 .euicc_challenge = STR("0123456789ABCDEF") };
	struct buf b;

	buf_init(&b, 1 << 16);
	m.euicc_info1 = changed(info1(&b), f == ES9_INITIATE_AUTHENTICATION ? times : 0);
	if (f == ES9_AUTHENTICATE_CLIENT)
		m.authenticate_response = changed(client(&b), times);
	if (f == ES9_GET_BOUND_PROFILE_PACKAGE)
		m.prepare_response = changed(prepared(&b), times);
	if (f == ES9_CANCEL_SESSION)
		m.cancel_response = changed(cancelled(&b), times);
	if (f == ES9_HANDLE_NOTIFICATION)
		m.notification = changed(result(&b), times);
	es9_request_print(&b, f, &m);
	send_body(f, how, kept(&b));
	buf_release(&b);
}

static void send_one(void)
{
	unsigned how = fuzz_byte(&w.in);
	enum es9_function f = (enum es9_function)((how & 7) % ES9_FUNCTIONS);
	size_t n;

	if (!(how & 8)) {
		send_good(f, how);
		return;
	}
	n = fuzz_byte(&w.in) << 8;
	n |= fuzz_byte(&w.in);
	n = n < w.in.n ? n : w.in.n;
	send_body(f, how, (struct str){ w.in.p, n });
	w.in = (struct str){ w.in.p + n, w.in.n - n };
}

/* ---- The world. ------------------------------------------------------------------ */

static void open_world(struct str in)
{
	struct smdp_config config = { .loop = &w.loop, .log = &w.log, .seed = 1,
				      .party = "smdp", .address = "smdp.example.com" };
	struct smdp_profile_spec spec = {
		.iccid = STR(ICCID), .matching_id = STR("MID"), .spn = STR("Mobile"),
		.confirmation_code = STR("1234"), .retries_max = 3,
	};
	struct err err;

	w = (struct world){ .in = in, .transaction = STR("0123456789ABCDEF"),
			    .challenge = STR("0123456789ABCDEF") };
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	config.net = w.net = memnet_new(&w.loop, NULL);
	w.smdp = smdp_new(&config, &err);
	if (!w.smdp || smdp_add_profile(w.smdp, &spec, &err) < 0 ||
	    network_listen(w.net, "smdp.example.com", "smdp", smdp_handler(w.smdp), &err) < 0)
		abort();
}

static void over(struct timer *t)
{
	(void)t;
	loop_stop(&w.loop);
}

static void close_world(void)
{
	struct timer t = { .fire = over };
	struct err err;

	loop_arm(&w.loop, &t, 1801 * NS_PER_S);
	if (loop_run(&w.loop, &err) < 0 || smdp_session_count(w.smdp))
		abort();
	network_unlisten(w.net, "smdp.example.com");
	smdp_free(w.smdp);
	network_release(w.net);
	eventlog_release(&w.log);
	arena_release(&w.arena);
	loop_release(&w.loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_world((struct str){ (const char *)data, size });
	while (w.in.n)
		send_one();
	close_world();
	return 0;
}
