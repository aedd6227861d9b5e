#include "conformance/gallery.h"

#include "conformance/judge.h"
#include "scenarios/pool.h"

#include <assert.h>

enum { CELL_WHY_MAX = 400, BYTES_MAX = 64 << 20 };

struct gallery_work {
	struct gallery *g;
	const struct gallery_config *config;
	struct arena *arena;
	/* Of each check of the plan, for each defect: had that anything to change
	 * in the check's clean run? */
	bool *met;
	struct run_options options;
	struct defect_run *clean;
};

static bool *met_of(const struct gallery_work *k, size_t place)
{
	return k->met + place * defect_count();
}

/* ---- Judging. ---------------------------------------------------------------- */

static struct judge how_to_judge(struct gallery_work *k)
{
	return (struct judge){
		.plan = &k->g->plan, .ledger = k->g->ledger, .options = &k->options,
		.strict = true, .conventions = true, .drop_runs = true,
	};
}

static void see_check(void *arg, const struct check *c)
{
	struct gallery_work *k = arg;

	k->clean->met = met_of(k, k->g->plan.place[c->index]);
}

static void run_clean(struct gallery_work *k)
{
	struct gallery *g = k->g;
	struct defect_run run = { .defect = NULL };
	struct run_target target = defect_target(&run);
	struct judge how = how_to_judge(k);

	k->met = arena_array(k->arena, g->plan.count * defect_count(), sizeof(*k->met));
	k->clean = &run;
	g->clean = arena_array(k->arena, g->plan.count, sizeof(*g->clean));
	k->options.target = &target;
	how.before = see_check;
	how.around_arg = k;
	judge_here(&how, k->arena, g->clean, NULL, NULL);
	for (size_t i = 0; i < g->plan.count; i++)
		g->unclean += g->clean[i].verdict != VERDICT_PASS;
	k->clean = NULL;
}

/* What a check comes after, and what became of that at this defect. */
static bool held_up(const struct gallery *g, const struct check *c,
		    const struct gallery_cell *cells)
{
	for (size_t i = 0; i < c->after.count; i++) {
		size_t place = g->plan.place[c->after.list[i]->index];

		if (place != SIZE_MAX && cells[place].verdict != VERDICT_PASS)
			return true;
	}
	return false;
}

static void judge_cell(struct judge *how, const struct check *c, struct arena *a,
		       struct gallery_cell *cell)
{
	struct check_result r = { .check = c };
	struct run_result run;

	if (c->covers.count)
		r.main = ledger_find(how->ledger, c->covers.list[0]);
	judge_run(how, c, a, &run);
	judge_verdict(how, &run, a, &r);
	cell->verdict = r.verdict;
	cell->why = r.why;
}

/* ---- Across to the process that counts. --------------------------------------- */

static void put_u16(struct buf *out, size_t n)
{
	buf_char(out, (char)(n & 0xFF));
	buf_char(out, (char)(n >> 8));
}

static void put_cell(struct buf *out, size_t at, const struct gallery_cell *cell)
{
	size_t n = cell->why.n < CELL_WHY_MAX ? cell->why.n : CELL_WHY_MAX;

	put_u16(out, at);
	buf_char(out, (char)cell->verdict);
	put_u16(out, n);
	buf_add(out, cell->why.p, n);
}

/* One defect: only what differs from the clean run goes across. */
static void work(void *arg, size_t job, struct buf *out)
{
	struct gallery_work *k = arg;
	struct gallery *g = k->g;
	struct defect_run run = { .defect = g->rows[job].defect };
	struct run_target target = defect_target(&run);
	struct judge how = how_to_judge(k);
	struct arena a = { 0 }, scratch = { 0 };
	struct gallery_cell *cells = arena_array(&a, g->plan.count, sizeof(*cells));
	size_t again = 0;

	k->options.target = &target;
	for (size_t i = 0; i < g->plan.count; i++)
		cells[i].verdict = g->clean[i].verdict;
	for (size_t i = 0; i < g->plan.order_count; i++) {
		size_t at = g->plan.order[i];
		const struct check *c = g->plan.list[at].check;

		if (held_up(g, c, cells)) {
			cells[at].verdict = VERDICT_NOT_REACHED;
		} else if (met_of(k, at)[g->rows[job].index]) {
			again++;
			judge_cell(&how, c, &scratch, &cells[at]);
		}
		if (cells[at].verdict != g->clean[at].verdict)
			put_cell(out, at, &cells[at]);
		arena_clear(&scratch);
	}
	put_u16(out, 0xFFFF);
	put_u16(out, again);
	arena_release(&scratch);
	arena_release(&a);
}

static size_t get_u16(struct str *s)
{
	size_t n = 0;

	if (s->n < 2) {
		*s = STR_NONE;
		return 0xFFFF;
	}
	n = (size_t)(unsigned char)s->p[0] | (size_t)(unsigned char)s->p[1] << 8;
	s->p += 2;
	s->n -= 2;
	return n;
}

static void read_cells(struct gallery_work *k, struct gallery_row *row, struct str s)
{
	struct gallery *g = k->g;
	size_t at;

	row->cells = arena_array(k->arena, g->plan.count, sizeof(*row->cells));
	for (size_t i = 0; i < g->plan.count; i++)
		row->cells[i].verdict = g->clean[i].verdict;
	while ((at = get_u16(&s)) < g->plan.count && s.n) {
		struct gallery_cell *cell = &row->cells[at];
		size_t n;

		cell->verdict = (enum verdict)s.p[0];
		s.p++;
		s.n--;
		n = get_u16(&s);
		if (n > s.n)
			break;
		cell->why = arena_str(k->arena, (struct str){ s.p, n });
		s.p += n;
		s.n -= n;
	}
	row->done_again = get_u16(&s);
}

/* ---- Whose kill it is. ----------------------------------------------------------- */

/* "EP-OP-003", or "EP-OP" for all of them. */
static bool id_fits(struct str id, struct str pattern)
{
	return str_eq(id, pattern) ||
	       (id.n > pattern.n + 1 && str_starts(id, pattern) && id.p[pattern.n] == '-');
}

bool gallery_covers(const struct defect *d, const struct check *c)
{
	struct str left = str_of(d->breaks), one;

	while (left.n) {
		one = str_split(&left, ' ');
		for (size_t i = 0; i < c->covers.count; i++)
			if (id_fits(c->covers.list[i], one))
				return true;
	}
	return false;
}

/* Is one of the requirements that it breaks such that a server fails by it? */
static bool is_grave(const struct ledger *l, const struct defect *d)
{
	struct str left = str_of(d->breaks), one;

	while (left.n) {
		one = str_split(&left, ' ');
		for (size_t i = 0; i < l->count; i++)
			if (id_fits(l->list[i].id, one) &&
			    requirement_fails(&l->list[i], true, true))
				return true;
	}
	return false;
}

static bool is_explained(const struct defect *d, const struct check *c)
{
	struct str left = str_of(d->also), one;

	while (left.n) {
		one = str_split(&left, ' ');
		if (check_id_fits(c->id, one))
			return true;
	}
	return false;
}

static enum gallery_effect effect(const struct gallery *g, const struct defect *d,
				  size_t at, const struct gallery_cell *cell)
{
	const struct check *c = g->plan.list[at].check;

	if (cell->verdict == g->clean[at].verdict)
		return GALLERY_NONE;
	switch (cell->verdict) {
	case VERDICT_FAIL:
		if (gallery_covers(d, c))
			return GALLERY_KILLS;
		return is_explained(d, c) ? GALLERY_EXPLAINED : GALLERY_STRAY;
	case VERDICT_WARN:
		return gallery_covers(d, c) && !is_grave(g->ledger, d) ? GALLERY_KILLS :
									 GALLERY_WARNS;
	case VERDICT_NOT_REACHED:
	case VERDICT_SKIP:
		return GALLERY_CUT;
	case VERDICT_ERROR:
		return GALLERY_STRAY;
	case VERDICT_PASS:
	case VERDICTS:
		break;
	}
	return GALLERY_NONE;
}

static void count_row(struct gallery *g, struct gallery_row *row)
{
	for (size_t i = 0; i < g->plan.count; i++) {
		struct gallery_cell *cell = &row->cells[i];

		cell->effect = effect(g, row->defect, i, cell);
		row->counts[cell->effect]++;
		if (cell->effect == GALLERY_KILLS)
			g->kills[i]++;
		if (cell->verdict != g->clean[i].verdict &&
		    (cell->verdict == VERDICT_FAIL || cell->verdict == VERDICT_WARN))
			g->fails[i]++;
	}
	g->killed += row->counts[GALLERY_KILLS] > 0;
	g->strays += row->counts[GALLERY_STRAY];
}

static bool done(void *arg, size_t job, enum pool_outcome outcome, struct str bytes)
{
	struct gallery_work *k = arg;
	struct gallery_row *row = &k->g->rows[job];

	switch (outcome) {
	case POOL_DONE:
		read_cells(k, row, bytes);
		count_row(k->g, row);
		break;
	case POOL_CRASHED:
		row->trouble = arena_printf(k->arena, "the rig crashed with %.*s",
					    STRF(bytes));
		k->g->strays++;
		break;
	case POOL_NOT_RUN:
		row->trouble = STR("not run");
		k->g->stopped = true;
		return true;
	}
	if (k->config->each)
		k->config->each(k->config->arg, row, job + 1, k->g->count);
	return true;
}

/* ---- The whole. ------------------------------------------------------------------- */

static bool is_wanted(const struct gallery_config *c, const char *name)
{
	for (size_t i = 0; i < c->only_count; i++)
		if (check_id_fits(str_of(name), str_of(c->only[i])))
			return true;
	return c->only_count == 0;
}

static int choose(struct gallery *g, const struct gallery_config *config,
		  struct arena *a, struct err *err)
{
	g->rows = arena_array(a, defect_count(), sizeof(*g->rows));
	for (size_t i = 0; i < defect_count(); i++)
		if (is_wanted(config, defect_at(i)->name))
			g->rows[g->count++] = (struct gallery_row){
				.defect = defect_at(i), .section = defect_section(i),
				.index = i,
			};
	if (g->count)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "no defect is called %s", config->only[0]);
}

int gallery_run(struct gallery *g, const struct gallery_config *config,
		struct arena *a, struct err *err)
{
	struct plan_config plan = { .suite = config->suite, .depth = DEPTH_WORLD };
	struct gallery_work k = {
		.g = g, .config = config, .arena = a,
		.options = { .clock = CLOCK_KIND_VIRTUAL, .rate = 1, .no_events = true,
			     .no_second = true },
	};
	struct pool pool = {
		.work = work, .done = done, .arg = &k, .workers = config->workers,
		.stop_fd = config->stop_fd, .bytes_max = BYTES_MAX,
	};

	*g = (struct gallery){ .suite = config->suite, .ledger = config->ledger };
	if (choose(g, config, a, err) < 0 || plan_make(&g->plan, &plan, a, err) < 0)
		return -1;
	assert(g->plan.count < 0xFFFF);
	g->kills = arena_array(a, g->plan.count, sizeof(*g->kills));
	g->fails = arena_array(a, g->plan.count, sizeof(*g->fails));
	run_clean(&k);
	pool.jobs = g->count;
	return pool_run(&pool, err);
}

unsigned gallery_score(const struct gallery *g)
{
	return g->count ? (unsigned)(100 * g->killed / g->count) : 0;
}

bool gallery_holds(const struct gallery *g)
{
	return g->killed == g->count && !g->strays && !g->unclean && !g->stopped;
}

/* ---- Is the table in order? ---------------------------------------------------------- */

static bool any_row(const struct ledger *l, struct str id)
{
	for (size_t i = 0; i < l->count; i++)
		if (id_fits(l->list[i].id, id))
			return true;
	return false;
}

static bool any_check(const struct suite *s, struct str glob)
{
	for (size_t i = 0; i < s->count; i++)
		if (check_id_fits(s->checks[i].id, glob))
			return true;
	return false;
}

static int lint_row(const struct suite *s, const struct ledger *l,
		    const struct defect *d, struct buf *out)
{
	struct str left = str_of(d->breaks), one;
	size_t before = out->n;

	while (left.n) {
		one = str_split(&left, ' ');
		if (!any_row(l, one))
			buf_printf(out, "%s breaks %.*s: the ledger has no such row\n",
				   d->name, STRF(one));
	}
	for (left = str_of(d->also); left.n;) {
		one = str_split(&left, ' ');
		if (!any_check(s, one))
			buf_printf(out, "%s explains %.*s: there is no such check\n",
				   d->name, STRF(one));
	}
	if (!d->also != !d->because)
		buf_printf(out, "%s: `also` and `because` need each other\n", d->name);
	return out->n == before ? 0 : -1;
}

int gallery_lint(const struct suite *s, const struct ledger *l, struct buf *out)
{
	int rc = 0;

	for (size_t i = 0; i < defect_count(); i++) {
		const struct defect *d = defect_at(i);

		if (lint_row(s, l, d, out) < 0)
			rc = -1;
		if (defect_find(str_of(d->name)) != d) {
			buf_printf(out, "%s is there twice\n", d->name);
			rc = -1;
		}
	}
	return rc;
}
