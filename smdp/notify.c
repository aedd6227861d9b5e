#include "smdp/internal.h"

#include "proto/hex.h"
#include "sim/json.h"

/* ---- Passing on to the EIS, and to the operator. ------------------------- */

static void forward(struct smdp *s, struct arena *a, const char *eid,
		    const struct rsp_notification *n, bool succeeded)
{
	struct json j = json_to(&s->part);

	if (!s->eis_url || !eid[0])
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
	smdp_send(s, SMDP_TO_EIS, n->iccid, n->metadata.sequence, buf_view(&s->part));
	buf_clear(&s->part);
}

static void tell_operator(struct smdp *s, const struct smdp_profile *p,
			  const struct rsp_install_data *data, struct str der)
{
	enum status_code code = STATUS_OK;

	if (data->failed)
		code = data->reason == ES10_LOAD_MEMORY ? STATUS_EUICC_MEMORY :
							  STATUS_EUICC_ERROR;
	smdp_tell_progress(s, p, p->bound_eid, SMDP_POINT_INSTALLATION, code, der);
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
	for (int i = 0; i < RSP_CI_MAX; i++) {
		const struct smdp_identity *own = smdp_identity_at(&s->identities, i);

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

static int check_other(struct smdp *s, const struct smdp_profile *p,
		       const struct rsp_notification *n,
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
	/* What was delivered to one eUICC is not in another. */
	if (p->bound_eid[0] && strcmp(p->bound_eid, euicc->eid) != 0)
		return err_set(err, ERR_DENIED,
			       "notification: the profile is that of another eUICC");
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
			       check_other(s, p, &n, &euicc, err) < 0)
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
		tell_operator(s, p, &n.data, der);
		end_session(s, &n.data);
	}
	forward(s, a, euicc.eid, &n, succeeded);
	return 0;
}
