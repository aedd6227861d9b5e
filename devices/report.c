#include "devices/device.h"
#include "sim/json.h"

#include <assert.h>
#include <stdlib.h>

static const char *const cause_names[] = {
	[CAUSE_PERIODIC] = "periodic", [CAUSE_CHANGE] = "change",
	[CAUSE_BOOT] = "boot", [CAUSE_REQUESTED] = "requested",
};

/* The API's words for a class. */
static const char *const type_names[PROFILE_CLASSES] = {
	[PROFILE_CLASS_TEST] = "test",
	[PROFILE_CLASS_PROVISIONING] = "bootstrap",
	[PROFILE_CLASS_OPERATIONAL] = "operational",
};

/* What the last report said of a profile: enough to see a difference. */
struct reported_profile {
	char iccid[ICCID_SIZE];
	uint64_t hash;
};

struct reported {
	size_t count;
	struct reported_profile list[];
};

const char *report_cause_name(enum report_cause cause)
{
	return cause_names[cause];
}

/* ---- What changed. ------------------------------------------------------ */

static uint64_t fnv(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001B3);
	return h;
}

/* Of all that a report says of it. */
static uint64_t hash_of(const struct euicc_profile *p)
{
	struct str spn = profile_text(p, TEXT_SPN);
	unsigned char small[] = {
		(unsigned char)p->number, (unsigned char)(p->number >> 8),
		p->enabled, p->class, p->has_spn,
	};
	uint64_t h = fnv(UINT64_C(0xCBF29CE484222325), small, sizeof(small));

	return spn.n ? fnv(h, spn.p, spn.n) : h;
}

static const struct reported_profile *find(const struct reported *r,
					   const char *iccid)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->list[i].iccid, iccid) == 0)
			return &r->list[i];
	return NULL;
}

static void remember(struct device *d)
{
	size_t count = d->euicc.profile_count;
	struct reported *r = malloc(sizeof(*r) + count * sizeof(r->list[0]));

	assert(r);
	r->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct euicc_profile *p = &d->euicc.profiles[i];

		memcpy(r->list[i].iccid, p->iccid, sizeof(r->list[i].iccid));
		r->list[i].hash = hash_of(p);
	}
	report_forget(d);
	d->reported = r;
}

void report_forget(struct device *d)
{
	free(d->reported);
	d->reported = NULL;
}

/* ---- The body. ---------------------------------------------------------- */

static void put_profile(struct json *j, const struct euicc_profile *p)
{
	json_open(j, '{');
	json_put_int(j, "id", p->number);
	json_putz(j, "iccid", p->iccid);
	if (p->has_spn)
		json_put(j, "carrier", profile_text(p, TEXT_SPN));
	json_putz(j, "status", p->enabled ? "active" : "inactive");
	json_putz(j, "type", type_names[p->class]);
	json_close(j, '}');
}

static void put_profiles(struct json *j, const struct euicc *e,
			 const struct reported *before)
{
	for (size_t i = 0; i < e->profile_count; i++) {
		const struct euicc_profile *p = &e->profiles[i];
		const struct reported_profile *was;

		was = before ? find(before, p->iccid) : NULL;
		if (!was || was->hash != hash_of(p))
			put_profile(j, p);
	}
	for (size_t i = 0; before && i < before->count; i++) {
		if (euicc_find(e, str_of(before->list[i].iccid)))
			continue;
		json_open(j, '{');
		json_putz(j, "iccid", before->list[i].iccid);
		json_put_bool(j, "removed", true);
		json_close(j, '}');
	}
}

void report_print(struct device *d, struct buf *out)
{
	const struct reported *before = NULL;
	struct json j = json_to(out);
	char time[CLOCK_ISO_SIZE];

	/* Reports of another cause are there to put things right. */
	if (d->report_cause == CAUSE_CHANGE)
		before = d->reported;
	clock_iso_to(device_unix_ms(d), time);
	json_open(&j, '{');
	json_put(&j, "device_id", device_id(d));
	json_put(&j, "eid", device_eid(d));
	json_put_int(&j, "sequence", d->fleet->sequence_base + d->report_sequence);
	json_putz(&j, "time", time);
	json_putz(&j, "cause", cause_names[d->report_cause]);
	json_put_bool(&j, "complete", !before);
	json_key(&j, "profiles");
	json_open(&j, '[');
	put_profiles(&j, &d->euicc, before);
	json_close(&j, ']');
	json_close(&j, '}');
	if (d->fleet->report_changes)
		remember(d);
}
