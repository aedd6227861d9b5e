/*
 * Goal: what is said of progress is right: counts, rate, time left; a bar on
 * a terminal and nowhere else.
 * Method: a table of moments; then a pseudo-terminal, and a pipe, on stderr.
 */
#include "cli/progress.h"
#include "sim/clock.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	size_t done, all, bad;
	int64_t elapsed_ms;
	const char *text;
} moments[] = {
	{ 0, 10, 0, 5000, "0 of 10" },
	{ 3, 10, 0, 500, "3 of 10" },
	{ 10, 10, 0, 5000, "10 of 10" },
	{ 10, 10, 2, 5000, "10 of 10, 2 not passed" },
	{ 100, 1000, 0, 1000, "100 of 1000, 100/s, 10s left" },
	{ 100, 1000, 7, 20000, "100 of 1000, 7 not passed, 5.0/s, 3min01s left" },
	{ 5, 20, 0, 100000, "5 of 20, 3.0/min, 5min01s left" },
	{ 1, 100, 0, 120000, "1 of 100, 0.5/min, 3h18min left" },
	{ 0, 0, 0, 5000, "0 of 0" },
};

START_TEST(words)
{
	struct buf out;

	buf_init(&out, 500);
	progress_text(&out, moments[_i].done, moments[_i].all, moments[_i].bad,
		      moments[_i].elapsed_ms * NS_PER_MS);
	ck_assert_str_eq(out.p, moments[_i].text);
	buf_release(&out);
}
END_TEST

/* What is made says what it is, and is taken away by its last call. */
START_TEST(making)
{
	struct progress p = { .what = "devices" };
	char text[200] = "";
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t got;

	ck_assert_int_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	progress_making(&p, 1000, 3000);
	ck_assert(p.lines && !p.bar && p.began_ns > 0);
	p.shown_ns = 0;			/* a line was due for long */
	progress_making(&p, 2000, 3000);
	progress_making(&p, 3000, 3000);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	got = read(fds[0], text, sizeof(text) - 1);
	ck_assert_int_gt(got, 0);
	ck_assert_str_eq(text, "devices: 2000 of 3000\n");
	ck_assert_int_eq(p.began_ns, 0);
	ck_assert_str_eq(p.what, "devices");
	close(fds[0]);
}
END_TEST

/* What a child shows of 5 of 10 if its stderr is `fd`. */
static void show(int fd, bool lines)
{
	struct progress p;

	dup2(fd, STDERR_FILENO);
	progress_init(&p, true, lines);
	progress_show(&p, 5, 10, 1);
	progress_show(&p, 6, 10, 1);	/* too soon */
	progress_clear(&p);
	progress_clear(&p);
	_exit(0);
}

static size_t shown(int child, int parent, bool lines, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;
	pid_t pid = fork();

	if (pid == 0)
		show(child, lines);
	close(child);
	while (n < size - 1 && (got = read(parent, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	waitpid(pid, NULL, 0);
	close(parent);
	text[n] = '\0';
	return n;
}

START_TEST(a_bar_on_a_terminal)
{
	int parent = posix_openpt(O_RDWR | O_NOCTTY), child;
	char text[1000];

	ck_assert(parent >= 0 && grantpt(parent) == 0 && unlockpt(parent) == 0);
	child = open(ptsname(parent), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(child, 0);
	shown(child, parent, _i, text, sizeof(text));
	ck_assert_str_eq(text, "\r\x1b[K[===============               ] 5 of 10, "
			       "1 not passed\r\x1b[K");
}
END_TEST

START_TEST(nothing_elsewhere)
{
	int ends[2];
	char text[1000];

	ck_assert_int_eq(pipe(ends), 0);
	/* Lines come after a while only. */
	ck_assert_uint_eq(shown(ends[1], ends[0], _i, text, sizeof(text)), 0);
}
END_TEST

START_TEST(lines_after_a_while)
{
	struct progress p;
	int ends[2], keep = dup(STDERR_FILENO);
	char text[1000];
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	progress_init(&p, true, true);
	/* As if it had begun 20 s ago. */
	p.began_ns -= 20 * NS_PER_S;
	p.shown_ns -= 20 * NS_PER_S;
	progress_show(&p, 5, 10, 0);
	progress_show(&p, 6, 10, 0);
	progress_clear(&p);
	dup2(keep, STDERR_FILENO);
	n = read(ends[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "5 of 10, 15.0/min, 2"));
	ck_assert_ptr_nonnull(strstr(text, "s left\n"));
	ck_assert_ptr_null(strstr(text, "6 of 10"));
	close(ends[0]);
	close(ends[1]);
	close(keep);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/progress");
	TCase *tc = tcase_create("progress");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, words, 0, sizeof(moments) / sizeof(moments[0]));
	tcase_add_test(tc, making);
	tcase_add_loop_test(tc, a_bar_on_a_terminal, 0, 2);
	tcase_add_loop_test(tc, nothing_elsewhere, 0, 2);
	tcase_add_test(tc, lines_after_a_while);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
