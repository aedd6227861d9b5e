/*
 * Goal: man pages and completion say what the tables of options say, in a
 * form that man, mandoc, bash and zsh take without a word.
 * Method: the pages are written by the `pages` program and read by those
 * programs, where they are there; bash is asked what it completes, and every
 * verb and option must come.  roff is looked at by itself as well: no line is
 * too long, and none is a request that nobody meant.
 */
#include "cli/manual.h"
#include "cli/shell_test.h"

static void write_pages(void)
{
	struct buf out, err;

	shell_set_up();
	ck_assert_int_eq(shell_run("$(dirname $P)/pages pages", &out, &err), 0);
	ck_assert_str_eq(err.p, "");
	buf_release(&out);
	buf_release(&err);
}

/* A command that must be silent; false if its program is not there. */
static bool is_silent(const char *program, const char *command)
{
	char line[400];
	struct buf out, err;
	bool there;

	snprintf(line, sizeof(line), "command -v %s >/dev/null || exit 77; %s", program, command);
	there = shell_run(line, &out, &err) != 77;
	ck_assert_msg(!there || (strcmp(out.p, "") == 0 && strcmp(err.p, "") == 0), "%s: %s%s",
		      command, out.p, err.p);
	buf_release(&out);
	buf_release(&err);
	if (!there)
		fprintf(stderr, "manual_test: no %s here\n", program);
	return there;
}

START_TEST(others_read_it)
{
	is_silent("groff", "for f in pages/*.1; do groff -ww -K utf8 -man -Tutf8 -Z $f "
		  ">/dev/null; done");
	is_silent("mandoc", "mandoc -Tlint pages/*.1");
	is_silent("bash", "bash -n pages/esimrig.bash");
	is_silent("zsh", "zsh -n pages/_esimrig");
}
END_TEST

/* Requests that pages use. */
static bool is_request(const char *line)
{
	static const char *const requests[] = {
		".TH ", ".SH ", ".TP\n", ".B ", ".I ", ".BR ", ".PP\n", ".RS ", ".RE\n",
		".EX\n", ".EE\n", ".br\n", ".\\\" ",
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strncmp(line, requests[i], strlen(requests[i])) == 0)
			return true;
	return false;
}

static void check_page(const struct buf *page)
{
	bool example = false;

	for (const char *line = page->p; *line; line = strchr(line, '\n') + 1) {
		size_t n = strcspn(line, "\n");

		if (line[0] == '.' || line[0] == '\'')
			ck_assert_msg(is_request(line), "%.*s", (int)n, line);
		ck_assert_msg(n <= 100 || example, "%zu characters: %.*s", n, (int)n, line);
		example = strncmp(line, ".EX", 3) == 0 || (example && line[0] != '.');
		for (size_t i = 0; i < n; i++)
			ck_assert_msg(line[i] >= ' ' && line[i] < 127, "%.*s", (int)n, line);
	}
}

/* "dry-run" as it stands in a page. */
static void as_roff(const char *option, char text[80])
{
	size_t n = 0;

	for (; *option; option++) {
		if (*option == '-')
			text[n++] = '\\';
		text[n++] = *option;
	}
	text[n] = '\0';
}

START_TEST(every_option_has_its_place)
{
	char name[80], words[120];
	struct buf page;

	for (const struct verb *const *v = verbs; *v; v++) {
		snprintf(name, sizeof(name), "pages/esimrig-%s.1", (*v)->name);
		shell_read(name, &page);
		page.p[page.n - 1] = '\0';
		check_page(&page);
		for (const struct option *o = (*v)->options; o->name; o++) {
			as_roff(o->name, name);
			snprintf(words, sizeof(words), "\\fB\\-\\-%s\\fR", name);
			ck_assert_msg(strstr(page.p, words), "%s: %s", (*v)->name, words);
		}
		ck_assert_ptr_nonnull(strstr(page.p, "\n.SH EXIT STATUS\n"));
		buf_release(&page);
	}
	shell_read("pages/esimrig.1", &page);
	check_page(&page);
	for (const struct verb *const *v = verbs; *v; v++)
		ck_assert_ptr_nonnull(strstr(page.p, (*v)->name));
	buf_release(&page);
}
END_TEST

/* ---- What bash completes. --------------------------------------------------- */

/* The last word of the line is completed; "" if there is no bash. */
static void complete(const char *line, struct buf *out)
{
	char command[1000];
	struct buf err;

	snprintf(command, sizeof(command), "command -v bash >/dev/null || exit 77; mkdir -p d; "
		 ": >one.yaml; bash -c '. pages/esimrig.bash; COMP_WORDS=(%s); "
		 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _esimrig; echo \" ${COMPREPLY[*]} \"'",
		 line);
	if (shell_run(command, out, &err) == 77)
		buf_clear(out);
	else
		ck_assert_str_eq(err.p, "");
	buf_release(&err);
}

static void check_completes(const char *line, const char *word, bool does)
{
	struct buf out;
	char spaced[100];

	complete(line, &out);
	snprintf(spaced, sizeof(spaced), " %s ", word);
	if (out.n)
		ck_assert_msg((strstr(out.p, spaced) != NULL) == does, "%s: %s: %s", line, word,
			      out.p);
	buf_release(&out);
}

static const struct {
	const char *line, *word;
	bool does;
} completions[] = {
	{ "esimrig ru", "run", true },
	{ "esimrig ru", "check", false },
	{ "esimrig run --ju", "--junit", true },
	{ "esimrig run --clock \"\"", "virtual", true },
	{ "esimrig run --clock \"\"", "scaled=", true },
	{ "esimrig run --clock = r", "real", true },
	{ "esimrig run --junit \"\"", "one.yaml", true },
	{ "esimrig run o", "one.yaml", true },
	{ "esimrig run --seed \"\"", "one.yaml", false },
	{ "esimrig conform --suites \"\"", "d", true },
	{ "esimrig conform --suites \"\"", "one.yaml", false },
	{ "esimrig conform --coverage \"\"", "md", true },
	{ "esimrig pki \"\"", "make", true },
	{ "esimrig schema f", "fragment", true },
	{ "esimrig help ser", "server", true },
};

START_TEST(bash_completes)
{
	check_completes(completions[_i].line, completions[_i].word, completions[_i].does);
}
END_TEST

START_TEST(bash_knows_every_option)
{
	char line[100], word[100];

	for (const struct verb *const *v = verbs; *v; v++) {
		struct buf out;

		snprintf(line, sizeof(line), "esimrig %s --", (*v)->name);
		complete(line, &out);
		for (const struct option *o = (*v)->options; o->name && out.n; o++) {
			snprintf(word, sizeof(word), " --%s ", o->name);
			ck_assert_msg(strstr(out.p, word), "%s: %s", line, word);
		}
		buf_release(&out);
	}
}
END_TEST

/* ---- What arguments ask for. ------------------------------------------------ */

static const struct {
	const char *argument;
	enum argument_kind kind;
	const char *words;
} arguments[] = {
	{ "FILE", ARGUMENT_FILE, "" },
	{ "FILE|-", ARGUMENT_FILE, "" },
	{ "PATH...", ARGUMENT_FILE, "" },
	{ "DIR", ARGUMENT_DIRECTORY, "" },
	{ "N", ARGUMENT_UNKNOWN, "" },
	{ "N/s", ARGUMENT_UNKNOWN, "" },
	{ "NAME:PASSWORD", ARGUMENT_UNKNOWN, "" },
	{ "", ARGUMENT_UNKNOWN, "" },
	{ "--db FILE", ARGUMENT_UNKNOWN, "" },
	{ "csv|md", ARGUMENT_WORDS, "csv md" },
	{ "virtual|real|scaled=N", ARGUMENT_WORDS, "virtual real scaled=" },
	{ "[scenario|fragment]", ARGUMENT_WORDS, "scenario fragment" },
	{ "[world|server]...", ARGUMENT_WORDS, "world server" },
	{ "init|show|make [ARGUMENT]", ARGUMENT_WORDS, "init show make" },
};

START_TEST(arguments_are_told_apart)
{
	struct buf words;

	ck_assert_int_eq(argument_kind(arguments[_i].argument), arguments[_i].kind);
	buf_init(&words, 1000);
	if (arguments[_i].kind == ARGUMENT_WORDS)
		argument_words(&words, arguments[_i].argument);
	ck_assert_msg(str_is(buf_view(&words), arguments[_i].words), "%s", words.p);
	buf_release(&words);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int main(void)
{
	SRunner *runner;
	TCase *tc = tcase_create("pages"), *plain = tcase_create("arguments");
	Suite *suite = suite_create("cli/manual");
	int failed;

	/* One directory for all, whether they run in this process or not. */
	tcase_add_unchecked_fixture(tc, write_pages, shell_tear_down);
	tcase_add_test(tc, others_read_it);
	tcase_add_test(tc, every_option_has_its_place);
	tcase_add_loop_test(tc, bash_completes, 0, COUNT(completions));
	tcase_add_test(tc, bash_knows_every_option);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(plain, arguments_are_told_apart, 0, COUNT(arguments));
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, plain);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
