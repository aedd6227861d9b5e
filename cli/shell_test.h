/*
 * shell_test.h - the program that was built beside the tests, as those who
 * call it from a shell meet it: in a directory of the test's own.
 */
#ifndef CLI_SHELL_TEST_H
#define CLI_SHELL_TEST_H

#include "sim/buf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char shell_program[4096], shell_dir[] = "/tmp/esimrig-shell-test-XXXXXX";

/* A command line; its exit code, 128 and more for a signal. */
static inline int shell_code(const char *line)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Folders on the way are made. */
static inline void shell_write(const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", shell_dir, name);
	for (char *slash = path + strlen(shell_dir) + 1;
	     (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
	f = fopen(path, "wb");
	ck_assert_msg(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s", path);
}

/* NUL-terminated. */
static inline void shell_read(const char *name, struct buf *out)
{
	char path[300], block[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", shell_dir, name);
	buf_init(out, 64 << 20);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	buf_char(out, '\0');
	fclose(f);
}

static inline void shell_set_up(void)
{
	ssize_t n = readlink("/proc/self/exe", shell_program, sizeof(shell_program) - 20);
	char *slash;

	/* .../cli/x_test stands in the build folder, esimrig above it. */
	ck_assert(n > 0);
	shell_program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(shell_program, '/');
		ck_assert(slash != NULL);
		*slash = '\0';
	}
	strncat(shell_program, "/esimrig", 20);
	ck_assert_msg(access(shell_program, X_OK) == 0, "%s is not built", shell_program);
	ck_assert(mkdtemp(shell_dir) != NULL);
}

static inline void shell_tear_down(void)
{
	char line[100];

	snprintf(line, sizeof(line), "rm -rf %s", shell_dir);
	ck_assert_int_eq(shell_code(line), 0);
}

/* In the directory; $P is the program. */
static inline int shell_run(const char *command, struct buf *out, struct buf *err)
{
	char line[12000];
	int code;

	snprintf(line, sizeof(line), "cd %s && P=%s && { %s ; } >out 2>err </dev/null",
		 shell_dir, shell_program, command);
	code = shell_code(line);
	shell_read("out", out);
	shell_read("err", err);
	return code;
}

#endif
