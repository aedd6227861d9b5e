/* esimrig schema: the scenario language as a JSON Schema, for editors. */
#include "cli/output.h"
#include "cli/verb.h"
#include "scenarios/schema.h"

#include <unistd.h>

struct schema_options {
	bool help;
};

static const struct option options[] = {
	OPTION_HELP(struct schema_options),
	{ 0 }
};

static int write_schema(const struct verb *v, bool fragment)
{
	struct err err = { 0 };
	struct buf out;
	int code = EXIT_PASSED;

	buf_init(&out, 8 << 20);
	schema_write_json(&out, fragment);
	if (output_write(STDOUT_FILENO, buf_view(&out), &err) < 0)
		code = verb_fail(v, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	return code;
}

static int schema(const struct verb *v, int argc, char **argv)
{
	struct schema_options o = { 0 };
	int left = verb_parse(v, argc, argv, &o);
	const char *what = left > 0 ? argv[1] : "scenario";

	if (left < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	if (left > 1 || (strcmp(what, "scenario") != 0 && strcmp(what, "fragment") != 0))
		return verb_usage(v, "'%s': expected scenario or fragment",
				  argv[left > 1 ? 2 : 1]);
	return write_schema(v, strcmp(what, "fragment") == 0);
}

static const char *const about[] = {
	"Writes a JSON Schema (draft 2020-12) to standard output, with which an editor "
	"completes and checks scenarios, worlds, suites and checks (docs/scenarios.md). "
	"fragment is for files whose name begins with '_', which others include: nothing is "
	"required there.",
	"A schema sees one file and no names: what `esimrig check` accepts is valid, but not "
	"the other way round.",
	"  esimrig schema > scenario.schema.json",
	NULL
};

const struct verb verb_schema = {
	.name = "schema", .arguments = "[scenario|fragment]",
	.summary = "Write the scenario language as a JSON Schema",
	.options = options, .about = about, .run = schema,
};
