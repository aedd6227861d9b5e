#include "cli/coverage.h"
#include "cli/output.h"
#include "conformance/coverage.h"

#include <stdio.h>
#include <unistd.h>

enum { OUT_MAX = 256 << 20 };

static const struct {
	const char *name;
	void (*write)(struct buf *out, const struct coverage *c);
} kinds[] = {
	{ "csv", coverage_csv },
	{ "md", coverage_markdown },
};

static int complain(const struct diag *d)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	diag_print(d, &out);
	fwrite(out.p ? out.p : "", 1, out.n, stderr);
	buf_release(&out);
	return EXIT_FAILED;
}

int coverage_tell(const struct verb *v, const char *kind,
		  const struct ledger *ledger, const struct suite *suite)
{
	size_t i = 0, count = sizeof(kinds) / sizeof(kinds[0]);
	struct arena a = { 0 };
	struct coverage c;
	struct err err = { 0 };
	struct diag d;
	struct buf out;
	int code = EXIT_PASSED;

	while (i < count && strcmp(kinds[i].name, kind) != 0)
		i++;
	if (i == count)
		return verb_usage(v, "--coverage %s: expected csv or md", kind);
	diag_init(&d, &a);
	buf_init(&out, OUT_MAX);
	coverage_build(&c, ledger, suite, &a);
	kinds[i].write(&out, &c);
	if (coverage_check(&c, &d) < 0)
		code = complain(&d);
	if (output_write(STDOUT_FILENO, buf_view(&out), &err) < 0)
		code = verb_fail(v, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	arena_release(&a);
	return code;
}
