/*
 * Goal: the shipped suites leave nothing out: every quirk is used, every
 * scenario watches invariants and says what it shows.
 * Method: all of them are loaded, not run, and gone through; the table of
 * quirks says what there must be.
 */
#include "scenarios/load.h"
#include "sim/map.h"

#include <check.h>
#include <glob.h>
#include <stdlib.h>

#define SUITES "scenarios/suites/*/[!_]*.yaml"

/* What the project promises; cases are not counted. */
enum { FILES_MIN = 40, QUIRKS_MAX = 200 };

static glob_t paths;
static struct arena arena;
static struct scenario_file *files;
static unsigned uses[QUIRKS_MAX];	/* by row of the table */

static void note(const struct scenario_quirk *q)
{
	for (size_t i = 0; q->setting && i < quirk_count(); i++)
		if (quirk_row(i) == q->setting->row)
			uses[i]++;
}

static void note_all(const struct scenario_quirks *quirks)
{
	for (size_t i = 0; i < quirks->count; i++)
		note(&quirks->list[i]);
}

static void note_scenario(const struct scenario *sc)
{
	const struct scenario_world *w = &sc->world;

	note_all(&w->quirks);
	for (size_t i = 0; i < w->carriers.count; i++)
		note_all(&w->carriers.list[i].quirks);
	for (size_t i = 0; i < w->smdps.count; i++)
		note_all(&w->smdps.list[i].quirks);
	for (size_t i = 0; i < w->devices.count; i++)
		note_all(&w->devices.list[i].quirks);
	for (size_t i = 0; i < w->fleets.count; i++)
		note_all(&w->fleets.list[i].template.quirks);
	for (size_t i = 0; i < sc->steps.count; i++)
		if (sc->steps.list[i].kind == STEP_ACTION)
			note(&sc->steps.list[i].action.quirk);
}

static void load_one(const char *path, struct scenario_file *file)
{
	struct diag diag;
	struct buf b;

	diag_init(&diag, &arena);
	if (scenario_load(path, &arena, file, &diag) == 0)
		return;
	buf_init(&b, 1 << 20);
	diag_print(&diag, &b);
	ck_abort_msg("%.*s", STRF(buf_view(&b)));
}

static void set_up(void)
{
	ck_assert_uint_le(quirk_count(), QUIRKS_MAX);
	ck_assert_int_eq(glob(SUITES, 0, NULL, &paths), 0);
	files = calloc(paths.gl_pathc, sizeof(*files));
	ck_assert_ptr_nonnull(files);
	memset(uses, 0, sizeof(uses));
	for (size_t i = 0; i < paths.gl_pathc; i++)
		load_one(paths.gl_pathv[i], &files[i]);
}

static void tear_down(void)
{
	globfree(&paths);
	free(files);
	arena_release(&arena);
}

START_TEST(there_are_enough)
{
	ck_assert_uint_ge(paths.gl_pathc, FILES_MIN);
}
END_TEST

START_TEST(every_quirk_is_used)
{
	for (size_t i = 0; i < paths.gl_pathc; i++)
		for (size_t k = 0; k < files[i].count; k++)
			note_scenario(&files[i].list[k]);
	for (size_t i = 0; i < quirk_count(); i++)
		ck_assert_msg(uses[i] > 0, "no scenario below scenarios/suites uses %s",
			      quirk_row(i)->name);
}
END_TEST

START_TEST(every_scenario_is_watched)
{
	for (size_t i = 0; i < paths.gl_pathc; i++)
		for (size_t k = 0; k < files[i].count; k++)
			ck_assert_msg(files[i].list[k].always.count > 0,
				      "%s: %.*s has no `always`", paths.gl_pathv[i],
				      STRF(files[i].list[k].name));
}
END_TEST

START_TEST(every_scenario_says_what_it_shows)
{
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		ck_assert_uint_gt(files[i].count, 0);
		ck_assert_msg(files[i].list[0].description.n > 0,
			      "%s has no description", paths.gl_pathv[i]);
	}
}
END_TEST

/* Reports and --filter tell scenarios apart by their names. */
START_TEST(every_name_is_its_own)
{
	struct map seen = { 0 };

	for (size_t i = 0; i < paths.gl_pathc; i++) {
		for (size_t k = 0; k < files[i].count; k++) {
			struct str name = files[i].list[k].name;
			const char *other = map_get(&seen, name);

			ck_assert_msg(!other, "%s and %s: both have a scenario '%.*s'",
				      other, paths.gl_pathv[i], STRF(name));
			map_put(&seen, name, paths.gl_pathv[i]);
		}
	}
	map_release(&seen);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenarios/suites");
	TCase *tc = tcase_create("suites");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, there_are_enough);
	tcase_add_test(tc, every_quirk_is_used);
	tcase_add_test(tc, every_scenario_is_watched);
	tcase_add_test(tc, every_scenario_says_what_it_shows);
	tcase_add_test(tc, every_name_is_its_own);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
