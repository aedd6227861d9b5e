/* What came of the gallery, for a person and for a program. */
#include "conformance/gallery.h"

#include "sim/json.h"

enum { SHOWN_MAX = 4 };

static const char *status_of(const struct gallery_row *row)
{
	return row->trouble.p ? "TROUBLE" : row->counts[GALLERY_KILLS] ? "killed" : "SURVIVES";
}

static struct str check_id(const struct gallery *g, size_t at)
{
	return g->plan.list[at].check->id;
}

static void put_ids(const struct gallery *g, const struct gallery_row *row,
		    enum gallery_effect effect, size_t max, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < g->plan.count; i++) {
		if (row->cells[i].effect != effect || n++ >= max)
			continue;
		buf_printf(out, "%s%.*s", n > 1 ? ", " : "", STRF(check_id(g, i)));
	}
	if (n > max)
		buf_printf(out, " and %zu more", n - max);
}

static void print_row(const struct gallery *g, const struct gallery_row *row,
		      bool verbose, struct buf *out)
{
	const size_t *n = row->counts;
	size_t max = verbose ? SIZE_MAX : SHOWN_MAX;

	buf_printf(out, "  %-8s  %-28s  ", status_of(row), row->defect->name);
	if (!row->cells) {
		buf_printf(out, "%.*s\n", STRF(row->trouble));
		return;
	}
	if (n[GALLERY_KILLS])
		buf_printf(out, "%zu: ", n[GALLERY_KILLS]);
	put_ids(g, row, GALLERY_KILLS, max, out);
	if (n[GALLERY_EXPLAINED])
		buf_printf(out, "%s%zu explained", n[GALLERY_KILLS] ? "; " : "",
			   n[GALLERY_EXPLAINED]);
	if (n[GALLERY_CUT])
		buf_printf(out, "; %zu NOT REACHED", n[GALLERY_CUT]);
	if (n[GALLERY_WARNS])
		buf_printf(out, "; %zu WARN", n[GALLERY_WARNS]);
	buf_char(out, '\n');
	if (n[GALLERY_STRAY]) {
		buf_z(out, "            without a reason: ");
		put_ids(g, row, GALLERY_STRAY, max, out);
		buf_char(out, '\n');
	}
}

static void print_cells(const struct gallery *g, const struct gallery_row *row,
			enum gallery_effect effect, struct buf *out)
{
	for (size_t i = 0; row->cells && i < g->plan.count; i++)
		if (row->cells[i].effect == effect)
			buf_printf(out, "      %s %.*s: %.*s\n",
				   verdict_name(row->cells[i].verdict),
				   STRF(check_id(g, i)), STRF(row->cells[i].why));
}

static void print_wrong(const struct gallery *g, struct buf *out)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct gallery_row *row = &g->rows[i];
		bool lives = !row->counts[GALLERY_KILLS];

		if (!lives && !row->counts[GALLERY_STRAY])
			continue;
		buf_printf(out, "\n%s: %s\n", row->defect->name, row->defect->text);
		if (lives)
			buf_printf(out, "    no check that covers %s fails\n",
				   row->defect->breaks);
		print_cells(g, row, GALLERY_STRAY, out);
		if (lives)
			print_cells(g, row, GALLERY_WARNS, out);
	}
}

/* Checks that no defect made fail: nothing shows that they can. */
static void print_idle(const struct gallery *g, bool verbose, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < g->plan.count; i++)
		n += g->fails[i] == 0;
	if (!n)
		return;
	buf_printf(out, "\n%zu of %zu checks failed at none of these defects%s", n,
		   g->plan.count, verbose ? "" : "; -v says which");
	for (size_t i = 0; verbose && i < g->plan.count; i++)
		if (g->fails[i] == 0)
			buf_printf(out, "\n  %.*s", STRF(check_id(g, i)));
	buf_char(out, '\n');
}

void gallery_print(const struct gallery *g, bool verbose, struct buf *out)
{
	const char *section = "";

	for (size_t i = 0; i < g->count; i++) {
		const struct gallery_row *row = &g->rows[i];

		if (strcmp(row->section, section) != 0)
			buf_printf(out, "%s%s\n", i ? "\n" : "", row->section);
		section = row->section;
		print_row(g, row, verbose, out);
	}
	if (g->unclean)
		buf_z(out, "\nThe reference without any defect\n");
	for (size_t i = 0; g->unclean && i < g->plan.count; i++)
		if (g->clean[i].verdict != VERDICT_PASS)
			buf_printf(out, "  %s %.*s: %.*s\n",
				   verdict_name(g->clean[i].verdict), STRF(check_id(g, i)),
				   STRF(g->clean[i].why));
	print_wrong(g, out);
	print_idle(g, verbose, out);
	buf_printf(out, "\n%zu of %zu defects killed: %u %%. %zu FAIL without a reason."
		   " The reference passes %zu of %zu checks.\n", g->killed, g->count,
		   gallery_score(g), g->strays, g->plan.count - g->unclean, g->plan.count);
}

/* ---- JSON. ------------------------------------------------------------------------ */

static void json_ids(const struct gallery *g, const struct gallery_row *row,
		     const char *key, enum gallery_effect effect, struct json *j)
{
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; row->cells && i < g->plan.count; i++)
		if (row->cells[i].effect == effect)
			json_str(j, check_id(g, i));
	json_close(j, ']');
}

static void json_row(const struct gallery *g, const struct gallery_row *row,
		     struct json *j)
{
	struct str left = str_of(row->defect->breaks), first = str_split(&left, ' ');

	json_open(j, '{');
	json_putz(j, "name", row->defect->name);
	json_putz(j, "section", row->section);
	json_putz(j, "text", row->defect->text);
	json_put(j, "requirement", first);
	json_key(j, "requirements");
	json_open(j, '[');
	for (left = str_of(row->defect->breaks); left.n;)
		json_str(j, str_split(&left, ' '));
	json_close(j, ']');
	json_ids(g, row, "killed_by", GALLERY_KILLS, j);
	json_ids(g, row, "explained", GALLERY_EXPLAINED, j);
	if (row->defect->because)
		json_putz(j, "because", row->defect->because);
	json_ids(g, row, "unexplained", GALLERY_STRAY, j);
	json_ids(g, row, "warned", GALLERY_WARNS, j);
	json_ids(g, row, "not_reached", GALLERY_CUT, j);
	json_put_opt(j, "trouble", row->trouble);
	json_close(j, '}');
}

static void json_idle(const struct gallery *g, const char *key, const size_t *counts,
		      struct json *j)
{
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < g->plan.count; i++)
		if (counts[i] == 0)
			json_str(j, check_id(g, i));
	json_close(j, ']');
}

void gallery_json(const struct gallery *g, struct buf *out)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put_int(&j, "schema", 1);
	json_put_int(&j, "score", gallery_score(g));
	json_putz(&j, "suite_hash", g->suite->hash);
	json_put_int(&j, "checks", (int64_t)g->plan.count);
	json_put_int(&j, "reference_passes", (int64_t)(g->plan.count - g->unclean));
	json_put_int(&j, "killed", (int64_t)g->killed);
	json_put_int(&j, "unexplained", (int64_t)g->strays);
	json_key(&j, "defects");
	json_open(&j, '[');
	for (size_t i = 0; i < g->count; i++)
		json_row(g, &g->rows[i], &j);
	json_close(&j, ']');
	json_idle(g, "kill_nothing", g->kills, &j);
	json_idle(g, "never_failed", g->fails, &j);
	json_close(&j, '}');
	buf_char(out, '\n');
}
