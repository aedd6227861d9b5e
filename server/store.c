#include "server/store.h"

#include "proto/spn.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	QUERIES_MAX = 64,
	PAGE_SIZE_MEMORY = 1024,
	BUSY_MS = 5000,
	SPARE_SIZE_MAX = 8 << 20,	/* bytes that a spare store may hold on to */
};

struct stmt {
	struct store *store;
	sqlite3_stmt *raw;	/* NULL: not prepared so far, or it failed */
	int bound;
	bool busy;
	bool reads_only;
	char *text;		/* of a query made at run time; owned */
	uint64_t used;
};

struct store {
	sqlite3 *db;
	bool file;
	bool writing;
	uint64_t commits;
	bool failed;
	struct err err;
	void (*began)(void *);
	void *began_arg;
	struct stmt begin, commit, rollback;
	struct stmt fixed[SQL_COUNT];
	struct stmt queries[QUERIES_MAX];
	uint64_t clock;		/* counts uses of `queries` */
};

static const char *const fixed_text[SQL_COUNT] = {
#define X(name, text) text,
	STORE_SQL(X)
#undef X
};

static const char *const migrations[] = {
#define X(text) text,
	STORE_MIGRATIONS(X)
#undef X
};

enum { VERSION = sizeof(migrations) / sizeof(migrations[0]) };

/*
 * An empty store in memory, with its statements prepared, left by a world
 * that ended.  Worlds come by the thousand, one after another, and making
 * one anew takes some thirty times as long as emptying an old one.
 */
static struct store *spare;

static void fail(struct store *st, const char *what)
{
	if (st->failed)
		return;		/* the first failure explains the others */
	st->failed = true;
	err_set(&st->err, ERR_IO, "store: %s: %s", what, sqlite3_errmsg(st->db));
}

/* ---- Opening. ---------------------------------------------------------- */

/* fold(text): see spn_fold(). */
static void sql_fold(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct arena a = { 0 };
	struct str text, folded;

	(void)argc;
	text.p = (const char *)sqlite3_value_text(argv[0]);
	text.n = (size_t)sqlite3_value_bytes(argv[0]);
	if (!text.p)
		text = STR("");
	folded = spn_fold(&a, text);
	sqlite3_result_text(ctx, folded.p, (int)folded.n, SQLITE_TRANSIENT);
	arena_release(&a);
}

static int exec(struct store *st, const char *sql, struct err *err)
{
	if (sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return err_set(err, ERR_IO, "store: %s", sqlite3_errmsg(st->db));
}

static int read_version(struct store *st, int *version, struct err *err)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(st->db, "PRAGMA user_version", -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*version = rc == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
	sqlite3_finalize(q);
	if (rc == SQLITE_ROW)
		return 0;
	return err_set(err, ERR_IO, "store: %s", sqlite3_errmsg(st->db));
}

static int migrate(struct store *st, struct err *err)
{
	char pragma[64];
	int version;

	if (read_version(st, &version, err) < 0)
		return -1;
	if (version > VERSION)
		return err_set(err, ERR_STATE,
			       "store: it has version %d, and this program knows up to %d",
			       version, VERSION);
	for (; version < VERSION; version++) {
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version + 1);
		if (exec(st, "BEGIN IMMEDIATE", err) < 0)
			return -1;
		if (exec(st, migrations[version], err) < 0 ||
		    exec(st, pragma, err) < 0 || exec(st, "COMMIT", err) < 0) {
			sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
			return -1;
		}
	}
	return 0;
}

static int configure(struct store *st, struct err *err)
{
	char pragma[128];

	sqlite3_busy_timeout(st->db, BUSY_MS);
	if (sqlite3_create_function(st->db, "fold", 1,
				    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				    sql_fold, NULL, NULL) != SQLITE_OK)
		return err_set(err, ERR_IO, "store: %s", sqlite3_errmsg(st->db));
	if (st->file)
		return exec(st, "PRAGMA journal_mode = WAL;"
				"PRAGMA synchronous = FULL", err);
	/* Nothing outlives the process, but a turn can still be rolled back. */
	snprintf(pragma, sizeof(pragma),
		 "PRAGMA page_size = %d; PRAGMA journal_mode = MEMORY;"
		 "PRAGMA synchronous = OFF", PAGE_SIZE_MEMORY);
	return exec(st, pragma, err);
}

static void drop_stmt(struct stmt *q)
{
	sqlite3_finalize(q->raw);
	free(q->text);
	*q = (struct stmt){ 0 };
}

static void destroy(struct store *st)
{
	drop_stmt(&st->begin);
	drop_stmt(&st->commit);
	drop_stmt(&st->rollback);
	for (size_t i = 0; i < SQL_COUNT; i++)
		drop_stmt(&st->fixed[i]);
	for (size_t i = 0; i < QUERIES_MAX; i++)
		drop_stmt(&st->queries[i]);
	sqlite3_close(st->db);
	free(st);
}

struct store *store_open(const char *path, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX;
	struct store *st = spare;

	if (!path && spare) {
		spare = NULL;
		return st;
	}
	/* Counting every allocation costs a lock each; it is refused, and does
	 * no harm, once SQLite is in use. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	st = calloc(1, sizeof(*st));
	assert(st);
	st->file = path != NULL;
	if (sqlite3_open_v2(path ? path : ":memory:", &st->db, flags, NULL) !=
	    SQLITE_OK) {
		err_set(err, ERR_IO, "store: %s", sqlite3_errmsg(st->db));
		goto fail;
	}
	if (configure(st, err) < 0 || migrate(st, err) < 0)
		goto fail;
	return st;
fail:
	if (path)
		err_prefix(err, "%s", path);
	destroy(st);
	return NULL;
}

/* Empty again, as if it was new?  Only what is small is worth it. */
static bool make_empty(struct store *st)
{
	static const char *const sql = "BEGIN;"
#define X(table) "DELETE FROM " table ";"
		STORE_TABLES(X)
#undef X
		"COMMIT";
	int bytes = 0, highest = 0;
	struct err err;

	if (st->writing || st->failed ||
	    sqlite3_db_status(st->db, SQLITE_DBSTATUS_CACHE_USED, &bytes,
			      &highest, 0) != SQLITE_OK || bytes > SPARE_SIZE_MAX)
		return false;
	st->began = NULL;
	return exec(st, sql, &err) == 0;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (!st->file && !spare && make_empty(st))
		spare = st;
	else
		destroy(st);
}

/* ---- The write transaction. -------------------------------------------- */

static void prepare(struct store *st, struct stmt *q, struct str sql)
{
	q->store = st;
	if (sqlite3_prepare_v3(st->db, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT,
			       &q->raw, NULL) != SQLITE_OK)
		fail(st, "prepare");
	q->reads_only = q->raw && sqlite3_stmt_readonly(q->raw);
}

static bool run_plain(struct store *st, struct stmt *q, const char *sql)
{
	int rc;

	if (!q->raw)
		prepare(st, q, str_of(sql));
	if (!q->raw)
		return false;
	rc = sqlite3_step(q->raw);
	if (rc != SQLITE_DONE)
		fail(st, sql);
	sqlite3_reset(q->raw);
	return rc == SQLITE_DONE;
}

static void begin_writing(struct store *st)
{
	if (st->writing || st->failed)
		return;
	if (!run_plain(st, &st->begin, "BEGIN IMMEDIATE"))
		return;
	st->writing = true;
	if (st->began)
		st->began(st->began_arg);
}

void store_on_begin(struct store *st, void (*began)(void *arg), void *arg)
{
	st->began = began;
	st->began_arg = arg;
}

bool store_writing(const struct store *st)
{
	return st->writing;
}

const struct err *store_failed(const struct store *st)
{
	return st->failed ? &st->err : NULL;
}

bool store_is_file(const struct store *st)
{
	return st->file;
}

uint64_t store_commits(const struct store *st)
{
	return st->commits;
}

int store_commit(struct store *st, struct err *err)
{
	bool ok = !st->failed;

	if (st->writing) {
		ok = ok && run_plain(st, &st->commit, "COMMIT");
		/* Some failures have rolled back already. */
		if (!ok && !sqlite3_get_autocommit(st->db))
			run_plain(st, &st->rollback, "ROLLBACK");
		st->writing = false;
		st->commits += ok;
	}
	st->failed = false;
	if (!ok)
		*err = st->err;
	return ok ? 0 : -1;
}

/* ---- Statements. ------------------------------------------------------- */

static struct stmt *start(struct store *st, struct stmt *q)
{
	assert(!q->busy);	/* used to its end before it is used again */
	q->busy = true;
	q->bound = 0;
	if (q->raw && !q->reads_only)
		begin_writing(st);
	return q;
}

struct stmt *store_sql(struct store *st, enum store_sql which)
{
	struct stmt *q = &st->fixed[which];

	if (!q->raw)
		prepare(st, q, str_of(fixed_text[which]));
	return start(st, q);
}

struct stmt *store_query(struct store *st, struct str sql)
{
	struct stmt *oldest = NULL;

	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct stmt *q = &st->queries[i];

		if (q->raw && str_eq(sql, str_of(q->text))) {
			q->used = ++st->clock;
			return start(st, q);
		}
		if (!q->busy && (!oldest || q->used < oldest->used))
			oldest = q;
	}
	assert(oldest);
	drop_stmt(oldest);
	oldest->text = strndup(sql.p, sql.n);
	assert(oldest->text);
	oldest->used = ++st->clock;
	prepare(st, oldest, sql);
	return start(st, oldest);
}

static void check_bind(struct stmt *q, int rc)
{
	if (q->raw && rc != SQLITE_OK)
		fail(q->store, "bind");
}

struct stmt *stmt_str(struct stmt *q, struct str value)
{
	/* A parameter that is not bound is NULL, but an old binding stays. */
	int at = ++q->bound;

	check_bind(q, !q->raw ? 0 : value.p ?
		   sqlite3_bind_text64(q->raw, at, value.p, value.n,
				       SQLITE_STATIC, SQLITE_UTF8) :
		   sqlite3_bind_null(q->raw, at));
	return q;
}

struct stmt *stmt_int(struct stmt *q, int64_t value)
{
	int at = ++q->bound;

	check_bind(q, !q->raw ? 0 : value != STMT_NULL ?
		   sqlite3_bind_int64(q->raw, at, value) :
		   sqlite3_bind_null(q->raw, at));
	return q;
}

struct stmt *stmt_blob(struct stmt *q, const void *bytes, size_t n)
{
	int at = ++q->bound;

	check_bind(q, !q->raw ? 0 :
		   sqlite3_bind_blob64(q->raw, at, bytes, n, SQLITE_STATIC));
	return q;
}

void stmt_end(struct stmt *q)
{
	if (q->raw)
		sqlite3_reset(q->raw);
	q->busy = false;
}

bool stmt_row(struct stmt *q)
{
	int rc = SQLITE_DONE;

	assert(q->busy);
	assert(!q->raw || q->bound == sqlite3_bind_parameter_count(q->raw));
	if (q->raw && !q->store->failed)
		rc = sqlite3_step(q->raw);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		fail(q->store, q->reads_only ? "read" : "write");
	stmt_end(q);
	return false;
}

int stmt_run(struct stmt *q)
{
	struct store *st = q->store;

	while (stmt_row(q))
		;
	return st->failed ? 0 : sqlite3_changes(st->db);
}

struct str stmt_peek(struct stmt *q, int column)
{
	const void *p;

	if (sqlite3_column_type(q->raw, column) == SQLITE_NULL)
		return STR_NONE;
	p = sqlite3_column_blob(q->raw, column);
	return (struct str){ p ? p : "",
			     (size_t)sqlite3_column_bytes(q->raw, column) };
}

struct str stmt_text(struct stmt *q, int column, struct arena *a)
{
	struct str s = stmt_peek(q, column);

	return s.p ? arena_str(a, s) : STR_NONE;
}

int64_t stmt_i64(struct stmt *q, int column)
{
	return sqlite3_column_int64(q->raw, column);
}

bool stmt_is_null(struct stmt *q, int column)
{
	return sqlite3_column_type(q->raw, column) == SQLITE_NULL;
}
