#include "smdp/internal.h"

#include "proto/hex.h"
#include "sim/json.h"

#include <assert.h>
#include <stdlib.h>

/* ---- Passing on to the EIS. --------------------------------------------- */

/* How long to wait after each try that failed; then the notification is given
 * up.  It stays in the profile's own record. */
static const int64_t waits_ns[] = {
	1 * NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S, 600 * NS_PER_S,
};
enum { TRIES = 1 + sizeof(waits_ns) / sizeof(waits_ns[0]) };

/* One notification on its way: a call in flight, or a timer that waits. */
struct smdp_forward {
	struct smdp *smdp;
	struct timer timer;
	struct http_call *call;
	unsigned tries;
	char iccid[ICCID_SIZE];
	int64_t sequence;
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

static void give_up(struct smdp_forward *f, const char *why)
{
	EVENT(f->smdp->log, str_of(f->smdp->party), "notification-not-forwarded",
	      F_Z("iccid", f->iccid), F_INT("sequence", f->sequence),
	      F_Z("why", why));
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
	f->call = http_call_new(s->net, str_of(s->party), "POST", &err,
				"%s/eis/v1/notifications", s->eis_url);
	if (!f->call) {
		give_up(f, "bad-url");
		return;
	}
	http_call_body(f->call, "application/json", f->body);
	f->call->owner = f;
	f->call->done = forwarded;
	http_call_send(f->call);
}

static void forward(struct smdp *s, struct arena *a, const char *eid,
		    const struct rsp_notification *n, bool succeeded)
{
	struct json j = json_to(&s->part);
	struct smdp_forward *f;

	if (!s->eis_url || !eid[0] || s->forward_count == SMDP_FORWARDS_MAX)
		return;
	json_open(&j, '{');
	json_putz(&j, "eid", eid);
	json_putz(&j, "iccid", n->iccid);
	json_putz(&j, "operation", es10_notification_name(n->metadata.event));
	json_put_int(&j, "sequenceNumber", n->metadata.sequence);
	json_put_bool(&j, "succeeded", succeeded);
	json_putz(&j, "smdpAddress", s->address);
	json_put(&j, "time", clock_iso(clock_unix_ms(&s->loop->clock), a));
	json_close(&j, '}');
	f = calloc(1, sizeof(*f));
	assert(f);
	f->smdp = s;
	f->timer.fire = wait_over;
	f->sequence = n->metadata.sequence;
	memcpy(f->iccid, n->iccid, sizeof(f->iccid));
	smdp_keep(&f->body, buf_view(&s->part));
	buf_clear(&s->part);
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

/* ---- Taking in. --------------------------------------------------------- */

/* May the order go on after that failure (SGP.22, 3.1.3.3)?  What depends on
 * the moment passes; what lies in the package or the eUICC does not. */
static bool is_temporary(int64_t reason)
{
	return reason == ES10_LOAD_MEMORY || reason == ES10_LOAD_INTERRUPTED;
}

static void apply_result(struct smdp *s, struct smdp_profile *p,
			 const struct rsp_install_data *data)
{
	enum smdp_event event = SMDP_EV_INSTALL_OK;
	struct err err;

	if (data->failed)
		event = is_temporary(data->reason) &&
			p->attempts < p->attempts_max ? SMDP_EV_INSTALL_RETRY :
							SMDP_EV_INSTALL_FAIL;
	smdp_profile_unbind(p);
	/* A refused one has come too late, or twice: what is known stays. */
	if (smdp_move(s, p, event, &err) == 0 && event == SMDP_EV_INSTALL_FAIL)
		p->fault = STATUS_MATCHING_ID_REFUSED;
}

static bool is_own_oid(struct smdp *s, struct str oid)
{
	for (size_t i = 0; i < RSP_CI_MAX; i++) {
		const struct smdp_identity *own = smdp_identity_at(s, i);

		if (own && str_eq(oid, own->pb.oid))
			return true;
	}
	return false;
}

static int check_result(struct smdp *s, const struct smdp_profile *p,
			const struct rsp_notification *n, struct err *err)
{
	if (n->metadata.event != NOTIFY_INSTALL)
		return err_set(err, ERR_INVALID,
			       "notification: an installation result that speaks of '%s'",
			       es10_notification_name(n->metadata.event));
	if (n->iccid[0] && strcmp(n->iccid, p->iccid) != 0)
		return err_set(err, ERR_DENIED,
			       "notification: its transaction delivered no such profile");
	if (!is_own_oid(s, n->data.smdp_oid))
		return err_set(err, ERR_DENIED,
			       "notification: the OID of another SM-DP+");
	return rsp_verify(s->crypto, p->euicc_certificate, n->signed_part,
			  STR_NONE, n->signature, err);
}

static int check_other(struct smdp *s, const struct rsp_notification *n,
		       struct rsp_certificate *euicc, struct err *err)
{
	const struct rsp_crypto *c = s->crypto;
	int64_t now_ms = clock_unix_ms(&s->loop->clock);
	struct rsp_certificate eum;

	if (c->check_certificate(c, RSP_ROLE_EUM, n->eum_certificate, STR_NONE,
				 now_ms, &eum, err) < 0 ||
	    c->check_certificate(c, RSP_ROLE_EUICC, n->euicc_certificate,
				 n->eum_certificate, now_ms, euicc, err) < 0)
		return -1;
	return rsp_verify(c, n->euicc_certificate, n->signed_part, STR_NONE,
			  n->signature, err);
}

static void log_received(struct smdp *s, struct arena *a, const char *eid,
			 const struct rsp_notification *n, bool succeeded,
			 bool repeated)
{
	const char *reason = n->install_result && n->data.failed ?
		es10_result_name(ES10_LOAD_PACKAGE, (int)n->data.reason) : "ok";

	EVENT(s->log, str_of(s->party), "notification-received",
	      F_Z("iccid", n->iccid), F_Z("eid", eid),
	      F_Z("operation", es10_notification_name(n->metadata.event)),
	      F_INT("sequence", n->metadata.sequence),
	      F_BOOL("succeeded", succeeded), F_BOOL("repeated", repeated),
	      F_Z("result", reason ? reason : "unknown"),
	      F_STR("transaction", n->install_result ?
		    hex_of(a, n->data.transaction_id) : STR("")));
}

static void keep(struct smdp *s, struct smdp_profile *p, const char *eid,
		 const struct rsp_notification *n, bool succeeded)
{
	struct smdp_notification kept = {
		.sequence = n->metadata.sequence, .event = n->metadata.event,
		.succeeded = succeeded, .at = loop_now(s->loop),
	};

	memcpy(kept.eid, eid, sizeof(kept.eid));
	smdp_profile_keep_notification(p, &kept);
}

/* The session that delivered it has nothing more to come. */
static void end_session(struct smdp *s, const struct rsp_install_data *data)
{
	struct smdp_session *session = smdp_session_find(s, data->transaction_id);

	if (session)
		smdp_session_end(session, data->failed ? "failed" : "installed");
}

/* An installation result is known by its transaction: if the package failed before its
 * metadata were read, the eUICC could not say of which profile (SGP.22, 5.7.6). */
static struct smdp_profile *find_profile(struct smdp *s, const struct rsp_notification *n,
					 struct err *err)
{
	struct smdp_profile *p = n->install_result ?
		map_get(&s->by_delivery, n->data.transaction_id) :
		smdp_find_profile(s, str_of(n->iccid));

	if (!p && n->install_result)
		err_set(err, ERR_NOT_FOUND,
			"notification: its transaction delivered no profile");
	else if (!p)
		err_set(err, ERR_NOT_FOUND,
			"notification: no profile with ICCID '%s'", n->iccid);
	return p;
}

int smdp_take_notification(struct smdp *s, struct str der, struct arena *a,
			   struct err *err)
{
	struct rsp_certificate euicc = { 0 };
	struct rsp_notification n;
	struct smdp_profile *p;
	bool succeeded, repeated;

	if (rsp_notification_read(der, &n, err) < 0)
		return -1;
	p = find_profile(s, &n, err);
	if (!p)
		return -1;
	if (n.install_result ? check_result(s, p, &n, err) < 0 :
			       check_other(s, &n, &euicc, err) < 0)
		return -1;
	if (n.install_result) {
		memcpy(euicc.eid, p->bound_eid, sizeof(euicc.eid));
		memcpy(n.iccid, p->iccid, sizeof(n.iccid));
	}
	succeeded = !n.install_result || n.data.success;
	repeated = smdp_profile_notification(p, euicc.eid, n.metadata.sequence);
	if (n.install_result && !repeated &&
	    !smdp_profile_report(p, n.data.transaction_id))
		return err_set(err, ERR_DENIED,
			       "notification: its transaction has had another result");
	log_received(s, a, euicc.eid, &n, succeeded, repeated);
	if (repeated)
		return 0;
	keep(s, p, euicc.eid, &n, succeeded);
	if (n.install_result) {
		apply_result(s, p, &n.data);
		end_session(s, &n.data);
	}
	forward(s, a, euicc.eid, &n, succeeded);
	return 0;
}
