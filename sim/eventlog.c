#include "sim/eventlog.h"
#include "sim/json.h"

#include <assert.h>
#include <inttypes.h>

/* A line has room for a few strings of that length, each byte escaped. */
enum { LINE_MAX_BYTES = 128 * 1024, STRING_MAX_BYTES = 4096 };

void eventlog_init(struct eventlog *log, const struct clock *clock)
{
	*log = (struct eventlog){ .clock = clock };
	buf_init(&log->line, LINE_MAX_BYTES);
}

void eventlog_release(struct eventlog *log)
{
	buf_release(&log->line);
}

static void note_wants(struct eventlog *log)
{
	log->wants_line = false;
	for (struct eventlog_listener *l = log->listeners; l; l = l->next)
		log->wants_line |= l->wants_line;
}

void eventlog_listen(struct eventlog *log, struct eventlog_listener *l)
{
	struct eventlog_listener **at = &log->listeners;

	while (*at)
		at = &(*at)->next;
	l->next = NULL;
	*at = l;
	note_wants(log);
}

void eventlog_unlisten(struct eventlog *log, struct eventlog_listener *l)
{
	struct eventlog_listener **at = &log->listeners;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
	note_wants(log);
}

static void put_seconds(struct buf *out, int64_t ns)
{
	char micros[8];
	int64_t us = ns / NS_PER_US % 1000000;

	buf_u64(out, (uint64_t)(ns / NS_PER_S));
	micros[0] = '.';
	for (int i = 6; i > 0; i--, us /= 10)
		micros[i] = (char)('0' + us % 10);
	buf_add(out, micros, 7);
}

/* A peer decides how long its paths are; a line stays whole all the same. */
static void put_string(struct json *j, struct str s)
{
	char clipped[STRING_MAX_BYTES + 3];
	size_t n = STRING_MAX_BYTES;

	if (s.n <= n) {
		json_str(j, s);
		return;
	}
	while (n > STRING_MAX_BYTES - 4 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	memcpy(clipped, s.p, n);
	memcpy(clipped + n, "...", 3);
	json_str(j, (struct str){ clipped, n + 3 });
}

static void put_field(struct json *j, const struct field *f)
{
	json_key(j, f->key);
	switch (f->kind) {
	case FIELD_STR:
		put_string(j, f->s);
		return;
	case FIELD_INT:
		json_int(j, f->i);
		return;
	case FIELD_BOOL:
		json_bool(j, f->i != 0);
		return;
	case FIELD_TIME:
		put_seconds(j->out, f->i);
		j->comma = true;
		return;
	}
}

static void format(struct eventlog *log, const struct event *e)
{
	struct json j = json_to(&log->line);

	buf_clear(&log->line);
	json_open(&j, '{');
	json_key(&j, "t");
	put_seconds(&log->line, e->at.ns);
	j.comma = true;
	json_put(&j, "party", e->party);
	json_putz(&j, "event", e->name);
	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].kind != FIELD_STR || e->fields[i].s.n)
			put_field(&j, &e->fields[i]);
	json_close(&j, '}');
	if (log->redact)
		log->redact(&log->line);
}

void eventlog_emit(struct eventlog *log, struct str party, const char *name,
		   const struct field *fields, size_t field_count)
{
	struct event e = { clock_now(log->clock), party, name, fields,
			   field_count };
	struct eventlog_listener *next;

	log->count++;
	if (log->wants_line)
		format(log, &e);
	for (struct eventlog_listener *l = log->listeners; l; l = next) {
		next = l->next;
		l->tell(l, &e, l->wants_line ? buf_view(&log->line) : STR_NONE);
	}
}

const struct field *event_field(const struct event *e, const char *key)
{
	for (size_t i = 0; i < e->field_count; i++)
		if (strcmp(e->fields[i].key, key) == 0)
			return &e->fields[i];
	return NULL;
}

struct str event_str(const struct event *e, const char *key)
{
	const struct field *f = event_field(e, key);

	return f && f->kind == FIELD_STR ? f->s : STR_NONE;
}
