/*
 * feed.h - what has happened in a living world, numbered, for many readers of
 * different speed: the stream of the control API.
 *
 * The newest entries are kept, up to a number and a size.  A reader has a
 * place and nothing else, so one that is slow, or was away for a while, costs
 * no memory: if what it wants is gone, it is told of the gap.
 *
 * The one rule: numbers go on when a world is made anew.  They begin again
 * with the process only, which is why an id names the process as well.
 */
#ifndef SCENARIOS_FEED_H
#define SCENARIOS_FEED_H

#include "sim/buf.h"

enum feed_type {
	FEED_EVENT, FEED_MESSAGE, FEED_DEVICE, FEED_FLOW, FEED_CLOCK, FEED_QUIRK,
	FEED_PARTY, FEED_CAPTION, FEED_SCRIPT, FEED_WORLD, FEED_TYPES
};

enum {
	FEED_ENTRIES_MAX = 8000,
	FEED_BYTES_MAX = 8 << 20,
	FEED_ALL = (1 << FEED_TYPES) - 1,
	FEED_ID_SIZE = 32,		/* "0a1b2c3d-4711" */
};

struct feed;

struct feed_entry {
	uint64_t number;
	enum feed_type type;
	struct str json;		/* until something is added */
};

struct feed_reader {
	uint64_t next;			/* number of the entry to be read */
	unsigned types;			/* set of 1 << FEED_... */
	bool lost;			/* told of once: entries before `next` are gone */
	bool restarted;			/* the id was of another process */
	/* Something was added after feed_next() had nothing; once.  Not from
	 * inside a call of this reader. */
	void (*more)(struct feed_reader *);
	bool waits;
	struct feed_reader *prev_reader, *next_reader;	/* of those that wait */
};

/* `process` is a number that another process does not have. */
struct feed *feed_new(uint32_t process);
void feed_free(struct feed *f);

void feed_add(struct feed *f, enum feed_type type, struct str json);
/* The number of the next entry: how many there were so far. */
uint64_t feed_end(const struct feed *f);
/* How many entries of `type` there were. */
uint64_t feed_count(const struct feed *f, enum feed_type type);

/* "event", ... */
const char *feed_type_name(enum feed_type type);
/* "clock,device" into a set; -1 if there is no such type. */
int feed_types(struct str text, unsigned *types);
void feed_id(const struct feed *f, uint64_t number, char id[FEED_ID_SIZE]);

/* At the end; `more` must have been set. */
void feed_reader_init(struct feed_reader *r, const struct feed *f);
/* Behind the entry of that id: from the oldest if it is gone, and from the end
 * if it is another process's.  -1 if it has not the form of an id. */
int feed_reader_seek(struct feed_reader *r, const struct feed *f, struct str id);
/* From the oldest. */
void feed_reader_rewind(struct feed_reader *r, const struct feed *f);
/* False: there is no other; `more` will be called. */
bool feed_next(struct feed *f, struct feed_reader *r, struct feed_entry *e);
void feed_reader_release(struct feed *f, struct feed_reader *r);

#endif
