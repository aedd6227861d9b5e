#include "cli/terminal.h"
#include "cli/output.h"
#include "scenarios/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUT_MAX = 16 << 20 };

static const char *const colours[VERDICTS] = {
	[VERDICT_PASS] = "\x1b[32m", [VERDICT_FAIL] = "\x1b[31m",
	[VERDICT_ERROR] = "\x1b[35m", [VERDICT_SKIP] = "\x1b[33m",
	[VERDICT_NOT_REACHED] = "\x1b[2m", [VERDICT_WARN] = "\x1b[33m",
};

static bool wants_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

void terminal_init(struct terminal *t, int fd, bool verbose, bool bar)
{
	int mode = fcntl(fd, F_GETFL);

	*t = (struct terminal){
		.fd = fd, .verbose = verbose, .colour = wants_colour(fd),
		/* Whoever closed it does not want to see anything. */
		.silent = mode == -1 || (mode & O_ACCMODE) == O_RDONLY,
	};
	progress_init(&t->progress, bar, false);
	buf_init(&t->out, OUT_MAX);
}

void terminal_progress_lines(struct terminal *t)
{
	progress_init(&t->progress, true, true);
}

void terminal_release(struct terminal *t)
{
	progress_clear(&t->progress);
	buf_release(&t->out);
}

static void flush(struct terminal *t)
{
	struct err err = { 0 };

	progress_clear(&t->progress);
	if (!t->silent && output_write(t->fd, buf_view(&t->out), &err) < 0) {
		t->failed_errno = errno;
		t->silent = true;
	}
	buf_clear(&t->out);
}

static void put_verdict(struct terminal *t, enum verdict v, int width)
{
	if (t->colour)
		buf_z(&t->out, colours[v]);
	buf_printf(&t->out, "%-*s", width, verdict_name(v));
	if (t->colour)
		buf_z(&t->out, "\x1b[0m");
}

static void put_length(struct buf *out, int64_t ns, int width)
{
	struct buf text;

	buf_init(&text, 100);
	report_length(&text, ns);
	buf_printf(out, "%*s", width, text.p);
	buf_release(&text);
}

static void put_steps(struct terminal *t, const struct run_result *r)
{
	for (size_t i = 0; i < r->step_count; i++) {
		const struct step_result *s = &r->steps[i];

		buf_z(&t->out, "  ");
		put_verdict(t, s->verdict, 11);
		put_length(&t->out, s->ended.ns, 9);
		buf_printf(&t->out, "  %u:%u  ", s->line, s->column);
		report_plain(&t->out, s->title);
		buf_char(&t->out, '\n');
	}
}

void terminal_run(struct terminal *t, const struct run_result *r)
{
	struct buf why;

	if (t->silent)
		return;
	put_verdict(t, r->verdict, 5);
	put_length(&t->out, r->ended.ns, 10);
	buf_z(&t->out, "  ");
	report_plain(&t->out, r->name);
	if (r->verdict == VERDICT_SKIP && r->message.n) {
		buf_z(&t->out, ": ");
		report_plain(&t->out, r->message);
	}
	buf_char(&t->out, '\n');
	if (t->verbose)
		put_steps(t, r);
	if (r->verdict != VERDICT_PASS && r->verdict != VERDICT_SKIP) {
		buf_init(&why, OUT_MAX);
		report_failure(&why, r, "  ");
		report_plain(&t->out, buf_view(&why));
		buf_release(&why);
	}
	flush(t);
}

void terminal_bar(struct terminal *t, size_t done, size_t all, size_t bad)
{
	progress_show(&t->progress, done, all, bad);
}

void terminal_sum(struct terminal *t, const struct run_result *runs,
		  size_t count, int64_t wall_ns)
{
	static const char *const words[VERDICTS] = {
		"passed", "failed", "in error", "skipped", "not reached", "warned of",
	};
	struct verdict_counts n = verdict_count(runs, count);
	int64_t ns = 0;

	for (size_t i = 0; i < count; i++)
		ns += runs[i].ended.ns;
	buf_printf(&t->out, "%zu scenario%s: %zu passed", count,
		   count == 1 ? "" : "s", n.of[VERDICT_PASS]);
	for (size_t v = VERDICT_PASS + 1; v < VERDICTS; v++)
		if (n.of[v])
			buf_printf(&t->out, ", %zu %s", n.of[v], words[v]);
	buf_z(&t->out, "; ");
	report_length(&t->out, ns);
	buf_z(&t->out, " simulated");
	if (wall_ns)
		buf_printf(&t->out, " in %.2fs", (double)wall_ns / 1e9);
	buf_char(&t->out, '\n');
	flush(t);
}

bool terminal_gone(const struct terminal *t)
{
	return t->failed_errno == EPIPE;
}
