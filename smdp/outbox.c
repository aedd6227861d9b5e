#include "smdp/internal.h"

#include <assert.h>
#include <stdlib.h>

/* How long to wait after each try that failed; then it is given up. */
static const int64_t waits_ns[] = {
	1 * NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S, 600 * NS_PER_S,
};
enum { TRIES = 1 + sizeof(waits_ns) / sizeof(waits_ns[0]) };

/* Where each kind goes, and how the log says that it did not. */
static const struct {
	const char *path, *lost;	/* event */
	const char *number;		/* its field */
} kinds[] = {
	[SMDP_TO_EIS] = {
		"/eis/v1/notifications", "notification-not-forwarded", "sequence" },
	[SMDP_TO_OPERATOR] = {
		"/gsma/rsp2/es2plus/handleDownloadProgressInfo",
		"progress-not-told", "point" },
};

/* One message on its way: a call in flight, or a timer that waits. */
struct smdp_forward {
	struct smdp *smdp;
	enum smdp_outgoing kind;
	struct timer timer;
	struct http_call *call;
	unsigned tries;
	char iccid[ICCID_SIZE];
	int64_t number;
	struct str body;		/* owned */
	struct smdp_forward *prev, *next;
};

static void send_forward(struct smdp_forward *f);

static void forget(struct smdp_forward *f)
{
	struct smdp *s = f->smdp;

	loop_disarm(s->loop, &f->timer);
	if (f->call)
		http_call_cancel(f->call);
	if (f->prev)
		f->prev->next = f->next;
	else
		s->forwards = f->next;
	if (f->next)
		f->next->prev = f->prev;
	s->forward_count--;
	smdp_keep(&f->body, STR_NONE);
	free(f);
}

static void log_lost(struct smdp *s, enum smdp_outgoing kind, const char *iccid,
		     int64_t number, const char *why)
{
	const struct field fields[] = {
		F_Z("iccid", iccid), F_INT(kinds[kind].number, number), F_Z("why", why),
	};

	eventlog_emit(s->log, str_of(s->party), kinds[kind].lost, fields,
		      sizeof(fields) / sizeof(fields[0]));
}

static void give_up(struct smdp_forward *f, const char *why)
{
	log_lost(f->smdp, f->kind, f->iccid, f->number, why);
	forget(f);
}

/* Would the same request do better later? */
static bool worth_retrying(const struct http_call *c)
{
	return c->failure != HTTP_OK || c->resp.status >= 500 ||
	       c->resp.status == 429 || c->resp.status == 408;
}

static void forwarded(struct http_call *c)
{
	struct smdp_forward *f = c->owner;
	bool done = c->failure == HTTP_OK && c->resp.status / 100 == 2;

	f->call = NULL;		/* the network frees it */
	if (done)
		forget(f);
	else if (!worth_retrying(c))
		give_up(f, "refused");
	else if (f->tries == TRIES)
		give_up(f, "retries-exceeded");
	else
		loop_arm(f->smdp->loop, &f->timer, waits_ns[f->tries - 1]);
}

static void wait_over(struct timer *t)
{
	send_forward((struct smdp_forward *)((char *)t -
		     offsetof(struct smdp_forward, timer)));
}

static void send_forward(struct smdp_forward *f)
{
	struct smdp *s = f->smdp;
	struct err err;

	f->tries++;
	f->call = http_call_new(s->net, str_of(s->party), "POST", &err, "%s%s",
				f->kind == SMDP_TO_EIS ? s->eis_url : s->operator_url,
				kinds[f->kind].path);
	if (!f->call) {
		give_up(f, "bad-url");
		return;
	}
	if (f->kind == SMDP_TO_OPERATOR)
		http_call_header(f->call, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	http_call_body(f->call, "application/json", f->body);
	f->call->owner = f;
	f->call->done = forwarded;
	http_call_send(f->call);
}

void smdp_send(struct smdp *s, enum smdp_outgoing kind, const char *iccid,
	       int64_t number, struct str body)
{
	struct smdp_forward *f;

	if (s->forward_count == SMDP_FORWARDS_MAX) {
		log_lost(s, kind, iccid, number, "too-many");
		return;
	}
	f = calloc(1, sizeof(*f));
	assert(f);
	f->smdp = s;
	f->kind = kind;
	f->timer.fire = wait_over;
	f->number = number;
	memcpy(f->iccid, iccid, strlen(iccid) + 1);
	smdp_keep(&f->body, body);
	f->next = s->forwards;
	if (f->next)
		f->next->prev = f;
	s->forwards = f;
	s->forward_count++;
	send_forward(f);
}

void smdp_forwards_free(struct smdp *s)
{
	while (s->forwards)
		forget(s->forwards);
}
