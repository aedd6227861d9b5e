#include "scenarios/delay_gate.h"

#include "sim/json.h"
#include "sim/map.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct delay_gate {
	struct http_handler handler;
	struct http_handler *next;
	uint64_t seed;
	const char *party;
	const struct scenario_latency *table;
	const bool *off;
	struct arena arena;		/* keys and values of the maps */
	struct map streams;		/* "name from" -> struct rng */
	struct map asked;		/* "name path" -> unsigned */
};

static bool is_for(size_t i, const char *party)
{
	return strcmp(scenario_delays[i].party, party) == 0;
}

/* Does `path` have the form of `pattern`, in which {} is any one segment? */
static bool path_fits(struct str pattern, struct str path)
{
	while (pattern.p && path.p) {
		struct str want = str_split(&pattern, '/');
		struct str got = str_split(&path, '/');

		if (!str_is(want, "{}") && !str_eq(want, got))
			return false;
	}
	return !pattern.p && !path.p;
}

/* The row that counts for this request, or DELAYS. */
static size_t find_row(const struct delay_gate *g, const struct http_request *req)
{
	size_t whole = DELAYS;

	for (size_t i = 0; i < DELAYS; i++) {
		const struct scenario_delay_info *info = &scenario_delays[i];

		if (!g->table[i].given || !is_for(i, g->party))
			continue;
		if (!info->method)
			whole = i;
		else if (str_is(req->method, info->method) &&
			 path_fits(str_of(info->path), req->path))
			return i;
	}
	return whole;
}

/* What belongs to (row, text): made zeroed the first time. */
static void *entry(struct delay_gate *g, struct map *m, size_t row,
		   struct str text, size_t size, bool *fresh)
{
	char key[160];
	int n = snprintf(key, sizeof(key), "%s %.*s", scenario_delays[row].name,
			 STRF(text));
	struct str k = { key, (size_t)n < sizeof(key) ? (size_t)n : sizeof(key) - 1 };
	void *found = map_get(m, k);

	*fresh = !found;
	if (!found) {
		found = arena_alloc(&g->arena, size);
		map_put(m, arena_str(&g->arena, k), found);
	}
	return found;
}

static struct rng *stream(struct delay_gate *g, size_t row, struct str from)
{
	bool fresh;
	struct rng *r = entry(g, &g->streams, row, from, sizeof(*r), &fresh);

	if (fresh)
		rng_init(r, g->seed, from, str_of(scenario_delays[row].name));
	return r;
}

/* The order did not end yet, as far as the asker is told. */
static void hide_end(struct http_exchange *x)
{
	struct err err;
	cJSON *order = json_parse(x->resp.body, &err);
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(order, "status");
	char *text;

	if (cJSON_IsString(status) && strcmp(status->valuestring, "queued") != 0) {
		cJSON_ReplaceItemInObjectCaseSensitive(order, "status",
			cJSON_CreateString("delivered"));
		cJSON_DeleteItemFromObjectCaseSensitive(order, "result");
		text = cJSON_PrintUnformatted(order);
		assert(text);
		x->resp.body = arena_str(x->arena, str_of(text));
		free(text);
	}
	cJSON_Delete(order);
}

static void hide_hook(struct http_hook *h, struct http_exchange *x)
{
	(void)h;
	if (x->resp.status == 200)
		hide_end(x);
	http_pass(x);
}

/* Not ready: answer as if there were nothing yet. */
static void not_ready(struct delay_gate *g, size_t row, struct http_exchange *x)
{
	struct http_hook *hook;

	if (row == DELAY_EIS_NEXT_ORDER) {
		http_respond(x, 204, NULL, STR_NONE);
	} else if (row == DELAY_EIS_ORDER_STATUS) {
		hook = ARENA_NEW(x->arena, struct http_hook);
		hook->reply = hide_hook;
		http_push_hook(x, hook);
		g->next->handle(g->next, x);
	} else {
		http_header_set(&x->resp.headers, x->arena, STR("Retry-After"),
				STR("1"));
		http_respond(x, 503, NULL, STR_NONE);
	}
}

static void go_on(struct http_exchange *x, void *arg)
{
	struct delay_gate *g = arg;

	g->next->handle(g->next, x);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct delay_gate *g = (struct delay_gate *)h;
	size_t row = *g->off ? DELAYS : find_row(g, &x->req);
	const struct latency *model;
	bool fresh;

	if (row == DELAYS) {
		g->next->handle(g->next, x);
		return;
	}
	model = &g->table[row].model;
	if (model->kind == LATENCY_POLLS) {
		unsigned *asked = entry(g, &g->asked, row, x->req.path,
					sizeof(*asked), &fresh);

		if (latency_polls_done(model, ++*asked))
			g->next->handle(g->next, x);
		else
			not_ready(g, row, x);
		return;
	}
	http_delay(x, latency_draw_ns(model, stream(g, row, x->from)), go_on, g);
}

struct delay_gate *delay_gate_new(const char *party, uint64_t seed,
				  const struct scenario_latency *table,
				  const bool *off, struct http_handler *next)
{
	struct delay_gate *g;
	bool any = false;

	for (size_t i = 0; i < DELAYS; i++)
		any |= table[i].given && is_for(i, party);
	if (!any)
		return NULL;
	g = calloc(1, sizeof(*g));
	assert(g);
	g->handler.handle = handle;
	g->next = next;
	g->seed = seed;
	g->party = party;
	g->table = table;
	g->off = off;
	return g;
}

void delay_gate_free(struct delay_gate *g)
{
	if (!g)
		return;
	map_release(&g->streams);
	map_release(&g->asked);
	arena_release(&g->arena);
	free(g);
}

struct http_handler *delay_gate_handler(struct delay_gate *g)
{
	return &g->handler;
}

void delay_gate_set_next(struct delay_gate *g, struct http_handler *next)
{
	g->next = next;
}
