/*
 * Goal: what --help says is what is understood, for every verb.
 * Method: command lines against a table of this test; every verb's help is
 * read back and compared with its table.
 */
#include "cli/verb.h"
#include "scenarios/report.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct values {
	bool flag, other;
	const char *text;
	struct option_number number;
	struct option_list list;
};

#define AT(member) offsetof(struct values, member)

static const struct option table[] = {
	{ "flag", 'f', OPTION_FLAG, AT(flag), NULL, "A flag", 0 },
	{ "other", 'o', OPTION_FLAG, AT(other), NULL, "Another", 0 },
	{ "text", 't', OPTION_TEXT, AT(text), "TEXT", "A text", 0 },
	{ "number", 'n', OPTION_NUMBER, AT(number), "N", "A number", 100 },
	{ "list", 0, OPTION_LIST, AT(list), "ITEM",
	  "A list whose help is so long that it cannot stand in one line of a "
	  "terminal as they were in the days of old", 0 },
	{ 0 }
};

/* Splits at spaces; what is left over comes back joined by commas. */
static int parse(const char *line, struct values *v, struct err *err, char *rest)
{
	static char words[1200];
	char *argv[OPTION_LIST_MAX + 20] = { words };
	int argc = 1, left;

	snprintf(words, sizeof(words), "verb %s", line);
	for (char *p = words; *p; p++)
		if (*p == ' ') {
			*p = '\0';
			if (p[1])
				argv[argc++] = p + 1;
		}
	*v = (struct values){ 0 };
	left = options_parse(table, argc, argv, v, err);
	*rest = '\0';
	for (int i = 0; i < left; i++)
		snprintf(rest + strlen(rest), 400 - strlen(rest), "%s%s",
			 i ? "," : "", argv[1 + i]);
	return left;
}

static const struct {
	const char *line;
	bool flag, other;
	const char *text;
	int number;		/* -1: not given */
	size_t list;
	const char *rest;
} good[] = {
	{ "", false, false, NULL, -1, 0, "" },
	{ "a b", false, false, NULL, -1, 0, "a,b" },
	{ "a --flag b", true, false, NULL, -1, 0, "a,b" },
	{ "-f -o", true, true, NULL, -1, 0, "" },
	{ "-fo x", true, true, NULL, -1, 0, "x" },
	{ "-ft x y", true, false, "x", -1, 0, "y" },
	{ "-ftx y", true, false, "x", -1, 0, "y" },
	{ "--text x --text=y", false, false, "y", -1, 0, "" },
	{ "--text=", false, false, "", -1, 0, "" },
	{ "--text=a=b", false, false, "a=b", -1, 0, "" },
	{ "--text --flag", false, false, "--flag", -1, 0, "" },
	{ "-n 7", false, false, NULL, 7, 0, "" },
	{ "-n100", false, false, NULL, 100, 0, "" },
	{ "--number=0", false, false, NULL, 0, 0, "" },
	{ "--list a --list b", false, false, NULL, -1, 2, "" },
	{ "- x", false, false, NULL, -1, 0, "-,x" },
	{ "x -- --flag -f", false, false, NULL, -1, 0, "x,--flag,-f" },
};

START_TEST(understood)
{
	struct err err = { 0 };
	struct values v;
	char rest[400];

	ck_assert_msg(parse(good[_i].line, &v, &err, rest) >= 0, "%s", err.msg);
	ck_assert_int_eq(v.flag, good[_i].flag);
	ck_assert_int_eq(v.other, good[_i].other);
	ck_assert_pstr_eq(v.text, good[_i].text);
	ck_assert_int_eq(v.number.given, good[_i].number >= 0);
	if (v.number.given)
		ck_assert_int_eq((int)v.number.value, good[_i].number);
	ck_assert_uint_eq(v.list.count, good[_i].list);
	ck_assert_str_eq(rest, good[_i].rest);
}
END_TEST

static const struct {
	const char *line, *message;
} bad[] = {
	{ "--flga", "unknown option --flga; did you mean --flag?" },
	{ "--zzzzzz", "unknown option --zzzzzz" },
	{ "-x", "unknown option -x" },
	{ "-fx", "unknown option -x" },
	{ "--flag=1", "--flag takes no value" },
	{ "--text", "--text needs a value: --text TEXT" },
	{ "-t", "--text needs a value: --text TEXT" },
	{ "-n 101", "--number 101: expected a whole number from 0 to 100" },
	{ "-n -1", "--number -1: expected a whole number from 0 to 100" },
	{ "-n 1x", "--number 1x: expected a whole number from 0 to 100" },
	{ "--number=", "--number : expected a whole number from 0 to 100" },
};

START_TEST(refused)
{
	struct err err = { 0 };
	struct values v;
	char rest[400];

	ck_assert_int_eq(parse(bad[_i].line, &v, &err, rest), -1);
	ck_assert_str_eq(err.msg, bad[_i].message);
}
END_TEST

START_TEST(too_many_in_a_list)
{
	struct err err = { 0 };
	struct values v;
	struct buf line;
	char rest[400];

	buf_init(&line, 1000);
	for (int i = 0; i < OPTION_LIST_MAX; i++)
		buf_z(&line, "--list=x ");
	ck_assert_int_eq(parse(line.p, &v, &err, rest), 0);
	buf_z(&line, "--list=x");
	ck_assert_int_eq(parse(line.p, &v, &err, rest), -1);
	buf_release(&line);
	ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

START_TEST(help_looks_right)
{
	struct buf out;

	buf_init(&out, 10000);
	options_help(table, &out);
	ck_assert_str_eq(out.p,
		"  -f, --flag              A flag\n"
		"  -o, --other             Another\n"
		"  -t, --text TEXT         A text\n"
		"  -n, --number N          A number\n"
		"      --list ITEM         A list whose help is so long that it cannot stand in\n"
		"                          one line of a terminal as they were in the days of old\n");
	buf_release(&out);
}
END_TEST

/* ---- The verbs. -------------------------------------------------------- */

static int verb_count(void)
{
	int n = 0;

	while (verbs[n])
		n++;
	return n;
}

static bool has_option(const struct option *o, struct str name)
{
	for (; o->name; o++)
		if (str_is(name, o->name))
			return true;
	return false;
}

/* Every "--word" that the help speaks of is an option of the verb. */
static void check_words(const struct verb *v, struct str help)
{
	struct str rest = help;

	while (rest.p) {
		struct str word = str_split(&rest, '-');
		struct str name = rest;

		if (!rest.p || !str_starts(rest, STR("-")) ||
		    (word.n && word.p[word.n - 1] == '-'))
			continue;
		name.p++;
		for (name.n = 0; name.p + name.n < help.p + help.n &&
		     strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.p[name.n]);)
			name.n++;
		if (name.n)
			ck_assert_msg(has_option(v->options, name),
				      "%s: help speaks of --%.*s", v->name, STRF(name));
	}
}

START_TEST(help_and_table_agree)
{
	const struct verb *v = verbs[_i];
	bool letters[256] = { false };
	struct buf out;

	buf_init(&out, 100000);
	verb_help(v, &out);
	ck_assert(has_option(v->options, STR("help")));
	for (const struct option *o = v->options; o->name; o++) {
		char line[100];

		snprintf(line, sizeof(line), "--%s%s%s", o->name,
			 o->argument ? " " : "", o->argument ? o->argument : "");
		ck_assert_msg(strstr(out.p, line) != NULL, "%s: %s is not in the help",
			      v->name, line);
		ck_assert_msg(!o->letter || !letters[(unsigned char)o->letter],
			      "%s: -%c twice", v->name, o->letter);
		letters[(unsigned char)o->letter] = true;
		ck_assert_int_eq(o->kind == OPTION_FLAG, o->argument == NULL);
		ck_assert_msg(o->help[strlen(o->help) - 1] != '.', "%s", o->name);
	}
	check_words(v, buf_view(&out));
	for (struct str rest = buf_view(&out); rest.p;)
		ck_assert_uint_le(str_split(&rest, '\n').n, 80);
	buf_release(&out);
}
END_TEST

START_TEST(run_offers_every_report)
{
	size_t last = 0;

	for (size_t i = 0; i < REPORT_FORMATS; i++) {
		const struct option *o = verb_run.options;

		while (o->name && strcmp(o->name, report_formats[i].option) != 0)
			o++;
		ck_assert_msg(o->name != NULL, "--%s", report_formats[i].option);
		/* In the order of the table: run.c counts on it. */
		ck_assert(i == 0 || o->offset == last + sizeof(const char *));
		last = o->offset;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/options");
	TCase *tc = tcase_create("options");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, understood, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, too_many_in_a_list);
	tcase_add_test(tc, help_looks_right);
	tcase_add_loop_test(tc, help_and_table_agree, 0, verb_count());
	tcase_add_test(tc, run_offers_every_report);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
