/*
 * rewrite.h - the tools that defects are made of.
 *
 * An edit is one rule at work on one exchange.  Its functions change
 * e->x->req before the party sees it, or e->x->resp on its way back; they may
 * answer themselves, let it wait, and ask the party behind the wrapper
 * further questions, with the same credentials or somebody else's.
 *
 * Whoever sets e->held goes on later with edit_go_on(); otherwise the
 * exchange goes on when the function returns.  What has to be remembered from
 * one exchange to another is a note (text by name) of the world.
 */
#ifndef CONFORMANCE_DEFECTS_REWRITE_H
#define CONFORMANCE_DEFECTS_REWRITE_H

#include "conformance/defects/defect.h"
#include "scenarios/world.h"
#include "sim/json.h"

struct gate;

struct edit {
	struct http_hook hook;		/* first */
	struct defect_world *dw;
	struct world *w;
	struct gate *gate;
	const struct defect_rule *rule;
	struct http_exchange *x;
	struct http_request req;	/* as it came, copied */
	struct str path;		/* of it, without .json */
	const char *arg;		/* rule->arg, or "" */
	bool held;			/* the function goes on later */
	bool answered;			/* ... or has answered: do not ask the party */
	bool replying;			/* the party has answered */
	size_t next_rule;		/* the seam's own, */
	bool inside;			/* and this: the function has not returned */
	void *own;			/* the function's own, for its continuation */
};

/* ---- Going on. ---------------------------------------------------------- */

void edit_go_on(struct edit *e);
/* Answer instead of the party (in `request`), or replace its answer. */
void edit_reply(struct edit *e, int status, struct str json);
/* An error in the form of the API. */
void edit_error(struct edit *e, int status, const char *message);

struct ask {
	const char *method;		/* NULL: as it came; so are the others */
	struct str path, query;		/* query.p "" and n 0: without one */
	const struct world_user *as;
	struct str body;
};

/* Ask the party behind the wrapper; sets e->held.  `then` goes on. */
void edit_ask(struct edit *e, const struct ask *q,
	      void (*then)(struct edit *e, struct http_response *r));
/* Its answer becomes the answer. */
void edit_take(struct edit *e, const struct http_response *r);

/* ---- Remembering. ------------------------------------------------------- */

/* STR_NONE if there is none. */
struct str note_get(struct edit *e, const char *kind, struct str name);
void note_put(struct edit *e, const char *kind, struct str name, struct str value);
int64_t note_count(struct edit *e, const char *kind, struct str name, int64_t add);
struct rng *edit_rng(struct edit *e);
int64_t edit_now_ms(const struct edit *e);

/* ---- Who asks. ---------------------------------------------------------- */

/* The user of the world whose credentials the request has, or NULL. */
const struct world_user *edit_user(const struct edit *e);
/* One of another account, or NULL. */
const struct world_user *edit_stranger(const struct edit *e);

/* ---- Arguments: "a=b,c=d". --------------------------------------------- */

/* The next item of a list, cut at `sep`; false at its end. */
bool next_item(struct str *list, char sep, struct str *item);
/* What `from` becomes by "from=to,..." or STR_NONE. */
struct str mapped(const char *arg, struct str from);
/* "404 4xx any" */
bool status_in(const char *set, int status);

/* Is it sure that the function would do nothing to this request or answer? */
bool edit_is_idle(edit_fn *fn, struct edit *e);

/* ---- Query parameters. -------------------------------------------------- */

/* Decoded; STR_NONE if there is none. */
struct str param_get(struct edit *e, const char *name);
/* Replace or add; value STR_NONE takes it out. */
void param_set(struct edit *e, const char *name, struct str value);
/* The same for a query as text. */
struct str query_with(struct arena *a, struct str query, const char *name,
		      struct str value);

/* ---- JSON. -------------------------------------------------------------- */

/* The body of the answer (or the request, before it goes on), or NULL. */
cJSON *body_json(struct edit *e);
/* Put it back; frees it. */
void body_put(struct edit *e, cJSON *tree);
void body_text(struct edit *e, struct str text);

/* Every row: each item of "list", or the object itself; then put it back. */
void each_row(struct edit *e, void (*fn)(struct edit *e, cJSON *row));
/* The list of an answer, or NULL; and its new "count". */
cJSON *rows_of(cJSON *tree);
void count_rows(cJSON *tree);
struct str row_str(const cJSON *row, const char *key);
void row_set(cJSON *row, const char *key, cJSON *value);
/* The member that names a row: iccid, transaction, id. */
struct str row_key(const cJSON *row);

/* ---- CSV. --------------------------------------------------------------- */

struct csv_table {
	struct csv_line {
		struct str *cells;
		size_t count;
	} *lines;			/* the header first */
	size_t count, cap;
};

struct csv_style {
	char separator;
	bool no_quotes, no_doubling, no_header;
	const char *unset;		/* for an empty cell */
};

void csv_read(struct edit *e, struct csv_table *t);
void csv_put(struct edit *e, const struct csv_table *t, struct csv_style style);

#endif
