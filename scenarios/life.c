#include "scenarios/life.h"

#include "sim/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CODES_LOW = 2,		/* fewer unused ones: the carrier makes more */
	CODES_MORE = 3,
	PROFILES_MANY = 4,	/* on a device: one is deleted before another comes */
};

/* A device gets back what was taken from it. */
struct recovery {
	struct timer timer;		/* first: a timer is a recovery */
	struct life *life;
	struct device *device;
	bool power;			/* or its network */
	struct recovery *prev, *next;
};

struct life {
	struct world *world;
	struct rng rng;
	struct timer timer;
	bool on;
	int64_t every_ns;
	struct recovery *recoveries;
	unsigned serial;		/* of what began an operation */
};

static int64_t exponential_ns(struct life *l, int64_t mean_ns)
{
	double ns = -log(rng_unit(&l->rng)) * (double)mean_ns;

	/* The longest is no surprise, and nothing happens all at once. */
	return (int64_t)fmin(fmax(ns, 1e8), 6 * (double)mean_ns);
}

static void arm(struct life *l)
{
	loop_arm(&l->world->loop, &l->timer, exponential_ns(l, l->every_ns));
}

/* ---- Devices. ------------------------------------------------------------- */

static void drop_recovery(struct recovery *r)
{
	loop_disarm(&r->life->world->loop, &r->timer);
	if (r->prev)
		r->prev->next = r->next;
	else
		r->life->recoveries = r->next;
	if (r->next)
		r->next->prev = r->prev;
	free(r);
}

static void recover(struct timer *t)
{
	struct recovery *r = (struct recovery *)t;

	if (r->power)
		device_power(r->device, true);
	else
		device_link(r->device, true);
	drop_recovery(r);
}

static void recover_later(struct life *l, struct device *d, bool power, int64_t delay_ns)
{
	struct recovery *r = calloc(1, sizeof(*r));

	assert(r);
	*r = (struct recovery){ .timer.fire = recover, .life = l, .device = d,
				.power = power, .next = l->recoveries };
	if (r->next)
		r->next->prev = r;
	l->recoveries = r;
	loop_arm(&l->world->loop, &r->timer, delay_ns);
}

static struct world_device *any_device(struct life *l)
{
	struct world *w = l->world;

	return w->device_count ? &w->devices[rng_below(&l->rng, w->device_count)] : NULL;
}

static void lose_network(struct life *l)
{
	struct world_device *d = any_device(l);

	if (!d || !device_online(d->device))
		return;
	device_link(d->device, false);
	recover_later(l, d->device, false, exponential_ns(l, 240 * NS_PER_S));
}

static void lose_power(struct life *l)
{
	struct world_device *d = any_device(l);
	struct device_view view;

	if (!d)
		return;
	device_look(d->device, &view);
	if (view.power != DEVICE_POWER_ON)
		return;
	device_power(d->device, false);
	recover_later(l, d->device, true, exponential_ns(l, 90 * NS_PER_S));
}

/* ---- Operations. ------------------------------------------------------------ */

static void answered(struct http_call *c)
{
	(void)c;
}

/* Whatever the server says to it: it is in its operations. */
static void post(struct life *l, const struct world_device *d, const char *from,
		 const char *path, struct str body)
{
	struct err err;
	struct http_call *c = http_call_new(l->world->net, str_of(from), "POST", &err,
					    "http://server.rig%s", path);

	if (!c)
		return;
	http_call_header(c, "Authorization", d->account->authorization);
	http_call_body(c, "application/json", body);
	c->done = answered;
	http_call_send(c);
}

static void operate(struct life *l, const struct world_device *d, struct str carrier)
{
	static const char *const causes[] = { "automation", "template" };
	const char *cause = causes[rng_below(&l->rng, 2)];
	struct buf body;
	struct json j;
	char id[40];

	snprintf(id, sizeof(id), "%s-%u", cause, 1 + l->serial++ % 9);
	buf_init(&body, 4096);
	j = json_to(&body);
	json_open(&j, '{');
	json_put(&j, "device_id", d->device_id);
	json_putz(&j, "operation", "activate");
	json_put(&j, "carrier", carrier);
	json_putz(&j, "cause", cause);
	json_putz(&j, "cause_id", id);
	json_close(&j, '}');
	post(l, d, cause, "/ws/v1/esim_profiles/operations/inventory", buf_view(&body));
	buf_release(&body);
}

static void delete_profile(struct life *l, const struct world_device *d, struct str iccid)
{
	struct buf body;
	struct json j;

	buf_init(&body, 4096);
	j = json_to(&body);
	json_open(&j, '{');
	json_put(&j, "device_id", d->device_id);
	json_put(&j, "iccid", iccid);
	json_close(&j, '}');
	post(l, d, "automation", "/ws/v1/esim_profiles/delete", buf_view(&body));
	buf_release(&body);
}

/* An inactive profile that is no bootstrap; false: there is none. */
static bool find_inactive(struct life *l, const struct world_device *d,
			  struct device_profile_view *found)
{
	size_t n = device_profile_count(d->device), from = rng_below(&l->rng, n + 1);

	for (size_t i = 0; i < n; i++) {
		device_profile(d->device, (from + i) % n, found);
		if (!found->active && strcmp(found->class_name, "operational") == 0)
			return true;
	}
	return false;
}

static size_t unused_codes(const struct world_carrier *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->code_count && c->smdp; i++) {
		const char *state = c->codes[i].registered ?
			smdp_profile_state(c->smdp->smdp, c->codes[i].iccid) : NULL;

		n += state && strcmp(state, "released") == 0;
	}
	return n;
}

static void use_a_code(struct life *l, const struct world_device *d)
{
	struct world *w = l->world;
	struct world_carrier *c;
	struct err err;

	if (!w->carrier_count)
		return;
	c = &w->carriers[rng_below(&l->rng, w->carrier_count)];
	if (!c->smdp || !c->sc->codes.count)
		return;
	if (unused_codes(c) < CODES_LOW)
		world_add_codes(w, c, &(struct scenario_code){ 0 }, CODES_MORE, &err);
	operate(l, d, c->name);
}

static void begin_operation(struct life *l)
{
	const struct world_device *d = any_device(l);
	struct device_profile_view p;

	if (!d)
		return;
	if (!find_inactive(l, d, &p))
		use_a_code(l, d);
	else if (device_profile_count(d->device) >= PROFILES_MANY)
		delete_profile(l, d, p.iccid);
	else if (p.spn.n && rng_below(&l->rng, 2))
		operate(l, d, p.spn);
	else
		use_a_code(l, d);
}

/* ---- The whole. --------------------------------------------------------------- */

static void occur(struct timer *t)
{
	struct life *l = (struct life *)((char *)t - offsetof(struct life, timer));
	uint64_t draw = rng_below(&l->rng, 100);

	if (draw < 25)
		lose_network(l);
	else if (draw < 35)
		lose_power(l);
	else
		begin_operation(l);
	arm(l);
}

struct life *life_new(struct world *w, bool on, int64_t every_ns)
{
	struct life *l = calloc(1, sizeof(*l));

	assert(l);
	l->world = w;
	l->timer.fire = occur;
	rng_init(&l->rng, w->seed, STR("rig"), STR("life"));
	life_set(l, on, every_ns);
	return l;
}

void life_free(struct life *l)
{
	if (!l)
		return;
	loop_disarm(&l->world->loop, &l->timer);
	while (l->recoveries)
		drop_recovery(l->recoveries);
	free(l);
}

/* What it took is given back also when it is switched off. */
void life_set(struct life *l, bool on, int64_t every_ns)
{
	l->on = on;
	l->every_ns = every_ns;
	if (on)
		arm(l);
	else
		loop_disarm(&l->world->loop, &l->timer);
}

bool life_is_on(const struct life *l)
{
	return l->on;
}

int64_t life_every_ns(const struct life *l)
{
	return l->every_ns;
}

/* Devices of a world and its fleet are in the same order. */
static size_t index_of(const struct life *l, const struct device *d)
{
	size_t i = 0;

	while (i < l->world->device_count && l->world->devices[i].device != d)
		i++;
	return i;
}

bool life_owes(const struct life *l, size_t i, size_t *device, bool *power)
{
	const struct recovery *r = l->recoveries;

	while (r && i--)
		r = r->next;
	if (!r)
		return false;
	*device = index_of(l, r->device);
	*power = r->power;
	return true;
}

void life_owe(struct life *l, size_t device, bool power)
{
	if (device < l->world->device_count)
		recover_later(l, l->world->devices[device].device, power,
			      exponential_ns(l, 60 * NS_PER_S));
}
