#include "scenarios/quirk_engine_impl.h"

#include "proto/rsp_crypto.h"
#include "sim/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char REPORT_PATH[] = "/southbound/v1/device_reports";

/* ---- What implementations ask for. ------------------------------------- */

struct str quirk_text(const struct quirk_active *q, const char *param)
{
	return quirk_setting_get(&q->setting, param)->text;
}

int64_t quirk_number(const struct quirk_active *q, const char *param)
{
	return quirk_setting_get(&q->setting, param)->number;
}

int64_t quirk_now_ns(const struct quirk_active *q)
{
	return loop_now(q->engine->loop).ns;
}

const struct rsp_crypto *quirk_crypto(const struct quirk_active *q)
{
	return q->engine->crypto;
}

struct str quirk_host(const struct quirk_pass *p)
{
	const char *behind = strstr(p->gate->url, "://");

	return str_of(behind ? behind + 3 : p->gate->url);
}

bool quirk_is_function(const struct quirk_active *q, const struct quirk_pass *p)
{
	const char *const *words = q->setting.row->words;
	struct str want;

	if (words && words[0])
		return strcmp(words[0], p->function) == 0;
	want = quirk_text(q, "function");
	return str_is(want, "any") || str_is(want, p->function);
}

/* The text of a parameter that not every row has. */
static struct str text_if(const struct quirk_setting *s, const char *param)
{
	return quirk_has(s->row, param) ? quirk_setting_get(s, param)->text :
					  STR("");
}

/* "router" is router; "fleet" is also fleet[0], fleet[1], ... */
static bool is_named(struct str target, struct str name)
{
	return str_eq(target, name) ||
	       (str_starts(name, target) && name.p[target.n] == '[');
}

bool quirk_is_meant(const struct quirk_active *q, struct str device)
{
	struct str target = text_if(&q->setting, "device");

	return !target.n || is_named(target, device);
}

struct str quirk_member(const struct quirk_pass *p, struct str json,
			const char *key)
{
	struct err err;
	struct str value = STR_NONE;
	cJSON *tree = json_parse(json, &err);

	if (tree && json_get_str(tree, key, p->x->arena, &value, &err) < 0)
		value = STR_NONE;
	cJSON_Delete(tree);
	return value;
}

struct str quirk_eid(const struct quirk_pass *p)
{
	struct str prefix = STR("/eis/v1/euicc/"), path = p->x->req.path;

	if (str_starts(path, prefix)) {
		path = (struct str){ path.p + prefix.n, path.n - prefix.n };
		return str_split(&path, '/');
	}
	return p->x->req.body.n ?
	       quirk_member(p, p->x->req.body, "eid") : STR_NONE;
}

static bool mentions(const struct quirk_pass *p, struct str eid)
{
	const struct http_exchange *x = p->x;

	return str_find(x->req.path, eid) >= 0 ||
	       str_find(x->req.body, eid) >= 0 ||
	       (x->replied && str_find(x->resp.body, eid) >= 0);
}

bool quirk_is_about(const struct quirk_active *q, const struct quirk_pass *p)
{
	struct str target = text_if(&q->setting, "device");
	struct str smdp = text_if(&q->setting, "smdp");
	struct str prefix = STR("device/"), from = p->x->from;
	struct fleet *fleet = q->engine->fleet;

	if (smdp.n && !str_is(smdp, p->gate->name))
		return false;
	if (!target.n)
		return true;
	if (str_starts(from, prefix))
		return quirk_is_meant(q, (struct str){ from.p + prefix.n,
						 from.n - prefix.n });
	/* A server or a stranger asks: the EID tells. */
	for (size_t i = 0; fleet && i < fleet_count(fleet); i++) {
		const struct device *d = fleet_device(fleet, i);

		if (is_named(target, device_name(d)) && mentions(p, device_eid(d)))
			return true;
	}
	return false;
}

bool quirk_is_occasion(struct quirk_active *q)
{
	const struct quirk_setting *s = &q->setting;

	if (q->off)
		return false;
	if (!(s->row->common & QUIRK_WITH_TIMES))
		return true;
	if (q->seen++ < quirk_number(q, "skip"))
		return false;
	if (quirk_setting_get(s, "times")->given &&
	    q->acted >= quirk_number(q, "times"))
		return false;
	if (quirk_number(q, "chance") < 100 &&
	    (int64_t)rng_below(&q->rng, 100) >= quirk_number(q, "chance"))
		return false;
	q->acted++;
	return true;
}

bool quirk_acts(struct quirk_active *q, struct quirk_pass *p)
{
	if (!quirk_is_about(q, p) || !quirk_is_occasion(q))
		return false;
	EVENT(q->engine->log, QUIRK_RIG, "quirk",
	      F_Z("quirk", q->setting.row->name), F_STR("from", p->x->from),
	      F_STR("to", p->x->to), F_INT("id", p->x->id),
	      F_Z("function", p->function));
	return true;
}

/* ---- Gates. ------------------------------------------------------------ */

static const char *smdp_function(const struct quirk_pass *p)
{
	static const char *const bases[] = {
		"/gsma/rsp2/es9plus/", "/gsma/rsp2/es2plus/",
	};
	struct str path = p->x->req.path;

	for (size_t i = 0; i < 2; i++)
		if (str_starts(path, str_of(bases[i])))
			return arena_strdup(p->x->arena, path.p + strlen(bases[i]));
	return "";
}

/* How requests at the EIS look; {} is any one segment. */
static const struct {
	const char *method, *path, *function;
} eis_functions[] = {
	{ "GET", "/eis/v1/euicc/{}/orders/next", "nextOrder" },
	{ "POST", "/eis/v1/orders/{}/result", "result" },
	{ "GET", "/eis/v1/orders/{}", "orderStatus" },
	{ "POST", "/eis/v1/orders", "placeOrder" },
	{ "DELETE", "/eis/v1/orders/{}", "cancelOrder" },
	{ "PUT", "/eis/v1/euicc/{}/profiles", "profiles" },
	{ "GET", "/eis/v1/euicc/{}/orders", "listOrders" },
	{ "GET", "/eis/v1/euicc/{}", "record" },
	{ "POST", "/eis/v1/notifications", "notification" },
};

static bool path_is(const char *pattern, struct str path, struct str *any)
{
	struct str want = str_of(pattern);

	while (want.p && path.p) {
		struct str a = str_split(&want, '/'), b = str_split(&path, '/');

		if (str_is(a, "{}"))
			*any = b;
		else if (!str_eq(a, b))
			return false;
	}
	return !want.p && !path.p;
}

static const char *eis_function(struct quirk_pass *p)
{
	const struct http_request *rq = &p->x->req;
	size_t count = sizeof(eis_functions) / sizeof(eis_functions[0]);
	struct str any = STR_NONE;

	for (size_t i = 0; i < count; i++) {
		if (!str_is(rq->method, eis_functions[i].method) ||
		    !path_is(eis_functions[i].path, rq->path, &any))
			continue;
		if (str_starts(rq->path, STR("/eis/v1/orders/")))
			p->id = any;
		return eis_functions[i].function;
	}
	return "";
}

static const char *function_of(struct quirk_pass *p)
{
	switch (p->gate->party) {
	case QUIRK_PARTY_SMDP:
		return smdp_function(p);
	case QUIRK_PARTY_EIS:
		return eis_function(p);
	case QUIRK_PARTY_SERVER:
		return str_is(p->x->req.path, p->gate->engine->report_path) ?
		       "report" : "api";
	case QUIRK_PARTY_SPN:
	case QUIRK_PARTY_DEVICE:
	case QUIRK_PARTIES:
		break;
	}
	return "";
}

/* The gates where a quirk acts. */
static unsigned gates_of(const struct quirk_row *row)
{
	if (!row->ops->request)
		return 0;
	return row->ops->gates ? row->ops->gates : 1u << row->party;
}

static void resume(struct http_exchange *x, void *arg);

static void go_on(struct quirk_pass *p)
{
	struct quirk_active *q;

	while ((q = p->next)) {
		const struct quirk_ops *ops = q->setting.row->ops;

		p->next = q->next;
		if (q->off || !(gates_of(q->setting.row) & (1u << p->gate->party)))
			continue;
		switch (ops->request(q, p)) {
		case QUIRK_PASS:
			break;
		case QUIRK_WAIT:
			http_delay(p->x, p->wait_ns, resume, p);
			return;
		case QUIRK_TAKEN:
			return;
		}
	}
	p->gate->next->handle(p->gate->next, p->x);
}

static void resume(struct http_exchange *x, void *arg)
{
	(void)x;
	go_on(arg);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct quirk_gate *g = (struct quirk_gate *)h;
	struct quirk_pass *p;

	if ((g->engine->letters && quirk_is_letter(g->engine, x)) ||
	    !g->engine->at_gate[g->party]) {
		g->next->handle(g->next, x);
		return;
	}
	p = arena_alloc(x->arena, sizeof(*p));
	*p = (struct quirk_pass){ .x = x, .gate = g, .id = STR_NONE,
				  .next = g->engine->first };
	p->function = function_of(p);
	go_on(p);
}

struct http_handler *quirk_engine_gate(struct quirk_engine *e,
				       enum quirk_party party, const char *name,
				       const char *url,
				       struct http_handler *next)
{
	struct quirk_gate *g = malloc(sizeof(*g));

	assert(g);
	*g = (struct quirk_gate){
		.handler = { handle }, .engine = e, .party = party,
		.name = strdup(name), .url = strdup(url), .next = next,
		.older = e->gates,
	};
	assert(g->name && g->url);
	e->gates = g;
	return &g->handler;
}

void quirk_gate_set_next(struct http_handler *gate, struct http_handler *next)
{
	((struct quirk_gate *)gate)->next = next;
}

struct reply_hook {
	struct http_hook hook;
	struct quirk_active *quirk;
	struct quirk_pass *pass;
	void (*fn)(struct quirk_active *, struct quirk_pass *);
};

static void see_reply(struct http_hook *h, struct http_exchange *x)
{
	struct reply_hook *r = (struct reply_hook *)h;

	http_collect(x);	/* a quirk may look at all of it */
	if (!r->quirk->off)
		r->fn(r->quirk, r->pass);
	http_pass(x);
}

void quirk_on_reply(struct quirk_active *q, struct quirk_pass *p,
		    void (*fn)(struct quirk_active *q, struct quirk_pass *p))
{
	struct reply_hook *r = arena_alloc(p->x->arena, sizeof(*r));

	*r = (struct reply_hook){ .hook.reply = see_reply, .quirk = q,
				  .pass = p, .fn = fn };
	http_push_hook(p->x, &r->hook);
}

/* ---- In force, and not. ------------------------------------------------ */

static void count_in(struct quirk_active *q, bool in)
{
	const struct quirk_ops *ops = q->setting.row->ops;
	struct quirk_engine *e = q->engine;

	for (int party = 0; party < QUIRK_PARTIES; party++)
		if (gates_of(q->setting.row) & (1u << party))
			e->at_gate[party] += in ? 1 : (size_t)-1;
	if (!ops->occasion)
		return;
	/* Without listeners events cost nothing, so listen only if need be. */
	if (in && e->listening++ == 0)
		eventlog_listen(e->log, &e->listener);
	else if (!in && --e->listening == 0)
		eventlog_unlisten(e->log, &e->listener);
}

static struct str target_of(const struct quirk_setting *s)
{
	static const char *const params[] = { "device", "smdp", "carrier" };

	for (size_t i = 0; i < 3; i++)
		if (text_if(s, params[i]).n)
			return text_if(s, params[i]);
	return STR("");
}

static void stop(struct quirk_active *q)
{
	struct quirk_engine *e = q->engine;

	EVENT(e->log, QUIRK_RIG, "quirk-over", F_Z("quirk", q->setting.row->name),
	      F_STR("target", target_of(&q->setting)));
	count_in(q, false);
	loop_disarm(e->loop, &q->over);
	loop_disarm(e->loop, &q->beat);
	quirk_each_device(q, q->setting.row->ops->end);
	q->off = true;
}

static void time_over(struct timer *t)
{
	stop((struct quirk_active *)((char *)t -
				     offsetof(struct quirk_active, over)));
}

static struct quirk_active *activate(struct quirk_engine *e,
				     const struct quirk_setting *s)
{
	struct quirk_active *q = calloc(1, sizeof(*q));
	struct str actor;

	assert(q);
	q->engine = e;
	q->setting = *s;
	for (size_t i = 0; i < QUIRK_PARAMS_MAX; i++)
		q->setting.values[i].text = arena_str(&q->arena,
						      s->values[i].text);
	q->over.fire = time_over;
	q->beat.fire = quirk_beat;
	actor = arena_printf(&q->arena, "quirk/%s", s->row->name);
	rng_init(&q->rng, e->seed, actor, target_of(s));
	if (e->last)
		e->last->next = q;
	else
		e->first = q;
	e->last = q;
	return q;
}

static bool same_targets(const struct quirk_setting *a,
			 const struct quirk_setting *b)
{
	return a->row == b->row &&
	       str_eq(text_if(a, "device"), text_if(b, "device")) &&
	       str_eq(text_if(a, "smdp"), text_if(b, "smdp")) &&
	       str_eq(text_if(a, "carrier"), text_if(b, "carrier")) &&
	       str_eq(text_if(a, "function"), text_if(b, "function"));
}

static int check_target(struct quirk_engine *e, const struct quirk_setting *s,
			struct err *err)
{
	struct str target = text_if(s, "device");

	if (!target.n || !e->fleet)
		return 0;
	for (size_t i = 0; i < fleet_count(e->fleet); i++)
		if (is_named(target, device_name(fleet_device(e->fleet, i))))
			return 0;
	return err_set(err, ERR_NOT_FOUND, "%s: there is no device '%.*s'",
		       s->row->name, STRF(target));
}

int quirk_engine_set(struct quirk_engine *e, const struct quirk_setting *s,
		     struct err *err)
{
	const struct quirk_ops *ops = s->row->ops;
	struct quirk_active *q;

	if (quirk_setting_check(s, err) < 0 || check_target(e, s, err) < 0)
		return -1;
	if ((ops->begin || ops->beat || ops->occasion) && !e->fleet)
		return err_set(err, ERR_STATE, "%s: there are no devices yet",
			       s->row->name);
	for (q = e->first; q; q = q->next)
		if (!q->off && same_targets(&q->setting, s))
			stop(q);
	EVENT(e->log, QUIRK_RIG, "quirk-set", F_Z("quirk", s->row->name),
	      F_STR("target", target_of(s)));
	q = activate(e, s);
	count_in(q, true);
	if ((s->row->common & QUIRK_WITH_FOR) &&
	    quirk_setting_get(s, "for")->given)
		loop_arm(e->loop, &q->over, quirk_number(q, "for"));
	if (ops->begin)
		quirk_each_device(q, quirk_begin_device);
	if (ops->beat) {
		q->up = true;
		loop_arm(e->loop, &q->beat, 0);
	}
	return 0;
}

size_t quirk_engine_clear(struct quirk_engine *e, struct str name,
			  struct str target)
{
	size_t n = 0;

	for (struct quirk_active *q = e->first; q; q = q->next) {
		const struct quirk_setting *s = &q->setting;

		if (q->off || !str_is(name, s->row->name))
			continue;
		if (target.n && !str_eq(target, text_if(s, "device")) &&
		    !str_eq(target, text_if(s, "smdp")) &&
		    !str_eq(target, text_if(s, "carrier")))
			continue;
		stop(q);
		n++;
	}
	return n;
}

const struct quirk_setting *quirk_engine_active(const struct quirk_engine *e,
						size_t index)
{
	for (const struct quirk_active *q = e->first; q; q = q->next)
		if (!q->off && index-- == 0)
			return &q->setting;
	return NULL;
}

struct quirk_engine *quirk_engine_new(const struct quirk_engine_config *config)
{
	struct quirk_engine *e = calloc(1, sizeof(*e));

	assert(e);
	e->loop = config->loop;
	e->net = config->net;
	e->log = config->log;
	e->seed = config->seed;
	e->crypto = &rsp_crypto_none;
	e->report_path = strdup(config->report_path ? config->report_path :
				REPORT_PATH);
	assert(e->report_path);
	e->listener.tell = quirk_hear;
	return e;
}

void quirk_engine_set_crypto(struct quirk_engine *e, const struct rsp_crypto *crypto)
{
	e->crypto = crypto ? crypto : &rsp_crypto_none;
}

void quirk_engine_set_fleet(struct quirk_engine *e, struct fleet *fleet)
{
	quirk_forget_deeds(e);
	e->fleet = fleet;
}

void quirk_engine_free(struct quirk_engine *e)
{
	struct quirk_active *later;
	struct quirk_gate *older;

	quirk_forget_deeds(e);
	while (e->letters)
		quirk_letter_drop(e->letters);
	if (e->listening)
		eventlog_unlisten(e->log, &e->listener);
	for (struct quirk_active *q = e->first; q; q = later) {
		later = q->next;
		loop_disarm(e->loop, &q->over);
		loop_disarm(e->loop, &q->beat);
		arena_release(&q->arena);
		free(q);
	}
	for (struct quirk_gate *g = e->gates; g; g = older) {
		older = g->older;
		free(g->name);
		free(g->url);
		free(g);
	}
	free(e->report_path);
	free(e);
}
