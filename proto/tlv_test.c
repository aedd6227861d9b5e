/*
 * Goal: TLVs are written in their shortest form, and read with every bound
 * held.  Oracle: bytes written by hand from ITU-T X.690.
 */
#include "proto/hex.h"
#include "proto/tlv.h"

#include <check.h>
#include <stdlib.h>

static struct arena arena;

static struct str bytes_of(const char *hex)
{
	struct err err = { 0 };
	struct str s;

	ck_assert_int_eq(hex_decode(&arena, str_of(hex), &s, &err), 0);
	return s;
}

static void setup(void)
{
	arena = (struct arena){ 0 };
}

static void teardown(void)
{
	arena_release(&arena);
}

static void check_written(struct buf *b, const char *hex)
{
	ck_assert_str_eq(hex_of(&arena, buf_view(b)).p, hex);
	buf_clear(b);
}

START_TEST(written)
{
	static const struct { uint64_t v; const char *hex; } numbers[] = {
		{ 0, "020100" }, { 1, "020101" }, { 127, "02017F" },
		{ 128, "02020080" }, { 255, "020200FF" }, { 256, "02020100" },
		{ 32768, "0203008000" },
		{ UINT64_MAX, "020900FFFFFFFFFFFFFFFF" },
	};
	struct buf b;
	size_t outer, inner;

	buf_init(&b, 1000);
	tlv_put(&b, 0x80, STR("ab"));
	check_written(&b, "80026162");
	tlv_put(&b, 0xBF25, STR(""));
	check_written(&b, "BF2500");
	tlv_put(&b, 0x5F37, STR("a"));
	check_written(&b, "5F370161");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		tlv_put_uint(&b, 2, numbers[i].v);
		check_written(&b, numbers[i].hex);
	}
	tlv_put_bits(&b, 0x81, 1);
	check_written(&b, "81020780");
	tlv_put_bits(&b, 0x81, 8);
	check_written(&b, "81020410");
	tlv_put_bits(&b, 0x99, 0);
	check_written(&b, "990100");
	tlv_put_bits(&b, 0x99, 0x101);
	check_written(&b, "9903078080");
	outer = tlv_open(&b, 0x30);
	inner = tlv_open(&b, 0xA0);
	tlv_put_uint(&b, 2, 5);
	tlv_close(&b, inner);
	tlv_close(&b, outer);
	check_written(&b, "3005A003020105");
	buf_release(&b);
}
END_TEST

START_TEST(lengths)
{
	static const struct { size_t n; const char *head; } cases[] = {
		{ 127, "307F" }, { 128, "308180" }, { 255, "3081FF" },
		{ 256, "30820100" }, { 65535, "3082FFFF" },
		{ 65536, "3083010000" },
	};
	size_t n = cases[_i].n, mark, head_n = strlen(cases[_i].head) / 2;
	char *filler = calloc(1, n);
	struct err err = { 0 };
	struct tlv t;
	struct buf b;

	memset(filler, 0x55, n);
	buf_init(&b, 100000);
	mark = tlv_open(&b, 0x30);
	buf_add(&b, filler, n);
	tlv_close(&b, mark);
	ck_assert_uint_eq(b.n, head_n + n);
	ck_assert_str_eq(hex_of(&arena, (struct str){ b.p, head_n }).p,
			 cases[_i].head);
	ck_assert_mem_eq(b.p + head_n, filler, n);
	ck_assert_int_eq(tlv_whole(buf_view(&b), 0x30, &t, &err), 0);
	ck_assert_uint_eq(t.value.n, n);
	/* One byte less, and it is refused. */
	ck_assert_int_eq(tlv_whole((struct str){ b.p, b.n - 1 }, 0x30, &t, &err),
			 -1);
	buf_release(&b);
	free(filler);
}
END_TEST

/* Each is malformed as a sequence of TLVs. */
static const char *const malformed[] = {
	"80",			/* no length */
	"8001",			/* no value */
	"800261",		/* half of it */
	"1F",			/* tag cut */
	"BF",
	"BF80",
	"BF808001" "00",	/* tag of four bytes */
	"8080",			/* indefinite length */
	"8081",			/* length cut */
	"808201",
	"8084000000" "00",	/* length of five bytes */
	"80FF00",
	"3003800261",		/* inner longer than outer */
	"30028001",
};

START_TEST(refused)
{
	struct str in = bytes_of(malformed[_i]), start = in;
	struct err err = { 0 };
	struct tlv t;

	/* Nothing that was announced may lie behind the end. */
	if (tlv_next(&in, &t, &err) > 0)
		ck_assert(t.value.p + t.value.n <= start.p + start.n);
	ck_assert_msg(tlv_check(start, &err) < 0, "taken: %s",
		      malformed[_i]);
	ck_assert(err.msg[0]);
}
END_TEST

START_TEST(reading)
{
	struct str in = bytes_of("8101FF" "BF2500" "5F37820002" "AABB");
	struct err err = { 0 };
	struct tlv t;

	ck_assert_int_eq(tlv_next(&in, &t, &err), 1);
	ck_assert_uint_eq(t.tag, 0x81);
	ck_assert_str_eq(hex_of(&arena, t.raw).p, "8101FF");
	ck_assert_int_eq(tlv_next(&in, &t, &err), 1);
	ck_assert_uint_eq(t.tag, 0xBF25);
	ck_assert_uint_eq(t.value.n, 0);
	/* A length that is not in its shortest form keeps its raw bytes. */
	ck_assert_int_eq(tlv_next(&in, &t, &err), 1);
	ck_assert_uint_eq(t.tag, 0x5F37);
	ck_assert_str_eq(hex_of(&arena, t.value).p, "AABB");
	ck_assert_str_eq(hex_of(&arena, t.raw).p, "5F37820002AABB");
	ck_assert_int_eq(tlv_next(&in, &t, &err), 0);
	in = bytes_of("8000");
	ck_assert_int_eq(tlv_whole(bytes_of("800000"), 0x80, &t, &err), -1);
	ck_assert_int_eq(tlv_expect(&in, 0x81, &t, &err), -1);
	ck_assert_int_eq(tlv_find(bytes_of("80008101FF8200"), 0x82, &t, &err), 1);
	ck_assert_int_eq(tlv_find(bytes_of("80008101FF8200"), 0x83, &t, &err), 0);
	ck_assert_int_eq(tlv_find(bytes_of("8000FF"), 0x83, &t, &err), -1);
}
END_TEST

START_TEST(depth)
{
	struct err err = { 0 };
	struct buf b;
	size_t marks[TLV_DEPTH_MAX + 1];

	buf_init(&b, 1000);
	for (int levels = TLV_DEPTH_MAX - 1; levels <= TLV_DEPTH_MAX; levels++) {
		buf_clear(&b);
		for (int i = 0; i < levels; i++)
			marks[i] = tlv_open(&b, 0x30);
		for (int i = levels; i > 0; i--)
			tlv_close(&b, marks[i - 1]);
		ck_assert_int_eq(tlv_check(buf_view(&b), &err),
				 levels < TLV_DEPTH_MAX ? 0 : -1);
	}
	ck_assert_int_eq(err.code, ERR_LIMIT);
	buf_release(&b);
}
END_TEST

START_TEST(values)
{
	uint64_t v;
	unsigned bits;

	ck_assert_int_eq(tlv_uint(bytes_of("00"), &v), 0);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(tlv_uint(bytes_of("00FFFFFFFFFFFFFFFF"), &v), 0);
	ck_assert(v == UINT64_MAX);
	ck_assert_int_eq(tlv_uint(bytes_of("80"), &v), -1);	/* negative */
	ck_assert_int_eq(tlv_uint(bytes_of("01FFFFFFFFFFFFFFFF"), &v), -1);
	ck_assert_int_eq(tlv_uint(bytes_of(""), &v), -1);
	ck_assert_int_eq(tlv_bits(bytes_of("0780"), &bits), 0);
	ck_assert_uint_eq(bits, 1);
	ck_assert_int_eq(tlv_bits(bytes_of("05E0"), &bits), 0);
	ck_assert_uint_eq(bits, 7);
	ck_assert_int_eq(tlv_bits(bytes_of("07FF"), &bits), 0);
	ck_assert_uint_eq(bits, 1);	/* unused bits do not count */
	ck_assert_int_eq(tlv_bits(bytes_of("00"), &bits), 0);
	ck_assert_uint_eq(bits, 0);
	ck_assert_int_eq(tlv_bits(bytes_of("01"), &bits), -1);
	ck_assert_int_eq(tlv_bits(bytes_of("0880"), &bits), -1);
	ck_assert_int_eq(tlv_bits(bytes_of("00FFFFFF"), &bits), -1);
	ck_assert_int_eq(tlv_bits(bytes_of(""), &bits), -1);
}
END_TEST

/* A small message of each kind, for the reader by description. */
struct sample {
	struct str id, raw;
	int64_t number;
	bool inner;
	bool left, right;
	int64_t left_value, right_value;
};

static const struct tlv_field left_fields[] = {
	{ 0x02, TLV_KIND_UINT, 0, offsetof(struct sample, left_value), 1, 2, "l", NULL },
	{ .kind = TLV_KIND_END }
};
static const struct tlv_field right_fields[] = {
	{ 0x02, TLV_KIND_UINT, 0, offsetof(struct sample, right_value), 1, 2, "r", NULL },
	{ .kind = TLV_KIND_END }
};
static const struct tlv_field choice_fields[] = {
	{ 0xA0, TLV_KIND_INNER, TLV_OPTIONAL, offsetof(struct sample, left), 0, 0,
	  "left", left_fields },
	{ 0xA1, TLV_KIND_INNER, TLV_OPTIONAL, offsetof(struct sample, right), 0, 0,
	  "right", right_fields },
	{ .kind = TLV_KIND_END }
};
static const struct tlv_field sample_fields[] = {
	{ 0x80, TLV_KIND_BYTES, 0, offsetof(struct sample, id), 1, 4, "id", NULL },
	{ 0x30, TLV_KIND_RAW, TLV_OPTIONAL, offsetof(struct sample, raw), 0, 0, "raw", NULL },
	{ 0x82, TLV_KIND_UINT, TLV_OPTIONAL, offsetof(struct sample, number), 1, 8, "number", NULL },
	{ 0xA5, TLV_KIND_INNER, TLV_CHOICE, offsetof(struct sample, inner), 0, 0,
	  "inner", choice_fields },
	{ .kind = TLV_KIND_END }
};
static const struct tlv_message sample_message = {
	"sample", 0xBF70, 0, sizeof(struct sample), sample_fields
};

static const struct {
	const char *hex;
	bool good;
} samples[] = {
	{ "BF7009" "800161" "A504A0020201", false },	/* inner cut */
	{ "BF700A" "800161" "A505A003020107", true },
	{ "BF700A" "800161" "A505A103020107", true },
	{ "BF700C" "800161" "3000" "A505A003020107", true },
	{ "BF700D" "800161" "820105" "A505A003020107", true },
	{ "BF700D" "800161" "990105" "A505A003020107", true },	/* unknown */
	{ "BF7007" "A505A003020107", false },		/* id missing */
	{ "BF7003" "800161", false },			/* inner missing */
	{ "BF7005" "800161" "A500", false },		/* none chosen */
	{ "BF700F" "800161" "A50AA003020107A103020107", false },	/* both */
	{ "BF700D" "800161" "800162" "A505A003020107", false },	/* twice */
	{ "BF700D" "820105" "800161" "A505A003020107", false },	/* order */
	{ "BF700E" "80056161616161" "A505A003020107", false },	/* id too long */
	{ "BF7009" "8000" "A505A003020107", false },	/* id too short */
	{ "BF700D" "800161" "820180" "A505A003020107", false },	/* negative */
	{ "BF700A" "800161" "A505A003020107" "00", false },	/* bytes behind */
	{ "BF710A" "800161" "A505A003020107", false },	/* another tag */
	{ "", false },
};

START_TEST(by_description)
{
	struct str der = bytes_of(samples[_i].hex);
	struct sample s;
	struct err err = { 0 };
	struct buf b;

	if (tlv_read(&sample_message, der, &s, &err) < 0) {
		ck_assert_msg(!samples[_i].good, "%s: %s", samples[_i].hex, err.msg);
		return;
	}
	ck_assert_msg(samples[_i].good, "taken: %s", samples[_i].hex);
	ck_assert(str_is(s.id, "a"));
	ck_assert(s.left != s.right);
	ck_assert_int_eq(s.left ? s.left_value : s.right_value, 7);
	ck_assert_int_eq(s.left ? s.right_value : s.left_value, -1);
	if (strstr(samples[_i].hex, "990105"))
		return;
	buf_init(&b, 100);
	tlv_write(&sample_message, &b, &s);
	check_written(&b, samples[_i].hex);
	buf_release(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/tlv");
	TCase *tc = tcase_create("tlv");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, written);
	tcase_add_loop_test(tc, lengths, 0, 6);
	tcase_add_loop_test(tc, refused, 0,
			    sizeof(malformed) / sizeof(malformed[0]));
	tcase_add_test(tc, reading);
	tcase_add_test(tc, depth);
	tcase_add_test(tc, values);
	tcase_add_loop_test(tc, by_description, 0,
			    sizeof(samples) / sizeof(samples[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
