#include "cli/bench_rsp.h"

#include "proto/eid.h"
#include "proto/es9.h"
#include "proto/iccid.h"

#include <stdio.h>

enum { NOTE_JSON_MAX = 64 << 10 };

static void eid_of(char eid[EID_SIZE], unsigned number)
{
	eid_make(eid, STR("89049032"), number + 1);
}

int bench_rsp_offer(struct smdp *s, unsigned first, unsigned count, struct err *err)
{
	char iccid[ICCID_SIZE], id[24];

	for (unsigned i = first; i < first + count; i++) {
		struct smdp_profile_spec spec = { .spn = STR("Mobile"),
						  .profile_name = STR("Bench") };

		iccid_make(iccid, STR("894400"), i + 1);
		snprintf(id, sizeof(id), "BENCH-%07u", i);
		spec.iccid = str_of(iccid);
		spec.matching_id = str_of(id);
		if (smdp_add_profile(s, &spec, err) < 0)
			return -1;
	}
	return 0;
}

static int64_t no_time(void *arg)
{
	(void)arg;
	return 0;
}

static bool online(void *arg)
{
	(void)arg;
	return true;
}

/* ---- One after the other. ------------------------------------------------ */

static void take_turn(struct buyer *b)
{
	b->number = b->all->next++;
	loop_defer(b->all->loop, &b->next);
}

static void over(struct buyer *b)
{
	struct buyers *all = b->all;

	if (all->next < all->end && !all->failed)
		take_turn(b);
	else if (--all->busy == 0)
		loop_stop(all->loop);
}

static void fail(struct buyer *b, const char *what, struct str why)
{
	if (!b->all->failed)
		err_set(&b->all->err, ERR_STATE, "bench: a download: %s: %.*s", what,
			STRF(why));
	b->all->failed = true;
	over(b);
}

static void note_taken(struct http_call *c)
{
	struct buyer *b = c->owner;

	b->note = NULL;
	if (c->failure != HTTP_OK || c->resp.status != 204) {
		fail(b, "handleNotification", str_of(http_failure_name(c->failure)));
		return;
	}
	over(b);
}

static void hand_in(struct buyer *b)
{
	const struct es9_message m = { .notification = b->card.notes->der };
	struct err err;
	struct buf json;

	buf_init(&json, NOTE_JSON_MAX);
	es9_request_print(&json, ES9_HANDLE_NOTIFICATION, &m);
	b->note = lpa_es9_call(b->all->net, STR("bench"), str_of(BENCH_SMDP),
			       es9_function_name(ES9_HANDLE_NOTIFICATION),
			       buf_view(&json), &err);
	buf_release(&json);
	if (!b->note) {
		fail(b, "handleNotification", str_of(err.msg));
		return;
	}
	b->note->done = note_taken;
	b->note->owner = b;
	http_call_send(b->note);
}

static void done(void *arg, const struct lpa_result *r)
{
	struct buyer *b = arg;

	if (r->ok)
		hand_in(b);
	else
		fail(b, r->code, r->message);
	lpa_free(b->lpa);
	b->lpa = NULL;
}

/* The SM-DP+ has authenticated the card.  Freeing is for a later turn. */
static void learned(void *arg, const char *iccid)
{
	struct buyer *b = arg;

	(void)iccid;
	if (b->all->leave)
		over(b);
}

static void leave(struct buyer *b)
{
	lpa_free(b->lpa);
	b->lpa = NULL;
	if (b->note)
		http_call_cancel(b->note);
	b->note = NULL;
	if (b->sits)
		euicc_release(&b->card);
	b->sits = false;
}

static void sit_down(struct buyer *b, unsigned number)
{
	struct rng rng;

	leave(b);
	eid_of(b->eid, number);
	rng_init(&rng, 1, str_of(b->eid), STR("card"));
	euicc_init(&b->card, &b->all->shared, str_of(b->eid), EUICC_MEMORY, rng);
	b->sits = true;
}

static void start_next(struct task *t)
{
	struct buyer *b = (struct buyer *)((char *)t - offsetof(struct buyer, next));
	struct buyers *all = b->all;
	struct lpa_config config = {
		.loop = all->loop, .net = all->net, .log = all->log,
		.party = STR("bench"), .euicc = &b->card, .arg = b,
		.apdu_ns = no_time, .install_ns = no_time, .online = online,
		.learned = learned, .done = done,
	};
	struct activation_code ac = { .smdp_address = STR(BENCH_SMDP) };
	char id[24];

	sit_down(b, b->number);
	snprintf(id, sizeof(id), "BENCH-%07u", b->number);
	ac.matching_id = str_of(id);
	b->lpa = lpa_start(&config, &ac, STR_NONE);
}

/* ---- All of them. ---------------------------------------------------------- */

void buyers_init(struct buyers *b, struct loop *loop, struct network *net,
		 struct eventlog *log, const struct rsp_crypto *crypto)
{
	*b = (struct buyers){
		.loop = loop, .net = net, .log = log,
		.shared = { .crypto = crypto, .clock = &loop->clock },
	};
	for (size_t i = 0; i < BENCH_SEATS; i++) {
		b->list[i].all = b;
		b->list[i].next.run = start_next;
	}
}

void buyers_release(struct buyers *b)
{
	for (size_t i = 0; i < BENCH_SEATS; i++) {
		loop_undefer(b->loop, &b->list[i].next);
		leave(&b->list[i]);
	}
}

int buyers_prepare(struct buyers *b, unsigned first, unsigned count, struct err *err)
{
	const struct rsp_crypto *c = b->shared.crypto;
	struct arena a = { 0 };
	char eid[EID_SIZE];
	int rc = 0;

	for (unsigned i = first; i < first + count && rc == 0; i++) {
		struct rsp_identity id;

		eid_of(eid, i);
		rc = c->identity(c, RSP_ROLE_EUICC, 0, str_of(eid), STR_NONE, &a, &id, err);
	}
	arena_release(&a);
	return rc;
}

int buyers_download(struct buyers *b, unsigned first, unsigned count, struct err *err)
{
	b->next = first;
	b->end = first + count;
	for (size_t i = 0; i < BENCH_SEATS && i < count; i++) {
		b->busy++;
		take_turn(&b->list[i]);
	}
	if (loop_run(b->loop, err) < 0)
		return -1;
	if (!b->failed)
		return 0;
	*err = b->err;
	return -1;
}
