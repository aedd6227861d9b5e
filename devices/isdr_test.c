/*
 * Goal: a card at its contacts: every function of ES10 as APDUs, a download in
 * blocks, power that is lost at any of them, and whatever else a reader sends.
 * Oracle: bytes written by hand from SGP.22, 5.7, and ISO/IEC 7816-4; the SM-DP+
 * of test_peers.h.
 */
#include "devices/isdr.h"
#include "devices/test_peers.h"
#include "proto/hex.h"

static const struct euicc_shared shared = { .crypto = &rsp_crypto_none };

static struct arena arena;
static struct euicc card;
static struct isdr isdr;
static struct fake_smdp smdp;
static unsigned apdus, power_until;	/* APDUs; the power goes before that many */

static void insert_card(void)
{
	euicc_init(&card, &shared, str_of(EID), 0, (struct rng){ 1 });
	ck_assert_int_eq(euicc_install(&card, &(struct euicc_profile_spec){
		.iccid = str_of(ICCID_A), .class = PROFILE_CLASS_PROVISIONING,
		.text = { [TEXT_SPN] = STR("Bootstrap"), [TEXT_NAME] = STR("A"),
			  [TEXT_SMDP] = STR("x"), [TEXT_NICKNAME] = STR("nick") } }), 0);
	euicc_switch(&card, &card.profiles[0]);
	isdr_init(&isdr, &card);
	apdus = 0;
	power_until = UINT32_MAX;
}

static void remove_card(void)
{
	isdr_release(&isdr);
	euicc_release(&card);
}

static void setup(void)
{
	arena = (struct arena){ 0 };
	smdp = (struct fake_smdp){ .iccid = ICCID_NEW, .spn = "Mobile", .memory = 1000,
				   .cancel_reason = -1, .card_error = -1 };
	insert_card();
}

static void teardown(void)
{
	remove_card();
	arena_release(&arena);
}

static struct str bytes_of(const char *hex)
{
	struct err err = { 0 };
	struct str s;

	ck_assert_int_eq(hex_decode(&arena, str_of(hex), &s, &err), 0);
	return s;
}

static struct str transmit(struct str apdu)
{
	struct buf b = peer_buf();

	if (apdus++ == power_until)
		isdr_reset(&isdr);
	isdr_transmit(&isdr, apdu, &b);
	ck_assert_uint_ge(b.n, 2);
	ck_assert_uint_le(b.n, ISDR_ANSWER_MAX);
	return peer_take(&b, &arena);
}

/* One command, in hex, to its answer with the status word. */
static const char *ask(const char *hex)
{
	return hex_of(&arena, transmit(bytes_of(hex))).p;
}

static unsigned status_of(struct str answer)
{
	return (unsigned)((unsigned char)answer.p[answer.n - 2] << 8 |
			  (unsigned char)answer.p[answer.n - 1]);
}

static void select_isdr(void)
{
	ck_assert_str_eq(ask("00A4040010A0000005591010FFFFFFFF8900000100"), "6121");
	ck_assert_str_eq(ask("00C0000021"),
		"6F1F" "8410A0000005591010FFFFFFFF8900000100"
		"A504" "9F6501FF" "E005" "8203020202" "9000");
}

/* A command of ES10 in blocks of `size`, and its answer by GET RESPONSE. */
static unsigned store(struct str command, size_t size, struct str *answer)
{
	struct buf all = peer_buf();
	unsigned sw = 0, block = 0;
	size_t at = 0;

	do {
		size_t n = command.n - at < size ? command.n - at : size;
		unsigned char head[] = { 0x80, 0xE2, at + n < command.n ? 0x11 : 0x91,
					 (unsigned char)block++, (unsigned char)n };
		struct buf b = peer_buf();

		buf_add(&b, head, sizeof(head));
		buf_add(&b, command.p + at, n);
		sw = status_of(transmit(peer_take(&b, &arena)));
		at += n;
	} while (at < command.n && sw == 0x9000);
	while (sw >> 8 == 0x61) {
		unsigned char get[] = { 0x80, 0xC0, 0, 0, (unsigned char)sw };
		struct str part = transmit(SPAN(get));

		buf_add(&all, part.p, part.n - 2);
		sw = status_of(part);
	}
	*answer = peer_take(&all, &arena);
	return sw;
}

/* A command of ES10 in hex to its answer in hex. */
static const char *es10(const char *hex)
{
	struct str answer;

	ck_assert_uint_eq(store(bytes_of(hex), 255, &answer), 0x9000);
	return hex_of(&arena, answer).p;
}

static unsigned es10_refused(const char *hex)
{
	struct str answer;
	unsigned sw = store(bytes_of(hex), 255, &answer);

	ck_assert_uint_eq(answer.n, 0);
	return sw;
}

/* ---- Contacts. ------------------------------------------------------------ */

START_TEST(contacts)
{
	/* Nothing is selected yet. */
	ck_assert_str_eq(ask("80E2910003BF2E00"), "6985");
	ck_assert_str_eq(ask("00A4040010A0000005591010FFFFFFFF8900000200"), "6A82");
	ck_assert_str_eq(ask("00A40004023F00"), "6A82");
	ck_assert_str_eq(ask("80AA000005A9030000" "00"), "9000");
	ck_assert_str_eq(ask("00C0000000"), "6985");
	select_isdr();
	/* Bytes in portions, as the reader asks for them. */
	ck_assert_str_eq(ask("80E2910006BF3E035C015A"), "6115");
	ck_assert_str_eq(ask("80C0000005"), "BF3E125A10" "6110");
	ck_assert_str_eq(ask("01C0000000"), "6881");
	ck_assert_str_eq(ask("80C0000000"), "89049032000000000000000000000197" "9000");
	ck_assert_str_eq(ask("80C0000000"), "6985");
	/* Another command drops what was not fetched. */
	ck_assert_str_eq(ask("80E2910006BF3E035C015A"), "6115");
	ck_assert_str_eq(ask("80E2910003BF2E00"), "6115");
	/* Not understood. */
	ck_assert_str_eq(ask("80CA0000"), "6D00");
	ck_assert_str_eq(ask("A0A40000023F00"), "6E00");
	ck_assert_str_eq(ask("40A4040000"), "6881");
	ck_assert_str_eq(ask("80E29100"), "6A80");
	ck_assert_str_eq(ask("80E291"), "6700");
	ck_assert_str_eq(ask(""), "6700");
	ck_assert_str_eq(ask("80E2910006BF3E035C01"), "6700");
	ck_assert_str_eq(ask("80E2910002BF3E035C015A"), "6700");
	ck_assert_str_eq(ask("80E2910000BF"), "6700");
	ck_assert_str_eq(ask("80E2810003BF2E00"), "6A86");
}
END_TEST

START_TEST(channels)
{
	ck_assert_str_eq(ask("0070000001"), "019000");
	ck_assert_str_eq(ask("0070000001"), "029000");
	ck_assert_str_eq(ask("0070000001"), "039000");
	ck_assert_str_eq(ask("0070000001"), "6881");
	/* Each has a selection of its own. */
	ck_assert_str_eq(ask("02A4040010A0000005591010FFFFFFFF8900000100"), "6121");
	ck_assert_str_eq(ask("81E2910003BF2E00"), "6985");
	ck_assert_str_eq(ask("82E2910006BF3E035C015A"), "6115");
	ck_assert_str_eq(ask("02C0000015"), "BF3E125A1089049032000000000000000000000197" "9000");
	ck_assert_str_eq(ask("00708002"), "9000");
	ck_assert_str_eq(ask("82E2910003BF2E00"), "6881");
	ck_assert_str_eq(ask("00708002"), "6A86");
	ck_assert_str_eq(ask("00708000"), "6A86");
	ck_assert_str_eq(ask("0070000001"), "029000");
	ck_assert_int_eq(isdr_open_channel(&isdr, isdr_aid()), -1);
	isdr_close_channel(&isdr, 3);
	ck_assert_int_eq(isdr_open_channel(&isdr, STR("another name")), -1);
	ck_assert_int_eq(isdr_open_channel(&isdr, isdr_aid()), 3);
	ck_assert_str_eq(ask("83E2910006BF3E035C015A"), "6115");
	isdr_reset(&isdr);
	ck_assert_str_eq(ask("83E2910006BF3E035C015A"), "6881");
}
END_TEST

/* Blocks have numbers, one after the other. */
START_TEST(blocks)
{
	struct str answer;

	select_isdr();
	for (size_t size = 1; size < 7; size++) {
		ck_assert_uint_eq(store(bytes_of("BF3E035C015A"), size, &answer), 0x9000);
		ck_assert_str_eq(hex_of(&arena, answer).p,
				 "BF3E125A10" "89049032000000000000000000000197");
	}
	ck_assert_str_eq(ask("80E2110002BF3E"), "9000");
	ck_assert_str_eq(ask("80E29102045C015A"), "6700");
	ck_assert_str_eq(ask("80E29102035C015A"), "6A86");
	ck_assert_str_eq(ask("80E2110105" "035C015AFF"), "9000");
	/* Block 0 begins anew. */
	ck_assert_str_eq(ask("80E2910006BF3E035C015A"), "6115");
	/* A command that never ends has an end. */
	for (unsigned i = 0; i < 255; i++)
		ck_assert_str_eq(ask(arena_printf(&arena, "80E211%02X01%02X", i, 0).p), "9000");
	ck_assert_str_eq(ask("80E211FF0100"), "6A86");
}
END_TEST

/* ---- Functions. ------------------------------------------------------------- */

START_TEST(profiles)
{
	select_isdr();
	ck_assert_str_eq(es10("BF2D00"), "BF2D3D" "A03B" "E339" "5A0A" "984400000000000010F7"
		"4F10" "A0000005591010FFFFFFFF8900001000" "9F700101" "90046E69636B"
		"9109426F6F747374726170" "920141" "950101");
	ck_assert_str_eq(es10("BF2D055C035A9F70"), "BF2D14" "A012" "E310" "5A0A"
		"984400000000000010F7" "9F700101");
	/* By class, by ICCID, and what is not there. */
	ck_assert_str_eq(es10("BF2D08A003950101" "5C0195"), "BF2D07" "A005" "E303" "950101");
	ck_assert_str_eq(es10("BF2D08A003950102" "5C0195"), "BF2D02" "A000");
	ck_assert_str_eq(es10("BF2D11A00C5A0A" "984400000000000010F7" "5C0195"),
			 "BF2D07" "A005" "E303" "950101");
	ck_assert_str_eq(es10("BF2D11A00C5A0A" "984400000000000020F5" "5C0195"),
			 "BF2D02" "A000");
	ck_assert_uint_eq(es10_refused("BF2D05A0035A0101"), 0x6A80);
}
END_TEST

START_TEST(changes)
{
	select_isdr();
	ck_assert_str_eq(es10("BF3211A00C5A0A" "984400000000000010F7" "8101FF"), "BF3203800100");
	ck_assert_ptr_null(euicc_active(&card));
	ck_assert_str_eq(es10("BF3211A00C5A0A" "984400000000000010F7" "8101FF"), "BF3203800102");
	ck_assert_str_eq(es10("BF3117A0124F10" "A0000005591010FFFFFFFF8900001000" "8101FF"),
			 "BF3103800100");
	ck_assert_ptr_nonnull(euicc_active(&card));
	ck_assert_str_eq(es10("BF330C5A0A" "984400000000000010F7"), "BF3303800102");
	ck_assert_str_eq(es10("BF330C5A0A" "984400000000000020F5"), "BF3303800101");
	ck_assert_str_eq(es10("BF29125A0A" "984400000000000010F7" "900468C3B66C"), "BF2903800100");
	ck_assert(str_is(profile_text(&card.profiles[0], TEXT_NICKNAME), "h\xC3\xB6l"));
	ck_assert_str_eq(es10("BF290E5A0A" "984400000000000010F7" "9000"), "BF2903800100");
	ck_assert_uint_eq(profile_text(&card.profiles[0], TEXT_NICKNAME).n, 0);
	ck_assert_str_eq(es10("BF290F5A0A" "984400000000000010F7" "9001FF"), "BF290380017F");
	ck_assert_str_eq(es10("BF3F0C800A736D64702E6C6F63616C"), "BF3F03800100");
	ck_assert_str_eq(es10("BF3C00"), "BF3C0E800A736D64702E6C6F63616C8100");
	ck_assert_str_eq(es10("BF340482020780"), "BF3403800101");
	ck_assert_str_eq(es10("BF340482020560"), "BF3403800100");
	ck_assert_str_eq(es10("BF3C00"), "BF3C028100");
	card.root_smds = strdup("ds");
	ck_assert_str_eq(es10("BF3C00"), "BF3C0481026473");
	ck_assert_uint_eq(es10_refused("BF3103A00100"), 0x6A80);
	ck_assert_uint_eq(es10_refused("BF310A5A08" "9844000000000000"), 0x6A80);
	ck_assert_uint_eq(es10_refused("BF3400"), 0x6A80);
}
END_TEST

START_TEST(notifications)
{
	struct str answer;

	select_isdr();
	ck_assert_str_eq(es10("BF2800"), "BF2802A000");
	ck_assert_str_eq(es10("BF2B00"), "BF2B03810101");
	/* Made by a profile that says who is to be told. */
	profile_set_text(&card.profiles[0], TEXT_NOTIFY,
			 bytes_of("300F" "80020470" "8109" "6E6F74652E74657374"));
	es10("BF3211A00C5A0A" "984400000000000010F7" "8101FF");
	es10("BF3111A00C5A0A" "984400000000000010F7" "8101FF");
	ck_assert_uint_eq(card.note_count, 2);
	ck_assert_uint_eq(store(bytes_of("BF2800"), 255, &answer), 0x9000);
	ck_assert_str_eq(es10("BF280481020640"), hex_of(&arena, bytes_of(
		"BF2823" "A021" "BF2F1E" "800102" "81020640" "0C09" "6E6F74652E74657374"
		"5A0A" "984400000000000010F7")).p);
	ck_assert_uint_eq(store(bytes_of("BF2B05A003800102"), 255, &answer), 0x9000);
	ck_assert(str_find(answer, card.notes->next->der) >= 0);
	ck_assert(str_find(answer, card.notes->der) < 0);
	ck_assert_str_eq(es10("BF3003800101"), "BF3003800100");
	ck_assert_str_eq(es10("BF3003800101"), "BF3003800101");
	ck_assert_uint_eq(card.note_count, 1);
	ck_assert_str_eq(es10("BF3003800100"), "BF3003800101");
	ck_assert_uint_eq(es10_refused("BF3000"), 0x6A80);
}
END_TEST

START_TEST(nonsense)
{
	static const char *const commands[] = {
		"BF99", "BF3E", "BF3E00", "BF3E035C0141", "BF3E845C015A", "BF3E04" "5C015A",
		"BF2001" "00", "30", "00", "BF38", "BF3800", "BF2103800100",
		"BF3680", "A1", "BF2F00", "5A00",
	};

	select_isdr();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		unsigned sw = es10_refused(commands[i]);

		ck_assert_msg(sw == 0x6A80 || sw == 0x6A88 || sw == 0x6985, "%s: %04X",
			      commands[i], sw);
	}
}
END_TEST

/* What a peer with bad intentions sends: always a status word or a code, and the card is
 * what it was. */
static const struct {
	const char *what, *hex, *want;	/* a status word, or an answer */
} hostile[] = {
	{ "a number of 9 bytes", "BF300B8009010000000000000001", "6A80" },
	{ "a negative number", "BF30038001FF", "6A80" },
	{ "a number beyond 32 bits", "BF300780050100000001", "BF3003800101" },
	{ "a reason of 9 bytes", "BF411D8010000000000000000000000000000000008109010000000000000001",
	  "BF410381017F" },
	{ "a reason twice", "BF4118801000000000000000000000000000000000810100810101",
	  "BF410381017F" },
	{ "no transaction", "BF4103810100", "BF410381017F" },
	{ "a long transaction", "BF4116" "8011" "0000000000000000000000000000000000" "810100",
	  "BF410381017F" },
	{ "a length that lies by one", "BF330D5A0A984400000000000010F7", "6A80" },
	{ "a length without end", "BF3380", "6A80" },
	{ "a length of four bytes", "BF3384000000025A00", "6A80" },
	{ "a tag of five bytes", "BF8181818100", "6A80" },
	{ "an ICCID of letters", "BF330C5A0A98440000000000001FF7", "6A80" },
	{ "an ICCID too long", "BF330D5A0B984400000000000010F700", "6A80" },
	{ "an AID too short", "BF33114F0FA0000005591010FFFFFFFF89000010", "6A80" },
	{ "neither", "BF330395" "0102", "6A80" },
	{ "no profile at all", "BF3105A003810100", "6A80" },
	{ "bits of no form", "BF340482020940", "6A80" },
	{ "bits of nothing", "BF34028200", "6A80" },
	{ "a nickname too long", "BF294F" "5A0A984400000000000010F7" "9041"
	  "6161616161616161616161616161616161616161616161616161616161616161616161"
	  "616161616161616161616161616161616161616161616161616161616161", "BF290380017F" },
	{ "an address with a zero", "BF3F05800361" "0062", "BF3F0380017F" },
	{ "tags of a list without end", "BF2D045C02BFBF", "BF2D04A002E300" },
};

START_TEST(bad_intentions)
{
	struct str answer;
	unsigned sw;
	const char *said;

	select_isdr();
	sw = store(bytes_of(hostile[_i].hex), 255, &answer);
	said = sw == 0x9000 ? hex_of(&arena, answer).p : arena_printf(&arena, "%04X", sw).p;
	ck_assert_msg(strcmp(said, hostile[_i].want) == 0, "%s: %s, expected %s",
		      hostile[_i].what, said, hostile[_i].want);
	ck_assert_uint_eq(card.profile_count, 1);
	ck_assert(card.profiles[0].enabled);
	ck_assert(str_is(profile_text(&card.profiles[0], TEXT_NICKNAME), "nick"));
}
END_TEST

/* One in the other, a thousand times. */
START_TEST(nesting)
{
	struct buf b = peer_buf();
	struct str answer;
	size_t marks[1000];

	select_isdr();
	marks[0] = tlv_open(&b, 0xBF2D);
	for (int i = 1; i < 1000; i++)
		marks[i] = tlv_open(&b, 0xA0);
	for (int i = 999; i >= 0; i--)
		tlv_close(&b, marks[i]);
	ck_assert_uint_eq(store(peer_take(&b, &arena), 255, &answer), 0x6A80);
	/* 64 kB and no more. */
	b = peer_buf();
	tlv_put_head(&b, 0xBF29, 65000);
	for (int i = 0; i < 66000; i++)
		buf_char(&b, 'x');
	ck_assert_uint_ne(store(peer_take(&b, &arena), 255, &answer), 0x9000);
	ck_assert_str_eq(es10("BF3E035C015A"), "BF3E125A10" "89049032000000000000000000000197");
}
END_TEST

/* ---- Downloads. ----------------------------------------------------------------- */

static bool command(uint32_t tag, struct buf *b, struct str *answer)
{
	struct str der = peer_take(b, &arena);

	(void)tag;
	return store(der, 255, answer) == 0x9000 && answer->n;
}

static bool authenticate(struct es9_message *m)
{
	struct rsp_authenticate_request r = { 0 };
	struct buf b = peer_buf();
	struct str answer;
	struct err err;
	struct tlv t;

	if (store(bytes_of("BF2E00"), 255, &answer) != 0x9000)
		return false;
	ck_assert_int_eq(tlv_whole(answer, 0xBF2E, &t, &err), 0);
	ck_assert_int_eq(tlv_whole(t.value, 0x80, &t, &err), 0);
	m->euicc_challenge = t.value;
	peer_initiate(&smdp, &arena, FAULT_NONE, m);
	r.server_signed1 = m->server_signed1;
	r.server_signature1 = m->server_signature1;
	r.server_certificate = m->server_certificate;
	ck_assert_int_eq(tlv_whole(m->key_id, TLV_OCTETS, &t, &err), 0);
	r.key_id = t.value;
	r.context = (struct rsp_context){ .present = true, .device = true,
		.matching_id = STR("MID"), .tac = STR("1234"), .capabilities = STR("") };
	rsp_authenticate_request_write(&b, &r);
	return command(0xBF38, &b, &m->authenticate_response);
}

static bool prepare(struct es9_message *m)
{
	struct rsp_prepare_request r = { 0 };
	struct buf b = peer_buf();

	peer_authenticate(&smdp, &arena, FAULT_NONE, m);
	r.smdp_signed2 = m->smdp_signed2;
	r.smdp_signature2 = m->smdp_signature2;
	r.smdp_certificate = m->smdp_certificate;
	rsp_prepare_request_write(&b, &r);
	return command(0xBF21, &b, &m->prepare_response);
}

/* Up to the last segment; false if the power went before. */
static bool download(struct str *result)
{
	struct es9_message m = { 0 };
	struct str *segments;
	struct err err;
	size_t count;

	if (status_of(transmit(bytes_of("00A4040010A0000005591010FFFFFFFF8900000100"))) !=
	    0x6121 || !authenticate(&m) || !prepare(&m))
		return false;
	ck_assert(peer_package(&smdp, &arena, FAULT_NONE, &m));
	ck_assert_int_eq(rsp_bpp_split(m.package, &arena, &segments, &count, &err), 0);
	for (size_t i = 0; i < count; i++)
		if (store(segments[i], 120, result) != 0x9000 || result->n)
			break;
	return result->n > 0;
}

START_TEST(downloaded)
{
	struct rsp_notification n;
	struct str result;
	struct err err;

	ck_assert(download(&result));
	ck_assert_int_eq(rsp_notification_read(result, &n, &err), 0);
	ck_assert(n.install_result && n.data.success);
	ck_assert_str_eq(n.iccid, ICCID_NEW);
	ck_assert_str_eq(smdp.matching_id, "MID");
	ck_assert_uint_eq(card.profile_count, 2);
	ck_assert(str_is(profile_text(&card.profiles[1], TEXT_SPN), "Mobile"));
	/* Once more: the card has it. */
	ck_assert(download(&result));
	ck_assert_int_eq(rsp_notification_read(result, &n, &err), 0);
	ck_assert(n.data.failed && n.data.reason == ES10_LOAD_ICCID_EXISTS);
	ck_assert_uint_eq(card.profile_count, 2);
}
END_TEST

/* At every APDU of a download: whole before, whole after, and it can be had
 * again. */
START_TEST(power_lost)
{
	struct str result;
	unsigned last;

	ck_assert(download(&result));
	last = apdus;
	ck_assert_uint_gt(last, 15);
	for (unsigned at = 0; at < last; at++) {
		bool done;

		remove_card();
		insert_card();
		power_until = at;
		done = download(&result);
		/* Installed, although nobody heard of it: the notification says so. */
		ck_assert(card.profile_count == 1 ? !done : card.note_count > 0);
		ck_assert_uint_le(card.profile_count, 2);
		ck_assert_str_eq(euicc_active(&card)->iccid, ICCID_A);
		power_until = UINT32_MAX;
		if (!done) {
			isdr_reset(&isdr);
			ck_assert(download(&result));
			ck_assert_uint_eq(card.profile_count, 2);
		}
	}
}
END_TEST

/* A segment that comes when nobody waits for one. */
START_TEST(stray_segments)
{
	select_isdr();
	ck_assert_uint_eq(es10_refused("A0058703AABBCC"), 0x6985);
	ck_assert_uint_eq(es10_refused("8603AABBCC"), 0x6985);
	ck_assert_uint_eq(es10_refused("BF3603AABBCC"), 0x6985);
	ck_assert_str_eq(es10("BF4115" "8010" "00000000000000000000000000000000"
			      "810100"), "BF4103810105");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("isdr");
	TCase *tc = tcase_create("isdr");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, contacts);
	tcase_add_test(tc, channels);
	tcase_add_test(tc, blocks);
	tcase_add_test(tc, profiles);
	tcase_add_test(tc, changes);
	tcase_add_test(tc, notifications);
	tcase_add_test(tc, nonsense);
	tcase_add_loop_test(tc, bad_intentions, 0, sizeof(hostile) / sizeof(hostile[0]));
	tcase_add_test(tc, nesting);
	tcase_add_test(tc, downloaded);
	tcase_add_test(tc, power_lost);
	tcase_add_test(tc, stray_segments);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
