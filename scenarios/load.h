/*
 * load.h - the inside of scenario_load(), shared by its files.
 *
 *	load.c          values into structs, by schema.h
 *	load_file.c     files and their cases
 *	load_include.c  what a file includes
 *	load_world.c    readers for what no kind of key covers: codes, latency, quirks
 *	load_expect.c   expectations: of answers, events, devices
 *	load_steps.c    steps, one by one
 *	load_loops.c    lists of steps, with loops written out
 *	names.c         which names exist: for templates and references
 */
#ifndef SCENARIOS_LOAD_H
#define SCENARIOS_LOAD_H

#include "scenarios/schema.h"
#include "scenarios/template.h"

enum {
	STEPS_MAX = 20000,	/* loops written out */
	CASES_MAX = 1000,
	INCLUDES_MAX = 64,
	INCLUDE_DEPTH_MAX = 8,
	BUDGET = 64 << 20,	/* bytes that variables of one file may fill in */
	FLEET_MAX = 1000000,
};

struct name {
	struct str name;		/* p NULL: a free slot */
	enum scenario_object object;
	const struct value *value;	/* of a thing of the world; may be NULL */
	struct pos pos;
};

/* Open addressing; at most half full. */
struct names {
	struct name *table;
	size_t size, count;
};

/* Loops around a step, innermost first. */
struct loop_scope {
	const struct loop_scope *outer;
	const struct template_var *vars;
	struct str text;		/* "i=3", or with those outside it */
};

struct loader {
	struct arena *arena;
	struct diag *diag;
	const struct value *world;	/* the map of that name, or NULL */
	const struct value *cases;	/* all rows, for messages */
	struct names names;
	struct scenario_step *steps;	/* malloc()ed while it grows */
	size_t step_count, step_cap;
	size_t rounds;			/* of loops */
	size_t budget;			/* bytes that variables may still fill in */
	bool has_case;
};

/* ---- load_include.c ----------------------------------------------------- */

/* The file's map, merged over what it includes; `world`, if any, wins over the file's. */
const struct value *load_included(const struct source *source, const struct value *world,
				  struct arena *arena, struct diag *diag);

/* ---- load.c ------------------------------------------------------------- */

/* "expected `what`, found ..." at `v`; always -1. */
int load_mismatch(struct loader *l, const struct value *v, const char *what);
int load_object(struct loader *l, const struct schema *schema,
		const struct value *v, void *object);
/* One value by its row, into the struct that the row's offsets are for. */
int load_key(struct loader *l, const struct schema_key *key,
	     const struct value *v, void *object);
int load_duration(struct loader *l, const struct value *v, int64_t *ns);
const struct schema_key *schema_find(const struct schema *schema, struct str name);

/* ---- load_world.c ------------------------------------------------------- */

int load_codes(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object);
int load_latencies(struct loader *l, const struct schema_key *key,
		   const struct value *v, void *object);
int load_device_latencies(struct loader *l, const struct schema_key *key,
			  const struct value *v, void *object);
int load_power(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object);
int load_skew(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object);
int load_fleet_template(struct loader *l, const struct schema_key *key,
			const struct value *v, void *object);
int load_quirks(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int load_always(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int check_code(struct loader *l, const struct value *v, void *object);
int check_carrier(struct loader *l, const struct value *v, void *object);
int check_device(struct loader *l, const struct value *v, void *object);
int check_iccid(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int check_eid(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object);
int check_device_id(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object);
/* A quirk with its parameters; `step`: to be set while the world runs. */
int load_quirk(struct loader *l, const struct value *v, bool step,
	       struct scenario_quirk *out);

/* ---- load_loops.c ------------------------------------------------------- */

int load_steps(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object);
/* The same for `finally`, when all names of the steps are known. */
int load_finally(struct loader *l, const struct value *v);

/* ---- load_expect.c ------------------------------------------------------ */

/* Has `s`, written at `pos`, the form of a JSON pointer? */
int load_pointer(struct loader *l, struct str s, struct pos pos, unsigned width);
int load_expect(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int load_event(struct loader *l, const struct schema_key *key,
	       const struct value *v, void *object);
int load_event_fields(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object);
int load_expect_device(struct loader *l, const struct schema_key *key,
		       const struct value *v, void *object);

/* ---- load_steps.c ------------------------------------------------------- */

/* One step, with what it saves; `scope`: the loops around it, or NULL. */
int load_step(struct loader *l, const struct value *v,
	      const struct loop_scope *scope);
int load_save(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object);
int load_headers(struct loader *l, const struct schema_key *key,
		 const struct value *v, void *object);
int load_verb(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object);
int load_body(struct loader *l, const struct schema_key *key,
	      const struct value *v, void *object);
int load_as(struct loader *l, const struct schema_key *key,
	    const struct value *v, void *object);
int load_at(struct loader *l, const struct schema_key *key,
	    const struct value *v, void *object);
int load_within(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int load_set(struct loader *l, const struct schema_key *key,
	     const struct value *v, void *object);
int load_action(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int load_target(struct loader *l, const struct schema_key *key,
		const struct value *v, void *object);
int load_quirk_name(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object);
int check_request(struct loader *l, const struct value *v, void *object);
int check_wait(struct loader *l, const struct value *v, void *object);

/* ---- names.c ------------------------------------------------------------ */

/* All things of the world; what two have the same name is an error. */
int names_build(struct loader *l);
const struct name *names_find(const struct loader *l, struct str name);
/* A variable is known from now on. */
int names_add_variable(struct loader *l, struct str name, struct pos pos,
		       unsigned width);
/* Do all templates in there name something that exists? */
int names_check_text(struct loader *l, const struct value *v);
int names_check_key(struct loader *l, const struct member *m);
int names_check_value(struct loader *l, const struct value *v);
/* Is it the key of one of `refs` (REF_...)? */
int names_check_ref(struct loader *l, const struct value *v, unsigned refs);
/* The same for a text in another value. */
int names_check_ref_text(struct loader *l, struct str text,
			 const struct value *v, unsigned refs);
bool is_name(struct str s);

#endif
