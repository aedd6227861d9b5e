/*
 * Goal: a package is built, cut and taken in, and an eUICC gives the right
 * error for each thing that may be wrong with one.
 * Method: build one, look at its shape with a walker that knows only tags,
 * then spoil one segment at a time.
 */
#include "proto/hex.h"
#include "proto/rsp_bpp.h"

#include <check.h>
#include <stdlib.h>

#define EID "89049032000000000000000000000163"
#define ICCID "8944000000001234567"
#define ID "0123456789ABCDEF"

static const struct rsp_crypto *const crypto = &rsp_crypto_none;
static struct arena arena;
static struct buf bpp;
static struct rsp_otpk euicc_key;
static struct str *segments;
static size_t count;

static void build(uint32_t memory, size_t extra_upp)
{
	struct rsp_identity signer = { .oid = STR("\x88\x37\x0A") };
	unsigned char iccid[ICCID_BYTES];
	struct buf metadata, upp;
	struct rsp_otpk own;
	struct err err = { 0 };
	struct rng rng;

	rng_init(&rng, 1, STR("test"), STR("keys"));
	crypto->make_otpk(crypto, RSP_P256, &rng, &own, &err);
	crypto->make_otpk(crypto, RSP_P256, &rng, &euicc_key, &err);
	ck_assert_mem_ne(own.public_point, euicc_key.public_point, 65);
	buf_init(&metadata, 4000);
	buf_init(&upp, 100000);
	iccid_pack(iccid, STR(ICCID));
	rsp_metadata_write(&metadata, &(struct rsp_metadata){
		.iccid = { (char *)iccid, sizeof(iccid) }, .spn = STR("Mobile"),
		.profile_name = STR("Plan"), .profile_class = 2,
	});
	rsp_upp_write(&upp, &(struct rsp_upp_spec){
		.iccid = STR(ICCID), .name = STR("Plan"),
		.class = PROFILE_CLASS_OPERATIONAL, .memory = memory });
	for (size_t i = 0; i < extra_upp; i++)
		buf_char(&upp, 0x55);
	ck_assert_int_eq(rsp_bpp_build(crypto, &(struct rsp_bpp_spec){
		.transaction_id = STR(ID), .host_id = STR("rig"), .eid = STR(EID),
		.euicc_otpk = { (char *)euicc_key.public_point, RSP_POINT_BYTES },
		.otpk = &own, .signer = &signer,
		.metadata = buf_view(&metadata), .upp = buf_view(&upp),
	}, &bpp, &err), 0);
	buf_release(&metadata);
	buf_release(&upp);
	ck_assert_int_eq(rsp_bpp_split(buf_view(&bpp), &arena, &segments, &count,
				       &err), 0);
}

static void setup(void)
{
	arena = (struct arena){ 0 };
	buf_init(&bpp, 1 << 20);
}

static void teardown(void)
{
	buf_release(&bpp);
	arena_release(&arena);
}

/* Together the segments are the package; none is longer than allowed. */
static void check_whole(void)
{
	const char *at = bpp.p;

	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(segments[i].p, at);
		ck_assert_uint_le(segments[i].n, RSP_SEGMENT_MAX);
		at += segments[i].n;
	}
	ck_assert_ptr_eq(at, bpp.p + bpp.n);
}

static void init_reader(struct rsp_bpp_reader *r)
{
	struct err err = { 0 };
	struct arena a = { 0 };
	struct rsp_identity id;

	crypto->identity(crypto, RSP_ROLE_DP_PB, 0, STR("smdp"), STR("\x88"), &a, &id,
			 &err);
	rsp_bpp_reader_init(r, crypto, &euicc_key, STR(EID), STR(ID), id.certificate);
	arena_release(&a);
}

/* Feed all; the number of segments that were taken. */
static size_t feed_all(struct rsp_bpp_reader *r)
{
	struct err err = { 0 };
	size_t i = 0;

	while (i < count && rsp_bpp_reader_feed(r, segments[i], &err) == 0)
		i++;
	if (i < count)
		ck_assert(err.msg[0]);
	return i;
}

START_TEST(shape)
{
	static const unsigned char first[] = { 0xBF, 0xA0, 0xA1, 0x88, 0xA3, 0x86 };

	build(40 << 10, 0);
	check_whole();
	ck_assert_uint_eq(count, 6);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq((unsigned char)segments[i].p[0], first[i]);
	/* A0 { 87 { BF2400, MAC } }, heads by themselves. */
	ck_assert_str_eq(hex_of(&arena, segments[1]).p,
			 "A00D" "870B" "BF2400" "0000000000000000");
	ck_assert_uint_eq(segments[2].n, 2);
	ck_assert_uint_le(segments[4].n, 4);
}
END_TEST

START_TEST(taken_in)
{
	static const struct { uint32_t memory; size_t extra; } cases[] = {
		{ 1000, 0 }, { 40 << 10, 0 }, { 1 << 20, 0 }, { 40 << 10, 400 },
		{ 40 << 10, 401 }, { 40 << 10, 5000 },
	};
	struct rsp_bpp_reader r;
	struct rsp_metadata m;
	struct err err = { 0 };
	struct rsp_upp upp;

	build(cases[_i].memory, cases[_i].extra);
	check_whole();
	init_reader(&r);
	ck_assert_uint_eq(feed_all(&r), count);
	ck_assert_int_eq(r.stage, RSP_BPP_DONE);
	ck_assert_int_eq(rsp_metadata_read(buf_view(&r.metadata), &m, &err), 0);
	ck_assert(str_is(m.spn, "Mobile"));
	if (cases[_i].extra == 0) {
		ck_assert_int_eq(rsp_upp_read(buf_view(&r.upp), &upp, &err), 0);
		ck_assert_str_eq(upp.iccid, ICCID);
		ck_assert_uint_eq(upp.memory, cases[_i].memory);
	}
	/* Nothing comes after the end. */
	ck_assert_int_eq(rsp_bpp_reader_feed(&r, segments[0], &err), -1);
	ck_assert_int_eq(r.failed_reason, ES10_LOAD_STRUCTURE);
	rsp_bpp_reader_release(&r);
}
END_TEST

/* Spoil the byte at `at` of a segment (counted from its end if negative):
 * which segment is refused, and with what. */
static const struct {
	size_t segment;
	int at;
	unsigned char byte;
	enum es10_command command;
	enum es10_load reason;
} spoilt[] = {
	{ 0, 0, 0xBE, ES10_CMD_INITIALISE, ES10_LOAD_STRUCTURE },
	{ 0, 1, 0x37, ES10_CMD_INITIALISE, ES10_LOAD_STRUCTURE },
	/* BF36 82xxxx BF23 81xx, 82 01 .., 80 08 id */
	{ 0, 6, 0x24, ES10_CMD_INITIALISE, ES10_LOAD_STRUCTURE },
	{ 0, 11, 2, ES10_CMD_INITIALISE, ES10_LOAD_OPERATION },
	{ 0, 14, 'X', ES10_CMD_INITIALISE, ES10_LOAD_TRANSACTION },
	{ 0, -1, 1, ES10_CMD_INITIALISE, ES10_LOAD_SIGNATURE },
	{ 1, 0, 0xA1, ES10_CMD_CONFIGURE, ES10_LOAD_STRUCTURE },
	{ 1, 2, 0x88, ES10_CMD_CONFIGURE, ES10_LOAD_STRUCTURE },
	{ 1, -1, 1, ES10_CMD_CONFIGURE, ES10_LOAD_SECURITY },
	{ 1, 5, 0x25, ES10_CMD_CONFIGURE, ES10_LOAD_BAD_INPUT },
	{ 2, 0, 0xA3, ES10_CMD_METADATA, ES10_LOAD_STRUCTURE },
	{ 2, 1, 1, ES10_CMD_METADATA, ES10_LOAD_STRUCTURE },
	{ 3, 0, 0x86, ES10_CMD_METADATA, ES10_LOAD_STRUCTURE },
	{ 3, -8, 1, ES10_CMD_METADATA, ES10_LOAD_SECURITY },
	{ 3, 3, 0x26, ES10_CMD_METADATA, ES10_LOAD_BAD_INPUT },
	{ 4, 0, 0xA4, ES10_CMD_KEYS, ES10_LOAD_STRUCTURE },
	{ 5, 0, 0x88, ES10_CMD_ELEMENTS, ES10_LOAD_STRUCTURE },
	{ 5, -1, 1, ES10_CMD_ELEMENTS, ES10_LOAD_SECURITY },
};

START_TEST(spoilt_segments)
{
	struct rsp_bpp_reader r;
	size_t segment = spoilt[_i].segment, taken;
	char *at;

	build(40 << 10, 0);
	at = (char *)segments[segment].p + spoilt[_i].at +
	     (spoilt[_i].at < 0 ? (int)segments[segment].n : 0);
	ck_assert_int_ne((unsigned char)*at, spoilt[_i].byte);
	*at = (char)spoilt[_i].byte;
	init_reader(&r);
	taken = feed_all(&r);
	ck_assert_int_eq(r.stage, RSP_BPP_FAILED);
	/* A head that lies is noticed at the segment behind it. */
	ck_assert_uint_ge(taken, segment);
	ck_assert_uint_le(taken, segment + 1);
	ck_assert_int_eq(r.failed_command, spoilt[_i].command);
	ck_assert_int_eq(r.failed_reason, spoilt[_i].reason);
	rsp_bpp_reader_release(&r);
}
END_TEST

/* Any segment left out, doubled or swapped with the next is noticed. */
START_TEST(out_of_order)
{
	struct rsp_bpp_reader r;
	struct str list[16];
	size_t n;

	build(40 << 10, 0);
	for (size_t victim = 0; victim < count; victim++) {
		for (int how = 0; how < 2; how++) {
			struct err err = { 0 };
			size_t i = 0;

			n = 0;
			for (size_t k = 0; k < count; k++) {
				if (k == victim && how == 0)
					continue;
				list[n++] = segments[k];
				if (k == victim)
					list[n++] = segments[k];
			}
			init_reader(&r);
			while (i < n && rsp_bpp_reader_feed(&r, list[i], &err) == 0)
				i++;
			ck_assert_msg(r.stage != RSP_BPP_DONE || i < n,
				      "segment %zu, way %d", victim, how);
			rsp_bpp_reader_release(&r);
		}
	}
}
END_TEST

/* A2 with new session keys between metadata and elements. */
START_TEST(replaced_keys)
{
	struct err err = { 0 };
	struct rsp_bpp_reader r;
	struct str keys;

	ck_assert_int_eq(hex_decode(&arena, STR("A243" "8741" "BF2636"
		"8010" "11111111111111111111111111111111"
		"8110" "22222222222222222222222222222222"
		"8210" "33333333333333333333333333333333" "0000000000000000"),
		&keys, &err), 0);
	build(40 << 10, 0);
	init_reader(&r);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(rsp_bpp_reader_feed(&r, segments[i], &err), 0);
	r.total_left += keys.n;		/* as if BF36 had announced it */
	ck_assert_int_eq(rsp_bpp_reader_feed(&r, keys, &err), 0);
	ck_assert_int_eq(r.bsp.mcv[15], 0x11);
	ck_assert_int_eq(r.bsp.s_enc[0], 0x22);
	ck_assert_int_eq(r.bsp.s_mac[0], 0x33);
	ck_assert_uint_eq(r.bsp.block, 1);
	ck_assert_int_eq(rsp_bpp_reader_feed(&r, segments[4], &err), 0);
	ck_assert_int_eq(rsp_bpp_reader_feed(&r, segments[5], &err), 0);
	ck_assert_int_eq(r.stage, RSP_BPP_DONE);
	rsp_bpp_reader_release(&r);
}
END_TEST

static const char *const bad_packages[] = {
	"", "BF36", "BF3600", "BF3603BF2300FF", "BF3605BF2300A500",
	"BF3606BF2300A10186", "3000", "BF3604BF2300A0",
};

START_TEST(refused_packages)
{
	struct err err = { 0 };
	struct str der;

	ck_assert_int_eq(hex_decode(&arena, str_of(bad_packages[_i]), &der, &err), 0);
	ck_assert_msg(rsp_bpp_split(der, &arena, &segments, &count, &err) < 0,
		      "taken: %s", bad_packages[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/rsp_bpp");
	TCase *tc = tcase_create("package");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, shape);
	tcase_add_loop_test(tc, taken_in, 0, 6);
	tcase_add_loop_test(tc, spoilt_segments, 0,
			    sizeof(spoilt) / sizeof(spoilt[0]));
	tcase_add_test(tc, out_of_order);
	tcase_add_test(tc, replaced_keys);
	tcase_add_loop_test(tc, refused_packages, 0,
			    sizeof(bad_packages) / sizeof(bad_packages[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
