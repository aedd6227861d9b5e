#include "server/query.h"

#include "server/store.h"
#include "sim/clock.h"

#include <assert.h>

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_TEXT,		/* quoted; value in `text` */
	TOKEN_NUMBER,
	TOKEN_AGO,		/* -1h; value in milliseconds */
	TOKEN_SYMBOL,
	TOKEN_BAD,
};

struct token {
	enum token_kind kind;
	size_t at;		/* in bytes, from 0 */
	struct str raw;
	struct str text;
	int64_t number;
};

struct compiler {
	const struct resource *resource;
	struct str in;
	size_t at;
	struct token token;	/* looked at next */
	int64_t now_ms;
	int depth, terms;
	struct arena *a;
	struct buf sql;
	struct query *out;
	struct err *err;
};

enum { VALUES_MAX = 2 * QUERY_TERMS_MAX, SQL_MAX = 64 << 10, NAMES_MAX = 300, SHOWN_MAX = 40 };

static int compile_or(struct compiler *c);

/* ---- Tokens. ----------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t scan_word(struct compiler *c, struct token *t)
{
	size_t i = c->at;

	while (i < c->in.n && (is_letter(c->in.p[i]) || is_digit(c->in.p[i])))
		i++;
	t->kind = TOKEN_WORD;
	return i;
}

static size_t scan_text(struct compiler *c, struct token *t)
{
	char *copy = arena_alloc(c->a, c->in.n - c->at);
	size_t i = c->at + 1, n = 0;

	for (; i < c->in.n; i++) {
		if (c->in.p[i] == '\'') {
			if (i + 1 == c->in.n || c->in.p[i + 1] != '\'') {
				t->kind = TOKEN_TEXT;
				t->text = (struct str){ copy, n };
				return i + 1;
			}
			i++;
		}
		copy[n++] = c->in.p[i];
	}
	return i;	/* TOKEN_BAD: the quote is never closed */
}

static int64_t unit_ms(char unit)
{
	switch (unit) {
	case 'm': case 'M':
		return INT64_C(60000);
	case 'h': case 'H':
		return INT64_C(3600000);
	case 'd': case 'D':
		return INT64_C(86400000);
	case 'w': case 'W':
		return INT64_C(604800000);
	}
	return 0;
}

/* A number, or a time before now if a unit follows. */
static size_t scan_number(struct compiler *c, struct token *t)
{
	bool minus = c->in.p[c->at] == '-';
	size_t begin = c->at + minus, i = begin;
	uint64_t v;

	while (i < c->in.n && is_digit(c->in.p[i]))
		i++;
	if (str_to_u64((struct str){ c->in.p + begin, i - begin }, INT64_MAX, &v) < 0)
		return i > begin ? i : i + (i < c->in.n);	/* TOKEN_BAD */
	if (i < c->in.n && is_letter(c->in.p[i])) {
		int64_t unit = unit_ms(c->in.p[i]);
		size_t letters = i;

		while (i < c->in.n && (is_letter(c->in.p[i]) || is_digit(c->in.p[i])))
			i++;
		/* -1h: one letter, and no more than a thousand years. */
		if (!minus || !unit || i - letters != 1 ||
		    v > INT64_C(31556952000000) / (uint64_t)unit)
			return i;
		t->kind = TOKEN_AGO;
		t->number = (int64_t)v * unit;
		return i;
	}
	t->kind = TOKEN_NUMBER;
	t->number = minus ? -(int64_t)v : (int64_t)v;
	return i;
}

static size_t scan_symbol(struct compiler *c, struct token *t)
{
	static const char *const symbols[] = {
		"<=", ">=", "<>", "!=", "<", ">", "=", "(", ")",
	};
	struct str rest = { c->in.p + c->at, c->in.n - c->at };

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if (str_starts(rest, str_of(symbols[i]))) {
			t->kind = TOKEN_SYMBOL;
			return c->at + strlen(symbols[i]);
		}
	}
	/* A whole character, so that the message can show it. */
	while (rest.n > 1 && ((unsigned char)rest.p[1] & 0xC0) == 0x80)
		rest = (struct str){ rest.p + 1, rest.n - 1 };
	return c->in.n - rest.n + 1;
}

static void next(struct compiler *c)
{
	struct token t = { .kind = TOKEN_BAD };
	size_t end;

	while (c->at < c->in.n && is_space(c->in.p[c->at]))
		c->at++;
	t.at = c->at;
	if (c->at == c->in.n) {
		t.kind = TOKEN_END;
		end = c->at;
	} else if (is_letter(c->in.p[c->at])) {
		end = scan_word(c, &t);
	} else if (c->in.p[c->at] == '\'') {
		end = scan_text(c, &t);
	} else if (is_digit(c->in.p[c->at]) || c->in.p[c->at] == '-') {
		end = scan_number(c, &t);
	} else {
		end = scan_symbol(c, &t);
	}
	t.raw = (struct str){ c->in.p + t.at, end - t.at };
	c->at = end;
	c->token = t;
}

static bool is_word(const struct compiler *c, const char *word)
{
	return c->token.kind == TOKEN_WORD && str_ieq(c->token.raw, str_of(word));
}

static bool is_symbol(const struct compiler *c, const char *symbol)
{
	return c->token.kind == TOKEN_SYMBOL && str_is(c->token.raw, symbol);
}

/* "query: at 9, 'carier': expected ..." */
static int unexpected(struct compiler *c, const struct token *t, struct str wanted)
{
	struct str raw = t->raw;

	if (t->kind == TOKEN_END)
		return err_set(c->err, ERR_INVALID,
			       "query: at position %zu, the end: expected %.*s",
			       t->at + 1, STRF(wanted));
	if (raw.n > SHOWN_MAX) {
		raw.n = SHOWN_MAX;
		while (raw.n && ((unsigned char)raw.p[raw.n] & 0xC0) == 0x80)
			raw.n--;
	}
	return err_set(c->err, ERR_INVALID,
		       "query: at position %zu, %.*s: expected %.*s", t->at + 1,
		       STRF(raw), STRF(wanted));
}

static int unexpected_z(struct compiler *c, const char *wanted)
{
	return unexpected(c, &c->token, str_of(wanted));
}

/* ---- Comparisons. ------------------------------------------------------ */

enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_STARTS, OP_ENDS, OP_CONTAINS, OPS };

static const struct {
	const char *text, *sql;		/* sql: of those that are one in SQL */
	enum op op;
} operators[] = {
	{ "=", "=", OP_EQ }, { "<>", "<>", OP_NE }, { "!=", "<>", OP_NE },
	{ "<", "<", OP_LT }, { "<=", "<=", OP_LE }, { ">", ">", OP_GT },
	{ ">=", ">=", OP_GE }, { "startsWith", NULL, OP_STARTS },
	{ "endsWith", NULL, OP_ENDS }, { "contains", NULL, OP_CONTAINS },
};

static int unknown_field(struct compiler *c)
{
	struct buf names;
	int rc;

	buf_init(&names, NAMES_MAX);
	buf_z(&names, "a field (");
	for (size_t i = 0; i < c->resource->count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "",
			   c->resource->attributes[i].name);
	buf_char(&names, ')');
	rc = unexpected(c, &c->token, buf_view(&names));
	buf_release(&names);
	return rc;
}

static int parse_operator(struct compiler *c, size_t *which)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (is_word(c, operators[i].text) || is_symbol(c, operators[i].text)) {
			*which = i;
			next(c);
			return 0;
		}
	}
	return unexpected_z(c, "an operator (=, <>, <, <=, >, >=, startsWith, endsWith, contains)");
}

static void add_value(struct compiler *c, struct query_value v)
{
	assert(c->out->count < VALUES_MAX);
	c->out->values[c->out->count++] = v;
}

static void add_text(struct compiler *c, struct str text)
{
	add_value(c, (struct query_value){ .is_text = true, .text = text });
}

/*
 * The first bytes behind all texts that start with `prefix`, or none.  UTF-8
 * has no byte of which there is no next; the result need not be UTF-8.
 */
static struct str behind_prefix(struct str prefix, struct arena *a)
{
	struct str s = arena_str(a, prefix);
	unsigned char *p = (unsigned char *)(uintptr_t)s.p;

	if (!s.n)
		return STR_NONE;
	p[s.n - 1]++;
	return s;
}

static void starts_with(struct compiler *c, const char *match, struct str text)
{
	struct str end = behind_prefix(text, c->a);

	buf_printf(&c->sql, "(%s >= ?", match);
	add_text(c, text);
	if (end.n) {
		buf_printf(&c->sql, " AND %s < ?", match);
		add_text(c, end);
	}
	buf_char(&c->sql, ')');
}

static void compare_text(struct compiler *c, const struct attribute *at,
			 size_t which, struct str text)
{
	switch (operators[which].op) {
	case OP_EQ: case OP_NE: case OP_LT: case OP_LE: case OP_GT: case OP_GE:
		buf_printf(&c->sql, "%s %s ?", at->match, operators[which].sql);
		add_text(c, text);
		break;
	case OP_STARTS:
		starts_with(c, at->match, text);
		break;
	case OP_ENDS:
		if (!text.n) {
			buf_char(&c->sql, '1');
			break;
		}
		buf_printf(&c->sql, "substr(%s, -length(?)) = ?", at->match);
		add_text(c, text);
		add_text(c, text);
		break;
	case OP_CONTAINS:
		buf_printf(&c->sql, "instr(%s, ?) > 0", at->match);
		add_text(c, text);
		break;
	case OPS:
		break;
	}
}

static int check_enum(struct compiler *c, const struct attribute *at,
		      size_t which, struct str text)
{
	struct buf names;
	int rc;

	if (operators[which].op != OP_EQ && operators[which].op != OP_NE)
		return 0;
	for (const char *const *v = at->values; *v; v++)
		if (str_is(text, *v))
			return 0;
	buf_init(&names, NAMES_MAX);
	for (const char *const *v = at->values; *v; v++)
		buf_printf(&names, "%s'%s'", v == at->values ? "" : ", ", *v);
	rc = unexpected(c, &c->token, buf_view(&names));
	buf_release(&names);
	return rc;
}

static int compile_text(struct compiler *c, const struct attribute *at, size_t which)
{
	struct str text;

	if (c->token.kind != TOKEN_TEXT)
		return unexpected_z(c, "a text in single quotes");
	text = resource_letters(at->letters, c->token.text, c->a);
	if (at->kind == ATTRIBUTE_ENUM && check_enum(c, at, which, text) < 0)
		return -1;
	compare_text(c, at, which, text);
	next(c);
	return 0;
}

static int parse_time(struct compiler *c, int64_t *ms)
{
	struct err err;

	if (c->token.kind == TOKEN_AGO) {
		*ms = c->now_ms - c->token.number;
		return 0;
	}
	if (c->token.kind == TOKEN_TEXT &&
	    clock_parse_iso(c->token.text, ms, &err) == 0)
		return 0;
	return unexpected_z(c, "a time, as '2019-02-04T15:02:00.000Z' or -1h");
}

static int compile_number(struct compiler *c, const struct attribute *at,
			  size_t which, const struct token *op)
{
	int64_t v = c->token.number;

	if (!operators[which].sql)
		return unexpected(c, op, STR("=, <>, <, <=, > or >= for this field"));
	if (at->kind == ATTRIBUTE_TIME) {
		if (parse_time(c, &v) < 0)
			return -1;
	} else if (c->token.kind != TOKEN_NUMBER) {
		return unexpected_z(c, "a number");
	}
	/* Whoever asks for what came after some time means the latest. */
	buf_printf(&c->sql, at->kind == ATTRIBUTE_TIME &&
		   (operators[which].op == OP_GT || operators[which].op == OP_GE) ?
		   SQL_FEW("%s %s ?") : "%s %s ?", at->match, operators[which].sql);
	add_value(c, (struct query_value){ .number = v });
	next(c);
	return 0;
}

static int compile_comparison(struct compiler *c)
{
	const struct attribute *at = NULL;
	struct token op;
	size_t which = 0;

	if (c->token.kind == TOKEN_WORD)
		at = resource_attribute(c->resource, c->token.raw);
	if (!at)
		return unknown_field(c);
	if (++c->terms > QUERY_TERMS_MAX)
		return err_set(c->err, ERR_LIMIT,
			       "query: at position %zu: more than %d comparisons",
			       c->token.at + 1, QUERY_TERMS_MAX);
	next(c);
	op = c->token;
	if (parse_operator(c, &which) < 0)
		return -1;
	if (at->kind == ATTRIBUTE_TEXT || at->kind == ATTRIBUTE_ENUM)
		return compile_text(c, at, which);
	return compile_number(c, at, which, &op);
}

/* ---- and, or, not. ----------------------------------------------------- */

static int compile_group(struct compiler *c)
{
	int rc;

	next(c);
	buf_char(&c->sql, '(');
	rc = compile_or(c);
	if (rc < 0)
		return rc;
	if (!is_symbol(c, ")"))
		return unexpected_z(c, "and, or, or a closing parenthesis");
	next(c);
	buf_char(&c->sql, ')');
	return 0;
}

static int compile_not(struct compiler *c)
{
	bool not = is_word(c, "not");
	int rc;

	if (!not && !is_symbol(c, "("))
		return compile_comparison(c);
	if (++c->depth > QUERY_DEPTH_MAX)
		return err_set(c->err, ERR_LIMIT,
			       "query: at position %zu: nested deeper than %d",
			       c->token.at + 1, QUERY_DEPTH_MAX);
	if (not) {
		next(c);
		buf_z(&c->sql, "NOT (");
		rc = compile_not(c);
		buf_char(&c->sql, ')');
	} else {
		rc = compile_group(c);
	}
	c->depth--;
	return rc;
}

static int compile_and(struct compiler *c)
{
	if (compile_not(c) < 0)
		return -1;
	while (is_word(c, "and")) {
		next(c);
		buf_z(&c->sql, " AND ");
		if (compile_not(c) < 0)
			return -1;
	}
	return 0;
}

static int compile_or(struct compiler *c)
{
	if (compile_and(c) < 0)
		return -1;
	while (is_word(c, "or")) {
		next(c);
		buf_z(&c->sql, " OR ");
		if (compile_and(c) < 0)
			return -1;
	}
	return 0;
}

static int compile(struct compiler *c)
{
	if (!str_is_utf8(c->in) || (c->in.n && memchr(c->in.p, '\0', c->in.n)))
		return err_set(c->err, ERR_INVALID, "query: not UTF-8 text");
	if (c->in.n > QUERY_LENGTH_MAX)
		return err_set(c->err, ERR_LIMIT, "query: longer than %d bytes",
			       QUERY_LENGTH_MAX);
	next(c);
	if (compile_or(c) < 0)
		return -1;
	if (c->token.kind != TOKEN_END)
		return unexpected_z(c, "and, or, or the end");
	assert(!c->sql.over);	/* 100 comparisons do not fill it */
	return 0;
}

int query_compile(const struct resource *r, struct str text, int64_t now_ms,
		  struct arena *a, struct query *out, struct err *err)
{
	struct compiler c = {
		.resource = r, .in = text, .now_ms = now_ms, .a = a,
		.out = out, .err = err,
	};
	int rc;

	*out = (struct query){
		.values = arena_array(a, VALUES_MAX, sizeof(*out->values)),
	};
	buf_init(&c.sql, SQL_MAX);
	rc = compile(&c);
	if (rc == 0)
		out->sql = arena_str(a, buf_view(&c.sql));
	buf_release(&c.sql);
	return rc;
}

void query_bind(const struct query *query, struct stmt *q)
{
	for (size_t i = 0; i < query->count; i++) {
		const struct query_value *v = &query->values[i];

		if (v->is_text)
			stmt_str(q, v->text);
		else
			stmt_int(q, v->number);
	}
}
