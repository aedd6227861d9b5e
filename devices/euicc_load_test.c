/*
 * Goal: whatever is wrong with a bound profile package, the ProfileInstallationResult
 * says in which part and why (SGP.22, 2.5.6 and 5.5), is signed, waits as a notification,
 * and the card is as it was.
 * Method: a package with one thing wrong at a time, with cryptography and without.
 * Oracle: the pairs of bppCommandId and errorReason in words; a pair that no package
 * brings about fails the test.
 */
#include "devices/test_attempt.h"
#include "proto/rsp_pki.h"

enum { CARD_MEMORY = 60000 };

static const char TRANSACTION[] = "0123456789ABCDEF";

static struct rsp_pki *pki;
static struct rsp_crypto *full;
static const struct rsp_crypto *crypto;
static struct euicc_shared shared;
static struct arena arena;
static struct clock now;
static struct euicc card;

static struct es10_answer ask(enum es10_tag tag, struct str der)
{
	struct es10_request rq = { .tag = tag, .der = der };
	struct es10_answer an;

	ck_assert_int_eq(euicc_call(&card, &rq, &arena, &an), 0);
	return an;
}

/* Up to a card that waits for a package. */
static void start_under(struct attempt *t, size_t ci, const char *iccid)
{
	struct es10_answer an;

	attempt_init(t, crypto, ci, &arena, iccid, TRANSACTION);
	t->challenge = ask(ES10_TAG_EUICC_CHALLENGE, STR("")).der;
	an = ask(ES10_TAG_AUTHENTICATE_SERVER, attempt_authenticate(t));
	ck_assert_int_eq(an.code, ES10_OK);
	attempt_authenticated(t, an.der);
	an = ask(ES10_TAG_PREPARE_DOWNLOAD, attempt_prepare(t));
	ck_assert_int_eq(an.code, ES10_OK);
	attempt_prepared(t, an.der);
}

static void start(struct attempt *t, const char *iccid)
{
	start_under(t, 0, iccid);
}

/* ---- What is wrong. ----------------------------------------------------------- */

static char *byte_of(struct attempt *t, size_t segment, ptrdiff_t at)
{
	struct str s = t->segments[segment];

	return (char *)(uintptr_t)s.p + (at < 0 ? (ptrdiff_t)s.n + at : at);
}

static void flip(struct attempt *t, size_t segment, ptrdiff_t at)
{
	*byte_of(t, segment, at) ^= 1;
}

/* Change the byte behind these, which are there once, in the first segment. */
static void change_behind(struct attempt *t, struct str bytes, char to)
{
	ptrdiff_t at = str_find(t->segments[0], bytes);

	ck_assert_int_ge(at, 0);
	*byte_of(t, 0, at + (ptrdiff_t)bytes.n) = to;
}

static void drop(struct attempt *t, size_t segment)
{
	memmove(t->segments + segment, t->segments + segment + 1,
		(--t->count - segment) * sizeof(*t->segments));
}

#define BEFORE(name) static void name(struct attempt *t)
#define AFTER(name) static void name(struct attempt *t)

BEFORE(other_transaction) { t->spec.transaction_id = STR("0123456789ABCDEG"); }
AFTER(other_operation) { change_behind(t, STR("\x82\x01"), 2); }
AFTER(other_key_type) { change_behind(t, STR("\x80\x01"), (char)0x89); }
AFTER(other_key_length) { change_behind(t, STR("\x81\x01"), 0x20); }
AFTER(spoilt_signature) { flip(t, 0, -1); }
BEFORE(another_signs) { t->spec.signer = &t->auth; }
AFTER(not_bf36) { flip(t, 0, 1); }
AFTER(head_cut) { t->segments[0].n -= 1; }
BEFORE(no_point) { t->otpk.public_point[0] = 0x05; }
BEFORE(not_on_the_curve) { t->otpk.public_point[64] ^= 1; }
BEFORE(infinity) { memset(t->otpk.public_point, 0, RSP_POINT_BYTES); }
AFTER(no_configure) { drop(t, 1); }
AFTER(configure_is_88) { *byte_of(t, 1, 2) = (char)0x88; }
AFTER(configure_mac) { flip(t, 1, -1); }
AFTER(configure_is_bf25) { *byte_of(t, 1, 5) = 0x25; }
AFTER(no_metadata_head) { drop(t, t->metadata_at); }
AFTER(metadata_head_lies) { flip(t, t->metadata_at, -1); }
AFTER(metadata_mac) { flip(t, t->metadata_at + 1, -1); }
AFTER(metadata_changed) { flip(t, t->metadata_at + 1, -12); }
AFTER(metadata_is_87) { *byte_of(t, t->metadata_at + 1, 0) = (char)0x87; }
BEFORE(metadata_of_another_kind) { t->raw_metadata = STR("\xBF\x26\x02\x5A\x00"); }
BEFORE(metadata_without_iccid) { t->raw_metadata = STR("\xBF\x25\x03\x91\x01x"); }
BEFORE(metadata_with_letters) { memset(t->iccid, 0xBA, sizeof(t->iccid)); }
BEFORE(metadata_with_a_letter) { t->iccid[5] = 0x1F; }
BEFORE(unknown_class) { t->metadata.profile_class = 3; }
BEFORE(rule_not_allowed) { t->metadata.ppr = PPR_NO_DISABLE; }
BEFORE(rule_not_known) { t->metadata.ppr = 8; }
BEFORE(there_already)
{
	iccid_pack(t->iccid, str_of(ICCID_A));
	t->upp.iccid = str_of(ICCID_A);
}
BEFORE(with_keys) { t->spec.ppk = &t->ppk; }
AFTER(keys_mac) { flip(t, t->keys_at, -1); }
AFTER(keys_is_a4) { *byte_of(t, t->keys_at, 0) = (char)0xA4; }
AFTER(keys_without_87) { *byte_of(t, t->keys_at, 2) = (char)0x88; }
AFTER(keys_of_another_kind) { *byte_of(t, t->keys_at, 5) = 0x27; }
AFTER(keys_too_short) { *byte_of(t, t->keys_at, 7) = (char)0x81; }
AFTER(no_elements_head) { drop(t, t->elements_at); }
AFTER(elements_are_88) { *byte_of(t, t->elements_at + 1, 0) = (char)0x88; }
AFTER(elements_mac) { flip(t, t->elements_at + 1, -1); }
AFTER(elements_changed) { flip(t, t->elements_at + 1, 20); }
AFTER(elements_head_lies) { flip(t, t->elements_at, -1); }
AFTER(elements_head_after_keys) { flip(t, t->elements_at, 0); }
static char too_long[1100];
AFTER(segment_too_long)
{
	static const char head[] = { (char)0x86, (char)0x82, 0x04, 0x00 };

	memcpy(too_long, head, sizeof(head));
	t->segments[t->elements_at + 1] = (struct str){ too_long, 1028 };
}
BEFORE(elements_are_rubbish) { t->raw_upp = STR("\xA0\x03\x80\x01\x02"); }
BEFORE(elements_are_empty) { t->raw_upp = STR(""); }
BEFORE(header_of_another) { t->upp.iccid = str_of(ICCID_B); }
BEFORE(test_with_a_secret) { t->metadata.profile_class = PROFILE_CLASS_TEST; }
BEFORE(too_large) { t->upp.memory = CARD_MEMORY + 1; }

static const struct {
	const char *what;
	void (*before)(struct attempt *t), (*after)(struct attempt *t);
	bool keys;			/* with A2 */
	int without;			/* 1: only with cryptography, -1: only without */
	enum es10_command command;
	enum es10_load reason;
} cases[] = {
	{ "transaction id", other_transaction, NULL, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_TRANSACTION },
	{ "operation", NULL, other_operation, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_OPERATION },
	{ "key type", NULL, other_key_type, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_CRT },
	{ "key length", NULL, other_key_length, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_CRT },
	{ "signature", NULL, spoilt_signature, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_SIGNATURE },
	{ "signer", another_signs, NULL, 0, 1, ES10_CMD_INITIALISE, ES10_LOAD_SIGNATURE },
	{ "not BF36", NULL, not_bf36, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_STRUCTURE },
	{ "head cut", NULL, head_cut, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_STRUCTURE },
	{ "no point", no_point, NULL, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_SECURITY },
	{ "infinity", infinity, NULL, 0, 0, ES10_CMD_INITIALISE, ES10_LOAD_SECURITY },
	{ "not on the curve", not_on_the_curve, NULL, 0, 1, ES10_CMD_INITIALISE,
	  ES10_LOAD_SECURITY },
	{ "no A0", NULL, no_configure, 0, 0, ES10_CMD_CONFIGURE, ES10_LOAD_STRUCTURE },
	{ "A0 with 88", NULL, configure_is_88, 0, 0, ES10_CMD_CONFIGURE, ES10_LOAD_STRUCTURE },
	{ "MAC of A0", NULL, configure_mac, 0, 0, ES10_CMD_CONFIGURE, ES10_LOAD_SECURITY },
	{ "BF25 in A0", NULL, configure_is_bf25, 0, -1, ES10_CMD_CONFIGURE,
	  ES10_LOAD_BAD_INPUT },
	{ "no A1", NULL, no_metadata_head, 0, 0, ES10_CMD_METADATA, ES10_LOAD_STRUCTURE },
	{ "A1 lies", NULL, metadata_head_lies, 0, 0, ES10_CMD_METADATA, ES10_LOAD_STRUCTURE },
	{ "A1 with 87", NULL, metadata_is_87, 0, 0, ES10_CMD_METADATA, ES10_LOAD_STRUCTURE },
	{ "MAC of A1", NULL, metadata_mac, 0, 0, ES10_CMD_METADATA, ES10_LOAD_SECURITY },
	{ "metadata changed", NULL, metadata_changed, 0, 1, ES10_CMD_METADATA,
	  ES10_LOAD_SECURITY },
	{ "not BF25", metadata_of_another_kind, NULL, 0, 0, ES10_CMD_METADATA,
	  ES10_LOAD_BAD_INPUT },
	{ "no ICCID", metadata_without_iccid, NULL, 0, 0, ES10_CMD_METADATA,
	  ES10_LOAD_BAD_INPUT },
	{ "letters", metadata_with_letters, NULL, 0, 0, ES10_CMD_METADATA, ES10_LOAD_BAD_INPUT },
	{ "a letter", metadata_with_a_letter, NULL, 0, 0, ES10_CMD_METADATA,
	  ES10_LOAD_BAD_INPUT },
	{ "class", unknown_class, NULL, 0, 0, ES10_CMD_METADATA, ES10_LOAD_CLASS },
	{ "rule", rule_not_allowed, NULL, 0, 0, ES10_CMD_METADATA, ES10_LOAD_PPR },
	{ "rule unknown", rule_not_known, NULL, 0, 0, ES10_CMD_METADATA, ES10_LOAD_PPR },
	{ "there already", there_already, NULL, 0, 0, ES10_CMD_METADATA,
	  ES10_LOAD_ICCID_EXISTS },
	{ "A4 for A2", NULL, keys_is_a4, 1, 0, ES10_CMD_KEYS, ES10_LOAD_STRUCTURE },
	{ "A2 without 87", NULL, keys_without_87, 1, 0, ES10_CMD_KEYS, ES10_LOAD_STRUCTURE },
	{ "MAC of A2", NULL, keys_mac, 1, 0, ES10_CMD_KEYS, ES10_LOAD_SECURITY },
	{ "BF27 in A2", NULL, keys_of_another_kind, 1, -1, ES10_CMD_KEYS, ES10_LOAD_BAD_INPUT },
	{ "key missing", NULL, keys_too_short, 1, -1, ES10_CMD_KEYS, ES10_LOAD_BAD_INPUT },
	{ "no A3", NULL, no_elements_head, 0, 0, ES10_CMD_KEYS, ES10_LOAD_STRUCTURE },
	{ "no A3 after A2", NULL, no_elements_head, 1, 0, ES10_CMD_ELEMENTS,
	  ES10_LOAD_STRUCTURE },
	{ "A2 for A3", NULL, elements_head_after_keys, 1, 0, ES10_CMD_ELEMENTS,
	  ES10_LOAD_STRUCTURE },
	{ "A3 with 88", NULL, elements_are_88, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_STRUCTURE },
	{ "A3 lies", NULL, elements_head_lies, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_STRUCTURE },
	{ "too long", NULL, segment_too_long, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_STRUCTURE },
	{ "MAC of A3", NULL, elements_mac, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_SECURITY },
	{ "elements changed", NULL, elements_changed, 1, 1, ES10_CMD_ELEMENTS,
	  ES10_LOAD_SECURITY },
	{ "rubbish", elements_are_rubbish, NULL, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_PE },
	{ "nothing", elements_are_empty, NULL, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_PE },
	{ "ICCID", header_of_another, NULL, 0, 0, ES10_CMD_ELEMENTS, ES10_LOAD_MISMATCH },
	{ "secret key", test_with_a_secret, NULL, 0, 0, ES10_CMD_ELEMENTS,
	  ES10_LOAD_TEST_KEY },
	{ "memory", too_large, NULL, 1, 0, ES10_CMD_ELEMENTS, ES10_LOAD_MEMORY },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* ---- The card. -------------------------------------------------------------------- */

static void insert_card(const struct rsp_crypto *c)
{
	struct euicc_rat rat;
	struct err err;

	arena = (struct arena){ 0 };
	crypto = c;
	shared = (struct euicc_shared){ .crypto = c, .clock = &now };
	euicc_init(&card, &shared, str_of(EID), CARD_MEMORY, (struct rng){ 3 });
	ck_assert_int_eq(euicc_rat_parse(&rat, STR("ppr2 for any"), &err), 0);
	euicc_set_rat(&card, &rat);
	ck_assert_int_eq(euicc_install(&card, &(struct euicc_profile_spec){
		.iccid = str_of(ICCID_A), .class = PROFILE_CLASS_OPERATIONAL,
		.memory = 1000 }), ES10_OK);
}

static void remove_card(void)
{
	euicc_release(&card);
	arena_release(&arena);
}

/* Feed until there is a result; the segments that were taken before. */
static size_t load(struct attempt *t, struct es10_answer *an)
{
	size_t i = 0;

	do
		*an = ask(ES10_TAG_LOAD_PACKAGE, t->segments[i]);
	while (!an->finished && an->code == ES10_OK && ++i < t->count);
	return i;
}

static void check_result(const struct es10_answer *an, enum es10_command command,
			 enum es10_load reason, const char *what)
{
	struct rsp_identity own;
	struct rsp_notification n;
	struct err err = { 0 };

	ck_assert_msg(an->finished, "%s: no result", what);
	ck_assert_msg(rsp_notification_read(an->der, &n, &err) == 0, "%s: %s", what, err.msg);
	ck_assert(n.install_result && n.data.failed && !n.data.success);
	ck_assert_msg(n.data.command == (int)command && n.data.reason == (int)reason,
		      "%s: %s %s, expected %s %s", what,
		      es10_command_name((int)n.data.command),
		      es10_result_name(ES10_LOAD_PACKAGE, (int)n.data.reason),
		      es10_command_name((int)command),
		      es10_result_name(ES10_LOAD_PACKAGE, (int)reason));
	ck_assert(str_is(n.data.transaction_id, TRANSACTION));
	ck_assert(str_eq(n.data.smdp_oid, SPAN(OID)));
	ck_assert((reason == ES10_LOAD_PE) == (n.data.failed_sima_response.n > 0));
	ck_assert_int_eq(crypto->identity(crypto, RSP_ROLE_EUICC, 0, str_of(EID), STR_NONE,
					  &arena, &own, &err), 0);
	ck_assert_int_eq(rsp_verify(crypto, own.certificate, n.signed_part, STR_NONE,
				    n.signature, &err), 0);
	ck_assert_uint_eq(card.note_count, 1);
	ck_assert(str_eq(card.notes->der, an->der));
	ck_assert_uint_eq(card.notes->event, NOTIFY_INSTALL);
}

START_TEST(failed)
{
	bool with = _i % 2;
	int n = _i / 2;
	struct es10_answer an;
	struct attempt t;

	if (cases[n].without == (with ? -1 : 1))
		return;
	insert_card(with ? full : &rsp_crypto_none);
	start(&t, ICCID_NEW);
	if (cases[n].keys)
		with_keys(&t);
	if (cases[n].before)
		cases[n].before(&t);
	attempt_build(&t);
	if (cases[n].after)
		cases[n].after(&t);
	load(&t, &an);
	check_result(&an, cases[n].command, cases[n].reason, cases[n].what);
	/* The card is as it was: nothing of the session is left ... */
	ck_assert_uint_eq(card.profile_count, 1);
	ck_assert_uint_eq(euicc_memory_used(&card), 1000);
	ck_assert_ptr_null(card.session);
	ck_assert_ptr_null(card.key);
	an = ask(ES10_TAG_LOAD_PACKAGE, t.segments[0]);
	ck_assert(an.code != ES10_OK && !an.finished);
	/* ... and a good package is taken. */
	start(&t, ICCID_NEW);
	attempt_build(&t);
	ck_assert_uint_eq(load(&t, &an), t.count - 1);
	ck_assert_int_eq(an.code, ES10_OK);
	ck_assert_uint_eq(card.profile_count, 2);
	ck_assert_uint_eq(card.profiles[1].memory, 20000);
	remove_card();
}
END_TEST

/* Every pair that can come about, as SGP.22 has them; not here are storeMetadata2, which
 * is of no use yet, an interruption, after which a card of ours has forgotten the
 * download and may have it again, and the error that nobody knows. */
static const char *const pairs[] = {
	"initialiseSecureChannel scp03tStructureError",
	"initialiseSecureChannel invalidTransactionId",
	"initialiseSecureChannel unsupportedRemoteOperationType",
	"initialiseSecureChannel unsupportedCrtValues",
	"initialiseSecureChannel invalidSignature",
	"initialiseSecureChannel scp03tSecurityError",
	"configureISDP scp03tStructureError",
	"configureISDP scp03tSecurityError",
	"configureISDP incorrectInputValues",
	"storeMetadata scp03tStructureError",
	"storeMetadata scp03tSecurityError",
	"storeMetadata incorrectInputValues",
	"storeMetadata unsupportedProfileClass",
	"storeMetadata pprNotAllowed",
	"storeMetadata installFailedDueToIccidAlreadyExistsOnEuicc",
	"replaceSessionKeys scp03tStructureError",
	"replaceSessionKeys scp03tSecurityError",
	"replaceSessionKeys incorrectInputValues",
	"loadProfileElements scp03tStructureError",
	"loadProfileElements scp03tSecurityError",
	"loadProfileElements installFailedDueToPEProcessingError",
	"loadProfileElements installFailedDueToDataMismatch",
	"loadProfileElements testProfileInstallFailedDueToInvalidNaaKey",
	"loadProfileElements installFailedDueToInsufficientMemoryForProfile",
};
enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

START_TEST(every_pair)
{
	char pair[128];
	bool seen[PAIRS] = { false };

	for (int i = 0; i < CASES; i++) {
		int p = 0;

		snprintf(pair, sizeof(pair), "%s %s", es10_command_name((int)cases[i].command),
			 es10_result_name(ES10_LOAD_PACKAGE, (int)cases[i].reason));
		while (p < PAIRS && strcmp(pairs[p], pair) != 0)
			p++;
		ck_assert_msg(p < PAIRS, "%s is no pair", pair);
		seen[p] = true;
	}
	for (int p = 0; p < PAIRS; p++)
		ck_assert_msg(seen[p], "no package brings about %s", pairs[p]);
}
END_TEST

/* With the keys of the package, with a test profile, and on both curves: then what
 * the profile's notifications are signed with is of that curve, too. */
START_TEST(taken)
{
	struct es10_answer an;
	struct attempt t;

	insert_card(_i % 2 ? full : &rsp_crypto_none);
	start_under(&t, _i & 8 && _i % 2 ? 1 : 0, ICCID_NEW);
	ck_assert_int_eq(t.curve, t.ci ? RSP_BRAINPOOL : RSP_P256);
	t.spec.ppk = _i & 2 ? &t.ppk : NULL;
	if (_i & 4) {
		t.metadata.profile_class = PROFILE_CLASS_TEST;
		t.upp.class = PROFILE_CLASS_TEST;
		t.metadata.ppr = PPR_NO_DELETE;
	}
	attempt_build(&t);
	ck_assert_uint_eq(load(&t, &an), t.count - 1);
	ck_assert(an.finished && an.code == ES10_OK);
	ck_assert_str_eq(an.iccid, ICCID_NEW);
	ck_assert_int_eq(card.profiles[1].class, _i & 4 ? PROFILE_CLASS_TEST :
			 PROFILE_CLASS_OPERATIONAL);
	ck_assert_uint_eq(card.profiles[1].ppr, _i & 4 ? PPR_NO_DELETE : 0);
	ck_assert_uint_eq(card.profiles[1].ci, t.ci);
	remove_card();
}
END_TEST

/* Segments of 1020 bytes always, of 1036 if the card is told to; never of more. */
START_TEST(long_segments)
{
	static const struct { size_t chunk, bytes; int want; } sizes[] = {
		{ 1007, 1020, 2 }, { 1008, 1036, 1 }, { 1023, 1036, 1 }, { 1024, 1052, 0 },
	};
	bool tolerant = _i % 2;
	struct es10_answer an;
	struct attempt t;

	insert_card(full);
	shared.tolerant = tolerant;
	start(&t, ICCID_NEW);
	t.spec.chunk_max = sizes[_i / 2].chunk;
	t.upp.memory = 4 * (64 << 10);
	card.memory = 1 << 20;
	attempt_build(&t);
	ck_assert_uint_eq(t.segments[t.elements_at + 1].n, sizes[_i / 2].bytes);
	load(&t, &an);
	ck_assert(an.finished);
	if (sizes[_i / 2].want + tolerant >= 2)
		ck_assert_int_eq(an.code, ES10_OK);
	else
		check_result(&an, ES10_CMD_ELEMENTS, ES10_LOAD_STRUCTURE, "long");
	remove_card();
}
END_TEST

/* A head that lies by one: BF36 announces a byte more, or less, than comes. */
START_TEST(whole_head_lies)
{
	struct es10_answer an;
	struct attempt t;

	insert_card(&rsp_crypto_none);
	start(&t, ICCID_NEW);
	attempt_build(&t);
	/* BF36 82 xx xx */
	*byte_of(&t, 0, 4) = (char)(*byte_of(&t, 0, 4) + (_i ? 1 : -1));
	load(&t, &an);
	check_result(&an, ES10_CMD_ELEMENTS, ES10_LOAD_STRUCTURE, "BF36");
	remove_card();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/euicc_load");
	TCase *tc = tcase_create("package");
	SRunner *runner;
	int failures;

	pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1, .repeatable = true });
	clock_init(&now, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	rsp_pki_make_ci(pki, RSP_P256);
	rsp_pki_make_ci(pki, RSP_BRAINPOOL);
	full = rsp_crypto_full_new(pki);
	tcase_add_loop_test(tc, failed, 0, 2 * CASES);
	tcase_add_test(tc, every_pair);
	tcase_add_loop_test(tc, taken, 0, 16);
	tcase_add_loop_test(tc, long_segments, 0, 8);
	tcase_add_loop_test(tc, whole_head_lies, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	rsp_crypto_full_free(full);
	rsp_pki_free(pki);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
