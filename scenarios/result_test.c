/*
 * Goal: a result survives the way between two processes, and bytes that are
 * not a result are refused without reading past them.
 * Method: round trips; every truncation; every byte of one changed.
 */
#include "scenarios/result.h"

#include <check.h>
#include <stdlib.h>

static struct step_result steps[] = {
	{ .title = { "GET /", 5 }, .verdict = VERDICT_PASS, .file = { "a.yaml", 6 },
	  .line = 3, .column = 5, .began = { 1 }, .ended = { INT64_MAX } },
	{ .title = { "two\0three", 9 }, .verdict = VERDICT_FAIL,
	  .file = { "b.yaml", 6 }, .line = UINT32_MAX, .column = 1,
	  .began = { 2 }, .ended = { 3 }, .message = { "m", 1 },
	  .expected = { "e", 1 }, .actual = { "a", 1 },
	  .request = { "GET / HTTP/1.1", 14 }, .response = { "HTTP/1.1 500", 12 },
	  .curl = { "curl /", 6 } },
};

static const struct run_result full = {
	.name = { "Name", 4 }, .file = { "File", 4 }, .seed = UINT64_MAX,
	.verdict = VERDICT_NOT_REACHED, .steps = steps, .step_count = 2,
	.message = { "Message", 7 }, .left_behind = { "row\n", 4 },
	.events = { "{}\n", 3 }, .events_cut = true,
	.last_events = { "last", 4 }, .reproduce = { "again", 5 },
	.ended = { 77 }, .wall_ns = 88,
};

static void same_step(const struct step_result *a, const struct step_result *b)
{
	ck_assert(str_eq(a->title, b->title));
	ck_assert_int_eq(a->verdict, b->verdict);
	ck_assert(str_eq(a->file, b->file));
	ck_assert_uint_eq(a->line, b->line);
	ck_assert_uint_eq(a->column, b->column);
	ck_assert_int_eq(a->began.ns, b->began.ns);
	ck_assert_int_eq(a->ended.ns, b->ended.ns);
	ck_assert(str_eq(a->message, b->message));
	ck_assert(str_eq(a->expected, b->expected));
	ck_assert(str_eq(a->actual, b->actual));
	ck_assert(str_eq(a->request, b->request));
	ck_assert(str_eq(a->response, b->response));
	ck_assert(str_eq(a->curl, b->curl));
}

static void same_run(const struct run_result *a, const struct run_result *b)
{
	ck_assert(str_eq(a->name, b->name));
	ck_assert(str_eq(a->file, b->file));
	ck_assert_uint_eq(a->seed, b->seed);
	ck_assert_int_eq(a->verdict, b->verdict);
	ck_assert(str_eq(a->message, b->message));
	ck_assert(str_eq(a->left_behind, b->left_behind));
	ck_assert(str_eq(a->events, b->events));
	ck_assert_int_eq(a->events_cut, b->events_cut);
	ck_assert(str_eq(a->last_events, b->last_events));
	ck_assert(str_eq(a->reproduce, b->reproduce));
	ck_assert_int_eq(a->ended.ns, b->ended.ns);
	ck_assert_int_eq(a->wall_ns, b->wall_ns);
	ck_assert_uint_eq(a->step_count, b->step_count);
	for (size_t i = 0; i < a->step_count; i++)
		same_step(&a->steps[i], &b->steps[i]);
}

static struct buf written(const struct run_result *r)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	result_write(&out, r);
	return out;
}

START_TEST(round_trip)
{
	const struct run_result empty = { 0 };
	const struct run_result *const runs[] = { &full, &empty };
	struct arena a = { 0 };
	struct run_result back;
	struct err err = { 0 };
	struct buf bytes = written(runs[_i]);

	ck_assert_msg(result_read(buf_view(&bytes), &a, &back, &err) == 0, "%s",
		      err.msg);
	/* Nothing of it points into the bytes. */
	memset(bytes.p, 0xAA, bytes.n);
	buf_release(&bytes);
	same_run(runs[_i], &back);
	arena_release(&a);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct buf bytes = written(&full);

	for (size_t n = 0; n < bytes.n; n++) {
		/* Its own allocation, so that sanitizers see a step beyond. */
		char *copy = malloc(n ? n : 1);
		struct arena a = { 0 };
		struct run_result back;
		struct err err = { 0 };

		memcpy(copy, bytes.p, n);
		ck_assert_int_eq(result_read((struct str){ copy, n }, &a, &back, &err),
				 -1);
		ck_assert_int_eq(err.code, ERR_INVALID);
		arena_release(&a);
		free(copy);
	}
	buf_release(&bytes);
}
END_TEST

START_TEST(changed_bytes_do_no_harm)
{
	struct buf bytes = written(&full);

	for (size_t i = 0; i < bytes.n; i++) {
		struct arena a = { 0 };
		struct run_result back;
		struct err err = { 0 };
		char was = bytes.p[i];

		bytes.p[i] = (char)0xFF;
		if (result_read(buf_view(&bytes), &a, &back, &err) == 0) {
			ck_assert(back.verdict < VERDICTS);
			ck_assert_uint_eq(back.step_count, 2);
		}
		bytes.p[i] = was;
		arena_release(&a);
	}
	buf_release(&bytes);
}
END_TEST

START_TEST(more_bytes_are_refused)
{
	struct buf bytes = written(&full);
	struct arena a = { 0 };
	struct run_result back;
	struct err err = { 0 };

	buf_char(&bytes, '\0');
	ck_assert_int_eq(result_read(buf_view(&bytes), &a, &back, &err), -1);
	arena_release(&a);
	buf_release(&bytes);
}
END_TEST

START_TEST(worst)
{
	/* From best to worst, as the header has it. */
	static const enum verdict order[] = {
		VERDICT_PASS, VERDICT_SKIP, VERDICT_WARN, VERDICT_NOT_REACHED,
		VERDICT_FAIL, VERDICT_ERROR,
	};

	for (int i = 0; i < VERDICTS; i++)
		for (int k = 0; k < VERDICTS; k++)
			ck_assert_int_eq(verdict_worst(order[i], order[k]),
					 order[i > k ? i : k]);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(verdict_name(VERDICT_PASS), "PASS");
	ck_assert_str_eq(verdict_name(VERDICT_FAIL), "FAIL");
	ck_assert_str_eq(verdict_name(VERDICT_ERROR), "ERROR");
	ck_assert_str_eq(verdict_name(VERDICT_SKIP), "SKIP");
	ck_assert_str_eq(verdict_name(VERDICT_NOT_REACHED), "NOT REACHED");
	ck_assert_str_eq(verdict_name(VERDICT_WARN), "WARN");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenarios/result");
	TCase *tc = tcase_create("result");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, round_trip, 0, 2);
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, changed_bytes_do_no_harm);
	tcase_add_test(tc, more_bytes_are_refused);
	tcase_add_test(tc, worst);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
