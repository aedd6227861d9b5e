/* The control API: devices, carriers, codes, users. */
#include "scenarios/control_impl.h"

#include "scenarios/schema.h"

#include <stdlib.h>

/* ---- Devices. ---------------------------------------------------------------- */

static bool holds(struct str text, struct str needle)
{
	for (size_t i = 0; i + needle.n <= text.n; i++)
		if (str_ieq((struct str){ text.p + i, needle.n }, needle))
			return true;
	return false;
}

static bool profile_matches(const struct world *w, const struct world_device *d,
			    struct str q)
{
	struct device_profile_view p;

	for (size_t i = 0; i < device_profile_count(d->device); i++) {
		const struct world_carrier *c;

		device_profile(d->device, i, &p);
		if (holds(p.iccid, q) || (p.spn.n && holds(p.spn, q)))
			return true;
		c = show_carrier_of(w, p.iccid);
		if (c && holds(c->name, q))
			return true;
	}
	return false;
}

static bool device_matches(const struct world *w, const struct world_device *d,
			   struct str q)
{
	return !q.n || holds(d->key, q) || holds(d->device_id, q) || holds(d->eid, q) ||
	       profile_matches(w, d, q);
}

void control_list_devices(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	const struct world *w = c->live->world;
	struct control_list list;
	struct str q = STR_NONE;
	bool given, online;
	size_t skip, limit, total = 0;

	(void)args;
	if (control_param(x, "q", &q) < 0 || control_page(x, &skip, &limit) < 0 ||
	    control_param_bool(x, "online", &given, &online) < 0)
		return;
	control_list_begin(&list);
	for (size_t i = 0; i < w->device_count; i++) {
		if ((given && device_online(w->devices[i].device) != online) ||
		    !device_matches(w, &w->devices[i], q))
			continue;
		if (total++ >= skip && list.count < limit)
			show_device(c->live, i, control_list_item(&list));
	}
	control_list_end(&list, total, x);
}

/* -1: answered. */
static int find_devices(struct control *c, struct http_exchange *x, struct str key,
			size_t *first, size_t *count)
{
	struct err err;

	if (world_find_devices(c->live->world, key, first, count, &err) == 0)
		return 0;
	control_refuse(x, 404, "unknown-device", NULL, "%s", err.msg);
	return -1;
}

void control_get_device(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	size_t first, count;
	struct buf out;

	if (find_devices(c, x, args[0], &first, &count) < 0)
		return;
	if (!str_eq(c->live->world->devices[first].key, args[0])) {
		control_refuse(x, 404, "unknown-device", NULL, "%.*s is a fleet",
			       STRF(args[0]));
		return;
	}
	buf_init(&out, CONTROL_OUT_MAX);
	show_device(c->live, first, &out);
	control_answer(x, 200, &out);
}

static int read_deed(struct http_exchange *x, const cJSON *body,
		     struct scenario_action *a, struct str *spn)
{
	const struct action_form *form;
	struct str action = STR_NONE;

	*a = (struct scenario_action){ .on = true };
	*spn = STR_NONE;
	if (control_get_str(x, body, "action", &action) < 0 ||
	    control_get_str(x, body, "iccid", &a->iccid) < 0 ||
	    control_get_str(x, body, "spn", spn) < 0 ||
	    control_get_bool(x, body, "on", &a->on) < 0 ||
	    control_get_int(x, body, "bytes", 0, 1 << 30, &a->number) < 0 ||
	    control_get_duration(x, body, "by", true, &a->duration_ns) < 0)
		return -1;
	form = action_on_device(action);
	if (!form) {
		control_refuse(x, 400, "bad-value", "action",
			       "\"action\": there is no '%.*s'", STRF(action));
		return -1;
	}
	a->id = (enum action_id)(form - action_forms);
	if (form->needs && !cJSON_GetObjectItemCaseSensitive(body, form->needs)) {
		control_refuse(x, 400, "bad-value", form->needs, "%s needs \"%s\"",
			       form->name, form->needs);
		return -1;
	}
	return 0;
}

/* The world's loop may be asleep: its time is that of its last turn. */
static void wake_world(struct control *c)
{
	clock_tick(&c->live->world->loop.clock);
}

void control_act_on_device(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	const struct world *w = c->live->world;
	size_t first, count, done = 0;
	struct scenario_action action;
	struct err err = { 0 };
	struct str spn;
	struct buf out;
	cJSON *body;

	if (find_devices(c, x, args[0], &first, &count) < 0)
		return;
	body = control_body(x, "action by bytes iccid spn on", false);
	if (!body || read_deed(x, body, &action, &spn) < 0) {
		cJSON_Delete(body);
		return;
	}
	cJSON_Delete(body);
	wake_world(c);
	for (; done < count; done++) {
		if (run_action_on_device(&action, w->devices[first + done].device, action.iccid,
					 spn, &err) < 0) {
			if (err.code == ERR_STATE)
				control_refuse(x, 409, "cannot", NULL, "%s", err.msg);
			else
				control_refuse(x, 404, "unknown-profile", "iccid", "%s",
					       err.msg);
			return;
		}
		live_touch(c->live, first + done);
	}
	buf_init(&out, 4096);
	buf_printf(&out, "{\"done\":%zu}", done);
	control_answer(x, 200, &out);
}

/* ---- Fleets. ------------------------------------------------------------------- */

void control_list_fleets(void *control, struct http_exchange *x, const struct str *args)
{
	const struct world *w = ((struct control *)control)->live->world;
	struct control_list list;

	(void)args;
	control_list_begin(&list);
	for (size_t i = 0; i < w->fleet_count; i++)
		show_fleet(&w->fleets[i], control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

static void refuse_more(struct http_exchange *x, const struct err *err)
{
	if (err->code == ERR_STATE)
		control_refuse(x, 409, "taken", "key", "%s", err->msg);
	else
		control_refuse(x, 400, "bad-value", NULL, "%s", err->msg);
}

/* A name in the world, as in a file.  -1: answered. */
static int read_key(struct http_exchange *x, const cJSON *body, struct str *key)
{
	bool good;

	*key = STR_NONE;
	if (control_get_str(x, body, "key", key) < 0)
		return -1;
	good = key->n > 0 && key->n <= 60;
	for (size_t i = 0; i < key->n && good; i++) {
		char c = key->p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		good = letter || (i && ((c >= '0' && c <= '9') || c == '-'));
	}
	if (good)
		return 0;
	control_refuse(x, 400, "bad-value", "key",
		       "\"key\": expected a name of letters, digits, - and _");
	return -1;
}

/* {"fleets": {key: {count: n, template: device}}}, as a file would have it. */
static struct str fleet_text(struct http_exchange *x, const cJSON *body, struct str key,
			     int64_t count)
{
	const cJSON *device = cJSON_GetObjectItemCaseSensitive(body, "device");
	cJSON *fleet = cJSON_CreateObject();
	char *text;
	struct str all;

	cJSON_AddNumberToObject(fleet, "count", (double)count);
	if (device)
		cJSON_AddItemToObject(fleet, "template", cJSON_Duplicate(device, true));
	text = cJSON_PrintUnformatted(fleet);
	all = arena_printf(x->arena, "{\"fleets\":{\"%.*s\":%s}}", STRF(key), text);
	cJSON_free(text);
	cJSON_Delete(fleet);
	return all;
}

static int add_fleet(struct control *c, struct str text, struct err *err)
{
	struct world *w = c->live->world;
	size_t first = w->device_count;
	const struct scenario *more = world_read_more(w, text, err);
	int rc;

	if (!more)
		return -1;
	wake_world(c);
	rc = world_add_fleet(w, &more->world.fleets.list[0], err);
	if (rc == 0)
		live_note_growth(c->live, text);
	live_grown(c->live);
	for (size_t i = first; i < w->device_count; i++)
		if (device_online(w->devices[i].device))
			device_report_now(w->devices[i].device);
	return rc;
}

void control_add_fleet(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "key count device", false);
	const cJSON *device;
	int64_t count = 1;
	struct str key;
	struct err err;
	struct buf out;

	(void)args;
	if (!body)
		return;
	device = cJSON_GetObjectItemCaseSensitive(body, "device");
	if (read_key(x, body, &key) < 0 ||
	    control_get_int(x, body, "count", 1, 10000, &count) < 0) {
		/* answered */
	} else if (device && !cJSON_IsObject(device)) {
		control_refuse(x, 400, "bad-value", "device", "\"device\": expected an object");
	} else if (add_fleet(c, fleet_text(x, body, key, count), &err) < 0) {
		refuse_more(x, &err);
	} else {
		buf_init(&out, 4096);
		show_fleet(&c->live->world->fleets[c->live->world->fleet_count - 1], &out);
		control_answer(x, 201, &out);
	}
	cJSON_Delete(body);
}

/* ---- Carriers. ------------------------------------------------------------------- */

void control_list_carriers(void *control, struct http_exchange *x, const struct str *args)
{
	const struct world *w = ((struct control *)control)->live->world;
	struct control_list list;

	(void)args;
	control_list_begin(&list);
	for (size_t i = 0; i < w->carrier_count; i++)
		show_carrier(&w->carriers[i], control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

static int add_carrier(struct control *c, struct str text, struct err *err)
{
	const struct scenario *more = world_read_more(c->live->world, text, err);
	const struct scenario_world *sw;

	if (!more)
		return -1;
	sw = &more->world;
	wake_world(c);
	/* The names of the others stand before it. */
	if (world_add_carrier(c->live->world, &sw->carriers.list[sw->carriers.count - 1],
			      err) < 0)
		return -1;
	live_note_growth(c->live, text);
	return 0;
}

void control_add_carrier(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "key name spn codes registered smdp", false), *fields;
	struct str key;
	struct err err;
	struct buf out;
	char *text;

	(void)args;
	if (!body || read_key(x, body, &key) < 0) {
		cJSON_Delete(body);
		return;
	}
	fields = cJSON_Duplicate(body, true);
	cJSON_DeleteItemFromObjectCaseSensitive(fields, "key");
	text = cJSON_PrintUnformatted(fields);
	if (add_carrier(c, arena_printf(x->arena, "{\"carriers\":{\"%.*s\":%s}}", STRF(key),
					text), &err) < 0) {
		refuse_more(x, &err);
	} else {
		buf_init(&out, CONTROL_OUT_MAX);
		show_carrier(&c->live->world->carriers[c->live->world->carrier_count - 1],
			     &out);
		control_answer(x, 201, &out);
	}
	cJSON_free(text);
	cJSON_Delete(fields);
	cJSON_Delete(body);
}

static struct world_carrier *find_carrier(struct control *c, struct http_exchange *x,
					  struct str key)
{
	struct world *w = c->live->world;

	for (size_t i = 0; i < w->carrier_count; i++)
		if (str_eq(w->carriers[i].key, key))
			return &w->carriers[i];
	control_refuse(x, 404, "unknown-carrier", NULL, "no carrier '%.*s' in this world",
		       STRF(key));
	return NULL;
}

void control_add_codes(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct world *w = c->live->world;
	struct world_carrier *carrier = find_carrier(c, x, args[0]);
	cJSON *body = carrier ? control_body(x, "count registered confirmation_code",
					     true) : NULL;
	struct scenario_code code = { .registered_given = true, .registered = true };
	struct control_list list;
	int64_t count = 1;
	size_t first;
	struct err err;

	if (!body)
		return;
	first = carrier->code_count;
	if (control_get_int(x, body, "count", 1, 1000, &count) < 0 ||
	    control_get_bool(x, body, "registered", &code.registered) < 0 ||
	    control_get_str(x, body, "confirmation_code", &code.confirmation_code) < 0)
		goto done;
	if (code.confirmation_code.p)
		code.confirmation_code = arena_str(w->arena, code.confirmation_code);
	wake_world(c);
	if (world_add_codes(w, carrier, &code, (size_t)count, &err) < 0) {
		control_refuse(x, 400, "bad-value", NULL, "%s", err.msg);
		goto done;
	}
	control_list_begin(&list);
	for (size_t i = first; i < carrier->code_count; i++)
		show_code(carrier, &carrier->codes[i], false, control_list_item(&list));
	list.status = 201;
	control_list_end(&list, SIZE_MAX, x);
done:
	cJSON_Delete(body);
}

void control_list_codes(void *control, struct http_exchange *x, const struct str *args)
{
	const struct world *w = ((struct control *)control)->live->world;
	struct str carrier = STR_NONE;
	struct control_list list;
	size_t skip, limit, n = 0;

	(void)args;
	if (control_param(x, "carrier", &carrier) < 0 || control_page(x, &skip, &limit) < 0)
		return;
	control_list_begin(&list);
	for (size_t i = 0; i < w->carrier_count; i++) {
		const struct world_carrier *k = &w->carriers[i];

		if (carrier.p && !str_eq(carrier, k->key))
			continue;
		for (size_t code = 0; code < k->code_count; code++)
			if (n++ >= skip && list.count < limit)
				show_code(k, &k->codes[code], false,
					  control_list_item(&list));
	}
	control_list_end(&list, SIZE_MAX, x);
}

static const struct world_code *find_code(struct control *c, struct http_exchange *x,
					  struct str iccid,
					  const struct world_carrier **carrier)
{
	const struct world *w = c->live->world;

	*carrier = show_carrier_of(w, iccid);
	for (size_t i = 0; *carrier && i < (*carrier)->code_count; i++)
		if (str_eq((*carrier)->codes[i].iccid, iccid))
			return &(*carrier)->codes[i];
	control_refuse(x, 404, "unknown-code", NULL, "the rig made no code for ICCID %.*s",
		       STRF(iccid));
	return NULL;
}

void control_get_code(void *control, struct http_exchange *x, const struct str *args)
{
	const struct world_carrier *carrier;
	const struct world_code *code = find_code(control, x, args[0], &carrier);
	bool given, reveal;
	struct buf out;

	if (!code || control_param_bool(x, "reveal", &given, &reveal) < 0)
		return;
	buf_init(&out, 64 << 10);
	show_code(carrier, code, reveal, &out);
	control_answer(x, 200, &out);
}

void control_list_users(void *control, struct http_exchange *x, const struct str *args)
{
	const struct world *w = ((struct control *)control)->live->world;
	struct control_list list;

	(void)args;
	control_list_begin(&list);
	for (size_t i = 0; i < w->user_count; i++)
		show_user(&w->users[i], control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}
