/* Parameters, and the query language. */
#include "conformance/defects/edits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKENS_MAX = 256, QUERY_MAX = 64 << 10 };

/* ---- Parameters. -------------------------------------------------------------- */

void param_drop(struct edit *e)
{
	struct str list = str_of(e->arg), name;

	while (next_item(&list, ' ', &name))
		param_set(e, arena_str(e->x->arena, name).p, STR_NONE);
}

/* "name=value" */
static const char *pair(const struct edit *e, struct str *value)
{
	struct str name;

	*value = str_of(e->arg);
	name = str_split(value, '=');
	return arena_str(e->x->arena, name).p;
}

void param_put(struct edit *e)
{
	struct str value;
	const char *name = pair(e, &value);

	param_set(e, name, value);
}

void param_default(struct edit *e)
{
	struct str value;
	const char *name = pair(e, &value);

	if (!param_get(e, name).p)
		param_set(e, name, value);
}

static bool numbers(struct edit *e, const char **name, uint64_t *given, uint64_t *arg)
{
	struct str value;

	*name = pair(e, &value);
	return str_to_u64(value, 1 << 30, arg) == 0 &&
	       str_to_u64(param_get(e, *name), 1 << 30, given) == 0;
}

void param_cap(struct edit *e)
{
	uint64_t given, max;
	const char *name;

	if (numbers(e, &name, &given, &max) && given > max)
		param_set(e, name, arena_printf(e->x->arena, "%llu",
						(unsigned long long)max));
}

void param_add(struct edit *e)
{
	uint64_t given, more;
	const char *name;

	if (numbers(e, &name, &given, &more) && given)
		param_set(e, name, arena_printf(e->x->arena, "%llu",
						(unsigned long long)(given + more)));
}

static int by_text(const void *a, const void *b)
{
	struct str x = *(const struct str *)a, y = *(const struct str *)b;
	int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return c ? c : (x.n > y.n) - (x.n < y.n);
}

void param_sort(struct edit *e)
{
	struct str left = param_get(e, e->arg), items[64], item;
	struct buf out;
	size_t n = 0;

	if (!left.n)
		return;
	while (n < 64 && next_item(&left, ',', &item))
		items[n++] = item;
	qsort(items, n, sizeof(items[0]), by_text);
	buf_init(&out, QUERY_MAX);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(&out, ',');
		buf_str(&out, items[i]);
	}
	param_set(e, e->arg, arena_str(e->x->arena, buf_view(&out)));
	buf_release(&out);
}

void param_forbid(struct edit *e)
{
	struct str left = e->req.query, one;
	bool it = false, other = false;

	while (next_item(&left, '&', &one)) {
		struct str name = str_split(&one, '=');

		it |= str_is(name, e->arg);
		other |= !str_is(name, e->arg);
	}
	if (it && !other)
		edit_error(e, 400, "a parameter is missing");
}

/* ---- Words and signs of a query. ------------------------------------------------ */

enum kind { WORD, TEXT, NUMBER, AGO, SIGN };

struct token {
	enum kind kind;
	struct str raw;
	bool tight;		/* no blank before it */
};

struct tokens {
	struct token list[TOKENS_MAX];
	size_t count;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9');
}

static size_t token_end(struct str s, size_t i, enum kind *kind)
{
	size_t begin = i;
	bool minus = s.p[i] == '-';

	if (s.p[i] == '\'') {
		*kind = TEXT;
		for (i++; i < s.n; i++) {
			if (s.p[i] != '\'')
				continue;
			if (i + 1 == s.n || s.p[i + 1] != '\'')
				return i + 1;
			i++;
		}
		return s.n;
	}
	if (minus || is_word(s.p[i])) {
		for (i += minus; i < s.n && is_word(s.p[i]); i++)
			;
		*kind = s.p[begin + minus] < '0' || s.p[begin + minus] > '9' ? WORD :
			s.p[i - 1] > '9' ? AGO : NUMBER;
		return i;
	}
	*kind = SIGN;
	if (i + 1 < s.n && strchr("<>!", s.p[i]) && strchr("=>", s.p[i + 1]) &&
	    s.p[i + 1])
		return i + 2;
	return i + 1;
}

/* False if there is no query, or none that we can read. */
static bool read_tokens(struct edit *e, struct tokens *t)
{
	struct str s = param_get(e, "query");
	size_t i = 0;

	t->count = 0;
	while (i < s.n) {
		struct token *k = &t->list[t->count];
		size_t begin = i;

		while (i < s.n && strchr(" \t\r\n", s.p[i]) && s.p[i])
			i++;
		if (i == s.n)
			break;
		if (t->count == TOKENS_MAX)
			return false;
		k->tight = i == begin && i > 0;
		begin = i;
		i = token_end(s, i, &k->kind);
		k->raw = (struct str){ s.p + begin, i - begin };
		t->count++;
	}
	return t->count > 0;
}

static bool is_connective(const struct token *t)
{
	return t->kind == WORD && (str_ieq(t->raw, STR("and")) ||
				   str_ieq(t->raw, STR("or")));
}

static void put_query(struct edit *e, struct buf *out)
{
	param_set(e, "query", arena_str(e->x->arena, buf_view(out)));
	buf_release(out);
}

static void write_tokens(struct edit *e, const struct tokens *t)
{
	struct buf out;

	buf_init(&out, QUERY_MAX);
	for (size_t i = 0; i < t->count; i++) {
		if (i)
			buf_char(&out, ' ');
		buf_str(&out, t->list[i].raw);
	}
	put_query(e, &out);
}

void query_swap(struct edit *e)
{
	struct str list = str_of(e->arg), to = STR_NONE, from;
	struct tokens t;
	bool changed = false;

	from = str_split(&list, ':');	/* signs have '=' in them */
	to = list;
	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i < t.count; i++) {
		struct token *k = &t.list[i];

		if (k->kind != TEXT && str_ieq(k->raw, from)) {
			k->raw = to;
			changed = true;
		}
	}
	if (changed)
		write_tokens(e, &t);
}

/* Fields that are no text: there it would be no wrong answer but a refusal. */
static bool is_text_field(struct str name)
{
	return !str_ieq(name, STR("status")) && !str_ieq(name, STR("created")) &&
	       !str_ieq(name, STR("updated"));
}

/* The same before a text only. */
void query_text_swap(struct edit *e)
{
	struct str to = str_of(e->arg), from = str_split(&to, ':');
	struct tokens t;
	bool changed = false;

	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i + 1 < t.count; i++) {
		if (t.list[i].kind == TEXT || t.list[i + 1].kind != TEXT ||
		    !str_ieq(t.list[i].raw, from) || i == 0 ||
		    !is_text_field(t.list[i - 1].raw))
			continue;
		t.list[i].raw = to;
		changed = true;
	}
	if (changed)
		write_tokens(e, &t);
}

void query_without(struct edit *e)
{
	struct tokens t;
	size_t n = 0;

	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i < t.count; i++) {
		struct str list = str_of(e->arg), one;
		bool gone = false;

		while (next_item(&list, ' ', &one))
			gone |= t.list[i].kind != TEXT && str_ieq(t.list[i].raw, one);
		if (!gone)
			t.list[n++] = t.list[i];
	}
	if (n < t.count) {
		t.count = n;
		write_tokens(e, &t);
	}
}

/* Where the level that begins at `i` ends: at its ')' or at the end. */
static size_t level_end(const struct tokens *t, size_t i)
{
	int depth = 0;

	for (; i < t->count; i++) {
		if (str_is(t->list[i].raw, "("))
			depth++;
		else if (str_is(t->list[i].raw, ")") && depth-- == 0)
			break;
	}
	return i;
}

/* ((a and b) or c) and d */
static void write_left(const struct tokens *t, size_t i, size_t end, struct buf *out)
{
	unsigned links = 0, seen = 0;

	for (size_t k = i; k < end; k++) {
		if (str_is(t->list[k].raw, "("))
			k = level_end(t, k + 1);
		else
			links += is_connective(&t->list[k]);
	}
	for (unsigned k = 1; k < links; k++)
		buf_z(out, "( ");
	for (; i < end; i++) {
		if (str_is(t->list[i].raw, "(")) {
			size_t close = level_end(t, i + 1);

			buf_z(out, "( ");
			write_left(t, i + 1, close, out);
			buf_z(out, ") ");
			i = close;
			continue;
		}
		if (is_connective(&t->list[i]) && seen++ > 0)
			buf_z(out, ") ");
		buf_str(out, t->list[i].raw);
		buf_char(out, ' ');
	}
}

void query_left(struct edit *e)
{
	struct tokens t;
	struct buf out;

	if (!read_tokens(e, &t))
		return;
	buf_init(&out, QUERY_MAX);
	write_left(&t, 0, t.count, &out);
	put_query(e, &out);
}

/* a and ( b or c ) and d */
static void write_or_first(const struct tokens *t, size_t i, size_t end, struct buf *out)
{
	buf_z(out, "( ");
	for (; i < end; i++) {
		if (str_is(t->list[i].raw, "(")) {
			size_t close = level_end(t, i + 1);

			buf_z(out, "( ");
			write_or_first(t, i + 1, close, out);
			buf_z(out, ") ");
			i = close;
		} else if (t->list[i].kind == WORD && str_ieq(t->list[i].raw, STR("and"))) {
			buf_z(out, ") and ( ");
		} else {
			buf_str(out, t->list[i].raw);
			buf_char(out, ' ');
		}
	}
	buf_z(out, ") ");
}

void query_or_first(struct edit *e)
{
	struct tokens t;
	struct buf out;

	if (!read_tokens(e, &t))
		return;
	buf_init(&out, QUERY_MAX);
	write_or_first(&t, 0, t.count, &out);
	put_query(e, &out);
}

void query_first(struct edit *e)
{
	struct tokens t;

	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i < t.count; i++) {
		if (is_connective(&t.list[i])) {
			t.count = i;
			write_tokens(e, &t);
			return;
		}
	}
}

/* ---- Values in a query. --------------------------------------------------------- */

static void each_value(struct edit *e, enum kind kind,
		       struct str (*fn)(struct edit *e, struct str raw))
{
	struct tokens t;
	bool changed = false;

	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i < t.count; i++) {
		struct str new;

		if (t.list[i].kind != kind)
			continue;
		new = fn(e, t.list[i].raw);
		changed |= !str_eq(new, t.list[i].raw);
		t.list[i].raw = new;
	}
	if (changed)
		write_tokens(e, &t);
}

static struct str other_unit(struct edit *e, struct str raw)
{
	struct str to = mapped(e->arg, (struct str){ raw.p + raw.n - 1, 1 });

	return to.n ? arena_printf(e->x->arena, "%.*s%.*s", (int)raw.n - 1, raw.p,
				   STRF(to)) : raw;
}

void query_units(struct edit *e)
{
	each_value(e, AGO, other_unit);
}

static struct str ahead(struct edit *e, struct str raw)
{
	static const int64_t minutes[] = { ['m'] = 1, ['h'] = 60, ['d'] = 1440, ['w'] = 10080 };
	unsigned char unit = (unsigned char)raw.p[raw.n - 1];
	char iso[CLOCK_ISO_SIZE];

	if (raw.p[0] != '-' || unit >= sizeof(minutes) / sizeof(minutes[0]) || !minutes[unit])
		return raw;
	clock_iso_to(edit_now_ms(e) + strtol(raw.p + 1, NULL, 10) * minutes[unit] * 60000,
		     iso);
	return arena_printf(e->x->arena, "'%s'", iso);
}

void query_ahead(struct edit *e)
{
	each_value(e, AGO, ahead);
}

static struct str doubled(struct edit *e, struct str raw)
{
	struct buf out;
	struct str text;

	buf_init(&out, QUERY_MAX);
	for (size_t i = 0; i < raw.n; i++) {
		buf_char(&out, raw.p[i]);
		if (raw.p[i] == '\'' && i > 0 && i + 1 < raw.n)
			buf_char(&out, '\'');
	}
	text = arena_str(e->x->arena, buf_view(&out));
	buf_release(&out);
	return text;
}

void query_quotes(struct edit *e)
{
	each_value(e, TEXT, doubled);
}

static struct str only_day(struct edit *e, struct str raw)
{
	struct str text = { raw.p + 1, raw.n - 2 };
	struct err err;
	int64_t ms;

	if (raw.n < 20 || clock_parse_iso(text, &ms, &err) < 0)
		return raw;
	return arena_printf(e->x->arena, "'%.10sT00:00:00.000Z'", text.p);
}

void query_days(struct edit *e)
{
	each_value(e, TEXT, only_day);
}

static struct str first_word(struct edit *e, struct str raw)
{
	struct str left = raw, word = str_split(&left, ' ');

	return left.p && word.n > 1 ? arena_printf(e->x->arena, "%.*s'", STRF(word)) : raw;
}

void query_trims(struct edit *e)
{
	each_value(e, TEXT, first_word);
}

/* ---- What is refused. ------------------------------------------------------------ */

static const char *const keywords[] = {
	"and", "or", "not", "startsWith", "endsWith", "contains",
};

static bool has_any(struct str s, const char *signs)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] && strchr(signs, s.p[i]))
			return true;
	return false;
}

static const char *keyword(struct str word)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (str_ieq(word, str_of(keywords[i])))
			return keywords[i];
	return NULL;
}

static bool has_capital(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static bool is_operator(struct str s)
{
	return s.n && strchr("=<>!", s.p[0]);
}

static bool one_of(struct str word, const char *list)
{
	struct str left = str_of(list), one;

	while (next_item(&left, ' ', &one))
		if (str_ieq(word, one))
			return true;
	return false;
}

static bool refused(const char *what, const struct tokens *t, size_t i)
{
	const struct token *k = &t->list[i];
	const char *word = k->kind == WORD ? keyword(k->raw) : NULL;

	if (strcmp(what, "case") == 0)
		return word && !str_is(k->raw, word);
	if (strcmp(what, "names") == 0)
		return k->kind == WORD && !word && has_capital(k->raw);
	if (strcmp(what, "words") == 0)
		return k->kind == TEXT && (has_any(k->raw, "(<>") ||
			str_find(k->raw, STR(" = ")) >= 0 || str_find(k->raw, STR(" or ")) >= 0 ||
			str_find(k->raw, STR(" and ")) >= 0);
	if (strcmp(what, "ascii") == 0)
		return !is_ascii(k->raw);
	if (strcmp(what, "doubled") == 0)
		return k->kind == TEXT && str_find((struct str){ k->raw.p + 1, k->raw.n - 1 },
						   STR("''")) >= 0 && k->raw.n > 2;
	if (strcmp(what, "tight") == 0)
		return k->tight && (is_operator(k->raw) ||
				    (i > 0 && is_operator(t->list[i - 1].raw)));
	if (strcmp(what, "ago") == 0)
		return k->kind == AGO;
	if (strcmp(what, "number") == 0)
		return k->kind == NUMBER;
	if (strcmp(what, "odd") == 0)
		return k->kind == TEXT && (has_any(k->raw, ",") ||
			str_find(k->raw, STR("%_")) >= 0 ||
			(k->raw.n == 6 && strspn(k->raw.p + 1, "0123456789") == 4));
	if (strcmp(what, "past") == 0)
		return k->kind == TEXT && str_starts(k->raw, STR("'200"));
	if (strcmp(what, "twice") == 0)
		return word && i > 0 && strcmp(word, "not") == 0 &&
		       str_ieq(t->list[i - 1].raw, k->raw);
	return k->kind != TEXT && one_of(k->raw, what);
}

void query_refuse(struct edit *e)
{
	struct tokens t;

	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i < t.count; i++) {
		if (refused(e->arg, &t, i)) {
			edit_error(e, 400, "query: syntax error");
			return;
		}
	}
}

static void take_ok(struct edit *e, struct http_response *r)
{
	if (r->status == 200)
		edit_take(e, r);
	edit_go_on(e);
}

void query_ignored_if_bad(struct edit *e)
{
	struct str without;

	if (!param_get(e, e->arg).p)
		return;
	without = query_with(e->x->arena, e->req.query, e->arg, STR_NONE);
	edit_ask(e, &(struct ask){ .query = without }, take_ok);
}

/* ---- Rows, by one comparison. ------------------------------------------------------ */

struct comparison {
	const char *field;
	struct str op, text;	/* without quotes */
	const char *signs;	/* that stand for anything, and for one character */
	enum kind kind;
};

static bool one_comparison(struct edit *e, struct comparison *c)
{
	struct arena *a = e->x->arena;
	struct tokens t;
	char *text;
	size_t n = 0;

	if (!read_tokens(e, &t) || t.count != 3)
		return false;
	*c = (struct comparison){ .field = arena_str(a, t.list[0].raw).p,
				  .op = t.list[1].raw, .text = t.list[2].raw,
				  .kind = t.list[2].kind };
	if (c->kind != TEXT)
		return true;
	text = arena_alloc(a, c->text.n + 1);
	for (size_t i = 1; i + 1 < c->text.n; i++) {
		text[n++] = c->text.p[i];
		i += c->text.p[i] == '\'';
	}
	c->text = (struct str){ text, n };
	return true;
}

static void keep_rows(struct edit *e, const struct comparison *c,
		      bool (*fits)(const cJSON *row, const struct comparison *c))
{
	cJSON *tree = body_json(e), *list = rows_of(tree);

	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
		if (!fits(cJSON_GetArrayItem(list, i), c))
			cJSON_DeleteItemFromArray(list, i);
	count_rows(tree);
	body_put(e, tree);
}

static bool fits_case(const cJSON *row, const struct comparison *c)
{
	struct str v = row_str(row, c->field);

	if (!v.p)
		return true;
	if (str_is(c->op, "="))
		return str_eq(v, c->text);
	if (str_ieq(c->op, STR("contains")))
		return str_find(v, c->text) >= 0;
	if (str_ieq(c->op, STR("startsWith")))
		return str_starts(v, c->text);
	if (str_ieq(c->op, STR("endsWith")))
		return str_ends(v, c->text);
	return true;
}

void rows_case(struct edit *e)
{
	struct comparison c;

	if (one_comparison(e, &c) && c.kind == TEXT)
		keep_rows(e, &c, fits_case);
}

static bool fits_digits(const cJSON *row, const struct comparison *c)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, c->field);
	char text[32];
	int order;

	if (!cJSON_IsNumber(m))
		return true;
	snprintf(text, sizeof(text), "%.0f", m->valuedouble);
	order = by_text(&(struct str){ text, strlen(text) }, &c->text);
	return str_is(c->op, "<") ? order < 0 : str_is(c->op, "<=") ? order <= 0 :
	       str_is(c->op, ">") ? order > 0 : str_is(c->op, ">=") ? order >= 0 : true;
}

void rows_digits(struct edit *e)
{
	struct comparison c;

	if (one_comparison(e, &c) && c.kind == NUMBER)
		keep_rows(e, &c, fits_digits);
}

void rows_none_if(struct edit *e)
{
	struct tokens t;
	bool there = false;

	if (!read_tokens(e, &t))
		return;
	for (size_t i = 0; i < t.count; i++)
		there |= str_ieq(t.list[i].raw, str_of(e->arg));
	if (there)
		edit_reply(e, 200, STR("{\"count\":0,\"list\":[]}"));
}

static bool has_row(const cJSON *list, struct str key)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, list)
		if (str_eq(row_key(row), key))
			return true;
	return false;
}

static void keep_common(struct edit *e, struct http_response *r)
{
	struct err err;
	cJSON *page = r->status == 200 ? json_parse(r->body, &err) : NULL;
	cJSON *tree = body_json(e), *list = rows_of(tree);

	for (int i = page ? cJSON_GetArraySize(list) - 1 : -1; i >= 0; i--)
		if (!has_row(rows_of(page), row_key(cJSON_GetArrayItem(list, i))))
			cJSON_DeleteItemFromArray(list, i);
	cJSON_Delete(page);
	count_rows(tree);
	body_put(e, tree);
	edit_go_on(e);
}

void query_in_page(struct edit *e)
{
	if (param_get(e, "query").n && param_get(e, "size").n)
		edit_ask(e, &(struct ask){ .query = query_with(e->x->arena, e->req.query,
							       "query", STR_NONE) },
			 keep_common);
}

/* SQL's LIKE: '%' for anything, '_' for one character. */
static bool like(struct str s, struct str pattern, const char *signs)
{
	for (; pattern.n; pattern.p++, pattern.n--) {
		if (pattern.p[0] == signs[0]) {
			pattern.p++;
			pattern.n--;
			for (size_t i = 0; i <= s.n; i++)
				if (like((struct str){ s.p + i, s.n - i }, pattern, signs))
					return true;
			return false;
		}
		if (!s.n || (pattern.p[0] != signs[1] &&
			     !str_ieq((struct str){ s.p, 1 }, (struct str){ pattern.p, 1 })))
			return false;
		s.p++;
		s.n--;
	}
	return !s.n;
}

static bool fits_like(const cJSON *row, const struct comparison *c)
{
	return row_str(row, c->field).p && like(row_str(row, c->field), c->text, c->signs);
}

static void keep_like(struct edit *e, struct http_response *r)
{
	struct comparison *c = e->own;

	e->replying = true;	/* it is the answer that we look at from here on */
	edit_take(e, r);
	if (r->status == 200)
		keep_rows(e, c, fits_like);
	e->replying = false;
	e->held = false;
	e->answered = true;
	http_reply(e->x);
}

void query_wildcards(struct edit *e)
{
	struct arena *a = e->x->arena;
	struct comparison *c = ARENA_NEW(a, struct comparison);
	bool before, behind;

	if (!one_comparison(e, c) || c->kind != TEXT || !has_any(c->text, e->arg) ||
	    str_is(c->op, "<>"))
		return;
	before = str_ieq(c->op, STR("contains")) || str_ieq(c->op, STR("endsWith"));
	behind = str_ieq(c->op, STR("contains")) || str_ieq(c->op, STR("startsWith"));
	c->text = arena_printf(a, "%.*s%.*s%.*s", before, e->arg, STRF(c->text), behind, e->arg);
	c->signs = e->arg;
	e->own = c;
	edit_ask(e, &(struct ask){
		.query = query_with(a, e->req.query, "query", STR_NONE) }, keep_like);
}
