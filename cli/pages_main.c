/*
 * pages DIR: writes the manual pages of esimrig and the completion of shells
 * into a directory, for `make install`.
 */
#include "cli/manual.h"
#include "cli/output.h"
#include "scenarios/schema.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { PAGE_MAX = 8 << 20 };

static int write_page(const char *dir, const char *name, const struct buf *text)
{
	char path[4096];
	struct output file;
	struct err err = { 0 };
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		err_set(&err, ERR_LIMIT, "%s: the path is too long", dir);
	else if (output_open(&file, path, &err) == 0 &&
		 output_add(&file, buf_view(text), &err) == 0 &&
		 output_close(&file, &err) == 0)
		return 0;
	fprintf(stderr, "pages: %s\n", err.msg);
	return -1;
}

static int write_by(const char *dir, const char *name, void (*write)(struct buf *))
{
	struct buf text;
	int rc;

	buf_init(&text, PAGE_MAX);
	write(&text);
	rc = write_page(dir, name, &text);
	buf_release(&text);
	return rc;
}

static int write_verb(const char *dir, const struct verb *v)
{
	char name[60];
	struct buf text;
	int rc;

	snprintf(name, sizeof(name), "esimrig-%s.1", v->name);
	buf_init(&text, PAGE_MAX);
	manual_verb(&text, v);
	rc = write_page(dir, name, &text);
	buf_release(&text);
	return rc;
}

static void scenario_schema(struct buf *out)
{
	schema_write_json(out, false);
}

static void fragment_schema(struct buf *out)
{
	schema_write_json(out, true);
}

int main(int argc, char **argv)
{
	const char *dir = argc == 2 ? argv[1] : NULL;
	int rc;

	if (!dir) {
		fprintf(stderr, "Usage: pages DIR\n");
		return EXIT_INVALID;
	}
	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		fprintf(stderr, "pages: %s: %s\n", dir, strerror(errno));
		return EXIT_RIG;
	}
	rc = write_by(dir, "esimrig.1", manual_overview) |
	     write_by(dir, "esimrig.bash", completion_bash) |
	     write_by(dir, "_esimrig", completion_zsh) |
	     write_by(dir, "scenario.schema.json", scenario_schema) |
	     write_by(dir, "fragment.schema.json", fragment_schema);
	for (const struct verb *const *v = verbs; *v; v++)
		rc |= write_verb(dir, *v);
	return rc < 0 ? EXIT_RIG : EXIT_PASSED;
}
