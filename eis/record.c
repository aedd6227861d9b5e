#include "eis/record.h"
#include "proto/profile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* How each kind stands in the trail: operationType, requesterId and
 * operationExecutionStatus (SGP.02, auditTrail). */
static const struct {
	const char *type, *requester, *status;
} audit_kinds[AUDIT_KINDS] = {
	[AUDIT_ORDER_QUEUED] = { "order-queued", "server", "Executed-Success" },
	[AUDIT_ORDER_DELIVERED] = { "order-delivered", "device", "Executed-Success" },
	[AUDIT_ORDER_COMPLETE] = { "order-complete", "device", "Executed-Success" },
	[AUDIT_ORDER_FAILED] = { "order-failed", "device", "Failed" },
	[AUDIT_ORDER_EXPIRED] = { "order-expired", "eis", "Expired" },
	[AUDIT_ORDER_CANCELLED] = { "order-cancelled", "server", "Executed-Success" },
	[AUDIT_RESULT_REPEATED] = { "result-repeated", "device", "Executed-WithWarning" },
	[AUDIT_RESULT_CONTRADICTS] = { "result-contradicts", "device", "Executed-WithWarning" },
	[AUDIT_RESULT_LATE] = { "result-late", "device", "Executed-WithWarning" },
	[AUDIT_RESULT_EARLY] = { "result-early", "device", "Failed" },
	[AUDIT_NOTIFICATION] = { "notification", "smdp", "Executed-Success" },
	[AUDIT_NOTIFICATION_FAILED] = { "notification", "smdp", "Failed" },
	[AUDIT_PROFILES_SYNCED] = { "profiles-synced", "device", "Executed-Success" },
	[AUDIT_PROFILES_STALE] = { "profiles-stale", "device", "Executed-WithWarning" },
};

enum { AUDIT_FIRST_CAP = 8 };

const char *eis_audit_kind_name(enum eis_audit_kind kind)
{
	assert(kind < AUDIT_KINDS);
	return audit_kinds[kind].type;
}

/* A full ring begins at `first`; a growing one begins at 0. */
static struct eis_audit_entry *next_entry(struct eis_record *c)
{
	struct eis_audit *a = c->audit;

	if (a && a->count == EIS_AUDIT_MAX) {
		struct eis_audit_entry *oldest = &a->ring[a->first];

		a->first = (a->first + 1) % a->cap;
		c->audit_dropped++;
		return oldest;
	}
	if (!a || a->count == a->cap) {
		size_t cap = a ? 2 * a->cap : AUDIT_FIRST_CAP;
		size_t count = a ? a->count : 0;

		a = realloc(a, sizeof(*a) + cap * sizeof(a->ring[0]));
		assert(a);
		a->cap = cap;
		a->first = 0;
		a->count = count;
		c->audit = a;
	}
	return &a->ring[a->count++];
}

static void set_text(char *to, size_t size, struct str s)
{
	size_t n = s.n < size ? s.n : size - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

void eis_record_note(struct eis_record *c, int64_t now_ms, enum eis_audit_kind kind,
		const char *operation, struct str iccid)
{
	const struct eis_profile *p = eis_record_find_profile(c, iccid);
	struct eis_audit_entry *e = next_entry(c);

	*e = (struct eis_audit_entry){ .date_ms = now_ms, .kind = kind };
	set_text(e->operation, sizeof(e->operation), str_of(operation));
	set_text(e->iccid, sizeof(e->iccid), iccid);
	if (p)
		set_text(e->isdp_aid, sizeof(e->isdp_aid), p->isdp_aid);
}

/* The texts of a profile, to be copied one like the other. */
enum { TEXTS = 10 };

static void texts_of(struct eis_profile *p, struct str *texts[TEXTS])
{
	struct str *all[TEXTS] = {
		&p->iccid, &p->isdp_aid, &p->spn, &p->profile_name,
		&p->nickname, &p->class_name, &p->smdp_address, &p->mno_id,
		&p->imsi, &p->msisdn,
	};

	memcpy(texts, all, sizeof(all));
}

void eis_record_set_profiles(struct eis_record *c, const struct eis_profile *list,
			size_t count)
{
	size_t fixed = sizeof(struct eis_profiles) + count * sizeof(*list);
	size_t size = fixed;
	struct eis_profiles *mine;
	struct str *texts[TEXTS];
	char *at;

	assert(count <= EIS_PROFILES_MAX);
	for (size_t i = 0; i < count; i++) {
		struct eis_profile p = list[i];

		texts_of(&p, texts);
		for (size_t k = 0; k < TEXTS; k++)
			size += texts[k]->n;
	}
	mine = malloc(size);
	assert(mine);
	mine->count = count;
	at = (char *)mine + fixed;
	for (size_t i = 0; i < count; i++) {
		mine->list[i] = list[i];
		texts_of(&mine->list[i], texts);
		for (size_t k = 0; k < TEXTS; k++) {
			if (texts[k]->n)
				memcpy(at, texts[k]->p, texts[k]->n);
			texts[k]->p = at;
			at += texts[k]->n;
		}
	}
	free(c->profiles);
	c->profiles = mine;
}

const struct eis_profile *eis_record_find_profile(const struct eis_record *c,
					       struct str iccid)
{
	for (size_t i = 0; c->profiles && iccid.n && i < c->profiles->count; i++)
		if (str_eq(c->profiles->list[i].iccid, iccid))
			return &c->profiles->list[i];
	return NULL;
}

void eis_record_release(struct eis_record *c)
{
	struct eis_order *next;

	for (struct eis_order *o = c->first; o; o = next) {
		next = o->next;
		eis_order_free(o);
	}
	free(c->profiles);
	free(c->audit);
	c->first = c->last = c->head = NULL;
	c->profiles = NULL;
	c->audit = NULL;
}

static void put_time(struct json *j, const char *key, int64_t unix_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso_to(unix_ms, text);
	json_putz(j, key, text);
}

static void put_domain(struct json *j, const char *key, const char *aid,
		       const char *role)
{
	json_key(j, key);
	json_open(j, '{');
	json_putz(j, "aid", aid);
	json_putz(j, "role", role);
	json_close(j, '}');
}

static void put_pol2(struct json *j, unsigned rules)
{
	json_key(j, "pol2");
	json_open(j, '[');
	if (rules & PPR_UPDATE_CONTROL)
		json_str(j, STR("pprUpdateControl"));
	if (rules & PPR_NO_DISABLE)
		json_str(j, STR("ppr1"));
	if (rules & PPR_NO_DELETE)
		json_str(j, STR("ppr2"));
	json_close(j, ']');
}

static void put_profile(struct json *j, const struct eis_profile *p)
{
	json_open(j, '{');
	json_put(j, "iccid", p->iccid);
	json_put_opt(j, "isd-p-aid", p->isdp_aid);
	json_put_opt(j, "mno-id", p->mno_id);
	/* The rig's provisioning profile is what a device falls back on. */
	json_put_bool(j, "fallbackAttribute",
		      str_is(p->class_name, "provisioning"));
	if (p->imsi.n || p->msisdn.n) {
		json_key(j, "subscriptionAddress");
		json_open(j, '{');
		json_put_opt(j, "imsi", p->imsi);
		json_put_opt(j, "msisdn", p->msisdn);
		json_close(j, '}');
	}
	json_putz(j, "state", p->enabled ? "enabled" : "disabled");
	json_put_opt(j, "smdp-id", p->smdp_address);
	json_put(j, "profileType", p->class_name);
	if (p->allocated >= 0)
		json_put_int(j, "allocatedMemory", p->allocated);
	if (p->free >= 0)
		json_put_int(j, "freeMemory", p->free);
	put_pol2(j, p->pol2);
	if (p->has_spn)
		json_put(j, "spn", p->spn);
	json_put_opt(j, "profileName", p->profile_name);
	json_put_opt(j, "nickname", p->nickname);
	json_close(j, '}');
}

static void put_audit(struct json *j, const struct eis_audit_entry *e)
{
	json_open(j, '{');
	put_time(j, "operationDate", e->date_ms);
	json_putz(j, "operationType", audit_kinds[e->kind].type);
	json_put_opt(j, "operation", str_of(e->operation));
	json_putz(j, "requesterId", audit_kinds[e->kind].requester);
	json_putz(j, "operationExecutionStatus", audit_kinds[e->kind].status);
	json_put_opt(j, "isd-p-aid", str_of(e->isdp_aid));
	json_put_opt(j, "iccid", str_of(e->iccid));
	json_close(j, '}');
}

/* What the EUM signs; the AIDs are those of SGP.02, annex H. */
static void put_eum_info(const struct eis_record *c, struct json *j)
{
	json_putz(j, "eid", c->eid);
	json_put_opt(j, "eum-id", str_of(c->eum_id));
	put_time(j, "productionDate", c->production_ms);
	json_put_opt(j, "platformType", str_of(c->platform_type));
	json_put_opt(j, "platformVersion", str_of(c->platform_version));
	json_putz(j, "isd-p-loadfile-aid", "A0000005591010FFFFFFFF8900000D00");
	json_putz(j, "isd-p-module-aid", "A0000005591010FFFFFFFF8900000E00");
	put_domain(j, "ecasd", "A0000005591010FFFFFFFF8900000200", "ECASD");
	json_key(j, "euiccCapabilities");
	json_open(j, '{');
	json_put_bool(j, "CAT-TP-Support", false);
	json_put_bool(j, "HTTP-Support", true);
	json_putz(j, "HTTP-Version", "1.1");
	json_putz(j, "secure-packet-version", "12.1.0");
	json_putz(j, "remote-provisioning-version", "3.2.0");
	json_close(j, '}');
}

void eis_record_write(const struct eis_record *c, struct json *j)
{
	const struct eis_audit *a = c->audit;

	json_open(j, '{');
	put_eum_info(c, j);
	json_put_int(j, "remainingMemory", c->remaining);
	json_put_int(j, "availableMemoryForProfiles", c->memory);
	if (c->synced)
		put_time(j, "lastAuditDate", c->last_audit_ms);
	json_putz(j, "smsr-id", "2.999.1.1");	/* the arc for examples */
	put_domain(j, "isd-r", "A0000005591010FFFFFFFF8900000100", "ISD-R");
	json_key(j, "profiles");
	json_open(j, '[');
	for (size_t i = 0; c->profiles && i < c->profiles->count; i++)
		put_profile(j, &c->profiles->list[i]);
	json_close(j, ']');
	json_key(j, "auditTrail");
	json_open(j, '[');
	for (size_t i = 0; a && i < a->count; i++)
		put_audit(j, &a->ring[(a->first + i) % a->cap]);
	json_close(j, ']');
	json_put_int(j, "auditTrailDropped", (int64_t)c->audit_dropped);
	json_close(j, '}');
}
