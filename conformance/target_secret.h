/*
 * target_secret.h - values of a target file that may come from elsewhere:
 * ${env:NAME} within a text, file:PATH as all of it.  And what of the file
 * may be shown.  For conformance/target*.c only.
 */
#ifndef CONFORMANCE_TARGET_SECRET_H
#define CONFORMANCE_TARGET_SECRET_H

#include "conformance/target.h"
#include "scenarios/load.h"

/* The text that `v` stands for, NUL-terminated in the arena. */
int target_text(struct loader *l, const struct value *v, struct str *out);
/* The path that `v` names: relative to the file that says so. */
int target_path(struct loader *l, const struct value *v, struct str *out);
/* A tree like `v` in which texts are what they stand for. */
const struct value *target_expand(struct loader *l, const struct value *v);

/* The same for a text of the command line; `from` says which, in errors. */
int target_text_of(const char *text, const char *from, struct arena *a,
		   struct str *out, struct err *err);

#endif
