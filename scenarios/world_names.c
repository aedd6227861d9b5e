/* What "${...}" may name in a world, and its devices as documents. */
#include "scenarios/world_build.h"

#include "sim/json.h"

#include <assert.h>

static const struct value *text(struct arena *a, struct str s)
{
	return s.p ? value_str(a, s) : value_new(a, VALUE_NULL, (struct pos){ 0 });
}

static const struct value *number(struct arena *a, int64_t n)
{
	return value_int(a, n);
}

/* One getter for each kind of object: the attribute's value, or NULL. */
typedef const struct value *getter(const void *thing, struct str name,
				   struct arena *a);

static const struct value *of_code(const void *thing, struct str name,
				   struct arena *a)
{
	const struct world_code *c = thing;

	if (str_is(name, "iccid"))
		return text(a, c->iccid);
	if (str_is(name, "activation_code") || str_is(name, "code"))
		return text(a, c->activation_code);
	if (str_is(name, "matching_id"))
		return text(a, c->matching_id);
	if (str_is(name, "confirmation_code"))
		return text(a, c->confirmation_code);
	if (str_is(name, "spn"))
		return text(a, c->spn);
	return NULL;
}

static const struct value *of_carrier(const void *thing, struct str name,
				      struct arena *a)
{
	const struct world_carrier *c = thing;

	if (str_is(name, "name"))
		return text(a, c->name);
	if (str_is(name, "spn"))
		return text(a, c->spn);
	if (str_is(name, "key"))
		return text(a, c->key);
	if (str_is(name, "smdp") || str_is(name, "smdp_address"))
		return text(a, c->smdp_address);
	return c->code_count ? of_code(&c->codes[0], name, a) : NULL;
}

static const struct value *of_profile(const void *thing, struct str name,
				      struct arena *a)
{
	const struct device_profile_spec *p = thing;

	if (str_is(name, "iccid"))
		return text(a, p->iccid);
	if (str_is(name, "spn"))
		return text(a, p->spn);
	if (str_is(name, "name"))
		return text(a, p->profile_name);
	if (str_is(name, "nickname"))
		return text(a, p->nickname);
	return NULL;
}

static const struct value *of_device(const void *thing, struct str name,
				     struct arena *a)
{
	const struct world_device *d = thing;

	if (str_is(name, "device_id"))
		return text(a, d->device_id);
	if (str_is(name, "eid"))
		return text(a, d->eid);
	if (str_is(name, "name") || str_is(name, "key"))
		return text(a, d->key);
	if (str_is(name, "party"))
		return value_str(a, arena_printf(a, "device/%.*s", STRF(d->key)));
	if (str_is(name, "customer_id"))
		return number(a, d->account->customer_id);
	return NULL;
}

static const struct value *of_fleet(const void *thing, struct str name,
				    struct arena *a)
{
	const struct world_fleet *f = thing;

	if (str_is(name, "count"))
		return number(a, (int64_t)f->count);
	return str_is(name, "key") ? text(a, f->key) : NULL;
}

static const struct value *of_account(const void *thing, struct str name,
				      struct arena *a)
{
	const struct world_account *acc = thing;

	if (str_is(name, "customer_id"))
		return number(a, acc->customer_id);
	return str_is(name, "name") ? text(a, acc->name) : NULL;
}

static const struct value *of_user(const void *thing, struct str name,
				   struct arena *a)
{
	const struct world_user *u = thing;

	if (str_is(name, "name"))
		return text(a, u->name);
	if (str_is(name, "password"))
		return text(a, u->password);
	if (str_is(name, "authorization"))
		return text(a, u->authorization);
	if (str_is(name, "api_key_id"))
		return text(a, u->api_key_id);
	if (str_is(name, "api_key_secret"))
		return text(a, u->api_key_secret);
	if (str_is(name, "customer_id"))
		return number(a, u->account->customer_id);
	return NULL;
}

static const struct value *of_smdp(const void *thing, struct str name,
				   struct arena *a)
{
	const struct world_smdp *s = thing;

	if (str_is(name, "address"))
		return text(a, str_of(s->host.name));
	if (str_is(name, "url"))
		return value_str(a, arena_printf(a, "https://%s", s->host.name));
	return NULL;
}

static getter *const getters[OBJECTS] = {
	[OBJECT_CARRIER] = of_carrier, [OBJECT_CODE] = of_code,
	[OBJECT_DEVICE] = of_device, [OBJECT_PROFILE] = of_profile,
	[OBJECT_FLEET] = of_fleet, [OBJECT_ACCOUNT] = of_account,
	[OBJECT_USER] = of_user, [OBJECT_SMDP] = of_smdp,
};

/* Objects that every world has: ${run.seed}, ${server.url}, ${eis.token}. */
static const struct value *of_rig(const struct world *w, struct str object,
				  struct str name, struct arena *a)
{
	if (str_is(object, "run") && str_is(name, "seed"))
		return number(a, (int64_t)w->seed);
	if (str_is(object, "server") && str_is(name, "url"))
		return value_str(a, STR("http://server.rig"));
	if (str_is(object, "server") &&
	    (str_is(name, "report_token") || str_is(name, "token")))
		return text(a, w->report_token);
	if (str_is(object, "server") && str_is(name, "gateway_url"))
		return value_str(a, STR("http://gateway.rig"));
	if (str_is(object, "server") && str_is(name, "gateway_token"))
		return text(a, w->gateway_token);
	if (str_is(object, "eis") && str_is(name, "url"))
		return value_str(a, STR("http://eis.rig"));
	if (str_is(object, "eis") && str_is(name, "token"))
		return text(a, w->eis_token);
	return NULL;
}

/* An object that is one of a list: codes of a carrier, profiles of a device,
 * devices of a fleet.  0, or -1 if there is no such one. */
static int pick(const struct world *w, enum scenario_object *kind,
		const void **thing, struct str list, uint64_t index)
{
	if (*kind == OBJECT_CARRIER && str_is(list, "codes")) {
		const struct world_carrier *c = *thing;

		*kind = OBJECT_CODE;
		*thing = &c->codes[index];
		return index < c->code_count ? 0 : -1;
	}
	if (*kind == OBJECT_DEVICE && str_is(list, "profiles")) {
		const struct world_device *d = *thing;

		*kind = OBJECT_PROFILE;
		*thing = &d->profiles[index];
		return index < d->profile_count ? 0 : -1;
	}
	if (*kind == OBJECT_FLEET && !list.p) {
		const struct world_fleet *f = *thing;

		*kind = OBJECT_DEVICE;
		*thing = &w->devices[f->first + index];
		return index < f->count ? 0 : -1;
	}
	return -1;
}

/* Walk down `rest` from an object; NULL if there is no such thing. */
static const struct value *walk(const struct world *w, enum scenario_object kind,
				const void *thing, struct str rest,
				struct arena *a)
{
	struct str name = STR_NONE;
	uint64_t index = 0;

	while (rest.n) {
		if (template_path_step(&rest, &name, &index) < 0)
			return NULL;
		if (name.p && !rest.n)
			return getters[kind] ? getters[kind](thing, name, a) : NULL;
		if (name.p) {
			struct str list = name;

			if (template_path_step(&rest, &name, &index) < 0 || name.p ||
			    pick(w, &kind, &thing, list, index) < 0)
				return NULL;
		} else if (pick(w, &kind, &thing, STR_NONE, index) < 0) {
			return NULL;
		}
	}
	return NULL;
}

/* Where nothing is simulated, an id that the target does not give is null; but
 * null may also be what a profile has. */
static bool is_missing(const struct world *w, struct str path,
		       const struct value *found)
{
	static const char *const nullable[] = {
		".spn", ".confirmation_code", ".nickname", ".name",
	};

	if (!w->options->target || !w->options->target->no_parties ||
	    !(found->kind == VALUE_NULL ||
	      (found->kind == VALUE_STR && !found->text.n)))
		return false;
	for (size_t i = 0; i < sizeof(nullable) / sizeof(nullable[0]); i++)
		if (str_ends(path, str_of(nullable[i])))
			return false;
	return true;
}

const struct value *world_lookup(void *arg, struct str path, struct arena *a,
				 struct err *err)
{
	const struct world *w = arg;
	const struct world_object *o;
	const struct value *found = NULL;
	struct str head = path, rest;

	for (head.n = 0; head.n < path.n && path.p[head.n] != '.' &&
	     path.p[head.n] != '['; head.n++)
		;
	rest = (struct str){ path.p + head.n, path.n - head.n };
	o = map_get(&w->objects, head);
	if (o)
		found = walk(w, o->kind, o->thing, rest, a);
	if (found && is_missing(w, path, found))
		return err_set(err, ERR_NOT_FOUND,
			       "${%.*s}: the target has nothing of that name",
			       STRF(path)), NULL;
	if (!found && rest.n)
		found = of_rig(w, head, (struct str){ rest.p + 1, rest.n - 1 }, a);
	if (!found)
		err_set(err, ERR_NOT_FOUND,
			"${%.*s}: this world has nothing of that name", STRF(path));
	return found;
}

int world_find_devices(const struct world *w, struct str name, size_t *first,
		       size_t *count, struct err *err)
{
	for (size_t i = 0; i < w->fleet_count; i++) {
		if (!str_eq(w->fleets[i].key, name))
			continue;
		*first = w->fleets[i].first;
		*count = w->fleets[i].count;
		return 0;
	}
	for (size_t i = 0; i < w->device_count; i++) {
		if (!str_eq(w->devices[i].key, name))
			continue;
		*first = i;
		*count = 1;
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "no device '%.*s' in this world",
		       STRF(name));
}

const struct world_user *world_find_user(const struct world *w, struct str key)
{
	if (!key.n)
		return &w->users[0];
	for (size_t i = 0; i < w->user_count; i++)
		if (str_eq(w->users[i].key, key))
			return &w->users[i];
	return NULL;
}

static void put_profile(struct json *j, const struct device_profile_view *p)
{
	json_open(j, '{');
	json_put_int(j, "id", p->number);
	json_put(j, "iccid", p->iccid);
	if (p->spn.p)
		json_put(j, "carrier", p->spn);
	json_putz(j, "status", p->active ? "active" : "inactive");
	json_putz(j, "type", strcmp(p->class_name, "provisioning") == 0 ?
		  "bootstrap" : p->class_name);
	json_put_opt(j, "name", p->profile_name);
	json_put_opt(j, "nickname", p->nickname);
	json_close(j, '}');
}

void world_device_json(const struct world_device *d, struct buf *out)
{
	struct json j = json_to(out);
	struct device_profile_view p;
	size_t count = device_profile_count(d->device);

	json_open(&j, '{');
	json_put(&j, "name", d->key);
	json_put(&j, "device_id", d->device_id);
	json_put(&j, "eid", d->eid);
	json_put_bool(&j, "online", device_online(d->device));
	for (size_t i = 0; i < count; i++) {
		device_profile(d->device, i, &p);
		if (p.active) {
			json_put(&j, "active", p.iccid);
			break;
		}
	}
	json_key(&j, "profiles");
	json_open(&j, '[');
	for (size_t i = 0; i < count; i++) {
		device_profile(d->device, i, &p);
		put_profile(&j, &p);
	}
	json_close(&j, ']');
	json_close(&j, '}');
}
