/*
 * template.h - "${name.path[0]}" in strings.
 *
 * A string that is one template keeps the type of what it names; otherwise
 * the value's text is inserted.  "$${" is a literal "${", "$$${x}" a '$' before x.  A filter may
 * follow: "${carrier.name|quoted}"; template_filters[] is the list.
 * Names are resolved by whoever asks, through `lookup`.
 */
#ifndef SCENARIOS_TEMPLATE_H
#define SCENARIOS_TEMPLATE_H

#include "scenarios/value.h"
#include "sim/err.h"

/*
 * The value of `path` ("router.device_id", "freds.codes[0].iccid").  Returns
 * a value (in `a`, or older than it), or NULL with `err`, whose message names
 * the path.
 */
struct template_names {
	const struct value *(*lookup)(void *arg, struct str path,
				      struct arena *a, struct err *err);
	void *arg;
};

struct template_filter {
	const char *name;
	const char *help;
	void (*apply)(struct buf *out, struct str text);
};

extern const struct template_filter template_filters[];
extern const size_t template_filter_count;

/* Cut the first step off `path`: ".name" or "[3]" (then name.p is NULL). */
int template_path_step(struct str *path, struct str *name, uint64_t *index);

/*
 * What `path` (".list[0].name", or empty) leads to from `root`: members of
 * maps, items of lists.  NULL with `err` if there is no such thing.  A lookup
 * whose variables have names such as "ops[3]" tries these first.
 */
const struct value *template_walk(const struct value *root, struct str path,
				  struct err *err);

/* All templates in `text` inserted: one value of any kind; NULL with `err`. */
const struct value *template_expand(struct str text,
				    const struct template_names *names,
				    struct arena *a, struct err *err);
/* The same, as a string. */
int template_expand_str(struct str text, const struct template_names *names,
			struct arena *a, struct str *out, struct err *err);
/*
 * The same for a URL or path with query: what is inserted is percent-encoded
 * but for unreserved characters, what is written only where it is not legal
 * in a URL ("?query=carrier='Mobile'").  A template at the very start stands
 * for a whole URL and is treated as if it were written.
 */
int template_expand_url(struct str text, const struct template_names *names,
			struct arena *a, struct str *out, struct err *err);
/* A whole tree, keys included.  What holds no template is not copied. */
const struct value *template_expand_value(const struct value *v,
					  const struct template_names *names,
					  struct arena *a, struct err *err);

/*
 * For validation: calls `see` with every path named in `text` and its offset
 * there; -1 with `err` (and `*at`) if a template is malformed or its filter
 * unknown.
 */
int template_scan(struct str text,
		  void (*see)(void *arg, struct str path, size_t at), void *arg,
		  size_t *at, struct err *err);

/*
 * What is known when a scenario is loaded: `${case.x}`, loop variables.
 * Replaces these names and leaves the others as they are; goes inside out,
 * so that "${op_${i}}" works.
 */
struct template_var {
	struct str name;		/* "case", "i", "it" */
	const struct value *value;	/* a map for "case": ${case.x}; or NULL */
	struct str alias;		/* ${it.eid} becomes ${<alias>.eid} */
	uint64_t index;			/* ${it.index}, with an alias */
	const struct template_var *outer;
};
/* `budget` falls by the bytes that the result takes; at 0 nothing is replaced
 * any more, and the caller should give up. */
const struct value *template_substitute(const struct value *v,
					const struct template_var *vars,
					struct arena *a, size_t *budget);

#endif
