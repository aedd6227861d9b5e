#include "cli/options.h"

#include <assert.h>
#include <stdio.h>

enum { WIDTH = 80, HELP_COLUMN = 26, OPTIONS_MAX = 64 };

static void *value_of(const struct option *o, void *into)
{
	return (char *)into + o->offset;
}

static int set_number(const struct option *o, const char *text, void *into,
		      struct err *err)
{
	struct option_number *n = value_of(o, into);
	uint64_t max = o->max ? o->max : UINT64_MAX;

	if (str_to_u64(str_of(text), max, &n->value) < 0)
		return err_set(err, ERR_INVALID,
			       "--%s %s: expected a whole number from 0 to %llu",
			       o->name, text, (unsigned long long)max);
	n->given = true;
	return 0;
}

static int set_value(const struct option *o, const char *text, void *into,
		     struct err *err)
{
	struct option_list *list;

	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)value_of(o, into) = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)value_of(o, into) = text;
		return 0;
	case OPTION_NUMBER:
		return set_number(o, text, into, err);
	case OPTION_LIST:
		list = value_of(o, into);
		if (list->count == OPTION_LIST_MAX)
			return err_set(err, ERR_LIMIT,
				       "--%s: more than %d of them", o->name,
				       OPTION_LIST_MAX);
		list->list[list->count++] = text;
		return 0;
	}
	return 0;
}

static const struct option *find_name(const struct option *table, struct str name)
{
	for (; table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
	for (; table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

static int unknown(const struct option *table, struct str name, struct err *err)
{
	const char *names[OPTIONS_MAX];
	size_t count = 0;
	int near;

	while (table[count].name) {
		assert(count < OPTIONS_MAX);
		names[count] = table[count].name;
		count++;
	}
	near = str_nearest(name, names, count);
	if (near >= 0)
		return err_set(err, ERR_INVALID,
			       "unknown option --%.*s; did you mean --%s?",
			       STRF(name), names[near]);
	return err_set(err, ERR_INVALID, "unknown option --%.*s", STRF(name));
}

/* What is being read: the arguments, and the place among them. */
struct cursor {
	int argc, at;
	char **argv;
};

static int missing(const struct option *o, struct err *err)
{
	return err_set(err, ERR_INVALID, "--%s needs a value: --%s %s", o->name,
		       o->name, o->argument);
}

static int parse_long(const struct option *table, struct cursor *c, void *into,
		      struct err *err)
{
	struct str rest = str_of(c->argv[c->at] + 2);
	struct str name = str_split(&rest, '=');
	const struct option *o = find_name(table, name);

	if (!o)
		return unknown(table, name, err);
	if (o->kind == OPTION_FLAG)
		return rest.p ? err_set(err, ERR_INVALID, "--%s takes no value",
					o->name) :
				set_value(o, NULL, into, err);
	if (rest.p)
		return set_value(o, rest.p, into, err);
	if (++c->at == c->argc)
		return missing(o, err);
	return set_value(o, c->argv[c->at], into, err);
}

static int parse_letters(const struct option *table, struct cursor *c,
			 void *into, struct err *err)
{
	for (const char *p = c->argv[c->at] + 1; *p; p++) {
		const struct option *o = find_letter(table, *p);

		if (!o)
			return err_set(err, ERR_INVALID, "unknown option -%c", *p);
		if (o->kind != OPTION_FLAG) {
			if (p[1])
				return set_value(o, p + 1, into, err);
			if (++c->at == c->argc)
				return missing(o, err);
			return set_value(o, c->argv[c->at], into, err);
		}
		if (set_value(o, NULL, into, err) < 0)
			return -1;
	}
	return 0;
}

int options_parse(const struct option *table, int argc, char **argv, void *into,
		  struct err *err)
{
	struct cursor c = { argc, 1, argv };
	bool ended = false;
	int kept = 0;

	for (; c.at < argc; c.at++) {
		char *arg = argv[c.at];
		int rc = 0;

		if (ended || arg[0] != '-' || !arg[1])
			argv[1 + kept++] = arg;
		else if (strcmp(arg, "--") == 0)
			ended = true;
		else if (arg[1] == '-')
			rc = parse_long(table, &c, into, err);
		else
			rc = parse_letters(table, &c, into, err);
		if (rc < 0)
			return -1;
	}
	return kept;
}

void options_wrap(struct buf *out, const char *text, size_t indent,
		  size_t column)
{
	struct str rest = str_of(text);

	while (rest.p) {
		struct str word = str_split(&rest, ' ');

		if (column > indent && column + 1 + word.n > WIDTH) {
			buf_char(out, '\n');
			column = 0;
		}
		if (column < indent) {
			buf_printf(out, "%*s", (int)(indent - column), "");
			column = indent;
		} else if (column > indent) {
			buf_char(out, ' ');
			column++;
		}
		buf_str(out, word);
		column += word.n;
	}
	buf_char(out, '\n');
}

void options_help(const struct option *table, struct buf *out)
{
	for (const struct option *o = table; o->name; o++) {
		size_t start = out->n, column;

		if (o->letter)
			buf_printf(out, "  -%c, --%s", o->letter, o->name);
		else
			buf_printf(out, "      --%s", o->name);
		if (o->argument)
			buf_printf(out, " %s", o->argument);
		column = out->n - start;
		if (column >= HELP_COLUMN) {
			buf_char(out, '\n');
			column = 0;
		}
		options_wrap(out, o->help, HELP_COLUMN, column);
	}
}
