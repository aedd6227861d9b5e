#include "scenarios/live.h"

#include "scenarios/show.h"
#include "scenarios/snapshot.h"
#include "sim/socknet.h"

#include <assert.h>
#include <stdlib.h>

enum { DEVICE_ID_ROOM = 64 };

struct live *live_new(const struct live_config *config)
{
	struct live *l = calloc(1, sizeof(*l));

	assert(l);
	l->config = *config;
	l->rate = config->rate;
	l->seed = config->has_seed ? config->seed : config->scenario->seed;
	l->feed = feed_new(config->process);
	l->dirty_quirks = calloc(quirk_count(), sizeof(*l->dirty_quirks));
	assert(l->dirty_quirks);
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	feed_free(l->feed);
	free((char *)(uintptr_t)l->image.p);
	free(l->dirty_quirks);
	free(l);
}

/* ---- Who it is. ------------------------------------------------------------- */

/* Devices of the world and of its fleet are in the same order. */
size_t live_device(const struct live *l, const struct device *d)
{
	struct str id = d ? device_id(d) : STR_NONE;

	return d ? live_find_device_id(l, id) : SIZE_MAX;
}

size_t live_find_party(const struct live *l, struct str party)
{
	struct str prefix = STR("device/");

	if (!l->world || !str_starts(party, prefix))
		return SIZE_MAX;
	return live_device(l, fleet_find(l->world->fleet,
			   (struct str){ party.p + prefix.n, party.n - prefix.n }));
}

/* A device id in one of the forms it may have. */
static struct str in_capitals(struct str id, char out[DEVICE_ID_ROOM])
{
	if (id.n > DEVICE_ID_ROOM)
		return STR_NONE;
	for (size_t i = 0; i < id.n; i++)
		out[i] = (char)(id.p[i] >= 'a' && id.p[i] <= 'f' ? id.p[i] - 'a' + 'A' :
								   id.p[i]);
	return (struct str){ out, id.n };
}

/* The list may have moved since the map was filled: entries are indexes + 1. */
size_t live_find_device_id(const struct live *l, struct str id)
{
	char text[DEVICE_ID_ROOM];
	uintptr_t found = (uintptr_t)map_get(&l->by_device_id, in_capitals(id, text));

	return found ? (size_t)(found - 1) : SIZE_MAX;
}

static size_t find_device_id(void *arg, struct str id)
{
	return live_find_device_id(arg, id);
}

void live_grown(struct live *l)
{
	const struct world *w = l->world;
	size_t old = l->note_count;

	if (w->device_count == old)
		return;
	l->notes = realloc(l->notes, w->device_count * sizeof(*l->notes));
	assert(l->notes);
	for (size_t i = old; i < w->device_count; i++) {
		char text[DEVICE_ID_ROOM];
		struct str id = in_capitals(device_id(w->devices[i].device), text);

		l->notes[i] = (struct live_note){ .changed = loop_now(&w->loop) };
		map_put(&l->by_device_id, arena_str(&l->arena, id), (void *)(uintptr_t)(i + 1));
	}
	l->note_count = w->device_count;
	for (size_t i = old; i < w->device_count && l->listener.tell; i++)
		live_touch(l, i);
}

void live_note_growth(struct live *l, struct str more)
{
	l->grown = realloc(l->grown, (l->grown_count + 1) * sizeof(*l->grown));
	assert(l->grown);
	l->grown[l->grown_count++] = arena_str(&l->arena, more);
}

/* ---- What has changed is told at the end of the turn. ------------------------ */

void live_touch(struct live *l, size_t device)
{
	if (device >= l->note_count)
		return;
	l->notes[device].dirty = l->any_dirty = true;
	l->notes[device].changed = loop_now(&l->world->loop);
	loop_defer(&l->world->loop, &l->publish);
}

static void publish_devices(struct live *l, struct buf *out)
{
	for (size_t i = 0; i < l->note_count; i++) {
		if (!l->notes[i].dirty)
			continue;
		l->notes[i].dirty = false;
		buf_clear(out);
		show_device(l, i, out);
		feed_add(l->feed, FEED_DEVICE, buf_view(out));
	}
	l->any_dirty = false;
}

/* After the event: by now it is in force, or no longer. */
static void publish_quirks(struct live *l, struct buf *out)
{
	for (size_t i = 0; i < quirk_count(); i++) {
		if (!l->dirty_quirks[i])
			continue;
		l->dirty_quirks[i] = false;
		buf_clear(out);
		show_quirk(l, quirk_row(i), out);
		feed_add(l->feed, FEED_QUIRK, buf_view(out));
	}
}

static void publish(struct task *t)
{
	struct live *l = (struct live *)((char *)t - offsetof(struct live, publish));
	struct buf out;

	buf_init(&out, 1 << 20);
	flows_settle(l->flows, loop_now(&l->world->loop), find_device_id, l);
	for (struct flow *f = flows_next(l->flows, NULL); f; f = flows_next(l->flows, f)) {
		if (!f->dirty)
			continue;
		f->dirty = false;
		buf_clear(&out);
		show_flow(l, f, &out);
		feed_add(l->feed, FEED_FLOW, buf_view(&out));
		if (f->device < l->note_count)
			l->notes[f->device].dirty = l->any_dirty = true;
	}
	publish_quirks(l, &out);
	if (l->any_dirty)
		publish_devices(l, &out);
	buf_release(&out);
}

static void hear_rig(struct live *l, const struct event *e)
{
	const struct quirk_row *row;

	if (strcmp(e->name, "quirk-set") != 0 && strcmp(e->name, "quirk-over") != 0)
		return;
	row = quirk_find(event_str(e, "quirk"));
	for (size_t i = 0; i < quirk_count(); i++)
		l->dirty_quirks[i] |= quirk_row(i) == row;
	loop_defer(&l->world->loop, &l->publish);
}

static size_t device_of_event(const struct live *l, const struct event *e)
{
	size_t i = live_find_party(l, e->party);
	struct str eid;

	if (i != SIZE_MAX)
		return i;
	eid = event_str(e, "eid");
	if (eid.n)
		return live_device(l, fleet_find_eid(l->world->fleet, eid));
	eid = event_str(e, "device_id");
	if (eid.n)
		return live_find_device_id(l, eid);
	return SIZE_MAX;
}

/* The line with the device's key in it. */
static void feed_event(struct live *l, const struct event *e, struct str line, size_t device)
{
	struct buf out;

	if (device == SIZE_MAX || event_field(e, "device")) {
		feed_add(l->feed, FEED_EVENT, line);
		return;
	}
	buf_init(&out, line.n + 1000);
	buf_add(&out, line.p, line.n - 1);
	buf_z(&out, ",\"device\":");
	json_quote(&out, l->world->devices[device].key);
	buf_char(&out, '}');
	feed_add(l->feed, FEED_EVENT, buf_view(&out));
	buf_release(&out);
}

static void hear(struct eventlog_listener *listener, const struct event *e, struct str line)
{
	struct live *l = (struct live *)((char *)listener - offsetof(struct live, listener));
	size_t device;

	/* Messages are the tap's. */
	if (strcmp(e->name, "request") == 0 || strcmp(e->name, "response") == 0)
		return;
	device = device_of_event(l, e);
	feed_event(l, e, line, device);
	if (device != SIZE_MAX)
		live_touch(l, device);
	if (flows_hear(l->flows, e, find_device_id, l))
		loop_defer(&l->world->loop, &l->publish);
	if (str_is(e->party, "rig"))
		hear_rig(l, e);
	if (l->config.event)
		l->config.event(l->config.arg, e, line);
}

/* ---- Messages. ------------------------------------------------------------------ */

enum { LOOK_AT_MAX = 16 << 10 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The one device that a text names, by EID or device id; SIZE_MAX if there is
 * none, or `found` is another one: then `*several`. */
static size_t mentioned(const struct live *l, struct str text, size_t found, bool *several)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.n && i < LOOK_AT_MAX; i++) {
		size_t device = SIZE_MAX;

		digits = is_digit(text.p[i]) ? digits + 1 : 0;
		if (digits == 32 && (i + 1 == text.n || !is_digit(text.p[i + 1])))
			device = live_device(l, fleet_find_eid(l->world->fleet,
					     (struct str){ text.p + i - 31, 32 }));
		else if (text.p[i] == '-' && i >= 26 && text.p[i - 9] == '-' &&
			 text.p[i - 18] == '-' && i + 9 <= text.n)
			device = live_find_device_id(l, (struct str){ text.p + i - 26, 35 });
		if (device == SIZE_MAX || device == found)
			continue;
		*several = found != SIZE_MAX;
		if (*several)
			return SIZE_MAX;
		found = device;
	}
	return found;
}

static size_t device_of_message(const struct live *l, const struct message *m)
{
	const struct str texts[] = { m->path, m->query, m->request.body, m->response.body };
	size_t found = live_find_party(l, m->from);
	bool several = false;

	for (size_t i = 0; i < 4 && found == SIZE_MAX && !several; i++)
		if (texts[i].n)
			found = mentioned(l, texts[i], found, &several);
	return found;
}

static void message_complete(void *arg, struct message *m)
{
	struct live *l = arg;
	struct flow *flow;
	struct buf out;

	if (!l->world)
		return;
	m->device = device_of_message(l, m);
	flows_settle(l->flows, m->answered, find_device_id, l);
	flow = flows_of_device(l->flows, m->device, m->answered);
	if (flow && m->answered.ns >= flow->began.ns) {
		m->flow = arena_str(&m->arena, str_of(flow->id));
		flow->messages++;
	}
	buf_init(&out, 1 << 20);
	show_message(l, m, false, &out);
	feed_add(l->feed, FEED_MESSAGE, buf_view(&out));
	buf_release(&out);
}

static void polled(void *arg, struct str party)
{
	struct live *l = arg;
	size_t device = live_find_party(l, party);

	l->polls++;
	if (device != SIZE_MAX)
		l->notes[device].polls++;
}

/* ---- Time. ------------------------------------------------------------------------ */

static void apply_rate(struct live *l)
{
	if (l->world)
		clock_set_rate(&l->world->loop.clock,
			       l->paused || l->advancing ? LIVE_PAUSED_RATE : l->rate);
}

void live_tell_clock(struct live *l)
{
	struct buf out;

	if (!l->world)
		return;
	buf_init(&out, 4096);
	show_clock(l, &out);
	feed_add(l->feed, FEED_CLOCK, buf_view(&out));
	buf_release(&out);
}

static void end_advance(struct live *l, bool reached)
{
	void (*tell)(void *, bool) = l->reached;

	if (!l->advancing)
		return;
	l->advancing = false;
	l->reached = NULL;
	if (l->world)
		loop_disarm(&l->world->loop, &l->hurry);
	l->paused |= l->stop_then;
	apply_rate(l);
	live_tell_clock(l);
	if (tell)
		tell(l->reached_arg, reached);
}

/* Nothing is in the kernel: what comes next is the next timer. */
static void hurry(struct timer *t)
{
	struct live *l = (struct live *)((char *)t - offsetof(struct live, hurry));
	struct loop *loop = &l->world->loop;
	struct instant next = loop_next(loop);

	if ((l->until_event && feed_count(l->feed, FEED_EVENT) >= l->until_event) ||
	    loop_now(loop).ns >= l->target.ns) {
		end_advance(l, !l->until_event || feed_count(l->feed, FEED_EVENT) >=
						  l->until_event);
		return;
	}
	if (socknet_quiet(l->world->net) && !loop->soon_armed) {
		if (next.ns > l->target.ns)
			next = l->target;
		if (next.ns > loop_now(loop).ns)
			clock_jump(&loop->clock, next);
	}
	loop_arm(loop, t, 0);
}

int live_advance(struct live *l, struct instant target, unsigned events, bool stop_then,
		 void (*reached)(void *arg, bool reached), void *arg, struct err *err)
{
	if (l->advancing)
		return err_set(err, ERR_LIMIT, "time is being advanced already");
	if (target.ns < loop_now(&l->world->loop).ns)
		return err_set(err, ERR_STATE, "that time is over");
	l->advancing = true;
	l->target = target;
	l->until_event = events ? feed_count(l->feed, FEED_EVENT) + events : 0;
	l->stop_then = stop_then;
	l->reached = reached;
	l->reached_arg = arg;
	apply_rate(l);
	live_tell_clock(l);
	loop_arm(&l->world->loop, &l->hurry, 0);
	return 0;
}

void live_set_clock(struct live *l, bool paused, double rate)
{
	l->stop_then = false;
	end_advance(l, false);
	l->paused = paused;
	l->rate = rate;
	apply_rate(l);
	live_tell_clock(l);
}

/* ---- The script. ------------------------------------------------------------------- */

void live_tell_script(struct live *l)
{
	struct buf out;

	buf_init(&out, 4 << 20);
	show_script(l, &out);
	feed_add(l->feed, FEED_SCRIPT, buf_view(&out));
	buf_release(&out);
}

void live_say(struct live *l, struct str text, bool by_script)
{
	struct live_caption *c = &l->captions[l->caption_count++ % LIVE_CAPTIONS];
	struct buf out;

	free((char *)(uintptr_t)c->text.p);
	*c = (struct live_caption){
		.text = { strndup(text.p, text.n), text.n },
		.at = loop_now(&l->world->loop),
		.unix_ms = clock_unix_ms(&l->world->loop.clock),
		.by_script = by_script,
	};
	assert(c->text.p);
	buf_init(&out, 1 << 20);
	show_caption(c, &out);
	feed_add(l->feed, FEED_CAPTION, buf_view(&out));
	buf_release(&out);
}

void live_next_step(struct live *l)
{
	if (!l->script.waiting)
		return;
	l->script.next = true;
	run_wake(l->run);
}

static void list_script(struct live *l)
{
	const struct scenario *sc = l->config.scenario;
	struct live_script *s = &l->script;

	s->manual = l->config.step_by_step;
	s->count = sc->steps.count;
	s->steps = arena_array(&l->arena, s->count, sizeof(*s->steps));
	for (size_t i = 0; i < s->count; i++) {
		s->steps[i].result = run_listed(sc, &sc->steps.list[i], &l->arena);
		s->steps[i].caption = sc->steps.list[i].note;
	}
}

/* In manual mode each step waits to be asked for. */
static bool await_turn(struct live *l)
{
	struct live_script *s = &l->script;

	s->waiting = s->manual;
	s->next = false;
	live_tell_script(l);
	while (s->manual && !s->next && l->wish == LIVE_GOES_ON)
		run_wait(l->run, INT64_MAX);
	s->waiting = false;
	return l->wish == LIVE_GOES_ON;
}

static void play_step(struct live *l, struct live_step *step,
		      const struct scenario_step *sc, struct instant previous)
{
	if (step->caption.n)
		live_say(l, step->caption, true);
	step->running = true;
	step->result.began = loop_now(&l->world->loop);
	live_tell_script(l);
	run_step(l->run, sc, &step->result, previous);
	step->running = false;
	step->over = true;
}

static void play(struct live *l)
{
	struct live_script *s = &l->script;
	struct instant previous = loop_now(&l->world->loop);

	l->run->began = previous;
	for (s->current = 0; s->current < s->count; s->current++) {
		struct live_step *step = &s->steps[s->current];

		if (!await_turn(l))
			return;
		play_step(l, step, &l->config.scenario->steps.list[s->current], previous);
		if (l->wish != LIVE_GOES_ON)
			return;
		previous = step->result.ended;
		if (step->result.verdict != VERDICT_PASS &&
		    step->result.verdict != VERDICT_WARN) {
			s->message = step->result.message;
			break;
		}
	}
	s->ended = true;
	live_tell_script(l);
}

/* ---- A world, from its beginning to its end. ----------------------------------------- */

static struct http_handler *wrap(void *arg, const char *party, struct http_handler *next)
{
	struct live *l = arg;

	return tap_gate(l->tap, party, next);
}

static const char *address(void *arg, const char *host)
{
	struct live *l = arg;

	return l->config.address ? l->config.address(l->config.arg, host) : NULL;
}

static struct store *open_store(void *arg, struct err *err)
{
	struct live *l = arg;

	return l->image.n ? snapshot_store(l->image, err) : store_open(NULL, err);
}

static void drop_image(struct live *l)
{
	free((char *)(uintptr_t)l->image.p);
	l->image = STR_NONE;
}

int live_put_image(struct live *l, struct str image, struct err *err)
{
	struct instant at;
	uint64_t seed;
	char *copy;

	if (snapshot_check(l, image, &seed, &at, err) < 0)
		return -1;
	copy = malloc(image.n + 1);
	assert(copy);
	memcpy(copy, image.p, image.n);
	drop_image(l);
	l->image = (struct str){ copy, image.n };
	l->seed = seed;
	l->began = at;
	return 0;
}

/* What run_setup() does for a world without a past. */
static int take_up(struct live *l, struct err *err)
{
	if (snapshot_read(l, &l->run->world, l->image, err) < 0)
		return err_prefix(err, "the snapshot");
	return 0;
}

static struct loop *world_loop(struct live *l)
{
	return &l->run->world.loop;
}

static int make_world(struct live *l, struct err *err)
{
	struct run *r = calloc(1, sizeof(*r));

	assert(r);
	l->run = r;
	l->front = (struct run_front){ .wrap = wrap, .address = address,
				       .open_store = open_store, .arg = l };
	if (l->image.n) {
		l->front.begin_ns = l->began.ns;
		l->front.salt = (uint64_t)l->began.ns * UINT64_C(0x9E3779B97F4A7C15);
	}
	l->options = (struct run_options){
		.clock = CLOCK_KIND_SCALED, .rate = l->rate, .sockets = true,
		.has_seed = true, .seed = l->seed, .front = &l->front,
		.made = l->config.made, .made_arg = l->config.arg,
	};
	r->sc = l->config.scenario;
	r->options = &l->options;
	r->arena = &l->arena;
	r->recording = l->config.play;	/* steps may ask for what was */
	if (world_init(&r->world, r->sc, &l->options, &l->arena, err) < 0)
		return -1;
	loop_host(&r->world.loop, l->config.guest);
	run_begin(r);
	return l->image.n ? take_up(l, err) : run_setup(r, err);
}

/* From here on everybody may look at it. */
static void begin(struct live *l)
{
	struct world *w = &l->run->world;
	struct buf out;

	l->world = w;
	l->generation++;
	l->flows = flows_new(w->store);
	live_grown(l);
	flows_load(l->flows, loop_now(&w->loop), find_device_id, l);
	l->hurry.fire = hurry;
	l->publish.run = publish;
	l->listener = (struct eventlog_listener){ .tell = hear, .wants_line = true };
	eventlog_listen(&w->log, &l->listener);
	if (l->restored_every_ns >= LIFE_EVERY_MIN_NS)
		l->life = life_new(w, l->restored_life, l->restored_every_ns);
	else
		l->life = life_new(w, l->config.life, LIFE_EVERY_NS);
	l->restored_every_ns = 0;
	if (l->image.n)
		snapshot_owe(l->life, l->image);
	drop_image(l);
	if (l->config.play)
		list_script(l);
	apply_rate(l);
	buf_init(&out, 1 << 20);
	show_world(l, &out);
	feed_add(l->feed, FEED_WORLD, buf_view(&out));
	buf_release(&out);
	if (l->config.begun)
		l->config.begun(l->config.arg);
}

static void end_world(struct live *l)
{
	struct run *r = l->run;

	l->stop_then = false;
	end_advance(l, false);
	if (l->world && l->ending)
		l->ending(l->ending_arg);
	if (l->world) {
		eventlog_unlisten(&l->world->log, &l->listener);
		loop_undefer(&l->world->loop, &l->publish);
	}
	l->listener.tell = NULL;
	life_free(l->life);
	l->life = NULL;
	l->world = NULL;
	if (world_loop(l)->guest)
		loop_host(world_loop(l), NULL);
	if (r->recording && r->recorder.log)
		recorder_release(&r->recorder);
	invariants_free(r->invariants);
	world_release(&r->world);
	flows_free(l->flows);
	l->flows = NULL;
	tap_free(l->tap);
	l->tap = NULL;
	map_release(&l->by_device_id);
	free(l->notes);
	l->notes = NULL;
	l->note_count = 0;
	free(l->grown);
	l->grown = NULL;
	l->grown_count = 0;
	l->polls = 0;
	map_release(&r->variables);
	arena_release(&r->scratch);
	arena_release(&r->answer);
	arena_release(&r->asked);
	free(r);
	l->run = NULL;
	for (size_t i = 0; i < LIVE_CAPTIONS; i++)
		free((char *)(uintptr_t)l->captions[i].text.p);
	memset(l->captions, 0, sizeof(l->captions));
	l->caption_count = 0;
	l->script = (struct live_script){ 0 };
	arena_release(&l->arena);
}

static void tell_done(struct live *l, const struct err *err)
{
	void (*done)(void *, const struct err *) = l->done;

	l->done = NULL;
	if (done)
		done(l->done_arg, err);
}

void live_wish(struct live *l, enum live_wish wish)
{
	if (l->wish != LIVE_END)
		l->wish = wish;
	if (l->run)
		loop_stop(world_loop(l));
}

static int live_through(struct live *l, struct err *err)
{
	l->tap = tap_new(&(struct tap_config){
		.complete = message_complete, .polled = polled, .arg = l,
	});
	if (make_world(l, err) < 0)
		return l->wish == LIVE_END ? 0 : -1;
	begin(l);
	tell_done(l, l->damage.code ? &l->damage : NULL);
	l->damage.code = ERR_NONE;
	if (l->config.play)
		play(l);
	while (l->wish == LIVE_GOES_ON)
		if (loop_run(&l->world->loop, err) < 0)
			return -1;
	return 0;
}

int live_run(struct live *l, struct err *err)
{
	bool again;
	int rc;

	do {
		if (l->wish != LIVE_END)
			l->wish = LIVE_GOES_ON;
		rc = live_through(l, err);
		end_world(l);
		/* A damaged snapshot costs its world, not the whole. */
		again = rc < 0 && l->image.n && l->done;
		if (again)
			l->damage = *err;
		if (rc < 0)
			drop_image(l);
	} while (again || (rc == 0 && l->wish != LIVE_END));
	if (rc < 0)
		tell_done(l, err);
	return rc;
}
