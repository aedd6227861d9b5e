/*
 * Goal: the table of defects is in order, and the gallery says of a defect what
 * became of it: killed by a check that covers what it breaks, left alone by
 * checks that it does not touch, and every other FAIL is told.
 * Method: the shipped suite and ledger for the table; for the gallery three
 * checks in a folder of their own, of which two ask the same for different
 * requirements.
 */
#include "conformance/gallery.h"

#include <assert.h>
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char folder[] = "/tmp/esimrig-gallery-test-XXXXXX";
static struct arena arena;
static struct suite suite;
static struct ledger ledger;
static struct diag diag;

#define ROW(id) \
	"- {id: " id ", section: s, text: t, level: MUST, provenance: documented, since: \"1\"}\n"
#define COUNT(id) \
	"world: {users: {main: {}}}\ncheck: {covers: [" id "], depth: read}\n" \
	"steps: [{get: '/ws/v1/esim_profiles/inventory?size=50', expect: {/count: 0}}]\n"

static const struct { const char *path, *text; } files[] = {
	{ "requirements.yaml", ROW("EP-INV-001") ROW("EP-INV-003") ROW("EP-ROOT-004") },
	{ "suites/inventory/count.yaml", COUNT("EP-INV-003") },
	{ "suites/inventory/other.yaml", COUNT("EP-INV-001") },
	{ "suites/root/root.yaml",
	  "world: {users: {main: {}}}\ncheck: {covers: [EP-ROOT-004], depth: read}\n"
	  "steps: [{get: /ws/v1/esim_profiles, expect: {status: 200}}]\n" },
};

static const char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name).p;
}

static void make_folder(void)
{
	static const char *const folders[] = { "suites", "suites/root", "suites/inventory" };
	FILE *f;

	if (!mkdtemp(folder))
		abort();
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(path_of(folders[i]), 0700) < 0)
			abort();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		f = fopen(path_of(files[i].path), "wb");
		assert(f);
		fputs(files[i].text, f);
		fclose(f);
	}
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void must_load(int rc)
{
	struct buf out;

	if (rc == 0)
		return;
	buf_init(&out, 1 << 16);
	diag_print(&diag, &out);
	ck_abort_msg("%s", out.p);
}

static void load(const char *suites, const char *rows)
{
	diag_init(&diag, &arena);
	must_load(suite_load(&suite, suites, NULL, &arena, &diag));
	must_load(ledger_load(&ledger, rows, &arena, &diag));
}

static void tear_down(void)
{
	suite_release(&suite);
	ledger_release(&ledger);
	arena_release(&arena);
}

/* ---- The table. ------------------------------------------------------------------ */

START_TEST(the_table_is_in_order)
{
	struct buf out;
	int rc;

	load(CONFORMANCE_SUITES, "conformance/requirements.yaml");
	buf_init(&out, 1 << 20);
	rc = gallery_lint(&suite, &ledger, &out);
	ck_assert_msg(rc == 0, "%s", out.p);
	buf_release(&out);
	ck_assert_uint_ge(defect_count(), 100);
}
END_TEST

/* With a ledger of three rows nearly every row dangles: that is told. */
START_TEST(what_dangles_is_told)
{
	struct buf out;

	load(path_of("suites"), path_of("requirements.yaml"));
	buf_init(&out, 1 << 20);
	ck_assert_int_eq(gallery_lint(&suite, &ledger, &out), -1);
	ck_assert(str_find(buf_view(&out), STR("cursor-ignored breaks EP-PAGE-")) >= 0);
	ck_assert(str_find(buf_view(&out), STR("breaks EP-INV-003:")) < 0);
	buf_release(&out);
}
END_TEST

/* ---- The gallery. ---------------------------------------------------------------- */

static void run(struct gallery *g, const char *only)
{
	struct gallery_config config = {
		.suite = &suite, .ledger = &ledger, .only = &only, .only_count = 1,
		.workers = 1, .stop_fd = -1,
	};
	struct err err = { 0 };

	load(path_of("suites"), path_of("requirements.yaml"));
	ck_assert_msg(gallery_run(g, &config, &arena, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(g->count, 1);
	ck_assert_uint_eq(g->plan.count, 3);
	ck_assert_uint_eq(g->unclean, 0);
}

static const struct gallery_cell *cell_of(const struct gallery *g, const char *id)
{
	for (size_t i = 0; i < g->plan.count; i++)
		if (str_is(g->plan.list[i].check->id, id))
			return &g->rows[0].cells[i];
	ck_abort_msg("no check %s", id);
}

START_TEST(the_right_check_kills_and_another_is_a_stray)
{
	struct gallery g;
	struct buf out;

	run(&g, "count-is-size");
	ck_assert_int_eq(cell_of(&g, "inventory/count")->effect, GALLERY_KILLS);
	ck_assert_int_eq(cell_of(&g, "inventory/other")->effect, GALLERY_STRAY);
	ck_assert_int_eq(cell_of(&g, "root/root")->effect, GALLERY_NONE);
	ck_assert_uint_eq(g.killed, 1);
	ck_assert_uint_eq(g.strays, 1);
	ck_assert_uint_eq(gallery_score(&g), 100);
	ck_assert(!gallery_holds(&g));
	buf_init(&out, 1 << 16);
	gallery_print(&g, false, &out);
	ck_assert(str_find(buf_view(&out), STR("without a reason: inventory/other")) >= 0);
	ck_assert(str_find(buf_view(&out), STR("1 of 3 checks failed at none")) >= 0);
	buf_clear(&out);
	gallery_print(&g, true, &out);
	ck_assert(str_find(buf_view(&out), STR("defects\n  root/root\n")) >= 0);
	buf_clear(&out);
	gallery_json(&g, &out);
	ck_assert(str_find(buf_view(&out),
			   STR("\"killed_by\":[\"inventory/count\"]")) >= 0);
	ck_assert(str_find(buf_view(&out),
			   STR("\"unexplained\":[\"inventory/other\"]")) >= 0);
	ck_assert(str_find(buf_view(&out),
			   STR("\"kill_nothing\":[\"root/root\",\"inventory/other\"]")) >= 0);
	ck_assert(str_find(buf_view(&out), STR("\"never_failed\":[\"root/root\"]")) >= 0);
	buf_release(&out);
}
END_TEST

START_TEST(what_changes_nothing_survives)
{
	struct gallery g;
	struct buf out;

	run(&g, "keys-refused");
	ck_assert_uint_eq(g.killed, 0);
	ck_assert_uint_eq(g.strays, 0);
	ck_assert_uint_eq(g.rows[0].done_again, 0);
	ck_assert_uint_eq(gallery_score(&g), 0);
	ck_assert(!gallery_holds(&g));
	buf_init(&out, 1 << 16);
	gallery_print(&g, false, &out);
	ck_assert(str_find(buf_view(&out), STR("SURVIVES  keys-refused")) >= 0);
	buf_release(&out);
}
END_TEST

START_TEST(a_sharp_kill_holds)
{
	struct gallery g;

	run(&g, "root-missing");
	ck_assert_int_eq(cell_of(&g, "root/root")->effect, GALLERY_KILLS);
	ck_assert_int_eq(cell_of(&g, "inventory/count")->effect, GALLERY_NONE);
	ck_assert(gallery_holds(&g));
}
END_TEST

START_TEST(an_unknown_name_is_refused)
{
	const char *only = "no-such-defect";
	struct gallery_config config = { .only = &only, .only_count = 1, .stop_fd = -1 };
	struct gallery g;
	struct err err = { 0 };

	load(path_of("suites"), path_of("requirements.yaml"));
	config.suite = &suite;
	config.ledger = &ledger;
	ck_assert_int_eq(gallery_run(&g, &config, &arena, &err), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gallery");
	TCase *tc = tcase_create("gallery");
	SRunner *runner;
	int failed;

	make_folder();
	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, the_table_is_in_order);
	tcase_add_test(tc, what_dangles_is_told);
	tcase_add_test(tc, the_right_check_kills_and_another_is_a_stray);
	tcase_add_test(tc, what_changes_nothing_survives);
	tcase_add_test(tc, a_sharp_kill_holds);
	tcase_add_test(tc, an_unknown_name_is_refused);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
