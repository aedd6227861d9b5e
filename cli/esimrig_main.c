/*
 * esimrig: a world of eSIM management in one program.  Finds the verb; the
 * rest is in the verbs' own files.
 */
#include "cli/output.h"
#include "cli/verb.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void help(struct buf *out)
{
	buf_z(out, "Usage: esimrig VERB [OPTION]... [ARGUMENT]...\n"
	      "       esimrig VERB --help\n"
	      "       esimrig --version\n\n");
	options_wrap(out, "A rig for eSIM profile management: simulated devices with "
		     "an eUICC, an SM-DP+, an EIS and a server of the esim_profiles "
		     "API, driven by scenarios.", 0, 0);
	buf_z(out, "\nVerbs:\n");
	for (const struct verb *const *v = verbs; *v; v++) {
		buf_printf(out, "  %-10s", (*v)->name);
		options_wrap(out, (*v)->summary, 12, 12);
	}
	buf_z(out, "\nExit codes:\n"
	      "  0  everything passed\n"
	      "  1  something did not pass\n"
	      "  2  wrong usage, or input that is not valid\n"
	      "  3  the rig's own trouble\n");
}

static int show(void (*write)(struct buf *))
{
	struct err err = { 0 };
	struct buf out;
	int code = EXIT_PASSED;

	buf_init(&out, 64 * 1024);
	write(&out);
	if (output_write(STDOUT_FILENO, buf_view(&out), &err) < 0) {
		fprintf(stderr, "esimrig: standard output: %s\n", err.msg);
		code = EXIT_RIG;
	}
	buf_release(&out);
	return code;
}

static void version(struct buf *out)
{
	buf_z(out, "esimrig " ESIMRIG_VERSION "\n");
}

static const struct verb *find(const char *name)
{
	for (const struct verb *const *v = verbs; *v; v++)
		if (strcmp((*v)->name, name) == 0)
			return *v;
	return NULL;
}

static int no_such_verb(const char *name)
{
	const char *names[32];
	size_t count = 0;
	int near;

	while (verbs[count] && count < 32) {
		names[count] = verbs[count]->name;
		count++;
	}
	near = str_nearest(str_of(name), names, count);
	fprintf(stderr, "esimrig: there is no verb '%s'", name);
	if (near >= 0)
		fprintf(stderr, "; did you mean '%s'?", names[near]);
	fprintf(stderr, "\nTry: esimrig --help\n");
	return EXIT_INVALID;
}

/* A file that the program opens must not become its standard output. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * What is freed at the end of the heap is asked for again by the next request:
 * so it does not go back to the kernel each time.  To say so switches off that
 * malloc learns by itself what is large enough for a mapping of its own.
 */
static void keep_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct verb *v;

	fill_standard_descriptors();
	/* A reader that has gone is an error of write(), said once. */
	signal(SIGPIPE, SIG_IGN);
	keep_memory();
	if (argc < 2) {
		fprintf(stderr, "esimrig: which verb?\nTry: esimrig --help\n");
		return EXIT_INVALID;
	}
	if (strcmp(word, "--version") == 0)
		return show(version);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return show(help);
	if (strcmp(word, "help") == 0) {
		if (argc == 2)
			return show(help);
		v = find(argv[2]);
		return v ? verb_show_help(v) : no_such_verb(argv[2]);
	}
	v = find(word);
	return v ? v->run(v, argc - 1, argv + 1) : no_such_verb(word);
}
