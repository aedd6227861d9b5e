#include "devices/state.h"

#include "devices/device.h"
#include "devices/euicc_state.h"
#include "proto/hex.h"

#include <stdlib.h>

/* ---- Writing. -------------------------------------------------------------- */

void device_state_write(const struct device *d, struct json *j)
{
	struct arena a = { 0 };
	struct buf card;

	buf_init(&card, EUICC_STATE_MAX);
	euicc_state_write(&d->euicc, &card);
	json_open(j, '{');
	json_put(j, "eid", device_eid(d));
	json_put(j, "card", hex_of(&a, buf_view(&card)));
	json_put_bool(j, "off", d->state == DEVICE_OFF);
	json_put_bool(j, "link_down", d->forced_down);
	json_put_int(j, "skew", d->skew_ns / NS_PER_US);
	json_put_int(j, "reports", d->report_sequence);
	json_put_int(j, "syncs", d->profiles_sequence);
	json_put_bool(j, "enable_dead", d->enable_dead);
	json_put_bool(j, "install_dead", d->install_dead);
	if (order_in_flash(d)) {
		json_key(j, "order");
		order_state_write(d, j);
	}
	json_close(j, '}');
	buf_release(&card);
	arena_release(&a);
}

/* ---- Reading. -------------------------------------------------------------- */

struct saved {
	struct str card;
	bool off, link_down, enable_dead, install_dead;
	int64_t skew_us, reports, syncs;
};

static int read_saved(const struct device *d, const cJSON *o, struct arena *a,
		      struct saved *s, struct err *err)
{
	struct str eid = STR_NONE, hex = STR_NONE;

	*s = (struct saved){ 0 };
	if (json_get_str(o, "eid", a, &eid, err) < 0 ||
	    json_get_str(o, "card", a, &hex, err) < 0 ||
	    json_get_bool(o, "off", &s->off, err) < 0 ||
	    json_get_bool(o, "link_down", &s->link_down, err) < 0 ||
	    json_get_bool(o, "enable_dead", &s->enable_dead, err) < 0 ||
	    json_get_bool(o, "install_dead", &s->install_dead, err) < 0 ||
	    json_get_int(o, "skew", &s->skew_us, err) < 0 ||
	    json_get_int(o, "reports", &s->reports, err) < 0 ||
	    json_get_int(o, "syncs", &s->syncs, err) < 0)
		return -1;
	if (!str_eq(eid, device_eid(d)))
		return err_set(err, ERR_INVALID, "it is the state of EID %.*s, expected %.*s",
			       STRF(eid), STRF(device_eid(d)));
	if (s->reports < 0 || s->reports > UINT32_MAX || s->syncs < 0 ||
	    s->syncs > UINT32_MAX || s->skew_us > INT64_MAX / NS_PER_US ||
	    s->skew_us < -INT64_MAX / NS_PER_US)
		return err_set(err, ERR_INVALID, "a number is too large");
	return hex_decode(a, hex, &s->card, err);
}

/* The card that it came with goes; what it is made of stays. */
static int put_card(struct device *d, struct str bytes, struct err *err)
{
	struct euicc *e = &d->euicc;
	struct euicc fresh = { .shared = e->shared, .eid = e->eid, .rng = e->rng,
			       .memory = e->memory, .reuse_numbers = e->reuse_numbers };
	char *root_smds = e->root_smds;

	e->root_smds = NULL;
	euicc_release(e);
	*e = fresh;
	if (euicc_state_read(e, bytes, err) < 0)
		return -1;
	if (!e->root_smds)
		e->root_smds = root_smds;
	else
		free(root_smds);
	return 0;
}

static int read_device(struct device *d, const cJSON *state, const struct saved *s,
		       struct err *err)
{
	const cJSON *order = cJSON_GetObjectItemCaseSensitive(state, "order");

	device_stop(d);
	order_free(d);
	report_forget(d);
	if (put_card(d, s->card, err) < 0)
		return -1;
	d->forced_down = s->link_down;
	d->skew_ns = s->skew_us * NS_PER_US;
	d->report_sequence = (uint32_t)s->reports;
	d->profiles_sequence = (uint32_t)s->syncs;
	d->enable_dead = s->enable_dead;
	d->install_dead = s->install_dead;
	d->state = s->off ? DEVICE_OFF : DEVICE_RUNNING;
	d->online = false;
	if (order && order_state_read(d, order, err) < 0)
		return -1;
	if (s->off)
		return 0;
	order_resume(d);
	outbox_boot(d);
	device_start(d);
	return 0;
}

int device_state_read(struct device *d, const cJSON *state, struct err *err)
{
	struct arena a = { 0 };
	struct saved s;
	int rc = read_saved(d, state, &a, &s, err);

	if (rc == 0)
		rc = read_device(d, state, &s, err);
	arena_release(&a);
	return rc < 0 ? err_prefix(err, "%.*s", STRF(device_party(d))) : 0;
}
