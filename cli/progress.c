#include "cli/progress.h"
#include "cli/output.h"
#include "sim/clock.h"

#include <inttypes.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

static const int64_t BAR_EVERY_NS = 100 * NS_PER_MS;
static const int64_t LINE_EVERY_NS = 10 * NS_PER_S;
/* Before that, a rate says nothing. */
static const int64_t RATE_AFTER_NS = NS_PER_S;

void progress_init(struct progress *p, bool bar, bool lines)
{
	bool terminal = isatty(STDERR_FILENO);

	*p = (struct progress){
		.bar = bar && terminal, .lines = lines && !terminal,
		.began_ns = clock_machine_ns(),
	};
	p->shown_ns = p->lines ? p->began_ns : 0;
}

/* In whole units, from seconds to hours. */
static void put_left(struct buf *out, int64_t s)
{
	if (s < 60)
		buf_printf(out, ", %" PRId64 "s left", s);
	else if (s < 3600)
		buf_printf(out, ", %" PRId64 "min%02" PRId64 "s left", s / 60, s % 60);
	else
		buf_printf(out, ", %" PRId64 "h%02" PRId64 "min left", s / 3600,
			   s / 60 % 60);
}

static void put_rate(struct buf *out, double per_s)
{
	if (per_s >= 10)
		buf_printf(out, ", %.0f/s", per_s);
	else if (per_s >= 1)
		buf_printf(out, ", %.1f/s", per_s);
	else
		buf_printf(out, ", %.1f/min", per_s * 60);
}

void progress_text(struct buf *out, size_t done, size_t all, size_t bad,
		   int64_t elapsed_ns)
{
	double per_s;

	buf_printf(out, "%zu of %zu", done, all);
	if (bad)
		buf_printf(out, ", %zu not passed", bad);
	if (!done || done >= all || elapsed_ns < RATE_AFTER_NS)
		return;
	per_s = (double)done * 1e9 / (double)elapsed_ns;
	put_rate(out, per_s);
	put_left(out, (int64_t)((double)(all - done) / per_s + 1));
}

static void draw(struct buf *out, size_t done, size_t all)
{
	size_t full = all ? done * BAR_WIDTH / all : BAR_WIDTH;

	buf_printf(out, "\r\x1b[K[%.*s%*s] ", (int)full,
		   "==============================", (int)(BAR_WIDTH - full), "");
}

void progress_show(struct progress *p, size_t done, size_t all, size_t bad)
{
	int64_t now_ns = clock_machine_ns();
	struct err err = { 0 };
	struct buf out;

	if ((!p->bar && !p->lines) ||
	    now_ns - p->shown_ns < (p->bar ? BAR_EVERY_NS : LINE_EVERY_NS))
		return;
	buf_init(&out, 500);
	if (p->bar)
		draw(&out, done, all);
	if (p->what)
		buf_printf(&out, "%s: ", p->what);
	progress_text(&out, done, all, bad, now_ns - p->began_ns);
	if (p->lines)
		buf_char(&out, '\n');
	output_write(STDERR_FILENO, buf_view(&out), &err);
	buf_release(&out);
	p->shown_ns = now_ns;
	p->drawn = p->bar;
}

void progress_making(void *arg, size_t done, size_t all)
{
	struct progress *p = arg;
	const char *what = p->what;

	if (!p->began_ns) {
		progress_init(p, true, true);
		p->what = what;
	}
	if (done < all) {
		progress_show(p, done, all, 0);
		return;
	}
	progress_clear(p);
	*p = (struct progress){ .what = what };
}

void progress_clear(struct progress *p)
{
	struct err err = { 0 };

	if (p->drawn)
		output_write(STDERR_FILENO, STR("\r\x1b[K"), &err);
	p->drawn = false;
	/* The next one is to stand there at once. */
	if (p->bar)
		p->shown_ns = 0;
}
