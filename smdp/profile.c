#include "smdp/profile.h"

#include <assert.h>
#include <stdlib.h>

#define S(x) SMDP_##x
#define E(x) SMDP_EV_##x

/* Every legal move.  A cell that is not written is a refusal. */
static const enum smdp_state table[SMDP_STATES][SMDP_EVENTS] = {
	[S(AVAILABLE)]  = { [E(ALLOCATE)]      = S(ALLOCATED),
			    [E(LINK)]          = S(LINKED),
			    [E(RETIRE)]        = S(UNAVAILABLE) },
	[S(ALLOCATED)]  = { [E(LINK)]          = S(LINKED),
			    [E(CONFIRM)]       = S(CONFIRMED),
			    [E(CANCEL)]        = S(AVAILABLE),
			    [E(RETIRE)]        = S(UNAVAILABLE) },
	[S(LINKED)]     = { [E(CONFIRM)]       = S(CONFIRMED),
			    [E(CANCEL)]        = S(AVAILABLE),
			    [E(RETIRE)]        = S(UNAVAILABLE) },
	[S(CONFIRMED)]  = { [E(RELEASE)]       = S(RELEASED),
			    [E(CANCEL)]        = S(AVAILABLE),
			    [E(RETIRE)]        = S(UNAVAILABLE) },
	/* Another try may have failed when this one was done after all. */
	[S(RELEASED)]   = { [E(DELIVER)]       = S(DOWNLOADED),
			    [E(INSTALL_OK)]    = S(INSTALLED),
			    [E(REJECT)]        = S(ERROR),
			    [E(EXHAUST)]       = S(ERROR),
			    [E(EXPIRE)]        = S(ERROR),
			    [E(CANCEL)]        = S(AVAILABLE),
			    [E(RETIRE)]        = S(UNAVAILABLE) },
	/* Delivering again is legal: the device may have lost the package.
	 * Nothing takes the order away while its result may be on its way. */
	[S(DOWNLOADED)] = { [E(DELIVER)]       = S(DOWNLOADED),
			    [E(INSTALL_OK)]    = S(INSTALLED),
			    [E(INSTALL_RETRY)] = S(RELEASED),
			    [E(INSTALL_FAIL)]  = S(ERROR),
			    [E(REJECT)]        = S(ERROR),
			    [E(EXHAUST)]       = S(ERROR) },
	/* The result of an earlier try may come after all. */
	[S(ERROR)]      = { [E(INSTALL_OK)]    = S(INSTALLED),
			    [E(CANCEL)]        = S(AVAILABLE),
			    [E(RETIRE)]        = S(UNAVAILABLE) },
};

static const char *const state_names[SMDP_STATES] = {
	"none", "available", "allocated", "linked", "confirmed", "released",
	"downloaded", "installed", "error", "unavailable",
};

static const char *const event_names[SMDP_EVENTS] = {
	"allocate", "link", "confirm", "release", "deliver", "install-ok",
	"install-retry", "install-fail", "reject", "exhaust", "expire", "cancel",
	"retire",
};

const char *smdp_state_name(enum smdp_state state)
{
	assert(state < SMDP_STATES);
	return state_names[state];
}

const char *smdp_event_name(enum smdp_event event)
{
	assert(event < SMDP_EVENTS);
	return event_names[event];
}

enum smdp_state smdp_state_next(enum smdp_state from, enum smdp_event event)
{
	assert(from < SMDP_STATES);
	assert(event < SMDP_EVENTS);
	return table[from][event];
}

int smdp_profile_apply(struct smdp_profile *p, enum smdp_event event,
		       struct instant now, struct err *err)
{
	enum smdp_state next = smdp_state_next(p->state, event);

	assert(now.ns >= p->since.ns);
	if (next == SMDP_NONE)
		return err_set(err, ERR_STATE, "profile %s: %s refused in state %s",
			       p->iccid, smdp_event_name(event),
			       smdp_state_name(p->state));
	p->state = next;
	p->since = now;
	return 0;
}

static unsigned kept(unsigned count, unsigned room)
{
	return count < room ? count : room;
}

const struct smdp_notification *
smdp_profile_notification(const struct smdp_profile *p, const char *eid,
			  int64_t sequence)
{
	unsigned n = kept(p->notification_count, SMDP_NOTIFICATIONS_KEPT);

	for (unsigned i = 0; i < n; i++)
		if (p->notifications[i].sequence == sequence &&
		    strcmp(p->notifications[i].eid, eid) == 0)
			return &p->notifications[i];
	return NULL;
}

void smdp_profile_keep_notification(struct smdp_profile *p,
				    const struct smdp_notification *n)
{
	if (!p->notifications) {
		p->notifications = calloc(SMDP_NOTIFICATIONS_KEPT, sizeof(*n));
		assert(p->notifications);
	}
	p->notifications[p->notification_count++ % SMDP_NOTIFICATIONS_KEPT] = *n;
}

/* Its place in the ring, or -1. */
static int find_transaction(const struct smdp_profile *p, struct str id)
{
	unsigned n = kept(p->transaction_count, SMDP_TRANSACTIONS_KEPT);

	for (unsigned i = 0; i < n; i++)
		if (id.n == RSP_TRANSACTION_MAX &&
		    memcmp(p->transactions[i], id.p, id.n) == 0)
			return (int)i;
	return -1;
}

bool smdp_profile_delivered_in(const struct smdp_profile *p, struct str id)
{
	return find_transaction(p, id) >= 0;
}

bool smdp_profile_report(struct smdp_profile *p, struct str id)
{
	int i = find_transaction(p, id);

	if (i < 0 || p->reported[i])
		return false;
	p->reported[i] = true;
	return true;
}

void smdp_profile_keep_transaction(struct smdp_profile *p, struct str id)
{
	unsigned i = p->transaction_count % SMDP_TRANSACTIONS_KEPT;

	assert(id.n == RSP_TRANSACTION_MAX);
	if (smdp_profile_delivered_in(p, id))
		return;
	memcpy(p->transactions[i], id.p, id.n);
	p->reported[i] = false;
	p->transaction_count++;
}

void smdp_profile_unbind(struct smdp_profile *p)
{
	free(p->binding);
	p->binding = NULL;
}

void smdp_profile_start_order(struct smdp_profile *p)
{
	p->order++;
	p->attempts = p->cc_attempts = 0;
	p->cc_required = false;
	p->expires_ms = 0;
	p->at_smds = SMDP_NOT_AT_SMDS;
	smdp_keep(&p->smds, STR_NONE);
	p->fault = STATUS_OK;
	memset(p->bound_eid, 0, sizeof(p->bound_eid));
	smdp_keep(&p->euicc_certificate, STR_NONE);
	smdp_profile_unbind(p);
	free(p->keys);
	p->keys = NULL;
	p->transaction_count = 0;
}

void smdp_keep(struct str *slot, struct str s)
{
	char *copy = NULL;

	if (s.p) {
		copy = malloc(s.n + 1);
		assert(copy);
		memcpy(copy, s.p, s.n);
		copy[s.n] = '\0';
	}
	free((char *)slot->p);
	*slot = (struct str){ copy, s.n };
}

void smdp_profile_free(struct smdp_profile *p)
{
	smdp_keep(&p->matching_id, STR_NONE);
	smdp_keep(&p->spn, STR_NONE);
	smdp_keep(&p->name, STR_NONE);
	smdp_keep(&p->type, STR_NONE);
	smdp_keep(&p->smds, STR_NONE);
	smdp_keep(&p->upp, STR_NONE);
	smdp_keep(&p->euicc_certificate, STR_NONE);
	smdp_profile_unbind(p);
	free(p->keys);
	free(p->notifications);
	free(p);
}
