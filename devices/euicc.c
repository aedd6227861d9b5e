#include "devices/euicc.h"
#include "devices/euicc_download.h"

#include <assert.h>
#include <stdlib.h>

/* ---- Profiles. ---------------------------------------------------------- */

struct str profile_text(const struct euicc_profile *p, enum profile_text which)
{
	size_t at = 0;

	if (which == TEXT_SPN && !p->has_spn)
		return STR_NONE;
	for (int i = 0; i < (int)which; i++)
		at += p->text_len[i];
	return (struct str){ p->text ? p->text + at : "", p->text_len[which] };
}

int profile_set_text(struct euicc_profile *p, enum profile_text which,
		     struct str text)
{
	size_t before = 0, after = 0, old = p->text_len[which];
	char *all;

	if (text.n > EUICC_TEXT_MAX)
		return -1;
	for (int i = 0; i < PROFILE_TEXTS; i++)
		*(i < (int)which ? &before : &after) += p->text_len[i];
	after -= old;
	all = malloc(before + text.n + after + 1);
	assert(all);
	if (before)
		memcpy(all, p->text, before);
	if (text.n)
		memcpy(all + before, text.p, text.n);
	if (after)
		memcpy(all + before + text.n, p->text + before + old, after);
	free(p->text);
	p->text = all;
	p->text_len[which] = (uint8_t)text.n;
	if (which == TEXT_SPN)
		p->has_spn = text.p != NULL;
	return 0;
}

/* RID and PIX of an ISD-P; the last four bytes count from 00001000 in steps
 * of 256, one for each number (SGP.02, annex H, gives the range). */
void profile_aid(const struct euicc_profile *p,
		 unsigned char aid[EUICC_AID_BYTES])
{
	static const unsigned char prefix[12] = {
		0xA0, 0x00, 0x00, 0x05, 0x59, 0x10,
		0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89,
	};
	uint32_t tail = (0x10u + p->number - 1u) << 8;

	memcpy(aid, prefix, sizeof(prefix));
	for (int i = 0; i < 4; i++)
		aid[12 + i] = (unsigned char)(tail >> (24 - 8 * i));
}

struct euicc_profile *euicc_find(const struct euicc *e, struct str iccid)
{
	for (size_t i = 0; i < e->profile_count; i++)
		if (str_is(iccid, e->profiles[i].iccid))
			return &e->profiles[i];
	return NULL;
}

static struct euicc_profile *find_number(const struct euicc *e, unsigned number)
{
	for (size_t i = 0; i < e->profile_count; i++)
		if (e->profiles[i].number == number)
			return &e->profiles[i];
	return NULL;
}

struct euicc_profile *euicc_active(const struct euicc *e)
{
	for (size_t i = 0; i < e->profile_count; i++)
		if (e->profiles[i].enabled)
			return &e->profiles[i];
	return NULL;
}

uint32_t euicc_memory_used(const struct euicc *e)
{
	uint32_t used = 0;

	for (size_t i = 0; i < e->profile_count; i++)
		used += e->profiles[i].memory;
	return used;
}

uint32_t euicc_memory_free(const struct euicc *e)
{
	return e->memory - euicc_memory_used(e);
}

/* By ICCID or by AID. */
static struct euicc_profile *find_meant(const struct euicc *e,
					const struct es10_request *rq)
{
	unsigned char aid[EUICC_AID_BYTES];

	if (rq->iccid.n)
		return euicc_find(e, rq->iccid);
	for (size_t i = 0; i < e->profile_count; i++) {
		profile_aid(&e->profiles[i], aid);
		if (str_eq(rq->aid, (struct str){ (char *)aid, sizeof(aid) }))
			return &e->profiles[i];
	}
	return NULL;
}

/* ---- Life. -------------------------------------------------------------- */

void euicc_init(struct euicc *e, const struct euicc_shared *shared,
		struct str eid, uint32_t memory, struct rng rng)
{
	assert(eid_well_formed(eid));
	*e = (struct euicc){
		.shared = shared, .eid = eid.p, .rng = rng,
		.memory = memory ? memory : EUICC_MEMORY,
	};
}

void euicc_set_rat(struct euicc *e, const struct euicc_rat *rat)
{
	if (!e->rat)
		e->rat = malloc(sizeof(*e->rat));
	assert(e->rat);
	*e->rat = *rat;
}

const struct euicc_rat *euicc_rat_of(const struct euicc *e)
{
	return e->rat ? e->rat : &euicc_rat_open;
}

static void drop_first_note(struct euicc *e)
{
	struct euicc_note *n = e->notes;

	e->notes = n->next;
	e->note_count--;
	free(n);
}

void euicc_release(struct euicc *e)
{
	euicc_power_off(e);
	while (e->notes)
		drop_first_note(e);
	for (size_t i = 0; i < e->profile_count; i++)
		free(e->profiles[i].text);
	free(e->profiles);
	free(e->default_smdp);
	free(e->root_smds);
	free(e->key);
	free(e->rat);
	*e = (struct euicc){ 0 };
}

void euicc_power_off(struct euicc *e)
{
	euicc_session_end(e);
}

/* ---- Notifications. ----------------------------------------------------- */

void euicc_add_note(struct euicc *e, uint32_t sequence, unsigned event,
		    const char *iccid, struct str address, struct str der)
{
	struct euicc_note **at = &e->notes, *n;
	char *bytes;

	if (e->note_count == EUICC_NOTES_MAX)
		drop_first_note(e);
	while (*at)
		at = &(*at)->next;
	n = malloc(sizeof(*n) + address.n + der.n);
	assert(n);
	bytes = (char *)(n + 1);
	if (address.n)
		memcpy(bytes, address.p, address.n);
	if (der.n)
		memcpy(bytes + address.n, der.p, der.n);
	*n = (struct euicc_note){
		.sequence = sequence, .event = (uint8_t)event,
		.address = { bytes, address.n },
		.der = { bytes + address.n, der.n },
	};
	memcpy(n->iccid, iccid, strlen(iccid) + 1);
	*at = n;
	e->note_count++;
}

static void add_signed_note(struct euicc *e, unsigned event,
			    const struct euicc_profile *p, struct str address)
{
	struct arena a = { 0 };
	struct str der;

	e->sequence++;
	der = euicc_sign_note(e, &a, p->ci, e->sequence, event, p->iccid, address);
	euicc_add_note(e, e->sequence, event, p->iccid, address, der);
	arena_release(&a);
}

/* One for everybody that the profile says is to be told. */
static void notify(struct euicc *e, unsigned event, const struct euicc_profile *p)
{
	struct str config = profile_text(p, TEXT_NOTIFY), address;
	unsigned events;
	struct err err;

	while (rsp_notification_config_next(&config, &events, &address, &err) > 0)
		if (events & event)
			add_signed_note(e, event, p, address);
}

static void changed(struct euicc *e, enum euicc_change what,
		    const struct euicc_profile *p)
{
	if (e->shared->changed)
		e->shared->changed(e, what, p);
}

/* ---- Changes, without asking the rules. --------------------------------- */

static void set_enabled(struct euicc *e, struct euicc_profile *p, bool on)
{
	p->enabled = on;
	notify(e, on ? NOTIFY_ENABLE : NOTIFY_DISABLE, p);
	changed(e, on ? EUICC_ENABLED : EUICC_DISABLED, p);
}

void euicc_switch(struct euicc *e, struct euicc_profile *to)
{
	struct euicc_profile *from = euicc_active(e);

	if (from == to)
		return;
	if (to && to->class == PROFILE_CLASS_TEST) {
		if (from && from->class != PROFILE_CLASS_TEST)
			e->before_test = from->number;
	} else {
		e->before_test = 0;
	}
	if (from)
		set_enabled(e, from, false);
	if (to)
		set_enabled(e, to, true);
}

static void remove_profile(struct euicc *e, struct euicc_profile *p)
{
	struct euicc_profile gone = *p;

	memmove(p, p + 1, (size_t)(e->profiles + e->profile_count - (p + 1)) *
		sizeof(*p));
	e->profile_count--;
	if (e->before_test == gone.number)
		e->before_test = 0;
	notify(e, NOTIFY_DELETE, &gone);
	changed(e, EUICC_DELETED, &gone);
	free(gone.text);
}

static unsigned new_number(const struct euicc *e)
{
	unsigned number = 1;

	if (!e->reuse_numbers)
		return e->number + 1u;
	while (find_number(e, number))
		number++;
	return number;
}

static int check_new(const struct euicc *e, const struct euicc_profile_spec *spec,
		     uint32_t memory)
{
	if (!iccid_well_formed(spec->iccid))
		return ES10_LOAD_BAD_INPUT;
	for (int i = 0; i < PROFILE_TEXTS; i++)
		if (spec->text[i].n > EUICC_TEXT_MAX)
			return ES10_LOAD_BAD_INPUT;
	if (euicc_find(e, spec->iccid))
		return ES10_LOAD_ICCID_EXISTS;
	if (memory > euicc_memory_free(e) ||
	    e->profile_count == EUICC_PROFILES_MAX ||
	    new_number(e) > EUICC_NUMBER_MAX)
		return ES10_LOAD_MEMORY;
	return ES10_OK;
}

int euicc_install(struct euicc *e, const struct euicc_profile_spec *spec)
{
	uint32_t memory = spec->memory ? spec->memory : EUICC_PROFILE_MEMORY;
	int code = check_new(e, spec, memory);
	struct euicc_profile *p;

	if (code != ES10_OK)
		return code;
	p = realloc(e->profiles, (e->profile_count + 1u) * sizeof(*p));
	assert(p);
	e->profiles = p;
	p += e->profile_count;
	*p = (struct euicc_profile){
		.memory = memory, .class = (uint8_t)spec->class,
		.ppr = (uint8_t)spec->ppr, .no_network = spec->no_network,
		.number = (uint16_t)new_number(e), .ci = spec->ci,
	};
	memcpy(p->iccid, spec->iccid.p, spec->iccid.n);
	for (int i = 0; i < PROFILE_TEXTS; i++)
		if (spec->text[i].p)
			profile_set_text(p, (enum profile_text)i, spec->text[i]);
	e->profile_count++;
	if (p->number > e->number)
		e->number = p->number;
	changed(e, EUICC_INSTALLED, p);
	return ES10_OK;
}

/* ---- ES10c. ------------------------------------------------------------- */

/* The rule of the enabled profile gives way to a test profile alone (5.7.16). */
static bool is_held(const struct euicc_profile *from, const struct euicc_profile *to)
{
	return from && (from->ppr & PPR_NO_DISABLE) &&
	       to->class != PROFILE_CLASS_TEST;
}

/* While a test profile is enabled, only the one that it displaced, or another
 * test profile, may take its place (5.7.16). */
static bool is_wrong_reenabling(const struct euicc *e,
				const struct euicc_profile *from,
				const struct euicc_profile *to)
{
	return from && from->class == PROFILE_CLASS_TEST &&
	       to->class != PROFILE_CLASS_TEST && e->before_test &&
	       e->before_test != to->number;
}

static void enable_profile(struct euicc *e, const struct es10_request *rq,
			   struct arena *a, struct es10_answer *an)
{
	struct euicc_profile *to = find_meant(e, rq), *from = euicc_active(e);

	(void)a;
	if (!to)
		an->code = ES10_ENABLE_NOT_FOUND;
	else if (to->enabled)
		an->code = ES10_ENABLE_NOT_DISABLED;
	else if (is_held(from, to))
		an->code = ES10_ENABLE_POLICY;
	else if (is_wrong_reenabling(e, from, to))
		an->code = ES10_ENABLE_WRONG_REENABLING;
	else if (e->cat_busy)
		an->code = ES10_ENABLE_CAT_BUSY;
	else
		euicc_switch(e, to);
}

/* A test profile gives its place back to the one that it displaced (5.7.17). */
static struct euicc_profile *successor(const struct euicc *e, const struct euicc_profile *p)
{
	return p->class == PROFILE_CLASS_TEST && e->before_test ?
	       find_number(e, e->before_test) : NULL;
}

static void disable_profile(struct euicc *e, const struct es10_request *rq,
			    struct arena *a, struct es10_answer *an)
{
	struct euicc_profile *p = find_meant(e, rq);

	(void)a;
	if (!p)
		an->code = ES10_DISABLE_NOT_FOUND;
	else if (!p->enabled)
		an->code = ES10_DISABLE_NOT_ENABLED;
	else if (p->ppr & PPR_NO_DISABLE)
		an->code = ES10_DISABLE_POLICY;
	else if (e->cat_busy)
		an->code = ES10_DISABLE_CAT_BUSY;
	else
		euicc_switch(e, successor(e, p));
}

static void delete_profile(struct euicc *e, const struct es10_request *rq,
			   struct arena *a, struct es10_answer *an)
{
	struct euicc_profile *p = find_meant(e, rq);

	(void)a;
	if (!p)
		an->code = ES10_DELETE_NOT_FOUND;
	else if (p->enabled)
		an->code = ES10_DELETE_NOT_DISABLED;
	else if (p->ppr & PPR_NO_DELETE)
		an->code = ES10_DELETE_POLICY;
	else
		remove_profile(e, p);
}

static void set_nickname(struct euicc *e, const struct es10_request *rq,
			 struct arena *a, struct es10_answer *an)
{
	struct euicc_profile *p = euicc_find(e, rq->iccid);

	(void)a;
	if (!p)
		an->code = ES10_NICKNAME_NOT_FOUND;
	else if (rq->text.n > EUICC_NICKNAME_MAX || !str_is_utf8(rq->text))
		an->code = ES10_UNDEFINED_ERROR;
	else
		profile_set_text(p, TEXT_NICKNAME, rq->text);
}

/* Rules do not protect a profile from this (5.7.19). */
static void memory_reset(struct euicc *e, const struct es10_request *rq,
			 struct arena *a, struct es10_answer *an)
{
	bool doomed[PROFILE_CLASSES] = {
		[PROFILE_CLASS_OPERATIONAL] = rq->bits & RESET_OPERATIONAL,
		[PROFILE_CLASS_TEST] = rq->bits & RESET_TEST,
	};
	struct euicc_profile *active = euicc_active(e), *next;
	bool any = false;

	(void)a;
	if (e->cat_busy && active && doomed[active->class]) {
		an->code = ES10_RESET_CAT_BUSY;
		return;
	}
	if (active && doomed[active->class]) {
		next = successor(e, active);
		euicc_switch(e, next && !doomed[next->class] ? next : NULL);
	}
	for (size_t i = e->profile_count; i-- > 0;) {
		if (!doomed[e->profiles[i].class])
			continue;
		remove_profile(e, &e->profiles[i]);
		any = true;
	}
	if ((rq->bits & RESET_DEFAULT_SMDP) && e->default_smdp) {
		free(e->default_smdp);
		e->default_smdp = NULL;
		any = true;
	}
	if (!any)
		an->code = ES10_RESET_NOTHING;
}

static void get_eid(struct euicc *e, const struct es10_request *rq,
		    struct arena *a, struct es10_answer *an)
{
	(void)rq;
	an->text = arena_str(a, (struct str){ e->eid, EID_DIGITS });
}

static void get_profiles(struct euicc *e, const struct es10_request *rq,
			 struct arena *a, struct es10_answer *an)
{
	(void)a;
	an->profiles = e->profiles;
	an->profile_count = e->profile_count;
	if (!rq->iccid.n && !rq->aid.n)
		return;
	if (rq->iccid.n ? !iccid_well_formed(rq->iccid) :
			  rq->aid.n != EUICC_AID_BYTES) {
		an->code = ES10_LIST_BAD_INPUT;
		an->profiles = NULL;
	} else {
		an->profiles = find_meant(e, rq);
	}
	an->profile_count = an->profiles ? 1 : 0;
}

/* ---- ES10a. ------------------------------------------------------------- */

static void get_addresses(struct euicc *e, const struct es10_request *rq,
			  struct arena *a, struct es10_answer *an)
{
	(void)rq;
	an->text = arena_str(a, str_of(e->default_smdp ? e->default_smdp : ""));
	an->root_smds = arena_str(a, str_of(e->root_smds ? e->root_smds : ""));
}

static void set_default_dp(struct euicc *e, const struct es10_request *rq,
			   struct arena *a, struct es10_answer *an)
{
	(void)a;
	if (rq->text.n > EUICC_TEXT_MAX || !str_is_utf8(rq->text) ||
	    (rq->text.n && memchr(rq->text.p, '\0', rq->text.n))) {
		an->code = ES10_UNDEFINED_ERROR;
		return;
	}
	free(e->default_smdp);
	e->default_smdp = rq->text.n ? strndup(rq->text.p, rq->text.n) : NULL;
}

/* ---- ES10b: notifications. ---------------------------------------------- */

static bool note_fits(const struct euicc_note *n, const struct es10_request *rq)
{
	if (rq->sequence)
		return n->sequence == rq->sequence;
	return rq->bits == 0 || (n->event & rq->bits);
}

/* The first that fits; later ones are behind it (`bits` apply to them too). */
static void list_notifications(struct euicc *e, const struct es10_request *rq,
			       struct arena *a, struct es10_answer *an)
{
	(void)a;
	an->notes = e->notes;
	while (an->notes && !note_fits(an->notes, rq))
		an->notes = an->notes->next;
}

static void retrieve_notifications(struct euicc *e, const struct es10_request *rq,
				   struct arena *a, struct es10_answer *an)
{
	list_notifications(e, rq, a, an);
	if (!an->notes)
		an->code = ES10_RETRIEVE_NONE;
	else
		an->der = an->notes->der;
}

static void remove_notification(struct euicc *e, const struct es10_request *rq,
				struct arena *a, struct es10_answer *an)
{
	struct euicc_note **at = &e->notes, *n;

	(void)a;
	while (*at && (*at)->sequence != rq->sequence)
		at = &(*at)->next;
	n = *at;
	if (!n) {
		an->code = ES10_REMOVE_NOTHING;
		return;
	}
	*at = n->next;
	e->note_count--;
	free(n);
}

/* ---- All of them. ------------------------------------------------------- */

#define ROW(name, tag, fn) { name, ES10_TAG_##tag, fn }

const struct es10_row es10_table[] = {
	/* ES10a */
	ROW("GetEuiccConfiguredAddresses", CONFIGURED_ADDRESSES, get_addresses),
	ROW("SetDefaultDpAddress", SET_DEFAULT_DP, set_default_dp),
	/* ES10b */
	ROW("PrepareDownload", PREPARE_DOWNLOAD, euicc_prepare_download),
	ROW("LoadBoundProfilePackage", LOAD_PACKAGE, euicc_load_package),
	ROW("GetEUICCChallenge", EUICC_CHALLENGE, euicc_get_challenge),
	ROW("GetEUICCInfo1", EUICC_INFO1, euicc_get_info1),
	ROW("GetEUICCInfo2", EUICC_INFO2, euicc_get_info2),
	ROW("ListNotification", LIST_NOTIFICATION, list_notifications),
	ROW("RetrieveNotificationsList", RETRIEVE_NOTIFICATIONS,
	    retrieve_notifications),
	ROW("RemoveNotificationFromList", REMOVE_NOTIFICATION,
	    remove_notification),
	ROW("AuthenticateServer", AUTHENTICATE_SERVER, euicc_authenticate_server),
	ROW("CancelSession", CANCEL_SESSION, euicc_cancel_session),
	ROW("GetRAT", RAT, euicc_get_rat),
	/* ES10c */
	ROW("GetProfilesInfo", PROFILES_INFO, get_profiles),
	ROW("EnableProfile", ENABLE_PROFILE, enable_profile),
	ROW("DisableProfile", DISABLE_PROFILE, disable_profile),
	ROW("DeleteProfile", DELETE_PROFILE, delete_profile),
	ROW("eUICCMemoryReset", MEMORY_RESET, memory_reset),
	ROW("GetEID", GET_EID, get_eid),
	ROW("SetNickname", SET_NICKNAME, set_nickname),
	{ 0 }
};

int euicc_call(struct euicc *e, const struct es10_request *rq, struct arena *a,
	       struct es10_answer *an)
{
	*an = (struct es10_answer){ 0 };
	for (const struct es10_row *row = es10_table; row->name; row++) {
		if (row->tag != rq->tag)
			continue;
		row->fn(e, rq, a, an);
		return 0;
	}
	return -1;
}
