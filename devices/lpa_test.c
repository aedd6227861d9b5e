/*
 * Goal: a download ends in a whole profile or in none, with a result that
 * says why, and the SM-DP+ is told what it must be told.
 * Method: a small SM-DP+ with one fault at a time; the outcomes are a table.
 */
#include "devices/test_peers.h"
#include "proto/hex.h"

struct run {
	struct peers peers;
	struct euicc card;
	struct lpa *lpa;
	bool online, consent;
	bool done, ok;
	char code[32], message[256], subject[32], reason[32], iccid[ICCID_SIZE];
	char learned[ICCID_SIZE];
	char steps[2048];		/* names, with a space behind each */
	struct eventlog_listener listener;
	struct instant ended;
};

static int64_t no_time(void *arg)
{
	(void)arg;
	return 0;
}

static bool is_online(void *arg)
{
	return ((struct run *)arg)->online;
}

static void learned(void *arg, const char *iccid)
{
	struct run *r = arg;

	snprintf(r->learned, sizeof(r->learned), "%s", iccid);
}

static void over(void *arg, const struct lpa_result *res)
{
	struct run *r = arg;

	ck_assert(!r->done);
	r->done = true;
	r->ok = res->ok;
	snprintf(r->code, sizeof(r->code), "%s", res->code);
	snprintf(r->message, sizeof(r->message), "%.*s", STRF(res->message));
	snprintf(r->subject, sizeof(r->subject), "%.*s", STRF(res->subject));
	snprintf(r->reason, sizeof(r->reason), "%.*s", STRF(res->reason));
	snprintf(r->iccid, sizeof(r->iccid), "%s", res->iccid);
	r->ended = loop_now(&r->peers.loop);
	lpa_free(r->lpa);
	r->lpa = NULL;
}

static void tell(struct eventlog_listener *l, const struct event *e,
		 struct str line)
{
	struct run *r = (struct run *)((char *)l - offsetof(struct run, listener));
	size_t n = strlen(r->steps);

	(void)line;
	if (strcmp(e->name, "download-step") == 0)
		snprintf(r->steps + n, sizeof(r->steps) - n, "%.*s ",
			 STRF(event_str(e, "step")));
}

static void run_init(struct run *r)
{
	static struct euicc_shared shared = { .crypto = &rsp_crypto_none };

	*r = (struct run){ .online = true };
	peers_init(&r->peers);
	r->listener.tell = tell;
	eventlog_listen(&r->peers.log, &r->listener);
	euicc_init(&r->card, &shared, str_of(EID), 100000, (struct rng){ 3 });
}

static void run_start(struct run *r, const char *confirmation_code)
{
	struct activation_code ac = {
		.smdp_address = str_of(SMDP), .matching_id = STR("SECRET-ID"),
	};
	struct lpa_config config = {
		.loop = &r->peers.loop, .net = r->peers.net, .log = &r->peers.log,
		.party = STR("device/test"), .order = STR("order-1"),
		.euicc = &r->card, .arg = r, .apdu_ns = no_time,
		.install_ns = no_time, .online = is_online, .learned = learned,
		.done = over, .consent = r->consent,
	};

	r->lpa = lpa_start(&config, &ac, str_of(confirmation_code));
}

static void run_release(struct run *r)
{
	lpa_free(r->lpa);
	euicc_release(&r->card);
	peers_release(&r->peers);
}

static void download(struct run *r, const char *confirmation_code)
{
	run_start(r, confirmation_code);
	peers_run(&r->peers, 3600 * NS_PER_S);
	ck_assert(r->done);
}

START_TEST(profile_is_installed)
{
	const struct euicc_profile *p;
	struct run r;

	run_init(&r);
	download(&r, NULL);
	ck_assert_msg(r.ok, "%s: %s", r.code, r.message);
	ck_assert_str_eq(r.code, "ok");
	ck_assert_str_eq(r.iccid, ICCID_NEW);
	ck_assert_str_eq(r.learned, ICCID_NEW);
	ck_assert_str_eq(r.peers.smdp.matching_id, "SECRET-ID");
	ck_assert_uint_eq(r.card.profile_count, 1);
	p = &r.card.profiles[0];
	ck_assert_str_eq(p->iccid, ICCID_NEW);
	ck_assert(!p->enabled);
	ck_assert_int_eq(p->class, PROFILE_CLASS_OPERATIONAL);
	ck_assert_uint_eq(p->memory, 1000);
	ck_assert(str_is(profile_text(p, TEXT_SPN), "Mobile"));
	ck_assert(str_is(profile_text(p, TEXT_SMDP), SMDP));
	ck_assert_ptr_null(r.card.session);
	ck_assert_int_eq(r.peers.smdp.cancel_reason, -1);
	/* One notification waits: the result. */
	ck_assert_uint_eq(r.card.note_count, 1);
	ck_assert_uint_eq(r.card.notes->event, NOTIFY_INSTALL);
	run_release(&r);
}
END_TEST

/* The steps in the order of SGP.22, 3.1.3; only segments repeat. */
START_TEST(steps_in_their_order)
{
	static const char *const want[] = {
		"get-euicc-challenge", "initiate-authentication",
		"authenticate-server", "authenticate-client",
		"prepare-download", "get-bound-profile-package",
		"load-segment", "store-result",
	};
	struct str steps, step, last = STR_NONE;
	size_t at = 0, segments = 0;
	struct run r;

	run_init(&r);
	download(&r, NULL);
	steps = str_of(r.steps);
	while (steps.p && (step = str_split(&steps, ' ')).n) {
		segments += str_is(step, "load-segment");
		if (str_eq(step, last))
			continue;
		ck_assert_uint_lt(at, sizeof(want) / sizeof(want[0]));
		ck_assert_msg(str_is(step, want[at]), "%.*s, expected %s",
			      STRF(step), want[at]);
		at++;
		last = step;
	}
	ck_assert_uint_eq(at, sizeof(want) / sizeof(want[0]));
	ck_assert_uint_ge(segments, 6);
	run_release(&r);
}
END_TEST

START_TEST(profile_without_spn)
{
	struct run r;

	run_init(&r);
	r.peers.smdp.spn = _i ? "" : NULL;
	download(&r, NULL);
	ck_assert(r.ok);
	ck_assert_int_eq(profile_text(&r.card.profiles[0], TEXT_SPN).p != NULL, _i);
	run_release(&r);
}
END_TEST

static const struct {
	const char *asked, *given;	/* NULL: no code */
	bool ok;
} codes[] = {
	{ "1234", "1234", true },
	{ "1234", "4321", false },
	{ "1234", NULL, false },
	{ NULL, "1234", true },
};

START_TEST(confirmation_code)
{
	struct run r;

	run_init(&r);
	r.peers.smdp.confirmation_code = codes[_i].asked;
	download(&r, codes[_i].given);
	ck_assert_int_eq(r.ok, codes[_i].ok);
	ck_assert_uint_eq(r.card.profile_count, codes[_i].ok);
	if (!codes[_i].ok) {
		ck_assert_str_eq(r.code, "smdpRefused");
		ck_assert_str_eq(r.subject, "8.2.7");
		ck_assert_str_eq(r.reason, "3.8");
		ck_assert_int_eq(r.peers.smdp.cancel_reason, 127);
	}
	run_release(&r);
}
END_TEST

/* ---- One fault at a time. ----------------------------------------------- */

/* `tries`: how often the function is asked.  `cancel`: the reason that the
 * SM-DP+ is given, -1 none.  `card`: the card's error it is given, or -1. */
static const struct {
	enum es9_function function;
	enum fault fault;
	const char *code;
	unsigned tries;
	int cancel, card;
} faults[] = {
#define INIT ES9_INITIATE_AUTHENTICATION
#define AUTH ES9_AUTHENTICATE_CLIENT
#define GET ES9_GET_BOUND_PROFILE_PACKAGE
	/* Before the card has a transaction there is nothing to cancel. */
	{ INIT, FAULT_500, "downloadFailed", 1, -1, -1 },
	{ INIT, FAULT_RESET, "smdpUnreachable", 3, -1, -1 },
	{ INIT, FAULT_CUT, "smdpUnreachable", 3, -1, -1 },
	{ INIT, FAULT_SILENT, "smdpUnreachable", 3, -1, -1 },
	{ INIT, FAULT_REFUSED, "smdpUnreachable", 3, -1, -1 },
	{ INIT, FAULT_TRUNCATED, "downloadFailed", 1, -1, -1 },
	{ INIT, FAULT_NOT_JSON, "downloadFailed", 1, -1, -1 },
	{ INIT, FAULT_EMPTY, "downloadFailed", 1, -1, -1 },
	{ INIT, FAULT_WRONG_TRANSACTION, "downloadFailed", 1, -1, -1 },
	{ INIT, FAULT_WRONG_ADDRESS, "downloadFailed", 1, -1, -1 },
	{ INIT, FAULT_FAILED, "smdpRefused", 1, -1, -1 },
	/* What the card finds goes to the SM-DP+ as its answer. */
	{ INIT, FAULT_BAD_SIGNATURE, "downloadFailed", 1, -1, 2 },
	{ INIT, FAULT_WRONG_CHALLENGE, "downloadFailed", 1, -1, 6 },
	/* An answer that is lost is not asked for again. */
	{ AUTH, FAULT_500, "downloadFailed", 1, 127, -1 },
	{ AUTH, FAULT_RESET, "smdpUnreachable", 1, 127, -1 },
	{ AUTH, FAULT_CUT, "smdpUnreachable", 1, 127, -1 },
	{ AUTH, FAULT_SILENT, "smdpUnreachable", 1, 2, -1 },
	{ AUTH, FAULT_REFUSED, "smdpUnreachable", 3, 127, -1 },
	{ AUTH, FAULT_TRUNCATED, "downloadFailed", 1, 127, -1 },
	{ AUTH, FAULT_NOT_JSON, "downloadFailed", 1, 127, -1 },
	{ AUTH, FAULT_EMPTY, "downloadFailed", 1, 127, -1 },
	{ AUTH, FAULT_WRONG_TRANSACTION, "downloadFailed", 1, 127, -1 },
	{ AUTH, FAULT_BAD_METADATA, "downloadFailed", 1, 4, -1 },
	{ AUTH, FAULT_FAILED, "smdpRefused", 1, 127, -1 },
	{ AUTH, FAULT_BAD_SIGNATURE, "downloadFailed", 1, -1, 2 },
	{ GET, FAULT_500, "downloadFailed", 1, 127, -1 },
	{ GET, FAULT_RESET, "smdpUnreachable", 1, 127, -1 },
	{ GET, FAULT_CUT, "smdpUnreachable", 1, 127, -1 },
	{ GET, FAULT_SILENT, "smdpUnreachable", 1, 2, -1 },
	{ GET, FAULT_REFUSED, "smdpUnreachable", 3, 127, -1 },
	{ GET, FAULT_TRUNCATED, "downloadFailed", 1, 127, -1 },
	{ GET, FAULT_NOT_JSON, "downloadFailed", 1, 127, -1 },
	{ GET, FAULT_EMPTY, "downloadFailed", 1, 127, -1 },
	{ GET, FAULT_WRONG_TRANSACTION, "downloadFailed", 1, 127, -1 },
	{ GET, FAULT_BAD_PACKAGE, "downloadFailed", 1, 5, -1 },
	{ GET, FAULT_SHORT_PACKAGE, "downloadFailed", 1, 5, -1 },
	{ GET, FAULT_FAILED, "smdpRefused", 1, 127, -1 },
#undef INIT
#undef AUTH
#undef GET
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

START_TEST(one_fault)
{
	struct run r;

	run_init(&r);
	r.peers.smdp.faulty = faults[_i].function;
	r.peers.smdp.fault = faults[_i].fault;
	download(&r, NULL);
	ck_assert(!r.ok);
	ck_assert_msg(strcmp(r.code, faults[_i].code) == 0, "%s: %s", r.code,
		      r.message);
	ck_assert_str_ne(r.message, "");
	ck_assert_ptr_null(strstr(r.message, "SECRET"));
	ck_assert_uint_eq(r.peers.smdp.calls[faults[_i].function],
			  faults[_i].tries);
	ck_assert_msg(r.peers.smdp.cancel_reason == faults[_i].cancel,
		      "cancelled with %d, expected %d (%s)",
		      r.peers.smdp.cancel_reason, faults[_i].cancel, r.message);
	ck_assert_int_eq(r.peers.smdp.card_error, faults[_i].card);
	ck_assert_str_eq(r.subject, faults[_i].fault == FAULT_FAILED ? "8.2.6" : "");
	ck_assert_str_eq(r.reason, faults[_i].fault == FAULT_FAILED ? "3.8" : "");
	ck_assert_uint_eq(r.card.profile_count, 0);
	ck_assert_uint_eq(r.card.note_count, 0);
	/* Bounded: three limits for the function, three to cancel, pauses. */
	ck_assert_int_le(r.ended.ns, 7 * LPA_TIMEOUT_NS);
	run_release(&r);
}
END_TEST

START_TEST(first_try_is_lost)
{
	struct run r;

	run_init(&r);
	r.peers.smdp.fault = _i ? FAULT_REFUSED : FAULT_RESET;
	r.peers.smdp.fault_times = 1;
	r.peers.smdp.faulty = _i ? ES9_GET_BOUND_PROFILE_PACKAGE :
			      ES9_INITIATE_AUTHENTICATION;
	download(&r, NULL);
	ck_assert_msg(r.ok, "%s", r.message);
	ck_assert_uint_eq(r.peers.smdp.calls[r.peers.smdp.faulty], 2);
	run_release(&r);
}
END_TEST

/* The SM-DP+ does not take the cancellation: that must not last for ever. */
START_TEST(cancel_is_not_answered)
{
	struct run r;

	run_init(&r);
	r.peers.smdp.ppr = 0;
	r.peers.smdp.confirmation_code = "1234";
	r.peers.smdp.faulty = ES9_CANCEL_SESSION;
	r.peers.smdp.fault = FAULT_SILENT;
	download(&r, NULL);
	ck_assert_str_eq(r.code, "smdpRefused");
	ck_assert_uint_eq(r.peers.smdp.calls[ES9_CANCEL_SESSION], 3);
	ck_assert_ptr_null(r.card.session);
	run_release(&r);
}
END_TEST

/* ---- What the card refuses at the end. ---------------------------------- */

static const struct {
	const char *what, *code;
	const char *message;
} refusals[] = {
	{ "memory", "memoryFull", "loadProfileElements: "
	  "installFailedDueToInsufficientMemoryForProfile" },
	/* Before the profile itself is sent. */
	{ "iccid", "duplicateIccid", "storeMetadata: "
	  "installFailedDueToIccidAlreadyExistsOnEuicc" },
	{ "mismatch", "downloadFailed", "loadProfileElements: "
	  "installFailedDueToDataMismatch" },
};

START_TEST(card_refuses)
{
	struct run r;
	size_t before;

	run_init(&r);
	if (strcmp(refusals[_i].what, "memory") == 0)
		r.peers.smdp.memory = 100001;
	if (strcmp(refusals[_i].what, "iccid") == 0)
		euicc_install(&r.card, &(struct euicc_profile_spec){
			.iccid = str_of(ICCID_NEW),
			.class = PROFILE_CLASS_OPERATIONAL });
	if (strcmp(refusals[_i].what, "mismatch") == 0) {
		r.peers.smdp.faulty = ES9_GET_BOUND_PROFILE_PACKAGE;
		r.peers.smdp.fault = FAULT_OTHER_ICCID;
	}
	before = r.card.profile_count;
	download(&r, NULL);
	ck_assert(!r.ok);
	ck_assert_str_eq(r.code, refusals[_i].code);
	ck_assert_str_eq(r.message, refusals[_i].message);
	ck_assert_uint_eq(r.card.profile_count, before);
	/* Told by its result, not by a cancellation. */
	ck_assert_int_eq(r.peers.smdp.cancel_reason, -1);
	ck_assert_uint_eq(r.card.note_count, 1);
	run_release(&r);
}
END_TEST

/* ---- What the card's rules say. ------------------------------------------ */

static const struct {
	const char *rat;
	unsigned ppr;
	const char *owner;
	bool consent, ok;
	int cancel;
} rules[] = {
	{ "none", 0, "62F210", false, true, -1 },
	{ "none", PPR_NO_DISABLE, "62F210", true, false, ES10_CANCEL_PPR },
	{ "ppr1 for any", PPR_NO_DISABLE, "62F210", false, true, -1 },
	{ "ppr1 for any", PPR_NO_DELETE, "62F210", false, false, ES10_CANCEL_PPR },
	{ "ppr2 for 26201", PPR_NO_DELETE, "62F210", false, true, -1 },
	{ "ppr2 for 26201", PPR_NO_DELETE, "62F220", true, false, ES10_CANCEL_PPR },
	{ "ppr2 for any with consent", PPR_NO_DELETE, "62F220", true, true, -1 },
	{ "ppr2 for any with consent", PPR_NO_DELETE, "62F220", false, false,
	  ES10_CANCEL_END_USER },
};

/* Refused before the card has anything of it. */
START_TEST(rules_are_asked)
{
	struct arena a = { 0 };
	struct euicc_rat rat;
	struct str digits;
	struct err err;
	struct run r;
	struct buf b = peer_buf();

	run_init(&r);
	ck_assert_int_eq(euicc_rat_parse(&rat, str_of(rules[_i].rat), &err), 0);
	euicc_set_rat(&r.card, &rat);
	ck_assert_int_eq(hex_decode(&a, str_of(rules[_i].owner), &digits, &err), 0);
	tlv_put(&b, 0x80, digits);
	r.peers.smdp.owner = peer_take(&b, &a);
	r.peers.smdp.ppr = rules[_i].ppr;
	r.consent = rules[_i].consent;
	download(&r, NULL);
	ck_assert_int_eq(r.ok, rules[_i].ok);
	ck_assert_int_eq(r.peers.smdp.cancel_reason, rules[_i].cancel);
	ck_assert_uint_eq(r.card.profile_count, rules[_i].ok);
	if (rules[_i].ok)
		ck_assert_uint_eq(r.card.profiles[0].ppr, rules[_i].ppr);
	ck_assert_uint_eq(r.peers.smdp.calls[ES9_GET_BOUND_PROFILE_PACKAGE], rules[_i].ok);
	run_release(&r);
	arena_release(&a);
}
END_TEST

/* ---- Network, and no network. ------------------------------------------- */

START_TEST(without_network)
{
	struct run r;

	run_init(&r);
	r.online = false;
	download(&r, NULL);
	ck_assert_str_eq(r.code, "smdpUnreachable");
	ck_assert_uint_eq(r.peers.smdp.calls[ES9_INITIATE_AUTHENTICATION], 0);
	run_release(&r);
}
END_TEST

START_TEST(link_lost_in_a_call)
{
	struct run r;

	run_init(&r);
	r.peers.smdp.faulty = ES9_GET_BOUND_PROFILE_PACKAGE;
	r.peers.smdp.fault = FAULT_SILENT;
	run_start(&r, NULL);
	peers_run(&r.peers, NS_PER_S);
	ck_assert(!r.done);
	r.online = false;
	lpa_link_lost(r.lpa);
	peers_run(&r.peers, 60 * NS_PER_S);
	ck_assert(r.done);
	ck_assert_str_eq(r.code, "smdpUnreachable");
	ck_assert_ptr_null(r.card.session);
	ck_assert_uint_eq(r.peers.smdp.calls[ES9_CANCEL_SESSION], 0);
	run_release(&r);
}
END_TEST

/* Taken away at any turn, it leaves nothing armed and no half profile. */
START_TEST(freed_at_any_turn)
{
	struct run r;

	run_init(&r);
	run_start(&r, NULL);
	r.peers.loop.turn_limit = (uint64_t)_i + 1;
	r.peers.loop.turns_here = 0;
	{
		struct err err;

		loop_run(&r.peers.loop, &err);
	}
	lpa_free(r.lpa);
	r.lpa = NULL;
	euicc_power_off(&r.card);
	ck_assert_ptr_null(r.card.session);
	ck_assert_uint_le(r.card.profile_count, 1);
	ck_assert_uint_eq(r.card.profile_count, r.card.note_count);
	run_release(&r);
}
END_TEST

/* ---- The card, asked out of turn. --------------------------------------- */

START_TEST(card_asked_out_of_turn)
{
	static const enum es10_tag tags[] = {
		ES10_TAG_AUTHENTICATE_SERVER, ES10_TAG_PREPARE_DOWNLOAD,
		ES10_TAG_LOAD_PACKAGE, ES10_TAG_CANCEL_SESSION,
	};
	struct arena a = { 0 };
	struct run r;

	run_init(&r);
	for (size_t i = 0; i < 4; i++) {
		struct rsp_cancel_request cancel = { STR("1234"), 0 };
		struct es10_request rq = { .tag = tags[i] };
		struct es10_answer an;
		struct buf b = peer_buf();

		rsp_cancel_request_write(&b, &cancel);
		rq.der = buf_view(&b);
		ck_assert_int_eq(euicc_call(&r.card, &rq, &a, &an), 0);
		ck_assert_int_eq(an.code, tags[i] == ES10_TAG_CANCEL_SESSION ?
				 ES10_CANCEL_TRANSACTION : ES10_UNDEFINED_ERROR);
		buf_release(&b);
	}
	arena_release(&a);
	run_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices/lpa");
	TCase *tc = tcase_create("download");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, profile_is_installed);
	tcase_add_test(tc, steps_in_their_order);
	tcase_add_loop_test(tc, profile_without_spn, 0, 2);
	tcase_add_loop_test(tc, confirmation_code, 0, 4);
	tcase_add_loop_test(tc, one_fault, 0, FAULTS);
	tcase_add_loop_test(tc, first_try_is_lost, 0, 2);
	tcase_add_test(tc, cancel_is_not_answered);
	tcase_add_loop_test(tc, card_refuses, 0, 3);
	tcase_add_loop_test(tc, rules_are_asked, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_test(tc, without_network);
	tcase_add_test(tc, link_lost_in_a_call);
	tcase_add_loop_test(tc, freed_at_any_turn, 0, 60);
	tcase_add_test(tc, card_asked_out_of_turn);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
