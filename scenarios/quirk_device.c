/* What happens to a device: its power, link, clock, card. */
#include "scenarios/quirk_impl.h"

/* ---- SPNs that change. ------------------------------------------------- */

static void change_spn(struct quirk_active *q, struct device *d,
		       struct str iccid)
{
	struct device_profile_view view;
	struct err err;

	/* Without an ICCID it is the active profile. */
	for (size_t i = 0; !iccid.n && i < device_profile_count(d); i++) {
		device_profile(d, i, &view);
		if (view.active)
			iccid = view.iccid;
	}
	/* If the profile has gone meanwhile, there is nothing to change. */
	if (iccid.n)
		device_set_spn(d, iccid, quirk_text(q, "spn"), &err);
}

static bool after_enable(struct quirk_active *q, const struct event *e)
{
	(void)q;
	return strcmp(e->name, "profile-enabled") == 0;
}

/* The card is read anew when the device starts. */
static bool after_refresh(struct quirk_active *q, const struct event *e)
{
	(void)q;
	return strcmp(e->name, "boot-complete") == 0;
}

static void change_active_spn(struct quirk_active *q, struct device *d,
			      struct str iccid)
{
	(void)iccid;
	change_spn(q, d, STR_NONE);
}

/* ---- Power and link. --------------------------------------------------- */

static void link_down(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_link(d, false);
}

static void link_up(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_link(d, true);
}

static void power_down(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_power(d, false);
}

static void power_up(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_power(d, true);
}

static int64_t flap(struct quirk_active *q, struct device *d)
{
	device_link(d, q->up);
	return quirk_number(q, q->up ? "up" : "down");
}

/* ---- In the middle of a download. -------------------------------------- */

static bool at_step(struct quirk_active *q, const struct event *e)
{
	const struct field *n = event_field(e, "n");

	if (strcmp(e->name, "download-step") != 0 ||
	    !str_eq(event_str(e, "step"), quirk_text(q, "step")))
		return false;
	return !n || n->i == quirk_number(q, "segment");
}

static bool on_event(struct quirk_active *q, const struct event *e)
{
	return str_is(quirk_text(q, "event"), e->name);
}

static void reboot(struct quirk_active *q, struct device *d, struct str iccid)
{
	(void)q, (void)iccid;
	device_reboot(d);
}

static void power_again(struct quirk_active *q, struct device *d,
			struct str iccid)
{
	(void)q, (void)iccid;
	device_power(d, true);
}

static void lose_power(struct quirk_active *q, struct device *d,
		       struct str iccid)
{
	device_power(d, false);
	quirk_later(q, d, iccid, quirk_number(q, "off"), power_again);
}

/* ---- The card and the clock. ------------------------------------------- */

static void fill_memory(struct quirk_active *q, struct device *d)
{
	device_set_memory(d, (uint32_t)quirk_number(q, "free"));
}

static void skew_clock(struct quirk_active *q, struct device *d)
{
	int64_t by_ns = quirk_number(q, "by");

	device_set_clock_skew(d, str_is(quirk_text(q, "direction"), "behind") ?
				 -by_ns : by_ns);
}

static void set_clock_right(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_set_clock_skew(d, 0);
}

static void take_network(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_set_enable_without_network(d, true);
}

static void give_network(struct quirk_active *q, struct device *d)
{
	(void)q;
	device_set_enable_without_network(d, false);
}

const struct quirk_ops
	quirk_spn_after_enable = { .occasion = after_enable, .act = change_spn },
	quirk_spn_after_refresh = { .occasion = after_refresh,
				    .act = change_active_spn },
	quirk_offline = { .begin = link_down, .end = link_up },
	quirk_powered_off = { .begin = power_down, .end = power_up },
	quirk_flapping = { .beat = flap, .end = link_up },
	quirk_reboots = { .occasion = at_step, .act = reboot },
	quirk_loses_power = { .occasion = at_step, .act = lose_power },
	quirk_reboots_after = { .occasion = on_event, .act = reboot },
	quirk_memory_full = { .begin = fill_memory },
	quirk_clock_skew = { .begin = skew_clock, .end = set_clock_right },
	quirk_no_network = { .begin = take_network, .end = give_network };
