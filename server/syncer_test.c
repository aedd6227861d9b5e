/*
 * Goal: the kernel's own way of syncing tells the end of each sync, through the
 * loop, once; and where there is none, nobody gets it.
 * Method: files in a directory of the test's own, on the machine's clock.
 * Whether bytes survive a power failure, no test can tell.
 */
#include "server/syncer.h"

#include "server/server.h"
#include "server/store.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop loop;
static struct syncer *y;
static char path[] = "/var/tmp/syncer_test.XXXXXX";
static int fd, done_count, last_error, rounds;

static void done(struct syncer *which, int error)
{
	ck_assert_ptr_eq(which, y);
	done_count++;
	last_error = error;
	if (done_count < rounds)
		ck_assert_int_eq(y->start(y), 0);
	else
		loop_stop(&loop);
}

static void setup(void)
{
	snprintf(path, sizeof(path), "/var/tmp/syncer_test.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	loop_init(&loop, CLOCK_KIND_REAL, 1, CLOCK_EPOCH_MS);
	y = syncer_open(&loop, path);
	if (y)
		y->done = done;
	done_count = rounds = 0;
	last_error = -1;
}

static void teardown(void)
{
	if (y)
		y->close(y);
	loop_release(&loop);
	close(fd);
	unlink(path);
}

static void write_some(void)
{
	ck_assert_int_eq(write(fd, path, sizeof(path)), (ssize_t)sizeof(path));
}

static void run(void)
{
	struct err err = { 0 };

	ck_assert_msg(loop_run(&loop, &err) == 0, "%s", err.msg);
}

/* Also from within done(). */
START_TEST(one_after_the_other)
{
	rounds = 100;
	write_some();
	ck_assert_int_eq(y->start(y), 0);
	ck_assert_int_eq(done_count, 0);
	run();
	ck_assert_int_eq(done_count, 100);
	ck_assert_int_eq(last_error, 0);
}
END_TEST

static void stop(struct timer *t)
{
	(void)t;
	loop_stop(&loop);
}

/* done() is not called for what was waited for; nor does the loop go round for
 * nothing if the kernel tells of its end behind that. */
START_TEST(waits)
{
	struct timer alarm = { .fire = stop };

	for (int i = 0; i < 200; i++) {
		uint64_t before = loop.turns;

		write_some();
		ck_assert_int_eq(y->start(y), 0);
		ck_assert_int_eq(y->wait(y), 0);
		loop_arm(&loop, &alarm, NS_PER_MS);
		run();
		ck_assert_uint_le(loop.turns - before, 5);
	}
	ck_assert_int_eq(done_count, 0);
	ck_assert_int_eq(y->wait(y), 0);	/* with nothing begun as well */
	rounds = 1;
	ck_assert_int_eq(y->start(y), 0);
	run();
	ck_assert_int_eq(done_count, 1);
}
END_TEST

START_TEST(closed_while_busy)
{
	write_some();
	ck_assert_int_eq(y->start(y), 0);
	y->close(y);
	y = NULL;
	ck_assert_int_eq(loop.watches, 0);
}
END_TEST

START_TEST(none_where_it_cannot_be)
{
	struct loop virtual;

	loop_init(&virtual, CLOCK_KIND_VIRTUAL, 1, CLOCK_EPOCH_MS);
	ck_assert_ptr_null(syncer_open(&virtual, path));
	loop_release(&virtual);
	ck_assert_ptr_null(syncer_open(&loop, "/var/tmp/there/is/no/such/file"));
	ck_assert_ptr_null(syncer_open(&loop, "/dev/null"));	/* nothing to sync */
}
END_TEST

static struct stat look_at(const char *file)
{
	struct stat st;

	ck_assert_int_eq(stat(file, &st), 0);
	return st;
}

/* What is synced has to be the file that commits are written to, also where the
 * store was named by a link with a file of that name beside it.  A new file behind
 * a link is for its owner alone, too. */
START_TEST(log_of_a_linked_store)
{
	char link[60], stray[60], real[60];
	struct err err = { 0 };
	mode_t old = umask(022);
	struct store *st;
	int stray_fd;

	snprintf(link, sizeof(link), "%s-link", path);
	snprintf(stray, sizeof(stray), "%s-link-wal", path);
	snprintf(real, sizeof(real), "%s-wal", path);
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert_int_eq(unlink(path), 0);
	stray_fd = open(stray, O_CREAT | O_EXCL | O_WRONLY, 0600);
	ck_assert_int_ge(stray_fd, 0);
	st = store_open(link, &err);
	ck_assert_msg(st != NULL, "%s", err.msg);
	ck_assert_str_eq(store_log_path(st), real);
	stmt_run(stmt_int(stmt_str(store_sql(st, SQL_META_SET), STR("x")), 1));
	ck_assert_int_eq(store_commit(st, &err), 0);
	ck_assert_int_gt(look_at(real).st_size, 0);
	ck_assert_int_eq(look_at(stray).st_size, 0);
	ck_assert_uint_eq(look_at(path).st_mode & 0777, 0600);
	ck_assert_uint_eq(look_at(real).st_mode & 0777, 0600);
	store_close(st);
	close(stray_fd);
	unlink(stray);
	unlink(link);
	umask(old);
}
END_TEST

/* Not everywhere: old kernels and sandboxes have none. */
static bool is_available(void)
{
	struct syncer *found;

	loop_init(&loop, CLOCK_KIND_REAL, 1, CLOCK_EPOCH_MS);
	found = syncer_open(&loop, "/proc/self/exe");
	if (found)
		found->close(found);
	loop_release(&loop);
	return found;
}

int main(void)
{
	Suite *suite = suite_create("server/syncer");
	TCase *tc = tcase_create("syncer");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	if (is_available()) {
		tcase_add_test(tc, one_after_the_other);
		tcase_add_test(tc, waits);
		tcase_add_test(tc, closed_while_busy);
	} else {
		puts("syncer_test: SKIP: this machine's kernel does not sync by itself");
	}
	tcase_add_test(tc, log_of_a_linked_store);
	tcase_add_test(tc, none_where_it_cannot_be);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
