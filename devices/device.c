#include "devices/device.h"

#include <assert.h>

/* A poll latency of nothing at all would make time stand still. */
static const int64_t POLL_MIN_NS = NS_PER_S;

int64_t device_draw_ns(struct device *d, enum device_draw what)
{
	static const size_t offsets[DRAWS] = {
		[DRAW_POLL] = offsetof(struct device_latency, poll),
		[DRAW_BOOT] = offsetof(struct device_latency, boot),
		[DRAW_ATTACH] = offsetof(struct device_latency, attach),
		[DRAW_REPORT] = offsetof(struct device_latency, report),
		[DRAW_APDU] = offsetof(struct device_latency, apdu),
		[DRAW_INSTALL] = offsetof(struct device_latency, install),
	};
	const char *base = (const char *)d->latency;

	return latency_draw_ns((const struct latency *)(base + offsets[what]),
			       &d->rng[what]);
}

int64_t device_unix_ms(const struct device *d)
{
	return clock_unix_ms(&d->fleet->loop->clock) + d->skew_ns / NS_PER_MS;
}

/* ---- Looking for orders. ------------------------------------------------ */

void device_arm_poll(struct device *d)
{
	int64_t delay_ns;

	if (!d->online || d->poll_call || order_pending(d))
		return;
	delay_ns = device_draw_ns(d, DRAW_POLL);
	loop_arm(d->fleet->loop, &d->poll_timer,
		 delay_ns > POLL_MIN_NS ? delay_ns : POLL_MIN_NS);
}

static void poll_answered(struct http_call *c)
{
	struct device *d = c->owner;

	d->poll_call = NULL;
	if (c->failure == HTTP_OK && c->resp.status == 200 &&
	    order_receive(d, c->resp.body, c->arena))
		return;
	device_arm_poll(d);
}

static void poll_eis(struct timer *t)
{
	struct device *d = (struct device *)((char *)t -
			   offsetof(struct device, poll_timer));
	struct fleet *f = d->fleet;
	struct err err;

	memcpy(f->poll_url + f->poll_eid, d->euicc.eid, EID_DIGITS);
	d->poll_call = http_call_new(f->net, device_party(d), "GET", &err, "%s",
				     f->poll_url);
	assert(d->poll_call);	/* fleet_new() has tried the EIS's URL */
	d->poll_call->answer_max = DEVICE_ANSWER_MAX;
	d->poll_call->done = poll_answered;
	d->poll_call->owner = d;
	http_call_send(d->poll_call);
}

void device_poll_now(struct device *d)
{
	if (d->online && !d->poll_call && !order_pending(d))
		loop_arm(d->fleet->loop, &d->poll_timer, 0);
}

/* ---- Link. -------------------------------------------------------------- */

static bool has_coverage(const struct device *d)
{
	const struct euicc_profile *p;

	if (d->state != DEVICE_RUNNING || d->forced_down)
		return false;
	if (d->second_link)
		return true;
	p = euicc_active(&d->euicc);
	return p && !p->no_network;
}

static void link_up(struct device *d)
{
	d->online = true;
	EVENT(d->fleet->log, device_party(d), "link-up",
	      F_Z("iccid", euicc_active(&d->euicc) ?
			   euicc_active(&d->euicc)->iccid : NULL));
	order_link_up(d);
	outbox_link_up(d);
	/* Who was away asks at once: an order may have been waiting for it. */
	device_poll_now(d);
	gateway_review(d);
}

static void link_down(struct device *d)
{
	if (!d->online)
		return;
	d->online = false;
	loop_disarm(d->fleet->loop, &d->poll_timer);
	if (d->poll_call)
		http_call_cancel(d->poll_call);
	d->poll_call = NULL;
	outbox_link_down(d);
	EVENT(d->fleet->log, device_party(d), "link-down");
	order_link_down(d);
}

/* What gives network may have changed: attach, or let go. */
static void review_link(struct device *d)
{
	if (d->state != DEVICE_RUNNING)
		return;
	if (!has_coverage(d)) {
		loop_disarm(d->fleet->loop, &d->host_timer);
		link_down(d);
	} else if (!d->online && !timer_armed(&d->host_timer)) {
		loop_arm(d->fleet->loop, &d->host_timer,
			 device_draw_ns(d, DRAW_ATTACH));
	}
}

void device_link(struct device *d, bool up)
{
	d->forced_down = !up;
	review_link(d);
}

/* ---- Power. ------------------------------------------------------------- */

static void boot_complete(struct device *d)
{
	d->state = DEVICE_RUNNING;
	EVENT(d->fleet->log, device_party(d), "boot-complete");
	order_resume(d);
	outbox_boot(d);
	review_link(d);
}

static void host_fire(struct timer *t)
{
	struct device *d = (struct device *)((char *)t -
			   offsetof(struct device, host_timer));

	if (d->state == DEVICE_BOOTING)
		boot_complete(d);
	else
		link_up(d);
}

void device_stop(struct device *d)
{
	struct loop *loop = d->fleet->loop;

	loop_disarm(loop, &d->poll_timer);
	loop_disarm(loop, &d->host_timer);
	if (d->poll_call)
		http_call_cancel(d->poll_call);
	d->poll_call = NULL;
	lpa_free(d->lpa);
	d->lpa = NULL;
	discovery_stop(d);
	order_suspend(d);
	outbox_stop(d);
}

static void power_off(struct device *d)
{
	bool was_online = d->online;

	d->state = DEVICE_OFF;
	d->online = false;
	device_stop(d);
	euicc_power_off(&d->euicc);
	if (was_online)
		EVENT(d->fleet->log, device_party(d), "link-down");
	EVENT(d->fleet->log, device_party(d), "power-off");
}

static void power_on(struct device *d)
{
	d->state = DEVICE_BOOTING;
	EVENT(d->fleet->log, device_party(d), "power-on");
	loop_arm(d->fleet->loop, &d->host_timer, device_draw_ns(d, DRAW_BOOT));
}

void device_power(struct device *d, bool on)
{
	if (on && d->state == DEVICE_OFF)
		power_on(d);
	else if (!on && d->state != DEVICE_OFF)
		power_off(d);
}

void device_reboot(struct device *d)
{
	device_power(d, false);
	device_power(d, true);
}

void device_look(const struct device *d, struct device_view *view)
{
	static const enum device_power_state states[] = {
		[DEVICE_NEW] = DEVICE_POWER_BOOTING, [DEVICE_OFF] = DEVICE_POWER_OFF,
		[DEVICE_BOOTING] = DEVICE_POWER_BOOTING,
		[DEVICE_RUNNING] = DEVICE_POWER_ON,
	};

	*view = (struct device_view){
		.power = states[d->state], .link_down = d->forced_down,
		.second_link = d->second_link,
		.memory_free = euicc_memory_free(&d->euicc),
		.report_sequence = d->report_sequence, .skew_ns = d->skew_ns,
		.order = order_operation(d), .order_pending = !d->discovery && order_pending(d),
	};
}

void device_start(struct device *d)
{
	d->poll_timer.fire = poll_eis;
	d->host_timer.fire = host_fire;
	if (d->state != DEVICE_RUNNING)
		return;
	d->online = has_coverage(d);
	device_arm_poll(d);
	/* One after the other: a fleet need not be in flight all at once. */
	outbox_want(d, OUTBOX_PROFILES, (int64_t)d->fleet->count * NS_PER_US);
	outbox_report(d, CAUSE_PERIODIC, d->fleet->report_interval_ns);
}

/* ---- The card. ---------------------------------------------------------- */

static void profiles_changed(struct device *d)
{
	if (d->state != DEVICE_RUNNING)
		return;
	outbox_want(d, OUTBOX_PROFILES, 0);
	outbox_report(d, CAUSE_CHANGE, device_draw_ns(d, DRAW_REPORT));
}

void device_card_changed(struct euicc *e, enum euicc_change what,
			 const struct euicc_profile *p)
{
	static const char *const names[] = {
		[EUICC_INSTALLED] = "profile-installed",
		[EUICC_ENABLED] = "profile-enabled",
		[EUICC_DISABLED] = "profile-disabled",
		[EUICC_DELETED] = "profile-deleted",
	};
	struct device *d = (struct device *)((char *)e -
			   offsetof(struct device, euicc));
	struct euicc_profile *mine = euicc_find(e, str_of(p->iccid));

	if (d->state == DEVICE_NEW)
		return;
	if (what == EUICC_INSTALLED && d->install_dead)
		mine->no_network = true;
	EVENT(d->fleet->log, device_party(d), names[what],
	      F_Z("iccid", p->iccid), F_INT("number", p->number));
	/* Another profile is another attachment, if the first had network too. */
	if ((what == EUICC_ENABLED || what == EUICC_DISABLED) && !d->second_link) {
		loop_disarm(d->fleet->loop, &d->host_timer);
		link_down(d);
		review_link(d);
	}
	outbox_want(d, OUTBOX_NOTIFICATION, 0);
	profiles_changed(d);
}

/* ---- What the world sets. ----------------------------------------------- */

void device_report_now(struct device *d)
{
	if (d->state == DEVICE_RUNNING)
		outbox_report(d, CAUSE_REQUESTED, 0);
}

void device_set_clock_skew(struct device *d, int64_t skew_ns)
{
	d->skew_ns = skew_ns;
}

void device_set_memory(struct device *d, uint32_t free_bytes)
{
	uint32_t used = euicc_memory_used(&d->euicc);

	d->euicc.memory = free_bytes > UINT32_MAX - used ? UINT32_MAX :
			  used + free_bytes;
}

static struct euicc_profile *find_profile(struct device *d, struct str iccid,
					  struct err *err)
{
	struct euicc_profile *p = euicc_find(&d->euicc, iccid);

	if (!p)
		err_set(err, ERR_NOT_FOUND, "%.*s: no profile with ICCID %.*s",
			STRF(device_party(d)), STRF(iccid));
	return p;
}

int device_set_spn(struct device *d, struct str iccid, struct str spn,
		   struct err *err)
{
	struct euicc_profile *p = find_profile(d, iccid, err);

	if (!p)
		return -1;
	if (profile_set_text(p, TEXT_SPN, spn) < 0)
		return err_set(err, ERR_LIMIT,
			       "%.*s: SPN of %zu bytes, at most %d go into a profile",
			       STRF(device_party(d)), spn.n, EUICC_TEXT_MAX);
	profiles_changed(d);
	return 0;
}

int device_set_no_network(struct device *d, struct str iccid, bool no_network,
			  struct err *err)
{
	struct euicc_profile *p = find_profile(d, iccid, err);

	if (!p)
		return -1;
	p->no_network = no_network;
	review_link(d);
	return 0;
}

void device_set_enable_without_network(struct device *d, bool on)
{
	d->enable_dead = d->install_dead = on;
}

void device_set_card_busy(struct device *d, bool on)
{
	d->euicc.cat_busy = on;
}

/* ---- What can be seen. -------------------------------------------------- */

struct str device_party(const struct device *d)
{
	return (struct str){ d->party, d->party_len };
}

struct str device_name(const struct device *d)
{
	size_t kind = sizeof("device/") - 1;

	return (struct str){ d->party + kind, d->party_len - kind };
}

struct str device_id(const struct device *d)
{
	return (struct str){ d->id, DEVICE_ID_LENGTH };
}

struct str device_eid(const struct device *d)
{
	return (struct str){ d->euicc.eid, EID_DIGITS };
}

bool device_online(const struct device *d)
{
	return d->online;
}

size_t device_profile_count(const struct device *d)
{
	return d->euicc.profile_count;
}

void device_profile(const struct device *d, size_t index,
		    struct device_profile_view *view)
{
	const struct euicc_profile *p = &d->euicc.profiles[index];

	assert(index < d->euicc.profile_count);
	*view = (struct device_profile_view){
		.iccid = str_of(p->iccid),
		.spn = profile_text(p, TEXT_SPN),
		.profile_name = profile_text(p, TEXT_NAME),
		.nickname = profile_text(p, TEXT_NICKNAME),
		.class_name = profile_class_name((enum profile_class)p->class),
		.number = p->number,
		.active = p->enabled,
	};
}
