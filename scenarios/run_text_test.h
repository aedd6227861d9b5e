/*
 * run_text_test.h - runs a scenario that a test has as text, in virtual time.
 *
 * What came of it is in `arena`, which a test's fixture makes and releases.
 */
#ifndef SCENARIOS_RUN_TEXT_TEST_H
#define SCENARIOS_RUN_TEXT_TEST_H

#include "scenarios/runner.h"

#include <check.h>

static struct arena arena;

static inline void setup(void)
{
	arena = (struct arena){ 0 };
}

static inline void teardown(void)
{
	arena_release(&arena);
}

static inline struct run_result run_with(const char *text, const struct run_options *o)
{
	struct scenario_file file;
	struct run_result result;
	struct diag diag;
	struct buf out;

	diag_init(&diag, &arena);
	if (scenario_load_text("t.yaml", str_of(text), &arena, &file, &diag) < 0) {
		buf_init(&out, 1 << 16);
		diag_print(&diag, &out);
		ck_abort_msg("%s", out.p);
	}
	runner_run(&file.list[0], o, &arena, &result);
	return result;
}

static const struct run_options virtual = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1 };

static inline struct run_result run(const char *text)
{
	return run_with(text, &virtual);
}

#endif
