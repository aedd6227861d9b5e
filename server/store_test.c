/*
 * Goal: what was acknowledged is in the file, what failed is not, and a file
 * that is no store of ours gives a clear error.
 * Method: real files in a directory of the test's own; the server of the
 * other tests on top of one.
 */
#include "server/rig_test.h"

#include "server/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[80];
static struct rig r;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/store_test.XXXXXX");
	ck_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/db", dir);
}

static void remove_file(const char *suffix)
{
	char name[100];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	unlink(name);
}

static void teardown(void)
{
	remove_file("");
	remove_file("-wal");
	remove_file("-shm");
	rmdir(dir);
}

static void write_file(const char *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	ck_assert(f != NULL);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void exec(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void ck_refused(const char *in_message)
{
	struct err err = { 0 };
	struct store *st = store_open(path, &err);

	ck_assert(st == NULL);
	ck_assert_msg(strstr(err.msg, in_message) && strstr(err.msg, path), "%s", err.msg);
}

START_TEST(not_a_store)
{
	static const char text[4096] = "this is a letter to a friend";

	write_file(text, sizeof(text));
	ck_refused("not a database");
}
END_TEST

START_TEST(of_a_newer_version)
{
	struct err err = { 0 };

	store_close(store_open(path, &err));
	exec("PRAGMA user_version = 99");
	ck_refused("version 99");
}
END_TEST

/* Every migration, to make stores as earlier programs left them. */
static const char *const migrations[] = {
#define X(text) text,
	STORE_MIGRATIONS(X)
#undef X
};

enum { NEWEST = sizeof(migrations) / sizeof(migrations[0]) };

static void make_version_1(void)
{
	exec(migrations[0]);
	exec("INSERT INTO accounts VALUES(1, 'One');"
	     "INSERT INTO devices(device_id, customer_id, eid, sequence, created)"
	     " VALUES('" DEVICE "', 1, '" EID "', 41, 5);"
	     "INSERT INTO profiles(device_id, iccid, customer_id, eid, number, carrier,"
	     " carrier_key, normalized_carrier, status, type, updated) VALUES('" DEVICE "',"
	     " '" ICCID1 "', 1, '" EID "', 3, 'Mobile', 'mobile', 'mobile', 'active',"
	     " 'Operational', 6);"
	     "INSERT INTO transactions(id, customer_id, device_id, eid, iccid, action,"
	     " status, message_code, message, created, updated) VALUES('t-1', 1, '" DEVICE "',"
	     " '" EID "', NULL, 'download', 'complete', 'complete', 'm', 7, 8);"
	     "INSERT INTO operations(id, customer_id, device_id, eid, carrier,"
	     " normalized_carrier, operation, status, message_code, message, cause,"
	     " created_by, source, created, updated, finished) VALUES('o-1', 1,"
	     " '" DEVICE "', '" EID "', 'MÖBEL', 'möbel', 'activate', 'failed', 'no_code',"
	     " 'm', 'request', 'ann', 's', 9, 10, 10);"
	     "INSERT INTO codes(customer_id, iccid, carrier, carrier_key,"
	     " normalized_carrier, status, activation_code, code_hash, created, updated)"
	     " VALUES(1, '" ICCID2 "', 'x', 'x', 'x', 'available', '" SECRET1 "', x'00', 11, 12);"
	     "PRAGMA user_version = 1");
}

/* A list asked by its fields, and sorted by them: one row, and which. */
static const struct {
	const char *uri, *pointer, *value;
} old_rows[] = {
	{ "inventory?query=type='operational'", "/list/0/iccid", ICCID1 },
	{ "inventory?orderby=id", "/list/0/id", "3" },
	{ "inventory?query=id=3", "/list/0/type", "Operational" },
	{ "transactions/inventory?query=iccid=''", "/list/0/transaction", "t-1" },
	{ "transactions/inventory?orderby=iccid", "/list/0/transaction", "t-1" },
	{ "operations/inventory?query=carrier='m%C3%B6bel'", "/list/0/id", "o-1" },
	{ "operations/inventory?orderby=carrier", "/list/0/carrier", "M\xC3\x96" "BEL" },
	{ "operations/inventory?query=job_id=1", "/list/0/id", "o-1" },
};

START_TEST(of_an_older_version)
{
	make_version_1();
	rig_init(&r, path);
	for (size_t i = 0; i < sizeof(old_rows) / sizeof(old_rows[0]); i++) {
		ck_status(rig_get(&r, arena_printf(&r.arena, "/ws/v1/esim_profiles/%s",
						   old_rows[i].uri).p), 200);
		ck_json(&r, "/count", "1");
		ck_json(&r, old_rows[i].pointer, old_rows[i].value);
	}
	rig_get(&r, "/ws/v1/esim_activation_codes/inventory?query=device_id=''");
	ck_json(&r, "/list/0/iccid", ICCID2);
	/* Its sequence is known still. */
	r.sequence = 40;
	rig_report(&r, "[]");
	ck_json(&r, "/applied", "false");
	rig_release(&r);
}
END_TEST

static int number_in_file(const char *sql)
{
	sqlite3_stmt *q;
	sqlite3 *db;
	int number;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, sql, -1, &q, NULL);
	ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
	number = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return number;
}

/* A migration that fails leaves the store as it was. */
START_TEST(migration_that_fails)
{
	struct err err = { 0 };

	make_version_1();
	exec("DROP INDEX profiles_by_iccid");
	ck_refused("profiles_by_iccid");
	ck_assert_int_eq(number_in_file("PRAGMA user_version"), 1);
	exec("CREATE INDEX profiles_by_iccid ON profiles(iccid)");
	store_close(store_open(path, &err));
	ck_assert_int_eq(number_in_file("PRAGMA user_version"), NEWEST);
}
END_TEST

/* It would be in memory, and all of it gone at the end. */
START_TEST(named_like_a_uri)
{
	int here = open(".", O_PATH | O_DIRECTORY);
	struct store *st;
	struct err err;

	ck_assert_int_eq(chdir(dir), 0);
	st = store_open("file:x?mode=memory", &err);
	ck_assert_msg(st, "%s", err.msg);
	store_close(st);
	ck_assert_int_eq(access("file:x?mode=memory", F_OK), 0);
	ck_assert_int_eq(unlink("file:x?mode=memory"), 0);
	ck_assert_int_eq(fchdir(here), 0);
	close(here);
}
END_TEST

START_TEST(no_such_directory)
{
	snprintf(path, sizeof(path), "%s/nowhere/db", dir);
	ck_refused("unable to open");
}
END_TEST

START_TEST(of_another_program)
{
	exec("CREATE TABLE letters(text TEXT)");
	ck_refused("another program");
}
END_TEST

START_TEST(not_a_file)
{
	snprintf(path, sizeof(path), "%s", dir);
	ck_refused("it is no file");
	snprintf(path, sizeof(path), "/dev/null/db");
	ck_refused("is no directory");
}
END_TEST

START_TEST(locked_by_another)
{
	struct err err = { 0 };
	sqlite3 *other;

	store_close(store_open(path, &err));
	ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE;"
		"BEGIN EXCLUSIVE; CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
	ck_refused("another process has locked it");
	sqlite3_close(other);
	store_close(store_open(path, &err));
}
END_TEST

/* Permissions do not hold the superuser. */
static void as_nobody(bool yes)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(yes ? 65534 : 0), 0);
}

START_TEST(read_only_file)
{
	struct err err = { 0 };

	store_close(store_open(path, &err));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(chmod(path, 0444), 0);
	as_nobody(true);
	ck_refused("see to its owner and permissions");
	as_nobody(false);
}
END_TEST

START_TEST(read_only_directory)
{
	struct err err = { 0 };

	store_close(store_open(path, &err));
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(chmod(dir, 0555), 0);
	as_nobody(true);
	ck_refused("files are made beside the store");
	/* Nor can a new one be made there. */
	snprintf(path, sizeof(path), "%s/new", dir);
	ck_refused("files are made beside the store");
	as_nobody(false);
	ck_assert_int_eq(chmod(dir, 0777), 0);
	snprintf(path, sizeof(path), "%s/db", dir);
}
END_TEST

static long size_of(const char *suffix)
{
	struct stat st;
	char name[100];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static void copy_file(const char *suffix, char *bytes, size_t n, const char *to)
{
	char name[100];
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	f = fopen(name, "r");
	ck_assert(f && fread(bytes, 1, n, f) == n);
	fclose(f);
	snprintf(name, sizeof(name), "%s%s", path, to);
	f = fopen(name, "w");
	ck_assert(f && fwrite(bytes, 1, n, f) == n);
	fclose(f);
}

/* Cut anywhere, the log gives up its last transactions and nothing else. */
START_TEST(truncated_log)
{
	static char bytes[4 << 20];
	char names[2][16] = { "-2", "-2-wal" };
	long whole, cut;

	rig_init(&r, path);
	for (int i = 0; i < 5; i++)
		ck_status(rig_post(&r, "/ws/v1/esim_activation_codes/inventory",
			arena_printf(&r.arena, "{\"iccid\":\"894400000000000010%d\",\"carrier\":"
				"\"x\",\"activation_code\":\"LPA:1$smdp.example.com$A%d\"}", i, i).p), 201);
	whole = size_of("-wal");
	ck_assert_int_gt(whole, 0);
	ck_assert_int_lt(whole, (long)sizeof(bytes));
	for (cut = 0; cut < whole; cut += whole / 23) {
		struct err err = { 0 };
		char copy[100];
		struct store *st;
		struct stmt *q;
		int n = 0;

		copy_file("", bytes, (size_t)size_of(""), names[0]);
		copy_file("-wal", bytes, (size_t)(whole - cut), names[1]);
		snprintf(copy, sizeof(copy), "%s-2", path);
		st = store_open(copy, &err);
		ck_assert_msg(st != NULL, "%ld of %ld: %s", cut, whole, err.msg);
		q = store_query(st, STR("SELECT iccid FROM codes ORDER BY rid"));
		for (; stmt_row(q); n++)	/* the first ones, without a gap */
			ck_assert_int_eq(stmt_peek(q, 0).p[18], '0' + n);
		ck_assert(store_failed(st) == NULL);
		ck_assert(n == 5 || cut > 0);
		store_close(st);
		remove_file("-2");
		remove_file("-2-wal");
		remove_file("-2-shm");
	}
	rig_release(&r);
}
END_TEST

/* Bytes within the file are not what they were. */
START_TEST(damaged)
{
	static char bytes[8 << 20];
	struct err err = { 0 };
	size_t n;
	FILE *f;

	store_close(store_open(path, &err));
	n = (size_t)size_of("");
	ck_assert_uint_lt(n, sizeof(bytes));
	f = fopen(path, "r+");
	ck_assert(f && fread(bytes, 1, n, f) == n);
	memset(bytes + 100, 0xEE, n - 100);
	rewind(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
	ck_refused("it is damaged");
}
END_TEST

/* One table is damaged: the others go on. */
START_TEST(damaged_in_part)
{
	char bytes[4096];
	int page;
	FILE *f;

	rig_init(&r, path);
	rig_release(&r);
	page = number_in_file("SELECT rootpage FROM sqlite_schema WHERE name = 'codes_page'");
	memset(bytes, 0xEE, sizeof(bytes));
	f = fopen(path, "r+");
	ck_assert(f && fseek(f, (page - 1) * 4096L, SEEK_SET) == 0);
	ck_assert_uint_eq(fwrite(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	fclose(f);
	rig_init(&r, path);
	ck_status(rig_get(&r, "/ws/v1/esim_activation_codes/inventory"), 503);
	ck_assert(rig_logged(&r, "it is damaged"));
	ck_assert(rig_logged(&r, path));
	ck_status(rig_get(&r, "/ws/v1/esim_profiles/inventory"), 200);
	ck_status(rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\"}]"), 200);
	ck_status(rig_get(&r, "/ws/v1/esim_profiles/inventory"), 200);
	ck_json(&r, "/count", "1");
	rig_release(&r);
}
END_TEST

START_TEST(on_disk_after_the_answer)
{
	char op[40];
	int before;

	rig_init(&r, path);
	ck_status(rig_post(&r, "/ws/v1/esim_activation_codes/inventory",
		"{\"iccid\":\"" ICCID1 "\",\"carrier\":\"x\",\"activation_code\":\"" SECRET1 "\"}"), 201);
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
		"{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"carrier\":\"x\"}"), 200);
	snprintf(op, sizeof(op), "%s", json_at(&r, "/id"));
	rig_run(&r, 1);
	before = r.order_count;
	rig_release(&r);
	/* Another process, as it were: accounts, operation and orders are there. */
	rig_init(&r, path);
	r.order_count = before;
	snprintf(r.orders[0].status, sizeof(r.orders[0].status), "queued");
	ck_status(rig_get(&r, arena_printf(&r.arena,
		"/ws/v1/esim_profiles/operations/inventory/%s", op).p), 200);
	ck_json(&r, "/status", "download");
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	rig_run(&r, 61);
	rig_get(&r, arena_printf(&r.arena,
		"/ws/v1/esim_profiles/operations/inventory/%s", op).p);
	ck_json(&r, "/status", "download_verify");
	rig_release(&r);
}
END_TEST

/* There are activation codes in it; but what is there already is left as it is. */
START_TEST(for_its_owner_alone)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	mode_t old = umask(022);
	struct stat st;

	rig_init(&r, path);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		ck_assert_int_eq(stat(arena_printf(&r.arena, "%s%s", path, ends[i]).p, &st), 0);
		ck_assert_uint_eq(st.st_mode & 0777, 0600);
	}
	rig_release(&r);
	ck_assert_int_eq(chmod(path, 0640), 0);
	rig_init(&r, path);
	rig_release(&r);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	umask(old);
}
END_TEST

/* A commit that fails: nobody is told otherwise, and later it works again. */
START_TEST(failing_commit)
{
	sqlite3 *other;

	rig_init(&r, path);
	ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
	/* A trigger stands for a disk that will not take the row. */
	ck_assert_int_eq(sqlite3_exec(other, "CREATE TRIGGER no BEFORE INSERT ON operations"
		" BEGIN SELECT RAISE(FAIL, 'disk full'); END", NULL, NULL, NULL), SQLITE_OK);
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
		"{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"carrier\":\"x\"}"), 503);
	ck_json(&r, "/error_status", "503");
	ck_assert(rig_logged(&r, "store-failed"));
	ck_status(rig_get(&r, "/ws/v1/esim_profiles/operations/inventory"), 200);
	ck_json(&r, "/count", "0");
	sqlite3_exec(other, "DROP TRIGGER no", NULL, NULL, NULL);
	sqlite3_close(other);
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
		"{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"carrier\":\"x\"}"), 200);
	rig_run(&r, 1);
	rig_get(&r, "/ws/v1/esim_profiles/operations/inventory");
	ck_json(&r, "/count", "1");
	ck_json(&r, "/list/0/status", "failed");
	rig_release(&r);
}
END_TEST

#define NEW_CODE(n) "{\"iccid\":\"89440000000000002" n "\",\"carrier\":\"x\"," \
	"\"activation_code\":\"LPA:1$smdp.example.com$B" n "\"}"
#define NEW_ENABLE "{\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\",\"iccid\":\"" ICCID1 "\"}"
#define CODES_URI "/ws/v1/esim_activation_codes/inventory"

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on the size of files stands for the disk that is full. */
START_TEST(full_disk)
{
	const char *tx;
	int calls;

	signal(SIGXFSZ, SIG_IGN);
	rig_init(&r, path);
	ck_status(rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\"}]"), 200);
	ck_status(rig_post(&r, CODES_URI, NEW_CODE("00")), 201);
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/enable", NEW_ENABLE), 200);
	tx = json_at(&r, "/transaction");
	rig_run(&r, 1);
	limit_files((rlim_t)size_of("-wal"));
	rig_order_ends(&r, 0, "complete", "{\"code\":\"ok\"}");
	for (int i = 0; i < 3; i++) {
		ck_status(rig_post(&r, CODES_URI, NEW_CODE("01")), 503);
		ck_json(&r, "/error_status", "503");
		ck_status(rig_report(&r, "[]"), 503);
		ck_status(rig_get(&r, CODES_URI), 200);
		ck_json(&r, "/count", "1");
	}
	ck_assert(rig_logged(&r, "store-failed"));
	ck_assert(rig_logged(&r, "make room") || rig_logged(&r, "has room"));
	/* Nobody is asked again and again what could not be kept. */
	calls = r.eis_calls;
	rig_run(&r, 300);
	ck_assert_int_le(r.eis_calls, calls + 1);
	rig_run(&r, 0.5);		/* not at the moment of a try */
	ck_status(rig_get(&r, arena_printf(&r.arena, "/ws/v1/esim_profiles/progress/%s", tx).p), 503);
	ck_assert(!rig_logged(&r, "store-recovered"));
	limit_files(RLIM_INFINITY);
	rig_run(&r, 2);
	ck_assert(rig_logged(&r, "store-recovered"));
	ck_status(rig_get(&r, arena_printf(&r.arena, "/ws/v1/esim_profiles/progress/%s", tx).p), 200);
	ck_json(&r, "/status", "complete");
	ck_status(rig_get(&r, "/ws/v1/esim_profiles/inventory"), 200);
	ck_json(&r, "/count", "1");		/* the empty report was not applied */
	ck_status(rig_post(&r, CODES_URI, NEW_CODE("01")), 201);
	ck_status(rig_report(&r, "[]"), 200);
	ck_json(&r, "/applied", "true");
	rig_release(&r);
	signal(SIGXFSZ, SIG_DFL);
}
END_TEST

/* Whoever waits for the registry meanwhile gets an answer, too. */
START_TEST(failure_while_somebody_waits)
{
	struct http_call *c;
	struct err err;
	const char *tx;

	signal(SIGXFSZ, SIG_IGN);
	rig_init(&r, path);
	ck_status(rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"inactive\"}]"), 200);
	ck_status(rig_post(&r, "/ws/v1/esim_profiles/enable", NEW_ENABLE), 200);
	tx = json_at(&r, "/transaction");
	rig_run(&r, 1);
	r.eis_silent = true;
	c = http_call_new(r.net, STR("client"), "GET", &err,
			  "http://server.rig/ws/v1/esim_profiles/progress/%s", tx);
	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	c->done = rig_done;
	c->owner = &r;
	r.done = false;
	http_call_send(c);
	rig_run(&r, 1);
	ck_assert(!r.done);
	limit_files((rlim_t)size_of("-wal"));
	c = http_call_new(r.net, STR("client"), "POST", &err, "http://server.rig" CODES_URI);
	http_call_header(c, "Authorization", str_of(rig_user("ann")));
	http_call_body(c, "application/json", STR(NEW_CODE("01")));
	rig_send(&r, c);		/* the first to be answered stops the loop */
	rig_run(&r, 1);
	ck_assert_int_ge(r.answers, 2);
	limit_files(RLIM_INFINITY);
	rig_release(&r);
	signal(SIGXFSZ, SIG_DFL);
}
END_TEST

/* ---- A disk that really is full. ---------------------------------------- */

/* A small one, for this process alone, in the test's directory. */
static bool mount_disk(const char *size)
{
	char options[40];

	snprintf(options, sizeof(options), "size=%s,mode=0700", size);
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, options) < 0) {
		fprintf(stderr, "store_test: no tmpfs can be mounted here (it needs root): no "
			"test with a disk that is really full\n");
		return false;
	}
	return true;
}

/* Not a byte is left. */
static void fill_disk(void)
{
	static char block[4096];
	char name[100];
	int fd;
	ssize_t n;

	snprintf(name, sizeof(name), "%s/filler", dir);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(fd, 0);
	while ((n = write(fd, block, sizeof(block))) > 0)
		;
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}

static void make_room(void)
{
	char name[100];

	snprintf(name, sizeof(name), "%s/filler", dir);
	ck_assert_int_eq(unlink(name), 0);
}

/* The answer to a new code; codes are large, so that a few fill a log. */
static int post_code(int i)
{
	return rig_post(&r, CODES_URI, arena_printf(&r.arena,
		"{\"iccid\":\"894400000000004%04d\",\"carrier\":\"%0200d\","
		"\"activation_code\":\"LPA:1$smdp.example.com$%0100d\"}", i, i, i).p);
}

static void check_codes(int count)
{
	char text[20];

	snprintf(text, sizeof(text), "%d", count);
	ck_status(rig_get(&r, CODES_URI "?size=1000"), 200);
	ck_json(&r, "/count", text);
}

/* What was answered with 201 is there, and nothing else. */
START_TEST(disk_without_room)
{
	int count = 0;

	if (!mount_disk("3m"))
		return;
	rig_init(&r, path);
	for (; count < 5; count++)
		ck_status(post_code(count), 201);
	fill_disk();
	while (post_code(count) == 201)
		ck_assert_int_lt(++count, 1000);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(r.status, 503);
		ck_json(&r, "/error_status", "503");
		ck_status(rig_report(&r, "[]"), 503);
		check_codes(count);
		post_code(count);
	}
	ck_assert(rig_logged(&r, "store-failed"));
	ck_assert_msg(rig_logged(&r, "full"), "%.*s", STRF(buf_view(&r.events)));
	rig_run(&r, 300);
	ck_assert(!rig_logged(&r, "store-recovered"));
	make_room();
	rig_run(&r, 2);
	ck_assert(rig_logged(&r, "store-recovered"));
	ck_status(post_code(count++), 201);
	check_codes(count);
	/* And full again, when the server ends: nothing of it is lost. */
	fill_disk();
	rig_release(&r);
	make_room();
	rig_init(&r, path);
	check_codes(count);
	rig_release(&r);
	umount(dir);
}
END_TEST

/* A server that is started on it says why it cannot. */
START_TEST(starts_on_a_full_disk)
{
	struct err err = { 0 };

	if (!mount_disk("1m"))
		return;
	fill_disk();
	ck_assert_ptr_null(store_open(path, &err));
	ck_assert_msg(strstr(err.msg, "full") || strstr(err.msg, "space"), "%s", err.msg);
	make_room();
	rig_init(&r, path);
	ck_status(post_code(1), 201);
	rig_release(&r);
	umount(dir);
}
END_TEST

/* ---- One commit for all that one turn brings. -------------------------- */

enum { AT_ONCE = 64 };

static int answers;
static uint64_t commits_before;

static void one_of_many(struct http_call *c)
{
	ck_assert_int_eq(c->failure, HTTP_OK);
	ck_assert_int_eq(c->resp.status, 201);
	/* Not one answer leaves before the commit. */
	ck_assert_uint_eq(store_commits(r.store), commits_before + 1);
	answers++;
}

START_TEST(many_requests_one_commit)
{
	rig_init(&r, path);
	rig_get(&r, CODES_URI);
	answers = 0;
	commits_before = store_commits(r.store);
	for (int i = 0; i < AT_ONCE; i++) {
		struct err err;
		struct http_call *c = http_call_new(r.net, STR("client"), "POST", &err,
						    "http://server.rig" CODES_URI);

		http_call_header(c, "Authorization", str_of(rig_user("ann")));
		http_call_body(c, "application/json", arena_printf(&r.arena,
			"{\"iccid\":\"89440000000000003%02d\",\"carrier\":\"x\","
			"\"activation_code\":\"LPA:1$smdp.example.com$C%d\"}", i, i));
		c->done = one_of_many;
		http_call_send(c);
	}
	rig_run(&r, 1);
	ck_assert_int_eq(answers, AT_ONCE);
	ck_assert_uint_eq(store_commits(r.store), commits_before + 1);
	rig_release(&r);
}
END_TEST

/* ---- Transactions by status. -------------------------------------------- */

static const char *const statuses[] = { "in_progress", "complete", "failed", "unknown" };

enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

static int64_t one_number(struct stmt *q)
{
	int64_t n;

	ck_assert(stmt_row(q));
	n = stmt_i64(q, 0);
	stmt_end(q);
	return n;
}

/* Those that are told are those that are there. */
static void check_counts(struct store *st)
{
	for (int i = 0; i < STATUSES; i++) {
		struct str status = str_of(statuses[i]);
		int64_t told = one_number(stmt_str(store_sql(st, SQL_TX_COUNT), status));

		ck_assert_int_eq(told, one_number(stmt_str(store_query(st,
			STR("SELECT count(*) FROM transactions WHERE status = ?")), status)));
	}
}

static void begin_one(struct store *st, int number)
{
	struct stmt *q = store_sql(st, SQL_TX_ADD);
	char id[24];

	snprintf(id, sizeof(id), "n-%d", number);
	stmt_int(stmt_str(q, str_of(id)), 1);
	stmt_str(stmt_str(stmt_str(q, STR(DEVICE)), STR(EID)), STR_NONE);
	stmt_str(stmt_str(stmt_str(q, STR("delete")), STR("accepted")), STR("m"));
	stmt_int(stmt_int(q, number), STMT_NULL);
	stmt_str(stmt_int(stmt_str(q, STR_NONE), STMT_NULL), STR_NONE);
	stmt_run(stmt_int(q, STMT_NULL));
}

static void end_one(struct store *st, int64_t rid, const char *status)
{
	struct stmt *q = store_query(st,
				     STR("UPDATE transactions SET status = ?2 WHERE rid = ?1"));

	stmt_run(stmt_str(stmt_int(q, rid), str_of(status)));
}

/* The same id a second time: nothing of this turn has happened. */
static void roll_back(struct store *st, int number)
{
	struct err err;

	begin_one(st, number + 10000);
	begin_one(st, number + 10000);
	ck_assert(store_failed(st) != NULL);
	ck_assert_int_eq(store_commit(st, &err), -1);
}

/* Whatever becomes of them, also of those of before and of a rollback. */
START_TEST(counts_are_true)
{
	struct err err = { 0 };
	struct store *st;
	struct rng rng;

	make_version_1();
	st = store_open(path, &err);
	ck_assert_msg(st != NULL, "%s", err.msg);
	check_counts(st);
	ck_assert_int_eq(one_number(stmt_str(store_sql(st, SQL_TX_COUNT), STR("complete"))), 1);
	rng_init(&rng, 1, STR("store"), STR("counts"));
	for (int i = 0; i < 300; i++) {
		begin_one(st, i);
		end_one(st, (int64_t)rng_below(&rng, (uint64_t)i + 2),
			statuses[rng_below(&rng, STATUSES)]);
		if (rng_below(&rng, 10) == 0)
			stmt_run(stmt_int(store_query(st,
				 STR("DELETE FROM transactions WHERE rid = ?")),
				 (int64_t)rng_below(&rng, (uint64_t)i + 2)));
		check_counts(st);
		if (rng_below(&rng, 5) == 0)
			roll_back(st, i);
		else if (rng_below(&rng, 3) == 0)
			ck_assert_int_eq(store_commit(st, &err), 0);
		check_counts(st);
	}
	store_commit(st, &err);
	store_close(st);
	/* An empty one is empty again. */
	st = store_open(NULL, &err);
	begin_one(st, 1);
	ck_assert_int_eq(store_commit(st, &err), 0);
	store_close(st);
	st = store_open(NULL, &err);
	check_counts(st);
	ck_assert_int_eq(one_number(stmt_str(store_sql(st, SQL_TX_COUNT),
					     STR("in_progress"))), 0);
	store_close(st);
}
END_TEST

START_TEST(next_world_finds_nothing)
{
	for (int i = 0; i < 3; i++) {
		rig_init(&r, NULL);
		rig_get(&r, "/ws/v1/esim_profiles/operations/inventory");
		ck_json(&r, "/count", "0");
		rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
			 "{\"device_id\":\"" DEVICE "\",\"operation\":\"activate\",\"carrier\":\"x\"}");
		ck_json(&r, "/job_id", "1");
		rig_get(&r, "/ws/v1/esim_profiles/operations/inventory?query=status<>'failed'");
		rig_release(&r);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/store");
	TCase *tc = tcase_create("store");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, not_a_store);
	tcase_add_test(tc, of_a_newer_version);
	tcase_add_test(tc, of_an_older_version);
	tcase_add_test(tc, migration_that_fails);
	tcase_add_test(tc, no_such_directory);
	tcase_add_test(tc, named_like_a_uri);
	tcase_add_test(tc, of_another_program);
	tcase_add_test(tc, not_a_file);
	tcase_add_test(tc, locked_by_another);
	tcase_add_test(tc, read_only_file);
	tcase_add_test(tc, read_only_directory);
	tcase_add_test(tc, truncated_log);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, damaged_in_part);
	tcase_add_test(tc, full_disk);
	tcase_add_test(tc, failure_while_somebody_waits);
	tcase_add_test(tc, disk_without_room);
	tcase_add_test(tc, starts_on_a_full_disk);
	tcase_add_test(tc, many_requests_one_commit);
	tcase_add_test(tc, on_disk_after_the_answer);
	tcase_add_test(tc, for_its_owner_alone);
	tcase_add_test(tc, failing_commit);
	tcase_add_test(tc, counts_are_true);
	tcase_add_test(tc, next_world_finds_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
