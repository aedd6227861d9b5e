#include "server/store.h"

#include "proto/spn.h"
#include "server/share.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	QUERIES_MAX = 64,
	PAGE_SIZE_MEMORY = 1024,
	CACHE_KIB = 16 << 10,		/* of a file's pages */
	CHECKPOINT_PAGES = 4000,	/* in the log, if it is synced elsewhere */
	BUSY_OPEN_MS = 1000,		/* for another process to let go */
	BUSY_MS = 5000,			/* and, among workers, to have the turn */
	SPARE_SIZE_MAX = 8 << 20,	/* bytes that a spare store may hold on to */
	/* About a second; and how often it is looked at. */
	STEPS_MAX = 50000000, STEPS_TICK = 10000,
};

struct stmt {
	struct store *store;
	sqlite3_stmt *raw;	/* NULL: not prepared so far, or it failed */
	int bound;
	bool busy;
	bool reads_only;
	bool limited, stopped;
	char *text;		/* of a query made at run time; owned */
	size_t text_n;
	uint64_t used;
};

struct store {
	sqlite3 *db;
	char *path;		/* of the file, or NULL */
	bool no_spare;		/* began as the image of another */
	bool writing;
	uint64_t commits;
	bool failed;
	struct err err;
	struct share *share;	/* NULL: no other process writes */
	uint64_t held_at;	/* commits of all when the held reading began */
	int changes;		/* in the store when the transaction began */
	void (*began)(void *);
	void *began_arg;
	struct stmt begin, commit, rollback;
	struct stmt hold;	/* open while a turn reads: see hold_reading() */
	struct stmt fixed[SQL_COUNT];
	struct stmt queries[QUERIES_MAX];
	uint64_t clock;		/* counts uses of `queries` */
	int64_t steps_max, steps;	/* of a limited statement */
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

/* What to do about it; the rest speaks for itself. */
static const struct {
	int code;
	const char *advice;
} advices[] = {
	{ SQLITE_BUSY, "another process has locked it: stop that one, or wait for it" },
	{ SQLITE_LOCKED, "another process has locked it: stop that one, or wait for it" },
	{ SQLITE_CORRUPT, "it is damaged: put a backup in its place, or rescue what"
			  " can be read with sqlite3's .recover" },
	{ SQLITE_FULL, "the disk is full: make room, nothing else is needed" },
	{ SQLITE_IOERR, "the disk refuses: see that it is there, has room and is in order" },
	{ SQLITE_NOTADB, "it is no store of esimrig: name another file" },
	{ SQLITE_READONLY, "it cannot be written: see to its owner and permissions" },
	{ SQLITE_CANTOPEN, "it cannot be opened: see to its owner and permissions, and to"
			   " those of the files -wal and -shm beside it" },
	{ SQLITE_PERM, "see to its owner and permissions" },
};

/* "store /var/rig.db: write: database or disk is full; the disk is full: ..." */
static int explain(struct store *st, const char *what, struct err *err)
{
	int code = sqlite3_errcode(st->db) & 0xFF;
	const char *advice = NULL;

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].code == code)
			advice = advices[i].advice;
	return err_set(err, ERR_IO, "store %s: %s%s%s%s%s",
		       st->path ? st->path : "in memory", what ? what : "",
		       what ? ": " : "", sqlite3_errmsg(st->db),
		       st->path && advice ? "; " : "",
		       st->path && advice ? advice : "");
}

static void set_failed(struct store *st)
{
	st->failed = true;
	/* The turn has something to end, even if nothing was written. */
	if (!st->writing && st->began)
		st->began(st->began_arg);
}

static void fail(struct store *st, const char *what)
{
	if (st->failed)
		return;		/* the first failure explains the others */
	explain(st, what, &st->err);
	set_failed(st);
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
	return explain(st, NULL, err);
}

static int read_number(struct store *st, const char *sql, int *number,
		       struct err *err)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(st->db, sql, -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*number = rc == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
	if (rc != SQLITE_ROW)
		explain(st, NULL, err);
	sqlite3_finalize(q);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* Is the file one of ours, and not of a later day? */
static int check_version(struct store *st, int version, struct err *err)
{
	int tables = 0;

	if (version > VERSION)
		return err_set(err, ERR_STATE,
			       "store %s: it has version %d, and this program knows up to %d:"
			       " use the newer program", st->path, version, VERSION);
	if (version > 0)
		return 0;
	if (read_number(st, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0)
		return -1;
	if (tables > 0)
		return err_set(err, ERR_STATE, "store %s: it is the database of another"
			       " program: name another file", st->path);
	return 0;
}

static int migrate_from(struct store *st, int version, struct err *err)
{
	char pragma[64];

	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version + 1);
	if (exec(st, migrations[version], err) == 0 && exec(st, pragma, err) == 0 &&
	    exec(st, "COMMIT", err) == 0)
		return 0;
	sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* Another process may be doing the same: the version counts that is read
 * once the store is ours. */
static int migrate(struct store *st, struct err *err)
{
	int version;

	for (;;) {
		if (read_number(st, "PRAGMA user_version", &version, err) < 0 ||
		    check_version(st, version, err) < 0)
			return -1;
		if (version == VERSION)
			return 0;
		if (exec(st, "BEGIN IMMEDIATE", err) < 0)
			return -1;
		if (read_number(st, "PRAGMA user_version", &version, err) < 0 ||
		    version >= VERSION) {
			sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
			continue;
		}
		if (migrate_from(st, version, err) < 0)
			return -1;
	}
}

static int configure(struct store *st, struct err *err)
{
	char pragma[160];

	sqlite3_busy_timeout(st->db, BUSY_OPEN_MS);
	if (sqlite3_create_function(st->db, "fold", 1,
				    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				    sql_fold, NULL, NULL) != SQLITE_OK)
		return explain(st, NULL, err);
	if (st->path) {
		snprintf(pragma, sizeof(pragma), "PRAGMA journal_mode = WAL;"
			 "PRAGMA synchronous = FULL; PRAGMA cache_size = -%d", CACHE_KIB);
		return exec(st, pragma, err);
	}
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
	drop_stmt(&st->hold);
	for (size_t i = 0; i < SQL_COUNT; i++)
		drop_stmt(&st->fixed[i]);
	for (size_t i = 0; i < QUERIES_MAX; i++)
		drop_stmt(&st->queries[i]);
	sqlite3_close(st->db);
	free(st->path);
	free(st);
}

/*
 * What SQLite would say of it is less than we can see.  It also reads a file
 * that it cannot write, and makes a new one for a name with a slip in it.
 */
static int check_file(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	char *dir = slash ? strndup(path, n ? n : 1) : strdup(".");
	struct stat st;
	int rc = 0;

	assert(dir);
	if (stat(dir, &st) < 0)
		rc = err_set(err, ERR_IO, "store %s: unable to open: directory %s: %s: make it,"
			     " or name another file", path, dir, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		rc = err_set(err, ERR_IO, "store %s: unable to open: %s is no directory",
			     path, dir);
	else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_IO, "store %s: it is no file: name one", path);
	else if (eaccess(path, F_OK) == 0 && eaccess(path, R_OK | W_OK) < 0)
		rc = err_set(err, ERR_IO, "store %s: %s: see to its owner and permissions",
			     path, strerror(errno));
	else if (eaccess(dir, W_OK | X_OK) < 0)
		rc = err_set(err, ERR_IO, "store %s: directory %s: %s: files are made beside"
			     " the store, so see to its owner and permissions", path, dir,
			     strerror(errno));
	free(dir);
	return rc;
}

/* Activation codes are in it, so a new one is for its owner alone; SQLite gives
 * the files beside it the same mode.  If it cannot be made, SQLite says why. */
static void make_private(const char *path)
{
	struct stat st;
	int fd;

	/* One that is there is not opened: to close it would drop its locks. */
	if (stat(path, &st) == 0)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

int store_prepare(const char *path, struct err *err)
{
	if (check_file(path, err) < 0)
		return -1;
	make_private(path);
	return 0;
}

/* A path is one even if it looks like a URI. */
static int open_database(const char *path, int flags, sqlite3 **db)
{
	size_t size = (path ? strlen(path) : 0) + sizeof("./:memory:");
	char *name = malloc(size);
	int rc;

	assert(name);
	snprintf(name, size, "%s%s", path && strncmp(path, "file:", 5) == 0 ? "./" : "",
		 path ? path : ":memory:");
	rc = sqlite3_open_v2(name, db, flags, NULL);
	free(name);
	return rc;
}

struct store *store_open(const char *path, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX;
	struct store *st = spare;

	if (path && strcmp(path, ":memory:") == 0)
		path = NULL;
	if (!path && spare) {
		spare = NULL;
		return st;
	}
	/* There are no threads, so locks are for nothing, and so is counting
	 * every allocation; this is refused, and does no harm, once SQLite is
	 * in use. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	st = calloc(1, sizeof(*st));
	assert(st);
	if (path) {
		st->path = strdup(path);
		assert(st->path);
		if (store_prepare(path, err) < 0)
			goto fail;
	}
	if (open_database(path, flags, &st->db) != SQLITE_OK) {
		explain(st, NULL, err);
		goto fail;
	}
	if (configure(st, err) < 0 || migrate(st, err) < 0)
		goto fail;
	sqlite3_busy_timeout(st->db, BUSY_MS);
	return st;
fail:
	destroy(st);
	return NULL;
}

unsigned char *store_image(struct store *st, size_t *size)
{
	sqlite3_int64 n = 0;
	unsigned char *bytes, *copy;

	bytes = sqlite3_serialize(st->db, "main", &n, 0);
	copy = bytes ? malloc((size_t)n) : NULL;
	if (copy)
		memcpy(copy, bytes, (size_t)n);
	sqlite3_free(bytes);
	*size = (size_t)n;
	return copy;
}

/* SQLite frees it, however that comes out. */
static int put_image(struct store *st, struct str image, struct err *err)
{
	unsigned char *bytes = sqlite3_malloc64(image.n);

	if (!bytes)
		return err_set(err, ERR_IO, "no memory");
	memcpy(bytes, image.p, image.n);
	if (sqlite3_deserialize(st->db, "main", bytes, (sqlite3_int64)image.n,
				(sqlite3_int64)image.n, SQLITE_DESERIALIZE_FREEONCLOSE |
				SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK)
		return 0;
	return err_set(err, ERR_INVALID, "the server's database is damaged: %s",
		       sqlite3_errmsg(st->db));
}

struct store *store_open_image(struct str image, struct err *err)
{
	struct store *st = calloc(1, sizeof(*st));

	assert(st);
	st->no_spare = true;
	if (sqlite3_open_v2(":memory:", &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			    NULL) != SQLITE_OK)
		explain(st, NULL, err);
	else if (put_image(st, image, err) == 0 && configure(st, err) == 0 &&
		 migrate(st, err) == 0)
		return st;
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

static void drop_spare(void)
{
	if (spare)
		destroy(spare);
	spare = NULL;
}

/* Given back when the process ends, so that a leak checker sees only leaks. */
static void keep_spare(struct store *st)
{
	static bool asked;

	if (!asked)
		asked = atexit(drop_spare) == 0;
	spare = st;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (!st->path && !spare && !st->no_spare && make_empty(st))
		keep_spare(st);
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

/*
 * All reads of a turn share one read transaction: to begin and end one for
 * each statement takes locks of the file, and longer than most statements do.
 * A statement that has not ended keeps it open.
 */
static void hold_reading(struct store *st)
{
	uint64_t commits;

	if (!st->path || !st->began || st->hold.busy || st->writing || st->failed)
		return;
	if (!st->hold.raw)
		prepare(st, &st->hold, STR("SELECT 1 FROM sqlite_schema"));
	commits = st->share ? share_commits(st->share) : 0;
	if (!st->hold.raw || sqlite3_step(st->hold.raw) != SQLITE_ROW)
		return;		/* then without */
	st->hold.busy = true;
	st->held_at = commits;
	st->began(st->began_arg);
}

static void end_hold(struct store *st)
{
	if (st->hold.busy)
		sqlite3_reset(st->hold.raw);
	st->hold.busy = false;
}

/* Workers wait in the kernel for each other, and not for longer than SQLite
 * would wait for a stranger. */
static bool take_turn(struct store *st)
{
	if (!st->share || share_take_turn(st->share, BUSY_MS * NS_PER_MS))
		return true;
	err_set(&st->err, ERR_IO, "store %s: another worker has been writing for %d s",
		st->path, BUSY_MS / 1000);
	set_failed(st);
	return false;
}

static void give_turn(struct store *st)
{
	if (st->share)
		share_give_turn(st->share);
}

static void begin_writing(struct store *st)
{
	if (st->writing || st->failed)
		return;
	/* What it has read may be old by now, and cannot be written upon. */
	end_hold(st);
	if (!take_turn(st))
		return;
	if (!run_plain(st, &st->begin, "BEGIN IMMEDIATE")) {
		give_turn(st);
		return;
	}
	st->writing = true;
	st->changes = sqlite3_total_changes(st->db);
	if (st->began)
		st->began(st->began_arg);
}

void store_share(struct store *st, struct share *sh)
{
	assert(st->path && !st->writing);
	st->share = sh;
}

void store_begin(struct store *st)
{
	if (st->share)
		begin_writing(st);
}

void store_refresh(struct store *st)
{
	if (st->hold.busy && st->share && share_commits(st->share) != st->held_at)
		end_hold(st);
}

void store_on_begin(struct store *st, void (*began)(void *arg), void *arg)
{
	st->began = began;
	st->began_arg = arg;
}

bool store_writing(const struct store *st)
{
	return st->writing || st->failed;
}

const struct err *store_failed(const struct store *st)
{
	return st->failed ? &st->err : NULL;
}

bool store_is_file(const struct store *st)
{
	return st->path != NULL;
}

const char *store_log_path(const struct store *st)
{
	/* SQLite follows links: it need not be beside the name that we were given. */
	return st->path ? sqlite3_filename_wal(sqlite3_db_filename(st->db, "main")) : NULL;
}

void store_sync_elsewhere(struct store *st)
{
	char pragma[96];
	struct err err;

	/* A checkpoint is two syncs for which everybody waits, however much it
	 * writes.  If this is refused, each commit goes on waiting. */
	snprintf(pragma, sizeof(pragma), "PRAGMA wal_autocheckpoint = %d;"
		 "PRAGMA synchronous = NORMAL", CHECKPOINT_PAGES);
	exec(st, pragma, &err);
}

uint64_t store_commits(const struct store *st)
{
	return st->commits;
}

/* The transaction has ended.  One that changed nothing is no commit. */
static void end_turn(struct store *st, bool committed)
{
	if (!st->share) {
		st->commits += committed;
		return;
	}
	if (committed && sqlite3_total_changes(st->db) != st->changes) {
		st->commits++;
		share_committed(st->share);
	}
	give_turn(st);
}

void store_give_up(struct store *st, const struct err *why)
{
	if (st->failed)
		return;
	st->err = *why;
	st->failed = true;
}

int store_commit(struct store *st, struct err *err)
{
	bool ok = !st->failed;

	end_hold(st);
	if (st->writing) {
		ok = ok && run_plain(st, &st->commit, "COMMIT");
		/* Some failures have rolled back already. */
		if (!ok && !sqlite3_get_autocommit(st->db))
			run_plain(st, &st->rollback, "ROLLBACK");
		st->writing = false;
		end_turn(st, ok);
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
	else
		hold_reading(st);
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

		if (q->raw && q->text_n == sql.n &&
		    memcmp(q->text, sql.p, sql.n) == 0) {
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
	oldest->text_n = sql.n;
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

static int count_steps(void *arg)
{
	struct store *st = arg;

	st->steps += STEPS_TICK;
	return st->steps > (st->steps_max ? st->steps_max : STEPS_MAX);
}

void stmt_limit(struct stmt *q)
{
	q->limited = true;
	q->stopped = false;
	q->store->steps = 0;
	sqlite3_progress_handler(q->store->db, STEPS_TICK, count_steps, q->store);
}

bool stmt_stopped(const struct stmt *q)
{
	return q->stopped;
}

void store_set_steps(struct store *st, int64_t steps)
{
	st->steps_max = steps;
}

void stmt_end(struct stmt *q)
{
	if (q->raw)
		sqlite3_reset(q->raw);
	if (q->limited)
		sqlite3_progress_handler(q->store->db, 0, NULL, NULL);
	q->limited = false;
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
	if (rc == SQLITE_INTERRUPT && q->limited)
		q->stopped = true;
	else if (rc != SQLITE_DONE)
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

int64_t store_new_rid(const struct store *st)
{
	return sqlite3_last_insert_rowid(st->db);
}

struct str stmt_peek(struct stmt *q, int column)
{
	const void *p = sqlite3_column_blob(q->raw, column);

	/* What is empty has no address either. */
	if (!p && sqlite3_column_type(q->raw, column) == SQLITE_NULL)
		return STR_NONE;
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
