/* The control API: the whole world, and its time. */
#include "scenarios/control_impl.h"
#include "scenarios/snapshot.h"

#include <math.h>
#include <stdlib.h>

static void answer_with(struct control *c, struct http_exchange *x,
			void (*show)(const struct live *, struct buf *))
{
	struct buf out;

	buf_init(&out, CONTROL_OUT_MAX);
	show(c->live, &out);
	control_answer(x, 200, &out);
}

void control_get_world(void *control, struct http_exchange *x, const struct str *args)
{
	(void)args;
	answer_with(control, x, show_world);
}

/* ---- Made anew. ------------------------------------------------------------- */

static void remade(void *arg, const struct err *err)
{
	struct control *c = arg;
	struct http_exchange *x = c->remake;

	c->remake = NULL;
	if (err)
		control_refuse(x, 409, "other-world", NULL, "%s", err->msg);
	else
		answer_with(c, x, show_world);
}

/* The answer comes when the new world is there. */
static void remake(struct control *c, struct http_exchange *x, enum live_wish wish)
{
	c->remake = x;
	c->live->done = remade;
	c->live->done_arg = c;
	live_wish(c->live, wish);
}

static bool is_busy(struct control *c, struct http_exchange *x)
{
	if (!c->remake)
		return false;
	http_header_set(&x->resp.headers, x->arena, STR("Retry-After"), STR("1"));
	control_refuse(x, 503, "not-ready", NULL, "the world is being made");
	return true;
}

void control_reset(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "seed", true);
	int64_t seed;

	(void)args;
	if (!body)
		return;
	seed = (int64_t)c->live->seed;
	if (control_get_int(x, body, "seed", 0, INT64_C(9007199254740991), &seed) == 0 &&
	    !is_busy(c, x)) {
		c->live->seed = (uint64_t)seed;
		remake(c, x, LIVE_RESET);
	}
	cJSON_Delete(body);
}

void control_get_snapshot(void *control, struct http_exchange *x, const struct str *args)
{
	(void)args;
	clock_tick(&((struct control *)control)->live->world->loop.clock);
	answer_with(control, x, snapshot_write);
}

void control_put_snapshot(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, NULL, false);
	struct err err;

	(void)args;
	if (!body || is_busy(c, x)) {
		cJSON_Delete(body);
		return;
	}
	cJSON_Delete(body);
	if (live_put_image(c->live, x->req.body, &err) == 0)
		remake(c, x, LIVE_RESTORE);
	else if (err.code == ERR_STATE)
		control_refuse(x, 409, "other-world", NULL, "%s", err.msg);
	else
		control_refuse(x, 400, "bad-value", NULL, "%s", err.msg);
}

/* ---- Life. ------------------------------------------------------------------ */

void control_get_life(void *control, struct http_exchange *x, const struct str *args)
{
	(void)args;
	answer_with(control, x, show_life);
}

void control_put_life(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "on every", false);
	bool on = life_is_on(c->live->life);
	int64_t every_ns = life_every_ns(c->live->life);

	(void)args;
	if (!body)
		return;
	if (control_get_bool(x, body, "on", &on) < 0 ||
	    control_get_duration(x, body, "every", false, &every_ns) < 0) {
		/* answered */
	} else if (every_ns < LIFE_EVERY_MIN_NS) {
		control_refuse(x, 400, "bad-value", "every",
			       "\"every\": expected at least a second");
	} else {
		life_set(c->live->life, on, every_ns);
		answer_with(c, x, show_life);
	}
	cJSON_Delete(body);
}

/* ---- The clock. -------------------------------------------------------------- */

#define RATE_MIN 0.01
#define RATE_MAX 3600
static const int64_t ADVANCE_MAX_NS = INT64_C(30) * 86400 * NS_PER_S;
static const int64_t STEP_MAX_NS = INT64_C(86400) * NS_PER_S;

void control_get_clock(void *control, struct http_exchange *x, const struct str *args)
{
	(void)args;
	answer_with(control, x, show_clock);
}

void control_put_clock(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "paused rate", false);
	bool paused = c->live->paused;
	const cJSON *rate;
	double wanted = c->live->rate;

	(void)args;
	if (!body)
		return;
	rate = cJSON_GetObjectItemCaseSensitive(body, "rate");
	if (cJSON_IsNumber(rate))
		wanted = rate->valuedouble;
	if (control_get_bool(x, body, "paused", &paused) < 0) {
		/* answered */
	} else if ((rate && !cJSON_IsNumber(rate)) || !(wanted >= RATE_MIN) ||
		   !(wanted <= RATE_MAX)) {
		control_refuse(x, 400, "bad-value", "rate",
			       "\"rate\": expected a number from %g to %d", RATE_MIN,
			       RATE_MAX);
	} else {
		live_set_clock(c->live, paused, wanted);
		answer_with(c, x, show_clock);
	}
	cJSON_Delete(body);
}

static void reached(void *arg, bool is_so)
{
	struct control *c = arg;
	struct http_exchange *x = c->advance;
	struct buf out;

	c->advance = NULL;
	buf_init(&out, 64 << 10);
	if (!c->live->world) {
		buf_release(&out);
		http_header_set(&x->resp.headers, x->arena, STR("Retry-After"), STR("1"));
		control_refuse(x, 503, "not-ready", NULL, "the world was ended");
		return;
	}
	show_clock(c->live, &out);
	/* One member more. */
	out.n--;
	buf_z(&out, is_so ? ",\"reached\":true}" : ",\"reached\":false}");
	control_answer(x, 200, &out);
}

static void advance(struct control *c, struct http_exchange *x, int64_t by_ns,
		    unsigned events, bool stop_then)
{
	struct instant target = { loop_now(&c->live->world->loop).ns + by_ns };
	struct err err;

	if (live_advance(c->live, target, events, stop_then, reached, c, &err) < 0)
		control_refuse(x, 409, err.code == ERR_LIMIT ? "busy" : "in-the-past",
			       NULL, "%s", err.msg);
	else
		c->advance = x;
}

/* From `to` and `by`, of which there is one; -1: answered. */
static int read_advance(struct control *c, struct http_exchange *x, const cJSON *body,
			int64_t *by_ns)
{
	struct loop *loop = &c->live->world->loop;
	struct str to = STR_NONE;
	int64_t unix_ms;
	struct err err;

	*by_ns = INT64_MIN;
	clock_tick(&loop->clock);
	if (control_get_str(x, body, "to", &to) < 0 ||
	    control_get_duration(x, body, "by", false, by_ns) < 0)
		return -1;
	if ((to.p != NULL) == (*by_ns != INT64_MIN)) {
		control_refuse(x, 400, "bad-value", "to", "expected one of: to, by");
		return -1;
	}
	if (!to.p)
		return 0;
	if (clock_parse_iso(to, &unix_ms, &err) < 0) {
		control_refuse(x, 400, "bad-value", "to", "\"to\": %s", err.msg);
		return -1;
	}
	*by_ns = (unix_ms - loop->clock.unix_epoch_ms) * NS_PER_MS - loop_now(loop).ns;
	return 0;
}

void control_advance(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	cJSON *body = control_body(x, "to by", false);
	int64_t by_ns;

	(void)args;
	if (!body)
		return;
	if (read_advance(c, x, body, &by_ns) < 0) {
		/* answered */
	} else if (by_ns > ADVANCE_MAX_NS) {
		control_refuse(x, 400, "bad-value", "by", "expected at most 30 days");
	} else {
		advance(c, x, by_ns, 0, false);
	}
	cJSON_Delete(body);
}

void control_step(void *control, struct http_exchange *x, const struct str *args)
{
	cJSON *body = control_body(x, "events", true);
	int64_t events = 1;

	(void)args;
	if (!body)
		return;
	if (control_get_int(x, body, "events", 1, 1000, &events) == 0)
		advance(control, x, STEP_MAX_NS, (unsigned)events, true);
	cJSON_Delete(body);
}
