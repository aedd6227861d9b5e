/*
 * Any bytes as a scenario: either a checked tree, or an error with a place
 * that can be printed.  What was accepted names no template that a name
 * cannot have, so expanding its URLs against nothing ends in an error or a
 * text, never in a crash.
 */
#include "scenarios/scenario.h"
#include "scenarios/template.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct value *any_name(void *arg, struct str path, struct arena *a,
				    struct err *err)
{
	(void)arg;
	(void)err;
	return value_str(a, path);
}

static void expand(const struct scenario *s, struct arena *a)
{
	struct template_names names = { any_name, NULL };
	struct str url;
	struct err err;

	for (size_t i = 0; i < s->steps.count && i < 100; i++) {
		const struct scenario_step *step = &s->steps.list[i];

		if (step->kind == STEP_REQUEST &&
		    template_expand_url(step->request.url, &names, a, &url, &err) < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct scenario_file file;
	struct arena a = { 0 };
	struct diag d;
	struct buf out;
	int rc;

	diag_init(&d, &a);
	buf_init(&out, 1 << 20);
	rc = scenario_load_text("/nowhere/fuzz.yaml", text, &a, &file, &d);
	if ((rc < 0) != (d.count > 0))
		abort();
	diag_print(&d, &out);
	for (size_t i = 0; rc == 0 && i < file.count && i < 10; i++)
		expand(&file.list[i], &a);
	buf_release(&out);
	arena_release(&a);
	return 0;
}
