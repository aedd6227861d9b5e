#include "smdp/internal.h"

#include <assert.h>
#include <stdlib.h>

#define ES2_PATH "/gsma/rsp2/es2plus/"

static const struct smdp_kind kind = {
	.name = "SM-DP+",
	.oid = { "\x88\x37\x0A", 3 },	/* 2.999.10: for examples (ITU-T X.660) */
	.auth = RSP_ROLE_DP_AUTH, .pb = RSP_ROLE_DP_PB,
	.bad_svn = STATUS_SVN_UNSUPPORTED, .bad_ci = STATUS_PKID_UNSUPPORTED,
	.no_certificate = STATUS_CERTIFICATE_UNAVAILABLE,
};

/* ---- Profiles. ---------------------------------------------------------- */

struct smdp_profile *smdp_find_profile(const struct smdp *s, struct str iccid)
{
	return map_get(&s->by_iccid, iccid);
}

const char *smdp_profile_state(const struct smdp *s, struct str iccid)
{
	const struct smdp_profile *p = smdp_find_profile(s, iccid);

	return p ? smdp_state_name(p->state) : NULL;
}

size_t smdp_session_count(const struct smdp *s)
{
	return s->session_count;
}

int smdp_move(struct smdp *s, struct smdp_profile *p, enum smdp_event event,
	      struct err *err)
{
	enum smdp_state from = p->state;

	if (smdp_profile_apply(p, event, loop_now(s->loop), err) < 0)
		return -1;
	EVENT(s->log, str_of(s->party), "profile-state",
	      F_Z("iccid", p->iccid), F_Z("from", smdp_state_name(from)),
	      F_Z("to", smdp_state_name(p->state)),
	      F_Z("by", smdp_event_name(event)));
	smdp_review_event(s, p);
	return 0;
}

/* A profile without matching id, for one EID, is found by that EID. */
static bool is_default_order(const struct smdp_profile *p)
{
	return p->eid[0] && p->matching_id.p && p->matching_id.n == 0;
}

static void leave_eid(struct smdp *s, struct smdp_profile *p)
{
	struct smdp_profile *first = map_take(&s->by_eid, str_of(p->eid));

	if (first == p) {
		first = p->next_of_eid;
	} else {
		struct smdp_profile *q = first;

		while (q->next_of_eid != p)
			q = q->next_of_eid;
		q->next_of_eid = p->next_of_eid;
	}
	p->next_of_eid = NULL;
	/* The key is a member of the first: put it again. */
	if (first)
		map_put(&s->by_eid, str_of(first->eid), first);
}

static void join_eid(struct smdp *s, struct smdp_profile *p)
{
	struct smdp_profile *q = map_get(&s->by_eid, str_of(p->eid));

	if (!q) {
		map_put(&s->by_eid, str_of(p->eid), p);
		return;
	}
	/* Behind the others: the oldest order is served first. */
	while (q->next_of_eid)
		q = q->next_of_eid;
	q->next_of_eid = p;
}

void smdp_set_order(struct smdp *s, struct smdp_profile *p,
		    struct str matching_id, struct str eid)
{
	char digits[EID_SIZE] = "";

	/* `eid` may be the profile's own. */
	if (eid.p)
		memcpy(digits, eid.p, EID_DIGITS);
	if (is_default_order(p))
		leave_eid(s, p);
	if (p->matching_id.n)
		map_take(&s->by_matching_id, p->matching_id);
	smdp_keep(&p->matching_id, matching_id);
	memcpy(p->eid, digits, sizeof(p->eid));
	if (p->matching_id.n)
		map_put(&s->by_matching_id, p->matching_id, p);
	if (is_default_order(p))
		join_eid(s, p);
}

/* How much of a card the profile takes.  A package that cannot be read takes what it
 * has: the card will say what is wrong with it. */
static uint32_t memory_of(const struct smdp_profile_spec *spec)
{
	struct rsp_upp upp;
	struct err err;

	if (!spec->upp.n)
		return spec->memory ? spec->memory : SMDP_MEMORY_DEFAULT;
	return rsp_upp_read(spec->upp, &upp, &err) == 0 ? upp.memory :
							 (uint32_t)spec->upp.n;
}

static struct str delivery(const struct smdp_profile *p, unsigned i)
{
	return (struct str){ (const char *)p->transactions[i % SMDP_TRANSACTIONS_KEPT],
			     RSP_TRANSACTION_MAX };
}

void smdp_keep_delivery(struct smdp *s, struct smdp_profile *p, struct str transaction)
{
	unsigned n = p->transaction_count;

	if (smdp_profile_delivered_in(p, transaction))
		return;
	/* Its place is that of the oldest: the key goes with it. */
	if (n >= SMDP_TRANSACTIONS_KEPT)
		map_take(&s->by_delivery, delivery(p, n));
	smdp_profile_keep_transaction(p, transaction);
	map_put(&s->by_delivery, delivery(p, n), p);
}

void smdp_forget_deliveries(struct smdp *s, struct smdp_profile *p)
{
	for (unsigned i = 0; i < SMDP_TRANSACTIONS_KEPT && i < p->transaction_count; i++)
		map_take(&s->by_delivery, delivery(p, i));
	p->transaction_count = 0;
}

void smdp_start_order(struct smdp *s, struct smdp_profile *p)
{
	smdp_forget_deliveries(s, p);
	smdp_profile_start_order(p);
}

/* The names and numbers of `spec`; not yet an order. */
static int fill(struct smdp_profile *p, const struct smdp_profile_spec *spec,
		struct err *err)
{
	p->class = PROFILE_CLASS_OPERATIONAL;
	if (spec->class_name.n &&
	    profile_class_parse(spec->class_name, &p->class) < 0)
		return err_set(err, ERR_INVALID,
			       "profile class '%.*s': expected operational, provisioning or test",
			       STRF(spec->class_name));
	if (spec->ppr & ~(unsigned)PPR_ALL)
		return err_set(err, ERR_INVALID, "unknown policy rule in %X",
			       spec->ppr);
	if (spec->owner.n) {
		if (mcc_mnc_pack(spec->owner, p->owner + 2) < 0)
			return err_set(err, ERR_INVALID,
				       "owner '%.*s': expected an operator's five or six digits",
				       STRF(spec->owner));
		p->owner[0] = 0x80;
		p->owner[1] = MCC_MNC_BYTES;
	}
	memcpy(p->iccid, spec->iccid.p, spec->iccid.n);
	smdp_keep(&p->spn, spec->spn);
	smdp_keep(&p->name, spec->profile_name);
	smdp_keep(&p->type, spec->profile_type.n ? spec->profile_type :
			    STR("default"));
	p->ppr = spec->ppr;
	if (spec->upp.n > SMDP_UPP_MAX)
		return err_set(err, ERR_LIMIT, "profile package: %zu bytes, at most %d",
			       spec->upp.n, SMDP_UPP_MAX);
	smdp_keep(&p->upp, spec->upp);
	p->memory = memory_of(spec);
	p->attempts_max = spec->retries_max ? spec->retries_max :
			  SMDP_RETRIES_DEFAULT;
	return 0;
}

static struct smdp_profile *add(struct smdp *s,
				const struct smdp_profile_spec *spec,
				struct err *err)
{
	struct smdp_profile *p;

	if (!iccid_well_formed(spec->iccid)) {
		err_set(err, ERR_INVALID, "ICCID '%.*s': expected 19 or 20 digits",
			STRF(spec->iccid));
		return NULL;
	}
	if (smdp_find_profile(s, spec->iccid)) {
		err_set(err, ERR_STATE, "ICCID %.*s: there already",
			STRF(spec->iccid));
		return NULL;
	}
	if (s->profile_count == SMDP_PROFILES_MAX) {
		err_set(err, ERR_LIMIT, "more than %d profiles", SMDP_PROFILES_MAX);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	assert(p);
	if (fill(p, spec, err) < 0) {
		smdp_profile_free(p);
		return NULL;
	}
	p->state = SMDP_AVAILABLE;
	p->since = loop_now(s->loop);
	*s->profiles_tail = p;
	s->profiles_tail = &p->next;
	s->profile_count++;
	map_put(&s->by_iccid, str_of(p->iccid), p);
	return p;
}

int smdp_stock_profile(struct smdp *s, const struct smdp_profile_spec *spec,
		       struct err *err)
{
	assert(!spec->matching_id.p && !spec->confirmation_code.p &&
	       !spec->eid.p && !spec->expires_ms);
	return add(s, spec, err) ? 0 : -1;
}

/* What an order may ask for.  Nothing is changed yet. */
static int check_order(struct smdp *s, const struct smdp_profile_spec *spec,
		       struct err *err)
{
	if (spec->eid.n && !eid_well_formed(spec->eid))
		return err_set(err, ERR_INVALID, "EID '%.*s': expected 32 digits",
			       STRF(spec->eid));
	if (!spec->matching_id.n && !spec->eid.n)
		return err_set(err, ERR_INVALID,
			       "profile %.*s: needs a matching id or an EID",
			       STRF(spec->iccid));
	if (spec->smds_address.n && (!spec->eid.n || !spec->matching_id.n))
		return err_set(err, ERR_INVALID,
			       "profile %.*s: an event at an SM-DS needs an EID and a matching id",
			       STRF(spec->iccid));
	if (spec->matching_id.n > 255)
		return err_set(err, ERR_INVALID,
			       "profile %.*s: its matching id is longer than 255",
			       STRF(spec->iccid));
	if (spec->matching_id.n &&
	    map_get(&s->by_matching_id, spec->matching_id))
		return err_set(err, ERR_STATE,
			       "profile %.*s: its matching id is in use already",
			       STRF(spec->iccid));
	return 0;
}

int smdp_add_profile(struct smdp *s, const struct smdp_profile_spec *spec,
		     struct err *err)
{
	struct str eid = spec->eid.n ? spec->eid : STR_NONE;
	struct smdp_profile *p;
	int rc;

	if (check_order(s, spec, err) < 0 || !(p = add(s, spec, err)))
		return -1;
	smdp_set_order(s, p, spec->matching_id.n ? spec->matching_id : STR(""),
		       eid);
	p->expires_ms = spec->expires_ms;
	p->cc_required = spec->confirmation_code.n != 0;
	if (p->cc_required)
		rsp_sha256(spec->confirmation_code, p->cc_hash);
	/* The same steps as over ES2+; they cannot fail from "available". */
	rc = smdp_profile_apply(p, eid.p ? SMDP_EV_LINK : SMDP_EV_ALLOCATE,
				p->since, err);
	rc |= smdp_profile_apply(p, SMDP_EV_CONFIRM, p->since, err);
	rc |= smdp_profile_apply(p, SMDP_EV_RELEASE, p->since, err);
	assert(rc == 0);
	EVENT(s->log, str_of(s->party), "profile-state", F_Z("iccid", p->iccid),
	      F_Z("from", smdp_state_name(SMDP_NONE)),
	      F_Z("to", smdp_state_name(p->state)), F_Z("by", "add"));
	if (spec->smds_address.n) {
		smdp_keep(&p->smds, spec->smds_address);
		smdp_register_event(s, p, NULL, NULL);
	}
	return 0;
}

/* ---- Requests. ---------------------------------------------------------- */

/* Every answer says which version it speaks (SGP.22, 6.2). */
static void put_protocol(struct http_exchange *x)
{
	http_header_set(&x->resp.headers, x->arena, STR("X-Admin-Protocol"),
			STR(ES9_PROTOCOL));
}

void smdp_reply(struct smdp *s, struct http_exchange *x)
{
	put_protocol(x);
	http_respond_json(x, 200, buf_view(&s->out));
}

void smdp_acknowledge(struct http_exchange *x)
{
	put_protocol(x);
	http_respond(x, 204, NULL, STR_NONE);
}

/* What is no function's to answer has a status of HTTP besides its codes. */
static void refuse(struct smdp *s, struct http_exchange *x, int status,
		   enum status_code code)
{
	put_protocol(x);
	buf_clear(&s->out);
	es9_refusal_print(&s->out, code);
	http_respond_json(x, status, buf_view(&s->out));
}

/* gsma/rsp/v2.x.y, whatever x and y. */
static bool is_version_2(struct str protocol)
{
	struct str prefix = STR("gsma/rsp/v2.");

	if (!str_starts(protocol, prefix) || protocol.n == prefix.n)
		return false;
	for (size_t i = prefix.n; i < protocol.n; i++)
		if (protocol.p[i] != '.' && (protocol.p[i] < '0' || protocol.p[i] > '9'))
			return false;
	return true;
}

enum status_code smdp_check_request(const struct http_exchange *x)
{
	struct str protocol = http_header(&x->req.headers, "X-Admin-Protocol");
	struct str type = http_header(&x->req.headers, "Content-Type");

	/* SGP.22, 6.2: any version 2 is understood. */
	if (!is_version_2(str_trim(protocol)))
		return STATUS_PROTOCOL_VERSION;
	if (!str_ieq(str_trim(str_split(&type, ';')), STR("application/json")))
		return STATUS_FORMAT;
	if (x->req.body.n > SMDP_BODY_MAX)
		return STATUS_FORMAT;
	return STATUS_OK;
}

/* The last part of a path below `prefix`, or STR_NONE. */
static struct str below(struct str path, struct str prefix)
{
	if (!str_starts(path, prefix))
		return STR_NONE;
	return (struct str){ path.p + prefix.n, path.n - prefix.n };
}

/* Too many requests of one client; true: that was the answer.  A notification must not
 * seem to be taken, or the device would forget it. */
static bool is_throttled(struct smdp *s, struct http_exchange *x, bool notification)
{
	int wait_s = smdp_take_turn(s, x->from);

	if (!wait_s)
		return false;
	EVENT(s->log, str_of(s->party), "throttled", F_STR("from", x->from),
	      F_INT("seconds", wait_s));
	http_header_set(&x->resp.headers, x->arena, STR("Retry-After"),
			arena_printf(x->arena, "%d", wait_s));
	refuse(s, x, notification ? 429 : 200, STATUS_THROTTLED);
	return true;
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	const struct smdp_door *door = (struct smdp_door *)h;
	struct smdp *s = door->s;
	struct str es9 = door->es9 ? below(x->req.path, STR(ES9_PATH)) : STR_NONE;
	struct str es2 = door->es2 ? below(x->req.path, STR(ES2_PATH)) : STR_NONE;
	enum es9_function f = es9_function_named(es9);

	if (is_throttled(s, x, f == ES9_HANDLE_NOTIFICATION))
		return;
	if (!str_is(x->req.method, "POST") && (es9.n || es2.n)) {
		http_header_set(&x->resp.headers, x->arena, STR("Allow"),
				STR("POST"));
		refuse(s, x, 405, STATUS_METHOD);
	} else if (es9.n && f != ES9_FUNCTIONS) {
		smdp_es9(s, x, f);
	} else if (!es2.n || smdp_es2(s, x, es2) < 0) {
		refuse(s, x, 404, STATUS_FUNCTION_UNKNOWN);
	}
}

struct http_handler *smdp_handler(struct smdp *s)
{
	return &s->both.handler;
}

struct http_handler *smdp_es9_handler(struct smdp *s)
{
	return &s->es9_only.handler;
}

struct http_handler *smdp_es2_handler(struct smdp *s)
{
	return &s->es2_only.handler;
}

/* ---- Life. -------------------------------------------------------------- */

static char *copy(const char *z)
{
	char *c = z ? strdup(z) : NULL;

	assert(c || !z);
	return c;
}

struct smdp *smdp_new(const struct smdp_config *config, struct err *err)
{
	struct smdp *s = calloc(1, sizeof(*s));
	struct str address = str_of(config->address);

	assert(s);
	s->both = (struct smdp_door){ { .handle = handle }, s, true, true };
	s->es9_only = (struct smdp_door){ { .handle = handle }, s, true, false };
	s->es2_only = (struct smdp_door){ { .handle = handle }, s, false, true };
	s->loop = config->loop;
	s->net = config->net;
	s->log = config->log;
	s->party = copy(config->party);
	s->address = copy(config->address);
	s->eis_url = copy(config->eis_url);
	s->operator_url = copy(config->operator_url);
	s->crypto = config->crypto ? config->crypto : &rsp_crypto_none;
	s->own_keys = config->own_keys;
	s->throttle = config->throttle;
	s->callers_tail = &s->callers;
	s->profiles_tail = &s->profiles;
	rng_init(&s->ids, config->seed, str_of(s->party), STR("sessions"));
	rng_init(&s->keys, config->seed, str_of(s->party), STR("keys"));
	buf_init(&s->out, 2 * SMDP_PACKAGE_MAX);
	buf_init(&s->part, SMDP_PACKAGE_MAX);
	buf_init(&s->more, SMDP_PACKAGE_MAX);
	if (address.n == 0 || address.n > 255) {
		err_set(err, ERR_INVALID,
			"SM-DP+ address: %zu characters, expected 1 to 255",
			address.n);
		goto fail;
	}
	if (smdp_identities_init(&s->identities, &kind, s->crypto, str_of(s->address),
				 err) < 0)
		goto fail;
	return s;
fail:
	smdp_free(s);
	return NULL;
}

void smdp_free(struct smdp *s)
{
	struct smdp_profile *p;

	smdp_forwards_free(s);
	smdp_events_free(s);
	smdp_sessions_free(s);
	smdp_callers_free(s);
	while ((p = s->profiles)) {
		s->profiles = p->next;
		smdp_profile_free(p);
	}
	map_release(&s->by_iccid);
	map_release(&s->by_matching_id);
	map_release(&s->by_eid);
	map_release(&s->by_delivery);
	smdp_identities_release(&s->identities);
	buf_release(&s->out);
	buf_release(&s->part);
	buf_release(&s->more);
	free(s->party);
	free(s->address);
	free(s->eis_url);
	free(s->operator_url);
	free(s);
}
