/* esimrig der: what is in DER of SGP.22. */
#include "cli/output.h"
#include "cli/verb.h"
#include "proto/base64.h"
#include "proto/der_dump.h"
#include "proto/hex.h"
#include "sim/file.h"

#include <ctype.h>
#include <unistd.h>

enum { INPUT_MAX = 16 << 20 };

struct der_options {
	bool help, all;
};

static const struct option options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct der_options, all), NULL,
	  "Show all bytes of long values", 0 },
	OPTION_HELP(struct der_options),
	{ 0 }
};

static int read_all(const char *path, struct buf *out, struct err *err)
{
	return strcmp(path, "-") == 0 ? file_read_fd(STDIN_FILENO, path, out, err) :
	       file_read(path, out, err);
}

/* Without white space; in memory of `a`. */
static struct str squeeze(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (!isspace((unsigned char)s.p[i]))
			p[n++] = s.p[i];
	return (struct str){ p, n };
}

/* Hex digits or base64 as bytes; else what came. */
static struct str decode(struct str s, struct arena *a)
{
	struct str text = squeeze(s, a), bytes;
	struct err err;

	if (hex_decode(a, text, &bytes, &err) == 0 ||
	    base64_decode(a, text, &bytes, &err) == 0)
		return bytes;
	return s;
}

static int dump(const struct verb *v, const char *path, bool all)
{
	struct arena a = { 0 };
	struct err err = { 0 }, trouble = { 0 };
	struct buf in, out;
	int code = EXIT_PASSED, rc;

	buf_init(&in, INPUT_MAX);
	buf_init(&out, (size_t)1 << 30);
	if (read_all(path, &in, &err) < 0) {
		code = verb_fail(v, EXIT_INVALID, "%s", err.msg);
	} else {
		rc = der_dump(decode(buf_view(&in), &a), all, &out, &err);
		if (output_write(STDOUT_FILENO, buf_view(&out), &trouble) < 0)
			code = verb_fail(v, EXIT_RIG, "standard output: %s", trouble.msg);
		else if (rc < 0)
			code = verb_fail(v, EXIT_INVALID, "%s: %s", path, err.msg);
	}
	buf_release(&in);
	buf_release(&out);
	arena_release(&a);
	return code;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct der_options o = { 0 };
	int left = verb_parse(v, argc, argv, &o);

	if (left < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	if (left != 1)
		return verb_usage(v, "expected one file, or - for standard input");
	return dump(v, argv[1], o.all);
}

static const char *const about[] = {
	"FILE holds the bytes themselves, hex digits, or base64 as ES9+ has it; - is standard "
	"input. Messages of SGP.22 are shown with the names that it gives their parts.",
	"  echo BF3E035C015A | esimrig der -",
	NULL
};

const struct verb verb_der = {
	.name = "der", .arguments = "FILE|-", .summary = "Show what is in DER of SGP.22",
	.options = options, .about = about, .run = run,
};
