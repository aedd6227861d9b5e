/*
 * yaml.h - YAML text into a tree of values, with limits.
 *
 * One document; YAML 1.2 core types; libyaml's events, so that every node
 * keeps its place.  Refused with a place and a reason: keys given twice, tabs
 * as indentation, tags other than !!str, bytes that are not UTF-8, files that
 * are too large, too deep or, with aliases written out, have too many nodes.
 */
#ifndef SCENARIOS_YAML_H
#define SCENARIOS_YAML_H

#include "scenarios/diag.h"

enum {
	YAML_SIZE_MAX = 1 << 20,	/* bytes of a file */
	YAML_DEPTH_MAX = 64,
	YAML_NODES_MAX = 100000,	/* aliases written out */
	YAML_ANCHORS_MAX = 256,
};

/*
 * Read a regular file of at most YAML_SIZE_MAX bytes.  `name` and the text
 * are in `a`.  One that is not there may be among those that the program
 * carries (shipped.h).  NULL with an error at `from` (where it was asked for;
 * may be nowhere).
 */
struct source *yaml_read(const char *path, struct pos from, struct arena *a,
			 struct diag *d);

/* The tree of `source`; NULL with an error.  An empty document is an error. */
const struct value *yaml_parse(const struct source *source, struct arena *a,
			       struct diag *d);

/* The type that a plain scalar has in the core schema. */
void yaml_resolve(struct value *scalar);

#endif
