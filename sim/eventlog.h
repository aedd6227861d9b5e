/*
 * eventlog.h - the one event log: what happened, when, to whom.
 *
 * A line is a JSON object: {"t":12.345678,"party":"shop","event":"order-queued",
 * "order":"..."}; `t` is simulated seconds since the start.  It is the golden
 * file, the debugger, the dashboard's feed and the report's source, so it
 * holds nothing that differs between two runs of one seed (no pointer, process
 * id or wall time) and never a secret: activation codes, keys and passwords
 * are not passed to it, and `redact` is the net below.
 *
 * A party's name is its kind, or kind/name: "server", "device/router".
 */
#ifndef SIM_EVENTLOG_H
#define SIM_EVENTLOG_H

#include "sim/buf.h"
#include "sim/clock.h"

enum field_kind { FIELD_STR, FIELD_INT, FIELD_BOOL, FIELD_TIME };

/* One member of an event beyond t, party and event. */
struct field {
	const char *key;
	enum field_kind kind;
	struct str s;
	int64_t i;	/* FIELD_INT, FIELD_BOOL; FIELD_TIME in ns */
};

#define F_STR(key, str) { (key), FIELD_STR, (str), 0 }
#define F_Z(key, z) { (key), FIELD_STR, str_of(z), 0 }
#define F_INT(key, n) { (key), FIELD_INT, STR_NONE, (int64_t)(n) }
#define F_BOOL(key, b) { (key), FIELD_BOOL, STR_NONE, (b) ? 1 : 0 }
#define F_TIME(key, at) { (key), FIELD_TIME, STR_NONE, (at).ns }

struct event {
	struct instant at;
	struct str party;
	const char *name;
	const struct field *fields;
	size_t field_count;
};

/*
 * Someone who is told of every event, in order, in the callback that caused
 * it.  It may arm timers, but must not call into a party.  `line` is the
 * event as JSON without a newline, valid during the call, and empty unless
 * the listener asked for lines.
 */
struct eventlog_listener {
	void (*tell)(struct eventlog_listener *, const struct event *,
		     struct str line);
	bool wants_line;
	struct eventlog_listener *next;
};

struct eventlog {
	const struct clock *clock;
	struct eventlog_listener *listeners;
	bool wants_line;
	uint64_t count;			/* events since the start */
	struct buf line;
	/* Masks secrets in a string value, in place; may be NULL. */
	void (*redact)(struct buf *line);
};

void eventlog_init(struct eventlog *log, const struct clock *clock);
void eventlog_release(struct eventlog *log);
/* The log does not own listeners. */
void eventlog_listen(struct eventlog *log, struct eventlog_listener *l);
void eventlog_unlisten(struct eventlog *log, struct eventlog_listener *l);

void eventlog_emit(struct eventlog *log, struct str party, const char *name,
		   const struct field *fields, size_t field_count);

/* EVENT(log, party, "order-queued", F_STR("order", id), F_INT("n", 3)); costs
 * next to nothing while nobody listens. */
#define EVENT(log, party, name, ...) \
	do { \
		struct eventlog *event_log_ = (log); \
		if (event_log_->listeners) { \
			const struct field event_fields_[] = { __VA_ARGS__ }; \
			eventlog_emit(event_log_, (party), (name), event_fields_, \
				      sizeof(event_fields_) / sizeof(struct field)); \
		} \
	} while (0)

/* The value of `key` in an event, or NULL. */
const struct field *event_field(const struct event *e, const char *key);
/* Its string value, or STR_NONE. */
struct str event_str(const struct event *e, const char *key);

#endif
