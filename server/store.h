/*
 * store.h - what the server must not forget, in SQLite.
 *
 * One write transaction per turn of the loop: it begins by itself with the
 * first statement that writes, and `began` tells the server, which commits at
 * the end of the turn and lets the answers go only then.
 *
 * A failure (disk full, damaged file) is remembered, not returned: what is
 * read after it is "no row", what is written is not.  Whoever uses the
 * results looks at store_failed() once, before an answer leaves.
 *
 * A statement is used to its end before anything else runs it: stmt_row()
 * until it says false, or stmt_end().  Bound strings live until then.
 */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "server/server.h"
#include "server/sql.h"

struct stmt;

/* `began(arg)` is called when a transaction begins: one that writes, or in a
 * file also the one that all reads of a turn share; and when something fails.
 * The turn is to end with store_commit(). */
void store_on_begin(struct store *st, void (*began)(void *arg), void *arg);
/* Is there something to commit, or has something failed? */
bool store_writing(const struct store *st);
/* End the transaction, if there is one.  -1: nothing of it happened. */
int store_commit(struct store *st, struct err *err);
/* The next store_commit() takes all back, and says why. */
void store_give_up(struct store *st, const struct err *why);
/* Write transactions that were committed since it was opened. */
uint64_t store_commits(const struct store *st);
/* Has anything failed since the last commit?  What, or NULL. */
const struct err *store_failed(const struct store *st);
/* In a file, and so there after the process ends? */
bool store_is_file(const struct store *st);
/* Where commits are written first, from the first one on; NULL: it is no file. */
const char *store_log_path(const struct store *st);
/* From now on a commit does not wait for the disk: the caller syncs the log
 * before he relies on it.  The file stays sound, whatever happens. */
void store_sync_elsewhere(struct store *st);

/*
 * Other processes use the store as well, and wait for their turn to write
 * (share.h).  They see what was committed when their next request begins.
 */
struct share;
void store_share(struct store *st, struct share *sh);
/* What is read from here on in this turn decides what is written.  In a store
 * that others write to, the transaction must begin before that; otherwise
 * this does nothing. */
void store_begin(struct store *st);
/* What was read before is old: look again, if others have committed since. */
void store_refresh(struct store *st);

/* A statement, ready to be bound. */
struct stmt *store_sql(struct store *st, enum store_sql which);
/* The same from text made at run time; the last few are kept prepared. */
struct stmt *store_query(struct store *st, struct str sql);

/* Bind the next parameter.  STR_NONE and STMT_NULL are NULL. */
#define STMT_NULL INT64_MIN
struct stmt *stmt_str(struct stmt *q, struct str value);
struct stmt *stmt_int(struct stmt *q, int64_t value);
struct stmt *stmt_blob(struct stmt *q, const void *bytes, size_t n);

/*
 * A query that somebody else thought of may not go on for ever: once it has
 * taken the store's limit of steps (of SQLite's machine) there are no more rows,
 * and stmt_stopped() says so.  That is no failure of the store.
 */
void stmt_limit(struct stmt *q);
bool stmt_stopped(const struct stmt *q);
/* Other than usual, which is about a second; for tests. */
void store_set_steps(struct store *st, int64_t steps);
/* Is there another row?  After the last one the statement has ended. */
bool stmt_row(struct stmt *q);
void stmt_end(struct stmt *q);
/* Run a statement without rows; the number of rows it changed. */
int stmt_run(struct stmt *q);
/* The rid of the row that was inserted last; RETURNING makes a table of its
 * own for that, and drops it again. */
int64_t store_new_rid(const struct store *st);

/* Columns of the row, from 0; text is copied and NULL is STR_NONE. */
struct str stmt_text(struct stmt *q, int column, struct arena *a);
/* Without a copy: until the next step. */
struct str stmt_peek(struct stmt *q, int column);
int64_t stmt_i64(struct stmt *q, int column);
bool stmt_is_null(struct stmt *q, int column);

#endif
