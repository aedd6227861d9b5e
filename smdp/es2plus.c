#include "smdp/internal.h"

#include "sim/json.h"

/* All that the four functions may bring; unset is STR_NONE. */
struct es2_request {
	struct str requester, call;	/* of the header */
	struct str iccid, eid, profile_type, matching_id, confirmation_code;
	struct str final_state;		/* finalProfileStatusIndicator */
	struct str smds;		/* smdsAddress */
	bool release;
};

struct es2_answer {
	struct str iccid, eid, matching_id, smdp_address;
	/* Set: first its event is registered, then it is released. */
	struct smdp_profile *announce;
};

static int get(const cJSON *object, const char *key, struct arena *a,
	       struct str *value, struct err *err)
{
	return json_get_str(object, key, a, value, err) < 0 ? -1 : 0;
}

/* An empty string counts as absent, but for the matching id, where it means
 * the default SM-DP+. */
static int parse(struct str body, struct arena *a, struct es2_request *q,
		 struct err *err)
{
	const struct { const char *key; struct str *value; } members[] = {
		{ "iccid", &q->iccid }, { "eid", &q->eid },
		{ "profileType", &q->profile_type },
		{ "matchingId", &q->matching_id },
		{ "confirmationCode", &q->confirmation_code },
		{ "finalProfileStatusIndicator", &q->final_state },
		{ "smdsAddress", &q->smds },
	};
	cJSON *tree = json_parse(body, err);
	const cJSON *header = cJSON_GetObjectItemCaseSensitive(tree, "header");
	int rc = -1;

	if (!tree)
		return -1;
	if (!cJSON_IsObject(tree)) {
		err_set(err, ERR_INVALID, "expected an object, found %s",
			json_kind(tree));
		goto out;
	}
	if (get(header, "functionRequesterIdentifier", a, &q->requester, err) < 0 ||
	    get(header, "functionCallIdentifier", a, &q->call, err) < 0)
		goto out;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (get(tree, members[i].key, a, members[i].value, err) < 0)
			goto out;
		if (members[i].value->n == 0 &&
		    members[i].value != &q->matching_id)
			*members[i].value = STR_NONE;
	}
	rc = json_get_bool(tree, "releaseFlag", &q->release, err) < 0 ? -1 : 0;
out:
	cJSON_Delete(tree);
	return rc;
}

/* The profile that `iccid` names. */
static enum status_code find(struct smdp *s, const struct es2_request *q,
			     struct smdp_profile **p)
{
	if (!q->iccid.p)
		return STATUS_ICCID_MISSING;
	if (!iccid_well_formed(q->iccid))
		return STATUS_ICCID_INVALID;
	*p = smdp_find_profile(s, q->iccid);
	return *p ? STATUS_OK : STATUS_ICCID_UNKNOWN;
}

static bool has_eid(const struct smdp_profile *p, struct str eid)
{
	return str_eq(str_of(p->eid), eid);
}

/* ---- downloadOrder (SGP.22, 5.3.1). ------------------------------------- */

static enum status_code find_in_stock(struct smdp *s, struct str type,
				      struct smdp_profile **p)
{
	bool known = false;

	for (*p = s->profiles; *p; *p = (*p)->next) {
		if (!str_eq((*p)->type, type))
			continue;
		if ((*p)->state == SMDP_AVAILABLE)
			return STATUS_OK;
		known = true;
	}
	return known ? STATUS_PROFILE_TYPE_UNAVAILABLE :
		       STATUS_PROFILE_TYPE_UNKNOWN;
}

static enum status_code download_order(struct smdp *s,
				       const struct es2_request *q,
				       struct es2_answer *out)
{
	struct smdp_profile *p = NULL;
	enum status_code code;
	struct err err;

	if (q->iccid.p || !q->profile_type.p)
		code = find(s, q, &p);
	else
		code = find_in_stock(s, q->profile_type, &p);
	if (code != STATUS_OK)
		return code;
	if (smdp_move(s, p, q->eid.p ? SMDP_EV_LINK : SMDP_EV_ALLOCATE, &err) < 0)
		return STATUS_ICCID_IN_USE;
	smdp_set_order(s, p, STR_NONE, q->eid);
	smdp_start_order(s, p);
	out->iccid = str_of(p->iccid);
	return STATUS_OK;
}

/* ---- confirmOrder (SGP.22, 5.3.2). -------------------------------------- */

/* Letters, digits and '-' (SGP.22, 4.1.1). */
static bool matching_id_well_formed(struct str s)
{
	if (s.n > 255)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		      (c >= 'a' && c <= 'z') || c == '-'))
			return false;
	}
	return true;
}

static struct str make_matching_id(struct smdp *s, struct arena *a)
{
	static const char digits[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
	char text[] = "XXXXX-XXXXX-XXXXX-XXXXX";

	do
		for (size_t i = 0; text[i]; i++)
			if (text[i] != '-')
				text[i] = digits[rng_below(&s->ids,
							   sizeof(digits) - 1)];
	while (map_get(&s->by_matching_id, str_of(text)));
	return arena_str(a, str_of(text));
}

static enum status_code check_confirm(struct smdp *s,
				      const struct es2_request *q,
				      const struct smdp_profile *p)
{
	const struct smdp_profile *other;

	if (smdp_state_next(p->state, SMDP_EV_CONFIRM) == SMDP_NONE)
		return STATUS_ICCID_TRANSITION;
	if (p->eid[0] && q->eid.p && !has_eid(p, q->eid))
		return STATUS_EID_ASSOCIATION;
	if (q->smds.p && !q->eid.p && !p->eid[0])
		return STATUS_EID_MISSING;
	if (q->smds.n > 255)
		return STATUS_FORMAT;
	if (!q->matching_id.p)
		return STATUS_OK;
	/* The matching id is the id of the event. */
	if (q->smds.p && q->matching_id.n == 0)
		return STATUS_MATCHING_ID_INVALID;
	if (!matching_id_well_formed(q->matching_id))
		return STATUS_MATCHING_ID_INVALID;
	if (q->matching_id.n == 0 && !q->eid.p && !p->eid[0])
		return STATUS_EID_MISSING;
	other = q->matching_id.n ? map_get(&s->by_matching_id, q->matching_id) :
				   NULL;
	return other ? STATUS_MATCHING_ID_IN_USE : STATUS_OK;
}

static enum status_code confirm_order(struct smdp *s,
				      const struct es2_request *q,
				      struct arena *a, struct es2_answer *out)
{
	struct smdp_profile *p = NULL;
	enum status_code code = find(s, q, &p);
	struct str id = q->matching_id;
	struct err err;

	if (code == STATUS_OK)
		code = check_confirm(s, q, p);
	if (code != STATUS_OK)
		return code;
	if (!id.p)
		id = make_matching_id(s, a);
	/* The table allowed the confirmation, and so all that follows. */
	if (q->eid.p && !p->eid[0] && smdp_move(s, p, SMDP_EV_LINK, &err) < 0)
		return STATUS_ICCID_TRANSITION;
	smdp_set_order(s, p, id, q->eid.p ? q->eid :
			p->eid[0] ? str_of(p->eid) : STR_NONE);
	p->cc_required = q->confirmation_code.p != NULL;
	if (p->cc_required)
		rsp_sha256(q->confirmation_code, p->cc_hash);
	smdp_keep(&p->smds, q->smds);
	if (smdp_move(s, p, SMDP_EV_CONFIRM, &err) < 0)
		return STATUS_ICCID_TRANSITION;
	if (q->release && p->smds.p)
		out->announce = p;
	else if (q->release && smdp_move(s, p, SMDP_EV_RELEASE, &err) < 0)
		return STATUS_ICCID_TRANSITION;
	out->eid = p->eid[0] ? str_of(p->eid) : STR_NONE;
	out->matching_id = p->matching_id;
	out->smdp_address = str_of(s->address);
	return STATUS_OK;
}

/* ---- cancelOrder (5.3.3) and releaseProfile (5.3.4). --------------------- */

static enum status_code cancel_order(struct smdp *s,
				     const struct es2_request *q)
{
	struct smdp_profile *p = NULL;
	enum status_code code = find(s, q, &p);
	bool retire = str_is(q->final_state, "Unavailable");
	struct err err;

	if (code != STATUS_OK)
		return code;
	if (!retire && !str_is(q->final_state, "Available"))
		return q->final_state.p ? STATUS_FORMAT : STATUS_MISSING;
	if (q->eid.p && p->eid[0] && !has_eid(p, q->eid))
		return STATUS_EID_ASSOCIATION;
	if (q->matching_id.n && !str_eq(p->matching_id, q->matching_id))
		return STATUS_MATCHING_ID_ASSOCIATION;
	if (smdp_move(s, p, retire ? SMDP_EV_RETIRE : SMDP_EV_CANCEL, &err) < 0)
		return p->state == SMDP_DOWNLOADED ||
		       p->state == SMDP_INSTALLED ? STATUS_ICCID_IN_USE :
						    STATUS_ICCID_TRANSITION;
	smdp_set_order(s, p, STR_NONE, STR_NONE);
	return STATUS_OK;
}

static enum status_code release_profile(struct smdp *s, const struct es2_request *q,
					struct es2_answer *out)
{
	struct smdp_profile *p = NULL;
	enum status_code code = find(s, q, &p);
	struct err err;

	if (code != STATUS_OK)
		return code;
	if (smdp_state_next(p->state, SMDP_EV_RELEASE) == SMDP_NONE ||
	    p->at_smds == SMDP_ON_WAY_TO_SMDS)
		return STATUS_ICCID_TRANSITION;
	if (p->smds.p && p->at_smds == SMDP_NOT_AT_SMDS) {
		out->announce = p;
		return STATUS_OK;
	}
	return smdp_move(s, p, SMDP_EV_RELEASE, &err) < 0 ?
	       STATUS_ICCID_TRANSITION : STATUS_OK;
}

/* ---- All four. ---------------------------------------------------------- */

enum function { DOWNLOAD_ORDER, CONFIRM_ORDER, CANCEL_ORDER, RELEASE_PROFILE,
		FUNCTIONS };

static const char *const names[FUNCTIONS] = {
	"downloadOrder", "confirmOrder", "cancelOrder", "releaseProfile",
};

static enum status_code run(struct smdp *s, struct http_exchange *x,
			    enum function f, struct es2_answer *out,
			    struct err *err)
{
	struct es2_request q = { 0 };
	enum status_code code = smdp_check_request(x);

	if (code != STATUS_OK)
		return code;
	if (parse(x->req.body, x->arena, &q, err) < 0)
		return STATUS_FORMAT;
	if (!q.requester.n || !q.call.n)
		return STATUS_REQUESTER_MISSING;
	if (q.eid.p && !eid_well_formed(q.eid))
		return STATUS_EID_INVALID;
	switch (f) {
	case DOWNLOAD_ORDER:
		return download_order(s, &q, out);
	case CONFIRM_ORDER:
		return confirm_order(s, &q, x->arena, out);
	case CANCEL_ORDER:
		return cancel_order(s, &q);
	case RELEASE_PROFILE:
		return release_profile(s, &q, out);
	case FUNCTIONS:
		break;
	}
	return STATUS_FUNCTION_UNKNOWN;
}

static void print(struct smdp *s, const struct es2_answer *a)
{
	struct json j = json_to(&s->out);

	json_open(&j, '{');
	json_key(&j, "header");
	json_raw(&j, STR("{\"functionExecutionStatus\":"
			 "{\"status\":\"Executed-Success\"}}"));
	json_put_opt(&j, "iccid", a->iccid);
	json_put_opt(&j, "eid", a->eid);
	if (a->matching_id.p)
		json_put(&j, "matchingId", a->matching_id);
	json_put_opt(&j, "smdpAddress", a->smdp_address);
	json_close(&j, '}');
}

static void reply(struct smdp *s, struct http_exchange *x, enum function f,
		  enum status_code code, const struct es2_answer *answer, const char *detail)
{
	const struct status_code_row *row = status_code_row(code);

	buf_clear(&s->out);
	if (code == STATUS_OK) {
		print(s, answer);
	} else {
		es9_refusal_print(&s->out, code);
		EVENT(s->log, str_of(s->party), "es2-failed",
		      F_Z("function", names[f]), F_Z("subject", row->subject),
		      F_Z("reason", row->reason), F_Z("code", row->name),
		      F_Z("detail", detail), F_STR("from", x->from));
	}
	smdp_reply(s, x);
}

/* An answer that waits for the SM-DS; in the exchange's memory. */
struct waiting {
	struct smdp *s;
	struct http_exchange *x;
	enum function f;
	struct es2_answer answer;
};

/* An order whose event could not be registered stays confirmed: releaseProfile
 * may try again. */
static void announced(void *arg, struct smdp_profile *p, enum status_code code)
{
	struct waiting *w = arg;
	struct err err;

	if (code == STATUS_OK && (!p || smdp_move(w->s, p, SMDP_EV_RELEASE, &err) < 0))
		code = STATUS_ICCID_TRANSITION;
	reply(w->s, w->x, w->f, code, &w->answer, "");
}

static void announce(struct smdp *s, struct http_exchange *x, enum function f,
		     const struct es2_answer *answer)
{
	struct waiting *w = ARENA_NEW(x->arena, struct waiting);

	*w = (struct waiting){ .s = s, .x = x, .f = f };
	/* What the order holds now may be gone by then. */
	if (f == CONFIRM_ORDER) {
		w->answer.eid = arena_str(x->arena, answer->eid);
		w->answer.matching_id = arena_str(x->arena, answer->matching_id);
		w->answer.smdp_address = answer->smdp_address;
	}
	smdp_register_event(s, answer->announce, announced, w);
}

int smdp_es2(struct smdp *s, struct http_exchange *x, struct str function)
{
	struct es2_answer answer = { 0 };
	enum status_code code;
	struct err err = { 0 };
	unsigned f = 0;

	while (f < FUNCTIONS && !str_is(function, names[f]))
		f++;
	if (f == FUNCTIONS)
		return -1;
	code = run(s, x, (enum function)f, &answer, &err);
	if (code == STATUS_OK && answer.announce)
		announce(s, x, (enum function)f, &answer);
	else
		reply(s, x, (enum function)f, code, &answer, err.msg);
	return 0;
}
