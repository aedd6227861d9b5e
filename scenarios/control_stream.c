/* The control API: what happens, as it happens, and the story that is told. */
#include "scenarios/control_impl.h"

#include <assert.h>
#include <stdlib.h>

/* A comment keeps those between us and the reader patient, and finds out
 * whether he is still there. */
static const int64_t BEAT_NS = 15 * NS_PER_S;

struct control_stream {
	struct http_stream stream;	/* first */
	struct feed_reader reader;
	struct timer beat;
	struct control *control;
	bool greeted, silent, over;
	struct control_stream *prev, *next;
};

/* ---- The stream. ------------------------------------------------------------- */

static void wake(struct control_stream *s)
{
	if (s->stream.wake)
		s->stream.wake(&s->stream);
}

static void more(struct feed_reader *r)
{
	wake((struct control_stream *)((char *)r - offsetof(struct control_stream, reader)));
}

static void beat(struct timer *t)
{
	struct control_stream *s = (struct control_stream *)((char *)t -
				   offsetof(struct control_stream, beat));

	s->silent = true;
	loop_arm(s->control->config.loop, t, BEAT_NS);
	wake(s);
}

static void put_gap(struct control_stream *s, struct buf *out)
{
	if (!s->reader.lost && !s->reader.restarted)
		return;
	buf_printf(out, "event: gap\ndata: {\"reason\":\"%s\"}\n\n",
		   s->reader.restarted ? "restarted" : "lost");
	s->reader.lost = s->reader.restarted = false;
}

static void put_entry(const struct feed *f, const struct feed_entry *e, struct buf *out)
{
	char id[FEED_ID_SIZE];

	feed_id(f, e->number, id);
	buf_printf(out, "id: %s\nevent: %s\ndata: ", id, feed_type_name(e->type));
	buf_str(out, e->json);
	buf_z(out, "\n\n");
}

static int next_piece(struct http_stream *st, struct buf *out)
{
	struct control_stream *s = (struct control_stream *)st;
	struct feed *f = s->control->live->feed;
	struct feed_entry e;

	if (s->over)
		return 0;
	if (!s->greeted)
		buf_z(out, "retry: 1000\n: esimrig\n\n");
	s->greeted = true;
	put_gap(s, out);
	while (out->n < HTTP_PIECE_SIZE && feed_next(f, &s->reader, &e)) {
		if (s->reader.lost)
			put_gap(s, out);
		put_entry(f, &e, out);
	}
	if (out->n == 0 && s->silent)
		buf_z(out, ":\n\n");
	s->silent = false;
	if (out->n == 0)
		return HTTP_LATER;
	loop_arm(s->control->config.loop, &s->beat, BEAT_NS);
	return 1;
}

static void close_stream(struct http_stream *st)
{
	struct control_stream *s = (struct control_stream *)st;
	struct control *c = s->control;

	feed_reader_release(c->live->feed, &s->reader);
	loop_disarm(c->config.loop, &s->beat);
	if (s->prev)
		s->prev->next = s->next;
	else
		c->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	c->stream_count--;
	free(s);
}

void control_end_streams(struct control *c)
{
	struct control_stream *next;

	for (struct control_stream *s = c->streams; s; s = next) {
		next = s->next;
		s->over = true;
		wake(s);
	}
}

void control_streams_free(struct control *c)
{
	assert(!c->streams);		/* the network has closed them */
}

/* Where to begin, and what with.  -1: answered. */
static int read_place(struct control *c, struct http_exchange *x, struct feed_reader *r,
		      bool *placed)
{
	struct str id = http_header(&x->req.headers, "Last-Event-ID");
	struct str after = STR_NONE, types = STR_NONE;

	if (control_param(x, "after", &after) < 0 || control_param(x, "types", &types) < 0)
		return -1;
	feed_reader_init(r, c->live->feed);
	if (!id.n)
		id = after;
	*placed = id.n > 0;
	if (id.n && feed_reader_seek(r, c->live->feed, id) < 0) {
		control_refuse(x, 400, "bad-value", "after",
			       "'%.*s' is no id of this stream", STRF(id));
		return -1;
	}
	if (types.n && feed_types(types, &r->types) < 0) {
		control_refuse(x, 400, "bad-value", "types",
			       "types: expected any of event, message, device, flow, clock, "
			       "quirk, party, caption, script, world");
		return -1;
	}
	return 0;
}

static struct control_stream *new_stream(struct control *c, const struct feed_reader *r)
{
	struct control_stream *s = calloc(1, sizeof(*s));

	assert(s);
	*s = (struct control_stream){
		.stream = { .next = next_piece, .close = close_stream },
		.reader = *r, .beat.fire = beat, .control = c, .next = c->streams,
	};
	s->reader.more = more;
	if (s->next)
		s->next->prev = s;
	c->streams = s;
	c->stream_count++;
	loop_arm(c->config.loop, &s->beat, BEAT_NS);
	return s;
}

void control_get_events(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct feed_reader r = { 0 };
	bool placed;

	(void)args;
	if (read_place(c, x, &r, &placed) < 0)
		return;
	if (c->stream_count >= CONTROL_STREAMS_MAX) {
		control_refuse(x, 429, "too-many", NULL, "%d streams are open",
			       CONTROL_STREAMS_MAX);
		return;
	}
	x->resp.status = 200;
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"),
			STR("text/event-stream"));
	http_header_set(&x->resp.headers, x->arena, STR("Cache-Control"), STR("no-store"));
	if (str_is(x->req.method, "GET"))
		x->resp.stream = &new_stream(c, &r)->stream;
	http_reply(x);
}

/* ---- What is kept of it. ----------------------------------------------------------- */

enum { HISTORY_MAX = FEED_ENTRIES_MAX };

static void put_history_entry(const struct feed *f, const struct feed_entry *e,
			      struct json *j)
{
	char id[FEED_ID_SIZE];

	feed_id(f, e->number, id);
	json_open(j, '{');
	json_putz(j, "id", id);
	json_putz(j, "type", feed_type_name(e->type));
	json_key(j, "data");
	json_raw(j, e->json);
	json_close(j, '}');
}

/* The number of those that match; the reader comes back to its place. */
static size_t count_from(struct feed *f, struct feed_reader r)
{
	struct feed_entry e;
	size_t n = 0;

	while (r.next < feed_end(f) && feed_next(f, &r, &e))
		n++;
	feed_reader_release(f, &r);
	return n;
}

static void ignore(struct feed_reader *r)
{
	(void)r;
}

void control_get_history(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct feed *f = c->live->feed;
	struct feed_reader r = { .more = ignore };
	struct feed_entry e;
	size_t skip, limit, count, shown = 0;
	char last[FEED_ID_SIZE];
	bool placed;
	struct buf out;
	struct json j;

	(void)args;
	if (read_place(c, x, &r, &placed) < 0 || control_page(x, &skip, &limit) < 0)
		return;
	if (!placed || r.restarted)
		feed_reader_rewind(&r, f);
	count = count_from(f, r);
	buf_init(&out, CONTROL_OUT_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_key(&j, "list");
	json_open(&j, '[');
	for (size_t i = 0; i < count && feed_next(f, &r, &e); i++) {
		if (count - i > limit)
			continue;
		put_history_entry(f, &e, &j);
		shown++;
	}
	json_close(&j, ']');
	feed_id(f, feed_end(f) ? feed_end(f) - 1 : 0, last);
	json_put_int(&j, "count", (int64_t)shown);
	json_putz(&j, "last", last);
	json_put_bool(&j, "gap", r.restarted || (placed && r.lost));
	json_close(&j, '}');
	feed_reader_release(f, &r);
	control_answer(x, 200, &out);
}

/* ---- The script. -------------------------------------------------------------------- */

static bool has_script(struct control *c, struct http_exchange *x)
{
	if (c->live->config.play)
		return true;
	control_refuse(x, 404, "no-script", NULL, "no scenario is played (--script)");
	return false;
}

static void answer_script(struct control *c, struct http_exchange *x)
{
	struct buf out;

	buf_init(&out, CONTROL_OUT_MAX);
	show_script(c->live, &out);
	control_answer(x, 200, &out);
}

void control_get_script(void *control, struct http_exchange *x, const struct str *args)
{
	(void)args;
	if (has_script(control, x))
		answer_script(control, x);
}

void control_put_script(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	struct str mode = STR_NONE;
	cJSON *body;

	(void)args;
	if (!has_script(c, x))
		return;
	body = control_body(x, "mode", false);
	if (!body)
		return;
	if (control_get_str(x, body, "mode", &mode) < 0) {
		/* answered */
	} else if (!str_is(mode, "auto") && !str_is(mode, "manual")) {
		control_refuse(x, 400, "bad-value", "mode",
			       "\"mode\": expected auto or manual");
	} else {
		c->live->script.manual = str_is(mode, "manual");
		if (!c->live->script.manual)
			live_next_step(c->live);
		live_tell_script(c->live);
		answer_script(c, x);
	}
	cJSON_Delete(body);
}

void control_next_step(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;

	(void)args;
	if (!has_script(c, x))
		return;
	live_next_step(c->live);
	answer_script(c, x);
}

/* ---- Captions. ------------------------------------------------------------------------ */

void control_list_captions(void *control, struct http_exchange *x, const struct str *args)
{
	struct live *l = ((struct control *)control)->live;
	uint64_t first = l->caption_count > LIVE_CAPTIONS ?
			 l->caption_count - LIVE_CAPTIONS : 0;
	struct control_list list;

	(void)args;
	control_list_begin(&list);
	for (uint64_t i = first; i < l->caption_count; i++)
		show_caption(&l->captions[i % LIVE_CAPTIONS], control_list_item(&list));
	control_list_end(&list, SIZE_MAX, x);
}

void control_add_caption(void *control, struct http_exchange *x, const struct str *args)
{
	struct live *l = ((struct control *)control)->live;
	cJSON *body = control_body(x, "text", false);
	struct str text = STR_NONE;
	struct buf out;

	(void)args;
	if (!body)
		return;
	if (control_get_str(x, body, "text", &text) < 0) {
		/* answered */
	} else if (!text.n || text.n > 2000) {
		control_refuse(x, 400, "bad-value", "text",
			       "\"text\": expected 1 to 2000 bytes");
	} else {
		clock_tick(&l->world->loop.clock);
		live_say(l, text, false);
		buf_init(&out, 64 << 10);
		show_caption(&l->captions[(l->caption_count - 1) % LIVE_CAPTIONS], &out);
		control_answer(x, 201, &out);
	}
	cJSON_Delete(body);
}
