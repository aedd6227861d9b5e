#include "cli/bench.h"

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "sim/json.h"

#include <stdio.h>
#include <unistd.h>

enum { FIGURES_MAX = 64 };

const struct bench bench_table[] = {
	{ "world", "idle devices: time and memory", 4, bench_fleet },
	{ "world", "whole activations", 10, bench_activation },
	{ "server", "requests at the reference server", 28, bench_server },
	{ "server", "a million profiles", 8, bench_million },
	{ "server", "two workers beside one", 10, bench_workers },
	{ "rsp", "downloads with and without cryptography", 12, bench_rsp },
	{ "rsp", "the SM-DP+ by itself, over HTTPS", 1, bench_rsp_https },
	{ "rsp", "memory of open sessions", 1, bench_rsp_memory },
	{ NULL, NULL, 0, NULL },
};

struct bench_pace {
	struct progress progress;
	size_t done, all;
};

void bench_step(struct bench_pace *pace)
{
	pace->done++;
	progress_show(&pace->progress, pace->done, pace->all, 0);
}

double bench_ratio(const struct bench_figure *f)
{
	return f->floor > 0 ? f->value / f->floor : 0;
}

bool bench_met(const struct bench_figure *f)
{
	switch (f->kind) {
	case BENCH_RATIO_AT_MOST:
		return bench_ratio(f) <= f->goal;
	case BENCH_RATIO_AT_LEAST:
		return bench_ratio(f) >= f->goal;
	case BENCH_VALUE_AT_MOST:
		return f->value <= f->goal;
	case BENCH_VALUE_AT_LEAST:
		return f->value >= f->goal;
	case BENCH_SHOWN:
		return true;
	}
	return false;
}

static const char *goal_text(const struct bench_figure *f, char text[40])
{
	switch (f->kind) {
	case BENCH_RATIO_AT_MOST:
		snprintf(text, 40, "ratio <= %g", f->goal);
		return text;
	case BENCH_RATIO_AT_LEAST:
		snprintf(text, 40, "ratio >= %g", f->goal);
		return text;
	case BENCH_VALUE_AT_MOST:
		snprintf(text, 40, "<= %.4g %s", f->goal, f->unit);
		return text;
	case BENCH_VALUE_AT_LEAST:
		snprintf(text, 40, ">= %.4g %s", f->goal, f->unit);
		return text;
	case BENCH_SHOWN:
		break;
	}
	return "shown";
}

/* What the goal compares, for programs. */
static const char *goal_is(enum bench_goal kind)
{
	switch (kind) {
	case BENCH_RATIO_AT_MOST:
		return "ratio at most";
	case BENCH_RATIO_AT_LEAST:
		return "ratio at least";
	case BENCH_VALUE_AT_MOST:
		return "value at most";
	case BENCH_VALUE_AT_LEAST:
		return "value at least";
	case BENCH_SHOWN:
		break;
	}
	return "shown";
}

static void put_row(struct buf *out, const struct bench_figure *f)
{
	char goal[40], floor[40] = "-", ratio[40] = "-";

	if (f->floor > 0) {
		snprintf(floor, sizeof(floor), "%.4g", f->floor);
		snprintf(ratio, sizeof(ratio), "%.2f", bench_ratio(f));
	}
	buf_printf(out, "%-46s %10.4g %-6s %10s %7s  %-14s %s\n", f->name, f->value,
		   f->unit, floor, ratio, goal_text(f, goal),
		   f->kind == BENCH_SHOWN ? "" : bench_met(f) ? "met" : "NOT MET");
	if (f->floor_is)
		buf_printf(out, "    floor: %s\n", f->floor_is);
}

static void put_json(struct buf *out, const struct bench_figure *list, int count)
{
	struct json j = json_to(out);
	char number[40];

	json_open(&j, '[');
	for (int i = 0; i < count; i++) {
		const struct bench_figure *f = &list[i];
		const struct { const char *key; double v; bool there; } numbers[] = {
			{ "value", f->value, true },
			{ "floor", f->floor, f->floor > 0 },
			{ "ratio", bench_ratio(f), f->floor > 0 },
			{ "goal", f->goal, f->kind != BENCH_SHOWN },
		};

		json_open(&j, '{');
		json_putz(&j, "name", f->name);
		json_putz(&j, "unit", f->unit);
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
			snprintf(number, sizeof(number), "%.9g", numbers[k].v);
			json_key(&j, numbers[k].key);
			json_raw(&j, numbers[k].there ? str_of(number) : STR("null"));
		}
		json_putz(&j, "goal_is", goal_is(f->kind));
		json_put_bool(&j, "met", bench_met(f));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	buf_char(out, '\n');
}

struct bench_options {
	bool help, json;
};

static const struct option options[] = {
	{ "json", '\0', OPTION_FLAG, offsetof(struct bench_options, json), NULL,
	  "Print a list of {name, unit, value, floor, ratio, goal, met}", 0 },
	OPTION_HELP(struct bench_options),
	{ 0 },
};

static bool wanted(const struct bench *b, int argc, char **argv)
{
	for (int i = 1; i <= argc; i++)
		if (str_is(str_of(argv[i]), b->group))
			return true;
	return argc == 0;
}

static bool is_group(const char *name)
{
	for (const struct bench *b = bench_table; b->group; b++)
		if (str_is(str_of(name), b->group))
			return true;
	return false;
}

/* "world, server": each once, in the table's order. */
static void list_groups(struct buf *out)
{
	const char *last = "";

	for (const struct bench *b = bench_table; b->group; b++) {
		if (strcmp(b->group, last) != 0)
			buf_printf(out, "%s%s", *last ? ", " : "", b->group);
		last = b->group;
	}
}

static int refuse(const struct verb *v, const char *name)
{
	struct buf groups;
	int code;

	buf_init(&groups, 1000);
	list_groups(&groups);
	code = verb_usage(v, "nothing to measure is called '%s'; there is: %.*s",
			  name, STRF(buf_view(&groups)));
	buf_release(&groups);
	return code;
}

static int measure(const struct verb *v, int argc, char **argv,
		   struct bench_figure *list, int *count)
{
	struct bench_pace pace = { .all = 0 };
	size_t before = 0;
	struct err err;
	int n = 0;

	for (const struct bench *b = bench_table; b->group; b++)
		pace.all += wanted(b, argc, argv) ? b->steps : 0;
	progress_init(&pace.progress, true, true);
	for (const struct bench *b = bench_table; b->group; b++) {
		if (!wanted(b, argc, argv))
			continue;
		n = b->run(list + *count, FIGURES_MAX - *count, &pace, &err);
		if (n < 0) {
			progress_clear(&pace.progress);
			return verb_fail(v, EXIT_RIG, "%s: %s", b->help, err.msg);
		}
		*count += n;
		/* Whatever it did, it is through. */
		before += b->steps;
		pace.done = before;
	}
	progress_clear(&pace.progress);
	return EXIT_PASSED;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct bench_options o = { 0 };
	struct bench_figure list[FIGURES_MAX];
	int count = 0, left = verb_parse(v, argc, argv, &o), code;
	struct err err;
	struct buf out;

	if (left < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	for (int i = 1; i <= left; i++)
		if (!is_group(argv[i]))
			return refuse(v, argv[i]);
	code = measure(v, left, argv, list, &count);
	if (code != EXIT_PASSED)
		return code;
	buf_init(&out, 1 << 20);
	if (o.json)
		put_json(&out, list, count);
	for (int i = 0; i < count && !o.json; i++)
		put_row(&out, &list[i]);
	for (int i = 0; i < count; i++)
		if (!bench_met(&list[i]))
			code = EXIT_FAILED;
	if (output_write(STDOUT_FILENO, buf_view(&out), &err) < 0)
		code = verb_fail(v, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	return code;
}

static const char *const about[] = {
	"Measures the rig against floors taken in the same run, so that the ratios "
	"mean the same on a fast machine and on a noisy one. Exit code 1 if a goal "
	"is not met.",
	" esimrig bench world",
	" esimrig bench server",
	NULL,
};

const struct verb verb_bench = {
	"bench", "[world|server|rsp]...", "Measure the rig against the machine's floors",
	options, about, run,
};
