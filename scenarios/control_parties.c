/* The control API: parties, and what is odd about them. */
#include "scenarios/control_impl.h"

#include <stdlib.h>

void control_list_parties(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct control_list list;
	struct show_party p;

	(void)args;
	control_list_begin(&list);
	for (size_t i = 0; show_party_at(c->live, i, &p); i++)
		show_party(c->live, &p, control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

static bool find_party(struct control *c, struct str key, struct show_party *p, size_t *at)
{
	for (*at = 0; show_party_at(c->live, *at, p); ++*at)
		if (str_eq(p->key, key))
			return true;
	return false;
}

static int switch_party(struct control *c, const struct show_party *p, bool on,
			struct err *err)
{
	struct world *w = c->live->world;

	if (p->listening == on)
		return 0;
	clock_tick(&w->loop.clock);
	tap_forget_under_way(c->live->tap, p->party);
	return on ? world_start(w, p->key, err) : world_stop(w, p->key, err);
}

void control_put_party(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct show_party p;
	size_t at;
	cJSON *body;
	bool on;
	struct err err;
	struct buf out;

	if (!find_party(c, args[0], &p, &at)) {
		control_refuse(x, 404, "unknown-party", NULL, "no party '%.*s' in this world",
			       STRF(args[0]));
		return;
	}
	body = control_body(x, "listening", false);
	if (!body)
		return;
	on = p.listening;
	if (!cJSON_GetObjectItemCaseSensitive(body, "listening")) {
		control_refuse(x, 400, "bad-value", "listening", "\"listening\": required");
	} else if (control_get_bool(x, body, "listening", &on) < 0) {
		/* answered */
	} else if (switch_party(c, &p, on, &err) < 0) {
		control_refuse(x, 409, "cannot", NULL, "%s", err.msg);
	} else {
		buf_init(&out, CONTROL_OUT_MAX);
		show_party_at(c->live, at, &p);
		show_party(c->live, &p, &out);
		feed_add(c->live->feed, FEED_PARTY, buf_view(&out));
		control_answer(x, 200, &out);
	}
	cJSON_Delete(body);
}

/* ---- Quirks. ------------------------------------------------------------------- */

void control_list_quirks(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct control_list list;

	(void)args;
	control_list_begin(&list);
	for (size_t i = 0; i < quirk_count(); i++)
		show_quirk(c->live, quirk_row(i), control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

static const struct quirk_row *find_quirk(struct http_exchange *x, struct str name)
{
	const struct quirk_row *row = quirk_find(name);
	const char *meant = row ? NULL : quirk_suggest(name);

	if (!row)
		control_refuse(x, 404, "unknown-quirk", NULL, "there is no quirk '%.*s'%s%s%s",
			       STRF(name), meant ? "; did you mean '" : "",
			       meant ? meant : "", meant ? "'?" : "");
	return row;
}

static struct str text_of(const cJSON *v, struct arena *a)
{
	char *printed;
	struct str text;

	if (cJSON_IsString(v))
		return arena_str(a, str_of(v->valuestring));
	printed = cJSON_PrintUnformatted(v);
	text = arena_str(a, str_of(printed));
	cJSON_free(printed);
	return text;
}

static bool exists(const struct world *w, enum quirk_param_kind kind, struct str name)
{
	size_t first, count;
	struct err err;

	switch (kind) {
	case QUIRK_PARAM_DEVICE:
		return world_find_devices(w, name, &first, &count, &err) == 0;
	case QUIRK_PARAM_CARRIER:
		for (size_t i = 0; i < w->carrier_count; i++)
			if (str_eq(w->carriers[i].key, name))
				return true;
		return false;
	case QUIRK_PARAM_SMDP:
		for (size_t i = 0; i < w->smdp_count; i++)
			if (str_eq(w->smdps[i].host.key, name))
				return true;
		return false;
	case QUIRK_PARAM_DURATION:
	case QUIRK_PARAM_INTEGER:
	case QUIRK_PARAM_TEXT:
	case QUIRK_PARAM_BOOLEAN:
	case QUIRK_PARAM_CHOICE:
	case QUIRK_PARAM_KINDS:
		break;
	}
	return true;
}

/* -1 with the member that is wrong. */
static int read_setting(const struct world *w, const cJSON *body, struct quirk_setting *s,
			struct arena *a, const char **field, struct err *err)
{
	for (const cJSON *m = body->child; m; m = m->next) {
		*field = m->string;
		if (quirk_setting_put(s, str_of(m->string), text_of(m, a), err) < 0)
			return -1;
	}
	for (size_t i = 0; i < quirk_param_count(s->row); i++) {
		const struct quirk_param *p = quirk_param(s->row, i);

		*field = p->name;
		if (s->values[i].given && !exists(w, p->kind, s->values[i].text))
			return err_set(err, ERR_NOT_FOUND, "no %s '%.*s' in this world",
				       quirk_param_kind_name(p->kind),
				       STRF(s->values[i].text));
	}
	*field = NULL;
	return quirk_setting_check(s, err);
}

void control_set_quirk(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	const struct quirk_row *row = find_quirk(x, args[0]);
	cJSON *body = row ? control_body(x, NULL, true) : NULL;
	struct quirk_setting setting;
	const char *field = NULL;
	struct err err;
	struct buf out;

	if (!body)
		return;
	quirk_setting_init(&setting, row);
	clock_tick(&c->live->world->loop.clock);
	if (row->setup_only) {
		control_refuse(x, 409, "only-at-set-up", NULL,
			       "%s changes what a world is made of: it belongs into the world "
			       "file", row->name);
	} else if (read_setting(c->live->world, body, &setting, x->arena, &field, &err) < 0 ||
		   quirk_engine_set(c->live->world->quirks, &setting, &err) < 0) {
		control_refuse(x, 400, "bad-value", field, "%s", err.msg);
	} else {
		buf_init(&out, CONTROL_OUT_MAX);
		show_quirk(c->live, row, &out);
		control_answer(x, 200, &out);
	}
	cJSON_Delete(body);
}

void control_clear_quirk(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	const struct quirk_row *row = find_quirk(x, args[0]);
	struct str target = STR_NONE;
	struct buf out;

	if (!row || control_param(x, "target", &target) < 0)
		return;
	clock_tick(&c->live->world->loop.clock);
	buf_init(&out, 4096);
	buf_printf(&out, "{\"cleared\":%zu}",
		   quirk_engine_clear(c->live->world->quirks, args[0], target));
	control_answer(x, 200, &out);
}
