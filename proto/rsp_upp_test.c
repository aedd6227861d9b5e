/*
 * Goal: a package that is made has the form of the interoperable format, memory is
 * counted as the header says, and a bad element is refused with its status.
 * Oracle: a walker of tags that knows nothing of the code; bytes written by hand
 * from PEDefinitions; elements spoilt one by one.
 */
#include "proto/hex.h"
#include "proto/rsp_upp.h"
#include "proto/tlv.h"

#include <check.h>
#include <stdlib.h>

#define ICCID "8944000000001234567"

static struct arena arena;
static struct buf upp;
static struct rsp_upp u;
static struct err err;

static void setup(void)
{
	arena = (struct arena){ 0 };
	err = (struct err){ 0 };
	buf_init(&upp, RSP_UPP_MAX);
}

static void teardown(void)
{
	buf_release(&upp);
	arena_release(&arena);
}

static void make(const char *iccid, enum profile_class class, uint32_t memory)
{
	buf_clear(&upp);
	rsp_upp_write(&upp, &(struct rsp_upp_spec){ .iccid = str_of(iccid),
		.name = STR("Plan"), .class = class, .memory = memory });
	ck_assert(!upp.over);
}

static int read_all(void)
{
	return rsp_upp_read(buf_view(&upp), &u, &err);
}

/* ---- What is made. ---------------------------------------------------------- */

START_TEST(made)
{
	/* header, MF, PUK, PIN, USIM, AKA, files, end */
	static const unsigned tags[] = { 0xA0, 0xB0, 0xA3, 0xA2, 0xB3, 0xA4, 0xA1, 0xAA };
	struct str rest;
	struct tlv t;

	make(ICCID, PROFILE_CLASS_OPERATIONAL, 40 << 10);
	rest = buf_view(&upp);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(tlv_next(&rest, &t, &err), 1);
		ck_assert_uint_eq(t.tag, tags[i]);
		if (i > 0)	/* { 80 mandated, 81 its number } */
			ck_assert_str_eq(hex_of(&arena, (struct str){ t.value.p, 7 }).p,
				arena_printf(&arena, "A0058000" "8101%02X", i).p);
	}
	ck_assert_uint_eq(rest.n, 0);
}
END_TEST

/* Of that version, type, ICCID in plain digits, services, templates of MF and USIM. */
START_TEST(made_header)
{
	make(ICCID, PROFILE_CLASS_OPERATIONAL, 0);
	ck_assert_str_eq(hex_of(&arena, (struct str){ upp.p, 50 }).p,
		"A030" "800102" "810103" "8204506C616E" "830A8944000000001234567F"
		"A50481008400" "A610" "060667810F010201" "060667810F010204");
}
END_TEST

/* EF.ICCID has the digits swapped, and the IMSI is of the test network. */
START_TEST(made_files)
{
	struct str bytes;

	make(ICCID, PROFILE_CLASS_OPERATIONAL, 0);
	ck_assert_int_eq(hex_decode(&arena, STR("A40C830A" "984400000000214365F7"), &bytes,
				    &err), 0);
	ck_assert(str_find(buf_view(&upp), bytes) >= 0);
	ck_assert_int_eq(hex_decode(&arena, STR("A30B8309" "08" "0910100000214365"), &bytes,
				    &err), 0);
	ck_assert(str_find(buf_view(&upp), bytes) >= 0);
}
END_TEST

/* 3GPP TS 34.108 for a test profile, and for no other. */
START_TEST(made_key)
{
	struct str key;

	ck_assert_int_eq(hex_decode(&arena, STR("000102030405060708090A0B0C0D0E0F"), &key,
				    &err), 0);
	make(ICCID, PROFILE_CLASS_TEST, 0);
	ck_assert(str_find(buf_view(&upp), key) >= 0);
	ck_assert_int_eq(read_all(), 0);
	ck_assert(u.has_key && !u.secret_key);
	make(ICCID, PROFILE_CLASS_OPERATIONAL, 0);
	ck_assert(str_find(buf_view(&upp), key) < 0);
	ck_assert_int_eq(read_all(), 0);
	ck_assert(u.has_key && u.secret_key);
}
END_TEST

static const uint32_t memories[] = {
	800, 900, 1000, 1023, 1024, 40 << 10, 65535, 65536, 65537, 200000, 1 << 20,
	16777215, 16777216, 16777300, UINT32_MAX,
};

/* To the byte; around the sizes at which a size needs a byte more, too. */
START_TEST(memory_is_what_was_asked_for)
{
	make(ICCID, PROFILE_CLASS_OPERATIONAL, memories[_i]);
	ck_assert_msg(read_all() == 0, "%s", err.msg);
	ck_assert_uint_eq(u.memory, memories[_i]);
	ck_assert_uint_lt(upp.n, 3000);
}
END_TEST

START_TEST(memory_at_every_size)
{
	size_t least;

	make(ICCID, PROFILE_CLASS_OPERATIONAL, 0);
	ck_assert_int_eq(read_all(), 0);
	least = upp.n;
	ck_assert_uint_eq(u.memory, least);
	for (uint32_t memory = (uint32_t)least + 60; memory < least + 1000; memory++) {
		make(ICCID, PROFILE_CLASS_OPERATIONAL, memory);
		ck_assert_int_eq(read_all(), 0);
		ck_assert_uint_eq(u.memory, memory);
	}
}
END_TEST

static const char *const iccids[] = {
	"8944000000001234567", "89440000000012345674", "0000000000000000000",
	"99999999999999999999",
};

START_TEST(iccid_comes_back)
{
	make(iccids[_i], PROFILE_CLASS_OPERATIONAL, 5000);
	ck_assert_msg(read_all() == 0, "%s", err.msg);
	ck_assert_str_eq(u.iccid, iccids[_i]);
	ck_assert(str_is(u.name, "Plan"));
	ck_assert_uint_eq(u.elements, 8);
}
END_TEST

/* ---- Packages by hand. ------------------------------------------------------- */

#define HEADER "A018" "800102" "810103" "830A" "8944000000001234567F" "A5028400" "A600"
#define END "AA07" "A0058000" "810102"
#define OID "810667810F010201"

static const struct {
	const char *what, *hex;
	enum rsp_pe_status status;
	int number;		/* of the element that is refused */
	uint32_t memory;	/* beside the package's bytes, if it is good */
} by_hand[] = {
	{ "the least", HEADER END, RSP_PE_OK, -1, 0 },
	{ "nothing", "", RSP_PE_FORMAT, -1, 0 },
	{ "no header", END, RSP_PE_FORMAT, -1, 0 },
	{ "no end", HEADER, RSP_PE_FORMAT, -1, 0 },
	{ "two headers", HEADER HEADER END, RSP_PE_FORMAT, -1, 0 },
	{ "two ends", HEADER END END, RSP_PE_FORMAT, 2, 0 },
	{ "cut", HEADER "AA07A0", RSP_PE_FORMAT, -1, 0 },
	{ "a length that lies", HEADER "A284FFFFFFFF", RSP_PE_FORMAT, -1, 0 },
	{ "version 1", "A018" "800101" "810103" "830A" "8944000000001234567F" "A5028400"
	  "A600" END, RSP_PE_VERSION, -1, 0 },
	{ "version 4", "A018" "800104" "810103" "830A" "8944000000001234567F" "A5028400"
	  "A600" END, RSP_PE_VERSION, -1, 0 },
	{ "no version", "A015" "810103" "830A" "8944000000001234567F" "A5028400" "A600" END,
	  RSP_PE_FORMAT, -1, 0 },
	{ "no ICCID", "A00E" "800102" "810103" "A5028400" "A6020600" END,
	  RSP_PE_BAD_VALUES, -1, 0 },
	{ "an ICCID of letters", "A018" "800102" "810103" "830A" "89ABCDEF00001234567F"
	  "A5028400" "A600" END, RSP_PE_BAD_VALUES, -1, 0 },
	{ "a short ICCID", "A017" "800102" "810103" "8309" "894400000000123456"
	  "A5028400" "A600" END, RSP_PE_BAD_VALUES, -1, 0 },
	{ "an element without a number", HEADER "A302A100" END, RSP_PE_FORMAT, -1, 0 },
	{ "an unknown one that is mandatory", HEADER "BF3107" "A0058000" "810105" END,
	  RSP_PE_NOT_SUPPORTED, 5, 0 },
	{ "an unknown one", HEADER "BF3105" "A003" "810105" END, RSP_PE_OK, -1, 0 },
	{ "a damaged one", HEADER "A307" "A1058003" "810105" END, RSP_PE_FORMAT, -1, 0 },
	{ "a template", HEADER "B00D" "A003810101" OID END, RSP_PE_OK, -1, 0 },
	{ "another template", HEADER "B00D" "A003810101" "810667810F010301" END,
	  RSP_PE_BAD_VALUES, 1, 0 },
	{ "no template", HEADER "B005" "A003810101" END, RSP_PE_BAD_VALUES, 1, 0 },
	/* A file of 0x0106 = 262 bytes, which takes the place of two. */
	{ "a file", HEADER "B015" "A003810101" OID "A306A10480020106" END, RSP_PE_OK, -1, 260 },
	{ "two files", HEADER "B01C" "A003810101" OID "A306A10480020106" "A405A103800110" END,
	  RSP_PE_OK, -1, 275 },
	{ "a file beyond all memory", HEADER "B018" "A003810101" OID
	  "A309A107" "8005FFFFFFFFFF" END, RSP_PE_BAD_VALUES, 1, 0 },
	{ "a file without a size's bytes", HEADER "B013" "A003810101" OID "A304A1028000" END,
	  RSP_PE_BAD_VALUES, 1, 0 },
	{ "the ICCID's file", HEADER "B01B" "A003810101" OID
	  "A40C830A" "984400000000214365F7" END, RSP_PE_OK, -1, 0 },
	{ "another ICCID's file", HEADER "B01B" "A003810101" OID
	  "A40C830A" "984400000000214365F8" END, RSP_PE_BAD_VALUES, 1, 0 },
	{ "a file by command", HEADER "A110" "A003810101" "A109" "3007" "6205" "8003010000" END,
	  RSP_PE_OK, -1, 65533 },
	{ "no commands", HEADER "A105" "A003810101" END, RSP_PE_FORMAT, 1, 0 },
	{ "commands that are none", HEADER "A109" "A003810101" "A102" "0400" END,
	  RSP_PE_FORMAT, 1, 0 },
	{ "no algorithm", HEADER "A405" "A003810101" END, RSP_PE_FORMAT, 1, 0 },
	{ "an unknown algorithm", HEADER "A41E" "A003810101" "A117A115" "800109"
	  "8210" "00112233445566778899AABBCCDDEEFF" END, RSP_PE_BAD_VALUES, 1, 0 },
	{ "a short key", HEADER "A41D" "A003810101" "A116A114" "800101"
	  "820F" "00112233445566778899AABBCCDDEE" END, RSP_PE_BAD_VALUES, 1, 0 },
	{ "another's algorithm", HEADER "A409" "A003810101" "A102A000" END, RSP_PE_OK, -1, 0 },
};

START_TEST(read_by_hand)
{
	struct str bytes;
	int rc;

	ck_assert_int_eq(hex_decode(&arena, str_of(by_hand[_i].hex), &bytes, &err), 0);
	rc = rsp_upp_read(bytes, &u, &err);
	ck_assert_msg((rc == 0) == (by_hand[_i].status == RSP_PE_OK), "%s: %d %s",
		      by_hand[_i].what, rc, err.msg);
	ck_assert_msg(u.status == by_hand[_i].status &&
		      u.identification == by_hand[_i].number, "%s: status %d of %d",
		      by_hand[_i].what, u.status, u.identification);
	if (rc == 0)
		ck_assert_uint_eq(u.memory, bytes.n + by_hand[_i].memory);
}
END_TEST

static const struct {
	const char *key;
	bool secret;
} keys[] = {
	{ "000102030405060708090A0B0C0D0E0F", false },
	{ "00112233445566778899AABBCCDDEEFF", false },
	{ "5A112233445566778899AABBCCDDEEFF", false },
	{ "000102030405060708090A0B0C0D0E10", true },
	{ "00000000000000000000000000000000", true },
	{ "5A112233445566778899AABBCCDDEEFE", true },
};

START_TEST(keys_that_everybody_knows)
{
	struct str bytes;

	ck_assert_int_eq(hex_decode(&arena, arena_printf(&arena, HEADER "A41E" "A003810101"
		"A117A115" "800101" "8210%s" END, keys[_i].key), &bytes, &err), 0);
	ck_assert_int_eq(rsp_upp_read(bytes, &u, &err), 0);
	ck_assert(u.has_key);
	ck_assert_int_eq(u.secret_key, keys[_i].secret);
}
END_TEST

/* Whatever byte changes, and wherever it is cut: an answer. */
START_TEST(damaged)
{
	make(ICCID, PROFILE_CLASS_OPERATIONAL, 2000);
	for (size_t n = 0; n < upp.n; n++)
		ck_assert_int_eq(rsp_upp_read((struct str){ upp.p, n }, &u, &err), -1);
	for (size_t i = 0; i < upp.n; i++) {
		upp.p[i] ^= 0x41;
		if (read_all() < 0) {
			ck_assert_int_ne(u.status, RSP_PE_OK);
			ck_assert(err.msg[0]);
		}
		upp.p[i] ^= 0x41;
	}
	ck_assert_int_eq(read_all(), 0);
}
END_TEST

/* EUICCResponse: 30 { A0 peStatus { 30 { 80 status, 81 number } }, 81 aborted }. */
START_TEST(responses)
{
	struct buf out;

	buf_init(&out, 100);
	rsp_upp_response(&out, &(struct rsp_upp){ .identification = -1 });
	ck_assert_str_eq(hex_of(&arena, buf_view(&out)).p, "3007A0053003800100");
	buf_clear(&out);
	rsp_upp_response(&out, &(struct rsp_upp){ .status = RSP_PE_BAD_VALUES,
						  .identification = 300 });
	ck_assert_str_eq(hex_of(&arena, buf_view(&out)).p,
			 "300D" "A0093007800103" "8102012C" "8100");
	buf_release(&out);
}
END_TEST

#define LOOP(tc, test, table) \
	tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("proto/rsp_upp");
	TCase *tc = tcase_create("profile package");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, made);
	tcase_add_test(tc, made_header);
	tcase_add_test(tc, made_files);
	tcase_add_test(tc, made_key);
	LOOP(tc, memory_is_what_was_asked_for, memories);
	tcase_add_test(tc, memory_at_every_size);
	LOOP(tc, iccid_comes_back, iccids);
	LOOP(tc, read_by_hand, by_hand);
	LOOP(tc, keys_that_everybody_knows, keys);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, responses);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
