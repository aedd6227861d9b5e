/*
 * schema.h - what may stand where in a scenario, as tables.
 *
 * A row is a key: its kind, where its value goes, its limits, a sentence for
 * the reference.  load.c reads and checks by these tables and schema_doc.c
 * writes docs/scenarios.md from them, so the two cannot differ.
 */
#ifndef SCENARIOS_SCHEMA_H
#define SCENARIOS_SCHEMA_H

#include "scenarios/scenario.h"

struct loader;
struct schema;

enum key_kind {
	KEY_STR,	/* struct str; no templates but case and loop variables */
	KEY_PROSE,	/* struct str, for readers: templates stay as they are */
	KEY_TEMPLATE,	/* struct str [T] */
	KEY_TEXT,	/* struct scenario_text [T]: a string or null */
	KEY_BOOL,	/* bool */
	KEY_INT,	/* int64_t from min to max */
	KEY_DURATION,	/* int64_t ns */
	KEY_TIME,	/* int64_t Unix ms */
	KEY_WORD,	/* unsigned: the word's value */
	KEY_WORD_STR,	/* struct str: the word */
	KEY_FLAGS,	/* unsigned: the words' values, or-ed */
	KEY_REF,	/* struct str: key of something in the world */
	KEY_ANY,	/* const struct value * [T] */
	KEY_STRS,	/* struct { struct str *list; size_t count; }: one, or a list */
	KEY_OBJECT,	/* a struct that `of` describes */
	KEY_LIST,	/* struct { X *list; size_t count; } of such */
	KEY_NAMED,	/* the same, from a map: X begins with struct str key */
	KEY_CUSTOM,	/* `read` knows */
	KEY_ELSEWHERE,	/* handled before: include, cases */
	KEY_KINDS
};

struct schema_word {
	const char *name;	/* NULL ends a list */
	unsigned value;
	const char *help;
};

/* What a KEY_REF may name; a set of these bits. */
enum {
	REF_CARRIER = 1 << OBJECT_CARRIER,
	REF_DEVICE = 1 << OBJECT_DEVICE,	/* and an element of a fleet */
	REF_FLEET = 1 << OBJECT_FLEET,
	REF_ACCOUNT = 1 << OBJECT_ACCOUNT,
	REF_USER = 1 << OBJECT_USER,
	REF_SMDP = 1 << OBJECT_SMDP,
	REF_SERVER = 1 << OBJECT_SERVER,	/* the words server and eis */
	REF_EIS = 1 << OBJECT_EIS,
	REF_GATEWAY = 1 << 28,			/* the word gateway */
	REF_ADDRESS = 1 << 29,			/* or a host name, with a dot */
};

struct schema_key {
	const char *name;
	enum key_kind kind;
	bool required;
	size_t offset;			/* in the struct that is filled */
	size_t given;			/* of a bool to set, or 0 */
	int64_t min, max;		/* KEY_INT; KEY_STR: length if max */
	unsigned refs;			/* KEY_REF */
	const struct schema_word *words;
	const struct schema *of;
	int (*read)(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object);
	const char *takes;		/* KEY_CUSTOM: "a duration or a model" */
	const char *usual;		/* the default in words, or NULL */
	const char *help;
};

struct schema {
	const char *name;		/* "a device": for messages and as a title */
	size_t size;
	size_t pos_offset;		/* of a struct pos, or SCHEMA_NO_POS */
	const struct schema_key *keys;
	size_t key_count;
	const struct schema *base;	/* more keys, of the same struct */
	/* What no row can say; called when all else was right. */
	int (*check)(struct loader *l, const struct value *v, void *object);
	const char *help;
};

#define SCHEMA_NO_POS SIZE_MAX

extern const struct schema schema_scenario, schema_world, schema_device_latency;

/* All but actions, in the order of the reference. */
extern const struct schema *const schema_list[];
extern const size_t schema_count;

/* A step is told by the one key that only its kind has. */
struct step_form {
	const char *verb;
	enum step_kind kind;
	const struct schema *schema;
};
extern const struct step_form step_forms[];
extern const size_t step_form_count;
extern const struct schema schema_loop;

/* `for` and `each` before they are written out. */
struct loop_spec {
	struct pos pos;
	const struct value *over;	/* for */
	const struct value *each;
	const struct value *steps;
	struct str as;
	struct str name, note;
};

/* An action: `power-off: router`, `set-spn: {device: router, ...}`. */
struct action_form {
	const char *name;
	const struct schema *args;	/* of struct scenario_action */
	const char *short_key;		/* the argument that a scalar stands for */
	const char *needs;		/* the member that the control API asks for, or NULL */
	const char *help;
};
extern const struct action_form action_forms[ACTIONS];
/* What is done to a device by that name, or NULL. */
const struct action_form *action_on_device(struct str name);

/* Latency models: {uniform: [a, b]} and so on. */
struct latency_form {
	enum latency_kind kind;
	const char *takes;
	const char *help;
};
extern const struct latency_form latency_forms[];
extern const size_t latency_form_count;

/* What `expect` may look at besides JSON pointers. */
struct expect_word {
	const char *name;
	enum expect_what what;
	const char *help;
};
extern const struct expect_word expect_words[];
extern const size_t expect_word_count;

/* What a key takes, in words. */
const char *schema_takes(const struct schema_key *key);

/* The reference: what docs/scenarios.md has behind its marker. */
void schema_write_markdown(struct buf *out);

/* The same as a JSON Schema (draft 2020-12), for editors: what can be said of
 * one file alone.  `fragment`: a file that others include. */
void schema_write_json(struct buf *out, bool fragment);

#endif
