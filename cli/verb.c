#include "cli/verb.h"
#include "cli/output.h"

#include <stdio.h>

const struct verb *const verbs[] = {
	&verb_demo, &verb_ctl, &verb_run, &verb_check, &verb_conform, &verb_explain, &verb_server,
	&verb_eis,
	&verb_smdp, &verb_smds, &verb_devices, &verb_card, &verb_lpa, &verb_pki, &verb_der,
	&verb_schema, &verb_bench, NULL
};

void verb_help(const struct verb *v, struct buf *out)
{
	buf_printf(out, "Usage: esimrig %s [OPTION]... %s\n\n", v->name,
		   v->arguments);
	options_wrap(out, v->summary, 0, 0);
	buf_z(out, "\nOptions:\n");
	options_help(v->options, out);
	for (const char *const *p = v->about; *p; p++) {
		buf_char(out, '\n');
		if (**p == ' ')
			buf_printf(out, "%s\n", *p);
		else
			options_wrap(out, *p, 0, 0);
	}
}

int verb_show_help(const struct verb *v)
{
	struct err err = { 0 };
	struct buf out;
	int code = EXIT_PASSED;

	buf_init(&out, 64 * 1024);
	verb_help(v, &out);
	if (output_write(1, buf_view(&out), &err) < 0)
		code = verb_fail(v, EXIT_RIG, "standard output: %s", err.msg);
	buf_release(&out);
	return code;
}

static void say(const struct verb *v, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void say(const struct verb *v, const char *fmt, va_list ap)
{
	fprintf(stderr, "esimrig %s: ", v->name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int verb_usage(const struct verb *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(v, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try: esimrig %s --help\n", v->name);
	return EXIT_INVALID;
}

int verb_fail(const struct verb *v, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(v, fmt, ap);
	va_end(ap);
	return code;
}

int verb_parse(const struct verb *v, int argc, char **argv, void *into)
{
	struct err err = { 0 };
	int left = options_parse(v->options, argc, argv, into, &err);

	if (left < 0)
		verb_usage(v, "%s", err.msg);
	return left;
}
