#include "smdp/state.h"

#include "proto/hex.h"
#include "smdp/internal.h"

/* ---- Writing. -------------------------------------------------------------- */

static void put_bytes(struct json *j, const char *key, const void *bytes, size_t n,
		      struct arena *a)
{
	if (n)
		json_put(j, key, hex_of(a, (struct str){ bytes, n }));
}

static void put_profile(struct json *j, const struct smdp_profile *p, struct arena *a)
{
	unsigned kept = p->transaction_count < SMDP_TRANSACTIONS_KEPT ?
			p->transaction_count : SMDP_TRANSACTIONS_KEPT;

	json_open(j, '{');
	json_putz(j, "iccid", p->iccid);
	json_putz(j, "state", smdp_state_name(p->state));
	json_put_opt(j, "eid", str_of(p->eid));
	if (p->matching_id.p)
		json_put(j, "matching_id", p->matching_id);
	if (p->spn.p)
		json_put(j, "spn", p->spn);
	json_put_opt(j, "name", p->name);
	json_put_opt(j, "type", p->type);
	json_put_int(j, "class", p->class);
	json_put_int(j, "ppr", p->ppr);
	json_put_int(j, "memory", p->memory);
	if (p->cc_required)
		put_bytes(j, "cc_hash", p->cc_hash, sizeof(p->cc_hash), a);
	json_put_int(j, "attempts", p->attempts);
	json_put_int(j, "attempts_max", p->attempts_max);
	json_put_int(j, "cc_attempts", p->cc_attempts);
	json_put_int(j, "expires", p->expires_ms);
	json_put_int(j, "since", p->since.ns);
	json_put_int(j, "fault", p->fault);
	json_put_opt(j, "bound_eid", str_of(p->bound_eid));
	put_bytes(j, "certificate", p->euicc_certificate.p, p->euicc_certificate.n, a);
	/* The oldest first. */
	json_key(j, "transactions");
	json_open(j, '[');
	for (unsigned i = p->transaction_count - kept; i < p->transaction_count; i++)
		json_str(j, hex_of(a, (struct str){
			(const char *)p->transactions[i % SMDP_TRANSACTIONS_KEPT],
			RSP_TRANSACTION_MAX }));
	json_close(j, ']');
	json_close(j, '}');
}

void smdp_state_write(const struct smdp *s, struct json *j)
{
	struct arena a = { 0 };

	json_open(j, '[');
	for (const struct smdp_profile *p = s->profiles; p; p = p->next) {
		put_profile(j, p, &a);
		arena_clear(&a);
	}
	json_close(j, ']');
	arena_release(&a);
}

/* ---- Reading. -------------------------------------------------------------- */

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "state of an SM-DP+: %s", what);
}

struct saved {
	struct str iccid, state, eid, matching_id, spn, name, type, cc_hash, bound_eid,
		certificate;
	int64_t class, ppr, memory, attempts, attempts_max, cc_attempts, expires_ms,
		since_ns, fault;
};

static int read_saved(const cJSON *o, struct arena *a, struct saved *s, struct err *err)
{
	const struct {
		const char *key;
		struct str *to;
	} texts[] = {
		{ "iccid", &s->iccid }, { "state", &s->state }, { "eid", &s->eid },
		{ "matching_id", &s->matching_id }, { "spn", &s->spn }, { "name", &s->name },
		{ "type", &s->type }, { "cc_hash", &s->cc_hash },
		{ "bound_eid", &s->bound_eid }, { "certificate", &s->certificate },
	};
	const struct {
		const char *key;
		int64_t *to;
	} numbers[] = {
		{ "class", &s->class }, { "ppr", &s->ppr }, { "memory", &s->memory },
		{ "attempts", &s->attempts }, { "attempts_max", &s->attempts_max },
		{ "cc_attempts", &s->cc_attempts }, { "expires", &s->expires_ms },
		{ "since", &s->since_ns }, { "fault", &s->fault },
	};

	*s = (struct saved){ 0 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (json_get_str(o, texts[i].key, a, texts[i].to, err) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (json_get_int(o, numbers[i].key, numbers[i].to, err) < 0)
			return -1;
	if (!iccid_well_formed(s->iccid) || (s->eid.n && !eid_well_formed(s->eid)) ||
	    (s->bound_eid.n && !eid_well_formed(s->bound_eid)) || s->class < 0 ||
	    s->class >= PROFILE_CLASSES || s->ppr < 0 || s->ppr > PPR_ALL || s->memory < 0 ||
	    s->memory > UINT32_MAX || s->attempts < 0 || s->attempts > UINT16_MAX ||
	    s->attempts_max < 1 || s->attempts_max > UINT16_MAX || s->cc_attempts < 0 ||
	    s->cc_attempts > UINT16_MAX || s->fault < 0 || s->fault >= STATUS_CODE_COUNT)
		return bad(err, "a profile that cannot be");
	return 0;
}

static enum smdp_state state_named(struct str name)
{
	for (int i = SMDP_AVAILABLE; i < SMDP_STATES; i++)
		if (str_is(name, smdp_state_name((enum smdp_state)i)))
			return (enum smdp_state)i;
	return SMDP_NONE;
}

static int read_transactions(struct smdp *s, struct smdp_profile *p, const cJSON *list,
			     struct arena *a, struct err *err)
{
	const cJSON *item;
	struct str id;

	smdp_forget_deliveries(s, p);
	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsString(item) ||
		    hex_decode(a, str_of(item->valuestring), &id, err) < 0 ||
		    id.n != RSP_TRANSACTION_MAX)
			return bad(err, "a transaction that cannot be");
		smdp_keep_delivery(s, p, id);
	}
	return 0;
}

/* The profile of that ICCID, made if it is not there. */
static struct smdp_profile *profile_for(struct smdp *s, const struct saved *v,
					struct err *err)
{
	const struct smdp_profile_spec spec = {
		.iccid = v->iccid, .spn = v->spn, .profile_name = v->name,
		.profile_type = v->type, .memory = (uint32_t)v->memory,
		.ppr = (unsigned)v->ppr, .retries_max = (unsigned)v->attempts_max,
	};
	struct smdp_profile *p = smdp_find_profile(s, v->iccid);

	if (!p && smdp_stock_profile(s, &spec, err) == 0)
		p = smdp_find_profile(s, v->iccid);
	return p;
}

static int read_profile(struct smdp *s, const cJSON *item, struct arena *a, struct err *err)
{
	struct str cc_hash = STR_NONE, certificate = STR_NONE;
	struct smdp_profile *p;
	struct saved v;

	if (read_saved(item, a, &v, err) < 0)
		return -1;
	if (state_named(v.state) == SMDP_NONE)
		return bad(err, "a profile in no state");
	if ((v.cc_hash.p && (hex_decode(a, v.cc_hash, &cc_hash, err) < 0 ||
			     cc_hash.n != RSP_HASH_BYTES)) ||
	    (v.certificate.p && hex_decode(a, v.certificate, &certificate, err) < 0))
		return bad(err, "bytes that are none");
	p = profile_for(s, &v, err);
	if (!p)
		return -1;
	smdp_set_order(s, p, v.matching_id, v.eid.n ? v.eid : STR_NONE);
	smdp_keep(&p->spn, v.spn);
	p->class = (enum profile_class)v.class;
	p->cc_required = cc_hash.p != NULL;
	if (cc_hash.p)
		memcpy(p->cc_hash, cc_hash.p, RSP_HASH_BYTES);
	p->attempts = (unsigned)v.attempts;
	p->attempts_max = (unsigned)v.attempts_max;
	p->cc_attempts = (unsigned)v.cc_attempts;
	p->expires_ms = v.expires_ms;
	p->state = state_named(v.state);
	p->since.ns = v.since_ns;
	p->fault = (enum status_code)v.fault;
	memset(p->bound_eid, 0, sizeof(p->bound_eid));
	if (v.bound_eid.n)
		memcpy(p->bound_eid, v.bound_eid.p, v.bound_eid.n);
	smdp_keep(&p->euicc_certificate, certificate);
	return read_transactions(s, p, cJSON_GetObjectItemCaseSensitive(item, "transactions"),
				 a, err);
}

int smdp_state_read(struct smdp *s, const cJSON *state, struct err *err)
{
	struct arena a = { 0 };
	const cJSON *item;
	int rc = 0;

	if (!cJSON_IsArray(state))
		return bad(err, "expected a list");
	cJSON_ArrayForEach(item, state) {
		if (rc == 0)
			rc = read_profile(s, item, &a, err);
		arena_clear(&a);
	}
	arena_release(&a);
	return rc;
}
