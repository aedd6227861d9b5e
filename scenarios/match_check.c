/* What can be said of matchers before anything runs. */
#include "scenarios/match_impl.h"

#include "sim/clock.h"

#include <assert.h>
#include <regex.h>

static const char *const kind_words[] = {
	"null", "boolean", "number", "string", "list", "map",
};
enum { KIND_WORDS = sizeof(kind_words) / sizeof(kind_words[0]) };

static int bad_arg(struct diag *d, const struct matcher *m,
		   const struct value *v, const char *expected)
{
	return diag_add(d, v->pos, v->width, "'%s' takes %s, not %s", m->name,
			expected, value_kind_name(v->kind));
}

static int check_regex(const struct value *v, struct diag *d)
{
	char why[200];
	regex_t re;
	int rc;

	if (v->templated)
		return 0;
	rc = regcomp(&re, v->text.p, REG_EXTENDED | REG_NOSUB);
	if (rc == 0) {
		regfree(&re);
		return 0;
	}
	regerror(rc, &re, why, sizeof(why));
	return diag_add(d, v->pos, v->width,
			"not a POSIX extended regular expression: %s", why);
}

static int check_kind_word(const struct value *v, struct diag *d)
{
	for (size_t i = 0; i < KIND_WORDS; i++)
		if (str_is(v->text, kind_words[i]))
			return 0;
	diag_add(d, v->pos, v->width, "'%.*s': expected null, boolean, number, "
		 "string, list or map", STRF(v->text));
	diag_did_you_mean(d, v->text, kind_words, KIND_WORDS);
	return -1;
}

static int check_time(const struct value *v, struct diag *d)
{
	struct err err;
	int64_t ms;

	if (v->templated || clock_parse_iso(v->text, &ms, &err) == 0)
		return 0;
	return diag_add(d, v->pos, v->width, "%s", err.msg);
}

static int check_all(const struct value *list, struct diag *d)
{
	int rc = 0;

	for (size_t i = 0; i < list->count; i++)
		rc |= match_check(list->items[i], d);
	return rc;
}

static int check_fields(const struct matcher *m, const struct value *v, struct diag *d)
{
	bool good = v->kind == VALUE_STR || (v->kind == VALUE_BOOL && v->as.b) ||
		    (v->kind == VALUE_LIST && v->count);

	for (size_t i = 0; v->kind == VALUE_LIST && i < v->count; i++)
		good &= v->items[i]->kind == VALUE_STR;
	return good ? 0 : bad_arg(d, m, v, "a name, a list of names, or true");
}

static int check_order(const struct value *v, struct diag *d)
{
	struct str field;
	bool down;

	if (v->templated || match_order(v->text, &field, &down))
		return 0;
	return diag_add(d, v->pos, v->width,
			"'%.*s': expected asc field, desc field or field", STRF(v->text));
}

static int check_selection(const struct matcher *m, const struct value *v, struct diag *d)
{
	const struct value *those = value_get(v, "those"), *as = value_get(v, "as");

	if (!those || !as || v->count != 2)
		return bad_arg(d, m, v, "{those: ..., as: a page or a list}");
	return match_check(those, d);
}

static int check_arg(const struct matcher *m, const struct value *v, struct diag *d)
{
	bool text = v->kind == VALUE_STR;
	bool number = v->kind == VALUE_INT || v->kind == VALUE_FLOAT;

	switch (m->arg) {
	case MATCHER_ARG_ORDERED:
		return text || number ? 0 : bad_arg(d, m, v, "a number or a string");
	case MATCHER_ARG_ANY:
		/* `like: {type: x}` is what escapes from matchers' names. */
		return str_is(str_of(m->name), "like") && v->kind == VALUE_MAP ?
		       0 : match_check(v, d);
	case MATCHER_ARG_LITERAL:
		return 0;
	case MATCHER_ARG_STR:
		return text || number ? 0 : bad_arg(d, m, v, "a string");
	case MATCHER_ARG_REGEX:
		return text ? check_regex(v, d) :
		       bad_arg(d, m, v, "a regular expression");
	case MATCHER_ARG_LENGTH:
		return v->kind == VALUE_INT || (text && v->templated) || match_is_matcher(v) ?
		       match_check(v, d) : bad_arg(d, m, v, "a whole number");
	case MATCHER_ARG_LIST:
		if (text && v->templated)	/* a list that was saved */
			return 0;
		return v->kind == VALUE_LIST ? check_all(v, d) :
		       bad_arg(d, m, v, "a list");
	case MATCHER_ARG_TRUE:
		return v->kind == VALUE_BOOL && v->as.b ? 0 :
		       diag_add(d, v->pos, v->width, "'%s' takes true", m->name);
	case MATCHER_ARG_KIND:
		return v->kind == VALUE_NULL || text ? check_kind_word(v, d) :
		       bad_arg(d, m, v, "the name of a kind");
	case MATCHER_ARG_TIME:
		return text ? check_time(v, d) : bad_arg(d, m, v, "a time");
	case MATCHER_ARG_FIELDS:
		return check_fields(m, v, d);
	case MATCHER_ARG_ORDER:
		return text ? check_order(v, d) : bad_arg(d, m, v, "a field to sort by");
	case MATCHER_ARG_SELECTION:
		return check_selection(m, v, d);
	}
	return 0;
}

static int check_map(const struct value *v, struct diag *d)
{
	const char *names[32];
	size_t known = 0;
	int rc = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct matcher *m = match_named(v->members[i].key);

		known += m != NULL;
		rc |= m ? check_arg(m, v->members[i].value, d) :
		      match_check(v->members[i].value, d);
	}
	if (known == 0 || known == v->count)
		return rc;
	assert(matcher_count <= 32);
	for (size_t i = 0; i < matcher_count; i++)
		names[i] = matchers[i].name;
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];

		if (match_named(m->key))
			continue;
		rc = diag_add(d, m->pos, m->width, "'%.*s' is not a matcher, but "
			      "others here are; {like: {...}} makes all of them "
			      "members", STRF(m->key));
		diag_did_you_mean(d, m->key, names, matcher_count);
	}
	return rc;
}

int match_check(const struct value *v, struct diag *d)
{
	if (v->kind == VALUE_LIST)
		return check_all(v, d);
	return v->kind == VALUE_MAP ? check_map(v, d) : 0;
}
