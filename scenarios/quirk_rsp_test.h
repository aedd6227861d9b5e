/*
 * quirk_rsp_test.h - requests and answers of ES9+ with all that SGP.22 has in
 * them, and where two of them differ.
 *
 * answer_rsp() is for the SM-DP+ of quirk_rig_test.h; nothing is signed.
 */
#ifndef SCENARIOS_QUIRK_RSP_TEST_H
#define SCENARIOS_QUIRK_RSP_TEST_H

#include "proto/base64.h"
#include "proto/rsp_bpp.h"
#include "scenarios/quirk_rig_test.h"
#include "sim/json.h"

static const char zeros[200];
#define ZEROS(n) ((struct str){ zeros, n })

/* ---- Answers. ------------------------------------------------------------ */

static inline struct str signature_of_zeros(void)
{
	static char text[67] = "\x5F\x37\x40";

	return (struct str){ text, sizeof(text) };
}

static inline struct str kept(struct arena *a, struct buf *b)
{
	struct str s = arena_str(a, buf_view(b));

	buf_clear(b);
	return s;
}

static inline struct str make_metadata(struct arena *a, struct buf *b)
{
	rsp_metadata_write(b, &(struct rsp_metadata){ .iccid = STR("\x98\x44\0\0\0\0\0\0\0\xF7"),
		.spn = STR("Mobile"), .profile_name = STR("Name"), .profile_class = 2 });
	return kept(a, b);
}

/* A package with replaced keys and three segments. */
static inline struct str make_package(struct arena *a, struct buf *b)
{
	static const struct rsp_bsp ppk = { .block = 1 };
	struct rsp_otpk own = { .public_point = { 4 } };
	struct rsp_identity id = { 0 };
	struct rsp_bpp_spec spec = {
		.transaction_id = STR("0123456789ABCDEF"), .host_id = STR("host"),
		.eid = STR(EID), .euicc_otpk = { "\x04", 1 }, .otpk = &own, .signer = &id,
		.metadata = make_metadata(a, b), .ppk = &ppk,
	};
	char point[RSP_POINT_BYTES] = { 4 }, upp[2500];
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(upp); i++)
		upp[i] = (char)(i / 1007);
	own.public_point[1] = (unsigned char)w.requests;
	spec.euicc_otpk = (struct str){ point, sizeof(point) };
	spec.upp = (struct str){ upp, sizeof(upp) };
	ck_assert_msg(rsp_bpp_build(&rsp_crypto_none, &spec, b, &err) == 0, "%s", err.msg);
	return kept(a, b);
}

static inline void fill_answer(struct arena *a, struct buf *b, struct es9_message *m)
{
	rsp_server_signed1_write(b, &(struct rsp_server_signed1){
		.transaction_id = STR("0123456789ABCDEF"), .euicc_challenge = ZEROS(16),
		.server_address = STR("smdp.example.com"), .server_challenge = ZEROS(16) });
	m->server_signed1 = kept(a, b);
	rsp_smdp_signed2_write(b, &(struct rsp_smdp_signed2){
		.transaction_id = STR("0123456789ABCDEF") });
	m->smdp_signed2 = kept(a, b);
	tlv_put(b, TLV_OCTETS, ZEROS(20));
	m->key_id = kept(a, b);
	m->metadata = make_metadata(a, b);
	m->package = make_package(a, b);
}

static inline void answer_rsp(struct http_exchange *x, struct str last)
{
	struct str signature = signature_of_zeros(), cert = STR("\x30\x00");
	struct es9_message m = {
		.transaction_id = STR("0123456789ABCDEF"),
		.server_signature1 = signature, .smdp_signature2 = signature,
		.server_certificate = cert, .smdp_certificate = cert,
	};
	struct buf b;

	buf_init(&b, 100000);
	fill_answer(x->arena, &b, &m);
	es9_answer_print(&b, es9_function_named(last), &m);
	http_header_set(&x->resp.headers, x->arena, STR("X-Admin-Protocol"),
			STR(ES9_PROTOCOL));
	http_respond_json(x, 200, buf_view(&b));
	buf_release(&b);
}

/* ---- Requests. ----------------------------------------------------------- */

/* An authenticateClient request with that matching id. */
static inline void authenticate(struct buf *out, const char *matching_id,
				const char *transaction)
{
	char zero[64] = "";
	struct rsp_euicc_signed1 s1 = {
		.transaction_id = { zero, 8 }, .server_address = STR("s"),
		.server_challenge = { zero, 16 },
		.euicc_info2 = STR("\xBF\x22\x00"),
		.context = { .present = true, .matching_id = str_of(matching_id),
			     .device = true, .tac = { zero, 4 } },
	};
	struct rsp_authenticate_response r = { .ok = true, .error_code = -1 };
	struct buf signed1, whole, signature;

	buf_init(&signed1, 10000);
	buf_init(&whole, 10000);
	buf_init(&signature, 100);
	rsp_euicc_signed1_write(&signed1, &s1);
	tlv_put(&signature, RSP_TAG_SIGNATURE, (struct str){ zero, 64 });
	r.euicc_signed1 = buf_view(&signed1);
	r.euicc_signature1 = buf_view(&signature);
	r.euicc_certificate = r.eum_certificate = STR("\x30\x00");
	rsp_authenticate_response_write(&whole, &r);
	buf_printf(out, "{\"transactionId\":\"%s\",\"authenticateServerResponse\":\"",
		   transaction);
	base64_encode(out, buf_view(&whole));
	buf_z(out, "\"}");
	buf_release(&signed1);
	buf_release(&whole);
	buf_release(&signature);
}

static inline struct answer authenticate_with(const char *matching_id,
					      const char *transaction)
{
	struct answer a;
	struct buf out;

	buf_init(&out, 10000);
	authenticate(&out, matching_id, transaction);
	a = ask("POST", ES9("authenticateClient"), out.p);
	buf_release(&out);
	return a;
}

/* What an eUICC signs at the end, with as much in it as a fault needs. */
static inline struct answer ask_signed(const char *function)
{
	bool cancel = strcmp(function, "cancelSession") == 0;
	struct str inner = STR("\x30\x03\x80\x01\x07"), data = STR("\xBF\x27\x00");
	struct answer a;
	struct buf b, json;
	size_t outer, choice = 0;
	char url[100];

	buf_init(&b, 1000);
	buf_init(&json, 1000);
	outer = tlv_open(&b, cancel ? RSP_TAG_CANCEL : RSP_TAG_INSTALL_RESULT);
	if (cancel)
		choice = tlv_open(&b, 0xA0);
	buf_str(&b, cancel ? inner : data);
	buf_str(&b, signature_of_zeros());
	if (cancel)
		tlv_close(&b, choice);
	tlv_close(&b, outer);
	buf_printf(&json, "{\"%s\":\"", cancel ? "cancelSessionResponse" :
						 "pendingNotification");
	base64_encode(&json, buf_view(&b));
	buf_z(&json, "\"}");
	snprintf(url, sizeof(url), ES9("%s"), function);
	a = ask("POST", url, json.p);
	buf_release(&b);
	buf_release(&json);
	return a;
}

/* Requests of the functions, with what a fault may need of them. */
static inline struct answer ask_rsp(const char *function)
{
	struct rsp_euicc_signed2 s2 = { .transaction_id = STR("0123456789ABCDEF"),
					.euicc_otpk = ZEROS(RSP_POINT_BYTES) };
	struct rsp_prepare_response r = { .ok = true, .error_code = -1,
					  .euicc_signature2 = signature_of_zeros() };
	struct answer a;
	struct buf b, json;
	struct arena arena = { 0 };
	char url[100];

	if (strcmp(function, "authenticateClient") == 0)
		return authenticate_with("CODE", "0A01");
	if (strcmp(function, "cancelSession") == 0 ||
	    strcmp(function, "handleNotification") == 0)
		return ask_signed(function);
	snprintf(url, sizeof(url), ES9("%s"), function);
	buf_init(&b, 10000);
	buf_init(&json, 10000);
	rsp_euicc_signed2_write(&b, &s2);
	r.euicc_signed2 = kept(&arena, &b);
	rsp_prepare_response_write(&b, &r);
	buf_z(&json, "{\"prepareDownloadResponse\":\"");
	base64_encode(&json, buf_view(&b));
	buf_z(&json, "\"}");
	a = ask("POST", url, json.p);
	buf_release(&b);
	buf_release(&json);
	arena_release(&arena);
	return a;
}

/* ---- What is odd. --------------------------------------------------------- */

/* Where two DER texts differ: "30.81" for a value, "A1>A5" for a tag, "-A3" and "+86"
 * for what is gone or new; "!" where a text is no DER. */
static inline void diff(struct buf *out, const char *at, struct str good, struct str odd)
{
	struct tlv a, b;
	struct err err;

	for (;;) {
		int more = tlv_next(&good, &a, &err), there = tlv_next(&odd, &b, &err);
		char name[64];

		if (there < 0)
			buf_printf(out, "%s!", out->n ? " " : "");
		if (more <= 0 || there <= 0) {
			if (more > 0 && there == 0)
				buf_printf(out, "%s-%s%X", out->n ? " " : "", at, a.tag);
			if (there > 0)
				buf_printf(out, "%s+%s%X", out->n ? " " : "", at, b.tag);
			return;
		}
		snprintf(name, sizeof(name), "%s%X.", at, a.tag);
		if (a.tag != b.tag)
			buf_printf(out, "%s%s%X>%X", out->n ? " " : "", at, a.tag, b.tag);
		else if (tlv_is_constructed(a.tag))
			diff(out, name, a.value, b.value);
		else if (!str_eq(a.raw, b.raw))
			buf_printf(out, "%s%s%X%s", out->n ? " " : "", at, a.tag,
				   b.raw.n > 1020 ? "(long)" : "");
	}
}

static inline struct str decoded(struct arena *a, const char *json, const char *key)
{
	struct str text = STR_NONE, bytes = STR_NONE;
	struct err err;
	cJSON *tree = json_parse(str_of(json), &err);

	ck_assert_ptr_nonnull(tree);
	if (json_get_str(tree, key, a, &text, &err) > 0)
		ck_assert_int_eq(base64_decode(a, text, &bytes, &err), 0);
	cJSON_Delete(tree);
	return bytes;
}

#endif
