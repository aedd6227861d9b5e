#include "cli/selection.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>

/* Everything that is wrong with one file, to stderr. */
static void complain(const struct diag *d)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	diag_print(d, &out);
	fwrite(out.p ? out.p : "", 1, out.n, stderr);
	buf_release(&out);
}

static int load_all(struct selection *s)
{
	int code = EXIT_PASSED;

	s->loaded = arena_array(&s->arena, s->files.count, sizeof(*s->loaded));
	for (size_t i = 0; i < s->files.count; i++) {
		struct diag d;

		diag_init(&d, &s->arena);
		if (scenario_load(s->files.list[i], &s->arena, &s->loaded[i], &d) == 0) {
			s->run_count += s->loaded[i].count;
			continue;
		}
		s->loaded[i].count = 0;
		complain(&d);
		code = EXIT_INVALID;
	}
	return code;
}

int selection_load(struct selection *s, const struct verb *v, char *const *paths,
	       int path_count)
{
	struct err err = { 0 };
	size_t n = 0;
	int code;

	*s = (struct selection){ 0 };
	if (path_count == 0)
		return verb_usage(v, "which scenarios? Name files or directories");
	if (files_find(paths, path_count, &s->arena, &s->files, &err) < 0)
		return verb_fail(v, EXIT_INVALID, "%s", err.msg);
	code = load_all(s);
	s->runs = arena_array(&s->arena, s->run_count, sizeof(const struct scenario *));
	for (size_t i = 0; i < s->files.count; i++)
		for (size_t k = 0; k < s->loaded[i].count; k++)
			s->runs[n++] = &s->loaded[i].list[k];
	return code;
}

void selection_release(struct selection *s)
{
	arena_release(&s->arena);
}

/* ---- Filters. ---------------------------------------------------------- */

struct filter {
	struct str text;
	bool exact, is_regex;
	regex_t regex;
};

static int filter_init(struct filter *f, struct arena *a, const char *z,
		       struct err *err)
{
	struct str s = str_of(z);
	char why[200];
	int rc;

	*f = (struct filter){ .text = s };
	if (s.n > 2 && s.p[0] == '/' && s.p[s.n - 1] == '/') {
		struct str inner = arena_str(a, (struct str){ s.p + 1, s.n - 2 });

		rc = regcomp(&f->regex, inner.p, REG_EXTENDED | REG_NOSUB);
		if (rc) {
			regerror(rc, &f->regex, why, sizeof(why));
			return err_set(err, ERR_INVALID, "--filter %s: %s", z, why);
		}
		f->is_regex = true;
	} else if (s.n && s.p[0] == '=') {
		f->exact = true;
		f->text.p++;
		f->text.n--;
	}
	return 0;
}

static bool contains(struct str text, struct str what)
{
	for (size_t i = 0; i + what.n <= text.n; i++)
		if (str_ieq((struct str){ text.p + i, what.n }, what))
			return true;
	return false;
}

static bool regex_has(const regex_t *regex, struct str s, struct arena *a)
{
	return regexec(regex, arena_str(a, s).p, 0, NULL, 0) == 0;
}

static bool filter_means(const struct filter *f, const struct scenario *sc,
			 struct arena *a)
{
	if (f->exact)
		return str_eq(sc->name, f->text);
	if (f->is_regex ? regex_has(&f->regex, sc->name, a) :
			  contains(sc->name, f->text))
		return true;
	for (size_t i = 0; i < sc->tags.count; i++)
		if (f->is_regex ? regex_has(&f->regex, sc->tags.list[i], a) :
				  str_ieq(sc->tags.list[i], f->text))
			return true;
	return false;
}

static void keep_meant(struct selection *s, const struct filter *filters, size_t count)
{
	struct arena scratch = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < s->run_count; i++) {
		bool meant = false;

		for (size_t k = 0; k < count && !meant; k++)
			meant = filter_means(&filters[k], s->runs[i], &scratch);
		arena_clear(&scratch);
		if (meant)
			s->runs[kept++] = s->runs[i];
	}
	s->run_count = kept;
	arena_release(&scratch);
}

int selection_filter(struct selection *s, const struct option_list *list, struct err *err)
{
	struct filter filters[OPTION_LIST_MAX];
	size_t before = s->run_count, n = 0;
	int rc = 0;

	if (!list->count)
		return 0;
	for (; n < list->count && rc == 0; n++)
		rc = filter_init(&filters[n], &s->arena, list->list[n], err);
	if (rc == 0) {
		keep_meant(s, filters, n);
		if (!s->run_count)
			rc = err_set(err, ERR_NOT_FOUND,
				     "--filter %s%s: none of %zu scenarios has such a "
				     "name or tag", list->list[0],
				     list->count > 1 ? " ..." : "", before);
	}
	while (n-- > 0)
		if (filters[n].is_regex)
			regfree(&filters[n].regex);
	return rc;
}

void selection_shell_quote(struct buf *out, struct str s)
{
	static const char plain[] = "_./=:@%+,-";
	bool quote = s.n == 0;

	for (size_t i = 0; i < s.n; i++)
		quote |= !isalnum((unsigned char)s.p[i]) &&
			 !memchr(plain, s.p[i], sizeof(plain) - 1);
	if (!quote) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '\'');
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\'')
			buf_z(out, "'\\''");
		else
			buf_char(out, s.p[i]);
	buf_char(out, '\'');
}
