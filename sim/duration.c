#include "sim/duration.h"

#include <inttypes.h>

static const struct {
	const char *name;
	int64_t ns;
} units[] = {	/* largest first */
	{ "w", INT64_C(604800000000000) }, { "d", INT64_C(86400000000000) },
	{ "h", INT64_C(3600000000000) },   { "min", INT64_C(60000000000) },
	{ "m", INT64_C(60000000000) },     { "s", INT64_C(1000000000) },
	{ "ms", INT64_C(1000000) },        { "us", INT64_C(1000) },
};
enum { UNITS = sizeof(units) / sizeof(units[0]) };

static const int64_t MAX_NS = INT64_C(100) * 365 * 86400 * 1000000000;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number in front of a unit: the whole part exactly, and the fraction. */
static int take_number(struct str *s, uint64_t *whole, double *fraction)
{
	double place = 0.1;
	size_t i = 0;

	while (i < s->n && is_digit(s->p[i]))
		i++;
	if (i == 0)
		return -1;
	/* More than that is too long in any unit. */
	if (str_to_u64((struct str){ s->p, i }, (uint64_t)MAX_NS, whole) < 0)
		*whole = (uint64_t)MAX_NS;
	*fraction = 0;
	if (i < s->n && s->p[i] == '.') {
		if (i + 1 == s->n || !is_digit(s->p[i + 1]))
			return -1;
		for (i++; i < s->n && is_digit(s->p[i]); i++, place /= 10)
			*fraction += (s->p[i] - '0') * place;
	}
	*s = (struct str){ s->p + i, s->n - i };
	return 0;
}

static int take_unit(struct str *s, int64_t *ns)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= 'a' && s->p[n] <= 'z')
		n++;
	for (size_t i = 0; i < UNITS; i++) {
		if (!str_is((struct str){ s->p, n }, units[i].name))
			continue;
		*ns = units[i].ns;
		*s = (struct str){ s->p + n, s->n - n };
		return 0;
	}
	return -1;
}

int duration_parse(struct str text, int64_t *ns, struct err *err)
{
	struct str s = str_trim(text);
	int64_t unit, last = INT64_MAX, total = 0;
	bool long_one = false;
	uint64_t whole;
	double fraction;

	if (str_is(s, "0")) {
		*ns = 0;
		return 0;
	}
	if (s.n == 0)
		goto bad;
	while (s.n > 0) {
		if (take_number(&s, &whole, &fraction) < 0 ||
		    take_unit(&s, &unit) < 0 || unit >= last)
			goto bad;
		last = unit;
		long_one |= whole > (uint64_t)((MAX_NS - total) / unit);
		if (!long_one)
			total += (int64_t)whole * unit +
				 (int64_t)(fraction * (double)unit + 0.5);
		long_one |= total > MAX_NS;
	}
	if (long_one)
		return err_set(err, ERR_LIMIT,
			       "duration '%.*s': longer than a hundred years",
			       STRF(text));
	*ns = total;
	return 0;
bad:
	return err_set(err, ERR_INVALID,
		       "duration '%.*s': expected numbers with units such as "
		       "50ms, 2.5s, 10min, 1h30min (us, ms, s, min, h, d, w)",
		       STRF(text));
}

void duration_print(struct buf *out, int64_t ns)
{
	int64_t left = ns / 1000 * 1000;

	if (left == 0)
		buf_char(out, '0');
	for (size_t i = 0; i < UNITS && left > 0; i++) {
		int64_t count = left / units[i].ns;

		if (count == 0 || (units[i].name[0] == 'm' && !units[i].name[1]))
			continue;
		buf_printf(out, "%" PRId64 "%s", count, units[i].name);
		left -= count * units[i].ns;
	}
}
