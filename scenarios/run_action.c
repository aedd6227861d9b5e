/* Steps that do something to a device or a party. */
#include "scenarios/run.h"

int run_action_on_device(const struct scenario_action *a, struct device *d,
			 struct str iccid, struct str spn, struct err *err)
{
	switch (a->id) {
	case ACTION_POWER_OFF:
		device_power(d, false);
		return 0;
	case ACTION_POWER_ON:
		device_power(d, true);
		return 0;
	case ACTION_REBOOT:
		device_reboot(d);
		return 0;
	case ACTION_LINK_DOWN:
		device_link(d, false);
		return 0;
	case ACTION_LINK_UP:
		device_link(d, true);
		return 0;
	case ACTION_REPORT_NOW:
		device_report_now(d);
		return 0;
	case ACTION_POLL_NOW:
		device_poll_now(d);
		return 0;
	case ACTION_DISCOVER:
		return device_discover(d, err);
	case ACTION_SET_CLOCK_SKEW:
		device_set_clock_skew(d, a->duration_ns);
		return 0;
	case ACTION_SET_MEMORY:
		device_set_memory(d, (uint32_t)a->number);
		return 0;
	case ACTION_SET_SPN:
		return device_set_spn(d, iccid, spn, err);
	case ACTION_SET_NO_NETWORK:
		return device_set_no_network(d, iccid, a->on, err);
	case ACTION_ENABLE_WITHOUT_NETWORK:
		device_set_enable_without_network(d, a->on);
		return 0;
	case ACTION_SET_QUIRK:
	case ACTION_CLEAR_QUIRK:
	case ACTION_RESTART:
	case ACTION_STOP:
	case ACTION_START:
	case ACTIONS:
		break;
	}
	return err_set(err, ERR_INVALID, "%s is not done to a device",
		       action_name(a->id));
}

static int expand(struct run *r, struct str text, struct str *out, struct err *err)
{
	*out = STR_NONE;
	return text.p ? template_expand_str(text, &r->names, r->arena, out, err) : 0;
}

static int on_devices(struct run *r, const struct scenario_action *a, struct err *err)
{
	struct str name, iccid, spn;
	size_t first, count;

	if (expand(r, a->device, &name, err) < 0 ||
	    expand(r, a->iccid, &iccid, err) < 0 ||
	    expand(r, a->spn.s, &spn, err) < 0 ||
	    world_find_devices(&r->world, name, &first, &count, err) < 0)
		return -1;
	for (size_t i = first; i < first + count; i++)
		if (run_action_on_device(a, r->world.devices[i].device, iccid, spn, err) < 0)
			return -1;
	return 0;
}

static int clear_quirk(struct run *r, const struct scenario_action *a,
		       struct err *err)
{
	struct str target;

	if (expand(r, a->device, &target, err) < 0)
		return -1;
	if (quirk_engine_clear(r->world.quirks, a->word, target) == 0)
		return err_set(err, ERR_NOT_FOUND, "quirk %.*s is not set",
			       STRF(a->word));
	return 0;
}

static int act(struct run *r, const struct scenario_action *a, struct err *err)
{
	struct world *w = &r->world;

	switch (a->id) {
	case ACTION_SET_QUIRK:
		return quirk_engine_set(w->quirks, a->quirk.setting, err);
	case ACTION_CLEAR_QUIRK:
		return clear_quirk(r, a, err);
	case ACTION_RESTART:
		if (world_stop(w, a->word, err) < 0)
			return -1;
		return world_start(w, a->word, err);
	case ACTION_STOP:
		return world_stop(w, a->word, err);
	case ACTION_START:
		return world_start(w, a->word, err);
	case ACTION_POWER_OFF:
	case ACTION_POWER_ON:
	case ACTION_REBOOT:
	case ACTION_LINK_DOWN:
	case ACTION_LINK_UP:
	case ACTION_REPORT_NOW:
	case ACTION_POLL_NOW:
	case ACTION_DISCOVER:
	case ACTION_SET_CLOCK_SKEW:
	case ACTION_SET_MEMORY:
	case ACTION_SET_SPN:
	case ACTION_SET_NO_NETWORK:
	case ACTION_ENABLE_WITHOUT_NETWORK:
		return on_devices(r, a, err);
	case ACTIONS:
		break;
	}
	return err_set(err, ERR_INVALID, "unknown action");
}

struct outcome run_action(struct run *r, const struct scenario_action *action)
{
	struct err err;

	if (act(r, action, &err) < 0)
		return run_fail(r, (struct pos){ 0 }, "%s: %s",
				action_name(action->id), err.msg);
	return run_pass();
}
