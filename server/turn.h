/*
 * turn.h - one write transaction for a turn of the loop, and the answers that
 * wait until what they say is safe.
 *
 * Whatever a turn writes is committed at its end.  An answer of a turn that
 * wrote leaves after the commit; and where commits are synced beside the loop
 * (syncer.h), every answer leaves after the sync that covers what it may have
 * seen.  The turns that go by during a sync share the next transaction.
 * Events wait like answers, and those of a turn that was lost are never told.  So nothing is told that a crash or a power failure could take back,
 * and no order is placed for a transaction that might never have been.
 */
#ifndef SERVER_TURN_H
#define SERVER_TURN_H

#include "server/syncer.h"
#include "sim/eventlog.h"
#include "sim/http.h"

struct server;

/* An answer that waits, and an event. */
struct held_reply {
	struct http_exchange *x;
	struct held_reply *next;
};

struct held_event {
	const char *name;
	const struct field *fields;
	size_t count;
	struct held_event *next;
};

/* What waits for the same. */
struct batch {
	struct held_reply *replies, **replies_tail;
	struct held_event *events, **events_tail;
	struct arena arena;		/* of the events */
};

struct turns {
	struct task task;		/* first: commits at the end of a turn */
	struct server *server;
	struct syncer *syncer;		/* NULL: a commit is safe when it returns */
	struct batch batches[2];
	struct batch *open;		/* waits for a commit, */
	struct batch *closed;		/* and for the end of the sync */
	bool running;			/* that has begun */
	uint64_t committed;		/* transactions, since the start */
	uint64_t safe;			/* those of them that are on the disk */
};

void turn_init(struct server *s);
/* Commits, and waits until it is safe.  Who waits for an answer is gone. */
void turn_free(struct server *s);
/* Commits are synced by that from now on, which is owned; NULL: they need not. */
void turn_sync_by(struct server *s, struct syncer *syncer);
/* Is each turn committed at its end?  Not while the server is set up. */
void turn_watch(struct server *s, bool on);
/* End the turn here and now: what it wrote is safe, and its answers are gone. */
void turn_settle(struct server *s);
/* Commit here and now, and wait until it is safe. */
int turn_commit(struct server *s, struct err *err);

/* Of the transaction that has what the store holds now. */
uint64_t turn_number(const struct server *s);
bool turn_is_safe(const struct server *s, uint64_t number);
/* Before something that can wait: to whoever makes things safe, if he is at it. */
void turn_give_way(struct server *s);

/* Log an event of the server's, when what it says is safe; strings are copied,
 * and keys and names live for ever. */
void turn_tell(struct server *s, const char *name, const struct field *fields, size_t count);

#define TELL(s, name, ...) \
	do { \
		struct server *tell_server_ = (s); \
		if (tell_server_->log->listeners) { \
			const struct field tell_fields_[] = { __VA_ARGS__ }; \
			turn_tell(tell_server_, (name), tell_fields_, \
				  sizeof(tell_fields_) / sizeof(struct field)); \
		} \
	} while (0)

#endif
