/*
 * quirk_rsp.h - tools for quirks that change what an SM-DP+ or a device says in
 * the terms of SGP.22: the binary members of its messages, and the signatures over
 * those of an SM-DP+.
 *
 * A fault is one row of a table (quirk_rsp.c, quirk_bpp.c): which row of the
 * quirks and which word of its parameter `what`, in the answer to which
 * function, and how.  What it changes may be signed anew, so that a check
 * behind the signature has something to find.  For scenarios/quirk*.c only.
 */
#ifndef SCENARIOS_QUIRK_RSP_H
#define SCENARIOS_QUIRK_RSP_H

#include "scenarios/quirk_impl.h"
#include "proto/es9.h"
#include "proto/rsp.h"

enum { QUIRK_PATH_MAX = 4, QUIRK_EDITS_MAX = 2 };

/* The new members of an answer; those of a fault that did not fit are none. */
struct quirk_edit {
	struct { const char *key; struct str bytes; } list[QUIRK_EDITS_MAX];
	size_t count;
};

struct quirk_fault {
	const char *quirk, *what;	/* `what` NULL: the row has no such parameter */
	enum es9_function function;
	bool request;			/* it is the request that is changed, not its answer */
	/* False: there is nothing here that it could change. */
	bool (*edit)(struct quirk_active *q, struct quirk_pass *p,
		     const struct quirk_fault *f, struct quirk_edit *e);
	const char *member;		/* of that */
	uint32_t path[QUIRK_PATH_MAX + 1];	/* tags from the outermost; 0 ends it */
	struct str value;		/* the new one; none: the last bit is another */
};

/* Those of quirk_bpp.c. */
extern const struct quirk_fault quirk_bpp_faults[];
extern const size_t quirk_bpp_fault_count;

/* The TLV at that place, whole, or STR_NONE. */
struct str quirk_der_find(struct str der, const uint32_t *path);
/* `der` with another TLV at that place, or with none (STR_NONE); all lengths fit. */
struct str quirk_der_replace(struct arena *a, struct str der, const uint32_t *path,
			     struct str with);
/* A TLV like `t` with the fault's value, or else with its last bit changed. */
struct str quirk_der_altered(struct arena *a, struct str t, const struct quirk_fault *f);
/* One TLV. */
struct str quirk_der(struct arena *a, uint32_t tag, struct str value);

/* A base64 member of a JSON text, decoded; STR_NONE if it has none. */
struct str quirk_bytes(const struct quirk_pass *p, struct str json, const char *key);
void quirk_edit_put(struct quirk_edit *e, const char *key, struct str bytes);
/* As the SM-DP+ behind the gate signs; a whole 5F37, or STR_NONE. */
struct str quirk_sign(struct quirk_active *q, struct quirk_pass *p, enum rsp_role role,
		      struct str first, struct str second);

#endif
