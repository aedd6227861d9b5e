#include "cli/gallery.h"

#include "cli/running.h"
#include "cli/terminal.h"

#include <errno.h>
#include <unistd.h>

enum { REPORT_MAX = 64 << 20 };

static void each(void *arg, const struct gallery_row *row, size_t done, size_t of)
{
	struct terminal *t = arg;

	(void)row;
	terminal_bar(t, done, of, 0);
}

static int write_json(const struct gallery_command *c, const struct gallery *g,
		      struct err *err)
{
	struct buf out;
	int rc;

	if (!c->json || !c->json->path)
		return 0;
	buf_init(&out, REPORT_MAX);
	gallery_json(g, &out);
	rc = output_add(c->json, buf_view(&out), err);
	if (rc == 0)
		rc = output_close(c->json, err);
	buf_release(&out);
	return rc;
}

static int tell(const struct gallery_command *c, const struct gallery *g, int fd)
{
	struct err err = { 0 };
	struct buf out;
	int code = gallery_holds(g) ? EXIT_PASSED : EXIT_FAILED;

	buf_init(&out, REPORT_MAX);
	gallery_print(g, c->verbose, &out);
	if (output_write(fd, buf_view(&out), &err) < 0 && errno != EPIPE)
		code = verb_fail(c->verb, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	if (write_json(c, g, &err) < 0)
		code = verb_fail(c->verb, EXIT_RIG, "%s", err.msg);
	return code;
}

int gallery_verb(const struct gallery_command *c)
{
	int fd = c->json && output_is_stdout(c->json) ? STDERR_FILENO : STDOUT_FILENO;
	struct gallery_config config = {
		.suite = c->suite, .ledger = c->ledger, .only = c->only,
		.only_count = c->only_count, .workers = c->workers, .stop_fd = -1,
		.each = each,
	};
	struct terminal terminal;
	struct arena a = { 0 };
	struct err err = { 0 };
	struct gallery g;
	int code, signo;

	terminal_init(&terminal, fd, c->verbose, true);
	terminal_progress_lines(&terminal);
	config.arg = &terminal;
	if (config.workers)
		config.stop_fd = running_catch_signals();
	code = gallery_run(&g, &config, &a, &err) < 0 ?
	       verb_fail(c->verb, EXIT_INVALID, "%s", err.msg) : EXIT_PASSED;
	signo = running_caught(config.stop_fd);
	terminal_release(&terminal);
	if (code == EXIT_PASSED)
		code = tell(c, &g, fd);
	arena_release(&a);
	if (signo)
		running_die_of(signo);
	return code;
}
