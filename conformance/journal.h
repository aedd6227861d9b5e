/*
 * journal.h - the checks that are done, on disk, so that an interrupted
 * judgement can go on where it was.
 *
 * JSON lines: first what was judged and how, then a line for each check that is
 * through.  A file of another suite, target, depth or options is refused: its
 * verdicts would be about something else.  A last line that was cut off is
 * not there.
 */
#ifndef CONFORMANCE_JOURNAL_H
#define CONFORMANCE_JOURNAL_H

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/map.h"

struct journal_key {
	struct str suite_hash, target, options;
	uint64_t seed;
};

struct journal {
	const char *path;
	int fd;
	struct map results;		/* id -> struct str *: result_write()'s bytes */
	size_t count;			/* that were there when it was opened */
};

/* Open it, or make it.  Strings are in `a`.  journal_close() afterwards. */
int journal_open(struct journal *j, const char *path, const struct journal_key *key,
		 struct arena *a, struct err *err);
void journal_close(struct journal *j);

/* The bytes of a check's result, or STR_NONE. */
struct str journal_find(const struct journal *j, struct str id);
/* One more; on disk when this returns. */
int journal_add(struct journal *j, struct str id, struct str bytes,
		struct err *err);

#endif
