#include "scenarios/load.h"

#include "proto/device_id.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include <stddef.h>
#include <stdlib.h>

/* ---- Identifiers. ------------------------------------------------------- */

/* A text of digits: as a number it may have lost none of them. */
static int check_form(struct loader *l, const struct value *v, struct str *out,
		      bool (*well_formed)(struct str), const char *what)
{
	if (v->kind == VALUE_STR && v->templated) {
		*out = v->text;
		return names_check_text(l, v);
	}
	if (v->kind != VALUE_STR && v->kind != VALUE_INT && v->kind != VALUE_FLOAT)
		return load_mismatch(l, v, what);
	if (!well_formed(v->text))
		return load_mismatch(l, v, what);
	*out = v->text;
	return 0;
}

int check_iccid(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	return check_form(l, v, (struct str *)(void *)((char *)object + key->offset),
			  iccid_well_formed, "an ICCID of 19 or 20 digits");
}

int check_eid(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object)
{
	return check_form(l, v, (struct str *)(void *)((char *)object + key->offset),
			  eid_well_formed, "an EID of 32 digits");
}

int check_device_id(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object)
{
	return check_form(l, v, (struct str *)(void *)((char *)object + key->offset),
			  device_id_well_formed,
			  "a device id such as 00000000-00000000-0040FFFF-FF8001B0");
}

/* ---- Carriers. ---------------------------------------------------------- */

enum { CODES_MAX = 100000 };

int load_codes(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object)
{
	struct scenario_codes *codes = (void *)((char *)object + key->offset);
	int rc = 0;

	if (v->kind == VALUE_INT) {
		if (v->as.i < 0 || v->as.i > CODES_MAX)
			return diag_add(l->diag, v->pos, v->width,
					"%.*s codes; expected 0 to %d",
					STRF(v->text), CODES_MAX);
		codes->count = (size_t)v->as.i;
		codes->list = arena_array(l->arena, codes->count,
					  sizeof(*codes->list));
		for (size_t i = 0; i < codes->count; i++)
			codes->list[i].pos = v->pos;
		return 0;
	}
	if (v->kind != VALUE_LIST)
		return load_mismatch(l, v, key->takes);
	codes->count = v->count;
	codes->list = arena_array(l->arena, v->count, sizeof(*codes->list));
	for (size_t i = 0; i < v->count && l->diag->dropped == 0; i++)
		rc |= load_object(l, key->of, v->items[i], &codes->list[i]);
	return rc;
}

int check_code(struct loader *l, const struct value *v, void *object)
{
	const struct scenario_code *c = object;
	bool by_eid = c->matching_id.p && !c->matching_id.n;

	if (!c->eid.n && (by_eid || c->smds))
		return diag_add(l->diag, c->pos, v->width,
				"%s: the code needs an 'eid'",
				by_eid ? "no matching id" : "smds");
	if (by_eid && c->smds)
		return diag_add(l->diag, c->pos, v->width,
				"smds: the matching id is the id of its event, and may not be empty");
	return 0;
}

/* The defaults that depend on others. */
int check_carrier(struct loader *l, const struct value *v, void *object)
{
	struct scenario_carrier *c = object;

	(void)l;
	(void)v;
	if (!c->registered_given)
		c->registered = true;
	for (size_t i = 0; i < c->codes.count; i++)
		if (!c->codes.list[i].registered_given)
			c->codes.list[i].registered = c->registered;
	return 0;
}

/* ---- Devices. ----------------------------------------------------------- */

int check_device(struct loader *l, const struct value *v, void *object)
{
	const struct scenario_device *d = object;
	const struct value *profiles = value_get(v, "profiles");
	bool active = false;

	for (size_t i = 0; i < d->profiles.count; i++) {
		if (!str_is(d->profiles.list[i].status, "active"))
			continue;
		if (active)
			return diag_add(l->diag, d->profiles.list[i].pos,
					profiles->items[i]->width,
					"a second active profile; a device has at most one");
		active = true;
	}
	return 0;
}

int load_power(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object)
{
	bool *off = (void *)((char *)object + key->offset);

	/* A boolean is what YAML 1.1 makes of on and off. */
	if (v->kind == VALUE_BOOL)
		*off = !v->as.b;
	else if (v->kind == VALUE_STR && str_is(v->text, "off"))
		*off = true;
	else if (v->kind != VALUE_STR || !str_is(v->text, "on"))
		return load_mismatch(l, v, "on or off");
	return 0;
}

int load_skew(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object)
{
	int64_t *ns = (void *)((char *)object + key->offset);
	struct value unsigned_ = *v;
	bool behind;

	if (v->kind != VALUE_STR || v->text.n == 0)
		return load_duration(l, v, ns);
	behind = v->text.p[0] == '-';
	if (behind || v->text.p[0] == '+')
		unsigned_.text = (struct str){ v->text.p + 1, v->text.n - 1 };
	if (load_duration(l, &unsigned_, ns) < 0)
		return -1;
	if (behind)
		*ns = -*ns;
	if (offsetof(struct scenario_device, clock_skew_ns) == key->offset &&
	    str_is(str_of(key->name), "clock-skew"))
		((struct scenario_device *)object)->clock_skew_given = true;
	return 0;
}

int load_fleet_template(struct loader *l, const struct schema_key *key,
			const struct value *v, void *object)
{
	struct scenario_fleet *fleet = object;
	static const char *const own[] = { "device_id", "eid" };
	int rc = load_object(l, key->of, v, &fleet->template);

	for (size_t i = 0; i < 2; i++) {
		const struct member *m = value_member(v, str_of(own[i]));

		if (m)
			rc = diag_add(l->diag, m->pos, m->width,
				      "each device of a fleet has its own '%s'",
				      own[i]);
	}
	return rc;
}

/* ---- Latency. ----------------------------------------------------------- */

static int read_uniform(struct loader *l, const struct value *v,
			struct latency *out)
{
	if (v->kind != VALUE_LIST || v->count != 2)
		return load_mismatch(l, v, "two durations: [1s, 5s]");
	return load_duration(l, v->items[0], &out->a_ns) |
	       load_duration(l, v->items[1], &out->b_ns);
}

/* A map with exactly the keys `a` and (unless NULL) `b`. */
static int read_pair(struct loader *l, const struct value *v, const char *example,
		     const char *a, const char *b, const struct value **first,
		     const struct value **second)
{
	*first = value_get(v, a);
	*second = b ? value_get(v, b) : NULL;
	if (!*first || (b && !*second) || v->count != (b ? 2 : 1))
		return diag_add(l->diag, v->pos, v->width, "expected %s", example);
	return 0;
}

static int read_pareto(struct loader *l, const struct value *v,
		       struct latency *out)
{
	const struct value *min, *shape;

	if (read_pair(l, v, "{min: 1s, shape: 1.5}", "min", "shape", &min, &shape) < 0 ||
	    load_duration(l, min, &out->a_ns) < 0)
		return -1;
	if (shape->kind == VALUE_FLOAT)
		out->shape = shape->as.f;
	else if (shape->kind == VALUE_INT)
		out->shape = (double)shape->as.i;
	else
		return load_mismatch(l, shape, "a number");
	return 0;
}

static int read_percentiles(struct loader *l, const struct value *v,
			    struct latency *out)
{
	struct latency_point *points;
	struct value share;
	int rc = 0;

	if (v->kind != VALUE_MAP || v->count < 2 || v->count > LATENCY_POINTS_MAX)
		return load_mismatch(l, v, "a map of 2 to 16 percentiles: "
				     "{50: 1s, 99: 10s}");
	points = arena_array(l->arena, v->count, sizeof(*points));
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];
		char *end;

		share = (struct value){ .text = m->key };
		points[i].share = strtod(share.text.p, &end) / 100;
		if (end == share.text.p || *end || !(points[i].share >= 0))
			rc = diag_add(l->diag, m->pos, m->width,
				      "'%.*s' is no percentile; expected 0 to 100",
				      STRF(m->key));
		rc |= load_duration(l, m->value, &points[i].ns);
	}
	out->points = points;
	out->point_count = (unsigned)v->count;
	return rc;
}

static int read_polls(struct loader *l, const struct value *v, struct latency *out)
{
	if (v->kind != VALUE_INT || v->as.i < 1 || v->as.i > 1000000)
		return load_mismatch(l, v, "a count from 1 to 1000000");
	out->polls = (unsigned)v->as.i;
	return 0;
}

static int read_two(struct loader *l, const struct value *v, struct latency *out,
		    const char *example, const char *a, const char *b)
{
	const struct value *first, *second;

	if (read_pair(l, v, example, a, b, &first, &second) < 0 ||
	    load_duration(l, first, &out->a_ns) < 0)
		return -1;
	return second ? load_duration(l, second, &out->b_ns) : 0;
}

static int read_model(struct loader *l, const struct member *m, struct latency *out)
{
	const char *names[LATENCY_KINDS];

	for (size_t i = 0; i < latency_form_count; i++)
		names[i] = latency_kind_name(latency_forms[i].kind);
	for (size_t i = 0; i < latency_form_count; i++)
		if (str_is(m->key, names[i]))
			out->kind = latency_forms[i].kind;
	if (out->kind == LATENCY_CONSTANT && !str_is(m->key, "constant")) {
		diag_add(l->diag, m->pos, m->width, "unknown latency model '%.*s'",
			 STRF(m->key));
		diag_did_you_mean(l->diag, m->key, names, latency_form_count);
		return -1;
	}
	switch (out->kind) {
	case LATENCY_CONSTANT:
		return load_duration(l, m->value, &out->a_ns);
	case LATENCY_UNIFORM:
		return read_uniform(l, m->value, out);
	case LATENCY_NORMAL:
		return read_two(l, m->value, out, "{mean: 10s, sd: 2s}", "mean", "sd");
	case LATENCY_LOGNORMAL:
		return read_two(l, m->value, out, "{median: 4min, p99: 10min}",
				"median", "p99");
	case LATENCY_EXPONENTIAL:
		return read_two(l, m->value, out, "{mean: 10s}", "mean", NULL);
	case LATENCY_PARETO:
		return read_pareto(l, m->value, out);
	case LATENCY_PERCENTILES:
		return read_percentiles(l, m->value, out);
	case LATENCY_POLLS:
		return read_polls(l, m->value, out);
	case LATENCY_NEVER:
	case LATENCY_KINDS:
		break;
	}
	return 0;
}

static int load_latency(struct loader *l, const struct value *v,
			enum scenario_delay delay, struct scenario_latency *out)
{
	struct err err;

	out->given = true;
	out->pos = v->pos;
	if (v->kind == VALUE_STR && str_is(v->text, "never")) {
		out->model.kind = LATENCY_NEVER;
		return 0;
	}
	if (v->kind != VALUE_MAP)
		return load_duration(l, v, &out->model.a_ns);
	if (v->count != 1)
		return diag_add(l->diag, v->pos, v->width,
				"expected a duration, or one model: {uniform: [1s, 5s]}");
	if (read_model(l, &v->members[0], &out->model) < 0)
		return -1;
	if (latency_check(&out->model, &err) < 0)
		return diag_add(l->diag, v->members[0].value->pos,
				v->members[0].value->width, "%s", err.msg);
	if (out->model.kind == LATENCY_POLLS && delay <= DELAY_NETWORK)
		return diag_add(l->diag, v->pos, v->width,
				"polls: only for functions of server, eis and smdp");
	return 0;
}

/* `skip`: of each name, "device." is left out. */
static int load_delays(struct loader *l, const struct value *v, size_t count,
		       size_t skip, struct scenario_latency *out)
{
	const char *names[DELAYS];
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, "a map of latencies");
	for (size_t i = 0; i < count; i++)
		names[i] = scenario_delays[i].name + skip;
	for (size_t k = 0; k < v->count && l->diag->dropped == 0; k++) {
		const struct member *m = &v->members[k];
		size_t i = 0;

		while (i < count && !str_is(m->key, names[i]))
			i++;
		if (i < count) {
			rc |= load_latency(l, m->value, (enum scenario_delay)i, &out[i]);
			continue;
		}
		rc = diag_add(l->diag, m->pos, m->width,
			      "nothing called '%.*s' takes time", STRF(m->key));
		diag_did_you_mean(l->diag, m->key, names, count);
	}
	return rc;
}

int load_latencies(struct loader *l, const struct schema_key *key,
		   const struct value *v, void *object)
{
	(void)key;
	return load_delays(l, v, DELAYS, 0, ((struct scenario_world *)object)->latency);
}

int load_device_latencies(struct loader *l, const struct schema_key *key,
			  const struct value *v, void *object)
{
	struct scenario_device *d = object;

	(void)key;
	d->own_latency = true;
	return load_delays(l, v, DELAY_DEVICE_INSTALL + 1, strlen("device."),
			   d->latency);
}

/* ---- Quirks. ------------------------------------------------------------ */

static int unknown_quirk(struct loader *l, struct str name, struct pos pos,
			 unsigned width)
{
	const char *near = quirk_suggest(name);

	diag_add(l->diag, pos, width, "unknown quirk '%.*s'", STRF(name));
	if (near)
		diag_hint(l->diag, "did you mean '%s'?", near);
	else
		diag_hint(l->diag, "docs/quirks.md lists them");
	return -1;
}

/* Does what a parameter names exist in the world? */
static int check_target(struct loader *l, const struct quirk_row *row,
			const struct member *m)
{
	for (size_t i = 0; i < quirk_param_count(row); i++) {
		const struct quirk_param *p = quirk_param(row, i);

		if (!str_is(m->key, p->name))
			continue;
		if (p->kind == QUIRK_PARAM_DEVICE)
			return names_check_ref(l, m->value, REF_DEVICE);
		if (p->kind == QUIRK_PARAM_CARRIER)
			return names_check_ref(l, m->value, REF_CARRIER);
		if (p->kind == QUIRK_PARAM_SMDP)
			return names_check_ref(l, m->value, REF_SMDP);
	}
	return 0;
}

static int put_param(struct loader *l, struct quirk_setting *setting,
		     const struct member *m)
{
	const struct value *v = m->value;
	const char *near;
	struct err err;
	bool known = false;

	if (v->kind == VALUE_LIST || v->kind == VALUE_MAP || v->templated)
		return load_mismatch(l, v, "a word, a number or a duration");
	for (size_t i = 0; i < quirk_param_count(setting->row); i++)
		known |= str_is(m->key, quirk_param(setting->row, i)->name);
	if (quirk_setting_put(setting, m->key, v->text, &err) == 0)
		return check_target(l, setting->row, m);
	if (known)
		return diag_add(l->diag, v->pos, v->width, "%s", err.msg);
	diag_add(l->diag, m->pos, m->width, "%s", err.msg);
	near = quirk_param_suggest(setting->row, m->key);
	if (near)
		diag_hint(l->diag, "did you mean '%s'?", near);
	return -1;
}

/* `{name: {param: ...}}` has its parameters one level down. */
static const struct value *find_params(const struct value *v, struct str *name,
				       struct pos *pos, unsigned *width)
{
	const struct value *named = value_get(v, "name");

	if (named && named->kind == VALUE_STR) {
		*name = named->text;
		*pos = named->pos;
		*width = named->width;
		return v;
	}
	if (v->count != 1)
		return NULL;
	*name = v->members[0].key;
	*pos = v->members[0].pos;
	*width = v->members[0].width;
	return v->members[0].value;
}

int load_quirk(struct loader *l, const struct value *v, bool step,
	       struct scenario_quirk *out)
{
	struct str name = v->text;
	struct pos pos = v->pos;
	unsigned width = v->width;
	const struct value *params = NULL;
	const struct quirk_row *row;
	struct quirk_setting *setting;
	struct err err;
	int rc = 0;

	if (v->kind == VALUE_MAP)
		params = find_params(v, &name, &pos, &width);
	if ((v->kind != VALUE_STR && !params) || v->templated ||
	    (params && params->kind != VALUE_MAP && params->kind != VALUE_NULL))
		return load_mismatch(l, v, "a quirk: its name, or {name: ..., "
				     "and its parameters}");
	row = quirk_find(name);
	if (!row)
		return unknown_quirk(l, name, pos, width);
	if (step && row->setup_only)
		return diag_add(l->diag, pos, width,
				"quirk '%s' must stand in 'world': it changes what the "
				"world is made of", row->name);
	setting = ARENA_NEW(l->arena, struct quirk_setting);
	quirk_setting_init(setting, row);
	for (size_t i = 0; params && i < params->count; i++)
		if (params != v || !str_is(params->members[i].key, "name"))
			rc |= put_param(l, setting, &params->members[i]);
	if (rc == 0 && quirk_setting_check(setting, &err) < 0)
		rc = diag_add(l->diag, pos, width, "%s", err.msg);
	out->pos = pos;
	out->setting = setting;
	return rc;
}

int load_quirks(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	struct scenario_quirks *quirks = (void *)((char *)object + key->offset);
	size_t count = v->kind == VALUE_LIST ? v->count : 1;
	int rc = 0;

	if (v->kind == VALUE_NULL)
		return 0;
	quirks->list = arena_array(l->arena, count, sizeof(*quirks->list));
	quirks->count = count;
	for (size_t i = 0; i < count && l->diag->dropped == 0; i++)
		rc |= load_quirk(l, v->kind == VALUE_LIST ? v->items[i] : v, false,
				 &quirks->list[i]);
	return rc;
}

/* ---- Invariants. -------------------------------------------------------- */

int load_always(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object)
{
	struct scenario *s = object;
	const char *names[INVARIANTS];
	size_t count = v->kind == VALUE_LIST ? v->count : 1;
	bool on[INVARIANTS] = { false };
	int rc = 0;

	(void)key;
	for (size_t i = 0; i < INVARIANTS; i++)
		names[i] = scenario_invariants[i].name;
	s->always.list = arena_array(l->arena, count, sizeof(*s->always.list));
	for (size_t i = 0; i < count && l->diag->dropped == 0; i++) {
		const struct value *item = v->kind == VALUE_LIST ? v->items[i] : v;
		unsigned id = 0;

		while (id < INVARIANTS && (item->kind != VALUE_STR ||
					   !str_is(item->text, names[id])))
			id++;
		if (id < INVARIANTS) {
			if (!on[id])	/* an include may name it too */
				s->always.list[s->always.count++] =
					(struct scenario_invariant){ item->pos,
						(enum invariant_id)id };
			on[id] = true;
			continue;
		}
		rc = load_mismatch(l, item, "the name of an invariant");
		if (item->kind == VALUE_STR)
			diag_did_you_mean(l->diag, item->text, names, INVARIANTS);
	}
	return rc;
}
