#include "conformance/defects/rewrite.h"

#include "server/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODY_MAX = 64 << 20, NAME_MAX_BYTES = 200 };

/* In front of one party. */
struct gate {
	struct http_handler handler;	/* first: a gate is a handler */
	struct http_handler *next;
	struct defect_world *dw;
	bool northbound;		/* of the server; else EIS or gateway */
};

struct defect_world {
	const struct defect_run *run;
	const struct defect *defect;	/* NULL: it only watches */
	struct world *w;
	unsigned gates;
	struct arena arena;		/* of the notes */
	struct map notes;		/* "kind name" -> struct note */
	struct rng rng;
};

struct note {
	struct str value;
	int64_t count;
};

/* ---- Which requests a rule is for. -------------------------------------- */

/* Does `path` have the form of `pattern`: {} is one segment, ** what is left? */
static bool path_fits(struct str pattern, struct str path)
{
	while (pattern.p && path.p) {
		struct str want = str_split(&pattern, '/');
		struct str got = str_split(&path, '/');

		if (str_is(want, "**"))
			return true;
		if (!str_is(want, "{}") && !str_eq(want, got))
			return false;
	}
	return !pattern.p && !path.p;
}

static bool method_fits(struct str pattern, struct str method)
{
	return str_is(pattern, "*") || str_eq(pattern, method) ||
	       (str_is(pattern, "GET") && str_is(method, "HEAD"));
}

/* The gateway's paths as the EIS would have them: /eis/v1/orders[/id]. */
static struct str southern_path(struct arena *a, struct str path)
{
	struct str left = path, segment[6];
	size_t n = 0;

	while (left.p && n < 6)
		segment[n++] = str_split(&left, '/');
	if (n < 4 || !str_is(segment[1], "gateway"))
		return path;
	if (n == 6 && str_is(segment[3], "devices") && str_is(segment[5], "commands"))
		return STR("/eis/v1/orders");
	if (n == 5 && str_is(segment[3], "commands"))
		return arena_printf(a, "/eis/v1/orders/%.*s", STRF(segment[4]));
	return path;
}

static bool rule_fits(const struct defect_rule *rule, bool northbound,
		      struct str method, struct str path)
{
	struct str list = str_of(rule->where), one;

	while (next_item(&list, ',', &one)) {
		struct str wanted = str_split(&one, ' ');
		bool eis = str_starts(one, STR("eis:"));

		if (eis)
			one = (struct str){ one.p + 4, one.n - 4 };
		if (eis != northbound && method_fits(wanted, method) &&
		    path_fits(one, path))
			return true;
	}
	return false;
}

/* ---- Requests through the rules, one after another. --------------------- */

static void copy_request(struct edit *e)
{
	struct arena *a = e->x->arena;
	const struct http_request *from = &e->x->req;

	e->req = (struct http_request){
		.method = arena_str(a, from->method),
		.path = arena_str(a, from->path),
		.query = from->query.p ? arena_str(a, from->query) : STR_NONE,
		.body = arena_str(a, from->body),
	};
	for (size_t i = 0; i < from->headers.count; i++)
		http_header_add(&e->req.headers, a,
				arena_str(a, from->headers.list[i].name),
				arena_str(a, from->headers.list[i].value));
}

static struct str plain_path(struct arena *a, bool northbound, struct str path)
{
	if (!northbound)
		return southern_path(a, path);
	if (str_ends(path, STR(".json")))
		path.n -= 5;
	return path;
}

/* The caller's headers are its own: changes are made in a copy, and answers
 * that an edit is to read must not come compressed. */
static void own_headers(struct edit *e, bool plain)
{
	struct http_headers *h = &e->x->req.headers, copy = { 0 };

	for (size_t i = 0; i < h->count; i++)
		if (!plain || !str_ieq(h->list[i].name, STR("Accept-Encoding")))
			http_header_add(&copy, e->x->arena, h->list[i].name,
					h->list[i].value);
	*h = copy;
}

static void replied(struct http_hook *h, struct http_exchange *x)
{
	struct edit *e = (struct edit *)h;
	const char *when = e->rule->when ? e->rule->when : "2xx";

	e->replying = true;
	if (status_in(when, x->resp.status)) {
		http_collect(x);
		e->inside = true;
		e->rule->answer(e);
		e->inside = false;
	}
	if (!e->held)
		http_pass(x);
}

static void run_rules(struct gate *g, struct http_exchange *x, size_t i)
{
	const struct defect *d = g->dw->defect;
	struct str path = plain_path(x->arena, g->northbound, x->req.path);

	for (; i < DEFECT_RULES && d->rules[i].where; i++) {
		const struct defect_rule *rule = &d->rules[i];
		struct edit *e;

		if (!rule_fits(rule, g->northbound, x->req.method, path))
			continue;
		e = ARENA_NEW(x->arena, struct edit);
		*e = (struct edit){
			.hook.reply = replied, .dw = g->dw, .w = g->dw->w, .gate = g,
			.rule = rule, .x = x, .path = path,
			.arg = rule->arg ? rule->arg : "", .next_rule = i + 1,
		};
		copy_request(e);
		own_headers(e, g->northbound && rule->answer);
		if (rule->answer)
			http_push_hook(x, &e->hook);
		e->inside = true;
		if (rule->request)
			rule->request(e);
		e->inside = false;
		if (e->held || e->answered)
			return;
	}
	g->next->handle(g->next, x);
}

/* ---- Watching, where there is no defect. --------------------------------- */

struct watched {
	struct http_hook hook;		/* first */
	struct edit edit;
};

static bool meets(const struct defect_rule *rule, struct edit *e)
{
	if (!rule_fits(rule, e->gate->northbound, e->req.method, e->path))
		return false;
	e->rule = rule;
	e->arg = rule->arg ? rule->arg : "";
	if (!e->replying)
		return rule->request && !edit_is_idle(rule->request, e);
	return rule->answer && !edit_is_idle(rule->answer, e) &&
	       status_in(rule->when ? rule->when : "2xx", e->x->resp.status);
}

static void look(struct edit *e)
{
	bool *met = e->dw->run->met;

	for (size_t i = 0; i < defect_count(); i++) {
		const struct defect *d = defect_at(i);

		for (size_t k = 0; !met[i] && k < DEFECT_RULES && d->rules[k].where; k++)
			met[i] = meets(&d->rules[k], e);
	}
}

static void watched(struct http_hook *h, struct http_exchange *x)
{
	struct watched *w = (struct watched *)h;

	w->edit.replying = true;
	look(&w->edit);
	http_pass(x);
}

static void watch(struct gate *g, struct http_exchange *x)
{
	struct watched *w = ARENA_NEW(x->arena, struct watched);

	w->hook.reply = watched;
	w->edit = (struct edit){
		.dw = g->dw, .w = g->dw->w, .gate = g, .x = x,
		.path = arena_str(x->arena,
				  plain_path(x->arena, g->northbound, x->req.path)),
	};
	copy_request(&w->edit);
	look(&w->edit);
	http_push_hook(x, &w->hook);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct gate *g = (struct gate *)h;

	if (g->dw->defect) {
		run_rules(g, x, 0);
		return;
	}
	watch(g, x);
	g->next->handle(g->next, x);
}

void edit_go_on(struct edit *e)
{
	assert(e->held);
	e->held = false;
	if (e->inside)
		return;		/* whoever called the function goes on */
	if (e->replying)
		http_pass(e->x);
	else
		run_rules(e->gate, e->x, e->next_rule);
}

void edit_reply(struct edit *e, int status, struct str json)
{
	struct http_response *r = &e->x->resp;
	bool late = e->held && !e->inside;

	http_stream_close(r);
	*r = (struct http_response){ .status = status };
	http_header_set(&r->headers, e->x->arena, STR("Content-Type"),
			STR("application/json"));
	r->body = arena_str(e->x->arena, json);
	e->held = false;
	if (e->replying) {
		if (late)
			http_pass(e->x);
		return;
	}
	e->answered = true;
	http_reply(e->x);
}

void edit_error(struct edit *e, int status, const char *message)
{
	edit_reply(e, status, arena_printf(e->x->arena,
		"{\"error_message\":\"%s\",\"error_status\":%d}", message, status));
}

/* A question of our own, within an exchange and gone with it. */
struct question {
	struct http_exchange x;		/* first */
	struct edit *edit;
	void (*then)(struct edit *e, struct http_response *r);
};

static void told(struct http_exchange *x)
{
	struct question *q = (struct question *)x;

	http_collect(x);
	q->then(q->edit, &x->resp);
}

void edit_ask(struct edit *e, const struct ask *ask,
	      void (*then)(struct edit *e, struct http_response *r))
{
	struct http_exchange *x = e->x;
	struct question *q = ARENA_NEW(x->arena, struct question);

	*q = (struct question){
		.x = { .arena = x->arena, .net = x->net, .loop = x->loop,
		       .from = x->from, .to = x->to, .id = x->id, .deliver = told },
		.edit = e, .then = then,
	};
	q->x.req = e->req;
	q->x.req.headers = (struct http_headers){ 0 };
	for (size_t i = 0; i < e->req.headers.count; i++)
		if (!str_ieq(e->req.headers.list[i].name, STR("Accept-Encoding")))
			http_header_add(&q->x.req.headers, x->arena,
					e->req.headers.list[i].name,
					e->req.headers.list[i].value);
	if (ask->method)
		q->x.req.method = str_of(ask->method);
	else if (str_is(e->req.method, "HEAD"))
		q->x.req.method = STR("GET");
	if (ask->path.p)
		q->x.req.path = ask->path;
	if (ask->query.p)
		q->x.req.query = ask->query.n ? ask->query : STR_NONE;
	if (ask->body.p)
		q->x.req.body = ask->body;
	if (ask->as)
		http_header_set(&q->x.req.headers, x->arena, STR("Authorization"),
				ask->as->authorization);
	e->held = true;
	e->gate->next->handle(e->gate->next, &q->x);
}

void edit_take(struct edit *e, const struct http_response *r)
{
	http_stream_close(&e->x->resp);
	e->x->resp = *r;
}

/* ---- Notes. -------------------------------------------------------------- */

static struct note *note_of(struct edit *e, const char *kind, struct str name)
{
	char key[NAME_MAX_BYTES];
	int n = snprintf(key, sizeof(key), "%s %.*s", kind, STRF(name));
	struct str k = { key, n < NAME_MAX_BYTES ? (size_t)n : NAME_MAX_BYTES - 1 };
	struct note *found = map_get(&e->dw->notes, k);

	if (!found) {
		found = ARENA_NEW(&e->dw->arena, struct note);
		map_put(&e->dw->notes, arena_str(&e->dw->arena, k), found);
	}
	return found;
}

/* Names may be longer than a key: cursors are. */
static struct str short_name(struct str name)
{
	return name.n > 120 ? (struct str){ name.p + name.n - 120, 120 } : name;
}

struct str note_get(struct edit *e, const char *kind, struct str name)
{
	return note_of(e, kind, short_name(name))->value;
}

void note_put(struct edit *e, const char *kind, struct str name, struct str value)
{
	note_of(e, kind, short_name(name))->value = arena_str(&e->dw->arena, value);
}

int64_t note_count(struct edit *e, const char *kind, struct str name, int64_t add)
{
	return note_of(e, kind, short_name(name))->count += add;
}

struct rng *edit_rng(struct edit *e)
{
	return &e->dw->rng;
}

int64_t edit_now_ms(const struct edit *e)
{
	return clock_unix_ms(&e->x->loop->clock);
}

/* ---- Who asks. ------------------------------------------------------------ */

const struct world_user *edit_user(const struct edit *e)
{
	struct str who = http_header(&e->req.headers, "Authorization");

	for (size_t i = 0; who.n && i < e->w->user_count; i++)
		if (str_eq(who, e->w->users[i].authorization))
			return &e->w->users[i];
	return NULL;
}

const struct world_user *edit_stranger(const struct edit *e)
{
	const struct world_user *self = edit_user(e);

	for (size_t i = 0; self && i < e->w->user_count; i++)
		if (e->w->users[i].account != self->account)
			return &e->w->users[i];
	return NULL;
}

/* ---- In a world. ---------------------------------------------------------- */

static bool run_sql(struct store *st, struct str sql)
{
	stmt_run(store_query(st, sql));
	return !store_failed(st);
}

/*
 * The store of one world is emptied and goes to the next: a trigger works
 * only while the table meta says that its defect is at work, which is gone
 * with the rest.  One that only watches leaves word there that it was met.
 */
static bool put_trigger(struct store *st, const struct defect *d, size_t i,
			bool watch_only, struct arena *a)
{
	const struct defect_trigger *t = &d->triggers[i];
	const char *name = watch_only ? "none" : d->name;
	struct str body = watch_only ?
		arena_printf(a, "INSERT OR IGNORE INTO meta(name, value)"
			     " VALUES('met %s', 1);", d->name) : str_of(t->body);

	return run_sql(st, arena_printf(a,
		"CREATE TRIGGER IF NOT EXISTS \"%s %s %zu\" %s WHEN"
		" (SELECT value FROM meta WHERE name = 'defect') = '%s' AND (%s)"
		" BEGIN %.*s END", watch_only ? "watch" : "defect", d->name, i, t->event,
		name, t->condition ? t->condition : "1", STRF(body)));
}

static bool put_triggers(struct store *st, const struct defect *d, bool watch_only,
			 struct arena *a)
{
	bool ok = true;

	for (size_t i = 0; i < DEFECT_TRIGGERS && d->triggers[i].event; i++)
		ok = ok && put_trigger(st, d, i, watch_only, a);
	return ok;
}

static void prepare_store(const struct defect_run *run, struct world *w)
{
	const struct defect *d = run->defect;
	struct arena a = { 0 };
	struct err err = { 0 };
	bool ok = true;

	if (d && !d->triggers[0].event)
		return;
	if (d)
		ok = put_triggers(w->store, d, false, &a);
	for (size_t i = 0; !d && i < defect_count(); i++)
		ok = ok && put_triggers(w->store, defect_at(i), true, &a);
	ok = ok && run_sql(w->store, arena_printf(&a,
		"INSERT OR REPLACE INTO meta(name, value) VALUES('defect', '%s')",
		d ? d->name : "none"));
	if (!ok && store_failed(w->store))
		err = *store_failed(w->store);
	if (store_writing(w->store) && store_commit(w->store, &err) < 0)
		ok = false;
	if (!ok)
		fprintf(stderr, "defect %s: %s\n", d ? d->name : "none", err.msg);
	assert(ok);	/* the tables' SQL is ours, and every row is tested */
	arena_release(&a);
}

/* Which triggers would have done something. */
static void read_met(const struct defect_run *run, struct world *w)
{
	struct stmt *q = store_query(w->store, STR("SELECT substr(name, 5) FROM meta"
						   " WHERE name LIKE 'met %'"));

	while (stmt_row(q)) {
		struct str name = stmt_peek(q, 0);

		for (size_t i = 0; i < defect_count(); i++)
			if (str_is(name, defect_at(i)->name))
				run->met[i] = true;
	}
}

static struct defect_world *world_of(struct defect_run *run, struct world *w)
{
	struct defect_world *dw = run->live;

	if (dw)
		return dw;
	dw = calloc(1, sizeof(*dw));
	assert(dw);
	dw->run = run;
	dw->defect = run->defect;
	dw->w = w;
	rng_init(&dw->rng, w->seed, STR("defect"),
		 str_of(run->defect ? run->defect->name : "none"));
	run->live = dw;
	return dw;
}

static struct http_handler *wrap(void *arg, struct world *w, const char *party,
				 struct http_handler *next)
{
	struct defect_run *run = arg;
	struct gate *g;

	if (!run->defect && !run->met)
		return next;
	g = calloc(1, sizeof(*g));
	assert(g);
	g->handler.handle = handle;
	g->next = next;
	g->dw = world_of(run, w);
	g->dw->gates++;
	g->northbound = strcmp(party, "server") == 0;
	if (g->northbound)
		prepare_store(run, w);
	return &g->handler;
}

static void unwrap(void *arg, struct world *w, const char *party,
		   struct http_handler *h)
{
	struct defect_run *run = arg;
	struct defect_world *dw = run->live;

	if (!dw)
		return;
	if (!run->defect && strcmp(party, "server") == 0)
		read_met(run, w);
	free(h);
	if (--dw->gates)
		return;
	map_release(&dw->notes);
	arena_release(&dw->arena);
	free(dw);
	run->live = NULL;
}

struct run_target defect_target(struct defect_run *run)
{
	return (struct run_target){ .wrap = wrap, .unwrap = unwrap, .arg = run };
}

/* ---- Arguments. ----------------------------------------------------------- */

bool next_item(struct str *list, char sep, struct str *item)
{
	if (!list->n)
		return false;
	*item = str_trim(str_split(list, sep));
	return true;
}

struct str mapped(const char *arg, struct str from)
{
	struct str list = str_of(arg), item;

	while (next_item(&list, ',', &item)) {
		struct str key = str_split(&item, '=');

		if (str_eq(key, from))
			return item.p ? item : STR("");
	}
	return STR_NONE;
}

bool status_in(const char *set, int status)
{
	struct str list = str_of(set), item;

	while (next_item(&list, ' ', &item)) {
		uint64_t n;

		if (str_is(item, "any") ||
		    (item.n == 3 && item.p[1] == 'x' && item.p[0] - '0' == status / 100) ||
		    (str_to_u64(item, 999, &n) == 0 && (int)n == status))
			return true;
	}
	return false;
}

/* ---- Query parameters. ----------------------------------------------------- */

struct str query_with(struct arena *a, struct str query, const char *name,
		      struct str value)
{
	struct str left = query, pair, out;
	struct buf b;
	bool put = !value.p;

	buf_init(&b, BODY_MAX);
	while (next_item(&left, '&', &pair)) {
		struct str key = pair, text = str_split(&key, '=');
		bool it = str_is(text, name);

		if (it && put)
			continue;
		if (b.n)
			buf_char(&b, '&');
		if (!it) {
			buf_str(&b, pair);
			continue;
		}
		buf_printf(&b, "%s=", name);
		http_escape(&b, value);
		put = true;
	}
	if (!put) {
		if (b.n)
			buf_char(&b, '&');
		buf_printf(&b, "%s=", name);
		http_escape(&b, value);
	}
	out = arena_str(a, buf_view(&b));
	buf_release(&b);
	return out;
}

struct str param_get(struct edit *e, const char *name)
{
	struct http_param *list;
	struct err err;
	size_t n;

	if (!e->req.query.p ||
	    http_params(e->x->arena, e->req.query, &list, &n, &err) < 0)
		return STR_NONE;
	for (size_t i = 0; i < n; i++)
		if (str_is(list[i].name, name))
			return list[i].value;
	return STR_NONE;
}

void param_set(struct edit *e, const char *name, struct str value)
{
	struct str now = e->x->req.query.p ? e->x->req.query : STR("");

	now = query_with(e->x->arena, now, name, value);
	e->x->req.query = now.n ? now : STR_NONE;
}

/* ---- JSON. ------------------------------------------------------------------ */

cJSON *body_json(struct edit *e)
{
	struct err err;

	return json_parse(e->replying ? e->x->resp.body : e->x->req.body, &err);
}

void body_text(struct edit *e, struct str text)
{
	*(e->replying ? &e->x->resp.body : &e->x->req.body) =
		arena_str(e->x->arena, text);
}

void body_put(struct edit *e, cJSON *tree)
{
	char *text;

	if (!tree)
		return;
	text = cJSON_PrintUnformatted(tree);
	assert(text);
	body_text(e, str_of(text));
	free(text);
	cJSON_Delete(tree);
}

cJSON *rows_of(cJSON *tree)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "list");

	return cJSON_IsArray(list) ? list : NULL;
}

void count_rows(cJSON *tree)
{
	cJSON *list = rows_of(tree);

	if (list && cJSON_HasObjectItem(tree, "count"))
		cJSON_ReplaceItemInObjectCaseSensitive(tree, "count",
			cJSON_CreateNumber(cJSON_GetArraySize(list)));
}

void each_row(struct edit *e, void (*fn)(struct edit *e, cJSON *row))
{
	cJSON *tree = body_json(e), *list = rows_of(tree), *row;

	if (!tree)
		return;
	if (!list && cJSON_IsObject(tree))
		fn(e, tree);
	cJSON_ArrayForEach(row, list)
		if (cJSON_IsObject(row))
			fn(e, row);
	body_put(e, tree);
}

struct str row_str(const cJSON *row, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, key);

	return cJSON_IsString(m) ? str_of(m->valuestring) : STR_NONE;
}

void row_set(cJSON *row, const char *key, cJSON *value)
{
	if (cJSON_HasObjectItem(row, key))
		cJSON_ReplaceItemInObjectCaseSensitive(row, key, value);
	else
		cJSON_AddItemToObject(row, key, value);
}

struct str row_key(const cJSON *row)
{
	struct str key = row_str(row, "transaction");

	if (!key.n && cJSON_HasObjectItem(row, "operation"))
		key = row_str(row, "id");
	return key.n ? key : row_str(row, "iccid");
}

/* ---- CSV. -------------------------------------------------------------------- */

static struct csv_line *new_line(struct edit *e, struct csv_table *t)
{
	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct csv_line *lines = arena_array(e->x->arena, cap, sizeof(*lines));

		if (t->count)
			memcpy(lines, t->lines, t->count * sizeof(*lines));
		t->lines = lines;
		t->cap = cap;
	}
	t->lines[t->count].cells = arena_array(e->x->arena, 64, sizeof(struct str));
	return &t->lines[t->count++];
}

/* One field; moves *at behind it. */
static struct str read_cell(struct edit *e, struct str text, size_t *at)
{
	size_t begin = *at, i = begin, n = 0;
	bool quoted = i < text.n && text.p[i] == '"';
	char *cell;

	if (!quoted) {
		while (i < text.n && (!text.p[i] || !strchr(",\r\n", text.p[i])))
			i++;
		*at = i;
		return (struct str){ text.p + begin, i - begin };
	}
	cell = arena_alloc(e->x->arena, text.n - i + 1);
	for (i++; i < text.n; i++) {
		if (text.p[i] == '"' && (i + 1 == text.n || text.p[i + 1] != '"'))
			break;
		i += text.p[i] == '"';
		cell[n++] = text.p[i];
	}
	*at = i + 1;
	return (struct str){ cell, n };
}

void csv_read(struct edit *e, struct csv_table *t)
{
	struct str text = e->x->resp.body;
	struct csv_line *line = NULL;
	size_t at = 0;

	*t = (struct csv_table){ 0 };
	while (at < text.n) {
		if (!line)
			line = new_line(e, t);
		if (line->count < 64)
			line->cells[line->count++] = read_cell(e, text, &at);
		else
			return;
		if (at < text.n && text.p[at] == ',') {
			at++;
			continue;
		}
		while (at < text.n && (text.p[at] == '\r' || text.p[at] == '\n'))
			at++;
		line = NULL;
	}
}

static void put_cell(struct buf *out, struct str cell, struct csv_style style)
{
	bool special = false;

	for (size_t i = 0; i < cell.n; i++)
		special |= cell.p[i] == style.separator ||
			   (cell.p[i] && strchr("\"\r\n", cell.p[i]));
	if (!cell.n && style.unset)
		buf_z(out, style.unset);
	if (!special || style.no_quotes) {
		buf_str(out, cell);
		return;
	}
	buf_char(out, '"');
	for (size_t i = 0; i < cell.n; i++) {
		if (cell.p[i] == '"' && !style.no_doubling)
			buf_char(out, '"');
		buf_char(out, cell.p[i]);
	}
	buf_char(out, '"');
}

void csv_put(struct edit *e, const struct csv_table *t, struct csv_style style)
{
	struct buf out;

	if (!style.separator)
		style.separator = ',';
	buf_init(&out, BODY_MAX);
	for (size_t i = style.no_header; i < t->count; i++) {
		for (size_t k = 0; k < t->lines[i].count; k++) {
			if (k)
				buf_char(&out, style.separator);
			put_cell(&out, t->lines[i].cells[k], style);
		}
		buf_z(&out, "\r\n");
	}
	body_text(e, buf_view(&out));
	buf_release(&out);
}
