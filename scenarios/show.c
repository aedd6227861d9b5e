#include "scenarios/show.h"


#include "sim/socknet.h"

#include <assert.h>
#include <stdio.h>

#ifndef ESIMRIG_VERSION
#define ESIMRIG_VERSION "0.1.0"
#endif

/* ---- Bits. ----------------------------------------------------------------- */

static void put_seconds(struct json *j, const char *key, struct instant at)
{
	char text[40];

	snprintf(text, sizeof(text), "%lld.%06lld", (long long)(at.ns / NS_PER_S),
		 (long long)(at.ns % NS_PER_S / NS_PER_US));
	json_key(j, key);
	json_raw(j, str_of(text));
}

static void put_double(struct json *j, const char *key, double v)
{
	char text[40];

	snprintf(text, sizeof(text), "%.6g", v);
	json_key(j, key);
	json_raw(j, str_of(text));
}

static void put_time(struct json *j, const char *key, int64_t unix_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso_to(unix_ms, text);
	json_putz(j, key, text);
}

static int64_t unix_ms_at(const struct live *l, struct instant at)
{
	return l->world->loop.clock.unix_epoch_ms + at.ns / NS_PER_MS;
}

static void put_part(struct json *j, const char *key, const struct live *l,
		     void (*show)(const struct live *, struct buf *))
{
	struct buf part;

	buf_init(&part, 1 << 20);
	show(l, &part);
	json_key(j, key);
	json_raw(j, buf_view(&part));
	buf_release(&part);
}

/* ---- The world. -------------------------------------------------------------- */

void show_clock(const struct live *l, struct buf *out)
{
	struct loop *loop = &l->world->loop;
	struct json j = json_to(out);

	clock_tick(&loop->clock);
	json_open(&j, '{');
	put_seconds(&j, "t", loop_now(loop));
	put_time(&j, "time", clock_unix_ms(&loop->clock));
	put_double(&j, "rate", l->rate);
	json_put_bool(&j, "paused", l->paused);
	json_put_bool(&j, "advancing", l->advancing);
	if (l->advancing && !l->until_event)
		put_time(&j, "target", unix_ms_at(l, l->target));
	json_close(&j, '}');
}

void show_life(const struct live *l, struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put_bool(&j, "on", life_is_on(l->life));
	put_double(&j, "every", (double)life_every_ns(l->life) / 1e9);
	json_close(&j, '}');
}

static size_t count_active(const struct live *l)
{
	size_t n = 0;

	while (quirk_engine_active(l->world->quirks, n))
		n++;
	return n;
}

static void put_counts(const struct live *l, struct json *j)
{
	const struct world *w = l->world;
	size_t online = 0, codes = 0;

	for (size_t i = 0; i < w->device_count; i++)
		online += device_online(w->devices[i].device);
	for (size_t i = 0; i < w->carrier_count; i++)
		codes += w->carriers[i].code_count;
	json_key(j, "counts");
	json_open(j, '{');
	json_put_int(j, "devices", (int64_t)w->device_count);
	json_put_int(j, "online", (int64_t)online);
	json_put_int(j, "carriers", (int64_t)w->carrier_count);
	json_put_int(j, "codes", (int64_t)codes);
	json_put_int(j, "users", (int64_t)w->user_count);
	json_put_int(j, "quirks", (int64_t)count_active(l));
	json_put_int(j, "flows", (int64_t)flows_active(l->flows));
	json_put_int(j, "events", (int64_t)w->log.count);
	json_put_int(j, "messages", (int64_t)tap_count(l->tap));
	json_put_int(j, "polls", (int64_t)l->polls);
	json_close(j, '}');
}

void show_world(const struct live *l, struct buf *out)
{
	const struct scenario *sc = l->config.scenario;
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "name", sc->name);
	json_put_opt(&j, "description", sc->description);
	json_put(&j, "file", sc->file);
	json_putz(&j, "version", ESIMRIG_VERSION);
	json_put_int(&j, "seed", (int64_t)l->world->seed);
	json_put_int(&j, "generation", l->generation);
	put_part(&j, "clock", l, show_clock);
	put_part(&j, "life", l, show_life);
	json_put_bool(&j, "script", l->config.play);
	if (l->saved_unix_ms)
		put_time(&j, "saved", l->saved_unix_ms);
	put_counts(l, &j);
	json_close(&j, '}');
}

/* ---- Devices. ------------------------------------------------------------------ */

const struct world_carrier *show_carrier_of(const struct world *w, struct str iccid)
{
	for (size_t i = 0; i < w->carrier_count; i++)
		for (size_t k = 0; k < w->carriers[i].code_count; k++)
			if (str_eq(w->carriers[i].codes[k].iccid, iccid))
				return &w->carriers[i];
	return NULL;
}

/* Profiles of the world file name their carrier by key. */
static const struct world_carrier *first_carrier(const struct world *w,
						 const struct world_device *d,
						 struct str iccid)
{
	for (size_t i = 0; i < d->profile_count && i < d->sc->profiles.count; i++)
		for (size_t k = 0; k < w->carrier_count; k++)
			if (str_eq(d->profiles[i].iccid, iccid) &&
			    str_eq(d->sc->profiles.list[i].carrier, w->carriers[k].key))
				return &w->carriers[k];
	return show_carrier_of(w, iccid);
}

static void put_profile(struct json *j, const struct world *w, const struct world_device *d,
			const struct device_profile_view *p)
{
	const struct world_carrier *c = first_carrier(w, d, p->iccid);

	json_open(j, '{');
	json_put_int(j, "id", p->number);
	json_put(j, "iccid", p->iccid);
	if (p->spn.p)
		json_put(j, "spn", p->spn);
	if (c) {
		json_put(j, "carrier", c->key);
		json_put(j, "carrier_name", c->name);
	}
	json_putz(j, "status", p->active ? "active" : "inactive");
	json_putz(j, "type", strcmp(p->class_name, "provisioning") == 0 ?
		  "bootstrap" : p->class_name);
	json_put_opt(j, "name", p->profile_name);
	json_put_opt(j, "nickname", p->nickname);
	json_close(j, '}');
}

/* Of a text: always the same bars, 1 to 4. */
static int bars_of(struct str eid, struct str iccid)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < eid.n; i++)
		h = (h ^ (unsigned char)eid.p[i]) * 16777619u;
	for (size_t i = 0; i < iccid.n; i++)
		h = (h ^ (unsigned char)iccid.p[i]) * 16777619u;
	return 1 + (int)((h >> 7) % 8 + 2) / 3;
}

static bool is_about(struct str target, struct str key)
{
	return str_eq(target, key) ||
	       (target.n && str_starts(key, target) && key.p[target.n] == '[');
}

static void put_quirks_of(struct json *j, const struct live *l, struct str key)
{
	const struct quirk_setting *s;
	bool any = false;

	for (size_t i = 0; (s = quirk_engine_active(l->world->quirks, i)); i++) {
		if (!(s->row->common & QUIRK_WITH_DEVICE) ||
		    !is_about(quirk_setting_get(s, "device")->text, key))
			continue;
		if (!any) {
			json_key(j, "quirks");
			json_open(j, '[');
		}
		any = true;
		json_str(j, str_of(s->row->name));
	}
	if (any)
		json_close(j, ']');
}

static void put_state(struct json *j, const struct live *l, size_t index)
{
	static const char *const powers[] = {
		[DEVICE_POWER_OFF] = "off", [DEVICE_POWER_BOOTING] = "booting",
		[DEVICE_POWER_ON] = "on",
	};
	const struct world_device *d = &l->world->devices[index];
	const struct live_note *note = &l->notes[index];
	struct device_view v;

	device_look(d->device, &v);
	json_putz(j, "power", powers[v.power]);
	json_putz(j, "link", v.link_down ? "down" : "up");
	json_put_bool(j, "second_link", v.second_link);
	json_put_int(j, "memory", v.memory_free);
	json_put_int(j, "report_sequence", v.report_sequence);
	put_double(j, "clock_skew_s", (double)v.skew_ns / 1e9);
	json_put_int(j, "polls", (int64_t)note->polls);
	put_seconds(j, "changed", note->changed);
	if (!v.order)
		return;
	json_key(j, "order");
	json_open(j, '{');
	json_putz(j, "operation", v.order);
	json_put_bool(j, "pending", v.order_pending);
	json_close(j, '}');
}

static void put_profiles(struct json *j, const struct live *l, const struct world_device *d)
{
	bool online = device_online(d->device);
	struct device_profile_view p, active = { 0 };

	json_key(j, "profiles");
	json_open(j, '[');
	for (size_t i = 0; i < device_profile_count(d->device); i++) {
		device_profile(d->device, i, &p);
		put_profile(j, l->world, d, &p);
		if (p.active)
			active = p;
	}
	json_close(j, ']');
	json_put_opt(j, "active", active.iccid);
	json_put_bool(j, "online", online);
	json_put_int(j, "signal", online ? bars_of(d->eid, active.iccid) : 0);
}

void show_device(const struct live *l, size_t index, struct buf *out)
{
	const struct world_device *d = &l->world->devices[index];
	struct flow *flow = flows_of_device(l->flows, index, loop_now(&l->world->loop));
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "key", d->key);
	if (d->key.n && d->key.p[d->key.n - 1] == ']') {
		struct str rest = d->key;

		json_put(&j, "fleet", str_split(&rest, '['));
	}
	json_put(&j, "device_id", d->device_id);
	json_put(&j, "eid", d->eid);
	json_put(&j, "account", d->account->key);
	json_put_int(&j, "customer_id", d->account->customer_id);
	put_state(&j, l, index);
	put_profiles(&j, l, d);
	put_quirks_of(&j, l, d->key);
	if (flow && flow->active)
		json_putz(&j, "flow", flow->id);
	json_close(&j, '}');
}

void show_fleet(const struct world_fleet *f, struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "key", f->key);
	json_put_int(&j, "count", (int64_t)f->count);
	json_close(&j, '}');
}

/* ---- Carriers. --------------------------------------------------------------- */

static const char *state_of(const struct world_carrier *c, const struct world_code *code)
{
	const char *state = c->smdp && c->smdp->smdp ?
			    smdp_profile_state(c->smdp->smdp, code->iccid) : NULL;

	return state ? state : "gone";
}

void show_carrier(const struct world_carrier *c, struct buf *out)
{
	struct json j = json_to(out);
	int64_t unused = 0;

	for (size_t i = 0; i < c->code_count; i++)
		unused += strcmp(state_of(c, &c->codes[i]), "released") == 0;
	json_open(&j, '{');
	json_put(&j, "key", c->key);
	json_put(&j, "name", c->name);
	if (c->spn.p)
		json_put(&j, "spn", c->spn);
	json_put(&j, "smdp", c->smdp_address);
	json_put_int(&j, "codes", (int64_t)c->code_count);
	json_put_int(&j, "unused", unused);
	json_close(&j, '}');
}

struct str show_activation_code(const struct world_carrier *c,
				const struct world_code *code, bool reveal,
				struct arena *a)
{
	if (reveal && code->activation_code.n)
		return code->activation_code;
	return arena_printf(a, "LPA:1$%.*s$***%s", STRF(c->smdp_address),
			    code->confirmation_code.n ? "$$1" : "");
}

void show_code(const struct world_carrier *c, const struct world_code *code, bool reveal,
	       struct buf *out)
{
	struct json j = json_to(out);
	struct arena a = { 0 };

	json_open(&j, '{');
	json_put(&j, "iccid", code->iccid);
	json_put(&j, "carrier", c->key);
	json_put(&j, "carrier_name", c->name);
	if (code->spn.p)
		json_put(&j, "spn", code->spn);
	json_put_bool(&j, "registered", code->registered);
	json_putz(&j, "state", state_of(c, code));
	json_put(&j, "activation_code", show_activation_code(c, code, reveal, &a));
	if (code->confirmation_code.n)
		json_put(&j, "confirmation_code", reveal ? code->confirmation_code :
							   STR("***"));
	json_close(&j, '}');
	arena_release(&a);
}

void show_user(const struct world_user *u, struct buf *out)
{
	static const char *const roles[] = {
		[SERVER_ROLE_READ_ONLY] = "read-only", [SERVER_ROLE_USER] = "user",
		[SERVER_ROLE_ADMIN] = "admin",
	};
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "key", u->key);
	json_put(&j, "name", u->name);
	json_putz(&j, "role", roles[u->role]);
	json_put(&j, "account", u->account->key);
	json_put_int(&j, "customer_id", u->account->customer_id);
	json_put(&j, "password", u->password);
	json_put_opt(&j, "api_key_id", u->api_key_id);
	json_put_opt(&j, "api_key_secret", u->api_key_secret);
	json_close(&j, '}');
}

/* ---- Parties. ------------------------------------------------------------------ */

static void take_host(const struct world_host *h, struct show_party *p)
{
	*p = (struct show_party){ h->key, h->party, h->name, h->listening };
}

bool show_party_at(const struct live *l, size_t index, struct show_party *p)
{
	const struct world *w = l->world;

	if (index == 0)
		take_host(&w->server_host, p);
	else if (index == 1)
		take_host(&w->eis_host, p);
	else if (index == 2)
		take_host(&w->gateway_host, p);
	else if (index - 3 < w->smdp_count)
		take_host(&w->smdps[index - 3].host, p);
	else
		return false;
	return true;
}

static void put_latency(struct json *j, const struct tap_latency *t)
{
	json_key(j, "latency");
	json_open(j, '{');
	json_key(j, "bounds_ms");
	json_open(j, '[');
	for (size_t i = 0; i < TAP_BUCKETS - 1; i++)
		json_int(j, tap_bounds_ns[i] / NS_PER_MS);
	json_close(j, ']');
	json_key(j, "counts");
	json_open(j, '[');
	for (size_t i = 0; i < TAP_BUCKETS; i++)
		json_int(j, t ? (int64_t)t->buckets[i] : 0);
	json_close(j, ']');
	if (t && t->answered) {
		int64_t p50 = tap_percentile_ns(t, 0.5), p99 = tap_percentile_ns(t, 0.99);

		put_double(j, "mean_ms", t->sum_ns / (double)t->answered / 1e6);
		if (p50 >= 0)
			json_put_int(j, "p50_ms", p50 / NS_PER_MS);
		if (p99 >= 0)
			json_put_int(j, "p99_ms", p99 / NS_PER_MS);
	}
	json_close(j, '}');
}

void show_party(const struct live *l, const struct show_party *p, struct buf *out)
{
	const struct tap_latency *t = tap_latency(l->tap, p->party);
	const char *address = socknet_address(l->world->net, p->host);
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "key", p->key);
	json_putz(&j, "party", p->party);
	json_putz(&j, "host", p->host);
	if (address)
		json_putz(&j, "address", address);
	json_put_bool(&j, "listening", p->listening);
	json_put_int(&j, "requests", t ? (int64_t)t->requests : 0);
	json_put_int(&j, "under_way", t ? (int64_t)t->under_way : 0);
	put_latency(&j, t);
	json_close(&j, '}');
}

/* ---- Quirks. -------------------------------------------------------------------- */

static const char *kind_of(enum quirk_param_kind kind)
{
	switch (kind) {
	case QUIRK_PARAM_DURATION:
		return "duration";
	case QUIRK_PARAM_INTEGER:
		return "integer";
	case QUIRK_PARAM_TEXT:
		return "text";
	case QUIRK_PARAM_BOOLEAN:
		return "boolean";
	case QUIRK_PARAM_CHOICE:
		return "choice";
	case QUIRK_PARAM_DEVICE:
		return "device";
	case QUIRK_PARAM_CARRIER:
		return "carrier";
	case QUIRK_PARAM_SMDP:
		return "smdp";
	case QUIRK_PARAM_KINDS:
		break;
	}
	return "text";
}

static void put_param(struct json *j, const struct quirk_param *p)
{
	json_open(j, '{');
	json_putz(j, "name", p->name);
	json_putz(j, "kind", kind_of(p->kind));
	json_put_bool(j, "required", !p->usual);
	if (p->usual && *p->usual)
		json_putz(j, "usual", p->usual);
	if (p->kind == QUIRK_PARAM_CHOICE) {
		struct str words = str_of(p->choices);

		json_key(j, "choices");
		json_open(j, '[');
		while (words.p)
			json_str(j, str_split(&words, ' '));
		json_close(j, ']');
	}
	if (p->kind == QUIRK_PARAM_INTEGER) {
		json_put_int(j, "min", p->min);
		json_put_int(j, "max", p->max);
	}
	json_putz(j, "help", p->help);
	json_close(j, '}');
}

static void put_setting(struct json *j, const struct quirk_setting *s)
{
	json_open(j, '{');
	for (size_t i = 0; i < quirk_param_count(s->row); i++)
		if (s->values[i].given)
			json_put(j, quirk_param(s->row, i)->name, s->values[i].text);
	json_close(j, '}');
}

void show_quirk(const struct live *l, const struct quirk_row *row, struct buf *out)
{
	const struct quirk_setting *s;
	struct json j = json_to(out);

	json_open(&j, '{');
	json_putz(&j, "name", row->name);
	json_putz(&j, "party", quirk_party_name(row->party));
	json_putz(&j, "does", row->does);
	json_putz(&j, "correct", row->correct);
	json_put_bool(&j, "only_at_set_up", row->setup_only);
	json_key(&j, "params");
	json_open(&j, '[');
	for (size_t i = 0; i < quirk_param_count(row); i++)
		put_param(&j, quirk_param(row, i));
	json_close(&j, ']');
	json_key(&j, "active");
	json_open(&j, '[');
	for (size_t i = 0; (s = quirk_engine_active(l->world->quirks, i)); i++)
		if (s->row == row)
			put_setting(&j, s);
	json_close(&j, ']');
	json_close(&j, '}');
}

/* ---- Flows. ----------------------------------------------------------------------- */

static void put_device_key(struct json *j, const struct live *l, size_t index)
{
	if (index < l->world->device_count)
		json_put(j, "device", l->world->devices[index].key);
}

static void put_transactions(struct json *j, const struct flow *f)
{
	if (!f->transaction_count)
		return;
	json_key(j, "transactions");
	json_open(j, '[');
	for (size_t i = 0; i < f->transaction_count; i++)
		json_str(j, str_of(f->transactions[i]));
	json_close(j, ']');
}

void show_flow(const struct live *l, const struct flow *f, struct buf *out)
{
	struct json j = json_to(out);
	struct flow_row row = { .action = STR("?"), .status = STR("?") };
	struct arena a = { 0 };

	flow_read(l->world->store, f->operation, str_of(f->id), &a, &row);
	json_open(&j, '{');
	json_putz(&j, "id", f->id);
	json_putz(&j, "kind", f->operation ? "operation" : "transaction");
	json_put(&j, "action", row.action);
	put_device_key(&j, l, f->device);
	json_put_opt(&j, "device_id", row.device_id);
	json_put_opt(&j, "eid", row.eid);
	json_put_opt(&j, "iccid", row.iccid);
	json_put_opt(&j, "carrier", row.carrier);
	json_put(&j, "status", row.status);
	json_put_opt(&j, "message_code", row.message_code);
	json_put_opt(&j, "message", row.message);
	json_put_opt(&j, "cause", row.cause);
	json_put_opt(&j, "cause_id", row.cause_id);
	json_put_opt(&j, "created_by", row.created_by);
	put_transactions(&j, f);
	put_time(&j, "began", row.created_ms);
	put_seconds(&j, "began_t", f->began);
	if (!f->active)
		put_seconds(&j, "ended_t", f->ended);
	json_put_bool(&j, "active", f->active);
	json_put_int(&j, "messages", (int64_t)f->messages);
	json_close(&j, '}');
	arena_release(&a);
}

static void put_row(struct json *j, const struct live *l, const struct flow_row *row,
		    const char *action)
{
	json_put(j, "id", row->id);
	json_put(j, action, row->action);
	json_put(j, "status", row->status);
	put_device_key(j, l, live_find_device_id(l, row->device_id));
	json_put(j, "device_id", row->device_id);
	json_put_opt(j, "eid", row->eid);
	json_put_opt(j, "iccid", row->iccid);
	json_put(j, "message_code", row->message_code);
	json_put(j, "message", row->message);
	put_time(j, "created", row->created_ms);
	put_time(j, "updated", row->updated_ms);
}

void show_transaction(const struct live *l, const struct flow_row *row, struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	put_row(&j, l, row, "action");
	json_put_opt(&j, "operation", row->operation);
	json_close(&j, '}');
}

void show_operation(const struct live *l, const struct flow_row *row, struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	put_row(&j, l, row, "operation");
	json_put_opt(&j, "carrier", row->carrier);
	json_put(&j, "cause", row->cause);
	json_put_opt(&j, "cause_id", row->cause_id);
	json_put(&j, "created_by", row->created_by);
	json_put_opt(&j, "download", row->download);
	json_put_opt(&j, "enable", row->enable);
	if (row->finished_ms != INT64_MIN)
		put_time(&j, "finished", row->finished_ms);
	json_close(&j, '}');
}

/* ---- The story. --------------------------------------------------------------------- */

static const char *step_status(const struct live_step *s)
{
	if (s->running)
		return "running";
	if (!s->over)
		return "pending";
	switch (s->result.verdict) {
	case VERDICT_PASS:
	case VERDICT_WARN:
		return "passed";
	case VERDICT_NOT_REACHED:
		return "not-reached";
	case VERDICT_FAIL:
	case VERDICT_ERROR:
	case VERDICT_SKIP:
	case VERDICTS:
		break;
	}
	return "failed";
}

static void put_steps(struct json *j, const struct live_script *s)
{
	json_key(j, "steps");
	json_open(j, '[');
	for (size_t i = 0; i < s->count; i++) {
		const struct live_step *step = &s->steps[i];

		json_open(j, '{');
		json_put(j, "title", step->result.title);
		json_put_opt(j, "caption", step->caption);
		json_putz(j, "status", step_status(step));
		if (step->running || step->over)
			put_seconds(j, "began_t", step->result.began);
		if (step->over)
			put_seconds(j, "ended_t", step->result.ended);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void show_script(const struct live *l, struct buf *out)
{
	const struct live_script *s = &l->script;
	const struct scenario *sc = l->config.scenario;
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "name", sc->name);
	json_put(&j, "file", sc->file);
	json_put_opt(&j, "description", sc->description);
	json_putz(&j, "mode", s->manual ? "manual" : "auto");
	json_putz(&j, "state", s->ended ? "ended" : s->waiting ? "waiting" : "running");
	json_put_int(&j, "current", (int64_t)s->current);
	json_put_opt(&j, "message", s->message);
	put_steps(&j, s);
	json_close(&j, '}');
}

void show_caption(const struct live_caption *c, struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put(&j, "text", c->text);
	put_seconds(&j, "t", c->at);
	put_time(&j, "time", c->unix_ms);
	json_putz(&j, "by", c->by_script ? "script" : "control");
	json_close(&j, '}');
}
