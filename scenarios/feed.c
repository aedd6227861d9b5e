#include "scenarios/feed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
	enum feed_type type;
	size_t n;
	char *json;
};

struct feed {
	uint32_t process;
	struct item ring[FEED_ENTRIES_MAX];	/* entry i at i % max */
	uint64_t first, end;
	size_t bytes;
	uint64_t counts[FEED_TYPES];
	struct feed_reader *waiting;
};

static const char *const names[FEED_TYPES] = {
	[FEED_EVENT] = "event", [FEED_MESSAGE] = "message", [FEED_DEVICE] = "device",
	[FEED_FLOW] = "flow", [FEED_CLOCK] = "clock", [FEED_QUIRK] = "quirk",
	[FEED_PARTY] = "party", [FEED_CAPTION] = "caption",
	[FEED_SCRIPT] = "script", [FEED_WORLD] = "world",
};

const char *feed_type_name(enum feed_type type)
{
	assert(type < FEED_TYPES);
	return names[type];
}

int feed_types(struct str text, unsigned *types)
{
	*types = 0;
	while (text.p) {
		struct str word = str_trim(str_split(&text, ','));
		unsigned i = 0;

		while (i < FEED_TYPES && !str_is(word, names[i]))
			i++;
		if (i == FEED_TYPES)
			return -1;
		*types |= 1u << i;
	}
	return 0;
}

struct feed *feed_new(uint32_t process)
{
	struct feed *f = calloc(1, sizeof(*f));

	assert(f);
	f->process = process;
	return f;
}

static struct item *at(struct feed *f, uint64_t number)
{
	return &f->ring[number % FEED_ENTRIES_MAX];
}

static void drop_oldest(struct feed *f)
{
	struct item *i = at(f, f->first++);

	f->bytes -= i->n;
	free(i->json);
	i->json = NULL;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	assert(!f->waiting);
	while (f->first < f->end)
		drop_oldest(f);
	free(f);
}

static void unlist(struct feed *f, struct feed_reader *r)
{
	if (!r->waits)
		return;
	r->waits = false;
	if (r->prev_reader)
		r->prev_reader->next_reader = r->next_reader;
	else
		f->waiting = r->next_reader;
	if (r->next_reader)
		r->next_reader->prev_reader = r->prev_reader;
}

/* Whoever waits for other types goes on waiting. */
static void wake(struct feed *f, enum feed_type type)
{
	struct feed_reader *r = f->waiting, *next;

	for (; r; r = next) {
		next = r->next_reader;
		if (!(r->types & (1u << type)))
			continue;
		unlist(f, r);
		r->more(r);
	}
}

void feed_add(struct feed *f, enum feed_type type, struct str json)
{
	struct item *i;

	if (f->end - f->first == FEED_ENTRIES_MAX)
		drop_oldest(f);
	i = at(f, f->end++);
	*i = (struct item){ type, json.n, strndup(json.p, json.n) };
	assert(i->json);
	f->bytes += json.n;
	f->counts[type]++;
	while (f->bytes > FEED_BYTES_MAX && f->end - f->first > 1)
		drop_oldest(f);
	wake(f, type);
}

uint64_t feed_end(const struct feed *f)
{
	return f->end;
}

uint64_t feed_count(const struct feed *f, enum feed_type type)
{
	return f->counts[type];
}

void feed_id(const struct feed *f, uint64_t number, char id[FEED_ID_SIZE])
{
	snprintf(id, FEED_ID_SIZE, "%08x-%llu", f->process, (unsigned long long)number);
}

void feed_reader_init(struct feed_reader *r, const struct feed *f)
{
	r->next = f->end;
	r->types = FEED_ALL;
}

void feed_reader_rewind(struct feed_reader *r, const struct feed *f)
{
	r->next = f->first;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int feed_reader_seek(struct feed_reader *r, const struct feed *f, struct str id)
{
	struct str process = str_split(&id, '-');
	uint64_t number;
	uint32_t other = 0;

	if (process.n != 8 || str_to_u64(id, UINT64_MAX / 2, &number) < 0)
		return -1;
	for (size_t i = 0; i < process.n; i++) {
		if (hex_value(process.p[i]) < 0)
			return -1;
		other = other << 4 | (uint32_t)hex_value(process.p[i]);
	}
	r->restarted = other != f->process || number >= f->end;
	r->next = r->restarted ? f->end : number + 1;
	return 0;
}

bool feed_next(struct feed *f, struct feed_reader *r, struct feed_entry *e)
{
	if (r->next < f->first) {
		r->lost = true;
		r->next = f->first;
	}
	for (; r->next < f->end; r->next++) {
		const struct item *i = at(f, r->next);

		if (!(r->types & (1u << i->type)))
			continue;
		*e = (struct feed_entry){ r->next++, i->type, { i->json, i->n } };
		return true;
	}
	if (!r->waits) {
		r->waits = true;
		r->prev_reader = NULL;
		r->next_reader = f->waiting;
		if (f->waiting)
			f->waiting->prev_reader = r;
		f->waiting = r;
	}
	return false;
}

void feed_reader_release(struct feed *f, struct feed_reader *r)
{
	unlist(f, r);
}
