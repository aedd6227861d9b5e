/* What quirks do to devices, at once, at an event, or in a beat. */
#include "scenarios/quirk_engine_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Something to be done to a device in a later turn. */
struct quirk_deed {
	struct timer timer;
	struct quirk_active *quirk;
	struct device *device;
	char iccid[24];
	void (*fn)(struct quirk_active *, struct device *, struct str);
	struct quirk_deed *prev, *next;
};

static void forget_deed(struct quirk_engine *e, struct quirk_deed *d)
{
	loop_disarm(e->loop, &d->timer);
	if (d->prev)
		d->prev->next = d->next;
	else
		e->deeds = d->next;
	if (d->next)
		d->next->prev = d->prev;
	free(d);
}

void quirk_forget_deeds(struct quirk_engine *e)
{
	while (e->deeds)
		forget_deed(e, e->deeds);
}

static void do_deed(struct timer *t)
{
	struct quirk_deed mine = *(struct quirk_deed *)t;
	struct quirk_active *q = mine.quirk;

	forget_deed(q->engine, (struct quirk_deed *)t);
	mine.fn(q, mine.device, str_of(mine.iccid));
}

void quirk_later(struct quirk_active *q, struct device *device, struct str iccid,
		 int64_t delay_ns,
		 void (*fn)(struct quirk_active *, struct device *, struct str))
{
	struct quirk_engine *e = q->engine;
	struct quirk_deed *d = malloc(sizeof(*d));

	assert(d);
	*d = (struct quirk_deed){ .timer.fire = do_deed, .quirk = q,
			    .device = device, .fn = fn, .next = e->deeds };
	snprintf(d->iccid, sizeof(d->iccid), "%.*s", STRF(iccid));
	if (d->next)
		d->next->prev = d;
	e->deeds = d;
	loop_arm(e->loop, &d->timer, delay_ns);
}

static void tell_device(const struct quirk_active *q, const struct device *d)
{
	EVENT(q->engine->log, QUIRK_RIG, "quirk",
	      F_Z("quirk", q->setting.row->name),
	      F_STR("device", device_name(d)));
}

/* An occasion of a quirk on events, in the turn after the event. */
static void act(struct quirk_active *q, struct device *d, struct str iccid)
{
	if (q->off)
		return;
	tell_device(q, d);
	q->setting.row->ops->act(q, d, iccid);
}

void quirk_hear(struct eventlog_listener *l, const struct event *event,
		struct str line)
{
	struct quirk_engine *e = (struct quirk_engine *)((char *)l -
				 offsetof(struct quirk_engine, listener));
	struct str prefix = STR("device/"), name = event->party;
	struct device *d = NULL;

	(void)line;
	if (!e->fleet || !str_starts(name, prefix))
		return;
	name = (struct str){ name.p + prefix.n, name.n - prefix.n };
	for (struct quirk_active *q = e->first; q; q = q->next) {
		const struct quirk_ops *ops = q->setting.row->ops;

		if (q->off || !ops->occasion || !quirk_is_meant(q, name) ||
		    !ops->occasion(q, event) || !quirk_is_occasion(q))
			continue;
		if (!d)
			d = fleet_find(e->fleet, name);
		if (d)
			quirk_later(q, d, event_str(event, "iccid"), 0, act);
	}
}

void quirk_each_device(struct quirk_active *q,
		       void (*fn)(struct quirk_active *, struct device *))
{
	struct fleet *fleet = q->engine->fleet;

	for (size_t i = 0; fn && fleet && i < fleet_count(fleet); i++) {
		struct device *d = fleet_device(fleet, i);

		if (quirk_is_meant(q, device_name(d)))
			fn(q, d);
	}
}

void quirk_begin_device(struct quirk_active *q, struct device *d)
{
	tell_device(q, d);
	q->setting.row->ops->begin(q, d);
}

void quirk_beat(struct timer *t)
{
	struct quirk_active *q = (struct quirk_active *)((char *)t -
				 offsetof(struct quirk_active, beat));
	struct fleet *fleet = q->engine->fleet;
	int64_t next_ns = INT64_MAX;

	q->up = !q->up;
	for (size_t i = 0; fleet && i < fleet_count(fleet); i++) {
		struct device *d = fleet_device(fleet, i);

		if (!quirk_is_meant(q, device_name(d)))
			continue;
		tell_device(q, d);
		next_ns = q->setting.row->ops->beat(q, d);
	}
	loop_arm(q->engine->loop, t, next_ns);
}
