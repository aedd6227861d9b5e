/*
 * Goal: what was acknowledged is in the file, what failed is not, and a file
 * that is no store of ours gives a clear error.
 * Method: real files in a directory of the test's own; the server of the
 * other tests on top of one.
 */
#include "server/rig_test.h"

#include "server/store.h"

#include <sqlite3.h>
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

static int version_of_file(void)
{
	sqlite3_stmt *q;
	sqlite3 *db;
	int version;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL);
	ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
	version = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return version;
}

/* A migration that fails leaves the store as it was. */
START_TEST(migration_that_fails)
{
	struct err err = { 0 };

	make_version_1();
	exec("DROP INDEX profiles_by_iccid");
	ck_refused("profiles_by_iccid");
	ck_assert_int_eq(version_of_file(), 1);
	exec("CREATE INDEX profiles_by_iccid ON profiles(iccid)");
	store_close(store_open(path, &err));
	ck_assert_int_eq(version_of_file(), NEWEST);
}
END_TEST

START_TEST(no_such_directory)
{
	snprintf(path, sizeof(path), "%s/nowhere/db", dir);
	ck_refused("unable to open");
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
	tcase_add_test(tc, on_disk_after_the_answer);
	tcase_add_test(tc, failing_commit);
	tcase_add_test(tc, next_world_finds_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
