#include "scenarios/recorder.h"

#include "sim/map.h"

#include <stdio.h>

static void drop_older_half(struct recorder *r)
{
	const char *cut = memchr(r->text.p + r->text.n / 2, '\n',
				 r->text.n - r->text.n / 2);
	size_t n = cut ? (size_t)(cut - r->text.p) + 1 : r->text.n;

	memmove(r->text.p, r->text.p + n, r->text.n - n);
	r->text.n -= n;
	r->dropped += n;
	r->cut = true;
}

static void tell(struct eventlog_listener *l, const struct event *e, struct str line)
{
	struct recorder *r = (struct recorder *)l;

	(void)e;
	if (r->text.n + line.n + 1 > RECORDER_MAX)
		drop_older_half(r);
	buf_str(&r->text, line);
	buf_char(&r->text, '\n');
	if (r->trace)
		fprintf(stderr, "%.*s\n", STRF(line));
}

void recorder_init(struct recorder *r, struct eventlog *log, bool trace)
{
	*r = (struct recorder){
		.listener = { .tell = tell, .wants_line = true },
		.log = log, .trace = trace,
	};
	buf_init(&r->text, RECORDER_MAX);
	eventlog_listen(log, &r->listener);
}

void recorder_release(struct recorder *r)
{
	eventlog_unlisten(r->log, &r->listener);
	buf_release(&r->text);
}

uint64_t recorder_end(const struct recorder *r)
{
	return r->dropped + r->text.n;
}

struct str recorder_from(const struct recorder *r, uint64_t *position)
{
	size_t skip = *position > r->dropped ? (size_t)(*position - r->dropped) : 0;

	*position = recorder_end(r);
	return (struct str){ r->text.p ? r->text.p + skip : "", r->text.n - skip };
}

/* The line that ends before `end`; moves `end` to its start. */
static struct str line_before(const struct recorder *r, size_t *end)
{
	size_t stop = *end - 1, start = stop;	/* without the newline */

	while (start > 0 && r->text.p[start - 1] != '\n')
		start--;
	*end = start;
	return (struct str){ r->text.p + start, stop - start };
}

static struct str party_of(struct str line)
{
	struct str key = STR("\"party\":\"");
	ptrdiff_t at = str_find(line, key);
	struct str rest;

	if (at < 0)
		return STR("?");
	rest = (struct str){ line.p + at + key.n, line.n - (size_t)at - key.n };
	return str_split(&rest, '"');
}

/* How far back it looks, and how much it shows. */
enum { LAST_LINES_SEEN = 4000, LAST_LINES_MAX = 60 };

struct str recorder_last(const struct recorder *r, size_t count, struct arena *a)
{
	struct map seen = { 0 };
	struct str picked[LAST_LINES_MAX], all = STR_NONE;
	size_t n = 0, end = r->text.n;

	for (int i = 0; i < LAST_LINES_SEEN && end > 0 && n < LAST_LINES_MAX; i++) {
		struct str line = line_before(r, &end), party = party_of(line);
		size_t *shown = map_get(&seen, party);

		if (!shown) {
			shown = ARENA_NEW(a, size_t);
			map_put(&seen, party, shown);
		}
		if (++*shown <= count)
			picked[n++] = line;
	}
	for (size_t i = n; i > 0; i--)
		all = arena_printf(a, "%.*s%.*s\n", STRF(all), STRF(picked[i - 1]));
	map_release(&seen);
	return all;
}
