/*
 * Goal: the objects of remote SIM provisioning have the bytes that SGP.22
 * gives them, and what a peer sends is read or refused.
 * Oracle: bytes put together from the ASN.1 of SGP.22 with a few lines of
 * Python; hashCc from
 *	printf 4711 | openssl dgst -sha256 -binary >h
 *	printf 000102030405060708090A0B0C0D0E0F | xxd -r -p | cat h - |
 *		openssl dgst -sha256
 */
#include "proto/es10.h"
#include "proto/hex.h"
#include "proto/profile.h"
#include "proto/rsp.h"

#include <check.h>
#include <stdlib.h>

#define ID "000102030405060708090A0B0C0D0E0F"
#define Z16 "00000000000000000000000000000000"
#define Z64 Z16 Z16 Z16 Z16
#define SIG "5F3740" Z64
/* 30 { 13 "euicc", 0C "89049032000000000000000000000163" } */
#define EUICC_CERT "3029" "13056575696363" "0C20" \
	"3839303439303332303030303030303030303030303030303030303030313633"
#define EUM_CERT "3008" "130365756D" "0C0178"

static struct arena arena;
static struct buf out;

static void setup(void)
{
	arena = (struct arena){ 0 };
	buf_init(&out, 10000);
}

static void teardown(void)
{
	buf_release(&out);
	arena_release(&arena);
}

static struct str bytes_of(const char *hex)
{
	struct err err = { 0 };
	struct str s;

	ck_assert_int_eq(hex_decode(&arena, str_of(hex), &s, &err), 0);
	return s;
}

static const char *written(void)
{
	const char *hex = hex_of(&arena, buf_view(&out)).p;

	buf_clear(&out);
	return hex;
}

START_TEST(hash_cc)
{
	unsigned char hash[RSP_HASH_BYTES], code_hash[RSP_HASH_BYTES];
	struct str view = { (char *)hash, sizeof(hash) };

	rsp_hash_cc(STR("4711"), bytes_of(ID), hash);
	ck_assert_str_eq(hex_of(&arena, view).p,
			 "7A5FC1E1D536C03AC028EFA34659AAF4"
			 "0B1A58FDCF8F4627E34FE8600F2E7A76");
	rsp_sha256(STR("4711"), code_hash);
	memset(hash, 0, sizeof(hash));
	rsp_hash_cc_of_hash(code_hash, bytes_of(ID), hash);
	ck_assert_str_eq(hex_of(&arena, view).p,
			 "7A5FC1E1D536C03AC028EFA34659AAF4"
			 "0B1A58FDCF8F4627E34FE8600F2E7A76");
	rsp_sha256(STR(""), hash);
	ck_assert_str_eq(hex_of(&arena, view).p,
			 "E3B0C44298FC1C149AFBF4C8996FB924"
			 "27AE41E4649B934CA495991B7852B855");
	ck_assert(rsp_bytes_equal(STR("ab"), STR("ab")));
	ck_assert(!rsp_bytes_equal(STR("ab"), STR("aB")));
	ck_assert(!rsp_bytes_equal(STR("ab"), STR("abc")));
}
END_TEST

START_TEST(server_signed1)
{
	static const char golden[] = "3048" "8010" ID
		"8110" "11111111111111111111111111111111"
		"8310" "736D64702E6578616D706C652E636F6D"
		"8410" "22222222222222222222222222222222";
	struct rsp_server_signed1 o = {
		.transaction_id = bytes_of(ID),
		.euicc_challenge = bytes_of("11111111111111111111111111111111"),
		.server_address = STR("smdp.example.com"),
		.server_challenge = bytes_of("22222222222222222222222222222222"),
	}, back;
	struct err err = { 0 };

	rsp_server_signed1_write(&out, &o);
	ck_assert_str_eq(written(), golden);
	ck_assert_int_eq(rsp_server_signed1_read(bytes_of(golden), &back, &err), 0);
	ck_assert(str_is(back.server_address, "smdp.example.com"));
	ck_assert(str_eq(back.server_challenge, o.server_challenge));
}
END_TEST

START_TEST(authenticate_response)
{
	struct rsp_authenticate_response r;
	struct err err = { 0 };

	/* 3000 stands for euiccSigned1: its inside is not looked at here. */
	rsp_authenticate_response_write(&out, &(struct rsp_authenticate_response){
		.ok = true, .euicc_signed1 = bytes_of("3000"),
		.euicc_signature1 = bytes_of(SIG),
		.euicc_certificate = bytes_of(EUICC_CERT),
		.eum_certificate = bytes_of(EUM_CERT),
	});
	ck_assert_str_eq(written(), "BF387C" "A07A" "3000" SIG EUICC_CERT EUM_CERT);
	rsp_authenticate_response_write(&out, &(struct rsp_authenticate_response){
		.failed = true, .transaction_id = bytes_of(ID),
		.error_code = ES10_AUTH_CHALLENGE,
	});
	ck_assert_str_eq(written(), "BF3817" "A115" "8010" ID "020106");
	ck_assert_int_eq(rsp_authenticate_response_read(bytes_of(
		"BF3817" "A115" "8010" ID "020106"), &r, &err), 0);
	ck_assert(r.failed && !r.ok);
	ck_assert_int_eq(r.error_code, 6);
	ck_assert_ptr_null(r.euicc_signed1.p);
	ck_assert_int_eq(rsp_authenticate_response_read(bytes_of("BF3800"), &r,
							&err), -1);
}
END_TEST

START_TEST(metadata)
{
	/* ICCID 8944000000001234567, "Mobile", "Plan", operational, ppr1 and ppr2 */
	static const char golden[] = "BF2521" "5A0A" "984400000000214365F7"
		"91064D6F62696C65" "9204506C616E" "950102" "99020560";
	struct rsp_metadata m = {
		.iccid = bytes_of("984400000000214365F7"), .spn = STR("Mobile"),
		.profile_name = STR("Plan"),
		.profile_class = PROFILE_CLASS_OPERATIONAL,
		.ppr = PPR_NO_DISABLE | PPR_NO_DELETE,
	}, back;
	struct err err = { 0 };

	rsp_metadata_write(&out, &m);
	ck_assert_str_eq(written(), golden);
	ck_assert_int_eq(rsp_metadata_read(bytes_of(golden), &back, &err), 0);
	ck_assert(str_is(back.spn, "Mobile"));
	ck_assert_uint_eq(back.ppr, 6);
	/* Blank and absent are two things. */
	ck_assert_int_eq(rsp_metadata_read(bytes_of(
		"BF250E" "5A0A" "984400000000214365F7" "9100"), &back, &err), 0);
	ck_assert(back.spn.p && back.spn.n == 0);
	ck_assert_int_eq(back.profile_class, -1);
	ck_assert_int_eq(rsp_metadata_read(bytes_of(
		"BF250C" "5A0A" "984400000000214365F7"), &back, &err), 0);
	ck_assert_ptr_null(back.spn.p);
	/* Icons (93, 94) are passed over. */
	ck_assert_int_eq(rsp_metadata_read(bytes_of(
		"BF2515" "5A0A" "984400000000214365F7" "930101" "940155" "950100"),
		&back, &err), 0);
	ck_assert_int_eq(back.profile_class, 0);
	ck_assert_int_eq(rsp_metadata_read(bytes_of(
		"BF250B" "5A09" "9844000000002143F7"), &back, &err), -1);
}
END_TEST

START_TEST(notification_config)
{
	struct str config, address;
	struct err err = { 0 };
	unsigned events;

	rsp_notification_config_write(&out, NOTIFY_ENABLE | NOTIFY_DELETE,
				      STR("a.b"));
	ck_assert_str_eq(hex_of(&arena, buf_view(&out)).p,
			 "3009" "80020450" "8103612E62");
	config = buf_view(&out);
	ck_assert_int_eq(rsp_notification_config_next(&config, &events, &address,
						      &err), 1);
	ck_assert_uint_eq(events, NOTIFY_ENABLE | NOTIFY_DELETE);
	ck_assert(str_is(address, "a.b"));
	ck_assert_int_eq(rsp_notification_config_next(&config, &events, &address,
						      &err), 0);
	config = bytes_of("30038001");
	ck_assert_int_eq(rsp_notification_config_next(&config, &events, &address,
						      &err), -1);
}
END_TEST

#define METADATA(bits) "BF2F18" "800107" "8102" bits "0C03612E62" "5A0A" \
	"984400000000214365F7"
#define DATA_OK "BF274A" "8010" ID METADATA("0780") "060388370A" "A216" "A014" \
	"4F10" "A0000005591010FFFFFFFF8900001100" "0400"
#define DATA_FAILED(reason) "BF273C" "8010" ID METADATA("0780") "060388370A" \
	"A208" "A106" "800105" "8101" reason

START_TEST(install_result)
{
	struct rsp_notification n;
	struct err err = { 0 };

	rsp_install_data_write(&out, &(struct rsp_install_data){
		.transaction_id = bytes_of(ID),
		.notification = bytes_of(METADATA("0780")),
		.smdp_oid = bytes_of("88370A"), .final = true, .success = true,
		.aid = bytes_of("A0000005591010FFFFFFFF8900001100"),
		.sima_response = STR(""),
	});
	ck_assert_str_eq(written(), DATA_OK);
	rsp_install_result_write(&out, &(struct rsp_install_result){
		.data = bytes_of(DATA_OK), .signature = bytes_of(SIG),
	});
	ck_assert_str_eq(written(), "BF378190" DATA_OK SIG);
	ck_assert_int_eq(rsp_notification_read(bytes_of("BF378190" DATA_OK SIG), &n,
					       &err), 0);
	ck_assert(n.install_result && n.data.success && !n.data.failed);
	ck_assert_int_eq(n.metadata.sequence, 7);
	ck_assert_uint_eq(n.metadata.event, NOTIFY_INSTALL);
	ck_assert_str_eq(n.iccid, "8944000000001234567");
	ck_assert_str_eq(hex_of(&arena, n.signed_part).p, DATA_OK);
	ck_assert_int_eq(rsp_notification_read(bytes_of(
		"BF378182" DATA_FAILED("0A") SIG), &n, &err), 0);
	ck_assert(n.data.failed && !n.data.success);
	ck_assert_int_eq(n.data.reason, ES10_LOAD_MEMORY);
	ck_assert_int_eq(n.data.command, ES10_CMD_ELEMENTS);
}
END_TEST

START_TEST(other_notification)
{
	static const char golden[] = "308193" METADATA("0620") SIG EUICC_CERT
		EUM_CERT;
	struct rsp_notification n;
	struct err err = { 0 };

	rsp_notification_metadata_write(&out, &(struct rsp_notification_metadata){
		.sequence = 7, .event = NOTIFY_DISABLE, .address = STR("a.b"),
		.iccid = bytes_of("984400000000214365F7"),
	});
	ck_assert_str_eq(written(), METADATA("0520"));
	rsp_other_notification_write(&out, &(struct rsp_other_notification){
		.metadata = bytes_of(METADATA("0620")), .signature = bytes_of(SIG),
		.euicc_certificate = bytes_of(EUICC_CERT),
		.eum_certificate = bytes_of(EUM_CERT),
	});
	ck_assert_str_eq(written(), golden);
	/* 06 20: two bits, of which the second is 0; none is set. */
	ck_assert_int_eq(rsp_notification_read(bytes_of(golden), &n, &err), -1);
	ck_assert_int_eq(rsp_notification_read(bytes_of(
		"308193" METADATA("0520") SIG EUICC_CERT EUM_CERT), &n, &err), 0);
	ck_assert(!n.install_result);
	ck_assert_uint_eq(n.metadata.event, NOTIFY_DISABLE);
	ck_assert_str_eq(hex_of(&arena, n.signed_part).p, METADATA("0520"));
	ck_assert_str_eq(hex_of(&arena, n.euicc_certificate).p, EUICC_CERT);
}
END_TEST

static const char *const bad_notifications[] = {
	"", "BF37", "BF3700", "3000", "BF2F00", "BF2700",
	"BF37818F" DATA_OK SIG,			/* a byte left over */
	"BF378190" "BF274B" SIG,
	"BF374D" DATA_OK,			/* no signature */
	"308193" METADATA("0480") SIG EUICC_CERT EUM_CERT "00",
	"308193" METADATA("05A0") SIG EUICC_CERT EUM_CERT,	/* two events */
	"308193" METADATA("0301") SIG EUICC_CERT EUM_CERT,	/* unknown event */
};

START_TEST(refused_notifications)
{
	struct rsp_notification n;
	struct err err = { 0 };

	ck_assert_msg(rsp_notification_read(bytes_of(bad_notifications[_i]), &n,
					    &err) < 0, "taken: %s",
		      bad_notifications[_i]);
}
END_TEST

START_TEST(small_messages)
{
	struct rsp_cancel_response cancel;
	struct rsp_smdp_signed2 signed2;
	struct err err = { 0 };

	rsp_smdp_signed2_write(&out, &(struct rsp_smdp_signed2){
		.transaction_id = bytes_of(ID), .cc_required = true });
	ck_assert_str_eq(written(), "3015" "8010" ID "0101FF");
	ck_assert_int_eq(rsp_smdp_signed2_read(bytes_of("3015" "8010" ID "010100"),
					       &signed2, &err), 0);
	ck_assert(!signed2.cc_required && !signed2.euicc_otpk.p);
	rsp_prepare_response_write(&out, &(struct rsp_prepare_response){
		.ok = true, .euicc_signed2 = bytes_of("3000"),
		.euicc_signature2 = bytes_of(SIG) });
	ck_assert_str_eq(written(), "BF2147" "A045" "3000" SIG);
	rsp_cancel_signed_write(&out, &(struct rsp_cancel_signed){
		.transaction_id = bytes_of(ID), .smdp_oid = bytes_of("88370A"),
		.reason = ES10_CANCEL_POSTPONED });
	ck_assert_str_eq(written(), "301A" "8010" ID "810388370A" "820101");
	rsp_cancel_response_write(&out, &(struct rsp_cancel_response){
		.ok = true, .error_code = -1, .signature = bytes_of(SIG),
		.cancel_signed = bytes_of("301A" "8010" ID "810388370A" "820101") });
	ck_assert_str_eq(written(), "BF4161" "A05F" "301A" "8010" ID
			 "810388370A" "820101" SIG);
	rsp_cancel_response_write(&out, &(struct rsp_cancel_response){
		.error_code = ES10_CANCEL_TRANSACTION });
	ck_assert_str_eq(written(), "BF4103810105");
	ck_assert_int_eq(rsp_cancel_response_read(bytes_of("BF4103810105"), &cancel,
						  &err), 0);
	ck_assert(!cancel.ok && cancel.error_code == 5);
}
END_TEST

START_TEST(euicc_info)
{
	static const char golden[] = "BF2035" "8203020202"
		"A916" "0414" Z16 "00000000" "AA16" "0414" Z16 "00000000";
	struct rsp_euicc_info1 info;
	struct err err = { 0 };
	struct str list, key;
	uint32_t flash;

	ck_assert_int_eq(rsp_euicc_info1_read(bytes_of(golden), &info, &err), 0);
	list = info.ci_verify;
	ck_assert_int_eq(rsp_key_list_next(&list, &key), 1);
	ck_assert(str_eq(key, bytes_of(Z16 "00000000")));
	ck_assert_int_eq(rsp_key_list_next(&list, &key), 0);
	rsp_euicc_info1_write(&out, &info);
	ck_assert_str_eq(written(), golden);
	rsp_card_resource_write(&out, 3, 0x8000F000, 0x1234);
	ck_assert_str_eq(hex_of(&arena, buf_view(&out)).p,
			 "810103" "82048000F000" "830400001234");
	ck_assert_int_eq(rsp_card_free_flash(buf_view(&out), &flash), 0);
	ck_assert_uint_eq(flash, 0x8000F000);
	ck_assert_int_eq(rsp_card_free_flash(bytes_of("8202FFFF"), &flash), 0);
	ck_assert_uint_eq(flash, 0xFFFF);
	ck_assert_int_eq(rsp_card_free_flash(bytes_of("810103"), &flash), -1);
	ck_assert_int_eq(rsp_card_free_flash(bytes_of("8205FFFFFFFFFF"), &flash), -1);
}
END_TEST

START_TEST(none_certificates)
{
	const struct rsp_crypto *c = &rsp_crypto_none;
	struct rsp_certificate cert;
	struct rsp_identity id;
	struct err err = { 0 };

	c->identity(c, RSP_ROLE_EUICC, 0, STR("89049032000000000000000000000163"),
		    STR_NONE, &arena, &id, &err);
	ck_assert_str_eq(hex_of(&arena, id.certificate).p, EUICC_CERT);
	ck_assert_int_eq(c->check_certificate(c, RSP_ROLE_EUICC,
		bytes_of(EUICC_CERT), bytes_of(EUM_CERT), 0, &cert, &err), 0);
	ck_assert_str_eq(cert.eid, "89049032000000000000000000000163");
	/* A certificate for another purpose, and one from nobody. */
	ck_assert_int_eq(c->check_certificate(c, RSP_ROLE_DP_AUTH,
		bytes_of(EUICC_CERT), STR_NONE, 0, &cert, &err), -1);
	ck_assert_int_eq(c->check_certificate(c, RSP_ROLE_EUICC,
		bytes_of(EUICC_CERT), bytes_of(EUICC_CERT), 0, &cert, &err), -1);
	ck_assert_int_eq(c->check_certificate(c, RSP_ROLE_EUICC,
		bytes_of("3000"), bytes_of(EUM_CERT), 0, &cert, &err), -1);
	ck_assert_int_eq(rsp_verify(c, bytes_of(EUICC_CERT), STR("a"), STR("b"),
				    bytes_of(SIG), &err), 0);
	ck_assert_int_eq(rsp_verify(c, bytes_of(EUICC_CERT), STR("a"), STR("b"),
		bytes_of("5F3740" Z16 Z16 Z16 "00000000000000000000000000000001"),
		&err), -1);
	ck_assert_int_eq(rsp_verify(c, bytes_of(EUICC_CERT), STR("a"), STR("b"),
				    bytes_of("5F3700"), &err), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/rsp");
	TCase *tc = tcase_create("objects");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, hash_cc);
	tcase_add_test(tc, server_signed1);
	tcase_add_test(tc, authenticate_response);
	tcase_add_test(tc, metadata);
	tcase_add_test(tc, notification_config);
	tcase_add_test(tc, install_result);
	tcase_add_test(tc, other_notification);
	tcase_add_loop_test(tc, refused_notifications, 0,
			    sizeof(bad_notifications) /
			    sizeof(bad_notifications[0]));
	tcase_add_test(tc, small_messages);
	tcase_add_test(tc, euicc_info);
	tcase_add_test(tc, none_certificates);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
