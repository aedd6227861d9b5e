/*
 * Goal: whatever a device or an operator sends, in whatever state, out of order, again
 * or for somebody else's session: the answer has the right code, the order is in the
 * right state, and no session is left over.
 * Method: long random walks over all messages, with three sessions of two eUICCs at one
 * order, against a model.  At the end every message must have been sent in every state
 * of its session and in every state of the order.
 * Oracle: the model below is a small table of its own, of SGP.22's words (3.1.3, 3.1.6,
 * 5.6.1 to 5.6.5), not of the code's.
 */
#include "smdp/test_euicc.h"

#include "sim/rng.h"

enum { SLOTS = 3, RING = 4, TRIES = 5, CODES_WRONG = 3 };
enum { STEPS = 100, STEPS_AFTER = 8, STEPS_ALL = 60000 };

/* ---- The model. ----------------------------------------------------------- */

enum order { IN_STOCK, RELEASED, DOWNLOADED, INSTALLED, FAILED, ORDERS };
enum stage { GONE, STARTED, AUTHENTICATED, DELIVERED, STAGES };

static const char *const order_names[ORDERS] = {
	"available", "released", "downloaded", "installed", "error",
};

struct session {
	enum stage stage;
	unsigned serial;	/* of its transaction */
	unsigned order;		/* that it was authenticated for */
	/* What the device has of it: */
	struct attempt attempt;
	struct es9_message initiated;
};

static struct model {
	enum order order;
	unsigned order_number, tries, codes_wrong;
	bool tried_too_often;	/* why it failed */
	const char *bound;	/* to which eUICC */
	struct { unsigned serial; bool reported; } ring[RING];
	unsigned delivered;	/* all ever; the last ones are in the ring */
	struct session slots[SLOTS];
	size_t abandoned;	/* sessions that their device has forgotten */
	unsigned serial;
	int64_t sequence;	/* of the last notification */
} m;

static unsigned sent_in_stage[64][STAGES], sent_in_order[64][ORDERS];

static void fail_order(bool tried_too_often)
{
	if (m.order != RELEASED && m.order != DOWNLOADED)
		return;
	m.order = FAILED;
	m.tried_too_often = tried_too_often;
}

/* May the package be had by that eUICC?  NULL, or why not. */
static const char *refusal(const char *eid)
{
	if (m.order == FAILED && m.tried_too_often)
		return "8.8.5/6.4";
	if (m.order != RELEASED && m.order != DOWNLOADED)
		return "8.2.6/3.8";
	if (m.order == DOWNLOADED && strcmp(m.bound, eid) != 0)
		return "8.1.1/3.8";
	return NULL;
}

static const char *model_authenticate(struct session *s, const char *fault)
{
	const char *code = fault;

	if (s->stage != STARTED)
		return "8.10.1/3.9";
	if (!code)
		code = refusal(s->attempt.eid);
	if (!code && m.tries == TRIES) {
		fail_order(true);
		code = "8.8.5/6.4";
	}
	s->stage = code ? GONE : AUTHENTICATED;
	if (code)
		return code;
	m.tries++;
	s->order = m.order_number;
	return "ok";
}

static const char *wrong_code(void)
{
	if (++m.codes_wrong < CODES_WRONG)
		return "8.2.7/3.8";
	fail_order(false);
	return "8.2.7/6.4";
}

static void deliver(const struct session *s)
{
	if (!m.bound || strcmp(m.bound, s->attempt.eid) != 0)
		m.delivered = 0;
	for (unsigned i = 0; i < RING && i < m.delivered; i++)
		if (m.ring[i].serial == s->serial)
			return;
	m.ring[m.delivered % RING].serial = s->serial;
	m.ring[m.delivered++ % RING].reported = false;
}

static const char *model_get(struct session *s, const char *fault, bool right_code)
{
	const char *code = fault;

	if (s->stage != AUTHENTICATED && s->stage != DELIVERED)
		return "8.10.1/3.9";
	if (!code && s->order != m.order_number)
		code = "8.2.6/3.8";
	if (!code)
		code = refusal(s->attempt.eid);
	if (!code && !right_code)
		code = wrong_code();
	s->stage = code ? GONE : DELIVERED;
	if (code)
		return code;
	m.codes_wrong = 0;
	deliver(s);
	m.order = DOWNLOADED;
	m.bound = s->attempt.eid;
	return "ok";
}

static const char *model_cancel(struct session *s, const char *fault, bool keeps)
{
	bool mine;

	if (s->stage == GONE)
		return "8.10.1/3.9";
	/* Whose signature it is nobody knows yet. */
	if (fault && (s->stage != STARTED || strcmp(fault, "8.1/6.1") != 0))
		return fault;
	mine = s->stage != STARTED && s->order == m.order_number;
	if (mine && keeps && m.tries)
		m.tries--;
	if (mine && !keeps && (m.order != DOWNLOADED ||
			       strcmp(m.bound, s->attempt.eid) == 0))
		fail_order(false);
	s->stage = GONE;
	return "ok";
}

enum result { GOOD, TEMPORARY, FINAL };

static void model_result(struct session *s, enum result r)
{
	unsigned i = 0;

	while (i < RING && i < m.delivered && m.ring[i].serial != s->serial)
		i++;
	if (i == RING || i == m.delivered || m.ring[i].reported)
		return;
	m.ring[i].reported = true;
	s->stage = GONE;
	if (r == GOOD && (m.order == RELEASED || m.order == DOWNLOADED ||
			  m.order == FAILED))
		m.order = INSTALLED;
	else if (m.order == DOWNLOADED && r == TEMPORARY && m.tries < TRIES)
		m.order = RELEASED;
	else if (m.order == DOWNLOADED && r != GOOD)
		fail_order(false);
}

static const char *model_take_back(void)
{
	if (m.order == DOWNLOADED || m.order == INSTALLED)
		return "8.2.1/3.3";
	if (m.order == IN_STOCK)
		return "8.2.1/3.5";
	m.order = IN_STOCK;
	return "ok";
}

static const char *model_order(void)
{
	if (m.order != IN_STOCK)
		return "8.2.1/3.3";
	m.order = RELEASED;
	m.order_number++;
	m.tries = m.codes_wrong = m.delivered = 0;
	m.bound = NULL;
	return "ok";
}

/* ---- Messages: what is sent, and what the model says of it. ------------------ */

static const char *expected;

static const char *begin(struct session *s)
{
	if (s->stage != GONE)
		m.abandoned++;
	s->stage = STARTED;
	s->serial = ++m.serial;
	expected = "ok";
	s->attempt.flags = 0;
	return initiate(&s->attempt, &s->initiated);
}

static const char *send_authenticate(struct session *s, unsigned flags, const char *fault)
{
	struct es9_message out;

	expected = model_authenticate(s, fault);
	s->attempt.flags = flags;
	return authenticate(&s->attempt, &s->initiated, &out);
}

static const char *good_client(struct session *s)
{
	return send_authenticate(s, 0, NULL);
}

static const char *bad_client(struct session *s)
{
	return send_authenticate(s, BAD_SIGNATURE1, "8.1/6.1");
}

static const char *other_client(struct session *s)
{
	return send_authenticate(s, BAD_SIGNED_TID, "8.10.1/3.9");
}

static const char *client_error(struct session *s)
{
	return send_authenticate(s, ERROR_BF38, "8.1/4.2");
}

static const char *send_get(struct session *s, unsigned flags, const char *fault,
			    const char *cc)
{
	struct es9_message out;

	expected = model_get(s, fault, strcmp(cc, "4711") == 0);
	s->attempt.flags = flags;
	s->attempt.cc = cc;
	return get_package(&s->attempt, &out);
}

static const char *good_get(struct session *s)
{
	return send_get(s, 0, NULL, "4711");
}

static const char *bad_get(struct session *s)
{
	return send_get(s, BAD_SIGNATURE2, "8.1/6.1", "4711");
}

static const char *other_get(struct session *s)
{
	return send_get(s, BAD_SIGNED2_TID, "8.10.1/3.9", "4711");
}

static const char *wrong_get(struct session *s)
{
	return send_get(s, 0, NULL, "1234");
}

static const char *get_error(struct session *s)
{
	return send_get(s, ERROR_BF21, "8.1/4.2", "4711");
}

static const char *postpone(struct session *s)
{
	expected = model_cancel(s, NULL, true);
	return cancel(s->attempt.transaction, ES10_CANCEL_POSTPONED);
}

static const char *reject(struct session *s)
{
	expected = model_cancel(s, NULL, false);
	return cancel(s->attempt.transaction, ES10_CANCEL_END_USER);
}

static const char *bad_cancel(struct session *s)
{
	expected = model_cancel(s, "8.1/6.1", false);
	return cancel_with(s->attempt.transaction, s->attempt.transaction, STR(OID),
			   ES10_CANCEL_END_USER, true);
}

static const char *other_cancel(struct session *s)
{
	expected = model_cancel(s, "8.10.1/3.9", false);
	return cancel_with(s->attempt.transaction, STR("0123456789ABCDEF"), STR(OID),
			   ES10_CANCEL_END_USER, false);
}

static const char *send_result(struct session *s, enum result r, int reason)
{
	model_result(s, r);
	expected = "ok";
	report_installation(s->attempt.transaction, ++m.sequence, reason, false);
	return "ok";
}

static const char *installed(struct session *s)
{
	return send_result(s, GOOD, 0);
}

static const char *interrupted(struct session *s)
{
	return send_result(s, TEMPORARY, ES10_LOAD_INTERRUPTED);
}

static const char *not_installed(struct session *s)
{
	return send_result(s, FINAL, ES10_LOAD_PE);
}

static const char *bad_result(struct session *s)
{
	expected = "ok";
	report_installation(s->attempt.transaction, ++m.sequence, 0, true);
	return "ok";
}

static const char *take_back(struct session *s)
{
	(void)s;
	expected = model_take_back();
	return es2("cancelOrder", "\"iccid\":\"" ICCID "\","
		   "\"finalProfileStatusIndicator\":\"Available\"");
}

static const char *order_again(struct session *s)
{
	const char *code = es2("downloadOrder", "\"iccid\":\"" ICCID "\"");

	(void)s;
	expected = model_order();
	if (strcmp(code, "ok") != 0)
		return code;
	return es2("confirmOrder", "\"iccid\":\"" ICCID "\",\"matchingId\":\"" MID "\","
		   "\"confirmationCode\":\"4711\",\"releaseFlag\":true");
}

static const char *half_an_hour(struct session *s)
{
	(void)s;
	expected = "ok";
	pass(1801);
	for (int i = 0; i < SLOTS; i++)
		m.slots[i].stage = GONE;
	m.abandoned = 0;
	return "ok";
}

static const struct {
	const char *name;
	const char *(*send)(struct session *s);
} messages[] = {
	{ "initiate", begin },
	{ "authenticate", good_client },
	{ "authenticate, bad signature", bad_client },
	{ "authenticate, other transaction", other_client },
	{ "authenticate, the eUICC's error", client_error },
	{ "get", good_get },
	{ "get, bad signature", bad_get },
	{ "get, other transaction", other_get },
	{ "get, wrong code", wrong_get },
	{ "get, the eUICC's error", get_error },
	{ "cancel, postponed", postpone },
	{ "cancel, rejected", reject },
	{ "cancel, bad signature", bad_cancel },
	{ "cancel, other transaction", other_cancel },
	{ "result, installed", installed },
	{ "result, interrupted", interrupted },
	{ "result, failed", not_installed },
	{ "result, bad signature", bad_result },
	{ "order taken back", take_back },
	{ "order given", order_again },
	{ "half an hour", half_an_hour },
};
enum { MESSAGES = sizeof(messages) / sizeof(messages[0]) };

/* ---- Walks. ----------------------------------------------------------------- */

static size_t open_sessions(void)
{
	size_t n = m.abandoned;

	for (int i = 0; i < SLOTS; i++)
		n += m.slots[i].stage != GONE;
	return n;
}

static void check_step(unsigned k, int slot, const char *code, int step)
{
	ck_assert_msg(strcmp(code, expected) == 0, "step %d: %s in session %d: %s, expected %s",
		      step, messages[k].name, slot, code, expected);
	ck_assert_msg(strcmp(state(ICCID), order_names[m.order]) == 0,
		      "step %d: after %s in session %d: %s, expected %s", step,
		      messages[k].name, slot, state(ICCID), order_names[m.order]);
	ck_assert_msg(smdp_session_count(w.smdp) == open_sessions(),
		      "step %d: after %s in session %d: %zu sessions, expected %zu", step,
		      messages[k].name, slot, smdp_session_count(w.smdp), open_sessions());
}

static void start(void)
{
	static const char *const eids[SLOTS] = { EID, EID, EID2 };

	m = (struct model){ .order = RELEASED };
	offer((struct smdp_profile_spec){ .matching_id = STR(MID),
					  .confirmation_code = STR("4711"),
					  .retries_max = TRIES });
	for (int i = 0; i < SLOTS; i++) {
		m.slots[i].attempt = (struct attempt){ .matching_id = MID, .eid = eids[i],
						       .key = (char)i };
		begin(&m.slots[i]);
	}
}

static unsigned index_of(const char *(*send)(struct session *))
{
	unsigned k = 0;

	while (messages[k].send != send)
		k++;
	return k;
}

/* Half of the time what gets on, or else any. */
static unsigned choose(struct rng *rng, const struct session *s)
{
	static const char *(*const next[STAGES])(struct session *) = {
		begin, good_client, good_get, interrupted,
	};

	if (rng_below(rng, 2))
		return (unsigned)rng_below(rng, MESSAGES);
	if (m.order == IN_STOCK)
		return index_of(order_again);
	if (m.order == FAILED && rng_below(rng, 3) == 0)
		return index_of(take_back);
	return index_of(next[s->stage]);
}

/* What is installed stays so: not much more can happen then. */
static int walk(struct rng *rng)
{
	int step = 0;

	start();
	for (int after = 0; step < STEPS && after < STEPS_AFTER; step++) {
		int slot = (int)rng_below(rng, SLOTS);
		unsigned k = choose(rng, &m.slots[slot]);

		after += m.order == INSTALLED;
		sent_in_stage[k][m.slots[slot].stage]++;
		sent_in_order[k][m.order]++;
		check_step(k, slot, messages[k].send(&m.slots[slot]), step);
	}
	/* All are forgotten in the end. */
	half_an_hour(NULL);
	ck_assert_uint_eq(smdp_session_count(w.smdp), 0);
	return step;
}

START_TEST(every_message_in_every_state)
{
	struct rng rng;

	rng_init(&rng, 1, STR("states"), STR("walks"));
	for (int steps = 0; steps < STEPS_ALL;) {
		steps += walk(&rng);
		teardown();
		setup();
	}
	for (unsigned k = 0; k < MESSAGES; k++) {
		for (unsigned s = 0; s < STAGES; s++)
			ck_assert_msg(sent_in_stage[k][s], "%s: never in stage %u",
				      messages[k].name, s);
		for (unsigned o = 0; o < ORDERS; o++)
			ck_assert_msg(sent_in_order[k][o], "%s: never while %s",
				      messages[k].name, order_names[o]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smdp/states");
	TCase *tc = tcase_create("walks");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_message_in_every_state);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
