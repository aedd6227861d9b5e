#include "scenarios/template.h"

#include "proto/base64.h"
#include "sim/http.h"

#include <assert.h>

/* What a string may become; JSON bodies are well below. */
enum { TEXT_MAX = 1 << 22 };

/* ---- Filters. ----------------------------------------------------------- */

static void filter_quoted(struct buf *out, struct str s)
{
	buf_char(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_char(out, '\'');
		buf_char(out, s.p[i]);
	}
	buf_char(out, '\'');
}

static void filter_upper(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, s.p[i] >= 'a' && s.p[i] <= 'z' ?
			 (char)(s.p[i] - 32) : s.p[i]);
}

static void filter_lower(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, s.p[i] >= 'A' && s.p[i] <= 'Z' ?
			 (char)(s.p[i] + 32) : s.p[i]);
}

/* Parts of a text, cut between characters: [from, to) in quarters of it. */
static void quarters(struct buf *out, struct str s, size_t from, size_t to)
{
	size_t begin = s.n * from / 4, end = s.n * to / 4;

	while (begin < s.n && ((unsigned char)s.p[begin] & 0xC0) == 0x80)
		begin++;
	while (end < s.n && ((unsigned char)s.p[end] & 0xC0) == 0x80)
		end++;
	buf_add(out, s.p + begin, end - begin);
}

static void filter_head(struct buf *out, struct str s)
{
	quarters(out, s, 0, 2);
}

static void filter_middle(struct buf *out, struct str s)
{
	quarters(out, s, 1, 3);
}

static void filter_tail(struct buf *out, struct str s)
{
	quarters(out, s, 2, 4);
}

const struct template_filter template_filters[] = {
	{ "quoted", "in single quotes, those inside doubled, as the query language wants it",
	  filter_quoted },
	{ "url", "percent-encoded but for unreserved characters", http_escape },
	{ "json", "as a JSON string, in double quotes", json_quote },
	{ "upper", "ASCII letters in upper case", filter_upper },
	{ "lower", "ASCII letters in lower case", filter_lower },
	{ "head", "the first half of its bytes, up to the next character", filter_head },
	{ "middle", "the half in the middle of it", filter_middle },
	{ "tail", "the second half", filter_tail },
	{ "base64", "in base64, as HTTP Basic wants `name:password`", base64_encode },
};
const size_t template_filter_count =
	sizeof(template_filters) / sizeof(template_filters[0]);

/* ---- A string in pieces. ------------------------------------------------ */

struct piece {
	bool is_template;
	struct str text;		/* literal: what it stands for */
	struct str path;
	const struct template_filter *filter;
	size_t at;			/* offset of the path */
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int template_path_step(struct str *path, struct str *name, uint64_t *index)
{
	struct str s = *path;
	size_t n = 0;

	if (s.n && s.p[0] == '[') {
		const char *close = memchr(s.p, ']', s.n);

		if (!close)
			return -1;
		n = (size_t)(close - s.p);
		if (str_to_u64((struct str){ s.p + 1, n - 1 }, UINT32_MAX, index) < 0)
			return -1;
		*name = STR_NONE;
		*path = (struct str){ s.p + n + 1, s.n - n - 1 };
		return 0;
	}
	if (s.n && s.p[0] == '.')
		s = (struct str){ s.p + 1, s.n - 1 };
	while (n < s.n && is_name_char(s.p[n]))
		n++;
	if (n == 0 || (n < s.n && s.p[n] != '.' && s.p[n] != '['))
		return -1;
	*name = (struct str){ s.p, n };
	*path = (struct str){ s.p + n, s.n - n };
	return 0;
}

static int check_path(struct str path, struct err *err)
{
	struct str rest = path, name;
	uint64_t index;
	bool first = true;

	do {
		if ((!first || (path.n && path.p[0] != '.' && path.p[0] != '[')) &&
		    template_path_step(&rest, &name, &index) == 0)
			first = false;
		else
			return err_set(err, ERR_INVALID,
				       "'${%.*s}': expected a name such as "
				       "router.eid or freds.codes[0].iccid",
				       STRF(path));
	} while (rest.n);
	return 0;
}

static const struct template_filter *find_filter(struct str name, struct err *err)
{
	const char *names[16];
	int near;

	assert(template_filter_count <= 16);
	for (size_t i = 0; i < template_filter_count; i++) {
		if (str_is(name, template_filters[i].name))
			return &template_filters[i];
		names[i] = template_filters[i].name;
	}
	near = str_nearest(name, names, template_filter_count);
	err_set(err, ERR_INVALID, "no filter '%.*s'%s%s%s", STRF(name),
		near >= 0 ? "; did you mean '" : "",
		near >= 0 ? names[near] : "", near >= 0 ? "'?" : "");
	return NULL;
}

/* `inside`: what stands between the braces. */
static int split_inside(struct str inside, struct piece *p, struct err *err)
{
	struct str rest = inside;

	p->is_template = true;
	p->path = str_trim(str_split(&rest, '|'));
	p->filter = NULL;
	if (rest.p) {
		p->filter = find_filter(str_trim(rest), err);
		if (!p->filter)
			return -1;
	}
	return check_path(p->path, err);
}

static size_t dollars_before(struct str s, size_t at)
{
	size_t n = 0;

	while (n < at && s.p[at - n - 1] == '$')
		n++;
	return n;
}

/* The next piece from *i on: 1, 0 at the end, -1 with `err`. */
static int next_piece(struct str text, size_t *i, struct piece *p, struct err *err)
{
	struct str rest = { text.p + *i, text.n - *i };
	const char *close;
	ptrdiff_t at;

	if (rest.n == 0)
		return 0;
	at = str_find(rest, STR("${"));
	if (at < 0)
		at = (ptrdiff_t)rest.n;
	if (at > 0) {
		/* Before a '{', "$$" is a '$', and one that is left over
		 * begins a template: "$${" is a literal "${". */
		size_t n = (size_t)at < rest.n ? dollars_before(rest, (size_t)at) : 0;

		*p = (struct piece){ .text = { rest.p, (size_t)at - n + (n + 1) / 2 } };
		*i += (size_t)at + n % 2;
		return 1;
	}
	close = memchr(rest.p, '}', rest.n);
	p->at = *i + 2;
	if (!close)
		return err_set(err, ERR_INVALID, "'${' without its '}'");
	*i += (size_t)(close - rest.p) + 1;
	return split_inside((struct str){ rest.p + 2,
					  (size_t)(close - rest.p) - 2 }, p, err) < 0 ?
	       -1 : 1;
}

int template_scan(struct str text,
		  void (*see)(void *arg, struct str path, size_t at), void *arg,
		  size_t *at, struct err *err)
{
	struct piece p = { 0 };
	size_t i = 0;
	int rc;

	while ((rc = next_piece(text, &i, &p, err)) > 0)
		if (p.is_template)
			see(arg, p.path, p.at);
	*at = p.at;
	return rc;
}

/* ---- Expansion. --------------------------------------------------------- */

const struct value *template_walk(const struct value *v, struct str path,
				  struct err *err)
{
	struct str rest = path, name;
	const struct member *m;
	uint64_t index;

	while (rest.n) {
		if (template_path_step(&rest, &name, &index) < 0)
			goto none;
		if (name.p) {
			m = value_member(v, name);
			if (!m)
				goto none;
			v = m->value;
		} else {
			if (v->kind != VALUE_LIST || index >= v->count)
				goto none;
			v = v->items[index];
		}
	}
	return v;
none:
	err_set(err, ERR_NOT_FOUND, "nothing at '%.*s' in %s", STRF(path),
		value_kind_name(v->kind));
	return NULL;
}

static struct str keep(struct buf *b, struct arena *a)
{
	struct str s = arena_str(a, buf_view(b));

	buf_release(b);
	return s;
}

static int too_long(struct err *err)
{
	return err_set(err, ERR_LIMIT, "a text of more than %d bytes", TEXT_MAX);
}

/* Is all of `text` one template without a filter? */
static bool is_whole(struct str text, struct piece *p)
{
	struct err err;
	size_t i = 0;

	return next_piece(text, &i, p, &err) > 0 && p->is_template &&
	       !p->filter && i == text.n;
}

static int expand_piece(const struct piece *p, const struct template_names *names,
			struct arena *a, struct buf *out, struct err *err)
{
	const struct value *v = names->lookup(names->arg, p->path, a, err);
	struct buf text;

	if (!v)
		return -1;
	if (!p->filter) {
		value_text(out, v);
		return 0;
	}
	buf_init(&text, TEXT_MAX);
	value_text(&text, v);
	p->filter->apply(out, buf_view(&text));
	buf_release(&text);
	return 0;
}

int template_expand_str(struct str text, const struct template_names *names,
			struct arena *a, struct str *out, struct err *err)
{
	struct piece p;
	struct buf b;
	size_t i = 0;
	int rc;

	if (str_find(text, STR("${")) < 0) {
		*out = text;
		return 0;
	}
	buf_init(&b, TEXT_MAX);
	while ((rc = next_piece(text, &i, &p, err)) > 0) {
		if (!p.is_template)
			buf_str(&b, p.text);
		else if ((rc = expand_piece(&p, names, a, &b, err)) < 0)
			break;
	}
	if (rc == 0 && b.over)
		rc = too_long(err);
	if (rc < 0)
		buf_release(&b);
	else
		*out = keep(&b, a);
	return rc;
}

const struct value *template_expand(struct str text,
				    const struct template_names *names,
				    struct arena *a, struct err *err)
{
	struct piece p;
	struct value *v;
	struct str s;

	if (is_whole(text, &p))
		return names->lookup(names->arg, p.path, a, err);
	if (template_expand_str(text, names, a, &s, err) < 0)
		return NULL;
	v = value_str(a, s);
	v->templated = false;
	return v;
}

/* What may stand in a URL as it is written: RFC 3986, section 2, without the
 * quote, which the query language uses, and without '#'. */
static bool is_url_char(char c)
{
	return is_name_char(c) || (c && strchr(".~:/?[]@!$&()*+,;=", c));
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

static void add_written(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool escape = s.p[i] == '%' && i + 2 < s.n &&
			      is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]);

		if (escape || is_url_char(s.p[i]))
			buf_char(out, s.p[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)s.p[i]);
	}
}

static int expand_url(struct str text, const struct template_names *names,
		      struct arena *a, struct buf *b, struct err *err)
{
	struct buf inserted;
	struct piece p;
	size_t i = 0;
	int rc;

	buf_init(&inserted, TEXT_MAX);
	while ((rc = next_piece(text, &i, &p, err)) > 0) {
		if (!p.is_template) {
			add_written(b, p.text);
			continue;
		}
		buf_clear(&inserted);
		rc = expand_piece(&p, names, a, &inserted, err);
		if (rc < 0)
			break;
		if (p.at == 2)	/* at the very start */
			add_written(b, buf_view(&inserted));
		else
			http_escape(b, buf_view(&inserted));
	}
	buf_release(&inserted);
	return rc;
}

int template_expand_url(struct str text, const struct template_names *names,
			struct arena *a, struct str *out, struct err *err)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	if (expand_url(text, names, a, &b, err) < 0) {
		buf_release(&b);
		return -1;
	}
	if (b.over) {
		buf_release(&b);
		return too_long(err);
	}
	*out = keep(&b, a);
	return 0;
}

/* The same value where another is written. */
static const struct value *moved_to(const struct value *v,
				    const struct value *place, struct arena *a)
{
	struct value *copy;

	copy = ARENA_NEW(a, struct value);
	*copy = *v;
	copy->pos = place->pos;
	copy->width = place->width;
	copy->templated = false;
	return copy;
}

static const struct value *expand_list(const struct value *v,
				       const struct template_names *names,
				       struct arena *a, struct err *err)
{
	struct value *copy = ARENA_NEW(a, struct value);
	const struct value **items = arena_array(a, v->count, sizeof(*items));

	*copy = *v;
	copy->templated = false;
	copy->items = items;
	for (size_t i = 0; i < v->count; i++) {
		items[i] = template_expand_value(v->items[i], names, a, err);
		if (!items[i])
			return NULL;
	}
	return copy;
}

static const struct value *expand_map(const struct value *v,
				      const struct template_names *names,
				      struct arena *a, struct err *err)
{
	struct value *copy = ARENA_NEW(a, struct value);
	struct member *m = arena_array(a, v->count, sizeof(*m));

	*copy = *v;
	copy->templated = false;
	copy->members = m;
	for (size_t i = 0; i < v->count; i++) {
		m[i] = v->members[i];
		if (template_expand_str(m[i].key, names, a, &m[i].key, err) < 0)
			return NULL;
		m[i].value = template_expand_value(m[i].value, names, a, err);
		if (!m[i].value)
			return NULL;
	}
	value_index(copy, a);
	return copy;
}

const struct value *template_expand_value(const struct value *v,
					  const struct template_names *names,
					  struct arena *a, struct err *err)
{
	const struct value *expanded;

	if (!v->templated)
		return v;
	if (v->kind == VALUE_LIST)
		return expand_list(v, names, a, err);
	if (v->kind == VALUE_MAP)
		return expand_map(v, names, a, err);
	expanded = template_expand(v->text, names, a, err);
	return expanded ? moved_to(expanded, v, a) : NULL;
}

/* ---- Substitution of what is known at load time. ------------------------ */

static const struct template_var *find_var(const struct template_var *vars,
					   struct str path, struct str *rest)
{
	struct str name;
	uint64_t index;

	*rest = path;
	if (template_path_step(rest, &name, &index) < 0 || !name.p)
		return NULL;
	for (; vars; vars = vars->outer)
		if (str_eq(vars->name, name))
			return vars;
	return NULL;
}

/* A known value for `path`, or NULL. */
static const struct value *known_value(const struct template_var *vars,
				       struct str path, struct arena *a)
{
	const struct template_var *var;
	struct str rest;
	struct err err;

	var = find_var(vars, path, &rest);
	if (!var)
		return NULL;
	if (!var->alias.p)
		return template_walk(var->value, rest, &err);
	if (str_is(rest, ".index"))
		return value_int(a, (int64_t)var->index);
	if (rest.n == 0)
		return value_str(a, var->alias);
	return value_str(a, arena_printf(a, "${%.*s%.*s}", STRF(var->alias),
					 STRF(rest)));
}

/* What stands in for "${inside}", added to `out`. */
static void substitute_one(struct str inside, const struct template_var *vars,
			   struct arena *a, struct buf *out,
			   const struct value **whole)
{
	struct piece p = { 0 };
	const struct value *v = NULL;
	struct buf text;
	struct err err;

	*whole = NULL;
	if (split_inside(inside, &p, &err) == 0)
		v = known_value(vars, p.path, a);
	if (v && !p.filter) {
		*whole = v;
		value_text(out, v);
	} else if (v && !v->templated) {
		buf_init(&text, TEXT_MAX);
		value_text(&text, v);
		p.filter->apply(out, buf_view(&text));
		buf_release(&text);
	} else if (v && v->kind == VALUE_STR && v->text.n > 3) {
		/* "${it.eid|quoted}": the filter waits for its value. */
		buf_printf(out, "%.*s|%s}", (int)v->text.n - 1, v->text.p,
			   p.filter->name);
	} else {
		buf_printf(out, "${%.*s}", STRF(inside));
	}
}

/* Where the '}' of the "${" at `i` stands; nested ones are skipped. */
static size_t closing_brace(struct str s, size_t i)
{
	int depth = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{')
			depth++;
		else if (s.p[i] == '}' && --depth == 0)
			return i;
	}
	return s.n;
}

enum { NESTING_MAX = 8 };

/* What a substitution works with. */
struct substitution {
	const struct template_var *vars;
	struct arena *arena;
	size_t *budget;
};

static void spend(struct substitution *sub, size_t bytes)
{
	*sub->budget -= bytes < *sub->budget ? bytes : *sub->budget;
}

/* How many dollars stand at `i`, if a '{' follows them; or 0. */
static size_t dollars_at(struct str s, size_t i)
{
	size_t end = i;

	while (end < s.n && s.p[end] == '$')
		end++;
	return end < s.n && s.p[end] == '{' ? end - i : 0;
}

/* "$$" is a '$' only in front of "${".  When the template behind them is
 * gone, the `pairs` that were written before `at` are what they stand for. */
static void halve_dollars(struct buf *out, size_t at, size_t pairs)
{
	memmove(out->p + at - pairs, out->p + at, out->n - at);
	out->n -= pairs;
	out->p[out->n] = '\0';
}

static struct str substitute_text(struct substitution *sub, struct str s,
				  unsigned depth, const struct value **whole)
{
	struct str inside;
	struct buf out;
	size_t close;

	*whole = NULL;
	if (depth > NESTING_MAX || *sub->budget == 0 || str_find(s, STR("${")) < 0)
		return s;
	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		size_t dollars = dollars_at(s, i), begun;
		const struct value *v;

		if (dollars == 0) {
			buf_char(&out, s.p[i]);
			continue;
		}
		buf_add(&out, s.p + i, (dollars - 1) / 2 * 2);
		i += (dollars - 1) / 2 * 2;
		close = dollars % 2 ? closing_brace(s, i) : s.n;
		if (close == s.n) {	/* literal, as it stands */
			buf_add(&out, s.p + i, dollars % 2 ? 1 : 3);
			i += dollars % 2 ? 0 : 2;
			continue;
		}
		inside = (struct str){ s.p + i + 2, close - i - 2 };
		inside = substitute_text(sub, inside, depth + 1, &v);
		begun = out.n;
		substitute_one(inside, sub->vars, sub->arena, &out, &v);
		if (!str_starts((struct str){ out.p + begun, out.n - begun },
				STR("${")))
			halve_dollars(&out, begun, dollars / 2);
		if (i == 0 && close + 1 == s.n)
			*whole = v;
		i = close;
	}
	spend(sub, out.n);
	if (*whole) {		/* the value itself will do */
		buf_release(&out);
		return s;
	}
	return keep(&out, sub->arena);
}

static const struct value *substitute_scalar(struct substitution *sub,
					     const struct value *v)
{
	const struct value *whole;
	struct value *copy;
	struct str text;

	text = substitute_text(sub, v->text, 0, &whole);
	if (whole && whole->pos.source)	/* keeps the row's place, and its type */
		return whole;
	spend(sub, sizeof(*copy));
	copy = ARENA_NEW(sub->arena, struct value);
	*copy = whole ? *whole : *v;
	copy->pos = v->pos;
	copy->width = v->width;
	if (!whole)
		copy->text = text;
	copy->templated = str_find(copy->text, STR("${")) >= 0;
	return copy;
}

static const struct value *substitute(struct substitution *sub,
				      const struct value *v);

static const struct value *substitute_list(struct substitution *sub,
					   const struct value *v)
{
	struct value *copy = ARENA_NEW(sub->arena, struct value);
	const struct value **items;

	items = arena_array(sub->arena, v->count, sizeof(*items));
	*copy = *v;
	copy->templated = false;
	copy->items = items;
	for (size_t i = 0; i < v->count; i++) {
		items[i] = substitute(sub, v->items[i]);
		copy->templated |= items[i]->templated;
	}
	return copy;
}

static const struct value *substitute_map(struct substitution *sub,
					  const struct value *v)
{
	struct value *copy = ARENA_NEW(sub->arena, struct value);
	struct member *m = arena_array(sub->arena, v->count, sizeof(*m));
	const struct value *whole;

	*copy = *v;
	copy->templated = false;
	copy->members = m;
	for (size_t i = 0; i < v->count; i++) {
		m[i] = v->members[i];
		m[i].key = substitute_text(sub, m[i].key, 0, &whole);
		if (whole)
			m[i].key = whole->text.p ? whole->text : STR("");
		m[i].value = substitute(sub, m[i].value);
		copy->templated |= m[i].value->templated ||
				   str_find(m[i].key, STR("${")) >= 0;
	}
	value_index(copy, sub->arena);
	return copy;
}

static const struct value *substitute(struct substitution *sub,
				      const struct value *v)
{
	if (!v->templated || *sub->budget == 0)
		return v;
	spend(sub, v->count * sizeof(struct member));
	if (v->kind == VALUE_LIST)
		return substitute_list(sub, v);
	if (v->kind == VALUE_MAP)
		return substitute_map(sub, v);
	return substitute_scalar(sub, v);
}

const struct value *template_substitute(const struct value *v,
					const struct template_var *vars,
					struct arena *a, size_t *budget)
{
	struct substitution sub = { vars, a, budget };

	return substitute(&sub, v);
}
