/*
 * Goal: whatever message comes in whatever state of a download, in the wrong order, again,
 * from another session or on another channel, the card answers as SGP.22 has it and is
 * then in a state that it should be in.
 * Method: every message in every state, as APDUs, with all cryptography.  Which state
 * the card is in afterwards is found out by going on from there: a card that was said
 * to wait for a segment has to end with a profile.
 * Oracle: lines of words, of which exactly one fits each case.
 */
#include "devices/isdr.h"
#include "devices/test_attempt.h"
#include "proto/hex.h"
#include "proto/rsp_pki.h"

static struct rsp_pki *pki;
static struct rsp_crypto *full;
static struct clock now;
static struct euicc_shared shared;
static struct arena arena;
static struct euicc card;
static struct isdr isdr;
static struct attempt own, other;

/* ---- States, and how to get from one to the next. ------------------------------ */

/* Steps of a download: what was done last names the state. */
static const char *const states[] = {
	"idle", "challenged", "authenticated", "prepared", "loading-1", "loading-2",
	"loading-3", "loading-4", "loading-5", "loading-6",
};
enum { STATES = 10, PREPARED = 3, SEGMENTS = 7 };

static void insert_card(uint64_t seed)
{
	shared = (struct euicc_shared){ .crypto = full, .clock = &now };
	euicc_init(&card, &shared, str_of(EID), 0, (struct rng){ seed });
	ck_assert_int_eq(euicc_install(&card, &(struct euicc_profile_spec){
		.iccid = str_of(ICCID_A), .class = PROFILE_CLASS_OPERATIONAL,
		.memory = 1000 }), ES10_OK);
	isdr_init(&isdr, &card);
	ck_assert_int_eq(isdr_open_channel(&isdr, isdr_aid()), 1);
	ck_assert_int_eq(isdr_open_channel(&isdr, isdr_aid()), 2);
}

static void remove_card(void)
{
	isdr_release(&isdr);
	euicc_release(&card);
}

static unsigned status_of(struct str s)
{
	return (unsigned)((unsigned char)s.p[s.n - 2] << 8 | (unsigned char)s.p[s.n - 1]);
}

static struct str transmit(const unsigned char *head, size_t n, struct str data)
{
	struct buf b = peer_buf(), out = peer_buf();

	buf_add(&b, head, n);
	buf_str(&b, data);
	isdr_transmit(&isdr, buf_view(&b), &out);
	buf_release(&b);
	return peer_take(&out, &arena);
}

/* A command of ES10 on a channel; the answer is empty if the status word is not 9000. */
static struct str send(unsigned channel, struct str command, unsigned *sw)
{
	struct buf all = peer_buf();
	unsigned char cla = (unsigned char)(0x80 | channel), block = 0;
	size_t at = 0;

	do {
		size_t n = command.n - at < 255 ? command.n - at : 255;
		unsigned char head[] = { cla, 0xE2, at + n < command.n ? 0x11 : 0x91,
					 block++, (unsigned char)n };

		*sw = status_of(transmit(head, sizeof(head), (struct str){ command.p + at, n }));
		at += n;
	} while (at < command.n && *sw == SW_OK);
	while (*sw >> 8 == 0x61) {
		unsigned char get[] = { cla, 0xC0, 0, 0, (unsigned char)*sw };
		struct str part = transmit(get, sizeof(get), STR(""));

		buf_add(&all, part.p, part.n - 2);
		*sw = status_of(part);
	}
	return peer_take(&all, &arena);
}

static struct str value_of(struct str answer, uint32_t tag, uint32_t inner)
{
	struct tlv t;
	struct err err = { 0 };

	ck_assert_msg(tlv_whole(answer, tag, &t, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(tlv_find(t.value, inner, &t, &err), 1);
	return t.value;
}

/* The n-th step, which is to succeed. */
static void step(struct attempt *t, int n)
{
	struct rsp_notification note;
	struct str answer;
	struct err err;
	unsigned sw;

	switch (n) {
	case 0:
		answer = send(1, STR("\xBF\x2E\x00"), &sw);
		t->challenge = value_of(answer, 0xBF2E, 0x80);
		break;
	case 1:
		attempt_authenticated(t, send(1, attempt_authenticate(t), &sw));
		break;
	case 2:
		attempt_prepared(t, send(1, attempt_prepare(t), &sw));
		t->spec.ppk = &t->ppk;
		attempt_build(t);
		ck_assert_uint_eq(t->count, SEGMENTS);
		break;
	default:
		answer = send(1, t->segments[n - PREPARED], &sw);
		ck_assert_uint_eq(sw, SW_OK);
		if (n < STATES - 1) {
			ck_assert_uint_eq(answer.n, 0);
			return;
		}
		ck_assert_int_eq(rsp_notification_read(answer, &note, &err), 0);
		ck_assert(note.data.success);
	}
	ck_assert_uint_eq(sw, SW_OK);
}

static void reach(struct attempt *t, int state)
{
	for (int n = 0; n < state; n++)
		step(t, n);
}

/* From that state on to the end: there is the profile. */
static void finish(struct attempt *t, int state)
{
	unsigned sw;

	if (state < PREPARED) {
		/* No session that would take a segment. */
		send(2, STR("\x86\x03\x01\x02\x03"), &sw);
		ck_assert_uint_eq(sw, SW_CONDITIONS);
	}
	for (int n = state; n < STATES; n++)
		step(t, n);
	ck_assert_ptr_nonnull(euicc_find(&card, str_of(ICCID_NEW)));
}

/* ---- Messages. -------------------------------------------------------------------- */

static const char *const messages[] = {
	"challenge", "own-authenticate", "other-authenticate", "own-prepare", "other-prepare",
	"own-cancel", "other-cancel",
	"own-0", "own-1", "own-2", "own-3", "own-4", "own-5", "own-6",
	"other-0", "other-1", "other-2", "other-3", "other-4", "other-5", "other-6",
	"get-eid", "info1", "info2", "rat", "addresses", "default-dp", "profiles", "list",
	"retrieve", "remove", "nickname", "enable", "disable", "delete", "reset",
	"no-function", "no-tlv", "empty-authenticate", "empty-prepare", "empty-cancel",
	"cut-segment", "power",
};
enum { MESSAGES = sizeof(messages) / sizeof(messages[0]) };

/* Those that are the same in every state. */
static const struct {
	const char *message, *hex;
} fixed[] = {
	{ "challenge", "BF2E00" }, { "get-eid", "BF3E035C015A" }, { "info1", "BF2000" },
	{ "info2", "BF2200" }, { "rat", "BF4300" }, { "addresses", "BF3C00" },
	{ "default-dp", "BF3F0C800A736D64702E6C6F63616C" }, { "profiles", "BF2D00" },
	{ "list", "BF2800" }, { "retrieve", "BF2B00" }, { "remove", "BF3003800109" },
	{ "nickname", "BF290F5A0A984400000000000010F7900161" },
	{ "enable", "BF3111A00C5A0A984400000000000010F78101FF" },
	{ "disable", "BF3211A00C5A0A984400000000000010F78101FF" },
	{ "delete", "BF330C5A0A984400000000000010F7" }, { "reset", "BF340482020780" },
	{ "no-function", "BF5500" }, { "no-tlv", "BF2E05" }, { "empty-authenticate", "BF3800" },
	{ "empty-prepare", "BF2100" }, { "empty-cancel", "BF4100" }, { "cut-segment", "A00587" },
};

/* False: the own session has not come so far that there could be one. */
static bool message_of(const char *name, int state, struct str *m)
{
	struct attempt *t = strncmp(name, "own", 3) == 0 ? &own : &other;
	const char *what = strchr(name, '-');
	struct err err;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(fixed[i].message, name) == 0)
			return hex_decode(&arena, str_of(fixed[i].hex), m, &err) == 0;
	what++;
	if (strcmp(what, "cancel") == 0)
		*m = attempt_cancel(t);
	else if (t == &own && state < (*what == 'a' ? 1 : *what == 'p' ? 2 : PREPARED))
		return false;
	else if (*what == 'a')
		*m = attempt_authenticate(t);
	else if (*what == 'p')
		*m = attempt_prepare(t);
	else
		*m = t->segments[*what - '0'];
	return true;
}

/* ---- What is to come of it. --------------------------------------------------------- */

/* message, state: outcome, next state.  A star is anything, a bar is "or"; "=" is the
 * same state, "+" the next one. */
static const char *const lines[] = {
	"challenge * ok challenged",
	"own-authenticate challenged ok +",
	"own-authenticate authenticated|prepared|loading noSessionContext idle",
	"other-authenticate challenged euiccChallengeMismatch idle",
	"other-authenticate idle|authenticated|prepared|loading noSessionContext idle",
	"own-prepare authenticated ok +",
	"own-prepare prepared|loading noSessionContext idle",
	"other-prepare authenticated invalidSignature idle",
	"other-prepare idle|challenged|prepared|loading noSessionContext idle",
	"own-cancel authenticated|prepared|loading ok idle",
	"own-cancel idle|challenged invalidTransactionId =",
	"other-cancel * invalidTransactionId =",

	/* Segments: the one that is due, and any other. */
	"own-0 prepared ok +",
	"own-1|own-2|own-3|own-4|own-5|own-6 prepared "
		"initialiseSecureChannel/scp03tStructureError idle",
	"own-1 loading-1 ok +",
	"own-0|own-2|own-3|own-4|own-5|own-6 loading-1 configureISDP/scp03tStructureError idle",
	"own-2 loading-2 ok +",
	"own-0|own-1|own-3|own-4|own-5|own-6 loading-2 storeMetadata/scp03tStructureError idle",
	"own-3 loading-3 ok +",
	"own-0|own-1|own-2|own-4|own-5|own-6 loading-3 storeMetadata/scp03tStructureError idle",
	"own-4 loading-4 ok +",
	/* Without new keys that is good, until it shows that they are used. */
	"own-5|other-5 loading-4 ok without-keys",
	"own-0|own-1|own-2|own-3|own-6 loading-4 replaceSessionKeys/scp03tStructureError idle",
	"own-5 loading-5 ok +",
	"own-0|own-1|own-2|own-3|own-4|own-6 loading-5 "
		"loadProfileElements/scp03tStructureError idle",
	"own-6 loading-6 ok installed",
	"own-0|own-1|own-2|own-3|own-4|own-5 loading-6 "
		"loadProfileElements/scp03tStructureError idle",

	/* Those of another session have another transaction id and other keys; heads are
	 * the same. */
	"other-0 prepared initialiseSecureChannel/invalidTransactionId idle",
	"other-1|other-2|other-3|other-4|other-5|other-6 prepared "
		"initialiseSecureChannel/scp03tStructureError idle",
	"other-1 loading-1 configureISDP/scp03tSecurityError idle",
	"other-0|other-2|other-3|other-4|other-5|other-6 loading-1 "
		"configureISDP/scp03tStructureError idle",
	"other-2 loading-2 ok +",
	"other-0|other-1|other-3|other-4|other-5|other-6 loading-2 "
		"storeMetadata/scp03tStructureError idle",
	"other-3 loading-3 storeMetadata/scp03tSecurityError idle",
	"other-0|other-1|other-2|other-4|other-5|other-6 loading-3 "
		"storeMetadata/scp03tStructureError idle",
	"other-4 loading-4 replaceSessionKeys/scp03tSecurityError idle",
	"other-0|other-1|other-2|other-3|other-6 loading-4 "
		"replaceSessionKeys/scp03tStructureError idle",
	"other-5 loading-5 ok +",
	"other-0|other-1|other-2|other-3|other-4|other-6 loading-5 "
		"loadProfileElements/scp03tStructureError idle",
	/* The keys of A2 are the profile's, and here they are the same. */
	"other-6 loading-6 ok installed",
	"other-0|other-1|other-2|other-3|other-4|other-5 loading-6 "
		"loadProfileElements/scp03tStructureError idle",
	"other-0|other-1|other-2|other-3|other-4|other-5|other-6 idle|challenged|authenticated "
		"6985 =",

	/* What has nothing to do with a download does not touch it. */
	"get-eid|info1|info2|rat|addresses|default-dp|profiles|list|nickname|enable * ok =",
	"retrieve * noResultAvailable =",
	"remove * nothingToDelete =",
	"disable * profileNotInEnabledState =",
	"delete|reset * ok =",
	"no-function * 6A88 =",
	"no-tlv|empty-authenticate|empty-prepare * 6A80 =",
	"empty-cancel * undefinedError =",
	"cut-segment prepared initialiseSecureChannel/scp03tStructureError idle",
	"cut-segment loading-1 configureISDP/scp03tStructureError idle",
	"cut-segment loading-2|loading-3 storeMetadata/scp03tStructureError idle",
	"cut-segment loading-4 replaceSessionKeys/scp03tStructureError idle",
	"cut-segment loading-5|loading-6 loadProfileElements/scp03tStructureError idle",
	"cut-segment idle|challenged|authenticated 6985 =",
	"power * - idle",
};

static bool fits(const char *patterns, const char *word)
{
	struct str rest = str_of(patterns);

	while (rest.n) {
		struct str one = str_split(&rest, '|');

		if (str_is(one, "*") || str_eq(one, str_of(word)) ||
		    (str_is(one, "loading") && strncmp(word, "loading-", 8) == 0))
			return true;
	}
	return false;
}

static void find_line(const char *message, const char *state, char outcome[64], char next[32])
{
	char m[128], s[64], o[64], n[32];
	int found = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(sscanf(lines[i], "%127s %63s %63s %31s", m, s, o, n) == 4, "%s",
			      lines[i]);
		if (!fits(m, message) || !fits(s, state))
			continue;
		memcpy(outcome, o, sizeof(o));
		memcpy(next, n, sizeof(n));
		found++;
	}
	ck_assert_msg(found == 1, "%d lines for %s in %s", found, message, state);
}

/* ---- What came of it. ---------------------------------------------------------------- */

static const struct {
	uint32_t tag, error;
	enum es10_function function;
} answers[] = {
	{ 0xBF38, 0xA1, ES10_AUTHENTICATE_SERVER }, { 0xBF21, 0xA1, ES10_PREPARE_DOWNLOAD },
	{ 0xBF41, 0x81, ES10_CANCEL_SESSION }, { 0xBF2B, 0x81, ES10_RETRIEVE_NOTIFICATIONS },
	{ 0xBF30, 0x80, ES10_REMOVE_NOTIFICATION }, { 0xBF31, 0x80, ES10_ENABLE_PROFILE },
	{ 0xBF32, 0x80, ES10_DISABLE_PROFILE }, { 0xBF33, 0x80, ES10_DELETE_PROFILE },
	{ 0xBF34, 0x80, ES10_MEMORY_RESET }, { 0xBF29, 0x80, ES10_SET_NICKNAME },
	{ 0xBF3F, 0x80, ES10_SET_DEFAULT_DP },
};

static const char *result_word(struct str answer)
{
	struct rsp_notification n;
	struct err err = { 0 };

	ck_assert_msg(rsp_notification_read(answer, &n, &err) == 0, "%s", err.msg);
	if (n.data.success)
		return "ok";
	return arena_printf(&arena, "%s/%s", es10_command_name((int)n.data.command),
			    es10_result_name(ES10_LOAD_PACKAGE, (int)n.data.reason)).p;
}

static const char *word_for(struct str answer, unsigned sw)
{
	struct str rest = answer;
	struct tlv t, part;
	struct err err;
	uint64_t code;

	if (sw != SW_OK)
		return arena_printf(&arena, "%04X", sw).p;
	if (!answer.n)
		return "ok";
	ck_assert_int_eq(tlv_next(&rest, &t, &err), 1);
	ck_assert_uint_eq(rest.n, 0);
	if (t.tag == RSP_TAG_INSTALL_RESULT)
		return result_word(answer);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].tag != t.tag || tlv_find(t.value, answers[i].error, &part, &err) <= 0)
			continue;
		/* A1 { 80 transaction id, 02 code } */
		if (answers[i].error == 0xA1)
			ck_assert_int_eq(tlv_find(part.value, TLV_INTEGER, &part, &err), 1);
		ck_assert_int_eq(tlv_uint(part.value, &code), 0);
		return es10_result_name(answers[i].function, (int)code);
	}
	return "ok";
}

static void check_whole(void)
{
	unsigned enabled = 0;

	for (size_t i = 0; i < card.profile_count; i++) {
		enabled += card.profiles[i].enabled;
		ck_assert_ptr_eq(euicc_find(&card, str_of(card.profiles[i].iccid)),
				 &card.profiles[i]);
	}
	ck_assert_uint_le(enabled, 1);
	ck_assert_uint_le(euicc_memory_used(&card), card.memory);
}

/* The card is in the state that has that name: go on from there. */
static void check_state(const char *next, int state)
{
	int n = 0;
	unsigned sw;
	struct str answer;

	if (strcmp(next, "installed") == 0) {
		ck_assert_ptr_nonnull(euicc_find(&card, str_of(ICCID_NEW)));
		return;
	}
	ck_assert_ptr_null(euicc_find(&card, str_of(ICCID_NEW)));
	if (strcmp(next, "without-keys") == 0) {
		answer = send(1, own.segments[6], &sw);
		ck_assert_str_eq(word_for(answer, sw), "loadProfileElements/scp03tSecurityError");
		finish(&own, 0);
		return;
	}
	if (strcmp(next, "=") == 0 || strcmp(next, "+") == 0)
		n = state + (*next == '+');
	else
		while (strcmp(states[n], next) != 0)
			n++;
	finish(&own, n);
}

static void try(const char *message, int state, unsigned channel)
{
	char outcome[64], next[32];
	struct str m = STR(""), answer;
	const char *word = "-";
	unsigned sw;

	insert_card(11);
	attempt_init(&own, full, 0, &arena, ICCID_NEW, "0123456789ABCDEF");
	reach(&own, state);
	if (strcmp(message, "power") == 0) {
		isdr_reset(&isdr);
		isdr_open_channel(&isdr, isdr_aid());
		isdr_open_channel(&isdr, isdr_aid());
	} else if (message_of(message, state, &m)) {
		answer = send(channel, m, &sw);
		word = word_for(answer, sw);
		/* Its challenge is the one to go on with. */
		if (strcmp(message, "challenge") == 0)
			own.challenge = value_of(answer, 0xBF2E, 0x80);
		if (strcmp(message, "own-authenticate") == 0 && strcmp(word, "ok") == 0)
			attempt_authenticated(&own, answer);
		if (strcmp(message, "own-prepare") == 0 && strcmp(word, "ok") == 0) {
			attempt_prepared(&own, answer);
			own.spec.ppk = &own.ppk;
			attempt_build(&own);
		}
	} else {
		remove_card();
		return;
	}
	check_whole();
	find_line(message, states[state], outcome, next);
	ck_assert_msg(strcmp(word, outcome) == 0, "%s in %s, channel %u: %s, expected %s",
		      message, states[state], channel, word, outcome);
	check_state(next, state);
	check_whole();
	remove_card();
}

/* A session with another card of the same kind, up to all of its segments. */
static void make_other(void)
{
	arena = (struct arena){ 0 };
	insert_card(22);
	attempt_init(&other, full, 0, &arena, ICCID_NEW, "another session!");
	reach(&other, PREPARED);
	remove_card();
}

START_TEST(every_message)
{
	make_other();
	for (size_t m = 0; m < MESSAGES; m++)
		for (unsigned channel = 1; channel <= 2; channel++)
			try(messages[m], _i, channel);
	arena_release(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/euicc_space");
	TCase *tc = tcase_create("every message in every state");
	SRunner *runner;
	int failures;

	clock_init(&now, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1, .repeatable = true });
	rsp_pki_make_ci(pki, RSP_P256);
	full = rsp_crypto_full_new(pki);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_message, 0, STATES);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	rsp_crypto_full_free(full);
	rsp_pki_free(pki);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
