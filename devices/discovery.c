#include "devices/device.h"

#include <assert.h>
#include <stdlib.h>

/* Where to look, in this order; a stage that there is nothing for is passed. */
enum stage { STAGE_DEFAULT, STAGE_SMDS, STAGE_EVENTS, STAGE_OVER };

/* One look (SGP.22, 3.6.2 and 4.1.1): nothing of it is in flash. */
struct discovery {
	struct device *device;
	struct timer timer;		/* the next download, in a turn of its own */
	enum stage stage;
	struct arena arena;		/* of the events */
	struct es11_event *events;
	size_t event_count, event;	/* the present one */
	unsigned installed, failed;
	const char *code;		/* of the first failure */
};

static int64_t apdu_ns(void *arg)
{
	return device_draw_ns(arg, DRAW_APDU);
}

static int64_t install_ns(void *arg)
{
	return device_draw_ns(arg, DRAW_INSTALL);
}

static bool online(void *arg)
{
	return device_online(arg);
}

static void learned(void *arg, const char *iccid)
{
	(void)arg, (void)iccid;
}

static void next(struct discovery *c)
{
	loop_arm(c->device->fleet->loop, &c->timer, 0);
}

void discovery_stop(struct device *d)
{
	struct discovery *c = d->discovery;

	if (!c)
		return;
	loop_disarm(d->fleet->loop, &c->timer);
	arena_release(&c->arena);
	free(c);
	d->discovery = NULL;
}

static void finish(struct discovery *c)
{
	struct device *d = c->device;

	EVENT(d->fleet->log, device_party(d), "discovery-result",
	      F_INT("installed", c->installed), F_INT("failed", c->failed),
	      F_Z("code", c->code));
	discovery_stop(d);
	outbox_want(d, OUTBOX_NOTIFICATION, 0);
	device_arm_poll(d);
	gateway_review(d);
}

/* ---- What came of a download, or of asking the SM-DS. ------------------- */

/* The SM-DP+ has nothing for this eUICC: that is no failure of a look. */
static bool is_nothing_there(const struct lpa_result *r)
{
	return str_is(r->reason, "3.8") && (str_is(r->subject, "8.1.1") ||
					    str_is(r->subject, "8.2.6"));
}

static void count(struct discovery *c, const struct lpa_result *r)
{
	if (r->ok && c->stage != STAGE_SMDS)
		c->installed++;
	if (r->ok || (c->stage == STAGE_DEFAULT && is_nothing_there(r)))
		return;
	if (!c->failed++)
		c->code = r->code;
}

static void done(void *arg, const struct lpa_result *r)
{
	struct device *d = arg;
	struct discovery *c = d->discovery;

	count(c, r);
	if (c->stage == STAGE_EVENTS)
		c->event++;
	else
		c->stage++;
	lpa_free(d->lpa);
	d->lpa = NULL;
	next(c);
}

static void found(void *arg, const struct es11_event *list, size_t n)
{
	struct device *d = arg;
	struct discovery *c = d->discovery;

	c->events = arena_array(&c->arena, n, sizeof(*c->events));
	for (size_t i = 0; i < n; i++)
		c->events[i] = (struct es11_event){ arena_str(&c->arena, list[i].id),
						    arena_str(&c->arena, list[i].address) };
	c->event_count = n;
	EVENT(d->fleet->log, device_party(d), "events-found", F_INT("count", (int64_t)n));
}

/* ---- The stages. -------------------------------------------------------- */

static void ask(struct discovery *c, struct str address, struct str matching_id)
{
	struct device *d = c->device;
	struct lpa_config config = {
		.loop = d->fleet->loop, .net = d->fleet->net, .log = d->fleet->log,
		.party = device_party(d), .order = STR(""), .euicc = &d->euicc, .arg = d,
		.apdu_ns = apdu_ns, .install_ns = install_ns, .online = online,
		.learned = learned, .done = done,
		.found = c->stage == STAGE_SMDS ? found : NULL,
	};
	struct activation_code ac = { .smdp_address = address, .matching_id = matching_id };

	d->lpa = lpa_start(&config, &ac, STR_NONE);
}

static void fire(struct timer *t)
{
	struct discovery *c = (struct discovery *)((char *)t -
			      offsetof(struct discovery, timer));
	const struct euicc *card = &c->device->euicc;

	if (c->stage == STAGE_DEFAULT && !card->default_smdp)
		c->stage = STAGE_SMDS;
	if (c->stage == STAGE_SMDS && !card->root_smds)
		c->stage = STAGE_OVER;
	if (c->stage == STAGE_EVENTS && c->event == c->event_count)
		c->stage = STAGE_OVER;
	switch (c->stage) {
	case STAGE_DEFAULT:
		ask(c, str_of(card->default_smdp), STR_NONE);
		return;
	case STAGE_SMDS:
		ask(c, str_of(card->root_smds), STR_NONE);
		return;
	case STAGE_EVENTS:
		ask(c, c->events[c->event].address, c->events[c->event].id);
		return;
	case STAGE_OVER:
		finish(c);
		return;
	}
}

int device_discover(struct device *d, struct err *err)
{
	struct discovery *c;

	if (d->state != DEVICE_RUNNING)
		return err_set(err, ERR_STATE, "%.*s does not run", STRF(device_name(d)));
	if (order_pending(d))
		return err_set(err, ERR_STATE, "%.*s has something to carry out already",
			       STRF(device_name(d)));
	if (!d->euicc.default_smdp && !d->euicc.root_smds)
		return err_set(err, ERR_STATE, "%.*s has neither a default SM-DP+ nor an SM-DS",
			       STRF(device_name(d)));
	c = calloc(1, sizeof(*c));
	assert(c);
	*c = (struct discovery){ .device = d, .timer.fire = fire, .code = "ok" };
	d->discovery = c;
	loop_disarm(d->fleet->loop, &d->poll_timer);
	EVENT(d->fleet->log, device_party(d), "discovery-started");
	next(c);
	return 0;
}
