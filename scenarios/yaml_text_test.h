/*
 * yaml_text_test.h - values that a test has as YAML text; what is wrong with them is in
 * `diag`.
 */
#ifndef SCENARIOS_YAML_TEXT_TEST_H
#define SCENARIOS_YAML_TEXT_TEST_H

#include "scenarios/yaml.h"

#include <check.h>

static struct arena arena;
static struct diag diag;

static inline void set_up(void)
{
	arena = (struct arena){ 0 };
	diag_init(&diag, &arena);
}

static inline void tear_down(void)
{
	arena_release(&arena);
}

/* NULL: it is no YAML. */
static inline const struct value *parse(const char *text)
{
	struct source *source = ARENA_NEW(&arena, struct source);

	source->name = STR("t.yaml");
	source->text = str_of(text);
	return yaml_parse(source, &arena, &diag);
}

/* It is YAML. */
static inline const struct value *good(const char *text)
{
	const struct value *v = parse(text);

	ck_assert_msg(v != NULL, "%s: %s", text,
		      diag.count ? diag.items[0].message.p : "no error");
	return v;
}

#endif
