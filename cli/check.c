/* esimrig check: scenarios are read and checked as for a run, and not run. */
#include "cli/output.h"
#include "cli/selection.h"

#include <unistd.h>

struct check_options {
	bool help;
	bool quiet;
};

static const struct option options[] = {
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct check_options, quiet), NULL,
	  "Say nothing if all is well", 0 },
	OPTION_HELP(struct check_options),
	{ 0 }
};

static int say_valid(const struct verb *v, const struct selection *s)
{
	struct err err = { 0 };
	struct buf out;
	int code = EXIT_PASSED;

	buf_init(&out, 1000);
	buf_printf(&out, "%zu file%s, %zu scenario%s: valid\n", s->files.count,
		   s->files.count == 1 ? "" : "s", s->run_count,
		   s->run_count == 1 ? "" : "s");
	if (output_write(STDOUT_FILENO, buf_view(&out), &err) < 0)
		code = verb_fail(v, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	return code;
}

static int check(const struct verb *v, int argc, char **argv)
{
	struct check_options o = { 0 };
	int paths = verb_parse(v, argc, argv, &o);
	struct selection selection;
	int code;

	if (paths < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	code = selection_load(&selection, v, argv + 1, paths);
	if (code == EXIT_PASSED && !o.quiet)
		code = say_valid(v, &selection);
	selection_release(&selection);
	return code;
}

static const char *const about[] = {
	"PATH is a scenario file, or a directory: then all *.yaml below it, but for "
	"those whose name begins with '_', which others include.",
	"Everything that is wrong is printed with its place and what was expected; "
	"then the exit code is 2.",
	NULL
};

const struct verb verb_check = {
	.name = "check", .arguments = "PATH...",
	.summary = "Validate scenarios without running them",
	.options = options, .about = about, .run = check,
};
