#include "scenarios/snapshot.h"

#include "devices/state.h"
#include "eis/state.h"
#include "proto/base64.h"
#include "smdp/state.h"

#include <stdio.h>
#include <stdlib.h>

#define FORMAT "esimrig-world-1"

/* ---- Writing. -------------------------------------------------------------- */

static void put_code(struct json *j, const struct world_code *c)
{
	json_open(j, '{');
	json_put(j, "iccid", c->iccid);
	json_put(j, "account", c->account->key);
	json_put_bool(j, "registered", c->registered);
	if (c->spn.p)
		json_put(j, "spn", c->spn);
	json_put_opt(j, "matching_id", c->matching_id);
	json_put_opt(j, "confirmation_code", c->confirmation_code);
	json_put_opt(j, "activation_code", c->activation_code);
	json_close(j, '}');
}

static void put_carriers(struct json *j, const struct world *w)
{
	json_key(j, "carriers");
	json_open(j, '[');
	for (size_t i = 0; i < w->carrier_count; i++) {
		json_open(j, '{');
		json_put(j, "key", w->carriers[i].key);
		json_key(j, "codes");
		json_open(j, '[');
		for (size_t k = 0; k < w->carriers[i].code_count; k++)
			put_code(j, &w->carriers[i].codes[k]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_quirks(struct json *j, const struct world *w)
{
	const struct quirk_setting *s;

	json_key(j, "quirks");
	json_open(j, '[');
	for (size_t i = 0; (s = quirk_engine_active(w->quirks, i)); i++) {
		json_open(j, '{');
		json_putz(j, "name", s->row->name);
		json_key(j, "params");
		json_open(j, '{');
		for (size_t k = 0; k < quirk_param_count(s->row); k++)
			if (s->values[k].given)
				json_put(j, quirk_param(s->row, k)->name,
					 s->values[k].text);
		json_close(j, '}');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_parties(struct json *j, const struct world *w)
{
	json_key(j, "eis");
	eis_state_write(w->eis, j);
	json_key(j, "smdps");
	json_open(j, '[');
	for (size_t i = 0; i < w->smdp_count; i++)
		smdp_state_write(w->smdps[i].smdp, j);
	json_close(j, ']');
	json_key(j, "devices");
	json_open(j, '[');
	for (size_t i = 0; i < w->device_count; i++)
		device_state_write(w->devices[i].device, j);
	json_close(j, ']');
}

static void put_server(struct json *j, struct store *st)
{
	size_t n = 0;
	unsigned char *image = store_image(st, &n);
	struct buf text;

	buf_init(&text, SNAPSHOT_MAX);
	if (image)
		base64_encode(&text, (struct str){ (const char *)image, n });
	json_put(j, "server", buf_view(&text));
	buf_release(&text);
	free(image);
}

static void put_debts(struct json *j, const struct life *life)
{
	size_t device;
	bool power;

	json_key(j, "owed");
	json_open(j, '[');
	for (size_t i = 0; life_owes(life, i, &device, &power); i++) {
		json_open(j, '{');
		json_put_int(j, "device", (int64_t)device);
		json_put_bool(j, "power", power);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void snapshot_write(const struct live *l, struct buf *out)
{
	const struct world *w = l->world;
	struct json j = json_to(out);
	char t[40];

	snprintf(t, sizeof(t), "%lld.%09lld", (long long)(loop_now(&w->loop).ns / NS_PER_S),
		 (long long)(loop_now(&w->loop).ns % NS_PER_S));
	json_open(&j, '{');
	json_putz(&j, "format", FORMAT);
	json_put(&j, "file", w->sc->file);
	json_put_int(&j, "seed", (int64_t)w->seed);
	json_key(&j, "t");
	json_raw(&j, str_of(t));
	json_put_int(&j, "epoch", w->loop.clock.unix_epoch_ms);
	json_put_int(&j, "serial", (int64_t)w->serial);
	json_put_bool(&j, "life", life_is_on(l->life));
	json_put_int(&j, "life_every", life_every_ns(l->life) / NS_PER_US);
	put_debts(&j, l->life);
	json_key(&j, "grown");
	json_open(&j, '[');
	for (size_t i = 0; i < l->grown_count; i++)
		json_raw(&j, l->grown[i]);
	json_close(&j, ']');
	put_carriers(&j, w);
	put_quirks(&j, w);
	put_parties(&j, w);
	put_server(&j, w->store);
	json_close(&j, '}');
}

/* ---- Reading. --------------------------------------------------------------- */

static const cJSON *member(const cJSON *o, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(o, key);
}

static int check(const struct live *l, const cJSON *o, uint64_t *seed, struct instant *at,
		 struct err *err)
{
	const struct scenario *sc = l->config.scenario;
	struct arena a = { 0 };
	struct str format = STR_NONE, file = STR_NONE;
	int64_t number = -1;
	const cJSON *t = member(o, "t");
	int rc = 0;

	if (json_get_str(o, "format", &a, &format, err) < 0 ||
	    json_get_str(o, "file", &a, &file, err) < 0 ||
	    json_get_int(o, "seed", &number, err) < 0)
		rc = -1;
	else if (!str_is(format, FORMAT) || number < 0 || !cJSON_IsNumber(t) ||
		 !(t->valuedouble >= 0 && t->valuedouble < 1e9))
		rc = err_set(err, ERR_INVALID, "this is no snapshot of a world (format %s)",
			     FORMAT);
	else if (!str_eq(file, sc->file))
		rc = err_set(err, ERR_STATE, "it is the state of another world: of %.*s, and "
			     "this one is of %.*s", STRF(file), STRF(sc->file));
	*seed = (uint64_t)number;
	at->ns = rc == 0 ? (int64_t)(t->valuedouble * 1e9) : 0;
	arena_release(&a);
	return rc;
}

int snapshot_check(const struct live *l, struct str text, uint64_t *seed,
		   struct instant *at, struct err *err)
{
	cJSON *o = json_parse(text, err);
	int rc = -1;

	if (o && !cJSON_IsObject(o))
		err_set(err, ERR_INVALID, "expected an object");
	else if (o)
		rc = check(l, o, seed, at, err);
	cJSON_Delete(o);
	return rc;
}

struct store *snapshot_store(struct str text, struct err *err)
{
	cJSON *o = json_parse(text, err);
	const cJSON *server = o ? member(o, "server") : NULL;
	struct store *st = NULL;
	struct arena a = { 0 };
	struct str image;

	if (o && !cJSON_IsString(server))
		err_set(err, ERR_INVALID, "the server's database is missing");
	else if (o && base64_decode(&a, str_of(server->valuestring), &image, err) == 0)
		st = store_open_image(image, err);
	arena_release(&a);
	cJSON_Delete(o);
	return st;
}

static int grow(struct world *w, const cJSON *more, struct err *err)
{
	char *text = cJSON_PrintUnformatted(more);
	const struct scenario *sc = world_read_more(w, str_of(text), err);
	const struct scenario_world *sw = sc ? &sc->world : NULL;
	int rc = -1;

	cJSON_free(text);
	if (sw && sw->fleets.count) {
		rc = world_add_fleet(w, &sw->fleets.list[0], err);
	} else if (sw && sw->carriers.count) {
		struct scenario_carrier *c = &sw->carriers.list[sw->carriers.count - 1];

		c->codes.count = 0;	/* they come with the others */
		rc = world_add_carrier(w, c, err);
	} else if (sw) {
		err_set(err, ERR_INVALID, "something was added that is nothing");
	}
	return rc;
}

static const struct world_account *find_account(const struct world *w, struct str key)
{
	for (size_t i = 0; i < w->account_count; i++)
		if (str_eq(w->accounts[i].key, key))
			return &w->accounts[i];
	return &w->accounts[0];
}

static int read_code(struct world *w, const cJSON *o, struct world_code *c, struct err *err)
{
	struct str account = STR_NONE;

	if (json_get_str(o, "iccid", w->arena, &c->iccid, err) < 0 ||
	    json_get_str(o, "account", w->arena, &account, err) < 0 ||
	    json_get_str(o, "spn", w->arena, &c->spn, err) < 0 ||
	    json_get_str(o, "matching_id", w->arena, &c->matching_id, err) < 0 ||
	    json_get_str(o, "confirmation_code", w->arena, &c->confirmation_code, err) < 0 ||
	    json_get_str(o, "activation_code", w->arena, &c->activation_code, err) < 0 ||
	    json_get_bool(o, "registered", &c->registered, err) < 0)
		return -1;
	c->account = find_account(w, account);
	world_secret(w, c->matching_id);
	world_secret(w, c->confirmation_code);
	return 0;
}

static int read_carrier(struct world *w, const cJSON *o, struct err *err)
{
	const cJSON *codes = member(o, "codes"), *item;
	struct world_carrier *c = NULL;
	struct str key = STR_NONE;

	if (json_get_str(o, "key", w->arena, &key, err) < 0)
		return -1;
	for (size_t i = 0; i < w->carrier_count; i++)
		if (str_eq(w->carriers[i].key, key))
			c = &w->carriers[i];
	if (!c)
		return err_set(err, ERR_INVALID, "there is no carrier '%.*s'", STRF(key));
	c->codes = arena_array(w->arena, (size_t)cJSON_GetArraySize(codes) + 1,
			       sizeof(*c->codes));
	c->code_count = 0;
	cJSON_ArrayForEach(item, codes)
		if (read_code(w, item, &c->codes[c->code_count++], err) < 0)
			return -1;
	return 0;
}

static int read_quirk(struct world *w, const cJSON *o, struct err *err)
{
	const cJSON *param;
	const struct quirk_row *row;
	struct quirk_setting s;
	struct str name = STR_NONE;

	if (json_get_str(o, "name", w->arena, &name, err) < 0)
		return -1;
	row = quirk_find(name);
	if (!row)
		return err_set(err, ERR_INVALID, "there is no quirk '%.*s'", STRF(name));
	quirk_setting_init(&s, row);
	cJSON_ArrayForEach(param, member(o, "params"))
		if (!cJSON_IsString(param) ||
		    quirk_setting_put(&s, str_of(param->string), str_of(param->valuestring),
				      err) < 0)
			return err_set(err, ERR_INVALID, "quirk %s: a parameter is damaged",
				       row->name);
	return row->setup_only ? 0 : quirk_engine_set(w->quirks, &s, err);
}

static int each(struct world *w, const cJSON *list,
		int (*read)(struct world *, const cJSON *, struct err *), struct err *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
		if (read(w, item, err) < 0)
			return -1;
	return 0;
}

static int read_parties(struct world *w, const cJSON *o, struct err *err)
{
	const cJSON *smdps = member(o, "smdps"), *devices = member(o, "devices"), *item;
	size_t i = 0;

	if ((size_t)cJSON_GetArraySize(smdps) != w->smdp_count ||
	    (size_t)cJSON_GetArraySize(devices) != w->device_count)
		return err_set(err, ERR_STATE, "it has other SM-DP+s or devices than the "
			       "world file");
	cJSON_ArrayForEach(item, smdps)
		if (smdp_state_read(w->smdps[i++].smdp, item, err) < 0)
			return -1;
	if (eis_state_read(w->eis, member(o, "eis"), err) < 0)
		return -1;
	i = 0;
	cJSON_ArrayForEach(item, devices)
		if (device_state_read(w->devices[i++].device, item, err) < 0)
			return -1;
	return 0;
}

static int read_all(struct live *l, struct world *w, const cJSON *o, struct err *err)
{
	int64_t serial = 0;
	const cJSON *more;

	if (json_get_int(o, "serial", &serial, err) < 0)
		return -1;
	cJSON_ArrayForEach(more, member(o, "grown")) {
		char *text = cJSON_PrintUnformatted(more);

		live_note_growth(l, str_of(text));
		cJSON_free(text);
		if (grow(w, more, err) < 0)
			return -1;
	}
	if ((uint64_t)serial > w->serial)
		w->serial = (uint64_t)serial;
	if (each(w, member(o, "carriers"), read_carrier, err) < 0 ||
	    read_parties(w, o, err) < 0)
		return -1;
	return each(w, member(o, "quirks"), read_quirk, err);
}

void snapshot_owe(struct life *life, struct str text)
{
	struct err err;
	cJSON *o = json_parse(text, &err);
	const cJSON *item;

	cJSON_ArrayForEach(item, member(o, "owed")) {
		int64_t device = -1;
		bool power = false;

		if (json_get_int(item, "device", &device, &err) > 0 && device >= 0 &&
		    json_get_bool(item, "power", &power, &err) > 0)
			life_owe(life, (size_t)device, power);
	}
	cJSON_Delete(o);
}

int snapshot_read(struct live *l, struct world *w, struct str text, struct err *err)
{
	cJSON *o = json_parse(text, err);
	int rc = o ? read_all(l, w, o, err) : -1;
	bool life = l->config.life;
	int64_t every_us = 0;

	if (rc == 0 && json_get_bool(o, "life", &life, err) >= 0 &&
	    json_get_int(o, "life_every", &every_us, err) >= 0) {
		l->restored_life = life;
		l->restored_every_ns = every_us * NS_PER_US;
	}
	cJSON_Delete(o);
	return rc;
}
