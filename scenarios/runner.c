#include "scenarios/run.h"

#include "sim/duration.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Waiting. ------------------------------------------------------------ */

void run_wake(struct run *r)
{
	r->woken = true;
	loop_stop(&r->world.loop);
}

static void alarm_fired(struct timer *t)
{
	struct run *r = (struct run *)((char *)t - offsetof(struct run, alarm));

	r->alarmed = true;
	loop_stop(&r->world.loop);
}

/* After each callback: did it log anything, and does all still hold? */
static void observe(void *arg)
{
	struct run *r = arg;

	if (r->world.log.count == r->events_seen)
		return;
	r->events_seen = r->world.log.count;
	if (r->invariants && !r->broken) {
		const struct invariant_break *b = invariants_check(r->invariants);

		if (b->invariant) {
			r->broken = b;
			loop_stop(&r->world.loop);
		}
	}
	if (r->watching)
		run_wake(r);
}

enum run_wake run_wait(struct run *r, int64_t for_ns)
{
	struct loop *loop = &r->world.loop;
	int rc;

	if (r->broken)
		return RUN_BROKEN;
	r->woken = r->alarmed = false;
	loop_arm(loop, &r->alarm, for_ns);
	rc = loop_run(loop, &r->loop_err);
	loop_disarm(loop, &r->alarm);
	if (rc < 0)
		return RUN_STUCK;
	if (r->broken)
		return RUN_BROKEN;
	if (r->woken)
		return RUN_WOKEN;
	return r->alarmed ? RUN_ALARM : RUN_IDLE;
}

/* ---- Outcomes. ------------------------------------------------------------ */

struct outcome run_pass(void)
{
	return (struct outcome){ .verdict = VERDICT_PASS };
}

struct outcome run_fail(struct run *r, struct pos pos, const char *fmt, ...)
{
	struct outcome o = { .verdict = VERDICT_FAIL, .pos = pos };
	va_list ap;

	va_start(ap, fmt);
	o.message = world_mask(&r->world, arena_vprintf(r->arena, fmt, ap), r->arena);
	va_end(ap);
	return o;
}

struct outcome run_error(struct run *r, const struct err *err)
{
	struct outcome o = run_fail(r, (struct pos){ 0 }, "%s", err->msg);

	o.verdict = VERDICT_ERROR;
	o.code = err->code;
	return o;
}

struct outcome run_interrupted(struct run *r, enum run_wake wake)
{
	switch (wake) {
	case RUN_BROKEN:
		return run_fail(r, r->broken->invariant->pos, "%s does not hold: %.*s",
				scenario_invariants[r->broken->invariant->id].name,
				STRF(r->broken->message));
	case RUN_STUCK:
		return run_error(r, &r->loop_err);
	case RUN_IDLE:
		return run_fail(r, (struct pos){ 0 },
				"nothing is left in this world that could happen");
	case RUN_ALARM:
		return run_fail(r, (struct pos){ 0 }, "the time is over");
	case RUN_WOKEN:
		break;
	}
	return run_pass();
}

/* ---- Names. --------------------------------------------------------------- */

/* The steps of `path` that are left, into a saved value. */
static const struct value *descend(const struct value *v, struct str path)
{
	struct str name;
	uint64_t index;

	while (v && path.n) {
		if (template_path_step(&path, &name, &index) < 0)
			return NULL;
		if (name.p) {
			const struct member *m = value_member(v, name);

			v = m ? m->value : NULL;
		} else {
			v = v->kind == VALUE_LIST && index < v->count ?
			    v->items[index] : NULL;
		}
	}
	return v;
}

static const struct value *of_response(const struct run *r, struct str name,
				       struct arena *a)
{
	if (str_is(name, "response.status"))
		return value_int(a, r->response.status);
	if (str_is(name, "response.body"))
		return value_str(a, r->response.body);
	return NULL;
}

/* Variables win over the world: the longest name that fits. */
static const struct value *lookup(void *arg, struct str path, struct arena *a,
				  struct err *err)
{
	struct run *r = arg;
	const struct value *v;

	for (struct str head = path; head.n > 0; head.n--) {
		char next = head.n < path.n ? path.p[head.n] : '.';

		if (next != '.' && next != '[')
			continue;
		v = map_get(&r->variables, head);
		if (v)
			v = descend(v, (struct str){ path.p + head.n,
						     path.n - head.n });
		if (v)
			return v;
	}
	v = of_response(r, path, a);
	if (!v)
		v = world_lookup(&r->world, path, a, err);
	r->nameless |= !v;
	return v;
}

/* ---- Steps. ---------------------------------------------------------------- */

static int64_t run_ns(const struct run *r)
{
	return loop_now(&r->world.loop).ns - r->began.ns;
}

struct outcome run_pass_time(struct run *r, int64_t ns)
{
	int64_t left = r->sc->time_limit_ns - run_ns(r);
	enum run_wake wake;

	if (ns > left)
		return run_fail(r, (struct pos){ 0 },
				"the run would take longer than its time limit");
	wake = run_wait(r, ns);
	return wake == RUN_ALARM ? run_pass() : run_interrupted(r, wake);
}

static struct outcome look_once(struct run *r, const struct scenario_step *s)
{
	switch (s->kind) {
	case STEP_REQUEST:
		return run_request(r, s);
	case STEP_EXPECT_EVENT:
		return run_expect_event(r, s);
	case STEP_EXPECT_DEVICE:
		return run_expect_device(r, s);
	case STEP_WAIT:
	case STEP_ACTION:
	case STEP_SET:
	case STEP_FAIL:
		break;
	}
	return run_pass();
}

/* Between two requests.  Where nothing is simulated somebody sits and waits:
 * what is soon done is soon seen. */
static int64_t pause_ns(const struct run *r, const struct scenario_step *s,
			unsigned looks)
{
	const struct run_target *t = r->options->target;
	int64_t ns = looks < 10 ? NS_PER_S << looks : INT64_MAX;

	return t && t->no_parties && ns < s->every_ns ? ns : s->every_ns;
}

/* Until the next look: a request after a while, the others when anything
 * has happened, or `left_ns` is over. */
static struct outcome until_next_look(struct run *r, const struct scenario_step *s,
				      unsigned looks, int64_t left_ns)
{
	int64_t ns = pause_ns(r, s, looks);
	enum run_wake wake;

	if (s->kind == STEP_REQUEST)
		return run_pass_time(r, ns < left_ns ? ns : left_ns);
	/* Events that nobody listens to do not come about. */
	eventlog_listen(&r->world.log, &r->watcher);
	r->watching = true;
	wake = run_wait(r, left_ns);
	r->watching = false;
	eventlog_unlisten(&r->world.log, &r->watcher);
	return wake == RUN_WOKEN || wake == RUN_ALARM || wake == RUN_IDLE ?
	       run_pass() : run_interrupted(r, wake);
}

static struct outcome too_late(struct run *r, const struct scenario_step *s,
			       struct outcome last)
{
	struct buf limit;

	buf_init(&limit, 64);
	duration_print(&limit, s->within_ns);
	last.message = arena_printf(r->arena, "within %.*s this did not come true: %.*s",
				    STRF(buf_view(&limit)), STRF(last.message));
	buf_release(&limit);
	return last;
}

/* Look again and again: until it holds, which must begin within the time
 * limit, and for as long as it has to. */
static struct outcome look_until(struct run *r, const struct scenario_step *s)
{
	struct loop *loop = &r->world.loop;
	int64_t deadline_ns = loop_now(loop).ns + s->within_ns, held_ns = -1;
	struct outcome o, waited;

	for (unsigned looks = 0;; looks++) {
		int64_t now_ns, left_ns;

		arena_clear(&r->scratch);
		o = look_once(r, s);
		now_ns = loop_now(loop).ns;
		if (o.verdict == VERDICT_ERROR || r->broken)
			return o;
		if (o.verdict == VERDICT_FAIL)
			held_ns = -1;
		else if (held_ns < 0)
			held_ns = now_ns;
		if (held_ns >= 0 && now_ns - held_ns >= s->stable_ns)
			return o;
		if (held_ns < 0 && now_ns >= deadline_ns)
			return too_late(r, s, o);
		left_ns = held_ns < 0 ? deadline_ns - now_ns :
			  held_ns + s->stable_ns - now_ns;
		waited = until_next_look(r, s, looks, left_ns);
		if (waited.verdict != VERDICT_PASS)
			return waited;
	}
}

static struct outcome set_variables(struct run *r, const struct scenario_step *s)
{
	struct err err;

	for (size_t i = 0; i < s->set.count; i++) {
		const struct value *v = template_expand_value(s->set.list[i].value,
						&r->names, r->arena, &err);

		if (!v)
			return run_error(r, &err);
		map_put(&r->variables, s->set.list[i].name, (void *)(uintptr_t)v);
	}
	return run_pass();
}

/* A FAIL of what only prepares says nothing about what is to be shown. */
static struct outcome unreached(struct outcome o)
{
	if (o.verdict == VERDICT_FAIL)
		o.verdict = VERDICT_NOT_REACHED;
	return o;
}

static struct outcome request_step(struct run *r, const struct scenario_step *s)
{
	const struct expectations *given = &s->request.given;
	struct outcome o = s->waits ? look_until(r, s) :
					run_exchange(r, &s->request);

	if (s->waits && given->count && !s->request.until.count)
		o = unreached(o);
	else if (o.verdict == VERDICT_PASS && given->count)
		o = unreached(run_expect(r, given));
	/* Without any expectation there must at least be an answer. */
	if (o.verdict == VERDICT_PASS && (!s->waits || s->request.expect.count))
		o = run_expect(r, &s->request.expect);
	if (o.verdict == VERDICT_PASS)
		o = run_save(r, &s->request);
	return o;
}

static struct outcome fail_step(struct run *r, const struct scenario_step *s)
{
	struct str text;
	struct err err;

	if (template_expand_str(s->fail, &r->names, &r->scratch, &text, &err) < 0)
		return run_error(r, &err);
	return run_fail(r, s->pos, "%.*s", STRF(text));
}

static struct outcome do_step(struct run *r, const struct scenario_step *s)
{
	switch (s->kind) {
	case STEP_REQUEST:
		return request_step(r, s);
	case STEP_WAIT:
		return run_pass_time(r, s->wait_ns);
	case STEP_ACTION:
		return run_action(r, &s->action);
	case STEP_EXPECT_EVENT:
	case STEP_EXPECT_DEVICE:
		return s->waits ? look_until(r, s) : look_once(r, s);
	case STEP_SET:
		return set_variables(r, s);
	case STEP_FAIL:
		return fail_step(r, s);
	}
	return run_pass();
}

/* `at` and `after`. */
static struct outcome wait_for_turn(struct run *r, const struct scenario_step *s,
				    struct instant previous)
{
	int64_t due_ns = 0, now_ns = loop_now(&r->world.loop).ns;

	switch (s->when) {
	case WHEN_NOW:
		return run_pass();
	case WHEN_AT:
		due_ns = r->began.ns + s->when_ns;
		/* On a clock that runs, the steps before take time of their own. */
		if (due_ns < now_ns && r->options->clock == CLOCK_KIND_VIRTUAL)
			return run_fail(r, s->pos, "its time (`at`) is over: the run is at %.6f s",
					(double)run_ns(r) / 1e9);
		break;
	case WHEN_AFTER:
		due_ns = previous.ns + s->when_ns;
		break;
	}
	return due_ns > now_ns ? run_pass_time(r, due_ns - now_ns) : run_pass();
}

static void put_result(struct run *r, struct step_result *result,
		       const struct scenario_step *s, struct outcome o)
{
	struct pos pos = o.pos.source ? o.pos : s->pos;

	result->verdict = o.verdict;
	result->ended = loop_now(&r->world.loop);
	if (r->evidence && r->request.sent &&
	    (o.verdict != VERDICT_PASS || r->options->evidence))
		run_evidence(r, result);
	if (o.verdict == VERDICT_PASS)
		return;
	result->message = o.message;
	result->expected = o.expected;
	result->actual = o.actual;
	result->line = pos.line;
	result->column = pos.column;
	if (pos.source)
		result->file = pos.source->name;
}

/* In a check, what has neither `expect` nor `until` is there for others. */
static bool prepares(const struct run *r, const struct scenario_step *s)
{
	return s->set_up || (r->sc->check.given && s->kind == STEP_REQUEST &&
			     !s->request.expect.count && !s->request.until.count);
}

/*
 * What a check makes of an outcome.  A name that cannot be filled in, or a URL
 * that is none, comes from what the server answered before: the rig is well.
 */
static struct outcome as_check(const struct run *r, const struct scenario_step *s,
			       struct outcome o)
{
	bool stuck = o.verdict == VERDICT_ERROR && o.code == ERR_LIMIT;

	if (r->sc->check.given && o.verdict == VERDICT_ERROR && !stuck)
		o.verdict = VERDICT_NOT_REACHED;
	return prepares(r, s) ? unreached(o) : o;
}

/* A world that is not the rig's is taken as it is. */
static bool passed_over(const struct run *r, const struct scenario_step *s)
{
	return s->in_world && r->options->target && r->options->target->no_parties;
}

enum verdict run_step(struct run *r, const struct scenario_step *s,
		      struct step_result *result, struct instant previous)
{
	struct outcome o;

	arena_clear(&r->scratch);
	r->request.sent = false;
	r->previous_position = r->step_position;
	r->step_position = recorder_end(&r->recorder);
	o = wait_for_turn(r, s, previous);
	result->began = loop_now(&r->world.loop);
	if (o.verdict == VERDICT_PASS && !passed_over(r, s))
		o = do_step(r, s);
	o = as_check(r, s, o);
	/* An invariant that broke is what the reader has to know. */
	if (r->broken)
		o = run_interrupted(r, RUN_BROKEN);
	put_result(r, result, s, o);
	return o.verdict;
}

/* ---- The whole. -------------------------------------------------------------- */

static struct step_result listed(const struct scenario *sc,
				 const struct scenario_step *s, const char *before,
				 struct arena *a)
{
	struct str title = s->name.n ? s->name : s->title;

	if (s->loop.n)
		title = arena_printf(a, "%.*s [%.*s]", STRF(title), STRF(s->loop));
	if (*before)
		title = arena_printf(a, "%s%.*s", before, STRF(title));
	return (struct step_result){
		.title = title, .verdict = VERDICT_NOT_REACHED,
		.file = s->pos.source ? s->pos.source->name : sc->file,
		.line = s->pos.line, .column = s->pos.column,
	};
}

struct step_result run_listed(const struct scenario *sc, const struct scenario_step *s,
			      struct arena *a)
{
	return listed(sc, s, "", a);
}

/* Those of `finally` come behind the others. */
static void list_steps(const struct scenario *sc, struct arena *a,
		       struct run_result *out)
{
	out->step_count = sc->steps.count + sc->finally.count;
	out->steps = arena_array(a, out->step_count, sizeof(*out->steps));
	for (size_t i = 0; i < sc->steps.count; i++)
		out->steps[i] = listed(sc, &sc->steps.list[i], "", a);
	for (size_t i = 0; i < sc->finally.count; i++)
		out->steps[sc->steps.count + i] =
			listed(sc, &sc->finally.list[i], "finally: ", a);
}

static struct str quoted(struct arena *a, struct str s)
{
	struct str out = STR("'");

	while (s.p) {
		struct str part = str_split(&s, '\'');

		out = arena_printf(a, "%.*s%.*s%s", STRF(out), STRF(part),
				   s.p ? "'\\''" : "");
	}
	return arena_printf(a, "%.*s'", STRF(out));
}

static struct str reproduce(const struct run *r)
{
	const struct run_options *o = r->options;
	struct str clock = STR_NONE;

	if (o->clock == CLOCK_KIND_REAL)
		clock = STR(" --clock real");
	else if (o->clock == CLOCK_KIND_SCALED)
		clock = arena_printf(r->arena, " --clock scaled=%g", o->rate);
	return arena_printf(r->arena, "esimrig run %.*s --filter %.*s --seed %llu%.*s%s",
			    STRF(quoted(r->arena, r->sc->file)),
			    STRF(quoted(r->arena, r->sc->name)),
			    (unsigned long long)r->world.seed, STRF(clock),
			    o->sockets ? " --net http" : "");
}

/* Whatever comes of it, the verdict stays.  A name that no step has saved is
 * that of a thing that was never made. */
static void put_back(struct run *r, const struct scenario_step *s,
		     struct step_result *step, struct run_result *out,
		     struct instant previous)
{
	struct step_result tried = *step;

	if (r->broken)
		return;
	r->nameless = false;
	run_step(r, s, &tried, previous);
	if (r->nameless)
		return;
	*step = tried;
	if (step->verdict == VERDICT_PASS)
		return;
	step->verdict = VERDICT_WARN;
	out->left_behind = arena_printf(r->arena, "%.*s%.*s: %.*s\n",
					STRF(out->left_behind), STRF(step->title),
					STRF(step->message));
}

static void run_steps(struct run *r, struct run_result *out)
{
	struct instant previous;

	r->began = previous = loop_now(&r->world.loop);
	out->verdict = VERDICT_PASS;
	for (size_t i = 0; i < r->sc->steps.count && out->verdict == VERDICT_PASS;
	     i++) {
		out->verdict = run_step(r, &r->sc->steps.list[i], &out->steps[i],
					previous);
		previous = out->steps[i].ended;
	}
	for (size_t i = 0; i < r->sc->finally.count; i++) {
		put_back(r, &r->sc->finally.list[i],
			 &out->steps[r->sc->steps.count + i], out, previous);
		previous = loop_now(&r->world.loop);
	}
}

/* observe() sees that there was an event. */
static void overhear(struct eventlog_listener *l, const struct event *e,
		     struct str line)
{
	(void)l;
	(void)e;
	(void)line;
}

void run_begin(struct run *r)
{
	r->watcher.tell = overhear;
	if (r->recording)
		recorder_init(&r->recorder, &r->world.log, r->options->trace);
	r->invariants = invariants_new(&r->world);
	r->world.loop.observer = observe;
	r->world.loop.observer_arg = r;
	r->alarm.fire = alarm_fired;
	r->names = (struct template_names){ lookup, r };
}

static bool bad(const struct run_result *r)
{
	return r->verdict == VERDICT_FAIL || r->verdict == VERDICT_ERROR;
}

static void live(struct run *r, struct run_result *out)
{
	struct err err = { 0 };

	if (world_init(&r->world, r->sc, r->options, r->arena, &err) < 0) {
		out->verdict = VERDICT_ERROR;
		out->message = arena_str(r->arena, str_of(err.msg));
		world_release(&r->world);
		return;
	}
	run_begin(r);
	if (world_enter(&r->world, &err) < 0 || run_setup(r, &err) < 0) {
		/* A server under test has to be able to come in. */
		out->verdict = r->options->target ? VERDICT_NOT_REACHED :
						    VERDICT_ERROR;
		out->message = world_mask(&r->world, str_of(err.msg), r->arena);
	} else {
		run_steps(r, out);
	}
	out->ended = loop_now(&r->world.loop);
	out->seed = r->world.seed;
	if (r->recording)
		out->events = arena_str(r->arena, buf_view(&r->recorder.text));
	out->events_cut = r->recorder.cut;
	if (bad(out)) {
		out->last_events = recorder_last(&r->recorder, 5, r->arena);
		out->reproduce = reproduce(r);
	}
	invariants_free(r->invariants);
	if (r->recording)
		recorder_release(&r->recorder);
	world_release(&r->world);
}

static void run_once(const struct scenario *sc, const struct run_options *options,
		     bool recording, struct arena *a, struct run_result *out)
{
	struct run *r = calloc(1, sizeof(*r));

	assert(r);
	r->sc = sc;
	r->options = options;
	r->recording = recording;
	r->evidence = options->evidence || sc->check.given;
	r->arena = a;
	*out = (struct run_result){
		.name = sc->name, .file = sc->file, .verdict = VERDICT_SKIP,
		.seed = options->has_seed ? options->seed : sc->seed,
	};
	list_steps(sc, a, out);
	if (sc->skip.n)
		out->message = sc->skip;
	else
		live(r, out);
	map_release(&r->variables);
	arena_release(&r->scratch);
	arena_release(&r->answer);
	arena_release(&r->asked);
	free(r);
}

static bool looks_at_events(const struct scenario *sc)
{
	for (size_t i = 0; i < sc->steps.count; i++)
		if (sc->steps.list[i].kind == STEP_EXPECT_EVENT)
			return true;
	for (size_t i = 0; i < sc->finally.count; i++)
		if (sc->finally.list[i].kind == STEP_EXPECT_EVENT)
			return true;
	return false;
}

/* In virtual time a run can be had again, word for word: so the log is only
 * kept if somebody wants it, or when a first run has not passed. */
void runner_run(const struct scenario *sc, const struct run_options *options,
		struct arena *a, struct run_result *out)
{
	int64_t began_ns = clock_machine_ns();
	bool recording = !options->no_events || options->trace ||
			 options->clock != CLOCK_KIND_VIRTUAL || looks_at_events(sc);

	run_once(sc, options, recording, a, out);
	if (!recording && !options->no_second && bad(out))
		run_once(sc, options, true, a, out);
	out->wall_ns = clock_machine_ns() - began_ns;
}
