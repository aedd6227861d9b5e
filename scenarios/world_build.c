#include "scenarios/world_build.h"

#include "proto/base64.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include "scenarios/yaml.h"
#include "sim/json.h"

#include <assert.h>
#include <stdio.h>

static void add_object(struct world *w, struct str key, enum scenario_object kind,
		       void *thing)
{
	struct world_object *o = ARENA_NEW(w->arena, struct world_object);

	*o = (struct world_object){ kind, thing };
	map_put(&w->objects, key, o);
}

/* ---- Accounts and users. ---------------------------------------------- */

static struct str basic(struct world *w, struct str name, struct str password)
{
	struct str pair = arena_printf(w->arena, "%.*s:%.*s", STRF(name),
				       STRF(password)), value;
	struct buf out;

	buf_init(&out, 4096);
	buf_z(&out, "Basic ");
	base64_encode(&out, pair);
	value = arena_str(w->arena, buf_view(&out));
	buf_release(&out);
	world_secret(w, (struct str){ value.p + 6, value.n - 6 });
	return value;
}

/* The rig sets the account up through the API, as somebody of its own. */
static int make_rig_user(struct world *w, struct world_account *a, struct err *err)
{
	struct str name = arena_printf(w->arena, "esimrig-%lld",
				       (long long)a->customer_id);
	struct str password = world_make_secret(w, 24);

	a->authorization = basic(w, name, password);
	return !w->server ? 0 : server_add_user(w->server, a->customer_id, name, password,
			       SERVER_ROLE_ADMIN, err);
}

static int make_accounts(struct world *w, struct err *err)
{
	const struct scenario_world *sw = &w->sc->world;
	static const struct scenario_account usual = { .key = { "main", 4 } };
	size_t count = sw->accounts.count ? sw->accounts.count : 1;

	w->accounts = arena_array(w->arena, count, sizeof(*w->accounts));
	for (size_t i = 0; i < count; i++) {
		const struct scenario_account *sc =
			sw->accounts.count ? &sw->accounts.list[i] : &usual;
		struct world_account *a = &w->accounts[w->account_count++];

		a->key = sc->key;
		a->name = sc->name.n ? sc->name : sc->key;
		a->customer_id = sc->customer_id ? sc->customer_id :
				 (int64_t)i + 1;
		add_object(w, a->key, OBJECT_ACCOUNT, a);
		if ((w->server && server_add_account(w->server, a->customer_id,
						     a->name, err) < 0) ||
		    make_rig_user(w, a, err) < 0)
			return -1;
	}
	return 0;
}

static const struct world_account *find_account(const struct world *w,
						struct str key)
{
	for (size_t i = 0; i < w->account_count; i++)
		if (str_eq(w->accounts[i].key, key))
			return &w->accounts[i];
	return &w->accounts[0];
}

static enum server_role role_of(enum scenario_role role)
{
	switch (role) {
	case ROLE_USER:
		return SERVER_ROLE_USER;
	case ROLE_READ_ONLY:
		return SERVER_ROLE_READ_ONLY;
	case ROLE_ADMIN:
		return SERVER_ROLE_ADMIN;
	}
	return SERVER_ROLE_READ_ONLY;
}

enum { API_KEY_ID_SIZE = 32, API_KEY_SECRET_SIZE = 64 };

/* Drawn apart, so that nothing else in the world depends on who has one. */
static int make_api_key(struct world *w, struct world_user *u, struct err *err)
{
	char *id = arena_alloc(w->arena, API_KEY_ID_SIZE + 1);
	char *secret = arena_alloc(w->arena, API_KEY_SECRET_SIZE + 1);
	struct rng r;

	rng_init(&r, w->seed, u->key, STR("api-key"));
	rng_hex(&r, id, API_KEY_ID_SIZE);
	rng_hex(&r, secret, API_KEY_SECRET_SIZE);
	u->api_key_id = (struct str){ id, API_KEY_ID_SIZE };
	u->api_key_secret = world_secret(w, (struct str){ secret, API_KEY_SECRET_SIZE });
	return !w->server ? 0 : server_add_api_key(w->server, u->name, u->api_key_id,
						   u->api_key_secret, err);
}

static int make_users(struct world *w, struct err *err)
{
	const struct scenario_world *sw = &w->sc->world;
	static const struct scenario_user usual = { .key = { "operator", 8 } };
	size_t count = sw->users.count ? sw->users.count : 1;

	w->users = arena_array(w->arena, count, sizeof(*w->users));
	for (size_t i = 0; i < count; i++) {
		const struct scenario_user *sc =
			sw->users.count ? &sw->users.list[i] : &usual;
		struct world_user *u = &w->users[w->user_count++];

		u->key = sc->key;
		u->name = sc->name.n ? sc->name : sc->key;
		u->password = sc->password.n ? world_secret(w, sc->password) :
			      world_make_secret(w, 24);
		u->account = find_account(w, sc->account);
		u->role = role_of(sc->role);
		u->authorization = basic(w, u->name, u->password);
		add_object(w, u->key, OBJECT_USER, u);
		if (w->server && server_add_user(w->server,
				u->account->customer_id, u->name, u->password,
				u->role, err) < 0)
			return err_prefix(err, "user %.*s", STRF(u->key));
		if (sc->api_key && make_api_key(w, u, err) < 0)
			return err_prefix(err, "API key of %.*s", STRF(u->key));
	}
	return 0;
}

/* ---- Quirks that change what things are made of. ----------------------- */

static bool has_param(const struct quirk_row *row, const char *name)
{
	for (size_t i = 0; i < quirk_param_count(row); i++)
		if (strcmp(quirk_param(row, i)->name, name) == 0)
			return true;
	return false;
}

/* A quirk written under a carrier, device or SM-DP+ is about that one. */
static int aim(struct quirk_setting *s, const char *param, struct str name,
	       struct err *err)
{
	if (!name.n || !has_param(s->row, param) ||
	    quirk_setting_get(s, param)->given)
		return 0;
	return quirk_setting_put(s, str_of(param), name, err);
}

/* Where a quirk is written, before what is wrong with it. */
static int quirk_error(const struct scenario_quirk *q, struct err *err)
{
	return err_prefix(err, "%.*s:%u:%u: quirk %s", STRF(q->pos.source->name),
			  q->pos.line, q->pos.column, q->setting->row->name);
}

static int collect(struct world *w, const struct scenario_quirks *quirks,
		   const char *param, struct str name, struct err *err)
{
	for (size_t i = 0; i < quirks->count; i++) {
		struct world_quirk *q = &w->quirk_list[w->quirk_count++];

		q->sc = &quirks->list[i];
		q->setting = *q->sc->setting;
		if (aim(&q->setting, param, name, err) < 0)
			return quirk_error(q->sc, err);
	}
	return 0;
}

/* All quirk settings of the scenario, each aimed at what it stands under. */
static int collect_quirks(struct world *w, struct err *err)
{
	const struct scenario_world *sw = &w->sc->world;
	size_t total = sw->quirks.count;

	for (size_t i = 0; i < sw->carriers.count; i++)
		total += sw->carriers.list[i].quirks.count;
	for (size_t i = 0; i < sw->smdps.count; i++)
		total += sw->smdps.list[i].quirks.count;
	for (size_t i = 0; i < w->device_count; i++)
		total += w->devices[i].sc->quirks.count;
	w->quirk_list = arena_array(w->arena, total, sizeof(*w->quirk_list));
	if (collect(w, &sw->quirks, "", STR_NONE, err) < 0)
		return -1;
	for (size_t i = 0; i < sw->carriers.count; i++)
		if (collect(w, &sw->carriers.list[i].quirks, "carrier",
			    sw->carriers.list[i].key, err) < 0)
			return -1;
	for (size_t i = 0; i < sw->smdps.count; i++)
		if (collect(w, &sw->smdps.list[i].quirks, "smdp",
			    sw->smdps.list[i].key, err) < 0)
			return -1;
	for (size_t i = 0; i < w->device_count; i++)
		if (collect(w, &w->devices[i].sc->quirks, "device",
			    w->devices[i].key, err) < 0)
			return -1;
	return 0;
}

static int each_quirk(struct world *w,
		      int (*use)(struct world *, const struct quirk_setting *,
				 void *arg, struct err *),
		      void *arg, struct err *err)
{
	for (size_t i = 0; i < w->quirk_count; i++)
		if (use(w, &w->quirk_list[i].setting, arg, err) < 0)
			return quirk_error(w->quirk_list[i].sc, err);
	return 0;
}

/* ---- Carriers and what they offer. -------------------------------------- */

static struct world_smdp *find_smdp(const struct world *w, struct str name)
{
	if (!name.n)
		return &w->smdps[0];
	for (size_t i = 0; i < w->smdp_count; i++)
		if (str_eq(w->smdps[i].host.key, name) ||
		    str_ieq(str_of(w->smdps[i].host.name), name))
			return &w->smdps[i];
	return NULL;
}

static int change_carriers(struct world *w, const struct quirk_setting *s,
			   void *arg, struct err *err)
{
	return quirk_apply_carriers(s, arg, w->carrier_count, w->arena, err);
}

static int make_carriers(struct world *w, struct err *err)
{
	const struct scenario_world *sw = &w->sc->world;
	struct quirk_carrier *list;

	w->carrier_count = sw->carriers.count;
	w->carriers = arena_array(w->arena, w->carrier_count, sizeof(*w->carriers));
	list = arena_array(w->arena, w->carrier_count, sizeof(*list));
	for (size_t i = 0; i < w->carrier_count; i++) {
		const struct scenario_carrier *sc = &sw->carriers.list[i];

		list[i].key = sc->key;
		list[i].name = sc->name.n ? sc->name : sc->key;
		list[i].spn = sc->spn.given ? sc->spn.s : list[i].name;
	}
	if (each_quirk(w, change_carriers, list, err) < 0)
		return -1;
	for (size_t i = 0; i < w->carrier_count; i++) {
		const struct scenario_carrier *sc = &sw->carriers.list[i];
		struct world_carrier *c = &w->carriers[i];

		*c = (struct world_carrier){
			.sc = sc, .key = list[i].key, .name = list[i].name,
			.spn = list[i].spn, .smdp = find_smdp(w, sc->smdp),
		};
		c->smdp_address = c->smdp ? str_of(c->smdp->host.name) : sc->smdp;
		add_object(w, c->key, OBJECT_CARRIER, c);
	}
	return 0;
}

/* Where nothing is simulated, what nobody named is not there. */
static bool makes_up(const struct world *w)
{
	return !w->options->target || !w->options->target->no_parties;
}

static struct str make_iccid(struct world *w)
{
	char *iccid;

	if (!makes_up(w))
		return STR_NONE;
	iccid = arena_alloc(w->arena, 21);
	iccid_make(iccid, STR("894400"), ++w->serial);
	return str_of(iccid);
}

static struct str expand(struct world *w, struct str text, struct err *err)
{
	struct template_names names = { world_lookup, w };
	struct str out = STR_NONE;

	if (text.n && template_expand_str(text, &names, w->arena, &out, err) < 0)
		return STR_NONE;
	return out;
}

struct offer_arg {
	const struct world_carrier *carrier;
	struct smdp_profile_spec *spec;
};

static int change_offer(struct world *w, const struct quirk_setting *s,
			void *arg, struct err *err)
{
	struct offer_arg *o = arg;

	return quirk_apply_offer(s, o->carrier->key, o->spec, w->arena, err);
}

static int make_code(struct world *w, struct world_carrier *carrier,
		     const struct scenario_code *sc, struct world_code *code,
		     struct err *err)
{
	struct smdp_profile_spec spec = {
		.iccid = sc->iccid.n ? expand(w, sc->iccid, err) : make_iccid(w),
		.matching_id = sc->matching_id.p || !makes_up(w) ?
			       world_secret(w, sc->matching_id) :
			       world_make_secret(w, 20),
		.spn = sc->spn.given ? sc->spn.s : carrier->spn,
		.profile_name = sc->profile_name, .class_name = sc->class_name,
		.confirmation_code = world_secret(w, sc->confirmation_code),
		.memory = (uint32_t)sc->memory, .ppr = sc->policy,
		.retries_max = (unsigned)sc->retries,
	};
	struct offer_arg arg = { carrier, &spec };

	if (sc->smds && !w->sc->world.smds.n)
		return err_set(err, ERR_INVALID, "smds: this world has none (world.smds)");
	if (sc->smds)
		spec.smds_address = w->sc->world.smds;
	if (!spec.iccid.n && makes_up(w))
		return -1;
	if (sc->eid.n && !(spec.eid = expand(w, sc->eid, err)).n)
		return -1;
	if (sc->expires_ns)
		spec.expires_ms = clock_unix_ms(&w->loop.clock) +
				  sc->expires_ns / NS_PER_MS;
	if (each_quirk(w, change_offer, &arg, err) < 0)
		return -1;
	*code = (struct world_code){
		.iccid = spec.iccid, .matching_id = spec.matching_id,
		.confirmation_code = spec.confirmation_code, .spn = spec.spn,
		.account = find_account(w, sc->account),
		.registered = sc->registered_given ? sc->registered :
			      !carrier->sc->registered_given || carrier->sc->registered,
	};
	/* Without one nobody can give it to a server. */
	if (sc->matching_id.p && !sc->matching_id.n)
		code->registered = false;
	if (spec.matching_id.n)
		code->activation_code = arena_printf(w->arena, "LPA:1$%.*s$%.*s%s",
			STRF(carrier->smdp_address), STRF(spec.matching_id),
			spec.confirmation_code.n ? "$$1" : "");
	return carrier->smdp && carrier->smdp->smdp ? smdp_add_profile(carrier->smdp->smdp, &spec, err) : 0;
}

static int make_codes(struct world *w, struct err *err)
{
	for (size_t i = 0; i < w->carrier_count; i++) {
		struct world_carrier *c = &w->carriers[i];
		const struct scenario_carrier *sc = c->sc;

		c->codes = arena_array(w->arena, sc->codes.count, sizeof(*c->codes));
		for (size_t k = 0; k < sc->codes.count; k++)
			if (make_code(w, c, &sc->codes.list[k],
				      &c->codes[c->code_count++], err) < 0)
				return err_prefix(err, "carrier %.*s, code %zu",
						  STRF(c->key), k + 1);
	}
	return 0;
}

/* ---- Devices. ------------------------------------------------------------ */

void world_device_latency(const struct scenario_latency *table,
			  struct device_latency *out)
{
	struct latency *slots[] = {
		[DELAY_DEVICE_POLL] = &out->poll, [DELAY_DEVICE_BOOT] = &out->boot,
		[DELAY_DEVICE_ATTACH] = &out->attach,
		[DELAY_DEVICE_REPORT] = &out->report,
		[DELAY_DEVICE_APDU] = &out->apdu,
		[DELAY_DEVICE_INSTALL] = &out->install,
	};
	/* A device that asks without a pause would be a cycle without delay. */
	static const struct latency poll = { .a_ns = 60 * NS_PER_S };

	if (slots[DELAY_DEVICE_POLL]->kind == LATENCY_CONSTANT &&
	    slots[DELAY_DEVICE_POLL]->a_ns == 0)
		out->poll = poll;
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		if (table[i].given)
			*slots[i] = table[i].model;
}

/* EIDs, device ids and keys of all devices, before anything refers to them. */
static void name_devices(struct world *w)
{
	const struct scenario_world *sw = &w->sc->world;
	size_t total = sw->devices.count;

	for (size_t i = 0; i < sw->fleets.count; i++)
		total += sw->fleets.list[i].count;
	w->devices = arena_array(w->arena, total, sizeof(*w->devices));
	w->fleets = arena_array(w->arena, sw->fleets.count, sizeof(*w->fleets));
	for (size_t i = 0; i < sw->devices.count; i++) {
		struct world_device *d = &w->devices[w->device_count++];

		d->sc = &sw->devices.list[i];
		d->key = d->sc->key;
		add_object(w, d->key, OBJECT_DEVICE, d);
	}
	for (size_t i = 0; i < sw->fleets.count; i++) {
		const struct scenario_fleet *sf = &sw->fleets.list[i];
		struct world_fleet *f = &w->fleets[w->fleet_count++];

		*f = (struct world_fleet){ sf->key, w->device_count, sf->count };
		add_object(w, f->key, OBJECT_FLEET, f);
		for (uint64_t k = 0; k < sf->count; k++) {
			struct world_device *d = &w->devices[w->device_count++];

			d->sc = &sf->template;
			d->key = arena_printf(w->arena, "%.*s[%llu]",
					      STRF(f->key), (unsigned long long)k);
		}
	}
	for (size_t i = 0; i < w->device_count; i++) {
		struct world_device *d = &w->devices[i];
		char *eid = arena_alloc(w->arena, EID_SIZE);

		d->account = find_account(w, d->sc->account);
		d->eid = d->sc->eid;
		d->device_id = d->sc->device_id;
		if (!makes_up(w))
			continue;
		eid_make(eid, STR("89049032"), i + 1);
		if (!d->eid.n)
			d->eid = str_of(eid);
		if (!d->device_id.n)
			d->device_id = arena_printf(w->arena, "00000000-00000000-0040FFFF-%08zX",
				     (size_t)0xFF800000u + i + 1);
	}
}

static const struct world_carrier *find_carrier(const struct world *w,
						struct str key)
{
	for (size_t i = 0; i < w->carrier_count; i++)
		if (str_eq(w->carriers[i].key, key))
			return &w->carriers[i];
	return NULL;
}

static int make_profile(struct world *w, const struct scenario_profile *sc,
			struct device_profile_spec *p, struct err *err)
{
	const struct world_carrier *c = sc->carrier.n ?
					find_carrier(w, sc->carrier) : NULL;

	*p = (struct device_profile_spec){
		.iccid = sc->iccid.n ? expand(w, sc->iccid, err) : make_iccid(w),
		.spn = sc->spn.given ? sc->spn.s : c ? c->spn : sc->name,
		.profile_name = sc->name, .nickname = sc->nickname,
		.smdp_address = c ? c->smdp_address :
				str_of(w->smdps[0].host.name),
		.class_name = str_is(sc->type, "bootstrap") ?
			      STR("provisioning") : sc->type,
		.active = str_is(sc->status, "active"),
		.no_network = sc->no_network, .ppr = sc->policy,
		.memory = (uint32_t)sc->memory,
	};
	return p->iccid.n || !makes_up(w) ? 0 : -1;
}

struct device_arg {
	struct device_spec *spec;
	struct quirk_offer *offers;
	size_t offer_count;
};

static int change_device(struct world *w, const struct quirk_setting *s,
			 void *arg, struct err *err)
{
	struct device_arg *d = arg;

	return quirk_apply_device(s, d->spec, d->offers, d->offer_count,
				  w->arena, err);
}

static struct quirk_offer *list_offers(struct world *w, size_t *count)
{
	struct quirk_offer *list;
	size_t n = 0;

	for (size_t i = 0; i < w->carrier_count; i++)
		n += w->carriers[i].code_count;
	list = arena_array(w->arena, n, sizeof(*list));
	*count = n;
	n = 0;
	for (size_t i = 0; i < w->carrier_count; i++) {
		const struct world_carrier *c = &w->carriers[i];

		for (size_t k = 0; k < c->code_count; k++)
			list[n++] = (struct quirk_offer){
				c->key, c->codes[k].iccid, c->codes[k].spn,
			};
	}
	return list;
}

static int make_device(struct world *w, struct world_device *d,
		       struct device_arg *arg, struct err *err)
{
	const struct scenario_device *sc = d->sc;
	struct device_profile_spec *profiles =
		arena_array(w->arena, sc->profiles.count, sizeof(*profiles));
	const struct world_smdp *smdp =
		sc->default_smdp.n ? find_smdp(w, sc->default_smdp) : NULL;
	struct device_spec spec = {
		.name = d->key, .device_id = d->device_id, .eid = d->eid,
		.profiles = profiles, .profile_count = sc->profiles.count,
		.memory = (uint32_t)sc->memory, .second_link = sc->second_link,
		.off = sc->off, .reuse_numbers = sc->reuse_numbers,
		.default_smdp = smdp ? str_of(smdp->host.name) : sc->default_smdp,
		.root_smds = w->sc->world.smds,
	};
	struct eis_euicc_spec record = { .eid = d->eid, .eum_id = STR("2.999.1") };
	struct device_latency *own;
	int rc;

	for (size_t i = 0; i < sc->profiles.count; i++)
		if (make_profile(w, &sc->profiles.list[i], &profiles[i], err) < 0)
			return -1;
	if (sc->own_latency) {
		own = ARENA_NEW(w->arena, struct device_latency);
		world_device_latency(w->sc->world.latency, own);
		world_device_latency(sc->latency, own);
		spec.latency = own;
	}
	arg->spec = &spec;
	rc = each_quirk(w, change_device, arg, err);
	arg->spec = NULL;
	if (rc < 0)
		return -1;
	d->profiles = spec.profiles;
	d->profile_count = spec.profile_count;
	record.memory = spec.memory;
	if (!w->fleet)
		return 0;
	if (eis_register(w->eis, &record, err) < 0)
		return -1;
	d->device = fleet_add(w->fleet, &spec, err);
	if (!d->device)
		return -1;
	if (sc->clock_skew_given)
		device_set_clock_skew(d->device, sc->clock_skew_ns);
	return sc->unknown || !w->server ? 0 : server_add_device(w->server,
		d->account->customer_id, d->device_id, d->eid, err);
}

enum { MADE_EVERY = 1000 };

/* Few devices are there before anybody could look. */
static void tell_made(const struct world *w, size_t done, size_t all)
{
	const struct run_options *o = w->options;

	if (o->made && all > MADE_EVERY && (done % MADE_EVERY == 0 || done == all))
		o->made(o->made_arg, done, all);
}

static int make_devices(struct world *w, struct err *err)
{
	struct device_arg arg = { 0 };

	arg.offers = list_offers(w, &arg.offer_count);
	for (size_t i = 0; i < w->device_count; i++) {
		if (make_device(w, &w->devices[i], &arg, err) < 0)
			return err_prefix(err, "device %.*s",
					  STRF(w->devices[i].key));
		tell_made(w, i + 1, w->device_count);
	}
	return 0;
}

int world_build(struct world *w, struct err *err)
{
	for (size_t i = 0; i < w->smdp_count; i++)
		add_object(w, w->smdps[i].host.key, OBJECT_SMDP, &w->smdps[i]);
	if (make_accounts(w, err) < 0 || make_users(w, err) < 0)
		return -1;
	name_devices(w);
	if (collect_quirks(w, err) < 0 || make_carriers(w, err) < 0 || make_codes(w, err) < 0)
		return -1;
	return make_devices(w, err);
}

/* ---- Quirks that act while the world runs. ------------------------------- */

static int set_quirk(struct world *w, const struct quirk_setting *s, void *arg,
		     struct err *err)
{
	(void)arg;
	return quirk_engine_set(w->quirks, s, err);
}

int world_start_quirks(struct world *w, struct err *err)
{
	return each_quirk(w, set_quirk, NULL, err);
}

/* ---- More of it, while it lives. ----------------------------------------- */

/* A longer list; the objects of its things follow them.  The old one stays, for
 * whoever still looks at it. */
static void *longer(struct world *w, const void *list, size_t count, size_t more,
		    size_t size)
{
	char *copy = arena_array(w->arena, count + more, size);

	if (count)
		memcpy(copy, list, count * size);
	return copy;
}

static void moved(struct world *w, struct str key, void *thing)
{
	struct world_object *o = map_get(&w->objects, key);

	if (o)
		o->thing = thing;
}

static int check_free(const struct world *w, struct str key, struct err *err)
{
	if (!map_get(&w->objects, key))
		return 0;
	return err_set(err, ERR_STATE, "there is something called '%.*s' already",
		       STRF(key));
}

static void name_more_devices(struct world *w, const struct scenario_fleet *sf)
{
	struct world_fleet *fleets = longer(w, w->fleets, w->fleet_count, 1, sizeof(*fleets));
	struct world_device *devices = longer(w, w->devices, w->device_count, sf->count,
					      sizeof(*devices));

	for (size_t i = 0; i < w->fleet_count; i++)
		moved(w, fleets[i].key, &fleets[i]);
	for (size_t i = 0; i < w->device_count; i++)
		moved(w, devices[i].key, &devices[i]);
	fleets[w->fleet_count] = (struct world_fleet){ sf->key, w->device_count, sf->count };
	w->fleets = fleets;
	w->devices = devices;
	add_object(w, sf->key, OBJECT_FLEET, &fleets[w->fleet_count++]);
	for (uint64_t k = 0; k < sf->count; k++) {
		struct world_device *d = &devices[w->device_count + k];
		char *eid = arena_alloc(w->arena, EID_SIZE);
		size_t number = w->device_count + k + 1;

		d->sc = &sf->template;
		d->key = arena_printf(w->arena, "%.*s[%llu]", STRF(sf->key),
				      (unsigned long long)k);
		d->account = find_account(w, d->sc->account);
		eid_make(eid, STR("89049032"), number);
		d->eid = str_of(eid);
		d->device_id = arena_printf(w->arena, "00000000-00000000-0040FFFF-%08zX",
					    (size_t)0xFF800000u + number);
	}
}

int world_add_fleet(struct world *w, const struct scenario_fleet *sf, struct err *err)
{
	struct device_arg arg = { 0 };
	size_t first = w->device_count;

	if (check_free(w, sf->key, err) < 0)
		return -1;
	name_more_devices(w, sf);
	arg.offers = list_offers(w, &arg.offer_count);
	for (uint64_t k = 0; k < sf->count; k++) {
		struct world_device *d = &w->devices[first + k];

		if (make_device(w, d, &arg, err) < 0)
			return err_prefix(err, "device %.*s", STRF(d->key));
		w->device_count++;
		tell_made(w, k + 1, (size_t)sf->count);
	}
	return 0;
}

int world_add_codes(struct world *w, struct world_carrier *c,
		    const struct scenario_code *sc, size_t count, struct err *err)
{
	struct world_code *codes = longer(w, c->codes, c->code_count, count, sizeof(*codes));

	c->codes = codes;
	for (size_t i = 0; i < count; i++) {
		struct world_code *code = &codes[c->code_count];

		if (make_code(w, c, sc, code, err) < 0)
			return err_prefix(err, "carrier %.*s", STRF(c->key));
		c->code_count++;
		if (code->registered && w->server &&
		    server_add_code(w->server, code->account->customer_id, code->iccid,
				    c->name, code->activation_code,
				    code->confirmation_code, err) < 0)
			return -1;
	}
	return 0;
}

int world_add_carrier(struct world *w, const struct scenario_carrier *sc, struct err *err)
{
	struct world_carrier *list, *c;

	if (check_free(w, sc->key, err) < 0)
		return -1;
	list = longer(w, w->carriers, w->carrier_count, 1, sizeof(*list));
	for (size_t i = 0; i < w->carrier_count; i++)
		moved(w, list[i].key, &list[i]);
	w->carriers = list;
	c = &list[w->carrier_count++];
	*c = (struct world_carrier){
		.sc = sc, .key = sc->key, .name = sc->name.n ? sc->name : sc->key,
		.smdp = find_smdp(w, sc->smdp),
	};
	c->spn = sc->spn.given ? sc->spn.s : c->name;
	c->smdp_address = c->smdp ? str_of(c->smdp->host.name) : sc->smdp;
	add_object(w, c->key, OBJECT_CARRIER, c);
	for (size_t i = 0; i < sc->codes.count; i++)
		if (world_add_codes(w, c, &sc->codes.list[i], 1, err) < 0)
			return -1;
	return 0;
}

/* The names that what is to be read may refer to. */
static void put_names(const struct world *w, struct json *j)
{
	json_key(j, "smdps");
	json_open(j, '{');
	for (size_t i = 1; i < w->smdp_count; i++) {
		json_key(j, arena_strdup(w->arena, w->smdps[i].host.key.p));
		json_open(j, '{');
		json_putz(j, "address", w->smdps[i].host.name);
		json_close(j, '}');
	}
	json_close(j, '}');
	json_key(j, "accounts");
	json_open(j, '{');
	for (size_t i = 0; i < w->account_count; i++) {
		json_key(j, w->accounts[i].key.p);
		json_raw(j, STR("{}"));
	}
	json_close(j, '}');
}

static bool is_new_carrier(const cJSON *more, struct str key)
{
	const cJSON *carriers = cJSON_GetObjectItemCaseSensitive(more, "carriers");

	return cJSON_GetObjectItemCaseSensitive(carriers, key.p) != NULL;
}

static void put_more(const struct world *w, const cJSON *more, struct json *j)
{
	const cJSON *carriers = cJSON_GetObjectItemCaseSensitive(more, "carriers"), *c;
	const cJSON *fleets = cJSON_GetObjectItemCaseSensitive(more, "fleets");
	char *text;

	json_key(j, "carriers");
	json_open(j, '{');
	for (size_t i = 0; i < w->carrier_count; i++) {
		if (is_new_carrier(more, w->carriers[i].key))
			continue;
		json_key(j, w->carriers[i].key.p);
		json_raw(j, STR("{}"));
	}
	cJSON_ArrayForEach(c, carriers) {
		text = cJSON_PrintUnformatted(c);
		json_key(j, c->string);
		json_raw(j, str_of(text));
		cJSON_free(text);
	}
	json_close(j, '}');
	if (!fleets)
		return;
	text = cJSON_PrintUnformatted(fleets);
	json_key(j, "fleets");
	json_raw(j, str_of(text));
	cJSON_free(text);
}

const struct scenario *world_read_more(struct world *w, struct str json, struct err *err)
{
	cJSON *more = json_parse(json, err);
	struct scenario_file file;
	struct diag diag;
	struct buf text;
	struct json j;
	int rc;

	if (!more)
		return NULL;
	buf_init(&text, YAML_SIZE_MAX);
	j = json_to(&text);
	json_open(&j, '{');
	json_key(&j, "world");
	json_open(&j, '{');
	put_names(w, &j);
	put_more(w, more, &j);
	json_close(&j, '}');
	json_key(&j, "steps");
	json_raw(&j, STR("[{\"wait\":\"1s\"}]"));
	json_close(&j, '}');
	cJSON_Delete(more);
	diag_init(&diag, w->arena);
	rc = scenario_load_text("more", arena_str(w->arena, buf_view(&text)), w->arena,
				&file, &diag);
	buf_release(&text);
	if (rc == 0)
		return file.list;
	err_set(err, ERR_INVALID, "%.*s%s%.*s", STRF(diag.items[0].message),
		diag.items[0].hint.n ? "; " : "", STRF(diag.items[0].hint));
	return NULL;
}
