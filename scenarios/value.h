/*
 * value.h - a YAML value that knows where it is written.
 *
 * Scenarios are trees of these, from yaml.h.  They are read-only and live in
 * the arena of whoever loaded them; an alias (*x) shares the node of its
 * anchor.  Plain scalars have the types of YAML 1.2's core schema: `no` and
 * `0123` are not what YAML 1.1 makes of them (a string, the number 123).
 */
#ifndef SCENARIOS_VALUE_H
#define SCENARIOS_VALUE_H

#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/json.h"

/* A file's text, kept so that messages can show the line. */
struct source {
	struct str name;	/* as it was given, or found through include */
	struct str text;
};

/* Where something is written; line and column count from 1, 0 is nowhere. */
struct pos {
	const struct source *source;	/* NULL: made by the program */
	unsigned line, column;
};

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_FLOAT,
	VALUE_STR,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_KINDS
};

struct member;

struct value {
	enum value_kind kind;
	bool quoted;		/* a scalar in quotes or a block: always VALUE_STR */
	bool templated;		/* it, or something in it, holds "${" */
	struct pos pos;
	unsigned width;		/* bytes to underline at pos */
	unsigned weight;	/* nodes in it, aliases written out */
	unsigned height;	/* levels of nesting in it; a scalar has 0 */
	struct str text;	/* scalars: as written, without quotes */
	union {
		bool b;
		int64_t i;
		double f;
	} as;
	/* VALUE_LIST: items; VALUE_MAP: members.  Both in the file's order. */
	const struct value *const *items;
	const struct member *members;
	size_t count;
	const uint32_t *index;	/* of a large map: see value_index() */
	size_t index_size;
};

struct member {
	struct str key;
	struct pos pos;		/* of the key */
	unsigned width;
	const struct value *value;
};

/* "a number", "a string", "a list", ...: for messages. */
const char *value_kind_name(enum value_kind kind);

/* The member `key`, or NULL; also if `map` is no map. */
const struct value *value_get(const struct value *map, const char *key);
const struct member *value_member(const struct value *map, struct str key);

/*
 * Make members of a large map quick to find; a small one needs nothing.  If
 * two keys are the same, returns the later of the two members, and NULL
 * otherwise.
 */
const struct member *value_index(struct value *map, struct arena *a);

/* New values for templates and tests; `text` is not copied. */
struct value *value_new(struct arena *a, enum value_kind kind, struct pos pos);
struct value *value_str(struct arena *a, struct str text);
struct value *value_int(struct arena *a, int64_t i);
struct value *value_bool(struct arena *a, bool b);

/* Deep copy out of a cJSON tree, which may go afterwards. */
struct value *value_from_json(struct arena *a, const cJSON *json);

/* As JSON: what a request body is made of. */
void value_json(struct buf *out, const struct value *v);
/* As a string in a URL or header: scalars as they are, the rest as JSON. */
void value_text(struct buf *out, const struct value *v);

/* The line of `pos` in its source, without its end; empty if nowhere. */
struct str pos_line(struct pos pos);

#endif
