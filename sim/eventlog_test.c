/* Goal: a line per event, the same bytes each time, always valid JSON. */
#include "sim/eventlog.h"
#include "sim/json.h"

#include <check.h>
#include <stdlib.h>

struct ear {
	struct eventlog_listener l;	/* first: an ear is a listener */
	struct eventlog *log;
	char heard[100];
	struct buf lines;
	bool leaves;
};

static void tell(struct eventlog_listener *l, const struct event *e, struct str line)
{
	struct ear *ear = (struct ear *)l;

	strncat(ear->heard, e->name, 10);
	buf_str(&ear->lines, line);
	buf_char(&ear->lines, '\n');
	ck_assert_int_eq(line.n > 0, ear->log->wants_line && l->wants_line);
	if (ear->leaves)
		eventlog_unlisten(ear->log, l);
}

static void ear_init(struct ear *ear, struct eventlog *log, bool wants_line)
{
	*ear = (struct ear){ .l = { .tell = tell, .wants_line = wants_line }, .log = log };
	buf_init(&ear->lines, 1 << 20);
	eventlog_listen(log, &ear->l);
}

START_TEST(the_line)
{
	struct eventlog log;
	struct clock clock;
	struct ear ear;

	clock_init(&clock, CLOCK_KIND_VIRTUAL, 1, 0);
	clock_idle_until(&clock, (struct instant){ 12345678999 });
	eventlog_init(&log, &clock);
	ear_init(&ear, &log, true);
	EVENT(&log, STR("shop"), "sold", F_STR("id", STR("x\"y")), F_INT("n", -3),
	      F_BOOL("ok", true), F_STR("empty", STR("")), F_Z("z", "zz"),
	      F_TIME("at", (struct instant){ 7 * NS_PER_US }));
	EVENT(&log, STR("shop"), "closed");
	ck_assert_str_eq(ear.lines.p,
		"{\"t\":12.345678,\"party\":\"shop\",\"event\":\"sold\",\"id\":\"x\\\"y\",\"n\":-3,"
		"\"ok\":true,\"z\":\"zz\",\"at\":0.000007}\n"
		"{\"t\":12.345678,\"party\":\"shop\",\"event\":\"closed\"}\n");
	ck_assert_uint_eq(log.count, 2);
	buf_release(&ear.lines);
	eventlog_release(&log);
}
END_TEST

START_TEST(listeners)
{
	struct ear first, second, third;
	struct eventlog log;
	struct clock clock;

	clock_init(&clock, CLOCK_KIND_VIRTUAL, 1, 0);
	eventlog_init(&log, &clock);
	EVENT(&log, STR("p"), "unheard");
	ck_assert_uint_eq(log.count, 0);
	ear_init(&first, &log, false);
	ear_init(&second, &log, false);
	ear_init(&third, &log, false);
	second.leaves = true;	/* in the middle of being told */
	EVENT(&log, STR("p"), "a");
	EVENT(&log, STR("p"), "b");
	ck_assert_str_eq(first.heard, "ab");
	ck_assert_str_eq(second.heard, "a");
	ck_assert_str_eq(third.heard, "ab");
	eventlog_unlisten(&log, &second.l);	/* once more is harmless */
	eventlog_unlisten(&log, &first.l);
	EVENT(&log, STR("p"), "c");
	ck_assert_str_eq(third.heard, "abc");
	ck_assert(!log.wants_line);
	buf_release(&first.lines);
	buf_release(&second.lines);
	buf_release(&third.lines);
	eventlog_release(&log);
}
END_TEST

/* Whatever a peer sent: one line, valid, not longer than its room. */
START_TEST(hostile_strings)
{
	static const char *const fill[] = { "x", "\x01", "\xFF", "\xC3\xA9", "\"", "\n",
					    "\xF0\x9F\x98\x80" };
	struct err err = { 0 };
	struct eventlog log;
	struct clock clock;
	struct buf text;
	struct ear ear;
	cJSON *tree;

	clock_init(&clock, CLOCK_KIND_VIRTUAL, 1, 0);
	eventlog_init(&log, &clock);
	ear_init(&ear, &log, true);
	buf_init(&text, 200000);
	for (size_t n = 4094; n < 150000; n = n < 4100 ? n + 1 : n * 3) {
		buf_clear(&text);
		while (text.n + 4 < n)
			buf_z(&text, fill[_i]);
		while (text.n < n)
			buf_char(&text, 'e');
		buf_clear(&ear.lines);
		EVENT(&log, STR("p"), "request", F_STR("path", buf_view(&text)),
		      F_STR("query", buf_view(&text)), F_INT("n", 5));
		ck_assert(!log.line.over);
		ck_assert_ptr_eq(strchr(ear.lines.p, '\n'), ear.lines.p + ear.lines.n - 1);
		tree = json_parse(buf_view(&ear.lines), &err);
		ck_assert_msg(tree != NULL, "%s", err.msg);
		ck_assert_int_eq(cJSON_GetObjectItem(tree, "n")->valueint, 5);
		ck_assert_int_eq(strstr(cJSON_GetObjectItem(tree, "path")->valuestring,
					"...") != NULL, n > 4096);
		cJSON_Delete(tree);
	}
	buf_release(&text);
	buf_release(&ear.lines);
	eventlog_release(&log);
}
END_TEST

static void mask(struct buf *line)
{
	char *at = strstr(line->p, "secret");

	if (at)
		memcpy(at, "******", 6);
}

START_TEST(redacted)
{
	struct eventlog log;
	struct clock clock;
	struct ear ear;

	clock_init(&clock, CLOCK_KIND_VIRTUAL, 1, 0);
	eventlog_init(&log, &clock);
	log.redact = mask;
	ear_init(&ear, &log, true);
	EVENT(&log, STR("p"), "e", F_Z("k", "the secret"));
	ck_assert_ptr_null(strstr(ear.lines.p, "secret"));
	ck_assert_ptr_nonnull(strstr(ear.lines.p, "the ******"));
	buf_release(&ear.lines);
	eventlog_release(&log);
}
END_TEST

static void look(struct eventlog_listener *l, const struct event *e, struct str line)
{
	struct ear *ear = (struct ear *)l;

	(void)line;
	ck_assert(str_is(event_str(e, "s"), "v"));
	ck_assert_ptr_null(event_str(e, "n").p);	/* not a string */
	ck_assert_ptr_null(event_str(e, "none").p);
	ck_assert_int_eq(event_field(e, "n")->i, 4);
	ck_assert_ptr_null(event_field(e, "none"));
	strncat(ear->heard, "ok", 3);
}

START_TEST(fields)
{
	struct eventlog log;
	struct clock clock;
	struct ear ear;

	clock_init(&clock, CLOCK_KIND_VIRTUAL, 1, 0);
	eventlog_init(&log, &clock);
	ear_init(&ear, &log, false);
	ear.l.tell = look;
	EVENT(&log, STR("p"), "e", F_Z("s", "v"), F_INT("n", 4));
	ck_assert_str_eq(ear.heard, "ok");
	buf_release(&ear.lines);
	eventlog_release(&log);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/eventlog");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, the_line);
	tcase_add_test(tc, listeners);
	tcase_add_loop_test(tc, hostile_strings, 0, 7);
	tcase_add_test(tc, redacted);
	tcase_add_test(tc, fields);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
