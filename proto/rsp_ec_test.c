/*
 * Goal: signatures, key agreement and identifiers are those of ECDSA, ECDH and
 * RFC 6979 on both curves, and what a peer sends is refused if it is none.
 * Oracle: rsp_vectors.h, worked out by another library; RFC 6979, A.2.5.
 */
#include "proto/hex.h"
#include "proto/rsp_ec.h"
#include "proto/rsp_vectors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;

static struct str bytes_of(const char *hex)
{
	struct err err = { 0 };
	struct str s;

	ck_assert_int_eq(hex_decode(&arena, str_of(hex), &s, &err), 0);
	return s;
}

static const char *hexed(const unsigned char *bytes, size_t n)
{
	return hex_of(&arena, (struct str){ (const char *)bytes, n }).p;
}

static void setup(void)
{
	arena = (struct arena){ 0 };
}

static void teardown(void)
{
	arena_release(&arena);
}

/* rsp_key_derive() adds one. */
static struct rsp_key *key_of(enum rsp_curve curve, const char *secret, bool repeatable)
{
	unsigned char number[RSP_SECRET_BYTES];
	int i = RSP_SECRET_BYTES - 1;

	memcpy(number, bytes_of(secret).p, sizeof(number));
	while (number[i]-- == 0)
		i--;
	return rsp_key_derive(curve, number, repeatable);
}

START_TEST(repeatable_signatures)
{
	const struct vector_signature *v = &vector_signatures[_i];
	struct rsp_key *k = key_of(v->curve, v->secret, true);
	unsigned char signature[RSP_SIGNATURE_BYTES];
	struct str message = bytes_of(v->message), parts[2];

	ck_assert_str_eq(hexed(rsp_key_point(k), RSP_POINT_BYTES), v->point);
	rsp_key_sign(k, &message, 1, signature);
	ck_assert_str_eq(hexed(signature, sizeof(signature)), v->signature);
	/* Parts are signed as one. */
	parts[0] = (struct str){ message.p, message.n / 2 };
	parts[1] = (struct str){ message.p + message.n / 2, message.n - message.n / 2 };
	rsp_key_sign(k, parts, 2, signature);
	ck_assert_str_eq(hexed(signature, sizeof(signature)), v->signature);
	rsp_key_free(k);
}
END_TEST

START_TEST(rfc6979)
{
	struct rsp_key *k = key_of(RSP_P256,
		"C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", true);
	unsigned char signature[RSP_SIGNATURE_BYTES];
	struct str message = STR("sample");

	rsp_key_sign(k, &message, 1, signature);
	ck_assert_str_eq(hexed(signature, 32),
		"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716");
	ck_assert_str_eq(hexed(signature + 32, 32),
		"F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
	rsp_key_free(k);
}
END_TEST

/* Every bit of a signature counts, and so does the message. */
START_TEST(verifying)
{
	const struct vector_signature *v = &vector_signatures[_i];
	struct err err = { 0 };
	struct rsp_public_key *k = rsp_public_key_new(v->curve, bytes_of(v->point), &err);
	struct str message = bytes_of(v->message), good = bytes_of(v->signature);
	struct str longer[] = { message, STR("!") };
	char bad[RSP_SIGNATURE_BYTES];

	ck_assert_ptr_nonnull(k);
	ck_assert_int_eq(rsp_public_key_verify(k, &message, 1, good, &err), 0);
	ck_assert_int_eq(rsp_public_key_verify(k, longer, 2, good, &err), -1);
	for (size_t i = 0; i < sizeof(bad); i++) {
		memcpy(bad, good.p, sizeof(bad));
		bad[i] ^= (char)(1 << (i % 8));
		ck_assert_int_eq(rsp_public_key_verify(k, &message, 1,
			(struct str){ bad, sizeof(bad) }, &err), -1);
	}
	memset(bad, 0, sizeof(bad));
	ck_assert_int_eq(rsp_public_key_verify(k, &message, 1,
		(struct str){ bad, sizeof(bad) }, &err), -1);
	memset(bad, 0xFF, sizeof(bad));
	ck_assert_int_eq(rsp_public_key_verify(k, &message, 1,
		(struct str){ bad, sizeof(bad) }, &err), -1);
	ck_assert_int_eq(rsp_public_key_verify(k, &message, 1,
		(struct str){ good.p, good.n - 1 }, &err), -1);
	rsp_public_key_free(k);
}
END_TEST

START_TEST(random_signatures)
{
	enum rsp_curve curve = (enum rsp_curve)_i;
	struct rsp_key *k = rsp_key_make(curve);
	unsigned char a[RSP_SIGNATURE_BYTES], b[RSP_SIGNATURE_BYTES];
	struct str message = STR("the same");
	struct rsp_public_key *p;
	struct err err = { 0 };

	rsp_key_sign(k, &message, 1, a);
	rsp_key_sign(k, &message, 1, b);
	ck_assert_mem_ne(a, b, sizeof(a));
	p = rsp_public_key_new(curve, (struct str){ (const char *)rsp_key_point(k),
						    RSP_POINT_BYTES }, &err);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(rsp_public_key_verify(p, &message, 1,
		(struct str){ (char *)a, sizeof(a) }, &err), 0);
	ck_assert_int_eq(rsp_public_key_verify(p, &message, 1,
		(struct str){ (char *)b, sizeof(b) }, &err), 0);
	rsp_public_key_free(p);
	rsp_key_free(k);
}
END_TEST

START_TEST(agreement)
{
	const struct vector_agreement *v = &vector_agreements[_i];
	unsigned char z[RSP_SECRET_BYTES];
	struct err err = { 0 };

	ck_assert_int_eq(rsp_ecdh(v->curve, (unsigned char *)bytes_of(v->euicc_secret).p,
				  bytes_of(v->smdp_point), z, &err), 0);
	ck_assert_str_eq(hexed(z, sizeof(z)), v->z);
	ck_assert_int_eq(rsp_ecdh(v->curve, (unsigned char *)bytes_of(v->smdp_secret).p,
				  bytes_of(v->euicc_point), z, &err), 0);
	ck_assert_str_eq(hexed(z, sizeof(z)), v->z);
}
END_TEST

static void check_refused(enum rsp_curve curve, struct str point)
{
	unsigned char z[RSP_SECRET_BYTES], secret[RSP_SECRET_BYTES] = { 7 };
	struct err err = { 0 };

	ck_assert_int_eq(rsp_ecdh(curve, secret, point, z, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_null(rsp_public_key_new(curve, point, &err));
}

/* Not on the curve, on the other curve, at infinity, compressed, cut, hybrid,
 * a coordinate that is not below the prime. */
START_TEST(bad_points)
{
	const struct vector_agreement *v = &vector_agreements[_i];
	const struct vector_agreement *other = &vector_agreements[1 - _i];
	char bytes[RSP_POINT_BYTES] = { 0x04 };
	struct str point = { bytes, sizeof(bytes) };

	check_refused(v->curve, point);
	check_refused(v->curve, bytes_of(other->euicc_point));
	check_refused(v->curve, STR(""));
	check_refused(v->curve, (struct str){ bytes, 1 });
	memset(bytes, 0, sizeof(bytes));
	check_refused(v->curve, point);
	memset(bytes + 1, 0xFF, sizeof(bytes) - 1);
	bytes[0] = 0x04;
	check_refused(v->curve, point);
	memcpy(bytes, bytes_of(v->euicc_point).p, sizeof(bytes));
	check_refused(v->curve, (struct str){ bytes, sizeof(bytes) - 1 });
	bytes[0] = 0x06;
	check_refused(v->curve, point);
	bytes[0] = 0x04;
	bytes[64] ^= 1;
	check_refused(v->curve, point);
}
END_TEST

START_TEST(keys_in_files)
{
	enum rsp_curve curve = (enum rsp_curve)_i;
	struct rsp_key *k = rsp_key_make(curve), *again;
	unsigned char a[RSP_SECRET_BYTES], b[RSP_SECRET_BYTES];
	struct err err = { 0 };
	struct buf pem;

	buf_init(&pem, 4096);
	rsp_key_write(k, &pem);
	again = rsp_key_read(buf_view(&pem), &err);
	ck_assert_ptr_nonnull(again);
	ck_assert_int_eq(rsp_key_curve(again), curve);
	rsp_key_secret(k, a);
	rsp_key_secret(again, b);
	ck_assert_mem_eq(a, b, sizeof(a));
	ck_assert_mem_eq(rsp_key_point(k), rsp_key_point(again), RSP_POINT_BYTES);
	pem.p[pem.n / 2] = '!';
	ck_assert_ptr_null(rsp_key_read(buf_view(&pem), &err));
	ck_assert_ptr_null(rsp_key_read(STR(""), &err));
	ck_assert_ptr_null(rsp_key_read(STR("\x30\x82\xFF\xFF"), &err));
	buf_release(&pem);
	rsp_key_free(again);
	rsp_key_free(k);
}
END_TEST

/* A SEC 1 key on another curve, made by `openssl ecparam -name secp384r1 -genkey`. */
START_TEST(other_curves)
{
	static const char pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
		"MIGkAgEBBDCdaVAFguBNgEia3CIfsFi8F6/XhPIfhiTlVPla3Y6kRnUhT/rPFG6a\n"
		"ofXGHk/Q+dSgBwYFK4EEACKhZANiAAS75FxPmBW4nGL0fV0gzY0SHDS8/e44T/Tm\n"
		"Qs8NJCnPxX3taUqtdmuZ1Y8fWyzyX7KgRbnUbG5abzPEYXMEv0MlzuFhHRN4nSDS\n"
		"/WEf3/jvDWkLR2sJBXX37PrtPRAn3og=\n"
		"-----END EC PRIVATE KEY-----\n";
	struct err err = { 0 };

	ck_assert_ptr_null(rsp_key_read(str_of(pem), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rsp_ec");
	TCase *tc = tcase_create("rsp_ec");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, repeatable_signatures, 0, COUNT(vector_signatures));
	tcase_add_test(tc, rfc6979);
	tcase_add_loop_test(tc, verifying, 0, COUNT(vector_signatures));
	tcase_add_loop_test(tc, random_signatures, 0, RSP_CURVES);
	tcase_add_loop_test(tc, agreement, 0, COUNT(vector_agreements));
	tcase_add_loop_test(tc, bad_points, 0, COUNT(vector_agreements));
	tcase_add_loop_test(tc, keys_in_files, 0, RSP_CURVES);
	tcase_add_test(tc, other_curves);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
