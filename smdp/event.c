#include "smdp/internal.h"

#include "proto/es11.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* How long to wait after each try that failed; then it is given up.  Where an
 * operator waits for the answer there is one try. */
static const int64_t waits_ns[] = {
	1 * NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S, 600 * NS_PER_S,
};
enum { TRIES = 1 + sizeof(waits_ns) / sizeof(waits_ns[0]) };

#define CALL_TIMEOUT_NS (10 * NS_PER_S)

/* One function of ES12 on its way: a call in flight, or a timer that waits. */
struct smdp_event_call {
	struct smdp *smdp;
	enum es12_function function;
	char iccid[ICCID_SIZE];
	struct timer timer;
	struct http_call *call;
	unsigned tries;
	struct str smds;		/* owned: its address */
	struct str event_id;		/* owned */
	char eid[EID_SIZE];
	unsigned order;			/* of the profile when it began */
	smdp_event_told *told;		/* or NULL: tried again */
	void *arg;
	struct smdp_event_call *prev, *next;
};

static void send_call(struct smdp_event_call *c);
static void start_call(struct smdp *s, const struct smdp_event_call *about,
		       enum es12_function f, smdp_event_told *told, void *arg);

static void forget(struct smdp_event_call *c)
{
	struct smdp *s = c->smdp;

	loop_disarm(s->loop, &c->timer);
	if (c->call)
		http_call_cancel(c->call);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->event_calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->event_call_count--;
	smdp_keep(&c->smds, STR_NONE);
	smdp_keep(&c->event_id, STR_NONE);
	free(c);
}

void smdp_events_free(struct smdp *s)
{
	while (s->event_calls)
		forget(s->event_calls);
}

void smdp_dropped(struct smdp *s)
{
	/* Whoever was to be told is gone; what was asked for goes on. */
	for (struct smdp_event_call *c = s->event_calls; c; c = c->next)
		c->told = NULL;
}

/* ---- What came of it. --------------------------------------------------- */

/* The profile, if its order is still the one that the call is about. */
static struct smdp_profile *find_order(const struct smdp_event_call *c)
{
	struct smdp_profile *p = smdp_find_profile(c->smdp, str_of(c->iccid));

	return p && p->order == c->order ? p : NULL;
}

/* May the order still be downloaded, or soon? */
static bool is_open(const struct smdp_profile *p)
{
	return p->state == SMDP_CONFIRMED || p->state == SMDP_RELEASED ||
	       p->state == SMDP_DOWNLOADED;
}

static void log_outcome(const struct smdp_event_call *c, enum status_code code)
{
	struct smdp *s = c->smdp;

	if (code == STATUS_OK)
		EVENT(s->log, str_of(s->party), c->function == ES12_REGISTER_EVENT ?
		      "smds-event-registered" : "smds-event-deleted",
		      F_Z("iccid", c->iccid), F_STR("smds", c->smds));
	else
		EVENT(s->log, str_of(s->party), "smds-event-failed",
		      F_Z("function", es12_function_name(c->function)),
		      F_Z("iccid", c->iccid), F_STR("smds", c->smds),
		      F_Z("code", status_code_row(code)->name));
}

static void finish(struct smdp_event_call *c, enum status_code code)
{
	struct smdp_profile *p = find_order(c);

	log_outcome(c, code);
	if (p && c->function == ES12_REGISTER_EVENT)
		p->at_smds = code == STATUS_OK ? SMDP_AT_SMDS : SMDP_NOT_AT_SMDS;
	if (c->told)
		c->told(c->arg, p, code);
	/* The order may have ended while its event was on its way. */
	if (c->function == ES12_REGISTER_EVENT && code == STATUS_OK && !(p && is_open(p))) {
		if (p)
			p->at_smds = SMDP_NOT_AT_SMDS;
		start_call(c->smdp, c, ES12_DELETE_EVENT, NULL, NULL);
	}
	forget(c);
}

static void try_again(struct smdp_event_call *c, enum status_code code)
{
	if (c->told || c->tries == TRIES)
		finish(c, code);
	else
		loop_arm(c->smdp->loop, &c->timer, waits_ns[c->tries - 1]);
}

static void answered(struct http_call *call)
{
	struct smdp_event_call *c = call->owner;
	struct es9_message none;
	struct es9_status st = { 0 };
	struct err err;

	c->call = NULL;		/* the network frees it */
	/* Its header is that of ES9+, and cancelSession has nothing else. */
	if (call->failure != HTTP_OK || call->resp.status >= 500)
		try_again(c, STATUS_SMDS_INACCESSIBLE);
	else if (call->resp.status != 200 ||
		 es9_answer_parse(call->resp.body, ES9_CANCEL_SESSION, call->arena, &none,
				  &st, &err) < 0)
		finish(c, STATUS_SMDS_REFUSED);
	else if (st.failed && str_is(st.reason_code, "3.3") &&
		 c->function == ES12_REGISTER_EVENT && (c->tries > 1 || !c->told))
		finish(c, STATUS_OK);	/* an earlier try, or life, got there */
	else
		finish(c, st.failed ? STATUS_SMDS_REFUSED : STATUS_OK);
}

/* ---- Sending. ----------------------------------------------------------- */

static void wait_over(struct timer *t)
{
	send_call((struct smdp_event_call *)((char *)t -
		  offsetof(struct smdp_event_call, timer)));
}

static void send_call(struct smdp_event_call *c)
{
	struct smdp *s = c->smdp;
	char number[24];
	struct buf body;
	struct err err;

	c->tries++;
	c->call = http_call_new(s->net, str_of(s->party), "POST", &err, "https://%.*s%s%s",
				STRF(c->smds), ES12_PATH, es12_function_name(c->function));
	if (!c->call) {
		finish(c, STATUS_SMDS_INACCESSIBLE);
		return;
	}
	snprintf(number, sizeof(number), "%llu", (unsigned long long)++s->event_calls_ever);
	buf_init(&body, 8 << 10);
	es12_request_print(&body, c->function, &(struct es12_request){
		.requester = str_of(s->address), .call = str_of(number),
		.eid = str_of(c->eid), .event_id = c->event_id,
		.address = str_of(s->address),
	});
	http_call_header(c->call, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	http_call_body(c->call, "application/json", buf_view(&body));
	buf_release(&body);
	c->call->timeout_ns = CALL_TIMEOUT_NS;
	c->call->owner = c;
	c->call->done = answered;
	http_call_send(c->call);
}

static void link_call(struct smdp *s, struct smdp_event_call *c)
{
	c->next = s->event_calls;
	if (c->next)
		c->next->prev = c;
	s->event_calls = c;
	s->event_call_count++;
}

/* `about` is a model: whose event, and where. */
static void start_call(struct smdp *s, const struct smdp_event_call *about,
		       enum es12_function f, smdp_event_told *told, void *arg)
{
	struct smdp_event_call *c = calloc(1, sizeof(*c));

	assert(c);
	*c = (struct smdp_event_call){ .smdp = s, .function = f, .timer.fire = wait_over,
				       .told = told, .arg = arg, .order = about->order };
	memcpy(c->iccid, about->iccid, sizeof(c->iccid));
	memcpy(c->eid, about->eid, sizeof(c->eid));
	smdp_keep(&c->smds, about->smds);
	smdp_keep(&c->event_id, about->event_id);
	link_call(s, c);
	/* In a turn of its own: whoever asked may still be changing the order. */
	loop_arm(s->loop, &c->timer, 0);
}

static void call_for(struct smdp *s, const struct smdp_profile *p, enum es12_function f,
		     smdp_event_told *told, void *arg)
{
	struct smdp_event_call about = { .smds = p->smds, .event_id = p->matching_id,
					 .order = p->order };

	assert(p->smds.n && p->eid[0] && p->matching_id.n);
	memcpy(about.iccid, p->iccid, sizeof(about.iccid));
	memcpy(about.eid, p->eid, sizeof(about.eid));
	start_call(s, &about, f, told, arg);
}

void smdp_register_event(struct smdp *s, struct smdp_profile *p, smdp_event_told *told,
			 void *arg)
{
	p->at_smds = SMDP_ON_WAY_TO_SMDS;
	call_for(s, p, ES12_REGISTER_EVENT, told, arg);
}

void smdp_review_event(struct smdp *s, struct smdp_profile *p)
{
	if (p->at_smds != SMDP_AT_SMDS || is_open(p))
		return;
	p->at_smds = SMDP_NOT_AT_SMDS;
	call_for(s, p, ES12_DELETE_EVENT, NULL, NULL);
}
